/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_net_links.c - links as networks make them: addresses that cannot be had, long ways, small pieces and
 * narrow buffers, floods, cuts, and a peer that goes when the last message has come */
#include "net_nodes.h"

#include "../support/resident.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

static void finish(node *me) { net_finish(me->wire, &me->error); }

/* --- addresses -------------------------------------------------------------------------------- */

static void close_listeners(run *r)
{
    for (uint32_t i = 0; i < r->parties; i++) {
        if (r->nodes[i].config.listen_fd >= 0) close(r->nodes[i].config.listen_fd);
        r->nodes[i].config.listen_fd = -1;
    }
}

/* What is not to be had is said at once, with the system's reason. */
static void an_address_that_cannot_be_had_is_named(void **state)
{
    static const struct {
        uint32_t    of; /* whose address it is; P1 is the node that starts */
        const char *address, *says;
    } rows[] = {
        { 1, "192.0.2.1:7000", "party 1 cannot listen on 192.0.2.1:7000: Cannot assign requested address" },
        { 1, "nobody.invalid:7000", "party 1: cannot resolve nobody.invalid:7000: " },
        { 0, "nobody.invalid:7000", "party 0: cannot resolve nobody.invalid:7000: " },
        { 1, NULL, ": Address already in use" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run  r;
        char taken[32];
        int  fd = listen_anywhere(taken);

        run_prepare(&r, NET_TLS);
        close_listeners(&r);
        r.nodes[1].config.connect_timeout_ms = 1000; /* a name server may be away */
        r.nodes[1].config.address[rows[i].of] = rows[i].address ? rows[i].address : taken;
        node_main(&r.nodes[1]);
        assert_says(&r.nodes[1], PUMA_ENET, rows[i].says);
        assert_int_equal(r.nodes[1].error.code, 705);
        assert_true(r.nodes[1].seconds < 3);
        close(fd);
        run_free(&r);
    }
}

/* A free port, of both families when the host has IPv6. */
static uint16_t free_port(void)
{
    char address[32];
    int  fd = listen_anywhere(address);

    close(fd);
    return (uint16_t)atoi(strchr(address, ':') + 1);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int                 fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool                has = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;

    if (fd >= 0) close(fd);
    return has;
}

/* A name may have two addresses, of which a node listens on one: callers try them in turn. */
static void names_and_both_families_work(void **state)
{
    const char *hosts[] = { "localhost", "[::1]" };

    (void)state;
    for (size_t t = 0; t < (has_ipv6() ? 2 : 1); t++) {
        run r;

        run_prepare(&r, NET_TCP);
        close_listeners(&r);
        for (uint32_t i = 0; i < 3; i++)
            snprintf(r.address[i], sizeof r.address[i], "%s:%u", hosts[t], free_port());
        run_all(&r, finish);
        assert_fine(&r);
        run_free(&r);
    }
}

/* --- a way between two nodes ------------------------------------------------------------------ */

/* All connections to one listener, passed on: late, in small pieces, through small buffers; cut when told. */
typedef struct way {
    int         listener, target_port;
    double      delay_s;
    size_t      piece;  /* bytes that go on at a time             */
    int         buffer; /* of each socket; 0: what the system has */
    atomic_bool done, cut;
    atomic_uint connections;
    pthread_t   thread;
} way;

/* Bytes under way in one direction, with the time at which they may go on. */
typedef struct belt {
    struct {
        double at;
        size_t size;
    } * mark;
    size_t   marks, first_mark, used, sent, room;
    uint8_t *bytes;
    bool     ended;
} belt;

#define BELT_BYTES ((size_t)1 << 20)

static void belt_fill(belt *b, int from, double due)
{
    ssize_t k;

    if (b->ended || b->used == b->room || b->first_mark + b->marks == 4096) return;
    k = recv(from, b->bytes + b->used, b->room - b->used, MSG_DONTWAIT);
    if (k == 0) b->ended = true;
    if (k <= 0) return;
    b->used += (size_t)k;
    b->mark[b->first_mark + b->marks].at = due;
    b->mark[b->first_mark + b->marks++].size = b->used;
}

/* What is due, at most `piece` bytes; true when there may be more at once. */
static bool belt_empty(belt *b, int to, size_t piece, double now)
{
    size_t  due = b->sent;
    ssize_t k;

    while (b->marks > 0 && b->mark[b->first_mark].at <= now) {
        due = b->mark[b->first_mark].size;
        if (b->sent < due) break;
        b->first_mark++;
        b->marks--;
    }
    if (due == b->sent) return false;
    k = send(to, b->bytes + b->sent, due - b->sent < piece ? due - b->sent : piece,
             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (k > 0) b->sent += (size_t)k;
    if (b->sent == b->used) {
        b->sent = b->used = b->marks = b->first_mark = 0;
        return false;
    }
    return k > 0;
}

static void narrow(int fd, int bytes)
{
    if (bytes == 0) return;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
}

static void pass_on(way *y, int near, int far)
{
    belt belts[2];
    int  fd[2] = { near, far };

    for (int i = 0; i < 2; i++) {
        belts[i] = (belt){ .mark = calloc(4096, sizeof *belts[i].mark),
                           .bytes = malloc(BELT_BYTES),
                           .room = BELT_BYTES };
        assert_true(belts[i].mark && belts[i].bytes);
    }
    while (!atomic_load(&y->done) && !atomic_load(&y->cut) && !(belts[0].ended && belts[1].ended)) {
        bool          busy = false;
        struct pollfd p[2] = { { near, POLLIN, 0 }, { far, POLLIN, 0 } };

        for (int i = 0; i < 2; i++) {
            belt_fill(&belts[i], fd[i], now_s() + y->delay_s);
            busy = belt_empty(&belts[i], fd[1 - i], y->piece, now_s()) || busy;
            if (belts[i].ended && belts[i].used == 0) shutdown(fd[1 - i], SHUT_WR);
            if (belts[i].used > 0 || belts[i].ended) p[i].events = 0;
        }
        if (!busy) poll(p, 2, 1);
    }
    for (int i = 0; i < 2; i++) {
        free(belts[i].mark);
        free(belts[i].bytes);
    }
}

static void *way_main(void *arg)
{
    way               *y = arg;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)y->target_port) };

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while (!atomic_load(&y->done)) {
        struct pollfd p = { y->listener, POLLIN, 0 };
        int           near, far, yes = 1;

        if (poll(&p, 1, 20) <= 0) continue;
        near = accept(y->listener, NULL, NULL);
        far = socket(AF_INET, SOCK_STREAM, 0);
        narrow(far, y->buffer);
        atomic_fetch_add(&y->connections, 1);
        setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (connect(far, (struct sockaddr *)&a, sizeof a) == 0) pass_on(y, near, far);
        close(near);
        close(far);
        atomic_store(&y->cut, false); /* the network is back */
    }
    return NULL;
}

