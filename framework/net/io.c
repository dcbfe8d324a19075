/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* io.c - the I/O thread of a node: sets up the links, moves frames, watches for death, ends */
#include "net/wire.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define TURN_BYTES ((size_t)4 << 20)   /* read or written on one link before the others get their turn */
#define DIRECT_BYTES ((size_t)16384)   /* payload left in a segment that is read straight into place   */
#define TOLD_REFUSALS 32u              /* a scanner shall not fill a disk                               */
#define KEY_BYTES ((uint64_t)64 << 30) /* TLS: new keys long before AES-GCM's bound of 2^24.5 records   */

static void advance(net *n);

/* --- connections ------------------------------------------------------------------------------ */

static conn *conn_new(net *n, int fd, uint32_t peer, bool outgoing)
{
    conn *c = calloc(1, sizeof *c);

    if (c) {
        c->rx = malloc(RX_BYTES);
        c->stage = n->config.transport == NET_TLS ? malloc(STAGE_BYTES) : NULL;
    }
    if (!c || !c->rx || (n->config.transport == NET_TLS && !c->stage)) {
        if (c) {
            free(c->rx);
            free(c->stage);
        }
        free(c);
        close(fd);
        return NULL;
    }
    c->fd = fd;
    c->peer = peer;
    c->outgoing = outgoing;
    c->out = &c->own;
    c->born = c->last_heard = c->last_sent = net_now_ms();
    c->next = n->conns;
    n->conns = c;
    return c;
}

/* Swept at the end of the turn; until then fd = -1 says that it is gone. */
static void conn_drop(net *n, conn *c)
{
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = -1;
    if (c->peer < PUMA_NODES && n->links[c->peer].c == c) n->links[c->peer].c = NULL;
    if (c->out == &c->own) return;
    /* What was to be sent there never will be. */
    pthread_mutex_lock(&n->lock);
    queue_clear(c->out);
    n->links[c->peer].out_bytes = n->links[c->peer].out_frames = 0;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    frame_free(c->tx);
    c->tx = NULL;
}

static void conn_free(conn *c)
{
    SSL_free(c->ssl);
    frame_free(c->in);
    frame_free(c->tx);
    queue_clear(&c->own);
    OPENSSL_cleanse(c->rx, RX_BYTES);
    free(c->rx);
    if (c->stage) OPENSSL_cleanse(c->stage, STAGE_BYTES);
    free(c->stage);
    free(c);
}

static void sweep(net *n)
{
    for (conn **at = &n->conns; *at;) {
        conn *c = *at;

        if (c->fd >= 0) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        conn_free(c);
    }
}

/* A frame of the I/O thread's own. */
static void conn_post(net *n, conn *c, frame *f)
{
    if (!f) return; /* out of memory: the peer will miss it and say so */
    pthread_mutex_lock(&n->lock);
    if (c->out != &c->own) {
        n->links[c->peer].out_bytes += f->size;
        n->links[c->peer].out_frames++;
    }
    queue_push(c->out, f);
    pthread_mutex_unlock(&n->lock);
}

/* Is this flag of node_link set at every link? */
static bool all_links(const net *n, size_t flag)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (i != n->config.self && n->config.present[i] &&
            !*(const bool *)((const char *)&n->links[i] + flag))
            return false;
    return true;
}

/* --- failing ---------------------------------------------------------------------------------- */

static frame *abort_frame(const puma_error *why, uint32_t culprit)
{
    uint8_t data[8 + ERROR_TEXT];
    size_t  bytes = strlen(why->text);

    put32(data, why->code);
    put32(data + 4, culprit);
    memcpy(data + 8, why->text, bytes);
    return frame_copy(FRAME_ABORT, data, 8 + bytes);
}

/* Nothing but ABORT is sent from now on, and what comes in is thrown away. */
static void end_conn(net *n, conn *c, frame *last)
{
    pthread_mutex_lock(&n->lock);
    if (c->out != &c->own) {
        node_link *l = &n->links[c->peer];

        queue_clear(&l->out);
        l->out_bytes = c->tx ? c->tx->size : 0;
        l->out_frames = c->tx ? 1 : 0;
    } else {
        queue_clear(&c->own);
    }
    pthread_mutex_unlock(&n->lock);
    c->abandon = true;
    c->discard = true;
    conn_post(n, c, last);
}

static void stop_listening(net *n)
{
    if (n->listen_fd >= 0) close(n->listen_fd);
    n->listen_fd = -1;
}

static void ending(net *n)
{
    n->ending = true;
    n->grace_until = 0;
    n->flush_by = net_now_ms() + FLUSH_MS;
    n->linger_by = n->flush_by + (n->finished ? 0 : LINGER_MS);
    if (!n->farewell_until) stop_listening(n);
}

/* For whoever keeps a log: a connection comes to nothing. */
static void tell_refused(net *n, const conn *c, const char *why)
{
    puma_error text = { 0 };

    if (!n->config.event || n->config.transport == NET_MEMORY || n->refusals++ >= TOLD_REFUSALS) return;
    error_set(&text, 802, "%s", why);
    n->config.event(n->config.event_context,
                    &(net_event){ .kind = NET_REFUSED, .address = c->address, .reason = text.text });
}

/* The run has failed: records why and tells it to all.  culprit: the node that the text is about; our own
 * number when the text does not name one.  offender: a connection that belongs to no link, to be told as
 * well. */
static void fail_with(net *n, const puma_error *why, uint32_t culprit, conn *offender)
{
    if (n->ending) {
        if (offender) conn_drop(n, offender);
        return;
    }
    if (offender) tell_refused(n, offender, why->text);
    pthread_mutex_lock(&n->lock);
    if (!n->failed) {
        n->error = *why;
        atomic_store(&n->failed, true);
    }
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    n->stuck_at = net_now_ms() + STUCK_MS;
    n->culprit = culprit;
    /* Nodes that are still on their way would take our absence for the cause. */
    if (why->code != 701 && !all_links(n, offsetof(node_link, hello_in)))
        n->farewell_until = net_now_ms() + FAREWELL_MS;
    for (conn *c = n->conns; c; c = c->next) {
        if (c->fd < 0) continue;
        if ((c->bound || c == offender) && c->state == CONN_OPEN)
            end_conn(n, c, abort_frame(why, culprit));
        else if (c == offender || !n->farewell_until)
            conn_drop(n, c);
    }
    ending(n);
}

