/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cli.h - the subcommands, and how all of them read their command line.
 *
 * Only cli/ talks to people: it reads the command line, prints, and turns a failure into the last line on
 * standard error and an exit code.  What it prints comes from below as data.  It decides nothing about a run:
 * plan/ does, and run/ carries it out.  Only main calls it. */
#ifndef CLI_H
#define CLI_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* One subcommand a file.  argv[0] is its name; the result is the exit code of the program. */
int cli_run(int argc, char **argv);
int cli_plan(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_tokenize(int argc, char **argv);
int cli_plugins(int argc, char **argv);
int cli_keygen(int argc, char **argv);
int cli_deal(int argc, char **argv);

/* --- the command line of a subcommand ---------------------------------------------------------
 * Options are spelt out in full: `--name VALUE` or `--name=VALUE`.  `--` ends the options.  Each may be given
 * once, unless it is `many`.  A value that begins with `--` needs the form with `=`. */
typedef struct cli_option {
    const char *name;  /* "--set"                                                  */
    const char *value; /* name of its value in the help; NULL: takes no value      */
    const char *help;
    bool        many;
} cli_option;

typedef struct cli_command {
    const char       *name;        /* "run"                                                    */
    const char       *synopsis;    /* what follows the name: "RUN.ini [--json]"                */
    const char       *about;       /* paragraphs for --help                                    */
    const cli_option *options;     /* closed by name NULL; --help is always there              */
    size_t            least, most; /* number of arguments that are not options              */
} cli_command;

typedef struct cli_line {
    const cli_command *command;
    const char       **arguments; /* those that are not options                       */
    size_t             argument_count;
    struct cli_given {
        const cli_option *option;
        const char       *value;
    } * given;
    size_t given_count;
} cli_line;

/* Reads the command line.  False: the command is over and ends with *code, because --help was asked for (0)
 * or the line is wrong, which has been reported (2).  Values point into argv. */
bool         cli_read(cli_line *line, const cli_command *command, int argc, char **argv, int *code);
void         cli_free(cli_line *line);
bool         cli_has(const cli_line *line, const char *option);
const char  *cli_value(const cli_line *line, const char *option); /* NULL: not given        */
/* All values of an option that may be given many times, in order; malloc'd, closed by NULL.  NULL: out of
 * memory. */
const char **cli_values(const cli_line *line, const char *option, size_t *count);
/* Prints the failure, tells the process that started this one, and returns its exit code: `return
 * cli_fail(&e);` */
int          cli_fail(const puma_error *e);
/* Prints a usage failure (class 2) followed by the command's usage, and returns the exit code. */
int          cli_misused(const cli_command *command, unsigned code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
