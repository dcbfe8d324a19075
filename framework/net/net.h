/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* net.h - the wire: links between the nodes of a run, over memory, TCP or TLS 1.3; and what a rehearsal
 * counts and a dealer records in their place.
 *
 * One thread a node does all of its input and output, so that compute never delays a heartbeat and a peer's
 * death is seen while we compute.  `net_send` puts a frame into a queue; `net_recv` waits for one.  Frames
 * carry a sequence number, a type and the depth of the message (below); the receiver's expectation decides
 * how long a payload is.
 *
 * Counting.  Payload bytes are counted per directed link and phase.  Rounds: every message carries the
 * length of the longest chain of messages that it depends on, itself included, once over all messages and
 * once over the online ones; a node's depth is the maximum it has received.  `net_depth` is what a report
 * calls rounds.
 *
 * Order of life: net_open (listen, connect, identity, HELLO on every link), net_send/net_recv …, net_finish
 * (DONE from all) or net_abort (ABORT with the reason to all), net_close. */
#ifndef NET_H
#define NET_H

#include "base/error.h"

#include <puma/host.h>
#include <stdbool.h>

typedef struct net     net;
typedef struct net_hub net_hub; /* joins the nodes of one process (transport memory) */

typedef enum net_transport {
    NET_MEMORY,
    NET_TCP,
    NET_TLS,
    NET_COUNTING, /* for a rehearsal: as NET_MEMORY, but payload is NULL everywhere and of a message its length
                   * alone passes */
    NET_TAPE      /* none of the other nodes is there: what this one sends goes to `tape`, and a receive, or a
                   * seed shared with a peer, is an error, as what needs a peer cannot be made ahead of time */
} net_transport;

/* What a node's log may want to say.  Texts hold nothing of a run's data and live as long as
 * the call; `reason` is escaped. */
typedef enum net_event_kind { NET_LISTENING, NET_JOINED, NET_REFUSED, NET_EXPIRING } net_event_kind;
typedef struct net_event {
    net_event_kind kind;
    uint32_t       peer;    /* of NET_JOINED                                            */
    const char    *role;    /* of NET_JOINED its name: "party1"; of NET_EXPIRING: "party0, party1" */
    const char    *address; /* our own that listens, or the other end's                 */
    const char    *reason;  /* of NET_REFUSED; of NET_EXPIRING when the first of them ends  */
} net_event;

typedef struct net_config {
    net_transport  transport;
    uint32_t       self;                /* a party's number or PUMA_CLIENT                          */
    bool           present[PUMA_NODES]; /* nodes of this run; compute parties listen, lower numbers *
                                         * are connected to by higher ones                          */
    const char    *address[PUMA_NODES]; /* "host:port", "[v6]:port"; the client's is NULL           */
    int            listen_fd;           /* inherited listening socket, or -1; net_open takes it over,*
                                         * whether it succeeds or not                               */
    net_hub       *hub;                 /* NET_MEMORY, NET_COUNTING                                 */
    const char    *certificates;        /* NET_TLS: directory with ca.pem, NAME.pem, NAME.key       */
    const char    *identity;            /* NET_TLS: PEM texts of this node's key, its certificate and the   *
                                         * CA's, in place of `certificates`; read by net_open alone    */
    bool           allow_insecure;      /* tcp off loopback; keys readable by others                */
    uint32_t       dealer;              /* node that works ahead, so that its sends may wait until  *
                                         * what is queued is read; PUMA_NO_NODE: none               */
    bool           called_dealer;       /* in messages and in its certificate; else it is a party   */
    int            connect_timeout_ms, io_timeout_ms;
    /* An emulated link, 0 for none: what this node sends leaves at that rate, all peers together (its network
     * card), and arrives half a round trip later.  For benchmarks on one host. */
    int            bandwidth_mbps, round_trip_ms;
    /* Canonical "key=value\n" lines, sorted, of everything that changes the computation.  Compared on
     * every link; a difference is PUMA_EDISAGREE naming the first key.  Lines that begin with "input."
     * are the client's to say: the other nodes leave them out here, take over the client's, and
     * compare them with each other. */
    const char    *hello;
    const uint8_t *seed; /* 32 bytes: fixed root for tests; NULL: fresh                */
    void (*tape)(void *context, uint32_t to, puma_phase phase, const void *payload, size_t size);
    void *tape_context; /* NET_TAPE */
    /* Called on the I/O thread, once, when a link fails or a peer aborts, 1 s after the failure if the
     * session's thread has not come to see it: a party that computes must still end in time. */
    void (*on_stuck)(void *context, const puma_error *why);
    void *stuck_context;
    /* Called in net_open and on the I/O thread, until all nodes have joined; NULL: nobody listens.  Of those
     * that are refused the first 32 are told.  NET_EXPIRING: a certificate ends within 7 days, the node's own
     * (told in net_open) or, where the node is the client, also a peer's (told once all have agreed). */
    void (*event)(void *context, const net_event *event);
    void *event_context;
} net_config;

