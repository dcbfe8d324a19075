/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_models.c - the program's answers on the tiny models against those of the reference implementation
 *
 * Bounds, on logits: plain in float with exact functions 1e-4; plain in fixed point with f = 18 and exact
 * functions three times the golden's fixed18_max_abs_diff plus 2^-12, and at most 1e-3 (the golden rounds
 * each layer's output once, a run every product); rep3 with PUMA's functions twice puma_max_abs_diff plus
 * 0.01 (the golden has neither PUMA's Newton steps nor fixed point), and, which is far sharper, 2^-8 from the
 * same functions in floating point. */
#include "../e2e/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABELS 8
#define CASES 16
#define FLOAT_BOUND 1e-4
#define PROTOCOL_BOUND 0x1p-8
#define EQUALITY_BOUND 0x1p-10

typedef struct golden {
    const char   *text;
    char          ids[1024];
    double        logits[LABELS], puma, fixed, margin; /* margin: of the largest logit over the next */
    size_t        labels;
    json_int_t    label;
    const json_t *types;
} golden;

typedef struct subject {
    const char *name;
    json_t     *file;
    golden      cases[CASES];
    size_t      count;
    const char *run;                      /* run file with all texts, one a line */
    double      functions[CASES][LABELS]; /* PUMA's functions in floating point  */
} subject;

static double worst_float, worst_fixed, worst_puma, worst_protocol, worst_equality;

static void keep_worst(double *worst, double value)
{
    if (!(value <= *worst)) *worst = value;
}

static void read_case(golden *g, const json_t *c)
{
    size_t  used = 0, i;
    json_t *id;

    g->text = json_string_value(json_object_get(c, "text"));
    json_array_foreach(json_object_get(c, "input_ids"), i, id) used += (size_t)snprintf(
        g->ids + used, sizeof g->ids - used, "%s%d", i ? " " : "", (int)json_integer_value(id));
    g->labels = numbers(json_object_get(c, "logits"), g->logits, LABELS);
    g->label = json_integer_value(json_object_get(c, "label"));
    g->puma = json_number_value(json_object_get(c, "puma_max_abs_diff"));
    g->fixed = json_number_value(json_object_get(c, "fixed18_max_abs_diff"));
    g->types = json_object_get(c, "token_type_ids");
    g->margin = INFINITY;
    for (i = 0; i < g->labels; i++)
        if ((json_int_t)i != g->label) g->margin = fmin(g->margin, g->logits[g->label] - g->logits[i]);
}

static bool read_subject(subject *s, const char *name)
{
    char    path[600], text[8192], lines[8192];
    size_t  i, used = 0;
    json_t *c;

    *s = (subject){ .name = name };
    snprintf(path, sizeof path, "%s/golden.json", tiny_model(name));
    s->file = json_load_file(path, 0, NULL);
    json_array_foreach(json_object_get(s->file, "cases"), i, c)
    {
        if (i == CASES) break;
        read_case(&s->cases[i], c);
        used += (size_t)snprintf(lines + used, sizeof lines - used, "%s\n", s->cases[i].text);
        s->count++;
    }
    if (!check(s->count > 0 && s->count == json_array_size(json_object_get(s->file, "cases")),
               "%s: golden.json holds no cases", name))
        return false;
    driver_file("lines.txt", lines);
    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = classify\nprotocol = rep3\n[input]\nfile = "
             "lines.txt\n[approximation]\ndefault = puma\n",
             tiny_model(name));
    s->run = driver_file("lines.ini", text);
    return true;
}

/* The run came to a report with as many results as cases. */
static bool is_complete(const subject *s, const outcome *o, const char *what)
{
    return check(o->code == 0 && json_array_size(json_object_get(o->report, "outputs")) == s->count,
                 "%s, %s: exit %d: %s", s->name, what, o->code, o->err);
}

/* Logits of result `at`, which is case i, within `bound` of `wanted`; with `labels` its label is the
 * golden's. */
static double compare(const subject *s, const outcome *o, size_t at, size_t i, const double *wanted,
                      double bound, bool labels, const char *what)
{
    const golden *g = &s->cases[i];
    const json_t *r = report_result(o->report, at);
    double        got[LABELS] = { 0 }, difference;
    json_int_t    label = json_integer_value(json_object_get(r, "label"));

    if (!check(numbers(json_object_get(r, "logits"), got, LABELS) == g->labels,
               "%s, case %zu, %s: exit %d, no logits: %s", s->name, i, what, o->code, o->err))
        return NAN;
    difference = max_difference(got, wanted, g->labels);
    check(difference <= bound, "%s, case %zu, %s: logits differ by %.3g, limit %.3g", s->name, i, what,
          difference, bound);
    if (labels)
        check(json_is_integer(json_object_get(r, "label")) && label == g->label,
              "%s, case %zu, %s: label %d, expected %d", s->name, i, what, (int)label, (int)g->label);
    return difference;
}

