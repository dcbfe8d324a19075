/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* compare.c - `puma compare`: several runs in one table, one row each.
 *
 * A variant is a run file with some keys set.  This program runs it in a process of its own, so that a
 * failure costs only its row.  Two plaintext runs take its error apart:
 *     protocol_error       the variant against plain in fixed point with the same functions and rings,
 *     fixed_point_error    the latter against plain in floating point with the same functions,
 *     approximation_error  the latter against plain in floating point with exact functions.
 * Variants that differ only in what plaintext does not depend on - the protocol, the network - share these
 * runs. */
#include "cli/cli.h"
#include "base/json_text.h"
#include "base/text_stream.h"
#include "cli/deliver.h"
#include "cli/open.h"
#include "cli/page_data.h"
#include "report/output.h"
#include "report/page/columns.h"
#include "report/page/page.h"
#include "run/spawn.h"
#include "run/stop.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_KEYS = 8, MOST_VALUES = 64, MOST_VARIANTS = 4096 };

static const cli_option OPTIONS[] = {
    { "--vary", "SECTION.KEY=A,B,...", "one variant for each value; of several --vary all combinations",
      true },
    { "--set", "SECTION.KEY=VALUE", "set one key in all variants", true },
    { "--csv", NULL, "print comma-separated values", false },
    { "--html", "FILE", "also write the table and its diagrams there, as one file that needs no other",
      false },
    { "--json", NULL, "print an array of {run, variant, report}", false },
    { NULL, NULL, NULL, false },
};

static const cli_command COMMAND = {
    .name = "compare",
    .synopsis = "RUN.ini... [--vary SECTION.KEY=A,B,...]... [--set SECTION.KEY=VALUE]... [--csv | --json] "
                "[--html FILE]",
    .about = "Runs every variant of every RUN.ini on this host and prints a row for each: how far its answer "
             "is from\n"
             "plaintext (largest error, cosine, the same label or token, accuracy or perplexity), which part "
             "of that is the\n"
             "protocol's, fixed point's and the approximations', and what it cost.\n"
             "\n"
             "The page of --html shows the inputs too, and how the error grows from layer to layer: for that every "
             "variant is run\n"
             "once more on its first input.\n"
             "\n"
             "A variant that cannot be run has its error in its row; the exit code is then that of the first "
             "such one.\n",
    .options = OPTIONS,
    .least = 1,
    .most = 64,
};

/* One --vary: the key, and its values cut at commas. */
typedef struct varied {
    char  *text; /* "section.key\0a\0b\0" */
    char  *key;
    char  *value[MOST_VALUES];
    size_t count;
} varied;

typedef struct comparison {
    const char **sets;
    size_t       set_count;
    varied       vary[MOST_KEYS];
    size_t       vary_count, variants; /* variants of one run file */
    json_t      *plain;                /* reports of plaintext runs, by what they depend on */
    json_t      *growth, *curves, *keys, *inputs; /* for a page; NULL: none is written      */
} comparison;

/* --- the command line ------------------------------------------------------------------------- */

static int read_vary(comparison *c, const char *given)
{
    varied *v = &c->vary[c->vary_count];
    char   *equals;

    if (c->vary_count == MOST_KEYS)
        return cli_misused(&COMMAND, 206, "--vary: too many of them (limit %d)", MOST_KEYS);
    v->text = strdup(given);
    if (v->text == NULL)
        return cli_fail(&(puma_error){ .status = PUMA_ERESOURCE, .code = 1001, .text = "out of memory" });
    c->vary_count++;
    equals = strchr(v->text, '=');
    if (equals == NULL || equals == v->text || strchr(v->text, '.') == NULL || strchr(v->text, '.') > equals)
        return cli_misused(&COMMAND, 206, "--vary: not SECTION.KEY=A,B,... (got %.60s)", given);
    *equals = '\0';
    v->key = v->text;
    for (char *at = equals + 1; at != NULL;) {
        char *comma = strchr(at, ',');

        if (comma != NULL) *comma = '\0';
        if (*at == '\0') return cli_misused(&COMMAND, 206, "--vary %.60s: a value is empty", v->key);
        if (v->count == MOST_VALUES)
            return cli_misused(&COMMAND, 206, "--vary %.60s: too many values (limit %d)", v->key,
                               MOST_VALUES);
        v->value[v->count++] = at;
        at = comma != NULL ? comma + 1 : NULL;
    }
    for (size_t i = 0; i < c->set_count; i++)
        if (strncmp(c->sets[i], v->key, strlen(v->key)) == 0 && c->sets[i][strlen(v->key)] == '=')
            return cli_misused(&COMMAND, 203, "%.60s is in --set and in --vary", v->key);
    c->variants *= v->count;
    if (c->variants > MOST_VARIANTS)
        return cli_misused(&COMMAND, 206, "--vary: too many variants (limit %d)", MOST_VARIANTS);
    return 0;
}

