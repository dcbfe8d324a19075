/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* weights.c - the tensors of safetensors and GGUF files, read with distrust.
 *
 * A safetensors file is: the length of a header (8 bytes, little endian), that header (JSON: name -> dtype,
 * shape, data_offsets), and the data.  Every number of the header is compared with the size of the file
 * before anything is allocated from it, and the tensors must cover the data exactly: no overlap, no hole,
 * nothing behind.  gguf.c holds the other format to the same.  values.c reads what is in the tensors. */
#include "weights/weights.h"

#include "base/checked.h"
#include "weights/gguf.h"
#include "weights/json.h"
#include "weights/shards.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_HEADER 10000000u /* bytes; BERT-large has 40 000                                        */
#define MAX_TENSORS 65536u
#define MAX_SHARDS 1000u
#define MAX_INDEX (16u << 20) /* bytes of model.safetensors.index.json                              */

static puma_status no_memory(puma_error *e, size_t bytes)
{
    return error_set(e, 1001, "out of memory (%zu bytes)", bytes);
}

/* --- the header ------------------------------------------------------------------------------- */

/* A member of an array that counts something: an integer >= 0. */
static bool natural(const json_t *array, size_t i, size_t *value)
{
    const json_t *member = json_array_get(array, i);

    if (!json_is_integer(member) || json_integer_value(member) < 0) return false;
    *value = (size_t)json_integer_value(member);
    return true;
}

static puma_status read_shape(const shard *s, tensor *t, const json_t *shape, puma_error *e)
{
    weights_info *info = &t->info;
    size_t        bytes;

    if (!json_is_array(shape))
        return error_set(e, 411, "%s: tensor " NAME ": shape is not an array", s->file.name, info->name);
    if (json_array_size(shape) > WEIGHTS_MAX_RANK)
        return error_set(e, 413, "%s: tensor " NAME ": too many dimensions (got %zu, limit %d)", s->file.name,
                         info->name, json_array_size(shape), WEIGHTS_MAX_RANK);
    info->rank = json_array_size(shape);
    info->n = 1;
    for (size_t i = 0; i < info->rank; i++) {
        if (!natural(shape, i, &info->dim[i]))
            return error_set(e, 411, "%s: tensor " NAME ": shape[%zu] is not a whole number >= 0",
                             s->file.name, info->name, i);
        if (!checked_mul(&info->n, info->n, info->dim[i]))
            return error_set(e, 413, "%s: tensor " NAME ": the product of its dimensions overflows",
                             s->file.name, info->name);
    }
    if (!checked_mul(&bytes, info->n, t->info.type->bytes))
        return error_set(e, 413, "%s: tensor " NAME ": its size in bytes overflows", s->file.name,
                         info->name);
    if (t->end - t->begin != bytes)
        return error_set(e, 413,
                         "%s: tensor " NAME
                         ": shape and dtype %s do not fit data_offsets (got %zu bytes, expected %zu)",
                         s->file.name, info->name, info->type->name, t->end - t->begin, bytes);
    return PUMA_OK;
}

