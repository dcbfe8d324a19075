/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_safetensors.c - one file of safetensors, its header and all of its tensors. */
#include "fuzz_weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    puma_error e = { 0 };
    weights   *w = NULL;

    fuzz_check_error(weights_parse(&w, "model.safetensors", data, size, &e), &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (w != NULL));
    if (w == NULL) return 0;
    fuzz_check_weights(w);
    weights_close(w);
    return 0;
}
