/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_sentiment.c - [run] head: a linear head on the embedding
 *
 * With bert-tiny: the logit is that of the embedding in clear, the label is its sign, and bad heads are errors.
 * Where PUMA_MINILM names the checkpoint's directory and PUMA_SENTIMENT the file of the review sentences
 * (movieReviewSnippets_GroundTruth.txt of the sdist vaderSentiment): the golden's sentences, logits within 1e-4
 * in floating point and the golden's accuracy; rep3 with `precise` reveals the same labels (6 sentences;
 * PUMA_LONG=1: all, but where the logit is within 0.01 of 0). */
#include "../e2e/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIM 512
#define CASES 100
#define LOGIT_BOUND 1e-4
#define RING_BOUND 0x1p-8
#define MARGIN 0.01

static void write_head(const double *w, size_t n, double b)
{
    char   text[64 * DIM] = "{\"w\": [";
    size_t used = strlen(text);

    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.17g", i ? ", " : "", w[i]);
    snprintf(text + used, sizeof text - used, "], \"b\": %.17g}", b);
    driver_file("head.json", text);
}

static double logit_of(const outcome *o, size_t i)
{
    double logit = NAN;

    return numbers(json_object_get(report_result(o->report, i), "logits"), &logit, 1) == 1 ? logit : NAN;
}

static json_int_t label_of(const outcome *o, size_t i)
{
    return json_integer_value(json_object_get(report_result(o->report, i), "label"));
}

static void check_tiny(void)
{
    static const char *const protocols[] = { "run.protocol=plain", "run.protocol=rep3",
                                             "run.protocol=beaver2" };
    char                     text[2048];
    const char              *embed, *file;
    double                   e[DIM] = { 0 }, w[DIM] = { 0 }, wanted = 0;
    size_t                   n;
    outcome                  o;

    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = embed\nprotocol = plain\n[input]\nids = 2 5 6 7 3\n[network]\ntransport = "
             "memory\n",
             tiny_model("bert"));
    embed = driver_file("embed.ini", text);
    o = RUN(true, "run", embed);
    n = numbers(json_object_get(report_result(o.report, 0), "embedding"), e, DIM);
    check(n > 0, "bert-tiny: exit %d, no embedding: %s", o.code, o.err);
    outcome_free(&o);
    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = classify\nprotocol = plain\nhead = head.json\n[input]\nids = 2 5 6 7 "
             "3\nlabels = labels.txt\n[network]\ntransport = memory\n",
             tiny_model("bert"));
    file = driver_file("head.ini", text);
    for (int sign = 0; sign < 2; sign++) {
        wanted = sign == 0 ? 0.25 : -0.25;
        for (size_t i = 0; i < n; i++) wanted += (w[i] = (sign == 0 ? 2 : -2) * e[i]) * e[i];
        write_head(w, n, sign == 0 ? 0.25 : -0.25);
        driver_file("labels.txt", sign == 0 ? "1\n" : "0\n");
        for (size_t k = 0; k < 3; k++) {
            o = RUN(true, "run", file, "--set", protocols[k]);
            check(fabs(logit_of(&o, 0) - wanted) <= RING_BOUND && label_of(&o, 0) == !sign,
                  "%s: logit %g, expected %g (exit %d: %s)", protocols[k], logit_of(&o, 0), wanted, o.code, o.err);
            check(json_number_value(
                      json_object_get(json_object_get(o.report, "fidelity"), "accuracy")) == 1,
                  "%s: the label is right and counted wrong", protocols[k]);
            outcome_free(&o);
            o = RUN(true, "run", file, "--set", protocols[k], "--set", "run.reveal=label");
            check(o.code == 0 && label_of(&o, 0) == !sign &&
                      json_object_get(report_result(o.report, 0), "logits") == NULL,
                  "%s: reveal = label: %d (exit %d: %s)", protocols[k], (int)label_of(&o, 0), o.code, o.err);
            outcome_free(&o);
        }
    }
    driver_file("labels.txt", "2\n");
    o = RUN(false, "run", file);
    check(o.code == 5 && strstr(o.err, "labels.txt:1: not a label"), "label 2 of two: exit %d: %s", o.code, o.err);
    outcome_free(&o);
    o = RUN(false, "run", embed, "--set", "run.head=head.json");
    check(o.code == 3 && strstr(o.err, "goes with task = classify"), "a head of embed: exit %d: %s", o.code, o.err);
    outcome_free(&o);
}

static void check_bad_heads(void)
{
    static const char *const heads[][2] = {
        { "{\"w\": [1, 2], \"b\": 0}", "got 2, expected" },
        { "{\"w\": [1, 2]}", "not of the form" },
        { "{\"w\": 1, \"b\": 0}", "not of the form" },
        { "{\"w\": [1, 2], \"b\": \"x\"}", "not of the form" },
        { "{\"w\": [1, 2], \"b\": 0, \"c\": 0}", "not of the form" },
        { "[1, 2]", "not of the form" },
        { "{\"w\": [1, 2], \"b\": 0} x", "head.json" },
        { "", "head.json" },
    };
    double  w[DIM] = { 0 };
    outcome o;

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        driver_file("head.json", heads[i][0]);
        o = RUN(false, "plan", driver_path("head.ini"));
        check(o.code == 4 && strstr(o.err, "E0423") && strstr(o.err, heads[i][1]), "head %zu: exit %d: %s", i,
              o.code, o.err);
        outcome_free(&o);
    }
    w[0] = 1e12;
    write_head(w, 64, 0);
    o = RUN(false, "plan", driver_path("head.ini"));
    check(o.code == 11 && strstr(o.err, "w: entry 0 leaves"), "a huge weight: exit %d: %s", o.code, o.err);
    outcome_free(&o);
    o = RUN(false, "plan", driver_path("head.ini"), "--set", "run.head=missing.json");
    check(o.code == 4 && strstr(o.err, "missing.json"), "no head: exit %d: %s", o.code, o.err);
    outcome_free(&o);
}