/* One entry of the header.  The name is borrowed from the JSON tree; the caller copies it. */
static puma_status read_entry(const shard *s, tensor *t, const char *name, json_t *entry, puma_error *e)
{
    const json_t *offsets, *shape, *type;
    size_t        data = s->file.size - s->data;
    const char   *key;
    json_t       *value;

    t->info.name = name;
    if (!json_is_object(entry))
        return error_set(e, 411, "%s: tensor " NAME ": not an object", s->file.name, name);
    json_object_foreach(entry, key, value)
    {
        if (strcmp(key, "dtype") != 0 && strcmp(key, "shape") != 0 && strcmp(key, "data_offsets") != 0)
            return error_set(e, 411, "%s: tensor " NAME ": unknown key " NAME, s->file.name, name, key);
    }
    type = json_object_get(entry, "dtype");
    shape = json_object_get(entry, "shape");
    offsets = json_object_get(entry, "data_offsets");
    if (!type || !shape || !offsets)
        return error_set(e, 411, "%s: tensor " NAME ": %s is missing", s->file.name, name,
                         !type    ? "dtype"
                         : !shape ? "shape"
                                  : "data_offsets");
    if (!json_is_string(type) || !(t->info.type = quant_plain(json_string_value(type))))
        return error_set(
            e, 414, "%s: tensor " NAME ": dtype %.20s is not supported (F32, F16, BF16 and F64 are)",
            s->file.name, name, json_is_string(type) ? json_string_value(type) : "that is no string");
    t->info.dtype = t->info.type->name;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !natural(offsets, 0, &t->begin) ||
        !natural(offsets, 1, &t->end))
        return error_set(e, 412, "%s: tensor " NAME ": data_offsets are not two whole numbers >= 0",
                         s->file.name, name);
    if (t->begin > t->end)
        return error_set(e, 412, "%s: tensor " NAME ": data_offsets end before they begin (%zu, %zu)",
                         s->file.name, name, t->begin, t->end);
    if (t->end > data)
        return error_set(e, 412,
                         "%s: tensor " NAME
                         ": file not fully covered: it ends at byte %zu of the data, the file at %zu",
                         s->file.name, name, t->end, data);
    return read_shape(s, t, shape, e);
}

/* Writers without metadata leave it out or put null. */
static puma_status check_metadata(const shard *s, json_t *metadata, puma_error *e)
{
    const char *key;
    json_t     *value;

    if (json_is_null(metadata)) return PUMA_OK;
    if (!json_is_object(metadata))
        return error_set(e, 411, "%s: __metadata__ is not an object", s->file.name);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return error_set(e, 411, "%s: __metadata__: " NAME " is not a string", s->file.name, key);
    }
    return PUMA_OK;
}