__attribute__((format(printf, 5, 6))) static void fail(net *n, uint32_t culprit, conn *offender,
                                                       unsigned code, const char *format, ...)
{
    puma_error e = { 0 };
    char       text[2 * ERROR_TEXT];
    va_list    list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    error_set(&e, code, "%s", text);
    fail_with(n, &e, culprit, offender);
}

static void remember(node_link *l, const char *what) { snprintf(l->trouble, sizeof l->trouble, "%s", what); }

static void retry_later(node_link *l)
{
    l->wait_ms = l->wait_ms ? l->wait_ms * 2 : 20;
    if (l->wait_ms > 500) l->wait_ms = 500;
    l->next_try = net_now_ms() + l->wait_ms;
    if (l->at) l->at = l->at->ai_next;
    if (!l->at) l->at = l->found;
}

/* The stream has ended.  Once both sides have said DONE that is as it should be. */
static void conn_lost(net *n, conn *c, const char *why)
{
    bool done = false;

    if (c->fd < 0) return;
    if (n->ending) {
        if (!c->bound && c->outgoing && n->config.transport != NET_MEMORY) retry_later(&n->links[c->peer]);
        conn_drop(n, c);
        return;
    }
    if (c->peer < PUMA_NODES && c->bound) {
        pthread_mutex_lock(&n->lock);
        done = n->links[c->peer].done_in && n->links[c->peer].done_out;
        pthread_mutex_unlock(&n->lock);
    }
    if (c->bound && !done && !n->grace_until) {
        n->grace.status = PUMA_OK;
        error_set(&n->grace, 702, "%s closed the connection%s", net_title(n, c->peer),
                  n->links[c->peer].ready_in ? "" : " during the handshake");
        n->grace_culprit = c->peer;
        n->grace_until = net_now_ms() + GRACE_MS;
    } else if (!c->bound && c->outgoing) {
        node_link *l = &n->links[c->peer];

        if (n->config.transport == NET_MEMORY) {
            fail(n, c->peer, NULL, 702, "%s closed the connection during the handshake",
                 net_title(n, c->peer));
        } else {
            remember(l, why);
            retry_later(l);
        }
    } else if (!c->bound && n->config.transport == NET_MEMORY) {
        fail(n, c->peer, NULL, 702, "%s closed the connection during the handshake", net_title(n, c->peer));
    } else if (!c->bound) {
        tell_refused(n, c, why);
    }
    conn_drop(n, c);
}

/* --- handshake -------------------------------------------------------------------------------- */

static void conn_hello(net *n, conn *c)
{
    c->state = CONN_OPEN;
    c->want = 0;
    c->last_heard = c->last_sent = net_now_ms();
    if (!c->outgoing) return;
    c->out = &n->links[c->peer].out;
    n->links[c->peer].c = c;
    conn_post(n, c, hello_frame(n, c->peer));
}

static void conn_connected(net *n, conn *c)
{
    struct sockaddr_storage a, b;
    socklen_t               bytes = sizeof a, own_bytes = sizeof b;

    if (getpeername(c->fd, (struct sockaddr *)&a, &bytes) == 0)
        address_text(c->address, sizeof c->address, (struct sockaddr *)&a, bytes);
    /* A port of the ephemeral range that nobody listens on may connect to itself. */
    if (c->outgoing && n->config.transport != NET_MEMORY &&
        getsockname(c->fd, (struct sockaddr *)&b, &own_bytes) == 0 && bytes == own_bytes &&
        memcmp(&a, &b, bytes) == 0) {
        conn_lost(n, c, "connection refused");
        return;
    }
    address_tune(n, c->fd, c->peer);
    if (n->config.transport != NET_TLS) {
        conn_hello(n, c);
        return;
    }
    c->state = CONN_SECURING;
    c->want = c->outgoing ? POLLOUT : POLLIN;
    if (!tls_begin(n, c)) conn_lost(n, c, "out of memory for TLS");
}

