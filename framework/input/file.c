/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* file.c - see input.h: files of text, and standard input. */
#include "input/internal.h"

#include "base/text.h"
#include "weights/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Standard input can be read only once, but a command may open a plan several times: what was read is
 * kept. */
static struct {
    char  *bytes;
    size_t size;
    bool   read;
} standard;

static puma_status read_standard(puma_error *e)
{
    size_t room = 0;

    while (!standard.read) {
        ssize_t got;

        if (standard.size == room) {
            char *more = realloc(standard.bytes, (room = room == 0 ? 65536 : 2 * room) + 1);

            if (more == NULL) return no_memory(e);
            standard.bytes = more;
        }
        got = read(STDIN_FILENO, standard.bytes + standard.size, room - standard.size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_set(e, 554, "standard input: %s", strerror(errno));
        standard.size += (size_t)got;
        standard.read = got == 0;
        if (standard.size > INPUT_FILE_LIMIT)
            return error_set(e, 554, "standard input: too long (limit %zu bytes)", INPUT_FILE_LIMIT);
    }
    return PUMA_OK;
}

puma_status input_text(const char *path, char **bytes, size_t *size, puma_error *e)
{
    bool   piped = strcmp(path, "-") == 0;
    size_t mark;

    *bytes = NULL;
    *size = 0;
    if (!piped && file_read(path, INPUT_FILE_LIMIT, bytes, size, 554, e) != PUMA_OK) return e->status;
    if (piped) {
        if (read_standard(e) != PUMA_OK) return e->status;
        *bytes = malloc(standard.size + 1);
        if (*bytes == NULL) return no_memory(e);
        memcpy(*bytes, standard.bytes, *size = standard.size);
    }
    if (text_check(piped ? "standard input" : path_tail(path), *bytes, *size, 570, e) != PUMA_OK) {
        input_text_free(bytes, *size);
        return e->status;
    }
    mark = text_mark(*bytes, *size);
    *size -= mark;
    memmove(*bytes, *bytes + mark, *size);
    (*bytes)[*size] = '\0';
    return PUMA_OK;
}

void input_text_free(char **bytes, size_t size)
{
    if (*bytes != NULL) explicit_bzero(*bytes, size);
    free(*bytes);
    *bytes = NULL;
}
