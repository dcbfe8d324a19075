/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* handshake.c - the order of what two nodes say before the first message: HELLO, CONFIG, ROSTER, READY
 * (wire.h).
 *
 * Called by the I/O thread when a connection is open and when one of these frames has come.  What the frames
 * hold is hello.c's; this file decides when each may be sent and when all nodes have agreed. */
#include "net/transport.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A frame of the handshake.  Without memory for it the run fails here, before the peer misses it. */
static void say(net *n, conn *c, frame *f)
{
    if (f)
        conn_post(n, c, f);
    else
        wire_fail(n, n->config.self, NULL, 1001, "out of memory for the handshake with %s", net_name(n, c->peer));
}

void handshake_begin(net *n, conn *c)
{
    c->state = CONN_OPEN;
    c->want = 0;
    c->last_heard = c->last_sent = net_now_ms();
    if (!c->outgoing) return;
    c->out = &n->links[c->peer].out;
    n->links[c->peer].c = c;
    say(n, c, hello_frame(n, c->peer));
}

/* Is `from`, which a HELLO names, a node that may come this way and has not come yet?  False: told. */
static bool may_join(net *n, conn *c, uint32_t from)
{
    const node_link *l = &n->links[from];

    if (n->transport->believe && !n->transport->believe(n, c, from)) return false;
    if (c->peer < PUMA_NODES && c->peer != from)
        wire_fail(n, n->config.self, c, 903, "%s at %s is %s: are addresses swapped?", net_name(n, c->peer),
                  c->address, net_name(n, from));
    else if (!c->outgoing && from < n->config.self)
        wire_fail(n, n->config.self, c, 903, "%s at %s must wait to be called by %s", net_name(n, from),
                  c->address, net_name(n, n->config.self));
    else if (l->hello_in)
        wire_fail(n, n->config.self, c, 903, "two nodes say that they are %s: %s and %s", net_name(n, from),
                  l->c ? l->c->address : "one that has gone", c->address);
    else
        return true;
    return false;
}

/* The connection becomes the link's. */
static void join(net *n, conn *c, uint32_t from)
{
    node_link *l = &n->links[from];

    l->hello_in = true;
    c->bound = true;
    if (c->outgoing) return;
    c->peer = from;
    c->out = &l->out;
    l->c = c;
    say(n, c, hello_frame(n, from));
}

void handshake_hello(net *n, conn *c, frame *f)
{
    puma_error e = { 0 };
    uint32_t   from = PUMA_NODES;
    uint8_t    nonce[32];
    bool       malformed;

    if (hello_read(n, f, c->address, &from, nonce, &malformed, &e) != PUMA_OK) {
        if (malformed)
            conn_lost(n, c, e.text);
        else
            wire_fail_with(n, &e, n->config.self, c);
        return;
    }
    if (!may_join(n, c, from)) return;
    memcpy(n->nonce[from], nonce, 32);
    join(n, c, from);
    if (n->ending) {
        c->discard = true;
        conn_post(n, c, wire_abort_frame(n, &n->error, n->culprit));
    } else if (n->config.event) {
        n->config.event(n->config.event_context, &(net_event){ .kind = NET_JOINED,
                                                               .peer = from,
                                                               .role = net_role(n, from),
                                                               .address = c->address });
    }
    handshake_advance(n);
}

/* The lines that all nodes will have: the client's, or our own where there is no other client.  False: not
 * yet. */
static bool know_configuration(net *n)
{
    puma_error e = { 0 };
    uint32_t   self = n->config.self;
    bool       has_client = n->config.present[PUMA_CLIENT] && self != PUMA_CLIENT;

    if (n->full) return true;
    if (!has_client) {
        n->full = strdup(n->hello);
        if (!n->full) wire_fail(n, self, NULL, 1001, "out of memory for the configuration");
    } else if (n->links[PUMA_CLIENT].config_in && hello_adopt(n, &e) != PUMA_OK) {
        wire_fail_with(n, &e, PUMA_CLIENT, NULL);
    }
    return n->full != NULL;
}

/* Sends our lines to all and compares those that have come.  False: they differ. */
static bool compare_configurations(net *n)
{
    puma_error e = { 0 };

    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        node_link *l = &n->links[i];

        if (i == n->config.self || !n->config.present[i] || !l->c) continue;
        if (!l->config_out) {
            say(n, l->c, hello_config(n));
            l->config_out = true;
        }
        if (!l->config_in || l->agreed) continue;
        /* The client has every line; a party's own, until it has adopted the client's, were compared above.
         */
        if (hello_compare(n, i, &e) != PUMA_OK) {
            wire_fail_with(n, &e, i, NULL);
            return false;
        }
        l->agreed = true;
    }
    return true;
}

static void send_rosters(net *n)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        node_link *l = &n->links[i];

        if (i == n->config.self || !n->config.present[i] || l->roster_out || !l->c) continue;
        say(n, l->c, hello_roster(n, i));
        l->roster_out = true;
    }
}

static void send_readies(net *n)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        node_link *l = &n->links[i];

        if (i == n->config.self || !n->config.present[i] || l->ready_out || !l->c) continue;
        say(n, l->c, frame_new(FRAME_READY, NULL, 0));
        l->ready_out = true;
    }
}

/* All nodes agree: strangers go, and net_open comes back. */
static void open_session(net *n)
{
    puma_error e = { 0 };

    if (!hello_finish(n, &e)) {
        wire_fail_with(n, &e, n->config.self, NULL);
        return;
    }
    for (conn *c = n->conns; c; c = c->next)
        if (!c->bound) conn_drop(n, c);
    wire_stop_listening(n);
    tls_tell_expiring(n);
    pthread_mutex_lock(&n->lock);
    n->opened = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}

void handshake_advance(net *n)
{
    if (n->ending || !links_all(n, offsetof(node_link, hello_in))) return;
    if (!know_configuration(n) || !compare_configurations(n)) return;
    if (!links_all(n, offsetof(node_link, agreed))) return;
    send_rosters(n);
    if (!links_all(n, offsetof(node_link, roster_in))) return;
    send_readies(n);
    if (links_all(n, offsetof(node_link, ready_in)) && !n->opened) open_session(n);
}
