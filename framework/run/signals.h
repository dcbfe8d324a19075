/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* signals.h - SIGTERM, SIGINT and SIGHUP end every command in order, with an error line and a documented exit code,
 * and leave nothing behind.  cli/ calls it. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include "base/error.h"

/* From now on a thread of its own takes these signals and ends the process with E1005 (stop_now).  Call this before any
 * other thread is started: threads, and programs that are executed, inherit that the signals are blocked. */
puma_status signals_watch(puma_error *e);
/* What is called in place of stop_now; it must not return. */
void        signals_call(void (*stop)(const puma_error *why));

#endif
