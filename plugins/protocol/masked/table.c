/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* table.c - functions by secret table lookup (doc/rep3.md, "Tables").
 *
 * The index window of x: public m_i, dealt l_i, one-hot u of l_i with N entries, xor-shared.  P_b sums its
 * entries as integers,
 *     v_b = sum_i T[m_i - i] u_b[i],        v_1 - v_2 = s T[x_i],   s = 2 u_1[l_i] - 1
 * because entries that both halves hold cancel; P0 knows s, P1 and P2 lack the place l_i.  V = s T + a is
 * opened under fresh masks as wide as its ring, and T h = V [s h] - [a s h] for any h known to P0: one
 * lookup also multiplies by a factor of the mask, at no cost.  So a polynomial in the remainder
 * d = m_lo - l_lo, expanded in powers of l_lo, needs no product: tables c0 + c1 m + c2 m^2, -(c1 + 2 c2 m),
 * c2 and factors 1, l, l^2.
 *
 * Messages are Deals and Opens alone.  s is never sent; it enters dealt products only.  V is uniform by a.
 * Where a gate is shut the one-hot is zero, v_1 = v_2 and V = a.  Entries are integers from one table, so
 * P1's and P2's cancel exactly; only P0's own factors depend on a libm. */
#include "masked.h"

#include <math.h>
#include <string.h>

enum { MAX_INDEX = 8 };

/* The digits of x at P1, P2 (of m) or P0 (of l), and the one-hot of l's index. */
typedef struct lookup {
    size_t    n, entries, words;      /* words of one element's one-hot             */
    uint32_t  index_bits, unit, frac; /* of x: unit low bits are the remainder      */
    uint64_t *index, *low;            /* index digit and remainder of m or l        */
    uint64_t *hot;                    /* own half of u; at P0 P1's half             */
    uint64_t *sign;                   /* P0: s in Z_{2^64}                          */
} lookup;

/* At P0 the mask of x, elsewhere m, plus a public offset, mod 2^bits. */
static uint64_t *known_part(struct masked *r, const puma_tensor *x, uint64_t offset, uint32_t bits)
{
    const puma_ring *ring = kernels(r);
    uint64_t        *w = r->base.host->scratch(&r->base, x->n);

    if (w == NULL) return NULL;
    if (is_dealer(r))
        ring->add(w, x->plane[0], x->plane[1], x->n);
    else
        ring->offset(w, x->plane[0], offset, x->n);
    ring->reduce(w, w, bits, x->n);
    return w;
}

static puma_status lookup_new(struct masked *r, lookup *k, const puma_tensor *x, uint64_t offset,
                              uint32_t unit, uint32_t index_bits)
{
    const puma_host *host = r->base.host;
    const puma_ring *ring = kernels(r);
    puma_status      status;

    *k = (lookup){ .n = x->n, .index_bits = index_bits, .unit = unit, .frac = x->frac };
    k->entries = (size_t)1 << index_bits;
    if (index_bits == 0 || index_bits > MAX_INDEX || unit + index_bits > x->bits)
        return host->fail(&r->base, PUMA_EINTERNAL, "no table of %u index bits over %u on a ring of %u",
                          index_bits, unit, x->bits);
    k->words = bit_words(k->entries);
    k->index = known_part(r, x, offset, x->bits);
    k->low = host->scratch(&r->base, k->n);
    k->hot = host->scratch(&r->base, k->n * k->words);
    k->sign = host->scratch(&r->base, k->n);
    if (k->index == NULL || k->low == NULL || k->hot == NULL || k->sign == NULL) return r->base.status;
    ring->reduce(k->low, k->index, unit, k->n);
    ring->shift_right(k->index, k->index, unit, k->n);
    ring->reduce(k->index, k->index, index_bits, k->n);
    status = masked_deal_one_hots(r, k->hot, k->index, 0, index_bits, k->n);
    for (size_t i = 0; i < k->n && is_dealer(r); i++)
        k->sign[i] = 2 * bit_at(k->hot + i * k->words, k->index[i]) - 1;
    return status;
}

/* Terms of a lookup: term j is 2^grade T_j h_j, T_j opened and multiplied in Z_{2^(ring-grade)}. */
typedef struct term {
    uint64_t *v; /* P1, P2: own sum */
    uint64_t *h; /* P0: factor      */
    uint32_t  grade;
} term;

