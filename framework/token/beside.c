/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* beside.c - the files beside a tokenizer: tokenizer_config.json, special_tokens_map.json, added_tokens.json
 * and config.json, with the precedence that Hugging Face's transformers gives them.
 *
 * What a class of tokenizer takes from tokenizer_config.json goes into the parts of tokenizer.json before
 * they are read, as transformers does to its own copy; tokens are added behind those of tokenizer.json.
 * clean_up_tokenization_spaces is not looked at: transformers does not for BPE, and WordPiece's decoder has
 * a setting of its own.
 *
 * files.c, tokenizer_json.c and sentencepiece_class.c ask it.  It reads no vocabulary: which tokens there are it only
 * learns through loader.h. */
#include "token/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const beside_keys[BESIDE_KEYS] = { "bos_token", "eos_token", "unk_token", "sep_token",
                                               "pad_token", "cls_token", "mask_token" };

/* Special tokens that a class has where the files name none, in the order of beside_keys. */
static const char *const BERT[BESIDE_KEYS] = { NULL, NULL, "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]" };
static const char *const MPNET[BESIDE_KEYS] = { "<s>", "</s>", "[UNK]", "</s>", "<pad>", "<s>", "<mask>" };
static const char *const GPT2[BESIDE_KEYS] = { "<|endoftext|>", "<|endoftext|>", "<|endoftext|>" };
static const char *const QWEN2[BESIDE_KEYS] = { NULL, "<|endoftext|>", "<|endoftext|>", NULL,
                                                "<|endoftext|>" };
static const char *const ROBERTA[BESIDE_KEYS] = { "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>" };
static const char *const LLAMA[BESIDE_KEYS] = { "<s>", "</s>", "<unk>" };
static const char *const T5[BESIDE_KEYS] = { NULL, "</s>", "<unk>", NULL, "<pad>" };
static const char *const ALBERT[BESIDE_KEYS] = { "[CLS]", "[SEP]", "<unk>", "[SEP]",
                                                 "<pad>", "[CLS]", "[MASK]" };
static const char *const GEMMA[BESIDE_KEYS] = { "<bos>", "<eos>", "<unk>", NULL, "<pad>" };
static const char *const NONE[BESIDE_KEYS] = { NULL };

/* Classes, without "Fast" at their end, and the model_type that means one where no class is named. */
static const struct {
    const char *class, *model_type;
    beside_family      family;
    const char *const *names;
} CLASSES[] = {
    { "BertTokenizer", "bert", BESIDE_BERT, BERT },
    { "DistilBertTokenizer", "distilbert", BESIDE_BERT, BERT },
    { "ElectraTokenizer", "electra", BESIDE_BERT, BERT },
    { "MobileBertTokenizer", "mobilebert", BESIDE_BERT, BERT },
    { "ConvBertTokenizer", "convbert", BESIDE_BERT, BERT },
    { "SqueezeBertTokenizer", "squeezebert", BESIDE_BERT, BERT },
    { "LayoutLMTokenizer", "layoutlm", BESIDE_BERT, BERT },
    { "RetriBertTokenizer", NULL, BESIDE_BERT, BERT },
    { "MPNetTokenizer", "mpnet", BESIDE_BERT, MPNET },
    { "GPT2Tokenizer", "gpt2", BESIDE_BYTES, GPT2 },
    { "GPTNeoXTokenizer", "gpt_neox", BESIDE_BYTES, GPT2 },
    { "CodeGenTokenizer", NULL, BESIDE_BYTES, GPT2 },
    { "RobertaTokenizer", "roberta", BESIDE_BYTES, ROBERTA },
    { "BartTokenizer", "bart", BESIDE_BYTES, ROBERTA },
    { "LongformerTokenizer", "longformer", BESIDE_BYTES, ROBERTA },
    { "LEDTokenizer", "led", BESIDE_BYTES, ROBERTA },
    { "Qwen2Tokenizer", "qwen2", BESIDE_BYTES, QWEN2 },
    { "XLMRobertaTokenizer", "xlm-roberta", BESIDE_WORDS, ROBERTA },
    { "CamembertTokenizer", "camembert", BESIDE_WORDS, ROBERTA },
    { "T5Tokenizer", "t5", BESIDE_WORDS, T5 },
    { "MT5Tokenizer", "mt5", BESIDE_WORDS, T5 },
    { "AlbertTokenizer", "albert", BESIDE_WORDS, ALBERT },
    { "LlamaTokenizer", NULL, BESIDE_LLAMA, LLAMA },
    { "CodeLlamaTokenizer", NULL, BESIDE_LLAMA, LLAMA },
    { "GemmaTokenizer", NULL, BESIDE_LLAMA, GEMMA },
};

