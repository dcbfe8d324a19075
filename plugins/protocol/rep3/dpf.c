/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* dpf.c - rows of a table by ids that the client alone knows (doc/rep3.md, "Embedding").
 *
 * The table is E = M - L1 - L2, each of the three held by two parties: M by P1 and P2, L1 by P0 and P1, L2 by
 * P0 and P2.  For each id and each of the three pairs of parties the client makes keys of a distributed point
 * function (dpf_keys.h): the pair's one-hot rows e, e' with e - e' = the id's unit row.  Row `id` of a
 * component is then e times it minus e' times it, each computed by one holder alone:
 *     P0: a0 = - e01 L1 - e02 L2      P1: a1 = e12 M + e01' L1      P2: a2 = - e12' M + e02' L2
 * and a0 + a1 + a2 is the row of E.  P0 deals a0 and P1, P2 open what they then hold.
 *
 * Messages and why they leak nothing:
 *   client -> each party   a key for the tree's AES (public), a seed for the party's roots (uniform, for it
 *                          alone), and the corrections of its two pairs.  Pairs are independent: roots of
 *                          their own, corrections of their own, so no party ever has both keys of one
 *                          function: it would read the id out of them, and three parties in pairs cannot
 *                          share one function without that.  One key alone is pseudorandom whatever the id.
 *   P0 -> P2               a0 - a, a from the stream of P0 and P1, which P2 lacks: Deal.  It depends on the
 *                          query, so it is billed online; P0 waits for the client's keys, for no party.
 *   P1 <-> P2              Open, whose masks are those of the result.
 * Lengths depend on the number of ids and the table's shape alone. */
#include "dpf_keys.h"
#include "rep3.h"

#include <openssl/crypto.h>

#define EXPANDED ((size_t)1 << 23) /* words of one-hot rows that exist at once: 64 MiB */

/* The pairs of parties, in the order in which a party's keys of them come. */
static const struct pair {
    uint32_t party[2]; /* holder 0 and 1 of the pair's keys          */
    uint32_t plane[2]; /* where they hold the component              */
    int      sign;     /* of the component in E                      */
} pairs[3] = {
    { { P1, P2 }, { 0, 0 }, 1 },
    { { P0, P1 }, { 0, 1 }, -1 },
    { { P0, P2 }, { 1, 1 }, -1 },
};

#define HEAD 4 /* words of a message before the keys: the tree's AES key and the party's seed */

/* What is looked up: n rows of the table, each the sum of one row of every part, in Z_{2^bits}. */
typedef struct query {
    const puma_tensor *table;
    const puma_index  *parts;
    size_t             count, n;
    uint32_t           bits;
} query;

/* Words of the message to one party: its head and two pairs' keys, bit by bit. */
static size_t message_words(const query *e)
{
    size_t sum = 0;

    for (size_t p = 0; p < e->count; p++) {
        dpf_shape f = dpf_shape_of(e->parts[p].rows, e->bits);

        sum += 2 * e->n * dpf_key_bits(&f);
    }
    return HEAD + (sum + 63) / 64;
}

static puma_status failed(struct masked *r)
{
    return r->base.host->fail(&r->base, PUMA_EINTERNAL, "OpenSSL's AES-128-ECB failed");
}

/* --- the client ------------------------------------------------------------------------------- */

/* Keys of one pair for one part, to the lines of its two parties. */
static puma_status make_keys(struct masked *r, const query *e, const puma_index *part, dpf_cipher *tree,
                             dpf_block *roots[2], uint64_t *const line[2], size_t *const at[2])
{
    const puma_host       *host = r->base.host;
    const dpf_shape        f = dpf_shape_of(part->rows, e->bits);
    const dpf_block *const both[2] = { roots[0], roots[1] };
    size_t                 n = e->n, words = dpf_key_words(&f), mark = host->enter(&r->base);
    uint64_t              *keys = host->scratch(&r->base, n * words);
    dpf_block             *room = (dpf_block *)(void *)host->scratch(&r->base, 20 * n);
    puma_status            status = r->base.status;

    if (keys != NULL && room != NULL) {
        if (!dpf_make(keys, &f, tree, part->ids, n, both, room)) status = failed(r);
        for (size_t i = 0; i < n; i++)
            for (int h = 0; h < 2; h++) dpf_key_put(line[h], at[h], keys + i * words, &f);
    }
    puma_leave(&r->base, mark, NULL);
    return status;
}

