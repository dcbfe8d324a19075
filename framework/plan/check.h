/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* check.h - can the model do what the run file asks for?  Ranges, lengths, labels.  Called by plan.c;
 * check_one_label also by input/. */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "plan/plan.h"

/* [numeric] ranges: read from the file and used in place of the family's ranges. */
puma_status check_ranges(plan *p, puma_error *e);
/* Sets p->most; [generate] max_new_tokens must leave room for a prompt. */
puma_status check_lengths(plan *p, puma_error *e);
/* PUMA_ECONFIG for a key that needs one label, when the model has no labels or gives several at once. */
puma_status check_one_label(const plan *p, const char *section, const char *key, puma_error *e);

#endif
