/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rings.c - see rings.h */
#include "exec/rings.h"

static uint32_t smaller(uint32_t x, uint32_t y) { return x < y ? x : y; }
static uint32_t larger(uint32_t x, uint32_t y) { return x > y ? x : y; }

/* The ring that a function wants of its operand whose numbers keep below 2^range. */
static uint32_t operand_ring(const puma_approx *f, uint32_t wide, uint32_t frac, int range)
{
    if (f == NULL || f->input_bits == 0) return wide;
    return smaller(wide, frac + larger(f->input_bits, (uint32_t)range + 1));
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

static puma_status must_fit(const char *what, uint32_t need, uint32_t have, const rings *r, puma_error *e)
{
    if (need <= have) return PUMA_OK;
    return error_set(e, 1101,
                     "[numeric] ring_bits: %s needs %u bits with %u fraction bits (ring %u, limit %u)", what,
                     need, r->frac, r->wide, have);
}

puma_status rings_plan(rings *r, const model *m, const puma_protocol *protocol,
                       const puma_approx *const *function, uint32_t ring_bits, uint32_t frac, puma_error *e)
{
    const model_ranges *g = &m->ranges;
    puma_slot           activation = rings_slot(m->activation);
    puma_status         status;

    r->frac = frac;
    r->wide = (protocol->caps & PUMA_CAP_RINGS) != 0 ? ring_bits : 64;
    r->turn = frac;
    if ((protocol->caps & PUMA_CAP_RINGS) == 0) {
        r->table = r->attention = r->scores = r->activation = r->wide;
        r->rotary = r->mixed = r->inner = r->logits = r->wide;
    } else {
        r->table = smaller(r->wide, frac + (uint32_t)g->embedding +
                                        3); /* three tables are summed: two bits, and the sign */
        r->scores = operand_ring(function[PUMA_SLOT_SOFTMAX], r->wide, frac, g->scores);
        r->attention = smaller(r->wide, larger(r->scores + frac, 2 * frac + (uint32_t)g->attention + 2));
        r->rotary = smaller(r->wide, r->scores + frac);
        /* What is left of the ring once a turned number, up to twice as large, stands in it; twelve bits at
         * least. */
        if (m->rotary != NULL) {
            r->attention = smaller(r->wide, larger(r->attention, frac + (uint32_t)g->attention + 4 + 12));
            r->turn = smaller(frac, larger(r->attention, frac + (uint32_t)g->attention + 4) - frac -
                                        (uint32_t)g->attention - 4);
        }
        /* Its result meets the last weights in this ring, and the residual stream comes of it. */
        r->inner = smaller(r->wide, 2 * frac + (uint32_t)g->hidden + 2);
        r->activation = larger(operand_ring(function[activation], r->wide, frac, g->activation),
                               m->gated ? smaller(r->wide, 2 * frac + (uint32_t)g->gated + 2) : r->inner);
        r->mixed =
            m->causal ? larger(r->inner, smaller(r->wide, frac + (uint32_t)g->attention + 1)) : r->wide;
        r->logits = m->causal
                        ? smaller(r->wide, larger(frac + (uint32_t)g->logits + 3, index_bits(m->labels)))
                        : r->wide;
    }
    /* An exact truncation needs |sum| < 2^(k-2): two bits beyond the 2f + product bits.  Elsewhere a sign
     * bit. */
    status =
        must_fit("the largest product before truncation", 2 * frac + (uint32_t)g->product + 2, r->wide, r, e);
    if (status == PUMA_OK)
        status = must_fit("the residual stream", frac + (uint32_t)g->hidden + 1, r->wide, r, e);
    if (status == PUMA_OK && m->place == MODEL_PRE_NORM)
        status = must_fit("the residual stream before its truncation", 2 * frac + (uint32_t)g->hidden + 2,
                          r->wide, r, e);
    if (status == PUMA_OK && m->gated)
        status = must_fit("the gated product", 2 * frac + (uint32_t)g->gated + 2, r->activation, r, e);
    if (status == PUMA_OK && m->rotary != NULL)
        status =
            must_fit("a turned query or key", frac + (uint32_t)g->attention + 4 + 12, r->attention, r, e);
    if (status == PUMA_OK && m->causal)
        status = must_fit("the logits", frac + (uint32_t)g->logits + 3, r->logits, r, e);
    if (status == PUMA_OK)
        status = must_fit("attention scores", frac + (uint32_t)g->scores + 1, r->scores, r, e);
    if (status == PUMA_OK)
        status = must_fit("the attention's weighted sum", 2 * frac + (uint32_t)g->attention + 2, r->attention,
                          r, e);
    if (status == PUMA_OK)
        status =
            must_fit("the activation's operand", frac + (uint32_t)g->activation + 1, r->activation, r, e);
    if (status == PUMA_OK)
        status = must_fit("the embedding tables", frac + (uint32_t)g->embedding + 3, r->table, r, e);
    return status;
}
