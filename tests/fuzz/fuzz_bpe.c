/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_bpe.c - vocab.json and merges.txt, or encoder.json and vocab.bpe, each closed by a NUL; behind them
 * tokenizer_config.json, special_tokens_map.json and added_tokens.json, as far as there are any. */
#include "fuzz_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[2][5] = {
        { "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
          "added_tokens.json" },
        { "encoder.json", "vocab.bpe", "tokenizer_config.json", "special_tokens_map.json",
          "added_tokens.json" },
    };
    fuzz_feed  f = { data, data + size };
    unsigned   kind = fuzz_byte(&f) & 1;
    token_file files[5];
    size_t     count = 0;

    do {
        files[count].name = names[kind][count];
        files[count].bytes = fuzz_part(&f, &files[count].size);
        count++;
    } while (count < 5 && fuzz_left(&f) > 0);
    fuzz_try_files(files, count);
    return 0;
}
