/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* dpf_keys.c - see dpf_keys.h */
#include "dpf_keys.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define SEED_BITS 127

dpf_shape dpf_shape_of(size_t domain, uint32_t bits)
{
    dpf_shape f = { .domain = domain, .bits = bits, .width = SEED_BITS / bits };

    if (f.width > domain) f.width = (uint32_t)domain;
    f.blocks = f.width == 0 ? 0 : (domain + f.width - 1) / f.width;
    f.inverse = f.width == 0 ? 0 : (1ull << 32) / f.width;
    while (f.blocks > (size_t)1 << f.depth) f.depth++;
    return f;
}

/* --- keys on a line ----------------------------------------------------------------------------------- */

static void put(uint64_t *line, size_t *at, uint64_t value, uint32_t bits)
{
    line[*at / 64] |= value << *at % 64;
    if (*at % 64 + bits > 64) line[*at / 64 + 1] |= value >> (64 - *at % 64);
    *at += bits;
}

static uint64_t take(const uint64_t *line, size_t *at, uint32_t bits)
{
    uint64_t value = line[*at / 64] >> *at % 64;

    if (*at % 64 + bits > 64) value |= line[*at / 64 + 1] << (64 - *at % 64);
    *at += bits;
    return bits < 64 ? value & ((1ull << bits) - 1) : value;
}

void dpf_key_put(uint64_t *line, size_t *at, const uint64_t *key, const dpf_shape *f)
{
    for (uint32_t w = 0; w < 2 * f->depth; w++) put(line, at, key[w], 64);
    if (f->depth > 0) put(line, at, key[2 * f->depth], f->depth);
    for (uint32_t j = 0; j < f->width; j++) put(line, at, key[2 * f->depth + 1 + j], f->bits);
}

void dpf_key_take(uint64_t *key, const uint64_t *line, size_t *at, const dpf_shape *f)
{
    for (uint32_t w = 0; w < 2 * f->depth; w++) key[w] = take(line, at, 64);
    key[2 * f->depth] = f->depth > 0 ? take(line, at, f->depth) : 0;
    for (uint32_t j = 0; j < f->width; j++) key[2 * f->depth + 1 + j] = take(line, at, f->bits);
}

/* --- the cipher --------------------------------------------------------------------------------------- */

/* A block's bytes are those of its two words, lowest first, on a CPU of either byte order. */
static void swap_bytes(dpf_block *b, size_t n)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) b[i].half[k] = __builtin_bswap64(b[i].half[k]);
#else
    (void)b;
    (void)n;
#endif
}

dpf_cipher *dpf_cipher_new(const uint64_t key[2])
{
    dpf_cipher *c = EVP_CIPHER_CTX_new();
    dpf_block   bytes = { { key[0], key[1] } };

    swap_bytes(&bytes, 1);
    if (c != NULL &&
        (EVP_EncryptInit_ex2(c, EVP_aes_128_ecb(), (unsigned char *)bytes.half, NULL, NULL) != 1 ||
         EVP_CIPHER_CTX_set_padding(c, 0) != 1)) {
        EVP_CIPHER_CTX_free(c);
        c = NULL;
    }
    OPENSSL_cleanse(&bytes, sizeof bytes);
    return c;
}

void dpf_cipher_free(dpf_cipher *c) { EVP_CIPHER_CTX_free(c); }

/* to[i] = AES(from[i]), to = from or apart from it.  One call for all, so that the CPU works on
 * many blocks at once. */
static bool encrypt(dpf_cipher *c, dpf_block *to, dpf_block *from, size_t n)
{
    swap_bytes(from, n);
    for (size_t at = 0; at < n;) {
        size_t               some = n - at < INT_MAX / sizeof *to ? n - at : INT_MAX / sizeof *to;
        int                  got = 0, size = (int)(some * sizeof *to);
        const unsigned char *in = (const unsigned char *)(from + at);

        if (EVP_EncryptUpdate(c, (unsigned char *)(to + at), &got, in, size) != 1 || got != size)
            return false;
        at += some;
    }
    if (from != to) swap_bytes(from, n);
    swap_bytes(to, n);
    return true;
}

bool dpf_roots(dpf_block *roots, size_t n, const uint64_t seed[2])
{
    dpf_cipher *c = dpf_cipher_new(seed);
    bool        good = c != NULL;

    /* Counter mode: distinct blocks under the holder's own key. */
    for (size_t i = 0; i < n; i++) roots[i] = (dpf_block){ { i, 0 } };
    good = good && encrypt(c, roots, roots, n);
    for (size_t i = 0; i < n; i++) roots[i].half[0] &= ~1ull;
    dpf_cipher_free(c);
    return good;
}

/* Both children of n nodes, left and right in turn, without corrections; input[2 n]. */
static bool children(dpf_cipher *c, dpf_block *child, const dpf_block *node, size_t n, dpf_block *input)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t low = node[i].half[0] & ~1ull;

        input[2 * i] = (dpf_block){ { low, node[i].half[1] } };
        input[2 * i + 1] = (dpf_block){ { low | 1, node[i].half[1] } };
    }
    if (!encrypt(c, child, input, 2 * n)) return false;
    for (size_t i = 0; i < 2 * n; i++)
        for (int k = 0; k < 2; k++) child[i].half[k] ^= input[i].half[k];
    return true;
}

/* Output j of a leaf, before its correction. */
static inline uint64_t output(const dpf_block *leaf, const dpf_shape *f, uint32_t j)
{
    uint32_t at = 1 + j * f->bits;
    uint64_t value = leaf->half[at / 64] >> at % 64;

    if (at % 64 + f->bits > 64) value |= leaf->half[1] << (64 - at % 64);
    return f->bits < 64 ? value & ((1ull << f->bits) - 1) : value;
}

