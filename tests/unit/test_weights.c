/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_weights.c - the safetensors and JSON readers take what the format allows and refuse everything else.
 */
#include "weights/json.h"
#include "weights/weights.h"
#include "../support/scratch.h"

#include <fcntl.h>
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

/* --- files ------------------------------------------------------------------------------------- */

/* A file of a header and so many bytes of data, which count up if none are given. */
static void write_tensors(const char *name, const char *header, const void *data, size_t size)
{
    size_t         length = strlen(header);
    unsigned char *file = malloc(8 + length + size);

    assert_non_null(file);
    for (size_t i = 0; i < 8; i++) file[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(file + 8, header, length);
    if (data)
        memcpy(file + 8 + length, data, size);
    else
        for (size_t i = 0; i < size; i++) file[8 + length + i] = (unsigned char)(i % 64);
    put_bytes(name, file, 8 + length + size);
    free(file);
}

static weights *opened(void)
{
    puma_error e = { 0 };
    weights   *w;

    weights_open(&w, scratch, &e);
    assert_string_equal(e.text, "");
    assert_non_null(w);
    return w;
}

static void refused(unsigned code, const char *part)
{
    puma_error e = { 0 };
    weights   *w;

    assert_int_equal(weights_open(&w, scratch, &e), PUMA_EMODEL);
    assert_null(w);
    if (e.code != code || !strstr(e.text, part))
        fail_msg("expected %u with \"%s\", got %u: %s", code, part, e.code, e.text);
}

/* --- what the format allows ------------------------------------------------------------------- */

static void reads_a_tensor(void **state)
{
    const float         data[] = { 1, -2, 0.5f, 1e38f, 0, 3 };
    double              values[6], largest;
    size_t              where;
    puma_error          e = { 0 };
    weights            *w;
    const weights_info *t;

    (void)state;
    write_tensors("model.safetensors", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}",
                  data, sizeof data);
    w = opened();
    t = weights_find(w, "a");
    assert_non_null(t);
    assert_null(weights_find(w, "b"));
    assert_int_equal(weights_count(w), 1);
    assert_ptr_equal(weights_at(w, 0), t);
    assert_int_equal(t->rank, 2);
    assert_int_equal(t->dim[0], 2);
    assert_int_equal(t->dim[1], 3);
    assert_int_equal(t->n, 6);
    assert_string_equal(t->dtype, "F32");
    assert_int_equal(weights_read(w, t, values, &e), PUMA_OK);
    for (int i = 0; i < 6; i++) assert_true(values[i] == (double)data[i]);
    assert_int_equal(weights_check(w, t, &largest, &where, &e), PUMA_OK);
    assert_true(largest == (double)1e38f);
    assert_int_equal(where, 3);
    weights_close(w);
}

/* Every 16-bit pattern against the definition of its format. */
static void halves_are_exact(void **state)
{
    static unsigned char data[2 * 2 * 65536];
    static double        f16[65536], bf16[65536];
    size_t               finite[2] = { 0, 0 };
    puma_error           e = { 0 };
    weights             *w;

    (void)state;
    /* Infinities and NaNs cannot be read, so their places are taken by zeros. */
    for (unsigned i = 0; i < 65536; i++) {
        unsigned h = (i >> 10 & 31) == 31 ? 0 : i, b = (i >> 7 & 255) == 255 ? 0 : i;

        data[2 * i] = (unsigned char)h;
        data[2 * i + 1] = (unsigned char)(h >> 8);
        data[131072 + 2 * i] = (unsigned char)b;
        data[131072 + 2 * i + 1] = (unsigned char)(b >> 8);
    }
    write_tensors("model.safetensors",
                  "{\"h\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]},"
                  "\"b\":{\"dtype\":\"BF16\",\"shape\":[65536],\"data_offsets\":[131072,262144]}}",
                  data, sizeof data);
    w = opened();
    assert_int_equal(weights_read(w, weights_find(w, "h"), f16, &e), PUMA_OK);
    assert_int_equal(weights_read(w, weights_find(w, "b"), bf16, &e), PUMA_OK);
    for (int i = 0; i < 65536; i++) {
        int    sign = i >> 15 ? -1 : 1, eh = i >> 10 & 31, eb = i >> 7 & 255, fh = i & 1023, fb = i & 127;
        double h = eh ? ldexp(1 + fh / 1024.0, eh - 15) : ldexp(fh / 1024.0, -14);
        double b = eb ? ldexp(1 + fb / 128.0, eb - 127) : ldexp(fb / 128.0, -126);

        if (eh != 31) finite[0] += f16[i] == sign * h;
        if (eb != 255) finite[1] += bf16[i] == sign * b;
    }
    assert_int_equal(finite[0], 65536 - 2048);
    assert_int_equal(finite[1], 65536 - 256);
    assert_true(signbit(f16[0x8000]) && signbit(bf16[0x8000]));
    weights_close(w);
}

