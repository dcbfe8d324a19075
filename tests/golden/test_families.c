/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_families.c - every family of encoders and each of its heads: tiny random checkpoints of families/,
 * whose answers families.py has from the reference implementation in double precision.
 *
 * Bounds, on each number: plain in float with exact functions 1e-9; in fixed point and under the protocols
 * 2^-9. */
#include "../e2e/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 8192
#define LONG 64 /* tokens: longer cases run in plain alone */

static const char *const PROTOCOLS[] = { "plain", "fixed", "rep3", "beaver2" };
static double            worst[4];

static const char *folder_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%.300s/tests/golden/families/%.60s", driver_source(),
             name);
    return path;
}

/* Rows, one behind the other. */
static size_t flat(const json_t *rows, double *to, size_t room)
{
    size_t  i, used = 0;
    json_t *row;

    if (!json_is_array(json_array_get(rows, 0))) return numbers(rows, to, room);
    json_array_foreach(rows, i, row) used += numbers(row, to + used, room - used);
    return used;
}

static void near(const char *name, size_t i, int protocol, const double *got, const double *wanted, size_t n,
                 const char *what)
{
    double difference = max_difference(got, wanted, n), bound = protocol == 0 ? 1e-9 : 0x1p-9;

    check(difference <= bound, "%s, case %zu, %s: %s differ by %.3g, limit %.3g", name, i,
          PROTOCOLS[protocol], what, difference, bound);
    if (!(difference <= worst[protocol])) worst[protocol] = difference;
}

static outcome run(const char *name, const char *task, const json_t *c, int protocol)
{
    char    text[4096], ids[1024];
    size_t  i, used = 0;
    json_t *id;

    json_array_foreach(json_object_get(c, "ids"), i, id) used += (size_t)snprintf(
        ids + used, sizeof ids - used, "%s%d", i > 0 ? " " : "", (int)json_integer_value(id));
    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = %s\nprotocol = %s\nthreads = 1\n[input]\nids = "
             "%s\n[approximation]\ndefault = %s\n"
             "[numeric]\narithmetic = %s\n[network]\ntransport = memory\n",
             folder_of(name), task, protocol < 2 ? "plain" : PROTOCOLS[protocol], ids,
             protocol < 2 ? "exact" : "precise", protocol == 1 ? "fixed" : "float");
    return RUN(true, "run", driver_file("case.ini", text));
}

/* The first and the last row of the last hidden state. */
static void check_hidden(const char *name, size_t i, const json_t *c, int protocol)
{
    static double got[NUMBERS], wanted[NUMBERS];
    outcome       o = run(name, "hidden", c, protocol);
    const json_t *rows = json_object_get(report_result(o.report, 0), "hidden"),
                 *two = json_object_get(c, "hidden");
    size_t count = json_array_size(rows);

    if (check(o.code == 0 && count == json_array_size(json_object_get(c, "ids")),
              "%s, case %zu, %s: exit %d: %s", name, i, PROTOCOLS[protocol], o.code, o.err))
        for (size_t k = 0; k < 2; k++) {
            size_t n = numbers(json_array_get(two, k), wanted, NUMBERS);

            if (check(numbers(json_array_get(rows, k * (count - 1)), got, NUMBERS) == n && n > 0,
                      "%s: widths", name))
                near(name, i, protocol, got, wanted, n, "hidden states");
        }
    outcome_free(&o);
}

static void check_logits(const char *name, const char *task, size_t i, const json_t *c, int protocol)
{
    static double got[NUMBERS], wanted[NUMBERS];
    outcome       o = run(name, task, c, protocol);
    size_t        n = flat(json_object_get(c, "logits"), wanted, NUMBERS);

    if (check(o.code == 0 && n > 0 &&
                  flat(json_object_get(report_result(o.report, 0), "logits"), got, NUMBERS) == n,
              "%s, %s, case %zu, %s: exit %d, not %zu logits: %s", name, task, i, PROTOCOLS[protocol], o.code,
              n, o.err))
        near(name, i, protocol, got, wanted, n, "logits");
    outcome_free(&o);
}

