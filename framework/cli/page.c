/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page.c - a page of one or many runs as one HTML file that needs nothing else: no script, no network, pictures
 * and diagrams inline.
 *
 * Every text that comes from a run file, an input or a report is escaped. */
#include "cli/page.h"

#include "cli/compare.h"
#include "cli/html.h"
#include "cli/plots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char STYLE[] =
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:1120px;margin:2em "
    "auto;padding:0 1em;overflow-wrap:anywhere}h1{margin-bottom:.2em}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}"
    "td,th{padding:.25em .6em;text-align:right;vertical-align:top;border-bottom:1px solid #8885}"
    "th{vertical-align:bottom}td,th{white-space:nowrap}td:first-child,th:first-child{text-align:left;"
    "white-space:normal}"
    "td:first-child{min-width:9em}"
    "th.title{white-space:normal;overflow-wrap:normal}@media(max-width:1000px){td,th{padding:.25em .3em;font-size:12px}td:first-child{min-width:6em}}"
    "th.name{min-width:5em;max-width:9em;white-space:normal}"
    "svg.plot{display:block;width:100%;max-width:960px;height:auto}svg text{fill:currentColor;font-size:12px}"
    ".grid{stroke:currentColor;opacity:.14}.mark{fill:currentColor}svg polyline,svg.sample "
    "line{fill:none;stroke:currentColor;stroke-width:1.7}"
    "td.error,p.error{color:#b3261e;text-align:left;white-space:normal}.note{font-size:13px;opacity:.8}"
    ".key{font-size:13px;line-height:1.7}.key span{display:inline-block;margin-right:1.2em}"
    ".key i{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px;background:currentColor}"
    ".key .sample{margin-right:.35em;vertical-align:middle}.scroll{overflow-x:auto}"
    "img{image-rendering:pixelated;max-width:84px;min-width:56px;vertical-align:middle}.other{color:#b3261e;"
    "font-weight:600}td.text{text-align:left;white-space:pre-wrap;min-width:16em;max-width:44em}"
    "blockquote{margin:.3em 0;padding-left:.8em;border-left:3px solid #8886;white-space:pre-wrap}"
    "summary{cursor:pointer}@media(prefers-color-scheme:dark){td.error,p.error,.other{color:#ff8a80}}";

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* A column's title, which may be broken at its underscores, or in the middle of a long word. */
static void add_title(text_buffer *to, const char *title)
{
    size_t middle = strchr(title, '_') == NULL && strlen(title) > 10 ? strlen(title) / 2 + 1 : 0;

    html_add(to, "<th class=\"title\">");
    for (size_t i = 0; title[i] != '\0'; i++)
        html_add(to, "%s%c", middle > 0 && i == middle ? "&shy;" : "", title[i] == '_' ? ' ' : title[i]);
    html_add(to, "</th>");
}

static void add_table(text_buffer *to, const json_t *rows, char *const *names)
{
    char text[64];

    html_add(to, "<div class=\"scroll\"><table><thead><tr><th>variant</th>");
    for (size_t k = 0; compare_title(k) != NULL; k++)
        if (compare_used(rows, k)) add_title(to, compare_title(k));
    html_add(to, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *error = json_object_get(row, "error");

        html_add(to, "<tr><td>");
        html_escaped(to, names[i]);
        html_add(to, "</td>");
        if (error != NULL) {
            html_add(to, "<td class=\"error\" colspan=\"20\">");
            html_escaped(to, json_string_value(error));
            html_add(to, "</td>");
        }
        for (size_t k = 0; error == NULL && compare_title(k) != NULL; k++) {
            if (!compare_used(rows, k)) continue;
            compare_cell(text, sizeof text, row, k, true);
            html_add(to, "<td>%s</td>", text[0] != '\0' ? text : "-");
        }
        html_add(to, "</tr>\n");
    }
    html_add(to, "</tbody></table></div>\n");
}

/* --- what has no place in a diagram ------------------------------------------------------------ */

