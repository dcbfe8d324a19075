/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fence.c - see fence.h.  Rows D11 and G14 of the fault contract. */
#include "plugin/fence.h"

#include <assert.h>
#include <errno.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <puma/host.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define STACK_BYTES 65536 /* for the handlers: a plugin may have used up its thread's */

static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP };
#define CRASHES (sizeof crashes / sizeof *crashes)

/* The innermost fence of this thread. */
static _Thread_local fence *current;

/* Signals belong to the process: the first fence takes them, the last one gives them back. */
static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned         fences;
static struct sigaction before[NSIG];

static void (*tell_other)(const puma_error *why);

void fence_tell(void (*tell)(const puma_error *why)) { tell_other = tell; }

/* --- the end of the process ------------------------------------------------------------------- */

/* The plugin that is being loaded: what a thread of its making does is its doing. */
static _Atomic(fence *) loading;

/* The fence that this thread is at, unless this is a process that a plugin has forked. */
static fence *at_fence(void)
{
    fence *f = current ? current : atomic_load(&loading);

    return f && f->process == getpid() ? f : NULL;
}

static void append(char *text, size_t room, const char *more)
{
    size_t have = strnlen(text, room);

    for (; *more && have + 1 < room; more++) text[have++] = *more;
    text[have] = '\0';
}

/* Only calls that a signal handler may make. */
static _Noreturn void end(fence *f, const char *how)
{
    static const char  lead[] = "puma: error E0616: ";
    static atomic_flag said = ATOMIC_FLAG_INIT;
    puma_error        *why = &f->why;
    struct iovec       line[3];

    /* Parties that are threads meet the same end at the same time: one line is enough. */
    while (atomic_flag_test_and_set(&said)) pause();
    append(why->text, sizeof why->text, how);
    line[0] = (struct iovec){ .iov_base = (void *)(uintptr_t)lead, .iov_len = sizeof lead - 1 };
    line[1] = (struct iovec){ .iov_base = why->text, .iov_len = strlen(why->text) };
    line[2] = (struct iovec){ .iov_base = (void *)(uintptr_t)"\n", .iov_len = 1 };
    if (tell_other) tell_other(why);
    /* Nobody is left to hear that this failed. */
    if (writev(STDERR_FILENO, line, 3) < 0) syscall(SYS_exit_group, (int)why->status);
    for (;;) syscall(SYS_exit_group, (int)why->status);
}

static const char *crash_name(int number)
{
    switch (number) {
    case SIGSEGV: return "it crashed (SIGSEGV)";
    case SIGBUS: return "it crashed (SIGBUS)";
    case SIGFPE: return "it crashed (SIGFPE)";
    case SIGILL: return "it crashed (SIGILL)";
    case SIGABRT: return "it aborted";
    default: return "it crashed";
    }
}

static void crashed(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    fence *f = at_fence();

    if (f) end(f, crash_name(number));
    /* Another thread's, or nobody's: as it would have been. */
    sigaction(number, &before[number], NULL);
    raise(number);
}

static void overdue(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    if (info->si_code == SI_TIMER && info->si_value.sival_ptr) end(info->si_value.sival_ptr, "it took more than 10 s");
}

static_assert(FENCE_SECONDS == 10, "the text says so");

void fence_lift(void)
{
    current = NULL;
    atomic_store(&loading, NULL);
}

static void set_deadline(const fence *f, int seconds)
{
    const struct itimerspec limit = { .it_value.tv_sec = seconds };

    timer_settime(f->deadline, 0, &limit, NULL);
}

void fence_rest(bool rests)
{
    if (current) set_deadline(current, rests ? 0 : FENCE_SECONDS);
}

/* exit() runs the last registered first: what a plugin has registered itself has its turn before. */
static void exiting(void) { fence_ending("it called exit"); }

static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static bool           exit_watched;

/* Once for each node that can be a thread of this process: who calls exit takes a handler away from the others that do
 * at the same time. */