/* Waiting does not cure these, and a listener that cannot accept would keep poll awake. */
static bool starved(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void start_connect(net *n, uint32_t peer)
{
    node_link *l = &n->links[peer];
    int        fd = socket(l->at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    conn      *c;

    l->tries++;
    if (fd < 0 && starved(errno)) {
        fail(n, n->config.self, NULL, 1002, "socket: %s", strerror(errno));
        return;
    }
    if (fd < 0 || !(c = conn_new(n, fd, peer, true))) {
        remember(l, strerror(errno));
        retry_later(l);
        return;
    }
    l->c = c;
    address_text(c->address, sizeof c->address, l->at->ai_addr, l->at->ai_addrlen);
    if (connect(fd, l->at->ai_addr, l->at->ai_addrlen) == 0) {
        conn_connected(n, c);
    } else if (errno == EINPROGRESS) {
        c->state = CONN_CONNECTING;
        c->want = POLLOUT;
    } else {
        conn_lost(n, c, strerror(errno));
    }
}

static void accept_all(net *n)
{
    for (;;) {
        int      fd = accept4(n->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        conn    *c, *oldest = NULL;
        unsigned pending = 0;

        if (fd < 0 && starved(errno)) fail(n, n->config.self, NULL, 1002, "accept: %s", strerror(errno));
        if (fd < 0) return;
        for (c = n->conns; c; c = c->next)
            if (c->fd >= 0 && !c->bound && !c->outgoing) {
                pending++;
                if (!oldest || c->born <= oldest->born) oldest = c;
            }
        /* Strays say nothing; the real peer is through in a moment, so that it is not the oldest for long. */
        if (pending >= PENDING_LIMIT) {
            tell_refused(n, oldest, "too many connections that say nothing");
            conn_drop(n, oldest);
        }
        c = conn_new(n, fd, PUMA_NODES, false);
        if (c) conn_connected(n, c);
    }
}

/* TLS knows who it is; HELLO must say the same. */
static bool identity_right(net *n, conn *c, uint32_t claimed)
{
    uint32_t node;

    if (n->config.transport != NET_TLS) return true;
    node = tls_node(n, c->identity);
    if (node == claimed) return true;
    fail(n, n->config.self, c, 803, "%s: expected %s, got %s", c->address, net_name(n, claimed),
         node < PUMA_NODES ? net_name(n, node) : c->identity);
    return false;
}

static void secure(net *n, conn *c)
{
    char reason[sizeof c->reason + 80];
    int  rc = tls_step(c, reason, sizeof reason);

    if (rc == 0) return;
    if (rc > 0) {
        c->state = CONN_OPEN;
        if (c->outgoing && !identity_right(n, c, c->peer)) return;
        conn_hello(n, c);
        return;
    }
    /* Whoever shows a certificate is no stray.  Who shows none may be one: the real peer can still come. */
    if (c->certified || (c->outgoing && reason[0])) {
        fail(n, n->config.self, c, 802, "%s%s%s: %s", c->outgoing ? net_title(n, c->peer) : "",
             c->outgoing ? " at " : "connection from ", c->address, reason);
        return;
    }
    if (!c->outgoing && reason[0]) {
        n->refused.status = PUMA_OK;
        error_set(&n->refused, 802, "connection from %s: %s", c->address, reason);
    }
    conn_lost(n, c, reason[0] ? reason : "connection closed during the TLS handshake");
}

static void take_hello(net *n, conn *c, frame *f)
{
    puma_error e = { 0 };
    uint32_t   from = PUMA_NODES;
    uint8_t    nonce[32];
    bool       malformed;
    node_link *l;

    if (hello_read(n, f, c->address, &from, nonce, &malformed, &e) != PUMA_OK) {
        if (malformed)
            conn_lost(n, c, e.text);
        else
            fail_with(n, &e, n->config.self, c);
        return;
    }
    if (!identity_right(n, c, from)) return;
    l = &n->links[from];
    if (c->peer < PUMA_NODES && c->peer != from) {
        fail(n, n->config.self, c, 903, "%s at %s is %s: are addresses swapped?", net_name(n, c->peer),
             c->address, net_name(n, from));
        return;
    }
    if (!c->outgoing && from < n->config.self) {
        fail(n, n->config.self, c, 903, "%s at %s must wait to be called by %s", net_name(n, from),
             c->address, net_name(n, n->config.self));
        return;
    }
    if (l->hello_in) {
        fail(n, n->config.self, c, 903, "two nodes say that they are %s: %s and %s", net_name(n, from),
             l->c ? l->c->address : "one that has gone", c->address);
        return;
    }
    memcpy(n->nonce[from], nonce, 32);
    l->hello_in = true;
    c->bound = true;
    if (!c->outgoing) {
        c->peer = from;
        c->out = &l->out;
        l->c = c;
        address_tune(n, c->fd, from);
        conn_post(n, c, hello_frame(n, from));
    }
    if (n->ending) {
        c->discard = true;
        conn_post(n, c, abort_frame(&n->error, n->culprit));
    } else if (n->config.event) {
        n->config.event(n->config.event_context, &(net_event){ .kind = NET_JOINED, .peer = from,
                                                               .role = net_role(n, from), .address = c->address });
    }
    advance(n);
}

/* Answers every link as far as the handshake has come: see wire.h. */
static void advance(net *n)
{
    puma_error e = { 0 };
    uint32_t   self = n->config.self;
    bool       has_client = n->config.present[PUMA_CLIENT] && self != PUMA_CLIENT;

    if (n->ending || !all_links(n, offsetof(node_link, hello_in))) return;
    if (!n->full && !has_client && !(n->full = strdup(n->hello))) {
        fail(n, self, NULL, 1001, "out of memory for the configuration");
        return;
    }
    if (!n->full && n->links[PUMA_CLIENT].config_in && hello_adopt(n, &e) != PUMA_OK) {
        fail_with(n, &e, PUMA_CLIENT, NULL);
        return;
    }
    if (!n->full) return;
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        node_link *l = &n->links[i];

        if (i == self || !n->config.present[i] || !l->c) continue;
        if (!l->config_out) {
            conn_post(n, l->c, hello_config(n));
            l->config_out = true;
        }
        if (l->config_in && !l->agreed) {
            /* The client has every line; a party's own, until it has adopted the client's, were compared
             * above. */
            if (hello_compare(n, i, &e) != PUMA_OK) {
                fail_with(n, &e, i, NULL);
                return;
            }
            l->agreed = true;
        }
    }
    if (!all_links(n, offsetof(node_link, agreed))) return;
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        node_link *l = &n->links[i];

        if (i == self || !n->config.present[i] || l->roster_out || !l->c) continue;
        conn_post(n, l->c, hello_roster(n, i));
        l->roster_out = true;
    }
    if (!all_links(n, offsetof(node_link, roster_in))) return;
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        node_link *l = &n->links[i];

        if (i == self || !n->config.present[i] || l->ready_out || !l->c) continue;
        conn_post(n, l->c, frame_new(FRAME_READY, NULL, 0));
        l->ready_out = true;
    }
    if (!all_links(n, offsetof(node_link, ready_in)) || n->opened) return;
    if (!hello_finish(n, &e)) {
        fail_with(n, &e, self, NULL);
        return;
    }
    for (conn *c = n->conns; c; c = c->next)
        if (!c->bound) conn_drop(n, c);
    stop_listening(n);
    pthread_mutex_lock(&n->lock);
    n->opened = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}

