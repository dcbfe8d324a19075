/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* hosted.c - see hosted.h.
 *
 * The backend is opened through session_open with a protocol whose `open` first puts the world's calls into the
 * session's table.  No session here ever touches its wire. */
#include "leak/hosted.h"

#include "host/guard.h"
#include "host/internal.h"

#include <stdio.h>
#include <stdlib.h>

static plugin        backend;
static puma_protocol protocol; /* the backend's, but for open */
static puma_status (*open_backend)(puma_session **s, const puma_session *base);
static const plugin *functions;

static puma_status open_over_the_world(puma_session **s, const puma_session *base)
{
    puma_host       *table = &host_of(base)->table;
    const puma_host *calls = world_calls();

    table->send = calls->send;
    table->recv = calls->recv;
    table->send_bits = calls->send_bits;
    table->recv_bits = calls->recv_bits;
    table->prg_pair = calls->prg_pair;
    table->prg_own = calls->prg_own;
    table->prg_seed = calls->prg_seed;
    table->prg_words = calls->prg_words;
    table->prg_bits = calls->prg_bits;
    return open_backend(s, base);
}

void hosted_use(const char *name, const char *approx)
{
    protocol = *world_backend(name);
    backend = *world_plugin(name);
    open_backend = protocol.open;
    protocol.open = open_over_the_world;
    backend.protocol = &protocol;
    functions = approx != NULL ? world_plugin(approx) : NULL;
}

const puma_protocol *hosted_protocol(void) { return &protocol; }

static puma_status session_of(const void *context, puma_session **s, const puma_session *base)
{
    static char    no_wire;
    session_config c = { .protocol = &backend, .role = base->role, .ring_bits = base->ring_bits, .frac = base->frac };
    puma_error     e = { 0 };

    (void)context;
    c.wire = (net *)(void *)&no_wire;
    for (puma_slot i = 0; functions != NULL && i < PUMA_SLOT_COUNT; i++) c.function[i] = plugin_approx(functions, i, NULL);
    if (session_open(s, &c, &e) != PUMA_OK) error_print(&e);
    return e.status;
}

/* What went wrong in the last run is told now. */
static void clear_session(puma_session *s)
{
    host_session *h = host_of(s);

    if (h->error.status != PUMA_OK) error_print(&h->error);
    h->error = (puma_error){ 0 };
    guard_end(s);
    host_leave(s, 0, NULL, 0);
}

static void close_session(puma_session *s)
{
    guard_end(s);
    session_close(s);
}

world *hosted_new(uint32_t ring_bits, uint32_t frac)
{
    static const world_sessions sessions = { .open = session_of, .clear = clear_session, .close = close_session };

    return world_new_on(&sessions, &protocol, ring_bits, frac);
}
