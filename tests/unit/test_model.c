/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_model.c - config.json, an architecture file and a checkpoint become one list of checked tensors. */
#include "model/model.h"
#include "weights/weights.h"
#include "../support/scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ARCHITECTURES PUMA_SRCDIR "/models"
#define GOLDEN PUMA_SRCDIR "/tests/golden/models/"

static model *opened(const char *directory, const char *architecture, model_task task)
{
    puma_error e = { 0 };
    model     *m;

    model_open(&m, directory, architecture, ARCHITECTURES, task, &e);
    assert_string_equal(e.text, "");
    assert_non_null(m);
    return m;
}

static void refused(const char *directory, const char *architecture, const char *architectures,
                    model_task task, unsigned code, const char *part)
{
    puma_error e = { 0 };
    model     *m;

    assert_int_equal(model_open(&m, directory, architecture, architectures, task, &e), code / 100);
    assert_null(m);
    if (e.code != code || !strstr(e.text, part))
        fail_msg("expected %u with \"%s\", got %u: %s", code, part, e.code, e.text);
}

/* --- the tiny checkpoints --------------------------------------------------------------------- */

/* A model is opened from config.json alone; its source then has the weights. */
static void reads_the_tiny_checkpoints(void **state)
{
    static const struct {
        const char      *name;
        size_t           types, labels, offset, positions, tensors;
        double           epsilon;
        model_activation head;
        const char      *first, *last;
    } tiny[] = {
        { "bert", 2, 2, 0, 128, 41, 1e-12, MODEL_TANH, "bert.embeddings.word_embeddings.weight",
          "classifier.bias" },
        { "roberta", 1, 3, 2, 130, 41, 1e-5, MODEL_TANH, "roberta.embeddings.word_embeddings.weight",
          "classifier.out_proj.bias" },
        { "distilbert", 0, 2, 0, 128, 40, 1e-12, MODEL_RELU, "distilbert.embeddings.word_embeddings.weight",
          "classifier.bias" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) {
        char          directory[200];
        puma_error    e = { 0 };
        model        *m;
        model_source *s;
        weights      *w;
        size_t        numbers = 0;

        snprintf(directory, sizeof directory, GOLDEN "%s-tiny", tiny[i].name);
        m = opened(directory, "auto", MODEL_CLASSIFY);
        assert_string_equal(m->architecture, tiny[i].name);
        assert_int_equal(m->layers, 2);
        assert_int_equal(m->hidden, 64);
        assert_int_equal(m->heads, 4);
        assert_int_equal(m->intermediate, 256);
        assert_int_equal(m->vocabulary, 1000);
        assert_int_equal(m->positions, tiny[i].positions);
        assert_int_equal(m->position_offset, tiny[i].offset);
        assert_int_equal(m->max_tokens, 128);
        assert_int_equal(m->types, tiny[i].types);
        assert_int_equal(m->labels, tiny[i].labels);
        assert_true(m->epsilon == tiny[i].epsilon && m->initializer_range == 0.2);
        assert_int_equal(m->activation, MODEL_GELU);
        assert_true(m->head_dense);
        assert_int_equal(m->head_activation, tiny[i].head);
        assert_int_equal(m->tensor_count, tiny[i].tensors);
        assert_null(model_note(m));
        model_source_checkpoint(&s, m, directory, &e);
        assert_string_equal(e.text, "");
        assert_null(model_unused(s));
        assert_string_equal(model_stored_name(s, 0), tiny[i].first);
        assert_string_equal(model_stored_name(s, m->tensor_count - 1), tiny[i].last);
        weights_open(&w, directory, &e);
        for (size_t t = 0; t < m->tensor_count; t++) {
            const weights_info *info = weights_find(w, model_stored_name(s, t));
            double             *values, *same = calloc(info->n, sizeof *same), largest = 0;
            size_t              where;

            assert_int_equal(model_values(s, t, &values, &e), PUMA_OK);
            assert_int_equal(weights_read(w, info, same, &e), PUMA_OK);
            assert_memory_equal(values, same, info->n * sizeof *same);
            for (size_t k = 0; k < info->n; k++) largest = fmax(largest, fabs(values[k]));
            assert_true(model_max_abs(s, t, &where) == largest && fabs(values[where]) == largest);
            numbers += info->n;
            free(values);
            free(same);
        }
        assert_int_equal(numbers, model_parameters(m));
        weights_close(w);
        model_source_close(s);
        model_close(m);
    }
}

static void lists_tensors_in_the_order_of_the_layers(void **state)
{
    static const char *const roles[] = {
        "embedding.token",
        "embedding.position",
        "embedding.type",
        "embedding.norm.gain",
        "embedding.norm.bias",
        "layer.query.weight",
        "layer.query.bias",
        "layer.key.weight",
        "layer.key.bias",
        "layer.value.weight",
        "layer.value.bias",
        "layer.output.weight",
        "layer.output.bias",
        "layer.attention_norm.gain",
        "layer.attention_norm.bias",
        "layer.up.weight",
        "layer.up.bias",
        "layer.down.weight",
        "layer.down.bias",
        "layer.mlp_norm.gain",
        "layer.mlp_norm.bias",
    };
    model *m;

    (void)state;
    m = opened(GOLDEN "bert-tiny", "bert", MODEL_EMBED);
    assert_int_equal(m->tensor_count, 5 + 2 * 16);
    for (size_t i = 0; i < m->tensor_count; i++) {
        const model_tensor *t = &m->tensors[i];

        assert_string_equal(t->role, roles[i < 21 ? i : i - 16]);
        assert_int_equal(t->layer, i < 5 ? -1 : i < 21 ? 0 : 1);
        assert_int_equal(t->rank, strstr(t->role, ".bias") || strstr(t->role, ".gain") ? 1 : 2);
        assert_false(t->transposed);
    }
    assert_int_equal(m->tensors[15].dim[0], 256); /* layer.up.weight: (out, in) */
    assert_int_equal(m->tensors[15].dim[1], 64);
    assert_int_equal(m->tensors[16].dim[0], 256);
    assert_int_equal(m->tensors[17].dim[0], 64); /* layer.down.weight */
    assert_int_equal(m->tensors[17].dim[1], 256);
    assert_string_equal(m->tensors[21].name, "encoder.layer.1.attention.self.query.weight");
    assert_int_equal(m->labels, 0);
    assert_false(m->head_dense);
    model_close(m);
    m = opened(GOLDEN "distilbert-tiny", "auto", MODEL_LOGITS);
    assert_string_equal(m->tensors[m->tensor_count - 4].role, "head.dense.weight");
    assert_string_equal(m->tensors[m->tensor_count - 4].name, "pre_classifier.weight");
    assert_string_equal(m->tensors[m->tensor_count - 1].role, "head.out.bias");
    model_close(m);
}

/* 110 million parameters are a matter of a small text file.  The counts are those of the published encoders,
 * without pooler and head. */
static void opens_a_shape_without_weights(void **state)
{
    static const struct {
        const char *name;
        size_t      layers, tokens, parameters;
    } shapes[] = {
        { "bert-base", 12, 512, 108891648 },
        { "bert-large", 24, 512, 334092288 },
        { "roberta-base", 12, 512, 124055040 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char          path[200];
        puma_error    e = { 0 };
        model_source *s;
        model        *m;

        snprintf(path, sizeof path, PUMA_SRCDIR "/models/shapes/%s.json", shapes[i].name);
        m = opened(path, "auto", MODEL_HIDDEN);
        assert_int_equal(m->layers, shapes[i].layers);
        assert_int_equal(m->max_tokens, shapes[i].tokens);
        assert_int_equal(model_parameters(m), shapes[i].parameters);
        assert_int_equal(model_source_synthetic(&s, m, 7, &e), PUMA_OK);
        model_source_close(s);
        model_close(m);
    }
}

/* --- config.json ------------------------------------------------------------------------------ */

#define CONFIG(more)                                                                                         \
    "{\"model_type\":\"bert\",\"num_hidden_layers\":2,\"hidden_size\":6,\"num_attention_heads\":3,"          \
    "\"intermediate_size\":10,\"vocab_size\":11,\"max_position_embeddings\":8,\"hidden_act\":\"gelu\"" more  \
    "}"

static void write_config_without(const char *key, const char *value)
{
    static const char *const keys[][2] = {
        { "model_type", "\"bert\"" },       { "num_hidden_layers", "2" },  { "hidden_size", "6" },
        { "num_attention_heads", "3" },     { "intermediate_size", "10" }, { "vocab_size", "11" },
        { "max_position_embeddings", "8" }, { "hidden_act", "\"gelu\"" },
    };
    FILE *f = fopen(in_scratch("config.json"), "w");
    bool  comma = false;

    assert_non_null(f);
    fputs("{", f);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i][0], key) == 0) continue;
        fprintf(f, "%s\"%s\":%s", comma ? "," : "", keys[i][0], keys[i][1]);
        comma = true;
    }
    if (value) fprintf(f, ",\"%s\":%s", key, value);
    fputs("}", f);
    fclose(f);
}