/* --- frames in -------------------------------------------------------------------------------- */

static void take_abort(net *n, conn *c, const frame *f)
{
    puma_error e = { 0 };
    unsigned   code = f->size >= 8 ? get32(f->data) : 0;
    uint32_t   culprit = f->size >= 8 ? get32(f->data + 4) : PUMA_NODES;
    char       text[ERROR_TEXT];
    size_t     bytes = f->size >= 8 ? f->size - 8 : 0;

    if (!c->bound && !c->outgoing) c->peer = tls_node(n, c->identity);
    if (bytes >= sizeof text) bytes = sizeof text - 1;
    if (bytes) memcpy(text, f->data + 8, bytes);
    text[bytes] = '\0';
    if (culprit >= PUMA_NODES) culprit = c->peer;
    if (!error_meaning(code)) code = 706;
    if (culprit == c->peer)
        error_set(&e, code, "%s: %s", net_title(n, c->peer), text);
    else
        error_set(&e, code, "%s", text);
    fail_with(n, &e, culprit, NULL);
}

/* Takes over f. */
static void deliver(net *n, conn *c, frame *f)
{
    puma_error e = { 0 };
    node_link *l = c->bound ? &n->links[c->peer] : NULL;
    bool       in_turn = true;

    switch (f->type) {
    case FRAME_HEARTBEAT: break;
    case FRAME_ABORT: take_abort(n, c, f); break;
    case FRAME_HELLO: take_hello(n, c, f); break;
    case FRAME_CONFIG:
        in_turn = !l->config_in;
        if (in_turn && hello_config_read(n, c->peer, f, &e) == PUMA_OK) l->config_in = true;
        break;
    case FRAME_ROSTER:
        in_turn = l->agreed && !l->roster_in;
        if (in_turn && hello_roster_read(n, c->peer, f, &e) == PUMA_OK) l->roster_in = true;
        break;
    case FRAME_READY:
        in_turn = l->roster_in && !l->ready_in;
        l->ready_in = true;
        break;
    default:
        in_turn = l->ready_in && !l->done_in;
        if (!in_turn) break;
        pthread_mutex_lock(&n->lock);
        if (f->type == FRAME_DONE) l->done_in = true;
        l->in_bytes += f->size;
        queue_push(&l->in, f);
        if (n->waiters) pthread_cond_broadcast(&n->changed);
        pthread_mutex_unlock(&n->lock);
        return;
    }
    if (!in_turn)
        fail(n, c->peer, NULL, 704, "frame %llu from %s: type %u out of turn", (unsigned long long)f->seq,
             net_name(n, c->peer), f->type);
    else if (e.status != PUMA_OK)
        fail_with(n, &e, c->peer, NULL);
    else if (f->type == FRAME_CONFIG || f->type == FRAME_ROSTER || f->type == FRAME_READY)
        advance(n);
    frame_free(f);
}

static size_t type_limit(uint8_t type)
{
    switch (type) {
    case FRAME_DATA: return FRAME_LIMIT;
    case FRAME_CONTROL: return CONTROL_LIMIT;
    case FRAME_READY:
    case FRAME_HEARTBEAT:
    case FRAME_DONE: return 0;
    default: return HELLO_LIMIT;
    }
}

/* A header has come: is it the one that may come now?  False: the connection is over. */
static bool begin_segment_in(net *n, conn *c, const uint8_t raw[FRAME_HEAD])
{
    frame_head        *h = &c->head;
    const char        *who;
    unsigned long long seq;

    if (!c->bound) {
        /* Nobody knows yet who this is: it is dropped without a word, and may be a stray. */
        bool expected =
            frame_head_get(h, raw) && h->seq == 0 && h->offset == 0 && h->length <= HELLO_LIMIT &&
            (h->type == FRAME_HELLO || (h->type == FRAME_ABORT && (c->outgoing || c->identity[0])));

        if (!expected) {
            conn_lost(n, c, "what answers there does not speak Puma's protocol");
            return false;
        }
    } else {
        who = net_name(n, c->peer);
        if (!frame_head_get(h, raw)) {
            fail(n, c->peer, NULL, 704, "frame %llu from %s: malformed header", (unsigned long long)c->rx_seq,
                 who);
            return false;
        }
        seq = (unsigned long long)h->seq;
        if (c->in && h->type == FRAME_ABORT) {
            frame_free(c->in);
            c->in = NULL;
        }
        if (h->length > type_limit(h->type)) {
            fail(n, c->peer, NULL, 704, "frame %llu from %s: %llu bytes, limit %zu", seq, who,
                 (unsigned long long)h->length, type_limit(h->type));
            return false;
        }
        if (c->in && (h->seq != c->in->seq || h->type != c->in->type || h->length != c->in->size ||
                      h->offset != c->in_done)) {
            fail(n, c->peer, NULL, 704, "frame %llu from %s: a segment of another frame (%llu)",
                 (unsigned long long)c->in->seq, who, seq);
            return false;
        }
        if (!c->in && (h->seq != c->rx_seq || h->offset != 0)) {
            fail(n, c->peer, NULL, 704, "frame %llu from %s: expected number %llu", seq, who,
                 (unsigned long long)c->rx_seq);
            return false;
        }
        if (h->type == FRAME_HELLO) {
            fail(n, c->peer, NULL, 704, "frame %llu from %s: a second HELLO", seq, who);
            return false;
        }
    }
    if (!c->in) {
        c->in = calloc(1, sizeof *c->in);
        if (!c->in) {
            fail(n, n->config.self, NULL, 1001, "out of memory for a message");
            return false;
        }
        c->in->type = h->type;
        c->in->phase = h->phase;
        c->in->depth = h->depth;
        c->in->depth_online = h->depth_online;
        c->in->seq = h->seq;
        c->in->size = (size_t)h->length;
        c->in_done = 0;
        if (h->type != FRAME_HEARTBEAT) c->rx_seq++;
    }
    c->segment_left = c->in->size - c->in_done < SEGMENT ? c->in->size - c->in_done : SEGMENT;
    /* Memory follows what has really come, not what the header promises. */
    if (c->in->room < c->in_done + c->segment_left) {
        size_t   room = c->in->room < 16 * SEGMENT ? c->in_done + c->segment_left : 2 * c->in->room;
        uint8_t *data;

        if (c->in->room && c->in->room < 16 * SEGMENT) room = 4 * c->in->room;
        if (room > c->in->size) room = c->in->size;
        data = realloc(c->in->data, room);
        if (!data) {
            fail(n, n->config.self, NULL, 1001, "out of memory for a message of %zu bytes", c->in->size);
            return false;
        }
        c->in->data = data;
        c->in->room = room;
    }
    c->crc = 0;
    if (n->config.transport != NET_TLS) {
        uint8_t bare[FRAME_HEAD];

        memcpy(bare, raw, FRAME_HEAD);
        memset(bare + 40, 0, 4);
        c->crc = frame_crc(0, bare, FRAME_HEAD);
    }
    c->in_segment = true;
    return true;
}

