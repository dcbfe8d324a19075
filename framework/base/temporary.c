/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* temporary.c - see temporary.h */
#include "base/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct entry {
    struct entry *next;
    bool          folder;
    char          path[];
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry          *entries;

static entry *entry_new(const char *path, bool folder)
{
    size_t size = strlen(path) + 1;
    entry *made = malloc(sizeof *made + size);

    if (made == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    made->folder = folder;
    memcpy(made->path, path, size);
    return made;
}

/* Writes the entry down, or drops it if its file could not be made; errno stays. */
static void enter(entry *made, bool exists)
{
    int reason = errno;

    if (exists) {
        made->next = entries;
        entries = made;
    } else {
        free(made);
    }
    errno = reason;
}

/* Takes the entry of a path out of the list; NULL: there is none. */
static entry *take(const char *path)
{
    for (entry **at = &entries; *at != NULL; at = &(*at)->next) {
        entry *found = *at;

        if (strcmp(found->path, path) != 0) continue;
        *at = found->next;
        return found;
    }
    return NULL;
}

static void remove_files(const char *path)
{
    DIR           *d = opendir(path);
    struct dirent *file;

    if (d == NULL) return;
    while ((file = readdir(d)) != NULL)
        if (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0) unlinkat(dirfd(d), file->d_name, 0);
    closedir(d);
}

static void remove_entry(const entry *gone)
{
    if (!gone->folder) {
        unlink(gone->path);
        return;
    }
    /* Another thread may make a file between the two; it cannot once the folder has gone. */
    for (int i = 0; i < 100; i++) {
        remove_files(gone->path);
        if (rmdir(gone->path) == 0 || errno != ENOTEMPTY) return;
    }
}

int temporary_file(const char *path, mode_t mode)
{
    entry *made;
    int    fd = -1;

    pthread_mutex_lock(&lock);
    made = entry_new(path, false);
    if (made != NULL) {
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        enter(made, fd >= 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int temporary_name(int fd, const char *path)
{
    entry *made;
    char   self[40];
    int    rc = -1;

    /* By way of /proc: AT_EMPTY_PATH would need a privilege. */
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    pthread_mutex_lock(&lock);
    made = entry_new(path, false);
    if (made != NULL) {
        rc = linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
        enter(made, rc == 0);
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

const char *temporary_base(void)
{
    const char *base = getenv("TMPDIR");

    return base == NULL || *base == '\0' ? "/tmp" : base;
}

char *temporary_folder(const char *prefix)
{
    char       *path = NULL;
    entry      *made = NULL;
    bool        exists = false;

    if (asprintf(&path, "%s/%s-XXXXXX", temporary_base(), prefix) < 0) {
        errno = ENOMEM;
        return NULL;
    }
    pthread_mutex_lock(&lock);
    if (mkdtemp(path) != NULL) {
        made = entry_new(path, true);
        exists = made != NULL;
        if (exists) enter(made, true);
        if (!exists) rmdir(path);
    }
    pthread_mutex_unlock(&lock);
    if (exists) return path;
    free(path);
    return NULL;
}

int temporary_mkdir(const char *path, mode_t mode)
{
    entry *made;
    int    rc = -1;

    pthread_mutex_lock(&lock);
    made = entry_new(path, true);
    if (made != NULL) {
        rc = mkdir(path, mode);
        enter(made, rc == 0);
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void temporary_settle(const char *path)
{
    pthread_mutex_lock(&lock);
    free(take(path));
    pthread_mutex_unlock(&lock);
}

/* Renames where nothing has the new name; EEXIST otherwise. */
static int rename_beside(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1; /* these two: not every file system has it */
    if (link(from, to) != 0) return -1;
    unlink(from);
    return 0;
}

int temporary_keep(const char *from, const char *to, bool replace)
{
    int rc;

    pthread_mutex_lock(&lock);
    rc = replace ? rename(from, to) : rename_beside(from, to);
    if (rc == 0) free(take(from));
    pthread_mutex_unlock(&lock);
    return rc;
}

void temporary_remove(const char *path)
{
    entry *gone;

    pthread_mutex_lock(&lock);
    gone = take(path);
    if (gone != NULL) remove_entry(gone);
    free(gone);
    pthread_mutex_unlock(&lock);
}

void temporary_end(void)
{
    pthread_mutex_lock(&lock); /* never unlocked: the process ends with it */
    for (const entry *at = entries; at != NULL; at = at->next) remove_entry(at);
}
