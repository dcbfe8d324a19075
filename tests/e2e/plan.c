/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plan.c - what `puma plan` predicts is what `puma run` and `puma bench` count: bytes by party, direction and
 * phase, messages, rounds, every layer and every step of generation; a party's memory within a tenth. */
#include "driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_int_t whole(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}

/* Rows of two lists agree in these keys, numbers or names, and there are as many. */
static void same_rows(const char *what, const char *list, const json_t *plan, const json_t *run,
                      const char *const *keys)
{
    const json_t *a = json_object_get(plan, list), *b = json_object_get(run, list);

    check(json_array_size(a) == json_array_size(b), "%s: %zu %s predicted, %zu met", what, json_array_size(a),
          list, json_array_size(b));
    for (size_t i = 0; i < json_array_size(b); i++) {
        const json_t *x = json_array_get(a, i), *y = json_array_get(b, i);

        for (size_t k = 0; keys[k] != NULL; k++) {
            const json_t *u = json_object_get(x, keys[k]), *v = json_object_get(y, keys[k]);

            check(u != NULL && json_equal(u, v), "%s: %s %zu: %s: %lld predicted, %lld counted", what, list,
                  i, keys[k], (long long)json_integer_value(u), (long long)json_integer_value(v));
        }
    }
}

static void same_counts(const char *what, const json_t *plan, const json_t *run, bool rows)
{
    static const char *const keys[] = { "total_bytes", "offline_bytes", "online_bytes", "client_bytes",
                                        "setup_bytes", "rounds",        "online_rounds" };
    static const char *const party[] = { "id",       "sent_bytes", "received_bytes", "sent_bytes_offline",
                                         "messages", NULL };
    static const char *const layer[] = { "name", "op", "bytes", "rounds", NULL };
    static const char *const phase[] = { "name", "tokens", "bytes", "rounds", NULL };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        check(whole(plan, keys[i]) >= 0 && whole(plan, keys[i]) == whole(run, keys[i]),
              "%s: %s: %lld predicted, %lld counted", what, keys[i], (long long)whole(plan, keys[i]),
              (long long)whole(run, keys[i]));
    check((whole(run, "rounds") > 0) == rows, "%s: %lld rounds", what, (long long)whole(run, "rounds"));
    if (!rows) return;
    same_rows(what, "parties", plan, run, party);
    same_rows(what, "layers", plan, run, layer);
    same_rows(what, "phases", plan, run, phase);
}

/* Is this protocol installed? */
static bool has(const char *protocol)
{
    outcome o = RUN(false, "plugins");
    bool    found = strstr(o.out, protocol) != NULL;

    outcome_free(&o);
    return found;
}

/* A tiny checkpoint under these keys: plan and run. */
static void inputs(const char *protocol, const char *name, const char *task, const char *input,
                   const char *rest, const char *const *sets)
{
    const char *path, *args[40] = { NULL };
    char        text[2048], what[300];
    size_t      used = 2;
    outcome     predicted, counted;
    json_t     *plan;

    snprintf(text, sizeof text,
             "[run]\nmodel = %s/tests/golden/models/%s-tiny\ntask = %s\nprotocol = %s\n[input]\n%s\n"
             "[network]\ntransport = memory\n%s",
             driver_source(), name, task, protocol, input, rest);
    path = driver_file("plan.ini", text);
    snprintf(what, sizeof what, "%s %s %s", protocol, name, task);
    args[1] = path;
    for (size_t i = 0; sets[i] != NULL; i++) {
        args[used++] = "--set";
        args[used++] = sets[i];
        snprintf(what + strlen(what), sizeof what - strlen(what), " %s", sets[i]);
    }
    args[used++] = "--json";
    args[0] = "plan";
    predicted = driver_run(false, args);
    args[0] = "run";
    counted = driver_run(true, args);
    plan = json_loads(predicted.out, 0, NULL);
    check(predicted.code == 0 && plan != NULL, "%s: plan ends with %d: %s", what, predicted.code,
          predicted.err);
    check(counted.code == 0, "%s: run ends with %d: %s", what, counted.code, counted.err);
    if (plan != NULL && counted.report != NULL)
        same_counts(what, plan, counted.report, strcmp(protocol, "plain") != 0);
    json_decref(plan);
    outcome_free(&predicted);
    outcome_free(&counted);
}
static void checkpoint(const char *protocol, const char *name, const char *task, const char *rest,
                       const char *const *sets)
{
    inputs(protocol, name, task, "ids = 5 9 17 40 3 8 12", rest, sets);
}
#define SETS(...)                                                                                            \
    (const char *const[]) { __VA_ARGS__, NULL }

