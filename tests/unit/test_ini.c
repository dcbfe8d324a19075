/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_ini.c - INI files are read whole, strictly, and with line numbers. */
#include "ini/ini.h"
#include "../support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static puma_status parse(ini *file, const char *text, size_t size, puma_error *e)
{
    *e = (puma_error){ 0 };
    return ini_parse_text(file, "t.ini", text, size, e);
}

static void value_is(const char *text, const char *section, const char *key, const char *value, int line)
{
    ini              file;
    puma_error       e;
    const ini_entry *entry;

    if (parse(&file, text, strlen(text), &e) != PUMA_OK) fail_msg("%s", e.text);
    entry = ini_find(&file, section, key);
    assert_non_null(entry);
    assert_string_equal(entry->value, value);
    assert_int_equal(entry->line, line);
    ini_free(&file);
}

static void refused_bytes(const char *text, size_t size, unsigned code, const char *in_text)
{
    ini        file;
    puma_error e;

    assert_int_equal(parse(&file, text, size, &e), code / 100);
    assert_int_equal(e.code, code);
    if (!strstr(e.text, in_text)) fail_msg("'%s' is not in '%s'", in_text, e.text);
    assert_null(file.entries);
    assert_null(file.path);
}

static void refused(const char *text, unsigned code, const char *in_text)
{
    refused_bytes(text, strlen(text), code, in_text);
}

static void the_shortest_file(void **state)
{
    (void)state;
    value_is("[run]\nmodel = models/minilm\n", "run", "model", "models/minilm", 2);
}

static void values_keep_semicolons_hashes_and_equals(void **state)
{
    (void)state;
    value_is("[a]\nk = a ; b # c = d\n", "a", "k", "a ; b # c = d", 2);
    value_is("[a]\nk=;\n", "a", "k", ";", 2);
    value_is("[a]\nk = http://x:1/\n", "a", "k", "http://x:1/", 2);
    value_is("[a]\nk = \"quoted\"\n", "a", "k", "\"quoted\"", 2);
    value_is("[a]\nk =\n", "a", "k", "", 2);
    value_is("[a]\nk = [b]\nj = 1\n", "a", "j", "1", 3);
}

static void comments_stand_on_their_own_lines(void **state)
{
    (void)state;
    value_is("# x\n; y = z\n\n  # w\n[a]\n\t;v\nk = 1\n", "a", "k", "1", 7);
}

static void indented_lines_are_lines(void **state)
{
    (void)state;
    value_is("[a]\nk = 1\n   j = 2\n\t[b]\n\tl = 3\n", "a", "j", "2", 3);
    value_is("[a]\nk = 1\n   j = 2\n\t[b]\n\tl = 3\n", "b", "l", "3", 5);
    value_is("[a]\nk = 1\n   j = 2\n", "a", "k", "1", 2);
    refused("[a]\nk = 1\n\tcontinued\n", 305, "t.ini:3:");
}

static void bom_crlf_and_a_missing_last_newline_are_accepted(void **state)
{
    (void)state;
    value_is("\xef\xbb\xbf[a]\r\nk = 1\r\nj = x y\r\n", "a", "j", "x y", 3);
    value_is("[a]\nk = 1", "a", "k", "1", 2);
    value_is("[a]\nk = 1\r", "a", "k", "1", 2);
}

static void nul_and_bad_utf8_are_refused(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xc3",
        "\xc0\xaf",
        "\xe0\x80\xaf",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xff",
    };

    (void)state;
    refused_bytes("[a]\nk = \0 1\n", 12, 303, "t.ini:2: a NUL byte at byte offset 8");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[64];

        snprintf(text, sizeof text, "[a]\nk = %s\n", bad[i]);
        refused(text, 303, "t.ini:2: invalid UTF-8");
        snprintf(text, sizeof text, "[a]\nk = %s", bad[i]);
        refused(text, 303, "t.ini:2: invalid UTF-8");
    }
    value_is("[a]\nk = \xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\n", "a", "k",
             "\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82", 2);
}

