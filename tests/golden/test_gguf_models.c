/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_gguf_models.c - GGUF files with tensors of many types, the metadata of converted files, tied and
 * untied heads, and LLaMA 3's rope_freqs.weight: logits are the reference's on the dequantised weights
 * (gguf/gguf_models.py). */
#include "../e2e/driver.h"

#include <stdio.h>
#include <stdlib.h>

#define VOCABULARY 64
#define BOUND 1e-5 /* the reference's angles are float32 */

static void check_case(const json_t *c)
{
    const char *name = json_string_value(json_object_get(c, "name"));
    char        text[1600], ids[400];
    size_t      used = 0, i;
    json_t     *id;
    outcome     o;

    json_array_foreach(json_object_get(c, "ids"), i, id) used +=
        (size_t)snprintf(ids + used, sizeof ids - used, "%s%d", i ? " " : "", (int)json_integer_value(id));
    snprintf(text, sizeof text,
             "[run]\nmodel = %.500s/tests/golden/gguf/%s.gguf\ntask = logits\nprotocol = plain\n[input]\nids "
             "= %s\n"
             "[approximation]\ndefault = exact\n[network]\ntransport = memory\n",
             driver_source(), name, ids);
    o = RUN(true, "run", driver_file("run.ini", text));
    logits_are(&o, name, json_object_get(c, "logits"), VOCABULARY, BOUND);
    outcome_free(&o);
}

int main(void)
{
    char        path[600];
    json_t     *file, *c;
    size_t      i;

    driver_start("gguf");
    snprintf(path, sizeof path, "%.500s/tests/golden/gguf/cases.json", driver_source());
    file = json_load_file(path, 0, NULL);
    json_array_foreach(file, i, c) check_case(c);
    check(i == 4, "cases.json has %zu cases", i);
    json_decref(file);
    return driver_end();
}