/* Additive shares of sum_j 2^grade_j T_j h_j in Z_{2^ring}.  ring (count + 1) - grades offline, 2 (ring -
 * grade) a term online, one round. */
static puma_status multiply_terms(struct masked *r, uint64_t *out, const lookup *k, term *terms, size_t count,
                                  uint32_t ring_bits)
{
    const puma_host *host = r->base.host;
    const puma_ring *ring = kernels(r);
    size_t           n = k->n, mark = host->enter(&r->base);
    masked_opening   o[3];
    uint64_t        *sh = host->scratch(&r->base, n), *masks = host->scratch(&r->base, n);
    uint64_t        *share1 = host->scratch(&r->base, n), *share2 = host->scratch(&r->base, n);
    puma_status      status;

    for (size_t j = 0; j < count; j++) {
        o[j] = (masked_opening){ .y = terms[j].v,
                                 .c = terms[j].v,
                                 .mask1 = host->scratch(&r->base, n),
                                 .mask2 = host->scratch(&r->base, n),
                                 .n = n,
                                 .bits = ring_bits - terms[j].grade };
        if (r->base.role == P2) ring->neg(terms[j].v, terms[j].v, n);
    }
    status = r->base.status;
    if (status == PUMA_OK) status = masked_open_many(r, o, count);
    if (!is_dealer(r) && status == PUMA_OK) memset(out, 0, n * sizeof *out);
    for (size_t j = 0; j < count && status == PUMA_OK; j++) {
        if (is_dealer(r)) {
            ring->mul(sh, k->sign, terms[j].h, n);
            ring->add(o[j].mask1, o[j].mask1, o[j].mask2, n); /* a_j */
            for (size_t i = 0; i < n; i++) masks[i] += o[j].mask1[i] * sh[i] << terms[j].grade;
        }
        status = masked_deal(r, share1, share2, sh, n, o[j].bits);
        for (size_t i = 0; i < n && !is_dealer(r); i++) out[i] += o[j].c[i] * share1[i] << terms[j].grade;
    }
    if (status == PUMA_OK) status = masked_deal(r, share1, share2, masks, n, ring_bits);
    if (!is_dealer(r) && status == PUMA_OK) {
        ring->sub(out, out, share1, n);
        ring->reduce(out, out, ring_bits, n);
    }
    puma_leave(&r->base, mark, NULL);
    return status;
}

/* x 2^-by, rounded; by may be 0. */
static int64_t shifted(int64_t x, uint32_t by) { return by == 0 ? x : (x + ((int64_t)1 << (by - 1))) >> by; }

/* How finely the polynomial is kept, from the error that the caller allows.  Slope and curvature are rounded
 * to slope_keep and curve_keep fraction bits, P0's factors l and l^2 to `factor` bits: the slope's rounding
 * is multiplied by a bucket's width w at most, the curvature's by w^2, the factors' by the largest slope and
 * curvature.  Of the allowance three tenths go to the slope, half to the curvature, a tenth to each factor.
 * Below the LEAST bits a shorter coefficient saves next to nothing. */
enum { LEAST_SLOPE = 11, LEAST_CURVE = 9 };

typedef struct grain {
    uint32_t slope_keep, curve_keep, factor;
} grain;

/* The least number of bits, `from` at least, with size * 2^-bits <= allowed. */
static uint32_t bits_for(double size, double allowed, uint32_t from)
{
    double step = ldexp(size, -(int)from);

    for (; step > allowed && from < 62; from++) step /= 2;
    return from;
}

/* The largest of n coefficients of `frac` fraction bits. */
static double largest(const int64_t *c, size_t n, uint32_t frac)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) most = fmax(most, fabs((double)c[i]));
    return ldexp(most, -(int)frac);
}

