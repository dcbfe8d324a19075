/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tokens.h - what must hold of every tokenizer that has been opened and of every text that it takes: ids
 * are of its vocabulary, cutting bounds them, and a stream gives the text that decoding the whole gives. */
#ifndef FUZZ_TOKENS_H
#define FUZZ_TOKENS_H

#include "fuzz.h"

#include "token/token.h"

/* Decoding a whole list and one id after the other comes to the same. */
static inline void fuzz_check_decoding(const tokenizer *t, const uint32_t *ids, size_t count, bool skip)
{
    puma_error    e = { 0 }, e_stream = { 0 };
    char         *text = NULL;
    const char   *part;
    size_t        size = 0, part_size, length = 0;
    token_stream *s = NULL;

    fuzz_check_error(token_decode(t, ids, count, skip, &text, &size, &e), &e);
    if (token_stream_open(&s, t, skip, &e_stream) == PUMA_OK) {
        for (size_t i = 0; i < count && e_stream.status == PUMA_OK; i++)
            token_stream_push(s, ids[i], &part, &part_size, &e_stream);
        token_stream_finish(s, &part, &part_size, &e_stream);
        if (e.status == PUMA_OK && e_stream.status == PUMA_OK) {
            part = token_stream_text(s, &length);
            FUZZ_CHECK(length == size && memcmp(part, text, size) == 0);
        }
    }
    FUZZ_CHECK(e.status == e_stream.status);
    token_stream_close(s);
    free(text);
}

static inline void fuzz_check_text(const tokenizer *t, const char *text, size_t size, const char *pair,
                                   size_t pair_size, unsigned options)
{
    const token_source from = { .text = text,
                                .size = size,
                                .pair = pair,
                                .pair_size = pair_size,
                                .special = options & 1,
                                .parse_special = options & 2 };
    token_cut          cut = { .most = 3 + options / 16, .keep_end = options & 4 };
    token_list         list = { 0 }, less = { 0 };
    puma_error         e = { 0 }, e_cut = { 0 };

    fuzz_check_error(token_encode(t, &from, &list, &e), &e);
    if (e.status == PUMA_OK) {
        for (size_t i = 0; i < list.count; i++)
            FUZZ_CHECK(list.ids[i] < token_vocabulary(t) && list.types[i] < 256);
        fuzz_check_decoding(t, list.ids, list.count, options & 8);
        fuzz_check_error(token_encode_cut(t, &from, &cut, &less, &e_cut), &e_cut);
        if (e_cut.status == PUMA_OK) {
            FUZZ_CHECK(cut.whole == list.count && less.count <= list.count);
            if (list.count > cut.most) FUZZ_CHECK(less.count <= cut.most);
        }
    }
    token_list_free(&list);
    token_list_free(&less);
}

/* Texts that reach most steps. */
static inline void fuzz_check_tokenizer(const tokenizer *t)
{
    static const char text[] = " Hello,\tW\xc3\xb6rld!\xe4\xb8\xad\xe6\x96\x87 don't 1234 <s>x</s>[MASK]  "
                               "\xf0\x9f\x98\x80 e\xcc\x81\n";
    static const char pair[] = "and a pair";

    fuzz_check_text(t, text, sizeof text - 1, NULL, 0, 3);
    fuzz_check_text(t, pair, sizeof pair - 1, text, sizeof text - 1, 0x81);
    for (uint32_t id = 0; id < token_vocabulary(t) && id < 40; id++) fuzz_check_decoding(t, &id, 1, false);
}

/* Opens what the files make, and looks at it. */
static inline void fuzz_try_files(const token_file *files, size_t count)
{
    puma_error e = { 0 };
    tokenizer *t = NULL;

    fuzz_check_error(token_open_files(&t, files, count, &e), &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (t != NULL));
    if (t != NULL) fuzz_check_tokenizer(t);
    token_close(t);
}

/* The same of two files, the first closed by a NUL if there is a second. */
static inline void fuzz_try_two_files(const uint8_t *data, size_t size, const char *first, const char *second)
{
    fuzz_feed  f = { data, data + size };
    token_file files[2] = { { .name = first }, { .name = second } };
    bool       both;

    files[0].bytes = fuzz_part(&f, &files[0].size);
    both = fuzz_left(&f) > 0;
    files[1].bytes = fuzz_part(&f, &files[1].size);
    fuzz_try_files(files, both ? 2 : 1);
}

#endif
