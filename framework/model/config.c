/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* config.c - see config.h.  A value is never used before its type and its bounds are checked. */
#include "model/config.h"

#include "base/json_text.h"
#include "weights/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE 16384 /* of a picture */

const ini_entry *config_entry(const config_reader *r, const char *key)
{
    return ini_find(&r->architecture->file, "config", key);
}

/* The value of "KEY" or "KEY.KEY…"; NULL when there is none. */
static json_t *find_value(const json_t *object, const char *key)
{
    char        part[128];
    const char *point;
    json_t     *value = json_object_get(object, key);

    while (!value && (point = strchr(key, '.')) != NULL) {
        snprintf(part, sizeof part, "%.*s", (int)(point - key), key);
        object = json_object_get(object, part);
        key = point + 1;
        value = json_object_get(object, key);
    }
    return value;
}

static bool cut_source(const char *text, config_source *s)
{
    const char *sign;
    char       *end;
    size_t      length, number;

    *s = (config_source){ .times = 1 };
    if (strncmp(text, "default ", 8) == 0) {
        s->literal = text + 8;
        return true;
    }
    sign = strstr(text, " + ");
    if (!sign) sign = strstr(text, " * ");
    length = sign ? (size_t)(sign - text) : strlen(text);
    if (length == 0 || length >= sizeof s->key || strcspn(text, " \t") < length) return false;
    memcpy(s->key, text, length);
    if (!sign) return true;
    errno = 0;
    number = strtoul(sign + 3, &end, 10);
    if (sign[1] == '+')
        s->plus = number;
    else
        s->times = number;
    return sign[3] >= '0' && sign[3] <= '9' && !*end && !errno && number <= 1000;
}

puma_status config_look_up(const config_reader *r, const char *key, json_t **value, config_source *found)
{
    const architecture *a = r->architecture;
    const ini_entry    *entry = config_entry(r, key);
    alternatives        list;
    bool                no_memory;

    *value = NULL;
    if (!entry) return error_set(r->e, 341, "%s: [config] %s is missing", a->path, key);
    if (alternatives_cut(&list, &a->file, entry, r->e) != PUMA_OK) return r->e->status;
    for (size_t i = 0; i < list.count && !*value; i++) {
        if (!cut_source(list.text[i], found)) {
            error_set(r->e, 341,
                      "%s:%d: [config] %s: not a key, KEY + N, KEY * N or default VALUE (got \"%.60s\")",
                      a->path, entry->line, key, list.text[i]);
            break;
        }
        if (found->literal) {
            *value = json_text(found->literal, strlen(found->literal), JSON_DECODE_ANY, NULL, &no_memory);
            if (!*value)
                error_set(r->e, no_memory ? 1001 : 341, "%s:%d: [config] %s: default is not a JSON value (got \"%.60s\")",
                          a->path, entry->line, key, found->literal);
            snprintf(found->key, sizeof found->key, "%s", key);
            found->literal = NULL;
            break;
        }
        *value = find_value(r->config, found->key);
        if (json_is_null(*value)) *value = NULL;
        json_incref(*value);
    }
    if (!*value && r->e->status == PUMA_OK) {
        cut_source(list.text[0], found);
        error_set(r->e, 403, "%s: %s: %s", r->path, found->key,
                  find_value(r->config, found->key) ? "null where a value is needed" : "missing");
    }
    alternatives_free(&list);
    return r->e->status;
}

puma_status config_size(const config_reader *r, const char *key, size_t least, size_t most, size_t *size)
{
    json_t    *value;
    config_source found;
    char       got[64];

    if (config_look_up(r, key, &value, &found) != PUMA_OK) return r->e->status;
    json_show(got, sizeof got, value);
    if (json_is_integer(value)) {
        json_int_t n = json_integer_value(value);

        if (n < 0 || (uint64_t)n > most / found.times || (uint64_t)n * found.times + found.plus < least)
            error_set(r->e, 403, "%s: %s: out of range (got %s, allowed %zu to %zu)", r->path, found.key, got,
                      least, most);
        *size = (size_t)n * found.times + found.plus;
    } else {
        error_set(r->e, 403, "%s: %s: not a whole number (got %s)", r->path, found.key, got);
    }
    json_decref(value);
    return r->e->status;
}

puma_status config_labels(const config_reader *r, size_t *labels)
{
    json_t    *value;
    config_source found;
    size_t     count;

    if (config_look_up(r, "labels", &value, &found) != PUMA_OK) return r->e->status;
    count = json_is_object(value) ? json_object_size(value) : json_array_size(value);
    if (json_is_object(value) || json_is_array(value)) {
        if (count == 0) error_set(r->e, 403, "%s: %s: it lists no label", r->path, found.key);
        *labels = count;
        json_decref(value);
        return r->e->status;
    }
    json_decref(value);
    return config_size(r, "labels", 1, CONFIG_MOST, labels);
}

