/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* model.c - a model of config.json's values (config.h): every size checked before anything is made from it, then the
 * tensors that the task needs.  No weight is read here (source.c), and nothing of a checkpoint is run. */
#include "model/model.h"

#include "base/checked.h"
#include "model/config.h"
#include "model/labels.h"
#include "model/owner.h"
#include "model/rotary.h"
#include "weights/gguf.h"
#include "weights/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_CONFIG (4u << 20)       /* bytes of config.json: id2label of 20 000 classes is 1 MB        */
#define MAX_WIDTH ((size_t)1 << 20) /* hidden size                                                     */
#define MAX_LAYERS 4096u
#define MAX_MEMORY ((size_t)4 << 40) /* bytes of all parameters in ring words: 500 thousand million     */

static puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory"); }

/* --- sizes ------------------------------------------------------------------------------------ */

static size_t size_of(const model *m, size_key key)
{
    switch (key) {
    case SIZE_LAYERS: return m->layers;
    case SIZE_HIDDEN: return m->hidden;
    case SIZE_HEADS: return m->heads;
    case SIZE_EMBEDDING: return m->embedding_width;
    case SIZE_BUCKETS: return m->bucket_rows;
    case SIZE_INTERMEDIATE: return m->intermediate;
    case SIZE_VOCABULARY: return m->vocabulary;
    case SIZE_POSITIONS: return m->positions;
    case SIZE_OFFSET: return m->position_offset;
    case SIZE_TYPES: return m->types;
    case SIZE_LABELS: return m->labels;
    case SIZE_QUERY: return m->heads * m->head_dim;
    case SIZE_KEY: return m->kv_heads * m->head_dim;
    case SIZE_QKV: return (m->heads + 2 * m->kv_heads) * m->head_dim;
    case SIZE_PATCH: return m->channels * m->patch[0] * m->patch[1];
    case SIZE_ONE:
    case SIZE_COUNT: break;
    }
    return 1;
}

/* What a run needs: of a decoder's biases those that config.json says it has, and no head where the head is
 * the embedding table. */
typedef struct wanted {
    head_kind head;
    bool      attention_bias, qkv_bias, mlp_bias, tied, map;
} wanted;

static bool role_wanted(const architecture *a, role which, const wanted *w)
{
    if (a->tensor[which].count == 0) return false;
    switch (which) {
    case ROLE_QKV_BIAS:
    case ROLE_QUERY_BIAS:
    case ROLE_KEY_BIAS:
    case ROLE_VALUE_BIAS: return w->attention_bias && w->qkv_bias;
    case ROLE_EMBEDDING_MAP_WEIGHT:
    case ROLE_EMBEDDING_MAP_BIAS: return w->map;
    case ROLE_OUTPUT_BIAS: return w->attention_bias;
    case ROLE_GATE_BIAS:
    case ROLE_UP_BIAS:
    case ROLE_DOWN_BIAS: return w->mlp_bias;
    case ROLE_HEAD_OUT_WEIGHT:
    case ROLE_MASK_OUT_WEIGHT: return w->head == role_head(which) && !w->tied;
    default: return !role_in_head(which) || w->head == role_head(which);
    }
}

static puma_status too_large(const config_reader *r, const model *m, double bytes)
{
    return error_set(
        r->e, 405,
        "%s: predicted memory for the parameters is %.3g GiB (limit %zu GiB): layers %zu, hidden %zu,"
        " intermediate %zu, vocabulary %zu, positions %zu",
        r->path, bytes / 0x1p30, MAX_MEMORY >> 30, m->layers, m->hidden, m->intermediate, m->vocabulary,
        m->positions);
}

