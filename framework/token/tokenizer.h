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
#define DECODE_STEP_LIMIT 8

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
    TOKEN_EFORGED = 565,
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

/* A step of a normaliser: every `from` becomes `to`; where `from` is empty, `to` is put in front. */
typedef struct rewrite {
    bytes from, to;
} rewrite;
#define REWRITE_LIMIT 8

typedef enum split_rule {
    SPLIT_NONE,
    SPLIT_GPT2,
    SPLIT_QWEN2,
    SPLIT_LLAMA3,
    SPLIT_DIGITS, /* each digit alone, then as GPT-2           */
    SPLIT_GGUF    /* what llama.cpp takes where a file is mute */
} split_rule;
#define SPLIT_PATTERNS 4

/* A step of tokenizer.json's decoder, each from a list of strings to another. */
typedef struct decode_step {
    enum {
        STEP_REPLACE,       /* `from` by `to`                                                           */
        STEP_BYTE_FALLBACK, /* runs of <0xXX> to the text they are, or to U+FFFD for each byte of a run */
        STEP_FUSE,          /* all strings to one                                                       */
        STEP_STRIP,         /* `from`, a code point, at most `start` times in front, `stop` behind      */
        STEP_METASPACE      /* `from` by a blank, in the first string by nothing if `start`             */
    } what;
    bytes  from, to;
    size_t start, stop;
} decode_step;

/* What a piece of a SentencePiece vocabulary is: the numbers that its file, and GGUF, write. */
enum { SP_NORMAL = 1, SP_UNKNOWN, SP_CONTROL, SP_USER, SP_UNUSED, SP_BYTE };

typedef struct sentencepiece {
    float     *scores;
    uint8_t   *types;                    /* SP_* */
    size_t     count;                    /* of scores and types: ids from here on were added */
    vocabulary symbols;                  /* user-defined pieces: taken whole wherever they stand */
    size_t     longest;                  /* bytes of the longest piece that a merge may give */
    bool  dummy_prefix, squeeze, escape; /* normalizer_spec: add_dummy_prefix, remove_extra_whitespaces … */
    bool  first_only;                    /* the dummy prefix is for the start of the text alone */
    bool  byte_fallback;
    char *unknown_text; /* what an unknown piece decodes to */
} sentencepiece;

struct tokenizer {
    char   **texts; /* by id, each with a NUL behind it; NULL while loading: no token yet */
    size_t  *sizes;
    uint8_t *kinds; /* KIND_* */
    size_t   count, room;

    enum { MODEL_WORDPIECE, MODEL_BPE, MODEL_SENTENCEPIECE } model;
    vocabulary words;   /* the model's own tokens, without those that were only added */
    uint32_t   unknown; /* TOKEN_NONE: what is not in the vocabulary is left out (BPE) */

    added_token *added; /* values of the two vocabularies below are places in it */
    size_t       added_count;
    vocabulary   raw, cooked; /* matched before and after normalisation */

    bool    clean, ideographs, strip, lower; /* BertNormalizer */
    bool    compose;                         /* NFC            */
    rewrite rewrites[REWRITE_LIMIT];         /* after those, one after the other */
    size_t  rewrite_count;

    vocabulary continuing; /* WordPiece: what may follow within a word, without its prefix */
    char      *prefix;     /* "##" */
    size_t     word_limit; /* code points of a word; a longer one is unknown */

    merge     *merges; /* sorted by pair (left << 32 | right) */
    size_t     merge_count;
    uint32_t   byte_ids[256]; /* token of a single byte, or TOKEN_NONE */
    bool       whole_words, fuse_unknown, prefix_space;
    bool       letters, byte_fallback; /* symbols are code points; one without a token is its bytes' tokens */
    split_rule split;
    void      *patterns[SPLIT_PATTERNS]; /* pcre2_code of split, applied one after the other; NULL: no more */
    bytes      metaspace;                /* what stands for a blank; none: there is no such step */
    enum { PREFIX_ALWAYS, PREFIX_FIRST, PREFIX_NEVER } metaspace_prefix;
    bool metaspace_split;

    sentencepiece sp;

    template single, pair;

    enum { DECODE_JOIN, DECODE_WORDPIECE, DECODE_BYTES, DECODE_STEPS, DECODE_SENTENCEPIECE } decode;
    char       *decode_prefix;
    bool        cleanup;
    decode_step steps[DECODE_STEP_LIMIT];
    size_t      step_count;
};

/* files.c: fills a zeroed tokenizer. */
puma_status tokenizer_load(tokenizer *t, const char *directory, puma_error *e);

/* token.c: the normaliser; *out is empty before. */
puma_status token_normalise(const tokenizer *t, const char *text, size_t size, bytes *out, puma_error *e);

/* token.c: is a text UTF-8, and not too long? */
puma_status token_check(const char *name, const char *text, size_t size, puma_error *e);
/* token.c: ids of a stretch of a text; first: it is the beginning of the text.  literal: neither special tokens nor
 * those that `marks` names (by place in t->added; may be NULL) are looked for. */
puma_status token_encode_part(const tokenizer *t, const char *text, size_t size, bool first, bool literal,
                              const bool *marks, id_list *out, puma_error *e);
/* token.c: widens [*begin, *end) over white space, down to `least`, where the token says so; false: it must be a word
 * of its own and is not. */
bool token_fits(const added_token *a, const char *text, size_t size, size_t least, size_t *begin, size_t *end);

/* wordpiece.c, bpe.c, sentencepiece.c: text that holds no added tokens, normalised (SentencePiece does that
 * itself), to ids.  first: it begins where the whole text does. */
puma_status wordpiece_encode(const tokenizer *t, const char *text, size_t size, id_list *out, puma_error *e);
puma_status bpe_encode(const tokenizer *t, const char *text, size_t size, bool first, id_list *out,
                       puma_error *e);
puma_status sentencepiece_encode(const tokenizer *t, const char *text, size_t size, bool first, id_list *out,
                                 puma_error *e);
/* Compiles the split patterns and fills byte_ids; merges get sorted, the later of two equal ones stays. */
puma_status bpe_prepare(tokenizer *t, puma_error *e);
/* The code point that stands for a byte in a byte-level vocabulary, and back (-1: none). */
uint32_t    bpe_letter(unsigned char byte);
int         bpe_byte(uint32_t letter);

/* The byte that <0xXX> names; -1: it is no such text. */
int piece_byte(const char *text, size_t size);

/* truncate.c: shortens the ids of the two texts until all of it fits into cut->most; false: not even the special
 * tokens do. */
bool template_cut(const template *plan, id_list *a, id_list *b, bool special, token_cut *cut);

/* False: out of memory. */
bool id_list_add(id_list *list, uint32_t id);

#endif
