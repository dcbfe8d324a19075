/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_session.c - a session is opened, also badly, and revealed through; and plain's watch over values */
#include "host_sessions.h"

#include <fenv.h>

/* --- open ------------------------------------------------------------------------------------- */

static enum { FAILS, SAYS_NOTHING, MAKES_NOTHING, CHANGES_ROUNDING, COPIES_NOTHING } manner;

static puma_status moody_open(puma_session **s, const puma_session *base)
{
    puma_session copy = *base;

    /* In parentheses: cmocka has a macro of that name. */
    if (manner == FAILS) return (base->host->fail)(&copy, PUMA_EPLUGIN, "no %s today", "sessions");
    if (manner == SAYS_NOTHING) return PUMA_ERESOURCE;
    if (manner == MAKES_NOTHING) return PUMA_OK;
    if (manner == CHANGES_ROUNDING) fesetround(FE_UPWARD);
    if (fake_open(s, base) != PUMA_OK) return PUMA_ERESOURCE;
    if (manner == COPIES_NOTHING) (*s)->host = NULL;
    return PUMA_OK;
}

static const puma_protocol moody_table = { .struct_size = sizeof(puma_protocol),
                                           .parties = 1,
                                           .planes = 1,
                                           .dealer = PUMA_NO_NODE,
                                           .caps = PUMA_CAP_LOCAL,
                                           .open = moody_open,
                                           .close = fake_close };
static const plugin        moody = { .entry = &fake_entry, .protocol = &moody_table };

static void open_may_fail_in_every_way(void **state)
{
    static const struct {
        int         manner;
        puma_status status;
        unsigned    code;
        const char *text;
    } rows[] = {
        { FAILS, PUMA_EPLUGIN, 690, "no sessions today" },
        { SAYS_NOTHING, PUMA_ERESOURCE, 1001, "fake" },
        { MAKES_NOTHING, PUMA_EPLUGIN, 612, "made no session" },
        { CHANGES_ROUNDING, PUMA_EPLUGIN, 611, "rounding" },
        { COPIES_NOTHING, PUMA_EPLUGIN, 612, "did not copy" },
    };
    session_config c = { .protocol = &moody, .ring_bits = 64 };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        puma_session *s = NULL;
        puma_error    e = { 0 };

        manner = rows[i].manner;
        assert_int_equal(session_open(&s, &c, &e), rows[i].status);
        assert_null(s);
        assert_int_equal(e.code, rows[i].code);
        assert_non_null(strstr(e.text, rows[i].text));
        assert_int_equal(fegetround(), FE_TONEAREST);
    }
}

static void what_a_protocol_cannot_do_is_refused_before_it_opens(void **state)
{
    puma_session *s = NULL;
    puma_error    e = { 0 };

    (void)state;
    assert_int_equal(session_open(&s, &(session_config){ .protocol = &fake, .is_float = true }, &e),
                     PUMA_EPLUGIN);
    assert_int_equal(e.code, 613);
    assert_null(s);
}

/* --- reveal ----------------------------------------------------------------------------------- */

static int         revealed;
static puma_status verdict;

static puma_status count_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    (void)out, (void)x, (void)to;
    revealed++;
    return s->status;
}

static puma_status judge(puma_session *s)
{
    return verdict == PUMA_ECHEAT ? (s->host->fail)(s, PUMA_ECHEAT, "party 1 lied") : verdict;
}

/* Nothing is revealed that was not verified, whether the backend says why or not. */
static void what_is_not_verified_is_not_revealed(void **state)
{
    static const struct {
        puma_status verdict;
        unsigned    code;
        const char *text;
    } rows[] = {
        { PUMA_OK, 0, "" },
        { PUMA_ECHEAT, 1201, "head logits: party 1 lied" },
        { PUMA_ENUMERIC, 1101, "head logits: the protocol does not stand by its values" },
    };
    puma_protocol table = fake_table;
    plugin        careful = { .entry = &fake_entry, .protocol = &table, .extensions.verify.verify = judge };

    (void)state;
    table.reveal = count_reveal;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        puma_session *s = open_as((session_config){ .protocol = &careful });
        uint64_t      out;

        revealed = 0;
        verdict = rows[i].verdict;
        host_at(s, "head", -1, "logits");
        assert_int_equal(session_reveal(s, &out, counting(s, 1, 1), PUMA_CLIENT), verdict);
        assert_int_equal(revealed, verdict == PUMA_OK);
        assert_int_equal(session_error(s)->code, rows[i].code);
        assert_string_equal(session_error(s)->text, rows[i].text);
        session_close(s);
    }
}

