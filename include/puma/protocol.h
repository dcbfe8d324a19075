/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/protocol.h - the table that a protocol backend fills in: a core that every backend has, and extensions
 * that the host asks for by name.
 *
 * Roles.  A run has nodes 0 … parties - 1, which make the same calls in the same order with the same shapes
 * (SPMD), and one client, PUMA_CLIENT, which only calls share and reveal (and embed).  One of the nodes may be
 * a dealer.  Shapes, rings, fractions and public constants are the same at all of them; no branch, index or
 * length may depend on a share, so that the messages of a call follow from its arguments' shapes.
 *
 * Rules for every slot, unless its own text says otherwise:
 *   caller     the session's thread, through <puma/ops.h> or the executor; never two calls at once
 *   result     z is fresh from host->tensor, its words 0, with kind, shape, bits, frac and range set; the
 *              slot fills the planes.  z is not an operand
 *   operands   checked by the host before the call: shapes, kinds, rings as written at the slot
 *   empty      n = 0: the slot returns PUMA_OK without a message.  The wire skips empty messages by itself
 *   failure    the slot calls host->fail and returns the status, or returns what a host function returned.
 *              A slot that is called in a failed session (status not PUMA_OK) returns that status
 *   memory     from host->scratch and host->tensor, between enter and leave; a backend frees nothing
 *   cost       the backend documents rounds, bytes and source (paper, section) beside its code, with the
 *              argument why each message is uniform; `puma plan` finds the counts by rehearsing the calls, and
 *              the conformance suite compares them with what was sent
 *
 * In comments x as an integer is the signed representative of its ring word; an ulp is 2^-frac. */
#ifndef PUMA_PROTOCOL_H
#define PUMA_PROTOCOL_H

#include <puma/host.h>
#include <puma/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a backend can do (puma_protocol.caps).  A backend without PUMA_CAP_RINGS sees only arithmetic tensors
 * of 64 bits, whatever a formula asks for. */
#define PUMA_CAP_DEALER (1ull << 0) /* node `dealer` only deals: it neither brings in nor receives values     */
#define PUMA_CAP_RINGS (1ull << 1)  /* each tensor has a ring of its own, 1 to 64 bits                       */
#define PUMA_CAP_LOCAL (1ull << 2)  /* one party, inside the client's process: no wire                       */
#define PUMA_CAP_CLEAR (1ull << 3)  /* values are in the clear; it has the extension PUMA_EXT_CLEAR          */
#define PUMA_CAP_PUBLIC (1ull << 4) /* product takes PUMA_TERM_PUBLIC; elsewhere the host shares the matrix  */
/* Capabilities of a session, only in puma_session.caps. */
#define PUMA_CAP_FLOAT (1ull << 32)     /* words are the bits of a double                                    */
#define PUMA_CAP_REHEARSAL (1ull << 33) /* messages are counted, not sent; words mean nothing, and kernels   *
                                         * and streams do not touch them: local work may be left out         */

/* --- operands of the core -------------------------------------------------------------------------------- */

/* One summand of a product. */
typedef enum puma_term_op {
    PUMA_TERM_MATMUL, /* x (..., M, K) times y (K, N) or (..., K, N) with the same leading dimensions          */
    PUMA_TERM_MUL,    /* x * y element by element, see y_rows                                                  */
    PUMA_TERM_ADD,    /* x itself, shifted left by (fraction bits of the product - x's): local                 */
    PUMA_TERM_PUBLIC  /* x (..., M, K) times the public matrix w (K, N): PUMA_CAP_PUBLIC                        */
} puma_term_op;

typedef struct puma_term {
    puma_term_op       op;
    const puma_tensor *x, *y;
    int                y_transposed; /* MATMUL, PUBLIC: y or w is (N, K) or (..., N, K)                        */
    int                y_rows;       /* MUL: y has one entry per row of x: y[i / (x.n / y.n)]; otherwise a     *
                                      * shorter y repeats: y[i % y.n].  ADD: a shorter x repeats over z the    *
                                      * same way (a bias)                                                      */
    const puma_public *w;            /* PUBLIC, in place of y                                                  */
} puma_term;

