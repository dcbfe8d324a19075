/* files.c - which files a directory has, and the older ones beside a model to a tokenizer. */
#include "token/loader.h"
#include "weights/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
        if (loader_set_token(l, id++, data + at, taken) != PUMA_OK) return l->e->status;
        at += length + 1;
    }
    return loader_close_words(l);
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
        if (loader_add_json(l, value, (uint32_t)id) != PUMA_OK) return l->e->status;
    }
    for (size_t i = 0; i < sizeof SPECIAL_KEYS / sizeof *SPECIAL_KEYS; i++) {
        const json_t *given = json_object_get(config, SPECIAL_KEYS[i]);
        const char   *name = special_name(config, SPECIAL_KEYS[i], names[i]);
        uint32_t      id;

        if (!name || !vocabulary_find(&l->t->words, name, strlen(name), &id)) continue;
        if (loader_add(l, name, strlen(name), id,
                       (added_token){ .special = true,
                                      .lstrip = loader_flag(given, "lstrip", false),
                                      .rstrip = loader_flag(given, "rstrip", false),
                                      .single_word = loader_flag(given, "single_word", false),
                                      .normalized = loader_flag(given, "normalized", false) }) != PUMA_OK)
            return l->e->status;
    }
    more = loader_json(l, "added_tokens.json", true);
    json_object_foreach(more, key, value)
    {
        uint32_t id;

        if (loader_id(l, value, key, &id) != PUMA_OK) break;
        if (loader_add(l, key, strlen(key), id, (added_token){ .normalized = true }) != PUMA_OK) break;
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

    if (class && !is_one_of(class, classes))
        return loader_unsupported(l, "with vocab.txt, tokenizer_class", class);
    l->file = "vocab.txt";
    if (loader_bytes(l, l->file, &data, &size) == PUMA_OK) words_from_lines(l, data, size);
    free(data);
    if (l->e->status != PUMA_OK || loader_unknown(l, unknown ? unknown : "(null)") != PUMA_OK)
        return l->e->status;
    if (loader_close_wordpiece(l, "##", 100) != PUMA_OK) return l->e->status;
    if (needed(l, config, "cls_token", "[CLS]", &cls) != PUMA_OK ||
        needed(l, config, "sep_token", "[SEP]", &sep) != PUMA_OK)
        return l->e->status;
    if (add_specials(l, config, names) != PUMA_OK) return l->e->status;
    template_bert(t, cls, sep);
    return bert_steps(l, config);
}

