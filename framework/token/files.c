/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* files.c - which files a directory has, and the older ones beside a model to a tokenizer.
 *
 * token_open comes here, and from here each format's loader is chosen; what all of them need at the end (added tokens
 * in normalised form, sorted merges) is done here too.  It does not look into tokenizer.json, SentencePiece's or
 * GGUF's format itself. */
#include "token/loader.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* White space at the end of a line is no part of its word. */
static size_t trimmed(const char *text, size_t size)
{
    uint32_t c;

    while (size > 0) {
        size_t before = utf8_before(text, size, &c);

        if (!unicode_space(c)) break;
        size = before;
    }
    return size;
}

/* vocab.txt: a word a line, whose id is the line's number; of a word that stands twice the last one's. */
static puma_status words_from_lines(loader *l, const char *data, size_t size)
{
    uint32_t id = 0;

    for (size_t at = 0, line = 1; at < size; line++) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t      length = end ? (size_t)(end - data) - at : size - at;

        if (memchr(data + at, '\0', length) || utf8_valid(data + at, length) < length)
            return FAIL(l, TOKEN_EVOCABULARY, "%s:%zu: not UTF-8 text", l->file, line);
        if (id >= TOKEN_COUNT_LIMIT)
            return FAIL(l, TOKEN_EVOCABULARY, "%s:%zu: more than %zu tokens", l->file, line,
                        TOKEN_COUNT_LIMIT);
        if (loader_set_token(l, id++, data + at, trimmed(data + at, length)) != PUMA_OK) return l->e->status;
        at += length + 1;
    }
    return loader_close_words(l, true);
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
    if (!l->t->merges) return loader_full(l);
    for (size_t at = 0, line = 1; at < size; line++) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t      length = end ? (size_t)(end - data) - at : size - at, taken = length;

        if (taken > 0 && data[at + taken - 1] == '\r') taken--;
        if (taken > 0 && !(taken >= 8 && memcmp(data + at, "#version", 8) == 0) &&
            loader_merge_line(l, line, data + at, taken, rank++) != PUMA_OK)
            return l->e->status;
        at += length + 1;
    }
    return PUMA_OK;
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

/* What BERT does with a text, as tokenizer_config.json may change it. */
static puma_status bert_steps(loader *l, const json_t *config)
{
    json_t *normal, *split, *join;

    if (!loader_flag(config, "do_basic_tokenize", true))
        return loader_unsupported(l, "do_basic_tokenize", "false");
    normal = json_pack("{s:s, s:b, s:b}", "type", "BertNormalizer", "lowercase",
                       loader_flag(config, "do_lower_case", true), "handle_chinese_chars",
                       loader_flag(config, "tokenize_chinese_chars", true));
    split = json_pack("{s:s}", "type", "BertPreTokenizer");
    join = json_pack("{s:s}", "type", "WordPiece");
    if (!normal || !split || !join) loader_full(l);
    if (l->e->status == PUMA_OK && json_is_boolean(json_object_get(config, "strip_accents")))
        json_object_set(normal, "strip_accents", json_object_get(config, "strip_accents"));
    if (l->e->status == PUMA_OK && load_normalizer(l, normal) == PUMA_OK &&
        load_pre_tokenizer(l, split) == PUMA_OK)
        load_decoder(l, join);
    json_decref(normal);
    json_decref(split);
    json_decref(join);
    return l->e->status;
}

/* The id of a token that the template cannot do without, which the vocabulary must have. */
static uint32_t needed(loader *l, const beside *b, const char *key)
{
    uint32_t id = beside_token(l, b, key);

    return l->e->status == PUMA_OK ? id : 0;
}

