/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* exec.h - runs a Transformer on shares: weights in, tokens in, one answer out. run/ calls it.
 *
 * Every node of a run makes the same calls in the same order.  The client brings weights and inputs and
 * receives the answers; compute parties bring only lengths.  With a PUMA_CAP_LOCAL backend one node is both.
 * This is the only place where something leaves MPC.  The folder knows the wire only through the session. */
#ifndef EXEC_H
#define EXEC_H

#include "base/error.h"
#include "exec/config.h"

#include <puma/protocol.h>

typedef struct exec exec;

typedef struct exec_state {
    size_t  rows;   /* tokens; after the last layer only those that are used */
    double *values; /* rows x hidden                                         */
} exec_state;

typedef struct exec_output {
    size_t      rows, columns; /* hidden: tokens x hidden; perplexity, and mask with an encoder:
                                  tokens x vocabulary; tokens: tokens x labels; else 1 x embedding,
                                  1 x labels (for a decoder the vocabulary), 1 x 1 (label, linear head) */
    double     *values;        /* malloc'd; NULL at compute parties                                   */
    exec_state *states;        /* with config.states, 1 + layers of them; NULL at compute parties     */
    size_t      state_count;
} exec_output;

void exec_output_free(exec_output *o); /* its contents */

/* Shares the weights.  `source` is the client's, or with public weights every computing node's; `head` is the
 * client's and belongs to config.linear_head: w, then b.  Both are NULL elsewhere.  The session's error says
 * what failed. */
puma_status exec_open(exec **x, puma_session *s, const exec_config *config, const model_source *source,
                      const double *head);
/* One pass over `count` whole inputs of any lengths: the rounds of the longest, the bytes of all.  `out` has
 * `count` places. */
puma_status exec_run(exec *x, const exec_input *in, size_t count, exec_output *out);
/* Takes each of a decoder's sequences on by its next tokens, in one pass.  Keys and values of earlier tokens
 * are kept as shares, from the first call after exec_open or exec_reset on; `count` must not change until
 * then.  A sequence without tokens takes no part and is forgotten.  Reveals for each sequence's last token
 * what config.reveal_label says: 1 x 1 or 1 x vocabulary.  The caller must keep every sequence within the
 * model's max_tokens; a longer one is PUMA_EINTERNAL. */
puma_status exec_feed(exec *x, const exec_input *in, size_t count, exec_output *out);
/* Forgets the sequences. exec_run does so too: it takes whole inputs and keeps nothing. */
void        exec_reset(exec *x);
/* At the receiver: why none of the answers can be trusted, as far as they have come; NULL if they can. */
const char *exec_distrust(const exec *x);
void        exec_close(exec *x);

#endif
