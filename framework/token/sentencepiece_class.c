/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sentencepiece_class.c - what Hugging Face's classes other than LLaMA's make of a SentencePiece file, as
 * transformers 5 does it.
 *
 * Ids are moved where fairseq's order has special tokens of its own in front.  A text is mapped, split at
 * white space, and each word begins with the sign of a blank, whatever the file says of the blank in front.
 */
#include "token/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANK_SIGN "\xe2\x96\x81"
#define HEAD_LIMIT 5
#define EXTRA_LIMIT 10000

typedef struct convention {
    const char *class, *file;
    /* What stands for the first `dropped` pieces: a key of the configuration, for the token it names, or the
     * token itself. */
    const char *head[HEAD_LIMIT];
    size_t      dropped;
    bool        mask, extra; /* behind the pieces: the mask; <extra_id_N>, the highest number first */
    uint32_t    unknown;
    const char *first, *last; /* keys of the tokens of the template; NULL: nothing stands in front */
    bool        albert; /* steps before the map; the second text has type 1 and one separator before it */
} convention;

static const convention CONVENTIONS[] = {
    { .class = "XLMRobertaTokenizer",
      .file = "sentencepiece.bpe.model",
      .head = { "bos_token", "pad_token", "eos_token", "unk_token" },
      .dropped = 3,
      .mask = true,
      .unknown = 3,
      .first = "bos_token",
      .last = "eos_token" },
    { .class = "CamembertTokenizer",
      .file = "sentencepiece.bpe.model",
      .head = { "<s>NOTUSED", "pad_token", "</s>NOTUSED", "unk_token", "<unk>NOTUSED" },
      .dropped = 1,
      .mask = true,
      .unknown = 3,
      .first = "bos_token",
      .last = "eos_token" },
    { .class = "T5Tokenizer", .file = "spiece.model", .extra = true, .unknown = 2, .last = "eos_token" },
    { .class = "MT5Tokenizer", .file = "spiece.model", .extra = true, .unknown = 2, .last = "eos_token" },
    { .class = "AlbertTokenizer",
      .file = "spiece.model",
      .unknown = 1,
      .first = "cls_token",
      .last = "sep_token",
      .albert = true },
};

static const convention *convention_of(const beside *b)
{
    for (size_t i = 0; b->class && i < sizeof CONVENTIONS / sizeof *CONVENTIONS; i++)
        if (strcmp(b->class, CONVENTIONS[i].class) == 0) return &CONVENTIONS[i];
    return NULL;
}

bool is_unigram_class(const beside *b) { return convention_of(b) != NULL; }

/* --- the vocabulary ------------------------------------------------------------------------------ */

/* The token that a key names, or the key itself where it is none. */
static const char *named(const beside *b, const char *key)
{
    for (size_t i = 0; i < BESIDE_KEYS; i++)
        if (strcmp(key, beside_keys[i]) == 0) return beside_name(b, key, b->names[i]);
    return key;
}

static puma_status add_named(loader *l, const beside *b, const char *key)
{
    const char *text = named(b, key);

    if (!text) return FAIL(l, TOKEN_ESPECIAL, "%s: %s is not set", l->file, key);
    /* The one that CamemBERT has to keep the file's own out of the way. */
    return loader_scored(l, text, strlen(text), strcmp(key, "<unk>NOTUSED") == 0 ? -100.0 : 0.0);
}

static puma_status add_extra(loader *l, size_t count)
{
    char name[32];

    while (count-- > 0) {
        int size = snprintf(name, sizeof name, "<extra_id_%zu>", count);

        if (loader_scored(l, name, (size_t)size, 0.0) != PUMA_OK) break;
    }
    return l->e->status;
}

/* The tokens of `from`, the file's own tokenizer, with the class's around them. */
static puma_status add_words(loader *l, const beside *b, const convention *c, const tokenizer *from,
                             size_t extra)
{
    const sentencepiece *sp = &from->sp;

    if (loader_open_unigram(l, HEAD_LIMIT + sp->count + 1 + extra) != PUMA_OK) return l->e->status;
    for (size_t i = 0; i < HEAD_LIMIT && c->head[i]; i++)
        if (add_named(l, b, c->head[i]) != PUMA_OK) return l->e->status;
    for (size_t i = c->dropped; i < sp->count; i++)
        if (loader_scored(l, from->texts[i], from->sizes[i], (double)sp->scores[i]) != PUMA_OK)
            return l->e->status;
    if (c->mask && add_named(l, b, "mask_token") != PUMA_OK) return l->e->status;
    if (add_extra(l, extra) != PUMA_OK) return l->e->status;
    if (c->unknown >= l->t->count)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: too few pieces (got %zu)", l->file, sp->count);
    l->t->unknown = c->unknown;
    return loader_close_unigram(l);
}

/* The file's control pieces are special tokens, its user-defined ones added tokens, and so are the extra
 * ones. */
static puma_status declare_words(loader *l, const tokenizer *from, size_t extra)
{
    const tokenizer *t = l->t;

    for (size_t i = 0; i < from->sp.count; i++) {
        uint8_t type = from->sp.types[i];

        if ((type == SP_CONTROL || type == SP_USER) &&
            loader_append(l, from->texts[i], from->sizes[i],
                          (added_token){ .special = type == SP_CONTROL }) != PUMA_OK)
            return l->e->status;
    }
    for (size_t id = t->unigram.count - extra; id < t->unigram.count; id++)
        if (loader_append(l, t->texts[id], t->sizes[id], (added_token){ .special = true }) != PUMA_OK) break;
    return l->e->status;
}

