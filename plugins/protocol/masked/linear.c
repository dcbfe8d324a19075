/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* linear.c - what needs no message: a linear map of the shares is the map of the value. */
#include "masked.h"

#include <string.h>

puma_status masked_add(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    for (uint32_t p = 0; p < 2; p++) {
        s->host->ring->add(z->plane[p], x->plane[p], y->plane[p], z->n);
        s->host->ring->reduce(z->plane[p], z->plane[p], z->bits, z->n);
    }
    return s->status;
}

puma_status masked_sub(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    for (uint32_t p = 0; p < 2; p++) {
        s->host->ring->sub(z->plane[p], x->plane[p], y->plane[p], z->n);
        s->host->ring->reduce(z->plane[p], z->plane[p], z->bits, z->n);
    }
    return s->status;
}

/* A public constant goes into m, which P0 does not hold. */
puma_status masked_add_public(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c,
                              size_t nc)
{
    const puma_ring *ring = s->host->ring;

    for (uint32_t p = 0; p < 2; p++)
        if (z != x) memcpy(z->plane[p], x->plane[p], z->n * sizeof **z->plane);
    if (is_dealer(masked_of(s))) return s->status;
    if (nc == 1)
        ring->offset(z->plane[0], x->plane[0], c[0], z->n);
    else
        for (size_t i = 0; i < z->n; i += nc) ring->add(z->plane[0] + i, x->plane[0] + i, c, nc);
    ring->reduce(z->plane[0], z->plane[0], z->bits, z->n);
    return s->status;
}

puma_status masked_scale(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c, size_t nc)
{
    const puma_ring *ring = s->host->ring;

    for (uint32_t p = 0; p < 2; p++) {
        if (nc == 1)
            ring->scale(z->plane[p], x->plane[p], c[0], z->n);
        else
            for (size_t i = 0; i < z->n; i += nc) ring->mul(z->plane[p] + i, x->plane[p] + i, c, nc);
        ring->reduce(z->plane[p], z->plane[p], z->bits, z->n);
    }
    return s->status;
}

puma_status masked_sum(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    size_t row = x->dim[x->rank - 1];

    for (uint32_t p = 0; p < 2; p++) {
        s->host->ring->sum_rows(z->plane[p], x->plane[p], z->n, row);
        s->host->ring->reduce(z->plane[p], z->plane[p], z->bits, z->n);
    }
    return s->status;
}
