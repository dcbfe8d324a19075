/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* gguf.c - GGUF, read with distrust: see gguf.h.  What its metadata say of a model is in gguf_config.c. */
#include "weights/gguf.h"

#include "base/checked.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HEAD                                                                                             \
    (64u << 20) /* bytes before the data: a vocabulary of 260 000 with merges takes 20 million               \
                 */
#define MAX_PAIRS 65536u
#define MAX_TENSORS 65536u
#define MAX_KEY 65535u
#define MAX_NAME 64u /* bytes of a tensor's name: the format's limit                            */
#define MAX_ALIGNMENT 65536u
#define MAX_FACTORS 65536u
#define STEP ((size_t)1 << 16) /* read at a time                                                         */
#define KEY "%.120s"

/* Types of values. */
enum {
    UINT8,
    INT8,
    UINT16,
    INT16,
    UINT32,
    INT32,
    FLOAT32,
    BOOL,
    STRING,
    ARRAY,
    UINT64,
    INT64,
    FLOAT64,
    TYPES
};

static const struct {
    const char *name;
    size_t      bytes; /* of one; of a string and an array: of its length alone */
} VALUES[TYPES] = {
    { "uint8", 1 },  { "int8", 1 },    { "uint16", 2 },  { "int16", 2 },  { "uint32", 4 },
    { "int32", 4 },  { "float32", 4 }, { "bool", 1 },    { "string", 8 }, { "array", 12 },
    { "uint64", 8 }, { "int64", 8 },   { "float64", 8 },
};

/* A value: one, or an array of them.  While the file is read places are offsets into what was read so far. */
struct gguf_array {
    char                *key;   /* ended by NUL                                                            */
    const unsigned char *bytes; /* all that was read                                                     */
    bool                 is_array;
    uint32_t             type;    /* of an element                                                       */
    size_t               count;   /* 1 unless an array                                                   */
    size_t               at;      /* the first element                                                   */
    size_t              *strings; /* where each one's length stands: arrays of strings only              */
};

struct gguf {
    const data_file *file; /* while reading                                                                */
    char            *path; /* for messages afterwards                                                      */
    unsigned char   *bytes;
    size_t           have, room, at;
    gguf_array      *values; /* sorted by key                                                              */
    size_t           value_count;
    gguf_tensor     *tensors; /* in the order of their places                                              */
    size_t           tensor_count;
    const gguf_tensor **names; /* the same, sorted by name                                               */
    size_t              alignment, data;
    double             *factors; /* of rope_freqs.weight                                                   */
    size_t              factor_count;
};

