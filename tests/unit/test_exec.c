/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_exec.c - the executor on two models made here, against the same formulas in double.
 *
 * The backend is `plain`, whose one node brings the weights and receives the answers; the functions are
 * `exact`. Both models have two layers of two heads of two numbers.  The decoder has rotary positions, one
 * key for both heads, norms before each part and a window in its second layer; the encoder has learned
 * positions and norms after each sum.  This file plays the module model: weights are numbers of a formula. */
#include "exec/argmax.h"
#include "exec/exec.h"
#include "host/session.h"
#include "plugin/plugin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { D = 4, H = 2, E = 2, HE = H * E, I = 3, V = 6, LAYERS = 2, LONGEST = 8, MOST = 64 };

/* --- two models ------------------------------------------------------------------------------- */

#define MATRIX(name, number, rows, columns)                                                                  \
    {                                                                                                        \
        .role = name, .layer = number, .rank = 2, .dim = { rows, columns }                                   \
    }
#define VECTOR(name, number, n)                                                                              \
    {                                                                                                        \
        .role = name, .layer = number, .rank = 1, .dim = { n }                                               \
    }
#define NORM(name, number) VECTOR(name ".gain", number, D), VECTOR(name ".bias", number, D)
#define LINEAR(name, number, rows, columns)                                                                  \
    MATRIX(name ".weight", number, rows, columns), VECTOR(name ".bias", number, rows)
#define LAYER(number, keys)                                                                                  \
    NORM("layer.attention_norm", number), NORM("layer.mlp_norm", number),                                    \
        LINEAR("layer.query", number, HE, D), LINEAR("layer.key", number, (keys) * E, D),                    \
        LINEAR("layer.value", number, (keys) * E, D), LINEAR("layer.output", number, D, HE),                 \
        LINEAR("layer.up", number, I, D), LINEAR("layer.down", number, D, I)

static model_tensor decoder_tensors[] = { MATRIX("embedding.token", -1, V, D), LAYER(0, 1), LAYER(1, 1),
                                          NORM("final.norm", -1), MATRIX("head.out.weight", -1, V, D) };
static model_tensor encoder_tensors[] = { MATRIX("embedding.token", -1, V, D),
                                          MATRIX("embedding.position", -1, LONGEST, D),
                                          NORM("embedding.norm", -1), LAYER(0, 2), LAYER(1, 2) };
static double       angle[E / 2] = { 0.7 };
static size_t       windows[LAYERS] = { 0, 2 };

#define BOTH                                                                                                 \
    .layers = LAYERS, .groups = LAYERS, .hidden = D, .embedding_width = D, .heads = H, .head_dim = E,        \
    .intermediate = I, .vocabulary = V, .labels = V, .positions = LONGEST, .max_tokens = LONGEST,            \
    .attention_factor = 1, .embedding_scale = 1, .epsilon = 1e-5, .norm = MODEL_LAYERNORM,                   \
    .activation = MODEL_GELU,                                                                                \
    .ranges = { .embedding = 2,                                                                              \
                .hidden = 6, .sums = 6,                                                                           \
                .norm = 4,                                                                                   \
                .attention = 5,                                                                              \
                .scores = 6,                                                                                 \
                .activation = 5,                                                                             \
                .logits = 6,                                                                                 \
                .product = 10,                                                                               \
                .gated = 6 }

static const model decoder = { BOTH,
                               .kv_heads = 1,
                               .causal = true,
                               .position_kind = MODEL_ROTARY,
                               .rotary = angle,
                               .window = windows,
                               .place = MODEL_PRE_NORM,
                               .tensors = decoder_tensors,
                               .tensor_count = sizeof decoder_tensors / sizeof *decoder_tensors };
static const model encoder = { BOTH, .kv_heads = 2, .place = MODEL_POST_NORM, .tensors = encoder_tensors,
                               .tensor_count = sizeof encoder_tensors / sizeof *encoder_tensors };

