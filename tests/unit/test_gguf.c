/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_gguf.c - the GGUF reader takes what the format allows, serves its tensors as safetensors would have
 * them, and refuses everything else. */
#include "model/model.h"
#include "weights/gguf.h"
#include "weights/weights.h"
#include "../support/scratch.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 };

/* --- a file written piece by piece ----------------------------------------------------------- */

static unsigned char bytes[1 << 16];
static size_t        used, padding_at, data_at; /* where the padding before the data begins, and they    */

static void put(const void *from, size_t size)
{
    assert_true(used + size <= sizeof bytes);
    memcpy(bytes + used, from, size);
    used += size;
}

static void put_number(uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) put(&(unsigned char){ (unsigned char)(i < 8 ? value >> 8 * i : 0) }, 1);
}

static void put_float(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    put_number(bits, 4);
}

static void put_string(const char *text)
{
    put_number(strlen(text), 8);
    put(text, strlen(text));
}

static void begin(uint32_t version, uint64_t tensors, uint64_t pairs)
{
    used = 0;
    put("GGUF", 4);
    put_number(version, 4);
    put_number(tensors, 8);
    put_number(pairs, 8);
}

static void key(const char *name, uint32_t type)
{
    put_string(name);
    put_number(type, 4);
}

static void key_number(const char *name, uint32_t type, uint64_t value, size_t size)
{
    key(name, type);
    put_number(value, size);
}

static void key_u32(const char *name, uint32_t value) { key_number(name, U32, value, 4); }

static void key_float(const char *name, float value)
{
    key(name, F32);
    put_float(value);
}

static void key_string(const char *name, const char *text)
{
    key(name, STRING);
    put_string(text);
}

/* An array without its elements. */
static void key_array(const char *name, uint32_t type, uint64_t count)
{
    key(name, ARRAY);
    put_number(type, 4);
    put_number(count, 8);
}

/* Dimensions as everywhere here, outermost first; columns 0: of rank 1. */
static void describe(const char *name, uint64_t rows, uint64_t columns, uint32_t type, uint64_t offset)
{
    put_string(name);
    put_number(columns ? 2 : 1, 4);
    if (columns) put_number(columns, 8);
    put_number(rows, 8);
    put_number(type, 4);
    put_number(offset, 8);
}

static void pad(size_t alignment)
{
    while (used % alignment) put("", 1);
}

static const char *saved(void)
{
    put_bytes("x.gguf", bytes, used);
    return in_scratch("x.gguf");
}

static gguf *opened(void)
{
    puma_error e = { 0 };
    gguf      *g;

    gguf_open(&g, saved(), &e);
    assert_string_equal(e.text, "");
    assert_non_null(g);
    return g;
}

static void refused(unsigned code, const char *part)
{
    puma_error e = { 0 }, again = { 0 };
    gguf      *g;
    weights   *w;

    assert_int_equal(gguf_open(&g, saved(), &e), PUMA_EMODEL);
    assert_null(g);
    if (e.code != code || !strstr(e.text, part))
        fail_msg("expected %u with \"%s\", got %u: %s", code, part, e.code, e.text);
    assert_int_equal(weights_open(&w, scratch, &again), PUMA_EMODEL);
    assert_null(w);
    assert_int_equal(again.code, code);
}

/* --- metadata --------------------------------------------------------------------------------- */

static bool accessor_fails(puma_status status, puma_error *e, const char *part)
{
    bool right = status == PUMA_EMODEL && e->code == 403 && strstr(e->text, part);

    if (!right) print_error("expected 403 with \"%s\", got %u: %s\n", part, e->code, e->text);
    *e = (puma_error){ 0 };
    return right;
}

