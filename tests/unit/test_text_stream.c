/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_text_stream.c - text in memory: all of it, or a stream that says so */
#include "base/text_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int fail_at = -1; /* which call of realloc from now on fails; -1: none */

void *__real_realloc(void *it, size_t size);
void *__wrap_realloc(void *it, size_t size);

void *__wrap_realloc(void *it, size_t size)
{
    return fail_at >= 0 && fail_at-- == 0 ? NULL : __real_realloc(it, size);
}

static void holds_what_is_printed(void **state)
{
    char  *text;
    size_t size;
    FILE  *f = text_stream(&text, &size);

    (void)state;
    assert_non_null(f);
    for (int i = 0; i < 5000; i++) fprintf(f, "%d,", i);
    assert_int_equal(fflush(f), 0);
    assert_memory_equal(text, "0,1,2,3,", 8);
    fprintf(f, "end");
    assert_int_equal(ferror(f) | fclose(f), 0);
    assert_int_equal(strlen(text), size);
    assert_string_equal(text + size - 8, "4999,end");
    free(text);
}

static void holds_nothing_as_a_text(void **state)
{
    char  *text;
    size_t size;
    FILE  *f = text_stream(&text, &size);

    (void)state;
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, "");
    assert_int_equal(size, 0);
    free(text);
}

/* One refusal, whichever, with memory again afterwards: the stream has lost a piece, and says so to the end. */
static void remembers_a_refusal(void **state)
{
    int refused = 0;

    (void)state;
    for (int k = 0;; k++) {
        char  *text;
        size_t size;
        FILE  *f = text_stream(&text, &size);
        bool   bad, met;

        assert_non_null(f);
        fail_at = k;
        for (int i = 0; i < 5000; i++) fprintf(f, "%d,", i);
        bad = (ferror(f) | fclose(f)) != 0;
        met = fail_at < 0;
        fail_at = -1;
        assert_int_equal(bad, met);
        free(text);
        if (!met) break;
        refused++;
    }
    assert_true(refused > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_is_printed),
        cmocka_unit_test(holds_nothing_as_a_text),
        cmocka_unit_test(remembers_a_refusal),
    };

    return cmocka_run_group_tests_name("text_stream", tests, NULL, NULL);
}
