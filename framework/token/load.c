/* load.c - tokenizer.json, or the older files beside a model, to a tokenizer.  What is not known by name is
 * refused. */
#include "token/tokenizer.h"
#include "weights/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What every function here needs: the tokenizer, the file being read (for messages) and where to put the
 * error. */
typedef struct loader {
    tokenizer  *t;
    const char *directory, *file;
    puma_error *e;
    size_t      added_room; /* of t->added */
} loader;

#define FAIL(l, code, ...) error_set((l)->e, code, __VA_ARGS__)

static puma_status full(loader *l) { return FAIL(l, TOKEN_EMEMORY, "%s: out of memory", l->file); }

/* malloc'd "directory/name" */
static char *path_of(loader *l, const char *name)
{
    size_t size = strlen(l->directory) + strlen(name) + 2;
    char  *path = malloc(size);

    if (path)
        snprintf(path, size, "%s/%s", l->directory, name);
    else
        full(l);
    return path;
}

static bool exists(loader *l, const char *name)
{
    char *path = path_of(l, name);
    bool  there = path && access(path, F_OK) == 0;

    free(path);
    return there;
}

static puma_status read_bytes(loader *l, const char *name, char **data, size_t *size)
{
    char *path = path_of(l, name);

    *data = NULL;
    if (path) file_read(path, TOKEN_FILE_LIMIT, data, size, TOKEN_EFILE, l->e);
    free(path);
    return l->e->status;
}

/* A JSON object; NULL and no error when `optional` and not there. */
static json_t *read_json(loader *l, const char *name, bool optional)
{
    const json_limits limits = { .separators = 4 * TOKEN_COUNT_LIMIT };
    char             *data;
    size_t            size;
    json_t           *root = NULL;

    l->file = name;
    if (optional && !exists(l, name)) return NULL;
    if (read_bytes(l, name, &data, &size) == PUMA_OK)
        json_parse_limited(name, data, size, &limits, &root, TOKEN_EFILE, l->e);
    free(data);
    if (root && !json_is_object(root)) {
        FAIL(l, TOKEN_EFILE, "%s: not a JSON object", name);
        json_decref(root);
        root = NULL;
    }
    return root;
}

/* --- tokens ----------------------------------------------------------------------------------- */

static puma_status set_token(loader *l, uint32_t id, const char *text, size_t size)
{
    tokenizer *t = l->t;

    while (id >= t->room) {
        size_t   room = t->room ? t->room * 2 : 1024;
        char   **texts = realloc(t->texts, room * sizeof *texts);
        size_t  *sizes;
        uint8_t *kinds;

        if (!texts) return full(l);
        t->texts = texts;
        sizes = realloc(t->sizes, room * sizeof *sizes);
        if (!sizes) return full(l);
        t->sizes = sizes;
        kinds = realloc(t->kinds, room * sizeof *kinds);
        if (!kinds) return full(l);
        t->kinds = kinds;
        t->room = room;
    }
    while (t->count <= id) {
        t->texts[t->count] = NULL;
        t->sizes[t->count] = 0;
        t->kinds[t->count++] = 0;
    }
    if (t->texts[id])
        return FAIL(l, TOKEN_EVOCABULARY, "%s: id %u is that of \"%.40s\" and of \"%.40s\"", l->file, id,
                    t->texts[id], text);
    t->texts[id] = malloc(size + 1);
    if (!t->texts[id]) return full(l);
    memcpy(t->texts[id], text, size);
    t->texts[id][size] = '\0';
    t->sizes[id] = size;
    return PUMA_OK;
}

static puma_status check_id(loader *l, const json_t *value, const char *text, uint32_t *id)
{
    if (!json_is_integer(value))
        return FAIL(l, TOKEN_EVOCABULARY, "%s: token \"%.40s\": id is not an integer", l->file, text);
    if (json_integer_value(value) < 0 || (uintmax_t)json_integer_value(value) >= TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: token \"%.40s\": id out of range (got %jd, limit %zu)",
                    l->file, text, (intmax_t)json_integer_value(value), TOKEN_COUNT_LIMIT - 1);
    *id = (uint32_t)json_integer_value(value);
    return PUMA_OK;
}

/* The model's own vocabulary is complete: t->words finds it.  Ids may still be missing, for added tokens to
 * fill. */
static puma_status close_words(loader *l)
{
    tokenizer              *t = l->t;
    vocabulary_entry       *entries = malloc((t->count + 1) * sizeof *entries);
    const vocabulary_entry *twice;
    size_t                  count = 0;

    if (!entries) return full(l);
    for (uint32_t id = 0; id < t->count; id++)
        if (t->texts[id]) entries[count++] = (vocabulary_entry){ t->texts[id], t->sizes[id], id };
    twice = vocabulary_make(&t->words, entries, count);
    if (twice) return FAIL(l, TOKEN_EVOCABULARY, "%s: token \"%.40s\" stands twice", l->file, twice->text);
    if (count == 0) return FAIL(l, TOKEN_EVOCABULARY, "%s: the vocabulary is empty", l->file);
    return PUMA_OK;
}

static puma_status words_from_json(loader *l, json_t *words)
{
    const char *text;
    json_t     *value;

    if (!json_is_object(words)) return FAIL(l, TOKEN_EVOCABULARY, "%s: vocabulary is not an object", l->file);
    json_object_foreach(words, text, value)
    {
        uint32_t id;

        if (check_id(l, value, text, &id) != PUMA_OK || set_token(l, id, text, strlen(text)) != PUMA_OK)
            return l->e->status;
    }
    return close_words(l);
}