/* The input line of a picture of the tiny model's 28 x 28 numbers. */
static const char *picture(char *line, size_t room)
{
    char   numbers[28 * 28 * 5 + 8];
    size_t used = 0;

    for (size_t i = 0; i < 28 * 28; i++)
        used += (size_t)snprintf(numbers + used, sizeof numbers - used, "%c%.1f", i == 0 ? '[' : ',',
                                 (double)(i * 7 % 21) / 10 - 1);
    snprintf(numbers + used, sizeof numbers - used, "]");
    snprintf(line, room, "pixels = %s", driver_file("pixels.json", numbers));
    return line;
}

static void all_of(const char *protocol)
{
    static const char *const functions[] = { "approximation.default=puma", "approximation.default=precise" };
    const bool               dpf = strcmp(protocol, "rep3") == 0;
    char                     several[400];

    for (size_t i = 0; i < 2; i++) {
        const char *f = functions[i];

        checkpoint(protocol, "bert", "embed", "", SETS(f));
        checkpoint(protocol, "gpt2", "generate", "[generate]\nmax_new_tokens = 3\n", SETS(f));
        checkpoint(protocol, "llama", "generate", "[generate]\nmax_new_tokens = 2\ndecoding = client\n",
                   SETS(f));
    }
    checkpoint(protocol, "bert", "hidden", "", SETS("numeric.fxp_fraction_bits=14", "numeric.ring_bits=60"));
    checkpoint(protocol, "llama", "logits", "", SETS("numeric.fxp_fraction_bits=16"));
    checkpoint(protocol, "gpt2", "perplexity", "", SETS("run.embedding=equality"));
    checkpoint(protocol, "bert", "hidden", "", SETS("run.embedding=onehot", "run.seed=insecure:7"));
    /* Lengths that come again, and lengths that do not. */
    snprintf(several, sizeof several, "file = %s",
             driver_file("texts.txt", "one two\nthree four\nfive\nsix seven eight nine\nten eleven\n"));
    inputs(protocol, "bert", "embed", several, "", SETS(functions[1]));
    inputs(protocol, "gpt2", "generate", several, "[generate]\nmax_new_tokens = 3\n", SETS(functions[1]));
    for (size_t i = 0; i < 2; i++) { /* an input a pass, and two */
        const char *limit = i == 0 ? "run.batch_tokens=1" : "run.batch_tokens=15";

        inputs(protocol, "bert", "classify", several, "", SETS(limit));
        inputs(protocol, "llama", "generate", several, "[generate]\nmax_new_tokens = 2\n", SETS(limit));
    }
    for (size_t i = 0; i < 2; i++)
        inputs(protocol, "vit", "classify", picture(several, sizeof several), "", SETS(functions[i]));
    if (dpf) checkpoint(protocol, "bert", "hidden", "", SETS("run.embedding=dpf"));
    checkpoint(protocol, "mistral", "generate", "[generate]\nmax_new_tokens = 2\n", SETS(functions[1]));
    checkpoint(protocol, "gemma", "logits", "", SETS(functions[1]));
    checkpoint(protocol, "gpt2", "generate", "[generate]\nmax_new_tokens = 2\nstop_at_eos = no\n",
               SETS("run.embedding=onehot"));
}

/* A shape alone, by `plan` and by `bench`; both reports, the caller's. */
typedef struct pair {
    json_t *plan, *bench;
} pair;

static pair made(const char *what, const char *const *args)
{
    const char *all[32] = { NULL };
    size_t      used = 1;
    outcome     predicted, counted;
    pair        p;

    for (size_t i = 0; args[i] != NULL; i++) all[used++] = args[i];
    all[used] = "--json";
    all[0] = "plan";
    predicted = driver_run(false, all);
    all[0] = "bench";
    counted = driver_run(false, all);
    p = (pair){ json_loads(predicted.out, 0, NULL), json_loads(counted.out, 0, NULL) };
    check(p.plan != NULL && p.bench != NULL, "%s: plan %d, bench %d: %s%s", what, predicted.code,
          counted.code, predicted.err, counted.err);
    same_counts(what, p.plan, p.bench, true);
    outcome_free(&predicted);
    outcome_free(&counted);
    return p;
}

/* Every party a process: counts again, and memory.  Below some 30 MB a tensor, what the allocator keeps of
 * those that were freed would count as much as they do. */
