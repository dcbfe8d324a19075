/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_progress.c - the progress line on a terminal, as the terminal receives it. */
#include "cli/progress.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WIPE "\r\033[K"

static int terminal, saved; /* the terminal's far end, and the test's own standard error */

static int put_terminal(void **state)
{
    int near;

    (void)state;
    assert_int_equal(openpty(&terminal, &near, NULL, NULL, NULL), 0);
    assert_int_equal(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
    saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(near, STDERR_FILENO) >= 0);
    close(near);
    return 0;
}

static int take_terminal(void **state)
{
    (void)state;
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(terminal);
    return 0;
}

/* What was written since the last call. */
static const char *received(void)
{
    static char text[8192];
    size_t      used = 0;
    ssize_t     n;

    while (used < sizeof text - 1 && (n = read(terminal, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    return text;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void the_line_names_time_bytes_and_place(void **state)
{
    progress *p = progress_start();

    (void)state;
    assert_non_null(p);
    assert_string_equal(received(), "");
    progress_show(p, "bert.layer.3 gelu", 12345678);
    assert_string_equal(received(), WIPE "   0.0 s      12.3 MB  bert.layer.3 gelu");
    progress_end(p);
    assert_string_equal(received(), WIPE);
}

/* A wrapped line could not be wiped. */
static void a_long_place_is_cut(void **state)
{
    progress *p = progress_start();
    char      place[200];

    (void)state;
    memset(place, 'x', sizeof place - 1);
    place[sizeof place - 1] = '\0';
    progress_show(p, place, 0);
    assert_int_equal(strlen(received()), strlen(WIPE "   0.0 s       0.0 MB  ") + 50);
    progress_end(p);
}

static void it_is_drawn_ten_times_a_second(void **state)
{
    progress *p = progress_start();
    double    start = now(), passed;
    size_t    lines = 0;

    (void)state;
    do {
        const char *text;

        progress_show(p, "here", 0);
        for (text = received(); (text = strstr(text, WIPE)) != NULL; text++) lines++;
        passed = now() - start;
    } while (passed < 0.35);
    assert_in_range(lines, 2, 1 + (unsigned)(passed / 0.1));
    progress_end(p);
}

/* From the first word of an answer on the terminal is that answer's. */
static void a_muted_line_is_gone_for_good(void **state)
{
    progress *p = progress_start();

    (void)state;
    progress_show(p, "here", 0);
    (void)received();
    progress_mute(p);
    assert_string_equal(received(), WIPE);
    progress_mute(p);
    progress_show(p, "there", 0);
    progress_end(p);
    assert_string_equal(received(), "");
}

static void without_a_line_nothing_happens(void **state)
{
    (void)state;
    progress_show(NULL, "here", 0);
    progress_mute(NULL);
    progress_end(NULL);
    assert_string_equal(received(), "");
}

int main(void)
{
#define ON_TERMINAL(test) cmocka_unit_test_setup_teardown(test, put_terminal, take_terminal)
    static const struct CMUnitTest tests[] = {
        ON_TERMINAL(the_line_names_time_bytes_and_place), ON_TERMINAL(a_long_place_is_cut),
        ON_TERMINAL(it_is_drawn_ten_times_a_second),      ON_TERMINAL(a_muted_line_is_gone_for_good),
        ON_TERMINAL(without_a_line_nothing_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
