/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* network.c - see network.h.
 *
 * Called when a plan is made and by `puma run --party`.  The run file's reader has checked the addresses
 * themselves; here they are compared with the protocol, which determines how many parties there are and which
 * of them is the dealer. */
#include "plan/network.h"

#include <stdbool.h>
#include <stddef.h>

static const char *const keys[PUMA_MAX_PARTIES] = { "party0", "party1", "party2", "party3",
                                                    "party4", "party5", "party6", "party7" };

static bool is_dealer(const puma_protocol *protocol, uint32_t node)
{
    return (protocol->caps & PUMA_CAP_DEALER) != 0 && node == protocol->dealer;
}

/* A protocol that runs inside the client's process ignores addresses. */
puma_status network_check(const runfile *r, const puma_protocol *protocol, const char *name, puma_error *e)
{
    if ((protocol->caps & PUMA_CAP_LOCAL) != 0) return PUMA_OK;
    for (uint32_t node = 0; node < PUMA_MAX_PARTIES; node++) {
        if (r->address[node] == NULL) continue;
        if (node >= protocol->parties)
            return error_set(e, 317, "%s: [network] %s: protocol %s has %u parties",
                             runfile_where(r, "network", keys[node]), keys[node], name, protocol->parties);
        if (is_dealer(protocol, node) && r->dealer != NULL)
            return error_set(e, 317,
                             "%s: [network] dealer: %s and dealer are one node; a run has one or the other",
                             runfile_where(r, "network", "dealer"), keys[node]);
    }
    return PUMA_OK;
}

const char *network_key(const puma_protocol *protocol, uint32_t node)
{
    return is_dealer(protocol, node) ? "dealer" : keys[node];
}

const char *network_address(const runfile *r, const puma_protocol *protocol, uint32_t node)
{
    return is_dealer(protocol, node) && r->dealer != NULL ? r->dealer : r->address[node];
}