/* The value of --vary number `k` in variant `i`: the last --vary changes fastest. */
static const char *value_of(const comparison *c, size_t i, size_t k)
{
    for (size_t j = c->vary_count; j-- > k + 1;) i /= c->vary[j].count;
    return c->vary[k].value[i % c->vary[k].count];
}

/* --- one run in a process of its own ---------------------------------------------------------- */

/* A file in memory alone: a report may hold the inputs. */
static int nameless(puma_error *e)
{
    int fd = memfd_create("puma report", MFD_CLOEXEC);

    if (fd < 0) error_set(e, 1002, "a file for a report: %s", strerror(errno));
    return fd;
}

static void end_run(void *context) { spawn_end_soon(context); }

/* What stands in the table for a run that failed: {"error", "code"}. */
static json_t *failed_row(const spawn_end *end)
{
    puma_error why = end->said;
    json_t    *text;

    if (why.status == PUMA_OK) spawn_explain(end, "the run", &why);
    text = json_sprintf("error E%04u: %s", why.code, why.text);
    return json_pack("{s:o, s:i}", "error", text, "code", (int)why.status);
}

/* Runs `puma run PATH --json` with these sets; returns the report, or an object {"error", "code"}. */
static json_t *run_once(const char *path, const char *const *sets, size_t count, puma_error *e)
{
    spawn_command words = { 0 };
    spawn_child   child = SPAWN_NONE;
    spawn_end     end;
    int           out = nameless(e);
    json_t       *report = NULL;

    spawn_word(&words, "puma");
    spawn_word(&words, "run");
    spawn_word(&words, "%s", path);
    spawn_word(&words, "--json");
    spawn_give_texts(&words, "--sets-fd", sets, count);
    stop_clean(end_run, &child);
    if (e->status == PUMA_OK) spawn_start(&child, &words, out, e);
    spawn_command_free(&words);
    if (e->status != PUMA_OK) spawn_kill(&child);
    spawn_wait(&child, -1, &end);
    stop_clean(NULL, NULL);
    if (e->status == PUMA_OK && end.failed) {
        report = failed_row(&end);
    } else if (e->status == PUMA_OK) {
        char  *text = NULL;
        size_t size = 0;
        bool   no_memory = false;

        if (spawn_contents(out, &text, &size, e) == PUMA_OK)
            report = json_text(text, size, JSON_REJECT_DUPLICATES, NULL, &no_memory);
        out = -1;
        if (no_memory) error_set(e, 1001, "out of memory for a run's report");
        if (report == NULL) error_set(e, 7001, "a run wrote no report");
        free(text);
    }
    if (out >= 0) close(out);
    return report;
}

/* --- distances -------------------------------------------------------------------------------- */

/* Collects all numbers inside `value`, in order. */
static bool collect(const json_t *value, double **to, size_t *n, size_t *room)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!collect(json_array_get(value, i), to, n, room)) return false;
    } else if (json_is_number(value)) {
        if (*n == *room) {
            double *more = realloc(*to, (*room = 2 * *room + 64) * sizeof *more);

            if (more == NULL) return false;
            *to = more;
        }
        (*to)[(*n)++] = json_number_value(value);
    }
    return true;
}

