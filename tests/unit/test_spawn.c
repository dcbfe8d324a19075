/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_spawn.c - children hand back how they end.  The child is this program: its second word says what it does. */
#include "run/spawn.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the child --------------------------------------------------------------------------------- */

static int play(int argc, char **argv)
{
    const char *part = argv[1];
    puma_error  why = { 0 };

    if (argc < 4 || strcmp(argv[argc - 2], "--result-fd") != 0 || !spawn_child_of(atoi(argv[argc - 1]))) return 99;
    error_set(&why, 401, "%s: not a model", "model.bin");
    if (strcmp(part, "tells") == 0) {
        spawn_tell(&why);
        why.text[0] = 'X';
        spawn_tell(&why); /* too late */
        return (int)why.status;
    }
    if (strcmp(part, "writes") == 0) return write(STDOUT_FILENO, "six\n", 4) == 4 && write(2, "none", 4) == 4 ? 0 : 1;
    if (strcmp(part, "forges") == 0) return (int)write(atoi(argv[argc - 1]), "puma error E0401: a line of text\n", 33);
    if (strcmp(part, "dies") == 0) raise(SIGKILL);
    if (strcmp(part, "waits") == 0) pause();
    return strcmp(part, "ends") == 0 ? 0 : 7;
}

static void start(spawn_child *child, const char *part, int out)
{
    spawn_command words = { 0 };
    puma_error    e = { 0 };

    spawn_word(&words, "test_spawn");
    spawn_word(&words, "%s", part);
    assert_int_equal(spawn_start(child, &words, out, &e), PUMA_OK);
    spawn_command_free(&words);
}

static spawn_end end_of(const char *part)
{
    spawn_child child;
    spawn_end   end;

    start(&child, part, -1);
    spawn_wait(&child, -1, &end);
    assert_int_equal(child.pid, 0);
    return end;
}

/* --- the tests --------------------------------------------------------------------------------- */

static void child_that_ends_well_is_no_failure(void **state)
{
    spawn_end end = end_of("ends");

    (void)state;
    assert_false(end.failed);
    assert_int_equal(end.said.status, PUMA_OK);
}

static void child_hands_back_its_first_reason(void **state)
{
    spawn_end end = end_of("tells");

    (void)state;
    assert_true(end.failed);
    assert_int_equal(end.status, PUMA_EMODEL);
    assert_int_equal(end.said.code, 401);
    assert_string_equal(end.said.text, "model.bin: not a model");
}

static void child_without_a_record_is_known_by_its_status_or_signal(void **state)
{
    spawn_end end = end_of("anything");

    (void)state;
    assert_true(end.failed);
    assert_int_equal(end.status, 7);
    assert_int_equal(end.said.status, PUMA_OK);
    end = end_of("forges");
    assert_int_equal(end.status, 33);
    assert_int_equal(end.said.status, PUMA_OK);
    end = end_of("dies");
    assert_true(end.failed);
    assert_false(end.overdue);
    assert_int_equal(end.signal, SIGKILL);
}

static void child_writes_to_the_file_it_is_given_alone(void **state)
{
    int         out = memfd_create("out", MFD_CLOEXEC);
    char        text[16] = "";
    spawn_child child;
    spawn_end   end;

    (void)state;
    start(&child, "writes", out);
    spawn_wait(&child, -1, &end);
    assert_false(end.failed);
    assert_int_equal(pread(out, text, sizeof text, 0), 4);
    assert_memory_equal(text, "six\n", 4);
    close(out);
}

static void child_that_takes_too_long_is_killed(void **state)
{
    spawn_child child;
    spawn_end   end;

    (void)state;
    start(&child, "waits", -1);
    spawn_wait(&child, 10, &end);
    assert_true(end.failed && end.overdue);
    assert_int_equal(end.signal, SIGKILL);
}

typedef struct seen {
    pthread_mutex_t lock;
    pthread_cond_t  called;
    int             calls;
    size_t          index;
    spawn_end       end;
} seen;

static void note(void *context, size_t index, const spawn_end *end)
{
    seen *s = context;

    pthread_mutex_lock(&s->lock);
    s->calls++;
    s->index = index;
    s->end = *end;
    pthread_cond_signal(&s->called);
    pthread_mutex_unlock(&s->lock);
}

static void watch_names_the_child_that_failed(void **state)
{
    spawn_child children[3];
    seen        s = { .lock = PTHREAD_MUTEX_INITIALIZER, .called = PTHREAD_COND_INITIALIZER };
    spawn_watch w = { .children = children, .count = 3, .failed = note, .context = &s };
    puma_error  e = { 0 };
    spawn_end   end;

    (void)state;
    start(&children[0], "ends", -1);
    start(&children[1], "waits", -1);
    start(&children[2], "tells", -1);
    assert_int_equal(spawn_watch_begin(&w, &e), PUMA_OK);
    pthread_mutex_lock(&s.lock);
    while (s.calls == 0) pthread_cond_wait(&s.called, &s.lock);
    pthread_mutex_unlock(&s.lock);
    spawn_watch_end(&w);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.index, 2);
    assert_int_equal(s.end.said.code, 401);
    for (size_t i = 0; i < 3; i++) spawn_wait(&children[i], 0, &end);
}

/* The caller has learnt it by itself, and is not told. */
static void watch_that_ends_in_time_says_nothing(void **state)
{
    spawn_child child;
    seen        s = { .lock = PTHREAD_MUTEX_INITIALIZER, .called = PTHREAD_COND_INITIALIZER };
    spawn_watch w = { .children = &child, .count = 1, .failed = note, .context = &s };
    puma_error  e = { 0 };
    spawn_end   end;

    (void)state;
    start(&child, "tells", -1);
    assert_int_equal(spawn_watch_begin(&w, &e), PUMA_OK);
    spawn_watch_end(&w);
    assert_int_equal(s.calls, 0);
    spawn_wait(&child, -1, &end);
    assert_int_equal(end.said.code, 401);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_that_ends_well_is_no_failure),
        cmocka_unit_test(child_hands_back_its_first_reason),
        cmocka_unit_test(child_without_a_record_is_known_by_its_status_or_signal),
        cmocka_unit_test(child_writes_to_the_file_it_is_given_alone),
        cmocka_unit_test(child_that_takes_too_long_is_killed),
        cmocka_unit_test(watch_names_the_child_that_failed),
        cmocka_unit_test(watch_that_ends_in_time_says_nothing),
    };

    if (argc > 1) return play(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
