/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ranges.c - what a model's numbers may be, as a user meets it: `puma plan --measure` on models that leave their
 * family's ranges, any ranges file at all, and answers that hold no numbers.
 *
 * The models are the tiny ones of tests/golden with one of their tensors scaled, written as F64. */
#include "driver.h"
#include "scaled.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *run_file(const char *model, const char *task, const char *protocol, const char *more)
{
    char text[2048];

    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = %s\nprotocol = %s\nthreads = 1\n[input]\nids = 5 9 17 40 3\n"
             "[network]\ntransport = memory\n%s",
             model, task, protocol, more);
    return driver_file("run.ini", text);
}

/* --- ranges that are measured --------------------------------------------------------------------- */

static double distance_of(const outcome *o, const outcome *reference)
{
    double x[1000], y[1000];
    size_t n = numbers(json_object_get(report_result(o->report, 0), "logits"), x, 1000),
           m = numbers(json_object_get(report_result(reference->report, 0), "logits"), y, 1000);

    return n == 0 || n != m ? INFINITY : max_difference(x, y, n);
}

/* A model that leaves its family's ranges: measured, it is right, or it is refused. */
static void measured(const char *name, const char *tensor, double factor, int code, double bound)
{
    static const char exact[] = "[approximation]\ndefault = exact\n", precise[] = "[approximation]\ndefault = precise\n";
    const char *model = scaled_model(name, tensor, factor);
    /* the file that is to be made is named already, and the ring is too small for the family's ranges */
    const char *path = run_file(model, "logits", "rep3", "[numeric]\nranges = measured.ini\nring_bits = 40\n");
    outcome     found = RUN(false, "plan", path, "--measure", driver_path("measured.ini")), right, got, planned;
    char        what[100], set[300];

    snprintf(what, sizeof what, "%s, %s times %g", name, tensor, factor);
    check(found.code == 0, "%s: measured: %d %s", what, found.code, found.err);
    check(strstr(found.out, "plus 1 of margin") != NULL && strstr(found.out, "\nspread ") != NULL, "%s: written: %s", what,
          found.out);
    right = RUN(true, "run", run_file(model, "logits", "plain", exact));
    path = run_file(model, "logits", "rep3", precise);
    snprintf(set, sizeof set, "numeric.ranges=%s", driver_path("measured.ini"));
    got = RUN(true, "run", path, "--set", set);
    planned = RUN(false, "plan", path, "--set", set);
    check(got.code == code && planned.code == code, "%s: run ends with %d, plan with %d: %s", what, got.code, planned.code,
          got.err);
    if (code == 0) {
        double error = distance_of(&got, &right);

        check(error <= bound, "%s: off by %g", what, error);
    }
    outcome_free(&found);
    outcome_free(&right);
    outcome_free(&got);
    outcome_free(&planned);
}

static void all_measured(void)
{
    measured("bert", "query.weight", 1, 0, 0x1p-9);
    measured("bert", "query.weight", 40, 0, 0x1p-7);       /* scores to 2^8 apart */
    measured("bert", "intermediate.dense.weight", 20, 0, 0x1p-5);
    measured("bert", "query.weight", 1000, 0, 0x1p-4);     /* further than a maximum's window */
    measured("bert", "query.weight", 20000, 11, 0);
    measured("bert", "word_embeddings.weight", 1, 0, 0x1p-9);
    measured("llama", "up_proj.weight", 40, 0, 0x1p-5);
    measured("llama", "q_proj.weight", 40, 0, 0x1p-5);
    measured("qwen2", "k_proj.bias", 2000, 0, 0x1p-5); /* key biases, which positions turn, of hundreds */
}

/* --- ranges that are proved ----------------------------------------------------------------------- */

/* What an input meets lies within what is proved: of each kind the measured bits, without their margin, are no more. */
static void proof_holds(const char *name, const char *tensor, double factor)
{
    static const char *const kinds[] = { "attention", "activation", "gated", "logits" };
    const char *path = run_file(scaled_model(name, tensor, factor), "logits", "rep3", "");
    outcome     found = RUN(false, "plan", path, "--measure", driver_path("measured.ini")), plan = RUN(false, "plan", path, "--json");
    json_t     *all = json_loads(plan.out, 0, NULL);
    int         hidden = -1, sums;

    check(found.code == 0 && (plan.code == 0 || plan.code == 11), "%s, %s times %g: %d %d", name, tensor, factor, found.code, plan.code);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && plan.code == 0; i++) {
        char        key[32];
        const char *line;
        int         bits = -1, proved = (int)json_integer_value(json_object_get(json_object_get(json_object_get(all, "ranges"), kinds[i]), "bits"));

        snprintf(key, sizeof key, "\n%-10s = ", kinds[i]);
        line = strstr(found.out, key);
        if (line == NULL && strcmp(kinds[i], "gated") == 0) continue;
        if (line != NULL) bits = atoi(line + strlen(key));
        check(bits > 0 && bits - 1 <= proved, "%s, %s times %g: %s: measured %d, proved %d", name, tensor, factor, kinds[i], bits - 1, proved);
    }
    if (plan.code == 0 && strstr(found.out, "\nhidden     = ") != NULL) hidden = atoi(strstr(found.out, "\nhidden     = ") + 14);
    sums = (int)json_integer_value(json_object_get(json_object_get(json_object_get(all, "ranges"), "sums"), "bits"));
    check(plan.code != 0 || (hidden > 0 && hidden - 1 <= sums), "%s, %s times %g: sums: measured %d, proved %d", name, tensor, factor, hidden - 1, sums);
    json_decref(all);
    outcome_free(&found);
    outcome_free(&plan);
}

