/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_net.c - the wire works: four nodes over memory, TCP and TLS */
#include "net_nodes.h"

#include <sys/stat.h>

static const uint8_t fixed_seed[32] = { 1, 2, 3 };

/* --- data both ways at once ------------------------------------------------------------------- */

static void exchange(node *me, size_t size)
{
    uint8_t *in = malloc(size);

    net_allow_reveal(me->wire, true);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(me->of, i))
        if (i != me->self) net_send(me->wire, i, message(me->self, i, size), size, PUMA_ONLINE, &me->error);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(me->of, i)) {
        if (i == me->self || net_get(me->wire, i, in, size, &me->error) != PUMA_OK) continue;
        if (!is_message(in, i, me->self, size)) error_set(&me->error, 7001, "wrong bytes from node %u", i);
    }
    free(in);
}

static void exchange_some(node *me)
{
    exchange(me, 3 << 20);
    exchange(me, 1);
    exchange(me, 70001);
    net_finish(me->wire, &me->error);
}

/* P1 and P2 send to each other at once what neither reads before it has sent all. */
static void exchange_much(node *me)
{
    size_t   size = (size_t)50 << 20;
    uint32_t other = 3 - me->self;
    uint8_t *in;

    if (me->self == 1 || me->self == 2) {
        in = malloc(size);
        net_send(me->wire, other, message(me->self, other, size), size, PUMA_ONLINE, &me->error);
        net_send(me->wire, other, message(me->self, other, 100), 100, PUMA_ONLINE, &me->error);
        if (net_get(me->wire, other, in, size, &me->error) == PUMA_OK &&
            !is_message(in, other, me->self, size))
            error_set(&me->error, 7001, "wrong bytes in the large message");
        if (net_get(me->wire, other, in, 100, &me->error) == PUMA_OK &&
            !is_message(in, other, me->self, 100))
            error_set(&me->error, 7001, "wrong bytes after the large message");
        free(in);
    }
    net_finish(me->wire, &me->error);
}

static void all_nodes_exchange(net_transport transport)
{
    run r;

    run_prepare(&r, transport);
    run_all(&r, exchange_some);
    assert_fine(&r);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
        for (uint32_t k = 0; k < PUMA_NODES; k = after(&r, k)) {
            size_t bytes = k == i ? 0 : (3 << 20) + 1 + 70001;

            assert_int_equal(r.nodes[i].count.sent[k][PUMA_ONLINE], bytes);
            assert_int_equal(r.nodes[i].count.sent[k][PUMA_OFFLINE], 0);
            assert_int_equal(r.nodes[i].count.received[k], bytes);
        }
        assert_int_equal(r.nodes[i].count.messages, 9);
        assert_int_equal(r.nodes[i].count.depth, 3);
        assert_int_equal(r.nodes[i].count.depth_online, 3);
        assert_memory_equal(r.nodes[i].session, r.nodes[0].session, 16);
    }
    run_free(&r);
    run_prepare(&r, transport);
    run_all(&r, exchange_much);
    assert_fine(&r);
    run_free(&r);
}

static void nodes_exchange_over_memory(void **state)
{
    (void)state;
    all_nodes_exchange(NET_MEMORY);
}
static void nodes_exchange_over_tcp(void **state)
{
    (void)state;
    all_nodes_exchange(NET_TCP);
}
static void nodes_exchange_over_tls(void **state)
{
    (void)state;
    all_nodes_exchange(NET_TLS);
}

/* --- depth ------------------------------------------------------------------------------------ */

static void send_small(node *me, uint32_t to, puma_phase phase)
{
    net_send(me->wire, to, message(me->self, to, 8), 8, phase, &me->error);
}
static void recv_small(node *me, uint32_t from)
{
    uint8_t in[8];

    net_get(me->wire, from, in, sizeof in, &me->error);
}

