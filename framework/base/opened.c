/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* opened.c - see opened.h */
#include "base/opened.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct entry {
    struct entry   *next;
    dev_t           device;
    ino_t           inode;
    struct timespec changed; /* the same number may be another file's when this one is gone */
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry          *entries;

static bool known(const struct stat *file)
{
    for (const entry *e = entries; e != NULL; e = e->next)
        if (e->device == file->st_dev && e->inode == file->st_ino && e->changed.tv_sec == file->st_mtim.tv_sec &&
            e->changed.tv_nsec == file->st_mtim.tv_nsec)
            return true;
    return false;
}

puma_status opened_refuse(const char *path, puma_error *e)
{
    struct stat file;
    bool        is = false;

    if (e->status != PUMA_OK || stat(path, &file) != 0) return e->status;
    pthread_mutex_lock(&lock);
    is = known(&file);
    pthread_mutex_unlock(&lock);
    return is ? error_set(e, 321, "%.160s: the output is an input of this run", path) : PUMA_OK;
}

/* False with errno. */
static bool remember(int fd)
{
    struct stat file;
    entry      *fresh = NULL;
    bool        done;

    if (fstat(fd, &file) != 0) return false;
    pthread_mutex_lock(&lock);
    done = known(&file);
    if (!done && (fresh = malloc(sizeof *fresh)) != NULL) {
        *fresh = (entry){ .next = entries, .device = file.st_dev, .inode = file.st_ino, .changed = file.st_mtim };
        entries = fresh;
        done = true;
    }
    pthread_mutex_unlock(&lock);
    if (!done) errno = ENOMEM;
    return done;
}

int opened_file(const char *path, int also)
{
    /* O_NONBLOCK: opening a FIFO would wait for somebody to write. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | also), reason;

    if (fd < 0 || remember(fd)) return fd;
    reason = errno;
    close(fd);
    errno = reason;
    return -1;
}
