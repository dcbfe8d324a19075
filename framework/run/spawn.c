/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* spawn.c - see spawn.h */
#include "run/spawn.h"

#include "base/text_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 1000

/* What a child writes.  Both sides are the same program and so use the same layout. */
typedef struct record {
    char       magic[8];
    puma_error why;
} record;

static const char MAGIC[8] = "puma end";

static puma_status system_failed(puma_error *e, const char *what)
{
    return error_set(e, 1002, "%s: %s", what, strerror(errno));
}

/* --- the command line -------------------------------------------------------------------------- */

/* Makes room for one more word and the closing NULL. */
static bool make_room(spawn_command *c)
{
    size_t room = 2 * c->room + 16;
    char **more;

    if (c->count + 1 < c->room) return true;
    more = realloc(c->words, room * sizeof *more);
    if (more == NULL) return false;
    c->words = more;
    c->room = room;
    return true;
}

void spawn_word(spawn_command *c, const char *format, ...)
{
    va_list list;
    char   *word = NULL;

    va_start(list, format);
    if (vasprintf(&word, format, list) < 0) word = NULL;
    va_end(list);
    if (word == NULL || !make_room(c)) {
        free(word);
        c->reason = ENOMEM;
        return;
    }
    c->words[c->count++] = word;
    c->words[c->count] = NULL;
}

void spawn_pass(spawn_command *c, const char *option, int fd)
{
    if (c->passed_count == SPAWN_PASSED) {
        c->reason = E2BIG;
        return;
    }
    c->passed[c->passed_count++] = fd;
    spawn_word(c, "%s", option);
    spawn_word(c, "%d", fd);
}

void spawn_give(spawn_command *c, const char *option, const void *bytes, size_t size)
{
    int         fd = memfd_create("puma", MFD_CLOEXEC);
    const char *from = bytes;

    for (size_t done = 0; fd >= 0 && done < size;) {
        ssize_t wrote = pwrite(fd, from + done, size - done, (off_t)done);

        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) {
            c->reason = wrote < 0 ? errno : ENOSPC;
            close(fd);
            return;
        }
        done += (size_t)wrote;
    }
    if (fd < 0 || c->passed_count == SPAWN_PASSED) {
        c->reason = fd < 0 ? errno : E2BIG;
        if (fd >= 0) close(fd);
        return;
    }
    c->owned[c->passed_count] = true;
    spawn_pass(c, option, fd);
}

void spawn_give_texts(spawn_command *c, const char *option, const char *const *texts, size_t count)
{
    char  *bytes = NULL;
    size_t size = 0;
    FILE  *all = texts != NULL ? text_stream(&bytes, &size) : NULL;

    for (size_t i = 0; all != NULL && i < count; i++) fwrite(texts[i], 1, strlen(texts[i]) + 1, all);
    if (all != NULL && (ferror(all) | fclose(all)) == 0)
        spawn_give(c, option, bytes, size);
    else
        c->reason = ENOMEM;
    free(bytes);
}

void spawn_command_free(spawn_command *c)
{
    for (size_t i = 0; i < c->passed_count; i++)
        if (c->owned[i]) close(c->passed[i]);
    for (size_t i = 0; i < c->count; i++) free(c->words[i]);
    free(c->words);
    *c = (spawn_command){ 0 };
}

/* --- start and end ----------------------------------------------------------------------------- */

static bool inherit(int fd) { return fcntl(fd, F_SETFD, 0) == 0; }

/* In the child: runs the program.  The signals that are blocked here stay so until the program takes them itself. */
static _Noreturn void become(const spawn_child *child, const spawn_command *c, int out, pid_t parent)
{
    int        null = open("/dev/null", O_RDWR);
    bool       ready = inherit(child->result);
    puma_error why = { 0 };

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (size_t i = 0; i < c->passed_count; i++) ready = ready && inherit(c->passed[i]);
    /* A parent that ended before prctl will send no signal. */
    if (ready && getppid() == parent && null >= 0 && dup2(null, 0) >= 0 && dup2(out < 0 ? null : out, 1) >= 0 &&
        dup2(null, 2) >= 0)
        execv("/proc/self/exe", c->words);
    /* Too few descriptors, or processes: the parent reads it where the program would have said why it ended. */
    error_set(&why, 1002, "starting a process: %s", strerror(errno));
    if (spawn_child_of(child->result)) spawn_tell(&why);
    _exit((int)why.status);
}

