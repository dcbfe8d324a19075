/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sockets.c - the transports tcp and tls: listening, connecting, accepting, and refusing strangers.
 *
 * Called through tcp_transport and tls_transport: sockets_open on the session's thread, all else on the I/O
 * thread. Knows how a connection comes about, not what is said on it; what TLS does to its bytes is tls.c's.
 */
#include "net/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Our own address as it is bound: the port of an inherited socket stands in no configuration. */
static void tell_listening(const net *n)
{
    struct sockaddr_storage a;
    socklen_t               bytes = sizeof a;
    char                    text[80];

    if (!n->config.event || getsockname(n->listen_fd, (struct sockaddr *)&a, &bytes) != 0) return;
    address_text(text, sizeof text, (struct sockaddr *)&a, bytes);
    n->config.event(n->config.event_context, &(net_event){ .kind = NET_LISTENING, .address = text });
}

/* What can be had without waiting for anybody: a listening socket, and the addresses of those that we call.
 */
static puma_status prepare(net *n, puma_error *e)
{
    uint32_t self = n->config.self;
    bool     listens = false;

    for (uint32_t i = self + 1; i < PUMA_NODES; i++) listens = listens || n->config.present[i];
    if (listens) {
        if (address_listen(n, e) != PUMA_OK) return e->status;
        tell_listening(n);
    } else if (n->listen_fd >= 0) {
        close(n->listen_fd);
        n->listen_fd = -1;
    }
    for (uint32_t i = 0; i < self; i++) {
        node_link *l = &n->links[i];

        if (!n->config.present[i]) continue;
        if (address_resolve(n, i, false, &l->found, e) != PUMA_OK) return e->status;
        l->at = l->found;
    }
    return PUMA_OK;
}

static puma_status sockets_open(net *n, puma_error *e)
{
    return prepare(n, e) == PUMA_OK ? links_open(n, e) : e->status;
}

static puma_status secured_open(net *n, puma_error *e)
{
    if (!n->config.certificates && !n->config.identity) return error_set(e, 7001, "net_open: no folder of certificates");
    return tls_open(n, e) == PUMA_OK ? sockets_open(n, e) : e->status;
}

/* --- making links ---------------------------------------------------------------------------------- */

static void remember(node_link *l, const char *what) { snprintf(l->trouble, sizeof l->trouble, "%s", what); }

static void retry_later(node_link *l)
{
    l->wait_ms = l->wait_ms ? l->wait_ms * 2 : 20;
    if (l->wait_ms > 500) l->wait_ms = 500;
    l->next_try = net_now_ms() + l->wait_ms;
    if (l->at) l->at = l->at->ai_next;
    if (!l->at) l->at = l->found;
}

/* A port of the ephemeral range that nobody listens on may connect to itself. */
static bool is_own_end(const conn *c, const struct sockaddr_storage *peer, socklen_t bytes)
{
    struct sockaddr_storage own;
    socklen_t               own_bytes = sizeof own;

    return c->outgoing && getsockname(c->fd, (struct sockaddr *)&own, &own_bytes) == 0 &&
           bytes == own_bytes && memcmp(peer, &own, bytes) == 0;
}

static void connected(net *n, conn *c)
{
    struct sockaddr_storage a;
    socklen_t               bytes = sizeof a;

    if (getpeername(c->fd, (struct sockaddr *)&a, &bytes) == 0) {
        address_text(c->address, sizeof c->address, (struct sockaddr *)&a, bytes);
        if (is_own_end(c, &a, bytes)) {
            conn_lost(n, c, "connection refused");
            return;
        }
    }
    address_tune(n, c->fd, c->peer);
    if (!n->tls) {
        handshake_begin(n, c);
        return;
    }
    c->state = CONN_SECURING;
    c->want = c->outgoing ? POLLOUT : POLLIN;
    if (!tls_begin(n, c)) conn_lost(n, c, "out of memory for TLS");
}

/* Waiting does not cure these, and a listener that cannot accept would keep poll awake. */
static bool starved(int error) { return error_by(error, 0) != 0; }

