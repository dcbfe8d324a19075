/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* end.c - how the session ends a wire, or learns that it has ended; and how it wakes the wire's thread.
 *
 * Both sides use it: the session through net.h, links and transports where they give up. */
#include "net/transport.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

void net_wake(net *n)
{
    uint64_t one = 1;

    if (n->woken) return;
    n->woken = true;
    while (write(n->wake_fd, &one, sizeof one) < 0 && errno == EINTR) continue;
}

/* Who asks here has come to see it, so that on_stuck need not be called. */
bool net_failed(const net *n)
{
    if (!atomic_load(&n->failed)) return false;
    atomic_store(&((net *)(uintptr_t)n)->seen, true);
    return true;
}

/* What a node finds wrong with its peers holds nothing of its own. */
static bool is_of_peers(puma_status status)
{
    return status == PUMA_ENET || status == PUMA_ETLS || status == PUMA_EDISAGREE;
}

void net_abort(net *n, const puma_error *why)
{
    pthread_mutex_lock(&n->lock);
    n->seen = true;
    if (!n->failed && !n->finished) {
        n->error = *why;
        if (why->status == PUMA_OK) error_set(&n->error, 7001, "stopped for no stated reason");
        n->abort_wanted = true;
        n->discreet = n->config.self == PUMA_CLIENT && !is_of_peers(n->error.status);
        atomic_store(&n->failed, true);
        pthread_cond_broadcast(&n->changed);
        net_wake(n);
    }
    pthread_mutex_unlock(&n->lock);
}
