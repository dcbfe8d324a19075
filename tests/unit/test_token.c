/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_token.c - the tokenizers: ids of the tiny models' goldens, every way of giving the files, and what is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "token/charsmap.h"
#include "token/token.h"
#include "../support/scratch.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODELS PUMA_SRCDIR "/tests/golden/models/"

static tokenizer *open_or_fail(const char *directory)
{
    puma_error e = { 0 };
    tokenizer *t;

    if (token_open(&t, directory, &e) != PUMA_OK) fail_msg("%s", e.text);
    return t;
}

/* A text alone. */
static puma_status encode_one(const tokenizer *t, const char *text, size_t size, bool special, bool parse_special,
                              token_list *list, puma_error *e)
{
    return token_encode(t, &(token_source){ text, size, NULL, 0, special, parse_special }, list, e);
}

/* The shortest use: open, encode, decode. */
static void token_encodes_and_decodes(void **state)
{
    static const uint32_t ids[] = { 2, 85, 68, 550, 75, 47, 87, 153, 68, 345, 3 };
    tokenizer            *t = open_or_fail(MODELS "bert-tiny");
    const char           *text = "In the beginning was the word";
    token_list            list;
    puma_error            e = { 0 };
    char                 *back;
    size_t                size;

    (void)state;
    assert_int_equal(encode_one(t, text, strlen(text), true, false, &list, &e), PUMA_OK);
    assert_int_equal(list.count, sizeof ids / sizeof *ids);
    assert_memory_equal(list.ids, ids, sizeof ids);
    assert_int_equal(token_decode(t, list.ids, list.count, true, &back, &size, &e), PUMA_OK);
    assert_string_equal(back, "in the beginning was the word");
    free(back);
    token_list_free(&list);
    assert_string_equal(token_text(t, 2), "[CLS]");
    assert_null(token_text(t, 1000));
    assert_int_equal(token_vocabulary(t), 1000);
    token_close(t);
}

/* As truncation=True of transformers: of two texts the longer one first, the special tokens stay. */
static void token_cuts_the_longer_text_first(void **state)
{
    static const struct {
        const char *a, *b;
        size_t      most, keep_a, keep_b;
    } cases[] = {
        /* 7 and 3 letters: a token each */
        { "a b c d e f g", "h i j", 12, 6, 3 }, { "a b c d e f g", "h i j", 9, 3, 3 },
        { "a b c d e f g", "h i j", 8, 3, 2 },  { "h i j", "a b c d e f g", 8, 2, 3 },
        { "h i j", "a b c d e f g", 12, 3, 6 }, { "h i j", "h i j", 8, 2, 3 },
        { "h i j", "h i j", 9, 3, 3 },          { "a b c d e f g", "", 6, 3, 0 },
    };
    tokenizer *t = open_or_fail(MODELS "bert-tiny");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int end = 0; end < 2; end++) {
            const char *a = cases[i].a, *b = cases[i].b;
            const token_source from = { a, strlen(a), b, strlen(b), .special = true };
            token_cut   cut = { .most = cases[i].most, .keep_end = end };
            size_t      keep_a = cases[i].keep_a, keep_b = cases[i].keep_b;
            token_list  whole, list;
            puma_error  e = { 0 };

            token_encode(t, &from, &whole, &e);
            token_encode_cut(t, &from, &cut, &list, &e);
            assert_int_equal(e.status, PUMA_OK);
            assert_int_equal(cut.whole, whole.count);
            assert_int_equal(list.count, 3 + keep_a + keep_b);
            assert_int_equal(list.ids[0], 2);
            assert_int_equal(list.ids[1 + keep_a], 3);
            assert_int_equal(list.ids[2 + keep_a + keep_b], 3);
            assert_int_equal(list.types[1 + keep_a], 0);
            assert_int_equal(list.types[2 + keep_a], 1);
            assert_memory_equal(list.ids + 1, whole.ids + 1 + (end ? (strlen(a) + 1) / 2 - keep_a : 0),
                                keep_a * sizeof *list.ids);
            assert_memory_equal(list.ids + 2 + keep_a,
                                whole.ids + 2 + (strlen(a) + 1) / 2 +
                                    (end ? (strlen(b) + 1) / 2 - keep_b : 0),
                                keep_b * sizeof *list.ids);
            token_list_free(&whole);
            token_list_free(&list);
        }
    for (size_t most = 0; most < 3; most++) {
        const token_source from = { .text = "a b", .size = 3, .special = true };
        token_cut          cut = { .most = most };
        token_list         list;
        puma_error         e = { 0 };

        assert_int_equal(token_encode_cut(t, &from, &cut, &list, &e), PUMA_EINPUT);
    }
    token_close(t);
}

/* --- directories made for one test ------------------------------------------------------------ */

static void copy(const char *model, const char *name)
{
    static char buffer[1 << 16];
    char        path[512];
    size_t      size;
    FILE       *f;

    snprintf(path, sizeof path, MODELS "%s/%s", model, name);
    f = fopen(path, "rb");
    assert_non_null(f);
    size = fread(buffer, 1, sizeof buffer, f);
    assert_true(size < sizeof buffer);
    fclose(f);
    put_bytes(name, buffer, size);
}

/* Opening the scratch directory fails with `code`, and the message holds `what`. */
static void refused_as(puma_status wanted, unsigned code, const char *what)
{
    puma_error  e = { 0 };
    tokenizer  *t;
    puma_status status = token_open(&t, scratch, &e);

    if (status == PUMA_OK) {
        token_close(t);
        fail_msg("not refused: %s", what);
    }
    assert_int_equal(status, wanted);
    if (e.code != code || !strstr(e.text, what))
        fail_msg("E%u %s (wanted E%u … %s)", e.code, e.text, code, what);
    assert_null(t);
}

static void refused(unsigned code, const char *what) { refused_as(PUMA_EINPUT, code, what); }

/* --- goldens ---------------------------------------------------------------------------------- */

/* The text of ids given one by one is that of all at once, and no character comes in parts. */
static void stream_gives(const tokenizer *t, const uint32_t *ids, size_t count, bool skip_special,
                         const char *wanted)
{
    puma_error    e = { 0 };
    token_stream *stream;
    char          got[4096] = "";
    const char   *part;
    size_t        used = 0, size;

    assert_int_equal(token_stream_open(&stream, t, skip_special, &e), PUMA_OK);
    for (size_t i = 0; i <= count; i++) {
        if (i < count)
            assert_int_equal(token_stream_push(stream, ids[i], &part, &size, &e), PUMA_OK);
        else
            assert_int_equal(token_stream_finish(stream, &part, &size, &e), PUMA_OK);
        assert_true(used + size < sizeof got);
        assert_true(size == 0 || ((unsigned char)*part & 0xc0) != 0x80);
        memcpy(got + used, part, size);
        used += size;
    }
    got[used] = '\0';
    assert_string_equal(got, wanted);
    token_stream_close(stream);
}

/* The text of a golden's continuation, of models that have one. */
static void check_greedy(const tokenizer *t, const json_t *c)
{
    const json_t *wanted = json_object_get(c, "greedy16_text"), *ids = json_object_get(c, "greedy16");
    uint32_t      list[16];
    puma_error    e = { 0 };
    char         *text;
    size_t        size;

    if (!wanted) return;
    assert_int_equal(json_array_size(ids), 16);
    for (size_t i = 0; i < 16; i++) list[i] = (uint32_t)json_integer_value(json_array_get(ids, i));
    assert_int_equal(token_decode(t, list, 16, true, &text, &size, &e), PUMA_OK);
    assert_string_equal(text, json_string_value(wanted));
    stream_gives(t, list, 16, true, json_string_value(wanted));
    free(text);
}

static void check_goldens(const char *model, const char *directory)
{
    tokenizer   *t = open_or_fail(directory);
    char         path[512];
    json_error_t error;
    json_t      *root, *cases, *c;
    size_t       i;

    snprintf(path, sizeof path, MODELS "%s/golden.json", model);
    root = json_load_file(path, 0, &error);
    cases = json_object_get(root, "cases");
    assert_true(json_array_size(cases) >= 2);
    json_array_foreach(cases, i, c)
    {
        const json_t *text = json_object_get(c, "text"), *pair = json_object_get(c, "text_pair");
        const json_t *ids = json_object_get(c, "input_ids"), *types = json_object_get(c, "token_type_ids");
        token_source  from = { json_string_value(text), json_string_length(text), json_string_value(pair),
                               json_string_length(pair), .special = true };
        token_list    list;
        puma_error    e = { 0 };

        assert_int_equal(token_encode(t, &from, &list, &e), PUMA_OK);
        check_greedy(t, c);
        assert_int_equal(list.count, json_array_size(ids));
        for (size_t k = 0; k < list.count; k++) {
            assert_int_equal(list.ids[k], json_integer_value(json_array_get(ids, k)));
            if (types) assert_int_equal(list.types[k], json_integer_value(json_array_get(types, k)));
        }
        token_list_free(&list);
    }
    json_decref(root);
    token_close(t);
}

static void tiny_models_give_golden_ids(void **state)
{
    (void)state;
    check_goldens("bert-tiny", MODELS "bert-tiny");
    check_goldens("distilbert-tiny", MODELS "distilbert-tiny");
    check_goldens("roberta-tiny", MODELS "roberta-tiny");
    check_goldens("gpt2-tiny", MODELS "gpt2-tiny");
    check_goldens("qwen2-tiny", MODELS "qwen2-tiny");
    check_goldens("llama-tiny", MODELS "llama-tiny");
    check_goldens("mistral-tiny", MODELS "mistral-tiny");
    check_goldens("gemma-tiny", MODELS "gemma-tiny");
}