/* Entry k of tensor i: between -0.6 and 0.6, gains around 1. */
static double entry(const model *m, size_t i, size_t k)
{
    double v = 0.6 * sin(1.3 + 12.9898 * (double)i + 78.233 * (double)k);

    return strstr(m->tensors[i].role, ".gain") != NULL ? 1 + v : v;
}

struct model_source {
    const model *model;
    size_t       missing; /* the tensor that cannot be read; beyond the last: none */
};

puma_status model_values(const model_source *s, size_t i, double **values, puma_error *e)
{
    const model_tensor *t = &s->model->tensors[i];
    size_t              n = t->dim[0] * (t->rank == 2 ? t->dim[1] : 1);

    if (i == s->missing) return error_set(e, 401, "%s is missing", t->role);
    *values = malloc(n * sizeof **values);
    assert_non_null(*values);
    for (size_t k = 0; k < n; k++) (*values)[k] = entry(s->model, i, k);
    return PUMA_OK;
}

size_t model_bucket(const model *m, ptrdiff_t ahead)
{
    (void)m;
    (void)ahead;
    fail_msg("no model here has relative positions");
    return 0;
}

/* --- an executor on one of them --------------------------------------------------------------- */

enum { FLOATING, FIXED };

static const plugin *opened(const char *name)
{
    const plugin *p;
    puma_error    e = { 0 };

    if (plugin_open(&p, name, NULL, NULL, &e) != PUMA_OK) fail_msg("%s", e.text);
    return p;
}

static puma_session *open_session(int arithmetic)
{
    const plugin  *exact = opened("exact");
    session_config c = {
        .protocol = opened("plain"), .ring_bits = 64, .frac = 18, .is_float = arithmetic == FLOATING
    };
    puma_session *s;
    puma_error    e = { 0 };

    for (puma_slot i = 0; i < PUMA_SLOT_COUNT; i++) c.function[i] = plugin_approx(exact, i, NULL);
    if (session_open(&s, &c, &e) != PUMA_OK) fail_msg("%s", e.text);
    return s;
}

static rings rings_of(puma_session *s, const model *m)
{
    const puma_approx *function[PUMA_SLOT_COUNT];
    rings              r;
    puma_error         e = { 0 };

    for (puma_slot i = 0; i < PUMA_SLOT_COUNT; i++) function[i] = s->host->function(s, i);
    if (rings_plan(&r, m, s->protocol, function, false, 64, 18, &e) != PUMA_OK) fail_msg("%s", e.text);
    return r;
}

static exec *open_exec(puma_session *s, const model *m, model_task task)
{
    const model_source source = { m, SIZE_MAX };
    const exec_config  c = { .model = m, .task = task, .rings = rings_of(s, m) };
    exec              *x;

    if (exec_open(&x, s, &c, &source, NULL) != PUMA_OK) fail_msg("%s", session_error(s)->text);
    return x;
}

static const uint32_t text[LONGEST] = { 3, 1, 4, 1, 5, 0, 2, 5 };

static exec_input tokens(const uint32_t *ids, size_t count)
{
    return (exec_input){ .tokens = count, .ids = ids };
}

/* --- the same in double ------------------------------------------------------------------------ */

/* The number of the tensor ROLE WHAT; SIZE_MAX where the model has none. */
static size_t find(const model *m, const char *role, const char *what, int layer)
{
    for (size_t i = 0; i < m->tensor_count; i++)
        if (m->tensors[i].layer == layer && strncmp(m->tensors[i].role, role, strlen(role)) == 0 &&
            strcmp(m->tensors[i].role + strlen(role), what) == 0)
            return i;
    return SIZE_MAX;
}

/* y = W x + b, of the tensors ROLE.weight and ROLE.bias, where there is one. */
static void linear(const model *m, const char *role, int layer, const double *x, double *y)
{
    size_t w = find(m, role, ".weight", layer), b = find(m, role, ".bias", layer);
    size_t rows = m->tensors[w].dim[0], columns = m->tensors[w].dim[1];

    for (size_t i = 0; i < rows; i++) {
        y[i] = b == SIZE_MAX ? 0 : entry(m, b, i);
        for (size_t k = 0; k < columns; k++) y[i] += entry(m, w, i * columns + k) * x[k];
    }
}