static puma_status grain_of(struct masked *r, grain *g, const puma_table *t, uint32_t frac)
{
    size_t n = (size_t)1 << t->index_bits;
    double width = ldexp(1, (int)t->unit - (int)frac);

    g->slope_keep = bits_for(width, 0.3 * t->error, t->slope_frac < LEAST_SLOPE ? 0 : LEAST_SLOPE);
    g->curve_keep = bits_for(width * width, 0.5 * t->error, t->curve_frac < LEAST_CURVE ? 0 : LEAST_CURVE);
    g->factor = bits_for(fmax(largest(t->c[1], n, t->slope_frac), largest(t->c[2], n, t->curve_frac)) / 2,
                         0.1 * t->error, 0);
    if (g->slope_keep > t->slope_frac || g->curve_keep > t->curve_frac ||
        g->slope_keep + g->factor > t->frac || g->curve_keep + g->factor > t->frac)
        return r->base.host->fail(&r->base, PUMA_ENUMERIC,
                                  "a table of %u fraction bits cannot be looked up to within %g", t->frac,
                                  t->error);
    return PUMA_OK;
}

/* A table as the sums read it: backwards and twice in a row, so that what the entries of an element's one-hot
 * are multiplied by lies in order from its index on, and what the remainder does not enter is rounded
 * already. */
typedef struct unrolled {
    /* 4: a vector may begin at the last entry */
    uint64_t c[3][(2 << MAX_INDEX) + 4], slope[(2 << MAX_INDEX) + 4], curve[(2 << MAX_INDEX) + 4];
} unrolled;

static void unroll(unrolled *f, const puma_table *t, const grain *g, const lookup *k)
{
    size_t   last = k->entries - 1;
    uint32_t slope_keep = t->slope_frac - g->slope_keep, curve_keep = t->curve_frac - g->curve_keep;

    for (size_t at = 0; at < 2 * k->entries; at++) {
        size_t d = (last - at) & last;

        for (size_t j = 0; j < 3; j++) f->c[j][at] = (uint64_t)t->c[j][d];
        f->slope[at] = (uint64_t)shifted(t->c[1][d], slope_keep);
        f->curve[at] = (uint64_t)shifted(t->c[2][d], curve_keep);
    }
}

/* Four ring words: two instructions' worth with SSE2, one with AVX2.  The lanes of a product of a coefficient
 * and a remainder are numbers below 2^62, raised before the shift because no instruction shifts signed
 * words. */
typedef uint64_t quad __attribute__((vector_size(32)));
#define LOAD(v, p) memcpy(&(v), (p), sizeof(v))
#define RAISE ((uint64_t)1 << 62)
#define HALF(by) ((uint64_t)1 << (by) >> 1)
#define SHIFTED(x, by) ((((x) + (RAISE + HALF(by))) >> (by)) - (RAISE >> (by)))

/* The three sums of each element over all entries, whatever the bits. */
static inline __attribute__((always_inline)) void
sum_entries(term v[3], const unrolled *f, const puma_table *t, const grain *g, const lookup *k)
{
    const quad     lanes = { 0, 1, 2, 3 };
    const uint64_t slope = t->slope_frac + k->frac - t->frac, curve = t->curve_frac + 2 * k->frac - t->frac;
    const uint64_t cross = t->curve_frac + k->frac - g->slope_keep;

    for (size_t i = 0; i < k->n; i++) {
        const uint64_t *hot = k->hot + i * k->words, m = k->low[i];
        const size_t    from = k->entries - 1 - k->index[i]; /* an index by m: public to P1 and P2 */
        quad            a = { 0 }, b = { 0 }, c = { 0 };

        for (size_t e = 0; e < k->entries; e += 4) {
            quad c0, c1, c2, s, q, take = 0 - (hot[e / 64] >> (lanes + e % 64) & 1);

            LOAD(c0, f->c[0] + from + e);
            LOAD(c1, f->c[1] + from + e);
            LOAD(c2, f->c[2] + from + e);
            LOAD(s, f->slope + from + e);
            LOAD(q, f->curve + from + e);
            c1 *= m;
            c2 *= m;
            a += take & (c0 + SHIFTED(c1, slope) + SHIFTED(c2 * m, curve));
            b -= take & (s + SHIFTED(c2 + c2, cross));
            c += take & q;
        }
        v[0].v[i] = a[0] + a[1] + a[2] + a[3];
        v[1].v[i] = b[0] + b[1] + b[2] + b[3];
        v[2].v[i] = c[0] + c[1] + c[2] + c[3];
    }
}

#if defined(__x86_64__)
static __attribute__((target("avx2"))) void
sum_entries_avx2(term v[3], const unrolled *f, const puma_table *t, const grain *g, const lookup *k)
{
    sum_entries(v, f, t, g, k);
}
#endif

