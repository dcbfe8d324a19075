/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* generate.c - new tokens, perplexity and accuracy from outside: those of the golden files in the clear and
 * as shares, over every transport and with every role a process of its own; printed as they come; reported in
 * phases; ended where they should be. */
#include "driver.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKENS 16
/* Where the two largest logits are nearer than this, rounding may choose the other one, and all tokens behind
 * it. */
#define MARGIN 0.02

typedef struct golden {
    const char *text;
    char        ids[1024];
    json_int_t  tokens[TOKENS];
    size_t      sure; /* so many of them are beyond doubt */
} golden;

static json_t *read_golden(const char *name, size_t at, golden *g)
{
    char    path[600];
    json_t *file, *c, *id;
    size_t  i, used = 0;

    snprintf(path, sizeof path, "%s/golden.json", tiny_model(name));
    file = json_load_file(path, 0, NULL);
    c = json_array_get(json_object_get(file, "cases"), at);
    g->text = json_string_value(json_object_get(c, "text"));
    json_array_foreach(json_object_get(c, "input_ids"), i, id) used += (size_t)snprintf(
        g->ids + used, sizeof g->ids - used, "%s%d", i ? " " : "", (int)json_integer_value(id));
    for (i = 0; i < TOKENS; i++)
        g->tokens[i] = json_integer_value(json_array_get(json_object_get(c, "greedy16"), i));
    for (g->sure = 0; g->sure < TOKENS; g->sure++)
        if (json_number_value(json_array_get(json_object_get(c, "greedy16_margins"), g->sure)) < MARGIN)
            break;
    check(g->sure > 0, "%s: golden.json has no case %zu", name, at);
    return file;
}

/* A run file for `task` with this line of [input]. */
static const char *run_file(const char *name, const char *model, const char *task, const char *input,
                            const char *rest)
{
    char text[4096];

    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = %s\nprotocol = rep3\n[input]\n%s\n[network]\ntransport = memory\n%s",
             model, task, input, rest);
    return driver_file(name, text);
}

static const json_t *tokens_of(const outcome *o)
{
    return json_object_get(report_result(o->report, 0), "tokens");
}

/* The first `count` tokens are these. */
static void tokens_are(const outcome *o, const json_int_t *expected, size_t count, const char *what)
{
    const json_t *tokens = tokens_of(o);
    size_t        i = 0;

    while (i < count && json_is_integer(json_array_get(tokens, i)) &&
           json_integer_value(json_array_get(tokens, i)) == expected[i])
        i++;
    check(o->code == 0 && i == count, "%s: exit %d, the first %zu of %zu tokens are right: %s", what, o->code,
          i, count, o->err);
}

static double sum_of(const json_t *phases, const char *key)
{
    double  sum = 0;
    size_t  i;
    json_t *phase;

    json_array_foreach(phases, i, phase) sum += json_number_value(json_object_get(phase, key));
    return sum;
}

/* Phases: a prefill of the prompt and a decode for each token but the first, which add up to the whole. */
static void phases_add_up(const outcome *o, size_t prompt, size_t tokens, const char *what)
{
    const json_t *phases = json_object_get(o->report, "phases");
    bool          named = json_array_size(phases) == tokens;

    for (size_t i = 0; i < json_array_size(phases); i++) {
        const json_t *phase = json_array_get(phases, i);
        const char   *name = json_string_value(json_object_get(phase, "name"));

        named = named && name != NULL && strcmp(name, i == 0 ? "prefill" : "decode") == 0 &&
                json_integer_value(json_object_get(phase, "tokens")) == (json_int_t)(i == 0 ? prompt : 1);
    }
    check(named, "%s: phases are not a prefill of %zu tokens and %zu decodes", what, prompt, tokens - 1);
    check(sum_of(phases, "bytes") == json_number_value(json_object_get(o->report, "total_bytes")),
          "%s: the phases' bytes do not add up", what);
    check(sum_of(phases, "rounds") == json_number_value(json_object_get(o->report, "rounds")),
          "%s: the phases' rounds do not add up", what);
}

static size_t words_of(const char *ids)
{
    size_t n = 1;

    for (; *ids != '\0'; ids++) n += *ids == ' ';
    return n;
}