static void normalize(const model *m, const char *role, int layer, const double *x, double *y)
{
    size_t gain = find(m, role, ".gain", layer), bias = find(m, role, ".bias", layer);
    double mean = 0, square = 0;

    for (size_t k = 0; k < D; k++) mean += x[k] / D;
    for (size_t k = 0; k < D; k++) square += (x[k] - mean) * (x[k] - mean) / D;
    for (size_t k = 0; k < D; k++)
        y[k] = entry(m, gain, k) * (x[k] - mean) / sqrt(square + m->epsilon) + entry(m, bias, k);
}

/* The two numbers of a head, turned for position t. */
static void turn(const model *m, size_t t, double *pair)
{
    double a = pair[0], b = pair[1], c = cos((double)t * angle[0]), d = sin((double)t * angle[0]);

    if (m->rotary == NULL) return;
    pair[0] = a * c - b * d;
    pair[1] = b * c + a * d;
}

/* z[t] = the attention of layer i over n rows, projected. */
static void attend(const model *m, int i, const double x[][D], size_t n, double z[][D])
{
    double q[LONGEST][HE], k[LONGEST][HE], v[LONGEST][HE], mixed[HE], weight[LONGEST], total;

    for (size_t t = 0; t < n; t++) {
        linear(m, "layer.query", i, x[t], q[t]);
        linear(m, "layer.key", i, x[t], k[t]);
        linear(m, "layer.value", i, x[t], v[t]);
        for (size_t h = 0; h < H; h++) turn(m, t, &q[t][h * E]);
        for (size_t h = 0; h < m->kv_heads; h++) turn(m, t, &k[t][h * E]);
    }
    for (size_t t = 0; t < n; t++) {
        size_t window = m->causal ? m->window[i] : 0, to = m->causal ? t + 1 : n;
        size_t from = window > 0 && to > window ? to - window : 0;

        memset(mixed, 0, sizeof mixed);
        for (size_t h = 0; h < H; h++) {
            size_t at = h / (H / m->kv_heads) * E;

            total = 0;
            for (size_t u = from; u < to; u++) {
                weight[u] = exp((q[t][h * E] * k[u][at] + q[t][h * E + 1] * k[u][at + 1]) / sqrt(E));
                total += weight[u];
            }
            for (size_t u = from; u < to; u++)
                for (size_t e = 0; e < E; e++) mixed[h * E + e] += weight[u] / total * v[u][at + e];
        }
        linear(m, "layer.output", i, mixed, z[t]);
    }
}

/* x = the part's outcome plus x, normed where norms stand after sums. */
static void add_part(const model *m, const char *norm, int i, const double *part, double *x)
{
    for (size_t k = 0; k < D; k++) x[k] += part[k];
    if (m->place == MODEL_POST_NORM) normalize(m, norm, i, x, x);
}

static void layer(const model *m, int i, double x[][D], size_t n)
{
    bool   pre = m->place == MODEL_PRE_NORM;
    double in[LONGEST][D], out[LONGEST][D], up[I];

    for (size_t t = 0; t < n; t++)
        if (pre)
            normalize(m, "layer.attention_norm", i, x[t], in[t]);
        else
            memcpy(in[t], x[t], sizeof in[t]);
    attend(m, i, (const double(*)[D])in, n, out);
    for (size_t t = 0; t < n; t++) {
        add_part(m, "layer.attention_norm", i, out[t], x[t]);
        if (pre)
            normalize(m, "layer.mlp_norm", i, x[t], in[t]);
        else
            memcpy(in[t], x[t], sizeof in[t]);
        linear(m, "layer.up", i, in[t], up);
        for (size_t k = 0; k < I; k++) up[k] *= 0.5 * erfc(-up[k] / sqrt(2));
        linear(m, "layer.down", i, up, out[t]);
        add_part(m, "layer.mlp_norm", i, out[t], x[t]);
    }
}

