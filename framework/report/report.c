/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h */
#include "report/report.h"

#include <jansson.h>
#include <math.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* What a peer may send us: more layers, or longer names, than any model has are refused. */
#define MAX_LAYERS 100000u
#define MAX_NAME 160u
#define MAX_PHASES 200000u

static const char *const slots[] = {
#define X(slot, name) name,
    PUMA_SLOTS(X)
#undef X
};

static const char *const steps[] = { "prefill", "decode" };

/* --- layers ----------------------------------------------------------------------------------- */

static bool append_layer(report_layer **layers, size_t *count, const char *name, const char *op,
                         uint64_t bytes, uint64_t rounds, double seconds)
{
    report_layer layer = { .bytes = bytes, .rounds = rounds, .seconds = seconds };

    /* Room grows at powers of two, so that the count alone says when it is used up. */
    if ((*count & (*count - 1)) == 0) {
        report_layer *more = realloc(*layers, (*count ? 2 * *count : 1) * sizeof *more);

        if (!more) return false;
        *layers = more;
    }
    layer.name = strdup(name);
    layer.op = strdup(op);
    if (!layer.name || !layer.op) {
        free(layer.name);
        free(layer.op);
        return false;
    }
    (*layers)[(*count)++] = layer;
    return true;
}

static void free_layers(report_layer *layers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(layers[i].name);
        free(layers[i].op);
    }
    free(layers);
}

puma_status report_add_layer(report_party *p, const char *name, const char *op, uint64_t bytes,
                             uint64_t rounds, double seconds, puma_error *e)
{
    if (append_layer(&p->layers, &p->layer_count, name, op, bytes, rounds, seconds)) return PUMA_OK;
    return error_set(e, 1001, "report: out of memory at %zu layers", p->layer_count);
}

static bool append_phase(report_phase **phases, size_t *count, const report_phase *phase)
{
    if ((*count & (*count - 1)) == 0) {
        report_phase *more = realloc(*phases, (*count ? 2 * *count : 1) * sizeof *more);

        if (!more) return false;
        *phases = more;
    }
    (*phases)[(*count)++] = *phase;
    return true;
}

puma_status report_add_phase(report_party *p, const report_phase *phase, puma_error *e)
{
    if (append_phase(&p->phases, &p->phase_count, phase)) return PUMA_OK;
    return error_set(e, 1001, "report: out of memory at %zu phases", p->phase_count);
}

void report_party_free(report_party *p)
{
    free_layers(p->layers, p->layer_count);
    free(p->phases);
    *p = (report_party){ 0 };
}

