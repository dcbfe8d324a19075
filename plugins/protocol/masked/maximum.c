/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* maximum.c - the larger of two small integers, comparison and choice fused (doc/rep3.md, "Maximum").
 *
 * d = x - y = m - l in Z_{2^k}, k <= 12, cut into a low digit of b bits and a high one.  With the one-hots of
 * both digits of l dealt, three bits are local xor shares at P1 and P2 (less.c):
 *     L = [l_low > m_low], the borrow;   U = [m_high = l_high];   A = [m_high - l_high in the upper half].
 * The sign of d is A, or where L is set, [m_high - l_high - 1 in the upper half]; the two differ where the
 * high digits' difference is 0 (U, then A = 0), and where it is just half, which |d| < 2^(k-1) - 2^b rules
 * out.  So over the integers s = A + L U.  The three are opened as masked bits A = a ^ A', …: with
 * A = a + (1 - 2a) A' and so on s is
 *     (a + l u) + (1-2a) A' + (1-2l) u L' + l (1-2u) U' + (1-2l)(1-2u) L'U',
 * affine in the four products h of masks that P0 knows, with coefficients that are public to P1 and P2.
 * So is s d = s (m - l) in h and h l: P0 deals those eight words, and x - s d, the larger, is re-masked by
 * one Open.
 *
 * Messages are Deals and Opens alone: one-hots padded by P1's half, three bits under fresh masks, eight dealt
 * words, the result under fresh masks.  Neither s nor the three bits are ever published.
 * (2^b - 1) + (2^(k-b) - 1) + 8k offline, 6 + 2k online, two rounds. */
#include "masked.h"

#include <string.h>

enum { BITS = 3, FACTORS = 4 }; /* A, L, U; A', L', U', L'U' */

/* Bits of the low digit: half of k, and 2^b at most a sixteenth of 2^(k-1). */
static uint32_t low_digit(uint32_t k)
{
    uint32_t b = k / 2;

    while (b > 1 && b + 5 > k) b--;
    return b;
}

/* Own shares of A, L, U, each a bit vector; d: P1's and P2's m. */
static void predicates(uint64_t *bits, const uint64_t *low, const uint64_t *high, const uint64_t *d, size_t n,
                       uint32_t b, uint32_t k)
{
    size_t   words = bit_words(n), size = (size_t)1 << (k - b);
    uint64_t upper[64] = { 0 };

    for (size_t m = 0; m < size; m++)
        for (size_t l = 0; l < size; l++)
            if (((m - l) & (size - 1)) >= size / 2) upper[m] |= 1ull << l;
    for (size_t i = 0; i < n; i++) {
        size_t m_low = d[i] & ((1u << b) - 1), m_high = d[i] >> b & (size - 1); /* public to P1 and P2 */

        bits[i / 64] |= (uint64_t)__builtin_parityll(high[i] & upper[m_high]) << i % 64;
        bits[words + i / 64] |= (uint64_t)__builtin_parityll(low[i] & ~1ull << m_low) << i % 64;
        bits[2 * words + i / 64] |= (high[i] >> m_high & 1) << i % 64;
    }
}

/* P0: the four products of masks and their products with l. */
static puma_status deal_factors(struct masked *r, uint64_t *share1, const uint64_t *mask1,
                                const uint64_t *mask2, const uint64_t *l, size_t n, uint32_t k)
{
    const puma_host *host = r->base.host;
    size_t           words = bit_words(n);
    uint64_t        *h = host->scratch(&r->base, 2 * FACTORS * n);
    uint64_t        *share2 = host->scratch(&r->base, 2 * FACTORS * n);

    if (h == NULL || share2 == NULL) return r->base.status;
    for (size_t i = 0; i < n; i++) {
        uint64_t t[BITS];

        for (size_t j = 0; j < BITS; j++) t[j] = bit_at(mask1 + j * words, i) ^ bit_at(mask2 + j * words, i);
        h[i] = t[0];
        h[n + i] = t[1];
        h[2 * n + i] = t[2];
        h[3 * n + i] = t[1] & t[2];
        for (size_t j = 0; j < FACTORS; j++)
            h[(FACTORS + j) * n + i] = h[j * n + i] * l[i] & ((1ull << k) - 1);
    }
    return masked_deal(r, share1, share2, h, 2 * FACTORS * n, k);
}

puma_status masked_maximum(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    struct masked   *r = masked_of(s);
    const puma_host *host = s->host;
    const puma_ring *ring = host->ring;
    size_t           n = x->n, words = bit_words(n), mark = host->enter(s);
    uint32_t         k = x->bits, b = low_digit(k);
    uint64_t        *d = host->scratch(s, n), *out = host->scratch(s, n);
    uint64_t        *low = host->scratch(s, n), *high = host->scratch(s, n);
    uint64_t        *factors = host->scratch(s, 2 * FACTORS * n), *bits = host->scratch(s, BITS * words);
    uint64_t        *mask1 = host->scratch(s, BITS * words), *mask2 = host->scratch(s, BITS * words);
    puma_status      status = s->status;

    if (status != PUMA_OK) goto done;
    if (k < 3 || k > 12) {
        status = host->fail(s, PUMA_EINTERNAL, "maximum in a ring of %u bits", k);
        goto done;
    }
    ring->sub(d, x->plane[0], y->plane[0], n); /* of m; at P0 of l1 */
    if (is_dealer(r)) {
        ring->add(d, d, x->plane[1], n);
        ring->sub(d, d, y->plane[1], n);
    }
    ring->reduce(d, d, k, n);
    status = masked_deal_one_hots(r, low, d, 0, b, n);
    if (status == PUMA_OK) status = masked_deal_one_hots(r, high, d, b, k - b, n);
    if (status != PUMA_OK) goto done;
    if (is_dealer(r)) {
        status = masked_open_bits(r, NULL, mask1, mask2, NULL, BITS, n);
        if (status == PUMA_OK) status = deal_factors(r, factors, mask1, mask2, d, n, k);
        if (status == PUMA_OK) status = masked_remask(r, z, NULL);
        goto done;
    }
    predicates(bits, low, high, d, n, b, k);
    status = masked_open_bits(r, bits, mask1, NULL, bits, BITS, n);
    if (status == PUMA_OK) status = masked_deal(r, factors, NULL, NULL, 2 * FACTORS * n, k);
    for (size_t i = 0; i < n && status == PUMA_OK; i++) {
        uint64_t top = bit_at(bits, i), borrow = bit_at(bits + words, i), equal = bit_at(bits + 2 * words, i);
        uint64_t c[FACTORS] = { 1 - 2 * top, (1 - 2 * borrow) * equal, borrow * (1 - 2 * equal),
                                (1 - 2 * borrow) * (1 - 2 * equal) };
        uint64_t first = r->base.role == P1 ? ~0ull : 0;
        uint64_t own_x = (x->plane[0][i] & first) - x->plane[1][i];
        uint64_t own_y = (y->plane[0][i] & first) - y->plane[1][i];
        uint64_t product = (top + borrow * equal) * (own_x - own_y);

        for (size_t j = 0; j < FACTORS; j++)
            product += c[j] * (d[i] * factors[j * n + i] - factors[(FACTORS + j) * n + i]);
        out[i] = own_x - product;
    }
    ring->reduce(out, out, k, n);
    if (status == PUMA_OK) status = masked_remask(r, z, out);
done:
    puma_leave(s, mark, NULL);
    return status;
}
