/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sample.h - draws the next token from the logits that the client received (decoding = client).  generate.c
 * calls it.
 *
 * The probability of token i is proportional to exp(l_i / temperature).  Of all tokens the top_k most
 * probable are kept; of these, the smallest number of most probable ones that hold at least top_p of the kept
 * probability; one of these is drawn.  Among tokens with equal logits the lower id counts as more probable.
 * All of this happens at the client, in the clear: the parties learn neither the choice nor how it was
 * made. */
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
    double   ulp;         /* logits this close to the largest count as equal  */
    bool     has_seed;    /* repeatable; else seeded by the system            */
    uint64_t seed;
    uint64_t input; /* each input has its own random stream, in whichever pass it is */
} sample_config;

typedef struct sampler sampler;

puma_status sampler_open(sampler **s, const sample_config *config, puma_error *e);
/* Draws one token. n > 0; PUMA_ENUMERIC when a logit is not finite. */
puma_status sampler_next(sampler *s, const double *logits, size_t n, uint32_t *token, puma_error *e);
void        sampler_close(sampler *s);

#endif
