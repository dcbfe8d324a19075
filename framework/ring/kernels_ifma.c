/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* kernels_ifma.c - the kernels for AVX-512 with IFMA: those of kernels_avx512.c, and for products mod 2^52 or
 * less one instruction (vpmadd52luq) that multiplies eight words and adds them.
 *
 * ring.c prefers it where the CPU can.  Widths above 52 take the products that it shares with AVX-512. */
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define NAME ring_ifma
#define TARGET __attribute__((target("avx512f,avx512dq,avx512ifma")))
#define madd52(s, x, y) ((vec)_mm512_madd52lo_epu64((__m512i)(s), (__m512i)(x), (__m512i)(y)))

#include "ring/kernels_avx512.c"
#endif
