/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ranges.h - where the ranges that the ring plan is made from come from, kind by kind, and how all nodes of a run come to
 * the same ones.
 *
 *   proved    no input at all can leave it: input/proof.c, at who owns the weights
 *   guarded   a row that leaves it is told to the receiver of the answer: exec/guard.h
 *   measured  `puma plan --measure` found it on some inputs
 *   promised  the family's file says so, nobody has looked
 *
 * The client proves, and tells the parties in its HELLO what came of it; they make the same ring plan. */
#ifndef PLAN_RANGES_H
#define PLAN_RANGES_H

#include "plan/plan.h"

/* Puts proved bits in the place of ranges: always of those that are only promised, and of measured ones where they are
 * at most one bit more; then makes the ring plan anew.  E1101 where it does not hold what is proved. */
puma_status ranges_take(plan *p, const int bits[PLAN_PROVED], puma_error *e);
/* The ranges as text for HELLO, malloc'd, and at a party back from there into a model and its ring plan.  E910 for a text
 * that is none, and for ranges that the plan cannot hold. */
char       *ranges_text(const plan *p);
puma_status ranges_read(const char *text, const plan *p, model *m, rings *r, puma_error *e);
/* Lines for `puma plan`, and for a run what nobody has proved and the guard does not see; "" if there is nothing. */
char       *ranges_show(const plan *p);
char       *ranges_unproved(const plan *p);

#endif
