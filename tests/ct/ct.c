/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ct.c - every operation of a backend with masked sharing (rep3, beaver2), what is secret marked as
 * undefined.
 *
 *     valgrind ct FILE.so secrets|masks|opened
 *
 * Memcheck reports each branch and each address that undefined words decide; constant-time.sh reads its
 * reports. Nodes are threads, over the host's own memory transport, kernels and streams.  The host's calls
 * that bring a backend numbers (streams, receive) and take them away (send) pass through this file, which
 * marks them.
 *
 * Three runs, because memcheck has one mark and not three:
 *   secrets  what no branch and no address may depend on.  At the client its words, ids and streams.  At P1
 * and P2 their own masks, their shares of what is dealt, and the keys of the client.  At P0 what it receives
 * and brings in.  Not marked is what a timing may show (SECURITY.md, 8): at P1 and P2 what both know, the
 *            masked values m and whatever else is opened; at P0 the masks l.
 *   masks    all that P0 has, its masks too.
 *   opened   all that P1 and P2 have, masked and opened values too.
 * The first run must be silent, and the other two name the functions that use l and m as an index. */
#include "host/session.h"
#include "net/net.h"
#include "plugin/plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined __has_include
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif

#ifndef VALGRIND_MAKE_MEM_UNDEFINED
int main(void)
{
    puts("built without valgrind/memcheck.h");
    return 77;
}
#else

/* --- marks ------------------------------------------------------------------------------------ */

typedef enum secrecy { SECRET, MASK, OPENED } secrecy;

static enum { RUN_SECRETS, RUN_MASKS, RUN_OPENED } mode;
static const puma_protocol *backend;

static bool is_dealer(uint32_t role) { return role == backend->dealer; }
static bool computes(uint32_t role) { return role < backend->parties && !is_dealer(role); }

/* Of a word at this node: may nothing depend on it in this run? */
static bool is_hidden(uint32_t role, secrecy what)
{
    if (mode == RUN_MASKS) return is_dealer(role);
    if (mode == RUN_OPENED) return computes(role);
    return what == SECRET;
}

/* The only place where a mark is taken away, and why: words go to another node, which may see them; or they
 * are masked values at P1 and P2, or masks at P0, in the run that does not look at those; or the run is over.
 */
static void declassify(const void *p, size_t bytes) { (void)VALGRIND_MAKE_MEM_DEFINED(p, bytes); }

static void mark(const puma_session *s, const void *p, size_t bytes, secrecy what)
{
    if (is_hidden(s->role, what))
        (void)VALGRIND_MAKE_MEM_UNDEFINED(p, bytes);
    else
        declassify(p, bytes);
}

/* --- the host's calls ------------------------------------------------------------------------- */

/* A node is a thread; its streams and the host's own calls. */
typedef struct stream {
    puma_prg *prg;
    secrecy   what;
} stream;
static _Thread_local stream        streams[64];
static _Thread_local size_t        stream_count;
static _Thread_local puma_session *self;
static _Thread_local puma_host     real;

static puma_prg *keep(puma_session *s, puma_prg *prg, secrecy what)
{
    self = s;
    if (prg != NULL && stream_count < sizeof streams / sizeof *streams)
        streams[stream_count++] = (stream){ prg, what };
    return prg;
}

/* What a stream of this node holds: masks at P0; what P1 and P2 share both know. */
static secrecy of_stream(uint32_t role, uint32_t peer)
{
    if (is_dealer(role)) return MASK;
    return computes(role) && computes(peer) ? OPENED : SECRET;
}

static puma_prg *prg_pair(puma_session *s, uint32_t peer, const char *purpose)
{
    return keep(s, real.prg_pair(s, peer, purpose), of_stream(s->role, peer));
}

static puma_prg *prg_own(puma_session *s, const char *purpose)
{
    return keep(s, real.prg_own(s, purpose), of_stream(s->role, PUMA_CLIENT));
}

/* The seed stays marked: the host's AES has to be constant in time as well. */
static puma_prg *prg_seed(puma_session *s, const uint64_t seed[4], const char *purpose)
{
    return keep(s, real.prg_seed(s, seed, purpose), of_stream(s->role, PUMA_CLIENT));
}

static secrecy of_prg(const puma_prg *prg)
{
    for (size_t i = 0; i < stream_count; i++)
        if (streams[i].prg == prg) return streams[i].what;
    return SECRET;
}

