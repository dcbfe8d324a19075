/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* architecture.c - see architecture.h; models/bert.ini explains the format to those who write one. */
#include "model/architecture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const role_info ROLES[ROLE_COUNT] = {
#define X(name, text, need, outer, inner) { text, NEED_##need, SIZE_##outer, SIZE_##inner },
    MODEL_ROLES(X)
#undef X
};

static const struct {
    const char      *name;
    model_activation activation;
} ACTIVATIONS[] = {
    { "gelu", MODEL_GELU },
    { "gelu_python", MODEL_GELU },
    /* three spellings of one formula, the tanh approximation */
    { "gelu_tanh", MODEL_GELU_TANH },
    { "gelu_new", MODEL_GELU_TANH },
    { "gelu_pytorch_tanh", MODEL_GELU_TANH },
    { "gelu_fast", MODEL_GELU_TANH },
    { "silu", MODEL_SILU },
    { "swish", MODEL_SILU },
    { "relu", MODEL_RELU },
    { "tanh", MODEL_TANH },
};

const char ACTIVATION_NAMES[] = "gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, silu, swish, relu, tanh";

bool activation_find(const char *name, model_activation *activation)
{
    for (size_t i = 0; i < sizeof ACTIVATIONS / sizeof *ACTIVATIONS; i++) {
        if (strcmp(ACTIVATIONS[i].name, name) != 0) continue;
        *activation = ACTIVATIONS[i].activation;
        return true;
    }
    return false;
}

static puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory"); }

/* --- alternatives ----------------------------------------------------------------------------- */

void alternatives_free(alternatives *list)
{
    free(list->storage);
    *list = (alternatives){ 0 };
}

static char *trim(char *text)
{
    char *end;

    while (*text == ' ' || *text == '\t') text++;
    end = text + strlen(text);
    while (end > text && (end[-1] == ' ' || end[-1] == '\t')) end--;
    *end = '\0';
    return text;
}

puma_status alternatives_cut(alternatives *list, const ini *file, const ini_entry *entry, puma_error *e)
{
    char *rest;

    *list = (alternatives){ .storage = strdup(entry->value) };
    if (!list->storage) return no_memory(e);
    for (rest = list->storage; rest;) {
        char *next = strchr(rest, '|');

        if (next) *next++ = '\0';
        if (list->count == ARCHITECTURE_MAX_ALTERNATIVES) {
            error_set(e, 341, "%s:%d: [%s] %s: more than %d alternatives", file->path, entry->line,
                      entry->section, entry->key, ARCHITECTURE_MAX_ALTERNATIVES);
            break;
        }
        rest = trim(rest);
        if (!*rest) {
            error_set(e, 341, "%s:%d: [%s] %s: an alternative is empty", file->path, entry->line,
                      entry->section, entry->key);
            break;
        }
        list->text[list->count++] = strcmp(rest, "\"\"") == 0 ? rest + 2 : rest;
        rest = next;
    }
    if (e->status != PUMA_OK) alternatives_free(list);
    return e->status;
}

/* --- names and words -------------------------------------------------------------------------- */

static const char *const SECTIONS[] = { "architecture", "config", "require", "tensors", "ranges", NULL };
static const char *const ARCHITECTURE_KEYS[] = { "model_types", "kind",          "norm",
                                                 "norm_place",  "positions",     "head_activation",
                                                 "rotary",      "gain_offset",   "embedding_scale",
                                                 "input",       "embedding_map", "mask_activation",
                                                 NULL };
static const char *const CONFIG_KEYS[] = { "layers",
                                           "hidden",
                                           "embedding",
                                           "groups",
                                           "buckets",
                                           "bucket_rows",
                                           "bucket_distance",
                                           "heads",
                                           "kv_heads",
                                           "head_dim",
                                           "intermediate",
                                           "vocabulary",
                                           "positions",
                                           "position_offset",
                                           "types",
                                           "labels",
                                           "activation",
                                           "epsilon",
                                           "tied",
                                           "attention_bias",
                                           "qkv_bias",
                                           "image",
                                           "patch",
                                           "channels",
                                           "mlp_bias",
                                           "rope_theta",
                                           "rope_scaling",
                                           "window",
                                           "use_window",
                                           "window_from",
                                           "window_layers",
                                           "initializer_range",
                                           NULL };