/* The golden's tokens from its text or its ids, in the clear and as shares. */
static void check_greedy(const char *name, size_t at, const char *transport, bool by_text)
{
    golden      g = { 0 };
    json_t     *file = read_golden(name, at, &g);
    char        input[1200], set[64], what[120];
    const char *path, *text;
    outcome     plain, secure;

    snprintf(input, sizeof input, by_text ? "text = %s" : "ids = %s", by_text ? g.text : g.ids);
    path = run_file("greedy.ini", tiny_model(name), "generate", input, "");
    snprintf(set, sizeof set, "network.transport=%s", transport);
    snprintf(what, sizeof what, "%s, case %zu, plain", name, at);
    plain = RUN(true, "run", path, "--set", "run.protocol=plain", "--set", "approximation.default=exact");
    tokens_are(&plain, g.tokens, g.sure, what);
    check(json_array_size(tokens_of(&plain)) == TOKENS, "%s: %zu tokens", what,
          json_array_size(tokens_of(&plain)));
    snprintf(what, sizeof what, "%s, case %zu, rep3 over %s", name, at, transport);
    secure = RUN(true, "run", path, "--set", set, "--set", "compare.reference=plain");
    tokens_are(&secure, g.tokens, g.sure, what);
    phases_add_up(&secure, words_of(g.ids), TOKENS, what);
    check(json_number_value(json_object_get(json_object_get(secure.report, "fidelity"), "top1_agreement")) *
                  TOKENS >=
              (double)g.sure,
          "%s: the reference chooses other tokens", what);
    check(json_is_null(json_object_get(json_object_get(secure.report, "fidelity"), "max_abs_error")),
          "%s: a distance of logits that nobody has", what);
    check(json_object_get(report_result(secure.report, 0), "logits") == NULL, "%s: logits were revealed",
          what);
    text = json_string_value(json_object_get(report_result(secure.report, 0), "text"));
    snprintf(input, sizeof input, "%d ", (int)g.tokens[0]); /* without a tokenizer numbers are printed */
    check(text != NULL ? strncmp(secure.out, text, strlen(text)) == 0 && secure.out[strlen(text)] == '\n'
                       : !by_text && strncmp(secure.out, input, strlen(input)) == 0,
          "%s: printed text and report differ: %.60s", what, secure.out);
    outcome_free(&plain);
    outcome_free(&secure);
    json_decref(file);
}

/* The client draws from logits: with one seed the same in the clear and as shares, with another not. */
static void check_sampling(void)
{
    static const char draw[] =
        "[generate]\ndecoding = client\ntemperature = 3\ntop_k = 50\ntop_p = 0.9\nsample_seed = 5\n"
        "max_new_tokens = 12\n";
    const char *path =
        run_file("draw.ini", tiny_model("gpt2"), "generate", "text = In the beginning", draw);
    outcome plain = RUN(true, "run", path, "--set", "run.protocol=plain"),
            secure = RUN(true, "run", path, "--set", "compare.reference=plain"),
            again = RUN(true, "run", path, "--set", "run.protocol=plain"),
            other = RUN(true, "run", path, "--set", "run.protocol=plain", "--set", "generate.sample_seed=6");
    const json_t *fidelity = json_object_get(secure.report, "fidelity");

    check(plain.code == 0 && json_array_size(tokens_of(&plain)) == 12, "client decoding: exit %d: %s",
          plain.code, plain.err);
    check(json_equal(tokens_of(&plain), tokens_of(&again)), "client decoding: a seed does not repeat");
    check(json_equal(tokens_of(&plain), tokens_of(&secure)), "client decoding: rep3 draws other tokens: %s",
          secure.err);
    check(!json_equal(tokens_of(&plain), tokens_of(&other)), "client decoding: the seed changes nothing");
    check(json_number_value(json_object_get(fidelity, "cosine")) > 0.9999 &&
              json_number_value(json_object_get(fidelity, "max_abs_error")) < 0.05,
          "client decoding: logits are far from the reference's: %s", secure.err);
    outcome_free(&plain);
    outcome_free(&secure);
    outcome_free(&again);
    outcome_free(&other);
}