static void prg_words(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits)
{
    real.prg_words(prg, words, n, bits);
    mark(self, words, n * sizeof *words, of_prg(prg));
}

static void prg_bits(puma_prg *prg, uint64_t *words, size_t n)
{
    real.prg_bits(prg, words, n);
    mark(self, words, (n + 63) / 64 * sizeof *words, of_prg(prg));
}

/* Bytes on the wire are for somebody who may see them, so their timing may show them too.  The receiver alone
 * knows them, and so a copy loses its mark; what P1 and P2 open, both know, and the words lose it here. */
static const uint64_t *on_the_wire(puma_session *s, uint32_t to, const uint64_t *words, size_t n)
{
    uint64_t *copy = (uint64_t *)(uintptr_t)words;

    if (!computes(s->role) || !computes(to) || is_hidden(s->role, OPENED)) {
        copy = real.scratch(s, n);
        if (copy == NULL) return words;
        memcpy(copy, words, n * sizeof *words);
    }
    declassify(copy, n * sizeof *words);
    return copy;
}

static puma_status send_words(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                              puma_phase phase)
{
    size_t      scope = real.enter(s);
    puma_status status = real.send(s, to, on_the_wire(s, to, words, n), n, bits, phase);

    real.leave(s, scope, NULL, 0);
    return status;
}

static puma_status send_bits(puma_session *s, uint32_t to, const uint64_t *words, size_t n, puma_phase phase)
{
    size_t      scope = real.enter(s);
    puma_status status = real.send_bits(s, to, on_the_wire(s, to, words, (n + 63) / 64), n, phase);

    real.leave(s, scope, NULL, 0);
    return status;
}

/* P1 and P2 both know what one sends the other; all else that arrives is the receiver's alone. */
static secrecy of_message(const puma_session *s, uint32_t from)
{
    return computes(s->role) && computes(from) ? OPENED : SECRET;
}

static puma_status recv_words(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits)
{
    puma_status status = real.recv(s, from, words, n, bits);

    mark(s, words, n * sizeof *words, of_message(s, from));
    return status;
}

static puma_status recv_bits(puma_session *s, uint32_t from, uint64_t *words, size_t n)
{
    puma_status status = real.recv_bits(s, from, words, n);

    mark(s, words, (n + 63) / 64 * sizeof *words, of_message(s, from));
    return status;
}

/* The backend's open, with the host's table changed before it is used. */
static puma_status (*backend_open)(puma_session **s, const puma_session *base);

static puma_status open_marked(puma_session **s, const puma_session *base)
{
    puma_host *table = (puma_host *)(uintptr_t)base->host; /* this session's own copy */

    real = *table;
    table->prg_pair = prg_pair;
    table->prg_own = prg_own;
    table->prg_seed = prg_seed;
    table->prg_words = prg_words;
    table->prg_bits = prg_bits;
    table->send = send_words;
    table->recv = recv_words;
    table->send_bits = send_bits;
    table->recv_bits = recv_bits;
    return backend_open(s, base);
}

/* --- operands --------------------------------------------------------------------------------- */

/* A result: by the representation plane 0 is the masked value at P1 and P2, plane 1 their own mask, and both
 * are masks at P0. */
static const puma_tensor *done(puma_session *s, puma_tensor *z, puma_status status)
{
    if (status != PUMA_OK || s->status != PUMA_OK || s->role == PUMA_CLIENT) return z;
    for (uint32_t p = 0; p < z->planes; p++)
        mark(s, z->plane[p], z->words * sizeof **z->plane,
             is_dealer(s->role) ? MASK
             : p == 0           ? OPENED
                                : SECRET);
    return z;
}

static puma_tensor *result(puma_session *s, puma_kind kind, size_t rows, size_t columns, uint32_t bits,
                           uint32_t frac)
{
    size_t       dim[2] = { rows, columns };
    puma_tensor *z = s->host->tensor(s, kind, columns > 0 ? 2 : 1, dim, bits, frac);

    if (z == NULL) exit(99);
    return z;
}

static puma_tensor *words_of(puma_session *s, size_t n, uint32_t bits, uint32_t frac)
{
    return result(s, PUMA_ARITH, n, 0, bits, frac);
}

