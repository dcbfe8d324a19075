/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* html.c - see html.h */
#include "report/page/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void html_add(text_buffer *to, const char *format, ...)
{
    va_list list;
    int     size;

    va_start(list, format);
    size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (size < 0 || to->failed) return;
    if (to->size + (size_t)size + 1 > to->room) {
        size_t room = 2 * to->room + (size_t)size + 4096;
        char  *more = realloc(to->text, room);

        if (more == NULL) {
            to->failed = true;
            return;
        }
        to->text = more;
        to->room = room;
    }
    va_start(list, format);
    vsnprintf(to->text + to->size, to->room - to->size, format, list);
    va_end(list);
    to->size += (size_t)size;
}

void html_escaped(text_buffer *to, const char *text)
{
    for (; *text != '\0'; text++) switch (*text) {
        case '&': html_add(to, "&amp;"); break;
        case '<': html_add(to, "&lt;"); break;
        case '>': html_add(to, "&gt;"); break;
        case '"': html_add(to, "&quot;"); break;
        case '\'': html_add(to, "&#39;"); break;
        default:
            /* What HTML does not allow, not even escaped. */
            if ((unsigned char)*text < ' ' && *text != '\t' && *text != '\n' && *text != '\r')
                html_add(to, "\xef\xbf\xbd");
            else
                html_add(to, "%c", *text);
        }
}
