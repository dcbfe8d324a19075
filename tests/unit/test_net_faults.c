/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_net_faults.c - the wire fails as it should: every survivor ends in time, with the right class and the
 * name of the node that was the first to fail */
#include "net/wire.h"
#include "net_nodes.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void finish(node *me) { net_finish(me->wire, &me->error); }

static void wait_for(node *me, uint32_t from)
{
    uint8_t in[8];

    net_get(me->wire, from, in, sizeof in, &me->error);
}

/* --- disagreement ----------------------------------------------------------------------------- */

static void differing_key_is_named(void **state)
{
    (void)state;
    for (int t = 0; t < 3; t++) {
        run r;

        run_prepare(&r, (net_transport)t);
        r.nodes[2].config.hello = "model=tiny\nring_bits=60\n";
        run_all(&r, finish);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
            assert_says(&r.nodes[i], PUMA_EDISAGREE, "key ring_bits: P");
        assert_says(&r.nodes[2], PUMA_EDISAGREE, "P2 60");
        run_free(&r);
    }
}

static void missing_key_is_named(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_MEMORY);
    r.nodes[1].config.hello = "model=tiny\nplugin.x=1\nring_bits=64\n";
    run_all(&r, finish);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) assert_says(&r.nodes[i], PUMA_EDISAGREE, "key plugin.x: ");
    run_free(&r);
}

static void two_nodes_of_one_number(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TCP);
    /* P2 is started as a second P1; without a client nothing else can go wrong first. */
    r.nodes[2].config.self = 1;
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.present[PUMA_CLIENT] = false;
    r.part = finish;
    for (uint32_t i = 0; i < 3; i++) node_start(&r.nodes[i]);
    run_join(&r);
    for (uint32_t i = 0; i < 3; i++)
        assert_says(&r.nodes[i], PUMA_EDISAGREE, "two nodes say that they are P1: 127.0.0.1:");
    run_free(&r);
}

static void swapped_addresses_are_named(void **state)
{
    run         r;
    const char *swap;

    (void)state;
    run_prepare(&r, NET_TCP);
    swap = r.nodes[PUMA_CLIENT].config.address[0];
    r.nodes[PUMA_CLIENT].config.address[0] = r.nodes[PUMA_CLIENT].config.address[1];
    r.nodes[PUMA_CLIENT].config.address[1] = swap;
    run_all(&r, finish);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
        assert_says(&r.nodes[i], PUMA_EDISAGREE, "are addresses swapped?");
    run_free(&r);
}

/* --- death ------------------------------------------------------------------------------------ */

/* P2 vanishes without a word after everybody has heard from it. */
static void vanish(node *me)
{
    if (me->self == 2) {
        net_send(me->wire, 1, message(2, 1, 8), 8, PUMA_ONLINE, &me->error);
        return;
    }
    if (me->self == 1) wait_for(me, 2);
    wait_for(me, me->self == 0 ? 1 : me->self == 1 ? 0 : 0);
}

static void a_closed_peer_is_named_by_all(void **state)
{
    (void)state;
    for (int t = 0; t < 3; t++) {
        run r;

        run_prepare(&r, (net_transport)t);
        run_all(&r, vanish);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
            if (i == 2) continue;
            assert_says(&r.nodes[i], PUMA_ENET, "party 2 closed the connection");
            assert_true(r.nodes[i].seconds < 2.5);
        }
        run_free(&r);
    }
}

/* Passes bytes between two nodes until it is told to stop: their link then lives and is silent. */
typedef struct relay {
    int         listener, target_port;
    atomic_bool stop, done, damage;
    /* What damage does to so many bytes that came at once, a frame's first among them: how many pass on. */
    size_t (*spoil)(uint8_t *data, size_t bytes);
    bool      once;
    pthread_t thread;
} relay;

static void *relay_main(void *arg)
{
    relay             *y = arg;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)y->target_port) };
    int                near = accept(y->listener, NULL, NULL), far = socket(AF_INET, SOCK_STREAM, 0);
    uint8_t            data[8192];

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(far, (struct sockaddr *)&a, sizeof a) != 0) return NULL;
    while (!atomic_load(&y->done)) {
        for (int way = 0; way < 2; way++) {
            int     from = way ? near : far, to = way ? far : near;
            ssize_t k = atomic_load(&y->stop) ? -1 : recv(from, data, sizeof data, MSG_DONTWAIT);

            if (k > 0 && way && atomic_load(&y->damage)) {
                k = (ssize_t)y->spoil(data, (size_t)k);
                if (y->once) atomic_store(&y->damage, false);
                if (k == 0) shutdown(to, SHUT_WR);
            }
            if (k > 0 && send(to, data, (size_t)k, MSG_NOSIGNAL) != k) atomic_store(&y->stop, true);
        }
        usleep(1000);
    }
    close(near);
    close(far);
    return NULL;
}

