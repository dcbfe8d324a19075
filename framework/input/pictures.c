/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pictures.c - see internal.h: pictures, each a sequence of the model's full length. */
#include "input/internal.h"

#include <stdlib.h>
#include <string.h>

puma_status input_read_pictures(client_input *in, puma_error *e)
{
    const runfile_input *own = in->own;
    const image_shape shape = { in->model->channels, in->model->image[0], in->model->image[1] };
    image_scale       scale = { 0 };
    const char       *key = own->kind == RUN_IMAGE ? "image" : "pixels";

    if (own->kind == RUN_PIXELS) {
        image_open_pixels(&in->images, own->file, &shape, e);
    } else if (image_scale_open(&scale, in->run->model, &shape, e) == PUMA_OK) {
        image_open(&in->images, own->file, &shape, &scale, own->limit, e);
    }
    image_scale_free(&scale);
    if (e->status != PUMA_OK) return error_prefix(e, "%s: [input] %s", runfile_where(in->run, "input", key), key);
    for (size_t i = 0; i < in->images.count && e->status == PUMA_OK; i++)
        input_add(in, &(token_list){ .count = in->model->positions }, e);
    return e->status;
}