static void took(net *n, conn *c, size_t k)
{
    if (n->config.transport != NET_TLS) c->crc = frame_crc(c->crc, c->in->data + c->in_done, k);
    c->in_done += k;
    c->segment_left -= k;
}

/* The segment is complete. */
static bool end_segment_in(net *n, conn *c)
{
    frame *f = c->in;

    c->in_segment = false;
    if (n->config.transport != NET_TLS && c->crc != c->head.crc) {
        if (!c->bound)
            conn_lost(n, c, "damaged HELLO");
        else
            fail(n, c->peer, NULL, 704, "frame %llu from %s: damaged on the way (checksum)",
                 (unsigned long long)f->seq, net_name(n, c->peer));
        return false;
    }
    if (c->in_done == f->size) {
        c->in = NULL;
        deliver(n, c, f);
    }
    return c->fd >= 0 && !c->discard;
}

static void parse(net *n, conn *c)
{
    for (;;) {
        size_t have = c->rx_to - c->rx_from;

        if (!c->in_segment) {
            if (have < FRAME_HEAD) break;
            if (!begin_segment_in(n, c, c->rx + c->rx_from)) return;
            c->rx_from += FRAME_HEAD;
            have -= FRAME_HEAD;
        }
        if (have > c->segment_left) have = c->segment_left;
        if (have) {
            memcpy(c->in->data + c->in_done, c->rx + c->rx_from, have);
            c->rx_from += have;
            took(n, c, have);
        }
        if (c->segment_left) break;
        if (!end_segment_in(n, c)) return;
    }
    if (c->rx_from == c->rx_to) {
        c->rx_from = c->rx_to = 0;
    } else if (c->rx_from > RX_BYTES / 2) {
        memmove(c->rx, c->rx + c->rx_from, c->rx_to - c->rx_from);
        c->rx_to -= c->rx_from;
        c->rx_from = 0;
    }
}

static ssize_t stream_read(conn *c, void *data, size_t bytes, char *reason, size_t room)
{
    ssize_t k;

    *reason = '\0';
    if (c->ssl) return tls_read(c, data, bytes, reason, room);
    do k = recv(c->fd, data, bytes, 0);
    while (k < 0 && errno == EINTR);
    if (k > 0) return k;
    if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return STREAM_AGAIN;
    return STREAM_CLOSED;
}

static void conn_read(net *n, conn *c)
{
    size_t turn = 0;

    c->more = false;
    while (c->fd >= 0 && c->state == CONN_OPEN && turn < TURN_BYTES) {
        bool direct =
            c->in_segment && c->rx_from == c->rx_to && c->segment_left >= DIRECT_BYTES && !c->discard;
        char    reason[160];
        size_t  room;
        ssize_t k;

        if (c->discard) c->rx_from = c->rx_to = 0;
        room = direct ? c->segment_left : RX_BYTES - c->rx_to;
        k = stream_read(c, direct ? c->in->data + c->in_done : c->rx + c->rx_to, room, reason, sizeof reason);
        if (k == STREAM_AGAIN) return;
        if (k == STREAM_BROKEN && !n->ending && c->bound) {
            fail(n, c->peer, NULL, 802, "%s: TLS: %s", net_title(n, c->peer), reason);
            return;
        }
        if (k == STREAM_BROKEN && !c->bound && c->outgoing) {
            /* TLS 1.3: how a server says that it refused our certificate. */
            fail(n, n->config.self, c, 802, "%s at %s refused us: %s", net_title(n, c->peer), c->address,
                 reason);
            return;
        }
        if (k < 0) {
            conn_lost(n, c, *reason ? reason : "the connection was closed before a HELLO came");
            return;
        }
        turn += (size_t)k;
        c->last_heard = net_now_ms();
        if (c->discard) continue;
        if (direct) {
            took(n, c, (size_t)k);
            if (!c->segment_left && !end_segment_in(n, c)) continue;
        } else {
            c->rx_to += (size_t)k;
            parse(n, c);
        }
        /* Neither the room nor a TLS record is full: the socket had no more, and poll will say when it has.
         */
        if ((size_t)k < room && k < (ssize_t)STAGE_BYTES && !(c->ssl && SSL_has_pending(c->ssl))) return;
    }
    c->more = c->fd >= 0 && turn >= TURN_BYTES;
}

/* --- frames out ------------------------------------------------------------------------------- */

