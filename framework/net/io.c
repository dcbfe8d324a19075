/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* io.c - the I/O thread of a node: its clocks, its loop, and the session's turns in its place.
 *
 * Owns the order of things: what was asked for, what is to be sent, what is late, what has come.  Started by
 * links_open; io_turn and io_send are also the session's thread's (message.c), which then holds the baton. */
#include "net/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- time ------------------------------------------------------------------------------------------ */

void wire_sooner(int64_t *next, int64_t at)
{
    if (at < *next) *next = at;
}

/* Both sides' links to an absent node are unmade, so the one to blame is the first that never came. */
static void absent(net *n)
{
    double seconds = n->config.connect_timeout_ms / 1000.0;

    if (n->refused.status != PUMA_OK) {
        wire_fail_with(n, &n->refused, n->config.self, NULL);
        return;
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        const node_link *l = &n->links[i];

        if (i == n->config.self || !n->config.present[i] || l->hello_in) continue;
        if (i < n->config.self && n->transport->reachable)
            wire_fail(n, i, NULL, 701, "%s absent: no connection to %s in %g s (%u tries%s%s)",
                      net_title(n, i), n->address[i], seconds, l->tries, l->trouble[0] ? ", last: " : "",
                      l->trouble);
        else
            wire_fail(n, i, NULL, 701, "%s absent: it did not connect to %s in %g s", net_title(n, i),
                      net_title(n, n->config.self), seconds);
        return;
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        const node_link *l = &n->links[i];

        if (i == n->config.self || !n->config.present[i] || l->ready_in) continue;
        wire_fail(n, i, NULL, 701, "%s did not finish the handshake in %g s", net_title(n, i), seconds);
        return;
    }
}

/* Before the links are made. */
static void setup_timers(net *n, int64_t now, int64_t *next)
{
    /* Who has heard of all the others leaves the first word to those who have not: they know who is missing. */
    int64_t by = n->connect_by + (links_all(n, offsetof(node_link, hello_in)) ? GRACE_MS : 0);

    if (now >= by && !n->ending) {
        absent(n);
        return;
    }
    if (!n->ending) wire_sooner(next, by);
    if (n->transport->tend) n->transport->tend(n, now, next);
}

/* Silence is what we have watched: a host that slept, or was too busy to look, has not heard its peers, nor have
 * they heard each other.  A wire that works looks every `beat`. */
static void forgive_sleep(net *n, int64_t now, int64_t beat)
{
    int64_t slept = n->watched_at > 0 ? now - n->watched_at : 0;

    n->watched_at = now;
    if (slept <= 2 * beat) return;
    for (conn *c = n->conns; c; c = c->next)
        c->last_heard = c->last_heard + slept < now ? c->last_heard + slept : now;
}

static void life_timers(net *n, int64_t now, int64_t *next)
{
    int64_t timeout = n->config.io_timeout_ms, beat = timeout / 4 > 0 ? timeout / 4 : 1;

    forgive_sleep(n, now, beat);
    wire_sooner(next, now + beat);
    for (conn *c = n->conns; c; c = c->next) {
        if (c->fd < 0 || !c->bound || n->ending) continue;
        node_link *l = &n->links[c->peer];
        bool       idle, done;

        pthread_mutex_lock(&n->lock);
        idle = !l->out.first && !c->tx;
        done = l->done_in;
        pthread_mutex_unlock(&n->lock);
        if (!conn_welcome(n, c)) return;
        if (c->paused) c->last_heard = now;
        if (!done && now - c->last_heard > timeout) {
            wire_fail(n, c->peer, NULL, 703, "%s silent for %g s", net_title(n, c->peer),
                      (double)timeout / 1000.0);
            return;
        }
        if (idle && !c->tx_dead && now - c->last_sent >= beat) {
            conn_post(n, c, frame_new(FRAME_HEARTBEAT, NULL, 0));
            c->last_sent = now;
        }
        wire_sooner(next, c->last_heard + timeout + 1);
        if (idle) wire_sooner(next, c->last_sent + beat);
    }
}

