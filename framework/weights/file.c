/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* file.c - see file.h */
#include "weights/file.h"

#include "base/opened.h"
#include "weights/json.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(sizeof(off_t) == 8, "checkpoints are larger than 2 GiB: build with 64-bit file offsets");

puma_status file_open(data_file *f, const char *path, puma_error *e)
{
    struct stat about;

    *f = (data_file){ .fd = -1, .path = strdup(path) };
    if (!f->path) return error_set(e, 1001, "out of memory (%zu bytes)", strlen(path) + 1);
    f->name = path_tail(f->path);
    f->fd = opened_file(path, 0);
    if (f->fd < 0) /* the process's own limits are no fault of the file */
        return error_set(e, error_by(errno, 401), "%s: %s",
                         f->name, strerror(errno));
    if (fstat(f->fd, &about) != 0) return error_set(e, error_by(errno, 401), "%s: %s", f->name, strerror(errno));
    if (!S_ISREG(about.st_mode)) return error_set(e, 401, "%s: not a regular file", f->name);
    if (about.st_size < 0) return error_set(e, 401, "%s: it has no size", f->name);
    f->size = (size_t)about.st_size;
    return PUMA_OK;
}

puma_status file_memory(data_file *f, const char *name, const void *bytes, size_t size, puma_error *e)
{
    *f = (data_file){ .fd = -1, .path = strdup(name), .bytes = bytes, .size = size };
    if (!f->path) return error_set(e, 1001, "out of memory (%zu bytes)", strlen(name) + 1);
    f->name = path_tail(f->path);
    return PUMA_OK;
}

void file_close(data_file *f)
{
    if (f->path && f->fd >= 0) close(f->fd);
    free(f->path);
    *f = (data_file){ .fd = -1 };
}

puma_status file_at(const data_file *f, void *to, size_t size, size_t offset, puma_error *e)
{
    if (f->fd < 0) {
        if (offset > f->size || size > f->size - offset)
            return error_set(e, 416, "%s: it ends at byte %zu", f->name, f->size);
        if (size > 0) memcpy(to, f->bytes + offset, size);
        return PUMA_OK;
    }
    for (size_t have = 0; have < size;) {
        ssize_t got = pread(f->fd, (char *)to + have, size - have, (off_t)(offset + have));

        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_set(e, error_by(errno, 401), "%s: byte %zu: %s", f->name, offset + have, strerror(errno));
        if (got == 0)
            return error_set(e, 416, "%s: file changed while in use: it ends at byte %zu", f->name,
                             offset + have);
        have += (size_t)got;
    }
    return PUMA_OK;
}

puma_status file_same(const data_file *f, puma_error *e)
{
    struct stat about;

    if (f->fd < 0) return PUMA_OK;
    if (fstat(f->fd, &about) != 0) return error_set(e, error_by(errno, 401), "%s: %s", f->name, strerror(errno));
    if ((uintmax_t)about.st_size != f->size)
        return error_set(e, 416, "%s: file changed while in use (got %jd bytes, was %zu)", f->name,
                         (intmax_t)about.st_size, f->size);
    return PUMA_OK;
}

bool file_is_gguf(const char *path)
{
    size_t length = strlen(path);

    return length > 5 && strcmp(path + length - 5, ".gguf") == 0;
}

puma_status file_find_gguf(char **found, const char *path, puma_error *e)
{
    struct stat          about;
    const struct dirent *entry;
    DIR                 *folder;

    *found = NULL;
    if (stat(path, &about) != 0) return error_set(e, error_by(errno, 401), "%s: %s", path_tail(path), strerror(errno));
    if (!S_ISDIR(about.st_mode)) {
        if (file_is_gguf(path) && !(*found = strdup(path))) return error_set(e, 1001, "out of memory");
        return e->status;
    }
    folder = opendir(path);
    if (!folder)
        return error_set(e, error_by(errno, 401), "%s: %s",
                         path_tail(path), strerror(errno));
    while (e->status == PUMA_OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.' || !file_is_gguf(entry->d_name)) continue;
        if (*found) {
            error_set(e, 401, "%s: holds several .gguf files: name the one that is meant", path_tail(path));
        } else if (asprintf(found, "%s/%s", path, entry->d_name) < 0) {
            *found = NULL;
            error_set(e, 1001, "out of memory");
        }
    }
    closedir(folder);
    if (e->status != PUMA_OK) {
        free(*found);
        *found = NULL;
    }
    return e->status;
}
