/* less.c - comparison with public thresholds by digits (doc/rep3.md, "Comparison").
 *
 * The sign of x - c in a window of `width` bits from bit `low` on: m and l are cut to the window (m moved by
 * the public c) and into digits.  For each digit of l P0 deals the xor-shared one-hot vector: P1's half
 * drawn, P2's sent, one bit less than its entries (the last one follows, because the vector's xor is 1).
 * With m public to P1 and P2, [l > m] and [l = m] of a digit are xors of entries: local, and as often as
 * there are thresholds.  From the lowest digit up, borrow = [l > m] ^ [l = m] * (borrow below); in the top
 * digit, sign = A0 ^ borrow * (A0 ^ A1) with A0 = [m - l in the upper half], A1 = [m - l - 1 in the upper
 * half]: the same form, so one tree of
 *     (L, E) of two neighbours -> (L_hi ^ E_hi L_lo, E_hi E_lo)
 * does it, and only what enters an AND is opened.  Rounds: ceil(log2 digits) + 1, the last being the masked
 * result.
 *
 * Nothing but fresh-masked bits is opened; lt, eq, the borrow and the sign never are.  P2's half of a
 * one-hot is padded by P1's. Dropping `low` bits of m and of l moves the threshold by less than 2^low. */
#include "rep3.h"

#include <string.h>

enum { MOST_BITS = 6, MOST_ENTRIES = 1 << MOST_BITS, MOST_DIGITS = 64, FEW = 4096 };      /* a one-hot lies in one word */

/* The cut: digit d is bits at[d] to at[d + 1] - 1 of the window. */
typedef struct digits { size_t count; uint32_t at[MOST_DIGITS + 1]; } digits;

/* Bits of a digit, from public shapes.  Four-bit digits send least of those with few rounds; where elements
 * are few only rounds count, and where they are many one bit more is worth a level of the tree.  The leak
 * tests enumerate smaller digits (REP3_DIGIT, 1 to 6). */
#ifdef REP3_DIGIT
static uint32_t digit_bits(size_t n, uint32_t width) { return n > 0 && width > 0 ? REP3_DIGIT : 1; }
#else
static uint32_t tree_levels(uint32_t leaves)
{
    uint32_t levels = 0;

    while (1u << levels < leaves) levels++;
    return levels;
}

static uint32_t digit_bits(size_t n, uint32_t width)
{
    if (n < FEW) return MOST_BITS;
    return tree_levels((width + 4) / 5) < tree_levels((width + 3) / 4) ? 5 : 4;
}
#endif

/* As even as can be, because a bit more doubles a one-hot; the longer digits are the lower ones. */
static digits cut(size_t n, uint32_t width)
{
    uint32_t most = digit_bits(n, width), count = (width + most - 1) / most;
    digits   d = { .count = count };

    for (uint32_t i = 0; i < count; i++) d.at[i + 1] = d.at[i] + width / count + (i < width % count);
    return d;
}

/* Where a digit's predicates come from: for each value of m's digit, which of l's values make them 1. */
typedef struct digit_table { uint64_t less[MOST_ENTRIES], equal[MOST_ENTRIES]; } digit_table;

static void fill_tables(digit_table *lower, digit_table *top, uint32_t top_bits)
{
    uint32_t size = 1u << top_bits, half = size / 2;

    memset(top, 0, sizeof *top);
    for (uint32_t m = 0; m < MOST_ENTRIES; m++) {
        lower->less[m] = ~1ull << m;      /* l > m */
        lower->equal[m] = 1ull << m;
    }
    for (uint32_t m = 0; m < size; m++)
        for (uint32_t l = 0; l < size; l++) {
            uint32_t difference = (m - l) & (size - 1), under = (m - l - 1) & (size - 1);

            if (difference >= half) top->less[m] |= 1ull << l;
            if ((difference >= half) != (under >= half)) top->equal[m] |= 1ull << l;
        }
}

