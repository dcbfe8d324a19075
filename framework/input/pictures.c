/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pictures.c - see input.h: pictures, each a sequence of the model's full length. */
#include "input/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

puma_status input_read_pictures(client_input *in, puma_error *e)
{
    const runfile    *r = in->run;
    const image_shape shape = { in->model->channels, in->model->image[0], in->model->image[1] };
    image_scale       scale = { 0 };
    const char       *key = r->input == RUN_IMAGE ? "image" : "pixels";

    if (r->input == RUN_PIXELS) {
        image_open_pixels(&in->images, r->input_file, &shape, e);
    } else if (image_scale_open(&scale, r->model, &shape, e) == PUMA_OK) {
        image_open(&in->images, r->input_file, &shape, &scale, r->limit, e);
    }
    image_scale_free(&scale);
    if (e->status != PUMA_OK) return error_prefix(e, "%s: [input] %s", runfile_where(r, "input", key), key);
    for (size_t i = 0; i < in->images.count && e->status == PUMA_OK; i++)
        input_add(in, &(token_list){ .count = in->model->positions }, e);
    return e->status;
}

/* No picture may lead out of the residual stream's range: of a patch's product the sum of the weights' magnitudes
 * bounds each entry, whatever the picture is. */
puma_status input_check_pictures(const client_input *in, const model_source *source, puma_error *e)
{
    const model *m = in->model;
    double       rows = 0, rest = 0, most = 0, limit = ldexp(1, m->ranges.hidden);

    for (size_t i = 0; i < m->tensor_count && e->status == PUMA_OK; i++) {
        const model_tensor *t = &m->tensors[i];
        size_t              element;
        double             *w = NULL;

        if (t->layer >= 0 || strncmp(t->role, "embedding.", 10) != 0) continue;
        if (strcmp(t->role, "embedding.patch.weight") != 0) {
            rest += model_max_abs(source, i, &element);
            continue;
        }
        if (model_values(source, i, &w, e) != PUMA_OK) break;
        for (size_t row = 0; row < t->dim[0]; row++) {
            double sum = 0;

            for (size_t k = 0; k < t->dim[1]; k++) sum += fabs(w[row * t->dim[1] + k]);
            if (sum > rows) rows = sum;
        }
        free(w);
    }
    for (size_t i = 0; i < in->images.count && e->status == PUMA_OK; i++)
        for (size_t k = 0; k < image_numbers(&in->images.shape); k++)
            if (fabs(in->images.images[i].pixels[k]) > most) most = fabs(in->images.images[i].pixels[k]);
    if (e->status == PUMA_OK && !(rows * most + rest < limit))
        error_set(e, 1101, "[input]: numbers of the picture are too large for the model's ranges (limit %.4g)",
                  (limit - rest) / rows);
    return e->status;
}
