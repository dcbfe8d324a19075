/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* notes.h - what a library has to tell the user although nothing failed.  Libraries do not print: they add to a list,
 * and the program that called them shows it.
 *
 * The list owns its texts until notes_free.  What stops a run is no note but an error.h. */
#ifndef BASE_NOTES_H
#define BASE_NOTES_H

#include "base/error.h"

typedef enum note_kind { NOTE, WARNING } note_kind;

typedef struct note {
    note_kind kind;
    char     *text; /* one line, without its end */
} note;

typedef struct notes { /* begins as {0} */
    note  *list;
    size_t count;
} notes;

puma_status notes_add(notes *to, note_kind kind, puma_error *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void        notes_free(notes *n); /* its contents */

#endif
