/* answer.c - see answer.h */
#include "run/answer.h"

#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const char cli_version[];

static const char *const TASK_NAME[] = {
    [RUN_EMBED] = "embed",   [RUN_CLASSIFY] = "classify", [RUN_LOGITS] = "logits",
    [RUN_HIDDEN] = "hidden", [RUN_GENERATE] = "generate", [RUN_PERPLEXITY] = "perplexity"
};

static bool is_label(const plan *p) { return p->exec.reveal_label; }

/* The label of an answer: the one revealed, or the largest logit. */
static size_t label_of(const plan *p, const exec_output *o)
{
    return is_label(p) ? (size_t)llround(o->values[0]) : report_top1(o->values, o->columns);
}

static report_output output_of(const plan *p, const exec_output *o, size_t tokens)
{
    report_output r = { .kind = p->run->task == RUN_EMBED    ? REPORT_EMBEDDING
                                : p->run->task == RUN_HIDDEN ? REPORT_HIDDEN
                                                             : REPORT_LOGITS,
                        .values = is_label(p) ? NULL : o->values,
                        .rows = o->rows,
                        .columns = o->columns,
                        .label = -1,
                        .sequence_length = tokens };

    if (p->run->task == RUN_CLASSIFY) r.label = (int64_t)label_of(p, o);
    return r;
}

/* The worst distance of all outputs; with a revealed label only the labels can be compared. */
static void measure_distance(report_fidelity *f, const plan *p, const node_result *a, const node_result *b)
{
    bool   labels = p->run->task == RUN_CLASSIFY || p->run->task == RUN_LOGITS;
    size_t same = 0;

    f->present = true;
    f->has_distance = !is_label(p);
    f->cosine = 1;
    for (size_t i = 0; i < a->output_count; i++) {
        const exec_output *x = &a->outputs[i], *y = &b->outputs[i];
        size_t             n = x->rows * x->columns;

        if (labels && label_of(p, x) == label_of(p, y)) same++;
        if (is_label(p)) continue;
        f->max_abs_error = fmax(f->max_abs_error, report_max_abs_error(x->values, y->values, n));
        f->cosine = fmin(f->cosine, report_cosine(x->values, y->values, n));
    }
    if (labels && a->output_count > 0) f->top1_agreement = (double)same / (double)a->output_count;
}

/* How many labels are those of [input] labels. */
static void rate(report_fidelity *f, const plan *p, const node_result *a)
{
    size_t right = 0;

    for (size_t i = 0; i < a->output_count; i++) right += label_of(p, &a->outputs[i]) == p->labels[i];
    f->present = true;
    f->accuracy = (double)right / (double)a->output_count;
}

static puma_status make_report(report *r, report_output **outputs, const plan *p, const node_result *result,
                               const node_result *reference, puma_error *e)
{
    *r = (report){ .puma_version = cli_version,
                   .protocol = p->protocol->entry->name,
                   .model = p->run->model,
                   .task = TASK_NAME[p->run->task],
                   .output_count = p->input_count,
                   .many = p->run->input == RUN_FILE,
                   .fidelity = { .top1_agreement = -1, .accuracy = -1 } };
    *outputs = calloc(result->output_count + 1, sizeof **outputs);
    if (*outputs == NULL) return error_set(e, 1001, "out of memory for the report");
    for (size_t i = 0; i < p->input_count && i < result->output_count; i++) { /* none at a compute party */
        (*outputs)[i] = output_of(p, &result->outputs[i], p->inputs[i].count);
        if (p->inputs[i].count > r->sequence_length) r->sequence_length = p->inputs[i].count;
    }
    r->outputs = *outputs;
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL) r->function[slot] = p->function_name[slot];
    if (reference != NULL) measure_distance(&r->fidelity, p, result, reference);
    if (p->labels != NULL && result->output_count > 0) rate(&r->fidelity, p, result);
    return report_merge(r, result->parties, result->party_count, e);
}

puma_status answer_json(const plan *p, const node_result *result, const node_result *reference, char **json,
                        puma_error *e)
{
    report         r;
    report_output *outputs;

    *json = NULL;
    if (make_report(&r, &outputs, p, result, reference, e) == PUMA_OK) {
        *json = report_json(&r);
        if (*json == NULL) error_set(e, 1103, "the answer holds a value that is no number");
        report_free(&r);
    }
    free(outputs);
    return e->status;
}

static void print_values(FILE *out, const char *name, const double *v, size_t n)
{
    fprintf(out, "%-10s", name);
    for (size_t i = 0; i < n && i < 8; i++) fprintf(out, " %10.6f", v[i]);
    if (n > 8) fprintf(out, " … (%zu values)", n);
    fputc('\n', out);
}

puma_status answer_print(FILE *out, const plan *p, const node_result *result, const node_result *reference,
                         puma_error *e)
{
    report         r;
    report_output *outputs;

    if (make_report(&r, &outputs, p, result, reference, e) == PUMA_OK) {
        for (size_t i = 0; i < result->output_count; i++) {
            const exec_output *o = &result->outputs[i];

            if (result->output_count > 1) fprintf(out, "input %zu (%zu tokens)\n", i, p->inputs[i].count);
            if (!is_label(p)) print_values(out, r.protocol, o->values, o->rows * o->columns);
            if (reference != NULL && !is_label(p))
                print_values(out, "plaintext", reference->outputs[i].values, o->rows * o->columns);
            if (p->run->task == RUN_CLASSIFY) {
                fprintf(out, "label      %zu", label_of(p, o));
                if (reference != NULL) fprintf(out, " (plaintext %zu)", label_of(p, &reference->outputs[i]));
                fputc('\n', out);
            }
        }
        if (reference != NULL) {
            fprintf(out, "\ndistance from plaintext:");
            if (!is_label(p))
                fprintf(out, " cosine %.7f, largest error %.3g", r.fidelity.cosine, r.fidelity.max_abs_error);
            if (r.fidelity.top1_agreement >= 0)
                fprintf(out, "%s same label %.1f %%", is_label(p) ? "" : ",",
                        100 * r.fidelity.top1_agreement);
            fputc('\n', out);
        }
        if (r.fidelity.accuracy >= 0)
            fprintf(out, "%saccuracy: %.1f %% of %zu labels\n", reference != NULL ? "" : "\n",
                    100 * r.fidelity.accuracy, result->output_count);
        fputc('\n', out);
        report_table(out, &r);
        report_free(&r);
    }
    free(outputs);
    return e->status;
}

puma_status answer_cost(FILE *out, const plan *p, const node_result *result, puma_error *e)
{
    report         r;
    report_output *outputs;

    if (make_report(&r, &outputs, p, result, NULL, e) == PUMA_OK) {
        report_table(out, &r);
        report_free(&r);
    }
    free(outputs);
    return e->status;
}
