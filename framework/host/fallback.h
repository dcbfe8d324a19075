/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fallback.h - operations on top of a protocol's core.  session.c puts them into the table that plugins see,
 * under the same names (puma/host.h); <puma/ops.h> says what each does. */
#ifndef HOST_FALLBACK_H
#define HOST_FALLBACK_H

#include <puma/approx.h>

puma_tensor *fallback_product(puma_session *s, const puma_term *terms, size_t count, uint32_t rank,
                              const size_t *dim, uint32_t frac, uint32_t bits);
puma_tensor *fallback_matmul_blocks(puma_session *s, const puma_tensor *x, const puma_tensor *y,
                                    const puma_blocks *blocks, size_t n, uint32_t frac, uint32_t bits);
puma_tensor *fallback_one_hot(puma_session *s, const puma_tensor *x, size_t count);
puma_tensor *fallback_lookup(puma_session *s, const puma_tensor *x, const puma_table *t, uint32_t frac,
                             uint32_t bits);
puma_tensor *fallback_gate(puma_session *s, const puma_tensor *x, const puma_table *t, uint32_t window,
                           uint32_t bits);
puma_tensor *fallback_exp2(puma_session *s, const puma_tensor *x, uint32_t high, double error, uint32_t frac,
                           uint32_t bits);
puma_tensor *fallback_larger(puma_session *s, const puma_tensor *x, const puma_tensor *y);
puma_tensor *fallback_embed(puma_session *s, const puma_tensor *table, const puma_index *parts, size_t count,
                            size_t n, uint32_t from, uint32_t bits);
puma_tensor *fallback_apply(puma_session *s, const puma_tensor *x, size_t row,
                            void (*f)(double *row, size_t n, const void *context), const void *context,
                            uint32_t frac, uint32_t bits);

#endif
