/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_place.c - where a run is, and its first failure */
#include "host/place.h"

#include "host_sessions.h"

/* The last place that a session told. */
static void keep(void *context, const place *at) { *(place *)context = *at; }

static void a_place_is_told_as_data_and_read_as_text(void **state)
{
    static const struct {
        place       at;
        const char *text, *title;
    } rows[] = {
        { { "layer", 3, "softmax" }, "layer 3 softmax", "layer 3" },
        { { "layer", 0, "qkv" }, "layer 0 qkv", "layer 0" },
        { { "head", -1, "logits" }, "head logits", "head" },
        { { "weights", -1, "a name 7 of blanks" }, "weights a name 7 of blanks", "weights" },
        { { "", -1, "alone" }, "alone", "alone" },
    };
    place         told = { 0 };
    puma_session *s = open_as((session_config){ .labelled = keep, .label_context = &told });

    (void)state;
    assert_string_equal(s->host->where(s), "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char title[PLACE_TEXT];

        host_at(s, rows[i].at.part, rows[i].at.layer, rows[i].at.op);
        assert_string_equal(told.part, rows[i].at.part);
        assert_int_equal(told.layer, rows[i].at.layer);
        assert_string_equal(told.op, rows[i].at.op);
        assert_false(place_is_none(&told));
        assert_string_equal(s->host->where(s), rows[i].text);
        place_title(&told, title);
        assert_string_equal(title, rows[i].title);
    }
    session_close(s);
}

static void the_first_failure_sticks_with_its_place(void **state)
{
    place         told = { 0 };
    puma_session *s = open_as((session_config){ .labelled = keep, .label_context = &told });

    (void)state;
    host_at(s, "layer", 3, "gelu");
    assert_int_equal((s->host->fail)(s, PUMA_ENUMERIC, "too %s", "large"), PUMA_ENUMERIC);
    assert_int_equal((s->host->fail)(s, PUMA_EPLUGIN, "later"), PUMA_ENUMERIC);
    assert_string_equal(session_error(s)->text, "layer 3 gelu: too large");
    assert_int_equal(session_error(s)->code, 1101);
    assert_null(s->host->tensor(s, PUMA_ARITH, 0, NULL, 64, 0));
    assert_null(s->host->scratch(s, 1));
    assert_null(s->host->prg_own(s, "any"));
    host_at(s, "layer", 4, "up"); /* it never came there */
    assert_int_equal(told.layer, 3);
    assert_string_equal(s->host->where(s), "layer 3 gelu");
    session_close(s);
}

static void a_failure_nowhere_has_no_prefix(void **state)
{
    puma_session *s = open_fake();

    (void)state;
    /* In parentheses: cmocka has a macro of that name. */
    (s->host->fail)(s, PUMA_ERESOURCE, "full");
    assert_string_equal(session_error(s)->text, "full");
    assert_int_equal(session_error(s)->code, 1001);
    session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_told_as_data_and_read_as_text),
        cmocka_unit_test(the_first_failure_sticks_with_its_place),
        cmocka_unit_test(a_failure_nowhere_has_no_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
