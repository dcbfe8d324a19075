/* generate.c - see generate.h */
#include "run/generate.h"

#include "exec/session.h"
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

static bool is_eos(const plan *p, uint32_t token)
{
    for (size_t i = 0; i < p->input.eos_count; i++)
        if (p->input.eos[i] == token) return true;
    return false;
}

/* With stop_at_eos: is there another step?  The client knows and tells the parties. */
static bool goes_on(const generation *g, uint32_t last, puma_error *e)
{
    bool more = !g->client || g->hollow || !is_eos(g->plan, last);

    if (!g->plan->run->stop_at_eos || g->wire == NULL) return more || !g->plan->run->stop_at_eos;
    if (g->client) {
        for (uint32_t peer = 0; peer < PUMA_CLIENT && e->status == PUMA_OK; peer++)
            if (g->present[peer]) net_send_control(g->wire, peer, more ? GO_ON : NO_MORE, e);
    } else {
        char *text = NULL;

        if (net_recv_control(g->wire, PUMA_CLIENT, &text, 16, e) == PUMA_OK) {
            more = strcmp(text, GO_ON) == 0;
            if (!more && strcmp(text, NO_MORE) != 0)
                error_set(e, 704, "client: neither another token nor the end of the sequence");
        }
        free(text);
    }
    return e->status == PUMA_OK && more;
}

/* The token that the revealed values come to.  Its number indexes what the client shares next, so that a
 * value from outside is checked. */
static puma_status choose(const generation *g, const exec_output *revealed, uint32_t *token, puma_error *e)
{
    size_t n = revealed->columns, vocabulary = g->plan->model->vocabulary;
    double index;

    if (g->sampler != NULL) return sampler_next(g->sampler, revealed->values, n, token, e);
    /* Logits without a sampler are those of a reference, whose choice is not taken. */
    index = n == 1 ? revealed->values[0] : (double)report_top1(revealed->values, n, 0);
    if (!(index >= 0 && index < (double)vocabulary) || index != floor(index))
        return error_set(e, 1103, "the next token is not one of the vocabulary (limit %zu)", vocabulary - 1);
    *token = (uint32_t)index;
    return PUMA_OK;
}

/* Keeps the last step's values as the next row. */
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

static puma_status deliver(const generation *g, size_t input, stream *text, const generated *out,
                           puma_error *e)
{
    uint32_t    token = out->tokens[out->count - 1];
    char        number[16];
    const char *piece = number;
    size_t      size;

    if (text->t != NULL)
        stream_add(text, token, &piece, &size, e);
    else
        size = (size_t)snprintf(number, sizeof number, "%s%u", out->count > 1 ? " " : "", token);
    if (e->status == PUMA_OK && size > 0 && g->say != NULL) g->say(g->say_context, input, piece, size);
    return e->status;
}

/* The rest of the text, and all of it into the answer. */
static puma_status finish(const generation *g, size_t input, stream *text, generated *out, puma_error *e)
{
    const char *piece;
    size_t      size;

    if (text->t != NULL) {
        const char *all;

        if (stream_end(text, &piece, &size, e) != PUMA_OK) return e->status;
        if (size > 0 && g->say != NULL) g->say(g->say_context, input, piece, size);
        all = stream_text(text, &out->text_size);
        out->text = malloc(out->text_size + 1);
        if (out->text == NULL) return error_set(e, 1001, "out of memory for the text");
        memcpy(out->text, all, out->text_size);
        out->text[out->text_size] = '\0';
    }
    if (g->say != NULL) g->say(g->say_context, input, NULL, 0);
    return PUMA_OK;
}

puma_status generate_tokens(exec *x, puma_session *s, const generation *g, size_t input,
                            const token_list *prompt, size_t tokens, const generated *forced, generated *out,
                            puma_error *e)
{
    const plan *p = g->plan;
    size_t      limit = forced != NULL ? forced->count : p->run->max_new_tokens;
    uint32_t    next = 0;
    stream      text;

    stream_open(&text, forced != NULL ? NULL : p->input.tokenizer, p->input.eos, p->input.eos_count);
    if (g->client) out->tokens = malloc(limit * sizeof *out->tokens);
    if (g->client && out->tokens == NULL) error_set(e, 1001, "out of memory for %zu tokens", limit);
    for (size_t step = 0; step < limit && e->status == PUMA_OK; step++) {
        bool        first = step == 0;
        exec_output revealed = { 0 };

        if (!first && forced == NULL && !goes_on(g, next, e)) break;
        g->begin(g->context, first ? REPORT_PREFILL : REPORT_DECODE, first ? tokens : 1);
        if (exec_feed(x, first ? tokens : 1,
                      prompt == NULL ? NULL
                      : first        ? prompt->ids
                                     : &next,
                      g->allow, g->context, &revealed) != PUMA_OK)
            *e = *session_error(s);
        else if (g->client && choose(g, &revealed, &next, e) == PUMA_OK) {
            if (g->keep) keep_step(&out->steps, &revealed, limit, e);
            if (forced != NULL) next = forced->tokens[step];
            out->tokens[out->count++] = next;
            if (e->status == PUMA_OK && forced == NULL) deliver(g, input, &text, out, e);
        }
        if (revealed.values != NULL) free(revealed.values);
    }
    if (e->status == PUMA_OK && g->client && forced == NULL) finish(g, input, &text, out, e);
    OPENSSL_cleanse(&next, sizeof next);
    stream_close(&text);
    return e->status;
}
