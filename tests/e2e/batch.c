/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* batch.c - several inputs in one pass: each one's answer is what it is alone, the rounds are those of the
 * longest and the bytes about those of all together; `puma plan` predicts them, and [run] batch_tokens bounds
 * a pass. */
#include "driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of unequal lengths: in tokens, too, one is next to nothing and one the longest. */
static const char LINES[] = "x\nIn the beginning was the word\nand w5 w6 word was with\nw9\n"
                            "one two three four five six seven eight nine ten eleven\n"
                            "In the beginning was the word\n",
                  LONGEST[] = "one two three four five six seven eight nine ten eleven\n";
enum { COUNT = 6 };

typedef struct subject {
    const char *model, *task, *more; /* more: further lines of the run file, or "" */
    double      bound;               /* of answers under MPC: largest difference   */
} subject;

static const subject SUBJECTS[] = {
    { "bert", "classify", "", 0x1p-7 },
    { "bert", "classify", "reveal = label\n", 0 },
    { "bert", "embed", "embedding = onehot\n", 0x1p-7 },
    { "distilbert", "classify", "embedding = equality\n", 0x1p-7 },
    { "roberta", "embed", "pooling = cls\n", 0x1p-7 },
    { "roberta", "hidden", "", 0x1p-7 },
    { "bert", "embed", "pooling = max\n", 0x1p-7 },
    { "bert", "embed", "pooling = weightedmean\nnormalize = no\n", 0x1p-7 },
    { "distilbert", "embed", "pooling = mean_sqrt_len\n", 0x1p-7 },
    { "bert", "embed", "pooling = lasttoken\n", 0x1p-7 },
    { "bert-classify_tokens", "classify_tokens", "", 0x1p-7 },
    { "mpnet", "hidden", "", 0x1p-7 }, /* its scores depend on distances within a sequence */
    { "albert", "hidden", "", 0x1p-7 },
    { "gpt2", "logits", "", 0x1p-6 },
    { "llama", "logits", "", 0x1p-5 },
    { "llama", "generate", "", 0 },
};

enum { PARTS = 3, FOLDERS = 8 };
static const char *const parts[PARTS] = { "config.json", "model.safetensors", "vocab.txt" };
static char              made[FOLDERS][200];
static size_t            made_count;

/* The folder of a tiny checkpoint: one of models/, or one of families/ with a list of words, which those
 * lack. */
static const char *folder_of(const char *name, char *path, size_t room)
{
    const char *source = driver_source();
    char        from[600], to[600];

    snprintf(path, room, "%.400s/tests/golden/models/%.60s-tiny", source, name);
    if (access(path, F_OK) == 0) return path;
    snprintf(path, room, "%s", driver_path(name));
    if (mkdir(path, 0700) != 0) return path; /* made before */
    snprintf(made[made_count++], sizeof made[0], "%s", path);
    for (size_t i = 0; i < PARTS; i++) {
        snprintf(from, sizeof from, "%.400s/tests/golden/families/%.60s/%s", source,
                 i == 2 ? "bert-fill_mask" : name, parts[i]);
        snprintf(to, sizeof to, "%.400s/%s", path, parts[i]);
        check(symlink(from, to) == 0, "no link to %s", from);
    }
    return path;
}

static void remove_folders(void)
{
    char part[700];

    while (made_count > 0) {
        made_count--;
        for (size_t i = 0; i < PARTS; i++) {
            snprintf(part, sizeof part, "%s/%s", made[made_count], parts[i]);
            unlink(part);
        }
        rmdir(made[made_count]);
    }
}

static const char *run_file(const char *name, const subject *t, const char *protocol, const char *input,
                            int limit, const char *sections)
{
    char text[2000], path[600];

    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = %s\nprotocol = %s\nbatch_tokens = %d\n%s"
             "[input]\nfile = %s\n[network]\ntransport = memory\n%s%s",
             folder_of(t->model, path, sizeof path), t->task, protocol, limit, t->more, input,
             strcmp(t->task, "generate") == 0 ? "[generate]\nmax_new_tokens = 3\n" : "", sections);
    return driver_file(name, text);
}

static json_int_t whole(const json_t *report, const char *key)
{
    return json_integer_value(json_object_get(report, key));
}

/* All numbers under a JSON value, one behind the other. */
static size_t flat(const json_t *v, double *to, size_t used, size_t room)
{
    size_t  i;
    json_t *item;

    if (json_is_number(v) && used < room) to[used++] = json_number_value(v);
    json_array_foreach(v, i, item) used = flat(item, to, used, room);
    return used;
}