/* The rows behind `layers` layers. */
static void states(const model *m, const uint32_t *ids, size_t n, size_t layers, double x[][D])
{
    size_t position = find(m, "embedding.position", "", -1);

    for (size_t t = 0; t < n; t++) {
        for (size_t k = 0; k < D; k++)
            x[t][k] =
                entry(m, 0, ids[t] * D + k) + (position == SIZE_MAX ? 0 : entry(m, position, t * D + k));
        if (m->place == MODEL_POST_NORM) normalize(m, "embedding.norm", -1, x[t], x[t]);
    }
    for (size_t i = 0; i < layers; i++) layer(m, (int)i, x, n);
}

/* A decoder's logits at every position. */
static void logits(const uint32_t *ids, size_t n, double z[][V])
{
    double x[LONGEST][D];

    states(&decoder, ids, n, LAYERS, x);
    for (size_t t = 0; t < n; t++) {
        normalize(&decoder, "final.norm", -1, x[t], x[t]);
        linear(&decoder, "head.out", -1, x[t], z[t]);
    }
}

static void assert_close(const double *x, const double *y, size_t n, double bound)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(x[i] - y[i]) <= bound)) fail_msg("entry %zu: %.9g, not %.9g", i, x[i], y[i]);
}

/* What 18 fraction bits leave of the numbers; what doubles do. */
static double bound_of(int arithmetic) { return arithmetic == FIXED ? 2e-3 : 1e-9; }

/* --- passes ------------------------------------------------------------------------------------ */

static void tokens_go_in_and_their_rows_come_out(void **state)
{
    puma_session *s = open_session(FLOATING);
    exec         *x = open_exec(s, &encoder, MODEL_HIDDEN);
    exec_input    in = tokens(text, 5);
    exec_output   out;
    double        want[LONGEST][D];

    (void)state;
    assert_int_equal(exec_run(x, &in, 1, &out), PUMA_OK);
    assert_int_equal(out.rows, 5);
    assert_int_equal(out.columns, D);
    states(&encoder, text, 5, LAYERS, want);
    assert_close(out.values, want[0], 5 * D, 1e-9);
    exec_output_free(&out);
    exec_close(x);
    session_close(s);
}

static void a_decoder_gives_the_logits_of_every_position(void **state)
{
    double want[LONGEST][V];

    (void)state;
    logits(text, LONGEST, want);
    for (int arithmetic = FLOATING; arithmetic <= FIXED; arithmetic++) {
        puma_session *s = open_session(arithmetic);
        exec         *x = open_exec(s, &decoder, MODEL_PERPLEXITY);
        exec_input    in = tokens(text, LONGEST);
        exec_output   out;

        assert_int_equal(exec_run(x, &in, 1, &out), PUMA_OK);
        assert_int_equal(out.rows, LONGEST);
        assert_int_equal(out.columns, V);
        assert_close(out.values, want[0], LONGEST * V, bound_of(arithmetic));
        exec_output_free(&out);
        exec_close(x);
        session_close(s);
    }
}

static void an_encoder_in_fixed_point_gives_its_rows(void **state)
{
    puma_session *s = open_session(FIXED);
    exec         *x = open_exec(s, &encoder, MODEL_HIDDEN);
    exec_input    in = tokens(text, LONGEST);
    exec_output   out;
    double        want[LONGEST][D];

    (void)state;
    assert_int_equal(exec_run(x, &in, 1, &out), PUMA_OK);
    states(&encoder, text, LONGEST, LAYERS, want);
    assert_close(out.values, want[0], LONGEST * D, bound_of(FIXED));
    exec_output_free(&out);
    exec_close(x);
    session_close(s);
}

