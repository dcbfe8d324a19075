/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* node.c - see node.h
 *
 * The order: net_open (HELLO on every link) - session - weights are shared - READY from every party, GO from
 * the client - the inputs, as many at once as fit a pass - every party's bill to the client - DONE.
 * Everything before GO is set-up; rounds and bytes are counted from GO on. */
#include "run/node.h"

#include "base/checked.h"
#include "host/rehearsal.h"
#include "host/session.h"
#include "plan/ranges.h"
#include "ring/ring.h"
#include "run/material.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_LIMIT ((size_t)16 << 20)

/* The bill while it is written: one line for each layer and operation, closed when the next one begins. */
typedef struct meter {
    net             *wire;
    report_party    *party;
    const node_config *config; /* its `reached` is told the place; NULL: nobody */
    bool             counting; /* after GO */
    net_count        base, last;
    double           started, place_started;
    place            at;
    bool             stepping; /* in a step of generation; where it began: */
    report_phase     phase;
    uint64_t         phase_sent, phase_depth;
    double           phase_started;
    size_t           token; /* number of steps that have begun */
    puma_error      *error;
    material_writer *deal; /* events are recorded here; NULL: no record */
} meter;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t sent_of(const net_count *c)
{
    uint64_t total = 0;

    for (size_t peer = 0; peer < PUMA_NODES; peer++)
        total += c->sent[peer][PUMA_OFFLINE] + c->sent[peer][PUMA_ONLINE];
    return total;
}

static void counts(const meter *m, net_count *c)
{
    memset(c, 0, sizeof *c);
    if (m->wire != NULL) net_counts(m->wire, c);
}

/* Adds to the place's line of the bill; each place has one line. */
static void book(meter *m, uint64_t bytes, uint64_t rounds, double seconds)
{
    report_party *p = m->party;
    char          name[PLACE_TEXT];
    size_t        i = 0;

    place_title(&m->at, name);
    while (i < p->layer_count &&
           (strcmp(p->layers[i].name, name) != 0 || strcmp(p->layers[i].op, m->at.op) != 0))
        i++;
    if (i < p->layer_count) {
        p->layers[i].bytes += bytes;
        p->layers[i].rounds += rounds;
        p->layers[i].seconds += seconds;
    } else {
        report_add_layer(p, name, m->at.op, bytes, rounds, seconds, m->error);
    }
}

/* Books what happened since the run reached its current place.  The client books nothing: it only waits. */
static void close_place(meter *m)
{
    net_count c;
    double    t = now();

    counts(m, &c);
    if (!place_is_none(&m->at) && m->counting && m->party->node != PUMA_CLIENT)
        book(m, sent_of(&c) - sent_of(&m->last), c.depth - m->last.depth, t - m->place_started);
    m->last = c;
    m->place_started = t;
}

static void labelled(void *context, const place *at)
{
    meter *m = context;
    char   text[PLACE_TEXT], where[PLACE_TEXT + 32];

    close_place(m);
    m->at = *at;
    if (m->deal != NULL) material_place(m->deal, at);
    if (m->config == NULL || m->config->reached == NULL) return;
    place_text(at, text);
    if (m->stepping)
        snprintf(where, sizeof where, "token %zu  %s", m->token, text);
    else
        snprintf(where, sizeof where, "%s", text);
    m->config->reached(m->config->reached_context, where, sent_of(&m->last));
}

/* Books the current step of generation, if there is one. */
static void close_phase(meter *m)
{
    if (!m->stepping) return;
    close_place(m);
    m->phase.bytes = sent_of(&m->last) - m->phase_sent;
    m->phase.rounds = m->last.depth - m->phase_depth;
    m->phase.seconds = m->place_started - m->phase_started;
    report_add_phase(m->party, &m->phase, m->error);
    m->stepping = false;
}

static void begin_phase(void *context, report_step step, size_t tokens)
{
    meter *m = context;

    close_phase(m);
    close_place(m);
    if (m->deal != NULL) material_step(m->deal, step, tokens);
    m->at = (place){ 0 };
    m->stepping = true;
    m->phase = (report_phase){ .step = step, .tokens = tokens };
    m->phase_sent = sent_of(&m->last);
    m->phase_depth = m->last.depth;
    m->phase_started = m->place_started;
    m->token = step == REPORT_PREFILL ? 1 : m->token + 1;
}