static void watch_exit(void)
{
    exit_watched = true;
    for (unsigned i = 0; i < PUMA_NODES; i++)
        exit_watched = exit_watched && atexit(exiting) == 0 && at_quick_exit(exiting) == 0;
}

void fence_ending(const char *how)
{
    fence *f = at_fence();

    if (f) end(f, how);
}

/* --- what must stay as it is ------------------------------------------------------------------- */

/* Rounding, denormal numbers and traps, as the CPU has them; not the flags of what has happened. */
static uint64_t number_mode(void)
{
#if defined(__x86_64__)
    unsigned       sse;
    unsigned short x87;

    __asm__ volatile("stmxcsr %0" : "=m"(sse));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (uint64_t)x87 << 32 | (sse & ~0x3fu);
#elif defined(__aarch64__)
    uint64_t fpcr;

    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
#else
    return (uint64_t)fegetround();
#endif
}

static void set_number_mode(uint64_t mode)
{
#if defined(__x86_64__)
    unsigned       sse = (unsigned)mode;
    unsigned short x87 = (unsigned short)(mode >> 32);

    __asm__ volatile("ldmxcsr %0" : : "m"(sse));
    __asm__ volatile("fldcw %0" : : "m"(x87));
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
    fesetround((int)mode);
#endif
}

static void look_at(fence_file *file, int fd)
{
    struct stat st;

    file->open = fstat(fd, &st) == 0;
    if (!file->open) return;
    file->device = st.st_dev;
    file->inode = st.st_ino;
}

/* The lowest descriptor that is no longer what it was; -1: none. */
static int lost_file(const fence *f)
{
    for (int fd = 0; fd < FENCE_FILES; fd++) {
        fence_file now;

        if (!f->files[fd].open) continue;
        look_at(&now, fd);
        if (!now.open || now.device != f->files[fd].device || now.inode != f->files[fd].inode) return fd;
    }
    return -1;
}

static bool is_ours(int number)
{
    for (size_t i = 0; i < CRASHES; i++)
        if (crashes[i] == number) return true;
    return number == SIGALRM;
}

static void take_signals(void)
{
    struct sigaction ours = { .sa_flags = SA_SIGINFO | SA_ONSTACK, .sa_sigaction = crashed };

    for (int n = 1; n < NSIG; n++) {
        memset(&before[n], 0, sizeof before[n]);
        sigaction(n, NULL, &before[n]);
    }
    for (size_t i = 0; i < CRASHES; i++) sigaction(crashes[i], &ours, NULL);
    ours.sa_sigaction = overdue;
    ours.sa_flags |= SA_RESTART;
    sigaction(SIGALRM, &ours, NULL);
}

