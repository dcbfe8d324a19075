/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* place.h - where a run is, as data, and its first failure.
 *
 * Before each operation the executor says where it is; errors, the bill and the progress line read it.  Text
 * is made only for people: nothing parses a place out of it. */
#ifndef HOST_PLACE_H
#define HOST_PLACE_H

#include "base/error.h"

#include <puma/host.h>

#include <stdbool.h>

typedef struct place {
    char part[16]; /* "layer", "head", "weights" ...; "": none              */
    int  layer;    /* -1: not in a layer                                    */
    char op[104];  /* "softmax", or a name                                  */
} place;

enum { PLACE_TEXT = 160 };

/* Has the run not said yet where it is? */
static inline bool place_is_none(const place *p) { return p->part[0] == '\0' && p->op[0] == '\0'; }
/* The place in full: "layer 3 softmax". */
void               place_text(const place *p, char text[PLACE_TEXT]);
/* The place without its operation: "layer 3".  A place without a part gives its operation. */
void               place_title(const place *p, char title[PLACE_TEXT]);

/* Sets where the run is from now on. */
void              host_at(puma_session *s, const char *part, int layer, const char *op);
/* The session's first failure, as one line. */
const puma_error *session_error(const puma_session *s);

#endif
