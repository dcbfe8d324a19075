/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ini.c - an INI file and --set: whatever is taken can be found again, and a key stands once. */
#include "fuzz.h"

#include "ini/ini.h"

static void check(const ini *file)
{
    for (size_t i = 0; i < file->count; i++) {
        const ini_entry *entry = &file->entries[i];
        uint64_t         number;
        double           real;
        bool             yes;

        FUZZ_CHECK(strlen(entry->section) <= INI_MAX_NAME_BYTES && strlen(entry->key) <= INI_MAX_NAME_BYTES);
        FUZZ_CHECK(ini_find(file, entry->section, entry->key) == entry);
        if (ini_unsigned(entry->value, 3, 1000, &number)) FUZZ_CHECK(number >= 3 && number <= 1000);
        if (ini_real(entry->value, &real)) FUZZ_CHECK(real - real <= 0);
        ini_yes_no(entry->value, &yes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "model", "protocol", "embedding", NULL };
    fuzz_feed                f = { data, data + size };
    size_t                   length;
    const char              *text = fuzz_part(&f, &length);
    char                    *set = fuzz_string(&f);
    puma_error               e = { 0 }, e_set = { 0 };
    ini                      file;

    fuzz_check_error(ini_parse_text(&file, "run.ini", text == NULL ? "" : text, length, &e), &e);
    if (e.status == PUMA_OK) {
        check(&file);
        if (file.count < 64) ini_nearest(file.count > 0 ? file.entries[0].key : set, names);
        fuzz_check_error(ini_set(&file, set, &e_set), &e_set);
        ini_free(&file);
    }
    FUZZ_CHECK(file.entries == NULL && file.path == NULL);
    free(set);
    return 0;
}
