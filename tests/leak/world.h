/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* world.h - all nodes of a protocol in one thread, with every random draw and every message in the test's
 * hands.
 *
 * Nodes are coroutines; a receive that finds nothing gives way to the others.  Streams are tapes: drawn at
 * random, or set by the test and stepped through all values, so that the view of one party can be enumerated
 * over everything that it does not know. */
#ifndef LEAK_WORLD_H
#define LEAK_WORLD_H

#include <puma/ops.h>

#include <stdbool.h>

/* The streams: of P0 and P1, of P0 and P2; of what the client shares with P0 and P1, and with P0 and P2.  Of
 * two parties and a dealer, who is P0 here and knows nothing of inputs, the third is the client's with P1 and
 * the fourth is not used. */
enum { STREAM_01, STREAM_02, STREAM_INPUT1, STREAM_INPUT2, STREAMS };

typedef struct seen {
    uint64_t value;
    uint32_t bits;
    bool     boolean, received;
} seen; /* a draw or a received element */

typedef struct view {
    seen  *items;
    size_t count, room;
} view;

/* Extensions of the backend under test. */
static inline const puma_lookup_ext *lookup_of(const puma_session *s)
{
    return (const puma_lookup_ext *)s->protocol->extension(PUMA_EXT_LOOKUP);
}
static inline const puma_blocks_ext *blocks_of(const puma_session *s)
{
    return (const puma_blocks_ext *)s->protocol->extension(PUMA_EXT_BLOCKS);
}

typedef struct world world;
typedef void         program(puma_session *s, void *context);

world *world_new(const char *plugin, uint32_t ring_bits, uint32_t frac);
void   world_free(world *w);
/* Two parties and a dealer. */
bool   world_deals(const world *w);
/* Runs `p` at the client and the three parties. False: a node failed or all wait. */
bool   world_run(world *w, program *p, void *context);

/* What Pp, or the client, drew and received during the last run, in order.  A dealer's node is P0, those of
 * the other two P1 and P2. */
const view *world_view(const world *w, uint32_t p);
/* Bits sent from … to …, offline and online, and the longest chain of online messages of the last run. */
uint64_t    world_bits(const world *w, uint32_t from, uint32_t to, puma_phase phase);
uint64_t    world_rounds(const world *w);

/* Streams: fresh random values each run, or the tape kept from run to run. */
void   world_seed(world *w, uint64_t seed);
void   world_keep(world *w, int stream, bool keep);
/* The first `count` draws from a stream, for each run from now on; the caller's array.  Behind them it is as
 * before. */
void   world_give(world *w, int stream, const uint64_t *values, size_t count);
/* Views cost time and memory; without them world_view is empty. */
void   world_record(world *w, bool records);
/* The next setting of all kept streams in `streams` (a set of bits) as one odometer; false after the last. */
bool   world_step(world *w, unsigned streams);
/* Total bits on those tapes; sets them to 0. */
size_t world_rewind(world *w, unsigned streams);

#endif
