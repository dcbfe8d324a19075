/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* gguf_config.c - what a GGUF file's metadata say of a model, in the words of config.json.
 *
 * Keys of one family begin with its name: llama.block_count.  The families here are those whose tensors are
 * stored as Hugging Face stores them, up to the permutation that gguf.h tells of.
 *
 * model.c and input/ take it in place of config.json.  The JSON is the caller's, the open file is only read. */
#include "weights/gguf.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct family {
    const char *name; /* general.architecture and model_type                                         */
    const char *activation;
    bool        permuted; /* rows of attn_q and attn_k                                               */
    bool        flags;    /* attention_bias and mlp_bias; else query, key and value have biases      */
} family;

static const family FAMILIES[] = {
    { "llama", "silu", true, true },
    { "qwen2", "silu", false, false },
};

typedef struct writer {
    const gguf   *g;
    const family *family;
    json_t       *config;
    puma_error   *e;
} writer;

static puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory"); }

static puma_status find_family(const gguf *g, const family **found, puma_error *e)
{
    gguf_text name;

    *found = NULL;
    if (gguf_string(g, "general.architecture", &name, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++)
        if (gguf_equal(name, FAMILIES[i].name)) *found = &FAMILIES[i];
    if (!*found)
        return error_set(
            e, 404, "%s: general.architecture: %.*s is not supported in GGUF files (llama and qwen2 are)",
            gguf_name(g), name.size < 60 ? (int)name.size : 60, name.bytes);
    return PUMA_OK;
}

/* The key of the family: "llama." and the rest. */
static const char *own(const family *f, const char *rest, char to[static 96])
{
    snprintf(to, 96, "%s.%s", f->name, rest);
    return to;
}

static puma_status set(const writer *w, const char *key, json_t *value)
{
    if (w->e->status != PUMA_OK) {
        json_decref(value);
        return w->e->status;
    }
    return json_object_set_new(w->config, key, value) == 0 ? PUMA_OK : no_memory(w->e);
}

/* Copies a whole number.  One that is absent is the caller's to judge: false. */
static bool copy_size(const writer *w, const char *from, const char *to)
{
    uint64_t n;

    if (!gguf_has(w->g, from) || gguf_unsigned(w->g, from, &n, w->e) != PUMA_OK) return false;
    if (n > INT64_MAX)
        error_set(w->e, 403, "%s: %s: out of range (got %ju)", gguf_name(w->g), from, (uintmax_t)n);
    else
        set(w, to, json_integer((json_int_t)n));
    return w->e->status == PUMA_OK;
}

static void need_size(const writer *w, const char *rest, const char *to)
{
    char     key[96];
    uint64_t n;

    if (!copy_size(w, own(w->family, rest, key), to))
        gguf_unsigned(w->g, key, &n, w->e); /* says that it is missing */
}

static bool copy_number(const writer *w, const char *from, json_t *object, const char *to)
{
    double x;

    if (!gguf_has(w->g, from) || gguf_number(w->g, from, &x, w->e) != PUMA_OK) return false;
    if (json_object_set_new(object, to, json_real(x)) != 0) no_memory(w->e);
    return w->e->status == PUMA_OK;
}

/* Heads: all layers have the same number, and a head's width is hidden_size / heads unless it is told. */
static void write_heads(const writer *w)
{
    char     key[96], other[96];
    uint64_t length, values, turned, hidden, heads;

    need_size(w, "attention.head_count", "num_attention_heads");
    if (!copy_size(w, own(w->family, "attention.head_count_kv", key), "num_key_value_heads") &&
        !gguf_has(w->g, key))
        set(w, "num_key_value_heads", json_incref(json_object_get(w->config, "num_attention_heads")));
    if (w->e->status != PUMA_OK) return;
    hidden = (uint64_t)json_integer_value(json_object_get(w->config, "hidden_size"));
    heads = (uint64_t)json_integer_value(json_object_get(w->config, "num_attention_heads"));
    length = heads ? hidden / heads : 0;
    if (copy_size(w, own(w->family, "attention.key_length", key), "head_dim"))
        length = (uint64_t)json_integer_value(json_object_get(w->config, "head_dim"));
    if (gguf_has(w->g, own(w->family, "attention.value_length", other)) &&
        gguf_unsigned(w->g, other, &values, w->e) == PUMA_OK && values != length)
        error_set(w->e, 404,
                  "%s: %s: values of another length than keys are not supported (got %ju, keys have %ju)",
                  gguf_name(w->g), other, (uintmax_t)values, (uintmax_t)length);
    if (gguf_has(w->g, own(w->family, "rope.dimension_count", key)) &&
        gguf_unsigned(w->g, key, &turned, w->e) == PUMA_OK && turned != length)
        error_set(w->e, 404,
                  "%s: %s: a rotary embedding of part of a head is not supported (got %ju, heads have %ju)",
                  gguf_name(w->g), key, (uintmax_t)turned, (uintmax_t)length);
}

/* --- rotary positions ------------------------------------------------------------------------- */

/* A number of the family's own key; *x stays when there is none. */
static void read_own(const writer *w, const char *rest, double *x)
{
    char key[96];

    if (w->e->status == PUMA_OK && gguf_has(w->g, own(w->family, rest, key))) gguf_number(w->g, key, x, w->e);
}

/* The family's key must be absent or have the one value at which it changes nothing that is built. */
static void must_be(const writer *w, const char *rest, double neutral)
{
    char   key[96];
    double x = neutral;

    read_own(w, rest, &x);
    if (w->e->status == PUMA_OK && !(fabs(x - neutral) <= 0))
        error_set(w->e, 404, "%s: %s: %g is not supported (%g is)", gguf_name(w->g),
                  own(w->family, rest, key), x, neutral);
}

/* rope.scaling.factor, or scale_linear as it was called; 0 and no key at all are 1. */
static double read_factor(const writer *w)
{
    char   key[96];
    double factor = 0;

    read_own(w,
             gguf_has(w->g, own(w->family, "rope.scaling.factor", key)) ? "rope.scaling.factor"
                                                                        : "rope.scale_linear",
             &factor);
    return factor > 0 || factor < 0 ? factor : 1;
}

static void add_number(const writer *w, json_t *object, const char *key, double x)
{
    if (json_object_set_new(object, key, json_real(x)) != 0) no_memory(w->e);
}

/* llama.cpp multiplies what YaRN makes of the factor by attn_factor; config.json has the product. */
static void describe_yarn(const writer *w, json_t *scaling, double factor)
{
    char   key[96];
    double warm = 1, warmer = 1, fast = 32, slow = 1;

    must_be(w, "rope.scaling.yarn_ext_factor", 1);
    must_be(w, "rope.scaling.yarn_log_multiplier", 0);
    read_own(w, "rope.scaling.attn_factor", &warm);
    read_own(w, "rope.scaling.yarn_attn_factor", &warmer);
    read_own(w, "rope.scaling.yarn_beta_fast", &fast);
    read_own(w, "rope.scaling.yarn_beta_slow", &slow);
    add_number(w, scaling, "factor", factor);
    add_number(w, scaling, "beta_fast", fast);
    add_number(w, scaling, "beta_slow", slow);
    if (factor >= 1) add_number(w, scaling, "attention_factor", warm * warmer * (1 + 0.1 * log(factor)));
    if (gguf_has(w->g, own(w->family, "rope.scaling.original_context_length", key))) {
        uint64_t context = 0;

        if (gguf_unsigned(w->g, key, &context, w->e) == PUMA_OK)
            add_number(w, scaling, "original_max_position_embeddings", (double)context);
    }
}

/* LLaMA 3's scaling is not written down as numbers but as a tensor of divisors made from them. */
static void describe_factors(const writer *w, json_t *scaling, double factor)
{
    size_t        count;
    const double *divisor = gguf_rope_factors(w->g, &count);
    json_t       *list = json_array();

    for (size_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, json_real(isfinite(divisor[i]) ? divisor[i] * factor : 0)) != 0)
            no_memory(w->e);
    if (!list || json_object_set_new(scaling, "short_factor", list) != 0) no_memory(w->e);
    add_number(w, scaling, "factor", 1);
    add_number(w, scaling, "attention_factor", 1);
}

