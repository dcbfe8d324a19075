/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* trunc.c - exact truncation (doc/rep3.md, "Truncation"): two ways to end a product, both within one ulp and
 * unbiased.
 *
 * P1 and P2 hold c, P0 holds r, c = z + r mod 2^k.  P0 knows r >> t and msb(r) and deals them to P1
 * and P2.
 *
 * Narrow, for z->bits + t <= k: m' = c >> t and l' = r >> t are a masked sharing mod 2^(k-t) of z / 2^t, off
 * by less than one ulp (the borrow of the low parts), for every z.  P0 deals l' as the split l1' + l2'.
 * bits offline, nothing online.
 * Exact, for any target K, with -2^(k-2) <= z < 2^(k-2) and c = z + 2^(k-2) + r: over the integers
 *       z / 2^t = (c >> t) - 2^(k-2-t) - (r >> t) + [msb(c) = 0] * 2^(k-t) * msb(r)        within one ulp,
 *   because the sum wrapped exactly when msb(r) = 1 and msb(c) = 0.  Affine in dealt values with public
 *   coefficients; re-masked by an Open.  msb(r) is dealt mod 2^(K-k+t), the rest is shifted out.  K + (K-k+t)
 *   offline, 2K online, one round.
 *
 * The rounding coin [c_low < z_low] is known to P1 and P2 from c, to P0 from r: part of the functionality
 * (doc/rep3.md, "Truncation").  The wrap bit msb(c) = 0 is a function of c, which is uniform; msb(r) is never
 * published. */
#include "masked.h"

puma_status masked_trunc_narrow(struct masked *r, puma_tensor *z, const uint64_t *c, const uint64_t *mask,
                                uint32_t shift)
{
    const puma_host *host = r->base.host;
    size_t           mark = host->enter(&r->base);
    uint64_t        *high = host->scratch(&r->base, z->n);
    puma_status      status = r->base.status;

    if (high != NULL && is_dealer(r)) {
        host->ring->reduce(high, mask, z->bits + shift, z->n);
        host->ring->shift_right(high, high, shift, z->n);
        status = masked_deal(r, z->plane[0], z->plane[1], high, z->n, z->bits);
    } else if (high != NULL) {
        host->ring->reduce(high, c, z->bits + shift, z->n);
        host->ring->shift_right(z->plane[0], high, shift, z->n);
        status = masked_deal(r, z->plane[1], NULL, NULL, z->n, z->bits);
    }
    puma_leave(&r->base, mark, NULL);
    return status;
}

puma_status masked_trunc_shares(struct masked *r, uint64_t *out, const uint64_t *c, const uint64_t *mask,
                                size_t n, uint32_t k, uint32_t shift, uint32_t bits)
{
    const puma_host *host = r->base.host;
    const puma_ring *ring = host->ring;
    uint32_t         keep = k - shift;                     /* bits of c >> shift                */
    uint32_t         wrap = bits > keep ? bits - keep : 0; /* bits of msb(r) that reach the ring */
    size_t           mark = host->enter(&r->base);
    uint64_t        *h = host->scratch(&r->base, n);
    uint64_t        *high1 = host->scratch(&r->base, n), *high2 = host->scratch(&r->base, n);
    uint64_t        *top1 = host->scratch(&r->base, n), *top2 = host->scratch(&r->base, n);
    puma_status      status = r->base.status;

    if (h == NULL || high1 == NULL || high2 == NULL || top1 == NULL || top2 == NULL) goto done;
    if (is_dealer(r)) {
        ring->shift_right(h, mask, shift, n);
        ring->reduce(h, h, bits, n);
    }
    status = masked_deal(r, high1, high2, h, n, bits);
    if (status == PUMA_OK && wrap > 0) {
        if (is_dealer(r)) ring->shift_right(h, mask, k - 1, n);
        status = masked_deal(r, top1, top2, h, n, wrap);
    }
    if (status != PUMA_OK) goto done;
    if (!is_dealer(r)) {
        ring->neg(h, high1, n);
        if (wrap > 0)
            for (size_t i = 0; i < n; i++)
                h[i] += ((c[i] >> (k - 1)) ^ 1) * top1[i] << keep; /* c is public to P1 and P2 */
        if (r->base.role == P1) {
            ring->shift_right(high1, c, shift, n);
            ring->add(h, h, high1, n);
            ring->offset(h, h, 0 - (1ull << (k - 2) >> shift), n);
        }
        ring->reduce(out, h, bits, n);
    }
done:
    puma_leave(&r->base, mark, NULL);
    return status;
}

puma_status masked_trunc_exact(struct masked *r, puma_tensor *z, const uint64_t *c, const uint64_t *mask,
                               uint32_t k, uint32_t shift)
{
    size_t      mark = r->base.host->enter(&r->base);
    uint64_t   *y = r->base.host->scratch(&r->base, z->n);
    puma_status status = r->base.status;

    if (y != NULL) status = masked_trunc_shares(r, y, c, mask, z->n, k, shift, z->bits);
    if (status == PUMA_OK) status = masked_remask(r, z, y);
    puma_leave(&r->base, mark, NULL);
    return status;
}

/* A masked sharing is an opened c = m under r = l: no online message before the re-masking. */
puma_status masked_trunc(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift)
{
    struct masked   *r = masked_of(s);
    const puma_ring *ring = s->host->ring;
    size_t           mark = s->host->enter(s);
    uint64_t        *c;
    puma_status      status = PUMA_OK;

    if (shift == 0 && z->bits <= x->bits) {
        for (uint32_t p = 0; p < 2; p++) ring->reduce(z->plane[p], x->plane[p], z->bits, z->n);
        goto done;
    }
    c = s->host->scratch(s, x->n);
    status = s->status;
    if (c == NULL) goto done;
    if (is_dealer(r)) {
        ring->add(c, x->plane[0], x->plane[1], x->n);
        ring->reduce(c, c, x->bits, x->n);
    }
    if (z->bits + shift <= x->bits) {
        status = masked_trunc_narrow(r, z, x->plane[0], c, shift);
        goto done;
    }
    if (!is_dealer(r)) {
        ring->offset(c, x->plane[0], 1ull << (x->bits - 2), x->n);
        ring->reduce(c, c, x->bits, x->n);
    }
    status = masked_trunc_exact(r, z, c, c, x->bits, shift);
done:
    puma_leave(s, mark, NULL);
    return status;
}
