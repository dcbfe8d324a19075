/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pieces.c - a function made of polynomials between knots, for any backend.
 *
 * Rounds: all knots are compared in one call; powers double (x^2; x^3, x^4; x^5 … x^8), those of one step in
 * one product; sums are local, at the fraction of powers and coefficients together; one multiplexer picks the
 * piece by disjoint indicators; one truncation ends it.  Powers of an x far outside of their piece overflow
 * the ring: that piece is thrown away by the multiplexer, so it does not matter what they have become. */
#include "pieces.h"

#include <stdbool.h>

/* Coefficients have this many fraction bits at most, and at least so many where truncation comes last. */
#define MOST 32
#define LEAST 20
#define MOST_KNOTS 8
/* The terms of a kept polynomial, and their sums, stay below 2^TERMS. */
#define TERMS 6

/* Largest power of two below k. */
static uint32_t half_of(uint32_t k)
{
    uint32_t half = 1;

    while (2 * half < k) half *= 2;
    return half;
}

/* p[k] = x^k for those that the pieces use; x is a vector. */
static void powers(puma_session *s, puma_share x, const piece *pieces, size_t count, puma_share *p)
{
    int        wanted[PIECE_DEGREE + 1] = { 0 };
    uint32_t   top = 1, half, at;
    puma_share factor[PIECE_DEGREE], product;

    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 2; k <= pieces[i].degree; k++)
            if (pieces[i].c[k] != 0) wanted[k] = 1;
    for (uint32_t k = PIECE_DEGREE; k >= 2; k--) {
        if (!wanted[k]) continue;
        if (k > top) top = k;
        wanted[half_of(k)] = wanted[k - half_of(k)] = 1;
    }
    p[1] = x;
    for (half = 1; half < top; half *= 2) {
        at = 0;
        for (uint32_t k = half + 1; k <= 2 * half && k <= top; k++)
            if (wanted[k]) factor[at++] = p[k - half];
        product = at > 1 ? puma_concat(s, factor, at, 0) : factor[0];
        product = puma_ready(s, x) ? puma_mul_to(s, product, p[half], 0, x->frac, x->bits) : NULL;
        if (product == NULL) return;
        at = 0;
        for (uint32_t k = half + 1; k <= 2 * half && k <= top; k++)
            if (wanted[k]) {
                p[k] = puma_slice(s, product, 0, at * x->n, (at + 1) * x->n);
                at++;
            }
    }
}

/* The polynomial with `extra` fraction bits more than x: local. */
static puma_share polynomial(puma_session *s, const puma_share *p, const piece *f, uint32_t extra)
{
    puma_share sum = NULL, term;

    for (uint32_t k = 1; k <= f->degree; k++) {
        if (f->c[k] == 0) continue;
        term = puma_scale(s, p[k], f->c[k], extra);
        sum = sum == NULL ? term : puma_add(s, sum, term);
    }
    return f->c[0] == 0 ? sum : puma_add_real(s, sum, f->c[0]);
}

/* 0, x, -x and the like: they need no fraction bits of coefficients. */
static int is_whole(const piece *f)
{
    return f->degree == 1 && f->c[1] == nearbyint(f->c[1]) && f->c[0] == 0;
}

/* Piece i of `count` + 1 knows its bit from its knots'. */
static puma_share indicator(puma_session *s, const puma_share *below, size_t count, size_t i)
{
    if (i == 0) return below[0];
    return i == count ? puma_not(s, below[count - 1]) : puma_xor(s, below[i], below[i - 1]);
}

/* How the polynomials are computed.  Choosing first and truncating the chosen one is half the work, but x
 * itself must then fit beside the fraction bits of coefficients.  Where the plan does not promise that, the
 * polynomials are truncated first. */
typedef struct scale {
    bool     truncate_last;
    uint32_t room;       /* fraction bits of coefficients          */
    uint32_t frac, bits; /* of the values that are chosen between  */
} scale;