static const char *const RANGE_KEYS[] = { "embedding",  "hidden", "norm",    "attention", "scores",
                                          "activation", "logits", "product", "spread",    "reach",
                                          "gated",      NULL };

static bool among(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0) return true;
    return false;
}

static puma_status unknown(const ini *file, const ini_entry *entry, const char *what, const char *wrong,
                           const char *const *names, puma_error *e)
{
    const char *near = ini_nearest(wrong, names);

    return error_set(e, 341, "%s:%d: [%.40s] unknown %s \"%.60s\"%s%s%s", file->path, entry->line,
                     entry->section, what, wrong, near ? " (did you mean \"" : "", near ? near : "",
                     near ? "\"?)" : "");
}

static puma_status check_names(const ini *file, puma_error *e)
{
    const char *roles[ROLE_COUNT + 2];

    for (size_t i = 0; i < ROLE_COUNT; i++) roles[i] = ROLES[i].text;
    roles[ROLE_COUNT] = "prefixes";
    roles[ROLE_COUNT + 1] = NULL;
    for (size_t i = 0; i < file->count; i++) {
        const ini_entry   *entry = &file->entries[i];
        const char *const *keys = NULL;

        if (!among(entry->section, SECTIONS))
            return unknown(file, entry, "section", entry->section, SECTIONS, e);
        switch (entry->section[0]) {
        case 'a': keys = ARCHITECTURE_KEYS; break;
        case 'c': keys = CONFIG_KEYS; break;
        case 't': keys = roles; break;
        case 'r':
            if (strcmp(entry->section, "ranges") == 0) keys = RANGE_KEYS;
            break;
        default: break;
        }
        /* [require] holds the checkpoint's own keys: any will do. */
        if (keys && !among(entry->key, keys)) return unknown(file, entry, "key", entry->key, keys, e);
    }
    return PUMA_OK;
}

static puma_status need(const architecture *a, const char *section, const char *key, const ini_entry **entry,
                        puma_error *e)
{
    *entry = ini_find(&a->file, section, key);
    if (*entry) return PUMA_OK;
    return error_set(e, 341, "%s: [%s] %s is missing", a->path, section, key);
}

/* The place of a required key's value among `words`. */
static puma_status word(const architecture *a, const char *key, const char *const *words, int *place,
                        puma_error *e)
{
    const ini_entry *entry;
    char             list[120] = "";

    *place = 0;
    if (need(a, "architecture", key, &entry, e) != PUMA_OK) return e->status;
    for (int i = 0; words[i]; i++) {
        size_t used = strlen(list);

        if (strcmp(words[i], entry->value) == 0) {
            *place = i;
            return PUMA_OK;
        }
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", words[i]);
    }
    return error_set(e, 341, "%s:%d: [architecture] %s: \"%.60s\" is not built (known: %s)", a->path,
                     entry->line, key, entry->value, list);
}

/* Does an optional key stand there with the word `yes`, the one that it may have? */
static puma_status flag(const architecture *a, const char *key, const char *const *words, bool *set,
                        puma_error *e)
{
    int place;

    if (!ini_find(&a->file, "architecture", key)) return PUMA_OK;
    if (word(a, key, words, &place, e) != PUMA_OK) return e->status;
    *set = place == 1;
    return PUMA_OK;
}

static puma_status read_activation(const architecture *a, const char *key, bool *has,
                                   model_activation *activation, puma_error *e)
{
    const ini_entry *entry = ini_find(&a->file, "architecture", key);

    *has = entry != NULL;
    if (!entry || activation_find(entry->value, activation)) return PUMA_OK;
    return error_set(e, 341, "%s:%d: [architecture] %s: unknown \"%.60s\" (known: %s)", a->path, entry->line,
                     key, entry->value, ACTIVATION_NAMES);
}

