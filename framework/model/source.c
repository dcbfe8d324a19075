/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* source.c - where a run's weights come from: a checkpoint, or numbers made from a seed.
 *
 * exec/ and input/ take values from it, tensor by tensor, as the client does to share them; it owns the open weights
 * and what was found out about them, and each array of values is the caller's.  A compute party has synthetic sources
 * alone. */
#include "model/model.h"

#include "model/owner.h"
#include "weights/json.h"
#include "weights/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED_TEXT 240

typedef struct entry {
    const weights      *file; /* where it is                                                      */
    const weights_info *info; /* NULL: synthetic                                                  */
    double              max_abs;
    size_t              element;
} entry;

struct model_source {
    const model *model;
    weights     *file;    /* NULL: synthetic                                                  */
    weights    **steps;   /* of a sentence encoder: one a step, NULL where it has no weights  */
    entry       *entries; /* one a tensor of the model                                        */
    uint64_t     seed;
    char         unused[UNUSED_TEXT];
};

static puma_status new_source(model_source **out, const model *m, puma_error *e)
{
    model_source *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s) s->entries = calloc(m->tensor_count, sizeof *s->entries);
    if (!s || !s->entries) {
        free(s);
        return error_set(e, 1001, "out of memory");
    }
    s->model = m;
    *out = s;
    return PUMA_OK;
}

void model_source_close(model_source *s)
{
    if (!s) return;
    weights_close(s->file);
    for (size_t i = 0; s->steps && i < s->model->step_count; i++) weights_close(s->steps[i]);
    free(s->steps);
    free(s->entries);
    free(s);
}

/* --- checkpoint ------------------------------------------------------------------------------- */

/* Of a step behind the pooling: it has a file of its own, where it has one name. */
static bool is_step(const model_tensor *t) { return strncmp(t->role, "step.", 5) == 0; }

static role role_of(const model_tensor *t)
{
    role r = 0;

    while (strcmp(ROLES[r].text, t->role) != 0) r++;
    return r;
}

/* The tensor under the first of its names that the file has; NULL if it has none. */
static const weights_info *find(const weights *w, const alternatives *names, const char *prefix, int layer)
{
    for (size_t i = 0; i < names->count; i++) {
        char                name[ARCHITECTURE_MAX_NAME];
        const weights_info *info;

        if (!architecture_tensor_name(name, sizeof name, names->text[i], prefix, layer)) continue;
        info = weights_find(w, name);
        if (info) return info;
    }
    return NULL;
}

/* Why it has none, if an index of files says anything of one of its names. */
static void hint(const weights *w, const alternatives *names, const char *prefix, int layer,
                 char to[static 160])
{
    to[0] = '\0';
    for (size_t i = 0; i < names->count && to[0] == '\0'; i++) {
        char name[ARCHITECTURE_MAX_NAME];

        if (architecture_tensor_name(name, sizeof name, names->text[i], prefix, layer))
            weights_hint(w, name, to, 160);
    }
}

/* The prefix under which the file has the first tensor, the token table or the patches' weights.  Two would be two models in one file: which one is
 * meant? */
static puma_status find_prefix(const char **prefix, const model_source *s, const char *directory,
                               puma_error *e)
{
    const architecture *a = ((const struct owner *)s->model->owner)->architecture;
    const alternatives *names = &a->tensor[role_of(&s->model->tensors[0])];
    const weights_info *first = NULL;
    char                tried[160] = "", why[160] = "";

    *prefix = NULL;
    for (size_t i = 0; i < a->prefixes.count; i++) {
        size_t              used = strlen(tried);
        const weights_info *info;

        snprintf(tried + used, sizeof tried - used, "%s\"%s\"", used ? ", " : "", a->prefixes.text[i]);
        info = find(s->file, names, a->prefixes.text[i], -1);
        if (!info && why[0] == '\0') hint(s->file, names, a->prefixes.text[i], -1, why);
        if (!info || info == first) continue; /* a name without {p} is the same under all */
        if (*prefix)
            return error_set(e, 420, "%s: tensor %s: found under two prefixes (\"%s\" and \"%s\")", directory,
                             s->model->tensors[0].name, *prefix, a->prefixes.text[i]);
        *prefix = a->prefixes.text[i];
        first = info;
    }
    if (*prefix) return PUMA_OK;
    return error_set(e, 420, "%s: tensor %s: missing, also under the prefixes of %s.ini (%s)%s", directory,
                     s->model->tensors[0].name, a->name, tried, why);
}

static void shape_text(char *to, size_t room, const size_t *dim, size_t rank)
{
    size_t used = 0;

    snprintf(to, room, "scalar");
    for (size_t i = 0; i < rank && used < room; i++) {
        int got = snprintf(to + used, room - used, "%s%zu", i ? "x" : "", dim[i]);

        if (got > 0) used += (size_t)got;
    }
}

