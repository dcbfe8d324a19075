/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* encoder.h - what a sentence encoder's own files ask of a run: functions, room in the rings. */
#ifndef PLAN_ENCODER_H
#define PLAN_ENCODER_H

#include "plan/plan.h"

/* Do the steps behind the pooling call this slot? */
bool        encoder_uses(const model *m, puma_slot slot);
/* The choices, for people: a line, of embed alone. */
void        encoder_print(FILE *out, const plan *p);
/* No vector may leave its ring behind the pooling: the weights bound it, whatever the text is.  At the client, once
 * it has the weights; PUMA_ENUMERIC. */
puma_status encoder_check(const plan *p, puma_error *e);

#endif
