/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* place.h - where a run is, as data, and its first failure.
 *
 * The executor says before each operation where it is; errors, the bill and the progress line read that. Text
 * is made for people alone: nothing reads a place back out of it. */
#ifndef HOST_PLACE_H
#define HOST_PLACE_H

#include "base/error.h"

#include <puma/host.h>

#include <stdbool.h>

typedef struct place {
    char part[16]; /* "layer", "head", "weights" ...; "": none              */
    int  layer;    /* -1: the part has none                                 */
    char op[104];  /* "softmax", or a name                                  */
} place;

enum { PLACE_TEXT = 160 };

/* A run that has not said yet where it is. */
static inline bool place_is_none(const place *p) { return p->part[0] == '\0' && p->op[0] == '\0'; }
/* Where, in full: "layer 3 softmax". */
void               place_text(const place *p, char text[PLACE_TEXT]);
/* The same without its operation: "layer 3"; of a place without a part the operation itself. */
void               place_title(const place *p, char title[PLACE_TEXT]);

/* Says where the run is from now on. */
void              host_at(puma_session *s, const char *part, int layer, const char *op);
/* The first failure of the session, in full. */
const puma_error *session_error(const puma_session *s);

#endif
