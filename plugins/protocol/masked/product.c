/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* product.c - sums of products, opened once and truncated on the way (doc/rep3.md, "Products").
 *
 *     x y = (m_x - l_x)(m_y - l_y)
 *     P1: y1 = m_x (m_y - l1_y) - l1_x m_y      P2: y2 = - m_x l2_y - l2_x m_y      y1 + y2 = x y - g
 * with g = l_x l_y known to P0.  One Open an output element makes c = y1 + r1 + y2 + r2 = x y + r with r :=
 * r1 + r2 - g, so P0 sends nothing for g.  The masks r1, r2 stay as they are for P1 and P2, and r is only
 * ever shifted and dealt: P2 is never given r2 - g, from which it would learn g.  Cost: the Open (2 n bits of
 * its ring, one round) and the end in trunc.c.
 *
 * A public matrix W costs no opening: x W = m_x W - l1_x W - l2_x W, each party multiplies what it has.  Where
 * a sum has public matrices and addends alone, its m and l are the same sums of theirs, and so m is a c that
 * was opened already, under r = l: nothing goes between P1 and P2 unless a wide target ring needs a new mask.
 * m_x W is a function of m_x, which was published once, and l is only shifted and dealt afresh: P2 gets l >>
 * shift minus a new stretch, never l2_x W >> shift, of which it knows a part.  Cost: the end in trunc.c, offline.
 * Without truncation the planes of the sum are the result, and there is no message at all.
 *
 * Blocks change nothing in this: which elements of its operands a sum reads is public and decides what each
 * party computes alone; what is sent is z's n elements, each under an r1, r2 of its own, whatever blocks
 * share. */
#include "masked.h"

#include <string.h>

static uint32_t smaller(uint32_t x, uint32_t y) { return x < y ? x : y; }

/* Fraction bits of the product: those of a term with two factors; of the widest addend when there is none. */
static uint32_t product_frac(const puma_term *terms, size_t count)
{
    uint32_t frac = 0;

    for (size_t i = 0; i < count; i++) {
        if (terms[i].op == PUMA_TERM_PUBLIC) return terms[i].x->frac + terms[i].w->frac;
        if (terms[i].op != PUMA_TERM_ADD) return terms[i].x->frac + terms[i].y->frac;
        if (terms[i].x->frac > frac) frac = terms[i].x->frac;
    }
    return frac;
}

/* The sum is known mod 2^k, k as returned. */
static uint32_t product_ring(const puma_term *terms, size_t count, uint32_t frac)
{
    uint32_t k = 64;

    for (size_t i = 0; i < count; i++) {
        if (terms[i].op == PUMA_TERM_ADD)
            k = smaller(k, smaller(64, terms[i].x->bits + frac - terms[i].x->frac));
        else if (terms[i].op == PUMA_TERM_PUBLIC)
            k = smaller(k, terms[i].x->bits);
        else
            k = smaller(k, smaller(terms[i].x->bits, terms[i].y->bits));
    }
    return k;
}

/* What is summed up: terms in the shape of the result, or one matrix product made of blocks. */
typedef struct summands {
    const puma_term   *terms;
    size_t             count;
    const puma_blocks *blocks; /* of the one term; NULL: its operands' shapes say it */
} summands;

/* Where it is summed up: n words, mod 2^bits or finer. */
typedef struct total {
    uint64_t *words;
    size_t    n;
    uint32_t  bits;
} total;

/* Matrix products, as accumulate() below. */
static void accumulate_matrices(const puma_ring *ring, const total *acc, const summands *of,
                                const puma_term *t, const uint64_t *a, const uint64_t *b, int sign)
{
    uint32_t  rank = t->x->rank;
    puma_gemm g = { .batch = 1, .b_transposed = t->y_transposed, .sign = sign, .bits = acc->bits };

    if (of->blocks != NULL) {
        for (size_t i = 0; i < of->blocks->count; i++) {
            const puma_block *c = &of->blocks->block[i];

            g.m = c->m;
            g.n = c->n;
            g.k = c->k;
            ring->matmul(acc->words + c->z, a + c->x, b + c->y, &g);
        }
        return;
    }
    for (uint32_t i = 0; i + 2 < rank; i++) g.batch *= t->x->dim[i];
    g.m = t->x->dim[rank - 2];
    g.n = t->y->dim[t->y->rank - (t->y_transposed ? 2 : 1)];
    g.k = t->x->dim[rank - 1];
    g.b_batched = t->y->rank > 2;
    ring->matmul(acc->words, a, b, &g);
}