static puma_status no_memory(puma_error *e, size_t bytes)
{
    return error_set(e, 1001, "out of memory (%zu bytes)", bytes);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static uint64_t little(const unsigned char *p, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = bytes; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static size_t left(const gguf *g) { return g->file->size - g->at; }

/* Makes the next n bytes present.  `what` is for the message when the file has fewer. */
static puma_status need(gguf *g, uint64_t n, const char *what, puma_error *e)
{
    size_t         end, room;
    unsigned char *grown;

    if (n > left(g))
        return error_set(e, 411,
                         "%s: byte %zu: " KEY ": goes beyond the file (needs %ju bytes, %zu are left)",
                         g->path, g->at, what, (uintmax_t)n, left(g));
    end = g->at + (size_t)n;
    if (end <= g->have) return PUMA_OK;
    if (end > MAX_HEAD)
        return error_set(e, 411, "%s: byte %zu: " KEY ": metadata too large (limit %u bytes)", g->path, g->at,
                         what, MAX_HEAD);
    room = end + STEP < 2 * g->room ? 2 * g->room : end + STEP;
    if (room > g->file->size) room = g->file->size;
    if (room > g->room) {
        grown = realloc(g->bytes, room);
        if (!grown) return no_memory(e, room);
        g->bytes = grown;
        g->room = room;
    }
    if (file_at(g->file, g->bytes + g->have, room - g->have, g->have, e) != PUMA_OK) return e->status;
    g->have = room;
    return PUMA_OK;
}

static puma_status take(gguf *g, size_t bytes, uint64_t *value, const char *what, puma_error *e)
{
    *value = 0;
    if (need(g, bytes, what, e) != PUMA_OK) return e->status;
    *value = little(g->bytes + g->at, bytes);
    g->at += bytes;
    return PUMA_OK;
}

/* A length and so many bytes; *at is where the bytes stand. */
static puma_status take_string(gguf *g, size_t *at, size_t *size, const char *what, puma_error *e)
{
    uint64_t length;

    *at = *size = 0;
    if (take(g, 8, &length, what, e) != PUMA_OK || need(g, length, what, e) != PUMA_OK) return e->status;
    *at = g->at;
    *size = (size_t)length;
    g->at += *size;
    return PUMA_OK;
}

/* A key or a tensor's name: malloc'd and ended by NUL, which it may therefore not contain. */
static puma_status take_name(gguf *g, char **name, size_t limit, const char *what, puma_error *e)
{
    size_t start = g->at, at, size;

    if (take_string(g, &at, &size, what, e) != PUMA_OK) return e->status;
    if (size == 0 || size > limit)
        return error_set(e, 411, "%s: byte %zu: %s: length out of range (got %zu, allowed 1 to %zu)", g->path,
                         start, what, size, limit);
    if (memchr(g->bytes + at, 0, size))
        return error_set(e, 411, "%s: byte %zu: %s: holds a NUL byte", g->path, start, what);
    *name = malloc(size + 1);
    if (!*name) return no_memory(e, size + 1);
    memcpy(*name, g->bytes + at, size);
    (*name)[size] = '\0';
    return PUMA_OK;
}

/* --- key-value pairs -------------------------------------------------------------------------- */

static puma_status take_bools(gguf *g, const gguf_array *v, puma_error *e)
{
    for (size_t i = 0; i < v->count; i++)
        if (g->bytes[v->at + i] > 1)
            return error_set(e, 411, "%s: byte %zu: " KEY ": a bool that is neither 0 nor 1 (got %u)",
                             g->path, v->at + i, v->key, g->bytes[v->at + i]);
    return PUMA_OK;
}

/* The elements of an array of strings, whose places are kept so that any can be had at once. */
static puma_status take_strings(gguf *g, gguf_array *v, puma_error *e)
{
    size_t at, size;

    v->strings = v->count ? malloc(v->count * sizeof *v->strings) : NULL;
    if (v->count && !v->strings) return no_memory(e, v->count * sizeof *v->strings);
    for (size_t i = 0; i < v->count; i++) {
        v->strings[i] = g->at;
        if (take_string(g, &at, &size, v->key, e) != PUMA_OK) return e->status;
    }
    return PUMA_OK;
}

static puma_status take_value(gguf *g, gguf_array *v, puma_error *e)
{
    uint64_t type, count = 1;
    size_t   bytes;

    if (take(g, 4, &type, v->key, e) != PUMA_OK) return e->status;
    v->is_array = type == ARRAY;
    if (v->is_array) {
        if (take(g, 4, &type, v->key, e) != PUMA_OK || take(g, 8, &count, v->key, e) != PUMA_OK)
            return e->status;
        if (type == ARRAY)
            return error_set(e, 411, "%s: byte %zu: " KEY ": an array of arrays is not supported", g->path,
                             g->at - 12, v->key);
    }
    if (type >= TYPES)
        return error_set(e, 411, "%s: byte %zu: " KEY ": unknown type of value (got %ju)", g->path, g->at,
                         v->key, (uintmax_t)type);
    v->type = (uint32_t)type;
    v->at = g->at;
    /* For strings this is the least they take, and so the bound of the table of their places. */
    if (count > left(g) || !checked_mul(&bytes, (size_t)count, VALUES[type].bytes) || bytes > left(g))
        return error_set(e, 411,
                         "%s: byte %zu: " KEY ": goes beyond the file (%ju of %s, %zu bytes are left)",
                         g->path, g->at, v->key, (uintmax_t)count, VALUES[type].name, left(g));
    v->count = (size_t)count;
    if (type == STRING) {
        if (v->is_array) return take_strings(g, v, e);
        return take_string(g, &(size_t){ 0 }, &(size_t){ 0 }, v->key, e);
    }
    if (need(g, bytes, v->key, e) != PUMA_OK) return e->status;
    g->at += bytes;
    return type == BOOL ? take_bools(g, v, e) : PUMA_OK;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const gguf_array *)a)->key, ((const gguf_array *)b)->key);
}