/* What the answers of input i differ by; infinite where they are not of one shape. */
static double distance(const json_t *x, const json_t *y, size_t i)
{
    enum { ROOM = 200000 };
    static double            a[ROOM], b[ROOM];
    static const char *const keys[] = { "logits", "embedding", "hidden", "tokens", "label" };
    size_t                   n = 0, m = 0;

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        /* A label follows from its logits, and two near each other may turn it. */
        if (strcmp(keys[k], "label") == 0 && n > 0) continue;
        n = flat(json_object_get(report_result(x, i), keys[k]), a, n, ROOM);
        m = flat(json_object_get(report_result(y, i), keys[k]), b, m, ROOM);
    }
    return n > 0 && n == m ? max_difference(a, b, n) : INFINITY;
}

static void check_answers(const subject *t, const char *protocol)
{
    bool    clear = strcmp(protocol, "plain") == 0;
    outcome alone = RUN(true, "run", run_file("alone.ini", t, protocol, "lines.txt", 1, ""));
    outcome pass = RUN(true, "run", run_file("pass.ini", t, protocol, "lines.txt", 4096, ""));
    outcome longest = RUN(true, "run", run_file("longest.ini", t, protocol, "longest.txt", 1, ""));

    if (check(alone.code == 0 && pass.code == 0 && longest.code == 0, "%s %s %s: %s%s", t->model, t->task,
              protocol, alone.err, pass.err)) {
        for (size_t i = 0; i < COUNT; i++) {
            double d = distance(alone.report, pass.report, i);

            check(d <= (clear ? 1e-9 : t->bound), "%s %s %s, input %zu: differs by %.3g", t->model, t->task,
                  protocol, i, d);
        }
        check(whole(pass.report, "rounds") == whole(longest.report, "rounds"),
              "%s %s %s: %lld rounds, the longest alone %lld", t->model, t->task, protocol,
              whole(pass.report, "rounds"), whole(longest.report, "rounds"));
        check((double)whole(pass.report, "total_bytes") <= 1.05 * (double)whole(alone.report, "total_bytes"),
              "%s %s %s: %lld bytes, one by one %lld", t->model, t->task, protocol,
              whole(pass.report, "total_bytes"), whole(alone.report, "total_bytes"));
    }
    outcome_free(&alone);
    outcome_free(&pass);
    outcome_free(&longest);
}

static json_t *planned(const char *file)
{
    outcome o = RUN(false, "plan", file, "--json");
    json_t *plan = json_loads(o.out, 0, NULL);

    check(plan != NULL, "plan: %s", o.err);
    outcome_free(&o);
    return plan;
}

/* Inputs fill a pass in order as far as they fit. */
static void check_limit(void)
{
    static const struct {
        int         limit;
        const char *passes; /* as puma plan says */
    } cases[] = { { 1, "passes        6 for 6" },
                  { 9, "passes        6 for 6" },
                  { 4096, "passes        1 for 6" } };
    const subject t = { "bert", "classify", "", 0 };
    json_int_t    rounds[3];

    for (size_t i = 0; i < 3; i++) {
        const char *file = run_file("limit.ini", &t, "rep3", "lines.txt", cases[i].limit, "");
        outcome     o = RUN(true, "run", file), said = RUN(false, "plan", file);
        json_t     *plan = planned(file);

        check(o.code == 0 && strstr(said.out, cases[i].passes) != NULL, "batch_tokens = %d: %s%s",
              cases[i].limit, o.err, said.out);
        for (const char *const *key =
                 (const char *const[]){ "rounds", "total_bytes", "offline_bytes", "client_bytes", NULL };
             *key != NULL; key++)
            check(whole(o.report, *key) > 0 && whole(o.report, *key) == whole(plan, *key),
                  "batch_tokens = %d: %s: %lld predicted, %lld counted", cases[i].limit, *key,
                  whole(plan, *key), whole(o.report, *key));
        rounds[i] = whole(o.report, "rounds");
        outcome_free(&o);
        outcome_free(&said);
        json_decref(plan);
    }
    check(rounds[0] == rounds[1] && rounds[2] * 5 < rounds[0], "rounds: %lld, %lld, in one pass %lld",
          rounds[0], rounds[1], rounds[2]);
}