static puma_status words_from_lines(loader *l, const char *data, size_t size)
{
    uint32_t id = 0;

    for (size_t at = 0, line = 1; at < size; line++) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t      length = end ? (size_t)(end - data) - at : size - at, taken = length;

        if (taken > 0 && data[at + taken - 1] == '\r') taken--;
        if (memchr(data + at, '\0', taken) || utf8_valid(data + at, taken) < taken)
            return FAIL(l, TOKEN_EVOCABULARY, "%s:%zu: not UTF-8 text", l->file, line);
        if (id >= TOKEN_COUNT_LIMIT)
            return FAIL(l, TOKEN_EVOCABULARY, "%s:%zu: more than %zu tokens", l->file, line,
                        TOKEN_COUNT_LIMIT);
        if (set_token(l, id++, data + at, taken) != PUMA_OK) return l->e->status;
        at += length + 1;
    }
    return close_words(l);
}

/* An added token: one of the model's own, or one with an id that is free. */
static puma_status add_token(loader *l, const char *text, size_t size, uint32_t id, added_token token)
{
    uint32_t known;

    if (size == 0 || size > TOKEN_ADDED_LIMIT)
        return FAIL(l, TOKEN_ESPECIAL, "%s: added token %u: bad length (got %zu bytes, limit %zu)", l->file,
                    id, size, TOKEN_ADDED_LIMIT);
    if (vocabulary_find(&l->t->words, text, size, &known)) {
        if (known != id)
            return FAIL(l, TOKEN_ESPECIAL, "%s: added token \"%.40s\": id %u is not the vocabulary's, %u",
                        l->file, text, id, known);
    } else if (id < l->t->count && l->t->texts[id] && l->t->sizes[id] == size &&
               memcmp(l->t->texts[id], text, size) == 0) {
        ; /* added before, from another list */
    } else if (set_token(l, id, text, size) != PUMA_OK) {
        return l->e->status;
    }
    if (l->t->kinds[id] & KIND_ADDED) return PUMA_OK;
    if (l->t->added_count == l->added_room) {
        size_t       room = l->added_room ? l->added_room * 2 : 16;
        added_token *added = realloc(l->t->added, room * sizeof *added);

        if (!added) return full(l);
        l->t->added = added;
        l->added_room = room;
    }
    token.id = id;
    l->t->added[l->t->added_count++] = token;
    l->t->kinds[id] = token.special ? KIND_ADDED | KIND_SPECIAL : KIND_ADDED;
    return PUMA_OK;
}

static bool flag(const json_t *object, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

static puma_status add_from_json(loader *l, const json_t *object, uint32_t id)
{
    const json_t *content = json_object_get(object, "content");
    bool          special = flag(object, "special", false);

    if (!json_is_string(content))
        return FAIL(l, TOKEN_ESPECIAL, "%s: added token %u has no content", l->file, id);
    return add_token(l, json_string_value(content), json_string_length(content), id,
                     (added_token){ .special = special,
                                    .single_word = flag(object, "single_word", false),
                                    .lstrip = flag(object, "lstrip", false),
                                    .rstrip = flag(object, "rstrip", false),
                                    .normalized = flag(object, "normalized", !special) });
}

/* --- parts of tokenizer.json ------------------------------------------------------------------ */

static const char *type_of(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));

    return type ? type : "(none)";
}

static puma_status unsupported(loader *l, const char *part, const char *type)
{
    return FAIL(l, TOKEN_EUNSUPPORTED, "%s: %s \"%.60s\" is not supported", l->file, part, type);
}

static char *copy_of(loader *l, const char *text)
{
    char *copy = strdup(text);

    if (!copy) full(l);
    return copy;
}

static puma_status set_unknown(loader *l, const char *text)
{
    if (vocabulary_find(&l->t->words, text, strlen(text), &l->t->unknown)) return PUMA_OK;
    return FAIL(l, TOKEN_ESPECIAL, "%s: unknown token \"%.40s\" is not in the vocabulary", l->file, text);
}

/* The pieces that may follow within a word, known by their prefix. */
static puma_status close_wordpiece(loader *l, const char *prefix, size_t word_limit)
{
    tokenizer        *t = l->t;
    size_t            size = strlen(prefix), count = 0;
    vocabulary_entry *entries = malloc((t->words.count + 1) * sizeof *entries);

    if (!entries) return full(l);
    for (size_t i = 0; i < t->words.count; i++) {
        const vocabulary_entry *w = &t->words.entries[i];

        if (w->size >= size && memcmp(w->text, prefix, size) == 0)
            entries[count++] = (vocabulary_entry){ w->text + size, w->size - size, w->value };
    }
    vocabulary_make(&t->continuing, entries, count);
    t->model = MODEL_WORDPIECE;
    t->word_limit = word_limit;
    return (t->prefix = copy_of(l, prefix)) ? PUMA_OK : l->e->status;
}