/* A line of `size` bytes whose tail looks like a key of its own. */
static char *long_line(size_t size)
{
    static const char tail[] = "\tinsecure=yes";
    char             *text = malloc(size + 16);

    assert_non_null(text);
    strcpy(text, "[a]\n");
    memset(text + 4, 'x', size);
    memcpy(text + 4, "k=", 2);
    memcpy(text + 4 + size - strlen(tail), tail, strlen(tail));
    strcpy(text + 4 + size, "\n");
    return text;
}

static void a_long_line_is_one_value_or_an_error(void **state)
{
    static const size_t sizes[] = { 150, 199, 200, 201, 400, INI_MAX_LINE_BYTES - 1, INI_MAX_LINE_BYTES };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char      *text = long_line(sizes[i]);
        ini        file;
        puma_error e;

        assert_int_equal(parse(&file, text, strlen(text), &e), PUMA_OK);
        assert_int_equal(file.count, 1);
        assert_int_equal(strlen(file.entries[0].value), sizes[i] - 2);
        assert_null(ini_find(&file, "a", "insecure"));
        ini_free(&file);
        free(text);
    }
    for (size_t over = 1; over < 300; over += 99) {
        char *text = long_line(INI_MAX_LINE_BYTES + over);

        refused(text, 304, "t.ini:2:");
        free(text);
    }
}

static void long_names_are_refused_not_cut(void **state)
{
    char name[64], text[160];

    (void)state;
    memset(name, 'n', sizeof name);
    name[INI_MAX_NAME_BYTES] = '\0';
    snprintf(text, sizeof text, "[%s]\n%s = 1\n", name, name);
    value_is(text, name, name, "1", 2);
    snprintf(text, sizeof text, "[%sx]\nk = 1\n", name);
    refused(text, 304, "t.ini:1:");
    snprintf(text, sizeof text, "[a]\n%sx = 1\n", name);
    refused(text, 304, "t.ini:2:");
}

static void duplicates_name_both_lines(void **state)
{
    (void)state;
    refused("[a]\nk = 1\nj = 2\nk = 1\n", 306, "t.ini:4: [a] k is given twice, first in line 2");
    refused("[a]\nk = 1\n[b]\nk = 1\n[a]\nj = 3\nk = 2\n", 306,
            "t.ini:7: [a] k is given twice, first in line 2");
    refused("[a]\nz = 1\nz = 1\n[b]\na = 1\na = 1\n", 306, "t.ini:3:");
    value_is("[a]\nk = 1\n[b]\nk = 1\n[a]\nj = 3\n", "a", "j", "3", 6);
    value_is("[a]\nk = 1\nK = 2\n[A]\nk = 3\n", "A", "k", "3", 5);
}

static void lines_that_are_nothing_are_refused(void **state)
{
    (void)state;
    refused("k = 1\n", 307, "t.ini:1:");
    refused("[a]\nk\n", 305, "t.ini:2:");
    refused("[a]\nk : 1\n", 305, "t.ini:2:");
    refused("[a]\n= 1\n", 305, "t.ini:2:");
    refused("[a]\nk j = 1\n", 305, "t.ini:2:");
    refused("[a]\nk:j = 1\n", 305, "t.ini:2:");
    refused("[a\nk = 1\n", 305, "t.ini:1:");
    refused("[a] ; x\nk = 1\n", 305, "t.ini:1:");
    refused("[]\n", 305, "t.ini:1:");
    refused("[a b]\n", 305, "t.ini:1:");
    refused("[a]]\n", 305, "t.ini:1:");
}

static void empty_sections_are_listed(void **state)
{
    ini        file;
    puma_error e;

    (void)state;
    assert_int_equal(parse(&file, "[a]\n[b]\n[a]\n", 12, &e), PUMA_OK);
    assert_int_equal(file.count, 0);
    assert_int_equal(file.section_count, 3);
    assert_string_equal(file.sections[1].name, "b");
    assert_int_equal(file.sections[2].line, 3);
    ini_free(&file);
}

