/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* check.h - does the model take what the run file asks for?  Ranges, lengths, labels. */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "plan/plan.h"

/* [numeric] ranges: the model's own in place of its family's. */
puma_status check_ranges(plan *p, puma_error *e);
/* Sets p->most; [generate] max_new_tokens must leave room for a prompt. */
puma_status check_lengths(plan *p, puma_error *e);
/* A key that needs one label, of a model that has many at once or none: PUMA_ECONFIG. */
puma_status check_one_label(const plan *p, const char *section, const char *key, puma_error *e);

#endif
