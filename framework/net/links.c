/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* links.c - what transports with links have in common: the thread that serves them, and the seed of each
 * pair.
 *
 * Called by memory.c, sockets.c and counting.c; io.c is the thread. */
#include "net/transport.h"

#include <signal.h>
#include <string.h>

/* Signals are for the program's own threads, but for those that a fault raises here.  SIGPIPE stays blocked,
 * also in the session's thread: a write to a dead peer is then an error like any other, also inside OpenSSL.
 */
static int start_thread(net *n)
{
    sigset_t block, before;
    int      rc;

    sigfillset(&block);
    sigdelset(&block, SIGSEGV);
    sigdelset(&block, SIGBUS);
    sigdelset(&block, SIGFPE);
    sigdelset(&block, SIGILL);
    sigdelset(&block, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &block, &before);
    rc = pthread_create(&n->thread, NULL, io_main, n);
    sigaddset(&before, SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

puma_status links_open(net *n, puma_error *e)
{
    int rc = start_thread(n);

    if (rc != 0) return error_set(e, 1002, "pthread_create: %s", strerror(rc));
    n->running = true;
    pthread_mutex_lock(&n->lock);
    while (!n->opened && !n->failed) pthread_cond_wait(&n->changed, &n->lock);
    if (n->failed) {
        *e = n->error;
        n->seen = true;
    }
    pthread_mutex_unlock(&n->lock);
    return e->status;
}

/* Should OpenSSL fail (out of memory), the run is stopped: a known seed then masks nothing that could be
 * sent. */
static void derive(net *n, const uint8_t root[32], const char *purpose, uint8_t seed[32])
{
    puma_error e = { 0 };

    if (hello_derive(seed, root, n->session, sizeof n->session, purpose)) return;
    memset(seed, 0, 32);
    error_set(&e, 1001, "out of memory for the seed \"%s\"", purpose);
    net_abort(n, &e);
}

void links_pair_seed(net *n, uint32_t peer, const char *purpose, uint8_t seed[32])
{
    derive(n, n->links[peer].root, purpose, seed);
}

void net_own_seed(net *n, const char *purpose, uint8_t seed[32]) { derive(n, n->own_root, purpose, seed); }