static void shape(const char *protocol)
{
    const char *path = driver_file(
        "shape.json", "{\"model_type\": \"bert\", \"num_hidden_layers\": 4, \"hidden_size\": 512, "
                      "\"num_attention_heads\": 8, \"intermediate_size\": 2048, \"vocab_size\": 9000, "
                      "\"type_vocab_size\": 2, \"max_position_embeddings\": 64, \"hidden_act\": \"gelu\", "
                      "\"layer_norm_eps\": 1e-12, \"initializer_range\": 0.02}");
    char what[64];
    pair p;

    snprintf(what, sizeof what, "%s, a shape", protocol);
    p = made(what, SETS("--model", path, "--seq", "24", "--protocol", protocol));
    for (size_t i = 0; i < json_array_size(json_object_get(p.bench, "parties")); i++) {
        double said = (double)whole(json_array_get(json_object_get(p.plan, "parties"), i), "peak_rss_bytes");
        double met = (double)whole(json_array_get(json_object_get(p.bench, "parties"), i), "peak_rss_bytes");

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they keep memory of their own */
        check(fabs(said - met) <= 0.1 * met, "%s: party %zu: %.1f MB predicted, %.1f MB met", what, i,
              1e-6 * said, 1e-6 * met);
#else
        check(said > 0 && met > 0, "%s: party %zu: no memory", what, i);
#endif
    }
    json_decref(p.plan);
    json_decref(p.bench);
}

/* Layers that repeat the one before, and layers that do not: caches that grow, windows. */
static void layers(const char *protocol)
{
    const char *windows = driver_file(
        "windows.json", "{\"model_type\": \"mistral\", \"num_hidden_layers\": 4, \"hidden_size\": 32, "
                        "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"intermediate_size\": 48, "
                        "\"vocab_size\": 300, \"max_position_embeddings\": 64, \"hidden_act\": \"silu\", "
                        "\"rms_norm_eps\": 1e-5, \"rope_theta\": 10000.0, \"sliding_window\": 6, "
                        "\"tie_word_embeddings\": false, \"initializer_range\": 0.02}");
    char        gpt2[600], vit[600];
    pair        p;

    snprintf(vit, sizeof vit, "%s/tests/golden/models/vit-tiny", driver_source());
    p = made(vit, SETS("--model", vit, "--layers", "4", "--protocol", protocol, "--set",
                       "network.transport=memory"));
    json_decref(p.plan);
    json_decref(p.bench);
    snprintf(gpt2, sizeof gpt2, "%s/tests/golden/models/gpt2-tiny", driver_source());
    for (int i = 0; i < 2; i++) {
        const char *path = i == 0 ? windows : gpt2;

        p = made(path, SETS("--model", path, "--seq", "9", "--layers", "5", "--new-tokens", "3", "--protocol",
                            protocol, "--set", "network.transport=memory"));
        json_decref(p.plan);
        json_decref(p.bench);
    }
}

