/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* structure.c - what only moves elements: the host's shapes */
#include "cases.h"

#include <string.h>

enum { PERMUTE, SLICE, CONCAT, EXPAND, TILE, GATHER, RESHAPE };

#define OF_BITS OPTION(0)

/* size: three dimensions, an axis or a permutation's number. */
static const spec specs[] = {
    { "permute 1 0 2", PERMUTE, .size = { 5, 7, 9, 0 } },
    { "permute 2 1 0", PERMUTE, .size = { 5, 7, 9, 1 } },
    { "permute 0 2 1", PERMUTE, .size = { 5, 7, 9, 2 } },
    { "permute 1 0 2", PERMUTE, .size = { 1, 7, 1, 0 } },
    { "permute 1 2 0, bits", PERMUTE, .size = { 5, 7, 9, 3 }, .flags = OF_BITS },
    { "permute 1 0 2, bits", PERMUTE, .size = { 3, 5, 70, 0 }, .flags = OF_BITS },
    { "slice, axis 0", SLICE, .size = { 6, 5, 4, 0 } },
    { "slice, axis 1", SLICE, .size = { 6, 5, 4, 1 } },
    { "slice, axis 2", SLICE, .size = { 6, 5, 4, 2 } },
    { "slice, axis 1, bits", SLICE, .size = { 6, 5, 13, 1 }, .flags = OF_BITS },
    { "slice, axis 2, bits", SLICE, .size = { 6, 5, 130, 2 }, .flags = OF_BITS },
    { "concat, axis 0", CONCAT, .size = { 2, 3, 4, 0 } },
    { "concat, axis 1", CONCAT, .size = { 2, 3, 4, 1 } },
    { "concat, axis 2, bits", CONCAT, .size = { 2, 3, 37, 2 }, .flags = OF_BITS },
    { "concat, axis 0, nothing", CONCAT, .size = { 0, 3, 4, 0 } },
    { "expand", EXPAND, .size = { 2, 3, 4 } },
    { "expand, bits", EXPAND, .size = { 2, 3, 5 }, .flags = OF_BITS },
    { "tile", TILE, .size = { 2, 3, 4 } },
    { "tile, bits", TILE, .size = { 2, 3, 5 }, .flags = OF_BITS },
    { "gather", GATHER, .size = { 6, 3, 4 } },
    { "gather, bits", GATHER, .size = { 6, 3, 5 }, .flags = OF_BITS },
    { "reshape", RESHAPE, .size = { 6, 3, 4 } },
    { "reshape, bits", RESHAPE, .size = { 6, 3, 5 }, .flags = OF_BITS },
};

static const uint32_t permutations[][3] = { { 1, 0, 2 }, { 2, 1, 0 }, { 0, 2, 1 }, { 1, 2, 0 } };
static const size_t   rows[] = { 3, 0, 5, 5 };

#define TIMES 3

static void prepare(task *t)
{
    const spec     *s = t->s;
    puma_kind       kind = s->flags & OF_BITS ? PUMA_BIT : PUMA_ARITH;
    uint32_t        bits = kind == PUMA_BIT ? 1 : 64, rank = 3;
    const size_t   *d = s->size;
    const uint32_t *p = permutations[s->op == PERMUTE ? s->size[3] : 0];
    size_t          dim[4] = { d[0], d[1], d[2], 0 };

    for (size_t i = 0; i < (s->op == CONCAT ? 2u : 1u); i++) {
        array_make(&t->in[t->ins++], kind, 3, d, bits, 0);
        if (kind == PUMA_BIT)
            fill_bits(&t->in[i]);
        else
            fill_numbers(&t->in[i], 62);
    }
    switch (s->op) {
    case PERMUTE:
        for (size_t i = 0; i < 3; i++) dim[i] = d[p[i]];
        break;
    case SLICE: dim[d[3]] = d[d[3]] - 2; break;
    case CONCAT: dim[d[3]] *= 2; break;
    case EXPAND:
        dim[3] = TIMES;
        rank = 4;
        break;
    case TILE:
        memcpy(dim, (size_t[]){ TIMES, d[0], d[1], d[2] }, sizeof dim);
        rank = 4;
        break;
    case GATHER: dim[0] = COUNT(rows); break;
    default:
        memcpy(dim, (size_t[]){ d[0] * d[1], d[2] }, 2 * sizeof *dim);
        rank = 2;
        break;
    }
    array_make(&t->out[t->outs++], kind, rank, dim, bits, 0);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_host *h = s->host;
    uint32_t         axis = (uint32_t)t->s->size[3];

    switch (t->s->op) {
    case PERMUTE: out[0] = h->permute(s, in[0], permutations[axis]); break;
    case SLICE: out[0] = h->slice(s, in[0], axis, 1, t->s->size[axis] - 1); break;
    case CONCAT: out[0] = h->concat(s, (const puma_tensor *[]){ in[0], in[1] }, 2, axis); break;
    case EXPAND: out[0] = h->expand(s, in[0], TIMES); break;
    case TILE: out[0] = h->tile(s, in[0], TIMES); break;
    case GATHER: out[0] = h->gather(s, in[0], rows, COUNT(rows)); break;
    default: out[0] = h->reshape(s, in[0], 2, t->out[0].dim); break;
    }
}

static uint64_t item(const array *a, size_t i) { return a->kind == PUMA_BIT ? bit(a, i) : a->w[i]; }

static const char *verify(const task *t)
{
    const array  *z = &t->out[0];
    const size_t *d = t->s->size;

    for (size_t i = 0; i < z->n; i++) {
        size_t       a[4] = { 0 }, rest = i, from[3];
        const array *x = &t->in[0];

        for (uint32_t k = z->rank; k-- > 0;) {
            a[k] = rest % z->dim[k];
            rest /= z->dim[k];
        }
        memcpy(from, a, sizeof from);
        switch (t->s->op) {
        case PERMUTE:
            for (size_t k = 0; k < 3; k++) from[permutations[d[3]][k]] = a[k];
            break;
        case SLICE: from[d[3]]++; break;
        case CONCAT:
            if (from[d[3]] >= d[d[3]]) {
                from[d[3]] -= d[d[3]];
                x = &t->in[1];
            }
            break;
        case TILE: memcpy(from, a + 1, sizeof from); break;
        case GATHER: from[0] = rows[a[0]]; break;
        case RESHAPE: memcpy(from, (size_t[]){ a[0] / d[1], a[0] % d[1], a[1] }, sizeof from); break;
        default: break;
        }
        if (item(z, i) != item(x, (from[0] * d[1] + from[1]) * d[2] + from[2]))
            return differs(i, (int128)item(z, i),
                           (int128)item(x, (from[0] * d[1] + from[1]) * d[2] + from[2]));
    }
    return tail_is_clean(z);
}

const group structure_group = {
    .name = "structure",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
