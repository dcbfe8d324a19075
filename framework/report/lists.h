/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* lists.h - what the files of report/ share: lists of layers and phases, and their JSON.  No other folder
 * includes it. */
#ifndef REPORT_LISTS_H
#define REPORT_LISTS_H

#include "report/report.h"

#include <jansson.h>

/* False: out of memory.  Strings are copied. */
bool layers_append(report_layer **layers, size_t *count, const char *name, const char *op, uint64_t bytes,
                   uint64_t rounds, double seconds);
bool phases_append(report_phase **phases, size_t *count, const report_phase *phase);
void layers_free(report_layer *layers, size_t count);

/* Lists as they appear in a node's part and in the report; NULL: out of memory. */
json_t *layers_json(const report_layer *layers, size_t count);
json_t *phases_json(const report_phase *phases, size_t count);

const char *step_name(report_step step); /* "prefill", "decode" */
/* Writes 2 * size digits and a 0. */
void        hex_of(char *hex, const uint8_t *bytes, size_t size);

#endif
