/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* io.c - share and reveal (doc/rep3.md, "Input and output").
 *
 * From the client: l1 comes from a stream known to the client, P0 and P1, l2 from one known to the client, P0
 * and P2; m = x + l1 + l2 goes to P1 and P2, each of which lacks one of the two masks.  2 n bits.
 * From P0: the same with P0's own streams.  From P1: l2 is 0 (public), and m = x + l1 goes to P2, which lacks
 * l1; from P2 likewise.  n bits.
 * Random: l1 and l2 come from P0's two streams, m from one that P1 and P2 share and P0 does not: P1 lacks l2, P2
 * lacks l1, P0 lacks m, and the client has no stream of these.  No message.
 * Reveal to the client: P1 sends m - l1, P2 sends l2 (2 n bits, P0 silent): l2 = (m - l1) - x, so the client
 * sees x and a uniform value. */
#include "masked.h"

#include <string.h>

/* z = x (sign 1) plus or (sign -1) minus y, in the group of the tensor's kind. */
static void combine(const struct masked *r, const puma_tensor *t, uint64_t *z, const uint64_t *x,
                    const uint64_t *y, int sign)
{
    if (t->kind == PUMA_BIT) {
        for (size_t w = 0; w < t->words; w++) z[w] = x[w] ^ y[w];
        return;
    }
    if (sign > 0)
        kernels(r)->add(z, x, y, t->n);
    else
        kernels(r)->sub(z, x, y, t->n);
    kernels(r)->reduce(z, z, t->bits, t->n);
}

static void draw(const struct masked *r, const puma_tensor *t, puma_prg *stream, uint64_t *to)
{
    if (t->kind == PUMA_BIT)
        r->base.host->prg_bits(stream, to, t->n);
    else
        r->base.host->prg_words(stream, to, t->n, t->bits);
}

static puma_status send(struct masked *r, const puma_tensor *t, uint32_t to, const uint64_t *words)
{
    const puma_host *host = r->base.host;

    return t->kind == PUMA_BIT ? host->send_bits(&r->base, to, words, t->n, PUMA_ONLINE)
                               : host->send(&r->base, to, words, t->n, t->bits, PUMA_ONLINE);
}

static puma_status recv(struct masked *r, const puma_tensor *t, uint32_t from, uint64_t *words)
{
    const puma_host *host = r->base.host;

    return t->kind == PUMA_BIT ? host->recv_bits(&r->base, from, words, t->n)
                               : host->recv(&r->base, from, words, t->n, t->bits);
}

/* m += a mask from the stream, which goes to `keep` if that is not NULL; by stretches of MASKED_AT_ONCE
 * words, for a mask that is not kept needs no memory of the tensor's size. */
enum { MASKED_AT_ONCE = 4096 };

static void add_mask(const struct masked *r, const puma_tensor *t, uint64_t *m, puma_prg *stream,
                     uint64_t *room, uint64_t *keep)
{
    puma_tensor part = *t;

    for (size_t at = 0; at < t->words; at += part.words) {
        uint64_t *mask = keep != NULL ? keep + at : room;

        part.words = t->words - at < MASKED_AT_ONCE ? t->words - at : MASKED_AT_ONCE;
        if (t->kind != PUMA_BIT)
            part.n = part.words;
        else
            part.n = at + part.words < t->words ? 64 * part.words : t->n - 64 * at;
        draw(r, &part, stream, mask);
        combine(r, &part, m + at, m + at, mask, 1);
    }
}

/* At the node that brings x in: m = x + the masks it draws. */
static puma_status share_own(struct masked *r, puma_tensor *z, const uint64_t *words, puma_prg *first,
                             puma_prg *second)
{
    uint64_t   *m = r->base.host->scratch(&r->base, z->words);
    uint64_t   *room = r->base.host->scratch(&r->base, MASKED_AT_ONCE);
    uint32_t    role = r->base.role;
    puma_status status;

    if (m == NULL || room == NULL) return r->base.status;
    memcpy(m, words, z->words * sizeof *m);
    if (first != NULL)
        add_mask(r, z, m, first, room, role == P0 ? z->plane[0] : role == P1 ? z->plane[1] : NULL);
    if (second != NULL) add_mask(r, z, m, second, room, role == P0 || role == P2 ? z->plane[1] : NULL);
    if (role == P1 || role == P2) {
        memcpy(z->plane[0], m, z->words * sizeof *m);
        return send(r, z, other(r), m);
    }
    status = send(r, z, P1, m);
    return status == PUMA_OK ? send(r, z, P2, m) : status;
}

puma_status masked_share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from)
{
    struct masked *r = masked_of(s);
    bool           client = from == PUMA_CLIENT;
    puma_prg      *first = client ? r->input1 : r->stream1, *second = client ? r->input2 : r->stream2;
    puma_status    status = PUMA_OK;
    size_t         mark = s->host->enter(s);

    if (from == P1) second = NULL;
    if (from == P2) first = NULL;
    if (s->role == from) {
        status = share_own(r, z, words, first, second);
    } else if (s->role == P0) {
        if (first != NULL) draw(r, z, first, z->plane[0]);
        if (second != NULL) draw(r, z, second, z->plane[1]);
    } else if (s->role == P1 || s->role == P2) {
        puma_prg *mine = s->role == P1 ? first : second;

        if (mine != NULL) draw(r, z, mine, z->plane[1]);
        status = recv(r, z, from, z->plane[0]);
    }
    puma_leave(s, mark, NULL);
    return status;
}

puma_status masked_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    struct masked *r = masked_of(s);
    size_t         mark = s->host->enter(s);
    uint64_t      *a = s->host->scratch(s, x->words), *b = s->host->scratch(s, x->words);
    puma_status    status = s->status;

    if (a != NULL && b != NULL && status == PUMA_OK) {
        if (to == PUMA_CLIENT) {
            if (s->role == P1) {
                combine(r, x, a, x->plane[0], x->plane[1], -1);
                status = send(r, x, to, a);
            } else if (s->role == P2) {
                status = send(r, x, to, x->plane[1]);
            } else if (s->role == to) {
                status = recv(r, x, P1, a);
                if (status == PUMA_OK) status = recv(r, x, P2, b);
                combine(r, x, out, a, b, -1);
            }
        } else {
            uint32_t from = to == P1 ? P2 : P1; /* P2 sends l2 to P1; P1 sends l1 to P2, m to P0 */

            if (s->role == from) {
                status = send(r, x, to, to == P0 ? x->plane[0] : x->plane[1]);
            } else if (s->role == to) {
                status = recv(r, x, from, a);
                if (to == P0) {
                    combine(r, x, b, a, x->plane[0], -1);
                    combine(r, x, out, b, x->plane[1], -1);
                } else {
                    combine(r, x, b, x->plane[0], x->plane[1], -1);
                    combine(r, x, out, b, a, -1);
                }
            }
        }
    }
    puma_leave(s, mark, NULL);
    return status;
}

static puma_status random_words(puma_session *s, puma_tensor *z)
{
    struct masked *r = masked_of(s);
    bool           computes = s->role == P1 || s->role == P2;
    puma_prg      *m = computes ? s->host->prg_pair(s, other(r), "masked random") : NULL;

    if (computes && m == NULL) return s->status;
    if (s->role == P0) {
        draw(r, z, r->stream1, z->plane[0]);
        draw(r, z, r->stream2, z->plane[1]);
    } else if (computes) {
        draw(r, z, m, z->plane[0]);
        draw(r, z, own_stream(r), z->plane[1]);
    }
    return s->status;
}

const puma_random_ext masked_random = { .struct_size = sizeof masked_random, .random = random_words };
