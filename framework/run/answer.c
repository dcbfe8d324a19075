/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* answer.c - see answer.h */
#include "run/answer.h"

#include "report/report.h"
#include "run/masks.h"
#include "run/perplexity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const TASK_NAME[] = { [RUN_EMBED] = "embed",
                                         [RUN_CLASSIFY] = "classify",
                                         [RUN_LOGITS] = "logits",
                                         [RUN_HIDDEN] = "hidden",
                                         [RUN_GENERATE] = "generate",
                                         [RUN_PERPLEXITY] = "perplexity",
                                         [RUN_CLASSIFY_TOKENS] = "classify_tokens",
                                         [RUN_FILL_MASK] = "fill_mask" };

/* For classify: was only the label revealed? */
static bool is_label(const plan *p) { return p->exec.reveal_label && p->run->task == RUN_CLASSIFY; }

/* The label that a row of logits gives: the index of the largest, or for a linear head's one logit whether it
 * is above 0. */
static size_t top(const plan *p, const double *logits, size_t columns)
{
    return p->run->head != NULL ? logits[0] > 0 : report_top1(logits, columns, plan_ulp(p));
}

/* What the logits mean.  For the checkpoint's own head config.json says it. */
static report_meaning meaning_of(const plan *p)
{
    static const report_meaning meanings[] = { [MODEL_ONE_LABEL] = REPORT_ONE_LABEL,
                                               [MODEL_MANY_LABELS] = REPORT_MANY_LABELS,
                                               [MODEL_REGRESSION] = REPORT_VALUE };

    return p->run->task != RUN_CLASSIFY || p->run->head != NULL ? REPORT_NO_MEANING
                                                                : meanings[p->model->problem];
}

/* Does an answer give exactly one label? */
static bool has_label(const plan *p)
{
    return p->run->task == RUN_CLASSIFY && (p->run->head != NULL || p->model->problem == MODEL_ONE_LABEL);
}

/* Do two rows of logits give the same answer?  With several labels at once, all of them must be the same. */
static bool says_same(const plan *p, const double *u, const double *v, size_t n)
{
    if (meaning_of(p) != REPORT_MANY_LABELS) return top(p, u, n) == top(p, v, n);
    for (size_t i = 0; i < n; i++)
        if ((u[i] > 0) != (v[i] > 0)) return false;
    return true;
}

/* The label of an answer: the one that was revealed, or the one that its logits give. */
static size_t label_of(const plan *p, const exec_output *o)
{
    return is_label(p) ? (size_t)llround(o->values[0]) : top(p, o->values, o->columns);
}

/* For perplexity: the surprise of one input. */
static double surprise_of(const client_plan *c, const node_result *result, size_t i)
{
    const token_list *input = &c->input.sequences[i];

    return perplexity_surprise(result->outputs[i].values, input->count, result->outputs[i].columns, input->ids);
}

/* The perplexity of all inputs together. */
static double overall_perplexity(const client_plan *c, const node_result *result)
{
    double surprise = 0;
    size_t count = 0;

    for (size_t i = 0; i < result->output_count; i++) {
        surprise += surprise_of(c, result, i);
        count += c->input.sequences[i].count - 1;
    }
    return perplexity_of(surprise, count);
}

