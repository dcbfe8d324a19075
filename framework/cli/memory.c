/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* memory.c - see memory.h */
#include "cli/memory.h"

#include "ring/ring.h"
#include "run/stop.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int ending = -1;

void memory_over(int code) { ending = code; }

/* Ends the process. */
static void refused(size_t size)
{
    puma_error e = { 0 };

    if (ending >= 0) _exit(ending);
    error_set(&e, 1001, "out of memory for cryptography (%zu bytes asked)", size);
    stop_now(&e);
}

static void *take(size_t size, const char *file, int line)
{
    void *got = size > 0 ? malloc(size) : NULL;

    (void)file;
    (void)line;
    if (!got && size > 0) refused(size);
    return got;
}

static void give_back(void *it, const char *file, int line)
{
    (void)file;
    (void)line;
    free(it);
}

static void *resize(void *it, size_t size, const char *file, int line)
{
    void *got;

    if (size == 0) {
        give_back(it, file, line);
        return NULL;
    }
    got = realloc(it, size);
    if (!got) refused(size);
    return got;
}

/* OpenMP has said why, and was about to end the process with a status of its own. */
static void exiting(void)
{
    puma_error e = { 0 };

    if (!ring_in_team()) return;
    error_set(&e, 1002, "no memory, or no threads, for a matrix product on several threads (run.threads = 1 asks for none)");
    stop_now(&e);
}

void memory_guard(void)
{
    static char output[1 << 16];

    atexit(exiting);
    CRYPTO_set_mem_functions(take, resize, give_back);
    setvbuf(stdout, output, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, sizeof output);
}
