/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cases.h - what the groups of cases share: makers of operands, judges of results.
 *
 * A group is one file: a table of cases, `prepare` (shares these operands), `program` (runs the backend's
 * operation at a compute party) and `verify` (an oracle in big integers).  add.c is the shortest one.  To try
 * an operation in one more way, add a row to its table; for a new operation, copy add.c and name its group in
 * groups.c. */
#ifndef CONFORMANCE_CASES_H
#define CONFORMANCE_CASES_H

#include "conformance/conformance.h"
#include "host/session.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

typedef __int128 int128;

/* --- numbers ---------------------------------------------------------------------------------- */

/* The next word of a fixed sequence: the same operands in every run. */
uint64_t draw(void);
uint64_t mask(uint32_t bits);
int64_t  signed_of(uint64_t word, uint32_t bits);
/* The i-th trial number with |v| < 2^limit: the edges first, then numbers of every magnitude. */
int64_t  number(size_t i, uint32_t limit, uint32_t frac);
/* sum + x y mod 2^128. */
int128   add_product(int128 sum, int128 x, int128 y);

/* --- operands: the next one of the task, by its shape; all words are 0 ------------------------- */

array *operand(task *t, size_t n, uint32_t bits, uint32_t frac);
array *bit_operand(task *t, size_t n);
array *matrix_operand(task *t, size_t rows, size_t columns, uint32_t bits, uint32_t frac);
array *result(task *t, size_t n, uint32_t bits, uint32_t frac);
array *bit_result(task *t, size_t n);
/* Public constants, the k-th of the task. */
array *constants(task *t, size_t k, size_t n, uint32_t bits, uint32_t frac);

/* Any words where the case WRAPS, otherwise numbers below 2^limit. */
void fill(array *a, const spec *s);
void fill_numbers(array *a, uint32_t limit);
void fill_words(array *a);
void fill_bits(array *a);
void fill_reals(array *a);
/* Every second number is within two of ±2^(bits-2), where an exact truncation ends. */
void fill_edges(array *a);

bool    bit(const array *a, size_t i);
int64_t at(const array *a, size_t i); /* as a signed number */
double  real_at(const array *a, size_t i);

/* --- judges: NULL, or what is wrong ------------------------------------------------------------ */

/* Every element of the first result is the wanted word, mod 2^bits. */
const char *words_are(const task *t, uint64_t (*wanted)(const task *t, size_t i));
const char *bits_are(const task *t, bool (*wanted)(const task *t, size_t i));
/* The first result is sum / 2^shift to less than one ulp: always, and with MANY elements without bias. */
const char *truncated(const task *t, int128 (*sum)(const task *t, size_t i));
/* Bits behind the last one are 0 by contract. */
const char *tail_is_clean(const array *a);
const char *differs(size_t i, int128 got, int128 wanted);
const char *differs_real(size_t i, double got, double wanted);
/* Any other complaint. */
const char *complaint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- backends ----------------------------------------------------------------------------------- */

/* Half of each number of a row, and half of the first one's besides when there are more. */
void halve(double *row, size_t n, const void *context);
bool has_apply(const plugin_extensions *x);

#endif