/* The revealed numbers of a report, of all inputs one after the other; malloc'd. */
static double *numbers_of(const json_t *report, size_t *n)
{
    static const char *const KEYS[] = { "embedding", "logits", "hidden" };
    const json_t *outputs = json_object_get(report, "outputs"), *one = json_object_get(report, "output");
    double       *all = NULL;
    size_t        room = 0, count = outputs != NULL ? json_array_size(outputs) : one != NULL;

    *n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof KEYS / sizeof *KEYS; k++)
            collect(json_object_get(outputs != NULL ? json_array_get(outputs, i) : one, KEYS[k]), &all, n,
                    &room);
    return all;
}

/* The largest difference between two runs' numbers; NULL where one of them revealed none. */
static json_t *difference(const json_t *a, const json_t *b)
{
    size_t  na, nb;
    double *x = numbers_of(a, &na), *y = numbers_of(b, &nb), worst = 0;

    for (size_t i = 0; i < na && na == nb; i++)
        if (!(fabs(x[i] - y[i]) <= worst)) worst = fabs(x[i] - y[i]);
    free(x);
    free(y);
    return na > 0 && na == nb ? json_real(worst) : NULL;
}

/* --- a variant -------------------------------------------------------------------------------- */

/* The plaintext run with the variant's functions, cached by everything it depends on.  The caller must not
 * free it. */
static json_t *plaintext(comparison *c, const char *path, const char *const *sets, size_t count, bool fixed,
                         puma_error *e)
{
    const char *with[MOST_KEYS + 128 + 3];
    char        key[8192];
    size_t      n = 0, used = (size_t)snprintf(key, sizeof key, "%s %d", path, fixed);
    json_t     *report;

    for (size_t i = 0; i < count; i++) {
        if (strncmp(sets[i], "run.protocol=", 13) == 0 || strncmp(sets[i], "numeric.arithmetic=", 19) == 0 ||
            strncmp(sets[i], "compare.reference=", 18) == 0)
            continue;
        with[n++] = sets[i];
        if (strncmp(sets[i], "network.", 8) != 0 && strncmp(sets[i], "run.threads=", 12) != 0 &&
            used < sizeof key)
            used += (size_t)snprintf(key + used, sizeof key - used, "\n%s", sets[i]);
    }
    with[n++] = "run.protocol=plain";
    with[n++] = fixed ? "numeric.arithmetic=fixed" : "numeric.arithmetic=float";
    with[n++] = fixed ? "compare.reference=none" : "compare.reference=plain";
    report = used < sizeof key ? json_object_get(c->plain, key) : NULL;
    if (report != NULL) return report;
    report = run_once(path, with, n, e);
    if (report != NULL) json_object_set_new(c->plain, key, report);
    return report;
}

/* Paths and values may hold any bytes, but JSON's texts are UTF-8: other bytes become question marks. */
static json_t *text_json(const char *text)
{
    json_t *value = json_string(text);
    char   *copy = value == NULL ? strdup(text) : NULL;

    for (char *at = copy; at != NULL && *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80) *at = '?';
    if (copy != NULL) value = json_string(copy);
    free(copy);
    return value;
}

static void set_if(json_t *object, const char *key, json_t *value)
{
    if (value != NULL) json_object_set_new(object, key, value);
}

/* Sets one key, replacing an earlier setting of it. */
static size_t set_key(const char **sets, size_t n, const char *set)
{
    size_t key = strcspn(set, "=") + 1, kept = 0;

    for (size_t i = 0; i < n; i++)
        if (strncmp(sets[i], set, key) != 0) sets[kept++] = sets[i];
    sets[kept++] = set;
    return kept;
}

/* What the inputs of a variant depend on, as a text. */
static json_t *key_of_inputs(const char *path, const char *const *sets, size_t n)
{
    char   *key = NULL;
    size_t  size;
    FILE   *to = text_stream(&key, &size);
    json_t *text = NULL;

    if (to != NULL) {
        fputs(path, to);
        for (size_t i = 0; i < n; i++)
            if (strncmp(sets[i], "input.", 6) == 0) fprintf(to, "\n%s", sets[i]);
        if ((ferror(to) | fclose(to)) == 0) text = text_json(key);
    }
    free(key);
    return text;
}