static void refuses_bad_config_values(void **state)
{
    static const struct {
        const char *key, *value;
        unsigned    code;
        const char *part;
    } bad[] = {
        { "hidden_size", "0", 403, "config.json: hidden_size: out of range (got 0" },
        { "hidden_size", "-1", 403, "config.json: hidden_size: out of range (got -1" },
        { "hidden_size", "2147483648", 403, "hidden_size: out of range (got 2147483648" },
        { "hidden_size", "768.5", 403, "hidden_size: not a whole number (got 768.5)" },
        { "hidden_size", "768.0", 403, "hidden_size: not a whole number (got 768.0)" },
        { "hidden_size", "\"768\"", 403, "hidden_size: not a whole number (got \"768\")" },
        { "hidden_size", "null", 403, "hidden_size: null" },
        { "hidden_size", NULL, 403, "hidden_size: missing" },
        { "hidden_size", "[6]", 403, "hidden_size: not a whole number" },
        { "hidden_size", "true", 403, "hidden_size: not a whole number" },
        { "hidden_size", "99999999999999999999", 402, "too big integer" },
        { "hidden_size", "8", 403, "not a multiple of the number of heads (got 8 and 3)" },
        { "num_attention_heads", "0", 403, "num_attention_heads: out of range" },
        { "num_hidden_layers", "0", 403, "num_hidden_layers: out of range" },
        { "num_hidden_layers", "5000", 403, "limit 4096; predicted memory" },
        { "num_hidden_layers", "1000000000", 403, "limit 4096; predicted memory" },
        { "vocab_size", "0", 403, "vocab_size: out of range" },
        { "vocab_size", "1099511627776", 405, "predicted memory" },
        { "intermediate_size", "1099511627776", 405, "predicted memory" },
        { "intermediate_size", "9223372036854775807", 403, "intermediate_size: out of range" },
        { "max_position_embeddings", "0", 403, "max_position_embeddings: out of range" },
        { "type_vocab_size", "0", 403, "type_vocab_size: out of range" },
        { "model_type", "7", 403, "model_type: not a string" },
        { "model_type", NULL, 403, "model_type: missing" },
        { "model_type", "\"mamba\"", 404,
          "\"mamba\" is not supported (known: albert, bert, distilbert, electra, gemma, gpt2, llama, "
          "mistral, mpnet, qwen2, roberta, xlm-roberta, camembert, vit)" },
        { "hidden_act", "\"quick_gelu\"", 404,
          "hidden_act: \"quick_gelu\" is not supported (known: gelu, gelu_new" },
        { "hidden_act", "7", 403, "hidden_act: not the name of a function" },
        { "hidden_act", NULL, 403, "hidden_act: missing" },
        { "layer_norm_eps", "-1e-12", 403, "layer_norm_eps: out of range" },
        { "layer_norm_eps", "\"1e-12\"", 403, "layer_norm_eps: not a number" },
        { "layer_norm_eps", "NaN", 402, "config.json:1:" },
        { "layer_norm_eps", "1e999", 402, "config.json:1:" },
        { "initializer_range", "-0.02", 403, "initializer_range: out of range" },
        { "position_embedding_type", "\"relative_key\"", 404,
          "position_embedding_type: \"relative_key\" is not supported (supported: \"absolute\")" },
        { "is_decoder", "true", 404, "is_decoder: true is not supported" },
        { "add_cross_attention", "true", 404, "add_cross_attention" },
        { "pruned_heads", "{\"0\":[1]}", 404, "pruned_heads" },
        { "id2label", "{}", 403, "id2label: it lists no label" },
        { "id2label", "\"a\"", 403, "id2label: not a whole number" },
        { "num_labels", "0", 403, "num_labels: out of range" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_config_without(bad[i].key, bad[i].value);
        refused(scratch, "auto", ARCHITECTURES, MODEL_LOGITS, bad[i].code, bad[i].part);
    }
    put_text("config.json", "[]");
    refused(scratch, "auto", ARCHITECTURES, MODEL_EMBED, 402, "config.json: not a JSON object");
    put_text("config.json", CONFIG(",\"hidden_size\":6"));
    refused(scratch, "auto", ARCHITECTURES, MODEL_EMBED, 402, "duplicate");
    put_text("config.json", CONFIG("") "}");
    refused(scratch, "auto", ARCHITECTURES, MODEL_EMBED, 402, "config.json:1:");
    unlink(in_scratch("config.json"));
    refused(scratch, "auto", ARCHITECTURES, MODEL_EMBED, 402, "config.json: No such file");
    refused("/nowhere", "auto", ARCHITECTURES, MODEL_EMBED, 401, "/nowhere: No such file");
    put_text("x.gguf", "GGUF");
    refused(in_scratch("x.gguf"), "auto", ARCHITECTURES, MODEL_EMBED, 410, "too short: not GGUF");
}

static void accepts_what_is_legal(void **state)
{
    static const struct {
        const char *key, *value;
    } good[] = {
        { "layer_norm_eps", "0" },
        { "layer_norm_eps", "1e-12" },
        { "layer_norm_eps", "1e-30" },
        { "is_decoder", "false" },
        { "is_decoder", "null" },
        { "position_embedding_type", "\"absolute\"" },
        { "pruned_heads", "{}" },
        { "num_labels", "5" },
        { "id2label", "{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\",\"3\":\"d\",\"4\":\"e\"}" },
        { "id2label", "[1,2,3,4,5]" },
        { "tie_word_embeddings", "false" },
        { "unknown key", "[[]]" },
    };
    static const struct {
        const char      *name;
        model_activation activation;
    } functions[] = {
        { "\"gelu\"", MODEL_GELU },
        { "\"gelu_new\"", MODEL_GELU_TANH },
        { "\"gelu_pytorch_tanh\"", MODEL_GELU_TANH },
        { "\"relu\"", MODEL_RELU },
        { "\"silu\"", MODEL_SILU },
        { "\"swish\"", MODEL_SILU },
    };
    model *m;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        write_config_without(good[i].key, good[i].value);
        m = opened(scratch, "auto", MODEL_LOGITS);
        assert_int_equal(m->heads, 3);
        assert_int_equal(m->types, 2);
        assert_true(m->initializer_range == 0.02);
        assert_true(m->epsilon == (i == 0 ? 0 : i == 2 ? 1e-30 : 1e-12));
        assert_int_equal(m->labels, i >= 7 && i <= 9 ? 5 : 2);
        model_close(m);
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        write_config_without("hidden_act", functions[i].name);
        m = opened(scratch, "auto", MODEL_EMBED);
        assert_int_equal(m->activation, functions[i].activation);
        model_close(m);
    }
    put_text("config.json", CONFIG(",\"auto_map\":{\"AutoModel\":\"evil.py\"}"));
    m = opened(scratch, "auto", MODEL_EMBED);
    assert_non_null(strstr(model_note(m), "auto_map is ignored"));
    model_close(m);
    /* An architecture that is named does not ask for the type. */
    write_config_without("model_type", "\"mamba\"");
    m = opened(scratch, "roberta", MODEL_EMBED);
    assert_int_equal(m->position_offset, 2);
    assert_int_equal(m->types, 1);
    model_close(m);
    put_text("config.json", CONFIG(",\"pad_token_id\":4"));
    m = opened(scratch, "roberta", MODEL_EMBED);
    assert_int_equal(m->position_offset, 5);
    assert_int_equal(m->max_tokens, 3);
    model_close(m);
    put_text("config.json", CONFIG(",\"pad_token_id\":7"));
    refused(scratch, "roberta", ARCHITECTURES, MODEL_EMBED, 403, "no position is left for a token");
    put_text("config.json", CONFIG(",\"pad_token_id\":-1"));
    refused(scratch, "roberta", ARCHITECTURES, MODEL_EMBED, 403, "pad_token_id: out of range");
}

