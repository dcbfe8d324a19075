/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c - see internal.h: what a checkpoint says about its tokenizer besides the tokens. */
#include "input/internal.h"

#include "weights/json.h"

#include <stdio.h>
#include <unistd.h>

#define CONFIG_LIMIT ((size_t)16 << 20)

puma_status input_tokenizer_config(const char *directory, json_t **config, puma_error *e)
{
    /* Many times the largest published ones, with some hundred added tokens, an object each. */
    static const json_limits limits = { .objects = 1u << 17, .arrays = 1u << 12, .separators = 1u << 21, .reals = true };
    char                     path[4200];

    *config = NULL;
    snprintf(path, sizeof path, "%.4100s/tokenizer_config.json", directory);
    if (access(path, F_OK) != 0) return e->status;
    return json_read_limited(path, CONFIG_LIMIT, &limits, config, 502, e);
}
