/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* staged.c - see staged.h */
#include "base/staged.h"

#include "base/opened.h"
#include "base/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static puma_status failed(const staged *s, puma_error *e)
{
    return error_set(e, 1003, "%.160s: %s", s->path, strerror(errno));
}

char *folder_of(const char *path)
{
    char *copy = strdup(path), *folder = copy != NULL ? strdup(dirname(copy)) : NULL;

    free(copy);
    return folder;
}

/* A name beside `path` that nobody else uses at the same time, malloc'd. */
static char *name_beside(const char *path, unsigned attempt)
{
    char *folder = folder_of(path), *name = NULL;

    if (folder == NULL || asprintf(&name, "%s/.puma-%ld-%u.tmp", folder, (long)getpid(), attempt) < 0) name = NULL;
    free(folder);
    if (name == NULL) errno = ENOMEM;
    return name;
}

/* Finds a temporary name with which `make` succeeds: it returns -1 with EEXIST where the name is taken. */
static int with_name(staged *s, int (*make)(staged *s, mode_t mode), mode_t mode)
{
    for (unsigned i = 0; i < 1000; i++) {
        int made, reason;

        s->name = name_beside(s->path, i);
        made = s->name != NULL ? make(s, mode) : -1;
        if (made >= 0) return made;
        reason = errno;
        free(s->name);
        s->name = NULL;
        errno = reason;
        if (reason != EEXIST) return -1;
    }
    return -1;
}

static int make_file(staged *s, mode_t mode) { return temporary_file(s->name, mode); }

static int make_name(staged *s, mode_t mode)
{
    (void)mode;
    return temporary_name(s->fd, s->name);
}

puma_status staged_open(staged *s, const char *path, mode_t mode, puma_error *e)
{
    char *folder = folder_of(path);

    *s = STAGED_NONE;
    s->path = strdup(path);
    if (opened_refuse(path, e) != PUMA_OK) {
        /* nothing has begun */
    } else if (folder == NULL || s->path == NULL) {
        error_set(e, 1001, "%.160s: out of memory", path);
    } else {
        s->fd = open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
        /* EISDIR and ENOENT: a system that does not know the flag, or a folder that is none. */
        if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL))
            s->fd = with_name(s, make_file, mode);
        if (s->fd < 0) failed(s, e);
    }
    free(folder);
    return e->status;
}

puma_status staged_write(staged *s, const void *bytes, size_t size, puma_error *e)
{
    const char *from = bytes;

    while (size > 0) {
        ssize_t wrote = write(s->fd, from, size);

        if (wrote < 0 && errno == EINTR) continue;
        if (wrote == 0) errno = ENOSPC;
        if (wrote <= 0) return failed(s, e);
        from += wrote;
        size -= (size_t)wrote;
    }
    return PUMA_OK;
}

puma_status staged_sync(staged *s, puma_error *e) { return fsync(s->fd) == 0 ? PUMA_OK : failed(s, e); }

/* The new name is on disk once the folder is.  If a file system does not support this, the file has its name all the
 * same. */
static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    int   fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    free(folder);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

puma_status staged_place(staged *s, bool replace, puma_error *e)
{
    /* A name can be given to a file only where there is none: a file is replaced by a rename. */
    if ((s->name == NULL && with_name(s, make_name, 0) < 0) || temporary_keep(s->name, s->path, replace) != 0)
        return errno == EEXIST ? error_set(e, 382, "%s exists already and is left alone", s->path) : failed(s, e);
    free(s->name);
    s->name = NULL;
    sync_folder(s->path);
    return PUMA_OK;
}

void staged_drop(staged *s)
{
    if (s->name != NULL) temporary_remove(s->name);
    if (s->fd >= 0) close(s->fd);
    free(s->path);
    free(s->name);
    *s = STAGED_NONE;
}