/* False, and the session has failed, where there is no room. */
static bool scale_of(puma_session *s, scale *c, puma_share x, const piece *pieces, size_t count,
                     const puma_arguments *a)
{
    /* Only the outer pieces see a large x. */
    bool    outer = pieces[0].degree > 0 || pieces[count].degree > 0;
    int32_t free_bits = (int32_t)x->bits - 2 - (int32_t)x->frac;
    int32_t room = free_bits - (outer ? puma_wider(x->range, TERMS) : TERMS);

    c->truncate_last = room >= LEAST;
    if (!c->truncate_last) room = free_bits - TERMS;
    if (room > MOST) room = MOST;
    if (room < 1) {
        s->host->fail(s, PUMA_ENUMERIC, "no room for polynomials in a ring of %u bits with %u fraction bits",
                      x->bits, x->frac);
        return false;
    }
    c->room = (uint32_t)room;
    c->frac = c->truncate_last ? x->frac + c->room : a->frac;
    c->bits = x->bits;
    if (!c->truncate_last && puma_ring_for(s, a->bits) <= x->bits) c->bits = puma_ring_for(s, a->bits);
    return true;
}

/* value[i] of each piece that is no constant, n numbers, from the powers p of x. */
static void values(puma_session *s, puma_share *value, const puma_share *p, const piece *pieces, size_t count,
                   const scale *c)
{
    puma_share rough[MOST_KNOTS + 1], fine;
    size_t     roughs = 0, n = p[1]->n;

    for (size_t i = 0; i <= count; i++) {
        if (pieces[i].degree == 0) continue;
        if (c->truncate_last)
            value[i] = polynomial(s, p, &pieces[i], c->room);
        else if (is_whole(&pieces[i]))
            value[i] = puma_fit(s, polynomial(s, p, &pieces[i], 0), c->frac, c->bits);
        else
            rough[roughs++] = polynomial(s, p, &pieces[i], c->room);
    }
    if (roughs == 0) return;
    fine = puma_fit(s, puma_concat(s, rough, roughs, 0), c->frac, c->bits);
    roughs = 0;
    for (size_t i = 0; i <= count; i++)
        if (pieces[i].degree > 0 && value[i] == NULL) {
            value[i] = puma_slice(s, fine, 0, roughs * n, (roughs + 1) * n);
            roughs++;
        }
}

puma_share approx_pieces(puma_session *s, puma_share x, const double *knots, size_t count,
                         const piece *pieces, const puma_arguments *a)
{
    puma_share  p[PIECE_DEGREE + 1] = { NULL }, below[MOST_KNOTS], value[MOST_KNOTS + 1] = { NULL }, flat, z;
    puma_choice choice[MOST_KNOTS + 1];
    size_t      chosen = 0, mark;
    scale       c;

    if (!puma_ready(s, x)) return NULL;
    if (count < 1 || count > MOST_KNOTS) {
        s->host->fail(s, PUMA_EINTERNAL, "%zu knots in one function", count);
        return NULL;
    }
    mark = s->host->enter(s);
    flat = puma_reshape1(s, x, x->n);
    if (flat == NULL) return NULL;
    powers(s, flat, pieces, count + 1, p);
    if (puma_less_reals(s, flat, knots, count, 0, below) != PUMA_OK) return NULL;
    if (!scale_of(s, &c, x, pieces, count, a)) return NULL;
    values(s, value, p, pieces, count, &c);
    for (size_t i = 0; i <= count; i++) {
        if (pieces[i].degree == 0 && pieces[i].c[0] == 0) continue;
        choice[chosen].bit = indicator(s, below, count, i);
        choice[chosen].value = value[i];
        choice[chosen].coefficient =
            value[i] != NULL ? puma_integer(s, 1, c.bits) : puma_encode(s, pieces[i].c[0], c.frac, c.bits);
        chosen++;
    }
    if (s->status != PUMA_OK) return NULL;
    z = puma_fit(s, puma_mux_sum(s, choice, chosen, c.frac, c.bits), a->frac, a->bits);
    z = puma_reshape(s, z, x->rank, x->dim);
    puma_leave(s, mark, z);
    return z;
}
