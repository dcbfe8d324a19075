/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* costs.c - see parts.h: what the runs of a page cost: bytes against error, and where bytes, rounds and time
 * go. */
#include "report/page/parts.h"
#include "report/page/plots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- bytes against error ---------------------------------------------------------------------- */

/* The reason why a row is not a point in the diagram; NULL when it is one. */
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
                                  .x = part_number(report, "total_bytes"),
                                  .y = part_number(json_object_get(report, "fidelity"), "max_abs_error") };
        why[i] = no_point(json_array_get(p->rows, i), &points[i]);
    }
    if (count > 1 && !to->failed) {
        html_add(to, "<h2>Bytes against error</h2>");
        plot_points(to, points, count, "bytes of all parties, offline included; up: largest error");
        part_omissions(to, p, why);
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

/* The index of a name, which is appended if it is new.  Names beyond the last place share it. */
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
    to->piece[place_of(operations, json_string_value(json_object_get(layer, "op")))] += part_number(layer, m->key);
}

/* Added once, under the first bars of rounds, because a reader will compare them with the table. */
static void explain_rounds(text_buffer *to, const struct measure *m, bool *explained)
{
    if (m->unit != PLOT_COUNT || *explained) return;
    html_add(to, "<p class=\"note\">Each operation's rounds, added up. Operations that do not wait for each other "
                 "share rounds, so that a bar can exceed the rounds of the table, the longest chain of messages.</p>\n");
    *explained = true;
}

/* One diagram a measure, with a bar for each variant. */
static void add_sums(text_buffer *to, const page *p, names *operations, plot_bar *bars, bool *explained)
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
        if (plot_bars(to, MEASURES[k].title, bars, count, operations->name, operations->count, MEASURES[k].unit))
            explain_rounds(to, &MEASURES[k], explained);
    }
}

/* One variant, with a bar for each layer. */
static void add_by_layer(text_buffer *to, const json_t *layers, const char *name, names *operations,
                         plot_bar *bars, bool open, bool *explained)
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
        if (plot_bars(to, MEASURES[k].title, bars, places.count, operations->name, operations->count,
                      MEASURES[k].unit))
            explain_rounds(to, &MEASURES[k], explained);
    }
    html_add(to, "</details>\n");
}

static bool sends(const json_t *row)
{
    return json_array_size(layers_of(row)) > 0 && part_number(json_object_get(row, "report"), "total_bytes") > 0;
}

static void add_operations(text_buffer *to, const page *p)
{
    size_t    count = json_array_size(p->rows);
    names     operations = { .count = 0 };
    plot_bar *bars = calloc(count > PLOT_PIECES ? count : PLOT_PIECES, sizeof *bars);
    bool      open = true, explained = false;
    const char **why = calloc(count + 1, sizeof *why);

    /* An operation has the same colour in all diagrams, in whatever order they begin. */
    for (size_t i = 0; i < count; i++) {
        const json_t *layers = layers_of(json_array_get(p->rows, i));

        for (size_t l = 0; l < json_array_size(layers); l++)
            place_of(&operations, json_string_value(json_object_get(json_array_get(layers, l), "op")));
    }
    if (bars == NULL || why == NULL) to->failed = true;
    if (operations.count > 0 && !to->failed) {
        html_add(to, "<h2>Where it goes</h2>");
        plot_key(to, operations.name, operations.count);
        if (count > 1) add_sums(to, p, &operations, bars, &explained);
        if (count > 1) html_add(to, "<h3>By layer</h3>");
        for (size_t i = 0; i < count; i++) {
            if (!sends(json_array_get(p->rows, i))) continue;
            add_by_layer(to, layers_of(json_array_get(p->rows, i)), p->names[i], &operations, bars, open,
                         &explained);
            open = false;
        }
        for (size_t i = 0; i < count; i++)
            if (!sends(json_array_get(p->rows, i)))
                why[i] = json_object_get(json_array_get(p->rows, i), "error") != NULL ? "having failed"
                                                                                      : "as they send nothing";
        part_omissions(to, p, why);
    }
    free(why);
    free(bars);
}

void part_costs(text_buffer *to, const page *p)
{
    add_scatter(to, p);
    add_operations(to, p);
}
