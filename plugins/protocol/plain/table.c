/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* table.c - the lookups in the clear: the same piecewise polynomials, evaluated in double on the number and
 * rounded to nearest. */
#include "plain.h"

#include <math.h>

static double number_of(const puma_session *s, const puma_tensor *x, size_t i)
{
    return plain_is_float(s) ? reals(x)[i] : ldexp((double)numbers(x)[i], -(int)x->frac);
}

static void store(puma_session *s, puma_tensor *z, size_t i, double v)
{
    double word = nearbyint(ldexp(v, (int)z->frac));

    if (plain_is_float(s))
        reals(z)[i] = v;
    else
        numbers(z)[i] = fabs(word) < 0x1p126 ? plain_settle(s, z, (wide)word) : plain_lose(s, 128, z->bits);
}

/* p_D(d) of the bucket that holds v, a number counted from the begin of bucket 0. */
static double polynomial(const puma_table *t, double v, uint32_t frac)
{
    double width = ldexp(1.0, (int)t->unit - (int)frac), last = ldexp(1.0, (int)t->index_bits) - 1;
    double bucket = fmin(floor(v / width), last),
           d = v - bucket * width; /* v may have been rounded up to the end */
    size_t at = (size_t)bucket;

    return ldexp((double)t->c[0][at], -(int)t->frac) + ldexp((double)t->c[1][at], -(int)t->slope_frac) * d +
           ldexp((double)t->c[2][at], -(int)t->curve_frac) * d * d;
}

puma_status plain_table(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t)
{
    double unit = ldexp(1.0, (int)t->unit - (int)x->frac), last = ldexp(unit, (int)t->index_bits) - unit;

    plain_begin(s, "table");
    for (size_t i = 0; i < x->n; i++) {
        double v = number_of(s, x, i);

        if (!plain_is_float(s) && is_poison(numbers(x)[i]))
            numbers(z)[i] = numbers(x)[i];
        else if (v >= 0 && v <= last)
            store(s, z, i, polynomial(t, v, x->frac));
        else if (plain_is_float(s))
            reals(z)[i] = NAN;
        else
            numbers(z)[i] = plain_lose(s, x->bits + 1, t->unit + t->index_bits);
    }
    plain_observe(s, z);
    return s->status;
}

puma_status plain_gate(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t,
                       uint32_t window)
{
    double half = ldexp(1.0, (int)(t->unit + t->index_bits) - 1 - (int)x->frac);
    double edge = ldexp(1.0, (int)window - 1 - (int)x->frac) - ldexp(1.0, (int)t->unit - (int)x->frac);

    plain_begin(s, "gate");
    for (size_t i = 0; i < x->n; i++) {
        double v = number_of(s, x, i), y = v >= 0 ? v : 0;

        if (!plain_is_float(s) && is_poison(numbers(x)[i])) {
            numbers(z)[i] = numbers(x)[i];
        } else if (!plain_is_float(s) && !(fabs(v) < edge)) {
            numbers(z)[i] = plain_lose(s, plain_bits_of(numbers(x)[i]), window);
        } else {
            if (v >= -half && v < half) y += polynomial(t, v + half, x->frac);
            store(s, z, i, y);
        }
    }
    plain_observe(s, z);
    return s->status;
}

puma_status plain_exp2(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t high, double error)
{
    (void)error; /* rounds once */
    plain_begin(s, "exp2");
    for (size_t i = 0; i < x->n; i++) {
        double v = number_of(s, x, i);

        if (!plain_is_float(s) && is_poison(numbers(x)[i]))
            numbers(z)[i] = numbers(x)[i];
        else if (!plain_is_float(s) && v >= (double)high)
            numbers(z)[i] = plain_lose(s, x->bits + 1, x->bits);
        else
            store(s, z, i, exp2(v));
    }
    plain_observe(s, z);
    return s->status;
}

puma_status plain_maximum(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    const int64_t edge = (INT64_C(1) << (x->bits - 1)) / 16 * 15;

    plain_begin(s, "maximum");
    for (size_t i = 0; i < x->n; i++) {
        if (plain_is_float(s)) {
            /* a NaN stays one */
            reals(z)[i] = isnan(reals(x)[i]) || reals(x)[i] > reals(y)[i] ? reals(x)[i] : reals(y)[i];
        } else {
            int64_t v = numbers(x)[i], w = numbers(y)[i];

            if (is_poison(v) || is_poison(w))
                numbers(z)[i] = is_poison(v) ? v : w;
            else if (v - w >= edge || w - v >= edge)
                numbers(z)[i] = plain_lose(s, plain_bits_of(v - w), x->bits);
            else
                numbers(z)[i] = v > w ? v : w;
        }
    }
    return s->status;
}
