/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* values.c - the numbers of a checkpoint's tensors, whatever the format of its files: read in chunks, checked
 * to be finite, and put where the model looks for them.
 *
 * See weights.h; what is open and where it lies is weights.c's. */
#include "weights/shards.h"

#include <math.h>

#define CHUNK 1024 /* elements converted at a time: whole blocks of any type, 16 KiB of stack */

puma_status weights_float(const weights *w, const weights_info *info, puma_error *e)
{
    const tensor *t = (const tensor *)(const void *)info;

    if (info->type->values) return PUMA_OK;
    return error_set(
        e, 414,
        "%s: tensor " NAME ": dtype %s where the model needs numbers (F32, F16, BF16 and F64 are "
        "supported, in GGUF also Q4_0 to Q8_0, Q2_K to Q8_K, IQ4_NL, IQ4_XS, MXFP4, TQ1_0 and TQ2_0)",
        w->shards[t->shard].file.name, info->name, info->dtype);
}

/* Where element k of the file belongs: row 2j + s of a permuted head is row s h/2 + j. */
static size_t served_at(const tensor *t, size_t k)
{
    size_t columns, row, inside;

    if (t->head == 0) return k;
    columns = t->info.n / t->info.dim[0];
    row = k / columns;
    inside = row % t->head;
    return (row - inside + inside % 2 * (t->head / 2) + inside / 2) * columns + k % columns;
}

static size_t stored_bytes(const quant_type *type, size_t count) { return count / type->block * type->bytes; }

static puma_status read_stored(const tensor *t, const shard *s, size_t first, size_t count, void *to,
                               puma_error *e)
{
    const quant_type *type = t->info.type;

    if (file_at(&s->file, to, stored_bytes(type, count), s->data + t->begin + stored_bytes(type, first), e) !=
        PUMA_OK)
        error_prefix(e, "tensor " NAME, t->info.name);
    return e->status;
}

/* Goes through the elements in chunks, whole blocks of any type; values and the two others may be NULL. */
static puma_status go_through(const weights *w, const weights_info *info, double *values, double *max_abs,
                              size_t *index, puma_error *e)
{
    const tensor     *t = (const tensor *)(const void *)info;
    const quant_type *type = info->type;
    const shard      *s = &w->shards[t->shard];
    unsigned char     raw[CHUNK * 8];
    double            numbers[CHUNK], largest = 0;
    size_t            where = 0;

    if (weights_float(w, info, e) != PUMA_OK || file_same(&s->file, e) != PUMA_OK) return e->status;
    for (size_t done = 0; done < info->n;) {
        size_t count = info->n - done < CHUNK ? info->n - done : CHUNK;

        if (read_stored(t, s, done, count, raw, e) != PUMA_OK) return e->status;
        for (size_t i = 0; i < count; i += type->block)
            type->values(raw + stored_bytes(type, i), numbers + i);
        for (size_t i = 0; i < count; i++) {
            double magnitude = fabs(numbers[i]);
            size_t at = served_at(t, done + i);

            if (!isfinite(magnitude))
                return error_set(e, 417, "%s: tensor " NAME ": element %zu is not a finite number (got %s)",
                                 s->file.name, info->name, at,
                                 isnan(numbers[i]) ? "NaN"
                                 : numbers[i] > 0  ? "+Inf"
                                                   : "-Inf");
            if (magnitude > largest || (at < where && !(magnitude < largest))) {
                largest = magnitude;
                where = at;
            }
            if (values) values[at] = numbers[i];
        }
        done += count;
    }
    if (max_abs) *max_abs = largest;
    if (index) *index = where;
    return PUMA_OK;
}

puma_status weights_blocks(const weights *w, const weights_info *info, size_t first, size_t count, void *to,
                           puma_error *e)
{
    const tensor *t = (const tensor *)(const void *)info;
    const shard  *s = &w->shards[t->shard];

    if (first % info->type->block != 0 || count % info->type->block != 0 || first > info->n ||
        count > info->n - first)
        return error_set(e, 7001, "%s: tensor " NAME ": elements %zu to %zu are not whole blocks of it",
                         s->file.name, info->name, first, first + count);
    return file_same(&s->file, e) == PUMA_OK ? read_stored(t, s, first, count, to, e) : e->status;
}

puma_status weights_read(const weights *w, const weights_info *t, double *values, puma_error *e)
{
    return go_through(w, t, values, NULL, NULL, e);
}

puma_status weights_check(const weights *w, const weights_info *t, double *max_abs, size_t *index,
                          puma_error *e)
{
    return go_through(w, t, NULL, max_abs, index, e);
}
