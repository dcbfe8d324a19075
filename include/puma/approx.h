/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/approx.h - the table of an approximation: one named implementation of one function.
 *
 * An approximation is written against <puma/ops.h> only.  It never learns which protocol runs, never sees a
 * socket, and reveals nothing. */
#ifndef PUMA_APPROX_H
#define PUMA_APPROX_H

#include <puma/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name in [approximation], slot */
#define PUMA_SLOTS(X)                                                                                        \
    X(PUMA_SLOT_GELU, "gelu")                                                                                \
    X(PUMA_SLOT_GELU_TANH, "gelu_tanh")                                                                      \
    X(PUMA_SLOT_SILU, "silu")                                                                                \
    X(PUMA_SLOT_RELU, "relu")                                                                                \
    X(PUMA_SLOT_TANH, "tanh")                                                                                \
    X(PUMA_SLOT_EXP, "exp")                                                                                  \
    X(PUMA_SLOT_SOFTMAX, "softmax")                                                                          \
    X(PUMA_SLOT_RECIPROCAL, "reciprocal")                                                                    \
    X(PUMA_SLOT_RSQRT, "rsqrt")                                                                              \
    X(PUMA_SLOT_LAYERNORM, "layernorm")                                                                      \
    X(PUMA_SLOT_RMSNORM, "rmsnorm")

typedef enum puma_slot {
#define X(slot, name) slot,
    PUMA_SLOTS(X)
#undef X
        PUMA_SLOT_COUNT
} puma_slot;

/* What a function gets besides its operand. */
typedef struct puma_arguments {
    uint32_t struct_size;
    uint32_t bits, frac; /* ring and fraction of the result                                       */
    double   epsilon;    /* for the norms                                                          */
    /* softmax: NULL, or a public length for each row (all axes but the last, counted through), from 1 to the
     * row's number of entries, as for the rows of a causal mask.  Entries beyond the length are 0 in the
     * result; they may hold anything, influence nothing, and cost no work. */
    const size_t *lengths;
} puma_arguments;

/* An option that a plugin reads through host->option.  It is declared so that a misspelt one is refused when
 * the plan is made. */
typedef struct puma_option {
    const char *key;
    double      min, max; /* for a number; an integer if both bounds and the step are               */
    double      fallback;
    const char *help;
} puma_option;

struct puma_approx {
    uint32_t    struct_size;
    uint32_t    slot;       /* puma_slot                                                         */
    const char *name;       /* the variant: [approximation] gelu = PLUGIN.NAME                   */
    const char *source;     /* paper and section                                                 */
    uint64_t    needs;      /* the PUMA_CAP_* that it requires                                    */
    double      max_error;  /* absolute, over its stated domain; tests hold it to that           */
    double      domain[2];  /* where max_error is promised: a plan whose ranges reach beyond it is refused,  *
                             * or warned of where there is a caution.  Of softmax with input_bits, which    *
                             * sees differences alone: entries of a row lie no further apart than its width. *
                             * Of a norm: a row's root mean square                                           */
    uint32_t    input_bits; /* ring its operand must have: 0 the widest, else this many integer
                             * bits (sign included) on top of the fraction are enough            */
    /* x -> result of the same shape.  softmax, layernorm and rmsnorm work on rows (the last axis);
     * the norms leave out gain and bias, which the executor applies.  NULL after a failure. */
    const puma_tensor *(*eval)(puma_session *s, const puma_tensor *x, const puma_arguments *a);
    const puma_option *options; /* closed by key NULL; may be NULL                                   */
    double operand_scale; /* softmax: its operand arrives multiplied by this (folded into the query's weights);
                           * 0 means 1                                                         */
    /* What a user should know before choosing it, in one line, which every run that uses it prints as a
     * warning.  NULL: nothing. */
    const char *caution;
};

#ifdef __cplusplus
}
#endif

#endif
