/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* share.h - values become shares: numbers are encoded as words of a ring, and the protocol makes shares of
 * them. */
#ifndef EXEC_SHARE_H
#define EXEC_SHARE_H

#include "exec/state.h"

/* A new tensor of zeros, in the ring of at least `bits` that the backend has; NULL once the session has
 * failed. */
puma_tensor *exec_tensor(struct exec *x, uint32_t rank, const size_t *dim, uint32_t frac, uint32_t bits);
/* Shares `values` (the provider's; NULL elsewhere) with `frac` fraction bits in a ring of `bits`. */
puma_share   exec_share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac,
                        uint32_t bits);

/* Both take over `values` (malloc'd), which become words where they lie; in a rehearsal there are none. */

/* The provider's values as shares in z. */
puma_share exec_share_into(struct exec *x, puma_tensor *z, double *values);
/* Values that every node that computes has, in z, which is 0: adding a public constant sends no message. */
puma_share exec_share_public(struct exec *x, puma_tensor *z, double *values);

#endif
