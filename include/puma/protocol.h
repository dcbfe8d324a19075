/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/protocol.h - the table a protocol backend fills.
 *
 * Every compute party runs the same sequence of calls (SPMD) with the same shapes; the client takes
 * part in `share` and `reveal` alone.  Shapes, rings and public constants are equal at all of them; no
 * branch, length or index may depend on a share.  z is fresh from host->tensor with its shape, bits
 * and frac set by the caller, and never aliases an operand, unless a line says otherwise.  The host has
 * checked shapes (ops.h) before a slot is called.  Costs in rounds and bytes stand in the backend. */
#ifndef PUMA_PROTOCOL_H
#define PUMA_PROTOCOL_H

#include <puma/host.h>
#include <puma/plugin.h>

#define PUMA_CAP_DEALER (1ull << 0)      /* one more process that deals and never receives        */
#define PUMA_CAP_TRUNC_EXACT (1ull << 1) /* truncation errs by less than one ulp, always          */
#define PUMA_CAP_RINGS (1ull << 2)       /* a ring width a tensor; without it all are ring_bits   */
#define PUMA_CAP_LOCAL (1ull << 3)       /* one party inside the client: no wire                  */
#define PUMA_CAP_CLEAR (1ull << 4)       /* has `apply`: values are in the clear                  */
#define PUMA_CAP_FLOAT (1ull << 5)       /* of a session: words are the bits of a double          */
#define PUMA_CAP_COMPARE (1ull << 6)     /* less, bits and mux_sum                                */
#define PUMA_CAP_TABLE (1ull << 7)       /* table, gate and exp2 of its own                       */
#define PUMA_CAP_HOLLOW (1ull << 8)      /* of a session: a rehearsal of which only messages and  *
                                          * memory are counted.  Words mean nothing, kernels and  *
                                          * streams leave them alone; local work may be left out  */

/* One summand of a product. */
typedef enum puma_term_op {
    PUMA_TERM_MATMUL, /* x (..., M, K) times y (K, N) or (..., K, N) with the same leading dims    */
    PUMA_TERM_MUL,    /* x * y element by element, see y_rows                                      */
    PUMA_TERM_ADD     /* x alone, shifted left by (fraction bits of the product - x's): local      */
} puma_term_op;

typedef struct puma_term {
    puma_term_op       op;
    const puma_tensor *x, *y;
    int                y_transposed; /* MATMUL: y is (N, K) or (..., N, K)                         */
    int                y_rows;       /* MUL: y has one entry per row of x: y[i / (x.n / y.n)];     *
                                      * otherwise a shorter y repeats: y[i % y.n].  ADD: a shorter *
                                      * x repeats over z the same way (a bias).                    */
} puma_term;

/* A matrix product inside of three tensors: at element z of the result, from elements x and y of the operands
 * on, (m, k) times (k, n), or with y_transposed (n, k), rows one behind the other. */
typedef struct puma_block {
    size_t x, y, z, m, n, k;
} puma_block;

/* One summand of a multiplexer: coefficient * bit * value. */
typedef struct puma_choice {
    const puma_tensor *bit;         /* PUMA_BIT, shape of z                                       */
    const puma_tensor *value;       /* arithmetic, shape of z, bits >= z's; NULL: the integer 1   */
    uint64_t           coefficient; /* public ring word; with PUMA_CAP_FLOAT bits of a double     */
} puma_choice;

/* A piecewise polynomial of degree 2.  N = 2^index_bits buckets of 2^unit ring units; bucket D's polynomial
 * is good on twice its width, from the bucket's begin minus one width on, because the remainder d of an
 * operand is signed: p_D(d) = c[0][D] 2^-frac + c[1][D] 2^-slope_frac d + c[2][D] 2^-curve_frac d^2,      d a
 * number, |d| < 2^unit ring units. Protocols multiply slope and curvature by factors that a dealer knows; how
 * fine is a matter of cost: slope (curvature) is kept at slope_keep (curve_keep) bits and multiplied by d
 * (d^2) at slope_factor (curve_factor) bits. keep + factor <= frac. |p_D(d)| < 2^(ring - 2 - frac). */
typedef struct puma_table {
    uint32_t       struct_size;
    uint32_t       unit, index_bits;
    uint32_t       ring; /* bits in which the result is computed                       */
    uint32_t       frac, slope_frac, curve_frac;
    uint32_t       slope_keep, slope_factor, curve_keep, curve_factor;
    const int64_t *c[3];
} puma_table;

/* Rows first ... first+rows-1 of a table, and which of them: ids[n], each below `rows`. */
typedef struct puma_index {
    size_t          first, rows;
    const uint32_t *ids; /* at the owner; NULL elsewhere                                             */
} puma_index;

struct puma_protocol {
    uint32_t struct_size;
    uint32_t parties; /* compute parties, the dealer among them                               */
    uint32_t planes;  /* ring words a party holds for an element                              */
    uint32_t dealer;  /* node that deals and never waits for a compute party; PUMA_NODES: none */
    uint64_t caps;    /* PUMA_CAP_*                                                           */