/* Names the rows that a diagram has not, each reason with its rows; `why` of one is NULL where it is there. */
static void add_omissions(text_buffer *to, const page *p, const char *const *why)
{
    size_t count = json_array_size(p->rows);

    for (size_t i = 0; i < count; i++) {
        bool said = why[i] == NULL;

        for (size_t k = 0; k < i && !said; k++) said = why[k] != NULL && strcmp(why[k], why[i]) == 0;
        if (said) continue;
        html_add(to, "<p class=\"note\">Left out, %s: ", why[i]);
        for (size_t k = i; k < count; k++) {
            if (why[k] == NULL || strcmp(why[k], why[i]) != 0) continue;
            if (k > i) html_add(to, "; ");
            html_escaped(to, p->names[k]);
        }
        html_add(to, ".</p>\n");
    }
}

/* --- bytes against error ---------------------------------------------------------------------- */

/* Why a row is no point; NULL when it is one. */
static const char *no_point(const json_t *row, const plot_point *point)
{
    if (json_object_get(row, "error") != NULL) return "having failed";
    if (isnan(point->y)) return "as no numbers were revealed that could be compared";
    if (!(point->x > 0)) return "as they send nothing and the axis is logarithmic";
    if (!(point->y > 0)) return "as their error is 0 and the axis is logarithmic";
    return NULL;
}

static void add_scatter(text_buffer *to, const page *p)
{
    size_t       count = json_array_size(p->rows);
    plot_point  *points = calloc(count + 1, sizeof *points);
    const char **why = calloc(count + 1, sizeof *why);

    if (points == NULL || why == NULL) to->failed = true;
    for (size_t i = 0; i < count && !to->failed; i++) {
        const json_t *report = json_object_get(json_array_get(p->rows, i), "report");

        points[i] = (plot_point){ .name = p->names[i],
                                  .x = number(report, "total_bytes"),
                                  .y = number(json_object_get(report, "fidelity"), "max_abs_error") };
        why[i] = no_point(json_array_get(p->rows, i), &points[i]);
    }
    if (count > 1 && !to->failed) {
        html_add(to, "<h2>Bytes against error</h2>");
        plot_points(to, points, count, "bytes of all parties, offline included; up: largest error");
        add_omissions(to, p, why);
    }
    free(why);
    free(points);
}

/* --- where bytes, rounds and time go ---------------------------------------------------------- */

static const struct measure {
    const char *title, *key;
    plot_unit   unit;
} MEASURES[] = { { "Bytes", "bytes", PLOT_BYTES }, { "Rounds", "rounds", PLOT_COUNT },
                 { "Seconds", "seconds", PLOT_SECONDS } };
enum { MEASURE_COUNT = sizeof MEASURES / sizeof *MEASURES };

typedef struct names {
    const char *name[PLOT_PIECES];
    size_t      count;
} names;

/* The place of a name, which is new to the list or in it; behind the last place all share it. */
static size_t place_of(names *n, const char *name)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->name[i], name) == 0) return i;
    if (n->count == PLOT_PIECES) return PLOT_PIECES - 1;
    n->name[n->count] = name;
    return n->count++;
}

static const json_t *layers_of(const json_t *row)
{
    return json_object_get(json_object_get(row, "report"), "layers");
}

static void add_layer(plot_bar *to, names *operations, const json_t *layer, const struct measure *m)
{
    to->piece[place_of(operations, json_string_value(json_object_get(layer, "op")))] += number(layer, m->key);
}

/* A bar for each variant. */
static void add_sums(text_buffer *to, const page *p, names *operations, plot_bar *bars)
{
    for (size_t k = 0; k < MEASURE_COUNT; k++) {
        size_t count = 0;

        for (size_t i = 0; i < json_array_size(p->rows); i++) {
            const json_t *layers = layers_of(json_array_get(p->rows, i));

            if (json_array_size(layers) == 0) continue;
            bars[count] = (plot_bar){ .name = p->names[i] };
            for (size_t l = 0; l < json_array_size(layers); l++)
                add_layer(&bars[count], operations, json_array_get(layers, l), &MEASURES[k]);
            count++;
        }
        plot_bars(to, MEASURES[k].title, bars, count, operations->name, operations->count, MEASURES[k].unit);
    }
}

