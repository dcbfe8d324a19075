/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* world.h - all nodes of a protocol in one thread, with every random draw and every message in the test's
 * hands: the host's part, played for any backend.
 *
 * Which nodes there are stands in the backend's table.  Nodes are coroutines; a receive that finds nothing
 * gives way to the others.  Random streams are tapes: one for each pair of nodes and purpose, for each node's
 * own and purpose, for each seed and purpose, as the host's are.  A tape is drawn at random anew for each
 * run, or kept from run to run and changed by the test.  Whoever can compute a stream holds it: the pair, the
 * node, all that opened it by its seed, and all that had the seed under their eyes while sessions were
 * opened.
 *
 * What sessions send while they are opened is played but is no part of a view: it must be seeds, each for a
 * node that opens a stream by it (world_strays).  Of the host a backend
 * finds memory, wire, streams, view, reshape, drop and options; no calls that move elements, and nothing that
 * is built on the core, unless the sessions are another host's (world_new_on). */
#ifndef LEAK_WORLD_H
#define LEAK_WORLD_H

#include <puma/ops.h>

#include <stdbool.h>

typedef struct seen {
    uint64_t value;
    uint32_t bits;
    bool     boolean, received;
} seen; /* a draw or a received element */

typedef struct view {
    seen  *items;
    size_t count, room;
} view;

typedef struct world world;
typedef void         program(puma_session *s, void *context);

/* A plugin by its name or file, and the table of a backend; they end the program when there is none. */
const struct plugin *world_plugin(const char *name);
const puma_protocol *world_backend(const char *name);

world *world_new(const puma_protocol *p, uint32_t ring_bits, uint32_t frac);

/* Sessions that another host makes over the world's wire and streams: see hosted.h. */
typedef struct world_sessions {
    const void *context;
    puma_status (*open)(const void *context, puma_session **s, const puma_session *base); /* of base: role, ring_bits, frac */
    void (*clear)(puma_session *s); /* before each run: gives up what the last one left */
    void (*close)(puma_session *s);
} world_sessions;

/* The caller's sessions, which must outlive the world. */
world           *world_new_on(const world_sessions *sessions, const puma_protocol *p, uint32_t ring_bits, uint32_t frac);
/* The world's send, recv, … and prg_…, for such a host's table. */
const puma_host *world_calls(void);
void   world_free(world *w);
/* Runs `p` at the client and all parties.  False: a node failed, all wait, or a message was left lying. */
bool   world_run(world *w, program *p, void *context);

/* The table of an extension, or NULL.  A slot in it may be NULL. */
static inline const void *extension_of(const puma_protocol *p, const char *id)
{
    return p->extension != NULL ? p->extension(id) : NULL;
}

static inline const puma_lookup_ext *lookup_of(const puma_session *s)
{
    return (const puma_lookup_ext *)extension_of(s->protocol, PUMA_EXT_LOOKUP);
}

static inline const puma_blocks_ext *blocks_of(const puma_session *s)
{
    return (const puma_blocks_ext *)extension_of(s->protocol, PUMA_EXT_BLOCKS);
}

static inline const puma_random_ext *random_of(const puma_session *s)
{
    return (const puma_random_ext *)extension_of(s->protocol, PUMA_EXT_RANDOM);
}

/* Nodes are party numbers, or PUMA_CLIENT. */
/* What a node drew and received during the last run, in order. */
const view *world_view(const world *w, uint32_t node);
/* Words that a node received while sessions were opened, beside the seeds of streams that it opened itself. */
size_t      world_strays(const world *w, uint32_t node);
/* Bits sent from … to …, offline and online, and the longest chain of online messages of the last run. */
uint64_t    world_bits(const world *w, uint32_t from, uint32_t to, puma_phase phase);
uint64_t    world_rounds(const world *w);
/* Views cost time and memory; without them world_view is empty. */
void        world_record(world *w, bool records);

/* --- streams, by number in the order in which they were opened; sets of them as bits -------------- */

#define ALL_STREAMS (~0ull)

void world_seed(world *w, uint64_t seed);
/* All tapes from now on: kept from run to run, at first empty, or drawn anew for each. */
void world_keep(world *w, bool keep);

/* The streams that a node cannot compute. */
uint64_t world_lacks(const world *w, uint32_t node);
/* The stream of this purpose that both hold, as a set of one; none: the program ends. */
uint64_t world_stream(const world *w, const char *purpose, uint32_t one, uint32_t other);

/* Kept tapes: empties those of `streams`, so that the next run draws them anew. */
void      world_redraw(world *w, uint64_t streams);
/* Sets those of `streams` to 0; returns how many bits they are. */
size_t    world_rewind(world *w, uint64_t streams);
/* The next setting of `streams` as one odometer; false after the last. */
bool      world_step(world *w, uint64_t streams);
/* Draw i of stream number `stream` and its width; NULL behind the last. */
uint64_t *world_draw(world *w, uint32_t stream, size_t i, uint32_t *bits);
/* The first `count` draws of one stream, for each run from now on; the caller's array. */
void      world_give(world *w, uint64_t stream, const uint64_t *values, size_t count);

#endif