/* --- decoders --------------------------------------------------------------------------------- */

#define DECODER(type, more)                                                                                  \
    "{\"model_type\":\"" type "\",\"num_hidden_layers\":3,\"hidden_size\":24,\"num_attention_heads\":4,"     \
    "\"intermediate_size\":40,\"vocab_size\":53,\"max_position_embeddings\":64" more "}"

static const model_tensor *tensor_of(const model *m, const char *role)
{
    for (size_t i = 0; i < m->tensor_count; i++)
        if (strcmp(m->tensors[i].role, role) == 0) return &m->tensors[i];
    return NULL;
}

static void reads_decoders(void **state)
{
    const model_tensor *t;
    model              *m;

    (void)state;
    put_text("config.json", DECODER("llama", ",\"num_key_value_heads\":1,\"head_dim\":10"));
    m = opened(scratch, "auto", MODEL_GENERATE);
    assert_true(m->causal && m->gated && !m->tied && m->norm == MODEL_RMSNORM && m->place == MODEL_PRE_NORM);
    assert_int_equal(m->kv_heads, 1);
    assert_int_equal(m->head_dim, 10);
    assert_int_equal(m->labels, 53);
    assert_int_equal(m->max_tokens, 64);
    t = tensor_of(m, "layer.query.weight");
    assert_true(t && t->dim[0] == 40 && t->dim[1] == 24);
    t = tensor_of(m, "layer.key.weight");
    assert_true(t && t->dim[0] == 10 && t->dim[1] == 24);
    t = tensor_of(m, "layer.output.weight");
    assert_true(t && t->dim[0] == 24 && t->dim[1] == 40);
    assert_null(tensor_of(m, "layer.query.bias"));
    assert_null(tensor_of(m, "layer.up.bias"));
    assert_non_null(tensor_of(m, "head.out.weight"));
    for (size_t i = 0; i < 5; i++) assert_true(fabs(m->rotary[i] - pow(10000, -0.2 * (double)i)) < 1e-15);
    model_close(m);
    /* Biases where the file says so, no head of its own, and hidden / heads where no width is given. */
    put_text("config.json",
               DECODER("llama", ",\"attention_bias\":true,\"mlp_bias\":true,\"tie_word_embeddings\":true,"
                                "\"head_dim\":null,\"rope_theta\":100.0"));
    m = opened(scratch, "auto", MODEL_LOGITS);
    assert_true(m->tied && m->head_dim == 6 && m->kv_heads == 4);
    assert_non_null(tensor_of(m, "layer.output.bias"));
    assert_non_null(tensor_of(m, "layer.gate.bias"));
    assert_null(tensor_of(m, "head.out.weight"));
    assert_true(fabs(m->rotary[1] - pow(100, -1.0 / 3)) < 1e-15);
    model_close(m);
    put_text("config.json", DECODER("gemma", ",\"head_dim\":8"));
    m = opened(scratch, "auto", MODEL_GENERATE);
    assert_true(m->gain_offset == 1 && fabs(m->embedding_scale - sqrt(24)) < 1e-15 && m->tied);
    assert_int_equal(m->activation, MODEL_GELU_TANH);
    model_close(m);
    put_text("config.json",
               "{\"model_type\":\"gpt2\",\"n_layer\":1,\"n_embd\":12,\"n_head\":3,\"vocab_size\":9,"
               "\"n_positions\":16,\"n_inner\":null}");
    m = opened(scratch, "auto", MODEL_GENERATE);
    assert_int_equal(m->intermediate, 48);
    assert_null(m->rotary);
    t = tensor_of(m, "layer.qkv.weight");
    assert_true(t && t->transposed && t->dim[0] == 36 && t->dim[1] == 12);
    assert_string_equal(t->name, "h.0.attn.c_attn.weight");
    model_close(m);
}

