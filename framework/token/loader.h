/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* loader.h - what the files that fill a tokenizer share: reading, declaring tokens, merges and templates.
 *
 * Each function records a failure in l->e, with the name of the file being read, and returns its status.
 *
 * A loader fills the tokenizer of one tokenizer_load and is gone with it; nothing of it is seen once texts are
 * encoded. */
#ifndef TOKEN_LOADER_H
#define TOKEN_LOADER_H

#include "token/tokenizer.h"
#include "weights/gguf.h"
#include "weights/json.h"

/* What every function here needs: the tokenizer, the file being read (for messages) and where to put the
 * error. */
typedef struct loader {
    tokenizer  *t;
    const char *directory, *file;
    const token_file *files; /* these instead of the directory's; NULL: that */
    size_t            file_count;
    puma_error *e;
    size_t      added_room;   /* of t->added */
    size_t      spare_room;   /* of t->spares */
    json_t     *added_places; /* text of an added token: its place in t->added */
    uint32_t    added_next;   /* one more than the largest id of one */
} loader;

#define FAIL(l, code, ...) error_set((l)->e, code, __VA_ARGS__)

puma_status loader_full(loader *l); /* out of memory */
puma_status loader_unsupported(loader *l, const char *part, const char *type);

bool        loader_exists(loader *l, const char *name);
/* The .gguf file that is there, opened; NULL and no error: there is none. */
gguf       *loader_gguf(loader *l);
puma_status loader_bytes(loader *l, const char *name, char **data, size_t *size);
/* A JSON object, whose name becomes l->file; NULL and no error when `optional` and not there. */
json_t     *loader_json(loader *l, const char *name, bool optional);
const char *loader_type(const json_t *object); /* its "type"; "(none)" */
bool        loader_flag(const json_t *object, const char *key, bool otherwise);
char       *loader_copy(loader *l, const char *text);

puma_status loader_set_token(loader *l, uint32_t id, const char *text, size_t size);
puma_status loader_id(loader *l, const json_t *value, const char *text, uint32_t *id);
/* The model's own vocabulary is complete: t->words finds it.  Ids may still be missing, for added tokens to
 * fill.  last_wins: of two tokens of one text the first is no token at all; else that is an error. */
puma_status loader_close_words(loader *l, bool last_wins);
puma_status loader_words(loader *l, json_t *words);
/* A vocabulary of Unigram: room for `count` tokens, each of them in the order of its ids, and the end. */
puma_status loader_open_unigram(loader *l, size_t count);
puma_status loader_scored(loader *l, const char *text, size_t size, double score);
puma_status loader_close_unigram(loader *l);
puma_status loader_unknown(loader *l, const char *text);
puma_status loader_close_wordpiece(loader *l, const char *prefix, size_t word_limit);
/* An added token: one of the model's own, or one with an id that is free. */
puma_status loader_add(loader *l, const char *text, size_t size, uint32_t id, added_token token);
/* An added token as the reference adds it, whatever id a file gives it: one that is known keeps its id, with
 * these flags from now on; another gets the next id behind the vocabulary. */
puma_status loader_append(loader *l, const char *text, size_t size, added_token token);
/* What an object (NULL: there is none) says of an added token. */
added_token loader_flags(const json_t *object, bool special);
/* The id of a token of the vocabulary, or of an added one. */
bool        loader_find(loader *l, const char *text, uint32_t *id);
/* One merge, at `line` of a file or of a list; t->merges has room for it. */
puma_status loader_merge(loader *l, size_t line, const char *left, size_t left_size, const char *right,
                         size_t right_size, uint32_t rank);
puma_status loader_merge_line(loader *l, size_t line, const char *text, size_t size, uint32_t rank);

/* The next step of the normaliser, of the pre-tokenizer, of the decoder; NULL: l->e says why not. */
normal_step *loader_normal(loader *l, int what);
split_step  *loader_split(loader *l, int what);
decode_step *loader_decode(loader *l, int what);
/* A step at the matches of a regular expression, as tokenizer.json writes them. */
puma_status  loader_split_regex(loader *l, const char *regex, size_t size, split_behaviour behaviour,
                                bool invert);
