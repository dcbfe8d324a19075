/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* crypten.c - the plugin `crypten`: the functions of CrypTen (Knott et al., NeurIPS 2021, arXiv 2109.00984,
 * appendix C) with the parameters of its release 0.4.
 *
 *     exp(x)         (1 + x/2^8)^(2^8)
 *     1/x            y <- y (2 - x y), ten times from 3 exp(1/2 - x) + 0.003, for 0 < x < 500
 *     sigmoid(x)     1/(1 + exp(-|x|)) by three such steps from 0.75, mirrored for x < 0
 *     tanh(x)        2 sigmoid(2x) - 1
 *     erf(x)         eight terms of Maclaurin's series behind the first, which diverge soon beyond |x| = 2
 *     softmax        exp(x - max) times the reciprocal of the sum
 *
 * GeLU comes in the two forms that models for CrypTen use: with tanh, cut off at -5 and 5, and with erf.  As
 * in CrypTen, a function gives no useful number outside its domain; in fixed point it may leave the ring,
 * which `plain` reports.  How CrypTen truncates and compares shares is the protocol's matter and not here. */
#include <puma/rows.h>

#define SQUARINGS 8

static puma_share leave(puma_session *s, size_t mark, puma_share z)
{
    puma_leave(s, mark, z);
    return z;
}

/* Fraction bits of numbers below 2 whose squares are to fit the widest ring. */
static uint32_t fine(const puma_session *s) { return (puma_ring_for(s, 64) - 4) / 2; }

/* exp(x) for -512 <= x <= 1/2 (from -400 on it is near exp: (-1)^256 is 1), with fine() fraction bits in the
 * widest ring.  Eight products, one behind the other; dividing by 2^8 moves the point. */
static puma_share limit_exp(puma_session *s, puma_share x)
{
    uint32_t   ring = puma_ring_for(s, 64), frac = fine(s);
    puma_share y = puma_fit(s, x, frac - SQUARINGS, ring);

    if (!puma_ready(s, y)) return NULL;
    y = puma_promise(s, puma_add_real(s, puma_shift_point(s, y, -SQUARINGS), 1), 1);
    for (int i = 0; i < SQUARINGS; i++) {
        y = puma_ready(s, y) ? puma_mul_to(s, y, y, 0, frac, ring) : NULL;
        y = puma_ready(s, y) ? puma_promise(s, y, 1) : NULL;
    }
    return y;
}

/* y (2 - x y), `times` times.  y keeps its fraction bits; x keeps as many as leave room for x y < 4. */
static puma_share newton(puma_session *s, puma_share x, puma_share y, int times)
{
    uint32_t ring = puma_ring_for(s, 64), most = ring - 5;

    if (!puma_ready(s, x) || !puma_ready(s, y)) return NULL;
    x = puma_fit(s, x, most - y->frac < x->frac ? most - y->frac : x->frac, ring);
    for (int i = 0; i < times; i++) {
        puma_share rest =
            puma_ready(s, y) && puma_ready(s, x) ? puma_mul_to(s, x, y, 0, y->frac, ring) : NULL;

        rest = puma_ready(s, rest) ? puma_add_real(s, puma_neg(s, rest), 2) : NULL;
        y = puma_ready(s, rest) ? puma_mul_to(s, y, rest, 0, y->frac, ring) : NULL;
    }
    return y;
}

/* For 0 < x < 500: 30 rounds at least. */
static puma_share reciprocal(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t     mark = s->host->enter(s);
    puma_share y, z;

    if (!puma_ready(s, x)) return NULL;
    y = limit_exp(s, puma_add_real(s, puma_neg(s, x), 0.5));
    /* below 5: with 27 fraction bits y (2 - x y) then stays in the ring until it is truncated */
    y = puma_ready(s, y) ? puma_fit(s, y, fine(s) - 3, puma_ring_for(s, 64)) : NULL;
    y = puma_ready(s, y) ? puma_add_real(s, puma_scale(s, y, 3, 0), 0.003) : NULL;
    z = newton(s, x, y, 10);
    return leave(s, mark, puma_ready(s, z) ? puma_fit(s, z, a->frac, a->bits) : NULL);
}

static puma_share exponential(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t     mark = s->host->enter(s);
    puma_share z = puma_ready(s, x) ? limit_exp(s, x) : NULL;

    return leave(s, mark, puma_ready(s, z) ? puma_fit(s, z, a->frac, a->bits) : NULL);
}

