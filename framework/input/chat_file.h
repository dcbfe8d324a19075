/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* chat_file.h - a template of models/chat as chat_file.c reads it and chat.c renders with it; for these two alone.
 *
 * A conversation is rendered as: start; for each message its role's `before`, the content, its `after`; the generation
 * prompt.  All of these are the template's own text, in which {bos}, {eos} and {date} stand for the checkpoint's
 * tokens and today's date. */
#ifndef INPUT_CHAT_FILE_H
#define INPUT_CHAT_FILE_H

#include "input/chat.h"
#include "ini/ini.h"

/* Where a system message may stand, and what becomes of it. */
typedef enum chat_place {
    CHAT_ANYWHERE,   /* a turn like the others                                          */
    CHAT_FRONT,      /* a turn, as the first message alone                              */
    CHAT_FIRST_USER, /* the first message alone; goes into the first turn of the user   */
    CHAT_LAST_USER,  /* the first message alone; goes into the turn of the last message */
    CHAT_NOWHERE     /* there is none                                                   */
} chat_place;

typedef enum chat_trim {
    CHAT_KEEP,
    CHAT_TRIM,     /* white space around the content goes                         */
    CHAT_TRIM_TURN /* that around the whole of a turn, with a system message in it */
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
    bool         alternate;      /* user and assistant take turns, the user first                 */
    char        *system_default; /* NULL: none                                                     */
    char        *behind;         /* of an assistant's content only what stands behind the last of these; NULL */
    chat_strings hashes;         /* SHA-256, in lower case, of templates that this file is */
    chat_strings has, has_not;   /* what one that it is holds, and what it does not hold  */
    char        *bos, *eos;      /* of the checkpoint; NULL: it names none                */
};

#endif