static void the_residual_stream_is_revealed_where_asked(void **state)
{
    puma_session      *s = open_session(FLOATING);
    const model_source source = { &encoder, SIZE_MAX };
    const exec_config  c = {
         .model = &encoder, .task = MODEL_HIDDEN, .states = true, .rings = rings_of(s, &encoder)
    };
    exec_input  in = tokens(text, 3);
    exec_output out;
    exec       *x;
    double      want[LONGEST][D];

    (void)state;
    assert_int_equal(exec_open(&x, s, &c, &source, NULL), PUMA_OK);
    assert_int_equal(exec_run(x, &in, 1, &out), PUMA_OK);
    assert_int_equal(out.state_count, 1 + LAYERS);
    for (size_t i = 0; i < out.state_count; i++) {
        states(&encoder, text, 3, i, want);
        assert_int_equal(out.states[i].rows, 3);
        assert_close(out.states[i].values, want[0], 3 * D, 1e-9);
    }
    exec_output_free(&out);
    exec_close(x);
    session_close(s);
}

static void several_sequences_in_one_pass_are_as_apart(void **state)
{
    const model     *models[] = { &encoder, &decoder };
    const model_task tasks[] = { MODEL_HIDDEN, MODEL_PERPLEXITY };
    const exec_input in[] = { tokens(text, 3), tokens(text + 2, 6), tokens(text + 7, 1) };

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        puma_session *s = open_session(FLOATING);
        exec         *x = open_exec(s, models[k], tasks[k]);
        exec_output   together[3], alone;

        assert_int_equal(exec_run(x, in, 3, together), PUMA_OK);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(exec_run(x, &in[i], 1, &alone), PUMA_OK);
            assert_int_equal(together[i].rows, in[i].tokens);
            assert_int_equal(alone.columns, together[i].columns);
            assert_close(together[i].values, alone.values, alone.rows * alone.columns, 1e-12);
            exec_output_free(&alone);
            exec_output_free(&together[i]);
        }
        exec_close(x);
        session_close(s);
    }
}

/* --- a decoder's cache ------------------------------------------------------------------------- */

static void tokens_fed_in_pieces_give_what_the_whole_gives(void **state)
{
    double want[LONGEST][V];

    (void)state;
    logits(text, LONGEST, want);
    for (int arithmetic = FLOATING; arithmetic <= FIXED; arithmetic++) {
        puma_session *s = open_session(arithmetic);
        exec         *x = open_exec(s, &decoder, MODEL_GENERATE);

        for (size_t piece = 1; piece <= LONGEST; piece += 2) {
            exec_reset(x);
            for (size_t t = 0, n; t < LONGEST; t += n) {
                exec_input  in = tokens(text + t, n = piece < LONGEST - t ? piece : LONGEST - t);
                exec_output out;

                assert_int_equal(exec_feed(x, &in, 1, &out), PUMA_OK);
                assert_int_equal(out.rows, 1);
                assert_close(out.values, want[t + n - 1], V, bound_of(arithmetic));
                exec_output_free(&out);
            }
        }
        exec_close(x);
        session_close(s);
    }
}

/* Of three sequences the second pauses, which ends it, and its place is then another's. */
static void a_sequence_without_tokens_is_forgotten(void **state)
{
    puma_session *s = open_session(FLOATING);
    exec         *x = open_exec(s, &decoder, MODEL_GENERATE);
    exec_output   out[3];
    double        first[LONGEST][V], third[LONGEST][V], anew[LONGEST][V];

    (void)state;
    logits(text, 4, first);
    logits(text + 4, 4, third);
    logits(text + 6, 2, anew);
    for (size_t step = 0; step < 3; step++) {
        const size_t     more = step == 0 ? 2 : 1, at = step == 0 ? 0 : step + 1;
        const exec_input in[] = { tokens(text + at, more),
                                  step == 0   ? tokens(text + 1, 3)
                                  : step == 1 ? tokens(NULL, 0)
                                              : tokens(text + 6, 2),
                                  tokens(text + 4 + at, more) };

        assert_int_equal(exec_feed(x, in, 3, out), PUMA_OK);
        assert_close(out[0].values, first[at + more - 1], V, 1e-9);
        assert_close(out[2].values, third[at + more - 1], V, 1e-9);
        if (step == 1) assert_null(out[1].values);
        if (step == 2) assert_close(out[1].values, anew[1], V, 1e-9);
        for (size_t i = 0; i < 3; i++) exec_output_free(&out[i]);
    }
    exec_close(x);
    session_close(s);
}

