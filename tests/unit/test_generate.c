/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_generate.c - the loop of generation: what is fed, what is told to whom, when it ends.  The model and
 * the wire are played by this file: a model whose next token is always the last one plus 1. */
#include "run/generate.h"

#include "host/session.h"
#include "run/perplexity.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VOCABULARY 10

/* --- a model ---------------------------------------------------------------------------------- */

struct exec {
    bool   greedy, client;
    size_t fed[16], calls; /* fed: of the first sequence */
    size_t others[16];     /* of those behind it, together */
    bool   wrong;
    double answer; /* with `wrong`: in place of the next token */
    bool   failing;
    size_t trusted; /* steps whose answers can be trusted; 0: all */
};

static puma_error failure = { .status = PUMA_ENET, .code = 702, .text = "party 1 closed the connection" };

const puma_error *session_error(const puma_session *s)
{
    (void)s;
    return &failure;
}

const char *exec_distrust(const exec *x)
{
    return x->trusted > 0 && x->calls > x->trusted ? "layer 0 norm left its range" : NULL;
}

static void answer(const exec *x, const exec_input *in, exec_output *out)
{
    uint32_t next = (in->ids[in->tokens - 1] + 1) % VOCABULARY;

    *out = (exec_output){ .rows = 1, .columns = x->greedy ? 1 : VOCABULARY };
    out->values = calloc(out->columns, sizeof *out->values);
    assert_non_null(out->values);
    if (!x->greedy)
        out->values[next] = 5;
    else
        out->values[0] = x->wrong ? x->answer : next;
}

puma_status exec_feed(exec *x, const exec_input *in, size_t count, exec_output *out)
{
    x->fed[x->calls] = in[0].tokens;
    x->others[x->calls] = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) x->others[x->calls] += in[i].tokens;
        out[i] = (exec_output){ 0 };
        assert_true((in[i].ids != NULL) == x->client);
        if (x->client && in[i].tokens > 0 && !x->failing) answer(x, &in[i], &out[i]);
    }
    x->calls++;
    return x->failing ? PUMA_ENET : PUMA_OK;
}

/* --- a wire ----------------------------------------------------------------------------------- */

static char   told[256];
static size_t heard; /* control messages that the client has for a party */

puma_status net_send_control(net *n, uint32_t to, const char *text, puma_error *e)
{
    size_t used = strlen(told);

    (void)n;
    snprintf(told + used, sizeof told - used, "%u:%s ", to, text);
    return e->status;
}

puma_status net_recv_control(net *n, uint32_t from, char **text, size_t limit, puma_error *e)
{
    static const char *const script[] = { "more",          "more",     "end", "nonsense", "more more more",
                                          "more end more", "end more", "end", "more end" };

    (void)n;
    assert_int_equal(from, PUMA_CLIENT);
    assert_true(limit >= 4);
    *text = strdup(script[heard++]);
    return e->status;
}

/* --- the node --------------------------------------------------------------------------------- */

static struct {
    runfile    run;
    model      m;
    uint32_t   eos[2], ids[3], types[3], more[2][2];
    plan         p;
    client_input in;
    token_list prompt[3];
    size_t     tokens[3], count;
    exec       x;
    generation g;
    generated  out, outs[3];
    bool       present[PUMA_NODES];
    size_t     begun[2];
    char       said[256];
    puma_error e;
} node;

static void begin(void *context, report_step step, size_t tokens)
{
    assert_ptr_equal(context, &node);
    if (node.count == 1) assert_int_equal(tokens, step == REPORT_PREFILL ? 3 : 1);
    node.begun[step]++;
}

static void say(void *context, size_t input, const char *text, size_t size)
{
    size_t used = strlen(node.said);

    assert_ptr_equal(context, &node);
    assert_in_range(input, 4, 3 + node.count);
    snprintf(node.said + used, sizeof node.said - used, "%.*s|", (int)size, text != NULL ? text : "");
}

