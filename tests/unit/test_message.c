/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_message.c - words and bits over a wire, random streams, and the gate to the client */
#include "host_sessions.h"

#include <pthread.h>

static void a_local_backend_has_no_wire(void **state)
{
    puma_session *s = open_fake();
    uint64_t      word = 1;

    (void)state;
    assert_int_equal(s->host->send(s, 1, &word, 1, 64, PUMA_ONLINE), PUMA_EINTERNAL);
    assert_non_null(strstr(session_error(s)->text, "no wire"));
    session_close(s);
}

static void a_stream_goes_on_where_it_stopped(void **state)
{
    puma_session *s = open_fake();
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

/* One of two nodes, a party and the client: plays its part; the main thread compares. */
typedef struct peer peer;
struct peer {
    uint32_t role;
    net_hub *hub;
    void (*part)(puma_session *s, peer *p, net *wire);
    uint64_t   words[WORDS], bits[2], stream[4];
    puma_error error;
    pthread_t  thread;
};

/* To the one that is not the party. */
static puma_status pair_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    return s->role == to ? s->host->recv(s, 0, out, x->n, x->bits)
                         : s->host->send(s, to, x->plane[0], x->n, x->bits, PUMA_ONLINE);
}

static const puma_protocol pair_table = { .struct_size = sizeof(puma_protocol),
                                          .parties = 2,
                                          .planes = 1,
                                          .dealer = PUMA_NO_NODE,
                                          .open = fake_open,
                                          .close = fake_close,
                                          .reveal = pair_reveal };
static const plugin        pair = { .entry = &fake_entry, .protocol = &pair_table };

static void *live(void *argument)
{
    peer          *p = argument;
    net_config     wire = { .transport = NET_MEMORY,
                            .self = p->role,
                            .present = { [0] = true, [PUMA_CLIENT] = true },
                            .hub = p->hub,
                            .listen_fd = -1,
                            .dealer = PUMA_NO_NODE,
                            .connect_timeout_ms = 5000,
                            .io_timeout_ms = 5000,
                            .hello = "test=1\n" };
    session_config c = { .protocol = &pair, .role = p->role, .ring_bits = 64 };
    puma_session  *s = NULL;

    if (net_open(&c.wire, &wire, &p->error) != PUMA_OK) return NULL;
    if (session_open(&s, &c, &p->error) == PUMA_OK) {
        p->part(s, p, c.wire);
        if (s->status != PUMA_OK) p->error = *session_error(s);
        session_close(s);
    }
    net_close(c.wire);
    return NULL;
}

