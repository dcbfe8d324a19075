/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* peer.h (tests/faults) - a peer by script: it makes its frames itself, and may make them wrong */
#ifndef FAULTS_PEER_H
#define FAULTS_PEER_H

#include "net/wire.h"

/* Speaks to one node.  `wire` is no open wire: it holds what the functions of hello.c look at. */
typedef struct peer {
    net      wire;
    uint32_t other; /* the node it speaks to */
    int      fd;
    SSL_CTX *tls; /* NULL: plain */
    SSL     *ssl;
    uint64_t seq;
    bool     lost; /* the other end is gone, or said nothing in time     */
    uint8_t *said; /* the frames since peer_begin, the first MiB of them  */
    size_t   said_bytes;
} peer;

/* The node `self` of a run of these nodes, who would say these lines. */
void peer_begin(peer *p, uint32_t self, uint32_t other, const bool present[PUMA_NODES], const char *lines);
void peer_end(peer *p);
/* TLS with DIRECTORY's certificate of this role. */
void peer_secure(peer *p, const char *directory, const char *role, bool answers);
/* Connects to 127.0.0.1:port, or takes the next that calls; with TLS, where it is wanted.  False: refused. */
bool peer_call(peer *p, int port);
bool peer_answer(peer *p, int listen_fd);
/* Reads what still comes until the other end is gone, then closes. */
void peer_hang_up(peer *p);

/* Bytes as they are. */
void       peer_write(peer *p, const void *data, size_t size);
/* The header of the next frame, all in order; the number is used up. */
frame_head peer_head(peer *p, uint8_t type, size_t size);
/* A header, whatever it says, with the checksums that belong to it, and so many bytes. */
void       peer_send(peer *p, const frame_head *head, const void *data, size_t size);
/* The next frame, all in order. */
void       peer_tell(peer *p, uint8_t type, const void *data, size_t size);
void       peer_tell_frame(peer *p, frame *f); /* of hello.c; frees it */
/* The next frame of this type, heartbeats and others left out; NULL: it did not come.  The caller frees it.
 */
frame     *peer_hear(peer *p, uint8_t type);

/* The handshake in order up to and with what this frame type says: FRAME_HELLO, CONFIG, ROSTER, READY. False:
 * the other end did not go along. */
bool peer_shake(peer *p, uint8_t upto);

#endif
