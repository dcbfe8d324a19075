/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* exec.h - runs a Transformer on shares: weights in, tokens in, one answer out.
 *
 * Every node of a run makes the same calls in the same order.  The client brings weights and inputs and
 * receives the answers; compute parties bring nothing but lengths.  With a PUMA_CAP_LOCAL backend one node is
 * both.  Here alone something leaves MPC; the folder knows the wire only through the session. */
#ifndef EXEC_H
#define EXEC_H

#include "base/error.h"
#include "exec/config.h"

#include <puma/protocol.h>

typedef struct exec exec;

typedef struct exec_state {
    size_t  rows;   /* tokens, or of the last layer those anyone looks at */
    double *values; /* rows x hidden                                      */
} exec_state;

typedef struct exec_output {
    size_t      rows, columns; /* hidden: tokens x hidden; perplexity and of an encoder
                                  mask: tokens x vocabulary; tokens: tokens x labels; else 1 x embedding,
                                  1 x labels (of a decoder the vocabulary), 1 x 1 (label, linear head) */
    double     *values;        /* malloc'd; NULL at compute parties                                   */
    exec_state *states;        /* of config.states: 1 + layers of them; NULL at compute parties       */
    size_t      state_count;
} exec_output;

void exec_output_free(exec_output *o); /* its contents */
/* Are all n numbers finite? */
bool exec_finite(const double *v, size_t n);

/* Shares the weights: `source` at the client, or with public weights at every node; `head` the client's, of
 * config.linear_head, w and behind it b.  NULL elsewhere.  The session's error tells what failed. */
puma_status exec_open(exec **x, puma_session *s, const exec_config *config, const model_source *source,
                      const double *head);
/* One pass of `count` whole inputs, of any lengths: the rounds of the longest, the bytes of all.  `out` has
 * `count` places. */
puma_status exec_run(exec *x, const exec_input *in, size_t count, exec_output *out);
/* The next tokens of each of a decoder's sequences, in one pass: keys and values of those before are kept as
 * shares, from the first call after exec_open or exec_reset on; `count` stays what it was then.  A sequence
 * without tokens takes no part and is forgotten.  Reveals, for each one's last, what config.reveal_label
 * says: 1 x 1 or 1 x vocabulary.  The caller sees to it that no sequence outgrows the
 * model's max_tokens: PUMA_EINTERNAL. */
puma_status exec_feed(exec *x, const exec_input *in, size_t count, exec_output *out);
/* Forgets the sequences.  exec_run does so too: it takes whole ones and keeps nothing. */
void        exec_reset(exec *x);
void        exec_close(exec *x);

#endif
