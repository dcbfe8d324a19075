/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rotary.c - see rotary.h */
#include "exec/rotary.h"

/* Replaces every number of (n, e) by its partner in the pair (a, b) that turns: a by b, and b by a. */
static puma_share partners(puma_session *s, puma_share x, bool interleaved)
{
    size_t     n = x->dim[0], e = x->dim[1];
    puma_share half[2], z;

    if (!interleaved) {
        half[0] = puma_slice(s, x, 1, e / 2, e);
        half[1] = puma_slice(s, x, 1, 0, e / 2);
        return puma_concat(s, half, 2, 1);
    }
    z = puma_reshape3(s, x, n, e / 2, 2);
    half[0] = puma_slice(s, z, 2, 1, 2);
    half[1] = puma_slice(s, z, 2, 0, 1);
    return puma_reshape2(s, puma_concat(s, half, 2, 2), n, e);
}

/* cos and sin of an angle up to 2^20, within 2^-51: by sums and products of doubles alone, in this order, so that all nodes
 * get the same bits.  Libraries differ in the last one, and parties that scale shares by different constants get nothing.
 * The angle less n times pi/2, which is given in three parts of which the first two times n are exact, then Taylor. */
static void turn_of(double angle, double *cosine, double *sine)
{
    const double first = 0x1.921fb544p+0, second = 0x1.0b4611a6p-34, third = 0x1.3198a2e037073p-69;
    double       n = nearbyint(angle * 0x1.45f306dc9c883p-1), x = angle - n * first - n * second - n * third, square = x * x;
    double       c = 0, s = 0;
    unsigned     quarter = (unsigned)(int64_t)n & 3;

    for (int i = 18; i > 0; i -= 2) { /* c = cos x, s = sin x / x */
        c = 1 - square / (i * (i - 1)) * (i == 18 ? 1 : c);
        s = 1 - square / (i * (i + 1)) * (i == 18 ? 1 : s);
    }
    s *= x;
    *cosine = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
    *sine = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
}

/* Turns the rows of `x` (n, e), row i by position at[i]: a cos - b sin, b cos + a sin for each pair. */
static puma_share turned(struct exec *x, puma_share in, const size_t *at)
{
    const model  *m = x->config.model;
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    size_t        n = in->dim[0], e = in->dim[1];
    double       *cosine = (double *)s->host->scratch(s, n * e), *sine = (double *)s->host->scratch(s, n * e);
    puma_share    z;

    if (cosine == NULL || sine == NULL) return NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < e / 2; k++) {
            double c, d;
            size_t a = i * e + (m->interleaved ? 2 * k : k), b = m->interleaved ? a + 1 : a + e / 2;

            turn_of((double)at[i] * m->rotary[k], &c, &d);
            cosine[a] = cosine[b] = c;
            sine[a] = -d;
            sine[b] = d;
        }
    z = puma_add(s, puma_scale_reals(s, in, cosine, n * e, r->turn),
                 puma_scale_reals(s, partners(s, in, m->interleaved), sine, n * e, r->turn));
    if (z == NULL) return NULL;
    return puma_trunc_to(s, puma_promise(s, z, m->ranges.attention + 1), r->frac, r->rotary);
}

/* Writes the positions of all rows, or with `last` of each sequence's last, `heads` times over; returns the
 * end of what it wrote. */
static size_t *positions(size_t *at, size_t heads, const pass *p, bool last)
{
    for (size_t h = 0; h < heads; h++)
        for (size_t i = 0; i < p->count; i++)
            for (size_t end = p->first[i] + p->tokens[i], t = end - pass_rows_of(p, last, i); t < end; t++)
                *at++ = t;
    return at;
}

void exec_turn(struct exec *x, puma_share *q, puma_share *k, bool last, const pass *p)
{
    puma_session *s = x->s;
    puma_share    both[2], z;
    size_t       *at, rows;

    if (*q == NULL || *k == NULL) return;
    rows = (*q)->dim[0] * (*q)->dim[1];
    both[0] = puma_reshape2(s, *q, rows, (*q)->dim[2]);
    both[1] = puma_reshape2(s, *k, (*k)->dim[0] * (*k)->dim[1], (*k)->dim[2]);
    at = (size_t *)s->host->scratch(s, rows + (*k)->dim[0] * (*k)->dim[1]);
    if (at == NULL || both[0] == NULL || both[1] == NULL) {
        *q = *k = NULL;
        return;
    }
    positions(positions(at, (*q)->dim[0], p, last), (*k)->dim[0], p, false);
    z = puma_concat(s, both, 2, 0);
    z = z == NULL ? NULL : turned(x, z, at);
    *q = puma_reshape(s, puma_slice(s, z, 0, 0, rows), 3, (*q)->dim);
    *k = puma_reshape(s, puma_slice(s, z, 0, rows, rows + both[1]->dim[0]), 3, (*k)->dim);
}
