/* session.h - the host's side of a session: the puma_host table, the arena, labels, and the wire under it. */
#ifndef EXEC_SESSION_H
#define EXEC_SESSION_H

#include "base/error.h"
#include "net/net.h"
#include "plugin/plugin.h"

#include <puma/approx.h>

typedef struct session_config {
    const plugin      *protocol;
    uint32_t           role; /* node number; 0 for a PUMA_CAP_LOCAL backend          */
    uint32_t           ring_bits, frac;
    bool               is_float;                  /* arithmetic = float, of plain                         */
    bool               hollow;                    /* PUMA_CAP_HOLLOW: only messages and memory count      */
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
/* The first failure of the session, in full. */
const puma_error *session_error(const puma_session *s);
/* The wire it was given, for net_allow_reveal; NULL for PUMA_CAP_LOCAL. */
net              *session_wire(const puma_session *s);
/* Bytes that its tensors, its scratch and the messages that it packs or unpacks took at most. */
size_t            session_peak(const puma_session *s);

#endif
