/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bounds.c - see internal.h: do the checkpoint's numbers, and what is computed from them, fit the plan's
 * rings? */
#include "input/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The bound for a weight: it leaves room for a product, |w| < 2^(ring - 2 - 2f).  Entries of the embedding tables, of
 * which up to three are added in a ring of their own, are bounded by the proof (proof.c); without it each keeps to
 * `embedding`. */
static double limit_of(const client_plan *c, const char *role)
{
    const model *m = c->plan->model;
    const rings *r = &c->plan->exec.rings;
    bool         is_table = strcmp(role, "embedding.token") == 0 || strcmp(role, "embedding.position") == 0 ||
                    strcmp(role, "embedding.type") == 0;

    if (strcmp(role, "relative.bias") == 0) return ldexp(1.0, m->ranges.scores); /* it is added to the scores */
    if (m->pixels) is_table = false; /* positions are added to a patch's product */
    if (c->plan->run->material == NULL) is_table = false;
    return ldexp(1.0, is_table ? m->ranges.embedding : (int)r->wide - 2 - 2 * (int)r->frac);
}

/* Token rows are scaled when they are shared.  That all numbers are finite was checked on opening. */
puma_status input_check_weights(const client_plan *c, puma_error *e)
{
    const model *m = c->plan->model;

    for (size_t i = 0; i < m->tensor_count; i++) {
        const char *role = m->tensors[i].role;
        double      limit = limit_of(c, role);
        double      scale = strcmp(role, "embedding.token") == 0 ? m->embedding_scale : 1;
        size_t      element = 0;
        double      most = model_max_abs(c->source, i, &element);

        if (!(most * scale < limit))
            return error_set(e, 1102, "tensor %s: entry %zu leaves the fixed-point range (got %g, limit %g)",
                             model_stored_name(c->source, i), element, most, limit / scale);
    }
    return PUMA_OK;
}

/* --- pictures ----------------------------------------------------------------------------------- */

/* No picture may take the residual out of its range.  A patch's product is at most the sum of a row's
 * magnitudes times the largest pixel, whatever the picture is. */
puma_status input_check_pictures(const client_plan *c, puma_error *e)
{
    const model        *m = c->plan->model;
    const model_source *source = c->source;
    const client_input *in = &c->input;
    double       rows = 0, rest = 0, most = 0, limit = ldexp(1, m->ranges.hidden);

    for (size_t i = 0; i < m->tensor_count && e->status == PUMA_OK; i++) {
        const model_tensor *t = &m->tensors[i];
        size_t              element;
        double             *w = NULL;

        if (t->layer >= 0 || strncmp(t->role, "embedding.", 10) != 0) continue;
        if (strcmp(t->role, "embedding.patch.weight") != 0) {
            rest += model_max_abs(source, i, &element);
            continue;
        }
        if (model_values(source, i, &w, e) != PUMA_OK) break;
        for (size_t row = 0; row < t->dim[0]; row++) {
            double sum = 0;

            for (size_t k = 0; k < t->dim[1]; k++) sum += fabs(w[row * t->dim[1] + k]);
            if (sum > rows) rows = sum;
        }
        free(w);
    }
    for (size_t i = 0; i < in->images.count && e->status == PUMA_OK; i++)
        for (size_t k = 0; k < image_numbers(&in->images.shape); k++)
            if (fabs(in->images.images[i].pixels[k]) > most) most = fabs(in->images.images[i].pixels[k]);
    if (e->status == PUMA_OK && !(rows * most + rest < limit))
        error_set(e, 1101, "[input]: numbers of the picture are too large for the model's ranges (limit %.4g)",
                  (limit - rest) / rows);
    return e->status;
}

/* --- a sentence encoder's vector ---------------------------------------------------------------- */

/* Bounds of a vector: of the magnitude of each number, and of its length. */
typedef struct bounds {
    double most, length;
} bounds;

/* Measures a tensor of a step or a norm: its largest magnitude and the length of all its numbers; 0 when
 * there is none. */
