/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* operands.c - see cases.h */
#include "cases.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers ---------------------------------------------------------------------------------- */

uint64_t draw(void)
{
    static uint64_t state = 0x5eed; /* of splitmix64 */
    uint64_t        z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t mask(uint32_t bits) { return bits >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1; }

int64_t signed_of(uint64_t word, uint32_t bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);

    return (int64_t)(((word & mask(bits)) ^ sign) - sign);
}

/* v mod 2^bits, between -2^(bits-1) and 2^(bits-1); bits up to 127. */
static int128 centre(int128 v, uint32_t bits)
{
    unsigned __int128 one = 1, m = (one << bits) - 1, sign = one << (bits - 1);

    return (int128)((((unsigned __int128)v & m) ^ sign) - sign);
}

int64_t number(size_t i, uint32_t limit, uint32_t frac)
{
    int64_t  most = (int64_t)(mask(limit < 63 ? limit : 62));
    int64_t  one = frac < limit ? INT64_C(1) << frac : 0;
    int64_t  edges[] = { 0, 1, -1, one, -one, most, -most, most - 1, one + 1, 1 - one };
    uint32_t size;

    if (i < COUNT(edges)) return llabs(edges[i]) <= most ? edges[i] : 0;
    if (limit == 0) return 0;
    size = 1 + (uint32_t)(draw() % (limit < 63 ? limit : 62));
    most = (int64_t)(draw() & mask(size));
    return draw() & 1 ? most : -most;
}

int128 add_product(int128 sum, int128 x, int128 y)
{
    return (int128)((unsigned __int128)sum + (unsigned __int128)x * (unsigned __int128)y);
}

/* --- operands --------------------------------------------------------------------------------- */

void array_make(array *a, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits, uint32_t frac)
{
    *a = (array){ .kind = kind, .rank = rank, .n = 1, .bits = bits, .frac = frac };
    for (uint32_t i = 0; i < PUMA_MAX_RANK; i++) {
        a->dim[i] = i < rank ? dim[i] : 1;
        a->n *= a->dim[i];
    }
    a->words = kind == PUMA_BIT ? (a->n + 63) / 64 : a->n;
    a->w = calloc(a->words + 1, sizeof *a->w);
    if (!a->w) fatal("out of memory");
}

static array *make1(array *a, puma_kind kind, size_t n, uint32_t bits, uint32_t frac)
{
    array_make(a, kind, 1, &n, bits, frac);
    return a;
}

array *operand(task *t, size_t n, uint32_t bits, uint32_t frac)
{
    return make1(&t->in[t->ins++], PUMA_ARITH, n, bits, frac);
}

array *bit_operand(task *t, size_t n) { return make1(&t->in[t->ins++], PUMA_BIT, n, 1, 0); }

array *matrix_operand(task *t, size_t rows, size_t columns, uint32_t bits, uint32_t frac)
{
    array *a = &t->in[t->ins++];

    array_make(a, PUMA_ARITH, 2, (size_t[]){ rows, columns }, bits, frac);
    return a;
}

array *result(task *t, size_t n, uint32_t bits, uint32_t frac)
{
    return make1(&t->out[t->outs++], PUMA_ARITH, n, bits, frac);
}

array *bit_result(task *t, size_t n) { return make1(&t->out[t->outs++], PUMA_BIT, n, 1, 0); }

array *constants(task *t, size_t k, size_t n, uint32_t bits, uint32_t frac)
{
    return make1(&t->constants[k], PUMA_ARITH, n, bits, frac);
}

void fill_numbers(array *a, uint32_t limit)
{
    for (size_t i = 0; i < a->n; i++) a->w[i] = (uint64_t)number(i, limit, a->frac) & mask(a->bits);
}

/* Any word of the ring. */
void fill_words(array *a)
{
    for (size_t i = 0; i < a->n; i++) a->w[i] = draw() & mask(a->bits);
    if (a->n > 0) a->w[0] = mask(a->bits);
    if (a->n > 1) a->w[1] = UINT64_C(1) << (a->bits - 1);
}

void fill(array *a, const spec *s)
{
    if (s->flags & WRAPS)
        fill_words(a);
    else
        fill_numbers(a, s->limit);
}

