/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* shape.c - tensors, and tensors made of tensors: views and copies, which send nothing.
 *
 * The backend calls it through its table.  It handles metadata only; host_session.memory moves the words, so
 * that a rehearsal moves none.  All planes are moved alike, whatever they mean to the backend. */
#include "host/internal.h"

#include "base/checked.h"

#include <string.h>

/* --- new tensors ------------------------------------------------------------------------------ */

/* Sets rank, dim, n and words; false when a product of the dimensions does not fit. */
static bool set_shape(puma_tensor *t, uint32_t rank, const size_t *dim)
{
    size_t n = 1;

    t->rank = rank;
    for (uint32_t i = 0; i < PUMA_MAX_RANK; i++) {
        t->dim[i] = i < rank ? dim[i] : 1;
        if (!checked_mul(&n, n, t->dim[i])) return false;
    }
    t->n = n;
    t->words = t->kind == PUMA_BIT ? n / 64 + (n % 64 != 0) : n;
    return true;
}

puma_tensor *host_tensor(puma_session *s, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits,
                         uint32_t frac)
{
    puma_tensor t = { .kind = kind,
                      .planes = kind == PUMA_BIT ? s->protocol->bit_planes : s->protocol->planes };
    size_t      stride, words;
    item       *it;

    if (s->status != PUMA_OK) return NULL;
    if (rank > PUMA_MAX_RANK || (kind == PUMA_ARITH && (bits < 1 || bits > 64)) ||
        (kind != PUMA_ARITH && kind != PUMA_BIT)) {
        host_fail(s, PUMA_EINTERNAL, "no tensor of rank %u in a ring of %u bits", rank, bits);
        return NULL;
    }
    t.bits = kind == PUMA_BIT ? 1 : bits;
    t.frac = kind == PUMA_BIT ? 0 : frac;
    t.range = (int32_t)t.bits - 1 - (int32_t)t.frac;
    /* Each plane begins on an aligned address. */
    if (!set_shape(&t, rank, dim) || !checked_add(&stride, t.words, ALIGNMENT / sizeof(uint64_t) - 1) ||
        !checked_mul(&words, stride / (ALIGNMENT / sizeof(uint64_t)) * (ALIGNMENT / sizeof(uint64_t)),
                     t.planes))
        return host_no_memory(s, SIZE_MAX);
    stride = stride / (ALIGNMENT / sizeof(uint64_t)) * (ALIGNMENT / sizeof(uint64_t));
    it = host_item(s, words, stride);
    if (!it) return NULL;
    for (uint32_t p = 0; p < t.planes; p++) t.plane[p] = it->memory->words + p * stride;
    t.memory = it->memory;
    it->tensor = t;
    return &it->tensor;
}

bool host_ready(puma_session *s, const puma_tensor *x)
{
    if (s->status != PUMA_OK) return false;
    if (!x) host_fail(s, PUMA_EINTERNAL, "an operand is missing");
    return x != NULL;
}

puma_tensor *host_view(puma_session *s, const puma_tensor *x)
{
    item *it;

    if (!host_ready(s, x)) return NULL;
    it = host_item_over(s, (buffer *)x->memory);
    if (!it) return NULL;
    it->tensor = *x;
    return &it->tensor;
}

puma_tensor *host_reshape(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim)
{
    puma_tensor *z;

    if (!host_ready(s, x)) return NULL;
    z = host_view(s, x);
    if (!z) return NULL;
    if (rank > PUMA_MAX_RANK || !set_shape(z, rank, dim) || z->n != x->n) {
        host_fail(s, PUMA_EINTERNAL, "a tensor of %zu elements does not take that shape", x->n);
        return NULL;
    }
    return z;
}

puma_tensor *host_like(puma_session *s, const puma_tensor *x, uint32_t rank, const size_t *dim)
{
    puma_tensor *z = host_tensor(s, (puma_kind)x->kind, rank, dim, x->bits, x->frac);

    if (!z) return NULL;
    z->range = x->range;
    z->known = x->known;
    return z;
}

/* --- copies ----------------------------------------------------------------------------------- */

