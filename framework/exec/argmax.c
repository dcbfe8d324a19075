/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* argmax.c - see argmax.h */
#include "exec/argmax.h"

#include <math.h>

/* Every second entry of each row, from entry `first` on: `half` of them. */
static puma_share every_second(puma_session *s, puma_share x, size_t first)
{
    size_t rows = x == NULL ? 0 : x->dim[0], half = x == NULL ? 0 : x->dim[1] / 2;

    return puma_reshape2(s, puma_slice(s, puma_reshape3(s, x, rows, half, 2), 2, first, first + 1), rows,
                         half);
}

/* A tournament.  One tensor holds the values and, below them, their indices, so that one choice takes both
 * into the next round.  Neighbours meet; the last of an odd number waits.  Winners keep their order, so that
 * of any two the left one has the lower index.  The right one wins if it is larger by more than one ulp:
 * truncation rounds at random and may set equal logits one ulp apart.  In floating point any difference
 * counts. */
static puma_share tournament(puma_session *s, puma_share x)
{
    size_t       n = x->dim[1], rows = x->dim[0];
    double      *leaf = (double *)s->host->scratch(s, n);
    puma_tensor *zero = s->host->tensor(s, PUMA_ARITH, 2, x->dim, x->bits, 0), *index;
    puma_share   pair[2] = { x }, both;
    int32_t      range = x->range;
    double       ahead = puma_is_float(s) ? 0 : -ldexp(1, -(int)x->frac);

    if (leaf == NULL || zero == NULL) return NULL;
    for (size_t i = 0; i < n; i++) leaf[i] = (double)i;
    pair[1] = puma_add_reals(s, zero, leaf, n);
    index = puma_ready(s, pair[1]) ? s->host->view(s, pair[1]) : NULL;
    if (index == NULL) return NULL;
    index->frac = x->frac; /* concat demands it; the indices themselves are integers */
    pair[1] = index;
    both = puma_concat(s, pair, 2, 0); /* (2 rows, n) */
    while (n > 1 && s->status == PUMA_OK) {
        size_t     half = n / 2;
        puma_share even = n % 2 == 0 ? both : puma_slice(s, both, 1, 0, 2 * half), c[2];
        puma_share a = every_second(s, even, 0), b = every_second(s, even, 1);
        puma_share left = puma_promise(s, puma_slice(s, a, 0, 0, rows), range);
        puma_share right = puma_promise(s, puma_slice(s, b, 0, 0, rows), range);

        c[0] = c[1] = puma_less_real(s, puma_sub(s, left, right), ahead);
        c[0] = puma_mux(s, puma_concat(s, c, 2, 0), b, a);
        c[1] = puma_slice(s, both, 1, 2 * half, n);
        both = puma_concat(s, c, n % 2 != 0 ? 2 : 1, 1);
        n = half + n % 2;
    }
    zero = puma_reshape2(s, puma_slice(s, both, 0, rows, 2 * rows), rows, 1);
    if (zero != NULL) zero->frac = 0;
    return zero;
}

puma_share exec_argmax(puma_session *s, puma_share x) { return puma_ready(s, x) ? tournament(s, x) : NULL; }
