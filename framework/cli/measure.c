/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* measure.c - see measure.h
 *
 * The run is plain's, in double precision with the functions of `exact`: no ring and no table is in the way of what is
 * to be measured, and the ranges that are to be replaced are not asked.  What a backend met comes through its host
 * (puma_host.observe); here it is sorted by the operation that it was met in.  Of the numbers themselves, which
 * are the input's and the weights', whole bits alone leave: a ranges file is public. */
#include "cli/measure.h"

#include "base/text_stream.h"
#include "cli/deliver.h"
#include "cli/open.h"

#include "run/node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 1, MOST_BITS = 62 };

/* The keys of [ranges] that are found here. */
enum { EMBEDDING, HIDDEN, NORM, ATTENTION, SCORES, SPREAD, REACH, ACTIVATION, LOGITS, PRODUCT, GATED, KINDS };

static const char *const NAMES[KINDS] = { "embedding", "hidden",     "norm",   "attention", "scores",
                                          "spread",    "reach", "activation", "logits", "product",   "gated" };

/* The operations, and the keys that their results belong to.  What stands in the residual stream without a norm before
 * it, and a norm's output, counts as `hidden` too. */
static const struct {
    const char *op;
    int         kind;
} OPERATIONS[] = {
    { "lookup", EMBEDDING }, { "lookup", HIDDEN }, { "patches", HIDDEN }, { "map", HIDDEN },    { "output", HIDDEN },
    { "down", HIDDEN },      { "norm", NORM },     { "qkv", ATTENTION },  { "mix", ATTENTION }, { "rotary", ATTENTION },
    { "scores", SCORES },    { "up", ACTIVATION }, { "logits", LOGITS },  { "gated", GATED },
};

typedef struct measured {
    const model *model;
    bool         narrow_head; /* a head's function takes operands within `activation` alone */
    double       most[KINDS];
    double       square, least; /* means of a norm's rows: the largest, and the least variance */
} measured;

static void raise_to(double *most, double v)
{
    if (!(v <= *most)) *most = v; /* NaN too */
}

/* A norm takes its rows' mean square; LayerNorm that of the distance from the mean. */
static void observe_norm(measured *m, const char *what, double v)
{
    bool        centred = m->model->norm == MODEL_LAYERNORM;
    const char *largest = centred ? "variance" : "mean square", *least = centred ? "least variance" : "least mean square";

    if (strcmp(what, largest) == 0) raise_to(&m->square, v);
    if (strcmp(what, least) == 0) m->least = fmin(m->least, v);
}

static void observe(void *context, const place *where, const char *what, double max_abs, uint32_t product_bits)
{
    measured   *m = context;
    const char *op = where->op;

    (void)product_bits;
    if (strcmp(what, "product") == 0) {
        raise_to(&m->most[PRODUCT], max_abs);
    } else if (strcmp(what, "reach") == 0) {
        raise_to(&m->most[REACH], max_abs);
    } else if (strcmp(what, "result") == 0) {
        for (size_t i = 0; i < sizeof OPERATIONS / sizeof *OPERATIONS; i++)
            if (strcmp(OPERATIONS[i].op, op) == 0) raise_to(&m->most[OPERATIONS[i].kind], max_abs);
        if (strcmp(op, "dense") == 0 && m->narrow_head) raise_to(&m->most[ACTIVATION], max_abs);
    } else if (strcmp(op, "softmax") == 0) {
        if (strcmp(what, "spread") == 0) raise_to(&m->most[SPREAD], max_abs);
    } else if (strcmp(op, "norm") == 0) {
        observe_norm(m, what, max_abs);
    }
}

/* Integer bits e with v < 2^e, and the margin; *fits false where a range has none so wide. */
static int bits_of(double v, bool *fits)
{
    int e = 0;

    if (!(v < ldexp(1, MOST_BITS - MARGIN))) {
        *fits = false;
        return MOST_BITS;
    }
    if (v > 0) frexp(v, &e);
    return (e > 0 ? e : 0) + MARGIN;
}

/* e with v >= 2^-e, and the margin. */
static int least_bits(double v)
{
    int e = 0;

    if (v > 0) frexp(v, &e);
    e = 1 - e + MARGIN;
    return v <= 0 || e > MOST_BITS ? MOST_BITS : e < 0 ? 0 : e;
}

