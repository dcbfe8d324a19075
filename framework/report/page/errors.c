/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* errors.c - see parts.h: how far the runs of a page are from plaintext, layer by layer, and the error of
 * each function. */
#include "report/page/parts.h"
#include "report/page/plots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- error by layer --------------------------------------------------------------------------- */

/* The rows that have as many layers as row `first`: they share a diagram. */
static void add_growth_of(text_buffer *to, const page *p, size_t first)
{
    size_t      rows = json_array_size(p->growth), count = json_array_size(json_array_get(p->growth, first)), n = 0;
    plot_line  *lines = calloc(rows, sizeof *lines);
    double     *y = calloc(rows * count, sizeof *y), *x = calloc(count, sizeof *x);
    char      (*text)[16] = calloc(count, sizeof *text);
    const char **ticks = calloc(count, sizeof *ticks);

    if (lines == NULL || y == NULL || x == NULL || text == NULL || ticks == NULL) {
        to->failed = true;
        rows = 0;
    }
    for (size_t i = first; i < rows; i++) {
        const json_t *layers = json_array_get(p->growth, i);

        if (json_array_size(layers) != count ||
            strcmp(json_string_value(json_object_get(json_array_get(p->rows, i), "run")),
                   json_string_value(json_object_get(json_array_get(p->rows, first), "run"))) != 0)
            continue;
        for (size_t k = 0; k < count; k++)
            y[n * count + k] = part_number(json_array_get(layers, k), "max_abs_error");
        lines[n] = (plot_line){ .name = p->names[i], .y = y + n * count, .series = i };
        n++;
    }
    for (size_t k = 0; k < count && rows > 0; k++) {
        x[k] = (double)k;
        snprintf(text[k], sizeof text[k], "%s", "embedding");
        if (k > 0) snprintf(text[k], sizeof text[k], "%zu", k - 1);
        ticks[k] = count > 24 && k % 4 != 1 ? "" : text[k];
    }
    if (rows > 0)
        plot_lines(to, lines, n, x, count, ticks, 1e-9,
                   "behind layer; up: largest error of the hidden states against plaintext with exact functions");
    free(lines);
    free(y);
    free(x);
    free(text);
    free(ticks);
}

static void add_growth(text_buffer *to, const page *p)
{
    const char *before = NULL;
    bool        begun = false;
    size_t      count = json_array_size(p->growth);
    const char **why = calloc(count + 1, sizeof *why);

    if (why == NULL) to->failed = true;

    for (size_t i = 0; i < count; i++) {
        const json_t *layers = json_array_get(p->growth, i);
        const char   *path = json_string_value(json_object_get(json_array_get(p->rows, i), "run"));

        if (layers == NULL || json_is_null(layers)) continue;
        if (!begun) html_add(to, "<h2>Error by layer</h2><p>Of the first input.</p>\n");
        begun = true;
        if (json_is_string(layers)) {
            html_add(to, "<p class=\"error\">");
            html_escaped(to, p->names[i]);
            html_add(to, ": ");
            html_escaped(to, json_string_value(layers));
            html_add(to, "</p>\n");
        } else if (before == NULL || strcmp(before, path) != 0) { /* a run file's first row draws all */
            before = path;
            add_growth_of(to, p, i);
        }
    }
    for (size_t i = 0; i < count && why != NULL; i++)
        if (json_is_null(json_array_get(p->growth, i))) why[i] = "having failed";
    if (begun && why != NULL) part_omissions(to, p, why);
    free(why);
}

/* --- functions -------------------------------------------------------------------------------- */

/* All variants of the function that curve `first` belongs to. */
static void add_curves_of(text_buffer *to, const json_t *curves, size_t first)
{
    const json_t *one = json_array_get(curves, first);
    const char   *function = part_text(one, "function");
    size_t        all = json_array_size(curves), count = json_array_size(json_object_get(one, "x")), n = 0;
    plot_line    *lines = calloc(all, sizeof *lines);
    double       *y = calloc(all * count, sizeof *y), *x = calloc(count, sizeof *x);

    if (lines == NULL || y == NULL || x == NULL) {
        to->failed = true;
        all = 0;
    }
    for (size_t i = first; i < all; i++) {
        const json_t *curve = json_array_get(curves, i);

        if (strcmp(part_text(curve, "function"), function) != 0) continue;
        part_numbers(y + n * count, json_object_get(curve, "error"), count);
        lines[n] = (plot_line){ .name = part_text(curve, "variant"), .y = y + n * count, .series = n };
        n++;
    }
    if (all > 0) {
        part_numbers(x, json_object_get(one, "x"), count);
        html_add(to, "<h3>%s</h3>", function);
        plot_lines(to, lines, n, x, count, NULL, 1e-9,
                   strcmp(function, "softmax") == 0 ? "x, of the row (x, 0); up: error of the first entry"
                                                    : "x; up: error");
    }
    free(lines);
    free(y);
    free(x);
}

static void add_curves(text_buffer *to, const page *p)
{
    size_t count = json_array_size(p->curves);

    if (count > 0)
        html_add(to, "<h2>The functions</h2><p>Each approximation against the exact function, both in floating "
                     "point; errors below 1e-9 lie at the bottom.</p>\n");
    for (size_t i = 0; i < count; i++) {
        bool drawn = false;

        for (size_t k = 0; k < i; k++)
            drawn |= strcmp(part_text(json_array_get(p->curves, i), "function"),
                            part_text(json_array_get(p->curves, k), "function")) == 0;
        if (!drawn) add_curves_of(to, p->curves, i);
    }
}

void part_errors(text_buffer *to, const page *p)
{
    add_growth(to, p);
    add_curves(to, p);
}
