/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rehearsal.c - see rehearsal.h; a second host and a second ring, behind the same tables that the backend
 * sees.
 *
 * session_open calls rehearsal_begin once.  It puts functions of this file into the backend's table and into
 * host_session.memory; no other file of this folder asks whether a session is a rehearsal.  The backend sees
 * PUMA_CAP_REHEARSAL: words have no contents, and what it computes from them has no meaning.
 *
 * What counts as memory is what a run would use: the planes of a tensor that are written (masks of public
 * weights stay 0, and pages of zeros that nothing writes take none), scratch that is used at all (the other
 * nodes never use a dealer's part of an operation), and messages while they are packed or unpacked. */
#include "host/internal.h"

#include "base/checked.h"
#include "ring/ring.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define RESERVED ((size_t)64 << 10) /* from this size on a buffer is reserved addresses without memory */

/* One recorded event: a change of place, a message's length, or a fact for the guard. */
typedef struct event {
    enum { EVENT_PLACE, EVENT_SEND, EVENT_RECV, EVENT_FACT } kind;
    uint32_t   peer;
    puma_phase phase;
    size_t     size;
    place      at;
    puma_tensor fact; /* its shape */
    int         fact_kind;
    uint64_t    fact_least;
} event;

typedef struct record {
    event    *events;
    size_t    count, room;
    bool      lost;        /* an event could not be stored: out of memory    */
    size_t    begin, most; /* bytes when it began, and the most until it stopped */
    ring_work work;        /* the work done in between; while recording, the work before */
} record;

typedef struct rehearsal {
    size_t    memory, peak;                            /* bytes of buffers, now and at most */
    record    records[SESSION_RECORDINGS], *recording; /* recording is NULL when there is none */
    ring_work work; /* without the backend's own loops, whose time follows from the next two */
    double    started_s, replayed_s; /* the thread's time when it began, and the time that replays saved */
    void (*labelled)(void *context, const place *at); /* the caller's: see session_config */
    void *label_context;
} rehearsal;

/* This thread's rehearsal, or NULL: kernels and random streams get no session as an argument. */
static _Thread_local host_session *here;

/* The CPU time of this thread. */
static double thread_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Notes that memory in use, plus `extra` bytes that are freed again at once, may be a new peak. */
static void note(rehearsal *r, size_t extra)
{
    if (r->memory + extra > r->peak) r->peak = r->memory + extra;
    if (r->recording && r->memory + extra > r->recording->most) r->recording->most = r->memory + extra;
}

static void take_memory(buffer *b, size_t bytes)
{
    rehearsal *r = b->session->rehearsal;

    b->resident += bytes;
    r->work.fresh_bytes += (double)bytes;
    r->memory += bytes;
    note(r, 0);
}

/* The words from `at` on are written, or read. */
static void touch(const uint64_t *at, bool write)
{
    for (size_t i = here == NULL ? 0 : here->count; i-- > 0;) {
        buffer  *b = here->items[i]->memory;
        uint32_t plane = 0;

        if (at < b->words || at >= (const uint64_t *)((const char *)b + b->bytes)) continue;
        if (b->stride > 0) plane = (uint32_t)((size_t)(at - b->words) / b->stride);
        if ((b->used >> plane & 1) == 0 && (write || b->stride == 0)) {
            take_memory(b, b->stride > 0 ? b->stride * sizeof *at : b->bytes);
            b->used |= 1u << plane;
        }
        return;
    }
}

static void written(const uint64_t *at) { touch(at, true); }
static void read_from(const uint64_t *at) { touch(at, false); }

static void write_planes(const puma_tensor *z)
{
    for (uint32_t p = 0; p < z->planes; p++) written(z->plane[p]);
}

/* Tensors are as large as the run's, but nothing touches them: addresses are reserved, without memory. */
static void *reserve(size_t bytes)
{
    void *room;

    if (bytes < RESERVED) return calloc(1, bytes);
    room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room == MAP_FAILED ? NULL : room;
}

static void release(buffer *b)
{
    b->session->rehearsal->memory -= b->resident;
    if (b->bytes >= RESERVED)
        munmap(b, b->bytes);
    else
        free(b);
}

static void count_copy(puma_tensor *z, size_t zi, const puma_tensor *x, size_t xi, size_t n)
{
    rehearsal *r = ((const buffer *)z->memory)->session->rehearsal;

    (void)zi, (void)x, (void)xi;
    write_planes(z);
    r->work.words += (double)n * z->planes / (z->kind == PUMA_BIT ? 64 : 1);
}

static void count_copy_strided(puma_tensor *z, const puma_tensor *x, size_t offset, const size_t *stride)
{
    (void)stride;
    count_copy(z, 0, x, offset, z->n);
}

static const memory_ops COUNTED = {
    .room = reserve, .release = release, .copy = count_copy, .copy_strided = count_copy_strided
};

/* --- kernels and streams ---------------------------------------------------------------------- */

static void count_words(size_t n)
{
    if (here) here->rehearsal->work.words += (double)n;
}
static void count_binary(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    count_words(n);
    written(z);
    read_from(x);
    read_from(y);
}
static void count_unary(uint64_t *z, const uint64_t *x, size_t n)
{
    count_words(n);
    written(z);
    read_from(x);
}
static void count_constant(uint64_t *z, const uint64_t *x, uint64_t c, size_t n)
{
    (void)c;
    count_unary(z, x, n);
}
static void count_bits(uint64_t *z, const uint64_t *x, uint32_t bits, size_t n)
{
    (void)bits;
    count_unary(z, x, n);
}
static void count_rows(uint64_t *z, const uint64_t *x, size_t rows, size_t n) { count_unary(z, x, rows * n); }
static void count_matmul(uint64_t *c, const uint64_t *a, const uint64_t *b, const puma_gemm *g)
{
    if (here) ring_work_product(&here->rehearsal->work, g);
    written(c);
    read_from(a);
    read_from(b);
}
static void count_stream_words(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits)
{
    (void)prg;
    if (here)
        here->rehearsal->work.stream_bytes += (double)n * (bits > 32 ? 8 : bits > 16 ? 4 : bits > 8 ? 2 : 1);
    written(words);
}
static void count_stream_bits(puma_prg *prg, uint64_t *words, size_t n)
{
    (void)prg;
    if (here) here->rehearsal->work.stream_bytes += (double)n / 8;
    written(words);
}

static const puma_ring KERNELS = {
    .struct_size = sizeof(puma_ring),
    .add = count_binary,
    .sub = count_binary,
    .neg = count_unary,
    .mul = count_binary,
    .mul_add = count_binary,
    .mul_sub = count_binary,
    .scale = count_constant,
    .scale_add = count_constant,
    .offset = count_constant,
    .shift_right = count_bits,
    .reduce = count_bits,
    .sum_rows = count_rows,
    .matmul = count_matmul,
};

/* --- messages: only their lengths ------------------------------------------------------------- */

static void record_event(rehearsal *r, const event *what)
{
    record *to = r->recording;

    if (!to || to->lost) return;
    if (to->count == to->room) {
        size_t room = to->room ? 2 * to->room : 64;
        event *more = realloc(to->events, room * sizeof *more);

        to->lost = !more;
        if (to->lost) return;
        to->events = more;
        to->room = room;
    }
    to->events[to->count++] = *what;
}

/* A rehearsal packs nothing, but a run would need memory for it. */
static void count_message(puma_session *s, const event *what)
{
    rehearsal *r = host_of(s)->rehearsal;

    note(r, what->size);
    r->work.packed_bytes += (double)what->size;
    record_event(r, what);
}

static puma_status send_length(puma_session *s, uint32_t to, size_t size, puma_phase phase)
{
    host_session *h = host_of(s);

    count_message(s, &(event){ .kind = EVENT_SEND, .peer = to, .phase = phase, .size = size });
    return net_send(h->config.wire, to, NULL, size, phase, &h->error) == PUMA_OK ? PUMA_OK : host_stick(s);
}

static puma_status recv_length(puma_session *s, uint32_t from, size_t size)
{
    host_session *h = host_of(s);
    uint8_t      *none;

    count_message(s, &(event){ .kind = EVENT_RECV, .peer = from, .size = size });
    return net_recv(h->config.wire, from, &none, size, &h->error) == PUMA_OK ? PUMA_OK : host_stick(s);
}

/* Is there a message of n words of `bits`?  Not when it is empty, and not when its length overflows, which is
 * a failure. */
static bool passes(puma_session *s, uint32_t peer, size_t n, uint32_t bits)
{
    size_t total;

    if (host_check_link(s, peer, bits) != PUMA_OK || n == 0) return false;
    if (!checked_mul(&total, n, bits)) host_fail(s, PUMA_ERESOURCE, "a message of %zu words", n);
    return s->status == PUMA_OK;
}

static puma_status count_send(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                              puma_phase phase)
{
    if (!passes(s, to, n, bits)) return s->status;
    read_from(words);
    return send_length(s, to, ring_packed_size(n, bits), phase);
}

static puma_status count_recv(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits)
{
    if (!passes(s, from, n, bits)) return s->status;
    written(words);
    return recv_length(s, from, ring_packed_size(n, bits));
}

static puma_status count_send_bits(puma_session *s, uint32_t to, const uint64_t *words, size_t n,
                                   puma_phase phase)
{
    return count_send(s, to, words, n, 1, phase);
}

static puma_status count_recv_bits(puma_session *s, uint32_t from, uint64_t *words, size_t n)
{
    return count_recv(s, from, words, n, 1);
}

/* --- recordings ------------------------------------------------------------------------------- */

static void labelled(void *context, const place *at)
{
    rehearsal *r = context;

    record_event(r, &(event){ .kind = EVENT_PLACE, .at = *at });
    if (r->labelled) r->labelled(r->label_context, at);
}

void rehearsal_fact(puma_session *s, const puma_tensor *x, int kind, uint64_t least)
{
    rehearsal *r = host_of(s)->rehearsal;

    if (r) record_event(r, &(event){ .kind = EVENT_FACT, .fact = *x, .fact_kind = kind, .fact_least = least });
}

void session_record(puma_session *s, size_t number)
{
    rehearsal *r = host_of(s)->rehearsal;

    r->recording = &r->records[number];
    r->recording->count = 0;
    r->recording->lost = false;
    r->recording->begin = r->recording->most = r->memory;
    r->recording->work = session_work(s);
}

void session_record_stop(puma_session *s)
{
    rehearsal *r = host_of(s)->rehearsal;
    ring_work  before = r->recording->work;

    r->recording->work = session_work(s);
    ring_work_add(&r->recording->work, &before, -1);
    if (r->recording->lost) host_no_memory(s, 2 * r->recording->room * sizeof(event));
    r->recording = NULL;
}

void session_replay(puma_session *s, size_t number, int layer)
{
    rehearsal    *h = host_of(s)->rehearsal;
    const record *r = &h->records[number];
    ring_work     again = r->work;

    note(h, r->most - r->begin);
    again.packed_bytes = 0; /* its messages are counted when they pass again below */
    ring_work_add(&h->work, &again, 1);
    h->replayed_s += again.other_s;
    for (size_t i = 0; i < r->count && s->status == PUMA_OK; i++) {
        const event *what = &r->events[i];

        switch (what->kind) {
        case EVENT_SEND: send_length(s, what->peer, what->size, what->phase); break;
        case EVENT_RECV: recv_length(s, what->peer, what->size); break;
        case EVENT_FACT: host_of(s)->fact_again(s, &what->fact, what->fact_kind, what->fact_least); break;
        case EVENT_PLACE: host_at(s, what->at.part, what->at.layer < 0 ? -1 : layer, what->at.op); break;
        }
    }
}

puma_tensor *session_like(puma_session *s, const puma_tensor *x)
{
    puma_tensor *z = host_ready(s, x) ? host_like(s, x, x->rank, x->dim) : NULL;

    if (z) write_planes(z);
    return z;
}

/* --- what was counted ------------------------------------------------------------------------- */

ring_work session_work(const puma_session *s)
{
    const rehearsal *r = host_of(s)->rehearsal;
    ring_work        w = r->work;

    w.other_s = thread_s() - r->started_s + r->replayed_s;
    return w;
}

size_t session_peak(const puma_session *s) { return host_of(s)->rehearsal->peak; }

/* --- begin and end ---------------------------------------------------------------------------- */

puma_status rehearsal_begin(host_session *h, puma_error *e)
{
    rehearsal *r = calloc(1, sizeof *r);

    if (!r) return error_set(e, 1001, "out of memory (%zu bytes asked)", sizeof *r);
    r->started_s = thread_s();
    r->labelled = h->config.labelled;
    r->label_context = h->config.label_context;
    h->config.labelled = labelled;
    h->config.label_context = r;
    h->rehearsal = r;
    h->memory = &COUNTED;
    h->base.caps |= PUMA_CAP_REHEARSAL;
    h->table.ring = &KERNELS;
    h->table.send = count_send;
    h->table.recv = count_recv;
    h->table.send_bits = count_send_bits;
    h->table.recv_bits = count_recv_bits;
    h->table.prg_words = count_stream_words;
    h->table.prg_bits = count_stream_bits;
    here = h;
    return PUMA_OK;
}

void rehearsal_end(host_session *h)
{
    if (!h->rehearsal) return;
    if (here == h) here = NULL;
    for (size_t i = 0; i < SESSION_RECORDINGS; i++) free(h->rehearsal->records[i].events);
    free(h->rehearsal);
}
