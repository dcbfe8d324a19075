/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* scratch.h - a folder of one test program's own, and files in it.
 *
 * make_scratch and remove_scratch are fixtures of cmocka, for a group or for one test, and may be called without
 * it.  What goes wrong here ends the program: it says nothing about what is tested. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[200];
static char scratch_paths[256][400];

static inline void scratch_give_up(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(99);
}

static inline int make_scratch(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    memset(scratch_paths, 0, sizeof scratch_paths);
    snprintf(scratch, sizeof scratch, "%.150s/puma-test-XXXXXX", parent != NULL && *parent ? parent : "/tmp");
    if (mkdtemp(scratch) == NULL) scratch_give_up(scratch);
    return 0;
}

static inline int scratch_remove_one(const char *path, const struct stat *about, int flag, struct FTW *walk)
{
    (void)about;
    (void)flag;
    (void)walk;
    return remove(path);
}

/* The folder with all that is in it; 0, or -1 when something is left. */
static inline int remove_scratch(void **state)
{
    (void)state;
    return nftw(scratch, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of NAME in it; one place a name, so that the text stays good as long as the folder. */
static inline const char *in_scratch(const char *name)
{
    char   path[400];
    size_t i = 0;

    if (snprintf(path, sizeof path, "%s/%s", scratch, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        scratch_give_up(name);
    }
    while (i < 256 && scratch_paths[i][0] != '\0' && strcmp(scratch_paths[i], path) != 0) i++;
    if (i == 256) {
        errno = ENOSPC;
        scratch_give_up("more names than a test has places for");
    }
    memcpy(scratch_paths[i], path, sizeof path);
    return scratch_paths[i];
}

/* Writes the file NAME; its path. */
static inline const char *put_bytes(const char *name, const void *from, size_t size)
{
    const char *path = in_scratch(name);
    FILE       *f = fopen(path, "wb");

    if (f == NULL || fwrite(from, 1, size, f) != size || fclose(f) != 0) scratch_give_up(path);
    return path;
}

static inline const char *put_text(const char *name, const char *text)
{
    return put_bytes(name, text, strlen(text));
}

#endif
