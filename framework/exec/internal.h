/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the executor's state; shared by exec.c (in and out), embedding.c (the lookup), transformer.c
 * (the layers), attention.c and head.c (what is revealed). */
#ifndef EXEC_INTERNAL_H
#define EXEC_INTERNAL_H

#include "exec/exec.h"
#include "host/rehearsal.h"
#include "host/session.h"

#include <puma/ops.h>

/* H heads of e numbers, K of them with keys and values. */
struct layer_weights {
    puma_share qkv, qkv_bias; /* ((H + 2K) e, d), ((H + 2K) e): query, key and value one above the other;
                                 query carries 1/sqrt(e) and what softmax wants its operand multiplied by */
    puma_share output, output_bias;          /* (d, H e), (d) */
    puma_share up, up_bias, down, down_bias; /* of a gated MLP the gate's rows stand above up's */
    puma_share attention_gain, attention_bias, mlp_gain,
        mlp_bias; /* of norms that are followed by a residual */
};

/* A step behind the pooling; NULL where it has none. */
struct step_weights {
    puma_share weight, bias, gain; /* (out, in), (out), (out) */
};

/* A layer that a rehearsal has recorded, by what its messages depend on; transformer.c. */
typedef struct layer_shape {
    bool        known;
    int         layer;
    puma_tensor in, out, kept; /* shapes, whose words belong to nobody; kept: n 0 when nothing is */
    bool        last;
    size_t      count, *lengths; /* of the pass: its tokens, behind them its first */
} layer_shape;

struct exec {
    puma_session *s;
    exec_config   config;
    uint32_t   owner; /* node that has weights and input: the client, or this one with a local backend      */
    puma_share table; /* (V + types, d): token and type embeddings, one above the other                     */
    puma_share position; /* (positions, d); NULL with rotary positions */
    puma_share patch, patch_bias, cls; /* of pictures: (d, numbers of a patch), (d), (d)                 */
    puma_share embedding_gain, embedding_bias;
    puma_share map, map_bias; /* behind the embedding's norm: (d, embedding_width), (d)                   */
    puma_share
        relative; /* (bucket_rows, H), what relative positions add to the scores; times what softmax wants */
    puma_share final_gain, final_bias; /* where the final norm's output itself is revealed */
    struct layer_weights *layers;
    puma_share            head_dense, head_dense_bias, head_out, head_out_bias;
    struct step_weights  *steps; /* of a sentence encoder, model.steps of them */
    puma_share           *cache; /* a layer: (K, cached, 2e), turned keys beside values; NULL at the client */
    size_t               *cached, sequences; /* tokens of each sequence in the cache, known to every node */
    layer_shape           rehearsed[SESSION_RECORDINGS];
    size_t                next_rehearsed;
};

static inline bool exec_is_owner(const struct exec *x) { return x->s->role == x->owner; }

/* Shares `values` (the owner's; NULL elsewhere) with `frac` fraction bits in a ring of `bits`. */
puma_share exec_share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac,
                      uint32_t bits);

/* One pass through the layers: sequences whose rows stand one below the other.  Whatever is done row by row
 * is done to all at once; attention alone must know where each one's begin. */
typedef struct pass {
    size_t        count;
    const size_t *tokens; /* of each: its rows that go in; 0: it takes no part, and leaves the cache    */
    const size_t *first;  /* of each: the position of its first token: what the cache holds of it       */
    bool          last;   /* of the last layer's output each sequence's last row alone is looked at     */
    bool          keep;   /* keys and values are appended to the cache                                  */
} pass;

/* Rows of sequence i: its last alone, or all that go in. */
static inline size_t pass_rows_of(const pass *p, bool last, size_t i)
{
    return last && p->tokens[i] > 0 ? 1 : p->tokens[i];
}
/* Rows of all sequences. */
static inline size_t pass_rows(const pass *p, bool last)
{
    size_t rows = 0;

    for (size_t i = 0; i < p->count; i++) rows += pass_rows_of(p, last, i);
    return rows;
}

/* embedding.c: what the owner shares of a sequence, in the form of [run] embedding. */
typedef struct exec_tokens {
    size_t          count;
    puma_share      hot;        /* one-hot rows over tokens and types: (T, V + types), frac 0     */
    puma_share      ids, types; /* integers (T), for equality tests; types NULL when the model has none */
    puma_share      patches;    /* of pictures: (T - 1 each, numbers of a patch)                         */
    const uint32_t *client_ids, *client_types; /* for the protocol's lookup, at the owner: exec_run's own */
} exec_tokens;

/* Every node; `ids` and `types` at the owner, NULL elsewhere. */
exec_tokens exec_share_tokens(struct exec *x, size_t tokens, const uint32_t *ids, const uint32_t *types);
/* Likewise the patches of pictures. */
exec_tokens exec_share_patches(struct exec *x, const exec_input *pictures, size_t count);
/* Compute parties: the rows of the tokens and their types, plus those of their positions: (T, d) in the
 * widest ring. */
puma_share  exec_embed(struct exec *x, const exec_tokens *in, const pass *p);

/* The residual stream.  After a norm (norm_place = post) it is g * n + b, never formed where it need not be:
 * n is the norm's bare output, gain and bias are its own.  Linear layers have them folded into their weights
 * (exec.c); a residual adds them into the product before its truncation.  With norm_place = pre n is the sum
 * itself, and gain and bias are NULL. */
typedef struct stream {
    puma_share n, gain, bias;
} stream;

/* transformer.c.  Applies a function of the plan, its result in the widest ring; `lengths`: puma_arguments.
 */
puma_share exec_function(struct exec *x, puma_slot slot, puma_share in, const size_t *lengths);
/* W x + b [+ the residual], one product: x (T, n), W (m, n), b (m). */
puma_share exec_linear(struct exec *x, puma_share in, puma_share weight, puma_share bias,
                       const stream *residual, uint32_t bits);
/* g * n + b, formed: what leaves the layers. */
puma_share exec_formed(struct exec *x, stream h);
stream     exec_norm(struct exec *x, puma_share in, puma_share gain, puma_share bias);
/* What goes into the first layer. */
stream     exec_first(struct exec *x, const exec_tokens *in, const pass *p);
/* Is each sequence's last row all that anyone looks at of the outcome of layer i? */
bool       exec_last(const struct exec *x, const pass *p, size_t i);
/* The last row of each sequence. */
puma_share exec_last_rows(puma_session *s, puma_share in, const pass *p);
/* Through layer i; h, which is dropped, and what is made of it lie in the caller's scope.  With p->keep the
 * cache grows. */
stream     exec_layer(struct exec *x, stream h, const pass *p, size_t i);

/* attention.c: (rows, H e), the heads of all tokens, or of each sequence's last, merged, of a layer's normed
 * input n (T, d).  With p->keep *kept is what the layer's cache becomes. */
puma_share exec_attention(struct exec *x, puma_share n, bool last, const pass *p, int layer,
                          puma_share *kept);

/* sequences.c: the same of several sequences, from q (H, rows, e) and k, v (K, S, e): (H, rows, e). */
puma_share exec_attend(struct exec *x, puma_share q, puma_share k, puma_share v, bool last, const pass *p,
                       int layer);

/* head.c: what the task reveals, from the last layer's output. */
puma_share exec_answer(struct exec *x, stream h, const pass *p);
/* (rows, 1), integers: the index of the largest entry of each row of x, of equal ones the lowest.  Entries
 * that are one ulp apart count as equal where numbers have fraction bits. */
puma_share exec_argmax(puma_session *s, puma_share x);

#endif
