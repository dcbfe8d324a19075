/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* perplexity.h - how well logits predict the text they were computed from: exp of the mean of -ln p of each
 * token given the tokens before it.  The client computes it from the logits of every position; answer.c calls
 * it. */
#ifndef RUN_PERPLEXITY_H
#define RUN_PERPLEXITY_H

#include <stddef.h>
#include <stdint.h>

/* The sum of -ln p over the `tokens` - 1 predicted tokens of one text.  Row t of `logits` (tokens x
 * vocabulary) predicts ids[t + 1]. */
double perplexity_surprise(const double *logits, size_t tokens, size_t vocabulary, const uint32_t *ids);
/* The perplexity of `count` predicted tokens whose surprises sum to `surprise`. */
double perplexity_of(double surprise, size_t count);

#endif