/* Counts parameters and tensors with checked arithmetic; a prediction in double is for the message alone. */
static puma_status count_parameters(const config_reader *r, const model *m, const wanted *w, size_t *parameters,
                                    size_t *tensors)
{
    double predicted = 0;
    bool   fits = true;

    *parameters = *tensors = 0;
    for (role i = 0; i < ROLE_COUNT; i++) {
        size_t outer = size_of(m, ROLES[i].outer), inner = size_of(m, ROLES[i].inner);
        size_t times = role_in_layer(i) ? m->groups : 1, n = 0;

        if (!role_wanted(r->architecture, i, w)) continue;
        predicted += (double)outer * (double)inner * (double)times * sizeof(uint64_t);
        fits = fits && checked_mul(&n, outer, inner) && checked_mul(&n, n, times) &&
               checked_add(parameters, *parameters, n) && checked_add(tensors, *tensors, times);
    }
    if (!fits || *parameters > MAX_MEMORY / sizeof(uint64_t)) return too_large(r, m, predicted);
    if (m->layers > MAX_LAYERS)
        return error_set(r->e, 403,
                         "%s: the number of layers is out of range (got %zu, limit %u; predicted memory for "
                         "the parameters is"
                         " %.3g GiB)",
                         r->path, m->layers, MAX_LAYERS, predicted / 0x1p30);
    return PUMA_OK;
}

/* How many heads have keys and values, and how wide a head is. */
static puma_status read_heads(const config_reader *r, model *m)
{
    m->kv_heads = m->heads;
    if (config_entry(r, "kv_heads") && config_size(r, "kv_heads", 1, MAX_WIDTH, &m->kv_heads) != PUMA_OK)
        return r->e->status;
    if (m->heads % m->kv_heads != 0)
        return error_set(r->e, 403,
                         "%s: the number of heads is not a multiple of those with keys (got %zu and %zu)",
                         r->path, m->heads, m->kv_heads);
    /* 0: what the hidden size leaves to each. */
    if (config_entry(r, "head_dim") && config_size(r, "head_dim", 0, MAX_WIDTH, &m->head_dim) != PUMA_OK)
        return r->e->status;
    if (m->head_dim > 0) return PUMA_OK;
    m->head_dim = m->hidden / m->heads;
    if (m->hidden % m->heads != 0)
        return error_set(r->e, 403,
                         "%s: the hidden size is not a multiple of the number of heads (got %zu and %zu)",
                         r->path, m->hidden, m->heads);
    return PUMA_OK;
}

/* Pictures: a position for each patch, and the first for the token of the class.  What is left at the right and
 * at the bottom when a side is no multiple of the patch's is not looked at. */
static puma_status read_picture(const config_reader *r, model *m)
{
    if (config_pair(r, "image", m->image) != PUMA_OK || config_pair(r, "patch", m->patch) != PUMA_OK ||
        config_size(r, "channels", 1, 64, &m->channels) != PUMA_OK)
        return r->e->status;
    if (m->patch[0] > m->image[0] || m->patch[1] > m->image[1])
        return error_set(r->e, 403, "%s: a patch of %zu x %zu is larger than the picture (%zu x %zu)", r->path,
                         m->patch[0], m->patch[1], m->image[0], m->image[1]);
    m->positions = m->max_tokens = (m->image[0] / m->patch[0]) * (m->image[1] / m->patch[1]) + 1;
    return PUMA_OK;
}

/* Relative positions by buckets (Raffel et al. 2020): half of them for what follows, and in each half one for
 * each near distance and ever wider ones up to the largest. */
static puma_status read_buckets(const config_reader *r, model *m)
{
    if (!config_entry(r, "buckets")) return PUMA_OK;
    if (config_size(r, "buckets", 4, 4096, &m->buckets) != PUMA_OK ||
        config_size(r, "bucket_rows", m->buckets, 4096, &m->bucket_rows) != PUMA_OK ||
        config_size(r, "bucket_distance", m->buckets, MAX_WIDTH, &m->bucket_distance) != PUMA_OK)
        return r->e->status;
    return PUMA_OK;
}

size_t model_bucket(const model *m, ptrdiff_t ahead)
{
    size_t half = m->buckets / 2, near = half / 2, far = (size_t)(ahead < 0 ? -ahead : ahead), place = far;

    if (far >= near) {
        /* Where the quotient is a whole number it must come out as that one. */
        place = near + (size_t)(log((double)far / (double)near) /
                                    log((double)m->bucket_distance / (double)near) * (double)(half - near) +
                                1e-6);
        if (place > half - 1) place = half - 1;
    }
    return ahead > 0 ? half + place : place;
}