/* What a page shows besides the report: the functions, the inputs, and how the error grows, from a run of the
 * first input that reveals the hidden states. */
static puma_status show_inside(comparison *c, const char *path, const char **sets, size_t n, const json_t *report,
                               puma_error *e)
{
    const char *task = json_string_value(json_object_get(report, "task"));
    const char *key = json_string_value(json_array_get(c->keys, json_array_size(c->keys) - 1));
    client_plan *own = NULL;
    json_t     *traced, *layers;

    if (cli_open(&own, path, sets, n, CLIENT_ALL, e) == PUMA_OK && page_curves(c->curves, own->plan, e) == PUMA_OK &&
        json_object_get(c->inputs, key) == NULL)
        json_object_set_new(c->inputs, key, page_inputs(own, e));
    client_close(own);
    if (e->status != PUMA_OK) return e->status;
    if (task != NULL && strcmp(task, "generate") == 0) n = set_key(sets, n, "run.task=logits");
    n = set_key(sets, n, "compare.reference=plain");
    n = set_key(sets, n, "compare.layers=yes");
    n = set_key(sets, n, "run.reveal=logits");
    n = set_key(sets, n, "input.limit=1");
    traced = run_once(path, sets, n, e);
    layers = json_object_get(json_object_get(traced, "fidelity"), "layers");
    if (layers == NULL) layers = json_object_get(traced, "error");
    json_array_append(c->growth, layers != NULL ? layers : json_null());
    json_decref(traced);
    return e->status;
}

/* Variant `i` of a run file: {"run", "variant", "report"}, or "error" and "code" in place of the report. */
static json_t *compare_one(comparison *c, const char *path, size_t i, puma_error *e)
{
    char        text[MOST_KEYS][512];
    const char *sets[MOST_KEYS + 128 + 5];
    size_t      n = 0;
    json_t     *row = json_object(), *variant = json_object(), *report, *fidelity, *fixed, *floating;

    for (size_t k = 0; k < c->set_count && n < 127; k++) sets[n++] = c->sets[k];
    for (size_t k = 0; k < c->vary_count; k++) {
        const char *value = value_of(c, i, k);

        snprintf(text[k], sizeof text[k], "%s=%s", c->vary[k].key, value);
        sets[n++] = text[k];
        json_object_set_new(variant, c->vary[k].key, text_json(value));
    }
    if (c->keys != NULL) json_array_append_new(c->keys, key_of_inputs(path, sets, n));
    sets[n] = "compare.reference=plain";
    json_object_set_new(row, "run", text_json(path));
    json_object_set_new(row, "variant", variant);
    report = run_once(path, sets, n + 1, e);
    if (report == NULL || json_object_get(report, "error") != NULL) {
        if (report != NULL) json_object_update_new(row, report);
        if (c->growth != NULL) json_array_append_new(c->growth, json_null());
        return row;
    }
    fidelity = json_object_get(report, "fidelity");
    if (fidelity != NULL && e->status == PUMA_OK) {
        fixed = plaintext(c, path, sets, n, true, e);
        floating = plaintext(c, path, sets, n, false, e);
        /* Plaintext has no protocol error. */
        if (strcmp(json_string_value(json_object_get(report, "protocol")), "plain") != 0)
            set_if(fidelity, "protocol_error", difference(report, fixed));
        set_if(fidelity, "fixed_point_error", difference(fixed, floating));
        if (json_object_get(json_object_get(floating, "fidelity"), "max_abs_error") != NULL)
            json_object_set(fidelity, "approximation_error",
                            json_object_get(json_object_get(floating, "fidelity"), "max_abs_error"));
    }
    json_object_set_new(row, "report", report);
    if (c->growth != NULL && e->status == PUMA_OK) show_inside(c, path, sets, n, report, e);
    return row;
}

/* --- showing ---------------------------------------------------------------------------------- */

static void warn(const json_t *rows)
{
    json_t     *all = column_warnings(rows), *text;
    const char *function;

    json_object_foreach(all, function, text)
        fprintf(stderr, "puma: warning: %s: %s\n", function, json_string_value(text));
    json_decref(all);
}