/* Each step's prediction, with the inputs of a pass in it. */
static void check_phases(void)
{
    const subject t = { "gpt2", "generate", "", 0 };
    const char   *file = run_file("phases.ini", &t, "rep3", "lines.txt", 4096, "");
    outcome       o = RUN(true, "run", file);
    json_t       *plan = planned(file);
    const json_t *counted = json_object_get(o.report, "phases"), *predicted = json_object_get(plan, "phases");

    check(json_array_size(counted) == 3 && json_array_size(predicted) == 3, "%zu phases: %s",
          json_array_size(counted), o.err);
    for (size_t i = 0; i < 3; i++) {
        const json_t *x = json_array_get(counted, i), *y = json_array_get(predicted, i);

        check(whole(x, "bytes") > 0 && whole(x, "bytes") == whole(y, "bytes") &&
                  whole(x, "rounds") == whole(y, "rounds"),
              "phase %zu: %lld bytes predicted, %lld counted", i, whole(y, "bytes"), whole(x, "bytes"));
        if (i > 0) check(whole(x, "tokens") == COUNT, "phase %zu: %lld tokens", i, whole(x, "tokens"));
    }
    outcome_free(&o);
    json_decref(plan);
}

/* Answers come in the order of the inputs, whichever ends first. */
static void check_order(void)
{
    const subject t = { "gpt2", "generate", "", 0 };
    outcome       o = RUN(true, "run", run_file("order.ini", &t, "plain", "lines.txt", 4096, ""));
    const char   *at = o.out;

    for (int i = 0; i < COUNT && at != NULL; i++) {
        char heading[40];

        snprintf(heading, sizeof heading, "input %d (", i);
        at = strstr(at, heading);
    }
    check(at != NULL, "generated answers out of order: %s%s", o.out, o.err);
    outcome_free(&o);
}

/* A comparison behind every layer has each input's states apart. */
static void check_layers(void)
{
    static const char compare[] = "[compare]\nreference = plain\nlayers = yes\n";
    const subject     t = { "bert", "classify", "", 0 };
    outcome           o = RUN(true, "run", run_file("layers.ini", &t, "rep3", "lines.txt", 4096, compare));
    const json_t     *f = json_object_get(o.report, "fidelity"), *layers = json_object_get(f, "layers");

    check(o.code == 0 && json_array_size(layers) >= 2, "layers: %s", o.err);
    for (size_t i = 0; i < json_array_size(layers); i++) {
        double d = json_number_value(json_object_get(json_array_get(layers, i), "max_abs_error"));

        check(d > 0 && d < 0x1p-7, "behind layer %zu: %.3g", i, d);
    }
    outcome_free(&o);
}

/* What an input's sampler draws depends on its number and the seed, not on what is in the pass with it. */
static void check_sampling(void)
{
    static const char sampling[] = "[generate]\nmax_new_tokens = 5\ndecoding = client\nsample_seed = 11\n";
    outcome           o[2];
    char              text[600];

    for (int i = 0; i < 2; i++) {

        snprintf(text, sizeof text,
                 "[run]\nmodel = %.300s/tests/golden/models/gpt2-tiny\ntask = generate\nprotocol = "
                 "plain\nbatch_tokens = %d\n"
                 "[input]\nfile = lines.txt\n%s",
                 driver_source(), i == 0 ? 1 : 4096, sampling);
        o[i] = RUN(true, "run", driver_file("sampling.ini", text));
    }
    for (size_t i = 0; i < COUNT; i++) {
        double d = distance(o[0].report, o[1].report, i);

        check(d <= 0, "sampled answer %zu differs by %g: %s", i, d, o[1].err);
    }
    check(distance(o[0].report, o[0].report, 1) <= 0 &&
              !json_equal(json_object_get(report_result(o[0].report, 1), "tokens"),
                          json_object_get(report_result(o[0].report, 5), "tokens")),
          "two inputs of the same text draw the same tokens");
    for (int i = 0; i < 2; i++) outcome_free(&o[i]);
}

int main(void)
{
    driver_start("batch");
    driver_file("lines.txt", LINES);
    driver_file("longest.txt", LONGEST);
    for (size_t i = 0; i < sizeof SUBJECTS / sizeof *SUBJECTS; i++) {
        check_answers(&SUBJECTS[i], "plain");
        check_answers(&SUBJECTS[i], "rep3");
    }
    check_answers(&SUBJECTS[0], "beaver2");
    check_answers(&SUBJECTS[7], "beaver2");
    check_limit();
    check_phases();
    check_order();
    check_layers();
    check_sampling();
    remove_folders();
    return driver_end();
}
