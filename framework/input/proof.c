/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* proof.c - see internal.h: how large a model's numbers can become at all, from its weights alone.
 *
 * A norm's bare output n has length sqrt(d), whatever goes into it, and LayerNorm's has mean 0.  So a row w
 * behind it gives at most sqrt(d) |g w - mean(g w)| + |w b + c|: queries, keys, values, and an MLP's
 * operands.  Softmax's weights sum to 1, so that a weighted sum of values is no larger than the largest; an
 * activation takes no number further from 0; and a sum is at most the sum of magnitudes.  What goes into a
 * norm matters nowhere else, so that nothing grows from layer to layer but the residual of norm_place = pre,
 * which is followed through all of them.
 *
 * Each bound is a number a row, and what leaves is the whole bits of the largest of its kind.  Cost: one
 * reading of the weights. */
#include "input/internal.h"

#include "exec/balance.h"
#include "exec/rings.h"
#include "plan/ranges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What fixed point and a function's own error may add to a bound. */
#define SPARE(x) ((x) * (1 + 0x1p-8) + 0x1p-6)

typedef struct proof {
    const model        *m;
    const model_source *source;
    double              operand_scale; /* what softmax wants on its operand */
    double              unit;          /* the last place of a weight and of a number, 2^-f */
    double              norm_error;    /* of the norm's function */
    double              most[PLAN_PROVED];
    puma_error         *e;
} proof;

/* What a linear layer's operand is: a norm's bare output, whose gain and bias are folded in, or numbers of
 * known size. */
typedef struct operand {
    const char   *gain, *bias; /* roles; NULL: x                      */
    int           layer;
    const double *x;
} operand;

static void raise_to(proof *p, plan_range kind, double v)
{
    if (!(v <= p->most[kind])) p->most[kind] = v;
}

/* The values for `role` in `layer`, malloc'd; NULL where the model has none, and after a failure. */
static double *values_of(const proof *p, const char *role, int layer)
{
    double *values = NULL;
    size_t  index;

    if (role == NULL || p->e->status != PUMA_OK || model_find(p->m, role, layer, &index) == NULL) return NULL;
    model_values(p->source, index, &values, p->e);
    return values;
}

static double *numbers(const proof *p, size_t n)
{
    double *x = p->e->status != PUMA_OK ? NULL : calloc(n > 0 ? n : 1, sizeof *x);

    if (x == NULL && p->e->status == PUMA_OK)
        error_set(p->e, 1001, "out of memory (%zu bytes asked)", n * sizeof *x);
    return x;
}

/* One row of a product with a norm's bare output, whose gain and bias are g and b (NULL: none). */
static double behind_norm(const proof *p, const double *w, const double *g, const double *b, size_t d,
                          double shift)
{
    double mean = 0, length = 0;

    for (size_t k = 0; k < d; k++) {
        if (p->m->norm == MODEL_LAYERNORM)
            mean += w[k] * (g == NULL ? 1 : g[k] + p->m->gain_offset) / (double)d;
        if (b != NULL) shift += w[k] * b[k];
    }
    for (size_t k = 0; k < d; k++) {
        double v = w[k] * (g == NULL ? 1 : g[k] + p->m->gain_offset) - mean;

        length += v * v;
    }
    /* The rounding of weights, and of numbers whose mean is then not quite 0. */
    return sqrt((double)d * length) * (1 + p->norm_error) + fabs(shift) +
           (double)d * p->unit * (1 + fabs(mean));
}

/* Bounds of the rows w (rows, columns) with biases c (NULL: none) on an operand; malloc'd, NULL after a
 * failure. */
static double *rows_of(proof *p, const double *w, const double *c, size_t rows, size_t columns,
                       const operand *in)
{
    double *z = w == NULL ? NULL : numbers(p, rows);
    double *g = z == NULL ? NULL : values_of(p, in->gain, in->layer),
           *b = z == NULL ? NULL : values_of(p, in->bias, in->layer);

    for (size_t i = 0; z != NULL && i < rows; i++, w += columns) {
        z[i] = c == NULL ? 0 : c[i];
        if (in->x == NULL) {
            z[i] = behind_norm(p, w, g, b, columns, z[i]);
        } else {
            z[i] = fabs(z[i]);
            for (size_t k = 0; k < columns; k++) z[i] += (fabs(w[k]) + p->unit) * in->x[k];
        }
        z[i] = SPARE(z[i]);
        raise_to(p, PLAN_PRODUCT, z[i]);
    }
    free(g);
    free(b);
    return z;
}

