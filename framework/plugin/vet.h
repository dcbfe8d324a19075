/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* vet.h - what is looked at in a plugin's file before the loader of the system sees it. */
#ifndef PLUGIN_VET_H
#define PLUGIN_VET_H

#include "base/error.h"

#include <sys/stat.h>

/* Opens the file at `path`, a realpath, once and for all: nobody but root and us may change the file or its folder, nor
 * put another in the place of any folder on the way from the root (whose sticky bit is enough for that); and it is a
 * regular file and an ELF library of this machine that is all there: the system's loader maps what the headers promise
 * and dies of a cut file.  *fd is the caller's; -1 on failure (E0603, E0605, E1002). */
puma_status vet_open(const char *path, int *fd, struct stat *file, puma_error *e);
/* The last of these, for a file of `size` bytes that is open: why it is no library for us; NULL: it is one. */
const char *vet_elf(int fd, off_t size);
/* SHA-256 of the open file in hex; `path` for messages. */
puma_status vet_digest(int fd, const char *path, char digest[65], puma_error *e);

#endif