/* --- plain: values that leave their ring ------------------------------------------------------ */

static const plugin *plain(void)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };

    if (plugin_open(&p, "plain", NULL, NULL, &e) != PUMA_OK) fail_msg("%s", e.text);
    return p;
}

static puma_tensor *shared(puma_session *s, uint64_t a, uint64_t b, uint32_t bits)
{
    puma_tensor *x = s->host->tensor(s, PUMA_ARITH, 1, (size_t[]){ 2 }, bits, 0);

    assert_non_null(x);
    assert_int_equal(s->protocol->share(s, x, (uint64_t[]){ a, b }, PUMA_CLIENT), PUMA_OK);
    return x;
}

/* (a, b) + (c, d) in a ring of 8 bits. */
static puma_tensor *sum_of_bytes(puma_session *s, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    puma_tensor *z = s->host->tensor(s, PUMA_ARITH, 1, (size_t[]){ 2 }, 8, 0);

    assert_int_equal(s->protocol->add(s, z, shared(s, a, b, 8), shared(s, c, d, 8)), PUMA_OK);
    return z;
}

static void a_value_beyond_its_ring_is_named_when_it_is_revealed(void **state)
{
    puma_session *s = open_as((session_config){ .protocol = plain() });
    puma_tensor  *z, *later;
    uint64_t      out[2];

    (void)state;
    z = sum_of_bytes(s, 127, 0x80, 0, 1); /* 127 and -127 fit */
    assert_int_equal(s->protocol->reveal(s, out, z, PUMA_CLIENT), PUMA_OK);
    assert_int_equal(out[0], 127);
    assert_int_equal(out[1], 0x81);
    host_at(s, "layer", 1, "up");
    z = sum_of_bytes(s, 127, 1, 1, 1); /* 128 does not */
    host_at(s, "layer", 2, "up");
    later = s->host->tensor(s, PUMA_ARITH, 1, (size_t[]){ 2 }, 8, 0);
    assert_int_equal(s->protocol->sub(s, later, z, z), PUMA_OK);
    assert_int_equal(s->protocol->reveal(s, out, later, PUMA_CLIENT), PUMA_ENUMERIC);
    assert_string_equal(
        session_error(s)->text,
        "layer 2 up: reveal: a value left its ring at layer 1 up in a sum (got 9 bits, limit 8)");
    session_close(s);
}

static void a_choice_drops_what_it_does_not_take(void **state)
{
    puma_session *s = open_as((session_config){ .protocol = plain() });
    puma_tensor  *lost = sum_of_bytes(s, 127, 1, 127, 1),
                *z = s->host->tensor(s, PUMA_ARITH, 1, (size_t[]){ 2 }, 8, 0);
    puma_tensor *bit = s->host->tensor(s, PUMA_BIT, 1, (size_t[]){ 2 }, 1, 0);
    uint64_t     out[2], only_second = 2, both = 3;

    (void)state;
    s->protocol->share(s, bit, &only_second, PUMA_CLIENT);
    assert_int_equal(s->protocol->mux_sum(s, z, &(puma_choice){ bit, lost, 3 }, 1), PUMA_OK);
    assert_int_equal(s->protocol->reveal(s, out, z, PUMA_CLIENT), PUMA_OK);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[1], 6);
    s->protocol->share(s, bit, &both, PUMA_CLIENT);
    assert_int_equal(s->protocol->mux_sum(s, z, &(puma_choice){ bit, lost, 3 }, 1), PUMA_OK);
    assert_int_equal(s->protocol->reveal(s, out, z, PUMA_CLIENT), PUMA_ENUMERIC);
    session_close(s);
}

