/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* generate.c - see generate.h */
#include "run/generate.h"

#include "base/checked.h"
#include "base/text_stream.h"
#include "host/session.h"
#include "run/stream.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GO_ON "more"
#define NO_MORE "end"

void generated_free(generated *g)
{
    if (g->tokens != NULL) OPENSSL_cleanse(g->tokens, g->count * sizeof *g->tokens);
    if (g->text != NULL) OPENSSL_cleanse(g->text, g->text_size);
    free(g->tokens);
    free(g->text);
    free(g->steps.values);
    *g = (generated){ 0 };
}

static bool is_eos(const client_input *in, uint32_t token)
{
    for (size_t i = 0; i < in->eos_count; i++)
        if (in->eos[i] == token) return true;
    return false;
}

/* One input while its answer is generated. */
typedef struct sequence {
    bool     live;  /* takes part in the next step                                   */
    uint32_t next;  /* the token that the client feeds then                          */
    size_t   limit; /* its number of steps; 0: nothing more is sent about it         */
    sampler *draws;
    stream   text;
    size_t   said; /* bytes of its text (or tokens, without a tokenizer) given out */
} sequence;

/* The client tells the parties, for each sequence that took the last step, whether it takes another. */
static void tell(const generation *g, const sequence *q, size_t count, puma_error *e)
{
    char  *text = NULL;
    size_t size;
    FILE  *out = text_stream(&text, &size);
    bool   any = false;

    for (size_t i = 0; out != NULL && i < count; i++) {
        if (q[i].limit == 0) continue;
        fprintf(out, "%s%s", any ? " " : "", q[i].live ? GO_ON : NO_MORE);
        any = true;
    }
    if (out == NULL || (ferror(out) | fclose(out)) != 0) error_set(e, 1001, "out of memory for a message");
    for (uint32_t peer = 0; peer < PUMA_CLIENT && e->status == PUMA_OK; peer++)
        if (g->present[peer]) net_send_control(g->wire, peer, text, e);
    free(text);
}

static void listen_to(const generation *g, sequence *q, size_t count, puma_error *e)
{
    char *text = NULL, *rest = NULL, *word = NULL;

    if (net_recv_control(g->wire, PUMA_CLIENT, &text, 16 + count * sizeof GO_ON, e) == PUMA_OK)
        word = strtok_r(text, " ", &rest);
    for (size_t i = 0; i < count && e->status == PUMA_OK; i++) {
        if (q[i].limit == 0) continue;
        q[i].live = word != NULL && strcmp(word, GO_ON) == 0;
        if (word == NULL || (!q[i].live && strcmp(word, NO_MORE) != 0))
            error_set(e, 704, "client: neither another token nor the end of the sequence");
        else
            word = strtok_r(NULL, " ", &rest);
    }
    if (e->status == PUMA_OK && word != NULL)
        error_set(e, 704, "client: speaks of more sequences than there are");
    free(text);
}

/* Decides which sequences take step `step`.  With stop_at_eos the client knows and tells the parties.  False:
 * none does. */
static bool goes_on(const generation *g, sequence *q, size_t count, size_t step, bool forced, puma_error *e)
{
    bool any = false, ends = g->plan->run->stop_at_eos && !forced;

    for (size_t i = 0; i < count; i++) {
        if (step >= q[i].limit) q[i].live = false;
        any |= q[i].live;
    }
    if (!any || !ends || step == 0) return any;
    for (size_t i = 0; i < count; i++)
        if (g->input != NULL && !g->rehearsal && is_eos(g->input, q[i].next)) q[i].live = false;
    if (g->wire != NULL && g->input != NULL) tell(g, q, count, e);
    if (g->wire != NULL && g->input == NULL) listen_to(g, q, count, e);
    any = false;
    for (size_t i = 0; i < count; i++) {
        if (!q[i].live) q[i].limit = 0; /* its end has been told */
        any |= q[i].live;
    }
    return any && e->status == PUMA_OK;
}

/* The token that the revealed values give.  It is checked because it comes from outside and is the index that
 * the client shares next. */
