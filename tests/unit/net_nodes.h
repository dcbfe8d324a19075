/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* net_nodes.h - for tests of the wire: the nodes of a run as threads of this process */
#ifndef NET_NODES_H
#define NET_NODES_H

#include "../support/certificates.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct node node;
typedef struct run  run;

struct node {
    run       *of;
    uint32_t   self;
    net       *wire;
    net_config config;
    puma_error error;
    pthread_t  thread;
    double     seconds; /* from the start to the end of its part */
    net_count  count;
    uint8_t    digest[PUMA_NODES][32], session[16], seed[PUMA_NODES][32];
    char       note[ERROR_TEXT];
    int        number;
};

struct run {
    uint32_t parties;
    node     nodes[PUMA_NODES];
    net_hub *hub;
    char     address[PUMA_NODES][32], certificates[64];
    void (*part)(node *me); /* between net_open and net_close; failures are left in me->error */
    pthread_barrier_t barrier;
};

/* The node behind node i in a run: its parties, then the client, then PUMA_NODES.
 *     for (uint32_t i = 0; i < PUMA_NODES; i = after(r, i)) */
static inline uint32_t after(const run *r, uint32_t i)
{
    if (i + 1 < r->parties) return i + 1;
    return i < PUMA_CLIENT ? PUMA_CLIENT : PUMA_NODES;
}

/* The same, and the first behind the last. */
static inline uint32_t next_of(const node *me)
{
    uint32_t i = after(me->of, me->self);

    return i < PUMA_NODES ? i : 0;
}

/* The next payload into an array of its size. */
static inline puma_status net_get(net *n, uint32_t from, void *to, size_t size, puma_error *e)
{
    uint8_t *payload;

    if (net_recv(n, from, &payload, size, e) == PUMA_OK && size > 0) memcpy(to, payload, size);
    free(payload);
    return e->status;
}

static inline double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A listening socket on a free port of the loopback. */
static inline int listen_anywhere(char address[32])
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t          bytes = sizeof a;
    int                fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 64) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &bytes), 0);
    snprintf(address, 32, "127.0.0.1:%u", ntohs(a.sin_port));
    return fd;
}

/* One role's anew. */
static inline puma_status renew_certificate(const char *directory, const char *role, unsigned *days, puma_error *e)
{
    certificates *set;

    if (certificates_renew(&set, directory, role, days, e) == PUMA_OK) certificates_place(set, e);
    certificates_close(set);
    return e->status;
}

/* So many parties and the client, who agree; tests change what they are about. */
static inline void run_prepare_parties(run *r, uint32_t parties, net_transport over)
{
    bool sockets = over == NET_TCP || over == NET_TLS;

    memset(r, 0, sizeof *r);
    r->parties = parties;
    r->hub = sockets ? NULL : net_hub_new();
    assert_int_equal(pthread_barrier_init(&r->barrier, NULL, parties + 1), 0);
    if (over == NET_TLS) {
        puma_error e = { 0 };

        strcpy(r->certificates, "/tmp/puma-test-net-XXXXXX");
        assert_non_null(mkdtemp(r->certificates));
        assert_int_equal(certificates_make(r->certificates, parties, 30, &e), PUMA_OK);
    }
    for (uint32_t i = 0; i < PUMA_NODES; i = after(r, i)) {
        net_config *c = &r->nodes[i].config;

        r->nodes[i].of = r;
        r->nodes[i].self = i;
        c->transport = over;
        c->self = i;
        c->listen_fd = sockets && i != PUMA_CLIENT ? listen_anywhere(r->address[i]) : -1;
        c->hub = r->hub;
        c->certificates = r->certificates[0] ? r->certificates : NULL;
        c->dealer = 0;
        c->connect_timeout_ms = 10000;
        c->io_timeout_ms = 10000;
        c->hello =
            i == PUMA_CLIENT ? "input.length=7\nmodel=tiny\nring_bits=64\n" : "model=tiny\nring_bits=64\n";
    }
    for (uint32_t i = 0; i < PUMA_NODES; i = after(r, i))
        for (uint32_t k = 0; k < PUMA_NODES; k = after(r, k)) {
            r->nodes[i].config.present[k] = true;
            r->nodes[i].config.address[k] = r->address[k][0] ? r->address[k] : NULL;
        }
}

/* Of 3PC. */
static inline void run_prepare(run *r, net_transport over) { run_prepare_parties(r, 3, over); }

static inline void *node_main(void *arg)
{
    node  *me = arg;
    double start = now_s();

    if (net_open(&me->wire, &me->config, &me->error) == PUMA_OK) {
        memcpy(me->session, net_session_id(me->wire), 16);
        if (me->of->part) me->of->part(me);
        net_counts(me->wire, &me->count);
        for (uint32_t i = 0; i < PUMA_NODES; i++) net_link_digest(me->wire, i, me->digest[i]);
    }
    me->seconds = now_s() - start;
    net_close(me->wire);
    return NULL;
}

static inline void node_start(node *me)
{
    assert_int_equal(pthread_create(&me->thread, NULL, node_main, me), 0);
}

static inline void run_join(run *r)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (r->nodes[i].thread) pthread_join(r->nodes[i].thread, NULL);
}

static inline void run_free(run *r)
{
    char command[128];

    net_hub_free(r->hub);
    pthread_barrier_destroy(&r->barrier);
    if (!r->certificates[0]) return;
    snprintf(command, sizeof command, "rm -r %s", r->certificates);
    assert_int_equal(system(command), 0);
}

/* Starts all present nodes and waits for their ends. */
static inline void run_all(run *r, void (*part)(node *))
{
    r->part = part;
    for (uint32_t i = 0; i < PUMA_NODES; i = after(r, i))
        if (r->nodes[i].config.present[i]) node_start(&r->nodes[i]);
    run_join(r);
}

/* Prints what a node said when it should have said nothing. */
static inline void assert_fine(const run *r)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        if (r->nodes[i].error.status != PUMA_OK) print_error("node %u: %s\n", i, r->nodes[i].error.text);
        assert_int_equal(r->nodes[i].error.status, PUMA_OK);
    }
}

static inline void assert_says(const node *n, puma_status status, const char *part)
{
    if (n->error.status != status || !strstr(n->error.text, part))
        print_error("node %u: status %d, \"%s\"; expected status %d, \"%s\"\n", n->self, (int)n->error.status,
                    n->error.text, (int)status, part);
    assert_int_equal(n->error.status, status);
    assert_non_null(strstr(n->error.text, part));
}

/* The byte at i of the message that `from` sends `to`. */
static inline uint8_t byte_of(uint32_t from, uint32_t to, size_t i)
{
    return (uint8_t)(i * 31 + (i >> 9) + from * 7 + to * 3);
}

static inline void *message(uint32_t from, uint32_t to, size_t size)
{
    uint8_t *p = malloc(size ? size : 1);

    for (size_t i = 0; p && i < size; i++) p[i] = byte_of(from, to, i);
    return p;
}

static inline bool is_message(const uint8_t *p, uint32_t from, uint32_t to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (p[i] != byte_of(from, to, i)) return false;
    return true;
}

#endif
