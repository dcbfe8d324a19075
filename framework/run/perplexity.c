/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* perplexity.c - see perplexity.h */
#include "run/perplexity.h"

#include <math.h>

double perplexity_surprise(const double *logits, size_t tokens, size_t vocabulary, const uint32_t *ids)
{
    double sum = 0;

    for (size_t t = 0; t + 1 < tokens; t++) {
        const double *row = logits + t * vocabulary;
        double        largest = row[0], total = 0;

        for (size_t i = 1; i < vocabulary; i++) largest = fmax(largest, row[i]);
        for (size_t i = 0; i < vocabulary; i++) total += exp(row[i] - largest);
        sum += log(total) + largest - row[ids[t + 1]];
    }
    return sum;
}

double perplexity_of(double surprise, size_t count) { return exp(surprise / (double)count); }
