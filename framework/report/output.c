/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* output.c - see output.h */
#include "report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory that holds a file, malloc'd. */
static char *directory_of(const char *path)
{
    char *copy = strdup(path), *directory = copy ? strdup(dirname(copy)) : NULL;

    free(copy);
    return directory;
}

puma_status output_check(const char *path, const char *const *inputs, puma_error *e)
{
    char       *directory;
    struct stat about, input;
    bool        exists;

    if (e->status != PUMA_OK) return e->status;
    directory = directory_of(path);
    if (!directory) return error_set(e, 1001, "%.160s: out of memory", path);
    exists = stat(path, &about) == 0;
    if (!exists && errno != ENOENT) {
        error_set(e, 321, "%.160s: %s", path, strerror(errno));
    } else if (exists && !S_ISREG(about.st_mode)) {
        error_set(e, 321, "%.160s: %s", path,
                  S_ISDIR(about.st_mode) ? strerror(EISDIR) : "not a regular file");
    } else if (!*path || path[strlen(path) - 1] == '/') {
        error_set(e, 321, "'%.160s': not the name of a file", path);
    } else if (access(directory, W_OK | X_OK) != 0) {
        /* A rename replaces the file, so the directory's permission counts. */
        error_set(e, 321, "%.160s: its directory: %s", path, strerror(errno));
    }
    for (size_t i = 0; exists && inputs && inputs[i]; i++)
        if (stat(inputs[i], &input) == 0 && input.st_dev == about.st_dev && input.st_ino == about.st_ino)
            error_set(e, 321, "%.120s: the output is an input (%.120s)", path, inputs[i]);
    free(directory);
    return e->status;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, bytes, size);

        if (wrote < 0 && errno == EINTR) continue;
        if (wrote == 0) errno = ENOSPC;
        if (wrote <= 0) return false;
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* Opens a new file in `directory` and puts its name into *name (malloc'd). -1 with errno.  Unlike mkstemp's
 * file it has the mode that the umask leaves, like any result file. */
static int open_temporary(const char *directory, char **name)
{
    for (unsigned i = 0; i < 1000; i++) {
        int fd;

        if (asprintf(name, "%s/.puma-%ld-%u.tmp", directory, (long)getpid(), i) < 0) {
            *name = NULL;
            errno = ENOMEM;
            return -1;
        }
        fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
        free(*name);
        *name = NULL;
    }
    return -1;
}

puma_status file_write_atomic(const char *path, const void *bytes, size_t size, puma_error *e)
{
    char *directory, *temporary = NULL;
    int   fd, reason = 0;

    if (e->status != PUMA_OK) return e->status;
    directory = directory_of(path);
    if (!directory) return error_set(e, 1001, "%.160s: out of memory", path);
    fd = open_temporary(directory, &temporary);
    if (fd < 0) {
        reason = errno;
    } else {
        if (!write_all(fd, bytes, size) || fsync(fd) != 0) reason = errno;
        if (close(fd) != 0 && !reason) reason = errno;
        if (!reason && rename(temporary, path) != 0) reason = errno;
        if (reason) unlink(temporary);
    }
    if (!reason) {
        /* The new name is on disk once the directory is.  If a file system does not support this, the rename
         * has been done all the same. */
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            (void)fsync(fd);
            close(fd);
        }
    }
    free(temporary);
    free(directory);
    return reason ? error_set(e, 1003, "%.160s: %s (%zu bytes)", path, strerror(reason), size) : PUMA_OK;
}
