/* bpe.c - BPE by a list of merges, of bytes (Radford et al. 2019) or of code points: a word's symbols are
 * merged pair by pair, the pair of the lowest rank first. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "token/merge.h"
#include "token/tokenizer.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PCRE2 10.42 knows Unicode 14; the letters and numbers that came since are named, because the reference has
 * them. PCRE2's own \s would take U+180E too. */
#define SPACE "\\t-\\r\\x{85}\\p{Z}"
#define LETTER                                                                                               \
    "\\p{L}\\x{1c89}-\\x{1c8a}\\x{a7cb}-\\x{a7cd}\\x{a7da}-\\x{a7dc}\\x{105c0}-\\x{105f3}\\x{10d4a}-\\x{"    \
    "10d65}"                                                                                                 \
    "\\x{10d6f}-\\x{10d85}\\x{10ec2}-\\x{10ec4}\\x{1123f}-\\x{11240}\\x{11380}-\\x{11389}\\x{1138b}\\x{"     \
    "1138e}"                                                                                                 \
    "\\x{11390}-\\x{113b5}\\x{113b7}\\x{113d1}\\x{113d3}\\x{11bc0}-\\x{11be0}\\x{11f02}\\x{11f04}-\\x{"      \
    "11f10}"                                                                                                 \
    "\\x{11f12}-\\x{11f33}\\x{1342f}\\x{13441}-\\x{13446}\\x{13460}-\\x{143fa}\\x{16100}-\\x{1611d}"         \
    "\\x{16d40}-\\x{16d6c}\\x{18cff}\\x{1b132}\\x{1b155}\\x{1df25}-\\x{1df2a}\\x{1e030}-\\x{1e06d}"          \
    "\\x{1e4d0}-\\x{1e4eb}\\x{1e5d0}-\\x{1e5ed}\\x{1e5f0}\\x{2b739}\\x{2ebf0}-\\x{2ee5d}\\x{31350}-\\x{"     \
    "323af}"
#define NUMBER                                                                                               \
    "\\p{N}\\x{10d40}-\\x{10d49}\\x{116d0}-\\x{116e3}\\x{11bf0}-\\x{11bf9}\\x{11f50}-\\x{11f59}"             \
    "\\x{16130}-\\x{16139}\\x{16d70}-\\x{16d79}\\x{1ccf0}-\\x{1ccf9}\\x{1d2c0}-\\x{1d2d3}\\x{1e4f0}-\\x{"    \
    "1e4f9}"                                                                                                 \
    "\\x{1e5f1}-\\x{1e5fa}"
#define BLANKS "[" SPACE "]+(?![^" SPACE "])|[" SPACE "]+"
/* What Qwen2 and Llama 3 share; they differ in how many digits stay together. */
#define MODERN(digits)                                                                                       \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n" LETTER NUMBER "]?[" LETTER "]+|[" NUMBER "]" digits              \
    "| ?[^" SPACE LETTER                           NUMBER "]+[\\r\\n]*|[" SPACE "]*[\\r\\n]+|" BLANKS

#define GPT2_WORDS                                                                                           \
    "'s|'t|'re|'ve|'m|'ll|'d| ?[" LETTER "]+| ?[" NUMBER "]+| ?[^" SPACE LETTER NUMBER "]+|[" SPACE          \
    "]+(?![^" SPACE "])"

/* Each splits what the one before it left. */
static const char *const PATTERNS[][SPLIT_PATTERNS] = {
    [SPLIT_NONE] = { NULL },
    [SPLIT_GPT2] = { GPT2_WORDS "|[" SPACE "]+" },
    [SPLIT_QWEN2] = { MODERN("") },
    [SPLIT_LLAMA3] = { MODERN("{1,3}") },
    [SPLIT_DIGITS] = { "[" NUMBER "]", GPT2_WORDS "|[" SPACE "]+" },
    [SPLIT_GGUF] = { "[\\p{P}$+<=>^~|]+", GPT2_WORDS, "[" NUMBER "]+", "[0-9][0-9][0-9]" },
};

/* Grown as needed and used again for each word. */
typedef struct workspace {
    const tokenizer  *t;
    merger            merger;
    bytes             letters; /* a word in the alphabet of the vocabulary */
    pcre2_match_data *matches[SPLIT_PATTERNS];
    id_list          *out;
} workspace;

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "text: out of memory"); }

uint32_t bpe_letter(unsigned char byte)
{
    /* Bytes that print stand for themselves; the others, in order, for the code points from 256 on. */
    if (byte < 0x21) return 0x100u + byte;
    if (byte < 0x7f) return byte;
    if (byte < 0xa1) return 0x121u + (byte - 0x7fu);
    return byte == 0xad ? 0x143u : byte;
}