/* How frequencies are scaled.  A file that has a factor and no type means the linear way, as llama.cpp reads
 * it. */
static void write_scaling(const writer *w)
{
    char      key[96], name[64] = "linear";
    gguf_text type;
    double    factor = read_factor(w);
    size_t    divisors = 0;
    json_t   *scaling;
    bool      yarn;

    gguf_rope_factors(w->g, &divisors);
    if (gguf_has(w->g, own(w->family, "rope.scaling.type", key)) &&
        gguf_string(w->g, key, &type, w->e) == PUMA_OK)
        snprintf(name, sizeof name, "%.*s", type.size < sizeof name ? (int)type.size : (int)sizeof name - 1,
                 type.bytes);
    yarn = strcmp(name, "yarn") == 0;
    if (strcmp(name, "none") == 0) factor = 1;
    if (w->e->status == PUMA_OK && strcmp(name, "none") != 0 && strcmp(name, "linear") != 0 && !yarn)
        error_set(w->e, 404, "%s: %s: %s is not supported (known: none, linear, yarn)", gguf_name(w->g), key,
                  name);
    if (w->e->status == PUMA_OK && yarn && divisors > 0)
        error_set(w->e, 404, "%s: tensor rope_freqs.weight: not supported beside %s = yarn", gguf_name(w->g),
                  key);
    if (!yarn) must_be(w, "rope.scaling.attn_factor", 1);
    if (w->e->status != PUMA_OK || (!yarn && divisors == 0 && !(factor > 1) && !(factor < 1))) return;
    scaling = json_object();
    if (!scaling || json_object_set_new(scaling, "rope_type",
                                        json_string(yarn       ? "yarn"
                                                    : divisors ? "longrope"
                                                               : "linear")) != 0)
        no_memory(w->e);
    else if (yarn)
        describe_yarn(w, scaling, factor);
    else if (divisors)
        describe_factors(w, scaling, factor);
    else
        add_number(w, scaling, "factor", factor);
    set(w, "rope_scaling", scaling);
}

