/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* session.c - see session.h */
#include "host/session.h"

#include "base/checked.h"
#include "host/fallback.h"
#include "ring/prg.h"
#include "ring/ring.h"

#include <fenv.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define ALIGNMENT 64
#define RESERVED ((size_t)64 << 10) /* buffers from this size on, in a rehearsal */
#define LABEL_TEXT 120

/* Words that one tensor made and that its views share. */
typedef struct buffer {
    struct host_session *session;
    size_t               references, bytes;
    uint64_t            *words;   /* inside this very allocation, aligned                               */
    size_t               stride;  /* words from plane to plane; 0: scratch                              */
    uint32_t             touched; /* bit p: plane p (scratch: 0) takes memory */
    size_t               resident;
} buffer;

/* What the arena holds: a tensor, or a buffer alone for scratch. */
typedef struct item {
    puma_tensor tensor; /* first, so that a tensor's pointer is its item's */
    buffer     *memory;
} item;

/* A stream that was handed out: asking again for the same one continues it, so that no stretch is drawn
 * twice. */
typedef struct stream {
    struct stream *next;
    puma_prg      *prg;
    uint32_t       peer; /* STREAM_OWN, STREAM_SEED: no peer's */
    char           purpose[64];
} stream;

/* What a rehearsal has recorded: a label, or a message's length. */
typedef struct event {
    enum { EVENT_LABEL, EVENT_SEND, EVENT_RECV } kind;
    uint32_t   peer;
    puma_phase phase;
    size_t     size;
    char       label[LABEL_TEXT];
} event;

typedef struct record {
    event *events;
    size_t count, room;
    size_t begin, most; /* bytes when it began, and at most until it stopped */
    ring_work work;     /* until it stopped: what was done in it             */
} record;

#define STREAM_OWN PUMA_NODES
#define STREAM_SEED (PUMA_NODES + 1)

typedef struct host_session {
    session_config config;
    puma_error     error;
    puma_session   base;  /* what the backend copied                              */
    const plugin_extensions *extensions;
    item         **items; /* in the order they were made: a mark is a count        */
    size_t         count, room;
    stream        *streams;
    size_t         memory, peak; /* of a rehearsal: bytes of buffers, now and at most */
    record         records[SESSION_RECORDINGS], *recording; /* NULL: none */
    ring_work      work;         /* of a rehearsal, without its own loops; of those: */
    double         started_s, replayed_s; /* the thread's time when it began, and what was not done again */
    char           label[LABEL_TEXT];
} host_session;

static host_session *host_of(const puma_session *s) { return (host_session *)s->impl; }

/* --- errors ----------------------------------------------------------------------------------- */

/* The code a plugin's failure is printed with: it knows the class alone. */
static unsigned code_of(puma_status status)
{
    switch (status) {
    case PUMA_ECONFIG: return 313;
    case PUMA_ERESOURCE: return 1001;
    case PUMA_ENUMERIC: return 1101;
    case PUMA_EPLUGIN: return 690;
    case PUMA_ECHEAT: return 1201;
    default: return 7001;
    }
}

/* Takes over a failure that is now in h->error and was not there before: prefix and sticky status. */
static puma_status stick(puma_session *s)
{
    host_session *h = host_of(s);

    if (h->label[0]) error_prefix(&h->error, "%s", h->label);
    s->status = h->error.status;
    return s->status;
}

static puma_status host_fail(puma_session *s, puma_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static puma_status host_fail(puma_session *s, puma_status status, const char *format, ...)
{
    host_session *h = host_of(s);
    char          text[2 * ERROR_TEXT];
    va_list       list;

    if (s->status != PUMA_OK) return s->status;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    error_set(&h->error, code_of(status), "%s", text);
    return stick(s);
}

static void *no_memory(puma_session *s, size_t bytes)
{
    host_fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", bytes);
    return NULL;
}

static void record_event(puma_session *s, const event *what)
{
    record *r = host_of(s)->recording;

    if (!r) return;
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        event *more = realloc(r->events, room * sizeof *more);

        if (!more) {
            no_memory(s, room * sizeof *more);
            return;
        }
        r->events = more;
        r->room = room;
    }
    r->events[r->count++] = *what;
}

