/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* choose.h - which plugins serve a run: its protocol, a function for each slot, how tokens are looked up.
 * Only plan.c calls it. */
#ifndef PLAN_CHOOSE_H
#define PLAN_CHOOSE_H

#include "plan/plan.h"

/* [run] protocol.  With [run] material it must have a dealer; every address in [network] must have a
 * party. */
puma_status choose_protocol(plan *p, puma_error *e);
/* [approximation]; call it when the model is known. */
puma_status choose_functions(plan *p, puma_error *e);
/* [plugin.NAME]: every key must be one that the plugin reads, with a value in its range. */
puma_status choose_options(const plan *p, puma_error *e);
/* [run] embedding: sets how p->exec looks tokens up. */
puma_status choose_embedding(plan *p, puma_error *e);

#endif
