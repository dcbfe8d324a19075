/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rates.h - how long the ring's work takes on this machine: what a rehearsal counts, times what a short
 * measurement of the kernels finds.
 *
 * host/rehearsal.c counts, run/predict.c measures and makes seconds of the counts.  Measuring works on numbers of its
 * own, never on a run's. */
#ifndef RING_RATES_H
#define RING_RATES_H

#include "base/error.h"

#include <puma/host.h>

#include <stddef.h>
#include <stdint.h>

/* Products mod 2^32, 2^48 and 2^64 take kernels of their own, and so do those of few rows. */
#define RING_WIDTHS 3
#define RING_SHAPES (2 * RING_WIDTHS)

typedef struct ring_work {
    double entries[RING_SHAPES]; /* of second factors: each is read, and packed, once a product */
    double products[RING_SHAPES]; /* multiply-adds                                              */
    double words;                 /* element-wise, copies included                              */
    double stream_bytes;          /* of key stream                                              */
    double packed_bytes;          /* of messages                                                */
    double fresh_bytes;           /* of memory that is touched for the first time               */
    double other_s;               /* seconds: what is no kernel's, as it was met                */
} ring_work;

void ring_work_product(ring_work *w, const puma_gemm *g);
void ring_work_add(ring_work *to, const ring_work *w, double sign); /* to += sign w */

/* Seconds of one of each. */
typedef struct ring_rates {
    double entry[RING_SHAPES], product[RING_SHAPES], word, stream_byte, packed_byte, fresh_byte;
} ring_rates;

/* Takes about half a second; products with as many threads as ring_set_threads says. */
puma_status ring_measure(ring_rates *r, puma_error *e);
double      ring_seconds(const ring_rates *r, const ring_work *w);

#endif