/* Least bytes of a pair: its key's length, one byte of the key, a type, one byte of value. */
static puma_status take_pairs(gguf *g, uint64_t count, puma_error *e)
{
    if (count > MAX_PAIRS || count > left(g) / 14)
        return error_set(
            e, 411, "%s: byte 16: number of key-value pairs out of range (got %ju; the file has %zu bytes)",
            g->path, (uintmax_t)count, g->file->size);
    g->values = calloc((size_t)count + 1, sizeof *g->values);
    if (!g->values) return no_memory(e, ((size_t)count + 1) * sizeof *g->values);
    for (; g->value_count < count; g->value_count++) {
        gguf_array *v = &g->values[g->value_count];
        char        what[48];

        snprintf(what, sizeof what, "key %zu", g->value_count);
        if (take_name(g, &v->key, MAX_KEY, what, e) != PUMA_OK) return e->status;
        if (take_value(g, v, e) != PUMA_OK) {
            g->value_count++; /* close frees what this one has */
            return e->status;
        }
    }
    for (size_t i = 0; i < g->value_count; i++) g->values[i].bytes = g->bytes;
    qsort(g->values, g->value_count, sizeof *g->values, by_key);
    for (size_t i = 1; i < g->value_count; i++)
        if (by_key(&g->values[i - 1], &g->values[i]) == 0)
            return error_set(e, 411, "%s: " KEY ": the key is there twice", g->path, g->values[i].key);
    return PUMA_OK;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static puma_status take_dimensions(gguf *g, gguf_tensor *t, puma_error *e)
{
    uint64_t rank, dim;

    if (take(g, 4, &rank, t->name, e) != PUMA_OK) return e->status;
    if (rank > GGUF_MAX_RANK)
        return error_set(e, 413, "%s: tensor " KEY ": too many dimensions (got %ju, limit %d)", g->path,
                         t->name, (uintmax_t)rank, GGUF_MAX_RANK);
    t->rank = (size_t)rank;
    t->n = 1;
    for (size_t i = t->rank; i-- > 0;) {
        if (take(g, 8, &dim, t->name, e) != PUMA_OK) return e->status;
        t->dim[i] = (size_t)dim;
        if (!checked_mul(&t->n, t->n, t->dim[i]))
            return error_set(e, 413, "%s: tensor " KEY ": the product of its dimensions overflows", g->path,
                             t->name);
    }
    return PUMA_OK;
}

/* begin and end count from the start of the data until place_data. */
static puma_status take_tensor(gguf *g, gguf_tensor *t, puma_error *e)
{
    uint64_t type, offset;
    size_t   row, bytes;

    if (take_dimensions(g, t, e) != PUMA_OK || take(g, 4, &type, t->name, e) != PUMA_OK ||
        take(g, 8, &offset, t->name, e) != PUMA_OK)
        return e->status;
    t->type = quant_numbered(type);
    if (!t->type)
        return error_set(e, 414, "%s: tensor " KEY ": type %ju is not known", g->path, t->name,
                         (uintmax_t)type);
    row = t->rank ? t->dim[t->rank - 1] : 1;
    if (row % t->type->block != 0)
        return error_set(e, 413,
                         "%s: tensor " KEY
                         ": its rows are not whole blocks of %s (got %zu elements, blocks of %zu)",
                         g->path, t->name, t->type->name, row, t->type->block);
    if (!checked_mul(&bytes, t->n / t->type->block, t->type->bytes) || bytes > g->file->size)
        return error_set(
            e, 413, "%s: tensor " KEY ": larger than the file (%zu elements of %s, the file has %zu bytes)",
            g->path, t->name, t->n, t->type->name, g->file->size);
    if (offset % g->alignment != 0)
        return error_set(
            e, 412, "%s: tensor " KEY ": offset is not a multiple of the alignment (got %ju, alignment %zu)",
            g->path, t->name, (uintmax_t)offset, g->alignment);
    if (offset > g->file->size)
        return error_set(e, 412,
                         "%s: tensor " KEY ": offset is beyond the file (got %ju, the file has %zu bytes)",
                         g->path, t->name, (uintmax_t)offset, g->file->size);
    t->begin = (size_t)offset;
    t->end = t->begin + bytes; /* both are at most the file's size */
    return PUMA_OK;
}

static int by_place(const void *a, const void *b)
{
    const gguf_tensor *x = a, *y = b;

    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const gguf_tensor *const *)a)->name, (*(const gguf_tensor *const *)b)->name);
}

