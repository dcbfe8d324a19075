/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plan.c - see plan.h: the order in which the choices are made, and the model's shape. */
#include "plan/plan.h"

#include "exec/rings.h"
#include "plan/agree.h"
#include "plan/check.h"
#include "plan/choose.h"
#include "plan/domain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory for the plan"); }

/* A linear head in the run file takes the embedding as its input, so the checkpoint needs no head. */
static model_task task_of(const runfile *r)
{
    if (runfile_embeds(r)) return MODEL_EMBED;
    switch (r->task) {
    case RUN_CLASSIFY: return MODEL_CLASSIFY;
    case RUN_LOGITS: return MODEL_LOGITS;
    case RUN_HIDDEN: return MODEL_HIDDEN;
    case RUN_GENERATE: return MODEL_GENERATE;
    case RUN_PERPLEXITY: return MODEL_PERPLEXITY;
    case RUN_CLASSIFY_TOKENS: return MODEL_TOKENS;
    case RUN_FILL_MASK: return MODEL_MASK;
    default: return MODEL_EMBED;
    }
}

double plan_ulp(const plan *p)
{
    bool is_float = (p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0 && !p->run->fixed;

    return is_float ? 0 : ldexp(1, -(int)p->exec.rings.frac);
}

size_t plan_pass(const plan *p, const size_t *tokens, size_t count, size_t first)
{
    size_t more = p->run->task == RUN_GENERATE ? p->run->max_new_tokens : 0, end = first + 1;
    size_t used = tokens[first] + more;

    while (end < count && used + tokens[end] + more <= p->run->batch_tokens) used += tokens[end++] + more;
    return end;
}

/* --- the model ---------------------------------------------------------------------------------- */

/* [run] pooling and normalize; a sentence encoder's own files decide what these leave open. */
static puma_status read_modules(plan *p, const char *directory, puma_error *e)
{
    const runfile  *r = p->run;
    model_pooling   pooling = r->pooling == RUN_POOLING_AUTO ? 0 : (model_pooling)(r->pooling - RUN_CLS);
    bool            normalize = r->normalize == RUN_YES;
    model_embedding said = { .pooling = r->pooling == RUN_POOLING_AUTO ? NULL : &pooling,
                             .normalize = r->normalize == RUN_AUTO ? NULL : &normalize };

    return model_modules(p->model, directory, &said, e);
}

/* A sentence encoder may keep its Transformer in a folder of its own.  Then that folder becomes the model,
 * and *directory, malloc'd, is the one with modules.json. */
static puma_status enter_folder(plan *p, char **directory, puma_error *e)
{
    char *folder = NULL;

    *directory = strdup(p->run->model);
    if (*directory == NULL) return no_memory(e);
    if (!runfile_embeds(p->run) || model_folder(&folder, *directory, e) != PUMA_OK || folder == NULL)
        return e->status;
    free(p->run->model);
    p->run->model = folder;
    return PUMA_OK;
}

static puma_status open_model(plan *p, puma_error *e)
{
    const runfile *r = p->run;
    char          *directory;

    if (enter_folder(p, &directory, e) == PUMA_OK &&
        model_open(&p->model, r->model, r->architecture, plugin_data_directory("models"), task_of(r), e) ==
            PUMA_OK &&
        runfile_embeds(r))
        read_modules(p, directory, e);
    free(directory);
    if (e->code == 422 && r->task >= RUN_GENERATE)
        error_prefix(e, "%s: [run] task", runfile_where(r, "run", "task"));
    return e->status;
}

/* --- the whole ---------------------------------------------------------------------------------- */

/* What the run file and the model ask of the executor. */
static void configure(plan *p)
{
    const runfile *r = p->run;

    p->exec = (exec_config){ .model = p->model,
                             .task = task_of(r),
                             .linear_head = r->head != NULL,
                             .states = r->compare_layers,
                             .guard = r->guard,
                             .public_weights = r->source == RUN_SYNTHETIC,
                             .reveal_label = (r->reveal_label && r->task == RUN_CLASSIFY) ||
                                             (r->decoding == RUN_GREEDY && r->task == RUN_GENERATE) };
}

static puma_status open_plan(plan **out, runfile_input **own, const char *path, const char *const *sets, size_t set_count,
                             bool measures, puma_error *e)
{
    plan          *p = calloc(1, sizeof *p);
    const runfile *r;

    *out = p;
    if (own != NULL) *own = NULL;
    if (p == NULL) return no_memory(e);
    if (runfile_open(&p->run, own, path, sets, set_count, e) != PUMA_OK || choose_protocol(p, e) != PUMA_OK ||
        open_model(p, e) != PUMA_OK || check_lengths(p, e) != PUMA_OK)
        return e->status;
    r = p->run;
    if ((r->reveal_label && check_one_label(p, "run", "reveal", e) != PUMA_OK) ||
        (!measures && check_ranges(p, e) != PUMA_OK))
        return e->status;
    configure(p);
    p->exec.measures = measures;
    if (choose_functions(p, e) != PUMA_OK || choose_options(p, e) != PUMA_OK || choose_embedding(p, e) != PUMA_OK ||
        (!measures && check_domains(p, e) != PUMA_OK) ||
        rings_plan(&p->exec.rings, p->model, p->protocol->protocol, p->function, r->guard, r->ring_bits, r->frac, e) !=
            PUMA_OK)
        return e->status;
    p->hello = agree_lines(p);
    return p->hello == NULL ? no_memory(e) : PUMA_OK;
}

puma_status plan_open(plan **out, runfile_input **own, const char *path, const char *const *sets, size_t set_count,
                      puma_error *e)
{
    return open_plan(out, own, path, sets, set_count, false, e);
}

puma_status plan_open_measure(plan **out, runfile_input **own, const char *path, const char *const *sets, size_t set_count,
                              puma_error *e)
{
    return open_plan(out, own, path, sets, set_count, true, e);
}

void plan_close(plan *p)
{
    if (p == NULL) return;
    free(p->hello);
    model_close(p->model);
    runfile_close(p->run);
    free(p);
}
