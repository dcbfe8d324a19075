/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* json_text.c - see json_text.h */
#include "base/json_text.h"

#include <pthread.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The lexer gets so many bytes at a time: what it asks for before it sees the end is bounded by that. */
#define STEP 64
/* Of the reserve: the values in a step, the tables of their objects, tokens of a step. */
#define SLACK 32768

/* One parse of this thread, or one dump, which has no reserve. */
typedef struct parse {
    const char *bytes;
    size_t      size, at;
    char       *reserve;
    size_t      room, used, largest; /* largest: no request of the lexer's is */
    bool        refused;
} parse;

static _Thread_local parse *current;

static void *take(size_t size)
{
    void  *got = malloc(size);
    parse *p = current;

    if (got || !p) return got;
    p->refused = true;
    size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    /* A table may grow by more, and bears the refusal. */
    if (size > p->largest || size > p->room - p->used) return NULL;
    got = p->reserve + p->used;
    p->used += size;
    return got;
}

static void give_back(void *it)
{
    const parse *p = current;

    if (p && (uintptr_t)it - (uintptr_t)p->reserve < p->room) return;
    free(it);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void use_ours(void) { json_set_alloc_funcs(take, give_back); }

static size_t next_bytes(void *buffer, size_t room, void *context)
{
    parse *p = context;
    size_t count = p->size - p->at < STEP ? p->size - p->at : STEP;

    if (p->refused) return 0;
    if (count > room) count = room;
    memcpy(buffer, p->bytes + p->at, count);
    p->at += count;
    return count;
}

/* The longest run of bytes that can be one token: a string with what it quotes, or what lies between two of JSON's own
 * marks. */
static size_t longest_token(const char *bytes, size_t size)
{
    size_t longest = 0, begin = 0;
    bool   quoted = false;

    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];

        if (quoted && c == '\\') {
            i++;
            continue;
        }
        if (quoted ? c != '"' && c != '\n' : !strchr("\",:[]{} \t\r\n", c)) continue;
        if (i - begin > longest) longest = i - begin;
        begin = i + 1;
        if (c == '"' || c == '\n') quoted = !quoted && c == '"';
    }
    return size > begin && size - begin > longest ? size - begin : longest;
}

json_t *json_text(const char *bytes, size_t size, size_t flags, json_error_t *error, bool *no_memory)
{
    parse   p = { .bytes = bytes, .size = size }, *outer = current;
    json_t *root = NULL;

    pthread_once(&once, use_ours);
    *no_memory = true;
    /* A token's buffer doubles as it grows, beside the old one, and is then copied. */
    p.largest = 2 * longest_token(bytes, size) + 1024;
    p.room = 2 * p.largest + SLACK;
    p.reserve = malloc(p.room);
    if (!p.reserve) return NULL;
    current = &p;
    root = json_load_callback(next_bytes, &p, flags, error);
    if (p.refused) {
        json_decref(root);
        root = NULL;
    }
    current = outer;
    free(p.reserve);
    *no_memory = p.refused;
    return root;
}

char *json_to_text(const json_t *value, size_t flags)
{
    parse p = { 0 }, *outer = current;
    char *text;

    pthread_once(&once, use_ours);
    current = &p;
    text = json_dumps(value, flags);
    current = outer;
    if (!p.refused) return text;
    free(text);
    return NULL;
}
