/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* exec.c - what goes in and what comes out: shares of weights and tokens, the one reveal. */
#include "exec/internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* What puma_encode computes, for many, if all fit; words may lie where the values did.  A number below 2^51
 * is rounded by adding 1.5 2^52, whose last bit stands for 1, and is the low bits of that sum. */
static bool encode_all(uint64_t *words, const double *values, size_t n, uint32_t frac, uint32_t bits)
{
    const double magic = 0x1.8p52, unit = (double)(1ull << frac);
    const double limit = bits < 52 ? (double)(1ull << (bits - 1)) - 1 : 0x1p51;
    uint64_t     zero;
    bool         fits = true;

    memcpy(&zero, &magic, sizeof zero);
    for (size_t i = 0; i < n; i++) fits &= fabs(values[i] * unit) < limit;
    for (size_t i = 0; fits && i < n; i++) {
        double   sum = values[i] * unit + magic;
        uint64_t word;

        memcpy(&word, &sum, sizeof word);
        words[i] = (word - zero) & puma_mask(bits);
    }
    return fits;
}

/* n values (malloc'd) become ring words where they are: 8 bytes each, and a model has many. */
static uint64_t *encode(puma_session *s, double *values, size_t n, uint32_t frac, uint32_t bits)
{
    uint64_t *words = (uint64_t *)(void *)values;

    if (!puma_is_float(s) && frac <= 51 && encode_all(words, values, n, frac, bits)) return words;
    for (size_t i = 0; i < n && s->status == PUMA_OK; i++) {
        double v;

        memcpy(&v, &words[i], sizeof v);
        words[i] = puma_encode(s, v, frac, bits);
    }
    return s->status == PUMA_OK ? words : NULL;
}

/* In a rehearsal nobody has values. */
static bool is_hollow(const struct exec *x) { return (x->s->caps & PUMA_CAP_REHEARSAL) != 0; }

/* The owner's `values`, which it takes over, as shares in z. */
static puma_share share_into(struct exec *x, puma_tensor *z, double *values)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s);
    uint64_t     *words = NULL;

    if (z != NULL && exec_is_owner(x))
        words = is_hollow(x) ? s->host->scratch(s, z->n) : encode(s, values, z->n, z->frac, z->bits);
    if (s->status != PUMA_OK || s->protocol->share(s, z, words, x->owner) != PUMA_OK) z = NULL;
    free(values);
    puma_leave(s, mark, NULL);
    return z;
}

static puma_tensor *new_tensor(struct exec *x, uint32_t rank, const size_t *dim, uint32_t frac, uint32_t bits)
{
    puma_session *s = x->s;

    return s->status == PUMA_OK ? s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac)
                                : NULL;
}

puma_share exec_share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac,
                      uint32_t bits)
{
    puma_tensor *z = new_tensor(x, rank, dim, frac, bits);
    double      *copy = NULL;

    if (z != NULL && exec_is_owner(x) && !is_hollow(x)) {
        copy = malloc((z->n > 0 ? z->n : 1) * sizeof *copy);
        if (copy == NULL)
            x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", z->n * sizeof *copy);
        else
            memcpy(copy, values, z->n * sizeof *copy);
    }
    return share_into(x, z, copy);
}

/* A sharing of public values, taken over, in z, which is 0: plus a public constant, no message. */
static puma_share share_public(struct exec *x, puma_tensor *z, double *values)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s);
    uint64_t     *words = NULL;

    if (z != NULL)
        words = is_hollow(x) ? s->host->scratch(s, z->n) : encode(s, values, z->n, z->frac, z->bits);
    if (words == NULL || s->protocol->add_public(s, z, z, words, z->n) != PUMA_OK) z = NULL;
    free(values);
    puma_leave(s, mark, NULL);
    return z;
}

/* Does this node bring the weights' values: the owner, or with public weights every party that computes? */
static bool has_values(const struct exec *x)
{
    return x->config.public_weights ? x->s->role != PUMA_CLIENT : exec_is_owner(x);
}

