/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* network.h - matches the addresses of a run file with the parties of its protocol.  choose.c and cli/ call
 * it. */
#ifndef PLAN_NETWORK_H
#define PLAN_NETWORK_H

#include "base/error.h"
#include "plan/runfile.h"

#include <puma/protocol.h>

/* Does every address have a party?  `name` is the protocol's, for messages. */
puma_status network_check(const runfile *r, const puma_protocol *protocol, const char *name, puma_error *e);
/* The key of [network] that names a node's address when none is given: "party1" or "dealer". */
const char *network_key(const puma_protocol *protocol, uint32_t node);
/* The address of a compute party or the dealer; NULL when none is given. */
const char *network_address(const runfile *r, const puma_protocol *protocol, uint32_t node);

#endif