static size_t aligned(size_t at, size_t alignment) { return (at + alignment - 1) / alignment * alignment; }

/* In the order of their places the tensors follow one another with nothing but padding to the alignment
 * between them, and nothing but padding behind the last. */
static puma_status place_data(gguf *g, puma_error *e)
{
    size_t at = 0, size;

    g->data = aligned(g->at, g->alignment);
    if (g->data > g->file->size) {
        if (g->tensor_count > 0)
            return error_set(e, 412, "%s: the data would begin at byte %zu, the file ends at %zu", g->path,
                             g->data, g->file->size);
        g->data = g->file->size;
    }
    size = g->file->size - g->data;
    qsort(g->tensors, g->tensor_count, sizeof *g->tensors, by_place);
    for (size_t i = 0; i < g->tensor_count; i++) {
        gguf_tensor *t = &g->tensors[i];

        if (t->begin < at)
            return error_set(e, 412,
                             "%s: tensor " KEY ": overlaps tensor " KEY " (begins at byte %zu of the data)",
                             g->path, t->name, g->tensors[i - 1].name, t->begin);
        if (t->begin != at)
            return error_set(e, 412,
                             "%s: tensor " KEY ": file not fully covered: hole before it (%zu to %zu)",
                             g->path, t->name, at, t->begin);
        if (t->end > size)
            return error_set(e, 412, "%s: tensor " KEY ": it ends at byte %zu of the data, the file at %zu",
                             g->path, t->name, t->end, size);
        at = aligned(t->end, g->alignment);
        t->begin += g->data;
        t->end += g->data;
    }
    if (size > at)
        return error_set(e, 412, "%s: file not fully covered: %zu bytes behind the last tensor", g->path,
                         size - at);
    return PUMA_OK;
}

