/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plan.h - a run with every choice made: what the run file, the model, the plugins and the input come to.
 *
 * Everything that can be refused is refused here, before a socket is opened (reliability.md K8): `puma plan`
 * stops behind it. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/error.h"
#include "exec/exec.h"
#include "ini/runfile.h"
#include "input/input.h"
#include "model/model.h"
#include "plugin/plugin.h"

#include <stdio.h>

typedef enum plan_role {
    PLAN_PARTY,  /* reads config.json and nothing of [input]     */
    PLAN_CLIENT, /* has the checkpoint, the tokenizer, the input  */
    PLAN_DEALER  /* works ahead: a party that has [input], for its length alone */
} plan_role;

typedef struct plan {
    runfile           *run;
    model             *model;
    model_source      *source; /* the client's; at a party only with synthetic weights */
    const plugin      *protocol;
    const puma_approx *function[PUMA_SLOT_COUNT]; /* NULL: not available and not needed                 */
    const plugin      *function_plugin[PUMA_SLOT_COUNT];
    char               function_name[PUMA_SLOT_COUNT][96]; /* "puma.gelu"; "" where there is none         */
    exec_config        exec;
    client_input       input; /* the client's; a dealer's for the lengths alone           */
    char              *hello;  /* canonical lines for net_config.hello               */
} plan;

puma_status plan_open(plan **p, const char *path, const char *const *sets, size_t set_count, plan_role role,
                      puma_error *e);
/* The reference of a comparison: plain in float with the plugin `exact`, same model and input. */
puma_status plan_reference(const plan *p, const plugin **protocol, const puma_approx **function,
                           rings *planned, puma_error *e);
void        plan_close(plan *p);
/* Does the run call this slot, directly or through a function that it calls? */
bool        plan_uses(const plan *p, puma_slot slot);
/* By how much equal results may differ: truncation of shares rounds at random.  0 in floating point. */
double      plan_ulp(const plan *p);
/* What the function in this slot warns of; NULL: nothing, or it is not used. */
const char *plan_caution(const plan *p, puma_slot slot);
/* Where the pass that begins with input `first` of inputs of these lengths ends: it takes them in order while
 * their tokens, and of generate the new ones, are [run] batch_tokens at most; one in any case. */
size_t      plan_pass(const plan *p, const size_t *tokens, size_t count, size_t first);
/* The choices, for people. */
void        plan_print(FILE *out, const plan *p);
char       *plan_json(const plan *p);
/* For session_config.option: a key of [plugin.NAME]; context is the plan. */
const char *plan_option(void *context, const char *plugin, const char *key);

#endif
