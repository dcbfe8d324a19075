/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/host.h - what the host lends a plugin: memory, wire, random streams, ring kernels.
 *
 * A plugin links against nothing of ours; everything it needs hangs off `session->host`.  All
 * calls are made on the session's own thread.  A call that fails records the reason in the session
 * (puma_session.status, the first one sticks) and returns it, or NULL. */
#ifndef PUMA_HOST_H
#define PUMA_HOST_H

#include <puma/status.h>
#include <puma/tensor.h>

typedef struct puma_session puma_session;
typedef struct puma_prg     puma_prg; /* opaque: a seekable AES-128-CTR key stream        */

/* Node numbers: compute parties (and a dealer, where there is one) from 0 on, and the client, whose number is none of
 * theirs. */
#define PUMA_MAX_PARTIES 8u
#define PUMA_CLIENT 8u
#define PUMA_NODES 9u

/* Which bill a message goes on: material that depends on no input (a dealer's), or the rest. */
typedef enum puma_phase { PUMA_OFFLINE = 0, PUMA_ONLINE = 1 } puma_phase;

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
    void (*shift_right)(uint64_t *z, const uint64_t *x, uint32_t by, size_t n);   /* logical   */
    void (*reduce)(uint64_t *z, const uint64_t *x, uint32_t bits, size_t n);
    void (*sum_rows)(uint64_t *z, const uint64_t *x, size_t rows,
                     size_t n); /* z[i] = sum of row i; z is not x */
    /* C += A B (sign +1) or C -= A B (sign -1), mod 2^64, `batch` of them one after the other.
     * A: M x K row-major.  B: K x N row-major, or N x K when `b_transposed`.  C: M x N, apart from A
     * and B.  b_batch 0: the same B for all of the batch. */
    void (*matmul)(uint64_t *c, const uint64_t *a, const uint64_t *b, size_t batch, size_t m, size_t n,
                   size_t k, int b_transposed, int b_batch, int sign);
    /* The same mod 2^bits (1 to 64), C reduced: faster than matmul where bits <= 32.  A and B need no
     * reduction.  An older host has none: ask PUMA_HAS. */
    void (*matmul_mod)(uint64_t *c, const uint64_t *a, const uint64_t *b, size_t batch, size_t m, size_t n,
                       size_t k, int b_transposed, int b_batch, int sign, uint32_t bits);
} puma_ring;

typedef struct puma_host {
    uint32_t         struct_size;
    const puma_ring *ring;

    /* --- tensors: all live in the session's arena -------------------------------------------- */
    /* A new tensor of `planes` = the backend's; words are 0.  dim has `rank` entries. */
    puma_tensor *(*tensor)(puma_session *s, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits,
                           uint32_t frac);
    /* The same words under another shape, ring width, fraction or range: metadata is the caller's to
     * change in the returned copy; words are shared and must not be written. */
    puma_tensor *(*view)(puma_session *s, const puma_tensor *x);
    puma_tensor *(*reshape)(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim);
    puma_tensor *(*permute)(puma_session *s, const puma_tensor *x, const uint32_t *axes);
    puma_tensor *(*slice)(puma_session *s, const puma_tensor *x, uint32_t axis, size_t from, size_t to);
    puma_tensor *(*concat)(puma_session *s, const puma_tensor *const *x, size_t count, uint32_t axis);
    /* Repeat each element `times` times in a row (per-row scalars along a new last axis). */
    puma_tensor *(*expand)(puma_session *s, const puma_tensor *x, size_t times);
    /* Repeat the whole tensor `times` times along a new first axis. */
    puma_tensor *(*tile)(puma_session *s, const puma_tensor *x, size_t times);
    /* Rows of x (axis 0) by public index. */
    puma_tensor *(*gather)(puma_session *s, const puma_tensor *x, const size_t *index, size_t count);
    /* Scopes nest.  `leave` frees every tensor made since `enter` but `keep` (may be NULL). */
    size_t (*enter)(puma_session *s);
    void (*leave)(puma_session *s, size_t mark, const puma_tensor *keep);
    /* Frees one tensor of the innermost scope early; NULL is nothing. */
    void (*drop)(puma_session *s, const puma_tensor *x);
    /* Scratch words that live as long as a tensor of the same scope; 0-filled; NULL when out of memory. */
    uint64_t *(*scratch)(puma_session *s, size_t words);

    /* --- wire: n words of `bits` low bits each, packed to ceil(n*bits/8) bytes of payload ------- */
    /* `send` never waits for the peer (PUMA_OFFLINE may wait for room in the send queue).  Sends
     * before the receives they cross make one round.  The receiver's n and bits decide: a frame of
     * another length is PUMA_ENET. */
    puma_status (*send)(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                        puma_phase phase);
    puma_status (*recv)(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits);
    /* The same for n single bits in the packed form of PUMA_BIT: ceil(n/8) bytes. */
    puma_status (*send_bits)(puma_session *s, uint32_t to, const uint64_t *words, size_t n, puma_phase phase);
    puma_status (*recv_bits)(puma_session *s, uint32_t from, uint64_t *words, size_t n);

    /* --- random streams ----------------------------------------------------------------------- */
    /* The stream this node shares with `peer` (both derive it; nobody else can) for one purpose.
     * Names of purposes are fixed strings: "lambda", "open" …  NULL on failure. */
    puma_prg *(*prg_pair)(puma_session *s, uint32_t peer, const char *purpose);
    puma_prg *(*prg_own)(puma_session *s, const char *purpose); /* known to this node only */
    puma_prg *(*prg_seed)(puma_session *s, const uint64_t seed[4], const char *purpose);
    /* The next n values, uniform in Z_{2^bits}.  A stretch of a stream is handed out once. */
    void (*prg_words)(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits);
    /* The next n bits in packed form, bits behind the last one 0. */
    void (*prg_bits)(puma_prg *prg, uint64_t *words, size_t n);

    /* --- errors and progress ------------------------------------------------------------------- */
    puma_status (*fail)(puma_session *s, puma_status status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
    /* Where we are, for error texts and the per-layer table.  push returns the old depth for pop. */
    void (*label)(puma_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
    const char *(*where)(const puma_session *s);
    /* The option `key` of plugin `name` in the run file ([plugin.NAME]); NULL when not set. */
    const char *(*option)(const puma_session *s, const char *name, const char *key);
    /* The function the plan chose for a slot (approx.h); never NULL for a slot the run needs. */
    const struct puma_approx *(*function)(const puma_session *s, uint32_t slot);
    /* plain in fixed point reports the range of every value it meets; others need not. */
    void (*observe)(puma_session *s, const char *what, double max_abs, uint32_t product_bits);
} puma_host;

/* What a backend's session begins with: its own state follows. */
struct puma_session {
    const struct puma_protocol *protocol;
    const puma_host            *host;
    void                       *impl;      /* the host's                                       */
    uint32_t                    role;      /* 0, 1, 2 or PUMA_CLIENT                           */
    uint32_t                    ring_bits; /* widest ring of this run                          */
    uint32_t                    frac;      /* fraction bits of this run                        */
    uint64_t                    caps;      /* of this session: PUMA_CAP_*                      */
    puma_status                 status;    /* the first failure; later operations do nothing   */
};

#endif
