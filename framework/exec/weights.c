/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* weights.c - see weights.h */
#include "exec/weights.h"

#include "exec/balance.h"
#include "exec/share.h"

#include <stdlib.h>

/* Does this node bring the values of weights?  The provider does, or with public weights every computing
 * node. */
static bool has_values(const struct exec *x)
{
    return x->config.public_weights ? x->s->role != PUMA_CLIENT : exec_is_provider(x);
}

/* The values for `role` where this node brings them, malloc'd; NULL elsewhere, and when the model has no such
 * tensor. */
static double *values_of(struct exec *x, const model_source *source, const char *role, int layer)
{
    size_t              index;
    const model_tensor *t = model_find(x->config.model, role, layer, &index);
    double             *values = NULL;
    puma_error          e = { 0 };

    if (t == NULL || !has_values(x) || x->s->status != PUMA_OK) return NULL;
    host_at(x->s, "weights", -1, t->name);
    if (exec_is_rehearsal(x)) return NULL;
    if (model_values(source, index, &values, &e) != PUMA_OK) x->s->host->fail(x->s, e.status, "%s", e.text);
    return values;
}

/* Shares in z what the provider, or with public weights every computing node, brings.  Takes over
 * `values`. */
static puma_share share_values(struct exec *x, puma_tensor *z, double *values)
{
    if (x->s->status == PUMA_OK && !x->config.public_weights) return exec_share_into(x, z, values);
    if (x->s->status == PUMA_OK && (values != NULL || (exec_is_rehearsal(x) && x->s->role != PUMA_CLIENT)))
        return exec_share_public(x, z, values);
    free(values);
    return NULL;
}

/* Shares the tensor for `role` in `layer`, each entry times `scale` plus `offset`; NULL when the model has
 * none. */
static puma_share parameter(struct exec *x, const model_source *source, const char *role, int layer,
                            double scale, double offset, uint32_t bits)
{
    size_t              index, n;
    const model_tensor *t = model_find(x->config.model, role, layer, &index);
    double             *values;

    if (t == NULL || x->s->status != PUMA_OK) return NULL;
    values = values_of(x, source, role, layer);
    n = t->dim[0] * (t->rank == 2 ? t->dim[1] : 1);
    for (size_t i = 0; values != NULL && i < n; i++) values[i] = scale * values[i] + offset;
    return share_values(x, exec_tensor(x, (uint32_t)t->rank, t->dim, x->config.rings.frac, bits), values);
}

static puma_share gain_of(struct exec *x, const model_source *source, const char *role, int layer)
{
    return parameter(x, source, role, layer, 1, x->config.model->gain_offset, x->config.rings.wide);
}

static puma_share bias_of(struct exec *x, const model_source *source, const char *role, int layer)
{
    return parameter(x, source, role, layer, 1, 0, x->config.rings.wide);
}

/* The norm that a linear layer's operand comes from.  Its gain and bias are folded into the layer's weights
 * when these are shared. */
typedef struct norm_role {
    const char *gain, *bias;
    int         layer;
} norm_role;

/* A linear layer: the roles of its weight and bias, its layer, and a factor for each of its first `scaled` rows.  The
 * checkpoint's own bias of rows unbiased[0] … unbiased[1] - 1 is left out. */
typedef struct linear_role {
    const char   *weight, *bias;
    int           layer;
    const double *factor;
    size_t        scaled, unbiased[2];
} linear_role;

static bool has_bias(const struct exec *x, const linear_role *l, const norm_role *norm)
{
    size_t index;

    return model_find(x->config.model, l->bias, l->layer, &index) != NULL ||
           (norm != NULL && model_find(x->config.model, norm->bias, norm->layer, &index) != NULL);
}

/* Rows [first, first + rows) of z, to be written. z must be new and not read yet. */
static puma_tensor *rows_of(struct exec *x, const puma_tensor *z, size_t first, size_t rows)
{
    puma_tensor *part = z == NULL ? NULL : x->s->host->view(x->s, z);

    if (part == NULL) return NULL;
    for (uint32_t p = 0; p < part->planes; p++) part->plane[p] += z->n / z->dim[0] * first;
    part->n = part->words = z->n / z->dim[0] * rows;
    part->dim[0] = rows;
    return part;
}

/* Shares weight and bias of a linear layer so that they act on the norm's bare output n: W (g * n + b) + c =
 * (W diag g) n + (W b + c), then scaled.  Without a norm W and c stay as they are.  Fills in `weight` and,
 * unless it is NULL, `bias`. */
