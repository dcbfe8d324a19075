/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_quant.c - the numbers of a block are those of the Python package `gguf` (quant_vectors.py), bit for
 * bit. */
#include "weights/quant.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST_BYTES 512

static FILE *open_vectors(void)
{
    const char *source = getenv("PUMA_SRCDIR");
    char        path[600];
    FILE       *f;

    snprintf(path, sizeof path, "%.500s/tests/unit/quant_vectors.txt", source ? source : PUMA_SRCDIR);
    f = fopen(path, "r");
    assert_non_null(f);
    return f;
}

static const quant_type *named(const char *name)
{
    for (uint64_t number = 0; number < 64; number++) {
        const quant_type *type = quant_numbered(number);

        if (type && strcmp(type->name, name) == 0) return type;
    }
    fail_msg("no type %s", name);
    return NULL;
}

static void numbers_of_blocks_are_the_references(void **state)
{
    FILE  *f = open_vectors();
    char   name[32], hex[2 * MOST_BYTES + 1];
    size_t lines = 0, types = 0;
    char   before[32] = "";

    (void)state;
    while (fscanf(f, "%31s %1024s", name, hex) == 2) {
        const quant_type *type = named(name);
        unsigned char     block[MOST_BYTES];
        double            values[QUANT_MAX_BLOCK], expected;

        assert_int_equal(strlen(hex), 2 * type->bytes);
        for (size_t i = 0; i < type->bytes; i++) {
            unsigned byte;

            assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
            block[i] = (unsigned char)byte;
        }
        type->values(block, values);
        for (size_t i = 0; i < type->block; i++) {
            assert_int_equal(fscanf(f, "%lf", &expected), 1);
            if ((float)values[i] != (float)expected)
                fail_msg("%s, line %zu: number %zu is %.9g, expected %.9g", name, lines + 1, i, values[i],
                         expected);
        }
        types += strcmp(name, before) != 0;
        strcpy(before, name);
        lines++;
    }
    assert_true(feof(f) != 0);
    assert_int_equal(types, 16);
    assert_true(lines >= 3 * types);
    fclose(f);
}

/* Scale and minimum times the largest integers, as far apart as halves can be: no bit is lost. */
static void sums_are_exact(void **state)
{
    unsigned char block[MOST_BYTES] = { 0xff, 0x7b, 0x01, 0x80 }; /* d = 65504, m = -2^-24 */
    double        values[QUANT_MAX_BLOCK];

    (void)state;
    memset(block + 4, 0xff, 140);
    named("Q4_K")->values(block, values);
    for (size_t i = 0; i < 256; i++) assert_true(values[i] == 65504.0 * 63 * 15 + 63 * 0x1p-24);
    memset(block + 4, 0xff, 20);
    named("Q5_1")->values(block, values);
    for (size_t i = 0; i < 32; i++) assert_true(values[i] == 65504.0 * 31 - 0x1p-24);
}

static void scales_without_a_number_give_none(void **state)
{
    static const struct {
        const char *type;
        size_t      at; /* of a scale */
    } scales[] = { { "Q4_0", 0 }, { "Q4_1", 0 },   { "Q4_1", 2 },   { "Q5_0", 0 },   { "Q5_1", 0 },
                   { "Q5_1", 2 }, { "Q8_0", 0 },   { "Q2_K", 80 },  { "Q2_K", 82 },  { "Q3_K", 108 },
                   { "Q4_K", 0 }, { "Q4_K", 2 },   { "Q5_K", 0 },   { "Q5_K", 2 },   { "Q6_K", 208 },
                   { "Q8_K", 2 }, { "IQ4_NL", 0 }, { "IQ4_XS", 0 }, { "TQ1_0", 52 }, { "TQ2_0", 64 } };
    static const unsigned halves[] = { 0x7c00, 0xfc00, 0x7e01, 0xfe00 };
    unsigned char         block[MOST_BYTES];
    double                values[QUANT_MAX_BLOCK];

    (void)state;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        for (size_t k = 0; k < 4; k++) {
            const quant_type *type = named(scales[i].type);
            unsigned          word = strcmp(type->name, "Q8_K") == 0 ? halves[k] | 0x380u : halves[k];

            memset(block, 0x5a, sizeof block);
            block[scales[i].at] = (unsigned char)word;
            block[scales[i].at + 1] = (unsigned char)(word >> 8);
            type->values(block, values);
            for (size_t j = 0; j < type->block; j++)
                if (isfinite(values[j])) fail_msg("%s: number %zu is %g", type->name, j, values[j]);
        }
    memset(block, 0x5a, sizeof block);
    block[0] = 255;
    named("MXFP4")->values(block, values);
    assert_true(isnan(values[0]) && isnan(values[31]));
}

static void types_have_sizes_and_names_of_their_own(void **state)
{
    (void)state;
    assert_string_equal(quant_plain("BF16")->name, "BF16");
    assert_null(quant_plain("Q4_K")); /* a name in safetensors that means something else there, if anything */
    assert_null(quant_plain("f32"));
    assert_null(quant_plain(""));
    assert_null(quant_numbered(4));
    assert_null(quant_numbered(UINT64_MAX));
    for (uint64_t number = 0; number < 64; number++) {
        const quant_type *type = quant_numbered(number);

        if (!type) continue;
        assert_true(QUANT_MAX_BLOCK % type->block == 0 && type->bytes > 0 && type->bytes <= 8 * type->block);
        assert_ptr_equal(named(type->name), type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_blocks_are_the_references),
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(scales_without_a_number_give_none),
        cmocka_unit_test(types_have_sizes_and_names_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