static void reads_values_of_every_type(void **state)
{
    static const struct {
        uint32_t type;
        size_t   size;
        uint64_t bits;
        int64_t  value;
    } integers[] = {
        { U8, 1, 200, 200 },
        { I8, 1, 200, -56 },
        { U16, 2, 65535, 65535 },
        { I16, 2, 0x8000, -32768 },
        { U32, 4, 4294967295, 4294967295 },
        { I32, 4, 0xffffffff, -1 },
        { U64, 8, 1ull << 62, 1ll << 62 },
        { I64, 8, 1ull << 63, INT64_MIN },
        { U64, 8, UINT64_MAX, INT64_MAX },
    };
    const size_t      count = sizeof integers / sizeof *integers;
    puma_error        e = { 0 };
    const gguf_array *list;
    gguf_text         text;
    uint64_t          number;
    double            real;
    bool              flag;
    gguf             *g;

    (void)state;
    begin(3, 0, 2 * count + 10);
    for (size_t i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "list.%zu", i);
        key_array(name, integers[i].type, 2);
        put_number(7, integers[i].size);
        put_number(integers[i].bits, integers[i].size);
        snprintf(name, sizeof name, "one.%zu", i);
        key_number(name, integers[i].type, integers[i].bits, integers[i].size);
    }
    key_string("text", "Gr\xc3\xbc\xc3\x9f dich");
    key_string("empty", "");
    key_number("yes", BOOL, 1, 1);
    key_float("narrow", 1e-5f);
    key_number("wide", F64, 0x3fb999999999999aull, 8);
    key_array("words", STRING, 3);
    put_string("a");
    put_string("");
    put_number(3, 8);
    put("b\0c", 3);
    key_array("floats", F32, 2);
    put_float(-0.1f);
    put_float(INFINITY);
    key_array("flags", BOOL, 2);
    put("\1", 2);
    key_array("nothing", STRING, 0);
    key_float("infinite", -INFINITY);
    g = opened();
    for (size_t i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "one.%zu", i);
        if (integers[i].value >= 0) {
            assert_int_equal(gguf_unsigned(g, name, &number, &e), PUMA_OK);
            assert_true(number == integers[i].bits);
        } else {
            assert_true(accessor_fails(gguf_unsigned(g, name, &number, &e), &e, "out of range (got -"));
        }
        snprintf(name, sizeof name, "list.%zu", i);
        assert_int_equal(gguf_list(g, name, GGUF_INTEGERS, &list, &e), PUMA_OK);
        assert_int_equal(gguf_length(list), 2);
        assert_true(gguf_integer_at(list, 0) == 7 && gguf_integer_at(list, 1) == integers[i].value);
    }
    assert_int_equal(gguf_string(g, "text", &text, &e), PUMA_OK);
    assert_true(gguf_equal(text, "Gr\xc3\xbc\xc3\x9f dich") && !gguf_equal(text, "Gr") &&
                !gguf_equal(text, ""));
    assert_int_equal(gguf_string(g, "empty", &text, &e), PUMA_OK);
    assert_true(gguf_equal(text, ""));
    assert_int_equal(gguf_bool(g, "yes", &flag, &e), PUMA_OK);
    assert_true(flag);
    assert_int_equal(gguf_number(g, "narrow", &real, &e), PUMA_OK);
    assert_true(real == 1e-5);
    assert_int_equal(gguf_number(g, "wide", &real, &e), PUMA_OK);
    assert_true(real == 0.1);
    assert_int_equal(gguf_list(g, "words", GGUF_STRINGS, &list, &e), PUMA_OK);
    assert_int_equal(gguf_length(list), 3);
    assert_true(gguf_equal(gguf_text_at(list, 0), "a") && gguf_equal(gguf_text_at(list, 1), ""));
    assert_int_equal(gguf_text_at(list, 2).size, 3);
    assert_memory_equal(gguf_text_at(list, 2).bytes, "b\0c", 3);
    assert_int_equal(gguf_list(g, "floats", GGUF_FLOATS, &list, &e), PUMA_OK);
    assert_true(gguf_float_at(list, 0) == (double)-0.1f && isinf(gguf_float_at(list, 1)));
    assert_int_equal(gguf_list(g, "flags", GGUF_BOOLS, &list, &e), PUMA_OK);
    assert_true(gguf_integer_at(list, 0) == 1 && gguf_integer_at(list, 1) == 0);
    assert_int_equal(gguf_list(g, "nothing", GGUF_STRINGS, &list, &e), PUMA_OK);
    assert_int_equal(gguf_length(list), 0);

    assert_true(gguf_has(g, "text") && !gguf_has(g, "tex") && !gguf_has(g, "text2"));
    assert_true(accessor_fails(gguf_string(g, "tex", &text, &e), &e, "x.gguf: tex: missing"));
    assert_true(accessor_fails(gguf_string(g, "yes", &text, &e), &e, "yes: not a string (it is bool)"));
    assert_true(
        accessor_fails(gguf_string(g, "words", &text, &e), &e, "not a string (it is an array of string)"));
    assert_true(accessor_fails(gguf_bool(g, "one.0", &flag, &e), &e, "not a bool (it is uint8)"));
    assert_true(
        accessor_fails(gguf_unsigned(g, "wide", &number, &e), &e, "not a whole number (it is float64)"));
    assert_true(accessor_fails(gguf_unsigned(g, "list.0", &number, &e), &e, "not a whole number"));
    assert_true(accessor_fails(gguf_number(g, "one.4", &real, &e), &e, "not a number (it is uint32)"));
    assert_true(accessor_fails(gguf_number(g, "infinite", &real, &e), &e, "infinite: not a finite number"));
    assert_true(accessor_fails(gguf_list(g, "text", GGUF_STRINGS, &list, &e), &e, "not an array of strings"));
    assert_true(
        accessor_fails(gguf_list(g, "floats", GGUF_INTEGERS, &list, &e), &e, "an array of whole numbers"));
    assert_true(accessor_fails(gguf_list(g, "flags", GGUF_FLOATS, &list, &e), &e, "an array of numbers"));
    assert_null(list);
    gguf_close(g);
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* The offsets are not in the order of the descriptions, and padding stands between. */
static void reads_tensors_of_every_type(void **state)
{
    const double        d = 0.375, m = -2.5; /* as halves: 0x3600, 0xc100 */
    double              values[96];
    puma_error          e = { 0 };
    const weights_info *t;
    weights            *w;

    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        begin(version, 7, 1);
        key_u32("general.alignment", 64);
        describe("eight", 1, 32, 8, 64);
        describe("four0", 32, 0, 2, 192);
        describe("four1", 2, 32, 3, 128);
        describe("single", 2, 3, 0, 0);
        describe("half", 3, 0, 1, 256);
        describe("brain", 1, 0, 30, 320);
        describe("count", 1, 0, 26, 384);
        pad(64);
        data_at = used;
        for (int i = 0; i < 6; i++) put_float((float)i - 2.5f);
        pad(64);
        put("\x00\x36", 2); /* Q8_0 */
        for (int i = 0; i < 32; i++) put_number((uint64_t)(i * 8 - 128), 1);
        pad(64);
        for (int row = 0; row < 2; row++) { /* Q4_1 */
            put("\x00\x36\x00\xc1", 4);
            for (int i = 0; i < 16; i++) put_number((uint64_t)(row ? 15 - i + 16 * i : i + 16 * (15 - i)), 1);
        }
        pad(64);
        put("\x00\xb6", 2); /* Q4_0, d negative */
        for (int i = 0; i < 16; i++) put_number((uint64_t)(i + 16 * (15 - i)), 1);
        pad(64);
        put("\x00\x3c\x00\xc0\x01\x00", 6);
        pad(64);
        put("\x40\xc0", 2); /* BF16 -3 */
        pad(64);
        put("\7\0\0\0", 4);
        pad(64);
        saved();
        weights_open(&w, scratch, &e);
        assert_string_equal(e.text, "");
        assert_int_equal(weights_count(w), 7);
        t = weights_find(w, "single");
        assert_true(t->rank == 2 && t->dim[0] == 2 && t->dim[1] == 3 && t->n == 6);
        assert_int_equal(weights_read(w, t, values, &e), PUMA_OK);
        for (int i = 0; i < 6; i++) assert_true(values[i] == i - 2.5);
        assert_int_equal(weights_read(w, weights_find(w, "eight"), values, &e), PUMA_OK);
        for (int i = 0; i < 32; i++) assert_true(values[i] == d * (i * 8 - 128));
        assert_int_equal(weights_read(w, weights_find(w, "four1"), values, &e), PUMA_OK);
        for (int i = 0; i < 16; i++) {
            assert_true(values[i] == d * i + m && values[16 + i] == d * (15 - i) + m);
            assert_true(values[32 + i] == d * (15 - i) + m && values[48 + i] == d * i + m);
        }
        assert_int_equal(weights_read(w, weights_find(w, "four0"), values, &e), PUMA_OK);
        for (int i = 0; i < 16; i++)
            assert_true(values[i] == -d * (i - 8) && values[16 + i] == -d * (15 - i - 8));
        assert_int_equal(weights_read(w, weights_find(w, "half"), values, &e), PUMA_OK);
        assert_true(values[0] == 1 && values[1] == -2 && values[2] == 0x1p-24);
        assert_int_equal(weights_read(w, weights_find(w, "brain"), values, &e), PUMA_OK);
        assert_true(values[0] == -3);
        /* An integer may stand in the file; it is no weight. */
        assert_int_equal(weights_read(w, weights_find(w, "count"), values, &e), PUMA_EMODEL);
        assert_int_equal(e.code, 414);
        assert_non_null(strstr(e.text, "tensor count: dtype I32"));
        e = (puma_error){ 0 };
        weights_close(w);
        /* The first scale becomes infinite. */
        bytes[data_at + 64 + 1] = 0x7c;
        saved();
        assert_int_equal(weights_open(&w, scratch, &e), PUMA_OK);
        assert_int_equal(weights_read(w, weights_find(w, "eight"), values, &e), PUMA_EMODEL);
        assert_int_equal(e.code, 417);
        assert_non_null(strstr(e.text, "tensor eight: element 0 is not a finite number"));
        e = (puma_error){ 0 };
        weights_close(w);
    }
}

