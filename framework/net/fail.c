/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fail.c - how a node's wire fails and how it ends: the first reason is recorded, told to every peer and
 * kept.
 *
 * Called by the I/O thread (the thread that holds the baton) from wherever something goes wrong; net_abort
 * asks for it by net.abort_wanted.  Closes nothing that still has to carry a last word: io.c does that when
 * its time is up. */
#include "net/transport.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TOLD_REFUSALS 32u /* a scanner shall not fill a disk */

/* What the client's own failures say may name a weight or a word of its text: of them the parties are told
 * what the code means. */
frame *wire_abort_frame(net *n, const puma_error *why, uint32_t culprit)
{
    uint8_t     data[8 + ERROR_TEXT];
    const char *text = why->text;
    size_t      bytes;

    pthread_mutex_lock(&n->lock);
    if (n->discreet) text = error_meaning(why->code);
    pthread_mutex_unlock(&n->lock);
    if (text == NULL) text = "";
    bytes = strnlen(text, ERROR_TEXT);

    put32(data, why->code);
    put32(data + 4, wire_number(culprit));
    memcpy(data + 8, text, bytes);
    return frame_copy(FRAME_ABORT, data, 8 + bytes);
}

/* Nothing but ABORT is sent from now on, and what comes in is thrown away. */
static void end_conn(net *n, conn *c, frame *last)
{
    pthread_mutex_lock(&n->lock);
    if (c->out != &c->own) {
        node_link *l = &n->links[c->peer];

        queue_clear(&l->out);
        l->out_bytes = c->tx ? c->tx->size : 0;
        l->out_frames = c->tx ? 1 : 0;
    } else {
        queue_clear(&c->own);
    }
    pthread_mutex_unlock(&n->lock);
    c->abandon = true;
    c->discard = true;
    conn_post(n, c, last);
}

void wire_stop_listening(net *n)
{
    if (n->listen_fd >= 0) close(n->listen_fd);
    n->listen_fd = -1;
}

void wire_end(net *n)
{
    n->ending = true;
    n->grace_until = 0;
    n->flush_by = net_now_ms() + FLUSH_MS;
    n->linger_by = n->flush_by + (n->finished ? 0 : LINGER_MS);
    if (!n->farewell_until) wire_stop_listening(n);
}

/* For the log: a connection comes to nothing. */
void wire_refused(net *n, const conn *c, const char *why)
{
    puma_error text = { 0 };

    if (!n->config.event || !n->transport->reachable || n->refusals++ >= TOLD_REFUSALS) return;
    error_set(&text, 802, "%s", why);
    n->config.event(n->config.event_context,
                    &(net_event){ .kind = NET_REFUSED, .address = c->address, .reason = text.text });
}

void wire_fail_with(net *n, const puma_error *why, uint32_t culprit, conn *offender)
{
    if (n->ending) {
        if (offender) conn_drop(n, offender);
        return;
    }
    if (offender) wire_refused(n, offender, why->text);
    pthread_mutex_lock(&n->lock);
    if (!n->failed) {
        n->error = *why;
        atomic_store(&n->failed, true);
    }
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    n->stuck_at = net_now_ms() + STUCK_MS;
    n->culprit = culprit;
    /* Nodes that are still on their way would take our absence for the cause. */
    if (why->code != 701 && !links_all(n, offsetof(node_link, hello_in)))
        n->farewell_until = net_now_ms() + FAREWELL_MS;
    for (conn *c = n->conns; c; c = c->next) {
        if (c->fd < 0) continue;
        if ((c->bound || c == offender) && c->state == CONN_OPEN)
            end_conn(n, c, wire_abort_frame(n, why, culprit));
        else if (c == offender || !n->farewell_until)
            conn_drop(n, c);
    }
    wire_end(n);
}

void wire_fail(net *n, uint32_t culprit, conn *offender, unsigned code, const char *format, ...)
{
    puma_error e = { 0 };
    char       text[2 * ERROR_TEXT];
    va_list    list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    error_set(&e, code, "%s", text);
    wire_fail_with(n, &e, culprit, offender);
}

static bool both_done(net *n, const node_link *l)
{
    bool done;

    pthread_mutex_lock(&n->lock);
    done = l->done_in && l->done_out;
    pthread_mutex_unlock(&n->lock);
    return done;
}

/* Once both sides have said DONE the end of a stream is as it should be. */
void conn_lost(net *n, conn *c, const char *why)
{
    if (c->fd < 0) return;
    if (!c->bound) {
        n->transport->lost(n, c, why);
    } else if (!n->ending && !n->grace_until && !both_done(n, &n->links[c->peer])) {
        n->grace.status = PUMA_OK;
        error_set(&n->grace, 702, "%s closed the connection%s", net_title(n, c->peer),
                  n->links[c->peer].ready_in ? "" : " during the handshake");
        n->grace_culprit = c->peer;
        /* Who was cut off hears from the peer, by way of the others, how that came. */
        n->grace_until = net_now_ms() + (c->cut_off ? 2 : 1) * GRACE_MS;
    }
    conn_drop(n, c);
}

void wire_take_abort(net *n, conn *c, const frame *f)
{
    puma_error e = { 0 };
    unsigned   code = f->size >= 8 ? get32(f->data) : 0;
    uint32_t   culprit = f->size >= 8 ? wire_node(get32(f->data + 4)) : PUMA_NODES;
    char       text[ERROR_TEXT];
    size_t     bytes = f->size >= 8 ? f->size - 8 : 0;

    if (!c->bound && !c->outgoing) c->peer = tls_node(n, c->identity);
    if (bytes >= sizeof text) bytes = sizeof text - 1;
    if (bytes) memcpy(text, f->data + 8, bytes);
    text[bytes] = '\0';
    if (culprit >= PUMA_NODES || !n->config.present[culprit]) culprit = c->peer;
    if (!error_meaning(code)) code = 706;
    if (text[0] == '\0')
        snprintf(text, sizeof text, "%s", error_meaning(code)); /* it gives no other reason */
    if (culprit == c->peer)
        error_set(&e, code, "%s: %s", net_title(n, c->peer), text);
    else
        error_set(&e, code, "%s", text);
    wire_fail_with(n, &e, culprit, NULL);
}
