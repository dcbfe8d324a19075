/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* image.h - pictures as a vision model takes them: bytes from PNG, PGM, PPM or IDX files, scaled as the
 * checkpoint's preprocessor_config.json says; or numbers from a JSON array, as they stand.
 *
 * Nothing is resized, converted or cropped: a picture has the model's size, or it is an error that says which
 * size is needed.  Files are read whole and are bounded; what is behind a picture's end is an error too.
 *
 * input/ reads pictures with it and wipes them by image_list_free; cli/ draws them again for a page.  It knows no
 * model: the shape is given. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the model takes: C planes of H x W. */
typedef struct image_shape {
    size_t channels, height, width;
} image_shape;

typedef struct image {
    double  *pixels; /* channels x height x width, as the model takes them           */
    uint8_t *bytes;  /* the same as they stood in the file; NULL: they were numbers  */
} image;

typedef struct image_list {
    image_shape shape;
    size_t      count;
    image      *images;
} image_list;

/* x = (byte * factor - mean) / deviation, a mean and a deviation for each channel. */
typedef struct image_scale {
    double  factor;
    double *mean, *deviation;
} image_scale;

static inline size_t image_numbers(const image_shape *s) { return s->channels * s->height * s->width; }

/* `directory`/preprocessor_config.json; without that file (byte / 255 - 0.5) / 0.5. */
puma_status image_scale_open(image_scale *scale, const char *directory, const image_shape *shape, puma_error *e);
void        image_scale_free(image_scale *scale);

/* The picture of a PNG, PGM or PPM file, or the first `limit` (0: all) of an IDX file, which may be
 * compressed with gzip. */
puma_status image_open(image_list *list, const char *path, const image_shape *shape, const image_scale *scale,
                       size_t limit, puma_error *e);
/* The same from the bytes of such a file, `name` in messages. */
puma_status image_parse(image_list *list, const char *name, const uint8_t *bytes, size_t size,
                        const image_shape *shape, const image_scale *scale, size_t limit, puma_error *e);
/* A JSON array of channels x height x width numbers, nested or flat. */
puma_status image_open_pixels(image_list *list, const char *path, const image_shape *shape, puma_error *e);
puma_status image_parse_pixels(image_list *list, const char *name, const char *bytes, size_t size,
                               const image_shape *shape, puma_error *e);
/* Wiped: they are the client's secret. */
void        image_list_free(image_list *list);

/* The content of a file, uncompressed where it is a gzip file; malloc'd. */
puma_status image_file(const char *path, uint8_t **bytes, size_t *size, puma_error *e);
/* Is this an IDX file of labels (bytes, one dimension)?  Then *labels points at them, inside `bytes`. */
puma_status image_labels(const char *path, const uint8_t *bytes, size_t size, const uint8_t **labels,
                         size_t *count, puma_error *e);

/* png.c: the picture in `to`, plane after plane. */
puma_status image_png(uint8_t *to, const char *name, const uint8_t *bytes, size_t size, const image_shape *shape,
                      puma_error *e);
/* The other way: picture i of the list as a PNG file, malloc'd; numbers that were no bytes from the least to the
 * largest of them. */
puma_status image_to_png(uint8_t **png, size_t *size, const image_list *list, size_t i, puma_error *e);
/* shape.c: that a picture has the model's shape. */
puma_status image_fits(const char *name, size_t channels, size_t height, size_t width, const image_shape *shape,
                       puma_error *e);

#endif
