/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pieces.h - a function made of polynomials between knots, for the plugins that use them. */
#ifndef PUMA_APPROX_PIECES_H
#define PUMA_APPROX_PIECES_H

#include <puma/ops.h>

#define PIECE_DEGREE 8

/* c[0] + c[1] x + … + c[degree] x^degree */
typedef struct piece {
    uint32_t degree;
    double   c[PIECE_DEGREE + 1];
} piece;

/* count >= 1 knots, in ascending order, and count + 1 pieces: left of the first knot, between each two, right
 * of the last. */
puma_share approx_pieces(puma_session *s, puma_share x, const double *knots, size_t count,
                         const piece *pieces, const puma_arguments *a);

#endif
