/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rotary.c - see rotary.h */
#include "model/rotary.h"

#include "weights/json.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN 6.28318530717958647692
#define ORIGINAL "original_max_position_embeddings"

/* --- the object's members --------------------------------------------------------------------- */

/* A number from `least` on. */
static puma_status number(const rotary *r, const char *key, double least, double *x, puma_error *e)
{
    const json_t *value = json_object_get(r->scaling, key);
    char          got[64];

    json_show(got, sizeof got, value);
    *x = json_number_value(value);
    if (!value) return error_set(e, 403, "%s: %s.%s: missing", r->path, r->where, key);
    if (!json_is_number(value) || !(*x >= least && *x <= 1e12))
        return error_set(e, 403, "%s: %s.%s: not a number in its range (got %s, allowed %g to 1e12)", r->path,
                         r->where, key, got, least);
    return PUMA_OK;
}

static bool given(const rotary *r, const char *key)
{
    const json_t *value = json_object_get(r->scaling, key);

    return value && !json_is_null(value);
}

/* The same of one that may be absent or null: then *x stays. */
static puma_status option(const rotary *r, const char *key, double least, double *x, puma_error *e)
{
    return given(r, key) ? number(r, key, least, x, e) : PUMA_OK;
}

/* The context that the model was trained on first.  One that config.json has beside the object counts before
 * the object's; the model's own length is the last resort. */
static puma_status original(const rotary *r, double *context, puma_error *e)
{
    *context = (double)r->positions;
    if (!r->original_context || json_is_null(r->original_context)) return option(r, ORIGINAL, 1, context, e);
    *context = json_number_value(r->original_context);
    if (json_is_number(r->original_context) && *context >= 1 && *context <= 1e12) return PUMA_OK;
    return error_set(e, 403, "%s: " ORIGINAL ": not a number in its range", r->path);
}

/* By how much the context grows; null, and where it may be absent, is the ratio of the two lengths. */
static puma_status growth(const rotary *r, bool needed, double context, double *factor, puma_error *e)
{
    *factor = (double)r->positions / context;
    if (needed && !json_object_get(r->scaling, "factor")) return number(r, "factor", 1, factor, e);
    return option(r, "factor", 1, factor, e);
}

/* Nothing may stand in the object that its kind does not read. */
static puma_status only(const rotary *r, const char *const *known, puma_error *e)
{
    static const char *const always[] = { "rope_type", "type", "rope_theta", NULL };
    const char              *key;
    json_t                  *value;

    json_object_foreach((json_t *)(uintptr_t)r->scaling, key, value)
    {
        const char *const *k = always;
        char               got[64];

        while (*k && strcmp(*k, key) != 0) k++;
        if (!*k) k = known;
        while (*k && strcmp(*k, key) != 0) k++;
        if (*k || json_is_null(value)) continue;
        if (strcmp(key, "partial_rotary_factor") == 0 && json_number_value(value) == 1) continue;
        json_show(got, sizeof got, value);
        return error_set(e, 404, "%s: %s.%.60s: %s is not supported", r->path, r->where, key, got);
    }
    return PUMA_OK;
}

/* --- kinds ------------------------------------------------------------------------------------ */

static puma_status scale_default(rotary *r, puma_error *e)
{
    return only(r, (const char *const[]){ NULL }, e);
}

static puma_status scale_linear(rotary *r, puma_error *e)
{
    double factor;

    if (only(r, (const char *const[]){ "factor", NULL }, e) != PUMA_OK ||
        number(r, "factor", 1, &factor, e) != PUMA_OK)
        return e->status;
    for (size_t i = 0; i < r->head_dim / 2; i++) r->angle[i] /= factor;
    return PUMA_OK;
}

/* theta grows once a sequence is longer than max_position_embeddings, and no run is. */
static puma_status scale_dynamic(rotary *r, puma_error *e)
{
    double factor, context = (double)r->positions;

    if (only(r, (const char *const[]){ "factor", ORIGINAL, NULL }, e) != PUMA_OK ||
        number(r, "factor", 1, &factor, e) != PUMA_OK || option(r, ORIGINAL, 1, &context, e) != PUMA_OK)
        return e->status;
    if (context < (double)r->positions) /* some readers begin to change theta there, some do not */
        return error_set(
            e, 404, "%s: %s." ORIGINAL ": %.0f, below max_position_embeddings, is not supported with dynamic",
            r->path, r->where, context);
    return PUMA_OK;
}

/* LLaMA 3's: frequencies whose wave is longer than the original context are divided by `factor`, those with a
 * short wave kept, and what is between is mixed. */
static puma_status scale_llama3(rotary *r, puma_error *e)
{
    static const char *const known[] = { "factor", "low_freq_factor", "high_freq_factor", ORIGINAL, NULL };
    double                   factor, low, high, context;

    if (only(r, known, e) != PUMA_OK || number(r, "factor", 1, &factor, e) != PUMA_OK ||
        number(r, "low_freq_factor", 1e-6, &low, e) != PUMA_OK ||
        number(r, "high_freq_factor", 1e-6, &high, e) != PUMA_OK || original(r, &context, e) != PUMA_OK)
        return e->status;
    if (!(high > low))
        return error_set(e, 403, "%s: %s.high_freq_factor: not above low_freq_factor (got %g and %g)",
                         r->path, r->where, high, low);
    for (size_t i = 0; i < r->head_dim / 2; i++) {
        double turns = context * r->angle[i] / TURN; /* in the original context */
        double keep = fmin(fmax((turns - low) / (high - low), 0), 1);

        r->angle[i] *= keep + (1 - keep) / factor;
    }
    return PUMA_OK;
}

