/* tokenizer_json.c - tokenizer.json to a tokenizer.  What is not known by name is refused. */
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

static puma_status load_bpe(loader *l, const json_t *model)
{
    static const char *const must_be_empty[] = { "continuing_subword_prefix", "end_of_word_suffix" };
    const json_t *dropout = json_object_get(model, "dropout"), *unknown = json_object_get(model, "unk_token");

    for (size_t i = 0; i < sizeof must_be_empty / sizeof *must_be_empty; i++)
        if (!absent_or_empty(json_object_get(model, must_be_empty[i])))
            return loader_unsupported(l, "model BPE with", must_be_empty[i]);
    if (dropout && !json_is_null(dropout) && json_number_value(dropout) != 0.0)
        return loader_unsupported(l, "model BPE with", "dropout");
    if (loader_words(l, json_object_get(model, "vocab")) != PUMA_OK) return l->e->status;
    if (merges_from_json(l, json_object_get(model, "merges")) != PUMA_OK) return l->e->status;
    l->t->model = MODEL_BPE;
    l->t->letters = true; /* until a step makes bytes of the text */
    l->t->byte_fallback = loader_flag(model, "byte_fallback", false);
    l->t->fuse_unknown = loader_flag(model, "fuse_unk", false);
    l->t->whole_words = loader_flag(model, "ignore_merges", false);
    if (absent_or_empty(unknown)) return PUMA_OK;
    if (!json_is_string(unknown)) return FAIL(l, TOKEN_EFILE, "%s: model.unk_token is not a string", l->file);
    return loader_unknown(l, json_string_value(unknown));
}

static puma_status load_model(loader *l, const json_t *model)
{
    const json_t *type = json_object_get(model, "type");

    if (!json_is_object(model)) return FAIL(l, TOKEN_EFILE, "%s: has no model", l->file);
    /* Files written before the key existed are told apart by what only one of the two has. */
    if (!type && json_object_get(model, "merges")) return load_bpe(l, model);
    if (!type && json_object_get(model, "max_input_chars_per_word")) return load_wordpiece(l, model);
    if (strcmp(loader_type(model), "WordPiece") == 0) return load_wordpiece(l, model);
    if (strcmp(loader_type(model), "BPE") == 0) return load_bpe(l, model);
    return loader_unsupported(l, "model", loader_type(model));
}

/* The string of a step that may be a pattern: regular expressions are refused. */
static bool add_string(loader *l, const json_t *value, const char *what, bytes *to)
{
    const json_t *text = json_is_object(value) ? json_object_get(value, "String") : value;

    if (!json_is_string(text)) {
        loader_unsupported(l, what, json_object_get(value, "Regex") ? "a Regex" : "no string");
        return false;
    }
    if (!bytes_add(to, json_string_value(text), json_string_length(text))) loader_full(l);
    return l->e->status == PUMA_OK;
}

static puma_status load_rewrite(loader *l, const json_t *n, bool prepend)
{
    tokenizer *t = l->t;
    rewrite   *r = &t->rewrites[t->rewrite_count];

    if (t->rewrite_count == REWRITE_LIMIT)
        return loader_unsupported(l, "normalizer Sequence with so many steps, another", loader_type(n));
    t->rewrite_count++;
    if (prepend) {
        add_string(l, json_object_get(n, "prepend"), "normalizer Prepend of", &r->to);
        return l->e->status;
    }
    if (add_string(l, json_object_get(n, "pattern"), "normalizer Replace of", &r->from) &&
        add_string(l, json_object_get(n, "content"), "normalizer Replace by", &r->to) && r->from.count == 0)
        return loader_unsupported(l, "normalizer Replace of", "");
    return l->e->status;
}