/* P1 reaches P0 over the way; the other links are direct. */
static void run_over(run *r, way *y, void (*part)(node *))
{
    char address[32];

    y->listener = listen_anywhere(address);
    narrow(y->listener, y->buffer);
    y->target_port = atoi(strchr(r->address[0], ':') + 1);
    r->nodes[1].config.address[0] = address;
    assert_int_equal(pthread_create(&y->thread, NULL, way_main, y), 0);
    run_all(r, part);
    atomic_store(&y->done, true);
    pthread_join(y->thread, NULL);
    close(y->listener);
}

static size_t load;

/* P0 and P1 send each other a block at the same time, and then read; the others wait. */
static void exchange(node *me)
{
    uint32_t other = 1 - me->self;

    if (me->self < 2) {
        uint8_t *in = NULL;

        net_send(me->wire, other, message(me->self, other, load), load, PUMA_ONLINE, &me->error);
        if (net_recv(me->wire, other, &in, load, &me->error) == PUMA_OK &&
            !is_message(in, other, me->self, load))
            strcpy(me->note, "other bytes");
        free(in);
    }
    net_finish(me->wire, &me->error);
}

/* 200 ms there and back, a byte a segment. */
static void a_long_way_in_single_bytes_works(void **state)
{
    (void)state;
    for (int t = NET_TCP; t <= NET_TLS; t++) {
        run r;
        way y = { .delay_s = 0.1, .piece = 1 };

        run_prepare(&r, (net_transport)t);
        load = 20000;
        run_over(&r, &y, exchange);
        assert_fine(&r);
        for (uint32_t i = 0; i < 2; i++) assert_string_equal(r.nodes[i].note, "");
        assert_true(r.nodes[0].seconds > 0.2);
        run_free(&r);
    }
}

/* Both send at once far more than the buffers between them hold: who only sent would wait for ever. */
static void both_ways_at_once_through_narrow_buffers(void **state)
{
    run r;
    way y = { .piece = BELT_BYTES, .buffer = 64 << 10 };

    (void)state;
    run_prepare(&r, NET_TCP);
    load = (size_t)256 << 20;
    run_over(&r, &y, exchange);
    assert_fine(&r);
    for (uint32_t i = 0; i < 2; i++) assert_string_equal(r.nodes[i].note, "");
    run_free(&r);
}

