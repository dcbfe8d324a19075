/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* additive.c - a protocol backend to learn from: two parties, a dealer, and nothing but the core.
 *
 *     a number   x = x0 + x1 mod 2^64       party i holds xi in its one plane
 *     a bit      b = b0 ^ b1                 likewise, 64 to a word
 *
 * The dealer, node 2, hands out random numbers that are related to each other and hears nothing from anybody
 * (Beaver, CRYPTO 1991).  There is one ring.  Every operation is made of three patterns, and is as secure:
 *   draw   each party takes its half from a stream that it shares with the dealer, who so knows the whole.
 *          No message.  A party knows its own half alone, and that is uniform.
 *   deal   the dealer knows v.  Party 0 draws its half from its stream, party 1 is sent v minus it: a
 *          one-time pad, for party 1 does not hold that stream and no stretch of it is used twice.
 *   open   the parties exchange their halves of x - a, with a drawn for this alone: what either learns is
 *          uniform, for it lacks the other's half of a.
 * Everybody follows the protocol; the dealer together with one party sees everything. */
#include <puma/protocol.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DEALER = 2 };

struct additive {
    puma_session base;    /* first, so that a session's pointer is ours           */
    puma_prg    *half[2]; /* what the dealer shares with party 0 and with party 1 */
    puma_prg    *pair;    /* what the two parties share                           */
    puma_prg    *input;   /* what the client shares with party 0                  */
};

static struct additive *of(puma_session *s) { return (struct additive *)s; }
static bool             deals(const struct additive *r) { return r->base.role == DEALER; }
static uint64_t        *room(struct additive *r, size_t n) { return r->base.host->scratch(&r->base, n); }

/* z = x + y or x - y on n words; of packed bits (kind PUMA_BIT) both are the exclusive or. */
static void combine(const struct additive *r, uint32_t kind, uint64_t *z, const uint64_t *x,
                    const uint64_t *y, size_t n, int sign)
{
    for (size_t i = 0; kind == PUMA_BIT && i < n; i++) z[i] = x[i] ^ y[i];
    if (kind == PUMA_ARITH && sign > 0) r->base.host->ring->add(z, x, y, n);
    if (kind == PUMA_ARITH && sign < 0) r->base.host->ring->sub(z, x, y, n);
}

/* Of a tensor of bits: those behind the last one are 0. */
static void clear_tail(puma_tensor *z)
{
    if (z->kind == PUMA_BIT && z->n % 64 != 0) z->plane[0][z->words - 1] &= (1ull << z->n % 64) - 1;
}

/* --- the three patterns ------------------------------------------------------------------------- */

/* n fresh random words: a party gets its half, the dealer the whole. */
static uint64_t *draw(struct additive *r, uint32_t kind, size_t n)
{
    uint64_t *out = room(r, n), *other = room(r, deals(r) ? n : 0);

    if (out == NULL || other == NULL) return NULL;
    r->base.host->prg_words(r->half[deals(r) ? 0 : r->base.role], out, n, 64);
    if (!deals(r)) return out;
    r->base.host->prg_words(r->half[1], other, n, 64);
    combine(r, kind, out, out, other, n, 1);
    return out;
}

/* Halves of n words `v`, which the dealer alone looks at.  64 n bits from the dealer to party 1, offline. */
static uint64_t *deal(struct additive *r, uint32_t kind, const uint64_t *v, size_t n)
{
    const puma_host *host = r->base.host;
    uint64_t        *half = room(r, n);

    if (half == NULL) return NULL;
    if (r->base.role == 1) return host->recv(&r->base, DEALER, half, n, 64) == PUMA_OK ? half : NULL;
    host->prg_words(r->half[0], half, n, 64);
    if (!deals(r)) return half;
    combine(r, kind, half, v, half, n, -1);
    return host->send(&r->base, 1, half, n, 64, PUMA_OFFLINE) == PUMA_OK ? half : NULL;
}

/* A half becomes the whole, at the parties.  64 n bits each way, one round. */
static puma_status open_words(struct additive *r, uint32_t kind, uint64_t *half, size_t n)
{
    const puma_host *host = r->base.host;
    uint64_t        *theirs = deals(r) ? NULL : room(r, n);
    uint32_t         other = 1 - r->base.role;

    if (theirs == NULL || host->send(&r->base, other, half, n, 64, PUMA_ONLINE) != PUMA_OK ||
        host->recv(&r->base, other, theirs, n, 64) != PUMA_OK)
        return r->base.status;
    combine(r, kind, half, half, theirs, n, 1);
    return PUMA_OK;
}

