/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* world.c - see world.h
 *
 * Enumerations are millions of runs of a few microseconds, so a run allocates nothing: a node's stack is
 * entered once and lives as long as the world, and small tensors come from a chunk that is rewound.  Nodes
 * give way to the scheduler by swapcontext, which the sanitizers know. */
#include "leak/world.h"

#include "plugin/plugin.h"
#include "ring/ring.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK ((size_t)1 << 20) /* OpenSSL reads its configuration on it */

/* Places of nodes: the parties, and behind them the client whatever its number is. */
enum { MAX_PARTIES = 8, CLIENT_PLACE = MAX_PARTIES, PLACES };
#define MAX_STREAMS 64

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

/* What makes two streams one: the kind, the pair of places or the place, the seed, and the purpose. */
typedef struct key {
    enum { PAIR, OWN, SEEDED } kind;
    uint32_t low, high;
    uint64_t seed[4];
    char     purpose[64];
} key;

typedef struct tape {
    key             of;
    unsigned        holders; /* places */
    uint64_t       *value;
    uint32_t       *bits;
    size_t          count, room;
    const uint64_t *given; /* the values that the test set for the first draws */
    size_t          given_count;
} tape;

/* A node's reader of a tape. */
struct puma_prg {
    world    *w;
    uint32_t  place;
    tape     *from;
    size_t    at;
    bool      passing; /* opened during a run */
    puma_prg *next;
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
    bool         present;
    puma_session base, *session;
    ucontext_t   context;
    char        *stack, *arena;
    bool         finished, open, waiting;
    uint32_t     awaited; /* whose message it waits for */
    held        *tensors;
    size_t       count, room, used;
    uint64_t     depth;
    size_t       strays; /* words received by open that are no seed of a stream that it opened */
    view         seen;
} node;

struct world {
    const puma_protocol *protocol;
    const world_sessions *sessions; /* NULL: the backend's own */
    puma_host            host;
    node                 nodes[PLACES];
    message             *queue[PLACES][PLACES], *spare;
    uint64_t             sent[PLACES][PLACES][2];
    tape                *tapes[MAX_STREAMS];
    uint32_t             streams;
    puma_prg            *readers;
    ucontext_t           scheduler;
    uint32_t             current;
    program             *program;
    void                *context;
    uint64_t             random;
    bool                 opened, kept, failed, progress, blind;
};

static world *running; /* the one world that has its turn: makecontext passes no pointers, and a host's session has its own impl */

static world *of(const puma_session *s)
{
    (void)s;
    return running;
}

static uint32_t place_of(uint32_t id) { return id == PUMA_CLIENT ? CLIENT_PLACE : id; }
static node    *here(const puma_session *s) { return &of(s)->nodes[place_of(s->role)]; }

static bool is_present(const world *w, uint32_t id) { return id == PUMA_CLIENT || id < w->protocol->parties; }

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

static void record(world *w, uint32_t place, uint64_t value, uint32_t bits, bool boolean, bool received)
{
    view *v = &w->nodes[place].seen;

    if (w->blind) return;
    if (v->count == v->room) v->items = grow(v->items, (v->room = 2 * v->room + 64) * sizeof *v->items);
    v->items[v->count++] = (seen){ value, bits, boolean, received };
}

/* --- streams ---------------------------------------------------------------------------------- */

