/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* stop.h - ends the process from any thread.
 *
 * Libraries neither print nor exit: a failure goes back to the caller.  This is the only exception below cli.
 * A thread that takes signals, serves the links or watches the parties may see that the run is over while the
 * main thread computes, or waits for a peer that will never answer, and so could not be told. */
#ifndef RUN_STOP_H
#define RUN_STOP_H

#include "base/error.h"

/* Cleans up, removes what is temporary (base/temporary.h), tells the process that started this one (spawn_tell), prints
 * the reason, exits with its status.  Only the first reason counts: other threads that call this wait for the end. */
_Noreturn void stop_now(const puma_error *why);
/* The same without a reason to tell: exits with 0. */
_Noreturn void stop_silently(void);

/* Sets what stop_now does first: kill processes.  `clean` runs in whichever thread stops, while the main thread goes
 * on.  NULL: nothing from now on; once that call returns, `clean` will not be called. */
void stop_clean(void (*clean)(void *context), void *context);

/* Between the two the process is not stopped: what the main thread does there is done whole or not at all.  But only for
 * a second, as it may wait for whoever should read its output. */
void stop_hold(void);
void stop_release(void);
/* The process ends by itself, and its result or its reason is out: from now on nothing stops it.  After stop_hold, in
 * place of stop_release, or alone. */
void stop_over(void);

#endif
