/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* opened.h - the files that this process has read: none of them is ever replaced by what it writes (staged.h, and
 * report/output.h before the work begins).  Any thread may call. */
#ifndef BASE_OPENED_H
#define BASE_OPENED_H

#include "base/error.h"

/* Opens a file to read, with `also` (O_RDWR) where it is said, and remembers which it is; what is no regular file
 * does not make it wait.  -1 with errno. */
int opened_file(const char *path, int also);
/* Fails (E0321) if what has this name is one of them: it cannot be an output. */
puma_status opened_refuse(const char *path, puma_error *e);

#endif