static void share_linear(struct exec *x, const model_source *source, const linear_role *l,
                         const norm_role *norm, puma_tensor *weight, puma_tensor *bias)
{
    double *w, *c, *gain, *shift, offset = x->config.model->gain_offset;
    size_t  rows, columns;

    if (weight == NULL || x->s->status != PUMA_OK) return;
    rows = weight->dim[0];
    columns = weight->dim[1];
    w = values_of(x, source, l->weight, l->layer);
    c = values_of(x, source, l->bias, l->layer);
    gain = norm == NULL ? NULL : values_of(x, source, norm->gain, norm->layer);
    shift = norm == NULL ? NULL : values_of(x, source, norm->bias, norm->layer);
    if (w != NULL && c == NULL) c = calloc(rows, sizeof *c);
    if (w != NULL && c == NULL)
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", rows * sizeof *c);
    for (size_t i = 0; w != NULL && c != NULL && i < rows; i++) {
        double scale = i < l->scaled ? l->factor[i] : 1;

        if (i >= l->unbiased[0] && i < l->unbiased[1]) c[i] = 0;
        for (size_t k = 0; k < columns; k++) {
            if (shift != NULL) c[i] += w[i * columns + k] * shift[k];
            if (gain != NULL) w[i * columns + k] *= gain[k] + offset;
            w[i * columns + k] *= scale;
        }
        c[i] *= scale;
    }
    free(gain);
    free(shift);
    share_values(x, weight, w);
    if (bias != NULL)
        share_values(x, bias, c);
    else
        free(c);
}

/* Shares linear layers that have the same operand as one matrix, one above the other, each into its own
 * rows. */
static void share_stack(struct exec *x, const model_source *source, const linear_role *l, size_t count,
                        const norm_role *norm, puma_share *weight, puma_share *bias)
{
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    puma_tensor  *w, *b = NULL;
    size_t        index, dim[2] = { 0 }, biases = 0, first = 0;

    *weight = *bias = NULL;
    for (size_t k = 0; k < count; k++) {
        const model_tensor *t = model_find(x->config.model, l[k].weight, l[k].layer, &index);

        if (t == NULL) return;
        dim[0] += t->dim[0];
        dim[1] = t->dim[1];
        biases += has_bias(x, &l[k], norm);
    }
    if (biases > 0 && biases < count)
        s->host->fail(s, PUMA_EINTERNAL, "some of the layers that make one product have a bias, some not");
    w = exec_tensor(x, 2, dim, r->frac, r->wide);
    if (biases > 0) b = exec_tensor(x, 1, dim, r->frac, r->wide);
    for (size_t k = 0; k < count && s->status == PUMA_OK; k++) {
        const model_tensor *t = model_find(x->config.model, l[k].weight, l[k].layer, &index);
        puma_tensor        *part = rows_of(x, w, first, t->dim[0]);
        puma_tensor        *bias_part = b == NULL ? NULL : rows_of(x, b, first, t->dim[0]);

        share_linear(x, source, &l[k], norm, part, bias_part);
        s->host->drop(s, part);
        s->host->drop(s, bias_part);
        first += t->dim[0];
    }
    if (s->status != PUMA_OK) return;
    *weight = w;
    *bias = b;
}

/* The factor that softmax wants on its operand. */
static double operand_scale(const struct exec *x)
{
    return rings_operand_scale(x->s->host->function(x->s, PUMA_SLOT_SOFTMAX));
}

/* The factors of the rows of queries and keys (balance_rows), malloc'd; NULL after a failure.  Heads are balanced where
 * this node knows the weights of a secret model. */
static double *qk_factors(struct exec *x, const model_source *source, int i, const norm_role *norm)
{
    const model *m = x->config.model;
    bool         knows = !x->config.public_weights;
    double      *fused = knows ? values_of(x, source, "layer.qkv.weight", i) : NULL;
    double      *q = knows ? values_of(x, source, "layer.query.weight", i) : NULL;
    double      *k = knows ? values_of(x, source, "layer.key.weight", i) : NULL;
    double      *gain = knows && norm != NULL ? values_of(x, source, norm->gain, norm->layer) : NULL;
    double      *factor = balance_rows(&(balance_heads){
        .q = fused != NULL ? fused : q,
        .k = fused != NULL ? fused + m->heads * m->head_dim * m->hidden : k,
        .gain = gain,
        .offset = m->gain_offset,
        .scale = operand_scale(x) * m->attention_factor * m->attention_factor / sqrt((double)m->head_dim),
        .heads = m->heads,
        .kv_heads = m->kv_heads,
        .e = m->head_dim,
        .d = m->hidden });

    if (factor == NULL) x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory for the factors of queries and keys");
    free(fused);
    free(q);
    free(k);
    free(gain);
    return factor;
}

