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

AVX2_INLINE sum sum_zero(void)
{
    return (sum){ _mm256_setzero_si256(), _mm256_setzero_si256() };
}

AVX2_INLINE vec swapped(vec y)
{
    return (vec)_mm256_shuffle_epi32((__m256i)y, 0xb1);
}

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

AVX2_INLINE vec times(vec x, vec y)
{
    return sum_value(mac(sum_zero(), x, y, swapped(y)));
}

/* Six sums of two registers, the vector of B, the same swapped, a word of A and a product: all sixteen. */
#define MR 6
#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)

#include "ring/kernels_body.h"
#endif