/* Perplexity against the logits of every beginning of the text, computed one by one. */
static void check_perplexity(void)
{
    golden        g = { 0 };
    json_t       *file = read_golden("gpt2", 3, &g);
    static double logits[1000];
    char          input[1200], *rest = g.ids;
    const char   *path;
    double        surprise = 0, plain, secure;
    size_t        count = 0;
    outcome       o;

    for (char *space = strchr(rest, ' '); space != NULL; space = strchr(space + 1, ' '), count++) {
        double total = 0;
        long   next = strtol(space, NULL, 10);

        snprintf(input, sizeof input, "ids = %.*s", (int)(space - g.ids), g.ids);
        path = run_file("logits.ini", tiny_model("gpt2"), "logits", input,
                        "[approximation]\ndefault = exact\n");
        o = RUN(true, "run", path, "--set", "run.protocol=plain");
        if (!check(numbers(json_object_get(report_result(o.report, 0), "logits"), logits, 1000) == 1000,
                   "logits of a beginning: exit %d: %s", o.code, o.err)) {
            outcome_free(&o);
            json_decref(file);
            return;
        }
        for (size_t i = 0; i < 1000; i++) total += exp(logits[i]);
        surprise += log(total) - logits[next];
        outcome_free(&o);
    }
    snprintf(input, sizeof input, "ids = %s", g.ids);
    path = run_file("perplexity.ini", tiny_model("gpt2"), "perplexity", input, "");
    o = RUN(true, "run", path, "--set", "run.protocol=plain", "--set", "approximation.default=exact");
    plain = json_number_value(json_object_get(report_result(o.report, 0), "perplexity"));
    check(fabs(plain / exp(surprise / (double)count) - 1) < 1e-9,
          "perplexity %.9g, expected %.9g (exit %d: %s)", plain, exp(surprise / (double)count), o.code,
          o.err);
    outcome_free(&o);
    o = RUN(true, "run", path, "--set", "compare.reference=plain");
    secure = json_number_value(json_object_get(report_result(o.report, 0), "perplexity"));
    check(fabs(secure / plain - 1) <= 0.005, "perplexity under rep3 %.6g, in the clear %.6g (exit %d: %s)",
          secure, plain, o.code, o.err);
    check(fabs(json_number_value(
                   json_object_get(json_object_get(o.report, "fidelity"), "reference_perplexity")) /
                   plain -
               1) < 1e-9,
          "the reference's perplexity is another");
    check(json_object_get(report_result(o.report, 0), "logits") == NULL, "perplexity prints logits");
    outcome_free(&o);
    json_decref(file);
}

/* gpt2-tiny with another config.json, by links. */
static const char *changed_model(const char *eos)
{
    static const char *const names[] = { "model.safetensors", "tokenizer.json", "tokenizer_config.json" };
    static char              folder[160];
    char                     from[600];
    json_t                  *config;

    snprintf(from, sizeof from, "%s/config.json", tiny_model("gpt2"));
    config = json_load_file(from, 0, NULL);
    json_object_set_new(config, "eos_token_id", json_loads(eos, JSON_DECODE_ANY, NULL));
    unlink(driver_path("config.json"));
    json_dump_file(config, driver_path("config.json"), 0);
    json_decref(config);
    for (size_t i = 0; i < 3; i++) {
        snprintf(from, sizeof from, "%s/%s", tiny_model("gpt2"), names[i]);
        if (symlink(from, driver_path(names[i])) != 0 && errno != EEXIST) perror(names[i]);
    }
    snprintf(folder, sizeof folder, "%s", driver_work);
    return folder;
}

