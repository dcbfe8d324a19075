/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* signals.h - SIGTERM, SIGINT and SIGHUP end a run in order, with an error line and a documented exit code,
 * and leave nothing behind. cli/ calls it; spawn.c undoes it in children. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include "base/error.h"

/* From now on a thread of its own takes these signals and calls `stop` once; `stop` must not return.  Call
 * this before any other thread is started: threads inherit that the signals are blocked. */
puma_status signals_watch(void (*stop)(const puma_error *why), puma_error *e);
/* For a child between fork and exec: undoes signals_watch. */
void        signals_release(void);

#endif