/* P0 deals to P2 twice and runs ahead; P1 and P2 exchange after the first and then the second deal. */
static void deal_and_open(node *me)
{
    if (me->self == 0) {
        send_small(me, 2, PUMA_OFFLINE);
        send_small(me, 2, PUMA_OFFLINE);
    }
    for (int i = 0; i < 2; i++) {
        if (me->self == 2) recv_small(me, 0);
        if (me->self == 1 || me->self == 2) {
            send_small(me, 3 - me->self, PUMA_ONLINE);
            recv_small(me, 3 - me->self);
        }
    }
    net_counts(me->wire, &me->count);
    me->number = (int)(me->count.depth * 100 + me->count.depth_online);
    net_depth_reset(me->wire);
    net_finish(me->wire, &me->error);
}

static void depth_is_the_longest_chain(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_MEMORY);
    run_all(&r, deal_and_open);
    assert_fine(&r);
    assert_int_equal(r.nodes[0].number, 0);
    assert_int_equal(r.nodes[1].number, 202); /* deal, open of P2; online: two opens    */
    assert_int_equal(r.nodes[2].number, 302); /* deal, open of P2, open of P1           */
    assert_int_equal(r.nodes[1].count.depth, 0);
    assert_int_equal(r.nodes[0].count.sent[2][PUMA_OFFLINE], 16);
    run_free(&r);
}

/* --- emulated links --------------------------------------------------------------------------- */

/* Seconds that the part took, without set-up, in `note`. */
static void timed_exchange(node *me)
{
    double start = now_s();

    deal_and_open(me);
    snprintf(me->note, sizeof me->note, "%.6f", now_s() - start);
}

static void emulated_links_keep_their_rate_and_their_delay(void **state)
{
    static const net_transport transports[] = { NET_MEMORY, NET_TCP, NET_TLS };

    (void)state;
    for (size_t t = 0; t < 3; t++) {
        run r;

        /* One opening after the other, 2 x 15 ms, before P1 is done; then DONE goes 15 ms there and another's
         * comes. */
        run_prepare(&r, transports[t]);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.round_trip_ms = 30;
        run_all(&r, timed_exchange);
        assert_fine(&r);
        assert_true(atof(r.nodes[1].note) >= 0.045);
        assert_int_equal(r.nodes[2].number, 302); /* delay is no round */
        run_free(&r);
    }
    {
        run r;

        /* P0's two messages of 48 + 8 bytes at 1 Mbit/s: P2 has the second after 0.896 ms, at the least. */
        run_prepare(&r, NET_MEMORY);
        r.nodes[0].config.bandwidth_mbps = 1;
        run_all(&r, timed_exchange);
        assert_fine(&r);
        assert_true(atof(r.nodes[2].note) >= 0.000896);
        run_free(&r);
    }
}

/* --- seeds and digests ------------------------------------------------------------------------ */

static void seeded(node *me)
{
    for (uint32_t i = 0; i < PUMA_NODES; i = after(me->of, i))
        if (i != me->self) net_pair_seed(me->wire, i, "lambda", me->seed[i]);
    net_own_seed(me->wire, "mask", me->seed[me->self]);
    exchange(me, 1000);
    net_finish(me->wire, &me->error);
}

static void fixed_seed_repeats_over_all_transports(void **state)
{
    run r[3];

    (void)state;
    for (int t = 0; t < 3; t++) {
        run_prepare(&r[t], (net_transport)t);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r[0], i)) r[t].nodes[i].config.seed = fixed_seed;
        run_all(&r[t], seeded);
        assert_fine(&r[t]);
        run_free(&r[t]);
    }
    for (int t = 0; t < 3; t++)
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r[0], i)) {
            static const uint8_t nothing[32];

            assert_memory_equal(r[t].nodes[i].session, r[0].nodes[0].session, 16);
            for (uint32_t k = 0; k < PUMA_NODES; k = after(&r[0], k)) {
                assert_memory_equal(r[t].nodes[i].seed[k], r[0].nodes[i].seed[k], 32);
                assert_memory_equal(r[t].nodes[i].seed[k], r[t].nodes[k].seed[i], 32);
                if (k == i) continue;
                assert_memory_equal(r[t].nodes[i].digest[k], r[0].nodes[i].digest[k], 32);
                assert_memory_not_equal(r[t].nodes[i].digest[k], nothing, 32);
                assert_memory_not_equal(r[t].nodes[i].seed[k], r[t].nodes[i].seed[i], 32);
            }
        }
}

