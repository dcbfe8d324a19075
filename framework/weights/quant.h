/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* quant.h - how numbers are stored: the types of safetensors and of GGUF, and what their bytes are worth.
 *
 * A type keeps `block` numbers in `bytes` bytes; plain ones keep one.  A block of GGUF is made of a scale or
 * two in float16 and of small integers, so that a number is an exact rational: scale times integer, or the
 * sum of two such products.  All are whole multiples of 2^-24 below 2^29 (MXFP4's and Q8_K's have other
 * scales, but one product alone), and so a double holds them exactly: the same number at every party and on
 * any machine.
 *
 * Blocks stand alone.  Whoever wants to compute on them as they are stored takes their bytes (weights_blocks)
 * and converts one where it meets a number: 4 to 8 bits each in memory in place of 64.
 *
 * weights.c converts through it, gguf.c finds the types of a file here.  It opens nothing: it gets whole blocks and a
 * place for the numbers. */
#ifndef WEIGHTS_QUANT_H
#define WEIGHTS_QUANT_H

#include <stddef.h>
#include <stdint.h>

#define QUANT_MAX_BLOCK 256 /* every type's block divides it */

typedef struct quant_type {
    const char *name;   /* "BF16", "Q4_K": as the files say                                               */
    int         number; /* GGUF's; -1: safetensors alone has it                                           */
    size_t      block, bytes;
    /* The `block` numbers of one block; NaN and infinities as its scales have them.  NULL: integers, which
     * are no weights without a scale that stands elsewhere, or a type that is not built. */
    void (*values)(const unsigned char *from, double *to);
} quant_type;

/* By the name that a safetensors file gives: one that keeps numbers one by one.  NULL: there is none. */
const quant_type *quant_plain(const char *name);
/* By GGUF's number.  NULL: there is none, or its size is not settled. */
const quant_type *quant_numbered(uint64_t number);

#endif