static void end_timers(net *n, int64_t now, int64_t *next)
{
    if (n->farewell_until && (now >= n->farewell_until || links_all(n, offsetof(node_link, hello_in)))) {
        n->farewell_until = 0;
        wire_stop_listening(n);
        n->flush_by = now + FLUSH_MS;
        n->linger_by = n->flush_by + LINGER_MS;
        for (conn *c = n->conns; c; c = c->next)
            if (!c->discard) conn_drop(n, c);
    }
    if (n->farewell_until) {
        wire_sooner(next, n->farewell_until);
        setup_timers(n, now, next);
    }
    for (conn *c = n->conns; c; c = c->next) {
        bool empty;

        if (c->fd < 0 || !c->discard) continue;
        pthread_mutex_lock(&n->lock);
        empty = !c->tx && (!c->out->first || c->tx_dead);
        pthread_mutex_unlock(&n->lock);
        if (empty && !c->shut) {
            if (c->ssl) tls_shutdown(c);
            shutdown(c->fd, SHUT_WR);
            c->shut = true;
        }
        if (!n->farewell_until && ((!empty && now >= n->flush_by) || now >= n->linger_by)) conn_drop(n, c);
    }
    conn_sweep(n);
    n->ended = !n->conns && !n->farewell_until;
    if (!n->ended && !n->farewell_until) wire_sooner(next, now < n->flush_by ? n->flush_by : n->linger_by);
}

/* Returns how long poll may sleep. */
static int timers(net *n)
{
    int64_t now = net_now_ms(), next = now + 60000;
    bool    call = false;

    if (!n->ending && n->grace_until && now >= n->grace_until)
        wire_fail_with(n, &n->grace, n->grace_culprit, NULL);
    if (n->grace_until) wire_sooner(&next, n->grace_until);
    if (!n->ending && !n->opened) setup_timers(n, now, &next);
    if (!n->ending) life_timers(n, now, &next);
    if (n->ending && !n->ended) end_timers(n, now, &next);
    if (n->stuck_at && !n->told) {
        if (atomic_load(&n->seen))
            n->told = true;
        else if (now >= n->stuck_at)
            n->told = call = true;
        else
            wire_sooner(&next, n->stuck_at);
    }
    if (call && n->config.on_stuck) n->config.on_stuck(n->config.stuck_context, &n->error);
    now = net_now_ms();
    return next <= now ? 0 : (int)(next - now);
}

/* --- the loop -------------------------------------------------------------------------------------- */

/* What the session asked for while we slept.  True: it closes, and nothing is left to do. */
static bool requests(net *n)
{
    bool     stop, closing, finished;
    uint64_t count;

    pthread_mutex_lock(&n->lock);
    while (n->woken && read(n->wake_fd, &count, sizeof count) < 0 && errno == EINTR) continue;
    n->woken = false;
    stop = n->abort_wanted;
    n->abort_wanted = false;
    closing = n->closing;
    finished = n->finished;
    pthread_mutex_unlock(&n->lock);
    if (stop) wire_fail_with(n, &n->error, n->config.self, NULL);
    if (closing && !n->ending) {
        if (!finished)
            for (conn *c = n->conns; c; c = c->next) conn_drop(n, c);
        for (conn *c = n->conns; c; c = c->next) c->discard = true;
        wire_end(n);
        conn_sweep(n);
        n->ended = !n->conns;
    }
    return closing && n->ended;
}

/* Lock held: shall what comes on this link stay where it is?  Because too much of it is unread; or because
 * more comes in one frame than we keep unasked, so that nobody's header makes us hold what it likes. */
static bool is_full(const net *n, const conn *c)
{
    const node_link *l = &n->links[c->peer];

    if (l->in_bytes > (c->peer == n->config.dealer ? NET_AHEAD : UNREAD_BYTES)) return true;
    return c->in && c->in->size > NET_AHEAD && (l->asked == 0 || l->in.first);
}

/* `due_us` becomes the time at which the first frame under way may leave, if that is sooner. */
static short events_of(net *n, conn *c, bool *busy, int64_t *due_us)
{
    short events = POLLIN;
    bool  waiting, was_paused = c->paused;

    if (c->state != CONN_OPEN) return c->want;
    pthread_mutex_lock(&n->lock);
    waiting = !c->tx_dead && (c->tx || conn_has_due(c, net_now_us()));
    if (!c->tx_dead && !waiting && c->out->first) wire_sooner(due_us, c->out->first->due_us);
    c->paused = c->bound && !c->drain && !n->ending && is_full(n, c);
    if (c->bound) n->links[c->peer].paused = c->paused;
    pthread_mutex_unlock(&n->lock);
    if (c->paused) events = POLLRDHUP;
    if (waiting && c->blocked) events |= POLLOUT;
    if (waiting && !c->blocked) *busy = true;
    /* What TLS has read ahead no poll tells of. */
    if (was_paused && !c->paused) c->more = true;
    if (!c->paused && c->more) *busy = true;
    return events;
}

