/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* json.c - see report.h: the report as JSON. */
#include "report/report.h"

#include "base/json_text.h"
#include "report/lists.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const slots[] = {
#define X(slot, name) name,
    PUMA_SLOTS(X)
#undef X
};

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

/* For classify: names, probabilities, and values that are neither. */
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

/* The label of each token, and its name. */
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

/* The client has no row: client_bytes is what it sent. */
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

/* NULL when no function has a caution. */
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

/* Removes what a prediction cannot know. */
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
    if (!failed) text = json_to_text(root, JSON_INDENT(1));
    json_decref(root);
    if (!text) return NULL;
    if (asprintf(&line, "%s\n", text) < 0) line = NULL;
    free(text);
    return line;
}
