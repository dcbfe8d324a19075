/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* labels.c - what a classifier's labels are called and what its logits mean: id2label and problem_type of
 * config.json. */
#include "model/labels.h"

#include "base/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 20000u

static const json_t *name_at(const json_t *names, size_t i)
{
    char key[24];

    if (json_is_array(names)) return json_array_get(names, i);
    snprintf(key, sizeof key, "%zu", i);
    return json_object_get(names, key);
}

/* One name for each label, or none at all: half a list is no list. */
static puma_status read_names(model *m, const json_t *names, puma_error *e)
{
    size_t count = json_is_array(names) ? json_array_size(names) : json_object_size(names);

    if (count != m->labels || count > MAX_NAMES) return PUMA_OK;
    for (size_t i = 0; i < count; i++)
        if (!json_is_string(name_at(names, i))) return PUMA_OK;
    m->label_names = calloc(count, sizeof *m->label_names);
    if (m->label_names == NULL) return error_set(e, 1001, "out of memory");
    for (size_t i = 0; i < count && e->status == PUMA_OK; i++) {
        m->label_names[i] = strdup(json_string_value(name_at(names, i)));
        if (m->label_names[i] == NULL) error_set(e, 1001, "out of memory");
    }
    return e->status;
}

puma_status model_read_labels(model *m, const json_t *config, const char *path, puma_error *e)
{
    static const char *const words[] = { "single_label_classification", "multi_label_classification",
                                         "regression" };
    const json_t            *type = json_object_get(config, "problem_type");
    char                    *text;
    size_t                   k = 0;

    m->problem = m->labels == 1 ? MODEL_REGRESSION : MODEL_ONE_LABEL;
    if (type != NULL && !json_is_null(type)) {
        while (k < 3 && (!json_is_string(type) || strcmp(words[k], json_string_value(type)) != 0)) k++;
        m->problem = (model_problem)k;
    }
    if (k < 3) return read_names(m, json_object_get(config, "id2label"), e);
    text = json_to_text(type, JSON_ENCODE_ANY | JSON_COMPACT);
    error_set(e, 404, "%s: problem_type: %.60s is not supported (supported: %s, %s, %s)", path,
              text ? text : "?", words[0], words[1], words[2]);
    free(text);
    return e->status;
}

void model_free_labels(model *m)
{
    for (size_t i = 0; m->label_names != NULL && i < m->labels; i++) free(m->label_names[i]);
    free(m->label_names);
    m->label_names = NULL;
}
