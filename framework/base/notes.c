/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* notes.c - see notes.h */
#include "base/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

puma_status notes_add(notes *to, note_kind kind, puma_error *e, const char *format, ...)
{
    note   *more = realloc(to->list, (to->count + 1) * sizeof *more);
    char   *text;
    va_list list;
    int     size;

    if (more == NULL) return error_set(e, 1001, "out of memory for a note");
    to->list = more;
    va_start(list, format);
    size = vasprintf(&text, format, list);
    va_end(list);
    if (size < 0) return error_set(e, 1001, "out of memory for a note");
    to->list[to->count++] = (note){ kind, text };
    return e->status;
}

void notes_free(notes *n)
{
    for (size_t i = 0; i < n->count; i++) free(n->list[i].text);
    free(n->list);
    *n = (notes){ 0 };
}
