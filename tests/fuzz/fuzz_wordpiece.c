/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wordpiece.c - vocab.txt, and behind a NUL tokenizer_config.json. */
#include "fuzz_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_try_two_files(data, size, "vocab.txt", "tokenizer_config.json");
    return 0;
}
