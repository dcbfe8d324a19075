/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* client.h - a plan together with what only the client has: the input and the weights. run/ and cli/ open it.
 *
 * A compute party opens a plan and never one of these, so its code has no place for a text or a weight.  An
 * input or a checkpoint that does not fit the plan is refused here.  Nothing is sent or printed. */
#ifndef INPUT_CLIENT_H
#define INPUT_CLIENT_H

#include "base/notes.h"
#include "input/input.h"
#include "plan/plan.h"

typedef struct client_plan {
    plan         *plan;
    client_input  input;
    model_source *source; /* the weights; NULL with CLIENT_LENGTHS */
    char         *hello;  /* the plan's lines, and the client's own, which begin with "input." */
    notes         notes;  /* for the user, also after a failure */
} client_plan;

typedef enum client_scope {
    CLIENT_ALL,     /* to run                                                                            */
    CLIENT_MEASURE, /* to run in floating point, so that no number has to fit a ring: plan_open_measure  */
    CLIENT_LENGTHS  /* a dealer who works ahead: of the input the lengths, of the checkpoint config.json */
} client_scope;

/* *c is set even after a failure, unless memory ran out. */
puma_status client_open(client_plan **c, const char *path, const char *const *sets, size_t set_count, client_scope scope,
                        puma_error *e);
void        client_close(client_plan *c); /* wipes secrets; NULL is allowed */
/* The number of tokens of each input, malloc'd. */
puma_status client_lengths(const client_plan *c, size_t **tokens, size_t *count, puma_error *e);

#endif
