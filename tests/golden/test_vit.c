/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_vit.c - pictures: vit-tiny and vit-fashion against their goldens, and the files that pictures come from
 *
 * Bounds on logits: plain in float with exact functions 1e-4; rep3 and beaver2 with `precise` 2^-8, and the same
 * label.  Both generations of tensor names; a picture as P5, P2 and IDX gives the logits of its scaled pixels;
 * another shape (channels, odd patches that do not fill the picture, no qkv_bias) on rep3 as in clear; bad files
 * are errors.  vit-fashion's cases need Debian's dataset-fashion-mnist (PUMA_FASHION: its folder). */
#include "../e2e/driver.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABELS 10
#define SIDE 28
#define NUMBERS (SIDE * SIDE)
#define FLOAT_BOUND 1e-4
#define RING_BOUND 0x1p-8

static const char *const PLAIN[] = { "run.protocol=plain", "approximation.default=exact" },
                  *const REP3[] = { "run.protocol=rep3", "approximation.default=precise" },
                  *const BEAVER2[] = { "run.protocol=beaver2", "approximation.default=precise" };

static const char *directory(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%.400s/tests/golden/models/%.60s", driver_source(), name);
    return path;
}

static const char *ini(const char *model, const char *input)
{
    char text[2048];

    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = classify\nprotocol = plain\n[input]\n%s\n[network]\ntransport = memory\n", model,
             input);
    return driver_file("run.ini", text);
}

static outcome run(const char *file, const char *const set[2])
{
    return RUN(true, "run", file, "--set", set[0], "--set", set[1]);
}

static void bytes_file(const char *name, const void *bytes, size_t size)
{
    FILE *f = fopen(driver_path(name), "wb");

    check(f != NULL && fwrite(bytes, 1, size, f) == size, "%s cannot be written", name);
    if (f != NULL) fclose(f);
}

static void compare(const outcome *o, size_t i, const json_t *wanted, double bound, const char *what)
{
    double x[LABELS] = { 0 }, y[LABELS] = { 0 };
    size_t n = numbers(wanted, y, LABELS), best = 0;

    if (!check(n == LABELS && numbers(json_object_get(report_result(o->report, i), "logits"), x, LABELS) == n,
               "%s, case %zu: exit %d, no logits: %s", what, i, o->code, o->err))
        return;
    for (size_t k = 1; k < n; k++)
        if (y[k] > y[best]) best = k;
    check(max_difference(x, y, n) <= bound, "%s, case %zu: logits differ by %.3g, limit %.3g", what, i,
          max_difference(x, y, n), bound);
    check(json_integer_value(json_object_get(report_result(o->report, i), "label")) == (json_int_t)best,
          "%s, case %zu: another label", what, i);
}

static void check_tiny(const char *model, const char *what)
{
    char    path[600];
    json_t *golden, *c;
    size_t  i;
    outcome o;

    snprintf(path, sizeof path, "%s/golden.json", directory("vit-tiny"));
    golden = json_load_file(path, 0, NULL);
    check(json_array_size(json_object_get(golden, "cases")) > 0, "vit-tiny: no golden");
    json_array_foreach(json_object_get(golden, "cases"), i, c)
    {
        const char *file = ini(model, "pixels = pixels.json");

        json_dump_file(json_object_get(c, "pixel_values"), driver_path("pixels.json"), 0);
        o = run(file, PLAIN);
        compare(&o, 0, json_object_get(c, "logits"), FLOAT_BOUND, what);
        outcome_free(&o);
        o = run(file, REP3);
        compare(&o, 0, json_object_get(c, "logits"), RING_BOUND, what);
        outcome_free(&o);
        o = run(file, BEAVER2);
        compare(&o, 0, json_object_get(c, "logits"), RING_BOUND, what);
        outcome_free(&o);
    }
    json_decref(golden);
}

/* --- the older names -------------------------------------------------------------------------- */