/* One byte before them puts all others on odd addresses. */
static void data_need_not_be_aligned(void **state)
{
    unsigned char data[1 + 8 + 4 + 2];
    double        d = -1.0 / 3, value = 0;
    float         f = 2.25f;
    puma_error    e = { 0 };
    weights      *w;

    (void)state;
    data[0] = 7;
    memcpy(data + 1, &d, 8);
    memcpy(data + 9, &f, 4);
    memcpy(data + 13, (const unsigned char[]){ 0x00, 0x3c }, 2);
    write_tensors("model.safetensors",
                  "{\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"d\":{\"dtype\":\"F64\","
                  "\"shape\":[1],\"data_offsets\":[1,9]},"
                  "\"f\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[9,13]},\"h\":{\"dtype\":\"F16\","
                  "\"shape\":[1,1],\"data_offsets\":[13,15]}}",
                  data, sizeof data);
    w = opened();
    assert_int_equal(weights_read(w, weights_find(w, "d"), &value, &e), PUMA_OK);
    assert_true(value == d);
    assert_int_equal(weights_find(w, "f")->rank, 0);
    assert_int_equal(weights_read(w, weights_find(w, "f"), &value, &e), PUMA_OK);
    assert_true(value == 2.25);
    assert_int_equal(weights_read(w, weights_find(w, "h"), &value, &e), PUMA_OK);
    assert_true(value == 1);
    /* An integer may stand in the file; it is no weight. */
    assert_int_equal(weights_read(w, weights_find(w, "u"), &value, &e), PUMA_EMODEL);
    assert_int_equal(e.code, 414);
    assert_non_null(strstr(e.text, "tensor u: dtype U8"));
    weights_close(w);
}