static void sum_polynomials(term v[3], const puma_table *t, const grain *g, const lookup *k)
{
    unrolled f = { 0 };

    unroll(&f, t, g, k);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        sum_entries_avx2(v, &f, t, g, k);
        return;
    }
#endif
    sum_entries(v, &f, t, g, k);
}

/* Additive shares of p_D(d) at t->frac bits in Z_{2^t->ring}. */
static puma_status polynomial(struct masked *r, uint64_t *out, const lookup *k, const puma_table *t)
{
    const puma_host *host = r->base.host;
    size_t           n = k->n, mark = host->enter(&r->base);
    grain            g;
    term             terms[3] = { { .grade = 0 } };
    puma_status      status = PUMA_OK;

    if (grain_of(r, &g, t, k->frac) != PUMA_OK) goto done;
    terms[1].grade = t->frac - g.slope_keep - g.factor;
    terms[2].grade = t->frac - g.curve_keep - g.factor;
    for (size_t j = 0; j < 3; j++) {
        terms[j].v = host->scratch(&r->base, n);
        terms[j].h = host->scratch(&r->base, n);
    }
    status = r->base.status;
    for (size_t i = 0; i < n && status == PUMA_OK && is_dealer(r); i++) {
        uint64_t l = k->low[i];

        terms[0].h[i] = 1;
        terms[1].h[i] = (uint64_t)shifted((int64_t)(l << g.factor), k->frac);
        terms[2].h[i] = (uint64_t)shifted((int64_t)(l * l << g.factor), 2 * k->frac);
    }
    if (status == PUMA_OK && !is_dealer(r)) sum_polynomials(terms, t, &g, k);
    if (status == PUMA_OK) status = multiply_terms(r, out, k, terms, 3, t->ring);
done:
    puma_leave(&r->base, mark, NULL);
    return r->base.status == PUMA_OK ? status : r->base.status;
}

/* Opens additive shares y (P1, P2) in Z_{2^k} for a truncation: c at P1, P2 and r at P0 in place of y. */
static puma_status open_for_trunc(struct masked *r, uint64_t *y, size_t n, uint32_t k, bool exact)
{
    const puma_ring *ring = kernels(r);
    size_t           mark = r->base.host->enter(&r->base);
    uint64_t        *mask1 = r->base.host->scratch(&r->base, n), *mask2 = r->base.host->scratch(&r->base, n);
    puma_status      status = r->base.status;

    if (mask1 != NULL && mask2 != NULL) {
        if (exact && r->base.role == P1) ring->offset(y, y, 1ull << (k - 2), n);
        status = masked_open(r, y, mask1, mask2, y, n, k);
        if (is_dealer(r)) ring->add(y, mask1, mask2, n);
        ring->reduce(y, y, k, n);
    }
    puma_leave(&r->base, mark, NULL);
    return status;
}

/* One-hot N, terms, an Open and the end of trunc.c: three rounds, or two where the narrow form fits. */
puma_status masked_table(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t)
{
    struct masked *r = masked_of(s);
    size_t         mark = s->host->enter(s);
    uint32_t       shift = t->frac - z->frac;
    bool           narrow = z->bits + shift <= t->ring;
    uint64_t      *y = s->host->scratch(s, x->n);
    lookup         k;
    puma_status    status = s->status;

    if (y != NULL) status = lookup_new(r, &k, x, 0, t->unit, t->index_bits);
    if (status == PUMA_OK) status = polynomial(r, y, &k, t);
    if (status == PUMA_OK) status = open_for_trunc(r, y, x->n, narrow ? z->bits + shift : t->ring, !narrow);
    if (status == PUMA_OK && narrow)
        status = masked_trunc_narrow(r, z, y, y, shift);
    else if (status == PUMA_OK)
        status = masked_trunc_exact(r, z, y, y, t->ring, shift);
    puma_leave(s, mark, NULL);
    return status;
}

/* The two bits of a gate as masked bits: bit 0 "x lies in the buckets", bit 1 "its bucket is at or right of
 * the middle".  Both are read off the digit above the bucket's, with the borrow [l > m] of the bucket's: bit
 * 0 for x moved by half of the buckets, bit 1 for x itself. */