static void begin_segment_out(conn *c)
{
    frame     *f = c->tx;
    frame_head h = { .type = f->type,
                     .phase = f->phase,
                     .depth = f->depth,
                     .depth_online = f->depth_online,
                     .seq = f->seq,
                     .length = f->size,
                     .offset = c->tx_offset };

    c->tx_segment = f->size - c->tx_offset < SEGMENT ? f->size - c->tx_offset : SEGMENT;
    c->tx_sent = 0;
    frame_head_put(c->tx_head, &h);
    if (!c->ssl) {
        uint32_t crc = frame_crc(0, c->tx_head, FRAME_HEAD);

        if (c->tx_segment) crc = frame_crc(crc, f->data + c->tx_offset, c->tx_segment);
        put32(c->tx_head + 40, crc);
        return;
    }
    c->stage_bytes = c->tx_segment < STAGE_BYTES - FRAME_HEAD ? c->tx_segment : STAGE_BYTES - FRAME_HEAD;
    memcpy(c->stage, c->tx_head, FRAME_HEAD);
    if (c->stage_bytes) memcpy(c->stage + FRAME_HEAD, f->data + c->tx_offset, c->stage_bytes);
    c->stage_bytes += FRAME_HEAD;
}

/* Is there a frame that may leave?  One that is still under way on the emulated link may not. */
static bool has_due(const conn *c, int64_t now_us)
{
    return c->out->first && c->out->first->due_us <= now_us;
}

/* The next frame, if there is one.  Frames are numbered here, so that a number is used when it is sent. */
static bool next_out(net *n, conn *c)
{
    if (c->tx_dead) return false;
    pthread_mutex_lock(&n->lock);
    c->tx = has_due(c, net_now_us()) ? queue_pop(c->out) : NULL;
    pthread_mutex_unlock(&n->lock);
    if (!c->tx) return false;
    c->tx->seq = c->tx->type == FRAME_HEARTBEAT ? c->tx_seq : c->tx_seq++;
    c->tx_offset = 0;
    c->tx_keyed += c->tx->size + FRAME_HEAD;
    if (c->ssl && c->tx_keyed > KEY_BYTES) {
        SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
        c->tx_keyed = 0;
    }
    begin_segment_out(c);
    return true;
}

static void sent_out(net *n, conn *c)
{
    frame *f = c->tx;

    c->tx = NULL;
    if (c->out != &c->own) {
        node_link *l = &n->links[c->peer];

        pthread_mutex_lock(&n->lock);
        l->out_bytes -= f->size;
        l->out_frames--;
        if (n->waiters && (l->out_frames == 0 || l->out_bytes <= NET_BOUNDED))
            pthread_cond_broadcast(&n->changed);
        pthread_mutex_unlock(&n->lock);
    }
    frame_free(f);
}

static ssize_t stream_write(conn *c)
{
    const uint8_t *payload =
        c->tx->data == NULL ? NULL : c->tx->data + c->tx_offset; /* an empty one has no bytes to point at */
    struct iovec  part[2];
    struct msghdr m = { .msg_iov = part };
    ssize_t       k;

    if (c->ssl && c->tx_sent < c->stage_bytes)
        return tls_write(c, c->stage + c->tx_sent, c->stage_bytes - c->tx_sent);
    if (c->ssl)
        return tls_write(c, payload + (c->tx_sent - FRAME_HEAD), c->tx_segment - (c->tx_sent - FRAME_HEAD));
    if (c->tx_sent < FRAME_HEAD)
        part[m.msg_iovlen++] = (struct iovec){ c->tx_head + c->tx_sent, FRAME_HEAD - c->tx_sent };
    if (c->tx_segment) {
        size_t from = c->tx_sent > FRAME_HEAD ? c->tx_sent - FRAME_HEAD : 0;

        part[m.msg_iovlen++] = (struct iovec){ (void *)(uintptr_t)(payload + from), c->tx_segment - from };
    }
    do k = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    while (k < 0 && errno == EINTR);
    if (k >= 0) return k;
    return errno == EAGAIN || errno == EWOULDBLOCK ? STREAM_AGAIN : STREAM_CLOSED;
}

static void conn_write(net *n, conn *c)
{
    size_t turn = 0;

    while (turn < TURN_BYTES && (c->tx || next_out(n, c))) {
        ssize_t k = stream_write(c);

        if (k == STREAM_AGAIN) {
            c->blocked = true;
            return;
        }
        if (k < 0) {
            /* What the peer sent last, perhaps its reason, is still to be read; the end of that tells the
             * rest. */
            c->tx_dead = true;
            sent_out(n, c);
            return;
        }
        turn += (size_t)k;
        c->tx_sent += (size_t)k;
        c->last_sent = net_now_ms();
        if (c->tx_sent < FRAME_HEAD + c->tx_segment) continue;
        c->tx_offset += c->tx_segment;
        if (c->tx_offset == c->tx->size || c->abandon)
            sent_out(n, c);
        else
            begin_segment_out(c);
    }
}

/* --- time ------------------------------------------------------------------------------------- */

static void sooner(int64_t *next, int64_t at)
{
    if (at < *next) *next = at;
}

/* Both sides' links to an absent node are unmade, so the one to blame is the first that never came. */
static void absent(net *n)
{
    double seconds = n->config.connect_timeout_ms / 1000.0;

    if (n->refused.status != PUMA_OK) {
        fail_with(n, &n->refused, n->config.self, NULL);
        return;
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        const node_link *l = &n->links[i];

        if (i == n->config.self || !n->config.present[i] || l->hello_in) continue;
        if (i < n->config.self && n->config.transport != NET_MEMORY)
            fail(n, i, NULL, 701, "%s absent: no connection to %s in %g s (%u tries%s%s)", net_title(n, i),
                 n->address[i], seconds, l->tries, l->trouble[0] ? ", last: " : "", l->trouble);
        else
            fail(n, i, NULL, 701, "%s absent: it did not connect to %s in %g s", net_title(n, i),
                 net_title(n, n->config.self), seconds);
        return;
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        const node_link *l = &n->links[i];

        if (i == n->config.self || !n->config.present[i] || l->ready_in) continue;
        fail(n, i, NULL, 701, "%s did not finish the handshake in %g s", net_title(n, i), seconds);
        return;
    }
}

