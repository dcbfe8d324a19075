/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - child processes.  Only this module starts any.
 *
 * A child is this program again, with another command line.  If it fails it returns the reason as data: it
 * inherits a descriptor (--result-fd N), on which it writes one record of a fixed format before it ends.
 * What it prints is not kept.  If it leaves no record, its signal or its exit status tells how it ended.
 * `puma run` starts the parties of a local run here, `puma compare` its runs. */
#ifndef RUN_SPAWN_H
#define RUN_SPAWN_H

#include "base/error.h"

#include <puma/host.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

enum { SPAWN_MOST = PUMA_MAX_PARTIES, SPAWN_PASSED = 4 }; /* children under one watch; descriptors of a command line */

/* --- the parent's side ------------------------------------------------------------------------- */

/* A command line that grows word by word.  Start from {0}. */
typedef struct spawn_command {
    char **words;
    size_t count, room;
    int    passed[SPAWN_PASSED]; /* descriptors that the child inherits */
    bool   owned[SPAWN_PASSED];  /* closed with the command line        */
    size_t passed_count;
    int    reason; /* errno of what failed; spawn_start reports it */
} spawn_command;

void spawn_word(spawn_command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds `option N`: descriptor `fd` is open in the child under its number N.  It remains the caller's. */
void spawn_pass(spawn_command *c, const char *option, int fd);
/* Adds `option N` with these bytes, which the child reads with spawn_contents.  For what must not stand on a command line,
 * which every user of the host can read, nor in a file. */
void spawn_give(spawn_command *c, const char *option, const void *bytes, size_t size);
/* The same with texts, each closed by a NUL. */
void spawn_give_texts(spawn_command *c, const char *option, const char *const *texts, size_t count);
void spawn_command_free(spawn_command *c);

typedef struct spawn_child {
    pid_t pid;    /* 0: none     */
    int   handle; /* pidfd, or -1 */
    int   result; /* descriptor of its record, or -1 */
} spawn_child;

#define SPAWN_NONE ((spawn_child){ .handle = -1, .result = -1 })

/* How a child has ended. */
typedef struct spawn_end {
    bool       failed;
    bool       overdue; /* spawn_wait killed it        */
    int        signal;  /* that ended it, or 0: none   */
    int        status;  /* its exit status otherwise   */
    puma_error said;    /* its record; PUMA_OK: none */
} spawn_end;

/* Starts `puma WORDS…` with `out` as its standard output (-1: none) and no other standard file.  The child
 * ends when this process does. */
puma_status spawn_start(spawn_child *child, spawn_command *words, int out, puma_error *e);
/* Waits for the end for at most `limit_ms` (negative: without limit), then kills.  The child is gone
 * afterwards. */
void        spawn_wait(spawn_child *child, long limit_ms, spawn_end *end);
/* Why a child failed: what it said, or how `who` died of it. */
void        spawn_explain(const spawn_end *end, const char *who, puma_error *why);
void        spawn_kill(const spawn_child *child); /* from any thread; spawn_wait is still needed */
/* Asks the child to end (SIGTERM), gives it a second for that, then kills it.  As spawn_kill. */
void        spawn_end_soon(const spawn_child *child);

/* A thread that waits for a child to fail.  It then gives the caller a second to learn the reason by itself,
 * calls `failed` unless the watch has been ended by then, and stops watching. */
typedef struct spawn_watch {
    const spawn_child *children;
    size_t             count;
    void (*failed)(void *context, size_t index, const spawn_end *end);
    void     *context;
    pthread_t thread;
    int       over[2]; /* a pipe, whose write end is closed to end the watch */
} spawn_watch;

puma_status spawn_watch_begin(spawn_watch *w, puma_error *e); /* the first four members are filled in */
void        spawn_watch_end(spawn_watch *w);

/* --- the child's side -------------------------------------------------------------------------- */

/* From now on spawn_tell writes to `fd`.  False: `fd` is not open. */
bool spawn_child_of(int fd);
/* What the other side has written to a file: the parent with spawn_give, or the child as its output.  *bytes is malloc'd and
 * closed by a NUL that does not count.  Closes `fd`. */
puma_status spawn_contents(int fd, char **bytes, size_t *size, puma_error *e);
/* Tells the process that started this one why it fails, if it asked for that.  Only the first call counts. */
void spawn_tell(const puma_error *why);

#endif
