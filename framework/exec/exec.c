/* exec.c - what goes in and what comes out: shares of weights and tokens, the one reveal. */
#include "exec/internal.h"

#include <stdlib.h>

static bool is_owner(const struct exec *x) { return x->s->role == x->owner; }

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

/* Shares `values` (the owner's; NULL elsewhere) with `frac` fraction bits in a ring of `bits`. */
static puma_share share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac, uint32_t bits)
{
    puma_session *s = x->s;
    puma_tensor  *z = s->status == PUMA_OK ? s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac) : NULL;
    uint64_t     *words = z != NULL && is_owner(x) ? encode(s, values, z->n, frac, z->bits) : NULL;

    if (s->status != PUMA_OK || s->protocol->share(s, z, words, x->owner) != PUMA_OK) z = NULL;
    free(words);
    return z;
}

/* A sharing of public values: 0 plus a public constant, no message. */
static puma_share share_public(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac, uint32_t bits)
{
    puma_session *s = x->s;
    puma_tensor  *z = s->status == PUMA_OK ? s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac) : NULL;
    uint64_t     *words = z != NULL ? encode(s, values, z->n, frac, z->bits) : NULL;

    if (words == NULL || s->protocol->add_public(s, z, z, words, z->n) != PUMA_OK) z = NULL;
    free(words);
    return z;
}

/* The tensor of `role` in `layer`; NULL when the model has none.  `scale` multiplies the values. */
static puma_share parameter(struct exec *x, const model_source *source, const char *role, int layer, double scale, uint32_t bits)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;

    for (size_t i = 0; i < m->tensor_count && s->status == PUMA_OK; i++) {
        const model_tensor *t = &m->tensors[i];
        double             *values = NULL;
        puma_error          e = { 0 };
        puma_share          z;

        if (t->layer != layer || strcmp(t->role, role) != 0) continue;
        s->host->label(s, "weights %s", t->name);
        if (s->role == PUMA_CLIENT && x->config.public_weights) return NULL;
        if ((is_owner(x) || x->config.public_weights) && model_values(source, i, &values, &e) != PUMA_OK) {
            s->host->fail(s, e.status, "%s", e.text);
            return NULL;
        }
        if (values != NULL && scale != 1.0)
            for (size_t k = 0; k < t->dim[0] * (t->rank > 1 ? t->dim[1] : 1); k++) values[k] *= scale;
        z = x->config.public_weights ? share_public(x, values, (uint32_t)t->rank, t->dim, x->config.rings.frac, bits)
                                     : share(x, values, (uint32_t)t->rank, t->dim, x->config.rings.frac, bits);
        free(values);
        return z;
    }
    return NULL;
}

/* Several tensors one above the other. */
static puma_share stacked(struct exec *x, const model_source *source, const char *const *roles, size_t count, int layer, double first_scale,
                          uint32_t bits)
{
    puma_share parts[3], whole;
    size_t     mark = x->s->host->enter(x->s), found = 0;

    for (size_t i = 0; i < count; i++) {
        parts[found] = parameter(x, source, roles[i], layer, i == 0 ? first_scale : 1.0, bits);
        if (parts[found] != NULL) found++;
    }
    whole = found == 0 ? NULL : puma_concat(x->s, parts, found, 0);
    x->s->host->leave(x->s, mark, whole);
    return whole;
}

static void share_layer(struct exec *x, const model_source *source, int i)
{
    static const char *const qkv[] = { "layer.query.weight", "layer.key.weight", "layer.value.weight" };
    static const char *const qkv_bias[] = { "layer.query.bias", "layer.key.bias", "layer.value.bias" };
    struct layer_weights    *w = &x->layers[i];
    uint32_t                 bits = x->config.rings.wide;
    const puma_approx       *softmax = x->s->host->function(x->s, PUMA_SLOT_SOFTMAX);
    double                   wanted = softmax == NULL || softmax->operand_scale == 0 ? 1.0 : softmax->operand_scale;
    double                   scale = wanted / sqrt((double)(x->config.model->hidden / x->config.model->heads));

    w->qkv = stacked(x, source, qkv, 3, i, scale, bits);
    w->qkv_bias = stacked(x, source, qkv_bias, 3, i, scale, bits);
    w->output = parameter(x, source, "layer.output.weight", i, 1.0, bits);
    w->output_bias = parameter(x, source, "layer.output.bias", i, 1.0, bits);
    w->attention_gain = parameter(x, source, "layer.attention_norm.gain", i, 1.0, bits);
    w->attention_bias = parameter(x, source, "layer.attention_norm.bias", i, 1.0, bits);
    w->up = parameter(x, source, "layer.up.weight", i, 1.0, bits);
    w->up_bias = parameter(x, source, "layer.up.bias", i, 1.0, bits);
    w->down = parameter(x, source, "layer.down.weight", i, 1.0, bits);
    w->down_bias = parameter(x, source, "layer.down.bias", i, 1.0, bits);
    w->mlp_gain = parameter(x, source, "layer.mlp_norm.gain", i, 1.0, bits);
    w->mlp_bias = parameter(x, source, "layer.mlp_norm.bias", i, 1.0, bits);
}