/* The same for a layer of the model by its roles. */
static double *linear(proof *p, const char *weight, const char *bias, int layer, size_t rows, size_t columns,
                      const operand *in)
{
    double *w = values_of(p, weight, layer), *c = values_of(p, bias, layer);
    double *z = rows_of(p, w, c, rows, columns, in);

    free(w);
    free(c);
    return z;
}

static double largest(const double *x, size_t n)
{
    double most = 0;

    for (size_t i = 0; x != NULL && i < n; i++) most = fmax(most, x[i]);
    return most;
}

/* A norm's output with gain and bias: (d). */
static double *normed(proof *p, const operand *in, size_t d)
{
    double *z = numbers(p, d), *g = values_of(p, in->gain, in->layer), *b = values_of(p, in->bias, in->layer);

    for (size_t i = 0; z != NULL && i < d; i++)
        z[i] =
            SPARE(sqrt((double)d) * (1 + p->norm_error) * (g == NULL ? 1 : fabs(g[i] + p->m->gain_offset)) +
                  (b == NULL ? 0 : fabs(b[i])));
    free(g);
    free(b);
    raise_to(p, PLAN_NORM, largest(z, d));
    raise_to(p, PLAN_NORM, SPARE(sqrt((double)d)));
    return z;
}

static void add_to(double *h, const double *x, size_t n)
{
    for (size_t i = 0; h != NULL && x != NULL && i < n; i++) h[i] += x[i];
}

/* --- a layer ------------------------------------------------------------------------------------ */

/* Bounds of the weighted sums of values, (heads e); raises what queries, keys and values come to as they are
 * shared. */
static double *mixed(proof *p, int layer, const operand *in)
{
    const model *m = p->m;
    size_t       e = m->head_dim, queries = m->heads * e, keys = m->kv_heads * e, d = m->hidden;
    double *fused = values_of(p, "layer.qkv.weight", layer), *biases = values_of(p, "layer.qkv.bias", layer);
    double *apart[3] = { NULL }, *bias[3] = { NULL }, *z[3] = { NULL }, *mix = NULL, *factor = NULL, *gain;
    const char  *weights[] = { "layer.query.weight", "layer.key.weight", "layer.value.weight" };
    const char  *shifts[] = { "layer.query.bias", "layer.key.bias", "layer.value.bias" };
    const size_t first[] = { 0, queries, queries + keys }, rows[] = { queries, keys, keys };
    double       sums_to = 1 + (double)m->max_tokens * p->unit; /* weights of a row, each rounded */
    double       both = p->operand_scale * m->attention_factor * m->attention_factor / sqrt((double)e);

    gain = values_of(p, in->gain, in->layer);
    for (size_t i = 0; i < 3; i++) {
        if (fused == NULL) apart[i] = values_of(p, weights[i], layer);
        if (fused == NULL) bias[i] = values_of(p, shifts[i], layer);
    }
    for (size_t i = 0; i < 3 && p->e->status == PUMA_OK; i++) {
        const double *w = fused != NULL ? fused + first[i] * d : apart[i],
                     *c = fused != NULL && biases != NULL ? biases + first[i] : bias[i];

        z[i] = rows_of(p, w, i == 1 && m->rotary == NULL ? NULL : c, rows[i], d,
                       in); /* a bias of keys: exec/weights.c */
    }
    if (p->e->status == PUMA_OK) {
        factor = balance_rows(&(balance_heads){ fused != NULL ? fused : apart[0],
                                                fused != NULL ? fused + first[1] * d : apart[1], gain,
                                                m->gain_offset, both, m->heads, m->kv_heads, e, d });
        if (factor == NULL) error_set(p->e, 1001, "out of memory for bounds");
    }
    for (size_t r = 0; r < queries + keys && p->e->status == PUMA_OK; r++)
        raise_to(p, PLAN_QUERIES,
                 SPARE((r < queries ? z[0][r] : z[1][r - queries]) * factor[r] + (double)d * p->unit));
    for (size_t r = 0; r < keys && p->e->status == PUMA_OK; r++)
        raise_to(p, PLAN_ATTENTION, sums_to * SPARE(z[2][r]));
    raise_to(p, PLAN_ATTENTION, p->most[PLAN_QUERIES]);
    mix = numbers(p, queries);
    for (size_t r = 0; mix != NULL && r < queries; r++)
        mix[r] = sums_to * SPARE(z[2][r / e / (m->heads / m->kv_heads) * e + r % e]);
    for (size_t i = 0; i < 3; i++) {
        free(apart[i]);
        free(bias[i]);
        free(z[i]);
    }
    free(fused);
    free(biases);
    free(factor);
    free(gain);
    return mix;
}

