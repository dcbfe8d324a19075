/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* config.h - single values of config.json, found where the [config] section of an architecture file says they stand.
 *
 * model.c makes a model of them.  Here no value is kept and none is compared with another; an error names the key as
 * config.json has it. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include "model/architecture.h"

#include <jansson.h>

#define CONFIG_MOST ((size_t)1 << 40) /* of any one number; memory is what really bounds them */

typedef struct config_reader {
    const char         *path; /* of config.json, for messages                                    */
    const json_t       *config;
    const architecture *architecture;
    puma_error         *e;
} config_reader;

/* One alternative of a [config] line: "KEY", "KEY + N", "KEY * N" or "default VALUE"; a KEY with points leads
 * into objects. */
typedef struct config_source {
    char        key[128];
    const char *literal; /* points into the line; NULL: a key                               */
    size_t      plus, times;
} config_source;

/* The line of [config]; NULL: the architecture has no such key. */
const ini_entry *config_entry(const config_reader *r, const char *key);
/* What it finds: the value, a new reference, and the alternative it came from.  A literal is parsed as JSON, so that
 * both take one way from here. */
puma_status config_look_up(const config_reader *r, const char *key, json_t **value, config_source *found);

puma_status config_size(const config_reader *r, const char *key, size_t least, size_t most, size_t *size);
puma_status config_number(const config_reader *r, const char *key, double most, double *number); /* from 0 */
/* True or false; as it was when the architecture has no such key. */
puma_status config_flag(const config_reader *r, const char *key, bool *set);
/* A height and a width: [height, width], or one number for both. */
puma_status config_pair(const config_reader *r, const char *key, size_t pair[2]);
/* "labels": a number, or as many as there are names. */
puma_status config_labels(const config_reader *r, size_t *labels);
puma_status config_activation(const config_reader *r, model_activation *activation);
/* [require]: keys whose other values would mean another computation. */
puma_status config_required(const config_reader *r);

#endif