static void vocab_txt_gives_the_same_ids(void **state)
{
    (void)state;
    copy("bert-tiny", "vocab.txt");
    check_goldens("bert-tiny", scratch); /* BERT's own settings where nothing is said */
    copy("bert-tiny", "tokenizer_config.json");
    check_goldens("bert-tiny", scratch);
}

static void vocab_json_gives_the_same_ids(void **state)
{
    (void)state;
    copy("roberta-tiny", "vocab.json");
    copy("roberta-tiny", "merges.txt");
    copy("roberta-tiny", "config.json"); /* the class is then taken from model_type */
    check_goldens("roberta-tiny", scratch);
    copy("roberta-tiny", "tokenizer_config.json");
    check_goldens("roberta-tiny", scratch);
}

/* --- WordPiece -------------------------------------------------------------------------------- */

static void encodes_to(const tokenizer *t, const char *text, size_t size, bool parse_special,
                       const char *wanted)
{
    token_list list;
    puma_error e = { 0 };
    char       got[4096] = "";

    assert_int_equal(encode_one(t, text, size, false, parse_special, &list, &e), PUMA_OK);
    for (size_t i = 0; i < list.count; i++) {
        assert_true(strlen(got) + strlen(token_text(t, list.ids[i])) + 2 < sizeof got);
        if (i) strcat(got, " ");
        strcat(got, token_text(t, list.ids[i]));
    }
    assert_string_equal(got, wanted);
    token_list_free(&list);
}
#define ENCODES_TO(t, text, wanted) encodes_to(t, text, sizeof text - 1, false, wanted)