static relay between;

static void fall_silent(node *me)
{
    pthread_barrier_wait(&me->of->barrier);
    if (me->self == 2) atomic_store(&between.stop, true);
    wait_for(me, next_of(me));
}

static size_t flip_a_payload_bit(uint8_t *data, size_t bytes)
{
    data[bytes / 2] ^= 4;
    return bytes;
}

/* P2 reaches P1 through the relay; the other links are direct. */
static void run_through_relay(run *r, void (*part)(node *), size_t (*spoil)(uint8_t *, size_t))
{
    char address[32];

    memset(&between, 0, sizeof between);
    between.spoil = spoil;
    between.once = spoil != flip_a_payload_bit;
    between.listener = listen_anywhere(address);
    between.target_port = atoi(strchr(r->address[1], ':') + 1);
    r->nodes[2].config.address[1] = address;
    assert_int_equal(pthread_create(&between.thread, NULL, relay_main, &between), 0);
    run_all(r, part);
    atomic_store(&between.done, true);
    pthread_join(between.thread, NULL);
    close(between.listener);
}

static void a_silent_peer_is_named(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TCP);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.io_timeout_ms = 300;
    run_through_relay(&r, fall_silent, NULL);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
        assert_says(&r.nodes[i], PUMA_ENET, " silent for 0.3 s");
        assert_true(r.nodes[i].seconds < 3);
    }
    run_free(&r);
}

static void send_through_damage(node *me)
{
    uint8_t in[4000];

    pthread_barrier_wait(&me->of->barrier);
    if (me->self == 2) {
        atomic_store(&between.damage, true);
        net_send(me->wire, 1, message(2, 1, sizeof in), sizeof in, PUMA_ONLINE, &me->error);
    }
    if (me->self == 1)
        net_get(me->wire, 2, in, sizeof in, &me->error);
    else
        wait_for(me, 1);
}

static void a_flipped_bit_is_seen(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TCP);
    run_through_relay(&r, send_through_damage, flip_a_payload_bit);
    assert_says(&r.nodes[1], PUMA_ENET, "from P2: damaged on the way");
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) assert_says(&r.nodes[i], PUMA_ENET, "P2: damaged");
    run_free(&r);
    run_prepare(&r, NET_TLS);
    run_through_relay(&r, send_through_damage, flip_a_payload_bit);
    assert_says(&r.nodes[1], PUMA_ETLS, "party 2: TLS: ");
    run_free(&r);
}

static size_t flip_a_length_bit(uint8_t *data, size_t bytes)
{
    data[19] ^= 0x40;
    return bytes;
}

/* A sender that means it: the header is whole. */
static size_t promise(uint8_t *data, size_t bytes)
{
    frame_head h;

    if (frame_head_get(&h, data)) {
        h.length += (uint64_t)4 << 30;
        frame_head_put(data, &h);
    }
    return bytes;
}

static size_t cut(uint8_t *data, size_t bytes)
{
    (void)data;
    return bytes / 2;
}

/* P1 looks at what P2 has sent after it has heard of P0, so that the header may have come long before. */
static void ask_late(node *me)
{
    uint8_t in[4000];

    pthread_barrier_wait(&me->of->barrier);
    if (me->self == 2) {
        atomic_store(&between.damage, true);
        net_send(me->wire, 1, message(2, 1, sizeof in), sizeof in, PUMA_ONLINE, &me->error);
    }
    if (me->self == 0) {
        usleep(100000); /* as a computation does */
        net_send(me->wire, 1, message(0, 1, 8), 8, PUMA_ONLINE, &me->error);
    }
    if (me->self == 1) {
        wait_for(me, 0);
        net_get(me->wire, 2, in, sizeof in, &me->error);
    } else {
        wait_for(me, 1);
    }
}

static size_t half_close(uint8_t *data, size_t bytes)
{
    (void)data;
    (void)bytes;
    return 0;
}

/* The end of a stream is a lost peer on every transport, also where TLS had not said that it would come. */
static void half_a_connection_is_none(void **state)
{
    (void)state;
    for (net_transport t = NET_TCP; t <= NET_TLS; t++) {
        run r;

        run_prepare(&r, t);
        run_through_relay(&r, send_through_damage, half_close);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
            assert_says(&r.nodes[i], PUMA_ENET, "closed the connection");
            assert_true(r.nodes[i].seconds < 2.3);
        }
        run_free(&r);
    }
}

