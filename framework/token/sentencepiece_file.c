/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sentencepiece_file.c - tokenizer.model, a message of SentencePiece in the wire format of protocol buffers,
 * to a tokenizer.  Fields that change nothing here are passed over; what would change ids is refused by name.
 */
#include "token/loader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Field numbers of sentencepiece_model.proto. */
enum {
    MODEL_PIECES = 1,
    MODEL_TRAINER = 2,
    MODEL_NORMALIZER = 3,
    MODEL_DENORMALIZER = 5,

    PIECE_TEXT = 1,
    PIECE_SCORE = 2,
    PIECE_TYPE = 3,

    TRAINER_TYPE = 3,
    TRAINER_SUFFIX = 24, /* treat_whitespace_as_suffix */
    TRAINER_BYTES = 35,  /* byte_fallback */
    TRAINER_UNKNOWN_TEXT = 44,
    TRAINER_BOS = 46,
    TRAINER_EOS = 47,

    NORMALIZER_MAP = 2,
    NORMALIZER_PREFIX = 3,
    NORMALIZER_SQUEEZE = 4, /* remove_extra_whitespaces */
    NORMALIZER_ESCAPE = 5
};

enum { KIND_UNIGRAM = 1, KIND_BPE };
static const char *const KINDS[] = { "", "UNIGRAM", "BPE", "WORD", "CHAR" };

/* A span of the file; offsets in messages count from `file`. */
typedef struct wire {
    const unsigned char *file, *at, *end;
} wire;

typedef struct field {
    uint32_t number;
    enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 } type;
    uint64_t value; /* of a number; of bytes their count */
    wire     body;  /* of bytes */
} field;

typedef struct model_file {
    loader  *l;
    size_t   room;
    uint64_t kind;
    wire     bos, eos, unknown_text, map;
    bool     denormalizer, suffix;
} model_file;

static puma_status malformed(loader *l, const wire *w, const char *what)
{
    return FAIL(l, TOKEN_EFILE, "%s: byte %zu: %s", l->file, (size_t)(w->at - w->file), what);
}

static puma_status take_varint(loader *l, wire *w, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char byte;

        if (w->at == w->end) return malformed(l, w, "cut within a number");
        byte = *w->at++;
        if (shift == 63 && byte > 1) break;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return PUMA_OK;
    }
    return malformed(l, w, "a number of more than 64 bits");
}

static puma_status take_field(loader *l, wire *w, field *f)
{
    uint64_t key, size = 0;

    if (take_varint(l, w, &key) != PUMA_OK) return l->e->status;
    if (key >> 3 == 0 || key >> 32 != 0) return malformed(l, w, "not a field of a message");
    f->number = (uint32_t)(key >> 3);
    switch (key & 7) {
    case WIRE_VARINT: f->type = WIRE_VARINT; return take_varint(l, w, &f->value);
    case WIRE_64:
        f->type = WIRE_64;
        size = 8;
        break;
    case WIRE_32:
        f->type = WIRE_32;
        size = 4;
        break;
    case WIRE_BYTES:
        f->type = WIRE_BYTES;
        if (take_varint(l, w, &size) != PUMA_OK) return l->e->status;
        break;
    default: return malformed(l, w, "not a field of a message");
    }
    if (size > (size_t)(w->end - w->at)) return malformed(l, w, "a field is longer than what holds it");
    f->body = (wire){ w->file, w->at, w->at + size };
    f->value = size;
    if (f->type != WIRE_BYTES) {
        f->value = 0;
        for (size_t i = size; i-- > 0;) f->value = f->value << 8 | w->at[i];
    }
    w->at += size;
    return PUMA_OK;
}

static puma_status check_type(loader *l, const wire *w, const field *f, unsigned type)
{
    return f->type == type ? PUMA_OK : malformed(l, w, "a field is of another type than it should be");
}

static puma_status add_piece(model_file *m, wire body)
{
    loader        *l = m->l;
    sentencepiece *sp = &l->t->sp;
    wire           text = body;
    uint64_t       type = SP_NORMAL;
    uint32_t       bits = 0;
    size_t         size;
    field          f;
    float          score;

    text.end = text.at;
    while (body.at < body.end) {
        if (take_field(l, &body, &f) != PUMA_OK) return l->e->status;
        if (f.number == PIECE_TEXT && check_type(l, &body, &f, WIRE_BYTES) == PUMA_OK) text = f.body;
        if (f.number == PIECE_SCORE && check_type(l, &body, &f, WIRE_32) == PUMA_OK) bits = (uint32_t)f.value;
        if (f.number == PIECE_TYPE && check_type(l, &body, &f, WIRE_VARINT) == PUMA_OK) type = f.value;
        if (l->e->status != PUMA_OK) return l->e->status;
    }
    memcpy(&score, &bits, sizeof score);
    size = (size_t)(text.end - text.at);
    if (sp->count >= TOKEN_COUNT_LIMIT)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: more than %zu pieces", l->file, TOKEN_COUNT_LIMIT);
    return sentencepiece_add(l, &m->room, (const char *)text.at, size, score, type);
}