static report_output output_of(const client_plan *c, const node_result *result, const node_result *reference, size_t i)
{
    const plan              *p = c->plan;
    static const report_kind kinds[] = { [RUN_EMBED] = REPORT_EMBEDDING,
                                         [RUN_CLASSIFY] = REPORT_LOGITS,
                                         [RUN_LOGITS] = REPORT_LOGITS,
                                         [RUN_HIDDEN] = REPORT_HIDDEN,
                                         [RUN_GENERATE] = REPORT_TOKENS,
                                         [RUN_PERPLEXITY] = REPORT_PERPLEXITY,
                                         [RUN_CLASSIFY_TOKENS] = REPORT_TOKEN_LABELS,
                                         [RUN_FILL_MASK] = REPORT_MASKS };
    report_output r = { .kind = kinds[p->run->task],
                        .label = -1,
                        .reference_label = -1,
                        .given_label = -1,
                        .sequence_length = c->input.sequences[i].count,
                        .ulp = plan_ulp(p) };

    if (result->generated != NULL) {
        const generated *g = &result->generated[i];

        r.tokens = g->tokens;
        r.token_count = g->count;
        r.text = g->text;
        r.text_size = g->text_size;
        return r;
    }
    r.values = is_label(p) ? NULL : result->outputs[i].values;
    r.rows = result->outputs[i].rows;
    r.columns = result->outputs[i].columns;
    r.meaning = meaning_of(p);
    r.label_names = (const char *const *)p->model->label_names;
    if (has_label(p)) {
        r.label = (int64_t)label_of(p, &result->outputs[i]);
        if (reference != NULL) r.reference_label = (int64_t)label_of(p, &reference->outputs[i]);
        if (c->input.labels != NULL) r.given_label = c->input.labels[i];
    }
    if (p->run->task == RUN_PERPLEXITY)
        r.perplexity = perplexity_of(surprise_of(c, result, i), c->input.sequences[i].count - 1);
    return r;
}

/* The largest distance of all outputs.  Where only a label or a token was revealed, only these are compared.
 * A NaN counts as worse than any number. */
static void measure_distance(report_fidelity *f, const client_plan *c, const node_result *a, const node_result *b)
{
    const plan *p = c->plan;
    bool   logits = p->run->task != RUN_EMBED && p->run->task != RUN_HIDDEN && meaning_of(p) != REPORT_VALUE;
    size_t same = 0, rows = 0;

    f->present = true;
    f->has_distance = !p->exec.reveal_label;
    f->has_cosine =
        f->has_distance && !(p->run->task == RUN_CLASSIFY && (p->run->head != NULL || p->model->labels == 1));
    f->cosine = 1;
    for (size_t i = 0; i < a->output_count; i++) {
        const exec_output *x = a->generated != NULL ? &a->generated[i].steps : &a->outputs[i],
                          *y = b->generated != NULL ? &b->generated[i].steps : &b->outputs[i];
        size_t n = x->rows * x->columns;

        for (size_t row = 0; logits && row < x->rows; row++) {
            const double *u = x->values + row * x->columns, *v = y->values + row * y->columns;

            same += f->has_distance ? says_same(p, u, v, x->columns) : u[0] == v[0];
            rows++;
        }
        if (f->has_distance) {
            double error = report_max_abs_error(x->values, y->values, n),
                   cosine = report_cosine(x->values, y->values, n);

            if (!(error <= f->max_abs_error)) f->max_abs_error = error;
            if (!(cosine >= f->cosine)) f->cosine = cosine;
        }
    }
    if (rows > 0) f->top1_agreement = (double)same / (double)rows;
    if (p->run->task == RUN_PERPLEXITY) {
        f->perplexity = overall_perplexity(c, a);
        f->reference_perplexity = overall_perplexity(c, b);
    }
}

/* The largest distance of each hidden state that was revealed. */
static puma_status measure_layers(report_fidelity *f, const node_result *a, const node_result *b,
                                  size_t hidden, puma_error *e)
{
    size_t           count = a->outputs != NULL && a->output_count > 0 ? a->outputs[0].state_count : 0;
    report_distance *layers = count > 0 ? calloc(count, sizeof *layers) : NULL;

    if (count > 0 && layers == NULL) return error_set(e, 1001, "out of memory for the report");
    for (size_t k = 0; k < count; k++) {
        layers[k].cosine = 1;
        for (size_t i = 0; i < a->output_count; i++) {
            const exec_state *x = &a->outputs[i].states[k], *y = &b->outputs[i].states[k];
            double            error = report_max_abs_error(x->values, y->values, x->rows * hidden),
                   cosine = report_cosine(x->values, y->values, x->rows * hidden);

            if (!(error <= layers[k].max_abs_error)) layers[k].max_abs_error = error;
            if (!(cosine >= layers[k].cosine)) layers[k].cosine = cosine;
        }
    }
    f->layers = layers;
    f->layer_count = count;
    return PUMA_OK;
}