static puma_status load_wordpiece(loader *l, const json_t *model)
{
    const char   *unknown = json_string_value(json_object_get(model, "unk_token"));
    const json_t *prefix = json_object_get(model, "continuing_subword_prefix");
    const json_t *limit = json_object_get(model, "max_input_chars_per_word");
    json_int_t    letters = limit ? json_integer_value(limit) : 100;

    if (words_from_json(l, json_object_get(model, "vocab")) != PUMA_OK) return l->e->status;
    if (set_unknown(l, unknown ? unknown : "[UNK]") != PUMA_OK) return l->e->status;
    if (prefix && !json_is_string(prefix))
        return FAIL(l, TOKEN_EFILE, "%s: model.continuing_subword_prefix is not a string", l->file);
    /* Finding the pieces of a word may take the square of its length, so a file cannot ask for words without
     * end. */
    if ((limit && !json_is_integer(limit)) || letters < 0 || letters > 1000)
        return FAIL(l, TOKEN_EFILE, "%s: model.max_input_chars_per_word out of range (got %jd, limit 1000)",
                    l->file, (intmax_t)letters);
    return close_wordpiece(l, prefix ? json_string_value(prefix) : "##", (size_t)letters);
}

/* One merge, at `line` of a file or entry `line` of tokenizer.json. */
static puma_status add_merge(loader *l, size_t line, const char *left, size_t left_size, const char *right,
                             size_t right_size, uint32_t rank)
{
    tokenizer *t = l->t;
    uint32_t   a, b, result;
    char      *joined;
    bool       found;

    if (!vocabulary_find(&t->words, left, left_size, &a))
        return FAIL(l, TOKEN_EMERGE, "%s:%zu: merge of \"%.*s\", which is no token", l->file, line,
                    left_size < 40 ? (int)left_size : 40, left);
    if (!vocabulary_find(&t->words, right, right_size, &b))
        return FAIL(l, TOKEN_EMERGE, "%s:%zu: merge of \"%.*s\", which is no token", l->file, line,
                    right_size < 40 ? (int)right_size : 40, right);
    joined = malloc(left_size + right_size + 1);
    if (!joined) return full(l);
    memcpy(joined, left, left_size);
    memcpy(joined + left_size, right, right_size);
    joined[left_size + right_size] = '\0';
    found = vocabulary_find(&t->words, joined, left_size + right_size, &result);
    if (!found)
        FAIL(l, TOKEN_EMERGE, "%s:%zu: merge gives \"%.40s\", which is no token", l->file, line, joined);
    free(joined);
    if (found)
        t->merges[t->merge_count++] =
            (merge){ .pair = (uint64_t)a << 32 | b, .rank = rank, .result = result };
    return l->e->status;
}

/* "left right" */
static puma_status add_merge_line(loader *l, size_t line, const char *text, size_t size, uint32_t rank)
{
    const char *space = memchr(text, ' ', size);
    size_t      left = space ? (size_t)(space - text) : 0;

    if (!space || left == 0 || left + 1 == size || memchr(space + 1, ' ', size - left - 1))
        return FAIL(l, TOKEN_EMERGE, "%s:%zu: not two tokens", l->file, line);
    return add_merge(l, line, text, left, space + 1, size - left - 1, rank);
}

static puma_status merges_from_json(loader *l, const json_t *merges)
{
    size_t  i;
    json_t *entry;

    if (!json_is_array(merges)) return FAIL(l, TOKEN_EMERGE, "%s: model.merges is not an array", l->file);
    if (json_array_size(merges) > TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_EMERGE, "%s: too many merges (got %zu, limit %zu)", l->file,
                    json_array_size(merges), TOKEN_COUNT_LIMIT);
    l->t->merges = malloc((json_array_size(merges) + 1) * sizeof *l->t->merges);
    if (!l->t->merges) return full(l);
    json_array_foreach(merges, i, entry)
    {
        const json_t *left = json_array_get(entry, 0), *right = json_array_get(entry, 1);
        puma_status   status;

        if (json_is_string(entry))
            status =
                add_merge_line(l, i + 1, json_string_value(entry), json_string_length(entry), (uint32_t)i);
        else if (json_array_size(entry) == 2 && json_is_string(left) && json_is_string(right))
            status = add_merge(l, i + 1, json_string_value(left), json_string_length(left),
                               json_string_value(right), json_string_length(right), (uint32_t)i);
        else
            status = FAIL(l, TOKEN_EMERGE, "%s:%zu: not two tokens", l->file, i + 1);
        if (status != PUMA_OK) return error_prefix(l->e, "merges (file:entry)");
    }
    return PUMA_OK;
}

/* merges.txt: a line "#version…", then one merge a line. */
static puma_status merges_from_lines(loader *l, const char *data, size_t size)
{
    size_t   lines = 1;
    uint32_t rank = 0;

    for (size_t i = 0; i < size; i++) lines += data[i] == '\n';
    if (lines > TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_EMERGE, "%s: too many merges (got %zu, limit %zu)", l->file, lines,
                    TOKEN_COUNT_LIMIT);
    l->t->merges = malloc(lines * sizeof *l->t->merges);
    if (!l->t->merges) return full(l);
    for (size_t at = 0, line = 1; at < size; line++) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t      length = end ? (size_t)(end - data) - at : size - at, taken = length;

        if (taken > 0 && data[at + taken - 1] == '\r') taken--;
        if (taken > 0 && !(taken >= 8 && memcmp(data + at, "#version", 8) == 0) &&
            add_merge_line(l, line, data + at, taken, rank++) != PUMA_OK)
            return l->e->status;
        at += length + 1;
    }
    return PUMA_OK;
}

