/* internal.h - the executor's state; shared by exec.c (in and out), embedding.c (the lookup)
 * and transformer.c (the layers). */
#ifndef EXEC_INTERNAL_H
#define EXEC_INTERNAL_H

#include "exec/exec.h"

#include <puma/ops.h>

struct layer_weights {
    puma_share qkv, qkv_bias;       /* (3d, d), (3d): query, key and value one above the other; query carries
                                       1/sqrt(d/H)       and what softmax wants its operand multiplied by */
    puma_share output, output_bias; /* (d, d), (d) */
    puma_share up, up_bias, down, down_bias;
    puma_share attention_gain, attention_bias, mlp_gain, mlp_bias; /* of the norms */
};

struct exec {
    puma_session *s;
    exec_config   config;
    uint32_t   owner; /* node that has weights and input: the client, or this one with a local backend      */
    puma_share table; /* (V + types, d): token and type embeddings, one above the other                     */
    puma_share position; /* (positions, d) */
    puma_share embedding_gain, embedding_bias;
    struct layer_weights *layers;
    puma_share            head_dense, head_dense_bias, head_out, head_out_bias;
};

static inline bool exec_is_owner(const struct exec *x) { return x->s->role == x->owner; }

/* Shares `values` (the owner's; NULL elsewhere) with `frac` fraction bits in a ring of `bits`. */
puma_share exec_share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac,
                      uint32_t bits);

/* embedding.c: what the owner shares of a sequence, in the form of [run] embedding. */
typedef struct exec_tokens {
    size_t     count;
    puma_share hot;        /* one-hot rows over tokens and types: (T, V + types), frac 0     */
    puma_share ids, types; /* integers (T), for equality tests; types NULL when the model has none */
} exec_tokens;

/* Every node; `ids` and `types` at the owner, NULL elsewhere. */
exec_tokens exec_share_tokens(struct exec *x, size_t tokens, const uint32_t *ids, const uint32_t *types);
/* Compute parties: the rows of the tokens and their types, plus those of positions from `first` on:
 * (T, d) in the widest ring. */
puma_share  exec_embed(struct exec *x, const exec_tokens *in, size_t first);

/* transformer.c: from the tokens to what the task reveals. */
puma_share exec_forward(struct exec *x, const exec_tokens *in);

#endif