static void check_end(void)
{
    golden     g = { 0 };
    json_t    *file = read_golden("gpt2", 0, &g);
    char       input[200], eos[64];
    json_int_t end = g.tokens[5]; /* for the first time there */
    outcome    o;

    snprintf(input, sizeof input, "text = %s", g.text);
    snprintf(eos, sizeof eos, "[999, %d]", (int)end);
    for (int k = 0; k < 3; k++) {
        static const char *const protocols[] = { "run.protocol=plain", "run.protocol=rep3",
                                                 "network.transport=tls" };

        o = RUN(true, "run",
                run_file("end.ini", changed_model(eos), "generate", input, "[generate]\nstop_at_eos = yes\n"),
                "--set", protocols[k]);
        tokens_are(&o, g.tokens, 6, protocols[k]);
        check(json_array_size(tokens_of(&o)) == 6, "stop_at_eos, %s: %zu tokens", protocols[k],
              json_array_size(tokens_of(&o)));
        check(json_array_size(json_object_get(o.report, "phases")) == 6, "stop_at_eos, %s: %zu phases",
              protocols[k], json_array_size(json_object_get(o.report, "phases")));
        outcome_free(&o);
    }
    /* Without it the text ends all the same, and the parties go on. */
    o = RUN(true, "run", run_file("end.ini", changed_model(eos), "generate", input, ""));
    tokens_are(&o, g.tokens, g.sure, "fixed length");
    check(json_array_size(tokens_of(&o)) == TOKENS, "fixed length: %zu tokens",
          json_array_size(tokens_of(&o)));
    check(strstr(o.out, "Phaill") == NULL, "fixed length: text behind the end: %.60s", o.out);
    outcome_free(&o);
    o = RUN(false, "run",
            run_file("end.ini", changed_model("null"), "generate", input, "[generate]\nstop_at_eos = yes\n"));
    check(o.code == 4 && strstr(o.err, "eos_token_id") != NULL, "stop_at_eos without an end: exit %d: %s",
          o.code, o.err);
    outcome_free(&o);
    json_decref(file);
}

/* A token is on standard output while the run goes on: a run that is stopped behind the first one has printed
 * it, and nothing but tokens. */
static void check_streaming(void)
{
    const char *path = run_file("stream.ini", tiny_model("llama"), "generate", "ids = 1 299 944",
                                "[generate]\nmax_new_tokens = 120\n"),
               *fifo = driver_path("stream.out");
    char  c = '\0';
    int   status = -1;
    char *err;
    FILE *out;
    pid_t pid;

    if (mkfifo(fifo, 0600) != 0) perror(fifo);
    /* driver_spawn opens the fifo to write, which waits for a reader. */
    pid = fork();
    if (pid == 0) {
        char        program[600];
        int         fd;
        const char *build = getenv("PUMA_BUILDDIR");

        snprintf(program, sizeof program, "%.500s/puma", build != NULL ? build : ".");
        if (freopen(fifo, "w", stdout) == NULL || freopen(driver_path("stream.err"), "w", stderr) == NULL)
            _exit(99);
        fd = fileno(stdout);
        dup2(fd, 1);
        execl(program, "puma", "run", path, (char *)NULL);
        _exit(99);
    }
    out = fopen(fifo, "r");
    check(out != NULL && fread(&c, 1, 1, out) == 1, "streaming: no token came");
    kill(pid, SIGTERM);
    while (out != NULL && fread(&c, 1, 1, out) == 1)
        if (c == '{') break; /* no report behind the tokens */
    if (out != NULL) fclose(out);
    waitpid(pid, &status, 0);
    err = driver_read("stream.err");
    check(WIFEXITED(status) && WEXITSTATUS(status) == 10 && strstr(err, "E1005") != NULL,
          "streaming: the run was over at its first token: status %d: %s", status, err);
    free(err);
    unlink(fifo);
}

