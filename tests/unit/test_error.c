/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_error.c - the one line that a failure ends with: the first cause stays, no text forges or breaks the
 * line, and a code means in the program what doc/errors.md says. */
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void the_first_cause_stays(void **state)
{
    puma_error e = { 0 };

    (void)state;
    assert_int_equal(error_prefix(&e, "nothing"), PUMA_OK);
    assert_string_equal(e.text, "");
    assert_int_equal(error_set(&e, 312, "line %d", 7), PUMA_ECONFIG);
    assert_int_equal(error_set(&e, 701, "party 2 is gone"), PUMA_ECONFIG);
    assert_int_equal(error_prefix(&e, "run.ini:%d", 7), PUMA_ECONFIG);
    assert_int_equal(e.code, 312);
    assert_string_equal(e.text, "run.ini:7: line 7");
}

/* What a text becomes on the line. */
static const char *shown(const char *text)
{
    static puma_error e;

    e = (puma_error){ 0 };
    error_set(&e, 501, "%s", text);
    return e.text;
}

static void no_text_forges_a_line(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "a\nb", "a\\x0ab" },
        { "\x1b[2J", "\\x1b[2J" },
        { "\x7f", "\\x7f" },
        { "\xc2\x9b"
          "31m",
          "\\xc2\\x9b31m" }, /* C1 control bytes, as UTF-8 */
        { "\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xe0\xa0\x80\xf0\x90\x80\x80",
          "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xe0\xa0\x80\xf0\x90\x80\x80" },
        /* not UTF-8: alone, overlong, surrogates, too large, cut off */
        { "\x80", "\\x80" },
        { "\xff", "\\xff" },
        { "\xc0\xaf", "\\xc0\\xaf" },
        { "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
        { "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" },
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
        { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
        { "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
        { "\xc3", "\\xc3" },
        { "\xe2\x82", "\\xe2\\x82" },
        { "\xf0\x9f\x98", "\\xf0\\x9f\\x98" },
        { "\xe2\x82x", "\\xe2\\x82x" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(shown(cases[i].text), cases[i].want) != 0)
            fail_msg("case %zu: %s", i, shown(cases[i].text));
}

/* A long text is cut between characters, never within one or within an escape. */
static void long_texts_are_cut_whole(void **state)
{
    char long_text[400];

    (void)state;
    for (size_t lead = 0; lead < 5; lead++) {
        const char *text;

        memset(long_text, 'x', lead);
        for (size_t i = lead; i + 3 < sizeof long_text; i += 3) memcpy(long_text + i, "\xe2\x82\xac", 4);
        text = shown(long_text);
        assert_in_range(strlen(text), ERROR_TEXT - 3, ERROR_TEXT - 1);
        assert_int_equal((strlen(text) - lead) % 3, 0);
        memset(long_text + lead, 1, sizeof long_text - lead - 1);
        long_text[sizeof long_text - 1] = '\0';
        text = shown(long_text);
        assert_in_range(strlen(text), ERROR_TEXT - 4, ERROR_TEXT - 1);
        assert_int_equal((strlen(text) - lead) % 4, 0);
    }
}

static void the_last_line_names_code_and_text(void **state)
{
    FILE      *file = tmpfile();
    int        saved = dup(STDERR_FILENO);
    puma_error e = { 0 };
    char       line[200] = "";

    (void)state;
    assert_true(file != NULL && saved >= 0);
    error_set(&e, 312, "run.ini:3: neither yes nor no");
    dup2(fileno(file), STDERR_FILENO);
    error_print(&e);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    (void)!fread(line, 1, sizeof line - 1, file);
    fclose(file);
    assert_string_equal(line, "puma: error E0312: run.ini:3: neither yes nor no\n");
}

/* Each row of the page, and no code that it has not. */
static void codes_mean_what_the_page_says(void **state)
{
    static bool known[10000];
    FILE       *page = fopen(PUMA_SRCDIR "/doc/errors.md", "r");
    char        line[400];
    unsigned    code, rows = 0;
    int         begin;

    (void)state;
    assert_non_null(page);
    while (fgets(line, sizeof line, page) != NULL) {
        char *end = strstr(line, " |\n");

        begin = 0;
        if (sscanf(line, "| E%4u | %n", &code, &begin) != 1 || begin == 0 || end == NULL) continue;
        *end = '\0';
        if (error_meaning(code) == NULL || strcmp(error_meaning(code), line + begin) != 0)
            fail_msg("E%04u: \"%s\" on the page, \"%s\" in the program", code, line + begin,
                     error_meaning(code));
        known[code] = true;
        rows++;
    }
    fclose(page);
    assert_true(rows > 100);
    for (code = 0; code < 10000; code++)
        if (!known[code] && error_meaning(code) != NULL) fail_msg("E%04u is not on the page", code);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_cause_stays),         cmocka_unit_test(no_text_forges_a_line),
        cmocka_unit_test(long_texts_are_cut_whole),      cmocka_unit_test(the_last_line_names_code_and_text),
        cmocka_unit_test(codes_mean_what_the_page_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
