/* world.c - see world.h */
#include "leak/world.h"

#include "ring/ring.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK ((size_t)256 << 10)
#define NODES PUMA_NODES

typedef struct tape {
    uint64_t *value;
    uint32_t *bits;
    size_t    count, room;
    size_t    at[NODES];       /* each holder's cursor */
    bool      keep;
} tape;

struct puma_prg { world *w; uint32_t node; int stream; };

typedef struct message { uint64_t *words; size_t n; uint32_t bits; uint64_t depth; bool boolean; struct message *next; } message;

typedef struct node {
    puma_session  base, *session;
    ucontext_t    context;
    char         *stack;
    bool          finished, open;
    puma_prg      prg[STREAMS + 1];
    puma_tensor **tensors;
    size_t        count, room;
    uint64_t      depth;
    view          seen;
} node;

struct world {
    const puma_protocol *protocol;
    void                *library;
    puma_host            host;
    node                 nodes[NODES];
    message             *queue[NODES][NODES];
    uint64_t             sent[NODES][NODES][2];
    tape                 tapes[STREAMS + 1];        /* the last: the client's own, for its seeds */
    ucontext_t           scheduler;
    uint32_t             current;
    program             *program;
    void                *context;
    uint64_t             random;
    bool                 failed, progress;
};

static world *of(const puma_session *s) { return s->impl; }

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

static void record(world *w, uint32_t n, uint64_t value, uint32_t bits, bool boolean)
{
    view *v = &w->nodes[n].seen;

    if (v->count == v->room) v->items = grow(v->items, (v->room = 2 * v->room + 64) * sizeof *v->items);
    v->items[v->count++] = (seen){ value, bits, boolean };
}

/* --- streams ------------------------------------------------------------------------------------------------- */

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
        t->value[i] = splitmix(&w->random) & puma_mask(bits);
        t->bits[i] = bits;
        t->count++;
    }
    if (t->bits[i] != bits) w->failed = true;          /* holders out of step */
    record(w, prg->node, t->value[i], bits, boolean);
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
    return stream_of(s, s->role == 2 || peer == 2 ? STREAM_02 : STREAM_01);
}

static puma_prg *prg_own(puma_session *s, const char *purpose)
{
    (void)purpose;
    return stream_of(s, STREAMS);
}

static puma_prg *prg_seed(puma_session *s, const uint64_t seed[4], const char *purpose)
{
    (void)seed;
    return stream_of(s, strstr(purpose, "1") != NULL ? STREAM_INPUT1 : STREAM_INPUT2);
}

/* --- wire ------------------------------------------------------------------------------------------------------ */

static puma_status push(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits, size_t all, bool boolean, puma_phase phase)
{
    world    *w = of(s);
    message  *m = calloc(1, sizeof *m), **end = &w->queue[s->role][to];

    if (m == NULL) exit(99);
    m->words = grow(NULL, (n > 0 ? n : 1) * sizeof *words);
    memcpy(m->words, words, n * sizeof *words);
    m->n = n;
    m->bits = bits;
    m->boolean = boolean;
    m->depth = w->nodes[s->role].depth + 1;
    while (*end != NULL) end = &(*end)->next;
    *end = m;
    w->sent[s->role][to][phase] += all;
    return PUMA_OK;
}

static puma_status send_words(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits, puma_phase phase)
{
    return push(s, to, words, n, bits, n * bits, false, phase);
}

static puma_status send_bits(puma_session *s, uint32_t to, const uint64_t *words, size_t n, puma_phase phase)
{
    return push(s, to, words, (n + 63) / 64, 64, n, true, phase);
}

static puma_status pull(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits, size_t elements, bool boolean)
{
    world   *w = of(s);
    message *m;

    while ((m = w->queue[from][s->role]) == NULL) {
        if (w->failed) return s->status = PUMA_ENET;
        swapcontext(&w->nodes[s->role].context, &w->scheduler);
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
            if (boolean) record(w, s->role, words[i / 64] >> i % 64 & 1, 1, true);
            else record(w, s->role, words[i], bits, false);
        }
    }
    free(m->words);
    free(m);
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

/* --- memory ------------------------------------------------------------------------------------------------------- */

static puma_tensor *keep(puma_session *s, puma_tensor *t)
{
    node *n = &of(s)->nodes[s->role];

    if (n->count == n->room) n->tensors = grow(n->tensors, (n->room = 2 * n->room + 64) * sizeof *n->tensors);
    return n->tensors[n->count++] = t;
}

