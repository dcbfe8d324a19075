/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* answer.h - what a run shows: its outputs and their distance from the reference as a report, in JSON or for
 * people. cli/ calls it.  It computes nothing on shares and prints only on the FILE it is given. */
#ifndef RUN_ANSWER_H
#define RUN_ANSWER_H

#include "run/node.h"

/* The report in report.h's form; malloc'd.  `reference` is NULL without [compare]. */
puma_status answer_json(const client_plan *c, const node_result *result, const node_result *reference, char **json,
                        puma_error *e);
/* Prints the answer, the reference beside it, the distance and the cost table.  With generate the answer is
 * left out: it was printed as it came. */
puma_status answer_print(FILE *out, const client_plan *c, const node_result *result, const node_result *reference,
                         puma_error *e);

/* Prints only the cost table. */
puma_status answer_cost(FILE *out, const client_plan *c, const node_result *result, puma_error *e);
/* A compute party's report, which lists only the party itself; malloc'd. */
puma_status answer_party_json(const plan *p, const node_result *result, char **json, puma_error *e);

#endif