/* Bounds of what the MLP's last matrix takes, (I). */
static double *inside(proof *p, int layer, const operand *in)
{
    const model *m = p->m;
    double *up = linear(p, "layer.up.weight", "layer.up.bias", layer, m->intermediate, m->hidden, in), *gate;

    if (!m->gated) {
        if (m->activation != MODEL_TANH) raise_to(p, PLAN_ACTIVATION, largest(up, m->intermediate));
        return up;
    }
    gate = linear(p, "layer.gate.weight", "layer.gate.bias", layer, m->intermediate, m->hidden, in);
    raise_to(p, PLAN_ACTIVATION, largest(gate, m->intermediate));
    raise_to(p, PLAN_GATED, largest(up, m->intermediate));
    for (size_t i = 0; gate != NULL && up != NULL && i < m->intermediate; i++) up[i] = SPARE(up[i] * gate[i]);
    raise_to(p, PLAN_GATED, largest(up, m->intermediate));
    raise_to(p, PLAN_PRODUCT, largest(up, m->intermediate));
    free(gate);
    return up;
}

/* h, the residual in front of the layer, becomes what is behind it. `before`: what attention takes. */
static void layer(proof *p, int i, const operand *before, double *h)
{
    const model  *m = p->m;
    bool          post = m->place == MODEL_POST_NORM;
    const operand middle = { post ? "layer.attention_norm.gain" : "layer.mlp_norm.gain",
                             post ? "layer.attention_norm.bias" : "layer.mlp_norm.bias", i, NULL };
    double *mix = mixed(p, i, before), *out, *in, *down, *next;

    out = mix == NULL ? NULL
                      : linear(p, "layer.output.weight", "layer.output.bias", i, m->hidden,
                               m->heads * m->head_dim, &(operand){ .x = mix });
    add_to(h, out, m->hidden);
    raise_to(p, PLAN_SUMS, largest(h, m->hidden));
    if (post && p->e->status == PUMA_OK) {
        next = normed(p, &middle, m->hidden);
        if (next != NULL) memcpy(h, next, m->hidden * sizeof *h);
        free(next);
    }
    in = inside(p, i, &middle);
    down = in == NULL ? NULL
                      : linear(p, "layer.down.weight", "layer.down.bias", i, m->hidden, m->intermediate,
                               &(operand){ .x = in });
    add_to(h, down, m->hidden);
    raise_to(p, PLAN_SUMS, largest(h, m->hidden));
    free(mix);
    free(out);
    free(in);
    free(down);
}

/* The largest number of a tensor outside of the layers; 0 where the model has none. */
static double largest_of(const proof *p, const char *role)
{
    size_t index, element;

    return model_find(p->m, role, -1, &index) == NULL ? 0 : model_max_abs(p->source, index, &element);
}

/* The largest sum of rows of the embedding tables. */
static double table_sum(const proof *p)
{
    return largest_of(p, "embedding.token") * p->m->embedding_scale + largest_of(p, "embedding.position") +
           largest_of(p, "embedding.type");
}

/* The ring of the tables has two bits more than `embedding` asks for, and a sign; the lift into the widest
 * ring needs one of them. */
static void embedding(proof *p)
{
    if (!p->m->pixels) raise_to(p, PLAN_EMBEDDING, SPARE(table_sum(p)) / 2);
}

/* The residual in front of the first layer; a picture's is held within `hidden` by input_check_pictures. */
static double *embedded(proof *p)
{
    const model *m = p->m;
    double      *h, most = m->pixels ? ldexp(1, m->ranges.hidden) : 0;
    operand      norm = { "embedding.norm.gain", "embedding.norm.bias", -1, NULL };

    if (m->mapped)
        return linear(p, "embedding.map.weight", "embedding.map.bias", -1, m->hidden, m->embedding_width,
                      &norm);
    if (m->place == MODEL_POST_NORM) return normed(p, &norm, m->hidden);
    if (!m->pixels) most = SPARE(table_sum(p));
    h = numbers(p, m->hidden);
    for (size_t i = 0; h != NULL && i < m->hidden; i++) h[i] = most;
    raise_to(p, PLAN_SUMS, most);
    return h;
}

