/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* dpf_keys.h - distributed point functions: the keys of a one-hot vector that neither holder can read.
 *
 * A pair of keys shares the function that is 1 at one point of 0 ... domain-1 and 0 elsewhere, additively in
 * Z_{2^bits}: out_0[v] - out_1[v] = [v = point].  One key alone is computationally independent of the point.
 * Construction: the tree of Boyle, Gilboa and Ishai (CCS 2016, figure 1) with early termination
 * (section 3.2.3 there), the two seeds of a node's children being  pi(s) ^ s  and  pi(s') ^ s',  s' = s with
 * its lowest bit set, pi AES-128 under a key that both holders know and that is fresh for every batch
 * (Matyas, Meyer, Oseas; seeds have their lowest bit 0, which makes room for a node's control bit).
 *
 * No branch, no address and no division depends on the points.  Nothing here knows of parties or wires. */
#ifndef DPF_KEYS_H
#define DPF_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 128 bits, half[0] the low ones.  In a tree bit 0 is a node's control bit, the other 127 its seed. */
typedef struct dpf_block {
    uint64_t half[2];
} dpf_block;

/* What a key says of a domain: `blocks` leaves of `width` outputs each under a tree of `depth` levels. */
typedef struct dpf_shape {
    size_t   domain;
    uint32_t bits;  /* of an output                                                          */
    uint32_t width; /* outputs of a leaf: as many as its seed has bits for, at most the domain */
    size_t   blocks;
    uint32_t depth;
    uint64_t inverse; /* floor(2^32 / width) */
} dpf_shape;

dpf_shape dpf_shape_of(size_t domain, uint32_t bits);

/* A key but for its root: corrections that both holders are given.  dpf_key_words(shape) words: two for each
 * level (the seed's correction, with the left child's control bit in bit 0), one with the control bits of the
 * right children, one for each output of a leaf. */
static inline size_t dpf_key_words(const dpf_shape *f) { return 2 * (size_t)f->depth + 1 + f->width; }
/* The bits of a key that mean anything, and their way onto and off a line of words at bit *at, which is
 * advanced.  The line is 0 where nothing has been put. */
static inline size_t dpf_key_bits(const dpf_shape *f) { return 129 * (size_t)f->depth + f->width * f->bits; }
void                 dpf_key_put(uint64_t *line, size_t *at, const uint64_t *key, const dpf_shape *f);
void                 dpf_key_take(uint64_t *key, const uint64_t *line, size_t *at, const dpf_shape *f);

/* AES-128 under a key; NULL when OpenSSL refuses. */
typedef struct evp_cipher_ctx_st dpf_cipher;

dpf_cipher *dpf_cipher_new(const uint64_t key[2]);
void        dpf_cipher_free(dpf_cipher *c);

/* n roots out of a seed of 16 bytes, the seed of a holder's for all its keys. */
bool dpf_roots(dpf_block *roots, size_t n, const uint64_t seed[2]);

/* Corrections of n keys for `points`, whose roots are roots[0][i] and roots[1][i]; room[10 n]. */
bool dpf_make(uint64_t *keys, const dpf_shape *f, dpf_cipher *c, const uint32_t *points, size_t n,
              const dpf_block *const roots[2], dpf_block *room);

/* out[0 ... domain-1] of one key at holder 0 or 1; room[6 (blocks + 1)]. */
bool dpf_expand(uint64_t *out, const dpf_shape *f, dpf_cipher *c, int holder, const dpf_block *root,
                const uint64_t *key, dpf_block *room);

#endif