/* One summand of a multiplexer: coefficient * bit * value. */
typedef struct puma_choice {
    const puma_tensor *bit;         /* PUMA_BIT, shape of z                                                    */
    const puma_tensor *value;       /* arithmetic, shape of z, bits >= z's; NULL: the integer 1                */
    uint64_t           coefficient; /* public ring word; with PUMA_CAP_FLOAT bits of a double                  */
} puma_choice;

/* --- the core ---------------------------------------------------------------------------------------------- */

struct puma_protocol {
    uint32_t struct_size;
    uint32_t parties;    /* nodes without the client, but with a dealer: 1 to PUMA_MAX_PARTIES                 */
    uint32_t dealer;     /* the node that works ahead, waiting for no other party; PUMA_NO_NODE: none          */
    uint32_t planes;     /* ring words a party holds for an element of PUMA_ARITH: 1 to PUMA_MAX_PLANES        */
    uint32_t bit_planes; /* bits that it holds for an element of PUMA_BIT, likewise                            */
    uint64_t caps;       /* PUMA_CAP_*                                                                         */

    /* Makes a session.  Called at every node including the client, before any other call.  It is enough to
     * calloc a structure that begins with a puma_session and to copy *base into that; from then on host
     * functions take the copy.  It may take random streams and exchange messages (seeds), which count as
     * set-up.  On failure it frees what it made, leaves *s alone and returns a status; host->fail on the copy
     * adds a text. */
    puma_status (*open)(puma_session **s, const puma_session *base);
    /* Frees a session that open made.  The last call, also after failures of other slots. */
    void (*close)(puma_session *s);

    /* Values in.  Node `from` - the client, or a party that is not a dealer - has `words`: z->words of them,
     * ring words reduced to z->bits, or packed bits; at the other nodes `words` is NULL. z is arithmetic or
     * bits.  Called at every node.  Weights and tokens come in this way, and so do values that a party itself
     * brings in, which z->known then shows. */
    puma_status (*share)(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from);
    /* Values out.  Node `to` - the client, or a party that is not a dealer - gets out[x->words], reduced;
     * `out` is NULL at the other nodes.  Called at every node.  It is the only way a value leaves: the wire
     * to the client takes payload only while the host reveals.  At the client x has shape and ring but no
     * shares. */
    puma_status (*reveal)(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to);

    /* Linear, local, in one ring: z = x + y, z = x - y.  All of one shape, kind PUMA_ARITH. z may be x or
     * y. */
    puma_status (*add)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    puma_status (*sub)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    /* z = x + c, z = c x, with nc public ring words (1, or a divisor of z->n, repeating). z may be x. scale:
     * z's ring is x's, or t bits wider where c is a multiple of 2^t.  It multiplies integers, so z has x's
     * fraction bits plus those of c. */
    puma_status (*add_public)(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c, size_t nc);
    puma_status (*scale)(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c, size_t nc);
    /* z (...) = the sum of x (..., N) over its last axis; the sum over an empty axis is 0. */
    puma_status (*sum)(puma_session *s, puma_tensor *z, const puma_tensor *x);

    /* z = (sum of terms) / 2^shift in the ring z->bits, 0 <= shift < 62.  The error is below one ulp of z, and for
     * fixed operands its mean over the random streams is 0: rounding down, or to nearest, is not enough.  With
     * shift 0 the result is exact.  Every term that multiplies has z->frac + shift fraction bits.  The sum is
     * known mod 2^k, where k is the smallest ring among the operands, and one of these must hold:
     *   z->bits + shift <= k, or |sum| < 2^(k-2) as an integer.
     * In one ring of 64 bits this means: with shift 0 any sum, which wraps; otherwise |sum| < 2^62.
     * Batch dimensions, M, N or K may be 0; a sum over an empty K is 0. */
    puma_status (*product)(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count, uint32_t shift);
    /* z = x / 2^shift in the ring z->bits, in the same sense: z->bits + shift <= x->bits, or
     * |x| < 2^(x->bits-2), must hold.  With shift 0 it narrows (local) or widens; in one ring it copies. */
    puma_status (*trunc)(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift);

