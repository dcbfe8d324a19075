/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* net.c - the session's side of the wire: see net.h, and wire.h for the I/O thread's */
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- the hub: a socket pair for every two nodes of one process -------------------------------- */

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

int hub_take(net_hub *hub, uint32_t self, uint32_t peer)
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

/* --- names ------------------------------------------------------------------------------------ */

int64_t net_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t net_now_ms(void) { return net_now_us() / 1000; }

static bool is_dealer(const net *n, uint32_t node) { return node == 2 && n->config.bounded == 2; }

const char *net_name(const net *n, uint32_t node)
{
    static const char *const names[PUMA_NODES] = { "P0", "P1", "P2", "client" };

    return is_dealer(n, node) ? "dealer" : names[node];
}

const char *net_title(const net *n, uint32_t node)
{
    static const char *const titles[PUMA_NODES] = { "party 0", "party 1", "party 2", "client" };

    return is_dealer(n, node) ? "dealer" : titles[node];
}

const char *net_role(const net *n, uint32_t node)
{
    static const char *const roles[PUMA_NODES] = { "party0", "party1", "party2", "client" };

    return is_dealer(n, node) ? "dealer" : roles[node];
}

/* --- open and close --------------------------------------------------------------------------- */

void net_wake(net *n)
{
    uint64_t one = 1;

    if (n->woken) return;
    n->woken = true;
    while (write(n->wake_fd, &one, sizeof one) < 0 && errno == EINTR) continue;
}

static bool copy_config(net *n, const net_config *config)
{
    n->config = *config;
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
        config->io_timeout_ms <= 0 || (config->transport == NET_MEMORY && !config->hub && !config->tape) ||
        (config->transport == NET_TLS && !config->certificates))
        return error_set(e, 7001, "net_open: incomplete configuration");
    return PUMA_OK;
}

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