static const model_tensor *find(const struct exec *x, const char *role, int layer, size_t *index)
{
    const model *m = x->config.model;

    for (size_t i = 0; i < m->tensor_count; i++)
        if (m->tensors[i].layer == layer && strcmp(m->tensors[i].role, role) == 0) {
            *index = i;
            return &m->tensors[i];
        }
    return NULL;
}

/* The values of `role` where this node brings them, malloc'd; NULL elsewhere, and when the model has no such
 * tensor. */
static double *values_of(struct exec *x, const model_source *source, const char *role, int layer)
{
    size_t              index;
    const model_tensor *t = find(x, role, layer, &index);
    double             *values = NULL;
    puma_error          e = { 0 };

    if (t == NULL || !has_values(x) || x->s->status != PUMA_OK) return NULL;
    host_at(x->s, "weights", -1, t->name);
    if (is_hollow(x)) return NULL;
    if (model_values(source, index, &values, &e) != PUMA_OK) x->s->host->fail(x->s, e.status, "%s", e.text);
    return values;
}

/* Shares what parties bring to public weights, or the owner's, in z. Takes over `values`. */
static puma_share share_weights(struct exec *x, puma_tensor *z, double *values)
{
    if (x->s->status == PUMA_OK && !x->config.public_weights) return share_into(x, z, values);
    if (x->s->status == PUMA_OK && (values != NULL || (is_hollow(x) && x->s->role != PUMA_CLIENT)))
        return share_public(x, z, values);
    free(values);
    return NULL;
}

/* The tensor of `role` in `layer`, each entry times `scale` plus `offset`; NULL when the model has none. */
static puma_share parameter(struct exec *x, const model_source *source, const char *role, int layer,
                            double scale, double offset, uint32_t bits)
{
    size_t              index, n;
    const model_tensor *t = find(x, role, layer, &index);
    double             *values;

    if (t == NULL || x->s->status != PUMA_OK) return NULL;
    values = values_of(x, source, role, layer);
    n = t->dim[0] * (t->rank == 2 ? t->dim[1] : 1);
    for (size_t i = 0; values != NULL && i < n; i++) values[i] = scale * values[i] + offset;
    return share_weights(x, new_tensor(x, (uint32_t)t->rank, t->dim, x->config.rings.frac, bits), values);
}

static puma_share gain_of(struct exec *x, const model_source *source, const char *role, int layer)
{
    return parameter(x, source, role, layer, 1, x->config.model->gain_offset, x->config.rings.wide);
}

static puma_share bias_of(struct exec *x, const model_source *source, const char *role, int layer)
{
    return parameter(x, source, role, layer, 1, 0, x->config.rings.wide);
}

/* Where the operand of a linear layer comes from: a norm, whose gain and bias go into the layer's weights
 * when shares are made. */
typedef struct norm_role {
    const char *gain, *bias;
    int         layer;
} norm_role;

/* A linear layer: weight, bias (its role), layer, and what its first `scaled` rows are multiplied by. */
typedef struct linear_role {
    const char *weight, *bias;
    int         layer;
    double      scale;
    size_t      scaled;
} linear_role;

static bool has_bias(const struct exec *x, const linear_role *l, const norm_role *norm)
{
    size_t index;

    return find(x, l->bias, l->layer, &index) != NULL ||
           (norm != NULL && find(x, norm->bias, norm->layer, &index) != NULL);
}

/* Rows [first, first + rows) of z, to be written: z is a new tensor and nobody else's yet. */
static puma_tensor *rows_of(struct exec *x, const puma_tensor *z, size_t first, size_t rows)
{
    puma_tensor *part = z == NULL ? NULL : x->s->host->view(x->s, z);

    if (part == NULL) return NULL;
    for (uint32_t p = 0; p < part->planes; p++) part->plane[p] += z->n / z->dim[0] * first;
    part->n = part->words = z->n / z->dim[0] * rows;
    part->dim[0] = rows;
    return part;
}

