/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* world.c - see world.h
 *
 * Enumerations are millions of runs of a few microseconds, so a run costs no system call and no allocation: a
 * node's stack is entered once and lives as long as the world, switches are those of setjmp, and small
 * tensors come from a chunk that is rewound.  The sanitizers know swapcontext but neither of the other two;
 * under them it is slower. */
#undef _FORTIFY_SOURCE /* its longjmp refuses to leave for another stack */
#include "leak/world.h"

#include "ring/ring.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK ((size_t)1 << 20) /* OpenSSL reads its configuration on it */
#define NODES PUMA_NODES

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#endif

#ifdef SANITIZED
#define ARENA ((size_t)0) /* every tensor apart, so that a stray access is seen */
#else
#define ARENA ((size_t)128 << 10)
#endif

typedef struct tape {
    uint64_t       *value;
    uint32_t       *bits;
    size_t          count, room;
    size_t          at[NODES]; /* each holder's cursor */
    bool            keep;
    const uint64_t *given; /* the values that the test set for the first draws */
    size_t          given_count;
} tape;

struct puma_prg {
    world   *w;
    uint32_t node;
    int      stream;
};

typedef struct message {
    uint64_t       *words;
    size_t          n, room;
    uint32_t        bits;
    uint64_t        depth;
    bool            boolean;
    struct message *next;
} message;

/* A tensor and where its words are: behind `used` bytes of the arena, or allocated. */
typedef struct held {
    puma_tensor *tensor;
    size_t       used;
    bool         apart;
} held;

typedef struct node {
    puma_session base, *session;
    ucontext_t   context;
    jmp_buf      resume;
    char        *stack, *arena;
    bool         started, finished, open, waiting;
    uint32_t     awaited; /* whose message it waits for */
    puma_prg     prg[STREAMS + 1];
    held        *tensors;
    size_t       count, room, used;
    uint64_t     depth;
    view         seen;
} node;

struct world {
    const puma_protocol *protocol;
    void                *library;
    puma_host            host;
    node                 nodes[NODES];
    message             *queue[NODES][NODES], *spare;
    uint64_t             sent[NODES][NODES][2];
    tape                 tapes[STREAMS + 1]; /* the last: a node's own, for its seeds */
    ucontext_t           scheduler;
    jmp_buf              back;
    uint32_t             current;
    program             *program;
    void                *context;
    uint64_t             random;
    bool                 failed, progress, blind;
};

static world *of(const puma_session *s) { return s->impl; }

/* Has a run of this protocol node i? */
static bool exists(const world *w, uint32_t i) { return i < w->protocol->parties || i == PUMA_CLIENT; }

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void *grow(void *p, size_t bytes)
{
    p = realloc(p, bytes);
    if (p == NULL) exit(99);
    return p;
}

static void record(world *w, uint32_t n, uint64_t value, uint32_t bits, bool boolean, bool received)
{
    view *v = &w->nodes[n].seen;

    if (w->blind) return;
    if (v->count == v->room) v->items = grow(v->items, (v->room = 2 * v->room + 64) * sizeof *v->items);
    v->items[v->count++] = (seen){ value, bits, boolean, received };
}

/* --- streams ---------------------------------------------------------------------------------- */

static uint64_t draw(puma_prg *prg, uint32_t bits, bool boolean)
{
    world *w = prg->w;
    tape  *t = &w->tapes[prg->stream];
    size_t i = t->at[prg->node]++;

    if (i == t->count) {
        if (t->count == t->room) {
            t->room = 2 * t->room + 64;
            t->value = grow(t->value, t->room * sizeof *t->value);
            t->bits = grow(t->bits, t->room * sizeof *t->bits);
        }
        t->value[i] = (i < t->given_count ? t->given[i] : splitmix(&w->random)) & puma_mask(bits);
        t->bits[i] = bits;
        t->count++;
    }
    if (t->bits[i] != bits) w->failed = true; /* holders out of step */
    record(w, prg->node, t->value[i], bits, boolean, false);
    return t->value[i];
}

static void prg_words(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits)
{
    for (size_t i = 0; i < n; i++) words[i] = draw(prg, bits, false);
}

static void prg_bits(puma_prg *prg, uint64_t *words, size_t n)
{
    memset(words, 0, (n + 63) / 64 * sizeof *words);
    for (size_t i = 0; i < n; i++) words[i / 64] |= draw(prg, 1, true) << i % 64;
}

static puma_prg *stream_of(puma_session *s, int stream)
{
    puma_prg *p = &of(s)->nodes[s->role].prg[stream];

    *p = (puma_prg){ of(s), s->role, stream };
    return p;
}

