/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* share.c - see share.h */
#include "exec/share.h"

#include <stdlib.h>

/* puma_encode for many numbers at once.  If one of them does not fit it returns false and writes nothing.
 * `words` may be `values`.  Adding 1.5 * 2^52, whose last bit is worth 1, rounds a number below 2^51 to an
 * integer, which is then the low bits of the sum. */
static bool encode_all(uint64_t *words, const double *values, size_t n, uint32_t frac, uint32_t bits)
{
    const double magic = 0x1.8p52, unit = (double)(1ull << frac);
    const double limit = bits < 52 ? (double)(1ull << (bits - 1)) - 1 : 0x1p51;
    uint64_t     zero;
    bool         fits = true;

    memcpy(&zero, &magic, sizeof zero);
    for (size_t i = 0; i < n; i++) fits &= fabs(values[i] * unit) < limit;
    for (size_t i = 0; fits && i < n; i++) {
        double   sum = values[i] * unit + magic;
        uint64_t word;

        memcpy(&word, &sum, sizeof word);
        words[i] = (word - zero) & puma_mask(bits);
    }
    return fits;
}

/* Encodes n values as ring words in place: both take 8 bytes, and a model has too many for a copy. */
static uint64_t *encode(puma_session *s, double *values, size_t n, uint32_t frac, uint32_t bits)
{
    uint64_t *words = (uint64_t *)(void *)values;

    if (!puma_is_float(s) && frac <= 51 && encode_all(words, values, n, frac, bits)) return words;
    for (size_t i = 0; i < n && s->status == PUMA_OK; i++) {
        double v;

        memcpy(&v, &words[i], sizeof v);
        words[i] = puma_encode(s, v, frac, bits);
    }
    return s->status == PUMA_OK ? words : NULL;
}

/* The words to share in z; in a rehearsal arbitrary ones, since nobody reads them. */
static uint64_t *words_for(struct exec *x, const puma_tensor *z, double *values)
{
    if (exec_is_rehearsal(x)) return x->s->host->scratch(x->s, z->n);
    return encode(x->s, values, z->n, z->frac, z->bits);
}

puma_tensor *exec_tensor(struct exec *x, uint32_t rank, const size_t *dim, uint32_t frac, uint32_t bits)
{
    puma_session *s = x->s;

    return s->status == PUMA_OK ? s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac)
                                : NULL;
}

puma_share exec_share_into(struct exec *x, puma_tensor *z, double *values)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s);
    uint64_t     *words = NULL;

    if (z != NULL && exec_is_provider(x)) words = words_for(x, z, values);
    if (s->status != PUMA_OK || session_share(s, z, words, x->provider) != PUMA_OK) z = NULL;
    free(values);
    puma_leave(s, mark, NULL);
    return z;
}

puma_share exec_share(struct exec *x, const double *values, uint32_t rank, const size_t *dim, uint32_t frac,
                      uint32_t bits)
{
    puma_tensor *z = exec_tensor(x, rank, dim, frac, bits);
    double      *copy = NULL;

    if (z != NULL && exec_is_provider(x) && !exec_is_rehearsal(x)) {
        copy = malloc((z->n > 0 ? z->n : 1) * sizeof *copy);
        if (copy == NULL)
            x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", z->n * sizeof *copy);
        else
            memcpy(copy, values, z->n * sizeof *copy);
    }
    return exec_share_into(x, z, copy);
}

puma_share exec_share_public(struct exec *x, puma_tensor *z, double *values)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s);
    uint64_t     *words = NULL;

    if (z != NULL) words = words_for(x, z, values);
    if (words == NULL || s->protocol->add_public(s, z, z, words, z->n) != PUMA_OK) z = NULL;
    free(values);
    puma_leave(s, mark, NULL);
    return z;
}