/* A type whose size is known but which nothing converts lets the metadata be read. */
static void opens_files_whose_types_it_does_not_convert(void **state)
{
    double     value[256];
    puma_error e = { 0 };
    weights   *w;

    (void)state;
    begin(3, 1, 0);
    describe("k", 1, 256, 16, 0);
    pad(32);
    memset(bytes + used, 0, 96);
    used += 96; /* 66 and padding */
    gguf_close(opened());
    assert_int_equal(weights_open(&w, scratch, &e), PUMA_OK);
    assert_int_equal(weights_read(w, weights_find(w, "k"), value, &e), PUMA_EMODEL);
    assert_int_equal(e.code, 414);
    assert_non_null(strstr(e.text, "tensor k: dtype IQ2_XXS"));
    weights_close(w);
}

/* Whoever computes on blocks gets them as they are in the file. */
static void serves_blocks_as_they_are_stored(void **state)
{
    static const size_t bad[4][2] = { { 128, 128 }, { 0, 128 }, { 512, 256 }, { SIZE_MAX - 255, 512 } };
    unsigned char       block[144], wanted[144];
    double              values[512], alone[256];
    puma_error          e = { 0 };
    const weights_info *t;
    weights            *w;

    (void)state;
    begin(3, 1, 0);
    describe("k", 2, 256, 12, 0);
    pad(32);
    data_at = used;
    for (size_t i = 0; i < 288; i++) put_number(i % 4 == 1 ? i % 64 : 7 * i, 1);
    memcpy(wanted, bytes + data_at + 144, 144);
    saved();
    assert_int_equal(weights_open(&w, scratch, &e), PUMA_OK);
    t = weights_find(w, "k");
    assert_int_equal(weights_read(w, t, values, &e), PUMA_OK);
    assert_int_equal(weights_blocks(w, t, 256, 256, block, &e), PUMA_OK);
    assert_memory_equal(block, wanted, sizeof block);
    t->type->values(block, alone);
    assert_memory_equal(alone, values + 256, sizeof alone);
    assert_int_equal(weights_blocks(w, t, 512, 0, block, &e), PUMA_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(weights_blocks(w, t, bad[i][0], bad[i][1], block, &e), PUMA_EINTERNAL);
        e = (puma_error){ 0 };
    }
    weights_close(w);
}

/* --- a model ---------------------------------------------------------------------------------- */

#define LAYERS 2
#define HIDDEN 16
#define HEADS 4
#define KV_HEADS 2
#define WIDE 24
#define WORDS 10

typedef struct part {
    const char *gguf, *role;
    size_t      rows, columns; /* 0: a vector */
    bool        in_layer;
    size_t      heads; /* permuted when the family is llama */
} part;

static const part PARTS[] = {
    { "token_embd.weight", "embedding.token", WORDS, HIDDEN, false, 0 },
    { "output_norm.weight", "final.norm.gain", HIDDEN, 0, false, 0 },
    { "output.weight", "head.out.weight", WORDS, HIDDEN, false, 0 },
    { "attn_norm.weight", "layer.attention_norm.gain", HIDDEN, 0, true, 0 },
    { "attn_q.weight", "layer.query.weight", HIDDEN, HIDDEN, true, HEADS },
    { "attn_k.weight", "layer.key.weight", HIDDEN / HEADS *KV_HEADS, HIDDEN, true, KV_HEADS },
    { "attn_v.weight", "layer.value.weight", HIDDEN / HEADS *KV_HEADS, HIDDEN, true, 0 },
    { "attn_output.weight", "layer.output.weight", HIDDEN, HIDDEN, true, 0 },
    { "ffn_norm.weight", "layer.mlp_norm.gain", HIDDEN, 0, true, 0 },
    { "ffn_gate.weight", "layer.gate.weight", WIDE, HIDDEN, true, 0 },
    { "ffn_up.weight", "layer.up.weight", WIDE, HIDDEN, true, 0 },
    { "ffn_down.weight", "layer.down.weight", HIDDEN, WIDE, true, 0 },
    /* of qwen2 alone */
    { "attn_q.bias", "layer.query.bias", HIDDEN, 0, true, HEADS },
    { "attn_k.bias", "layer.key.bias", HIDDEN / HEADS *KV_HEADS, 0, true, KV_HEADS },
    { "attn_v.bias", "layer.value.bias", HIDDEN / HEADS *KV_HEADS, 0, true, 0 },
};
#define PART_COUNT (sizeof PARTS / sizeof *PARTS)

/* What row r, column c of a part is to be when the model has been read. */
static double wanted(size_t which, int layer, size_t r, size_t c)
{
    return (double)which + layer / 4.0 + (double)r / 64 + (double)c / 4096;
}

static const char *part_name(const part *p, int layer)
{
    static char name[64];

    if (p->in_layer)
        snprintf(name, sizeof name, "blk.%d.%s", layer, p->gguf);
    else
        snprintf(name, sizeof name, "%s", p->gguf);
    return name;
}

typedef struct options {
    const char *family;
    bool        tied, biases;
    uint32_t    more; /* pairs that `add` writes */
    void (*add)(const char *family);
    const char *extra; /* a tensor of one number */
} options;

static void family_key(const char *family, const char *rest, uint32_t value)
{
    char name[96];

    snprintf(name, sizeof name, "%s.%s", family, rest);
    key_u32(name, value);
}