static puma_prg *prg_pair(puma_session *s, uint32_t peer, const char *purpose)
{
    (void)purpose;
    if (world_deals(of(s))) return stream_of(s, STREAM_INPUT1);
    return stream_of(s, s->role == 2 || peer == 2 ? STREAM_02 : STREAM_01);
}

static puma_prg *prg_own(puma_session *s, const char *purpose)
{
    (void)purpose;
    return stream_of(s, STREAMS);
}

static puma_prg *prg_seed(puma_session *s, const uint64_t seed[4], const char *purpose)
{
    bool first = purpose[strlen(purpose) - 1] == '1';

    (void)seed;
    if (world_deals(of(s))) return stream_of(s, first ? STREAM_01 : STREAM_02);
    return stream_of(s, first ? STREAM_INPUT1 : STREAM_INPUT2);
}

/* --- switches --------------------------------------------------------------------------------- */

static void enter_node(world *w, node *n)
{
#ifdef SANITIZED
    swapcontext(&w->scheduler, &n->context);
#else
    if (_setjmp(w->back) != 0) return;
    if (n->started) _longjmp(n->resume, 1);
    n->started = true;
    setcontext(&n->context);
#endif
}

static void give_way(world *w, node *n)
{
#ifdef SANITIZED
    swapcontext(&n->context, &w->scheduler);
#else
    if (_setjmp(n->resume) == 0) _longjmp(w->back, 1);
#endif
}

/* --- wire ------------------------------------------------------------------------------------- */

static puma_status push(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                        size_t all, bool boolean, puma_phase phase)
{
    world   *w = of(s);
    message *m = w->spare, **end = &w->queue[s->role][to];

    if (m != NULL)
        w->spare = m->next;
    else if ((m = calloc(1, sizeof *m)) == NULL)
        exit(99);
    if (n >= m->room) m->words = grow(m->words, (m->room = n + 8) * sizeof *words);
    memcpy(m->words, words, n * sizeof *words);
    m->n = n;
    m->bits = bits;
    m->boolean = boolean;
    m->next = NULL;
    m->depth = phase == PUMA_OFFLINE ? 0 : w->nodes[s->role].depth + 1; /* a dealer runs ahead */
    while (*end != NULL) end = &(*end)->next;
    *end = m;
    w->sent[s->role][to][phase] += all;
    return PUMA_OK;
}

static puma_status send_words(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                              puma_phase phase)
{
    return push(s, to, words, n, bits, n * bits, false, phase);
}

static puma_status send_bits(puma_session *s, uint32_t to, const uint64_t *words, size_t n, puma_phase phase)
{
    return push(s, to, words, (n + 63) / 64, 64, n, true, phase);
}

static puma_status pull(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits,
                        size_t elements, bool boolean)
{
    world   *w = of(s);
    message *m;

    while ((m = w->queue[from][s->role]) == NULL) {
        if (w->failed) return s->status = PUMA_ENET;
        w->nodes[s->role].waiting = true;
        w->nodes[s->role].awaited = from;
        give_way(w, &w->nodes[s->role]);
        w->nodes[s->role].waiting = false;
    }
    w->progress = true;
    w->queue[from][s->role] = m->next;
    if (m->n != n || m->bits != bits || m->boolean != boolean) {
        w->failed = true;
        s->status = PUMA_ENET;
    } else {
        memcpy(words, m->words, n * sizeof *words);
        if (m->depth > w->nodes[s->role].depth) w->nodes[s->role].depth = m->depth;
        for (size_t i = 0; i < elements; i++) {
            if (boolean)
                record(w, s->role, words[i / 64] >> i % 64 & 1, 1, true, true);
            else
                record(w, s->role, words[i], bits, false, true);
        }
    }
    m->next = w->spare;
    w->spare = m;
    return s->status;
}

static puma_status recv_words(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits)
{
    return pull(s, from, words, n, bits, n, false);
}

static puma_status recv_bits(puma_session *s, uint32_t from, uint64_t *words, size_t n)
{
    return pull(s, from, words, (n + 63) / 64, 64, n, true);
}

/* --- memory ----------------------------------------------------------------------------------- */