static way cuttable;

static void wait_through_a_cut(node *me)
{
    uint8_t in[8];

    pthread_barrier_wait(&me->of->barrier);
    if (me->self == 0) atomic_store(&cuttable.cut, true);
    net_get(me->wire, me->self == 0 ? 1 : 0, in, sizeof in, &me->error);
}

/* The network comes back at once, and the way takes calls again; the session is over all the same. */
static void a_cut_ends_the_run_and_is_not_resumed(void **state)
{
    (void)state;
    for (int t = NET_TCP; t <= NET_TLS; t++) {
        run r;

        memset(&cuttable, 0, sizeof cuttable);
        cuttable.piece = BELT_BYTES;
        run_prepare(&r, (net_transport)t);
        run_over(&r, &cuttable, wait_through_a_cut);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
            assert_says(&r.nodes[i], PUMA_ENET, "closed the connection");
            assert_true(r.nodes[i].seconds < 2.5);
        }
        assert_int_equal(atomic_load(&cuttable.connections), 1);
        run_free(&r);
    }
}

/* --- floods ----------------------------------------------------------------------------------- */

#define FLOOD 160
#define FLOOD_BYTES ((size_t)64 << 20)

static size_t before, most;

/* P1 sends 10 GB before anybody asked, of pages that exist only once they have arrived; P2 does not read. */
static void flood(node *me)
{
    puma_error why = { 0 };

    pthread_barrier_wait(&me->of->barrier);
    if (me->self == 1)
        for (int i = 0; i < FLOOD; i++)
            net_send(me->wire, 2, calloc(1, FLOOD_BYTES), FLOOD_BYTES, PUMA_ONLINE, &me->error);
    if (me->self == 2) {
        size_t held = 0;
        double since = now_s();

        /* Until no more comes: what is unread has a limit, and then TCP holds the sender back. */
        while (now_s() - since < 1) {
            size_t now = resident();

            if (now > held + (1 << 20)) since = now_s();
            if (now > held) held = now;
            poll(NULL, 0, 10);
        }
        most = held;
        error_set(&why, 1101, "enough");
        net_abort(me->wire, &why);
        me->error = why;
        return;
    }
    net_get(me->wire, 2, (uint8_t[8]){ 0 }, 8, &me->error);
}

static void a_flood_is_held_back(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TCP);
    before = resident();
    run_all(&r, flood);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) assert_says(&r.nodes[i], PUMA_ENUMERIC, "enough");
    print_message("a flood of %zu MiB: %zu MiB are held\n", FLOOD * FLOOD_BYTES >> 20, (most - before) >> 20);
    assert_true(most - before < (size_t)3 << 30);
    run_free(&r);
}

/* --- the last message ------------------------------------------------------------------------- */

/* P1 goes as soon as it has sent its part of the answer, with no DONE. */
static void go_after_the_answer(node *me)
{
    net_allow_reveal(me->wire, true);
    if (me->self == 1)
        net_send(me->wire, PUMA_CLIENT, message(1, PUMA_CLIENT, 8), 8, PUMA_ONLINE, &me->error);
    if (me->self == PUMA_CLIENT) {
        uint8_t in[8];

        if (net_get(me->wire, 1, in, sizeof in, &me->error) == PUMA_OK) strcpy(me->note, "has the answer");
    }
    if (me->self == 1) {
        poll(NULL, 0, 100); /* the message leaves first */
        return;
    }
    net_finish(me->wire, &me->error);
}

/* The client has all of the answer and yet no right to write it down. */
static void an_answer_without_done_is_no_answer(void **state)
{
    (void)state;
    for (int t = 0; t < 3; t++) {
        run r;

        run_prepare(&r, (net_transport)t);
        run_all(&r, go_after_the_answer);
        assert_string_equal(r.nodes[PUMA_CLIENT].note, "has the answer");
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
            if (i != 1) assert_says(&r.nodes[i], PUMA_ENET, "party 1 closed the connection");
        run_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_cannot_be_had_is_named),
        cmocka_unit_test(names_and_both_families_work),
        cmocka_unit_test(a_long_way_in_single_bytes_works),
        cmocka_unit_test(both_ways_at_once_through_narrow_buffers),
        cmocka_unit_test(a_cut_ends_the_run_and_is_not_resumed),
        cmocka_unit_test(a_flood_is_held_back),
        cmocka_unit_test(an_answer_without_done_is_no_answer),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("net_links", tests, NULL, NULL);
}
