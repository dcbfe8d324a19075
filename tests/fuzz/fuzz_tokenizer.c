/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tokenizer.c - tokenizer.json, and behind a NUL the tokenizer_config.json beside it. */
#include "fuzz_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_try_two_files(data, size, "tokenizer.json", "tokenizer_config.json");
    return 0;
}