static puma_status choose(const generation *g, sampler *draws, const exec_output *revealed, uint32_t *token,
                          puma_error *e)
{
    size_t n = revealed->columns, vocabulary = g->plan->model->vocabulary;
    double index;

    if (draws != NULL) return sampler_next(draws, revealed->values, n, token, e);
    /* Only a reference has logits and no sampler; its choice is not used. */
    index = n == 1 ? revealed->values[0] : (double)report_top1(revealed->values, n, 0);
    if (!(index >= 0 && index < (double)vocabulary) || index != floor(index))
        return error_set(e, 1103, "the next token is not one of the vocabulary (limit %zu)", vocabulary - 1);
    *token = (uint32_t)index;
    return PUMA_OK;
}

/* Appends the last step's values as the next row. */
static puma_status keep_step(exec_output *all, const exec_output *one, size_t limit, puma_error *e)
{
    if (all->values == NULL) {
        all->columns = one->columns;
        all->values = malloc(limit * one->columns * sizeof *all->values);
        if (all->values == NULL)
            return error_set(e, 1001, "out of memory for the logits of %zu tokens", limit);
    }
    memcpy(all->values + all->rows++ * all->columns, one->values, one->columns * sizeof *one->values);
    return PUMA_OK;
}

/* Gives out the part of a sequence's answer that has not been given out yet. */
static void speak(const generation *g, size_t input, sequence *q, const generated *out)
{
    if (q->text.t != NULL) {
        size_t      size;
        const char *all = stream_text(&q->text, &size);

        if (size > q->said) g->say(g->say_context, input, all + q->said, size - q->said);
        q->said = size;
        return;
    }
    for (; q->said < out->count; q->said++) {
        char number[16];
        int  size = snprintf(number, sizeof number, "%s%u", q->said > 0 ? " " : "", out->tokens[q->said]);

        g->say(g->say_context, input, number, (size_t)size);
    }
}

/* Completes the text, and stores all of it in the answer. */
static puma_status finish(stream *text, generated *out, puma_error *e)
{
    const char *piece, *all;
    size_t      size;

    if (text->t == NULL || out->text != NULL) return PUMA_OK;
    if (stream_end(text, &piece, &size, e) != PUMA_OK) return e->status;
    all = stream_text(text, &out->text_size);
    out->text = malloc(out->text_size + 1);
    if (out->text == NULL) return error_set(e, 1001, "out of memory for the text");
    memcpy(out->text, all, out->text_size);
    out->text[out->text_size] = '\0';
    return PUMA_OK;
}

/* Completes the sequences that have ended, and gives the answers out one input after the other: the text of
 * *speaking is given out as it comes, later inputs wait. */
static void speak_in_order(const generation *g, size_t first, sequence *q, size_t count, generated *out,
                           size_t *speaking, puma_error *e)
{
    for (size_t i = *speaking; i < count && e->status == PUMA_OK; i++)
        if (!q[i].live) finish(&q[i].text, &out[i], e);
    while (g->say != NULL && *speaking < count && e->status == PUMA_OK) {
        speak(g, first + *speaking, &q[*speaking], &out[*speaking]);
        if (q[*speaking].live) return;
        g->say(g->say_context, first + *speaking, NULL, 0);
        ++*speaking;
    }
}

static puma_status open_sequence(const generation *g, size_t input, const generated *forced, sequence *q,
                                 generated *out, puma_error *e)
{
    q->limit = forced != NULL ? forced->count : g->plan->run->max_new_tokens;
    q->live = q->limit > 0;
    if (g->input != NULL) {
        stream_open(&q->text, forced != NULL ? NULL : g->input->tokenizer, g->input->eos, g->input->eos_count);
        out->tokens = malloc((q->limit + 1) * sizeof *out->tokens);
        if (out->tokens == NULL) return error_set(e, 1001, "out of memory for %zu tokens", q->limit);
    }
    if (g->sampling != NULL && forced == NULL) {
        sample_config own = *g->sampling;

        own.input = input;
        sampler_open(&q->draws, &own, e);
        OPENSSL_cleanse(&own, sizeof own);
    }
    return e->status;
}

/* At the client: takes what a step revealed for one sequence. */
static puma_status take_token(const generation *g, sequence *q, const exec_output *revealed,
                              const generated *forced, generated *out, puma_error *e)
{
    const char *piece;
    size_t      size;

    if (!checked_finite(revealed->values, revealed->rows * revealed->columns))
        return error_set(e, 1103, "token %zu: its logits hold a value that is no finite number", out->count);
    if (choose(g, q->draws, revealed, &q->next, e) != PUMA_OK) return e->status;
    if (g->keep) keep_step(&out->steps, revealed, q->limit, e);
    if (forced != NULL) q->next = forced->tokens[out->count];
    out->tokens[out->count++] = q->next;
    if (e->status == PUMA_OK && q->text.t != NULL) stream_add(&q->text, q->next, &piece, &size, e);
    return e->status;
}

