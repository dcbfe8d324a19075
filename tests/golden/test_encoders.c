/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_encoders.c - sentence encoders: the vectors of encoders.json, which encoders.py has from the reference
 * implementation, in every arithmetic; and what is refused.
 *
 * Bounds, on each number: plain in float with exact functions 1e-6; elsewhere 2^-8 of the vector's largest
 * number or of 1, whichever is more (18 fraction bits, functions within 10^-4). */
#include "../e2e/driver.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH 256
#define CASES 3

static double worst[4];

static const char *source(const char *name)
{
    static char path[4][600];
    static int  next;
    char       *to = path[next++ % 4];

    snprintf(to, sizeof path[0], "%.400s/tests/golden/%.160s", driver_source(),
             name);
    return to;
}

/* A file of folder `model`, folders made as needed. */
static FILE *create(const char *model, const char *name)
{
    char  path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", model, name);
    for (char *slash = strchr(path + strlen(model) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    unlink(path); /* it may be a link to the base model's */
    file = fopen(path, "w");
    if (!check(file != NULL, "%s cannot be written", path)) exit(1);
    return file;
}

static void put_json(const char *model, const char *name, const json_t *content)
{
    FILE *file = create(model, name);

    json_dumpf(content, file, 0);
    fclose(file);
}

/* A safetensors file of numbers in double precision. */
static void put_weights(const char *model, const char *folder, const json_t *tensors)
{
    char          name[128];
    json_t       *header = json_object(), *number;
    const json_t *tensor;
    const char   *key;
    size_t        i, at = 0;
    char         *text;
    uint64_t      size;
    FILE         *file;

    json_object_foreach((json_t *)(uintptr_t)tensors, key, tensor)
    {
        size_t bytes = 8 * json_array_size(json_object_get(tensor, "data"));

        json_object_set_new(header, key,
                            json_pack("{s:s, s:O, s:[I, I]}", "dtype", "F64", "shape",
                                      json_object_get(tensor, "shape"), "data_offsets", (json_int_t)at,
                                      (json_int_t)(at + bytes)));
        at += bytes;
    }
    snprintf(name, sizeof name, "%s/model.safetensors", folder);
    file = create(model, name);
    text = json_dumps(header, 0);
    size = strlen(text);
    fwrite(&size, sizeof size, 1, file);
    fputs(text, file);
    json_object_foreach((json_t *)(uintptr_t)tensors, key, tensor)
        json_array_foreach(json_object_get(tensor, "data"), i, number)
    {
        double value = json_number_value(number);

        fwrite(&value, sizeof value, 1, file);
    }
    fclose(file);
    free(text);
    json_decref(header);
}

/* A folder of the base model's files and the variant's; what an earlier one of that name left is not listed.
 */
static const char *put_model(const char *name, const json_t *variant)
{
    static const char *const base[] = { "config.json", "model.safetensors", "tokenizer.json",
                                        "tokenizer_config.json", "vocab.txt" };
    const char              *model = driver_path(name), *path;
    const json_t            *content;

    mkdir(model, 0777);
    for (size_t i = 0; i < sizeof base / sizeof *base; i++) {
        char to[512], from[100];

        snprintf(to, sizeof to, "%s/%s", model, base[i]);
        snprintf(from, sizeof from, "models/bert-tiny/%s", base[i]);
        unlink(to);
        check(symlink(source(from), to) == 0, "%s: no link", to);
    }
    json_object_foreach(json_object_get(variant, "files"), path, content) put_json(model, path, content);
    json_object_foreach(json_object_get(variant, "weights"), path, content) put_weights(model, path, content);
    return model;
}

static const char *put_run(const char *name, const char *model, const json_t *variant, const char *functions)
{
    char    text[4096], file[64];
    size_t  i, used = 0;
    json_t *c;

    json_array_foreach(json_object_get(variant, "cases"), i, c) used += (size_t)snprintf(
        text + used, sizeof text - used, "%s\n", json_string_value(json_object_get(c, "text")));
    snprintf(file, sizeof file, "%s.txt", name);
    driver_file(file, text);
    snprintf(
        text, sizeof text,
        "[run]\nmodel = %s\ntask = embed\nprotocol = plain\nthreads = 1\n[input]\nfile = %s\ntruncate = yes\n"
        "[network]\ntransport = memory\n[approximation]\ndefault = %s\n",
        model, file, functions);
    snprintf(file, sizeof file, "%s.ini", name);
    return driver_file(file, text);
}

static void compare(const char *name, const json_t *variant, const outcome *o, int how)
{
    static const char *const hows[] = { "plain", "plain fixed", "rep3", "beaver2" };
    size_t                   i;
    json_t                  *c;

    json_array_foreach(json_object_get(variant, "cases"), i, c)
    {
        double got[WIDTH], wanted[WIDTH], bound = 1, difference;
        size_t n = numbers(json_object_get(c, "embedding"), wanted, WIDTH);

        if (!check(numbers(json_object_get(report_result(o->report, i), "embedding"), got, WIDTH) == n &&
                       n > 0,
                   "%s, %s, case %zu: exit %d, not %zu numbers: %s", name, hows[how], i, o->code, n, o->err))
            continue;
        for (size_t k = 0; k < n; k++) bound = fmax(bound, fabs(wanted[k]));
        bound *= how == 0 ? 1e-6 : 0x1p-8;
        difference = max_difference(got, wanted, n);
        check(difference <= bound, "%s, %s, case %zu: differs by %.3g, limit %.3g", name, hows[how], i,
              difference, bound);
        if (!(difference <= worst[how])) worst[how] = difference;
    }
}

static void check_variant(const json_t *variant)
{
    static const char *const sets[][3] = {
        { "approximation.default=exact", "run.protocol=plain", "numeric.ring_bits=64" },
        { "approximation.default=exact", "numeric.arithmetic=fixed", "numeric.ring_bits=64" },
        { "run.protocol=rep3", "approximation.default=precise", "numeric.ring_bits=64" },
        { "run.protocol=beaver2", "approximation.default=precise", "numeric.ring_bits=60" }
    };
    const char *name = json_string_value(json_object_get(variant, "name"));
    const char *run = put_run(name, put_model(name, variant), variant, "exact");

    for (int k = 0; k < 4; k++) {
        outcome o = RUN(true, "run", run, "--set", sets[k][0], "--set", sets[k][1], "--set", sets[k][2]);

        compare(name, variant, &o, k);
        outcome_free(&o);
    }
}

/* --- what the run file says wins -------------------------------------------------------------- */

static const json_t *variant_of(const json_t *file, const char *name)
{
    size_t  i;
    json_t *v;

    json_array_foreach(json_object_get(file, "variants"), i,
                       v) if (strcmp(json_string_value(json_object_get(v, "name")), name) == 0) return v;
    check(false, "encoders.json has no %s", name);
    return NULL;
}

static double length_of(const outcome *o)
{
    double got[WIDTH], square = 0;
    size_t n = numbers(json_object_get(report_result(o->report, 0), "embedding"), got, WIDTH);

    for (size_t k = 0; k < n; k++) square += got[k] * got[k];
    return n > 0 ? sqrt(square) : NAN;
}

static void check_said(const json_t *file)
{
    const json_t *max = variant_of(file, "max"), *cls = variant_of(file, "cls");
    const char   *run = put_run("said", driver_path("cls"), max, "exact");
    outcome       o;

    /* The model says cls and length 1. */
    o = RUN(true, "run", run, "--set", "run.pooling=max", "--set", "run.normalize=no");
    compare("pooling = max, normalize = no", max, &o, 0);
    outcome_free(&o);
    o = RUN(true, "run", run, "--set", "run.pooling=auto", "--set", "run.normalize=auto");
    compare("auto", cls, &o, 0);
    outcome_free(&o);
    o = RUN(true, "run", put_run("long", driver_path("max"), max, "exact"), "--set", "run.normalize=yes");
    check(fabs(length_of(&o) - 1) < 1e-6, "normalize = yes: length %.9g: %s", length_of(&o), o.err);
    outcome_free(&o);
}

/* --- what is refused -------------------------------------------------------------------------- */

/* A variant with one value of one of its files replaced. */
static void check_refused(const json_t *file, const char *name, const char *path, const char *key,
                          const char *value, int code, const char *named)
{
    json_t     *variant = json_deep_copy(variant_of(file, name)), *content;
    outcome     o;
    const char *run;

    content = json_object_get(json_object_get(variant, "files"), path);
    if (content == NULL) {
        content = json_object();
        json_object_set_new(json_object_get(variant, "files"), path, content);
    }
    if (json_is_array(content))
        json_object_set_new(json_array_get(content, 2), key, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_set_new(content, key, json_loads(value, JSON_DECODE_ANY, NULL));
    run = put_run("refused", put_model("refused", variant), variant, "exact");
    o = RUN(false, "run", run);
    check(o.code == code && strstr(o.err, named) != NULL, "%s %s = %s: exit %d, expected %d and \"%s\": %s",
          path, key, value, o.code, code, named, o.err);
    outcome_free(&o);
    json_decref(variant);
}

static void check_refusals(const json_t *file)
{
    static const char *const types[] = {
        "CNN", "LSTM", "WordWeights", "BoW", "WeightedLayerPooling", "Router"
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char value[80];

        snprintf(value, sizeof value, "\"sentence_transformers.models.%s\"", types[i]);
        check_refused(file, "cls", "modules.json", "type", value, 4, types[i]);
    }
    check_refused(file, "cls", "modules.json", "type", "\"custom.Normalize\"", 4, "custom.Normalize");
    check_refused(file, "cls", "modules.json", "path", "\"../2_Normalize\"", 4, "modules.json: path");
    check_refused(file, "cls", "modules.json", "path", "\"/tmp\"", 4, "modules.json: path");
    check_refused(file, "cls", "1_Pooling/config.json", "pooling_mode_new_tokens", "true", 4,
                  "pooling_mode_new_tokens");
    check_refused(file, "cls", "1_Pooling/config.json", "word_embedding_dimension", "63", 4,
                  "1_Pooling/config.json");
    check_refused(file, "weightedmean", "1_Pooling/config.json", "pooling_mode", "\"attention\"", 4,
                  "attention");
    check_refused(file, "dense_tanh", "2_Dense/config.json", "in_features", "65", 4, "in_features");
    check_refused(file, "dense_tanh", "2_Dense/config.json", "out_features", "13", 4, "2_Dense");
    check_refused(file, "dense_tanh", "2_Dense/config.json", "out_features", "999999999", 4, "out_features");
    check_refused(file, "dense_tanh", "2_Dense/config.json", "use_residual", "true", 4, "use_residual");
    check_refused(file, "dense_tanh", "2_Dense/config.json", "module_input_name", "\"token_embeddings\"", 4,
                  "module_input_name");
    check_refused(file, "dense_tanh", "2_Dense/config.json", "activation_function",
                  "\"torch.nn.modules.activation.ELU\"", 4, "ELU");
    check_refused(file, "prompt", "1_Pooling/config.json", "include_prompt", "false", 4,
                  "default_prompt_name");
    check_refused(file, "limit", "sentence_bert_config.json", "max_seq_length", "0", 4, "max_seq_length");
}

/* Weights of a module in the other format. */
static void check_pickled(const json_t *file)
{
    const json_t *variant = variant_of(file, "dense_tanh");
    const char   *model = put_model("pickled", variant);
    char          path[512];
    outcome       o;

    snprintf(path, sizeof path, "%s/2_Dense/model.safetensors", model);
    unlink(path);
    fclose(create(model, "2_Dense/pytorch_model.bin"));
    o = RUN(false, "run", put_run("pickled", model, variant, "exact"));
    check(o.code == 4 && strstr(o.err, "2_Dense/pytorch_model.bin") != NULL, "pytorch_model.bin: exit %d: %s",
          o.code, o.err);
    outcome_free(&o);
}

/* A matrix whose result leaves the ring is refused before the run. */
static void check_room(const json_t *file)
{
    json_t *variant = json_deep_copy(variant_of(file, "dense_tanh")), *data;
    outcome o;

    data = json_object_get(
        json_object_get(json_object_get(json_object_get(variant, "weights"), "2_Dense"), "linear.weight"),
        "data");
    for (size_t k = 0; k < 64; k++) json_array_set_new(data, k, json_real(1e6));
    o = RUN(false, "run", put_run("room", put_model("room", variant), variant, "precise"), "--set",
            "run.protocol=rep3");
    check(o.code == 11 && strstr(o.err, "2_Dense") != NULL, "a large matrix: exit %d: %s", o.code, o.err);
    outcome_free(&o);
    json_decref(variant);
}

int main(void)
{
    json_t *file = json_load_file(source("encoders.json"), 0, NULL), *variant;
    size_t  i;

    driver_start("test_encoders");
    if (check(file != NULL, "encoders.json cannot be read")) {
        json_array_foreach(json_object_get(file, "variants"), i, variant) check_variant(variant);
        check_said(file);
        check_refusals(file);
        check_pickled(file);
        check_room(file);
    }
    json_decref(file);
    printf("largest differences: plain %.3g, fixed %.3g, rep3 %.3g, beaver2 %.3g\n", worst[0], worst[1],
           worst[2], worst[3]);
    return driver_end();
}