/* What one key's numbers say of another's. */
static void complete(measured *m)
{
    double *most = m->most;

    raise_to(&most[NORM], most[HIDDEN]); /* a norm's output stands in the residual stream too */
    raise_to(&most[GATED], most[ACTIVATION]); /* the half without activation was met together with the other */
}

static bool print(FILE *out, const measured *m, size_t inputs)
{
    int  count = m->model->gated ? KINDS : GATED;
    bool fits = true;

    fprintf(out, "# integer bits met by %s on %zu input%s in double precision, plus %d of margin\n[ranges]\n",
            m->model->architecture, inputs, inputs == 1 ? "" : "s", MARGIN);
    for (int k = 0; k < count; k++) fprintf(out, "%-10s = %d\n", NAMES[k], bits_of(m->most[k], &fits));
    if (isfinite(m->least)) {
        fprintf(out, "# of a row that goes into a norm: its sum of squares; its variance is at least 2^-variance\n");
        fprintf(out, "%-10s = %d\n", "squares", bits_of(m->square * (double)m->model->hidden, &fits));
        fprintf(out, "%-10s = %d\n", "variance", least_bits(m->least + m->model->epsilon));
    }
    return fits;
}

static puma_status write_ranges(measured *m, size_t inputs, const char *path, puma_error *e)
{
    char  *text = NULL;
    size_t size;
    FILE  *f = text_stream(&text, &size);
    bool   fits = true, whole;
    delivery d = { 0 };

    if (f == NULL) return error_set(e, 1001, "out of memory for the ranges");
    complete(m);
    fits = print(f, m, inputs);
    whole = (ferror(f) | fclose(f)) == 0;
    if (!whole)
        error_set(e, 1001, "out of memory for the ranges");
    else if (!fits)
        error_set(e, 1101, "the model meets numbers that no range holds (limit 2^%d)", MOST_BITS - MARGIN);
    else if (delivery_open(&d, e) == PUMA_OK && delivery_file(&d, path, text, e) == PUMA_OK)
        fputs(text, d.out);
    deliver(&d, NULL, NULL, e);
    delivery_close(&d);
    free(text);
    return e->status;
}

/* Does a function behind the layers keep to the range of the activation's operand? */
static bool has_narrow_head(const plan *p)
{
    const model *m = p->model;
    bool         narrow = p->run->task == RUN_FILL_MASK ? model_is_narrow(m->mask_activation)
                                                        : m->head_dense && model_is_narrow(m->head_activation);

    for (size_t i = 0; i < m->step_count; i++)
        narrow |= m->steps[i].kind == MODEL_STEP_DENSE && m->steps[i].active && model_is_narrow(m->steps[i].activation);
    return narrow;
}

puma_status cli_measure(const char *path, const char *const *sets, size_t set_count, const char *out, puma_error *e)
{
    static const char *const own[] = { "run.protocol=plain", "numeric.arithmetic=float", "numeric.ring_bits=64",
                                       "numeric.fxp_fraction_bits=18", "approximation.default=exact" };
    enum { OWN = sizeof own / sizeof *own };
    const char **all = calloc(set_count + OWN + PUMA_SLOT_COUNT, sizeof *all);
    char         exact[PUMA_SLOT_COUNT][64];
    client_plan *c = NULL;
    node_result  result = { 0 };
    size_t       used = 0;

    if (all == NULL) return error_set(e, 1001, "out of memory for the command line");
    for (size_t i = 0; i < set_count; i++) all[used++] = sets[i];
    for (size_t i = 0; i < OWN; i++) all[used++] = own[i];
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++) {
        snprintf(exact[slot], sizeof *exact, "approximation.%s=exact", RUNFILE_SLOTS[slot]);
        all[used++] = exact[slot];
    }
    if (cli_open(&c, path, all, used, CLIENT_MEASURE, e) == PUMA_OK) {
        measured    m = { .model = c->plan->model, .narrow_head = has_narrow_head(c->plan), .least = INFINITY };
        node_config config = {
            .plan = c->plan, .client = c, .listen_fd = -1, .observe = observe, .observe_context = &m
        };

        if (node_run(&config, &result, e) == PUMA_OK) write_ranges(&m, c->input.count, out, e);
    }
    node_result_free(&result);
    client_close(c);
    free(all);
    return e->status;
}
