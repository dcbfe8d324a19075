/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* receive.c - frames in: bytes of a connection to segments, segments to frames, frames to the handshake or to
 * a link's queue.
 *
 * Called by the I/O thread for a connection that is open.  Trusts no header: every length, number and type is
 * checked before memory follows it.  Payload is not looked into. */
#include "net/transport.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define TURN_BYTES ((size_t)4 << 20) /* read on one link before the others get their turn       */
#define DIRECT_BYTES ((size_t)16384) /* payload left in a segment that is read straight into place */

/* Takes over f. */
static void deliver(net *n, conn *c, frame *f)
{
    puma_error e = { 0 };
    node_link *l = c->bound ? &n->links[c->peer] : NULL;
    bool       in_turn = true;

    switch (f->type) {
    case FRAME_HEARTBEAT: break;
    case FRAME_ABORT: wire_take_abort(n, c, f); break;
    case FRAME_HELLO: handshake_hello(n, c, f); break;
    case FRAME_CONFIG:
        in_turn = !l->config_in;
        if (in_turn && hello_config_read(n, c->peer, f, &e) == PUMA_OK) l->config_in = true;
        break;
    case FRAME_ROSTER:
        in_turn = l->agreed && !l->roster_in;
        if (in_turn && hello_roster_read(n, c->peer, f, &e) == PUMA_OK) l->roster_in = true;
        break;
    case FRAME_READY:
        in_turn = l->roster_in && !l->ready_in;
        l->ready_in = true;
        break;
    default:
        in_turn = l->ready_in && !l->done_in;
        if (!in_turn) break;
        pthread_mutex_lock(&n->lock);
        if (f->type == FRAME_DONE) l->done_in = true;
        l->in_bytes += frame_cost(f);
        queue_push(&l->in, f);
        if (n->waiters) pthread_cond_broadcast(&n->changed);
        pthread_mutex_unlock(&n->lock);
        return;
    }
    if (!in_turn)
        wire_fail(n, c->peer, NULL, 704, "frame %llu from %s: type %u out of turn",
                  (unsigned long long)f->seq, net_name(n, c->peer), f->type);
    else if (e.status != PUMA_OK)
        wire_fail_with(n, &e, c->peer, NULL);
    else if (f->type == FRAME_CONFIG || f->type == FRAME_ROSTER || f->type == FRAME_READY)
        handshake_advance(n);
    frame_free(f);
}

static size_t type_limit(uint8_t type)
{
    switch (type) {
    case FRAME_DATA: return FRAME_LIMIT;
    case FRAME_CONTROL: return CONTROL_LIMIT;
    case FRAME_READY:
    case FRAME_HEARTBEAT:
    case FRAME_DONE: return 0;
    default: return HELLO_LIMIT;
    }
}

/* Nobody knows yet who this is: it is dropped without a word, and may be a stray. */
static bool may_come_unbound(net *n, conn *c, const uint8_t raw[FRAME_HEAD])
{
    frame_head *h = &c->head;

    if (frame_head_get(h, raw) && h->seq == 0 && h->offset == 0 && h->length <= HELLO_LIMIT &&
        (h->type == FRAME_HELLO || (h->type == FRAME_ABORT && (c->outgoing || c->identity[0]))))
        return true;
    conn_lost(n, c, "what answers there does not speak Puma's protocol");
    return false;
}

bool conn_welcome(net *n, conn *c)
{
    puma_error e = { 0 };
    node_link *l = &n->links[c->peer];
    uint8_t    asked;
    size_t     longest;

    if (!c->in || (c->in->type != FRAME_DATA && c->in->type != FRAME_CONTROL && c->in->type != FRAME_DONE))
        return true;
    pthread_mutex_lock(&n->lock);
    asked = l->in.first ? 0 : l->asked;
    longest = l->longest;
    pthread_mutex_unlock(&n->lock);
    if (asked == 0 || frame_fits(n, c->peer, c->in, asked, longest, &e) == PUMA_OK) return true;
    wire_fail_with(n, &e, c->peer, NULL);
    return false;
}

