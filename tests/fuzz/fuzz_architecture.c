/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_architecture.c - a file of models/, and the model that it makes of a config.json of its kind. */
#include "fuzz.h"

#include "model/architecture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char config[] =
        "{\"model_type\":\"x\",\"num_hidden_layers\":2,\"n_layer\":2,\"hidden_size\":16,\"n_embd\":16,"
        "\"num_attention_heads\":2,\"n_head\":2,\"intermediate_size\":32,\"vocab_size\":64,"
        "\"max_position_embeddings\":32,\"n_positions\":32,\"hidden_act\":\"gelu\",\"rms_norm_eps\":1e-6,"
        "\"rope_theta\":10000.0,\"id2label\":{\"0\":\"a\",\"1\":\"b\"}}";
    fuzz_feed     f = { data, data + size };
    model_task    task = (model_task)fuzz_below(&f, MODEL_MASK + 1);
    puma_error    e = { 0 }, e_model = { 0 };
    architecture *a = NULL;
    model        *m = NULL;

    fuzz_check_error(architecture_parse(&a, "x", "models/x.ini", (const char *)f.at, fuzz_left(&f), &e), &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (a != NULL));
    if (a == NULL) return 0;
    fuzz_check_error(model_parse(&m, "config.json", config, sizeof config - 1, a, task, &e_model), &e_model);
    FUZZ_CHECK((e_model.status == PUMA_OK) == (m != NULL));
    model_close(m);
    architecture_close(a);
    return 0;
}