/* Before the links are made: tries again, drops strays. */
static void setup_timers(net *n, int64_t now, int64_t *next)
{
    if (now >= n->connect_by && !n->ending) {
        absent(n);
        return;
    }
    if (!n->ending) sooner(next, n->connect_by);
    for (uint32_t i = 0; i < n->config.self; i++) {
        node_link *l = &n->links[i];

        if (!l->found || l->c || l->hello_in) continue;
        if (now >= l->next_try) start_connect(n, i);
        if (!l->c) sooner(next, l->next_try);
    }
    for (conn *c = n->conns; c; c = c->next) {
        if (c->fd < 0 || c->bound || n->config.transport == NET_MEMORY) continue;
        /* An outgoing one may sit in the backlog of a peer that is still starting, so that only its connect
         * ends. */
        if (c->outgoing && c->state == CONN_OPEN) continue;
        if (c->outgoing && c->state == CONN_SECURING) continue;
        int64_t by = c->born + (c->outgoing ? 3000 : PENDING_MS);

        if (now >= by)
            conn_lost(n, c, "no answer");
        else
            sooner(next, by);
    }
}

static void life_timers(net *n, int64_t now, int64_t *next)
{
    int64_t timeout = n->config.io_timeout_ms, beat = timeout / 4 > 0 ? timeout / 4 : 1;

    for (conn *c = n->conns; c; c = c->next) {
        if (c->fd < 0 || !c->bound || n->ending) continue;
        node_link *l = &n->links[c->peer];
        bool       idle, done;

        pthread_mutex_lock(&n->lock);
        idle = !l->out.first && !c->tx;
        done = l->done_in;
        pthread_mutex_unlock(&n->lock);
        if (c->paused) c->last_heard = now;
        if (!done && now - c->last_heard > timeout) {
            fail(n, c->peer, NULL, 703, "%s silent for %g s", net_title(n, c->peer),
                 (double)timeout / 1000.0);
            return;
        }
        if (idle && !c->tx_dead && now - c->last_sent >= beat) {
            conn_post(n, c, frame_new(FRAME_HEARTBEAT, NULL, 0));
            c->last_sent = now;
        }
        sooner(next, c->last_heard + timeout + 1);
        if (idle) sooner(next, c->last_sent + beat);
    }
}

static void end_timers(net *n, int64_t now, int64_t *next)
{
    if (n->farewell_until && (now >= n->farewell_until || all_links(n, offsetof(node_link, hello_in)))) {
        n->farewell_until = 0;
        stop_listening(n);
        n->flush_by = now + FLUSH_MS;
        n->linger_by = n->flush_by + LINGER_MS;
        for (conn *c = n->conns; c; c = c->next)
            if (!c->discard) conn_drop(n, c);
    }
    if (n->farewell_until) {
        sooner(next, n->farewell_until);
        setup_timers(n, now, next);
    }
    for (conn *c = n->conns; c; c = c->next) {
        bool empty;

        if (c->fd < 0 || !c->discard) continue;
        pthread_mutex_lock(&n->lock);
        empty = !c->tx && (!c->out->first || c->tx_dead);
        pthread_mutex_unlock(&n->lock);
        if (empty && !c->shut) {
            if (c->ssl) tls_shutdown(c);
            shutdown(c->fd, SHUT_WR);
            c->shut = true;
        }
        if (!n->farewell_until && ((!empty && now >= n->flush_by) || now >= n->linger_by)) conn_drop(n, c);
    }
    sweep(n);
    n->ended = !n->conns && !n->farewell_until;
    if (!n->ended && !n->farewell_until) sooner(next, now < n->flush_by ? n->flush_by : n->linger_by);
}

/* Returns how long poll may sleep. */
static int timers(net *n)
{
    int64_t now = net_now_ms(), next = now + 60000;
    bool    call = false;

    if (!n->ending && n->grace_until && now >= n->grace_until)
        fail_with(n, &n->grace, n->grace_culprit, NULL);
    if (n->grace_until) sooner(&next, n->grace_until);
    if (!n->ending && !n->opened) setup_timers(n, now, &next);
    if (!n->ending) life_timers(n, now, &next);
    if (n->ending && !n->ended) end_timers(n, now, &next);
    if (n->stuck_at && !n->told) {
        if (atomic_load(&n->seen))
            n->told = true;
        else if (now >= n->stuck_at)
            n->told = call = true;
        else
            sooner(&next, n->stuck_at);
    }
    if (call && n->config.on_stuck) n->config.on_stuck(n->config.stuck_context, &n->error);
    now = net_now_ms();
    return next <= now ? 0 : (int)(next - now);
}

/* --- the loop --------------------------------------------------------------------------------- */

/* What the session asked for while we slept.  True: it closes, and nothing is left to do. */
static bool requests(net *n)
{
    bool     stop, closing, finished;
    uint64_t count;

    pthread_mutex_lock(&n->lock);
    while (n->woken && read(n->wake_fd, &count, sizeof count) < 0 && errno == EINTR) continue;
    n->woken = false;
    stop = n->abort_wanted;
    n->abort_wanted = false;
    closing = n->closing;
    finished = n->finished;
    pthread_mutex_unlock(&n->lock);
    if (stop) fail_with(n, &n->error, n->config.self, NULL);
    if (closing && !n->ending) {
        if (!finished)
            for (conn *c = n->conns; c; c = c->next) conn_drop(n, c);
        for (conn *c = n->conns; c; c = c->next) c->discard = true;
        ending(n);
        sweep(n);
        n->ended = !n->conns;
    }
    return closing && n->ended;
}

