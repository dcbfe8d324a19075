/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* clock.c - preloaded into a program: its calendar is as many days off as the file that CLOCK_DAYS names
 * says, from the moment at which the file is there.  Clocks that only measure time are left alone. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

static time_t shift(void)
{
    const char *path = getenv("CLOCK_DAYS");
    FILE       *f = path == NULL ? NULL : fopen(path, "re");
    long        days = 0;

    if (f == NULL) return 0;
    if (fscanf(f, "%ld", &days) != 1) days = 0;
    fclose(f);
    return (time_t)days * 86400;
}

SHOWN int clock_gettime(clockid_t clock, struct timespec *t)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, t);

    if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) t->tv_sec += shift();
    return rc;
}

SHOWN time_t time(time_t *out)
{
    struct timespec t;
    time_t          now = clock_gettime(CLOCK_REALTIME, &t) == 0 ? t.tv_sec : (time_t)-1;

    if (out != NULL) *out = now;
    return now;
}

SHOWN int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0) return -1;
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}