static puma_status check_shape(const char *directory, const model_tensor *t, const weights_info *info,
                               puma_error *e)
{
    size_t want[4] = { t->dim[0], t->dim[1] }, rank = t->stored_rank > 0 ? t->stored_rank : t->rank;
    char   expected[64], found[64];

    if (t->transposed) {
        want[0] = t->dim[1];
        want[1] = t->dim[0];
    }
    if (t->stored_rank > 0) memcpy(want, t->stored, sizeof want);
    if (info->rank == rank && memcmp(info->dim, want, rank * sizeof *want) == 0) return PUMA_OK;
    shape_text(expected, sizeof expected, want, rank);
    shape_text(found, sizeof found, info->dim, info->rank);
    return error_set(e, 421, "%s: tensor %.120s: wrong shape (expected %s, found %s)", directory, info->name,
                     expected, found);
}

static puma_status missing(const model_source *s, const model_tensor *t, const alternatives *names,
                           const char *prefix, const char *directory, puma_error *e)
{
    char name[ARCHITECTURE_MAX_NAME], shape[64], why[160];

    hint(s->file, names, prefix, t->layer, why);
    architecture_tensor_name(name, sizeof name, names->text[0], prefix, t->layer);
    shape_text(shape, sizeof shape, t->dim, t->rank);
    if (role_in_head(role_of(t)))
        return error_set(e, 422,
                         "%s: tensor %s: missing (expected %s%s): the checkpoint has no head for this task",
                         directory, name, shape, why);
    return error_set(e, 420, "%s: tensor %s: missing (expected %s; the file has %zu tensors%s)", directory,
                     name, shape, weights_count(s->file), why);
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (const weights_info *const *)a,
              y = (uintptr_t) * (const weights_info *const *)b;

    return x < y ? -1 : x > y;
}

/* Joins the names nobody asked for; bytes that are not plain text become '?', for the note goes to a
 * terminal. */
static puma_status list_unused(model_source *s, puma_error *e)
{
    size_t               count = s->model->tensor_count, used = 0, more = 0;
    const weights_info **taken = malloc(count * sizeof *taken);

    if (!taken) return error_set(e, 1001, "out of memory");
    for (size_t i = 0; i < count; i++) taken[i] = s->entries[i].info;
    qsort(taken, count, sizeof *taken, by_address);
    for (size_t i = 0; i < weights_count(s->file); i++) {
        const weights_info *info = weights_at(s->file, i);
        size_t              length = strlen(info->name);

        if (bsearch(&info, taken, count, sizeof *taken, by_address)) continue;
        if (more > 0 || used + length + 2 > UNUSED_TEXT - 40) { /* keep room for the last line below */
            more++;
            continue;
        }
        used += (size_t)snprintf(s->unused + used, UNUSED_TEXT - used, "%s%s", used ? ", " : "", info->name);
    }
    if (more > 0) snprintf(s->unused + used, UNUSED_TEXT - used, "%s%zu more", used ? " and " : "", more);
    for (char *p = s->unused; *p; p++)
        if (*p < ' ' || *p > '~') *p = '?';
    free(taken);
    return PUMA_OK;
}

/* The folder of a step. */
static puma_status open_step(model_source *s, const char *directory, size_t i, puma_error *e)
{
    char *path = NULL;

    if (s->steps[i]) return PUMA_OK;
    if (asprintf(&path, "%s/%s", directory, s->model->steps[i].folder) < 0)
        return error_set(e, 1001, "out of memory");
    weights_open(&s->steps[i], path, e);
    free(path);
    return e->status;
}

static puma_status find_step(model_source *s, const char *directory, const model_tensor *t, entry *x,
                             puma_error *e)
{
    size_t i = (size_t)t->layer;

    if (open_step(s, directory, i, e) != PUMA_OK) return e->status;
    x->file = s->steps[i];
    x->info = weights_find(x->file, t->name + strlen(s->model->steps[i].folder) + 1);
    if (x->info) return PUMA_OK;
    return error_set(e, 420, "%s: tensor missing (the file has %zu tensors)", t->name,
                     weights_count(x->file));
}

/* Finds and checks all tensors, shapes and types first, then reads every value once: what is wrong with the
 * file is known before any of it is shared. */
