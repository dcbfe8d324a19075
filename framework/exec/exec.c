/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* exec.c - see exec.h */
#include "exec/exec.h"

#include "exec/embedding.h"
#include "exec/guard.h"
#include "exec/head.h"
#include "exec/rehearse.h"
#include "exec/share.h"
#include "exec/transformer.h"
#include "exec/weights.h"

#include <math.h>
#include <stdlib.h>

puma_status exec_open(exec **out, puma_session *s, const exec_config *config, const model_source *source,
                      const double *head)
{
    const model *m = config->model;
    struct exec *x = calloc(1, sizeof *x);

    *out = x;
    if (x != NULL) x->layers = calloc(m->layers, sizeof *x->layers);
    if (x != NULL) x->cache = calloc(m->layers, sizeof *x->cache);
    if (x != NULL) x->steps = calloc(m->step_count + 1, sizeof *x->steps);
    if (x == NULL || x->layers == NULL || x->cache == NULL || x->steps == NULL)
        return s->host->fail(s, PUMA_ERESOURCE, "out of memory for the executor");
    x->s = s;
    x->config = *config;
    x->provider = (s->caps & PUMA_CAP_LOCAL) != 0 ? s->role : PUMA_CLIENT;
    exec_guard_open(x);
    exec_share_weights(x, source, head);
    return s->status;
}

void exec_close(exec *x)
{
    if (x == NULL) return;
    exec_rehearse_end(x);
    exec_guard_close(x);
    free(x->cached);
    free(x->layers);
    free(x->cache);
    free(x->steps);
    free(x);
}

/* Decodes the words of the revealed `answer` and puts each sequence's rows into its own output. */
static void hand_out(struct exec *x, const uint64_t *words, puma_share answer, const pass *p, bool each_token,
                     exec_output *out)
{
    puma_session *s = x->s;
    size_t        columns = answer->dim[1];

    for (size_t i = 0; i < p->count && s->status == PUMA_OK; i++) {
        size_t rows = pass_rows_of(p, !each_token, i), n = rows * columns;

        if (rows == 0) continue;
        out[i].rows = rows;
        out[i].columns = columns;
        out[i].values = malloc(n * sizeof *out[i].values);
        if (out[i].values == NULL)
            s->host->fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", n * sizeof *out[i].values);
        for (size_t k = 0; k < n && out[i].values != NULL; k++)
            out[i].values[k] = puma_decode(s, *words++, answer->frac, answer->bits);
    }
}

/* Everything that leaves MPC leaves here, and goes to the provider: the answer, whether it can be trusted and, with
 * config.states, the residual.  Every node has agreed to config.states in its HELLO.  Returns the words at the provider;
 * NULL elsewhere, and after a failure. */
static const uint64_t *revealed(struct exec *x, puma_share z)
{
    puma_session *s = x->s;
    uint64_t     *words = NULL;

    if (z != NULL && exec_is_provider(x)) words = s->host->scratch(s, z->words);
    if (z == NULL || (exec_is_provider(x) && words == NULL)) return NULL;
    return session_reveal(s, words, z, x->provider) == PUMA_OK && s->status == PUMA_OK ? words : NULL;
}

static void reveal(struct exec *x, puma_share answer, const pass *p, bool each_token, exec_output *out)
{
    const uint64_t *words = revealed(x, answer);

    if (words != NULL) hand_out(x, words, answer, p, each_token, out);
}

/* Appends a state to an output and takes over its values. */
static void keep_state(struct exec *x, exec_output *out, exec_output *state)
{
    exec_state *more = realloc(out->states, (out->state_count + 1) * sizeof *more);

    if (more == NULL) {
        free(state->values);
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory for hidden states");
        return;
    }
    out->states = more;
    out->states[out->state_count++] = (exec_state){ .rows = state->rows, .values = state->values };
}

/* Reveals the residual, formed (exec_formed): the rows of all tokens, or of each sequence's last. */
static void reveal_state(struct exec *x, residual h, const pass *p, bool each_token, exec_output *out)
{
    puma_session *s = x->s;
    const size_t  dim[2] = { pass_rows(p, !each_token), x->config.model->hidden };
    size_t        mark = s->host->enter(s);
    exec_output  *each = calloc(p->count, sizeof *each);
    puma_share    state;

    if (each == NULL) s->host->fail(s, PUMA_ERESOURCE, "out of memory for hidden states");

    host_at(s, "output", -1, "state");
    if (s->role == PUMA_CLIENT)
        state = exec_tensor(x, 2, dim, x->config.rings.frac, x->config.rings.wide);
    else
        state = h.gain != NULL ? exec_formed(x, h) : h.n;
    reveal(x, state, p, each_token, each);
    puma_leave(s, mark, NULL);
    for (size_t i = 0; each != NULL && i < p->count; i++)
        if (each[i].values != NULL) keep_state(x, &out[i], &each[i]);
    free(each);
}

void exec_output_free(exec_output *o)
{
    for (size_t i = 0; i < o->state_count; i++) free(o->states[i].values);
    free(o->states);
    free(o->values);
    *o = (exec_output){ 0 };
}