static const char small_vocab[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\nab\n##bc\n,\ne\n\xe4\xb8\xad\ni\n\xc3\xa9\nE\n";

static void wordpiece_follows_bert(void **state)
{
    tokenizer *t;
    char       long_word[101];

    (void)state;
    put_text("vocab.txt", small_vocab);
    t = open_or_fail(scratch);
    ENCODES_TO(t, "", "");
    ENCODES_TO(t, " \t\n", "");
    ENCODES_TO(t, "ab,a", "ab , a");
    ENCODES_TO(t, "abcbc aax", "[UNK] [UNK]"); /* longest first, and no way back from it */
    ENCODES_TO(t, "abbc", "ab ##bc");
    ENCODES_TO(t, "\xc3\xa9 e\xcc\x81 \xc3\x89", "e e e"); /* accents off, lower case */
    ENCODES_TO(t,
               "a\xe4\xb8\xad"
               "a",
               "a \xe4\xb8\xad a"); /* ideographs stand alone  */
    ENCODES_TO(t,
               "a\0\x01\xef\xbf\xbd\xe2\x80\x8b"
               "a",
               "a ##a"); /* NUL, Cc, U+FFFD, Cf     */
    ENCODES_TO(t, "\xc4\xb0", "i");
    ENCODES_TO(t, "a[MASK]a", "a [MASK] a");
    ENCODES_TO(t, "[mask]", "[UNK] [UNK] [UNK]");
    /* U+061D is punctuation since Unicode 14, not in the reference's tables: one word, unknown. */
    ENCODES_TO(t,
               "a\xd8\x9d"
               "a",
               "[UNK]");
    memset(long_word, 'a', sizeof long_word);
    encodes_to(t, long_word, 101, false, "[UNK]");
    token_close(t);
    put_text("tokenizer_config.json", "{\"do_lower_case\": false, \"tokenizer_class\": \"BertTokenizer\"}");
    t = open_or_fail(scratch);
    ENCODES_TO(t, "\xc3\xa9 E", "\xc3\xa9 E"); /* strip_accents follows lower-casing */
    token_close(t);
}

static void pairs_and_types(void **state)
{
    static const uint32_t ids[] = { 2, 5, 3, 7, 9, 3 }, types[] = { 0, 0, 0, 1, 1, 1 };
    tokenizer            *t;
    token_list            list;
    puma_error            e = { 0 };

    (void)state;
    put_text("vocab.txt", small_vocab);
    t = open_or_fail(scratch);
    assert_int_equal(token_encode(t, &(token_source){ "a", 1, "ab,", 3, true, false }, &list, &e), PUMA_OK);
    assert_int_equal(list.count, 6);
    assert_memory_equal(list.ids, ids, sizeof ids);
    assert_memory_equal(list.types, types, sizeof types);
    token_list_free(&list);
    token_close(t);
    t = open_or_fail(MODELS "roberta-tiny");
    assert_int_equal(token_encode(t, &(token_source){ "", 0, "", 0, true, false }, &list, &e), PUMA_OK);
    assert_int_equal(list.count, 4); /* <s> </s></s> </s> */
    for (size_t i = 0; i < 4; i++) assert_int_equal(list.types[i], 0);
    assert_int_equal(list.ids[0], 0);
    assert_int_equal(list.ids[1], 2);
    token_list_free(&list);
    token_close(t);
}

/* --- byte-level BPE --------------------------------------------------------------------------- */

static void bpe_takes_special_tokens_literally(void **state)
{
    tokenizer *t = open_or_fail(MODELS "roberta-tiny");
    token_list list;
    puma_error e = { 0 };

    (void)state;
    encodes_to(t, "</s>", 4, true, "</s>");
    assert_int_equal(encode_one(t, "a</s>b", 6, false, false, &list, &e), PUMA_OK);
    for (size_t i = 0; i < list.count; i++) assert_true(list.ids[i] > 4);
    token_list_free(&list);
    token_close(t);
}

static void bpe_gives_every_byte_back(void **state)
{
    tokenizer *t = open_or_fail(MODELS "roberta-tiny");
    char       text[3 * 0x800], *back;
    size_t     used = 0, size;
    token_list list;
    puma_error e = { 0 };

    (void)state;
    for (unsigned c = 0; c < 0x800; c++) {
        if (c >= 0x80) text[used++] = (char)(0xc0 | c >> 6);
        text[used++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
    }
    assert_int_equal(encode_one(t, text, used, true, false, &list, &e), PUMA_OK);
    assert_int_equal(token_decode(t, list.ids, list.count, true, &back, &size, &e), PUMA_OK);
    assert_int_equal(size, used);
    assert_memory_equal(back, text, used);
    free(back);
    token_list_free(&list);
    token_close(t);
}

/* A word of 2 MB: quadratic merging would take hours. */
static void bpe_merges_long_words(void **state)
{
    tokenizer *t = open_or_fail(MODELS "roberta-tiny");
    size_t     size = 2 << 20, back_size;
    char      *text = malloc(size), *back;
    token_list list;
    puma_error e = { 0 };

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < size; i++) text[i] = "theand"[i % 6];
    assert_int_equal(encode_one(t, text, size, false, false, &list, &e), PUMA_OK);
    assert_true(list.count < size);
    assert_int_equal(token_decode(t, list.ids, list.count, false, &back, &back_size, &e), PUMA_OK);
    assert_int_equal(back_size, size);
    assert_memory_equal(back, text, size);
    free(back);
    free(text);
    token_list_free(&list);
    token_close(t);
}

/* --- SentencePiece ---------------------------------------------------------------------------- */

/* A tokenizer.model in the making: fields of protocol buffers, in bytes. */
typedef struct message {
    char   bytes[1 << 14];
    size_t size;
} message;

static void add_number(message *m, unsigned field, unsigned value)
{
    m->bytes[m->size++] = (char)((field << 3 & 0x7f) | (field > 15 ? 0x80 : 0));
    if (field > 15) m->bytes[m->size++] = (char)(field >> 4);
    assert_true(value < 0x80);
    m->bytes[m->size++] = (char)value;
}

static void add_bytes(message *m, unsigned field, const char *value, size_t size)
{
    assert_true(size < 0x80 && m->size + size + 4 < sizeof m->bytes);
    add_number(m, field, (unsigned)size);
    m->bytes[m->size - 1 - (field > 15 ? 2 : 1)] |= 2; /* the type in the field's key */
    memcpy(m->bytes + m->size, value, size);
    m->size += size;
}

enum { NORMAL = 1, UNKNOWN, CONTROL, USER, UNUSED, BYTE };

static void add_piece(message *m, const char *text, float score, unsigned type)
{
    message piece = { .size = 0 };

    add_bytes(&piece, 1, text, strlen(text));
    piece.bytes[piece.size++] = 2 << 3 | 5;
    memcpy(piece.bytes + piece.size, &score, sizeof score);
    piece.size += sizeof score;
    if (type != NORMAL) add_number(&piece, 3, type);
    add_bytes(m, 1, piece.bytes, piece.size);
}

/* kind: 2 is BPE.  squeeze: remove_extra_whitespaces. */
static void add_options(message *m, unsigned kind, bool squeeze, bool byte_fallback)
{
    message trainer = { .size = 0 }, normalizer = { .size = 0 };

    add_number(&trainer, 3, kind);
    add_number(&trainer, 35, byte_fallback);
    add_bytes(m, 2, trainer.bytes, trainer.size);
    add_bytes(&normalizer, 1, "identity", 8);
    add_number(&normalizer, 4, squeeze);
    add_bytes(m, 3, normalizer.bytes, normalizer.size);
}

static const char *const letters[] = { "a", "b", "c", "\xe2\x96\x81", "ab", "bc", "abc", "\xe2\x96\x81\x61" };

static void small_model(message *m, bool squeeze, bool byte_fallback)
{
    m->size = 0;
    add_piece(m, "<unk>", 0, UNKNOWN);
    add_piece(m, "<s>", 0, CONTROL);
    add_piece(m, "</s>", 0, CONTROL);
    for (unsigned i = 0; byte_fallback && i < 256; i++) {
        char name[8];

        snprintf(name, sizeof name, "<0x%02X>", i);
        add_piece(m, name, 0, BYTE);
    }
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        add_piece(m, letters[i], i < 4 ? -10 : -(float)(i / 2), NORMAL);
    add_options(m, 2, squeeze, byte_fallback);
}

static tokenizer *open_message(const message *m)
{
    put_bytes("tokenizer.model", m->bytes, m->size);
    return open_or_fail(scratch);
}

#define SIGN "\xe2\x96\x81"

static void sentencepiece_merges_by_score(void **state)
{
    message    m;
    tokenizer *t;

    (void)state;
    small_model(&m, false, true);
    t = open_message(&m);
    ENCODES_TO(t, "", "");
    ENCODES_TO(t, "bc", SIGN " bc");
    /* "ab" and "bc" have one score, so the left one is made; "abc" comes of it. */
    ENCODES_TO(t, "babc", SIGN " b abc");
    ENCODES_TO(t, "bab", SIGN " b ab");
    ENCODES_TO(t, "a", SIGN "a");
    ENCODES_TO(t, "  a", SIGN " " SIGN " " SIGN "a");
    ENCODES_TO(t, "\xc3\xa9\n", SIGN " <0xC3> <0xA9> <0x0A>");
    ENCODES_TO(t, "<s>", SIGN " <0x3C> <0x73> <0x3E>");
    encodes_to(t, "c<s>a", 5, true, SIGN " c <s> " SIGN "a");
    token_close(t);

    small_model(&m, true, false);
    t = open_message(&m);
    ENCODES_TO(t, "   ", "");
    ENCODES_TO(t, " c   bc  ", SIGN " c " SIGN " bc");
    ENCODES_TO(t, "xyab", SIGN " <unk> ab"); /* unknowns in a row are one */
    token_close(t);
}

static void sentencepiece_types(void **state)
{
    message    m;
    tokenizer *t;

    (void)state;
    small_model(&m, false, true);
    add_piece(&m, "bca", 0, USER);
    add_piece(&m, "aa", -1, UNUSED);
    add_piece(&m, "aab", 0, NORMAL);
    t = open_message(&m);
    /* Whole wherever it stands, and nothing is merged with it. */
    ENCODES_TO(t, "abcab", SIGN "a bca b");
    /* "aa" is only a step: to "aab", or back to what it was made of. */
    ENCODES_TO(t, "caab", SIGN " c aab");
    ENCODES_TO(t, "caac", SIGN " c a a c");
    token_close(t);
}

static void decodes_to(const tokenizer *t, const uint32_t *ids, size_t count, const char *wanted)
{
    puma_error e = { 0 };
    char      *text;
    size_t     size;

    assert_int_equal(token_decode(t, ids, count, false, &text, &size, &e), PUMA_OK);
    assert_string_equal(text, wanted);
    free(text);
    stream_gives(t, ids, count, false, wanted);
}
#define DECODES_TO(t, wanted, ...)                                                                           \
    decodes_to(t, (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4, wanted)

static void sentencepiece_decodes(void **state)
{
    enum { A = 259, SPACE = 262, SPACE_A = 266 };
    message    m;
    tokenizer *t;

    (void)state;
    small_model(&m, false, true);
    t = open_message(&m);
    DECODES_TO(t, "a a", 1, SPACE_A, SPACE_A, 2);
    DECODES_TO(t, "  a", SPACE, SPACE, SPACE, A);
    /* Control pieces are nothing; the blank in front goes once. */
    DECODES_TO(t, " a", 1, SPACE, 1, SPACE_A);
    DECODES_TO(t, "a \xe2\x81\x87 ", A, 0);
    /* U+1F600 in four pieces, and what is no UTF-8: each byte of it is one U+FFFD. */
    DECODES_TO(t,
               "\xf0\x9f\x98\x80"
               "a",
               3 + 0xf0, 3 + 0x9f, 3 + 0x98, 3 + 0x80, A);
    DECODES_TO(t,
               "\xef\xbf\xbd\xef\xbf\xbd"
               "a\xef\xbf\xbd",
               3 + 0xf0, 3 + 0x9f, A, 3 + 0xe2);
    DECODES_TO(t, "\xef\xbf\xbd\xc3\xa9", 3 + 0xe2, 3 + 0xc3, 3 + 0xa9);
    token_close(t);
}

static void stream_holds_back_parts(void **state)
{
    static const uint32_t    ids[] = { 3 + 0xf0, 3 + 0x9f, 3 + 0x98, 3 + 0x80, 3 + 0xc3 };
    static const char *const wanted[] = { "", "", "", "\xf0\x9f\x98\x80", "" };
    tokenizer               *t = open_or_fail(MODELS "llama-tiny");
    token_stream            *stream;
    puma_error               e = { 0 };
    const char              *text;
    size_t                   size;

    (void)state;
    assert_int_equal(token_stream_open(&stream, t, true, &e), PUMA_OK);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_int_equal(token_stream_push(stream, ids[i], &text, &size, &e), PUMA_OK);
        assert_int_equal(size, strlen(wanted[i]));
        assert_memory_equal(text, wanted[i], size);
    }
    assert_int_equal(token_stream_finish(stream, &text, &size, &e), PUMA_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(text, "\xef\xbf\xbd", 3);
    assert_int_equal(token_stream_push(stream, 1000, &text, &size, &e), PUMA_EINPUT);
    assert_int_equal(e.code, 509);
    token_stream_close(stream);
    token_close(t);
}

/* The tokens of a text, by the tokenizer of the scratch directory, with blanks between them. */
static void pieces_are(const char *text, const char *wanted)
{
    tokenizer *t = open_or_fail(scratch);
    token_list list;
    puma_error e = { 0 };
    char       got[256] = "";

    assert_int_equal(encode_one(t, text, strlen(text), true, true, &list, &e), PUMA_OK);
    for (size_t i = 0; i < list.count; i++) {
        strcat(got, i ? " " : "");
        strcat(got, token_text(t, list.ids[i]));
    }
    assert_string_equal(got, wanted);
    token_list_free(&list);
    token_close(t);
}

static void ends_with(const char *config, const char *wanted)
{
    put_text("tokenizer_config.json", config);
    pieces_are("a", wanted);
}

static void sentencepiece_special_tokens(void **state)
{
    message m;

    (void)state;
    small_model(&m, false, true);
    put_bytes("tokenizer.model", m.bytes, m.size);
    ends_with("{}", "<s> " SIGN "a");
    ends_with("{\"add_bos_token\": false}", SIGN "a");
    ends_with("{\"add_bos_token\": true, \"add_eos_token\": true}", "<s> " SIGN "a </s>");
    ends_with("{\"bos_token\": \"</s>\"}", "</s> " SIGN "a");
    ends_with("{\"bos_token\": null}", SIGN "a");
    ends_with("{\"bos_token\": \"<|x|>\", \"added_tokens_decoder\": {\"267\": {\"content\": \"<|x|>\", "
              "\"special\": true}}}",
              "<|x|> " SIGN "a");
    put_text("tokenizer_config.json", "{\"bos_token\": \"<t>\", \"add_bos_token\": true}");
    refused(506, "<t>");
    put_text("tokenizer_config.json", "{\"tokenizer_class\": \"XLNetTokenizer\"}");
    refused(503, "XLNetTokenizer");
}

/* A text of 2 MB without a blank: quadratic merging would take hours. */
static void sentencepiece_merges_long_texts(void **state)
{
    tokenizer *t = open_or_fail(MODELS "llama-tiny");
    size_t     size = 2 << 20, back_size;
    char      *text = malloc(size), *back;
    token_list list;
    puma_error e = { 0 };

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < size; i++) text[i] = "theand"[i % 6];
    assert_int_equal(encode_one(t, text, size, true, false, &list, &e), PUMA_OK);
    assert_true(list.count < size);
    assert_int_equal(token_decode(t, list.ids, list.count, false, &back, &back_size, &e), PUMA_OK);
    assert_int_equal(back_size, size);
    assert_memory_equal(back, text, size);
    free(back);
    free(text);
    token_list_free(&list);
    token_close(t);
}

/* "_a bc" has -3 - 2, "_ abc" only -10 - 3, though it is one piece less.  The sums are sentencepiece's. */
static void unigram_takes_the_best_cut(void **state)
{
    message m;

    (void)state;
    small_model(&m, false, false);
    add_piece(&m, "xyz", 0, UNUSED);
    add_piece(&m, "cab", 0, USER);
    add_options(&m, 1, false, false);
    put_bytes("tokenizer.model", m.bytes, m.size);
    put_text("tokenizer_config.json", "{\"add_bos_token\": false}");
    pieces_are("abc", SIGN "a bc");
    pieces_are("abcab", SIGN "a bc ab");
    pieces_are("cabab", SIGN " cab ab"); /* a user-defined piece has some -0.1               */
    pieces_are("xyzb", SIGN " <unk> b"); /* an unused one is none; unknown ones are one run */
    pieces_are("x yb", SIGN " <unk> " SIGN " <unk> b");
    pieces_are("", "");
}

/* What tokenizer_config.json says of the blank in front wins over the model's file. */
static void prefix_space_is_the_configs(void **state)
{
    message m;

    (void)state;
    small_model(&m, false, true);
    put_bytes("tokenizer.model", m.bytes, m.size);
    put_text("tokenizer_config.json", "{\"add_bos_token\": false, \"add_prefix_space\": false}");
    pieces_are("abc", "abc");
    pieces_are(" abc", SIGN " abc");
    put_text("tokenizer_config.json", "{\"add_bos_token\": false, \"legacy\": true, \"tokenizer_class\": "
                                 "\"LlamaTokenizer\"}");
    pieces_are("a<s>a", SIGN "a <s> " SIGN "a");
    put_text("tokenizer_config.json", "{\"add_bos_token\": false, \"tokenizer_class\": \"LlamaTokenizer\"}");
    pieces_are("a<s>a", SIGN "a <s> a");
    pieces_are("<s>a", "<s> a");
    /* A text that begins with a blank, or with its sign, gets no other. */
    pieces_are(" abc", SIGN " abc");
    pieces_are(SIGN "abc", SIGN " abc");
    pieces_are("  abc", SIGN " " SIGN " abc");
    put_text("tokenizer_config.json", "{\"add_bos_token\": false, \"tokenizer_class\": \"GemmaTokenizerFast\"}");
    pieces_are("abc", "abc");
    pieces_are(" abc", SIGN " abc");
    /* What the file says of blanks counts for nothing under such a class. */
    small_model(&m, true, false);
    put_bytes("tokenizer.model", m.bytes, m.size);
    put_text("tokenizer_config.json", "{\"add_bos_token\": false, \"tokenizer_class\": \"LlamaTokenizer\"}");
    pieces_are("abc", SIGN " abc");
    pieces_are("  abc", SIGN " " SIGN " abc");
}

static void sentencepiece_is_checked(void **state)
{
    static const struct {
        const char *text;
        unsigned    type, code;
        const char *what;
    } pieces[] = {
        { "a", NORMAL, 504, "\"a\" stands twice" }, { "<x>", UNKNOWN, 504, "both the unknown" },
        { "<0x41>", BYTE, 504, "\"<0x41>\"" },      { "<0xGG>", BYTE, 504, "stands for no byte" },
        { "", NORMAL, 504, "bad length" },          { "\xff", NORMAL, 504, "not UTF-8" },
        { "z", 7, 504, "bad type (got 7" },         { "z", 0, 504, "bad type (got 0" },
    };
    message m;

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        small_model(&m, false, true);
        add_piece(&m, pieces[i].text, 0, pieces[i].type);
        put_bytes("tokenizer.model", m.bytes, m.size);
        refused(pieces[i].code, pieces[i].what);
    }
    small_model(&m, false, true);
    add_piece(&m, "z", (float)NAN, NORMAL);
    put_bytes("tokenizer.model", m.bytes, m.size);
    refused(504, "finite");
    small_model(&m, false, true);
    add_options(&m, 3, false, true);
    put_bytes("tokenizer.model", m.bytes, m.size);
    refused(503, "WORD");
    small_model(&m, false, true);
    add_bytes(&m, 5, "\x12\x01x", 3);
    put_bytes("tokenizer.model", m.bytes, m.size);
    refused(503, "denormalizer_spec");
    small_model(&m, false, true);
    add_bytes(&m, 2, "\xc0\x01\x01", 3);
    put_bytes("tokenizer.model", m.bytes, m.size);
    refused(503, "treat_whitespace_as_suffix");
    small_model(&m, false, false);
    add_options(&m, 2, false, true);
    put_bytes("tokenizer.model", m.bytes, m.size);
    refused(504, "got 0, and byte_fallback is on");
    m.size = 0;
    add_options(&m, 2, false, false);
    put_bytes("tokenizer.model", m.bytes, m.size);
    refused(504, "no piece is the unknown one");
    put_text("tokenizer.model", "");
    refused(504, "no piece is the unknown one");
    put_text("tokenizer.model", "x");
    refused(502, "byte 1: cut within a number");
    put_text("tokenizer.model", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f");
    refused(502, "more than 64 bits");
    put_text("tokenizer.model", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    refused(502, "longer than what holds it");
    put_text("tokenizer.model", "\x0b");
    refused(502, "not a field");
    put_text("tokenizer.model", "\x08\x01");
    refused(502, "another type");
}

/* Every beginning of a model, and a model with any one byte another: refused, or a tokenizer that works. */
static void broken_models_are_refused_or_work(void **state)
{
    message  m, broken;
    unsigned opened = 0, refusals = 0, seed = 1;

    (void)state;
    small_model(&m, false, false);
    add_piece(&m, "bb", -1, UNUSED);
    for (size_t i = 0; i < 4 * m.size; i++) {
        puma_error e = { 0 };
        tokenizer *t;
        token_list list;

        broken = m;
        if (i < m.size) {
            broken.size = i;
        } else {
            seed = seed * 1103515245 + 12345;
            broken.bytes[i % m.size] = (char)(seed >> 16);
        }
        put_bytes("tokenizer.model", broken.bytes, broken.size);
        if (token_open(&t, scratch, &e) != PUMA_OK) {
            refusals++;
            continue;
        }
        opened++;
        assert_int_equal(encode_one(t, "abc bbcab <s>", 13, true, true, &list, &e), PUMA_OK);
        for (size_t k = 0; k < list.count; k++) assert_true(list.ids[k] < token_vocabulary(t));
        token_list_free(&list);
        token_close(t);
    }
    assert_true(opened > 0 && refusals > m.size / 2);
}

/* --- GGUF ------------------------------------------------------------------------------------- */

/* A file of metadata alone, in the making. */
static void add_u32(message *m, uint32_t value)
{
    memcpy(m->bytes + m->size, &value, sizeof value);
    m->size += sizeof value;
}

static void add_u64(message *m, uint64_t value)
{
    memcpy(m->bytes + m->size, &value, sizeof value);
    m->size += sizeof value;
}

static void add_text(message *m, const char *text)
{
    assert_true(m->size + strlen(text) + 64 < sizeof m->bytes);
    add_u64(m, strlen(text));
    memcpy(m->bytes + m->size, text, strlen(text));
    m->size += strlen(text);
}

enum { GGUF_U32 = 4, GGUF_I32 = 5, GGUF_F32 = 6, GGUF_BOOL = 7, GGUF_TEXT = 8, GGUF_ARRAY = 9 };

/* A key and the head of its value; the pairs are counted in the file's head. */
static void add_key(message *m, const char *key, uint32_t type)
{
    m->bytes[16]++;
    add_text(m, key);
    add_u32(m, type);
}

static void add_list(message *m, const char *key, uint32_t type, uint64_t count)
{
    add_key(m, key, GGUF_ARRAY);
    add_u32(m, type);
    add_u64(m, count);
}

static void add_setting(message *m, const char *key, const char *text)
{
    add_key(m, key, GGUF_TEXT);
    add_text(m, text);
}

static void start_gguf(message *m, const char *kind)
{
    m->size = 0;
    memcpy(m->bytes, "GGUF", 4);
    m->size = 4;
    add_u32(m, 3);
    add_u64(m, 0);
    add_u64(m, 0);
    add_setting(m, "general.architecture", "llama");
    add_setting(m, "tokenizer.ggml.model", kind);
}

static void add_tokens(message *m, const char *const *tokens, const uint32_t *types, size_t count)
{
    add_list(m, "tokenizer.ggml.tokens", GGUF_TEXT, count);
    for (size_t i = 0; i < count; i++) add_text(m, tokens[i]);
    add_list(m, "tokenizer.ggml.token_type", GGUF_I32, count);
    for (size_t i = 0; i < count; i++) add_u32(m, types[i]);
}

#define BLANK "\xc4\xa0"

static void small_gpt2(message *m, const char *pre)
{
    static const char *const tokens[] = { "<|x|>", "a", BLANK, "1", "11", BLANK "a", "<u>", "aa" };
    static const uint32_t    types[] = { CONTROL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL, USER, UNUSED };

    start_gguf(m, "gpt2");
    add_tokens(m, tokens, types, 8);
    add_list(m, "tokenizer.ggml.merges", GGUF_TEXT, 2);
    add_text(m, "1 1");
    add_text(m, BLANK " a");
    add_key(m, "tokenizer.ggml.bos_token_id", GGUF_U32);
    add_u32(m, 0);
    if (pre) add_setting(m, "tokenizer.ggml.pre", pre);
}

static void put_gguf(const message *m) { put_bytes("x.gguf", m->bytes, m->size); }

static void gguf_gives_bpe(void **state)
{
    message    m;
    tokenizer *t;

    (void)state;
    small_gpt2(&m, "smollm");
    put_gguf(&m);
    t = open_or_fail(scratch);
    ENCODES_TO(t, "a 11 a", "a " BLANK " 1 1 " BLANK "a");
    ENCODES_TO(t, "aa<u>a", "a a <u> a"); /* what is not normal is no word; user-defined tokens are found */
    encodes_to(t, "a<|x|>", 6, true, "a <|x|>");
    encodes_to(t, "a<|x|>", 6, false, "a");
    DECODES_TO(t, "11 a", 4, 5);
    token_close(t);
    small_gpt2(&m, "gpt-2");
    put_gguf(&m);
    t = open_or_fail(scratch);
    ENCODES_TO(t, "11", "11");
    token_close(t);
    small_gpt2(&m, "other");
    put_gguf(&m);
    refused(503, "tokenizer.ggml.pre \"other\"");
    small_gpt2(&m, "llama-bpe"); /* which puts bos first unless told otherwise */
    put_gguf(&m);
    ends_with("{}", "<|x|> a");
}

/* Many names stand for one split: which it is shows in how digits and a sign before a letter stay together.
 */
static void gguf_splits_have_many_names(void **state)
{
    static const char *const tokens[] = { "<|x|>", "a", "1", "11", "1111", "!", "!a" };
    static const uint32_t    types[] = { CONTROL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL };
    static const struct {
        const char *expected, *names[21];
        bool        bos;
    } splits[] = {
        { "1111 ! a",
          { "gpt-2",      "phi-2",        "mpt",         "olmo",        "jais",
            "jina-en",    "jina-es",      "jina-de",     "jina-v1-en",  "jina-v2-es",
            "jina-v2-de", "jina-v2-code", "roberta-bpe", "modern-bert", "gigachat",
            "a.x-4.0",    "mellum",       "trillion",    "exaone4",     "granite-docling" },
          false },
        { "1 1 1 1 ! a",
          { "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2" },
          false },
        { "1 1 1 1 !a",
          { "qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "f2llmv2", "kormo", "hunyuan", "solar-open",
            "grok-2" },
          false },
        { "11 1 1 !a",
          { "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
            "jina-v5-nano" },
          true },
        { "11 1 1 !a", { "smaug-bpe", "dbrx", "glm4", "chatglm-bpe" }, false },
    };
    message m;

    (void)state;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++)
        for (const char *const *name = splits[i].names; *name; name++)
            for (int bos = 0; bos < 2; bos++) { /* without the token, none is put first */
                tokenizer *t;

                start_gguf(&m, "gpt2");
                add_tokens(&m, tokens, types, 7);
                add_list(&m, "tokenizer.ggml.merges", GGUF_TEXT, 3);
                add_text(&m, "1 1");
                add_text(&m, "11 11");
                add_text(&m, "! a");
                if (bos) {
                    add_key(&m, "tokenizer.ggml.bos_token_id", GGUF_U32);
                    add_u32(&m, 0);
                }
                add_setting(&m, "tokenizer.ggml.pre", *name);
                put_gguf(&m);
                t = open_or_fail(scratch);
                ENCODES_TO(t, "1111!a", splits[i].expected);
                token_close(t);
                ends_with("{}", bos && splits[i].bos ? "<|x|> a" : "a");
            }
}

static void gguf_gives_sentencepiece(void **state)
{
    static const char *const tokens[] = { "<unk>", "<s>", "</s>", SIGN, "a", SIGN "a", "b", "ab" };
    static const uint32_t    types[] = { UNKNOWN, CONTROL, CONTROL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL };
    message                  m;

    (void)state;
    for (size_t scores = 8; scores >= 7; scores--) {
        start_gguf(&m, "llama");
        add_tokens(&m, tokens, types, 8);
        add_list(&m, "tokenizer.ggml.scores", GGUF_F32, scores);
        for (size_t i = 0; i < scores; i++) {
            float score = -(float)i;

            memcpy(m.bytes + m.size, &score, sizeof score);
            m.size += sizeof score;
        }
        add_key(&m, "tokenizer.ggml.bos_token_id", GGUF_U32);
        add_u32(&m, 1);
        put_gguf(&m);
        if (scores == 8)
            ends_with("{}", "<s> " SIGN "a");
        else
            refused(504, "not one a token");
    }
    start_gguf(&m, "llama");
    add_tokens(&m, tokens, types, 8);
    put_gguf(&m);
    refused_as(PUMA_EMODEL, 403, "tokenizer.ggml.scores");
    start_gguf(&m, "t5");
    add_tokens(&m, tokens, types, 8);
    put_gguf(&m);
    refused(503, "\"t5\"");
}

/* --- refusals --------------------------------------------------------------------------------- */

static void bad_text_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t      size;
        const char *where;
    } cases[] = {
        { "ab\xff", 3, "byte 2" },           { "\xc0\xaf", 2, "byte 0" },
        { "a\xed\xa0\x80", 4, "byte 1" },    { "a\xe4\xb8", 3, "byte 1" },
        { "\xf4\x90\x80\x80", 4, "byte 0" }, { "\xf0\x80\x80\xaf", 4, "byte 0" },
    };
    tokenizer *t = open_or_fail(MODELS "bert-tiny");
    token_list list;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        puma_error e = { 0 };

        assert_int_equal(encode_one(t, cases[i].text, cases[i].size, true, false, &list, &e),
                         PUMA_EINPUT);
        assert_int_equal(e.code, 507);
        assert_non_null(strstr(e.text, cases[i].where));
        assert_null(list.ids);
    }
    {
        puma_error e = { 0 };

        /* Refused by its length alone: the bytes are not there. */
        assert_int_equal(encode_one(t, "", (size_t)100 << 20, true, false, &list, &e),
                         PUMA_EINPUT);
        assert_int_equal(e.code, 508);
    }
    token_close(t);
}

