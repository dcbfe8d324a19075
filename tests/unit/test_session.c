/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_session.c - what the host lends a plugin: arena, structure, streams, wire and errors; and plain's
 * watch over values. */
#include "host/session.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A build with AddressSanitizer would die of the sizes that one test asks for; it must return NULL as others
 * do. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

/* --- a backend of two planes, made of nothing ------------------------------------------------- */

enum { WORKS, FAILS, SAYS_NOTHING, MAKES_NOTHING, CHANGES_ROUNDING };
static int manner = WORKS;

static puma_status fake_open(puma_session **s, const puma_session *base)
{
    puma_session *made, copy = *base;

    /* In parentheses: cmocka has a macro of that name. */
    if (manner == FAILS) return (base->host->fail)(&copy, PUMA_EPLUGIN, "no %s today", "sessions");
    if (manner == SAYS_NOTHING) return PUMA_ERESOURCE;
    if (manner == MAKES_NOTHING) return PUMA_OK;
    if (manner == CHANGES_ROUNDING) fesetround(FE_UPWARD);
    made = calloc(1, sizeof *made);
    if (!made) return PUMA_ERESOURCE;
    *made = *base;
    *s = made;
    return PUMA_OK;
}

static void fake_close(puma_session *s) { free(s); }

static const puma_protocol fake_table = { .struct_size = sizeof(puma_protocol),
                                          .parties = 1,
                                          .planes = 2,
                                          .dealer = PUMA_NODES,
                                          .caps = PUMA_CAP_LOCAL,
                                          .open = fake_open,
                                          .close = fake_close };
static const puma_plugin   fake_entry = { PUMA_ABI_VERSION, sizeof(puma_plugin), "fake", "1",
                                          "a test",         &fake_table,         NULL };
static const plugin        fake = { .entry = &fake_entry, .protocol = &fake_table };

static puma_session *open_session(const plugin *p, bool is_float)
{
    puma_session  *s = NULL;
    puma_error     e = { 0 };
    session_config c = { .protocol = p, .ring_bits = 64, .frac = 16, .is_float = is_float };

    if (session_open(&s, &c, &e) != PUMA_OK) fail_msg("%s", e.text);
    return s;
}

/* 0, 1, 2 … in the first plane, 1000, 1001 … in the second. */
static puma_tensor *counting(puma_session *s, size_t rows, size_t columns)
{
    puma_tensor *x = s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ rows, columns }, 64, 3);

    assert_non_null(x);
    for (size_t i = 0; i < x->n; i++) {
        x->plane[0][i] = i;
        x->plane[1][i] = 1000 + i;
    }
    return x;
}

/* --- arena ------------------------------------------------------------------------------------ */

static void a_scope_frees_all_but_what_is_kept(void **state)
{
    puma_session    *s = open_session(&fake, false);
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
    puma_session *s = open_session(&fake, false);
    puma_tensor  *x = counting(s, 2, 3);
    size_t        mark = s->host->enter(s);

    (void)state;
    counting(s, 2, 3);
    puma_leave(s, mark, x);
    assert_int_equal(s->host->enter(s), mark);
    assert_int_equal(x->plane[1][5], 1005);
    session_close(s);
}

