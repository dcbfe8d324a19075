/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* transport.h (tests/faults) - a transport that wraps any other and damages what it sends, for tests alone.
 *
 * A program that links with the options of local.mk (--wrap) gets, in place of memory_transport,
 * tcp_transport and tls_transport, copies of them whose `write` passes through here: each frame that a node
 * gives to its socket is known by its directed link and its number there.  Nothing of it is in what is
 * installed. */
#ifndef FAULTS_TRANSPORT_H
#define FAULTS_TRANSPORT_H

#include "net/wire.h"

typedef enum fault_kind {
    FAULT_DROP,
    FAULT_DUPLICATE,
    FAULT_SWAP,     /* with the next message of the link                               */
    FAULT_TRUNCATE, /* its last bytes are missing                                      */
    FAULT_EXTEND,   /* a few bytes follow it that belong to nothing                    */
    FAULT_FLIP,     /* one bit of the payload                                          */
    FAULT_HEADER,   /* one bit of the header                                           */
    FAULT_LENGTH,   /* the header promises far more than comes, its checksum is right  */
    FAULT_SEQUENCE, /* another number, the checksum is right                           */
    FAULT_TYPE,     /* another type, the checksum is right                             */
    FAULT_CLOSE,
    FAULT_HALF_CLOSE,
    FAULT_STOP,  /* nothing more is sent on this link, heartbeats included          */
    FAULT_FORGE, /* `forge` changes it, the checksum is right                       */
    FAULT_KINDS
} fault_kind;

/* The names of the kinds, as on the command line: "drop", ... */
extern const char *const FAULT_NAMES[FAULT_KINDS];

typedef struct fault {
    fault_kind kind;
    uint32_t   from, to; /* nodes                                                                    */
    uint64_t   k;        /* of the messages that `from` sends `to`, HELLO is 0; heartbeats do not count */
    bool       on_abort; /* strikes the first ABORT of the link instead                               */
    bool       records;  /* tls: the bytes of the record below, not of the frame above                */
    uint64_t   seed;     /* which bit, which length                                                   */
    /* Changes header and payload of message k; *payload is malloc'd and may be replaced. */
    void (*forge)(void *context, frame_head *head, uint8_t **payload, size_t *size);
    void *context;
} fault;

/* For the next run, with no node open: what was counted and armed before is forgotten.  `list` must stay. */
void     fault_arm(const fault *list, size_t count);
/* Has fault i struck?  *at_s: when (CLOCK_MONOTONIC), may be NULL. */
bool     fault_struck(size_t i, double *at_s);
/* How many messages `from` has sent `to`. */
uint64_t fault_messages(uint32_t from, uint32_t to);
/* Writes a header with the checksums that belong to it and to the payload behind it. */
void     fault_seal(uint8_t out[FRAME_HEAD], const frame_head *head, const void *payload, size_t size,
                    bool sealed);

#endif