static void write_model(const options *o)
{
    char     name[96];
    size_t   offset = 0;
    uint64_t tensors = o->extra ? 1 : 0;

    for (int pass = 0; pass < 3; pass++) {
        if (pass == 1) {
            begin(3, tensors, 10 + o->more);
            key_string("general.architecture", o->family);
            family_key(o->family, "block_count", LAYERS);
            family_key(o->family, "context_length", 64);
            family_key(o->family, "embedding_length", HIDDEN);
            family_key(o->family, "feed_forward_length", WIDE);
            family_key(o->family, "attention.head_count", HEADS);
            family_key(o->family, "attention.head_count_kv", KV_HEADS);
            snprintf(name, sizeof name, "%s.attention.layer_norm_rms_epsilon", o->family);
            key_float(name, 1e-6f);
            snprintf(name, sizeof name, "%s.rope.freq_base", o->family);
            key_float(name, 5e5f);
            key_u32("tokenizer.ggml.eos_token_id", 2);
            if (o->add) o->add(o->family);
        }
        if (pass == 2) {
            if (o->extra) describe(o->extra, 1, 0, 0, offset);
            padding_at = used;
            pad(32);
            data_at = used;
        }
        for (size_t i = 0; i < PART_COUNT; i++) {
            const part *p = &PARTS[i];
            size_t      n = p->rows * (p->columns ? p->columns : 1), h = p->heads ? p->rows / p->heads : 0;

            if ((o->tied && strcmp(p->gguf, "output.weight") == 0) ||
                (!o->biases && strstr(p->gguf, ".bias")))
                continue;
            for (int layer = 0; layer < (p->in_layer ? LAYERS : 1); layer++) {
                if (pass == 0) tensors++;
                if (pass == 1) {
                    describe(part_name(p, layer), p->rows, p->columns, 0, offset);
                    offset = (offset + 4 * n + 31) / 32 * 32;
                }
                for (size_t k = 0; k < n && pass == 2; k++) {
                    size_t c = p->columns ? k % p->columns : 0, r = p->columns ? k / p->columns : k;

                    /* The writer's rule: view a head's rows as (2, h/2) and swap the two. */
                    if (h && strcmp(o->family, "llama") == 0) r = r / h * h + r % h % 2 * (h / 2) + r % h / 2;
                    put_float((float)wanted(i, layer, r, c));
                }
                if (pass == 2) pad(32);
            }
        }
        if (pass == 2 && o->extra) {
            put_float(1);
            pad(32);
        }
    }
}

static void check_model(const char *path, const options *o, size_t expected)
{
    puma_error    e = { 0 };
    model        *m;
    model_source *s;
    size_t        checked = 0;

    model_open(&m, path, "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e);
    assert_string_equal(e.text, "");
    assert_string_equal(m->architecture, o->family);
    assert_true(m->layers == LAYERS && m->hidden == HIDDEN && m->heads == HEADS && m->vocabulary == WORDS);
    assert_true(m->intermediate == WIDE && m->max_tokens == 64 && m->epsilon == 1e-6);
    assert_int_equal(m->activation, MODEL_SILU);
    model_source_checkpoint(&s, m, path, &e);
    assert_string_equal(e.text, "");
    for (size_t t = 0; t < m->tensor_count; t++) {
        size_t which = 0, n = m->tensors[t].dim[0] * (m->tensors[t].rank == 2 ? m->tensors[t].dim[1] : 1),
               where;
        double *values, largest = 0;

        while (which < PART_COUNT && strcmp(PARTS[which].role, m->tensors[t].role) != 0) which++;
        assert_true(which < PART_COUNT);
        assert_int_equal(m->tensors[t].dim[0], PARTS[which].rows);
        assert_int_equal(model_values(s, t, &values, &e), PUMA_OK);
        for (size_t k = 0; k < n; k++) {
            size_t columns = PARTS[which].columns ? PARTS[which].columns : 1;
            int    layer = m->tensors[t].layer < 0 ? 0 : m->tensors[t].layer;

            assert_true(values[k] == wanted(which, layer, k / columns, k % columns));
            largest = fmax(largest, values[k]);
        }
        assert_true(model_max_abs(s, t, &where) == largest && values[where] == largest);
        free(values);
        checked++;
    }
    assert_int_equal(checked, expected);
    model_source_close(s);
    model_close(m);
}

/* Queries and keys come out as safetensors have them, whichever way the family stores them. */
static void serves_a_model_as_safetensors_would(void **state)
{
    static const options kinds[] = {
        { "llama", false, false, 0, NULL, NULL },
        { "llama", true, false, 0, NULL, NULL },
        { "qwen2", false, true, 0, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t expected = (kinds[i].tied ? 2u : 3u) + LAYERS * (kinds[i].biases ? 12u : 9u);

        write_model(&kinds[i]);
        check_model(saved(), &kinds[i], expected);
        check_model(scratch, &kinds[i], expected); /* alone in its folder */
    }
}

static void linear_scaling(const char *family)
{
    char name[96];

    snprintf(name, sizeof name, "%s.rope.scaling.type", family);
    key_string(name, "linear");
    snprintf(name, sizeof name, "%s.rope.scaling.factor", family);
    key_float(name, 4);
    family_key(family, "attention.key_length", HIDDEN / HEADS);
    family_key(family, "attention.value_length", HIDDEN / HEADS);
    family_key(family, "rope.dimension_count", HIDDEN / HEADS);
    family_key(family, "vocab_size", WORDS);
}

static void says_what_config_json_would(void **state)
{
    static const char tied[] =
        "{\"attention_bias\":false,\"eos_token_id\":2,\"hidden_act\":\"silu\",\"hidden_size\":16,"
        "\"intermediate_size\":24,\"max_position_embeddings\":64,\"mlp_bias\":false,\"model_type\":\"llama\","
        "\"num_attention_heads\":4,\"num_hidden_layers\":2,\"num_key_value_heads\":2,\"rms_norm_eps\":1e-6,"
        "\"rope_theta\":500000.0,\"tie_word_embeddings\":true,\"vocab_size\":10}";
    puma_error e = { 0 };
    json_t    *config, *expected = json_loads(tied, 0, NULL);
    gguf      *g;

    (void)state;
    write_model(&(options){ "llama", true, false, 0, NULL, NULL });
    g = opened();
    assert_int_equal(gguf_config(g, &config, &e), PUMA_OK);
    if (!json_equal(config, expected)) fail_msg("%s", json_dumps(config, JSON_SORT_KEYS));
    json_decref(config);
    gguf_close(g);
    json_decref(expected);

    write_model(&(options){ "llama", false, false, 6, linear_scaling, NULL });
    g = opened();
    assert_int_equal(gguf_config(g, &config, &e), PUMA_OK);
    assert_false(json_boolean_value(json_object_get(config, "tie_word_embeddings")));
    assert_int_equal(json_integer_value(json_object_get(config, "head_dim")), 4);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(config, "rope_scaling"), "rope_type")), "linear");
    assert_true(json_real_value(json_object_get(json_object_get(config, "rope_scaling"), "factor")) == 4);
    json_decref(config);
    gguf_close(g);
}

