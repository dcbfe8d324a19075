/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* loader.c - see loader.h */
#include "token/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

puma_status loader_full(loader *l) { return FAIL(l, TOKEN_EMEMORY, "%s: out of memory", l->file); }

/* malloc'd "directory/name" */
static char *path_of(loader *l, const char *name)
{
    size_t size = strlen(l->directory) + strlen(name) + 2;
    char  *path = malloc(size);

    if (path)
        snprintf(path, size, "%s/%s", l->directory, name);
    else
        loader_full(l);
    return path;
}

static const token_file *file_of(const loader *l, const char *name)
{
    for (size_t i = 0; i < l->file_count; i++)
        if (strcmp(l->files[i].name, name) == 0) return &l->files[i];
    return NULL;
}

bool loader_exists(loader *l, const char *name)
{
    char *path;
    bool  there;

    if (l->files) return file_of(l, name) != NULL;
    path = path_of(l, name);
    there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

static puma_status copy_bytes(loader *l, const char *name, char **data, size_t *size)
{
    const token_file *f = file_of(l, name);

    if (!f) return FAIL(l, TOKEN_EFILE, "%s: not there", name);
    if (f->size > TOKEN_FILE_LIMIT) return FAIL(l, TOKEN_EFILE, "%s: file too large", name);
    *data = malloc(f->size + 1);
    if (!*data) return loader_full(l);
    if (f->size > 0) memcpy(*data, f->bytes, f->size);
    (*data)[f->size] = '\0';
    *size = f->size;
    return PUMA_OK;
}

gguf *loader_gguf(loader *l)
{
    gguf     *g = NULL;
    char     *path = NULL;
    data_file f;

    if (!l->files) {
        if (file_find_gguf(&path, l->directory, l->e) == PUMA_OK && path) gguf_open(&g, path, l->e);
        free(path);
        return g;
    }
    for (size_t i = 0; i < l->file_count; i++) {
        if (!file_is_gguf(l->files[i].name)) continue;
        if (file_memory(&f, l->files[i].name, l->files[i].bytes, l->files[i].size, l->e) == PUMA_OK)
            gguf_read(&g, &f, l->e);
        file_close(&f);
        break;
    }
    return g;
}

puma_status loader_bytes(loader *l, const char *name, char **data, size_t *size)
{
    char *path;

    *data = NULL;
    if (l->files) return copy_bytes(l, name, data, size);
    path = path_of(l, name);
    if (path) file_read(path, TOKEN_FILE_LIMIT, data, size, TOKEN_EFILE, l->e);
    free(path);
    return l->e->status;
}

/* A JSON object; NULL and no error when `optional` and not there. */
json_t *loader_json(loader *l, const char *name, bool optional)
{
    /* transformers writes a model_max_length that is none as the integer 10^30. */
    const json_limits limits = { .separators = 4 * TOKEN_COUNT_LIMIT,
                                 .reals = strcmp(name, "tokenizer_config.json") == 0 };
    char             *data;
    size_t            size;
    json_t           *root = NULL;

    l->file = name;
    if (optional && !loader_exists(l, name)) return NULL;
    if (loader_bytes(l, name, &data, &size) == PUMA_OK)
        json_parse_limited(name, data, size, &limits, &root, TOKEN_EFILE, l->e);
    free(data);
    if (root && !json_is_object(root)) {
        FAIL(l, TOKEN_EFILE, "%s: not a JSON object", name);
        json_decref(root);
        root = NULL;
    }
    return root;
}

puma_status loader_set_token(loader *l, uint32_t id, const char *text, size_t size)
{
    tokenizer *t = l->t;

    while (id >= t->room) {
        size_t   room = t->room ? t->room * 2 : 1024;
        char   **texts = realloc(t->texts, room * sizeof *texts);
        size_t  *sizes;
        uint8_t *kinds;

        if (!texts) return loader_full(l);
        t->texts = texts;
        sizes = realloc(t->sizes, room * sizeof *sizes);
        if (!sizes) return loader_full(l);
        t->sizes = sizes;
        kinds = realloc(t->kinds, room * sizeof *kinds);
        if (!kinds) return loader_full(l);
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
    if (!t->texts[id]) return loader_full(l);
    memcpy(t->texts[id], text, size);
    t->texts[id][size] = '\0';
    t->sizes[id] = size;
    return PUMA_OK;
}

puma_status loader_id(loader *l, const json_t *value, const char *text, uint32_t *id)
{
    if (!json_is_integer(value))
        return FAIL(l, TOKEN_EVOCABULARY, "%s: token \"%.40s\": id is not an integer", l->file, text);
    if (json_integer_value(value) < 0 || (uintmax_t)json_integer_value(value) >= TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: token \"%.40s\": id out of range (got %jd, limit %zu)",
                    l->file, text, (intmax_t)json_integer_value(value), TOKEN_COUNT_LIMIT - 1);
    *id = (uint32_t)json_integer_value(value);
    return PUMA_OK;
}

static int by_text_and_id(const void *a, const void *b)
{
    const vocabulary_entry *x = a, *y = b;
    size_t                  common = x->size < y->size ? x->size : y->size;
    int                     order = common > 0 ? memcmp(x->text, y->text, common) : 0;

    if (order == 0) order = (x->size > y->size) - (x->size < y->size);
    return order != 0 ? order : (x->value > y->value) - (x->value < y->value);
}

/* Of tokens of one text the last keeps its id; the others are none.  Returns how many are left. */
static size_t keep_last(tokenizer *t, vocabulary_entry *entries, size_t count)
{
    size_t kept = 0;

    qsort(entries, count, sizeof *entries, by_text_and_id);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && entries[i].size == entries[i + 1].size &&
            memcmp(entries[i].text, entries[i + 1].text, entries[i].size) == 0) {
            free(t->texts[entries[i].value]);
            t->texts[entries[i].value] = NULL;
        } else {
            entries[kept++] = entries[i];
        }
    }
    return kept;
}