static void reads_windows(void **state)
{
    static const struct {
        const char *text;
        size_t      window[3];
    } some[] = {
        { DECODER("mistral", ",\"sliding_window\":5"), { 5, 5, 5 } },
        { DECODER("mistral", ",\"sliding_window\":null"), { 0, 0, 0 } },
        { DECODER("llama", ""), { 0, 0, 0 } },
        { DECODER("qwen2", ",\"sliding_window\":4,\"max_window_layers\":0"), { 0, 0, 0 } },
        { DECODER("qwen2", ",\"sliding_window\":4,\"use_sliding_window\":true,\"max_window_layers\":1"),
          { 0, 4, 4 } },
        { DECODER("qwen2", ",\"sliding_window\":4,\"use_sliding_window\":true,\"layer_types\":["
                           "\"sliding_attention\",\"full_attention\",\"sliding_attention\"]"),
          { 4, 0, 4 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        model *m;

        put_text("config.json", some[i].text);
        m = opened(scratch, "auto", MODEL_GENERATE);
        for (size_t k = 0; k < 3; k++) assert_int_equal(m->window[k], some[i].window[k]);
        model_close(m);
    }
}

/* LLaMA 3: a wave of less than context / high stays, one of more than context / low is `factor` times as
 * long. */
static void scales_rotary_angles(void **state)
{
#define LLAMA3 "\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4"
    static const char *const both[] = {
        DECODER("llama",
                ",\"rope_theta\":1000,\"rope_scaling\":{" LLAMA3 ",\"original_max_position_embeddings\":32}"),
        DECODER("llama", ",\"rope_parameters\":{\"rope_theta\":1000," LLAMA3
                         ",\"original_max_position_embeddings\":32}"),
    };
    model *m;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        put_text("config.json", both[i]);
        m = opened(scratch, "auto", MODEL_GENERATE);
        /* Turns in 32 positions: 5.1 (kept), 0.51 (8 times as long), 0.05. */
        assert_true(m->rotary[0] == 1);
        assert_true(fabs(m->rotary[1] - 0.1 / 8) < 1e-15 && fabs(m->rotary[2] - 0.01 / 8) < 1e-15);
        model_close(m);
    }
    put_text("config.json", DECODER("llama", ",\"rope_theta\":27,\"rope_scaling\":{" LLAMA3
                                               ",\"original_max_position_embeddings\":32}"));
    m = opened(scratch, "auto", MODEL_GENERATE);
    {
        double turns = 32 / 6.283185307179586 / 3, keep = (turns - 1) / 3; /* 1.7: between 1 and 4 */

        assert_true(fabs(m->rotary[1] - (keep + (1 - keep) / 8) / 3) < 1e-15);
    }
    model_close(m);
    put_text("config.json", DECODER("llama", ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":4}"));
    m = opened(scratch, "auto", MODEL_GENERATE);
    assert_true(m->rotary[0] == 0.25);
    model_close(m);
}

static void refuses_what_decoders_cannot(void **state)
{
    static const struct {
        const char *text;
        unsigned    code;
        const char *part;
    } bad[] = {
        { DECODER("llama", ",\"rope_scaling\":{\"type\":\"proportional\",\"factor\":2}"), 404,
          "rope_scaling.rope_type: \"proportional\" is not supported (known: default, linear, dynamic, " },
        { DECODER("llama", ",\"rope_parameters\":{\"rope_type\":\"mrope\",\"factor\":2}"), 404,
          "rope_parameters.rope_type: \"mrope\"" },
        { DECODER("llama", ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2,\"beta\":1}"), 404,
          "rope_scaling.beta: 1 is not supported" },
        { DECODER("llama", ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":0}"), 403,
          "rope_scaling.factor" },
        { DECODER("llama", ",\"rope_scaling\":{\"rope_type\":\"llama3\"}"), 403,
          "rope_scaling.factor: missing" },
        { DECODER("llama", ",\"rope_scaling\":7"), 403, "rope_scaling: not an object (got 7)" },
        { DECODER("llama", ",\"rope_theta\":0.5"), 403, "rope_theta" },
        { DECODER("llama", ",\"num_key_value_heads\":3"), 403, "(got 4 and 3)" },
        { DECODER("llama", ",\"head_dim\":7"), 403, "a head of 7 numbers cannot be turned in pairs" },
        { DECODER("llama", ",\"sliding_window\":4"), 404, "sliding_window: 4 is not supported" },
        { DECODER("llama", ",\"partial_rotary_factor\":0.5"), 404, "partial_rotary_factor" },
        { DECODER("llama", ",\"attention_bias\":1"), 403, "attention_bias: neither true nor false (got 1)" },
        { DECODER("mistral", ",\"sliding_window\":-1"), 403, "sliding_window: out of range" },
        { DECODER("qwen2", ",\"layer_types\":[\"full_attention\"]"), 403, "one entry a layer" },
        { DECODER("qwen2", ",\"layer_types\":[\"chunked\",\"chunked\",\"chunked\"]"), 404,
          "\"chunked\" is not" },
        { DECODER("gemma", ",\"use_bidirectional_attention\":true"), 404,
          "use_bidirectional_attention: true" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_text("config.json", bad[i].text);
        refused(scratch, "auto", ARCHITECTURES, MODEL_GENERATE, bad[i].code, bad[i].part);
    }
    put_text("config.json", DECODER("llama", ""));
    refused(scratch, "auto", ARCHITECTURES, MODEL_CLASSIFY, 422, "classify");
    put_text("config.json", CONFIG(""));
    refused(scratch, "auto", ARCHITECTURES, MODEL_GENERATE, 422, "an encoder has no next token");
}

/* Against the reference's buckets: 32 of them, for distances up to 128. */
static void puts_distances_into_buckets(void **state)
{
    static const struct {
        ptrdiff_t ahead;
        size_t    bucket;
    } known[] = { { 0, 0 },    { -1, 1 },   { -7, 7 },    { -8, 8 },    { -11, 8 },   { -12, 9 },  { -15, 9 },
                  { -16, 10 }, { -22, 10 }, { -23, 11 },  { -32, 12 },  { -63, 13 },  { -64, 14 }, { -90, 14 },
                  { -91, 15 }, { -128, 15 }, { -500, 15 }, { 1, 17 },    { 8, 24 },    { 15, 25 },  { 16, 26 },
                  { 31, 27 },  { 32, 28 },  { 64, 30 },   { 127, 31 },  { 500, 31 } };
    const model m = { .buckets = 32, .bucket_rows = 32, .bucket_distance = 128 };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(model_bucket(&m, known[i].ahead), known[i].bucket);
}

/* Layers in groups: as many as there are layers, or runs of them. */
static void groups_layers(void **state)
{
    const size_t five[] = { 0, 0, 0, 1, 1 }, one[] = { 0, 0, 0, 0, 0 };
    model        m = { .layers = 5, .groups = 5 };

    (void)state;
    for (size_t i = 0; i < 5; i++) assert_int_equal(model_group(&m, i), i);
    m.groups = 2;
    for (size_t i = 0; i < 5; i++) assert_int_equal(model_group(&m, i), five[i]);
    m.groups = 1;
    for (size_t i = 0; i < 5; i++) assert_int_equal(model_group(&m, i), one[i]);
}

/* --- architecture files ----------------------------------------------------------------------- */

/* bert.ini with the line that begins with `key` replaced; NULL takes it out.  Returns its number. */
static int write_architecture(const char *name, const char *key, const char *line)
{
    FILE *from = fopen(ARCHITECTURES "/bert.ini", "r"), *to = fopen(in_scratch(name), "w");
    char  text[400];
    int   number = 0, found = 0;

    assert_non_null(from);
    assert_non_null(to);
    while (fgets(text, sizeof text, from)) {
        number++;
        if (!found && strncmp(text, key, strlen(key)) == 0) {
            found = number;
            if (line) fprintf(to, "%s\n", line);
        } else {
            fputs(text, to);
        }
    }
    fclose(from);
    fclose(to);
    assert_true(found > 0);
    return found;
}

static void refuses_bad_architecture_files(void **state)
{
    static const struct {
        const char *key, *line, *part;
        bool        numbered;
    } bad[] = {
        { "hidden ", "hiden = hidden_size", "[config] unknown key \"hiden\" (did you mean \"hidden\"?)",
          true },
        { "hidden ", NULL, "[config] hidden is missing", false },
        { "hidden ", "hidden = hidden size", "[config] hidden: not a key, KEY + N, KEY * N or default VALUE",
          true },
        { "hidden ", "hidden = hidden_size + x", "[config] hidden: not a key", true },
        { "hidden ", "hidden = hidden_sise | default {", "default is not a JSON value", true },
        { "hidden ", "hidden = hidden_size | | x", "[config] hidden: an alternative is empty", true },
        { "model_types", NULL, "[architecture] model_types is missing", false },
        { "norm ", "norm = batchnorm",
          "[architecture] norm: \"batchnorm\" is not built (known: layernorm, rmsnorm)", true },
        { "norm_place", "norm_place = aside", "norm_place", true },
        { "kind", "kind = diffusion", "[architecture] kind", true },
        { "positions ", "positions = guessed", "[architecture] positions", true },
        { "head_activation", "head_activation = sine", "head_activation: unknown \"sine\"", true },
        { "head_activation", NULL, "need each other", false },
        { "types ", NULL, "[config] types and [tensors] embedding.type need each other", false },
        { "product", "product = -1", "[ranges] product", true },
        { "product", "product = 63", "[ranges] product", true },
        { "product", "product = 1x", "[ranges] product", true },
        { "product", "product = 99999999999999999999", "[ranges] product", true },
        { "product", NULL, "[ranges] product is missing", false },
        { "[ranges]", "[range]", "unknown section \"range\" (did you mean \"ranges\"?)", false },
        { "is_decoder", "is_decoder = no", "[require] is_decoder: not a JSON value", true },
        { "prefixes", NULL, "[tensors] prefixes is missing", false },
        { "embedding.token", NULL, "[tensors] embedding.token is missing", false },
        { "embedding.token", "embedding.tokens = x", "unknown key \"embedding.tokens\"", true },
        { "embedding.token", "embedding.token = x{i}", "{i} stands outside the layers", true },
        { "embedding.token", "embedding.token = x{j}", "not a name", true },
        { "embedding.norm.gain", "embedding.norm.gain = x ^T", "a vector has no transpose", true },
        { "layer.query.weight", "layer.query.weight = x", "{i} is missing", true },
        { "layer.query.weight", "layer.query.weight = x{i} ^T | y{i}", "all of its names end in ^T, or none",
          true },
        { "head.out.bias", NULL, "a weight needs its bias", false },
        { "mask.norm.bias", NULL, "mask.dense.weight and mask.norm.bias need each other", false },
        { "tokens.out.weight", NULL, "tokens.out.weight and tokens.out.bias need each other", false },
        { "head_activation", "head_activation = tanh\nmask_activation = sine", "mask_activation: unknown \"sine\"", false },
        { "norm_place", "norm_place = post\nembedding_map = always", "embedding.map.bias need each other", false },
        { "norm_place", "norm_place = post\nembedding_map = maybe", "known: narrow, always", false },
        { "types ", "types = default 2\nbuckets = default 32", "[config] buckets and [tensors] relative.bias", false },
    };

    (void)state;
    put_text("config.json", CONFIG(""));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int  line = write_architecture("mine.ini", bad[i].key, bad[i].line);
        char part[200];

        snprintf(part, sizeof part, "mine.ini:%d: ", line);
        refused(scratch, "mine", scratch, MODEL_LOGITS, 341, bad[i].part);
        if (bad[i].numbered) refused(scratch, "auto", scratch, MODEL_LOGITS, 341, part);
    }
    refused(scratch, "../models/bert", ARCHITECTURES, MODEL_EMBED, 340,
            "no such file in models/ (known: auto, albert, bert, distilbert, electra, gemma, gpt2, llama");
    refused(scratch, "Bert", ARCHITECTURES, MODEL_EMBED, 340, "architecture \"Bert\"");
    refused(scratch, "auto", "/nowhere", MODEL_EMBED, 340, "/nowhere");
    write_architecture("mine.ini", "norm_place", "norm_place = post");
    write_architecture("other.ini", "norm_place", "norm_place = post");
    refused(scratch, "auto", scratch, MODEL_EMBED, 341, "model_type \"bert\" is listed by");
    unlink(in_scratch("other.ini"));
    write_architecture("mine.ini", "head.dense.weight", NULL);
    refused(scratch, "mine", scratch, MODEL_EMBED, 341, "a weight needs its bias");
}

/* --- checkpoints of all forms ----------------------------------------------------------------- */

typedef struct stored {
    char   name[160];
    size_t rank, dim[2];
} stored;
typedef struct list {
    stored at[64];
    size_t count;
} list;

static void put(list *l, const char *prefix, const char *name, size_t rank, size_t d0, size_t d1)
{
    stored *t = &l->at[l->count++];

    snprintf(t->name, sizeof t->name, "%s%s", prefix, name);
    t->rank = rank;
    t->dim[0] = d0;
    t->dim[1] = d1;
}

/* What CONFIG describes: two layers, three heads of two. */
static list bert_list(const char *prefix, bool head, bool old)
{
    static const struct {
        const char *name;
        size_t      rank, d0, d1;
    } layer[] = {
        { "attention.self.query.weight", 2, 6, 6 },
        { "attention.self.query.bias", 1, 6, 1 },
        { "attention.self.key.weight", 2, 6, 6 },
        { "attention.self.key.bias", 1, 6, 1 },
        { "attention.self.value.weight", 2, 6, 6 },
        { "attention.self.value.bias", 1, 6, 1 },
        { "attention.output.dense.weight", 2, 6, 6 },
        { "attention.output.dense.bias", 1, 6, 1 },
        { "attention.output.LayerNorm.weight", 1, 6, 1 },
        { "attention.output.LayerNorm.bias", 1, 6, 1 },
        { "intermediate.dense.weight", 2, 10, 6 },
        { "intermediate.dense.bias", 1, 10, 1 },
        { "output.dense.weight", 2, 6, 10 },
        { "output.dense.bias", 1, 6, 1 },
        { "output.LayerNorm.weight", 1, 6, 1 },
        { "output.LayerNorm.bias", 1, 6, 1 },
    };
    list l = { .count = 0 };

    put(&l, prefix, "embeddings.word_embeddings.weight", 2, 11, 6);
    put(&l, prefix, "embeddings.position_embeddings.weight", 2, 8, 6);
    put(&l, prefix, "embeddings.token_type_embeddings.weight", 2, 2, 6);
    put(&l, prefix, "embeddings.LayerNorm.weight", 1, 6, 1);
    put(&l, prefix, "embeddings.LayerNorm.bias", 1, 6, 1);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof layer / sizeof *layer; k++) {
            char name[120];

            snprintf(name, sizeof name, "encoder.layer.%d.%s", i, layer[k].name);
            put(&l, prefix, name, layer[k].rank, layer[k].d0, layer[k].d1);
        }
    if (head) {
        put(&l, prefix, "pooler.dense.weight", 2, 6, 6);
        put(&l, prefix, "pooler.dense.bias", 1, 6, 1);
        put(&l, "", "classifier.weight", 2, 2, 6);
        put(&l, "", "classifier.bias", 1, 2, 1);
    }
    for (size_t i = 0; old && i < l.count; i++) {
        char *norm = strstr(l.at[i].name, "LayerNorm.");

        if (norm) strcpy(norm + strlen("LayerNorm."), strstr(norm, "weight") ? "gamma" : "beta");
    }
    return l;
}