/* --- in and out --------------------------------------------------------------------------------- */

/* From the client: party 0's half is their stream, party 1 is sent the rest.  From a party: the other's half
 * is the parties' stream, and nothing is sent.  Either way a half is uniform.  64 n bits, or none. */
static puma_status share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from)
{
    struct additive *r = of(s);
    uint64_t        *half = z->plane[0];
    bool             client = from == PUMA_CLIENT;
    puma_status      status = s->status;

    if (deals(r) || (s->role == PUMA_CLIENT && !client)) return status;
    if (client && s->role == 1) {
        status = s->host->recv(s, from, half, z->words, 64);
    } else {
        s->host->prg_words(client ? r->input : r->pair, half, z->words, 64);
        if (s->role == from) combine(r, z->kind, half, words, half, z->words, -1);
    }
    /* A half is sent with its tail, so that all of a word is uniform, and kept without. */
    if (s->role == PUMA_CLIENT) return s->host->send(s, 1, half, z->words, 64, PUMA_ONLINE);
    clear_tail(z);
    return status;
}

/* The halves, moved by one stretch of the parties' stream in opposite ways: what `to` sees is uniform but for
 * its sum, whatever the halves went through before.  64 n bits from each other party, one round. */
static puma_status reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    struct additive *r = of(s);
    size_t           mark = s->host->enter(s);
    uint64_t        *mine = room(r, x->words), *other = room(r, x->words);
    puma_status      status = s->status;

    if (status == PUMA_OK && s->role < DEALER) {
        s->host->prg_words(r->pair, other, x->words, 64);
        combine(r, x->kind, mine, x->plane[0], other, x->words, s->role == 0 ? 1 : -1);
        if (s->role != to) status = s->host->send(s, to, mine, x->words, 64, PUMA_ONLINE);
    }
    for (uint32_t p = 0; p < DEALER && s->role == to && status == PUMA_OK; p++) {
        if (p == to) continue;
        status = s->host->recv(s, p, other, x->words, 64);
        combine(r, x->kind, mine, mine, other, x->words, 1); /* the client's began as 0 */
    }
    if (status == PUMA_OK && s->role == to) memcpy(out, mine, x->words * sizeof *out);
    puma_leave(s, mark, NULL);
    return status;
}

/* --- what each party does to its own half --------------------------------------------------------- */

static puma_status add(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    combine(of(s), z->kind, z->plane[0], x->plane[0], y->plane[0], z->words, 1);
    return s->status;
}

static puma_status sub(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    combine(of(s), PUMA_ARITH, z->plane[0], x->plane[0], y->plane[0], z->words, -1);
    return s->status;
}

/* Constants are party 0's affair. */
static puma_status add_public(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c,
                              size_t nc)
{
    for (size_t i = 0; i < z->n; i++) z->plane[0][i] = x->plane[0][i] + (s->role == 0 ? c[i % nc] : 0);
    return s->status;
}

static puma_status scale(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c, size_t nc)
{
    for (size_t i = 0; i < z->n; i++) z->plane[0][i] = x->plane[0][i] * c[i % nc];
    return s->status;
}

static puma_status sum(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    if (z->n > 0) s->host->ring->sum_rows(z->plane[0], x->plane[0], z->n, x->n / z->n);
    return s->status;
}

static puma_status not(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    for (size_t i = 0; i < z->words; i++) z->plane[0][i] = s->role == 0 ? ~x->plane[0][i] : x->plane[0][i];
    clear_tail(z);
    return s->status;
}

/* --- products ------------------------------------------------------------------------------------- */

/* z (n) += x times y.  t: the summand of a product in whose operands' places they are; NULL: packed bits. */
static void times(const struct additive *r, const puma_term *t, uint64_t *z, size_t n, const uint64_t *x,
                  const uint64_t *y)
{
    puma_gemm     g = { .batch = 1, .sign = 1, .bits = 64 };
    const size_t *dy;
    uint32_t      rx, ry;

    for (size_t i = 0; t == NULL && i < n; i++) z[i] ^= x[i] & y[i];
    for (size_t i = 0; t != NULL && t->op == PUMA_TERM_MUL && i < n; i++)
        z[i] += x[i] * y[t->y_rows ? i / (n / t->y->n) : i % t->y->n];
    if (t == NULL || t->op == PUMA_TERM_MUL) return;
    rx = t->x->rank;
    ry = t->w != NULL ? 2 : t->y->rank;
    dy = t->w != NULL ? t->w->dim : t->y->dim;
    for (uint32_t i = 0; i + 2 < rx; i++) g.batch *= t->x->dim[i];
    g.m = t->x->dim[rx - 2];
    g.k = t->x->dim[rx - 1];
    g.n = dy[ry - (t->y_transposed ? 2 : 1)];
    g.b_transposed = t->y_transposed;
    g.b_batched = ry > 2;
    r->base.host->ring->matmul(z, x, y, &g);
}

