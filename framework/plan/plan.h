/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plan.h - a run with every choice made, from the run file, the model's shape and the plugins.  All nodes of
 * the run must agree on it.
 *
 * Every node makes one with plan_open before it opens a socket.  What can be refused without the input and
 * the weights is refused here.  It holds no secret of the client's: inputs, weights and the linear head are
 * in client_plan, which framework/input makes around a plan.  Of synthetic weights, which are public, it
 * holds only the seed; a node that needs the values makes them when it runs.  The folders below know nothing
 * of a run file. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/error.h"
#include "exec/exec.h"
#include "model/model.h"
#include "plan/runfile.h"
#include "plugin/plugin.h"

/* The kinds that are proved where weights can be read. */
typedef enum plan_range {
    PLAN_EMBEDDING,
    PLAN_ATTENTION,
    PLAN_ACTIVATION,
    PLAN_GATED,
    PLAN_SUMS,
    PLAN_LOGITS,
    PLAN_NORM,
    PLAN_PRODUCT,
    PLAN_QUERIES,
    PLAN_RELATIVE,
    PLAN_PROVED
} plan_range;

typedef struct plan {
    runfile           *run;
    model             *model;
    const plugin      *protocol;
    const puma_approx *function[PUMA_SLOT_COUNT]; /* NULL: not available, and not needed                 */
    const plugin      *function_plugin[PUMA_SLOT_COUNT];
    char               function_name[PUMA_SLOT_COUNT][96]; /* "puma.gelu"; "" where there is none         */
    size_t             most;  /* tokens of the longest sequence; with generate the new ones fit after it */
    exec_config        exec;
    bool               proved[PLAN_PROVED]; /* the client's: no input can leave these ranges, see ranges.h */
    char              *hello; /* lines for net_config.hello; the client adds its own */
} plan;

/* `own`: NULL at a compute party.  At the client, *own becomes the part of the run file that is the client's;
 * the caller frees it, also after a failure (NULL if none was read).  *p is set even after a failure, unless
 * memory ran out. */
puma_status plan_open(plan **p, runfile_input **own, const char *path, const char *const *sets, size_t set_count,
                      puma_error *e);
/* The same for a run in floating point that is to find ranges: none are asked, not even those of [numeric] ranges. */
puma_status plan_open_measure(plan **p, runfile_input **own, const char *path, const char *const *sets, size_t set_count,
                              puma_error *e);
void        plan_close(plan *p);
/* The reference for a comparison: the same model and input with the protocol plain, in float, and the plugin
 * `exact`. */
puma_status plan_reference(const plan *p, const plugin **protocol, const puma_approx **function,
                           rings *planned, puma_error *e);
/* Does the run itself call this slot? */
bool        plan_calls(const plan *p, puma_slot slot);
/* The same, or does the run file choose its function, which others may call? */
bool        plan_uses(const plan *p, puma_slot slot);
/* How much equal results may differ, because truncation of shares rounds at random; 0 in floating point. */
double      plan_ulp(const plan *p);
/* The caution of the function in this slot; NULL when it has none or is not used. */
const char *plan_caution(const plan *p, puma_slot slot);
/* Does it warn because the model's ranges reach beyond its domain?  Then the text says how far. */
enum { PLAN_BEYOND = 200 };
bool plan_beyond(const plan *p, puma_slot slot, char text[PLAN_BEYOND]);
/* Where the pass that begins with input `first` of inputs of these lengths ends: it takes them in order while
 * their tokens, and of generate the new ones, are [run] batch_tokens at most; one in any case. */
size_t      plan_pass(const plan *p, const size_t *tokens, size_t count, size_t first);
/* For session_config.option: the value of a key of [plugin.NAME].  `context` is the plan. */
const char *plan_option(void *context, const char *plugin, const char *key);

#endif