static uint64_t draw(puma_prg *prg, uint32_t bits, bool boolean)
{
    world *w = prg->w;
    tape  *t = prg->from;
    size_t i = prg->at++;

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
    record(w, prg->place, t->value[i], bits, boolean, false);
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

static bool same_key(const key *x, const key *y)
{
    return x->kind == y->kind && x->low == y->low && x->high == y->high &&
           memcmp(x->seed, y->seed, sizeof x->seed) == 0 && strcmp(x->purpose, y->purpose) == 0;
}

static tape *tape_of(puma_session *s, const key *k)
{
    world *w = of(s);
    tape  *t;

    for (uint32_t i = 0; i < w->streams; i++)
        if (same_key(&w->tapes[i]->of, k)) return w->tapes[i];
    if (w->streams == MAX_STREAMS) {
        s->host->fail(s, PUMA_ERESOURCE, "more than %d random streams", MAX_STREAMS);
        return NULL;
    }
    t = w->tapes[w->streams++] = calloc(1, sizeof *t);
    if (t == NULL) exit(99);
    t->of = *k;
    return t;
}

/* A reader of the stream.  As in the host, asking again for a pair's or one's own goes on where the first
 * left off, and a seed begins anew. */
static puma_prg *reader(puma_session *s, key *k, const char *purpose)
{
    world    *w = of(s);
    uint32_t  place = place_of(s->role);
    tape     *t;
    puma_prg *p = w->readers;

    snprintf(k->purpose, sizeof k->purpose, "%s", purpose);
    t = tape_of(s, k);
    if (t == NULL) return NULL;
    t->holders |= 1u << place;
    while (k->kind != SEEDED && p != NULL && (p->from != t || p->place != place)) p = p->next;
    if (k->kind != SEEDED && p != NULL) return p;
    p = calloc(1, sizeof *p);
    if (p == NULL) exit(99);
    *p = (puma_prg){ .w = w, .place = place, .from = t, .passing = w->opened, .next = w->readers };
    return w->readers = p;
}

static puma_prg *prg_pair(puma_session *s, uint32_t peer, const char *purpose)
{
    uint32_t a = place_of(s->role), b = place_of(peer);
    key      k = { .kind = PAIR, .low = a < b ? a : b, .high = a < b ? b : a };

    if (peer == s->role || !is_present(of(s), peer)) {
        s->host->fail(s, PUMA_EINTERNAL, "a stream with node %u", peer);
        return NULL;
    }
    return reader(s, &k, purpose);
}

static puma_prg *prg_own(puma_session *s, const char *purpose)
{
    key k = { .kind = OWN, .low = place_of(s->role) };

    return reader(s, &k, purpose);
}

static puma_prg *prg_seed(puma_session *s, const uint64_t seed[4], const char *purpose)
{
    key k = { .kind = SEEDED };

    memcpy(k.seed, seed, sizeof k.seed);
    return reader(s, &k, purpose);
}

/* Is this the seed of a stream that `place` opened? */
static bool is_own_seed(const world *w, uint32_t place, const seen *word)
{
    for (uint32_t i = 0; i < w->streams; i++) {
        const tape *t = w->tapes[i];
        size_t      k = 0;

        if (t->of.kind != SEEDED || (t->holders >> place & 1) == 0) continue;
        while (k < 4 && word[k].received && word[k].value == t->of.seed[k]) k++;
        if (k == 4) return true;
    }
    return false;
}

static void count_strays(world *w)
{
    for (uint32_t place = 0; place < PLACES; place++) {
        node *n = &w->nodes[place];

        for (size_t k = 0; k < n->seen.count;) {
            if (!n->seen.items[k].received) {
                k++;
            } else if (k + 4 <= n->seen.count && is_own_seed(w, place, &n->seen.items[k])) {
                k += 4;
            } else {
                n->strays++;
                k++;
            }
        }
    }
}

/* A node that saw a stream's seed holds the stream. */
static void find_holders(world *w)
{
    for (uint32_t i = 0; i < w->streams; i++)
        for (uint32_t place = 0; place < PLACES && w->tapes[i]->of.kind == SEEDED; place++) {
            const view *v = &w->nodes[place].seen;
            size_t      run = 0;

            for (size_t k = 0; k < v->count && run < 4; k++)
                run = v->items[k].value == w->tapes[i]->of.seed[run]
                          ? run + 1
                          : v->items[k].value == w->tapes[i]->of.seed[0];
            if (run == 4) w->tapes[i]->holders |= 1u << place;
        }
}

/* --- wire ------------------------------------------------------------------------------------- */

static puma_status push(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                        size_t all, bool boolean, puma_phase phase)
{
    world   *w = of(s);
    uint32_t place = place_of(s->role);
    message *m = w->spare, **end;

    if (!is_present(w, to) || to == s->role)
        return s->host->fail(s, PUMA_EINTERNAL, "a message to node %u", to);
    end = &w->queue[place][place_of(to)];
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
    m->depth = phase == PUMA_OFFLINE ? 0 : w->nodes[place].depth + 1; /* a dealer runs ahead */
    while (*end != NULL) end = &(*end)->next;
    *end = m;
    w->sent[place][place_of(to)][phase] += all;
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

static puma_status pull(puma_session *s, uint32_t from, uint64_t *words, size_t count, uint32_t bits,
                        size_t elements, bool boolean)
{
    world    *w = of(s);
    node     *n = here(s);
    uint32_t  place = place_of(s->role);
    message **queue, *m;

    if (!is_present(w, from) || from == s->role)
        return s->host->fail(s, PUMA_EINTERNAL, "a message from node %u", from);
    queue = &w->queue[place_of(from)][place];
    while ((m = *queue) == NULL) {
        if (w->failed) return s->status = PUMA_ENET;
        n->waiting = true;
        n->awaited = place_of(from);
        swapcontext(&n->context, &w->scheduler);
        n->waiting = false;
    }
    w->progress = true;
    *queue = m->next;
    if (m->n != count || m->bits != bits || m->boolean != boolean) {
        w->failed = true;
        s->status = PUMA_ENET;
    } else {
        memcpy(words, m->words, count * sizeof *words);
        if (m->depth > n->depth) n->depth = m->depth;
        for (size_t i = 0; i < elements; i++) {
            if (boolean)
                record(w, place, words[i / 64] >> i % 64 & 1, 1, true, true);
            else
                record(w, place, words[i], bits, false, true);
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
    node        *n = here(s);
    uint32_t     planes = kind == PUMA_BIT ? of(s)->protocol->bit_planes : of(s)->protocol->planes;
    puma_tensor  head = { .kind = kind,
                          .rank = rank,
                          .dim = { 1, 1, 1, 1 },
                          .n = 1,
                          .bits = kind == PUMA_BIT ? 1 : bits,
                          .frac = frac,
                          .planes = planes };
    puma_tensor *t;
    size_t       bytes;
    bool         apart;

    for (uint32_t i = 0; i < rank; i++) head.n *= head.dim[i] = dim[i];
    head.words = kind == PUMA_BIT ? (head.n + 63) / 64 : head.n;
    head.range = (int32_t)head.bits - 1 - (int32_t)head.frac;
    bytes = (sizeof *t + 15) / 16 * 16 + planes * (head.words + 1) * sizeof(uint64_t);
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
    for (uint32_t p = 0; p < planes; p++)
        t->plane[p] = (uint64_t *)(void *)((char *)t + (sizeof *t + 15) / 16 * 16) + p * (head.words + 1);
    return t;
}

static size_t enter(puma_session *s) { return here(s)->count; }

static bool is_kept(const puma_tensor *x, const puma_tensor *const *keep, size_t count)
{
    while (count > 0 && keep[count - 1] != x) count--;
    return count > 0;
}

/* The arena goes back to where the scope began, unless something in it is kept. */
static void leave(puma_session *s, size_t mark, const puma_tensor *const *keep, size_t count)
{
    node  *n = here(s);
    size_t left = mark, begin = mark < n->count ? n->tensors[mark].used : n->used;

    for (size_t i = mark; i < n->count; i++) {
        if (is_kept(n->tensors[i].tensor, keep, count))
            n->tensors[left++] = n->tensors[i];
        else if (n->tensors[i].apart)
            free(n->tensors[i].tensor);
    }
    n->count = left;
    if (left == mark) n->used = begin;
}

/* The same words under another shape. */
static puma_tensor *reshape(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim)
{
    puma_tensor *z = make(s, (puma_kind)x->kind, 0, NULL, x->bits, x->frac);

    *z = *x;
    z->rank = rank;
    for (uint32_t i = 0; i < PUMA_MAX_RANK; i++) z->dim[i] = i < rank ? dim[i] : 1;
    return z;
}

static puma_tensor *view_of(puma_session *s, const puma_tensor *x) { return reshape(s, x, x->rank, x->dim); }

/* Memory goes back when its scope ends. */
static void drop(puma_session *s, const puma_tensor *x)
{
    (void)s;
    (void)x;
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

static const char *where(const puma_session *s)
{
    (void)s;
    return "";
}

static const char *option(const puma_session *s, const char *name, const char *wanted)
{
    (void)s;
    (void)name;
    (void)wanted;
    return NULL;
}

/* --- running ---------------------------------------------------------------------------------- */

static puma_status open_session(world *w, node *n)
{
    return w->sessions != NULL ? w->sessions->open(w->sessions->context, &n->session, &n->base)
                               : w->protocol->open(&n->session, &n->base);
}

static void trampoline(void)
{
    world *w = running;
    node  *n = &w->nodes[w->current];

    for (;;) {
        if (!n->open) {
            if (open_session(w, n) != PUMA_OK) w->failed = true;
            n->open = true;
        } else {
            w->program(n->session, w->context);
            if (n->session->status != PUMA_OK) w->failed = true;
        }
        n->finished = true;
        swapcontext(&n->context, &w->scheduler);
    }
}

/* One pass of all nodes over open or the program, the client first; false when one failed or all wait for
 * each other. */
static bool schedule(world *w)
{
    size_t left = 0;

    for (uint32_t i = 0; i < PLACES; i++) {
        w->nodes[i].finished = !w->nodes[i].present;
        left += w->nodes[i].present;
    }
    while (left > 0) {
        w->progress = false;
        for (uint32_t i = 0; i < PLACES; i++) {
            uint32_t who = (i + CLIENT_PLACE) % PLACES;
            node    *n = &w->nodes[who];

            if (n->finished || (n->waiting && w->queue[n->awaited][who] == NULL && !w->failed)) continue;
            running = w;
            w->current = who;
            swapcontext(&w->scheduler, &n->context);
            if (n->finished) {
                left--;
                w->progress = true;
            }
        }
        if (!w->progress && !w->failed) w->failed = true;
    }
    return !w->failed;
}

/* A message that nobody asked for is at its receiver all the same, and in no view. */
static bool all_received(const world *w)
{
    for (uint32_t i = 0; i < PLACES; i++)
        for (uint32_t j = 0; j < PLACES; j++)
            if (w->queue[i][j] != NULL) {
                fprintf(stderr, "a message of place %u to place %u was not received\n", i, j);
                return false;
            }
    return true;
}

static void rewind_readers(world *w)
{
    for (puma_prg **p = &w->readers, *one; (one = *p) != NULL;) {
        one->at = 0;
        if (one->passing) {
            *p = one->next;
            free(one);
        } else {
            p = &one->next;
        }
    }
}

static void clear(world *w)
{
    running = w;
    rewind_readers(w);
    if (!w->kept) world_redraw(w, ALL_STREAMS);
    memset(w->sent, 0, sizeof w->sent);
    for (uint32_t i = 0; i < PLACES; i++) {
        node *n = &w->nodes[i];

        n->depth = 0;
        n->seen.count = 0;
        n->waiting = false;
        if (n->session != NULL && w->sessions != NULL)
            w->sessions->clear(n->session);
        else if (n->session != NULL)
            leave(n->session, 0, NULL, 0);
        for (uint32_t j = 0; j < PLACES; j++)
            while (w->queue[i][j] != NULL) {
                message *m = w->queue[i][j];

                w->queue[i][j] = m->next;
                m->next = w->spare;
                w->spare = m;
            }
    }
}

const plugin *world_plugin(const char *name)
{
    const plugin *p = NULL;
    puma_error    e = { 0 };

    if (strchr(name, '/') != NULL)
        plugin_open_file(&p, name, &e);
    else
        plugin_open(&p, name, NULL, NULL, &e);
    if (e.status == PUMA_OK) return p;
    error_print(&e);
    exit((int)e.status);
}

const puma_protocol *world_backend(const char *name)
{
    const plugin *p = world_plugin(name);
    puma_error    e = { 0 };

    if (p->protocol != NULL) return p->protocol;
    error_set(&e, 613, "%s: brings no protocol", name);
    error_print(&e);
    exit((int)e.status);
}

static void node_init(world *w, uint32_t place, uint32_t role, uint32_t ring_bits, uint32_t frac)
{
    node *n = &w->nodes[place];

    n->present = true;
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
                              .role = role,
                              .ring_bits = ring_bits,
                              .frac = frac,
                              .caps = w->protocol->caps };
}

/* Everything but `ring`, which is chosen when the program runs. */
static const puma_host HOST = {
    .struct_size = sizeof(puma_host),
    .tensor = make,
    .view = view_of,
    .reshape = reshape,
    .enter = enter,
    .leave = leave,
    .drop = drop,
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
    .fail = fail,
    .where = where,
    .option = option,
};

const puma_host *world_calls(void) { return &HOST; }

world *world_new(const puma_protocol *p, uint32_t ring_bits, uint32_t frac) { return world_new_on(NULL, p, ring_bits, frac); }

world *world_new_on(const world_sessions *sessions, const puma_protocol *p, uint32_t ring_bits, uint32_t frac)
{
    world *w = calloc(1, sizeof *w);

    if (w == NULL) exit(99);
    w->protocol = p;
    w->sessions = sessions;
    w->host = HOST;
    w->host.ring = ring_kernels();
    for (uint32_t i = 0; i < p->parties; i++) node_init(w, i, i, ring_bits, frac);
    node_init(w, CLIENT_PLACE, PUMA_CLIENT, ring_bits, frac);
    if (!schedule(w) || !all_received(w)) exit(99);
    count_strays(w);
    find_holders(w);
    clear(w);
    w->opened = true;
    return w;
}

void world_free(world *w)
{
    clear(w);
    while (w->readers != NULL) {
        puma_prg *p = w->readers;

        w->readers = p->next;
        free(p);
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        if (w->nodes[i].present) (w->sessions != NULL ? w->sessions->close : w->protocol->close)(w->nodes[i].session);
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
    for (uint32_t t = 0; t < w->streams; t++) {
        free(w->tapes[t]->value);
        free(w->tapes[t]->bits);
        free(w->tapes[t]);
    }
    free(w);
}

bool world_run(world *w, program *p, void *context)
{
    clear(w);
    w->failed = false;
    w->program = p;
    w->context = context;
    for (uint32_t i = 0; i < PLACES; i++)
        if (w->nodes[i].present) w->nodes[i].session->status = PUMA_OK;
    return schedule(w) && all_received(w);
}

const view *world_view(const world *w, uint32_t id) { return &w->nodes[place_of(id)].seen; }

size_t world_strays(const world *w, uint32_t id) { return w->nodes[place_of(id)].strays; }

uint64_t world_bits(const world *w, uint32_t from, uint32_t to, puma_phase phase)
{
    return w->sent[place_of(from)][place_of(to)][phase];
}

uint64_t world_rounds(const world *w)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < PLACES; i++)
        if (w->nodes[i].depth > most) most = w->nodes[i].depth;
    return most;
}

void world_record(world *w, bool records) { w->blind = !records; }

/* --- streams, for the test -------------------------------------------------------------------- */

void world_seed(world *w, uint64_t seed) { w->random = seed; }

void world_keep(world *w, bool keep)
{
    w->kept = keep;
    world_redraw(w, ALL_STREAMS);
}

static bool among(uint64_t streams, uint32_t stream) { return (streams >> stream & 1) != 0; }

uint64_t world_lacks(const world *w, uint32_t id)
{
    uint64_t set = 0;

    for (uint32_t t = 0; t < w->streams; t++)
        if ((w->tapes[t]->holders >> place_of(id) & 1) == 0) set |= 1ull << t;
    return set;
}

uint64_t world_stream(const world *w, const char *purpose, uint32_t one, uint32_t other)
{
    for (uint32_t t = 0; t < w->streams; t++)
        if (strcmp(w->tapes[t]->of.purpose, purpose) == 0 &&
            (w->tapes[t]->holders >> place_of(one) & 1) != 0 &&
            (w->tapes[t]->holders >> place_of(other) & 1) != 0)
            return 1ull << t;
    fprintf(stderr, "nodes %u and %u share no stream \"%s\"\n", one, other, purpose);
    exit(99);
}

void world_redraw(world *w, uint64_t streams)
{
    for (uint32_t t = 0; t < w->streams; t++)
        if (among(streams, t)) w->tapes[t]->count = 0;
}

size_t world_rewind(world *w, uint64_t streams)
{
    size_t total = 0;

    for (uint32_t t = 0; t < w->streams; t++)
        for (size_t i = 0; among(streams, t) && i < w->tapes[t]->count; i++) {
            w->tapes[t]->value[i] = 0;
            total += w->tapes[t]->bits[i];
        }
    return total;
}

bool world_step(world *w, uint64_t streams)
{
    for (uint32_t t = 0; t < w->streams; t++)
        for (size_t i = 0; among(streams, t) && i < w->tapes[t]->count; i++) {
            uint64_t *value = &w->tapes[t]->value[i];

            *value = (*value + 1) & puma_mask(w->tapes[t]->bits[i]);
            if (*value != 0) return true;
        }
    return false;
}

uint64_t *world_draw(world *w, uint32_t stream, size_t i, uint32_t *bits)
{
    if (stream >= w->streams || i >= w->tapes[stream]->count) return NULL;
    *bits = w->tapes[stream]->bits[i];
    return &w->tapes[stream]->value[i];
}

void world_give(world *w, uint64_t stream, const uint64_t *values, size_t count)
{
    for (uint32_t t = 0; t < w->streams; t++)
        if (among(stream, t)) {
            w->tapes[t]->given = values;
            w->tapes[t]->given_count = count;
        }
}
