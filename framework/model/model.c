/* model.c - config.json read through an architecture: every size checked before anything is made from it. */
#include "model/model.h"

#include "base/checked.h"
#include "model/owner.h"
#include "weights/gguf.h"
#include "weights/json.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_CONFIG (4u << 20)       /* bytes of config.json: id2label of 20 000 classes is 1 MB        */
#define MAX_SIZE ((size_t)1 << 40)  /* of any one number; memory is what really bounds them            */
#define MAX_WIDTH ((size_t)1 << 20) /* hidden size                                                     */
#define MAX_LAYERS 4096u
#define MAX_MEMORY ((size_t)4 << 40) /* bytes of all parameters in ring words: 500 thousand million     */

typedef struct reader {
    const char         *path; /* of config.json, for messages                                    */
    const json_t       *config;
    const architecture *architecture;
    puma_error         *e;
} reader;

static puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory"); }

/* A JSON value as it stands, cut. */
static void show(char *to, size_t room, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    snprintf(to, room, "%s", text ? text : "?");
    free(text);
}

/* --- config.json ------------------------------------------------------------------------------ */

static const ini_entry *config_entry(const reader *r, const char *key)
{
    return ini_find(&r->architecture->file, "config", key);
}

/* One alternative of a [config] line: "KEY", "KEY + N" or "default VALUE". */
typedef struct source_key {
    char        key[128];
    const char *literal; /* points into the line; NULL: a key                               */
    size_t      plus;
} source_key;

static bool cut_source(const char *text, source_key *s)
{
    const char *plus;
    char       *end;
    size_t      length;

    *s = (source_key){ .literal = NULL };
    if (strncmp(text, "default ", 8) == 0) {
        s->literal = text + 8;
        return true;
    }
    plus = strstr(text, " + ");
    length = plus ? (size_t)(plus - text) : strlen(text);
    if (length == 0 || length >= sizeof s->key || strcspn(text, " \t") < length) return false;
    memcpy(s->key, text, length);
    if (!plus) return true;
    errno = 0;
    s->plus = strtoul(plus + 3, &end, 10);
    return plus[3] >= '0' && plus[3] <= '9' && !*end && !errno && s->plus <= 1000;
}

/* What a [config] line finds: the value and the alternative it came from.  A literal is parsed as JSON, so
 * that both take one way from here; *value is a new reference. */
static puma_status look_up(const reader *r, const char *key, json_t **value, source_key *found)
{
    const architecture *a = r->architecture;
    const ini_entry    *entry = config_entry(r, key);
    alternatives        list;

    *value = NULL;
    if (!entry) return error_set(r->e, 341, "%s: [config] %s is missing", a->path, key);
    if (alternatives_cut(&list, &a->file, entry, r->e) != PUMA_OK) return r->e->status;
    for (size_t i = 0; i < list.count && !*value; i++) {
        if (!cut_source(list.text[i], found)) {
            error_set(r->e, 341, "%s:%d: [config] %s: not a key, KEY + N or default VALUE (got \"%.60s\")",
                      a->path, entry->line, key, list.text[i]);
            break;
        }
        if (found->literal) {
            *value = json_loads(found->literal, JSON_DECODE_ANY, NULL);
            if (!*value)
                error_set(r->e, 341, "%s:%d: [config] %s: default is not a JSON value (got \"%.60s\")",
                          a->path, entry->line, key, found->literal);
            snprintf(found->key, sizeof found->key, "%s", key);
            found->literal = NULL;
            break;
        }
        *value = json_object_get(r->config, found->key);
        if (json_is_null(*value)) *value = NULL;
        json_incref(*value);
    }
    if (!*value && r->e->status == PUMA_OK) {
        cut_source(list.text[0], found);
        error_set(r->e, 403, "%s: %s: %s", r->path, found->key,
                  json_object_get(r->config, found->key) ? "null where a value is needed" : "missing");
    }
    alternatives_free(&list);
    return r->e->status;
}

static puma_status read_size(const reader *r, const char *key, size_t least, size_t most, size_t *size)
{
    json_t    *value;
    source_key found;
    char       got[64];

    if (look_up(r, key, &value, &found) != PUMA_OK) return r->e->status;
    show(got, sizeof got, value);
    if (json_is_integer(value)) {
        json_int_t n = json_integer_value(value);

        if (n < 0 || (uint64_t)n + found.plus < least || (uint64_t)n > most)
            error_set(r->e, 403, "%s: %s: out of range (got %s, allowed %zu to %zu)", r->path, found.key, got,
                      least, most);
        *size = (size_t)n + found.plus;
    } else {
        error_set(r->e, 403, "%s: %s: not a whole number (got %s)", r->path, found.key, got);
    }
    json_decref(value);
    return r->e->status;
}