/* acc += sign * (a of term.x) times (b of term.y), a and b being arrays in the shapes of x and y. */
static void accumulate(const puma_ring *ring, const total *acc, const summands *of, const puma_term *t,
                       const uint64_t *a, const uint64_t *b, int sign)
{
    uint64_t *z = acc->words;
    size_t    n = acc->n, ny = t->y->n;

    if (t->op == PUMA_TERM_MATMUL) {
        accumulate_matrices(ring, acc, of, t, a, b, sign);
    } else if (t->y_rows && ny != n) {
        size_t row = n / ny;

        for (size_t i = 0; i < ny; i++)
            ring->scale_add(z + i * row, a + i * row, sign > 0 ? b[i] : 0 - b[i], row);
    } else {
        for (size_t i = 0; i < n; i += ny) {
            if (sign > 0)
                ring->mul_add(z + i, a + i, b, ny);
            else
                ring->mul_sub(z + i, a + i, b, ny);
        }
    }
}

/* acc += c * a, a repeating. */
static void add_repeated(const puma_ring *ring, const total *acc, const uint64_t *a, size_t na, uint64_t c)
{
    for (size_t i = 0; na > 0 && i < acc->n; i += na) ring->scale_add(acc->words + i, a, c, na);
}

/* A matrix times a vector or two: as much time goes into reading the matrix as into products. */
static bool few_rows(const puma_term *t)
{
    return t->op == PUMA_TERM_MATMUL && t->y->rank == 2 && t->x->n <= 4 * t->x->dim[t->x->rank - 1];
}

/* This party's part of a product: at P0 l_x l_y, at P1 and P2 y1 and y2 as above.  Sums are made of the
 * smaller operand where there is a choice: weights lie where they are. */
static void local_product(struct masked *r, const total *acc, const summands *of, const puma_term *t)
{
    const puma_ring   *ring = kernels(r);
    const puma_tensor *x = t->x, *y = t->y;
    uint64_t          *a, *b;

    switch (r->base.role) {
    case P0:
        a = r->base.host->scratch(&r->base, x->n);
        if (a == NULL) return;
        ring->add(a, x->plane[0], x->plane[1], x->n);
        if (of->blocks == NULL && few_rows(t)) { /* reading y twice is less than writing its sum */
            accumulate(ring, acc, of, t, a, y->plane[0], 1);
            accumulate(ring, acc, of, t, a, y->plane[1], 1);
            return;
        }
        b = r->base.host->scratch(&r->base, y->n);
        if (b == NULL) return;
        ring->add(b, y->plane[0], y->plane[1], y->n);
        accumulate(ring, acc, of, t, a, b, 1);
        return;
    case P1:
        if (x->n < y->n) { /* (m_x - l1_x) m_y - m_x l1_y */
            a = r->base.host->scratch(&r->base, x->n);
            if (a == NULL) return;
            ring->sub(a, x->plane[0], x->plane[1], x->n);
            accumulate(ring, acc, of, t, a, y->plane[0], 1);
            accumulate(ring, acc, of, t, x->plane[0], y->plane[1], -1);
            return;
        }
        b = r->base.host->scratch(&r->base, y->n);
        if (b == NULL) return;
        ring->sub(b, y->plane[0], y->plane[1], y->n);
        accumulate(ring, acc, of, t, x->plane[0], b, 1);
        accumulate(ring, acc, of, t, x->plane[1], y->plane[0], -1);
        return;
    default:
        accumulate(ring, acc, of, t, x->plane[0], y->plane[1], -1);
        accumulate(ring, acc, of, t, x->plane[1], y->plane[0], -1);
    }
}

/* The entries of a term's public matrix as ring words; NULL after a failure. */
static const uint64_t *public_words(struct masked *r, const puma_term *t)
{
    uint64_t *words = r->base.host->scratch(&r->base, t->w->dim[0] * t->w->dim[1]);

    if (words != NULL) puma_public_words(words, t->w);
    return words;
}

