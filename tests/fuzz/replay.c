/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* replay.c - the main program of a fuzz target without a fuzzer: gives it every input of its corpus, so that
 * what fuzzing has found once is tested for ever.
 *
 * fuzz_NAME reads tests/fuzz/corpus/NAME; with arguments, these files instead. */
#include "fuzz.h"

#include <dirent.h>

#define CORPUS PUMA_SRCDIR "/tests/fuzz/corpus/"

#pragma weak LLVMFuzzerInitialize

static int replay(const char *path)
{
    size_t size;
    char  *bytes = fuzz_load(path, &size), *exact = malloc(size + (size == 0));

    if (exact == NULL) exit(99);
    if (getenv("PUMA_FUZZ_VERBOSE") != NULL) fprintf(stderr, "%s\n", path);
    /* A copy without a byte behind it, so that a sanitizer sees one that is read too far. */
    memcpy(exact, bytes, size);
    free(bytes);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, size);
    free(exact);
    return 1;
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int replay_folder(const char *folder)
{
    struct dirent **list;
    int             count = scandir(folder, &list, visible, alphasort), passed = 0;

    if (count < 0) {
        fprintf(stderr, "%s: cannot be read\n", folder);
        exit(99);
    }
    for (int i = 0; i < count; i++) {
        char path[4400];

        snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        passed += replay(path);
        free(list[i]);
    }
    free(list);
    return passed;
}

int main(int count, char **arguments)
{
    const char *name = strrchr(arguments[0], '/');
    char        folder[4200];
    int         passed = 0;

    name = strstr(name == NULL ? arguments[0] : name, "fuzz_");
    if (name == NULL) return 99;
    if (LLVMFuzzerInitialize != NULL) LLVMFuzzerInitialize(&count, &arguments);
    for (int i = 1; i < count; i++) passed += replay(arguments[i]);
    snprintf(folder, sizeof folder, CORPUS "%s", name + strlen("fuzz_"));
    if (count <= 1) passed = replay_folder(folder);
    /* An input that fails ends the program. */
    printf("%d passed, 0 failed\n", passed);
    return passed > 0 ? 0 : 1;
}