static void the_cache_takes_no_more_than_the_model(void **state)
{
    puma_session *s = open_session(FLOATING);
    exec         *x = open_exec(s, &decoder, MODEL_GENERATE);
    exec_input    whole = tokens(text, LONGEST), more = tokens(text, 1);
    exec_output   out;

    (void)state;
    assert_int_equal(exec_feed(x, &whole, 1, &out), PUMA_OK);
    exec_output_free(&out);
    assert_int_equal(exec_feed(x, &more, 1, &out), PUMA_EINTERNAL);
    assert_non_null(strstr(session_error(s)->text, "8 tokens, 1 more asked (limit 8)"));
    assert_null(out.values);
    exec_close(x);
    session_close(s);
}

static void sequences_go_on_as_many_as_they_were(void **state)
{
    puma_session    *s = open_session(FLOATING);
    exec            *x = open_exec(s, &decoder, MODEL_GENERATE);
    const exec_input in[] = { tokens(text, 1), tokens(text, 1) };
    exec_output      out[2];

    (void)state;
    assert_int_equal(exec_feed(x, in, 2, out), PUMA_OK);
    for (size_t i = 0; i < 2; i++) exec_output_free(&out[i]);
    assert_int_equal(exec_feed(x, in, 1, out), PUMA_EINTERNAL);
    exec_close(x);
    session_close(s);
}

/* --- the label --------------------------------------------------------------------------------- */

/* Of rows of five, the indices of the largest. */
static void assert_largest(int arithmetic, const double *values, size_t rows, const double *want)
{
    puma_session *s = open_session(arithmetic);
    puma_tensor  *z = s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ rows, 5 }, 64, 18);
    uint64_t      words[MOST];
    puma_share    index;

    for (size_t i = 0; i < rows * 5; i++) words[i] = puma_encode(s, values[i], 18, 64);
    assert_int_equal(session_share(s, z, words, s->role), PUMA_OK);
    index = exec_argmax(s, puma_promise(s, z, 4));
    assert_non_null(index);
    assert_int_equal(index->frac, 0);
    assert_int_equal(session_reveal(s, words, index, s->role), PUMA_OK);
    for (size_t i = 0; i < rows; i++)
        assert_int_equal(llround(puma_decode(s, words[i], 0, index->bits)), llround(want[i]));
    session_close(s);
}

static void of_equal_entries_the_first_is_the_largest(void **state)
{
    const double ulp = ldexp(1, -18);
    const double rows[] = { 1, 3, 2, 3, 3, /**/ -1, -1, -1, -1, -1, /**/ 0, 0, 0, 0, 4, /**/ 7, 0, 0, 7, 0 };
    const double near[] = { 1, 1, 1 + ulp, 1, 1, /**/ 1, 1, 1 + 2 * ulp, 1, 1 };

    (void)state;
    for (int arithmetic = FLOATING; arithmetic <= FIXED; arithmetic++)
        assert_largest(arithmetic, rows, 4, (const double[]){ 1, 0, 4, 0 });
    assert_largest(FIXED, near, 2,
                   (const double[]){ 0, 2 }); /* truncation may set equal entries an ulp apart */
    assert_largest(FLOATING, near, 2, (const double[]){ 2, 2 });
}

static void a_label_alone_is_revealed(void **state)
{
    puma_session      *s = open_session(FIXED);
    const model_source source = { &decoder, SIZE_MAX };
    const exec_config  c = {
         .model = &decoder, .task = MODEL_GENERATE, .reveal_label = true, .rings = rings_of(s, &decoder)
    };
    exec_input  in = tokens(text, 4);
    exec_output out;
    exec       *x;
    double      z[LONGEST][V];
    size_t      most = 0;

    (void)state;
    logits(text, 4, z);
    for (size_t i = 1; i < V; i++)
        if (z[3][i] > z[3][most]) most = i;
    assert_int_equal(exec_open(&x, s, &c, &source, NULL), PUMA_OK);
    assert_int_equal(exec_run(x, &in, 1, &out), PUMA_OK);
    assert_int_equal(out.rows * out.columns, 1);
    assert_int_equal(llround(out.values[0]), most);
    exec_output_free(&out);
    exec_close(x);
    session_close(s);
}

