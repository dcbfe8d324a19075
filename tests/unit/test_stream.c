/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_stream.c - text comes out as soon as, and only when, its characters are whole. */
#include "run/stream.h"
#include "../support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static puma_error e;

/* Ids of the tokenizer below. */
enum { EOS, HELLO, WORLD, E2, A2_82, F0, BYTE_9F, BYTE_98, BYTE_80, TOKENS, PADDING };

static tokenizer *make(void)
{
    tokenizer *t;

    e = (puma_error){ 0 };
    /* Byte-level letters: bytes 0xa1 to 0xff but 0xad stand for themselves as Latin-1 letters, 0x80 for
     * U+0122, 0x82 for U+0124, 0x98 for U+013A, 0x9f for U+0141, the blank for U+0120. */
    put_text(
        "tokenizer.json",
        "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"id\":0,"
        "\"content\":\"<eos>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
        "\"normalized\":false,\"special\":true}],\"normalizer\":null,\"pre_tokenizer\":{\"type\":"
        "\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true},"
        "\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,"
        "\"trim_offsets\":true,\"use_regex\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,"
        "\"unk_token\":null,\"continuing_subword_prefix\":\"\",\"end_of_word_suffix\":\"\","
        "\"fuse_unk\":false,\"byte_fallback\":false,\"vocab\":{\"<eos>\":0,\"Hello\":1,\"\\u0120world\":2,"
        "\"\\u00e2\":3,\"\\u0124\\u00ac\":4,\"\\u00f0\":5,\"\\u0141\":6,\"\\u013a\":7,\"\\u0122\":8},"
        "\"merges\":[]}}");
    if (token_open(&t, scratch, &e) != PUMA_OK) fail_msg("%s", e.text);
    return t;
}

static void adds(stream *s, uint32_t id, const char *expected)
{
    const char *piece;
    size_t      size;

    if (stream_add(s, id, &piece, &size, &e) != PUMA_OK) fail_msg("%s", e.text);
    if (size != strlen(expected) || memcmp(piece, expected, size) != 0)
        fail_msg("token %u gives '%.*s', expected '%s'", id, (int)size, piece, expected);
}

static void ends(stream *s, const char *expected)
{
    const char *piece;
    size_t      size;

    if (stream_end(s, &piece, &size, &e) != PUMA_OK) fail_msg("%s", e.text);
    if (size != strlen(expected) || memcmp(piece, expected, size) != 0)
        fail_msg("the end gives '%.*s', expected '%s'", (int)size, piece, expected);
}

static void is_all(const stream *s, const char *expected)
{
    size_t      size;
    const char *text = stream_text(s, &size);

    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void whole_characters_come_at_once(void **state)
{
    tokenizer *t = make();
    stream     s;

    (void)state;
    stream_open(&s, t, NULL, 0);
    ends(&s, "");
    adds(&s, HELLO, "Hello");
    adds(&s, WORLD, " world");
    ends(&s, "");
    is_all(&s, "Hello world");
    stream_close(&s);
    token_close(t);
}

static void a_split_character_waits_for_its_end(void **state)
{
    tokenizer *t = make();
    stream     s;

    (void)state;
    stream_open(&s, t, NULL, 0);
    adds(&s, E2, "");
    adds(&s, A2_82, "\xe2\x82\xac");
    adds(&s, F0, "");
    adds(&s, BYTE_9F, "");
    adds(&s, BYTE_98, "");
    adds(&s, BYTE_80, "\xf0\x9f\x98\x80");
    ends(&s, "");
    stream_close(&s);
    token_close(t);
}

static void a_broken_character_shows_once_it_cannot_be_mended(void **state)
{
    tokenizer *t = make();
    stream     s;

    (void)state;
    stream_open(&s, t, NULL, 0);
    adds(&s, E2, "");
    adds(&s, HELLO, "\xef\xbf\xbdHello");
    adds(&s, F0, "");
    ends(&s, "\xef\xbf\xbd");
    is_all(&s, "\xef\xbf\xbdHello\xef\xbf\xbd");
    stream_close(&s);
    token_close(t);
}

static void text_ends_where_the_sequence_does(void **state)
{
    const uint32_t eos[] = { 99, EOS };
    tokenizer     *t = make();
    stream         s;

    (void)state;
    stream_open(&s, t, eos, 2);
    adds(&s, HELLO, "Hello");
    adds(&s, E2, "");
    adds(&s, EOS, "");
    adds(&s, WORLD, "");
    ends(&s, "\xef\xbf\xbd");
    stream_close(&s);
    /* A special token that is no end has no text, and neither has a row of padding of the embedding. */
    stream_open(&s, t, eos, 1);
    adds(&s, EOS, "");
    adds(&s, PADDING, "");
    adds(&s, UINT32_MAX, "");
    adds(&s, HELLO, "Hello");
    stream_close(&s);
    token_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_characters_come_at_once),
        cmocka_unit_test(a_split_character_waits_for_its_end),
        cmocka_unit_test(a_broken_character_shows_once_it_cannot_be_mended),
        cmocka_unit_test(text_ends_where_the_sequence_does),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
