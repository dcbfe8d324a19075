/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_shape.c - tensors, and tensors made of tensors: all planes; the conformance suite tries every
 * operation on values */
#include "host_sessions.h"

static void tensors_are_zero_aligned_and_apart(void **state)
{
    puma_session *s = open_fake();
    puma_tensor  *x = s->host->tensor(s, PUMA_ARITH, 3, (size_t[]){ 3, 5, 7 }, 40, 12);
    puma_tensor  *b = s->host->tensor(s, PUMA_BIT, 1, (size_t[]){ 65 }, 9, 9);
    puma_tensor  *none = s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ 0, 9 }, 64, 0);

    (void)state;
    assert_int_equal(x->n, 105);
    assert_int_equal(x->range, 27);
    assert_int_equal(b->words, 2);
    assert_int_equal(b->bits, 1);
    assert_int_equal(none->n, 0);
    for (uint32_t p = 0; p < 2; p++) {
        assert_int_equal((uintptr_t)x->plane[p] % 64, 0);
        for (size_t i = 0; i < x->n; i++) assert_int_equal(x->plane[p][i], 0);
    }
    assert_true(x->plane[1] >= x->plane[0] + x->n);
    session_close(s);
}

static void structure_moves_every_plane(void **state)
{
    puma_session    *s = open_fake();
    const puma_host *h = s->host;
    puma_tensor     *x = counting(s, 2, 3), *z;

    (void)state;
    z = h->permute(s, x, (uint32_t[]){ 1, 0 });
    assert_int_equal(z->dim[0], 3);
    assert_int_equal(z->plane[0][1], 3);
    assert_int_equal(z->plane[1][1], 1003);
    z = h->slice(s, x, 1, 1, 3);
    assert_int_equal(z->plane[1][2], 1004);
    z = h->concat(s, (const puma_tensor *[]){ x, z }, 2, 1);
    assert_int_equal(z->dim[1], 5);
    assert_int_equal(z->plane[1][4], 1002);
    z = h->expand(s, x, 4);
    assert_int_equal(z->rank, 3);
    assert_int_equal(z->plane[1][7], 1001);
    z = h->tile(s, x, 2);
    assert_int_equal(z->plane[1][6], 1000);
    z = h->gather(s, x, (size_t[]){ 1, 1, 0 }, 3);
    assert_int_equal(z->plane[1][4], 1004);
    z = h->reshape(s, x, 1, (size_t[]){ 6 });
    assert_ptr_equal(z->plane[1], x->plane[1]);
    assert_int_equal(z->frac, 3);
    session_close(s);
}

/* Who knows the numbers of a tensor knows those of its parts, and of several joined ones those who know each. */
static void structure_keeps_who_knows(void **state)
{
    puma_session    *s = open_fake();
    const puma_host *h = s->host;
    puma_tensor     *x = counting(s, 2, 3), *y = counting(s, 2, 3), *z = counting(s, 2, 3);
    const uint64_t   words[6] = { 0 };

    (void)state;
    session_share(s, x, words, 0);
    assert_int_equal(x->known, 1);
    session_share(s, z, words, PUMA_CLIENT);
    assert_int_equal(z->known, 0);
    y->known = 5;
    assert_int_equal(h->slice(s, y, 0, 0, 1)->known, 5);
    assert_int_equal(h->permute(s, y, (uint32_t[]){ 1, 0 })->known, 5);
    assert_int_equal(h->reshape(s, y, 1, (size_t[]){ 6 })->known, 5);
    assert_int_equal(h->gather(s, y, (size_t[]){ 1 }, 1)->known, 5);
    assert_int_equal(h->concat(s, (const puma_tensor *[]){ x, y }, 2, 0)->known, 1);
    assert_int_equal(h->concat(s, (const puma_tensor *[]){ x, y, z }, 3, 0)->known, 0);
    assert_int_equal(h->tensor(s, PUMA_ARITH, 0, NULL, 64, 0)->known, 0);
    session_close(s);
}

static void structure_refuses_what_does_not_fit(void **state)
{
    static const size_t big[] = { 9 };

    (void)state;
    for (int i = 0; i < 6; i++) {
        puma_session    *s = open_fake();
        const puma_host *h = s->host;
        puma_tensor     *x = counting(s, 2, 3), *z = x;

        switch (i) {
        case 0: z = h->permute(s, x, (uint32_t[]){ 1, 1 }); break;
        case 1: z = h->slice(s, x, 1, 2, 4); break;
        case 2: z = h->concat(s, (const puma_tensor *[]){ x, counting(s, 3, 2) }, 2, 0); break;
        case 3: z = h->gather(s, x, big, 1); break;
        case 4: z = h->reshape(s, x, 1, (size_t[]){ 7 }); break;
        default: z = h->tensor(s, PUMA_ARITH, 1, (size_t[]){ 7 }, 65, 0); break;
        }
        assert_null(z);
        assert_int_equal(s->status, PUMA_EINTERNAL);
        session_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_zero_aligned_and_apart),
        cmocka_unit_test(structure_moves_every_plane),
        cmocka_unit_test(structure_keeps_who_knows),
        cmocka_unit_test(structure_refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
