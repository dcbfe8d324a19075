/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* image.c - see image.h */
#include "image/image.h"

#include "base/checked.h"
#include "weights/json.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define MAX_FILE ((size_t)256 << 20) /* bytes, also once uncompressed */

static puma_status no_memory(const char *name, puma_error *e)
{
    return error_set(e, 1001, "%s: out of memory for the picture", name);
}

/* --- how bytes become numbers ----------------------------------------------------------------- */

/* A number for each channel, or one for all. */
static puma_status read_list(double *to, const json_t *config, const char *key, double least,
                             const image_shape *shape, const char *name, puma_error *e)
{
    const json_t *value = json_object_get(config, key);
    size_t        count = json_is_array(value) ? json_array_size(value) : 1;

    if (value == NULL || json_is_null(value)) return PUMA_OK;
    if (json_is_array(value) && count != shape->channels)
        return error_set(e, 560, "%s: %s: one number a channel is needed (got %zu, expected %zu)", name, key, count,
                         shape->channels);
    for (size_t c = 0; c < shape->channels; c++) {
        const json_t *number = json_is_array(value) ? json_array_get(value, c) : value;

        to[c] = json_number_value(number);
        if (!json_is_number(number) || !(fabs(to[c]) <= 1e6) || !(fabs(to[c]) >= least))
            return error_set(e, 560, "%s: %s: not a number in its range", name, key);
    }
    return PUMA_OK;
}

static bool is_set(const json_t *config, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(config, key);

    return value == NULL || json_is_null(value) ? otherwise : !json_is_false(value);
}

/* `size` and `crop_size`: a number, or {"height", "width"}; others name a size that is not the model's alone. */
static puma_status check_size(const json_t *config, const char *key, const image_shape *shape, const char *name,
                              puma_error *e)
{
    const json_t *size = json_object_get(config, key), *height, *width;

    if (size == NULL || json_is_null(size)) return PUMA_OK;
    height = json_is_object(size) ? json_object_get(size, "height") : size;
    width = json_is_object(size) ? json_object_get(size, "width") : size;
    if (json_is_integer(height) && json_is_integer(width) && json_integer_value(height) == (json_int_t)shape->height &&
        json_integer_value(width) == (json_int_t)shape->width)
        return PUMA_OK;
    return error_set(e, 560, "%s: %s: another size than the model's %zu x %zu (pictures are not resized)", name, key,
                     shape->height, shape->width);
}

static puma_status read_scale(image_scale *scale, const json_t *config, const image_shape *shape, const char *name,
                              puma_error *e)
{
    const json_t *factor = json_object_get(config, "rescale_factor");

    if (!json_is_object(config)) return error_set(e, 560, "%s: not a JSON object", name);
    if (is_set(config, "do_resize", true)) check_size(config, "size", shape, name, e);
    if (is_set(config, "do_center_crop", false)) check_size(config, "crop_size", shape, name, e);
    if (e->status == PUMA_OK && is_set(config, "do_pad", false))
        error_set(e, 560, "%s: do_pad: pictures are not padded", name);
    if (factor != NULL && !json_is_null(factor)) scale->factor = json_number_value(factor);
    if (e->status == PUMA_OK && (!(fabs(scale->factor) <= 1e6) || !(fabs(scale->factor) > 0)))
        error_set(e, 560, "%s: rescale_factor: not a number in its range", name);
    if (!is_set(config, "do_rescale", true)) scale->factor = 1;
    if (e->status == PUMA_OK && is_set(config, "do_normalize", true)) {
        if (read_list(scale->mean, config, "image_mean", 0, shape, name, e) == PUMA_OK)
            read_list(scale->deviation, config, "image_std", 1e-6, shape, name, e);
    } else {
        for (size_t c = 0; c < shape->channels; c++) {
            scale->mean[c] = 0;
            scale->deviation[c] = 1;
        }
    }
    return e->status;
}

puma_status image_scale_open(image_scale *scale, const char *directory, const image_shape *shape, puma_error *e)
{
    json_t *config = NULL;
    char   *path;

    *scale = (image_scale){ .factor = 1.0 / 255,
                            .mean = calloc(shape->channels, sizeof *scale->mean),
                            .deviation = calloc(shape->channels, sizeof *scale->deviation) };
    if (asprintf(&path, "%s/preprocessor_config.json", directory) < 0) path = NULL;
    if (path == NULL || scale->mean == NULL || scale->deviation == NULL) {
        free(path);
        return no_memory(directory, e);
    }
    for (size_t c = 0; c < shape->channels; c++) scale->mean[c] = scale->deviation[c] = 0.5;
    if (access(path, F_OK) == 0 && json_read(path, (size_t)1 << 20, &config, 560, e) == PUMA_OK)
        read_scale(scale, config, shape, path_tail(path), e);
    json_decref(config);
    free(path);
    return e->status;
}