/* Query, key and value one above the other; the checkpoint may hold them like that already, or apart.  A bias of the keys
 * adds the same q b to a whole row of scores, and so nothing to softmax: it is left out, unless positions turn it. */
static void share_qkv(struct exec *x, const model_source *source, struct layer_weights *w, int i,
                      const norm_role *norm)
{
    const model *m = x->config.model;
    size_t rows = m->heads * m->head_dim, keys = m->kv_heads * m->head_dim, bare = m->rotary == NULL ? keys : 0, index;
    double           *factor = qk_factors(x, source, i, norm);
    const linear_role apart[] = { { "layer.query.weight", "layer.query.bias", i, factor, rows, { 0 } },
                                  { "layer.key.weight", "layer.key.bias", i, factor + rows, keys, { 0, bare } },
                                  { "layer.value.weight", "layer.value.bias", i, NULL, 0, { 0 } } };
    const linear_role fused = { "layer.qkv.weight", "layer.qkv.bias", i, factor, rows + keys, { rows, rows + bare } };

    if (x->s->status == PUMA_OK && model_find(x->config.model, fused.weight, i, &index) != NULL)
        share_stack(x, source, &fused, 1, norm, &w->qkv, &w->qkv_bias);
    else if (x->s->status == PUMA_OK)
        share_stack(x, source, apart, 3, norm, &w->qkv, &w->qkv_bias);
    free(factor);
}

static void share_layer(struct exec *x, const model_source *source, size_t layer)
{
    const model          *m = x->config.model;
    struct layer_weights *w = &x->layers[layer];
    int             i = (int)model_group(m, layer), before = layer == 0 ? -1 : (int)model_group(m, layer - 1);
    bool            post = x->config.model->place == MODEL_POST_NORM, gated = x->config.model->gated;
    const norm_role own = { "layer.attention_norm.gain", "layer.attention_norm.bias", i };
    const norm_role last = { "layer.mlp_norm.gain", "layer.mlp_norm.bias", post ? before : i };
    const norm_role embedding = { "embedding.norm.gain", "embedding.norm.bias", -1 };
    const linear_role output = { "layer.output.weight", "layer.output.bias", i, NULL, 0, { 0 } };
    const linear_role up[] = { { "layer.gate.weight", "layer.gate.bias", i, NULL, 0, { 0 } },
                               { "layer.up.weight", "layer.up.bias", i, NULL, 0, { 0 } } };
    const linear_role down = { "layer.down.weight", "layer.down.bias", i, NULL, 0, { 0 } };
    const norm_role  *first = m->mapped ? NULL : &embedding; /* after a map there is no norm */

    if (before == i) {
        /* This layer has the weights of the one before.  Only q, k and v of the group's second layer differ:
         * the norm before them, which is folded in, is not the one before the group's first layer. */
        *w = x->layers[layer - 1];
        if (layer == 1 || model_group(m, layer - 2) != model_group(m, layer - 1))
            share_qkv(x, source, w, i, &last);
        return;
    }
    /* Which norm comes before attention and which before the MLP; with norms after the sums it is the norm of
     * the part before. */
    share_qkv(x, source, w, i, !post ? &own : layer == 0 ? first : &last);
    share_stack(x, source, &output, 1, NULL, &w->output, &w->output_bias);
    share_stack(x, source, gated ? up : up + 1, gated ? 2 : 1, post ? &own : &last, &w->up, &w->up_bias);
    share_stack(x, source, &down, 1, NULL, &w->down, &w->down_bias);
    if (!post) return;
    w->attention_gain = gain_of(x, source, own.gain, i);
    w->attention_bias = bias_of(x, source, own.bias, i);
    w->mlp_gain = gain_of(x, source, last.gain, i);
    w->mlp_bias = bias_of(x, source, last.bias, i);
}

/* A head for every token, after the last layer's norm. */
static void share_token_head(struct exec *x, const model_source *source)
{
    const model      *m = x->config.model;
    const norm_role   last = { "layer.mlp_norm.gain", "layer.mlp_norm.bias",
                               (int)model_group(m, m->layers - 1) };
    const norm_role   norm = { "mask.norm.gain", "mask.norm.bias", -1 };
    const linear_role labels = { "tokens.out.weight", "tokens.out.bias", -1, NULL, 0, { 0 } };
    const linear_role dense = { "mask.dense.weight", "mask.dense.bias", -1, NULL, 0, { 0 } };
    const linear_role words = { m->tied ? "embedding.token" : "mask.out.weight", "mask.out.bias", -1, NULL, 0, { 0 } };

    if (x->config.task == MODEL_TOKENS) {
        share_stack(x, source, &labels, 1, &last, &x->head_out, &x->head_out_bias);
    } else {
        share_stack(x, source, &dense, 1, &last, &x->head_dense, &x->head_dense_bias);
        share_stack(x, source, &words, 1, &norm, &x->head_out, &x->head_out_bias);
    }
}

