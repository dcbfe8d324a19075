/* tokenizer.h - the parts of a tokenizer, shared by the files of this folder.
 *
 * Text goes through five steps, as in tokenizer.json: added tokens are cut out, the rest is normalised, added
 * tokens of normalised text are cut out, the rest is split into words, each word becomes ids.  Then the
 * template puts the special tokens around.  Invariants of an open tokenizer: texts[0 … count) are all there,
 * every id anywhere in it is < count. */
#ifndef TOKEN_TOKENIZER_H
#define TOKEN_TOKENIZER_H

#include "token/token.h"
#include "token/unicode.h"
#include "token/vocabulary.h"

#define TOKEN_FILE_LIMIT ((size_t)64 << 20)
#define TOKEN_COUNT_LIMIT ((size_t)1 << 22)
#define TOKEN_ADDED_LIMIT ((size_t)4096) /* bytes of an added token */
#define TOKEN_NONE UINT32_MAX

enum {
    KIND_ADDED = 1,
    KIND_SPECIAL = 2
}; /* how a token was declared, if not by the model's vocabulary alone */

/* Codes of errors.def. */
enum {
    TOKEN_ENONE = 501,
    TOKEN_EFILE,
    TOKEN_EUNSUPPORTED,
    TOKEN_EVOCABULARY,
    TOKEN_EMERGE,
    TOKEN_ESPECIAL,
    TOKEN_EUTF8,
    TOKEN_ELONG,
    TOKEN_EID,
    TOKEN_ELINE,
    TOKEN_EMEMORY = 1001,
    TOKEN_EINTERNAL = 7001
};

typedef struct id_list {
    uint32_t *at;
    size_t    count, room;
} id_list;

typedef struct added_token {
    uint32_t id;
    bool     special, single_word, lstrip, rstrip, normalized;
    bytes    form; /* what is looked for, when normalized */
} added_token;

/* One piece of a template: the ids of the first text or of the second, or a special token. */
typedef struct template_piece {
    enum { PIECE_A, PIECE_B, PIECE_SPECIAL } what;
    uint32_t id, type;
} template_piece;

#define TEMPLATE_PIECES 64
typedef struct template
{
    template_piece pieces[TEMPLATE_PIECES];
    size_t         count;
}
template;

typedef struct merge {
    uint64_t pair;
    uint32_t rank, result;
} merge;

typedef enum split_rule { SPLIT_NONE, SPLIT_GPT2, SPLIT_QWEN2, SPLIT_LLAMA3 } split_rule;

struct tokenizer {
    char   **texts; /* by id, each with a NUL behind it; NULL while loading: no token yet */
    size_t  *sizes;
    uint8_t *kinds; /* KIND_* */
    size_t   count, room;

    enum { MODEL_WORDPIECE, MODEL_BPE } model;
    vocabulary words;   /* the model's own tokens, without those that were only added */
    uint32_t   unknown; /* TOKEN_NONE: what is not in the vocabulary is left out (BPE) */

    added_token *added; /* values of the two vocabularies below are places in it */
    size_t       added_count;
    vocabulary   raw, cooked; /* matched before and after normalisation */

    bool clean, ideographs, strip, lower; /* BertNormalizer */
    bool compose;                         /* NFC            */

    vocabulary continuing; /* WordPiece: what may follow within a word, without its prefix */
    char      *prefix;     /* "##" */
    size_t     word_limit; /* code points of a word; a longer one is unknown */

    merge     *merges; /* sorted by pair (left << 32 | right) */
    size_t     merge_count;
    uint32_t   byte_ids[256]; /* token of a single byte, or TOKEN_NONE */
    bool       whole_words, fuse_unknown, prefix_space;
    split_rule split;
    void      *pattern; /* pcre2_code of split; NULL for SPLIT_NONE */

    template single, pair;

    enum { DECODE_JOIN, DECODE_WORDPIECE, DECODE_BYTES } decode;
    char *decode_prefix;
    bool  cleanup;
};

/* load.c: fills a zeroed tokenizer. */
puma_status tokenizer_load(tokenizer *t, const char *directory, puma_error *e);

/* token.c: the normaliser; appends to *out. */
puma_status token_normalise(const tokenizer *t, const char *text, size_t size, bytes *out, puma_error *e);

/* wordpiece.c, bpe.c: text that holds no added tokens, normalised, to ids. */
puma_status wordpiece_encode(const tokenizer *t, const char *text, size_t size, id_list *out, puma_error *e);
puma_status bpe_encode(const tokenizer *t, const char *text, size_t size, id_list *out, puma_error *e);
/* Compiles the split pattern and fills byte_ids; merges get sorted, the later of two equal ones stays. */
puma_status bpe_prepare(tokenizer *t, puma_error *e);
/* The code point that stands for a byte in a byte-level vocabulary, and back (-1: none). */
uint32_t    bpe_letter(unsigned char byte);
int         bpe_byte(uint32_t letter);

/* False: out of memory. */
bool id_list_add(id_list *list, uint32_t id);

#endif
