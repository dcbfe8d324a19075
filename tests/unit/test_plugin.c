/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_plugin.c - the plugin loader: what is opened, what is refused, and with which words. */
#include "plugin/fence.h"
#include "plugin/plugin.h"
#include "../support/scratch.h"

#include <fenv.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void path_of(char *path, size_t room, const char *name)
{
    snprintf(path, room, "%s/%s.so", scratch, name);
}

/* Puts the first `size` bytes (0: all) of the built variant into the directory as NAME.so. */
static void put(const char *variant, const char *name, size_t size)
{
    char   from[512], to[512], file[64], *bytes = malloc(1 << 22);
    FILE  *f;
    size_t n;

    assert_non_null(bytes);
    snprintf(from, sizeof from, PUMA_BUILDDIR "/tests/unit/plugins/.libs/%s.so", variant);
    f = fopen(from, "rb");
    if (!f) fail_msg("%s is not built", from);
    n = fread(bytes, 1, 1 << 22, f);
    fclose(f);
    path_of(to, sizeof to, name);
    unlink(to);
    snprintf(file, sizeof file, "%s.so", name);
    put_bytes(file, bytes, size ? size : n);
    assert_int_equal(chmod(to, 0644), 0);
    free(bytes);
}

/* Opening NAME fails with `code`, and says `text`. */
static void refused(const char *name, const char *pin, unsigned code, const char *text)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };

    assert_int_equal(plugin_open(&p, name, scratch, pin, &e), PUMA_EPLUGIN);
    if (e.code != code || !strstr(e.text, text))
        fail_msg("E%04u: %s (expected E%04u: %s)", e.code, e.text, code, text);
    assert_null(p);
}

static const plugin *opened(const char *name)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };

    if (plugin_open(&p, name, scratch, NULL, &e) != PUMA_OK) fail_msg("%s", e.text);
    return p;
}

static void opens_a_good_plugin_once(void **state)
{
    const plugin *p, *q = NULL;
    puma_error    e = { 0 };
    char          path[512];

    (void)state;
    put("good", "good", 0);
    p = opened("good");
    assert_string_equal(p->entry->name, "good");
    assert_int_equal(p->protocol->struct_size, sizeof(puma_protocol));
    assert_non_null(p->extensions.lookup.one_hot);
    assert_null(p->extensions.clear.apply);
    assert_int_equal(strlen(p->sha256), 64);
    assert_ptr_equal(opened("good"), p);
    path_of(path, sizeof path, "good");
    assert_int_equal(plugin_open_file(&q, path, &e), PUMA_OK);
    assert_ptr_equal(q, p);
}

static void finds_approximations_by_slot_and_variant(void **state)
{
    const plugin *p = opened("good");

    (void)state;
    assert_string_equal(plugin_approx(p, PUMA_SLOT_GELU, NULL)->name, "plain");
    assert_string_equal(plugin_approx(p, PUMA_SLOT_GELU, "fancy")->name, "fancy");
    assert_null(plugin_approx(p, PUMA_SLOT_GELU, "other"));
    assert_null(plugin_approx(p, PUMA_SLOT_EXP, NULL));
}

static void lists_what_lies_in_the_directories(void **state)
{
    char     **names = NULL;
    puma_error e = { 0 };
    bool       found = false;

    (void)state;
    assert_int_equal(plugin_list(&names, scratch, &e), PUMA_OK);
    for (size_t i = 0; names[i]; i++) {
        found |= strcmp(names[i], "good") == 0;
        if (i) assert_true(strcmp(names[i - 1], names[i]) < 0);
    }
    for (size_t i = 0; names[i]; i++) free(names[i]);
    free(names);
    assert_true(found);
    assert_int_equal(plugin_list(&names, "/nonexistent/puma", &e), PUMA_EPLUGIN);
    assert_null(names);
}

static void refuses_a_name_that_is_a_path(void **state)
{
    (void)state;
    refused("../good", NULL, 602, "name");
    refused("/etc/good", NULL, 602, "name");
    refused("", NULL, 602, "name");
    refused("good\n", NULL, 602, "name");
    refused("-good", NULL, 602, "name");
    refused("nosuchplugin", NULL, 601, "no file nosuchplugin.so in");
}

static void refuses_a_file_that_others_can_write(void **state)
{
    char path[512];

    (void)state;
    put("good", "open", 0);
    path_of(path, sizeof path, "open");
    assert_int_equal(chmod(path, 0666), 0);
    refused("open", NULL, 603, "mode 0666");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(scratch, 0777), 0);
    refused("open", NULL, 603, "mode 0777");
    assert_int_equal(chmod(scratch, 0700), 0);
    unlink(path);
}