static void bad_ids_are_refused(void **state)
{
    tokenizer *t = open_or_fail(MODELS "bert-tiny");
    uint32_t   ids[] = { 5, 1000 };
    puma_error e = { 0 };
    char      *text;
    size_t     size;

    (void)state;
    assert_int_equal(token_decode(t, ids, 2, false, &text, &size, &e), PUMA_EINPUT);
    assert_int_equal(e.code, 509);
    token_close(t);
}

/* A tokenizer.json of which one part is replaced. */
static void put_json(const char *part, const char *value)
{
    static const char *const parts[][2] = {
        { "version", "\"1.0\"" },
        { "added_tokens", "[]" },
        { "normalizer", "null" },
        { "pre_tokenizer", "{\"type\":\"ByteLevel\",\"add_prefix_space\":false}" },
        { "post_processor", "null" },
        { "decoder", "{\"type\":\"ByteLevel\"}" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}" },
    };
    char   text[4096] = "{";
    size_t used = 1;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\"%s\":%s", i ? "," : "", parts[i][0],
                                 strcmp(parts[i][0], part) == 0 ? value : parts[i][1]);
    assert_true(used + 2 < sizeof text);
    strcat(text, "}");
    put_text("tokenizer.json", text);
}

/* A tokenizer.json of text, not of bytes: LLaMA's, with the parts that differ between models. */
static tokenizer *open_llama(const char *normalizer, const char *pre_tokenizer, const char *decoder,
                             const char *options)
{
    char text[4096];
    int  size = snprintf(
         text, sizeof text,
         "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":1,\"content\":\"<s>\",\"special\":true}],"
          "\"normalizer\":%s,\"pre_tokenizer\":%s,\"decoder\":%s,\"post_processor\":{\"type\":"
          "\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{"
          "\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{"
          "\"id\":\"B\",\"type_id\":1}}],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[1],\"tokens\":["
          "\"<s>\"]}}},\"model\":{\"type\":\"BPE\",%s,\"unk_token\":\"<unk>\",\"vocab\":{\"<unk>\":0,\"<s>\":1,"
          "\"<0xC3>\":2,\"<0xA9>\":3,\"\\u2581\":4,\"a\":5,\"b\":6,\"ab\":7,\"\\u2581a\":8,\"\\u2581\\u2581\":"
          "9},"
          "\"merges\":[[\"\\u2581\",\"\\u2581\"],\"\\u2581 a\",\"a b\"]}}",
         normalizer, pre_tokenizer, decoder, options);

    assert_true(size > 0 && (size_t)size < sizeof text);
    put_text("tokenizer.json", text);
    return open_or_fail(scratch);
}

