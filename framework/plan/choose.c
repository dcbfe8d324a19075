/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* choose.c - see choose.h */
#include "plan/choose.h"
#include "plan/network.h"

#include "exec/rings.h"

#include <stdio.h>
#include <string.h>

/* --- plugins ------------------------------------------------------------------------------------ */

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

puma_status choose_protocol(plan *p, puma_error *e)
{
    const runfile *r = p->run;

    if (open_plugin(p, &p->protocol, r->protocol, "run", "protocol", e) != PUMA_OK) return e->status;
    if (p->protocol->protocol == NULL)
        return error_set(e, 613, "%s: [run] protocol: plugin %s brings no protocol",
                         runfile_where(r, "run", "protocol"), r->protocol);
    if (network_check(r, p->protocol->protocol, r->protocol, e) != PUMA_OK) return e->status;
    if (r->material != NULL && (p->protocol->protocol->caps & PUMA_CAP_DEALER) == 0)
        return error_set(e, 317, "%s: [run] material: protocol %s has no dealer who could work ahead",
                         runfile_where(r, "run", "material"), r->protocol);
    return PUMA_OK;
}

puma_status choose_embedding(plan *p, puma_error *e)
{
    const runfile *r = p->run;
    bool           looks_up = p->protocol->extensions.lookup.embed != NULL;

    if (r->embedding == RUN_DPF && !looks_up)
        return error_set(e, 613,
                         "%s: [run] embedding: protocol %s looks up no ids of the client's, so it has no dpf",
                         runfile_where(r, "run", "embedding"), r->protocol);
    p->exec.equality = r->embedding == RUN_EQUALITY;
    p->exec.lookup = r->embedding == RUN_DPF || (r->embedding == RUN_EMBEDDING_AUTO && looks_up);
    return PUMA_OK;
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
    return rings_plan(planned, p->model, (*protocol)->protocol, function, p->run->guard, p->run->ring_bits, p->run->frac, e);
}

/* --- functions ---------------------------------------------------------------------------------- */

/* Finds the implementation of `slot` that "PLUGIN" or "PLUGIN.VARIANT" names; *f is NULL when the plugin has
 * none. */
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
                         runfile_where(p->run, "approximation", key), key, name, RUNFILE_SLOTS[slot], variant);
    return PUMA_OK;
}

/* The explicit choice, else the default plugin's, else puma's.  Where the run file names no default, a
 * function that this protocol cannot run is skipped. */
static puma_status choose_function(plan *p, puma_slot slot, puma_error *e)
{
    const char        *specs[] = { p->run->function[slot], NULL, p->run->approximation_default, "puma" };
    const char        *keys[] = { RUNFILE_SLOTS[slot], "gelu", "default", "default" };
    const plugin      *owner = NULL;
    const puma_approx *f = NULL;

    if (slot == PUMA_SLOT_GELU_TANH) specs[1] = p->run->function[PUMA_SLOT_GELU];
    for (size_t i = 0; i < 4 && f == NULL; i++) {
        char plain[96];

        if (specs[i] == NULL) continue;
        snprintf(plain, sizeof plain, "%s", specs[i]);
        if (i > 0) plain[strcspn(plain, ".")] = '\0'; /* the variant was meant for another slot */
        if (find_function(p, slot, plain, keys[i], &owner, &f, e) != PUMA_OK) return e->status;
        if (i > 0 && f != NULL && (f->needs & ~p->protocol->protocol->caps) != 0 &&
            ini_find(&p->run->file, "approximation", "default") == NULL)
            f = NULL;
        if (i == 0 && f == NULL)
            return error_set(e, 614, "%s: [approximation] %s: plugin %s brings no %s",
                             runfile_where(p->run, "approximation", keys[0]), keys[0], specs[0],
                             RUNFILE_SLOTS[slot]);
    }
    if (f == NULL) return PUMA_OK;
    p->function[slot] = f;
    p->function_plugin[slot] = owner;
    snprintf(p->function_name[slot], sizeof *p->function_name, "%s.%s", owner->entry->name, f->name);
    return PUMA_OK;
}

/* Do the steps after a sentence encoder's pooling call this slot? */
static bool steps_use(const model *m, puma_slot slot)
{
    for (size_t i = 0; i < m->step_count; i++) {
        const model_step *step = &m->steps[i];

        if (slot == (step->kind == MODEL_STEP_NORMALIZE ? PUMA_SLOT_RSQRT
                     : step->kind == MODEL_STEP_NORM    ? PUMA_SLOT_LAYERNORM
                     : step->active                     ? rings_slot(step->activation)
                                                        : PUMA_SLOT_COUNT))
            return true;
    }
    return false;
}

bool plan_calls(const plan *p, puma_slot slot)
{
    const model *m = p->model;

    if (slot == rings_slot(m->activation) || slot == PUMA_SLOT_SOFTMAX) return true;
    if (slot == rings_norm_slot(m)) return true;
    if (m->head_dense && (p->run->task == RUN_CLASSIFY || p->run->task == RUN_LOGITS) &&
        slot == rings_slot(m->head_activation))
        return true;
    if (p->run->task == RUN_FILL_MASK && slot == rings_slot(m->mask_activation)) return true;
    return steps_use(m, slot);
}

bool plan_uses(const plan *p, puma_slot slot) { return p->run->function[slot] != NULL || plan_calls(p, slot); }

const char *plan_caution(const plan *p, puma_slot slot)
{
    const puma_approx *f = p->function[slot];

    return f != NULL && plan_uses(p, slot) && PUMA_HAS(f, caution) ? f->caution : NULL;
}

puma_status choose_functions(plan *p, puma_error *e)
{
    const puma_protocol *protocol = p->protocol->protocol;

    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++) {
        if (choose_function(p, slot, e) != PUMA_OK) return e->status;
        if (!plan_uses(p, slot)) continue;
        if (p->function[slot] == NULL)
            return error_set(e, 614, "[approximation] %s: no plugin brings it", RUNFILE_SLOTS[slot]);
        if (p->function[slot]->needs & ~protocol->caps)
            return error_set(e, 615, "%s: [approximation] %s = %s does not run on protocol %s",
                             runfile_where(p->run, "approximation",
                                           p->run->function[slot] != NULL ? RUNFILE_SLOTS[slot] : "default"),
                             RUNFILE_SLOTS[slot], p->function_name[slot], p->protocol->entry->name);
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

puma_status choose_options(const plan *p, puma_error *e)
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
