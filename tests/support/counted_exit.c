/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* counted_exit.c - of a coverage build alone: _exit and execv write the counters first, as exit does, or the paths on
 * which a party gives up, and those of a process that becomes one, would read as never taken. */
#include <sys/syscall.h>
#include <unistd.h>

void __gcov_dump(void);

void _exit(int code)
{
    __gcov_dump();
    syscall(SYS_exit_group, code);
    __builtin_unreachable();
}

int execv(const char *path, char *const words[])
{
    __gcov_dump();
    return execve(path, words, environ);
}