#define PREPEND_REPLACE                                                                                      \
    "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"\\u2581\"},"                \
    "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\\u2581\"}]}"
#define REPLACE_SIGN "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\\u2581\"},\"content\":\" \"}"
#define LLAMA_DECODER                                                                                        \
    "{\"type\":\"Sequence\",\"decoders\":[" REPLACE_SIGN ",{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}," \
    "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}"
#define PREPEND_REPLACE_NFC                                                                                  \
    "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"_\"},{\"type\":\"NFC\"}]}"
#define FALLBACK "\"byte_fallback\":true,\"fuse_unk\":true"

static void tokenizer_json_of_llama(void **state)
{
    tokenizer *t = open_llama(PREPEND_REPLACE, "null", LLAMA_DECODER, FALLBACK);

    (void)state;
    ENCODES_TO(t, "", "");
    ENCODES_TO(t, "ab", SIGN "a b"); /* the merge of the lower rank first */
    ENCODES_TO(t, "b  ab", SIGN " b " SIGN SIGN " ab");
    ENCODES_TO(t, "\xc3\xa9", SIGN " <0xC3> <0xA9>");
    ENCODES_TO(t,
               "a\xc3\xa8\xe4\xb8\xad"
               "b",
               SIGN "a <unk> b"); /* U+00E8: a byte of it has no token */
    ENCODES_TO(t, "<s>", SIGN " <unk>");
    encodes_to(t, "a<s>a", 5, true, SIGN "a <s> " SIGN "a");
    DECODES_TO(t, "a a", 8, 8);
    DECODES_TO(t, " a\xc3\xa9", 4, 8, 2, 3);
    /* Unlike SentencePiece, a run that is not all UTF-8 is U+FFFD for each of its bytes. */
    DECODES_TO(t,
               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
               "a",
               2, 2, 3, 5);
    DECODES_TO(t, "\xef\xbf\xbd", 2);
    token_close(t);

    t = open_llama(PREPEND_REPLACE, "null", LLAMA_DECODER, "\"fuse_unk\":false,\"ignore_merges\":true");
    ENCODES_TO(t, "\xc3\xa9\xc3\xa9", SIGN " <unk> <unk>");
    ENCODES_TO(t, " ", SIGN SIGN);
    token_close(t);
}

