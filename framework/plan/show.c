/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* show.c - see show.h */
#include "plan/show.h"

#include "base/json_text.h"
#include "base/text_stream.h"
#include "plan/ranges.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void show_generation(FILE *out, const plan *p)
{
    const runfile *r = p->run;

    if (r->task != RUN_GENERATE) return;
    fprintf(out, "new tokens    %s%zu\n", r->stop_at_eos ? "at most " : "", r->max_new_tokens);
    if (r->decoding == RUN_GREEDY)
        fprintf(out, "decoding      greedy: the client gets each token and no logits\n");
    else
        fprintf(
            out,
            "decoding      client: it gets the logits and samples: temperature %g, top_k %s%zu, top_p %g\n",
            r->temperature, r->top_k == 0 ? "all of " : "", r->top_k == 0 ? p->model->vocabulary : r->top_k,
            r->top_p);
    fprintf(out, "length        %s\n",
            r->stop_at_eos ? "stops at the end of the sequence: the parties learn how long the answer is"
                           : "fixed: the parties learn nothing of the answer from it");
}

/* What follows a sentence encoder's last layer. */
static void show_pooling(FILE *out, const plan *p)
{
    const model *m = p->model;

    if (m->pooling_count == 0) return;
    fprintf(out, "pooling      ");
    for (size_t i = 0; i < m->pooling_count; i++)
        fprintf(out, "%s %s", i > 0 ? " and" : "", MODEL_POOLING_NAMES[m->pooling[i]]);
    for (size_t i = 0; i < m->step_count; i++) {
        const model_step *s = &m->steps[i];

        if (s->kind == MODEL_STEP_DENSE) fprintf(out, ", %s to %zu numbers", s->folder, s->out);
        if (s->kind == MODEL_STEP_NORM) fprintf(out, ", %s", s->folder);
        if (s->kind == MODEL_STEP_NORMALIZE) fprintf(out, ", length 1");
    }
    fprintf(out, "; at most %zu tokens%s\n", p->most, m->prompt != NULL ? ", a prompt in front" : "");
}

static void show_model(FILE *out, const plan *p)
{
    const model *m = p->model;

    fprintf(
        out,
        "model         %s: %zu layers, %zu wide, %zu heads, %zu inside, vocabulary %zu, at most %zu tokens\n",
        m->architecture, m->layers, m->hidden, m->heads, m->intermediate, m->vocabulary, m->max_tokens);
    fprintf(out, "protocol      %s %s (%s)\n", p->protocol->entry->name, p->protocol->entry->version,
            p->protocol->entry->summary);
    if (m->pixels)
        fprintf(out, "pictures      %zu channels, %zu x %zu, in patches of %zu x %zu\n", m->channels, m->image[0],
                m->image[1], m->patch[0], m->patch[1]);
    else
        fprintf(out, "embedding     %s\n", p->exec.lookup ? "dpf" : p->exec.equality ? "equality" : "onehot");
}

static void show_functions(FILE *out, const plan *p)
{
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL && plan_uses(p, slot))
            fprintf(out, "%-13s %s (max error %g; %s)\n", RUNFILE_SLOTS[slot], p->function_name[slot],
                    p->function[slot]->max_error, p->function[slot]->source);
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (plan_caution(p, slot) != NULL)
            fprintf(out, "caution       %s: %s\n", p->function_name[slot], plan_caution(p, slot));
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++) {
        char text[PLAN_BEYOND];

        if (plan_beyond(p, slot, text)) fprintf(out, "caution       %s: %s\n", p->function_name[slot], text);
    }
}

static void show_numbers(FILE *out, const plan *p)
{
    const rings *r = &p->exec.rings;
    double       epsilon = p->model->epsilon;
    range_item   items[RANGE_ITEMS];
    size_t       count = ranges_list(p, items);

    fprintf(out, "fixed point   %u fraction bits; the norms' epsilon %g rounds to %g\n", r->frac, epsilon,
            ldexp(nearbyint(ldexp(epsilon, (int)(2 * r->frac))), -(int)(2 * r->frac)));
    fprintf(out, "rings (bits)  wide %u, tables %u, attention %u, scores %u, activation %u\n", r->wide,
            r->table, r->attention, r->scores, r->activation);
    fprintf(out, "ranges (bits)");
    for (size_t i = 0; i < count; i++) fprintf(out, "%s %s %d %s", i > 0 ? "," : " ", items[i].name, items[i].bits, items[i].source);
    fprintf(out, "\n");
}