static puma_tensor *make(puma_session *s, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits, uint32_t frac)
{
    puma_tensor *t = calloc(1, sizeof *t);

    if (t == NULL) exit(99);
    *t = (puma_tensor){ .kind = kind, .rank = rank, .dim = { 1, 1, 1, 1 }, .n = 1, .bits = kind == PUMA_BIT ? 1 : bits, .frac = frac, .planes = 2 };
    for (uint32_t i = 0; i < rank; i++) t->n *= t->dim[i] = dim[i];
    t->words = kind == PUMA_BIT ? (t->n + 63) / 64 : t->n;
    t->range = (int32_t)t->bits - 1 - (int32_t)t->frac;
    for (uint32_t p = 0; p < 2; p++) {
        t->plane[p] = calloc(t->words + 1, sizeof **t->plane);
        if (t->plane[p] == NULL) exit(99);
    }
    return keep(s, t);
}

static size_t enter(puma_session *s) { return of(s)->nodes[s->role].count; }

static void leave(puma_session *s, size_t mark, const puma_tensor *kept)
{
    node  *n = &of(s)->nodes[s->role];
    size_t left = mark;

    for (size_t i = mark; i < n->count; i++) {
        if (n->tensors[i] == kept) {
            n->tensors[left++] = n->tensors[i];
            continue;
        }
        free(n->tensors[i]->plane[0]);
        free(n->tensors[i]->plane[1]);
        free(n->tensors[i]);
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

/* --- running -------------------------------------------------------------------------------------------------------- */


static world *running;      /* makecontext passes no pointers */

static void trampoline(void)
{
    world *w = running;
    node  *n = &w->nodes[w->current];

    if (!n->open) {
        if (w->protocol->open(&n->session, &n->base) != PUMA_OK) w->failed = true;
        n->open = true;
    } else {
        w->program(n->session, w->context);
        if (n->session->status != PUMA_OK) w->failed = true;
    }
    n->finished = true;
    swapcontext(&n->context, &w->scheduler);
}

/* One pass of all nodes over open or the program; false when one failed or all wait for each other. */
static bool schedule(world *w)
{
    volatile size_t left = NODES;     /* lives across the coroutines' switches */

    running = w;
    for (uint32_t i = 0; i < NODES; i++) {
        node *n = &w->nodes[i];

        n->finished = false;
        getcontext(&n->context);
        n->context.uc_stack.ss_sp = n->stack;
        n->context.uc_stack.ss_size = STACK;
        n->context.uc_link = NULL;
        makecontext(&n->context, trampoline, 0);
    }
    while (left > 0) {
        w->progress = false;
        for (uint32_t i = 0; i < NODES; i++) {
            node *n = &w->nodes[i];

            if (n->finished) continue;
            w->current = i;
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
        if (n->session != NULL) leave(n->session, 0, NULL);
        for (uint32_t j = 0; j < NODES; j++)
            while (w->queue[i][j] != NULL) {
                message *m = w->queue[i][j];

                w->queue[i][j] = m->next;
                free(m->words);
                free(m);
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
    w->host = (puma_host){ .struct_size = sizeof(puma_host), .ring = ring_kernels(), .tensor = make, .enter = enter, .leave = leave, .scratch = scratch,
                           .send = send_words, .recv = recv_words, .send_bits = send_bits, .recv_bits = recv_bits, .prg_pair = prg_pair,
                           .prg_own = prg_own, .prg_seed = prg_seed, .prg_words = prg_words, .prg_bits = prg_bits, .fail = fail };
    for (uint32_t i = 0; i < NODES; i++) {
        node *n = &w->nodes[i];

        n->stack = grow(NULL, STACK);
        n->base = (puma_session){ .protocol = w->protocol, .host = &w->host, .impl = w, .role = i, .ring_bits = ring_bits, .frac = frac,
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
        w->protocol->close(w->nodes[i].session);
        free(w->nodes[i].stack);
        free(w->nodes[i].tensors);
        free(w->nodes[i].seen.items);
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
    for (uint32_t i = 0; i < NODES; i++) w->nodes[i].session->status = PUMA_OK;
    return schedule(w);
}

const view *world_view(const world *w, uint32_t p) { return &w->nodes[p].seen; }
uint64_t    world_bits(const world *w, uint32_t from, uint32_t to, puma_phase phase) { return w->sent[from][to][phase]; }

uint64_t world_rounds(const world *w)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < NODES; i++)
        if (w->nodes[i].depth > most) most = w->nodes[i].depth;
    return most;
}

void world_seed(world *w, uint64_t seed) { w->random = seed; }

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