void host_copy(puma_tensor *z, size_t zi, const puma_tensor *x, size_t xi, size_t n)
{
    for (uint32_t p = 0; p < z->planes; p++) {
        uint64_t       *to = z->plane[p];
        const uint64_t *from = x->plane[p];

        if (z->kind == PUMA_ARITH) {
            memcpy(to + zi, from + xi, n * sizeof *to);
            continue;
        }
        for (size_t done = 0; done < n;) {
            size_t   a = (xi + done) % 64, b = (zi + done) % 64, take = 64 - (a > b ? a : b);
            uint64_t bits = from[(xi + done) / 64] >> a;

            if (take > n - done) take = n - done;
            if (take < 64) bits &= (UINT64_C(1) << take) - 1;
            to[(zi + done) / 64] |= bits << b;
            done += take;
        }
    }
}

void host_copy_strided(puma_tensor *z, const puma_tensor *x, size_t offset, const size_t *stride)
{
    uint32_t last = z->rank ? z->rank - 1 : 0;
    size_t   run = z->rank ? z->dim[last] : 1, step = z->rank ? stride[last] : 1;
    size_t   at[PUMA_MAX_RANK] = { 0 }, from = offset;

    for (size_t i = 0; i < z->n; i += run) {
        uint32_t axis = last;

        if (step == 1) {
            host_copy(z, i, x, from, run);
        } else {
            for (size_t k = 0; k < run; k++) host_copy(z, i + k, x, from + k * step, 1);
        }
        while (axis > 0) {
            axis--;
            from += stride[axis];
            if (++at[axis] < z->dim[axis]) break;
            from -= stride[axis] * z->dim[axis];
            at[axis] = 0;
        }
    }
}

static void copy(const puma_session *s, puma_tensor *z, size_t zi, const puma_tensor *x, size_t xi, size_t n)
{
    if (n > 0) host_of(s)->memory->copy(z, zi, x, xi, n);
}

static void copy_strided(const puma_session *s, puma_tensor *z, const puma_tensor *x, size_t offset,
                         const size_t *stride)
{
    if (z->n > 0) host_of(s)->memory->copy_strided(z, x, offset, stride);
}

/* --- tensors made of tensors ------------------------------------------------------------------ */

/* The strides of x itself, row-major. */
static void strides_of(const puma_tensor *x, size_t *stride)
{
    size_t step = 1;

    for (uint32_t i = x->rank; i-- > 0;) {
        stride[i] = step;
        step *= x->dim[i];
    }
}

puma_tensor *host_permute(puma_session *s, const puma_tensor *x, const uint32_t *axes)
{
    size_t       own[PUMA_MAX_RANK] = { 0 }, dim[PUMA_MAX_RANK] = { 0 }, stride[PUMA_MAX_RANK] = { 0 };
    unsigned     seen = 0;
    puma_tensor *z;

    if (!host_ready(s, x)) return NULL;
    strides_of(x, own);
    for (uint32_t i = 0; i < x->rank; i++) {
        if (axes[i] >= x->rank || (seen >> axes[i] & 1)) {
            host_fail(s, PUMA_EINTERNAL, "permute: axis %u is no permutation's", axes[i]);
            return NULL;
        }
        seen |= 1u << axes[i];
        dim[i] = x->dim[axes[i]];
        stride[i] = own[axes[i]];
    }
    z = host_like(s, x, x->rank, dim);
    if (z) copy_strided(s, z, x, 0, stride);
    return z;
}

puma_tensor *host_slice(puma_session *s, const puma_tensor *x, uint32_t axis, size_t from, size_t to)
{
    size_t       dim[PUMA_MAX_RANK], stride[PUMA_MAX_RANK] = { 0 };
    puma_tensor *z;

    if (!host_ready(s, x)) return NULL;
    if (axis >= x->rank || from > to || to > x->dim[axis]) {
        host_fail(s, PUMA_EINTERNAL, "slice: %zu to %zu of axis %u", from, to, axis);
        return NULL;
    }
    memcpy(dim, x->dim, sizeof dim);
    dim[axis] = to - from;
    strides_of(x, stride);
    z = host_like(s, x, x->rank, dim);
    if (z) copy_strided(s, z, x, from * stride[axis], stride);
    return z;
}