static int by_place(const void *a, const void *b)
{
    const tensor *x = *(const tensor *const *)a, *y = *(const tensor *const *)b;

    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* In the order of their places the tensors must follow one another without gap to the end of the file. */
static puma_status check_coverage(const weights *w, const shard *s, puma_error *e)
{
    size_t         at = 0, data = s->file.size - s->data;
    const tensor **order = malloc((s->count + 1) * sizeof(*order));

    if (!order) return no_memory(e, s->count * sizeof *order);
    for (size_t i = 0; i < s->count; i++) order[i] = &w->tensors[s->first + i];
    qsort(order, s->count, sizeof *order, by_place);
    for (size_t i = 0; i < s->count && e->status == PUMA_OK; i++) {
        if (order[i]->begin < at)
            error_set(e, 412, "%s: tensor " NAME ": overlaps tensor " NAME " (begins at %zu, before %zu)",
                      s->file.name, order[i]->info.name, order[i - 1]->info.name, order[i]->begin, at);
        else if (order[i]->begin > at)
            error_set(e, 412, "%s: tensor " NAME ": file not fully covered: hole before it (%zu to %zu)",
                      s->file.name, order[i]->info.name, at, order[i]->begin);
        at = order[i]->end;
    }
    if (e->status == PUMA_OK && at != data)
        error_set(e, 412, "%s: file not fully covered: %zu bytes behind the last tensor", s->file.name,
                  data - at);
    free(order);
    return e->status;
}

static puma_status add_tensors(weights *w, shard *s, json_t *header, puma_error *e)
{
    size_t      members = json_object_size(header), room;
    const char *name;
    json_t     *entry;
    tensor     *grown;

    if (!checked_add(&room, w->count, members) || room > MAX_TENSORS)
        return error_set(e, 411, "%s: too many tensors (got %zu, limit %u)", s->file.name, room, MAX_TENSORS);
    if (room > w->room) {
        grown = realloc(w->tensors, room * sizeof *grown);
        if (!grown) return no_memory(e, room * sizeof *grown);
        w->tensors = grown;
        w->room = room;
    }
    s->first = w->count;
    json_object_foreach(header, name, entry)
    {
        tensor t = { .shard = (size_t)(s - w->shards) };

        if (strcmp(name, "__metadata__") == 0) {
            if (check_metadata(s, entry, e) != PUMA_OK) return e->status;
            continue;
        }
        if (read_entry(s, &t, name, entry, e) != PUMA_OK) return e->status;
        t.info.name = t.name = strdup(name);
        if (!t.name) return no_memory(e, strlen(name) + 1);
        w->tensors[w->count++] = t;
    }
    s->count = w->count - s->first;
    return check_coverage(w, s, e);
}

static puma_status read_header(weights *w, shard *s, puma_error *e)
{
    /* Room for as many tensors as the limit allows, of three dimensions each. */
    static const json_limits limits = {
        .offset = 8, .objects = MAX_TENSORS + 2, .arrays = 2 * MAX_TENSORS, .separators = 6 * MAX_TENSORS
    };
    unsigned char prefix[8];
    uint64_t      length = 0;
    char         *text;
    size_t        begin;
    json_t       *header = NULL;

    if (s->file.size < sizeof prefix)
        return error_set(e, 410, "%s: byte 0: header too short: not safetensors (got %zu bytes)",
                         s->file.name, s->file.size);
    if (file_at(&s->file, prefix, sizeof prefix, 0, e) != PUMA_OK) return e->status;
    for (size_t i = sizeof prefix; i-- > 0;) length = length << 8 | prefix[i];
    if (length < 2)
        return error_set(e, 410, "%s: byte 0: header too short: not safetensors (got %ju bytes)",
                         s->file.name, (uintmax_t)length);
    if (memcmp(prefix, "version ", sizeof prefix) == 0)
        return error_set(
            e, 410, "%s: byte 0: not safetensors: a text, as Git LFS leaves it in place of the file itself",
            s->file.name);
    if (length > s->file.size - sizeof prefix)
        return error_set(
            e, 410, "%s: byte 0: not safetensors: header length is beyond the file (got %ju, file %zu bytes)",
            s->file.name, (uintmax_t)length, s->file.size);
    if (length > MAX_HEADER)
        return error_set(e, 410, "%s: byte 0: header too large (got %ju bytes, limit %u)", s->file.name,
                         (uintmax_t)length, MAX_HEADER);
    s->data = sizeof prefix + (size_t)length;
    text = malloc((size_t)length);
    if (!text) return no_memory(e, (size_t)length);
    if (file_at(&s->file, text, (size_t)length, sizeof prefix, e) == PUMA_OK) {
        /* The format's text says that a header begins with a brace; its own reader lets blanks stand before
         * it. */
        for (begin = 0; begin < length && strchr(" \t\r\n", text[begin]) && text[begin]; begin++)
            ;
        if (begin == length || text[begin] != '{')
            error_set(e, 411, "%s: byte %zu: not safetensors: header is not a JSON object", s->file.name,
                      sizeof prefix + begin);
        else
            json_parse_limited(s->file.name, text, (size_t)length, &limits, &header, 411, e);
    }
    free(text);
    if (header) add_tensors(w, s, header, e);
    json_decref(header);
    return e->status;
}

/* --- files ------------------------------------------------------------------------------------ */

/* Adds one file, and its tensors when it is safetensors. */
static puma_status open_shard(weights *w, const char *directory, const char *name, puma_error *e)
{
    shard *s = &w->shards[w->shard_count];
    char  *path;

    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return no_memory(e, strlen(directory) + strlen(name) + 2);
    w->shard_count++;
    if (file_open(&s->file, path, e) == PUMA_OK) read_header(w, s, e);
    free(path);
    return e->status;
}

/* Shards are files beside the index: their names come from the checkpoint, so nothing that could be a path
 * passes. */
static bool plain_name(const char *name)
{
    static const char suffix[] = ".safetensors";
    size_t            length = strlen(name);

    if (length <= sizeof suffix - 1 || length > 255 || name[0] == '.') return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];

        if (c <= ' ' || c >= 0x7f || c == '/' || c == '\\') return false;
    }
    return strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const tensor *)a)->info.name, ((const tensor *)b)->info.name);
}