/* vocab.txt: BERT's and what took it over unchanged. */
static puma_status load_vocab_txt(loader *l, beside *b)
{
    tokenizer  *t = l->t;
    const char *unknown = beside_name(b, "unk_token", "[UNK]");
    char       *data;
    size_t      size;
    uint32_t    cls, sep;

    /* By the kind of file, where no class is named.  MPNet's special tokens stand another way. */
    if (b->family != BESIDE_BERT || strcmp(b->class, "MPNetTokenizer") == 0) beside_default(b, "BertTokenizer");
    if (b->family != BESIDE_BERT || strcmp(b->class, "MPNetTokenizer") == 0)
        return loader_unsupported(l, "with vocab.txt, tokenizer_class",
                                  beside_class(b) ? beside_class(b)
                                  : b->class      ? b->class
                                                  : "(none)");
    l->file = "vocab.txt";
    if (loader_bytes(l, l->file, &data, &size) == PUMA_OK) words_from_lines(l, data, size);
    free(data);
    if (l->e->status != PUMA_OK || loader_unknown(l, unknown ? unknown : "(null)") != PUMA_OK)
        return l->e->status;
    if (loader_close_wordpiece(l, "##", 100) != PUMA_OK) return l->e->status;
    cls = needed(l, b, "cls_token");
    sep = l->e->status == PUMA_OK ? needed(l, b, "sep_token") : 0;
    if (l->e->status != PUMA_OK || beside_add_tokens(l, b) != PUMA_OK) return l->e->status;
    template_bert(t, cls, sep);
    return bert_steps(l, b->config);
}

/* vocab.json and its merges: byte-level BPE, as the class has it. */
static puma_status bpe_of_class(loader *l, const beside *b)
{
    static const char *const qwen2_split[] = {
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        NULL
    };
    static const char *const roberta[] = { "RobertaTokenizer", "LongformerTokenizer", "BartTokenizer",
                                           "LEDTokenizer", NULL };
    tokenizer               *t = l->t;
    bool                     qwen = b->class && strcmp(b->class, "Qwen2Tokenizer") == 0;
    uint32_t                 cls, sep;

    if (!b->class || (!qwen && strcmp(b->class, "GPT2Tokenizer") != 0 && !is_one_of(b->class, roberta)))
        return loader_unsupported(l, "without tokenizer.json, tokenizer_class",
                                  beside_class(b) ? beside_class(b)
                                  : b->class      ? b->class
                                                  : "(none)");
    t->model = MODEL_BPE;
    if ((qwen && !loader_normal(l, NORMAL_NFC)) ||
        loader_byte_level(l, loader_flag(b->config, "add_prefix_space", false),
                          qwen ? qwen2_split : loader_gpt2) != PUMA_OK)
        return l->e->status;
    if (!is_one_of(b->class, roberta))
        return beside_add_tokens(l, b) == PUMA_OK ? beside_ends(l, b) : l->e->status;
    cls = needed(l, b, "cls_token");
    sep = l->e->status == PUMA_OK ? needed(l, b, "sep_token") : 0;
    if (l->e->status == PUMA_OK && beside_add_tokens(l, b) == PUMA_OK) template_roberta(t, cls, sep);
    return l->e->status;
}

/* The id of a control piece, or of a token added to the pieces, by its text; TOKEN_NONE. */
static uint32_t control_of(const tokenizer *t, const char *text)
{
    for (uint32_t id = 0; text && id < t->count; id++)
        if (t->texts[id] && strcmp(t->texts[id], text) == 0 &&
            (id < t->sp.count ? t->sp.types[id] == SP_CONTROL : t->kinds[id] & KIND_SPECIAL))
            return id;
    return TOKEN_NONE;
}

/* One end of the template: the token that `key` names, `otherwise` where it names none, if `option` (by
 * default `wanted`) asks for it. */
static puma_status end_token(loader *l, const beside *b, const char *option, bool wanted, const char *key,
                             const char *otherwise, uint32_t *id)
{
    const char *name = beside_name(b, key, otherwise);

    *id = TOKEN_NONE;
    if (!loader_flag(b->config, option, wanted)) return PUMA_OK;
    *id = control_of(l->t, name);
    if (*id == TOKEN_NONE && loader_flag(b->config, option, false))
        return FAIL(l, TOKEN_ESPECIAL, "%s: %s \"%.40s\" is no control piece, and %s = true asks for it",
                    l->file, key, name ? name : "(null)", option);
    return PUMA_OK;
}

