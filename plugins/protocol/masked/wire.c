/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* wire.c - the two message patterns, Deal and Open (masked.h).
 *
 * Why they leak nothing (doc/rep3.md composes all protocols of them).  In them P0 receives nothing.
 * What P1 receives is y2 + r2, r2 a fresh stretch of the stream of P0 and P2, which P1 lacks; what P2
 * receives is y1 + r1 and h - a, r1 and a fresh stretches of the stream of P0 and P1, which P2 lacks.
 * In the order in which masks are drawn each received element has one of its own, which influences none of
 * those before it, so all are jointly uniform, whatever was computed from the earlier ones, and in whatever
 * order they arrive: P0 runs ahead. */
#include "masked.h"

#include <string.h>

puma_status masked_deal(struct masked *r, uint64_t *share1, uint64_t *share2, const uint64_t *h, size_t n,
                        uint32_t bits)
{
    const puma_host *host = r->base.host;

    switch (r->base.role) {
    case P0:
        host->prg_words(r->stream1, share1, n, bits);
        host->ring->sub(share2, h, share1, n);
        host->ring->reduce(share2, share2, bits, n);
        return host->send(&r->base, P2, share2, n, bits, PUMA_OFFLINE); /* one-time padded by share1 */
    case P1: host->prg_words(r->stream1, share1, n, bits); return r->base.status;
    default: return host->recv(&r->base, P0, share1, n, bits);
    }
}

puma_status masked_open_many(struct masked *r, masked_opening *o, size_t count)
{
    const puma_host *host = r->base.host;
    uint64_t        *theirs;
    puma_status      status = PUMA_OK;
    size_t           most = 0, mark;

    for (size_t j = 0; j < count; j++) {
        host->prg_words(is_dealer(r) ? r->stream1 : own_stream(r), o[j].mask1, o[j].n, o[j].bits);
        if (is_dealer(r)) host->prg_words(r->stream2, o[j].mask2, o[j].n, o[j].bits);
        if (o[j].n > most) most = o[j].n;
    }
    if (is_dealer(r)) return r->base.status;
    mark = host->enter(&r->base);
    theirs = host->scratch(&r->base, most);
    if (theirs == NULL) status = r->base.status;
    for (size_t j = 0; j < count && status == PUMA_OK; j++) {
        host->ring->add(o[j].c, o[j].y, o[j].mask1, o[j].n);
        host->ring->reduce(o[j].c, o[j].c, o[j].bits, o[j].n);
        /* uniform to the peer: it lacks mask1 */
        status = host->send(&r->base, other(r), o[j].c, o[j].n, o[j].bits, PUMA_ONLINE);
    }
    for (size_t j = 0; j < count && status == PUMA_OK; j++) {
        status = host->recv(&r->base, other(r), theirs, o[j].n, o[j].bits);
        host->ring->add(o[j].c, o[j].c, theirs, o[j].n);
        host->ring->reduce(o[j].c, o[j].c, o[j].bits, o[j].n);
    }
    puma_leave(&r->base, mark, NULL);
    return status;
}

puma_status masked_open(struct masked *r, uint64_t *c, uint64_t *mask1, uint64_t *mask2, const uint64_t *y,
                        size_t n, uint32_t bits)
{
    masked_opening o = { .y = y, .c = c, .mask1 = mask1, .mask2 = mask2, .n = n, .bits = bits };

    return masked_open_many(r, &o, 1);
}

puma_status masked_remask(struct masked *r, puma_tensor *z, const uint64_t *y)
{
    if (is_dealer(r)) return masked_open(r, NULL, z->plane[0], z->plane[1], NULL, z->n, z->bits);
    return masked_open(r, z->plane[0], z->plane[1], NULL, y, z->n, z->bits);
}

/* --- bits ------------------------------------------------------------------------------------- */

/* Vectors that begin at words, put end to end for the wire, and back. */
static void join(uint64_t *to, const uint64_t *from, size_t count, size_t n)
{
    size_t words = bit_words(n), all = bit_words(count * n);

    memset(to, 0, all * sizeof *to);
    for (size_t v = 0; v < count; v++)
        for (size_t w = 0; w < words; w++) {
            size_t at = v * n + 64 * w;

            to[at / 64] |= from[v * words + w] << at % 64;
            /* Where the line ends the rest of the vector is 0. */
            if (at % 64 != 0 && at / 64 + 1 < all)
                to[at / 64 + 1] |= from[v * words + w] >> (64 - at % 64);
        }
}

