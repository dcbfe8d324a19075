/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ranges.c - see ranges.h */
#include "plan/ranges.h"

#include "base/text_stream.h"
#include "exec/guard.h"
#include "exec/rings.h"
#include "plan/domain.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const NAMES[PLAN_PROVED] = {
    "embedding", "attention", "activation", "gated",   "sums",
    "logits",    "norm",      "product",    "queries", "relative"
};

/* The range of a kind that is proved. */
static int *field(model_ranges *g, plan_range kind) { return model_range(g, NAMES[kind]); }

static bool counts(const model *m, plan_range kind)
{
    return kind == PLAN_GATED ? m->gated : kind == PLAN_RELATIVE ? m->buckets > 0 : true;
}

static puma_status make_rings(const plan *p, const model *m, rings *r, puma_error *e)
{
    return rings_plan(r, m, p->protocol->protocol, p->function, p->run->guard, p->run->ring_bits,
                      p->run->frac, e);
}

puma_status ranges_take(plan *p, const int bits[PLAN_PROVED], puma_error *e)
{
    bool measured = p->run->ranges != NULL;

    for (plan_range k = 0; k < PLAN_PROVED; k++) {
        int *range = field(&p->model->ranges, k);

        p->proved[k] = bits[k] <= *range || !measured || bits[k] <= *range + 1 || *range == RANGE_UNKNOWN;
        if (p->proved[k] && bits[k] > *range) *range = bits[k];
    }
    if (make_rings(p, p->model, &p->exec.rings, e) == PUMA_OK && check_domains(p, e) == PUMA_OK &&
        !measured && p->run->guard && !exec_guards_scores(&p->exec, p->function[PUMA_SLOT_SOFTMAX]))
        error_set(e, 1101, "[numeric] guard: queries and keys below 2^%d do not say how far scores lie apart",
                  p->model->ranges.queries);
    if (e->status != PUMA_OK && !measured)
        error_prefix(
            e, "the weights allow numbers that no ring holds (puma plan --measure finds what inputs meet)");
    return e->status;
}

puma_status ranges_check(plan *p, const int bits[PLAN_PROVED], puma_error *e)
{
    for (plan_range k = 0; k < PLAN_PROVED; k++) {
        int range = *field(&p->model->ranges, k);

        if (range == RANGE_UNKNOWN)
            range = k == PLAN_QUERIES ? p->model->ranges.attention : p->model->ranges.scores;
        p->proved[k] = bits[k] <= range;
        if (!p->proved[k] && counts(p->model, k) && p->run->ranges == NULL)
            return error_set(e, 1101,
                             "[run] material: made for numbers of %s below 2^%d, and the weights allow 2^%d: "
                             "give deal and run the "
                             "same [numeric] ranges",
                             NAMES[k], range, bits[k]);
    }
    return PUMA_OK;
}

/* --- to the parties and back ------------------------------------------------------------------ */

char *ranges_text(const plan *p)
{
    model_ranges g = p->model->ranges;
    char        *text = NULL;
    size_t       size;
    FILE        *out = text_stream(&text, &size);

    if (out == NULL) return NULL;
    for (plan_range k = 0; k < PLAN_PROVED; k++) fprintf(out, "%s%d", k > 0 ? " " : "", *field(&g, k));
    if ((ferror(out) | fclose(out)) == 0) return text;
    free(text);
    return NULL;
}

puma_status ranges_read(const char *text, const plan *p, model *m, rings *r, puma_error *e)
{
    *m = *p->model;
    for (plan_range k = 0; k < PLAN_PROVED; k++) {
        char *end;
        long  bits = strtol(text, &end, 10);

        if (end == text || bits < RANGE_UNKNOWN || bits > 63 || *end != (k + 1 < PLAN_PROVED ? ' ' : '\0'))
            return error_set(e, 910, "client: input.ranges: not a list of bits (limit 63)");
        *field(&m->ranges, k) = (int)bits;
        text = end + (*end == ' ');
    }
    return make_rings(p, m, r, e) == PUMA_OK ? PUMA_OK : error_prefix(e, "client: input.ranges");
}

/* --- for people --------------------------------------------------------------------------------- */

size_t ranges_list(const plan *p, range_item items[RANGE_ITEMS])
{
    const char *unproved = p->run->ranges != NULL ? "measured" : "promised";
    bool        scores = p->exec.guard && p->proved[PLAN_QUERIES] &&
                  exec_guards_scores(&p->exec, p->function[PUMA_SLOT_SOFTMAX]);
    model_ranges g = p->model->ranges;
    size_t       used = 0;

    for (plan_range k = 0; k < PLAN_PROVED; k++) {
        range_item *to = &items[used];

        to->name = NAMES[k];
        to->bits = *field(&g, k);
        to->source = p->proved[k] ? "proved" : unproved;
        to->certain = p->proved[k];
        used += counts(p->model, k);
    }
    items[used++] = (range_item){ "spread", g.spread, scores ? "guarded" : unproved, scores };
    items[used++] = (range_item){ "hidden", g.hidden, p->exec.guard ? "guarded" : unproved, p->exec.guard };
    return used;
}

void ranges_uncertain(const plan *p, char text[RANGES_TEXT])
{
    range_item items[RANGE_ITEMS];
    size_t     count = ranges_list(p, items), used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (!items[i].certain)
            used += (size_t)snprintf(text + used, RANGES_TEXT - used, "%s%s %d", used > 0 ? ", " : "",
                                     items[i].name, items[i].bits);
}