static bool absent_or_empty(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static puma_status load_bpe(loader *l, const json_t *model)
{
    static const char *const must_be_empty[] = { "continuing_subword_prefix", "end_of_word_suffix" };
    const json_t *dropout = json_object_get(model, "dropout"), *unknown = json_object_get(model, "unk_token");

    for (size_t i = 0; i < sizeof must_be_empty / sizeof *must_be_empty; i++)
        if (!absent_or_empty(json_object_get(model, must_be_empty[i])))
            return unsupported(l, "model BPE with", must_be_empty[i]);
    if (dropout && !json_is_null(dropout) && json_number_value(dropout) != 0.0)
        return unsupported(l, "model BPE with", "dropout");
    if (flag(model, "byte_fallback", false)) return unsupported(l, "model BPE with", "byte_fallback");
    if (words_from_json(l, json_object_get(model, "vocab")) != PUMA_OK) return l->e->status;
    if (merges_from_json(l, json_object_get(model, "merges")) != PUMA_OK) return l->e->status;
    l->t->model = MODEL_BPE;
    l->t->fuse_unknown = flag(model, "fuse_unk", false);
    l->t->whole_words = flag(model, "ignore_merges", false);
    if (absent_or_empty(unknown)) return PUMA_OK;
    if (!json_is_string(unknown)) return FAIL(l, TOKEN_EFILE, "%s: model.unk_token is not a string", l->file);
    return set_unknown(l, json_string_value(unknown));
}

static puma_status load_model(loader *l, const json_t *model)
{
    const json_t *type = json_object_get(model, "type");

    if (!json_is_object(model)) return FAIL(l, TOKEN_EFILE, "%s: has no model", l->file);
    /* Files written before the key existed are told apart by what only one of the two has. */
    if (!type && json_object_get(model, "merges")) return load_bpe(l, model);
    if (!type && json_object_get(model, "max_input_chars_per_word")) return load_wordpiece(l, model);
    if (strcmp(type_of(model), "WordPiece") == 0) return load_wordpiece(l, model);
    if (strcmp(type_of(model), "BPE") == 0) return load_bpe(l, model);
    return unsupported(l, "model", type_of(model));
}

static puma_status load_normalizer(loader *l, const json_t *n)
{
    tokenizer    *t = l->t;
    const json_t *steps = json_object_get(n, "normalizers");

    if (!n || json_is_null(n)) return PUMA_OK;
    if (strcmp(type_of(n), "Sequence") == 0 && json_is_array(steps) && json_array_size(steps) <= 1)
        return load_normalizer(l, json_array_get(steps, 0));
    if (strcmp(type_of(n), "BertNormalizer") == 0 && t->model == MODEL_WORDPIECE) {
        t->clean = flag(n, "clean_text", true);
        t->ideographs = flag(n, "handle_chinese_chars", true);
        t->lower = flag(n, "lowercase", true);
        t->strip = flag(n, "strip_accents", t->lower);
        return PUMA_OK;
    }
    if (strcmp(type_of(n), "NFC") == 0 && t->model == MODEL_BPE) {
        t->compose = true;
        return PUMA_OK;
    }
    return unsupported(l, "normalizer", type_of(n));
}

/* The regular expressions that models' files hold, recognised by their text and never run: ours are in bpe.c.
 */
static const struct {
    split_rule  rule;
    const char *text;
} KNOWN_SPLITS[] = {
    { SPLIT_GPT2, "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" },
    { SPLIT_QWEN2,
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
      "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+" },
    { SPLIT_LLAMA3,
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
      "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+" },
};

static puma_status load_split(loader *l, const json_t *p)
{
    const char *text = json_string_value(json_object_get(json_object_get(p, "pattern"), "Regex"));
    const char *behaviour = json_string_value(json_object_get(p, "behavior"));
    bool        invert = flag(p, "invert", false);

    /* The patterns leave no text between matches, so keeping the matches alone comes to the same. */
    if (!behaviour || strcmp(behaviour, invert ? "Removed" : "Isolated") != 0)
        return unsupported(l, "pre_tokenizer Split with behavior", behaviour ? behaviour : "(none)");
    for (size_t i = 0; text && i < sizeof KNOWN_SPLITS / sizeof *KNOWN_SPLITS; i++)
        if (strcmp(text, KNOWN_SPLITS[i].text) == 0) {
            l->t->split = KNOWN_SPLITS[i].rule;
            return PUMA_OK;
        }
    return unsupported(l, "pre_tokenizer Split with pattern", text ? text : "(not a Regex)");
}

static puma_status load_byte_level(loader *l, const json_t *p)
{
    l->t->prefix_space = flag(p, "add_prefix_space", true);
    if (flag(p, "use_regex", true)) l->t->split = SPLIT_GPT2;
    return PUMA_OK;
}

static puma_status load_pre_tokenizer(loader *l, const json_t *p)
{
    const char   *type = type_of(p);
    const json_t *steps = json_object_get(p, "pretokenizers");

    if (l->t->model == MODEL_WORDPIECE)
        return strcmp(type, "BertPreTokenizer") == 0 ? PUMA_OK : unsupported(l, "pre_tokenizer", type);
    if (strcmp(type, "ByteLevel") == 0) return load_byte_level(l, p);
    if (strcmp(type, "Sequence") != 0 || !json_is_array(steps)) return unsupported(l, "pre_tokenizer", type);
    if (json_array_size(steps) == 1) return load_pre_tokenizer(l, json_array_get(steps, 0));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const char *step = type_of(json_array_get(steps, i));

        if (strcmp(step, i == 0 ? "Split" : "ByteLevel") != 0 || i > 1)
            return unsupported(l, "pre_tokenizer Sequence with", step);
    }
    if (json_array_size(steps) != 2) return unsupported(l, "pre_tokenizer", "Sequence of nothing");
    p = json_array_get(steps, 1);
    /* Both would split a second time, or move the space behind the first split. */
    if (flag(p, "use_regex", true) || flag(p, "add_prefix_space", true))
        return unsupported(l, "pre_tokenizer Sequence with", "ByteLevel that splits or adds a space");
    return load_split(l, json_array_get(steps, 0));
}

