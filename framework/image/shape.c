/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* shape.c - does a picture have the model's shape?  Every format asks here, so that all of them refuse in the same
 * words; nothing is read or scaled here. */
#include "image/image.h"

puma_status image_fits(const char *name, size_t channels, size_t height, size_t width, const image_shape *shape,
                       puma_error *e)
{
    if (channels == shape->channels && height == shape->height && width == shape->width) return PUMA_OK;
    return error_set(e, 563,
                     "%s: the picture does not fit the model (got %zu channels, %zu high, %zu wide; expected %zu, "
                     "%zu, %zu; pictures are not resized or converted)",
                     name, channels, height, width, shape->channels, shape->height, shape->width);
}
