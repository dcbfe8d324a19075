/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rehearsal.h - sessions that go through a run without its words: they count messages, memory and work,
 * compute nothing, and send only lengths.
 *
 * session_config.rehearsal makes one; the functions below are for such sessions only. run/ and cli/ open
 * them, exec/rehearse.c records and replays. */
#ifndef HOST_REHEARSAL_H
#define HOST_REHEARSAL_H

#include "ring/rates.h"

#include <puma/host.h>

/* session_replay repeats what happened between record and stop (places and messages), with `layer` as the
 * layer; memory and work are counted as if it had happened.  There are SESSION_RECORDINGS recordings,
 * numbered from 0. */
#define SESSION_RECORDINGS 32
void         session_record(puma_session *s, size_t number);
void         session_record_stop(puma_session *s);
void         session_replay(puma_session *s, size_t number, int layer);
/* A tensor of x's shape, ring and range, whose words count as written. */
puma_tensor *session_like(puma_session *s, const puma_tensor *x);
/* The work that the kernels would have had since the session was opened; other_s is what this thread has
 * computed in the backend's own loops. */
ring_work    session_work(const puma_session *s);
/* The most bytes that tensors, scratch and messages being packed or unpacked would take. */
size_t       session_peak(const puma_session *s);

#endif
