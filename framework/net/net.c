/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* net.c - a node's wire for the session: opened and closed, names, seeds, counts, the end.  See net.h.
 *
 * Chooses the transport and owns `struct net`.  Messages are message.c's, links and their thread io.c's. */
#include "net/transport.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* --- names ----------------------------------------------------------------------------------------- */

int64_t net_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t net_now_ms(void) { return net_now_us() / 1000; }

/* The client is number 3 and parties from 3 on follow behind it.  Seeds are derived from these numbers, and when the
 * client got its own a run had three parties at most: a fixed seed shall go on giving the streams that it gave. */
#define CLIENT_NUMBER 3u

uint32_t wire_number(uint32_t node)
{
    if (node == PUMA_CLIENT) return CLIENT_NUMBER;
    return node < CLIENT_NUMBER || node > PUMA_CLIENT ? node : node + 1;
}

uint32_t wire_node(uint32_t number)
{
    if (number == CLIENT_NUMBER) return PUMA_CLIENT;
    if (number >= PUMA_NODES) return PUMA_NODES;
    return number < CLIENT_NUMBER ? number : number - 1;
}

static bool is_dealer(const net *n, uint32_t node) { return n->config.deals && node == n->config.bounded; }

const char *net_name(const net *n, uint32_t node)
{
    static const char *const names[PUMA_NODES] = { "P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "client" };

    return is_dealer(n, node) ? "dealer" : names[node];
}

const char *net_title(const net *n, uint32_t node)
{
    static const char *const titles[PUMA_NODES] = { "party 0", "party 1", "party 2", "party 3", "party 4",
                                                    "party 5", "party 6", "party 7", "client" };

    return is_dealer(n, node) ? "dealer" : titles[node];
}

const char *net_role(const net *n, uint32_t node)
{
    static const char *const roles[PUMA_NODES] = { "party0", "party1", "party2", "party3", "party4",
                                                   "party5", "party6", "party7", "client" };

    return is_dealer(n, node) ? "dealer" : roles[node];
}

/* --- open and close -------------------------------------------------------------------------------- */

void net_wake(net *n)
{
    uint64_t one = 1;

    if (n->woken) return;
    n->woken = true;
    while (write(n->wake_fd, &one, sizeof one) < 0 && errno == EINTR) continue;
}

static const transport *const transports[] = {
    [NET_MEMORY] = &memory_transport,     [NET_TCP] = &tcp_transport,   [NET_TLS] = &tls_transport,
    [NET_COUNTING] = &counting_transport, [NET_TAPE] = &tape_transport,
};

static bool copy_config(net *n, const net_config *config)
{
    n->config = *config;
    n->transport = transports[config->transport];
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (config->address[i] && !(n->address[i] = strdup(config->address[i]))) return false;
    if (config->certificates && !(n->certificates = strdup(config->certificates))) return false;
    if (!(n->hello = strdup(config->hello ? config->hello : ""))) return false;
    if (config->seed) {
        memcpy(n->seed, config->seed, sizeof n->seed);
        for (uint32_t i = 0; i < PUMA_NODES; i++) {
            n->links[i].digest = EVP_MD_CTX_new();
            if (!n->links[i].digest || EVP_DigestInit_ex(n->links[i].digest, EVP_sha256(), NULL) != 1)
                return false;
        }
    }
    return true;
}

static puma_status check_config(const net_config *config, puma_error *e)
{
    if (config->self >= PUMA_NODES || !config->present[config->self] || config->connect_timeout_ms <= 0 ||
        config->io_timeout_ms <= 0)
        return error_set(e, 7001, "net_open: incomplete configuration");
    return PUMA_OK;
}

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

puma_status net_open(net **out, const net_config *config, puma_error *e)
{
    net *n;

    *out = NULL;
    if (check_config(config, e) != PUMA_OK || !(n = calloc(1, sizeof *n))) {
        if (config->listen_fd >= 0) close(config->listen_fd);
        return error_set(e, 1001, "out of memory for the wire");
    }
    pthread_mutex_init(&n->lock, NULL);
    pthread_mutex_init(&n->baton, NULL);
    pthread_cond_init(&n->changed, NULL);
    n->listen_fd = config->listen_fd;
    n->connect_by = net_now_ms() + config->connect_timeout_ms;
    n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (n->wake_fd < 0)
        error_set(e, 1002, "eventfd: %s", strerror(errno));
    else if (!copy_config(n, config))
        error_set(e, 1001, "out of memory for the wire");
    else if (hello_start(n, e))
        n->transport->open(n, e);
    if (e->status != PUMA_OK) {
        net_close(n);
        return e->status;
    }
    *out = n;
    return PUMA_OK;
}

void net_close(net *n)
{
    if (!n) return;
    if (n->running) {
        pthread_mutex_lock(&n->lock);
        n->closing = true;
        atomic_store(&n->seen, true);
        net_wake(n);
        pthread_mutex_unlock(&n->lock);
        pthread_join(n->thread, NULL);
    }
    if (n->listen_fd >= 0) close(n->listen_fd);
    if (n->wake_fd >= 0) close(n->wake_fd);
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        node_link *l = &n->links[i];

        queue_clear(&l->in);
        queue_clear(&l->out);
        if (l->found) freeaddrinfo(l->found);
        free(l->text);
        free(n->address[i]);
        EVP_MD_CTX_free(l->digest);
    }
    SSL_CTX_free(n->tls);
    free(n->certificates);
    free(n->hello);
    free(n->full);
    free(n->input);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
    pthread_mutex_destroy(&n->baton);
    OPENSSL_cleanse(n, sizeof *n);
    free(n);
}