/* --- what is done to a text ---------------------------------------------------------------------- */

/* ALBERT's steps before the map: quotes, accents, case. */
static puma_status add_albert_steps(loader *l, const beside *b)
{
    static const char *const quotes[] = { "``", "''" };

    for (size_t i = 0; i < 2; i++) {
        normal_step *step = loader_normal(l, NORMAL_REPLACE);

        if (!step) return l->e->status;
        step->pattern = pattern_string(quotes[i], 2);
        if (!step->pattern || !bytes_add(&step->text, "\"", 1)) return loader_full(l);
    }
    if (!loader_flag(b->config, "keep_accents", false) &&
        (!loader_normal(l, NORMAL_NFKD) || !loader_normal(l, NORMAL_STRIP_ACCENTS)))
        return l->e->status;
    if (loader_flag(b->config, "do_lower_case", true)) loader_normal(l, NORMAL_LOWER);
    return l->e->status;
}

static puma_status add_steps(loader *l, const beside *b, const convention *c, charsmap *map)
{
    bool         prefix = c->extra || loader_flag(b->config, "add_prefix_space", true); /* T5 does not ask */
    normal_step *mapping;
    split_step  *blanks, *signs, *words;
    decode_step *decode;

    if (c->albert && add_albert_steps(l, b) != PUMA_OK) return l->e->status;
    if (map->unit_count > 0) {
        if (!(mapping = loader_normal(l, NORMAL_MAP))) return l->e->status;
        mapping->map = *map;
        *map = (charsmap){ 0 };
    }
    if (!(blanks = loader_split(l, SPLIT_CLASS)) || !(signs = loader_split(l, SPLIT_SIGNS)) ||
        !(words = loader_split(l, SPLIT_PATTERN)) || !(decode = loader_decode(l, STEP_METASPACE)))
        return l->e->status;
    blanks->belongs = unicode_space;
    blanks->behaviour = SPLIT_REMOVED;
    signs->prefix = prefix ? PREFIX_ALWAYS : PREFIX_NEVER;
    words->behaviour = SPLIT_MERGED_WITH_NEXT;
    words->pattern = pattern_string(BLANK_SIGN, 3);
    decode->start = prefix;
    if (!words->pattern || !bytes_add(&signs->sign, BLANK_SIGN, 3) ||
        !bytes_add(&decode->from, BLANK_SIGN, 3))
        return loader_full(l);
    return PUMA_OK;
}

static puma_status add_template(loader *l, const beside *b, const convention *c)
{
    uint32_t first = TOKEN_NONE, last = beside_token(l, b, c->last);

    if (l->e->status == PUMA_OK && c->first) first = beside_token(l, b, c->first);
    if (l->e->status != PUMA_OK) return l->e->status;
    if (c->albert) {
        template_bert(l->t, first, last);
    } else if (c->first) {
        template_roberta(l->t, first, last);
    } else {
        template_llama(l->t, TOKEN_NONE, last);
        for (size_t i = 0; i < l->t->pair.count; i++) l->t->pair.pieces[i].type = 0;
    }
    return PUMA_OK;
}

/* --- the whole ------------------------------------------------------------------------------------ */

static puma_status load_with(loader *l, const beside *b, const convention *c, tokenizer *from, size_t extra)
{
    if (!from->sp.best_cut)
        return loader_unsupported(l, "SentencePiece model of kind BPE with tokenizer_class", c->class);
    if (add_words(l, b, c, from, extra) != PUMA_OK || declare_words(l, from, extra) != PUMA_OK ||
        beside_add_tokens(l, b) != PUMA_OK || add_steps(l, b, c, &from->sp.map) != PUMA_OK)
        return l->e->status;
    return add_template(l, b, c);
}

puma_status load_unigram_class(loader *l, const beside *b)
{
    const convention *c = convention_of(b);
    const json_t     *count = json_object_get(b->config, "extra_ids");
    double            extra = json_is_number(count) ? json_number_value(count) : 100;
    loader            of_file = *l;
    char             *bos = NULL, *eos = NULL;

    if (!loader_exists(l, c->file))
        return FAIL(l, TOKEN_ENONE, "%s: no tokenizer.json and no %s", l->directory, c->file);
    if (c->extra && (extra < 0 || extra > EXTRA_LIMIT))
        return FAIL(l, TOKEN_ESPECIAL, "%s: extra_ids out of range (got %g, limit %d)", l->file, extra,
                    EXTRA_LIMIT);
    of_file.t = calloc(1, sizeof *of_file.t);
    if (!of_file.t) return loader_full(l);
    of_file.t->unknown = TOKEN_NONE;
    if (load_tokenizer_model(&of_file, c->file, &bos, &eos) == PUMA_OK)
        load_with(l, b, c, of_file.t, c->extra ? (size_t)extra : 0);
    token_close(of_file.t);
    free(bos);
    free(eos);
    return l->e->status;
}
