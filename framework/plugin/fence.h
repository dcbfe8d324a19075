/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fence.h - what a plugin may not do while it is loaded or opens a session: end the process, crash, take for ever, or
 * leave the process other than it was.
 *
 * plugin.c holds it round dlopen and host/session.c round a protocol's open; the program says who else is to hear of
 * it.  A plugin that means harm is not held back: it has all rights of the process, and what it starts here it may end
 * later. */
#ifndef PLUGIN_FENCE_H
#define PLUGIN_FENCE_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define FENCE_SECONDS 10 /* as long may either take */
#define FENCE_FILES 64   /* the descriptors that are looked at */

typedef struct fence_file {
    bool  open;
    dev_t device;
    ino_t inode;
} fence_file;

/* The caller's, from fence_begin to fence_end in one thread; no field is for others. */
typedef struct fence {
    struct fence *outer;
    const char   *what;
    puma_error    why; /* what is said if the plugin crashes, but for how */
    bool          loading;
    pid_t         process;
    timer_t       deadline;
    uint64_t      number_mode;
    char          locale[256];
    sigset_t      mask;
    stack_t       stack;
    void         *own_stack;
    fence_file    files[FENCE_FILES];
} fence;

/* Until fence_end, what ends the process, or makes it wait, is said to be the fault of `name` (a plugin, or its file; kept)
 * while `what` ("loading it", a literal) went on: E0616, exit 6.  `loading`: descriptors must stay open as well.  On
 * failure (E1001, E1002) nothing has begun. */
puma_status fence_begin(fence *f, const char *name, const char *what, bool loading, puma_error *e);
/* E0611 if the process is not as it was: floating-point modes, locale, signal mask, signal handlers, descriptors.  All but
 * descriptors are as before again. */
puma_status fence_end(fence *f, const char *name, puma_error *e);
/* The process is about to end by a call of this thread: at a fence it ends with E0616, of which `how` is the end ("it
 * called _exit"), else this returns.  Safe in a signal handler. */
void        fence_ending(const char *how);
/* This thread begins, or ends, to wait for another node: that takes what it takes, and the time starts anew. */
void        fence_rest(bool rests);
/* The process ends by its own will, whatever this thread is in. */
void        fence_lift(void);
/* Who hears of an E0616 besides standard error; called in a signal handler, just before the end. */
void        fence_tell(void (*tell)(const puma_error *why));

#endif
