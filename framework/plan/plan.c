/* plan.c - see plan.h */
#include "plan/plan.h"

#include "exec/rings.h"
#include "weights/file.h"
#include "weights/gguf.h"
#include "weights/json.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

bool plan_uses(const plan *p, puma_slot slot)
{
    const model *m = p->model;

    if (p->run->function[slot] != NULL) return true;
    if (slot == rings_slot(m->activation) || slot == PUMA_SLOT_SOFTMAX) return true;
    if (slot == (m->norm == MODEL_RMSNORM ? PUMA_SLOT_RMSNORM : PUMA_SLOT_LAYERNORM)) return true;
    if (m->head_dense && (p->run->task == RUN_CLASSIFY || p->run->task == RUN_LOGITS) &&
        slot == rings_slot(m->head_activation))
        return true;
    return slot == PUMA_SLOT_RSQRT && embeds(p->run) && p->run->normalize;
}

const char *plan_caution(const plan *p, puma_slot slot)
{
    const puma_approx *f = p->function[slot];

    return f != NULL && plan_uses(p, slot) && PUMA_HAS(f, caution) ? f->caution : NULL;
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
        double scale = strcmp(t->role, "embedding.token") == 0 ? p->model->embedding_scale : 1;
        size_t element = 0;
        double most = model_max_abs(p->source, i, &element);

        if (!(most * scale < limit))
            return error_set(e, 1102, "tensor %s: entry %zu leaves the fixed-point range (got %g, limit %g)",
                             model_stored_name(p->source, i), element, most, limit / scale);
    }
    return PUMA_OK;
}

/* [run] head: {"w": [...], "b": x}, one number of w for each of the embedding. */
static puma_status read_head(plan *p, puma_error *e)
{
    static const json_limits limits = { .objects = 1, .arrays = 1, .separators = 1u << 20 };
    const char   *path = p->run->head, *known[] = { "w", "b" };
    size_t        hidden = p->model->hidden, i;
    double        limit = ldexp(1.0, (int)p->exec.rings.wide - 2 - 2 * (int)p->exec.rings.frac);
    json_t       *root = NULL;
    const json_t *w, *b;

    if (path == NULL || json_read_limited(path, (size_t)64 << 20, &limits, &root, 423, e) != PUMA_OK)
        return e->status;
    w = json_object_get(root, known[0]);
    b = json_object_get(root, known[1]);
    p->head = calloc(hidden + 1, sizeof *p->head);
    if (p->head == NULL)
        no_memory(e);
    else if (!json_is_array(w) || !json_is_number(b) || json_object_size(root) != 2)
        error_set(e, 423, "%s: not of the form {\"w\": [...], \"b\": x}", path_tail(path));
    else if (json_array_size(w) != hidden)
        error_set(e, 423, "%s: w: one number for each of the embedding is needed (got %zu, expected %zu)",
                  path_tail(path), json_array_size(w), hidden);
    for (i = 0; e->status == PUMA_OK && i <= hidden; i++) {
        const json_t *number = i < hidden ? json_array_get(w, i) : b;

        p->head[i] = json_number_value(number);
        if (!json_is_number(number))
            error_set(e, 423, "%s: w: entry %zu is not a number", path_tail(path), i);
        else if (!(fabs(p->head[i]) < limit))
            error_set(e, 1102, "%s: %s: entry %zu leaves the fixed-point range (got %g, limit %g)",
                      path_tail(path), known[i == hidden], i, p->head[i], limit);
    }
    json_decref(root);
    p->exec.head = p->head;
    return e->status;
}

/* --- input ------------------------------------------------------------------------------------ */

static puma_status add_input(plan *p, const token_list *list, puma_error *e)
{
    token_list *more = realloc(p->inputs, (p->input_count + 1) * sizeof *more);

    if (more == NULL) return no_memory(e);
    p->inputs = more;
    p->inputs[p->input_count++] = *list;
    return PUMA_OK;
}

/* Cuts to what the model takes.  What continues a text needs its end: then the beginning goes, all but the
 * `opening` special tokens of the tokenizer.  Elsewhere the last token stays: the special one that closes a
 * sequence. */