static puma_status send_keys(struct masked *r, const query *e)
{
    const puma_host *host = r->base.host;
    puma_prg        *own = host->prg_own(&r->base, "rep3 embedding keys");
    size_t           size = message_words(e), mine = 2 * e->count * e->n;
    size_t           at[3], used[3] = { 0 };
    uint64_t        *line[3];
    dpf_block       *roots[3];
    dpf_cipher      *tree = NULL;
    puma_status      status;

    for (uint32_t p = 0; p < 3; p++) {
        line[p] = host->scratch(&r->base, size);
        roots[p] = (dpf_block *)(void *)host->scratch(&r->base, 2 * mine);
        at[p] = 64 * HEAD;
    }
    status = r->base.status;
    if (own == NULL || status != PUMA_OK) return r->base.status;
    host->prg_words(own, line[0], 2, 64);
    tree = dpf_cipher_new(line[0]);
    if (tree == NULL) return failed(r);
    for (uint32_t p = 0; p < 3 && status == PUMA_OK; p++) {
        line[p][0] = line[0][0];
        line[p][1] = line[0][1];
        host->prg_words(own, line[p] + 2, 2, 64);
        if (!dpf_roots(roots[p], mine, line[p] + 2)) status = failed(r);
    }
    for (uint32_t q = 0; q < 3; q++)
        for (size_t p = 0; p < e->count && status == PUMA_OK; p++) {
            const uint32_t *who = pairs[q].party;
            dpf_block      *both[2] = { roots[who[0]] + used[who[0]], roots[who[1]] + used[who[1]] };
            uint64_t *const lines[2] = { line[who[0]], line[who[1]] };
            size_t *const   ats[2] = { &at[who[0]], &at[who[1]] };

            status = make_keys(r, e, &e->parts[p], tree, both, lines, ats);
            used[who[0]] += e->n;
            used[who[1]] += e->n;
        }
    for (uint32_t p = 0; p < 3; p++) {
        if (status == PUMA_OK) status = host->send(&r->base, p, line[p], size, 64, PUMA_ONLINE);
        OPENSSL_cleanse(line[p], size * sizeof *line[p]);
        OPENSSL_cleanse(roots[p], mine * sizeof *roots[p]);
    }
    dpf_cipher_free(tree);
    return status;
}

/* --- the parties ------------------------------------------------------------------------------ */

/* A party's message as it is read: keys come off the line, and a root belongs to each. */
typedef struct reader {
    dpf_cipher      *tree;
    const dpf_block *roots; /* of the keys that come next */
    const uint64_t  *line;
    size_t           at; /* bit of the line            */
} reader;

/* y += this holder's one-hot rows times its component's rows of the part; some ids at a time. */
static puma_status multiply(struct masked *r, uint64_t *y, const query *e, const puma_index *part,
                            const struct pair *q, int holder, reader *in)
{
    const puma_host   *host = r->base.host;
    const puma_tensor *table = e->table;
    const dpf_shape    f = dpf_shape_of(part->rows, e->bits);
    const uint64_t    *component = table->plane[q->plane[holder]] + part->first * table->dim[1];
    size_t             columns = table->dim[1], some = EXPANDED / part->rows, mark = host->enter(&r->base);
    int                sign = holder == 0 ? q->sign : -q->sign;
    uint64_t          *key = host->scratch(&r->base, dpf_key_words(&f)), *rows;
    dpf_block         *room = (dpf_block *)(void *)host->scratch(&r->base, 12 * (f.blocks + 1));
    puma_gemm          g = { .batch = 1, .n = columns, .k = part->rows, .sign = sign, .bits = e->bits };
    puma_status        status;

    if (some == 0) some = 1;
    if (some > e->n) some = e->n;
    rows = host->scratch(&r->base, some * part->rows);
    status = r->base.status;
    for (size_t i = 0; i < e->n && status == PUMA_OK; i += some) {
        if (some > e->n - i) some = e->n - i;
        for (size_t t = 0; t < some && status == PUMA_OK; t++) {
            dpf_key_take(key, in->line, &in->at, &f);
            if (!dpf_expand(rows + t * part->rows, &f, in->tree, holder, in->roots++, key, room))
                status = failed(r);
        }
        g.m = some;
        host->ring->matmul(y + i * columns, rows, component, &g);
    }
    if (room != NULL) OPENSSL_cleanse(room, 6 * (f.blocks + 1) * sizeof *room);
    puma_leave(&r->base, mark, NULL);
    return status;
}