static void allows_what_the_reference_reader_allows(void **state)
{
    static const struct {
        const char *header;
        size_t      data, count;
    } files[] = {
        { "{}", 0, 0 },
        { " \n\t{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}   ", 4, 1 },
        { "{\"__metadata__\":null,\"a\":{\"shape\":[1],\"data_offsets\":[0,4],\"dtype\":\"F32\"}}", 4, 1 },
        { "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"shape\":[1],\"data_offsets\":[0,4],\"dtype\":"
          "\"F32\"}}",
          4, 1 },
        { "{\"z\":{\"dtype\":\"F32\",\"shape\":[0,9],\"data_offsets\":[4,4]},\"a\":{\"dtype\":\"F32\","
          "\"shape\":[1],\"data_offsets\":[0,4]}}",
          4, 2 },
        { "{\"b\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[4,12]},\"a\":{\"dtype\":\"F32\","
          "\"shape\":[1],\"data_offsets\":[0,4]}}",
          12, 2 },
        { "{\"../x %n%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        weights *w;

        write_tensors("model.safetensors", files[i].header, NULL, files[i].data);
        w = opened();
        assert_int_equal(weights_count(w), files[i].count);
        weights_close(w);
    }
}

/* --- and nothing else ------------------------------------------------------------------------- */

#define A "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"
#define SHAPED(shape) "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[0,4]}}"
#define PLACED(offsets) "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" offsets "}}"
#define TYPED(dtype) "{\"a\":{\"dtype\":" dtype ",\"shape\":[1],\"data_offsets\":[0,4]}}"

static void refuses_malformed_headers(void **state)
{
    static const struct {
        unsigned    code;
        const char *part, *header;
        size_t      data;
    } files[] = {
        /* not an object, not JSON, not UTF-8 */
        { 411, "byte 8: not safetensors", "[1]", 0 },
        { 411, "byte 8", "null", 0 },
        { 411, "byte 12: not safetensors", "    ", 0 },
        { 411, "byte 10", "{ ", 0 },
        { 411, "byte", "{" A "} x", 4 },
        { 411, "byte", "{\"\xff\":1}", 0 },
        { 411, "byte", "{'a':1}", 0 },
        { 411, "nesting > 32", "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
          0 },
        /* doubles */
        { 411, "duplicate object key near '\"a\"'", "{" A "," A "}", 4 },
        { 411, "duplicate object key near '\"dtype\"'",
          "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4 },
        /* entries */
        { 411, "tensor a: not an object", "{\"a\":[0,4]}", 4 },
        { 411, "dtype is missing", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4 },
        { 411, "shape is missing", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4 },
        { 411, "data_offsets is missing", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4 },
        { 411, "unknown key more",
          "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4 },
        { 411, "__metadata__ is not an object", "{\"__metadata__\":\"pt\"," A "}", 4 },
        { 411, "__metadata__: k is not a string", "{\"__metadata__\":{\"k\":1}," A "}", 4 },
        /* places */
        { 412, "end before they begin", PLACED("[4,0]"), 4 },
        { 412, "two whole numbers", PLACED("[-4,0]"), 4 },
        { 412, "two whole numbers", PLACED("[0,4.5]"), 4 },
        { 412, "two whole numbers", PLACED("[0,4e0]"), 4 },
        { 412, "two whole numbers", PLACED("[0,\"4\"]"), 4 },
        { 411, "too big integer", PLACED("[0,18446744073709551616]"), 4 },
        { 412, "two whole numbers", PLACED("[0,4,4]"), 4 },
        { 412, "two whole numbers", PLACED("4"), 4 },
        { 412, "file not fully covered", PLACED("[0,4]"), 2 },
        { 412, "file not fully covered", PLACED("[0,4]"), 5 },
        { 412, "file not fully covered", PLACED("[4,8]"), 8 },
        { 412, "file not fully covered", PLACED("[0,9223372036854775807]"), 4 },
        { 412, "tensor b: overlaps tensor a",
          "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6 },
        { 412, "overlaps", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4 },
        { 412, "hole before", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[5,9]}}", 9 },
        { 412, "overlaps", "{" A ",\"z\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[2,2]}}", 4 },
        /* shapes */
        { 413, "product of its dimensions overflows", SHAPED("[4294967296,4294967296]"), 4 },
        { 413, "product of its dimensions overflows", SHAPED("[9223372036854775807,3]"), 4 },
        { 413, "size in bytes overflows", SHAPED("[9223372036854775807]"), 4 },
        { 411, "too big integer", SHAPED("[2,18446744073709551614]"), 4 },
        { 413, "got 4 bytes, expected 8", SHAPED("[2]"), 4 },
        { 413, "got 4 bytes, expected 0", SHAPED("[0]"), 4 },
        { 413, "got 4 bytes, expected 16",
          "{\"a\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,4]}}", 4 },
        { 413, "too many dimensions (got 9, limit 8)", SHAPED("[1,1,1,1,1,1,1,1,1]"), 4 },
        { 411, "shape[0] is not a whole number", SHAPED("[-1]"), 4 },
        { 411, "shape[0] is not a whole number", SHAPED("[1.0]"), 4 },
        { 411, "shape[1] is not a whole number", SHAPED("[1,null]"), 4 },
        { 411, "shape is not an array", SHAPED("1"), 4 },
        /* types */
        { 414, "tensor a: dtype F8 is not supported (F32, F16, BF16 and F64 are)", TYPED("\"F8\""), 4 },
        { 414, "dtype F4", TYPED("\"F4\""), 4 },
        { 414, "dtype f32", TYPED("\"f32\""), 4 },
        { 414, "no string", TYPED("32"), 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_tensors("model.safetensors", files[i].header, NULL, files[i].data);
        refused(files[i].code, files[i].part);
    }
}

static void write_length(uint64_t length, size_t behind)
{
    unsigned char file[64] = { 0 };

    for (size_t i = 0; i < 8; i++) file[i] = (unsigned char)(length >> 8 * i);
    put_bytes("model.safetensors", file, 8 + behind);
}

static void refuses_header_lengths_beyond_the_file(void **state)
{
    (void)state;
    for (size_t size = 0; size < 8; size++) {
        put_bytes("model.safetensors", "\0\0\0\0\0\0\0", size);
        refused(410, "byte 0: header too short");
    }
    write_length(0, 0);
    refused(410, "byte 0: header too short");
    write_length(UINT64_MAX, 8);
    refused(410, "beyond the file");
    write_length(UINT64_MAX - 7, 8);
    refused(410, "beyond the file");
    write_length((uint64_t)1 << 63, 8);
    refused(410, "beyond the file");
    write_length(9, 8);
    refused(410, "beyond the file");
    /* Longer than our limit but in the file, which is sparse. */
    write_length(100000001, 8);
    assert_int_equal(truncate(in_scratch("model.safetensors"), 200000000), 0);
    refused(410, "header too large");
}

static void refuses_other_formats_by_their_first_bytes(void **state)
{
    static const char files[][28] = { "PK\003\004\024\000\000\000\010\000 pytorch",
                                      "GGUF\003\000\000\000\041\000", "\200\002}q\000(X\004\000\000 pickle",
                                      "#!/bin/sh\necho no tensors\n" };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        put_bytes("model.safetensors", files[i], sizeof files[i]);
        refused(410, "not safetensors");
    }
}

static void refuses_every_truncation_and_survives_every_byte(void **state)
{
    static const char header[] = "{" A ",\"bb\":{\"dtype\":\"BF16\",\"shape\":[2,1],\"data_offsets\":[4,8]}}";
    unsigned char     file[sizeof header + 16], other[sizeof file];
    size_t            size = sizeof header - 1 + 16, accepted = 0;

    (void)state;
    write_tensors("model.safetensors", header, NULL, 8);
    {
        FILE *f = fopen(in_scratch("model.safetensors"), "rb");

        assert_non_null(f);
        assert_int_equal(fread(file, 1, size, f), size);
        fclose(f);
    }
    for (size_t k = 0; k < size; k++) {
        puma_error e = { 0 };
        weights   *w;

        put_bytes("model.safetensors", file, k);
        assert_int_equal(weights_open(&w, scratch, &e), PUMA_EMODEL);
    }
    for (size_t k = 0; k < size; k++)
        for (unsigned bit = 0; bit < 8; bit++) {
            puma_error e = { 0 };
            weights   *w;

            memcpy(other, file, size);
            other[k] ^= (unsigned char)(1u << bit);
            put_bytes("model.safetensors", other, size);
            if (weights_open(&w, scratch, &e) == PUMA_OK) {
                accepted++;
                weights_close(w);
            } else {
                assert_int_equal(e.status, PUMA_EMODEL);
            }
        }
    /* Data bits may be anything, and so may most bits of the two names; hardly anything else may change. */
    assert_in_range(accepted, 64, 64 + 3 * 8 + 8);
}

static void refuses_too_many_entries_before_parsing(void **state)
{
    size_t count = 100000;
    char  *header = malloc(count * 8 + 16), *p = header;

    (void)state;
    assert_non_null(header);
    *p++ = '{';
    for (size_t i = 0; i < count; i++) p += sprintf(p, "\"\":{},");
    memcpy(p - 1, "}", 2);
    write_tensors("model.safetensors", header, NULL, 0);
    refused(411, "too many entries (limits: 65538 objects");
    memset(header, '[', 10000);
    header[0] = '{';
    header[10000] = '\0';
    write_tensors("model.safetensors", header, NULL, 0);
    refused(411, "nesting > 32");
    free(header);
}

static void messages_escape_names(void **state)
{
    puma_error e = { 0 };
    weights   *w;

    (void)state;
    write_tensors("model.safetensors",
                  "{\"\\u001b[2Jx\\nE0000 %n%s\":{\"dtype\":\"X\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                  NULL, 4);
    assert_int_equal(weights_open(&w, scratch, &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "tensor \\x1b[2Jx\\x0aE0000 %n%s: dtype X"));
    /* A name with a NUL byte in it would be two names. */
    write_tensors("model.safetensors",
                  "{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", NULL, 4);
    refused(411, "byte");
}

static void refuses_numbers_that_are_not_finite(void **state)
{
    static const struct {
        const char *dtype;
        size_t      bytes;
        uint64_t    bits;
        const char *what;
    } bad[] = {
        { "F32", 4, 0x7fc00000, "NaN" },
        { "F32", 4, 0x7f800001, "NaN" },
        { "F32", 4, 0x7f800000, "+Inf" },
        { "F32", 4, 0xff800000, "-Inf" },
        { "F16", 2, 0x7c00, "+Inf" },
        { "F16", 2, 0xfc00, "-Inf" },
        { "F16", 2, 0x7e00, "NaN" },
        { "BF16", 2, 0x7f80, "+Inf" },
        { "BF16", 2, 0xffc0, "NaN" },
        { "F64", 8, 0x7ff0000000000000u, "+Inf" },
        { "F64", 8, 0xfff8000000000000u, "NaN" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum { COUNT = 5000, PLACE = 4321 }; /* beyond the first chunk */
        static unsigned char data[COUNT * 8];
        static double        values[COUNT];
        char                 header[128], part[64];
        puma_error           e = { 0 };
        weights             *w;

        memset(data, 0, sizeof data);
        memcpy(data + PLACE * bad[i].bytes, &bad[i].bits, bad[i].bytes);
        snprintf(header, sizeof header, "{\"w\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%zu]}}",
                 bad[i].dtype, COUNT, COUNT * bad[i].bytes);
        write_tensors("model.safetensors", header, data, COUNT * bad[i].bytes);
        snprintf(part, sizeof part, "tensor w: element %d is not a finite number (got %s)", PLACE,
                 bad[i].what);
        w = opened();
        assert_int_equal(weights_read(w, weights_find(w, "w"), values, &e), PUMA_EMODEL);
        assert_int_equal(e.code, 417);
        assert_non_null(strstr(e.text, part));
        e = (puma_error){ 0 };
        assert_int_equal(weights_check(w, weights_find(w, "w"), NULL, NULL, &e), PUMA_EMODEL);
        assert_non_null(strstr(e.text, part));
        weights_close(w);
    }
}

static void notices_a_file_that_changes(void **state)
{
    static double values[1000];
    puma_error    e = { 0 };
    weights      *w;

    (void)state;
    write_tensors("model.safetensors",
                  "{\"a\":{\"dtype\":\"F32\",\"shape\":[1000],\"data_offsets\":[0,4000]}}", NULL, 4000);
    w = opened();
    assert_int_equal(truncate(in_scratch("model.safetensors"), 2000), 0);
    assert_int_equal(weights_read(w, weights_at(w, 0), values, &e), PUMA_EMODEL);
    assert_int_equal(e.code, 416);
    weights_close(w);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    refused(401, "neither model.safetensors nor model.safetensors.index.json");
    assert_int_equal(mkfifo(in_scratch("model.safetensors"), 0600), 0);
    refused(401, "not a regular file");
    assert_int_equal(unlink(in_scratch("model.safetensors")), 0);
    assert_int_equal(mkdir(in_scratch("model.safetensors"), 0700), 0);
    refused(401, "not a regular file");
    assert_int_equal(rmdir(in_scratch("model.safetensors")), 0);
    assert_int_equal(symlink("model.safetensors", in_scratch("model.safetensors")), 0);
    refused(401, "symbolic links");
}

/* --- sharded ---------------------------------------------------------------------------------- */

#define SHARD1                                                                                               \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"c\":{\"dtype\":\"F32\",\"shape\":[1]" \
    ",\"data_offsets\":[4,8]}}"
#define SHARD2 "{\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}"
#define MAP "\"weight_map\":{\"a\":\"s-1.safetensors\",\"b\":\"s-2.safetensors\",\"c\":\"s-1.safetensors\"}"

static void write_shards(const char *index)
{
    write_tensors("s-1.safetensors", SHARD1, NULL, 8);
    write_tensors("s-2.safetensors", SHARD2, NULL, 4);
    put_text("model.safetensors.index.json", index);
}

static void reads_a_sharded_checkpoint(void **state)
{
    static const char *const good[] = { "{\"metadata\":{\"total_size\":12}," MAP "}",
                                        "{\"metadata\":{\"total_size\":12.0}," MAP "}",
                                        "{\"metadata\":{}," MAP "}", "{" MAP "}" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        puma_error e = { 0 };
        double     values[2];
        weights   *w;

        write_shards(good[i]);
        w = opened();
        assert_int_equal(weights_count(w), 3);
        assert_string_equal(weights_at(w, 0)->name, "a");
        assert_string_equal(weights_at(w, 1)->name, "b");
        assert_string_equal(weights_at(w, 2)->name, "c");
        assert_int_equal(weights_read(w, weights_find(w, "b"), values, &e), PUMA_OK);
        assert_true(values[0] == ldexp(0x100, -24) && values[1] == ldexp(0x302, -24));
        weights_close(w);
    }
}

/* An index is right about which files there are, and often wrong about the rest. */
static void takes_tensors_from_where_they_are(void **state)
{
    static const char
        *const indexes[] = {
            "{\"metadata\":{\"total_size\":13}," MAP "}", /* wrong */
            "{\"metadata\":{\"total_size\":\"12\"}," MAP "}",
            "{\"metadata\":null," MAP "}",
            "{\"metadata\":1," MAP "}",
            "{\"weight_map\":{\"a\":\"s-1.safetensors\",\"b\":\"s-2.safetensors\"}}", /* c is left out */
            "{\"weight_map\":{\"a\":\"s-2.safetensors\",\"b\":\"s-2.safetensors\",\"c\":\"s-1.safetensors\"}"
            "}", /* a is elsewhere */
            "{\"weight_map\":{\"a\":\"s-1.safetensors\",\"b\":\"s-2.safetensors\",\"c\":\"s-1.safetensors\","
            "\"d\":\"s-1.safetensors\","
            "\"e\":\"s-9.safetensors\"}}", /* d is in no file, and the file of e is not there */
        };
    char hint[160];

    (void)state;
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        puma_error e = { 0 };
        double     values[2];
        weights   *w;

        write_shards(indexes[i]);
        w = opened();
        assert_int_equal(weights_count(w), 3);
        assert_int_equal(weights_read(w, weights_find(w, "b"), values, &e), PUMA_OK);
        assert_non_null(weights_find(w, "c"));
        assert_null(weights_find(w, "d"));
        weights_hint(w, "d", hint, sizeof hint);
        assert_string_equal(hint,
                            i == 6 ? "; the index puts it into s-1.safetensors, which does not hold it" : "");
        weights_hint(w, "e", hint, sizeof hint);
        assert_string_equal(hint,
                            i == 6 ? "; the index puts it into s-9.safetensors, which is not there" : "");
        weights_close(w);
    }
}

/* Of two tensors of one name the index's counts, whichever file comes first. */
static void tells_doubled_tensors_apart(void **state)
{
    static const char twice[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                                "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
                                "\"d\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}";
    weights          *w;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        write_shards(i ? "{\"weight_map\":{\"a\":\"s-1.safetensors\",\"b\":\"s-3.safetensors\",\"x\":\"s-2."
                         "safetensors\"}}"
                       : "{\"weight_map\":{\"a\":\"s-3.safetensors\",\"b\":\"s-2.safetensors\",\"x\":\"s-1."
                         "safetensors\"}}");
        write_tensors("s-3.safetensors", twice, NULL, 24);
        w = opened();
        assert_int_equal(weights_count(w), 4);
        assert_int_equal(weights_find(w, "a")->n, i ? 1 : 2);
        assert_string_equal(weights_find(w, "b")->dtype, i ? "F32" : "F16");
        assert_int_equal(weights_find(w, "c")->n, 1);
        assert_int_equal(weights_find(w, "d")->n, 2);
        weights_close(w);
    }
    /* Then one that cannot be told behind one that can. */
    write_tensors("s-2.safetensors", twice, NULL, 24);
    refused(415, "tensor d is also in");
    assert_int_equal(unlink(in_scratch("s-3.safetensors")), 0);
}

/* What is there in place of safetensors is named, with what to do. */
static void names_formats_that_are_not_read(void **state)
{
    static const char *const names[] = { "pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
                                         "adapter_model.safetensors" };

    (void)state;
    unlink(in_scratch("model.safetensors"));
    unlink(in_scratch("model.safetensors.index.json"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put_text(names[i], "x");
        refused(406, names[i]);
        refused(406, "save the whole model as model.safetensors");
        assert_int_equal(unlink(in_scratch(names[i])), 0);
    }
    put_text("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n");
    refused(410, "as Git LFS leaves it");
}

static void refuses_an_index_that_does_not_fit(void **state)
{
    static const struct {
        unsigned    code;
        const char *part, *index;
    } bad[] = {
        { 402, "index.json:1:", "{" MAP },
        { 402, "duplicate", "{\"weight_map\":{\"a\":\"s-1.safetensors\",\"a\":\"s-2.safetensors\"}}" },
        { 415, "weight_map is missing", "{}" },
        { 415, "weight_map is missing", "[]" },
        { 415, "weight_map is missing", "{\"weight_map\":{}}" },
        { 401, "none of the files that it names is there (s-3.safetensors)",
          "{\"weight_map\":{\"a\":\"s-3.safetensors\"}}" },
        { 415, "not the plain name", "{\"weight_map\":{\"a\":\"../../etc/passwd\"}}" },
        { 415, "not the plain name", "{\"weight_map\":{\"a\":\"../s-1.safetensors\"}}" },
        { 415, "not the plain name", "{\"weight_map\":{\"a\":\"/tmp/s-1.safetensors\"}}" },
        { 415, "not the plain name", "{\"weight_map\":{\"a\":\".safetensors\"}}" },
        { 415, "not the plain name", "{\"weight_map\":{\"a\":\"\"}}" },
        { 415, "not the plain name", "{\"weight_map\":{\"a\":\"model.safetensors.index.json\"}}" },
        { 415, "not the plain name", "{\"weight_map\":{\"a\":1}}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_shards(bad[i].index);
        refused(bad[i].code, bad[i].part);
    }
    /* One tensor in two files, neither the one that is meant; a file that is its own link. */
    write_shards(
        "{\"weight_map\":{\"a\":\"s-3.safetensors\",\"b\":\"s-2.safetensors\",\"c\":\"s-1.safetensors\"}}");
    write_tensors("s-2.safetensors", SHARD1, NULL, 8);
    refused(415, "tensor a is also in");
    unlink(in_scratch("s-2.safetensors"));
    assert_int_equal(symlink("s-2.safetensors", in_scratch("s-2.safetensors")), 0);
    refused(401, "symbolic links");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_bounds_nesting(void **state)
{
    char       text[20001];
    json_t    *root;
    puma_error e = { 0 };

    (void)state;
    for (size_t depth = 31; depth <= 33; depth++) {
        e = (puma_error){ 0 };
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        json_parse("x", text, 2 * depth, &root, 402, &e);
        if (depth <= 32)
            assert_non_null(root);
        else
            assert_null(root);
        json_decref(root);
    }
    assert_string_equal(e.text, "x:1:33: byte 32: nesting > 32");
    memset(text, '[', 10000);
    e = (puma_error){ 0 };
    assert_int_equal(json_parse("x", text, 10000, &root, 402, &e), PUMA_EMODEL);
    /* Brackets in strings do not nest, nor do they behind an escaped quote. */
    e = (puma_error){ 0 };
    snprintf(text, sizeof text, "[\"\\\"%.*s\"]", 40, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
    assert_int_equal(json_parse("x", text, strlen(text), &root, 402, &e), PUMA_OK);
    json_decref(root);
}

static void json_names_line_and_column(void **state)
{
    static const struct {
        const char *text, *where;
    } bad[] = {
        { "{\"a\": 1,\n \"a\": 2}", "x:2:4: byte 13: duplicate object key" },
        { "{\"a\": 1}\nx", "x:2:1: byte 10: end of file expected" },
        { "{\"a\": tru}", "x:1:9: byte 9: " },
        { "", "x:1:0: byte 0: " },
        { "{\"a\": NaN}", "x:1:9: " },
        { "{\"a\": 01}", "x:1:" },
        { "{\"a\": \"\\ud800\"}", "x:1:" },
        { "{\"a\": 1,}", "x:1:" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        puma_error e = { 0 };
        json_t    *root;

        assert_int_equal(json_parse("x", bad[i].text, strlen(bad[i].text), &root, 402, &e), PUMA_EMODEL);
        assert_null(root);
        if (strncmp(e.text, bad[i].where, strlen(bad[i].where)) != 0)
            fail_msg("expected %s, got %s", bad[i].where, e.text);
    }
}

static void files_are_regular_and_bounded(void **state)
{
    puma_error e = { 0 };
    char      *bytes, longest[200];
    size_t     size;
    json_t    *root;

    (void)state;
    put_text("ten", "0123456789");
    assert_int_equal(file_read(in_scratch("ten"), 10, &bytes, &size, 401, &e), PUMA_OK);
    assert_int_equal(size, 10);
    assert_string_equal(bytes, "0123456789");
    free(bytes);
    assert_int_equal(file_read(in_scratch("ten"), 9, &bytes, &size, 501, &e), PUMA_EINPUT);
    assert_non_null(strstr(e.text, "ten: file too large (got 10 bytes, limit 9)"));
    e = (puma_error){ 0 };
    assert_int_equal(mkfifo(in_scratch("fifo"), 0600), 0);
    assert_int_equal(json_read(in_scratch("fifo"), 99, &root, 402, &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "fifo: not a regular file"));
    e = (puma_error){ 0 };
    assert_int_equal(json_read(scratch, 99, &root, 402, &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "not a regular file"));
    e = (puma_error){ 0 };
    /* A long path does not push the reason out of the message. */
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(json_read(in_scratch(longest), 99, &root, 402, &e), PUMA_EMODEL);
    assert_non_null(strstr(e.text, "nnn: No such file"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)
    static const struct CMUnitTest tests[] = {
        TEST(reads_a_tensor),
        TEST(halves_are_exact),
        TEST(data_need_not_be_aligned),
        TEST(allows_what_the_reference_reader_allows),
        TEST(refuses_malformed_headers),
        TEST(refuses_header_lengths_beyond_the_file),
        TEST(refuses_other_formats_by_their_first_bytes),
        TEST(refuses_every_truncation_and_survives_every_byte),
        TEST(refuses_too_many_entries_before_parsing),
        TEST(messages_escape_names),
        TEST(refuses_numbers_that_are_not_finite),
        TEST(notices_a_file_that_changes),
        TEST(refuses_what_is_no_file),
        TEST(reads_a_sharded_checkpoint),
        TEST(takes_tensors_from_where_they_are),
        TEST(tells_doubled_tensors_apart),
        TEST(names_formats_that_are_not_read),
        TEST(refuses_an_index_that_does_not_fit),
        TEST(json_bounds_nesting),
        TEST(json_names_line_and_column),
        TEST(files_are_regular_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
