/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* session.h - the host's side of a session: opened over a plugin's protocol and a wire, revealed through,
 * closed. run/ and cli/ open and close it; exec/ works on it.  It owns neither plugin nor wire. */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include "base/error.h"
#include "host/place.h"
#include "net/net.h"
#include "plugin/plugin.h"

#include <puma/approx.h>

typedef struct session_config {
    const plugin      *protocol;
    uint32_t           role; /* node number; 0 for a PUMA_CAP_LOCAL backend          */
    uint32_t           ring_bits, frac;
    bool               is_float;                  /* arithmetic = float, only with plain                  */
    bool               rehearsal;                 /* see rehearsal.h                                      */
    net               *wire;                      /* NULL for PUMA_CAP_LOCAL; remains the caller's        */
    const puma_approx *function[PUMA_SLOT_COUNT]; /* resolved by the plan; NULL where not needed          */
    const char *(*option)(void *context, const char *plugin, const char *key);
    void *option_context;
    void (*observe)(void *context, const place *where, const char *what, double max_abs,
                    uint32_t product_bits);
    void *observe_context;
    void (*labelled)(void *context, const place *at); /* called whenever the run says where it is */
    void *label_context;
} session_config;

puma_status              session_open(puma_session **s, const session_config *config, puma_error *e);
void                     session_close(puma_session *s);
/* The protocol's share, after which z shows that party `from` knows its numbers, if `from` is a party. */
puma_status              session_share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from);
/* The protocol's reveal, after its verification if it has one.  Only this call lets payload pass to the
 * client; outside it the wire refuses such payload. */
puma_status              session_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to);
/* extensions.c: what the backend brings beyond the core; slots that it lacks are NULL. */
const plugin_extensions *session_extensions(const puma_session *s);
/* For tests of what the host builds from the core: `without` acts as if the backend brought no extension. */
void                     session_without_extensions(puma_session *s, bool without);

#endif
