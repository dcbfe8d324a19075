/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* session.h - the host's side of a session: the puma_host table, the arena, labels, and the wire under it. */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include "base/error.h"
#include "net/net.h"
#include "plugin/plugin.h"
#include "ring/rates.h"

#include <puma/approx.h>

typedef struct session_config {
    const plugin      *protocol;
    uint32_t           role; /* node number; 0 for a PUMA_CAP_LOCAL backend          */
    uint32_t           ring_bits, frac;
    bool               is_float;                  /* arithmetic = float, of plain                         */
    bool               hollow;                    /* PUMA_CAP_REHEARSAL: only messages and memory count      */
    net               *wire;                      /* NULL for PUMA_CAP_LOCAL; stays the caller's          */
    const puma_approx *function[PUMA_SLOT_COUNT]; /* resolved by the plan; NULL where not needed          */
    const char *(*option)(void *context, const char *plugin, const char *key);
    void *option_context;
    void (*observe)(void *context, const char *where, const char *what, double max_abs,
                    uint32_t product_bits);
    void *observe_context;
    void (*labelled)(void *context, const char *label); /* called at every new label           */
    void *label_context;
} session_config;

puma_status       session_open(puma_session **s, const session_config *config, puma_error *e);
void              session_close(puma_session *s);
/* Where the run is, for error texts and the bill: operation `op` of a part ("layer", "head", "weights" …; ""
 * for none) and of a layer (-1: the part has none). */
void              host_at(puma_session *s, const char *part, int layer, const char *op);
/* The first failure of the session, in full. */
const puma_error *session_error(const puma_session *s);
/* What the backend brings beyond the core; slots that it lacks are NULL. */
const plugin_extensions *session_extensions(const puma_session *s);
/* For tests of what the host builds from the core: as if it brought none. */
void              session_without_extensions(puma_session *s, bool without);
/* The wire it was given, for net_allow_reveal; NULL for PUMA_CAP_LOCAL. */
net              *session_wire(const puma_session *s);
/* The protocol's reveal to node `to`, with the wire's gate open as long as it lasts: outside, the wire takes
 * nothing to the client. */
puma_status       session_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to);
/* Of a rehearsal.  What passes between record and stop (labels, messages) passes again with replay, under
 * labels of `layer`; memory is not taken again, but counted as if.  There is room for some recordings. */
#define SESSION_RECORDINGS 32
void         session_record(puma_session *s, size_t place);
void         session_record_stop(puma_session *s);
void         session_replay(puma_session *s, size_t place, int layer);
/* A tensor of x's shape, ring and promise that somebody has written. */
puma_tensor *session_like(puma_session *s, const puma_tensor *x);
/* Of a rehearsal: what the kernels would have had to do since it was opened; other_s is what its thread has
 * computed, the backend's own loops. */
ring_work         session_work(const puma_session *s);
/* Bytes that its tensors, its scratch and the messages that it packs or unpacks took at most. */
size_t       session_peak(const puma_session *s);

#endif