/* y = this party's addend of the rows, from its keys. */
static puma_status local_rows(struct masked *r, uint64_t *y, const query *e)
{
    const puma_host *host = r->base.host;
    size_t           size = message_words(e), mine = 2 * e->count * e->n;
    uint64_t        *line = host->scratch(&r->base, size);
    dpf_block       *roots = (dpf_block *)(void *)host->scratch(&r->base, 2 * mine);
    reader           in = { .roots = roots, .line = line, .at = 64 * HEAD };
    puma_status      status = r->base.status;

    if (line == NULL || roots == NULL) return status;
    status = host->recv(&r->base, PUMA_CLIENT, line, size, 64);
    if (status == PUMA_OK) {
        in.tree = dpf_cipher_new(line);
        if (in.tree == NULL || !dpf_roots(roots, mine, line + 2)) status = failed(r);
    }
    for (uint32_t q = 0; q < 3; q++)
        for (int h = 0; h < 2; h++)
            for (size_t p = 0; p < e->count && pairs[q].party[h] == r->base.role && status == PUMA_OK; p++)
                status = multiply(r, y, e, &e->parts[p], &pairs[q], h, &in);
    host->ring->reduce(y, y, e->bits, e->n * e->table->dim[1]);
    OPENSSL_cleanse(roots, mine * sizeof *roots);
    OPENSSL_cleanse(line, size * sizeof *line);
    dpf_cipher_free(in.tree);
    return status;
}

/* k + 2k bits an entry between the parties, all online, P0's message and the Open one after the other. */
puma_status rep3_embed(puma_session *s, puma_tensor *z, const puma_tensor *table, const puma_index *parts,
                       size_t count, uint32_t from)
{
    struct masked   *r = masked_of(s);
    const puma_host *host = s->host;
    const query      e = { .table = table, .parts = parts, .count = count, .n = z->dim[0], .bits = z->bits };
    size_t           mark = host->enter(s);
    uint64_t        *y, *dealt;
    puma_status      status;

    if (from != PUMA_CLIENT) {
        status = host->fail(s, PUMA_EINTERNAL, "rep3 embeds by ids of the client alone (asked for node %u's)",
                            from);
    } else if (s->role == PUMA_CLIENT) {
        status = send_keys(r, &e);
    } else {
        y = host->scratch(s, z->n);
        dealt = host->scratch(s, z->n);
        status = s->status;
        if (y != NULL && dealt != NULL) status = local_rows(r, y, &e);
        if (status == PUMA_OK && s->role == P2) {
            status = host->recv(s, P0, dealt, z->n, z->bits);
        } else if (status == PUMA_OK) {
            host->prg_words(r->stream1, dealt, z->n, z->bits);
            if (s->role == P0) {
                host->ring->sub(y, y, dealt, z->n);
                host->ring->reduce(y, y, z->bits, z->n);
                status = host->send(s, P2, y, z->n, z->bits, PUMA_ONLINE); /* one-time padded by `dealt` */
            }
        }
        if (status == PUMA_OK && s->role != P0) {
            host->ring->add(y, y, dealt, z->n);
            host->ring->reduce(y, y, z->bits, z->n);
        }
        if (status == PUMA_OK) status = masked_remask(r, z, y);
    }
    puma_leave(s, mark, NULL);
    return status;
}
