/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* chat_file.h - a template of models/chat, as chat_file.c reads it and chat.c renders with it.  Only these
 * two include it.
 *
 * A conversation is rendered as: start; for each message its role's `before`, the content, its `after`; the
 * generation prompt.  All of these are the template's own text, in which {bos}, {eos} and {date} mean the
 * checkpoint's tokens and today's date. */
#ifndef INPUT_CHAT_FILE_H
#define INPUT_CHAT_FILE_H

#include "input/chat.h"
#include "ini/ini.h"

/* Where a system message may be, and what becomes of it. */
typedef enum chat_place {
    CHAT_ANYWHERE,   /* a turn like the others                                     */
    CHAT_FRONT,      /* a turn, but only as the first message                      */
    CHAT_FIRST_USER, /* only the first message; it goes into the user's first turn */
    CHAT_LAST_USER,  /* only the first message; it goes into the last turn         */
    CHAT_NOWHERE     /* not allowed                                                */
} chat_place;

typedef enum chat_trim {
    CHAT_KEEP,
    CHAT_TRIM,     /* without the white space around the content                         */
    CHAT_TRIM_TURN /* without that around the whole turn, a system message in it included */
} chat_trim;

typedef struct chat_part {
    char     *before, *after;
    chat_trim trim;
} chat_part;

#define CHAT_STRINGS 16
typedef struct chat_strings {
    char  *text[CHAT_STRINGS];
    size_t count;
} chat_strings;

struct chat_template {
    char         name[50];
    char        *start, *generation;
    chat_part    part[CHAT_ROLES];
    chat_place   place;
    bool         alternate;      /* user and assistant take turns, the user first             */
    char        *system_default; /* NULL: none                                                */
    char        *behind;         /* keep an assistant's content only after the last of these; NULL: all of it */
    chat_strings hashes;         /* SHA-256, in lower case, of templates that match exactly   */
    chat_strings has, has_not;   /* parts that a matching template contains, and must not contain */
    char        *bos, *eos;      /* the checkpoint's; NULL: it names none                     */
};

#endif