static void layers(proof *p)
{
    const model *m = p->m;
    bool         post = m->place == MODEL_POST_NORM;
    double      *h = embedded(p);

    for (size_t l = 0; l < m->layers && p->e->status == PUMA_OK; l++) {
        int     i = (int)model_group(m, l);
        operand before = { "layer.attention_norm.gain", "layer.attention_norm.bias", i, NULL };

        if (post && l == 0)
            before = m->mapped ? (operand){ .x = h }
                               : (operand){ "embedding.norm.gain", "embedding.norm.bias", -1, NULL };
        if (post && l > 0)
            before =
                (operand){ "layer.mlp_norm.gain", "layer.mlp_norm.bias", (int)model_group(m, l - 1), NULL };
        /* Behind a norm the third layer with the same weights is as the second. */
        if (post && l >= 2 && model_group(m, l - 2) == model_group(m, l)) continue;
        layer(p, i, &before, h);
        if (post && p->e->status == PUMA_OK) {
            double *next =
                normed(p, &(operand){ "layer.mlp_norm.gain", "layer.mlp_norm.bias", i, NULL }, m->hidden);

            if (next != NULL) memcpy(h, next, m->hidden * sizeof *h);
            free(next);
        }
    }
    free(h);
}

/* --- heads -------------------------------------------------------------------------------------- */

/* What an activation leaves of numbers within x. */
static void activate(proof *p, double *x, size_t n, model_activation a)
{
    if (model_is_narrow(a)) raise_to(p, PLAN_ACTIVATION, largest(x, n));
    for (size_t i = 0; x != NULL && a == MODEL_TANH && i < n; i++) x[i] = fmin(x[i], SPARE(1));
}

static void head(proof *p, model_task task)
{
    const model  *m = p->m;
    bool          post = m->place == MODEL_POST_NORM;
    const operand last = post ? (operand){ "layer.mlp_norm.gain", "layer.mlp_norm.bias",
                                           (int)model_group(m, m->layers - 1), NULL }
                              : (operand){ "final.norm.gain", "final.norm.bias", -1, NULL };
    const operand words = { "mask.norm.gain", "mask.norm.bias", -1, NULL };
    double       *x = normed(p, &last, m->hidden), *dense = NULL, *logits = NULL;

    switch (task) {
    case MODEL_EMBED:
    case MODEL_HIDDEN: break;
    case MODEL_TOKENS:
        logits = linear(p, "tokens.out.weight", "tokens.out.bias", -1, m->labels, m->hidden, &last);
        break;
    case MODEL_MASK:
        dense = linear(p, "mask.dense.weight", "mask.dense.bias", -1, m->embedding_width, m->hidden, &last);
        activate(p, dense, m->embedding_width, m->mask_activation);
        free(normed(p, &words, m->embedding_width));
        logits = linear(p, m->tied ? "embedding.token" : "mask.out.weight", "mask.out.bias", -1, m->labels,
                        m->embedding_width, &words);
        break;
    default:
        if (m->head_dense) {
            dense = linear(p, "head.dense.weight", "head.dense.bias", -1, m->hidden, m->hidden,
                           &(operand){ .x = x });
            activate(p, dense, m->hidden, m->head_activation);
        }
        logits = linear(p, m->tied ? "embedding.token" : "head.out.weight", "head.out.bias", -1, m->labels,
                        m->hidden,
                        dense != NULL ? &(operand){ .x = dense }
                        : post        ? &(operand){ .x = x }
                                      : &last);
    }
    raise_to(p, PLAN_LOGITS, largest(logits, m->labels));
    free(x);
    free(dense);
    free(logits);
}

/* --- the whole ---------------------------------------------------------------------------------- */

/* The least e with v < 2^e; a number that is none needs more bits than there are. */
static int bits_of(double v)
{
    int e = 0;

    while (e < 63 && !(v < ldexp(1, e))) e++;
    return e;
}

puma_status input_prove(const client_plan *c, int bits[PLAN_PROVED], puma_error *e)
{
    const model       *m = c->plan->model;
    const puma_approx *norm = c->plan->function[rings_norm_slot(m)];
    proof              p = { .m = m,
                             .source = c->source,
                             .operand_scale = rings_operand_scale(c->plan->function[PUMA_SLOT_SOFTMAX]),
                             .unit = ldexp(1, -(int)c->plan->run->frac),
                             .norm_error = norm == NULL ? 0 : fmin(norm->max_error, 1.0 / 16),
                             .e = e };

    layers(&p);
    head(&p, c->plan->exec.task);
    embedding(&p);
    raise_to(&p, PLAN_RELATIVE, SPARE(largest_of(&p, "relative.bias")));
    for (int k = 0; k < PLAN_PROVED; k++) bits[k] = bits_of(p.most[k]);
    return e->status;
}
