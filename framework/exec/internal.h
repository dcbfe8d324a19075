/* internal.h - the executor's state; shared by exec.c (in and out) and transformer.c (the layers). */
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

/* From one-hot rows (or ids) of the tokens and, with ids, of their types to what the task reveals. */
puma_share exec_forward(struct exec *x, puma_share tokens, puma_share types);

#endif
