/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_guard.c - facts about rows are kept, compared and brought down to a word a group
 *
 * The backend is `plain`, whose words of a verdict are counts.  What other backends make of the same calls is a matter
 * of tests/conformance. */
#include "host/guard.h"
#include "host_sessions.h"

enum { RING = 36, GROUPS = 4, LEAST = 100000, MOST = 900000 };

static puma_session *open_plain(void)
{
    session_config c = { .role = 0 };
    puma_error     e = { 0 };

    if (plugin_open(&c.protocol, "plain", NULL, NULL, &e) != PUMA_OK) fail_msg("%s", e.text);
    return open_as(c);
}

static puma_session *open_guarded(void)
{
    puma_session *s = open_plain();

    guard_begin(s, RING);
    return s;
}

static void close_guarded(puma_session *s)
{
    assert_int_equal(s->status, PUMA_OK);
    guard_end(s);
    session_close(s);
}

/* A group is a layer; what is in none is the last. */
static size_t group_of(void *context, const place *at)
{
    (void)context;
    return at->layer < 0 ? GROUPS - 1 : (size_t)at->layer;
}

static void at_layer(puma_session *s, int layer) { host_at(s, layer < 0 ? "output" : "layer", layer, "norm"); }

/* (count, 2): of row i the squares sum up to about sum[i], to less than GUARD_SLACK. */
static puma_share rows_of(puma_session *s, const uint64_t *sum, size_t count)
{
    puma_tensor *x = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ count, 2 }, RING, 0);
    uint64_t     words[64];

    assert_true(count <= 32);
    for (size_t i = 0; i < count; i++) {
        uint64_t a = 0, b = 0;

        while ((a + 1) * (a + 1) <= sum[i] / 2) a++;
        while ((b + 1) * (b + 1) <= sum[i] - a * a) b++;
        words[2 * i] = (0 - a) & puma_mask(RING);
        words[2 * i + 1] = b;
    }
    assert_int_equal(session_share(s, x, words, 0), PUMA_OK);
    return x;
}

static void state(puma_session *s, int layer, uint64_t sum, uint64_t least)
{
    const uint64_t sums[] = { 500000, sum, 300000 };

    at_layer(s, layer);
    guard_squares(s, rows_of(s, sums, 3), least, MOST);
}

static void flag(puma_session *s, int layer, uint64_t bits, size_t count)
{
    puma_tensor *x = s->host->tensor(s, PUMA_BIT, 1, &count, 1, 0);

    at_layer(s, layer);
    assert_int_equal(session_share(s, x, &bits, 0), PUMA_OK);
    puma_flag(s, x);
}

/* Which groups' words are not 0, as bits. */
static unsigned verdict(puma_session *s)
{
    puma_share z = guard_verdict(s, GROUPS, group_of, NULL);
    uint64_t   words[GROUPS];
    unsigned   marked = 0;

    if (z == NULL) fail_msg("%s", session_error(s)->text);
    assert_int_equal(z->n, GROUPS);
    assert_int_equal(z->bits, GUARD_VERDICT_BITS);
    assert_int_equal(session_reveal(s, words, z, 0), PUMA_OK);
    for (size_t k = 0; k < GROUPS; k++) marked |= (unsigned)(words[k] != 0) << k;
    return marked;
}

/* --- sums of squares -------------------------------------------------------------------------- */

static void sums_within_their_limits_are_no_failure(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    state(s, 0, 400000, LEAST);
    state(s, 1, LEAST + 2 * GUARD_SLACK, LEAST);
    state(s, 2, MOST - 2 * GUARD_SLACK, LEAST);
    state(s, -1, 0, 0);
    assert_int_equal(verdict(s), 0);
    close_guarded(s);
}

static void a_row_beyond_a_limit_marks_its_group_alone(void **context)
{
    static const uint64_t beyond[] = { 0, LEAST / 2, LEAST - 3 * GUARD_SLACK, MOST + 3 * GUARD_SLACK, 4 * MOST };

    (void)context;
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        for (int layer = 0; layer < GROUPS - 1; layer++) {
            puma_session *s = open_guarded();

            for (int other = 0; other < GROUPS - 1; other++) state(s, other, other == layer ? beyond[i] : 400000, LEAST);
            assert_int_equal(verdict(s), 1u << layer);
            close_guarded(s);
        }
}

static void without_a_lower_limit_a_row_may_be_nothing(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    state(s, 0, 0, 0);
    state(s, 1, 2 * MOST, 0);
    assert_int_equal(verdict(s), 1u << 1);
    close_guarded(s);
}

/* Facts of one group are stated between those of others, and more than one fails. */
static void facts_of_groups_may_be_mixed(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    state(s, 2, 2 * MOST, 0);
    state(s, 0, 400000, LEAST);
    state(s, 2, 400000, LEAST);
    state(s, -1, 0, LEAST);
    state(s, 1, 400000, 0);
    state(s, 2, 0, LEAST);
    assert_int_equal(verdict(s), 1u << 2 | 1u << (GROUPS - 1));
    close_guarded(s);
}