/* acc += sign * a times these words of a term's public matrix, a being an array in the shape of x. */
static void accumulate_public(struct masked *r, const total *acc, const puma_term *t, const uint64_t *a,
                              const uint64_t *words, int sign)
{
    puma_gemm g = { .batch = 1,
                    .m = 1,
                    .n = t->w->dim[t->y_transposed ? 0 : 1],
                    .k = t->w->dim[t->y_transposed ? 1 : 0],
                    .b_transposed = t->y_transposed,
                    .sign = sign,
                    .bits = acc->bits };

    for (uint32_t i = 0; i + 1 < t->x->rank; i++) g.m *= t->x->dim[i];
    if (a != NULL && words != NULL) kernels(r)->matmul(acc->words, a, words, &g);
}

/* This party's part of a product with a public matrix, beside secret ones.  As of an addend, the masks' part is
 * not in g. */
static void local_public(struct masked *r, const total *acc, const puma_term *t)
{
    const uint64_t *words = is_dealer(r) ? NULL : public_words(r, t);
    uint64_t       *a;

    if (words == NULL) return;
    if (r->base.role == P2) {
        accumulate_public(r, acc, t, t->x->plane[1], words, -1);
        return;
    }
    a = r->base.host->scratch(&r->base, t->x->n);
    if (a == NULL) return;
    kernels(r)->sub(a, t->x->plane[0], t->x->plane[1], t->x->n);
    accumulate_public(r, acc, t, a, words, 1);
}

/* This party's part of an addend, moved to `frac` fraction bits.  The masks' part is not in g. */
static void local_addend(struct masked *r, const total *acc, const puma_tensor *x, uint32_t frac)
{
    uint64_t shift = 1ull << (frac - x->frac);

    if (!is_dealer(r)) add_repeated(kernels(r), acc, x->plane[1], x->n, 0 - shift);
    if (r->base.role == P1) add_repeated(kernels(r), acc, x->plane[0], x->n, shift);
}

/* This party's part of the sum. */
static puma_status local_sum(struct masked *r, const total *acc, const summands *of, uint32_t frac)
{
    for (size_t i = 0; i < of->count && r->base.status == PUMA_OK; i++) {
        const puma_term *t = &of->terms[i];
        size_t           mark = r->base.host->enter(&r->base);

        if (t->op == PUMA_TERM_ADD)
            local_addend(r, acc, t->x, frac);
        else if (t->op == PUMA_TERM_PUBLIC)
            local_public(r, acc, t);
        else
            local_product(r, acc, of, t);
        puma_leave(&r->base, mark, NULL);
    }
    return r->base.status;
}

/* --- sums without a secret product ------------------------------------------------------------------------- */

static bool is_linear(const summands *of)
{
    for (size_t i = 0; i < of->count; i++)
        if (of->terms[i].op == PUMA_TERM_MUL || of->terms[i].op == PUMA_TERM_MATMUL) return false;
    return true;
}

/* P0's l1 + l2; NULL after a failure. */
static const uint64_t *mask_of(struct masked *r, const puma_tensor *x)
{
    uint64_t *l = r->base.host->scratch(&r->base, x->n);

    if (l != NULL) kernels(r)->add(l, x->plane[0], x->plane[1], x->n);
    return l;
}

/* The same sum of what a party has of each operand: into acc[0] of plane 0, or of the mask at P0 where that is all that is
 * wanted, and into acc[1], if there are two, of plane 1. */
static puma_status own_sums(struct masked *r, const total *acc, size_t planes, const summands *of, uint32_t frac)
{
    const puma_host *host = r->base.host;

    for (size_t i = 0; i < of->count && r->base.status == PUMA_OK; i++) {
        const puma_term *t = &of->terms[i];
        size_t           mark = host->enter(&r->base);
        const uint64_t  *words = t->op == PUMA_TERM_PUBLIC ? public_words(r, t) : NULL;

        for (size_t p = 0; p < planes && r->base.status == PUMA_OK; p++) {
            const uint64_t *a = planes == 1 && is_dealer(r) ? mask_of(r, t->x) : t->x->plane[p];

            if (t->op == PUMA_TERM_PUBLIC)
                accumulate_public(r, &acc[p], t, a, words, 1);
            else if (a != NULL)
                add_repeated(host->ring, &acc[p], a, t->x->n, 1ull << (frac - t->x->frac));
        }
        puma_leave(&r->base, mark, NULL);
    }
    for (size_t p = 0; p < planes && r->base.status == PUMA_OK; p++)
        host->ring->reduce(acc[p].words, acc[p].words, acc[p].bits, acc[p].n);
    return r->base.status;
}