static void start_counting(meter *m)
{
    if (m->wire != NULL) net_depth_reset(m->wire);
    counts(m, &m->base);
    m->last = m->base;
    m->party->setup_s = now() - m->started;
    m->party->setup_bytes = sent_of(&m->base);
    m->started = m->place_started = now();
    m->at = (place){ 0 };
    m->counting = true;
}

static void finish_counting(meter *m)
{
    report_party *p = m->party;
    net_count     c;
    struct rusage usage;

    close_place(m);
    counts(m, &c);
    p->wall_s = now() - m->started;
    p->sent_bytes = sent_of(&c) - sent_of(&m->base);
    for (size_t peer = 0; peer < PUMA_NODES; peer++) {
        p->received_bytes += c.received[peer] - m->base.received[peer];
        p->sent_bytes_offline += c.sent[peer][PUMA_OFFLINE] - m->base.sent[peer][PUMA_OFFLINE];
    }
    p->messages = c.messages - m->base.messages;
    p->rounds = c.depth;
    p->online_rounds = c.depth_online;
    p->waited_s = c.waited_offline_s - m->base.waited_offline_s;
    getrusage(RUSAGE_SELF, &usage);
    p->cpu_s = (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec +
               (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec;
    p->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

/* The inputs of a node, and what it does with them. */
typedef struct task {
    const node_config *config; /* NULL: a reference                            */
    const plan        *plan;
    const client_plan *client; /* NULL at a compute party                     */
    const token_list  *inputs; /* NULL at a compute party, which knows only their lengths  */
    size_t            *tokens, count;
    net               *wire;
    const bool        *present;
    const node_result *forced; /* for a reference: the result to compare with  */
} task;

/* Says in a failure which inputs it belongs to. */
static puma_status of_inputs(puma_error *e, const task *t, size_t first, size_t end)
{
    if (t->count > 1 && end == first + 1) return error_prefix(e, "input %zu", first);
    return t->count > 1 ? error_prefix(e, "inputs %zu to %zu", first, end - 1) : e->status;
}

/* Keeps what the executor has against the answers of these inputs.  The run goes on as if it had nothing: the parties
 * are not to learn of it. */
static void distrust(const exec *x, const task *t, size_t first, size_t end, node_result *result)
{
    if (exec_distrust(x) == NULL || result->distrust.status != PUMA_OK) return;
    error_set(&result->distrust, 1104, "%s: the answer cannot be trusted", exec_distrust(x));
    of_inputs(&result->distrust, t, first, end);
}

static puma_status generate_inputs(exec *x, puma_session *s, const task *t, meter *m, node_result *result,
                                   puma_error *e)
{
    const runfile *r = t->plan->run;
    generation     g = { .plan = t->plan,
                         .rehearsal = t->config != NULL && t->config->rehearsal,
                         .input = t->inputs != NULL ? &t->client->input : NULL,
                         .wire = t->wire,
                         .present = t->present,
                         .keep = r->reference_plain,
                         .begin = begin_phase,
                         .context = m,
                         .say = t->config == NULL ? NULL : t->config->say,
                         .say_context = t->config == NULL ? NULL : t->config->say_context };

    sample_config sampling = { .temperature = r->temperature,
                               .top_k = r->top_k,
                               .top_p = r->top_p,
                               .ulp = plan_ulp(t->plan),
                               .has_seed = r->has_sample_seed,
                               .seed = r->sample_seed };

    result->generated = calloc(t->count + 1, sizeof *result->generated);
    if (result->generated == NULL) return error_set(e, 1001, "out of memory for the outputs");
    if (g.input != NULL && r->decoding == RUN_CLIENT) g.sampling = &sampling;
    for (size_t i = 0, end; i < t->count && e->status == PUMA_OK; i = end) {
        end = plan_pass(t->plan, t->tokens, t->count, i);
        if (i > 0) exec_reset(x);
        result->output_count = end;
        if (generate_tokens(&g,
                            &(generate_pass){ .x = x,
                                              .session = s,
                                              .first = i,
                                              .count = end - i,
                                              .prompts = g.input != NULL ? &t->inputs[i] : NULL,
                                              .tokens = &t->tokens[i],
                                              .forced = t->forced == NULL ? NULL : &t->forced->generated[i],
                                              .out = &result->generated[i] },
                            e) != PUMA_OK)
            of_inputs(e, t, i, end);
        distrust(x, t, i, end, result);
        close_phase(m);
    }
    OPENSSL_cleanse(&sampling, sizeof sampling);
    return e->status;
}

static exec_input input_of(const task *t, size_t i)
{
    exec_input in = { .tokens = t->tokens[i] };

    if (t->inputs == NULL) return in;
    if (t->plan->model->pixels) {
        in.pixels = t->client->input.images.images[i].pixels;
    } else {
        in.ids = t->inputs[i].ids;
        in.types = t->inputs[i].types;
    }
    return in;
}

/* The client's: in fixed point every answer is made of numbers, but in floating point a model may leave them. */
static puma_status check_answer(const exec_output *o, size_t hidden, puma_error *e)
{
    if (o->values != NULL && !checked_finite(o->values, o->rows * o->columns))
        return error_set(e, 1103, "the answer holds a value that is no finite number");
    for (size_t i = 0; i < o->state_count; i++)
        if (!checked_finite(o->states[i].values, o->states[i].rows * hidden))
            return error_set(e, 1103, "state %zu holds a value that is no finite number", i);
    return PUMA_OK;
}

static puma_status run_inputs(exec *x, puma_session *s, const task *t, meter *m, node_result *result,
                              puma_error *e)
{
    exec_input *in;

    if (t->plan->run->task == RUN_GENERATE) return generate_inputs(x, s, t, m, result, e);
    result->outputs = calloc(t->count > 0 ? t->count : 1, sizeof *result->outputs);
    in = calloc(t->count > 0 ? t->count : 1, sizeof *in);
    if (result->outputs == NULL || in == NULL) error_set(e, 1001, "out of memory for the outputs");
    for (size_t i = 0, end; i < t->count && e->status == PUMA_OK; i = end) {
        end = plan_pass(t->plan, t->tokens, t->count, i);
        for (size_t k = i; k < end; k++) in[k] = input_of(t, k);
        exec_run(x, &in[i], end - i, &result->outputs[i]);
        result->output_count = end;
        if (session_error(s)->status != PUMA_OK) {
            *e = *session_error(s);
            of_inputs(e, t, i, end);
        }
        distrust(x, t, i, end, result);
        for (size_t k = i; k < end && e->status == PUMA_OK && result->distrust.status == PUMA_OK; k++)
            if (check_answer(&result->outputs[k], t->plan->model->hidden, e) != PUMA_OK) of_inputs(e, t, k, k + 1);
    }
    free(in);
    return e->status;
}

/* Reads the client's "input.tokens": lengths, which are checked against the model. */
static puma_status read_lengths(const char *text, size_t least, size_t limit, size_t **tokens, size_t *count, puma_error *e)
{
    size_t *list = NULL, used = 0;
    char   *end;

    while (text != NULL && *text != '\0') {
        unsigned long length = strtoul(text, &end, 10);
        size_t       *more = realloc(list, (used + 1) * sizeof *list);

        if (more == NULL) {
            free(list);
            return error_set(e, 1001, "out of memory for the lengths of the inputs");
        }
        list = more;
        if (end == text || length < least || length > limit || (*end != '\0' && *end != ' ')) {
            free(list);
            return error_set(e, 910, "client: input.tokens: not a list of lengths (limit %zu to %zu)", least, limit);
        }
        list[used++] = length;
        text = *end == ' ' ? end + 1 : end;
    }
    if (used == 0) return error_set(e, 910, "client: input.tokens: no lengths");
    *tokens = list;
    *count = used;
    return PUMA_OK;
}

/* Shares the client's weights.  Synthetic ones are public: each computing node makes them itself. */
static puma_status open_weights(exec **x, puma_session *s, const exec_config *ec, const task *t, puma_error *e)
{
    const plan         *p = t->plan;
    const model_source *source = t->client == NULL ? NULL : t->client->source;
    model_source       *made = NULL;

    if (source == NULL && p->run->source == RUN_SYNTHETIC) {
        if (model_source_synthetic(&made, p->model, p->run->synthetic_seed, e) != PUMA_OK) return e->status;
        source = made;
    }
    if (exec_open(x, s, ec, source, t->client == NULL ? NULL : t->client->input.head) != PUMA_OK)
        *e = *session_error(s);
    model_source_close(made);
    return e->status;
}

/* A backend of one party: session, weights, inputs, no wire. */
static puma_status run_local(const session_config *sc, const exec_config *ec, task *t, meter *m,
                             node_result *result, puma_error *e)
{
    puma_session *s = NULL;
    exec         *x = NULL;

    t->inputs = t->client->input.sequences;
    if (client_lengths(t->client, &t->tokens, &t->count, e) == PUMA_OK && session_open(&s, sc, e) == PUMA_OK &&
        open_weights(&x, s, ec, t, e) == PUMA_OK) {
        start_counting(m);
        run_inputs(x, s, t, m, result, e);
        finish_counting(m);
    }
    exec_close(x);
    if (s != NULL) session_close(s);
    free(t->tokens);
    return e->status;
}

/* --- a dealer's work ahead --------------------------------------------------------------------- */

static void tape(void *context, uint32_t to, puma_phase phase, const void *payload, size_t size)
{
    material_send(context, to, phase, payload, size);
}

/* A run of which only the dealer's messages are made. */
static puma_status make_record(const node_config *c, net_config *nc, session_config *sc, meter *m,
                               puma_error *e)
{
    net          *wire = NULL;
    puma_session *s = NULL;
    exec         *x = NULL;
    task          t = { .config = c, .plan = c->plan, .client = c->client, .present = nc->present };
    node_result   none = { 0 };

    nc->transport = NET_TAPE;
    nc->tape = tape;
    nc->tape_context = m->deal = c->deal;
    if (net_open(&wire, nc, e) != PUMA_OK) return e->status;
    sc->wire = m->wire = t.wire = wire;
    if (client_lengths(c->client, &t.tokens, &t.count, e) == PUMA_OK && session_open(&s, sc, e) == PUMA_OK)
        open_weights(&x, s, &c->plan->exec, &t, e);
    if (e->status == PUMA_OK) {
        material_go(c->deal);
        start_counting(m);
        run_inputs(x, s, &t, m, &none, e);
        finish_counting(m);
    }
    if (e->status == PUMA_OK) material_end(c->deal, e);
    node_result_free(&none);
    exec_close(x);
    if (s != NULL) session_close(s);
    net_close(wire);
    free(t.tokens);
    return e->status;
}

/* Plays a record up to the end of set-up, or to its end. */
static puma_status play_record(material *ahead, meter *m, material_kind until, puma_error *e)
{
    material_event event = { 0 };

    do {
        if (material_next(ahead, &event, e) != PUMA_OK) return e->status;
        switch (event.kind) {
        case MATERIAL_SEND: net_send(m->wire, event.to, event.payload, event.size, event.phase, e); break;
        case MATERIAL_PLACE: labelled(m, &event.at); break;
        case MATERIAL_STEP: begin_phase(m, event.step, event.tokens); break;
        default: break;
        }
    } while (e->status == PUMA_OK && event.kind != MATERIAL_GO && event.kind != MATERIAL_END);
    if (e->status == PUMA_OK && event.kind != until)
        error_set(e, 430, "dealer's material: set-up and run of a record are not what they should be");
    if (e->status == PUMA_OK && until == MATERIAL_END) close_phase(m);
    return e->status;
}

/* READY from the parties, GO from the client: all nodes have the weights, and counting begins. */
static puma_status barrier(net *wire, bool client, const bool *present, puma_error *e)
{
    for (uint32_t peer = 0; peer < PUMA_CLIENT && e->status == PUMA_OK; peer++) {
        char *text = NULL;

        if (client && present[peer]) net_recv_control(wire, peer, &text, CONTROL_LIMIT, e);
        free(text);
    }
    if (client) {
        for (uint32_t peer = 0; peer < PUMA_CLIENT && e->status == PUMA_OK; peer++)
            if (present[peer]) net_send_control(wire, peer, "go", e);
    } else {
        char *text = NULL;

        if (net_send_control(wire, PUMA_CLIENT, "ready", e) == PUMA_OK)
            net_recv_control(wire, PUMA_CLIENT, &text, CONTROL_LIMIT, e);
        free(text);
    }
    return e->status;
}

/* Sends the parties' bills to the client. */
static puma_status exchange_bills(net *wire, bool client, const bool *present, const puma_protocol *protocol,
                                  report_party *own, node_result *result, puma_error *e)
{
    if (!client) {
        char *text = report_party_json(own);

        if (text == NULL) return error_set(e, 1001, "out of memory for the report");
        net_send_control(wire, PUMA_CLIENT, text, e);
        free(text);
        return e->status;
    }
    for (uint32_t peer = 0; peer < PUMA_CLIENT && e->status == PUMA_OK; peer++) {
        char *text = NULL;

        if (!present[peer]) continue;
        if (net_recv_control(wire, peer, &text, CONTROL_LIMIT, e) == PUMA_OK) {
            report_party *p = &result->parties[result->party_count];

            if (report_party_parse(p, text, e) == PUMA_OK) {
                result->party_count++;
                p->ahead = peer == protocol->dealer;
                p->dealer = p->ahead && (protocol->caps & PUMA_CAP_DEALER) != 0;
            } else {
                error_prefix(e, "party %u", peer);
            }
        }
        free(text);
    }
    return e->status;
}

#define PROCESS_BYTES ((uint64_t)10 << 20) /* a party without tensors: code, libraries, links */

/* What a party's process would need: its session's peak, and the dealer's messages that wait at either end of
 * a link.  The dealer runs ahead as far as a link can hold. */
static uint64_t memory_of(const puma_session *s, const net_count *c, uint32_t dealer)
{
    uint64_t waiting = dealer < PUMA_NODES ? c->received[dealer] : 0;

    for (size_t peer = 0; s->role == dealer && peer < PUMA_NODES; peer++)
        waiting += c->sent[peer][PUMA_OFFLINE];
    return PROCESS_BYTES + session_peak(s) + (waiting < NET_AHEAD ? waiting : NET_AHEAD);
}

/* What a node has open while it plays its part over a wire. */
typedef struct part {
    net          *wire;
    puma_session *session;
    exec         *x;
    material     *ahead; /* the dealer's record, played in place of computing; or NULL */
    model         model; /* a party's: the plan's with the client's ranges */
    exec_config   exec;  /* the plan's; at a party with the ring plan of these ranges */
    task          task;
} part;

/* A party's ring plan follows the ranges that the client tells. */
static puma_status adopt_ranges(part *own, puma_error *e)
{
    const node_config *c = own->task.config;
    const char        *text = c->self == PUMA_CLIENT ? NULL : net_input(own->wire, "input.ranges");
    char              *planned;

    own->exec = c->plan->exec;
    if (text == NULL) return e->status;
    if (own->ahead != NULL) { /* a record is for the plan's ranges, and must not be spent on others */
        planned = ranges_text(c->plan);
        if (planned == NULL)
            error_set(e, 1001, "out of memory for the ranges");
        else if (strcmp(planned, text) != 0)
            error_set(e, 430, "dealer's material: made for the ranges %s of the plan, and the weights need %s: give deal and run the same [numeric] ranges",
                      planned, text);
        free(planned);
        return e->status;
    }
    own->exec.model = &own->model;
    return ranges_read(text, c->plan, &own->model, &own->exec.rings, e);
}

/* Everything up to GO: the lengths of the inputs, then the shares of weights, or a record's messages for
 * set-up. */
static puma_status set_up(part *own, session_config *sc, meter *m, puma_error *e)
{
    const node_config *c = own->task.config;
    const plan        *p = c->plan;
    task              *t = &own->task;

    sc->wire = m->wire = t->wire = own->wire;
    if (c->self == PUMA_CLIENT)
        client_lengths(c->client, &t->tokens, &t->count, e);
    else
        read_lengths(net_input(own->wire, "input.tokens"), p->model->pixels ? p->most : 1, p->most,
                     &t->tokens, &t->count, e);
    if (e->status == PUMA_OK) adopt_ranges(own, e);
    if (e->status == PUMA_OK && own->ahead != NULL) {
        if (material_take(own->ahead, t->tokens, t->count, e) == PUMA_OK)
            play_record(own->ahead, m, MATERIAL_GO, e);
    } else if (e->status == PUMA_OK && session_open(&own->session, sc, e) == PUMA_OK && c->work == NULL) {
        open_weights(&own->x, own->session, &own->exec, t, e);
    }
    return e->status;
}

/* Everything from GO to the last input. */
static puma_status play_part(part *own, meter *m, node_result *result, puma_error *e)
{
    const node_config *c = own->task.config;
    puma_session      *s = own->session;

    start_counting(m);
    if (c->rehearsal) m->party->setup_work = session_work(s);
    if (own->ahead != NULL)
        play_record(own->ahead, m, MATERIAL_END, e);
    else if (c->work == NULL)
        run_inputs(own->x, s, &own->task, m, result, e);
    else
        c->work(s, c->work_context);
    if (e->status == PUMA_OK && s != NULL && session_error(s)->status != PUMA_OK) *e = *session_error(s);
    if (e->status != PUMA_OK) return e->status;
    finish_counting(m);
    if (c->rehearsal) {
        m->party->peak_rss_bytes = memory_of(s, &m->last, c->plan->protocol->protocol->dealer);
        m->party->work = session_work(s);
        ring_work_add(&m->party->work, &m->party->setup_work, -1);
    }
    return PUMA_OK;
}

static puma_status run_on_wire(const node_config *c, net_config *nc, session_config *sc, meter *m,
                               node_result *result, puma_error *e)
{
    const plan *p = c->plan;
    bool        client = c->self == PUMA_CLIENT;
    uint32_t    dealer = p->protocol->protocol->dealer;
    part        own = { .task = { .config = c,
                                  .plan = p,
                                  .client = c->client,
                                  .present = nc->present,
                                  .inputs = client ? c->client->input.sequences : NULL } };

    if (p->run->material != NULL && c->self == dealer && !c->rehearsal && c->work == NULL &&
        material_open(&own.ahead, p, e) != PUMA_OK) {
        material_close(own.ahead);
        if (nc->listen_fd >= 0) close(nc->listen_fd);
        return e->status;
    }
    if (net_open(&own.wire, nc, e) != PUMA_OK) {
        material_close(own.ahead);
        return e->status;
    }
    if (set_up(&own, sc, m, e) == PUMA_OK && barrier(own.wire, client, nc->present, e) == PUMA_OK &&
        play_part(&own, m, result, e) == PUMA_OK) {
        m->party->has_digests = nc->seed != NULL;
        for (uint32_t peer = 0; peer < PUMA_NODES && nc->seed != NULL; peer++)
            if (nc->present[peer] && peer != c->self) net_link_digest(own.wire, peer, m->party->digest[peer]);
        exchange_bills(own.wire, client, nc->present, p->protocol->protocol, m->party, result, e);
    }
    exec_close(own.x);
    if (own.session != NULL) session_close(own.session);
    material_wipe(own.ahead, e);
    material_close(own.ahead);
    if (e->status == PUMA_OK) net_finish(own.wire, e);
    if (e->status != PUMA_OK) net_abort(own.wire, e);
    net_close(own.wire);
    free(own.task.tokens);
    return e->status;
}

/* Fills in which nodes there are, and where. */
static void set_nodes(net_config *nc, const node_config *c)
{
    for (uint32_t node = 0; node < PUMA_NODES; node++) {
        nc->present[node] = node == PUMA_CLIENT || node < c->plan->protocol->protocol->parties;
        nc->address[node] = c->address[node];
    }
}

static net_transport transport_of(const runfile *r, bool rehearses)
{
    if (rehearses) return NET_COUNTING;
    return r->transport == RUN_MEMORY ? NET_MEMORY : r->transport == RUN_TCP ? NET_TCP : NET_TLS;
}

puma_status node_run(const node_config *c, node_result *result, puma_error *e)
{
    const plan    *p = c->plan;
    const runfile *r = p->run;
    bool           local = (p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0;
    uint8_t        seed[32] = { 0 };
    report_party   own = { .node = local ? 0 : c->self };
    meter          m = { .party = &own, .config = c, .started = now(), .error = e };
    session_config sc = { .protocol = p->protocol,
                          .role = local ? 0 : c->self,
                          .ring_bits = r->ring_bits,
                          .frac = r->frac,
                          .is_float = local && !r->fixed,
                          .rehearsal = c->rehearsal,
                          .option = plan_option,
                          .option_context = (void *)(uintptr_t)p,
                          .observe = c->observe,
                          .observe_context = c->observe_context,
                          .labelled = labelled,
                          .label_context = &m };
    net_config     nc = { .transport = transport_of(r, c->rehearsal),
                          .self = c->self,
                          .listen_fd = c->listen_fd,
                          .hub = c->hub,
                          .certificates = c->certificates,
                          .identity = c->identity,
                          .allow_insecure = r->allow_insecure,
                          .dealer = p->protocol->protocol->dealer,
                          .called_dealer = (p->protocol->protocol->caps & PUMA_CAP_DEALER) != 0,
                          .connect_timeout_ms = r->connect_timeout_ms,
                          .io_timeout_ms = r->io_timeout_ms,
                          .bandwidth_mbps = r->bandwidth_mbps,
                          .round_trip_ms = r->round_trip_ms,
                          .hello = c->self == PUMA_CLIENT && c->client != NULL ? c->client->hello : p->hello,
                          .seed = r->has_seed && !c->rehearsal ? seed : NULL,
                          .on_stuck = c->on_stuck,
                          .stuck_context = c->stuck_context,
                          .event = c->event,
                          .event_context = c->event_context };

    *result = (node_result){ .parties = calloc(PUMA_NODES, sizeof *result->parties), .rehearsal = c->rehearsal };
    if (result->parties == NULL) return error_set(e, 1001, "out of memory for the report");
    memcpy(sc.function, p->function, sizeof sc.function);
    for (int i = 0; i < 8; i++) seed[i] = (uint8_t)(r->seed >> 8 * i);
    set_nodes(&nc, c);
    if (c->deal != NULL)
        make_record(c, &nc, &sc, &m, e);
    else if (local)
        run_local(&sc, &p->exec, &(task){ .config = c, .plan = p, .client = c->client }, &m, result, e);
    else
        run_on_wire(c, &nc, &sc, &m, result, e);
    if (e->status == PUMA_OK) *e = result->distrust;
    if (e->status == PUMA_OK)
        result->parties[result->party_count++] = own;
    else
        report_party_free(&own);
    return e->status;
}

puma_status node_reference(const client_plan *c, const node_result *run, node_result *result, puma_error *e)
{
    const plan    *p = c->plan;
    session_config sc = { .ring_bits = p->run->ring_bits,
                          .frac = p->run->frac,
                          .is_float = true,
                          .option = plan_option,
                          .option_context = (void *)(uintptr_t)p };
    exec_config    ec = p->exec;
    report_party   own = { 0 };
    meter          m = { .party = &own, .error = e };

    *result = (node_result){ 0 };
    ec.equality = false;
    sc.labelled = labelled;
    sc.label_context = &m;
    if (plan_reference(p, &sc.protocol, sc.function, &ec.rings, e) == PUMA_OK) {
        ec.lookup = sc.protocol->extensions.lookup.embed != NULL;
        run_local(&sc, &ec, &(task){ .plan = p, .client = c, .forced = run }, &m, result, e);
    }
    report_party_free(&own);
    return e->status == PUMA_OK ? PUMA_OK : error_prefix(e, "reference");
}

void node_result_free(node_result *result)
{
    for (size_t i = 0; i < result->party_count; i++) report_party_free(&result->parties[i]);
    for (size_t i = 0; i < result->output_count; i++) {
        if (result->outputs != NULL) exec_output_free(&result->outputs[i]);
        if (result->generated != NULL) generated_free(&result->generated[i]);
    }
    free(result->parties);
    free(result->outputs);
    free(result->generated);
    *result = (node_result){ 0 };
}