static puma_tensor *bits_of(puma_session *s, size_t n) { return result(s, PUMA_BIT, n, 0, 1, 0); }

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Shares what node `from` brings in: words below 2^limit, or bits. */
static const puma_tensor *bring(puma_session *s, puma_tensor *z, uint32_t limit, uint32_t from)
{
    uint64_t *words = NULL, state = 7 + z->n;

    if (s->role == from) {
        words = s->host->scratch(s, z->words);
        if (words == NULL) exit(99);
        for (size_t i = 0; i < z->words; i++)
            words[i] = z->kind == PUMA_BIT ? splitmix(&state) : splitmix(&state) & ((1ull << limit) - 1);
        if (z->kind == PUMA_BIT && z->n % 64 != 0) words[z->words - 1] &= (1ull << z->n % 64) - 1;
        mark(s, words, z->words * sizeof *words, SECRET);
    }
    return done(s, z, session_share(s, z, words, from));
}

static const puma_tensor *number(puma_session *s, size_t rows, size_t columns, uint32_t bits, uint32_t frac,
                                 uint32_t limit)
{
    return bring(s, result(s, PUMA_ARITH, rows, columns, bits, frac), limit, PUMA_CLIENT);
}

static const puma_tensor *flags(puma_session *s, size_t n) { return bring(s, bits_of(s, n), 1, PUMA_CLIENT); }

static void reveal(puma_session *s, const puma_tensor *x, uint32_t to)
{
    uint64_t *out = s->role == to ? s->host->scratch(s, x->words) : NULL;

    session_reveal(s, out, x, to);
    if (out != NULL) declassify(out, x->words * sizeof *out); /* the answer is its receiver's */
}

/* --- operations ------------------------------------------------------------------------------- */

static const uint64_t COUNTED[256] = { 3, 5, 7, 11, 13 }; /* public constants */

static void linear(puma_session *s, size_t n)
{
    const puma_protocol *p = s->protocol;
    const puma_tensor   *x = number(s, n, 0, 48, 18, 40), *y = number(s, n, 0, 48, 18, 40);
    const puma_tensor   *table = number(s, n, 3, 48, 18, 40);
    puma_tensor         *z = words_of(s, n, 48, 18);

    if (s->role == PUMA_CLIENT) return;
    done(s, z, p->add(s, z, x, y));
    done(s, z, p->sub(s, z, x, y));
    done(s, z, p->add_public(s, z, x, COUNTED, 1));
    done(s, z, p->add_public(s, z, x, COUNTED, n));
    done(s, z, p->scale(s, z, x, COUNTED, 1));
    done(s, z, p->scale(s, z, x, COUNTED, n));
    done(s, z, p->sum(s, z, table));
    z = words_of(s, n, 46, 18);
    done(s, z, ((const puma_random_ext *)p->extension(PUMA_EXT_RANDOM))->random(s, z));
}

static void truncations(puma_session *s, size_t n)
{
    static const struct {
        uint32_t from, to, shift;
    } CASES[] = { { 64, 46, 18 }, { 64, 64, 18 }, { 28, 64, 0 }, { 64, 20, 0 }, { 30, 40, 5 } };

    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const puma_tensor *x = number(s, n, 0, CASES[i].from, 18, CASES[i].from - 3);
        puma_tensor       *z = words_of(s, n, CASES[i].to, 18);

        if (s->role != PUMA_CLIENT) done(s, z, s->protocol->trunc(s, z, x, CASES[i].shift));
    }
}

static void product(puma_session *s, const puma_term *terms, size_t count, size_t rows, size_t columns,
                    uint32_t bits, uint32_t shift)
{
    puma_tensor *z = result(s, PUMA_ARITH, rows, columns, bits, 18);

    if (s->role != PUMA_CLIENT) done(s, z, s->protocol->product(s, z, terms, count, shift));
}