static puma_status load_normalizer(loader *l, const json_t *n)
{
    tokenizer    *t = l->t;
    const char   *type = loader_type(n);
    const json_t *steps = json_object_get(n, "normalizers"), *step;
    size_t        i;

    if (!n || json_is_null(n)) return PUMA_OK;
    if (strcmp(type, "Sequence") == 0 && json_is_array(steps) &&
        (t->model == MODEL_BPE || json_array_size(steps) <= 1)) {
        json_array_foreach(steps, i, step)
        {
            if (load_normalizer(l, step) != PUMA_OK) return l->e->status;
        }
        return PUMA_OK;
    }
    if (strcmp(type, "BertNormalizer") == 0 && t->model == MODEL_WORDPIECE) {
        t->clean = loader_flag(n, "clean_text", true);
        t->ideographs = loader_flag(n, "handle_chinese_chars", true);
        t->lower = loader_flag(n, "lowercase", true);
        t->strip = loader_flag(n, "strip_accents", t->lower);
        return PUMA_OK;
    }
    if (strcmp(type, "NFC") == 0 && t->model == MODEL_BPE) {
        if (t->rewrite_count > 0) return loader_unsupported(l, "normalizer behind Prepend or Replace", type);
        t->compose = true;
        return PUMA_OK;
    }
    if ((strcmp(type, "Prepend") == 0 || strcmp(type, "Replace") == 0) && t->model == MODEL_BPE)
        return load_rewrite(l, n, *type == 'P');
    return loader_unsupported(l, "normalizer", type);
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

/* A split at blanks does nothing where the normaliser has left none. */
static bool no_blank_is_left(const tokenizer *t)
{
    bool none = false;

    for (size_t i = 0; i < t->rewrite_count; i++) {
        const rewrite *r = &t->rewrites[i];

        none = none && !memchr(r->to.at ? r->to.at : "", ' ', r->to.count);
        if (r->from.count == 1 && *r->from.at == ' ' && !memchr(r->to.at ? r->to.at : "", ' ', r->to.count))
            none = true;
    }
    return none;
}

static puma_status load_split(loader *l, const json_t *p)
{
    const json_t *pattern = json_object_get(p, "pattern");
    const char   *text = json_string_value(json_object_get(pattern, "Regex"));
    const char   *string = json_string_value(json_object_get(pattern, "String"));
    const char   *behaviour = json_string_value(json_object_get(p, "behavior"));
    bool          invert = loader_flag(p, "invert", false);

    if (string && strcmp(string, " ") == 0 && !invert && no_blank_is_left(l->t)) return PUMA_OK;
    /* The patterns leave no text between matches, so keeping the matches alone comes to the same. */
    if (!behaviour || strcmp(behaviour, invert ? "Removed" : "Isolated") != 0)
        return loader_unsupported(l, "pre_tokenizer Split with behavior", behaviour ? behaviour : "(none)");
    for (size_t i = 0; text && i < sizeof KNOWN_SPLITS / sizeof *KNOWN_SPLITS; i++)
        if (strcmp(text, KNOWN_SPLITS[i].text) == 0) {
            l->t->split = KNOWN_SPLITS[i].rule;
            return PUMA_OK;
        }
    return loader_unsupported(l, "pre_tokenizer Split with pattern", text ? text : "(not a Regex)");
}

static puma_status load_byte_level(loader *l, const json_t *p)
{
    if (l->t->byte_fallback)
        return loader_unsupported(l, "model BPE with byte_fallback and pre_tokenizer", "ByteLevel");
    l->t->letters = false;
    l->t->prefix_space = loader_flag(p, "add_prefix_space", true);
    if (loader_flag(p, "use_regex", true)) l->t->split = SPLIT_GPT2;
    return PUMA_OK;
}

static puma_status load_metaspace(loader *l, const json_t *p)
{
    const json_t *scheme = json_object_get(p, "prepend_scheme");
    const char   *name = scheme ? json_string_value(scheme) : "always";
    tokenizer    *t = l->t;

    if (!add_string(l, json_object_get(p, "replacement"), "pre_tokenizer Metaspace with", &t->metaspace))
        return l->e->status;
    if (t->metaspace.count == 0) return loader_unsupported(l, "pre_tokenizer Metaspace with", "");
    /* What older files say. */
    if (!scheme && !loader_flag(p, "add_prefix_space", true)) name = "never";
    t->metaspace_split = loader_flag(p, "split", true);
    if (name && strcmp(name, "always") == 0)
        t->metaspace_prefix = PREFIX_ALWAYS;
    else if (name && strcmp(name, "first") == 0)
        t->metaspace_prefix = PREFIX_FIRST;
    else if (name && strcmp(name, "never") == 0)
        t->metaspace_prefix = PREFIX_NEVER;
    else
        return loader_unsupported(l, "pre_tokenizer Metaspace with prepend_scheme",
                                  name ? name : "(no string)");
    return PUMA_OK;
}

/* Two steps of which the second is ByteLevel: a known pattern that it does not split again, or each digit
 * alone and then its own pattern. */
static puma_status load_two_steps(loader *l, const json_t *first, const json_t *second)
{
    bool digits = strcmp(loader_type(first), "Digits") == 0;

    if (!digits && strcmp(loader_type(first), "Split") != 0)
        return loader_unsupported(l, "pre_tokenizer Sequence with", loader_type(first));
    if (strcmp(loader_type(second), "ByteLevel") != 0)
        return loader_unsupported(l, "pre_tokenizer Sequence with", loader_type(second));
    if (load_byte_level(l, second) != PUMA_OK) return l->e->status;
    /* The second would move the space behind the first split. */
    if (l->t->prefix_space)
        return loader_unsupported(l, "pre_tokenizer Sequence with", "ByteLevel that adds a space");
    if (digits && !loader_flag(first, "individual_digits", false))
        return loader_unsupported(l, "pre_tokenizer Digits with individual_digits", "false");
    if (digits != (l->t->split == SPLIT_GPT2))
        return loader_unsupported(l, "pre_tokenizer Sequence with",
                                  digits ? "Digits and nothing else" : "ByteLevel that splits again");
    if (!digits) return load_split(l, first);
    l->t->split = SPLIT_DIGITS;
    return PUMA_OK;
}

static puma_status load_pre_tokenizer(loader *l, const json_t *p)
{
    const char   *type = loader_type(p);
    const json_t *steps = json_object_get(p, "pretokenizers");

    if (l->t->model == MODEL_WORDPIECE)
        return strcmp(type, "BertPreTokenizer") == 0 ? PUMA_OK : loader_unsupported(l, "pre_tokenizer", type);
    if (!p || json_is_null(p)) return PUMA_OK;
    if (strcmp(type, "ByteLevel") == 0) return load_byte_level(l, p);
    if (strcmp(type, "Metaspace") == 0) return load_metaspace(l, p);
    if (strcmp(type, "Split") == 0) return load_split(l, p);
    if (strcmp(type, "Sequence") != 0 || !json_is_array(steps))
        return loader_unsupported(l, "pre_tokenizer", type);
    if (json_array_size(steps) == 1) return load_pre_tokenizer(l, json_array_get(steps, 0));
    if (json_array_size(steps) != 2)
        return loader_unsupported(l, "pre_tokenizer Sequence with", "not one or two steps");
    return load_two_steps(l, json_array_get(steps, 0), json_array_get(steps, 1));
}

/* --- templates -------------------------------------------------------------------------------- */

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

static puma_status load_step(loader *l, const json_t *d)
{
    const char   *type = loader_type(d), *scheme = json_string_value(json_object_get(d, "prepend_scheme"));
    const json_t *start = json_object_get(d, "start"), *stop = json_object_get(d, "stop");
    tokenizer    *t = l->t;
    decode_step  *step = &t->steps[t->step_count];

    if (t->step_count == DECODE_STEP_LIMIT)
        return loader_unsupported(l, "decoder Sequence with so many steps, another", type);
    t->step_count++;
    t->decode = DECODE_STEPS;
    if (strcmp(type, "Replace") == 0) {
        step->what = STEP_REPLACE;
        if (add_string(l, json_object_get(d, "pattern"), "decoder Replace of", &step->from))
            add_string(l, json_object_get(d, "content"), "decoder Replace by", &step->to);
    } else if (strcmp(type, "ByteFallback") == 0) {
        step->what = STEP_BYTE_FALLBACK;
    } else if (strcmp(type, "Fuse") == 0) {
        step->what = STEP_FUSE;
    } else if (strcmp(type, "Strip") == 0) {
        step->what = STEP_STRIP;
        add_string(l, json_object_get(d, "content"), "decoder Strip of", &step->from);
        if (json_integer_value(start) < 0 || json_integer_value(stop) < 0 || !json_is_integer(start) ||
            !json_is_integer(stop))
            return FAIL(l, TOKEN_EFILE, "%s: decoder Strip: start or stop is no count", l->file);
        step->start = (size_t)json_integer_value(start);
        step->stop = (size_t)json_integer_value(stop);
    } else if (strcmp(type, "Metaspace") == 0) {
        step->what = STEP_METASPACE;
        add_string(l, json_object_get(d, "replacement"), "decoder Metaspace with", &step->from);
        step->start = scheme ? strcmp(scheme, "never") != 0 : loader_flag(d, "add_prefix_space", true);
    } else {
        return loader_unsupported(l, "decoder", type);
    }
    if (l->e->status == PUMA_OK && step->from.count == 0 && step->what != STEP_BYTE_FALLBACK &&
        step->what != STEP_FUSE)
        return loader_unsupported(l, "decoder that looks for nothing,", type);
    return l->e->status;
}

static puma_status load_decoder(loader *l, const json_t *d)
{
    const char   *prefix = json_string_value(json_object_get(d, "prefix"));
    const json_t *steps = json_object_get(d, "decoders"), *step;
    size_t        i;

    if (!d || json_is_null(d)) {
        l->t->decode = DECODE_JOIN;
    } else if (strcmp(loader_type(d), "ByteLevel") == 0) {
        l->t->decode = DECODE_BYTES;
    } else if (strcmp(loader_type(d), "WordPiece") == 0) {
        l->t->decode = DECODE_WORDPIECE;
        l->t->cleanup = loader_flag(d, "cleanup", true);
        if (!(l->t->decode_prefix = loader_copy(l, prefix ? prefix : "##"))) return l->e->status;
    } else if (strcmp(loader_type(d), "Sequence") == 0 && json_array_size(steps) == 1) {
        return load_decoder(l, json_array_get(steps, 0));
    } else if (strcmp(loader_type(d), "Sequence") == 0 && json_array_size(steps) > 0) {
        json_array_foreach(steps, i, step)
        {
            if (load_step(l, step) != PUMA_OK) return l->e->status;
        }
    } else {
        return load_step(l, d);
    }
    return PUMA_OK;
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
        uint32_t id;

        if (loader_id(l, json_object_get(token, "id"), "(added)", &id) != PUMA_OK ||
            loader_add_json(l, token, id) != PUMA_OK)
            return l->e->status;
    }
    if (load_normalizer(l, json_object_get(root, "normalizer")) != PUMA_OK) return l->e->status;
    if (load_pre_tokenizer(l, json_object_get(root, "pre_tokenizer")) != PUMA_OK) return l->e->status;
    if (load_post_processor(l, json_object_get(root, "post_processor"), &set) != PUMA_OK) return l->e->status;
    return load_decoder(l, json_object_get(root, "decoder"));
}

puma_status load_tokenizer_json(loader *l)
{
    json_t *root = loader_json(l, "tokenizer.json", false);

    if (root) load_parts(l, root);
    json_decref(root);
    return l->e->status;
}
