/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_minilm.c - sentence embeddings of all-MiniLM-L6-v2 against those of the reference implementation
 *
 * PUMA_MINILM names the checkpoint's directory; without it the test is skipped (77).  PUMA_LONG=1 takes every
 * sentence, and ten runs where the default takes two.  Bounds: ids equal; plain in float with exact functions
 * cosine 0.999999; plain in fixed point with f = 18 1e-4 in each entry; rep3 and beaver2 over tls with PUMA's
 * functions cosine 0.995, with `precise` cosine 0.99999 and 2e-4 in each entry (5e-4 with f = 16); hidden
 * states of rep3 within 2^-8 of plain in fixed point with the same functions. */
#include "../e2e/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIM 384
#define SENTENCES 16
#define HIDDEN_BOUND 0x1p-8

static const char *directory;
static json_t     *sentences;
static size_t      count; /* of those that are run */

static double cosine(const double *x, const double *y, size_t n)
{
    double xy = 0, xx = 0, yy = 0;

    for (size_t i = 0; i < n; i++) {
        xy += x[i] * y[i];
        xx += x[i] * x[i];
        yy += y[i] * y[i];
    }
    return xy / sqrt(xx * yy);
}

static const json_t *sentence(size_t i) { return json_array_get(sentences, i); }

static const char *text_of(size_t i) { return json_string_value(json_object_get(sentence(i), "text")); }

/* A run file with the first `count` sentences, one a line. */
static const char *run_file(void)
{
    char   text[4096], lines[16384];
    size_t used = 0;

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(lines + used, sizeof lines - used, "%s\n", text_of(i));
    driver_file("lines.txt", lines);
    snprintf(text, sizeof text,
             "[run]\nmodel = %.1000s\ntask = embed\nprotocol = rep3\n[input]\nfile = "
             "lines.txt\n[approximation]\ndefault = puma\n"
             "[numeric]\nfxp_fraction_bits = 18\n",
             directory);
    return driver_file("lines.ini", text);
}

static void check_ids(void)
{
    for (size_t i = 0; i < json_array_size(sentences); i++) {
        outcome o = RUN(false, "tokenize", directory, text_of(i), "--json");
        json_t *object = json_loads(o.out, 0, NULL);

        check(json_equal(json_object_get(object, "ids"), json_object_get(sentence(i), "input_ids")),
              "sentence %zu: ids %s%s", i, o.out, o.err);
        json_decref(object);
        outcome_free(&o);
    }
}

/* Every embedding of a run against the golden: least cosine and largest difference. */
static void check_embeddings(const char *what, const outcome *o, double least, double most)
{
    double worst_cosine = 1, worst = 0;

    if (!check(o->code == 0 && json_array_size(json_object_get(o->report, "outputs")) == count,
               "%s: exit %d: %s", what, o->code, o->err))
        return;
    for (size_t i = 0; i < count; i++) {
        double got[DIM], wanted[DIM];

        if (!check(numbers(json_object_get(report_result(o->report, i), "embedding"), got, DIM) == DIM &&
                       numbers(json_object_get(sentence(i), "embedding"), wanted, DIM) == DIM,
                   "%s: sentence %zu: no embedding", what, i))
            return;
        check(cosine(got, wanted, DIM) >= least, "%s: sentence %zu: cosine %.7f, limit %.7f", what, i,
              cosine(got, wanted, DIM), least);
        check(max_difference(got, wanted, DIM) <= most,
              "%s: sentence %zu: entries differ by %.3g, limit %.3g", what, i,
              max_difference(got, wanted, DIM), most);
        worst_cosine = fmin(worst_cosine, cosine(got, wanted, DIM));
        worst = fmax(worst, max_difference(got, wanted, DIM));
    }
    printf("%s: %zu sentences, least cosine %.7f, largest difference %.3g, %.1f s\n", what, count,
           worst_cosine, worst, o->seconds);
}

static void check_plain(const char *run)
{
    outcome o = RUN(true, "run", run, "--set", "run.protocol=plain", "--set", "approximation.default=exact");

    check_embeddings("plain float, exact", &o, 0.999999, 1e-4);
    outcome_free(&o);
    o = RUN(true, "run", run, "--set", "run.protocol=plain", "--set", "approximation.default=exact", "--set",
            "numeric.arithmetic=fixed");
    check_embeddings("plain fixed, exact", &o, 0.999999, 1e-4);
    outcome_free(&o);
}

