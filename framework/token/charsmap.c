/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* charsmap.c - see charsmap.h */
#include "token/charsmap.h"

#include "token/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#define CLUSTER_LIMIT 6 /* bytes of a cluster from which on it is never looked up as a whole */

/* --- units ------------------------------------------------------------------------------------- */

static bool     is_value(uint32_t unit) { return unit >> 31; }
static uint32_t value_of(uint32_t unit) { return unit & 0x7fffffffu; }
static bool     has_value(uint32_t unit) { return unit >> 8 & 1; }
/* A value's label is no byte, so that no text leads to it. */
static uint32_t label_of(uint32_t unit) { return unit & 0x800000ffu; }
static size_t   offset_of(uint32_t unit) { return (size_t)(unit >> 10) << ((unit & 0x200u) >> 6); }

static puma_status malformed(const char *file, const char *why, puma_error *e)
{
    return error_set(e, TOKEN_ECHARSMAP, "%s: precompiled_charsmap: %s", file, why);
}

/* Every value that a node has must be there, and be the offset of a string. */
static puma_status check_values(const charsmap *m, const char *file, puma_error *e)
{
    for (size_t i = 0; i < m->unit_count; i++) {
        uint32_t unit = m->units[i];
        size_t   place = i ^ offset_of(unit);

        if (is_value(unit) || !has_value(unit)) continue;
        if (place >= m->unit_count || value_of(m->units[place]) >= m->strings_size)
            return malformed(file, "a value lies outside", e);
        if (((unsigned char)m->strings[value_of(m->units[place])] & 0xc0) == 0x80)
            return malformed(file, "a value lies within a character", e);
    }
    return PUMA_OK;
}

puma_status charsmap_open(charsmap *m, const char *file, const void *blob, size_t size, puma_error *e)
{
    const unsigned char *from = blob;
    size_t               units_size = 0;

    *m = (charsmap){ 0 };
    if (size == 0) return PUMA_OK;
    if (size > CHARSMAP_LIMIT)
        return error_set(e, TOKEN_ECHARSMAP, "%s: precompiled_charsmap: too large (got %zu bytes, limit %zu)",
                         file, size, CHARSMAP_LIMIT);
    for (size_t i = 4; i-- > 0;) units_size = units_size << 8 | (i < size ? from[i] : 0);
    if (size < 4 || units_size == 0 || units_size % 4 != 0 || units_size > size - 4)
        return malformed(file, "its size of units does not fit it", e);
    m->unit_count = units_size / 4;
    m->strings_size = size - 4 - units_size;
    if (m->strings_size == 0 || from[size - 1] != '\0' ||
        utf8_valid((const char *)from + 4 + units_size, m->strings_size) < m->strings_size)
        return malformed(file, "its strings are not UTF-8 closed by a NUL", e);
    m->units = malloc(units_size);
    m->strings = malloc(m->strings_size);
    if (!m->units || !m->strings) return error_set(e, TOKEN_EMEMORY, "%s: out of memory", file);
    for (size_t i = 0; i < m->unit_count; i++) {
        const unsigned char *at = from + 4 + 4 * i;

        m->units[i] = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    }
    memcpy(m->strings, from + 4 + units_size, m->strings_size);
    return check_values(m, file, e);
}

void charsmap_free(charsmap *m)
{
    free(m->units);
    free(m->strings);
    *m = (charsmap){ 0 };
}

/* --- lookup ------------------------------------------------------------------------------------ */

/* Bytes of the shortest or the longest key at the head of `text`, its string at *value; 0: none. */
static size_t find(const charsmap *m, const char *text, size_t size, bool shortest, uint32_t *value)
{
    size_t place = m->unit_count > 0 ? offset_of(m->units[0]) : 0, found = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        uint32_t      unit;

        place ^= byte;
        if (byte == 0 || place >= m->unit_count) break;
        unit = m->units[place];
        if (label_of(unit) != byte) break;
        place ^= offset_of(unit);
        /* No key of a real map ends within a character. */
        if (!has_value(unit) || (i + 1 < size && ((unsigned char)text[i + 1] & 0xc0) == 0x80)) continue;
        *value = value_of(m->units[place]);
        found = i + 1;
        if (shortest) break;
    }
    return found;
}

size_t charsmap_longest(const charsmap *m, const char *text, size_t size, const char **to, size_t *to_size)
{
    uint32_t value;
    size_t   found = find(m, text, size, false, &value);

    if (found == 0) return 0;
    *to = m->strings + value;
    *to_size = strlen(*to);
    return found;
}

/* Appends what `part` becomes; *mapped says whether any key is at its head. */
static bool add_mapped(const charsmap *m, const char *part, size_t size, bool *mapped, bytes *out)
{
    uint32_t value;

    *mapped = find(m, part, size, true, &value) > 0;
    return !*mapped || bytes_add(out, m->strings + value, strlen(m->strings + value));
}

bool charsmap_clusters(const charsmap *m, const char *text, size_t size, size_t limit, bytes *out)
{
    size_t whole, length;

    for (size_t at = 0; at < size && out->count <= limit; at += whole) {
        bool mapped = false;

        whole = unicode_cluster(text + at, size - at);
        if (whole < CLUSTER_LIMIT && !add_mapped(m, text + at, whole, &mapped, out)) return false;
        if (mapped) continue;
        for (size_t i = 0; i < whole && out->count <= limit; i += length) {
            const char *part = text + at + i;
            uint32_t    c;

            utf8_take(part, whole - i, &c, &length);
            if (!add_mapped(m, part, length, &mapped, out)) return false;
            if (!mapped && !bytes_add(out, part, length)) return false;
        }
    }
    return true;
}