/* Layers that share their weights, and an embedding narrower than they are. */
static puma_status read_shares(const config_reader *r, model *m)
{
    m->groups = m->layers;
    m->embedding_width = m->hidden;
    if (config_entry(r, "groups") && config_size(r, "groups", 1, m->layers, &m->groups) != PUMA_OK)
        return r->e->status;
    if (config_entry(r, "embedding") &&
        config_size(r, "embedding", 1, MAX_WIDTH, &m->embedding_width) != PUMA_OK)
        return r->e->status;
    m->mapped =
        config_entry(r, "embedding") && (r->architecture->map_always || m->embedding_width != m->hidden);
    return read_buckets(r, m);
}

static puma_status read_sizes(const config_reader *r, model *m, head_kind head)
{
    if (config_size(r, "layers", 1, CONFIG_MOST, &m->layers) != PUMA_OK) return r->e->status;
    if (config_size(r, "hidden", 1, MAX_WIDTH, &m->hidden) != PUMA_OK) return r->e->status;
    if (config_size(r, "heads", 1, MAX_WIDTH, &m->heads) != PUMA_OK) return r->e->status;
    if (config_size(r, "intermediate", 1, CONFIG_MOST, &m->intermediate) != PUMA_OK) return r->e->status;
    if (read_shares(r, m) != PUMA_OK) return r->e->status;
    if (m->pixels) {
        if (read_picture(r, m) != PUMA_OK) return r->e->status;
        if (head && config_labels(r, &m->labels) != PUMA_OK) return r->e->status;
        return read_heads(r, m);
    }
    if (config_size(r, "vocabulary", 1, CONFIG_MOST, &m->vocabulary) != PUMA_OK) return r->e->status;
    if (config_size(r, "positions", 1, CONFIG_MOST, &m->positions) != PUMA_OK) return r->e->status;
    if (config_entry(r, "position_offset") &&
        config_size(r, "position_offset", 0, CONFIG_MOST, &m->position_offset) != PUMA_OK)
        return r->e->status;
    if (config_entry(r, "types") && config_size(r, "types", 1, CONFIG_MOST, &m->types) != PUMA_OK)
        return r->e->status;
    if (m->causal || head == HEAD_MASK)
        m->labels = head ? m->vocabulary : 0;
    else if (head && config_labels(r, &m->labels) != PUMA_OK)
        return r->e->status;
    if (read_heads(r, m) != PUMA_OK) return r->e->status;
    if (m->positions <= m->position_offset)
        return error_set(r->e, 403,
                         "%s: no position is left for a token (got %zu positions, the first token's is %zu)",
                         r->path, m->positions, m->position_offset);
    m->max_tokens = m->positions - m->position_offset;
    return PUMA_OK;
}

static void add_tensor(model *m, const architecture *a, role which, int layer)
{
    model_tensor *t = &m->tensors[m->tensor_count++];

    t->role = ROLES[which].text;
    t->layer = layer;
    t->rank = ROLES[which].inner == SIZE_ONE ? 1 : 2;
    t->dim[0] = size_of(m, ROLES[which].outer);
    t->dim[1] = size_of(m, ROLES[which].inner);
    t->transposed = a->transposed[which];
    if (which == ROLE_PATCH_WEIGHT) { /* a convolution's */
        t->stored_rank = 4;
        memcpy(t->stored, (const size_t[]){ m->hidden, m->channels, m->patch[0], m->patch[1] }, sizeof t->stored);
    } else if (m->pixels && (which == ROLE_EMBEDDING_POSITION || which == ROLE_EMBEDDING_CLS)) {
        t->stored_rank = 3;
        memcpy(t->stored, (const size_t[]){ 1, t->rank == 2 ? t->dim[0] : 1, m->hidden, 0 }, sizeof t->stored);
    }
    /* It fits: architecture.c tried every pattern with every prefix. */
    architecture_tensor_name(t->name, sizeof t->name, a->tensor[which].text[0], a->prefixes.text[0], layer);
}

