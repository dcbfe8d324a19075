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
};

net_hub *net_hub_new(void)
{
    net_hub *hub = malloc(sizeof *hub);

    if (!hub) return NULL;
    pthread_mutex_init(&hub->lock, NULL);
    memset(hub->end, 0xff, sizeof hub->end);
    return hub;
}

void net_hub_free(net_hub *hub)
{
    if (!hub) return;
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        for (uint32_t k = 0; k < PUMA_NODES; k++)
            if (hub->end[i][k] >= 0) close(hub->end[i][k]);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

static int hub_take(net_hub *hub, uint32_t self, uint32_t peer)
{
    int pair[2], fd;

    pthread_mutex_lock(&hub->lock);
    fd = hub->end[self][peer];
    hub->end[self][peer] = -1;
    if (fd < 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0) {
        fd = pair[0];
        hub->end[peer][self] = pair[1];
    }
    pthread_mutex_unlock(&hub->lock);
    return fd;
}

puma_status memory_open(net *n, puma_error *e)
{
    if (!n->config.hub) return error_set(e, 7001, "net_open: no hub to meet the other nodes at");
    return links_open(n, e);
}

void memory_start(net *n)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        int   fd;
        conn *c;

        if (i == n->config.self || !n->config.present[i]) continue;
        fd = hub_take(n->config.hub, n->config.self, i);
        if (fd < 0 || !(c = conn_new(n, fd, i, i < n->config.self))) {
            wire_fail(n, n->config.self, NULL, 1002, "socketpair: %s", strerror(errno));
            return;
        }
        strcpy(c->address, "memory");
        handshake_begin(n, c);
    }
}

void memory_lost(net *n, conn *c, const char *why)
{
    (void)why; /* the peer has gone: there is no other reason here */
    if (n->ending) return;
    wire_fail(n, c->peer, NULL, 702, "%s closed the connection during the handshake", net_title(n, c->peer));
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