/* The first signal whose handling has changed, put right; 0: none. */
static int changed_signal(void)
{
    int first = 0;

    for (int n = 1; n < NSIG; n++) {
        struct sigaction now;
        void (*expected)(int, siginfo_t *, void *) = n == SIGALRM ? overdue : crashed;

        if (sigaction(n, NULL, &now) != 0) continue;
        if (is_ours(n) ? (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == expected
                       : now.sa_sigaction == before[n].sa_sigaction)
            continue;
        if (first == 0) first = n;
        if (!is_ours(n)) sigaction(n, &before[n], NULL);
    }
    return first;
}

static void return_signals(void)
{
    for (size_t i = 0; i < CRASHES; i++) sigaction(crashes[i], &before[crashes[i]], NULL);
    sigaction(SIGALRM, &before[SIGALRM], NULL);
}

static bool same_mask(const sigset_t *a, const sigset_t *b)
{
    for (int n = 1; n < NSIG; n++)
        if (sigismember(a, n) != sigismember(b, n)) return false;
    return true;
}

/* --- begin and end ------------------------------------------------------------------------------ */

/* The mask under which a plugin is called: the signals that tell of it get through. */
static void called_mask(const fence *f, sigset_t *mask)
{
    *mask = f->mask;
    for (size_t i = 0; i < CRASHES; i++) sigdelset(mask, crashes[i]);
    sigdelset(mask, SIGALRM);
}

static puma_status arm(fence *f, puma_error *e)
{
    struct sigevent event;
    stack_t         stack = { .ss_size = STACK_BYTES };

    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGALRM;
    event.sigev_value.sival_ptr = f;
    f->own_stack = stack.ss_sp = malloc(STACK_BYTES);
    if (!f->own_stack) return error_set(e, 1001, "out of memory (%d bytes asked)", STACK_BYTES);
    if (timer_create(CLOCK_MONOTONIC, &event, &f->deadline) != 0) {
        error_set(e, 1002, "a timer for %s: timer_create: %s", f->what, strerror(errno));
        free(f->own_stack);
        return e->status;
    }
    sigaltstack(&stack, &f->stack);
    pthread_mutex_lock(&lock);
    if (fences++ == 0) take_signals();
    pthread_mutex_unlock(&lock);
    set_deadline(f, FENCE_SECONDS);
    return PUMA_OK;
}

puma_status fence_begin(fence *f, const char *name, const char *what, bool loads, puma_error *e)
{
    sigset_t called;

    memset(f, 0, sizeof *f);
    f->what = what;
    f->loading = loads;
    f->process = getpid();
    error_set(&f->why, 616, "%.200s: while %s, ", name, what);
    pthread_once(&exit_once, watch_exit);
    if (!exit_watched) return error_set(e, 1001, "out of memory for %s", what);
    if (arm(f, e) != PUMA_OK) return e->status;
    snprintf(f->locale, sizeof f->locale, "%s", setlocale(LC_ALL, NULL));
    for (int fd = 0; loads && fd < FENCE_FILES; fd++) look_at(&f->files[fd], fd);
    pthread_sigmask(SIG_SETMASK, NULL, &f->mask);
    called_mask(f, &called);
    pthread_sigmask(SIG_SETMASK, &called, NULL);
    f->number_mode = number_mode();
    f->outer = current;
    current = f;
    if (loads) atomic_store(&loading, f);
    return PUMA_OK;
}

/* Compares and puts right; what is said is what was found first. */
static puma_status compare(const fence *f, const char *name, puma_error *e)
{
    sigset_t called, now;
    int      fd = f->loading ? lost_file(f) : -1, number;

    if (number_mode() != f->number_mode) {
        set_number_mode(f->number_mode);
        error_set(e, 611, "%s: %s changed the rounding mode, or how denormal numbers are treated", name, f->what);
    }
    if (strncmp(f->locale, setlocale(LC_ALL, NULL), sizeof f->locale - 1) != 0) {
        setlocale(LC_ALL, f->locale);
        error_set(e, 611, "%s: %s changed the locale", name, f->what);
    }
    called_mask(f, &called);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    if (!same_mask(&called, &now)) error_set(e, 611, "%s: %s changed the signal mask", name, f->what);
    pthread_mutex_lock(&lock);
    number = changed_signal();
    pthread_mutex_unlock(&lock);
    if (number != 0)
        error_set(e, 611, "%s: %s changed what signal %d (%s) does", name, f->what, number, strsignal(number));
    if (fd >= 0) error_set(e, 611, "%s: %s closed or replaced descriptor %d", name, f->what, fd);
    return e->status;
}

puma_status fence_end(fence *f, const char *name, puma_error *e)
{
    fence **at = &current;

    /* The innermost one, unless programs that take turns in one thread (makecontext) have each begun one. */
    while (*at != f) at = &(*at)->outer;
    *at = f->outer;
    if (f->loading) atomic_store(&loading, NULL);
    timer_delete(f->deadline);
    compare(f, name, e);
    pthread_mutex_lock(&lock);
    if (--fences == 0) return_signals();
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, &f->mask, NULL);
    sigaltstack(&f->stack, NULL);
    free(f->own_stack);
    return e->status;
}