/* z (n) += x times y from halves, by a triple a, b, c = a times b: with e = x - a and f = y - b opened
 *     x y = e (f + b) + a f + c.          64 n bits offline, 128 (|x| + |y|) online, one round. */
static puma_status multiply(struct additive *r, const puma_term *t, uint64_t *z, size_t n, const uint64_t *x,
                            size_t nx, const uint64_t *y, size_t ny)
{
    uint32_t  kind = t == NULL ? PUMA_BIT : PUMA_ARITH;
    uint64_t *a = draw(r, kind, nx), *b = draw(r, kind, ny), *c = room(r, n), *e = room(r, nx + ny);
    uint64_t *f = e + nx;

    if (a == NULL || b == NULL || c == NULL || e == NULL) return r->base.status;
    if (deals(r)) times(r, t, c, n, a, b);
    c = deal(r, kind, c, n);
    if (c == NULL || deals(r)) return r->base.status;
    combine(r, kind, e, x, a, nx, -1);
    combine(r, kind, f, y, b, ny, -1);
    if (open_words(r, kind, e, nx + ny) != PUMA_OK) return r->base.status;
    if (r->base.role == 0) combine(r, kind, b, b, f, ny, 1); /* e f is in one party's half */
    times(r, t, z, n, e, b);
    times(r, t, z, n, a, f);
    combine(r, kind, z, z, c, n, 1);
    return PUMA_OK;
}

static puma_status add_term(struct additive *r, uint64_t *acc, size_t n, const puma_term *t, uint32_t frac)
{
    const uint64_t *x = t->x->plane[0];
    size_t          nw = t->w != NULL ? t->w->dim[0] * t->w->dim[1] : 0;
    uint64_t       *w = room(r, nw);

    for (size_t i = 0; t->op == PUMA_TERM_ADD && i < n; i++) acc[i] += x[i % t->x->n] << (frac - t->x->frac);
    if (t->op == PUMA_TERM_MUL || t->op == PUMA_TERM_MATMUL)
        return multiply(r, t, acc, n, x, t->x->n, t->y->plane[0], t->y->n);
    if (t->op == PUMA_TERM_ADD || w == NULL) return r->base.status;
    puma_public_words(w, t->w);
    times(r, t, acc, n, x, w); /* public: each party multiplies its half, no message */
    return PUMA_OK;
}

/* y / 2^shift, |y| < 2^62: with r drawn, c = y + 2^62 + r is opened.  As integers y + 2^62 = c - r, plus 2^64
 * where the sum wrapped, which it did exactly where r's highest bit is set and c's is not:
 *     y / 2^shift  =  (c >> shift) - (r >> shift) + 2^(64-shift) msb(r) (1 - msb(c)) - 2^(62-shift)
 * up to one unit.  r >> shift and 2^(64-shift) msb(r) are dealt.  128 n bits offline and online; a round. */
static puma_status truncate(struct additive *r, uint64_t *z, const uint64_t *y, size_t n, uint32_t shift)
{
    uint64_t *mask = draw(r, PUMA_ARITH, n), *low = room(r, n), *wrap = room(r, n), *c = room(r, n);

    if (mask == NULL || low == NULL || wrap == NULL || c == NULL) return r->base.status;
    for (size_t i = 0; i < n && deals(r); i++) {
        low[i] = mask[i] >> shift;
        wrap[i] = mask[i] >> 63 << (64 - shift);
    }
    low = deal(r, PUMA_ARITH, low, n);
    wrap = deal(r, PUMA_ARITH, wrap, n);
    if (low == NULL || wrap == NULL || deals(r)) return r->base.status;
    for (size_t i = 0; i < n; i++) c[i] = y[i] + mask[i] + (r->base.role == 0 ? 1ull << 62 : 0);
    if (open_words(r, PUMA_ARITH, c, n) != PUMA_OK) return r->base.status;
    for (size_t i = 0; i < n; i++) {
        z[i] = (c[i] >> 63 ^ 1) * wrap[i] - low[i];
        if (r->base.role == 0) z[i] += (c[i] >> shift) - (1ull << (62 - shift));
    }
    return PUMA_OK;
}