static void fresh_seeds_are_a_pairs_own(void **state)
{
    run r[2];

    (void)state;
    for (int t = 0; t < 2; t++) {
        run_prepare(&r[t], NET_MEMORY);
        run_all(&r[t], seeded);
        assert_fine(&r[t]);
        run_free(&r[t]);
    }
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r[0], i))
        for (uint32_t k = 0; k < PUMA_NODES; k = after(&r[0], k)) {
            if (k != i) assert_memory_equal(r[0].nodes[i].seed[k], r[0].nodes[k].seed[i], 32);
            assert_memory_not_equal(r[0].nodes[i].seed[k], r[1].nodes[i].seed[k], 32);
        }
    assert_memory_not_equal(r[0].nodes[0].seed[1], r[0].nodes[0].seed[2], 32);
    assert_memory_not_equal(r[0].nodes[0].session, r[1].nodes[0].session, 16);
}

/* What a fixed seed gives three parties and the client, computed apart with HKDF-SHA256 and the client as
 * number 3: its own number here must not show in it. */
static void a_fixed_seed_gives_the_streams_it_gave(void **state)
{
    static const uint8_t session[8] = { 0x95, 0x8a, 0xaa, 0xf9, 0x2f, 0x44, 0xaf, 0xe6 },
                         pair[8] = { 0x3b, 0x4f, 0xed, 0xf9, 0x99, 0x6e, 0xfb, 0x0b },
                         own[8] = { 0xcb, 0x86, 0xf5, 0x8b, 0x9d, 0x7f, 0xea, 0x25 };
    run                  r;

    (void)state;
    run_prepare(&r, NET_MEMORY);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.seed = fixed_seed;
    run_all(&r, seeded);
    assert_fine(&r);
    assert_memory_equal(r.nodes[0].session, session, 8);
    assert_memory_equal(r.nodes[2].seed[PUMA_CLIENT], pair, 8);
    assert_memory_equal(r.nodes[PUMA_CLIENT].seed[PUMA_CLIENT], own, 8);
    run_free(&r);
}

/* --- more than three parties ------------------------------------------------------------------ */

/* Every pair, the client's included, has a seed of its own, and so has every node. */
static void assert_seeds_apart(const run *r)
{
    const uint8_t *seen[PUMA_NODES * PUMA_NODES];
    size_t         count = 0;

    for (uint32_t i = 0; i < PUMA_NODES; i = after(r, i))
        for (uint32_t k = i; k < PUMA_NODES; k = after(r, k)) {
            assert_memory_equal(r->nodes[i].seed[k], r->nodes[k].seed[i], 32);
            for (size_t s = 0; s < count; s++) assert_memory_not_equal(r->nodes[i].seed[k], seen[s], 32);
            seen[count++] = r->nodes[i].seed[k];
        }
    assert_int_equal(count, (r->parties + 1) * (r->parties + 2) / 2);
}

static void many_parties_exchange(void **state)
{
    static const struct {
        uint32_t       parties;
        net_transport  transport;
        const uint8_t *seed;
    } rows[] = { { 5, NET_MEMORY, NULL }, { 5, NET_MEMORY, fixed_seed }, { 5, NET_TCP, NULL },
                 { 5, NET_TLS, NULL },    { 8, NET_TCP, fixed_seed },    { 1, NET_TCP, NULL } };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof *rows; t++) {
        run r;

        run_prepare_parties(&r, rows[t].parties, rows[t].transport);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.seed = rows[t].seed;
        run_all(&r, seeded);
        assert_fine(&r);
        assert_seeds_apart(&r);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
            assert_int_equal(r.nodes[i].count.messages, rows[t].parties);
            assert_memory_equal(r.nodes[i].session, r.nodes[0].session, 16);
        }
        run_free(&r);
    }
}

static void end_badly(node *me)
{
    puma_error why = { 0 };

    if (me->self != 4) {
        recv_small(me, 4);
        return;
    }
    error_set(&why, 1101, "a value left its range");
    net_abort(me->wire, &why);
    me->error = why;
}

static void a_failing_fifth_party_is_named(void **state)
{
    run r;

    (void)state;
    run_prepare_parties(&r, 5, NET_TCP);
    run_all(&r, end_badly);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
        if (i != 4) assert_says(&r.nodes[i], PUMA_ENUMERIC, "party 4: a value left its range");
    run_free(&r);
}