static void split(uint64_t *to, const uint64_t *from, size_t count, size_t n)
{
    size_t words = bit_words(n), all = bit_words(count * n);

    for (size_t v = 0; v < count; v++)
        for (size_t w = 0; w < words; w++) {
            size_t   at = v * n + 64 * w, left = n - 64 * w;
            uint64_t word = from[at / 64] >> at % 64;

            if (at % 64 != 0 && at / 64 + 1 < all) word |= from[at / 64 + 1] << (64 - at % 64);
            to[v * words + w] = left < 64 ? word & ((1ull << left) - 1) : word;
        }
}

/* A vector of up to 64 bits is one word of as many bits: the same bits on the wire, without `join`. */
static bool is_word(size_t n) { return n > 0 && n <= 64; }

/* Fresh random vectors; bits behind the last one of each are 0. */
static void draw(const struct masked *r, puma_prg *stream, uint64_t *to, size_t count, size_t n)
{
    if (is_word(n)) {
        r->base.host->prg_words(stream, to, count, (uint32_t)n);
        return;
    }
    for (size_t v = 0; v < count; v++) r->base.host->prg_bits(stream, to + v * bit_words(n), n);
}

static puma_status send_joined(struct masked *r, uint32_t to, const uint64_t *from, size_t count, size_t n,
                               puma_phase phase)
{
    uint64_t *line;

    if (is_word(n)) return r->base.host->send(&r->base, to, from, count, (uint32_t)n, phase);
    line = r->base.host->scratch(&r->base, bit_words(count * n));
    if (line == NULL) return r->base.status;
    join(line, from, count, n);
    return r->base.host->send_bits(&r->base, to, line, count * n, phase);
}

static puma_status recv_joined(struct masked *r, uint32_t from, uint64_t *to, size_t count, size_t n)
{
    uint64_t   *line;
    puma_status status;

    if (is_word(n)) return r->base.host->recv(&r->base, from, to, count, (uint32_t)n);
    line = r->base.host->scratch(&r->base, bit_words(count * n));
    if (line == NULL) return r->base.status;
    status = r->base.host->recv_bits(&r->base, from, line, count * n);
    if (status == PUMA_OK) split(to, line, count, n);
    return status;
}

puma_status masked_deal_bits(struct masked *r, uint64_t *share1, uint64_t *share2, const uint64_t *h,
                             size_t count, size_t n)
{
    size_t      mark = r->base.host->enter(&r->base);
    puma_status status = PUMA_OK;

    switch (r->base.role) {
    case P0:
        draw(r, r->stream1, share1, count, n);
        for (size_t w = 0; w < count * bit_words(n); w++) share2[w] = h[w] ^ share1[w];
        status = send_joined(r, P2, share2, count, n, PUMA_OFFLINE); /* one-time padded by share1 */
        break;
    case P1: draw(r, r->stream1, share1, count, n); break;
    default: status = recv_joined(r, P0, share1, count, n);
    }
    puma_leave(&r->base, mark, NULL);
    return status;
}

puma_status masked_open_bits(struct masked *r, uint64_t *c, uint64_t *mask1, uint64_t *mask2,
                             const uint64_t *y, size_t count, size_t n)
{
    const puma_host *host = r->base.host;
    size_t           all = count * bit_words(n), mark;
    uint64_t        *sent, *theirs;
    puma_status      status;

    if (is_dealer(r)) {
        draw(r, r->stream1, mask1, count, n);
        draw(r, r->stream2, mask2, count, n);
        return r->base.status;
    }
    mark = host->enter(&r->base);
    sent = host->scratch(&r->base, all);
    theirs = host->scratch(&r->base, all);
    status = r->base.status;
    if (sent != NULL && theirs != NULL) {
        draw(r, own_stream(r), mask1, count, n);
        for (size_t w = 0; w < all; w++) sent[w] = y[w] ^ mask1[w];
        /* uniform to the peer: it lacks mask1 */
        status = send_joined(r, other(r), sent, count, n, PUMA_ONLINE);
        if (status == PUMA_OK) status = recv_joined(r, other(r), theirs, count, n);
        for (size_t w = 0; w < all; w++) c[w] = sent[w] ^ theirs[w];
    }
    puma_leave(&r->base, mark, NULL);
    return status;
}
