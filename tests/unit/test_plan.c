/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_plan.c - a run file and a model's shape become a plan: the same at every node, with nothing of the client's in
 * it, or an error that names file, line and key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "input/client.h"
#include "plan/show.h"

#include "../support/scratch.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODELS PUMA_SRCDIR "/tests/golden/models/"

/* Lines 1 to 4 of a run file, more behind them. */
static void put_run(const char *name, const char *task, const char *protocol, const char *more)
{
    char text[1500];

    snprintf(text, sizeof text, "[run]\nmodel = " MODELS "%s\ntask = %s\nprotocol = %s\n%s", name, task, protocol, more);
    put_text("run.ini", text);
}

/* As a compute party opens it. */
static plan *party(void)
{
    puma_error e = { 0 };
    plan      *p;

    if (plan_open(&p, NULL, in_scratch("run.ini"), NULL, 0, &e) != PUMA_OK) fail_msg("%s", e.text);
    return p;
}

static void the_shortest_plan(void **state)
{
    plan *p;

    (void)state;
    put_run("bert-tiny", "classify", "rep3", "");
    p = party();
    assert_string_equal(p->protocol->entry->name, "rep3");
    assert_int_equal(p->model->layers, 2);
    assert_int_equal(p->most, 128);
    assert_string_equal(p->function_name[PUMA_SLOT_GELU], "precise.gelu");
    assert_int_equal(p->exec.rings.frac, 18);
    assert_true(p->exec.lookup && !p->exec.equality);
    assert_non_null(strstr(p->hello, "run.task=classify\n"));
    assert_non_null(strstr(p->hello, "plan.protocol=rep3 "));
    plan_close(p);
}

