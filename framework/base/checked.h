/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* checked.h - sizes that come from a file or a wire are multiplied and added here, nowhere else; numbers that go to
 * a user are found finite here.
 *
 * Inline and without a state, for every folder that allocates by such a size.  It reports no error: the caller knows
 * what was too large. */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* *z = x op y; false, with *z unspecified, when it does not fit. */
static inline bool checked_mul(size_t *z, size_t x, size_t y) { return !__builtin_mul_overflow(x, y, z); }
static inline bool checked_add(size_t *z, size_t x, size_t y) { return !__builtin_add_overflow(x, y, z); }

/* Are all n numbers finite? */
static inline bool checked_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

#endif