static puma_tensor *make(puma_session *s, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits,
                         uint32_t frac)
{
    node        *n = &of(s)->nodes[s->role];
    puma_tensor  head = { .kind = kind,
                          .rank = rank,
                          .dim = { 1, 1, 1, 1 },
                          .n = 1,
                          .bits = kind == PUMA_BIT ? 1 : bits,
                          .frac = frac,
                          .planes = 2 };
    puma_tensor *t;
    size_t       bytes;
    bool         apart;

    for (uint32_t i = 0; i < rank; i++) head.n *= head.dim[i] = dim[i];
    head.words = kind == PUMA_BIT ? (head.n + 63) / 64 : head.n;
    head.range = (int32_t)head.bits - 1 - (int32_t)head.frac;
    bytes = (sizeof *t + 15) / 16 * 16 + 2 * (head.words + 1) * sizeof(uint64_t);
    apart = bytes > ARENA - n->used;
    if (n->count == n->room) n->tensors = grow(n->tensors, (n->room = 2 * n->room + 64) * sizeof *n->tensors);
    if (apart) {
        t = calloc(1, bytes);
        if (t == NULL) exit(99);
    } else {
        t = (puma_tensor *)(void *)(n->arena + n->used);
        memset(t, 0, bytes);
    }
    n->tensors[n->count++] = (held){ t, n->used, apart };
    if (!apart) n->used += (bytes + 15) / 16 * 16;
    if (n->used > ARENA) n->used = ARENA;
    *t = head;
    t->plane[0] = (uint64_t *)(void *)((char *)t + (sizeof *t + 15) / 16 * 16);
    t->plane[1] = t->plane[0] + head.words + 1;
    return t;
}

static size_t enter(puma_session *s) { return of(s)->nodes[s->role].count; }

static void leave(puma_session *s, size_t mark, const puma_tensor *const *keep, size_t count)
{
    node              *n = &of(s)->nodes[s->role];
    const puma_tensor *kept = count > 0 ? keep[0] : NULL; /* backends keep one at most */
    size_t             left = mark;

    if (kept == NULL && mark < n->count) n->used = n->tensors[mark].used;
    for (size_t i = mark; i < n->count; i++) {
        if (n->tensors[i].tensor == kept)
            n->tensors[left++] = n->tensors[i];
        else if (n->tensors[i].apart)
            free(n->tensors[i].tensor);
    }
    n->count = left;
}

static uint64_t *scratch(puma_session *s, size_t words)
{
    return make(s, PUMA_ARITH, 1, &words, 64, 0)->plane[0];
}

static puma_status fail(puma_session *s, puma_status status, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fprintf(stderr, "node %u: ", s->role);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    of(s)->failed = true;
    return s->status = status;
}

/* --- running ---------------------------------------------------------------------------------- */

static world *running; /* makecontext passes no pointers */

static void trampoline(void)
{
    world *w = running;
    node  *n = &w->nodes[w->current];

    for (;;) {
        if (!n->open) {
            if (w->protocol->open(&n->session, &n->base) != PUMA_OK) w->failed = true;
            n->open = true;
        } else {
            w->program(n->session, w->context);
            if (n->session->status != PUMA_OK) w->failed = true;
        }
        n->finished = true;
        give_way(w, n);
    }
}

/* One pass of all nodes over open or the program, the client first; false when one failed or all wait for
 * each other. */
static bool schedule(world *w)
{
    size_t left = w->protocol->parties + 1;

    for (uint32_t i = 0; i < NODES; i++) w->nodes[i].finished = !exists(w, i);
    while (left > 0) {
        w->progress = false;
        for (uint32_t i = 0; i < NODES; i++) {
            uint32_t who = (i + PUMA_CLIENT) % NODES;
            node    *n = &w->nodes[who];

            if (n->finished || (n->waiting && w->queue[n->awaited][who] == NULL && !w->failed)) continue;
            running = w;
            w->current = who;
            enter_node(w, n);
            if (n->finished) {
                left--;
                w->progress = true;
            }
        }
        if (!w->progress && !w->failed) w->failed = true;
    }
    return !w->failed;
}

static void clear(world *w)
{
    for (int t = 0; t <= STREAMS; t++) {
        memset(w->tapes[t].at, 0, sizeof w->tapes[t].at);
        if (!w->tapes[t].keep) w->tapes[t].count = 0;
    }
    memset(w->sent, 0, sizeof w->sent);
    for (uint32_t i = 0; i < NODES; i++) {
        node *n = &w->nodes[i];

        n->depth = 0;
        n->seen.count = 0;
        n->waiting = false;
        if (n->session != NULL) leave(n->session, 0, NULL, 0);
        for (uint32_t j = 0; j < NODES; j++)
            while (w->queue[i][j] != NULL) {
                message *m = w->queue[i][j];

                w->queue[i][j] = m->next;
                m->next = w->spare;
                w->spare = m;
            }
    }
}