/* The candidates at each mask: their logits, and under them the largest of all. */
static void check_masks(const char *name, size_t i, const json_t *c, int protocol)
{
    static double wanted[NUMBERS];
    outcome       o = run(name, "fill_mask", c, protocol);
    const json_t *masks = json_object_get(report_result(o.report, 0), "masks"), *mask, *word;
    size_t n = numbers(json_object_get(c, "logits"), wanted, NUMBERS), count = json_array_size(masks), k, j,
           at = 0;

    if (check(o.code == 0 && count > 0 && n % count == 0, "%s, case %zu, %s: exit %d, %zu masks: %s", name, i,
              PROTOCOLS[protocol], o.code, count, o.err))
        json_array_foreach(masks, k, mask)
        {
            const json_t *words = json_object_get(mask, "candidates");
            const double *row = wanted + k * (n / count);
            double        largest = row[0], sum = 0;

            while (json_integer_value(json_array_get(json_object_get(c, "ids"), at)) != 4) at++;
            check(json_integer_value(json_object_get(mask, "position")) == (json_int_t)at &&
                      json_array_size(words) == 5,
                  "%s, case %zu, %s: mask %zu is not at %zu", name, i, PROTOCOLS[protocol], k, at);
            at++;
            for (size_t v = 0; v < n / count; v++) largest = fmax(largest, row[v]);
            json_array_foreach(words, j, word)
            {
                size_t token = (size_t)json_integer_value(json_object_get(word, "token"));
                double logit = json_number_value(json_object_get(word, "logit"));
                char   text[16];

                if (!check(token < n / count, "%s: token %zu", name, token)) continue;
                if (j == 0) near(name, i, protocol, &logit, &largest, 1, "the largest logits");
                near(name, i, protocol, &logit, &row[token], 1, "logits");
                sum += json_number_value(json_object_get(word, "probability"));
                snprintf(text, sizeof text, "w%zu", token);
                check(token < 5 || strcmp(text, json_string_value(json_object_get(word, "text"))) == 0,
                      "%s: text of %zu", name, token);
            }
            check(sum > 0 && sum <= 1 + 1e-9, "%s: probabilities add up to %g", name, sum);
        }
    outcome_free(&o);
}

static void check_folder(const char *name)
{
    char        path[600];
    json_t     *file, *c;
    const char *task;
    size_t      i;

    snprintf(path, sizeof path, "%s/golden.json", folder_of(name));
    file = json_load_file(path, 0, NULL);
    task = json_string_value(json_object_get(file, "task"));
    if (check(task != NULL, "%s: no golden.json", name))
        json_array_foreach(json_object_get(file, "cases"), i, c)
        {
            bool is_long = json_array_size(json_object_get(c, "ids")) > LONG;

            for (int protocol = 0; protocol < (is_long ? 1 : 4); protocol++)
                if (strcmp(task, "fill_mask") == 0)
                    check_masks(name, i, c, protocol);
                else
                    check_logits(name, task, i, c, protocol);
            check_hidden(name, i, c, 0);
            if (i == 0) check_hidden(name, i, c, 2);
        }
    json_decref(file);
}

/* Of a head that is not there, or is another one, and of a text without a mask. */
static void check_refusals(void)
{
    static const struct {
        const char *folder, *task, *ids;
        int         code;
        const char *named;
    } bad[] = {
        { "bert", "classify_tokens", "5 6", 4, "BertForSequenceClassification" },
        { "roberta", "classify_tokens", "5 6", 4, "RobertaForSequenceClassification" },
        { "bert-classify_tokens", "classify", "5 6", 4, "pooler.dense.weight" },
        { "bert", "fill_mask", "5 6", 3, "[MASK]" },
        { "bert-classify_tokens", "fill_mask", "5 4 6", 3, "[MASK]" },
        { "roberta-fill_mask", "classify_tokens", "5 6", 4, "classifier.weight" },
        { "bert-fill_mask", "fill_mask", "5 6", 3, "input 0 has no [MASK]" },
    };
    char text[1024];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        outcome o;

        snprintf(text, sizeof text, "[run]\nmodel = %s\ntask = %s\nprotocol = plain\n[input]\nids = %s\n",
                 folder_of(bad[i].folder), bad[i].task, bad[i].ids);
        o = RUN(false, "run", driver_file("bad.ini", text));
        check(o.code == bad[i].code && strstr(o.err, bad[i].named) != NULL,
              "%s of %s: exit %d, expected %d and %s: %s", bad[i].task, bad[i].folder, o.code, bad[i].code,
              bad[i].named, o.err);
        outcome_free(&o);
    }
}

int main(void)
{
    static const char *const heads[] = { "bert", "roberta", "distilbert", "albert", "electra", "mpnet" };
    static const char *const folders[] = { "bert",   "roberta", "distilbert",    "xlm-roberta",  "camembert",
                                           "albert", "electra", "albert-groups", "electra-wide", "mpnet" };

    driver_start("test_families");
    for (size_t k = 0; k < sizeof folders / sizeof *folders; k++) check_folder(folders[k]);
    for (size_t k = 0; k < sizeof heads / sizeof *heads; k++)
        for (int task = 0; task < 2; task++) {
            char folder[64];

            snprintf(folder, sizeof folder, "%s-%s", heads[k], task == 0 ? "classify_tokens" : "fill_mask");
            check_folder(folder);
        }
    check_refusals();
    printf("largest differences:");
    for (int k = 0; k < 4; k++) printf(" %s %.3g", PROTOCOLS[k], worst[k]);
    printf("\n");
    return driver_end();
}
