/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ending.c - the program's own _exit: its symbols come before libc's for a plugin too, so that one that ends the process
 * past atexit is told of as well.
 *
 * Sanitizers bring an _exit of their own. */
#include "base/sanitizer.h"
#include "plugin/fence.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef UNDER_SANITIZER
__attribute__((visibility("default"))) void _exit(int code)
{
    fence_ending("it called _exit");
    for (;;) syscall(SYS_exit_group, code);
}

__attribute__((visibility("default"))) void _Exit(int code) { _exit(code); }
#endif
