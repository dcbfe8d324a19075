/* norm.c - LayerNorm and RMSNorm rows: y / sqrt(mean of y^2 + epsilon), without gain and bias.
 *
 * A norm does not depend on its operand's scale, so nothing is divided by the row's length n: LayerNorm takes
 * y = (n x - sum x) / 2^L = k (x - mean), k = n / 2^L, and sqrt(n) is put into the factors of 1/sqrt.  The
 * sum of squares is opened once a row, untruncated: it may reach 2^SQUARES.  Where that does not fit the ring
 * behind a truncation without rounds, y gives up to two fraction bits, or is truncated into the whole ring.
 * Variances are told apart by their exponent from 2^-12 on; smaller ones count as 2^-12.  13 rounds (14). */
#include "normalize.h"

#include "tables.h"

enum { LEAST = -12, MOST = 16, SQUARES = 17 }; /* exponents of the variance; of a row's sum of squares */

/* y (rows, n) scaled by k: rows of y k / sqrt(mean((y/k)^2) + epsilon) … that is y sqrt(n) / sqrt(sum y^2 + n
 * k^2 epsilon). */
static puma_share scaled_rows(puma_session *s, puma_share y, double k, const puma_arguments *a)
{
    size_t     rows = y == NULL ? 0 : y->dim[0], n = y == NULL ? 0 : y->dim[1];
    double     factor[MOST_EXPONENTS];
    int        low, high;
    uint32_t   bits, lacking;
    normalized v;
    puma_share sum, r, lines = puma_reshape3(s, y, rows, 1, n);

    sum = puma_ready(s, lines) ? puma_matmul(s, lines, lines, 1, 2 * y->frac, y->bits) : NULL;
    sum = puma_add_real(s, puma_reshape1(s, sum, rows), a->epsilon * (double)n * k * k);
    if (!puma_ready(s, sum)) return NULL;
    low = LEAST + puma_exponent((double)n * k * k) - 1;
    high = MOST + puma_exponent((double)n * k * k);
    if (high > (int)sum->bits - 2 - (int)sum->frac)
        high = (int)sum->bits - 2 - (int)sum->frac; /* what the ring holds */
    if (low + (int)sum->frac < 0) low = -(int)sum->frac;
    /* 1/sqrt of the least variance is 2^6 and has, before the truncation, twice the fraction: the bits that a
     * narrow ring lacks for that, with sign, a spare one and one for edges, are taken from both factors. */
    bits = puma_ring_for(s, 60);
    lacking = bits < 48 + 9 ? 48 + 9 - bits : 0;
    if (lacking > 20) {
        s->host->fail(s, PUMA_ENUMERIC, "a ring of %u bits is too narrow for a norm (limit 37)", bits);
        return NULL;
    }
    if (normalize(s, &v, sum, low, high, precise_rsqrt_table, 24 - (lacking + 1) / 2, bits) != PUMA_OK) return NULL;
    for (int j = 0; j < v.count; j++) factor[j] = sqrt((double)n) * pow(2.0, -0.5 * (low + j));
    r = puma_trunc_to(s, rescale(s, &v, factor, 24 - lacking / 2), 26, y->bits);
    return puma_ready(s, r) ? puma_mul_to(s, y, r, 1, a->frac, a->bits) : NULL;
}

const puma_tensor *precise_layernorm(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    size_t     n, rows, mark;
    uint32_t   levels = 0, lost;
    int        lacking;
    puma_share y, mean, z;

    if (!puma_ready(s, x)) return NULL;
    n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (n == 0) return x;
    while (((size_t)1 << levels) < n) levels++;
    mark = s->host->enter(s);
    rows = x->n / n;
    y = puma_reshape2(s, x, rows, n);
    mean = puma_expand(s, puma_sum(s, y), n); /* n times the mean */
    y = puma_sub(s, puma_scale(s, y, (double)n, 0), mean);
    if (!puma_ready(s, y)) return NULL;
    /* Bits that 2^SQUARES at twice the fraction, with the sign and one to spare, lacks in what a truncation
     * by `levels` leaves. */
    lacking = 2 * (int)x->frac + SQUARES + 2 + (int)levels - (int)x->bits;
    lost = lacking > 0 && lacking <= 2 ? (uint32_t)lacking : 0;
    y = puma_trunc_to(s, puma_shift_point(s, y, -(int)levels), x->frac - lost,
                      lacking > 2 ? x->bits : x->bits - levels - lost);
    z = puma_ready(s, y) ? scaled_rows(s, y, (double)n / (double)((size_t)1 << levels), a) : NULL;
    z = puma_ready(s, z) ? puma_reshape(s, z, x->rank, x->dim) : NULL;
    s->host->leave(s, mark, z);
    return z;
}

const puma_tensor *precise_rmsnorm(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    size_t     n, mark;
    uint32_t   bits;
    puma_share z;

    if (!puma_ready(s, x)) return NULL;
    n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (n == 0) return x;
    mark = s->host->enter(s);
    bits = 2 * x->frac + SQUARES + 2 > 54 ? 2 * x->frac + SQUARES + 2 : 54;
    z = scaled_rows(s, puma_resize(s, puma_reshape2(s, x, x->n / n, n), bits < x->bits ? bits : x->bits), 1.0,
                    a);
    z = puma_ready(s, z) ? puma_reshape(s, z, x->rank, x->dim) : NULL;
    s->host->leave(s, mark, z);
    return z;
}