/* Who may rename a folder may put another in its place, however far up it is; a sticky bit forbids that. */
static void refuses_a_folder_under_one_that_others_can_write(void **state)
{
    static const struct {
        mode_t      mode;
        uid_t       owner;
        gid_t       group;
        const char *text; /* NULL: taken */
    } rows[] = {
        { 0755, 0, 0, NULL },          { 0777, 0, 0, "mode 0777" },  { 01777, 0, 0, NULL },
        { 0775, 0, 65533, "chmod g-w" }, { 01775, 0, 65533, NULL },  { 0755, 65533, 0, "belongs to user 65533" },
        { 01777, 65533, 0, "belongs to user 65533" },
    };
    char       file[512], inner[512], outer[512], to[512];
    puma_error e = { 0 };

    (void)state;
    opened("good");
    snprintf(outer, sizeof outer, "%s/outer", scratch);
    snprintf(inner, sizeof inner, "%s/outer/inner", scratch);
    path_of(file, sizeof file, "good");
    snprintf(to, sizeof to, "%s/outer/inner/good.so", scratch);
    assert_int_equal(mkdir(outer, 0755), 0);
    assert_int_equal(mkdir(inner, 0755), 0);
    assert_int_equal(rename(file, to), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const plugin *q = NULL;

        e = (puma_error){ 0 };
        if (chown(outer, rows[i].owner ? rows[i].owner : geteuid(), rows[i].group ? rows[i].group : getegid()) != 0)
            continue; /* only root may give a folder away */
        assert_int_equal(chmod(outer, rows[i].mode), 0);
        plugin_open(&q, "good", inner, NULL, &e);
        if (rows[i].text == NULL)
            assert_int_equal(e.status, PUMA_OK);
        else if (e.code != 603 || !strstr(e.text, rows[i].text) || !strstr(e.text, "/outer"))
            fail_msg("mode %o: E%04u: %s", (unsigned)rows[i].mode, e.code, e.text);
    }
    assert_int_equal(chown(outer, geteuid(), getegid()), 0);
    assert_int_equal(rename(to, file), 0);
    rmdir(inner);
    rmdir(outer);
}

/* Plugins are opened through a descriptor, whose number comes again: the loader must not take one for another. */
static void tells_plugins_of_one_descriptor_apart(void **state)
{
    const plugin *p = NULL;
    char          path[512];

    (void)state;
    put("misbehaves", "misbehaves", 0);
    p = opened("misbehaves");
    assert_string_equal(p->entry->name, "misbehaves");
    assert_ptr_not_equal(p->entry, opened("no_optional")->entry);
    path_of(path, sizeof path, "misbehaves");
    assert_string_equal(p->path, path);
}

static void refuses_a_link_out_of_the_directory(void **state)
{
    char path[512], target[512];

    (void)state;
    path_of(path, sizeof path, "away");
    snprintf(target, sizeof target, PUMA_BUILDDIR "/tests/unit/plugins/.libs/good.so");
    assert_int_equal(symlink(target, path), 0);
    refused("away", NULL, 603, "leads out of its directory");
    unlink(path);
    assert_int_equal(symlink("away.so", path), 0); /* a loop */
    refused("away", NULL, 603, "away.so");
    unlink(path);
}

static void checks_the_pin_before_loading(void **state)
{
    const plugin *p = opened("good");
    char          pin[65];
    puma_error    e = { 0 };

    (void)state;
    snprintf(pin, sizeof pin, "%s", p->sha256);
    assert_int_equal(plugin_open(&p, "good", scratch, pin, &e), PUMA_OK);
    pin[0] = pin[0] == '0' ? '1' : '0';
    refused("good", pin, 604, "pin");
    /* Its constructor changes the rounding mode, so that it is known whether it ran. */
    put("changes_rounding", "changes_rounding", 0);
    refused("changes_rounding", pin, 604, "pin");
    assert_int_equal(fegetround(), FE_TONEAREST);
}

static void refuses_what_is_no_library(void **state)
{
    static const size_t cuts[] = { 1, 17, 63, 64, 100, 700, 4096, 9000 };
    char                path[512];
    FILE               *f;

    (void)state;
    path_of(path, sizeof path, "cut");
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    refused("cut", NULL, 605, "too short");
    f = fopen(path, "wb");
    for (int i = 0; i < 100; i++) fputs("this is text\n", f);
    assert_int_equal(fclose(f), 0);
    refused("cut", NULL, 605, "not an ELF file");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused("cut", NULL, 605, "not a regular file");
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        put("good", "cut", cuts[i]);
        refused("cut", NULL, 605, "cut.so");
    }
    unlink(path);
}

