/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* signals.h - SIGTERM, SIGINT and SIGHUP end a run in order: an error line, a documented exit code, nothing
 * left behind. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include "base/error.h"

/* From now on those signals are taken by a thread of their own, which calls `stop` once; `stop` does not
 * return.  Call it before any other thread is started: threads inherit that the signals are blocked. */
puma_status signals_watch(void (*stop)(const puma_error *why), puma_error *e);
/* In a child between fork and exec: as if signals_watch had not been called. */
void        signals_release(void);

#endif
