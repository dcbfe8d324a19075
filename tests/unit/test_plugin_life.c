/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_plugin_life.c - plugins beside each other and over time: names that two of them export, a good file
 * after a bad one, a thousand openings, of plugins and of their sessions */
#include "host_sessions.h"
#include "../support/resident.h"
#include "../support/scratch.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a thousand rounds may leave; a sanitizer keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LEFT_BYTES ((size_t)256 << 20)
#else
#define LEFT_BYTES ((size_t)1 << 20)
#endif

static void built(char *path, size_t room, const char *name)
{
    snprintf(path, room, PUMA_BUILDDIR "/tests/unit/plugins/.libs/%s.so", name);
}

/* Copies a built plugin to scratch/NAME.so. */
static void put(const char *from, const char *name)
{
    char   path[512], file[64], *bytes = malloc(1 << 22);
    FILE  *f;
    size_t n;

    assert_non_null(bytes);
    built(path, sizeof path, from);
    assert_non_null(f = fopen(path, "rb"));
    n = fread(bytes, 1, 1 << 22, f);
    fclose(f);
    snprintf(file, sizeof file, "%s.so", name);
    put_bytes(file, bytes, n);
    snprintf(path, sizeof path, "%s/%s", scratch, file);
    assert_int_equal(chmod(path, 0644), 0);
    free(bytes);
}

static const plugin *opened(const char *name)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };

    if (plugin_open(&p, name, scratch, NULL, &e) != PUMA_OK) fail_msg("%s", e.text);
    return p;
}

static size_t descriptors(void)
{
    DIR   *d = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL) n++;
    closedir(d);
    return n;
}

/* --- beside each other ------------------------------------------------------------------------ */

static void each_plugin_keeps_its_own_symbols(void **state)
{
    (void)state;
    put("clash_a", "clash_a");
    put("clash_b", "clash_b");
    assert_string_equal(opened("clash_a")->entry->version, "a");
    assert_string_equal(opened("clash_b")->entry->version, "b");
    assert_string_equal(opened("clash_a")->entry->version, "a");
    /* No symbol of theirs is the program's. */
    assert_null(dlsym(RTLD_DEFAULT, "clash_version"));
    assert_null(dlsym(RTLD_DEFAULT, "puma_plugin_entry"));
}

/* What the test above would see if they were opened for all to see: the two do clash. */
static void they_would_clash_if_all_saw_them(void **state)
{
    pid_t child;
    int   status;

    (void)state;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char               path[512];
        void              *handle;
        const puma_plugin *b;

        built(path, sizeof path, "clash_a");
        if (dlopen(path, RTLD_NOW | RTLD_GLOBAL) == NULL) _exit(2);
        built(path, sizeof path, "clash_b");
        handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        b = handle == NULL ? NULL : dlsym(handle, "puma_plugin_entry");
        _exit(b == NULL ? 2 : strcmp(b->version, "a") != 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- over time -------------------------------------------------------------------------------- */

static void a_refused_plugin_may_be_mended(void **state)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };

    (void)state;
    put("undefined_symbol", "mended");
    assert_int_equal(plugin_open(&p, "mended", scratch, NULL, &e), PUMA_EPLUGIN);
    assert_int_equal(e.code, 605);
    put("mended", "mended");
    assert_string_equal(opened("mended")->entry->name, "mended");
}

static void refuse_once(void)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };

    assert_int_equal(plugin_open(&p, "absent", scratch, NULL, &e), PUMA_EPLUGIN);
    e = (puma_error){ 0 };
    assert_int_equal(plugin_open(&p, "text", scratch, NULL, &e), PUMA_EPLUGIN);
    assert_int_equal(e.code, 605);
    assert_null(p);
}

static void a_thousand_openings_leave_nothing(void **state)
{
    const plugin *p;
    char          text[1400];
    size_t        files, held;

    (void)state;
    memset(text, 'x', sizeof text);
    put_bytes("text.so", text, sizeof text);
    p = opened("clash_a");
    for (int i = 0; i < 50; i++) refuse_once();
    files = descriptors();
    held = resident();
    for (int i = 0; i < 1000; i++) {
        refuse_once();
        assert_ptr_equal(opened("clash_a"), p);
    }
    assert_int_equal(descriptors(), files);
    assert_in_range(resident(), 0, held + LEFT_BYTES);
}

static void a_thousand_sessions_leave_nothing(void **state)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };
    size_t        files = 0, held = 0;

    (void)state;
    if (plugin_open(&p, "plain", NULL, NULL, &e) != PUMA_OK) fail_msg("%s", e.text);
    for (int i = 0; i < 1050; i++) {
        puma_session *s, *none = NULL;
        uint64_t      out = 0, words[1] = { 1u << 16 };
        puma_tensor  *x;

        if (i == 50) {
            files = descriptors();
            held = resident();
        }
        /* Between two good ones a session that cannot be: the fake backend does not know floats. */
        assert_int_not_equal(
            session_open(&none, &(session_config){ .protocol = &fake, .is_float = true }, &e), PUMA_OK);
        assert_null(none);
        e = (puma_error){ 0 };
        s = open_as((session_config){ .protocol = p });
        x = s->host->tensor(s, PUMA_ARITH, 1, (size_t[]){ 1 }, 64, 16);
        assert_non_null(x);
        assert_int_equal(session_share(s, x, words, PUMA_CLIENT), PUMA_OK);
        assert_int_equal(session_reveal(s, &out, x, PUMA_CLIENT), PUMA_OK);
        assert_int_equal(out, words[0]);
        session_close(s);
    }
    assert_int_equal(descriptors(), files);
    assert_in_range(resident(), 0, held + LEFT_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_plugin_keeps_its_own_symbols),
        cmocka_unit_test(they_would_clash_if_all_saw_them),
        cmocka_unit_test(a_refused_plugin_may_be_mended),
        cmocka_unit_test(a_thousand_openings_leave_nothing),
        cmocka_unit_test(a_thousand_sessions_leave_nothing),
    };

    return cmocka_run_group_tests_name("plugin_life", tests, make_scratch, remove_scratch);
}