int bpe_byte(uint32_t letter)
{
    if (letter >= 0x100 && letter < 0x121) return (int)(letter - 0x100);
    if (letter >= 0x121 && letter < 0x143) return (int)(letter - 0x121 + 0x7f);
    if (letter == 0x143) return 0xad;
    return letter < 0x100 && bpe_letter((unsigned char)letter) == letter ? (int)letter : -1;
}

static int by_pair(const void *a, const void *b)
{
    const merge *x = a, *y = b;

    if (x->pair != y->pair) return x->pair < y->pair ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* The token of each byte: a letter of the byte-level alphabet, or <0xXX>. */
static bool find_bytes(tokenizer *t)
{
    for (unsigned i = 0; i < 256; i++) {
        bytes letter = { 0 };
        char  name[8];

        snprintf(name, sizeof name, "<0x%02X>", i);
        if (!(t->letters ? bytes_add(&letter, name, 6)
                         : bytes_add_point(&letter, bpe_letter((unsigned char)i))))
            return false;
        if (!vocabulary_find(&t->words, letter.at, letter.count, &t->byte_ids[i]))
            t->byte_ids[i] = TOKEN_NONE;
        free(letter.at);
    }
    return true;
}

puma_status bpe_prepare(tokenizer *t, puma_error *e)
{
    size_t kept = 0;

    if (!find_bytes(t)) return full(e);
    if (t->merge_count > 0) qsort(t->merges, t->merge_count, sizeof *t->merges, by_pair);
    for (size_t i = 0; i < t->merge_count; i++) {
        if (i + 1 < t->merge_count && t->merges[i + 1].pair == t->merges[i].pair) continue;
        t->merges[kept++] = t->merges[i];
    }
    t->merge_count = kept;
    for (size_t i = 0; i < SPLIT_PATTERNS && PATTERNS[t->split][i]; i++) {
        int        code;
        PCRE2_SIZE offset;

        t->patterns[i] = pcre2_compile((PCRE2_SPTR)PATTERNS[t->split][i], PCRE2_ZERO_TERMINATED, PCRE2_UTF,
                                       &code, &offset, NULL);
        if (!t->patterns[i])
            return error_set(e, TOKEN_EINTERNAL, "split pattern %d: PCRE2 error %d", (int)t->split, code);
    }
    return PUMA_OK;
}

static const merge *find_merge(const tokenizer *t, uint32_t left, uint32_t right)
{
    uint64_t pair = (uint64_t)left << 32 | right;
    size_t   low = 0, high = t->merge_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->merges[middle].pair < pair)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->merge_count && t->merges[low].pair == pair ? &t->merges[low] : NULL;
}

static bool pair_of(void *context, const symbol *left, const symbol *right, uint32_t *rank, uint32_t *result)
{
    const merge *found = find_merge(context, left->id, right->id);

    if (!found) return false;
    *rank = found->rank;
    *result = found->result;
    return true;
}

/* The symbols that a word starts as: one a byte.  A byte without token is left out, or the unknown token. */
static bool first_bytes(const tokenizer *t, merger *m, const char *word, size_t size)
{
    bool was_unknown = false;

    for (size_t i = 0; i < size; i++) {
        uint32_t id = t->byte_ids[(unsigned char)word[i]];
        bool     unknown = id == TOKEN_NONE;

        if (unknown) id = t->unknown;
        if (id == TOKEN_NONE || (unknown && was_unknown && t->fuse_unknown)) continue;
        was_unknown = unknown;
        if (!merger_add(m, id, i, 1)) return false;
    }
    return true;
}

/* The tokens of a code point's bytes, if all of them are there. */
static bool fall_back(const tokenizer *t, merger *m, const char *letter, size_t begin, size_t length,
                      bool *fine)
{
    for (size_t i = 0; i < length; i++)
        if (t->byte_ids[(unsigned char)letter[i]] == TOKEN_NONE) return false;
    for (size_t i = 0; *fine && i < length; i++)
        *fine = merger_add(m, t->byte_ids[(unsigned char)letter[i]], begin + i, 1);
    return true;
}

/* The same of a vocabulary of text: one symbol a code point.  What is unknown waits for the next code point
 * that is known, to be fused; tokens of bytes do not end that wait, as in the reference. */
static bool first_letters(const tokenizer *t, merger *m, const char *word, size_t size)
{
    size_t waiting = 0, length; /* bytes of what is unknown */
    bool   fine = true;

    for (size_t i = 0; fine && i < size; i += length) {
        uint32_t c, id;

        utf8_take(word + i, size - i, &c, &length);
        if (vocabulary_find(&t->words, word + i, length, &id)) {
            if (waiting > 0) fine = merger_add(m, t->unknown, i, waiting);
            waiting = 0;
            fine = fine && merger_add(m, id, i, length);
        } else if (!(t->byte_fallback && fall_back(t, m, word + i, i, length, &fine)) &&
                   t->unknown != TOKEN_NONE) {
            if (waiting > 0 && !t->fuse_unknown) {
                fine = merger_add(m, t->unknown, i, waiting);
                waiting = 0;
            }
            waiting += length;
        }
    }
    if (waiting > 0) fine = fine && merger_add(m, t->unknown, size, waiting);
    return fine;
}