/* RFC 4180: quoted where necessary. */
static void print_csv(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void show_csv(FILE *out, const comparison *c, const json_t *rows)
{
    char text[64];

    fputs("run", out);
    for (size_t k = 0; k < c->vary_count; k++) {
        fputc(',', out);
        print_csv(out, c->vary[k].key);
    }
    for (size_t k = 0; column_title(k) != NULL; k++) fprintf(out, ",%s", column_title(k));
    fputs(",error\n", out);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *error = json_object_get(row, "error");

        print_csv(out, json_string_value(json_object_get(row, "run")));
        for (size_t k = 0; k < c->vary_count; k++) {
            fputc(',', out);
            print_csv(out, json_string_value(json_object_get(json_object_get(row, "variant"), c->vary[k].key)));
        }
        for (size_t k = 0; column_title(k) != NULL; k++) {
            column_cell(text, sizeof text, row, k, false);
            fprintf(out, ",%s", text);
        }
        fputc(',', out);
        if (error != NULL) print_csv(out, json_string_value(error));
        fputc('\n', out);
    }
}

/* What distinguishes a row: its file where there are several, and what varies. */
static void name_row(char *text, size_t size, const comparison *c, const json_t *row, bool files)
{
    size_t used = 0;

    text[0] = '\0';
    if (files || c->vary_count == 0)
        used = (size_t)snprintf(text, size, "%s", json_string_value(json_object_get(row, "run")));
    for (size_t k = 0; k < c->vary_count && used < size; k++)
        used += (size_t)snprintf(
            text + used, size - used, "%s%s", used > 0 ? " " : "",
            json_string_value(json_object_get(json_object_get(row, "variant"), c->vary[k].key)));
}

static void show_table(FILE *out, const comparison *c, const json_t *rows, bool files)
{
    char name[256], text[64];
    int  width = 7;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        name_row(name, sizeof name, c, json_array_get(rows, i), files);
        if ((int)strlen(name) > width) width = (int)strlen(name);
    }
    for (size_t k = 0; k < c->vary_count; k++) fprintf(out, "%s%s", k > 0 ? ", " : "", c->vary[k].key);
    fprintf(out, "%s%-*s", c->vary_count > 0 ? "\n\n" : "", width, "variant");
    for (size_t k = 0; column_title(k) != NULL; k++)
        if (column_used(rows, k)) fprintf(out, " %13s", column_title(k));
    fputc('\n', out);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *error = json_object_get(row, "error");

        name_row(name, sizeof name, c, row, files);
        fprintf(out, "%-*s", width, name);
        for (size_t k = 0; column_title(k) != NULL && error == NULL; k++) {
            if (!column_used(rows, k)) continue;
            column_cell(text, sizeof text, row, k, true);
            fprintf(out, " %13s", text[0] != '\0' ? text : "-");
        }
        if (error != NULL) fprintf(out, " %s", json_string_value(error));
        fputc('\n', out);
    }
    fprintf(out, "\n%s\n", column_legend);
}

/* The page, as a file to be delivered. */
static puma_status add_page(delivery *d, const comparison *c, const json_t *rows, bool files, const char *path,
                            puma_error *e)
{
    size_t count = json_array_size(rows);
    char **names = calloc(count + 1, sizeof *names), *text = NULL;

    for (size_t i = 0; names != NULL && i < count; i++) {
        char name[256];

        name_row(name, sizeof name, c, json_array_get(rows, i), files);
        names[i] = strdup(name);
        if (names[i] == NULL) error_set(e, 1001, "out of memory for a page");
    }
    if (names != NULL && e->status == PUMA_OK)
        text = page_html(&(page){ .title = "puma compare", .rows = rows, .names = names, .growth = c->growth,
                                  .curves = c->curves, .keys = c->keys, .inputs = c->inputs });
    if (e->status == PUMA_OK && text == NULL) error_set(e, 1001, "out of memory for a page");
    if (e->status == PUMA_OK) delivery_file(d, path, text, e);
    for (size_t i = 0; names != NULL && i < count; i++) free(names[i]);
    free(names);
    free(text);
    return e->status;
}

