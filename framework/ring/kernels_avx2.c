/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* kernels_avx2.c - the kernels for AVX2, which multiplies 32-bit halves only.
 *
 * With x = x1 2^32 + x0 and y alike, xy = x0 y0 + (x0 y1 + x1 y0) 2^32 mod 2^64.  vpmuludq gives x0 y0;
 * vpmulld with the halves of y swapped gives both cross products mod 2^32, each in a half of the lane.  A
 * sum of products keeps the two kinds apart and joins them once at its end. */
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define NAME ring_avx2
#define TARGET __attribute__((target("avx2")))
#define VL 4

typedef uint64_t vec __attribute__((vector_size(32)));

typedef struct sum {
    __m256i low, cross;
} sum;

#define AVX2_INLINE TARGET static inline __attribute__((always_inline))

AVX2_INLINE sum sum_zero(void) { return (sum){ _mm256_setzero_si256(), _mm256_setzero_si256() }; }

AVX2_INLINE vec swapped(vec y) { return (vec)_mm256_shuffle_epi32((__m256i)y, 0xb1); }

AVX2_INLINE sum mac(sum s, vec x, vec y, vec y_swapped)
{
    s.low = _mm256_add_epi64(s.low, _mm256_mul_epu32((__m256i)x, (__m256i)y));
    s.cross = _mm256_add_epi32(s.cross, _mm256_mullo_epi32((__m256i)x, (__m256i)y_swapped));
    return s;
}

AVX2_INLINE vec sum_value(sum s)
{
    __m256i both = _mm256_add_epi64(s.cross, _mm256_srli_epi64(s.cross, 32));

    return (vec)_mm256_add_epi64(s.low, _mm256_slli_epi64(both, 32));
}

AVX2_INLINE vec times(vec x, vec y) { return sum_value(mac(sum_zero(), x, y, swapped(y))); }

/* The inner kernels in assembly: GCC 12 keeps sums on the stack when it chooses the registers, which halves
 * the rate.  A panel of 64-bit words has five rows: ten registers of sums, two of B and three to work in.  A
 * pair of steps is two sums of operands and one product (panels_body.h). */
#define OWN_INNER
#define HIGH_64 5
#define ROWS_64(X) X(0) X(1) X(2) X(3) X(4)

AVX2_INLINE __m256i row_of(const void *p) { return _mm256_loadu_si256(p); }

/* t = b0 + a1, u = b1 + a0 (a1 and a0 in the registers named); low and cross += t u.  v is left over. */
#define PAIR(A1, A0)                                                                                         \
    "vpaddq %[b0], " A1 ", %[t]\n\tvpaddq %[b1], " A0 ", %[u]\n\t"                                           \
    "vpmuludq %[t], %[u], %[v]\n\tvpshufd $0xb1, %[u], %[u]\n\tvpmulld %[t], %[u], %[u]\n\t"                 \
    "vpaddq %[v], %[low], %[low]\n\tvpaddd %[u], %[cross], %[cross]"

