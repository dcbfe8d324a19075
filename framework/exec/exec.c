/* exec.c - what goes in and what comes out: shares of weights and tokens, the one reveal. */
#include "exec/internal.h"

#include <stdlib.h>

/* n values as ring words, malloc'd; NULL after a failure. */
static uint64_t *encode(puma_session *s, const double *values, size_t n, uint32_t frac, uint32_t bits)
{
    uint64_t *words = malloc((n > 0 ? n : 1) * sizeof *words);

    if (words == NULL) s->host->fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", n * sizeof *words);
    for (size_t i = 0; i < n && s->status == PUMA_OK; i++) words[i] = puma_encode(s, values[i], frac, bits);
    if (s->status == PUMA_OK) return words;
    free(words);
    return NULL;
}

puma_share exec_share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac,
                      uint32_t bits)
{
    puma_session *s = x->s;
    puma_tensor  *z =
        s->status == PUMA_OK ? s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac) : NULL;
    uint64_t *words = z != NULL && exec_is_owner(x) ? encode(s, values, z->n, frac, z->bits) : NULL;

    if (s->status != PUMA_OK || s->protocol->share(s, z, words, x->owner) != PUMA_OK) z = NULL;
    free(words);
    return z;
}

/* A sharing of public values: 0 plus a public constant, no message. */
static puma_share share_public(struct exec *x, const double *values, uint32_t rank, const size_t *dim,
                               uint32_t frac, uint32_t bits)
{
    puma_session *s = x->s;
    puma_tensor  *z =
        s->status == PUMA_OK ? s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac) : NULL;
    uint64_t *words = z != NULL ? encode(s, values, z->n, frac, z->bits) : NULL;

    if (words == NULL || s->protocol->add_public(s, z, z, words, z->n) != PUMA_OK) z = NULL;
    free(words);
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
    x->s->host->label(x->s, "weights %s", t->name);
    if (model_values(source, index, &values, &e) != PUMA_OK) x->s->host->fail(x->s, e.status, "%s", e.text);
    return values;
}

/* Shares what parties bring to public weights, or the owner's. Takes over `values`. */
static puma_share share_weights(struct exec *x, double *values, uint32_t rank, const size_t *dim,
                                uint32_t bits)
{
    puma_share z = NULL;

    if (x->s->status == PUMA_OK && x->config.public_weights && values != NULL)
        z = share_public(x, values, rank, dim, x->config.rings.frac, bits);
    if (x->s->status == PUMA_OK && !x->config.public_weights)
        z = exec_share(x, values, rank, dim, x->config.rings.frac, bits);
    free(values);
    return z;
}

/* The tensor of `role` in `layer`; NULL when the model has none. */
static puma_share parameter(struct exec *x, const model_source *source, const char *role, int layer,
                            uint32_t bits)
{
    size_t              index;
    const model_tensor *t = find(x, role, layer, &index);

    if (t == NULL || x->s->status != PUMA_OK) return NULL;
    return share_weights(x, values_of(x, source, role, layer), (uint32_t)t->rank, t->dim, bits);
}

/* Where the operand of a linear layer comes from: a norm, whose gain and bias go into the layer's weights
 * when shares are made. */
typedef struct norm_role {
    const char *gain, *bias;
    int         layer;
} norm_role;

/* Weight and bias of a linear layer on the norm's bare output n:  W (g * n + b) + c = (W diag g) n + (W b +
 * c), all times `scale`.  Without a norm W and c as they are. */
