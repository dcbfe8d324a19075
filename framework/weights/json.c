/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* json.c - see json.h */
#include "weights/json.h"

#include "base/json_text.h"
#include "base/opened.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *path_tail(const char *path)
{
    size_t length = strlen(path);

    return length > 140 ? path + length - 140 : path;
}

puma_status file_read(const char *path, size_t limit, char **bytes, size_t *size, unsigned code,
                      puma_error *e)
{
    int         fd = opened_file(path, 0);
    struct stat about;
    char       *buffer = NULL;
    size_t      length, have = 0;

    *bytes = NULL;
    *size = 0;
    path = path_tail(path);
    if (fd < 0) return error_set(e, error_by(errno, code), "%s: %s", path, strerror(errno));
    if (fstat(fd, &about) != 0) {
        error_set(e, error_by(errno, code), "%s: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(about.st_mode)) {
        error_set(e, code, "%s: not a regular file", path);
        goto done;
    }
    if (about.st_size < 0 || (uintmax_t)about.st_size > limit) {
        error_set(e, code, "%s: file too large (got %jd bytes, limit %zu)", path, (intmax_t)about.st_size,
                  limit);
        goto done;
    }
    length = (size_t)about.st_size;
    buffer = malloc(length + 1);
    if (!buffer) {
        error_set(e, 1001, "%s: out of memory (%zu bytes)", path, length + 1);
        goto done;
    }
    while (have < length) {
        ssize_t got = read(fd, buffer + have, length - have);

        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            error_set(e, error_by(errno, code), "%s: byte %zu: %s", path, have, strerror(errno));
            goto done;
        }
        if (got == 0) {
            error_set(e, code, "%s: file changed while being read (ends at byte %zu of %zu)", path, have,
                      length);
            goto done;
        }
        have += (size_t)got;
    }
    buffer[length] = '\0';
    *bytes = buffer;
    *size = length;
    buffer = NULL;
done:
    free(buffer);
    close(fd);
    return e->status;
}

void json_show(char *to, size_t room, const json_t *value)
{
    char *text = json_to_text(value, JSON_ENCODE_ANY | JSON_COMPACT);

    snprintf(to, room, "%s", text ? text : "?");
    free(text);
}

static bool over(size_t count, size_t limit) { return limit > 0 && count > limit; }

/* One pass over the bytes, strings skipped: it bounds nesting and counts what jansson would allocate for.  It
 * needs no grammar: on text that is not JSON it may count wrongly, and jansson then refuses the text for its
 * own reasons. */
static puma_status scan(const char *name, const char *bytes, size_t size, const json_limits *limits,
                        unsigned code, puma_error *e)
{
    size_t depth = 0, objects = 0, arrays = 0, separators = 0, line = 1, start = 0;
    bool   quoted = false;

    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];

        if (c == '\n') {
            line++;
            start = i + 1;
        }
        if (quoted) {
            if (c == '\\' && i + 1 < size && bytes[i + 1] != '\n')
                i++;
            else if (c == '"')
                quoted = false;
            continue;
        }
        switch (c) {
        case '"': quoted = true; break;
        case '{':
        case '[':
            if (++depth > JSON_MAX_DEPTH)
                return error_set(e, code, "%s:%zu:%zu: byte %zu: nesting > %d", name, line, i - start + 1,
                                 i + limits->offset, JSON_MAX_DEPTH);
            if (c == '{')
                objects++;
            else
                arrays++;
            break;
        case '}':
        case ']':
            if (depth > 0) depth--;
            break;
        case ',': separators++; break;
        default: break;
        }
        if (over(objects, limits->objects) || over(arrays, limits->arrays) ||
            over(separators, limits->separators))
            return error_set(
                e, code,
                "%s:%zu:%zu: byte %zu: too many entries (limits: %zu objects, %zu arrays, %zu commas)", name,
                line, i - start + 1, i + limits->offset, limits->objects, limits->arrays, limits->separators);
    }
    return PUMA_OK;
}

size_t json_reason(const json_error_t *error)
{
    static const char unicode[] = "invalid Unicode";
    const char       *quote = strstr(error->text, " near ");

    if (strncmp(error->text, unicode, sizeof unicode - 1) == 0) return sizeof unicode - 1;
    return quote ? (size_t)(quote - error->text) : strlen(error->text);
}

puma_status json_parse_limited(const char *name, const char *bytes, size_t size, const json_limits *limits,
                               json_t **root, unsigned code, puma_error *e)
{
    json_error_t error;
    bool         no_memory;

    *root = NULL;
    if (scan(name, bytes, size, limits, code, e) != PUMA_OK) return e->status;
    *root = json_text(bytes, size, JSON_REJECT_DUPLICATES | (limits->reals ? JSON_DECODE_INT_AS_REAL : 0), &error,
                      &no_memory);
    if (*root) return PUMA_OK;
    if (no_memory)
        return error_set(e, 1001, "%s: out of memory while parsing %zu bytes", name, size);
    if (limits->secret) error.text[json_reason(&error)] = '\0';
    /* The column jansson gives is that of the last character it took; its position counts bytes. */
    return error_set(e, code, "%s:%d:%d: byte %zu: %s", name, error.line, error.column,
                     (error.position > 0 ? (size_t)error.position : 0) + limits->offset, error.text);
}

puma_status json_parse(const char *name, const char *bytes, size_t size, json_t **root, unsigned code,
                       puma_error *e)
{
    return json_parse_limited(name, bytes, size, &(json_limits){ 0 }, root, code, e);
}

puma_status json_read_limited(const char *path, size_t limit, const json_limits *limits, json_t **root,
                              unsigned code, puma_error *e)
{
    char  *bytes;
    size_t size;

    *root = NULL;
    if (file_read(path, limit, &bytes, &size, code, e) != PUMA_OK) return e->status;
    if (text_check(path_tail(path), bytes, size, code, e) == PUMA_OK) {
        size_t      mark = text_mark(bytes, size);
        json_limits behind = *limits;

        behind.offset += mark;
        json_parse_limited(path_tail(path), bytes + mark, size - mark, &behind, root, code, e);
    }
    free(bytes);
    return e->status;
}

puma_status json_read(const char *path, size_t limit, json_t **root, unsigned code, puma_error *e)
{
    return json_read_limited(path, limit, &(json_limits){ 0 }, root, code, e);
}