/* The fraction of labels that agree with [input] labels. */
static void rate(report_fidelity *f, const client_plan *c, const node_result *a)
{
    size_t right = 0;

    for (size_t i = 0; i < a->output_count; i++) right += label_of(c->plan, &a->outputs[i]) == c->input.labels[i];
    f->present = true;
    f->accuracy = (double)right / (double)a->output_count;
}

static void free_outputs(report_output *outputs, size_t count)
{
    for (size_t i = 0; outputs != NULL && i < count; i++)
        masks_close((report_mask *)(uintptr_t)outputs[i].masks, outputs[i].mask_count);
    free(outputs);
}

/* For fill_mask: the words at the masks of output i. */
static puma_status add_masks(report_output *r, const client_plan *c, size_t i, puma_error *e)
{
    report_mask *masks = NULL;

    if (c->plan->run->task != RUN_FILL_MASK || r->values == NULL) return e->status;
    masks_open(&masks, &r->mask_count, &c->input, i, r->values, r->columns, e);
    r->masks = masks;
    return e->status;
}

/* What every node's report contains: the choices, and the bills that the node has. */
static puma_status begin_report(report *r, const plan *p, const node_result *result, puma_error *e)
{
    *r = (report){ .puma_version = PACKAGE_VERSION,
                   .protocol = p->protocol->entry->name,
                   .model = p->run->model,
                   .task = TASK_NAME[p->run->task],
                   .rehearsal = result->rehearsal,
                   .fidelity = { .top1_agreement = -1, .accuracy = -1 } };
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL) {
            r->function[slot] = p->function_name[slot];
            r->caution[slot] = plan_caution(p, slot);
        }
    return report_merge(r, result->parties, result->party_count, e);
}

static puma_status add_outputs(report *r, report_output *outputs, const client_plan *c, const node_result *result,
                               const node_result *reference, puma_error *e)
{
    for (size_t i = 0; i < c->input.count && i < result->output_count; i++) {
        if (!result->rehearsal) outputs[i] = output_of(c, result, reference, i);
        if (!result->rehearsal && add_masks(&outputs[i], c, i, e) != PUMA_OK) return e->status;
        if (!isfinite(outputs[i].perplexity)) return error_set(e, 1103, "the perplexity of input %zu is no finite number", i);
        if (c->input.sequences[i].count > r->sequence_length) r->sequence_length = c->input.sequences[i].count;
    }
    r->outputs = outputs;
    r->output_count = result->rehearsal ? 0 : c->input.count;
    r->many = c->input.own->kind == RUN_FILE || c->input.images.count > 1;
    return e->status;
}

/* The client's report.  The caller frees *outputs with free_outputs, also after a failure. */
static puma_status make_report(report *r, report_output **outputs, const client_plan *c, const node_result *result,
                               const node_result *reference, puma_error *e)
{
    *outputs = calloc(result->output_count + 1, sizeof **outputs);
    if (*outputs == NULL) return error_set(e, 1001, "out of memory for the report");
    if (begin_report(r, c->plan, result, e) == PUMA_OK && add_outputs(r, *outputs, c, result, reference, e) == PUMA_OK) {
        if (reference != NULL) measure_distance(&r->fidelity, c, result, reference);
        if (c->input.labels != NULL && result->output_count > 0 && !result->rehearsal) rate(&r->fidelity, c, result);
        if (reference != NULL) measure_layers(&r->fidelity, result, reference, c->plan->model->hidden, e);
    }
    if (e->status != PUMA_OK) report_free(r);
    return e->status;
}