/* --- the client ------------------------------------------------------------------------------- */

static void read_input(node *me)
{
    const char *length = net_input(me->wire, "input.length");

    snprintf(me->note, sizeof me->note, "%s", length ? length : "none");
    if (net_input(me->wire, "input.len") || net_input(me->wire, "ring_bits")) strcpy(me->note, "too much");
    net_finish(me->wire, &me->error);
}

static void input_lines_are_taken_over(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TCP);
    run_all(&r, read_input);
    assert_fine(&r);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) assert_string_equal(r.nodes[i].note, "7");
    run_free(&r);
}

static void reveal_early(node *me)
{
    puma_error e = { 0 };

    if (me->self == 1) {
        if (net_send(me->wire, PUMA_CLIENT, message(1, PUMA_CLIENT, 8), 8, PUMA_ONLINE, &e) != PUMA_OK)
            strcpy(me->note, e.text);
        me->number = (int)e.status;
        net_allow_reveal(me->wire, true);
        send_small(me, PUMA_CLIENT, PUMA_ONLINE);
    }
    if (me->self == PUMA_CLIENT) {
        recv_small(me, 1);
        send_small(me, 0, PUMA_ONLINE);
    }
    if (me->self == 0) recv_small(me, PUMA_CLIENT);
    net_finish(me->wire, &me->error);
}

static void payload_reaches_the_client_only_in_a_reveal(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_MEMORY);
    run_all(&r, reveal_early);
    assert_fine(&r);
    assert_int_equal(r.nodes[1].number, PUMA_EPLUGIN);
    assert_non_null(strstr(r.nodes[1].note, "reveal"));
    assert_int_equal(r.nodes[1].count.sent[PUMA_CLIENT][PUMA_ONLINE], 8);
    run_free(&r);
}

/* --- control messages, back pressure ---------------------------------------------------------- */

static void talk(node *me)
{
    char *text = NULL;

    if (me->self == 1) net_send_control(me->wire, PUMA_CLIENT, "{\"id\": 1}", &me->error);
    if (me->self == PUMA_CLIENT && net_recv_control(me->wire, 1, &text, 100, &me->error) == PUMA_OK)
        strcpy(me->note, text);
    free(text);
    net_finish(me->wire, &me->error);
}

static void control_messages_are_not_payload(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TLS);
    run_all(&r, talk);
    assert_fine(&r);
    assert_string_equal(r.nodes[PUMA_CLIENT].note, "{\"id\": 1}");
    assert_int_equal(r.nodes[1].count.messages, 0);
    assert_int_equal(r.nodes[1].count.sent[PUMA_CLIENT][0] + r.nodes[1].count.sent[PUMA_CLIENT][1], 0);
    run_free(&r);
}

#define AHEAD 40
#define AHEAD_BYTES ((size_t)8 << 20)

/* The dealer runs 320 MB ahead of a party that first waits for somebody else: it must stop in between, and go
 * on. */
static void run_ahead(node *me)
{
    uint8_t *in = malloc(AHEAD_BYTES);

    if (me->self == 0) {
        for (int i = 0; i < AHEAD; i++) {
            void *block = calloc(1, AHEAD_BYTES);

            net_send(me->wire, 2, block, AHEAD_BYTES, PUMA_OFFLINE, &me->error);
            __atomic_store_n(&me->number, i + 1, __ATOMIC_SEQ_CST);
        }
    }
    if (me->self == 1) {
        /* The dealer's progress stands still once 64 MiB here, 64 MiB there and what the sockets hold are
         * full. */
        int    seen = -1;
        double since = now_s();

        while (now_s() - since < 0.4) {
            int at = __atomic_load_n(&me->of->nodes[0].number, __ATOMIC_SEQ_CST);

            if (at != seen) since = now_s();
            seen = at;
            usleep(10000);
        }
        me->number = seen;
        send_small(me, 2, PUMA_ONLINE);
    }
    if (me->self == 2) {
        recv_small(me, 1);
        for (int i = 0; i < AHEAD; i++) net_get(me->wire, 0, in, AHEAD_BYTES, &me->error);
    }
    free(in);
    net_finish(me->wire, &me->error);
}

