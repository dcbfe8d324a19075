/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* stop.c - see stop.h */
#include "run/stop.h"

#include "base/temporary.h"
#include "plugin/fence.h"
#include "run/spawn.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* Whoever ends the process takes `end`, and keeps it.  `busy` is for what must not be interrupted.  Both may be taken
 * again by the thread that has them. */
static pthread_mutex_t end = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t busy = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static void (*clean_up)(void *context);
static void *clean_context;

static void begin_end(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    (void)!pthread_mutex_timedlock(&busy, &until);
    pthread_mutex_lock(&end);
    if (clean_up != NULL) clean_up(clean_context);
    temporary_end();
}

void stop_now(const puma_error *why)
{
    begin_end();
    spawn_tell(why);
    error_print(why);
    fence_lift();
    _exit((int)why->status);
}

void stop_silently(void)
{
    begin_end();
    fence_lift();
    _exit(0);
}

void stop_clean(void (*clean)(void *context), void *context)
{
    pthread_mutex_lock(&busy);
    clean_up = clean;
    clean_context = context;
    pthread_mutex_unlock(&busy);
}

void stop_hold(void) { pthread_mutex_lock(&busy); }

void stop_release(void) { pthread_mutex_unlock(&busy); }

void stop_over(void) { pthread_mutex_lock(&end); }
