/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_rope.c - logits of a tiny LLaMA under every change of rotary positions that config.json can ask for
 * are those of the reference (rope/rope.py); what lies beyond them is refused by name. */
#include "../e2e/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VOCABULARY 32
#define BOUND 1e-5 /* the reference's angles are float32; two of its cases differ by 1e-2 and more */

static const char *source(const char *name)
{
    static char path[600];

    snprintf(path, sizeof path, "%.500s/tests/golden/rope/%.60s", driver_source(), name);
    return path;
}

/* Runs `task` on a folder with this config.json and the weights. */
static outcome run_with(const json_t *config, const char *ids, const char *task)
{
    char text[1200];

    if (symlink(source("model.safetensors"), driver_path("model.safetensors")) != 0 &&
        access(driver_path("model.safetensors"), R_OK) != 0)
        perror("model.safetensors");
    json_dump_file(config, driver_path("config.json"), 0);
    snprintf(text, sizeof text,
             "[run]\nmodel = %s\ntask = %s\nprotocol = plain\n[input]\nids = %s\n[approximation]\ndefault = "
             "exact\n"
             "[network]\ntransport = memory\n",
             driver_work, task, ids);
    return RUN(true, "run", driver_file("run.ini", text));
}

static void check_case(const json_t *c, const char *ids)
{
    const char *name = json_string_value(json_object_get(c, "name"));
    outcome     o = run_with(json_object_get(c, "config"), ids, "logits");

    logits_are(&o, name, json_object_get(c, "logits"), VOCABULARY, BOUND);
    outcome_free(&o);
}

/* `change` is put over the first case's config.json. */
static void check_refusal(const json_t *first, const char *ids, const char *change, int code,
                          const char *part)
{
    json_t *config = json_deep_copy(json_object_get(first, "config")), *more = json_loads(change, 0, NULL);
    outcome o;

    json_object_update(config, more);
    o = run_with(config, ids, "logits");
    check(o.code == code && strstr(o.err, part) != NULL, "%s: exit %d, not %d with \"%s\": %s", change,
          o.code, code, part, o.err);
    outcome_free(&o);
    json_decref(config);
    json_decref(more);
}

#define SCALING(members) "{\"rope_scaling\": {" members "}}"
#define LONG "\"type\": \"longrope\", \"short_factor\": [1,1,1,1,1,1,1,1], \"long_factor\": [2,2,2,2,2,2,2,2]"

static void check_refusals(const json_t *first, const char *ids)
{
    static const struct {
        const char *change;
        int         code;
        const char *part;
    } bad[] = {
        { SCALING("\"type\": \"mrope\""), 4,
          "config.json: rope_scaling.rope_type: \"mrope\" is not supported" },
        { SCALING("\"type\": 3"), 4, "rope_scaling.rope_type: 3 is not supported" },
        { SCALING("\"type\": \"dynamic\""), 4, "config.json: rope_scaling.factor: missing" },
        { SCALING("\"type\": \"dynamic\", \"factor\": 2, \"alpha\": 1000"), 4,
          "config.json: rope_scaling.alpha" },
        { SCALING("\"type\": \"dynamic\", \"factor\": 2, \"original_max_position_embeddings\": 32"), 4,
          "rope_scaling.original_max_position_embeddings: 32, below" },
        { SCALING("\"type\": \"yarn\""), 4, "rope_scaling.factor: missing" },
        { SCALING("\"type\": \"yarn\", \"factor\": 0.5"), 4,
          "rope_scaling.factor: not a number in its range" },
        { SCALING("\"type\": \"yarn\", \"factor\": 2, \"attention_factor\": \"1\""), 4,
          "rope_scaling.attention_factor" },
        { SCALING("\"type\": \"yarn\", \"factor\": 2, \"beta\": 1"), 4,
          "rope_scaling.beta: 1 is not supported" },
        { SCALING("\"type\": \"yarn\", \"factor\": 2, \"partial_rotary_factor\": 0.5"), 4,
          "partial_rotary_factor: 0.5" },
        { "{\"rope_theta\": 1, \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2}}", 4,
          "rope_theta: not above 1" },
        { "{\"original_max_position_embeddings\": \"x\", \"rope_scaling\": {\"type\": \"yarn\", \"factor\": "
          "2}}",
          4, "original_max_position_embeddings: not a number" },
        { SCALING("\"type\": \"longrope\", \"short_factor\": [1, 2], \"long_factor\": [1, 2]"), 4,
          "short_factor: not a list of 8 numbers" },
        { SCALING("\"type\": \"longrope\", \"short_factor\": [1,1,1,0,1,1,1,1]"), 4,
          "short_factor: entry 3" },
        { SCALING(LONG ", \"original_max_position_embeddings\": 8"), 5, "E0552" }, /* 24 tokens */
        { SCALING(LONG ", \"short_mscale\": 1.2"), 4, "rope_scaling.short_mscale" },
        { "{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}, \"rope_parameters\": {\"rope_type\": "
          "\"default\"}}",
          4, "config.json: rope_scaling: stands beside rope_parameters" },
        { SCALING("\"rope_type\": \"linear\", \"factor\": 2, \"rope_theta\": 0.5"), 4,
          "rope_theta: out of range (got 0.5" },
        { "{\"rope_scaling\": \"linear\"}", 4, "rope_scaling: not an object (got \"linear\")" },
        { "{\"partial_rotary_factor\": 0.5}", 4, "partial_rotary_factor: 0.5 is not supported" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refusal(first, ids, bad[i].change, bad[i].code, bad[i].part);
}

int main(void)
{
    char    ids[400];
    size_t  used = 0, i;
    json_t *file, *value;

    driver_start("rope");
    file = json_load_file(source("cases.json"), 0, NULL);
    json_array_foreach(json_object_get(file, "ids"), i, value) used +=
        (size_t)snprintf(ids + used, sizeof ids - used, "%s%d", i ? " " : "", (int)json_integer_value(value));
    json_array_foreach(json_object_get(file, "cases"), i, value) check_case(value, ids);
    check(i >= 20, "cases.json has %zu cases", i);
    check_refusals(json_array_get(json_object_get(file, "cases"), 0), ids);
    json_decref(file);
    return driver_end();
}
