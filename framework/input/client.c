/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* client.c - see client.h */
#include "input/client.h"

#include "base/text_stream.h"
#include "input/internal.h"
#include "plan/check.h"
#include "plan/ranges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static puma_status read_own(client_plan *c, bool all, puma_error *e)
{
    client_input *in = &c->input;
    bool          checkpoint = c->plan->run->source == RUN_CHECKPOINT;

    if (in->own->labels != NULL && check_one_label(c->plan, "input", "labels", e) != PUMA_OK) return e->status;
    if (all && input_read_head(in, &c->plan->exec.rings, e) != PUMA_OK) return e->status;
    if (input_read(in, all && checkpoint, e) != PUMA_OK || !all) return e->status;
    if (input_find_masks(in, e) == PUMA_OK && input_read_labels(in, e) == PUMA_OK) input_read_eos(in, e);
    return e->status;
}

/* The ranges of what the weights bound.  In floating point nothing leaves a ring; a dealer who worked ahead had no
 * weights, and his material is for the plan's own ranges, which must do. */
static puma_status prove(client_plan *c, puma_error *e)
{
    int bits[PLAN_PROVED];

    if (plan_ulp(c->plan) == 0 || input_prove(c, bits, e) != PUMA_OK) return e->status;
    return c->plan->run->material != NULL ? ranges_check(c->plan, bits, e) : ranges_take(c->plan, bits, e);
}

static puma_status open_source(client_plan *c, bool measures, puma_error *e)
{
    const plan    *p = c->plan;
    const runfile *r = p->run;

    if (r->source == RUN_SYNTHETIC)
        model_source_synthetic(&c->source, p->model, r->synthetic_seed, e);
    else if (model_source_checkpoint(&c->source, p->model, r->model, e) == PUMA_OK && !measures &&
             input_check_weights(c, e) == PUMA_OK && prove(c, e) == PUMA_OK)
        input_check_encoder(c, e);
    if (e->status == PUMA_OK && p->model->pixels && !measures) input_check_pictures(c, e);
    return e->status;
}

/* Tells the parties the lengths of the inputs, and how they were read.  The plan's lines begin with the run
 * file's keys, sorted; the two keys of [input] are inserted in that order. */
static puma_status make_hello(client_plan *c, puma_error *e)
{
    const client_input *in = &c->input;
    char               *text = NULL;
    size_t              size;
    FILE               *out = text_stream(&text, &size);
    const char         *rest = c->plan->hello;
    char               *ranges = ranges_text(c->plan);

    if (out == NULL || ranges == NULL) {
        if (out != NULL) fclose(out);
        free(text);
        free(ranges);
        return no_memory(e);
    }
    while (*rest != '\0' && strncmp(rest, "input.", 6) < 0) rest = strchr(rest, '\n') + 1;
    fprintf(out, "%.*sinput.parse_special=%s\ninput.truncate=%s\n%sinput.tokens=", (int)(rest - c->plan->hello),
            c->plan->hello, in->own->parse_special ? "yes" : "no", in->own->truncate ? "yes" : "no", rest);
    for (size_t i = 0; i < in->count; i++) fprintf(out, "%s%zu", i == 0 ? "" : " ", in->sequences[i].count);
    fprintf(out, "\ninput.ranges=%s\n", ranges);
    free(ranges);
    if ((ferror(out) | fclose(out)) != 0) {
        free(text);
        return no_memory(e);
    }
    c->hello = text;
    return PUMA_OK;
}

puma_status client_open(client_plan **out, const char *path, const char *const *sets, size_t set_count, client_scope scope,
                        puma_error *e)
{
    client_plan *c = calloc(1, sizeof *c);

    *out = c;
    if (c == NULL) return no_memory(e);
    if (scope == CLIENT_MEASURE)
        plan_open_measure(&c->plan, &c->input.own, path, sets, set_count, e);
    else
        plan_open(&c->plan, &c->input.own, path, sets, set_count, e);
    if (e->status != PUMA_OK) return e->status;
    c->input.run = c->plan->run;
    c->input.model = c->plan->model;
    c->input.most = c->plan->most;
    c->input.said = &c->notes;
    if (read_own(c, scope != CLIENT_LENGTHS, e) != PUMA_OK || scope == CLIENT_LENGTHS) return e->status;
    return open_source(c, scope == CLIENT_MEASURE, e) == PUMA_OK ? make_hello(c, e) : e->status;
}

void client_close(client_plan *c)
{
    if (c == NULL) return;
    input_free(&c->input);
    notes_free(&c->notes);
    model_source_close(c->source);
    plan_close(c->plan);
    free(c->hello);
    free(c);
}

puma_status client_lengths(const client_plan *c, size_t **tokens, size_t *count, puma_error *e)
{
    size_t *list = malloc((c->input.count + 1) * sizeof *list);

    if (list == NULL) return error_set(e, 1001, "out of memory for the lengths of the inputs");
    for (size_t i = 0; i < c->input.count; i++) list[i] = c->input.sequences[i].count;
    *tokens = list;
    *count = c->input.count;
    return PUMA_OK;
}
