/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_frames.c - the wire of one node as a state machine: connections come, with or without TLS and with any
 * certificate, say what is right, nearly right or anything at all, at any time, and go; the session sends,
 * receives and gives up in between.
 *
 * The node is the program's own, from the socket on (io.c, receive.c, handshake.c, fail.c), in this thread;
 * its clock and the end of a TLS handshake are the input's.  Whatever comes, the node ends in time, with one
 * reason that can be shown and names a node of the run or itself. */
#include "fuzz_wire.h"

#include <poll.h>
#include <sys/socket.h>

#define CONNS 12
#define STEPS 64

int     __wrap_tls_step(conn *c, char *reason, size_t room);
int64_t __wrap_net_now_ms(void);
int64_t __wrap_net_now_us(void);

static int64_t clock_us;

int64_t __wrap_net_now_us(void) { return clock_us; }
int64_t __wrap_net_now_ms(void) { return clock_us / 1000; }

static const char *const identities[] = { "puma:party0", "puma:party1", "puma:party2",
                                          "puma:client", "puma:dealer", "puma:party7",
                                          "puma:",       "other",       "" };
#define IDENTITIES (sizeof identities / sizeof *identities)

/* The far end of a connection. */
typedef struct far {
    int         fd, near;
    const char *identity; /* in its certificate */
    unsigned    outcome;  /* of TLS: 0 done, 1 failed with a certificate, 2 without, 3 never */
    uint32_t    says;     /* the node that it is, by its right frames */
    uint64_t    seq;
} far;

static struct world {
    net   *n;
    size_t cast;
    far    ends[CONNS];
    size_t count;
} w;

/* What TLS comes to, for the connection whose descriptor this is. */
int __wrap_tls_step(conn *c, char *reason, size_t room)
{
    for (size_t i = 0; i < w.count; i++) {
        far *end = &w.ends[i];

        if (end->near != c->fd) continue;
        reason[0] = '\0';
        if (end->outcome == 0) snprintf(c->identity, sizeof c->identity, "%s", end->identity);
        if (end->outcome == 1 || end->outcome == 2) snprintf(reason, room, "refused");
        if (end->outcome == 3) c->want = 0;
        return end->outcome == 0 ? 1 : end->outcome == 3 ? 0 : -1;
    }
    return -1;
}

static void check_event(void *context, const net_event *event)
{
    (void)context;
    if (event->kind == NET_JOINED) FUZZ_CHECK(w.n->config.present[event->peer] && event->role != NULL);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    wire_make_peers();
    return 0;
}

/* Both ends of a connection; NULL: there are enough. */
static conn *connect_far(uint32_t peer, bool outgoing, const char *identity, unsigned outcome, uint32_t says)
{
    int   pair[2];
    conn *c;

    if (w.count == CONNS) return NULL;
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    c = conn_new(w.n, pair[0], peer, outgoing);
    FUZZ_CHECK(c != NULL);
    strcpy(c->address, "far");
    w.ends[w.count++] = (far){ pair[1], pair[0], identity, outcome, says, 0 };
    return c;
}

/* A connection that has just been made: memory and TCP are open at once. */
static void begin(conn *c)
{
    if (c == NULL) return;
    if (w.n->tls == NULL) {
        handshake_begin(w.n, c);
        return;
    }
    c->state = CONN_SECURING;
    c->want = POLLOUT;
}

static void turn(void)
{
    uint64_t one = 1;

    /* With this poll never waits. */
    (void)!write(w.n->wake_fd, &one, sizeof one);
    io_turn(w.n);
}