/* However long the frame is that a header promises, nobody waits for it: heartbeats, which would be taken for its
 * payload, do not keep it alive. */
static void a_lying_header_keeps_nobody_waiting(void **state)
{
    static const struct {
        size_t (*spoil)(uint8_t *, size_t);
        void (*part)(node *);
        const char *says;
    } rows[] = {
        { flip_a_length_bit, send_through_damage, "from P2: malformed header" },
        { promise, send_through_damage, "from P2: 4294971296 bytes, expected 4000" },
        { promise, ask_late, "from P2: 4294971296 bytes, expected 4000" },
        { cut, send_through_damage, "party 2 silent for 0.3 s" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run r;

        run_prepare(&r, NET_TCP);
        for (uint32_t k = 0; k < PUMA_NODES; k = after(&r, k)) r.nodes[k].config.io_timeout_ms = 300;
        run_through_relay(&r, rows[i].part, rows[i].spoil);
        for (uint32_t k = 0; k < PUMA_NODES; k = after(&r, k)) {
            assert_says(&r.nodes[k], PUMA_ENET, rows[i].says);
            assert_true(r.nodes[k].seconds < 2.3);
        }
        run_free(&r);
    }
}

/* P0 has a word for all others. */
static void hear_of_p0(node *me)
{
    for (uint32_t i = 1; me->self == 0 && i < PUMA_NODES; i = after(me->of, i)) {
        net_allow_reveal(me->wire, true);
        net_send(me->wire, i, message(0, i, 8), 8, PUMA_ONLINE, &me->error);
    }
    if (me->self != 0) wait_for(me, 0);
    net_finish(me->wire, &me->error);
}

/* Heartbeats: a party that computes for several timeouts is not silent. */
static void compute_long(node *me)
{
    if (me->self == 0) {
        double until = now_s() + 1.5;

        while (now_s() < until) usleep(10000); /* outside of the wire, as a computation is */
    }
    hear_of_p0(me);
}

static void a_computing_peer_is_not_silent(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TLS);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.io_timeout_ms = 500;
    run_all(&r, compute_long);
    assert_fine(&r);
    run_free(&r);
}

/* The whole host sleeps for several timeouts: afterwards nobody is taken for silent who has only slept as well. */
static void sleep_together(node *me)
{
    pthread_barrier_wait(&me->of->barrier);
    if (me->self == 0) {
        pid_t parent = getpid(), child = fork();

        if (child == 0) {
            kill(parent, SIGSTOP);
            usleep(1000000);
            kill(parent, SIGCONT);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    hear_of_p0(me);
}

static void a_host_that_slept_goes_on(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        run r;

        run_prepare(&r, NET_MEMORY);
        for (uint32_t k = 0; k < PUMA_NODES; k = after(&r, k)) r.nodes[k].config.io_timeout_ms = 300;
        run_all(&r, sleep_together);
        assert_fine(&r);
        run_free(&r);
    }
}

static void give_up(node *me)
{
    puma_error why = { 0 };

    if (me->self == 1) {
        error_set(&why, 1101, "layer 3: value 9e9 at 17");
        net_abort(me->wire, &why);
        me->error = why;
        return;
    }
    wait_for(me, next_of(me) == 1 ? 2 : next_of(me));
}

static void an_abort_carries_its_reason(void **state)
{
    (void)state;
    for (int t = 0; t < 3; t++) {
        run r;

        run_prepare(&r, (net_transport)t);
        run_all(&r, give_up);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
            if (i == 1) continue;
            assert_says(&r.nodes[i], PUMA_ENUMERIC, "party 1: layer 3: value 9e9 at 17");
            assert_true(r.nodes[i].seconds < 2.5);
        }
        run_free(&r);
    }
}

/* The client's reason may name what it alone knows: the others are told its code and what that means. */
static void give_up_client(node *me)
{
    puma_error why = { 0 };

    if (me->self == PUMA_CLIENT) {
        error_set(&why, 1101, "layer 3: weight 0.7390851 at 17");
        net_abort(me->wire, &why);
        me->error = why;
        return;
    }
    wait_for(me, next_of(me) == PUMA_CLIENT ? 0 : next_of(me));
}

static void an_abort_of_the_client_tells_its_code_alone(void **state)
{
    (void)state;
    for (int t = 0; t < 3; t++) {
        run r;

        run_prepare(&r, (net_transport)t);
        run_all(&r, give_up_client);
        for (uint32_t i = 0; i < PUMA_CLIENT; i = after(&r, i)) {
            assert_says(&r.nodes[i], PUMA_ENUMERIC, error_meaning(1101));
            assert_null(strstr(r.nodes[i].error.text, "739"));
        }
        run_free(&r);
    }
}

