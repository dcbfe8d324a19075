/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_json.c - tokenizer.json to a tokenizer.  What is not known by name is refused.
 *
 * files.c calls it where the file is there.  The file's own settings stand here, the class's corrections to them in
 * beside.c and the steps in steps_json.c. */
#include "token/loader.h"

#include <stdlib.h>
#include <string.h>

static puma_status load_wordpiece(loader *l, const json_t *model)
{
    const char   *unknown = json_string_value(json_object_get(model, "unk_token"));
    const json_t *prefix = json_object_get(model, "continuing_subword_prefix");
    const json_t *limit = json_object_get(model, "max_input_chars_per_word");
    json_int_t    letters = limit ? json_integer_value(limit) : 100;

    if (loader_words(l, json_object_get(model, "vocab")) != PUMA_OK) return l->e->status;
    if (loader_unknown(l, unknown ? unknown : "[UNK]") != PUMA_OK) return l->e->status;
    if (prefix && !json_is_string(prefix))
        return FAIL(l, TOKEN_EFILE, "%s: model.continuing_subword_prefix is not a string", l->file);
    /* Finding the pieces of a word may take the square of its length, so a file cannot ask for words without
     * end. */
    if ((limit && !json_is_integer(limit)) || letters < 0 || letters > 1000)
        return FAIL(l, TOKEN_EFILE, "%s: model.max_input_chars_per_word out of range (got %jd, limit 1000)",
                    l->file, (intmax_t)letters);
    return loader_close_wordpiece(l, prefix ? json_string_value(prefix) : "##", (size_t)letters);
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
    if (!l->t->merges) return loader_full(l);
    json_array_foreach(merges, i, entry)
    {
        const json_t *left = json_array_get(entry, 0), *right = json_array_get(entry, 1);
        puma_status   status;

        if (json_is_string(entry))
            status =
                loader_merge_line(l, i + 1, json_string_value(entry), json_string_length(entry), (uint32_t)i);
        else if (json_array_size(entry) == 2 && json_is_string(left) && json_is_string(right))
            status = loader_merge(l, i + 1, json_string_value(left), json_string_length(left),
                                  json_string_value(right), json_string_length(right), (uint32_t)i);
        else
            status = FAIL(l, TOKEN_EMERGE, "%s:%zu: not two tokens", l->file, i + 1);
        if (status != PUMA_OK) return error_prefix(l->e, "merges (file:entry)");
    }
    return PUMA_OK;
}

