/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bench.h - the kernels' part of `puma bench`.  bench.c calls it. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* matmul (its old name: kernel), prg, pack; NULL means all of them. n: words for the last two.  Rows are
 * appended to `list`, or printed if it is NULL. */
bool        bench_kernels_named(const char *only);
puma_status bench_kernels(const char *only, size_t n, json_t *list, puma_error *e);

#endif
