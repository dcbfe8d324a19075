/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* generate.h - token after token: the loop that every node of a run goes through in step.  node.c calls it.
 *
 * The prompts of a pass are fed at once (prefill), then each sequence's new token (decode), all in one step.
 * The parties keep the keys and values of earlier tokens, as shares.  After each step only the client learns
 * the next token: either its number, when the largest logit is found under the protocol (greedy), or the
 * logits, from which it draws (client).  It shares that token for the next step.
 *
 * The parties and the network see that a step was taken.  A run takes max_new_tokens steps, so that their
 * number says nothing about the answer; with stop_at_eos = yes the client tells the parties after each step
 * which inputs continue, and so reveals the lengths of the answers. */
#ifndef RUN_GENERATE_H
#define RUN_GENERATE_H

#include "input/input.h"
#include "net/net.h"
#include "plan/plan.h"
#include "report/report.h"
#include "run/sample.h"

/* The client's answer to one input. */
typedef struct generated {
    uint32_t   *tokens;
    size_t      count;
    char       *text; /* UTF-8, up to the end of the sequence; NULL: no tokenizer                     */
    size_t      text_size;
    exec_output steps; /* what was revealed, a row a step; its values only with `keep`                */
} generated;

typedef struct generation {
    const plan *plan;
    const client_input *input; /* at the node that has the prompt and receives the tokens: the client, or the one
                                  party of a local backend; NULL elsewhere */
    bool        rehearsal; /* tokens mean nothing, and none ends a sequence                             */
    net        *wire;   /* NULL: no other node                                                          */
    const bool *present; /* the nodes of the run                                                        */
    const sample_config *sampling; /* the client's, for decoding = client; NULL: greedy, or `forced`    */
    bool        keep;    /* keep what is revealed, for a comparison                                      */
    void (*begin)(void *context, report_step step, size_t tokens); /* called before each step             */
    void *context;
    /* Gives out text as soon as it is complete (numbers where there is no tokenizer), one input after the
     * other.  NULL text: this input's answer is complete.  `say` may be NULL. */
    void (*say)(void *context, size_t input, const char *text, size_t size);
    void *say_context;
} generation;

/* Inputs `first` to first + count - 1, which go through the model together.  Entry 0 of each array is input
 * `first`. */
typedef struct generate_pass {
    exec             *x; /* its cache is empty */
    puma_session     *session;
    size_t            first, count;
    const token_list *prompts; /* the client's; NULL elsewhere                                          */
    const size_t     *tokens;  /* the prompts' lengths                                                  */
    const generated  *forced;  /* NULL, or tokens to feed whatever the model says, so that a reference   *
                                * chooses after the same tokens                                         */
    generated        *out;
} generate_pass;

puma_status generate_tokens(const generation *g, const generate_pass *pass, puma_error *e);
void        generated_free(generated *g);

#endif
