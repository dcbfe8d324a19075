/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_plots.c - the diagrams of a page: nothing is drawn outside of them, what has no place is left out and
 * said so, and no name becomes markup. */
#include "report/page/plots.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static size_t count_of(const text_buffer *b, const char *what)
{
    size_t n = 0;

    for (const char *at = b->text; at != NULL && (at = strstr(at, what)) != NULL; at += strlen(what)) n++;
    return n;
}

/* Every number after NAME=" lies in a range: a diagram is 920 wide. */
static void check_within(const text_buffer *b, const char *name, double low, double high)
{
    size_t n = 0;

    for (const char *at = b->text; (at = strstr(at, name)) != NULL; n++) {
        char  *end;
        double v = strtod(at += strlen(name), &end);

        if (end == at || !(v >= low && v <= high))
            fail_msg("%s%.20s: not from %g to %g", name, at, low, high);
    }
    assert_true(n > 0);
}

static void names_are_no_markup(void **state)
{
    text_buffer b = { 0 };

    (void)state;
    html_escaped(&b, "<a href=\"x\">&'\t\r\n\x01\x1f\xc3\xa9");
    assert_string_equal(b.text,
                        "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\t\r\n\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
    free(b.text);
}

/* The buffer grows by steps; what fails leaves the text as it is. */
static void text_grows(void **state)
{
    text_buffer b = { 0 };
    char        piece[1000];

    (void)state;
    memset(piece, 'x', sizeof piece - 1);
    piece[sizeof piece - 1] = '\0';
    for (int i = 0; i < 100; i++) html_add(&b, "%s%d", piece, i % 10);
    assert_int_equal(b.size, 100 * 1000);
    assert_int_equal(strlen(b.text), b.size);
    for (size_t i = 0; i < 100; i++) assert_int_equal(b.text[1000 * i + 999], '0' + (int)(i % 10));
    b.failed = true; /* as after a failed allocation: nothing more is added */
    html_add(&b, "more");
    assert_int_equal(strlen(b.text), 100 * 1000);
    free(b.text);
}

static void numbers_have_few_digits(void **state)
{
    static const struct {
        plot_unit   unit;
        double      v;
        const char *want;
    } cases[] = {
        { PLOT_SECONDS, 0.2234, "0.223 s" }, { PLOT_SECONDS, 1.234, "1.23 s" },
        { PLOT_SECONDS, 12.34, "12.3 s" },   { PLOT_SECONDS, 1234.5, "1234 s" },
        { PLOT_COUNT, 347, "347" },          { PLOT_BYTES, 35300000, "35.3 MB" },
        { PLOT_BYTES, 999, "999 B" },        { PLOT_BYTES, -1, "0 B" },
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        plot_number(text, sizeof text, cases[i].unit, cases[i].v);
        assert_string_equal(text, cases[i].want);
    }
}

static void points_have_a_place_or_are_left_out(void **state)
{
    static const plot_point points[] = { { "first", 2e6, 1e-3 },   { "no bytes", 0, 1 },
                                         { "no error", 1e6, 0 },   { "<far>", 4e9, 1e-7 },
                                         { "unknown", NAN, 0.01 }, { "lone", 3e7, 1e-3 } };
    text_buffer             b = { 0 };

    (void)state;
    assert_true(plot_points(&b, points, COUNT(points), "bytes & errors"));
    assert_int_equal(count_of(&b, "<title>"), 3);
    assert_non_null(strstr(b.text, "<title>first: 2.0 MB, error 0.001</title>"));
    assert_non_null(strstr(b.text, "<title>&lt;far&gt;: 4.0 GB, error 1e-07</title>"));
    assert_null(strstr(b.text, "no bytes"));
    assert_null(strstr(b.text, "no error"));
    assert_null(strstr(b.text, "unknown"));
    assert_non_null(strstr(b.text, ">bytes &amp; errors</text>"));
    assert_non_null(strstr(b.text, ">1e-7</text>")); /* upwards, whole powers of ten */
    assert_non_null(strstr(b.text, ">10 MB</text>"));
    check_within(&b, "cx=\"", 14, 896); /* the samples of the key lie at 14, 6 */
    check_within(&b, "cy=\"", 6, 280);
    free(b.text);
}

static void one_point_is_enough(void **state)
{
    static const plot_point one[] = { { "one", 1e6, 0.01 } }, none[] = { { "none", 0, 0 } };
    text_buffer             b = { 0 };

    (void)state;
    assert_true(plot_points(&b, one, 1, "bytes"));
    assert_int_equal(count_of(&b, "<title>"), 1);
    assert_null(strstr(b.text, "nan"));
    assert_null(strstr(b.text, "inf"));
    free(b.text);
    b = (text_buffer){ 0 };
    assert_false(plot_points(&b, none, 1, "bytes"));
    assert_false(plot_points(&b, NULL, 0, "bytes"));
    assert_int_equal(b.size, 0);
}

/* 24 colours in three tiers of eight, each with a marker and a dash of its own. */
static void series_look_different(void **state)
{
    text_buffer b = { 0 };
    plot_line   lines[24];
    double      x[] = { 0, 1 }, y[24][2];

    (void)state;
    for (size_t i = 0; i < 24; i++) {
        y[i][0] = y[i][1] = 0.01 * (double)(i + 1);
        lines[i] = (plot_line){ .name = "s", .y = y[i], .series = i };
    }
    assert_true(plot_lines(&b, lines, 24, x, 2, (const char *const[]){ "a", "b" }, 1e-9, "layer"));
    for (size_t i = 0; i < 24; i++) {
        char class[40];

        snprintf(class, sizeof class, "<polyline class=\"c%zu\"%s", i,
                 i < 8    ? " points"
                 : i < 16 ? " stroke-dasharray=\"7 3\""
                          : " stroke-dasharray=\"2 3\"");
        if (count_of(&b, class) != 1) fail_msg("series %zu has no line of its own", i);
    }
    assert_int_equal(count_of(&b, "<circle"), 8 * 3); /* at two points and in the key */
    assert_int_equal(count_of(&b, "</circle>"), 8 * 3);
    assert_int_equal(count_of(&b, "</rect>"), 8 * 3);
    assert_int_equal(count_of(&b, "</path>"), 8 * 3);
    free(b.text);
}

static void gaps_part_a_line(void **state)
{
    static const double x[] = { 0, 1, 2, 3, 4 }, y[] = { 0.1, NAN, 0.2, 0, INFINITY },
                        none[] = { NAN, NAN, NAN, NAN, NAN };
    const plot_line line = { .name = "gap", .y = y }, empty = { .name = "none", .y = none };
    text_buffer     b = { 0 };

    (void)state;
    assert_true(plot_lines(&b, &line, 1, x, 5,
                           (const char *const[]){ "0", "1", "2", "3", "a long name of the last" }, 1e-3,
                           "layer"));
    assert_int_equal(count_of(&b, "<polyline"), 2);
    assert_int_equal(count_of(&b, "<title>"), 4);
    assert_null(strstr(b.text, "points=\"nan"));
    /* 0 is drawn on the floor, the lowest line of the plot */
    assert_non_null(strstr(b.text, "688.5,280.0 "));
    /* a long tick at the right edge ends inside */
    assert_non_null(
        strstr(b.text, "<text x=\"918.0\" y=\"298.0\" text-anchor=\"end\">a long name of the last</text>"));
    free(b.text);
    b = (text_buffer){ 0 };
    assert_false(plot_lines(&b, &empty, 1, x, 5, NULL, 1e-3, "layer"));
    assert_false(plot_lines(&b, &line, 1, x, 1, NULL, 1e-3, "layer"));
    assert_int_equal(b.size, 0);
}

static void a_curve_has_numbers_below_it(void **state)
{
    static const double x[] = { -8, 0, 8 }, y[] = { 1e-9, 1, 1e12 };
    const plot_line     line = { .name = "curve", .y = y };
    text_buffer         b = { 0 };

    (void)state;
    assert_true(plot_lines(&b, &line, 1, x, 3, NULL, 1e-9, "x"));
    assert_int_equal(count_of(&b, "text-anchor=\"middle\""), 9 + 1); /* nine ticks and the axis */
    assert_non_null(strstr(b.text, ">-8</text>"));
    assert_non_null(strstr(b.text, ">6</text>"));
    assert_int_equal(count_of(&b, "<title>"), 0); /* a curve has no markers */
    /* 21 powers of ten: every other one has a line */
    assert_non_null(strstr(b.text, ">1e-9</text>"));
    assert_non_null(strstr(b.text, ">1e-7</text>"));
    assert_null(strstr(b.text, ">1e-8</text>"));
    assert_non_null(strstr(b.text, ">0.1</text>"));
    assert_non_null(strstr(b.text, ">1000</text>"));
    free(b.text);
}

static void bars_share_a_scale(void **state)
{
    static const plot_bar bars[] = {
        { "short", { 10, 0, 20 } },
        { "", { 0 } },
        { "a name that is longer than what fits in front of a bar, by far and \xc3\xa9", { 60 } }
    };
    static const char *const pieces[] = { "matmul", "none", "<gelu>" };
    text_buffer              b = { 0 };

    (void)state;
    assert_true(plot_bars(&b, "Bytes", bars, COUNT(bars), pieces, 3, PLOT_COUNT));
    assert_int_equal(count_of(&b, "<rect"), 3); /* none for what is 0 */
    assert_non_null(strstr(b.text, "&lt;gelu&gt;: 20</title>"));
    assert_non_null(strstr(b.text, ">30</text>"));
    assert_non_null(strstr(b.text, "\xe2\x80\xa6")); /* the long name is cut, and whole in its title */
    assert_non_null(
        strstr(b.text,
               "<title>a name that is longer than what fits in front of a bar, by far and \xc3\xa9</title>"));
    check_within(&b, "<rect x=\"", 60, 920);
    free(b.text);
    b = (text_buffer){ 0 };
    assert_false(plot_bars(&b, "Bytes", bars + 1, 1, pieces, 3, PLOT_BYTES));
    assert_false(plot_bars(&b, "Bytes", NULL, 0, pieces, 3, PLOT_BYTES));
    assert_int_equal(b.size, 0);
}

/* Wherever the cut falls, it falls between letters. */
static void long_names_are_cut_between_letters(void **state)
{
    (void)state;
    for (size_t lead = 0; lead < 3; lead++) {
        char        name[200];
        plot_bar    bar = { .name = name, .piece = { 1 } };
        text_buffer b = { 0 };

        memset(name, 'x', lead);
        for (size_t i = lead; i + 4 < sizeof name; i += 3) memcpy(name + i, "\xe2\x82\xac", 4);
        assert_true(plot_bars(&b, "Bytes", &bar, 1, (const char *const[]){ "p" }, 1, PLOT_COUNT));
        for (const unsigned char *at = (const unsigned char *)b.text; *at != 0; at++)
            if (*at == 0xe2)
                assert_true((at[1] & 0xc0) == 0x80 && (at[2] & 0xc0) == 0x80 && (at[3] & 0xc0) != 0x80);
            else
                assert_true(*at < 0x80 || (*at & 0xc0) == 0x80);
        free(b.text);
    }
}

static void a_spark_needs_two_values(void **state)
{
    static const double flat[] = { 3, 3, 3 }, wave[] = { 0, 10, 5 };
    double              many[1000];
    text_buffer         b = { 0 };

    (void)state;
    plot_spark(&b, flat, 3);
    plot_spark(&b, wave, 1);
    plot_spark(&b, NULL, 0);
    assert_int_equal(b.size, 0);
    plot_spark(&b, wave, 3);
    assert_non_null(strstr(b.text, "points=\"1.0,34.0 120.0,2.0 239.0,18.0 \""));
    free(b.text);
    b = (text_buffer){ 0 };
    for (size_t i = 0; i < 1000; i++) many[i] = (double)i;
    plot_spark(&b, many, 1000);
    assert_in_range(count_of(&b, ","), 150, 240); /* not more points than dots */
    free(b.text);
}

static void colours_for_light_and_dark(void **state)
{
    text_buffer b = { 0 };

    (void)state;
    plot_style(&b);
    assert_int_equal(count_of(&b, "{color:#"), 2 * PLOT_COLOURS);
    assert_int_equal(count_of(&b, ".c23{"), 2);
    free(b.text);
    b = (text_buffer){ 0 };
    plot_key(&b, (const char *const[]){ "a<b", "c" }, 2);
    assert_string_equal(b.text, "<p class=\"key\"><span><i class=\"c0\"></i>a&lt;b</span> "
                                "<span><i class=\"c1\"></i>c</span> </p>\n");
    free(b.text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_no_markup),      cmocka_unit_test(text_grows),
        cmocka_unit_test(numbers_have_few_digits),  cmocka_unit_test(points_have_a_place_or_are_left_out),
        cmocka_unit_test(one_point_is_enough),      cmocka_unit_test(series_look_different),
        cmocka_unit_test(gaps_part_a_line),         cmocka_unit_test(a_curve_has_numbers_below_it),
        cmocka_unit_test(bars_share_a_scale),       cmocka_unit_test(long_names_are_cut_between_letters),
        cmocka_unit_test(a_spark_needs_two_values), cmocka_unit_test(colours_for_light_and_dark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
