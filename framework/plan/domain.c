/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* domain.c - see domain.h */
#include "plan/domain.h"

#include "exec/rings.h"

#include <math.h>
#include <stdio.h>

/* What a function may meet: a number up to `most`, where its domain lets it be `limit` at most. */
typedef struct reach {
    const char *what;
    double      most, limit;
    bool        promised; /* by the family alone: it may be far more than this model meets */
} reach;

static double magnitude(const puma_approx *f) { return fmin(-f->domain[0], f->domain[1]); }

/* A narrow ring holds the distances within a row; what is common to its scores goes through it once around. */
static reach softmax_reach(const model_ranges *g, const puma_approx *f)
{
    int bits = g->spread < g->scores + 1 ? g->spread : g->scores + 1;

    if (f->input_bits != 0)
        return (reach){ "the distance of a score from its row's maximum", ldexp(1, bits), f->domain[1] - f->domain[0], false };
    return (reach){ "an attention score", ldexp(1, g->scores), magnitude(f), false };
}

/* A norm's domain is that of its rows' root mean square, as a row of equal entries has it. */
static reach norm_reach(const model *m, const puma_approx *f)
{
    const model_ranges *g = &m->ranges;
    bool                known = g->squares != RANGE_UNKNOWN;
    double              squares = ldexp(1, known ? g->squares : 2 * g->hidden);

    return (reach){ "the root mean square of a row", sqrt(squares / (double)m->hidden), magnitude(f), !known };
}

/* What the function in `slot` may meet; false: nothing is known of it, or nothing limits it.  The functions of heads and
 * steps that are narrow (model_is_narrow) keep to the range of the MLP's. */
static bool reach_of(const plan *p, puma_slot slot, reach *r)
{
    const model       *m = p->model;
    const puma_approx *f = p->function[slot];

    if (f == NULL || !plan_calls(p, slot) || (f->needs & PUMA_CAP_CLEAR) != 0) return false;
    if (slot == PUMA_SLOT_SOFTMAX)
        *r = softmax_reach(&m->ranges, f);
    else if (slot == rings_norm_slot(m))
        *r = norm_reach(m, f);
    else if (slot == rings_slot(m->activation) || slot == PUMA_SLOT_GELU || slot == PUMA_SLOT_GELU_TANH ||
             slot == PUMA_SLOT_SILU)
        *r = (reach){ "the activation's operand", ldexp(1, m->ranges.activation), magnitude(f), false };
    else
        return false;
    return true;
}

/* The least variance that 1/sqrt takes: that of the function in its slot.  Behind it the norm's own table counts a
 * smaller one as larger than it is. */
static puma_status check_variance(const plan *p, puma_error *e)
{
    puma_slot          slot = rings_norm_slot(p->model);
    const puma_approx *f = p->function[slot], *root = p->function[PUMA_SLOT_RSQRT];
    int                bits = p->model->ranges.variance;

    if (bits == RANGE_UNKNOWN || f == NULL || root == NULL || (f->needs & PUMA_CAP_CLEAR) != 0 ||
        ldexp(1, -bits) >= root->domain[0])
        return PUMA_OK;
    return error_set(e, 1105, "[approximation] %s = %s: the variance of a row may be as small as 2^-%d (limit %g)",
                     RUNFILE_SLOTS[slot], p->function_name[slot], bits, root->domain[0]);
}

bool plan_beyond(const plan *p, puma_slot slot, char text[PLAN_BEYOND])
{
    reach r;

    if (!reach_of(p, slot, &r) || r.most <= r.limit) return false;
    if (!r.promised && plan_caution(p, slot) == NULL) return false;
    snprintf(text, PLAN_BEYOND, "its error is promised for %s up to %g, and the model's ranges allow %g", r.what, r.limit,
             r.most);
    return true;
}

puma_status check_domains(const plan *p, puma_error *e)
{
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++) {
        char  text[PLAN_BEYOND];
        reach r;

        if (reach_of(p, slot, &r) && r.most > r.limit && !plan_beyond(p, slot, text))
            return error_set(e, 1105, "[approximation] %s = %s: %s may reach %g (limit %g)", RUNFILE_SLOTS[slot],
                             p->function_name[slot], r.what, r.most, r.limit);
    }
    return check_variance(p, e);
}