static void tokenizer_json_of_kin(void **state)
{
    static const char never[] =
        "{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"never\",\"split\":true}";
    static const char first[] =
        "{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"first\",\"split\":false}";
    static const char older[] =
        "{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"add_prefix_space\":true}";
    tokenizer *t = open_llama("null", first, first, FALLBACK);

    (void)state;
    ENCODES_TO(t, "a  a", SIGN "a " SIGN SIGN " a");
    ENCODES_TO(t, " a", SIGN "a"); /* no second sign */
    encodes_to(t, "a<s>a", 5, true, SIGN "a <s> a");
    DECODES_TO(t, "a a", 8, 8);
    token_close(t);
    t = open_llama("null", older, older, FALLBACK);
    ENCODES_TO(t, "a  a", SIGN "a " SIGN " " SIGN "a"); /* a word begins at each sign */
    encodes_to(t, "a<s>a", 5, true, SIGN "a <s> " SIGN "a");
    token_close(t);
    t = open_llama("null", never, never, FALLBACK);
    ENCODES_TO(t, "a a", "a " SIGN "a");
    DECODES_TO(t, " a a", 8, 8);
    token_close(t);
    /* Gemma's: the split has nothing left to split at. */
    t = open_llama("{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\\u2581\"}",
                   "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"MergedWithPrevious\","
                   "\"invert\":false}",
                   "{\"type\":\"Sequence\",\"decoders\":[" REPLACE_SIGN ",{\"type\":\"ByteFallback\"},"
                   "{\"type\":\"Fuse\"}]}",
                   FALLBACK);
    ENCODES_TO(t, "a  ab", "a " SIGN SIGN " ab");
    DECODES_TO(t, " a a", 8, 8);
    token_close(t);
    t = open_llama(PREPEND_REPLACE, "null", "{\"type\":\"Strip\",\"content\":\"a\",\"start\":0,\"stop\":1}",
                   FALLBACK);
    DECODES_TO(t, "b" SIGN "b", 6, 8, 6);
    token_close(t);
}

/* SmolLM's and StarCoder's: each digit alone. */
static void digits_stand_alone(void **state)
{
    tokenizer *t;

    (void)state;
    put_text("tokenizer.json",
        "{\"version\":\"1.0\",\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":"
        "\"Digits\","
        "\"individual_digits\":true},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true}]}"
        ","
        "\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"\\u0120\":0,\"1\":1,"
        "\"a\":2,"
        "\"11\":3,\"\\u01201\":4,\"\\u0120a\":5,\"\\u0120\\u0120\":6},\"merges\":[\"1 1\",\"\\u0120 1\","
        "\"\\u0120 a\",\"\\u0120 \\u0120\"]}}");
    t = open_or_fail(scratch);
    ENCODES_TO(t, "a 11 a",
               "a \xc4\xa0 1 1 \xc4\xa0"
               "a");
    ENCODES_TO(t, "a  1", "a \xc4\xa0\xc4\xa0 1"); /* the blanks end where the digit begins */
    DECODES_TO(t, "1 a", 1, 5);
    token_close(t);
}

static void tokenizer_json_is_checked(void **state)
{
    static const struct {
        const char *part, *value;
        unsigned    code;
        const char *what;
    } cases[] = {
        { "version", "\"2.0\"", 503, "2.0" },
        { "model", "{\"type\":\"Unigram\",\"vocab\":[]}", 504, "empty" },
        { "model", "{\"type\":\"Unigram\",\"vocab\":[[\"a\",\"x\"]]}", 504, "entry 0" },
        { "model", "{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1]],\"unk_id\":1}", 506,
          "unk_id out of range (got 1, limit 0)" },
        { "model", "{\"type\":\"WordLevel\",\"vocab\":{\"a\":0},\"unk_token\":\"b\"}", 506, "\"b\"" },
        { "normalizer", "{\"type\":\"Lowercas\"}", 503, "Lowercas" },
        { "normalizer", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Precompiled\"}]}", 511,
          "base64" },
        { "normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"????\"}", 511, "base64" },
        { "normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"BAAAAA==\"}", 511, "units" },
        { "pre_tokenizer", "{\"type\":\"UnicodeScripts\"}", 503, "UnicodeScripts" },
        { "normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a\"},\"content\":\"b\"}", 503,
          "( and no )" },
        { "normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a)\\\\1\"},\"content\":\"b\"}", 503,
          "\\1" },
        { "pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"last\"}", 503,
          "last" },
        { "pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"__\"}", 503, "not one character" },
        { "pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"Kept\"}", 503,
          "Kept" },
        { "decoder", "{\"type\":\"Strip\",\"content\":\" \",\"start\":-1,\"stop\":0}", 502, "no count" },
        { "decoder", "{\"type\":\"CTC\"}", 503, "CTC" },
        { "post_processor", "{\"type\":\"Other\"}", 503, "Other" },
        { "post_processor", "{\"type\":\"RobertaProcessing\",\"sep\":[\"b\",3],\"cls\":[\"a\",0]}", 506,
          "got 3, limit 2" },
        { "post_processor",
          "{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},"
          "{\"SpecialToken\":{\"id\":\"z\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}",
          506, "\"z\"" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}", 504, "id 0" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":-1},\"merges\":[]}", 504, "got -1" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":4294967297},\"merges\":[]}", 504,
          "got 4294967297" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"a\":1},\"merges\":[]}", 502, "duplicate" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}", 504, "empty" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[\"a b\"]}", 505,
          "tokenizer.json:1" },
        { "model",
          "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\",[\"ab\",\"c\"]]}", 505,
          "tokenizer.json:2" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b c\"]}", 505, "not two" },
        { "model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"unk_token\":\"x\"}", 506, "\"x\"" },
        { "model", "{\"type\":\"WordPiece\",\"vocab\":{\"a\":0},\"unk_token\":\"[UNK]\"}", 506, "[UNK]" },
        { "added_tokens", "[{\"id\":3,\"special\":true}]", 506, "no content" },
        { "added_tokens", "[{\"id\":-1,\"content\":\"z\"}]", 504, "got -1" },
    };
    tokenizer *t;

    (void)state;
    put_json("", "");
    t = open_or_fail(scratch);
    ENCODES_TO(t, "abab", "ab ab");
    token_close(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_json(cases[i].part, cases[i].value);
        refused(cases[i].code, cases[i].what);
    }
    put_text("tokenizer.json", "{\"version\":");
    refused(502, "tokenizer.json");
}

static void files_beside_the_model_are_checked(void **state)
{
    (void)state;
    refused(501, "no tokenizer.json");
    put_text("vocab.txt", "[PAD]\n[CLS]\n[SEP]\na\n");
    refused(506, "[UNK]");
    put_bytes("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\0b\n", 22);
    refused(504, "vocab.txt:4");
    put_text("vocab.txt", "[UNK]\n[SEP]\na\n");
    refused(506, "cls_token");
    put_text("vocab.txt", small_vocab);
    put_text("tokenizer_config.json", "{\"tokenizer_class\": \"MPNetTokenizer\"}");
    refused(503, "MPNetTokenizer");
    put_text("tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"z\"}}}");
    refused(506, "\"x\" is no id");
    put_text("tokenizer_config.json", "{\"added_tokens_decoder\": {\"9\": {}}}");
    refused(506, "no content");
}