/* In the order of ROLES, the layers' ones repeated layer by layer. */
static void list_tensors(model *m, const architecture *a, const wanted *w)
{
    role i = 0, first;

    for (; !role_in_layer(i); i++)
        if (role_wanted(a, i, w)) add_tensor(m, a, i, -1);
    first = i;
    m->layers_at = m->tensor_count;
    for (size_t layer = 0; layer < m->groups; layer++)
        for (i = first; role_in_layer(i); i++)
            if (role_wanted(a, i, w)) add_tensor(m, a, i, (int)layer);
    m->layer_tensors = m->groups > 0 ? (m->tensor_count - m->layers_at) / m->groups : 0;
    for (; i < ROLE_COUNT; i++)
        if (role_wanted(a, i, w)) add_tensor(m, a, i, -1);
}

/* --- decoders --------------------------------------------------------------------------------- */

/* The object that changes the angles, a new reference: rope_scaling of older files, rope_parameters of newer
 * ones, whose rope_theta counts before any other.  A file with both is one to which somebody added one of
 * them, and readers differ on which they take. */
static puma_status read_scaling(const config_reader *r, json_t **scaling, config_source *found, double *theta)
{
    const json_t *old = json_object_get(r->config, "rope_scaling"),
                 *new = json_object_get(r->config, "rope_parameters");

    *scaling = NULL;
    *found = (config_source){ .key = "rope_scaling" };
    if (json_object_size(old) > 0 && json_object_size(new) > 0 && !json_equal(old, new))
        return error_set(
            r->e, 404, "%s: rope_scaling: stands beside rope_parameters, which says something else: keep one",
            r->path);
    if (!config_entry(r, "rope_scaling"))
        *scaling = json_object();
    else if (config_look_up(r, "rope_scaling", scaling, found) != PUMA_OK)
        return r->e->status;
    if (!*scaling) return no_memory(r->e);
    if (config_number(r, "rope_theta", 1e12, theta) != PUMA_OK) return r->e->status;
    if (json_is_number(json_object_get(*scaling, "rope_theta")))
        *theta = json_number_value(json_object_get(*scaling, "rope_theta"));
    if (*theta >= 1 && *theta <= 1e12) return PUMA_OK;
    return error_set(r->e, 403, "%s: rope_theta: out of range (got %g, allowed 1 to 1e12)", r->path, *theta);
}

static puma_status read_rotary(const config_reader *r, model *m)
{
    struct owner *o = m->owner;
    rotary        turn = { .path = r->path,
                           .original_context = json_object_get(r->config, "original_max_position_embeddings"),
                           .head_dim = m->head_dim,
                           .positions = m->positions };
    json_t       *scaling;
    config_source    found;

    if (m->head_dim % 2 != 0)
        return error_set(r->e, 403, "%s: a head of %zu numbers cannot be turned in pairs", r->path,
                         m->head_dim);
    turn.angle = m->rotary = calloc(m->head_dim / 2, sizeof *m->rotary);
    if (!m->rotary) return no_memory(r->e);
    if (read_scaling(r, &scaling, &found, &turn.theta) == PUMA_OK) {
        turn.scaling = scaling;
        turn.where = found.key;
        rotary_angles(&turn, r->e);
    }
    json_decref(scaling);
    m->attention_factor = turn.attention;
    if (turn.most < m->max_tokens) {
        m->max_tokens = turn.most;
        snprintf(o->note, sizeof o->note,
                 "%.40s: %.30s: sequences of up to %zu tokens, the context before it was extended", r->path,
                 found.key, turn.most);
    }
    return r->e->status;
}