/* The same of a step that cannot be trusted: the parties are to see what they would see else, so that its token goes on,
 * any one if it is none. */
static void pass_over(const generation *g, sequence *q, const exec_output *revealed, generated *out)
{
    puma_error ignored = { 0 };

    q->next = 0;
    if (!checked_finite(revealed->values, revealed->rows * revealed->columns) || choose(g, q->draws, revealed, &q->next, &ignored) != PUMA_OK)
        q->next = 0;
    out->tokens[out->count++] = q->next;
}

/* The sequences of a pass.  `in` is what the next step feeds, `revealed` what the last one revealed. */
typedef struct under_way {
    sequence    *q;
    exec_input  *in;
    exec_output *revealed;
} under_way;

/* Takes one step with all live sequences at once. */
static puma_status take_step(const generation *g, const generate_pass *pass, const under_way *w, puma_error *e)
{
    if (exec_feed(pass->x, w->in, pass->count, w->revealed) != PUMA_OK)
        *e = *session_error(pass->session);
    for (size_t i = 0; g->input != NULL && i < pass->count && e->status == PUMA_OK; i++)
        if (w->q[i].live && exec_distrust(pass->x) != NULL)
            pass_over(g, &w->q[i], &w->revealed[i], &pass->out[i]);
        else if (w->q[i].live)
            take_token(g, &w->q[i], &w->revealed[i], pass->forced == NULL ? NULL : &pass->forced[i], &pass->out[i], e);
    for (size_t i = 0; i < pass->count; i++) {
        exec_output *one = &w->revealed[i];

        if (one->values != NULL) OPENSSL_cleanse(one->values, one->rows * one->columns * sizeof(double));
        free(one->values);
    }
    return e->status;
}

static puma_status take_steps(const generation *g, const generate_pass *pass, const under_way *w, puma_error *e)
{
    size_t speaking = 0, count = pass->count, tokens;
    bool   speaks = g->input != NULL && pass->forced == NULL;

    for (size_t step = 0; goes_on(g, w->q, count, step, pass->forced != NULL, e); step++) {
        tokens = 0;
        for (size_t i = 0; i < count; i++) {
            if (step > 0)
                w->in[i] = (exec_input){ .tokens = w->q[i].live, .ids = g->input != NULL ? &w->q[i].next : NULL };
            tokens += w->in[i].tokens;
        }
        g->begin(g->context, step == 0 ? REPORT_PREFILL : REPORT_DECODE, tokens);
        if (take_step(g, pass, w, e) != PUMA_OK) return e->status;
        if (exec_distrust(pass->x) != NULL) speaks = false;
        if (speaks) speak_in_order(g, pass->first, w->q, count, pass->out, &speaking, e);
    }
    for (size_t i = 0; i < count; i++) w->q[i].live = false;
    if (speaks && e->status == PUMA_OK) speak_in_order(g, pass->first, w->q, count, pass->out, &speaking, e);
    return e->status;
}

puma_status generate_tokens(const generation *g, const generate_pass *pass, puma_error *e)
{
    size_t    count = pass->count;
    under_way w = { .q = calloc(count, sizeof *w.q),
                    .in = calloc(count, sizeof *w.in),
                    .revealed = calloc(count, sizeof *w.revealed) };

    if (w.q == NULL || w.in == NULL || w.revealed == NULL) error_set(e, 1001, "out of memory for %zu inputs", count);
    for (size_t i = 0; i < count && e->status == PUMA_OK; i++) {
        w.in[i] = (exec_input){ .tokens = pass->tokens[i], .ids = pass->prompts == NULL ? NULL : pass->prompts[i].ids };
        open_sequence(g, pass->first + i, pass->forced == NULL ? NULL : &pass->forced[i], &w.q[i], &pass->out[i], e);
    }
    if (e->status == PUMA_OK) take_steps(g, pass, &w, e);
    for (size_t i = 0; w.q != NULL && i < count; i++) {
        stream_close(&w.q[i].text);
        sampler_close(w.q[i].draws);
    }
    if (w.q != NULL) OPENSSL_cleanse(w.q, count * sizeof *w.q);
    free(w.q);
    free(w.in);
    free(w.revealed);
    return e->status;
}
