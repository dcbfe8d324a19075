/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* host_sessions.h - for tests of framework/host: sessions of a backend that computes nothing */
#ifndef HOST_SESSIONS_H
#define HOST_SESSIONS_H

#include "host/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline puma_status fake_open(puma_session **s, const puma_session *base)
{
    puma_session *made = calloc(1, sizeof *made);

    if (!made) return PUMA_ERESOURCE;
    *made = *base;
    *s = made;
    return PUMA_OK;
}

static inline void fake_close(puma_session *s) { free(s); }

static inline puma_status fake_share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from)
{
    (void)z;
    (void)words;
    (void)from;
    return s->status;
}

/* Of two planes, without a wire. */
static const puma_protocol fake_table = { .struct_size = sizeof(puma_protocol),
                                          .parties = 1,
                                          .planes = 2,
                                          .bit_planes = 2,
                                          .dealer = PUMA_NO_NODE,
                                          .caps = PUMA_CAP_LOCAL,
                                          .open = fake_open,
                                          .close = fake_close,
                                          .share = fake_share };
static const puma_plugin   fake_entry = { PUMA_ABI_VERSION, sizeof(puma_plugin), "fake", "1",
                                          "a test",         &fake_table,         NULL };
static const plugin        fake = { .entry = &fake_entry, .protocol = &fake_table };

static inline puma_session *open_as(session_config c)
{
    puma_session *s = NULL;
    puma_error    e = { 0 };

    if (c.protocol == NULL) c.protocol = &fake;
    c.ring_bits = 64;
    c.frac = 16;
    if (session_open(&s, &c, &e) != PUMA_OK) fail_msg("%s", e.text);
    return s;
}

static inline puma_session *open_fake(void) { return open_as((session_config){ 0 }); }

/* 0, 1, 2 ... in the first plane, 1000, 1001 ... in the second. */
static inline puma_tensor *counting(puma_session *s, size_t rows, size_t columns)
{
    puma_tensor *x = s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ rows, columns }, 64, 3);

    assert_non_null(x);
    for (size_t i = 0; i < x->n; i++) {
        x->plane[0][i] = i;
        x->plane[1][i] = 1000 + i;
    }
    return x;
}

#endif
