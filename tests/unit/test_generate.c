/* test_generate.c - the loop of generation: what is fed, what is told to whom, when it ends.  The model and
 * the wire are played by this file: a model whose next token is always the last one plus 1. */
#include "run/generate.h"

#include "exec/session.h"
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
    size_t fed[16], calls;
    bool   wrong;
    double answer; /* with `wrong`: in place of the next token */
    bool   failing;
};

static puma_error failure = { .status = PUMA_ENET, .code = 702, .text = "party 1 closed the connection" };

const puma_error *session_error(const puma_session *s)
{
    (void)s;
    return &failure;
}

static uint32_t last;

puma_status exec_feed(exec *x, size_t tokens, const uint32_t *ids, void (*allow)(void *context, bool allowed),
                      void *context, exec_output *out)
{
    (void)allow;
    (void)context;
    assert_true((ids != NULL) == x->client);
    if (ids != NULL) last = ids[tokens - 1];
    x->fed[x->calls++] = tokens;
    *out = (exec_output){ .rows = 1, .columns = x->greedy ? 1 : VOCABULARY };
    if (x->failing) return PUMA_ENET;
    if (!x->client) return PUMA_OK;
    out->values = calloc(out->columns, sizeof *out->values);
    assert_non_null(out->values);
    if (!x->greedy)
        out->values[(last + 1) % VOCABULARY] = 5;
    else
        out->values[0] = x->wrong ? x->answer : (last + 1) % VOCABULARY;
    return PUMA_OK;
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
    static const char *const script[] = { "more", "more", "end", "nonsense" };

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
    uint32_t   eos[2], ids[3], types[3];
    plan       p;
    token_list prompt;
    exec       x;
    generation g;
    generated  out;
    bool       present[PUMA_NODES];
    size_t     begun[2];
    char       said[256];
    puma_error e;
} node;

static void begin(void *context, report_step step, size_t tokens)
{
    assert_ptr_equal(context, &node);
    assert_int_equal(tokens, step == REPORT_PREFILL ? 3 : 1);
    node.begun[step]++;
}

static void say(void *context, size_t input, const char *text, size_t size)
{
    size_t used = strlen(node.said);

    assert_ptr_equal(context, &node);
    assert_int_equal(input, 4);
    snprintf(node.said + used, sizeof node.said - used, "%.*s|", (int)size, text != NULL ? text : "");
}

static void set_up(bool client, size_t new_tokens)
{
    memset(&node, 0, sizeof node);
    node.run.max_new_tokens = new_tokens;
    node.m.vocabulary = VOCABULARY;
    node.p = (plan){ .run = &node.run, .model = &node.m, .input = { .eos = node.eos, .eos_count = 2 } };
    node.eos[0] = 99;
    node.eos[1] = 8;
    node.ids[2] = 4;
    node.prompt = (token_list){ .count = 3, .ids = node.ids, .types = node.types };
    node.x = (exec){ .greedy = true, .client = client };
    node.present[0] = node.present[2] = node.present[PUMA_CLIENT] = true;
    node.g = (generation){ .plan = &node.p,
                           .client = client,
                           .present = node.present,
                           .begin = begin,
                           .context = &node,
                           .say = say,
                           .say_context = &node };
    told[0] = '\0';
    heard = 0;
}

static puma_status run(const generated *forced)
{
    return generate_tokens(&node.x, NULL, &node.g, 4, node.g.client ? &node.prompt : NULL, 3, forced,
                           &node.out, &node.e);
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
    assert_int_equal(
        sampler_open(&node.g.sampler, &(sample_config){ .temperature = 0.01, .top_p = 1 }, &node.e), PUMA_OK);
    assert_int_equal(run(NULL), PUMA_OK);
    tokens_are(3, (const uint32_t[]){ 5, 6, 7 });
    assert_int_equal(node.out.steps.rows, 3);
    assert_int_equal(node.out.steps.columns, VOCABULARY);
    assert_true(node.out.steps.values[2 * VOCABULARY + 7] == 5);
    sampler_close(node.g.sampler);
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
        cmocka_unit_test(a_party_learns_no_token),
        cmocka_unit_test(the_client_tells_the_end),
        cmocka_unit_test(a_party_does_as_it_is_told),
        cmocka_unit_test(a_token_out_of_the_vocabulary_is_refused),
        cmocka_unit_test(what_the_session_says_is_the_reason),
        cmocka_unit_test(the_client_samples_and_keeps_what_it_saw),
        cmocka_unit_test(a_reference_goes_the_same_way),
        cmocka_unit_test(perplexity_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
