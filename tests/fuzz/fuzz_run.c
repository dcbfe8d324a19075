/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_run.c - structure-aware: the input chooses a tiny model of any family and a run file, most of them
 * sound, which go through the plan, the rehearsal's choices and a whole run by the backend plain, with
 * synthetic weights. */
#include "fuzz.h"

#include "../support/scratch.h"
#include "input/client.h"
#include "run/local.h"

#include <math.h>
#include <stdarg.h>

static char text[8192];

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    size_t  used = strlen(text);
    va_list list;

    va_start(list, format);
    vsnprintf(text + used, sizeof text - used, format, list);
    va_end(list);
}

static void leave(void) { remove_scratch(NULL); }

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    setenv("OMP_NUM_THREADS", "1", 1);
    make_scratch(NULL);
    atexit(leave);
    return 0;
}

/* What is sound, or rarely another number: small, so that a run stays one of milliseconds, or far too large.
 */
static unsigned long long number(fuzz_feed *f, unsigned sound)
{
    static const unsigned long long others[] = { 0, 1, 2, 3, 4, 5, 6, 8, 12, 16, 1ull << 33, 1ull << 62 };

    return fuzz_byte(f) < 240 ? sound : others[fuzz_below(f, sizeof others / sizeof *others)];
}

static const char *const families[] = { "bert", "distilbert", "roberta", "electra", "mpnet", "albert",
                                        "gpt2", "llama",      "mistral", "qwen2",   "gemma", "vit" };
enum { FIRST_DECODER = 6, VIT = 11 };

static unsigned put_config(fuzz_feed *f)
{
    static const char *const functions[] = { "gelu", "gelu_new", "silu", "relu", "gelu_pytorch_tanh" };
    unsigned    family = fuzz_below(f, 12), heads = 1 + fuzz_below(f, 3), width = 2 + 2 * fuzz_below(f, 3);
    unsigned    hidden = heads * width, layers = 1 + fuzz_below(f, 2), inner = 1 + fuzz_below(f, 12);
    unsigned    vocabulary = 3 + fuzz_below(f, 30), positions = 4 + fuzz_below(f, 16);
    const char *function = functions[fuzz_below(f, 5)];

    text[0] = '\0';
    add("{\"model_type\":\"%s\",\"vocab_size\":%llu,\"max_position_embeddings\":%llu,\"type_vocab_size\":%u,"
        "\"pad_token_id\":0",
        families[family], number(f, vocabulary), number(f, positions + 2), 1 + fuzz_below(f, 2));
    add(",\"hidden_size\":%llu,\"dim\":%u,\"n_embd\":%u,\"embedding_size\":%u", number(f, hidden), hidden,
        hidden, fuzz_below(f, 2) ? hidden : width);
    add(",\"num_hidden_layers\":%llu,\"n_layers\":%u,\"n_layer\":%u", number(f, layers), layers, layers);
    add(",\"num_attention_heads\":%llu,\"n_heads\":%u,\"n_head\":%u,\"num_key_value_heads\":%llu",
        number(f, heads), heads, heads, number(f, fuzz_below(f, 2) ? heads : 1));
    add(",\"intermediate_size\":%llu,\"hidden_dim\":%u,\"n_inner\":%u,\"head_dim\":%u,\"n_positions\":%u",
        number(f, inner), inner, inner, width, positions);
    add(",\"hidden_act\":\"%s\",\"activation\":\"%s\",\"activation_function\":\"%s\",\"hidden_activation\":"
        "\"%s\"",
        function, function, function, function);
    add(",\"rms_norm_eps\":1e-5,\"layer_norm_eps\":1e-5,\"layer_norm_epsilon\":1e-5,\"rope_theta\":10000.0");
    add(",\"image_size\":4,\"patch_size\":2,\"num_channels\":1,\"relative_attention_num_buckets\":32");
    add(",\"num_labels\":%u,\"tie_word_embeddings\":%s", 1 + fuzz_below(f, 4),
        fuzz_below(f, 2) ? "true" : "false");
    if (fuzz_below(f, 4) == 3) add(",\"sliding_window\":%u", fuzz_below(f, 8));
    if (fuzz_below(f, 4) == 3)
        add(",\"rope_scaling\":{\"rope_type\":\"%s\",\"factor\":%llu.0}",
            fuzz_below(f, 2) ? "linear" : "dynamic", number(f, 1 + fuzz_below(f, 5)));
    add("}");
    put_text("config.json", text);
    return family;
}