static void tensors_are_zero_aligned_and_apart(void **state)
{
    puma_session *s = open_session(&fake, false);
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

/* --- structure: all planes; the conformance suite tries every operation on values ------------- */

static void structure_moves_every_plane(void **state)
{
    puma_session    *s = open_session(&fake, false);
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

static void structure_refuses_what_does_not_fit(void **state)
{
    static const size_t big[] = { 9 };

    (void)state;
    for (int i = 0; i < 6; i++) {
        puma_session    *s = open_session(&fake, false);
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

/* --- errors ----------------------------------------------------------------------------------- */

static void the_first_failure_sticks_with_its_place(void **state)
{
    puma_session *s = open_session(&fake, false);

    (void)state;
    host_at(s, "layer", 3, "gelu");
    assert_string_equal(s->host->where(s), "layer 3 gelu");
    assert_int_equal((s->host->fail)(s, PUMA_ENUMERIC, "too %s", "large"), PUMA_ENUMERIC);
    assert_int_equal((s->host->fail)(s, PUMA_EPLUGIN, "later"), PUMA_ENUMERIC);
    assert_string_equal(session_error(s)->text, "layer 3 gelu: too large");
    assert_int_equal(session_error(s)->code, 1101);
    assert_null(s->host->tensor(s, PUMA_ARITH, 0, NULL, 64, 0));
    assert_null(s->host->scratch(s, 1));
    assert_null(s->host->prg_own(s, "any"));
    session_close(s);
}

static void memory_that_is_not_there_is_an_error_with_its_size(void **state)
{
    static const size_t dims[][3] = { { SIZE_MAX, 2, 1 },
                                      { (size_t)1 << 31, (size_t)1 << 31, 3 },
                                      { (size_t)1 << 58, 1, 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        puma_session *s = open_session(&fake, false);

        assert_null(s->host->tensor(s, PUMA_ARITH, 3, dims[i], 64, 0));
        assert_int_equal(session_error(s)->code, 1001);
        assert_non_null(strstr(session_error(s)->text, "bytes asked"));
        session_close(s);
    }
}

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
    };
    session_config c = { .protocol = &fake, .ring_bits = 64 };

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
    manner = WORKS;
    c.is_float = true;
    puma_session *s = NULL;
    puma_error    e = { 0 };
    assert_int_equal(session_open(&s, &c, &e), PUMA_EPLUGIN); /* it cannot compute in floating point */
    assert_int_equal(e.code, 613);
}

static void a_local_backend_has_no_wire(void **state)
{
    puma_session *s = open_session(&fake, false);
    uint64_t      word = 1;

    (void)state;
    assert_int_equal(s->host->send(s, 1, &word, 1, 64, PUMA_ONLINE), PUMA_EINTERNAL);
    assert_non_null(strstr(session_error(s)->text, "no wire"));
    session_close(s);
}

/* --- streams and wire ------------------------------------------------------------------------- */

static void a_stream_goes_on_where_it_stopped(void **state)
{
    puma_session *s = open_session(&fake, false);
    uint64_t      a[4], b[4], seed[4] = { 1, 2, 3, 4 };

    (void)state;
    s->host->prg_words(s->host->prg_own(s, "one"), a, 4, 64);
    s->host->prg_words(s->host->prg_own(s, "one"), b, 4, 64);
    assert_ptr_equal(s->host->prg_own(s, "one"), s->host->prg_own(s, "one"));
    assert_memory_not_equal(a, b, sizeof a);
    s->host->prg_words(s->host->prg_seed(s, seed, "two"), a, 4, 64);
    s->host->prg_words(s->host->prg_seed(s, seed, "two"), b, 4, 64);
    assert_memory_equal(a, b, sizeof a);
    s->host->prg_words(s->host->prg_seed(s, seed, "three"), b, 4, 64);
    assert_memory_not_equal(a, b, sizeof a);
    session_close(s);
}

#define WORDS 77

/* One of two nodes: sends to the other, and receives; the main thread compares. */
typedef struct peer {
    uint32_t   role;
    net_hub   *hub;
    uint64_t   words[WORDS], bits[2], stream[4];
    puma_error error;
    pthread_t  thread;
} peer;

static const puma_protocol pair_table = { .struct_size = sizeof(puma_protocol),
                                          .parties = 2,
                                          .planes = 1,
                                          .dealer = PUMA_NODES,
                                          .open = fake_open,
                                          .close = fake_close };
static const plugin        pair = { .entry = &fake_entry, .protocol = &pair_table };

static void *talk(void *argument)
{
    peer          *p = argument;
    net_config     wire = { .transport = NET_MEMORY,
                            .self = p->role,
                            .present = { [0] = true, [PUMA_CLIENT] = true },
                            .hub = p->hub,
                            .listen_fd = -1,
                            .bounded = PUMA_NODES,
                            .connect_timeout_ms = 5000,
                            .io_timeout_ms = 5000,
                            .hello = "test=1\n" };
    session_config c = { .protocol = &pair, .role = p->role, .ring_bits = 64 };
    puma_session  *s = NULL;
    net           *n = NULL;
    uint64_t       words[WORDS], bits[2] = { UINT64_MAX, UINT64_MAX };
    uint32_t       other = PUMA_CLIENT - p->role;

    for (size_t i = 0; i < WORDS; i++) words[i] = 0x1234567890abcdefu * (i + 1 + p->role);
    if (net_open(&n, &wire, &p->error) != PUMA_OK) return NULL;
    net_allow_reveal(n, true); /* payload to the client passes then alone */
    c.wire = n;
    if (session_open(&s, &c, &p->error) == PUMA_OK) {
        puma_prg *shared = s->host->prg_pair(s, other, "lambda");

        if (shared) s->host->prg_words(shared, p->stream, 4, 64);
        s->host->send(s, other, words, WORDS, 21, PUMA_ONLINE);
        s->host->send(s, other, words, 0, 21, PUMA_ONLINE);
        s->host->send_bits(s, other, bits, 67, PUMA_ONLINE);
        s->host->recv(s, other, p->words, WORDS, 21);
        s->host->recv(s, other, p->words, 0, 21);
        s->host->recv_bits(s, other, p->bits, 67);
        host_at(s, "layer", -1, "9");
        if (p->role == 0)
            s->host->send(s, other, words, 1, 64, PUMA_ONLINE);
        else
            s->host->recv(s, other, words, 1, 64);               /* it has all: closing cuts nothing off */
        if (p->role == 0) s->host->recv(s, other, words, 1, 64); /* the other one ends instead */
        if (s->status != PUMA_OK) p->error = *session_error(s);
        session_close(s);
    }
    net_close(n);
    return NULL;
}

static void two_nodes_exchange_words_and_bits(void **state)
{
    peer peers[2] = { { .role = 0 }, { .role = PUMA_CLIENT } };

    (void)state;
    peers[0].hub = peers[1].hub = net_hub_new();
    assert_non_null(peers[0].hub);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&peers[i].thread, NULL, talk, &peers[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(peers[i].thread, NULL);
    net_hub_free(peers[0].hub);
    for (uint32_t r = 0; r < 2; r++) {
        for (size_t i = 0; i < WORDS; i++)
            assert_int_equal(peers[r].words[i],
                             (0x1234567890abcdefu * (i + 1 + peers[1 - r].role)) & ((1u << 21) - 1));
        assert_int_equal(peers[r].bits[0], UINT64_MAX);
        assert_int_equal(peers[r].bits[1], 7);
    }
    assert_memory_equal(peers[0].stream, peers[1].stream, sizeof peers[0].stream);
    assert_int_equal(peers[0].error.status, PUMA_ENET); /* and it says where it was */
    assert_ptr_equal(strstr(peers[0].error.text, "layer 9: "), peers[0].error.text);
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
    puma_session *s = open_session(plain(), false);
    puma_tensor  *z, *later;
    uint64_t      out[2];

    (void)state;
    z = sum_of_bytes(s, 127, 0x80, 0, 1); /* 127 and -127 fit */
    assert_int_equal(s->protocol->reveal(s, out, z, PUMA_CLIENT), PUMA_OK);
    assert_int_equal(out[0], 127);
    assert_int_equal(out[1], 0x81);
    host_at(s, "layer", -1, "1");
    z = sum_of_bytes(s, 127, 1, 1, 1); /* 128 does not */
    host_at(s, "layer", -1, "2");
    later = s->host->tensor(s, PUMA_ARITH, 1, (size_t[]){ 2 }, 8, 0);
    assert_int_equal(s->protocol->sub(s, later, z, z), PUMA_OK);
    assert_int_equal(s->protocol->reveal(s, out, later, PUMA_CLIENT), PUMA_ENUMERIC);
    assert_string_equal(session_error(s)->text,
                        "layer 2: reveal: a value left its ring at layer 1 in a sum (got 9 bits, limit 8)");
    session_close(s);
}

static void a_choice_drops_what_it_does_not_take(void **state)
{
    puma_session *s = open_session(plain(), false);
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
        puma_session *s = open_session(plain(), false);
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
        puma_session *s = open_session(plain(), false);
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
    puma_session *s = open_session(plain(), false);
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
        cmocka_unit_test(a_scope_frees_all_but_what_is_kept),
        cmocka_unit_test(a_kept_tensor_of_an_outer_scope_stays_there),
        cmocka_unit_test(tensors_are_zero_aligned_and_apart),
        cmocka_unit_test(structure_moves_every_plane),
        cmocka_unit_test(structure_refuses_what_does_not_fit),
        cmocka_unit_test(the_first_failure_sticks_with_its_place),
        cmocka_unit_test(memory_that_is_not_there_is_an_error_with_its_size),
        cmocka_unit_test(open_may_fail_in_every_way),
        cmocka_unit_test(a_local_backend_has_no_wire),
        cmocka_unit_test(a_stream_goes_on_where_it_stopped),
        cmocka_unit_test(two_nodes_exchange_words_and_bits),
        cmocka_unit_test(a_value_beyond_its_ring_is_named_when_it_is_revealed),
        cmocka_unit_test(a_choice_drops_what_it_does_not_take),
        cmocka_unit_test(a_comparison_of_what_is_lost_or_too_far_is_an_error),
        cmocka_unit_test(a_product_is_held_to_what_the_protocols_need),
        cmocka_unit_test(a_poisoned_operand_spoils_its_own_row_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
