/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* memory.h - libraries that cannot live without memory: OpenSSL, which crashes when its start finds none and calls a
 * certificate bad; OpenMP, which ends the process; and standard output, which loses what is printed. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

/* Before OpenSSL is used and anything printed: when OpenSSL or OpenMP is refused memory the process stops (E1001, E1002; stop_now), and
 * standard output has its buffer. */
void memory_guard(void);
/* All is said and printed, and the process about to end with `code`: what is refused from now on changes nothing. */
void memory_over(int code);

#endif