static void share_linear(struct exec *x, const model_source *source, const char *weight_role,
                         const char *bias_role, int layer, const norm_role *norm, double scale,
                         puma_share *weight, puma_share *bias)
{
    size_t              index;
    const model_tensor *t = find(x, weight_role, layer, &index),
                       *bias_tensor = find(x, bias_role, layer, &index);
    double *w, *c, *gain, *shift;
    size_t  rows, columns;

    *weight = *bias = NULL;
    if (t == NULL || x->s->status != PUMA_OK) return;
    rows = t->dim[0];
    columns = t->dim[1];
    w = values_of(x, source, weight_role, layer);
    c = values_of(x, source, bias_role, layer);
    gain = norm == NULL ? NULL : values_of(x, source, norm->gain, norm->layer);
    shift = norm == NULL ? NULL : values_of(x, source, norm->bias, norm->layer);
    if (w != NULL && c == NULL) c = calloc(rows, sizeof *c);
    if (w != NULL && c == NULL)
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", rows * sizeof *c);
    for (size_t i = 0; w != NULL && c != NULL && i < rows; i++) {
        for (size_t k = 0; k < columns; k++) {
            if (shift != NULL) c[i] += w[i * columns + k] * shift[k];
            if (gain != NULL) w[i * columns + k] *= gain[k];
            w[i * columns + k] *= scale;
        }
        c[i] *= scale;
    }
    free(gain);
    free(shift);
    *weight = share_weights(x, w, 2, t->dim, x->config.rings.wide);
    if (bias_tensor != NULL || (norm != NULL && find(x, norm->bias, norm->layer, &index) != NULL))
        *bias = share_weights(x, c, 1, &rows, x->config.rings.wide);
    else
        free(c);
}

/* Query, key and value one above the other. */
static void share_qkv(struct exec *x, const model_source *source, struct layer_weights *w, int i,
                      const norm_role *norm)
{
    static const char *const weights[] = { "layer.query.weight", "layer.key.weight", "layer.value.weight" };
    static const char *const biases[] = { "layer.query.bias", "layer.key.bias", "layer.value.bias" };
    const puma_approx       *softmax = x->s->host->function(x->s, PUMA_SLOT_SOFTMAX);
    double     wanted = softmax == NULL || softmax->operand_scale == 0 ? 1.0 : softmax->operand_scale;
    double     scale = wanted / sqrt((double)(x->config.model->hidden / x->config.model->heads));
    puma_share weight[3], bias[3];

    for (int k = 0; k < 3; k++)
        share_linear(x, source, weights[k], biases[k], i, norm, k == 0 ? scale : 1.0, &weight[k], &bias[k]);
    if (weight[2] == NULL) return;
    w->qkv = puma_concat(x->s, weight, 3, 0);
    w->qkv_bias = bias[0] == NULL ? NULL : puma_concat(x->s, bias, 3, 0);
    for (int k = 0; k < 3; k++) {
        x->s->host->drop(x->s, weight[k]);
        x->s->host->drop(x->s, bias[k]);
    }
}

static void share_layer(struct exec *x, const model_source *source, int i)
{
    struct layer_weights *w = &x->layers[i];
    uint32_t              bits = x->config.rings.wide;
    const norm_role       before = i == 0 ? (norm_role){ "embedding.norm.gain", "embedding.norm.bias", -1 }
                                          : (norm_role){ "layer.mlp_norm.gain", "layer.mlp_norm.bias", i - 1 };
    const norm_role       between = { "layer.attention_norm.gain", "layer.attention_norm.bias", i };

    share_qkv(x, source, w, i, &before);
    share_linear(x, source, "layer.output.weight", "layer.output.bias", i, NULL, 1.0, &w->output,
                 &w->output_bias);
    w->attention_gain = parameter(x, source, between.gain, i, bits);
    w->attention_bias = parameter(x, source, between.bias, i, bits);
    share_linear(x, source, "layer.up.weight", "layer.up.bias", i, &between, 1.0, &w->up, &w->up_bias);
    share_linear(x, source, "layer.down.weight", "layer.down.bias", i, NULL, 1.0, &w->down, &w->down_bias);
    w->mlp_gain = parameter(x, source, "layer.mlp_norm.gain", i, bits);
    w->mlp_bias = parameter(x, source, "layer.mlp_norm.bias", i, bits);
}