/* What a party says in HELLO is what the client says, but for the client's own lines. */
static void a_party_s_plan_equals_the_client_s(void **state)
{
    static const char *const runs[][3] = {
        { "bert-tiny", "classify", "[input]\ntext = a secret word\n" },
        { "bert-tiny", "hidden", "[input]\nids = 5 6 7\ntruncate = yes\n[approximation]\ndefault = puma\n" },
        { "gpt2-tiny", "generate", "[input]\ntext = a secret word\n[generate]\nmax_new_tokens = 5\n" },
        { "bert-tiny", "hidden", "[input]\nids = 5 6 7\n[weights]\nsource = synthetic:3\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        for (int two = 0; two < 2; two++) {
            client_plan *c;
            plan        *p;
            puma_error   e = { 0 };
            const char  *own, *rest;

            put_run(runs[i][0], runs[i][1], two ? "beaver2" : "rep3", runs[i][2]);
            if (client_open(&c, in_scratch("run.ini"), NULL, 0, CLIENT_ALL, &e) != PUMA_OK) fail_msg("%s", e.text);
            p = party();
            assert_string_equal(p->hello, c->plan->hello);
            assert_null(strstr(p->hello, "input."));
            assert_null(strstr(c->hello, "secret"));
            own = strstr(c->hello, "\ninput.parse_special=no\ninput.truncate=");
            assert_non_null(own);
            assert_true(memcmp(c->hello, p->hello, (size_t)(own + 1 - c->hello)) == 0);
            rest = strstr(c->hello, "\ninput.tokens=");
            assert_non_null(rest);
            assert_int_equal(strtoul(rest + 14, NULL, 10), c->input.sequences[0].count);
            plan_close(p);
            client_close(c);
        }
}

/* The entries of [input] and [chat] stay for their line numbers, and nothing else of them. */
static void a_plan_has_no_text(void **state)
{
    static const char text[] = "[input]\ntext = a secret word\n[chat]\ntemplate = qwen2.5\nsystem = be brief\n";
    runfile_input    *own;
    puma_error        e = { 0 };
    plan             *p;

    (void)state;
    put_run("qwen2-tiny", "generate", "rep3", text);
    for (int client = 0; client < 2; client++) {
        if (plan_open(&p, client ? &own : NULL, in_scratch("run.ini"), NULL, 0, &e) != PUMA_OK) fail_msg("%s", e.text);
        assert_string_equal(ini_find(&p->run->file, "input", "text")->value, "");
        assert_string_equal(ini_find(&p->run->file, "chat", "system")->value, "");
        assert_non_null(strstr(runfile_where(p->run, "input", "text"), ":6"));
        if (client) assert_string_equal(own->text, "a secret word");
        plan_close(p);
    }
    runfile_input_close(own);
}

static void functions_are_chosen_by_the_run_file(void **state)
{
    plan *p;

    (void)state;
    put_run("bert-tiny", "hidden", "rep3", "[approximation]\ndefault = puma\nsoftmax = mpcformer\n");
    p = party();
    assert_string_equal(p->function_name[PUMA_SLOT_GELU], "puma.gelu");
    assert_int_equal(strncmp(p->function_name[PUMA_SLOT_SOFTMAX], "mpcformer.", 10), 0);
    assert_true(plan_uses(p, PUMA_SLOT_GELU) && plan_uses(p, PUMA_SLOT_LAYERNORM) && !plan_uses(p, PUMA_SLOT_SILU));
    assert_null(plan_caution(p, PUMA_SLOT_SILU));
    assert_true(plan_ulp(p) == ldexp(1, -18));
    plan_close(p);
    put_run("bert-tiny", "hidden", "plain", "[approximation]\ndefault = exact\n");
    p = party();
    assert_true(plan_ulp(p) == 0);
    plan_close(p);
}

static void ranges_are_the_run_file_s_where_it_has_some(void **state)
{
    plan *p;
    int   before;

    (void)state;
    put_run("bert-tiny", "hidden", "rep3", "");
    p = party();
    before = p->model->ranges.hidden;
    plan_close(p);
    put_text("ranges.ini", "[ranges]\nhidden = 3\n");
    put_run("bert-tiny", "hidden", "rep3", "[numeric]\nranges = ranges.ini\n");
    p = party();
    assert_true(before != 3);
    assert_int_equal(p->model->ranges.hidden, 3);
    assert_non_null(strstr(p->hello, "model.ranges="));
    plan_close(p);
    unlink(in_scratch("ranges.ini"));
}

/* A plan under these ranges, given in a file; *e says what it was refused for. */
static plan *with_ranges(const char *name, const char *functions, const char *ranges, puma_error *e)
{
    char  more[300];
    plan *p;

    snprintf(more, sizeof more, "[numeric]\nranges = ranges.ini\n[approximation]\n%s\n", functions);
    put_text("ranges.ini", ranges);
    put_run(name, "hidden", "rep3", more);
    *e = (puma_error){ 0 };
    plan_open(&p, NULL, in_scratch("run.ini"), NULL, 0, e);
    unlink(in_scratch("ranges.ini"));
    return p;
}

static void the_scores_ring_follows_their_distance(void **state)
{
    static const struct {
        const char *functions, *ranges;
        uint32_t    bits; /* of the ring, beside the fraction */
    } rows[] = {
        { "default = precise", "[ranges]\nhidden = 9\n", 9 }, /* the family's */
        { "default = precise", "[ranges]\nscores = 12\nspread = 7\n", 9 },
        { "default = precise", "[ranges]\nscores = 7\nspread = 20\n", 10 }, /* no further than twice the largest */
        { "default = precise", "[ranges]\nscores = 8\n", 11 },              /* the same where nothing is said */
        { "default = precise", "[ranges]\nscores = 9\nspread = 10\n", 12 },
        { "default = puma", "[ranges]\nscores = 12\nspread = 7\n", 10 },
        { "default = puma", "[ranges]\nscores = 12\nspread = 8\n", 10 },
        { "default = crypten", "[ranges]\nscores = 8\nspread = 20\n", 64 - 18 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        puma_error e;
        plan      *p = with_ranges("bert-tiny", rows[i].functions, rows[i].ranges, &e);

        if (e.status != PUMA_OK) fail_msg("%s: %s", rows[i].ranges, e.text);
        assert_int_equal(p->exec.rings.scores, 18 + rows[i].bits);
        plan_close(p);
    }
}

static void a_function_is_not_asked_beyond_its_domain(void **state)
{
    static const struct {
        const char *model, *functions, *ranges;
        unsigned    code; /* 0: it is not refused */
        const char *text; /* of the refusal, or of the warning of a norm or an activation; NULL: none */
    } rows[] = {
        { "bert-tiny", "default = precise", "[ranges]\nactivation = 9\n", 0, NULL },
        { "bert-tiny", "default = precise", "[ranges]\nactivation = 10\n", 1105, "gelu = precise.gelu: the activation's operand may reach 1024 (limit 512)" },
        { "bert-tiny", "default = precise", "[ranges]\nspread = 10\nscores = 10\n", 0, NULL },
        { "bert-tiny", "default = precise", "[ranges]\nscores = 16\n", 1105, "softmax = precise.softmax: the distance of a score" },
        { "bert-tiny", "default = puma", "[ranges]\nscores = 9\nspread = 9\n", 1105, "softmax = puma.softmax" },
        { "bert-tiny", "softmax = mpcformer", "[ranges]\nscores = 10\nspread = 2\n", 0, NULL }, /* it has a caution */
        { "bert-tiny", "gelu = mpcformer", "[ranges]\nhidden = 9\n", 0, "the activation's operand up to 4, and the model's ranges allow 64" },
        { "bert-tiny", "gelu = crypten.gelu_erf", "[ranges]\nhidden = 9\n", 0, "up to 2, and the model's ranges allow 64" },
        { "bert-tiny", "default = precise", "[ranges]\nsquares = 18\nvariance = 14\n", 0, NULL },
        { "bert-tiny", "default = precise", "[ranges]\nvariance = 15\n", 1105, "layernorm = precise.layernorm: the variance of a row may be as small as 2^-15" },
        { "bert-tiny", "default = puma", "[ranges]\nsquares = 23\n", 1105, "layernorm = puma.layernorm: the root mean square of a row may reach 362" },
        { "llama-tiny", "default = puma", "[ranges]\nactivation = 7\n", 0, "the root mean square of a row up to 256, and the model's ranges allow 4096" },
        { "llama-tiny", "default = precise", "[ranges]\nactivation = 11\n", 0, NULL },
        { "llama-tiny", "default = precise\nlayernorm = puma", "[ranges]\nsquares = 24\n", 0, NULL }, /* not called */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char       warning[PLAN_BEYOND] = "";
        puma_error e;
        plan      *p = with_ranges(rows[i].model, rows[i].functions, rows[i].ranges, &e);

        if (e.code != rows[i].code) fail_msg("%s %s: E%04u %s", rows[i].functions, rows[i].ranges, e.code, e.text);
        for (puma_slot slot = 0; e.code == 0 && rows[i].text != NULL && slot < PUMA_SLOT_COUNT; slot++)
            if (plan_beyond(p, slot, warning)) break;
        if (rows[i].text != NULL && strstr(e.code != 0 ? e.text : warning, rows[i].text) == NULL)
            fail_msg("%s %s: %s", rows[i].functions, rows[i].ranges, e.code != 0 ? e.text : warning);
        plan_close(p);
    }
}

/* A norm takes twice the bits of an entry for those of a sum of squares. */
static void a_row_s_squares_count_as_the_residual_stream(void **state)
{
    puma_error e;
    plan      *p = with_ranges("bert-tiny", "default = precise", "[ranges]\nhidden = 9\nsquares = 21\n", &e);

    (void)state;
    assert_int_equal(e.status, PUMA_OK);
    assert_int_equal(p->model->ranges.hidden, 11);
    plan_close(p);
}

/* Both as a party and as the client, with the same words. */
static void what_cannot_run_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *model, *task, *protocol, *more;
        unsigned    code;
        const char *place, *text;
    } wrong[] = {
        { "bert-tiny", "hidden", "nosuch", "", 601, ":4: [run] protocol", "nosuch" },
        { "bert-tiny", "hidden", "precise", "", 613, ":4: [run] protocol", "brings no protocol" },
        { "bert-tiny", "hidden", "rep3", "[approximation]\ngelu = nosuch\n", 601, ":6: [approximation] gelu", "nosuch" },
        { "bert-tiny", "hidden", "rep3", "[approximation]\ngelu = precise.nosuch\n", 614, ":6: [approximation] gelu",
          "has no gelu called \"nosuch\"" },
        { "bert-tiny", "hidden", "rep3", "[approximation]\nrmsnorm = rep3\n", 614, ":6: [approximation] rmsnorm",
          "brings no rmsnorm" },
        { "bert-tiny", "hidden", "rep3", "[approximation]\ndefault = exact\n", 615, ":6: [approximation]",
          "does not run on protocol rep3" },
        { "bert-tiny", "hidden", "rep3", "[plugin.puma]\nfxp_exp_iter = 5\n", 309, ":6: [plugin.puma]",
          "did you mean \"fxp_exp_iters\"" },
        { "bert-tiny", "hidden", "rep3", "[plugin.puma]\nfxp_exp_iters = many\n", 313, ":6: [plugin.puma]", "got many" },
        { "bert-tiny", "hidden", "beaver2", "embedding = dpf\n", 613, ":5: [run] embedding", "has no dpf" },
        { "bert-tiny", "hidden", "rep3", "material = m\n", 317, ":5: [run] material", "has no dealer" },
        { "bert-tiny", "hidden", "rep3", "[numeric]\nranges = ranges.ini\n", 309, "ranges.ini:2", "unknown key \"hiden\"" },
        { "bert-tiny", "hidden", "rep3", "[numeric]\nring_bits = 40\n", 1101, "[numeric] ring_bits", "needs 55 bits" },
        { "gpt2-tiny", "generate", "rep3", "[generate]\nmax_new_tokens = 200\n", 322, ":6: [generate] max_new_tokens",
          "got 200, limit 128" },
        { "bert-tiny", "generate", "rep3", "", 422, ":3: [run] task", "" },
        { "nosuch-tiny", "hidden", "rep3", "", 401, "", "nosuch-tiny" },
    };

    (void)state;
    put_text("ranges.ini", "[ranges]\nhiden = 3\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        puma_error   e = { 0 }, of_client = { 0 };
        plan        *p;
        client_plan *c;
        char         more[400];

        snprintf(more, sizeof more, "%s[input]\nids = 5 6\n", wrong[i].more);
        put_run(wrong[i].model, wrong[i].task, wrong[i].protocol, more);
        if (plan_open(&p, NULL, in_scratch("run.ini"), NULL, 0, &e) == PUMA_OK) fail_msg("accepted: %s", wrong[i].more);
        if (e.code != wrong[i].code || strstr(e.text, wrong[i].place) == NULL || strstr(e.text, wrong[i].text) == NULL)
            fail_msg("E%04u %s; wanted E%04u %s %s", e.code, e.text, wrong[i].code, wrong[i].place, wrong[i].text);
        client_open(&c, in_scratch("run.ini"), NULL, 0, CLIENT_ALL, &of_client);
        assert_int_equal(of_client.code, e.code);
        assert_string_equal(of_client.text, e.text);
        plan_close(p);
        client_close(c);
    }
    unlink(in_scratch("ranges.ini"));
}