/* A round for each secret product and one for the truncation; a fast backend opens all products at once. */
static puma_status product(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count,
                           uint32_t shift)
{
    size_t      mark = s->host->enter(s);
    uint64_t   *acc = room(of(s), z->n);
    puma_status status = s->status;

    for (size_t j = 0; j < count && status == PUMA_OK && z->n > 0; j++)
        status = add_term(of(s), acc, z->n, &terms[j], z->frac + shift);
    if (status == PUMA_OK && shift > 0) status = truncate(of(s), z->plane[0], acc, z->n, shift);
    if (status == PUMA_OK && shift == 0) memcpy(z->plane[0], acc, z->n * sizeof *acc);
    puma_leave(s, mark, NULL);
    return status;
}

static puma_status trunc_(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift)
{
    const puma_term only = { .op = PUMA_TERM_ADD, .x = x };

    return product(s, z, &only, 1, shift);
}

/* --- bits ----------------------------------------------------------------------------------------- */

static puma_status and(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    size_t      mark = s->host->enter(s);
    puma_status status =
        multiply(of(s), NULL, z->plane[0], z->words, x->plane[0], x->words, y->plane[0], y->words);

    clear_tail(z);
    puma_leave(s, mark, NULL);
    return status;
}

/* z ^= the highest bits of v (n numbers).  With r drawn m = v + r is opened; v = m - r has the highest bit
 * msb(m) ^ msb(r) ^ borrow, where r's bits are dealt and the borrow goes up from bit to bit:
 *     borrow = [m_i < r_i] ^ [m_i = r_i] borrow, m_i being public.
 * 127 n bits offline, 128 n + 252 n online, 64 rounds: a fast backend joins the bits in a tree. */
static puma_status highest_bits(struct additive *r, uint64_t *z, const uint64_t *v, size_t n)
{
    size_t    words = (n + 63) / 64;
    uint64_t *mask = draw(r, PUMA_ARITH, n), *bits = room(r, 64 * words), *m = room(r, n),
             *borrow = room(r, words);
    uint64_t  first = r->base.role == 0;

    if (mask == NULL || bits == NULL || m == NULL || borrow == NULL) return r->base.status;
    for (size_t k = 0; k < 64 * n && deals(r); k++)
        bits[k / n * words + k % n / 64] |= (mask[k % n] >> k / n & 1) << k % n % 64;
    bits = deal(r, PUMA_BIT, bits, 64 * words);
    combine(r, PUMA_ARITH, m, v, mask, n, 1);
    if (bits == NULL || open_words(r, PUMA_ARITH, m, n) != PUMA_OK) return r->base.status;
    for (size_t bit = 0; bit < 63; bit++, bits += words) {
        uint64_t *less = room(r, words), *equal = room(r, words);

        for (size_t i = 0; less != NULL && equal != NULL && i < n; i++) {
            uint64_t own = bits[i / 64] >> i % 64 & 1, open = m[i] >> bit & 1;

            less[i / 64] |= (open == 0 ? own : 0) << i % 64;
            equal[i / 64] |= (own ^ (first & (open ^ 1))) << i % 64;
        }
        if (multiply(r, NULL, less, words, equal, words, borrow, words) != PUMA_OK) return r->base.status;
        borrow = less;
    }
    combine(r, PUMA_BIT, z, borrow, bits, words, 1);
    for (size_t i = 0; i < n; i++) z[i / 64] ^= (first & m[i] >> 63) << i % 64;
    return PUMA_OK;
}

/* [x < c] is the highest bit of x - c, for all thresholds at once; `low` and `width` could save some bits. */
static puma_status less(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c,
                        size_t count, uint32_t low, uint32_t width)
{
    size_t    mark = s->host->enter(s), words = z[0]->words, all = 64 * count * words; /* word-aligned */
    uint64_t *v = room(of(s), all), *out = room(of(s), count * words);

    (void)low, (void)width;
    for (size_t j = 0; s->status == PUMA_OK && j < count; j++)
        s->host->ring->offset(v + j * 64 * words, x->plane[0], s->role == 0 ? 0 - c[j] : 0, x->n);
    if (s->status == PUMA_OK && x->n > 0) highest_bits(of(s), out, v, all);
    for (size_t j = 0; s->status == PUMA_OK && j < count; j++) {
        if (x->n > 0) memcpy(z[j]->plane[0], out + j * words, words * sizeof *out);
        clear_tail(z[j]);
    }
    puma_leave(s, mark, NULL);
    return s->status;
}

