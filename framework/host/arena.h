/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* arena.h - leaving a scope with more than one tensor; the rest of the arena is in the backend's table. */
#ifndef HOST_ARENA_H
#define HOST_ARENA_H

#include <puma/host.h>

/* Frees every tensor made since `mark` but the `count` in `keep`, which go on in the scope around it. */
void host_leave_keeping(puma_session *s, size_t mark, const puma_tensor *const *keep, size_t count);

#endif
