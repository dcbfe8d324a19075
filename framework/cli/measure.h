/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* measure.h - `puma plan --measure`: the ranges that a model meets on an input, as a file for [numeric] ranges. */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include "base/error.h"

#include <stddef.h>

/* Runs the run file's input and writes `out`, which is printed too. */
puma_status cli_measure(const char *path, const char *const *sets, size_t set_count, const char *out, puma_error *e);

#endif
