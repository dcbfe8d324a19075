/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ranges.h - where the ranges that the ring plan is made from come from, kind by kind, and how all nodes of a
 * run come to the same ones.
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

/* Puts proved bits in the place of ranges: always of those that are only promised, and of measured ones where
 * they are at most one bit more; then makes the ring plan anew.  E1101 where it does not hold what is proved.
 */
puma_status ranges_take(plan *p, const int bits[PLAN_PROVED], puma_error *e);
/* For a dealer's material, made without any weights: nothing is replaced, and what is neither within the
 * plan's ranges nor measured is refused. */
puma_status ranges_check(plan *p, const int bits[PLAN_PROVED], puma_error *e);
/* The ranges as text for HELLO, malloc'd, and at a party back from there into a model and its ring plan. E910
 * for a text that is none, and for ranges that the plan cannot hold. */
char       *ranges_text(const plan *p);
puma_status ranges_read(const char *text, const plan *p, model *m, rings *r, puma_error *e);
typedef struct range_item {
    const char *name;
    int         bits;
    const char *source;  /* "proved", "guarded", "measured" or "promised" */
    bool        certain; /* proved or guarded                             */
} range_item;
enum { RANGE_ITEMS = PLAN_PROVED + 2, RANGES_TEXT = 32 * RANGE_ITEMS };

/* The ranges and their sources; returns how many. */
size_t ranges_list(const plan *p, range_item items[RANGE_ITEMS]);
/* Those that nobody has proved and the guard does not see, as "gated 6, sums 9"; "" if there are none. */
void   ranges_uncertain(const plan *p, char text[RANGES_TEXT]);

#endif
