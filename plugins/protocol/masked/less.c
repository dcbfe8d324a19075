/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* less.c - comparison with public thresholds by digits (doc/rep3.md, "Comparison").
 *
 * The sign of x - c in a window of `width` bits from bit `low` on: m and l are cut to the window (m moved by
 * the public c) and into digits.  For each digit of l P0 deals the xor-shared one-hot vector (onehot.c).
 * With m public to P1 and P2, [l > m] and [l = m] of a digit are xors of entries: local, and as often as
 * there are thresholds.  From the lowest digit up, borrow = [l > m] ^ [l = m] * (borrow below); in the top
 * digit, sign = A0 ^ borrow * (A0 ^ A1) with A0 = [m - l in the upper half], A1 = [m - l - 1 in the upper
 * half].  This is the same form, so a tree of
 *     (L, E) of h neighbours -> (L_h ^ E_h L_(h-1) ^ E_h E_(h-1) L_(h-2) ^ …, E_h E_(h-1) …)
 * computes both, and only what enters an AND is opened.  Rounds: the levels of the tree, and one for the
 * masked result.
 *
 * Nothing but fresh-masked bits is opened; lt, eq, the borrow and the sign never are.  P2's half of a
 * one-hot is padded by P1's.  Dropping `low` bits of m and of l moves the threshold by less than 2^low. */
#include "masked.h"

#include <string.h>

enum { MOST_BITS = 10, MOST_DIGITS = 64, MOST_GROUP = MASKED_MOST_FACTORS };

/* The cut: digit d is bits at[d] to at[d + 1] - 1 of the window; `group` neighbours are joined at a time. */
typedef struct digits {
    size_t   count, group;
    uint32_t at[MOST_DIGITS + 1];
} digits;

/* As even as can be, because a bit more doubles a one-hot; the longer digits are the lower ones. */
static digits cut(uint32_t width, uint32_t most, size_t group)
{
    uint32_t count = (width + most - 1) / most;
    digits   d = { .count = count, .group = group };

    for (uint32_t i = 0; i < count; i++) d.at[i + 1] = d.at[i] + width / count + (i < width % count);
    return d;
}

/* What a group of h nodes opens and how many products it needs: the lowest group's E is not needed, and a
 * node alone in its group is joined with none. */
static size_t opened_bits(size_t h, bool lowest) { return h < 2 ? 0 : 2 * h - 1 - lowest; }
static size_t product_count(size_t h, bool lowest) { return h < 2 ? 0 : h - lowest; }

#ifdef MASKED_DIGIT
/* The leak tests enumerate secrets, and so take smaller digits and other groups. */
#ifndef MASKED_GROUP
#define MASKED_GROUP 3
#endif
static digits cheapest(size_t n, size_t thresholds, uint32_t width)
{
    (void)n;
    (void)thresholds;
    return cut(width, MASKED_DIGIT, MASKED_GROUP);
}
#else
/* What a round is worth: between the bits that pass in half a round trip at 5 Gbit/s and 1 ms (2.5 million)
 * and at 400 Mbit/s and 40 ms (8 million). */
enum { ROUND = 1 << 22 };

static uint64_t dealt_bits(size_t h, bool lowest)
{
    uint64_t half = 1ull << h >> 1;

    return h < 2 ? 0 : 3 * half - 2 * h - 1 + (lowest ? 0 : half - 1);
}

/* Of all cuts and groups the one that costs least, from public shapes alone. */
static digits cheapest(size_t n, size_t thresholds, uint32_t width)
{
    digits   best = cut(width, 1, 2);
    uint64_t least = UINT64_MAX;

    for (uint32_t most = 1; most <= MOST_BITS; most++)
        for (size_t group = 2; group <= MOST_GROUP; group++) {
            digits   d = cut(width, most, group);
            uint64_t hots = 0, ands = 2, rounds = 1;

            for (size_t i = 0; i < d.count; i++) hots += (1ull << (d.at[i + 1] - d.at[i])) - 1;
            for (size_t nodes = d.count; nodes > 1; nodes = (nodes + group - 1) / group, rounds++)
                for (size_t from = 0; from < nodes; from += group) {
                    size_t h = nodes - from < group ? nodes - from : group;

                    ands += dealt_bits(h, from == 0) + 2 * opened_bits(h, from == 0);
                }
            if (n * (hots + thresholds * ands) + rounds * ROUND < least) {
                least = n * (hots + thresholds * ands) + rounds * ROUND;
                best = d;
            }
        }
    return best;
}
#endif

