/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_wordpiece.c - vocab.txt, and behind a NUL tokenizer_config.json. */
#include "fuzz_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed  f = { data, data + size };
    token_file files[2] = { { .name = "vocab.txt" }, { .name = "tokenizer_config.json" } };
    bool       config;

    files[0].bytes = fuzz_part(&f, &files[0].size);
    config = fuzz_left(&f) > 0;
    files[1].bytes = fuzz_part(&f, &files[1].size);
    fuzz_try_files(files, config ? 2 : 1);
    return 0;
}