static void write_rope(const writer *w)
{
    char key[96];

    if (!copy_number(w, own(w->family, "rope.freq_base", key), w->config, "rope_theta"))
        set(w, "rope_theta", json_real(10000));
    for (size_t i = 0; i < 2 && w->e->status == PUMA_OK; i++) {
        static const char *const lists[] = { "rope_factors_long.weight", "rope_factors_short.weight" };

        if (gguf_tensor_find(w->g, lists[i]))
            error_set(w->e, 404,
                      "%s: tensor %s: longrope is read from a config.json beside the file, and there is none",
                      gguf_name(w->g), lists[i]);
    }
    if (w->e->status == PUMA_OK) write_scaling(w);
}

/* --- tensors ---------------------------------------------------------------------------------- */

typedef enum part_kind { MATRIX, INPUT_BIAS, OUTPUT_BIAS, MLP_BIAS, PART_KINDS } part_kind;

/* What a layer may have. */
static const struct {
    const char *name;
    part_kind   kind;
} PARTS[] = {
    { "attn_norm.weight", MATRIX },      { "attn_q.weight", MATRIX },      { "attn_k.weight", MATRIX },
    { "attn_v.weight", MATRIX },         { "attn_output.weight", MATRIX }, { "ffn_norm.weight", MATRIX },
    { "ffn_gate.weight", MATRIX },       { "ffn_up.weight", MATRIX },      { "ffn_down.weight", MATRIX },
    { "attn_rot_embd", MATRIX }, /* angles that older writers left in, not read by anyone */
    { "attn_q.bias", INPUT_BIAS },       { "attn_k.bias", INPUT_BIAS },    { "attn_v.bias", INPUT_BIAS },
    { "attn_output.bias", OUTPUT_BIAS }, { "ffn_gate.bias", MLP_BIAS },    { "ffn_up.bias", MLP_BIAS },
    { "ffn_down.bias", MLP_BIAS },
};

/* A tensor that the family's architecture does not read would be left out of the computation without a word:
 * a bias that only some matrices have, norms of queries, experts. */
static bool is_read(const char *name, const bool has[PART_KINDS])
{
    static const char *const apart[] = { "token_embd.weight", "output_norm.weight", "output.weight",
                                         "rope_freqs.weight" };

    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if (strcmp(name, apart[i]) == 0) return true;
    if (strncmp(name, "blk.", 4) != 0) return false;
    name += 4 + strspn(name + 4, "0123456789");
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        if (has[PARTS[i].kind] && *name == '.' && strcmp(name + 1, PARTS[i].name) == 0) return true;
    return false;
}

static void check_tensors(const writer *w)
{
    bool all = json_is_true(json_object_get(w->config, "attention_bias"));
    bool has[PART_KINDS] = { [MATRIX] = true,
                             [INPUT_BIAS] = all || !w->family->flags,
                             [OUTPUT_BIAS] = all && w->family->flags,
                             [MLP_BIAS] =
                                 w->family->flags && json_is_true(json_object_get(w->config, "mlp_bias")) };

    for (size_t i = 0; i < gguf_tensors(w->g) && w->e->status == PUMA_OK; i++)
        if (!is_read(gguf_tensor_at(w->g, i)->name, has))
            error_set(w->e, 404, "%s: tensor %.120s: %s models with such a part are not supported",
                      gguf_name(w->g), gguf_tensor_at(w->g, i)->name, w->family->name);
}

/* What the tensors themselves say: the vocabulary, whether the head has a matrix of its own, biases. */
static void write_tensors(const writer *w)
{
    const gguf_tensor *table = gguf_tensor_find(w->g, "token_embd.weight");
    char               key[96];
    uint64_t           told;

    if (w->e->status != PUMA_OK) return;
    if (!table || table->rank != 2) {
        error_set(w->e, 420, "%s: tensor token_embd.weight: missing, or not a matrix", gguf_name(w->g));
        return;
    }
    if (gguf_has(w->g, own(w->family, "vocab_size", key)) &&
        gguf_unsigned(w->g, key, &told, w->e) == PUMA_OK && told != table->dim[0])
        error_set(w->e, 421, "%s: tensor token_embd.weight: %zu rows, but %s is %ju", gguf_name(w->g),
                  table->dim[0], key, (uintmax_t)told);
    set(w, "vocab_size", json_integer((json_int_t)table->dim[0]));
    set(w, "tie_word_embeddings", json_boolean(!gguf_tensor_find(w->g, "output.weight")));
    set(w, "attention_bias", json_boolean(gguf_tensor_find(w->g, "blk.0.attn_output.bias") != NULL));
    set(w, "mlp_bias", json_boolean(gguf_tensor_find(w->g, "blk.0.ffn_up.bias") != NULL));
    check_tensors(w);
}