/* Bit vectors of the predicates of one digit, m being the window of m - c. */
static void predicates(uint64_t *less, uint64_t *equal, const uint64_t *u, const uint64_t *m, size_t n,
                       uint32_t at, uint32_t bits, bool top)
{
    size_t entries = (size_t)1 << bits, words = bit_words(entries);

    for (size_t w = 0; w < bit_words(n); w++) {
        uint64_t lt = 0, eq = 0;
        size_t   end = n - 64 * w < 64 ? n - 64 * w : 64;

        for (size_t b = 0; b < end; b++) {
            size_t          i = 64 * w + b; /* indices by m, public to P1 and P2 */
            size_t          digit = m[i] >> at & (entries - 1), across = digit ^ entries / 2;
            const uint64_t *row = u + i * words;

            /* A0 and A1 hold for half of all l each; the two halves differ in two values. */
            lt |= (top ? xor_half(row, words, entries, across) : xor_behind(row, words, digit)) << b;
            eq |= (top ? bit_at(row, digit) ^ bit_at(row, across) : bit_at(row, digit)) << b;
        }
        less[w] = lt;
        equal[w] = eq;
    }
}

/* The factors of a group's products, of its opened vectors E_(h-1) … E_1, L_(h-2) … L_0, E_0: those that end
 * with L_(h-2) … L_0, and the one of all E. */
static void group_factors(uint32_t *factors, size_t h)
{
    uint32_t lines = (uint32_t)h - 1;

    for (uint32_t j = 0; j < lines; j++) factors[j] = ((2u << j) - 1) | 1u << (lines + j);
    factors[lines] = ((1u << lines) - 1) | 1u << 2 * lines;
}

/* The (L, E) of the nodes of one level, bit vectors of n: threshold t's begin at vector t * stride, the
 * lowest digits' first.  `group` neighbours are joined into one node of the next level. */
typedef struct tree {
    uint64_t *less, *equal;
    size_t    thresholds, stride, nodes, group, n;
} tree;

static size_t group_size(const tree *t, size_t from)
{
    return t->nodes - from < t->group ? t->nodes - from : t->group;
}

/* The vectors that enter products, in the order of group_factors; returns how many. */
static size_t gather(uint64_t *y, const tree *t)
{
    size_t words = bit_words(t->n), size = words * sizeof *y, opened = 0;

    for (size_t from = 0; from < t->nodes; from += t->group) {
        size_t h = group_size(t, from);

        for (size_t c = 0; c < t->thresholds && h > 1; c++) {
            const uint64_t *lo_less = t->less + (c * t->stride + from) * words;
            const uint64_t *lo_equal = t->equal + (c * t->stride + from) * words;

            for (size_t j = h - 1; j > 0; j--) memcpy(y + opened++ * words, lo_equal + j * words, size);
            for (size_t j = h - 1; j > 0; j--) memcpy(y + opened++ * words, lo_less + (j - 1) * words, size);
            if (from > 0) memcpy(y + opened++ * words, lo_equal, size);
        }
    }
    return opened;
}

/* The h nodes from `from` on become node `to` of the next level, for one threshold, out of their products. */
static void join(tree *t, size_t threshold, size_t from, size_t h, size_t to, const uint64_t *product)
{
    size_t          words = bit_words(t->n), size = words * sizeof *product, at = threshold * t->stride;
    const uint64_t *hi_less = t->less + (at + from + h - 1) * words;
    uint64_t       *to_less = t->less + (at + to) * words, *to_equal = t->equal + (at + to) * words;

    if (h == 1) {
        memmove(to_equal, t->equal + (at + from) * words, size);
    } else if (to > 0) {
        memcpy(to_equal, product + (h - 1) * words, size);
    }
    memmove(to_less, hi_less, size);
    for (size_t p = 0; p + 1 < h; p++)
        for (size_t w = 0; w < words; w++) to_less[w] ^= product[p * words + w];
}