/* The pre-tokenizer of a byte-level vocabulary: at the matches of each expression in turn (closed by NULL),
 * then bytes become letters; and its decoder. */
puma_status  loader_byte_level(loader *l, bool prefix_space, const char *const *regexes);
/* What GPT-2 splits at, for the above. */
extern const char *const loader_gpt2[2];

puma_status template_put(loader *l, template *to, template_piece piece);
void        template_plain(tokenizer *t);
void        template_bert(tokenizer *t, uint32_t cls, uint32_t sep);
void        template_roberta(tokenizer *t, uint32_t cls, uint32_t sep);
/* bos and eos before and behind each text, where they are not TOKEN_NONE; the second text has type 1. */
void        template_llama(tokenizer *t, uint32_t bos, uint32_t eos);

/* beside.c: the files beside a tokenizer. */
#define BESIDE_KEYS 7
extern const char *const beside_keys[BESIDE_KEYS]; /* bos_token … mask_token */

typedef enum beside_family {
    BESIDE_OTHER,
    BESIDE_BERT,  /* has do_lower_case and its like */
    BESIDE_BYTES, /* has add_prefix_space           */
    BESIDE_LLAMA, /* has that, add_bos_token and add_eos_token */
    BESIDE_WORDS  /* Unigram: cuts at white space, and words begin with the sign of a blank */
} beside_family;

typedef struct beside {
    json_t *config, *model; /* tokenizer_config.json and config.json; NULL: there is none */
    json_t *map,
        *added;        /* special_tokens_map.json, added_tokens.json; NULL too where config makes up for it */
    const char *class; /* a known one, without "Fast" */
    beside_family      family;
    const char *const *names; /* special tokens that the class has by default, as beside_keys */
} beside;

puma_status beside_open(loader *l, beside *b);
void        beside_close(beside *b);
const char *beside_class(const beside *b); /* as the files have it; NULL */
/* Where no class is named, `class` is it, whatever the model_type. */
void        beside_default(beside *b, const char *class);
/* The special token `key`, `otherwise` where the files do not say; NULL: there is none. */
const char *beside_name(const beside *b, const char *key, const char *otherwise);
/* The id of that, or of the class's own; TOKEN_NONE and an error: it has none. */
uint32_t    beside_token(loader *l, const beside *b, const char *key);
/* Settings of the configuration, put into tokenizer.json's own. */
puma_status beside_patch(loader *l, const beside *b, json_t *root);
/* Declares the tokens that the files list or name. */
puma_status beside_add_tokens(loader *l, const beside *b);
/* The class's own template, where tokenizer.json has none. */
puma_status beside_own_template(loader *l, const beside *b);
/* The template that add_bos_token and add_eos_token ask for. */
puma_status beside_ends(loader *l, const beside *b);

/* tokenizer_json.c */
puma_status load_tokenizer_json(loader *l, const beside *b);
/* steps_json.c: parts of that file. */
puma_status load_normalizer(loader *l, const json_t *n);
puma_status load_pre_tokenizer(loader *l, const json_t *p);
puma_status load_decoder(loader *l, const json_t *d);
/* sentencepiece_file.c: the pieces of file `name`, and the names (malloc'd) that it has for bos and eos. */
puma_status load_tokenizer_model(loader *l, const char *name, char **bos, char **eos);
/* sentencepiece_class.c: does a class with a file of its own, moved ids and Unigram, read this directory? */
bool        is_unigram_class(const beside *b);
puma_status load_unigram_class(loader *l, const beside *b);

/* gguf_tokens.c: the tokenizer in the metadata of a GGUF file. */
puma_status load_gguf_tokens(loader *l, const gguf *g);

/* sentencepiece_pieces.c: the next piece, of type SP_*; *room is of l->t->sp. */
puma_status sentencepiece_add(loader *l, size_t *room, const char *text, size_t size, float score,
                              uint64_t type);
/* All pieces are there: makes what encoding looks for. */
puma_status sentencepiece_close(loader *l);

#endif