/* Tensor t's element i: exact in every dtype. */
static double value_of(size_t t, size_t i) { return ((double)((t * 29 + i * 37) % 64) - 32) / 8; }

/* dtype 'F' F32, 'H' F16, 'B' BF16, 'D' F64. */
static void write_checkpoint(const list *l, char dtype)
{
    static const char *const names[] = { ['F'] = "F32", ['H'] = "F16", ['B'] = "BF16", ['D'] = "F64" };
    size_t                   bytes = dtype == 'D' ? 8 : dtype == 'F' ? 4 : 2, at = 0, length;
    char                    *header;
    FILE                    *f = open_memstream(&header, &length);

    assert_non_null(f);
    fputs("{\"__metadata__\":{\"format\":\"pt\"}", f);
    for (size_t i = 0; i < l->count; i++) {
        size_t n = l->at[i].dim[0] * l->at[i].dim[1];

        fprintf(f, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu", l->at[i].name, names[(int)dtype],
                l->at[i].dim[0]);
        if (l->at[i].rank == 2) fprintf(f, ",%zu", l->at[i].dim[1]);
        fprintf(f, "],\"data_offsets\":[%zu,%zu]}", at, at + n * bytes);
        at += n * bytes;
    }
    fputs("}", f);
    fclose(f);
    f = fopen(in_scratch("model.safetensors"), "wb");
    assert_non_null(f);
    for (size_t i = 0; i < 8; i++) fputc((int)(length >> 8 * i & 255), f);
    fputs(header, f);
    free(header);
    for (size_t t = 0; t < l->count; t++)
        for (size_t i = 0; i < l->at[t].dim[0] * l->at[t].dim[1]; i++) {
            double   value = value_of(t, i);
            float    single = (float)value;
            uint32_t bits;
            uint16_t half;
            int      exponent;

            memcpy(&bits, &single, sizeof bits);
            if (dtype == 'D') fwrite(&value, 8, 1, f);
            if (dtype == 'F') fwrite(&single, 4, 1, f);
            half = (uint16_t)(bits >> 16);
            if (dtype == 'H') {
                double fraction = frexp(fabs(value), &exponent);

                half = value == 0
                           ? 0
                           : (uint16_t)((unsigned)(exponent + 14) << 10 | (unsigned)(fraction * 2048 - 1024));
                if (value < 0) half |= 0x8000;
            }
            if (dtype == 'H' || dtype == 'B') fwrite(&half, 2, 1, f);
        }
    fclose(f);
}