static void say(far *end, const void *bytes, size_t size)
{
    char scrap[4096];

    if (end->fd < 0) return;
    while (recv(end->fd, scrap, sizeof scrap, MSG_DONTWAIT) > 0) continue;
    (void)send(end->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A frame in one segment, with a header that is right but for what the input changes. */
static void say_frame(far *end, frame *f, fuzz_feed *feed, unsigned changes)
{
    frame_head h = { .type = f->type, .seq = end->seq, .length = f->size, .depth = 1, .depth_online = 1 };
    uint8_t    bytes[FRAME_HEAD + 4096];

    if (f->size > sizeof bytes - FRAME_HEAD) return;
    wire_change(f, feed, changes & 7);
    if (changes & 8) h.seq += fuzz_byte(feed);
    if (changes & 16) h.length += (uint64_t)1 << fuzz_below(feed, 64);
    if (changes & 32) h.offset = fuzz_byte(feed);
    if (changes & 64) h.phase = (uint8_t)fuzz_below(feed, 3);
    if (!w.n->transport->sealed && f->size > 0) h.crc = frame_crc(0, f->data, f->size);
    frame_head_put(bytes, &h);
    if (f->size > 0) memcpy(bytes + FRAME_HEAD, f->data, f->size);
    if (changes & 128) bytes[fuzz_below(feed, FRAME_HEAD)] ^= (uint8_t)fuzz_byte(feed);
    if (f->type != FRAME_HEARTBEAT) end->seq++;
    say(end, bytes, FRAME_HEAD + f->size);
}

static void say_right(fuzz_feed *feed)
{
    far       *end = &w.ends[fuzz_below(feed, (unsigned)w.count)];
    unsigned   type = FRAME_HELLO + fuzz_below(feed, FRAME_DONE), changes = fuzz_byte(feed);
    const net *peer = wire_peers[w.cast][end->says];
    frame     *f = wire_right_frame(peer, (frame_type)type, w.n->config.self);

    FUZZ_CHECK(f != NULL);
    if (changes < 192) changes = 0; /* mostly right, so that the run gets somewhere */
    say_frame(end, f, feed, changes);
    frame_free(f);
}

/* A whole handshake, from all that are there. */
static void say_handshake(void)
{
    fuzz_feed none = { NULL, NULL };

    for (unsigned type = FRAME_HELLO; type <= FRAME_READY; type++) {
        for (size_t i = 0; i < w.count; i++) {
            far   *end = &w.ends[i];
            frame *f = wire_right_frame(wire_peers[w.cast][end->says], (frame_type)type, w.n->config.self);

            FUZZ_CHECK(f != NULL);
            say_frame(end, f, &none, 0);
            frame_free(f);
        }
        turn();
        turn();
    }
}

static void say_any(fuzz_feed *feed)
{
    far     *end = &w.ends[fuzz_below(feed, (unsigned)w.count)];
    unsigned type = fuzz_byte(feed), changes = fuzz_byte(feed);
    size_t   size = fuzz_byte(feed);
    frame   *f;

    if (size > fuzz_left(feed)) size = fuzz_left(feed);
    f = frame_copy((frame_type)(type % 12), size == 0 ? (const uint8_t *)"" : feed->at, size);
    FUZZ_CHECK(f != NULL);
    feed->at += size;
    if (type & 128)
        say(end, f->data, f->size); /* no frame at all */
    else
        say_frame(end, f, feed, changes < 128 ? 0 : changes & 127);
    frame_free(f);
}

static void come(fuzz_feed *feed)
{
    const wire_cast *cast = &wire_casts[w.cast];
    unsigned         who = fuzz_byte(feed), how = fuzz_byte(feed);
    uint32_t         says = wire_node_of(cast, who & 15), self = w.n->config.self;
    const char      *identity = identities[(who >> 4) % IDENTITIES];
    unsigned         outcome = how >> 6 & (how & 1 ? 3 : 0);
    conn            *c;

    /* Nobody listens any more once all agree, or nobody is waited for. */
    if (!w.n->transport->reachable || w.n->opened || (w.n->ending && !w.n->farewell_until)) return;
    if (how & 2)
        identity = says == PUMA_CLIENT    ? "puma:client"
                   : says == cast->dealer ? "puma:dealer"
                                          : identities[says];
    if (says < self && says != PUMA_CLIENT && w.n->links[says].c == NULL && !w.n->ending) {
        c = connect_far(says, true, identity, outcome, says);
        if (c != NULL) w.n->links[says].c = c;
    } else {
        c = connect_far(PUMA_NODES, false, identity, outcome, says);
    }
    begin(c);
}

static void session(fuzz_feed *feed)
{
    puma_error e = { 0 };
    unsigned   what = fuzz_below(feed, 4);
    uint32_t   peer = wire_node_of(&wire_casts[w.cast], fuzz_byte(feed));
    size_t     size = fuzz_below(feed, 64);
    uint8_t   *payload;
    char      *text;

    if (peer == w.n->config.self || !(w.n->opened || w.n->failed)) return;
    if (what == 0) {
        net_send(w.n, peer, calloc(1, size + 1), size, PUMA_ONLINE, &e);
    } else if (what == 3) {
        error_set(&e, 1001, "the session gives up");
        net_abort(w.n, &e);
    } else if (w.n->links[peer].in.first != NULL || w.n->failed) {
        if (what == 1 && net_recv(w.n, peer, &payload, size, &e) == PUMA_OK) free(payload);
        if (what == 2 && net_recv_control(w.n, peer, &text, 100, &e) == PUMA_OK) free(text);
    }
    fuzz_check_error(e.status, &e);
}

static void step(fuzz_feed *feed)
{
    far *end;

    switch (fuzz_below(feed, 10)) {
    case 0: come(feed); break;
    case 1:
    case 2:
        if (w.count > 0) say_right(feed);
        break;
    case 3:
        if (w.count > 0) say_any(feed);
        break;
    case 4: clock_us += (int64_t)1000 << fuzz_below(feed, 12); break;
    case 5:
        if (w.count == 0) break;
        end = &w.ends[fuzz_below(feed, (unsigned)w.count)];
        if (end->fd >= 0) close(end->fd);
        end->fd = -1;
        break;
    case 6:
        if (w.count > 0) shutdown(w.ends[fuzz_below(feed, (unsigned)w.count)].fd, SHUT_WR);
        break;
    case 7: say_handshake(); break;
    default: session(feed); break;
    }
    turn();
}

/* What comes in is bounded by what was sent, and a failure is one that can be shown. */
static void check(void)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        const node_link *l = &w.n->links[i];

        FUZZ_CHECK(l->in_bytes <= (size_t)STEPS * 4096);
        if (!w.n->config.present[i]) FUZZ_CHECK(l->c == NULL && !l->hello_in && l->in.first == NULL);
    }
    for (const conn *c = w.n->conns; c != NULL; c = c->next)
        if (c->in != NULL) FUZZ_CHECK(c->in->room <= c->in_done + SEGMENT);
    if (!w.n->failed) return;
    fuzz_check_error(w.n->error.status, &w.n->error);
    FUZZ_CHECK(w.n->culprit < PUMA_NODES && w.n->config.present[w.n->culprit]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const transport *const kinds[] = { &tls_transport, &tcp_transport, &memory_transport };
    static SSL_CTX               *secured;
    fuzz_feed                     f = { data, data + size };
    unsigned                      choice = fuzz_byte(&f), kind = choice % 3;
    transport                     t = *kinds[kind];
    const wire_cast              *cast;
    uint32_t                      self;

    clock_us = 1000000;
    w = (struct world){ .cast = choice / 3 % WIRE_CASTS };
    cast = &wire_casts[w.cast];
    self = wire_node_of(cast, fuzz_byte(&f));
    t.read = plain_read; /* TLS is not tested here; what comes behind it is */
    t.write = plain_write;
    w.n = wire_new(cast, self, &t, wire_lines(cast, self));
    w.n->config.event = check_event;
    if (kind == 0) {
        if (secured == NULL) secured = SSL_CTX_new(TLS_method());
        FUZZ_CHECK(secured != NULL && SSL_CTX_up_ref(secured) == 1);
        w.n->tls = secured;
    }
    for (uint32_t i = 0; kind == 2 && i < PUMA_NODES; i++)
        if (i != self && w.n->config.present[i]) begin(connect_far(i, i < self, "", 0, i));
    for (int i = 0; i < STEPS && fuzz_left(&f) > 0; i++) step(&f);
    check();
    /* Left alone, it is over at the latest when its time is. */
    for (int i = 0; i < 40 && !w.n->ended && !w.n->opened; i++) {
        clock_us += 500000;
        turn();
    }
    FUZZ_CHECK(w.n->ended || w.n->opened);
    if (w.n->ended) check();
    wire_free(w.n);
    for (size_t i = 0; i < w.count; i++)
        if (w.ends[i].fd >= 0) close(w.ends[i].fd);
    return 0;
}
