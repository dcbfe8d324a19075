/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* perplexity.h - how well logits foretell the text they were computed from: exp of the mean of -ln p of each
 * token given those before it.  Computed by the client out of the logits of every position. */
#ifndef RUN_PERPLEXITY_H
#define RUN_PERPLEXITY_H

#include <stddef.h>
#include <stdint.h>

/* The sum of -ln p over the `tokens` - 1 foretold tokens of one text; row t of `logits` (tokens x vocabulary)
 * speaks of ids[t + 1]. */
double perplexity_surprise(const double *logits, size_t tokens, size_t vocabulary, const uint32_t *ids);
/* Of `count` foretold tokens whose surprises sum to `surprise`. */
double perplexity_of(double surprise, size_t count);

#endif
