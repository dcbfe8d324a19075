/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* deliver.h - what a command has to give: files, and what it prints.  All of it or nothing.
 *
 * It prints to `out`, which is memory, and puts files beside their places; `deliver` then writes to standard output and,
 * if that was taken, gives the files their names.  A command that fails, or is stopped, before has changed nothing. */
#ifndef CLI_DELIVER_H
#define CLI_DELIVER_H

#include "base/staged.h"

#include <stdio.h>

enum { DELIVERY_FILES = 2 };

typedef struct delivery {
    FILE  *out;
    char  *text;
    size_t size;
    staged files[DELIVERY_FILES];
    size_t count;
} delivery;

puma_status delivery_open(delivery *d, puma_error *e);
/* A file that is to have this text.  It is on disk when this returns. */
puma_status delivery_file(delivery *d, const char *path, const char *text, puma_error *e);
/* `place` gives names to what the caller has staged itself; may be NULL.  After PUMA_OK nothing stops the process any
 * more (stop_over): it must end. */
puma_status deliver(delivery *d, puma_status (*place)(void *context, puma_error *e), void *context, puma_error *e);
void        delivery_close(delivery *d); /* also for {0} */

#endif