static void set_up(bool client, size_t new_tokens)
{
    memset(&node, 0, sizeof node);
    node.run.max_new_tokens = new_tokens;
    node.m.vocabulary = VOCABULARY;
    node.p = (plan){ .run = &node.run, .model = &node.m };
    node.in = (client_input){ .eos = node.eos, .eos_count = 2 };
    node.eos[0] = 99;
    node.eos[1] = 8;
    node.ids[2] = 4;
    node.prompt[0] = (token_list){ .count = 3, .ids = node.ids, .types = node.types };
    node.tokens[0] = 3;
    node.count = 1;
    node.x = (exec){ .greedy = true, .client = client };
    node.present[0] = node.present[2] = node.present[PUMA_CLIENT] = true;
    node.g = (generation){ .plan = &node.p,
                           .input = client ? &node.in : NULL,
                           .present = node.present,
                           .begin = begin,
                           .context = &node,
                           .say = say,
                           .say_context = &node };
    told[0] = '\0';
    heard = 0;
}

static puma_status run_pass(size_t count, const generated *forced, generated *out)
{
    return generate_tokens(&node.g,
                           &(generate_pass){ .x = &node.x,
                                             .first = 4,
                                             .count = count,
                                             .prompts = node.g.input != NULL ? node.prompt : NULL,
                                             .tokens = node.tokens,
                                             .forced = forced,
                                             .out = out },
                           &node.e);
}

static puma_status run(const generated *forced) { return run_pass(1, forced, &node.out); }

/* Three prompts whose last tokens are 4, 6 and 1: of two ids the second and the third. */
static void set_up_three(bool client, size_t new_tokens)
{
    set_up(client, new_tokens);
    node.count = 3;
    node.more[0][1] = 6;
    node.more[1][1] = 1;
    for (size_t i = 1; i < 3; i++) {
        node.prompt[i] = (token_list){ .count = 2, .ids = node.more[i - 1], .types = node.types };
        node.tokens[i] = 2;
    }
}

static puma_status run_three(const generated *forced) { return run_pass(3, forced, node.outs); }

static void free_three(void)
{
    for (size_t i = 0; i < 3; i++) generated_free(&node.outs[i]);
}

static void answer_is(size_t i, size_t count, const uint32_t *expected)
{
    assert_int_equal(node.outs[i].count, count);
    assert_memory_equal(node.outs[i].tokens, expected, count * sizeof *expected);
}

static void tokens_are(size_t count, const uint32_t *expected)
{
    assert_int_equal(node.out.count, count);
    assert_memory_equal(node.out.tokens, expected, count * sizeof *expected);
}

static void a_fixed_number_of_tokens(void **state)
{
    (void)state;
    set_up(true, 6);
    assert_int_equal(run(NULL), PUMA_OK);
    tokens_are(6, (const uint32_t[]){ 5, 6, 7, 8, 9, 0 }); /* 8 ends the sequence, and nobody is told */
    assert_int_equal(node.begun[REPORT_PREFILL], 1);
    assert_int_equal(node.begun[REPORT_DECODE], 5);
    assert_int_equal(node.x.fed[0], 3);
    for (size_t i = 1; i < 6; i++) assert_int_equal(node.x.fed[i], 1);
    assert_string_equal(told, "");
    assert_string_equal(node.said, "5| 6| 7| 8| 9| 0||");
    assert_null(node.out.text);
    assert_null(node.out.steps.values);
    generated_free(&node.out);
    set_up(true, 1);
    assert_int_equal(run(NULL), PUMA_OK);
    assert_int_equal(node.x.calls, 1);
    generated_free(&node.out);
}

/* What cannot be trusted is not said, whatever it is, and the parties see as many steps as else. */
static void a_distrusted_step_is_not_said(void **state)
{
    (void)state;
    set_up(true, 6);
    node.x.trusted = 2;
    node.x.wrong = true;
    node.x.answer = 5;
    assert_int_equal(run(NULL), PUMA_OK);
    assert_int_equal(node.out.count, 6);
    assert_int_equal(node.begun[REPORT_DECODE], 5);
    assert_string_equal(node.said, "5| 5|");
    generated_free(&node.out);
}

static void a_party_learns_no_token(void **state)
{
    (void)state;
    set_up(false, 3);
    assert_int_equal(run(NULL), PUMA_OK);
    assert_int_equal(node.x.calls, 3);
    assert_null(node.out.tokens);
    assert_string_equal(node.said, "");
}