const char *beside_class(const beside *b)
{
    const char *class = json_string_value(json_object_get(b->config, "tokenizer_class"));

    return class ? class : json_string_value(json_object_get(b->model, "tokenizer_class"));
}

static bool same_class(const char *class, const char *plain)
{
    size_t size = strlen(plain);

    return strncmp(class, plain, size) == 0 && (!class[size] || strcmp(class + size, "Fast") == 0);
}

static void find_family(beside *b, const char *class)
{
    const char *type = json_string_value(json_object_get(b->model, "model_type"));

    b->class = NULL;
    b->family = BESIDE_OTHER;
    b->names = NONE;
    for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++) {
        const char *wanted = CLASSES[i].model_type;

        if (class ? !same_class(class, CLASSES[i].class) : !(type && wanted && strcmp(type, wanted) == 0))
            continue;
        b->class = CLASSES[i].class;
        b->family = CLASSES[i].family;
        b->names = CLASSES[i].names;
    }
}

puma_status beside_open(loader *l, beside *b)
{
    *b = (beside){ 0 };
    b->config = loader_json(l, "tokenizer_config.json", true);
    if (l->e->status == PUMA_OK) b->model = loader_json(l, "config.json", true);
    /* A list of tokens with their ids stands for these two. */
    if (l->e->status == PUMA_OK && !json_object_get(b->config, "added_tokens_decoder")) {
        b->map = loader_json(l, "special_tokens_map.json", true);
        if (l->e->status == PUMA_OK) b->added = loader_json(l, "added_tokens.json", true);
    }
    find_family(b, beside_class(b));
    l->file = "tokenizer_config.json";
    return l->e->status;
}

void beside_default(beside *b, const char *class)
{
    if (!beside_class(b)) find_family(b, class);
}

void beside_close(beside *b)
{
    json_decref(b->config);
    json_decref(b->model);
    json_decref(b->map);
    json_decref(b->added);
}

/* What `key` is set to: the map's own value comes before the configuration's. */
static const json_t *setting(const beside *b, const char *key)
{
    const json_t *value = json_object_get(b->map, key);

    return value ? value : json_object_get(b->config, key);
}

static const char *content_of(const json_t *value)
{
    return json_string_value(json_is_object(value) ? json_object_get(value, "content") : value);
}

const char *beside_name(const beside *b, const char *key, const char *otherwise)
{
    const json_t *value = setting(b, key);

    return value ? content_of(value) : otherwise;
}

/* The same with the class's own where the files do not say. */
static const char *name_of(const beside *b, const char *key)
{
    const char *own = NULL;

    for (size_t i = 0; i < BESIDE_KEYS; i++)
        if (strcmp(key, beside_keys[i]) == 0) own = b->names[i];
    return beside_name(b, key, own);
}

/* --- what goes into the parts of tokenizer.json -------------------------------------------------- */

static void set_flag(loader *l, json_t *object, const char *key, bool value)
{
    if (json_object_set_new(object, key, json_boolean(value)) != 0) loader_full(l);
}

