/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_unicode.c - UTF-8, character classes, normal forms and clusters, where they are easy to get wrong: at
 * the edges of UTF-8's ranges, and where the tokenizers' reference is older or newer than utf8proc. */
#include "token/unicode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* --- UTF-8 ---------------------------------------------------------------------------------------- */

static bool surrogate(uint32_t c) { return c >= 0xd800 && c <= 0xdfff; }

static void every_code_point_comes_back(void **state)
{
    bytes    all = { 0 };
    points   back = { 0 };
    size_t   n = 0, at;
    uint32_t c;

    (void)state;
    for (c = 0; c <= 0x10ffff; c++)
        if (!surrogate(c)) assert_true(bytes_add_point(&all, c));
    assert_int_equal(utf8_valid(all.at, all.count), all.count);
    assert_true(utf8_points(&back, all.at, all.count));
    assert_int_equal(back.count, 0x110000 - 0x800);
    for (c = 0; c <= 0x10ffff; c++)
        if (!surrogate(c) && back.at[n++] != c) fail_msg("U+%04X came back as U+%04X", c, back.at[n - 1]);
    for (at = all.count; at > 0; n--) {
        at = utf8_before(all.at, at, &c);
        if (c != back.at[n - 1]) fail_msg("U+%04X backwards is U+%04X", back.at[n - 1], c);
    }
    assert_int_equal(n, 0);
    free(all.at);
    free(back.at);
}

static void bad_utf8_ends_where_no_sequence_goes_on(void **state)
{
    static const struct {
        const char *text;
        size_t      length;
    } cases[] = {
        { "\x80", 1 },     /* a continuation alone        */
        { "\xc0\x80", 1 }, /* overlong, in two bytes      */
        { "\xc1\xbf", 1 },
        { "\xe0\x9f\xbf", 1 }, /* overlong, in three          */
        { "\xed\xa0\x80", 1 }, /* surrogates                  */
        { "\xed\xbf\xbf", 1 },
        { "\xf0\x8f\xbf\xbf", 1 }, /* overlong, in four           */
        { "\xf4\x90\x80\x80", 1 }, /* above U+10FFFF              */
        { "\xf5\x80\x80\x80", 1 },
        { "\xff", 1 },
        { "\xc3", 1 }, /* cut off                     */
        { "\xe2\x82", 2 },
        { "\xf0\x9f\x98", 3 },
        { "\xe2\x82(", 2 }, /* another character follows   */
        { "\xf0\x9f\xff", 2 },
        { "\xe0\xa0\x7f", 2 },
    };
    uint32_t c;
    size_t   length;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = strlen(cases[i].text);
        char   behind[16];

        if (utf8_take(cases[i].text, size, &c, &length)) fail_msg("case %zu passes as U+%04X", i, c);
        if (length != cases[i].length) fail_msg("case %zu: %zu bytes, not %zu", i, length, cases[i].length);
        snprintf(behind, sizeof behind, "\xc3\xa9x%s", cases[i].text);
        assert_int_equal(utf8_valid(behind, strlen(behind)), 3);
    }
    assert_int_equal(utf8_valid("", 0), 0);
}