void fill_bits(array *a)
{
    for (size_t i = 0; i < a->words; i++) a->w[i] = draw();
    if (a->n % 64) a->w[a->words - 1] &= mask((uint32_t)(a->n % 64));
}

void fill_reals(array *a)
{
    for (size_t i = 0; i < a->n; i++) {
        double v = ldexp((double)(int64_t)draw(), -60);

        memcpy(&a->w[i], &v, sizeof v);
    }
}

void fill_edges(array *a)
{
    uint64_t edge = mask(a->bits - 2);

    for (size_t i = 1; i < a->n; i += 2) a->w[i] = (i % 4 == 1 ? edge - i % 3 : i % 3 - edge) & mask(a->bits);
}

bool    bit(const array *a, size_t i) { return a->w[i / 64] >> (i % 64) & 1; }
int64_t at(const array *a, size_t i) { return signed_of(a->w[i], a->bits); }

double real_at(const array *a, size_t i)
{
    double v;

    memcpy(&v, &a->w[i], sizeof v);
    return v;
}

/* --- judges ----------------------------------------------------------------------------------- */

const char *complaint(const char *format, ...)
{
    static char text[200];
    va_list     list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return text;
}

const char *differs(size_t i, int128 got, int128 wanted)
{
    return complaint("element %zu: got %lld, expected %lld", i, (long long)got, (long long)wanted);
}

const char *differs_real(size_t i, double got, double wanted)
{
    return complaint("element %zu: got %.17g, expected %.17g", i, got, wanted);
}

const char *tail_is_clean(const array *a)
{
    if (a->kind == PUMA_BIT && a->n % 64 && a->w[a->words - 1] >> (a->n % 64))
        return "bits behind the last one are set";
    return NULL;
}

const char *words_are(const task *t, uint64_t (*wanted)(const task *t, size_t i))
{
    const array *z = &t->out[0];

    for (size_t i = 0; i < z->n; i++) {
        uint64_t word = wanted(t, i) & mask(z->bits);

        if (z->w[i] != word) return differs(i, at(z, i), signed_of(word, z->bits));
    }
    return NULL;
}

const char *bits_are(const task *t, bool (*wanted)(const task *t, size_t i))
{
    const array *z = &t->out[0];

    for (size_t i = 0; i < z->n; i++)
        if (bit(z, i) != wanted(t, i)) return differs(i, bit(z, i), !bit(z, i));
    return tail_is_clean(z);
}

const char *truncated(const task *t, int128 (*sum_of)(const task *t, size_t i))
{
    const array *z = &t->out[0];
    uint32_t     shift = t->s->shift, bits = t->s->bits;
    bool         narrow = z->bits + shift <= bits;
    int128       unit = (int128)1 << shift, edge = (int128)1 << (bits - 2);
    double       total = 0, bound;

    for (size_t i = 0; i < z->n; i++) {
        int128 sum = sum_of(t, i), error;

        if (!narrow && !(t->s->flags & WRAPS) && (sum >= edge || sum <= -edge))
            return "the case breaks its own precondition";
        error = (int128)at(z, i) * unit - sum;
        if (narrow || (t->s->flags & WRAPS)) error = centre(error, z->bits + shift);
        if (shift == 0 ? error != 0 : (error >= unit || error <= -unit))
            return complaint("element %zu: got %lld, expected %.17g (off by %.6g ulp)", i,
                             (long long)at(z, i), ldexp((double)sum, -(int)shift),
                             ldexp((double)error, -(int)shift));
        total += ldexp((double)error, -(int)shift);
    }
    bound = 3.0 / sqrt((double)z->n); /* six standard deviations of the coin, which has at most 1/2 */
    if ((t->s->flags & MANY) && fabs(total / (double)z->n) > bound)
        return complaint("mean error %.5f ulp (limit %.5f)", total / (double)z->n, bound);
    return NULL;
}

/* --- backends --------------------------------------------------------------------------------- */

void halve(double *row, size_t n, const void *context)
{
    double first = n > 1 ? row[0] / 2 : 0;

    (void)context;
    for (size_t i = 0; i < n; i++) row[i] = row[i] / 2 + first;
}

bool has_apply(const plugin_extensions *x) { return x->clear.apply != NULL; }
