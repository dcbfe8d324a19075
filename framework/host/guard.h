/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* guard.h - facts about rows that must hold if an answer is to be right.  exec/ and, through puma_host.flag,
 * functions state them while the layers run; they are kept as shares, compared all at once at the end, and
 * brought down to a word a group: 0 if every fact of the group holds, else uniform.  The parties see none of
 * it.
 *
 * Cost of the verdict: a product, a comparison and a choice a row; four rounds where the backend has its own
 * form of products of blocks and of random words. */
#ifndef HOST_GUARD_H
#define HOST_GUARD_H

#include "host/place.h"

#include <puma/ops.h>

/* The ring of a verdict's words: one that is not 0 is taken for 0 with probability 2^-48. */
enum { GUARD_VERDICT_BITS = 48 };

/* How far from its limits a sum may be taken to be on either side of them; and a lower limit that tells a sum
 * that is negative, because it left its ring. */
enum { GUARD_SLACK = 1024, GUARD_POSITIVE = 1 };

/* From now on facts are kept; `bits` is the ring of all rows. */
void       guard_begin(puma_session *s, uint32_t bits);
/* Keeps rows (n, e) of integers in the ring of guard_begin: the sum of the squares of each is to be within
 * least … most, give or take GUARD_SLACK, and must not leave the ring.  Without a lower limit: least = 0,
 * where it cannot leave the ring. */
void       guard_squares(puma_session *s, puma_share rows, uint64_t least, uint64_t most);
/* How many times bits were flagged since the last verdict: a function that flags knows its own limits. */
size_t     guard_flags(puma_session *s);
/* Where so many words of rows wait, their squares are summed up now, which is a round, and the rows dropped.
 */
void       guard_settle(puma_session *s, size_t words);
/* (groups): what was kept until now, which is forgotten. `group` says which group a fact belongs to that was
 * stated at a place. */
puma_share guard_verdict(puma_session *s, size_t groups, size_t (*group)(void *context, const place *at),
                         void *context);
/* Forgets what was kept, before the session is closed. */
void       guard_end(puma_session *s);
/* For puma_host.flag. */
void       guard_flag(puma_session *s, const puma_tensor *bits);
/* z (n) in a ring of `bits`: random words that no node knows. */
puma_share guard_random(puma_session *s, size_t n, uint32_t bits);

#endif