static puma_status sum_linear(struct masked *r, puma_tensor *z, const summands *of, uint32_t frac, uint32_t k,
                              uint32_t shift)
{
    const puma_host *host = r->base.host;
    bool             narrow = z->bits + shift <= k;
    size_t           mark = host->enter(&r->base);
    puma_status      status = PUMA_OK;
    uint64_t        *c;

    if (narrow && shift == 0) {
        const total planes[2] = { { z->plane[0], z->n, z->bits }, { z->plane[1], z->n, z->bits } };

        status = own_sums(r, planes, 2, of, frac);
        goto done;
    }
    c = host->scratch(&r->base, z->n);
    if (c == NULL) {
        status = r->base.status;
        goto done;
    }
    status = own_sums(r, &(total){ .words = c, .n = z->n, .bits = k }, 1, of, frac);
    if (status != PUMA_OK) goto done;
    if (!narrow && !is_dealer(r)) {
        host->ring->offset(c, c, 1ull << (k - 2), z->n);
        host->ring->reduce(c, c, k, z->n);
    }
    status = narrow ? masked_trunc_narrow(r, z, c, c, shift) : masked_trunc_exact(r, z, c, c, k, shift);
done:
    puma_leave(&r->base, mark, NULL);
    return status;
}

static puma_status sum_up(puma_session *s, puma_tensor *z, const summands *of, uint32_t shift)
{
    struct masked   *r = masked_of(s);
    const puma_ring *ring = s->host->ring;
    uint32_t         frac = product_frac(of->terms, of->count), k = product_ring(of->terms, of->count, frac);
    bool             narrow = z->bits + shift <= k;
    size_t           mark;
    uint64_t        *c, *mask1, *mask2;
    puma_status      status;

    if (is_linear(of)) return sum_linear(r, z, of, frac, k, shift);
    mark = s->host->enter(s);
    c = s->host->scratch(s, z->n);
    mask1 = s->host->scratch(s, z->n);
    mask2 = s->host->scratch(s, z->n);
    status = s->status;
    if (c == NULL || mask1 == NULL || mask2 == NULL) goto done;
    if (narrow) k = z->bits + shift;
    status = local_sum(r, &(total){ .words = c, .n = z->n, .bits = k }, of, frac);
    if (status != PUMA_OK) goto done;
    if (!narrow && r->base.role == P1) ring->offset(c, c, 1ull << (k - 2), z->n);
    if (is_dealer(r)) {
        status = masked_open(r, NULL, mask1, mask2, NULL, z->n, k);
        ring->add(mask1, mask1, mask2, z->n);
        ring->sub(c, mask1, c, z->n); /* r = r1 + r2 - g */
    } else {
        status = masked_open(r, c, mask1, NULL, c, z->n, k);
    }
    ring->reduce(c, c, k, z->n);
    if (status != PUMA_OK) goto done;
    status = narrow ? masked_trunc_narrow(r, z, c, c, shift) : masked_trunc_exact(r, z, c, c, k, shift);
done:
    puma_leave(s, mark, NULL);
    return status;
}

puma_status masked_product(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count,
                           uint32_t shift)
{
    return sum_up(s, z, &(summands){ .terms = terms, .count = count }, shift);
}

static puma_status product_blocks(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y,
                                  const puma_blocks *blocks, uint32_t shift)
{
    const puma_term term = { .op = PUMA_TERM_MATMUL, .x = x, .y = y, .y_transposed = blocks->y_transposed };

    return sum_up(s, z, &(summands){ .terms = &term, .count = 1, .blocks = blocks }, shift);
}

const puma_blocks_ext masked_blocks = {
    .struct_size = sizeof masked_blocks,
    .product_blocks = product_blocks,
};
