/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* table.c - piecewise polynomials, gates and powers of two */
#include "cases.h"

#include <puma/ops.h>

#include <math.h>
#include <string.h>

enum { TABLE, GATE, EXP2 };
#define EXP2_ERROR 4e-5

/* One quadratic cut into buckets, so that the right result is the same whichever of two neighbours an operand
 * is found in. */
typedef struct form {
    uint32_t unit, index_bits, ring, window;
    double   error; /* of the protocol's roundings */
} form;

static const form FORMS[] = {
    { 15, 6, 30, 26, 2e-4 }, /* GeLU at f = 18: [-4, 4) in 64                */
    { 13, 6, 30, 24, 2e-4 }, /* the same at f = 16                           */
    { 16, 5, 30, 22, 3e-4 }, /* window one bit wider than the table          */
    { 16, 7, 32, 31, 3e-4 }, /* SiLU: [-16, 16) in 128, eight high bits      */
    { 13, 8, 63, 0, 2e-4 },  /* a mantissa: [0, 4) in 256 at 19 bits         */
    { 8, 1, 40, 12, 1e-3 },  /* two buckets                                  */
    { 8, 4, 30, 20, 1e-3 },
};

enum { VALUE_FRAC = 27, SLOPE_FRAC = 24, CURVE_FRAC = 20 };

#define EACH_BUCKET                                                                                          \
    8 /* operands a bucket, on both sides of its edges; all of them four times, for other masks */

/* size: form; limit: fraction bits of the result. */
static const spec specs[] = {
    { "mantissa", TABLE, { 4 }, .bits = 22, .zbits = 48, .frac = 19, .limit = 24 },
    { "mantissa, wide ring", TABLE, { 4 }, .bits = 22, .zbits = 60, .frac = 19, .limit = 24 },
    { "64 buckets, wide ring", TABLE, { 0 }, .bits = 22, .zbits = 64, .frac = 18, .limit = 18 },
    { "64 buckets", TABLE, { 1 }, .bits = 24, .zbits = 12, .frac = 16, .limit = 9 },
    { "32 buckets", TABLE, { 2 }, .bits = 64, .zbits = 46, .frac = 18, .limit = 18 },
    { "two buckets", TABLE, { 5 }, .bits = 10, .zbits = 40, .frac = 8, .limit = 27 },
    { "16 buckets", TABLE, { 6 }, .bits = 13, .zbits = 20, .frac = 12, .limit = 16 },
    { "in floating point",
      TABLE,
      { 0 },
      .bits = 64,
      .zbits = 64,
      .frac = 18,
      .limit = 18,
      .flags = IS_FLOAT },
    { "64 buckets", GATE, { 0 }, .bits = 64, .zbits = 48, .frac = 18, .limit = 18 },
    { "64 buckets, same ring", GATE, { 0 }, .bits = 27, .zbits = 27, .frac = 18, .limit = 18 },
    { "64 buckets, 16 fraction bits", GATE, { 1 }, .bits = 52, .zbits = 52, .frac = 16, .limit = 16 },
    { "narrow window", GATE, { 2 }, .bits = 48, .zbits = 48, .frac = 18, .limit = 18 },
    { "128 buckets, wide window", GATE, { 3 }, .bits = 64, .zbits = 64, .frac = 18, .limit = 18 },
    { "two buckets", GATE, { 5 }, .bits = 30, .zbits = 30, .frac = 8, .limit = 8 },
    { "in floating point", GATE, { 0 }, .bits = 64, .zbits = 64, .frac = 18, .limit = 18, .flags = IS_FLOAT },
    { "18 fraction bits", EXP2, { 0 }, .bits = 27, .zbits = 46, .frac = 18, .limit = 18 },
    { "16 fraction bits", EXP2, { 0 }, .bits = 25, .zbits = 44, .frac = 16, .limit = 16 },
    { "more fraction in the result", EXP2, { 0 }, .bits = 25, .zbits = 40, .frac = 16, .limit = 24 },
    { "a small ring", EXP2, { 0 }, .bits = 12, .zbits = 24, .frac = 6, .limit = 18 },
    { "in floating point", EXP2, { 0 }, .bits = 64, .zbits = 64, .frac = 18, .limit = 18, .flags = IS_FLOAT },
};

static const form *form_of(const task *t) { return &FORMS[t->s->size[0]]; }
static double      width_of(const task *t) { return ldexp(1, (int)form_of(t)->unit - (int)t->s->frac); }
static double      reach_of(const task *t) { return width_of(t) * ldexp(1, (int)form_of(t)->index_bits - 1); }

/* On [0, 2 R): value, slope and half the curvature at v.  A gate's function rises from 0 at -R with slope 0
 * to R with slope 1. */