/* One variant: a bar for each layer. */
static void add_by_layer(text_buffer *to, const json_t *layers, const char *name, names *operations,
                         plot_bar *bars, bool open)
{
    names places = { .count = 0 };

    html_add(to, "<details%s><summary>", open ? " open" : "");
    html_escaped(to, name);
    html_add(to, "</summary>\n");
    for (size_t k = 0; k < MEASURE_COUNT; k++) {
        for (size_t l = 0; l < PLOT_PIECES; l++) bars[l] = (plot_bar){ .name = "" };
        for (size_t l = 0; l < json_array_size(layers); l++) {
            const json_t *layer = json_array_get(layers, l);
            size_t        at = place_of(&places, json_string_value(json_object_get(layer, "name")));

            bars[at].name = places.name[at];
            add_layer(&bars[at], operations, layer, &MEASURES[k]);
        }
        plot_bars(to, MEASURES[k].title, bars, places.count, operations->name, operations->count,
                  MEASURES[k].unit);
    }
    html_add(to, "</details>\n");
}

static bool sends(const json_t *row)
{
    return json_array_size(layers_of(row)) > 0 && number(json_object_get(row, "report"), "total_bytes") > 0;
}

static void add_operations(text_buffer *to, const page *p)
{
    size_t    count = json_array_size(p->rows);
    names     operations = { .count = 0 };
    plot_bar *bars = calloc(count > PLOT_PIECES ? count : PLOT_PIECES, sizeof *bars);
    bool      open = true;
    const char **why = calloc(count + 1, sizeof *why);

    /* The same colour in all of them, whichever begins. */
    for (size_t i = 0; i < count; i++) {
        const json_t *layers = layers_of(json_array_get(p->rows, i));

        for (size_t l = 0; l < json_array_size(layers); l++)
            place_of(&operations, json_string_value(json_object_get(json_array_get(layers, l), "op")));
    }
    if (bars == NULL || why == NULL) to->failed = true;
    if (operations.count > 0 && !to->failed) {
        html_add(to, "<h2>Where it goes</h2>");
        plot_key(to, operations.name, operations.count);
        if (count > 1) add_sums(to, p, &operations, bars);
        if (count > 1) html_add(to, "<h3>By layer</h3>");
        for (size_t i = 0; i < count; i++) {
            if (!sends(json_array_get(p->rows, i))) continue;
            add_by_layer(to, layers_of(json_array_get(p->rows, i)), p->names[i], &operations, bars, open);
            open = false;
        }
        for (size_t i = 0; i < count; i++)
            if (!sends(json_array_get(p->rows, i)))
                why[i] = json_object_get(json_array_get(p->rows, i), "error") != NULL ? "having failed"
                                                                                      : "as they send nothing";
        add_omissions(to, p, why);
    }
    free(why);
    free(bars);
}

/* --- error by layer --------------------------------------------------------------------------- */

/* Rows of the same length, which is that of row `first`: models of as many layers share a diagram. */
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
            y[n * count + k] = number(json_array_get(layers, k), "max_abs_error");
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
        } else if (before == NULL || strcmp(before, path) != 0) { /* the first of its run file draws all */
            before = path;
            add_growth_of(to, p, i);
        }
    }
    for (size_t i = 0; i < count && why != NULL; i++)
        if (json_is_null(json_array_get(p->growth, i))) why[i] = "having failed";
    if (begun && why != NULL) add_omissions(to, p, why);
    free(why);
}

/* --- functions -------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static void numbers_of(double *to, const json_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);

        to[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
}

/* All variants of the function of curve `first`. */
static void add_curves_of(text_buffer *to, const json_t *curves, size_t first)
{
    const json_t *one = json_array_get(curves, first);
    const char   *function = text_of(one, "function");
    size_t        all = json_array_size(curves), count = json_array_size(json_object_get(one, "x")), n = 0;
    plot_line    *lines = calloc(all, sizeof *lines);
    double       *y = calloc(all * count, sizeof *y), *x = calloc(count, sizeof *x);

    if (lines == NULL || y == NULL || x == NULL) {
        to->failed = true;
        all = 0;
    }
    for (size_t i = first; i < all; i++) {
        const json_t *curve = json_array_get(curves, i);

        if (strcmp(text_of(curve, "function"), function) != 0) continue;
        numbers_of(y + n * count, json_object_get(curve, "error"), count);
        lines[n] = (plot_line){ .name = text_of(curve, "variant"), .y = y + n * count, .series = n };
        n++;
    }
    if (all > 0) {
        numbers_of(x, json_object_get(one, "x"), count);
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
            drawn |= strcmp(text_of(json_array_get(p->curves, i), "function"),
                            text_of(json_array_get(p->curves, k), "function")) == 0;
        if (!drawn) add_curves_of(to, p->curves, i);
    }
}

