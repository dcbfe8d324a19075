/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* answers.c - see parts.h: the inputs of a page, each with what the runs answered. */
#include "report/page/parts.h"
#include "base/json_text.h"
#include "report/page/plots.h"

#include <stdlib.h>
#include <string.h>

/* Output i of a row; NULL where there is none. */
static const json_t *output_at(const json_t *row, size_t i)
{
    const json_t *report = json_object_get(row, "report"), *outputs = json_object_get(report, "outputs");

    return outputs != NULL ? json_array_get(outputs, i) : i == 0 ? json_object_get(report, "output") : NULL;
}

static void add_input(text_buffer *to, const json_t *input, size_t i)
{
    if (json_object_get(input, "image") != NULL)
        html_add(to, "<img alt=\"input %zu\" src=\"%s\">", i, part_text(input, "image"));
    else
        html_escaped(to, part_text(input, "text"));
}

/* Numbers: a small diagram of all of them, and the first few as text. */
static void add_numbers(text_buffer *to, const json_t *list)
{
    size_t  count = json_array_size(list);
    double *y = calloc(count + 1, sizeof *y);

    if (y == NULL) {
        to->failed = true;
        return;
    }
    part_numbers(y, list, count);
    plot_spark(to, y, count);
    html_add(to, "<br>");
    for (size_t i = 0; i < count && i < 6; i++) html_add(to, "%s%.4f", i > 0 ? "&ensp;" : "", y[i]);
    if (count > 6) html_add(to, " &hellip; %zu numbers", count);
    free(y);
}

/* Any other answer, as JSON. */
static void add_json(text_buffer *to, const json_t *value)
{
    char *text = json_to_text(value, JSON_COMPACT | JSON_REAL_PRECISION(6) | JSON_ENCODE_ANY);

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
        html_escaped(to, part_text(output, "text"));
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

/* For the rows with the same inputs as row `first`, when they answer with labels: one line an input, a column
 * for each row. */
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

/* The same for answers that take more room: a table for each input, with a line for each row. */
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

/* Do any of the rows with these inputs answer, and do they answer with a label? */
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

void part_answers(text_buffer *to, const page *p)
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
