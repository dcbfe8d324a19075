/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* signals.c - see signals.h */
#include "run/signals.h"

#include "run/stop.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { STACK = 256 << 10 };

static void (*stop_run)(const puma_error *why) = stop_now;

static void *watch(void *context)
{
    const sigset_t *set = context;
    puma_error      why = { 0 };
    int             number = 0;

    while (sigwait(set, &number) != 0) continue;
    error_set(&why, 1005, "stopped by signal %d (%s)", number, strsignal(number));
    __atomic_load_n(&stop_run, __ATOMIC_ACQUIRE)(&why);
    return NULL;
}

puma_status signals_watch(puma_error *e)
{
    static const int stopping[] = { SIGTERM, SIGINT, SIGHUP };
    static sigset_t  set;
    pthread_attr_t   attributes;
    pthread_t        thread;
    bool             watched;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof stopping / sizeof *stopping; i++) {
        struct sigaction before;

        /* nohup: who started us wants it ignored.  SIGINT a shell ignores for every job behind the scenes, whoever
         * sends it; one that is meant for us still stops us. */
        if (stopping[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        sigaddset(&set, stopping[i]);
    }
    if (pthread_attr_init(&attributes) != 0) return error_set(e, 1002, "no thread to watch for signals");
    /* The default stack is the main thread's limit, which may be anything. */
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    watched = pthread_sigmask(SIG_BLOCK, &set, NULL) == 0 && pthread_create(&thread, &attributes, watch, &set) == 0;
    pthread_attr_destroy(&attributes);
    return watched ? PUMA_OK : error_set(e, 1002, "no thread to watch for signals");
}

void signals_call(void (*stop)(const puma_error *why)) { __atomic_store_n(&stop_run, stop, __ATOMIC_RELEASE); }