/* Sockets and names that can be had without waiting for anybody. */
static puma_status prepare(net *n, puma_error *e)
{
    uint32_t self = n->config.self;
    bool     listens = false;

    if (!hello_start(n, e)) return e->status;
    if (n->config.transport == NET_TLS && tls_open(n, e) != PUMA_OK) return e->status;
    for (uint32_t i = self + 1; i < PUMA_NODES; i++) listens = listens || n->config.present[i];
    if (n->config.transport == NET_MEMORY) return PUMA_OK;
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

puma_status net_open(net **out, const net_config *config, puma_error *e)
{
    net *n;
    int  rc;

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
    if (e->status != PUMA_OK || (config->tape ? !hello_start(n, e) : prepare(n, e) != PUMA_OK)) {
        net_close(n);
        return e->status;
    }
    if (config->tape) {
        *out = n;
        return PUMA_OK;
    }
    rc = start_thread(n);
    if (rc != 0) {
        error_set(e, 1002, "pthread_create: %s", strerror(rc));
        net_close(n);
        return e->status;
    }
    n->running = true;
    pthread_mutex_lock(&n->lock);
    while (!n->opened && !n->failed) pthread_cond_wait(&n->changed, &n->lock);
    if (n->failed) {
        *e = n->error;
        n->seen = true;
    }
    pthread_mutex_unlock(&n->lock);
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

/* --- what the handshake left ------------------------------------------------------------------ */

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
static void derive(const net *n, const uint8_t root[32], const char *purpose, uint8_t seed[32])
{
    puma_error e = { 0 };

    if (hello_derive(seed, root, n->session, sizeof n->session, purpose)) return;
    memset(seed, 0, 32);
    error_set(&e, 1001, "out of memory for the seed \"%s\"", purpose);
    net_abort((net *)(uintptr_t)n, &e);
}

/* Alone, there is nobody to share it with: a known seed, and a run that is stopped before anything goes out.
 */
void net_pair_seed(const net *n, uint32_t peer, const char *purpose, uint8_t seed[32])
{
    puma_error e = { 0 };

    if (!n->config.tape) {
        derive(n, n->links[peer].root, purpose, seed);
        return;
    }
    memset(seed, 0, 32);
    error_set(&e, 613, "%s shares a seed with %s: its messages cannot be made ahead",
              net_title(n, n->config.self), net_name(n, peer));
    net_abort((net *)(uintptr_t)n, &e);
}

void net_own_seed(const net *n, const char *purpose, uint8_t seed[32])
{
    derive(n, n->own_root, purpose, seed);
}

/* --- messages --------------------------------------------------------------------------------- */

/* Lock held: reports the failure of this run, if it has one. */
static puma_status failure(net *n, puma_error *e)
{
    if (!n->failed) return PUMA_OK;
    n->seen = true;
    if (e->status == PUMA_OK) *e = n->error;
    return e->status;
}

static void wait_change(net *n)
{
    n->waiters++;
    pthread_cond_wait(&n->changed, &n->lock);
    n->waiters--;
}

/* Lock held: waits for a frame, by serving the wire in this thread where the I/O thread has left it. */
static void wait_frame(net *n)
{
    if (pthread_mutex_trylock(&n->baton) == 0) {
        n->turns++;
        n->serving = true;
        pthread_mutex_unlock(&n->lock);
        io_turn(n);
        pthread_mutex_unlock(&n->baton);
        pthread_mutex_lock(&n->lock);
        n->serving = false;
        return;
    }
    n->awaits++;
    wait_change(n);
    n->awaits--;
}

static puma_status check_peer(const net *n, uint32_t peer, puma_error *e)
{
    if (peer < PUMA_NODES && peer != n->config.self && n->config.present[peer]) return PUMA_OK;
    return error_set(e, 7001, "message between node %u and node %u, which is not in this run", n->config.self,
                     peer);
}

/* When a frame that is sent now would be there, were the link as slow as the emulated one; 0: no emulation.
 * A rate of b Mbit/s is b bits a microsecond.  Lock held. */
static int64_t due_on_link(net *n, size_t bytes)
{
    int64_t now = net_now_us(), one_way = (int64_t)n->config.round_trip_ms * 500;

    if (n->config.bandwidth_mbps == 0 && n->config.round_trip_ms == 0) return 0;
    if (n->card_free_us < now) n->card_free_us = now;
    if (n->config.bandwidth_mbps > 0)
        n->card_free_us += (int64_t)((FRAME_HEAD + bytes) * 8 / (size_t)n->config.bandwidth_mbps);
    return n->card_free_us + one_way;
}

/* Takes over the payload. */
static puma_status record(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e)
{
    pthread_mutex_lock(&n->lock);
    failure(n, e);
    pthread_mutex_unlock(&n->lock);
    if (e->status == PUMA_OK) {
        n->config.tape(n->config.tape_context, to, phase, payload, size);
        n->count.sent[to][phase] += size;
        n->count.messages++;
    }
    OPENSSL_cleanse(payload, size);
    free(payload);
    return e->status;
}

/* Takes over f. */
static puma_status post(net *n, uint32_t to, frame *f, bool may_wait, puma_error *e)
{
    node_link *l = &n->links[to];
    bool       at_once, sent = false;

    pthread_mutex_lock(&n->lock);
    while (may_wait && !n->failed && l->out_bytes > NET_BOUNDED) wait_change(n);
    if (failure(n, e) != PUMA_OK) {
        pthread_mutex_unlock(&n->lock);
        frame_free(f);
        return e->status;
    }
    l->out_bytes += f->size;
    l->out_frames++;
    if (f->type == FRAME_DONE) l->done_out = true;
    f->due_us = due_on_link(n, f->size);
    queue_push(&l->out, f);
    at_once = l->out.first == f && f->size <= AT_ONCE && pthread_mutex_trylock(&n->baton) == 0;
    if (at_once) { /* a small frame, and nobody serves the wire: it leaves without waking anybody */
        pthread_mutex_unlock(&n->lock);
        sent = io_send(n, l);
        pthread_mutex_unlock(&n->baton);
        pthread_mutex_lock(&n->lock);
    }
    if (!sent) net_wake(n);
    pthread_mutex_unlock(&n->lock);
    return PUMA_OK;
}

/* Who sends what depends on nothing it receives would have all of it in its queue: a dealer, and a client
 * that shares a model's weights. */
static bool is_ahead(const net *n, puma_phase phase)
{
    return n->config.self == PUMA_CLIENT || (phase == PUMA_OFFLINE && n->config.bounded == n->config.self);
}

puma_status net_send(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e)
{
    frame *f;

    if (check_peer(n, to, e) != PUMA_OK) {
        free(payload);
        return e->status;
    }
    if (to == PUMA_CLIENT && !n->reveal_allowed) {
        free(payload);
        return error_set(e, 620, "%s: payload for the client outside of a reveal",
                         net_title(n, n->config.self));
    }
    if (size > FRAME_LIMIT) {
        free(payload);
        return error_set(e, 1001, "message of %zu bytes to %s, limit %zu", size, net_name(n, to),
                         FRAME_LIMIT);
    }
    if (n->config.tape) return record(n, to, payload, size, phase, e);
    if (n->config.hollow) {
        uint8_t length[8];

        put64(length, size);
        f = frame_copy(FRAME_DATA, length, sizeof length);
    } else {
        f = frame_new(FRAME_DATA, payload, size);
    }
    if (!f) return error_set(e, 1001, "out of memory for a message of %zu bytes", size);
    f->phase = (uint8_t)phase;
    f->depth = (uint32_t)n->count.depth + 1;
    f->depth_online = (uint32_t)n->count.depth_online + (phase == PUMA_ONLINE);
    if (n->links[to].digest && size > 0 && !n->config.hollow &&
        EVP_DigestUpdate(n->links[to].digest, payload, size) != 1) {
        frame_free(f);
        return error_set(e, 7001, "digest of a message failed");
    }
    n->count.sent[to][phase] += size;
    n->count.messages++;
    return post(n, to, f, is_ahead(n, phase), e);
}

/* The next frame from a peer, which must be of this type; the caller frees it. */
static frame *next_frame(net *n, uint32_t from, frame_type type, const char *expected, puma_error *e)
{
    node_link *l = &n->links[from];
    frame     *f = NULL;

    if (check_peer(n, from, e) != PUMA_OK) return NULL;
    if (n->config.tape) {
        error_set(e, 613, "%s waits for %s: its messages cannot be made ahead", net_title(n, n->config.self),
                  net_name(n, from));
        return NULL;
    }
    pthread_mutex_lock(&n->lock);
    while (!n->failed && !l->in.first) wait_frame(n);
    if (failure(n, e) == PUMA_OK) {
        f = queue_pop(&l->in);
        l->in_bytes -= f->size;
        if (l->paused) net_wake(n);
    }
    pthread_mutex_unlock(&n->lock);
    if (f && f->type != type) {
        static const char *const names[] = {
            [FRAME_DATA] = "payload", [FRAME_CONTROL] = "a control message", [FRAME_DONE] = "the end"
        };

        error_set(e, 704, "frame %llu from %s: %s, expected %s", (unsigned long long)f->seq,
                  net_name(n, from), names[f->type], expected);
        frame_free(f);
        f = NULL;
    }
    return f;
}

puma_status net_recv(net *n, uint32_t from, uint8_t **payload, size_t size, puma_error *e)
{
    struct timespec before, after;
    frame          *f;
    uint64_t        got;

    *payload = NULL;
    clock_gettime(CLOCK_MONOTONIC, &before);
    f = next_frame(n, from, FRAME_DATA, "payload", e);
    if (!f) return e->status;
    clock_gettime(CLOCK_MONOTONIC, &after);
    got = n->config.hollow ? get64(f->data) : f->size;
    if (got != size) {
        error_set(e, 704, "frame %llu from %s: %zu bytes, expected %zu", (unsigned long long)f->seq,
                  net_name(n, from), (size_t)got, size);
        frame_free(f);
        return e->status;
    }
    if (f->phase == PUMA_OFFLINE)
        n->count.waited_offline_s +=
            (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    if (f->depth > n->count.depth) n->count.depth = f->depth;
    if (f->depth_online > n->count.depth_online) n->count.depth_online = f->depth_online;
    n->count.received[from] += size;
    if (!n->config.hollow) {
        *payload = f->data;
        f->data = NULL;
    }
    frame_free(f);
    return PUMA_OK;
}

puma_status net_send_control(net *n, uint32_t to, const char *text, puma_error *e)
{
    size_t size = strlen(text);
    frame *f;

    if (check_peer(n, to, e) != PUMA_OK) return e->status;
    if (size > CONTROL_LIMIT)
        return error_set(e, 1001, "control message of %zu bytes, limit %zu", size, CONTROL_LIMIT);
    f = frame_copy(FRAME_CONTROL, text, size);
    if (!f) return error_set(e, 1001, "out of memory for a control message");
    return post(n, to, f, false, e);
}

puma_status net_recv_control(net *n, uint32_t from, char **text, size_t limit, puma_error *e)
{
    frame *f = next_frame(n, from, FRAME_CONTROL, "a control message", e);

    *text = NULL;
    if (!f) return e->status;
    if (f->size > limit || (f->size && memchr(f->data, 0, f->size)))
        error_set(e, 704, "frame %llu from %s: control message of %zu bytes, limit %zu",
                  (unsigned long long)f->seq, net_name(n, from), f->size, limit);
    else if (!(*text = malloc(f->size + 1)))
        error_set(e, 1001, "out of memory for a control message of %zu bytes", f->size);
    else {
        if (f->size) memcpy(*text, f->data, f->size);
        (*text)[f->size] = '\0';
    }
    frame_free(f);
    return e->status;
}

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

/* --- ends ------------------------------------------------------------------------------------- */

/* Who asks here has come to see it, so that on_stuck need not be called. */
bool net_failed(const net *n)
{
    if (!atomic_load(&n->failed)) return false;
    atomic_store(&((net *)(uintptr_t)n)->seen, true);
    return true;
}

puma_status net_finish(net *n, puma_error *e)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        if (i == n->config.self || !n->config.present[i]) continue;
        frame *f = frame_new(FRAME_DONE, NULL, 0);

        if (!f) return error_set(e, 1001, "out of memory at the end");
        if (post(n, i, f, false, e) != PUMA_OK) return e->status;
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        if (i == n->config.self || !n->config.present[i]) continue;
        frame *f = next_frame(n, i, FRAME_DONE, "the end", e);

        if (!f) return e->status;
        frame_free(f);
    }
    /* The other way round: our own DONE has left this process. */
    pthread_mutex_lock(&n->lock);
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        while (!n->failed && n->links[i].out_frames > 0) wait_change(n);
    if (failure(n, e) == PUMA_OK) n->finished = true;
    pthread_mutex_unlock(&n->lock);
    return e->status;
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