/* window_layers: "full_attention" or "sliding_attention", one a layer.  Absent: all from `from` on. */
static puma_status read_window_layers(const config_reader *r, model *m, size_t window, size_t from)
{
    json_t    *value = NULL;
    config_source found;
    char       got[64];

    if (config_entry(r, "window_layers") && config_look_up(r, "window_layers", &value, &found) != PUMA_OK)
        return r->e->status;
    if (!json_is_array(value) || json_array_size(value) == 0) {
        for (size_t i = from; i < m->layers; i++) m->window[i] = window;
        json_show(got, sizeof got, value);
        if (value && !json_is_array(value))
            error_set(r->e, 403, "%s: %s: not a list (got %s)", r->path, found.key, got);
    } else if (json_array_size(value) != m->layers) {
        error_set(r->e, 403, "%s: %s: one entry a layer is needed (got %zu for %zu layers)", r->path,
                  found.key, json_array_size(value), m->layers);
    } else {
        for (size_t i = 0; i < m->layers && r->e->status == PUMA_OK; i++) {
            const json_t *entry = json_array_get(value, i);
            const char   *name = json_is_string(entry) ? json_string_value(entry) : "";

            json_show(got, sizeof got, entry);
            if (strcmp(name, "sliding_attention") == 0)
                m->window[i] = window;
            else if (strcmp(name, "full_attention") != 0)
                error_set(r->e, 404, "%s: %s: %s is not supported (known: full_attention, sliding_attention)",
                          r->path, found.key, got);
        }
    }
    json_decref(value);
    return r->e->status;
}