/* Is the header that has come on a link the one that may come now?  False: the run has failed. */
static bool may_come(net *n, conn *c, const uint8_t raw[FRAME_HEAD])
{
    frame_head        *h = &c->head;
    const char        *who = net_name(n, c->peer);
    unsigned long long seq;

    if (!frame_head_get(h, raw)) {
        wire_fail(n, c->peer, NULL, 704, "frame %llu from %s: malformed header",
                  (unsigned long long)c->rx_seq, who);
        return false;
    }
    seq = (unsigned long long)h->seq;
    if (c->in && h->type == FRAME_ABORT) {
        frame_free(c->in);
        c->in = NULL;
    }
    if (h->length > type_limit(h->type))
        wire_fail(n, c->peer, NULL, 704, "frame %llu from %s: %llu bytes, limit %zu", seq, who,
                  (unsigned long long)h->length, type_limit(h->type));
    else if (c->in && (h->seq != c->in->seq || h->type != c->in->type || h->length != c->in->size ||
                       h->offset != c->in_done))
        wire_fail(n, c->peer, NULL, 704, "frame %llu from %s: a segment of another frame (%llu)",
                  (unsigned long long)c->in->seq, who, seq);
    else if (!c->in && (h->seq != c->rx_seq || h->offset != 0))
        wire_fail(n, c->peer, NULL, 704, "frame %llu from %s: expected number %llu", seq, who,
                  (unsigned long long)c->rx_seq);
    else if (h->type == FRAME_HELLO)
        wire_fail(n, c->peer, NULL, 704, "frame %llu from %s: a second HELLO", seq, who);
    else
        return true;
    return false;
}

/* The frame whose first header has come. */
static bool begin_frame_in(net *n, conn *c)
{
    const frame_head *h = &c->head;

    c->in = calloc(1, sizeof *c->in);
    if (!c->in) {
        wire_fail(n, n->config.self, NULL, 1001, "out of memory for a message");
        return false;
    }
    c->in->type = h->type;
    c->in->phase = h->phase;
    c->in->depth = h->depth;
    c->in->depth_online = h->depth_online;
    c->in->seq = h->seq;
    c->in->size = (size_t)h->length;
    c->in_done = 0;
    if (h->type != FRAME_HEARTBEAT) c->rx_seq++;
    return true;
}

/* Room for the segment.  Memory follows what has really come, not what the header promises. */
static bool make_room(net *n, conn *c)
{
    frame   *f = c->in;
    size_t   need = c->in_done + c->segment_left, room = f->room < 16 * SEGMENT ? need : 2 * f->room;
    uint8_t *data;

    if (f->room >= need) return true;
    if (f->room && f->room < 16 * SEGMENT) room = 4 * f->room;
    if (room > f->size) room = f->size;
    data = realloc(f->data, room);
    if (!data) {
        wire_fail(n, n->config.self, NULL, 1001, "out of memory for a message of %zu bytes", f->size);
        return false;
    }
    f->data = data;
    f->room = room;
    return true;
}

/* A header has come.  False: the connection is over. */
static bool begin_segment_in(net *n, conn *c, const uint8_t raw[FRAME_HEAD])
{
    if (c->bound ? !may_come(n, c, raw) : !may_come_unbound(n, c, raw)) return false;
    if (!c->in && !begin_frame_in(n, c)) return false;
    if (c->bound && !conn_welcome(n, c)) return false;
    c->segment_left = c->in->size - c->in_done < SEGMENT ? c->in->size - c->in_done : SEGMENT;
    if (!make_room(n, c)) return false;
    c->crc = 0;
    c->in_segment = true;
    return true;
}

/* Bytes of a segment have come.  A peer is heard by whole segments, a heartbeat among them, or by a fair part
 * of one: else heartbeats that are taken for payload, or a byte now and then, would keep a stalled one alive. */