/* A protocol over tls with these functions and this precision. */
static void check_secure(const char *run, const char *protocol, const char *functions, unsigned f,
                         double least, double most)
{
    char    chosen[64], fraction[64], backend[64], what[80];
    outcome o;

    snprintf(chosen, sizeof chosen, "approximation.default=%s", functions);
    snprintf(fraction, sizeof fraction, "numeric.fxp_fraction_bits=%u", f);
    snprintf(backend, sizeof backend, "run.protocol=%s", protocol);
    snprintf(what, sizeof what, "%s over tls, %s, f = %u", protocol, functions, f);
    o = RUN(true, "run", run, "--set", backend, "--set", "network.transport=tls", "--set", chosen, "--set",
            fraction);
    check_embeddings(what, &o, least, most);
    if (o.report != NULL)
        printf("    %.1f MB, %lld rounds, %.2f s without set-up\n",
               1e-6 * json_number_value(json_object_get(o.report, "total_bytes")),
               (long long)json_integer_value(json_object_get(o.report, "rounds")),
               json_number_value(json_object_get(o.report, "wall_s")));
    outcome_free(&o);
}

/* All rows of a report's hidden states, one after the other (malloc'd); how many numbers. */
static double *hidden_of(const outcome *o, size_t *n)
{
    const json_t *rows = json_object_get(report_result(o->report, 0), "hidden");
    double       *all = calloc(json_array_size(rows) * DIM + 1, sizeof *all);

    *n = 0;
    for (size_t t = 0; all != NULL && t < json_array_size(rows); t++) {
        if (numbers(json_array_get(rows, t), all + *n, DIM) != DIM) break;
        *n += DIM;
    }
    return all;
}

/* The same functions on shares and in clear in the same rings: only the protocol's rounding is between them.
 */
static void check_hidden(size_t times)
{
    double worst = 0;

    for (size_t k = 0; k < times; k++) {
        char        text[4096];
        outcome     fixed, secret;
        double     *x, *y;
        size_t      nx, ny;
        const char *file;

        snprintf(text, sizeof text,
                 "[run]\nmodel = %.1000s\ntask = hidden\nprotocol = rep3\n[input]\ntext = "
                 "%.1500s\n[approximation]\ndefault = puma\n"
                 "[network]\ntransport = memory\n",
                 directory, text_of(1 + k % (json_array_size(sentences) - 1)));
        file = driver_file("hidden.ini", text);
        fixed = RUN(true, "run", file, "--set", "run.protocol=plain", "--set", "numeric.arithmetic=fixed");
        secret = RUN(true, "run", file);
        x = hidden_of(&fixed, &nx);
        y = hidden_of(&secret, &ny);
        if (check(x != NULL && y != NULL && nx > 0 && nx == ny, "hidden, run %zu: exit %d and %d: %s%s", k,
                  fixed.code, secret.code, fixed.err, secret.err)) {
            double d = max_difference(x, y, nx);

            check(d <= HIDDEN_BOUND, "hidden, run %zu: rep3 and plain fixed differ by %.3g, limit %.3g", k, d,
                  HIDDEN_BOUND);
            if (!(d <= worst)) worst = d;
        }
        free(x);
        free(y);
        outcome_free(&fixed);
        outcome_free(&secret);
    }
    printf("hidden: %zu runs, rep3 and plain fixed differ by at most %.3g = 2^%.1f\n", times, worst,
           log2(worst));
}

int main(void)
{
    bool        full = getenv("PUMA_LONG") != NULL;
    const char *run;
    char        path[512];
    json_t     *golden;

    directory = getenv("PUMA_MINILM");
    if (directory == NULL || *directory == '\0') {
        fputs("test_minilm: PUMA_MINILM names no checkpoint: skipped\n", stderr);
        return 77;
    }
    driver_start("test_minilm");
    snprintf(path, sizeof path, "%.400s/tests/golden/minilm_public.json",
             driver_source());
    golden = json_load_file(path, 0, NULL);
    sentences = json_object_get(golden, "sentences");
    count = json_array_size(sentences);
    if (!check(count > 1 && count <= SENTENCES, "%s: no sentences", path)) return driver_end();
    check_ids();
    check_plain(run_file());
    if (!full) count = 3;
    run = run_file();
    for (int i = 0; i < 2; i++) {
        static const char *const protocols[] = { "rep3", "beaver2" };
        const char              *protocol = protocols[i];

        check_secure(run, protocol, "precise", 18, 0.99999, 2e-4);
        if (i > 0 && !full) continue;
        check_secure(run, protocol, "puma", 18, 0.995, 1);
        check_secure(run, protocol, "precise", 16, 0.99999, 5e-4);
    }
    check_hidden(full ? 10 : 2);
    json_decref(golden);
    return driver_end();
}
