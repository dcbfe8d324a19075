/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* signals.c - see signals.h */
#include "run/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void (*stop_run)(const puma_error *why);

static sigset_t watched(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

static void *watch(void *context)
{
    sigset_t   set = watched();
    puma_error why = { 0 };
    int        number = 0;

    (void)context;
    while (sigwait(&set, &number) != 0) continue;
    error_set(&why, 1005, "stopped by signal %d (%s)", number, strsignal(number));
    stop_run(&why);
    return NULL;
}

puma_status signals_watch(void (*stop)(const puma_error *why), puma_error *e)
{
    sigset_t  set = watched();
    pthread_t thread;

    stop_run = stop;
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || pthread_create(&thread, NULL, watch, NULL) != 0)
        return error_set(e, 1002, "no thread to watch for signals");
    pthread_detach(thread);
    return PUMA_OK;
}

void signals_release(void)
{
    sigset_t set = watched();

    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
