/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_gguf.c - a GGUF file: its tensors, what its metadata say in place of config.json, and its tokenizer.
 */
#include "fuzz_tokens.h"
#include "fuzz_weights.h"

#include "weights/gguf.h"

static void check_metadata(const gguf *g)
{
    puma_error e = { 0 };
    json_t    *config = NULL;

    fuzz_check_error(gguf_config(g, &config, &e), &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (config != NULL));
    json_decref(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    puma_error e = { 0 }, e_weights = { 0 };
    data_file  f;
    gguf      *g = NULL;
    weights   *w = NULL;

    FUZZ_CHECK(file_memory(&f, "model.gguf", data, size, &e) == PUMA_OK);
    fuzz_check_error(gguf_read(&g, &f, &e), &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (g != NULL));
    file_close(&f);
    fuzz_check_error(weights_parse(&w, "model.gguf", data, size, &e_weights), &e_weights);
    if (w != NULL) {
        FUZZ_CHECK(g != NULL);
        fuzz_check_weights(w);
        weights_close(w);
    }
    if (g != NULL) {
        check_metadata(g);
        fuzz_try_files(&(token_file){ "model.gguf", (const char *)data, size }, 1);
    }
    gguf_close(g);
    return 0;
}