puma_status spawn_start(spawn_child *child, spawn_command *words, int out, puma_error *e)
{
    pid_t parent = getpid(), pid;

    *child = SPAWN_NONE;
    child->result = memfd_create("puma result", MFD_CLOEXEC);
    if (child->result < 0) return system_failed(e, "a file for a process's result");
    spawn_word(words, "--result-fd");
    spawn_word(words, "%d", child->result);
    if (words->reason != 0) {
        errno = words->reason;
        return system_failed(e, "a command line");
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) become(child, words, out, parent);
    if (pid < 0) return system_failed(e, "starting a process");
    __atomic_store_n(&child->pid, pid, __ATOMIC_RELEASE);
    child->handle = (int)syscall(SYS_pidfd_open, pid, 0);
    return child->handle < 0 ? system_failed(e, "watching a process") : PUMA_OK;
}

/* Reads the record of a child that has ended.  `said` stays empty when there is none, or one that is not in
 * our format. */
static void read_record(const spawn_child *child, puma_error *said)
{
    record r;

    *said = (puma_error){ 0 };
    if (pread(child->result, &r, sizeof r, 0) != (ssize_t)sizeof r || memcmp(r.magic, MAGIC, sizeof MAGIC) != 0 ||
        r.why.status == PUMA_OK || r.why.code / 100 != (unsigned)r.why.status)
        return;
    r.why.text[sizeof r.why.text - 1] = '\0';
    error_set(said, r.why.code, "%s", r.why.text);
}

static void read_end(const spawn_child *child, const siginfo_t *info, spawn_end *end)
{
    *end = (spawn_end){ 0 };
    if (info->si_code == CLD_EXITED)
        end->status = info->si_status;
    else
        end->signal = info->si_status;
    end->failed = end->signal != 0 || end->status != 0;
    if (end->failed && end->signal == 0) read_record(child, &end->said);
}

void spawn_kill(const spawn_child *child)
{
    pid_t pid = __atomic_load_n(&child->pid, __ATOMIC_ACQUIRE);

    if (pid > 0) kill(pid, SIGKILL);
}

