/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* conn.c - one connection: made, dropped, swept away, given a frame of the I/O thread's own, read and written
 * in plain.
 *
 * Owns the list net.conns.  Called by the I/O thread alone (the thread that holds the baton); knows nothing
 * of what frames mean and nothing of where a socket comes from. */
#include "net/transport.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

conn *conn_new(net *n, int fd, uint32_t peer, bool outgoing)
{
    conn *c = calloc(1, sizeof *c);

    if (c) {
        c->rx = malloc(RX_BYTES);
        c->stage = n->transport->sealed ? malloc(STAGE_BYTES) : NULL;
    }
    if (!c || !c->rx || (n->transport->sealed && !c->stage)) {
        if (c) {
            free(c->rx);
            free(c->stage);
        }
        free(c);
        close(fd);
        return NULL;
    }
    c->fd = fd;
    c->peer = peer;
    c->outgoing = outgoing;
    c->out = &c->own;
    c->born = c->last_heard = c->last_sent = net_now_ms();
    c->next = n->conns;
    n->conns = c;
    return c;
}

/* Swept at the end of the turn; until then fd = -1 says that it is gone. */
void conn_drop(net *n, conn *c)
{
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = -1;
    if (c->peer < PUMA_NODES && n->links[c->peer].c == c) n->links[c->peer].c = NULL;
    if (c->out == &c->own) return;
    /* What was to be sent there never will be. */
    pthread_mutex_lock(&n->lock);
    queue_clear(c->out);
    n->links[c->peer].out_bytes = n->links[c->peer].out_frames = 0;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    frame_free(c->tx);
    c->tx = NULL;
}

static void conn_free(conn *c)
{
    SSL_free(c->ssl);
    frame_free(c->in);
    frame_free(c->tx);
    queue_clear(&c->own);
    OPENSSL_cleanse(c->rx, RX_BYTES);
    free(c->rx);
    if (c->stage) OPENSSL_cleanse(c->stage, STAGE_BYTES);
    free(c->stage);
    free(c);
}

void conn_sweep(net *n)
{
    for (conn **at = &n->conns; *at;) {
        conn *c = *at;

        if (c->fd >= 0) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        conn_free(c);
    }
}

/* A frame of the I/O thread's own. */
void conn_post(net *n, conn *c, frame *f)
{
    if (!f) return; /* out of memory for a heartbeat or an ABORT: the peer notices in time */
    pthread_mutex_lock(&n->lock);
    if (c->out != &c->own) {
        n->links[c->peer].out_bytes += f->size;
        n->links[c->peer].out_frames++;
    }
    queue_push(c->out, f);
    pthread_mutex_unlock(&n->lock);
}

/* Is there a frame that may leave?  One that is still under way on the emulated link may not. */
bool conn_has_due(const conn *c, int64_t now_us) { return c->out->first && c->out->first->due_us <= now_us; }

/* Is this flag of node_link set at every link? */
bool links_all(const net *n, size_t flag)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (i != n->config.self && n->config.present[i] &&
            !*(const bool *)((const char *)&n->links[i] + flag))
            return false;
    return true;
}

/* --- the bytes of a socket that nothing seals ------------------------------------------------------ */

ssize_t plain_read(conn *c, void *data, size_t room, char *reason, size_t reason_room)
{
    ssize_t k;

    (void)reason; /* the end of a plain stream has none */
    (void)reason_room;
    do k = recv(c->fd, data, room, 0);
    while (k < 0 && errno == EINTR);
    if (k > 0) return k;
    if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return STREAM_AGAIN;
    return STREAM_CLOSED;
}

ssize_t plain_write(conn *c)
{
    const uint8_t *payload =
        c->tx->data == NULL ? NULL : c->tx->data + c->tx_offset; /* an empty one has no bytes to point at */
    struct iovec  part[2];
    struct msghdr m = { .msg_iov = part };
    ssize_t       k;

    if (c->tx_sent < FRAME_HEAD)
        part[m.msg_iovlen++] = (struct iovec){ c->tx_head + c->tx_sent, FRAME_HEAD - c->tx_sent };
    if (c->tx_segment) {
        size_t from = c->tx_sent > FRAME_HEAD ? c->tx_sent - FRAME_HEAD : 0;

        part[m.msg_iovlen++] = (struct iovec){ (void *)(uintptr_t)(payload + from), c->tx_segment - from };
    }
    do k = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    while (k < 0 && errno == EINTR);
    if (k >= 0) return k;
    return errno == EAGAIN || errno == EWOULDBLOCK ? STREAM_AGAIN : STREAM_CLOSED;
}
