/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* columns.c - see columns.h */
#include "report/page/columns.h"

#include "report/page/plots.h"

#include <stdio.h>

/* The columns after the variant, and where in the report each number is. */
static const struct column {
    const char *title, *object, *key, *format;
    bool        bytes;
} COLUMNS[] = {
    { "cosine", "fidelity", "cosine", "%.7f", false },
    { "max_error", "fidelity", "max_abs_error", "%.3g", false },
    { "protocol", "fidelity", "protocol_error", "%.3g", false },
    { "fixed_point", "fidelity", "fixed_point_error", "%.3g", false },
    { "approximation", "fidelity", "approximation_error", "%.3g", false },
    { "top1", "fidelity", "top1_agreement", "%.4f", false },
    { "accuracy", "fidelity", "accuracy", "%.4f", false },
    { "perplexity", "fidelity", "perplexity", "%.6g", false },
    { "plaintext", "fidelity", "reference_perplexity", "%.6g", false },
    { "offline_bytes", NULL, "offline_bytes", "%.0f", true },
    { "online_bytes", NULL, "online_bytes", "%.0f", true },
    { "rounds", NULL, "rounds", "%.0f", false },
    { "seconds", NULL, "wall_s", "%.3f", false },
};
#define COLUMN_COUNT (sizeof COLUMNS / sizeof *COLUMNS)

const char column_legend[] = "max_error and cosine are against plaintext in floating point with exact "
                              "functions. protocol: the part of it against the\n"
                              "same functions in fixed point; fixed_point: of that against them in floating "
                              "point; approximation: of these against the\n"
                              "exact ones.  plaintext, behind perplexity, is that of plaintext.";

const char *column_title(size_t k) { return k < COLUMN_COUNT ? COLUMNS[k].title : NULL; }

void column_cell(char *text, size_t size, const json_t *row, size_t k, bool people)
{
    const struct column *at = &COLUMNS[k];
    const json_t        *report = json_object_get(row, "report");
    const json_t        *value =
        json_object_get(at->object != NULL ? json_object_get(report, at->object) : report, at->key);

    text[0] = '\0';
    if (!json_is_number(value)) return;
    if (people && at->bytes) {
        plot_number(text, size, PLOT_BYTES, json_number_value(value));
        return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats are in the table above */
    snprintf(text, size, at->format, json_number_value(value));
#pragma GCC diagnostic pop
}

bool column_used(const json_t *rows, size_t k)
{
    char text[64] = "";

    for (size_t i = 0; i < json_array_size(rows) && text[0] == '\0'; i++)
        column_cell(text, sizeof text, json_array_get(rows, i), k, false);
    return text[0] != '\0';
}

json_t *column_warnings(const json_t *rows)
{
    json_t *all = json_object();

    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *cautions = json_object_get(json_object_get(json_array_get(rows, i), "report"), "cautions");

        if (cautions != NULL) json_object_update(all, cautions);
    }
    return all;
}