world *world_new(const char *plugin, uint32_t ring_bits, uint32_t frac)
{
    world             *w = calloc(1, sizeof *w);
    const puma_plugin *entry;

    if (w == NULL) exit(99);
    w->library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
    entry = w->library == NULL ? NULL : dlsym(w->library, "puma_plugin_entry");
    if (entry == NULL) {
        fprintf(stderr, "%s: %s\n", plugin, dlerror());
        exit(99);
    }
    w->protocol = entry->protocol;
    w->host = (puma_host){ .struct_size = sizeof(puma_host),
                           .ring = ring_kernels(),
                           .tensor = make,
                           .enter = enter,
                           .leave = leave,
                           .scratch = scratch,
                           .send = send_words,
                           .recv = recv_words,
                           .send_bits = send_bits,
                           .recv_bits = recv_bits,
                           .prg_pair = prg_pair,
                           .prg_own = prg_own,
                           .prg_seed = prg_seed,
                           .prg_words = prg_words,
                           .prg_bits = prg_bits,
                           .fail = fail };
    for (uint32_t i = 0; i < NODES; i++) {
        node *n = &w->nodes[i];

        if (!exists(w, i)) continue;
        n->stack = grow(NULL, STACK);
        n->arena = grow(NULL, ARENA + 1);
        getcontext(&n->context);
        n->context.uc_stack.ss_sp = n->stack;
        n->context.uc_stack.ss_size = STACK;
        n->context.uc_link = NULL;
        makecontext(&n->context, trampoline, 0);
        n->base = (puma_session){ .protocol = w->protocol,
                                  .host = &w->host,
                                  .impl = w,
                                  .role = i,
                                  .ring_bits = ring_bits,
                                  .frac = frac,
                                  .caps = w->protocol->caps };
    }
    if (!schedule(w)) exit(99);
    clear(w);
    return w;
}

void world_free(world *w)
{
    clear(w);
    for (uint32_t i = 0; i < NODES; i++) {
        if (exists(w, i)) w->protocol->close(w->nodes[i].session);
        free(w->nodes[i].stack);
        free(w->nodes[i].arena);
        free(w->nodes[i].tensors);
        free(w->nodes[i].seen.items);
    }
    while (w->spare != NULL) {
        message *m = w->spare;

        w->spare = m->next;
        free(m->words);
        free(m);
    }
    for (int t = 0; t <= STREAMS; t++) {
        free(w->tapes[t].value);
        free(w->tapes[t].bits);
    }
    free(w);
}

bool world_run(world *w, program *p, void *context)
{
    clear(w);
    w->failed = false;
    w->program = p;
    w->context = context;
    for (uint32_t i = 0; i < NODES; i++)
        if (exists(w, i)) w->nodes[i].session->status = PUMA_OK;
    return schedule(w);
}

bool world_deals(const world *w) { return (w->protocol->caps & PUMA_CAP_DEALER) != 0; }

/* The node that is Pp. */
static uint32_t node_of(const world *w, uint32_t p) { return p < 3 && world_deals(w) ? (p + 2) % 3 : p; }

const view *world_view(const world *w, uint32_t p) { return &w->nodes[node_of(w, p)].seen; }

uint64_t world_bits(const world *w, uint32_t from, uint32_t to, puma_phase phase)
{
    return w->sent[node_of(w, from)][node_of(w, to)][phase];
}

uint64_t world_rounds(const world *w)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < NODES; i++)
        if (w->nodes[i].depth > most) most = w->nodes[i].depth;
    return most;
}

void world_seed(world *w, uint64_t seed) { w->random = seed; }

void world_give(world *w, int stream, const uint64_t *values, size_t count)
{
    w->tapes[stream].given = values;
    w->tapes[stream].given_count = count;
}

void world_record(world *w, bool records) { w->blind = !records; }

void world_keep(world *w, int stream, bool keeps)
{
    w->tapes[stream].keep = keeps;
    w->tapes[stream].count = 0;
}

bool world_step(world *w, unsigned streams)
{
    for (int s = 0; s < STREAMS; s++) {
        tape *t = &w->tapes[s];

        if ((streams >> s & 1) == 0) continue;
        for (size_t i = 0; i < t->count; i++) {
            t->value[i] = (t->value[i] + 1) & puma_mask(t->bits[i]);
            if (t->value[i] != 0) return true;
        }
    }
    return false;
}

size_t world_rewind(world *w, unsigned streams)
{
    size_t total = 0;

    for (int s = 0; s < STREAMS; s++)
        for (size_t i = 0; (streams >> s & 1) != 0 && i < w->tapes[s].count; i++) {
            w->tapes[s].value[i] = 0;
            total += w->tapes[s].bits[i];
        }
    return total;
}