static void the_client_tells_the_end(void **state)
{
    (void)state;
    set_up(true, 9);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node; /* only handed on */
    assert_int_equal(run(NULL), PUMA_OK);
    tokens_are(4, (const uint32_t[]){ 5, 6, 7, 8 });
    assert_string_equal(told, "0:more 2:more 0:more 2:more 0:more 2:more 0:end 2:end ");
    generated_free(&node.out);
    /* At the limit there is nothing to tell. */
    set_up(true, 1);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node;
    assert_int_equal(run(NULL), PUMA_OK);
    assert_string_equal(told, "");
    generated_free(&node.out);
    /* A backend of one party has nobody to tell. */
    set_up(true, 9);
    node.run.stop_at_eos = true;
    assert_int_equal(run(NULL), PUMA_OK);
    assert_int_equal(node.out.count, 4);
    generated_free(&node.out);
}

static void a_party_does_as_it_is_told(void **state)
{
    (void)state;
    set_up(false, 9);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node;
    assert_int_equal(run(NULL), PUMA_OK);
    assert_int_equal(node.x.calls, 3);
    set_up(false, 9);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node;
    heard = 3;
    assert_int_equal(run(NULL), PUMA_ENET);
    assert_int_equal(node.x.calls, 1);
}

static void a_token_out_of_the_vocabulary_is_refused(void **state)
{
    static const double wrong[] = { VOCABULARY, -1, 1e300, NAN, 0.5 };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        set_up(true, 3);
        node.x.answer = wrong[i];
        node.x.wrong = true;
        assert_int_equal(run(NULL), PUMA_ENUMERIC);
        assert_int_equal(node.out.count, 0);
        assert_int_equal(node.x.calls, 1);
        generated_free(&node.out);
    }
}

static void what_the_session_says_is_the_reason(void **state)
{
    (void)state;
    set_up(true, 3);
    node.x.failing = true;
    assert_int_equal(run(NULL), PUMA_ENET);
    assert_string_equal(node.e.text, failure.text);
    generated_free(&node.out);
}

static void the_client_samples_and_keeps_what_it_saw(void **state)
{
    (void)state;
    set_up(true, 3);
    node.x.greedy = false;
    node.g.keep = true;
    node.g.sampling = &(const sample_config){ .temperature = 0.01, .top_p = 1 };
    assert_int_equal(run(NULL), PUMA_OK);
    tokens_are(3, (const uint32_t[]){ 5, 6, 7 });
    assert_int_equal(node.out.steps.rows, 3);
    assert_int_equal(node.out.steps.columns, VOCABULARY);
    assert_true(node.out.steps.values[2 * VOCABULARY + 7] == 5);
    generated_free(&node.out);
}

static void a_reference_goes_the_same_way(void **state)
{
    uint32_t  tokens[] = { 5, 2, 8, 8 };
    generated forced = { .tokens = tokens, .count = 4 };

    (void)state;
    set_up(true, 9);
    node.run.stop_at_eos = true;
    node.g.keep = true;
    assert_int_equal(run(&forced), PUMA_OK);
    tokens_are(4, tokens);
    assert_int_equal(node.out.steps.rows, 4);
    assert_true(node.out.steps.values[0] == 5); /* agrees */
    assert_true(node.out.steps.values[1] == 6); /* behind 5, where 2 was taken */
    assert_true(node.out.steps.values[2] == 3); /* behind 2 */
    assert_true(node.out.steps.values[3] == 9);
    assert_string_equal(node.said, "");
    generated_free(&node.out);
}

static void several_inputs_take_a_step_together(void **state)
{
    (void)state;
    set_up_three(true, 3);
    assert_int_equal(run_three(NULL), PUMA_OK);
    answer_is(0, 3, (const uint32_t[]){ 5, 6, 7 });
    answer_is(1, 3, (const uint32_t[]){ 7, 8, 9 });
    answer_is(2, 3, (const uint32_t[]){ 2, 3, 4 });
    assert_int_equal(node.x.calls, 3);
    assert_int_equal(node.x.fed[0], 3);
    assert_int_equal(node.x.others[0], 4);
    assert_int_equal(node.x.others[2], 2);
    assert_int_equal(node.begun[REPORT_PREFILL], 1);
    assert_int_equal(node.begun[REPORT_DECODE], 2);
    assert_string_equal(node.said, "5| 6| 7||7| 8| 9||2| 3| 4||"); /* one after the other */
    free_three();
}