/* Do the operands fit together along this axis?  *total becomes the length of the joined axis. */
static bool joins(puma_session *s, const puma_tensor *const *x, size_t count, uint32_t axis, size_t *total)
{
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        bool fits = axis < x[0]->rank && x[i]->rank == x[0]->rank && x[i]->kind == x[0]->kind &&
                    x[i]->bits == x[0]->bits && x[i]->frac == x[0]->frac;

        for (uint32_t k = 0; fits && k < x[0]->rank; k++) fits = k == axis || x[i]->dim[k] == x[0]->dim[k];
        if (!fits || !checked_add(total, *total, x[i]->dim[axis])) {
            host_fail(s, PUMA_EINTERNAL, "concat: operand %zu does not go with the first along axis %u", i,
                      axis);
            return false;
        }
    }
    return true;
}

puma_tensor *host_concat(puma_session *s, const puma_tensor *const *x, size_t count, uint32_t axis)
{
    size_t       dim[PUMA_MAX_RANK], outer = 1, inner = 1, total, at = 0;
    puma_tensor *z;

    if (s->status != PUMA_OK) return NULL;
    if (count == 0) {
        host_fail(s, PUMA_EINTERNAL, "concat: no operands");
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (!host_ready(s, x[i])) return NULL;
    if (!joins(s, x, count, axis, &total)) return NULL;
    memcpy(dim, x[0]->dim, sizeof dim);
    dim[axis] = total;
    for (uint32_t k = 0; k < axis; k++) outer *= dim[k];
    for (uint32_t k = axis + 1; k < x[0]->rank; k++) inner *= dim[k];
    z = host_like(s, x[0], x[0]->rank, dim);
    if (!z) return NULL;
    for (size_t i = 0; i < count; i++) { /* the widest range; known to the nodes that know every part */
        if (x[i]->range > z->range) z->range = x[i]->range;
        z->known &= x[i]->known;
    }
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < count; i++) {
            size_t run = x[i]->dim[axis] * inner;

            copy(s, z, at, x[i], o * run, run);
            at += run;
        }
    return z;
}

puma_tensor *host_expand(puma_session *s, const puma_tensor *x, size_t times)
{
    size_t       dim[PUMA_MAX_RANK] = { 0 }, stride[PUMA_MAX_RANK] = { 0 };
    puma_tensor *z;

    if (!host_ready(s, x)) return NULL;
    if (x->rank == PUMA_MAX_RANK) {
        host_fail(s, PUMA_EINTERNAL, "expand: rank %u already", x->rank);
        return NULL;
    }
    memcpy(dim, x->dim, x->rank * sizeof *dim);
    dim[x->rank] = times;
    strides_of(x, stride);
    z = host_like(s, x, x->rank + 1, dim);
    if (z) copy_strided(s, z, x, 0, stride);
    return z;
}

puma_tensor *host_tile(puma_session *s, const puma_tensor *x, size_t times)
{
    size_t       dim[PUMA_MAX_RANK] = { times };
    puma_tensor *z;

    if (!host_ready(s, x)) return NULL;
    if (x->rank == PUMA_MAX_RANK) {
        host_fail(s, PUMA_EINTERNAL, "tile: rank %u already", x->rank);
        return NULL;
    }
    memcpy(dim + 1, x->dim, x->rank * sizeof *dim);
    z = host_like(s, x, x->rank + 1, dim);
    for (size_t i = 0; z && i < times; i++) copy(s, z, i * x->n, x, 0, x->n);
    return z;
}

puma_tensor *host_gather(puma_session *s, const puma_tensor *x, const size_t *index, size_t count)
{
    size_t       dim[PUMA_MAX_RANK], row;
    puma_tensor *z;

    if (!host_ready(s, x)) return NULL;
    if (x->rank == 0) {
        host_fail(s, PUMA_EINTERNAL, "gather: a scalar has no rows");
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (index[i] >= x->dim[0]) {
            host_fail(s, PUMA_EINTERNAL, "gather: row %zu of %zu", index[i], x->dim[0]);
            return NULL;
        }
    memcpy(dim, x->dim, sizeof dim);
    dim[0] = count;
    row = x->dim[0] ? x->n / x->dim[0] : 0;
    z = host_like(s, x, x->rank, dim);
    for (size_t i = 0; z && i < count; i++) copy(s, z, i * row, x, index[i] * row, row);
    return z;
}
