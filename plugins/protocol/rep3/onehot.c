/* onehot.c - the one-hot row of a secret integer (doc/rep3.md, "Equality"): PUMA's embedding by equality
 * tests.
 *
 * [x = v] for all v < V at once.  With k bits for V, x = v exactly when l = m - v mod 2^k, that is when both
 * halves of l's digits equal those of the public m - v.  P0 deals the xor-shared one-hots of l's high and
 * low half; both are opened under fresh masks and P0 deals the products of all pairs of masks, so that every
 * entry is one AND without a further message; the entries are opened as masked bits. With h = floor(k/2):
 * 2^h + 2^(k-h) + 2^k offline, 2 (2^h + 2^(k-h)) + 2 V online bits an element, three rounds. */
#include "rep3.h"

#include <string.h>

/* One-hots of n values of `bits` bits: `rows` of 2^bits entries each, own halves in u. */
static puma_status deal_one_hot(struct rep3 *r, uint64_t *u, const uint64_t *value, uint32_t shift, uint32_t bits, size_t n)
{
    size_t      entries = (size_t)1 << bits, words = bit_words(entries), mark = r->base.host->enter(&r->base);
    uint64_t   *h = r->base.host->scratch(&r->base, n * words);
    puma_status status = r->base.status;

    if (h != NULL && is_dealer(r)) {
        for (size_t i = 0; i < n; i++) {
            size_t at = value[i] >> shift & (entries - 1);      /* P0's own mask */

            h[i * words + at / 64] |= 1ull << at % 64;
        }
        status = rep3_deal_bits(r, u, h, h, n, entries);
    } else if (h != NULL) {
        status = rep3_deal_bits(r, u, NULL, NULL, n, entries);
    }
    r->base.host->leave(&r->base, mark, NULL);
    return status;
}

puma_status rep3_one_hot(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    struct rep3     *r = rep3_of(s);
    const puma_host *host = s->host;
    size_t           n = x->n, columns = z->dim[1], mark = host->enter(s);
    uint32_t         k = 1, low, high;
    uint64_t        *value, *u[2], *m[2], *mask[2], *cross, *dealt, *out;
    size_t           entries[2], words[2], pair_words;
    puma_status      status = PUMA_OK;

    while ((size_t)1 << k < columns) k++;
    if (k > x->bits) {
        status = host->fail(s, PUMA_EINTERNAL, "indices below %zu do not fit a ring of %u bits", columns, x->bits);
        goto done;
    }
    low = k / 2;
    high = k - low;
    entries[0] = (size_t)1 << low;
    entries[1] = (size_t)1 << high;
    pair_words = bit_words((size_t)1 << k);
    value = host->scratch(s, n);
    for (int d = 0; d < 2; d++) {
        words[d] = bit_words(entries[d]);
        u[d] = host->scratch(s, n * words[d]);
        m[d] = host->scratch(s, n * words[d]);
        mask[d] = host->scratch(s, n * words[d]);
    }
    cross = host->scratch(s, n * pair_words);
    dealt = host->scratch(s, n * pair_words);               /* P1's half, drawn before the products are masked by it */
    out = host->scratch(s, n * bit_words(columns));
    status = s->status;
    if (status != PUMA_OK) goto done;
    if (is_dealer(r)) host->ring->add(value, x->plane[0], x->plane[1], n);
    for (int d = 0; d < 2 && status == PUMA_OK; d++) {
        status = deal_one_hot(r, u[d], value, d == 0 ? 0 : low, d == 0 ? low : high, n);
        if (status == PUMA_OK)
            status = is_dealer(r) ? rep3_open_bits(r, NULL, m[d], mask[d], NULL, n, entries[d])
                                  : rep3_open_bits(r, m[d], mask[d], NULL, u[d], n, entries[d]);
    }
    if (status != PUMA_OK) goto done;
    if (is_dealer(r)) {
        for (size_t i = 0; i < n; i++)
            for (size_t t = 0; t < (size_t)1 << k; t++) {
                size_t   lo = t & (entries[0] - 1), hi = t >> low;
                uint64_t both = (bit_at(m[0] + i * words[0], lo) ^ bit_at(mask[0] + i * words[0], lo))
                                & (bit_at(m[1] + i * words[1], hi) ^ bit_at(mask[1] + i * words[1], hi));

                cross[i * pair_words + t / 64] |= both << t % 64;
            }
        status = rep3_deal_bits(r, dealt, cross, cross, n, (size_t)1 << k);
    } else {
        status = rep3_deal_bits(r, cross, NULL, NULL, n, (size_t)1 << k);
        for (size_t i = 0; i < n; i++)
            for (size_t v = 0; v < columns; v++) {
                size_t   t = (x->plane[0][i] - v) & (((size_t)1 << k) - 1), lo = t & (entries[0] - 1), hi = t >> low;
                uint64_t a = bit_at(m[0] + i * words[0], lo), b = bit_at(m[1] + i * words[1], hi);
                uint64_t share = (a & bit_at(mask[1] + i * words[1], hi)) ^ (b & bit_at(mask[0] + i * words[0], lo))
                                 ^ bit_at(cross + i * pair_words, t) ^ (r->base.role == P1 ? a & b : 0);

                out[i * bit_words(columns) + v / 64] |= share << v % 64;
            }
    }
    if (status != PUMA_OK) goto done;
    /* Rows begin at words while they are opened, and lie end to end in the tensor. */
    {
        uint64_t *c = host->scratch(s, n * bit_words(columns)), *own = host->scratch(s, n * bit_words(columns));

        status = s->status;
        if (c == NULL || own == NULL) goto done;
        status = is_dealer(r) ? rep3_open_bits(r, NULL, c, own, NULL, n, columns) : rep3_open_bits(r, c, own, NULL, out, n, columns);
        for (size_t i = 0; i < n; i++)
            for (size_t v = 0; v < columns; v++) {
                size_t to = i * columns + v, from = v + i * bit_words(columns) * 64;

                z->plane[0][to / 64] |= bit_at(c, from) << to % 64;
                z->plane[1][to / 64] |= bit_at(own, from) << to % 64;
            }
    }
done:
    host->leave(s, mark, NULL);
    return status;
}
