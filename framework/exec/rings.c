/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rings.c - see rings.h */
#include "exec/rings.h"

#include <math.h>

static uint32_t smaller(uint32_t x, uint32_t y) { return x < y ? x : y; }
static uint32_t larger(uint32_t x, uint32_t y) { return x > y ? x : y; }

/* The ring that a function wants its operand in, where the operand's numbers are below 2^range. */
static uint32_t operand_ring(const puma_approx *f, uint32_t wide, uint32_t frac, int range)
{
    if (f == NULL || f->input_bits == 0) return wide;
    return smaller(wide, frac + larger(f->input_bits, (uint32_t)range + 1));
}

bool rings_reach_fits(const model_ranges *g) { return g->reach <= g->spread + 1; }

/* Integer bits, with the sign, within which a softmax finds a row's maximum.  It looks at distances alone, mod the
 * ring: scores that lie less than 2^spread apart, times the factor that they come with, plus one because whole numbers
 * are compared, keep within 15/16 of half the ring (puma_lookup_ext.maximum).  What all scores of a row have in common
 * may go around.  With the guard the ring takes all that queries and keys of `reach` allow. */
static uint32_t distance_bits(const puma_approx *f, const model_ranges *g, bool guard)
{
    double   scale = rings_operand_scale(f);
    int      spread = g->spread < g->scores + 1 ? g->spread : g->scores + 1;
    uint32_t bits = 1;

    if (guard && rings_reach_fits(g) && g->reach > g->spread) spread = g->reach;
    while (ldexp(15.0 / 16, (int)bits - 1) <= scale * ldexp(1, spread) + 1) bits++;
    return bits;
}

/* Integer bits, with the sign, of an attention score. */
static uint32_t score_bits(const puma_approx *f, const model_ranges *g, bool guard)
{
    if (f == NULL || f->input_bits == 0) return (uint32_t)g->scores + 1;
    return larger(f->input_bits, distance_bits(f, g, guard));
}

/* Bits of a number below `count`, and a sign. */
static uint32_t index_bits(size_t count)
{
    uint32_t bits = 1;

    while (count > 0) {
        bits++;
        count >>= 1;
    }
    return bits;
}

puma_slot rings_slot(model_activation a)
{
    switch (a) {
    case MODEL_GELU_TANH: return PUMA_SLOT_GELU_TANH;
    case MODEL_SILU: return PUMA_SLOT_SILU;
    case MODEL_RELU: return PUMA_SLOT_RELU;
    case MODEL_TANH: return PUMA_SLOT_TANH;
    default: return PUMA_SLOT_GELU;
    }
}

puma_slot rings_norm_slot(const model *m) { return m->norm == MODEL_RMSNORM ? PUMA_SLOT_RMSNORM : PUMA_SLOT_LAYERNORM; }

double rings_operand_scale(const puma_approx *f) { return f == NULL || f->operand_scale == 0 ? 1 : f->operand_scale; }

/* Makes each ring as narrow as the tensor's consumers allow. */
static void narrow(rings *r, const model *m, const puma_approx *const *function, bool guard)
{
    const model_ranges *g = &m->ranges;
    const uint32_t      frac = r->frac, wide = r->wide;

    /* Three tables are summed, which takes two bits more; the third is the sign. */
    r->table = smaller(wide, frac + (uint32_t)g->embedding + 3);
    r->scores = function[PUMA_SLOT_SOFTMAX] == NULL || function[PUMA_SLOT_SOFTMAX]->input_bits == 0
                    ? wide
                    : smaller(wide, frac + score_bits(function[PUMA_SLOT_SOFTMAX], g, guard));
    r->attention = smaller(wide, larger(r->scores + frac, 2 * frac + (uint32_t)g->attention + 2));
    r->rotary = smaller(wide, r->scores + frac);
    /* Cosine and sine get the bits that the ring has left beside a turned number, which may be twice as large
     * as the unturned one: at least twelve. */
    if (m->rotary != NULL) {
        uint32_t number = frac + (uint32_t)g->attention + 4;

        r->attention = smaller(wide, larger(r->attention, number + 12));
        r->turn = smaller(frac, larger(r->attention, number) - number);
    }
    /* The gated product is multiplied by the last weights in this ring, and the product is added to the
     * residual. */
    r->inner = smaller(wide, 2 * frac + (uint32_t)g->sums + 2);
    r->activation = larger(operand_ring(function[rings_slot(m->activation)], wide, frac, g->activation),
                           m->gated ? smaller(wide, 2 * frac + (uint32_t)g->gated + 2) : r->inner);
    r->mixed = m->causal ? larger(r->inner, smaller(wide, frac + (uint32_t)g->attention + 1)) : wide;
    r->logits =
        m->causal ? smaller(wide, larger(frac + (uint32_t)g->logits + 3, index_bits(m->labels))) : wide;
}

/* An exact truncation needs |sum| < 2^(k-2): two bits beyond the 2f + product bits.  Elsewhere a sign bit. */
static puma_status check(const rings *r, const model *m, const puma_approx *const *function, bool guard, puma_error *e)
{
    const model_ranges *g = &m->ranges;
    const uint32_t      frac = r->frac;
    const bool          rotary = m->rotary != NULL;
    const struct {
        bool        counts;
        const char *what;
        uint32_t    need, have;
    } bounds[] = {
        { true, "the largest product before truncation", 2 * frac + (uint32_t)g->product + 2, r->wide },
        { true, "the residual stream", frac + (uint32_t)g->hidden + 1, r->wide },
        { true, "the residual stream before its truncation", 2 * frac + (uint32_t)g->sums + 2, r->wide },
        { m->gated, "the gated product", 2 * frac + (uint32_t)g->gated + 2, r->activation },
        { rotary, "a turned query or key", frac + (uint32_t)g->attention + 4 + 12, r->attention },
        { m->causal, "the logits", frac + (uint32_t)g->logits + 3, r->logits },
        { true, "attention scores", frac + score_bits(function[PUMA_SLOT_SOFTMAX], g, guard), r->scores },
        { true, "the attention's weighted sum", 2 * frac + (uint32_t)g->attention + 2, r->attention },
        { true, "the activation's operand", frac + (uint32_t)g->activation + 1, r->activation },
        { true, "the embedding tables", frac + (uint32_t)g->embedding + 3, r->table },
    };

    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (bounds[i].counts && bounds[i].need > bounds[i].have)
            return error_set(
                e, 1101, "[numeric] ring_bits: %s needs %u bits with %u fraction bits (ring %u, limit %u)",
                bounds[i].what, bounds[i].need, r->frac, r->wide, bounds[i].have);
    return PUMA_OK;
}

puma_status rings_plan(rings *r, const model *m, const puma_protocol *protocol,
                       const puma_approx *const *function, bool guard, uint32_t ring_bits, uint32_t frac,
                       puma_error *e)
{
    bool     has_rings = (protocol->caps & PUMA_CAP_RINGS) != 0;
    uint32_t wide = has_rings ? ring_bits : 64;

    *r = (rings){ .frac = frac,
                  .wide = wide,
                  .table = wide,
                  .attention = wide,
                  .scores = wide,
                  .activation = wide,
                  .rotary = wide,
                  .turn = frac,
                  .mixed = wide,
                  .inner = wide,
                  .logits = wide };
    if (has_rings) narrow(r, m, function, guard);
    return check(r, m, function, guard, e);
}