/* --- the review sentences --------------------------------------------------------------------- */

/* The text of a numbered line, ID TAB RATING TAB TEXT in latin-1, as UTF-8. */
static bool find_text(const char *data, const char *id, char *to, size_t room)
{
    size_t length = strlen(id), used = 0;

    for (const char *line = data; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        const char *p;

        line += *line == '\n';
        if (strncmp(line, id, length) != 0 || line[length] != '\t') continue;
        p = strchr(line + length + 1, '\t');
        if (p == NULL) return false;
        for (p++; *p != '\0' && *p != '\n' && *p != '\r' && used + 3 < room; p++) {
            unsigned char c = (unsigned char)*p;

            if (c >= 0x80) to[used++] = (char)(0xc0 | c >> 6);
            to[used++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
        }
        to[used] = '\0';
        return true;
    }
    return false;
}

static char *read_data(const char *path)
{
    FILE  *f = fopen(path, "rb");
    char  *text = calloc(1, (size_t)4 << 20);
    size_t size = f == NULL || text == NULL ? 0 : fread(text, 1, ((size_t)4 << 20) - 1, f);

    check(size > 0, "%s cannot be read", path);
    if (f != NULL) fclose(f);
    return text;
}

static void check_reviews(const char *minilm, const char *sentences)
{
    char         path[600], text[2048], line[4096];
    const char  *file;
    char        *data = read_data(sentences), *lines = calloc(CASES, sizeof line), labels[2 * CASES + 1] = "";
    double       w[DIM], worst = 0;
    json_t      *golden, *c, *cases;
    size_t       n, i, count = 0, right = 0, used = 0;
    outcome      o;

    snprintf(path, sizeof path, "%.400s/tests/golden/minilm_sentiment_public.json",
             driver_source());
    golden = json_load_file(path, 0, NULL);
    cases = json_object_get(golden, "cases");
    n = numbers(json_object_get(golden, "w"), w, DIM);
    if (!check(n == 384 && json_array_size(cases) == CASES && data != NULL && lines != NULL, "%s: no golden", path))
        return;
    write_head(w, n, json_number_value(json_object_get(golden, "b")));
    json_array_foreach(cases, i, c)
    {
        json_t *id = json_object_get(c, "id");
        char    number[32];

        snprintf(number, sizeof number, "%s", json_is_string(id) ? json_string_value(id) : "");
        if (json_is_integer(id)) snprintf(number, sizeof number, "%d", (int)json_integer_value(id));
        check(find_text(data, number, line, sizeof line), "sentence %s is not in %s", number, sentences);
        used += (size_t)sprintf(lines + used, "%s\n", line);
        labels[2 * i] = (char)('0' + json_integer_value(json_object_get(c, "label")));
        labels[2 * i + 1] = '\n';
        count++;
    }
    driver_file("lines.txt", lines);
    driver_file("labels.txt", labels);
    snprintf(text, sizeof text,
             "[run]\nmodel = %.1000s\ntask = classify\nprotocol = plain\nhead = head.json\n[input]\nfile = "
             "lines.txt\nlabels = labels.txt\n[network]\ntransport = memory\n",
             minilm);
    file = driver_file("reviews.ini", text);
    o = RUN(true, "run", file, "--set", "approximation.default=exact");
    json_array_foreach(cases, i, c)
    {
        double wanted = json_number_value(json_object_get(c, "logit")), d = fabs(logit_of(&o, i) - wanted);

        if (!(d <= worst)) worst = d;
        right += (wanted > 0) == (json_integer_value(json_object_get(c, "label")) == 1);
    }
    check(worst <= LOGIT_BOUND, "logits differ by %.3g, limit %.3g (exit %d: %s)", worst, LOGIT_BOUND, o.code, o.err);
    check(json_number_value(json_object_get(json_object_get(o.report, "fidelity"), "accuracy")) ==
              (double)right / (double)count,
          "accuracy is not %zu of %zu", right, count);
    printf("reviews: logits differ by at most %.3g, %zu of %zu labels right\n", worst, right, count);
    outcome_free(&o);
    if (getenv("PUMA_LONG") == NULL) count = 6;
    snprintf(text, sizeof text, "input.limit=%zu", count);
    o = RUN(true, "run", file, "--set", "run.protocol=rep3", "--set", "run.reveal=label", "--set", text);
    check(o.code == 0, "rep3: exit %d: %s", o.code, o.err);
    for (i = 0; i < count && o.code == 0; i++) {
        double logit = json_number_value(json_object_get(json_array_get(cases, i), "logit"));

        check(fabs(logit) < MARGIN || label_of(&o, i) == (logit > 0), "rep3, sentence %zu: label %d, logit %g", i,
              (int)label_of(&o, i), logit);
    }
    outcome_free(&o);
    json_decref(golden);
    free(data);
    free(lines);
}

int main(void)
{
    const char *minilm = getenv("PUMA_MINILM"), *sentences = getenv("PUMA_SENTIMENT");

    driver_start("test_sentiment");
    check_tiny();
    check_bad_heads();
    if (minilm != NULL && sentences != NULL)
        check_reviews(minilm, sentences);
    else
        printf("without PUMA_MINILM and PUMA_SENTIMENT the review sentences are left out\n");
    return driver_end();
}