/* Variants that are refused as they are. */
static void refuses_a_wrong_entry_or_table(void **state)
{
    static const struct {
        const char *variant;
        unsigned    code;
        const char *text;
    } rows[] = {
        { "other_major", 607, "host 2.0, plugin 3.0" },
        { "version_1", 607, "plugin \"version_1\" is made for version 1.2 of the plugin interface, this host has 2.0" },
        { "no_bit_planes", 608, "1 planes of words and 0 of bits" },
        { "small_extension", 608, "extension puma.blocks/2 of 4 bytes" },
        { "no_verify", 609, "\"verify\"" },
        { "clear_without_apply", 609, "\"apply\"" },
        { "small_entry", 608, "entry of 8 bytes" },
        { "huge_entry", 608, "entry of 60000 bytes" },
        { "small_table", 608, "table of 64 bytes" },
        { "huge_table", 608, "table of 1048576 bytes" },
        { "missing_slot", 609, "\"product\"" },
        { "function_entry", 606, "not data" },
        { "no_entry", 606, "puma_plugin_entry" },
        { "undefined_symbol", 605, "nobody_defines_this" },
        { "changes_rounding", 611, "rounding mode" },
        { "other_name", 608, "called \"somebody\"" },
        { "empty", 608, "neither a protocol nor approximations" },
        { "bad_dealer", 608, "dealer 2 of 1" },
        { "no_eval", 609, "\"eval\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put(rows[i].variant, rows[i].variant, 0);
        refused(rows[i].variant, NULL, rows[i].code, rows[i].text);
        assert_int_equal(fegetround(), FE_TONEAREST);
    }
}

static void takes_a_newer_minor_and_an_older_table(void **state)
{
    (void)state;
    put("newer_minor", "newer_minor", 0);
    assert_int_equal(opened("newer_minor")->entry->abi_version, PUMA_ABI_MAJOR << 16 | 7);
    put("no_optional", "no_optional", 0);
    assert_null(opened("no_optional")->extensions.lookup.one_hot);
}

static void refuses_a_second_plugin_of_one_name(void **state)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };
    char          path[512];

    (void)state;
    put("good", "copy", 0);
    path_of(path, sizeof path, "copy");
    assert_int_equal(plugin_open_file(&p, path, &e), PUMA_EPLUGIN);
    assert_int_equal(e.code, 610);
}

static void knows_where_things_lie_in_the_build_tree(void **state)
{
    char models[PATH_MAX], plugins[PATH_MAX];

    (void)state;
    assert_non_null(realpath(PUMA_SRCDIR "/models", models));
    assert_non_null(realpath(PUMA_BUILDDIR "/.libs", plugins));
    assert_string_equal(plugin_data_directory("models"), models);
    assert_string_equal(plugin_data_directory("plugins"), plugins);
}

/* Ten seconds to open a session are the plugin's own: to wait for another node takes what it takes. */
static void a_fence_does_not_count_what_others_take(void **state)
{
    fence             outer, inner;
    struct itimerspec left;
    puma_error        e = { 0 };

    (void)state;
    assert_int_equal(fence_begin(&outer, "one", "opening a session", false, &e), PUMA_OK);
    fence_rest(true);
    assert_int_equal(timer_gettime(outer.deadline, &left), 0);
    assert_true(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    fence_rest(false);
    assert_int_equal(timer_gettime(outer.deadline, &left), 0);
    assert_true(left.it_value.tv_sec >= FENCE_SECONDS - 2);
    /* Programs that take turns in one thread end theirs in any order. */
    assert_int_equal(fence_begin(&inner, "two", "opening a session", false, &e), PUMA_OK);
    assert_int_equal(fence_end(&outer, "one", &e), PUMA_OK);
    assert_int_equal(fence_end(&inner, "two", &e), PUMA_OK);
    fence_ending("it called exit"); /* ends the process at a fence */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_a_good_plugin_once),
        cmocka_unit_test(finds_approximations_by_slot_and_variant),
        cmocka_unit_test(lists_what_lies_in_the_directories),
        cmocka_unit_test(refuses_a_name_that_is_a_path),
        cmocka_unit_test(refuses_a_file_that_others_can_write),
        cmocka_unit_test(refuses_a_folder_under_one_that_others_can_write),
        cmocka_unit_test(refuses_a_link_out_of_the_directory),
        cmocka_unit_test(checks_the_pin_before_loading),
        cmocka_unit_test(refuses_what_is_no_library),
        cmocka_unit_test(refuses_a_wrong_entry_or_table),
        cmocka_unit_test(takes_a_newer_minor_and_an_older_table),
        cmocka_unit_test(tells_plugins_of_one_descriptor_apart),
        cmocka_unit_test(refuses_a_second_plugin_of_one_name),
        cmocka_unit_test(knows_where_things_lie_in_the_build_tree),
        cmocka_unit_test(a_fence_does_not_count_what_others_take),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