static puma_status read_trainer(model_file *m, wire body)
{
    loader *l = m->l;
    field   f;

    while (body.at < body.end) {
        unsigned type = WIRE_VARINT;

        if (take_field(l, &body, &f) != PUMA_OK) return l->e->status;
        switch (f.number) {
        case TRAINER_TYPE: m->kind = f.value; break;
        case TRAINER_SUFFIX: m->suffix = f.value != 0; break;
        case TRAINER_BYTES: l->t->sp.byte_fallback = f.value != 0; break;
        case TRAINER_UNKNOWN_TEXT:
        case TRAINER_BOS:
        case TRAINER_EOS:
            type = WIRE_BYTES;
            *(f.number == TRAINER_BOS   ? &m->bos
              : f.number == TRAINER_EOS ? &m->eos
                                        : &m->unknown_text) = f.body;
            break;
        default: continue;
        }
        if (check_type(l, &body, &f, type) != PUMA_OK) return l->e->status;
    }
    return PUMA_OK;
}

/* Of the denormalizer only that it does nothing is of interest. */
static puma_status read_normalizer(model_file *m, wire body, bool forward)
{
    loader        *l = m->l;
    sentencepiece *sp = &l->t->sp;
    field          f;

    while (body.at < body.end) {
        unsigned type = WIRE_VARINT;
        bool     unused;

        if (take_field(l, &body, &f) != PUMA_OK) return l->e->status;
        switch (f.number) {
        case NORMALIZER_MAP:
            type = WIRE_BYTES;
            if (forward)
                m->map = f.body;
            else
                m->denormalizer = f.value > 0;
            break;
        case NORMALIZER_PREFIX: *(forward ? &sp->dummy_prefix : &unused) = f.value != 0; break;
        case NORMALIZER_SQUEEZE: *(forward ? &sp->squeeze : &unused) = f.value != 0; break;
        case NORMALIZER_ESCAPE: *(forward ? &sp->escape : &unused) = f.value != 0; break;
        default: continue;
        }
        if (check_type(l, &body, &f, type) != PUMA_OK) return l->e->status;
    }
    return PUMA_OK;
}

static puma_status read_model(model_file *m, wire body)
{
    loader *l = m->l;
    field   f;

    while (body.at < body.end) {
        if (take_field(l, &body, &f) != PUMA_OK) return l->e->status;
        if (f.number != MODEL_PIECES && f.number != MODEL_TRAINER && f.number != MODEL_NORMALIZER &&
            f.number != MODEL_DENORMALIZER)
            continue;
        if (check_type(l, &body, &f, WIRE_BYTES) != PUMA_OK) return l->e->status;
        switch (f.number) {
        case MODEL_PIECES: add_piece(m, f.body); break;
        case MODEL_TRAINER: read_trainer(m, f.body); break;
        case MODEL_NORMALIZER: read_normalizer(m, f.body, true); break;
        default: read_normalizer(m, f.body, false); break;
        }
        if (l->e->status != PUMA_OK) return l->e->status;
    }
    if (m->kind != KIND_UNIGRAM && m->kind != KIND_BPE)
        return loader_unsupported(l, "SentencePiece model of kind",
                                  m->kind < sizeof KINDS / sizeof *KINDS ? KINDS[m->kind] : "(unknown)");
    if (m->suffix) return loader_unsupported(l, "SentencePiece option", "treat_whitespace_as_suffix");
    if (m->denormalizer) return loader_unsupported(l, "SentencePiece option", "denormalizer_spec");
    return PUMA_OK;
}

/* A copy with a NUL behind it; `otherwise` where the file says nothing. */
static char *text_of(loader *l, const wire *w, const char *otherwise)
{
    size_t size = (size_t)(w->end - w->at);
    char  *copy;

    if (!w->at) return loader_copy(l, otherwise);
    copy = malloc(size + 1);
    if (!copy) {
        loader_full(l);
        return NULL;
    }
    memcpy(copy, w->at, size);
    copy[size] = '\0';
    return copy;
}

puma_status load_tokenizer_model(loader *l, const char *name, char **bos, char **eos)
{
    model_file m = { .l = l, .kind = KIND_UNIGRAM }; /* the format's own defaults */
    tokenizer *t = l->t;
    char      *data;
    size_t     size;

    *bos = *eos = NULL;
    l->file = name;
    t->sp.dummy_prefix = t->sp.squeeze = t->sp.escape = true;
    if (loader_bytes(l, l->file, &data, &size) == PUMA_OK) {
        const unsigned char *file = (const unsigned char *)data;

        if (read_model(&m, (wire){ file, file, file + size }) == PUMA_OK &&
            charsmap_open(&t->sp.map, l->file, m.map.at, (size_t)(m.map.end - m.map.at), l->e) == PUMA_OK) {
            t->sp.best_cut = m.kind == KIND_UNIGRAM;
            t->sp.unknown_text = text_of(l, &m.unknown_text, " \xe2\x81\x87 ");
            *bos = text_of(l, &m.bos, "<s>");
            *eos = text_of(l, &m.eos, "</s>");
            if (l->e->status == PUMA_OK &&
                utf8_valid(t->sp.unknown_text, strlen(t->sp.unknown_text)) < strlen(t->sp.unknown_text))
                FAIL(l, TOKEN_EFILE, "%s: unk_surface is not UTF-8", l->file);
        }
    }
    free(data);
    return l->e->status == PUMA_OK ? sentencepiece_close(l) : l->e->status;
}
