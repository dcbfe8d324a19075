/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tanh.c - tanh: -1, two quintics, an odd septic, two quintics, 1.  |error| <= 3.4e-5, worst where it
 * becomes 1.  Minimax on each interval; the pieces left of 0 are those right of it with odd coefficients kept
 * and even ones negated. */
#include "parts.h"

static const double KNOTS[] = { -5.5, -2.5, -1, 1, 2.5, 5.5 };

#define FAR(sign)                                                                                            \
    {                                                                                                        \
        5,                                                                                                   \
        {                                                                                                    \
            (sign) * 0.4839799607845183, 0.5568592230478014, (sign) * -0.24334823022195717,                  \
                0.05357895450751282, (sign) * -0.005922117154290806, 0.00026217431259493816                  \
        }                                                                                                    \
    }
#define NEAR(sign)                                                                                           \
    {                                                                                                        \
        5,                                                                                                   \
        {                                                                                                    \
            (sign) * -0.15194068552251436, 1.598956504342534, (sign) * -0.909001777618254,                   \
                0.25561993764131746, (sign) * -0.0334324465322005, 0.0013752408799773599                     \
        }                                                                                                    \
    }

static const piece PIECES[] = {
    { 0, { -1 } },
    FAR(-1),
    NEAR(-1),
    { 7,
      { 0, 0.9996937668064674, 0, -0.32889200689592146, 0, 0.11541380298176199, 0, -0.024654086162170626 } },
    NEAR(1),
    FAR(1),
    { 0, { 1 } },
};

static puma_share tanh_pieces(puma_session *s, puma_share x, const puma_arguments *a)
{
    puma_share z = approx_pieces(s, x, KNOTS, sizeof KNOTS / sizeof *KNOTS, PIECES, a);

    return puma_ready(s, z) ? puma_promise(s, z, 1) : NULL;
}

const puma_approx approx_tanh = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_TANH,
    .name = "tanh",
    .source = "minimax polynomials of this project",
    .max_error = 4.0e-5,
    .domain = { -2048, 2048 },
    .eval = tanh_pieces,
};