/* --- weights and rings ------------------------------------------------------------------------- */

static void a_weight_that_cannot_be_read_stops_the_start(void **state)
{
    puma_session *s = open_session(FIXED);
    exec_config   c = { .model = &decoder, .task = MODEL_LOGITS, .rings = rings_of(s, &decoder) };
    model_source  source = { &decoder, find(&decoder, "layer.down", ".weight", 1) };
    exec         *x;

    (void)state;
    assert_true(exec_open(&x, s, &c, &source, NULL) != PUMA_OK);
    assert_non_null(strstr(session_error(s)->text, "layer.down.weight is missing"));
    exec_close(x);
    session_close(s);
}

static void rings_are_as_narrow_as_their_consumers_allow(void **state)
{
    const puma_approx  softmax = { .struct_size = sizeof softmax, .input_bits = 10 };
    const puma_approx *function[PUMA_SLOT_COUNT] = { [PUMA_SLOT_SOFTMAX] = &softmax };
    rings              r;
    puma_error         e = { 0 };

    (void)state;
    assert_int_equal(rings_plan(&r, &decoder, opened("plain")->protocol, function, false, 64, 18, &e), PUMA_OK);
    assert_int_equal(r.wide, 64);
    assert_int_equal(r.table, 18 + 2 + 3);
    assert_int_equal(r.scores, 18 + 10);
    assert_int_equal(r.attention, 18 + 10 + 18); /* a product of 46 bits, truncated by 18, is one of 28 */
    assert_int_equal(r.inner, 2 * 18 + 6 + 2);
    assert_int_equal(r.logits, 18 + 6 + 3);
    assert_int_equal(r.activation, 64); /* a function that says nothing of its operand takes the widest */
}

static void a_tensor_that_no_ring_holds_is_named(void **state)
{
    const puma_approx *none[PUMA_SLOT_COUNT] = { NULL };
    const plugin      *plain = opened("plain");
    model              m = decoder;
    rings              r;
    puma_error         e = { 0 };

    (void)state;
    assert_int_equal(rings_plan(&r, &m, plain->protocol, none, false, 64, 18, &e), PUMA_OK);
    m.ranges.hidden = m.ranges.sums = 50;
    m.ranges.product = 20;
    assert_int_equal(rings_plan(&r, &m, plain->protocol, none, false, 64, 18, &e), PUMA_ENUMERIC);
    assert_int_equal(e.code, 1101);
    assert_non_null(strstr(e.text, "the residual stream needs 69 bits"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_go_in_and_their_rows_come_out),
        cmocka_unit_test(a_decoder_gives_the_logits_of_every_position),
        cmocka_unit_test(an_encoder_in_fixed_point_gives_its_rows),
        cmocka_unit_test(the_residual_stream_is_revealed_where_asked),
        cmocka_unit_test(several_sequences_in_one_pass_are_as_apart),
        cmocka_unit_test(tokens_fed_in_pieces_give_what_the_whole_gives),
        cmocka_unit_test(a_sequence_without_tokens_is_forgotten),
        cmocka_unit_test(the_cache_takes_no_more_than_the_model),
        cmocka_unit_test(sequences_go_on_as_many_as_they_were),
        cmocka_unit_test(of_equal_entries_the_first_is_the_largest),
        cmocka_unit_test(a_label_alone_is_revealed),
        cmocka_unit_test(a_weight_that_cannot_be_read_stops_the_start),
        cmocka_unit_test(rings_are_as_narrow_as_their_consumers_allow),
        cmocka_unit_test(a_tensor_that_no_ring_holds_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
