/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* lists.c - see lists.h: appends to the lists and writes them as JSON.  Only report.c and party.c know what
 * the numbers mean. */
#include "report/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool layers_append(report_layer **layers, size_t *count, const char *name, const char *op,
                   uint64_t bytes, uint64_t rounds, double seconds)
{
    report_layer layer = { .bytes = bytes, .rounds = rounds, .seconds = seconds };

    /* Room is doubled at powers of two, so the count alone tells when it is full. */
    if ((*count & (*count - 1)) == 0) {
        report_layer *more = realloc(*layers, (*count ? 2 * *count : 1) * sizeof *more);

        if (!more) return false;
        *layers = more;
    }
    layer.name = strdup(name);
    layer.op = strdup(op);
    if (!layer.name || !layer.op) {
        free(layer.name);
        free(layer.op);
        return false;
    }
    (*layers)[(*count)++] = layer;
    return true;
}

void layers_free(report_layer *layers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(layers[i].name);
        free(layers[i].op);
    }
    free(layers);
}

bool phases_append(report_phase **phases, size_t *count, const report_phase *phase)
{
    if ((*count & (*count - 1)) == 0) {
        report_phase *more = realloc(*phases, (*count ? 2 * *count : 1) * sizeof *more);

        if (!more) return false;
        *phases = more;
    }
    (*phases)[(*count)++] = *phase;
    return true;
}

static const char *const steps[] = { "prefill", "decode" };

const char *step_name(report_step step) { return steps[step]; }

json_t *layers_json(const report_layer *layers, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *layer = json_pack("{s:s,s:s,s:I,s:I,s:f}", "name", layers[i].name, "op", layers[i].op,
                                  "bytes", (json_int_t)layers[i].bytes, "rounds",
                                  (json_int_t)layers[i].rounds, "seconds", layers[i].seconds);

        if (json_array_append_new(list, layer) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *phases_json(const report_phase *phases, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const report_phase *p = &phases[i];
        json_t             *phase =
            json_pack("{s:s,s:I,s:I,s:I,s:f}", "name", step_name(p->step), "tokens", (json_int_t)p->tokens,
                      "bytes", (json_int_t)p->bytes, "rounds", (json_int_t)p->rounds, "seconds", p->seconds);

        if (json_array_append_new(list, phase) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

void hex_of(char *hex, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) sprintf(hex + 2 * i, "%02x", bytes[i]);
}