static void cut(const plan *p, token_list *list, size_t opening)
{
    size_t limit = p->max_input, surplus = list->count - limit;

    if (p->run->task == RUN_GENERATE) {
        if (opening >= limit) opening = 0;
        memmove(list->ids + opening, list->ids + opening + surplus, (limit - opening) * sizeof *list->ids);
        memmove(list->types + opening, list->types + opening + surplus,
                (limit - opening) * sizeof *list->types);
    } else if (p->run->task != RUN_PERPLEXITY) {
        list->ids[limit - 1] = list->ids[list->count - 1];
        list->types[limit - 1] = list->types[list->count - 1];
    }
    list->count = limit;
}

/* Length and ids against the model; `where` for the message. */
static puma_status check_input(const plan *p, token_list *list, size_t opening, const char *where,
                               puma_error *e)
{
    const model *m = p->model;

    if (list->count == 0) return error_set(e, 551, "%s: the sequence is empty", where);
    if (list->count < 2 && p->run->task == RUN_PERPLEXITY)
        return error_set(e, 559, "%s: perplexity needs two tokens or more (got %zu)", where, list->count);
    if (list->count > p->max_input) {
        char room[80] = "";

        if (p->run->task == RUN_GENERATE)
            snprintf(room, sizeof room, ", which leave room for %zu new ones", p->run->max_new_tokens);
        if (!p->run->truncate)
            return error_set(e, 552, "%s: tokens %zu > %zu%s (truncate = yes cuts them)", where, list->count,
                             p->max_input, room);
        fprintf(stderr, "puma: note: %s: cut from %zu to %zu tokens\n", where, list->count, p->max_input);
        cut(p, list, opening);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->ids[i] >= m->vocabulary) /* By position: the id is the prompt's. */
            return error_set(e, 553, "%s: entry %zu is not in the model's vocabulary (limit %zu)", where,
                             i + 1, m->vocabulary - 1);
        if (m->types > 0 && list->types[i] >= m->types)
            return error_set(e, 556,
                             "%s: entry %zu has a type that the model has no row for (got %u, limit %zu)",
                             where, i + 1, list->types[i], m->types - 1);
    }
    return PUMA_OK;
}

/* How many special tokens the tokenizer puts in front of a text, if it puts none behind it. */
static size_t opening_of(const tokenizer *t)
{
    token_list list = { 0 };
    puma_error e = { 0 };
    size_t     count = token_encode(t, "", 0, NULL, 0, true, false, &list, &e) == PUMA_OK ? list.count : 0;

    token_list_free(&list);
    return count;
}

static puma_status encode(plan *p, const tokenizer *t, const char *text, size_t size, const char *pair,
                          const char *where, puma_error *e)
{
    token_list list = { 0 };

    if (token_encode(t, text, size, pair, pair == NULL ? 0 : strlen(pair), true, p->run->parse_special, &list,
                     e) != PUMA_OK)
        return error_prefix(e, "%s", where);
    if (check_input(p, &list, opening_of(t), where, e) == PUMA_OK) add_input(p, &list, e);
    if (e->status != PUMA_OK) token_list_free(&list);
    return e->status;
}

/* One text a line; a final newline ends the last one. */
static puma_status read_lines(plan *p, const tokenizer *t, puma_error *e)
{
    char  *bytes, where[512];
    size_t size, line = 1;

    if (file_read(p->run->input_file, (size_t)64 << 20, &bytes, &size, 554, e) != PUMA_OK) return e->status;
    for (size_t at = 0; at < size && e->status == PUMA_OK; line++) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t      length = end == NULL ? size - at : (size_t)(end - (bytes + at));

        if (p->run->limit > 0 && p->input_count == p->run->limit) break;
        snprintf(where, sizeof where, "%.480s:%zu", p->run->input_file, line);
        encode(p, t, bytes + at, length > 0 && bytes[at + length - 1] == '\r' ? length - 1 : length, NULL,
               where, e);
        at += length + 1;
    }
    free(bytes);
    if (e->status == PUMA_OK && p->input_count == 0)
        error_set(e, 551, "%s: no line in it", p->run->input_file);
    return e->status;
}