AVX2_INLINE void inner_64(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t steps)
{
#define DECLARE(r)                                                                                           \
    sum s##r = { _mm256_add_epi64(row_of(b), _mm256_set1_epi64x((long long)a[r])), _mm256_setzero_si256() };
#define STEP(r)                                                                                              \
    __asm__("vpbroadcastq %[a1], %[t]\n\tvpbroadcastq %[a0], %[u]\n\t" PAIR("%[t]", "%[u]")                  \
            : [low] "+x"(s##r.low), [cross] "+x"(s##r.cross), [t] "=&x"(t), [u] "=&x"(u), [v] "=&x"(v)       \
            : [b0] "x"(b0), [b1] "x"(b1), [a0] "m"(a[r]), [a1] "m"(a[HIGH_64 + r]));
#define FINISH(r) _mm256_storeu_si256((__m256i *)(out + r * VL), (__m256i)sum_value(s##r));
    ROWS_64(DECLARE)
    a += HIGH_64;
    b += VL;
    for (size_t k = 0; k < steps; k += 2, a += 2 * HIGH_64, b += 2 * VL) {
        __m256i b0 = row_of(b), b1 = row_of(b + VL), t, u, v;

        ROWS_64(STEP)
    }
    ROWS_64(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}

/* Six rows and two vectors of columns: twelve registers of sums, two of B and two to work in. */
#define HIGH_32 6
#define ROWS_32(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define COLUMNS_32 16

/* a b0 and a b1 (a in the register named) added to the sums.  t, which may be a, and u are left over. */
#define BOTH(A)                                                                                              \
    "vpmulld " A ", %[b0], %[u]\n\tvpmulld " A ", %[b1], %[t]\n\t"                                           \
    "vpaddd %[u], %[left], %[left]\n\tvpaddd %[t], %[right], %[right]"

AVX2_INLINE void inner_32(uint32_t *out, const uint32_t *a, const uint32_t *b, size_t steps)
{
#define DECLARE(r) __m256i left##r = _mm256_setzero_si256(), right##r = _mm256_setzero_si256();
#define STEP(r)                                                                                              \
    __asm__("vpbroadcastd %[a], %[t]\n\t" BOTH("%[t]")                                                       \
            : [left] "+x"(left##r), [right] "+x"(right##r), [t] "=&x"(t), [u] "=&x"(u)                       \
            : [b0] "x"(b0), [b1] "x"(b1), [a] "m"(a[r]));
#define FINISH(r)                                                                                            \
    _mm256_storeu_si256((__m256i *)(out + r * COLUMNS_32), left##r);                                         \
    _mm256_storeu_si256((__m256i *)(out + r * COLUMNS_32 + COLUMNS_32 / 2), right##r);
    ROWS_32(DECLARE)
    for (size_t k = 0; k < steps; k++) {
        __m256i b0, b1, t, u;

        a += HIGH_32;
        b += COLUMNS_32;
        b0 = row_of(b);
        b1 = row_of(b + COLUMNS_32 / 2);
        ROWS_32(STEP)
    }
    ROWS_32(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}

#include "ring/kernels_body.h"

/* The same instructions on registers alone, no word loaded or stored: what the CPU can do of this mix. */
TARGET static size_t mix_64(size_t loops)
{
#define DECLARE(r) sum s##r = sum_zero();
#define STEP(r)                                                                                              \
    __asm__ volatile(                                                                                        \
        PAIR("%[x]", "%[x]")                                                                                 \
        : [low] "+x"(s##r.low), [cross] "+x"(s##r.cross), [t] "=&x"(t), [u] "=&x"(u), [v] "=&x"(v)           \
        : [b0] "x"(b0), [b1] "x"(b1), [x] "x"(x));
    __m256i b0 = _mm256_setzero_si256(), b1 = b0, x = b0, t, u, v;
    ROWS_64(DECLARE)

    for (size_t i = 0; i < loops; i++) {
        ROWS_64(STEP)
    }
    return 2 * HIGH_64 * VL;
#undef DECLARE
#undef STEP
}

TARGET static size_t mix_32(size_t loops)
{
#define DECLARE(r) __m256i left##r = _mm256_setzero_si256(), right##r = left##r;
#define STEP(r)                                                                                              \
    __asm__ volatile(BOTH("%[x]")                                                                            \
                     : [left] "+x"(left##r), [right] "+x"(right##r), [t] "=&x"(t), [u] "=&x"(u)              \
                     : [b0] "x"(b), [b1] "x"(b), [x] "x"(x));
    __m256i b = _mm256_setzero_si256(), x = b, t, u;
    ROWS_32(DECLARE)

    for (size_t i = 0; i < loops; i++) {
        ROWS_32(STEP)
    }
    return HIGH_32 * COLUMNS_32;
#undef DECLARE
#undef STEP
}

size_t ring_avx2_mix(uint32_t bits, size_t loops) { return bits <= 32 ? mix_32(loops) : mix_64(loops); }
#endif