static double real(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* The plan of a shape under these options. */
static json_t *plan_with(const char *const *options)
{
    const char *args[24] = { "plan", "--model", NULL, "--seq", "8", "--json" };
    char        path[600];
    size_t      used = 6;
    outcome     o;
    json_t     *plan;

    snprintf(path, sizeof path, "%s/tests/golden/models/bert-tiny", driver_source());
    args[2] = path;
    for (size_t i = 0; options[i] != NULL; i++) args[used++] = options[i];
    o = driver_run(false, args);
    plan = json_loads(o.out, 0, NULL);
    check(o.code == 0 && plan != NULL, "%s: exit %d: %s", options[1], o.code, o.err);
    outcome_free(&o);
    return plan;
}

/* Seconds of a link: half a round trip for each round, the busiest party's bytes, and what is measured; nothing
 * is said where no link is. */
static void seconds(void)
{
    json_t       *none = plan_with(SETS("--set", "run.threads=1")),
                 *apart = plan_with(SETS("--link", "8mbit,100ms", "--set", "network.party0=127.0.0.1:5", "--set",
                                         "network.party1=127.0.0.1:6", "--set", "network.party2=127.0.0.1:7")),
                 *wan = plan_with(SETS("--set", "network.link=wan")),
                 *emulated = plan_with(SETS("--set", "network.bandwidth_mbps=8", "--set", "network.round_trip_ms=100")),
                 *narrow = plan_with(SETS("--set", "network.link=wan", "--link", "1mbit,0ms"));
    const json_t *p = json_object_get(apart, "prediction");
    double        online = 0, sum = real(p, "rounds_s") + real(p, "bytes_s") + real(p, "compute_s");

    check(json_object_get(none, "seconds") == NULL, "seconds of no link");
    for (size_t i = 1; i < 3; i++) {
        const json_t *party = json_array_get(json_object_get(apart, "parties"), i);

        online = fmax(online, real(party, "sent_bytes") - real(party, "sent_bytes_offline"));
    }
    check(fabs(real(p, "rounds_s") - 0.05 * real(apart, "rounds")) < 1e-9, "rounds_s %g", real(p, "rounds_s"));
    check(fabs(real(p, "bytes_s") - 1e-6 * online) < 1e-9 && online > 0, "bytes_s %g", real(p, "bytes_s"));
    check(real(p, "compute_s") > 0 && real(p, "compute_s") < 60, "compute_s %g", real(p, "compute_s"));
    check(fabs(real(apart, "seconds") - fmax(sum, real(p, "dealer_s"))) < 1e-9, "seconds %g of %g",
          real(apart, "seconds"), sum);
    check(strcmp(json_string_value(json_object_get(p, "parties")), "apart") == 0, "parties apart");
    p = json_object_get(wan, "prediction");
    check(real(p, "bandwidth_mbps") == 400 && fabs(real(p, "round_trip_ms") - 40) < 1e-9 &&
              strcmp(json_string_value(json_object_get(p, "parties")), "here") == 0,
          "link = wan");
    p = json_object_get(emulated, "prediction");
    check(real(p, "bandwidth_mbps") == 8 && real(p, "round_trip_ms") == 100, "an emulated link is the link");
    p = json_object_get(narrow, "prediction");
    check(real(p, "bandwidth_mbps") == 1 && real(p, "rounds_s") == 0, "--link counts before the run file");
    check(real(narrow, "seconds") >= real(p, "dealer_s") && real(p, "dealer_s") > 8e-6 * real(narrow, "offline_bytes"),
          "the dealer's %g of %g", real(p, "dealer_s"), real(narrow, "seconds"));
    json_decref(none);
    json_decref(apart);
    json_decref(wan);
    json_decref(emulated);
    json_decref(narrow);
}

/* The prediction against a run on that link, emulated: rounds and bytes make nearly all of it.  Others on the
 * machine make a run longer, never shorter. */
static void seconds_met(void)
{
    const char *path;
    char        text[600];
    outcome     o;
    json_t     *plan;
    double      said;

    snprintf(text, sizeof text,
             "[run]\nmodel = %s/tests/golden/models/bert-tiny\ntask = embed\nprotocol = rep3\n[input]\nids = 5 9 17 40 3 8 "
             "12\n[network]\ntransport = tcp\nbandwidth_mbps = 100\nround_trip_ms = 30\n",
             driver_source());
    path = driver_file("link.ini", text);
    o = RUN(false, "plan", path, "--json");
    plan = json_loads(o.out, 0, NULL);
    said = real(plan, "seconds");
    json_decref(plan);
    outcome_free(&o);
    o = RUN(true, "run", path);
    check(said > 1 && real(o.report, "wall_s") > 0.85 * said && real(o.report, "wall_s") < 3 * said,
          "%.3f s predicted, %.3f s met", said, real(o.report, "wall_s"));
    outcome_free(&o);
}

/* Models that no laptop holds. */
static void large(const char *name)
{
    char        path[600];
    outcome     o;
    json_t     *plan;

    snprintf(path, sizeof path, "%s/models/shapes/%s.json", driver_source(), name);
#if defined(__SANITIZE_THREAD__) /* it leaves a program too few addresses */
    o = RUN(false, "plan", "--model", path, "--seq", "8", "--new-tokens", "1", "--layers", "2", "--json");
#else
    o = RUN(false, "plan", "--model", path, "--seq", "8", "--new-tokens", "1", "--json");
#endif
    plan = json_loads(o.out, 0, NULL);
    check(o.code == 0 && whole(plan, "total_bytes") > 0 && whole(plan, "rounds") > 0, "%s: exit %d: %s", name,
          o.code, o.err);
    json_decref(plan);
    outcome_free(&o);
}

int main(void)
{
    driver_start("plan");
    all_of("rep3");
    layers("rep3");
    shape("rep3");
    if (has("beaver2")) {
        all_of("beaver2");
        layers("beaver2");
        shape("beaver2");
    }
    checkpoint("plain", "bert", "hidden", "", SETS("numeric.arithmetic=fixed"));
    seconds();
    seconds_met();
    large("llama-13b");
    large("llama-70b");
    return driver_end();
}
