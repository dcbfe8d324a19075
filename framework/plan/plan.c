/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plan.c - see plan.h */
#include "plan/plan.h"

#include "exec/rings.h"
#include "plan/encoder.h"
#include "plan/network.h"
#include "weights/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const SLOT_NAME[PUMA_SLOT_COUNT] = {
#define X(slot, name) [slot] = name,
    PUMA_SLOTS(X)
#undef X
};

static puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory for the plan"); }

/* --- plugins and functions -------------------------------------------------------------------- */

static const char *pin_of(const plan *p, const char *name)
{
    char             section[96];
    const ini_entry *pin;

    snprintf(section, sizeof section, "plugin.%s", name);
    pin = ini_find(&p->run->file, section, "sha256");
    return pin == NULL ? NULL : pin->value;
}

static puma_status open_plugin(const plan *p, const plugin **out, const char *name, const char *section,
                               const char *key, puma_error *e)
{
    if (plugin_open(out, name, p->run->plugin_directory, pin_of(p, name), e) == PUMA_OK) return PUMA_OK;
    return error_prefix(e, "%s: [%s] %s", runfile_where(p->run, section, key), section, key);
}

/* "PLUGIN" or "PLUGIN.VARIANT" to the implementation of `slot`; *f NULL when the plugin brings none. */
static puma_status find_function(const plan *p, puma_slot slot, const char *spec, const char *key,
                                 const plugin **owner, const puma_approx **f, puma_error *e)
{
    char        name[96];
    const char *dot = strchr(spec, '.'), *variant = dot == NULL ? NULL : dot + 1;

    snprintf(name, sizeof name, "%.*s", dot == NULL ? (int)strlen(spec) : (int)(dot - spec), spec);
    if (open_plugin(p, owner, name, "approximation", key, e) != PUMA_OK) return e->status;
    *f = plugin_approx(*owner, slot, variant);
    if (*f == NULL && variant != NULL)
        return error_set(e, 614, "%s: [approximation] %s: plugin %s has no %s called \"%s\"",
                         runfile_where(p->run, "approximation", key), key, name, SLOT_NAME[slot], variant);
    return PUMA_OK;
}

/* The explicit choice, else the default plugin's, else puma's.  Where the run file names no default, what
 * does not run on this protocol is passed over. */
static puma_status choose_function(plan *p, puma_slot slot, puma_error *e)
{
    const char        *specs[] = { p->run->function[slot], NULL, p->run->approximation_default, "puma" };
    const char        *keys[] = { SLOT_NAME[slot], "gelu", "default", "default" };
    const plugin      *owner = NULL;
    const puma_approx *f = NULL;

    if (slot == PUMA_SLOT_GELU_TANH) specs[1] = p->run->function[PUMA_SLOT_GELU];
    for (size_t i = 0; i < 4 && f == NULL; i++) {
        char plain[96];

        if (specs[i] == NULL) continue;
        snprintf(plain, sizeof plain, "%s", specs[i]);
        if (i > 0) plain[strcspn(plain, ".")] = '\0'; /* a variant was meant for another function */
        if (find_function(p, slot, plain, keys[i], &owner, &f, e) != PUMA_OK) return e->status;
        if (i > 0 && f != NULL && (f->needs & ~p->protocol->protocol->caps) != 0 &&
            ini_find(&p->run->file, "approximation", "default") == NULL)
            f = NULL;
        if (i == 0 && f == NULL)
            return error_set(e, 614, "%s: [approximation] %s: plugin %s brings no %s",
                             runfile_where(p->run, "approximation", keys[0]), keys[0], specs[0],
                             SLOT_NAME[slot]);
    }
    if (f == NULL) return PUMA_OK;
    p->function[slot] = f;
    p->function_plugin[slot] = owner;
    snprintf(p->function_name[slot], sizeof *p->function_name, "%s.%s", owner->entry->name, f->name);
    return PUMA_OK;
}