/* labels: a number, or as many as there are names. */
static puma_status read_labels(const reader *r, size_t *labels)
{
    json_t    *value;
    source_key found;
    size_t     count;

    if (look_up(r, "labels", &value, &found) != PUMA_OK) return r->e->status;
    count = json_is_object(value) ? json_object_size(value) : json_array_size(value);
    if (json_is_object(value) || json_is_array(value)) {
        if (count == 0) error_set(r->e, 403, "%s: %s: it lists no label", r->path, found.key);
        *labels = count;
        json_decref(value);
        return r->e->status;
    }
    json_decref(value);
    return read_size(r, "labels", 1, MAX_SIZE, labels);
}

static puma_status read_number(const reader *r, const char *key, double most, double *number)
{
    json_t    *value;
    source_key found;
    char       got[64];

    if (look_up(r, key, &value, &found) != PUMA_OK) return r->e->status;
    show(got, sizeof got, value);
    *number = json_number_value(value);
    /* The comparison is written so that NaN fails it too. */
    if (!json_is_number(value))
        error_set(r->e, 403, "%s: %s: not a number (got %s)", r->path, found.key, got);
    else if (!(*number >= 0 && *number <= most))
        error_set(r->e, 403, "%s: %s: out of range (got %s, allowed 0 to %g)", r->path, found.key, got, most);
    json_decref(value);
    return r->e->status;
}

static puma_status read_activation(const reader *r, model_activation *activation)
{
    json_t    *value;
    source_key found;
    char       got[64];

    if (look_up(r, "activation", &value, &found) != PUMA_OK) return r->e->status;
    show(got, sizeof got, value);
    if (!json_is_string(value))
        error_set(r->e, 403, "%s: %s: not the name of a function (got %s)", r->path, found.key, got);
    else if (!activation_find(json_string_value(value), activation))
        error_set(r->e, 404, "%s: %s: %s is not supported (known: %s)", r->path, found.key, got,
                  ACTIVATION_NAMES);
    json_decref(value);
    return r->e->status;
}

/* [require]: keys whose other values would mean another computation. */
static puma_status check_required(const reader *r)
{
    const ini *file = &r->architecture->file;

    for (size_t i = 0; i < file->count && r->e->status == PUMA_OK; i++) {
        const ini_entry *entry = &file->entries[i];
        const json_t    *value = json_object_get(r->config, entry->key);
        alternatives     list;
        bool             fits = false;
        char             got[64];

        if (strcmp(entry->section, "require") != 0) continue;
        if (alternatives_cut(&list, file, entry, r->e) != PUMA_OK) break;
        for (size_t k = 0; k < list.count; k++) {
            json_t *allowed = json_loads(list.text[k], JSON_DECODE_ANY, NULL);

            if (!allowed)
                error_set(r->e, 341, "%s:%d: [require] %s: not a JSON value (got \"%.60s\")", file->path,
                          entry->line, entry->key, list.text[k]);
            if (allowed && json_equal(allowed, value)) fits = true;
            json_decref(allowed);
        }
        show(got, sizeof got, value);
        if (value && !json_is_null(value) && !fits)
            error_set(r->e, 404, "%s: %.60s: %s is not supported (supported: %.80s)", r->path, entry->key,
                      got, entry->value);
        alternatives_free(&list);
    }
    return r->e->status;
}

/* --- sizes ------------------------------------------------------------------------------------ */

static size_t size_of(const model *m, size_key key)
{
    switch (key) {
    case SIZE_LAYERS: return m->layers;
    case SIZE_HIDDEN: return m->hidden;
    case SIZE_HEADS: return m->heads;
    case SIZE_INTERMEDIATE: return m->intermediate;
    case SIZE_VOCABULARY: return m->vocabulary;
    case SIZE_POSITIONS: return m->positions;
    case SIZE_OFFSET: return m->position_offset;
    case SIZE_TYPES: return m->types;
    case SIZE_LABELS: return m->labels;
    case SIZE_ONE:
    case SIZE_COUNT: break;
    }
    return 1;
}

static bool role_wanted(const architecture *a, role which, model_task task)
{
    return a->tensor[which].count > 0 &&
           (!role_in_head(which) || task == MODEL_CLASSIFY || task == MODEL_LOGITS);
}

static puma_status too_large(const reader *r, const model *m, double bytes)
{
    return error_set(
        r->e, 405,
        "%s: predicted memory for the parameters is %.3g GiB (limit %zu GiB): layers %zu, hidden %zu,"
        " intermediate %zu, vocabulary %zu, positions %zu",
        r->path, bytes / 0x1p30, MAX_MEMORY >> 30, m->layers, m->hidden, m->intermediate, m->vocabulary,
        m->positions);
}

