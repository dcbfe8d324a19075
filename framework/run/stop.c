/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* stop.c - see stop.h */
#include "run/stop.h"

#include "plugin/fence.h"
#include "run/spawn.h"

#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*clean_up)(void *context);
static void *clean_context;

void stop_now(const puma_error *why)
{
    pthread_mutex_lock(&lock); /* never unlocked: the process ends with it */
    if (clean_up != NULL) clean_up(clean_context);
    spawn_tell(why);
    error_print(why);
    fence_lift();
    _exit((int)why->status);
}

void stop_clean(void (*clean)(void *context), void *context)
{
    pthread_mutex_lock(&lock);
    clean_up = clean;
    clean_context = context;
    pthread_mutex_unlock(&lock);
}
