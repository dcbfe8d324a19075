/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* png.c - PNG through libpng: 8 bits or fewer a sample, gray, palette or RGB, without transparency.
 *
 * libpng leaves a failure by longjmp, so that what must survive one lies in `reading`, which the caller has.
 *
 * image.c calls the reading half.  The bytes of a file stay the caller's, rows are freed on every way out, and no
 * other file includes libpng's header. */
#include "image/image.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

typedef struct reading {
    const char    *name;
    const uint8_t *bytes;
    size_t         size, at;
    puma_error    *e;
    uint8_t       *rows; /* height x width x channels */
    png_bytep     *row;
} reading;

static void failed(png_structp png, png_const_charp text)
{
    reading *r = png_get_error_ptr(png);

    error_set(r->e, 561, "%s: not a sound PNG file: %.100s", r->name, text);
    png_longjmp(png, 1);
}

static void ignored(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void take(png_structp png, png_bytep to, size_t size)
{
    reading *r = png_get_io_ptr(png);

    if (size > r->size - r->at) png_error(png, "the file is cut off");
    memcpy(to, r->bytes + r->at, size);
    r->at += size;
}

/* Refuses what would have to be converted; false with r->e set. */
static bool check_kind(reading *r, png_structp png, png_infop info, const image_shape *shape)
{
    int    kind = png_get_color_type(png, info);
    size_t channels = (kind & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;

    if (png_get_bit_depth(png, info) > 8)
        error_set(r->e, 562, "%s: samples of 16 bits are not supported (8 are)", r->name);
    else if ((kind & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, info, PNG_INFO_tRNS) != 0)
        error_set(r->e, 562, "%s: a picture with transparency is not supported", r->name);
    else
        image_fits(r->name, channels, png_get_image_height(png, info), png_get_image_width(png, info), shape, r->e);
    return r->e->status == PUMA_OK;
}

static void read_rows(reading *r, png_structp png, png_infop info, const image_shape *shape)
{
    size_t stride = shape->width * shape->channels;

    png_read_info(png, info);
    if (!check_kind(r, png, info, shape)) return;
    png_set_expand(png); /* palettes to RGB, fewer bits to 8 */
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    r->rows = malloc(stride * shape->height);
    r->row = malloc(shape->height * sizeof *r->row);
    if (r->rows == NULL || r->row == NULL || png_get_rowbytes(png, info) != stride)
        png_error(png, "no memory for its rows");
    for (size_t y = 0; y < shape->height; y++) r->row[y] = r->rows + y * stride;
    png_read_image(png, r->row);
    /* IEND ends the picture, whose every chunk has been checked by then.  What cameras, editors and file
     * systems leave behind it, a line end, padding, a note, is no part of it and not looked at, as viewers
     * do. */
    png_read_end(png, NULL);
}

puma_status image_png(uint8_t *to, const char *name, const uint8_t *bytes, size_t size, const image_shape *shape,
                      puma_error *e)
{
    reading     r = { .name = name, .bytes = bytes, .size = size, .e = e };
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, failed, ignored);
    png_infop   info = png == NULL ? NULL : png_create_info_struct(png);
    size_t      plane = shape->height * shape->width;

    if (info == NULL) {
        png_destroy_read_struct(&png, NULL, NULL);
        return error_set(e, 1001, "%s: out of memory", name);
    }
    png_set_read_fn(png, &r, take);
    if (setjmp(png_jmpbuf(png)) == 0) read_rows(&r, png, info, shape);
    png_destroy_read_struct(&png, &info, NULL);
    for (size_t i = 0; e->status == PUMA_OK && i < plane; i++)
        for (size_t c = 0; c < shape->channels; c++) to[c * plane + i] = r.rows[i * shape->channels + c];
    free(r.row);
    free(r.rows);
    return e->status;
}

/* Samples side by side, as libpng takes them. */
static void interleave(uint8_t *to, const image *picture, const image_shape *shape)
{
    size_t plane = shape->height * shape->width, n = image_numbers(shape);
    double low = picture->pixels[0], high = low;

    for (size_t k = 0; k < n; k++) {
        if (picture->pixels[k] < low) low = picture->pixels[k];
        if (picture->pixels[k] > high) high = picture->pixels[k];
    }
    for (size_t k = 0; k < n; k++)
        to[k % plane * shape->channels + k / plane] =
            picture->bytes != NULL ? picture->bytes[k]
            : high > low           ? (uint8_t)(255 * (picture->pixels[k] - low) / (high - low))
                                   : 0;
}

puma_status image_to_png(uint8_t **png, size_t *size, const image_list *list, size_t i, puma_error *e)
{
    const image_shape *shape = &list->shape;
    png_image          about = { .version = PNG_IMAGE_VERSION,
                                 .width = (png_uint_32)shape->width,
                                 .height = (png_uint_32)shape->height,
                                 .format = shape->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY };
    uint8_t           *rows;
    png_alloc_size_t   room = 0;

    *png = NULL;
    *size = 0;
    if (shape->channels != 1 && shape->channels != 3)
        return error_set(e, 562, "a picture of %zu channels cannot be shown (1 and 3 can)", shape->channels);
    rows = malloc(image_numbers(shape));
    if (rows != NULL) {
        interleave(rows, &list->images[i], shape);
        if (png_image_write_to_memory(&about, NULL, &room, 0, rows, 0, NULL) != 0) *png = malloc(room);
        if (*png != NULL && png_image_write_to_memory(&about, *png, &room, 0, rows, 0, NULL) != 0) *size = room;
    }
    free(rows);
    if (*size > 0) return PUMA_OK;
    free(*png);
    *png = NULL;
    return error_set(e, 1001, "out of memory for a picture");
}