/* Least bytes of a description: the name's length and one byte of it, rank, type, offset. */
static puma_status take_tensors(gguf *g, uint64_t count, puma_error *e)
{
    if (count > MAX_TENSORS || count > left(g) / 25)
        return error_set(e, 411,
                         "%s: byte 8: number of tensors out of range (got %ju; the file has %zu bytes)",
                         g->path, (uintmax_t)count, g->file->size);
    g->tensors = calloc((size_t)count + 1, sizeof *g->tensors);
    g->names = calloc((size_t)count + 1, sizeof *g->names);
    if (!g->tensors || !g->names) return no_memory(e, ((size_t)count + 1) * sizeof *g->tensors);
    for (; g->tensor_count < count; g->tensor_count++) {
        gguf_tensor *t = &g->tensors[g->tensor_count];
        char         what[48], *name;

        snprintf(what, sizeof what, "name of tensor %zu", g->tensor_count);
        if (take_name(g, &name, MAX_NAME, what, e) != PUMA_OK) return e->status;
        t->name = name;
        if (take_tensor(g, t, e) != PUMA_OK) {
            g->tensor_count++;
            return e->status;
        }
    }
    if (place_data(g, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < g->tensor_count; i++) g->names[i] = &g->tensors[i];
    qsort(g->names, g->tensor_count, sizeof *g->names, by_name);
    for (size_t i = 1; i < g->tensor_count; i++)
        if (by_name(&g->names[i - 1], &g->names[i]) == 0)
            return error_set(e, 411, "%s: tensor " KEY ": the name is there twice", g->path,
                             g->names[i]->name);
    return PUMA_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static puma_status read_alignment(gguf *g, puma_error *e)
{
    uint64_t alignment = 32;

    if (gguf_has(g, "general.alignment") && gguf_unsigned(g, "general.alignment", &alignment, e) != PUMA_OK)
        return e->status;
    if (alignment == 0 || alignment % 8 != 0 || (alignment & (alignment - 1)) != 0 ||
        alignment > MAX_ALIGNMENT)
        return error_set(e, 411, "%s: general.alignment: not a power of two from 8 to %u (got %ju)", g->path,
                         MAX_ALIGNMENT, (uintmax_t)alignment);
    g->alignment = (size_t)alignment;
    return PUMA_OK;
}

/* The one tensor that belongs to what config.json would say. */
static puma_status read_factors(gguf *g, puma_error *e)
{
    const gguf_tensor *t = gguf_tensor_find(g, "rope_freqs.weight");
    unsigned char      bytes[8];

    if (!t) return PUMA_OK;
    if (t->rank != 1 || t->n == 0 || t->n > MAX_FACTORS || t->type->block != 1 || !t->type->values)
        return error_set(e, 413, "%s: tensor %s: not a list of 1 to %u numbers", g->path, t->name,
                         MAX_FACTORS);
    g->factors = malloc(t->n * sizeof *g->factors);
    if (!g->factors) return no_memory(e, t->n * sizeof *g->factors);
    for (size_t i = 0; i < t->n; i++) {
        if (file_at(g->file, bytes, t->type->bytes, t->begin + i * t->type->bytes, e) != PUMA_OK)
            return e->status;
        t->type->values(bytes, &g->factors[i]);
    }
    g->factor_count = t->n;
    return PUMA_OK;
}

static puma_status read_all(gguf *g, puma_error *e)
{
    uint64_t version, tensors, pairs;

    if (g->file->size < 24)
        return error_set(e, 410, "%s: byte 0: too short: not GGUF (got %zu bytes)", g->path, g->file->size);
    if (need(g, 24, "the head", e) != PUMA_OK) return e->status;
    if (memcmp(g->bytes, "GGUF", 4) != 0)
        return error_set(e, 410, "%s: byte 0: not GGUF: it does not begin with these letters", g->path);
    g->at = 4;
    if (take(g, 4, &version, "version", e) != PUMA_OK) return e->status;
    if ((version & 0xffff) == 0)
        return error_set(e, 410, "%s: byte 4: big-endian GGUF is not supported", g->path);
    if (version != 2 && version != 3)
        return error_set(e, 410, "%s: byte 4: version %ju of GGUF is not supported (2 and 3 are)", g->path,
                         (uintmax_t)version);
    if (take(g, 8, &tensors, "number of tensors", e) != PUMA_OK ||
        take(g, 8, &pairs, "number of pairs", e) != PUMA_OK)
        return e->status;
    if (take_pairs(g, pairs, e) != PUMA_OK || read_alignment(g, e) != PUMA_OK) return e->status;
    return take_tensors(g, tensors, e) == PUMA_OK ? read_factors(g, e) : e->status;
}

puma_status gguf_read(gguf **out, const data_file *f, puma_error *e)
{
    gguf *g = calloc(1, sizeof *g);

    *out = NULL;
    if (g) g->path = strdup(f->name);
    if (!g || !g->path) {
        free(g);
        return no_memory(e, sizeof *g);
    }
    g->file = f;
    if (read_all(g, e) != PUMA_OK) {
        gguf_close(g);
        return e->status;
    }
    /* Reading the descriptions may have moved the bytes. */
    for (size_t i = 0; i < g->value_count; i++) g->values[i].bytes = g->bytes;
    g->file = NULL;
    *out = g;
    return PUMA_OK;
}

puma_status gguf_open(gguf **g, const char *path, puma_error *e)
{
    data_file f;

    *g = NULL;
    if (file_open(&f, path, e) == PUMA_OK) gguf_read(g, &f, e);
    file_close(&f);
    return e->status;
}

void gguf_close(gguf *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->value_count; i++) {
        free(g->values[i].key);
        free(g->values[i].strings);
    }
    for (size_t i = 0; i < g->tensor_count; i++) free((void *)(uintptr_t)g->tensors[i].name);
    free(g->values);
    free(g->tensors);
    free(g->factors);
    free(g->names);
    free(g->bytes);
    free(g->path);
    free(g);
}

const char        *gguf_name(const gguf *g) { return g->path; }
size_t             gguf_tensors(const gguf *g) { return g->tensor_count; }
const gguf_tensor *gguf_tensor_at(const gguf *g, size_t i)
{
    return i < g->tensor_count ? &g->tensors[i] : NULL;
}

const gguf_tensor *gguf_tensor_find(const gguf *g, const char *name)
{
    const gguf_tensor         wanted = { .name = name }, *key = &wanted;
    const gguf_tensor *const *found =
        g->tensor_count ? bsearch(&key, g->names, g->tensor_count, sizeof *g->names, by_name) : NULL;

    return found ? *found : NULL;
}

const double *gguf_rope_factors(const gguf *g, size_t *count)
{
    *count = g->factor_count;
    return g->factors;
}

/* --- values ----------------------------------------------------------------------------------- */

static const gguf_array *find(const gguf *g, const char *key)
{
    gguf_array wanted = { .key = (char *)(uintptr_t)key };

    return g->value_count ? bsearch(&wanted, g->values, g->value_count, sizeof wanted, by_key) : NULL;
}

bool gguf_has(const gguf *g, const char *key) { return find(g, key) != NULL; }

static bool is_integer(uint32_t type) { return type <= INT32 || type == UINT64 || type == INT64; }

/* What a key must hold: `wanted` says it in words for the message. */
static puma_status mistyped(const gguf *g, const char *key, const gguf_array *v, const char *wanted,
                            puma_error *e)
{
    if (!v) return error_set(e, 403, "%s: " KEY ": missing", g->path, key);
    return error_set(e, 403, "%s: " KEY ": not %s (it is %s%s)", g->path, key, wanted,
                     v->is_array ? "an array of " : "", VALUES[v->type].name);
}

static const unsigned char *place(const gguf_array *v, size_t i)
{
    return v->bytes + v->at + i * VALUES[v->type].bytes;
}

gguf_text gguf_text_at(const gguf_array *v, size_t i)
{
    const unsigned char *p = v->bytes + (v->is_array ? v->strings[i] : v->at);

    return (gguf_text){ (const char *)p + 8, (size_t)little(p, 8) };
}

int64_t gguf_integer_at(const gguf_array *v, size_t i)
{
    size_t   bytes = VALUES[v->type].bytes;
    uint64_t bits = little(place(v, i), bytes);
    bool     is_signed = v->type == INT8 || v->type == INT16 || v->type == INT32 || v->type == INT64;

    if (!is_signed) return bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
    if (bits >> (8 * bytes - 1) == 0) return (int64_t)bits;
    return -(int64_t)(~bits & (UINT64_MAX >> (64 - 8 * bytes))) - 1;
}

/* The decimal of fewest digits among those that round to the float32 `f`. */
static double widen(float f)
{
    char text[40];

    if (!isfinite(f)) return (double)f;
    for (int digits = 1; digits < 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)f);
        if (!(strtof(text, NULL) < f) && !(strtof(text, NULL) > f)) return strtod(text, NULL);
    }
    snprintf(text, sizeof text, "%.9g", (double)f);
    return strtod(text, NULL);
}