static bool absent_or_empty(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

/* A symbol's affix, which each character of a text may come with. */
#define AFFIX_LIMIT 64

static puma_status load_affix(loader *l, const json_t *model, const char *key, char **to)
{
    const json_t *value = json_object_get(model, key);

    if (absent_or_empty(value)) return PUMA_OK;
    if (!json_is_string(value) || json_string_length(value) > AFFIX_LIMIT)
        return FAIL(l, TOKEN_EFILE, "%s: model.%s is no text of at most %d bytes", l->file, key, AFFIX_LIMIT);
    *to = loader_copy(l, json_string_value(value));
    return l->e->status;
}

static puma_status load_bpe(loader *l, const json_t *model)
{
    const json_t *dropout = json_object_get(model, "dropout"), *unknown = json_object_get(model, "unk_token");

    if (dropout && !json_is_null(dropout) && json_number_value(dropout) != 0.0)
        return loader_unsupported(l, "model BPE with", "dropout");
    if (load_affix(l, model, "continuing_subword_prefix", &l->t->prefix) != PUMA_OK ||
        load_affix(l, model, "end_of_word_suffix", &l->t->suffix) != PUMA_OK)
        return l->e->status;
    if (loader_words(l, json_object_get(model, "vocab")) != PUMA_OK) return l->e->status;
    if (merges_from_json(l, json_object_get(model, "merges")) != PUMA_OK) return l->e->status;
    l->t->model = MODEL_BPE;
    l->t->byte_fallback = loader_flag(model, "byte_fallback", false);
    l->t->fuse_unknown = loader_flag(model, "fuse_unk", false);
    l->t->whole_words = loader_flag(model, "ignore_merges", false);
    if (absent_or_empty(unknown)) return PUMA_OK;
    if (!json_is_string(unknown)) return FAIL(l, TOKEN_EFILE, "%s: model.unk_token is not a string", l->file);
    return loader_unknown(l, json_string_value(unknown));
}

/* Each word is a token or the unknown one. */
static puma_status load_word_level(loader *l, const json_t *model)
{
    const char *unknown = json_string_value(json_object_get(model, "unk_token"));

    if (loader_words(l, json_object_get(model, "vocab")) != PUMA_OK) return l->e->status;
    l->t->model = MODEL_WORDLEVEL;
    return loader_unknown(l, unknown ? unknown : "<unk>");
}

/* [[token, log-probability], …], in the order of their ids. */
static puma_status load_scored(loader *l, const json_t *words)
{
    const json_t *word;
    size_t        i;

    if (!json_is_array(words)) return FAIL(l, TOKEN_EVOCABULARY, "%s: vocabulary is not an array", l->file);
    if (loader_open_unigram(l, json_array_size(words)) != PUMA_OK) return l->e->status;
    json_array_foreach(words, i, word)
    {
        const json_t *text = json_array_get(word, 0), *score = json_array_get(word, 1);

        if (!json_is_string(text) || !json_is_number(score) || json_array_size(word) != 2)
            return FAIL(l, TOKEN_EVOCABULARY, "%s: vocabulary: entry %zu is no token with a score", l->file,
                        i);
        if (loader_scored(l, json_string_value(text), json_string_length(text), json_number_value(score)) !=
            PUMA_OK)
            break;
    }
    return l->e->status;
}

static puma_status load_unigram(loader *l, const json_t *model)
{
    const json_t *unknown = json_object_get(model, "unk_id");
    json_int_t    id = json_integer_value(unknown);

    if (load_scored(l, json_object_get(model, "vocab")) != PUMA_OK) return l->e->status;
    l->t->unigram.byte_fallback = loader_flag(model, "byte_fallback", false);
    if (unknown && !json_is_null(unknown)) {
        if (!json_is_integer(unknown) || id < 0 || (uintmax_t)id >= l->t->count)
            return FAIL(l, TOKEN_ESPECIAL, "%s: model.unk_id out of range (got %jd, limit %zu)", l->file,
                        (intmax_t)id, l->t->count - 1);
        l->t->unknown = (uint32_t)id;
    }
    return loader_close_unigram(l);
}

static puma_status load_model(loader *l, const json_t *model)
{
    const json_t *type = json_object_get(model, "type");

    if (!json_is_object(model)) return FAIL(l, TOKEN_EFILE, "%s: has no model", l->file);
    /* Files written before the key existed are told apart by what only one of the two has. */
    if (!type && json_object_get(model, "merges")) return load_bpe(l, model);
    if (!type && json_object_get(model, "unk_id")) return load_unigram(l, model);
    if (!type && json_object_get(model, "max_input_chars_per_word")) return load_wordpiece(l, model);
    if (strcmp(loader_type(model), "WordPiece") == 0) return load_wordpiece(l, model);
    if (strcmp(loader_type(model), "BPE") == 0) return load_bpe(l, model);
    if (strcmp(loader_type(model), "Unigram") == 0) return load_unigram(l, model);
    if (strcmp(loader_type(model), "WordLevel") == 0) return load_word_level(l, model);
    return loader_unsupported(l, "model", loader_type(model));
}

/* --- templates -------------------------------------------------------------------------------- */

/* The files beside may bring the token, so whether it is there is seen at the end. */
static puma_status special_id(loader *l, const json_t *value, const char *name, uint32_t *id)
{
    json_int_t got = json_integer_value(value);

    if (!json_is_integer(value) || got < 0 || (uintmax_t)got >= TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_ESPECIAL,
                    "%s: post_processor: special token \"%.40s\": id out of range (got %jd, limit %zu)",
                    l->file, name, (intmax_t)got, TOKEN_COUNT_LIMIT - 1);
    *id = (uint32_t)got;
    return PUMA_OK;
}

static puma_status check_template(loader *l, const template *plan)
{
    const tokenizer *t = l->t;

    for (size_t i = 0; i < plan->count; i++) {
        const template_piece *p = &plan->pieces[i];

        if (p->what == PIECE_SPECIAL && (p->id >= t->count || !t->texts[p->id]))
            return FAIL(l, TOKEN_ESPECIAL,
                        "%s: post_processor: no token has the id of a special one (got %u, limit %zu)",
                        l->file, p->id, t->count - 1);
    }
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
        return template_put(l, to, (template_piece){ *name == 'A' ? PIECE_A : PIECE_B, 0, (uint32_t)type });
    ids = json_object_get(json_object_get(specials, name), "ids");
    if (sequence || !json_is_array(ids))
        return FAIL(l, TOKEN_ESPECIAL, "%s: post_processor: \"%.40s\" is not among its special tokens",
                    l->file, name);
    json_array_foreach(ids, i, id)
    {
        uint32_t value = 0;

        if (special_id(l, id, name, &value) != PUMA_OK ||
            template_put(l, to, (template_piece){ PIECE_SPECIAL, value, (uint32_t)type }) != PUMA_OK)
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
    const char   *type = loader_type(p);
    const json_t *steps = json_object_get(p, "processors"), *step;
    size_t        i;

    if (!p || json_is_null(p) || strcmp(type, "ByteLevel") == 0)
        return PUMA_OK; /* that one changes offsets only */
    if (strcmp(type, "Sequence") == 0 && json_is_array(steps)) {
        json_array_foreach(steps, i,
                           step) if (load_post_processor(l, step, set) != PUMA_OK) return l->e->status;
        return PUMA_OK;
    }
    if (*set) return loader_unsupported(l, "post_processor Sequence with a second", type);
    *set = true;
    if (strcmp(type, "BertProcessing") == 0) return load_cls_sep(l, p, template_bert);
    if (strcmp(type, "RobertaProcessing") == 0) return load_cls_sep(l, p, template_roberta);
    if (strcmp(type, "TemplateProcessing") != 0) return loader_unsupported(l, "post_processor", type);
    if (load_template(l, p, "single", 0, &l->t->single) != PUMA_OK) return l->e->status;
    return load_template(l, p, "pair", 1, &l->t->pair);
}

/* --- the whole file ---------------------------------------------------------------------------- */

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
        const json_t *content = json_object_get(token, "content");
        uint32_t      id;

        if (!json_is_string(content))
            return FAIL(l, TOKEN_ESPECIAL, "%s: added token %zu has no content", l->file, i);
        if (loader_id(l, json_object_get(token, "id"), json_string_value(content), &id) != PUMA_OK ||
            loader_append(l, json_string_value(content), json_string_length(content),
                          loader_flags(token, loader_flag(token, "special", false))) != PUMA_OK)
            return l->e->status;
    }
    if (load_normalizer(l, json_object_get(root, "normalizer")) != PUMA_OK) return l->e->status;
    if (load_pre_tokenizer(l, json_object_get(root, "pre_tokenizer")) != PUMA_OK) return l->e->status;
    if (load_post_processor(l, json_object_get(root, "post_processor"), &set) != PUMA_OK) return l->e->status;
    return load_decoder(l, json_object_get(root, "decoder"));
}

puma_status load_tokenizer_json(loader *l, const beside *b)
{
    json_t *root = loader_json(l, "tokenizer.json", false);

    if (root && beside_patch(l, b, root) == PUMA_OK && load_parts(l, root) == PUMA_OK &&
        beside_add_tokens(l, b) == PUMA_OK) {
        if (!json_is_object(json_object_get(root, "post_processor"))) beside_own_template(l, b);
        if (l->e->status == PUMA_OK && b->family == BESIDE_LLAMA &&
            (json_object_get(b->config, "add_bos_token") || json_object_get(b->config, "add_eos_token")))
            beside_ends(l, b);
    }
    if (l->e->status == PUMA_OK && check_template(l, &l->t->single) == PUMA_OK)
        check_template(l, &l->t->pair);
    json_decref(root);
    return l->e->status;
}
