/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* error.c - see error.h */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at p, 0 if there is none (overlong forms and surrogates are none). */
static size_t utf8_length(const unsigned char *p)
{
    static const struct { unsigned char mask, lead, low, high; size_t length; } forms[] = {
        { 0xe0, 0xc0, 0x80, 0xbf, 2 }, { 0xf0, 0xe0, 0x80, 0xbf, 3 }, { 0xf8, 0xf0, 0x80, 0xbf, 4 },
    };

    if (p[0] < 0x80) return 1;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        unsigned char low = forms[i].low, high = forms[i].high;

        if ((p[0] & forms[i].mask) != forms[i].lead || p[0] < 0xc2 || p[0] > 0xf4) continue;
        if (p[0] == 0xe0) low = 0xa0;
        if (p[0] == 0xed) high = 0x9f;
        if (p[0] == 0xf0) low = 0x90;
        if (p[0] == 0xf4) high = 0x8f;
        if (p[1] < low || p[1] > high) return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((p[k] & 0xc0) != 0x80) return 0;
        return forms[i].length;
    }
    return 0;
}

/* Copies `from` into `to` of `room` bytes, control bytes and broken UTF-8 as \xHH. */
static void escape(char *to, size_t room, const char *from)
{
    const unsigned char *p = (const unsigned char *)from;
    size_t used = 0;

    while (*p) {
        size_t take = utf8_length(p);
        int plain = take > 0 && *p >= 0x20 && *p != 0x7f && !(p[0] == 0xc2 && p[1] < 0xa0);

        if (used + (plain ? take : 4) >= room) break;
        if (plain) {
            memcpy(to + used, p, take);
            used += take;
            p += take;
        } else {
            snprintf(to + used, room - used, "\\x%02x", (unsigned)*p++);
            used += 4;
        }
    }
    to[used] = '\0';
}

puma_status error_set(puma_error *e, unsigned code, const char *format, ...)
{
    char    raw[2 * ERROR_TEXT];
    va_list list;

    if (e->status != PUMA_OK) return e->status;
    va_start(list, format);
    vsnprintf(raw, sizeof raw, format, list);
    va_end(list);
    e->status = (puma_status)(code / 100);
    e->code = code;
    escape(e->text, sizeof e->text, raw);
    return e->status;
}

unsigned error_by(int number, unsigned code)
{
    return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS || number == EIO ? 1002 : code;
}

puma_status error_prefix(puma_error *e, const char *format, ...)
{
    char    raw[2 * ERROR_TEXT + 4], prefix[ERROR_TEXT];
    va_list list;

    if (e->status == PUMA_OK) return PUMA_OK;
    va_start(list, format);
    vsnprintf(prefix, sizeof prefix, format, list);
    va_end(list);
    snprintf(raw, sizeof raw, "%s: %s", prefix, e->text);
    escape(e->text, sizeof e->text, raw);
    return e->status;
}

void error_print(const puma_error *e)
{
    fprintf(stderr, "puma: error E%04u: %s\n", e->code, e->text);
}

const char *error_meaning(unsigned code)
{
    switch (code) {
#define ERROR(number, meaning) case number: return meaning;
#include "base/errors.def"
#undef ERROR
    default: return NULL;
    }
}