static const char *put_run(fuzz_feed *f, unsigned family)
{
    static const char *const tasks[] = { "embed",     "classify", "hidden",   "classify_tokens",
                                         "fill_mask", "logits",   "generate", "perplexity" };
    static const char *const poolings[] = { "auto",          "cls",           "max", "mean",
                                            "mean_sqrt_len", "weighted_mean", "last" };
    unsigned task = family < FIRST_DECODER || family == VIT ? fuzz_below(f, 5) : 5 + fuzz_below(f, 3);
    unsigned choice = fuzz_byte(f), count = 1 + fuzz_below(f, 6);

    if (number(f, 1) != 1) task = fuzz_below(f, 8);
    text[0] = '\0';
    add("[run]\nmodel = %s\ntask = %s\nprotocol = plain\narchitecture = %s\n", scratch, tasks[task],
        number(f, 1) ? families[family] : "auto");
    if (task == 0)
        add("pooling = %s\nnormalize = %s\n", poolings[fuzz_below(f, 7)], choice & 1 ? "yes" : "no");
    if (task == 1 && choice & 2) add("reveal = label\n");
    if (choice & 4) add("batch_tokens = %u\n", 1 + fuzz_below(f, 16));
    add("threads = 1\n[network]\ntransport = memory\n[weights]\nsource = synthetic:%u\n[input]\n",
        fuzz_byte(f));
    if (family == VIT && choice != 9) {
        put_text("pixels.json", "[[[0.5,-0.5,1,0],[0,0,0,0],[1,1,1,1],[0.25,0.5,0.75,1]]]");
        add("pixels = %s\n", in_scratch("pixels.json"));
    } else {
        add("ids =");
        for (unsigned i = 0; i < count; i++) add(" %u", fuzz_below(f, 33));
        add("\n%s", choice & 8 ? "truncate = yes\n" : "");
    }
    if (choice & 16) add("[numeric]\narithmetic = fixed\nguard = %s\n", choice & 32 ? "rows" : "no");
    if (task == 6)
        add("[generate]\nmax_new_tokens = %u\n%s", 1 + fuzz_below(f, 4),
            choice & 64 ? "decoding = client\nsample_seed = 1\n" : "");
    if (choice & 128) add("[approximation]\ndefault = %s\n", fuzz_below(f, 2) ? "exact" : "puma");
    return put_text("run.ini", text);
}

static void check(const node_result *result, bool fixed)
{
    FUZZ_CHECK(result->outputs != NULL || result->generated != NULL);
    for (size_t i = 0; i < result->output_count && result->outputs != NULL; i++)
        for (size_t k = 0; k < result->outputs[i].rows * result->outputs[i].columns; k++)
            FUZZ_CHECK(fixed || isfinite(result->outputs[i].values[k]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed    f = { data, data + size };
    unsigned     family = put_config(&f);
    const char  *path = put_run(&f, family);
    client_plan *c = NULL;
    node_result  result = { 0 };
    puma_error   e = { 0 };

    fuzz_check_error(client_open(&c, path, NULL, 0, CLIENT_ALL, &e), &e);
    if (getenv("PUMA_FUZZ_VERBOSE") != NULL) fprintf(stderr, "%s %s\n", families[family], e.text);
    if (e.status == PUMA_OK) {
        const local_config config = { .client = c, .path = path };

        fuzz_check_error(local_run(&config, &result, &e), &e);
        if (getenv("PUMA_FUZZ_VERBOSE") != NULL)
            fprintf(stderr, "%s %s\n", families[family], e.status == PUMA_OK ? "ran" : e.text);
        if (e.status == PUMA_OK) check(&result, c->plan->run->fixed);
        node_result_free(&result);
    }
    client_close(c);
    return 0;
}
