/* loader.h - what the files that fill a tokenizer share: reading, declaring tokens, merges and templates.
 *
 * Each function records a failure in l->e, with the name of the file being read, and returns its status. */
#ifndef TOKEN_LOADER_H
#define TOKEN_LOADER_H

#include "token/tokenizer.h"
#include "weights/json.h"

/* What every function here needs: the tokenizer, the file being read (for messages) and where to put the
 * error. */
typedef struct loader {
    tokenizer  *t;
    const char *directory, *file;
    puma_error *e;
    size_t      added_room; /* of t->added */
} loader;

#define FAIL(l, code, ...) error_set((l)->e, code, __VA_ARGS__)

puma_status loader_full(loader *l); /* out of memory */
puma_status loader_unsupported(loader *l, const char *part, const char *type);

bool        loader_exists(loader *l, const char *name);
puma_status loader_bytes(loader *l, const char *name, char **data, size_t *size);
/* A JSON object, whose name becomes l->file; NULL and no error when `optional` and not there. */
json_t     *loader_json(loader *l, const char *name, bool optional);
const char *loader_type(const json_t *object); /* its "type"; "(none)" */
bool        loader_flag(const json_t *object, const char *key, bool otherwise);
char       *loader_copy(loader *l, const char *text);

puma_status loader_set_token(loader *l, uint32_t id, const char *text, size_t size);
puma_status loader_id(loader *l, const json_t *value, const char *text, uint32_t *id);
/* The model's own vocabulary is complete: t->words finds it.  Ids may still be missing, for added tokens to
 * fill. */
puma_status loader_close_words(loader *l);
puma_status loader_words(loader *l, json_t *words);
puma_status loader_unknown(loader *l, const char *text);
puma_status loader_close_wordpiece(loader *l, const char *prefix, size_t word_limit);
/* An added token: one of the model's own, or one with an id that is free. */
puma_status loader_add(loader *l, const char *text, size_t size, uint32_t id, added_token token);
puma_status loader_add_json(loader *l, const json_t *object, uint32_t id);
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

/* tokenizer_json.c */
puma_status load_tokenizer_json(loader *l);
/* steps_json.c: parts of that file. */
puma_status load_normalizer(loader *l, const json_t *n);
puma_status load_pre_tokenizer(loader *l, const json_t *p);
puma_status load_decoder(loader *l, const json_t *d);
/* sentencepiece_file.c: the pieces, and the names (malloc'd) that the file has for bos and eos. */
puma_status load_tokenizer_model(loader *l, char **bos, char **eos);

/* gguf_tokens.c: the tokenizer in the metadata of a GGUF file. */
puma_status load_gguf_tokens(loader *l, const char *path);

/* sentencepiece.c: the next piece, of type SP_*; *room is of l->t->sp. */
puma_status sentencepiece_add(loader *l, size_t *room, const char *text, size_t size, float score,
                              uint64_t type);
/* All pieces are there: makes what encoding looks for. */
puma_status sentencepiece_close(loader *l);

#endif