/* The model's own input must be the one that is given. */
static puma_status check_kind(const plan *p, puma_error *e)
{
    static const char *const keys[] = { [RUN_TEXT] = "text",   [RUN_IDS] = "ids",       [RUN_FILE] = "file",
                                        [RUN_IMAGE] = "image", [RUN_PIXELS] = "pixels" };
    const runfile           *r = p->run;
    bool                     picture = r->input == RUN_IMAGE || r->input == RUN_PIXELS;

    if (picture != p->model->pixels)
        return error_set(e, 564, "%s: [input] %s: the model takes %s", runfile_where(r, "input", keys[r->input]),
                         keys[r->input], picture ? "tokens (text, ids or file)" : "pictures (image or pixels)");
    if (picture && r->embedding != RUN_EMBEDDING_AUTO)
        return error_set(e, 317, "%s: [run] embedding: a picture has no token ids",
                         runfile_where(r, "run", "embedding"));
    return PUMA_OK;
}

/* Pictures: each a sequence of the model's full length. */
static puma_status read_pictures(plan *p, puma_error *e)
{
    const runfile    *r = p->run;
    const image_shape shape = { p->model->channels, p->model->image[0], p->model->image[1] };
    image_scale       scale = { 0 };
    const char       *key = r->input == RUN_IMAGE ? "image" : "pixels";

    if (r->input == RUN_PIXELS) {
        image_open_pixels(&p->images, r->input_file, &shape, e);
    } else if (image_scale_open(&scale, r->model, &shape, e) == PUMA_OK) {
        image_open(&p->images, r->input_file, &shape, &scale, r->limit, e);
    }
    image_scale_free(&scale);
    if (e->status != PUMA_OK) return error_prefix(e, "%s: [input] %s", runfile_where(r, "input", key), key);
    for (size_t i = 0; i < p->images.count && e->status == PUMA_OK; i++)
        add_input(p, &(token_list){ .count = p->model->positions }, e);
    return e->status;
}

/* No picture may lead out of the residual stream's range: of a patch's product the sum of the weights' magnitudes
 * bounds each entry, whatever the picture is. */
static puma_status check_pictures(const plan *p, puma_error *e)
{
    const model *m = p->model;
    double       rows = 0, rest = 0, most = 0, limit = ldexp(1, m->ranges.hidden);

    for (size_t i = 0; i < m->tensor_count && e->status == PUMA_OK; i++) {
        const model_tensor *t = &m->tensors[i];
        size_t              element;
        double             *w = NULL;

        if (t->layer >= 0 || strncmp(t->role, "embedding.", 10) != 0) continue;
        if (strcmp(t->role, "embedding.patch.weight") != 0) {
            rest += model_max_abs(p->source, i, &element);
            continue;
        }
        if (model_values(p->source, i, &w, e) != PUMA_OK) break;
        for (size_t row = 0; row < t->dim[0]; row++) {
            double sum = 0;

            for (size_t k = 0; k < t->dim[1]; k++) sum += fabs(w[row * t->dim[1] + k]);
            if (sum > rows) rows = sum;
        }
        free(w);
    }
    for (size_t i = 0; i < p->images.count && e->status == PUMA_OK; i++)
        for (size_t k = 0; k < image_numbers(&p->images.shape); k++)
            if (fabs(p->images.images[i].pixels[k]) > most) most = fabs(p->images.images[i].pixels[k]);
    if (e->status == PUMA_OK && !(rows * most + rest < limit))
        error_set(e, 1101, "[input]: numbers of the picture are too large for the model's ranges (limit %.4g)",
                  (limit - rest) / rows);
    return e->status;
}

/* [input] labels: one a line, in the inputs' order, or the bytes of an IDX file; a final newline ends the last
 * line.  With a limit the file may have more of them than there are inputs. */