static void took(net *n, conn *c, size_t k)
{
    if (k > 0 && !n->transport->sealed) c->crc = frame_crc(c->crc, c->in->data + c->in_done, k);
    c->in_done += k;
    c->segment_left -= k;
    c->unheard += k;
    if (c->segment_left > 0 && c->unheard < HEARD_BYTES) return;
    c->unheard = 0;
    c->last_heard = net_now_ms();
}

/* The segment is complete. */
static bool end_segment_in(net *n, conn *c)
{
    frame *f = c->in;

    c->in_segment = false;
    if (!n->transport->sealed && c->crc != c->head.crc) {
        if (!c->bound)
            conn_lost(n, c, "damaged HELLO");
        else
            wire_fail(n, c->peer, NULL, 704, "frame %llu from %s: damaged on the way (checksum)",
                      (unsigned long long)f->seq, net_name(n, c->peer));
        return false;
    }
    if (c->in_done == f->size) {
        c->in = NULL;
        deliver(n, c, f);
    }
    return c->fd >= 0 && !c->discard;
}

static void parse(net *n, conn *c)
{
    for (;;) {
        size_t have = c->rx_to - c->rx_from;

        if (!c->in_segment) {
            if (have < FRAME_HEAD) break;
            if (!begin_segment_in(n, c, c->rx + c->rx_from)) return;
            c->rx_from += FRAME_HEAD;
            have -= FRAME_HEAD;
        }
        if (have > c->segment_left) have = c->segment_left;
        if (have) memcpy(c->in->data + c->in_done, c->rx + c->rx_from, have);
        c->rx_from += have;
        took(n, c, have);
        if (c->segment_left) break;
        if (!end_segment_in(n, c)) return;
    }
    if (c->rx_from == c->rx_to) {
        c->rx_from = c->rx_to = 0;
    } else if (c->rx_from > RX_BYTES / 2) {
        memmove(c->rx, c->rx + c->rx_from, c->rx_to - c->rx_from);
        c->rx_to -= c->rx_from;
        c->rx_from = 0;
    }
}

void conn_read(net *n, conn *c)
{
    size_t turn = 0;

    c->more = false;
    while (c->fd >= 0 && c->state == CONN_OPEN && turn < TURN_BYTES) {
        bool direct =
            c->in_segment && c->rx_from == c->rx_to && c->segment_left >= DIRECT_BYTES && !c->discard;
        char    reason[160];
        size_t  room;
        ssize_t k;

        if (c->discard) c->rx_from = c->rx_to = 0;
        room = direct ? c->segment_left : RX_BYTES - c->rx_to;
        reason[0] = '\0';
        k = n->transport->read(c, direct ? c->in->data + c->in_done : c->rx + c->rx_to, room, reason,
                               sizeof reason);
        if (k == STREAM_AGAIN) return;
        if (k == STREAM_BROKEN && !n->ending && c->bound) {
            wire_fail(n, c->peer, NULL, 802, "%s: TLS: %s", net_title(n, c->peer), reason);
            return;
        }
        if (k == STREAM_BROKEN && !c->bound && c->outgoing) {
            /* TLS 1.3: how a server says that it refused our certificate. */
            wire_fail(n, n->config.self, c, 802, "%s at %s refused us: %s", net_title(n, c->peer), c->address,
                      reason);
            return;
        }
        if (k < 0) {
            conn_lost(n, c, *reason ? reason : "the connection was closed before a HELLO came");
            return;
        }
        turn += (size_t)k;
        if (c->discard) continue;
        if (direct) {
            took(n, c, (size_t)k);
            if (!c->segment_left && !end_segment_in(n, c)) continue;
        } else {
            c->rx_to += (size_t)k;
            parse(n, c);
        }
        /* Neither the room nor a TLS record is full: the socket had no more, and poll will say when it has.
         */
        if ((size_t)k < room && k < (ssize_t)STAGE_BYTES && !tls_pending(c)) return;
    }
    c->more = c->fd >= 0 && turn >= TURN_BYTES;
}