/* Every role a process of its own; `changed` is an option of party 1 alone. */
static void check_roles(const char *changed, int expected)
{
    static int         round;
    static const char *roles[] = { "0", "1", "2", "client" };
    const char        *path;
    char               network[300], input[1200];
    golden             g = { 0 };
    json_t            *file = read_golden("gpt2", 0, &g), *report;
    pid_t              pids[4];
    int                a = 20 + (int)(getpid() % 200), b = ++round;

    snprintf(network, sizeof network,
             "transport = tcp\nconnect_timeout_ms = 8000\nio_timeout_ms = 8000\nparty0 = 127.%d.%d.10:7431\n"
             "party1 = 127.%d.%d.11:7431\nparty2 = 127.%d.%d.12:7431\n",
             a, b, a, b, a, b);
    snprintf(input, sizeof input, "text = %s", g.text);
    path =
        run_file("roles.ini", tiny_model("gpt2"), "generate", input, "[generate]\nmax_new_tokens = 5\n");
    {
        char *text = driver_read("roles.ini"), *at = strstr(text, "transport = memory\n"), all[4096];

        snprintf(all, sizeof all, "%.*s%s%s", (int)(at - text), text, network,
                 at + strlen("transport = memory\n"));
        path = driver_file("roles.ini", all);
        free(text);
    }
    unlink(driver_path("roles.json"));
    for (int i = 0; i < 4; i++) {
        const char *args[12] = { "run", path, "--party", roles[i] };
        size_t      n = 4;

        if (i == 1 && changed != NULL) {
            args[n++] = "--set";
            args[n++] = changed;
        }
        if (i == 3) {
            args[n++] = "--report";
            args[n++] = driver_path("roles.json");
        }
        pids[i] = driver_spawn(roles[i], args);
    }
    for (int i = 0; i < 4; i++) {
        char name[20], *err, *out;
        int  status = 0;

        waitpid(pids[i], &status, 0);
        snprintf(name, sizeof name, "%s.err", roles[i]);
        err = driver_read(name);
        snprintf(name, sizeof name, "%s.out", roles[i]);
        out = driver_read(name);
        check(WIFEXITED(status) && WEXITSTATUS(status) == expected, "role %s: status %x: %s", roles[i],
              (unsigned)status, err);
        if (i < 3) check(out[0] == '\0', "role %s prints %.60s", roles[i], out);
        if (expected != 0) {
            char key[64];

            snprintf(key, sizeof key, "%.*s", (int)strcspn(changed, "="), changed);
            check(strstr(err, key) != NULL, "role %s does not name the key: %s", roles[i], err);
        }
        free(err);
        free(out);
    }
    report = json_load_file(driver_path("roles.json"), 0, NULL);
    if (expected == 0) {
        outcome o = { .report = report, .err = (char *)(uintptr_t) "" };

        tokens_are(&o, g.tokens, 5, "roles");
    } else {
        check(report == NULL, "a run that failed wrote a report");
    }
    json_decref(report);
    json_decref(file);
}

static void check_accuracy(void)
{
    char        path[600], labels[600] = "", texts[2048] = "", input[300];
    json_t     *file, *c;
    size_t      i, used = 0, written = 0, count = 0;
    const char *run;
    outcome     o;

    snprintf(path, sizeof path, "%s/golden.json", tiny_model("bert"));
    file = json_load_file(path, 0, NULL);
    json_array_foreach(json_object_get(file, "cases"), i, c)
    {
        json_int_t label = json_integer_value(json_object_get(c, "label"));

        /* The first one is said to be of another class. */
        written += (size_t)snprintf(labels + written, sizeof labels - written, "%d\n",
                                    (int)(i == 0 ? !label : label));
        used += (size_t)snprintf(texts + used, sizeof texts - used, "%s\n",
                                 json_string_value(json_object_get(c, "text")));
        count++;
    }
    driver_file("texts.txt", texts);
    driver_file("labels.txt", labels);
    run = run_file("labels.ini", tiny_model("bert"), "classify", "file = texts.txt\nlabels = labels.txt",
                   "");
    for (int k = 0; k < 2; k++) {
        o = RUN(true, "run", run, "--set", k == 0 ? "run.protocol=plain" : "run.reveal=label");
        check(count > 1 &&
                  fabs(json_number_value(json_object_get(json_object_get(o.report, "fidelity"), "accuracy")) -
                       (double)(count - 1) / (double)count) < 1e-12,
              "accuracy of %zu labels: exit %d: %s", count, o.code, o.err);
        outcome_free(&o);
    }
    o = RUN(true, "run", run, "--set", "run.protocol=plain", "--set", "input.limit=1");
    check(json_number_value(json_object_get(json_object_get(o.report, "fidelity"), "accuracy")) == 0 &&
              o.code == 0,
          "accuracy with a limit: exit %d: %s", o.code, o.err);
    outcome_free(&o);
    snprintf(input, sizeof input, "%s", "0\nx\n");
    driver_file("labels.txt", input);
    o = RUN(false, "run", run, "--set", "run.protocol=plain");
    check(o.code == 5 && strstr(o.err, "labels.txt:2: ") != NULL, "a bad label: exit %d: %s", o.code, o.err);
    outcome_free(&o);
    driver_file("labels.txt", "0\n");
    o = RUN(false, "run", run, "--set", "run.protocol=plain");
    check(o.code == 5 && strstr(o.err, "E0558") != NULL, "too few labels: exit %d: %s", o.code, o.err);
    outcome_free(&o);
    json_decref(file);
}