/* --- templates -------------------------------------------------------------------------------- */

static puma_status put(loader *l, template *to, template_piece piece)
{
    if (to->count == TEMPLATE_PIECES)
        return FAIL(l, TOKEN_EUNSUPPORTED, "%s: post_processor of more than %d pieces is not supported",
                    l->file, TEMPLATE_PIECES);
    to->pieces[to->count++] = piece;
    return PUMA_OK;
}

static void plain_templates(tokenizer *t)
{
    t->single = (template){ .count = 1, .pieces = { { PIECE_A, 0, 0 } } };
    t->pair = (template){ .count = 2, .pieces = { { PIECE_A, 0, 0 }, { PIECE_B, 0, 1 } } };
}

static void bert_templates(tokenizer *t, uint32_t cls, uint32_t sep)
{
    t->single =
        (template){ .count = 3,
                    .pieces = { { PIECE_SPECIAL, cls, 0 }, { PIECE_A, 0, 0 }, { PIECE_SPECIAL, sep, 0 } } };
    t->pair = t->single;
    t->pair.pieces[3] = (template_piece){ PIECE_B, 0, 1 };
    t->pair.pieces[4] = (template_piece){ PIECE_SPECIAL, sep, 1 };
    t->pair.count = 5;
}

/* RoBERTa parts the texts by two separators and knows one type only. */
static void roberta_templates(tokenizer *t, uint32_t cls, uint32_t sep)
{
    bert_templates(t, cls, sep);
    t->pair.pieces[3] = (template_piece){ PIECE_SPECIAL, sep, 0 };
    t->pair.pieces[4] = (template_piece){ PIECE_B, 0, 0 };
    t->pair.pieces[5] = (template_piece){ PIECE_SPECIAL, sep, 0 };
    t->pair.count = 6;
}

static puma_status special_id(loader *l, const json_t *value, const char *name, uint32_t *id)
{
    json_int_t got = json_integer_value(value);

    if (!json_is_integer(value) || got < 0 || (uintmax_t)got >= l->t->count)
        return FAIL(l, TOKEN_ESPECIAL,
                    "%s: post_processor: special token \"%.40s\": id out of range (got %jd, limit %zu)",
                    l->file, name, (intmax_t)got, l->t->count - 1);
    *id = (uint32_t)got;
    return PUMA_OK;
}

static puma_status load_piece(loader *l, const json_t *piece, const json_t *specials, template *to)
{
    const json_t *sequence = json_object_get(piece, "Sequence"),
                 *special = json_object_get(piece, "SpecialToken");
    const json_t *body = sequence ? sequence : special, *ids, *id;
    const char   *name = json_string_value(json_object_get(body, "id"));
    json_int_t    type = json_integer_value(json_object_get(body, "type_id"));
    size_t        i;

    if (!name || type < 0 || type > 255)
        return FAIL(l, TOKEN_EFILE, "%s: post_processor: malformed template", l->file);
    if (sequence && (strcmp(name, "A") == 0 || strcmp(name, "B") == 0))
        return put(l, to, (template_piece){ *name == 'A' ? PIECE_A : PIECE_B, 0, (uint32_t)type });
    ids = json_object_get(json_object_get(specials, name), "ids");
    if (sequence || !json_is_array(ids))
        return FAIL(l, TOKEN_ESPECIAL, "%s: post_processor: \"%.40s\" is not among its special tokens",
                    l->file, name);
    json_array_foreach(ids, i, id)
    {
        uint32_t value = 0;

        if (special_id(l, id, name, &value) != PUMA_OK ||
            put(l, to, (template_piece){ PIECE_SPECIAL, value, (uint32_t)type }) != PUMA_OK)
            return l->e->status;
    }
    return PUMA_OK;
}

static puma_status load_template(loader *l, const json_t *p, const char *key, size_t b_wanted, template *to)
{
    const json_t *pieces = json_object_get(p, key), *piece;
    size_t        i, a = 0, b = 0;

    *to = (template){ 0 };
    json_array_foreach(pieces, i, piece) if (load_piece(l, piece, json_object_get(p, "special_tokens"), to) !=
                                             PUMA_OK) return l->e->status;
    for (i = 0; i < to->count; i++) {
        a += to->pieces[i].what == PIECE_A;
        b += to->pieces[i].what == PIECE_B;
    }
    if (a != 1 || b != b_wanted)
        return FAIL(l, TOKEN_EFILE, "%s: post_processor: template \"%s\" does not hold each text once",
                    l->file, key);
    return PUMA_OK;
}