/* One case alone, in floating point with exact functions: by text and by ids, which also proves the
 * tokenizer. */
static void check_exact(const subject *s, size_t i)
{
    const golden *g = &s->cases[i];
    char          text[4096];
    const char   *keys[] = { "text", "ids" }, *values[] = { g->text, g->ids };

    for (int k = 0; k < 2; k++) {
        outcome o;

        snprintf(text, sizeof text,
                 "[run]\nmodel = %s\ntask = classify\nprotocol = plain\n[input]\n%s = "
                 "%s\n[approximation]\ndefault = exact\n",
                 tiny_model(s->name), keys[k], values[k]);
        o = RUN(true, "run", driver_file("case.ini", text));
        keep_worst(&worst_float, compare(s, &o, 0, i, g->logits, FLOAT_BOUND, true, keys[k]));
        outcome_free(&o);
    }
}

/* Token ids and types, of the text alone, and that a pair's second text has the other type. */
static void check_tokens(const subject *s, size_t i)
{
    const golden *g = &s->cases[i];
    outcome       o = RUN(false, "tokenize", tiny_model(s->name), g->text);
    json_t       *object;

    o.out[strcspn(o.out, "\n")] = '\0';
    check(o.code == 0 && strcmp(o.out, g->ids) == 0, "%s, case %zu: token ids %s, expected %s (exit %d: %s)",
          s->name, i, o.out, g->ids, o.code, o.err);
    outcome_free(&o);
    if (g->types == NULL) return;
    o = RUN(false, "tokenize", tiny_model(s->name), g->text, "--json");
    object = json_loads(o.out, 0, NULL);
    check(json_equal(json_object_get(object, "type_ids"), g->types), "%s, case %zu: token types %s", s->name,
          i, o.out);
    json_decref(object);
    outcome_free(&o);
}

static void check_fixed(const subject *s)
{
    outcome o =
        RUN(true, "run", s->run, "--set", "run.protocol=plain", "--set", "approximation.default=exact",
            "--set", "numeric.arithmetic=fixed", "--set", "numeric.fxp_fraction_bits=18");

    if (is_complete(s, &o, "plain fixed"))
        for (size_t i = 0; i < s->count; i++) {
            double bound = fmin(1e-3, 3 * s->cases[i].fixed + 0x1p-12);

            keep_worst(&worst_fixed, compare(s, &o, i, i, s->cases[i].logits, bound,
                                             s->cases[i].margin > 2 * bound, "plain fixed"));
        }
    outcome_free(&o);
}

/* PUMA's functions in floating point: how far they are from the golden is theirs, how far rep3 is from them
 * is the protocol's. */
static bool run_functions(subject *s)
{
    outcome o = RUN(true, "run", s->run, "--set", "run.protocol=plain");
    bool    good = is_complete(s, &o, "plain with puma");

    for (size_t i = 0; good && i < s->count; i++)
        good = numbers(json_object_get(report_result(o.report, i), "logits"), s->functions[i], LABELS) ==
               s->cases[i].labels;
    outcome_free(&o);
    return good;
}

static double puma_bound(const golden *g) { return 2 * g->puma + 0.01; }

/* Largest difference between two reports' logits. */
static double between(const subject *s, const outcome *x, const outcome *y)
{
    double worst = 0, a[LABELS], b[LABELS];

    for (size_t i = 0; i < s->count; i++) {
        if (numbers(json_object_get(report_result(x->report, i), "logits"), a, LABELS) !=
                s->cases[i].labels ||
            numbers(json_object_get(report_result(y->report, i), "logits"), b, LABELS) != s->cases[i].labels)
            return NAN;
        keep_worst(&worst, max_difference(a, b, s->cases[i].labels));
    }
    return worst;
}

