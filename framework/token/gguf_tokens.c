/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* gguf_tokens.c - the tokenizer within a GGUF file's metadata: byte-level BPE ("gpt2") or SentencePiece's
 * ("llama").  Token types are SentencePiece's numbers.
 *
 * files.c calls it; gguf.h reads the format and owns every string, so that what stays is copied.  No file beside the
 * GGUF file is looked at. */
#include "token/loader.h"

#include <stdlib.h>
#include <string.h>

#define KEY(name) "tokenizer.ggml." name

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define BLANKS "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define QWEN2(digits)                                                                                        \
    CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" BLANKS
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"
/* Words go on from capitals to small letters and not back; `tail` may stand behind. */
#define CASED(tail, digits)                                                                                  \
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+" tail         \
    "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*" tail        \
    "|\\p{N}" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" BLANKS
#define BLOOM " ?[^(\\s|.,!?…。，、।۔،)]+"

/* How a text is split, each expression splitting what the one before it left; whether it is brought into NFC
 * before, whether a word that is a token is taken without merges, and whether the beginning of the sequence
 * is put in front where add_bos_token does not say. */
typedef struct family {
    const char *regexes[6];
    bool        compose, whole_words, bos;
} family;

static const family FAMILY_GPT2 = { .regexes = { GPT2 "|\\s+" } };
static const family FAMILY_DIGITS = { .regexes = { "\\p{N}", GPT2 "|\\s+" } };
static const family FAMILY_QWEN2 = { .regexes = { QWEN2("") }, .compose = true };
static const family FAMILY_QWEN2_AS_IS = { .regexes = { QWEN2("") } };
static const family FAMILY_QWEN35 = {
    .regexes = { CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
                              "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" BLANKS },
    .compose = true
};
static const family FAMILY_LLAMA3 = { .regexes = { QWEN2("{1,3}") }, .whole_words = true, .bos = true };
static const family FAMILY_LLAMA3_MERGED = { .regexes = { QWEN2("{1,3}") } };
static const family FAMILY_TEKKEN = { .regexes = { CASED("", "") }, .whole_words = true, .bos = true };
static const family FAMILY_GPT4O = { .regexes = { CASED(CONTRACTIONS "?", "{1,3}") } };
static const family FAMILY_DEEPSEEK_CODER = {
    .regexes = { "[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}" }
};
static const family FAMILY_DEEPSEEK3 = {
    .regexes = { "\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
                 "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
                 "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*" BLANKS }
};
static const family FAMILY_BLOOM = { .regexes = { BLOOM } };
static const family FAMILY_VIKING = { .regexes = { BLOOM, "\\p{N}" } };
static const family FAMILY_BAILING = {
    .regexes = { "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*"
                 "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" }
};
static const family FAMILY_SEED_CODER = {
    .regexes = { CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+" BLANKS }
};
/* What llama.cpp takes where a file is mute. */
static const family FAMILY_MUTE = { .regexes = { "[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]" } };

/* The families by the names that files give: a new model gets a name of its own though its pattern is an old
 * one.  Only names whose patterns are known to be these (llama.cpp's src/llama-vocab.cpp tells which are). */
static const struct {
    const char   *name;
    const family *is;
} PRE[] = {
    { "gpt-2", &FAMILY_GPT2 },
    { "phi-2", &FAMILY_GPT2 },
    { "mpt", &FAMILY_GPT2 },
    { "olmo", &FAMILY_GPT2 },
    { "jais", &FAMILY_GPT2 },
    { "jina-en", &FAMILY_GPT2 },
    { "jina-es", &FAMILY_GPT2 },
    { "jina-de", &FAMILY_GPT2 },
    { "jina-v1-en", &FAMILY_GPT2 },
    { "jina-v2-es", &FAMILY_GPT2 },
    { "jina-v2-de", &FAMILY_GPT2 },
    { "jina-v2-code", &FAMILY_GPT2 },
    { "roberta-bpe", &FAMILY_GPT2 },
    { "modern-bert", &FAMILY_GPT2 },
    { "gigachat", &FAMILY_GPT2 },
    { "a.x-4.0", &FAMILY_GPT2 },
    { "mellum", &FAMILY_GPT2 },
    { "trillion", &FAMILY_GPT2 },
    { "exaone4", &FAMILY_GPT2 },
    { "granite-docling", &FAMILY_GPT2 },
    { "smollm", &FAMILY_DIGITS },
    { "starcoder", &FAMILY_DIGITS },
    { "refact", &FAMILY_DIGITS },
    { "command-r", &FAMILY_DIGITS },
    { "codeshell", &FAMILY_DIGITS },
    { "exaone", &FAMILY_DIGITS },
    { "minerva-7b", &FAMILY_DIGITS },
    { "mellum2", &FAMILY_DIGITS },
    { "qwen2", &FAMILY_QWEN2 },
    { "deepseek-r1-qwen", &FAMILY_QWEN2 },
    { "megrez", &FAMILY_QWEN2 },
    { "stablelm2", &FAMILY_QWEN2 },
    { "f2llmv2", &FAMILY_QWEN2 },
    { "kormo", &FAMILY_QWEN2_AS_IS },
    { "hunyuan", &FAMILY_QWEN2_AS_IS },
    { "solar-open", &FAMILY_QWEN2_AS_IS },
    { "grok-2", &FAMILY_QWEN2_AS_IS },
    { "llama-bpe", &FAMILY_LLAMA3 },
    { "llama3", &FAMILY_LLAMA3 },
    { "llama-v3", &FAMILY_LLAMA3 },
    { "falcon3", &FAMILY_LLAMA3 },
    { "falcon-h1", &FAMILY_LLAMA3 },
    { "pixtral", &FAMILY_LLAMA3 },
    { "midm-2.0", &FAMILY_LLAMA3 },
    { "lfm2", &FAMILY_LLAMA3 },
    { "jina-v5-nano", &FAMILY_LLAMA3 },
    { "smaug-bpe", &FAMILY_LLAMA3_MERGED },
    { "dbrx", &FAMILY_LLAMA3_MERGED },
    { "glm4", &FAMILY_LLAMA3_MERGED },
    { "chatglm-bpe", &FAMILY_LLAMA3_MERGED },
    { "qwen35", &FAMILY_QWEN35 },
    { "tekken", &FAMILY_TEKKEN },
    { "gpt-4o", &FAMILY_GPT4O },
    { "llama4", &FAMILY_GPT4O },
    { "kanana2", &FAMILY_GPT4O },
    { "talkie", &FAMILY_GPT4O },
    { "minimax-m2", &FAMILY_GPT4O },
    { "deepseek-coder", &FAMILY_DEEPSEEK_CODER },
    { "deepseek-v3", &FAMILY_DEEPSEEK3 },
    { "hunyuan-dense", &FAMILY_DEEPSEEK3 },
    { "joyai-llm", &FAMILY_DEEPSEEK3 },
    { "bloom", &FAMILY_BLOOM },
    { "poro-chat", &FAMILY_BLOOM },
    { "gpt3-finnish", &FAMILY_BLOOM },
    { "viking", &FAMILY_VIKING },
    { "bailingmoe", &FAMILY_BAILING },
    { "bailingmoe2", &FAMILY_BAILING },
    { "llada-moe", &FAMILY_BAILING },
    { "seed-coder", &FAMILY_SEED_CODER },
    { "default", &FAMILY_MUTE },
};

typedef struct source {
    loader           *l;
    const gguf       *g;
    const gguf_array *tokens, *types; /* types may be NULL: all are normal */
} source;

static int64_t type_at(const source *s, size_t id)
{
    return s->types ? gguf_integer_at(s->types, id) : SP_NORMAL;
}

static puma_status take_token(const source *s, uint32_t id)
{
    loader   *l = s->l;
    gguf_text text = gguf_text_at(s->tokens, id);

    if (memchr(text.bytes, '\0', text.size) || utf8_valid(text.bytes, text.size) < text.size)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: " KEY("tokens") ": entry %u is not UTF-8 text", l->file, id);
    return loader_set_token(l, id, text.bytes, text.size);
}

/* Tokens that text becomes only where it spells them: control ones where it may, user-defined ones always. */
static puma_status add_declared(const source *s)
{
    loader *l = s->l;

    for (uint32_t id = 0; id < gguf_length(s->tokens); id++) {
        int64_t type = type_at(s, id);
        bool    special = type == SP_CONTROL || type == SP_UNKNOWN;

        /* SentencePiece finds its user-defined pieces itself. */
        if (!special && (type != SP_USER || l->t->model == MODEL_SENTENCEPIECE)) continue;
        if (loader_add(l, l->t->texts[id], l->t->sizes[id], id, (added_token){ .special = special }) !=
            PUMA_OK)
            return l->e->status;
    }
    return PUMA_OK;
}

static puma_status read_flag(const source *s, const char *key, bool *value)
{
    return gguf_has(s->g, key) ? gguf_bool(s->g, key, value, s->l->e) : PUMA_OK;
}

/* One end of the template: the token `key` names, if the flag `option` asks for it.  Without the flag it is
 * there where it is `wanted` and the file has such a token. */
static puma_status end_token(const source *s, const char *option, bool wanted, const char *key, uint32_t *id)
{
    loader  *l = s->l;
    uint64_t value;

    *id = TOKEN_NONE;
    if (!gguf_has(s->g, option)) wanted = wanted && gguf_has(s->g, key);
    if (read_flag(s, option, &wanted) != PUMA_OK || !wanted) return l->e->status;
    if (gguf_unsigned(s->g, key, &value, l->e) != PUMA_OK) return l->e->status;
    if (value >= l->t->count)
        return FAIL(l, TOKEN_ESPECIAL, "%s: %s: no such token (got %ju, limit %zu)", l->file, key,
                    (uintmax_t)value, l->t->count - 1);
    *id = (uint32_t)value;
    return PUMA_OK;
}

static puma_status choose_split(const source *s, bool *bos)
{
    loader   *l = s->l;
    gguf_text pre = { "default", 7 };
    char      name[64] = "";

    if (gguf_has(s->g, KEY("pre")) && gguf_string(s->g, KEY("pre"), &pre, l->e) != PUMA_OK)
        return l->e->status;
    for (size_t i = 0; i < sizeof PRE / sizeof *PRE; i++)
        if (gguf_equal(pre, PRE[i].name)) {
            if (PRE[i].is->compose && !loader_normal(l, NORMAL_NFC)) return l->e->status;
            l->t->whole_words = PRE[i].is->whole_words;
            *bos = PRE[i].is->bos;
            return loader_byte_level(l, false, PRE[i].is->regexes);
        }
    memcpy(name, pre.bytes, pre.size < sizeof name ? pre.size : sizeof name - 1);
    return loader_unsupported(l, KEY("pre"), name);
}

static puma_status load_merges(const source *s)
{
    loader           *l = s->l;
    const gguf_array *merges;

    if (gguf_list(s->g, KEY("merges"), GGUF_STRINGS, &merges, l->e) != PUMA_OK) return l->e->status;
    if (gguf_length(merges) > TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_EMERGE, "%s: too many merges (got %zu, limit %zu)", l->file, gguf_length(merges),
                    TOKEN_COUNT_LIMIT);
    l->t->merges = malloc((gguf_length(merges) + 1) * sizeof *l->t->merges);
    if (!l->t->merges) return loader_full(l);
    for (size_t i = 0; i < gguf_length(merges); i++) {
        gguf_text text = gguf_text_at(merges, i);

        if (loader_merge_line(l, i + 1, text.bytes, text.size, (uint32_t)i) != PUMA_OK)
            return error_prefix(l->e, "merges (file:entry)");
    }
    return PUMA_OK;
}

/* The words of the vocabulary are the normal tokens: no text becomes another one unless it is declared. */
static puma_status load_gpt2(const source *s, bool *bos)
{
    loader *l = s->l;

    l->t->model = MODEL_BPE;
    for (int normal = 1; normal >= 0; normal--) {
        for (uint32_t id = 0; id < gguf_length(s->tokens); id++)
            if ((type_at(s, id) == SP_NORMAL) == (normal == 1) && take_token(s, id) != PUMA_OK)
                return l->e->status;
        if (normal == 1 && loader_close_words(l, false) != PUMA_OK) return l->e->status;
    }
    if (choose_split(s, bos) != PUMA_OK) return l->e->status;
    return load_merges(s);
}

static puma_status load_llama(const source *s)
{
    loader           *l = s->l;
    sentencepiece    *sp = &l->t->sp;
    const gguf_array *scores;
    size_t            room = 0;

    if (gguf_list(s->g, KEY("scores"), GGUF_FLOATS, &scores, l->e) != PUMA_OK) return l->e->status;
    if (gguf_length(scores) != gguf_length(s->tokens))
        return FAIL(l, TOKEN_EVOCABULARY, "%s: " KEY("scores") ": not one a token (got %zu, limit %zu)",
                    l->file, gguf_length(scores), gguf_length(s->tokens));
    if (gguf_has(s->g, KEY("precompiled_charsmap")))
        return loader_unsupported(l, "GGUF key", KEY("precompiled_charsmap"));
    sp->escape = sp->dummy_prefix = true;
    if (read_flag(s, KEY("add_space_prefix"), &sp->dummy_prefix) != PUMA_OK ||
        read_flag(s, KEY("remove_extra_whitespaces"), &sp->squeeze) != PUMA_OK)
        return l->e->status;
    for (size_t id = 0; id < gguf_length(s->tokens); id++) {
        gguf_text text = gguf_text_at(s->tokens, id);
        int64_t   type = type_at(s, id);

        sp->byte_fallback = sp->byte_fallback || type == SP_BYTE;
        if (sentencepiece_add(l, &room, text.bytes, text.size, (float)gguf_float_at(scores, id),
                              type < 0 ? 0 : (uint64_t)type) != PUMA_OK)
            return l->e->status;
    }
    sp->unknown_text = loader_copy(l, " \xe2\x81\x87 ");
    return l->e->status == PUMA_OK ? sentencepiece_close(l) : l->e->status;
}

static puma_status load_from(source *s)
{
    loader   *l = s->l;
    gguf_text name;
    uint32_t  ends[2];
    bool      bos = true;

    if (!gguf_has(s->g, KEY("model")))
        return FAIL(l, TOKEN_ENONE, "%s: no tokenizer in its metadata", l->file);
    if (gguf_string(s->g, KEY("model"), &name, l->e) != PUMA_OK ||
        gguf_list(s->g, KEY("tokens"), GGUF_STRINGS, &s->tokens, l->e) != PUMA_OK)
        return l->e->status;
    if (gguf_has(s->g, KEY("token_type")) &&
        gguf_list(s->g, KEY("token_type"), GGUF_INTEGERS, &s->types, l->e) != PUMA_OK)
        return l->e->status;
    if (gguf_length(s->tokens) > TOKEN_COUNT_LIMIT ||
        (s->types && gguf_length(s->types) != gguf_length(s->tokens)))
        return FAIL(l, TOKEN_EVOCABULARY, "%s: %zu tokens and %zu types of tokens (limit %zu)", l->file,
                    gguf_length(s->tokens), s->types ? gguf_length(s->types) : 0, TOKEN_COUNT_LIMIT);
    if (gguf_equal(name, "gpt2")) {
        load_gpt2(s, &bos);
    } else if (gguf_equal(name, "llama")) {
        load_llama(s);
    } else {
        char text[64] = "";

        memcpy(text, name.bytes, name.size < sizeof text ? name.size : sizeof text - 1);
        return loader_unsupported(l, KEY("model"), text);
    }
    if (l->e->status == PUMA_OK && add_declared(s) == PUMA_OK &&
        end_token(s, KEY("add_bos_token"), bos, KEY("bos_token_id"), &ends[0]) == PUMA_OK &&
        end_token(s, KEY("add_eos_token"), false, KEY("eos_token_id"), &ends[1]) == PUMA_OK)
        template_llama(l->t, ends[0], ends[1]);
    return l->e->status;
}

puma_status load_gguf_tokens(loader *l, const gguf *g)
{
    source s = { .l = l, .g = g };

    l->file = gguf_name(g);
    load_from(&s);
    l->file = "the tokenizer of a GGUF file"; /* its name goes with it */
    return l->e->status;
}
