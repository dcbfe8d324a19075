/* transformer.c - the generic Transformer encoder on shares (Vaswani et al. 2017).
 *
 * x: (T, d) hidden states, H heads of d/H.  What differs between families is in the model (read from
 * models/X.ini); which GeLU, which softmax and which protocol was put in the plan before it starts.  Nothing
 * is revealed here. */
#include "exec/internal.h"

/* Applies a function of the plan to x, its result in the widest ring. */
static puma_share function(struct exec *x, puma_slot slot, puma_share in)
{
    puma_arguments a = { .struct_size = sizeof a,
                         .bits = x->config.rings.wide,
                         .frac = x->config.rings.frac,
                         .epsilon = x->config.model->epsilon };

    return puma_call(x->s, slot, in, &a);
}

/* The residual stream between two layers: g * n + b of a norm, never formed where it need not be.  n is the
 * norm's bare output, gain and bias are its own.  Linear layers have them folded into their weights (exec.c);
 * a residual adds them into the product before its truncation. */
typedef struct stream {
    puma_share n, gain, bias;
} stream;

/* W x + b [+ the residual], one product: x (T, n), W (m, n), b (m). */
static puma_share linear(struct exec *x, puma_share in, puma_share weight, puma_share bias,
                         const stream *residual, uint32_t bits)
{
    puma_term terms[4] = { { .op = PUMA_TERM_MATMUL, .x = in, .y = weight, .y_transposed = 1 } };
    size_t    count = 1;

    if (in == NULL || weight == NULL) return NULL;
    if (bias != NULL) terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = bias };
    if (residual != NULL) {
        terms[count++] = (puma_term){ .op = PUMA_TERM_MUL, .x = residual->n, .y = residual->gain };
        if (residual->bias != NULL) terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = residual->bias };
    }
    return puma_product(x->s, terms, count, 2, (const size_t[]){ in->dim[0], weight->dim[0] },
                        x->config.rings.frac, bits);
}

static stream norm(struct exec *x, puma_share in, puma_share gain, puma_share bias)
{
    puma_share n =
        function(x, x->config.model->norm == MODEL_RMSNORM ? PUMA_SLOT_RMSNORM : PUMA_SLOT_LAYERNORM, in);

    return (stream){ n == NULL ? NULL : puma_promise(x->s, n, x->config.model->ranges.norm), gain, bias };
}

/* g * n + b, formed: what leaves the layers. */
static puma_share formed(struct exec *x, stream h)
{
    const puma_term terms[] = { { .op = PUMA_TERM_MUL, .x = h.n, .y = h.gain },
                                { .op = PUMA_TERM_ADD, .x = h.bias } };

    if (h.n == NULL) return NULL;
    return puma_promise(x->s,
                        puma_product(x->s, terms, h.bias == NULL ? 1 : 2, h.n->rank, h.n->dim,
                                     x->config.rings.frac, x->config.rings.wide),
                        x->config.model->ranges.norm);
}

/* (T, d) columns from … to, as (H, T, d/H). */
static puma_share heads(struct exec *x, puma_share in, size_t from, size_t to)
{
    size_t h = x->config.model->heads, t = in == NULL ? 0 : in->dim[0];

    return puma_permute(x->s, puma_reshape3(x->s, puma_slice(x->s, in, 1, from, to), t, h, (to - from) / h),
                        (const uint32_t[]){ 1, 0, 2 });
}

/* softmax(q k^T / sqrt(d/H)) v, heads merged, projected, plus the residual. */
static puma_share attention(struct exec *x, stream in, const struct layer_weights *w, int layer)
{
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    size_t        d = x->config.model->hidden;
    puma_share    qkv, q, k, v, scores, weights, mixed;

    s->host->label(s, "layer %d qkv", layer);
    qkv = linear(x, in.n, w->qkv, w->qkv_bias, NULL, r->attention);
    q = heads(x, qkv, 0, d);
    k = heads(x, qkv, d, 2 * d);
    v = heads(x, qkv, 2 * d, 3 * d);
    s->host->label(s, "layer %d scores", layer);
    scores = puma_promise(s, puma_matmul(s, q, k, 1, r->frac, r->scores), x->config.model->ranges.scores);
    s->host->label(s, "layer %d softmax", layer);
    weights = function(x, PUMA_SLOT_SOFTMAX, scores);
    s->host->label(s, "layer %d mix", layer);
    mixed = puma_permute(s, puma_matmul(s, weights, v, 0, r->frac, r->wide), (const uint32_t[]){ 1, 0, 2 });
    if (mixed == NULL) return NULL;
    s->host->label(s, "layer %d output", layer);
    return linear(x, puma_reshape2(s, mixed, mixed->dim[0], d), w->output, w->output_bias, &in, r->wide);
}

static puma_share mlp(struct exec *x, stream in, const struct layer_weights *w, int layer)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    up;

    s->host->label(s, "layer %d up", layer);
    up = puma_promise(s, linear(x, in.n, w->up, w->up_bias, NULL, x->config.rings.activation),
                      m->ranges.activation);
    s->host->label(s, "layer %d activation", layer);
    up = function(x, rings_slot(m->activation), up);
    s->host->label(s, "layer %d down", layer);
    return linear(x, up, w->down, w->down_bias, &in, x->config.rings.wide);
}