/* How many passes the inputs take: each costs the rounds of one input. */
static void show_passes(FILE *out, const plan *p, const show_inputs *in)
{
    size_t passes = 0;

    for (size_t i = 0; i < in->count; passes++) i = plan_pass(p, in->tokens, in->count, i);
    if (in->count > 1)
        fprintf(out, "passes        %zu for %zu inputs, each of at most %zu tokens\n", passes, in->count,
                p->run->batch_tokens);
}

char *show_text(const plan *p, const show_inputs *in)
{
    char  *text = NULL;
    size_t size;
    FILE  *out = text_stream(&text, &size);

    if (out == NULL) return NULL;
    show_model(out, p);
    show_functions(out, p);
    show_numbers(out, p);
    show_generation(out, p);
    if (in->chat[0] != '\0') fprintf(out, "chat template %s\n", in->chat);
    for (size_t i = 0; i < in->count; i++) fprintf(out, "input %-7zu %zu tokens\n", i, in->tokens[i]);
    show_pooling(out, p);
    show_passes(out, p, in);
    if (in->unused != NULL) fprintf(out, "not used      %s\n", in->unused);
    if ((ferror(out) | fclose(out)) == 0) return text;
    free(text);
    return NULL;
}

/* --- JSON --------------------------------------------------------------------------------------- */

static json_t *generation_json(const plan *p)
{
    const runfile *r = p->run;
    json_t        *object =
        json_pack("{s:I, s:s, s:b}", "max_new_tokens", (json_int_t)r->max_new_tokens, "decoding",
                  r->decoding == RUN_GREEDY ? "greedy" : "client", "stop_at_eos", r->stop_at_eos);

    if (r->decoding == RUN_CLIENT)
        json_object_update_new(object, json_pack("{s:f, s:I, s:f}", "temperature", r->temperature, "top_k",
                                                 (json_int_t)r->top_k, "top_p", r->top_p));
    return object;
}

static json_t *ranges_json(const plan *p)
{
    range_item items[RANGE_ITEMS];
    size_t     count = ranges_list(p, items);
    json_t    *object = json_object();

    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, items[i].name, json_pack("{s:i, s:s}", "bits", items[i].bits, "source", items[i].source));
    return object;
}

char *show_json(const plan *p, const show_inputs *in)
{
    const model *m = p->model;
    const rings *r = &p->exec.rings;
    json_t      *functions = json_object(), *inputs = json_array(), *root;
    char        *text;

    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL && plan_uses(p, slot))
            json_object_set_new(functions, RUNFILE_SLOTS[slot], json_string(p->function_name[slot]));
    for (size_t i = 0; i < in->count; i++)
        json_array_append_new(inputs, json_integer((json_int_t)in->tokens[i]));
    root =
        json_pack("{s:s, s:{s:s, s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i}, s:o, s:o}",
                  "protocol", p->protocol->entry->name, "model", "architecture", m->architecture, "layers",
                  (json_int_t)m->layers, "hidden", (json_int_t)m->hidden, "heads", (json_int_t)m->heads,
                  "intermediate", (json_int_t)m->intermediate, "vocabulary", (json_int_t)m->vocabulary,
                  "max_tokens", (json_int_t)m->max_tokens, "approximation", functions, "rings", "fraction",
                  (int)r->frac, "wide", (int)r->wide, "table", (int)r->table, "attention", (int)r->attention,
                  "scores", (int)r->scores, "activation", (int)r->activation, "ranges", ranges_json(p), "input_tokens", inputs);
    if (in->chat[0] != '\0') json_object_set_new(root, "chat_template", json_string(in->chat));
    if (p->run->task == RUN_GENERATE) json_object_set_new(root, "generate", generation_json(p));
    text = root == NULL ? NULL : json_to_text(root, JSON_INDENT(1));
    json_decref(root);
    return text;
}
