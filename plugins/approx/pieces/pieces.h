/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pieces.h - a function made of polynomials between knots, for the plugins that have such. */
#ifndef PUMA_APPROX_PIECES_H
#define PUMA_APPROX_PIECES_H

#include <puma/ops.h>

#define PIECE_DEGREE 8

/* c[0] + c[1] x + … + c[degree] x^degree */
typedef struct piece {
    uint32_t degree;
    double   c[PIECE_DEGREE + 1];
} piece;

/* The piece left of knots[0], … between them, …, right of knots[count-1]: count + 1 pieces, count >= 1. knots
 * ascend. */
puma_share approx_pieces(puma_session *s, puma_share x, const double *knots, size_t count,
                         const piece *pieces, const puma_arguments *a);

#endif
