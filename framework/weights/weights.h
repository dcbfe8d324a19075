/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* weights.h - the tensors of a checkpoint by name: safetensors, one file or a sharded index; or GGUF.
 *
 * model/source.c is its only caller: here are names, shapes and numbers, there is what they are for.  A file stays
 * open until weights_close; none is ever written. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include "base/error.h"
#include "weights/quant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIGHTS_MAX_RANK 8

typedef struct weights weights;

typedef struct weights_info {
    const char       *name;
    const char       *dtype; /* "F32" … as the file says */
    const quant_type *type;
    size_t            rank, dim[WEIGHTS_MAX_RANK], n;
} weights_info;

/* `path` is a directory that holds model.safetensors or model.safetensors.index.json, or else one .gguf file;
 * or it is a .gguf file.  Headers are checked whole before anything is read; data is read with pread when asked
 * for. GGUF's tensors have their own names, outermost dimension first; the rows of a permuted attn_q or
 * attn_k (gguf.h) are served in the order in which safetensors would have them. */
puma_status         weights_open(weights **w, const char *path, puma_error *e);
/* The same from one file in memory, GGUF where its name ends so, else safetensors.  The bytes are the
 * caller's and stay until weights_close. */
puma_status weights_parse(weights **w, const char *name, const void *bytes, size_t size, puma_error *e);
/* The same from the bytes of an index whose files are in `directory`. */
puma_status weights_parse_index(weights **w, const char *directory, const char *name, const char *bytes,
                                size_t size, puma_error *e);
void                weights_close(weights *w);
size_t              weights_count(const weights *w);
/* By place in the order of names; by name, NULL if there is none. */
const weights_info *weights_at(const weights *w, size_t i);
const weights_info *weights_find(const weights *w, const char *name);
/* Why there may be no tensor of that name: "; the index puts it into …", or nothing. */
void                weights_hint(const weights *w, const char *name, char *to, size_t room);
/* Is the dtype one that weights_read converts (quant.c)?  If not, PUMA_EMODEL naming tensor and dtype. */
puma_status         weights_float(const weights *w, const weights_info *t, puma_error *e);
/* All n elements as doubles (caller's array).  NaN and infinities are PUMA_EMODEL with tensor and flat index.
 */
puma_status         weights_read(const weights *w, const weights_info *t, double *values, puma_error *e);
/* Reads the same elements without keeping them: the same failures, and the largest magnitude with its flat
 * index. */
puma_status         weights_check(const weights *w, const weights_info *t, double *max_abs, size_t *index,
                                  puma_error *e);
/* Elements first … first + count - 1 as they are stored, both whole blocks of t->type, for whoever computes
 * on blocks (quant.h).  The rows are those of the file: of a permuted attn_q or attn_k not those of
 * weights_read. */
puma_status weights_blocks(const weights *w, const weights_info *t, size_t first, size_t count, void *to,
                           puma_error *e);

#endif
