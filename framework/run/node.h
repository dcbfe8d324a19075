/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* node.h - plays one node of a run: the wire, a session, the executor, the bill.
 *
 * run/ carries a plan out: it opens links and sessions, starts threads and processes, and counts. cli/ calls
 * it.  It makes no choices of its own, and what it finds out goes back as data: it prints only on a FILE that
 * the caller gave (answer.h), and ends the process only in stop.h. */
#ifndef RUN_NODE_H
#define RUN_NODE_H

#include "base/error.h"
#include "host/place.h"
#include "input/client.h"
#include "net/net.h"
#include "report/report.h"
#include "run/generate.h"

typedef struct node_config {
    const plan        *plan;
    const client_plan *client; /* with the same plan; NULL at a compute party; a dealer that works ahead
                                  has only lengths in it                                         */
    uint32_t    self; /* a party or PUMA_CLIENT; ignored with a PUMA_CAP_LOCAL backend    */
    const char *address[PUMA_NODES]; /* the parties'; the client has none */
    int         listen_fd; /* inherited listening socket, or -1                                */
    net_hub    *hub;       /* transport = memory                                               */
    bool        rehearsal; /* over `hub`: no weights, no words, only messages and memory are counted;
                           peak_rss_bytes is what a party's process would need                           */
    const char *certificates, *identity; /* see net_config */
    struct material_writer *deal; /* records this dealer's messages, without any peer: see material.h; or NULL */
    /* Called when the run reaches a place in the model, with the payload bytes sent so far; may be NULL. */
    void (*reached)(void *context, const char *where, uint64_t bytes);
    void *reached_context;
    /* At the client, for generate: see generation.say. */
    void (*say)(void *context, size_t input, const char *text, size_t size);
    void *say_context;
    void (*on_stuck)(void *context, const puma_error *why); /* see net_config                           */
    void *stuck_context;
    void (*event)(void *context, const net_event *event); /* see net_config                              */
    void *event_context;
    void (*observe)(void *context, const place *where, const char *what, double max_abs,
                    uint32_t product_bits);
    void *observe_context;
    void (*work)(puma_session *s,
                 void         *context); /* instead of the model, for benchmarks; a failure goes into s */
    void *work_context;
} node_config;

typedef struct node_result {
    report_party *parties; /* at the client every compute party's and its own; at a party its own */
    size_t        party_count;
    exec_output  *outputs; /* at the client, one an input                                      */
    size_t        output_count;
    generated    *generated; /* for generate, in place of outputs                               */
    bool          rehearsal; /* only the counts mean anything                                            */
    puma_error    distrust;  /* at the client: why the answers cannot be trusted; node_run's error, once the run is over */
} node_result;

puma_status node_run(const node_config *config, node_result *result, puma_error *e);
/* The reference for a comparison with `run`, computed in this process; only outputs are filled in.  With
 * generate it says which tokens it would choose after the same beginnings. */
puma_status node_reference(const client_plan *c, const node_result *run, node_result *result, puma_error *e);
void        node_result_free(node_result *result);

#endif