double gguf_float_at(const gguf_array *v, size_t i)
{
    uint64_t bits = little(place(v, i), VALUES[v->type].bytes);
    uint32_t narrow = (uint32_t)bits;
    double   d;
    float    f;

    if (v->type == FLOAT64) {
        memcpy(&d, &bits, sizeof d);
        return d;
    }
    memcpy(&f, &narrow, sizeof f);
    return (double)f;
}

puma_status gguf_string(const gguf *g, const char *key, gguf_text *text, puma_error *e)
{
    const gguf_array *v = find(g, key);

    if (!v || v->is_array || v->type != STRING) return mistyped(g, key, v, "a string", e);
    *text = gguf_text_at(v, 0);
    return PUMA_OK;
}

puma_status gguf_bool(const gguf *g, const char *key, bool *value, puma_error *e)
{
    const gguf_array *v = find(g, key);

    if (!v || v->is_array || v->type != BOOL) return mistyped(g, key, v, "a bool", e);
    *value = *place(v, 0) != 0;
    return PUMA_OK;
}

puma_status gguf_unsigned(const gguf *g, const char *key, uint64_t *value, puma_error *e)
{
    const gguf_array *v = find(g, key);

    if (!v || v->is_array || !is_integer(v->type)) return mistyped(g, key, v, "a whole number", e);
    if (v->type != UINT64 && gguf_integer_at(v, 0) < 0)
        return error_set(e, 403, "%s: " KEY ": out of range (got %jd)", g->path, key,
                         (intmax_t)gguf_integer_at(v, 0));
    *value = v->type == UINT64 ? little(place(v, 0), 8) : (uint64_t)gguf_integer_at(v, 0);
    return PUMA_OK;
}

