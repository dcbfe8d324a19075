/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* answer.h - what a run shows: its outputs and distance as a report, in JSON or for people. */
#ifndef RUN_ANSWER_H
#define RUN_ANSWER_H

#include "run/node.h"

/* The report, as report.h has it; malloc'd.  `reference` NULL without [compare]. */
puma_status answer_json(const client_plan *c, const node_result *result, const node_result *reference, char **json,
                        puma_error *e);
/* Answer, reference beside it, distance, cost table.  Of generate not the answer, which has been printed as
 * it came. */
puma_status answer_print(FILE *out, const client_plan *c, const node_result *result, const node_result *reference,
                         puma_error *e);

/* The cost table alone. */
puma_status answer_cost(FILE *out, const client_plan *c, const node_result *result, puma_error *e);
/* A compute party's report, which lists itself alone; malloc'd. */
puma_status answer_party_json(const plan *p, const node_result *result, char **json, puma_error *e);

#endif