/* --- inputs and answers ------------------------------------------------------------------------ */

/* Output i of a row; NULL where there is none. */
static const json_t *output_at(const json_t *row, size_t i)
{
    const json_t *report = json_object_get(row, "report"), *outputs = json_object_get(report, "outputs");

    return outputs != NULL ? json_array_get(outputs, i) : i == 0 ? json_object_get(report, "output") : NULL;
}

static void add_input(text_buffer *to, const json_t *input, size_t i)
{
    if (json_object_get(input, "image") != NULL)
        html_add(to, "<img alt=\"input %zu\" src=\"%s\">", i, text_of(input, "image"));
    else
        html_escaped(to, text_of(input, "text"));
}

/* Numbers: a line of all, and the first of them. */
static void add_numbers(text_buffer *to, const json_t *list)
{
    size_t  count = json_array_size(list);
    double *y = calloc(count + 1, sizeof *y);

    if (y == NULL) {
        to->failed = true;
        return;
    }
    numbers_of(y, list, count);
    plot_spark(to, y, count);
    html_add(to, "<br>");
    for (size_t i = 0; i < count && i < 6; i++) html_add(to, "%s%.4f", i > 0 ? "&ensp;" : "", y[i]);
    if (count > 6) html_add(to, " &hellip; %zu numbers", count);
    free(y);
}

/* Whatever else a task answers. */
static void add_json(text_buffer *to, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(6) | JSON_ENCODE_ANY);

    if (text == NULL) {
        to->failed = true;
        return;
    }
    if (strlen(text) > 400) strcpy(text + 396, "...");
    html_escaped(to, text);
    free(text);
}

static void add_answer(text_buffer *to, const json_t *output)
{
    const json_t *hidden = json_object_get(output, "hidden"), *numbers = json_object_get(output, "embedding");

    if (numbers == NULL) numbers = json_object_get(output, "logits");
    html_add(to, "<td class=\"text\">");
    if (json_is_string(json_object_get(output, "text"))) {
        html_escaped(to, text_of(output, "text"));
    } else if (json_is_number(json_object_get(output, "perplexity"))) {
        html_add(to, "perplexity %.6g", json_number_value(json_object_get(output, "perplexity")));
    } else if (json_is_array(numbers)) {
        add_numbers(to, numbers);
    } else if (json_is_array(hidden)) {
        html_add(to, "%zu rows; of the first:", json_array_size(hidden));
        add_numbers(to, json_array_get(hidden, 0));
    } else if (output != NULL) {
        add_json(to, output);
    } else {
        html_add(to, "-");
    }
    html_add(to, "</td>");
}

static void add_label(text_buffer *to, const json_t *value, const json_t *expected)
{
    if (!json_is_integer(value))
        html_add(to, "<td></td>");
    else
        html_add(to, "<td%s>%lld</td>",
                 json_is_integer(expected) && !json_equal(value, expected) ? " class=\"other\"" : "",
                 (long long)json_integer_value(value));
}

static const char *key_at(const page *p, size_t row)
{
    const char *key = json_string_value(json_array_get(p->keys, row));

    return key != NULL ? key : "";
}

static bool same_inputs(const page *p, size_t a, size_t b) { return strcmp(key_at(p, a), key_at(p, b)) == 0; }

