/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* check.c - see check.h */
#include "plan/check.h"

#include <string.h>

/* Reads one line of the file. */
static puma_status read_range(model_ranges *g, const ini *file, const ini_entry *entry, puma_error *e)
{
    int     *range = strcmp(entry->section, "ranges") == 0 ? model_range(g, entry->key) : NULL;
    uint64_t bits;

    if (range == NULL)
        return error_set(e, 309, "%s:%d: [%s]: unknown key \"%s\"", file->path, entry->line, entry->section,
                         entry->key);
    if (!ini_unsigned(entry->value, 0, 62, &bits))
        return error_set(e, 311, "%s:%d: [ranges] %s: not a number of bits (got %s, limit 0 to 62)", file->path,
                         entry->line, entry->key, entry->value);
    *range = (int)bits;
    return PUMA_OK;
}

/* What lines of the file say of ranges that have none. */
static void complete(model_ranges *g, const ini *file)
{
    /* Scores lie no further apart than twice the largest. */
    if (ini_find(file, "ranges", "spread") == NULL && ini_find(file, "ranges", "scores") != NULL) g->spread = g->scores + 1;
    /* Who measured distances and not what bounds them has no use for a guard that goes by the bound. */
    if (ini_find(file, "ranges", "reach") == NULL &&
        (ini_find(file, "ranges", "spread") != NULL || ini_find(file, "ranges", "scores") != NULL))
        g->reach = 62;
    if (ini_find(file, "ranges", "sums") == NULL && ini_find(file, "ranges", "hidden") != NULL) g->sums = g->hidden;
    /* Norms take twice the bits of an entry for those of a row's sum of squares. */
    if ((g->squares + 1) / 2 > g->hidden) g->hidden = (g->squares + 1) / 2;
}

puma_status check_ranges(plan *p, puma_error *e)
{
    ini file;

    if (p->run->ranges == NULL) return PUMA_OK;
    if (ini_read(&file, p->run->ranges, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < file.count && e->status == PUMA_OK; i++)
        read_range(&p->model->ranges, &file, &file.entries[i], e);
    complete(&p->model->ranges, &file);
    ini_free(&file);
    return e->status;
}

/* The last new token is not fed back, so a model of N positions takes N + 1 tokens in all. */
puma_status check_lengths(plan *p, puma_error *e)
{
    size_t most = p->model->max_tokens;

    p->most = runfile_embeds(p->run) && p->model->encoder_tokens > 0 && p->model->encoder_tokens < most
                  ? p->model->encoder_tokens
                  : most;
    if (p->run->task != RUN_GENERATE) return PUMA_OK;
    if (p->run->max_new_tokens > most)
        return error_set(e, 322,
                         "%s: [generate] max_new_tokens: the model has no room for them (got %zu, limit %zu)",
                         runfile_where(p->run, "generate", "max_new_tokens"), p->run->max_new_tokens, most);
    p->most = most - (p->run->max_new_tokens - 1);
    return PUMA_OK;
}

puma_status check_one_label(const plan *p, const char *section, const char *key, puma_error *e)
{
    const runfile *r = p->run;

    if (r->task != RUN_CLASSIFY || r->head != NULL || p->model->problem == MODEL_ONE_LABEL) return PUMA_OK;
    return error_set(e, 332, "%s: [%s] %s: the model's answer is not one label (config.json: %s)",
                     runfile_where(r, section, key), section, key,
                     p->model->problem == MODEL_REGRESSION ? "regression" : "multi_label_classification");
}