void image_scale_free(image_scale *scale)
{
    free(scale->mean);
    free(scale->deviation);
    *scale = (image_scale){ 0 };
}

/* --- files ------------------------------------------------------------------------------------ */

static void wipe(void *memory, size_t size)
{
    if (memory != NULL) OPENSSL_cleanse(memory, size);
    free(memory);
}

/* One gzip member and nothing behind it. */
static puma_status gunzip(const char *name, const uint8_t *bytes, size_t size, uint8_t **to, size_t *to_size,
                          puma_error *e)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size };
    uint8_t *out = NULL;
    size_t   room = 0;
    int      state = inflateInit2(&z, 16 + MAX_WBITS);

    while (state == Z_OK) {
        size_t   more = room == 0 ? (size_t)1 << 16 : room;
        uint8_t *grown = room + more > MAX_FILE ? NULL : realloc(out, room + more);

        if (grown == NULL) {
            state = room + more > MAX_FILE ? Z_BUF_ERROR : Z_MEM_ERROR;
            break;
        }
        out = grown;
        z.next_out = out + room;
        z.avail_out = (uInt)more;
        room += more;
        state = inflate(&z, Z_NO_FLUSH);
        if (state == Z_BUF_ERROR && z.avail_in > 0) state = Z_OK;
        if (state == Z_OK && z.avail_in == 0 && z.avail_out > 0) state = Z_DATA_ERROR; /* the file is cut off */
    }
    if (state == Z_MEM_ERROR)
        no_memory(name, e);
    else if (state == Z_BUF_ERROR)
        error_set(e, 561, "%s: more than %zu MiB once uncompressed", name, MAX_FILE >> 20);
    else if (state != Z_STREAM_END || z.avail_in > 0)
        error_set(e, 561, "%s: %s", name,
                  state == Z_STREAM_END ? "bytes behind the end of the gzip data" : "not a sound gzip file");
    *to = NULL;
    *to_size = z.total_out;
    inflateEnd(&z);
    if (e->status == PUMA_OK)
        *to = out;
    else
        wipe(out, room);
    return e->status;
}