    /* Bits, of one shape.  In xor_ and not_ z may be an operand. */
    puma_status (*xor_)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    puma_status (*not_)(puma_session *s, puma_tensor *z, const puma_tensor *x);
    puma_status (*and_)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    /* z[j] = [x < c[j]] for `count` public thresholds, given as words of x's ring, as bits of x's shape. low
     * and width permit less work: only bits low … low + width - 1 of x - c[j] need to be examined (low +
     * width <= x->bits), because |x - c| < 2^(low+width-1) - 2^low, and the result may be wrong where |x - c|
     * < 2^low.  A backend that cuts `low` bits off each of k addends errs by up to (k-1) 2^low, so it must
     * cut fewer. */
    puma_status (*less)(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c,
                        size_t count, uint32_t low, uint32_t width);
    /* z = the sum of coefficient * bit * value in the ring z->bits.  The values' fraction is z's. */
    puma_status (*mux_sum)(puma_session *s, puma_tensor *z, const puma_choice *choices, size_t count);

    /* The table of an extension below, or NULL for an id that the backend does not know.  `extension` itself
     * may be NULL: no extensions.  [any thread, before any session] */
    const void *(*extension)(const char *id);
};

/* --- extensions: what is missing is built by the host from the core ------------------------------------------ */

/* A piecewise polynomial of degree 2.  It has N = 2^index_bits buckets of 2^unit ring units.  The polynomial
 * of bucket D,
 *
 *     p_D(d) = c[0][D] 2^-frac + c[1][D] 2^-slope_frac d + c[2][D] 2^-curve_frac d^2,
 *
 * holds on twice the bucket's width, from one width before the bucket to its end: an operand's remainder d, a
 * number, is signed, |d| < 2^unit ring units, so that an operand near the border of two buckets may be counted
 * into either.  The coefficients are public.  |p_D(d)| < 2^(ring - 2 - frac). */
typedef struct puma_table {
    uint32_t       struct_size;
    uint32_t       unit, index_bits;
    uint32_t       ring; /* bits of the ring in which a result is computed, before it goes into z's ring */
    uint32_t       frac, slope_frac, curve_frac;
    double         error; /* the largest absolute error that the protocol's roundings may add to p_D(d),   *
                           * besides one ulp of z; each backend decides how to meet it                  */
    const int64_t *c[3];
} puma_table;

/* Rows first ... first + rows - 1 of a table, and the ones picked among them: ids[n], each below `rows`. */
typedef struct puma_index {
    size_t          first, rows;
    const uint32_t *ids; /* at the node that brings them in; NULL elsewhere                               */
} puma_index;