/* 8 ends a sequence: the second's after two tokens, the first's after four, the third's never. */
static void one_that_has_ended_takes_no_step(void **state)
{
    (void)state;
    set_up_three(true, 5);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node;
    assert_int_equal(run_three(NULL), PUMA_OK);
    answer_is(0, 4, (const uint32_t[]){ 5, 6, 7, 8 });
    answer_is(1, 2, (const uint32_t[]){ 7, 8 });
    answer_is(2, 5, (const uint32_t[]){ 2, 3, 4, 5, 6 });
    assert_int_equal(node.x.others[2], 1);
    assert_int_equal(node.x.fed[4], 0);
    assert_int_equal(node.x.others[4], 1);
    assert_string_equal(told, "0:more more more 2:more more more 0:more end more 2:more end more "
                              "0:more more 2:more more 0:end more 2:end more ");
    assert_string_equal(node.said, "5| 6| 7| 8||7| 8||2| 3| 4| 5| 6||");
    free_three();
}

static void a_party_hears_of_each(void **state)
{
    (void)state;
    set_up_three(false, 9);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node;
    heard = 4; /* more more more, more end more, end more, end */
    assert_int_equal(run_three(NULL), PUMA_OK);
    assert_int_equal(node.x.calls, 4);
    assert_int_equal(node.x.others[1], 2);
    assert_int_equal(node.x.others[2], 1);
    assert_int_equal(node.x.fed[3], 0);
    /* A word too few, and one too many. */
    set_up_three(false, 9);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node;
    heard = 8;
    assert_int_equal(run_three(NULL), PUMA_ENET);
    set_up(false, 9);
    node.run.stop_at_eos = true;
    node.g.wire = (net *)&node;
    heard = 8;
    assert_int_equal(run(NULL), PUMA_ENET);
}

static void references_of_several_lengths(void **state)
{
    uint32_t  tokens[] = { 5, 2, 8 };
    generated forced[3] = { { .tokens = tokens, .count = 3 },
                            { .tokens = tokens, .count = 1 },
                            { .tokens = tokens, .count = 2 } };

    (void)state;
    set_up_three(true, 9);
    node.g.keep = true;
    assert_int_equal(run_three(forced), PUMA_OK);
    answer_is(0, 3, tokens);
    answer_is(1, 1, tokens);
    answer_is(2, 2, tokens);
    assert_true(node.outs[1].steps.values[0] == 7);
    assert_true(node.outs[2].steps.values[1] == 6); /* behind 5, where 2 was taken */
    assert_int_equal(node.x.calls, 3);
    free_three();
}

static void perplexity_by_hand(void **state)
{
    /* ln of 1, 2, 1 over 4 and of 3, 1, 0 (nearly) over 4: the text 0 1 0 has p = 2/4 and 3/4; row 2 is not
     * asked. */
    const double   logits[] = { 1000, 1000 + log(2), 1000, log(3), 0, -1e6, 7, 8, 9 };
    const uint32_t ids[] = { 0, 1, 0 };
    double         surprise = perplexity_surprise(logits, 3, 3, ids), flat[8] = { 0 };

    (void)state;
    assert_true(fabs(surprise - log(8.0 / 3)) < 1e-12);
    assert_true(fabs(perplexity_of(surprise, 2) - sqrt(8.0 / 3)) < 1e-12);
    assert_true(fabs(perplexity_of(perplexity_surprise(flat, 2, 4, ids), 1) - 4) < 1e-12);
    flat[2] = NAN;
    assert_true(isnan(perplexity_surprise(flat, 2, 4, ids)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_number_of_tokens),
        cmocka_unit_test(a_distrusted_step_is_not_said),
        cmocka_unit_test(a_party_learns_no_token),
        cmocka_unit_test(the_client_tells_the_end),
        cmocka_unit_test(a_party_does_as_it_is_told),
        cmocka_unit_test(a_token_out_of_the_vocabulary_is_refused),
        cmocka_unit_test(what_the_session_says_is_the_reason),
        cmocka_unit_test(the_client_samples_and_keeps_what_it_saw),
        cmocka_unit_test(a_reference_goes_the_same_way),
        cmocka_unit_test(several_inputs_take_a_step_together),
        cmocka_unit_test(one_that_has_ended_takes_no_step),
        cmocka_unit_test(a_party_hears_of_each),
        cmocka_unit_test(references_of_several_lengths),
        cmocka_unit_test(perplexity_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