net_hub *net_hub_new(void);
void     net_hub_free(net_hub *hub);
/* One of the nodes fails, and perhaps before it has links on which to tell the others, who would wait for it: for those
 * that look for another one the run has failed, at once.  Links that both ends have stay.  From any thread. */
void     net_hub_leave(net_hub *hub, uint32_t node, const puma_error *why);
/* The first that left for a reason of its own, or else the first that lost a peer, and that; PUMA_OK: nobody. */
puma_error net_hub_left(net_hub *hub, uint32_t *node);

/* Bytes that net_config.hello may have: it travels in one frame. */
#define NET_HELLO_MOST (((size_t)4 << 20) - 4096)

/* The configuration is copied.  All nodes have agreed on all links when it returns PUMA_OK; a node that fails
 * tells the others why, also those that come up to 1 s later, so that all report the same.  The session's
 * calls below are for one thread; net_failed and net_abort are for any. */
puma_status    net_open(net **n, const net_config *config, puma_error *e);
/* The value of an "input." key that the client sent; NULL if there is none. */
const char    *net_input(const net *n, const char *key);
/* 16 bytes: hash of every node's fresh nonce and the configuration. */
const uint8_t *net_session_id(const net *n);
/* Seed known to this node and `peer` alone, for one purpose: HKDF(root of the link, session, purpose). */
void           net_pair_seed(net *n, uint32_t peer, const char *purpose, uint8_t seed[32]);
void           net_own_seed(net *n, const char *purpose, uint8_t seed[32]);

/* How much a node that works ahead may have queued on a link: the dealer, and the client. */
#define NET_AHEAD ((size_t)64 << 20)
/* Takes over `payload` (malloc'd, may be NULL when size is 0).  PUMA_OFFLINE waits while more than
 * NET_AHEAD are queued if the dealer sends it, and so does all that the client sends; else PUMA_ONLINE never
 * waits. */
puma_status net_send(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e);
/* The next payload, which must have this size; the caller frees it.  NULL when there is none. */
puma_status net_recv(net *n, uint32_t from, uint8_t **payload, size_t size, puma_error *e);
/* Control messages (reports, plans): not payload, not counted.  The receiver frees *text. */
puma_status net_send_control(net *n, uint32_t to, const char *text, puma_error *e);
puma_status net_recv_control(net *n, uint32_t from, char **text, size_t limit, puma_error *e);

/* Payload to the client passes only between these two: a plugin that would reveal
 * on its own is PUMA_EPLUGIN. */
void net_allow_reveal(net *n, bool allowed);

typedef struct net_count {
    uint64_t sent[PUMA_NODES][2]; /* payload bytes by receiver and puma_phase                 */
    uint64_t received[PUMA_NODES];
    uint64_t messages; /* sent                                                     */
    uint64_t depth, depth_online;
    double   waited_offline_s; /* time net_recv waited for a PUMA_OFFLINE message          */
} net_count;
void net_counts(const net *n, net_count *out);
void net_depth_reset(net *n); /* all nodes call it between the same two messages          */
/* SHA-256 of all payload sent to `peer` since open; kept only when config.seed is set. */
void net_link_digest(const net *n, uint32_t peer, uint8_t digest[32]);

/* True once a link has failed; cheap, for long computations. */
bool        net_failed(const net *n);
/* DONE to all and from all: after it every peer is known to have finished. */
puma_status net_finish(net *n, puma_error *e);
/* Tells every peer why we stop; they report the same root cause, as "party 2: TEXT".  Does not wait:
 * net_close does (0.5 s at most).  Nothing happens when the run has failed already: the first reason stands.
 */
void        net_abort(net *n, const puma_error *why);
void        net_close(net *n);

/* Without TLS and a link: processor seconds that a byte of payload costs its sender or its receiver, and the
 * time that a small message takes.  Takes some 50 ms. */
puma_status net_measure(double *byte_s, double *message_s, puma_error *e);

#endif
