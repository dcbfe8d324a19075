/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* node.h - plays one node of a run: the wire, a session, the executor, the bill.
 *
 * run/ turns a plan into what happens: it opens links and sessions, starts threads and processes, and takes the
 * counts.  cli/ calls it.  It makes no choice that the plan has not made, and what it finds out goes back as data: it
 * prints only on a FILE that the caller gave (answer.h), and ends the process only in stop.h. */
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
    const client_plan *client; /* with the same plan; NULL at a compute party.  Of a dealer who works ahead: the
                                  lengths alone                                                  */
    uint32_t    self; /* a party or PUMA_CLIENT; ignored with a PUMA_CAP_LOCAL backend    */
    const char *address[PUMA_NODES]; /* of the parties; the client has none */
    int         listen_fd; /* inherited listening socket, or -1                                */
    net_hub    *hub;       /* transport = memory                                               */
    bool        rehearsal; /* over `hub`: no weights, no words, only messages and memory are counted;
                           peak_rss_bytes is what a party's process would need                           */
    const char *certificates;
    struct material_writer *deal; /* makes a record of its messages, without any peer: see material.h; NULL */
    /* A place in the model was reached, and so many bytes of payload have been sent; NULL: nobody wants to know. */
    void (*reached)(void *context, const char *where, uint64_t bytes);
    void *reached_context;
    /* The client's, of generate: see generation.say. */
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
                 void         *context); /* in place of the model: for benchmarks; failures stick to s */
    void *work_context;
} node_config;

typedef struct node_result {
    report_party *parties; /* the client's: every compute party and itself; a party's: itself  */
    size_t        party_count;
    exec_output  *outputs; /* the client's: one an input                                       */
    size_t        output_count;
    generated    *generated; /* of generate, in place of outputs                                */
    bool          rehearsal; /* only counts mean anything                                                */
} node_result;

puma_status node_run(const node_config *config, node_result *result, puma_error *e);
/* The reference of a comparison with `run`, in this process: outputs only.  Of generate it says what it would
 * choose behind the same beginnings. */
puma_status node_reference(const client_plan *c, const node_result *run, node_result *result, puma_error *e);
void        node_result_free(node_result *result);

#endif
