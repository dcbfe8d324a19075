/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* checks.h - the core operations as small programs on the client's secrets, with the rings to run them in. */
#ifndef LEAK_CHECKS_H
#define LEAK_CHECKS_H

#include "leak/world.h"

typedef struct setting {
    uint64_t x, y;      /* the client's secrets                                  */
    uint32_t bits;      /* ring of the operands                                  */
    uint32_t to, shift; /* of products and truncations                           */
    uint32_t width;     /* of a comparison; columns of a public matrix           */
    size_t   n;         /* elements                                              */
    uint32_t told;      /* node to which run_told reveals                        */
    uint64_t out[8];    /* what the receiver was given                           */
} setting;

typedef struct check {
    const char *name;
    program    *run;
    setting     tiny;                    /* enumerated                                    */
    setting     real;                    /* for own masks, rank and bytes                 */
    bool        bit_y;                   /* y is a bit                                    */
    uint64_t    needs;                   /* PUMA_CAP_*                                    */
    bool (*has)(const puma_protocol *p); /* of an optional operation    */
} check;

#define CHECK_COUNT 26

extern const check CHECKS[CHECK_COUNT];

/* Ends the program when there is none. */
const check *check_named(const char *name);

/* What "less" with one threshold runs, for other rings. */
void run_less(puma_session *s, void *context);
/* x + y, told to one node. */
void run_told(puma_session *s, void *context);
/* Random words, told to one node. */
void run_random(puma_session *s, void *context);
bool has_random(const puma_protocol *p);

#endif
