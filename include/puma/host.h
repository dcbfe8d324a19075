/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/host.h - what the host lends a plugin: memory, wire, random streams, ring kernels, and the operations
 * that are built on a protocol's table.
 *
 * A plugin links against nothing of the host; everything it needs is reached through `session->host`.  All
 * calls are made on the session's own thread.  A call that fails records the reason in the session
 * (puma_session.status keeps the first failure) and returns it, or NULL; a call in a failed session does
 * nothing and returns the same. */
#ifndef PUMA_HOST_H
#define PUMA_HOST_H

#include <puma/status.h>
#include <puma/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct puma_session puma_session;
typedef struct puma_prg     puma_prg; /* opaque: a seekable AES-128-CTR key stream        */

/* Node numbers.  Parties, including a dealer, count from 0; the client's number is one that no party can
 * have. */
#define PUMA_MAX_PARTIES 8u
#define PUMA_CLIENT 8u  /* brings in weights and inputs, gets the answer */
#define PUMA_NODES 9u   /* size of an array over all nodes               */
#define PUMA_NO_NODE 9u /* where a node may be missing                   */

/* The bill that a message goes on: OFFLINE for material that depends on no input (a dealer's), ONLINE for the
 * rest. */
typedef enum puma_phase { PUMA_OFFLINE = 0, PUMA_ONLINE = 1 } puma_phase;

/* `batch` matrix products, one after the other in memory.  A: m x k row-major.  B: k x n row-major, or n x k.
 * C: m x n. */
typedef struct puma_gemm {
    size_t   batch, m, n, k;
    int      b_transposed; /* B is n x k                                                       */
    int      b_batched;    /* B has a matrix for each product; 0: one for all                   */
    int      sign;         /* 1: C += A B, -1: C -= A B                                        */
    uint32_t bits;         /* of C's ring, 1 to 64; below 64 C is reduced                       */
} puma_gemm;

/* Kernels on arrays of ring words.  Plain wrapping arithmetic mod 2^64; `reduce` brings words into
 * Z_{2^bits}.  z may be x or y unless a line says otherwise.  Bit-identical on every CPU. */
typedef struct puma_ring {
    uint32_t struct_size;
    void (*add)(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n);
    void (*sub)(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n);
    void (*neg)(uint64_t *z, const uint64_t *x, size_t n);
    void (*mul)(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n);
    void (*mul_add)(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n); /* z += x*y  */
    void (*mul_sub)(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n); /* z -= x*y  */
    void (*scale)(uint64_t *z, const uint64_t *x, uint64_t c, size_t n);          /* z = c*x   */
    void (*scale_add)(uint64_t *z, const uint64_t *x, uint64_t c, size_t n);      /* z += c*x  */
    void (*offset)(uint64_t *z, const uint64_t *x, uint64_t c, size_t n);         /* z = x + c */
    void (*shift_right)(uint64_t *z, const uint64_t *x, uint32_t by, size_t n);   /* logical: zeros come in */
    void (*reduce)(uint64_t *z, const uint64_t *x, uint32_t bits, size_t n);
    void (*sum_rows)(uint64_t *z, const uint64_t *x, size_t rows,
                     size_t n); /* z[i] = sum of row i; z is not x */
    /* C += A B or C -= A B, see puma_gemm.  A and B need not be reduced; C must not overlap them. */
    void (*matmul)(uint64_t *c, const uint64_t *a, const uint64_t *b, const puma_gemm *g);
} puma_ring;

struct puma_table;
struct puma_term;
struct puma_blocks;
struct puma_index;
struct puma_approx;

