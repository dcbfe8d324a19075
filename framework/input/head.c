/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* head.c - see input.h: the linear head of a run file. */
#include "input/internal.h"

#include "weights/json.h"

#include <math.h>
#include <stdlib.h>

/* [run] head: {"w": [...], "b": x}, one number of w for each of the embedding. */
puma_status input_read_head(client_input *in, const rings *r, puma_error *e)
{
    static const json_limits limits = { .objects = 1, .arrays = 1, .separators = 1u << 20, .secret = true };
    const char   *path = in->run->head, *known[] = { "w", "b" };
    size_t        width = in->model->embedding, i;
    double        limit = ldexp(1.0, (int)r->wide - 2 - 2 * (int)r->frac);
    json_t       *root = NULL;
    const json_t *w, *b;

    if (path == NULL || json_read_limited(path, (size_t)64 << 20, &limits, &root, 423, e) != PUMA_OK)
        return e->status;
    w = json_object_get(root, known[0]);
    b = json_object_get(root, known[1]);
    in->head = calloc(width + 1, sizeof *in->head);
    if (in->head == NULL)
        no_memory(e);
    else if (!json_is_array(w) || !json_is_number(b) || json_object_size(root) != 2)
        error_set(e, 423, "%s: not of the form {\"w\": [...], \"b\": x}", path_tail(path));
    else if (json_array_size(w) != width)
        error_set(e, 423, "%s: w: one number for each of the embedding is needed (got %zu, expected %zu)",
                  path_tail(path), json_array_size(w), width);
    for (i = 0; e->status == PUMA_OK && i <= width; i++) {
        const json_t *number = i < width ? json_array_get(w, i) : b;

        in->head[i] = json_number_value(number);
        if (!json_is_number(number))
            error_set(e, 423, "%s: w: entry %zu is not a number", path_tail(path), i);
        else if (!(fabs(in->head[i]) < limit))
            error_set(e, 1102, "%s: %s: entry %zu leaves the fixed-point range (got %g, limit %g)",
                      path_tail(path), known[i == width], i, in->head[i], limit);
    }
    json_decref(root);
    return e->status;
}
