/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* predict.h - how long a run will take on a link: the counts of a rehearsal, times what this machine's
 * kernels take. cli/ calls it.
 *
 * Rounds: each message of the longest chain takes half a round trip.  Bytes: the busiest of the parties that
 * work online sends its online bytes through one network card, to all peers together.  Compute: the slowest
 * of these parties, and for each round what a message takes without a link.  The three are added.  A dealer
 * works ahead at the same time: its bytes and its compute count only where they take longer than all the
 * rest.  Set-up: what the client sends, or the slowest node's compute, whichever takes longer. */
#ifndef RUN_PREDICT_H
#define RUN_PREDICT_H

#include "plan/link.h"
#include "run/node.h"

typedef struct prediction {
    link_speed link;
    double     seconds, rounds_s, bytes_s, compute_s, dealer_s;
    double     setup_s, setup_bytes_s, setup_compute_s;
    bool       shared; /* all parties on this machine, as in a local run; else one on each of several like it */
    size_t     cores;  /* of this machine                                                       */
} prediction;

/* The link that a run file describes: [network] link, else the emulated one. */
link_speed  predict_link(const runfile *r);
/* Measures this machine: about half a second. */
puma_status predict(prediction *out, const client_plan *c, const node_result *rehearsal, link_speed link, puma_error *e);

#endif