/* `run` and `plan` refuse it alike, with this code and text, and nothing is printed. */
static void refused(const char *model, const char *task, const char *input, const char *rest, int code,
                    const char *text)
{
    const char *path = run_file("refused.ini", tiny_model(model), task, input, rest);
    outcome     run = RUN(false, "run", path), plan = RUN(false, "plan", path);

    check(run.code == code && strstr(run.err, text) != NULL && run.out[0] == '\0',
          "%s, %s: run ends with %d: %s", task, text, run.code, run.err);
    check(plan.code == code && strcmp(plan.err, run.err) == 0, "%s, %s: plan ends with %d: %s", task, text,
          plan.code, plan.err);
    outcome_free(&run);
    outcome_free(&plan);
}

static void check_refusals(void)
{
    refused("bert", "generate", "text = a", "", 4, "refused.ini:3: [run] task: ");
    refused("bert", "perplexity", "text = a", "", 4, "refused.ini:3: [run] task: ");
    refused("gpt2", "generate", "text = In the beginning", "[generate]\nmax_new_tokens = 129\n", 3,
            "refused.ini:10: [generate] max_new_tokens: ");
    refused("gpt2", "generate", "text = In the beginning", "[generate]\nmax_new_tokens = 123\n", 5,
            "tokens 7 > 6");
    refused("gpt2", "generate", "text = In the beginning", "[generate]\ntop_p = 0.5\n", 3,
            "refused.ini:10: [generate] top_p: goes with decoding = client");
    refused("gpt2", "generate", "text = In the beginning", "[generate]\ndecoding = client\ntop_p = 1.5\n", 3,
            "refused.ini:11: [generate] top_p: needs a number, 0 < top_p <= 1");
    refused("gpt2", "generate", "ids = 5 1000", "", 5, "entry 2 is not in the model's vocabulary");
    refused("gpt2", "perplexity", "ids = 5", "", 5, "perplexity needs two tokens");
    refused("gpt2", "generate", "text = a\nlabels = l", "", 3, "[input] labels: goes with task = classify");
}

/* The longest there can be, and a prompt that is cut to make room. */
static void check_lengths(void)
{
    const char *path = run_file("long.ini", tiny_model("gpt2"), "generate", "text = In the beginning",
                                "[generate]\nmax_new_tokens = 122\n");
    outcome     o = RUN(true, "run", path, "--set", "run.protocol=plain");

    check(o.code == 0 && json_array_size(tokens_of(&o)) == 122, "7 + 122 - 1 of 128 positions: exit %d: %s",
          o.code, o.err);
    outcome_free(&o);
    o = RUN(true, "run", path, "--set", "run.protocol=plain", "--set", "generate.max_new_tokens=124", "--set",
            "input.truncate=yes");
    check(o.code == 0 && json_array_size(tokens_of(&o)) == 124 &&
              json_integer_value(json_object_get(o.report, "sequence_length")) == 5 &&
              strstr(o.err, "cut from 7 to 5 tokens") != NULL,
          "a prompt that is cut: exit %d: %s", o.code, o.err);
    outcome_free(&o);
}

/* Inputs of one file do not see each other: the second one's tokens are those it has alone. */
static void check_file(void)
{
    golden  g[2] = { 0 };
    json_t *files[2];
    char    lines[300];
    outcome o;

    for (size_t i = 0; i < 2; i++) files[i] = read_golden("gpt2", i, &g[i]);
    snprintf(lines, sizeof lines, "%s\n%s\n", g[0].text, g[1].text);
    driver_file("prompts.txt", lines);
    o = RUN(true, "run",
            run_file("file.ini", tiny_model("gpt2"), "generate", "file = prompts.txt",
                     "[generate]\nmax_new_tokens = 4\n"));
    for (size_t i = 0; i < 2; i++) {
        const json_t *tokens = json_object_get(report_result(o.report, i), "tokens");
        size_t        same = 0;

        while (same < 4 && json_integer_value(json_array_get(tokens, same)) == g[i].tokens[same]) same++;
        check(same == 4, "line %zu of a file: %zu tokens are right (exit %d: %s)", i, same, o.code, o.err);
        json_decref(files[i]);
    }
    /* Both lines take each step together. */
    check(json_array_size(json_object_get(o.report, "phases")) == 4, "a file: %zu phases",
          json_array_size(json_object_get(o.report, "phases")));
    outcome_free(&o);
}