/* Parts that only some families have. */
static puma_status read_options(architecture *a, puma_error *e)
{
    static const char *const rotaries[] = { "half", "interleaved", NULL };
    static const char *const offsets[] = { "0", "1", NULL }, *const scales[] = { "none", "sqrt_hidden",
                                                                                 NULL };
    static const char *const inputs[] = { "tokens", "pixels", NULL };
    static const char *const maps[] = { "narrow", "always", NULL };
    const ini_entry *entry = ini_find(&a->file, "architecture", "rotary");
    bool             one = false;

    if (entry && a->positions != MODEL_ROTARY)
        return error_set(e, 341, "%s:%d: [architecture] rotary goes with positions = rotary", a->path,
                         entry->line);
    if (flag(a, "rotary", rotaries, &a->interleaved, e) != PUMA_OK ||
        flag(a, "gain_offset", offsets, &one, e) != PUMA_OK ||
        flag(a, "input", inputs, &a->pixels, e) != PUMA_OK ||
        flag(a, "embedding_scale", scales, &a->scaled, e) != PUMA_OK ||
        flag(a, "embedding_map", maps, &a->map_always, e) != PUMA_OK)
        return e->status;
    a->gain_offset = one ? 1 : 0;
    if (read_activation(a, "head_activation", &a->has_head_activation, &a->head_activation, e) != PUMA_OK)
        return e->status;
    return read_activation(a, "mask_activation", &a->has_mask_activation, &a->mask_activation, e);
}

static puma_status read_words(architecture *a, puma_error *e)
{
    static const char *const kinds[] = { "encoder", "decoder", NULL };
    static const char *const norms[] = { "layernorm", "rmsnorm", NULL };
    static const char *const places[] = { "post", "pre", NULL };
    static const char *const positions[] = { "learned", "rotary", NULL };
    const ini_entry         *entry;
    int                      place;

    if (need(a, "architecture", "model_types", &entry, e) != PUMA_OK) return e->status;
    if (alternatives_cut(&a->model_types, &a->file, entry, e) != PUMA_OK) return e->status;
    if (word(a, "kind", kinds, &place, e) != PUMA_OK) return e->status;
    a->causal = place == 1;
    if (word(a, "norm", norms, &place, e) != PUMA_OK) return e->status;
    a->norm = place == 0 ? MODEL_LAYERNORM : MODEL_RMSNORM;
    if (word(a, "norm_place", places, &place, e) != PUMA_OK) return e->status;
    a->place = place == 0 ? MODEL_POST_NORM : MODEL_PRE_NORM;
    if (word(a, "positions", positions, &place, e) != PUMA_OK) return e->status;
    a->positions = place == 0 ? MODEL_LEARNED : MODEL_ROTARY;
    return read_options(a, e);
}

static puma_status read_ranges(architecture *a, puma_error *e)
{
    a->ranges.queries = a->ranges.relative = a->ranges.squares = a->ranges.variance = RANGE_UNKNOWN;
    for (size_t i = 0; RANGE_KEYS[i]; i++) {
        const ini_entry *entry;
        char            *end;
        long             bits;

        /* Two scores of one sign or the other lie no further apart than twice the largest. */
        if (strcmp(RANGE_KEYS[i], "spread") == 0 && !ini_find(&a->file, "ranges", RANGE_KEYS[i])) {
            a->ranges.spread = a->ranges.scores + 1;
            continue;
        }
        if (strcmp(RANGE_KEYS[i], "reach") == 0 && !ini_find(&a->file, "ranges", RANGE_KEYS[i])) {
            a->ranges.reach = a->ranges.spread;
            continue;
        }
        /* Only a gated MLP has the last one. */
        if (!RANGE_KEYS[i + 1] && !ini_find(&a->file, "ranges", RANGE_KEYS[i]) &&
            !ini_find(&a->file, "tensors", "layer.gate.weight")) {
            a->ranges.gated = a->ranges.activation;
            break;
        }
        if (need(a, "ranges", RANGE_KEYS[i], &entry, e) != PUMA_OK) return e->status;
        errno = 0;
        bits = strtol(entry->value, &end, 10);
        if (!isdigit((unsigned char)entry->value[0]) || *end || errno || bits > 62)
            return error_set(e, 341,
                             "%s:%d: [ranges] %s: not a number of bits (got \"%.40s\", allowed 0 to 62)",
                             a->path, entry->line, entry->key, entry->value);
        *model_range(&a->ranges, RANGE_KEYS[i]) = (int)bits;
    }
    a->ranges.sums = a->ranges.hidden;
    return PUMA_OK;
}