static void products(puma_session *s, size_t n)
{
    const puma_tensor *x = number(s, n, 4, 64, 18, 20), *same = number(s, n, 4, 64, 18, 20);
    const puma_tensor *one = number(s, 1, 4, 64, 18, 20), *matrix = number(s, 4, 6, 64, 18, 20);
    const puma_tensor *across = number(s, 6, 4, 64, 18, 20), *bias = number(s, 6, 0, 64, 18, 20);
    const puma_tensor *a_row = number(s, n, 0, 64, 18, 20), *repeats = number(s, 4, 0, 64, 18, 20);
    const puma_term    mul = { .op = PUMA_TERM_MUL, .x = x, .y = same };
    const puma_term    rows = { .op = PUMA_TERM_MUL, .x = x, .y = a_row, .y_rows = 1 };
    const puma_term    again = { .op = PUMA_TERM_MUL, .x = x, .y = repeats };
    const puma_term    layer[] = { { .op = PUMA_TERM_MATMUL, .x = x, .y = matrix },
                                   { .op = PUMA_TERM_ADD, .x = bias } };
    const puma_term    vector = { .op = PUMA_TERM_MATMUL, .x = one, .y = matrix };
    const puma_term    turned = { .op = PUMA_TERM_MATMUL, .x = x, .y = across, .y_transposed = 1 };
    const puma_term    tall = { .op = PUMA_TERM_MATMUL, .x = across, .y = matrix };
    const puma_public  open_model = { .struct_size = sizeof open_model, .bits = 16, .frac = 18, .rank = 2, .dim = { 4, 6 },
                                      .values = COUNTED };
    const puma_term    public_layer[] = { { .op = PUMA_TERM_PUBLIC, .x = x, .w = &open_model },
                                          { .op = PUMA_TERM_ADD, .x = bias },
                                          { .op = PUMA_TERM_MATMUL, .x = x, .y = matrix } };
    const puma_block   block[] = { { 0, 0, 0, 1, 6, 4 }, { 4, 0, 6, 1, 6, 4 } };
    const puma_blocks  blocks = { .block = block, .count = 2 };
    puma_tensor       *z = result(s, PUMA_ARITH, 2, 6, 46, 18);

    product(s, &mul, 1, n, 4, 46, 18);
    product(s, &mul, 1, n, 4, 64, 18);
    product(s, &mul, 1, n, 4, 64, 0);
    product(s, &rows, 1, n, 4, 46, 18);
    product(s, &again, 1, n, 4, 46, 18);
    product(s, layer, 2, n, 6, 46, 18);
    product(s, &vector, 1, 1, 6, 46, 18);
    product(s, &turned, 1, n, 6, 64, 18);
    product(s, &tall, 1, 6, 6, 46, 18);
    product(s, public_layer, 2, n, 6, 46, 18);
    product(s, public_layer, 2, n, 6, 64, 18);
    product(s, public_layer, 1, n, 6, 64, 0);
    product(s, public_layer, 3, n, 6, 46, 18);
    if (s->role != PUMA_CLIENT)
        done(s, z,
             ((const puma_blocks_ext *)s->protocol->extension(PUMA_EXT_BLOCKS))
                 ->product_blocks(s, z, x, matrix, &blocks, 18));
}

static void booleans(puma_session *s, size_t n)
{
    const puma_protocol *p = s->protocol;
    const puma_tensor   *b = flags(s, n), *c = flags(s, n), *x = number(s, n, 0, 64, 18, 40),
                      *y = number(s, n, 0, 64, 18, 40);
    const puma_choice choices[] = { { b, x, 1 }, { c, y, 0 - 3ull }, { b, y, 5 }, { c, NULL, 1 } };
    puma_tensor      *z = bits_of(s, n), *sum = words_of(s, n, 48, 18);

    if (s->role == PUMA_CLIENT) return;
    done(s, z, p->xor_(s, z, b, c));
    done(s, z, p->not_(s, z, b));
    done(s, z, p->and_(s, z, b, c));
    done(s, sum, p->mux_sum(s, sum, choices, 4));
}

static void less(puma_session *s, size_t n, uint32_t bits, uint32_t low, uint32_t width, size_t count)
{
    const puma_tensor *x = number(s, n, 0, bits, 0, low + width - 3);
    puma_tensor       *z[3];

    for (size_t t = 0; t < count; t++) z[t] = bits_of(s, n);
    if (s->role == PUMA_CLIENT) return;
    if (s->protocol->less(s, z, x, COUNTED, count, low, width) == PUMA_OK)
        for (size_t t = 0; t < count; t++) done(s, z[t], PUMA_OK);
}

static const puma_lookup_ext *lookup(const puma_session *s)
{
    return (const puma_lookup_ext *)s->protocol->extension(PUMA_EXT_LOOKUP);
}

static void one_hots(puma_session *s, size_t n, size_t columns)
{
    const puma_tensor *x = number(s, n, 0, 20, 0, 4);
    puma_tensor       *z = result(s, PUMA_BIT, n, columns, 1, 0);

    if (s->role != PUMA_CLIENT) done(s, z, lookup(s)->one_hot(s, z, x));
}