static void start_connect(net *n, uint32_t peer)
{
    node_link *l = &n->links[peer];
    int        fd = socket(l->at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    conn      *c;

    l->tries++;
    if (fd < 0 && starved(errno)) {
        wire_fail(n, n->config.self, NULL, 1002, "socket: %s", strerror(errno));
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
        connected(n, c);
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

        if (fd < 0 && starved(errno)) wire_fail(n, n->config.self, NULL, 1002, "accept: %s", strerror(errno));
        if (fd < 0) return;
        for (c = n->conns; c; c = c->next)
            if (c->fd >= 0 && !c->bound && !c->outgoing) {
                pending++;
                if (!oldest || c->born <= oldest->born) oldest = c;
            }
        /* Strays say nothing; the real peer is through in a moment, so that it is not the oldest for long. */
        if (pending >= PENDING_LIMIT) {
            wire_refused(n, oldest, "too many connections that say nothing");
            conn_drop(n, oldest);
        }
        c = conn_new(n, fd, PUMA_NODES, false);
        if (c) connected(n, c);
    }
}

static void sockets_lost(net *n, conn *c, const char *why)
{
    if (c->outgoing) {
        remember(&n->links[c->peer], why);
        retry_later(&n->links[c->peer]);
    } else if (!n->ending) {
        wire_refused(n, c, why);
    }
}

/* --- who is there ---------------------------------------------------------------------------------- */

/* A certificate of the right authority whose name is no role of this run: its connection is let go before any frame of it
 * is looked at, and the run goes on. */
static bool is_stranger(net *n, conn *c)
{
    char who[sizeof c->identity + 64];

    if (c->outgoing || tls_node(n, c->identity) < PUMA_NODES) return false;
    snprintf(who, sizeof who, "the certificate of %s is of no role of this run", c->identity);
    n->refused.status = PUMA_OK;
    error_set(&n->refused, 803, "connection from %s: %s", c->address, who);
    conn_lost(n, c, who);
    return true;
}

/* TLS knows who it is; HELLO must say the same. */
static bool identity_right(net *n, conn *c, uint32_t claimed)
{
    uint32_t node = tls_node(n, c->identity);

    if (node == claimed) return true;
    wire_fail(n, n->config.self, c, 803, "%s: expected %s, got %s", c->address, net_name(n, claimed),
              node < PUMA_NODES ? net_name(n, node) : c->identity);
    return false;
}

static bool sockets_believe(net *n, conn *c, uint32_t claimed)
{
    if (n->tls && !identity_right(n, c, claimed)) return false;
    if (!c->outgoing) address_tune(n, c->fd, claimed); /* now that it is known who called */
    return true;
}

static void secure(net *n, conn *c)
{
    char reason[sizeof c->reason + 80];
    int  rc = tls_step(c, reason, sizeof reason);

    if (rc == 0) return;
    if (rc > 0) {
        c->state = CONN_OPEN;
        if (is_stranger(n, c) || (c->outgoing && !identity_right(n, c, c->peer))) return;
        if (n->config.self == PUMA_CLIENT) tls_note_expiring(n, c->peer, SSL_get0_peer_certificate(c->ssl));
        handshake_begin(n, c);
        return;
    }
    /* Who answers at a peer's address is what all of us were told to call.  Who calls may be anybody, also
     * with a certificate, which anybody can make: the real peer can still come. */
    if (c->outgoing && reason[0]) {
        wire_fail(n, n->config.self, c, 802, "%s at %s: %s", net_title(n, c->peer), c->address, reason);
        return;
    }
    if (!c->outgoing && reason[0]) {
        n->refused.status = PUMA_OK;
        error_set(&n->refused, 802, "connection from %s: %s", c->address, reason);
    }
    conn_lost(n, c, reason[0] ? reason : "connection closed during the TLS handshake");
}

static void sockets_progress(net *n, conn *c, short events)
{
    int       error = 0;
    socklen_t bytes = sizeof error;

    if (!events) return;
    if (c->state == CONN_SECURING) {
        secure(n, c);
        return;
    }
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) error = errno;
    if (error)
        conn_lost(n, c, strerror(error));
    else
        connected(n, c);
}

static void sockets_tend(net *n, int64_t now, int64_t *next)
{
    for (uint32_t i = 0; i < n->config.self; i++) {
        node_link *l = &n->links[i];

        if (!l->found || l->c || l->hello_in) continue;
        if (now >= l->next_try) start_connect(n, i);
        if (!l->c) wire_sooner(next, l->next_try);
    }
    for (conn *c = n->conns; c; c = c->next) {
        if (c->fd < 0 || c->bound) continue;
        /* An outgoing one may sit in the backlog of a peer that is still starting, so that only its connect
         * ends. */
        if (c->outgoing && c->state != CONN_CONNECTING) continue;
        int64_t by = c->born + (c->outgoing ? 3000 : PENDING_MS);

        if (now >= by)
            conn_lost(n, c, "no answer");
        else
            wire_sooner(next, by);
    }
}

#define SOCKETS                                                                                              \
    .send = message_send, .next = message_next, .unpack = message_unpack, .pair_seed = links_pair_seed,      \
    .reachable = true, .tend = sockets_tend, .accept = accept_all, .progress = sockets_progress,             \
    .believe = sockets_believe, .lost = sockets_lost

const transport tcp_transport = { .open = sockets_open, SOCKETS, .read = plain_read, .write = plain_write };
const transport tls_transport = {
    .open = secured_open, SOCKETS, .sealed = true, .read = tls_read, .write = tls_write
};
