/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* state.h - the executor's state, nothing else: exec.c creates and frees it, weights.c fills in the shares,
 * the other files read it. */
#ifndef EXEC_STATE_H
#define EXEC_STATE_H

#include "exec/config.h"
#include "host/session.h"

#include <puma/ops.h>

/* Shares of one layer's weights.  There are H heads of e numbers, of which K have keys and values. */
struct layer_weights {
    puma_share qkv, qkv_bias; /* ((H + 2K) e, d), ((H + 2K) e): query, key and value one above the other; the
                                 query carries 1/sqrt(e) and the factor that softmax wants on its operand */
    puma_share output, output_bias;          /* (d, H e), (d) */
    puma_share up, up_bias, down, down_bias; /* in a gated MLP the gate's rows are above up's */
    /* Of norms that follow a sum: the next sum adds them in. */
    puma_share attention_gain, attention_bias, mlp_gain, mlp_bias;
};

/* A step after the pooling. */
struct step_weights {
    puma_share weight, bias, gain; /* (out, in), (out), (out) */
};

/* Every node of a run has one and calls the same functions on it in the same order, with the same lengths.
 *
 * A share is NULL where the model has no such tensor.  All shares of weights are in the session's outermost
 * scope and live as long as the session; layers that share their weights (model_group) hold the same
 * pointers.  At a client that does not compute, shares have a shape and no contents, and those of a layer are
 * never read.
 *
 * cached and sequences are public and equal at all nodes. cache[i] is NULL, or holds for each sequence in
 * turn the keys and values of its cached tokens; all layers hold the same tokens. */
struct exec {
    puma_session *s;
    exec_config   config;
    uint32_t   provider; /* the node that brings weights and inputs and receives the answers: the client, or
                            with a backend of one party this node itself */
    puma_share table;    /* (V + types, d): token and type embeddings, one above the other */
    puma_share position; /* (positions, d); NULL with rotary positions */
    puma_share patch, patch_bias, cls; /* for pictures: (d, numbers in a patch), (d), (d) */
    puma_share embedding_gain, embedding_bias;
    puma_share map, map_bias; /* after the embedding's norm: (d, embedding_width), (d) */
    puma_share relative; /* (bucket_rows, H): what relative positions add to the scores, scaled for softmax */
    puma_share final_gain, final_bias; /* where the final norm's output itself is revealed */
    struct layer_weights *layers;      /* model.layers of them */
    puma_share            head_dense, head_dense_bias, head_out, head_out_bias;
    struct step_weights  *steps;             /* a sentence encoder's, model.step_count of them */
    puma_share           *cache;             /* per layer (K, cached, 2e): turned key, value */
    size_t               *cached, sequences; /* tokens of each sequence in the cache; 0 sequences: none yet */
    bool                  guards;            /* [numeric] guard, and numbers that can leave a ring */
    uint32_t              guard_bits, score_frac; /* guard.c: the ring of rows, bits behind the point of queries and keys */
    uint64_t              score_most;        /* guard.c; 0: nothing is stated of queries and keys */
    char                  distrust[64];      /* guard.c, at the receiver: what the verdict says; "": nothing failed */
    struct recordings    *recordings;        /* in a rehearsal; only rehearse.c knows their contents */
};

/* Is this the node that brings weights and inputs? */
static inline bool exec_is_provider(const struct exec *x) { return x->s->role == x->provider; }

/* In a rehearsal tensors have shapes and no contents, and no node has values to share. */
static inline bool exec_is_rehearsal(const struct exec *x) { return (x->s->caps & PUMA_CAP_REHEARSAL) != 0; }

#endif
