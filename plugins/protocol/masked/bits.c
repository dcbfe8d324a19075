/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bits.c - masked bits b = m ^ b1 ^ b2, and the choices they make (doc/rep3.md, "Bits"). */
#include "masked.h"

#include <string.h>

static void mask_tail(puma_tensor *z, uint64_t *words)
{
    if (z->n % 64 != 0) words[z->words - 1] &= (1ull << z->n % 64) - 1;
}

puma_status masked_xor(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    for (uint32_t p = 0; p < 2; p++)
        for (size_t w = 0; w < z->words; w++) z->plane[p][w] = x->plane[p][w] ^ y->plane[p][w];
    return s->status;
}

/* The 1 goes into m, which P0 does not hold. */
puma_status masked_not(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    uint64_t flip = is_dealer(masked_of(s)) ? 0 : ~0ull;

    for (size_t w = 0; w < z->words; w++) {
        z->plane[0][w] = x->plane[0][w] ^ flip;
        z->plane[1][w] = x->plane[1][w];
    }
    mask_tail(z, z->plane[0]);
    return s->status;
}

enum { MOST_SETS = 1 << 8 };

/* The sets of two or more masks whose products are dealt: those that are within a list of factors. */
static size_t dealt_sets(uint32_t *sets, const uint32_t *factors, size_t count)
{
    size_t found = 0;

    for (size_t p = 0; p < count; p++)
        for (uint32_t set = factors[p]; set != 0; set = (set - 1) & factors[p]) {
            bool known = (set & (set - 1)) == 0; /* one mask alone is its holders' own */

            for (size_t q = 0; q < p && !known; q++) known = (set & factors[q]) == set;
            if (!known && found < MOST_SETS) sets[found++] = set;
        }
    return found;
}

static size_t place_of(const uint32_t *sets, size_t count, uint32_t set)
{
    size_t at = 0;

    while (at < count && sets[at] != set) at++;
    return at;
}

/* The and of the vectors of a set: all ones if it is empty. */
static void and_of(uint64_t *z, const uint64_t *x, uint32_t set, size_t words)
{
    memset(z, 0xff, words * sizeof *z);
    for (; set != 0; set &= set - 1)
        for (size_t w = 0, from = (size_t)__builtin_ctz(set) * words; w < words; w++) z[w] &= x[from + w];
}

/* Products of masked bits as xor shares:
 *     prod_i (m_i ^ b_i) = xor over all sets S of factors of   (prod of m_i outside of S) (prod of b_i in S),
 * the m_i public to P1 and P2.  The empty set is P1's to add, of single masks each holds its half, and P0
 * deals the product of the masks of every larger set, once for all products that contain it.  Of two
 * factors that is one dealt bit, of a chain of h comparisons' digits 3 2^(h-1) - 2 h - 1. */
puma_status masked_and_many(struct masked *r, uint64_t *out, const masked_products *p, const uint64_t *m,
                            const uint64_t *mask1, const uint64_t *mask2)
{
    const puma_host *host = r->base.host;
    uint32_t         sets[MOST_SETS];
    size_t           found = dealt_sets(sets, p->factors, p->count);
    size_t           n = p->n, words = bit_words(n), opened = p->opened, mark = host->enter(&r->base);
    uint64_t        *h = host->scratch(&r->base, p->groups * found * words);
    uint64_t        *share = host->scratch(&r->base, p->groups * found * words);
    uint64_t        *part = host->scratch(&r->base, opened * words);
    puma_status      status = r->base.status;

    if (status == PUMA_OK && found == MOST_SETS)
        status = host->fail(&r->base, PUMA_EINTERNAL, "products of too many masked bits");
    if (status != PUMA_OK) goto done;
    if (is_dealer(r)) {
        for (size_t g = 0; g < p->groups; g++) {
            for (size_t w = 0; w < opened * words; w++)
                part[w] = mask1[g * opened * words + w] ^ mask2[g * opened * words + w];
            for (size_t d = 0; d < found; d++) and_of(h + (g * found + d) * words, part, sets[d], words);
        }
        status = masked_deal_bits(r, share, h, h, p->groups * found, n);
        goto done;
    }
    status = masked_deal_bits(r, share, NULL, NULL, p->groups * found, n);
    for (size_t g = 0; g < p->groups; g++)
        for (size_t i = 0; i < p->count; i++) {
            const uint64_t *mg = m + g * opened * words;
            uint64_t       *z = out + (g * p->count + i) * words;
            uint32_t        all = p->factors[i];

            and_of(z, mg, all, words);
            for (size_t w = 0; w < words && r->base.role != P1; w++) z[w] = 0;
            for (uint32_t set = all; set != 0; set = (set - 1) & all) {
                const uint64_t *b = (set & (set - 1)) == 0
                                        ? mask1 + (g * opened + (size_t)__builtin_ctz(set)) * words
                                        : share + (g * found + place_of(sets, found, set)) * words;

                and_of(part, mg, all & ~set, words);
                for (size_t w = 0; w < words; w++) z[w] ^= part[w] & b[w];
            }
        }
done:
    puma_leave(&r->base, mark, NULL);
    return status;
}