/* The reason overtakes what is queued: P1 dies in the middle of sending a gigabyte that nobody reads. */
static void give_up_sending(node *me)
{
    puma_error why = { 0 };

    if (me->self == 1) {
        void *block = calloc(1, (size_t)1 << 29);

        net_send(me->wire, 2, block, (size_t)1 << 29, PUMA_ONLINE, &me->error);
        error_set(&why, 1101, "a value left its range");
        net_abort(me->wire, &why);
        me->error = why;
        return;
    }
    wait_for(me, me->self == 2 ? 0 : 2);
}

static void an_abort_overtakes_payload(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_TCP);
    run_all(&r, give_up_sending);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
        if (i != 1) assert_says(&r.nodes[i], PUMA_ENUMERIC, "party 1: a value left its range");
    run_free(&r);
}

/* --- wrong frames ----------------------------------------------------------------------------- */

static void send_short(node *me)
{
    uint8_t in[128];

    if (me->self == 1) net_send(me->wire, 2, message(1, 2, 64), 64, PUMA_ONLINE, &me->error);
    if (me->self == 2 && net_get(me->wire, 1, in, sizeof in, &me->error) != PUMA_OK) {
        net_abort(me->wire, &me->error);
        return;
    }
    net_finish(me->wire, &me->error);
}

static void a_wrong_length_is_named(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_MEMORY);
    run_all(&r, send_short);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
        assert_says(&r.nodes[i], PUMA_ENET, "from P1: 64 bytes, expected 128");
    assert_says(&r.nodes[0], PUMA_ENET, "party 2: frame");
    run_free(&r);
}

static void send_too_much(node *me)
{
    if (me->self == 1) net_send(me->wire, 2, message(1, 2, 64), 64, PUMA_ONLINE, &me->error);
    if (net_finish(me->wire, &me->error) != PUMA_OK) net_abort(me->wire, &me->error);
}

static void unread_payload_is_no_end(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_MEMORY);
    run_all(&r, send_too_much);
    assert_says(&r.nodes[2], PUMA_ENET, "payload, expected the end");
    run_free(&r);
}

/* --- on_stuck --------------------------------------------------------------------------------- */

static atomic_int      stuck_calls;
static char            stuck_text[ERROR_TEXT];
static pthread_mutex_t stuck_lock = PTHREAD_MUTEX_INITIALIZER;

static void note_stuck(void *context, const puma_error *why)
{
    (void)context;
    pthread_mutex_lock(&stuck_lock);
    strcpy(stuck_text, why->text);
    pthread_mutex_unlock(&stuck_lock);
    atomic_fetch_add(&stuck_calls, 1);
}

static void compute_on(node *me)
{
    puma_error why = { 0 };
    double     until = now_s() + 5;

    pthread_barrier_wait(&me->of->barrier);
    if (me->self == 1) {
        error_set(&why, 1101, "out of range");
        net_abort(me->wire, &why);
        return;
    }
    if (me->self == 0)
        while (atomic_load(&stuck_calls) == 0 && now_s() < until) usleep(10000);
    else
        wait_for(me, 0);
}

static void a_computing_party_is_told(void **state)
{
    run r;

    (void)state;
    run_prepare(&r, NET_MEMORY);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.on_stuck = note_stuck;
    run_all(&r, compute_on);
    assert_int_equal(atomic_load(&stuck_calls), 1);
    assert_string_equal(stuck_text, "party 1: out of range");
    assert_true(r.nodes[0].seconds > 0.9 && r.nodes[0].seconds < 3);
    run_free(&r);
}

/* --- strays and absentees --------------------------------------------------------------------- */

static int dial(const char *address)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1)) };
    int                fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void strays(net_transport over)
{
    static const char *const said[] = { "x", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                                        "PUMA\1\0\0\0", "\26\3\1\2\0\1\0\1\374\3\3" };
    int                      fds[45];
    run                      r;

    run_prepare(&r, over);
    for (int i = 0; i < 45; i++) {
        const char *text = said[i % 5];

        fds[i] = dial(r.address[i % 3]);
        /* Every third keeps silent. */
        if (i % 9 < 6) assert_true(send(fds[i], text, i % 5 == 3 ? 8 : strlen(text), MSG_NOSIGNAL) > 0);
    }
    run_all(&r, finish);
    assert_fine(&r);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) assert_true(r.nodes[i].seconds < 5);
    for (int i = 0; i < 45; i++) close(fds[i]);
    run_free(&r);
}