puma_status exec_open(exec **out, puma_session *s, const exec_config *config, const model_source *source)
{
    struct exec *x = calloc(1, sizeof *x);
    const rings *r = &config->rings;
    puma_share   part[2];

    *out = x;
    if (x != NULL) x->layers = calloc(config->model->layers, sizeof *x->layers);
    if (x == NULL || x->layers == NULL)
        return s->host->fail(s, PUMA_ERESOURCE, "out of memory for the executor");
    x->s = s;
    x->config = *config;
    x->owner = (s->caps & PUMA_CAP_LOCAL) != 0 ? s->role : PUMA_CLIENT;
    part[0] = parameter(x, source, "embedding.token", -1, r->table);
    part[1] = parameter(x, source, "embedding.type", -1, r->table);
    x->table = part[0] == NULL ? NULL : puma_concat(s, part, part[1] == NULL ? 1 : 2, 0);
    for (int k = 0; k < 2; k++) s->host->drop(s, part[k]);
    x->position = parameter(x, source, "embedding.position", -1, r->table);
    x->embedding_gain = parameter(x, source, "embedding.norm.gain", -1, r->wide);
    x->embedding_bias = parameter(x, source, "embedding.norm.bias", -1, r->wide);
    for (size_t i = 0; i < config->model->layers && s->status == PUMA_OK; i++) share_layer(x, source, (int)i);
    share_linear(x, source, "head.dense.weight", "head.dense.bias", -1, NULL, 1.0, &x->head_dense,
                 &x->head_dense_bias);
    share_linear(x, source, "head.out.weight", "head.out.bias", -1, NULL, 1.0, &x->head_out,
                 &x->head_out_bias);
    return s->status;
}

void exec_close(exec *x)
{
    if (x == NULL) return;
    free(x->layers);
    free(x);
}

/* A tensor in the shape of the answer, for the client, which holds no share of it. */
static puma_share answer_shape(struct exec *x, size_t tokens)
{
    const model *m = x->config.model;
    const rings *r = &x->config.rings;
    size_t       dim[2] = { 1, m->hidden };
    uint32_t     frac = r->frac;

    if (x->config.task == MODEL_HIDDEN) dim[0] = tokens;
    if (x->config.task == MODEL_CLASSIFY || x->config.task == MODEL_LOGITS) {
        dim[1] = x->config.reveal_label ? 1 : m->labels;
        if (x->config.reveal_label) frac = 0;
    }
    return x->s->host->tensor(x->s, PUMA_ARITH, 2, dim, r->wide, frac);
}

puma_status exec_run(exec *x, size_t tokens, const uint32_t *ids, const uint32_t *types,
                     void (*allow)(void *context, bool allowed), void *context, exec_output *out)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s);
    exec_tokens   in;
    puma_share    answer;
    uint64_t     *words = NULL;

    *out = (exec_output){ 0 };
    s->host->label(s, "input share");
    in = exec_share_tokens(x, tokens, ids, types);
    if (s->role == PUMA_CLIENT)
        answer = answer_shape(x, tokens);
    else
        answer = exec_forward(x, &in);
    s->host->label(s, "output reveal");
    if (answer != NULL && exec_is_owner(x)) words = s->host->scratch(s, answer->words);
    if (answer == NULL || (exec_is_owner(x) && words == NULL)) goto done;
    /* The one value that leaves MPC: the answer, to the receiver. */
    if (allow != NULL) allow(context, true);
    s->protocol->reveal(s, words, answer, x->owner);
    if (allow != NULL) allow(context, false);
    if (s->status != PUMA_OK || !exec_is_owner(x)) goto done;
    out->rows = answer->dim[0];
    out->columns = answer->dim[1];
    out->values = malloc(answer->n * sizeof *out->values);
    if (out->values == NULL)
        s->host->fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", answer->n * sizeof *out->values);
    for (size_t i = 0; i < answer->n && out->values != NULL; i++)
        out->values[i] = puma_decode(s, words[i], answer->frac, answer->bits);
done:
    s->host->leave(s, mark, NULL);
    return s->status;
}