static void quadratic_at(const task *t, double v, double c[3])
{
    double r = reach_of(t);

    if (t->s->op == GATE) {
        c[0] = v * v / (4 * r);
        c[1] = v / (2 * r);
        c[2] = 1 / (4 * r);
    } else {
        c[0] = 0.4 + (0.3 * v - 0.25 * v * v / r) / (2 * r);
        c[1] = (0.3 - 0.5 * v / r) / (2 * r);
        c[2] = -0.25 / r / (2 * r);
    }
}

static size_t buckets_of(const task *t) { return t->s->op == EXP2 ? 0 : (size_t)1 << form_of(t)->index_bits; }
static int64_t unit_of(const task *t) { return INT64_C(1) << form_of(t)->unit; }

/* Operands, in ring units: low <= x < high. */
typedef struct range {
    int64_t low, high;
} range;

static range range_of(const task *t)
{
    const spec *s = t->s;
    range       r;

    switch (s->op) {
    case EXP2:
        r.high = INT64_C(1) << s->frac;
        r.low = s->flags & IS_FLOAT ? -(INT64_C(256) << s->frac) : -(INT64_C(1) << (s->bits - 1));
        /* built of comparisons, where a difference keeps off the ring's edge */
        if (t->g->has == NULL) r.low += INT64_C(1) << s->frac;
        return r;
    case GATE:
        r.high = (INT64_C(1) << (form_of(t)->window - 1)) - unit_of(t);
        r.low = 1 - r.high;
        return r;
    default: /* at its end an operand may be found in the bucket after the last */
        return (range){ 0, ((int64_t)buckets_of(t) - 1) * unit_of(t) + 1 };
    }
}

enum { MARKS = 24, ANYWHERE = 40, ROUNDS = 4 };

/* The ends of the range and numbers at which functions turn, and others anywhere. */
static uint64_t *put_marks(uint64_t *w, const task *t, range r)
{
    const int64_t one = INT64_C(1) << t->s->frac, unit = unit_of(t);
    const int64_t v[MARKS] = { r.low,
                               r.low + 1,
                               r.high - 1,
                               r.high - 2,
                               0,
                               1,
                               -1,
                               one,
                               -one,
                               one - 1,
                               -one + 1,
                               -128 * one,
                               -128 * one + one / 100,
                               -128 * one - 1,
                               -4 * one,
                               -4 * one + 1,
                               -256 * one + 1,
                               -22 * one,
                               -23 * one,
                               -20 * one,
                               r.low + unit,
                               r.high - unit,
                               -255 * one };

    for (size_t k = 0; k < MARKS; k++) *w++ = (uint64_t)v[k];
    for (size_t k = 0; k < ANYWHERE; k++)
        *w++ = (uint64_t)(r.low + (int64_t)(draw() % (uint64_t)(r.high - r.low)));
    return w;
}

/* Operands on both sides of every bucket's edges. */
static uint64_t *put_edges(uint64_t *w, const task *t)
{
    int64_t unit = unit_of(t), half = t->s->op == GATE ? (int64_t)buckets_of(t) / 2 * unit : 0;

    for (size_t b = 0; b <= buckets_of(t); b++) {
        int64_t edge = (int64_t)b * unit - half,
                near[EACH_BUCKET] = { edge,
                                      edge + 1,
                                      edge - 1,
                                      edge + unit / 2,
                                      edge + unit / 2 + 1,
                                      edge + unit - 2,
                                      edge + (int64_t)(draw() % (uint64_t)unit),
                                      edge - unit / 3 };

        for (size_t k = 0; k < EACH_BUCKET; k++) *w++ = (uint64_t)near[k];
    }
    return w;
}

/* What is outside of the range becomes its begin; the session's words. */
static void put_words(array *x, range r, bool reals)
{
    for (size_t i = 0; i < x->n; i++) {
        int64_t v = (int64_t)x->w[i];
        double  real;

        if (v < r.low || v >= r.high) v = r.low;
        real = ldexp((double)v, -(int)x->frac);
        x->w[i] = (uint64_t)v & mask(x->bits);
        if (reals) memcpy(&x->w[i], &real, sizeof real);
    }
}

static void put_coefficients(task *t)
{
    size_t buckets = buckets_of(t);

    for (size_t k = 0; k < 3; k++) constants(t, k, buckets, 64, 0);
    for (size_t b = 0; b < buckets; b++) {
        double begin = (double)b * width_of(t), c[3];

        quadratic_at(t, begin, c);
        if (t->s->op == GATE && b >= buckets / 2) { /* x is added from here on */
            c[0] -= begin - reach_of(t);
            c[1] -= 1;
        }
        t->constants[0].w[b] = (uint64_t)llround(ldexp(c[0], VALUE_FRAC));
        t->constants[1].w[b] = (uint64_t)llround(ldexp(c[1], SLOPE_FRAC));
        t->constants[2].w[b] = (uint64_t)llround(ldexp(c[2], CURVE_FRAC));
    }
}

