/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* conformance.h - what the runner and the cases of the backend conformance suite share. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "plugin/plugin.h"

#include <puma/protocol.h>
#include <stdbool.h>

#define MAX_OPERANDS 8
#define MAX_CONSTANTS 4

/* An operand or a result outside of MPC: shape, ring and words (reduced ring words, packed bits, or doubles).
 */
typedef struct array {
    puma_kind kind;
    uint32_t  rank;
    size_t    dim[PUMA_MAX_RANK];
    size_t    n, words;
    uint32_t  bits, frac;
    uint64_t *w;
} array;

/* One row of a table of cases; what the numbers mean is the group's to say. */
typedef struct spec {
    const char *what;
    uint32_t    op;
    size_t      size[4];
    uint32_t    bits, zbits, shift, frac;
    uint32_t    limit; /* operands are below 2^limit                                            */
    uint32_t    flags;
} spec;

#define WRAPS 1u    /* a result leaves its ring: right mod 2^bits, yet an error where values are watched */
#define IS_FLOAT 2u /* in a session with PUMA_CAP_FLOAT */
#define MANY 4u     /* enough elements for the mean of an error */
#define Z_IS_X 8u   /* the result is written over the first operand, */
#define Z_IS_Y 16u  /* or over the second */
#define OPTION(k)                                                                                            \
    (256u << (k)) /* of the group                                                                        */

struct task;

typedef struct group {
    const char *name;
    const spec *specs;
    size_t      count;
    uint64_t needs; /* PUMA_CAP_* of the backend                                                           */
    bool (*has)(const plugin_extensions *x); /* of an operation beyond the core; may be NULL                */
    bool silent;                         /* no node may send anything in `program`                        */
    void (*prepare)(struct task *t);     /* main thread: operands, and shapes of the results                */
    void (*program)(puma_session *s, const struct task *t, puma_tensor **in,
                    puma_tensor **out);          /* at a party   */
    const char *(*verify)(const struct task *t); /* main thread: NULL, or what is wrong */
} group;

typedef struct task {
    const group *g;
    const spec  *s;
    char         name[160];
    array        in[MAX_OPERANDS], out[MAX_OPERANDS], constants[MAX_CONSTANTS];
    size_t       ins, outs;
    uint32_t     owner, to;  /* node that shares the operands, node that gets the results */
    bool         everywhere; /* the program runs at the client too */
    bool         done;
} task;

extern const group *const groups[];
extern const size_t       group_count;

/* Shapes; the array's words are allocated and 0. */
void array_make(array *a, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits, uint32_t frac);
void fatal(const char *what) __attribute__((noreturn));

#endif
