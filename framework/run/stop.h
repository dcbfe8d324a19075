/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* stop.h - ends the process from any thread.
 *
 * Libraries neither print nor exit: a failure goes back to the caller.  This is the one exception below cli.  A
 * thread that takes signals, serves the links or watches the parties sees why the run is over while the main
 * thread computes, or waits for a peer that will never answer, and would not come back to be told. */
#ifndef RUN_STOP_H
#define RUN_STOP_H

#include "base/error.h"

/* Cleans up, tells the process that started this one (spawn_tell), prints the reason, exits with its status.  The
 * first reason is the one: other threads that call this, or stop_clean, wait for the end. */
_Noreturn void stop_now(const puma_error *why);

/* What stop_now does before it prints: kills processes, removes temporary files.  It runs in whichever thread
 * stops, beside the main thread.  NULL: nothing any more; once that returns, `clean` will not be called. */
void stop_clean(void (*clean)(void *context), void *context);

#endif
