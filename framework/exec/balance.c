/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* balance.c - see balance.h
 *
 * A norm's output has length sqrt(d), and how long W n is depends on n.  Between the mean over all
 * directions, the Frobenius norm of W, and the most, its spectral norm, their geometric mean has served real
 * models best (SmolLM2-135M, 4 texts of 1000 tokens: the guard's window would have to be 357 without factors,
 * 379 with the first, 345 with the second, 302 with both). */
#include "exec/balance.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 8 }; /* of the power method: a factor need not be exact */

/* An estimate of the spectral norm of w (e, d), from below; v (d), u (e) are room. */
static double spectral_norm(const double *w, size_t e, size_t d, double *v, double *u)
{
    double length = 0;

    for (size_t k = 0; k < d; k++)
        v[k] = 1 + (double)(k % 7); /* any start but one that is orthogonal to all */
    for (int step = 0; step < STEPS; step++) {
        double norm = 0;

        for (size_t k = 0; k < d; k++) norm = hypot(norm, v[k]);
        if (norm == 0) return 0;
        for (size_t i = 0; i < e; i++) {
            u[i] = 0;
            for (size_t k = 0; k < d; k++) u[i] += w[i * d + k] * v[k] / norm;
        }
        length = 0;
        for (size_t i = 0; i < e; i++) length = hypot(length, u[i]);
        for (size_t k = 0; k < d; k++) v[k] = 0;
        for (size_t i = 0; i < e; i++)
            for (size_t k = 0; k < d; k++) v[k] += w[i * d + k] * u[i];
    }
    return length;
}

/* The product of both norms of a head's rows, times gain + offset. */
static double size_of(const balance_heads *b, const double *rows, double *room)
{
    double *w = room, *v = room + b->e * b->d, *u = v + b->d, frobenius = 0;

    for (size_t i = 0; i < b->e; i++)
        for (size_t k = 0; k < b->d; k++) {
            w[i * b->d + k] = rows[i * b->d + k] * (b->gain == NULL ? 1 : b->gain[k] + b->offset);
            frobenius += w[i * b->d + k] * w[i * b->d + k];
        }
    return sqrt(frobenius) * spectral_norm(w, b->e, b->d, v, u);
}

int balance(double *factor, const balance_heads *b)
{
    size_t  block = b->e * b->d, times = b->heads / b->kv_heads;
    double *room = malloc((block + b->d + b->e) * sizeof *room);

    if (room == NULL) return 0;
    for (size_t g = 0; g < b->kv_heads; g++) {
        double key = size_of(b, b->k + g * block, room), query = 0;

        for (size_t h = g * times; h < (g + 1) * times; h++)
            query = fmax(query, size_of(b, b->q + h * block, room));
        factor[g] = key > 0 && query > 0 ? sqrt(sqrt(query / key))
                                         : 1; /* its square: the ratio of the norms' means */
    }
    free(room);
    return 1;
}

double *balance_rows(const balance_heads *b)
{
    size_t  queries = b->heads * b->e, keys = b->kv_heads * b->e, times = b->heads / b->kv_heads;
    double *rows = malloc((queries + keys) * sizeof *rows), *each = malloc(b->kv_heads * sizeof *each);

    for (size_t g = 0; each != NULL && g < b->kv_heads; g++) each[g] = 1;
    if (rows == NULL || each == NULL || (b->q != NULL && b->k != NULL && !balance(each, b))) {
        free(rows);
        free(each);
        return NULL;
    }
    for (size_t r = 0; r < queries; r++) rows[r] = sqrt(b->scale) * (1 / each[r / b->e / times]);
    for (size_t r = 0; r < keys; r++) rows[queries + r] = sqrt(b->scale) * each[r / b->e];
    free(each);
    return rows;
}