puma_status config_number(const config_reader *r, const char *key, double most, double *number)
{
    json_t    *value;
    config_source found;
    char       got[64];

    if (config_look_up(r, key, &value, &found) != PUMA_OK) return r->e->status;
    json_show(got, sizeof got, value);
    *number = json_number_value(value);
    /* The comparison is written so that NaN fails it too. */
    if (!json_is_number(value))
        error_set(r->e, 403, "%s: %s: not a number (got %s)", r->path, found.key, got);
    else if (!(*number >= 0 && *number <= most))
        error_set(r->e, 403, "%s: %s: out of range (got %s, allowed 0 to %g)", r->path, found.key, got, most);
    json_decref(value);
    return r->e->status;
}

puma_status config_activation(const config_reader *r, model_activation *activation)
{
    json_t    *value;
    config_source found;
    char       got[64];

    if (config_look_up(r, "activation", &value, &found) != PUMA_OK) return r->e->status;
    json_show(got, sizeof got, value);
    if (!json_is_string(value))
        error_set(r->e, 403, "%s: %s: not the name of a function (got %s)", r->path, found.key, got);
    else if (!activation_find(json_string_value(value), activation))
        error_set(r->e, 404, "%s: %s: %s is not supported (known: %s)", r->path, found.key, got,
                  ACTIVATION_NAMES);
    json_decref(value);
    return r->e->status;
}

puma_status config_required(const config_reader *r)
{
    const ini *file = &r->architecture->file;

    for (size_t i = 0; i < file->count && r->e->status == PUMA_OK; i++) {
        const ini_entry *entry = &file->entries[i];
        const json_t    *value = json_object_get(r->config, entry->key);
        alternatives     list;
        bool             fits = false;
        char             got[64];

        if (strcmp(entry->section, "require") != 0) continue;
        if (alternatives_cut(&list, file, entry, r->e) != PUMA_OK) break;
        for (size_t k = 0; k < list.count; k++) {
            bool    no_memory;
            json_t *allowed = json_text(list.text[k], strlen(list.text[k]), JSON_DECODE_ANY, NULL, &no_memory);

            if (!allowed)
                error_set(r->e, no_memory ? 1001 : 341, "%s:%d: [require] %s: not a JSON value (got \"%.60s\")", file->path,
                          entry->line, entry->key, list.text[k]);
            if (allowed && json_equal(allowed, value)) fits = true;
            json_decref(allowed);
        }
        json_show(got, sizeof got, value);
        if (value && !json_is_null(value) && !fits)
            error_set(r->e, 404, "%s: %.60s: %s is not supported (supported: %.80s)", r->path, entry->key,
                      got, entry->value);
        alternatives_free(&list);
    }
    return r->e->status;
}

puma_status config_pair(const config_reader *r, const char *key, size_t pair[2])
{
    json_t    *value;
    config_source found;
    char       got[64];

    if (config_look_up(r, key, &value, &found) != PUMA_OK) return r->e->status;
    json_show(got, sizeof got, value);
    for (size_t i = 0; i < 2 && r->e->status == PUMA_OK; i++) {
        const json_t *number = json_is_array(value) ? json_array_get(value, i) : value;
        json_int_t    n = json_integer_value(number);

        if (!json_is_integer(number) || (json_is_array(value) && json_array_size(value) != 2))
            error_set(r->e, 403, "%s: %s: not a whole number or two (got %s)", r->path, found.key, got);
        else if (n < 1 || n > MAX_SIDE)
            error_set(r->e, 403, "%s: %s: out of range (got %s, allowed 1 to %d)", r->path, found.key, got, MAX_SIDE);
        pair[i] = (size_t)n;
    }
    json_decref(value);
    return r->e->status;
}

puma_status config_flag(const config_reader *r, const char *key, bool *set)
{
    json_t    *value;
    config_source found;
    char       got[64];

    if (!config_entry(r, key)) return PUMA_OK;
    if (config_look_up(r, key, &value, &found) != PUMA_OK) return r->e->status;
    json_show(got, sizeof got, value);
    *set = json_is_true(value);
    if (!json_is_boolean(value))
        error_set(r->e, 403, "%s: %s: neither true nor false (got %s)", r->path, found.key, got);
    json_decref(value);
    return r->e->status;
}