puma_status answer_party_json(const plan *p, const node_result *result, char **json, puma_error *e)
{
    report r;

    *json = NULL;
    if (begin_report(&r, p, result, e) == PUMA_OK && (*json = report_json(&r)) == NULL)
        error_set(e, 1103, "the answer holds a value that is no number");
    report_free(&r);
    return e->status;
}

puma_status answer_json(const client_plan *c, const node_result *result, const node_result *reference, char **json,
                        puma_error *e)
{
    report         r;
    report_output *outputs;

    *json = NULL;
    if (make_report(&r, &outputs, c, result, reference, e) == PUMA_OK) {
        *json = report_json(&r);
        if (*json == NULL) error_set(e, 1103, "the answer holds a value that is no number");
        report_free(&r);
    }
    free_outputs(outputs, result->output_count);
    return e->status;
}

static void print_values(FILE *out, const char *name, const double *v, size_t n)
{
    fprintf(out, "%-10s", name);
    for (size_t i = 0; i < n && i < 8; i++) fprintf(out, " %10.6f", v[i]);
    if (n > 8) fprintf(out, " … (%zu values)", n);
    fputc('\n', out);
}

/* "1 positive", and its probability where logits were revealed. */
static void print_label(FILE *out, const plan *p, const report_output *r, const exec_output *o)
{
    size_t label = label_of(p, o);
    char   room[32];

    fprintf(out, "%zu", label);
    if (r->label_names != NULL) {
        fputc(' ', out);
        masks_print_text(out, report_label_name(r, label, room, sizeof room));
    }
    if (r->meaning == REPORT_ONE_LABEL && !is_label(p))
        fprintf(out, ", probability %.4f", report_probability(r->meaning, o->values, o->columns, label));
}

/* With several labels at once: those that apply. */
static void print_labels(FILE *out, const report_output *r, const exec_output *o)
{
    bool any = false;
    char room[32];

    for (size_t i = 0; i < o->columns; i++) {
        double probability = report_probability(r->meaning, o->values, o->columns, i);

        if (!(probability > 0.5)) continue;
        fputs(any ? ", " : "", out);
        masks_print_text(out, report_label_name(r, i, room, sizeof room));
        fprintf(out, " %.4f", probability);
        any = true;
    }
    if (!any) fputs("none", out);
}

/* For each token its text, where there is a tokenizer, and its label. */
static void print_token_labels(FILE *out, const client_input *in, const report_output *r, size_t input)
{
    char room[32];

    for (size_t i = 0; i < r->rows; i++) {
        const double *logits = r->values + i * r->columns;
        size_t        label = report_top1(logits, r->columns, r->ulp);
        uint32_t      id = in->sequences[input].ids[i];
        tokenizer    *t = in->tokenizer;
        const char   *text = t != NULL && id < token_vocabulary(t) ? token_text(t, id) : NULL;

        fprintf(out, "token %-4zu ", i);
        if (text != NULL) {
            masks_print_text(out, text);
            fputs(": ", out);
        }
        masks_print_text(out, report_label_name(r, label, room, sizeof room));
        fprintf(out, " %.4f\n", report_probability(REPORT_ONE_LABEL, logits, r->columns, label));
    }
}

/* A classifier's answer in words, on one line. */
static void print_meaning(FILE *out, const plan *p, const report_output *r, const node_result *result,
                          const node_result *reference, size_t i)
{
    if (p->run->task != RUN_CLASSIFY || r->meaning == REPORT_VALUE) return;
    fprintf(out, "%s", r->meaning == REPORT_MANY_LABELS ? "labels     " : "label      ");
    for (int k = 0; k < (reference != NULL ? 2 : 1); k++) {
        const exec_output *o = k == 0 ? &result->outputs[i] : &reference->outputs[i];

        if (k == 1) fputs(" (plaintext ", out);
        if (r->meaning == REPORT_MANY_LABELS)
            print_labels(out, r, o);
        else
            print_label(out, p, r, o);
        if (k == 1) fputc(')', out);
    }
    fputc('\n', out);
}