static void takes(const char *architecture, const char *architectures, model_task task, size_t skip)
{
    puma_error    e = { 0 };
    model        *m;
    model_source *s;

    assert_int_equal(model_open(&m, scratch, architecture, architectures, task, &e), PUMA_OK);
    model_source_checkpoint(&s, m, scratch, &e);
    assert_string_equal(e.text, "");
    for (size_t t = 0; t < m->tensor_count; t++) {
        double *values;
        size_t  n = m->tensors[t].dim[0] * (m->tensors[t].rank == 2 ? m->tensors[t].dim[1] : 1);

        assert_int_equal(model_values(s, t, &values, &e), PUMA_OK);
        for (size_t i = 0; i < n; i++) assert_true(values[i] == value_of(t + skip, i));
        free(values);
    }
    model_source_close(s);
    model_close(m);
}

static void refuses(model_task task, unsigned code, const char *part)
{
    puma_error    e = { 0 };
    model        *m = opened(scratch, "auto", task);
    model_source *s;

    assert_int_equal(model_source_checkpoint(&s, m, scratch, &e), PUMA_EMODEL);
    assert_null(s);
    if (e.code != code || !strstr(e.text, part))
        fail_msg("expected %u with \"%s\", got %u: %s", code, part, e.code, e.text);
    model_close(m);
}