/* BERT's classes say what the normaliser does; what they are not told has their own default. */
static void patch_bert(loader *l, const beside *b, json_t *root)
{
    json_t       *normalizer = json_object_get(root, "normalizer");
    const json_t *strip = json_object_get(b->config, "strip_accents");

    if (strcmp(loader_type(normalizer), "BertNormalizer") != 0) return;
    set_flag(l, normalizer, "lowercase", loader_flag(b->config, "do_lower_case", true));
    set_flag(l, normalizer, "handle_chinese_chars", loader_flag(b->config, "tokenize_chinese_chars", true));
    if (json_is_boolean(strip))
        set_flag(l, normalizer, "strip_accents", json_is_true(strip));
    else
        json_object_del(normalizer, "strip_accents"); /* as lowercase is */
}

/* ByteLevel's blank in front, in the classes that have the setting: as the configuration has it, and without
 * a word of it off. */
static void patch_byte_level(loader *l, const beside *b, json_t *root)
{
    json_t       *splitter = json_object_get(root, "pre_tokenizer");
    const json_t *given = json_object_get(b->config, "add_prefix_space"), *steps;

    if (b->family != BESIDE_BYTES) return;
    steps = json_object_get(splitter, "pretokenizers");
    if (strcmp(loader_type(splitter), "Sequence") == 0) splitter = json_array_get(steps, 0);
    if (strcmp(loader_type(splitter), "ByteLevel") == 0)
        set_flag(l, splitter, "add_prefix_space", json_is_true(given));
}

/* Takes the steps of `type` out of the list `key` of root's part, or the part if it is such a step. */
static void drop_steps(json_t *root, const char *part, const char *key, const char *type)
{
    json_t *steps = json_object_get(json_object_get(root, part), key);

    if (strcmp(loader_type(json_object_get(root, part)), type) == 0) json_object_del(root, part);
    for (size_t i = json_array_size(steps); i-- > 0;)
        if (strcmp(loader_type(json_array_get(steps, i)), type) == 0) json_array_remove(steps, i);
}

/* The same of LLaMA's sign for a blank, which one of two steps puts in front and the decoder takes off. */
static void patch_metaspace(loader *l, const beside *b, json_t *root)
{
    const json_t *given = json_object_get(b->config, "add_prefix_space");
    json_t       *splitter = json_object_get(root, "pre_tokenizer");
    const char   *scheme = loader_flag(b->config, "legacy", false) ? "always" : "first",
               *now = json_string_value(json_object_get(splitter, "prepend_scheme"));
    bool metaspace = strcmp(loader_type(splitter), "Metaspace") == 0;

    if (b->family != BESIDE_LLAMA || !json_is_boolean(given)) return;
    if (json_is_true(given)) {
        if (metaspace && now && strcmp(now, "never") == 0 &&
            json_object_set_new(splitter, "prepend_scheme", json_string(scheme)) != 0)
            loader_full(l);
        return;
    }
    drop_steps(root, "normalizer", "normalizers", "Prepend");
    drop_steps(root, "decoder", "decoders", "Strip");
    if (metaspace && json_object_set_new(splitter, "prepend_scheme", json_string("never")) != 0)
        loader_full(l);
}

/* One step of Metaspace, or a decoder of that kind. */
static void set_scheme(loader *l, json_t *step, bool prefix)
{
    if (strcmp(loader_type(step), "Metaspace") != 0) return;
    json_object_del(step, "add_prefix_space"); /* the name of the setting in old files */
    if (json_object_set_new(step, "prepend_scheme", json_string(prefix ? "always" : "never")) != 0)
        loader_full(l);
}

/* Unigram's classes cut at white space first, and put the sign of a blank before each word unless told not
 * to; T5's are not asked. */
static void patch_words(loader *l, const beside *b, json_t *root)
{
    json_t *splitter = json_object_get(root, "pre_tokenizer"), *steps, *step;
    bool    asked = b->names != T5, prefix = !asked || loader_flag(b->config, "add_prefix_space", true);
    size_t  i;

    set_scheme(l, json_object_get(root, "decoder"), prefix);
    json_array_foreach(json_object_get(splitter, "pretokenizers"), i, step) set_scheme(l, step, prefix);
    if (strcmp(loader_type(splitter), "Metaspace") != 0) return;
    set_scheme(l, splitter, prefix);
    steps = json_pack("{s:s, s:[{s:s}, O]}", "type", "Sequence", "pretokenizers", "type", "WhitespaceSplit",
                      splitter);
    if (!steps || json_object_set_new(root, "pre_tokenizer", steps) != 0) loader_full(l);
}