/* A bit as the number 0 or 1, in z: with a bit t drawn m = b ^ t is opened, b = m + (1 - 2 m) t, and t is
 * dealt as a number.  64 n bits offline, 2 n online, one round. */
static puma_status to_number(struct additive *r, puma_tensor *z, const puma_tensor *bit)
{
    uint64_t *t = draw(r, PUMA_BIT, bit->words), *number = room(r, z->n), *m = room(r, bit->words);

    if (t == NULL || number == NULL || m == NULL) return r->base.status;
    for (size_t i = 0; i < z->n && deals(r); i++) number[i] = t[i / 64] >> i % 64 & 1;
    number = deal(r, PUMA_ARITH, number, z->n);
    combine(r, PUMA_BIT, m, bit->plane[0], t, bit->words, 1);
    if (number == NULL || open_words(r, PUMA_BIT, m, bit->words) != PUMA_OK) return r->base.status;
    for (size_t i = 0; i < z->n && !deals(r); i++) {
        uint64_t open = m[i / 64] >> i % 64 & 1;

        z->plane[0][i] = (r->base.role == 0 ? open : 0) + (1 - 2 * open) * number[i];
    }
    return PUMA_OK;
}

/* Two rounds a choice; a fast backend makes one of all. */
static puma_status mux_sum(puma_session *s, puma_tensor *z, const puma_choice *choices, size_t count)
{
    puma_status status = s->status;

    for (size_t j = 0; j < count && status == PUMA_OK && z->n > 0; j++) {
        const puma_choice *c = &choices[j];
        size_t             mark = s->host->enter(s);
        puma_tensor       *b = s->host->tensor(s, PUMA_ARITH, 1, &z->n, 64, 0);
        puma_tensor       *v = s->host->tensor(s, PUMA_ARITH, 1, &z->n, 64, 0);
        const puma_term    term = { .op = PUMA_TERM_MUL, .x = b, .y = c->value };

        status = b == NULL || v == NULL ? s->status : to_number(of(s), b, c->bit);
        if (status == PUMA_OK && c->value != NULL) status = add_term(of(s), v->plane[0], z->n, &term, 0);
        if (c->value == NULL) v = b;
        if (status == PUMA_OK) s->host->ring->scale_add(z->plane[0], v->plane[0], c->coefficient, z->n);
        puma_leave(s, mark, NULL);
    }
    return status;
}

/* --- the session, and the table ------------------------------------------------------------------- */

/* A stream for each pair that needs one: the host gives both ends the same, and nobody else has it. */
static puma_status open_session(puma_session **s, const puma_session *base)
{
    struct additive *r = calloc(1, sizeof *r);
    const puma_host *host = base->host;
    uint32_t         self = base->role;
    puma_status      status;

    if (r == NULL) return PUMA_ERESOURCE;
    r->base = *base;
    for (uint32_t p = 0; p < DEALER; p++) {
        if (self == DEALER) r->half[p] = host->prg_pair(&r->base, p, "additive dealer");
        if (self == p) r->half[p] = host->prg_pair(&r->base, DEALER, "additive dealer");
    }
    if (self < DEALER) r->pair = host->prg_pair(&r->base, 1 - self, "additive pair");
    if (self == 0 || self == PUMA_CLIENT)
        r->input = host->prg_pair(&r->base, self == 0 ? PUMA_CLIENT : 0, "additive input");
    status = r->base.status;
    if (status == PUMA_OK) *s = &r->base;
    else free(r);
    return status;
}

static void close_session(puma_session *s) { free(s); }

static const puma_protocol table = {
    .struct_size = sizeof(puma_protocol),
    .parties = 3, .dealer = DEALER, .planes = 1, .bit_planes = 1, /* two that compute, and the dealer       */
    .caps = PUMA_CAP_DEALER | PUMA_CAP_PUBLIC, /* no PUMA_CAP_RINGS: every tensor comes with 64 bits        */
    .open = open_session, .close = close_session, .share = share, .reveal = reveal, .add = add, .sub = sub,
    .add_public = add_public, .scale = scale, .sum = sum, .product = product, .trunc = trunc_, .xor_ = add,
    .not_ = not, .and_ = and, .less = less, .mux_sum = mux_sum,
};

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION, .struct_size = sizeof(puma_plugin),
    .name = "additive", .version = "0.1.0", .protocol = &table,
    .summary = "a template: 2PC with a dealer, additive sharing in one ring, semi-honest",
};