/* The one-hots of one digit (bits `at` … `at + bits` - 1 of l): own half in u, entry i in bit i. */
puma_status rep3_deal_one_hot(struct rep3 *r, uint64_t *u, const uint64_t *l, size_t n, uint32_t at, uint32_t bits)
{
    const puma_host *host = r->base.host;
    uint32_t         sent = (1u << bits) - 1;            /* entries that are dealt; the last one follows */

    if (r->base.role == P2) {
        puma_status status = host->recv(&r->base, P0, u, n, sent);

        for (size_t i = 0; i < n; i++) u[i] |= (uint64_t)(1 ^ __builtin_parityll(u[i])) << sent;
        return status;
    }
    host->prg_words(r->stream1, u, n, sent);
    if (r->base.role == P1) {
        for (size_t i = 0; i < n; i++) u[i] |= (uint64_t)__builtin_parityll(u[i]) << sent;
        return r->base.status;
    }
    for (size_t i = 0; i < n; i++) u[i] ^= (1ull << (l[i] >> at & sent)) & ((1ull << sent) - 1);
    return host->send(&r->base, P2, u, n, sent, PUMA_OFFLINE);  /* one-time padded by P1's half */
}

/* Bit vectors of the predicates of one digit, m being the window of m - c. */
static void predicates(uint64_t *less, uint64_t *equal, const uint64_t *u, const uint64_t *m, size_t n, uint32_t at,
                       uint32_t bits, const digit_table *table)
{
    for (size_t w = 0; w < bit_words(n); w++) {
        uint64_t lt = 0, eq = 0;
        size_t   end = n - 64 * w < 64 ? n - 64 * w : 64;

        for (size_t b = 0; b < end; b++) {
            size_t i = 64 * w + b, digit = m[i] >> at & ((1u << bits) - 1);    /* an index by m, public to P1 and P2 */

            lt |= (uint64_t)__builtin_parityll(u[i] & table->less[digit]) << b;
            eq |= (uint64_t)__builtin_parityll(u[i] & table->equal[digit]) << b;
        }
        less[w] = lt;
        equal[w] = eq;
    }
}

/* One level of the tree over `nodes` (L, E) vectors a threshold, lowest first; returns how many are left. */
static size_t combine_level(struct rep3 *r, uint64_t *less, uint64_t *equal, size_t thresholds, size_t nodes, size_t stride, size_t n,
                            puma_status *status)
{
    const puma_host *host = r->base.host;
    size_t           words = bit_words(n), joints = nodes / 2, opened = 0, products = 0, mark = host->enter(&r->base);
    /* A joint (hi, lo) opens E_hi, L_lo and, unless lo is the lowest, whose E nobody needs, E_lo. */
    size_t           per = 3 * joints - 1, pairs_per = 2 * joints - 1;
    uint64_t        *y = host->scratch(&r->base, thresholds * per * words), *m = host->scratch(&r->base, thresholds * per * words),
                    *mask = host->scratch(&r->base, thresholds * per * words),
                    *out = host->scratch(&r->base, thresholds * pairs_per * words);
    bit_pair        *pairs = (bit_pair *)host->scratch(&r->base, thresholds * pairs_per * sizeof(bit_pair) / sizeof(uint64_t));

    *status = r->base.status;
    if (y == NULL || m == NULL || mask == NULL || out == NULL || pairs == NULL) goto done;
    for (size_t t = 0; t < thresholds; t++)
        for (size_t j = 0; j < joints; j++) {
            const uint64_t *hi_equal = equal + (t * stride + 2 * j + 1) * words, *lo_less = less + (t * stride + 2 * j) * words;
            size_t          first = opened;

            memcpy(y + opened++ * words, hi_equal, words * sizeof *y);
            memcpy(y + opened++ * words, lo_less, words * sizeof *y);
            pairs[products++] = (bit_pair){ first, first + 1 };
            if (j == 0) continue;
            memcpy(y + opened++ * words, equal + (t * stride + 2 * j) * words, words * sizeof *y);
            pairs[products++] = (bit_pair){ first, first + 2 };
        }
    if (is_dealer(r)) {
        *status = rep3_open_bits(r, NULL, m, mask, NULL, opened, n);             /* P0: its two masks */
        if (*status == PUMA_OK) *status = rep3_and_pairs(r, NULL, NULL, m, mask, pairs, products, n);
    } else {
        *status = rep3_open_bits(r, m, mask, NULL, y, opened, n);
        if (*status == PUMA_OK) *status = rep3_and_pairs(r, out, m, mask, NULL, pairs, products, n);
    }
    products = 0;
    for (size_t t = 0; t < thresholds; t++)
        for (size_t j = 0; j < joints; j++) {
            const uint64_t *hi_less = less + (t * stride + 2 * j + 1) * words, *product = out + products++ * words;
            uint64_t       *to_less = less + (t * stride + j) * words;

            for (size_t w = 0; w < words; w++) to_less[w] = hi_less[w] ^ product[w];
            if (j == 0) continue;
            memcpy(equal + (t * stride + j) * words, out + products++ * words, words * sizeof *equal);
        }
    if (nodes % 2 != 0)
        for (size_t t = 0; t < thresholds; t++) {
            memmove(less + (t * stride + joints) * words, less + (t * stride + nodes - 1) * words, words * sizeof *less);
            memmove(equal + (t * stride + joints) * words, equal + (t * stride + nodes - 1) * words, words * sizeof *equal);
        }
done:
    host->leave(&r->base, mark, NULL);
    return joints + nodes % 2;
}

