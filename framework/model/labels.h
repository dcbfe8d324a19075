/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* labels.h - labels.c, for model.c alone.
 *
 * It owns the names in model.label_names. */
#ifndef MODEL_LABELS_H
#define MODEL_LABELS_H

#include "model/model.h"

#include <jansson.h>

/* problem and label_names of a model whose number of labels is known; `path` of config.json, for messages. */
puma_status model_read_labels(model *m, const json_t *config, const char *path, puma_error *e);
void        model_free_labels(model *m);

#endif
