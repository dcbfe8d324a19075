/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pattern.c - see pattern.h: compiling and matching.  A file's expression is not to be trusted: its size, the
 * size of its program (PCRE2 stops at 64 KiB), the steps of a match and the memory of one have limits. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "token/pattern.h"

#include "token/tokenizer.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_HEAP_KIB 65536u
#define MATCH_STEPS 100000u /* and MATCH_STEPS_A_BYTE more for each byte of the text */
#define MATCH_STEPS_A_BYTE 32u
#define MATCH_STEPS_LIMIT 10000000u

struct pattern {
    bytes       string; /* looked for as it is, where there is no code */
    pcre2_code *code;
};

pattern *pattern_string(const char *text, size_t size)
{
    pattern *p = calloc(1, sizeof *p);

    if (p && !bytes_add(&p->string, text, size)) {
        free(p);
        p = NULL;
    }
    return p;
}

void pattern_free(pattern *p)
{
    if (!p) return;
    free(p->string.at);
    pcre2_code_free(p->code);
    free(p);
}

static puma_status compile(pattern *p, const char *where, const bytes *source, puma_error *e)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    int                    code = 0;
    PCRE2_SIZE             offset = 0;

    if (!context) return error_set(e, TOKEN_EMEMORY, "%s: out of memory", where);
    /* ^ and $ are about lines, which end with a line feed alone, in any text. */
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    p->code = pcre2_compile((PCRE2_SPTR)(source->at ? source->at : ""), source->count,
                            PCRE2_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (p->code) return PUMA_OK;
    if (code == PCRE2_ERROR_HEAP_FAILED) return error_set(e, TOKEN_EMEMORY, "%s: out of memory", where);
    return error_set(e, TOKEN_EUNSUPPORTED, "%s: a regular expression cannot be compiled (PCRE2 error %d)",
                     where, code);
}

puma_status pattern_regex(pattern **p, const char *where, const char *text, size_t size, puma_error *e)
{
    bytes source = { 0 };

    *p = NULL;
    if (size > PATTERN_SIZE_LIMIT)
        return error_set(e, TOKEN_EUNSUPPORTED, "%s: regular expression too long (got %zu bytes, limit %zu)",
                         where, size, PATTERN_SIZE_LIMIT);
    if (pattern_translate(where, text, size, &source, e) == PUMA_OK) {
        *p = calloc(1, sizeof **p);
        if (!*p)
            error_set(e, TOKEN_EMEMORY, "%s: out of memory", where);
        else if (compile(*p, where, &source, e) != PUMA_OK) {
            pattern_free(*p);
            *p = NULL;
        }
    }
    free(source.at);
    return e->status;
}

void matcher_free(matcher *m)
{
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    *m = (matcher){ 0 };
}

void search_start(search *s, const pattern *p, matcher *m, const char *text, size_t size)
{
    *s = (search){ .pattern = p, .matcher = m, .text = text, .size = size };
}

static size_t find_string(const bytes *what, const char *text, size_t size, size_t at)
{
    while (at + what->count <= size) {
        const char *head = memchr(text + at, *what->at, size - at - what->count + 1);

        if (!head) break;
        if (memcmp(head, what->at, what->count) == 0) return (size_t)(head - text);
        at = (size_t)(head - text) + 1;
    }
    return size;
}

static bool prepare(matcher *m, size_t size)
{
    uint64_t steps = MATCH_STEPS + (uint64_t)MATCH_STEPS_A_BYTE * size;

    if (!m->data) m->data = pcre2_match_data_create(1, NULL);
    if (!m->context) {
        m->context = pcre2_match_context_create(NULL);
        if (m->context) pcre2_set_heap_limit(m->context, MATCH_HEAP_KIB);
    }
    if (!m->data || !m->context) return false;
    pcre2_set_match_limit(m->context, steps < MATCH_STEPS_LIMIT ? (uint32_t)steps : MATCH_STEPS_LIMIT);
    return true;
}

static puma_status find_regex(search *s, size_t *begin, size_t *end, bool *found, puma_error *e)
{
    int result = pcre2_match(s->pattern->code, (PCRE2_SPTR)s->text, s->size, s->at, PCRE2_NO_UTF_CHECK,
                             s->matcher->data, s->matcher->context);

    *found = result >= 0;
    if (*found) {
        *begin = pcre2_get_ovector_pointer(s->matcher->data)[0];
        *end = pcre2_get_ovector_pointer(s->matcher->data)[1];
    } else if (result != PCRE2_ERROR_NOMATCH) {
        return error_set(e, TOKEN_ELONG, "text: byte %zu: a pattern takes too much to match (PCRE2 error %d)",
                         s->at, result);
    }
    return PUMA_OK;
}

puma_status search_next(search *s, size_t *begin, size_t *end, bool *found, puma_error *e)
{
    *begin = *end = s->size;
    *found = false;
    if (!s->pattern->code) {
        const bytes *what = &s->pattern->string;

        *begin = what->count > 0 ? find_string(what, s->text, s->size, s->at) : s->size;
        *found = *begin < s->size;
        s->at = *end = *found ? *begin + what->count : s->size;
        return PUMA_OK;
    }
    /* Another text's search may have used the matcher meanwhile. */
    if (!prepare(s->matcher, s->size)) return error_set(e, TOKEN_EMEMORY, "text: out of memory");
    while (s->size > 0 && s->at <= s->size) {
        size_t   length = 1;
        uint32_t c;

        if (find_regex(s, begin, end, found, e) != PUMA_OK || !*found) break;
        /* An empty match right behind another is none: on by a character. */
        if (*begin < *end || !s->any || s->last_end != *end) {
            s->any = true;
            s->at = s->last_end = *end;
            return PUMA_OK;
        }
        if (s->at < s->size) utf8_take(s->text + s->at, s->size - s->at, &c, &length);
        s->at += length;
        *found = false;
    }
    *begin = *end = s->size;
    return e->status;
}
