/* bpe.c - byte-level BPE (Radford et al. 2019): a word's bytes are merged pair by pair, the pair of the
 * lowest rank first. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "token/tokenizer.h"

#include <pcre2.h>
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

static const char *const PATTERNS[] = {
    [SPLIT_NONE] = NULL,
    [SPLIT_GPT2] =
        "'s|'t|'re|'ve|'m|'ll|'d| ?[" LETTER "]+| ?[" NUMBER "]+| ?[^" SPACE LETTER NUMBER "]+|" BLANKS,
    [SPLIT_QWEN2] = MODERN(""),
    [SPLIT_LLAMA3] = MODERN("{1,3}"),
};

/* One symbol of the word being merged: a list in which neighbours that were joined drop out. */
typedef struct symbol {
    uint32_t id;
    int64_t  previous, next;
    bool     gone;
} symbol;
/* A merge that may be done at `at`, if the symbols there are still the ones it was made for. */
typedef struct candidate {
    uint32_t rank, result;
    size_t   at;
} candidate;

/* Grown as needed and used again for each word. */
typedef struct workspace {
    symbol    *symbols;
    candidate *heap;
    size_t     symbol_room, heap_count, heap_room;
    bytes      letters; /* a word in the alphabet of the vocabulary */
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

puma_status bpe_prepare(tokenizer *t, puma_error *e)
{
    size_t kept = 0;

    for (unsigned i = 0; i < 256; i++) {
        bytes letter = { 0 };

        if (!bytes_add_point(&letter, bpe_letter((unsigned char)i))) return full(e);
        if (!vocabulary_find(&t->words, letter.at, letter.count, &t->byte_ids[i]))
            t->byte_ids[i] = TOKEN_NONE;
        free(letter.at);
    }
    if (t->merge_count > 0) qsort(t->merges, t->merge_count, sizeof *t->merges, by_pair);
    for (size_t i = 0; i < t->merge_count; i++) {
        if (i + 1 < t->merge_count && t->merges[i + 1].pair == t->merges[i].pair) continue;
        t->merges[kept++] = t->merges[i];
    }
    t->merge_count = kept;
    if (PATTERNS[t->split]) {
        int        code;
        PCRE2_SIZE offset;

        t->pattern = pcre2_compile((PCRE2_SPTR)PATTERNS[t->split], PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code,
                                   &offset, NULL);
        if (!t->pattern)
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

static bool comes_first(const candidate *a, const candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

/* Offers the pair that begins at symbol `at`, if the vocabulary merges it. */
static bool offer(const tokenizer *t, workspace *w, int64_t at)
{
    const merge *found;
    candidate    c;
    size_t       i;

    if (at < 0 || w->symbols[at].next < 0) return true;
    found = find_merge(t, w->symbols[at].id, w->symbols[w->symbols[at].next].id);
    if (!found) return true;
    if (w->heap_count == w->heap_room) {
        size_t     room = w->heap_room ? w->heap_room * 2 : 64;
        candidate *heap = room > SIZE_MAX / sizeof *heap ? NULL : realloc(w->heap, room * sizeof *heap);

        if (!heap) return false;
        w->heap = heap;
        w->heap_room = room;
    }
    c = (candidate){ .rank = found->rank, .result = found->result, .at = (size_t)at };
    for (i = w->heap_count++; i > 0 && comes_first(&c, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = c;
    return true;
}

static candidate take_first(workspace *w)
{
    candidate first = w->heap[0], last = w->heap[--w->heap_count];
    size_t    i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= w->heap_count) break;
        if (child + 1 < w->heap_count && comes_first(&w->heap[child + 1], &w->heap[child])) child++;
        if (!comes_first(&w->heap[child], &last)) break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    if (w->heap_count > 0) w->heap[i] = last;
    return first;
}

/* Joins what the merges say, at most `count` times: each merge adds two candidates, so a word of n bytes
 * takes n log n. */
static bool merge_all(const tokenizer *t, workspace *w, size_t count)
{
    w->heap_count = 0;
    for (size_t i = 0; i + 1 < count; i++)
        if (!offer(t, w, (int64_t)i)) return false;
    while (w->heap_count > 0) {
        candidate    c = take_first(w);
        symbol      *left = &w->symbols[c.at], *right;
        const merge *now;

        if (left->gone || left->next < 0) continue;
        right = &w->symbols[left->next];
        now = find_merge(t, left->id, right->id);
        if (!now || now->result != c.result) continue; /* one of the two was merged since */
        left->id = c.result;
        left->next = right->next;
        right->gone = true;
        if (right->next >= 0) w->symbols[right->next].previous = (int64_t)c.at;
        if (!offer(t, w, left->previous) || !offer(t, w, (int64_t)c.at)) return false;
    }
    return true;
}

/* The symbols that a word starts as: one a byte.  A byte without token is left out, or the unknown token. */
static size_t first_symbols(const tokenizer *t, workspace *w, const char *word, size_t size)
{
    size_t count = 0;
    bool   was_unknown = false;

    for (size_t i = 0; i < size; i++) {
        uint32_t id = t->byte_ids[(unsigned char)word[i]];
        bool     unknown = id == TOKEN_NONE;

        if (unknown) id = t->unknown;
        if (id == TOKEN_NONE || (unknown && was_unknown && t->fuse_unknown)) continue;
        was_unknown = unknown;
        w->symbols[count] = (symbol){ .id = id, .previous = (int64_t)count - 1, .next = (int64_t)count + 1 };
        count++;
    }
    if (count > 0) w->symbols[count - 1].next = -1;
    return count;
}

static puma_status encode_word(const tokenizer *t, workspace *w, const char *word, size_t size, id_list *out,
                               puma_error *e)
{
    size_t   count;
    uint32_t id;

    if (t->whole_words) {
        w->letters.count = 0;
        for (size_t i = 0; i < size; i++)
            if (!bytes_add_point(&w->letters, bpe_letter((unsigned char)word[i]))) return full(e);
        if (vocabulary_find(&t->words, w->letters.at, w->letters.count, &id))
            return id_list_add(out, id) ? PUMA_OK : full(e);
    }
    if (size > w->symbol_room) {
        symbol *symbols =
            realloc(w->symbols, size * sizeof *symbols); /* size is bounded by the text's limit */

        if (!symbols) return full(e);
        w->symbols = symbols;
        w->symbol_room = size;
    }
    count = first_symbols(t, w, word, size);
    if (count == 0) return PUMA_OK;
    if (!merge_all(t, w, count)) return full(e);
    for (int64_t i = 0; i >= 0; i = w->symbols[i].next)
        if (!id_list_add(out, w->symbols[i].id)) return full(e);
    return PUMA_OK;
}

static puma_status encode_words(const tokenizer *t, workspace *w, const char *text, size_t size, id_list *out,
                                puma_error *e)
{
    pcre2_match_data *match;
    size_t            at = 0;

    if (!t->pattern) return encode_word(t, w, text, size, out, e);
    match = pcre2_match_data_create(1, NULL);
    if (!match) return full(e);
    while (at < size && e->status == PUMA_OK) {
        int    found = pcre2_match(t->pattern, (PCRE2_SPTR)text, size, at, PCRE2_NO_UTF_CHECK, match, NULL);
        size_t begin = size, end = size;

        if (found >= 0) {
            begin = pcre2_get_ovector_pointer(match)[0];
            end = pcre2_get_ovector_pointer(match)[1];
        } else if (found != PCRE2_ERROR_NOMATCH) {
            error_set(e, TOKEN_ELONG, "text: byte %zu: cannot be split into words (PCRE2 error %d)", at,
                      found);
            break;
        }
        /* The patterns leave nothing out and match nothing empty; were it otherwise, what lies between is a
         * word too. */
        if (begin > at) encode_word(t, w, text + at, begin - at, out, e);
        if (end > begin) encode_word(t, w, text + begin, end - begin, out, e);
        at = end > at ? end : size;
    }
    pcre2_match_data_free(match);
    return e->status;
}

puma_status bpe_encode(const tokenizer *t, const char *text, size_t size, id_list *out, puma_error *e)
{
    workspace w = { 0 };
    bytes     spaced = { 0 };

    if (size > 0 && t->prefix_space && text[0] != ' ') {
        if (!bytes_add(&spaced, " ", 1) || !bytes_add(&spaced, text, size)) full(e);
        text = spaced.at;
        size = spaced.count;
    }
    if (size > 0 && e->status == PUMA_OK) encode_words(t, &w, text, size, out, e);
    free(spaced.at);
    free(w.symbols);
    free(w.heap);
    free(w.letters.at);
    return e->status;
}