static puma_status read_labels(plan *p, puma_error *e)
{
    const runfile *r = p->run;
    uint8_t       *bytes;
    const uint8_t *packed;
    size_t         size, count = 0, at = 0, line = 0, most = r->head != NULL ? 1 : p->model->labels - 1;

    if (r->labels == NULL) return PUMA_OK;
    if (image_file(r->labels, &bytes, &size, e) != PUMA_OK) return e->status;
    image_labels(r->labels, bytes, size, &packed, &count, e);
    p->labels = malloc((p->input_count + 1) * sizeof *p->labels);
    if (p->labels == NULL) no_memory(e);
    for (; packed != NULL && line < count && line < p->input_count && e->status == PUMA_OK; line++) {
        p->labels[line] = packed[line];
        if (packed[line] > most)
            error_set(e, 557, "%.200s: label %zu is not one of the model (limit 0 to %zu)", r->labels, line, most);
    }
    if (packed != NULL) at = size - (count - line);
    for (; packed == NULL && at < size && line < p->input_count && e->status == PUMA_OK; line++) {
        const uint8_t *end = memchr(bytes + at, '\n', size - at);
        size_t      length = end == NULL ? size - at : (size_t)(end - (bytes + at));
        char           text[24] = "";
        uint64_t    label;

        if (length < sizeof text) memcpy(text, bytes + at, length);
        if (length > 0 && length < sizeof text && text[length - 1] == '\r') text[length - 1] = '\0';
        if (!ini_unsigned(text, 0, most, &label))
            error_set(e, 557, "%.200s:%zu: not a label of the model (limit 0 to %zu)", r->labels, line + 1,
                      most);
        else
            p->labels[line] = (uint32_t)label;
        at += length + 1;
    }
    free(bytes);
    if (e->status != PUMA_OK) return e->status;
    if (line < p->input_count)
        return error_set(e, 558, "%.200s: fewer labels than inputs (got %zu, expected %zu)", r->labels, line,
                         p->input_count);
    if (at < size && r->limit == 0)
        return error_set(e, 558, "%.200s:%zu: more labels than inputs (expected %zu)", r->labels, line + 1,
                         p->input_count);
    return PUMA_OK;
}

/* With ids for a prompt a tokenizer is not needed; where there is one, the new tokens can be read. */
static void open_speaker(plan *p)
{
    puma_error why = { 0 };

    if (token_open(&p->tokenizer, p->run->model, &why) == PUMA_OK) return;
    p->tokenizer = NULL;
    fprintf(stderr, "puma: note: new tokens are shown as numbers: %s\n", why.text);
}

static puma_status read_input(plan *p, plan_role role, puma_error *e)
{
    const runfile *r = p->run;
    tokenizer     *t = NULL;

    if (check_kind(p, e) != PUMA_OK) return e->status;
    if (p->model->pixels) return read_pictures(p, e);
    if (r->input == RUN_IDS) {
        token_list list = { .count = r->id_count,
                            .ids = malloc((r->id_count + 1) * sizeof *list.ids),
                            .types = calloc(r->id_count + 1, sizeof *list.types) };

        if (list.ids == NULL || list.types == NULL) {
            token_list_free(&list);
            return no_memory(e);
        }
        memcpy(list.ids, r->ids, r->id_count * sizeof *list.ids);
        if (check_input(p, &list, 0, runfile_where(r, "input", "ids"), e) == PUMA_OK) add_input(p, &list, e);
        if (e->status != PUMA_OK) token_list_free(&list);
        if (e->status == PUMA_OK && role == PLAN_CLIENT && r->task == RUN_GENERATE &&
            r->source == RUN_CHECKPOINT)
            open_speaker(p);
        return e->status;
    }
    if (token_open(&t, r->model, e) != PUMA_OK) return e->status;
    /* The tokenizer may have more ids than the table has rows: what a text gives is what counts. */
    if (r->input == RUN_TEXT)
        encode(p, t, r->text, strlen(r->text), r->text_pair, runfile_where(r, "input", "text"), e);
    else
        read_lines(p, t, e);
    if (e->status == PUMA_OK && r->task == RUN_GENERATE)
        p->tokenizer = t;
    else
        token_close(t);
    return e->status;
}

/* --- the end of a sequence -------------------------------------------------------------------- */

