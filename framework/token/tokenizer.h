/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.h - the parts of a tokenizer, shared by the files of this folder.
 *
 * Text goes through five steps, as in tokenizer.json: added tokens are cut out, the rest is normalised, added
 * tokens of normalised text are cut out, the rest is split into words, each word becomes ids.  Then the
 * template puts the special tokens around.  Invariants of an open tokenizer: every id anywhere in it is < count
 * and has a text; of the ids that no token has texts[id] is NULL. */
#ifndef TOKEN_TOKENIZER_H
#define TOKEN_TOKENIZER_H

#include "token/charsmap.h"
#include "token/id_list.h"
#include "token/letters.h"
#include "token/merge.h"
#include "token/pattern.h"
#include "token/token.h"
#include "token/unicode.h"
#include "token/vocabulary.h"

#define TOKEN_FILE_LIMIT ((size_t)64 << 20)
#define TOKEN_COUNT_LIMIT ((size_t)1 << 22)
#define TOKEN_ADDED_LIMIT ((size_t)4096) /* bytes of an added token */
#define TOKEN_NONE UINT32_MAX
#define DECODE_STEP_LIMIT 16
#define BPE_LETTERS 0x180 /* code points of ASCII and of the byte-level alphabet are below that */

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
    TOKEN_ECHARSMAP,
    TOKEN_ENOPIECE,
    TOKEN_EFORGED = 565,
    TOKEN_EMEMORY = 1001,
    TOKEN_EINTERNAL = 7001
};

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

/* --- the steps, in the order of the file, that make words of a text --------------------------- */

#define STEP_LIMIT 32

/* A step of the normaliser. */
typedef struct normal_step {
    enum {
        NORMAL_BERT, /* of clean, ideographs, strip, lower those that are set */
        NORMAL_NFC,
        NORMAL_NFD,
        NORMAL_NFKC,
        NORMAL_NFKD,
        NORMAL_LOWER,
        NORMAL_STRIP_ACCENTS, /* all marks, where BERT's takes those without a place of their own */
        NORMAL_STRIP,         /* white space, on the left and on the right */
        NORMAL_REPLACE,       /* what `pattern` finds by `text`            */
        NORMAL_PREPEND,       /* `text`, before a text that is not empty   */
        NORMAL_NMT,
        NORMAL_MAP,  /* characters by `map`, as Precompiled does it */
        NORMAL_BYTES /* each byte's letter of the byte-level alphabet */
    } what;
    bool     clean, ideographs, strip, lower;
    bool     left, right;
    pattern *pattern;
    bytes    text;
    charsmap map;
} normal_step;

/* What becomes of the matches that a text is split at. */
typedef enum split_behaviour {
    SPLIT_REMOVED,
    SPLIT_ISOLATED,
    SPLIT_MERGED_WITH_PREVIOUS,
    SPLIT_MERGED_WITH_NEXT,
    SPLIT_CONTIGUOUS
} split_behaviour;

/* A step of the pre-tokenizer: from each piece of the text to pieces. */
typedef struct split_step {
    enum {
        SPLIT_PATTERN, /* at the matches of `pattern` */
        SPLIT_CLASS,   /* at each character that is one of `belongs` */
        SPLIT_WORDS,   /* runs of \w, and of what is neither that nor white space */
        SPLIT_LENGTH,  /* every `length` characters */
        SPLIT_SPACE,   /* a blank in front, where there is none */
        SPLIT_SIGNS,   /* Metaspace: its sign for each blank, and one in front as `prefix` says */
        SPLIT_BYTES    /* each byte's letter of the byte-level alphabet */
    } what;
    split_behaviour behaviour;
    bool            invert; /* what does not match is a match */
    pattern        *pattern;
    bool (*belongs)(uint32_t c);
    size_t length;
    bytes  sign;
    enum { PREFIX_ALWAYS, PREFIX_FIRST, PREFIX_NEVER } prefix;
} split_step;

/* A step of tokenizer.json's decoder, each from a list of strings to another. */
typedef struct decode_step {
    enum {
        STEP_REPLACE,       /* `from` by `to`                                                           */
        STEP_BYTE_FALLBACK, /* runs of <0xXX> to the text they are, or to U+FFFD for each byte of a run */
        STEP_FUSE,          /* all strings to one                                                       */
        STEP_STRIP,         /* `from`, a code point, at most `start` times in front, `stop` behind      */
        STEP_METASPACE,     /* `from` by a blank, in the first string by nothing if `start`             */
        STEP_WORDPIECE,     /* `from`, a prefix, off or a blank in front; blanks before marks off       */
        STEP_BYTES,         /* letters of the byte-level alphabet to the text they are, all in one      */
        STEP_SUFFIX         /* `from` by a blank, in the last string by nothing                         */
    } what;
    bytes    from, to;
    pattern *pattern; /* of STEP_REPLACE */
    size_t   start, stop;
    bool     cleanup;
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
    bool  missing_only;                  /* and for what does not begin with a blank */
    bool  byte_fallback;
    bool  best_cut;     /* Unigram, not BPE */
    charsmap map;       /* of characters, before all else */
    char *unknown_text; /* what an unknown piece decodes to */
} sentencepiece;