/* Does the child end within `limit_ms`? */
static bool ends_within(const spawn_child *child, long limit_ms)
{
    struct pollfd fd = { .fd = child->handle, .events = POLLIN };
    int           ready;

    if (child->handle < 0) return false;
    do ready = poll(&fd, 1, limit_ms < 0 ? -1 : (int)limit_ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

void spawn_end_soon(const spawn_child *child)
{
    pid_t         pid = __atomic_load_n(&child->pid, __ATOMIC_ACQUIRE);
    struct pollfd fd = { .fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, .events = POLLIN };

    if (fd.fd < 0) return;
    kill(pid, SIGTERM);
    if (poll(&fd, 1, GRACE_MS) == 0) kill(pid, SIGKILL);
    close(fd.fd);
}

void spawn_explain(const spawn_end *end, const char *who, puma_error *why)
{
    if (end->signal != 0)
        error_set(why, 710, "%s was killed by signal %d", who, end->signal);
    else if (end->said.status != PUMA_OK)
        *why = end->said;
    else /* one that found no thread or memory at its start does not know yet whom to tell */
        error_set(why, end->status == PUMA_ERESOURCE ? 1002 : 7001, "%s ended with status %d and said nothing", who, end->status);
}

void spawn_wait(spawn_child *child, long limit_ms, spawn_end *end)
{
    siginfo_t info = { 0 };
    bool      overdue = false;
    pid_t     pid = child->pid;

    *end = (spawn_end){ 0 };
    if (pid > 0) {
        if (!ends_within(child, limit_ms)) overdue = kill(pid, SIGKILL) == 0;
        while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
        read_end(child, &info, end);
        end->overdue = overdue;
        /* After waitpid the number may be another process's: spawn_kill must not see it. */
        __atomic_store_n(&child->pid, 0, __ATOMIC_RELEASE);
        waitpid(pid, NULL, 0);
    }
    if (child->handle >= 0) close(child->handle);
    if (child->result >= 0) close(child->result);
    child->handle = child->result = -1;
}

/* --- the watch --------------------------------------------------------------------------------- */

static void *watch(void *context)
{
    spawn_watch  *w = context;
    struct pollfd fds[SPAWN_MOST + 1], *over = &fds[w->count];
    size_t        left = w->count;

    for (size_t i = 0; i < w->count; i++)
        fds[i] = (struct pollfd){ .fd = w->children[i].handle, .events = POLLIN };
    *over = (struct pollfd){ .fd = w->over[0], .events = POLLIN };
    while (left > 0 && poll(fds, (nfds_t)w->count + 1, -1) >= 0) {
        if (over->revents != 0) return NULL;
        for (size_t i = 0; i < w->count; i++) {
            siginfo_t info = { 0 };
            spawn_end end;

            if (fds[i].fd < 0 || fds[i].revents == 0) continue;
            fds[i].fd = -1;
            left--;
            waitid(P_PID, (id_t)w->children[i].pid, &info, WEXITED | WNOWAIT);
            read_end(&w->children[i], &info, &end);
            if (!end.failed) continue;
            if (poll(over, 1, GRACE_MS) == 0) w->failed(w->context, i, &end);
            return NULL;
        }
    }
    return NULL;
}

puma_status spawn_watch_begin(spawn_watch *w, puma_error *e)
{
    if (pipe2(w->over, O_CLOEXEC) != 0) return system_failed(e, "a pipe");
    if (pthread_create(&w->thread, NULL, watch, w) == 0) return PUMA_OK;
    close(w->over[0]);
    close(w->over[1]);
    return error_set(e, 1002, "no thread to watch processes");
}

void spawn_watch_end(spawn_watch *w)
{
    close(w->over[1]);
    pthread_join(w->thread, NULL);
    close(w->over[0]);
}

/* --- the child's side -------------------------------------------------------------------------- */

static int result = -1;

bool spawn_child_of(int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return false;
    __atomic_store_n(&result, fd, __ATOMIC_RELEASE);
    return true;
}

puma_status spawn_contents(int fd, char **bytes, size_t *size, puma_error *e)
{
    struct stat about;
    char       *text = NULL;
    size_t      n = 0;
    bool        known = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);

    if (!known)
        error_set(e, 206, "descriptor %d: nothing was given there", fd);
    else if ((text = malloc((size_t)about.st_size + 1)) == NULL)
        error_set(e, 1001, "out of memory for what was given (%jd bytes)", (intmax_t)about.st_size);
    while (e->status == PUMA_OK && n < (size_t)about.st_size) {
        ssize_t got = pread(fd, text + n, (size_t)about.st_size - n, (off_t)n);

        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) error_set(e, 1002, "descriptor %d: %s", fd, got < 0 ? strerror(errno) : "cut");
        if (got > 0) n += (size_t)got;
    }
    if (known) close(fd);
    if (e->status != PUMA_OK) {
        free(text);
        return e->status;
    }
    text[n] = '\0';
    *bytes = text;
    *size = n;
    return PUMA_OK;
}

void spawn_tell(const puma_error *why)
{
    int    fd = __atomic_exchange_n(&result, -1, __ATOMIC_ACQ_REL);
    record r;

    if (fd < 0) return;
    memset(&r, 0, sizeof r);
    memcpy(r.magic, MAGIC, sizeof MAGIC);
    r.why = *why;
    /* There is nobody to report a failure to; the exit status still gives the class. */
    if (pwrite(fd, &r, sizeof r, 0) != (ssize_t)sizeof r) return;
}