static void the_dealer_runs_only_so_far_ahead(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TCP);
    run_all(&r, run_ahead);
    assert_fine(&r);
    assert_in_range(r.nodes[1].number, 16, 22);
    assert_int_equal(r.nodes[0].number, AHEAD);
    assert_true(r.nodes[2].count.waited_offline_s >= 0);
    run_free(&r);
}

static void starts_in_any_order(void **state)
{
    static const uint32_t orders[3][4] = {
        { PUMA_CLIENT, 2, 1, 0 }, { 1, PUMA_CLIENT, 0, 2 }, { 2, 0, PUMA_CLIENT, 1 }
    };

    (void)state;
    for (int o = 0; o < 3; o++) {
        run r;

        /* Without inherited sockets: who is not there yet refuses. */
        run_prepare(&r, NET_TCP);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
            if (r.nodes[i].config.listen_fd >= 0) close(r.nodes[i].config.listen_fd);
            r.nodes[i].config.listen_fd = -1;
        }
        r.part = read_input;
        for (uint32_t i = 0; i < 4; i++) {
            node_start(&r.nodes[orders[o][i]]);
            usleep(60000);
        }
        run_join(&r);
        assert_fine(&r);
        run_free(&r);
    }
}

static void deal_once(node *me)
{
    if (me->self == 2) send_small(me, 0, PUMA_OFFLINE);
    if (me->self == 0) recv_small(me, 2);
    net_finish(me->wire, &me->error);
}

/* A 2PC run without a client: node 2 is the dealer and shows the dealer's certificate. */
static void a_dealer_has_its_own_certificate(void **state)
{
    run  r;
    char path[96];

    (void)state;
    run_prepare(&r, NET_TLS);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
        r.nodes[i].config.dealer = 2;
        r.nodes[i].config.called_dealer = true;
        r.nodes[i].config.present[PUMA_CLIENT] = false;
    }
    snprintf(path, sizeof path, "%s/party2.key", r.certificates);
    assert_int_equal(unlink(path), 0);
    r.part = deal_once;
    for (uint32_t i = 0; i < 3; i++) node_start(&r.nodes[i]);
    run_join(&r);
    assert_fine(&r);
    assert_int_equal(r.nodes[0].count.received[2], 8);
    run_free(&r);
}

/* --- transports without a wire ---------------------------------------------------------------- */

/* As deal_and_open, but no payload has any bytes. */
static void count_only(node *me)
{
    uint8_t *payload = me->digest[0];

    if (me->self == 0) net_send(me->wire, 2, NULL, 5000, PUMA_OFFLINE, &me->error);
    if (me->self == 2) net_recv(me->wire, 0, &payload, 5000, &me->error);
    if (me->self == 2 && payload != NULL) strcpy(me->note, "bytes have come");
    if (me->self == 1) net_recv(me->wire, 2, &payload, 70, &me->error);
    if (me->self == 2) net_send(me->wire, 1, NULL, 70, PUMA_ONLINE, &me->error);
    net_finish(me->wire, &me->error);
}

static void a_rehearsal_counts_messages_without_bytes(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_COUNTING);
    run_all(&r, count_only);
    assert_fine(&r);
    assert_string_equal(r.nodes[2].note, "");
    assert_int_equal(r.nodes[0].count.sent[2][PUMA_OFFLINE], 5000);
    assert_int_equal(r.nodes[2].count.received[0], 5000);
    assert_int_equal(r.nodes[2].count.sent[1][PUMA_ONLINE], 70);
    assert_int_equal(r.nodes[1].count.depth, 2);
    assert_int_equal(r.nodes[1].count.depth_online, 1);
    run_free(&r);
}

static void expect_other(node *me)
{
    uint8_t *payload;

    if (me->self == 0) net_send(me->wire, 2, NULL, 5000, PUMA_OFFLINE, &me->error);
    if (me->self == 2 && net_recv(me->wire, 0, &payload, 4999, &me->error) != PUMA_OK) {
        net_abort(me->wire, &me->error);
        return;
    }
    net_finish(me->wire, &me->error);
}