puma_status gguf_number(const gguf *g, const char *key, double *value, puma_error *e)
{
    const gguf_array *v = find(g, key);

    if (!v || v->is_array || (v->type != FLOAT32 && v->type != FLOAT64))
        return mistyped(g, key, v, "a number", e);
    *value = v->type == FLOAT32 ? widen((float)gguf_float_at(v, 0)) : gguf_float_at(v, 0);
    if (!isfinite(*value)) return error_set(e, 403, "%s: " KEY ": not a finite number", g->path, key);
    return PUMA_OK;
}

puma_status gguf_list(const gguf *g, const char *key, gguf_kind kind, const gguf_array **list, puma_error *e)
{
    static const char *const wanted[] = { "an array of strings", "an array of whole numbers",
                                          "an array of bools", "an array of numbers" };
    const gguf_array        *v = find(g, key);
    bool                     fits = v && v->is_array &&
                (kind == GGUF_STRINGS    ? v->type == STRING
                 : kind == GGUF_INTEGERS ? is_integer(v->type)
                 : kind == GGUF_BOOLS    ? v->type == BOOL
                                         : v->type == FLOAT32 || v->type == FLOAT64);

    *list = NULL;
    if (!fits) return mistyped(g, key, v, wanted[kind], e);
    *list = v;
    return PUMA_OK;
}

size_t gguf_length(const gguf_array *list) { return list->count; }

bool gguf_equal(gguf_text text, const char *other)
{
    return strlen(other) == text.size && memcmp(text.bytes, other, text.size) == 0;
}