static puma_status gate_bits(struct masked *r, uint64_t *m, uint64_t *mask1, uint64_t *mask2, const lookup *k,
                             const puma_tensor *x, uint32_t window)
{
    const puma_host *host = r->base.host;
    size_t           n = k->n, words = bit_words(n), mark = host->enter(&r->base);
    uint32_t         below = k->unit + k->index_bits, high_bits = window - below;
    size_t           high_entries = (size_t)1 << high_bits, high_words = bit_words(high_entries);
    uint64_t         half = (uint64_t)k->entries / 2 << k->unit;
    uint64_t        *moved = known_part(r, x, half, window), *here = known_part(r, x, 0, window);
    uint64_t        *hot = host->scratch(&r->base, n * high_words), *y = host->scratch(&r->base, 4 * words);
    uint64_t        *first = host->scratch(&r->base, 2 * words), *out = host->scratch(&r->base, 2 * words);
    uint64_t        *open1 = host->scratch(&r->base, 4 * words), *open2 = host->scratch(&r->base, 4 * words);
    const uint32_t   pairs[] = { 3, 12 };
    masked_products  products = { .factors = pairs, .count = 2, .opened = 4, .groups = 1, .n = n };
    puma_status      status = r->base.status;

    if (status != PUMA_OK) goto done;
    status = masked_deal_one_hots(r, hot, moved, below, high_bits, n);
    if (status != PUMA_OK) goto done;
    if (is_dealer(r)) {
        status = masked_open_bits(r, NULL, open1, open2, NULL, 4, n);
        if (status == PUMA_OK) status = masked_and_many(r, NULL, &products, NULL, open1, open2);
        if (status == PUMA_OK) status = masked_open_bits(r, NULL, mask1, mask2, NULL, 2, n);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        const uint64_t *u = k->hot + i * k->words, *uh = hot + i * high_words;
        size_t          last = k->entries - 1; /* all indices are by m, public to P1 and P2 */
        size_t          bucket[2] = { moved[i] >> k->unit & last, here[i] >> k->unit & last };
        size_t          high[2] = { moved[i] >> below, here[i] >> below };
        uint64_t        borrow[2], with[2], without[2];

        for (int j = 0; j < 2; j++) borrow[j] = xor_behind(u, k->words, bucket[j]);
        /* in: the high digit of the moved index is 0, minus the borrow or not */
        without[0] = bit_at(uh, high[0]);
        with[0] = bit_at(uh, (high[0] - 1) & (high_entries - 1));
        /* right: the high digit of the index is in the lower half, that is not negative */
        without[1] = xor_half(uh, high_words, high_entries, high[1]);
        with[1] = xor_half(uh, high_words, high_entries, (high[1] - 1) & (high_entries - 1));
        for (size_t j = 0; j < 2; j++) {
            y[2 * j * words + i / 64] |= borrow[j] << i % 64;
            y[(2 * j + 1) * words + i / 64] |= (without[j] ^ with[j]) << i % 64;
            first[j * words + i / 64] |= without[j] << i % 64;
        }
    }
    status = masked_open_bits(r, open1, open2, NULL, y, 4, n);
    if (status == PUMA_OK) status = masked_and_many(r, out, &products, open1, open2, NULL);
    for (size_t w = 0; w < 2 * words; w++) out[w] ^= first[w];
    if (status == PUMA_OK) status = masked_open_bits(r, m, mask1, NULL, out, 2, n);
done:
    puma_leave(&r->base, mark, NULL);
    return status;
}

/* The one-hot times the masked bit `in`: in e = m_in u ^ w, w = b_in e dealt.  P0 finds the new sign: e's
 * half at P1 is w's where b_in = 1 (then m_in = 0 when the gate is open), else (u ^ w)'s; where the gate is
 * shut the sign does not matter. */
