/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* embed.c - rows of a table by ids that the client alone knows */
#include "cases.h"

/* size: ids, rows of a first part, columns, rows of a second part (0: there is none). */
static const spec specs[] = {
    { "every id", 0, { 1, 1, 5, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 2, 2, 5, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 3, 3, 5, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 7, 7, 3, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 13, 13, 3, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 24, 24, 3, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 101, 101, 2, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 257, 257, 1, 0 }, .bits = 1, .flags = WRAPS },
    { "every id", 0, { 257, 257, 1, 0 }, .bits = 8, .limit = 6 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 31, .limit = 29 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 32, .limit = 30 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 33, .limit = 31 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 48, .limit = 46 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 63, .limit = 61 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 64, .limit = 61 },
    { "any words", 0, { 40, 65, 3, 0 }, .bits = 64, .flags = WRAPS },
    { "two parts", 0, { 30, 30, 4, 2 }, .bits = 20, .limit = 17 },
    { "two parts", 0, { 30, 11, 4, 70 }, .bits = 64, .limit = 60 },
    { "two parts, one row", 0, { 30, 30, 4, 1 }, .bits = 21, .limit = 17 },
    { "a vocabulary", 0, { 9, 30522, 3, 2 }, .bits = 20, .limit = 17 },
    { "a vocabulary", 0, { 5, 50257, 2, 0 }, .bits = 22, .limit = 20 },
    { "more than fit at once", 0, { 150, 65537, 1, 0 }, .bits = 24, .limit = 20 },
    { "nothing", 0, { 0, 16, 4, 0 }, .bits = 20, .limit = 18 },
};

static bool has_embed(const plugin_extensions *x) { return x->lookup.embed != NULL; }

static void prepare(task *t)
{
    const spec *s = t->s;
    size_t      rows[2] = { s->size[1], s->size[3] };

    t->everywhere = true;
    fill(matrix_operand(t, rows[0] + rows[1], s->size[2], s->bits, 0), s);
    for (size_t p = 0; p < 2; p++) {
        array *ids = constants(t, p, s->size[0], 32, 0);

        for (size_t i = 0; i < ids->n && rows[p] > 0; i++) {
            if (s->size[0] == rows[p])
                ids->w[i] = i;
            else
                ids->w[i] = i == 0 ? rows[p] - 1 : i == 1 ? 0 : draw() % rows[p];
        }
    }
    array_make(&t->out[t->outs++], PUMA_ARITH, 2, (const size_t[]){ s->size[0], s->size[2] }, s->bits, 0);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const size_t *size = t->s->size;
    bool          client = s->role == PUMA_CLIENT, knows = client || (s->caps & PUMA_CAP_LOCAL) != 0;
    uint32_t     *ids = (uint32_t *)(void *)s->host->scratch(s, size[0] + 1); /* two of them a word */
    puma_index    parts[2] = { { .first = 0, .rows = size[1] }, { .first = size[1], .rows = size[3] } };
    puma_tensor  *z = out[0];

    if (client) z = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ size[0], 0 }, t->s->bits, 0);
    if (ids == NULL || z == NULL) return;
    for (size_t p = 0; knows && p < 2; p++) {
        for (size_t i = 0; i < size[0]; i++) ids[p * size[0] + i] = (uint32_t)t->constants[p].w[i];
        parts[p].ids = ids + p * size[0];
    }
    session_extensions(s)->lookup.embed(s, z, client ? NULL : in[0], parts, size[3] > 0 ? 2 : 1,
                       knows ? s->role : PUMA_CLIENT);
}

static uint64_t wanted(const task *t, size_t i)
{
    const size_t *size = t->s->size;
    size_t        row = i / size[2], column = i % size[2];
    uint64_t      word = t->in[0].w[t->constants[0].w[row] * size[2] + column];

    if (size[3] > 0) word += t->in[0].w[(size[1] + t->constants[1].w[row]) * size[2] + column];
    return word;
}

static const char *verify(const task *t) { return words_are(t, wanted); }

const group embed_group = {
    .name = "embedding",
    .specs = specs,
    .count = COUNT(specs),
    .has = has_embed,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