/* Weight and bias of a linear layer on the norm's bare output n:  W (g * n + b) + c = (W diag g) n + (W b +
 * c), and the scale.  Without a norm W and c as they are.  Into `weight` and, where there is one, `bias`. */
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
        double scale = i < l->scaled ? l->scale : 1;

        for (size_t k = 0; k < columns; k++) {
            if (shift != NULL) c[i] += w[i * columns + k] * shift[k];
            if (gain != NULL) w[i * columns + k] *= gain[k] + offset;
            w[i * columns + k] *= scale;
        }
        c[i] *= scale;
    }
    free(gain);
    free(shift);
    share_weights(x, weight, w);
    if (bias != NULL)
        share_weights(x, bias, c);
    else
        free(c);
}

/* Linear layers on one operand, one above the other: each is shared into its rows. */
static void share_stack(struct exec *x, const model_source *source, const linear_role *l, size_t count,
                        const norm_role *norm, puma_share *weight, puma_share *bias)
{
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    puma_tensor  *w, *b = NULL;
    size_t        index, dim[2] = { 0 }, biases = 0, first = 0;

    *weight = *bias = NULL;
    for (size_t k = 0; k < count; k++) {
        const model_tensor *t = find(x, l[k].weight, l[k].layer, &index);

        if (t == NULL) return;
        dim[0] += t->dim[0];
        dim[1] = t->dim[1];
        biases += has_bias(x, &l[k], norm);
    }
    if (biases > 0 && biases < count)
        s->host->fail(s, PUMA_EINTERNAL, "some of the layers that make one product have a bias, some not");
    w = new_tensor(x, 2, dim, r->frac, r->wide);
    if (biases > 0) b = new_tensor(x, 1, dim, r->frac, r->wide);
    for (size_t k = 0; k < count && s->status == PUMA_OK; k++) {
        const model_tensor *t = find(x, l[k].weight, l[k].layer, &index);
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

/* What the softmax wants its operand multiplied by. */
static double operand_scale(const struct exec *x)
{
    const puma_approx *softmax = x->s->host->function(x->s, PUMA_SLOT_SOFTMAX);

    return softmax == NULL || softmax->operand_scale == 0 ? 1.0 : softmax->operand_scale;
}

/* Query, key and value one above the other, as they may stand in the checkpoint already. */
static void share_qkv(struct exec *x, const model_source *source, struct layer_weights *w, int i,
                      const norm_role *norm)
{
    const model       *m = x->config.model;
    double             scale = operand_scale(x) * m->attention_factor * m->attention_factor / sqrt((double)m->head_dim);
    size_t             rows = m->heads * m->head_dim, index;
    const linear_role  apart[] = { { "layer.query.weight", "layer.query.bias", i, scale, rows },
                                   { "layer.key.weight", "layer.key.bias", i, 1, 0 },
                                   { "layer.value.weight", "layer.value.bias", i, 1, 0 } };
    const linear_role  fused = { "layer.qkv.weight", "layer.qkv.bias", i, scale, rows };

    if (find(x, fused.weight, i, &index) != NULL)
        share_stack(x, source, &fused, 1, norm, &w->qkv, &w->qkv_bias);
    else
        share_stack(x, source, apart, 3, norm, &w->qkv, &w->qkv_bias);
}

static void share_layer(struct exec *x, const model_source *source, size_t layer)
{
    const model          *m = x->config.model;
    struct layer_weights *w = &x->layers[layer];
    int i = (int)model_group(m, layer), before = layer == 0 ? -1 : (int)model_group(m, layer - 1);
    bool                  post = x->config.model->place == MODEL_POST_NORM, gated = x->config.model->gated;
    const norm_role       own = { "layer.attention_norm.gain", "layer.attention_norm.bias", i };
    const norm_role       last = { "layer.mlp_norm.gain", "layer.mlp_norm.bias", post ? before : i };
    const norm_role       embedding = { "embedding.norm.gain", "embedding.norm.bias", -1 };
    const linear_role     output = { "layer.output.weight", "layer.output.bias", i, 1, 0 };
    const linear_role     up[] = { { "layer.gate.weight", "layer.gate.bias", i, 1, 0 },
                                   { "layer.up.weight", "layer.up.bias", i, 1, 0 } };
    const linear_role     down = { "layer.down.weight", "layer.down.bias", i, 1, 0 };
    const norm_role      *first = m->mapped ? NULL : &embedding; /* a map has no norm behind it */

    if (before == i) {
        /* The weights of the layer before; only what is folded into the group's first q, k, v is another
         * norm's. */
        *w = x->layers[layer - 1];
        if (layer == 1 || model_group(m, layer - 2) != model_group(m, layer - 1))
            share_qkv(x, source, w, i, &last);
        return;
    }
    /* Behind which norm attention and MLP stand: with norms after the sums that of the part before. */
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

/* A head on every token, behind the last layer's norm. */
static void share_token_head(struct exec *x, const model_source *source)
{
    const model      *m = x->config.model;
    const norm_role   last = { "layer.mlp_norm.gain", "layer.mlp_norm.bias",
                               (int)model_group(m, m->layers - 1) };
    const norm_role   norm = { "mask.norm.gain", "mask.norm.bias", -1 };
    const linear_role labels = { "tokens.out.weight", "tokens.out.bias", -1, 1, 0 };
    const linear_role dense = { "mask.dense.weight", "mask.dense.bias", -1, 1, 0 };
    const linear_role words = { m->tied ? "embedding.token" : "mask.out.weight", "mask.out.bias", -1, 1, 0 };

    if (x->config.task == MODEL_TOKENS) {
        share_stack(x, source, &labels, 1, &last, &x->head_out, &x->head_out_bias);
    } else {
        share_stack(x, source, &dense, 1, &last, &x->head_dense, &x->head_dense_bias);
        share_stack(x, source, &words, 1, &norm, &x->head_out, &x->head_out_bias);
    }
}

/* A decoder's head stands behind the final norm; where that is revealed itself there is none. */
static void share_head(struct exec *x, const model_source *source)
{
    const model      *m = x->config.model;
    const norm_role   final = { "final.norm.gain", "final.norm.bias", -1 };
    const linear_role dense = { "head.dense.weight", "head.dense.bias", -1, 1, 0 };
    const linear_role out = { m->tied ? "embedding.token" : "head.out.weight", "head.out.bias", -1, 1, 0 };

    if (x->config.linear_head) {
        const size_t dim[2] = { 1, m->embedding };

        host_at(x->s, "weights", -1, "head");
        x->head_out = exec_share(x, x->config.head, 2, dim, x->config.rings.frac, x->config.rings.wide);
        x->head_out_bias = exec_share(x, x->config.head == NULL ? NULL : x->config.head + m->embedding, 1,
                                      dim, x->config.rings.frac, x->config.rings.wide);
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

/* What follows the pooling of a sentence encoder. */
static void share_steps(struct exec *x, const model_source *source)
{
    const model *m = x->config.model;

    for (size_t i = 0; i < m->step_count && x->s->status == PUMA_OK; i++) {
        const linear_role dense = { "step.weight", "step.bias", (int)i, 1, 0 };

        if (m->steps[i].kind == MODEL_STEP_DENSE)
            share_stack(x, source, &dense, 1, NULL, &x->steps[i].weight, &x->steps[i].bias);
        if (m->steps[i].kind != MODEL_STEP_NORM) continue;
        x->steps[i].gain = parameter(x, source, "step.gain", (int)i, 1, 0, x->config.rings.wide);
        x->steps[i].bias = bias_of(x, source, "step.bias", (int)i);
    }
}

puma_status exec_open(exec **out, puma_session *s, const exec_config *config, const model_source *source)
{
    struct exec *x = calloc(1, sizeof *x);
    const rings *r = &config->rings;
    const model *m = config->model;
    puma_share   part[2];
    const norm_role   embedded = { "embedding.norm.gain", "embedding.norm.bias", -1 };
    const linear_role map = { "embedding.map.weight", "embedding.map.bias", -1, 1, 0 };
    const linear_role patch = { "embedding.patch.weight", "embedding.patch.bias", -1, 1, 0 };

    *out = x;
    if (x != NULL) x->layers = calloc(m->layers, sizeof *x->layers);
    if (x != NULL) x->cache = calloc(m->layers, sizeof *x->cache);
    if (x != NULL) x->steps = calloc(m->step_count + 1, sizeof *x->steps);
    if (x == NULL || x->layers == NULL || x->cache == NULL || x->steps == NULL)
        return s->host->fail(s, PUMA_ERESOURCE, "out of memory for the executor");
    x->s = s;
    x->config = *config;
    x->owner = (s->caps & PUMA_CAP_LOCAL) != 0 ? s->role : PUMA_CLIENT;
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
    for (size_t i = 0; i < m->layers && s->status == PUMA_OK; i++) share_layer(x, source, i);
    share_head(x, source);
    if (config->task == MODEL_EMBED) share_steps(x, source);
    return s->status;
}

void exec_close(exec *x)
{
    if (x == NULL) return;
    for (size_t i = 0; i < SESSION_RECORDINGS; i++) free(x->rehearsed[i].lengths);
    free(x->cached);
    free(x->layers);
    free(x->cache);
    free(x->steps);
    free(x);
}

/* What a revealed tensor has of sequence i: a row for each token that it takes part with, or one. */
static size_t rows_for(const pass *p, bool each_token, size_t i) { return pass_rows_of(p, !each_token, i); }

/* Has the answer a row for each token? */
static bool answers_tokens(const struct exec *x, const pass *p)
{
    return x->config.task == MODEL_HIDDEN || x->config.task == MODEL_TOKENS || x->config.task == MODEL_MASK ||
           (x->config.task != MODEL_EMBED && x->config.model->causal && !p->last);
}

/* A tensor in the shape of the answer, for the client, which holds no share of it. */
static puma_share answer_shape(struct exec *x, const pass *p)
{
    const model *m = x->config.model;
    const rings *r = &x->config.rings;
    size_t       dim[2] = { pass_rows(p, !answers_tokens(x, p)),
                      x->config.task == MODEL_EMBED ? m->embedding : m->hidden };
    uint32_t     frac = r->frac, bits = r->wide;

    if (x->config.linear_head) {
        dim[1] = 1;
        if (x->config.reveal_label) frac = 0;
    }
    if (x->config.task != MODEL_HIDDEN && x->config.task != MODEL_EMBED) {
        bits = r->logits;
        dim[1] = x->config.reveal_label ? 1 : m->labels;
        if (x->config.reveal_label) frac = 0;
    }
    return x->s->host->tensor(x->s, PUMA_ARITH, 2, dim, puma_ring_for(x->s, bits), frac);
}

/* Words of the revealed `answer`, of which each sequence has its rows, as numbers into the outputs. */
static void hand_out(struct exec *x, const uint64_t *words, puma_share answer, const pass *p, bool each_token,
                     exec_output *out)
{
    puma_session *s = x->s;
    size_t        columns = answer->dim[1];

    for (size_t i = 0; i < p->count && s->status == PUMA_OK; i++) {
        size_t rows = rows_for(p, each_token, i), n = rows * columns;

        if (rows == 0) continue;
        out[i].rows = rows;
        out[i].columns = columns;
        out[i].values = malloc(n * sizeof *out[i].values);
        if (out[i].values == NULL)
            s->host->fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", n * sizeof *out[i].values);
        for (size_t k = 0; k < n && out[i].values != NULL; k++)
            out[i].values[k] = puma_decode(s, *words++, answer->frac, answer->bits);
    }
}

/* What leaves MPC leaves here: to the receiver, by an Open of the backend (protocols.md section 1), the answer
 * and with config.states, to which every node has agreed in its HELLO, the states. */
static void reveal(struct exec *x, puma_share answer, const pass *p, bool each_token,
                   void (*allow)(void *context, bool allowed), void *context, exec_output *out)
{
    puma_session *s = x->s;
    uint64_t     *words = NULL;

    if (answer != NULL && exec_is_owner(x)) words = s->host->scratch(s, answer->words);
    if (answer == NULL || (exec_is_owner(x) && words == NULL)) return;
    if (allow != NULL) allow(context, true);
    s->protocol->reveal(s, words, answer, x->owner);
    if (allow != NULL) allow(context, false);
    if (s->status != PUMA_OK || !exec_is_owner(x)) return;
    hand_out(x, words, answer, p, each_token, out);
}

static void keep_state(struct exec *x, exec_output *out, exec_output *state)
{
    exec_state *more = realloc(out->states, (out->state_count + 1) * sizeof *more);

    if (more == NULL) {
        free(state->values);
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory for hidden states");
        return;
    }
    out->states = more;
    out->states[out->state_count++] = (exec_state){ .rows = state->rows, .values = state->values };
}

/* The stream as one value: the rows of all tokens, or of each sequence's last, of the answer's own width. */
static void reveal_state(struct exec *x, stream h, const pass *p, bool each_token,
                         void (*allow)(void *context, bool allowed), void *context, exec_output *out)
{
    puma_session *s = x->s;
    const size_t  dim[2] = { pass_rows(p, !each_token), x->config.model->hidden };
    size_t        mark = s->host->enter(s);
    exec_output  *each = calloc(p->count, sizeof *each);
    puma_share    state;

    if (each == NULL) s->host->fail(s, PUMA_ERESOURCE, "out of memory for hidden states");

    host_at(s, "output", -1, "state");
    if (s->role == PUMA_CLIENT)
        state = new_tensor(x, 2, dim, x->config.rings.frac, x->config.rings.wide);
    else
        state = h.gain != NULL ? exec_formed(x, h) : h.n;
    reveal(x, state, p, each_token, allow, context, each);
    puma_leave(s, mark, NULL);
    for (size_t i = 0; each != NULL && i < p->count; i++)
        if (each[i].values != NULL) keep_state(x, &out[i], &each[i]);
    free(each);
}

void exec_output_free(exec_output *o)
{
    for (size_t i = 0; i < o->state_count; i++) free(o->states[i].values);
    free(o->states);
    free(o->values);
    *o = (exec_output){ 0 };
}

/* At the owner the ids of all inputs one behind the other, and behind them their types; freed by the caller.
 */
static uint32_t *joined_ids(struct exec *x, const exec_input *in, size_t count, size_t tokens)
{
    bool      types = x->config.model->types > 0;
    uint32_t *all = NULL;

    if (!exec_is_owner(x)) return NULL;
    all = calloc(2 * tokens, sizeof *all);
    if (all == NULL) x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory for the inputs");
    for (size_t i = 0, at = 0; all != NULL && i < count; at += in[i++].tokens) {
        if (in[i].tokens == 0) continue;
        memcpy(all + at, in[i].ids, in[i].tokens * sizeof *all);
        if (types) memcpy(all + tokens + at, in[i].types, in[i].tokens * sizeof *all);
    }
    return all;
}

/* Inputs as shares, and from them what goes into the first layer. */
static stream take_in(struct exec *x, const exec_input *in, const pass *p)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s), tokens = pass_rows(p, false);
    bool          pictures = x->config.model->pixels;
    uint32_t     *ids = pictures ? NULL : joined_ids(x, in, p->count, tokens);
    exec_tokens   shared = { 0 };
    stream        h = { 0 };

    host_at(s, "input", -1, "share");
    if (s->status == PUMA_OK)
        shared = pictures ? exec_share_patches(x, in, p->count)
                          : exec_share_tokens(x, tokens, ids, ids == NULL ? NULL : ids + tokens);
    if (s->role != PUMA_CLIENT) h = exec_first(x, &shared, p);
    puma_leave(s, mark, h.n);
    if (ids != NULL) OPENSSL_cleanse(ids, 2 * tokens * sizeof *ids);
    free(ids);
    return h;
}

/* Inputs in, answers out.  Scopes end before the next begins, for what p->keep puts into the cache outlives
 * them. */
static puma_status run(struct exec *x, const exec_input *in, const pass *p,
                       void (*allow)(void *context, bool allowed), void *context, exec_output *out)
{
    puma_session *s = x->s;
    bool          computes = s->role != PUMA_CLIENT;
    stream        h;
    puma_share    answer;
    size_t        mark;

    h = take_in(x, in, p);
    if (x->config.states) reveal_state(x, h, p, true, allow, context, out);
    for (size_t i = 0; i < x->config.model->layers && s->status == PUMA_OK; i++) {
        if (computes) h = exec_layer(x, h, p, i);
        if (x->config.states) reveal_state(x, h, p, !exec_last(x, p, i), allow, context, out);
    }
    mark = s->host->enter(s);
    answer = computes ? exec_answer(x, h, p) : answer_shape(x, p);
    host_at(s, "output", -1, "reveal");
    reveal(x, answer, p, answers_tokens(x, p), allow, context, out);
    puma_leave(s, mark, NULL);
    s->host->drop(s, h.n);
    return s->status;
}

puma_status exec_run(exec *x, const exec_input *in, size_t count, void (*allow)(void *context, bool allowed),
                     void *context, exec_output *out)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    bool          last = x->config.task == MODEL_LOGITS || x->config.task == MODEL_GENERATE;
    size_t       *lengths = calloc(2 * count, sizeof *lengths);
    const pass    whole = {
           .count = count, .tokens = lengths, .first = lengths + count, .last = m->causal && last
    };

    exec_reset(x);
    for (size_t i = 0; i < count; i++) out[i] = (exec_output){ 0 };
    if (lengths == NULL) return s->host->fail(s, PUMA_ERESOURCE, "out of memory for %zu inputs", count);
    for (size_t i = 0; i < count; i++) lengths[i] = m->pixels ? m->positions : in[i].tokens;
    run(x, in, &whole, allow, context, out);
    free(lengths);
    return s->status;
}

/* Room in exec.cached for these sequences, when they are the first. */
static puma_status begin_sequences(struct exec *x, size_t count)
{
    if (x->sequences == 0 && (x->cached = calloc(count, sizeof *x->cached)) != NULL) x->sequences = count;
    if (x->sequences == count) return PUMA_OK;
    return x->sequences == 0
               ? x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory for %zu sequences", count)
               : x->s->host->fail(x->s, PUMA_EINTERNAL, "%zu sequences go on as %zu", x->sequences, count);
}

puma_status exec_feed(exec *x, const exec_input *in, size_t count, void (*allow)(void *context, bool allowed),
                      void *context, exec_output *out)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    pass          more = { .count = count, .last = true, .keep = true };
    size_t       *tokens;

    for (size_t i = 0; i < count; i++) out[i] = (exec_output){ 0 };
    if (!m->causal || x->config.task == MODEL_HIDDEN || x->config.task == MODEL_EMBED)
        return s->host->fail(s, PUMA_EINTERNAL, "no next token: not a decoder with its head");
    if (begin_sequences(x, count) != PUMA_OK) return s->status;
    for (size_t i = 0; i < count; i++)
        if (in[i].tokens > m->max_tokens - x->cached[i])
            return s->host->fail(s, PUMA_EINPUT, "the sequence has %zu tokens, %zu more asked (limit %zu)",
                                 x->cached[i], in[i].tokens, m->max_tokens);
    tokens = calloc(count, sizeof *tokens);
    if (tokens == NULL) return s->host->fail(s, PUMA_ERESOURCE, "out of memory for %zu sequences", count);
    for (size_t i = 0; i < count; i++) tokens[i] = in[i].tokens;
    more.tokens = tokens;
    more.first = x->cached;
    if (pass_rows(&more, false) == 0)
        s->host->fail(s, PUMA_EINPUT, "no sequence has a token");
    else if (run(x, in, &more, allow, context, out) == PUMA_OK)
        for (size_t i = 0; i < count; i++) x->cached[i] = tokens[i] == 0 ? 0 : x->cached[i] + tokens[i];
    free(tokens);
    return s->status;
}

void exec_reset(exec *x)
{
    for (size_t i = 0; i < x->config.model->layers; i++) {
        x->s->host->drop(x->s, x->cache[i]);
        x->cache[i] = NULL;
    }
    free(x->cached);
    x->cached = NULL;
    x->sequences = 0;
}