static puma_status check_checkpoint(model_source *s, const char *directory, const char *modules,
                                    puma_error *e)
{
    const model        *m = s->model;
    const architecture *a = ((const struct owner *)m->owner)->architecture;
    const char         *prefix;

    if (find_prefix(&prefix, s, directory, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < m->tensor_count; i++) {
        const model_tensor *t = &m->tensors[i];
        const alternatives *names = is_step(t) ? NULL : &a->tensor[role_of(t)];
        entry              *x = &s->entries[i];

        if (is_step(t) && find_step(s, modules, t, x, e) != PUMA_OK) return e->status;
        if (!is_step(t)) *x = (entry){ .file = s->file, .info = find(s->file, names, prefix, t->layer) };
        if (!x->info) return missing(s, t, names, prefix, directory, e);
        if (check_shape(is_step(t) ? m->steps[t->layer].folder : directory, t, x->info, e) != PUMA_OK ||
            weights_float(x->file, x->info, e) != PUMA_OK)
            return e->status;
    }
    for (size_t i = 0; i < m->tensor_count; i++) {
        entry *x = &s->entries[i];

        if (weights_check(x->file, x->info, &x->max_abs, &x->element, e) != PUMA_OK) return e->status;
        if (m->tensors[i].transposed) /* element counts in the stored shape; callers see the other one */
            x->element =
                x->element % m->tensors[i].dim[0] * m->tensors[i].dim[1] + x->element / m->tensors[i].dim[0];
    }
    return list_unused(s, e);
}

puma_status model_source_checkpoint(model_source **out, const model *m, const char *directory, puma_error *e)
{
    model_source *s;

    if (new_source(out, m, e) != PUMA_OK) return e->status;
    s = *out;
    s->steps = calloc(m->step_count + 1, sizeof(weights *));
    if (!s->steps)
        error_set(e, 1001, "out of memory");
    else if (weights_open(&s->file, directory, e) == PUMA_OK)
        check_checkpoint(s, path_tail(directory), m->modules ? m->modules : directory, e);
    if (e->status != PUMA_OK) {
        model_source_close(s);
        *out = NULL;
    }
    return e->status;
}

static void transpose(double *to, const double *from, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
}

/* --- synthetic -------------------------------------------------------------------------------- */

/* The weights are public and every party makes its own, so that all must get the same bits on any machine:
 * integers only, and one multiplication by a power of two and one by the range, each rounded as IEEE 754
 * says.  A number is a sum of twelve uniform 16-bit integers less its mean: variance (2^32 - 1), that is 1 in
 * units of 2^16, and normal to within what a test of speed or ranges could see (it ends at 6 standard
 * deviations). */
#define LANES (0xffffull | 0xffffull << 32)

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014): the output mix of
 * SplitMix64. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double normal(uint64_t key, uint64_t element)
{
    uint64_t sum = 0;

    for (uint64_t k = 0; k < 3; k++) {
        uint64_t bits = mix(key + (3 * element + k + 1) * 0x9e3779b97f4a7c15u);

        sum += (bits & LANES) + (bits >> 16 & LANES);
    }
    return (double)((int64_t)((sum & 0xffffffffu) + (sum >> 32)) - 6 * 65535) * 0x1p-16;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* A gain is 1, a bias 0, anything else normal. */
static void synthetic(const model_source *s, size_t tensor, double *to, size_t n)
{
    const char *what = s->model->tensors[tensor].role;
    uint64_t    key = mix(mix(s->seed + 0x9e3779b97f4a7c15u) + (tensor + 1) * 0xd1342543de82ef95u);

    if (ends_in(what, ".gain")) {
        for (size_t k = 0; k < n; k++) to[k] = 1;
    } else if (!ends_in(what, ".bias")) {
        for (size_t k = 0; k < n; k++) to[k] = normal(key, k) * s->model->initializer_range;
    }
}

puma_status model_source_synthetic(model_source **out, const model *m, uint64_t seed, puma_error *e)
{
    if (new_source(out, m, e) != PUMA_OK) return e->status;
    (*out)->seed = seed;
    for (size_t i = 0; i < m->tensor_count; i++) {
        const char *what = m->tensors[i].role;

        (*out)->entries[i].max_abs = ends_in(what, ".gain")   ? 1
                                     : ends_in(what, ".bias") ? 0
                                                              : 6 * m->initializer_range;
    }
    return PUMA_OK;
}

/* --- both ------------------------------------------------------------------------------------- */

puma_status model_values(const model_source *s, size_t i, double **values, puma_error *e)
{
    const model_tensor *t = &s->model->tensors[i];
    size_t  n = t->dim[0] * (t->rank == 2 ? t->dim[1] : 1); /* checked when the model was opened */
    double *to = calloc(n, sizeof *to), *stored;

    *values = NULL;
    if (!to) return error_set(e, 1001, "tensor %s: out of memory (%zu numbers)", t->name, n);
    if (!s->file) {
        synthetic(s, i, to, n);
    } else if (weights_read(s->entries[i].file, s->entries[i].info, to, e) == PUMA_OK && t->transposed) {
        stored = to;
        to = malloc(n * sizeof *to);
        if (to)
            transpose(to, stored, t->dim[1], t->dim[0]);
        else
            error_set(e, 1001, "tensor %s: out of memory (%zu numbers)", t->name, n);
        free(stored);
    }
    if (e->status != PUMA_OK) {
        free(to);
        return e->status;
    }
    *values = to;
    return PUMA_OK;
}

double model_max_abs(const model_source *s, size_t i, size_t *element)
{
    if (element) *element = s->entries[i].element;
    return s->entries[i].max_abs;
}

const char *model_stored_name(const model_source *s, size_t i)
{
    if (is_step(&s->model->tensors[i])) return s->model->tensors[i].name; /* with its folder */
    return s->entries[i].info ? s->entries[i].info->name : s->model->tensors[i].role;
}

const char *model_unused(const model_source *s) { return s->unused[0] ? s->unused : NULL; }