/* A decoder's head follows the final norm; where the final norm's output itself is revealed there is no
 * head. */
static void share_head(struct exec *x, const model_source *source, const double *head)
{
    const model      *m = x->config.model;
    const norm_role   final = { "final.norm.gain", "final.norm.bias", -1 };
    const linear_role dense = { "head.dense.weight", "head.dense.bias", -1, NULL, 0, { 0 } };
    const linear_role out = { m->tied ? "embedding.token" : "head.out.weight", "head.out.bias", -1, NULL, 0, { 0 } };

    if (x->config.linear_head) {
        const size_t dim[2] = { 1, m->embedding };

        host_at(x->s, "weights", -1, "head");
        x->head_out = exec_share(x, head, 2, dim, x->config.rings.frac, x->config.rings.wide);
        x->head_out_bias = exec_share(x, head == NULL ? NULL : head + m->embedding, 1, dim,
                                      x->config.rings.frac, x->config.rings.wide);
    }
    if (x->config.task == MODEL_TOKENS || x->config.task == MODEL_MASK) {
        share_token_head(x, source);
        return;
    }
    share_stack(x, source, &dense, 1, NULL, &x->head_dense, &x->head_dense_bias);
    if (x->config.task == MODEL_HIDDEN || x->config.task == MODEL_EMBED) {
        x->final_gain = gain_of(x, source, final.gain, -1);
        x->final_bias = bias_of(x, source, final.bias, -1);
    } else {
        share_stack(x, source, &out, 1, m->place == MODEL_PRE_NORM ? &final : NULL, &x->head_out,
                    &x->head_out_bias);
    }
}

/* The steps after a sentence encoder's pooling. */
static void share_steps(struct exec *x, const model_source *source)
{
    const model *m = x->config.model;

    for (size_t i = 0; i < m->step_count && x->s->status == PUMA_OK; i++) {
        const linear_role dense = { "step.weight", "step.bias", (int)i, NULL, 0, { 0 } };

        if (m->steps[i].kind == MODEL_STEP_DENSE)
            share_stack(x, source, &dense, 1, NULL, &x->steps[i].weight, &x->steps[i].bias);
        if (m->steps[i].kind != MODEL_STEP_NORM) continue;
        x->steps[i].gain = parameter(x, source, "step.gain", (int)i, 1, 0, x->config.rings.wide);
        x->steps[i].bias = bias_of(x, source, "step.bias", (int)i);
    }
}

/* The embedding tables and everything up to the first layer. */
static void share_embedding(struct exec *x, const model_source *source)
{
    const rings      *r = &x->config.rings;
    const model      *m = x->config.model;
    puma_session     *s = x->s;
    const norm_role   embedded = { "embedding.norm.gain", "embedding.norm.bias", -1 };
    const linear_role map = { "embedding.map.weight", "embedding.map.bias", -1, NULL, 0, { 0 } };
    const linear_role patch = { "embedding.patch.weight", "embedding.patch.bias", -1, NULL, 0, { 0 } };
    puma_share        part[2];

    part[0] = parameter(x, source, "embedding.token", -1, m->embedding_scale, 0, r->table);
    part[1] = parameter(x, source, "embedding.type", -1, 1, 0, r->table);
    x->table = part[0];
    if (part[1] != NULL) {
        x->table = puma_concat(s, part, 2, 0);
        for (int k = 0; k < 2; k++) s->host->drop(s, part[k]);
    }
    x->position = parameter(x, source, "embedding.position", -1, 1, 0, m->pixels ? r->wide : r->table);
    share_stack(x, source, &patch, 1, NULL, &x->patch, &x->patch_bias);
    x->cls = parameter(x, source, "embedding.cls", -1, 1, 0, r->wide);
    if (!m->mapped) {
        x->embedding_gain = gain_of(x, source, "embedding.norm.gain", -1);
        x->embedding_bias = bias_of(x, source, "embedding.norm.bias", -1);
    }
    share_stack(x, source, &map, 1, &embedded, &x->map, &x->map_bias);
    x->relative = parameter(x, source, "relative.bias", -1, operand_scale(x), 0, r->wide);
}

void exec_share_weights(struct exec *x, const model_source *source, const double *head)
{
    share_embedding(x, source);
    for (size_t i = 0; i < x->config.model->layers && x->s->status == PUMA_OK; i++) share_layer(x, source, i);
    share_head(x, source, head);
    if (x->config.task == MODEL_EMBED) share_steps(x, source);
}