/* peers[0]: the party, peers[1]: the client. */
static void play(peer peers[2], void (*part)(puma_session *s, peer *p, net *wire))
{
    peers[0] = (peer){ .role = 0, .part = part, .hub = net_hub_new() };
    peers[1] = (peer){ .role = PUMA_CLIENT, .part = part, .hub = peers[0].hub };
    assert_non_null(peers[0].hub);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&peers[i].thread, NULL, live, &peers[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(peers[i].thread, NULL);
    net_hub_free(peers[0].hub);
}

static void exchange(puma_session *s, peer *p, net *wire)
{
    uint64_t  words[WORDS], bits[2] = { UINT64_MAX, UINT64_MAX };
    uint32_t  other = PUMA_CLIENT - p->role;
    puma_prg *shared = s->host->prg_pair(s, other, "lambda");

    for (size_t i = 0; i < WORDS; i++) words[i] = 0x1234567890abcdefu * (i + 1 + p->role);
    net_allow_reveal(wire, true); /* payload to the client passes then alone */
    if (shared) s->host->prg_words(shared, p->stream, 4, 64);
    s->host->send(s, other, words, WORDS, 21, PUMA_ONLINE);
    s->host->send(s, other, words, 0, 21, PUMA_ONLINE);
    s->host->send_bits(s, other, bits, 67, PUMA_ONLINE);
    s->host->recv(s, other, p->words, WORDS, 21);
    s->host->recv(s, other, p->words, 0, 21);
    s->host->recv_bits(s, other, p->bits, 67);
    host_at(s, "layer", 9, "up");
    if (p->role == 0)
        s->host->send(s, other, words, 1, 64, PUMA_ONLINE);
    else
        s->host->recv(s, other, words, 1, 64);               /* it has all: closing cuts nothing off */
    if (p->role == 0) s->host->recv(s, other, words, 1, 64); /* the other one ends instead */
}

static void two_nodes_exchange_words_and_bits(void **state)
{
    peer peers[2];

    (void)state;
    play(peers, exchange);
    for (uint32_t r = 0; r < 2; r++) {
        for (size_t i = 0; i < WORDS; i++)
            assert_int_equal(peers[r].words[i],
                             (0x1234567890abcdefu * (i + 1 + peers[1 - r].role)) & ((1u << 21) - 1));
        assert_int_equal(peers[r].bits[0], UINT64_MAX);
        assert_int_equal(peers[r].bits[1], 7);
    }
    assert_memory_equal(peers[0].stream, peers[1].stream, sizeof peers[0].stream);
    assert_int_equal(peers[0].error.status, PUMA_ENET); /* and it says where it was */
    assert_ptr_equal(strstr(peers[0].error.text, "layer 9 up: "), peers[0].error.text);
}

/* --- the gate --------------------------------------------------------------------------------- */

/* 0, 1, 2 ... */
static puma_tensor *upwards(puma_session *s, size_t n)
{
    puma_tensor *x = s->host->tensor(s, PUMA_ARITH, 1, &n, 21, 0);

    for (size_t i = 0; x != NULL && i < n; i++) x->plane[0][i] = i;
    return x;
}

/* The client stays until the party ends, so that a party that fails does so by itself. */
static void wait_for_the_end(puma_session *s, peer *p)
{
    uint64_t word;

    if (p->role == PUMA_CLIENT) s->host->recv(s, 0, &word, 1, 21);
}

static void reveal_twice(puma_session *s, peer *p, net *wire)
{
    puma_tensor *x = upwards(s, WORDS);

    (void)wire;
    if (x == NULL) return;
    session_reveal(s, p->words, x, PUMA_CLIENT);
    session_reveal(s, p->words, x, PUMA_CLIENT);
    if (p->role == PUMA_CLIENT) s->host->send(s, 0, p->words, 1, 21, PUMA_ONLINE); /* it has all */
    if (p->role == 0) s->host->recv(s, PUMA_CLIENT, p->words, 1, 21);
    host_at(s, "layer", 2, "up");
    if (p->role == 0) s->host->send(s, PUMA_CLIENT, x->plane[0], 1, 21, PUMA_ONLINE);
    wait_for_the_end(s, p);
}

static void send_at_once(puma_session *s, peer *p, net *wire)
{
    uint64_t secret = 7;

    (void)wire;
    if (p->role == 0) s->host->send(s, PUMA_CLIENT, &secret, 1, 64, PUMA_ONLINE);
    wait_for_the_end(s, p);
}

/* The protocol's own function, around which nothing opens the wire. */
static void reveal_by_itself(puma_session *s, peer *p, net *wire)
{
    puma_tensor *x = upwards(s, WORDS);

    (void)wire;
    if (x != NULL && p->role == 0) s->protocol->reveal(s, NULL, x, PUMA_CLIENT);
    wait_for_the_end(s, p);
}

static void the_client_hears_what_is_revealed_and_nothing_else(void **state)
{
    peer peers[2];

    (void)state;
    play(peers, reveal_twice);
    for (size_t i = 0; i < WORDS; i++) assert_int_equal(peers[1].words[i], i);
    assert_int_equal(peers[0].error.code, 620); /* the gate is shut again */
    assert_ptr_equal(strstr(peers[0].error.text, "layer 2 up: "), peers[0].error.text);
    assert_int_equal(peers[1].error.status, PUMA_ENET);
    play(peers, send_at_once);
    assert_int_equal(peers[0].error.code, 620);
    assert_int_equal(peers[1].error.status, PUMA_ENET);
    play(peers, reveal_by_itself);
    assert_int_equal(peers[0].error.code, 620);
    assert_int_equal(peers[1].error.status, PUMA_ENET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_local_backend_has_no_wire),
        cmocka_unit_test(a_stream_goes_on_where_it_stopped),
        cmocka_unit_test(two_nodes_exchange_words_and_bits),
        cmocka_unit_test(the_client_hears_what_is_revealed_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
