/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rate.c - what messages cost the nodes' own processors: two nodes of this process send each other some.
 *
 * Called for predictions, through net_measure; uses net.h like any session. */
#include "net/net.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE ((size_t)1 << 20)
#define COUNT 12 /* of them each way            */
#define CHAIN 200 /* of small ones, each an answer to the one before */

typedef struct half {
    net_config config;
    puma_error error;
    pthread_t  thread;
    double     bulk_s, chain_s; /* processor seconds of both; time of the chain */
} half;

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void give(net *wire, uint32_t peer, size_t size, puma_error *e)
{
    uint8_t *payload = malloc(size);

    if (payload == NULL) {
        error_set(e, 1001, "out of memory for a measurement");
        return;
    }
    memset(payload, 1, size); /* a message's bytes are written before they go */
    net_send(wire, peer, payload, size, PUMA_ONLINE, e);
}

static void take(net *wire, uint32_t peer, size_t size, puma_error *e)
{
    uint8_t *payload = NULL;

    if (net_recv(wire, peer, &payload, size, e) == PUMA_OK) free(payload);
}

static void *play(void *context)
{
    half       *h = context;
    puma_error *e = &h->error;
    uint32_t    peer = 1 - h->config.self;
    net        *wire = NULL;
    double      start;

    if (net_open(&wire, &h->config, e) != PUMA_OK) return NULL;
    start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < COUNT && e->status == PUMA_OK; i++) {
        give(wire, peer, SIZE, e);
        if (e->status == PUMA_OK) take(wire, peer, SIZE, e);
    }
    h->bulk_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    start = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < CHAIN && e->status == PUMA_OK; i++) {
        if (i % 2 == (int)peer)
            give(wire, peer, 1024, e);
        else
            take(wire, peer, 1024, e);
    }
    h->chain_s = seconds(CLOCK_MONOTONIC) - start;
    if (e->status == PUMA_OK) net_finish(wire, e);
    if (e->status != PUMA_OK) net_abort(wire, e);
    net_close(wire);
    return NULL;
}

puma_status net_measure(double *byte_s, double *message_s, puma_error *e)
{
    net_hub *hub = net_hub_new();
    half     halves[2] = { 0 };
    bool     started = false;

    if (hub == NULL) return error_set(e, 1001, "out of memory for a measurement");
    for (uint32_t i = 0; i < 2; i++)
        halves[i].config = (net_config){ .transport = NET_MEMORY,
                                         .self = i,
                                         .present = { true, true },
                                         .listen_fd = -1,
                                         .hub = hub,
                                         .dealer = PUMA_NO_NODE,
                                         .connect_timeout_ms = 10000,
                                         .io_timeout_ms = 10000 };
    started = pthread_create(&halves[0].thread, NULL, play, &halves[0]) == 0;
    if (started) {
        play(&halves[1]);
        pthread_join(halves[0].thread, NULL);
    } else {
        error_set(e, 1002, "no thread for a measurement");
    }
    net_hub_free(hub);
    for (int i = 0; i < 2; i++)
        if (e->status == PUMA_OK && halves[i].error.status != PUMA_OK) *e = halves[i].error;
    /* Every byte was sent once and received once. */
    *byte_s = halves[1].bulk_s / (4.0 * COUNT * (double)SIZE);
    *message_s = halves[1].chain_s / CHAIN;
    return e->status;
}