static void gives_ids(const tokenizer *t, const char *text, const uint32_t *ids, size_t count)
{
    puma_error e = { 0 };
    token_list list;

    assert_int_equal(encode_one(t, text, strlen(text), false, true, &list, &e), PUMA_OK);
    assert_int_equal(list.count, count);
    assert_memory_equal(list.ids, ids, count * sizeof *ids);
    token_list_free(&list);
}
#define GIVES_IDS(t, text, ...)                                                                              \
    gives_ids(t, text, (const uint32_t[]){ __VA_ARGS__ },                                                    \
              sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

#define GIVES(config, map, added, text, ...)                                                                 \
    do {                                                                                                     \
        tokenizer *one;                                                                                      \
                                                                                                             \
        put_text("tokenizer_config.json", config);                                                                \
        put_text("special_tokens_map.json", map);                                                                 \
        put_text("added_tokens.json", added);                                                                     \
        one = open_or_fail(scratch);                                                                         \
        GIVES_IDS(one, text, __VA_ARGS__);                                                                   \
        token_close(one);                                                                                    \
    } while (0)

/* What transformers takes from the files beside tokenizer.json, and in which order. */
static void tokens_beside_tokenizer_json(void **state)
{
    (void)state;
    put_json("model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"<\":2,\">\":3},\"merges\":[]}");
    GIVES("{}", "{}", "{}", "a<>", 0, 2, 3);
    /* The ids follow the vocabulary, whatever the file says. */
    GIVES(
        "{\"added_tokens_decoder\":{\"9\":{\"content\":\"<>\",\"special\":true},\"8\":{\"content\":\"<\"}}}",
        "{}", "{}", "a<>b<", 0, 4, 1, 2);
    GIVES("{\"pad_token\":\"<>\"}", "{}", "{}", "a<>", 0, 4);
    GIVES("{\"pad_token\":{\"content\":\"<>\",\"lstrip\":true}}", "{}", "{}", "a <>", 0, 4);
    GIVES("{\"image_token\":\"<>\"}", "{}", "{}", "a<>", 0, 4);
    GIVES("{\"additional_special_tokens\":[\"<>\",\"ab\"]}", "{}", "{}", "ab<>", 5, 4);
    GIVES("{\"extra_special_tokens\":{\"x\":\"<>\"},\"additional_special_tokens\":[\"ab\"]}", "{}", "{}",
          "ab<>", 5, 4);
    GIVES("{\"extra_special_tokens\":[\"<>\"],\"additional_special_tokens\":[\"ab\"]}", "{}", "{}", "ab<>", 0,
          1, 4);
    GIVES("{\"pad_token\":\"ab\"}", "{\"pad_token\":\"<>\"}", "{}", "ab<>", 0, 1, 4);
    GIVES("{}", "{\"pad_token\":\"ab\"}", "{\"<>\":4}", "ab<>", 5, 4);
    /* A list with ids stands for both other files. */
    GIVES("{\"added_tokens_decoder\":{\"4\":{\"content\":\"<>\"}}}", "{\"pad_token\":\"ab\"}", "{\"b<\":5}",
          "abb<>", 0, 1, 1, 4);
    /* The class has names of its own. */
    GIVES("{\"tokenizer_class\":\"LlamaTokenizerFast\",\"add_bos_token\":true}", "{}", "{}", "a<unk>", 0, 6);
    put_text("tokenizer_config.json",
        "{\"tokenizer_class\":\"LlamaTokenizer\",\"bos_token\":null,\"add_bos_token\":true}");
    refused(506, "bos_token");
}

/* add_prefix_space is a setting of some classes, which then have it off or on by default. */
static void prefix_space_beside_tokenizer_json(void **state)
{
    static const char *const scheme =
        "{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"never\"}";
    static const char *const unigram =
        "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0],[\"_\",-3],[\"a\",-3],[\"_a\",-2]]}";
    tokenizer *t;
    token_list list;
    puma_error e = { 0 };
    char       text[1024];

    (void)state;
    put_json("model",
             "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"\u0120\":1,\"<s>\":2,\"</s>\":3},\"merges\":[]}");
    GIVES("{\"tokenizer_class\":\"GPT2Tokenizer\",\"add_prefix_space\":true}", "{}", "{}", "a", 1, 0);
    GIVES("{\"tokenizer_class\":\"Qwen2TokenizerFast\",\"add_prefix_space\":true}", "{}", "{}", "a", 1, 0);
    GIVES("{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"add_prefix_space\":true}", "{}", "{}", "a", 0);
    /* This one has a template of its own too. */
    GIVES("{\"tokenizer_class\":\"RobertaTokenizer\",\"add_prefix_space\":true}", "{}", "{}", "a", 1, 0);
    t = open_or_fail(scratch);
    assert_int_equal(encode_one(t, "a", 1, true, false, &list, &e), PUMA_OK);
    assert_int_equal(list.count, 4);
    assert_int_equal(list.ids[0], 2);
    assert_int_equal(list.ids[3], 3);
    token_list_free(&list);
    token_close(t);
    snprintf(text, sizeof text,
             "{\"version\":\"1.0\",\"added_tokens\":[],\"pre_tokenizer\":%s,\"decoder\":%s,\"model\":%s}",
             scheme, scheme, unigram);
    put_text("tokenizer.json", text);
    GIVES("{\"tokenizer_class\":\"T5Tokenizer\",\"add_prefix_space\":false}", "{}", "{}", " a  a", 3, 3);
    GIVES("{\"tokenizer_class\":\"XLMRobertaTokenizer\"}", "{}", "{}", " a  a", 3, 3);
    GIVES("{\"tokenizer_class\":\"CamembertTokenizer\",\"add_prefix_space\":false}", "{}", "{}", " a  a", 2,
          2);
    GIVES("{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}", "{}", "{}", "a  a", 2, 1, 3);
}

/* Ids that no token has, and one that two have. */
static void holes_are_fine(void **state)
{
    tokenizer *t;
    char      *text;
    size_t     size;
    puma_error e = { 0 };

    (void)state;
    put_json("model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":3,\"<\":5},\"merges\":[]}");
    t = open_or_fail(scratch);
    GIVES_IDS(t, "ab<", 0, 3, 5);
    assert_int_equal(token_vocabulary(t), 6);
    assert_null(token_text(t, 4));
    assert_int_equal(token_decode(t, (uint32_t[]){ 0, 4, 3 }, 3, true, &text, &size, &e), PUMA_OK);
    assert_string_equal(text, "ab");
    free(text);
    token_close(t);
    put_json("post_processor", "{\"type\":\"RobertaProcessing\",\"sep\":[\"b\",4],\"cls\":[\"a\",0]}");
    refused(506, "got 4");
    put_json("model", "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":3,\"<\":5},\"merges\":[]}");
    /* As the reference: the next id is the number of words, whosever that is. */
    put_text("tokenizer_config.json", "{\"pad_token\":\"<b>\"}");
    t = open_or_fail(scratch);
    GIVES_IDS(t, "a<b>b", 0, 3, 3);
    assert_string_equal(token_text(t, 3), "<b>");
    token_close(t);
}

/* The scratch directory's tokenizer makes of the texts what the reference does: ids, and those decoded. */
static void check_texts(const char *name, const json_t *texts, const json_t *results, bool special)
{
    tokenizer    *t = open_or_fail(scratch);
    const json_t *text;
    size_t        i;

    assert_int_equal(json_array_size(results), json_array_size(texts));
    json_array_foreach(texts, i, text)
    {
        const json_t *ids = json_array_get(json_array_get(results, i), 0);
        const json_t *back = json_array_get(json_array_get(results, i), 1);
        puma_error    e = { 0 };
        token_list    list;
        char         *decoded;
        size_t        size;
        bool          same;

        assert_int_equal(encode_one(t, json_string_value(text), json_string_length(text), special, special, &list, &e),
                         PUMA_OK);
        same = list.count == json_array_size(ids);
        for (size_t k = 0; same && k < list.count; k++)
            same = json_integer_value(json_array_get(ids, k)) == (json_int_t)list.ids[k];
        if (!same) fail_msg("%s: text %zu: other ids", name, i);
        assert_int_equal(token_decode(t, list.ids, list.count, false, &decoded, &size, &e), PUMA_OK);
        if (size != json_string_length(back) || memcmp(decoded, json_string_value(back), size) != 0)
            fail_msg("%s: text %zu: decodes to \"%s\"", name, i, decoded);
        stream_gives(t, list.ids, list.count, false, decoded);
        free(decoded);
        token_list_free(&list);
    }
    token_close(t);
}

static void put_dump(const char *name, const json_t *value)
{
    char *dump = json_dumps(value, 0);

    assert_non_null(dump);
    put_text(name, dump);
    free(dump);
}

/* One case of tokenizer_parts.json: the tokenizer it describes, and what the reference makes of the texts. */
static void check_parts(const json_t *root, const json_t *c)
{
    json_t     *whole = json_deep_copy(json_object_get(c, "parts"));
    const char *model = json_string_value(json_object_get(c, "model"));

    json_object_set_new(whole, "version", json_string("1.0"));
    json_object_set(whole, "model", json_object_get(json_object_get(root, "models"), model));
    put_dump("tokenizer.json", whole);
    json_decref(whole);
    check_texts(json_string_value(json_object_get(c, "name")), json_object_get(root, "texts"),
                json_object_get(c, "results"), true);
}

static void parts_are_the_references(void **state)
{
    json_error_t error;
    json_t *root = json_load_file(PUMA_SRCDIR "/tests/golden/tokenizer_parts.json", JSON_ALLOW_NUL, &error);
    const json_t *c;
    size_t        i;

    (void)state;
    assert_non_null(root);
    assert_true(json_array_size(json_object_get(root, "cases")) > 20);
    json_array_foreach(json_object_get(root, "cases"), i, c) check_parts(root, c);
    json_decref(root);
}

static void put_hex(const char *name, const char *hex)
{
    size_t size = strlen(hex) / 2;
    char  *data = malloc(size + 1);

    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        data[i] = (char)byte;
    }
    put_bytes(name, data, size);
    free(data);
}

/* The cases of unigram.json: directories, and what sentencepiece, tokenizers or transformers make of the
 * texts. */
static void unigram_is_the_references(void **state)
{
    json_error_t error;
    json_t      *root = json_load_file(PUMA_SRCDIR "/tests/golden/unigram.json", 0, &error), *value;
    json_t      *c;
    const char  *name;
    size_t       i;

    assert_non_null(root);
    assert_true(json_array_size(json_object_get(root, "cases")) > 15);
    json_array_foreach(json_object_get(root, "cases"), i, c)
    {
        json_object_foreach(json_object_get(c, "hex"), name, value) put_hex(name, json_string_value(value));
        json_object_foreach(json_object_get(c, "files"), name, value) put_dump(name, value);
        check_texts(json_string_value(json_object_get(c, "name")), json_object_get(root, "texts"),
                    json_object_get(c, "results"), json_is_true(json_object_get(c, "special")));
        assert_int_equal(remove_scratch(state), 0);
        assert_int_equal(mkdir(scratch, 0700), 0);
    }
    json_decref(root);
}

/* No piece and no unknown token: an error, as in the reference even where a longer piece begins before it. */
static void unigram_without_unknown(void **state)
{
    tokenizer *t;
    token_list list;
    puma_error e = { 0 };

    (void)state;
    put_json("model", "{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1],[\"ab\",-3],[\"acd\",-1]]}");
    t = open_or_fail(scratch);
    GIVES_IDS(t, "aba", 1, 0);
    assert_int_equal(encode_one(t, "acd", 3, true, false, &list, &e), PUMA_EINPUT);
    assert_int_equal(e.code, 512);
    token_close(t);
}