puma_status loader_close_words(loader *l, bool last_wins)
{
    tokenizer              *t = l->t;
    vocabulary_entry       *entries = malloc((t->count + 1) * sizeof *entries);
    const vocabulary_entry *twice;
    size_t                  count = 0;

    if (!entries) return loader_full(l);
    for (uint32_t id = 0; id < t->count; id++)
        if (t->texts[id]) entries[count++] = (vocabulary_entry){ t->texts[id], t->sizes[id], id };
    if (last_wins) count = keep_last(t, entries, count);
    twice = vocabulary_make(&t->words, entries, count);
    if (twice) return FAIL(l, TOKEN_EVOCABULARY, "%s: token \"%.40s\" stands twice", l->file, twice->text);
    if (count == 0) return FAIL(l, TOKEN_EVOCABULARY, "%s: the vocabulary is empty", l->file);
    return PUMA_OK;
}

puma_status loader_open_unigram(loader *l, size_t count)
{
    if (count > TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: too many tokens (got %zu, limit %zu)", l->file, count,
                    TOKEN_COUNT_LIMIT);
    l->t->unigram.scores = malloc((count + 1) * sizeof *l->t->unigram.scores);
    return l->t->unigram.scores ? PUMA_OK : loader_full(l);
}

puma_status loader_scored(loader *l, const char *text, size_t size, double score)
{
    unigram *u = &l->t->unigram;

    u->scores[u->count] = score;
    return loader_set_token(l, (uint32_t)u->count++, text, size);
}

/* Of tokens of one text the last counts, as in the reference. */
puma_status loader_close_unigram(loader *l)
{
    tokenizer        *t = l->t;
    vocabulary_entry *entries = malloc((t->count + 1) * sizeof *entries);

    if (!entries) return loader_full(l);
    for (uint32_t id = 0; id < t->count; id++)
        entries[id] = (vocabulary_entry){ t->texts[id], t->sizes[id], id };
    vocabulary_make(&t->words, entries, t->count);
    vocabulary_keep_last(&t->words);
    if (t->count == 0) return FAIL(l, TOKEN_EVOCABULARY, "%s: the vocabulary is empty", l->file);
    t->model = MODEL_UNIGRAM;
    unigram_prepare(t);
    l->added_next = (uint32_t)t->count;
    return PUMA_OK;
}