/* What Unigram has beside t->words, whose values are places in scores. */
typedef struct unigram {
    double *scores; /* log-probabilities */
    size_t  count;
    double  unknown_score; /* of a code point that is no piece */
    bool    single;        /* sums are floats, as in SentencePiece; else doubles, as in `tokenizers` */
    bool    byte_fallback;
} unigram;

struct tokenizer {
    char   **texts; /* by id, each with a NUL behind it; NULL: no token has the id */
    size_t  *sizes;
    uint8_t *kinds;  /* KIND_* */
    char   **spares; /* texts of words whose ids added tokens have too */
    size_t   spare_count;
    size_t   count, room;

    enum { MODEL_WORDPIECE, MODEL_BPE, MODEL_WORDLEVEL, MODEL_SENTENCEPIECE, MODEL_UNIGRAM } model;
    vocabulary words;   /* the model's own tokens, without those that were only added */
    uint32_t   unknown; /* TOKEN_NONE: what is not in the vocabulary is left out (BPE) */

    added_token *added; /* values of the two vocabularies below are places in it */
    size_t       added_count;
    vocabulary   raw, cooked; /* matched before and after normalisation */

    normal_step normals[STEP_LIMIT];
    size_t      normal_count;
    split_step  splits[STEP_LIMIT];
    size_t      split_count;

    vocabulary continuing; /* WordPiece: what may follow within a word, without its prefix */
    char      *prefix;     /* "##" */
    size_t     word_limit; /* code points of a word; a longer one is unknown */

    merge   *merges; /* sorted by pair (left << 32 | right) */
    size_t   merge_count;
    uint32_t byte_ids[256];           /* token <0xXX> of a byte, or TOKEN_NONE */
    uint32_t letter_ids[BPE_LETTERS]; /* of the first code points */
    bool     whole_words, fuse_unknown, byte_fallback;
    char    *suffix; /* of a word's last symbol; `prefix` stands before all but the first.  NULL: none */

    sentencepiece sp;
    unigram       unigram;

    template single, pair;

    enum { DECODE_JOIN, DECODE_STEPS, DECODE_SENTENCEPIECE } decode;
    decode_step steps[DECODE_STEP_LIMIT];
    size_t      step_count;
};

/* files.c: fills a zeroed tokenizer. */
/* `files`: these and not the directory's; NULL: that. */
puma_status tokenizer_load(tokenizer *t, const char *directory, const token_file *files, size_t count,
                           puma_error *e);

/* What encoding one text needs: grown as needed and used again for each of its words. */
typedef struct encoder {
    const tokenizer *t;
    bool             literal; /* special tokens are not looked for */
    const bool      *marks;   /* by place in t->added: neither are these; NULL */
    id_list         *out;
    matcher          matcher;
    bytes            made[STEP_LIMIT]; /* what a split step that changes text made of a piece */
    merger           merger;
    bytes            letters; /* a symbol with the model's prefix and suffix */
    puma_error      *e;
} encoder;

/* A stretch of text.  first: it begins where the whole text does. */
typedef struct stretch {
    const char *text;
    size_t      size;
    bool        first;
} stretch;

/* normal.c: the normaliser; *out is empty before.  *first is cleared where the steps take away what the text
 * begins with. */
puma_status token_normalise(const tokenizer *t, matcher *m, const char *text, size_t size, bytes *out,
                            bool *first, puma_error *e);
/* split.c: the pre-tokenizer; gives each word to word_encode. */
puma_status token_split(encoder *c, stretch whole);
/* word.c: a word, or where no step splits a text all of it, to ids by the model. */
puma_status word_encode(encoder *c, stretch word);

/* token.c: is a text UTF-8, and not too long? */
puma_status token_check(const char *name, const char *text, size_t size, puma_error *e);
/* token.c: ids of a stretch of a text.  literal: neither special tokens nor those that `marks` names (by place in
 * t->added; may be NULL) are looked for. */
puma_status token_encode_part(const tokenizer *t, stretch p, bool literal, const bool *marks, id_list *out, puma_error *e);
/* token.c: widens [*begin, *end) over white space, down to `least`, where the token says so; false: it must be a word
 * of its own and is not. */
bool token_fits(const added_token *a, const char *text, size_t size, size_t least, size_t *begin, size_t *end);

/* wordpiece.c, bpe.c: a word to ids. */
puma_status wordpiece_encode(encoder *c, stretch word);
puma_status bpe_encode(encoder *c, stretch word);
/* sentencepiece.c: text that holds no added tokens; it does what normalisation it needs itself. */
puma_status sentencepiece_encode(const tokenizer *t, const char *text, size_t size, bool first, id_list *out,
                                 puma_error *e);
/* unigram.c: a text, normalised and cut into words, to ids.  E512. */
puma_status unigram_encode(const tokenizer *t, const char *text, size_t size, id_list *out, puma_error *e);
/* t->words and t->unigram.scores are those of a tokenizer.json: makes the rest. */
void        unigram_prepare(tokenizer *t);
/* Makes all of t->unigram of the pieces of t->sp. */
puma_status unigram_prepare_pieces(tokenizer *t, puma_error *e);
/* Fills byte_ids and letter_ids; merges get sorted, the later of two equal ones stays. */
puma_status bpe_prepare(tokenizer *t, puma_error *e);

/* truncate.c: shortens the ids of the two texts until all of it fits into cut->most; false: not even the special
 * tokens do. */
bool template_cut(const template *plan, id_list *a, id_list *b, bool special, token_cut *cut);

#endif
