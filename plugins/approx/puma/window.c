/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* window.c - normalisation: which power of two a value lies at, and shifting it there, without learning
 * which.
 *
 * reciprocal and rsqrt work on few values (one a row), over many powers of two.  All thresholds are compared
 * in one call; the shift is one multiplexer whose coefficients are public powers of two.  Bits far below the
 * first threshold are left out of the comparison, so a value may land up to 1/64 outside of its window: the
 * polynomials behind it allow for that. */
#include "parts.h"

#define SPARED 6

puma_status approx_windows(puma_session *s, puma_share x, int low, int step, size_t count, windows *z)
{
    double     threshold[WINDOWS];
    puma_share below[WINDOWS];
    int        drop;

    if (!puma_ready(s, x)) return s->status;
    if (count < 2 || count > WINDOWS)
        return s->host->fail(s, PUMA_EINTERNAL, "%zu windows in one function", count);
    for (size_t w = 0; w + 1 < count; w++) threshold[w] = ldexp(1.0, low + step * (int)(w + 1));
    drop = (int)x->frac + low + step - SPARED;
    if (drop < 0) drop = 0;
    z->count = count;
    puma_less_reals(s, x, threshold, count - 1, (uint32_t)drop, below);
    z->bit[0] = below[0];
    for (size_t w = 1; w + 1 < count; w++) z->bit[w] = puma_xor(s, below[w], below[w - 1]);
    z->bit[count - 1] = puma_not(s, below[count - 2]);
    return s->status;
}

puma_share approx_align(puma_session *s, puma_share x, const windows *w, int step)
{
    puma_choice choice[WINDOWS];

    if (!puma_ready(s, x)) return NULL;
    for (size_t i = 0; i < w->count; i++) {
        choice[i].bit = w->bit[i];
        choice[i].value = x;
        choice[i].coefficient = puma_integer(s, (int64_t)1 << (step * (int)(w->count - 1 - i)), x->bits);
    }
    return puma_mux_sum(s, choice, w->count, x->frac, x->bits);
}