static puma_status read_window(const config_reader *r, model *m)
{
    size_t window = 0, from = 0;
    bool   used = true;

    m->window = calloc(m->layers, sizeof *m->window);
    if (!m->window) return no_memory(r->e);
    if (!config_entry(r, "window")) return PUMA_OK;
    if (config_size(r, "window", 0, CONFIG_MOST, &window) != PUMA_OK ||
        config_flag(r, "use_window", &used) != PUMA_OK)
        return r->e->status;
    if (config_entry(r, "window_from") && config_size(r, "window_from", 0, CONFIG_MOST, &from) != PUMA_OK)
        return r->e->status;
    return read_window_layers(r, m, used ? window : 0, from);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The words of the architecture file. */
static void take_words(model *m, const architecture *a)
{
    snprintf(m->architecture, sizeof m->architecture, "%s", a->name);
    m->causal = a->causal;
    m->pixels = a->pixels;
    m->norm = a->norm;
    m->place = a->place;
    m->position_kind = a->positions;
    m->interleaved = a->interleaved;
    m->gain_offset = a->gain_offset;
    m->gated = a->tensor[ROLE_GATE_WEIGHT].count > 0;
    m->ranges = a->ranges;
    m->head_activation = a->head_activation;
}

static puma_status check_task(const architecture *a, model_task task, puma_error *e)
{
    if (!a->causal && (task == MODEL_GENERATE || task == MODEL_PERPLEXITY))
        return error_set(e, 422, "%s: an encoder has no next token: generate and perplexity need a decoder",
                         a->path);
    if (a->causal && task == MODEL_CLASSIFY)
        return error_set(e, 422, "%s: classify needs an encoder's head on the first token", a->path);
    if ((task == MODEL_TOKENS && a->tensor[ROLE_TOKENS_OUT_WEIGHT].count == 0) ||
        (task == MODEL_MASK && a->tensor[ROLE_MASK_OUT_WEIGHT].count == 0))
        return error_set(e, 422, "%s: the architecture has no head for %s ([tensors] %s.out.weight)", a->path,
                         task == MODEL_MASK ? "fill_mask" : "classify_tokens",
                         task == MODEL_MASK ? "mask" : "tokens");
    return PUMA_OK;
}

static head_kind head_of(model_task task)
{
    switch (task) {
    case MODEL_EMBED:
    case MODEL_HIDDEN: return HEAD_NONE;
    case MODEL_TOKENS: return HEAD_TOKENS;
    case MODEL_MASK: return HEAD_MASK;
    default: return HEAD_SEQUENCE;
    }
}

/* The matrix of labels for every token may have the name of the one for the whole: then `architectures` tells
 * them apart. */
static puma_status check_head(const config_reader *r, model_task task)
{
    static const char whole[] = "ForSequenceClassification";
    const char *name = json_string_value(json_array_get(json_object_get(r->config, "architectures"), 0));
    size_t      length = name ? strlen(name) : 0, tail = sizeof whole - 1;

    if (task != MODEL_TOKENS || length < tail || strcmp(name + length - tail, whole) != 0) return PUMA_OK;
    return error_set(r->e, 422,
                     "%s: architectures: %.60s has a head for the whole sequence, not for its tokens",
                     r->path, name);
}

static puma_status fill(const config_reader *r, model *m, model_task task)
{
    const architecture *a = r->architecture;
    struct owner       *o = m->owner;
    head_kind           head = head_of(task);
    wanted              w = { .head = head, .attention_bias = true, .qkv_bias = true, .mlp_bias = true };
    size_t              tensors;

    if (check_task(a, task, r->e) != PUMA_OK) return r->e->status;
    if (head == HEAD_SEQUENCE && a->tensor[ROLE_HEAD_OUT_WEIGHT].count == 0)
        return error_set(
            r->e, 422, "%s: the architecture has no head for classify or logits ([tensors] head.out.weight)",
            a->path);
    take_words(m, a);
    m->head_dense = head == HEAD_SEQUENCE && a->tensor[ROLE_HEAD_DENSE_WEIGHT].count > 0;
    if (config_required(r) != PUMA_OK || check_head(r, task) != PUMA_OK || read_sizes(r, m, head) != PUMA_OK)
        return r->e->status;
    if ((task == MODEL_CLASSIFY || task == MODEL_TOKENS) &&
        model_read_labels(m, r->config, r->path, r->e) != PUMA_OK)
        return r->e->status;
    if (task == MODEL_TOKENS)
        m->problem = MODEL_ONE_LABEL; /* each token has one, whatever is said of the whole */
    if (config_activation(r, &m->activation) != PUMA_OK) return r->e->status;
    if (config_number(r, "epsilon", 1, &m->epsilon) != PUMA_OK) return r->e->status;
    if (config_number(r, "initializer_range", 100, &m->initializer_range) != PUMA_OK) return r->e->status;
    m->embedding_scale = a->scaled ? sqrt((double)m->hidden) : 1;
    m->attention_factor = 1;
    if (config_flag(r, "attention_bias", &w.attention_bias) != PUMA_OK ||
        config_flag(r, "qkv_bias", &w.qkv_bias) != PUMA_OK ||
        config_flag(r, "mlp_bias", &w.mlp_bias) != PUMA_OK || config_flag(r, "tied", &w.tied) != PUMA_OK)
        return r->e->status;
    m->mask_activation = a->has_mask_activation ? a->mask_activation : m->activation;
    m->tied = w.tied = w.tied && (a->causal ? head != HEAD_NONE : head == HEAD_MASK);
    w.map = m->mapped;
    if (count_parameters(r, m, &w, &o->parameters, &tensors) != PUMA_OK) return r->e->status;
    if (a->positions == MODEL_ROTARY && read_rotary(r, m) != PUMA_OK) return r->e->status;
    if (read_window(r, m) != PUMA_OK) return r->e->status;
    m->tensors = calloc(tensors, sizeof *m->tensors);
    if (!m->tensors) return no_memory(r->e);
    list_tensors(m, a, &w);
    for (const char *const *key = (const char *const[]){ "auto_map", "chat_template", NULL }; *key; key++) {
        size_t used = strlen(o->note);

        if (json_object_get(r->config, *key))
            snprintf(o->note + used, sizeof o->note - used,
                     "%sconfig.json: %s is ignored: nothing of a checkpoint is run as code", used ? "; " : "",
                     *key);
    }
    return PUMA_OK;
}

/* --- the interface ---------------------------------------------------------------------------- */

/* DIRECTORY/config.json, or the file itself; *is_gguf says that it is one whose metadata stand for
 * config.json: named itself, or alone in its directory with no config.json beside it. */
static puma_status config_path(char **path, bool *is_gguf, const char *directory, puma_error *e)
{
    struct stat about;

    *path = NULL;
    *is_gguf = false;
    if (stat(directory, &about) != 0)
        return error_set(e, error_by(errno, 401), "%s: %s", path_tail(directory), strerror(errno));
    if (!S_ISDIR(about.st_mode)) {
        *path = strdup(directory);
        *is_gguf = file_is_gguf(directory);
    } else if (asprintf(path, "%s/config.json", directory) < 0) {
        *path = NULL;
    } else if (stat(*path, &about) != 0 && errno == ENOENT) {
        char *found;

        if (file_find_gguf(&found, directory, e) != PUMA_OK) return e->status;
        if (!found) return PUMA_OK; /* reading config.json says that there is none */
        free(*path);
        *path = found;
        *is_gguf = true;
    }
    return *path ? PUMA_OK : no_memory(e);
}

static const json_limits CONFIG_LIMITS = { .objects = 10000, .arrays = 10000, .separators = 200000 };

static puma_status read_config(json_t **config, const char *path, bool is_gguf, puma_error *e)
{
    gguf *g = NULL;

    *config = NULL;
    if (!is_gguf)
        json_read_limited(path, MAX_CONFIG, &CONFIG_LIMITS, config, 402, e);
    else if (gguf_open(&g, path, e) == PUMA_OK)
        gguf_config(g, config, e);
    gguf_close(g);
    if (e->status == PUMA_OK && !json_is_object(*config))
        error_set(e, 402, "%s: not a JSON object", path_tail(path));
    return e->status;
}

/* `opened`: the architecture itself if the model takes it over, also after a failure; else NULL. */
static puma_status make(model **out, const char *name, const json_t *config, const architecture *a,
                        architecture *opened, model_task task, puma_error *e)
{
    model        *m = calloc(1, sizeof *m);
    struct owner *o = calloc(1, sizeof *o);

    *out = NULL;
    if (!m || !o) {
        architecture_close(opened);
        free(m);
        free(o);
        return no_memory(e);
    }
    m->owner = o;
    o->architecture = a;
    o->opened = opened;
    if (fill(&(config_reader){ name, config, a, e }, m, task) != PUMA_OK) {
        model_close(m);
        return e->status;
    }
    *out = m;
    return PUMA_OK;
}

puma_status model_parse(model **out, const char *name, const char *bytes, size_t size, const architecture *a,
                        model_task task, puma_error *e)
{
    json_t *config = NULL;

    *out = NULL;
    if (json_parse_limited(name, bytes, size, &CONFIG_LIMITS, &config, 402, e) == PUMA_OK &&
        !json_is_object(config))
        error_set(e, 402, "%s: not a JSON object", name);
    if (e->status == PUMA_OK) make(out, name, config, a, NULL, task, e);
    json_decref(config);
    return e->status;
}

puma_status model_open(model **out, const char *directory, const char *architecture_name,
                       const char *architectures, model_task task, puma_error *e)
{
    char         *path = NULL;
    bool          is_gguf;
    json_t       *config = NULL, *type;
    architecture *a;

    *out = NULL;
    if (config_path(&path, &is_gguf, directory, e) != PUMA_OK ||
        read_config(&config, path, is_gguf, e) != PUMA_OK)
        goto done;
    type = json_object_get(config, "model_type");
    if (!json_is_string(type) && strcmp(architecture_name, "auto") == 0) {
        error_set(e, 403, "%s: model_type: %s", path_tail(path), type ? "not a string" : "missing");
        goto done;
    }
    if (architecture_open(&a, architectures, architecture_name, json_string_value(type), e) == PUMA_OK)
        make(out, path_tail(path), config, a, a, task, e);
done:
    json_decref(config);
    free(path);
    return e->status;
}

void model_close(model *m)
{
    struct owner *o;

    if (!m) return;
    o = m->owner;
    architecture_close(o->opened);
    free(o);
    free(m->tensors);
    free(m->rotary);
    free(m->window);
    model_free_labels(m);
    free(m->modules);
    free(m->steps);
    free(m->prompt);
    free(m);
}

size_t model_parameters(const model *m) { return ((const struct owner *)m->owner)->parameters; }

const char *model_note(const model *m)
{
    const struct owner *o = m->owner;

    return o->note[0] ? o->note : NULL;
}