/* One dealt bit and one Open: 1 + 2 bits an element, one round. */
puma_status masked_and(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    struct masked        *r = masked_of(s);
    size_t                words = z->words, mark = s->host->enter(s);
    uint64_t             *a = s->host->scratch(s, 2 * words), *b = s->host->scratch(s, 2 * words);
    uint64_t             *out = s->host->scratch(s, words);
    const uint32_t        pair = 3;
    const masked_products product = { .factors = &pair, .count = 1, .opened = 2, .groups = 1, .n = z->n };
    puma_status           status = s->status;

    if (a != NULL && b != NULL && out != NULL) {
        memcpy(a, x->plane[0], words * sizeof *a);
        memcpy(a + words, y->plane[0], words * sizeof *a);
        memcpy(b, x->plane[1], words * sizeof *b);
        memcpy(b + words, y->plane[1], words * sizeof *b);
        if (is_dealer(r)) {
            status = masked_and_many(r, NULL, &product, NULL, a, b);
            if (status == PUMA_OK)
                status = masked_open_bits(r, NULL, z->plane[0], z->plane[1], NULL, 1, z->n);
        } else {
            status = masked_and_many(r, out, &product, a, b, NULL);
            if (status == PUMA_OK) status = masked_open_bits(r, z->plane[0], z->plane[1], NULL, out, 1, z->n);
        }
    }
    puma_leave(s, mark, NULL);
    return status;
}

/* Does choice j bring a bit that no earlier one did?  Only then is its mask dealt. */
static bool brings_bit(const puma_choice *choices, size_t j)
{
    for (size_t i = 0; i < j; i++)
        if (choices[i].bit == choices[j].bit) return false;
    return true;
}

/* Where the dealt parts of the choices begin, in vectors of n: [t] of their bits and, for those with a
 * value, [t l]. */
typedef struct choice_parts {
    size_t t, tl;
} choice_parts;

static size_t number_parts(choice_parts *parts, const puma_choice *choices, size_t count)
{
    size_t next = 0;

    for (size_t j = 0; j < count; j++) {
        if (brings_bit(choices, j))
            parts[j].t = next++;
        else
            for (size_t i = 0; i < j; i++)
                if (choices[i].bit == choices[j].bit) parts[j].t = parts[i].t;
        if (choices[j].value != NULL) parts[j].tl = next++;
    }
    return next;
}

/* P0: a vector t of each bit's masks and, where there is a value, t l; l is room for n words. */
static void multiply_masks(const puma_ring *ring, uint64_t *h, uint64_t *l, const choice_parts *at,
                           const puma_choice *choices, size_t count, const puma_tensor *z)
{
    size_t n = z->n;

    for (size_t j = 0; j < count; j++) {
        const puma_choice *ch = &choices[j];
        uint64_t          *t = h + at[j].t * n, *tl = h + at[j].tl * n;

        for (size_t i = 0; i < n && brings_bit(choices, j); i++)
            t[i] = bit_at(ch->bit->plane[0], i) ^ bit_at(ch->bit->plane[1], i);
        if (ch->value == NULL) continue;
        ring->add(l, ch->value->plane[0], ch->value->plane[1], n);
        ring->mul(tl, t, l, n);
        ring->reduce(tl, tl, z->bits, n);
    }
}

/* P1, P2: y += this party's addend of c b x, or of c b where there is no value; `first` is P1. */
static void add_choice(uint64_t *y, size_t n, const puma_choice *ch, const uint64_t *t, const uint64_t *tl,
                       bool first)
{
    const uint64_t c = ch->coefficient;

    for (size_t i = 0; i < n; i++) {
        uint64_t mb = bit_at(ch->bit->plane[0], i), sign = 1 - 2 * mb, x, own;

        if (ch->value == NULL) {
            own = first ? mb : 0;
            y[i] += c * (own + sign * t[i]);
        } else {
            x = ch->value->plane[0][i];
            own = (first ? x : 0) - ch->value->plane[1][i]; /* this party's addend of m - l1 - l2 */
            y[i] += c * (mb * own + sign * (x * t[i] - tl[i]));
        }
    }
}

/* sum_j c_j b_j x_j.  With b = m_b ^ t (t its mask, known to P0) and x = m - l:
 *     b x = m_b x + (1 - 2 m_b)(m t - t l),
 * m_b and m public to P1 and P2, so P0 deals [t] and [t l] and all is local; the sum is re-masked by one
 * Open.  A choice without value: b = m_b + (1 - 2 m_b) t.  (K a bit tensor and K a value) offline + 2K
 * online, one round. */
puma_status masked_mux_sum(puma_session *s, puma_tensor *z, const puma_choice *choices, size_t count)
{
    struct masked   *r = masked_of(s);
    const puma_ring *ring = s->host->ring;
    size_t           n = z->n, parts, mark = s->host->enter(s);
    choice_parts    *at = (choice_parts *)s->host->scratch(s, count * sizeof *at / sizeof(uint64_t) + 1);
    uint64_t        *h, *share1, *share2, *y, *l;
    puma_status      status;

    status = s->status;
    if (at == NULL) goto done;
    parts = number_parts(at, choices, count);
    h = s->host->scratch(s, parts * n);
    share1 = s->host->scratch(s, parts * n);
    share2 = s->host->scratch(s, is_dealer(r) ? parts * n : n); /* P1, P2: the sum that is opened */
    l = s->host->scratch(s, n);
    status = s->status;
    if (h == NULL || share1 == NULL || share2 == NULL || l == NULL) goto done;
    if (is_dealer(r)) {
        multiply_masks(ring, h, l, at, choices, count, z);
        status = masked_deal(r, share1, share2, h, parts * n, z->bits);
        if (status == PUMA_OK) status = masked_remask(r, z, NULL);
        goto done;
    }
    status = masked_deal(r, share1, NULL, NULL, parts * n, z->bits);
    if (status != PUMA_OK) goto done;
    y = share2;
    for (size_t j = 0; j < count; j++)
        add_choice(y, n, &choices[j], share1 + at[j].t * n, share1 + at[j].tl * n, r->base.role == P1);
    ring->reduce(y, y, z->bits, n);
    status = masked_remask(r, z, y);
done:
    puma_leave(s, mark, NULL);
    return status;
}
