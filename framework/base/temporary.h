/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* temporary.h - files and folders that must not outlast the process, whoever ends it.
 *
 * A process may be ended at once, from any thread (run/stop.h).  So every temporary name is written down here in one
 * step with its making, and whoever ends the process removes what is written down.  Any thread may call. */
#ifndef BASE_TEMPORARY_H
#define BASE_TEMPORARY_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes a new file, for writing.  -1 with errno; EEXIST: the name is taken. */
int   temporary_file(const char *path, mode_t mode);
/* Gives an open file without a name one.  -1 with errno. */
int   temporary_name(int fd, const char *path);
/* Where temporary files go: TMPDIR, or /tmp when that is not set. */
const char *temporary_base(void);
/* Makes a private folder PREFIX-XXXXXX there; it holds files alone.  Returns its
 * path, malloc'd; NULL with errno. */
char *temporary_folder(const char *prefix);
/* Makes a folder with a name of its own, which holds files alone.  -1 with errno. */
int   temporary_mkdir(const char *path, mode_t mode);
/* From now on it is to stay. */
void  temporary_settle(const char *path);
/* Renames a temporary file, which is none from then on; with `replace` in place of what has that name.  -1 with errno,
 * and it stays one. */
int   temporary_keep(const char *from, const char *to, bool replace);
/* Removes a temporary file, or a folder with its files. */
void  temporary_remove(const char *path);
/* Removes all of them.  The process must end: the other functions do not return any more. */
void  temporary_end(void);

#endif