puma_status loader_words(loader *l, json_t *words)
{
    const char *text;
    json_t     *value;

    if (!json_is_object(words)) return FAIL(l, TOKEN_EVOCABULARY, "%s: vocabulary is not an object", l->file);
    json_object_foreach(words, text, value)
    {
        uint32_t id;

        if (loader_id(l, value, text, &id) != PUMA_OK ||
            loader_set_token(l, id, text, strlen(text)) != PUMA_OK)
            return l->e->status;
    }
    return loader_close_words(l, false);
}

/* token.id, whose text is known, is an added token. */
static puma_status declare(loader *l, added_token token)
{
    tokenizer *t = l->t;

    if (t->added_count == l->added_room) {
        size_t       room = l->added_room ? l->added_room * 2 : 16;
        added_token *added = realloc(t->added, room * sizeof *added);

        if (!added) return loader_full(l);
        t->added = added;
        l->added_room = room;
    }
    if (!l->added_places && !(l->added_places = json_object())) return loader_full(l);
    if (json_object_set_new(l->added_places, t->texts[token.id], json_integer((json_int_t)t->added_count)) !=
        0)
        return loader_full(l);
    t->added[t->added_count++] = token;
    t->kinds[token.id] |= token.special ? KIND_ADDED | KIND_SPECIAL : KIND_ADDED;
    return PUMA_OK;
}

/* An added token: one of the model's own, or one with an id that is free. */
puma_status loader_add(loader *l, const char *text, size_t size, uint32_t id, added_token token)
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
    } else if (loader_set_token(l, id, text, size) != PUMA_OK) {
        return l->e->status;
    }
    if (l->t->kinds[id] & KIND_ADDED) return PUMA_OK;
    token.id = id;
    return declare(l, token);
}

bool loader_find(loader *l, const char *text, uint32_t *id)
{
    const json_t *place = json_object_get(l->added_places, text);

    if (place) *id = l->t->added[json_integer_value(place)].id;
    return place || vocabulary_find(&l->t->words, text, strlen(text), id);
}

/* Gives an id that may be another token's already: the vocabulary still holds that one's text. */
static puma_status take_id(loader *l, uint32_t id, const char *text, size_t size)
{
    tokenizer *t = l->t;

    if (id < t->count && t->texts[id]) {
        if (t->spare_count == l->spare_room) {
            size_t room = l->spare_room ? l->spare_room * 2 : 16;
            char **spares = realloc(t->spares, room * sizeof *spares);

            if (!spares) return loader_full(l);
            t->spares = spares;
            l->spare_room = room;
        }
        t->spares[t->spare_count++] = t->texts[id];
        t->texts[id] = NULL;
    }
    return loader_set_token(l, id, text, size);
}

puma_status loader_append(loader *l, const char *text, size_t size, added_token token)
{
    const json_t *place = json_object_get(l->added_places, text);
    size_t        next = l->added_next > l->t->words.count ? l->added_next : l->t->words.count;

    if (size == 0) return PUMA_OK;
    if (size > TOKEN_ADDED_LIMIT)
        return FAIL(l, TOKEN_ESPECIAL, "%s: an added token has a bad length (got %zu bytes, limit %zu)",
                    l->file, size, TOKEN_ADDED_LIMIT);
    if (place) {
        added_token *known = &l->t->added[json_integer_value(place)];

        token.id = known->id;
        *known = token;
        l->t->kinds[token.id] |= token.special ? KIND_SPECIAL : 0;
        return PUMA_OK;
    }
    if (!vocabulary_find(&l->t->words, text, size, &token.id)) {
        if (next >= TOKEN_COUNT_LIMIT)
            return FAIL(l, TOKEN_EVOCABULARY, "%s: more than %zu tokens", l->file, TOKEN_COUNT_LIMIT);
        token.id = (uint32_t)next;
        if (take_id(l, token.id, text, size) != PUMA_OK) return l->e->status;
    }
    if (token.id >= l->added_next) l->added_next = token.id + 1;
    return declare(l, token);
}

bool loader_flag(const json_t *object, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

added_token loader_flags(const json_t *object, bool special)
{
    return (added_token){ .special = special,
                          .single_word = loader_flag(object, "single_word", false),
                          .lstrip = loader_flag(object, "lstrip", false),
                          .rstrip = loader_flag(object, "rstrip", false),
                          .normalized = loader_flag(object, "normalized", !special) };
}

const char *loader_type(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));

    return type ? type : "(none)";
}

