/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* parts.c - see parts.h: what the sections of a page share: numbers and texts from a report's JSON, and the
 * note that names the rows that a diagram leaves out.  It draws nothing. */
#include "report/page/parts.h"

#include <math.h>
#include <string.h>

double part_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *part_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

void part_numbers(double *to, const json_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);

        to[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
}

void part_omissions(text_buffer *to, const page *p, const char *const *why)
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