static puma_status load_cls_sep(loader *l, const json_t *p, void (*make)(tokenizer *, uint32_t, uint32_t))
{
    uint32_t cls = 0, sep = 0;

    if (special_id(l, json_array_get(json_object_get(p, "cls"), 1), "cls", &cls) != PUMA_OK ||
        special_id(l, json_array_get(json_object_get(p, "sep"), 1), "sep", &sep) != PUMA_OK)
        return l->e->status;
    make(l->t, cls, sep);
    return PUMA_OK;
}

static puma_status load_post_processor(loader *l, const json_t *p, bool *set)
{
    const char   *type = type_of(p);
    const json_t *steps = json_object_get(p, "processors"), *step;
    size_t        i;

    if (!p || json_is_null(p) || strcmp(type, "ByteLevel") == 0)
        return PUMA_OK; /* that one changes offsets only */
    if (strcmp(type, "Sequence") == 0 && json_is_array(steps)) {
        json_array_foreach(steps, i,
                           step) if (load_post_processor(l, step, set) != PUMA_OK) return l->e->status;
        return PUMA_OK;
    }
    if (*set) return unsupported(l, "post_processor Sequence with a second", type);
    *set = true;
    if (strcmp(type, "BertProcessing") == 0) return load_cls_sep(l, p, bert_templates);
    if (strcmp(type, "RobertaProcessing") == 0) return load_cls_sep(l, p, roberta_templates);
    if (strcmp(type, "TemplateProcessing") != 0) return unsupported(l, "post_processor", type);
    if (load_template(l, p, "single", 0, &l->t->single) != PUMA_OK) return l->e->status;
    return load_template(l, p, "pair", 1, &l->t->pair);
}

static puma_status load_decoder(loader *l, const json_t *d)
{
    const char *prefix = json_string_value(json_object_get(d, "prefix"));

    if (!d || json_is_null(d)) {
        l->t->decode = DECODE_JOIN;
    } else if (strcmp(type_of(d), "ByteLevel") == 0) {
        l->t->decode = DECODE_BYTES;
    } else if (strcmp(type_of(d), "WordPiece") == 0) {
        l->t->decode = DECODE_WORDPIECE;
        l->t->cleanup = flag(d, "cleanup", true);
        if (!(l->t->decode_prefix = copy_of(l, prefix ? prefix : "##"))) return l->e->status;
    } else {
        return unsupported(l, "decoder", type_of(d));
    }
    return PUMA_OK;
}

/* --- the two kinds of directory --------------------------------------------------------------- */

static puma_status load_parts(loader *l, const json_t *root)
{
    const char   *version = json_string_value(json_object_get(root, "version"));
    const json_t *added = json_object_get(root, "added_tokens"), *token;
    bool          set = false;
    size_t        i;

    if (!version || strcmp(version, "1.0") != 0)
        return FAIL(l, TOKEN_EUNSUPPORTED, "%s: version \"%.40s\" is not supported (limit 1.0)", l->file,
                    version ? version : "(none)");
    if (load_model(l, json_object_get(root, "model")) != PUMA_OK) return l->e->status;
    if (added && !json_is_null(added) && !json_is_array(added))
        return FAIL(l, TOKEN_ESPECIAL, "%s: added_tokens is not an array", l->file);
    json_array_foreach(added, i, token)
    {
        uint32_t id;

        if (check_id(l, json_object_get(token, "id"), "(added)", &id) != PUMA_OK ||
            add_from_json(l, token, id) != PUMA_OK)
            return l->e->status;
    }
    if (load_normalizer(l, json_object_get(root, "normalizer")) != PUMA_OK) return l->e->status;
    if (load_pre_tokenizer(l, json_object_get(root, "pre_tokenizer")) != PUMA_OK) return l->e->status;
    if (load_post_processor(l, json_object_get(root, "post_processor"), &set) != PUMA_OK) return l->e->status;
    return load_decoder(l, json_object_get(root, "decoder"));
}

static puma_status load_tokenizer_json(loader *l)
{
    json_t *root = read_json(l, "tokenizer.json", false);

    if (root) load_parts(l, root);
    json_decref(root);
    return l->e->status;
}

/* A special token of tokenizer_config.json: a string, or an object with `content`; NULL when it is null or
 * there is none.  Not there at all: `otherwise`. */
static const char *special_name(const json_t *config, const char *key, const char *otherwise)
{
    const json_t *value = json_object_get(config, key);

    if (!value) return otherwise;
    return json_string_value(json_is_object(value) ? json_object_get(value, "content") : value);
}

static const char *const SPECIAL_KEYS[] = { "unk_token", "bos_token", "eos_token", "sep_token",
                                            "pad_token", "cls_token", "mask_token" };

/* Declares the tokens that tokenizer_config.json and added_tokens.json name.  names: the class's own, in the
 * order of SPECIAL_KEYS, NULL where it has none.  One that is not in the vocabulary is passed over: it has no
 * id. */
