/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* encoder.c - see encoder.h */
#include "plan/encoder.h"

#include "exec/rings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool encoder_uses(const model *m, puma_slot slot)
{
    for (size_t i = 0; i < m->step_count; i++) {
        const model_step *step = &m->steps[i];

        if (slot == (step->kind == MODEL_STEP_NORMALIZE ? PUMA_SLOT_RSQRT
                     : step->kind == MODEL_STEP_NORM    ? PUMA_SLOT_LAYERNORM
                     : step->active                     ? rings_slot(step->activation)
                                                        : PUMA_SLOT_COUNT))
            return true;
    }
    return false;
}

void encoder_print(FILE *out, const plan *p)
{
    const model *m = p->model;

    if (m->pooling_count == 0) return;
    fprintf(out, "pooling      ");
    for (size_t i = 0; i < m->pooling_count; i++)
        fprintf(out, "%s %s", i > 0 ? " and" : "", MODEL_POOLING_NAMES[m->pooling[i]]);
    for (size_t i = 0; i < m->step_count; i++) {
        const model_step *s = &m->steps[i];

        if (s->kind == MODEL_STEP_DENSE) fprintf(out, ", %s to %zu numbers", s->folder, s->out);
        if (s->kind == MODEL_STEP_NORM) fprintf(out, ", %s", s->folder);
        if (s->kind == MODEL_STEP_NORMALIZE) fprintf(out, ", length 1");
    }
    fprintf(out, "; at most %zu tokens%s\n", p->input.most, m->prompt != NULL ? ", a prompt in front" : "");
}

/* --- how large the vectors get ---------------------------------------------------------------- */

/* Bounds of a vector: of each number, and of its length. */
typedef struct bounds {
    double most, length;
} bounds;

/* The largest magnitude of a tensor of a step or of a norm, and the length of all its numbers; 0 when there
 * is none. */
static puma_status measure_tensor(const plan *p, const char *role, int layer, bounds *b, puma_error *e)
{
    const model *m = p->model;

    *b = (bounds){ 0 };
    for (size_t i = 0; i < m->tensor_count; i++) {
        const model_tensor *t = &m->tensors[i];
        double             *w;
        size_t              n = t->dim[0] * (t->rank == 2 ? t->dim[1] : 1);

        if (t->layer != layer || strcmp(t->role, role) != 0) continue;
        if (model_values(p->source, i, &w, e) != PUMA_OK) return e->status;
        for (size_t k = 0; k < n; k++) {
            if (fabs(w[k]) > b->most) b->most = fabs(w[k]);
            b->length = hypot(b->length, w[k]);
        }
        free(w);
    }
    return PUMA_OK;
}

/* A Dense step on a vector within `b`: no number of the result is larger than the longest row allows.  By
 * rows: the sum of magnitudes times the largest, or the row's length times the vector's. */
static puma_status bound_dense(const plan *p, size_t step, bounds *b, puma_error *e)
{
    const model_step *s = &p->model->steps[step];
    bounds            bias, all;
    double            most = 0, *w = NULL;

    if (measure_tensor(p, "step.bias", (int)step, &bias, e) != PUMA_OK ||
        measure_tensor(p, "step.weight", (int)step, &all, e) != PUMA_OK)
        return e->status;
    for (size_t i = 0; i < p->model->tensor_count && w == NULL && e->status == PUMA_OK; i++)
        if (p->model->tensors[i].layer == (int)step && strcmp(p->model->tensors[i].role, "step.weight") == 0)
            model_values(p->source, i, &w, e);
    for (size_t row = 0; w != NULL && row < s->out; row++) {
        double sum = 0, length = 0;

        for (size_t k = 0; k < s->in; k++) {
            sum += fabs(w[row * s->in + k]);
            length += w[row * s->in + k] * w[row * s->in + k];
        }
        most = fmax(most, fmin(sum * b->most, sqrt(length) * b->length));
    }
    free(w);
    b->length = fmin(all.length * b->length + bias.length, sqrt((double)s->out) * (most + bias.most));
    b->most = most + bias.most;
    return e->status;
}

/* The vector in front of the steps, behind the last norm: n has the length sqrt(d), whatever the text is. */
static puma_status bound_pooled(const plan *p, bounds *b, puma_error *e)
{
    const model *m = p->model;
    double       longest = 1, sum = 0;
    bool         post = m->place == MODEL_POST_NORM;
    int          last = post ? (int)m->layers - 1 : -1;
    bounds       gain, bias;

    if (measure_tensor(p, post ? "layer.mlp_norm.gain" : "final.norm.gain", last, &gain, e) != PUMA_OK ||
        measure_tensor(p, post ? "layer.mlp_norm.bias" : "final.norm.bias", last, &bias, e) != PUMA_OK)
        return e->status;
    gain.most += m->gain_offset;
    for (size_t i = 0; i < p->input.count; i++) longest = fmax(longest, (double)p->input.sequences[i].count);
    b->length = gain.most * sqrt((double)m->hidden) + bias.length;
    b->most = fmin(b->length, ldexp(1, m->ranges.norm));
    for (size_t i = 0; i < m->pooling_count; i++) {
        double length = m->pooling[i] == MODEL_POOL_MAX ? sqrt((double)m->hidden) * b->most : b->length;

        sum = hypot(sum, m->pooling[i] == MODEL_POOL_MEAN_SQRT_LEN ? sqrt(longest) * length : length);
        if (m->pooling[i] == MODEL_POOL_MEAN_SQRT_LEN) b->most *= sqrt(longest);
    }
    b->length = sum;
    return PUMA_OK;
}

puma_status encoder_check(const plan *p, puma_error *e)
{
    const model *m = p->model;
    const rings *r = &p->exec.rings;
    double limit = ldexp(1, (int)r->wide - 2 - 2 * (int)r->frac), lengths = ldexp(1, 8 + MODEL_STEP_DOWN);
    double most;
    bounds b = { 0 };

    if (m->step_count == 0 || bound_pooled(p, &b, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < m->step_count && e->status == PUMA_OK; i++) {
        const model_step *s = &m->steps[i];

        if (s->kind == MODEL_STEP_DENSE) {
            if (bound_dense(p, i, &b, e) != PUMA_OK) break;
            most = s->active && model_is_narrow(s->activation) ? fmin(limit, ldexp(1, m->ranges.activation))
                                                               : limit;
            if (!(b.most < most))
                error_set(e, 1101,
                          "[numeric] ring_bits: %s: the vector needs more room (got %.4g, limit %.4g)",
                          s->folder, b.most, most);
            if (s->active && s->activation == MODEL_TANH)
                b = (bounds){ 1.1, fmin(b.length, 1.1 * sqrt((double)s->out)) };
        } else if (s->kind == MODEL_STEP_NORM) {
            bounds gain, bias;

            if (measure_tensor(p, "step.gain", (int)i, &gain, e) != PUMA_OK ||
                measure_tensor(p, "step.bias", (int)i, &bias, e) != PUMA_OK)
                break;
            b.length = gain.most * sqrt((double)s->out) + bias.length;
            b.most = b.length;
        } else {
            double squares =
                fmin(limit, i > 0 ? lengths * lengths : limit); /* what no step changed keeps to the norms */

            if (!(b.length * b.length < squares))
                error_set(
                    e, 1101,
                    "[numeric] ring_bits: the length of the embedding needs more room (got %.4g, limit %.4g)",
                    b.length, sqrt(squares));
            b = (bounds){ 1, 1 };
        }
    }
    return e->status;
}