/* --- what the handshake left ----------------------------------------------------------------------- */

const char *net_input(const net *n, const char *key)
{
    size_t bytes = strlen(key);

    if (strncmp(key, "input.", 6) != 0) return NULL;
    for (const char *p = n->input; p < n->input + n->input_bytes; p += strlen(p) + 1)
        if (strncmp(p, key, bytes) == 0 && p[bytes] == '=') return p + bytes + 1;
    return NULL;
}

const uint8_t *net_session_id(const net *n) { return n->session; }

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

void net_pair_seed(net *n, uint32_t peer, const char *purpose, uint8_t seed[32])
{
    n->transport->pair_seed(n, peer, purpose, seed);
}

void net_own_seed(net *n, const char *purpose, uint8_t seed[32]) { derive(n, n->own_root, purpose, seed); }

/* --- counts ---------------------------------------------------------------------------------------- */

void net_allow_reveal(net *n, bool allowed) { n->reveal_allowed = allowed; }

void net_counts(const net *n, net_count *out) { *out = n->count; }

void net_depth_reset(net *n) { n->count.depth = n->count.depth_online = 0; }

void net_link_digest(const net *n, uint32_t peer, uint8_t digest[32])
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();

    memset(digest, 0, 32);
    if (n->links[peer].digest && (!copy || EVP_MD_CTX_copy_ex(copy, n->links[peer].digest) != 1 ||
                                  EVP_DigestFinal_ex(copy, digest, NULL) != 1))
        memset(digest, 0, 32);
    EVP_MD_CTX_free(copy);
}

/* --- ends ------------------------------------------------------------------------------------------ */

/* Who asks here has come to see it, so that on_stuck need not be called. */
bool net_failed(const net *n)
{
    if (!atomic_load(&n->failed)) return false;
    atomic_store(&((net *)(uintptr_t)n)->seen, true);
    return true;
}

void net_abort(net *n, const puma_error *why)
{
    pthread_mutex_lock(&n->lock);
    n->seen = true;
    if (!n->failed && !n->finished) {
        n->error = *why;
        if (why->status == PUMA_OK) error_set(&n->error, 7001, "stopped for no stated reason");
        n->abort_wanted = true;
        atomic_store(&n->failed, true);
        pthread_cond_broadcast(&n->changed);
        net_wake(n);
    }
    pthread_mutex_unlock(&n->lock);
}
