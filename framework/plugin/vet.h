/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* vet.h - what is looked at in a plugin's file before the loader of the system sees it. */
#ifndef PLUGIN_VET_H
#define PLUGIN_VET_H

#include "base/error.h"

#include <sys/stat.h>

/* Nobody but root and us may put a file into the directory. */
puma_status vet_directory(const char *path, puma_error *e);
/* A regular file that nobody but root and us can change, and an ELF library of this machine that is all
 * there: the system's loader maps what the headers promise and dies of a cut file. */
puma_status vet_file(const char *path, struct stat *file, puma_error *e);
/* The last of these, for a file of `size` bytes that is open: why it is no library for us; NULL: it is one. */
const char *vet_elf(int fd, off_t size);
/* SHA-256 in hex. */
puma_status vet_digest(const char *path, char digest[65], puma_error *e);

#endif