/* Is the tensor where the index puts it? */
static bool is_told(const weights *w, const tensor *t)
{
    const char *told = json_string_value(json_object_get(w->map, t->info.name)),
               *path = w->shards[t->shard].file.path;

    return told && strcmp(told, strrchr(path, '/') + 1) == 0;
}

/* A tensor that stands in two files is the one that the index means. */
static puma_status sort_by_name(weights *w, puma_error *e)
{
    size_t kept = 0;

    if (w->count > 0) qsort(w->tensors, w->count, sizeof *w->tensors, by_name);
    for (size_t i = 0; i < w->count; i++) {
        tensor *t = &w->tensors[i], *last = kept > 0 ? &w->tensors[kept - 1] : NULL;

        if (!last || by_name(last, t) != 0) {
            w->tensors[kept] = *t;
            if (kept++ != i) t->name = NULL; /* it has one owner */
            continue;
        }
        if (is_told(w, last) == is_told(w, t))
            return error_set(e, 415, "%s: tensor " NAME " is also in %s", w->shards[t->shard].file.name,
                             t->info.name, w->shards[last->shard].file.name);
        if (is_told(w, t)) {
            tensor swap = *last;

            *last = *t;
            *t = swap;
        }
        free(t->name);
        t->name = NULL;
    }
    w->count = kept;
    return PUMA_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool present(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0;
}

/* A file that the index names, unless it is not there: a run may need nothing of it (weights_hint tells one
 * that does). */
static puma_status open_named(weights *w, const char *directory, const char *name, puma_error *e)
{
    struct stat about;
    char       *path;
    bool        absent;

    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return no_memory(e, strlen(directory) + strlen(name) + 2);
    absent = stat(path, &about) != 0 && errno == ENOENT;
    free(path);
    return absent ? PUMA_OK : open_shard(w, directory, name, e);
}

/* An index tells which files to read.  What else it says is often wrong about tensors that nobody needs, of
 * which it names some that no file holds and leaves others out, and about sizes; so tensors are taken from
 * where they are. */
/* The files that a weight_map names, each once and sorted; the names stay the map's. */
static puma_status list_files(const char *path, json_t *map, const char ***names, size_t *count, puma_error *e)
{
    const char *name, *file;
    json_t     *value;
    size_t      all = 0;

    if (!json_is_object(map) || json_object_size(map) == 0)
        return error_set(e, 415, "%s: weight_map is missing, empty or not an object", path);
    if (json_object_size(map) > MAX_TENSORS)
        return error_set(e, 415, "%s: too many tensors (got %zu, limit %u)", path, json_object_size(map), MAX_TENSORS);
    *names = calloc(json_object_size(map), sizeof **names);
    if (!*names) return no_memory(e, json_object_size(map) * sizeof **names);
    json_object_foreach(map, name, value)
    {
        file = json_string_value(value);
        if (!file || !plain_name(file))
            return error_set(e, 415,
                             "%s: weight_map: tensor " NAME ": not the plain name of a .safetensors file (got " NAME ")",
                             path, name, file ? file : "no string");
        (*names)[all++] = file;
    }
    qsort(*names, all, sizeof **names, by_text);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        if (i == 0 || strcmp((*names)[i], (*names)[i - 1]) != 0) (*names)[(*count)++] = (*names)[i];
    if (*count > MAX_SHARDS)
        error_set(e, 415, "%s: too many files (got %zu, limit %u)", path, *count, MAX_SHARDS);
    return e->status;
}

static puma_status open_shards(weights *w, const char *path, const char *directory, const char *const *names,
                               size_t count, puma_error *e)
{
    w->shards = calloc(count, sizeof *w->shards);
    if (!w->shards) return no_memory(e, count * sizeof *w->shards);
    for (size_t i = 0; i < count; i++)
        if (open_named(w, directory, names[i], e) != PUMA_OK) return e->status;
    if (w->shard_count == 0)
        return error_set(e, 401, "%s: none of the files that it names is there (%.80s)", path, names[0]);
    return sort_by_name(w, e);
}

static const json_limits INDEX_LIMITS = { .objects = 64, .arrays = 64, .separators = MAX_TENSORS + 1000 };

static puma_status open_indexed(weights *w, const char *name, const char *directory, const json_t *index,
                                puma_error *e)
{
    json_t      *map = json_object_get(index, "weight_map");
    const char **names = NULL;
    size_t       count = 0;

    if (list_files(name, map, &names, &count, e) == PUMA_OK) {
        w->map = json_incref(map);
        open_shards(w, name, directory, names, count, e);
    }
    free(names);
    return e->status;
}

static puma_status open_sharded(weights *w, const char *path, const char *directory, puma_error *e)
{
    json_t *index = NULL;

    if (json_read_limited(path, MAX_INDEX, &INDEX_LIMITS, &index, 402, e) == PUMA_OK)
        open_indexed(w, path_tail(path), directory, index, e);
    json_decref(index);
    return e->status;
}

static puma_status add_gguf(weights *w, const gguf *g, puma_error *e)
{
    size_t count = gguf_tensors(g);

    w->tensors = calloc(count + 1, sizeof *w->tensors);
    if (!w->tensors) return no_memory(e, (count + 1) * sizeof *w->tensors);
    for (size_t i = 0; i < count; i++) {
        const gguf_tensor *from = gguf_tensor_at(g, i);
        tensor            *t = &w->tensors[i];

        t->info =
            (weights_info){ .dtype = from->type->name, .type = from->type, .rank = from->rank, .n = from->n };
        memcpy(t->info.dim, from->dim, sizeof from->dim);
        t->begin = from->begin;
        t->end = from->end;
        if (gguf_permuted(g, from, &t->head, e) != PUMA_OK) return e->status;
        t->info.name = t->name = strdup(from->name);
        if (!t->name) return no_memory(e, strlen(from->name) + 1);
        w->count++;
    }
    return sort_by_name(w, e);
}

/* Room for a checkpoint that is one file. */
static puma_status one_shard(weights *w, puma_error *e)
{
    w->shards = calloc(1, sizeof *w->shards);
    return w->shards ? PUMA_OK : no_memory(e, sizeof *w->shards);
}

/* The file of the only shard is open. */
static puma_status read_gguf(weights *w, puma_error *e)
{
    gguf *g = NULL;

    if (gguf_read(&g, &w->shards[0].file, e) == PUMA_OK) add_gguf(w, g, e);
    gguf_close(g);
    return e->status;
}

static puma_status open_gguf(weights *w, const char *path, puma_error *e)
{
    if (one_shard(w, e) != PUMA_OK) return e->status;
    w->shard_count = 1;
    return file_open(&w->shards[0].file, path, e) == PUMA_OK ? read_gguf(w, e) : e->status;
}

/* Other files with weights, and why they are not read. */
static const struct {
    const char *name, *why;
} UNREAD[] = {
    { "pytorch_model.bin", "a pickle, which can run code" },
    { "pytorch_model.bin.index.json", "of pickles, which can run code" },
    { "consolidated.00.pth", "a pickle, which can run code" },
    { "tf_model.h5", "TensorFlow's" },
    { "flax_model.msgpack", "Flax's" },
    { "adapter_model.safetensors", "an adapter without its model" },
    { "adapter_model.bin", "an adapter without its model" },
};

static puma_status none_found(const char *path, puma_error *e)
{
    for (size_t i = 0; i < sizeof UNREAD / sizeof *UNREAD; i++) {
        char *other;
        bool  there;

        if (asprintf(&other, "%s/%s", path, UNREAD[i].name) < 0) return no_memory(e, strlen(path) + 32);
        there = present(other);
        free(other);
        if (there)
            return error_set(e, 406,
                             "%s: %s is not read (%s): save the whole model as model.safetensors, as "
                             "save_pretrained does",
                             path_tail(path), UNREAD[i].name, UNREAD[i].why);
    }
    return error_set(e, 401,
                     "%s: holds neither model.safetensors nor model.safetensors.index.json nor a .gguf file",
                     path_tail(path));
}

/* What a path stands for: a GGUF file, or a directory with safetensors or else with one. */
static puma_status open_files(weights *w, const char *path, const char *single, const char *index,
                              puma_error *e)
{
    char *found = NULL;

    if (present(single)) {
        if (one_shard(w, e) != PUMA_OK) return e->status;
        return open_shard(w, path, "model.safetensors", e) == PUMA_OK ? sort_by_name(w, e) : e->status;
    }
    if (present(index)) return open_sharded(w, index, path, e);
    if (file_find_gguf(&found, path, e) != PUMA_OK) return e->status;
    if (found)
        open_gguf(w, found, e);
    else
        none_found(path, e);
    free(found);
    return e->status;
}

/* What has been read becomes the caller's, or is given up. */
static puma_status hand_over(weights **out, weights *w, puma_error *e)
{
    if (e->status == PUMA_OK)
        *out = w;
    else
        weights_close(w);
    return e->status;
}

puma_status weights_parse(weights **out, const char *name, const void *bytes, size_t size, puma_error *e)
{
    weights *w = calloc(1, sizeof *w);

    *out = NULL;
    if (!w) return no_memory(e, sizeof *w);
    if (one_shard(w, e) != PUMA_OK) return hand_over(out, w, e);
    w->shard_count = 1;
    file_memory(&w->shards[0].file, name, bytes, size, e);
    if (e->status == PUMA_OK && file_is_gguf(name))
        read_gguf(w, e);
    else if (e->status == PUMA_OK && read_header(w, &w->shards[0], e) == PUMA_OK)
        sort_by_name(w, e);
    return hand_over(out, w, e);
}

puma_status weights_parse_index(weights **out, const char *directory, const char *name, const char *bytes,
                                size_t size, puma_error *e)
{
    json_t  *index = NULL;
    weights *w = calloc(1, sizeof *w);

    *out = NULL;
    if (!w) return no_memory(e, sizeof *w);
    if (json_parse_limited(name, bytes, size, &INDEX_LIMITS, &index, 402, e) == PUMA_OK)
        open_indexed(w, name, directory, index, e);
    json_decref(index);
    return hand_over(out, w, e);
}

puma_status weights_open(weights **out, const char *path, puma_error *e)
{
    char    *single = NULL, *index = NULL;
    weights *w = calloc(1, sizeof *w);

    *out = NULL;
    if (!w) return no_memory(e, sizeof *w);
    if (asprintf(&single, "%s/model.safetensors", path) < 0) single = NULL;
    if (asprintf(&index, "%s/model.safetensors.index.json", path) < 0) index = NULL;
    if (single && index)
        open_files(w, path, single, index, e);
    else
        no_memory(e, strlen(path) + 32);
    free(single);
    free(index);
    return hand_over(out, w, e);
}

void weights_close(weights *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->count; i++) free(w->tensors[i].name);
    for (size_t i = 0; i < w->shard_count; i++) file_close(&w->shards[i].file);
    json_decref(w->map);
    free(w->tensors);
    free(w->shards);
    free(w);
}

size_t              weights_count(const weights *w) { return w->count; }
const weights_info *weights_at(const weights *w, size_t i)
{
    return i < w->count ? &w->tensors[i].info : NULL;
}

const weights_info *weights_find(const weights *w, const char *name)
{
    tensor        key = { .info.name = name };
    const tensor *t = w->count ? bsearch(&key, w->tensors, w->count, sizeof key, by_name) : NULL;

    return t ? &t->info : NULL;
}

void weights_hint(const weights *w, const char *name, char *to, size_t room)
{
    const char *file = json_string_value(json_object_get(w->map, name));
    bool        there = false;

    to[0] = '\0';
    if (!file) return;
    for (size_t i = 0; i < w->shard_count; i++)
        there = there || strcmp(strrchr(w->shards[i].file.path, '/') + 1, file) == 0;
    snprintf(to, room, "; the index puts it into %.80s, which %s", file,
             there ? "does not hold it" : "is not there");
}