static puma_status measure_tensor(const client_plan *c, const char *role, int layer, bounds *b, puma_error *e)
{
    size_t              index, n;
    const model_tensor *t = model_find(c->plan->model, role, layer, &index);
    double             *w;

    *b = (bounds){ 0 };
    if (t == NULL || model_values(c->source, index, &w, e) != PUMA_OK) return e->status;
    n = t->dim[0] * (t->rank == 2 ? t->dim[1] : 1);
    for (size_t k = 0; k < n; k++) {
        if (fabs(w[k]) > b->most) b->most = fabs(w[k]);
        b->length = hypot(b->length, w[k]);
    }
    free(w);
    return PUMA_OK;
}

/* Bounds a Dense step's result for a vector within `b`.  For each row of the weights a number is at most the
 * row's sum of magnitudes times b->most, and at most the row's length times b->length. */
static puma_status bound_dense(const client_plan *c, size_t step, bounds *b, puma_error *e)
{
    const model_step *s = &c->plan->model->steps[step];
    bounds            bias, all;
    double            most = 0, *w = NULL;
    size_t            index;

    if (measure_tensor(c, "step.bias", (int)step, &bias, e) != PUMA_OK ||
        measure_tensor(c, "step.weight", (int)step, &all, e) != PUMA_OK)
        return e->status;
    if (model_find(c->plan->model, "step.weight", (int)step, &index) != NULL) model_values(c->source, index, &w, e);
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

/* Bounds the pooled vector before the first step: after the last norm n has length sqrt(d), whatever the text
 * is. */
static puma_status bound_pooled(const client_plan *c, bounds *b, puma_error *e)
{
    const model *m = c->plan->model;
    double       longest = 1, sum = 0;
    bool         post = m->place == MODEL_POST_NORM;
    int          last = post ? (int)model_group(m, m->layers - 1) : -1;
    bounds       gain, bias;

    if (measure_tensor(c, post ? "layer.mlp_norm.gain" : "final.norm.gain", last, &gain, e) != PUMA_OK ||
        measure_tensor(c, post ? "layer.mlp_norm.bias" : "final.norm.bias", last, &bias, e) != PUMA_OK)
        return e->status;
    gain.most += m->gain_offset;
    for (size_t i = 0; i < c->input.count; i++) longest = fmax(longest, (double)c->input.sequences[i].count);
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

/* A linear head on a vector within b. */
static puma_status check_head(const client_plan *c, const bounds *b, puma_error *e)
{
    const double *w = c->input.head;
    size_t        n = c->plan->model->embedding;
    double        sum = 0, length = 0, most, limit = ldexp(1, (int)c->plan->exec.rings.wide - 2 - 2 * (int)c->plan->exec.rings.frac);

    if (w == NULL) return PUMA_OK;
    for (size_t k = 0; k < n; k++) {
        sum += fabs(w[k]);
        length = hypot(length, w[k]);
    }
    most = 1.01 * (fmin(sum * b->most, length * b->length) + fabs(w[n]));
    if (most < limit) return PUMA_OK;
    return error_set(e, 1101, "[run] head: its sum needs more room (got %.4g, limit %.4g)", most, limit);
}

puma_status input_check_encoder(const client_plan *c, puma_error *e)
{
    const model *m = c->plan->model;
    const rings *r = &c->plan->exec.rings;
    double limit = ldexp(1, (int)r->wide - 2 - 2 * (int)r->frac), lengths = ldexp(1, 8 + MODEL_STEP_DOWN);
    double most;
    bounds b = { 0 };

    if ((m->step_count == 0 && c->input.head == NULL) || bound_pooled(c, &b, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < m->step_count && e->status == PUMA_OK; i++) {
        const model_step *s = &m->steps[i];

        if (s->kind == MODEL_STEP_DENSE) {
            if (bound_dense(c, i, &b, e) != PUMA_OK) break;
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

            if (measure_tensor(c, "step.gain", (int)i, &gain, e) != PUMA_OK ||
                measure_tensor(c, "step.bias", (int)i, &bias, e) != PUMA_OK)
                break;
            b.length = gain.most * sqrt((double)s->out) + bias.length;
            b.most = b.length;
        } else {
            double squares =
                fmin(limit, i > 0 ? lengths * lengths : limit); /* no step changed it: bounded by the norms */

            if (!(b.length * b.length < squares))
                error_set(
                    e, 1101,
                    "[numeric] ring_bits: the length of the embedding needs more room (got %.4g, limit %.4g)",
                    b.length, sqrt(squares));
            b = (bounds){ 1, 1 };
        }
    }
    return e->status == PUMA_OK ? check_head(c, &b, e) : e->status;
}
