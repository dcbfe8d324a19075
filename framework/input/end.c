/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* end.c - see input.h: the tokens that end a sequence. */
#include "input/internal.h"

#include "weights/file.h"
#include "weights/gguf.h"
#include "weights/json.h"

#include <stdlib.h>
#include <unistd.h>

static bool add_eos(client_input *in, const json_t *id)
{
    uint32_t *more;

    if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > UINT32_MAX)
        return false;
    more = realloc(in->eos, (in->eos_count + 1) * sizeof *more);
    if (more == NULL) return false;
    in->eos = more;
    in->eos[in->eos_count++] = (uint32_t)json_integer_value(id);
    return true;
}

/* Takes `eos_token_id` from a configuration, which it frees: a number, a list of numbers, or null. */
static puma_status take_eos(client_input *in, json_t *config, const char *path, puma_error *e)
{
    const json_t *id = json_object_get(config, "eos_token_id"), *item;
    size_t        i;
    bool          good = true;

    if (json_is_array(id)) {
        json_array_foreach(id, i, item) good = good && add_eos(in, item);
    } else if (id != NULL && !json_is_null(id)) {
        good = add_eos(in, id);
    }
    json_decref(config);
    if (e->status != PUMA_OK || good) return e->status;
    return error_set(e, 403, "%s: eos_token_id: not a token id or a list of them", path_tail(path));
}

/* What ends a sequence: from generation_config.json, else config.json, else the metadata of a .gguf file.  An
 * id outside the vocabulary can never come. */
puma_status input_read_eos(client_input *in, puma_error *e)
{
    static const char *const names[] = { "generation_config.json", "config.json" };
    char                     path[4200], *file = NULL;
    json_t                  *config = NULL;
    bool                     found = false;

    if (in->run->task != RUN_GENERATE) return PUMA_OK;
    for (size_t i = 0; i < 2 && in->eos_count == 0 && e->status == PUMA_OK; i++) {
        snprintf(path, sizeof path, "%.4100s/%s", in->run->model, names[i]);
        if (access(path, F_OK) != 0) continue;
        found = i == 1;
        if (json_read(path, (size_t)1 << 20, &config, 402, e) == PUMA_OK) take_eos(in, config, path, e);
    }
    if (!found && in->eos_count == 0 && file_find_gguf(&file, in->run->model, e) == PUMA_OK && file != NULL) {
        gguf *g = NULL;

        if (gguf_open(&g, file, e) == PUMA_OK && gguf_config(g, &config, e) == PUMA_OK)
            take_eos(in, config, file, e);
        gguf_close(g);
    }
    free(file);
    if (in->eos_count == 0 && in->run->stop_at_eos)
        error_set(e, 403, "%s: [generate] stop_at_eos: the model names no eos_token_id",
                  runfile_where(in->run, "generate", "stop_at_eos"));
    return e->status;
}
