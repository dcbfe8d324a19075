/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bench.h - the parts of `puma bench`. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* matmul (kernel is its old name), prg, pack; NULL means all of them.  n: words of the last two.  Rows are
 * appended to `list` or, where that is NULL, printed. */
bool        bench_kernels_named(const char *only);
puma_status bench_kernels(const char *only, size_t n, json_t *list, puma_error *e);

#endif