static void a_label_needs_a_model_that_has_one(void **state)
{
    char       text[1200];
    puma_error e = { 0 };
    json_t    *root = json_load_file(MODELS "bert-tiny/config.json", 0, NULL);
    plan      *p;

    (void)state;
    json_object_set_new(root, "problem_type", json_string("multi_label_classification"));
    assert_int_equal(json_dump_file(root, in_scratch("config.json"), 0), 0);
    json_decref(root);
    snprintf(text, sizeof text, "[run]\nmodel = config.json\ntask = classify\nprotocol = rep3\nreveal = label\n");
    put_text("run.ini", text);
    assert_int_equal(plan_open(&p, NULL, in_scratch("run.ini"), NULL, 0, &e), PUMA_ECONFIG);
    assert_int_equal(e.code, 332);
    assert_non_null(strstr(e.text, ":5: [run] reveal: the model's answer is not one label"));
    plan_close(p);
    unlink(in_scratch("config.json"));
}

static void inputs_go_through_in_passes(void **state)
{
    const size_t tokens[] = { 60, 40, 1, 200, 5 };
    plan        *p;

    (void)state;
    put_run("bert-tiny", "hidden", "rep3", "batch_tokens = 100\n");
    p = party();
    assert_int_equal(plan_pass(p, tokens, 5, 0), 2);
    assert_int_equal(plan_pass(p, tokens, 5, 2), 3);
    assert_int_equal(plan_pass(p, tokens, 5, 3), 4); /* one in any case */
    assert_int_equal(plan_pass(p, tokens, 5, 4), 5);
    plan_close(p);
    put_run("gpt2-tiny", "generate", "rep3", "batch_tokens = 100\n[generate]\nmax_new_tokens = 20\n");
    p = party();
    assert_int_equal(p->most, 128 - 19);
    assert_int_equal(plan_pass(p, tokens, 5, 1), 3); /* 40 + 20, 1 + 20 */
    plan_close(p);
}