static void replacing_goes_from_the_left(void **state)
{
    static const struct {
        const char *from, *what, *by, *want;
    } cases[] = {
        { "aaa", "aa", "b", "ba" },
        { "xaxa", "a", "", "xx" },
        { "ab", "abc", "z", "ab" },
        { "", "a", "b", "" },
        { "abab", "ab", "ab!", "ab!ab!" },
        { "a b", " ", "\xe2\x96\x81",
          "a\xe2\x96\x81"
          "b" },
        { "as it is", "", "x", "as it is" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bytes b = { 0 };

        assert_true(bytes_add_replaced(&b, cases[i].from, strlen(cases[i].from), cases[i].what,
                                       strlen(cases[i].what), cases[i].by, strlen(cases[i].by)));
        assert_int_equal(b.count, strlen(cases[i].want));
        if (b.count > 0) assert_memory_equal(b.at, cases[i].want, b.count);
        free(b.at);
    }
}

/* --- classes -------------------------------------------------------------------------------------- */

/* S space, P punctuation, C control, M mark (Mn), m any mark, N number, I ideograph, W of \w. */
static const char *classes(uint32_t c)
{
    static char text[9];
    char       *to = text;

    if (unicode_space(c)) *to++ = 'S';
    if (unicode_punctuation(c)) *to++ = 'P';
    if (unicode_control(c)) *to++ = 'C';
    if (unicode_mark(c)) *to++ = 'M';
    if (unicode_combining_mark(c)) *to++ = 'm';
    if (unicode_number(c)) *to++ = 'N';
    if (unicode_ideograph(c)) *to++ = 'I';
    if (unicode_word(c)) *to++ = 'W';
    *to = '\0';
    return text;
}

static void classes_are_the_references(void **state)
{
    static const struct {
        uint32_t    c;
        const char *want;
    } cases[] = {
        /* ASCII: where its symbols begin and end */
        { 0x00, "C" },
        { 0x08, "C" },
        { 0x09, "SC" },
        { 0x0d, "SC" },
        { 0x0e, "C" },
        { 0x20, "S" },
        { 0x21, "P" },
        { 0x2f, "P" },
        { '0', "NW" },
        { '9', "NW" },
        { ':', "P" },
        { '@', "P" },
        { 'A', "W" },
        { 'Z', "W" },
        { '[', "P" },
        { '^', "P" },
        { '_', "PW" },
        { '`', "P" },
        { 'a', "W" },
        { 'z', "W" },
        { '{', "P" },
        { '~', "P" },
        { 0x7f, "C" },
        /* spaces, and what looks like one */
        { 0x85, "SC" },
        { 0xa0, "S" },
        { 0x1680, "S" },
        { 0x180e, "C" },
        { 0x2000, "S" },
        { 0x200a, "S" },
        { 0x200b, "C" },
        { 0x2028, "S" },
        { 0x2029, "S" },
        { 0x202a, "C" },
        { 0x3000, "S" },
        { 0xfeff, "C" },
        { 0x200c, "CW" },
        { 0x200d, "CW" },
        { 0xe000, "C" },
        /* punctuation outside ASCII; new to the reference; of another category since */
        { 0xa1, "P" },
        { 0xbf, "P" },
        { 0xa7, "P" },
        { 0xa9, "" },
        { 0x20ac, "" },
        { 0x3001, "P" },
        { 0x203f, "PW" },
        { 0x61d, "" },
        { 0x2e42, "P" },
        { 0x2e43, "" },
        { 0x2e4f, "" },
        { 0x2e50, "" },
        { 0x166d, "P" },
        { 0x1e95e, "" },
        /* letters and numbers */
        { 0xe9, "W" },
        { 0x4e00, "IW" },
        { 0x9fff, "IW" },
        { 0x3400, "IW" },
        { 0xf900, "IW" },
        { 0x20000, "IW" },
        { 0x3042, "W" },
        { 0xac00, "W" },
        { 0xb2, "N" },
        { 0xbd, "N" },
        { 0x2167, "NW" },
        { 0x661, "NW" },
        { 0x24b6, "W" },
        { 0x24e9, "W" },
        { 0x24ea, "N" },
        { 0x1f130, "W" },
        { 0x1f149, "W" },
        { 0x1f14a, "" },
        { 0x1f150, "W" },
        { 0x1f169, "W" },
        { 0x1f170, "W" },
        { 0x1f189, "W" },
        { 0x1f18a, "" },
        { 0x1f600, "" },
        /* marks; those new to one side or the other */
        { 0x300, "MmW" },
        { 0x36f, "MmW" },
        { 0x903, "mW" },
        { 0x488, "mW" },
        { 0x7fd, "W" },
        { 0x898, "W" },
        { 0x1734, "MmW" },
        { 0x1cf2, "mW" },
        { 0x1cf7, "W" },
        { 0x1b00, "MmW" },
        { 0x890, "" },
        { 0x110cd, "" },
        { 0x13430, "" },
        { 0x110bd, "C" },
        /* newer than utf8proc */
        { 0x897, "W" },
        { 0x10d40, "NW" },
        { 0x10d49, "NW" },
        { 0x10d4a, "W" },
        { 0x2ebf0, "W" },
        { 0x2ee5d, "W" },
        { 0x16ff4, "N" },
        { 0x10ffff, "" },
    };
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = classes(cases[i].c);

        if (strcmp(got, cases[i].want) == 0) continue;
        print_message("U+%04X: \"%s\", not \"%s\"\n", cases[i].c, got, cases[i].want);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* --- lower case and normal forms ------------------------------------------------------------------- */

/* A list of code points that 0 ends. */
typedef const uint32_t list[48];

static points of_list(const uint32_t *from)
{
    points p = { 0 };

    for (; *from != 0; from++) assert_true(points_add(&p, *from));
    return p;
}

static void check_points(const char *what, size_t i, points *got, const uint32_t *want)
{
    points p = of_list(want);

    if (got->count != p.count) fail_msg("%s %zu: %zu code points, not %zu", what, i, got->count, p.count);
    for (size_t k = 0; k < p.count; k++)
        if (got->at[k] != p.at[k])
            fail_msg("%s %zu, place %zu: U+%04X, not U+%04X", what, i, k, got->at[k], p.at[k]);
    free(p.at);
    free(got->at);
}

static void lower_case(void **state)
{
    static const struct {
        uint32_t c;
        list     want;
    } cases[] = {
        { 'A', { 'a' } },          { 'a', { 'a' } },         { '1', { '1' } },
        { 0x130, { 'i', 0x307 } }, { 0xc9, { 0xe9 } },       { 0x3a3, { 0x3c3 } },
        { 0x1e9e, { 0xdf } },      { 0x1c89, { 0x1c8a } },   { 0xa7cb, { 0x264 } },
        { 0x10d50, { 0x10d70 } },  { 0x10d65, { 0x10d85 } }, { 0x10d66, { 0x10d66 } },
        { 0x10400, { 0x10428 } },  { 0x16ea0, { 0x16ebb } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        points p = { 0 };

        assert_true(unicode_lower(&p, cases[i].c));
        check_points("lower case", i, &p, cases[i].want);
    }
}

static void decomposition(void **state)
{
    static const struct {
        bool compatible;
        list from, want;
    } cases[] = {
        { false, { 0xe9 }, { 'e', 0x301 } },
        { false, { 0xfb01 }, { 0xfb01 } },
        { true, { 0xfb01 }, { 'f', 'i' } },
        { false, { 0x1e69 }, { 's', 0x323, 0x307 } }, /* through two steps */
        { false, { 0xac01 }, { 0x1100, 0x1161, 0x11a8 } },
        { false, { 0xa0 }, { 0xa0 } },
        { true, { 0xa0 }, { ' ' } },
        /* marks by class, equal ones as they stood, each run for itself */
        { false, { 'a', 0x301, 0x323 }, { 'a', 0x323, 0x301 } },
        { false, { 'a', 0x301, 0x300 }, { 'a', 0x301, 0x300 } },
        { false, { 'a', 0x301, 'b', 0x323, 0x301, 0x327 }, { 'a', 0x301, 'b', 0x327, 0x323, 0x301 } },
        { false, { 0xe9, 0x323 }, { 'e', 0x323, 0x301 } },
        /* whole in the reference, or without a class there */
        { false, { 0x11938 }, { 0x11938 } },
        { true, { 0x32ff }, { 0x32ff } },
        { true, { 0x32fe }, { 0x30f2 } },
        { false, { 'a', 0x301, 0x1e2ae, 0x323 }, { 'a', 0x301, 0x1e2ae, 0x323 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        points from = of_list(cases[i].from), to = { 0 };

        assert_true(unicode_decompose(&to, &from, cases[i].compatible));
        check_points("decomposition", i, &to, cases[i].want);
        free(from.at);
    }
}

/* More marks than fit the stack, and behind a text that is there already. */
static void many_marks_are_put_in_order(void **state)
{
    points from = { 0 }, to = { 0 };

    (void)state;
    assert_true(points_add(&to, 0x301) && points_add(&to, 0x323)); /* not of this text: left as they are */
    assert_true(points_add(&from, 'a'));
    for (uint32_t i = 0; i < 500; i++)
        assert_true(points_add(&from, i % 2 == 0 ? 0x300 + i % 5 : 0x323 + i % 3));
    assert_true(unicode_decompose(&to, &from, false));
    assert_int_equal(to.count, 2 + from.count);
    assert_true(to.at[0] == 0x301 && to.at[1] == 0x323 && to.at[2] == 'a');
    for (uint32_t i = 0; i < 250; i++) {
        assert_int_equal(to.at[3 + i], 0x323 + (2 * i + 1) % 3);
        assert_int_equal(to.at[253 + i], 0x300 + 2 * i % 5);
    }
    free(from.at);
    free(to.at);
}

static void composition(void **state)
{
    static const struct {
        list from, want;
    } cases[] = {
        { { 0 }, { 0 } },
        { { 'e', 0x301 }, { 0xe9 } },
        { { 'e', 'e', 0x301, 'e' }, { 'e', 0xe9, 'e' } },
        { { 's', 0x323, 0x307 }, { 0x1e69 } },
        { { 0x1100, 0x1161, 0x11a8 }, { 0xac01 } },
        { { 'x', 0x301 }, { 'x', 0x301 } },
        { { 0x301, 'e' }, { 0x301, 'e' } },
        { { 0x11935, 0x11930 }, { 0x11935, 0x11930 } },       /* apart in the reference */
        { { 'e', 0x1e2ae, 0x301 }, { 'e', 0x1e2ae, 0x301 } }, /* a starter there, which blocks */
        { { 0x0b47, 0x0b3e }, { 0x0b4b } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        points p = of_list(cases[i].from);

        assert_true(unicode_compose(&p));
        check_points("composition", i, &p, cases[i].want);
    }
}

/* --- clusters ------------------------------------------------------------------------------------- */

static void clusters(void **state)
{
    static const struct {
        const char *text;
        size_t      size;
    } cases[] = {
        { "", 0 },
        { "ab", 1 },
        { "e\xcc\x81x", 3 },
        { "\r\nx", 2 },
        { "\n\n", 1 },
        { "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab\xf0\x9f\x87\xb7", 8 }, /* two flags */
        { "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7!", 11 },                   /* joined    */
        { "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd!", 8 },                                /* a skin    */
        { "a\xe0\xa2\x97x", 4 },            /* a mark newer than utf8proc stays with its letter … */
        { "\n\xe0\xa2\x97", 1 },            /* … but not with what ends a cluster                 */
        { "\xe2\x80\xa8\xe0\xa2\x97", 3 },  /* line separator                                     */
        { "\xe2\x80\xa9\xe0\xa2\x97", 3 },  /* paragraph separator                                */
        { "\xe2\x80\x8b\xe0\xa2\x97", 3 },  /* zero-width space                                   */
        { "\xe2\x80\x8d\xe0\xa2\x97x", 6 }, /* zero-width joiner                                  */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t got = unicode_cluster(cases[i].text, strlen(cases[i].text));

        if (got != cases[i].size) fail_msg("case %zu: %zu bytes, not %zu", i, got, cases[i].size);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(bad_utf8_ends_where_no_sequence_goes_on),
        cmocka_unit_test(replacing_goes_from_the_left),
        cmocka_unit_test(classes_are_the_references),
        cmocka_unit_test(lower_case),
        cmocka_unit_test(decomposition),
        cmocka_unit_test(many_marks_are_put_in_order),
        cmocka_unit_test(composition),
        cmocka_unit_test(clusters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
