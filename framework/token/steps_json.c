/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* steps_json.c - the lists of steps in tokenizer.json: normalizer, pre_tokenizer, decoder.  A Sequence, and
 * one within another, is its steps one behind the other.  What is not known by name is refused.
 *
 * tokenizer_json.c reads a file's steps with it, files.c those that an older format implies.  It fills the
 * tokenizer's lists of steps and knows no token. */
#include "token/loader.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

typedef puma_status (*load_fn)(loader *l, const json_t *step);

/* The steps of a Sequence, under `key`. */
static puma_status load_sequence(loader *l, const json_t *sequence, const char *key, load_fn load)
{
    const json_t *steps = json_object_get(sequence, key), *step;
    size_t        i;

    if (!json_is_array(steps)) return FAIL(l, TOKEN_EFILE, "%s: a Sequence has no %s", l->file, key);
    json_array_foreach(steps, i, step)
    {
        if (load(l, step) != PUMA_OK) break;
    }
    return l->e->status;
}

/* What a step looks for: a string, {"String": …} or {"Regex": …}. */
static puma_status load_pattern(loader *l, const json_t *value, const char *what, pattern **to)
{
    const json_t *regex = json_object_get(value, "Regex");
    const json_t *text = json_is_string(value) ? value : regex ? regex : json_object_get(value, "String");
    const char   *string = json_string_value(text);
    size_t        size = json_string_length(text);

    if (!string) return loader_unsupported(l, what, "no pattern");
    /* Nothing to look for is found between all characters, which is for a regular expression to do. */
    if (regex || size == 0) return pattern_regex(to, l->file, string, size, l->e);
    *to = pattern_string(string, size);
    return *to ? PUMA_OK : loader_full(l);
}

static puma_status load_text(loader *l, const json_t *value, const char *what, bytes *to)
{
    if (!json_is_string(value)) return loader_unsupported(l, what, "no string");
    return bytes_add(to, json_string_value(value), json_string_length(value)) ? PUMA_OK : loader_full(l);
}

/* A text that is one character. */
static puma_status load_character(loader *l, const json_t *value, const char *what, bytes *to)
{
    size_t   length;
    uint32_t c;

    if (load_text(l, value, what, to) != PUMA_OK) return l->e->status;
    if (to->count == 0 || !utf8_take(to->at, to->count, &c, &length) || length != to->count)
        return loader_unsupported(l, what, "not one character");
    return PUMA_OK;
}

/* --- normalizer ------------------------------------------------------------------------------- */

/* SentencePiece's map of characters, in base64. */
static puma_status load_map(loader *l, const json_t *value, charsmap *map)
{
    const char    *text = json_string_value(value);
    size_t         size = json_string_length(value), padding = 0;
    unsigned char *blob;
    int            got;

    if (!text || size > CHARSMAP_LIMIT / 3 * 4 || size % 4 != 0)
        return FAIL(l, TOKEN_ECHARSMAP, "%s: precompiled_charsmap is no base64 of at most %zu bytes", l->file,
                    CHARSMAP_LIMIT);
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=') padding++;
    blob = malloc(size + 1);
    if (!blob) return loader_full(l);
    got = EVP_DecodeBlock(blob, (const unsigned char *)text, (int)size);
    if (got < 0 || (size_t)got < padding)
        FAIL(l, TOKEN_ECHARSMAP, "%s: precompiled_charsmap is no base64", l->file);
    else
        charsmap_open(map, l->file, blob, (size_t)got - padding, l->e);
    free(blob);
    return l->e->status;
}

static puma_status fill_normal(loader *l, const json_t *n, normal_step *step)
{
    switch (step->what) {
    case NORMAL_BERT:
        step->clean = loader_flag(n, "clean_text", true);
        step->ideographs = loader_flag(n, "handle_chinese_chars", true);
        step->lower = loader_flag(n, "lowercase", true);
        step->strip = loader_flag(n, "strip_accents", step->lower);
        break;
    case NORMAL_STRIP:
        step->left = loader_flag(n, "strip_left", true);
        step->right = loader_flag(n, "strip_right", true);
        break;
    case NORMAL_REPLACE:
        if (load_pattern(l, json_object_get(n, "pattern"), "normalizer Replace of", &step->pattern) ==
            PUMA_OK)
            load_text(l, json_object_get(n, "content"), "normalizer Replace by", &step->text);
        break;
    case NORMAL_MAP: return load_map(l, json_object_get(n, "precompiled_charsmap"), &step->map);
    case NORMAL_PREPEND:
        load_text(l, json_object_get(n, "prepend"), "normalizer Prepend of", &step->text);
        break;
    default: break;
    }
    return l->e->status;
}

