/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_rehearsal.c - sessions without words: what they replay, and what they count */
#include "host/rehearsal.h"

#include "host_sessions.h"

#include <puma/protocol.h>

/* --- places ----------------------------------------------------------------------------------- */

typedef struct places {
    place  at[16];
    size_t count;
} places;

static void collect(void *context, const place *at)
{
    places *all = context;

    assert_true(all->count < 16);
    all->at[all->count++] = *at;
}

static void expect_place(const place *at, const char *part, int layer, const char *op)
{
    assert_string_equal(at->part, part);
    assert_int_equal(at->layer, layer);
    assert_string_equal(at->op, op);
}

/* What tells a layer is its number, not what its text looks like. */
static void a_replay_is_told_under_another_layer(void **state)
{
    places        all = { 0 };
    puma_session *s =
        open_as((session_config){ .rehearsal = true, .labelled = collect, .label_context = &all });

    (void)state;
    host_at(s, "layer", 1, "before");
    session_record(s, 3);
    host_at(s, "layer", 2, "layer 2 up");
    host_at(s, "head", -1, "logits");
    host_at(s, "group", 0, "down");
    host_at(s, "", -1, "layer 2 by name");
    session_record_stop(s);
    host_at(s, "layer", 1, "behind");
    assert_int_equal(all.count, 6);
    session_replay(s, 3, 17);
    assert_int_equal(all.count, 10);
    expect_place(&all.at[6], "layer", 17, "layer 2 up");
    expect_place(&all.at[7], "head", -1, "logits");
    expect_place(&all.at[8], "group", 17, "down");
    expect_place(&all.at[9], "", -1, "layer 2 by name");
    session_record(s, 3); /* the number serves again: what it held is forgotten */
    session_record_stop(s);
    session_replay(s, 3, 18);
    assert_int_equal(all.count, 10);
    session_close(s);
}

/* --- memory and work -------------------------------------------------------------------------- */

#define MANY ((size_t)1 << 28) /* words of a plane */
#define PLANE (8 * MANY)

static puma_tensor *large(puma_session *s)
{
    puma_tensor *x = s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ 4, MANY / 4 }, 64, 3);

    assert_non_null(x);
    return x;
}

static void planes_that_are_written_count_as_memory(void **state)
{
    puma_session *s = open_as((session_config){ .rehearsal = true });
    size_t        mark = s->host->enter(s);
    puma_tensor  *x = large(s), *y;

    (void)state;
    assert_true((s->caps & PUMA_CAP_REHEARSAL) != 0);
    assert_int_equal(session_peak(s), 0);
    s->host->ring->add(x->plane[1], x->plane[1], x->plane[1], x->n);
    assert_int_equal(session_peak(s), PLANE);
    s->host->ring->neg(x->plane[1], x->plane[1], x->n);
    assert_int_equal(session_peak(s), PLANE);
    y = s->host->slice(s, x, 0, 1, 3); /* written in both planes, of half the words */
    assert_int_equal(session_peak(s), 2 * PLANE);
    assert_true(y->plane[0] != NULL && session_like(s, y) != NULL);
    assert_int_equal(session_peak(s), 3 * PLANE);
    puma_leave(s, mark, NULL);
    session_like(s, &(puma_tensor){ .kind = PUMA_ARITH, .rank = 1, .dim = { 1 }, .bits = 64 });
    assert_int_equal(session_peak(s), 3 * PLANE);
    session_close(s);
}

static void scratch_counts_once_it_is_used(void **state)
{
    puma_session *s = open_as((session_config){ .rehearsal = true });
    uint64_t     *words = s->host->scratch(s, MANY);

    (void)state;
    assert_non_null(words);
    assert_int_equal(session_peak(s), 0);
    s->host->ring->neg(large(s)->plane[0], words, 1);
    assert_true(session_peak(s) >= 2 * PLANE && session_peak(s) < 2 * PLANE + 4096);
    session_close(s);
}

static void a_replay_counts_what_was_recorded(void **state)
{
    puma_session *s = open_as((session_config){ .rehearsal = true });
    puma_tensor  *x = large(s);
    size_t        mark, peak;
    ring_work     once, twice;

    (void)state;
    s->host->ring->neg(x->plane[0], x->plane[0], MANY);
    session_record(s, 0);
    mark = s->host->enter(s);
    s->host->tile(s, x, 2);
    puma_leave(s, mark, NULL);
    session_record_stop(s);
    once = session_work(s);
    peak = session_peak(s);
    assert_true(once.words == 5.0 * (double)MANY); /* neg; tile: two planes twice */
    assert_int_equal(peak, 5 * PLANE);
    s->host->ring->neg(x->plane[1], x->plane[1], MANY);
    session_replay(s, 0, 1);
    twice = session_work(s);
    assert_true(twice.words == 10.0 * (double)MANY);
    assert_true(twice.fresh_bytes == 10.0 * (double)PLANE);
    assert_int_equal(session_peak(s), 6 * PLANE);
    session_close(s);
}

static void a_run_is_no_rehearsal(void **state)
{
    puma_session *rehearsal = open_as((session_config){ .rehearsal = true }), *run = open_fake();
    puma_tensor  *x = counting(run, 2, 3);

    (void)state;
    assert_true((run->caps & PUMA_CAP_REHEARSAL) == 0);
    run->host->ring->add(x->plane[0], x->plane[0], x->plane[0], x->n);
    assert_int_equal(x->plane[0][5], 10);
    assert_int_equal(session_peak(rehearsal), 0);
    session_close(run);
    session_close(rehearsal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_is_told_under_another_layer),
        cmocka_unit_test(planes_that_are_written_count_as_memory),
        cmocka_unit_test(scratch_counts_once_it_is_used),
        cmocka_unit_test(a_replay_counts_what_was_recorded),
        cmocka_unit_test(a_run_is_no_rehearsal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
