/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* internal.h - a session from the inside, for the files of this folder only.
 *
 *     place.c      where the run is, and its first failure
 *     arena.c      buffers and scopes
 *     shape.c      tensors, and tensors made of tensors
 *     message.c    packs words onto the wire, and unpacks them
 *     streams.c    random streams
 *     extensions.c what the backend brings beyond the core
 *     guard.c      facts that must hold if the answer is to be right
 *     fallback.c   operations that a backend lacks, built from those that every backend has
 *     session.c    opens, fills the table that the backend sees, reveals, closes
 *     rehearsal.c  other entries for that table, which count instead of computing
 *
 * This folder includes base, ring, net and plugin, and knows nothing of what runs on a session. */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include "host/place.h"
#include "host/rehearsal.h"
#include "host/session.h"

/* Words that one tensor owns and its views share. */
typedef struct buffer {
    struct host_session *session;
    size_t               references, bytes;
    uint64_t            *words;    /* inside this same allocation, aligned           */
    size_t               stride;   /* words from plane to plane; 0: scratch          */
    uint32_t             used;     /* for rehearsal.c: bit p: plane p (scratch: 0) takes memory */
    size_t               resident; /* for rehearsal.c                              */
} buffer;

/* What the arena holds: a tensor, or for scratch a buffer alone. */
typedef struct item {
    puma_tensor tensor; /* first, so that a tensor's pointer is its item's */
    buffer     *memory;
} item;

/* How the arena and shape.c treat memory: a run allocates and copies, a rehearsal only counts.  session_open
 * chooses. */
typedef struct memory_ops {
    void *(*room)(size_t bytes); /* zeroed, for a buffer and its words; NULL: out of memory */
    void (*release)(buffer *b);
    /* z[zi ...] = x[xi ...], n elements of every plane.  That part of z must still be 0. */
    void (*copy)(puma_tensor *z, size_t zi, const puma_tensor *x, size_t xi, size_t n);
    /* Fills z in order from x, walking x by one stride (in elements) for each axis of z. */
    void (*copy_strided)(puma_tensor *z, const puma_tensor *x, size_t offset, const size_t *stride);
} memory_ops;

typedef struct host_session {
    session_config           config;
    puma_host                table; /* as the backend sees it */
    const memory_ops        *memory;
    const plugin_extensions *extensions;
    puma_session             base; /* the backend's session begins with a copy */
    puma_error               error;
    place                    at;
    char                     where[PLACE_TEXT]; /* `at` as text, when last asked for it   */
    item                   **items;             /* in the order they were made: a mark is their count */
    size_t                   count, room;
    struct stream           *streams;   /* streams.c                   */
    struct guard            *guard;     /* guard.c; NULL: the run has none */
    /* guard.c, for rehearsal.c: keeps a recorded fact once more. */
    void (*fact_again)(puma_session *s, const puma_tensor *shape, int kind, uint64_t least);
    struct rehearsal        *rehearsal; /* rehearsal.c; NULL in a run  */
} host_session;

static inline host_session *host_of(const puma_session *s) { return (host_session *)s->impl; }

/* --- place.c ---------------------------------------------------------------------------------- */

/* Makes host_session.error, newly set, the session's failure. */
puma_status host_stick(puma_session *s);
puma_status host_fail(puma_session *s, puma_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void       *host_no_memory(puma_session *s, size_t bytes); /* NULL */
const char *host_where(const puma_session *s);

/* --- arena.c ---------------------------------------------------------------------------------- */

#define ALIGNMENT 64 /* bytes, of every plane: the kernels need it */

/* A new item of `words` zeroed words, `stride` apart from plane to plane (0: scratch). */
item     *host_item(puma_session *s, size_t words, size_t stride);
/* Another item over b, with a reference of its own. */
item     *host_item_over(puma_session *s, buffer *b);
void      host_arena_free(host_session *h);
/* Gives up a reference to b, which may be NULL. */
void      host_release(buffer *b);
void     *host_room(size_t bytes);
void      host_room_release(buffer *b);
size_t    host_enter(puma_session *s);
void      host_leave(puma_session *s, size_t mark, const puma_tensor *const *keep, size_t count);
void      host_drop(puma_session *s, const puma_tensor *x);
uint64_t *host_scratch(puma_session *s, size_t words);

/* --- shape.c ---------------------------------------------------------------------------------- */

void         host_copy(puma_tensor *z, size_t zi, const puma_tensor *x, size_t xi, size_t n);
void         host_copy_strided(puma_tensor *z, const puma_tensor *x, size_t offset, const size_t *stride);
/* May the operation go on with x?  NULL without an earlier failure is the caller's mistake, and becomes a
 * failure. */
bool         host_ready(puma_session *s, const puma_tensor *x);
/* A new tensor of another shape with x's kind, ring and range. */
puma_tensor *host_like(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim);
puma_tensor *host_tensor(puma_session *s, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits,
                         uint32_t frac);
puma_tensor *host_view(puma_session *s, const puma_tensor *x);
puma_tensor *host_reshape(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim);
puma_tensor *host_permute(puma_session *s, const puma_tensor *x, const uint32_t *axes);
puma_tensor *host_slice(puma_session *s, const puma_tensor *x, uint32_t axis, size_t from, size_t to);
puma_tensor *host_concat(puma_session *s, const puma_tensor *const *x, size_t count, uint32_t axis);
puma_tensor *host_expand(puma_session *s, const puma_tensor *x, size_t times);
puma_tensor *host_tile(puma_session *s, const puma_tensor *x, size_t times);
puma_tensor *host_gather(puma_session *s, const puma_tensor *x, const size_t *index, size_t count);

/* --- message.c -------------------------------------------------------------------------------- */

/* Can `bits`-bit words be sent between this node and `peer`? */
puma_status host_check_link(puma_session *s, uint32_t peer, uint32_t bits);
puma_status host_send(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                      puma_phase phase);
puma_status host_recv(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits);
puma_status host_send_bits(puma_session *s, uint32_t to, const uint64_t *words, size_t n, puma_phase phase);
puma_status host_recv_bits(puma_session *s, uint32_t from, uint64_t *words, size_t n);

/* --- streams.c -------------------------------------------------------------------------------- */

void      host_streams_free(host_session *h);
puma_prg *host_prg_pair(puma_session *s, uint32_t peer, const char *purpose);
puma_prg *host_prg_own(puma_session *s, const char *purpose);
puma_prg *host_prg_seed(puma_session *s, const uint64_t seed[4], const char *purpose);

/* --- rehearsal.c ------------------------------------------------------------------------------ */

/* Turns a session into a rehearsal, after its table is filled and before its backend is opened. */
puma_status rehearsal_begin(host_session *h, puma_error *e);
void        rehearsal_end(host_session *h); /* in a run: nothing */
/* A fact was kept by the guard: it becomes part of a recording. */
void        rehearsal_fact(puma_session *s, const puma_tensor *x, int kind, uint64_t least);



#endif
