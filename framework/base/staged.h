/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* staged.h - a result file that appears under its name once it is whole.
 *
 * Until then it has no name (O_TMPFILE), so that whatever ends the process leaves nothing; where the file system does
 * not know files without a name it has a temporary one (temporary.h).  The order: staged_open, writing to `fd`,
 * staged_sync, staged_place or staged_drop. */
#ifndef BASE_STAGED_H
#define BASE_STAGED_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct staged {
    char *path; /* its name when it is placed */
    char *name; /* the temporary one, or NULL */
    int   fd;   /* or -1                      */
} staged;

#define STAGED_NONE ((staged){ .fd = -1 })

/* Opens a new file in the folder of `path` for writing.  Mode as with open.  PUMA_ERESOURCE. */
puma_status staged_open(staged *s, const char *path, mode_t mode, puma_error *e);
puma_status staged_write(staged *s, const void *bytes, size_t size, puma_error *e);
/* Has the system take over what was written: afterwards placing it needs no more room. */
puma_status staged_sync(staged *s, puma_error *e);
/* Gives it its name.  `replace`: in place of what has that name, in one step; otherwise such a file is left alone, and
 * an error. */
puma_status staged_place(staged *s, bool replace, puma_error *e);
void        staged_drop(staged *s); /* afterwards, placed or not; also for STAGED_NONE */

/* The folder that a file is in, malloc'd; NULL: out of memory. */
char *folder_of(const char *path);

#endif
