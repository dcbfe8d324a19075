/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_json_text.c - JSON is parsed, or the text is broken, or there was no memory: each is told from the others, whichever
 * allocation fails. */
#include "base/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <cmocka.h>

static long allocations, failing;
static bool for_ever;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    if (failing > 0 && (allocations == failing || (for_ever && allocations > failing))) return NULL;
    return __real_malloc(size);
}

static json_t *parse(const char *text, long k, bool ever, bool *no_memory)
{
    json_t *root;

    allocations = 0;
    failing = k;
    for_ever = ever;
    root = json_text(text, strlen(text), JSON_REJECT_DUPLICATES, NULL, no_memory);
    failing = 0;
    return root;
}

/* Long strings, full of escapes that the lexer reads twice, at lengths where its buffer doubles. */
static char *long_text(size_t length)
{
    char  *text = malloc(2 * length + 200), *at = text;

    assert_non_null(text);
    at += sprintf(at, "{\"a\": [1, -2.5e3, true, null, \"\\u20ac\\n\"], \"long\": \"");
    for (size_t i = 0; i < length; i += 2) at += sprintf(at, i % 6 == 0 ? "\\\"" : "xy");
    at += sprintf(at, "\\\\\", \"more\": [[[[]]], {\"k\": {\"l\": {}}}, \"\\ud834\\udd1e\"]}");
    *at = '\0';
    return text;
}

static void every_refusal_is_told(void **state)
{
    static const size_t lengths[] = { 2, 13, 14, 15, 16, 30, 31, 62, 63, 126, 500, 5000 };

    (void)state;
    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        char   *text = long_text(lengths[n]);
        bool    no_memory;
        json_t *whole = parse(text, 0, false, &no_memory);
        long    total = allocations;

        assert_non_null(whole);
        assert_false(no_memory);
        assert_true(total > 20);
        for (long k = 1; k <= 2 * total; k++) {
            bool    ever = k > total;
            json_t *root = parse(text, ever ? k - total : k, ever, &no_memory);

            assert_null(root);
            assert_true(no_memory);
        }
        json_decref(whole);
        free(text);
    }
}

/* What is written is whole, or nothing. */
static void no_key_is_left_out(void **state)
{
    bool    no_memory;
    json_t *root = parse("{\"a key of some length, so that the buffer has to grow for it\": [1, 2, 3], \"b\": {\"c\": \"d\"}}", 0,
                         false, &no_memory);
    char   *whole, *text;

    (void)state;
    assert_non_null(root);
    whole = json_to_text(root, JSON_COMPACT);
    assert_non_null(whole);
    for (long k = 1;; k++) {
        allocations = 0;
        failing = k;
        text = json_to_text(root, JSON_COMPACT);
        failing = 0;
        if (allocations < k) break;
        assert_null(text);
    }
    assert_string_equal(text, whole);
    free(text);
    free(whole);
    json_decref(root);
}

static void a_broken_text_is_no_lack_of_memory(void **state)
{
    static const char *const texts[] = { "", "{", "[1,]", "\"", "\"\\", "{\"a\":1,\"a\":2}", "[1] 2", "\"a\nb\"", "nul", "\"\\ud800\"" };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_error_t error;
        bool         no_memory = true;

        assert_null(json_text(texts[i], strlen(texts[i]), JSON_REJECT_DUPLICATES, &error, &no_memory));
        assert_false(no_memory);
        assert_true(error.text[0] != '\0');
    }
}

/* Errors are where they were: the parser takes the text in steps. */
static void a_fault_is_where_it_stands(void **state)
{
    char         text[300];
    json_error_t error;
    bool         no_memory;

    (void)state;
    memset(text, ' ', sizeof text);
    text[0] = '[';
    text[150] = '\n';
    text[200] = '?';
    assert_null(json_text(text, sizeof text, 0, &error, &no_memory));
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 50);
    assert_int_equal(error.position, 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_is_told),
        cmocka_unit_test(no_key_is_left_out),
        cmocka_unit_test(a_broken_text_is_no_lack_of_memory),
        cmocka_unit_test(a_fault_is_where_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