static puma_share softmax(puma_session *s, puma_share x, const puma_arguments *a)
{
    puma_arguments inner = { .struct_size = sizeof inner, .bits = puma_ring_for(s, 64), .frac = fine(s) - 3 };
    size_t         mark = s->host->enter(s);
    puma_share     e, sum, r, z;
    puma_rows      g;
    int32_t        levels = 0;

    if (!puma_ready(s, x) || puma_rows_of(s, &g, x, a->lengths) != PUMA_OK) return NULL;
    while (((size_t)1 << levels) < g.n) levels++;
    x = puma_pack(s, x, &g);
    e = limit_exp(s, puma_sub(s, x, puma_spread(s, puma_max_rows(s, x, &g), &g)));
    sum = puma_ready(s, e) ? puma_promise(s, puma_sum_rows(s, e, &g), levels + 1) : NULL;
    r = puma_ready(s, sum) ? reciprocal(s, sum, &inner) : NULL;
    z = puma_ready(s, r) ? puma_mul_spread(s, e, r, &g, a->frac, a->bits) : NULL;
    return leave(s, mark, puma_ready(s, z) ? puma_unpack(s, puma_promise(s, z, 1), &g) : NULL);
}

/* -|x| and [x < 0] */
static puma_share minus_magnitude(puma_session *s, puma_share x, puma_share *negative)
{
    *negative = puma_ready(s, x) ? puma_less_real(s, x, 0) : NULL;
    return puma_ready(s, *negative) ? puma_sub(s, puma_scale(s, puma_select(s, *negative, x), 2, 0), x)
                                    : NULL;
}

/* sigmoid(|x|) in [1/2, 1), with fine() - 3 fraction bits in the widest ring. */
static puma_share upper_sigmoid(puma_session *s, puma_share minus)
{
    uint32_t   ring = puma_ring_for(s, 64), frac = fine(s) - 3;
    puma_share d = puma_add_real(s, puma_fit(s, limit_exp(s, minus), frac, ring), 1), y;

    /* from 0.75: the first step is 0.75 (2 - 0.75 d) = 1.5 - 0.5625 d, which is local but for a truncation */
    y = puma_ready(s, d) ? puma_add_real(s, puma_trunc(s, puma_scale(s, d, -0.5625, 4), frac), 1.5) : NULL;
    return newton(s, d, y, 2);
}

/* tanh in the widest ring, fine() - 3 fraction bits. */
static puma_share wide_tanh(puma_session *s, puma_share x)
{
    puma_share negative, y = minus_magnitude(s, x, &negative);

    y = puma_ready(s, y) ? upper_sigmoid(s, puma_shift_point(s, y, 1)) : NULL;
    y = puma_ready(s, y) ? puma_promise(s, puma_add_real(s, puma_scale(s, y, 2, 0), -1), 1) : NULL;
    return puma_ready(s, y) ? puma_sub(s, y, puma_scale(s, puma_select(s, negative, y), 2, 0)) : NULL;
}

static puma_share hyperbolic(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t     mark = s->host->enter(s);
    puma_share z = puma_ready(s, x) ? wide_tanh(s, x) : NULL;

    return leave(s, mark, puma_ready(s, z) ? puma_fit(s, z, a->frac, a->bits) : NULL);
}

static puma_share silu(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t     mark = s->host->enter(s);
    puma_share negative, y, z;

    if (!puma_ready(s, x)) return NULL;
    y = upper_sigmoid(s, minus_magnitude(s, x, &negative));
    /* 1 - y for negative x */
    y = puma_ready(s, y)
            ? puma_sub(s, y, puma_select(s, negative, puma_add_real(s, puma_scale(s, y, 2, 0), -1)))
            : NULL;
    z = puma_ready(s, y) ? puma_mul_to(s, x, y, 0, a->frac, a->bits) : NULL;
    return leave(s, mark, z);
}

/* x/2 (1 + t), t with more fraction bits than are needed. */
static puma_share half_of(puma_session *s, puma_share x, puma_share t, const puma_arguments *a)
{
    t = puma_ready(s, t) ? puma_add_real(s, t, 1) : NULL;
    return puma_ready(s, t) ? puma_mul_to(s, puma_shift_point(s, x, -1), t, 0, a->frac, a->bits) : NULL;
}

/* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) between -5 and 5, 0 left of it and x right of it:
 * beyond them the power that stands for exp soon fails.  Both thresholds are one comparison. */