static bool is_gzip(const uint8_t *bytes, size_t size)
{
    return size > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

puma_status image_file(const char *path, uint8_t **bytes, size_t *size, puma_error *e)
{
    char  *text = NULL;
    size_t packed;

    *bytes = NULL;
    if (file_read(path, MAX_FILE, &text, size, 554, e) != PUMA_OK) return e->status;
    *bytes = (uint8_t *)text;
    if (!is_gzip(*bytes, *size)) return PUMA_OK;
    packed = *size;
    gunzip(path_tail(path), (uint8_t *)text, packed, bytes, size, e);
    wipe(text, packed);
    return e->status;
}

/* --- IDX: magic 0, 0, type 8 (bytes), number of dimensions; then these, and the bytes ------------ */

static size_t big_endian(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static bool is_idx(const uint8_t *bytes, size_t size) { return size >= 4 && bytes[0] == 0 && bytes[1] == 0; }

/* Its dimensions, at most four; the bytes that follow are as many as these say. */
static puma_status read_idx(const char *name, const uint8_t *bytes, size_t size, size_t *dim, size_t *rank,
                            puma_error *e)
{
    size_t n = 1, header;

    *rank = bytes[3];
    header = 4 + 4 * *rank;
    if (bytes[2] != 8)
        return error_set(e, 562, "%s: an IDX file of bytes is needed (got type 0x%02x)", name, bytes[2]);
    if (*rank < 1 || *rank > 4 || size < header)
        return error_set(e, 561, "%s: the header of the IDX file is malformed", name);
    for (size_t i = 0; i < *rank; i++) {
        dim[i] = big_endian(bytes + 4 + 4 * i);
        if (!checked_mul(&n, n, dim[i])) n = SIZE_MAX;
    }
    if (n != size - header)
        return error_set(e, 561, "%s: the IDX file has other bytes than its header says (got %zu, expected %zu)", name,
                         size - header, n);
    return PUMA_OK;
}

puma_status image_labels(const char *path, const uint8_t *bytes, size_t size, const uint8_t **labels, size_t *count,
                         puma_error *e)
{
    const char *name = path_tail(path);
    size_t      dim[4], rank;

    *labels = NULL;
    if (!is_idx(bytes, size) || read_idx(name, bytes, size, dim, &rank, e) != PUMA_OK) return e->status;
    if (rank != 1) return error_set(e, 561, "%s: labels have one dimension (got %zu)", name, rank);
    *labels = bytes + 8;
    *count = dim[0];
    return PUMA_OK;
}

/* --- PNM: P2 and P5 gray, P3 and P6 RGB --------------------------------------------------------- */

typedef struct cursor {
    const uint8_t *bytes;
    size_t         size, at;
} cursor;

static bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The next number, behind blanks and comments; SIZE_MAX: there is none. */
static size_t next_number(cursor *c)
{
    size_t value = 0, digits = 0;

    while (c->at < c->size && (is_space(c->bytes[c->at]) || c->bytes[c->at] == '#')) {
        if (c->bytes[c->at] == '#')
            while (c->at < c->size && c->bytes[c->at] != '\n') c->at++;
        else
            c->at++;
    }
    for (; c->at < c->size && c->bytes[c->at] >= '0' && c->bytes[c->at] <= '9' && digits < 10; digits++)
        value = 10 * value + (size_t)(c->bytes[c->at++] - '0');
    return digits == 0 || digits == 10 ? SIZE_MAX : value;
}

static puma_status read_pnm(uint8_t *to, const char *name, const uint8_t *bytes, size_t size, const image_shape *shape,
                            puma_error *e)
{
    cursor c = { bytes, size, 2 };
    bool   binary = bytes[1] == '5' || bytes[1] == '6';
    size_t channels = bytes[1] == '3' || bytes[1] == '6' ? 3 : 1, plane = shape->height * shape->width;
    size_t width = next_number(&c), height = next_number(&c), most = next_number(&c);

    if (width == SIZE_MAX || height == SIZE_MAX || most == SIZE_MAX || c.at == size || !is_space(bytes[c.at]))
        return error_set(e, 561, "%s: the header of the picture is malformed", name);
    if (most != 255) return error_set(e, 562, "%s: samples up to %zu are not supported (255 is)", name, most);
    if (image_fits(name, channels, height, width, shape, e) != PUMA_OK) return e->status;
    c.at++;
    if (binary && size - c.at < plane * channels)
        return error_set(e, 561, "%s: the picture is cut off (got %zu bytes, expected %zu)", name, size - c.at,
                         plane * channels);
    for (size_t i = 0; i < plane; i++)
        for (size_t k = 0; k < channels; k++) {
            size_t value = binary ? bytes[c.at++] : next_number(&c);

            if (value > 255) /* by its place: the picture is a secret */
                return error_set(e, 561, "%s: sample %zu is missing or not a number from 0 to 255", name,
                                 i * channels + k);
            to[k * plane + i] = (uint8_t)value;
        }
    /* Nothing marks the end of this format, so that other bytes may mean a header that is wrong, or another
     * picture. */
    while (c.at < size && is_space(bytes[c.at])) c.at++;
    if (c.at < size) return error_set(e, 561, "%s: %zu bytes behind the end of the picture", name, size - c.at);
    return PUMA_OK;
}

/* --- lists ------------------------------------------------------------------------------------ */

static puma_status make_list(image_list *list, const char *name, const image_shape *shape, size_t count, bool bytes,
                             puma_error *e)
{
    size_t n = image_numbers(shape);

    *list = (image_list){ .shape = *shape, .images = calloc(count, sizeof *list->images) };
    if (list->images == NULL) return no_memory(name, e);
    for (; list->count < count; list->count++) {
        image *to = &list->images[list->count];

        to->pixels = calloc(n, sizeof *to->pixels);
        if (bytes) to->bytes = calloc(n, 1);
        if (to->pixels == NULL || (bytes && to->bytes == NULL)) {
            list->count++;
            return no_memory(name, e);
        }
    }
    return PUMA_OK;
}

void image_list_free(image_list *list)
{
    size_t n = image_numbers(&list->shape);

    for (size_t i = 0; i < list->count; i++) {
        wipe(list->images[i].pixels, n * sizeof *list->images[i].pixels);
        wipe(list->images[i].bytes, n);
    }
    free(list->images);
    *list = (image_list){ 0 };
}

/* Pictures of an IDX file: (count, height, width), or with a dimension of channels behind the first. */
static puma_status read_idx_images(image_list *list, const char *name, const uint8_t *bytes, size_t size,
                                   const image_shape *shape, size_t limit, puma_error *e)
{
    size_t dim[4], rank, count, n = image_numbers(shape);

    if (read_idx(name, bytes, size, dim, &rank, e) != PUMA_OK) return e->status;
    if (rank < 3) return error_set(e, 561, "%s: pictures have three dimensions or four (got %zu)", name, rank);
    if (image_fits(name, rank == 4 ? dim[1] : 1, dim[rank - 2], dim[rank - 1], shape, e) != PUMA_OK) return e->status;
    if (dim[0] == 0) return error_set(e, 551, "%s: no picture in it", name);
    count = limit > 0 && limit < dim[0] ? limit : dim[0];
    if (make_list(list, name, shape, count, true, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < count; i++) memcpy(list->images[i].bytes, bytes + 4 + 4 * rank + i * n, n);
    return PUMA_OK;
}

/* A file's bytes, uncompressed. */
static puma_status read_pictures(image_list *list, const char *name, const uint8_t *bytes, size_t size,
                                 const image_shape *shape, const image_scale *scale, size_t limit,
                                 puma_error *e)
{
    static const uint8_t png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    size_t               plane = shape->height * shape->width;

    if (is_idx(bytes, size)) {
        read_idx_images(list, name, bytes, size, shape, limit, e);
    } else if (make_list(list, name, shape, 1, true, e) == PUMA_OK) {
        uint8_t *to = list->images[0].bytes;

        if (size >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
            image_png(to, name, bytes, size, shape, e);
        else if (size > 2 && bytes[0] == 'P' && strchr("2356", bytes[1]) != NULL && bytes[1] != '\0')
            read_pnm(to, name, bytes, size, shape, e);
        else
            error_set(e, 562, "%s: not a picture of a known kind (PNG, PGM, PPM, IDX)", name);
    }
    for (size_t i = 0; e->status == PUMA_OK && i < list->count; i++)
        for (size_t k = 0; k < image_numbers(shape); k++)
            list->images[i].pixels[k] =
                (list->images[i].bytes[k] * scale->factor - scale->mean[k / plane]) / scale->deviation[k / plane];
    return e->status;
}

puma_status image_open(image_list *list, const char *path, const image_shape *shape, const image_scale *scale,
                       size_t limit, puma_error *e)
{
    uint8_t *bytes;
    size_t   size;

    *list = (image_list){ 0 };
    if (image_file(path, &bytes, &size, e) != PUMA_OK) return e->status;
    read_pictures(list, path_tail(path), bytes, size, shape, scale, limit, e);
    wipe(bytes, size);
    return e->status;
}

puma_status image_parse(image_list *list, const char *name, const uint8_t *bytes, size_t size,
                        const image_shape *shape, const image_scale *scale, size_t limit, puma_error *e)
{
    uint8_t *unpacked = NULL;
    size_t   length = 0;

    *list = (image_list){ 0 };
    if (!is_gzip(bytes, size)) return read_pictures(list, name, bytes, size, shape, scale, limit, e);
    if (gunzip(name, bytes, size, &unpacked, &length, e) == PUMA_OK)
        read_pictures(list, name, unpacked, length, shape, scale, limit, e);
    wipe(unpacked, length);
    return e->status;
}

/* `value` holds the dimensions from `at` on; *used numbers have been read. */
static puma_status read_numbers(double *to, size_t *used, const json_t *value, const size_t *dim, size_t rank,
                                const char *name, puma_error *e)
{
    if (!json_is_array(value) || json_array_size(value) != dim[0])
        return error_set(e, 563, "%s: not an array of the model's shape (expected %zu entries behind number %zu)", name,
                         dim[0], *used);
    for (size_t i = 0; i < dim[0] && e->status == PUMA_OK; i++) {
        const json_t *entry = json_array_get(value, i);

        if (rank > 1) {
            read_numbers(to, used, entry, dim + 1, rank - 1, name, e);
        } else {
            to[*used] = json_number_value(entry);
            if (!json_is_number(entry) || !isfinite(to[*used]))
                error_set(e, 561, "%s: entry %zu is not a number", name, *used);
            (*used)++;
        }
    }
    return e->status;
}

static puma_status read_pixels(image_list *list, const char *name, const json_t *root,
                               const image_shape *shape, puma_error *e)
{
    const size_t  nested[] = { shape->channels, shape->height, shape->width }, flat = image_numbers(shape);
    const json_t *inner = json_array_get(root, 0);
    size_t        used = 0;

    if (make_list(list, name, shape, 1, false, e) != PUMA_OK) return e->status;
    return read_numbers(list->images[0].pixels, &used, root, json_is_array(inner) ? nested : &flat,
                        json_is_array(inner) ? 3 : 1, name, e);
}

puma_status image_open_pixels(image_list *list, const char *path, const image_shape *shape, puma_error *e)
{
    json_t *root = NULL;

    *list = (image_list){ 0 };
    if (json_read_limited(path, MAX_FILE, &(json_limits){ .secret = true }, &root, 561, e) == PUMA_OK)
        read_pixels(list, path_tail(path), root, shape, e);
    json_decref(root);
    return e->status;
}

puma_status image_parse_pixels(image_list *list, const char *name, const char *bytes, size_t size,
                               const image_shape *shape, puma_error *e)
{
    json_t *root = NULL;

    *list = (image_list){ 0 };
    if (json_parse_limited(name, bytes, size, &(json_limits){ .secret = true }, &root, 561, e) == PUMA_OK)
        read_pixels(list, name, root, shape, e);
    json_decref(root);
    return e->status;
}
