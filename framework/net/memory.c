/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* memory.c - the transport of nodes that are threads of one process: a socket pair for every two of them.
 *
 * Owns the hub, which hands out the ends.  Called through memory_transport, and through counting_transport,
 * whose links are the same. */
#include "net/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct net_hub {
    pthread_mutex_t lock;
    int             end[PUMA_NODES][PUMA_NODES]; /* made for the second of the two that asks; -1: none */
    puma_error      reason;                      /* of `who`, who left first: nothing is handed out    */
    uint32_t        who;
};

net_hub *net_hub_new(void)
{
    net_hub *hub = calloc(1, sizeof *hub);

    if (!hub) return NULL;
    pthread_mutex_init(&hub->lock, NULL);
    memset(hub->end, 0xff, sizeof hub->end);
    return hub;
}

/* Closes the ends that nobody has asked for: the other ends' nodes will see it. */
static void close_ends(net_hub *hub)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        for (uint32_t k = 0; k < PUMA_NODES; k++) {
            if (hub->end[i][k] >= 0) close(hub->end[i][k]);
            hub->end[i][k] = -1;
        }
}

void net_hub_leave(net_hub *hub, uint32_t node, const puma_error *why)
{
    pthread_mutex_lock(&hub->lock);
    /* That a peer is gone is what others see of a reason that it may still have to give. */
    if (hub->reason.status == PUMA_OK || (hub->reason.status == PUMA_ENET && why->status != PUMA_ENET)) {
        hub->reason = *why;
        hub->who = node;
    }
    close_ends(hub);
    pthread_mutex_unlock(&hub->lock);
}

puma_error net_hub_left(net_hub *hub, uint32_t *node)
{
    puma_error reason;

    pthread_mutex_lock(&hub->lock);
    reason = hub->reason;
    *node = hub->who;
    pthread_mutex_unlock(&hub->lock);
    return reason;
}

void net_hub_free(net_hub *hub)
{
    if (!hub) return;
    close_ends(hub);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

/* -1 with errno; ECANCELED: the peer may not come any more. */
static int hub_take(net_hub *hub, uint32_t self, uint32_t peer)
{
    int pair[2], fd;

    pthread_mutex_lock(&hub->lock);
    fd = hub->end[self][peer];
    hub->end[self][peer] = -1;
    if (fd < 0 && hub->reason.status != PUMA_OK) errno = ECANCELED;
    if (fd < 0 && hub->reason.status == PUMA_OK && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0) {
        fd = pair[0];
        hub->end[peer][self] = pair[1];
    }
    pthread_mutex_unlock(&hub->lock); /* leaves errno alone */
    return fd;
}

puma_status memory_open(net *n, puma_error *e)
{
    if (!n->config.hub) return error_set(e, 7001, "net_open: no hub to meet the other nodes at");
    return links_open(n, e);
}

/* After a failure: where a node has left the hub nobody comes any more who would have to be told the reason.  Links that
 * bring an ABORT stay until it is out. */
static void end_soon(net *n)
{
    uint32_t who;

    if (net_hub_left(n->config.hub, &who).status == PUMA_OK) return;
    n->farewell_until = 0;
    for (conn *c = n->conns; c; c = c->next)
        if (c->fd >= 0 && !c->discard) conn_drop(n, c);
}

/* This node cannot take part: those who look for it are told at once. */
static void give_up(net *n)
{
    puma_error why = { 0 };

    error_set(&why, 1002, "socketpair: %s", strerror(errno));
    net_hub_leave(n->config.hub, n->config.self, &why);
    wire_fail_with(n, &why, n->config.self, NULL);
    end_soon(n);
}

void memory_start(net *n)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        int   fd;
        conn *c;

        if (i == n->config.self || !n->config.present[i]) continue;
        fd = hub_take(n->config.hub, n->config.self, i);
        if (fd < 0 && errno == ECANCELED) {
            wire_fail(n, i, NULL, 702, "%s does not come: a node has failed", net_title(n, i));
            end_soon(n);
            return;
        }
        if (fd < 0 || !(c = conn_new(n, fd, i, i < n->config.self))) {
            give_up(n);
            return;
        }
        strcpy(c->address, "memory");
        handshake_begin(n, c);
        if (n->ending) { /* no memory for the first word: a link made now would have no end */
            net_hub_leave(n->config.hub, n->config.self, &n->error);
            end_soon(n);
            return;
        }
    }
}

void memory_lost(net *n, conn *c, const char *why)
{
    (void)why; /* the peer has gone: there is no other reason here */
    if (n->ending) return;
    wire_fail(n, c->peer, NULL, 702, "%s closed the connection during the handshake", net_title(n, c->peer));
    end_soon(n);
}

const transport memory_transport = {
    .open = memory_open,
    .send = message_send,
    .next = message_next,
    .unpack = message_unpack,
    .pair_seed = links_pair_seed,
    .start = memory_start,
    .lost = memory_lost,
    .read = plain_read,
    .write = plain_write,
};
