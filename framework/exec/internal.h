/* internal.h - the executor's state; shared by exec.c (in and out) and transformer.c (the layers). */
#ifndef EXEC_INTERNAL_H
#define EXEC_INTERNAL_H

#include "exec/exec.h"

#include <puma/ops.h>

struct layer_weights {
    puma_share qkv, qkv_bias;               /* (3d, d), (3d): query, key and value one above the other; query carries 1/sqrt(d/H)
                                               and what softmax wants its operand multiplied by */
    puma_share output, output_bias;         /* (d, d), (d)                                                                        */
    puma_share up, up_bias, down, down_bias;
    puma_share attention_gain, attention_bias, mlp_gain, mlp_bias;      /* of the norms                                           */
};

struct exec {
    puma_session         *s;
    exec_config           config;
    uint32_t              owner;            /* node that has weights and input: the client, or this one with a local backend      */
    puma_share            table;            /* (V + types, d): token and type embeddings, one above the other                     */
    puma_share            position;         /* (positions, d)                                                                     */
    puma_share            embedding_gain, embedding_bias;
    struct layer_weights *layers;
    puma_share            head_dense, head_dense_bias, head_out, head_out_bias;
};

/* x W^T + b [+ residual], one product: x (T, n), W (m, n), b (m). */
puma_share exec_linear(struct exec *x, puma_share in, puma_share weight, puma_share bias, puma_share residual, uint32_t bits);
/* The hidden states (T, d) of the last layer from one-hot rows or ids of the tokens. */
puma_share exec_transformer(struct exec *x, puma_share tokens, puma_share types);
/* What the task reveals, from the last hidden state. */
puma_share exec_answer(struct exec *x, puma_share hidden);

#endif