static puma_status gate_one_hot(struct masked *r, lookup *k, const uint64_t *m, const uint64_t *mask1,
                                const uint64_t *mask2)
{
    const puma_host *host = r->base.host;
    size_t           n = k->n, mark = host->enter(&r->base);
    uint64_t        *h = host->scratch(&r->base, n * k->words), *w = host->scratch(&r->base, n * k->words);
    puma_status      status = r->base.status;

    if (h == NULL || w == NULL) goto done;
    for (size_t i = 0; i < n && is_dealer(r); i++)
        h[i * k->words + k->index[i] / 64] |= (bit_at(mask1, i) ^ bit_at(mask2, i)) << k->index[i] % 64;
    status = masked_deal_bits(r, w, h, h, n, k->entries);
    for (size_t i = 0; i < n; i++) {
        if (is_dealer(r)) {
            uint64_t b = bit_at(mask1, i) ^ bit_at(mask2, i), dealt = bit_at(w + i * k->words, k->index[i]);

            k->sign[i] = 2 * (dealt ^ ((b ^ 1) & bit_at(k->hot + i * k->words, k->index[i]))) - 1;
        } else {
            uint64_t open = 0 - bit_at(m, i);

            for (size_t j = 0; j < k->words; j++)
                k->hot[i * k->words + j] = (k->hot[i * k->words + j] & open) ^ w[i * k->words + j];
        }
    }
done:
    puma_leave(&r->base, mark, NULL);
    return status;
}

/* y = right * x + in * p_D(d).  Five rounds: the predicates, the two bits, the lookup, its opening, the
 * sum's re-masking. */
puma_status masked_gate(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t,
                        uint32_t window)
{
    struct masked   *r = masked_of(s);
    const puma_host *host = s->host;
    const puma_ring *ring = kernels(r);
    size_t           n = x->n, words = bit_words(n), mark = host->enter(s);
    uint64_t         half = (uint64_t)1 << (t->unit + t->index_bits - 1);
    uint64_t        *m = host->scratch(s, 2 * words);
    uint64_t        *mask1 = host->scratch(s, 2 * words), *mask2 = host->scratch(s, 2 * words);
    uint64_t        *y = host->scratch(s, n), *sum = host->scratch(s, n), *h = host->scratch(s, 2 * n);
    uint64_t        *share1 = host->scratch(s, 2 * n), *share2 = host->scratch(s, 2 * n);
    lookup           k;
    puma_status      status = s->status;

    if (window <= t->unit + t->index_bits || window > t->unit + t->index_bits + MAX_INDEX || window > x->bits)
        status = host->fail(s, PUMA_EINTERNAL, "no gate of a window of %u over %u + %u bits on a ring of %u",
                            window, t->unit, t->index_bits, x->bits);
    if (status == PUMA_OK) status = lookup_new(r, &k, x, half, t->unit, t->index_bits);
    if (status == PUMA_OK) status = gate_bits(r, m, mask1, mask2, &k, x, window);
    if (status == PUMA_OK) status = gate_one_hot(r, &k, m, mask1, mask2);
    if (status == PUMA_OK) status = polynomial(r, y, &k, t);
    if (status == PUMA_OK) status = open_for_trunc(r, y, n, t->ring, true);
    if (status == PUMA_OK) status = masked_trunc_shares(r, sum, y, y, n, t->ring, t->frac - z->frac, z->bits);
    if (status != PUMA_OK) goto done;
    /* right * x = m_b x + (1 - 2 m_b)(m b - b l), b the bit's mask, as in mux_sum */
    for (size_t i = 0; i < n && is_dealer(r); i++) {
        h[i] = bit_at(mask1 + words, i) ^ bit_at(mask2 + words, i);
        h[n + i] = h[i] * (x->plane[0][i] + x->plane[1][i]);
    }
    ring->reduce(h, h, z->bits, 2 * n);
    status = masked_deal(r, share1, share2, h, 2 * n, z->bits);
    for (size_t i = 0; i < n && !is_dealer(r); i++) {
        uint64_t mb = bit_at(m + words, i), own = (r->base.role == P1 ? x->plane[0][i] : 0) - x->plane[1][i];

        sum[i] += mb * own + (1 - 2 * mb) * (x->plane[0][i] * share1[i] - share1[n + i]);
    }
    ring->reduce(sum, sum, z->bits, n);
    if (status == PUMA_OK) status = masked_remask(r, z, sum);
done:
    puma_leave(s, mark, NULL);
    return status;
}

/* --- 2^x -------------------------------------------------------------------------------------- */

enum {
    STEP = 2,  /* the index counts in 2^STEP      */
    HEAD = 18, /* fraction bits of the table      */
    TAIL = 18, /* fraction bits of P0's factor    */
};
#define EXP2_ERROR 4e-5 /* what HEAD and TAIL come to, times max(1, 2^x) */

