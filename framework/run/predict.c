/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* predict.c - see predict.h */
#include "run/predict.h"

#include "ring/ring.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

link_speed predict_link(const runfile *r)
{
    link_speed link = r->link;

    if (link.bits_per_s > 0 || (r->bandwidth_mbps == 0 && r->round_trip_ms == 0)) return link;
    link.bits_per_s = r->bandwidth_mbps > 0 ? 1e6 * r->bandwidth_mbps : 1e13;
    link.round_trip_s = 1e-3 * r->round_trip_ms;
    return link;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds that the client takes to read the weights, extrapolated from the time for its largest tensor below
 * 4 million numbers. */
static puma_status read_weights(double *seconds, const client_plan *c, puma_error *e)
{
    const model *m = c->plan->model;
    double       all = 0, most = 0;
    size_t       which = 0;

    *seconds = 0;
    if (c->source == NULL) return PUMA_OK;
    for (size_t i = 0; i < m->tensor_count; i++) {
        const model_tensor *t = &m->tensors[i];
        double              n = (double)t->dim[0] * (t->rank == 2 ? (double)t->dim[1] : 1);

        all += n;
        if (n > most && n < 4e6) {
            most = n;
            which = i;
        }
    }
    if (most > 0) {
        double  start = now(), *values = NULL;

        if (model_values(c->source, which, &values, e) == PUMA_OK) *seconds = (now() - start) / most * all;
        free(values);
    }
    return e->status;
}

/* One of the nodes that share a machine.  They measure at the same time, because hardware threads, caches and
 * memory are slower for two nodes than for one. */
typedef struct neighbour {
    ring_rates rates;
    puma_error error;
    pthread_t  thread;
    bool       started;
} neighbour;

static void *measure(void *context)
{
    neighbour *n = context;

    ring_measure(&n->rates, &n->error);
    return NULL;
}

static puma_status measure_together(ring_rates *rates, size_t nodes, puma_error *e)
{
    neighbour others[PUMA_NODES] = { 0 };

    for (size_t i = 1; i < nodes; i++)
        others[i].started = pthread_create(&others[i].thread, NULL, measure, &others[i]) == 0;
    ring_measure(rates, e);
    for (size_t i = 1; i < nodes; i++)
        if (others[i].started) pthread_join(others[i].thread, NULL);
    return e->status;
}

/* Nodes that share this machine end only when its cores have done the work of all of them. */
static double compute(const prediction *x, double slowest, double sum)
{
    return x->shared ? fmax(slowest, sum / (double)x->cores) : slowest;
}

puma_status predict(prediction *out, const client_plan *c, const node_result *rehearsal, link_speed link, puma_error *e)
{
    const plan    *p = c->plan;
    const runfile *r = p->run;
    uint32_t       dealer = p->protocol->protocol->dealer;
    long           cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t         parties = p->protocol->protocol->parties;
    double         slowest = 0, sum = 0, setup_slowest = 0, setup_sum = 0, reading = 0, bytes = 0, chain_end;
    double         wire_byte, message;
    uint64_t       rounds = 0;
    ring_rates     rates;

    *out = (prediction){ .link = link, .shared = r->address[0] == NULL, .cores = cores > 0 ? (size_t)cores : 1 };
    ring_set_threads(r->threads > 0 ? r->threads
                     : out->shared  ? (out->cores > parties ? (int)(out->cores / parties) : 1)
                                    : (int)out->cores);
    if (measure_together(&rates, !out->shared ? 1 : out->cores < parties ? out->cores : parties, e) != PUMA_OK ||
        net_measure(&wire_byte, &message, e) != PUMA_OK || read_weights(&reading, c, e) != PUMA_OK) return e->status;
    rates.packed_byte += wire_byte;
    for (size_t i = 0; i < rehearsal->party_count; i++) {
        const report_party *one = &rehearsal->parties[i];
        bool   client = one->node == PUMA_CLIENT, ahead = one->node == dealer, brings = client;
        double work = ring_seconds(&rates, &one->work), setup = ring_seconds(&rates, &one->setup_work);

        if (p->exec.public_weights) brings = !client; /* every party makes its own */
        if (brings) setup += reading;
        rounds = one->rounds > rounds ? one->rounds : rounds;
        sum += work;
        setup_sum += setup;
        setup_slowest = fmax(setup_slowest, setup);
        out->setup_bytes_s = fmax(out->setup_bytes_s, 8 * (double)one->setup_bytes / link.bits_per_s);
        if (ahead) {
            out->dealer_s = work + 8 * (double)one->sent_bytes / link.bits_per_s;
        } else {
            slowest = fmax(slowest, work);
            bytes = fmax(bytes, (double)(one->sent_bytes - one->sent_bytes_offline));
        }
    }
    out->rounds_s = (double)rounds * link.round_trip_s / 2;
    out->bytes_s = 8 * bytes / link.bits_per_s;
    out->compute_s = compute(out, slowest, sum) + (double)rounds * message;
    chain_end = out->rounds_s + out->bytes_s + out->compute_s;
    out->seconds = fmax(chain_end, out->dealer_s);
    out->setup_compute_s = compute(out, setup_slowest, setup_sum);
    out->setup_s = fmax(out->setup_bytes_s, out->setup_compute_s);
    return PUMA_OK;
}