static void a_plan_is_shown_as_text_and_as_json(void **state)
{
    const size_t      tokens[] = { 7, 9 };
    const show_inputs in = { .tokens = tokens, .count = 2, .chat = "chatml", .unused = "bert.extra" };
    plan             *p;
    char             *text;
    json_t           *root;

    (void)state;
    put_run("gpt2-tiny", "generate", "rep3", "batch_tokens = 8\n");
    p = party();
    text = show_text(p, &in);
    assert_non_null(text);
    for (size_t i = 0; i < 5; i++) {
        static const char *const wanted[] = { "protocol      rep3 ", "input 1       9 tokens\n", "chat template chatml\n",
                                              "passes        2 for 2 inputs", "not used      bert.extra\n" };

        if (strstr(text, wanted[i]) == NULL) fail_msg("no %s in %s", wanted[i], text);
    }
    free(text);
    text = show_json(p, &in);
    root = json_loads(text, 0, NULL);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(root, "input_tokens"), 0)), 7);
    assert_string_equal(json_string_value(json_object_get(root, "chat_template")), "chatml");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "generate"), "max_new_tokens")), 16);
    json_decref(root);
    free(text);
    plan_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_plan),
        cmocka_unit_test(a_party_s_plan_equals_the_client_s),
        cmocka_unit_test(a_plan_has_no_text),
        cmocka_unit_test(functions_are_chosen_by_the_run_file),
        cmocka_unit_test(ranges_are_the_run_file_s_where_it_has_some),
        cmocka_unit_test(the_scores_ring_follows_their_distance),
        cmocka_unit_test(a_function_is_not_asked_beyond_its_domain),
        cmocka_unit_test(a_row_s_squares_count_as_the_residual_stream),
        cmocka_unit_test(what_cannot_run_is_refused_with_its_line),
        cmocka_unit_test(a_label_needs_a_model_that_has_one),
        cmocka_unit_test(inputs_go_through_in_passes),
        cmocka_unit_test(a_plan_is_shown_as_text_and_as_json),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