puma_status load_normalizer(loader *l, const json_t *n)
{
    static const struct {
        const char *type;
        int         what;
    } known[] = {
        { "BertNormalizer", NORMAL_BERT },
        { "NFC", NORMAL_NFC },
        { "NFD", NORMAL_NFD },
        { "NFKC", NORMAL_NFKC },
        { "NFKD", NORMAL_NFKD },
        { "Lowercase", NORMAL_LOWER },
        { "Strip", NORMAL_STRIP },
        { "StripAccents", NORMAL_STRIP_ACCENTS },
        { "Replace", NORMAL_REPLACE },
        { "Prepend", NORMAL_PREPEND },
        { "Nmt", NORMAL_NMT },
        { "Precompiled", NORMAL_MAP },
        { "ByteLevel", NORMAL_BYTES },
    };
    const char *type = loader_type(n);

    if (!n || json_is_null(n)) return PUMA_OK;
    if (strcmp(type, "Sequence") == 0) return load_sequence(l, n, "normalizers", load_normalizer);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(type, known[i].type) == 0) {
            normal_step *step = loader_normal(l, known[i].what);

            return step ? fill_normal(l, n, step) : l->e->status;
        }
    return loader_unsupported(l, "normalizer", type);
}

/* --- pre_tokenizer ---------------------------------------------------------------------------- */

static puma_status load_behaviour(loader *l, const json_t *p, const char *otherwise, split_behaviour *to)
{
    static const char *const names[] = { "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext",
                                         "Contiguous" };
    const json_t            *value = json_object_get(p, "behavior");
    const char              *name = value ? json_string_value(value) : otherwise;

    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *to = (split_behaviour)i;
            return PUMA_OK;
        }
    return loader_unsupported(l, "pre_tokenizer with behavior", name ? name : "(none)");
}

static puma_status split_at(loader *l, bool (*belongs)(uint32_t), split_behaviour behaviour)
{
    split_step *step = loader_split(l, SPLIT_CLASS);

    if (!step) return l->e->status;
    step->belongs = belongs;
    step->behaviour = behaviour;
    return PUMA_OK;
}

static puma_status load_bert_split(loader *l, const json_t *p)
{
    (void)p;
    if (split_at(l, unicode_space, SPLIT_REMOVED) != PUMA_OK) return l->e->status;
    return split_at(l, unicode_punctuation, SPLIT_ISOLATED);
}

static puma_status load_blank_split(loader *l, const json_t *p)
{
    (void)p;
    return split_at(l, unicode_space, SPLIT_REMOVED);
}

static puma_status load_word_split(loader *l, const json_t *p)
{
    (void)p;
    loader_split(l, SPLIT_WORDS);
    return l->e->status;
}

static puma_status load_punctuation(loader *l, const json_t *p)
{
    split_behaviour behaviour = SPLIT_ISOLATED;

    if (load_behaviour(l, p, "Isolated", &behaviour) != PUMA_OK) return l->e->status;
    return split_at(l, unicode_punctuation, behaviour);
}

static puma_status load_digits(loader *l, const json_t *p)
{
    return split_at(l, unicode_number,
                    loader_flag(p, "individual_digits", false) ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS);
}

static puma_status load_split(loader *l, const json_t *p)
{
    split_step *step = loader_split(l, SPLIT_PATTERN);

    if (!step || load_behaviour(l, p, NULL, &step->behaviour) != PUMA_OK) return l->e->status;
    step->invert = loader_flag(p, "invert", false);
    return load_pattern(l, json_object_get(p, "pattern"), "pre_tokenizer Split at", &step->pattern);
}

static puma_status load_delimiter(loader *l, const json_t *p)
{
    split_step   *step = loader_split(l, SPLIT_PATTERN);
    const json_t *delimiter = json_object_get(p, "delimiter");
    bytes         one = { 0 };

    if (!step) return l->e->status;
    step->behaviour = SPLIT_REMOVED;
    if (load_character(l, delimiter, "pre_tokenizer CharDelimiterSplit at", &one) == PUMA_OK)
        load_pattern(l, delimiter, "", &step->pattern);
    free(one.at);
    return l->e->status;
}

static puma_status load_length(loader *l, const json_t *p)
{
    const json_t *length = json_object_get(p, "length");
    split_step   *step = loader_split(l, SPLIT_LENGTH);

    if (!step) return l->e->status;
    if (!json_is_integer(length) || json_integer_value(length) < 1)
        return FAIL(l, TOKEN_EFILE, "%s: pre_tokenizer FixedLength: length is no count", l->file);
    step->length = (size_t)json_integer_value(length);
    return PUMA_OK;
}

static puma_status load_byte_level(loader *l, const json_t *p)
{
    if (loader_flag(p, "add_prefix_space", true) && !loader_split(l, SPLIT_SPACE)) return l->e->status;
    if (loader_flag(p, "use_regex", true) &&
        loader_split_regex(l, loader_gpt2[0], strlen(loader_gpt2[0]), SPLIT_ISOLATED, false) != PUMA_OK)
        return l->e->status;
    loader_split(l, SPLIT_BYTES);
    return l->e->status;
}

