/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* options.c - reads a subcommand's command line strictly; see cli.h.  getopt_long would accept
 * abbreviations. */
#include "cli/cli.h"

#include "ini/ini.h"
#include "run/spawn.h"
#include "run/stop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_fail(const puma_error *e)
{
    stop_over(); /* one reason is enough */
    spawn_tell(e);
    error_print(e);
    return (int)e->status;
}

int cli_misused(const cli_command *command, unsigned code, const char *format, ...)
{
    puma_error e = { 0 };
    char       text[ERROR_TEXT];
    va_list    list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    error_set(&e, code, "puma %s: %s; usage: puma %s %s", command->name, text, command->name,
              command->synopsis);
    return cli_fail(&e);
}

static void print_help(const cli_command *command)
{
    printf("usage: puma %s %s\n\n%s\n\noptions:\n", command->name, command->synopsis, command->about);
    for (const cli_option *o = command->options; o->name; o++) {
        int width = printf("  %s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");

        if (width > 30)
            printf("\n%32s", "");
        else
            printf("%*s", 32 - width, "");
        printf("%s\n", o->help);
    }
    printf("  %-30s%s\n", "--help", "this text");
}

static const cli_option *find_option(const cli_command *command, const char *argument, size_t size)
{
    for (const cli_option *o = command->options; o->name; o++)
        if (strlen(o->name) == size && strncmp(o->name, argument, size) == 0) return o;
    return NULL;
}

static int unknown_option(const cli_command *command, const char *argument, size_t size)
{
    const char *names[64] = { "help" }, *near;
    char        wrong[64];
    size_t      n = 1;

    /* The dashes are left out: they would make short names look alike. */
    for (const cli_option *o = command->options; o->name && n < 63; o++) names[n++] = o->name + 2;
    snprintf(wrong, sizeof wrong, "%.*s", (int)size, argument);
    near = ini_nearest(wrong + strspn(wrong, "-"), names);
    if (near) return cli_misused(command, 202, "unknown option %s (nearest: --%s)", wrong, near);
    return cli_misused(command, 202, "unknown option %s", wrong);
}

/* An option may be given once; one of section.key=value once for each key. */
static bool is_repeated(const cli_line *line, const cli_option *option, const char *value)
{
    for (size_t i = 0; i < line->given_count; i++) {
        const char *other = line->given[i].value;
        size_t      name;

        if (line->given[i].option != option) continue;
        if (!option->many) return true;
        name = strcspn(value, "=");
        if (strncmp(value, other, name) == 0 && other[name] == '=') return true;
    }
    return false;
}

/* Option `argv[*i]`; moves *i to the last word it takes. 0 when all is well. */
static int read_option(cli_line *line, int argc, char **argv, int *i)
{
    const cli_command *command = line->command;
    const char *argument = argv[*i], *equals = strchr(argument, '='), *value = equals ? equals + 1 : NULL;
    size_t      size = equals ? (size_t)(equals - argument) : strlen(argument);
    const cli_option *option = find_option(command, argument, size);

    if (!option) return unknown_option(command, argument, size);
    if (value && !option->value) return cli_misused(command, 204, "%s takes no value", option->name);
    if (option->value && !value) {
        if (*i + 1 == argc || strncmp(argv[*i + 1], "--", 2) == 0)
            return cli_misused(command, 204, "%s needs a value, %s", option->name, option->value);
        value = argv[++*i];
    }
    if (option->value && !*value)
        return cli_misused(command, 204, "%s needs a value, %s", option->name, option->value);
    if (is_repeated(line, option, value))
        return cli_misused(command, 203, option->many ? "%s %.*s is given twice" : "%s is given twice",
                           option->name, option->many ? (int)strcspn(value, "=") : 0,
                           option->many ? value : "");
    line->given[line->given_count++] = (struct cli_given){ option, value };
    return 0;
}

bool cli_read(cli_line *line, const cli_command *command, int argc, char **argv, int *code)
{
    bool options = true;

    *line = (cli_line){ .command = command };
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (!strcmp(argv[i], "--help")) {
            print_help(command);
            *code = 0;
            return false;
        }
    line->arguments = calloc((size_t)argc + 1, sizeof *line->arguments);
    line->given = calloc((size_t)argc + 1, sizeof *line->given);
    if (!line->arguments || !line->given) {
        puma_error e = { 0 };

        error_set(&e, 1001, "puma %s: out of memory", command->name);
        *code = cli_fail(&e);
        cli_free(line);
        return false;
    }
    *code = 0;
    for (int i = 1; i < argc && *code == 0; i++) {
        if (options && !strcmp(argv[i], "--"))
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1])
            *code = read_option(line, argc, argv, &i);
        else
            line->arguments[line->argument_count++] = argv[i];
    }
    if (*code == 0 && line->argument_count < command->least)
        *code = cli_misused(command, 205, "an argument is missing");
    if (*code == 0 && line->argument_count > command->most)
        *code = cli_misused(command, 205, "one argument too many: %.60s", line->arguments[command->most]);
    if (*code == 0) return true;
    cli_free(line);
    return false;
}

void cli_free(cli_line *line)
{
    free(line->arguments);
    free(line->given);
    *line = (cli_line){ 0 };
}

static const struct cli_given *find_given(const cli_line *line, const char *option)
{
    for (size_t i = 0; i < line->given_count; i++)
        if (!strcmp(line->given[i].option->name, option)) return &line->given[i];
    return NULL;
}

bool cli_has(const cli_line *line, const char *option) { return find_given(line, option) != NULL; }

const char *cli_value(const cli_line *line, const char *option)
{
    const struct cli_given *given = find_given(line, option);

    return given ? given->value : NULL;
}

const char **cli_values(const cli_line *line, const char *option, size_t *count)
{
    const char **values = calloc(line->given_count + 1, sizeof *values);

    *count = 0;
    for (size_t i = 0; values && i < line->given_count; i++)
        if (!strcmp(line->given[i].option->name, option)) values[(*count)++] = line->given[i].value;
    return values;
}