puma_status exec_open(exec **out, puma_session *s, const exec_config *config, const model_source *source)
{
    static const char *const tables[] = { "embedding.token", "embedding.type" };
    struct exec             *x = calloc(1, sizeof *x);
    const rings             *r = &config->rings;

    *out = x;
    if (x != NULL) x->layers = calloc(config->model->layers, sizeof *x->layers);
    if (x == NULL || x->layers == NULL) return s->host->fail(s, PUMA_ERESOURCE, "out of memory for the executor");
    x->s = s;
    x->config = *config;
    x->owner = (s->caps & PUMA_CAP_LOCAL) != 0 ? s->role : PUMA_CLIENT;
    x->table = stacked(x, source, tables, 2, -1, 1.0, r->table);
    x->position = parameter(x, source, "embedding.position", -1, 1.0, r->table);
    x->embedding_gain = parameter(x, source, "embedding.norm.gain", -1, 1.0, r->wide);
    x->embedding_bias = parameter(x, source, "embedding.norm.bias", -1, 1.0, r->wide);
    for (size_t i = 0; i < config->model->layers && s->status == PUMA_OK; i++) share_layer(x, source, (int)i);
    x->head_dense = parameter(x, source, "head.dense.weight", -1, 1.0, r->wide);
    x->head_dense_bias = parameter(x, source, "head.dense.bias", -1, 1.0, r->wide);
    x->head_out = parameter(x, source, "head.out.weight", -1, 1.0, r->wide);
    x->head_out_bias = parameter(x, source, "head.out.bias", -1, 1.0, r->wide);
    return s->status;
}

void exec_close(exec *x)
{
    if (x == NULL) return;
    free(x->layers);
    free(x);
}

/* The tokens as one-hot rows over token and type tables (frac 0), made by the client. */
static puma_share share_one_hot(struct exec *x, size_t tokens, const uint32_t *ids, const uint32_t *types)
{
    const model *m = x->config.model;
    size_t       dim[2] = { tokens, m->vocabulary + m->types };
    double      *rows = NULL;
    puma_share   z;

    if (is_owner(x)) {
        rows = calloc(dim[0] * dim[1], sizeof *rows);
        if (rows == NULL) {
            x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", dim[0] * dim[1] * sizeof *rows);
            return NULL;
        }
        for (size_t t = 0; t < tokens; t++) {
            rows[t * dim[1] + ids[t]] = 1;
            if (m->types > 0) rows[t * dim[1] + m->vocabulary + types[t]] = 1;
        }
    }
    z = share(x, rows, 2, dim, 0, x->config.rings.table);
    free(rows);
    return z;
}

static puma_share share_integers(struct exec *x, size_t tokens, const uint32_t *values)
{
    double    *numbers = NULL;
    puma_share z;

    if (is_owner(x)) {
        numbers = malloc(tokens * sizeof *numbers);
        if (numbers == NULL) {
            x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", tokens * sizeof *numbers);
            return NULL;
        }
        for (size_t t = 0; t < tokens; t++) numbers[t] = values[t];
    }
    z = share(x, numbers, 1, &tokens, 0, x->config.rings.table);
    free(numbers);
    return z;
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

puma_status exec_run(exec *x, size_t tokens, const uint32_t *ids, const uint32_t *types, void (*allow)(void *context, bool allowed),
                     void *context, exec_output *out)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s);
    puma_share    in, in_types = NULL, answer;
    uint64_t     *words = NULL;

    *out = (exec_output){ 0 };
    s->host->label(s, "input share");
    if (x->config.equality) {
        in = share_integers(x, tokens, ids);
        if (x->config.model->types > 0) in_types = share_integers(x, tokens, types);
    } else {
        in = share_one_hot(x, tokens, ids, types);
    }
    if (s->role == PUMA_CLIENT) answer = answer_shape(x, tokens);
    else answer = exec_answer(x, exec_transformer(x, in, in_types));
    s->host->label(s, "output reveal");
    if (answer != NULL && is_owner(x)) words = s->host->scratch(s, answer->words);
    if (answer == NULL || (is_owner(x) && words == NULL)) goto done;
    /* The one value that leaves MPC: the answer, to the receiver. */
    if (allow != NULL) allow(context, true);
    s->protocol->reveal(s, words, answer, x->owner);
    if (allow != NULL) allow(context, false);
    if (s->status != PUMA_OK || !is_owner(x)) goto done;
    out->rows = answer->dim[0];
    out->columns = answer->dim[1];
    out->values = malloc(answer->n * sizeof *out->values);
    if (out->values == NULL) s->host->fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", answer->n * sizeof *out->values);
    for (size_t i = 0; i < answer->n && out->values != NULL; i++) out->values[i] = puma_decode(s, words[i], answer->frac, answer->bits);
done:
    s->host->leave(s, mark, NULL);
    return s->status;
}
