/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* share.h - encodes numbers as words of a ring and has the protocol make shares of them. embedding.c and
 * weights.c call it; nothing else in this folder encodes values to be shared. */
#ifndef EXEC_SHARE_H
#define EXEC_SHARE_H

#include "exec/state.h"

/* A new tensor of zeros, in the backend's narrowest ring of at least `bits`; NULL once the session has
 * failed. */
puma_tensor *exec_tensor(struct exec *x, uint32_t rank, const size_t *dim, uint32_t frac, uint32_t bits);
/* Shares `values` (the provider's; NULL elsewhere) with `frac` fraction bits in a ring of at least `bits`. */
puma_share   exec_share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac,
                        uint32_t bits);

/* Both functions below take over `values` (malloc'd) and encode them in place; in a rehearsal `values` is
 * NULL. */

/* Shares the provider's values in z. */
puma_share exec_share_into(struct exec *x, puma_tensor *z, double *values);
/* Puts values that every computing node has into z, which is 0: adding a public constant sends no message. */
puma_share exec_share_public(struct exec *x, puma_tensor *z, double *values);

#endif
