/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* made.h - a run made from a model's shape alone, for `puma bench --model` and `puma plan --model`: a
 * temporary folder with a run file and a config.json, synthetic weights, and ids or a picture. */
#ifndef CLI_MADE_H
#define CLI_MADE_H

#include "cli/cli.h"

#include <stdint.h>

typedef struct made_options {
    const char *shape; /* a folder with config.json, or a config.json; NULL: not given             */
    uint64_t    tokens, fresh, layers; /* of the input; to generate; 0: as in config.json           */
    const char *protocol;
} made_options;

/* For a command's table of options. */
#define MADE_OPTIONS                                                                                         \
    { "--model", "PATH",                                                                                     \
      "a whole model: a folder with config.json, or a config.json such as models/shapes/bert-base.json",     \
      false },                                                                                               \
        { "--seq", "N", "tokens of the model's input (128; a picture has its own number)", false },                                        \
        { "--new-tokens", "N", "of a decoder: so many new tokens behind them", false },                      \
        { "--layers", "N", "layers in place of what config.json says", false },                              \
    {                                                                                                        \
        "--protocol", "NAME", "protocol (rep3)", false                                                       \
    }

/* False: the command line is wrong, which has been reported; *code is the exit status. */
bool made_read(made_options *o, const cli_line *line, const cli_command *command, int *code);

typedef struct made {
    char *folder, *run, *config, *pixels;
} made;

/* Without new tokens the run ends with the input's last hidden state, which models of every shape have. */
puma_status made_new(made *m, const made_options *o, const char *transport, puma_error *e);
void        made_remove(made *m); /* also after a failure, and for {0} */

#endif