/* 1 + sum x / by with 31 fraction bits.  Inline, so that `by` is a constant and the CPU does not divide. */
static inline __attribute__((always_inline)) uint64_t taylor(uint64_t sum, uint64_t x, uint64_t by)
{
    return (1ull << 31) + (sum * x / by >> 31);
}

/* 2^(low 2^-frac) with HEAD fraction bits, low < 2^(frac + STEP): integers alone, so that P1 and P2 agree on
 * any machine. */
static uint64_t power_of_two(uint64_t low, uint32_t frac)
{
    const uint64_t ln2 = 0x58b90bfc; /* ln 2, 31 fraction bits */
    uint64_t       whole = low >> frac, part = (low & ((1ull << frac) - 1)) << (31 - frac);
    uint64_t       x = part * ln2 >> 31, sum = 1ull << 31;

    /* Taylor: 2^part = e^x, x < 0.7 */
    sum = taylor(taylor(taylor(sum, x, 9), x, 8), x, 7);
    sum = taylor(taylor(taylor(sum, x, 6), x, 5), x, 4);
    sum = taylor(taylor(taylor(sum, x, 3), x, 2), x, 1);
    return (uint64_t)shifted((int64_t)(sum << whole), 31 - HEAD);
}

/* x = 4 D + (m_lo - l_lo): T[D] = 2^(4 D + m_lo), a shift of 2^m_lo, factor 2^-l_lo.  D covers the whole
 * integer window, so nothing is clipped.  N - 1 + 2k + K + 4k bits, two rounds,
 * with k = K + HEAD + TAIL - frac. */
puma_status masked_exp2(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t high, double error)
{
    struct masked   *r = masked_of(s);
    const puma_host *host = s->host;
    size_t           n = x->n, mark = host->enter(s);
    uint32_t         unit = x->frac + STEP, shift = HEAD + TAIL - z->frac, k_bits = z->bits + shift;
    int64_t          top = (int64_t)(high >> STEP) + 1; /* the largest D that occurs */
    uint64_t        *y = host->scratch(s, n);
    term             one = { .v = host->scratch(s, n), .h = host->scratch(s, n), .grade = 0 };
    lookup           k;
    puma_status      status = s->status;

    if (error < EXP2_ERROR)
        status = host->fail(s, PUMA_ENUMERIC, "exp2 to within %g (limit %g)", error, EXP2_ERROR);
    if (k_bits > 64)
        status = host->fail(s, PUMA_EINTERNAL, "exp2 into a ring of %u bits needs %u", z->bits, k_bits);
    /* All of -6 … top need entries of their own. */
    if (x->bits < unit + 3 || top + (HEAD + 4) / (1 << STEP) + 2 > (int64_t)1 << (x->bits - unit))
        status = host->fail(s, PUMA_EINTERNAL, "exp2 of a ring of %u bits with %u fraction bits up to %u",
                            x->bits, x->frac, high);
    if (status == PUMA_OK) status = lookup_new(r, &k, x, 0, unit, x->bits - unit);
    if (status != PUMA_OK) goto done;
    for (size_t i = 0; i < n; i++) {
        if (is_dealer(r)) {
            double l = ldexp((double)k.low[i], -(int)x->frac); /* P0's own mask */

            one.h[i] = (uint64_t)llround(ldexp(exp2(-l), TAIL));
        } else {
            int64_t head = (int64_t)power_of_two(k.low[i], x->frac), v = 0;

            /* Entries further down round to nothing. */
            for (int64_t d = -((HEAD + 4) >> STEP) - 1; d <= top; d++) {
                size_t  at = (k.index[i] - (uint64_t)d) & (k.entries - 1);
                int64_t take = -(int64_t)bit_at(k.hot + i * k.words, at);

                v += take & (d >= 0 ? head << (d << STEP) : shifted(head, (uint32_t)(-d << STEP)));
            }
            one.v[i] = (uint64_t)v;
        }
    }
    status = multiply_terms(r, y, &k, &one, 1, k_bits);
    if (status == PUMA_OK) status = open_for_trunc(r, y, n, k_bits, false);
    if (status == PUMA_OK) status = masked_trunc_narrow(r, z, y, y, shift);
done:
    puma_leave(s, mark, NULL);
    return status;
}
