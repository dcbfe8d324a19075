/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* masked.h - sharing over Z_{2^k} by a masked value and two masks that no input enters.
 *
 *     x = m - l1 - l2     P0 holds (l1, l2) · P1 holds (m, l1) · P2 holds (m, l2)        l := l1 + l2
 *     b = m ^ b1 ^ b2     the same for bits
 *
 * Plane 0 and 1 of a tensor are these two, in this order.  l1 comes from a stream that P0 and P1 share, l2
 * from one that P0 and P2 share: neither depends on data, so P0 runs ahead and never waits.  Sources: ASTRA
 * (CCSW 2019), Meteor (WWW 2023) for the sharing; doc/rep3.md for the protocols and their arguments.  The
 * sources here know of no backend: rep3 and beaver2 compile them in.
 *
 * Everything after input is written with two message patterns alone, and all security rests on them:
 *   Deal   P0 knows h.  P1's share is drawn from P0 and P1's stream, P2 is sent h minus it: a one-time pad.
 *   Open   P1 and P2 hold y1, y2.  Each adds a fresh stretch of its stream with P0, as wide as the ring, and
 *          they exchange the sums: both learn c = y + r, and r is uniform to each because it lacks the
 *          other's stretch.
 * A stretch of a stream masks one dealt or opened element and is never used again. */
#ifndef MASKED_H
#define MASKED_H

#include <puma/protocol.h>

#include <stdbool.h>

struct masked {
    puma_session base;              /* first, so that a session pointer is ours           */
    puma_prg    *stream1, *stream2; /* of P0 and P1, of P0 and P2; NULL where not held    */
    puma_prg    *input1, *input2;   /* of what the client shares: the backend's to define */
};

/* Who plays which part.  Three parties are P0, P1, P2 by number; of two and a dealer (MASKED_DEALER, the
 * backend's flag) parties 0 and 1 are P1 and P2, and node 2 deals. */
#ifdef MASKED_DEALER
enum { P1 = 0, P2 = 1, P0 = 2 };
#else
enum { P0 = 0, P1 = 1, P2 = 2 };
#endif

static inline struct masked *masked_of(puma_session *s) { return (struct masked *)s; }

static inline bool is_dealer(const struct masked *r) { return r->base.role == P0; }

/* The stream that this computing party shares with P0. */
static inline puma_prg *own_stream(const struct masked *r)
{
    return r->base.role == P1 ? r->stream1 : r->stream2;
}

static inline uint32_t other(const struct masked *r) { return r->base.role == P1 ? P2 : P1; }

static inline const puma_ring *kernels(const struct masked *r) { return r->base.host->ring; }

/* --- the two patterns: wire.c ------------------------------------------------------------------------- */

/* Deal [h] in Z_{2^bits}.  P0: h in, its two shares out (share1 and share2).  P1, P2: their share out in
 * share1.  n * bits offline, P0 -> P2. */
puma_status masked_deal(struct masked *r, uint64_t *share1, uint64_t *share2, const uint64_t *h, size_t n,
                        uint32_t bits);

/* Open y under fresh masks.  P1, P2: y (additive share) in, c = y + r out in `c` (may be y), own mask in
 * mask1.  P0: its masks r1, r2 out in mask1, mask2; c and y unused.  2 n bits online, one round. */
puma_status masked_open(struct masked *r, uint64_t *c, uint64_t *mask1, uint64_t *mask2, const uint64_t *y,
                        size_t n, uint32_t bits);

/* Several Opens in one round: all are sent before any is waited for. */
typedef struct masked_opening {
    const uint64_t *y;                 /* P1, P2: additive share                             */
    uint64_t       *c, *mask1, *mask2; /* as above; c may be y                               */
    size_t          n;
    uint32_t        bits;
} masked_opening;
puma_status masked_open_many(struct masked *r, masked_opening *o, size_t count);

/* Turns additive shares y into a masked sharing: an Open whose masks are the new l1, l2. */
puma_status masked_remask(struct masked *r, puma_tensor *z, const uint64_t *y);

/* Bit vectors side by side: `count` of n bits, each beginning at a word.  The same two patterns with xor. */
static inline size_t bit_words(size_t n) { return (n + 63) / 64; }

static inline uint64_t bit_at(const uint64_t *words, size_t i) { return words[i / 64] >> i % 64 & 1; }

puma_status masked_deal_bits(struct masked *r, uint64_t *share1, uint64_t *share2, const uint64_t *h,
                             size_t count, size_t n);
puma_status masked_open_bits(struct masked *r, uint64_t *c, uint64_t *mask1, uint64_t *mask2,
                             const uint64_t *y, size_t count, size_t n);