/* llama-tiny whose head has the row of token `best` in other places too: `equal`, ended by a negative one. */
static const char *model_with_ties(json_int_t best, const json_int_t *equal)
{
    static char   folder[160];
    char          path[600], row[64 * 4];
    unsigned char length[8];
    json_t       *header;
    long          data = 0;
    FILE         *f;

    snprintf(path, sizeof path, "mkdir -p %s && cp %s/* %s && chmod u+w %s/*", driver_path("ties"),
             tiny_model("llama"), driver_path("ties"), driver_path("ties"));
    snprintf(folder, sizeof folder, "%s", driver_path("ties"));
    if (system(path) != 0) perror(path);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    f = fopen(path, "r+b");
    if (f == NULL || fread(length, 1, 8, f) != 8) perror(path);
    for (int i = 7; i >= 0; i--) data = data << 8 | length[i];
    header = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL);
    data += 8 + (long)json_integer_value(json_array_get(
                    json_object_get(json_object_get(header, "lm_head.weight"), "data_offsets"), 0));
    json_decref(header);
    fseek(f, data + (long)best * (long)sizeof row, SEEK_SET);
    if (fread(row, 1, sizeof row, f) != sizeof row) perror(path);
    for (; *equal >= 0; equal++) {
        fseek(f, data + (long)*equal * (long)sizeof row, SEEK_SET);
        if (fwrite(row, 1, sizeof row, f) != sizeof row) perror(path);
    }
    if (fclose(f) != 0) perror(path);
    return folder;
}

/* Of equal logits the first wins, whoever looks for the largest: two of them, three, neighbours, the last. */
static void check_ties(void)
{
    static const char *const runs[][2] = {
        { "run.protocol=plain", "run.task=generate" },
        { "run.protocol=plain", "numeric.arithmetic=fixed" },
        { "run.protocol=rep3", "run.task=generate" },
        { "run.protocol=beaver2", "run.task=generate" },
        { "run.protocol=plain", "generate.decoding=client" },
        { "run.protocol=rep3", "generate.decoding=client" },
    };
    golden           g = { 0 };
    json_t          *file = read_golden("llama", 0, &g);
    const json_int_t best = g.tokens[0], sets[][4] = {
        { 999, -1 }, { 12, -1 }, { 999, 0, 500, -1 }, { best + 1, -1 }, { best - 1, 3, 2, -1 }
    };

    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        const char *folder = model_with_ties(best, sets[k]);
        json_int_t  first = best;
        char        input[1200];

        for (size_t i = 0; sets[k][i] >= 0; i++)
            if (sets[k][i] < first) first = sets[k][i];
        snprintf(input, sizeof input, "ids = %s", g.ids);
        for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
            bool    client = strcmp(runs[i][1], "generate.decoding=client") == 0;
            outcome o =
                RUN(true, "run",
                    run_file("ties.ini", folder, "generate", input,
                             client ? "allow_insecure = yes\n[generate]\nmax_new_tokens = 1\ntop_k = 1\n"
                                    : "allow_insecure = yes\n[generate]\nmax_new_tokens = 1\n"),
                    "--set", runs[i][0], "--set", runs[i][1]);

            tokens_are(&o, &first, 1, runs[i][0]);
            outcome_free(&o);
        }
    }
    json_decref(file);
}

int main(void)
{
    driver_start("generate");
    check_ties();
    check_greedy("gpt2", 0, "tls", true);
    check_greedy("gpt2", 3, "memory", true);
    check_greedy("llama", 0, "tls", false);
    check_greedy("llama", 1, "tcp", false);
    check_sampling();
    check_perplexity();
    check_end();
    check_streaming();
    check_roles(NULL, 0);
    check_roles("generate.decoding=client", 9);
    check_roles("generate.max_new_tokens=6", 9);
    check_roles("run.batch_tokens=7", 9);
    check_accuracy();
    check_refusals();
    check_lengths();
    check_file();
    return driver_end();
}