/* The inputs of the rows that share those of row `first`, and answer with labels: a column for each row. */
static void add_labels_of(text_buffer *to, const page *p, const json_t *inputs, size_t first)
{
    size_t end = json_array_size(p->rows);

    html_add(to, "<div class=\"scroll\"><table><thead><tr><th>input</th><th></th><th>given</th><th>plaintext</th>");
    for (size_t r = first; r < end; r++) {
        if (!same_inputs(p, first, r)) continue;
        html_add(to, "<th class=\"name\">");
        html_escaped(to, p->names[r]);
        html_add(to, "</th>");
    }
    html_add(to, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const json_t *given = NULL, *plain = NULL;

        for (size_t r = first; r < end; r++) {
            const json_t *output = same_inputs(p, first, r) ? output_at(json_array_get(p->rows, r), i) : NULL;

            if (given == NULL) given = json_object_get(output, "given_label");
            if (plain == NULL) plain = json_object_get(output, "reference_label");
        }
        html_add(to, "<tr><td>%zu</td><td class=\"text\">", i);
        add_input(to, json_array_get(inputs, i), i);
        html_add(to, "</td>");
        add_label(to, given, NULL);
        add_label(to, plain, given);
        for (size_t r = first; r < end; r++)
            if (same_inputs(p, first, r))
                add_label(to, json_object_get(output_at(json_array_get(p->rows, r), i), "label"), plain);
        html_add(to, "</tr>\n");
    }
    html_add(to, "</tbody></table></div>\n");
}

/* The same of answers that take room: a table for each input, with a line for each row. */
static void add_answers_of(text_buffer *to, const page *p, const json_t *inputs, size_t first)
{
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        html_add(to, "<details%s><summary>Input %zu</summary><blockquote>", i < 3 ? " open" : "", i);
        add_input(to, json_array_get(inputs, i), i);
        html_add(to, "</blockquote><div class=\"scroll\"><table><tbody>\n");
        for (size_t r = first; r < json_array_size(p->rows); r++) {
            if (!same_inputs(p, first, r)) continue;
            html_add(to, "<tr><td>");
            html_escaped(to, p->names[r]);
            html_add(to, "</td>");
            add_answer(to, output_at(json_array_get(p->rows, r), i));
            html_add(to, "</tr>\n");
        }
        html_add(to, "</tbody></table></div></details>\n");
    }
}

/* Does any of the rows that share these inputs answer, and with a label? */
static bool answers(const page *p, size_t first, bool *labels)
{
    bool any = false;

    for (size_t r = first; r < json_array_size(p->rows); r++) {
        const json_t *output = same_inputs(p, first, r) ? output_at(json_array_get(p->rows, r), 0) : NULL;

        any |= output != NULL;
        *labels |= json_object_get(output, "label") != NULL;
    }
    return any;
}

static void add_inputs(text_buffer *to, const page *p)
{
    bool begun = false, explained = false;

    for (size_t i = 0; i < json_array_size(p->rows); i++) {
        const json_t *inputs = json_object_get(p->inputs, key_at(p, i));
        bool          labels = false, seen = false;

        for (size_t k = 0; k < i && !seen; k++) seen = same_inputs(p, k, i);
        if (seen || !answers(p, i, &labels)) continue;
        if (!begun) html_add(to, labels ? "<h2>Inputs and their labels</h2>" : "<h2>Inputs and answers</h2>\n");
        begun = true;
        if (labels && !explained)
            html_add(to, "<p>Plaintext is floating point with exact functions. Red: plaintext that is not the given "
                         "label, and a variant that is not plaintext's.</p>\n");
        explained |= labels;
        if (labels)
            add_labels_of(to, p, inputs, i);
        else
            add_answers_of(to, p, inputs, i);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What the functions that were used warn of, each once. */
static void add_warnings(text_buffer *to, const json_t *rows)
{
    json_t     *all = compare_warnings(rows);
    const char *function;
    json_t     *text;

    json_object_foreach(all, function, text)
    {
        html_add(to, "<p class=\"error\">");
        html_escaped(to, function);
        html_add(to, ": ");
        html_escaped(to, json_string_value(text));
        html_add(to, "</p>\n");
    }
    json_decref(all);
}

char *page_html(const page *p)
{
    text_buffer to = { 0 };

    html_add(&to,
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
             "content=\"width=device-width\"><title>%s</title><style>%s",
             p->title, STYLE);
    plot_style(&to);
    html_add(&to, "</style></head><body>\n<h1>%s</h1>\n", p->title);
    add_table(&to, p->rows, p->names);
    if (json_array_size(p->rows) > 1) html_add(&to, "<p>%s</p>\n", compare_legend);
    add_warnings(&to, p->rows);
    add_scatter(&to, p);
    add_operations(&to, p);
    add_growth(&to, p);
    add_curves(&to, p);
    add_inputs(&to, p);
    html_add(&to, "</body></html>\n");
    if (!to.failed) return to.text;
    free(to.text);
    return NULL;
}