static puma_share gelu_by_tanh(puma_session *s, puma_share x, const puma_arguments *a)
{
    static const double ends[2] = { -5, 5 };
    const double        root = 0.79788456080286535588;
    size_t              mark = s->host->enter(s);
    puma_share          u, z = NULL, below[2];

    if (!puma_ready(s, x) || puma_less_reals(s, x, ends, 2, 0, below) != PUMA_OK) return NULL;
    u = puma_add_real(s, puma_trunc(s, puma_scale(s, puma_mul(s, x, x), root * 0.044715, 20), x->frac), root);
    u = puma_ready(s, u) ? puma_mul(s, u, x) : NULL;
    u = half_of(s, x, puma_ready(s, u) ? wide_tanh(s, u) : NULL, a);
    x = puma_fit(s, x, a->frac, a->bits);
    if (puma_ready(s, u) && puma_ready(s, x)) {
        puma_choice choices[2] = {
            { .bit = puma_xor(s, below[0], below[1]),
              .value = u,
              .coefficient = puma_integer(s, 1, u->bits) },
            { .bit = puma_not(s, below[1]), .value = x, .coefficient = puma_integer(s, 1, u->bits) }
        };
        z = puma_mux_sum(s, choices, 2, u->frac, u->bits);
    }
    return leave(s, mark, puma_ready(s, z) ? puma_promise(s, z, puma_wider(x->range, 0)) : NULL);
}

/* x/2 (1 + erf(x/sqrt(2))): with t = x^2/2 the series is sqrt(2/pi) x (1 - t/3 + t^2/10 - ...). */
static puma_share gelu_by_erf(puma_session *s, puma_share x, const puma_arguments *a)
{
    enum { TERMS = 8 };
    size_t     mark = s->host->enter(s);
    puma_share t, p = NULL;
    double     c[TERMS + 1], factorial = 1;

    if (!puma_ready(s, x)) return NULL;
    for (int n = 0; n <= TERMS; n++) {
        if (n > 0) factorial *= n;
        c[n] = (n % 2 == 0 ? 1 : -1) * 0.79788456080286535588 / (factorial * (2 * n + 1));
    }
    t = puma_shift_point(s, puma_mul_to(s, x, x, 0, x->frac, x->bits), -1);
    t = puma_ready(s, t) ? puma_fit(s, t, 24, x->bits) : NULL; /* the last coefficient is 2^-20 */
    if (puma_ready(s, t))
        p = puma_add_real(s, puma_trunc(s, puma_scale(s, t, c[TERMS], 36), 24), c[TERMS - 1]);
    for (int n = TERMS - 2; n >= 0; n--)
        p = puma_ready(s, p) ? puma_add_real(s, puma_mul(s, p, t), c[n]) : NULL;
    p = puma_ready(s, p) ? puma_mul_to(s, p, x, 0, 24, x->bits) : NULL;
    return leave(s, mark, half_of(s, x, p, a));
}

#define SOURCE "arXiv 2109.00984, appendix C"
#define CAUTIOUS(which, slot_, name_, error, low, high, function, caution_)                                \
    static const puma_approx which = { .struct_size = sizeof(puma_approx),                                   \
                                       .slot = slot_,                                                        \
                                       .name = name_,                                                        \
                                       .source = SOURCE,                                                     \
                                       .max_error = error,                                                   \
                                       .domain = { low, high },                                              \
                                       .eval = function,                                                     \
                                       .caution = caution_ }
#define FUNCTION(which, slot_, name_, error, low, high, function)                                            \
    CAUTIOUS(which, slot_, name_, error, low, high, function, NULL)

FUNCTION(gelu, PUMA_SLOT_GELU, "gelu", 1.5e-3, -512, 512, gelu_by_tanh);
CAUTIOUS(gelu_erf, PUMA_SLOT_GELU, "gelu_erf", 3e-4, -2, 2, gelu_by_erf,
         "its series leaves GeLU beyond |x| = 2, and soon by much");
FUNCTION(gelu_tanh, PUMA_SLOT_GELU_TANH, "gelu_tanh", 1.5e-3, -512, 512, gelu_by_tanh);
FUNCTION(silu_entry, PUMA_SLOT_SILU, "silu", 3e-3, -128, 128, silu);
FUNCTION(tanh_entry, PUMA_SLOT_TANH, "tanh", 4e-3, -64, 64, hyperbolic);
FUNCTION(exp_entry, PUMA_SLOT_EXP, "exp", 1.1e-3, -400, 0, exponential);
FUNCTION(softmax_entry, PUMA_SLOT_SOFTMAX, "softmax", 0.03, -256, 256, softmax);
FUNCTION(reciprocal_entry, PUMA_SLOT_RECIPROCAL, "reciprocal", 1e-3, 0x1p-6, 480, reciprocal);

static const puma_approx *const functions[] = { &gelu,          &gelu_erf,         &gelu_tanh,
                                                &silu_entry,    &tanh_entry,       &exp_entry,
                                                &softmax_entry, &reciprocal_entry, NULL };

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "crypten",
    .version = "0.1.0",
    .summary = "functions of CrypTen (arXiv 2109.00984): limit of powers, Newton's method, series",
    .approx = functions,
};
