/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sample.h - the next token out of the logits that the client received (decoding = client).
 *
 * The probability of token i is proportional to exp(l_i / temperature).  Of all tokens the top_k most
 * probable stay; of these the fewest that hold at least top_p of what stayed, the most probable ones first;
 * one of these is drawn.  Of tokens with equal logits the one with the lower id counts as the more probable.
 * All of it happens at the client, in the clear: the parties learn neither the choice nor how it was made. */
#ifndef RUN_SAMPLE_H
#define RUN_SAMPLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sample_config {
    double   temperature; /* > 0                                             */
    size_t   top_k;       /* 0: all                                          */
    double   top_p;       /* in (0, 1]                                       */
    double   ulp;         /* logits this close to the largest are as large   */
    bool     has_seed;    /* repeatable; else from the system's randomness   */
    uint64_t seed;
    uint64_t input; /* each input draws from a stream of its own, whichever pass it is in */
} sample_config;

typedef struct sampler sampler;

puma_status sampler_open(sampler **s, const sample_config *config, puma_error *e);
/* One draw.  n > 0; PUMA_ENUMERIC when a logit is no finite number. */
puma_status sampler_next(sampler *s, const double *logits, size_t n, uint32_t *token, puma_error *e);
void        sampler_close(sampler *s);

#endif
