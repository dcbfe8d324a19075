/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* transmit.c - frames out: a link's queue to segments, segments to the bytes of a connection.
 *
 * Called by the I/O thread for a connection that is open.  Numbers the frames; knows nothing of what is in
 * them. */
#include "net/transport.h"

#include <string.h>

#define TURN_BYTES ((size_t)4 << 20) /* written on one link before the others get their turn */

static void begin_segment_out(conn *c)
{
    frame     *f = c->tx;
    frame_head h = { .type = f->type,
                     .phase = f->phase,
                     .depth = f->depth,
                     .depth_online = f->depth_online,
                     .seq = f->seq,
                     .length = f->size,
                     .offset = c->tx_offset };

    c->tx_segment = f->size - c->tx_offset < SEGMENT ? f->size - c->tx_offset : SEGMENT;
    c->tx_sent = 0;
    if (!c->stage && c->tx_segment) h.crc = frame_crc(0, f->data + c->tx_offset, c->tx_segment);
    frame_head_put(c->tx_head, &h);
    if (!c->stage) return;
    c->stage_bytes = c->tx_segment < STAGE_BYTES - FRAME_HEAD ? c->tx_segment : STAGE_BYTES - FRAME_HEAD;
    memcpy(c->stage, c->tx_head, FRAME_HEAD);
    if (c->stage_bytes) memcpy(c->stage + FRAME_HEAD, f->data + c->tx_offset, c->stage_bytes);
    c->stage_bytes += FRAME_HEAD;
}

/* The next frame, if there is one.  Frames are numbered here, so that a number is used when it is sent. */
static bool next_out(net *n, conn *c)
{
    if (c->tx_dead) return false;
    pthread_mutex_lock(&n->lock);
    c->tx = conn_has_due(c, net_now_us()) ? queue_pop(c->out) : NULL;
    pthread_mutex_unlock(&n->lock);
    if (!c->tx) return false;
    c->tx->seq = c->tx->type == FRAME_HEARTBEAT ? c->tx_seq : c->tx_seq++;
    c->tx_offset = 0;
    if (c->ssl) tls_rekey(c, c->tx->size + FRAME_HEAD);
    begin_segment_out(c);
    return true;
}

static void sent_out(net *n, conn *c)
{
    frame *f = c->tx;

    c->tx = NULL;
    if (c->out != &c->own) {
        node_link *l = &n->links[c->peer];

        pthread_mutex_lock(&n->lock);
        l->out_bytes -= f->size;
        l->out_frames--;
        if (n->waiters && (l->out_frames == 0 || l->out_bytes <= NET_AHEAD))
            pthread_cond_broadcast(&n->changed);
        pthread_mutex_unlock(&n->lock);
    }
    frame_free(f);
}

void conn_write(net *n, conn *c)
{
    size_t turn = 0;

    while (turn < TURN_BYTES && (c->tx || next_out(n, c))) {
        ssize_t k = n->transport->write(c);

        if (k == STREAM_AGAIN) {
            c->blocked = true;
            return;
        }
        if (k < 0) {
            /* What the peer sent last, perhaps its reason, is still to be read; the end of that tells the
             * rest. */
            c->tx_dead = true;
            sent_out(n, c);
            return;
        }
        turn += (size_t)k;
        c->tx_sent += (size_t)k;
        c->last_sent = net_now_ms();
        if (c->tx_sent < FRAME_HEAD + c->tx_segment) continue;
        c->tx_offset += c->tx_segment;
        if (c->tx_offset == c->tx->size || c->abandon)
            sent_out(n, c);
        else
            begin_segment_out(c);
    }
}