puma_status loader_unsupported(loader *l, const char *part, const char *type)
{
    return FAIL(l, TOKEN_EUNSUPPORTED, "%s: %s \"%.60s\" is not supported", l->file, part, type);
}

char *loader_copy(loader *l, const char *text)
{
    char *copy = strdup(text);

    if (!copy) loader_full(l);
    return copy;
}

puma_status loader_unknown(loader *l, const char *text)
{
    if (vocabulary_find(&l->t->words, text, strlen(text), &l->t->unknown)) return PUMA_OK;
    return FAIL(l, TOKEN_ESPECIAL, "%s: unknown token \"%.40s\" is not in the vocabulary", l->file, text);
}

/* The pieces that may follow within a word, known by their prefix. */
puma_status loader_close_wordpiece(loader *l, const char *prefix, size_t word_limit)
{
    tokenizer        *t = l->t;
    size_t            size = strlen(prefix), count = 0;
    vocabulary_entry *entries = malloc((t->words.count + 1) * sizeof *entries);

    if (!entries) return loader_full(l);
    for (size_t i = 0; i < t->words.count; i++) {
        const vocabulary_entry *w = &t->words.entries[i];

        if (w->size >= size && memcmp(w->text, prefix, size) == 0)
            entries[count++] = (vocabulary_entry){ w->text + size, w->size - size, w->value };
    }
    vocabulary_make(&t->continuing, entries, count);
    t->model = MODEL_WORDPIECE;
    t->word_limit = word_limit;
    return (t->prefix = loader_copy(l, prefix)) ? PUMA_OK : l->e->status;
}