static bool encode_word(workspace *w, const char *word, size_t size)
{
    const tokenizer *t = w->t;
    merger          *m = &w->merger;
    uint32_t         id;

    if (t->whole_words) {
        const char *letters = word;
        size_t      letters_size = size;

        if (!t->letters) {
            w->letters.count = 0;
            for (size_t i = 0; i < size; i++)
                if (!bytes_add_point(&w->letters, bpe_letter((unsigned char)word[i]))) return false;
            letters = w->letters.at;
            letters_size = w->letters.count;
        }
        if (vocabulary_find(&t->words, letters, letters_size, &id)) return id_list_add(w->out, id);
    }
    merger_clear(m);
    if (!(t->letters ? first_letters(t, m, word, size) : first_bytes(t, m, word, size))) return false;
    if (m->count == 0) return true;
    if (!merger_run(m, pair_of, (void *)t)) return false;
    for (uint32_t i = 0; i != MERGE_NONE; i = m->symbols[i].next)
        if (!id_list_add(w->out, m->symbols[i].id)) return false;
    return true;
}

/* Splits by pattern `level` and gives what it matches, and what lies between, to the next. */
static puma_status split(workspace *w, size_t level, const char *text, size_t size, puma_error *e)
{
    pcre2_match_data *match;
    size_t            at = 0;

    if (size == 0) return PUMA_OK;
    if (level == SPLIT_PATTERNS || !w->t->patterns[level])
        return encode_word(w, text, size) ? PUMA_OK : full(e);
    if (!w->matches[level]) w->matches[level] = pcre2_match_data_create(1, NULL);
    match = w->matches[level];
    if (!match) return full(e);
    while (at < size && e->status == PUMA_OK) {
        int found =
            pcre2_match(w->t->patterns[level], (PCRE2_SPTR)text, size, at, PCRE2_NO_UTF_CHECK, match, NULL);
        size_t begin = size, end = size;

        if (found >= 0) {
            begin = pcre2_get_ovector_pointer(match)[0];
            end = pcre2_get_ovector_pointer(match)[1];
        } else if (found != PCRE2_ERROR_NOMATCH) {
            return error_set(e, TOKEN_ELONG, "text: byte %zu: cannot be split into words (PCRE2 error %d)",
                             at, found);
        }
        /* No pattern matches what is empty. */
        if (split(w, level + 1, text + at, begin - at, e) == PUMA_OK)
            split(w, level + 1, text + begin, end - begin, e);
        at = end > at ? end : size;
    }
    return e->status;
}

/* Metaspace: its sign for each blank, one in front if there is none, and a new word before each. */
static puma_status split_at_signs(workspace *w, const char *text, size_t size, bool first, puma_error *e)
{
    const tokenizer *t = w->t;
    const bytes     *sign = &t->metaspace;
    bytes            signs = { 0 };
    size_t           begin = 0;
    bool             starts =
        (size > 0 && *text == ' ') || (size >= sign->count && memcmp(text, sign->at, sign->count) == 0);
    bool prefix = t->metaspace_prefix == PREFIX_ALWAYS || (t->metaspace_prefix == PREFIX_FIRST && first);

    if ((prefix && !starts && !bytes_add(&signs, sign->at, sign->count)) ||
        !bytes_add_replaced(&signs, text, size, " ", 1, sign->at, sign->count))
        full(e);
    for (size_t i = 1; t->metaspace_split && e->status == PUMA_OK && i + sign->count <= signs.count; i++) {
        if (memcmp(signs.at + i, sign->at, sign->count) != 0) continue;
        split(w, 0, signs.at + begin, i - begin, e);
        begin = i;
    }
    if (e->status == PUMA_OK) split(w, 0, signs.at + begin, signs.count - begin, e);
    free(signs.at);
    return e->status;
}

puma_status bpe_encode(const tokenizer *t, const char *text, size_t size, bool first, id_list *out,
                       puma_error *e)
{
    workspace w = { .t = t, .out = out };
    bytes     spaced = { 0 };

    if (size > 0 && t->prefix_space && text[0] != ' ') {
        if (!bytes_add(&spaced, " ", 1) || !bytes_add(&spaced, text, size)) full(e);
        text = spaced.at;
        size = spaced.count;
    }
    if (size > 0 && e->status == PUMA_OK) {
        if (t->metaspace.count > 0)
            split_at_signs(&w, text, size, first, e);
        else
            split(&w, 0, text, size, e);
    }
    free(spaced.at);
    merger_free(&w.merger);
    free(w.letters.at);
    for (size_t i = 0; i < SPLIT_PATTERNS; i++) pcre2_match_data_free(w.matches[i]);
    return e->status;
}