/* One level of the tree: what enters products is opened, in one round. */
static puma_status combine_level(struct masked *r, tree *t)
{
    const puma_host *host = r->base.host;
    size_t           n = t->n, words = bit_words(n), room = 2 * t->thresholds * t->nodes * words, opened;
    size_t           mark = host->enter(&r->base);
    uint64_t        *y = host->scratch(&r->base, room), *m = host->scratch(&r->base, room);
    uint64_t        *mask = host->scratch(&r->base, room);
    uint64_t        *out = host->scratch(&r->base, t->thresholds * t->group * words);
    uint32_t         factors[MOST_GROUP];
    masked_products  p = { .factors = factors, .groups = t->thresholds, .n = n };
    puma_status      status = r->base.status;

    if (status != PUMA_OK) goto done;
    opened = gather(y, t);
    status = is_dealer(r) ? masked_open_bits(r, NULL, m, mask, NULL, opened, n) /* P0: its two masks */
                          : masked_open_bits(r, m, mask, NULL, y, opened, n);
    opened = 0;
    for (size_t g = 0, from = 0; from < t->nodes && status == PUMA_OK; g++, from += t->group) {
        size_t          h = group_size(t, from);
        const uint64_t *first = m + opened * words, *second = mask + opened * words;

        group_factors(factors, h);
        p.opened = opened_bits(h, g == 0);
        p.count = product_count(h, g == 0);
        if (p.count > 0)
            status = is_dealer(r) ? masked_and_many(r, NULL, &p, NULL, first, second)
                                  : masked_and_many(r, out, &p, first, second, NULL);
        opened += t->thresholds * p.opened;
        for (size_t c = 0; c < t->thresholds; c++) join(t, c, from, h, g, out + c * p.count * words);
    }
    t->nodes = (t->nodes + t->group - 1) / t->group;
done:
    puma_leave(&r->base, mark, NULL);
    return status;
}

puma_status masked_less(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c,
                        size_t count, uint32_t low, uint32_t width)
{
    struct masked   *r = masked_of(s);
    const puma_host *host = s->host;
    size_t           n = x->n, words = bit_words(n), mark = host->enter(s);
    const digits     cuts = cheapest(n, count, width);
    uint64_t        *window = host->scratch(s, n), *u[MOST_DIGITS];
    uint64_t        *less = host->scratch(s, count * cuts.count * words);
    uint64_t        *equal = host->scratch(s, count * cuts.count * words);
    uint64_t        *masks = host->scratch(s, 3 * count * words);
    tree             level = { .less = less, .equal = equal, .thresholds = count, .n = n };
    puma_status      status;

    for (size_t d = 0; d < cuts.count; d++)
        u[d] = host->scratch(s, n * bit_words((size_t)1 << (cuts.at[d + 1] - cuts.at[d])));
    status = s->status;
    if (status != PUMA_OK) goto done;
    if (is_dealer(r)) {
        host->ring->add(window, x->plane[0], x->plane[1], n);
        host->ring->reduce(window, window, x->bits, n);
        host->ring->shift_right(window, window, low, n);
    }
    for (size_t d = 0; d < cuts.count && status == PUMA_OK; d++)
        status = masked_deal_one_hots(r, u[d], window, cuts.at[d], cuts.at[d + 1] - cuts.at[d], n);
    for (size_t t = 0; t < count && !is_dealer(r); t++) {
        host->ring->offset(window, x->plane[0], 0 - c[t], n);
        host->ring->reduce(window, window, x->bits, n);
        host->ring->shift_right(window, window, low, n);
        for (size_t d = 0; d < cuts.count; d++) {
            size_t at = (t * cuts.count + d) * words;

            predicates(less + at, equal + at, u[d], window, n, cuts.at[d], cuts.at[d + 1] - cuts.at[d],
                       d + 1 == cuts.count);
        }
    }
    level.stride = level.nodes = cuts.count;
    level.group = cuts.group;
    while (level.nodes > 1 && status == PUMA_OK) status = combine_level(r, &level);
    if (status != PUMA_OK) goto done;
    /* Node 0 of each threshold is its sign; the results side by side for one Open. */
    for (size_t t = 0; t < count; t++)
        memmove(less + t * words, less + t * cuts.count * words, words * sizeof *less);
    status = is_dealer(r) ? masked_open_bits(r, NULL, masks, masks + count * words, NULL, count, n)
                          : masked_open_bits(r, masks, masks + count * words, NULL, less, count, n);
    for (size_t t = 0; t < count; t++) {
        memcpy(z[t]->plane[0], masks + t * words, words * sizeof *masks);
        memcpy(z[t]->plane[1], masks + (count + t) * words, words * sizeof *masks);
    }
done:
    puma_leave(s, mark, NULL);
    return status;
}