static puma_status add_specials(loader *l, const json_t *config, const char *const *names)
{
    json_t     *listed = json_object_get(config, "added_tokens_decoder"), *value, *more;
    const char *key;
    char       *end;

    json_object_foreach(listed, key, value)
    {
        unsigned long id = strtoul(key, &end, 10);

        if (*end || end == key || id >= TOKEN_COUNT_LIMIT || *key == '-')
            return FAIL(l, TOKEN_ESPECIAL, "%s: added_tokens_decoder: \"%.40s\" is no id", l->file, key);
        if (add_from_json(l, value, (uint32_t)id) != PUMA_OK) return l->e->status;
    }
    for (size_t i = 0; i < sizeof SPECIAL_KEYS / sizeof *SPECIAL_KEYS; i++) {
        const json_t *given = json_object_get(config, SPECIAL_KEYS[i]);
        const char   *name = special_name(config, SPECIAL_KEYS[i], names[i]);
        uint32_t      id;

        if (!name || !vocabulary_find(&l->t->words, name, strlen(name), &id)) continue;
        if (add_token(l, name, strlen(name), id,
                      (added_token){ .special = true,
                                     .lstrip = flag(given, "lstrip", false),
                                     .rstrip = flag(given, "rstrip", false),
                                     .single_word = flag(given, "single_word", false),
                                     .normalized = flag(given, "normalized", false) }) != PUMA_OK)
            return l->e->status;
    }
    more = read_json(l, "added_tokens.json", true);
    json_object_foreach(more, key, value)
    {
        uint32_t id;

        if (check_id(l, value, key, &id) != PUMA_OK) break;
        if (add_token(l, key, strlen(key), id, (added_token){ .normalized = true }) != PUMA_OK) break;
    }
    json_decref(more);
    return l->e->status;
}