static void prepare(task *t)
{
    const spec *s = t->s;
    range       r = range_of(t);
    size_t      n = ROUNDS * (EACH_BUCKET * (buckets_of(t) + 1) + MARKS + ANYWHERE);
    array      *x = operand(t, n, s->bits, s->frac);
    uint64_t   *w = x->w;

    for (int round = 0; round < ROUNDS; round++) {
        w = put_marks(w, t, r);
        if (s->op != EXP2) w = put_edges(w, t);
    }
    while (w < x->w + n) *w++ = (uint64_t)r.low;
    put_words(x, r, (s->flags & IS_FLOAT) != 0);
    result(t, n, s->zbits, s->limit);
    put_coefficients(t);
}

static puma_table table_of(const task *t)
{
    const form *f = form_of(t);

    return (puma_table){
        .struct_size = sizeof(puma_table),
        .unit = f->unit,
        .index_bits = f->index_bits,
        .ring = f->ring,
        .frac = VALUE_FRAC,
        .slope_frac = SLOPE_FRAC,
        .curve_frac = CURVE_FRAC,
        .error = f->error,
        .c = { (const int64_t *)t->constants[0].w, (const int64_t *)t->constants[1].w,
               (const int64_t *)t->constants[2].w },
    };
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const form      *f = form_of(t);
    const puma_table table = table_of(t);

    switch (t->s->op) {
    case TABLE: session_extensions(s)->lookup.table(s, out[0], in[0], &table); break;
    case GATE: session_extensions(s)->lookup.gate(s, out[0], in[0], &table, f->window); break;
    default: session_extensions(s)->lookup.exp2(s, out[0], in[0], 1, EXP2_ERROR); break;
    }
}

static bool has_tables(const plugin_extensions *x)
{
    return x->lookup.table != NULL && x->lookup.gate != NULL && x->lookup.exp2 != NULL;
}

static void built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const form      *f = form_of(t);
    const puma_table table = table_of(t);
    puma_share       z;

    session_without_extensions(s, true);
    switch (t->s->op) {
    case TABLE: z = puma_lookup(s, in[0], &table, t->s->limit, t->s->zbits); break;
    case GATE: z = puma_gate(s, in[0], &table, f->window, t->s->zbits); break;
    default: z = puma_exp2(s, in[0], 1, EXP2_ERROR, t->s->limit, t->s->zbits); break;
    }
    out[0] = (puma_tensor *)z;
    session_without_extensions(s, false);
}

/* One ulp of the result, for a table what the roundings may add, and what its own coefficients are off by. */
static double table_slack(const task *t)
{
    double ulp = ldexp(1, -(int)t->s->limit);

    return t->s->op == EXP2 ? ulp : ulp + form_of(t)->error + ldexp(8, -VALUE_FRAC);
}

static const char *verify(const task *t)
{
    bool   reals = (t->s->flags & IS_FLOAT) != 0;
    double slack = table_slack(t), r = reach_of(t), w = width_of(t), c[3];

    for (size_t i = 0; i < t->out[0].n; i++) {
        double x = reals ? real_at(&t->in[0], i) : ldexp((double)at(&t->in[0], i), -(int)t->s->frac);
        double z = reals ? real_at(&t->out[0], i) : ldexp((double)at(&t->out[0], i), -(int)t->s->limit),
               wanted, allowed = slack;

        if (t->s->op == EXP2) {
            wanted = exp2(x);
            allowed += EXP2_ERROR * fmax(1, wanted);
        } else if (t->s->op == TABLE) {
            quadratic_at(t, x, c);
            wanted = c[0];
        } else {
            double outside = x < 0 ? 0 : x;

            quadratic_at(t, x + r, c);
            wanted = fabs(x) < r ? c[0] : outside;
            /* within one bucket of its end the table may begin or end */
            if (fabs(fabs(x) - r) < w && fabs(z - outside) < fabs(z - c[0]))
                wanted = outside;
            else if (fabs(fabs(x) - r) < w)
                wanted = c[0];
        }
        if (!(fabs(z - wanted) <= allowed))
            return complaint("element %zu: f(%.10g) is %.10g, expected %.10g to within %.3g", i, x, z, wanted,
                             allowed);
    }
    return NULL;
}

const group table_group = {
    .name = "table",
    .specs = specs,
    .count = COUNT(specs),
    .has = has_tables,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};

const group table_built_group = {
    .name = "table built of less",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = built_program,
    .verify = verify,
};