static void all_proved(void)
{
    static const char *const names[] = { "bert", "roberta", "distilbert", "gpt2", "llama", "qwen2", "mistral", "gemma" };
    static const char *const tensors[] = { "weight", "bias", "norm.weight", "o_proj.weight", "down_proj.weight", "c_fc.weight", "v_proj.weight" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < sizeof tensors / sizeof *tensors; k++)
            for (double factor = 0.125; factor <= 8; factor *= 8) proof_holds(names[i], tensors[k], factor);
}

/* --- any ranges at all ----------------------------------------------------------------------------- */

static uint64_t state = 20;

static unsigned draw(unsigned below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}

static const char *random_ranges(void)
{
    static const char *const keys[] = { "embedding", "hidden",  "norm",   "attention", "scores",  "activation",
                                        "logits",    "product", "spread", "gated",     "squares", "variance" };
    char   text[400] = "[ranges]\n";
    size_t used = strlen(text);

    /* the last four may be left out */
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        if (k < 8 || draw(2) == 0)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s = %u\n", keys[k], draw(21));
    return driver_file("random.ini", text);
}

/* The failure of standard error without the place of the client's that it was reported from. */
static const char *cause(const char *err)
{
    const char *party = strstr(err, "party "), *error = strstr(err, "E11");

    return party != NULL ? strchr(party, ':') : error != NULL ? error : err;
}

/* Refused when the plan is made, in the same words by plan and run, or no error but that of a number that is too large. */
static bool lives(const char *name, const char *set, unsigned i)
{
    const char *functions = i % 4 == 3 ? "[approximation]\ndefault = puma\n[numeric]\narithmetic = fixed\n"
                                       : "[approximation]\ndefault = precise\n[numeric]\narithmetic = fixed\n";
    outcome plan = RUN(false, "plan", run_file(tiny_model(name), "logits", "rep3", functions), "--set", set), run;
    bool    planned = plan.code == 0;

    check(planned || plan.code == 11, "%s, ranges %u: plan ends with %d: %s", name, i, plan.code, plan.err);
    if (planned || i % 10 == 0) {
        run = RUN(false, "run", run_file(tiny_model(name), "logits", planned ? "plain" : "rep3", functions), "--set", set);
        check(run.code == 11 || (planned && run.code == 0), "%s, ranges %u: run ends with %d: %s", name, i, run.code,
              run.err);
        if (plan.code == 11)
            check(strcmp(cause(run.err), cause(plan.err)) == 0, "%s, ranges %u: %s, but run: %s", name, i, plan.err,
                  run.err);
        outcome_free(&run);
    }
    outcome_free(&plan);
    return planned;
}

static void any_ranges(void)
{
    enum { FILES = 300 };
    unsigned planned = 0;

    for (unsigned i = 0; i < FILES; i++) {
        char set[300];

        snprintf(set, sizeof set, "numeric.ranges=%s", random_ranges());
        planned += lives("bert", set, i);
        planned += lives("llama", set, i);
    }
    printf("%u of %u plans were made\n", planned, 2 * FILES);
    check(planned > FILES / 5 && planned < 2 * FILES - FILES / 5, "%u of %u plans were made", planned, 2 * FILES);
}

/* --- answers that hold no numbers ------------------------------------------------------------------ */

/* In floating point nothing stops a number at a ring's edge.  The last layer's result is larger than the tables of
 * `precise` know, so that the norm behind it gives NaN: refused where it decides something, or as an answer. */
static void no_numbers(const char *name, const char *task, const char *code, const char *more, const char *set)
{
    const char *tensor = strcmp(name, "bert") == 0 ? "layer.1.output.dense.weight" : "layers.1.mlp.down_proj.weight";
    char        text[300];
    outcome     o;

    snprintf(text, sizeof text, "[approximation]\ndefault = precise\n%s", more);
    for (int report = 0; report < 2; report++) { /* as text alone, and with a report */
        o = driver_run(report, (const char *const[]){ "run", run_file(scaled_model(name, tensor, 1e6), task, "plain", text),
                                                      "--set", set, NULL });
        check(o.code == 11 && strstr(o.err, code) != NULL, "%s %s %s: ends with %d: %s", name, task, more, o.code, o.err);
        check(o.out[0] == '\0' && o.report == NULL, "%s %s %s: says \"%s\"", name, task, more, o.out);
        outcome_free(&o);
    }
}

static void all_without_numbers(void)
{
    static const char none[] = "run.threads=1";

    no_numbers("llama", "logits", "E1103", "", none);
    no_numbers("llama", "perplexity", "E1103", "", none);
    no_numbers("llama", "hidden", "E1103", "", none);
    no_numbers("llama", "generate", "E1101", "[generate]\nmax_new_tokens = 2\n", none);
    no_numbers("llama", "generate", "E1103", "[generate]\nmax_new_tokens = 2\ndecoding = client\n", none);
    no_numbers("llama", "logits", "E1103", "[compare]\nreference = plain\n", none);
    no_numbers("llama", "hidden", "E1103", "[compare]\nlayers = yes\nreference = plain\n", none);
    no_numbers("bert", "hidden", "E1103", "", none);
    no_numbers("bert", "embed", "E1103", "", "run.normalize=no");
    no_numbers("bert", "embed", "E1101", "", "run.normalize=yes");
    no_numbers("bert", "classify", "E1101", "", none);
    no_numbers("bert", "classify", "E1101", "", "run.reveal=label");
    no_numbers("bert", "logits", "E1101", "", none);
}

int main(void)
{
    driver_start("ranges");
    all_without_numbers();
    all_measured();
    all_proved();
    any_ranges();
    return driver_end();
}