static void add_experts(const char *family) { family_key(family, "expert_count", 8); }
static void add_split(const char *family)
{
    (void)family;
    key_number("split.count", U16, 2, 2);
}
static void add_part_of_rope(const char *family) { family_key(family, "rope.dimension_count", 2); }
static void family_float(const char *family, const char *rest, float value)
{
    char name[96];

    snprintf(name, sizeof name, "%s.%s", family, rest);
    key_float(name, value);
}

static void family_string(const char *family, const char *rest, const char *value)
{
    char name[96];

    snprintf(name, sizeof name, "%s.%s", family, rest);
    key_string(name, value);
}

static void add_unknown_scaling(const char *family) { family_string(family, "rope.scaling.type", "ntk"); }
static void add_scale(const char *family) { family_float(family, "logit_scale", 0.5f); }
static void add_warm_linear(const char *family)
{
    family_float(family, "rope.scaling.factor", 2);
    family_float(family, "rope.scaling.attn_factor", 1.5f);
}
static void add_negative_factor(const char *family)
{
    family_float(family, "rope.scaling.factor", -2);
    family_string(family, "rope.scaling.type", "linear");
}
static void add_value_length(const char *family) { family_key(family, "attention.value_length", 8); }
static void add_vocabulary(const char *family) { family_key(family, "vocab_size", 11); }
static void add_window(const char *family) { family_key(family, "attention.sliding_window", 8); }