/* Counts parameters and tensors with checked arithmetic; a prediction in double is for the message alone. */
static puma_status count_parameters(const reader *r, const model *m, model_task task, size_t *parameters,
                                    size_t *tensors)
{
    double predicted = 0;
    bool   fits = true;

    *parameters = *tensors = 0;
    for (role i = 0; i < ROLE_COUNT; i++) {
        size_t outer = size_of(m, ROLES[i].outer), inner = size_of(m, ROLES[i].inner);
        size_t times = role_in_layer(i) ? m->layers : 1, n = 0;

        if (!role_wanted(r->architecture, i, task)) continue;
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

static puma_status read_sizes(const reader *r, model *m, bool head)
{
    if (read_size(r, "layers", 1, MAX_SIZE, &m->layers) != PUMA_OK) return r->e->status;
    if (read_size(r, "hidden", 1, MAX_WIDTH, &m->hidden) != PUMA_OK) return r->e->status;
    if (read_size(r, "heads", 1, MAX_WIDTH, &m->heads) != PUMA_OK) return r->e->status;
    if (read_size(r, "intermediate", 1, MAX_SIZE, &m->intermediate) != PUMA_OK) return r->e->status;
    if (read_size(r, "vocabulary", 1, MAX_SIZE, &m->vocabulary) != PUMA_OK) return r->e->status;
    if (read_size(r, "positions", 1, MAX_SIZE, &m->positions) != PUMA_OK) return r->e->status;
    if (config_entry(r, "position_offset") &&
        read_size(r, "position_offset", 0, MAX_SIZE, &m->position_offset) != PUMA_OK)
        return r->e->status;
    if (config_entry(r, "types") && read_size(r, "types", 1, MAX_SIZE, &m->types) != PUMA_OK)
        return r->e->status;
    if (head && read_labels(r, &m->labels) != PUMA_OK) return r->e->status;
    if (m->hidden % m->heads != 0)
        return error_set(r->e, 403,
                         "%s: the hidden size is not a multiple of the number of heads (got %zu and %zu)",
                         r->path, m->hidden, m->heads);
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
    /* It fits: architecture.c tried every pattern with every prefix. */
    architecture_tensor_name(t->name, sizeof t->name, a->tensor[which].text[0], a->prefixes.text[0], layer);
}

/* In the order of ROLES, the layers' ones repeated layer by layer. */
static void list_tensors(model *m, const architecture *a, model_task task)
{
    role i = 0, first;

    for (; !role_in_layer(i); i++)
        if (role_wanted(a, i, task)) add_tensor(m, a, i, -1);
    first = i;
    for (size_t layer = 0; layer < m->layers; layer++)
        for (i = first; role_in_layer(i); i++)
            if (role_wanted(a, i, task)) add_tensor(m, a, i, (int)layer);
    for (; i < ROLE_COUNT; i++)
        if (role_wanted(a, i, task)) add_tensor(m, a, i, -1);
}

static puma_status fill(const reader *r, model *m, model_task task)
{
    const architecture *a = r->architecture;
    struct owner       *o = m->owner;
    bool                head = task == MODEL_CLASSIFY || task == MODEL_LOGITS;
    size_t              tensors;

    if (head && a->tensor[ROLE_HEAD_OUT_WEIGHT].count == 0)
        return error_set(
            r->e, 422, "%s: the architecture has no head for classify or logits ([tensors] head.out.weight)",
            a->path);
    snprintf(m->architecture, sizeof m->architecture, "%s", a->name);
    m->norm = a->norm;
    m->place = a->place;
    m->ranges = a->ranges;
    m->head_dense = head && a->tensor[ROLE_HEAD_DENSE_WEIGHT].count > 0;
    m->head_activation = a->head_activation;
    if (check_required(r) != PUMA_OK || read_sizes(r, m, head) != PUMA_OK) return r->e->status;
    if (read_activation(r, &m->activation) != PUMA_OK) return r->e->status;
    if (read_number(r, "epsilon", 1, &m->epsilon) != PUMA_OK) return r->e->status;
    if (read_number(r, "initializer_range", 100, &m->initializer_range) != PUMA_OK) return r->e->status;
    if (count_parameters(r, m, task, &o->parameters, &tensors) != PUMA_OK) return r->e->status;
    m->tensors = calloc(tensors, sizeof *m->tensors);
    if (!m->tensors) return no_memory(r->e);
    list_tensors(m, a, task);
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
        return error_set(e, 401, "%s: %s", path_tail(directory), strerror(errno));
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

static puma_status read_config(json_t **config, const char *path, bool is_gguf, puma_error *e)
{
    static const json_limits limits = { .objects = 10000, .arrays = 10000, .separators = 200000 };
    gguf                    *g;

    if (!is_gguf) return json_read_limited(path, MAX_CONFIG, &limits, config, 402, e);
    if (gguf_open(&g, path, e) == PUMA_OK) gguf_config(g, config, e);
    gguf_close(g);
    return e->status;
}

puma_status model_open(model **out, const char *directory, const char *architecture_name,
                       const char *architectures, model_task task, puma_error *e)
{
    char         *path = NULL;
    bool          is_gguf;
    json_t       *config = NULL, *type;
    model        *m = calloc(1, sizeof *m);
    struct owner *o = calloc(1, sizeof *o);

    *out = NULL;
    if (!m || !o) {
        free(m);
        free(o);
        return no_memory(e);
    }
    m->owner = o;
    if (config_path(&path, &is_gguf, directory, e) != PUMA_OK) goto done;
    if (read_config(&config, path, is_gguf, e) != PUMA_OK) goto done;
    if (!json_is_object(config)) {
        error_set(e, 402, "%s: not a JSON object", path_tail(path));
        goto done;
    }
    type = json_object_get(config, "model_type");
    if (!json_is_string(type) && strcmp(architecture_name, "auto") == 0) {
        error_set(e, 403, "%s: model_type: %s", path_tail(path), type ? "not a string" : "missing");
        goto done;
    }
    if (architecture_open(&o->architecture, architectures, architecture_name, json_string_value(type), e) !=
        PUMA_OK)
        goto done;
    fill(&(reader){ path_tail(path), config, o->architecture, e }, m, task);
done:
    json_decref(config);
    free(path);
    if (e->status != PUMA_OK) {
        model_close(m);
        return e->status;
    }
    *out = m;
    return PUMA_OK;
}

void model_close(model *m)
{
    struct owner *o;

    if (!m) return;
    o = m->owner;
    architecture_close(o->architecture);
    free(o);
    free(m->tensors);
    free(m);
}

size_t model_parameters(const model *m) { return ((const struct owner *)m->owner)->parameters; }

const char *model_note(const model *m)
{
    const struct owner *o = m->owner;

    return o->note[0] ? o->note : NULL;
}

char *model_canonical(const model *m)
{
    static const char *const activations[] = { "gelu", "gelu_tanh", "silu", "relu", "tanh" };
    char                    *text = NULL;
    size_t                   size = 0;
    FILE                    *out = open_memstream(&text, &size);

    if (!out) return NULL;
    fprintf(
        out,
        "model.architecture=%s\nmodel.layers=%zu\nmodel.hidden=%zu\nmodel.heads=%zu\nmodel.intermediate=%zu\n"
        "model.vocabulary=%zu\nmodel.positions=%zu\nmodel.position_offset=%zu\nmodel.types=%zu\nmodel.labels="
        "%zu\n",
        m->architecture, m->layers, m->hidden, m->heads, m->intermediate, m->vocabulary, m->positions,
        m->position_offset, m->types, m->labels);
    /* Integers: exact, and without the radix character that printf takes from the locale. */
    for (int i = 0; i < 2; i++) {
        double number = i ? m->initializer_range : m->epsilon;
        int    exponent = 0;

        number = frexp(number, &exponent);
        fprintf(out, "model.%s=%lld*2^%d\n", i ? "initializer_range" : "epsilon",
                (long long)ldexp(number, 53), exponent - 53);
    }
    fprintf(out, "model.norm=%s\nmodel.norm_place=%s\nmodel.activation=%s\nmodel.head=%s\n",
            m->norm == MODEL_LAYERNORM ? "layernorm" : "rmsnorm",
            m->place == MODEL_POST_NORM ? "post" : "pre", activations[m->activation],
            m->labels == 0  ? "none"
            : m->head_dense ? activations[m->head_activation]
                            : "linear");
    fprintf(out, "model.ranges=%d %d %d %d %d %d %d %d\n", m->ranges.embedding, m->ranges.hidden,
            m->ranges.norm, m->ranges.attention, m->ranges.scores, m->ranges.activation, m->ranges.logits,
            m->ranges.product);
    for (size_t i = 0; i < m->tensor_count; i++) {
        const model_tensor *t = &m->tensors[i];

        fprintf(out, "model.tensor.%zu=%s %d %zux%zu %s\n", i, t->role, t->layer, t->dim[0], t->dim[1],
                t->name);
    }
    if (ferror(out) | fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}