/* Where the blank in front goes.  The reference puts one before the whole text alone; with `legacy`, which is
 * the default where no class of LLaMA's kind is named, before each stretch between special tokens.  As
 * transformers 5 reads BPE under such a class, what the file says of blanks counts for nothing: all stay, a
 * text that begins with one gets no other, and Gemma's class puts none in front. */
static void place_prefix(sentencepiece *sp, const json_t *config, const char *class)
{
    static const char *const keys[] = { "add_prefix_space", "add_dummy_prefix_space" };
    bool                     llama = class && strstr(class, "Llama"), gemma = class && strstr(class, "Gemma");

    if ((llama || gemma) && !sp->best_cut) {
        sp->dummy_prefix = sp->missing_only = true;
        sp->squeeze = false;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        sp->dummy_prefix = loader_flag(config, keys[i], sp->dummy_prefix);
    if (gemma && !sp->best_cut) sp->dummy_prefix = false;
    sp->first_only = !loader_flag(config, "legacy", !llama);
}

/* tokenizer.model: LLaMA's and what took it over.  bos comes first unless tokenizer_config.json says
 * otherwise. */
static puma_status load_pieces(loader *l, const beside *b)
{
    static const char *const classes[] = { "LlamaTokenizer",     "LlamaTokenizerFast",
                                           "GemmaTokenizer",     "GemmaTokenizerFast",
                                           "CodeLlamaTokenizer", "CodeLlamaTokenizerFast",
                                           "TokenizersBackend",  NULL };
    const char *class = json_string_value(json_object_get(b->config, "tokenizer_class"));
    tokenizer *t = l->t;
    char      *bos_name = NULL, *eos_name = NULL;
    uint32_t   bos, eos;

    if (class && !is_one_of(class, classes))
        return loader_unsupported(l, "with tokenizer.model, tokenizer_class", class);
    load_tokenizer_model(l, "tokenizer.model", &bos_name, &eos_name);
    for (uint32_t id = 0; id < t->sp.count && l->e->status == PUMA_OK; id++)
        if (t->sp.types[id] == SP_CONTROL || t->sp.types[id] == SP_UNKNOWN)
            loader_add(l, t->texts[id], t->sizes[id], id, (added_token){ .special = true });
    if (l->e->status == PUMA_OK && beside_add_tokens(l, b) == PUMA_OK &&
        end_token(l, b, "add_bos_token", true, "bos_token", bos_name, &bos) == PUMA_OK &&
        end_token(l, b, "add_eos_token", false, "eos_token", eos_name, &eos) == PUMA_OK)
        template_llama(t, bos, eos);
    place_prefix(&t->sp, b->config, class);
    free(bos_name);
    free(eos_name);
    return l->e->status;
}

static puma_status load_vocab_json(loader *l, beside *b, const char *words_name, const char *merges_name)
{
    char   *data = NULL;
    size_t  size;
    json_t *words = loader_json(l, words_name, false);

    if (!b->class || b->family == BESIDE_BERT) beside_default(b, "GPT2Tokenizer");
    if (words && loader_words(l, words) == PUMA_OK) {
        l->file = merges_name;
        if (loader_bytes(l, merges_name, &data, &size) == PUMA_OK) merges_from_lines(l, data, size);
        l->file = words_name;
        if (l->e->status == PUMA_OK) bpe_of_class(l, b);
    }
    json_decref(words);
    free(data);
    return l->e->status;
}

/* Added tokens are many, and a normaliser's Replace could make each of them long. */
#define FORM_TIMES 4
#define FORM_BYTES 64

/* Sorts out which added tokens are looked for before normalisation and which after it: those in normalised
 * form. */
static puma_status close_added(loader *l)
{
    tokenizer        *t = l->t;
    vocabulary_entry *raw = malloc((t->added_count + 1) * sizeof *raw);
    vocabulary_entry *cooked = malloc((t->added_count + 1) * sizeof *cooked);
    size_t            raw_count = 0, cooked_count = 0;
    matcher           m = { 0 };
    bool              twice;

    for (uint32_t i = 0; raw && cooked && i < t->added_count; i++) {
        added_token *a = &t->added[i];
        bool         first = true;

        if (!a->normalized) {
            raw[raw_count++] = (vocabulary_entry){ t->texts[a->id], t->sizes[a->id], i };
            continue;
        }
        if (token_normalise(t, &m, t->texts[a->id], t->sizes[a->id], &a->form, &first, l->e) != PUMA_OK)
            break;
        if (a->form.count > FORM_TIMES * t->sizes[a->id] + FORM_BYTES) {
            FAIL(l, TOKEN_ESPECIAL, "%s: added token %u: its normalised form is too long (got %zu bytes)",
                 l->file, a->id, a->form.count);
            break;
        }
        if (a->form.count > 0) cooked[cooked_count++] = (vocabulary_entry){ a->form.at, a->form.count, i };
    }
    matcher_free(&m);
    if (!raw || !cooked || l->e->status != PUMA_OK) {
        free(raw);
        free(cooked);
        return l->e->status != PUMA_OK ? l->e->status : loader_full(l);
    }
    /* Two tokens of one text in normalised form: the reference takes either; here none is guessed. */
    twice = vocabulary_make(&t->raw, raw, raw_count) != NULL;
    if (vocabulary_make(&t->cooked, cooked, cooked_count) || twice)
        FAIL(l, TOKEN_ESPECIAL, "%s: two added tokens are spelt alike", l->file);
    return l->e->status;
}

static puma_status close_tokenizer(loader *l)
{
    tokenizer *t = l->t;

    if (close_added(l) != PUMA_OK) return l->e->status;
    return t->model == MODEL_BPE ? bpe_prepare(t, l->e) : PUMA_OK;
}

static bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A SentencePiece file says nothing of the tokens around a text: that takes a class that is known. */
static puma_status refuse_class(loader *l, const beside *b)
{
    const char *class = beside_class(b), *type = json_string_value(json_object_get(b->model, "model_type"));

    if (class || !type)
        return loader_unsupported(l, "with a SentencePiece file, tokenizer_class", class ? class : "(none)");
    return loader_unsupported(l, "with a SentencePiece file, model_type", type);
}

/* The files of a directory, the first of them that is there. */
static puma_status load_directory(loader *l)
{
    beside b = { 0 };
    gguf  *g = NULL;

    if (beside_open(l, &b) != PUMA_OK)
        ;
    else if (loader_exists(l, "tokenizer.json"))
        load_tokenizer_json(l, &b);
    else if (loader_exists(l, "vocab.txt"))
        load_vocab_txt(l, &b);
    else if (loader_exists(l, "vocab.json"))
        load_vocab_json(l, &b, "vocab.json", "merges.txt");
    else if (loader_exists(l, "encoder.json"))
        load_vocab_json(l, &b, "encoder.json", "vocab.bpe");
    else if (is_unigram_class(&b))
        load_unigram_class(l, &b);
    else if (loader_exists(l, "tokenizer.model"))
        load_pieces(l, &b);
    else if (loader_exists(l, "spiece.model") || loader_exists(l, "sentencepiece.bpe.model"))
        refuse_class(l, &b);
    else if ((g = loader_gguf(l)) != NULL)
        load_gguf_tokens(l, g);
    else if (l->e->status == PUMA_OK)
        FAIL(l, TOKEN_ENONE,
             "%s: no tokenizer.json, vocab.txt, vocab.json, encoder.json, SentencePiece or .gguf file",
             l->directory);
    gguf_close(g);
    beside_close(&b);
    return l->e->status;
}

/* A .gguf file given directly. */
static puma_status load_file(loader *l)
{
    gguf *g = loader_gguf(l);

    if (g) load_gguf_tokens(l, g);
    gguf_close(g);
    return l->e->status;
}

puma_status tokenizer_load(tokenizer *t, const char *directory, const token_file *files, size_t count,
                           puma_error *e)
{
    loader l = { .t = t,
                 .directory = directory,
                 .file = "tokenizer_config.json",
                 .files = files,
                 .file_count = count,
                 .e = e };

    t->unknown = TOKEN_NONE;
    template_plain(t);
    if (!files && file_is_gguf(directory) && !is_directory(directory))
        load_file(&l);
    else
        load_directory(&l);
    if (e->status == PUMA_OK) close_tokenizer(&l);
    json_decref(l.added_places);
    return e->status;
}