static void a_million_sections_end_in_time(void **state)
{
    size_t     count = 1000000, used = 0;
    char      *text = malloc(10 * count);
    ini        file;
    puma_error e = { 0 };

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) used += (size_t)sprintf(text + used, "[%zu]\n", i);
    assert_int_equal(parse(&file, text, used, &e), PUMA_ECONFIG);
    assert_int_equal(e.code, 302);
    /* As many keys as a file may hold, all different: looking for duplicates must not be quadratic. */
    used = (size_t)sprintf(text, "[a]\n");
    for (size_t i = 0; used < INI_MAX_FILE - 16; i++) used += (size_t)sprintf(text + used, "%zx=\n", i);
    assert_int_equal(parse(&file, text, used, &e), PUMA_OK);
    assert_true(file.count > 130000);
    ini_free(&file);
    free(text);
}

static void files_that_are_no_files_are_refused(void **state)
{
    const char *path;
    ini         file;
    puma_error  e = { 0 };

    make_scratch(state);
    assert_int_equal(ini_read(&file, in_scratch("absent.ini"), &e), PUMA_ECONFIG);
    assert_non_null(strstr(e.text, "No such file"));
    e = (puma_error){ 0 };
    assert_int_equal(ini_read(&file, scratch, &e), PUMA_ECONFIG);
    assert_non_null(strstr(e.text, "directory"));
    path = in_scratch("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    e = (puma_error){ 0 };
    assert_int_equal(ini_read(&file, path, &e), PUMA_ECONFIG);
    assert_non_null(strstr(e.text, "regular"));
    path = put_text("good.ini", "[a]\nk = 1\n");
    e = (puma_error){ 0 };
    assert_int_equal(ini_read(&file, path, &e), PUMA_OK);
    assert_string_equal(ini_find(&file, "a", "k")->value, "1");
    ini_free(&file);
    assert_int_equal(truncate(path, 100 << 20), 0);
    assert_int_equal(ini_read(&file, path, &e), PUMA_ECONFIG);
    assert_int_equal(e.code, 302);
    assert_int_equal(remove_scratch(state), 0);
}

static void set_replaces_and_adds(void **state)
{
    ini        file;
    puma_error e = { 0 };

    (void)state;
    assert_int_equal(parse(&file, "[a]\nk = 1\n", 10, &e), PUMA_OK);
    assert_int_equal(ini_set(&file, "a.k=2", &e), PUMA_OK);
    assert_int_equal(ini_set(&file, "a.text= x=y ; z.w", &e), PUMA_OK);
    assert_int_equal(ini_set(&file, "plugin.puma.clip=", &e), PUMA_OK);
    assert_int_equal(file.count, 3);
    assert_string_equal(ini_find(&file, "a", "k")->value, "2");
    assert_int_equal(ini_find(&file, "a", "k")->line, 0);
    assert_string_equal(ini_find(&file, "a", "text")->value, " x=y ; z.w");
    assert_string_equal(ini_find(&file, "plugin.puma", "clip")->value, "");
    ini_free(&file);
}

static void set_of_another_form_is_a_usage_fault(void **state)
{
    static const char *const bad[] = { "",     "a",    "a.k",     "=",     "a=1",
                                       ".k=1", "a.=1", "a b.k=1", "a=b.c", "[a].k=1" };
    ini                      file;
    puma_error               e = { 0 };

    (void)state;
    assert_int_equal(parse(&file, "", 0, &e), PUMA_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e = (puma_error){ 0 };
        assert_int_equal(ini_set(&file, bad[i], &e), PUMA_EUSAGE);
    }
    e = (puma_error){ 0 };
    assert_int_equal(ini_set(&file, "a.k=\xff", &e), PUMA_ECONFIG);
    assert_int_equal(file.count, 0);
    e = (puma_error){ 0 };
    assert_int_equal(ini_set(&file, "a.k=x\ny", &e), PUMA_OK);
    assert_string_equal(ini_find(&file, "a", "k")->value, "x\ny");
    ini_free(&file);
}

static void nearest_name(void **state)
{
    static const char *const names[] = { "ring_bits", "fxp_fraction_bits", "arithmetic", "ranges",
                                         "text",      "text_pair",         NULL };

    (void)state;
    assert_string_equal(ini_nearest("fracton_bits", names), "fxp_fraction_bits");
    assert_string_equal(ini_nearest("ring_bit", names), "ring_bits");
    assert_string_equal(ini_nearest("rnages", names), "ranges");
    assert_string_equal(ini_nearest("textpair", names), "text_pair");
    assert_string_equal(ini_nearest("txt", names), "text");
    assert_null(ini_nearest("x", names));
    assert_null(ini_nearest("certificates", names));
}

static void integers_are_digits_in_range(void **state)
{
    static const char *const bad[] = { "",
                                       "1x",
                                       "0x10",
                                       " 1",
                                       "1 ",
                                       "+1",
                                       "-1",
                                       "1e3",
                                       "1.0",
                                       "2147483648",
                                       "9223372036854775808",
                                       "18446744073709551616",
                                       "99999999999999999999999999999999999999999999" };
    uint64_t                 value = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ini_unsigned(bad[i], 0, 2147483647, &value));
    assert_int_equal(value, 7);
    assert_true(ini_unsigned("18446744073709551615", 0, UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_false(ini_unsigned("18446744073709551616", 0, UINT64_MAX, &value));
    assert_false(ini_unsigned("3", 4, 9, &value));
    assert_true(ini_unsigned("4", 4, 9, &value));
    assert_int_equal(value, 4);
}

static void reals_are_plain_and_finite(void **state)
{
    static const char *const bad[] = { "",      "nan", "inf", "1e309", "-1e309", "1,5", " 1",    "1 ",
                                       "0x1p3", "1e",  "1e+", ".",     "-",      "+1",  "1.5.2", "1d3" };
    double                   value = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(ini_real(bad[i], &value));
    assert_true(value == 7);
    assert_true(ini_real("-1.5e-3", &value) && value == -1.5e-3);
    assert_true(ini_real(".5", &value) && value == 0.5);
    assert_true(ini_real("3.", &value) && value == 3);
    assert_true(ini_real("1e-12", &value) && value == 1e-12);
}

static void booleans_are_yes_and_no(void **state)
{
    static const char *const bad[] = { "", "1", "TRUE", "true", "on", "maybe", "Yes", "yes ", "n" };
    bool                     value = false;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(ini_yes_no(bad[i], &value));
    assert_true(ini_yes_no("yes", &value) && value);
    assert_true(ini_yes_no("no", &value) && !value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_file),
        cmocka_unit_test(values_keep_semicolons_hashes_and_equals),
        cmocka_unit_test(comments_stand_on_their_own_lines),
        cmocka_unit_test(indented_lines_are_lines),
        cmocka_unit_test(bom_crlf_and_a_missing_last_newline_are_accepted),
        cmocka_unit_test(nul_and_bad_utf8_are_refused),
        cmocka_unit_test(a_long_line_is_one_value_or_an_error),
        cmocka_unit_test(long_names_are_refused_not_cut),
        cmocka_unit_test(duplicates_name_both_lines),
        cmocka_unit_test(lines_that_are_nothing_are_refused),
        cmocka_unit_test(empty_sections_are_listed),
        cmocka_unit_test(a_million_sections_end_in_time),
        cmocka_unit_test(files_that_are_no_files_are_refused),
        cmocka_unit_test(set_replaces_and_adds),
        cmocka_unit_test(set_of_another_form_is_a_usage_fault),
        cmocka_unit_test(nearest_name),
        cmocka_unit_test(integers_are_digits_in_range),
        cmocka_unit_test(reals_are_plain_and_finite),
        cmocka_unit_test(booleans_are_yes_and_no),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