static bool add_eos(plan *p, const json_t *id)
{
    uint32_t *more;

    if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > UINT32_MAX)
        return false;
    more = realloc(p->eos, (p->eos_count + 1) * sizeof *more);
    if (more == NULL) return false;
    p->eos = more;
    p->eos[p->eos_count++] = (uint32_t)json_integer_value(id);
    return true;
}

/* `eos_token_id` of a configuration, which is released: a number, a list of them, or null. */
static puma_status take_eos(plan *p, json_t *config, const char *path, puma_error *e)
{
    const json_t *id = json_object_get(config, "eos_token_id"), *item;
    size_t        i;
    bool          good = true;

    if (json_is_array(id)) {
        json_array_foreach(id, i, item) good = good && add_eos(p, item);
    } else if (id != NULL && !json_is_null(id)) {
        good = add_eos(p, id);
    }
    json_decref(config);
    if (e->status != PUMA_OK || good) return e->status;
    return error_set(e, 403, "%s: eos_token_id: not a token id or a list of them", path_tail(path));
}

/* What ends a sequence: of generation_config.json, else of config.json, else of the metadata of a .gguf file.
 * An id that the model has no row for never comes. */
static puma_status read_eos(plan *p, puma_error *e)
{
    static const char *const names[] = { "generation_config.json", "config.json" };
    char                     path[4200], *file = NULL;
    json_t                  *config = NULL;
    bool                     found = false;

    if (p->run->task != RUN_GENERATE) return PUMA_OK;
    for (size_t i = 0; i < 2 && p->eos_count == 0 && e->status == PUMA_OK; i++) {
        snprintf(path, sizeof path, "%.4100s/%s", p->run->model, names[i]);
        if (access(path, F_OK) != 0) continue;
        found = i == 1;
        if (json_read(path, (size_t)1 << 20, &config, 402, e) == PUMA_OK) take_eos(p, config, path, e);
    }
    if (!found && p->eos_count == 0 && file_find_gguf(&file, p->run->model, e) == PUMA_OK && file != NULL) {
        gguf *g = NULL;

        if (gguf_open(&g, file, e) == PUMA_OK && gguf_config(g, &config, e) == PUMA_OK)
            take_eos(p, config, file, e);
        gguf_close(g);
    }
    free(file);
    if (p->eos_count == 0 && p->run->stop_at_eos)
        error_set(e, 403, "%s: [generate] stop_at_eos: the model names no eos_token_id",
                  runfile_where(p->run, "generate", "stop_at_eos"));
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
        for (size_t i = 0; i < p->input_count; i++)
            fprintf(out, "%s%zu", i == 0 ? "" : " ", p->inputs[i].count);
        fprintf(out, "\n");
    }
    fclose(out);
    free(run);
    free(sizes);
    p->hello = text;
    return text == NULL ? no_memory(e) : PUMA_OK;
}

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
    default: return MODEL_EMBED;
    }
}