static void strays_do_not_disturb(void **state)
{
    (void)state;
    strays(NET_TCP);
    strays(NET_TLS);
}

static void an_absent_peer_is_named_by_all(void **state)
{
    (void)state;
    for (int t = 0; t < 2; t++) {
        run r;

        run_prepare(&r, (net_transport)t);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.connect_timeout_ms = 400;
        r.part = finish;
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
            if (i != 1) node_start(&r.nodes[i]);
        run_join(&r);
        for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) {
            if (i == 1) continue;
            assert_says(&r.nodes[i], PUMA_ENET, "party 1 absent");
            assert_true(r.nodes[i].seconds < 2.4);
        }
        if (t) close(r.nodes[1].config.listen_fd);
        run_free(&r);
    }
}

static void plain_tcp_stays_on_the_loopback(void **state)
{
    run    r;
    double start = now_s();

    (void)state;
    run_prepare(&r, NET_TCP);
    r.nodes[PUMA_CLIENT].config.address[1] = "192.0.2.1:9000";
    node_main(&r.nodes[PUMA_CLIENT]);
    assert_says(&r.nodes[PUMA_CLIENT], PUMA_ECONFIG, "allow_insecure");
    close(r.nodes[0].config.listen_fd);
    r.nodes[0].config.listen_fd = -1;
    r.nodes[0].config.address[0] = "0.0.0.0:0";
    node_main(&r.nodes[0]);
    assert_says(&r.nodes[0], PUMA_ECONFIG, "allow_insecure");
    for (uint32_t i = 1; i < 3; i++) close(r.nodes[i].config.listen_fd);
    assert_true(now_s() - start < 1);
    run_free(&r);
}

/* --- certificates ----------------------------------------------------------------------------- */

static void copy(const char *directory, const char *from, const char *to)
{
    char command[256];

    snprintf(command, sizeof command, "cp -p %s/%s %s/%s", directory, from, directory, to);
    assert_int_equal(system(command), 0);
}

/* Who answers at P1's address, and shows P2's certificate to the first that come. */
typedef struct impostor {
    SSL_CTX *tls;
    int      listen_fd;
} impostor;

static void *pose(void *arg)
{
    const impostor *who = arg;
    sigset_t        pipes;

    /* The node hangs up on what it refuses, which an answer may meet. */
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipes, NULL);
    for (int i = 0; i < 2; i++) {
        int  fd = accept(who->listen_fd, NULL, NULL);
        SSL *ssl = SSL_new(who->tls);

        if (ssl != NULL && fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) SSL_shutdown(ssl);
        SSL_free(ssl);
        if (fd >= 0) close(fd);
    }
    return NULL;
}

static void anothers_certificate_is_refused(void **state)
{
    run       r;
    impostor  who = { .tls = SSL_CTX_new(TLS_server_method()) };
    pthread_t thread;
    char      path[96];

    (void)state;
    run_prepare(&r, NET_TLS);
    who.listen_fd = r.nodes[1].config.listen_fd;
    snprintf(path, sizeof path, "%s/party2.pem", r.certificates);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(who.tls, path), 1);
    snprintf(path, sizeof path, "%s/party2.key", r.certificates);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(who.tls, path, SSL_FILETYPE_PEM), 1);
    assert_int_equal(pthread_create(&thread, NULL, pose, &who), 0);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.connect_timeout_ms = 1500;
    r.part = finish;
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
        if (i != 1) node_start(&r.nodes[i]);
    run_join(&r);
    shutdown(who.listen_fd, SHUT_RDWR); /* one of the two may never have called */
    pthread_join(thread, NULL);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i))
        if (i != 1) assert_says(&r.nodes[i], PUMA_ETLS, "expected P1, got P2");
    close(who.listen_fd);
    SSL_CTX_free(who.tls);
    run_free(&r);
}

/* Who calls P0 with the certificate of this role in that folder. */
typedef struct stranger {
    const run  *of;
    const char *directory, *role;
} stranger;

/* Says ABORT before any HELLO. */
static void *call_as_a_stranger(void *arg)
{
    const stranger *who = arg;
    uint8_t         said[FRAME_HEAD + 11];
    frame_head      h = { .type = FRAME_ABORT, .length = 11, .depth = 1, .depth_online = 1 };
    SSL_CTX        *tls = SSL_CTX_new(TLS_client_method());
    SSL            *ssl;
    char            path[128];
    int             fd = dial(who->of->address[0]);

    snprintf(path, sizeof path, "%s/%s.pem", who->directory, who->role);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(tls, path), 1);
    snprintf(path, sizeof path, "%s/%s.key", who->directory, who->role);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(tls, path, SSL_FILETYPE_PEM), 1);
    ssl = SSL_new(tls);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    frame_head_put(said, &h);
    put32(said + FRAME_HEAD, 703);
    memcpy(said + FRAME_HEAD + 4, "\x63\0\0\0abc", 7);
    if (SSL_connect(ssl) == 1) SSL_write(ssl, said, sizeof said);
    while (SSL_read(ssl, said, sizeof said) > 0) continue; /* until it hangs up */
    SSL_free(ssl);
    SSL_CTX_free(tls);
    close(fd);
    return NULL;
}