static puma_status load_metaspace(loader *l, const json_t *p)
{
    static const char *const names[] = { "always", "first", "never" };
    const json_t *scheme = json_object_get(p, "prepend_scheme"), *sign = json_object_get(p, "replacement");
    const char   *name = scheme ? json_string_value(scheme) : "always";
    split_step   *step = loader_split(l, SPLIT_SIGNS);
    size_t        i = 0;

    if (!step || load_character(l, sign, "pre_tokenizer Metaspace with", &step->sign) != PUMA_OK)
        return l->e->status;
    /* What older files say. */
    if (!scheme && !loader_flag(p, "add_prefix_space", true)) name = "never";
    while (i < 3 && (!name || strcmp(name, names[i]) != 0)) i++;
    if (i == 3)
        return loader_unsupported(l, "pre_tokenizer Metaspace with prepend_scheme",
                                  name ? name : "(no string)");
    step->prefix = i == 0 ? PREFIX_ALWAYS : i == 1 ? PREFIX_FIRST : PREFIX_NEVER;
    if (!loader_flag(p, "split", true)) return PUMA_OK;
    step = loader_split(l, SPLIT_PATTERN);
    if (!step) return l->e->status;
    step->behaviour = SPLIT_MERGED_WITH_NEXT;
    return load_pattern(l, sign, "", &step->pattern);
}

puma_status load_pre_tokenizer(loader *l, const json_t *p)
{
    static const struct {
        const char *type;
        load_fn     load;
    } known[] = {
        { "BertPreTokenizer", load_bert_split },
        { "Whitespace", load_word_split },
        { "WhitespaceSplit", load_blank_split },
        { "Punctuation", load_punctuation },
        { "Digits", load_digits },
        { "Split", load_split },
        { "CharDelimiterSplit", load_delimiter },
        { "FixedLength", load_length },
        { "ByteLevel", load_byte_level },
        { "Metaspace", load_metaspace },
    };
    const char *type = loader_type(p);

    if (!p || json_is_null(p)) return PUMA_OK;
    if (strcmp(type, "Sequence") == 0) return load_sequence(l, p, "pretokenizers", load_pre_tokenizer);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(type, known[i].type) == 0) return known[i].load(l, p);
    return loader_unsupported(l, "pre_tokenizer", type);
}

/* --- decoder ---------------------------------------------------------------------------------- */

static puma_status load_counts(loader *l, const json_t *d, decode_step *step)
{
    const json_t *start = json_object_get(d, "start"), *stop = json_object_get(d, "stop");

    if (json_integer_value(start) < 0 || json_integer_value(stop) < 0 || !json_is_integer(start) ||
        !json_is_integer(stop))
        return FAIL(l, TOKEN_EFILE, "%s: decoder Strip: start or stop is no count", l->file);
    step->start = (size_t)json_integer_value(start);
    step->stop = (size_t)json_integer_value(stop);
    return load_character(l, json_object_get(d, "content"), "decoder Strip of", &step->from);
}

static puma_status fill_decode(loader *l, const json_t *d, decode_step *step)
{
    const char   *scheme = json_string_value(json_object_get(d, "prepend_scheme"));
    const json_t *prefix = json_object_get(d, "prefix"), *suffix = json_object_get(d, "suffix");

    switch (step->what) {
    case STEP_REPLACE:
        if (load_pattern(l, json_object_get(d, "pattern"), "decoder Replace of", &step->pattern) == PUMA_OK)
            load_text(l, json_object_get(d, "content"), "decoder Replace by", &step->to);
        break;
    case STEP_STRIP: load_counts(l, d, step); break;
    case STEP_METASPACE:
        step->start = scheme ? strcmp(scheme, "never") != 0 : loader_flag(d, "add_prefix_space", true);
        load_character(l, json_object_get(d, "replacement"), "decoder Metaspace with", &step->from);
        break;
    case STEP_WORDPIECE:
        step->cleanup = loader_flag(d, "cleanup", true);
        if (prefix)
            load_text(l, prefix, "decoder WordPiece with prefix", &step->from);
        else if (!bytes_add(&step->from, "##", 2))
            loader_full(l);
        break;
    case STEP_SUFFIX:
        if (suffix)
            load_text(l, suffix, "decoder BPEDecoder with suffix", &step->from);
        else if (!bytes_add(&step->from, "</w>", 4))
            loader_full(l);
        if (l->e->status == PUMA_OK && step->from.count == 0)
            return loader_unsupported(l, "decoder BPEDecoder with suffix", "");
        break;
    default: break;
    }
    return l->e->status;
}

puma_status load_decoder(loader *l, const json_t *d)
{
    static const struct {
        const char *type;
        int         what;
    } known[] = {
        { "Replace", STEP_REPLACE }, { "ByteFallback", STEP_BYTE_FALLBACK }, { "Fuse", STEP_FUSE },
        { "Strip", STEP_STRIP },     { "Metaspace", STEP_METASPACE },        { "WordPiece", STEP_WORDPIECE },
        { "ByteLevel", STEP_BYTES }, { "BPEDecoder", STEP_SUFFIX },
    };
    const char *type = loader_type(d);

    if (!d || json_is_null(d)) return PUMA_OK;
    if (strcmp(type, "Sequence") == 0) {
        l->t->decode = DECODE_STEPS; /* which may be none */
        return load_sequence(l, d, "decoders", load_decoder);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(type, known[i].type) == 0) {
            decode_step *step = loader_decode(l, known[i].what);

            return step ? fill_decode(l, d, step) : l->e->status;
        }
    return loader_unsupported(l, "decoder", type);
}