/* The pair, of `dim` numbers, that turns so many times in a context. */
static double pair_of(double turns, double dim, double theta, double context)
{
    return dim * log(context / (turns * TURN)) / (2 * log(theta));
}

/* 0.1 m ln s + 1: YaRN, equation 22, with DeepSeek's m. */
static double warmth(double factor, double m) { return factor <= 1 ? 1 : 0.1 * m * log(factor) + 1; }

static puma_status yarn_attention(rotary *r, double factor, puma_error *e)
{
    double m = 0, all = 0;

    if (option(r, "mscale", 0, &m, e) != PUMA_OK || option(r, "mscale_all_dim", 0, &all, e) != PUMA_OK)
        return e->status;
    r->attention = m > 0 && all > 0 ? warmth(factor, m) / warmth(factor, all) : warmth(factor, 1);
    return option(r, "attention_factor", 1e-6, &r->attention, e);
}

/* YaRN: pairs that turn often in the original context keep their angle, those that turn less than once have
 * it divided, and a ramp over the numbers of the pairs lies between. */
static puma_status scale_yarn(rotary *r, puma_error *e)
{
    static const char *const known[] = { "factor",    ORIGINAL, "attention_factor", "beta_fast",
                                         "beta_slow", "mscale", "mscale_all_dim",   "truncate",
                                         "finetuned", NULL };
    double                   factor, context, fast = 0, slow = 0, low, high, dim = (double)r->head_dim;

    if (only(r, known, e) != PUMA_OK || original(r, &context, e) != PUMA_OK ||
        growth(r, true, context, &factor, e) != PUMA_OK || yarn_attention(r, factor, e) != PUMA_OK ||
        option(r, "beta_fast", 0, &fast, e) != PUMA_OK || option(r, "beta_slow", 0, &slow, e) != PUMA_OK)
        return e->status;
    if (!(r->theta > 1)) return error_set(e, 403, "%s: rope_theta: not above 1, as yarn needs it", r->path);
    low = pair_of(fast > 0 ? fast : 32, dim, r->theta, context);
    high = pair_of(slow > 0 ? slow : 1, dim, r->theta, context);
    if (!json_is_false(json_object_get(r->scaling, "truncate"))) {
        low = floor(low);
        high = ceil(high);
    }
    low = fmax(low, 0);
    high = fmin(high, dim - 1);
    if (!(high > low) && !(high < low)) high += 0.001;
    for (size_t i = 0; i < r->head_dim / 2; i++) {
        double divide = fmin(fmax(((double)i - low) / (high - low), 0), 1);

        r->angle[i] *= divide / factor + (1 - divide);
    }
    return PUMA_OK;
}

/* A divisor for each pair, the short ones up to the original context. */
static puma_status scale_longrope(rotary *r, puma_error *e)
{
    static const char *const known[] = { "factor",      "attention_factor", "short_factor",
                                         "long_factor", ORIGINAL,           NULL };
    const json_t            *list = json_object_get(r->scaling, "short_factor");
    double                   factor, context;

    if (only(r, known, e) != PUMA_OK || original(r, &context, e) != PUMA_OK ||
        growth(r, false, context, &factor, e) != PUMA_OK)
        return e->status;
    if (!json_is_array(list) || json_array_size(list) != r->head_dim / 2)
        return error_set(e, 403, "%s: %s.short_factor: not a list of %zu numbers, half as many as a head has",
                         r->path, r->where, r->head_dim / 2);
    for (size_t i = 0; i < r->head_dim / 2; i++) {
        double divisor = json_number_value(json_array_get(list, i));

        if (!(divisor >= 1e-6 && divisor <= 1e12))
            return error_set(e, 403, "%s: %s.short_factor: entry %zu is not a number above 0", r->path,
                             r->where, i);
        r->angle[i] /= divisor;
    }
    r->attention = factor <= 1 || context <= 1 ? 1 : sqrt(1 + log(factor) / log(context));
    if (context < (double)r->most) r->most = (size_t)context;
    return option(r, "attention_factor", 1e-6, &r->attention, e);
}

static const struct {
    const char *name;
    puma_status (*scale)(rotary *r, puma_error *e);
} KINDS[] = {
    { "default", scale_default },   { "linear", scale_linear }, { "dynamic", scale_dynamic },
    { "llama3", scale_llama3 },     { "yarn", scale_yarn },     { "su", scale_longrope },
    { "longrope", scale_longrope },
};

puma_status rotary_angles(rotary *r, puma_error *e)
{
    const json_t *type = json_object_get(r->scaling, "rope_type");
    const char   *name;
    char          got[64];

    r->attention = 1;
    r->most = r->positions;
    for (size_t i = 0; i < r->head_dim / 2; i++)
        r->angle[i] = pow(r->theta, -2.0 * (double)i / (double)r->head_dim);
    if (!type) type = json_object_get(r->scaling, "type");
    name = json_is_string(type) ? json_string_value(type) : !type || json_is_null(type) ? "default" : "";
    json_show(got, sizeof got, r->scaling);
    if (!json_is_object(r->scaling))
        return error_set(e, 403, "%s: %s: not an object (got %s)", r->path, r->where, got);
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++)
        if (strcmp(name, KINDS[k].name) == 0) return KINDS[k].scale(r, e);
    json_show(got, sizeof got, type);
    return error_set(
        e, 404,
        "%s: %s.rope_type: %s is not supported (known: default, linear, dynamic, llama3, yarn, longrope)",
        r->path, r->where, got);
}
