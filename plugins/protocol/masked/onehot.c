/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* onehot.c - one-hot vectors of what P0 knows, and the one-hot row of a secret integer (doc/rep3.md,
 * "One-hots").
 *
 * u of a digit of l has 2^bits entries, of which the last follows because their xor is 1: P1's half of the
 * others is drawn from its stream with P0, P2 is sent theirs.  P2's are padded by P1's: a Deal.
 *
 * The row [x = v] for all v < V at once, PUMA's embedding by equality tests: x = v exactly when l = m - v,
 * so entry m - v of l's one-hot, k bits for V, is a share of it.  Opened as masked bits: 2^k - 1 offline,
 * 2 V online bits an element, one round. */
#include "masked.h"

#include <string.h>

puma_status masked_deal_one_hots(struct masked *r, uint64_t *hot, const uint64_t *value, uint32_t shift,
                                 uint32_t bits, size_t n)
{
    const puma_host *host = r->base.host;
    size_t           last = ((size_t)1 << bits) - 1, words = bit_words(last + 1);
    size_t           mark = host->enter(&r->base);
    uint64_t        *h = host->scratch(&r->base, n * words);
    puma_status      status = r->base.status;

    if (status != PUMA_OK) goto done;
    for (size_t i = 0; i < n && is_dealer(r); i++) {
        size_t at = value[i] >> shift & last; /* P0's own mask */

        h[i * words + at / 64] |= 1ull << at % 64;
        h[i * words + last / 64] &= ~(1ull << last % 64);
    }
    status = masked_deal_bits(r, hot, h, h, n, last);
    for (size_t i = 0; i < n; i++) {
        uint64_t rest = r->base.role == P2, *row = hot + i * words;

        for (size_t w = 0; w < words; w++) rest ^= row[w];
        row[last / 64] |= (uint64_t)__builtin_parityll(rest) << last % 64;
    }
done:
    puma_leave(&r->base, mark, NULL);
    return status;
}

puma_status masked_one_hot(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    struct masked   *r = masked_of(s);
    const puma_host *host = s->host;
    size_t           n = x->n, columns = z->dim[1], row = bit_words(columns), mark = host->enter(s);
    size_t           entries, words;
    uint64_t        *value, *u, *out, *c, *own;
    uint32_t         k = 1;
    puma_status      status = PUMA_OK;

    while ((size_t)1 << k < columns) k++;
    if (k > x->bits) {
        status =
            host->fail(s, PUMA_EINTERNAL, "indices below %zu do not fit a ring of %u bits", columns, x->bits);
        goto done;
    }
    entries = (size_t)1 << k;
    words = bit_words(entries);
    value = host->scratch(s, n);
    u = host->scratch(s, n * words);
    out = host->scratch(s, n * row);
    c = host->scratch(s, n * row);
    own = host->scratch(s, n * row);
    status = s->status;
    if (status != PUMA_OK) goto done;
    if (is_dealer(r)) host->ring->add(value, x->plane[0], x->plane[1], n);
    status = masked_deal_one_hots(r, u, value, 0, k, n);
    for (size_t i = 0; i < n && !is_dealer(r); i++)
        for (size_t v = 0; v < columns; v++) {
            uint64_t hit = bit_at(u + i * words, (x->plane[0][i] - v) & (entries - 1)); /* an index by m */

            out[i * row + v / 64] |= hit << v % 64;
        }
    if (status == PUMA_OK)
        status = is_dealer(r) ? masked_open_bits(r, NULL, c, own, NULL, n, columns)
                              : masked_open_bits(r, c, own, NULL, out, n, columns);
    /* Rows begin at words while they are opened, and lie end to end in the tensor. */
    for (size_t i = 0; i < n && status == PUMA_OK; i++)
        for (size_t v = 0; v < columns; v++) {
            size_t to = i * columns + v;

            z->plane[0][to / 64] |= bit_at(c + i * row, v) << to % 64;
            z->plane[1][to / 64] |= bit_at(own + i * row, v) << to % 64;
        }
done:
    puma_leave(s, mark, NULL);
    return status;
}