/* One input's values, with the reference's beside them. */
static void print_output(FILE *out, const client_plan *c, const report *r, const node_result *result,
                         const node_result *reference, size_t i)
{
    const plan        *p = c->plan;
    const exec_output *o = &result->outputs[i];

    if (result->output_count > 1) fprintf(out, "input %zu (%zu tokens)\n", i, c->input.sequences[i].count);
    if (p->run->task == RUN_PERPLEXITY) {
        fprintf(out, "perplexity %.6g", r->outputs[i].perplexity);
        if (reference != NULL)
            fprintf(out, " (plaintext %.6g)",
                    perplexity_of(surprise_of(c, reference, i), c->input.sequences[i].count - 1));
        fprintf(out, " over %zu tokens\n", c->input.sequences[i].count - 1);
        return;
    }
    if (p->run->task == RUN_FILL_MASK) {
        masks_print(out, r->outputs[i].masks, r->outputs[i].mask_count);
        return;
    }
    if (p->run->task == RUN_CLASSIFY_TOKENS) {
        print_token_labels(out, &c->input, &r->outputs[i], i);
        return;
    }
    if (!is_label(p)) print_values(out, r->protocol, o->values, o->rows * o->columns);
    if (reference != NULL && !is_label(p))
        print_values(out, "plaintext", reference->outputs[i].values, o->rows * o->columns);
    print_meaning(out, p, &r->outputs[i], result, reference, i);
}

static void print_distance(FILE *out, const plan *p, const report_fidelity *f)
{
    const char *same = p->run->task == RUN_GENERATE ? "same next token"
                       : p->run->task == RUN_PERPLEXITY || p->run->task == RUN_FILL_MASK
                           ? "same most probable token"
                           : "same label";

    fprintf(out, "\ndistance from plaintext:");
    if (f->has_cosine) fprintf(out, " cosine %.7f,", f->cosine);
    if (f->has_distance) fprintf(out, " largest error %.3g", f->max_abs_error);
    if (f->top1_agreement >= 0)
        fprintf(out, "%s %s %.1f %%", f->has_distance ? "," : "", same, 100 * f->top1_agreement);
    fputc('\n', out);
    if (f->layer_count > 0) fprintf(out, "behind layer    cosine     largest error\n");
    for (size_t i = 0; i < f->layer_count; i++) {
        if (i == 0)
            fprintf(out, "%-12s", "embedding");
        else
            fprintf(out, "%-12zu", i - 1);
        fprintf(out, " %11.8f %12.3g\n", f->layers[i].cosine, f->layers[i].max_abs_error);
    }
}

puma_status answer_print(FILE *out, const client_plan *c, const node_result *result, const node_result *reference,
                         puma_error *e)
{
    const plan    *p = c->plan;
    report         r;
    report_output *outputs;

    if (make_report(&r, &outputs, c, result, reference, e) == PUMA_OK) {
        for (size_t i = 0; result->outputs != NULL && i < result->output_count; i++)
            print_output(out, c, &r, result, reference, i);
        if (p->run->task == RUN_PERPLEXITY && result->output_count > 1)
            fprintf(out, "all inputs: perplexity %.6g\n", overall_perplexity(c, result));
        if (reference != NULL) print_distance(out, p, &r.fidelity);
        if (r.fidelity.accuracy >= 0)
            fprintf(out, "%saccuracy: %.1f %% of %zu labels\n", reference != NULL ? "" : "\n",
                    100 * r.fidelity.accuracy, result->output_count);
        fputc('\n', out);
        report_table(out, &r);
        report_free(&r);
    }
    free_outputs(outputs, result->output_count);
    return e->status;
}

puma_status answer_cost(FILE *out, const client_plan *c, const node_result *result, puma_error *e)
{
    report         r;
    report_output *outputs;

    if (make_report(&r, &outputs, c, result, NULL, e) == PUMA_OK) {
        report_table(out, &r);
        report_free(&r);
    }
    free_outputs(outputs, result->output_count);
    return e->status;
}