/* What tokenizer_config.json leaves open, config.json's model_type decides; without either it is GPT-2. */
static char *class_of(loader *l, const json_t *config)
{
    const char *class = json_string_value(json_object_get(config, "tokenizer_class"));
    const char *file = l->file;
    json_t     *model;
    char       *result;

    if (class) return loader_copy(l, class);
    model = loader_json(l, "config.json", true);
    l->file = file;
    class = json_string_value(json_object_get(model, "model_type"));
    result = l->e->status != PUMA_OK                  ? NULL
             : class && strcmp(class, "roberta") == 0 ? loader_copy(l, "RobertaTokenizer")
             : class && strcmp(class, "qwen2") == 0   ? loader_copy(l, "Qwen2Tokenizer")
                                                      : loader_copy(l, "GPT2Tokenizer");
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
    static const char *const qwen2_split[] = {
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        NULL
    };
    tokenizer *t = l->t;
    bool       qwen = is_one_of(class, qwen2);
    uint32_t   cls, sep;

    t->model = MODEL_BPE;
    if ((qwen && !loader_normal(l, NORMAL_NFC)) ||
        loader_byte_level(l, loader_flag(config, "add_prefix_space", false),
                          qwen ? qwen2_split : loader_gpt2) != PUMA_OK)
        return l->e->status;
    if (is_one_of(class, roberta)) {
        if (needed(l, config, "cls_token", "<s>", &cls) != PUMA_OK ||
            needed(l, config, "sep_token", "</s>", &sep) != PUMA_OK)
            return l->e->status;
        template_roberta(t, cls, sep);
        return add_specials(l, config, roberta_names);
    }
    if (loader_flag(config, "add_bos_token", false))
        return loader_unsupported(l, "without tokenizer.json, option", "add_bos_token");
    if (!qwen && !is_one_of(class, gpt2))
        return loader_unsupported(l, "without tokenizer.json, tokenizer_class", class);
    return add_specials(l, config, other_names);
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
static puma_status end_token(loader *l, const json_t *config, const char *option, bool wanted,
                             const char *key, const char *otherwise, uint32_t *id)
{
    const char *name = special_name(config, key, otherwise);

    *id = TOKEN_NONE;
    if (!loader_flag(config, option, wanted)) return PUMA_OK;
    *id = control_of(l->t, name);
    if (*id == TOKEN_NONE && loader_flag(config, option, false))
        return FAIL(l, TOKEN_ESPECIAL, "%s: %s \"%.40s\" is no control piece, and %s = true asks for it",
                    l->file, key, name ? name : "(null)", option);
    return PUMA_OK;
}

/* Where the blank in front goes.  The reference puts one before the whole text alone; with `legacy`, which is
 * the default where no class of LLaMA's kind is named, before each stretch between special tokens. */
static void place_prefix(sentencepiece *sp, const json_t *config, const char *class)
{
    static const char *const keys[] = { "add_prefix_space", "add_dummy_prefix_space" };
    bool                     llama = class && strstr(class, "Llama");

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        sp->dummy_prefix = loader_flag(config, keys[i], sp->dummy_prefix);
    sp->first_only = !loader_flag(config, "legacy", !llama);
}

/* tokenizer.model: LLaMA's and what took it over.  bos comes first unless tokenizer_config.json says
 * otherwise. */
static puma_status load_pieces(loader *l, const json_t *config)
{
    static const char *const classes[] = { "LlamaTokenizer",     "LlamaTokenizerFast",
                                           "GemmaTokenizer",     "GemmaTokenizerFast",
                                           "CodeLlamaTokenizer", "CodeLlamaTokenizerFast",
                                           "TokenizersBackend",  NULL };
    static const char *const names[sizeof SPECIAL_KEYS / sizeof *SPECIAL_KEYS] = { NULL };
    const char *class = json_string_value(json_object_get(config, "tokenizer_class"));
    tokenizer *t = l->t;
    char      *bos_name = NULL, *eos_name = NULL;
    uint32_t   bos, eos;

    if (class && !is_one_of(class, classes))
        return loader_unsupported(l, "with tokenizer.model, tokenizer_class", class);
    load_tokenizer_model(l, &bos_name, &eos_name);
    for (uint32_t id = 0; id < t->sp.count && l->e->status == PUMA_OK; id++)
        if (t->sp.types[id] == SP_CONTROL || t->sp.types[id] == SP_UNKNOWN)
            loader_add(l, t->texts[id], t->sizes[id], id, (added_token){ .special = true });
    if (l->e->status == PUMA_OK && add_specials(l, config, names) == PUMA_OK &&
        end_token(l, config, "add_bos_token", true, "bos_token", bos_name, &bos) == PUMA_OK &&
        end_token(l, config, "add_eos_token", false, "eos_token", eos_name, &eos) == PUMA_OK)
        template_llama(t, bos, eos);
    place_prefix(&t->sp, config, class);
    free(bos_name);
    free(eos_name);
    return l->e->status;
}

static puma_status load_vocab_json(loader *l, const json_t *config, const char *words_name,
                                   const char *merges_name)
{
    char *class = class_of(l, config), *data = NULL;
    size_t  size;
    json_t *words = class ? loader_json(l, words_name, false) : NULL;

    if (words && loader_words(l, words) == PUMA_OK) {
        l->file = merges_name;
        if (loader_bytes(l, merges_name, &data, &size) == PUMA_OK) merges_from_lines(l, data, size);
        l->file = words_name;
        if (l->e->status == PUMA_OK) bpe_of_class(l, config, class);
    }
    json_decref(words);
    free(data);
    free(class);
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
    if (vocabulary_make(&t->raw, raw, raw_count) || vocabulary_make(&t->cooked, cooked, cooked_count))
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

puma_status tokenizer_load(tokenizer *t, const char *directory, puma_error *e)
{
    loader  l = { .t = t, .directory = directory, .file = "tokenizer_config.json", .e = e };
    json_t *config = NULL;
    char   *file = NULL;

    t->unknown = TOKEN_NONE;
    template_plain(t);
    if (file_is_gguf(directory) && !is_directory(directory)) {
        load_gguf_tokens(&l, directory);
    } else if (loader_exists(&l, "tokenizer.json")) {
        load_tokenizer_json(&l);
    } else {
        bool vocab_txt = loader_exists(&l, "vocab.txt"), vocab_json = loader_exists(&l, "vocab.json"),
             encoder_json = loader_exists(&l, "encoder.json");

        if (e->status == PUMA_OK) config = loader_json(&l, "tokenizer_config.json", true);
        if (e->status != PUMA_OK)
            ;
        else if (vocab_txt)
            load_vocab_txt(&l, config);
        else if (vocab_json)
            load_vocab_json(&l, config, "vocab.json", "merges.txt");
        else if (encoder_json)
            load_vocab_json(&l, config, "encoder.json", "vocab.bpe");
        else if (loader_exists(&l, "tokenizer.model"))
            load_pieces(&l, config);
        else if (file_find_gguf(&file, directory, e) == PUMA_OK && file)
            load_gguf_tokens(&l, file);
        else if (e->status == PUMA_OK)
            FAIL(&l, TOKEN_ENONE,
                 "%s: no tokenizer.json, vocab.txt, vocab.json, encoder.json, tokenizer.model or .gguf file",
                 directory);
    }
    if (e->status == PUMA_OK) close_tokenizer(&l);
    free(file);
    json_decref(config);
    return e->status;
}
