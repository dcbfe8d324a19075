/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* quant.c - see quant.h.  The layouts of blocks are those of ggml (https://github.com/ggml-org/ggml, and the
 * Python package `gguf`, whose values are what tests/unit/test_quant.c compares with); MXFP4's is that of the
 * OCP Microscaling Formats specification, version 1.0.
 *
 * Names in this file: p is a block; d and m are its scale and its minimum; q is a small integer. */
#include "weights/quant.h"

#include <math.h>
#include <string.h>

/* --- numbers that stand alone ----------------------------------------------------------------- */

/* Bytes are little endian and need not be aligned. */
static uint64_t little(const unsigned char *p, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = bytes; i-- > 0;) v = v << 8 | p[i];
    return v;
}

/* Widening a float is exact; so is a half as fraction times power. */
static double single_of(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

static double half(const unsigned char *p)
{
    uint32_t bits = (uint32_t)little(p, 2), exponent = bits >> 10 & 31, fraction = bits & 1023;
    double   value;

    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexp((double)fraction, -24);
    else
        value = ldexp((double)(fraction | 1024), (int)exponent - 25);
    return bits >> 15 ? -value : value;
}

static void f16(const unsigned char *p, double *to) { *to = half(p); }
static void f32(const unsigned char *p, double *to) { *to = single_of((uint32_t)little(p, 4)); }
static void bf16(const unsigned char *p, double *to) { *to = single_of((uint32_t)little(p, 2) << 16); }
static void f64(const unsigned char *p, double *to)
{
    uint64_t bits = little(p, 8);

    memcpy(to, &bits, sizeof bits);
}

static int signed_byte(unsigned char c) { return c < 128 ? c : c - 256; }

/* --- blocks of 32 ----------------------------------------------------------------------------- */

/* d q + m.  The low halves of 16 bytes are the first 16 numbers, the high halves the others; `fifth`: 32 bits
 * more, one above each q; NULL: none. */
static void halves(double *to, const unsigned char *q, const unsigned char *fifth, double d, double m)
{
    for (unsigned k = 0; k < 32; k++) {
        unsigned low = k < 16 ? q[k] & 15u : q[k - 16] >> 4, high = fifth ? fifth[k / 8] >> k % 8 & 1u : 0;

        to[k] = d * (low | high << 4) + m;
    }
}

static void q4_0(const unsigned char *p, double *to) { halves(to, p + 2, NULL, half(p), -8 * half(p)); }
static void q4_1(const unsigned char *p, double *to) { halves(to, p + 4, NULL, half(p), half(p + 2)); }
static void q5_0(const unsigned char *p, double *to) { halves(to, p + 6, p + 2, half(p), -16 * half(p)); }
static void q5_1(const unsigned char *p, double *to) { halves(to, p + 8, p + 4, half(p), half(p + 2)); }

static void q8_0(const unsigned char *p, double *to)
{
    double d = half(p);

    for (size_t k = 0; k < 32; k++) to[k] = d * signed_byte(p[2 + k]);
}

/* d times an entry of a table of 16, halves as above. */
static void looked_up(double *to, const unsigned char *q, const signed char table[16], double d)
{
    for (size_t k = 0; k < 32; k++) to[k] = d * table[k < 16 ? q[k] & 15 : q[k - 16] >> 4];
}

/* Four bits whose steps widen away from 0. */
static const signed char NONLINEAR[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                           1,    13,   25,  38,  53,  69,  89,  113 };

static void iq4_nl(const unsigned char *p, double *to) { looked_up(to, p + 2, NONLINEAR, half(p)); }

/* E2M1 numbers, here doubled, times 2^(e - 127); the exponent 255 is the format's NaN. */
static void mxfp4(const unsigned char *p, double *to)
{
    static const signed char doubled[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };

    looked_up(to, p + 1, doubled, p[0] == 255 ? NAN : ldexp(1, p[0] - 128));
}

/* --- blocks of 256: a scale for each 16 or 32 numbers, scaled again ---------------------------- */

#define BLOCK 256u

/* Two bits of number k: in each half of the block 32 bytes hold four runs of 32 numbers. */
static unsigned two_bits(const unsigned char *q, unsigned k)
{
    return q[k / 128 * 32 + k % 32] >> k % 128 / 32 * 2 & 3u;
}
/* Four bits of number k: 32 bytes hold two runs of 32. */
static unsigned four_bits(const unsigned char *q, unsigned k)
{
    return q[k / 64 * 32 + k % 32] >> k % 64 / 32 * 4 & 15u;
}
/* One bit of number k: 32 bytes hold eight runs of 32. */
static unsigned one_bit(const unsigned char *q, unsigned k) { return q[k % 32] >> k / 32 & 1u; }

static void q2_k(const unsigned char *p, double *to)
{
    double d = half(p + 80), m = half(p + 82);

    for (unsigned k = 0; k < BLOCK; k++) {
        unsigned scale = p[k / 16];

        to[k] = d * ((scale & 15) * two_bits(p + 16, k)) - m * (scale >> 4);
    }
}

/* The third bit of each number is stored inverted.  A scale has its four low bits in one of 8 bytes and its
 * two high ones in one of the 4 bytes behind. */
static void q3_k(const unsigned char *p, double *to)
{
    const unsigned char *scales = p + 96;
    double               d = half(p + 108);

    for (unsigned k = 0; k < BLOCK; k++) {
        unsigned s = k / 16, low = scales[s % 8] >> s / 8 * 4 & 15u,
                 high = scales[8 + s % 4] >> s / 4 * 2 & 3u;
        int scale = (int)(low | high << 4) - 32, q = (int)(two_bits(p + 32, k) | one_bit(p, k) << 2) - 4;

        to[k] = d * (scale * q);
    }
}

/* Scale and minimum s of Q4_K and Q5_K, six bits each in twelve bytes: those of the first four sub-blocks in
 * the low six bits of bytes s and s + 4; of the last four the low four bits in byte s + 4 and the high two
 * above those of the first four. */
static void six_bits(const unsigned char *p, unsigned s, unsigned *scale, unsigned *minimum)
{
    if (s < 4) {
        *scale = p[s] & 63;
        *minimum = p[s + 4] & 63;
    } else {
        *scale = (p[s + 4] & 15u) | (unsigned)p[s - 4] >> 6 << 4;
        *minimum = (unsigned)p[s + 4] >> 4 | (unsigned)p[s] >> 6 << 4;
    }
}

/* d scale q - m minimum; `fifth`: 32 bytes with a bit more for each q; NULL: none. */
static void with_minimum(const unsigned char *p, const unsigned char *fifth, const unsigned char *q,
                         double *to)
{
    double d = half(p), m = half(p + 2);

    for (unsigned k = 0; k < BLOCK; k++) {
        unsigned scale, minimum;

        six_bits(p + 4, k / 32, &scale, &minimum);
        to[k] = d * (scale * (four_bits(q, k) | (fifth ? one_bit(fifth, k) << 4 : 0))) - m * minimum;
    }
}

static void q4_k(const unsigned char *p, double *to) { with_minimum(p, NULL, p + 16, to); }
static void q5_k(const unsigned char *p, double *to) { with_minimum(p, p + 16, p + 48, to); }

/* In each half of the block 64 bytes hold the four low bits of two runs of 64. */
static void q6_k(const unsigned char *p, double *to)
{
    double d = half(p + 208);

    for (unsigned k = 0; k < BLOCK; k++) {
        unsigned low = p[k / 128 * 64 + k % 64] >> k % 128 / 64 * 4 & 15u;
        int      q = (int)(low | two_bits(p + 128, k) << 4) - 32;

        to[k] = d * (signed_byte(p[192 + k / 16]) * q);
    }
}

/* Behind the numbers stand their sums by 16, which products of blocks want. */
static void q8_k(const unsigned char *p, double *to)
{
    double d = single_of((uint32_t)little(p, 4));

    for (size_t k = 0; k < BLOCK; k++) to[k] = d * signed_byte(p[4 + k]);
}

static void iq4_xs(const unsigned char *p, double *to)
{
    double   d = half(p);
    unsigned high = (unsigned)little(p + 2, 2);

    for (unsigned s = 0; s < BLOCK / 32; s++) {
        unsigned low = p[4 + s / 2] >> s % 2 * 4 & 15u;

        looked_up(to + s * 32, p + 8 + s * 16, NONLINEAR, d * ((int)(low | (high >> 2 * s & 3u) << 4) - 32));
    }
}

/* --- blocks of 256 of -1, 0 and 1 ------------------------------------------------------------- */

/* A byte holds five of them, or four, as the first digits of a fraction in base 3: times 3^j mod 256 brings
 * digit j to the front.  `width` bytes hold the digits of the same place one after the other. */
static double *digits(double *to, const unsigned char *q, size_t width, size_t places, double d)
{
    static const unsigned power[5] = { 1, 3, 9, 27, 81 };

    for (size_t j = 0; j < places; j++)
        for (size_t i = 0; i < width; i++) *to++ = d * ((int)((q[i] * power[j] & 255u) * 3 >> 8) - 1);
    return to;
}

static void tq1_0(const unsigned char *p, double *to)
{
    double d = half(p + 52);

    to = digits(to, p, 32, 5, d);
    to = digits(to, p + 32, 16, 5, d);
    digits(to, p + 48, 4, 4, d);
}

static void tq2_0(const unsigned char *p, double *to)
{
    double d = half(p + 64);

    for (unsigned k = 0; k < BLOCK; k++) to[k] = d * ((int)two_bits(p, k) - 1);
}

/* --- the table -------------------------------------------------------------------------------- */

/* Integers are let stand in a file (position_ids, counters): they are refused only where the model needs
 * numbers, as are types whose code books are not built (IQ1 to IQ3) and Q8_1, which is for activations.
 * GGUF's numbers that are not here have no use any more, or none whose size in bytes is settled. */
static const quant_type TYPES[] = {
    { "F32", 0, 1, 4, f32 },
    { "F16", 1, 1, 2, f16 },
    { "BF16", 30, 1, 2, bf16 },
    { "F64", 28, 1, 8, f64 },
    { "I64", 27, 1, 8, NULL },
    { "I32", 26, 1, 4, NULL },
    { "I16", 25, 1, 2, NULL },
    { "I8", 24, 1, 1, NULL },
    { "U8", -1, 1, 1, NULL },
    { "BOOL", -1, 1, 1, NULL },
    { "U16", -1, 1, 2, NULL },
    { "U32", -1, 1, 4, NULL },
    { "U64", -1, 1, 8, NULL },
    { "C64", -1, 1, 8, NULL },
    { "F8_E4M3", -1, 1, 1, NULL },
    { "F8_E5M2", -1, 1, 1, NULL },
    { "F8_E8M0", -1, 1, 1, NULL },
    { "Q4_0", 2, 32, 18, q4_0 },
    { "Q4_1", 3, 32, 20, q4_1 },
    { "Q5_0", 6, 32, 22, q5_0 },
    { "Q5_1", 7, 32, 24, q5_1 },
    { "Q8_0", 8, 32, 34, q8_0 },
    { "Q8_1", 9, 32, 36, NULL },
    { "Q2_K", 10, 256, 84, q2_k },
    { "Q3_K", 11, 256, 110, q3_k },
    { "Q4_K", 12, 256, 144, q4_k },
    { "Q5_K", 13, 256, 176, q5_k },
    { "Q6_K", 14, 256, 210, q6_k },
    { "Q8_K", 15, 256, 292, q8_k },
    { "IQ2_XXS", 16, 256, 66, NULL },
    { "IQ2_XS", 17, 256, 74, NULL },
    { "IQ3_XXS", 18, 256, 98, NULL },
    { "IQ1_S", 19, 256, 50, NULL },
    { "IQ4_NL", 20, 32, 18, iq4_nl },
    { "IQ3_S", 21, 256, 110, NULL },
    { "IQ2_S", 22, 256, 82, NULL },
    { "IQ4_XS", 23, 256, 136, iq4_xs },
    { "IQ1_M", 29, 256, 56, NULL },
    { "TQ1_0", 34, 256, 54, tq1_0 },
    { "TQ2_0", 35, 256, 66, tq2_0 },
    { "MXFP4", 39, 32, 17, mxfp4 },
};

const quant_type *quant_plain(const char *name)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (TYPES[i].block == 1 && strcmp(TYPES[i].name, name) == 0) return &TYPES[i];
    return NULL;
}

const quant_type *quant_numbered(uint64_t number)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (TYPES[i].number >= 0 && (uint64_t)TYPES[i].number == number) return &TYPES[i];
    return NULL;
}
