/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* scaled.c - see scaled.h */
#include "scaled.h"

#include "driver.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void *read_all(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    long  end = -1;

    if (f != NULL && fseek(f, 0, SEEK_END) == 0) end = ftell(f);
    if (end > 0 && fseek(f, 0, SEEK_SET) == 0) bytes = malloc((size_t)end + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)end, f) != (size_t)end) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(99);
    }
    fclose(f);
    *size = (size_t)end;
    bytes[end] = '\0';
    return bytes;
}

/* The F32 tensors of a safetensors file as F64, those whose name ends on `tensor` times `factor`. */
static void write_scaled(const char *from, const char *to, const char *tensor, double factor)
{
    size_t      size, at = 0;
    char       *bytes = read_all(from, &size), *text;
    uint64_t    header;
    const char *name;
    json_t     *all, *made = json_object(), *entry;
    FILE       *out = fopen(to, "wb");
    double     *values = malloc(2 * size);

    memcpy(&header, bytes, sizeof header);
    all = json_loadb(bytes + 8, header, 0, NULL);
    if (all == NULL || out == NULL || values == NULL) exit(99);
    json_object_foreach(all, name, entry) {
        json_t *place = json_object_get(entry, "data_offsets");
        size_t  first = (size_t)json_integer_value(json_array_get(place, 0)),
               n = ((size_t)json_integer_value(json_array_get(place, 1)) - first) / sizeof(float), from_at = at;
        bool scaled = strlen(name) >= strlen(tensor) && strcmp(name + strlen(name) - strlen(tensor), tensor) == 0;

        if (strcmp(name, "__metadata__") == 0) continue;
        for (size_t i = 0; i < n; i++) {
            float v;

            memcpy(&v, bytes + 8 + header + first + i * sizeof v, sizeof v);
            values[at++] = scaled ? factor * (double)v : (double)v;
        }
        json_object_set_new(made, name,
                            json_pack("{s:s, s:O, s:[I, I]}", "dtype", "F64", "shape", json_object_get(entry, "shape"),
                                      "data_offsets", (json_int_t)(8 * from_at), (json_int_t)(8 * at)));
    }
    text = json_dumps(made, JSON_COMPACT);
    header = strlen(text);
    if (fwrite(&header, sizeof header, 1, out) != 1 || fwrite(text, 1, header, out) != header ||
        fwrite(values, sizeof *values, at, out) != at || fclose(out) != 0)
        exit(99);
    free(text);
    free(bytes);
    free(values);
    json_decref(all);
    json_decref(made);
}

const char *scaled_model(const char *name, const char *tensor, double factor)
{
    static char folder[300];
    char        from[700], to[400];
    size_t      size;
    char       *config;

    snprintf(folder, sizeof folder, "%s", driver_path("scaled"));
    mkdir(folder, 0700);
    snprintf(from, sizeof from, "%s/config.json", tiny_model(name));
    config = read_all(from, &size);
    driver_file("scaled/config.json", config);
    free(config);
    snprintf(from, sizeof from, "%s/model.safetensors", tiny_model(name));
    snprintf(to, sizeof to, "%s/model.safetensors", folder);
    write_scaled(from, to, tensor, factor);
    return folder;
}
