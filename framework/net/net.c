/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* net.c - a node's wire for the session, opened and closed, and what it has counted.  See net.h.
 *
 * Chooses the transport and owns `struct net`; nothing else in this folder calls it. */
#include "net/transport.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- open and close -------------------------------------------------------------------------------- */

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
    ASN1_TIME_free(n->first_end);
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

void net_pair_seed(net *n, uint32_t peer, const char *purpose, uint8_t seed[32])
{
    n->transport->pair_seed(n, peer, purpose, seed);
}

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