/* The id of a token that the template cannot do without. */
static puma_status needed(loader *l, const json_t *config, const char *key, const char *otherwise,
                          uint32_t *id)
{
    const char *name = special_name(config, key, otherwise);

    if (name && vocabulary_find(&l->t->words, name, strlen(name), id)) return PUMA_OK;
    return FAIL(l, TOKEN_ESPECIAL, "%s: %s \"%.40s\" is not in the vocabulary", l->file, key,
                name ? name : "(null)");
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

/* vocab.txt: BERT's and what took it over unchanged. */
static puma_status load_vocab_txt(loader *l, const json_t *config)
{
    static const char *const classes[] = {
        "BertTokenizer",           "BertTokenizerFast",       "DistilBertTokenizer",
        "DistilBertTokenizerFast", "ElectraTokenizer",        "ElectraTokenizerFast",
        "MobileBertTokenizer",     "MobileBertTokenizerFast", NULL
    };
    static const char *const names[] = { "[UNK]", NULL, NULL, "[SEP]", "[PAD]", "[CLS]", "[MASK]" };
    const char *class = json_string_value(json_object_get(config, "tokenizer_class"));
    const char *unknown = special_name(config, "unk_token", "[UNK]");
    tokenizer  *t = l->t;
    char       *data;
    size_t      size;
    uint32_t    cls, sep;

    if (class && !is_one_of(class, classes)) return unsupported(l, "with vocab.txt, tokenizer_class", class);
    if (!flag(config, "do_basic_tokenize", true)) return unsupported(l, "do_basic_tokenize", "false");
    l->file = "vocab.txt";
    if (read_bytes(l, l->file, &data, &size) == PUMA_OK) words_from_lines(l, data, size);
    free(data);
    if (l->e->status != PUMA_OK || set_unknown(l, unknown ? unknown : "(null)") != PUMA_OK)
        return l->e->status;
    if (close_wordpiece(l, "##", 100) != PUMA_OK) return l->e->status;
    if (needed(l, config, "cls_token", "[CLS]", &cls) != PUMA_OK ||
        needed(l, config, "sep_token", "[SEP]", &sep) != PUMA_OK)
        return l->e->status;
    if (add_specials(l, config, names) != PUMA_OK) return l->e->status;
    bert_templates(t, cls, sep);
    t->clean = true;
    t->lower = flag(config, "do_lower_case", true);
    t->strip = flag(config, "strip_accents", t->lower);
    t->ideographs = flag(config, "tokenize_chinese_chars", true);
    t->decode = DECODE_WORDPIECE;
    t->cleanup = true;
    return (t->decode_prefix = copy_of(l, "##")) ? PUMA_OK : l->e->status;
}

/* What tokenizer_config.json leaves open, config.json's model_type decides; without either it is GPT-2. */
static char *class_of(loader *l, const json_t *config)
{
    const char *class = json_string_value(json_object_get(config, "tokenizer_class"));
    const char *file = l->file;
    json_t     *model;
    char       *result;

    if (class) return copy_of(l, class);
    model = read_json(l, "config.json", true);
    l->file = file;
    class = json_string_value(json_object_get(model, "model_type"));
    result = l->e->status != PUMA_OK                  ? NULL
             : class && strcmp(class, "roberta") == 0 ? copy_of(l, "RobertaTokenizer")
             : class && strcmp(class, "qwen2") == 0   ? copy_of(l, "Qwen2Tokenizer")
                                                      : copy_of(l, "GPT2Tokenizer");
    json_decref(model);
    return result;
}

static puma_status bpe_of_class(loader *l, const json_t *config, const char *class)
{
    static const char *const roberta[] = { "RobertaTokenizer",
                                           "RobertaTokenizerFast",
                                           "LongformerTokenizer",
                                           "LongformerTokenizerFast",
                                           "BartTokenizer",
                                           "BartTokenizerFast",
                                           NULL };
    static const char *const gpt2[] = { "GPT2Tokenizer", "GPT2TokenizerFast", NULL };
    static const char *const qwen2[] = { "Qwen2Tokenizer", "Qwen2TokenizerFast", NULL };
    static const char *const roberta_names[] = { "<unk>", "<s>", "</s>", "</s>", "<pad>", "<s>", "<mask>" };
    static const char *const other_names[] = {
        "<|endoftext|>", "<|endoftext|>", "<|endoftext|>", NULL, NULL, NULL, NULL
    };
    tokenizer *t = l->t;
    uint32_t   cls, sep;

    t->model = MODEL_BPE;
    t->decode = DECODE_BYTES;
    t->split = SPLIT_GPT2;
    t->prefix_space = flag(config, "add_prefix_space", false);
    if (is_one_of(class, roberta)) {
        if (needed(l, config, "cls_token", "<s>", &cls) != PUMA_OK ||
            needed(l, config, "sep_token", "</s>", &sep) != PUMA_OK)
            return l->e->status;
        roberta_templates(t, cls, sep);
        return add_specials(l, config, roberta_names);
    }
    if (flag(config, "add_bos_token", false))
        return unsupported(l, "without tokenizer.json, option", "add_bos_token");
    if (is_one_of(class, qwen2)) {
        t->split = SPLIT_QWEN2;
        t->compose = true;
    } else if (!is_one_of(class, gpt2)) {
        return unsupported(l, "without tokenizer.json, tokenizer_class", class);
    }
    return add_specials(l, config, other_names);
}

static puma_status load_vocab_json(loader *l, const json_t *config, const char *words_name,
                                   const char *merges_name)
{
    char *class = class_of(l, config), *data = NULL;
    size_t  size;
    json_t *words = class ? read_json(l, words_name, false) : NULL;

    if (words && words_from_json(l, words) == PUMA_OK) {
        l->file = merges_name;
        if (read_bytes(l, merges_name, &data, &size) == PUMA_OK) merges_from_lines(l, data, size);
        l->file = words_name;
        if (l->e->status == PUMA_OK) bpe_of_class(l, config, class);
    }
    json_decref(words);
    free(data);
    free(class);
    return l->e->status;
}

/* Sorts out which added tokens are looked for before normalisation and which after it: those in normalised
 * form. */
static puma_status close_added(loader *l)
{
    tokenizer        *t = l->t;
    vocabulary_entry *raw = malloc((t->added_count + 1) * sizeof *raw);
    vocabulary_entry *cooked = malloc((t->added_count + 1) * sizeof *cooked);
    size_t            raw_count = 0, cooked_count = 0;

    for (uint32_t i = 0; raw && cooked && i < t->added_count; i++) {
        added_token *a = &t->added[i];

        if (!a->normalized) {
            raw[raw_count++] = (vocabulary_entry){ t->texts[a->id], t->sizes[a->id], i };
            continue;
        }
        if (token_normalise(t, t->texts[a->id], t->sizes[a->id], &a->form, l->e) != PUMA_OK) break;
        if (a->form.count > 0) cooked[cooked_count++] = (vocabulary_entry){ a->form.at, a->form.count, i };
    }
    if (!raw || !cooked || l->e->status != PUMA_OK) {
        free(raw);
        free(cooked);
        return full(l);
    }
    /* Two tokens of one text in normalised form: the reference takes either; here none is guessed. */
    if (vocabulary_make(&t->raw, raw, raw_count) || vocabulary_make(&t->cooked, cooked, cooked_count))
        FAIL(l, TOKEN_ESPECIAL, "%s: two added tokens are spelt alike", l->file);
    return l->e->status;
}

static puma_status close_tokenizer(loader *l)
{
    tokenizer *t = l->t;

    for (size_t id = 0; id < t->count; id++)
        if (!t->texts[id])
            return FAIL(l, TOKEN_EVOCABULARY, "%s: no token has id %zu (limit %zu)", l->file, id,
                        t->count - 1);
    if (close_added(l) != PUMA_OK) return l->e->status;
    return t->model == MODEL_BPE ? bpe_prepare(t, l->e) : PUMA_OK;
}

puma_status tokenizer_load(tokenizer *t, const char *directory, puma_error *e)
{
    loader  l = { .t = t, .directory = directory, .file = "tokenizer_config.json", .e = e };
    json_t *config = NULL;

    t->unknown = TOKEN_NONE;
    plain_templates(t);
    if (exists(&l, "tokenizer.json")) {
        load_tokenizer_json(&l);
    } else {
        bool vocab_txt = exists(&l, "vocab.txt"), vocab_json = exists(&l, "vocab.json"),
             encoder = exists(&l, "encoder.json");

        if (e->status == PUMA_OK) config = read_json(&l, "tokenizer_config.json", true);
        if (e->status != PUMA_OK)
            ;
        else if (vocab_txt)
            load_vocab_txt(&l, config);
        else if (vocab_json)
            load_vocab_json(&l, config, "vocab.json", "merges.txt");
        else if (encoder)
            load_vocab_json(&l, config, "encoder.json", "vocab.bpe");
        else if (exists(&l, "tokenizer.model"))
            FAIL(&l, TOKEN_EUNSUPPORTED, "%s/tokenizer.model: SentencePiece is not supported yet", directory);
        else
            FAIL(&l, TOKEN_ENONE, "%s: no tokenizer.json, vocab.txt, vocab.json or encoder.json", directory);
    }
    if (e->status == PUMA_OK) close_tokenizer(&l);
    json_decref(config);
    return e->status;
}