/* --- the operations of <puma/protocol.h> -------------------------------------------------------------- */

/* io.c */
puma_status masked_share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from);
puma_status masked_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to);
extern const puma_random_ext masked_random __attribute__((visibility("hidden")));

/* linear.c */
puma_status masked_add(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
puma_status masked_sub(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
puma_status masked_add_public(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c,
                              size_t nc);
puma_status masked_scale(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c, size_t nc);
puma_status masked_sum(puma_session *s, puma_tensor *z, const puma_tensor *x);

/* product.c */
puma_status masked_product(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count,
                           uint32_t shift);
extern const puma_blocks_ext masked_blocks __attribute__((visibility("hidden")));

/* trunc.c */
puma_status masked_trunc(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift);

/* bits.c */
puma_status masked_xor(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
puma_status masked_not(puma_session *s, puma_tensor *z, const puma_tensor *x);
puma_status masked_and(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
puma_status masked_mux_sum(puma_session *s, puma_tensor *z, const puma_choice *choices, size_t count);

/* less.c */
puma_status masked_less(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c,
                        size_t count, uint32_t low, uint32_t width);

/* maximum.c */
puma_status masked_maximum(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);

/* onehot.c */
puma_status masked_one_hot(puma_session *s, puma_tensor *z, const puma_tensor *x);

/* table.c */
puma_status masked_table(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t);
puma_status masked_gate(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t,
                        uint32_t window);
puma_status masked_exp2(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t high, double error);

/* --- what they share ---------------------------------------------------------------------------------- */

/* The end of a product or a truncation: trunc.c.  c (at P1, P2) is opened under the mask r (at P0), in
 * Z_{2^k}; z = (c - r) / 2^shift.  The narrow form needs z->bits + shift <= k; in the exact form c carries
 * the offset 2^(k-2).  masked_trunc_shares is the first half of the exact form: additive shares (P1, P2) of
 * z / 2^shift in Z_{2^bits}, no online message. */
puma_status masked_trunc_narrow(struct masked *r, puma_tensor *z, const uint64_t *c, const uint64_t *mask,
                                uint32_t shift);
puma_status masked_trunc_exact(struct masked *r, puma_tensor *z, const uint64_t *c, const uint64_t *mask,
                               uint32_t k, uint32_t shift);
puma_status masked_trunc_shares(struct masked *r, uint64_t *out, const uint64_t *c, const uint64_t *mask,
                                size_t n, uint32_t k, uint32_t shift, uint32_t bits);

enum { MASKED_MOST_FACTORS = 6 };

/* Products of opened bit vectors: of `groups` groups of `opened` vectors, the same `count` products each.
 * Bit i of factors[p] is set where vector i of the group is a factor of product p. */
typedef struct masked_products {
    const uint32_t *factors;
    size_t          count, opened, groups;
    size_t          n; /* bits of a vector */
} masked_products;

/* Their xor shares, no round: bits.c.  P1, P2: m and own mask in mask1 in, out[groups count].  P0: its masks
 * in mask1 and mask2; out and m unused. */
puma_status masked_and_many(struct masked *r, uint64_t *out, const masked_products *p, const uint64_t *m,
                            const uint64_t *mask1, const uint64_t *mask2);

/* Xor-shared one-hots of n digits of `bits` bits that P0 knows, (value >> shift) mod 2^bits: onehot.c.  Rows
 * of 2^bits entries begin at words; P1, P2: own half, P0: P1's.  (2^bits - 1) n offline. */
puma_status masked_deal_one_hots(struct masked *r, uint64_t *hot, const uint64_t *value, uint32_t shift,
                                 uint32_t bits, size_t n);

/* The xor of the entries of a row behind `at`: with u the one-hot of l, a share of [l > at]. */
static inline uint64_t xor_behind(const uint64_t *u, size_t words, size_t at)
{
    uint64_t x = u[at / 64] & ~1ull << at % 64;

    for (size_t w = at / 64 + 1; w < words; w++) x ^= u[w];
    return (uint64_t)__builtin_parityll(x);
}

/* The xor of the half of the entries that ends with `at`, entry 0 following the last one: a share of
 * [(at - l) mod entries < entries / 2]. */
static inline uint64_t xor_half(const uint64_t *u, size_t words, size_t entries, size_t at)
{
    size_t   half = entries / 2;
    uint64_t behind = xor_behind(u, words, at);

    if (at >= half) return xor_behind(u, words, at - half) ^ behind;
    return (u[0] & 1) ^ xor_behind(u, words, 0) ^ xor_behind(u, words, at + half) ^ behind;
}

#endif