static void a_comparison_of_what_is_lost_or_too_far_is_an_error(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        puma_session *s = open_as((session_config){ .protocol = plain() });
        puma_tensor  *x = i == 0 ? sum_of_bytes(s, 127, 1, 1, 1) : shared(s, 7, i == 1 ? 7 : 8, 8);
        puma_tensor  *z = s->host->tensor(s, PUMA_BIT, 1, (size_t[]){ 2 }, 1, 0);
        uint64_t      zero = 0;

        /* a window of 4 bits: differences below 8 */
        assert_int_equal(s->protocol->less(s, &z, x, &zero, 1, 0, 4), i == 1 ? PUMA_OK : PUMA_ENUMERIC);
        session_close(s);
    }
}

static void a_product_is_held_to_what_the_protocols_need(void **state)
{
    /* x * 1 / 2^4 in a ring of 16: exact form, |x| < 2^14; into 12 bits: narrow form, any x */
    static const struct {
        uint64_t    x;
        uint32_t    bits;
        puma_status status;
    } rows[] = {
        { (1u << 14) - 1, 16, PUMA_OK },
        { 1u << 14, 16, PUMA_ENUMERIC },
        { 0x10000 - (1u << 14) + 1, 16, PUMA_OK },
        { 0x10000 - (1u << 14), 16, PUMA_ENUMERIC },
        { 0x7fe0, 12, PUMA_OK },
        { 0x7fff, 12, PUMA_ENUMERIC }, /* rounds up to 2^11 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        puma_session *s = open_as((session_config){ .protocol = plain() });
        puma_tensor  *z = s->host->tensor(s, PUMA_ARITH, 1, (size_t[]){ 2 }, rows[i].bits, 0);
        puma_term term = { .op = PUMA_TERM_MUL, .x = shared(s, rows[i].x, 0, 16), .y = shared(s, 1, 1, 16) };
        uint64_t  out[2];

        assert_int_equal(s->protocol->product(s, z, &term, 1, 4), PUMA_OK);
        assert_int_equal(s->protocol->reveal(s, out, z, PUMA_CLIENT), rows[i].status);
        session_close(s);
    }
}

static void a_poisoned_operand_spoils_its_own_row_alone(void **state)
{
    puma_session *s = open_as((session_config){ .protocol = plain() });
    puma_tensor  *x = s->host->reshape(s, sum_of_bytes(s, 127, 3, 1, 1), 2, (size_t[]){ 2, 1 });
    puma_tensor  *y = s->host->reshape(s, shared(s, 5, 7, 16), 2, (size_t[]){ 1, 2 });
    puma_tensor  *z = s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ 2, 2 }, 8, 0);
    puma_term     term = { .op = PUMA_TERM_MATMUL, .x = x, .y = y };
    uint64_t      out[4];

    (void)state;
    assert_int_equal(s->protocol->product(s, z, &term, 1, 0), PUMA_OK);
    assert_int_equal(s->protocol->reveal(s, out, s->host->slice(s, z, 0, 1, 2), PUMA_CLIENT), PUMA_OK);
    assert_int_equal(out[0], 20);
    assert_int_equal(out[1], 28);
    assert_int_equal(s->protocol->reveal(s, out, z, PUMA_CLIENT), PUMA_ENUMERIC);
    session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_may_fail_in_every_way),
        cmocka_unit_test(what_a_protocol_cannot_do_is_refused_before_it_opens),
        cmocka_unit_test(what_is_not_verified_is_not_revealed),
        cmocka_unit_test(a_value_beyond_its_ring_is_named_when_it_is_revealed),
        cmocka_unit_test(a_choice_drops_what_it_does_not_take),
        cmocka_unit_test(a_comparison_of_what_is_lost_or_too_far_is_an_error),
        cmocka_unit_test(a_product_is_held_to_what_the_protocols_need),
        cmocka_unit_test(a_poisoned_operand_spoils_its_own_row_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
