/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* choose.h - which plugins serve a run: its protocol, a function for each slot, how tokens are looked up.  For plan.c. */
#ifndef PLAN_CHOOSE_H
#define PLAN_CHOOSE_H

#include "plan/plan.h"

/* [run] protocol; with [run] material it must have a dealer, and a party for every address of [network]. */
puma_status choose_protocol(plan *p, puma_error *e);
/* [approximation], once the model is known. */
puma_status choose_functions(plan *p, puma_error *e);
/* [plugin.NAME]: every key must be one that the plugin reads, and in its range. */
puma_status choose_options(const plan *p, puma_error *e);
/* [run] embedding: sets how p->exec looks tokens up. */
puma_status choose_embedding(plan *p, puma_error *e);

#endif