/* Rows of one number beside rows of many, and a fact about no rows at all. */
static void rows_may_be_of_any_length(void **context)
{
    static const uint64_t ones[100];
    puma_session         *s = open_guarded();
    puma_tensor          *long_ = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ 1, 100 }, RING, 0);
    puma_tensor          *none = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ 0, 5 }, RING, 0);
    puma_tensor          *short_ = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ 3, 1 }, RING, 0);

    (void)context;
    session_share(s, long_, ones, 0);
    session_share(s, short_, (const uint64_t[]){ 700, 100, (0 - UINT64_C(700)) & puma_mask(RING) }, 0);
    at_layer(s, 0);
    guard_squares(s, long_, LEAST, MOST);
    at_layer(s, 1);
    guard_squares(s, none, LEAST, MOST);
    guard_squares(s, short_, 5000, MOST);
    assert_int_equal(verdict(s), 1u << 0);
    close_guarded(s);
}

static void no_rows_at_all_are_no_failure(void **context)
{
    puma_session *s = open_guarded();
    puma_tensor  *none = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ 0, 5 }, RING, 0);

    (void)context;
    guard_squares(s, none, LEAST, MOST);
    assert_int_equal(verdict(s), 0);
    close_guarded(s);
}

/* --- flags ------------------------------------------------------------------------------------ */

static void a_flagged_row_marks_its_group(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    flag(s, 0, 0, 40);
    flag(s, 1, UINT64_C(1) << 39, 40);
    flag(s, -1, 0, 3);
    assert_int_equal(verdict(s), 1u << 1);
    close_guarded(s);
}

/* The two kinds of facts stand between each other, and a group's word is of both. */
static void flags_and_sums_meet_in_a_group(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    flag(s, 0, 1, 1);
    state(s, 0, 400000, LEAST);
    flag(s, 1, 0, 7);
    state(s, 1, 0, LEAST);
    state(s, 2, 400000, LEAST);
    flag(s, 2, 0, 64);
    flag(s, -1, 2, 2);
    assert_int_equal(verdict(s), 1u << 0 | 1u << 1 | 1u << (GROUPS - 1));
    close_guarded(s);
}

static void numbers_are_no_flags(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    s->host->flag(s, rows_of(s, (const uint64_t[]){ 1, 0 }, 2));
    assert_int_equal(s->status, PUMA_EINTERNAL);
    guard_end(s);
    session_close(s);
}

static void a_run_without_a_guard_wants_no_flags(void **context)
{
    puma_session *s = open_plain();

    (void)context;
    assert_false(puma_flags(s));
    flag(s, 0, 1, 1);
    state(s, 0, 0, LEAST);
    guard_settle(s, 0);
    assert_null(guard_verdict(s, GROUPS, group_of, NULL));
    guard_begin(s, RING);
    assert_true(puma_flags(s));
    assert_int_equal(verdict(s), 0);
    close_guarded(s);
}

/* --- when ------------------------------------------------------------------------------------- */

static void nothing_stated_is_no_failure(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    assert_int_equal(verdict(s), 0);
    close_guarded(s);
}

/* Facts are kept beyond the scope that made them. */
static void facts_outlive_their_scope(void **context)
{
    puma_session *s = open_guarded();
    size_t        mark = s->host->enter(s);

    (void)context;
    state(s, 1, 0, LEAST);
    flag(s, 2, 1, 1);
    puma_leave(s, mark, NULL);
    for (int k = 0; k < 20; k++) rows_of(s, (const uint64_t[]){ 400000, 400000, 400000 }, 3);
    assert_int_equal(verdict(s), 1u << 1 | 1u << 2);
    close_guarded(s);
}

static void summing_up_early_changes_no_verdict(void **context)
{
    (void)context;
    for (int settled = 0; settled < 16; settled++) {
        puma_session *s = open_guarded();

        state(s, 0, 400000, LEAST);
        if (settled & 1) guard_settle(s, 0);
        flag(s, 1, 0, 3);
        state(s, 1, 0, LEAST);
        if (settled & 2) guard_settle(s, 6);
        flag(s, 2, 0, 2);
        if (settled & 4) guard_settle(s, 0);
        state(s, -1, 400000, 0);
        state(s, -1, 2 * MOST, 0);
        if (settled & 8) guard_settle(s, 13); /* 12 words wait */
        assert_int_equal(verdict(s), 1u << 1 | 1u << (GROUPS - 1));
        close_guarded(s);
    }
}

static void a_verdict_forgets(void **context)
{
    puma_session *s = open_guarded();

    (void)context;
    state(s, 0, 0, LEAST);
    flag(s, 1, 1, 1);
    assert_int_equal(verdict(s), 1u << 0 | 1u << 1);
    assert_int_equal(verdict(s), 0);
    state(s, 2, 0, LEAST);
    state(s, 0, 400000, LEAST);
    assert_int_equal(verdict(s), 1u << 2);
    close_guarded(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_within_their_limits_are_no_failure),
        cmocka_unit_test(a_row_beyond_a_limit_marks_its_group_alone),
        cmocka_unit_test(without_a_lower_limit_a_row_may_be_nothing),
        cmocka_unit_test(facts_of_groups_may_be_mixed),
        cmocka_unit_test(rows_may_be_of_any_length),
        cmocka_unit_test(no_rows_at_all_are_no_failure),
        cmocka_unit_test(a_flagged_row_marks_its_group),
        cmocka_unit_test(flags_and_sums_meet_in_a_group),
        cmocka_unit_test(numbers_are_no_flags),
        cmocka_unit_test(a_run_without_a_guard_wants_no_flags),
        cmocka_unit_test(nothing_stated_is_no_failure),
        cmocka_unit_test(facts_outlive_their_scope),
        cmocka_unit_test(summing_up_early_changes_no_verdict),
        cmocka_unit_test(a_verdict_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