static void a_rehearsal_compares_lengths(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_COUNTING);
    run_all(&r, expect_other);
    assert_says(&r.nodes[2], PUMA_ENET, "5000 bytes, expected 4999");
    run_free(&r);
}

static void keep(void *context, uint32_t to, puma_phase phase, const void *payload, size_t size)
{
    node *me = context;

    me->number += (int)size;
    if (to != 1 || phase != PUMA_OFFLINE || !is_message(payload, 2, 1, size))
        strcpy(me->note, "another message");
}

static void a_tape_keeps_what_is_sent_and_refuses_the_rest(void **state)
{
    run      r;
    node    *me;
    uint8_t *payload;

    (void)state;
    run_prepare(&r, NET_TAPE);
    me = &r.nodes[2];
    me->config.tape = keep;
    me->config.tape_context = me;
    assert_int_equal(net_open(&me->wire, &me->config, &me->error), PUMA_OK);
    net_send(me->wire, 1, message(2, 1, 900), 900, PUMA_OFFLINE, &me->error);
    net_send(me->wire, 1, message(2, 1, 33), 33, PUMA_OFFLINE, &me->error);
    assert_int_equal(me->error.status, PUMA_OK);
    assert_int_equal(me->number, 933);
    assert_string_equal(me->note, "");
    net_own_seed(me->wire, "lambda", me->seed[2]);
    net_counts(me->wire, &me->count);
    assert_int_equal(me->count.sent[1][PUMA_OFFLINE], 933);
    assert_int_equal(me->count.messages, 2);
    assert_int_not_equal(net_recv(me->wire, 0, &payload, 8, &me->error), PUMA_OK);
    assert_int_equal(me->error.code, 613);
    me->error = (puma_error){ 0 };
    assert_false(net_failed(me->wire));
    net_pair_seed(me->wire, 1, "lambda", me->seed[1]);
    assert_true(net_failed(me->wire));
    net_send(me->wire, 1, message(2, 1, 8), 8, PUMA_OFFLINE, &me->error);
    assert_int_equal(me->error.code, 613);
    assert_int_equal(me->number, 933);
    net_close(me->wire);
    run_free(&r);
}

/* --- certificates ----------------------------------------------------------------------------- */

static void keys_are_private_and_never_overwritten(void **state)
{
    char        directory[] = "/tmp/puma-test-keys-XXXXXX", path[96], inside[64], command[80];
    struct stat st;
    puma_error  e = { 0 };

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(inside, sizeof inside, "%s/new", directory);
    assert_int_equal(certificates_make(inside, 3, 10, &e), PUMA_OK);
    assert_int_equal(stat(inside, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/dealer.key", inside);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(certificates_make(inside, 3, 10, &e), PUMA_ECONFIG);
    assert_non_null(strstr(e.text, "exists"));
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_exchange_over_memory),
        cmocka_unit_test(nodes_exchange_over_tcp),
        cmocka_unit_test(nodes_exchange_over_tls),
        cmocka_unit_test(depth_is_the_longest_chain),
        cmocka_unit_test(emulated_links_keep_their_rate_and_their_delay),
        cmocka_unit_test(fixed_seed_repeats_over_all_transports),
        cmocka_unit_test(fresh_seeds_are_a_pairs_own),
        cmocka_unit_test(a_fixed_seed_gives_the_streams_it_gave),
        cmocka_unit_test(many_parties_exchange),
        cmocka_unit_test(a_failing_fifth_party_is_named),
        cmocka_unit_test(input_lines_are_taken_over),
        cmocka_unit_test(payload_reaches_the_client_only_in_a_reveal),
        cmocka_unit_test(control_messages_are_not_payload),
        cmocka_unit_test(the_dealer_runs_only_so_far_ahead),
        cmocka_unit_test(starts_in_any_order),
        cmocka_unit_test(a_dealer_has_its_own_certificate),
        cmocka_unit_test(a_rehearsal_counts_messages_without_bytes),
        cmocka_unit_test(a_rehearsal_compares_lengths),
        cmocka_unit_test(a_tape_keeps_what_is_sent_and_refuses_the_rest),
        cmocka_unit_test(keys_are_private_and_never_overwritten),
    };

    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