/* The last of the new tokens is not fed again, so that a model of N positions takes N + 1 tokens in all. */
static puma_status plan_lengths(plan *p, puma_error *e)
{
    size_t most = p->model->max_tokens;

    p->max_input = most;
    if (p->run->task != RUN_GENERATE) return PUMA_OK;
    if (p->run->max_new_tokens > most)
        return error_set(e, 322,
                         "%s: [generate] max_new_tokens: the model has no room for them (got %zu, limit %zu)",
                         runfile_where(p->run, "generate", "max_new_tokens"), p->run->max_new_tokens, most);
    p->max_input = most - (p->run->max_new_tokens - 1);
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
    if (r->material != NULL && (p->protocol->protocol->caps & PUMA_CAP_DEALER) == 0)
        return error_set(e, 317, "%s: [run] material: protocol %s has no dealer who could work ahead",
                         runfile_where(r, "run", "material"), r->protocol);
    if (model_open(&p->model, r->model, r->architecture, plugin_data_directory("models"), task_of(r), e) != PUMA_OK) {
        if (e->code == 422 && (r->task == RUN_GENERATE || r->task == RUN_PERPLEXITY))
            error_prefix(e, "%s: [run] task", runfile_where(r, "run", "task"));
        return e->status;
    }
    if (plan_lengths(p, e) != PUMA_OK) return e->status;
    if (read_ranges(p, e) != PUMA_OK || choose_functions(p, e) != PUMA_OK || check_options(p, e) != PUMA_OK)
        return e->status;
    if (r->embedding == RUN_DPF && !PUMA_HAS(p->protocol->protocol, embed))
        return error_set(e, 613,
                         "%s: [run] embedding: protocol %s looks up no ids of the client's, so it has no dpf",
                         runfile_where(r, "run", "embedding"), r->protocol);
    p->exec = (exec_config){ .model = p->model,
                             .task = task_of(r),
                             .linear_head = r->head != NULL,
                             .pooling_mean = r->pooling_mean,
                             .normalize = r->normalize,
                             .states = r->compare_layers,
                             .reveal_label = (r->reveal_label && r->task == RUN_CLASSIFY) ||
                                             (r->decoding == RUN_GREEDY && r->task == RUN_GENERATE),
                             .equality = r->embedding == RUN_EQUALITY,
                             .lookup = r->embedding == RUN_DPF || (r->embedding == RUN_EMBEDDING_AUTO &&
                                                                   PUMA_HAS(p->protocol->protocol, embed)) };
    if (rings_plan(&p->exec.rings, p->model, p->protocol->protocol, p->function, r->ring_bits, r->frac, e) !=
        PUMA_OK)
        return e->status;
    p->exec.public_weights = r->source == RUN_SYNTHETIC;
    if (role == PLAN_CLIENT && read_head(p, e) != PUMA_OK) return e->status;
    if (role != PLAN_PARTY && read_input(p, role, e) != PUMA_OK) return e->status;
    if (role == PLAN_CLIENT && (read_labels(p, e) != PUMA_OK || read_eos(p, e) != PUMA_OK)) return e->status;
    if (r->source == RUN_SYNTHETIC) {
        if (model_source_synthetic(&p->source, p->model, r->synthetic_seed, e) != PUMA_OK) return e->status;
    } else if (role == PLAN_CLIENT &&
               (model_source_checkpoint(&p->source, p->model, r->model, e) != PUMA_OK ||
                check_weights(p, e) != PUMA_OK)) {
        return e->status;
    }
    if (role == PLAN_CLIENT && p->model->pixels && check_pictures(p, e) != PUMA_OK) return e->status;
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
    for (size_t i = 0; i < p->input_count; i++) token_list_free(&p->inputs[i]);
    free(p->inputs);
    image_list_free(&p->images);
    free(p->labels);
    if (p->head != NULL) OPENSSL_cleanse(p->head, (p->model->hidden + 1) * sizeof *p->head);
    free(p->head);
    free(p->eos);
    token_close(p->tokenizer);
    free(p->hello);
    model_source_close(p->source);
    model_close(p->model);
    runfile_close(p->run);
    free(p);
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
    for (size_t i = 0; i < p->input_count; i++)
        fprintf(out, "input %-7zu %zu tokens\n", i, p->inputs[i].count);
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
    for (size_t i = 0; i < p->input_count; i++)
        json_array_append_new(inputs, json_integer((json_int_t)p->inputs[i].count));
    root =
        json_pack("{s:s, s:{s:s, s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i}, s:o}",
                  "protocol", p->protocol->entry->name, "model", "architecture", m->architecture, "layers",
                  (json_int_t)m->layers, "hidden", (json_int_t)m->hidden, "heads", (json_int_t)m->heads,
                  "intermediate", (json_int_t)m->intermediate, "vocabulary", (json_int_t)m->vocabulary,
                  "max_tokens", (json_int_t)m->max_tokens, "approximation", functions, "rings", "fraction",
                  (int)r->frac, "wide", (int)r->wide, "table", (int)r->table, "attention", (int)r->attention,
                  "scores", (int)r->scores, "activation", (int)r->activation, "input_tokens", inputs);
    if (p->run->task == RUN_GENERATE) json_object_set_new(root, "generate", generation_json(p));
    text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    return text;
}