static stream layer(struct exec *x, stream h, int i)
{
    const struct layer_weights *w = &x->layers[i];
    puma_share                  sum = attention(x, h, w, i);

    x->s->host->label(x->s, "layer %d norm", i);
    h = norm(x, sum, w->attention_gain, w->attention_bias);
    sum = mlp(x, h, w, i);
    x->s->host->label(x->s, "layer %d norm", i);
    return norm(x, sum, w->mlp_gain, w->mlp_bias);
}

/* The tokens' embeddings through the norm that precedes the layers. */
static stream embed(struct exec *x, const exec_tokens *in)
{
    puma_share rows;

    x->s->host->label(x->s, "embedding lookup");
    rows = exec_embed(x, in, 0);
    x->s->host->label(x->s, "embedding norm");
    return rows == NULL ? (stream){ 0 } : norm(x, rows, x->embedding_gain, x->embedding_bias);
}

/* Mean of the rows or the first of them: of n, because gain and bias are the same for all rows. */
static stream pooled(struct exec *x, stream h)
{
    puma_session *s = x->s;
    puma_share    sum;
    size_t        tokens;
    uint32_t      extra;

    if (h.n == NULL) return h;
    tokens = h.n->dim[0];
    if (x->config.task == MODEL_EMBED && x->config.pooling_mean) {
        /* 1/T with ten bits more than the count takes, so that its rounding is below the sum's. */
        extra = 10 + (uint32_t)puma_exponent((double)tokens);
        sum = puma_sum(s, puma_permute(s, h.n, (const uint32_t[]){ 1, 0 }));
        sum = puma_trunc(s, puma_scale(s, sum, 1.0 / (double)tokens, extra), x->config.rings.frac);
        h.n = puma_reshape2(s, sum, 1, x->config.model->hidden);
    } else {
        h.n = puma_slice(s, h.n, 0, 0, 1);
    }
    return h;
}

/* The row scaled to length 1. */
static puma_share normalized(struct exec *x, puma_share row)
{
    puma_session *s = x->s;
    puma_share    square, inverse;

    s->host->label(s, "head normalize");
    square = puma_matmul(s, row, row, 1, x->config.rings.frac, x->config.rings.wide); /* (1, 1) */
    inverse = function(x, PUMA_SLOT_RSQRT, square);
    return inverse == NULL ? NULL : puma_mul_rows(s, row, puma_reshape1(s, inverse, 1));
}

/* Index of the largest entry of each row: a tournament that carries (value, index); ties go to the first. */
static puma_share argmax(puma_session *s, puma_share x)
{
    size_t       n = x->dim[1], rows = x->dim[0];
    double      *leaf = (double *)s->host->scratch(s, n);
    puma_tensor *zero = s->host->tensor(s, PUMA_ARITH, 2, x->dim, x->bits, 0);
    puma_share   value = x, index;

    if (leaf == NULL || zero == NULL) return NULL;
    for (size_t i = 0; i < n; i++) leaf[i] = (double)i;
    index = puma_add_reals(s, zero, leaf, n);
    while (n > 1 && s->status == PUMA_OK) {
        size_t     half = n / 2;
        puma_share a[2] = { puma_slice(s, value, 1, 0, half), puma_slice(s, index, 1, 0, half) };
        puma_share b[2] = { puma_slice(s, value, 1, half, 2 * half),
                            puma_slice(s, index, 1, half, 2 * half) };
        puma_share c[2] = { puma_slice(s, value, 1, n - n % 2, n), puma_slice(s, index, 1, n - n % 2, n) };
        puma_share second = puma_less(s, a[0], b[0]);

        for (int k = 0; k < 2; k++) {
            puma_share both[2] = { puma_mux(s, second, b[k], a[k]), c[k] };

            a[k] = puma_concat(s, both, n % 2 != 0 ? 2 : 1, 1);
        }
        value = a[0];
        index = a[1];
        n = half + n % 2;
    }
    return puma_reshape2(s, index, rows, 1);
}

/* What the task reveals, from the last layer's output. */
static puma_share answer(struct exec *x, stream h)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    switch (x->config.task) {
    case MODEL_HIDDEN: s->host->label(s, "head hidden"); return formed(x, h);
    case MODEL_EMBED:
        s->host->label(s, "head pooling");
        first = formed(x, pooled(x, h));
        return x->config.normalize ? normalized(x, first) : first;
    default:
        s->host->label(s, "head dense");
        first = formed(x, pooled(x, h));
        if (m->head_dense) {
            first = linear(x, first, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
            s->host->label(s, "head activation");
            first = function(x, rings_slot(m->head_activation), first);
        }
        s->host->label(s, "head logits");
        first = puma_promise(s, linear(x, first, x->head_out, x->head_out_bias, NULL, x->config.rings.wide),
                             m->ranges.logits);
        if (!x->config.reveal_label || first == NULL) return first;
        s->host->label(s, "head argmax");
        return argmax(s, first);
    }
}

puma_share exec_forward(struct exec *x, const exec_tokens *in)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s);
    stream        h = embed(x, in);

    s->host->leave(s, mark, h.n);
    for (size_t i = 0; i < x->config.model->layers && h.n != NULL; i++) {
        mark = s->host->enter(s);
        h = layer(x, h, (int)i);
        s->host->leave(s, mark, h.n);
    }
    return answer(x, h);
}
