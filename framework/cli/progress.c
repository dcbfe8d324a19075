/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* progress.c - see progress.h */
#include "cli/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_S 0.1
#define WIPE "\r\033[K"

struct progress {
    double start, drawn;
    bool   mute;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

progress *progress_start(void)
{
    progress *p;

    if (!isatty(STDERR_FILENO)) return NULL;
    p = malloc(sizeof *p);
    if (p) *p = (progress){ .start = now(), .drawn = 0 };
    return p;
}

void progress_show(void *context, const char *where, uint64_t bytes)
{
    progress *p = context;
    double    t;

    if (!p || p->mute) return;
    t = now();
    if (t - p->drawn < INTERVAL_S) return;
    p->drawn = t;
    /* Shorter than the narrowest terminal, because a wrapped line cannot be wiped. */
    fprintf(stderr, WIPE "%6.1f s %9.1f MB  %.50s", t - p->start, 1e-6 * (double)bytes, where);
    fflush(stderr);
}

void progress_mute(progress *p)
{
    if (!p || p->mute) return;
    p->mute = true;
    fprintf(stderr, WIPE);
    fflush(stderr);
}

void progress_end(progress *p)
{
    if (!p) return;
    progress_mute(p);
    free(p);
}