/* Tells the receiver whether every row kept its range: the words of guard.h, which are 0 or uniform. */
static void reveal_verdict(struct exec *x, puma_share verdict)
{
    const uint64_t *words = revealed(x, verdict);

    if (words != NULL) exec_guard_take(x, words);
}

/* Takes h through layer i, and drops it. */
static residual next_layer(struct exec *x, residual h, const pass *p, size_t i)
{
    puma_share in = h.n;

    if (in == NULL) return h;
    h = exec_is_rehearsal(x) ? exec_rehearse_layer(x, h, p, i) : exec_layer(x, h, p, i);
    x->s->host->drop(x->s, in);
    exec_guard_settle(x);
    return h;
}

/* Inputs in, answers out.  No scope spans the layers, because what p->keep adds to the cache must outlive
 * it. */
static puma_status run(struct exec *x, const exec_input *in, const pass *p, exec_output *out)
{
    puma_session *s = x->s;
    bool          computes = s->role != PUMA_CLIENT;
    residual      h;
    puma_share    answer, verdict;
    size_t        mark;

    h = exec_embed(x, in, p);
    if (x->config.states) reveal_state(x, h, p, true, out);
    for (size_t i = 0; i < x->config.model->layers && s->status == PUMA_OK; i++) {
        if (computes) h = next_layer(x, h, p, i);
        if (x->config.states) reveal_state(x, h, p, !exec_last_only(x, p, i), out);
    }
    mark = s->host->enter(s);
    answer = computes ? exec_answer(x, h, p) : exec_answer_shape(x, p);
    verdict = exec_guard_verdict(x);
    host_at(s, "output", -1, "reveal");
    reveal(x, answer, p, exec_answers_tokens(x, p), out);
    reveal_verdict(x, verdict);
    puma_leave(s, mark, NULL);
    s->host->drop(s, h.n);
    return s->status;
}

puma_status exec_run(exec *x, const exec_input *in, size_t count, exec_output *out)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    bool          last = x->config.task == MODEL_LOGITS || x->config.task == MODEL_GENERATE;
    size_t       *lengths = calloc(2 * count, sizeof *lengths);
    const pass    whole = {
           .count = count, .tokens = lengths, .first = lengths + count, .last = m->causal && last
    };

    exec_reset(x);
    for (size_t i = 0; i < count; i++) out[i] = (exec_output){ 0 };
    if (lengths == NULL) return s->host->fail(s, PUMA_ERESOURCE, "out of memory for %zu inputs", count);
    for (size_t i = 0; i < count; i++) lengths[i] = m->pixels ? m->positions : in[i].tokens;
    run(x, in, &whole, out);
    free(lengths);
    return s->status;
}

/* Makes room for the lengths of the sequences if they are the first to be fed; otherwise checks that their
 * number is still the same. */
static puma_status begin_sequences(struct exec *x, size_t count)
{
    if (x->sequences == 0 && (x->cached = calloc(count, sizeof *x->cached)) != NULL) x->sequences = count;
    if (x->sequences == count) return PUMA_OK;
    return x->sequences == 0
               ? x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory for %zu sequences", count)
               : x->s->host->fail(x->s, PUMA_EINTERNAL, "%zu sequences go on as %zu", x->sequences, count);
}

puma_status exec_feed(exec *x, const exec_input *in, size_t count, exec_output *out)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    pass          more = { .count = count, .last = true, .keep = true };
    size_t       *tokens;

    for (size_t i = 0; i < count; i++) out[i] = (exec_output){ 0 };
    if (!m->causal || x->config.task == MODEL_HIDDEN || x->config.task == MODEL_EMBED)
        return s->host->fail(s, PUMA_EINTERNAL, "no next token: not a decoder with its head");
    if (begin_sequences(x, count) != PUMA_OK) return s->status;
    for (size_t i = 0; i < count; i++)
        if (in[i].tokens > m->max_tokens - x->cached[i])
            return s->host->fail(s, PUMA_EINTERNAL, "the sequence has %zu tokens, %zu more asked (limit %zu)",
                                 x->cached[i], in[i].tokens, m->max_tokens);
    tokens = calloc(count, sizeof *tokens);
    if (tokens == NULL) return s->host->fail(s, PUMA_ERESOURCE, "out of memory for %zu sequences", count);
    for (size_t i = 0; i < count; i++) tokens[i] = in[i].tokens;
    more.tokens = tokens;
    more.first = x->cached;
    if (pass_rows(&more, false) == 0)
        s->host->fail(s, PUMA_EINTERNAL, "no sequence has a token");
    else if (run(x, in, &more, out) == PUMA_OK)
        for (size_t i = 0; i < count; i++) x->cached[i] = tokens[i] == 0 ? 0 : x->cached[i] + tokens[i];
    free(tokens);
    return s->status;
}

const char *exec_distrust(const exec *x) { return x->distrust[0] == '\0' ? NULL : x->distrust; }

void exec_reset(exec *x)
{
    for (size_t i = 0; i < x->config.model->layers; i++) {
        x->s->host->drop(x->s, x->cache[i]);
        x->cache[i] = NULL;
    }
    free(x->cached);
    x->cached = NULL;
    x->sequences = 0;
}
