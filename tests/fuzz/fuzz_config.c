/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_config.c - a config.json read through each architecture of models/, for each task. */
#include "fuzz.h"

#include "model/architecture.h"

static const char *const names[] = { "albert", "bert",    "distilbert", "electra", "gemma",   "gpt2",
                                     "llama",  "mistral", "mpnet",      "qwen2",   "roberta", "vit" };
#define COUNT (sizeof names / sizeof *names)

static architecture *open[COUNT];

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    puma_error e = { 0 };

    (void)count, (void)arguments;
    for (size_t i = 0; i < COUNT; i++)
        FUZZ_CHECK(architecture_open(&open[i], PUMA_SRCDIR "/models", names[i], "", &e) == PUMA_OK);
    return 0;
}

static void check(const model *m)
{
    size_t numbers = 0, index;

    FUZZ_CHECK(m->layers > 0 && m->heads > 0 && m->hidden > 0);
    for (size_t i = 0; i < m->tensor_count; i++) {
        const model_tensor *t = &m->tensors[i];

        numbers += t->dim[0];
        FUZZ_CHECK(model_find(m, t->role, t->layer, &index) == t && index == i);
    }
    FUZZ_CHECK(model_find(m, "none", 0, &index) == NULL);
    FUZZ_CHECK(numbers > 0 && model_parameters(m) > 0);
    model_note(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed  f = { data, data + size };
    size_t     i = fuzz_below(&f, COUNT);
    model_task task = (model_task)fuzz_below(&f, MODEL_MASK + 1);
    puma_error e = { 0 };
    model     *m = NULL;

    fuzz_check_error(model_parse(&m, "config.json", (const char *)f.at, fuzz_left(&f), open[i], task, &e),
                     &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (m != NULL));
    if (m != NULL) check(m);
    model_close(m);
    return 0;
}