static void refuses_models_that_it_would_compute_wrongly(void **state)
{
    static const struct {
        options     o;
        unsigned    code;
        const char *part;
    } models[] = {
        { { "llama", true, false, 1, add_experts, NULL }, 404, "x.gguf: llama.expert_count: experts" },
        { { "llama", true, false, 1, add_split, NULL }, 404, "x.gguf: split.count: " },
        { { "llama", true, false, 1, add_part_of_rope, NULL }, 404, "x.gguf: llama.rope.dimension_count: " },
        { { "qwen2", true, true, 1, add_value_length, NULL }, 404, "x.gguf: qwen2.attention.value_length: " },
        { { "llama", true, false, 1, add_vocabulary, NULL },
          421,
          "tensor token_embd.weight: 10 rows, but llama.vocab_size is 11" },
        { { "llama", true, false, 1, add_window, NULL }, 404, "sliding_window" },
        { { "llama", true, false, 0, NULL, "rope_freqs.weight" },
          403,
          "short_factor: not a list of 2 numbers" },
        { { "llama", true, false, 1, add_unknown_scaling, NULL },
          404,
          "x.gguf: llama.rope.scaling.type: ntk is not" },
        { { "llama", true, false, 2, add_warm_linear, NULL },
          404,
          "x.gguf: llama.rope.scaling.attn_factor: 1.5 is not" },
        { { "llama", true, false, 1, add_scale, NULL },
          404,
          "x.gguf: llama.logit_scale: 0.5 is not supported (1 is)" },
        { { "qwen2", true, true, 2, add_negative_factor, NULL },
          403,
          "rope_scaling.factor: not a number in its range" },
        { { "llama", true, false, 0, NULL, "rope_factors_long.weight" },
          404,
          "tensor rope_factors_long.weight: longrope" },
        /* A part that nobody would read. */
        { { "llama", true, true, 0, NULL, NULL },
          404,
          "tensor blk.0.attn_q.bias: llama models with such a part are not" },
        { { "qwen2", true, true, 0, NULL, "blk.1.attn_output.bias" },
          404,
          "tensor blk.1.attn_output.bias: qwen2 models" },
        { { "llama", true, false, 0, NULL, "blk.0.attn_q_norm.weight" },
          404,
          "tensor blk.0.attn_q_norm.weight: " },
        { { "llama", true, false, 0, NULL, "blk.0attn_q.weight" }, 404, "tensor blk.0attn_q.weight: " },
        { { "gpt2", true, false, 0, NULL, NULL }, 404, "general.architecture: gpt2 is not supported" },
        { { "", true, false, 0, NULL, NULL }, 404, "general.architecture:  is not supported" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        puma_error e = { 0 };
        model     *m;

        write_model(&models[i].o);
        assert_int_equal(model_open(&m, saved(), "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e),
                         PUMA_EMODEL);
        if (e.code != models[i].code || !strstr(e.text, models[i].part))
            fail_msg("expected %u with \"%s\", got %u: %s", models[i].code, models[i].part, e.code, e.text);
    }
}

static void add_factor(const char *family) { family_float(family, "rope.scaling.factor", 4); }
static void add_older_factor(const char *family) { family_float(family, "rope.scale_linear", 4); }
static void add_both_factors(const char *family)
{
    family_float(family, "rope.scale_linear", 8);
    family_float(family, "rope.scaling.factor", 4);
}
static void add_no_factor(const char *family)
{
    family_string(family, "rope.scaling.type", "linear");
    family_float(family, "rope.scaling.factor", 0);
}
static void add_none(const char *family)
{
    family_string(family, "rope.scaling.type", "none");
    family_float(family, "rope.scaling.factor", 4);
}
static void add_yarn(const char *family)
{
    family_string(family, "rope.scaling.type", "yarn");
    family_float(family, "rope.scaling.factor", 4);
    family_key(family, "rope.scaling.original_context_length", 16);
}
static void add_warm_yarn(const char *family)
{
    add_yarn(family);
    family_float(family, "rope.scaling.attn_factor", 0.5f);
    family_float(family, "rope.scaling.yarn_beta_fast", 8);
    family_float(family, "rope.scaling.yarn_beta_slow", 2);
}

/* Files say it in several ways; the angles are those of a config.json that says the same. */
static void scales_rotary_positions_as_config_json_would(void **state)
{
#define SAME                                                                                                 \
    "{\"model_type\":\"llama\",\"hidden_size\":16,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_"  \
    "key_value_heads\":2,"                                                                                   \
    "\"intermediate_size\":24,\"vocab_size\":10,\"max_position_embeddings\":64,\"rope_theta\":500000.0"
#define SCALED(members) SAME ",\"rope_scaling\":{" members "}}"
    static const struct {
        options     o;
        const char *config;
    } ways[] = {
        { { "llama", true, false, 0, NULL, NULL }, SAME "}" },
        { { "llama", true, false, 1, add_factor, NULL }, SCALED("\"type\":\"linear\",\"factor\":4") },
        { { "qwen2", true, true, 1, add_factor, NULL }, SCALED("\"type\":\"linear\",\"factor\":4") },
        { { "llama", true, false, 1, add_older_factor, NULL }, SCALED("\"type\":\"linear\",\"factor\":4") },
        { { "llama", true, false, 2, add_both_factors, NULL }, SCALED("\"type\":\"linear\",\"factor\":4") },
        { { "llama", true, false, 2, add_no_factor, NULL }, SAME "}" },
        { { "llama", true, false, 2, add_none, NULL }, SAME "}" },
        { { "llama", true, false, 3, add_yarn, NULL },
          SCALED("\"type\":\"yarn\",\"factor\":4,\"original_max_position_embeddings\":16") },
        { { "llama", true, false, 6, add_warm_yarn, NULL },
          SCALED("\"type\":\"yarn\",\"factor\":4,\"original_max_position_embeddings\":16,\"beta_fast\":8,"
                 "\"beta_slow\":2,"
                 "\"attention_factor\":0.56931471805599454") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        puma_error e = { 0 };
        model     *file, *config;

        write_model(&ways[i].o);
        model_open(&file, saved(), "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e);
        assert_string_equal(e.text, "");
        put_bytes("config.json", ways[i].config, strlen(ways[i].config));
        model_open(&config, in_scratch("config.json"), "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e);
        assert_string_equal(e.text, "");
        for (size_t k = 0; k < 2; k++)
            if (fabs(file->rotary[k] / config->rotary[k] - 1) > 1e-12)
                fail_msg("way %zu: angle %zu is %.17g, expected %.17g", i, k, file->rotary[k],
                         config->rotary[k]);
        assert_true(fabs(file->attention_factor / config->attention_factor - 1) <= 1e-12);
        model_close(file);
        model_close(config);
    }
}

/* Each key in turn is called something else, or becomes an array. */
static void names_the_key_that_is_missing(void **state)
{
    static const char *const keys[] = { "general.architecture",
                                        "llama.block_count",
                                        "llama.context_length",
                                        "llama.embedding_length",
                                        "llama.feed_forward_length",
                                        "llama.attention.head_count",
                                        "llama.attention.layer_norm_rms_epsilon" };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        puma_error     e = { 0 };
        unsigned char *at;
        char           said[120];
        model         *m;

        write_model(&(options){ "llama", true, false, 0, NULL, NULL });
        at = memmem(bytes, used, keys[i], strlen(keys[i]));
        assert_non_null(at);
        at[strlen(keys[i]) - 1]++; /* no key is the beginning of another that has this length */
        assert_int_equal(model_open(&m, saved(), "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e),
                         PUMA_EMODEL);
        snprintf(said, sizeof said, "x.gguf: %s: missing", keys[i]);
        if (e.code != 403 || !strstr(e.text, said)) fail_msg("expected %s, got %u: %s", said, e.code, e.text);
    }
}

static void chooses_among_the_files_of_a_folder(void **state)
{
    static const options o = { "llama", true, false, 0, NULL, NULL };
    puma_error           e = { 0 };
    weights             *w;
    model               *m;
    gguf                *g;

    (void)state;
    assert_int_equal(weights_open(&w, scratch, &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "nor a .gguf file"));
    write_model(&o);
    saved();
    put_bytes(".hidden.gguf", "GGUF", 4); /* none of ours, as editors and downloads leave them */
    check_model(scratch, &o, 2 + LAYERS * 9);
    /* config.json beside it is the one that is read. */
    put_bytes("config.json", "{}", 2);
    e = (puma_error){ 0 };
    assert_int_equal(model_open(&m, scratch, "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "config.json: model_type: missing"));
    assert_int_equal(unlink(in_scratch("config.json")), 0);
    put_bytes("y.gguf", bytes, used);
    for (int i = 0; i < 2; i++) {
        e = (puma_error){ 0 };
        assert_int_equal(i ? weights_open(&w, scratch, &e)
                           : model_open(&m, scratch, "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e),
                         PUMA_EMODEL);
        assert_int_equal(e.code, 401);
        assert_non_null(strstr(e.text, "holds several .gguf files"));
    }
    check_model(in_scratch("y.gguf"), &o, 2 + LAYERS * 9);
    /* Of two formats the checkpoint is the one that comes with the rest of its folder. */
    put_bytes("model.safetensors", "\2\0\0\0\0\0\0\0{}", 10);
    e = (puma_error){ 0 };
    assert_int_equal(weights_open(&w, scratch, &e), PUMA_OK);
    assert_int_equal(weights_count(w), 0);
    weights_close(w);
    assert_int_equal(mkdir(in_scratch("d.gguf"), 0700), 0);
    assert_int_equal(gguf_open(&g, in_scratch("d.gguf"), &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "d.gguf: not a regular file"));
    e = (puma_error){ 0 };
    assert_int_equal(mkfifo(in_scratch("p.gguf"), 0600), 0);
    assert_int_equal(gguf_open(&g, in_scratch("p.gguf"), &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "p.gguf: not a regular file"));
}

/* --- and nothing else ------------------------------------------------------------------------- */

static void refuses_bad_heads(void **state)
{
    static const uint64_t counts[] = { 1, 1000, 65537, 1ull << 32, 1ull << 61, 1ull << 63, UINT64_MAX };

    (void)state;
    for (size_t size = 0; size < 24; size++) {
        begin(3, 0, 0);
        used = size;
        refused(410, "too short: not GGUF");
    }
    begin(3, 0, 0);
    gguf_close(opened()); /* nothing in it is legal */
    bytes[0] = 'g';
    refused(410, "byte 0: not GGUF");
    begin(1, 0, 0);
    refused(410, "version 1 of GGUF is not supported");
    begin(4, 0, 0);
    refused(410, "version 4");
    begin(0x03000000, 0, 0);
    refused(410, "big-endian");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        begin(3, 0, counts[i]);
        refused(411, "number of key-value pairs out of range");
        begin(3, counts[i], 0);
        refused(411, "number of tensors out of range");
    }
    begin(3, 0, 2); /* one less than it says */
    key_u32("a", 1);
    put_number(0, 30);
    refused(411, "key 1: length out of range (got 0");
}

static void refuses_bad_pairs(void **state)
{
    static const uint64_t lengths[] = { 17,         1ull << 31, 1ull << 32,    1ull << 62,
                                        1ull << 63, UINT64_MAX, UINT64_MAX - 7 };

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        begin(3, 0, 1); /* a key */
        put_number(lengths[i], 8);
        put_number(0, 16);
        refused(411, "key 0: goes beyond the file");
        begin(3, 0, 1); /* a string */
        key("k", STRING);
        put_number(lengths[i], 8);
        put_number(0, 16);
        refused(411, "k: goes beyond the file");
        for (uint32_t type = 0; type < 13; type++) { /* an array */
            if (type == ARRAY) continue;
            begin(3, 0, 1);
            key_array("k", type, lengths[i]);
            put_number(0, 16);
            refused(411, "k: goes beyond the file");
        }
        begin(3, 0, 1); /* a string in an array */
        key_array("k", STRING, 1);
        put_number(lengths[i], 8);
        put_number(0, 16);
        refused(411, "k: goes beyond the file");
    }
    begin(3, 0, 1);
    key_array("k", ARRAY, 1);
    put_number(0, 64);
    refused(411, "k: an array of arrays is not supported");
    begin(3, 0, 1);
    key_number("k", 13, 0, 8);
    refused(411, "k: unknown type of value (got 13)");
    begin(3, 0, 1);
    key_array("k", 0xffffffff, 1);
    put_number(0, 8);
    refused(411, "k: unknown type of value (got 4294967295)");
    begin(3, 0, 1);
    key_number("k", BOOL, 2, 1);
    refused(411, "k: a bool that is neither 0 nor 1 (got 2)");
    begin(3, 0, 2);
    key_u32("same", 1);
    key_float("same", 1);
    refused(411, "same: the key is there twice");
    begin(3, 0, 1);
    put_number(3, 8);
    put("a\0b", 3);
    put_number(U32, 4);
    put_number(0, 4);
    refused(411, "key 0: holds a NUL byte");
    for (uint32_t i = 0; i < 5; i++) {
        static const uint32_t bad[] = { 0, 1, 12, 48, 1u << 17 };

        begin(3, 0, 1);
        key_u32("general.alignment", bad[i]);
        refused(411, "general.alignment: not a power of two from 8 to 65536");
    }
    begin(3, 0, 1);
    key_string("general.alignment", "32");
    refused(403, "general.alignment: not a whole number");
}

/* One tensor, or two, and so many bytes of data. */
static void two(const char *first, uint64_t n, uint32_t type, uint64_t at, const char *second, uint64_t m,
                uint64_t at2, size_t data)
{
    begin(3, second ? 2 : 1, 0);
    describe(first, n, 0, type, at);
    if (second) describe(second, m, 0, 0, at2);
    pad(32);
    memset(bytes + used, 0, data);
    used += data;
}

static void refuses_bad_tensors(void **state)
{
    char long_name[80];

    (void)state;
    two("a", 1, 0, 0, NULL, 0, 0, 32);
    gguf_close(opened());
    two("a", 1, 0, 0, NULL, 0, 0, 4); /* without padding behind the last */
    gguf_close(opened());
    two("a", 1, 0, 0, NULL, 0, 0, 3);
    refused(412, "tensor a: it ends at byte 4 of the data, the file at 3");
    two("a", 1, 0, 0, NULL, 0, 0, 33);
    refused(412, "file not fully covered: 1 bytes behind the last tensor");
    two("a", 1, 0, 0, "b", 1, 0, 64);
    refused(412, "overlaps tensor");
    two("a", 9, 0, 0, "b", 1, 32, 64);
    refused(412, "tensor b: overlaps tensor a (begins at byte 32 of the data)");
    two("a", 1, 0, 0, "b", 1, 64, 96);
    refused(412, "tensor b: file not fully covered: hole before it (32 to 64)");
    two("a", 1, 0, 32, NULL, 0, 0, 64);
    refused(412, "tensor a: file not fully covered: hole before it (0 to 32)");
    two("a", 1, 0, 4, NULL, 0, 0, 64);
    refused(412, "tensor a: offset is not a multiple of the alignment (got 4, alignment 32)");
    two("a", 1, 0, 1ull << 63, NULL, 0, 0, 64);
    refused(412, "tensor a: offset is beyond the file");
    two("a", 1, 0, UINT64_MAX - 31, NULL, 0, 0, 64);
    refused(412, "tensor a: offset is beyond the file");
    two("same", 1, 0, 0, "same", 1, 32, 64);
    refused(411, "tensor same: the name is there twice");
    two("a", 1, 4, 0, NULL, 0, 0, 32);
    refused(414, "tensor a: type 4 is not known");
    two("a", 1, 0xffffffff, 0, NULL, 0, 0, 32);
    refused(414, "tensor a: type 4294967295 is not known");
    two("a", 31, 8, 0, NULL, 0, 0, 64);
    refused(413, "tensor a: its rows are not whole blocks of Q8_0 (got 31 elements, blocks of 32)");
    two("a", 1ull << 62, 0, 0, NULL, 0, 0, 32);
    refused(413, "tensor a: larger than the file");
    two("a", UINT64_MAX - 31, 8, 0, NULL, 0, 0, 32);
    refused(413, "tensor a: larger than the file");
    two("a", 0, 0, 0, "b", 1, 0, 32); /* of no element, where the next begins */
    gguf_close(opened());
    begin(3, 1, 0);
    describe("a", 1ull << 33, 1ull << 31, 0, 0);
    refused(413, "tensor a: the product of its dimensions overflows");
    begin(3, 1, 0);
    describe("a", 32, 1, 3, 0); /* the number of elements is whole blocks, the rows are not */
    refused(413, "tensor a: its rows are not whole blocks of Q4_1 (got 1");
    begin(3, 1, 0);
    put_string("a");
    put_number(5, 4);
    put_number(0, 60);
    refused(413, "tensor a: too many dimensions (got 5, limit 4)");
    begin(3, 1, 0);
    put_string("");
    put_number(0, 40);
    refused(411, "name of tensor 0: length out of range (got 0");
    memset(long_name, 'n', sizeof long_name);
    long_name[65] = '\0';
    two(long_name, 1, 0, 0, NULL, 0, 0, 32);
    refused(411, "name of tensor 0: length out of range (got 65, allowed 1 to 64)");
    begin(3, 1, 0);
    describe("a", 0, 0, 0, 0); /* the file ends before the data would begin */
    refused(412, "the data would begin at byte 64, the file ends at 57");
}

/* Heads of an odd number of rows cannot have been permuted. */
static void refuses_heads_that_do_not_divide_the_rows(void **state)
{
    static const uint32_t heads[] = { 0, 3, 16, 32 };

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        puma_error e = { 0 };
        weights   *w;

        begin(3, 1, 2);
        key_string("general.architecture", "llama");
        key_u32("llama.attention.head_count", heads[i]);
        describe("blk.0.attn_k.weight", 16, 2, 0, 0);
        pad(32);
        memset(bytes + used, 0, 128);
        used += 128;
        assert_int_equal(weights_open(&w, saved(), &e), PUMA_EMODEL);
        assert_int_equal(e.code, 413);
        assert_non_null(strstr(e.text, "tensor blk.0.attn_k.weight: its rows are not"));
    }
}

static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Opens whatever is in `bytes` and touches all that it can be asked for: an error with a text, or contents
 * that lie within the file. */
static bool survives(void)
{
    static double values[6 * sizeof bytes]; /* the smallest block has 50 bytes for 256 numbers */
    puma_error    e = { 0 };
    const char   *path = saved();
    weights      *w = NULL;
    model        *m = NULL;
    model_source *s = NULL;
    bool          good;

    if (weights_open(&w, path, &e) == PUMA_OK) {
        for (size_t i = 0; i < weights_count(w); i++) {
            puma_error          of_values = { 0 };
            const weights_info *t = weights_at(w, i);

            assert_true(t->n <= 6 * used);
            if (weights_read(w, t, values, &of_values) != PUMA_OK)
                assert_true(of_values.code == 414 || of_values.code == 417);
        }
        weights_close(w);
    } else {
        assert_true(e.status == PUMA_EMODEL && e.text[0] != '\0');
    }
    good = e.status == PUMA_OK;
    e = (puma_error){ 0 };
    if (model_open(&m, path, "auto", PUMA_SRCDIR "/models", MODEL_LOGITS, &e) == PUMA_OK)
        model_source_checkpoint(&s, m, path, &e);
    assert_true(e.status == PUMA_OK || (e.status == PUMA_EMODEL && e.text[0] != '\0'));
    assert_true(good || e.status != PUMA_OK);
    model_source_close(s);
    model_close(m);
    return e.status == PUMA_OK;
}

static void refuses_every_truncation(void **state)
{
    size_t size;

    (void)state;
    write_model(&(options){ "llama", true, false, 6, linear_scaling, NULL });
    size = used;
    for (used = 0; used < data_at; used++) {
        puma_error e = { 0 };
        gguf      *g;

        assert_int_equal(gguf_open(&g, saved(), &e), PUMA_EMODEL);
    }
    for (used = data_at; used < size - 32; used += 101) refused(412, "tensor");
}

/* Seeded, so that a failure can be repeated: bits, numbers that overflow something, pieces moved or dropped.
 */
static void survives_mutations(void **state)
{
    static const uint64_t odd[] = { 0,          1,          31,         32,
                                    255,        1ull << 31, 0xffffffff, 1ull << 32,
                                    1ull << 62, INT64_MAX,  1ull << 63, UINT64_MAX - 31,
                                    UINT64_MAX };
    static unsigned char  whole[sizeof bytes];
    uint64_t              seed = 20250207;
    size_t                size, head, accepted = 0;

    (void)state;
    write_model(&(options){ "llama", true, false, 6, linear_scaling, NULL });
    size = used;
    head = data_at;
    memcpy(whole, bytes, size);
    assert_true(survives());
    for (int round = 0; round < 4000; round++) {
        int changes = 1 + (int)(next_random(&seed) % 3);

        memcpy(bytes, whole, size);
        used = size;
        for (int c = 0; c < changes; c++) {
            size_t   at = next_random(&seed) % head, length = 1 + next_random(&seed) % 24;
            uint64_t value = odd[next_random(&seed) % (sizeof odd / sizeof *odd)];

            switch (next_random(&seed) % 5) {
            case 0: bytes[at] ^= (unsigned char)(1u << next_random(&seed) % 8); break;
            case 1: memcpy(bytes + at, &value, 8); break;
            case 2: memcpy(bytes + at, &value, 4); break;
            case 3: /* drop a piece */
                memmove(bytes + at, bytes + at + length, used - at - length);
                used -= length;
                break;
            default: /* repeat one elsewhere */
                memmove(bytes + at, bytes + next_random(&seed) % head, length);
                break;
            }
        }
        accepted += survives();
    }
    /* Some changes hit keys and values that the model does not need, or give it another number that fits. */
    assert_in_range(accepted, 10, 2000);
    /* Padding may hold anything and means nothing. */
    memcpy(bytes, whole, size);
    used = size;
    assert_true(padding_at < head);
    memset(bytes + padding_at, 0xff, head - padding_at);
    saved();
    check_model(in_scratch("x.gguf"), &(options){ "llama", true, false, 0, NULL, NULL }, 2 + LAYERS * 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_values_of_every_type),
        TEST(reads_tensors_of_every_type),
        TEST(opens_files_whose_types_it_does_not_convert),
        TEST(serves_blocks_as_they_are_stored),
        TEST(serves_a_model_as_safetensors_would),
        TEST(says_what_config_json_would),
        TEST(refuses_models_that_it_would_compute_wrongly),
        TEST(scales_rotary_positions_as_config_json_would),
        TEST(names_the_key_that_is_missing),
        TEST(chooses_among_the_files_of_a_folder),
        TEST(refuses_bad_heads),
        TEST(refuses_bad_pairs),
        TEST(refuses_bad_tensors),
        TEST(refuses_heads_that_do_not_divide_the_rows),
        TEST(refuses_every_truncation),
        TEST(survives_mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
