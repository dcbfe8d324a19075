/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* text_stream.c - see text_stream.h */
#include "base/text_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct target {
    char **text;
    size_t *size, room;
} target;

/* To stdio 0 is a failure; it sets the stream's mark, which stays. */
static ssize_t take(void *cookie, const char *bytes, size_t n)
{
    target *to = cookie;
    size_t  need = *to->size + n + 1;

    if (need > to->room) {
        size_t room = need > 2 * to->room ? need : 2 * to->room;
        char  *grown = realloc(*to->text, room);

        if (grown == NULL) {
            errno = ENOMEM;
            return 0;
        }
        *to->text = grown;
        to->room = room;
    }
    memcpy(*to->text + *to->size, bytes, n);
    *to->size += n;
    (*to->text)[*to->size] = '\0';
    return (ssize_t)n;
}

static int leave(void *cookie)
{
    free(cookie);
    return 0;
}

FILE *text_stream(char **text, size_t *size)
{
    target *to = malloc(sizeof *to);
    FILE   *f = NULL;

    *size = 0;
    *text = to != NULL ? calloc(1, 1) : NULL;
    if (*text != NULL) {
        *to = (target){ .text = text, .size = size, .room = 1 };
        f = fopencookie(to, "w", (cookie_io_functions_t){ .write = take, .close = leave });
    }
    if (f != NULL) return f;
    free(*text);
    free(to);
    *text = NULL;
    return NULL;
}