/* One merge, at `line` of a file or entry `line` of tokenizer.json. */
puma_status loader_merge(loader *l, size_t line, const char *left, size_t left_size, const char *right,
                         size_t right_size, uint32_t rank)
{
    tokenizer *t = l->t;
    size_t     prefix = t->prefix ? strlen(t->prefix) : 0; /* of a symbol within a word: it goes */
    uint32_t   a, b, result;
    char      *joined;
    bool       found;

    if (!vocabulary_find(&t->words, left, left_size, &a))
        return FAIL(l, TOKEN_EMERGE, "%s:%zu: merge of \"%.*s\", which is no token", l->file, line,
                    left_size < 40 ? (int)left_size : 40, left);
    if (!vocabulary_find(&t->words, right, right_size, &b))
        return FAIL(l, TOKEN_EMERGE, "%s:%zu: merge of \"%.*s\", which is no token", l->file, line,
                    right_size < 40 ? (int)right_size : 40, right);
    if (right_size < prefix)
        return FAIL(l, TOKEN_EMERGE, "%s:%zu: merge of \"%.*s\", which is shorter than the prefix", l->file,
                    line, right_size < 40 ? (int)right_size : 40, right);
    right += prefix;
    right_size -= prefix;
    joined = malloc(left_size + right_size + 1);
    if (!joined) return loader_full(l);
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
puma_status loader_merge_line(loader *l, size_t line, const char *text, size_t size, uint32_t rank)
{
    const char *space = memchr(text, ' ', size);
    size_t      left = space ? (size_t)(space - text) : 0;

    if (!space || left == 0 || left + 1 == size || memchr(space + 1, ' ', size - left - 1))
        return FAIL(l, TOKEN_EMERGE, "%s:%zu: not two tokens", l->file, line);
    return loader_merge(l, line, text, left, space + 1, size - left - 1, rank);
}

normal_step *loader_normal(loader *l, int what)
{
    normal_step *step = &l->t->normals[l->t->normal_count];

    if (l->t->normal_count == STEP_LIMIT) {
        FAIL(l, TOKEN_EUNSUPPORTED, "%s: a normalizer of more than %d steps is not supported", l->file,
             STEP_LIMIT);
        return NULL;
    }
    l->t->normal_count++;
    step->what = what;
    return step;
}

/* Some steps make a piece longer, and those that follow could again; no real tokenizer has many of them. */
#define GROWING_LIMIT 4

split_step *loader_split(loader *l, int what)
{
    split_step *step = &l->t->splits[l->t->split_count];
    size_t      growing = what == SPLIT_SPACE || what == SPLIT_SIGNS || what == SPLIT_BYTES;

    for (size_t i = 0; i < l->t->split_count; i++) {
        int other = l->t->splits[i].what;

        growing += other == SPLIT_SPACE || other == SPLIT_SIGNS || other == SPLIT_BYTES;
    }
    if (l->t->split_count == STEP_LIMIT || growing > GROWING_LIMIT) {
        FAIL(l, TOKEN_EUNSUPPORTED,
             "%s: a pre_tokenizer of more than %d steps, or %d that change the text, is not supported",
             l->file, STEP_LIMIT, GROWING_LIMIT);
        return NULL;
    }
    l->t->split_count++;
    step->what = what;
    return step;
}

decode_step *loader_decode(loader *l, int what)
{
    decode_step *step = &l->t->steps[l->t->step_count];

    if (l->t->step_count == DECODE_STEP_LIMIT) {
        FAIL(l, TOKEN_EUNSUPPORTED, "%s: a decoder of more than %d steps is not supported", l->file,
             DECODE_STEP_LIMIT);
        return NULL;
    }
    l->t->step_count++;
    l->t->decode = DECODE_STEPS;
    step->what = what;
    return step;
}

puma_status loader_split_regex(loader *l, const char *regex, size_t size, split_behaviour behaviour,
                               bool invert)
{
    split_step *step = loader_split(l, SPLIT_PATTERN);

    if (!step) return l->e->status;
    step->behaviour = behaviour;
    step->invert = invert;
    return pattern_regex(&step->pattern, l->file, regex, size, l->e);
}

const char *const loader_gpt2[2] = {
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", NULL
};

puma_status loader_byte_level(loader *l, bool prefix_space, const char *const *regexes)
{
    if (prefix_space && !loader_split(l, SPLIT_SPACE)) return l->e->status;
    for (; *regexes; regexes++)
        if (loader_split_regex(l, *regexes, strlen(*regexes), SPLIT_ISOLATED, false) != PUMA_OK)
            return l->e->status;
    if (loader_split(l, SPLIT_BYTES)) loader_decode(l, STEP_BYTES);
    return l->e->status;
}

puma_status template_put(loader *l, template *to, template_piece piece)
{
    if (to->count == TEMPLATE_PIECES)
        return FAIL(l, TOKEN_EUNSUPPORTED, "%s: post_processor of more than %d pieces is not supported",
                    l->file, TEMPLATE_PIECES);
    to->pieces[to->count++] = piece;
    return PUMA_OK;
}

void template_plain(tokenizer *t)
{
    t->single = (template){ .count = 1, .pieces = { { PIECE_A, 0, 0 } } };
    t->pair = (template){ .count = 2, .pieces = { { PIECE_A, 0, 0 }, { PIECE_B, 0, 1 } } };
}

void template_bert(tokenizer *t, uint32_t cls, uint32_t sep)
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
void template_roberta(tokenizer *t, uint32_t cls, uint32_t sep)
{
    template_bert(t, cls, sep);
    t->pair.pieces[3] = (template_piece){ PIECE_SPECIAL, sep, 0 };
    t->pair.pieces[4] = (template_piece){ PIECE_B, 0, 0 };
    t->pair.pieces[5] = (template_piece){ PIECE_SPECIAL, sep, 0 };
    t->pair.count = 6;
}

void template_llama(tokenizer *t, uint32_t bos, uint32_t eos)
{
    const uint32_t ends[2] = { bos, eos };

    t->single = t->pair = (template){ 0 };
    for (uint32_t text = 0; text < 2; text++)
        for (uint32_t part = 0; part < 3; part++) {
            template_piece piece = { text ? PIECE_B : PIECE_A, 0, text };

            if (part != 1) {
                if (ends[part / 2] == TOKEN_NONE) continue;
                piece = (template_piece){ PIECE_SPECIAL, ends[part / 2], text };
            }
            t->pair.pieces[t->pair.count++] = piece;
            if (text == 0) t->single.pieces[t->single.count++] = piece;
        }
}