static void rename_key(const char *key, char *to, size_t room)
{
    static const char *const parts[][2] = {
        { "attention.q_proj", "attention.attention.query" }, { "attention.k_proj", "attention.attention.key" },
        { "attention.v_proj", "attention.attention.value" }, { "attention.o_proj", "attention.output.dense" },
        { "mlp.fc1", "intermediate.dense" },                 { "mlp.fc2", "output.dense" },
        { "layernorm_before", "layernorm_before" },          { "layernorm_after", "layernorm_after" },
    };

    snprintf(to, room, "%s", key);
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        const char *at = strstr(key, parts[k][0]);

        if (at == NULL || strncmp(key, "vit.layers.", 11) != 0) continue;
        snprintf(to, room, "vit.encoder.layer.%.*s%s%s", (int)(at - key - 11), key + 11, parts[k][1],
                 at + strlen(parts[k][0]));
    }
}

static void check_old_names(void)
{
    char    path[600], name[256], *text, *bytes = calloc(1, (size_t)1 << 20);
    json_t *header, *other = json_object(), *value, *config;
    FILE   *f;
    size_t  size, length = 0;

    snprintf(path, sizeof path, "%s/model.safetensors", directory("vit-tiny"));
    f = fopen(path, "rb");
    size = f == NULL ? 0 : fread(bytes, 1, (size_t)1 << 20, f);
    if (f != NULL) fclose(f);
    memcpy(&length, bytes, 8);
    if (!check(size > 8 && length < size - 8, "vit-tiny: no weights")) return;
    header = json_loadb(bytes + 8, length, 0, NULL);
    const char *key;
    json_object_foreach(header, key, value)
    {
        rename_key(key, name, sizeof name);
        json_object_set(other, name, value);
    }
    text = json_dumps(other, JSON_COMPACT);
    mkdir(driver_path("old"), 0700);
    f = fopen(driver_path("old/model.safetensors"), "wb");
    if (check(f != NULL && text != NULL, "old names cannot be written")) {
        size_t fresh = strlen(text);

        fwrite(&fresh, 8, 1, f);
        fwrite(text, 1, fresh, f);
        fwrite(bytes + 8 + length, 1, size - 8 - length, f);
        fclose(f);
    }
    snprintf(path, sizeof path, "%s/config.json", directory("vit-tiny"));
    config = json_load_file(path, 0, NULL);
    json_dump_file(config, driver_path("old/config.json"), 0);
    check(strstr(text, "vit.encoder.layer.1.attention.attention.query.weight") != NULL, "no older names");
    check_tiny(driver_path("old"), "older names");
    unlink(driver_path("old/model.safetensors"));
    unlink(driver_path("old/config.json"));
    rmdir(driver_path("old"));
    json_decref(config);
    json_decref(header);
    json_decref(other);
    free(text);
    free(bytes);
}

/* --- files ------------------------------------------------------------------------------------ */

static const uint8_t IDX[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, SIDE, 0, 0, 0, SIDE };

/* Two pictures, a.idx: together in the rounds of one, with the logits of each alone. */
static void check_pass(void)
{
    char        model[600];
    const char *file;
    outcome     o[2];

    snprintf(model, sizeof model, "%s", directory("vit-tiny"));
    file = ini(model, "image = a.idx");
    o[0] = RUN(true, "run", file, "--set", REP3[0], "--set", REP3[1], "--set", "run.batch_tokens=1");
    o[1] = run(file, REP3);
    for (size_t i = 0; i < 2; i++)
        compare(&o[1], i, json_object_get(report_result(o[0].report, i), "logits"), 2 * RING_BOUND,
                "two pictures in a pass");
    check(json_integer_value(json_object_get(o[0].report, "rounds")) ==
              2 * json_integer_value(json_object_get(o[1].report, "rounds")),
          "two pictures take more rounds together than one");
    outcome_free(&o[0]);
    outcome_free(&o[1]);
}

