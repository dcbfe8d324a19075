/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* layernorm.c - rows of LayerNorm, (x - mean) / sqrt(variance + eps), and of RMSNorm, x / sqrt(mean of x^2 +
 * eps).
 *
 * Rings.  Of a row of d numbers with f fraction bits, in a ring of k bits:
 *   the sum of squares is opened once a row, exact at 2f fraction bits: it must stay below 2^(k-2-2f);
 *   the mean enters the squares at f fraction bits, which is enough: its error adds its square to the
 *   variance;
 *   what is divided by the deviation has up to 10 fraction bits more, because 1/sqrt(variance) multiplies
 *   the error of its mean;
 *   1/d = 2^-g (2^g/d): the first factor moves the point, the second is a constant of [1/2, 1];
 *   the variance keeps as many fraction bits as leave room for 2^16 above it (rsqrt aligns it there). */
#include "parts.h"

/* |mean| < 2^MEAN where the plan does not know better. */
#define MEAN 10
#define MORE 10
#define VARIANCE 16

/* Rows as (rows, d), and what follows from d. */
typedef struct shape {
    puma_share x;
    size_t     rows, d;
    int        shift; /* g: the largest with 2^g <= d               */
    int        half;  /* results stay below sqrt(d) <= 2^half       */
    double     rest;  /* 2^g / d                                    */
} shape;

static int32_t clamp(int32_t v, int32_t low, int32_t high) { return v < low ? low : v > high ? high : v; }

static int rows_of(puma_session *s, puma_share x, shape *z)
{
    int exponent = 0;

    if (!puma_ready(s, x)) return 0;
    z->d = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (z->d == 0) {
        s->host->fail(s, PUMA_EINTERNAL, "the norm of rows without numbers");
        return 0;
    }
    z->rows = x->n / z->d;
    z->shift = 0;
    while ((size_t)2 << z->shift <= z->d) z->shift++;
    while (((size_t)1 << exponent) < z->d) exponent++;
    z->half = (exponent + 1) / 2;
    z->rest = ldexp(1.0, z->shift) / (double)z->d;
    z->x = puma_reshape2(s, x, z->rows, z->d);
    return puma_ready(s, z->x);
}

/* x / d with `most` fraction bits at most in the constant: local, exact when d is a power of two. */
static puma_share divided(puma_session *s, puma_share x, const shape *r, int32_t most)
{
    x = puma_shift_point(s, x, -r->shift);
    return r->rest == 1 ? x : puma_scale(s, x, r->rest, (uint32_t)clamp(most, 0, 32));
}

/* Two zero bits above a number's `range` bits and its sign: what truncation and products need. */
static int32_t room(puma_share x, int32_t range) { return (int32_t)x->bits - 2 - range; }

/* y / sqrt(sum of squares of x over d + eps), x and y (rows, d). */
static puma_share scaled(puma_session *s, puma_share x, puma_share y, const shape *r, const puma_arguments *a)
{
    puma_arguments inner = { .struct_size = sizeof inner };
    puma_term      square = { .op = PUMA_TERM_MATMUL, .y_transposed = 1 };
    puma_share     v, deviation, z;
    int32_t        range, frac, constant, keep;

    if (!puma_ready(s, x) || !puma_ready(s, y)) return NULL;
    /* fraction bits of the variance = those kept of the sum + shift + those of the constant */
    range = clamp(2 * r->x->range, 2, VARIANCE);
    frac = room(x, range) - 1;
    constant = r->rest == 1 ? 0 : clamp(2 * frac / 5, 0, 18);
    keep = clamp(frac - constant - r->shift, 0, 2 * (int32_t)x->frac);
    square.x = square.y = puma_reshape3(s, x, r->rows, 1, r->d);
    v = puma_product(s, &square, 1, 3, (size_t[]){ r->rows, 1, 1 }, (uint32_t)keep, x->bits);
    v = puma_promise(s, divided(s, puma_reshape1(s, v, r->rows), r, constant), range);
    if (a->epsilon > 0) v = puma_add_real(s, v, a->epsilon);
    /* eps is nothing beside a variance that fills its range */
    v = puma_promise(s, v, range);

    inner.bits = x->bits;
    inner.frac = (uint32_t)clamp(room(y, r->half + 1) - (int32_t)y->frac, 8, 28);
    deviation = puma_call(s, PUMA_SLOT_RSQRT, v, &inner);
    if (!puma_ready(s, deviation)) return NULL;
    z = puma_mul_to(s, y, deviation, 1, a->frac, a->bits);
    return puma_ready(s, z) ? puma_promise(s, z, r->half + 1) : NULL;
}

static puma_share layernorm(puma_session *s, puma_share x, const puma_arguments *a)
{
    shape      r;
    puma_share mean, rough, y, fine;
    int32_t    more;
    uint32_t   frac;
    size_t     mark;

    mark = s->host->enter(s);
    if (!rows_of(s, x, &r)) return NULL;
    frac = x->frac;
    mean = divided(s, puma_sum(s, r.x), &r,
                   room(x, (int32_t)frac + r.shift + (x->range < MEAN ? x->range : MEAN)));
    /* rsqrt needs 24 fraction bits; what its product with y leaves is for the mean. */
    more = clamp(room(x, r.half + 1) - 24 - (int32_t)frac, 0, MORE);
    if (!puma_ready(s, mean)) return NULL;
    if (more > (int32_t)mean->frac - (int32_t)frac) more = (int32_t)mean->frac - (int32_t)frac;
    mean = puma_trunc(s, mean, frac + (uint32_t)more);
    rough = puma_trunc(s, mean, frac);
    y = puma_sub(s, r.x, puma_expand(s, rough, r.d));
    fine = puma_sub(s, puma_scale(s, r.x, 1, (uint32_t)more), puma_expand(s, mean, r.d));
    return approx_leave(s, mark, puma_reshape(s, scaled(s, y, fine, &r, a), x->rank, x->dim));
}

static puma_share rmsnorm(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t mark = s->host->enter(s);
    shape  r;

    if (!rows_of(s, x, &r)) return NULL;
    return approx_leave(s, mark, puma_reshape(s, scaled(s, r.x, r.x, &r, a), x->rank, x->dim));
}

const puma_approx approx_layernorm = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_LAYERNORM,
    .name = "layernorm",
    .source = "arXiv 2307.12533, LayerNorm by rsqrt",
    .max_error = 6.0e-5,
    .domain = { -256, 256 },
    .eval = layernorm,
};

const puma_approx approx_rmsnorm = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_RMSNORM,
    .name = "rmsnorm",
    .source = "arXiv 2307.12533, LayerNorm by rsqrt",
    .max_error = 6.0e-5,
    .domain = { -256, 256 },
    .eval = rmsnorm,
};
