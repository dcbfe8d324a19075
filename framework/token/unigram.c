/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* unigram.c - SentencePiece's Unigram (Kudo 2018): of all ways to cut a text into pieces the one whose sum of
 * log-probabilities is largest (Viterbi).  A code point that is no piece costs 10 more than the rarest piece.
 *
 * word.c and sentencepiece.c call it to encode, loaders to prepare the scores.  Its table of nodes lives as long as
 * one call. */
#include "token/tokenizer.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#define UNKNOWN_PENALTY 10.0

/* The best cut of the text up to a place: its last piece, and where that begins. */
typedef struct node {
    double   score;
    uint32_t id, begin; /* begin TOKEN_NONE: no cut ends here */
} node;

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "text: out of memory"); }

void unigram_prepare(tokenizer *t)
{
    unigram *u = &t->unigram;
    double   least = DBL_MAX;

    for (size_t i = 0; i < u->count; i++)
        if (u->scores[i] < least) least = u->scores[i];
    u->unknown_score = least - UNKNOWN_PENALTY;
    for (unsigned i = 0; i < 256; i++) {
        char name[8];

        snprintf(name, sizeof name, "<0x%02X>", i);
        if (!vocabulary_find(&t->words, name, 6, &t->byte_ids[i])) t->byte_ids[i] = TOKEN_NONE;
    }
}

puma_status unigram_prepare_pieces(tokenizer *t, puma_error *e)
{
    const sentencepiece *sp = &t->sp;
    unigram             *u = &t->unigram;
    float                least = FLT_MAX, most = FLT_MIN;

    u->scores = malloc((sp->count + 1) * sizeof *u->scores);
    if (!u->scores) return full(e);
    u->count = sp->count;
    u->single = true;
    u->byte_fallback = sp->byte_fallback;
    for (size_t i = 0; i < sp->count; i++) {
        if (sp->types[i] != SP_NORMAL) continue;
        if (sp->scores[i] < least) least = sp->scores[i];
        if (sp->scores[i] > most) most = sp->scores[i];
    }
    u->unknown_score = (double)(least - (float)UNKNOWN_PENALTY);
    for (size_t i = 0; i < sp->count; i++) {
        float length = (float)t->sizes[i] * most;

        /* As the reference has it: by its length, so that most often a user-defined piece is taken whole. */
        u->scores[i] = sp->types[i] == SP_USER ? (double)length - 0.1 : (double)sp->scores[i];
    }
    return PUMA_OK;
}

/* --- the best cut ------------------------------------------------------------------------------- */

/* A piece that ends at `to`: kept if it is better than what ends there so far.  Of equals the first stays. */
static bool offer(const unigram *u, node *to, double score, uint32_t id, size_t begin)
{
    if (u->single) score = (double)(float)score;
    if (to->begin != TOKEN_NONE && score <= to->score) return false;
    *to = (node){ score, id, (uint32_t)begin };
    return true;
}

/* All pieces that begin at text[at], a code point of `length` bytes.  False: that one is no piece. */
static bool offer_pieces(const tokenizer *t, node *nodes, const char *text, size_t size, size_t at,
                         size_t length)
{
    const unigram   *u = &t->unigram;
    vocabulary_range range = vocabulary_all(&t->words);
    bool             alone = false;

    for (size_t end = at; end < size;) {
        const vocabulary_entry *piece = NULL;

        if (!vocabulary_step(&t->words, &range, text[end++], &piece)) break;
        if (!piece) continue;
        offer(u, &nodes[end], u->scores[piece->value] + nodes[at].score, piece->value, at);
        alone = alone || end - at == length;
    }
    return alone;
}

static puma_status find_best(const tokenizer *t, node *nodes, const char *text, size_t size, puma_error *e)
{
    const unigram *u = &t->unigram;
    size_t         length;

    nodes[0] = (node){ 0 };
    for (size_t i = 1; i <= size; i++) nodes[i] = (node){ 0, 0, TOKEN_NONE };
    for (size_t at = 0; at < size; at += length) {
        uint32_t c;

        utf8_take(text + at, size - at, &c, &length);
        if (offer_pieces(t, nodes, text, size, at, length)) continue;
        if (offer(u, &nodes[at + length], u->unknown_score + nodes[at].score, t->unknown, at) &&
            t->unknown == TOKEN_NONE)
            return error_set(e, TOKEN_ENOPIECE, "text: no piece for a character, and no unknown token");
    }
    return PUMA_OK;
}

/* The nodes lead from the end to the beginning; turned round, the node where a piece begins says where it
 * ends. */
static void turn_round(node *nodes, size_t size)
{
    node last = nodes[size];

    for (size_t end = size; end > 0;) {
        size_t begin = last.begin;
        node   before = nodes[begin];

        nodes[begin] = (node){ 0, last.id, (uint32_t)end };
        last = before;
        end = begin;
    }
}

/* --- to ids ------------------------------------------------------------------------------------- */

/* What no piece fits: its bytes' tokens if all of them are there, else one unknown token. */
static bool add_unknown(const tokenizer *t, const char *text, size_t size, id_list *out)
{
    bool     fine = true, bytes_known = t->unigram.byte_fallback;
    uint32_t id;

    /* The library `tokenizers` looks once more whether the run as a whole is a piece. */
    if (!t->unigram.single && vocabulary_find(&t->words, text, size, &id)) return id_list_add(out, id);
    for (size_t i = 0; bytes_known && i < size; i++)
        bytes_known = t->byte_ids[(unsigned char)text[i]] != TOKEN_NONE;
    if (!bytes_known) return id_list_add(out, t->unknown);
    for (size_t i = 0; fine && i < size; i++) fine = id_list_add(out, t->byte_ids[(unsigned char)text[i]]);
    return fine;
}

static bool add_ids(const tokenizer *t, const node *nodes, const char *text, size_t size, id_list *out)
{
    size_t run = 0; /* bytes of the unknown pieces before `at` */
    bool   fine = true;

    for (size_t at = 0; fine && at < size; at = nodes[at].begin) {
        if (nodes[at].id == t->unknown) {
            run += nodes[at].begin - at;
            continue;
        }
        if (run > 0) fine = add_unknown(t, text + at - run, run, out);
        run = 0;
        fine = fine && id_list_add(out, nodes[at].id);
    }
    return fine && (run == 0 || add_unknown(t, text + size - run, run, out));
}

puma_status unigram_encode(const tokenizer *t, const char *text, size_t size, id_list *out, puma_error *e)
{
    node *nodes;

    if (size == 0) return PUMA_OK;
    nodes =
        size < TOKEN_NONE && size < SIZE_MAX / sizeof *nodes - 1 ? malloc((size + 1) * sizeof *nodes) : NULL;
    if (!nodes) return full(e);
    if (find_best(t, nodes, text, size, e) == PUMA_OK) {
        turn_round(nodes, size);
        if (!add_ids(t, nodes, text, size, out)) full(e);
    }
    free(nodes);
    return e->status;
}