/* Keys with which later models change the computation, and what they are where they do not. */
static const struct {
    const char *rest;
    double      value;
} NEUTRAL[] = {
    { "attn_logit_softcapping", 0 },   { "final_logit_softcapping", 0 }, { "logit_scale", 1 },
    { "residual_scale", 1 },           { "embedding_scale", 1 },         { "attention.clamp_kqv", 0 },
    { "attention.max_alibi_bias", 0 },
};

puma_status gguf_config(const gguf *g, json_t **config, puma_error *e)
{
    writer   w = { .g = g, .e = e };
    char     key[96];
    uint64_t n;

    *config = NULL;
    if (find_family(g, &w.family, e) != PUMA_OK) return e->status;
    /* A file of one part of many has the metadata of all and the tensors of some. */
    if (gguf_has(g, "split.count") && gguf_unsigned(g, "split.count", &n, e) == PUMA_OK && n > 1)
        return error_set(e, 404, "%s: split.count: a file of several parts is not supported: merge them into one", gguf_name(g));
    if (gguf_has(g, own(w.family, "expert_count", key)) && gguf_unsigned(g, key, &n, e) == PUMA_OK && n > 0)
        return error_set(e, 404, "%s: %s: experts are not supported", gguf_name(g), key);
    w.config = json_object();
    if (!w.config) return no_memory(e);
    set(&w, "model_type", json_string(w.family->name));
    set(&w, "hidden_act", json_string(w.family->activation));
    need_size(&w, "block_count", "num_hidden_layers");
    need_size(&w, "embedding_length", "hidden_size");
    need_size(&w, "feed_forward_length", "intermediate_size");
    need_size(&w, "context_length", "max_position_embeddings");
    write_heads(&w);
    if (!copy_number(&w, own(w.family, "attention.layer_norm_rms_epsilon", key), w.config, "rms_norm_eps"))
        gguf_number(g, key, &(double){ 0 }, e);
    write_rope(&w);
    write_tensors(&w);
    for (size_t i = 0; i < sizeof NEUTRAL / sizeof *NEUTRAL; i++)
        must_be(&w, NEUTRAL[i].rest, NEUTRAL[i].value);
    copy_size(&w, own(w.family, "attention.sliding_window", key), "sliding_window");
    copy_size(&w, "tokenizer.ggml.bos_token_id", "bos_token_id");
    copy_size(&w, "tokenizer.ggml.eos_token_id", "eos_token_id");
    if (e->status != PUMA_OK) {
        json_decref(w.config);
        return e->status;
    }
    *config = w.config;
    return PUMA_OK;
}

puma_status gguf_permuted(const gguf *g, const gguf_tensor *t, size_t *head, puma_error *e)
{
    const family *f;
    const char   *rest;
    char          key[96];
    uint64_t      heads;
    size_t        digits;
    bool          query;

    *head = 0;
    if (strncmp(t->name, "blk.", 4) != 0) return PUMA_OK;
    digits = strspn(t->name + 4, "0123456789");
    rest = t->name + 4 + digits;
    query = strcmp(rest, ".attn_q.weight") == 0 || strcmp(rest, ".attn_q.bias") == 0;
    if (!query && strcmp(rest, ".attn_k.weight") != 0 && strcmp(rest, ".attn_k.bias") != 0) return PUMA_OK;
    if (find_family(g, &f, e) != PUMA_OK) return e->status;
    if (!f->permuted) return PUMA_OK;
    own(f, query ? "attention.head_count" : "attention.head_count_kv", key);
    if (!query && !gguf_has(g, key)) own(f, "attention.head_count", key);
    if (gguf_unsigned(g, key, &heads, e) != PUMA_OK) return e->status;
    if (heads == 0 || t->rank == 0 || t->dim[0] % heads != 0 || t->dim[0] / heads % 2 != 0)
        return error_set(
            e, 413, "%s: tensor %.120s: its rows are not %ju heads of an even number of rows each (got %zu)",
            gguf_name(g), t->name, (uintmax_t)heads, t->rank ? t->dim[0] : 1);
    *head = t->dim[0] / (size_t)heads;
    return PUMA_OK;
}
