/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_text.c - text to ids and back, by fixed small tokenizers of every kind: WordPiece, byte-level BPE
 * (GPT-2's and Qwen2's splits), SentencePiece BPE and Unigram, and tokenizer.json with each kind of step. */
#include "fuzz_tokens.h"

#define MODELS PUMA_SRCDIR "/tests/golden/models/"

static tokenizer *kinds[16];
static unsigned   count;

static void open_one(const char *directory)
{
    puma_error e = { 0 };

    if (token_open(&kinds[count], directory, &e) != PUMA_OK) {
        fprintf(stderr, "%s: %s\n", directory, e.text);
        exit(99);
    }
    count++;
}

/* An inline tokenizer.json. */
static void open_json(const char *json)
{
    const token_file file = { "tokenizer.json", json, strlen(json) };
    puma_error       e = { 0 };

    if (token_open_files(&kinds[count], &file, 1, &e) != PUMA_OK) {
        fprintf(stderr, "%s: %s\n", json, e.text);
        exit(99);
    }
    count++;
}

int LLVMFuzzerInitialize(int *arguments, char ***values)
{
    (void)arguments, (void)values;
    open_one(MODELS "bert-tiny");
    open_one(MODELS "gpt2-tiny");
    open_one(MODELS "qwen2-tiny");
    open_one(MODELS "roberta-tiny");
    open_one(MODELS "llama-tiny");
    open_one(MODELS "gemma-tiny");
    open_json("{\"version\":\"1.0\",\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0],["
              "\"\\u2581\",-1],[\"a\",-2],[\"b\",-2],"
              "[\"ab\",-1.5],[\"\\u2581a\",-1.2],[\"abc\",-3]]},\"pre_tokenizer\":{\"type\":\"Metaspace\","
              "\"replacement\":\"\\u2581\","
              "\"prepend_scheme\":\"always\",\"split\":true},\"decoder\":{\"type\":\"Metaspace\","
              "\"replacement\":\"\\u2581\","
              "\"prepend_scheme\":\"always\",\"split\":true}}");
    open_json(
        "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":3,\"content\":\"<x>\",\"single_word\":true,"
        "\"lstrip\":true,\"rstrip\":true,\"normalized\":true,"
        "\"special\":false}],\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"},{"
        "\"type\":\"Lowercase\"},"
        "{\"type\":\"StripAccents\"},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a+\"},\"content\":\"b\"}]"
        "},"
        "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\p{N}+|\\\\s+(?!\\\\S)|\\\\w\"},"
        "\"behavior\":\"Isolated\",\"invert\":false},\"model\":{\"type\":\"BPE\",\"unk_token\":\"u\","
        "\"vocab\":{\"u\":0,\"b\":1,"
        "\"bb\":2},\"merges\":[\"b b\"]}}");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed        f = { data, data + size };
    const tokenizer *t = kinds[fuzz_below(&f, count)];
    unsigned         options = fuzz_byte(&f);
    size_t           length, pair_length;
    const char      *text = fuzz_part(&f, &length), *pair = NULL;
    token_piece      pieces[3];
    token_list       list = { 0 };
    puma_error       e = { 0 };
    bool             with_pair = fuzz_left(&f) > 0;

    if (with_pair) pair = (const char *)f.at;
    pair_length = with_pair ? fuzz_left(&f) : 0; /* NULs are text too */
    if (text == NULL) text = "";
    fuzz_check_text(t, text, length, pair, pair_length, options);
    pieces[0] = (token_piece){ .text = "<|im_start|>[SEP]", .size = 17, .own = true };
    pieces[1] = (token_piece){ .text = text, .size = length };
    pieces[2] = (token_piece){
        .text = pair == NULL ? "" : pair, .size = pair_length, .own = options & 0x40, .silent = options & 0x20
    };
    fuzz_check_error(token_encode_pieces(t, pieces, 3, options & 2, &list, &e), &e);
    for (size_t i = 0; i < list.count; i++) FUZZ_CHECK(list.ids[i] < token_vocabulary(t));
    token_list_free(&list);
    return 0;
}
