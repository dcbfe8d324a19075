/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pack.c - ring words of any width to bytes and back.  Branches depend on sizes only.
 *
 * host/message.c sends and receives through it.  Both arrays are the caller's, of the sizes that ring_packed_size
 * says. */
#include "ring/ring.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE(x) __builtin_bswap64(x)
#define AS_IN_MEMORY(bits) false
#else
#define LITTLE(x) (x)
#define AS_IN_MEMORY(bits) ((bits) == 64)
#endif

static uint64_t load8(const uint8_t *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof x);
    return LITTLE(x);
}

static void store8(uint8_t *p, uint64_t x)
{
    x = LITTLE(x);
    memcpy(p, &x, sizeof x);
}

static uint64_t low_bits(uint32_t bits) { return bits < 64 ? ((uint64_t)1 << bits) - 1 : ~(uint64_t)0; }

size_t ring_packed_size(size_t n, uint32_t bits)
{
    /* Eight words fill whole bytes; n * bits itself might not fit. */
    return n / 8 * bits + (n % 8 * bits + 7) / 8;
}

/* Words of whole bytes: each is stored with all eight bytes, and the next one overwrites what was too
 * many, up to the last ones, which would reach behind the end. */
static void pack_bytes(uint8_t *bytes, const uint64_t *words, size_t n, size_t width)
{
    size_t i = 0, spill = 8 / width + (8 % width != 0);

    for (; i + spill <= n; i++) store8(bytes + i * width, words[i]);
    for (; i < n; i++)
        for (size_t b = 0; b < width; b++) bytes[i * width + b] = (uint8_t)(words[i] >> (8 * b));
}

void ring_pack(uint8_t *bytes, const uint64_t *words, size_t n, uint32_t bits)
{
    uint64_t mask = low_bits(bits), open = 0; /* bits not yet stored: the low `filled` of `open` */
    uint32_t filled = 0;
    size_t   i = 0;

    if (n == 0) return;
    if (AS_IN_MEMORY(bits)) {
        memcpy(bytes, words, n * sizeof *words);
        return;
    }
    if (bits % 8 == 0) {
        pack_bytes(bytes, words, n, bits / 8);
        return;
    }
    if (bits <= 56) {
        /* Fewer than eight bits are open at any time: all of `open` is stored after every word, without a
         * branch, and the next store overwrites what was too much, up to those that would reach behind the
         * end: the last eight bytes take some words more. */
        for (size_t spill = 64 / bits + 2; i + spill < n; i++) {
            open |= (words[i] & mask) << filled;
            store8(bytes, open);
            filled += bits;
            bytes += filled / 8;
            open >>= filled & 56;
            filled %= 8;
        }
    }
    for (; i < n; i++) {
        uint64_t w = words[i] & mask;

        open |= w << filled;
        filled += bits;
        if (filled < 64) continue;
        store8(bytes, open);
        bytes += 8;
        filled -= 64;
        open = w >> (bits - filled); /* bits < 64 here, and filled < bits */
    }
    for (; filled > 0; filled -= filled < 8 ? filled : 8, open >>= 8) *bytes++ = (uint8_t)open;
}

#if defined(__x86_64__)
/* Eight words take `bits` bytes, and begin at the same bits of their bytes each time.  Four are taken at
 * once, two from each half of a vector: their bytes are brought to their lanes, then shifted and masked. bits
 * <= 57, so that a word lies in eight bytes wherever it begins.  Words done. */
__attribute__((target("avx2"))) static size_t unpack_avx2(uint64_t *words, const uint8_t *bytes, size_t size,
                                                          size_t n, uint32_t bits)
{
    const __m256i mask = _mm256_set1_epi64x((long long)low_bits(bits));
    uint8_t       order[2][32];
    uint64_t      shift[2][4];
    size_t        pair[4], i = 0;
    __m256i       order0, order1, shift0, shift1;

    for (size_t w = 0; w < 8; w++) {
        size_t first = w * bits / 8;

        if (w % 2 == 0) pair[w / 2] = first;
        for (size_t b = 0; b < 8; b++) order[w / 4][w % 4 * 8 + b] = (uint8_t)(first - pair[w / 2] + b);
        shift[w / 4][w % 4] = w * bits % 8;
    }
    order0 = _mm256_loadu_si256((const __m256i *)order[0]);
    order1 = _mm256_loadu_si256((const __m256i *)order[1]);
    shift0 = _mm256_loadu_si256((const __m256i *)shift[0]);
    shift1 = _mm256_loadu_si256((const __m256i *)shift[1]);
    for (; i + 8 <= n && size >= pair[3] + 16; i += 8, bytes += bits, size -= bits) {
        __m256i x = _mm256_loadu2_m128i((const __m128i *)(bytes + pair[1]), (const __m128i *)bytes);
        __m256i y =
            _mm256_loadu2_m128i((const __m128i *)(bytes + pair[3]), (const __m128i *)(bytes + pair[2]));

        x = _mm256_and_si256(_mm256_srlv_epi64(_mm256_shuffle_epi8(x, order0), shift0), mask);
        y = _mm256_and_si256(_mm256_srlv_epi64(_mm256_shuffle_epi8(y, order1), shift1), mask);
        _mm256_storeu_si256((__m256i *)(words + i), x);
        _mm256_storeu_si256((__m256i *)(words + i + 4), y);
    }
    return i;
}
#endif

/* The same a word at a time, of any width. */
static size_t unpack_eights(uint64_t *words, const uint8_t *bytes, size_t size, size_t n, uint32_t bits)
{
    uint64_t mask = low_bits(bits);
    size_t   i = 0;

    for (; i + 8 <= n && size >= 7 * bits / 8 + 9; i += 8, bytes += bits, size -= bits)
        for (size_t w = 0; w < 8; w++) {
            const uint8_t *from = bytes + w * bits / 8;
            uint32_t       bit = (uint32_t)(w * bits % 8);

            words[i + w] = (load8(from) >> bit | (uint64_t)from[8] << 1 << (63 - bit)) & mask;
        }
    return i;
}

void ring_unpack(uint64_t *words, const uint8_t *bytes, size_t n, uint32_t bits)
{
    uint64_t mask = low_bits(bits);
    size_t   size = ring_packed_size(n, bits), byte = 0, i = 0;
    uint32_t bit = 0; /* word i begins at bit `bit` (below 8) of byte `byte` */

    if (n == 0) return;
    if (AS_IN_MEMORY(bits)) {
        memcpy(words, bytes, size);
        return;
    }
#if defined(__x86_64__)
    if (bits <= 57 && __builtin_cpu_supports("avx2")) i = unpack_avx2(words, bytes, size, n, bits);
#endif
    i += unpack_eights(words + i, bytes + i / 8 * bits, size - i / 8 * bits, n - i, bits);
    byte = i / 8 * bits;
    /* A word that spans nine bytes has its last bits, 1 to 7 of them, in the ninth. */
    for (; i < n && size - byte > 8; i++) {
        uint64_t w = load8(bytes + byte) >> bit;

        w |= (uint64_t)bytes[byte + 8] << 1 << (63 - bit);
        words[i] = w & mask;
        bit += bits;
        byte += bit / 8;
        bit %= 8;
    }
    for (; i < n; i++) {
        uint8_t rest[16] = { 0 };

        memcpy(rest, bytes + byte, size - byte);
        words[i] = (load8(rest) >> bit | (uint64_t)rest[8] << 1 << (63 - bit)) & mask;
        bit += bits;
        byte += bit / 8;
        bit %= 8;
    }
}
