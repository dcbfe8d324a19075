/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* html.h - text that grows, and its escaping for HTML.  Only this folder uses it. */
#ifndef REPORT_PAGE_HTML_H
#define REPORT_PAGE_HTML_H

#include <stdbool.h>
#include <stddef.h>

/* Start from {0}; `text` is malloc'd and ends with a 0. */
typedef struct text_buffer {
    char  *text;
    size_t size, room;
    bool   failed; /* out of memory: the rest is left out */
} text_buffer;

__attribute__((format(printf, 2, 3))) void html_add(text_buffer *to, const char *format, ...);
/* Appends text escaped for use between tags and in quoted attributes. */
void html_escaped(text_buffer *to, const char *text);

#endif
