/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* show.h - a plan as text and as JSON, for `puma plan`.  Nothing is printed here: the caller does. */
#ifndef PLAN_SHOW_H
#define PLAN_SHOW_H

#include "plan/plan.h"

/* What the client knows besides the plan. */
typedef struct show_inputs {
    const size_t *tokens; /* of each input                                      */
    size_t        count;
    const char   *chat;   /* the chat template in use; "": none                   */
    const char   *unused; /* tensors of the checkpoint that the run does not use, or NULL */
} show_inputs;

/* The choices as text for people, or as JSON; malloc'd.  NULL: out of memory. */
char *show_text(const plan *p, const show_inputs *in);
char *show_json(const plan *p, const show_inputs *in);

#endif