static void host_label(puma_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void host_label(puma_session *s, const char *format, ...)
{
    host_session *h = host_of(s);
    va_list       list;

    if (s->status != PUMA_OK) return;
    va_start(list, format);
    vsnprintf(h->label, sizeof h->label, format, list);
    va_end(list);
    if (h->recording) {
        event what = { .kind = EVENT_LABEL };

        memcpy(what.label, h->label, sizeof what.label);
        record_event(s, &what);
    }
    if (h->config.labelled) h->config.labelled(h->config.label_context, h->label);
}

void host_at(puma_session *s, const char *part, int layer, const char *op)
{
    if (layer >= 0)
        host_label(s, "%s %d %s", part, layer, op);
    else
        host_label(s, "%s%s%s", part, part[0] != '\0' ? " " : "", op);
}

static const char *host_where(const puma_session *s) { return host_of(s)->label; }

/* --- arena ------------------------------------------------------------------------------------ */

/* A rehearsal's tensors are as large as the run's and nobody touches them: reserved addresses, no memory. */
static buffer *buffer_room(const host_session *h, size_t bytes)
{
    void *room;

    if (!h->config.hollow || bytes < RESERVED) return calloc(1, bytes);
    room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room == MAP_FAILED ? NULL : room;
}

static void buffer_release(buffer *b)
{
    if (!b || --b->references > 0) return;
    b->session->memory -= b->resident;
    if (b->session->config.hollow && b->bytes >= RESERVED)
        munmap(b, b->bytes);
    else
        free(b);
}

/* --- memory of a rehearsal ---------------------------------------------------------------------
 * What a run would have in memory: of a tensor the planes that somebody writes (masks of public weights stay
 * 0, and a page of zeros that nobody wrote is none), scratch that anybody makes use of (a dealer's part of an
 * operation is not there at the others), and messages while they are packed or unpacked. */

/* The session of this thread's rehearsal: kernels and streams know none. */
static _Thread_local host_session *rehearsal;

/* The time that this thread has computed. */
static double thread_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Memory in use, with `extra` that comes and goes at once. */
static void note(host_session *h, size_t extra)
{
    if (h->memory + extra > h->peak) h->peak = h->memory + extra;
    if (h->recording && h->memory + extra > h->recording->most) h->recording->most = h->memory + extra;
}

static void take_memory(buffer *b, size_t bytes)
{
    b->resident += bytes;
    b->session->work.fresh_bytes += (double)bytes;
    b->session->memory += bytes;
    note(b->session, 0);
}

/* Words from `at` on are written, or read. */
static void touch(const uint64_t *at, bool write)
{
    host_session *h = rehearsal;

    for (size_t i = h == NULL ? 0 : h->count; i-- > 0;) {
        buffer  *b = h->items[i]->memory;
        uint32_t plane = 0;

        if (at < b->words || at >= (const uint64_t *)((const char *)b + b->bytes)) continue;
        if (b->stride > 0) plane = (uint32_t)((size_t)(at - b->words) / b->stride);
        if ((b->touched >> plane & 1) == 0 && (write || b->stride == 0)) {
            take_memory(b, b->stride > 0 ? b->stride * sizeof *at : b->bytes);
            b->touched |= 1u << plane;
        }
        return;
    }
}

static void written(const uint64_t *at) { touch(at, true); }
static void read_from(const uint64_t *at) { touch(at, false); }

/* `words` zeroed words, aligned for the kernels; of a tensor its planes' stride. */
static buffer *buffer_new(puma_session *s, size_t words, size_t stride)
{
    host_session *h = host_of(s);
    size_t        bytes;
    buffer       *b;
    uintptr_t     at;

    if (!checked_mul(&bytes, words, sizeof(uint64_t)) || !checked_add(&bytes, bytes, sizeof *b + ALIGNMENT))
        return no_memory(s, SIZE_MAX);
    b = buffer_room(h, bytes);
    if (!b) return no_memory(s, bytes);
    b->session = h;
    b->bytes = bytes;
    b->stride = stride;
    at = ((uintptr_t)(b + 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    b->references = 1;
    b->words = (uint64_t *)at;
    return b;
}

/* A new item over `memory`, whose reference it takes over, also when it fails. */
static item *item_new(puma_session *s, buffer *memory)
{
    host_session *h = host_of(s);
    item         *it;

    if (!memory) return NULL;
    if (h->count == h->room) {
        size_t room = h->room ? 2 * h->room : 64;
        item **items = realloc(h->items, room * sizeof *items);

        if (!items) {
            buffer_release(memory);
            return no_memory(s, room * sizeof *items);
        }
        h->items = items;
        h->room = room;
    }
    it = calloc(1, sizeof *it);
    if (!it) {
        buffer_release(memory);
        return no_memory(s, sizeof *it);
    }
    it->memory = memory;
    h->items[h->count++] = it;
    return it;
}

static void item_free(item *it)
{
    buffer_release(it->memory);
    free(it);
}

static size_t host_enter(puma_session *s) { return host_of(s)->count; }

static bool among(const puma_tensor *x, const puma_tensor *const *keep, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (keep[i] == x) return true;
    return false;
}

static void host_leave(puma_session *s, size_t mark, const puma_tensor *const *keep, size_t count)
{
    host_session *h = host_of(s);
    size_t        left = mark;

    for (size_t i = mark; i < h->count; i++) {
        if (among(&h->items[i]->tensor, keep, count))
            h->items[left++] = h->items[i];
        else
            item_free(h->items[i]);
    }
    if (left < h->count) h->count = left;
}

static void host_drop(puma_session *s, const puma_tensor *x)
{
    host_session *h = host_of(s);

    for (size_t i = h->count; x && i-- > 0;)
        if (&h->items[i]->tensor == x) {
            item_free(h->items[i]);
            memmove(h->items + i, h->items + i + 1, (--h->count - i) * sizeof *h->items);
            return;
        }
}

static uint64_t *host_scratch(puma_session *s, size_t words)
{
    item *it;

    if (s->status != PUMA_OK) return NULL;
    it = item_new(s, buffer_new(s, words, 0));
    return it ? it->memory->words : NULL;
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* Sets rank, dim, n and words; false when a product of the dimensions does not fit. */
static bool set_shape(puma_tensor *t, uint32_t rank, const size_t *dim)
{
    size_t n = 1;

    t->rank = rank;
    for (uint32_t i = 0; i < PUMA_MAX_RANK; i++) {
        t->dim[i] = i < rank ? dim[i] : 1;
        if (!checked_mul(&n, n, t->dim[i])) return false;
    }
    t->n = n;
    t->words = t->kind == PUMA_BIT ? n / 64 + (n % 64 != 0) : n;
    return true;
}

static puma_tensor *host_tensor(puma_session *s, puma_kind kind, uint32_t rank, const size_t *dim,
                                uint32_t bits, uint32_t frac)
{
    puma_tensor t = { .kind = kind, .planes = kind == PUMA_BIT ? s->protocol->bit_planes : s->protocol->planes };
    size_t      stride, words;
    item       *it;

    if (s->status != PUMA_OK) return NULL;
    if (rank > PUMA_MAX_RANK || (kind == PUMA_ARITH && (bits < 1 || bits > 64)) ||
        (kind != PUMA_ARITH && kind != PUMA_BIT)) {
        host_fail(s, PUMA_EINTERNAL, "no tensor of rank %u in a ring of %u bits", rank, bits);
        return NULL;
    }
    t.bits = kind == PUMA_BIT ? 1 : bits;
    t.frac = kind == PUMA_BIT ? 0 : frac;
    t.range = (int32_t)t.bits - 1 - (int32_t)t.frac;
    /* Each plane begins on a boundary of its own. */
    if (!set_shape(&t, rank, dim) || !checked_add(&stride, t.words, ALIGNMENT / sizeof(uint64_t) - 1) ||
        !checked_mul(&words, stride / (ALIGNMENT / sizeof(uint64_t)) * (ALIGNMENT / sizeof(uint64_t)),
                     t.planes))
        return no_memory(s, SIZE_MAX);
    stride = stride / (ALIGNMENT / sizeof(uint64_t)) * (ALIGNMENT / sizeof(uint64_t));
    it = item_new(s, buffer_new(s, words, stride));
    if (!it) return NULL;
    for (uint32_t p = 0; p < t.planes; p++) t.plane[p] = it->memory->words + p * stride;
    t.memory = it->memory;
    it->tensor = t;
    return &it->tensor;
}

/* Is there something to work on?  An operand that is NULL without a failure is the caller's mistake. */
static bool ready(puma_session *s, const puma_tensor *x)
{
    if (s->status != PUMA_OK) return false;
    if (!x) host_fail(s, PUMA_EINTERNAL, "an operand is missing");
    return x != NULL;
}

static puma_tensor *host_view(puma_session *s, const puma_tensor *x)
{
    buffer *b;
    item   *it;

    if (!ready(s, x)) return NULL;
    b = (buffer *)x->memory;
    b->references++;
    it = item_new(s, b);
    if (!it) return NULL;
    it->tensor = *x;
    return &it->tensor;
}

static puma_tensor *host_reshape(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim)
{
    puma_tensor *z;

    if (!ready(s, x)) return NULL;
    z = host_view(s, x);
    if (!z) return NULL;
    if (rank > PUMA_MAX_RANK || !set_shape(z, rank, dim) || z->n != x->n) {
        host_fail(s, PUMA_EINTERNAL, "a tensor of %zu elements does not take that shape", x->n);
        return NULL;
    }
    return z;
}

/* Result of a structure operation: x's kind, ring and promise under another shape. */
static puma_tensor *like(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim)
{
    puma_tensor *z = host_tensor(s, (puma_kind)x->kind, rank, dim, x->bits, x->frac);

    if (!z) return NULL;
    z->range = x->range;
    z->known = x->known;
    return z;
}

static void write_planes(const puma_tensor *z)
{
    for (uint32_t p = 0; p < z->planes; p++) written(z->plane[p]);
}

/* In a rehearsal nothing is copied: n elements are counted. */
static bool only_written(const puma_tensor *z, size_t n)
{
    host_session *h = ((const buffer *)z->memory)->session;

    if (!h->config.hollow) return false;
    write_planes(z);
    h->work.words += (double)n * z->planes / (z->kind == PUMA_BIT ? 64 : 1);
    return true;
}

/* z[zi …] = x[xi …], n elements of every plane; z is still 0 there. */
static void copy_run(puma_tensor *z, size_t zi, const puma_tensor *x, size_t xi, size_t n)
{
    if (n == 0 || only_written(z, n)) return;
    for (uint32_t p = 0; p < z->planes; p++) {
        uint64_t       *to = z->plane[p];
        const uint64_t *from = x->plane[p];

        if (z->kind == PUMA_ARITH) {
            memcpy(to + zi, from + xi, n * sizeof *to);
            continue;
        }
        for (size_t done = 0; done < n;) {
            size_t   a = (xi + done) % 64, b = (zi + done) % 64, take = 64 - (a > b ? a : b);
            uint64_t bits = from[(xi + done) / 64] >> a;

            if (take > n - done) take = n - done;
            if (take < 64) bits &= (UINT64_C(1) << take) - 1;
            to[(zi + done) / 64] |= bits << b;
            done += take;
        }
    }
}

/* Fills z in order from x, walking x by one stride (in elements) for each axis of z. */
static void copy_strided(puma_tensor *z, const puma_tensor *x, size_t offset, const size_t *stride)
{
    uint32_t last = z->rank ? z->rank - 1 : 0;
    size_t   run = z->rank ? z->dim[last] : 1, step = z->rank ? stride[last] : 1;
    size_t   at[PUMA_MAX_RANK] = { 0 }, from = offset;

    if (z->n == 0 || only_written(z, z->n)) return;
    for (size_t i = 0; i < z->n; i += run) {
        uint32_t axis = last;

        if (step == 1) {
            copy_run(z, i, x, from, run);
        } else {
            for (size_t k = 0; k < run; k++) copy_run(z, i + k, x, from + k * step, 1);
        }
        while (axis > 0) {
            axis--;
            from += stride[axis];
            if (++at[axis] < z->dim[axis]) break;
            from -= stride[axis] * z->dim[axis];
            at[axis] = 0;
        }
    }
}

/* Strides of x itself, row-major. */
static void strides_of(const puma_tensor *x, size_t *stride)
{
    size_t step = 1;

    for (uint32_t i = x->rank; i-- > 0;) {
        stride[i] = step;
        step *= x->dim[i];
    }
}

static puma_tensor *host_permute(puma_session *s, const puma_tensor *x, const uint32_t *axes)
{
    size_t       own[PUMA_MAX_RANK] = { 0 }, dim[PUMA_MAX_RANK] = { 0 }, stride[PUMA_MAX_RANK] = { 0 };
    unsigned     seen = 0;
    puma_tensor *z;

    if (!ready(s, x)) return NULL;
    strides_of(x, own);
    for (uint32_t i = 0; i < x->rank; i++) {
        if (axes[i] >= x->rank || (seen >> axes[i] & 1)) {
            host_fail(s, PUMA_EINTERNAL, "permute: axis %u is no permutation's", axes[i]);
            return NULL;
        }
        seen |= 1u << axes[i];
        dim[i] = x->dim[axes[i]];
        stride[i] = own[axes[i]];
    }
    z = like(s, x, x->rank, dim);
    if (z) copy_strided(z, x, 0, stride);
    return z;
}

static puma_tensor *host_slice(puma_session *s, const puma_tensor *x, uint32_t axis, size_t from, size_t to)
{
    size_t       dim[PUMA_MAX_RANK], stride[PUMA_MAX_RANK] = { 0 };
    puma_tensor *z;

    if (!ready(s, x)) return NULL;
    if (axis >= x->rank || from > to || to > x->dim[axis]) {
        host_fail(s, PUMA_EINTERNAL, "slice: %zu to %zu of axis %u", from, to, axis);
        return NULL;
    }
    memcpy(dim, x->dim, sizeof dim);
    dim[axis] = to - from;
    strides_of(x, stride);
    z = like(s, x, x->rank, dim);
    if (z) copy_strided(z, x, from * stride[axis], stride);
    return z;
}

static puma_tensor *host_concat(puma_session *s, const puma_tensor *const *x, size_t count, uint32_t axis)
{
    size_t       dim[PUMA_MAX_RANK], outer = 1, inner = 1, total = 0, at = 0;
    int32_t      range;
    uint32_t     known = UINT32_MAX;
    puma_tensor *z;

    if (s->status != PUMA_OK) return NULL;
    if (count == 0) {
        host_fail(s, PUMA_EINTERNAL, "concat: of nothing");
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (!ready(s, x[i])) return NULL;
    range = x[0]->range;
    for (size_t i = 0; i < count; i++) {
        bool fits = axis < x[0]->rank && x[i]->rank == x[0]->rank && x[i]->kind == x[0]->kind &&
                    x[i]->bits == x[0]->bits && x[i]->frac == x[0]->frac;

        for (uint32_t k = 0; fits && k < x[0]->rank; k++) fits = k == axis || x[i]->dim[k] == x[0]->dim[k];
        if (!fits || !checked_add(&total, total, x[i]->dim[axis])) {
            host_fail(s, PUMA_EINTERNAL, "concat: operand %zu does not go with the first along axis %u", i,
                      axis);
            return NULL;
        }
        if (x[i]->range > range) range = x[i]->range;
        known &= x[i]->known;
    }
    memcpy(dim, x[0]->dim, sizeof dim);
    dim[axis] = total;
    for (uint32_t k = 0; k < axis; k++) outer *= dim[k];
    for (uint32_t k = axis + 1; k < x[0]->rank; k++) inner *= dim[k];
    z = like(s, x[0], x[0]->rank, dim);
    if (!z) return NULL;
    z->range = range;
    z->known = known;
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < count; i++) {
            size_t run = x[i]->dim[axis] * inner;

            copy_run(z, at, x[i], o * run, run);
            at += run;
        }
    return z;
}

static puma_tensor *host_expand(puma_session *s, const puma_tensor *x, size_t times)
{
    size_t       dim[PUMA_MAX_RANK] = { 0 }, stride[PUMA_MAX_RANK] = { 0 };
    puma_tensor *z;

    if (!ready(s, x)) return NULL;
    if (x->rank == PUMA_MAX_RANK) {
        host_fail(s, PUMA_EINTERNAL, "expand: rank %u already", x->rank);
        return NULL;
    }
    memcpy(dim, x->dim, x->rank * sizeof *dim);
    dim[x->rank] = times;
    strides_of(x, stride);
    z = like(s, x, x->rank + 1, dim);
    if (z) copy_strided(z, x, 0, stride);
    return z;
}

static puma_tensor *host_tile(puma_session *s, const puma_tensor *x, size_t times)
{
    size_t       dim[PUMA_MAX_RANK] = { times };
    puma_tensor *z;

    if (!ready(s, x)) return NULL;
    if (x->rank == PUMA_MAX_RANK) {
        host_fail(s, PUMA_EINTERNAL, "tile: rank %u already", x->rank);
        return NULL;
    }
    memcpy(dim + 1, x->dim, x->rank * sizeof *dim);
    z = like(s, x, x->rank + 1, dim);
    for (size_t i = 0; z && i < times; i++) copy_run(z, i * x->n, x, 0, x->n);
    return z;
}

static puma_tensor *host_gather(puma_session *s, const puma_tensor *x, const size_t *index, size_t count)
{
    size_t       dim[PUMA_MAX_RANK], row;
    puma_tensor *z;

    if (!ready(s, x)) return NULL;
    if (x->rank == 0) {
        host_fail(s, PUMA_EINTERNAL, "gather: a scalar has no rows");
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (index[i] >= x->dim[0]) {
            host_fail(s, PUMA_EINTERNAL, "gather: row %zu of %zu", index[i], x->dim[0]);
            return NULL;
        }
    memcpy(dim, x->dim, sizeof dim);
    dim[0] = count;
    row = x->dim[0] ? x->n / x->dim[0] : 0;
    z = like(s, x, x->rank, dim);
    for (size_t i = 0; z && i < count; i++) copy_run(z, i * row, x, index[i] * row, row);
    return z;
}

/* --- wire ------------------------------------------------------------------------------------- */

static puma_status check_link(puma_session *s, uint32_t peer, uint32_t bits)
{
    host_session *h = host_of(s);

    if (s->status != PUMA_OK) return s->status;
    if (!h->config.wire) return host_fail(s, PUMA_EINTERNAL, "this backend has no wire");
    if (prg_failed()) { /* what a message is masked with may be no mask */
        error_set(&h->error, 1020, "OpenSSL has failed in a random stream: nothing more is sent");
        return stick(s);
    }
    if (peer >= PUMA_NODES || peer == s->role || bits < 1 || bits > 64)
        return host_fail(s, PUMA_EINTERNAL, "no message of %u-bit words between nodes %u and %u", bits,
                         s->role, peer);
    return PUMA_OK;
}

/* A payload of n words, NULL after a failure.  ring_packed_size is trusted with n*bits that fits. */
static uint8_t *payload_new(puma_session *s, size_t n, uint32_t bits, size_t *size)
{
    size_t   total;
    uint8_t *payload;

    if (!checked_mul(&total, n, bits)) return no_memory(s, SIZE_MAX);
    *size = ring_packed_size(n, bits);
    payload = malloc(*size);
    return payload ? payload : no_memory(s, *size);
}

/* A rehearsal's messages: their lengths alone.  What a run packs and unpacks is memory all the same. */
static puma_status send_hollow(puma_session *s, uint32_t to, const uint64_t *words, size_t size,
                               puma_phase phase)
{
    host_session *h = host_of(s);

    if (words) read_from(words);
    note(h, size);
    h->work.packed_bytes += (double)size;
    record_event(s, &(event){ .kind = EVENT_SEND, .peer = to, .phase = phase, .size = size });
    return net_send(h->config.wire, to, NULL, size, phase, &h->error) == PUMA_OK ? PUMA_OK : stick(s);
}

static puma_status recv_hollow(puma_session *s, uint32_t from, const uint64_t *words, size_t size)
{
    host_session *h = host_of(s);
    uint8_t      *none;

    if (words) written(words);
    note(h, size);
    h->work.packed_bytes += (double)size;
    record_event(s, &(event){ .kind = EVENT_RECV, .peer = from, .size = size });
    return net_recv(h->config.wire, from, &none, size, &h->error) == PUMA_OK ? PUMA_OK : stick(s);
}

/* An empty message is none: both ends know n. */
static puma_status host_send(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                             puma_phase phase)
{
    host_session *h = host_of(s);
    size_t        size;
    uint8_t      *payload;

    if (check_link(s, to, bits) != PUMA_OK || n == 0) return s->status;
    if (h->config.hollow) return send_hollow(s, to, words, ring_packed_size(n, bits), phase);
    payload = payload_new(s, n, bits, &size);
    if (!payload) return s->status;
    ring_pack(payload, words, n, bits);
    return net_send(h->config.wire, to, payload, size, phase, &h->error) == PUMA_OK ? PUMA_OK : stick(s);
}

static puma_status host_recv(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits)
{
    host_session *h = host_of(s);
    size_t        total;
    uint8_t      *payload;

    if (check_link(s, from, bits) != PUMA_OK || n == 0) return s->status;
    if (!checked_mul(&total, n, bits)) return host_fail(s, PUMA_ERESOURCE, "a message of %zu words", n);
    if (h->config.hollow) return recv_hollow(s, from, words, ring_packed_size(n, bits));
    if (net_recv(h->config.wire, from, &payload, ring_packed_size(n, bits), &h->error) != PUMA_OK)
        return stick(s);
    ring_unpack(words, payload, n, bits);
    free(payload);
    return s->status;
}

/* Packed bits are words written little-endian and cut behind the last bit's byte. */
static puma_status host_send_bits(puma_session *s, uint32_t to, const uint64_t *words, size_t n,
                                  puma_phase phase)
{
    host_session *h = host_of(s);
    size_t        size, count = n / 64 + (n % 64 != 0);
    uint8_t      *payload;

    if (check_link(s, to, 1) != PUMA_OK || n == 0) return s->status;
    if (h->config.hollow) return send_hollow(s, to, words, n / 8 + (n % 8 != 0), phase);
    payload = payload_new(s, count, 64, &size);
    if (!payload) return s->status;
    ring_pack(payload, words, count, 64);
    size = n / 8 + (n % 8 != 0);
    if (n % 8) payload[size - 1] &= (uint8_t)((1u << n % 8) - 1);
    return net_send(h->config.wire, to, payload, size, phase, &h->error) == PUMA_OK ? PUMA_OK : stick(s);
}

static puma_status host_recv_bits(puma_session *s, uint32_t from, uint64_t *words, size_t n)
{
    host_session *h = host_of(s);
    size_t        got = n / 8 + (n % 8 != 0), whole = n / 64;
    uint8_t      *payload, last[8] = { 0 };

    if (check_link(s, from, 1) != PUMA_OK || n == 0) return s->status;
    if (h->config.hollow) return recv_hollow(s, from, words, got);
    if (net_recv(h->config.wire, from, &payload, got, &h->error) != PUMA_OK) return stick(s);
    ring_unpack(words, payload, whole, 64);
    if (n % 64 != 0) {
        memcpy(last, payload + 8 * whole, got - 8 * whole);
        ring_unpack(words + whole, last, 1, 64);
        words[whole] &= (UINT64_C(1) << n % 64) - 1;
    }
    free(payload);
    return s->status;
}

/* --- random streams --------------------------------------------------------------------------- */

static stream *stream_new(puma_session *s, const uint8_t seed[32], uint32_t peer, const char *purpose)
{
    host_session *h = host_of(s);
    stream       *st = calloc(1, sizeof *st);

    if (!st) return no_memory(s, sizeof *st);
    if (prg_new(&st->prg, seed, purpose, &h->error) != PUMA_OK) {
        free(st);
        stick(s);
        return NULL;
    }
    st->peer = peer;
    snprintf(st->purpose, sizeof st->purpose, "%s", purpose);
    st->next = h->streams;
    h->streams = st;
    return st;
}

/* The stream of (peer, purpose) that exists already. */
static stream *stream_find(const host_session *h, uint32_t peer, const char *purpose)
{
    stream *st = h->streams;

    while (st && (st->peer != peer || strcmp(st->purpose, purpose) != 0)) st = st->next;
    return st;
}

static bool purpose_ok(puma_session *s, const char *purpose)
{
    if (s->status != PUMA_OK) return false;
    if (!purpose || strlen(purpose) >= sizeof((stream *)0)->purpose) {
        host_fail(s, PUMA_EINTERNAL, "a random stream's purpose is missing or too long");
        return false;
    }
    return true;
}

static puma_prg *host_prg_pair(puma_session *s, uint32_t peer, const char *purpose)
{
    host_session *h = host_of(s);
    stream       *st;
    uint8_t       seed[32];

    if (!purpose_ok(s, purpose) || check_link(s, peer, 1) != PUMA_OK) return NULL;
    st = stream_find(h, peer, purpose);
    if (!st) {
        net_pair_seed(h->config.wire, peer, purpose, seed);
        st = stream_new(s, seed, peer, purpose);
        OPENSSL_cleanse(seed, sizeof seed);
    }
    return st ? st->prg : NULL;
}

static puma_prg *host_prg_own(puma_session *s, const char *purpose)
{
    host_session *h = host_of(s);
    stream       *st;
    uint8_t       seed[32];

    if (!purpose_ok(s, purpose)) return NULL;
    st = stream_find(h, STREAM_OWN, purpose);
    if (st) return st->prg;
    if (h->config.wire) {
        net_own_seed(h->config.wire, purpose, seed);
    } else if (RAND_bytes(seed, sizeof seed) != 1) {
        host_fail(s, PUMA_ERESOURCE, "no random bytes from the system");
        return NULL;
    }
    st = stream_new(s, seed, STREAM_OWN, purpose);
    OPENSSL_cleanse(seed, sizeof seed);
    return st ? st->prg : NULL;
}

static puma_prg *host_prg_seed(puma_session *s, const uint64_t seed[4], const char *purpose)
{
    uint8_t bytes[32];
    stream *st;

    if (!purpose_ok(s, purpose)) return NULL;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(seed[i / 8] >> 8 * (i % 8));
    st = stream_new(s, bytes, STREAM_SEED, purpose);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return st ? st->prg : NULL;
}

/* --- what the run chose ----------------------------------------------------------------------- */

static const char *host_option(const puma_session *s, const char *name, const char *key)
{
    const session_config *c = &host_of(s)->config;

    return c->option ? c->option(c->option_context, name, key) : NULL;
}

static const puma_approx *host_function(const puma_session *s, uint32_t slot)
{
    return slot < PUMA_SLOT_COUNT ? host_of(s)->config.function[slot] : NULL;
}

static void host_observe(puma_session *s, const char *what, double max_abs, uint32_t product_bits)
{
    const session_config *c = &host_of(s)->config;

    if (c->observe) c->observe(c->observe_context, host_of(s)->label, what, max_abs, product_bits);
}

/* --- open and close --------------------------------------------------------------------------- */

/* Everything but `ring`, which is chosen when the program runs. */
static const puma_host HOST = {
    .struct_size = sizeof(puma_host),
    .tensor = host_tensor,
    .view = host_view,
    .reshape = host_reshape,
    .permute = host_permute,
    .slice = host_slice,
    .concat = host_concat,
    .expand = host_expand,
    .tile = host_tile,
    .gather = host_gather,
    .enter = host_enter,
    .leave = host_leave,
    .drop = host_drop,
    .scratch = host_scratch,
    .send = host_send,
    .recv = host_recv,
    .send_bits = host_send_bits,
    .recv_bits = host_recv_bits,
    .prg_pair = host_prg_pair,
    .prg_own = host_prg_own,
    .prg_seed = host_prg_seed,
    .prg_words = prg_words,
    .prg_bits = prg_bits,
    .fail = host_fail,
    .where = host_where,
    .option = host_option,
    .function = host_function,
    .observe = host_observe,
    .product = fallback_product,
    .matmul_blocks = fallback_matmul_blocks,
    .one_hot = fallback_one_hot,
    .lookup = fallback_lookup,
    .gate = fallback_gate,
    .exp2 = fallback_exp2,
    .larger = fallback_larger,
    .embed = fallback_embed,
    .apply = fallback_apply,
};

/* --- rehearsals: kernels and streams that are counted and do nothing --------------------------- */

static void count_words(size_t n)
{
    if (rehearsal) rehearsal->work.words += (double)n;
}
static void no_binary(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    count_words(n);
    written(z);
    read_from(x);
    read_from(y);
}
static void no_unary(uint64_t *z, const uint64_t *x, size_t n)
{
    count_words(n);
    written(z);
    read_from(x);
}
static void no_constant(uint64_t *z, const uint64_t *x, uint64_t c, size_t n)
{
    (void)c;
    no_unary(z, x, n);
}
static void no_bits(uint64_t *z, const uint64_t *x, uint32_t bits, size_t n)
{
    (void)bits;
    no_unary(z, x, n);
}
static void no_rows(uint64_t *z, const uint64_t *x, size_t rows, size_t n) { no_unary(z, x, rows * n); }
static void no_matmul(uint64_t *c, const uint64_t *a, const uint64_t *b, const puma_gemm *g)
{
    if (rehearsal) ring_work_product(&rehearsal->work, g);
    written(c);
    read_from(a);
    read_from(b);
}
static void no_words(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits)
{
    (void)prg;
    if (rehearsal) rehearsal->work.stream_bytes += (double)n * (bits > 32 ? 8 : bits > 16 ? 4 : bits > 8 ? 2 : 1);
    written(words);
}
static void no_stream_bits(puma_prg *prg, uint64_t *words, size_t n)
{
    (void)prg;
    if (rehearsal) rehearsal->work.stream_bytes += (double)n / 8;
    written(words);
}

static const puma_ring NO_KERNELS = {
    .struct_size = sizeof(puma_ring),
    .add = no_binary,
    .sub = no_binary,
    .neg = no_unary,
    .mul = no_binary,
    .mul_add = no_binary,
    .mul_sub = no_binary,
    .scale = no_constant,
    .scale_add = no_constant,
    .offset = no_constant,
    .shift_right = no_bits,
    .reduce = no_bits,
    .sum_rows = no_rows,
    .matmul = no_matmul,
};

/* What a session needs beside the caller's configuration: one table, so that it lives as long as the session.
 */
typedef struct opened {
    host_session h;
    puma_host    host;
} opened;

static void host_free(host_session *h)
{
    if (rehearsal == h) rehearsal = NULL;
    while (h->streams) {
        stream *next = h->streams->next;

        prg_free(h->streams->prg);
        free(h->streams);
        h->streams = next;
    }
    while (h->count > 0) item_free(h->items[--h->count]);
    free(h->items);
    for (size_t i = 0; i < SESSION_RECORDINGS; i++) free(h->records[i].events);
    free(h); /* the first member of `opened` */
}

puma_status session_open(puma_session **s, const session_config *config, puma_error *e)
{
    const puma_protocol *protocol = config->protocol->protocol;
    const char          *name = config->protocol->entry->name;
    puma_session        *made = NULL;
    opened              *o;
    puma_status          status;
    char                 locale[256];
    int                  rounding = fegetround();

    *s = NULL;
    if (!protocol) return error_set(e, 613, "%s: brings no protocol", name);
    if (config->is_float && !(protocol->caps & PUMA_CAP_CLEAR))
        return error_set(e, 613, "%s: cannot compute in floating point", name);
    if (!config->wire && !(protocol->caps & PUMA_CAP_LOCAL))
        return error_set(e, 7001, "%s: no wire given", name);
    o = calloc(1, sizeof *o);
    if (!o) return error_set(e, 1001, "out of memory (%zu bytes asked)", sizeof *o);
    o->host = HOST;
    o->host.ring = ring_kernels();
    rehearsal = config->hollow ? &o->h : NULL;
    if (config->hollow) {
        o->h.started_s = thread_s();
        o->host.ring = &NO_KERNELS;
        o->host.prg_words = no_words;
        o->host.prg_bits = no_stream_bits;
    }
    o->h.config = *config;
    o->h.extensions = &config->protocol->extensions;
    o->h.base = (puma_session){
        .protocol = protocol,
        .host = &o->host,
        .impl = &o->h,
        .role = config->role,
        .ring_bits = config->ring_bits,
        .frac = config->frac,
        .caps =
            protocol->caps | (config->is_float ? PUMA_CAP_FLOAT : 0) | (config->hollow ? PUMA_CAP_REHEARSAL : 0),
    };
    snprintf(locale, sizeof locale, "%s", setlocale(LC_ALL, NULL));
    status = protocol->open(&made, &o->h.base);
    if (status != PUMA_OK || !made) {
        if (o->h.error.status != PUMA_OK)
            *e = e->status == PUMA_OK ? o->h.error : *e;
        else if (status == PUMA_OK)
            error_set(e, 612, "%s: open made no session", name);
        else
            error_set(e, status == PUMA_ERESOURCE ? 1001 : 612, "%s: open failed (status %d)", name,
                      (int)status);
        host_free(&o->h);
        return e->status;
    }
    if (made->impl != &o->h || made->host != &o->host || made->protocol != protocol)
        error_set(e, 612, "%s: open did not copy the session it was given", name);
    else if (fegetround() != rounding || strncmp(locale, setlocale(LC_ALL, NULL), sizeof locale - 1) != 0)
        error_set(e, 611, "%s: open changed the rounding mode or the locale", name);
    if (e->status != PUMA_OK) {
        fesetround(rounding);
        protocol->close(made);
        host_free(&o->h);
        return e->status;
    }
    *s = made;
    return PUMA_OK;
}

void session_close(puma_session *s)
{
    host_session *h;

    if (!s) return;
    h = host_of(s);
    s->protocol->close(s);
    host_free(h);
}

const puma_error *session_error(const puma_session *s) { return &host_of(s)->error; }

const plugin_extensions *session_extensions(const puma_session *s) { return host_of(s)->extensions; }

void session_without_extensions(puma_session *s, bool without)
{
    static const plugin_extensions none = { 0 };

    host_of(s)->extensions = without ? &none : &host_of(s)->config.protocol->extensions;
}

net *session_wire(const puma_session *s) { return host_of(s)->config.wire; }

puma_status session_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    net        *wire = session_wire(s);
    puma_status status;

    if (wire != NULL) net_allow_reveal(wire, true);
    status = s->protocol->reveal(s, out, x, to);
    if (wire != NULL) net_allow_reveal(wire, false);
    return status;
}

void session_record(puma_session *s, size_t place)
{
    host_session *h = host_of(s);

    h->recording = &h->records[place];
    h->recording->count = 0;
    h->recording->begin = h->recording->most = h->memory;
    h->recording->work = session_work(s);
}

void session_record_stop(puma_session *s)
{
    host_session *h = host_of(s);
    ring_work     before = h->recording->work;

    h->recording->work = session_work(s);
    ring_work_add(&h->recording->work, &before, -1);
    h->recording = NULL;
}

ring_work session_work(const puma_session *s)
{
    const host_session *h = host_of(s);
    ring_work           w = h->work;

    w.other_s = h->config.hollow ? thread_s() - h->started_s + h->replayed_s : 0;
    return w;
}

void session_replay(puma_session *s, size_t place, int layer)
{
    host_session *h = host_of(s);
    const record *r = &h->records[place];
    ring_work     again = r->work;

    note(h, r->most - r->begin);
    again.packed_bytes = 0; /* its messages pass again, and are counted then */
    ring_work_add(&h->work, &again, 1);
    h->replayed_s += again.other_s;
    for (size_t i = 0; i < r->count && s->status == PUMA_OK; i++) {
        const event *what = &r->events[i];
        int          number = 0, behind = 0;

        switch (what->kind) {
        case EVENT_SEND: send_hollow(s, what->peer, NULL, what->size, what->phase); break;
        case EVENT_RECV: recv_hollow(s, what->peer, NULL, what->size); break;
        case EVENT_LABEL:
            if (sscanf(what->label, "layer %d%n", &number, &behind) == 1)
                host_label(s, "layer %d%s", layer, what->label + behind);
            else
                host_label(s, "%s", what->label);
        }
    }
}

puma_tensor *session_like(puma_session *s, const puma_tensor *x)
{
    puma_tensor *z = ready(s, x) ? like(s, x, x->rank, x->dim) : NULL;

    if (z) write_planes(z);
    return z;
}

size_t session_peak(const puma_session *s) { return host_of(s)->peak; }