static void maxima(puma_session *s, size_t n, uint32_t bits)
{
    const puma_tensor *x = number(s, n, 0, bits, 0, bits - 2), *y = number(s, n, 0, bits, 0, bits - 2);
    puma_tensor       *z = words_of(s, n, bits, 0);

    if (s->role != PUMA_CLIENT) done(s, z, lookup(s)->maximum(s, z, x, y));
}

/* As in tests/conformance: 27, 24 and 20 fraction bits of the coefficients. */
static void tables(puma_session *s, size_t n)
{
    static const struct {
        uint32_t unit, index_bits, ring, window, bits, zbits, frac, zfrac;
        double   error;
    } CASES[] = {
        { 15, 6, 30, 0, 22, 64, 18, 18, 2e-4 },  { 13, 6, 30, 0, 24, 12, 16, 9, 2e-4 },
        { 13, 8, 63, 0, 22, 48, 19, 24, 2e-4 },  { 15, 6, 30, 26, 64, 48, 18, 18, 2e-4 },
        { 16, 7, 32, 31, 64, 64, 18, 18, 3e-4 }, { 8, 1, 40, 12, 30, 30, 8, 8, 1e-3 },
    };
    static int64_t c[3][256];

    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const puma_table   t = { .struct_size = sizeof t,
                                 .unit = CASES[i].unit,
                                 .index_bits = CASES[i].index_bits,
                                 .ring = CASES[i].ring,
                                 .frac = 27,
                                 .slope_frac = 24,
                                 .curve_frac = 20,
                                 .error = CASES[i].error,
                                 .c = { c[0], c[1], c[2] } };
        const puma_tensor *x = number(s, n, 0, CASES[i].bits, CASES[i].frac, t.unit + t.index_bits - 1);
        puma_tensor       *z = words_of(s, n, CASES[i].zbits, CASES[i].zfrac);

        if (s->role == PUMA_CLIENT) continue;
        if (CASES[i].window == 0)
            done(s, z, lookup(s)->table(s, z, x, &t));
        else
            done(s, z, lookup(s)->gate(s, z, x, &t, CASES[i].window));
    }
}

static void powers(puma_session *s, size_t n, uint32_t bits, uint32_t frac, uint32_t zbits, uint32_t zfrac)
{
    const puma_tensor *x = number(s, n, 0, bits, frac, frac);
    puma_tensor       *z = words_of(s, n, zbits, zfrac);

    if (s->role != PUMA_CLIENT) done(s, z, lookup(s)->exp2(s, z, x, 1, 4e-5));
}

/* Rows by the client's ids: two parts, one of which is few rows of the table. */
static void embedding(puma_session *s, size_t n, uint32_t bits)
{
    enum { ROWS = 300, FEW = 5, COLUMNS = 3 };
    const puma_tensor *table = number(s, ROWS + FEW, COLUMNS, bits, 4, bits < 64 ? bits - 2 : 62);
    puma_index         parts[2] = { { .first = 0, .rows = ROWS }, { .first = ROWS, .rows = FEW } };
    size_t             dim[2] = { n, s->role == PUMA_CLIENT ? 0 : COLUMNS };
    uint32_t          *ids[2];
    uint64_t           state = 11;
    puma_tensor       *z;

    if (lookup(s)->embed == NULL) return;
    for (size_t p = 0; p < 2 && s->role == PUMA_CLIENT; p++) {
        ids[p] = (uint32_t *)(void *)s->host->scratch(s, n);
        if (ids[p] == NULL) exit(99);
        for (size_t i = 0; i < n; i++) ids[p][i] = (uint32_t)(splitmix(&state) % parts[p].rows);
        mark(s, ids[p], n * sizeof **ids, SECRET);
        parts[p].ids = ids[p];
    }
    z = s->host->tensor(s, PUMA_ARITH, 2, dim, bits, 4);
    if (z == NULL) exit(99);
    done(s, z, lookup(s)->embed(s, z, s->role == PUMA_CLIENT ? NULL : table, parts, 2, PUMA_CLIENT));
}

/* Numbers and bits from every node that may bring some in, told to every node that may be told some. */
static void in_and_out(puma_session *s, size_t n)
{
    for (uint32_t node = 0; node < PUMA_NODES; node++) {
        const puma_tensor *x, *b;

        if (node != PUMA_CLIENT && node >= backend->parties) continue;
        if (is_dealer(node) && (backend->caps & PUMA_CAP_DEALER)) continue;
        x = bring(s, words_of(s, n, 48, 0), 40, node);
        b = bring(s, bits_of(s, n), 1, node);
        reveal(s, x, node);
        reveal(s, b, node);
    }
}

