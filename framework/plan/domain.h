/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* domain.h - does each function meet operands alone for which it promises its error (puma_approx.domain)?
 *
 * The operands' ranges are the model's (model_ranges), so that the question is answered before a socket is opened. */
#ifndef PLAN_DOMAIN_H
#define PLAN_DOMAIN_H

#include "plan/plan.h"

/* E1105 where a function's operand may leave its domain, unless plan_beyond warns of it. */
puma_status check_domains(const plan *p, puma_error *e);

#endif
