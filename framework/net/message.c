/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* message.c - messages of the session: into a link's queue, out of it, counted.
 *
 * Called on the session's thread, through net_send, net_recv and their kin.  Touches the links under the lock
 * alone; a session that waits serves the wire itself while it holds the baton (wire.h). */
#include "net/transport.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

puma_status message_failure(net *n, puma_error *e)
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

/* Takes over f. */
static puma_status post(net *n, uint32_t to, frame *f, bool may_wait, puma_error *e)
{
    node_link *l = &n->links[to];
    bool       at_once, sent = false;

    pthread_mutex_lock(&n->lock);
    while (may_wait && !n->failed && l->out_bytes > NET_AHEAD) wait_change(n);
    if (message_failure(n, e) != PUMA_OK) {
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

/* A node whose messages depend on nothing that it receives would queue all of them at once: a dealer, and a
 * client that shares a model's weights. */
static bool is_ahead(const net *n, puma_phase phase)
{
    return n->config.self == PUMA_CLIENT || (phase == PUMA_OFFLINE && n->config.dealer == n->config.self);
}

puma_status message_post(net *n, uint32_t to, frame *f, puma_phase phase, puma_error *e)
{
    f->phase = (uint8_t)phase;
    f->depth = (uint32_t)n->count.depth + 1;
    f->depth_online = (uint32_t)n->count.depth_online + (phase == PUMA_ONLINE);
    return post(n, to, f, is_ahead(n, phase), e);
}

puma_status message_send(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e)
{
    frame *f = frame_new(FRAME_DATA, payload, size);

    if (!f) return error_set(e, 1001, "out of memory for a message of %zu bytes", size);
    if (n->links[to].digest && size > 0 && EVP_DigestUpdate(n->links[to].digest, payload, size) != 1) {
        frame_free(f);
        return error_set(e, 7001, "digest of a message failed");
    }
    return message_post(n, to, f, phase, e);
}

puma_status net_send(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e)
{
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
    if (n->transport->send(n, to, payload, size, phase, e) != PUMA_OK) return e->status;
    n->count.sent[to][phase] += size;
    n->count.messages++;
    return PUMA_OK;
}

frame *message_next(net *n, uint32_t from, frame_type type, size_t longest, puma_error *e)
{
    node_link *l = &n->links[from];
    frame     *f = NULL;

    pthread_mutex_lock(&n->lock);
    l->asked = (uint8_t)type;
    l->longest = longest;
    if (l->paused && !l->in.first) net_wake(n);
    while (!n->failed && !l->in.first) wait_frame(n);
    l->asked = 0;
    if (message_failure(n, e) == PUMA_OK) {
        f = queue_pop(&l->in);
        l->in_bytes -= frame_cost(f);
        if (l->paused) net_wake(n);
    }
    pthread_mutex_unlock(&n->lock);
    if (!f || frame_fits(n, from, f, (uint8_t)type, longest, e) == PUMA_OK) return f;
    frame_free(f);
    return NULL;
}

/* The next frame from a peer; the caller frees it. */
static frame *next_frame(net *n, uint32_t from, frame_type type, size_t longest, puma_error *e)
{
    if (check_peer(n, from, e) != PUMA_OK) return NULL;
    return n->transport->next(n, from, type, longest, e);
}

size_t message_unpack(frame *f, uint8_t **payload)
{
    *payload = f->data;
    f->data = NULL;
    return f->size;
}

/* What a message that has come adds to the counts. */
static void book(net *n, uint32_t from, const frame *f, size_t size, double waited_s)
{
    if (f->phase == PUMA_OFFLINE) n->count.waited_offline_s += waited_s;
    if (f->depth > n->count.depth) n->count.depth = f->depth;
    if (f->depth_online > n->count.depth_online) n->count.depth_online = f->depth_online;
    n->count.received[from] += size;
}

puma_status net_recv(net *n, uint32_t from, uint8_t **payload, size_t size, puma_error *e)
{
    struct timespec before, after;
    frame          *f;
    size_t          got;

    *payload = NULL;
    clock_gettime(CLOCK_MONOTONIC, &before);
    f = next_frame(n, from, FRAME_DATA, size, e);
    if (!f) return e->status;
    clock_gettime(CLOCK_MONOTONIC, &after);
    got = n->transport->unpack(f, payload);
    if (got == size) {
        book(n, from, f, size,
             (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec));
    } else {
        error_set(e, 704, "frame %llu from %s: %zu bytes, expected %zu", (unsigned long long)f->seq,
                  net_name(n, from), got, size);
        free(*payload);
        *payload = NULL;
    }
    frame_free(f);
    return e->status;
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
    frame *f = next_frame(n, from, FRAME_CONTROL, limit, e);

    *text = NULL;
    if (!f) return e->status;
    if (f->size && memchr(f->data, 0, f->size))
        error_set(e, 704, "frame %llu from %s: a control message with a NUL in it", (unsigned long long)f->seq,
                  net_name(n, from));
    else if (!(*text = malloc(f->size + 1)))
        error_set(e, 1001, "out of memory for a control message of %zu bytes", f->size);
    else {
        if (f->size) memcpy(*text, f->data, f->size);
        (*text)[f->size] = '\0';
    }
    frame_free(f);
    return e->status;
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
        frame *f = next_frame(n, i, FRAME_DONE, 0, e);

        if (!f) return e->status;
        frame_free(f);
    }
    /* The other way round: our own DONE has left this process. */
    pthread_mutex_lock(&n->lock);
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        while (!n->failed && n->links[i].out_frames > 0) wait_change(n);
    if (message_failure(n, e) == PUMA_OK) n->finished = true;
    pthread_mutex_unlock(&n->lock);
    return e->status;
}
