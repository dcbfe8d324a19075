/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* local.h - a whole run on this host, with this process as the client. cli/ calls it. */
#ifndef RUN_LOCAL_H
#define RUN_LOCAL_H

#include "run/node.h"

/* local_run starts the compute parties (this program with --party N, each on a loopback port of its own),
 * plays the client, and waits for them.  With transport memory the parties are threads; with a PUMA_CAP_LOCAL
 * backend there are none. tls without certificates: they are made for the run, and are in no file. */
typedef struct local_config {
    const client_plan *client;
    const char        *path; /* the run file, with the --set options */
    const char *const *sets;
    size_t             set_count;
    /* See node_config.reached and .say. */
    void (*reached)(void *context, const char *where, uint64_t bytes);
    void *reached_context;
    void (*say)(void *context, size_t input, const char *text, size_t size);
    void *say_context;
    /* See net_config.event: of the client's wire, and not of certificates that were made for this run. */
    void (*event)(void *context, const net_event *event);
} local_config;

puma_status local_run(const local_config *config, node_result *result, puma_error *e);

/* The run without its numbers: every party is a thread and does its part with the run's executor, functions
 * and backend, on tensors that have a shape and no words, and sends messages of which only the length passes.
 * Bytes, messages and rounds are those of the run, memory is a prediction; outputs and times mean nothing.
 * Needs no weights.  With a PUMA_CAP_LOCAL backend nothing is sent and nothing is rehearsed. */
puma_status local_rehearse(const client_plan *c, node_result *result, puma_error *e);

/* Runs `work` on each party's session in place of the model, the parties being threads: for benchmarks. */
puma_status local_work(const client_plan *c, void (*work)(puma_session *s, void *context), void *context,
                       node_result *result, puma_error *e);

#endif