/* `due_us` becomes the time at which the first frame under way may leave, if that is sooner. */
static short events_of(net *n, conn *c, bool *busy, int64_t *due_us)
{
    short  events = POLLIN;
    size_t limit = c->peer == n->config.bounded ? NET_BOUNDED : UNREAD_BYTES;
    bool   waiting, was_paused = c->paused;

    if (c->state != CONN_OPEN) return c->want;
    pthread_mutex_lock(&n->lock);
    waiting = !c->tx_dead && (c->tx || has_due(c, net_now_us()));
    if (!c->tx_dead && !waiting && c->out->first) sooner(due_us, c->out->first->due_us);
    c->paused = c->bound && !c->drain && !n->ending && n->links[c->peer].in_bytes > limit;
    if (c->bound) n->links[c->peer].paused = c->paused;
    pthread_mutex_unlock(&n->lock);
    if (c->paused) events = POLLRDHUP;
    if (waiting && c->blocked) events |= POLLOUT;
    if (waiting && !c->blocked) *busy = true;
    /* What TLS has read ahead no poll tells of. */
    if (was_paused && !c->paused) c->more = true;
    if (!c->paused && c->more) *busy = true;
    return events;
}

static void serve(net *n, conn *c, short events)
{
    int       error = 0;
    socklen_t bytes = sizeof error;

    if (c->state == CONN_CONNECTING) {
        if (!events) return;
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) error = errno;
        if (error)
            conn_lost(n, c, strerror(error));
        else
            conn_connected(n, c);
        return;
    }
    if (c->state == CONN_SECURING) {
        if (events) secure(n, c);
        if (c->state != CONN_OPEN || c->fd < 0) return;
    }
    if (events & POLLOUT) c->blocked = false;
    /* The other end has gone while we left its data unread: read it, its last word included. */
    if (c->paused && events & (POLLRDHUP | POLLHUP | POLLERR)) c->drain = true;
    if (c->paused && !c->drain) return;
    if (events & (POLLIN | POLLHUP | POLLERR | POLLRDHUP) || c->more || (c->ssl && SSL_has_pending(c->ssl)))
        conn_read(n, c);
}

static void open_hub(net *n)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        int   fd;
        conn *c;

        if (i == n->config.self || !n->config.present[i]) continue;
        fd = hub_take(n->config.hub, n->config.self, i);
        if (fd < 0 || !(c = conn_new(n, fd, i, i < n->config.self))) {
            fail(n, n->config.self, NULL, 1002, "socketpair: %s", strerror(errno));
            return;
        }
        conn_connected(n, c);
    }
}

/* poll that ends at a time of net_now_us: an emulated millisecond shall not become two. */
static int wait_until(struct pollfd *fds, nfds_t count, int64_t at_us)
{
    int64_t         left = at_us - net_now_us();
    struct timespec t = { .tv_sec = left > 0 ? left / 1000000 : 0,
                          .tv_nsec = left > 0 ? left % 1000000 * 1000 : 0 };

    return ppoll(fds, count, &t, NULL);
}

/* One turn: what was asked for, what is to be sent, what has come; waits until there is any of it.  False:
 * the wire is closed.  By whoever holds the baton. */
bool io_turn(net *n)
{
    struct pollfd fds[2 + PENDING_LIMIT + 2 * PUMA_NODES];
    conn         *of[2 + PENDING_LIMIT + 2 * PUMA_NODES];
    nfds_t        count = 2;
    bool          busy = false;
    int64_t       wake_us;

    if (requests(n)) return false;
    for (conn *c = n->conns; c; c = c->next)
        if (c->fd >= 0 && c->state == CONN_OPEN && !c->blocked) conn_write(n, c);
    wake_us = net_now_us() + (int64_t)1000 * timers(n);
    sweep(n);
    if (n->ended && requests(n)) return false;
    fds[0] = (struct pollfd){ .fd = n->wake_fd, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = n->listen_fd, .events = POLLIN };
    for (conn *c = n->conns; c && count < sizeof fds / sizeof *fds; c = c->next, count++) {
        of[count] = c;
        fds[count] = (struct pollfd){ .fd = c->fd, .events = events_of(n, c, &busy, &wake_us) };
    }
    if (wait_until(fds, count, busy ? 0 : wake_us) < 0) {
        for (nfds_t i = 0; i < count; i++) fds[i].revents = 0;
    }
    for (nfds_t i = 2; i < count; i++)
        if (of[i]->fd >= 0) serve(n, of[i], fds[i].revents);
    if (fds[1].revents && n->listen_fd >= 0) accept_all(n);
    sweep(n);
    return true;
}

bool io_send(net *n, node_link *l)
{
    conn *c = l->c;
    bool  left;

    if (!c || c->fd < 0 || c->state != CONN_OPEN || c->blocked) return false;
    conn_write(n, c);
    pthread_mutex_lock(&n->lock);
    left = c->fd < 0 || c->tx || c->out->first;
    pthread_mutex_unlock(&n->lock);
    return !left;
}

/* While the session's thread serves the wire itself, now and again, nobody else needs to; this one looks
 * after it as soon as the session has let a patrol pass without, because it computes. */
static void patrol(net *n)
{
    struct pollfd wake = { .fd = n->wake_fd, .events = POLLIN };
    unsigned      before, turns = 0;
    bool          serving = true;

    do {
        before = turns;
        if (poll(&wake, 1, PATROL_MS) != 0) return;
        pthread_mutex_lock(&n->lock);
        turns = n->turns;
        serving = n->serving;
        pthread_mutex_unlock(&n->lock);
    } while (serving || turns != before);
}

void *io_main(void *arg)
{
    net *n = arg;

    pthread_mutex_lock(&n->baton);
    if (n->config.transport == NET_MEMORY) open_hub(n);
    advance(n); /* a node alone is open at once */
    while (io_turn(n)) {
        bool waits;

        pthread_mutex_lock(&n->lock);
        waits = n->awaits > 0 && !n->failed;
        pthread_mutex_unlock(&n->lock);
        if (!waits) continue;
        /* The session has nothing else to do: what comes for it reaches it sooner when it reads itself. */
        pthread_mutex_unlock(&n->baton);
        pthread_mutex_lock(&n->lock);
        pthread_cond_broadcast(&n->changed);
        pthread_mutex_unlock(&n->lock);
        patrol(n);
        pthread_mutex_lock(&n->baton);
    }
    pthread_mutex_unlock(&n->baton);
    return NULL;
}