    /* Makes a session (calloc of a struct that begins with puma_session is enough); `base` is filled
     * in by the host and must be copied into it.  [before any other call] */
    puma_status (*open)(puma_session **s, const puma_session *base);
    void (*close)(puma_session *s);

    /* --- in and out --------------------------------------------------------------------------------
     * share: `owner` holds `words` (z->words of them, reduced); elsewhere words is NULL.
     * reveal: out[x->words] is written at node `to` only.  x: arithmetic or bits. */
    puma_status (*share)(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t owner);
    puma_status (*reveal)(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to);

    /* --- local, linear: z may be an operand; all of one ring width --------------------------------- */
    puma_status (*add)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    puma_status (*sub)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    /* Public constants, nc = 1 (for all), or a divisor of z->n (repeating). scale: integers mod 2^bits; by a
     * multiple of 2^t into a ring that is wider by t bits as well. */
    puma_status (*add_public)(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c,
                              size_t nc);
    puma_status (*scale)(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c, size_t nc);
    puma_status (*sum)(puma_session *s, puma_tensor *z, const puma_tensor *x); /* over the last axis */

    /* --- products and rings ------------------------------------------------------------------------
     * z = (sum of terms) / 2^shift, rounded by less than one ulp (at random, unbiased), in the ring
     * z->bits.  The sum is known mod 2^k, k = the smallest ring among the operands.  shift 0: exact.
     * Needs z->bits + shift <= k, or |sum| < 2^(k-2) as an integer. */
    puma_status (*product)(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count,
                           uint32_t shift);
    /* z = x / 2^shift in the ring z->bits, in the same sense; shift 0 narrows (local) or lifts.
     * Needs z->bits + shift <= x->bits, or |x| < 2^(x->bits-2) as an integer. */
    puma_status (*trunc)(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift);

    /* --- bits -------------------------------------------------------------------------------------- */
    puma_status (*xor_)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    puma_status (*not_)(puma_session *s, puma_tensor *z, const puma_tensor *x);
    puma_status (*and_)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    /* z[j] = [x < c[j]] for `count` public thresholds on one x.  Only bits low … low+width-1 of the
     * difference are looked at: right when |x - c| < 2^(low+width-1) - 2^low, and to within 2^low. */
    puma_status (*less)(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c,
                        size_t count, uint32_t low, uint32_t width);
    /* z = sum of coefficient * bit * value, in the ring z->bits. */
    puma_status (*mux_sum)(puma_session *s, puma_tensor *z, const puma_choice *choices, size_t count);

    /* --- optional: NULL lets ops.h build it ----------------------------------------------------------
     * z (x.n, count) bits: z[i][v] = [x_i = v] for v < count; 0 <= x_i < count. */
    puma_status (*one_hot)(puma_session *s, puma_tensor *z, const puma_tensor *x);
    /* PUMA_CAP_CLEAR: z_i = f(x_i) on the numbers; row by row when `row` > 1.  z may be x. */
    puma_status (*apply)(puma_session *s, puma_tensor *z, const puma_tensor *x, size_t row,
                         void (*f)(double *row, size_t n, const void *context), const void *context);

    /* PUMA_CAP_TABLE.  z = p_D(d) for 0 <= x <= (N-1) * 2^unit ring units.  z->frac <= t->frac. */
    puma_status (*table)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t);
    /* z = 0 left of the buckets, x right of them, and [D >= N/2] x + p_D(d) inside, bucket 0 beginning at
     * -N/2 buckets: GeLU and its kind.  Right for |x| < 2^(window-1) - 2^unit ring units.  z->bits <=
     * x->bits, z->frac = x->frac. */
    puma_status (*gate)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t,
                        uint32_t window);
    /* z = 2^x for x < high (a number), |error| <= 2^(high-z->frac) or so, 0 where that is nothing.  All of
     * x's ring counts as the window: -2^(x->bits-1) <= x. */
    puma_status (*exp2)(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t high);

    /* Optional: rows of a table (V, d) by ids that only `owner`, the client, knows (with PUMA_CAP_LOCAL this
     * node).  z (n, d): z[i] = sum over the parts of table[first + ids[i]], z's ring and fraction the
     * table's. Exact.  Called at every node; at the client `table` is NULL and z is (n, 0) in the table's
     * ring. */
    puma_status (*embed)(puma_session *s, puma_tensor *z, const puma_tensor *table, const puma_index *parts,
                         size_t count, uint32_t owner);
    /* z = the larger of x and y, element by element; all in one ring of 6 to 12 bits.  Right where they
     * differ by less than 15/16 of 2^(bits-1) ring units. */
    puma_status (*maximum)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    /* Optional; NULL lets ops.h build it.  Matrix products of different shapes in one step, truncated as in
     * `product`.  Each element of z is in one block; blocks may share what they read. */
    puma_status (*product_blocks)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y,
                                  int y_transposed, const puma_block *blocks, size_t count, uint32_t shift);
};

#endif
