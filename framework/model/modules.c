/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* modules.c - what stands behind the Transformer in a sentence encoder: modules.json lists the parts, each
 * with a folder of its own (the format of sentence-transformers).
 *
 * Every part is either computed or refused by its name, for a vector made in another way is of no use beside
 * those that the model's own program made.  A compute party reads these files too: they say what is computed.
 *
 * plan/ calls it once the model is open for embed; source.c reads the steps' weights from the folders that it found.
 * No weight is read here. */
#include "model/model.h"

#include "base/json_text.h"
#include "model/owner.h"
#include "weights/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE (1u << 20) /* bytes of any of the files                                          */
#define MAX_MODULES 16u
#define MAX_FOLDER 63u /* bytes of a folder's name                                           */
#define MAX_PROMPT 4096u
#define MAX_COUNT ((size_t)1 << 20)  /* tokens, or numbers of a vector                                */
#define MAX_MATRIX ((size_t)1 << 28) /* numbers of a Dense module's matrix                            */

const char *const MODEL_POOLING_NAMES[MODEL_POOLINGS + 1] = {
    "cls", "max", "mean", "mean_sqrt_len", "weightedmean", "lasttoken", NULL
};

/* Their spellings in 1_Pooling/config.json: a flag each, in the order in which several are joined, or a word.
 */
static const struct {
    const char *flag, *word;
} POOLINGS[MODEL_POOLINGS] = {
    { "pooling_mode_cls_token", "cls" },
    { "pooling_mode_max_tokens", "max" },
    { "pooling_mode_mean_tokens", "mean" },
    { "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens" },
    { "pooling_mode_weightedmean_tokens", "weightedmean" },
    { "pooling_mode_lasttoken", "lasttoken" },
};

/* One file of the encoder. */
typedef struct part {
    const char *directory;
    char        name[MAX_FOLDER + 64]; /* of the file, for messages: "1_Pooling/config.json"            */
    json_t     *root;                  /* an object; NULL: there is no such file                        */
    puma_error *e;
} part;

static puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory"); }

