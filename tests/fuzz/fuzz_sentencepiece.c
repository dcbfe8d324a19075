/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sentencepiece.c - a SentencePiece model as each class takes it; the first byte chooses the class. */
#include "fuzz_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *file, *config;
    } kinds[] = {
        { "tokenizer.model", "{}" },
        { "tokenizer.model",
          "{\"tokenizer_class\":\"LlamaTokenizer\",\"legacy\":false,\"add_eos_token\":true}" },
        { "tokenizer.model", "{\"tokenizer_class\":\"GemmaTokenizer\"}" },
        { "tokenizer.model", "{\"add_prefix_space\":false,\"legacy\":true,\"unk_token\":\"<unk>\"}" },
        { "sentencepiece.bpe.model", "{\"tokenizer_class\":\"XLMRobertaTokenizer\"}" },
        { "sentencepiece.bpe.model", "{\"tokenizer_class\":\"CamembertTokenizer\"}" },
        { "spiece.model", "{\"tokenizer_class\":\"T5Tokenizer\",\"extra_ids\":3}" },
        { "spiece.model", "{\"tokenizer_class\":\"AlbertTokenizer\"}" },
    };
    fuzz_feed  f = { data, data + size };
    unsigned   kind = fuzz_below(&f, sizeof kinds / sizeof *kinds);
    token_file files[2] = { { kinds[kind].file, (const char *)f.at, fuzz_left(&f) },
                            { "tokenizer_config.json", kinds[kind].config, strlen(kinds[kind].config) } };

    fuzz_try_files(files, 2);
    return 0;
}
