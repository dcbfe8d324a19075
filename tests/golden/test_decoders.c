/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_decoders.c - the executor's causal models on the tiny checkpoints, against the reference
 * implementation.
 *
 * Bounds on logits: plain in float with exact functions 1e-4.  The greedy continuation is the golden's, in
 * plain and in rep3 with `precise`, where only the token is revealed.  The cache: a sequence fed in pieces
 * gives what it gives as a whole; the second token's bytes are at most a fifth of a prefill of 32 tokens.
 * PUMA_LONG=1: rep3 on every case, where the default takes the first of each model. */
#include "../e2e/driver.h"
#include "host/session.h"
#include "run/local.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLOAT_BOUND 1e-4
#define VOCABULARY 1000
#define TOKENS 64
#define GREEDY 16
#define CASES 16

typedef struct golden {
    uint32_t ids[TOKENS + GREEDY], greedy[GREEDY], most[TOKENS];
    size_t   count;
    double   logits[VOCABULARY];
} golden;

static double worst_float, worst_piece;

static size_t integers(const json_t *array, uint32_t *to, size_t room)
{
    size_t  i;
    json_t *v;

    json_array_foreach(array, i, v)
    {
        if (i < room) to[i] = (uint32_t)json_integer_value(v);
    }
    return i;
}

static bool read_golden(golden *g, const json_t *c)
{
    g->count = integers(json_object_get(c, "input_ids"), g->ids, TOKENS);
    return g->count > 0 && g->count <= TOKENS &&
           integers(json_object_get(c, "greedy16"), g->greedy, GREEDY) == GREEDY &&
           integers(json_object_get(c, "argmax_per_position"), g->most, TOKENS) == g->count &&
           numbers(json_object_get(c, "logits_last"), g->logits, VOCABULARY) == VOCABULARY;
}

