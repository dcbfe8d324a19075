/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* party.c - see report.h: one node's part of the report, filled in by the node, sent to the client as JSON,
 * and read there with every key checked, because it comes from a peer. */
#include "report/report.h"

#include "base/json_text.h"
#include "report/lists.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The most that a peer may send: more layers, or longer names, than any model has are refused. */
#define MAX_LAYERS 100000u
#define MAX_NAME 160u
#define MAX_PHASES 200000u

/* --- filling in -------------------------------------------------------------------------------- */

puma_status report_add_layer(report_party *p, const char *name, const char *op, uint64_t bytes,
                             uint64_t rounds, double seconds, puma_error *e)
{
    if (layers_append(&p->layers, &p->layer_count, name, op, bytes, rounds, seconds)) return PUMA_OK;
    return error_set(e, 1001, "report: out of memory at %zu layers", p->layer_count);
}

puma_status report_add_phase(report_party *p, const report_phase *phase, puma_error *e)
{
    if (phases_append(&p->phases, &p->phase_count, phase)) return PUMA_OK;
    return error_set(e, 1001, "report: out of memory at %zu phases", p->phase_count);
}

void report_party_free(report_party *p)
{
    layers_free(p->layers, p->layer_count);
    free(p->phases);
    *p = (report_party){ 0 };
}

/* --- writing ----------------------------------------------------------------------------------- */

/* The fields that are sent, by name.  Fields of one kind are written and read by the same loop. */
typedef struct field {
    const char *name;
    size_t      offset;
} field;

static const field counts[] = {
    { "sent_bytes", offsetof(report_party, sent_bytes) },
    { "received_bytes", offsetof(report_party, received_bytes) },
    { "sent_bytes_offline", offsetof(report_party, sent_bytes_offline) },
    { "messages", offsetof(report_party, messages) },
    { "peak_rss_bytes", offsetof(report_party, peak_rss_bytes) },
    { "rounds", offsetof(report_party, rounds) },
    { "online_rounds", offsetof(report_party, online_rounds) },
    { "setup_bytes", offsetof(report_party, setup_bytes) },
};
static const field times[] = {
    { "cpu_s", offsetof(report_party, cpu_s) },
    { "wall_s", offsetof(report_party, wall_s) },
    { "waited_s", offsetof(report_party, waited_s) },
    { "setup_s", offsetof(report_party, setup_s) },
};
#define COUNTS (sizeof counts / sizeof *counts)
#define TIMES (sizeof times / sizeof *times)

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

            hex_of(hex, p->digest[i], 32);
            json_array_append_new(list, json_string(hex));
        }
        failed = json_array_size(list) != PUMA_NODES;
        failed = json_object_set_new(root, "digests", list) != 0 || failed;
    }
    if (!failed) text = json_to_text(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

/* --- reading ----------------------------------------------------------------------------------- */

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

/* Returns the name of the first thing that is wrong, or NULL. */
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
        if (!layers_append(&p->layers, &p->layer_count, name, op, bytes, rounds, seconds)) {
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

        if (!name || (strcmp(name, step_name(REPORT_PREFILL)) && strcmp(name, step_name(REPORT_DECODE))) ||
            !get_count(item, "tokens", &phase.tokens) || !get_count(item, "bytes", &phase.bytes) ||
            !get_count(item, "rounds", &phase.rounds) || !get_time(item, "seconds", &phase.seconds) ||
            json_object_size(item) != 5)
            return "phases";
        if (!strcmp(name, step_name(REPORT_DECODE))) phase.step = REPORT_DECODE;
        if (!phases_append(&p->phases, &p->phase_count, &phase)) {
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
    bool         no_memory = false;
    json_t      *root = json_text(text, strlen(text), JSON_REJECT_DUPLICATES, &where, &no_memory);
    const char  *wrong;

    *p = (report_party){ 0 };
    if (e->status != PUMA_OK) {
        json_decref(root);
        return e->status;
    }
    if (!root && no_memory) return error_set(e, 1001, "a party's report: out of memory");
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