static void check_files(void)
{
    uint8_t  p5[NUMBERS + 64], idx[sizeof IDX + 2 * NUMBERS], *picture = idx + sizeof IDX;
    char     p2[8 * NUMBERS], model[600];
    json_t  *pixels = json_array(), *wanted;
    size_t   used = (size_t)sprintf(p2, "P2\n# gray\n28 28 255\n"), header;
    outcome  o;
    const char *names[] = { "image = a.p5", "image = a.p2", "image = a.idx\nlimit = 1" };

    memcpy(idx, IDX, sizeof IDX);
    for (size_t i = 0; i < NUMBERS; i++) {
        picture[i] = (uint8_t)(i * 37 % 256);
        picture[NUMBERS + i] = (uint8_t)(255 - picture[i]);
        used += (size_t)sprintf(p2 + used, "%u\n", picture[i]);
        json_array_append_new(pixels, json_real((picture[i] / 255.0 - 0.5) / 0.5));
    }
    header = (size_t)sprintf((char *)p5, "P5\n28 28\n255\n");
    memcpy(p5 + header, picture, NUMBERS);
    bytes_file("a.p5", p5, header + NUMBERS);
    bytes_file("a.p2", p2, used);
    bytes_file("a.idx", idx, sizeof idx);
    json_dump_file(pixels, driver_path("pixels.json"), 0);
    snprintf(model, sizeof model, "%s", directory("vit-tiny"));
    o = run(ini(model, "pixels = pixels.json"), PLAIN);
    wanted = json_incref(json_object_get(report_result(o.report, 0), "logits"));
    outcome_free(&o);
    for (size_t k = 0; k < 3; k++) {
        o = run(ini(model, names[k]), PLAIN);
        compare(&o, 0, wanted, 1e-9, names[k]);
        outcome_free(&o);
    }
    driver_file("labels.txt", "1\n2\n");
    o = run(ini(model, "image = a.idx\nlabels = labels.txt"), PLAIN);
    check(o.code == 0 && json_array_size(json_object_get(o.report, "outputs")) == 2, "two pictures: exit %d: %s", o.code,
          o.err);
    compare(&o, 0, wanted, 1e-9, "the first of two pictures in a pass");
    outcome_free(&o);
    check_pass();
    json_decref(wanted);
    json_decref(pixels);
}

static void refused(const char *input, int code, const char *text)
{
    char    model[600];
    outcome o;

    snprintf(model, sizeof model, "%s", directory("vit-tiny"));
    o = RUN(false, "plan", ini(model, input));
    check(o.code == code && strstr(o.err, text) != NULL, "%s: exit %d, expected %d and \"%s\": %s", input, o.code, code,
          text, o.err);
    outcome_free(&o);
}