static size_t largest(const double *x, size_t n)
{
    size_t at = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

static const char *directory_of(const char *name)
{
    static char path[600];
    const char *source = getenv("PUMA_SRCDIR");

    snprintf(path, sizeof path, "%.400s/tests/golden/models/%.40s-tiny",
             source != NULL ? source : PUMA_SRCDIR, name);
    return path;
}

static client_plan *opened(const char *directory, const char *protocol, const char *functions)
{
    char       text[1000];
    client_plan *c;
    puma_error   e = { 0 };

    snprintf(text, sizeof text,
             "[run]\nmodel = %.600s\ntask = logits\nprotocol = %s\n[input]\nids = 1\n"
             "[approximation]\ndefault = %s\n[network]\ntransport = memory\n",
             directory, protocol, functions);
    check(client_open(&c, driver_file("run.ini", text), NULL, 0, CLIENT_ALL, &e) == PUMA_OK, "%s, %s: %s",
          directory, protocol, e.text);
    if (e.status == PUMA_OK) return c;
    client_close(c);
    return NULL;
}

/* --- plain in float --------------------------------------------------------------------------- */

static puma_status run_one(exec *x, size_t tokens, const uint32_t *ids, exec_output *out)
{
    return exec_run(x, &(exec_input){ .tokens = tokens, .ids = ids }, 1, out);
}

static puma_status feed_one(exec *x, size_t tokens, const uint32_t *ids, exec_output *out)
{
    return exec_feed(x, &(exec_input){ .tokens = tokens, .ids = ids }, 1, out);
}

static void every_position(exec *x, const golden *g, const char *name, size_t which)
{
    exec_output o;
    size_t      same = 0;
    double      d;

    run_one(x, g->count, g->ids, &o);
    if (!check(o.values != NULL && o.rows == g->count && o.columns == VOCABULARY, "%s, case %zu: no logits",
               name, which))
        return;
    d = max_difference(o.values + (g->count - 1) * VOCABULARY, g->logits, VOCABULARY);
    check(d <= FLOAT_BOUND, "%s, case %zu: logits differ by %.3g", name, which, d);
    if (!(d <= worst_float)) worst_float = d;
    for (size_t t = 0; t < g->count; t++)
        same += largest(o.values + t * VOCABULARY, VOCABULARY) == g->most[t];
    check(same == g->count, "%s, case %zu: %zu of %zu positions have the golden's token", name, which, same,
          g->count);
    free(o.values);
}

/* The prompt in `step` tokens at a time, then token by token; the last logits of the prompt as those of the
 * whole. */
static void in_pieces(exec *x, const golden *g, size_t step, const char *name, size_t which)
{
    exec_output o = { 0 };
    size_t      same = 0;
    uint32_t    next;
    double      d = 0;

    exec_reset(x);
    for (size_t t = 0; t < g->count; t += step) {
        free(o.values);
        if (feed_one(x, step < g->count - t ? step : g->count - t, g->ids + t, &o) != PUMA_OK) break;
    }
    for (size_t i = 0; i < GREEDY && o.values != NULL; i++) {
        if (i == 0) d = max_difference(o.values, g->logits, VOCABULARY);
        next = (uint32_t)largest(o.values, VOCABULARY);
        same += next == g->greedy[i];
        free(o.values);
        feed_one(x, 1, &next, &o);
    }
    free(o.values);
    check(same == GREEDY, "%s, case %zu, %zu at a time: %zu of %d greedy tokens", name, which, step, same,
          GREEDY);
    check(d <= FLOAT_BOUND, "%s, case %zu, %zu at a time: logits differ by %.3g", name, which, step, d);
    if (!(d <= worst_piece)) worst_piece = d;
}

/* All goldens at once: whole; then their first tokens, so many of each that they get further and further
 * apart, and one by one the rest, where the sequences end one after the other. */
static void all_at_once(exec *x, const golden *g, size_t count, const char *name)
{
    exec_input  in[CASES], rest[CASES];
    exec_output whole[CASES], piece[CASES];
    size_t      done[CASES] = { 0 }, live = count;

    for (size_t i = 0; i < count; i++) in[i] = (exec_input){ .tokens = g[i].count, .ids = g[i].ids };
    exec_run(x, in, count, whole);
    for (size_t i = 0; i < count; i++) {
        double d = whole[i].values == NULL ? INFINITY
                                           : max_difference(whole[i].values + (g[i].count - 1) * VOCABULARY,
                                                            g[i].logits, VOCABULARY);

        check(d <= FLOAT_BOUND && whole[i].rows == g[i].count,
              "%s, case %zu among %zu: logits differ by %.3g", name, i, count, d);
    }
    exec_reset(x);
    for (size_t step = 0; live > 0; step++) {
        live = 0;
        for (size_t i = 0; i < count; i++) {
            size_t left = g[i].count - done[i], take = step > 0 ? 1 : 1 + i % 3 * (g[i].count / 4);

            rest[i] = (exec_input){ .tokens = left < take ? left : take, .ids = g[i].ids + done[i] };
            done[i] += rest[i].tokens;
            live += rest[i].tokens;
        }
        if (live == 0) break;
        if (!check(exec_feed(x, rest, count, piece) == PUMA_OK, "%s: step %zu fails", name, step))
            break;
        for (size_t i = 0; i < count; i++) {
            double d = INFINITY;

            if (rest[i].tokens == 0) {
                check(piece[i].values == NULL, "%s, case %zu: an answer without a token", name, i);
                continue;
            }
            if (piece[i].values != NULL && whole[i].values != NULL)
                d = max_difference(piece[i].values, whole[i].values + (done[i] - 1) * VOCABULARY, VOCABULARY);
            check(d <= 1e-9, "%s, case %zu, token %zu among others: logits differ by %.3g", name, i, done[i],
                  d);
            free(piece[i].values);
        }
    }
    for (size_t i = 0; i < count; i++) free(whole[i].values);
}

/* A session of plain in float with exact functions, and a decoder in it that shows every position. */
typedef struct subject {
    client_plan  *c;
    puma_session *s;
    exec         *x;
} subject;

static bool subject_open(subject *t, const char *directory)
{
    session_config sc = { .is_float = true, .option = plan_option };
    puma_error     e = { 0 };
    exec_config    ec;
    const plan    *p;

    *t = (subject){ .c = opened(directory, "plain", "exact") };
    if (t->c == NULL) return false;
    p = t->c->plan;
    sc.option_context = t->c->plan;
    sc.protocol = p->protocol;
    sc.ring_bits = p->run->ring_bits;
    sc.frac = p->run->frac;
    memcpy(sc.function, p->function, sizeof sc.function);
    ec = p->exec;
    ec.task = MODEL_PERPLEXITY;
    return check(session_open(&t->s, &sc, &e) == PUMA_OK &&
                     exec_open(&t->x, t->s, &ec, t->c->source, NULL) == PUMA_OK,
                 "%s: %s%s", directory, e.text, t->s == NULL ? "" : session_error(t->s)->text);
}

static void subject_close(subject *t)
{
    exec_close(t->x);
    if (t->s != NULL) session_close(t->s);
    client_close(t->c);
}

static void check_plain(const char *name, const json_t *cases)
{
    static golden g[CASES];
    subject       t;
    size_t        i, count = 0;
    json_t       *c;

    if (subject_open(&t, directory_of(name))) {
        json_array_foreach(cases, i, c)
        {
            if (!check(i + 1 < CASES && read_golden(&g[i], c), "%s, case %zu: not a golden", name, i)) break;
            every_position(t.x, &g[i], name, i);
            in_pieces(t.x, &g[i], g[i].count, name, i);
            in_pieces(t.x, &g[i], 3, name, i);
            count = i + 1;
        }
        g[count] = (golden){ .count = 1, .ids = { 7 } }; /* one token, whose logits are its own */
        if (check(count > 1, "%s: too few goldens for a pass of several", name)) {
            exec_output o;

            run_one(t.x, 1, g[count].ids, &o);
            memcpy(g[count].logits, o.values, sizeof g[count].logits);
            free(o.values);
            all_at_once(t.x, g, count + 1, name);
        }
    }
    subject_close(&t);
}

/* The sequence, its end and one token of it in one pass. */
static void check_window_among(subject *t, const uint32_t *ids, size_t length, size_t seen,
                               const double *last)
{
    const exec_input in[3] = { { .tokens = seen, .ids = ids + length - seen },
                               { .tokens = length, .ids = ids },
                               { .tokens = 1, .ids = ids } };
    exec_output      o[3];

    if (check(exec_run(t->x, in, 3, o) == PUMA_OK, "a window among others: %s",
              session_error(t->s)->text))
        for (size_t i = 0; i < 2; i++) {
            double d = max_difference(o[i].values + (in[i].tokens - 1) * VOCABULARY, last, VOCABULARY);

            check(d < 1e-9, "a window, sequence %zu among others: differs by %.3g", i, d);
        }
    for (size_t i = 0; i < 3; i++) free(o[i].values);
}

/* Mistral with a window of w: through two layers the last token sees 2 (w - 1) others.  Positions are
 * relative, so that the sequence and its end give the same logits, and one token less does not; nor does it
 * matter how the sequence was fed. */
static void check_window(size_t w)
{
    enum { LENGTH = 40 };
    char        path[700];
    json_t     *config;
    subject     t;
    exec_output whole = { 0 }, end = { 0 }, piece = { 0 };
    uint32_t    ids[LENGTH];
    size_t      seen = 2 * (w - 1) + 1;
    double      less, same, fed;

    for (size_t i = 0; i < LENGTH; i++) ids[i] = (uint32_t)(i * 59 % 997);
    snprintf(path, sizeof path, "%s/config.json", directory_of("mistral"));
    config = json_load_file(path, 0, NULL);
    json_object_set_new(config, "sliding_window", json_integer((json_int_t)w));
    json_dump_file(config, driver_path("config.json"), 0);
    json_decref(config);
    snprintf(path, sizeof path, "%s/model.safetensors", directory_of("mistral"));
    remove(driver_path("model.safetensors"));
    check(symlink(path, driver_path("model.safetensors")) == 0, "no link to %s", path);
    if (subject_open(&t, driver_work) && run_one(t.x, LENGTH, ids, &whole) == PUMA_OK &&
        run_one(t.x, seen, ids + LENGTH - seen, &end) == PUMA_OK) {
        const double *last = whole.values + (LENGTH - 1) * VOCABULARY;

        same = max_difference(last, end.values + (seen - 1) * VOCABULARY, VOCABULARY);
        free(end.values);
        end.values = NULL;
        less = INFINITY;
        if (seen > 1 && run_one(t.x, seen - 1, ids + LENGTH - seen + 1, &end) == PUMA_OK)
            less = max_difference(last, end.values + (seen - 2) * VOCABULARY, VOCABULARY);
        exec_reset(t.x);
        for (size_t i = 0; i < LENGTH; i += 7) {
            free(piece.values);
            feed_one(t.x, LENGTH - i < 7 ? LENGTH - i : 7, ids + i, &piece);
        }
        check_window_among(&t, ids, LENGTH, seen, last);
        fed = piece.values == NULL ? INFINITY : max_difference(last, piece.values, VOCABULARY);
        check(same < 1e-9 && fed < 1e-9 && less > 1e-3,
              "window %zu: differences %.3g, fed %.3g, one less %.3g", w, same, fed, less);
    }
    free(whole.values);
    free(end.values);
    free(piece.values);
    subject_close(&t);
}

/* --- rep3 ------------------------------------------------------------------------------------- */

typedef struct job {
    client_plan *c;
    golden      g;
    size_t      tokens;      /* how many to generate */
    uint32_t    got[GREEDY]; /* the client's */
    size_t      count;
} job;

/* Every node.  The client learns each token and feeds it; parties know how many there are. */
static void generate(puma_session *s, void *context)
{
    job        *j = context;
    exec_config ec = j->c->plan->exec;
    exec       *x;
    exec_output o;
    bool        client = s->role == PUMA_CLIENT;
    uint32_t    next = 0;

    ec.task = MODEL_GENERATE;
    ec.reveal_label = true;
    if (exec_open(&x, s, &ec, j->c->source, NULL) == PUMA_OK)
        for (size_t i = 0; i < j->tokens && s->status == PUMA_OK; i++) {
            exec_feed(x,
                      &(exec_input){ .tokens = i == 0 ? j->g.count : 1,
                                     .ids = !client  ? NULL
                                            : i == 0 ? j->g.ids
                                                     : &next },
                      1, &o);
            if (o.values != NULL) j->got[j->count++] = next = (uint32_t)llround(o.values[0]);
            free(o.values);
        }
    exec_close(x);
}

/* Bytes that all parties sent, 0 after a failure. */
static uint64_t played(job *j, const char *name)
{
    node_result result;
    puma_error  e = { 0 };
    uint64_t    bytes = 0;

    j->count = 0;
    check(local_work(j->c, generate, j, &result, &e) == PUMA_OK, "%s, rep3: %s", name, e.text);
    for (size_t i = 0; i < result.party_count; i++)
        for (size_t k = 0; k < result.parties[i].layer_count; k++) bytes += result.parties[i].layers[k].bytes;
    node_result_free(&result);
    return e.status == PUMA_OK ? bytes : 0;
}

static void check_rep3(const char *name, const json_t *cases)
{
    job     j = { .c = opened(directory_of(name), "rep3", "precise"), .tokens = GREEDY };
    size_t  i;
    json_t *c;

    if (j.c == NULL) return;
    json_array_foreach(cases, i, c)
    {
        size_t same = 0;

        if (i > 0 && getenv("PUMA_LONG") == NULL) break;
        if (!read_golden(&j.g, c) || played(&j, name) == 0) continue;
        for (size_t k = 0; k < j.count; k++) same += j.got[k] == j.g.greedy[k];
        check(same == GREEDY, "%s, case %zu, rep3: %zu of %d greedy tokens", name, i, same, GREEDY);
    }
    client_close(j.c);
}

/* What a token costs once 32 are in the cache. */
static void check_bytes(const char *name)
{
    job      j = { .c = opened(directory_of(name), "rep3", "precise") };
    uint64_t none, prefill, both;

    if (j.c == NULL) return;
    j.g.count = 32;
    for (size_t i = 0; i < j.g.count; i++) j.g.ids[i] = (uint32_t)(i * 37 % VOCABULARY);
    none = played(&j, name);
    j.tokens = 1;
    prefill = played(&j, name);
    j.tokens = 2;
    both = played(&j, name);
    printf("%s: %.3f MB for 32 tokens, %.3f MB for the next\n", name, 1e-6 * (double)(prefill - none),
           1e-6 * (double)(both - prefill));
    check(both > prefill && 5 * (both - prefill) <= prefill - none,
          "%s: the second token's bytes are more than a fifth of the prefill's", name);
    client_close(j.c);
}

int main(void)
{
    static const char *const names[] = { "gpt2", "llama", "mistral", "qwen2", "gemma" };

    driver_start("test_decoders");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char    path[700];
        json_t *file, *cases;

        snprintf(path, sizeof path, "%s/golden.json", directory_of(names[k]));
        file = json_load_file(path, 0, NULL);
        cases = json_object_get(file, "cases");
        if (check(json_array_size(cases) > 0, "%s: golden.json holds no cases", names[k])) {
            check_plain(names[k], cases);
            check_rep3(names[k], cases);
        }
        json_decref(file);
    }
    for (size_t w = 1; w <= 9; w += 2) check_window(w);
    check_bytes("gpt2");
    printf("largest differences of logits: %.3g; fed in pieces %.3g\n", worst_float, worst_piece);
    return driver_end();
}