static void serve(net *n, conn *c, short events)
{
    if (c->state != CONN_OPEN) n->transport->progress(n, c, events);
    if (c->state != CONN_OPEN || c->fd < 0) return;
    if (events & POLLOUT) c->blocked = false;
    /* The other end has gone while we left its data unread: read it, its last word included. */
    if (c->paused && events & (POLLRDHUP | POLLHUP | POLLERR)) c->drain = true;
    if (c->paused && !c->drain) return;
    if (events & (POLLIN | POLLHUP | POLLERR | POLLRDHUP) || c->more || tls_pending(c)) conn_read(n, c);
}

/* poll that ends at a time of net_now_us: an emulated millisecond shall not become two. */
static int wait_until(struct pollfd *fds, nfds_t count, int64_t at_us)
{
    int64_t         left = at_us - net_now_us();
    struct timespec t = { .tv_sec = left > 0 ? left / 1000000 : 0,
                          .tv_nsec = left > 0 ? left % 1000000 * 1000 : 0 };

    return ppoll(fds, count, &t, NULL);
}

/* One turn: what was asked for, what is to be sent, what has come; waits until there is any of it.  False:
 * the wire is closed.  Called by the thread that holds the baton. */
bool io_turn(net *n)
{
    struct pollfd fds[2 + PENDING_LIMIT + 2 * PUMA_NODES];
    conn         *of[2 + PENDING_LIMIT + 2 * PUMA_NODES];
    nfds_t        count = 2;
    bool          busy = false;
    int64_t       wake_us;

    if (requests(n)) return false;
    for (conn *c = n->conns; c; c = c->next)
        if (c->fd >= 0 && c->state == CONN_OPEN && !c->blocked) conn_write(n, c);
    wake_us = net_now_us() + (int64_t)1000 * timers(n);
    conn_sweep(n);
    if (n->ended && requests(n)) return false;
    fds[0] = (struct pollfd){ .fd = n->wake_fd, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = n->listen_fd, .events = POLLIN };
    for (conn *c = n->conns; c && count < sizeof fds / sizeof *fds; c = c->next, count++) {
        of[count] = c;
        fds[count] = (struct pollfd){ .fd = c->fd, .events = events_of(n, c, &busy, &wake_us) };
    }
    if (wait_until(fds, count, busy ? 0 : wake_us) < 0) {
        for (nfds_t i = 0; i < count; i++) fds[i].revents = 0;
    }
    for (nfds_t i = 2; i < count; i++)
        if (of[i]->fd >= 0) serve(n, of[i], fds[i].revents);
    if (fds[1].revents && n->listen_fd >= 0) n->transport->accept(n);
    conn_sweep(n);
    return true;
}

bool io_send(net *n, node_link *l)
{
    conn *c = l->c;
    bool  left;

    if (!c || c->fd < 0 || c->state != CONN_OPEN || c->blocked) return false;
    conn_write(n, c);
    pthread_mutex_lock(&n->lock);
    left = c->fd < 0 || c->tx || c->out->first;
    pthread_mutex_unlock(&n->lock);
    return !left;
}

/* While the session's thread serves the wire itself, now and again, nobody else needs to; this one looks
 * after it as soon as the session has let a patrol pass without, because it computes. */
static void patrol(net *n)
{
    struct pollfd wake = { .fd = n->wake_fd, .events = POLLIN };
    unsigned      before, turns = 0;
    bool          serving = true;

    do {
        before = turns;
        if (poll(&wake, 1, PATROL_MS) != 0) return;
        pthread_mutex_lock(&n->lock);
        turns = n->turns;
        serving = n->serving;
        pthread_mutex_unlock(&n->lock);
    } while (serving || turns != before);
}

void *io_main(void *arg)
{
    net *n = arg;

    pthread_mutex_lock(&n->baton);
    if (n->transport->start) n->transport->start(n);
    handshake_advance(n); /* a node alone is open at once */
    while (io_turn(n)) {
        bool waits;

        pthread_mutex_lock(&n->lock);
        waits = n->awaits > 0 && !n->failed;
        pthread_mutex_unlock(&n->lock);
        if (!waits) continue;
        /* The session has nothing else to do: what comes for it reaches it sooner when it reads itself. */
        pthread_mutex_unlock(&n->baton);
        pthread_mutex_lock(&n->lock);
        pthread_cond_broadcast(&n->changed);
        pthread_mutex_unlock(&n->lock);
        patrol(n);
        pthread_mutex_lock(&n->baton);
    }
    pthread_mutex_unlock(&n->baton);
    return NULL;
}