/* Functions by lookup.  Every slot may be NULL. */
#define PUMA_EXT_LOOKUP "puma.lookup/2"
typedef struct puma_lookup_ext {
    uint32_t struct_size;
    /* z (x.n, count) bits: z[i][v] = [x_i = v] for v < count, for an integer 0 <= x_i < count. */
    puma_status (*one_hot)(puma_session *s, puma_tensor *z, const puma_tensor *x);
    /* z = p_D(d) for 0 <= x <= (N-1) 2^unit ring units.  z->frac <= t->frac. */
    puma_status (*table)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t);
    /* z = 0 left of the buckets, x right of them, and inside them [D >= N/2] x + p_D(d), where bucket 0
     * begins at -N/2 buckets: for GeLU and similar functions.  Right for |x| < 2^(window-1) - 2^unit ring
     * units. z->bits <= x->bits, z->frac = x->frac. */
    puma_status (*gate)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t,
                        uint32_t window);
    /* z = 2^x for x < high (a number).  The error is at most error * max(1, 2^x) and one ulp of z, else
     * PUMA_ENUMERIC; z is 0 where 2^x is below an ulp. x may be any number of its ring: -2^(x->bits-1) <= x
     * as an integer. */
    puma_status (*exp2)(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t high, double error);
    /* z = the larger of x and y; all in one ring of 6 to 12 bits.  Right where x and y differ by less than
     * 15/16 of 2^(bits-1) ring units. */
    puma_status (*maximum)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
    /* Rows of a table (V, d) by ids that only node `from` knows (the client; with PUMA_CAP_LOCAL this node).
     * z (n, d): z[i] = the sum over the parts of table[first + ids[i]], exact, in the table's ring and
     * fraction.  Called at every node; at the client `table` is NULL and z is (n, 0) in the table's ring.
     * There is no fallback: without it the executor shares one-hot rows. */
    puma_status (*embed)(puma_session *s, puma_tensor *z, const puma_tensor *table, const puma_index *parts,
                         size_t count, uint32_t from);
} puma_lookup_ext;

/* A matrix product inside three tensors: x, y and z are the first elements of the operands and of the result.
 * It is (m, k) times (k, n), or with y_transposed (n, k), with rows one after the other. */
typedef struct puma_block {
    size_t x, y, z, m, n, k;
} puma_block;

typedef struct puma_blocks {
    const puma_block *block;
    size_t            count;
    int               y_transposed; /* in all blocks */
} puma_blocks;

/* Products of many shapes.  The slot may be NULL. */
#define PUMA_EXT_BLOCKS "puma.blocks/2"
typedef struct puma_blocks_ext {
    uint32_t struct_size;
    /* All blocks in one step, truncated as in `product`.  Each element of z is in exactly one block; blocks
     * may overlap in what they read.  Without it the host pads all blocks to one batch: the same rounds, more
     * bytes. */
    puma_status (*product_blocks)(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y,
                                  const puma_blocks *blocks, uint32_t shift);
} puma_blocks_ext;

/* Numbers that no node knows. */
#define PUMA_EXT_RANDOM "puma.random/2"
typedef struct puma_random_ext {
    uint32_t struct_size;
    /* z, arithmetic: words that are uniform in z's ring, and that neither the client nor any one party knows.  Without
     * it the parties share words of their own and add them up, which takes what `share` takes. */
    puma_status (*random)(puma_session *s, puma_tensor *z);
} puma_random_ext;

/* Values in the clear, for a backend with PUMA_CAP_CLEAR: required there, meaningless for others. */
#define PUMA_EXT_CLEAR "puma.clear/2"
typedef struct puma_clear_ext {
    uint32_t struct_size;
    /* z_i = f(x_i) on the numbers; rows of `row` entries at a time when row > 1.  z may be x. */
    puma_status (*apply)(puma_session *s, puma_tensor *z, const puma_tensor *x, size_t row,
                         void (*f)(double *row, size_t n, const void *context), const void *context);
} puma_clear_ext;

/* A proof that nobody deviated.  A backend that withstands parties which may deviate must have it. */
#define PUMA_EXT_VERIFY "puma.verify/2"
typedef struct puma_verify_ext {
    uint32_t struct_size;
    /* Called by the host before every reveal, at every node but the client.  It checks everything since the
     * last call, in as many rounds as that takes.  PUMA_OK: the reveal goes on.  PUMA_ECHEAT, through
     * host->fail with what is known about the cheater: nothing is revealed, and the program ends with 12. */
    puma_status (*verify)(puma_session *s);
} puma_verify_ext;

#ifdef __cplusplus
}
#endif

#endif