puma_status rep3_less(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c, size_t count, uint32_t low, uint32_t width)
{
    struct rep3     *r = rep3_of(s);
    const puma_host *host = s->host;
    size_t           n = x->n, words = bit_words(n), nodes, mark = host->enter(s);
    const digits     cuts = cut(n, width);
    uint64_t        *window = host->scratch(s, n), *u = host->scratch(s, cuts.count * n), *less = host->scratch(s, count * cuts.count * words),
                    *equal = host->scratch(s, count * cuts.count * words), *masks = host->scratch(s, 3 * count * words);
    digit_table      lower, top;
    puma_status      status = s->status;

    if (window == NULL || u == NULL || less == NULL || equal == NULL || masks == NULL) goto done;
    nodes = cuts.count;
    fill_tables(&lower, &top, width - cuts.at[nodes - 1]);
    if (is_dealer(r)) {
        host->ring->add(window, x->plane[0], x->plane[1], n);
        host->ring->reduce(window, window, x->bits, n);
        host->ring->shift_right(window, window, low, n);
    }
    for (size_t d = 0; d < cuts.count && status == PUMA_OK; d++)
        status = rep3_deal_one_hot(r, u + d * n, window, n, cuts.at[d], cuts.at[d + 1] - cuts.at[d]);
    for (size_t t = 0; t < count && !is_dealer(r); t++) {
        host->ring->offset(window, x->plane[0], 0 - c[t], n);
        host->ring->reduce(window, window, x->bits, n);
        host->ring->shift_right(window, window, low, n);
        for (size_t d = 0; d < cuts.count; d++) {
            size_t at = (t * cuts.count + d) * words;

            predicates(less + at, equal + at, u + d * n, window, n, cuts.at[d], cuts.at[d + 1] - cuts.at[d],
                       d + 1 < cuts.count ? &lower : &top);
        }
    }
    while (nodes > 1 && status == PUMA_OK) nodes = combine_level(r, less, equal, count, nodes, cuts.count, n, &status);
    if (status != PUMA_OK) goto done;
    /* Node 0 of each threshold is its sign; the results side by side for one Open. */
    for (size_t t = 0; t < count; t++) memmove(less + t * words, less + t * cuts.count * words, words * sizeof *less);
    status = is_dealer(r) ? rep3_open_bits(r, NULL, masks, masks + count * words, NULL, count, n)
                          : rep3_open_bits(r, masks, masks + count * words, NULL, less, count, n);
    for (size_t t = 0; t < count; t++) {
        memcpy(z[t]->plane[0], masks + t * words, words * sizeof *masks);
        memcpy(z[t]->plane[1], masks + (count + t) * words, words * sizeof *masks);
    }
done:
    host->leave(s, mark, NULL);
    return status;
}