static puma_status refuse(const part *p, const char *key, const json_t *value, const char *why)
{
    char *text = value ? json_to_text(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    for (char *c = text; c && *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    error_set(p->e, 424, "%s: %s: %s%s%.60s%s", p->name, key, why, text ? " (got " : "", text ? text : "",
              text ? ")" : "");
    free(text);
    return p->e->status;
}

static bool exists(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 || errno != ENOENT;
}

/* DIRECTORY/FOLDER/NAME; root NULL where there is no such file. */
static puma_status open_part(part *p, const char *directory, const char *folder, const char *name,
                             puma_error *e)
{
    static const json_limits limits = { .objects = 1000, .arrays = 1000, .separators = 20000 };
    char                    *path = NULL;

    *p = (part){ .directory = directory, .e = e };
    snprintf(p->name, sizeof p->name, "%s%s%s", folder, *folder ? "/" : "", name);
    if (asprintf(&path, "%s/%s", directory, p->name) < 0) return no_memory(e);
    if (exists(path)) json_read_limited(path, MAX_FILE, &limits, &p->root, 424, e);
    free(path);
    return e->status;
}

static puma_status open_object(part *p, const char *directory, const char *folder, const char *name,
                               puma_error *e)
{
    if (open_part(p, directory, folder, name, e) != PUMA_OK || !p->root || json_is_object(p->root))
        return e->status;
    return error_set(e, 424, "%s: not a JSON object", p->name);
}

static void close_part(part *p)
{
    json_decref(p->root);
    p->root = NULL;
}

/* A key's value; NULL when it is absent or null. */
static const json_t *value_of(const part *p, const char *key)
{
    const json_t *value = json_object_get(p->root, key);

    return json_is_null(value) ? NULL : value;
}

static puma_status read_flag(const part *p, const char *key, bool *flag)
{
    const json_t *value = value_of(p, key);

    if (!value) return PUMA_OK;
    *flag = json_is_true(value);
    return json_is_boolean(value) ? PUMA_OK : refuse(p, key, value, "neither true nor false");
}

/* A count from 1 on, which must be `expected` (0: any). */
static puma_status read_count(const part *p, const char *key, size_t expected, size_t *count)
{
    const json_t *value = value_of(p, key);

    *count = 0;
    if (!value) return refuse(p, key, NULL, "missing");
    if (!json_is_integer(value) || json_integer_value(value) < 1 ||
        (uint64_t)json_integer_value(value) > MAX_COUNT)
        return refuse(p, key, value, "not a whole number from 1 to 1048576");
    *count = (size_t)json_integer_value(value);
    if (expected == 0 || *count == expected) return PUMA_OK;
    return error_set(p->e, 424, "%s: %s: does not fit the vector before it (got %zu, expected %zu)", p->name,
                     key, *count, expected);
}

/* Of a part that could read or write something else than the sentence's vector. */
static puma_status check_names(const part *p)
{
    static const char *const keys[] = { "module_input_name", "module_output_name" };

    for (size_t i = 0; i < 2; i++) {
        const json_t *value = value_of(p, keys[i]);

        if (value && (!json_is_string(value) || strcmp(json_string_value(value), "sentence_embedding") != 0))
            return refuse(p, keys[i], value, "only sentence_embedding is supported");
    }
    return PUMA_OK;
}

/* --- the list --------------------------------------------------------------------------------- */

typedef enum module_kind { TRANSFORMER, POOLING, DENSE, NORM, NORMALIZE, DROPOUT } module_kind;

/* Classes of the package by their last name: the modules that hold them have moved from release to release.
 */
static const char *const CLASSES[] = {
    [TRANSFORMER] = "Transformer", [POOLING] = "Pooling",     [DENSE] = "Dense",
    [NORM] = "LayerNorm",          [NORMALIZE] = "Normalize", [DROPOUT] = "Dropout"
};

static puma_status kind_of(const part *list, const json_t *entry, module_kind *kind)
{
    static const char package[] = "sentence_transformers.";
    const json_t     *type = json_object_get(entry, "type");
    const char       *name = json_string_value(type), *last = name ? strrchr(name, '.') : NULL;

    for (size_t i = 0; last && i < sizeof CLASSES / sizeof *CLASSES; i++)
        if (strcmp(last + 1, CLASSES[i]) == 0 && strncmp(name, package, sizeof package - 1) == 0) {
            *kind = (module_kind)i;
            return PUMA_OK;
        }
    return refuse(list, "type", type, "no such module is supported");
}

/* A folder inside the directory: relative, and without a step upwards. */
static puma_status folder_of(const part *list, const json_t *entry, char *folder)
{
    const json_t *path = json_object_get(entry, "path");
    const char   *text = json_is_string(path) ? json_string_value(path) : "/";
    size_t        length = strlen(text);

    while (length > 0 && text[length - 1] == '/') length--;
    if (*text == '/' || length > MAX_FOLDER || strstr(text, "..") || strpbrk(text, "\n\r\t\\"))
        return refuse(list, "path", path, "not a folder of the model's directory");
    snprintf(folder, MAX_FOLDER + 1, "%.*s", (int)length, text);
    return PUMA_OK;
}

/* modules.json; root NULL where `directory` is a file or has none. */
static puma_status open_list(part *list, const char *directory, puma_error *e)
{
    struct stat about;

    *list = (part){ .directory = directory, .e = e };
    if (stat(directory, &about) != 0 || !S_ISDIR(about.st_mode)) return PUMA_OK;
    if (open_part(list, directory, "", "modules.json", e) != PUMA_OK || !list->root) return e->status;
    if (!json_is_array(list->root)) return error_set(e, 424, "modules.json: not a list");
    if (json_array_size(list->root) == 0 || json_array_size(list->root) > MAX_MODULES)
        return error_set(e, 424, "modules.json: a list of 1 to %u modules is needed (got %zu)", MAX_MODULES,
                         json_array_size(list->root));
    return PUMA_OK;
}

puma_status model_folder(char **folder, const char *directory, puma_error *e)
{
    part        list;
    module_kind kind;
    char        name[MAX_FOLDER + 1];

    *folder = NULL;
    if (open_list(&list, directory, e) == PUMA_OK && list.root &&
        kind_of(&list, json_array_get(list.root, 0), &kind) == PUMA_OK &&
        folder_of(&list, json_array_get(list.root, 0), name) == PUMA_OK && kind == TRANSFORMER && *name &&
        asprintf(folder, "%s/%s", directory, name) < 0) {
        *folder = NULL;
        no_memory(e);
    }
    close_part(&list);
    return e->status;
}

/* --- pooling ---------------------------------------------------------------------------------- */

static puma_status add_pooling(const part *p, model *m, const char *key, const json_t *word)
{
    const char *name = json_is_string(word) ? json_string_value(word) : "";

    for (size_t i = 0; i < MODEL_POOLINGS; i++)
        if (strcmp(POOLINGS[i].word, name) == 0 && m->pooling_count < MODEL_POOLINGS) {
            m->pooling[m->pooling_count++] = (model_pooling)i;
            return PUMA_OK;
        }
    return refuse(p, key, word, "no such pooling is supported");
}

/* The older spelling: pooling_mode_X: true; none of them means the mean. */
static puma_status read_pooling_flags(const part *p, model *m)
{
    const char   *key;
    const json_t *value;
    bool          set;

    json_object_foreach(p->root, key, value)
    {
        size_t i = 0;

        if (strncmp(key, "pooling_mode_", 13) != 0 || json_is_false(value) || json_is_null(value)) continue;
        while (i < MODEL_POOLINGS && strcmp(POOLINGS[i].flag, key) != 0) i++;
        if (i == MODEL_POOLINGS) return refuse(p, key, value, "no such pooling is supported");
    }
    for (size_t i = 0; i < MODEL_POOLINGS; i++) {
        set = false;
        if (read_flag(p, POOLINGS[i].flag, &set) != PUMA_OK) return p->e->status;
        if (set) m->pooling[m->pooling_count++] = (model_pooling)i;
    }
    if (m->pooling_count == 0) m->pooling[m->pooling_count++] = MODEL_POOL_MEAN;
    return PUMA_OK;
}

static puma_status read_pooling(const part *list, model *m, const char *folder, bool *with_prompt)
{
    part          p;
    const json_t *mode, *word;
    const char   *key = "embedding_dimension";
    size_t        i, width;

    if (open_object(&p, list->directory, folder, "config.json", list->e) == PUMA_OK && !p.root)
        error_set(list->e, 424, "%s: missing, though modules.json lists it", p.name);
    if (list->e->status == PUMA_OK) {
        if (value_of(&p, "word_embedding_dimension")) key = "word_embedding_dimension";
        mode = value_of(&p, "pooling_mode");
        if (read_count(&p, key, m->hidden, &width) == PUMA_OK &&
            read_flag(&p, "include_prompt", with_prompt) == PUMA_OK) {
            if (!mode)
                read_pooling_flags(&p, m);
            else if (!json_is_array(mode))
                add_pooling(&p, m, "pooling_mode", mode);
            else if (json_array_size(mode) == 0)
                refuse(&p, "pooling_mode", mode, "no pooling in it");
            else
                json_array_foreach(mode, i, word) if (list->e->status == PUMA_OK)
                    add_pooling(&p, m, "pooling_mode", word);
        }
    }
    close_part(&p);
    return list->e->status;
}

/* --- the steps behind it ---------------------------------------------------------------------- */

/* "torch.nn.modules.activation.Tanh"; absent: tanh too. */
static puma_status read_activation(const part *p, model_step *step)
{
    static const struct {
        const char      *name;
        bool             active;
        model_activation activation;
    } known[] = { { "Identity", false, MODEL_TANH },
                  { "Tanh", true, MODEL_TANH },
                  { "ReLU", true, MODEL_RELU },
                  { "GELU", true, MODEL_GELU },
                  { "SiLU", true, MODEL_SILU } };
    const json_t *value = value_of(p, "activation_function");
    const char   *name = value ? json_string_value(value) : "torch.nn.Tanh",
               *last = name ? strrchr(name, '.') : NULL;

    for (size_t i = 0; last && i < sizeof known / sizeof *known; i++) {
        if (strcmp(last + 1, known[i].name) != 0 || strncmp(name, "torch.nn.", 9) != 0) continue;
        step->active = known[i].active;
        step->activation = known[i].activation;
        return PUMA_OK;
    }
    return refuse(p, "activation_function", value, "no such function is supported");
}

/* Weights of another kind than safetensors are a program (pickle): nothing of a checkpoint is run. */
static puma_status check_weights(const part *p, const char *folder)
{
    char *path = NULL;
    bool  pickled;

    if (asprintf(&path, "%s/%s/pytorch_model.bin", p->directory, folder) < 0) return no_memory(p->e);
    pickled = exists(path);
    free(path);
    if (!pickled || asprintf(&path, "%s/%s/model.safetensors", p->directory, folder) < 0) return PUMA_OK;
    if (!exists(path))
        error_set(p->e, 425,
                  "%s/pytorch_model.bin: weights in this format are not read: model.safetensors is needed",
                  folder);
    free(path);
    return p->e->status;
}

static puma_status read_dense(const part *p, model_step *step)
{
    bool residual = false;

    step->bias = true;
    if (read_count(p, "in_features", step->in, &step->in) != PUMA_OK ||
        read_count(p, "out_features", 0, &step->out) != PUMA_OK ||
        read_flag(p, "bias", &step->bias) != PUMA_OK || read_flag(p, "use_residual", &residual) != PUMA_OK ||
        read_activation(p, step) != PUMA_OK)
        return p->e->status;
    if (step->in > MAX_MATRIX / step->out)
        return error_set(p->e, 405,
                         "%s: out_features: the matrix is too large (got %zu x %zu numbers, limit %zu)",
                         p->name, step->out, step->in, MAX_MATRIX);
    return residual ? refuse(p, "use_residual", value_of(p, "use_residual"), "is not supported") : PUMA_OK;
}

static puma_status read_step(const part *list, model *m, module_kind kind, const char *folder)
{
    model_step step = { .kind = kind == DENSE  ? MODEL_STEP_DENSE
                                : kind == NORM ? MODEL_STEP_NORM
                                               : MODEL_STEP_NORMALIZE,
                        .in = m->embedding,
                        .out = m->embedding };
    part       p;
    size_t     width;

    if (open_object(&p, list->directory, folder, "config.json", list->e) == PUMA_OK && !p.root &&
        kind != NORMALIZE)
        error_set(list->e, 424, "%s: missing, though modules.json lists it", p.name);
    if (list->e->status == PUMA_OK && check_names(&p) == PUMA_OK) {
        if (kind == DENSE) read_dense(&p, &step);
        if (kind == NORM) read_count(&p, "dimension", step.in, &width);
        if (kind != NORMALIZE && list->e->status == PUMA_OK) check_weights(&p, folder);
    }
    close_part(&p);
    if (list->e->status != PUMA_OK) return list->e->status;
    snprintf(step.folder, sizeof step.folder, "%s", folder);
    m->steps[m->step_count++] = step;
    m->embedding = step.out;
    return PUMA_OK;
}

/* The modules in their order: the Transformer, the pooling, and what follows. */
static puma_status read_list(const part *list, model *m, const model_embedding *said, bool *with_prompt)
{
    const json_t *entry;
    size_t        i;
    bool          pooled = false;

    json_array_foreach(list->root, i, entry)
    {
        module_kind kind;
        char        folder[MAX_FOLDER + 1];

        if (kind_of(list, entry, &kind) != PUMA_OK || folder_of(list, entry, folder) != PUMA_OK)
            return list->e->status;
        if ((kind == TRANSFORMER) != (i == 0) || (kind == POOLING && pooled) ||
            (i > 0 && kind != POOLING && kind != DROPOUT && !pooled))
            return refuse(list, "type", json_object_get(entry, "type"), "is not supported at this place");
        if (kind == POOLING) {
            if (read_pooling(list, m, folder, with_prompt) != PUMA_OK) return list->e->status;
            if (said->pooling) {
                m->pooling[0] = *said->pooling;
                m->pooling_count = 1;
            }
            m->embedding = m->pooling_count * m->hidden;
            pooled = true;
        } else if (kind == DENSE || kind == NORM || kind == NORMALIZE) {
            if (read_step(list, m, kind, folder) != PUMA_OK) return list->e->status;
        }
    }
    if (!pooled && !said->pooling) return error_set(list->e, 424, "modules.json: no Pooling in it");
    return PUMA_OK;
}

/* --- the client's side: texts ----------------------------------------------------------------- */

/* max_seq_length, and whether texts are brought to lower case: of the file that is named for the family that
 * the encoder was first made from. */
static puma_status read_limits(const part *list, const char *folder, model *m, bool *limited)
{
    static const char *const names[] = { "bert",   "roberta",     "distilbert", "camembert",
                                         "albert", "xlm-roberta", "xlnet" };
    char                     name[64];
    part                     p = { 0 };

    for (size_t i = 0; i < sizeof names / sizeof *names && !p.root; i++) {
        snprintf(name, sizeof name, "sentence_%s_config.json", names[i]);
        if (open_object(&p, list->directory, folder, name, list->e) != PUMA_OK) break;
    }
    if (p.root && list->e->status == PUMA_OK && read_flag(&p, "do_lower_case", &m->lower) == PUMA_OK &&
        value_of(&p, "max_seq_length")) {
        *limited = true;
        read_count(&p, "max_seq_length", 0, &m->encoder_tokens);
    }
    close_part(&p);
    return list->e->status;
}

/* Where the encoder's own file names no limit the tokenizer's counts; one that is none is written as 10^30.
 */
static puma_status read_tokenizer_limit(const part *list, const char *folder, model *m)
{
    char   *path = NULL, *text = NULL;
    size_t  size;
    json_t *root = NULL, *limit;
    bool    no_room = false;

    if (asprintf(&path, "%s/%s/tokenizer_config.json", list->directory, folder) < 0)
        return no_memory(list->e);
    if (exists(path) && file_read(path, MAX_FILE, &text, &size, 424, list->e) == PUMA_OK)
        root = json_text(text, size, JSON_DECODE_INT_AS_REAL, NULL,
                         &no_room); /* the tokenizer says what is wrong with it */
    if (no_room) no_memory(list->e);
    limit = json_object_get(root, "model_max_length");
    if (json_is_number(limit) && json_number_value(limit) >= 1 &&
        json_number_value(limit) <= (double)MAX_COUNT)
        m->encoder_tokens = (size_t)json_number_value(limit);
    json_decref(root);
    free(text);
    free(path);
    return list->e->status;
}

/* A prompt that the model puts in front of every text if nothing else is asked for. */
static puma_status read_prompt(const part *list, model *m, bool with_prompt)
{
    part          p;
    const json_t *name, *prompt;

    if (open_object(&p, list->directory, "", "config_sentence_transformers.json", list->e) == PUMA_OK &&
        p.root && (name = value_of(&p, "default_prompt_name")) != NULL) {
        prompt = json_object_get(json_object_get(p.root, "prompts"),
                                 json_is_string(name) ? json_string_value(name) : "");
        if (!json_is_string(name) || (prompt && !json_is_null(prompt) && !json_is_string(prompt)) ||
            json_string_length(prompt) > MAX_PROMPT)
            refuse(&p, "default_prompt_name", name, "not the name of a text of at most 4096 bytes");
        else if (json_string_length(prompt) > 0 && !with_prompt)
            refuse(&p, "default_prompt_name", name, "a prompt that the pooling leaves out is not supported");
        else if (json_string_length(prompt) > 0 && !(m->prompt = strdup(json_string_value(prompt))))
            no_memory(list->e);
    }
    close_part(&p);
    return list->e->status;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What the run file says of the length: a Normalize at the end is added, or the one there left out. */
static void settle_length(model *m, const bool *normalize)
{
    bool is_last = m->step_count > 0 && m->steps[m->step_count - 1].kind == MODEL_STEP_NORMALIZE;

    if (!normalize || *normalize == is_last) return;
    if (*normalize)
        m->steps[m->step_count++] =
            (model_step){ .kind = MODEL_STEP_NORMALIZE, .in = m->embedding, .out = m->embedding };
    else
        m->step_count--;
}

static void add_tensor(model *m, size_t step, const char *what, const char *name, size_t outer, size_t inner)
{
    model_tensor *t = &m->tensors[m->tensor_count++];

    *t = (model_tensor){
        .role = what, .layer = (int)step, .rank = inner > 0 ? 2 : 1, .dim = { outer, inner }
    };
    if (inner == 0) t->dim[1] = 1;
    snprintf(t->name, sizeof t->name, "%s/%s", m->steps[step].folder, name);
    ((struct owner *)m->owner)->parameters += t->dim[0] * t->dim[1]; /* at most 2^28 each */
}

static puma_status add_tensors(model *m, puma_error *e)
{
    model_tensor *more = realloc(m->tensors, (m->tensor_count + 2 * m->step_count) * sizeof *more);

    if (!more) return no_memory(e);
    m->tensors = more;
    for (size_t i = 0; i < m->step_count; i++) {
        const model_step *s = &m->steps[i];

        if (s->kind == MODEL_STEP_DENSE) {
            add_tensor(m, i, "step.weight", "linear.weight", s->out, s->in);
            if (s->bias) add_tensor(m, i, "step.bias", "linear.bias", s->out, 0);
        } else if (s->kind == MODEL_STEP_NORM) {
            add_tensor(m, i, "step.gain", "norm.weight", s->out, 0);
            add_tensor(m, i, "step.bias", "norm.bias", s->out, 0);
        }
    }
    return PUMA_OK;
}

puma_status model_modules(model *m, const char *directory, const model_embedding *said, puma_error *e)
{
    static const bool yes = true;
    part              list;
    bool              limited = false, with_prompt = true, found;
    char              folder[MAX_FOLDER + 1];

    m->embedding = m->hidden;
    m->steps = calloc(MAX_MODULES + 1, sizeof *m->steps);
    m->modules = strdup(directory);
    if (!m->steps || !m->modules) return no_memory(e);
    if (open_list(&list, directory, e) == PUMA_OK) {
        found = list.root != NULL;
        if (found) read_list(&list, m, said, &with_prompt);
        if (m->pooling_count == 0) {
            m->pooling_count = 1;
            m->pooling[0] = said->pooling ? *said->pooling : MODEL_POOL_MEAN;
        }
        if (found && e->status == PUMA_OK &&
            folder_of(&list, json_array_get(list.root, 0), folder) == PUMA_OK &&
            read_limits(&list, folder, m, &limited) == PUMA_OK &&
            (limited || read_tokenizer_limit(&list, folder, m) == PUMA_OK))
            read_prompt(&list, m, with_prompt);
        settle_length(m, said->normalize ? said->normalize : found ? NULL : &yes);
    }
    close_part(&list);
    return e->status == PUMA_OK ? add_tensors(m, e) : e->status;
}