/* P0 hears a stranger before the others come, or do not come. */
static void meet_a_stranger(run *r, stranger *who, bool others)
{
    pthread_t thread;

    signal(SIGPIPE, SIG_IGN);
    who->of = r;
    r->part = finish;
    assert_int_equal(pthread_create(&thread, NULL, call_as_a_stranger, who), 0);
    node_start(&r->nodes[0]);
    pthread_join(thread, NULL);
    for (uint32_t i = after(r, 0); others && i < PUMA_NODES; i = after(r, i)) node_start(&r->nodes[i]);
    run_join(r);
}

static void a_stranger_of_the_same_authority_ends_nothing(void **state)
{
    run      r;
    stranger who = { .role = "dealer" };

    (void)state;
    run_prepare(&r, NET_TLS);
    who.directory = r.certificates;
    meet_a_stranger(&r, &who, true);
    assert_fine(&r);
    run_free(&r);
}

/* Anybody can make a certificate, also one of a role's name: who shows it is let go.  What it said is told when the peer
 * does not come. */
static void a_stranger_with_its_own_certificate_ends_nothing(void **state)
{
    (void)state;
    for (int others = 1; others >= 0; others--) {
        run        r;
        char       own[96];
        stranger   who = { .role = "party1" };
        puma_error e = { 0 };

        run_prepare(&r, NET_TLS);
        snprintf(own, sizeof own, "%s/own", r.certificates);
        assert_int_equal(certificates_make(own, 3, 30, &e), PUMA_OK);
        who.directory = own;
        if (!others) r.nodes[0].config.connect_timeout_ms = 700;
        meet_a_stranger(&r, &who, others);
        if (others) {
            assert_fine(&r);
        } else {
            assert_says(&r.nodes[0], PUMA_ETLS, "certificate of puma:party1 refused");
            for (uint32_t i = 1; i < 3; i++) close(r.nodes[i].config.listen_fd);
        }
        run_free(&r);
    }
}

static void no_event(void *context, const net_event *event)
{
    (void)event;
    *(int *)context += 1;
}

/* Before a node listens it looks at what it would show. */
static void an_own_certificate_of_another_is_refused(void **state)
{
    run r;
    int events = 0;

    (void)state;
    run_prepare(&r, NET_TLS);
    copy(r.certificates, "party2.pem", "party1.pem");
    copy(r.certificates, "party2.key", "party1.key");
    r.nodes[1].config.event = no_event;
    r.nodes[1].config.event_context = &events;
    node_main(&r.nodes[1]);
    assert_says(&r.nodes[1], PUMA_ETLS, "party1.pem: party1 is needed, and this is the certificate of party2");
    assert_int_equal(events, 0);
    close(r.nodes[0].config.listen_fd);
    close(r.nodes[2].config.listen_fd);
    run_free(&r);
}

/* Makes the certificate of a role one that is valid from and until so many seconds from now. */
static void set_time(const char *directory, const char *role, long from, long until)
{
    char      path[96];
    FILE     *f;
    X509     *x;
    EVP_PKEY *key;

    snprintf(path, sizeof path, "%s/ca.key", directory);
    assert_non_null(f = fopen(path, "r"));
    assert_non_null(key = PEM_read_PrivateKey(f, NULL, NULL, NULL));
    fclose(f);
    snprintf(path, sizeof path, "%s/%s.pem", directory, role);
    assert_non_null(f = fopen(path, "r"));
    assert_non_null(x = PEM_read_X509(f, NULL, NULL, NULL));
    fclose(f);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), from));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), until));
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_non_null(f = fopen(path, "w"));
    assert_int_equal(PEM_write_X509(f, x), 1);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void a_certificate_out_of_its_time_is_refused(void **state)
{
    static const struct {
        long        from, until;
        const char *says;
    } rows[] = { { -7200, -3600, "party1.pem: expired on " }, { 3600, 7200, "party1.pem: not valid before " } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        run r;

        run_prepare(&r, NET_TLS);
        set_time(r.certificates, "party1", rows[i].from, rows[i].until);
        node_main(&r.nodes[1]);
        assert_says(&r.nodes[1], PUMA_ETLS, rows[i].says);
        close(r.nodes[0].config.listen_fd);
        close(r.nodes[2].config.listen_fd);
        run_free(&r);
    }
}

