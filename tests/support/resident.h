/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* resident.h - bytes of this process that are in memory now.  For tests with cmocka. */
#ifndef SUPPORT_RESIDENT_H
#define SUPPORT_RESIDENT_H

#include <stdio.h>
#include <unistd.h>

static inline size_t resident(void)
{
    FILE         *f = fopen("/proc/self/statm", "r");
    unsigned long all = 0, held = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu", &all, &held), 2);
    fclose(f);
    return held * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