typedef struct puma_host {
    uint32_t         struct_size;
    const puma_ring *ring;

    /* --- tensors: all live in the session's arena ------------------------------------------------------ */
    /* A new tensor whose words are 0, with as many planes as the backend declares for its kind. dim has
     * `rank` entries; bits is 1 to 64 (taken as 1 for PUMA_BIT). */
    puma_tensor *(*tensor)(puma_session *s, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits,
                           uint32_t frac);
    /* The same words with another shape, ring width, fraction or range: the caller may change these fields in
     * the returned copy.  The words are shared and must not be written. */
    puma_tensor *(*view)(puma_session *s, const puma_tensor *x);
    puma_tensor *(*reshape)(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim);
    puma_tensor *(*permute)(puma_session *s, const puma_tensor *x, const uint32_t *axes);
    puma_tensor *(*slice)(puma_session *s, const puma_tensor *x, uint32_t axis, size_t from, size_t to);
    puma_tensor *(*concat)(puma_session *s, const puma_tensor *const *x, size_t count, uint32_t axis);
    /* Repeats each element `times` times in a row (for example per-row scalars along a new last axis). */
    puma_tensor *(*expand)(puma_session *s, const puma_tensor *x, size_t times);
    /* Repeats the whole tensor `times` times along a new first axis. */
    puma_tensor *(*tile)(puma_session *s, const puma_tensor *x, size_t times);
    /* Picks rows of x (axis 0) by public index. */
    puma_tensor *(*gather)(puma_session *s, const puma_tensor *x, const size_t *index, size_t count);
    /* Scopes nest.  `leave` frees every tensor and all scratch made since `enter`, except the `count` tensors
     * of `keep`, which then belong to the enclosing scope; entries may be NULL.  puma_leave keeps one. */
    size_t (*enter)(puma_session *s);
    void (*leave)(puma_session *s, size_t mark, const puma_tensor *const *keep, size_t count);
    /* Frees one tensor of the innermost scope early; NULL is allowed. */
    void (*drop)(puma_session *s, const puma_tensor *x);
    /* Scratch words, set to 0, which live as long as a tensor of the same scope. */
    uint64_t *(*scratch)(puma_session *s, size_t words);

    /* --- wire: n words of `bits` low bits each, packed to ceil(n * bits / 8) bytes of payload ------------- */
    /* Parties may send each other anything at any time; nothing goes to the client outside a reveal.  When
     * `send` returns it has copied the words; it never waits for the peer (with PUMA_OFFLINE it may wait for
     * room in the send queue).  Messages between two nodes arrive in the order in which they were sent,
     * offline and online alike.  Sends that both sides make before they receive are one round.  The
     * receiver's n and bits say what it expects: a message of another length is PUMA_ENET. n = 0 sends no
     * message. */
    puma_status (*send)(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                        puma_phase phase);
    puma_status (*recv)(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits);
    /* The same for n single bits in the packed form of PUMA_BIT: ceil(n / 8) bytes. */
    puma_status (*send_bits)(puma_session *s, uint32_t to, const uint64_t *words, size_t n, puma_phase phase);
    puma_status (*recv_bits)(puma_session *s, uint32_t from, uint64_t *words, size_t n);

    /* --- random streams ----------------------------------------------------------------------------------- */
    /* The stream that this node shares with `peer`, a party or the client: both derive it, and nobody else
     * can.  A stream is named by the pair and a purpose, a fixed string below 64 bytes ("lambda", "open" …).
     * Asking for the same stream again continues it, so that no part is handed out twice.  The stream belongs
     * to the host and lives as long as the session; NULL on failure. */
    puma_prg *(*prg_pair)(puma_session *s, uint32_t peer, const char *purpose);
    puma_prg *(*prg_own)(puma_session *s, const char *purpose); /* known to this node only; named by purpose */
    /* A stream from a seed that the caller has, and may have sent; each call begins a new stream. */
    puma_prg *(*prg_seed)(puma_session *s, const uint64_t seed[4], const char *purpose);
    /* The next n values, uniform in Z_{2^bits}. Two holders of a stream get the same values if they ask for
     * the same n and bits in the same order. */
    void (*prg_words)(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits);
    /* The next n bits in packed form; the bits after the last one are 0. */
    void (*prg_bits)(puma_prg *prg, uint64_t *words, size_t n);

    /* --- errors, options, choices ------------------------------------------------------------------------- */
    puma_status (*fail)(puma_session *s, puma_status status, const char *format, ...)
#if defined(__GNUC__)
        __attribute__((format(printf, 3, 4)))
#endif
        ;
    /* Where the run is, as text: "layer 3 softmax". */
    const char *(*where)(const puma_session *s);
    /* The option `key` of plugin `name` in the run file ([plugin.NAME]); NULL when not set. */
    const char *(*option)(const puma_session *s, const char *name, const char *key);
    /* The function that the plan chose for a slot (approx.h); never NULL for a slot that the run needs. */
    const struct puma_approx *(*function)(const puma_session *s, uint32_t slot);
    /* plain reports the range of every value it meets; others need not. */
    void (*observe)(puma_session *s, const char *what, double max_abs, uint32_t product_bits);

    /* --- operations on top of the core: the backend's extension, else built from the core.  Results are new
     * tensors; <puma/ops.h> says what each does, under the same name with puma_ in front ------------------- */
    puma_tensor *(*product)(puma_session *s, const struct puma_term *terms, size_t count, uint32_t rank,
                            const size_t *dim, uint32_t frac, uint32_t bits);
    puma_tensor *(*matmul_blocks)(puma_session *s, const puma_tensor *x, const puma_tensor *y,
                                  const struct puma_blocks *blocks, size_t n, uint32_t frac, uint32_t bits);
    puma_tensor *(*one_hot)(puma_session *s, const puma_tensor *x, size_t count);
    puma_tensor *(*lookup)(puma_session *s, const puma_tensor *x, const struct puma_table *t, uint32_t frac,
                           uint32_t bits);
    puma_tensor *(*gate)(puma_session *s, const puma_tensor *x, const struct puma_table *t, uint32_t window,
                         uint32_t bits);
    puma_tensor *(*exp2)(puma_session *s, const puma_tensor *x, uint32_t high, double error, uint32_t frac,
                         uint32_t bits);
    puma_tensor *(*larger)(puma_session *s, const puma_tensor *x, const puma_tensor *y);
    puma_tensor *(*embed)(puma_session *s, const puma_tensor *table, const struct puma_index *parts,
                          size_t count, size_t n, uint32_t from, uint32_t bits);
    puma_tensor *(*apply)(puma_session *s, const puma_tensor *x, size_t row,
                          void (*f)(double *row, size_t n, const void *context), const void *context,
                          uint32_t frac, uint32_t bits);

    /* Rows whose result cannot be right, because an operand left what a function takes: bits, 1 where it did.  The run
     * goes on; who gets the answer is told that it cannot be trusted, and nobody learns more.  NULL where the run has
     * no guard: puma_flags. */
    void (*flag)(puma_session *s, const puma_tensor *bits);
} puma_host;

/* What a backend's session begins with; the backend's own state follows. */
struct puma_session {
    const struct puma_protocol *protocol;
    const puma_host            *host;
    void                       *impl;      /* belongs to the host                               */
    uint32_t                    role;      /* this node: a party's number, or PUMA_CLIENT      */
    uint32_t                    ring_bits; /* widest ring of this run                          */
    uint32_t                    frac;      /* fraction bits of this run                        */
    uint64_t                    caps;      /* this session's PUMA_CAP_*                         */
    puma_status                 status;    /* the first failure; later operations do nothing   */
};

/* Ends a scope; `keep`, which may be NULL, then belongs to the enclosing scope. */
static inline void puma_leave(puma_session *s, size_t mark, const puma_tensor *keep)
{
    s->host->leave(s, mark, &keep, 1);
}

#ifdef __cplusplus
}
#endif

#endif
