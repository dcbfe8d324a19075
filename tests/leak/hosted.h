/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* hosted.h - a world whose nodes have the real host's sessions, so that functions and the guard run as they do in a run;
 * of their tables only wire and streams are the world's. */
#ifndef LEAK_HOSTED_H
#define LEAK_HOSTED_H

#include "leak/world.h"

#include "host/session.h"

/* The backend and the functions of all worlds from now on.  `approx` is a name or a file, NULL: no functions. */
void                 hosted_use(const char *backend, const char *approx);
const puma_protocol *hosted_protocol(void);
world               *hosted_new(uint32_t ring_bits, uint32_t frac);

#endif
