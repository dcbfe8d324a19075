/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wire.h - wires without a thread: the node that is tested, and its peers, which say what is right to
 * say.
 *
 * Everything comes from one seed, so that a HELLO or a ROSTER is right for every input and need not be
 * guessed. */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include "fuzz.h"

#include "net/transport.h"

#include <sys/eventfd.h>

static const uint8_t wire_seed[32] = { 1, 2, 3 };

/* Who takes part. */
typedef struct wire_cast {
    uint32_t parties, dealer; /* the dealer is a party of these, or PUMA_NO_NODE */
    bool     client;
} wire_cast;

static const wire_cast wire_casts[] = { { 3, PUMA_NO_NODE, true },
                                        { 3, 2, true },
                                        { 2, PUMA_NO_NODE, false } };
#define WIRE_CASTS (sizeof wire_casts / sizeof *wire_casts)

/* What nodes agree on; the client has a line more. */
#define WIRE_LINES "model.hidden=8\nrun.protocol=rep3\nrun.task=embed\n"
#define WIRE_INPUT "input.tokens=5\n"

static inline net *wire_new(const wire_cast *cast, uint32_t self, const transport *t, const char *hello)
{
    puma_error e = { 0 };
    net       *n = calloc(1, sizeof *n);

    FUZZ_CHECK(n != NULL);
    n->config = (net_config){ .transport = t->reachable ? NET_TLS : NET_MEMORY,
                              .self = self,
                              .dealer = cast->dealer,
                              .called_dealer = cast->dealer != PUMA_NO_NODE,
                              .connect_timeout_ms = 1000,
                              .io_timeout_ms = 1000,
                              .hub = t->reachable ? NULL : net_hub_new(),
                              .seed = wire_seed };
    n->transport = t;
    for (uint32_t i = 0; i < cast->parties; i++) n->config.present[i] = true;
    n->config.present[PUMA_CLIENT] = cast->client;
    pthread_mutex_init(&n->lock, NULL);
    pthread_mutex_init(&n->baton, NULL);
    pthread_cond_init(&n->changed, NULL);
    n->listen_fd = -1;
    n->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    n->connect_by = net_now_ms() + n->config.connect_timeout_ms;
    n->hello = strdup(hello);
    n->reveal_allowed = true;
    FUZZ_CHECK(t->reachable || n->config.hub != NULL);
    FUZZ_CHECK(n->wake_fd >= 0 && n->hello != NULL && hello_start(n, &e));
    return n;
}

static inline void wire_free(net *n)
{
    net_hub *hub = n->config.hub;

    for (conn *c = n->conns; c != NULL; c = c->next) conn_drop(n, c);
    conn_sweep(n);
    net_close(n);
    net_hub_free(hub);
}

/* The lines of one node. */
static inline const char *wire_lines(const wire_cast *cast, uint32_t self)
{
    return cast->client && self == PUMA_CLIENT ? WIRE_INPUT WIRE_LINES : WIRE_LINES;
}

/* A peer that has met everybody: its HELLO, CONFIG and ROSTER are right. */
static inline net *wire_peer(const wire_cast *cast, uint32_t self)
{
    net *n = wire_new(cast, self, &memory_transport, wire_lines(cast, self));

    n->full = strdup(wire_lines(cast, cast->client ? PUMA_CLIENT : self));
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        uint8_t node = (uint8_t)wire_number(i);

        if (n->config.present[i]) FUZZ_CHECK(hello_derive(n->nonce[i], wire_seed, &node, 1, "nonce"));
    }
    return n;
}

/* The peers of every cast, made once. */
static net *wire_peers[WIRE_CASTS][PUMA_NODES];

static inline void wire_make_peers(void)
{
    for (size_t k = 0; k < WIRE_CASTS; k++)
        for (uint32_t i = 0; i < PUMA_NODES; i++)
            if (i < wire_casts[k].parties || (i == PUMA_CLIENT && wire_casts[k].client))
                wire_peers[k][i] = wire_peer(&wire_casts[k], i);
}

/* A node of the cast, by a choice. */
static inline uint32_t wire_node_of(const wire_cast *cast, unsigned choice)
{
    uint32_t i = choice % (cast->parties + cast->client);

    return i < cast->parties ? i : PUMA_CLIENT;
}

/* The frame of the handshake that a peer would send; the caller frees it. */
static inline frame *wire_right_frame(const net *peer, frame_type type, uint32_t to)
{
    switch (type) {
    case FRAME_HELLO: return hello_frame(peer, to);
    case FRAME_CONFIG: return hello_config(peer);
    case FRAME_ROSTER: return hello_roster((net *)(uintptr_t)peer, to);
    default: return frame_new(type, NULL, 0);
    }
}

/* Bytes at places that the input names become others; the frame's size too. */
static inline void wire_change(frame *f, fuzz_feed *feed, unsigned changes)
{
    while (changes-- > 0 && fuzz_left(feed) >= 2) {
        unsigned at = fuzz_byte(feed), to = fuzz_byte(feed);

        if (at == 255 && to < f->size)
            f->size = to;
        else if (f->size > 0)
            f->data[at % f->size] = (uint8_t)to;
    }
}

#endif