static void check_bad(void)
{
    uint8_t idx[sizeof IDX + 2 * NUMBERS + 1] = { 0 };

    memcpy(idx, IDX, sizeof IDX);
    bytes_file("bad", idx, sizeof idx - 2);
    refused("image = bad", 5, "E0561");
    bytes_file("bad", idx, sizeof idx);
    refused("image = bad", 5, "E0561");
    memset(idx + 4, 0xff, 12);
    bytes_file("bad", idx, sizeof idx);
    refused("image = bad", 5, "E0561");
    bytes_file("bad", "\0\0\x0d\x03", 4);
    refused("image = bad", 5, "E0562");
    driver_file("bad", "P5\n28 28\n255\nabc");
    refused("image = bad", 5, "cut off");
    driver_file("bad", "P5\n999999999 999999999\n255\nabc");
    refused("image = bad", 5, "E0563");
    driver_file("bad", "P5\n28 27\n255\nabc");
    refused("image = bad", 5, "E0563");
    driver_file("bad", "P5\n28 28\n65535\nabc");
    refused("image = bad", 5, "E0562");
    driver_file("bad", "P2\n28 28\n255\n1 2 300");
    refused("image = bad", 5, "sample 2");
    bytes_file("bad", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    refused("image = bad", 5, "E0561");
    bytes_file("bad", "\x1f\x8b\x08\0\0\0", 6);
    refused("image = bad", 5, "gzip");
    driver_file("bad", "GIF89a");
    refused("image = bad", 5, "E0562");
    driver_file("bad", "");
    refused("image = bad", 5, "E056");
    driver_file("bad", "[[1, 2], [3, 4]]");
    refused("pixels = bad", 5, "E0563");
    driver_file("bad", "{}");
    refused("pixels = bad", 5, "E0563");
    refused("image = none", 5, "none");
    refused("ids = 1 2", 5, "E0564");
    refused("text = a", 5, "E0564");
}

/* --- other shapes ----------------------------------------------------------------------------- */

static void check_shape(void)
{
    json_t *pixels = json_array();
    double  x[LABELS], y[LABELS];
    outcome a, b;

    for (size_t i = 0; i < 3 * 11 * 17; i++) json_array_append_new(pixels, json_real(sin((double)i)));
    json_dump_file(pixels, driver_path("pixels.json"), 0);
    json_decref(pixels);
    mkdir(driver_path("shape"), 0700);
    driver_file("shape/config.json",
                "{\"model_type\": \"vit\", \"hidden_size\": 24, \"num_hidden_layers\": 2, \"num_attention_heads\": 3, "
                "\"intermediate_size\": 40, \"hidden_act\": \"gelu\", \"image_size\": [11, 17], \"patch_size\": [3, 5], "
                "\"num_channels\": 3, \"qkv_bias\": false, \"num_labels\": 10, \"initializer_range\": 0.2}");
    a = RUN(true, "run", ini("shape", "pixels = pixels.json\n[weights]\nsource = synthetic:3"), "--set",
            "approximation.default=exact");
    b = RUN(true, "run", driver_path("run.ini"), "--set", "run.protocol=rep3");
    check(numbers(json_object_get(report_result(a.report, 0), "logits"), x, LABELS) == LABELS &&
              numbers(json_object_get(report_result(b.report, 0), "logits"), y, LABELS) == LABELS &&
              max_difference(x, y, LABELS) <= RING_BOUND && fabs(x[0]) > 0x1p-6,
          "another shape: exit %d, %d: %s %s", a.code, b.code, a.err, b.err);
    check(json_integer_value(json_object_get(report_result(a.report, 0), "sequence_length")) == 10 ||
              json_integer_value(json_object_get(a.report, "sequence_length")) == 10,
          "another shape: not 3 x 3 patches");
    outcome_free(&a);
    outcome_free(&b);
    unlink(driver_path("shape/config.json"));
    rmdir(driver_path("shape"));
}

static void check_fashion(void)
{
    const char *folder = getenv("PUMA_FASHION") != NULL ? getenv("PUMA_FASHION") : "/usr/share/datasets/fashion-mnist";
    char        path[600], text[2048];
    json_t     *golden, *cases, *c;
    size_t      i;

    snprintf(path, sizeof path, "%.500s/t10k-images-idx3-ubyte.gz", folder);
    if (access(path, R_OK) != 0) {
        printf("without dataset-fashion-mnist vit-fashion is left out\n");
        return;
    }
    snprintf(path, sizeof path, "%s/golden.json", directory("vit-fashion"));
    golden = json_load_file(path, 0, NULL);
    cases = json_object_get(golden, "cases");
    check(json_array_size(cases) > 0, "vit-fashion: no golden");
    snprintf(text, sizeof text,
             "image = %.500s/t10k-images-idx3-ubyte.gz\nlabels = %.500s/t10k-labels-idx1-ubyte.gz\nlimit = %zu", folder,
             folder, json_array_size(cases));
    for (int k = 0; k < 2; k++) {
        outcome o = run(ini(directory("vit-fashion"), text), k == 0 ? PLAIN : REP3);

        json_array_foreach(cases, i, c)
            compare(&o, i, json_object_get(c, "logits"), k == 0 ? FLOAT_BOUND : RING_BOUND, "vit-fashion");
        check(json_number_value(json_object_get(json_object_get(o.report, "fidelity"), "accuracy")) > 0.5,
              "vit-fashion: the labels are others");
        outcome_free(&o);
    }
    json_decref(golden);
}

int main(void)
{
    driver_start("test_vit");
    check_tiny(directory("vit-tiny"), "vit-tiny");
    check_old_names();
    check_files();
    check_bad();
    check_shape();
    check_fashion();
    return driver_end();
}