static void one_role_is_renewed(void **state)
{
    run        r;
    puma_error e = { 0 };
    char       path[96], command[300];
    unsigned   days = 400;
    struct stat st;

    (void)state;
    run_prepare(&r, NET_TLS);
    snprintf(command, sizeof command, "cd %s && mkdir before && cp -p *.* before", r.certificates);
    assert_int_equal(system(command), 0);
    set_time(r.certificates, "party1", -7200, -3600);
    assert_int_equal(renew_certificate(r.certificates, "party1", &days, &e), PUMA_OK);
    assert_true(days == 29 || days == 30); /* what the CA has */
    snprintf(path, sizeof path, "%s/party1.key", r.certificates);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* that role's pair is new, all else as it was, and nothing more is there */
    snprintf(command, sizeof command,
             "cd %s && for f in *.*; do cmp -s $f before/$f || echo $f; done | tr '\\n' ' ' >differ && "
             "[ \"$(cat differ)\" = 'party1.key party1.pem ' ] && [ $(ls -A | wc -l) = 14 ]",
             r.certificates);
    assert_int_equal(system(command), 0);
    run_all(&r, finish);
    assert_fine(&r);
    snprintf(path, sizeof path, "%s/ca.key", r.certificates);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(renew_certificate(r.certificates, "party1", &days, &e), PUMA_ECONFIG);
    assert_int_equal(e.code, 385);
    assert_non_null(strstr(e.text, "ca.key"));
    run_free(&r);
}

static void anothers_authority_is_refused(void **state)
{
    run        r;
    char       other[96];
    puma_error e = { 0 };

    (void)state;
    run_prepare(&r, NET_TLS);
    snprintf(other, sizeof other, "%s/other", r.certificates);
    assert_int_equal(certificates_make(other, 3, 30, &e), PUMA_OK);
    r.nodes[1].config.certificates = other;
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) r.nodes[i].config.connect_timeout_ms = 1000;
    run_all(&r, finish);
    for (uint32_t i = 0; i < PUMA_NODES; i = after(&r, i)) assert_int_equal(r.nodes[i].error.status, PUMA_ETLS);
    run_free(&r);
}

static void a_key_open_to_others_is_refused(void **state)
{
    run  r;
    char key[96];

    (void)state;
    run_prepare(&r, NET_TLS);
    snprintf(key, sizeof key, "%s/client.key", r.certificates);
    assert_int_equal(chmod(key, 0640), 0);
    node_main(&r.nodes[PUMA_CLIENT]);
    assert_says(&r.nodes[PUMA_CLIENT], PUMA_ECONFIG, "client.key");
    copy(r.certificates, "party1.key", "client.key");
    assert_int_equal(chmod(key, 0600), 0);
    memset(&r.nodes[PUMA_CLIENT].error, 0, sizeof r.nodes[PUMA_CLIENT].error);
    node_main(&r.nodes[PUMA_CLIENT]);
    assert_says(&r.nodes[PUMA_CLIENT], PUMA_ETLS, "client.key");
    for (uint32_t i = 0; i < 3; i++) close(r.nodes[i].config.listen_fd);
    run_free(&r);
}

/* --- events ----------------------------------------------------------------------------------- */

typedef struct events {
    pthread_mutex_t lock;
    unsigned        listening, joined[PUMA_NODES], refused, expiring;
    char            reason[ERROR_TEXT], address[80], roles[80];
} events;

static void note_event(void *context, const net_event *event)
{
    events *all = context;

    pthread_mutex_lock(&all->lock);
    all->listening += event->kind == NET_LISTENING;
    if (event->kind == NET_LISTENING) snprintf(all->address, sizeof all->address, "%s", event->address);
    if (event->kind == NET_JOINED) all->joined[event->peer]++;
    all->refused += event->kind == NET_REFUSED;
    all->expiring += event->kind == NET_EXPIRING;
    if (event->kind == NET_EXPIRING) snprintf(all->roles, sizeof all->roles, "%s", event->role);
    if (event->kind == NET_REFUSED) snprintf(all->reason, sizeof all->reason, "%s", event->reason);
    pthread_mutex_unlock(&all->lock);
}