static void program(puma_session *s)
{
    static const size_t SIZES[] = { 5, 70 }; /* below and above a word of bits */

    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        size_t n = SIZES[i], scope = s->host->enter(s);

        linear(s, n);
        truncations(s, n);
        products(s, n);
        booleans(s, n);
        less(s, n, 24, 0, 24, 1);
        less(s, n, 64, 4, 40, 3);
        less(s, n, 64, 0, 64, 1);
        less(s, n, 9, 0, 9, 1);
        one_hots(s, n, 20);
        one_hots(s, n, 70);
        maxima(s, n, 6);
        maxima(s, n, 9);
        maxima(s, n, 12);
        tables(s, n);
        powers(s, n, 27, 18, 46, 18);
        powers(s, n, 12, 6, 24, 18);
        in_and_out(s, n);
        puma_leave(s, scope, NULL);
    }
    embedding(s, 3, 48);
    embedding(s, 3, 20);
    embedding(s, 2, 64);
    less(s, 3000, 9, 0, 9, 1); /* shorter digits */
}

/* --- nodes ------------------------------------------------------------------------------------ */

typedef struct node {
    const plugin *backend;
    net_config    wire;
    puma_error    error;
    pthread_t     thread;
} node;

static void *live(void *argument)
{
    node          *n = argument;
    net           *wire = NULL;
    puma_session  *s = NULL;
    session_config config = { .protocol = n->backend, .role = n->wire.self, .ring_bits = 64, .frac = 18 };

    if (net_open(&wire, &n->wire, &n->error) != PUMA_OK) return NULL;
    config.wire = wire;
    if (session_open(&s, &config, &n->error) == PUMA_OK) {
        program(s);
        if (s->status != PUMA_OK)
            n->error = *session_error(s);
        else
            net_finish(wire, &n->error);
    }
    if (n->error.status != PUMA_OK) net_abort(wire, &n->error);
    session_close(s);
    net_close(wire);
    return NULL;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = { "secrets", "masks", "opened" };
    const plugin            *found = NULL;
    plugin                   marked;
    puma_protocol            table;
    puma_error               e = { 0 };
    node                     nodes[PUMA_NODES] = { 0 };
    net_hub                 *hub = net_hub_new();
    bool                     good = hub != NULL;

    for (mode = RUN_SECRETS; mode < 3 && (argc != 3 || strcmp(argv[2], modes[mode]) != 0);) mode++;
    if (argc != 3 || mode == 3) {
        fprintf(stderr, "usage: ct FILE.so secrets|masks|opened\n");
        return 2;
    }
    if (plugin_open_file(&found, argv[1], &e) != PUMA_OK) {
        error_print(&e);
        return 1;
    }
    marked = *found;
    table = *found->protocol;
    backend_open = table.open;
    table.open = open_marked;
    marked.protocol = backend = &table;
    for (uint32_t i = 0; i < PUMA_NODES && good; i++) {
        if (i >= table.parties && i != PUMA_CLIENT) continue;
        nodes[i].backend = &marked;
        nodes[i].wire = (net_config){ .transport = NET_MEMORY,
                                      .self = i,
                                      .listen_fd = -1,
                                      .hub = hub,
                                      .dealer = table.dealer,
                                      .called_dealer = (table.caps & PUMA_CAP_DEALER) != 0,
                                      .connect_timeout_ms = 60000,
                                      .io_timeout_ms = 120000,
                                      .hello = "ct=1\n" };
        for (uint32_t k = 0; k < PUMA_NODES; k++)
            nodes[i].wire.present[k] = k < table.parties || k == PUMA_CLIENT;
        if (pthread_create(&nodes[i].thread, NULL, live, &nodes[i]) != 0) return 99;
    }
    for (uint32_t i = 0; i < PUMA_NODES && good; i++) {
        if (nodes[i].backend == NULL) continue;
        pthread_join(nodes[i].thread, NULL);
        if (nodes[i].error.status == PUMA_OK) continue;
        fprintf(stderr, "node %u: E%04u: %s\n", i, nodes[i].error.code, nodes[i].error.text);
        good = false;
    }
    net_hub_free(hub);
    return good ? 0 : 1;
}
#endif