static json_t *layers_json(const report_layer *layers, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *layer = json_pack("{s:s,s:s,s:I,s:I,s:f}", "name", layers[i].name, "op", layers[i].op,
                                  "bytes", (json_int_t)layers[i].bytes, "rounds",
                                  (json_int_t)layers[i].rounds, "seconds", layers[i].seconds);

        if (json_array_append_new(list, layer) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *phases_json(const report_phase *phases, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const report_phase *p = &phases[i];
        json_t             *phase =
            json_pack("{s:s,s:I,s:I,s:I,s:f}", "name", steps[p->step], "tokens", (json_int_t)p->tokens,
                      "bytes", (json_int_t)p->bytes, "rounds", (json_int_t)p->rounds, "seconds", p->seconds);

        if (json_array_append_new(list, phase) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* --- one node's part -------------------------------------------------------------------------- */

/* Which fields travel, by name; rows of the same kind are read and written by the same lines. */
static const struct {
    const char *name;
    size_t      offset;
} counts[] = {
    { "sent_bytes", offsetof(report_party, sent_bytes) },
    { "received_bytes", offsetof(report_party, received_bytes) },
    { "sent_bytes_offline", offsetof(report_party, sent_bytes_offline) },
    { "messages", offsetof(report_party, messages) },
    { "peak_rss_bytes", offsetof(report_party, peak_rss_bytes) },
    { "rounds", offsetof(report_party, rounds) },
    { "online_rounds", offsetof(report_party, online_rounds) },
    { "setup_bytes", offsetof(report_party, setup_bytes) },
};
static const struct {
    const char *name;
    size_t      offset;
} times[] = {
    { "cpu_s", offsetof(report_party, cpu_s) },
    { "wall_s", offsetof(report_party, wall_s) },
    { "waited_s", offsetof(report_party, waited_s) },
    { "setup_s", offsetof(report_party, setup_s) },
};
#define COUNTS (sizeof counts / sizeof *counts)
#define TIMES (sizeof times / sizeof *times)

static void to_hex(char *hex, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) sprintf(hex + 2 * i, "%02x", bytes[i]);
}

static bool from_hex(uint8_t *bytes, size_t size, const char *hex)
{
    if (strlen(hex) != 2 * size || strspn(hex, "0123456789abcdef") != 2 * size) return false;
    for (size_t i = 0; i < 2 * size; i++) {
        unsigned digit = (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);

        bytes[i / 2] = (uint8_t)(i % 2 ? bytes[i / 2] * 16u + digit : digit);
    }
    return true;
}

char *report_party_json(const report_party *p)
{
    json_t *root =
        json_pack("{s:i,s:b,s:o,s:o}", "node", (int)p->node, "dealer", p->dealer, "layers",
                  layers_json(p->layers, p->layer_count), "phases", phases_json(p->phases, p->phase_count));
    bool  failed = !root;
    char *text = NULL;

    for (size_t i = 0; !failed && i < COUNTS; i++) {
        uint64_t value = *(const uint64_t *)((const char *)p + counts[i].offset);

        failed = json_object_set_new(root, counts[i].name, json_integer((json_int_t)value)) != 0;
    }
    for (size_t i = 0; !failed && i < TIMES; i++) {
        double value = *(const double *)((const char *)p + times[i].offset);

        failed = json_object_set_new(root, times[i].name, json_real(value)) != 0;
    }
    if (!failed && p->has_digests) {
        json_t *list = json_array();

        for (size_t i = 0; i < PUMA_NODES; i++) {
            char hex[65];

            to_hex(hex, p->digest[i], 32);
            json_array_append_new(list, json_string(hex));
        }
        failed = json_array_size(list) != PUMA_NODES;
        failed = json_object_set_new(root, "digests", list) != 0 || failed;
    }
    if (!failed) text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

static bool get_count(const json_t *object, const char *name, uint64_t *value)
{
    const json_t *item = json_object_get(object, name);

    if (!json_is_integer(item) || json_integer_value(item) < 0) return false;
    *value = (uint64_t)json_integer_value(item);
    return true;
}

static bool get_time(const json_t *object, const char *name, double *value)
{
    const json_t *item = json_object_get(object, name);

    if (!json_is_number(item) || !(json_number_value(item) >= 0)) return false;
    *value = json_number_value(item);
    return true;
}

static const char *get_name(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && strlen(text) <= MAX_NAME ? text : NULL;
}

/* The name of the first thing that is wrong, or NULL. */
static const char *read_layers(report_party *p, const json_t *list, bool *no_memory)
{
    if (!json_is_array(list) || json_array_size(list) > MAX_LAYERS) return "layers";
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char   *name = get_name(item, "name"), *op = get_name(item, "op");
        uint64_t      bytes, rounds;
        double        seconds;

        if (!name || !op || !get_count(item, "bytes", &bytes) || !get_count(item, "rounds", &rounds) ||
            !get_time(item, "seconds", &seconds) || json_object_size(item) != 5)
            return "layers";
        if (!append_layer(&p->layers, &p->layer_count, name, op, bytes, rounds, seconds)) {
            *no_memory = true;
            return "layers";
        }
    }
    return NULL;
}

static const char *read_phases(report_party *p, const json_t *list, bool *no_memory)
{
    if (!json_is_array(list) || json_array_size(list) > MAX_PHASES) return "phases";
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char   *name = get_name(item, "name");
        report_phase  phase = { .step = REPORT_PREFILL };

        if (!name || (strcmp(name, steps[0]) && strcmp(name, steps[1])) ||
            !get_count(item, "tokens", &phase.tokens) || !get_count(item, "bytes", &phase.bytes) ||
            !get_count(item, "rounds", &phase.rounds) || !get_time(item, "seconds", &phase.seconds) ||
            json_object_size(item) != 5)
            return "phases";
        if (!strcmp(name, steps[REPORT_DECODE])) phase.step = REPORT_DECODE;
        if (!append_phase(&p->phases, &p->phase_count, &phase)) {
            *no_memory = true;
            return "phases";
        }
    }
    return NULL;
}

static const char *read_digests(report_party *p, const json_t *list)
{
    if (!list) return NULL;
    if (!json_is_array(list) || json_array_size(list) != PUMA_NODES) return "digests";
    for (size_t i = 0; i < PUMA_NODES; i++) {
        const char *hex = json_string_value(json_array_get(list, i));

        if (!hex || !from_hex(p->digest[i], 32, hex)) return "digests";
    }
    p->has_digests = true;
    return NULL;
}

static const char *read_party(report_party *p, const json_t *root, bool *no_memory)
{
    const char *wrong;
    uint64_t    node;

    if (!json_is_object(root)) return "the whole";
    if (!get_count(root, "node", &node) || node >= PUMA_NODES) return "node";
    p->node = (uint32_t)node;
    if (!json_is_boolean(json_object_get(root, "dealer"))) return "dealer";
    p->dealer = json_is_true(json_object_get(root, "dealer"));
    for (size_t i = 0; i < COUNTS; i++)
        if (!get_count(root, counts[i].name, (uint64_t *)((char *)p + counts[i].offset)))
            return counts[i].name;
    for (size_t i = 0; i < TIMES; i++)
        if (!get_time(root, times[i].name, (double *)((char *)p + times[i].offset))) return times[i].name;
    wrong = read_layers(p, json_object_get(root, "layers"), no_memory);
    if (!wrong) wrong = read_phases(p, json_object_get(root, "phases"), no_memory);
    if (!wrong) wrong = read_digests(p, json_object_get(root, "digests"));
    if (wrong) return wrong;
    return json_object_size(root) == 4 + COUNTS + TIMES + p->has_digests ? NULL : "a key that is not known";
}

puma_status report_party_parse(report_party *p, const char *text, puma_error *e)
{
    json_error_t where;
    json_t      *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    bool         no_memory = false;
    const char  *wrong;

    *p = (report_party){ 0 };
    if (e->status != PUMA_OK) {
        json_decref(root);
        return e->status;
    }
    if (!root) return error_set(e, 750, "a party's report: %s at byte %d", where.text, where.position);
    wrong = read_party(p, root, &no_memory);
    if (wrong && no_memory)
        error_set(e, 1001, "a party's report: out of memory at %zu layers", p->layer_count);
    else if (wrong)
        error_set(e, 750, "a party's report: %s is missing or wrong", wrong);
    if (wrong) report_party_free(p);
    json_decref(root);
    return e->status;
}

/* --- adding up -------------------------------------------------------------------------------- */

static uint64_t larger(uint64_t x, uint64_t y) { return x > y ? x : y; }

/* A dealer that runs ahead waits where the others have long been: for the ids of a next token, say.  What it
 * waits, and by how much its depth then jumps, tells nothing about the operation.
 *
 * Parties run the same operations in the same order, so the place of the last match is where the next one is
 * looked for. */
static report_layer *find_layer(report *r, const report_layer *like, size_t *next)
{
    for (size_t tried = 0; tried < r->layer_count; tried++) {
        size_t i = (*next + tried) % r->layer_count;

        if (strcmp(r->layers[i].name, like->name) || strcmp(r->layers[i].op, like->op)) continue;
        *next = i + 1;
        return &r->layers[i];
    }
    return NULL;
}

static bool merge_layers(report *r, const report_party *p)
{
    size_t next = 0;

    for (size_t i = 0; i < p->layer_count; i++) {
        const report_layer *one = &p->layers[i];
        report_layer       *sum = find_layer(r, one, &next);

        if (!sum) {
            if (!append_layer(&r->layers, &r->layer_count, one->name, one->op, 0, 0, 0)) return false;
            sum = &r->layers[r->layer_count - 1];
        }
        sum->bytes += one->bytes;
        if (p->ahead) continue;
        sum->rounds = larger(sum->rounds, one->rounds);
        sum->seconds = fmax(sum->seconds, one->seconds);
    }
    return true;
}

/* Every node went through the same steps.  `reached`: the longest chain so far, over all nodes. */
static puma_status merge_phases(report *r, puma_error *e)
{
    const report_party *first = &r->parties[0];
    uint64_t            depth[PUMA_NODES] = { 0 }, reached = 0;

    for (size_t k = 0; k < r->party_count; k++)
        if (r->parties[k].phase_count != first->phase_count)
            return error_set(e, 750, "a party's report: phases: nodes %u and %u took %zu and %zu steps",
                             first->node, r->parties[k].node, first->phase_count, r->parties[k].phase_count);
    for (size_t i = 0; i < first->phase_count; i++) {
        report_phase sum = { .step = first->phases[i].step, .tokens = first->phases[i].tokens };
        uint64_t     deepest = 0;
        double       client_s = -1;

        for (size_t k = 0; k < r->party_count; k++) {
            const report_phase *one = &r->parties[k].phases[i];
            uint32_t            node = r->parties[k].node;

            if (one->step != sum.step || one->tokens != sum.tokens)
                return error_set(e, 750, "a party's report: phases: nodes %u and %u differ in step %zu",
                                 first->node, node, i);
            depth[node] += one->rounds;
            deepest = larger(deepest, depth[node]);
            sum.seconds = fmax(sum.seconds, one->seconds);
            if (node == PUMA_CLIENT)
                client_s = one->seconds;
            else
                sum.bytes += one->bytes;
        }
        if (client_s >= 0) sum.seconds = client_s;
        sum.rounds = deepest - reached;
        reached = deepest;
        if (!append_phase(&r->phases, &r->phase_count, &sum))
            return error_set(e, 1001, "report: out of memory at %zu phases", i);
    }
    return PUMA_OK;
}

/* SHA-256 over the links' digests, links in the order of sender and receiver, the client last. */
static void merge_digests(report *r)
{
    const report_party *by_node[PUMA_NODES] = { NULL };
    uint8_t             all[PUMA_NODES * PUMA_NODES * 32], hash[SHA256_DIGEST_LENGTH];
    size_t              used = 0;

    for (size_t i = 0; i < r->party_count; i++) {
        if (!r->parties[i].has_digests) return;
        by_node[r->parties[i].node] = &r->parties[i];
    }
    for (size_t from = 0; from < PUMA_NODES; from++)
        for (size_t to = 0; to < PUMA_NODES; to++) {
            if (from == to || !by_node[from] || !by_node[to]) continue;
            memcpy(all + used, by_node[from]->digest[to], 32);
            used += 32;
        }
    if (used == 0) return; /* a party's own report: it has no whole link */
    SHA256(all, used, hash);
    to_hex(r->transcript_sha256, hash, sizeof hash);
}

puma_status report_merge(report *r, const report_party *parties, size_t count, puma_error *e)
{
    double client_s = -1, waited = 0;

    r->parties = parties;
    r->party_count = count;
    for (size_t i = 0; i < count; i++) {
        const report_party *p = &parties[i];

        if (p->node >= PUMA_NODES) return error_set(e, 7001, "report: node %u", p->node);
        if (p->node == PUMA_CLIENT) {
            r->client_bytes += p->sent_bytes;
            client_s = p->wall_s;
        } else {
            r->total_bytes += p->sent_bytes;
            r->offline_bytes += p->sent_bytes_offline;
            waited = fmax(waited, p->waited_s);
        }
        r->setup_bytes += p->setup_bytes;
        r->setup_s = fmax(r->setup_s, p->setup_s);
        r->wall_s = fmax(r->wall_s, p->wall_s);
        r->rounds = larger(r->rounds, p->rounds);
        r->online_rounds = larger(r->online_rounds, p->online_rounds);
        if (!merge_layers(r, p))
            return error_set(e, 1001, "report: out of memory at %zu layers", r->layer_count);
    }
    if (client_s >= 0) r->wall_s = client_s;
    r->online_bytes = r->total_bytes - r->offline_bytes;
    r->online_s = fmax(0, r->wall_s - waited);
    if (count > 0) merge_digests(r);
    return count > 0 ? merge_phases(r, e) : PUMA_OK;
}

void report_free(report *r)
{
    free(r->fidelity.layers);
    r->fidelity.layers = NULL;
    free_layers(r->layers, r->layer_count);
    free(r->phases);
    r->layers = NULL;
    r->phases = NULL;
    r->layer_count = r->phase_count = 0;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *row_json(const double *values, size_t n)
{
    json_t *row = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(row, json_real(values[i])) != 0) {
            json_decref(row);
            return NULL;
        }
    return row;
}

double report_probability(report_meaning meaning, const double *logits, size_t n, size_t i)
{
    double sum = 0;

    if (meaning == REPORT_MANY_LABELS) return 1 / (1 + exp(-logits[i]));
    for (size_t k = 0; k < n; k++) sum += exp(logits[k] - logits[i]); /* infinite at worst, and then 0 */
    return 1 / sum;
}

const char *report_label_name(const report_output *o, size_t i, char *room, size_t size)
{
    if (o->label_names != NULL) return o->label_names[i];
    snprintf(room, size, "LABEL_%zu", i);
    return room;
}

/* Of classify: names, probabilities, and what is neither. */
static int add_labels(json_t *object, const report_output *o)
{
    bool    many = o->meaning == REPORT_MANY_LABELS;
    int     failed = 0;
    json_t *list, *names;
    char    room[32];

    if (o->label >= 0 && o->label_names != NULL)
        failed |= json_object_set_new(object, "label_name", json_string(o->label_names[o->label]));
    if (o->values == NULL) return failed;
    if (o->meaning == REPORT_VALUE && o->columns == 1)
        failed |= json_object_set_new(object, "value", json_real(o->values[0]));
    if (o->meaning != REPORT_ONE_LABEL && !many) return failed;
    list = json_array();
    names = json_array();
    for (size_t i = 0; i < o->columns; i++) {
        double p = report_probability(o->meaning, o->values, o->columns, i);

        failed |= json_array_append_new(list, json_real(p));
        if (p > 0.5)
            failed |= json_array_append_new(names, json_string(report_label_name(o, i, room, sizeof room)));
    }
    failed |= json_object_set_new(object, "probabilities", list);
    if (many)
        failed |= json_object_set_new(object, "labels", names);
    else
        json_decref(names);
    return failed;
}

/* Of each token the label, and its name. */
static int add_token_labels(json_t *object, const report_output *o)
{
    json_t *labels = json_array(), *names = json_array();
    char    room[32];
    int     failed = 0;

    for (size_t i = 0; i < o->rows; i++) {
        size_t label = report_top1(o->values + i * o->columns, o->columns, o->ulp);

        failed |= json_array_append_new(labels, json_integer((json_int_t)label));
        failed |= json_array_append_new(names, json_string(report_label_name(o, label, room, sizeof room)));
    }
    failed |= json_object_set_new(object, "labels", labels);
    return failed | json_object_set_new(object, "label_names", names);
}

static json_t *masks_json(const report_output *o)
{
    json_t *list = json_array();

    for (size_t i = 0; i < o->mask_count; i++) {
        const report_mask *m = &o->masks[i];
        json_t            *words = json_array();

        for (size_t k = 0; k < m->count; k++) {
            const report_candidate *c = &m->candidates[k];

            json_array_append_new(words,
                                  json_pack("{s:I, s:s?, s:f, s:f}", "token", (json_int_t)c->token, "text",
                                            c->text, "logit", c->logit, "probability", c->probability));
        }
        json_array_append_new(
            list, json_pack("{s:I, s:o}", "position", (json_int_t)m->position, "candidates", words));
    }
    return list;
}

static json_t *output_json(const report_output *o, bool many)
{
    static const char *const names[] = { "embedding", "logits", "hidden", NULL, NULL, "logits", NULL };
    json_t                  *object = json_object(), *rows;
    int                      failed = 0;

    if (o->values && (o->kind == REPORT_HIDDEN || o->kind == REPORT_TOKEN_LABELS)) {
        rows = json_array();
        for (size_t i = 0; i < o->rows; i++)
            failed |= json_array_append_new(rows, row_json(o->values + i * o->columns, o->columns));
        failed |= json_object_set_new(object, names[o->kind], rows);
    } else if (o->values && names[o->kind]) {
        failed |= json_object_set_new(object, names[o->kind], row_json(o->values, o->rows * o->columns));
    }
    if (o->kind == REPORT_TOKENS) {
        rows = json_array();
        for (size_t i = 0; i < o->token_count; i++)
            failed |= json_array_append_new(rows, json_integer(o->tokens[i]));
        failed |= json_object_set_new(object, "tokens", rows);
        if (o->text) failed |= json_object_set_new(object, "text", json_stringn(o->text, o->text_size));
    }
    if (o->kind == REPORT_TOKEN_LABELS) failed |= add_token_labels(object, o);
    if (o->kind == REPORT_MASKS) failed |= json_object_set_new(object, "masks", masks_json(o));
    if (o->kind == REPORT_PERPLEXITY)
        failed |= json_object_set_new(object, "perplexity", json_real(o->perplexity));
    if (o->label >= 0) failed |= json_object_set_new(object, "label", json_integer(o->label));
    failed |= add_labels(object, o);
    if (o->reference_label >= 0)
        failed |= json_object_set_new(object, "reference_label", json_integer(o->reference_label));
    if (o->given_label >= 0)
        failed |= json_object_set_new(object, "given_label", json_integer(o->given_label));
    if (many)
        failed |=
            json_object_set_new(object, "sequence_length", json_integer((json_int_t)o->sequence_length));
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

static json_t *outputs_json(const report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->output_count; i++)
        if (json_array_append_new(list, output_json(&r->outputs[i], true)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* The client has no row: what it sent is client_bytes. */
static json_t *parties_json(const report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->party_count; i++) {
        const report_party *p = &r->parties[i];
        json_t             *row;

        if (p->node == PUMA_CLIENT) continue;
        row = json_pack(
            "{s:o,s:I,s:I,s:I,s:I,s:f,s:I}", "id", p->dealer ? json_string("dealer") : json_integer(p->node),
            "sent_bytes", (json_int_t)p->sent_bytes, "received_bytes", (json_int_t)p->received_bytes,
            "sent_bytes_offline", (json_int_t)p->sent_bytes_offline, "messages", (json_int_t)p->messages,
            "cpu_s", p->cpu_s, "peak_rss_bytes", (json_int_t)p->peak_rss_bytes);
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *functions_json(const report *r)
{
    json_t *object = json_object();
    int     failed = 0;

    for (size_t i = 0; i < PUMA_SLOT_COUNT; i++)
        if (r->function[i]) failed |= json_object_set_new(object, slots[i], json_string(r->function[i]));
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

/* NULL where nothing warns. */
static json_t *cautions_json(const report *r)
{
    json_t *object = NULL;

    for (size_t i = 0; i < PUMA_SLOT_COUNT; i++) {
        if (r->caution[i] == NULL) continue;
        if (object == NULL) object = json_object();
        json_object_set_new(object, r->function[i], json_string(r->caution[i]));
    }
    return object;
}

static json_t *fraction_json(double x) { return x < 0 ? json_null() : json_real(x); }

static json_t *distance_json(bool has, double x) { return has ? json_real(x) : json_null(); }

static json_t *fidelity_json(const report *r)
{
    const report_fidelity *f = &r->fidelity;
    json_t *object = json_pack("{s:o,s:o,s:o,s:o}", "max_abs_error", distance_json(f->has_distance, f->max_abs_error),
                               "cosine", distance_json(f->has_cosine, f->cosine), "top1_agreement",
                               fraction_json(f->top1_agreement), "accuracy", fraction_json(f->accuracy));

    if (f->reference_perplexity != 0 &&
        (json_object_set_new(object, "perplexity", json_real(f->perplexity)) != 0 ||
         json_object_set_new(object, "reference_perplexity", json_real(f->reference_perplexity)) != 0)) {
        json_decref(object);
        return NULL;
    }
    if (f->layers != NULL) {
        json_t *layers = json_array();

        for (size_t i = 0; i < f->layer_count; i++)
            json_array_append_new(layers, json_pack("{s:f,s:f}", "max_abs_error", f->layers[i].max_abs_error,
                                                    "cosine", f->layers[i].cosine));
        if (json_array_size(layers) != f->layer_count || json_object_set(object, "layers", layers) != 0) {
            json_decref(object);
            object = NULL;
        }
        json_decref(layers);
    }
    return object;
}

/* What a prediction does not know. */
static void remove_times(json_t *root)
{
    static const char *const times_of[][2] = { { "parties", "cpu_s" },
                                               { "layers", "seconds" },
                                               { "phases", "seconds" } };
    json_t                  *row;
    size_t                   at;

    for (size_t i = 0; i < 3; i++)
        json_array_foreach(json_object_get(root, times_of[i][0]), at, row)
            json_object_del(row, times_of[i][1]);
    json_object_del(root, "wall_s");
    json_object_del(root, "online_s");
    json_object_del(root, "setup_s");
}

char *report_json(const report *r)
{
    json_t *root = json_pack("{s:s,s:s,s:o,s:s,s:s,s:I}", "puma_version", r->puma_version, "protocol",
                             r->protocol, "approximation", functions_json(r), "model", r->model, "task",
                             r->task, "sequence_length", (json_int_t)r->sequence_length), *cautions;
    char   *text = NULL, *line;
    int     failed = !root;

    if (!failed && r->many) failed |= json_object_set_new(root, "outputs", outputs_json(r));
    if (!failed && !r->many && r->output_count > 0)
        failed |= json_object_set_new(root, "output", output_json(&r->outputs[0], false));
    if (!failed) failed |= json_object_set_new(root, "parties", parties_json(r));
    if (!failed)
        failed |= json_object_update_new(
            root, json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:f}", "total_bytes",
                            (json_int_t)r->total_bytes, "offline_bytes", (json_int_t)r->offline_bytes,
                            "online_bytes", (json_int_t)r->online_bytes, "client_bytes",
                            (json_int_t)r->client_bytes, "setup_bytes", (json_int_t)r->setup_bytes, "rounds",
                            (json_int_t)r->rounds, "online_rounds", (json_int_t)r->online_rounds, "wall_s",
                            r->wall_s, "online_s", r->online_s, "setup_s", r->setup_s));
    if (!failed) failed |= json_object_set_new(root, "layers", layers_json(r->layers, r->layer_count));
    if (!failed && r->phase_count > 0)
        failed |= json_object_set_new(root, "phases", phases_json(r->phases, r->phase_count));
    if (!failed && (cautions = cautions_json(r)) != NULL)
        failed |= json_object_set_new(root, "cautions", cautions);
    if (!failed && r->fidelity.present) failed |= json_object_set_new(root, "fidelity", fidelity_json(r));
    if (!failed && r->transcript_sha256[0])
        failed |= json_object_set_new(root, "transcript_sha256", json_string(r->transcript_sha256));
    if (!failed && r->rehearsal) remove_times(root);
    if (!failed) text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (!text) return NULL;
    if (asprintf(&line, "%s\n", text) < 0) line = NULL;
    free(text);
    return line;
}

/* --- for people ------------------------------------------------------------------------------- */

const char *report_amount(char text[24], uint64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double                   value = (double)bytes;
    size_t                   unit = 0;

    for (; value >= 999.95 && unit + 1 < sizeof units / sizeof *units; unit++) value /= 1000;
    snprintf(text, 24, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

/* Names may come from a peer: nothing but what a terminal takes for a letter gets there. */
static const char *printable(char *text, size_t room, const char *name)
{
    size_t n = 0;

    for (; name[n] && n + 1 < room; n++) text[n] = (char)(name[n] < ' ' || name[n] > '~' ? '?' : name[n]);
    text[n] = '\0';
    return text;
}

/* The end of a row whose last columns are times: nothing where nothing took any. */
static void print_times(FILE *out, const report *r, int width, int digits, double seconds)
{
    if (!r->rehearsal) fprintf(out, "%*.*f", width, digits, seconds);
    fputc('\n', out);
}

static void print_row(FILE *out, const report *r, const char *name, uint64_t bytes, uint64_t rounds,
                      double seconds)
{
    char size[24];

    fprintf(out, "  %-28s%12s%7.1f %%%9ju", name, report_amount(size, bytes),
            r->total_bytes ? 100.0 * (double)bytes / (double)r->total_bytes : 0.0, (uintmax_t)rounds);
    print_times(out, r, 11, 3, seconds);
}

/* One line an op, in the order of first use. */
static void print_ops(FILE *out, const report *r)
{
    char name[29];

    if (r->layer_count == 0) return;
    fprintf(out, "\n  %-28s%12s%9s%9s%11s\n", "operation", "bytes", "share", "rounds",
            r->rehearsal ? "" : "seconds");
    for (size_t i = 0; i < r->layer_count; i++) {
        uint64_t bytes = 0, rounds = 0;
        double   seconds = 0;
        bool     first = true;

        for (size_t j = 0; j < i && first; j++) first = strcmp(r->layers[i].op, r->layers[j].op) != 0;
        if (!first) continue;
        for (size_t j = i; j < r->layer_count; j++) {
            if (strcmp(r->layers[i].op, r->layers[j].op)) continue;
            bytes += r->layers[j].bytes;
            rounds += r->layers[j].rounds;
            seconds += r->layers[j].seconds;
        }
        print_row(out, r, printable(name, sizeof name, r->layers[i].op), bytes, rounds, seconds);
    }
}

/* Prompt and new tokens apart: what a token costs once the prompt is in the cache.  The first token comes out
 * of the prompt's step. */
static void print_phases(FILE *out, const report *r)
{
    report_phase sum[2] = { { .step = REPORT_PREFILL }, { .step = REPORT_DECODE } };
    char         size[24];

    if (r->phase_count == 0) return;
    for (size_t i = 0; i < r->phase_count; i++) {
        const report_phase *p = &r->phases[i];

        sum[p->step].tokens += p->tokens;
        sum[p->step].bytes += p->bytes;
        sum[p->step].rounds += p->rounds;
        sum[p->step].seconds += p->seconds;
    }
    fprintf(out, "  %-10s%8s%12s%14s%9s%11s%11s\n", "phase", "tokens", "bytes", "bytes/token", "rounds",
            r->rehearsal ? "" : "seconds", r->rehearsal ? "" : "tokens/s");
    for (int i = 0; i < 2; i++) {
        const report_phase *p = &sum[i];

        if (p->tokens == 0) continue;
        fprintf(out, "  %-10s%8ju%12s%14s%9ju", steps[i], (uintmax_t)p->tokens, report_amount(size, p->bytes),
                report_amount((char[24]){ 0 }, p->bytes / p->tokens), (uintmax_t)p->rounds);
        if (!r->rehearsal) fprintf(out, "%11.3f", p->seconds);
        print_times(out, r, 11, 2, p->seconds > 0 ? (double)p->tokens / p->seconds : 0.0);
    }
    fprintf(out, "\n");
}

void report_table(FILE *out, const report *r)
{
    char a[24], b[24], c[24], d[24];

    if (r->total_bytes > 0 || r->party_count > 1) {
        fprintf(out, "  %-10s%12s%12s%12s%10s%11s%9s\n", "party", "sent", "offline", "received", "messages",
                r->rehearsal ? "memory" : "peak RSS", r->rehearsal ? "" : "cpu s");
        for (size_t i = 0; i < r->party_count; i++) {
            const report_party *p = &r->parties[i];
            char                name[16];

            if (p->node == PUMA_CLIENT) continue;
            snprintf(name, sizeof name, p->dealer ? "dealer" : "party%u", p->node);
            fprintf(out, "  %-10s%12s%12s%12s%10ju%11s", name, report_amount(a, p->sent_bytes),
                    report_amount(b, p->sent_bytes_offline), report_amount(c, p->received_bytes), (uintmax_t)p->messages,
                    report_amount(d, p->peak_rss_bytes));
            print_times(out, r, 9, 2, p->cpu_s);
        }
        print_ops(out, r);
        fprintf(out, "\n");
    }
    print_phases(out, r);
    fprintf(out, "  bytes   %s (offline %s, online %s), client %s, set-up %s\n", report_amount(a, r->total_bytes),
            report_amount(b, r->offline_bytes), report_amount(c, r->online_bytes), report_amount(d, r->client_bytes),
            report_amount((char[24]){ 0 }, r->setup_bytes));
    fprintf(out, "  rounds  %ju (online %ju)\n", (uintmax_t)r->rounds, (uintmax_t)r->online_rounds);
    if (r->rehearsal) return;
    fprintf(out, "  seconds %.3f (online %.3f), set-up %.3f\n", r->wall_s, r->online_s, r->setup_s);
    if (r->transcript_sha256[0]) fprintf(out, "  transcript %s\n", r->transcript_sha256);
}

/* --- distance --------------------------------------------------------------------------------- */

double report_max_abs_error(const double *x, const double *y, size_t n)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(x[i] - y[i]);

        if (isnan(d)) return d;
        worst = fmax(worst, d);
    }
    return worst;
}

double report_cosine(const double *x, const double *y, size_t n)
{
    double xx = 0, yy = 0, xy = 0;

    for (size_t i = 0; i < n; i++) {
        xx += x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
    }
    if (xx == 0 || yy == 0) return xx == yy ? 1 : 0;
    return xy / (sqrt(xx) * sqrt(yy));
}

size_t report_top1(const double *x, size_t n, double ulp)
{
    size_t best = 0, first = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    while (first < best && !(x[first] >= x[best] - ulp)) first++;
    return first;
}
