/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rehearsal.h - sessions that go through a run without its words: messages, memory and work are counted, and
 * nothing is computed or sent but lengths.
 *
 * session_config.rehearsal makes one.  All that is declared here is of such sessions alone. */
#ifndef HOST_REHEARSAL_H
#define HOST_REHEARSAL_H

#include "ring/rates.h"

#include <puma/host.h>

/* What passes between record and stop (places, messages) passes again with replay, layers as `layer`; memory
 * is not taken again, but counted as if.  There is room for SESSION_RECORDINGS, numbered from 0. */
#define SESSION_RECORDINGS 32
void         session_record(puma_session *s, size_t number);
void         session_record_stop(puma_session *s);
void         session_replay(puma_session *s, size_t number, int layer);
/* A tensor of x's shape, ring and promise, whose words count as written. */
puma_tensor *session_like(puma_session *s, const puma_tensor *x);
/* What the kernels would have had to do since the session was opened; other_s is what its thread has
 * computed: the backend's own loops. */
ring_work    session_work(const puma_session *s);
/* Bytes that its tensors, its scratch and the messages that it packs or unpacks would take at most. */
size_t       session_peak(const puma_session *s);

#endif
