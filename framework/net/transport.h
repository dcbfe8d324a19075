/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* transport.h - inside of framework/net: what a transport is, one table for each value of net_transport.
 *
 * The upper half is called on the session's thread (by net.c and message.c), the lower half on the I/O thread
 * (by io.c, handshake.c, receive.c, transmit.c and fail.c).  A transport without links (tape) has no lower
 * half. */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include "net/wire.h"

struct transport {
    /* --- session's thread */
    /* Checks what the transport needs of the configuration; back when every node has agreed. */
    puma_status (*open)(net *n, puma_error *e);
    /* Takes over `payload`. */
    puma_status (*send)(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e);
    /* The next frame from a peer, which is to be of this type and no longer than that; the caller frees it.
     * NULL: there is none, or it is another. */
    frame *(*next)(net *n, uint32_t from, frame_type type, size_t longest, puma_error *e);
    /* Length of the message that a frame of payload carries; its bytes, where there are any, go to the
     * caller. */
    size_t (*unpack)(frame *f, uint8_t **payload);
    void (*pair_seed)(net *n, uint32_t peer, const char *purpose, uint8_t seed[32]);

    /* --- I/O thread */
    bool reachable; /* from outside of this process: strangers may call, and a peer may come late */
    bool sealed;    /* damage is found below us: frames carry no checksum, and a header goes out as
                     * one record with the bytes behind it                                        */
    /* Before the first turn.  NULL: nothing to do. */
    void (*start)(net *n);
    /* While links are made: tries again, drops who says nothing; lowers *next to when that is due.  NULL:
     * nothing to do. */
    void (*tend)(net *n, int64_t now, int64_t *next);
    /* The listening socket has something.  NULL: there is none. */
    void (*accept)(net *n);
    /* Poll has events for a connection that is not open yet.  NULL: connections begin open. */
    void (*progress)(net *n, conn *c, short events);
    /* A HELLO says that the other end is `claimed`.  False: it is not, and that has been dealt with.  NULL:
     * believe it. */
    bool (*believe)(net *n, conn *c, uint32_t claimed);
    /* The stream of a connection that belongs to no link yet has ended. */
    void (*lost)(net *n, conn *c, const char *why);
    ssize_t (*read)(conn *c, void *data, size_t room, char *reason, size_t reason_room);
    ssize_t (*write)(conn *c); /* of c->tx, from c->tx_sent on */
};

extern const transport memory_transport;   /* memory.c   */
extern const transport tcp_transport;      /* sockets.c  */
extern const transport tls_transport;      /* sockets.c  */
extern const transport counting_transport; /* counting.c */
extern const transport tape_transport;     /* tape.c     */

/* --- net.c: for transports that have links */
puma_status links_open(net *n, puma_error *e); /* starts the I/O thread and waits for the handshake */
void        links_pair_seed(net *n, uint32_t peer, const char *purpose, uint8_t seed[32]);

/* --- memory.c */
puma_status memory_open(net *n, puma_error *e);
void        memory_start(net *n);
void        memory_lost(net *n, conn *c, const char *why);

/* --- message.c: payload as it is */
puma_status message_send(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e);
frame      *message_next(net *n, uint32_t from, frame_type type, size_t longest, puma_error *e);
size_t      message_unpack(frame *f, uint8_t **payload);
/* Sends f as one message of the session's; takes it over. */
puma_status message_post(net *n, uint32_t to, frame *f, puma_phase phase, puma_error *e);
/* Lock held: reports the failure of this run, if it has one. */
puma_status message_failure(net *n, puma_error *e);

/* --- conn.c */
conn   *conn_new(net *n, int fd, uint32_t peer, bool outgoing); /* NULL: out of memory, and fd is closed */
void    conn_drop(net *n, conn *c); /* swept at the end of the turn: c stays until then */
void    conn_sweep(net *n);
void    conn_post(net *n, conn *c, frame *f); /* takes over f; NULL: nothing is sent                   */
bool    conn_has_due(const conn *c, int64_t now_us);
bool    links_all(const net *n, size_t flag); /* is this flag of node_link (an offset) set at every link? */
ssize_t plain_read(conn *c, void *data, size_t room, char *reason, size_t reason_room);
ssize_t plain_write(conn *c);

/* --- fail.c */
frame *wire_abort_frame(net *n, const puma_error *why, uint32_t culprit);
void   wire_stop_listening(net *n);
void   wire_end(net *n);
void   wire_refused(net *n, const conn *c, const char *why);
/* The run has failed: records why and tells it to all.  culprit: the node that the text is about; our own
 * number when the text does not name one.  offender: a connection that belongs to no link, to be told as
 * well. */
void   wire_fail_with(net *n, const puma_error *why, uint32_t culprit, conn *offender);
void   wire_fail(net *n, uint32_t culprit, conn *offender, unsigned code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void wire_take_abort(net *n, conn *c, const frame *f);
void conn_lost(net *n, conn *c, const char *why); /* the stream has ended */

/* --- handshake.c */
void handshake_begin(net *n, conn *c); /* the connection is open */
void handshake_hello(net *n, conn *c, frame *f);
void handshake_advance(net *n); /* answers every link as far as the handshake has come */

/* --- receive.c, transmit.c: as much as the socket takes or gives, up to a turn */
/* Is what a link receives what the session waits for?  False: it is not, and the run has failed. */
bool conn_welcome(net *n, conn *c);
void conn_read(net *n, conn *c);
void conn_write(net *n, conn *c);

/* --- io.c */
void wire_sooner(int64_t *next, int64_t at);

#endif