/* Does the run make an embedding: as its answer, or for the head that the run file brings? */
static bool embeds(const runfile *r) { return r->task == RUN_EMBED || r->head != NULL; }

/* A head that the run file brings stands on the embedding: the checkpoint needs none. */
static model_task task_of(const runfile *r)
{
    if (embeds(r)) return MODEL_EMBED;
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

bool plan_uses(const plan *p, puma_slot slot)
{
    const model *m = p->model;

    if (p->run->function[slot] != NULL) return true;
    if (slot == rings_slot(m->activation) || slot == PUMA_SLOT_SOFTMAX) return true;
    if (slot == (m->norm == MODEL_RMSNORM ? PUMA_SLOT_RMSNORM : PUMA_SLOT_LAYERNORM)) return true;
    if (m->head_dense && (p->run->task == RUN_CLASSIFY || p->run->task == RUN_LOGITS) &&
        slot == rings_slot(m->head_activation))
        return true;
    if (p->run->task == RUN_FILL_MASK && slot == rings_slot(m->mask_activation)) return true;
    return encoder_uses(m, slot);
}

const char *plan_caution(const plan *p, puma_slot slot)
{
    const puma_approx *f = p->function[slot];

    return f != NULL && plan_uses(p, slot) && PUMA_HAS(f, caution) ? f->caution : NULL;
}

double plan_ulp(const plan *p)
{
    bool is_float = (p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0 && !p->run->fixed;

    return is_float ? 0 : ldexp(1, -(int)p->exec.rings.frac);
}

static puma_status choose_functions(plan *p, puma_error *e)
{
    const puma_protocol *protocol = p->protocol->protocol;

    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++) {
        if (choose_function(p, slot, e) != PUMA_OK) return e->status;
        if (!plan_uses(p, slot)) continue;
        if (p->function[slot] == NULL)
            return error_set(e, 614, "[approximation] %s: no plugin brings it", SLOT_NAME[slot]);
        if (p->function[slot]->needs & ~protocol->caps)
            return error_set(e, 615, "%s: [approximation] %s = %s does not run on protocol %s",
                             runfile_where(p->run, "approximation",
                                           p->run->function[slot] != NULL ? SLOT_NAME[slot] : "default"),
                             SLOT_NAME[slot], p->function_name[slot], p->protocol->entry->name);
    }
    return PUMA_OK;
}

/* --- options of plugins ----------------------------------------------------------------------- */

static const puma_option *find_option(const plugin *owner, const char *key, const char **names, size_t room)
{
    size_t count = 0;

    for (const puma_approx *const *f = owner->entry->approx; f != NULL && *f != NULL; f++)
        for (const puma_option *o = (*f)->options; o != NULL && o->key != NULL; o++) {
            if (strcmp(o->key, key) == 0) return o;
            if (count + 2 < room) names[count++] = o->key;
        }
    names[count++] = "sha256";
    names[count] = NULL;
    return NULL;
}

/* [plugin.NAME]: every key must be one that the plugin reads, and in its range. */
static puma_status check_options(const plan *p, puma_error *e)
{
    for (size_t i = 0; i < p->run->file.count; i++) {
        const ini_entry   *entry = &p->run->file.entries[i];
        const char        *names[64], *near;
        const plugin      *owner;
        const puma_option *option;
        double             value;

        if (strncmp(entry->section, "plugin.", 7) != 0) continue;
        if (open_plugin(p, &owner, entry->section + 7, entry->section, entry->key, e) != PUMA_OK)
            return e->status;
        if (strcmp(entry->key, "sha256") == 0) continue;
        option = find_option(owner, entry->key, names, sizeof names / sizeof *names);
        if (option == NULL) {
            near = ini_nearest(entry->key, names);
            return error_set(e, 309, "%s: [%s]: unknown key \"%s\"%s%s%s",
                             runfile_where(p->run, entry->section, entry->key), entry->section, entry->key,
                             near == NULL ? "" : " (did you mean \"", near == NULL ? "" : near,
                             near == NULL ? "" : "\"?)");
        }
        if (!ini_real(entry->value, &value) || value < option->min || value > option->max)
            return error_set(e, 313, "%s: [%s] %s: not a number in its range (got %s, limit %g to %g)",
                             runfile_where(p->run, entry->section, entry->key), entry->section, entry->key,
                             entry->value, option->min, option->max);
    }
    return PUMA_OK;
}

const char *plan_option(void *context, const char *name, const char *key)
{
    const plan      *p = context;
    char             section[96];
    const ini_entry *entry;

    snprintf(section, sizeof section, "plugin.%s", name);
    entry = ini_find(&p->run->file, section, key);
    return entry == NULL ? NULL : entry->value;
}

/* --- ranges ----------------------------------------------------------------------------------- */

/* [numeric] ranges: the model's own in place of its family's. */
static puma_status read_ranges(plan *p, puma_error *e)
{
    static const char *const names[] = { "embedding",  "hidden", "norm",    "attention", "scores",
                                         "activation", "logits", "product", "gated",     NULL };
    model_ranges            *g = &p->model->ranges;
    int *const               fields[] = { &g->embedding,  &g->hidden, &g->norm,    &g->attention, &g->scores,
                                          &g->activation, &g->logits, &g->product, &g->gated };
    ini                      file;

    if (p->run->ranges == NULL) return PUMA_OK;
    if (ini_read(&file, p->run->ranges, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < file.count && e->status == PUMA_OK; i++) {
        const ini_entry *entry = &file.entries[i];
        uint64_t         bits;
        size_t           k = 0;

        while (names[k] != NULL && strcmp(names[k], entry->key) != 0) k++;
        if (strcmp(entry->section, "ranges") != 0 || names[k] == NULL)
            error_set(e, 309, "%s:%d: [%s]: unknown key \"%s\"", file.path, entry->line, entry->section,
                      entry->key);
        else if (!ini_unsigned(entry->value, 0, 62, &bits))
            error_set(e, 311, "%s:%d: [ranges] %s: not a number of bits (got %s, limit 0 to 62)", file.path,
                      entry->line, entry->key, entry->value);
        else
            *fields[k] = (int)bits;
    }
    ini_free(&file);
    return e->status;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* Every weight must leave room for a product, |w| < 2^(ring - 2 - 2f), and fit its own ring; token rows come
 * scaled. That all are finite was seen on opening. */
static puma_status check_weights(const plan *p, puma_error *e)
{
    const rings *r = &p->exec.rings;

    for (size_t i = 0; i < p->model->tensor_count; i++) {
        const model_tensor *t = &p->model->tensors[i];
        bool                is_table = strcmp(t->role, "embedding.token") == 0 ||
                        strcmp(t->role, "embedding.position") == 0 || strcmp(t->role, "embedding.type") == 0;
        if (p->model->pixels) is_table = false; /* positions are added to the patches' products */
        double limit =
            ldexp(1.0, is_table ? (int)r->table - 1 - (int)r->frac : (int)r->wide - 2 - 2 * (int)r->frac);
        if (strcmp(t->role, "relative.bias") == 0)
            limit = ldexp(1.0, p->model->ranges.scores); /* it adds to them */
        double scale = strcmp(t->role, "embedding.token") == 0 ? p->model->embedding_scale : 1;
        size_t element = 0;
        double most = model_max_abs(p->source, i, &element);

        if (!(most * scale < limit))
            return error_set(e, 1102, "tensor %s: entry %zu leaves the fixed-point range (got %g, limit %g)",
                             model_stored_name(p->source, i), element, most, limit / scale);
    }
    return PUMA_OK;
}

/* [run] pooling and normalize, and what of a sentence encoder's own files they leave open. */
static puma_status read_modules(plan *p, const char *directory, puma_error *e)
{
    const runfile  *r = p->run;
    model_pooling   pooling = r->pooling == RUN_POOLING_AUTO ? 0 : (model_pooling)(r->pooling - RUN_CLS);
    bool            normalize = r->normalize == RUN_YES;
    model_embedding said = { .pooling = r->pooling == RUN_POOLING_AUTO ? NULL : &pooling,
                             .normalize = r->normalize == RUN_AUTO ? NULL : &normalize };

    return model_modules(p->model, directory, &said, e);
}

/* Where a sentence encoder keeps its Transformer in a folder of its own that one is the model; *directory,
 * malloc'd, is then what holds modules.json. */
static puma_status enter_folder(plan *p, char **directory, puma_error *e)
{
    char *folder = NULL;

    *directory = strdup(p->run->model);
    if (*directory == NULL) return no_memory(e);
    if (!embeds(p->run) || model_folder(&folder, *directory, e) != PUMA_OK || folder == NULL)
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
        embeds(r))
        read_modules(p, directory, e);
    free(directory);
    if (e->code == 422 && r->task >= RUN_GENERATE)
        error_prefix(e, "%s: [run] task", runfile_where(r, "run", "task"));
    return e->status;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What parties must agree on: the run file's keys, the model, the plugins, the sequences' lengths. */
static puma_status make_hello(plan *p, plan_role role, puma_error *e)
{
    char *run = runfile_canonical(p->run, role == PLAN_CLIENT), *sizes = model_canonical(p->model),
         *text = NULL;
    size_t size;
    FILE  *out = open_memstream(&text, &size);

    if (run == NULL || sizes == NULL || out == NULL) {
        if (out != NULL) fclose(out);
        free(text);
        free(run);
        free(sizes);
        return no_memory(e);
    }
    fprintf(out, "%s%splan.protocol=%s %s %s\n", run, sizes, p->protocol->entry->name,
            p->protocol->entry->version, p->protocol->sha256);
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL)
            fprintf(out, "plan.%s=%s %s %s\n", SLOT_NAME[slot], p->function_name[slot],
                    p->function_plugin[slot]->entry->version, p->function_plugin[slot]->sha256);
    fprintf(out, "plan.rings=%u %u %u %u %u %u\n", p->exec.rings.frac, p->exec.rings.wide,
            p->exec.rings.table, p->exec.rings.attention, p->exec.rings.scores, p->exec.rings.activation);
    if (role == PLAN_CLIENT) {
        fprintf(out, "input.tokens=");
        for (size_t i = 0; i < p->input.count; i++)
            fprintf(out, "%s%zu", i == 0 ? "" : " ", p->input.sequences[i].count);
        fprintf(out, "\n");
    }
    fclose(out);
    free(run);
    free(sizes);
    p->hello = text;
    return text == NULL ? no_memory(e) : PUMA_OK;
}

/* What needs one label, of a model that has many at once or none. */
static puma_status check_labels(const plan *p, puma_error *e)
{
    static const char *const keys[][2] = { { "run", "reveal" }, { "input", "labels" } };
    const runfile           *r = p->run;
    const bool               given[] = { r->reveal_label, r->labels != NULL };

    if (r->task != RUN_CLASSIFY || r->head != NULL || p->model->problem == MODEL_ONE_LABEL) return PUMA_OK;
    for (size_t i = 0; i < 2; i++)
        if (given[i])
            return error_set(e, 332, "%s: [%s] %s: the model's answer is not one label (config.json: %s)",
                             runfile_where(r, keys[i][0], keys[i][1]), keys[i][0], keys[i][1],
                             p->model->problem == MODEL_REGRESSION ? "regression"
                                                                   : "multi_label_classification");
    return PUMA_OK;
}

/* The last of the new tokens is not fed again, so that a model of N positions takes N + 1 tokens in all. */
static puma_status plan_lengths(plan *p, puma_error *e)
{
    size_t most = p->model->max_tokens;

    p->input.most = embeds(p->run) && p->model->encoder_tokens > 0 && p->model->encoder_tokens < most
                        ? p->model->encoder_tokens
                        : most;
    if (p->run->task != RUN_GENERATE) return PUMA_OK;
    if (p->run->max_new_tokens > most)
        return error_set(e, 322,
                         "%s: [generate] max_new_tokens: the model has no room for them (got %zu, limit %zu)",
                         runfile_where(p->run, "generate", "max_new_tokens"), p->run->max_new_tokens, most);
    p->input.most = most - (p->run->max_new_tokens - 1);
    return PUMA_OK;
}

puma_status plan_open(plan **out, const char *path, const char *const *sets, size_t set_count, plan_role role,
                      puma_error *e)
{
    plan    *p = calloc(1, sizeof *p);
    runfile *r;

    *out = p;
    if (p == NULL) return no_memory(e);
    if (runfile_open(&p->run, path, sets, set_count, role != PLAN_PARTY, e) != PUMA_OK) return e->status;
    r = p->run;
    if (open_plugin(p, &p->protocol, r->protocol, "run", "protocol", e) != PUMA_OK) return e->status;
    if (p->protocol->protocol == NULL)
        return error_set(e, 613, "%s: [run] protocol: plugin %s brings no protocol",
                         runfile_where(r, "run", "protocol"), r->protocol);
    if (network_check(r, p->protocol->protocol, r->protocol, e) != PUMA_OK) return e->status;
    if (r->material != NULL && (p->protocol->protocol->caps & PUMA_CAP_DEALER) == 0)
        return error_set(e, 317, "%s: [run] material: protocol %s has no dealer who could work ahead",
                         runfile_where(r, "run", "material"), r->protocol);
    if (open_model(p, e) != PUMA_OK) return e->status;
    p->input.run = r;
    p->input.model = p->model;
    if (plan_lengths(p, e) != PUMA_OK || check_labels(p, e) != PUMA_OK) return e->status;
    if (read_ranges(p, e) != PUMA_OK || choose_functions(p, e) != PUMA_OK || check_options(p, e) != PUMA_OK)
        return e->status;
    if (r->embedding == RUN_DPF && p->protocol->extensions.lookup.embed == NULL)
        return error_set(e, 613,
                         "%s: [run] embedding: protocol %s looks up no ids of the client's, so it has no dpf",
                         runfile_where(r, "run", "embedding"), r->protocol);
    p->exec = (exec_config){ .model = p->model,
                             .task = task_of(r),
                             .linear_head = r->head != NULL,
                             .states = r->compare_layers,
                             .reveal_label = (r->reveal_label && r->task == RUN_CLASSIFY) ||
                                             (r->decoding == RUN_GREEDY && r->task == RUN_GENERATE),
                             .equality = r->embedding == RUN_EQUALITY,
                             .lookup = r->embedding == RUN_DPF || (r->embedding == RUN_EMBEDDING_AUTO &&
                                                                   p->protocol->extensions.lookup.embed != NULL) };
    if (rings_plan(&p->exec.rings, p->model, p->protocol->protocol, p->function, r->ring_bits, r->frac, e) !=
        PUMA_OK)
        return e->status;
    p->exec.public_weights = r->source == RUN_SYNTHETIC;
    if (role == PLAN_CLIENT && input_read_head(&p->input, &p->exec.rings, e) != PUMA_OK) return e->status;
    p->exec.head = p->input.head;
    if (role != PLAN_PARTY &&
        input_read(&p->input, role == PLAN_CLIENT && r->source == RUN_CHECKPOINT, e) != PUMA_OK)
        return e->status;
    if (role == PLAN_CLIENT &&
        (input_find_masks(&p->input, e) != PUMA_OK || input_read_labels(&p->input, e) != PUMA_OK ||
         input_read_eos(&p->input, e) != PUMA_OK))
        return e->status;
    if (r->source == RUN_SYNTHETIC) {
        if (model_source_synthetic(&p->source, p->model, r->synthetic_seed, e) != PUMA_OK) return e->status;
    } else if (role == PLAN_CLIENT &&
               (model_source_checkpoint(&p->source, p->model, r->model, e) != PUMA_OK ||
                check_weights(p, e) != PUMA_OK || encoder_check(p, e) != PUMA_OK)) {
        return e->status;
    }
    if (role == PLAN_CLIENT && p->model->pixels && input_check_pictures(&p->input, p->source, e) != PUMA_OK) return e->status;
    return make_hello(p, role, e);
}

puma_status plan_reference(const plan *p, const plugin **protocol, const puma_approx **function,
                           rings *planned, puma_error *e)
{
    const plugin *exact = NULL;

    if (plugin_open(protocol, "plain", p->run->plugin_directory, pin_of(p, "plain"), e) != PUMA_OK ||
        plugin_open(&exact, "exact", p->run->plugin_directory, pin_of(p, "exact"), e) != PUMA_OK)
        return error_prefix(e, "[compare] reference = plain");
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        function[slot] = plugin_approx(exact, slot, NULL);
    return rings_plan(planned, p->model, (*protocol)->protocol, function, p->run->ring_bits, p->run->frac, e);
}

void plan_close(plan *p)
{
    if (p == NULL) return;
    input_free(&p->input);
    free(p->hello);
    model_source_close(p->source);
    model_close(p->model);
    runfile_close(p->run);
    free(p);
}

size_t plan_pass(const plan *p, const size_t *tokens, size_t count, size_t first)
{
    size_t more = p->run->task == RUN_GENERATE ? p->run->max_new_tokens : 0, end = first + 1;
    size_t used = tokens[first] + more;

    while (end < count && used + tokens[end] + more <= p->run->batch_tokens) used += tokens[end++] + more;
    return end;
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_generation(FILE *out, const plan *p)
{
    const runfile *r = p->run;

    if (r->task != RUN_GENERATE) return;
    fprintf(out, "new tokens    %s%zu\n", r->stop_at_eos ? "at most " : "", r->max_new_tokens);
    if (r->decoding == RUN_GREEDY)
        fprintf(out, "decoding      greedy: the client gets each token and no logits\n");
    else
        fprintf(
            out,
            "decoding      client: it gets the logits and samples: temperature %g, top_k %s%zu, top_p %g\n",
            r->temperature, r->top_k == 0 ? "all of " : "", r->top_k == 0 ? p->model->vocabulary : r->top_k,
            r->top_p);
    fprintf(out, "length        %s\n",
            r->stop_at_eos ? "stops at the end of the sequence: the parties learn how long the answer is"
                           : "fixed: the parties learn nothing of the answer from it");
}

static json_t *generation_json(const plan *p)
{
    const runfile *r = p->run;
    json_t        *object =
        json_pack("{s:I, s:s, s:b}", "max_new_tokens", (json_int_t)r->max_new_tokens, "decoding",
                  r->decoding == RUN_GREEDY ? "greedy" : "client", "stop_at_eos", r->stop_at_eos);

    if (r->decoding == RUN_CLIENT)
        json_object_update_new(object, json_pack("{s:f, s:I, s:f}", "temperature", r->temperature, "top_k",
                                                 (json_int_t)r->top_k, "top_p", r->top_p));
    return object;
}

/* How many times the inputs go through the model: each pass costs the rounds of one. */
static void print_passes(FILE *out, const plan *p)
{
    size_t *tokens = malloc((p->input.count + 1) * sizeof *tokens), passes = 0;

    for (size_t i = 0; tokens != NULL && i < p->input.count; i++) tokens[i] = p->input.sequences[i].count;
    for (size_t i = 0; tokens != NULL && i < p->input.count; passes++)
        i = plan_pass(p, tokens, p->input.count, i);
    if (passes > 0 && p->input.count > 1)
        fprintf(out, "passes        %zu for %zu inputs, each of at most %zu tokens\n", passes, p->input.count,
                p->run->batch_tokens);
    free(tokens);
}

void plan_print(FILE *out, const plan *p)
{
    const model *m = p->model;
    const rings *r = &p->exec.rings;

    fprintf(
        out,
        "model         %s: %zu layers, %zu wide, %zu heads, %zu inside, vocabulary %zu, at most %zu tokens\n",
        m->architecture, m->layers, m->hidden, m->heads, m->intermediate, m->vocabulary, m->max_tokens);
    fprintf(out, "protocol      %s %s (%s)\n", p->protocol->entry->name, p->protocol->entry->version,
            p->protocol->entry->summary);
    if (m->pixels)
        fprintf(out, "pictures      %zu channels, %zu x %zu, in patches of %zu x %zu\n", m->channels, m->image[0],
                m->image[1], m->patch[0], m->patch[1]);
    else
        fprintf(out, "embedding     %s\n", p->exec.lookup ? "dpf" : p->exec.equality ? "equality" : "onehot");
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL && plan_uses(p, slot))
            fprintf(out, "%-13s %s (max error %g; %s)\n", SLOT_NAME[slot], p->function_name[slot],
                    p->function[slot]->max_error, p->function[slot]->source);
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (plan_caution(p, slot) != NULL)
            fprintf(out, "caution       %s: %s\n", p->function_name[slot], plan_caution(p, slot));
    fprintf(out, "fixed point   %u fraction bits; the norms' epsilon %g rounds to %g\n", r->frac, m->epsilon,
            ldexp(nearbyint(ldexp(m->epsilon, (int)(2 * r->frac))), -(int)(2 * r->frac)));
    fprintf(out, "rings (bits)  wide %u, tables %u, attention %u, scores %u, activation %u\n", r->wide,
            r->table, r->attention, r->scores, r->activation);
    print_generation(out, p);
    if (p->input.chat[0] != '\0') fprintf(out, "chat template %s\n", p->input.chat);
    for (size_t i = 0; i < p->input.count; i++)
        fprintf(out, "input %-7zu %zu tokens\n", i, p->input.sequences[i].count);
    encoder_print(out, p);
    print_passes(out, p);
    if (p->source != NULL && model_unused(p->source) != NULL)
        fprintf(out, "not used      %s\n", model_unused(p->source));
}

char *plan_json(const plan *p)
{
    const model *m = p->model;
    const rings *r = &p->exec.rings;
    json_t      *functions = json_object(), *inputs = json_array(), *root;
    char        *text;

    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL && plan_uses(p, slot))
            json_object_set_new(functions, SLOT_NAME[slot], json_string(p->function_name[slot]));
    for (size_t i = 0; i < p->input.count; i++)
        json_array_append_new(inputs, json_integer((json_int_t)p->input.sequences[i].count));
    root =
        json_pack("{s:s, s:{s:s, s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i}, s:o}",
                  "protocol", p->protocol->entry->name, "model", "architecture", m->architecture, "layers",
                  (json_int_t)m->layers, "hidden", (json_int_t)m->hidden, "heads", (json_int_t)m->heads,
                  "intermediate", (json_int_t)m->intermediate, "vocabulary", (json_int_t)m->vocabulary,
                  "max_tokens", (json_int_t)m->max_tokens, "approximation", functions, "rings", "fraction",
                  (int)r->frac, "wide", (int)r->wide, "table", (int)r->table, "attention", (int)r->attention,
                  "scores", (int)r->scores, "activation", (int)r->activation, "input_tokens", inputs);
    if (p->input.chat[0] != '\0') json_object_set_new(root, "chat_template", json_string(p->input.chat));
    if (p->run->task == RUN_GENERATE) json_object_set_new(root, "generate", generation_json(p));
    text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    return text;
}
