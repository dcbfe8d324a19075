/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plain.h - the representation of values in the reference backend, and the checks on it.
 *
 * Float: a word is the bits of a double.  Rings, shifts and windows are ignored.  What is met is reported to the
 * host all the same (observe), so that ranges can be measured where no ring is in the way.
 *
 * Fixed: a word is the value itself, a signed integer, whatever the width of the tensor's ring (a session's
 * edge, share and reveal and public constants, converts from and to reduced ring words).  No operation wraps:
 * sums are formed exactly in 128 bits, and a result that does not fit the ring of its tensor, or a product
 * that breaks the precondition of the protocols (protocol.h), becomes *poison*.  The lowest POISON_IDS
 * integers of 64 bits are set apart for it: POISON_LOW + i stands for a value lost at origin i.  Poison
 * spreads through arithmetic as a NaN does, and ends the run where it would decide something or become
 * visible: in a comparison, or when it is revealed.  A multiplexer whose bit is 0 drops it, so that overflow
 * in a branch that is thrown away is no error. */
#ifndef PLAIN_H
#define PLAIN_H

#include <puma/protocol.h>

#include <stdbool.h>
#include <string.h>

#define POISON_IDS 65536
#define POISON_LOW INT64_MIN

typedef __int128 wide;

/* Where a value was lost. */
typedef struct origin {
    char     where[120];      /* label of the host                                                        */
    char     what[16];        /* operation                                                                */
    uint32_t needed, allowed; /* bits of the value, sign included; bits that there were                   */
} origin;

typedef struct plain {
    puma_session base; /* first, so that a session's pointer is ours                               */
    origin      *origins;
    size_t       count, room;
    int64_t      current; /* poison of the operation under way, 0 while it lost nothing               */
    const char  *operation;
} plain;

static inline plain *plain_of(puma_session *s) { return (plain *)s; }
static inline bool   plain_is_float(const puma_session *s) { return (s->caps & PUMA_CAP_FLOAT) != 0; }

static inline int64_t *numbers(const puma_tensor *x) { return (int64_t *)x->plane[0]; }
static inline double  *reals(const puma_tensor *x) { return (double *)x->plane[0]; }

static inline bool is_poison(int64_t v) { return v < POISON_LOW + POISON_IDS; }

/* The signed number that a reduced ring word stands for; the few numbers set apart for poison become their
 * nearest neighbour. */
static inline int64_t from_ring(uint64_t word, uint32_t bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    int64_t  v;

    if (bits < 64) word &= (UINT64_C(1) << bits) - 1;
    v = (int64_t)((word ^ sign) - sign);
    return is_poison(v) ? POISON_LOW + POISON_IDS : v;
}

static inline uint64_t to_ring(int64_t v, uint32_t bits)
{
    return bits < 64 ? (uint64_t)v & ((UINT64_C(1) << bits) - 1) : (uint64_t)v;
}

static inline double real_of(uint64_t word)
{
    double v;

    memcpy(&v, &word, sizeof v);
    return v;
}

/* Does v fit a ring of `bits`? */
static inline bool fits(wide v, uint32_t bits)
{
    wide edge = (wide)1 << (bits - 1);

    return v >= -edge && v < edge && v >= (wide)POISON_LOW + POISON_IDS;
}

/* Bits of v as a signed integer. */
uint32_t    plain_bits_of(wide v);
/* Names the operation that is blamed for what is lost from now on. */
void        plain_begin(puma_session *s, const char *operation);
/* Poison for a value that needs `needed` bits where there are `allowed`. */
int64_t     plain_lose(puma_session *s, uint32_t needed, uint32_t allowed);
/* PUMA_ENUMERIC that tells where the poison v came from. */
puma_status plain_report(puma_session *s, int64_t v, const char *doing);
/* v where it fits z's ring, poison otherwise. */
int64_t     plain_settle(puma_session *s, const puma_tensor *z, wide v);
/* The largest |number| of n; a NaN is larger than all. */
double      plain_largest(const double *v, size_t n);
/* Tells the host the largest |number| of z. */
void        plain_observe(puma_session *s, const puma_tensor *z);

puma_status plain_product(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count,
                          uint32_t shift);
puma_status plain_product_blocks(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y,
                                 const puma_blocks *blocks, uint32_t shift);
puma_status plain_trunc(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift);
puma_status plain_table(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t);
puma_status plain_gate(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_table *t,
                       uint32_t window);
puma_status plain_maximum(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y);
puma_status plain_exp2(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t high, double error);

#endif