/* --- making ------------------------------------------------------------------------------------------- */

/* The leaf that a point is in, and its place there.  The CPU's division takes a time that depends on the point;
 * the inverse gives a quotient that is right or too small by 1. */
static inline uint64_t leaf_of(const dpf_shape *f, uint32_t point, uint64_t *place)
{
    uint64_t leaf = point * f->inverse >> 32, rest = point - leaf * f->width;
    uint64_t right = (rest - f->width) >> 63; /* 1 where the quotient is right */

    *place = rest - (f->width & (right - 1));
    return leaf + (right ^ 1);
}

/* Figure 1 of the paper, level by level for all keys at once.  b: holder; s, t: seed and control bit of the
 * node on the path to the point, where the holders' control bits differ.  The correction makes the two
 * holders' children equal off the path, so that they cancel from there on. */
bool dpf_make(uint64_t *keys, const dpf_shape *f, dpf_cipher *c, const uint32_t *points, size_t n,
              const dpf_block *const roots[2], dpf_block *room)
{
    dpf_block *node = room, *child = room + 2 * n, *input = room + 6 * n;
    size_t     words = dpf_key_words(f);
    uint64_t   mask = f->bits < 64 ? (1ull << f->bits) - 1 : ~0ull;
    uint64_t   place;

    memset(keys, 0, n * words * sizeof *keys);
    for (size_t i = 0; i < n; i++)
        for (uint64_t b = 0; b < 2; b++) {
            node[2 * i + b] = roots[b][i];
            node[2 * i + b].half[0] |= b;
        }
    for (uint32_t level = 0; level < f->depth; level++) {
        if (!children(c, child, node, 2 * n, input)) return false;
        for (size_t i = 0; i < n; i++) {
            const dpf_block *c0 = child + 4 * i; /* left and right of holder 0 */
            const dpf_block *c1 = c0 + 2;        /* and of holder 1            */
            uint64_t        *key = keys + i * words, lost[2], left, right;
            uint64_t         leaf = leaf_of(f, points[i], &place);
            uint64_t         right_turn = leaf >> (f->depth - 1 - level) & 1;
            uint64_t         r = 0 - right_turn; /* all ones where the path goes right */

            for (int k = 0; k < 2; k++)
                lost[k] = ((c0[0].half[k] ^ c1[0].half[k]) & r) | ((c0[1].half[k] ^ c1[1].half[k]) & ~r);
            left = (c0[0].half[0] ^ c1[0].half[0] ^ right_turn ^ 1) & 1;
            right = (c0[1].half[0] ^ c1[1].half[0] ^ right_turn) & 1;
            lost[0] &= ~1ull;
            key[2 * level] = lost[0] | left;
            key[2 * level + 1] = lost[1];
            key[2 * f->depth] |= right << level;
            for (int b = 0; b < 2; b++) {
                const dpf_block *mine = b == 0 ? c0 : c1;
                dpf_block       *next = &node[2 * i + (size_t)b];
                uint64_t         t = 0 - (next->half[0] & 1);

                next->half[0] = (mine[0].half[0] & ~r) | (mine[1].half[0] & r);
                next->half[1] = (mine[0].half[1] & ~r) | (mine[1].half[1] & r);
                next->half[0] ^= (lost[0] | (left & ~r) | (right & r)) & t;
                next->half[1] ^= lost[1] & t;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        (void)leaf_of(f, points[i], &place);
        for (uint32_t j = 0; j < f->width; j++) {
            const dpf_block *s = &node[2 * i];
            uint64_t         wanted = (uint64_t)(place == j);
            uint64_t         sign = 1 - 2 * (s[1].half[0] & 1);

            keys[i * words + 2 * f->depth + 1 + j] =
                (sign * (wanted - output(&s[0], f, j) + output(&s[1], f, j))) & mask;
        }
    }
    OPENSSL_cleanse(room, 10 * n * sizeof *room);
    return true;
}

/* --- expanding ---------------------------------------------------------------------------------------- */

bool dpf_expand(uint64_t *out, const dpf_shape *f, dpf_cipher *c, int holder, const dpf_block *root,
                const uint64_t *key, dpf_block *room)
{
    dpf_block *node = room, *child = room + 2 * (f->blocks + 1), *input = child + 2 * (f->blocks + 1), *swap;
    uint64_t   mask = f->bits < 64 ? (1ull << f->bits) - 1 : ~0ull;
    size_t     n = 1;

    node[0] = *root;
    node[0].half[0] |= (uint64_t)holder;
    for (uint32_t level = 0; level < f->depth; level++) {
        const uint64_t *seed = key + 2 * level;
        uint64_t        right = (seed[0] & ~1ull) | (key[2 * f->depth] >> level & 1);
        size_t          below = f->depth - 1 - level; /* levels under the children */

        if (!children(c, child, node, n, input)) return false;
        for (size_t i = 0; i < n; i++) {
            uint64_t t = 0 - (node[i].half[0] & 1);

            child[2 * i].half[0] ^= seed[0] & t;
            child[2 * i].half[1] ^= seed[1] & t;
            child[2 * i + 1].half[0] ^= right & t;
            child[2 * i + 1].half[1] ^= seed[1] & t;
        }
        /* As many as have leaves under them: the last of them may have leaves beyond the domain. */
        n = ((f->blocks - 1) >> below) + 1;
        swap = node;
        node = child;
        child = swap;
    }
    for (uint32_t j = 0; j < f->width; j++) {
        uint64_t add = key[2 * f->depth + 1 + j];

        for (size_t i = 0, v = j; v < f->domain; i++, v += f->width)
            out[v] = (output(&node[i], f, j) + (add & (0 - (node[i].half[0] & 1)))) & mask;
    }
    return true;
}
