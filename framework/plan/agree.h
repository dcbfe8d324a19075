/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* agree.h - what all nodes of a run must agree on, as text for HELLO.  plan.c calls it last, when every
 * choice is made. */
#ifndef PLAN_AGREE_H
#define PLAN_AGREE_H

#include "plan/plan.h"

/* "key=value" lines: the run file's keys, the model, the plugins with their digests, the rings. malloc'd;
 * NULL: out of memory. */
char *agree_lines(const plan *p);

#endif
