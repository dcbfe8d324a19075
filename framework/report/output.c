/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* output.c - see output.h */
#include "report/output.h"

#include "base/staged.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last part of a path. */
static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The same file, or the same name in one folder? */
static bool same_file(const char *one, const char *other, puma_error *e)
{
    struct stat a, b;
    char       *folder = folder_of(one), *other_folder = folder_of(other);
    bool        same = stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;

    if (folder == NULL || other_folder == NULL)
        error_set(e, 1001, "%.160s: out of memory", one);
    else if (!same && strcmp(name_in(one), name_in(other)) == 0)
        same = stat(folder, &a) == 0 && stat(other_folder, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    free(folder);
    free(other_folder);
    return same;
}

puma_status output_check_two(const char *one, const char *other, puma_error *e)
{
    if (e->status != PUMA_OK || one == NULL || other == NULL) return e->status;
    if (same_file(one, other, e)) error_set(e, 321, "%.160s: two outputs into one file", one);
    return e->status;
}

puma_status output_check(const char *path, const char *const *inputs, puma_error *e)
{
    char       *directory;
    struct stat about, input;
    bool        exists;

    if (e->status != PUMA_OK) return e->status;
    directory = folder_of(path);
    if (!directory) return error_set(e, 1001, "%.160s: out of memory", path);
    exists = stat(path, &about) == 0;
    if (!exists && errno != ENOENT) {
        error_set(e, error_by(errno, 321), "%.160s: %s", path, strerror(errno));
    } else if (exists && !S_ISREG(about.st_mode)) {
        error_set(e, 321, "%.160s: %s", path,
                  S_ISDIR(about.st_mode) ? strerror(EISDIR) : "not a regular file");
    } else if (!*path || path[strlen(path) - 1] == '/') {
        error_set(e, 321, "'%.160s': not the name of a file", path);
    } else if (access(directory, W_OK | X_OK) != 0) {
        /* A rename replaces the file, so the directory's permission counts. */
        error_set(e, error_by(errno, 321), "%.160s: its directory: %s", path, strerror(errno));
    }
    for (size_t i = 0; exists && inputs && inputs[i]; i++)
        if (stat(inputs[i], &input) == 0 && input.st_dev == about.st_dev && input.st_ino == about.st_ino)
            error_set(e, 321, "%.120s: the output is an input (%.120s)", path, inputs[i]);
    free(directory);
    return e->status;
}
