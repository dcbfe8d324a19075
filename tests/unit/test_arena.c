/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_arena.c - scopes, what outlives them, and memory that is not there */
#include "host_sessions.h"

/* A build with AddressSanitizer would die of the sizes that one test asks for; it must return NULL as others
 * do. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

static void a_scope_frees_all_but_what_is_kept(void **state)
{
    puma_session    *s = open_fake();
    const puma_host *h = s->host;
    size_t           outer, inner;
    puma_tensor     *kept, *view;

    (void)state;
    outer = h->enter(s);
    counting(s, 2, 3);
    inner = h->enter(s);
    counting(s, 4, 5);
    kept = counting(s, 6, 7);
    assert_non_null(h->scratch(s, 100));
    view = h->view(s, kept);
    puma_leave(s, inner, view);
    assert_int_equal(h->enter(s), inner + 1); /* the view belongs to the outer scope, its words still live */
    assert_int_equal(view->plane[0][41], 41);
    assert_int_equal(view->plane[1][41], 1041);
    puma_leave(s, outer, NULL);
    assert_int_equal(h->enter(s), outer);
    session_close(s);
}

static void a_kept_tensor_of_an_outer_scope_stays_there(void **state)
{
    puma_session *s = open_fake();
    puma_tensor  *x = counting(s, 2, 3);
    size_t        mark = s->host->enter(s);

    (void)state;
    counting(s, 2, 3);
    puma_leave(s, mark, x);
    assert_int_equal(s->host->enter(s), mark);
    assert_int_equal(x->plane[1][5], 1005);
    session_close(s);
}

static void several_are_kept_in_the_order_they_were_made(void **state)
{
    puma_session *s = open_fake();
    puma_tensor  *outer = counting(s, 2, 2), *first, *last;
    size_t        mark = s->host->enter(s);

    (void)state;
    counting(s, 3, 3);
    first = counting(s, 2, 3);
    assert_non_null(s->host->scratch(s, 7));
    last = s->host->view(s, counting(s, 5, 1));
    s->host->leave(s, mark, (const puma_tensor *[]){ last, NULL, outer, first }, 4);
    assert_int_equal(s->host->enter(s), mark + 2);
    assert_int_equal(outer->plane[1][3], 1003);
    assert_int_equal(first->plane[1][5], 1005);
    assert_int_equal(last->plane[1][4], 1004);
    puma_leave(s, mark + 1, NULL); /* the one that was made last goes */
    assert_int_equal(s->host->enter(s), mark + 1);
    assert_int_equal(first->plane[0][5], 5);
    s->host->leave(s, mark, NULL, 0);
    assert_int_equal(s->host->enter(s), mark);
    session_close(s);
}

static void a_dropped_tensor_leaves_its_views_their_words(void **state)
{
    puma_session *s = open_fake();
    size_t        mark = s->host->enter(s);
    puma_tensor  *x = counting(s, 2, 3), *view = s->host->view(s, x);

    (void)state;
    s->host->drop(s, NULL);
    s->host->drop(s, x);
    assert_int_equal(s->host->enter(s), mark + 1);
    assert_int_equal(view->plane[1][5], 1005);
    session_close(s);
}

static void memory_that_is_not_there_is_an_error_with_its_size(void **state)
{
    static const size_t dims[][3] = { { SIZE_MAX, 2, 1 },
                                      { (size_t)1 << 31, (size_t)1 << 31, 3 },
                                      { (size_t)1 << 58, 1, 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        puma_session *s = open_fake();

        assert_null(s->host->tensor(s, PUMA_ARITH, 3, dims[i], 64, 0));
        assert_int_equal(session_error(s)->code, 1001);
        assert_non_null(strstr(session_error(s)->text, "bytes asked"));
        session_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_frees_all_but_what_is_kept),
        cmocka_unit_test(a_kept_tensor_of_an_outer_scope_stays_there),
        cmocka_unit_test(several_are_kept_in_the_order_they_were_made),
        cmocka_unit_test(a_dropped_tensor_leaves_its_views_their_words),
        cmocka_unit_test(memory_that_is_not_there_is_an_error_with_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
