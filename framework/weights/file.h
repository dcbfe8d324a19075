/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* file.h - a checkpoint's file: opened once, never mapped, read at an offset.
 *
 * A file that shrinks under a mapping would kill the process by SIGBUS; read with pread it is an error with a
 * byte offset.
 *
 * It owns path and descriptor; the readers of safetensors and GGUF have one for each file, and other folders ask here
 * which GGUF file a checkpoint is.  What the bytes mean it does not know. */
#ifndef WEIGHTS_FILE_H
#define WEIGHTS_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct data_file {
    char       *path;
    const char *name;  /* its end, for messages                                                       */
    int         fd;    /* -1: what it holds is at `bytes`                                             */
    const char *bytes; /* the caller's                                                                */
    size_t      size;
} data_file;

/* Opens a regular file.  `f` is one that file_close takes, whatever happens. */
puma_status file_open(data_file *f, const char *path, puma_error *e);
/* The same of `size` bytes that the caller has and keeps until file_close; `name` is for messages. */
puma_status file_memory(data_file *f, const char *name, const void *bytes, size_t size, puma_error *e);
void        file_close(data_file *f);
/* Reads exactly `size` bytes at `offset`, or says where the file ended. */
puma_status file_at(const data_file *f, void *to, size_t size, size_t offset, puma_error *e);
/* Has the file still the size it was opened with? */
puma_status file_same(const data_file *f, puma_error *e);
/* Does a name end in .gguf? */
bool        file_is_gguf(const char *path);
/* The checkpoint's one file of the format GGUF: `path` itself, or in the directory `path` the only one;
 * *found (malloc'd) is NULL if there is none.  Several are an error, for which one is meant? */
puma_status file_find_gguf(char **found, const char *path, puma_error *e);

#endif
