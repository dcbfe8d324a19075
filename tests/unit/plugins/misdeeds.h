/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* misdeeds.h - what a plugin can do to the process that loads it, by name; for variant.c. */
#ifndef MISDEEDS_H
#define MISDEEDS_H

#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Deeper and deeper, in a way that no compiler turns into a loop. */
static int deep(volatile char *outer, int level)
{
    volatile char here[4096];

    here[0] = outer[0];
    here[level % 4096] = 1;
    return level < 0 ? 0 : deep(here, level + 1) + here[0];
}

static void *aborts(void *nothing)
{
    (void)nothing;
    abort();
}

/* A sanitizer would end the process before the CPU does. */
__attribute__((no_sanitize("address", "undefined"))) static void crash_or_end(const char *which)
{
    volatile char start = 0;
    volatile int *volatile nothing = NULL;
    sigset_t  every;
    pthread_t thread;

    if (!strcmp(which, "exit")) exit(0);
    if (!strcmp(which, "_exit")) _exit(0);
    if (!strcmp(which, "_Exit")) _Exit(0);
    if (!strcmp(which, "quick_exit")) quick_exit(0);
    if (!strcmp(which, "abort")) abort();
    if (!strcmp(which, "segv")) *nothing = 1;
    if (!strcmp(which, "thread") && pthread_create(&thread, NULL, aborts, NULL) == 0) pthread_join(thread, NULL);
    if (!strcmp(which, "trap")) __builtin_trap();
    if (!strcmp(which, "fpe")) raise(SIGFPE);
    if (!strcmp(which, "stack")) deep(&start, 0);
    if (!strcmp(which, "spin"))
        while (start == 0) continue;
    if (!strcmp(which, "pause"))
        for (;;) pause();
    if (!strcmp(which, "deaf")) {
        sigfillset(&every);
        sigprocmask(SIG_SETMASK, &every, NULL);
        abort();
    }
}

static void change(const char *which)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    if (!strcmp(which, "rounding")) fesetround(FE_UPWARD);
#ifdef __x86_64__
    if (!strcmp(which, "denormals")) __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
    if (!strcmp(which, "zero")) __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8000);
    if (!strcmp(which, "x87")) __asm__ volatile("fldcw %0" : : "m"((unsigned short){ 0x007f }));
#elif defined(__aarch64__)
    if (!strcmp(which, "denormals")) __asm__ volatile("msr fpcr, %0" : : "r"(1ul << 24));
#endif
    if (!strcmp(which, "traps")) feenableexcept(FE_DIVBYZERO);
    if (!strcmp(which, "mask")) sigprocmask(SIG_BLOCK, &one, NULL);
    if (!strcmp(which, "handler")) signal(SIGCHLD, SIG_IGN);
    if (!strcmp(which, "crash-handler")) signal(SIGSEGV, SIG_IGN);
    if (!strcmp(which, "locale")) setlocale(LC_ALL, "C.UTF-8");
    if (!strcmp(which, "closed")) close(2);
    if (!strcmp(which, "replaced")) dup2(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
}

/* Is this a party of a local run, which a client has started? */
static int is_child(void)
{
    char    line[4096];
    int     fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, line, sizeof line);

    if (fd >= 0) close(fd);
    return got > 0 && memmem(line, (size_t)got, "--result-fd", 11) != NULL;
}

/* `which` may begin with "child-": then only a party of a local run does it. */
static void misdeed(const char *which)
{
    if (!which) return;
    if (!strncmp(which, "child-", 6)) {
        if (!is_child()) return;
        which += 6;
    }
    crash_or_end(which);
    change(which);
}

#endif