/* P0's log: where it listens, a stray that is refused, each of the others once. */
static void events_tell_who_comes(void **state)
{
    run                r;
    events             all = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct sockaddr_in a;
    socklen_t          bytes = sizeof a;
    char               answer, words[100] = "GET / HTTP/1.1\r\nHost: whoever it may be\r\n\r\n";
    int                stray;

    (void)state;
    run_prepare(&r, NET_TCP);
    r.nodes[0].config.event = note_event;
    r.nodes[0].config.event_context = &all;
    r.part = finish;
    assert_int_equal(getsockname(r.nodes[0].config.listen_fd, (struct sockaddr *)&a, &bytes), 0);
    node_start(&r.nodes[0]);
    stray = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(stray, (struct sockaddr *)&a, bytes), 0);
    assert_int_equal(send(stray, words, sizeof words, MSG_NOSIGNAL), sizeof words);
    assert_true(recv(stray, &answer, 1, 0) <= 0); /* until it is turned away */
    close(stray);
    for (uint32_t i = 1; i < PUMA_NODES; i = after(&r, i)) node_start(&r.nodes[i]);
    run_join(&r);
    assert_fine(&r);
    assert_string_equal(all.address, r.address[0]);
    assert_int_equal(all.listening, 1);
    assert_int_equal(all.refused, 1);
    assert_non_null(strstr(all.reason, "does not speak Puma's protocol"));
    for (uint32_t i = 1; i < PUMA_NODES; i = after(&r, i)) assert_int_equal(all.joined[i], 1);
    run_free(&r);
}

/* Certificates that end within a week still serve; their owners are told, and the client of all of them. */
static void a_certificate_that_ends_soon_is_told(void **state)
{
    run    r;
    events all[2] = { { .lock = PTHREAD_MUTEX_INITIALIZER }, { .lock = PTHREAD_MUTEX_INITIALIZER } };

    (void)state;
    run_prepare(&r, NET_TLS); /* for 30 days */
    set_time(r.certificates, "party1", -3600, 6 * 86400);
    set_time(r.certificates, "party2", -3600, 8 * 86400);
    set_time(r.certificates, "client", -3600, 5 * 86400);
    set_time(r.certificates, "ca", -3600, 4 * 86400);
    for (int i = 0; i < 2; i++) {
        net_config *c = &r.nodes[i == 0 ? 1 : PUMA_CLIENT].config;

        c->event = note_event;
        c->event_context = &all[i];
    }
    run_all(&r, finish);
    assert_fine(&r);
    assert_int_equal(all[0].expiring, 1);
    assert_string_equal(all[0].roles, "party1, ca");
    assert_int_equal(all[1].expiring, 1);
    assert_string_equal(all[1].roles, "party1, client, ca");
    run_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differing_key_is_named),          cmocka_unit_test(missing_key_is_named),
        cmocka_unit_test(two_nodes_of_one_number),         cmocka_unit_test(swapped_addresses_are_named),
        cmocka_unit_test(a_closed_peer_is_named_by_all),   cmocka_unit_test(a_silent_peer_is_named),
        cmocka_unit_test(a_flipped_bit_is_seen),           cmocka_unit_test(a_computing_peer_is_not_silent),
        cmocka_unit_test(a_host_that_slept_goes_on),
        cmocka_unit_test(an_abort_of_the_client_tells_its_code_alone),
        cmocka_unit_test(an_abort_carries_its_reason),     cmocka_unit_test(an_abort_overtakes_payload),
        cmocka_unit_test(a_wrong_length_is_named),         cmocka_unit_test(unread_payload_is_no_end),
        cmocka_unit_test(a_computing_party_is_told),       cmocka_unit_test(strays_do_not_disturb),
        cmocka_unit_test(an_absent_peer_is_named_by_all),  cmocka_unit_test(plain_tcp_stays_on_the_loopback),
        cmocka_unit_test(anothers_certificate_is_refused), cmocka_unit_test(anothers_authority_is_refused),
        cmocka_unit_test(a_key_open_to_others_is_refused),
        cmocka_unit_test(a_stranger_of_the_same_authority_ends_nothing),
        cmocka_unit_test(a_stranger_with_its_own_certificate_ends_nothing),
        cmocka_unit_test(a_lying_header_keeps_nobody_waiting), cmocka_unit_test(half_a_connection_is_none),
        cmocka_unit_test(an_own_certificate_of_another_is_refused),
        cmocka_unit_test(a_certificate_out_of_its_time_is_refused), cmocka_unit_test(one_role_is_renewed),
        cmocka_unit_test(events_tell_who_comes), cmocka_unit_test(a_certificate_that_ends_soon_is_told),
    };

    return cmocka_run_group_tests_name("net_faults", tests, NULL, NULL);
}