static void announce(const comparison *c, const char *path, size_t i, size_t of)
{
    if (!isatty(STDERR_FILENO)) return;
    fprintf(stderr, "puma: %zu of %zu: %s", i + 1, of, path);
    for (size_t k = 0; k < c->vary_count; k++)
        fprintf(stderr, " %s=%s", c->vary[k].key, value_of(c, i % c->variants, k));
    fputc('\n', stderr);
}

/* Runs all variants into rows; returns the exit code of the first that failed. */
static int run_all(comparison *c, const cli_line *line, json_t *rows, puma_error *e)
{
    size_t all = line->argument_count * c->variants;
    int    code = 0;

    for (size_t i = 0; i < all && e->status == PUMA_OK; i++) {
        const char *path = line->arguments[i / c->variants];
        json_t     *row;

        announce(c, path, i, all);
        row = compare_one(c, path, i % c->variants, e);
        if (code == 0) code = (int)json_integer_value(json_object_get(row, "code"));
        if (e->status == PUMA_OK)
            json_array_append_new(rows, row);
        else
            json_decref(row);
    }
    return code;
}

static puma_status show(const comparison *c, const cli_line *line, const json_t *rows, puma_error *e)
{
    const char *html = cli_value(line, "--html");
    bool        files = line->argument_count > 1;
    delivery    d;

    if (delivery_open(&d, e) != PUMA_OK) return e->status;
    if (html != NULL) add_page(&d, c, rows, files, html, e);
    if (cli_has(line, "--json")) {
        json_dumpf(rows, d.out, JSON_INDENT(1));
        fputc('\n', d.out);
    } else if (cli_has(line, "--csv")) {
        show_csv(d.out, c, rows);
    } else {
        show_table(d.out, c, rows, files);
    }
    if (e->status == PUMA_OK) warn(rows);
    deliver(&d, NULL, NULL, e);
    delivery_close(&d);
    return e->status;
}

static int compare_all(comparison *c, const cli_line *line)
{
    const char *html = cli_value(line, "--html");
    puma_error  e = { 0 };
    json_t     *rows = json_array();
    int         code = 0;

    c->plain = json_object();
    if (html != NULL) {
        c->growth = json_array();
        c->curves = json_array();
        c->keys = json_array();
        c->inputs = json_object();
        output_check(html, line->arguments, &e);
    }
    code = run_all(c, line, rows, &e);
    if (e.status == PUMA_OK) show(c, line, rows, &e);
    json_decref(rows);
    json_decref(c->plain);
    json_decref(c->growth);
    json_decref(c->curves);
    json_decref(c->keys);
    json_decref(c->inputs);
    return e.status != PUMA_OK ? cli_fail(&e) : code;
}

int cli_compare(int argc, char **argv)
{
    cli_line     line;
    comparison   c = { .variants = 1 };
    const char **varied_keys;
    size_t       count = 0;
    int          code = 0;

    if (!cli_read(&line, &COMMAND, argc, argv, &code)) return code;
    c.sets = cli_values(&line, "--set", &c.set_count);
    varied_keys = cli_values(&line, "--vary", &count);
    if (c.sets == NULL || varied_keys == NULL)
        code = cli_fail(&(puma_error){ .status = PUMA_ERESOURCE, .code = 1001, .text = "out of memory" });
    if (code == 0 && cli_has(&line, "--json") && cli_has(&line, "--csv"))
        code = cli_misused(&COMMAND, 203, "--csv and --json are two forms of the same");
    if (code == 0 && c.set_count > 120)
        code = cli_misused(&COMMAND, 206, "--set: too many of them (limit 120)");
    for (size_t i = 0; code == 0 && i < count; i++) code = read_vary(&c, varied_keys[i]);
    if (code == 0) code = compare_all(&c, &line);
    for (size_t k = 0; k < c.vary_count; k++) free(c.vary[k].text);
    free(varied_keys);
    free(c.sets);
    cli_free(&line);
    return code;
}