static void takes_every_dtype_prefix_and_spelling(void **state)
{
    static const char *const prefixes[] = { "", "bert.", "model.", "0.auto_model." };

    (void)state;
    put_text("config.json", CONFIG(""));
    for (const char *dtype = "FHBD"; *dtype; dtype++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
            for (int head = 0; head < 2; head++)
                for (int old = 0; old < 2; old++) {
                    list l = bert_list(prefixes[i], head, old);

                    write_checkpoint(&l, *dtype);
                    takes("auto", ARCHITECTURES, MODEL_EMBED, 0);
                    if (head) takes("auto", ARCHITECTURES, MODEL_LOGITS, 0);
                }
}

static void names_tensors_that_are_missing_or_misshapen(void **state)
{
    list l;

    (void)state;
    put_text("config.json", CONFIG(""));
    /* no head: fine for embed, an error for logits */
    l = bert_list("", false, false);
    write_checkpoint(&l, 'F');
    takes("auto", ARCHITECTURES, MODEL_HIDDEN, 0);
    refuses(MODEL_LOGITS, 422,
            "tensor pooler.dense.weight: missing (expected 6x6): the checkpoint has no head");
    /* a tensor too few */
    l = bert_list("bert.", true, false);
    strcpy(l.at[30].name, "bert.encoder.layer.1.nothing");
    write_checkpoint(&l, 'F');
    refuses(MODEL_EMBED, 420,
            "tensor bert.encoder.layer.1.attention.output.LayerNorm.bias: missing (expected 6");
    /* shapes */
    l = bert_list("bert.", true, false);
    l.at[15].dim[0] = 6;
    l.at[15].dim[1] = 10;
    write_checkpoint(&l, 'F');
    refuses(MODEL_EMBED, 421,
            "tensor bert.encoder.layer.0.intermediate.dense.weight: wrong shape (expected 10x6, found 6x10)");
    l = bert_list("bert.", true, false);
    l.at[3].rank = 2;
    write_checkpoint(&l, 'F');
    refuses(MODEL_EMBED, 421, "tensor bert.embeddings.LayerNorm.weight: wrong shape (expected 6, found 6x1)");
    l = bert_list("bert.", true, false);
    l.at[0].dim[0] = 12;
    write_checkpoint(&l, 'F');
    refuses(MODEL_EMBED, 421,
            "tensor bert.embeddings.word_embeddings.weight: wrong shape (expected 11x6, found 12x6)");
    l = bert_list("bert.", true, false);
    l.at[0].dim[0] = 0;
    write_checkpoint(&l, 'F');
    refuses(MODEL_EMBED, 421, "found 0x6");
    /* labels: config.json and classifier disagree */
    l = bert_list("bert.", true, false);
    write_checkpoint(&l, 'F');
    put_text("config.json", CONFIG(",\"num_labels\":3"));
    takes("auto", ARCHITECTURES, MODEL_EMBED, 0);
    refuses(MODEL_LOGITS, 421, "tensor classifier.weight: wrong shape (expected 3x6, found 2x6)");
    put_text("config.json", CONFIG(""));
    /* prefixes: one that nobody knows, and two at once */
    l = bert_list("roberto.", true, false);
    write_checkpoint(&l, 'F');
    refuses(MODEL_EMBED, 420,
            "tensor embeddings.word_embeddings.weight: missing, also under the prefixes of bert.ini (\"\", "
            "\"bert.\"");
    l = bert_list("bert.", true, false);
    put(&l, "", "embeddings.word_embeddings.weight", 2, 11, 6);
    write_checkpoint(&l, 'F');
    refuses(MODEL_EMBED, 420, "found under two prefixes (\"\" and \"bert.\")");
}

static void notes_what_is_not_used(void **state)
{
    puma_error    e = { 0 };
    model        *m;
    model_source *s;
    list          l = bert_list("bert.", true, false);

    (void)state;
    put_text("config.json", CONFIG(""));
    put(&l, "", "a\\u001b[2J", 1, 1, 1);
    for (int i = 0; i < 20; i++) {
        char name[40];

        snprintf(name, sizeof name, "cls.predictions.%d", i);
        put(&l, "", name, 1, 1, 1);
    }
    write_checkpoint(&l, 'F');
    m = opened(scratch, "auto", MODEL_EMBED);
    assert_int_equal(model_source_checkpoint(&s, m, scratch, &e), PUMA_OK);
    assert_int_equal(strncmp(model_unused(s),
                             "a?[2J, bert.pooler.dense.bias, bert.pooler.dense.weight, classifier.bias, ",
                             74),
                     0);
    assert_non_null(strstr(model_unused(s), " more"));
    model_source_close(s);
    model_close(m);
}

static void refuses_weights_that_are_no_numbers_at_once(void **state)
{
    list  l = bert_list("bert.", false, false);
    FILE *f;

    (void)state;
    put_text("config.json", CONFIG(""));
    write_checkpoint(&l, 'F');
    f = fopen(in_scratch("model.safetensors"), "r+b");
    assert_non_null(f);
    fseek(f, -4, SEEK_END);
    fwrite((const unsigned char[]){ 0, 0, 0xc0, 0x7f }, 1, 4, f);
    fclose(f);
    refuses(MODEL_EMBED, 417,
            "tensor bert.encoder.layer.1.output.LayerNorm.bias: element 5 is not a finite number (got NaN)");
}

/* GPT-2 keeps (in, out); the executor gets (out, in). */
static void turns_transposed_tensors(void **state)
{
    puma_error    e = { 0 };
    model        *m;
    model_source *s;
    double       *values;
    size_t        where;
    list          l = bert_list("", false, false);

    (void)state;
    put_text("config.json", CONFIG(""));
    write_architecture("mine.ini", "layer.up.weight",
                       "layer.up.weight = {p}encoder.layer.{i}.intermediate.dense.weight ^T");
    for (size_t i = 15; i < l.count; i += 16) {
        l.at[i].dim[0] = 6;
        l.at[i].dim[1] = 10;
    }
    write_checkpoint(&l, 'F');
    assert_int_equal(model_open(&m, scratch, "mine", scratch, MODEL_EMBED, &e), PUMA_OK);
    assert_int_equal(model_source_checkpoint(&s, m, scratch, &e), PUMA_OK);
    assert_true(m->tensors[15].transposed);
    assert_int_equal(m->tensors[15].dim[0], 10);
    assert_int_equal(model_values(s, 15, &values, &e), PUMA_OK);
    for (size_t out = 0; out < 10; out++)
        for (size_t in = 0; in < 6; in++) assert_true(values[out * 6 + in] == value_of(15, in * 10 + out));
    assert_true(model_max_abs(s, 15, &where) == fabs(values[where]));
    free(values);
    model_source_close(s);
    model_close(m);
    refuses(MODEL_EMBED, 421, "expected 10x6, found 6x10");
}

/* --- synthetic weights ------------------------------------------------------------------------ */

static void synthetic_weights_repeat_and_are_normal(void **state)
{
    puma_error    e = { 0 };
    model        *m = opened(GOLDEN "bert-tiny", "auto", MODEL_EMBED);
    model_source *s, *again, *other;
    double       *x, *y, sum = 0, square = 0, fourth = 0, n;
    size_t        same = 0;

    (void)state;
    assert_int_equal(model_source_synthetic(&s, m, 7, &e), PUMA_OK);
    assert_int_equal(model_source_synthetic(&again, m, 7, &e), PUMA_OK);
    assert_int_equal(model_source_synthetic(&other, m, 8, &e), PUMA_OK);
    /* The same in any order, on any machine: these are multiples of 2^-16 times the range. */
    assert_int_equal(model_values(s, 5, &x, &e), PUMA_OK);
    free(x);
    assert_int_equal(model_values(s, 0, &x, &e), PUMA_OK);
    assert_int_equal(model_values(again, 0, &y, &e), PUMA_OK);
    assert_memory_equal(x, y, 64000 * sizeof *x);
    assert_true(x[0] == -58439.0 * 0x1p-16 * 0.2 && x[1] == 3674.0 * 0x1p-16 * 0.2);
    free(y);
    for (size_t i = 0; i < 64000; i++) {
        double z = x[i] / 0.2;

        sum += z;
        square += z * z;
        fourth += z * z * z * z;
        assert_true(fabs(x[i]) <= model_max_abs(s, 0, NULL));
    }
    n = 64000;
    assert_true(fabs(sum / n) < 0.02 && fabs(square / n - 1) < 0.03 && fabs(fourth / n - 2.9) < 0.2);
    /* Another seed and another tensor have other numbers. */
    assert_int_equal(model_values(other, 0, &y, &e), PUMA_OK);
    for (size_t i = 0; i < 64000; i++) same += x[i] == y[i];
    assert_in_range(same, 0, 5);
    free(y);
    assert_int_equal(model_values(s, 1, &y, &e), PUMA_OK);
    same = 0;
    for (size_t i = 0; i < 128 * 64; i++) same += x[i] == y[i];
    assert_in_range(same, 0, 3);
    free(y);
    free(x);
    assert_int_equal(model_values(s, 3, &x, &e), PUMA_OK);
    assert_int_equal(model_values(s, 4, &y, &e), PUMA_OK);
    for (size_t i = 0; i < 64; i++) assert_true(x[i] == 1 && y[i] == 0);
    free(x);
    free(y);
    assert_null(model_unused(s));
    model_source_close(s);
    model_source_close(again);
    model_source_close(other);
    model_close(m);
}

static void canonical_text_shows_every_difference(void **state)
{
    static const char *const changes[][2] = {
        { "num_hidden_layers", "3" },  { "hidden_size", "9" },        { "num_attention_heads", "2" },
        { "intermediate_size", "11" }, { "vocab_size", "12" },        { "max_position_embeddings", "9" },
        { "hidden_act", "\"relu\"" },  { "layer_norm_eps", "1e-13" }, { "initializer_range", "0.03" },
        { "type_vocab_size", "1" },    { "num_labels", "4" },
    };
    char  *base, *other;
    model *m;

    (void)state;
    put_text("config.json", CONFIG(""));
    m = opened(scratch, "auto", MODEL_LOGITS);
    base = model_canonical(m);
    assert_non_null(strstr(base, "model.hidden=6\n"));
    assert_non_null(
        strstr(base, "model.tensor.0=embedding.token -1 11x6 embeddings.word_embeddings.weight\n"));
    model_close(m);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_config_without(changes[i][0], changes[i][1]);
        m = opened(scratch, "auto", MODEL_LOGITS);
        other = model_canonical(m);
        assert_string_not_equal(base, other);
        free(other);
        model_close(m);
    }
    put_text("config.json", CONFIG(",\"torch_dtype\":\"float16\""));
    m = opened(scratch, "auto", MODEL_LOGITS);
    other = model_canonical(m);
    assert_string_equal(base, other);
    free(other);
    model_close(m);
    free(base);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)
    static const struct CMUnitTest tests[] = {
        TEST(reads_the_tiny_checkpoints),
        TEST(lists_tensors_in_the_order_of_the_layers),
        TEST(opens_a_shape_without_weights),
        TEST(refuses_bad_config_values),
        TEST(accepts_what_is_legal),
        TEST(reads_decoders),
        TEST(reads_windows),
        TEST(scales_rotary_angles),
        TEST(refuses_what_decoders_cannot),
        TEST(puts_distances_into_buckets),
        TEST(groups_layers),
        TEST(refuses_bad_architecture_files),
        TEST(takes_every_dtype_prefix_and_spelling),
        TEST(names_tensors_that_are_missing_or_misshapen),
        TEST(notes_what_is_not_used),
        TEST(refuses_weights_that_are_no_numbers_at_once),
        TEST(turns_transposed_tensors),
        TEST(synthetic_weights_repeat_and_are_normal),
        TEST(canonical_text_shows_every_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