puma_status beside_patch(loader *l, const beside *b, json_t *root)
{
    /* Asked for by name, it holds for a class that is not known too. */
    bool told = json_object_get(b->config, "do_lower_case") && !beside_class(b);

    if (b->family == BESIDE_BERT || told) patch_bert(l, b, root);
    patch_byte_level(l, b, root);
    patch_metaspace(l, b, root);
    if (b->family == BESIDE_WORDS) patch_words(l, b, root);
    return l->e->status;
}

/* --- tokens -------------------------------------------------------------------------------------- */

/* Tokens to add, in the order of the ids that the files give them. */
typedef struct listed {
    uint32_t      id;
    const char   *text;
    const json_t *flags; /* NULL: of added_tokens.json */
} listed;

static int by_id(const void *a, const void *b)
{
    const listed *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* Is it one of the special tokens that the files name? */
static bool is_named(const beside *b, const char *text)
{
    const json_t *more = setting(b, "additional_special_tokens"), *one;
    size_t        i;

    for (i = 0; i < BESIDE_KEYS; i++) {
        const char *name = content_of(setting(b, beside_keys[i]));

        if (name && strcmp(name, text) == 0) return true;
    }
    json_array_foreach(more, i, one)
    {
        const char *name = content_of(one);

        if (name && strcmp(name, text) == 0) return true;
    }
    return false;
}

static puma_status add(loader *l, uint32_t id, const char *text, added_token flags)
{
    /* SentencePiece's pieces and those added to them keep the ids that are written down. */
    if (l->t->model == MODEL_SENTENCEPIECE) return loader_add(l, text, strlen(text), id, flags);
    return loader_append(l, text, strlen(text), flags);
}

/* added_tokens_decoder, or added_tokens.json. */
static puma_status add_listed(loader *l, const beside *b)
{
    json_t     *decoder = json_object_get(b->config, "added_tokens_decoder"), *value;
    size_t      room = json_object_size(decoder) + json_object_size(b->added) + 1, count = 0;
    listed     *list = calloc(room, sizeof *list);
    const char *key;
    char       *end;

    if (!list) return loader_full(l);
    json_object_foreach(decoder, key, value)
    {
        unsigned long id = strtoul(key, &end, 10);
        const char   *content = json_string_value(json_object_get(value, "content"));

        if (*end || end == key || id >= TOKEN_COUNT_LIMIT || *key == '-')
            FAIL(l, TOKEN_ESPECIAL, "%s: added_tokens_decoder: \"%.40s\" is no id", l->file, key);
        else if (!content)
            FAIL(l, TOKEN_ESPECIAL, "%s: added token %lu has no content", l->file, id);
        if (l->e->status != PUMA_OK) break;
        list[count++] = (listed){ (uint32_t)id, content, value };
    }
    json_object_foreach(b->added, key, value)
    {
        uint32_t id;

        if (loader_id(l, value, key, &id) != PUMA_OK) break;
        list[count++] = (listed){ id, key, NULL };
    }
    qsort(list, count, sizeof *list, by_id);
    for (size_t i = 0; i < count && l->e->status == PUMA_OK; i++) {
        bool        named = is_named(b, list[i].text);
        added_token flags = { .special = named, .normalized = !named };

        if (list[i].flags) flags = loader_flags(list[i].flags, loader_flag(list[i].flags, "special", false));
        add(l, list[i].id, list[i].text, flags);
    }
    free(list);
    return l->e->status;
}

/* A special token by its name: of the vocabulary, or one more. */
static puma_status add_named(loader *l, const json_t *value, const char *otherwise)
{
    const char *text = value ? content_of(value) : otherwise;
    uint32_t    id = 0;

    if (!text || !*text || json_object_get(l->added_places, text)) return PUMA_OK;
    if (l->t->model == MODEL_SENTENCEPIECE && !vocabulary_find(&l->t->words, text, strlen(text), &id))
        return PUMA_OK; /* it has no id there */
    return add(l, id, text, loader_flags(value, true));
}

/* Names of any number of special tokens: a list, or an object's values. */
static puma_status add_more(loader *l, const json_t *more)
{
    const json_t *one;
    json_t       *value;
    const char   *key;
    size_t        i;

    json_array_foreach(more, i, one)
    {
        if (add_named(l, one, NULL) != PUMA_OK) return l->e->status;
    }
    json_object_foreach((json_t *)more, key, value)
    {
        if (add_named(l, value, NULL) != PUMA_OK) return l->e->status;
    }
    return PUMA_OK;
}

/* Keys of a model's own, such as image_token, name special tokens too. */
static puma_status add_own(loader *l, const beside *b)
{
    json_t     *value;
    const char *key;

    json_object_foreach(b->config, key, value)
    {
        size_t size = strlen(key);
        bool   common = false;

        for (size_t i = 0; i < BESIDE_KEYS; i++) common = common || strcmp(key, beside_keys[i]) == 0;
        if (!common && size > 6 && strcmp(key + size - 6, "_token") == 0 && json_is_string(value) &&
            add_named(l, value, NULL) != PUMA_OK)
            return l->e->status;
    }
    return PUMA_OK;
}

puma_status beside_add_tokens(loader *l, const beside *b)
{
    const json_t *more = setting(b, "extra_special_tokens");
    const char   *file = l->file;

    l->file = b->added ? "added_tokens.json" : "tokenizer_config.json";
    if (add_listed(l, b) != PUMA_OK) return l->e->status;
    l->file = "tokenizer_config.json";
    for (size_t i = 0; i < BESIDE_KEYS; i++)
        if (add_named(l, setting(b, beside_keys[i]), b->names[i]) != PUMA_OK) return l->e->status;
    if (add_own(l, b) != PUMA_OK) return l->e->status;
    if (add_more(l, more) != PUMA_OK) return l->e->status;
    /* A list of the one stands for the other; an object adds to it. */
    if (json_array_size(more) == 0 && add_more(l, setting(b, "additional_special_tokens")) != PUMA_OK)
        return l->e->status;
    l->file = file;
    return PUMA_OK;
}

uint32_t beside_token(loader *l, const beside *b, const char *key)
{
    const char *name = name_of(b, key);
    uint32_t    id;

    if (name && loader_find(l, name, &id)) return id;
    FAIL(l, TOKEN_ESPECIAL, "%s: %s \"%.40s\" is not in the vocabulary", l->file, key,
         name ? name : "(null)");
    return TOKEN_NONE;
}

/* RoBERTa's classes put their own tokens round a text where the file does not. */
puma_status beside_own_template(loader *l, const beside *b)
{
    uint32_t cls, sep;

    if (b->names != ROBERTA || b->family != BESIDE_BYTES) return PUMA_OK;
    cls = beside_token(l, b, "cls_token");
    if (l->e->status != PUMA_OK) return l->e->status;
    sep = beside_token(l, b, "sep_token");
    if (l->e->status == PUMA_OK) template_roberta(l->t, cls, sep);
    return l->e->status;
}

/* The class puts bos and eos round a text as add_bos_token and add_eos_token say. */
puma_status beside_ends(loader *l, const beside *b)
{
    uint32_t bos = TOKEN_NONE, eos = TOKEN_NONE;

    if (loader_flag(b->config, "add_bos_token", false)) bos = beside_token(l, b, "bos_token");
    if (l->e->status == PUMA_OK && loader_flag(b->config, "add_eos_token", false))
        eos = beside_token(l, b, "eos_token");
    if (l->e->status == PUMA_OK) template_llama(l->t, bos, eos);
    return l->e->status;
}
