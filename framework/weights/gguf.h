/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* gguf.h - the GGUF format, versions 2 and 3: metadata by key, and where the tensors lie.
 *
 * A file is: a head with two counts, key-value pairs, one description a tensor, and from a multiple of the
 * alignment on the data.  Opening reads everything before the data and checks it whole: every length and
 * count against the file, no key or tensor twice, tensors that neither overlap nor leave anything but padding
 * between them.  Nothing is allocated from a number that the file's size does not bear out.
 *
 * A key is looked up by its full name ("tokenizer.ggml.tokens").  An accessor of one that is missing or holds
 * another type fails with 403 naming the key, so that a caller asks gguf_has first where it may be absent.
 *
 * weights.c takes its tensors from here, model/, token/ and input/ their metadata.  Strings and lists given out lie
 * in the open gguf and go with it. */
#ifndef WEIGHTS_GGUF_H
#define WEIGHTS_GGUF_H

#include "weights/file.h"
#include "weights/quant.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gguf       gguf;
typedef struct gguf_array gguf_array;

/* Bytes in the file's memory: not ended by NUL, valid until gguf_close.  Whether they are UTF-8 is for the
 * caller to see. */
typedef struct gguf_text {
    const char *bytes;
    size_t      size;
} gguf_text;

puma_status gguf_open(gguf **g, const char *path, puma_error *e);
/* The same from a file that is open and stays the caller's. */
puma_status gguf_read(gguf **g, const data_file *f, puma_error *e);
void        gguf_close(gguf *g);
/* The end of its path, for messages. */
const char *gguf_name(const gguf *g);

/* --- metadata --------------------------------------------------------------------------------- */
bool        gguf_has(const gguf *g, const char *key);
puma_status gguf_string(const gguf *g, const char *key, gguf_text *text, puma_error *e);
puma_status gguf_bool(const gguf *g, const char *key, bool *value, puma_error *e);
/* Of any integer type; negative ones are out of range. */
puma_status gguf_unsigned(const gguf *g, const char *key, uint64_t *value, puma_error *e);
/* Of a floating-point type, and finite.  A float32 is widened to the shortest decimal that rounds to it:
 * whoever wrote 1e-5 into config.json gets 1e-5 back, not 9.99999975e-06. */
puma_status gguf_number(const gguf *g, const char *key, double *value, puma_error *e);

/* Arrays by what is in them: strings, integers of any width, bools (as 0 and 1), floats. */
typedef enum gguf_kind { GGUF_STRINGS, GGUF_INTEGERS, GGUF_BOOLS, GGUF_FLOATS } gguf_kind;
puma_status gguf_list(const gguf *g, const char *key, gguf_kind kind, const gguf_array **list, puma_error *e);
size_t      gguf_length(const gguf_array *list);
/* i < gguf_length(list), of the kind that gguf_list was asked for. */
gguf_text   gguf_text_at(const gguf_array *list, size_t i);
int64_t     gguf_integer_at(const gguf_array *list, size_t i); /* uint64 over 2^63 - 1 becomes that */
double      gguf_float_at(const gguf_array *list, size_t i);

bool gguf_equal(gguf_text text, const char *other); /* other ends in NUL */

/* --- tensors ---------------------------------------------------------------------------------- */
#define GGUF_MAX_RANK 4

typedef struct gguf_tensor {
    const char       *name; /* ended by NUL                                                              */
    const quant_type *type;
    size_t rank, dim[GGUF_MAX_RANK]; /* outermost first, as everywhere here; the file has them reversed */
    size_t n, begin, end;            /* elements; bytes of the file                                */
} gguf_tensor;

size_t             gguf_tensors(const gguf *g);
const gguf_tensor *gguf_tensor_at(const gguf *g, size_t i); /* in the order of their places */
const gguf_tensor *gguf_tensor_find(const gguf *g, const char *name);

/* Writers permute the rows of attn_q and attn_k of architecture llama (Mistral's included) so that the pairs
 * which the rotary embedding turns stand side by side: in each head of h rows, row 2j + s of the file is row
 * s h/2 + j of Hugging Face's.  *head: h for such a tensor, else 0. */
puma_status gguf_permuted(const gguf *g, const gguf_tensor *t, size_t *head, puma_error *e);

/* The numbers of rope_freqs.weight, by which a writer divides the rotary frequencies of LLaMA 3; NULL: none.
 */
const double *gguf_rope_factors(const gguf *g, size_t *count);

/* What config.json would say, from the metadata and the tensors that there are (a new object).  404 naming
 * the key for what it cannot say. */
puma_status gguf_config(const gguf *g, json_t **config, puma_error *e);

#endif