static void check_rep3(subject *s)
{
    static const char *const transports[] = { "memory", "tcp", "tls" };
    outcome                  first = { 0 }, o;
    double                   difference;

    for (int t = 0; t < 3; t++) {
        char set[64];

        snprintf(set, sizeof set, "network.transport=%s", transports[t]);
        o = RUN(true, "run", s->run, "--set", set);
        if (is_complete(s, &o, set))
            for (size_t i = 0; i < s->count; i++) {
                const golden *g = &s->cases[i];

                keep_worst(&worst_puma,
                           compare(s, &o, i, i, g->logits, puma_bound(g), g->margin > puma_bound(g), set));
                keep_worst(&worst_protocol,
                           compare(s, &o, i, i, s->functions[i], PROTOCOL_BOUND, false, set));
            }
        if (t == 0)
            first = o;
        else
            outcome_free(&o);
    }
    o = RUN(true, "run", s->run, "--set", "network.transport=memory", "--set", "run.embedding=equality");
    if (is_complete(s, &o, "embedding = equality")) {
        difference = between(s, &first, &o);
        check(difference <= EQUALITY_BOUND, "%s: equality and onehot differ by %.3g", s->name, difference);
        keep_worst(&worst_equality, difference);
    }
    outcome_free(&o);
    outcome_free(&first);
}

/* reveal = label: the client gets the label and no logits. */
static void check_label(const subject *s)
{
    outcome o = RUN(true, "run", s->run, "--set", "network.transport=memory", "--set", "run.reveal=label");

    if (is_complete(s, &o, "reveal = label"))
        for (size_t i = 0; i < s->count; i++) {
            const golden *g = &s->cases[i];
            const json_t *r = report_result(o.report, i), *label = json_object_get(r, "label");

            check(json_object_get(r, "logits") == NULL, "%s, case %zu: reveal = label shows logits", s->name,
                  i);
            check(json_is_integer(label) &&
                      (g->margin <= puma_bound(g) || json_integer_value(label) == g->label),
                  "%s, case %zu: revealed label %d, expected %d", s->name, i, (int)json_integer_value(label),
                  (int)g->label);
        }
    outcome_free(&o);
}

/* A pair of texts: its token types reach the model, in clear and as secrets. */
static void check_pair(const subject *s)
{
    char        text[4096];
    const char *file;
    outcome     clear, fixed, other;
    double      x[LABELS], y[LABELS], z[LABELS];
    size_t      n = s->cases[0].labels;

    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = classify\nprotocol = plain\n[input]\ntext = %s\ntext_pair = %s\n",
             tiny_model(s->name), s->cases[0].text, s->cases[1].text);
    file = driver_file("pair.ini", text);
    clear = RUN(true, "run", file);
    fixed = RUN(true, "run", file, "--set", "run.protocol=rep3", "--set", "network.transport=memory");
    other = RUN(false, "tokenize", tiny_model(s->name), s->cases[0].text, s->cases[1].text);
    other.out[strcspn(other.out, "\n")] = '\0';
    snprintf(text, sizeof text, "[run]\nmodel = %s\ntask = classify\nprotocol = plain\n[input]\nids = %s\n",
             tiny_model(s->name), other.out);
    outcome_free(&other);
    other = RUN(true, "run", driver_file("ids.ini", text));
    if (check(numbers(json_object_get(report_result(clear.report, 0), "logits"), x, LABELS) == n &&
                  numbers(json_object_get(report_result(fixed.report, 0), "logits"), y, LABELS) == n &&
                  numbers(json_object_get(report_result(other.report, 0), "logits"), z, LABELS) == n,
              "%s, pair: exit %d, %d, %d: %s %s %s", s->name, clear.code, fixed.code, other.code, clear.err,
              fixed.err, other.err)) {
        check(max_difference(x, y, n) <= PROTOCOL_BOUND, "%s, pair: rep3 and plain differ by %.3g", s->name,
              max_difference(x, y, n));
        if (s->cases[0].types != NULL)
            check(max_difference(x, z, n) > 0.01, "%s, pair: token types change nothing", s->name);
        else
            check(max_difference(x, z, n) == 0, "%s, pair: a model without types tells them apart", s->name);
    }
    outcome_free(&clear);
    outcome_free(&fixed);
    outcome_free(&other);
}

int main(void)
{
    static const char *const names[] = { "bert", "roberta", "distilbert" };

    driver_start("test_models");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        subject s;

        if (!read_subject(&s, names[k])) continue;
        for (size_t i = 0; i < s.count; i++) {
            check_tokens(&s, i);
            check_exact(&s, i);
        }
        check_fixed(&s);
        if (run_functions(&s)) check_rep3(&s);
        check_label(&s);
        check_pair(&s);
        json_decref(s.file);
    }
    printf("largest differences: plain float %.3g, plain fixed %.3g; rep3 from the golden %.3g, from its "
           "functions in float %.3g, equality from "
           "onehot %.3g\n",
           worst_float, worst_fixed, worst_puma, worst_protocol, worst_equality);
    return driver_end();
}