/* A SentencePiece file without a class whose conventions are known. */
static void classes_without_conventions_are_refused(void **state)
{
    message m;

    (void)state;
    small_model(&m, false, false);
    put_bytes("spiece.model", m.bytes, m.size);
    refused(503, "(none)");
    put_text("config.json", "{\"model_type\": \"xlnet\"}");
    refused(503, "model_type \"xlnet\"");
    put_text("tokenizer_config.json", "{\"tokenizer_class\": \"MBartTokenizer\"}");
    refused(503, "tokenizer_class \"MBartTokenizer\"");
    put_text("tokenizer_config.json", "{\"tokenizer_class\": \"XLMRobertaTokenizer\"}");
    refused(501, "sentencepiece.bpe.model");
    put_text("tokenizer_config.json", "{\"tokenizer_class\": \"T5Tokenizer\"}");
    refused(503, "kind BPE");
    put_text("tokenizer_config.json", "{\"tokenizer_class\": \"T5Tokenizer\", \"extra_ids\": -1}");
    refused(506, "extra_ids");
}

/* Maps of characters that lead nowhere are refused; any other tells its text where to go. */
static void maps_are_checked(void **state)
{
    /* The trie of "a" with string 0, at places 0 (root), 'a' ^ 1 and its value; as many units as a block has.
     */
    unsigned char blob[4 + 4 * 256 + 4] = { 0, 4 };
    const char   *to;
    size_t        size;
    charsmap      map;
    puma_error    e = { 0 };

    (void)state;
    blob[4 + 4 * 0 + 1] = 1 << 2;  /* the root: offset 1                    */
    blob[4 + 4 * ('a' ^ 1)] = 'a'; /* its child: label, a value, offset 2   */
    blob[4 + 4 * ('a' ^ 1) + 1] = 1 | 2 << 2;
    blob[4 + 4 * ('a' ^ 1 ^ 2) + 3] = 0x80;    /* the value: 0                          */
    memcpy(blob + 4 + 4 * 256, "\xc3\xa9", 3); /* behind it the strings: one, "é"       */
    assert_int_equal(charsmap_open(&map, "x", blob, sizeof blob - 1, &e), PUMA_OK);
    assert_int_equal(charsmap_longest(&map, "ab", 2, &to, &size), 1);
    assert_int_equal(size, 2);
    assert_memory_equal(to, "\xc3\xa9", 2);
    assert_int_equal(charsmap_longest(&map, "ba", 2, &to, &size), 0);
    charsmap_free(&map);

    blob[4 + 4 * ('a' ^ 1 ^ 2)] = 1; /* a value within the letter */
    assert_int_equal(charsmap_open(&map, "x", blob, sizeof blob - 1, &e), PUMA_EINPUT);
    assert_int_equal(e.code, 511);
    charsmap_free(&map);
    blob[4 + 4 * ('a' ^ 1 ^ 2)] = 3; /* one behind the strings */
    e = (puma_error){ 0 };
    assert_int_equal(charsmap_open(&map, "x", blob, sizeof blob - 1, &e), PUMA_EINPUT);
    charsmap_free(&map);
    blob[4 + 4 * ('a' ^ 1) + 2] = 0xff; /* one behind the units */
    e = (puma_error){ 0 };
    assert_int_equal(charsmap_open(&map, "x", blob, sizeof blob - 1, &e), PUMA_EINPUT);
    charsmap_free(&map);
    for (size_t cut = 1; cut < sizeof blob - 1; cut++) {
        e = (puma_error){ 0 };
        assert_int_equal(charsmap_open(&map, "x", blob, cut, &e), PUMA_EINPUT);
        charsmap_free(&map);
    }
}

/* Files whose steps make a text without bound, or search it without end. */
static void growth_is_bounded(void **state)
{
    static const char ten[] =
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaaaa\"}";
    char       steps[2048] = "";
    tokenizer *t;
    puma_error e = { 0 };
    token_list list;
    char      *text;
    size_t     size;

    (void)state;
    for (int i = 0; i < 12; i++)
        strcat(strcat(steps, i ? "," : "{\"type\":\"Sequence\",\"normalizers\":["), ten);
    put_json("normalizer", strcat(steps, "]}"));
    t = open_or_fail(scratch);
    assert_int_equal(encode_one(t, "ba", 2, true, false, &list, &e), PUMA_EINPUT);
    assert_int_equal(e.code, 508);
    token_close(t);

    *steps = '\0';
    for (int i = 0; i < 12; i++)
        strcat(strcat(steps, i ? "," : "{\"type\":\"Sequence\",\"decoders\":["), ten);
    put_json("decoder", strcat(steps, "]}"));
    t = open_or_fail(scratch);
    e = (puma_error){ 0 };
    assert_int_equal(token_decode(t, (uint32_t[]){ 0 }, 1, false, &text, &size, &e), PUMA_EINPUT);
    assert_int_equal(e.code, 508);
    token_close(t);

    put_json("pre_tokenizer",
             "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?:a|a?)+$b|(a*)*c\"},\"behavior\":\"Isolated\"}");
    t = open_or_fail(scratch);
    text = calloc(1, 4001);
    memset(text, 'a', 4000);
    e = (puma_error){ 0 };
    assert_int_equal(encode_one(t, text, 4000, true, false, &list, &e), PUMA_EINPUT);
    assert_int_equal(e.code, 508);
    free(text);
    token_close(t);

    put_json("pre_tokenizer",
             "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"ByteLevel\"},"
             "{\"type\":\"ByteLevel\"}]}");
    refused(503, "that change the text");
    put_json(
        "pre_tokenizer",
        "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"((a{999}){999}){999}\"},\"behavior\":\"Isolated\"}");
    refused(503, "cannot be compiled");
}

static void vocab_txt_may_be_sloppy(void **state)
{
    tokenizer *t;

    (void)state;
    put_text("vocab.txt", "[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\n\r\nb \r\n\r\na\r\n##c\r\n");
    t = open_or_fail(scratch);
    GIVES_IDS(t, "a b ac [SEP]", 7, 5, 7, 8, 2);
    assert_null(token_text(t, 3));
    token_close(t);
}

static void merges_are_checked(void **state)
{
    (void)state;
    put_text("vocab.json", "{\"a\":0,\"b\":1,\"ab\":2}");
    refused(502, "merges.txt");
    put_text("merges.txt", "#version: 0.2\na b\nb c\n");
    refused(505, "merges.txt:3");
    put_text("merges.txt", "#version: 0.2\na b\nab\n");
    refused(505, "merges.txt:3");
}

/* A token of 1 MB and one that is empty: lengths are sizes, and neither is a special case. */
static void odd_tokens_work(void **state)
{
    size_t     size = 1 << 20, used;
    char      *vocab = malloc(size + 100);
    tokenizer *t;

    (void)state;
    assert_non_null(vocab);
    used = (size_t)sprintf(vocab, "[UNK]\n[CLS]\n[SEP]\n\na\n");
    memset(vocab + used, 'a', size);
    put_bytes("vocab.txt", vocab, used + size);
    t = open_or_fail(scratch);
    ENCODES_TO(t, "a ", "a");
    ENCODES_TO(t, "aa", "[UNK]");
    assert_int_equal(strlen(token_text(t, 5)), size);
    token_close(t);
    free(vocab);
}

int main(void)
{
#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_encodes_and_decodes),
        cmocka_unit_test(token_cuts_the_longer_text_first),
        cmocka_unit_test(tiny_models_give_golden_ids),
        WITH_FILES(vocab_txt_gives_the_same_ids),
        WITH_FILES(vocab_json_gives_the_same_ids),
        WITH_FILES(wordpiece_follows_bert),
        WITH_FILES(pairs_and_types),
        cmocka_unit_test(bpe_takes_special_tokens_literally),
        cmocka_unit_test(bpe_gives_every_byte_back),
        cmocka_unit_test(bpe_merges_long_words),
        WITH_FILES(sentencepiece_merges_by_score),
        WITH_FILES(sentencepiece_types),
        WITH_FILES(sentencepiece_decodes),
        cmocka_unit_test(stream_holds_back_parts),
        WITH_FILES(sentencepiece_special_tokens),
        cmocka_unit_test(sentencepiece_merges_long_texts),
        WITH_FILES(sentencepiece_is_checked),
        WITH_FILES(unigram_takes_the_best_cut),
        WITH_FILES(unigram_is_the_references),
        WITH_FILES(classes_without_conventions_are_refused),
        WITH_FILES(unigram_without_unknown),
        cmocka_unit_test(maps_are_checked),
        WITH_FILES(prefix_space_is_the_configs),
        WITH_FILES(broken_models_are_refused_or_work),
        WITH_FILES(gguf_gives_bpe),
        WITH_FILES(gguf_splits_have_many_names),
        WITH_FILES(gguf_gives_sentencepiece),
        cmocka_unit_test(bad_text_is_refused),
        cmocka_unit_test(bad_ids_are_refused),
        WITH_FILES(tokenizer_json_of_llama),
        WITH_FILES(tokenizer_json_of_kin),
        WITH_FILES(digits_stand_alone),
        WITH_FILES(tokenizer_json_is_checked),
        WITH_FILES(files_beside_the_model_are_checked),
        WITH_FILES(tokens_beside_tokenizer_json),
        WITH_FILES(prefix_space_beside_tokenizer_json),
        WITH_FILES(holes_are_fine),
        WITH_FILES(vocab_txt_may_be_sloppy),
        WITH_FILES(parts_are_the_references),
        WITH_FILES(growth_is_bounded),
        WITH_FILES(merges_are_checked),
        WITH_FILES(odd_tokens_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
