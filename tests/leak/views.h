/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* views.h - three ways to see whether a node's view depends on a secret; each is blind to some leaks that
 * another sees.
 *
 * Enumeration: the streams that the node lacks run through all their values, those that it holds are fixed;
 * the multiset of its views (everything it draws and receives) must be the same for every secret, compared by
 * three 64-bit sums of hashes.  It is the simulation argument itself, exact for the rings that are
 * enumerated; 2^20 runs or so are as far as it goes, hence rings of a few bits.
 *
 * Own masks: on rings of any size.  Each received element that varies at all must have a mask: a draw on a
 * stream that the node lacks, of which every bit b moves the element by 2^b, or flips bit b of it.  The elements
 * must stand in some order in which the mask of each leaves alone all elements before it.  Then, whatever the
 * secrets, the masks map one to one onto the elements, which are uniform therefore.  Every draw is perturbed bit
 * by bit, and what changes is looked at; this is done around one or two settings of streams and secrets, so a
 * leak that shows up in a small share of settings alone is not seen.
 *
 * Affine rank: over runs with fixed secrets the bits that a node draws and receives must be affinely
 * independent over GF(2): all bits of what is narrower than 8 or a one-hot of 15, of other words the lowest,
 * the middle and the highest.  It sees a mask that is too short or used twice, and no relation of a higher
 * degree. */
#ifndef LEAK_VIEWS_H
#define LEAK_VIEWS_H

#include "leak/world.h"

/* A run on secrets. */
typedef struct subject {
    const char *name;
    program    *run;
    void       *context;
    void (*secrets)(void *context, uint64_t random); /* sets others, as random as this; own masks only */
    /* What the node that is looked at is told in the end: the last elements that it receives are made up for
     * by these, which must not change. */
    const uint64_t *answers;
    size_t          answer_count;
} subject;

typedef struct sums {
    uint64_t of[3];
} sums;

void   add_view(sums *total, const view *v);
/* The sums of the node's views over all values of `streams`, which are kept; returns how many bits these are,
 * and without sums when they are more than `most`.  LACKED: the streams that the node does not hold, those
 * counted that a backend takes only in the middle of a run. */
#define LACKED ((uint64_t)0)
size_t enumerate(world *w, const subject *c, uint32_t node, uint64_t streams, size_t most, sums *total);

/* Fails the test when an element that the node sees has no mask of its own; how many have one. */
size_t check_masks(world *w, const subject *c, uint32_t node);

/* Rows of bits over GF(2), which it overwrites. */
size_t rank_of(uint64_t *rows, size_t row_count, size_t words);
/* Fails the test when what the node sees obeys an affine relation; does nothing beyond so many columns. */
void   check_rank(world *w, const subject *c, uint32_t node, size_t most_columns);

#endif
