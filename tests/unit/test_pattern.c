/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_pattern.c - regular expressions as Oniguruma reads them, above all where PCRE2 would read the same
 * letters differently, and those that are refused because they would differ without a word. */
#include "token/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The matches of `regex` in `text`, empty ones left out, with '|' between; or the reason why not. */
static const char *matches(const char *regex, const char *text)
{
    static char out[1000];
    pattern    *p = NULL;
    matcher     m = { 0 };
    search      s;
    puma_error  e = { 0 };
    bool        found = true;
    size_t      begin, end, used = 0;

    out[0] = '\0';
    if (pattern_regex(&p, "here", regex, strlen(regex), &e) != PUMA_OK) {
        assert_null(p);
        snprintf(out, sizeof out, "E%u %s", e.code, e.text);
        return out;
    }
    search_start(&s, p, &m, text, strlen(text));
    for (;;) {
        if (search_next(&s, &begin, &end, &found, &e) != PUMA_OK) fail_msg("%s: %s", regex, e.text);
        if (!found) break;
        if (end > begin)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%.*s", used > 0 ? "|" : "",
                                     (int)(end - begin), text + begin);
    }
    matcher_free(&m);
    pattern_free(p);
    return out;
}

static void expressions_mean_what_oniguruma_means(void **state)
{
    static const struct {
        const char *regex, *text, *want;
    } cases[] = {
        /* repeats: {,n} is from 0, ? behind {n} makes it optional, + behind {n,m} repeats it */
        { "a{,2}", "aaa", "aa|a" },
        { "xa{2}?", "xaax", "xaa|x" },
        { "a{2,3}+", "aaaaa", "aaaaa" },
        { "a{2,}", "aaaab", "aaaa" },
        { "a{1,3}?", "aaa", "a|a|a" },
        { "a{x", "a{x", "a{x" },
        { "a+?", "aa", "a|a" },
        { "a++b", "aab", "aab" },
        { "a*+a", "aaa", "" },
        /* groups, whose names and numbers nothing refers to */
        { "(?<name>ab)+", "ababa", "abab" },
        { "(?'name'ab)+", "ababa", "abab" },
        { "a(?#no matter)b", "ab", "ab" },
        { "(?>a+)b", "aab", "aab" },
        { "a(?=b)", "abac", "a" },
        { "a(?!b)", "abac", "a" },
        { "(?<=a)[bc]", "abac", "b|c" },
        { "(?<!a)b", "abb", "b" },
        { "(?i)aBc", "xABc", "ABc" },
        { "(?i:a)b", "AbAB", "Ab" },
        { "(?m:a.b)", "a\nb", "a\nb" }, /* its m is PCRE2's s */
        { "a.b", "a\nb", "" },
        { "(?-i)A", "aA", "A" },
        /* places */
        { "\\Aab|cd\\z", "abcdcd", "ab|cd" },
        { "^a", "a\na", "a|a" }, /* of every line */
        { "a$", "a\na", "a|a" },
        { "\\bf\\w+\\b", "foo of f\xc3\xa9t", "foo|f\xc3\xa9t" },
        { "\\Bo", "foo o", "o|o" },
        /* sets */
        { "\\h+", "xyz12ab ", "12ab" }, /* hexadecimal digits, not blanks */
        { "\\H+", "xyz12", "xyz" },
        { "\\s+",
          "a \t\xc2\xa0\xe2\x80\xa8"
          "b",
          " \t\xc2\xa0\xe2\x80\xa8" },
        { "\\d+", "12\xd9\xa1x", "12\xd9\xa1" },
        { "[a-z&&[^aeiou]]+", "abcde", "bcd" },
        { "[a-d&&b-f&&c-z]+", "abcdef", "cd" },
        { "[a[bc]]+", "abcd", "abc" },
        { "[^a[bc]]+", "abcd", "d" },
        { "[]a]+", "b]a", "]a" },
        { "[a-]+", "b-a", "-a" },
        { "[[:alpha:]]+", "12ab\xc3\xa9 ", "ab\xc3\xa9" },
        { "[[:^alpha:]]+", "12ab", "12" },
        { "[^[:digit:]]+", "12ab", "ab" },
        { "[\\x61-\\x{63}\\u0064]+", "abcde", "abcd" },
        { "[\\n\\t]+", "a\n\tb", "\n\t" },
        { "[^\\s\\p{L}\\p{N}]+", "a, b!7?", ",|!|?" },
        { "\\x41\\x{1F600}\\u0042",
          "A\xf0\x9f\x98\x80"
          "B",
          "A\xf0\x9f\x98\x80"
          "B" },
        { "\\.\\*\\[", "a.*[", ".*[" },
        /* properties: names without case, blanks, '-' and '_' */
        { "\\p{Lu}+", "abCDe", "CD" },
        { "\\p{Uppercase_Letter}+", "abCDe", "CD" },
        { "\\p{uppercase letter}+", "abCDe", "CD" },
        { "\\p{upper-case-LETTER}+", "abCDe", "CD" },
        { "\\P{Lu}+", "abCDe", "ab|e" },
        { "\\p{^Lu}+", "abCDe", "ab|e" },
        { "\\P{^Lu}+", "abCDe", "CD" },
        { "\\p{Alnum}+", "a1-\xc3\xa9", "a1|\xc3\xa9" },
        { "\\p{Han}+", "a\xe4\xb8\x80\xe3\x81\x82", "\xe4\xb8\x80" },
        { "\\p{Hiragana}", "\xe4\xb8\x80\xe3\x81\x82", "\xe3\x81\x82" },
        { "\\P{Han}+", "a\xe4\xb8\x80", "a" },
        /* U+0897, a mark since Unicode 16: assigned, and Mn */
        { "\\p{Mn}", "a\xe0\xa2\x97", "\xe0\xa2\x97" },
        { "\\P{Mn}", "a\xe0\xa2\x97", "a" },
        { "\\p{M}", "a\xe0\xa2\x97", "\xe0\xa2\x97" },
        { "\\p{Cn}", "a\xe0\xa2\x97\xcd\xb8", "\xcd\xb8" }, /* U+0378 is not assigned */
        { "\\P{Cn}+", "a\xe0\xa2\x97\xcd\xb8", "a\xe0\xa2\x97" },
        { "[\\p{Cn}a]+", "a\xe0\xa2\x97\xcd\xb8", "a|\xcd\xb8" },
        { "\\p{C}", "a\xe0\xa2\x97\x01", "\x01" },
        { "\\P{C}+", "a\xe0\xa2\x97\x01", "a\xe0\xa2\x97" },
        { "a||b", "ab", "a" },
        { "", "ab", "" },
    };
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = matches(cases[i].regex, cases[i].text);

        if (strcmp(got, cases[i].want) == 0) continue;
        print_message("%s: \"%s\", not \"%s\"\n", cases[i].regex, got, cases[i].want);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void what_would_differ_is_refused(void **state)
{
    static const struct {
        const char *regex, *reason;
    } cases[] = {
        { "*a", "a repeat of nothing" },
        { "a|+", "a repeat of nothing" },
        { "a{3,2}", "such an interval" },
        { "a{1001}", "such an interval" },
        { "a{2,1001}", "such an interval" },
        { "[a", "[ and no ]" },
        { "[a&&]", "&&" },
        { "[a-\\d]", "a range that ends with a set" },
        { "[\\d-z]", "a range that begins with a set" },
        { "\\u12", "a number that is no character" },
        { "\\uD800", "a number that is no character" },
        { "\\x{110000}", "a number that is no character" },
        { "\\x80", "\\x of a byte that is no character" },
        { "\\1", "" },
        { "\\k<n>", "" },
        { "a\\", "" },
        { "(a", "" },
        { "a)", "" },
        { "(?<name", "a name of a group without end" },
        { "(?'name", "a name of a group without end" },
        { "a(?i)b", "options that begin within it" },
        { "(?z)a", "such an option or group" },
        { "(?#never closed", "such a comment" },
        { "(?#a\\)b)", "such a comment" },
        { "(*FAIL)", "(*" },
        { "\\p{Nonsense}", "such a \\p{property}" },
        { "\\pL", "" },
        { "\\p{Lu", "" },
        { "(?i)\\p{Lu}", "a case of letters in (?i)" },
        { "(?i)\\p{Upper}", "a case of letters in (?i)" },
        { "(?i)ss", "letters that Unicode folds to one in (?i)" },
        { "(?i)\xc3\x9f", "a letter of a longer case folding in (?i)" },
        { "(?i)[\xc3\x80-\xc3\xbf]", "a letter of a longer case folding in (?i)" },
        { "\\P{Alnum}", "" },
    };
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = matches(cases[i].regex, "");

        if (strncmp(got, "E5", 2) == 0 && strstr(got, "here: ") != NULL &&
            strstr(got, cases[i].reason) != NULL)
            continue;
        print_message("%s: \"%s\", not \"%s\"\n", cases[i].regex, got, cases[i].reason);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* Groups within groups, up to what the translator's stack is meant for. */
static void depth_is_bounded(void **state)
{
    char regex[400];

    (void)state;
    for (size_t depth = 10; depth <= 150; depth += 70) {
        memset(regex, '(', depth);
        regex[depth] = 'a';
        memset(regex + depth + 1, ')', depth);
        regex[2 * depth + 1] = '\0';
        if (depth < 60)
            assert_string_equal(matches(regex, "ba"), "a");
        else
            assert_int_equal(strncmp(matches(regex, "ba"), "E5", 2), 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_mean_what_oniguruma_means),
        cmocka_unit_test(what_would_differ_is_refused),
        cmocka_unit_test(depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
