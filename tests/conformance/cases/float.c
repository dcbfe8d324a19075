/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* float.c - the operations in a session that computes in floating point */
#include "cases.h"

#include <puma/ops.h>

#include <math.h>
#include <string.h>

enum {
    F_ADD,
    F_SUB,
    F_ADD_PUBLIC,
    F_SCALE,
    F_SUM,
    F_MATMUL,
    F_MATMUL_T,
    F_MUL_ADD,
    F_TRUNC,
    F_LESS,
    F_MUX,
    F_CHOICE,
    F_APPLY
};

/* size: rows, columns. */
static const spec specs[] = {
    { "add", F_ADD, { 3, 7 }, .flags = IS_FLOAT },
    { "sub", F_SUB, { 3, 7 }, .flags = IS_FLOAT },
    { "add_public", F_ADD_PUBLIC, { 3, 7 }, .flags = IS_FLOAT },
    { "scale", F_SCALE, { 3, 7 }, .flags = IS_FLOAT },
    { "sum", F_SUM, { 3, 7 }, .flags = IS_FLOAT },
    { "matmul", F_MATMUL, { 9, 130 }, .flags = IS_FLOAT },
    { "matmul, y transposed", F_MATMUL_T, { 9, 131 }, .flags = IS_FLOAT },
    { "mul and add", F_MUL_ADD, { 3, 7 }, .flags = IS_FLOAT },
    { "trunc", F_TRUNC, { 3, 7 }, .flags = IS_FLOAT },
    { "less", F_LESS, { 3, 7 }, .flags = IS_FLOAT },
    { "mux_sum", F_MUX, { 3, 7 }, .flags = IS_FLOAT },
    { "choice of two, exact", F_CHOICE, { 9, 7 }, .flags = IS_FLOAT },
    { "apply", F_APPLY, { 3, 7 }, .flags = IS_FLOAT },
};

static void prepare(task *t)
{
    const spec *s = t->s;
    size_t      m = s->size[0], k = s->size[1], square[2] = { m, m };

    for (size_t i = 0; i < 3; i++) fill_reals(matrix_operand(t, m, k, 64, 18));
    if (s->op == F_MATMUL) { /* (m, k) times (k, m) */
        memcpy(t->in[1].dim, (size_t[]){ k, m }, 2 * sizeof(size_t));
        array_make(&t->out[t->outs++], PUMA_ARITH, 2, square, 64, 18);
    } else if (s->op == F_MATMUL_T) {
        array_make(&t->out[t->outs++], PUMA_ARITH, 2, square, 64, 18);
    } else if (s->op == F_SUM) {
        result(t, m, 64, 18);
    } else {
        array_make(&t->out[t->outs++], s->op == F_LESS ? PUMA_BIT : PUMA_ARITH, 2, s->size,
                   s->op == F_LESS ? 1 : 64, s->op == F_LESS ? 0 : 18);
    }
    fill_reals(constants(t, 0, k, 64, 18));
    array_make(&t->in[t->ins++], PUMA_BIT, 2, s->size, 1, 0);
    fill_bits(&t->in[3]);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *p = s->protocol;
    const uint64_t      *c = t->constants[0].w;
    puma_term            terms[2] = {
                   { .op = PUMA_TERM_MATMUL, .x = in[0], .y = in[1], .y_transposed = t->s->op == F_MATMUL_T }
    };

    switch (t->s->op) {
    case F_ADD: p->add(s, out[0], in[0], in[1]); break;
    case F_SUB: p->sub(s, out[0], in[0], in[1]); break;
    case F_ADD_PUBLIC: p->add_public(s, out[0], in[0], c, t->constants[0].n); break;
    case F_SCALE: p->scale(s, out[0], in[0], c, t->constants[0].n); break;
    case F_SUM: p->sum(s, out[0], in[0]); break;
    case F_MATMUL:
    case F_MATMUL_T: p->product(s, out[0], terms, 1, 18); break;
    case F_MUL_ADD:
        terms[0].op = PUMA_TERM_MUL;
        terms[1] = (puma_term){ .op = PUMA_TERM_ADD, .x = in[2] };
        p->product(s, out[0], terms, 2, 18);
        break;
    case F_TRUNC: p->trunc(s, out[0], in[0], 5); break;
    case F_LESS: p->less(s, out, in[0], c, 1, 3, 10); break;
    case F_MUX:
        p->mux_sum(s, out[0], (puma_choice[]){ { in[3], in[0], c[0] }, { in[3], NULL, c[1] } }, 2);
        break;
    case F_CHOICE: out[0] = puma_mux(s, in[3], in[0], in[1]); break;
    default: session_extensions(s)->clear.apply(s, out[0], in[0], t->s->size[1], halve, NULL); break;
    }
}

static const char *verify(const task *t)
{
    const array *x = &t->in[0], *y = &t->in[1], *c = &t->constants[0], *z = &t->out[0];
    size_t       m = t->s->size[0], k = t->s->size[1];

    for (size_t i = 0; i < z->n; i++) {
        double wanted = 0, a = i < x->n ? real_at(x, i) : 0, scale = 64;

        switch (t->s->op) {
        case F_ADD: wanted = a + real_at(y, i); break;
        case F_SUB: wanted = a - real_at(y, i); break;
        case F_ADD_PUBLIC: wanted = a + real_at(c, i % k); break;
        case F_SCALE: wanted = a * real_at(c, i % k); break;
        case F_SUM:
            for (size_t l = 0; l < k; l++) wanted += real_at(x, i * k + l);
            break;
        case F_MATMUL:
        case F_MATMUL_T:
            for (size_t l = 0; l < k; l++)
                wanted += real_at(x, i / m * k + l) *
                          real_at(y, t->s->op == F_MATMUL ? l * m + i % m : i % m * k + l);
            scale = 64.0 * (double)k;
            break;
        case F_MUL_ADD: wanted = a * real_at(y, i) + real_at(&t->in[2], i); break;
        case F_TRUNC: wanted = a; break;
        case F_LESS:
            if (bit(z, i) != (a < real_at(c, 0))) return differs(i, bit(z, i), a < real_at(c, 0));
            continue;
        case F_MUX: wanted = bit(&t->in[3], i) ? real_at(c, 0) * a + real_at(c, 1) : 0; break;
        case F_CHOICE:
            wanted = bit(&t->in[3], i) ? a : real_at(y, i);
            scale = 0;
            break;
        default: wanted = a / 2 + real_at(x, i / k * k) / 2; break;
        }
        if (!(fabs(real_at(z, i) - wanted) <= scale * 0x1p-52)) return differs_real(i, real_at(z, i), wanted);
    }
    return NULL;
}

const group float_group = {
    .name = "float",
    .specs = specs,
    .count = COUNT(specs),
    .needs = PUMA_CAP_CLEAR,
    .has = has_apply,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