bool architecture_tensor_name(char *to, size_t room, const char *pattern, const char *prefix, int layer)
{
    size_t used = 0;

    while (*pattern) {
        int got;

        if (strncmp(pattern, "{p}", 3) == 0) {
            got = snprintf(to + used, room - used, "%s", prefix);
            pattern += 3;
        } else if (strncmp(pattern, "{i}", 3) == 0) {
            got = snprintf(to + used, room - used, "%d", layer);
            pattern += 3;
        } else {
            got = snprintf(to + used, room - used, "%c", *pattern++);
        }
        if (got < 0 || (size_t)got >= room - used) return false;
        used += (size_t)got;
    }
    to[used] = '\0';
    return true;
}

/* One role's names: ^T taken off, braces known, {i} inside the layers and nowhere else. */
static puma_status check_tensor(architecture *a, role r, const ini_entry *entry, puma_error *e)
{
    alternatives *names = &a->tensor[r];

    if (alternatives_cut(names, &a->file, entry, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < names->count; i++) {
        char *name = names->text[i], *mark = strstr(name, "^T");
        bool  transposed = mark && mark[2] == '\0';
        char  filled[ARCHITECTURE_MAX_NAME];

        if (transposed) {
            *mark = '\0';
            trim(name);
        }
        if (transposed && ROLES[r].inner == SIZE_ONE)
            return error_set(e, 341, "%s:%d: [tensors] %s: a vector has no transpose", a->path, entry->line,
                             entry->key);
        if (i > 0 && transposed != a->transposed[r])
            return error_set(e, 341, "%s:%d: [tensors] %s: all of its names end in ^T, or none", a->path,
                             entry->line, entry->key);
        a->transposed[r] = transposed;
        if (role_in_layer(r) != (strstr(name, "{i}") != NULL))
            return error_set(e, 341, "%s:%d: [tensors] %s: {i} %s (got \"%.80s\")", a->path, entry->line,
                             entry->key, role_in_layer(r) ? "is missing" : "stands outside the layers", name);
        for (size_t k = 0; k < a->prefixes.count; k++)
            if (!architecture_tensor_name(filled, sizeof filled, name, a->prefixes.text[k], 99999) ||
                strpbrk(filled, "{}^ \t") || !*filled)
                return error_set(e, 341,
                                 "%s:%d: [tensors] %s: not a name of at most %d bytes (got \"%.80s\")",
                                 a->path, entry->line, entry->key, ARCHITECTURE_MAX_NAME - 1, name);
    }
    return PUMA_OK;
}

static bool is_needed(const architecture *a, role r)
{
    bool fused = ini_find(&a->file, "tensors", ROLES[ROLE_QKV_WEIGHT].text) != NULL;

    if (fused && r >= ROLE_QUERY_WEIGHT && r <= ROLE_VALUE_BIAS) return false;
    switch (ROLES[r].need) {
    case NEED_NEVER: return false;
    case NEED_ALWAYS: return true;
    case NEED_TOKENS: return !a->pixels;
    case NEED_PIXELS: return a->pixels;
    case NEED_POST: return a->place == MODEL_POST_NORM;
    case NEED_PRE: return a->place == MODEL_PRE_NORM;
    case NEED_LEARNED: return a->positions == MODEL_LEARNED;
    case NEED_LAYERNORM: return a->norm == MODEL_LAYERNORM;
    case NEED_DECODER: return a->causal;
    case NEED_APART: return !fused;
    }
    return false;
}

/* What does not go together: parts that the executor would have to leave out in silence. */
static puma_status check_parts(const architecture *a, puma_error *e)
{
    const alternatives *t = a->tensor;

    if ((t[ROLE_HEAD_DENSE_WEIGHT].count == 0) != (t[ROLE_HEAD_DENSE_BIAS].count == 0) ||
        (!a->causal && (t[ROLE_HEAD_OUT_WEIGHT].count == 0) != (t[ROLE_HEAD_OUT_BIAS].count == 0)))
        return error_set(e, 341, "%s: [tensors] head: a weight needs its bias, and a bias its weight",
                         a->path);
    if ((t[ROLE_EMBEDDING_MAP_WEIGHT].count > 0) !=
            (ini_find(&a->file, "architecture", "embedding_map") != NULL) ||
        (t[ROLE_EMBEDDING_MAP_WEIGHT].count > 0) != (t[ROLE_EMBEDDING_MAP_BIAS].count > 0) ||
        (t[ROLE_EMBEDDING_MAP_WEIGHT].count > 0) != (ini_find(&a->file, "config", "embedding") != NULL))
        return error_set(
            e, 341,
            "%s: [architecture] embedding_map, [config] embedding and [tensors] embedding.map.weight and "
            "embedding.map.bias need each other",
            a->path);
    if ((t[ROLE_RELATIVE_BIAS].count > 0) != (ini_find(&a->file, "config", "buckets") != NULL))
        return error_set(e, 341, "%s: [config] buckets and [tensors] relative.bias need each other", a->path);
    for (role r = ROLE_TOKENS_OUT_WEIGHT; r < ROLE_COUNT; r++) {
        role first = r < ROLE_MASK_DENSE_WEIGHT ? ROLE_TOKENS_OUT_WEIGHT : ROLE_MASK_DENSE_WEIGHT;

        if ((t[r].count > 0) != (t[first].count > 0))
            return error_set(e, 341, "%s: [tensors] %s and %s need each other", a->path, ROLES[first].text,
                             ROLES[r].text);
        if (t[r].count > 0 && (a->causal || a->place == MODEL_PRE_NORM))
            return error_set(e, 341, "%s: [tensors] %s goes with kind = encoder, norm_place = post", a->path,
                             ROLES[r].text);
    }
    if (t[ROLE_RELATIVE_BIAS].count > 0 && a->causal)
        return error_set(e, 341, "%s: [tensors] relative.bias goes with kind = encoder", a->path);
    if ((t[ROLE_EMBEDDING_MAP_WEIGHT].count > 0 || ini_find(&a->file, "config", "groups") != NULL) &&
        (a->place == MODEL_PRE_NORM || a->pixels))
        return error_set(
            e, 341, "%s: [tensors] embedding.map and [config] groups go with norm_place = post and tokens",
            a->path);
    return PUMA_OK;
}

/* Parts go with the kind, the norms' place, the input and the positions that they are made for. */
static puma_status check_places(const architecture *a, puma_error *e)
{
    const alternatives *t = a->tensor;

    if ((t[ROLE_HEAD_DENSE_WEIGHT].count > 0) != a->has_head_activation)
        return error_set(
            e, 341, "%s: [architecture] head_activation and [tensors] head.dense need each other", a->path);
    if (t[ROLE_HEAD_DENSE_WEIGHT].count > 0 && (a->causal || a->place == MODEL_PRE_NORM))
        return error_set(e, 341, "%s: [tensors] head.dense: %s head is one matrix", a->path,
                         a->causal ? "a decoder's" : "behind a final norm the");
    if (a->pixels && (a->causal || a->place != MODEL_PRE_NORM || a->positions != MODEL_LEARNED))
        return error_set(e, 341,
                         "%s: [architecture] input = pixels goes with kind = encoder, norm_place = pre, positions = "
                         "learned",
                         a->path);
    for (role r = ROLE_EMBEDDING_TOKEN; r <= ROLE_EMBEDDING_TYPE; r++)
        if (t[r].count > 0 && r != ROLE_EMBEDDING_POSITION &&
            a->pixels != (r >= ROLE_PATCH_WEIGHT && r <= ROLE_EMBEDDING_CLS))
            return error_set(e, 341, "%s: [tensors] %s goes with input = %s", a->path, ROLES[r].text,
                             a->pixels ? "tokens" : "pixels");
    if ((t[ROLE_EMBEDDING_TYPE].count > 0) != (ini_find(&a->file, "config", "types") != NULL))
        return error_set(e, 341, "%s: [config] types and [tensors] embedding.type need each other", a->path);
    if (t[ROLE_QKV_WEIGHT].count > 0)
        for (role r = ROLE_QUERY_WEIGHT; r <= ROLE_VALUE_BIAS; r++)
            if (t[r].count > 0)
                return error_set(e, 341, "%s: [tensors] %s: layer.qkv.weight holds it", a->path,
                                 ROLES[r].text);
    if (a->positions == MODEL_ROTARY && t[ROLE_EMBEDDING_POSITION].count > 0)
        return error_set(e, 341, "%s: [tensors] embedding.position goes with positions = learned", a->path);
    if (a->place == MODEL_PRE_NORM && t[ROLE_EMBEDDING_GAIN].count > 0)
        return error_set(e, 341, "%s: [tensors] embedding.norm goes with norm_place = post", a->path);
    if (a->place == MODEL_POST_NORM && (t[ROLE_FINAL_GAIN].count > 0 || t[ROLE_GATE_WEIGHT].count > 0))
        return error_set(e, 341, "%s: [tensors] %s goes with norm_place = pre", a->path,
                         t[ROLE_FINAL_GAIN].count > 0 ? "final.norm" : "layer.gate");
    if (a->causal && a->place == MODEL_POST_NORM)
        return error_set(e, 341, "%s: [architecture] kind = decoder goes with norm_place = pre", a->path);
    return PUMA_OK;
}

static puma_status read_tensors(architecture *a, puma_error *e)
{
    const ini_entry *entry;

    if (need(a, "tensors", "prefixes", &entry, e) != PUMA_OK) return e->status;
    if (alternatives_cut(&a->prefixes, &a->file, entry, e) != PUMA_OK) return e->status;
    for (role r = 0; r < ROLE_COUNT; r++) {
        entry = ini_find(&a->file, "tensors", ROLES[r].text);
        if (!entry && is_needed(a, r))
            return error_set(e, 341, "%s: [tensors] %s is missing", a->path, ROLES[r].text);
        if (entry && check_tensor(a, r, entry, e) != PUMA_OK) return e->status;
    }
    return check_parts(a, e) == PUMA_OK ? check_places(a, e) : e->status;
}

/* --- files ------------------------------------------------------------------------------------ */

void architecture_close(architecture *a)
{
    if (!a) return;
    alternatives_free(&a->model_types);
    alternatives_free(&a->prefixes);
    for (size_t i = 0; i < ROLE_COUNT; i++) alternatives_free(&a->tensor[i]);
    ini_free(&a->file);
    free(a->path);
    free(a);
}

/* Takes over `text`, which ini_read or ini_parse_text has made, and `path`, which may be NULL: out of memory.
 */
static puma_status read_text_of(ini *text, architecture **out, const char *name, char *path, puma_error *e)
{
    architecture *a = calloc(1, sizeof *a);

    *out = NULL;
    if (!a || !path) {
        ini_free(text);
        free(path);
        free(a);
        return no_memory(e);
    }
    snprintf(a->name, sizeof a->name, "%s", name);
    a->path = path;
    a->file = *text;
    if (e->status == PUMA_OK && check_names(&a->file, e) == PUMA_OK && read_words(a, e) == PUMA_OK &&
        read_ranges(a, e) == PUMA_OK)
        read_tensors(a, e);
    if (e->status != PUMA_OK) {
        architecture_close(a);
        return e->status;
    }
    *out = a;
    return PUMA_OK;
}

static puma_status open_named(architecture **out, const char *directory, const char *name, puma_error *e)
{
    char *path;
    ini   text = { 0 };

    if (asprintf(&path, "%s/%s.ini", directory, name) < 0) path = NULL;
    if (path) ini_read(&text, path, e);
    return read_text_of(&text, out, name, path, e);
}

puma_status architecture_parse(architecture **out, const char *name, const char *path, const char *bytes,
                               size_t size, puma_error *e)
{
    ini text;

    ini_parse_text(&text, path, bytes, size, e);
    return read_text_of(&text, out, name, strdup(path), e);
}

/* Names of architectures are names of files in one folder: nothing that could lead out of it. */
static bool plain_name(const char *name, size_t length)
{
    if (length == 0 || length >= sizeof((architecture *)0)->name) return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_') return false;
    return true;
}

static int is_architecture(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0 &&
           plain_name(entry->d_name, length - 4);
}

/* Looks through all files, not only to the first that fits: two that list one type are a mistake worth
 * knowing. */
static puma_status open_auto(architecture **out, const char *directory, struct dirent **list, size_t count,
                             const char *model_type, puma_error *e)
{
    char known[180] = "";

    for (size_t i = 0; i < count && e->status == PUMA_OK; i++) {
        architecture *a;
        char          name[sizeof a->name];
        bool          fits = false;

        snprintf(name, sizeof name, "%.*s", (int)(strlen(list[i]->d_name) - 4), list[i]->d_name);
        if (open_named(&a, directory, name, e) != PUMA_OK) break;
        for (size_t k = 0; k < a->model_types.count; k++) {
            size_t used = strlen(known);

            if (strcmp(a->model_types.text[k], model_type) == 0) fits = true;
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", a->model_types.text[k]);
        }
        if (fits && *out)
            error_set(e, 341, "%s: model_type \"%.40s\" is listed by %s too", a->path, model_type,
                      (*out)->path);
        if (fits && !*out)
            *out = a;
        else
            architecture_close(a);
    }
    if (e->status == PUMA_OK && !*out)
        error_set(e, 404, "config.json: model_type: \"%.60s\" is not supported (known: %s)", model_type,
                  known);
    if (e->status != PUMA_OK) {
        architecture_close(*out);
        *out = NULL;
    }
    return e->status;
}

puma_status architecture_open(architecture **out, const char *directory, const char *name,
                              const char *model_type, puma_error *e)
{
    struct dirent **list = NULL;
    int             count;
    char            known[160] = "";

    *out = NULL;
    count = scandir(directory, &list, is_architecture, alphasort);
    if (count < 0) return error_set(e, error_by(errno, 340), "%s: folder of architectures: %s", directory, strerror(errno));
    if (strcmp(name, "auto") == 0) {
        open_auto(out, directory, list, (size_t)count, model_type, e);
    } else {
        bool found = false;

        for (int i = 0; i < count; i++) {
            size_t used = strlen(known), length = strlen(list[i]->d_name) - 4;

            if (strlen(name) == length && strncmp(list[i]->d_name, name, length) == 0) found = true;
            snprintf(known + used, sizeof known - used, "%s%.*s", used ? ", " : "", (int)length,
                     list[i]->d_name);
        }
        if (found)
            open_named(out, directory, name, e);
        else
            error_set(e, 340, "architecture \"%.60s\": no such file in models/ (known: auto, %s)", name,
                      known);
    }
    for (int i = 0; i < count; i++) free(list[i]);
    free(list);
    return e->status;
}
