/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* error.h - one failure, as the user will read it: `puma: error E0312: WHERE: reason`.
 *
 * A code is class * 100 + number, the class being the puma_status and so the exit code: 312 is the
 * twelfth way in which a configuration is wrong.  framework/base/errors.def lists all of them, and
 * doc/errors.md is made from it.
 *
 * Every folder records its failures in one; the caller owns the structure, and the first failure stays.  error_print,
 * for the program's last line, is the only function of the libraries that writes to a stream of its own choice. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <puma/status.h>
#include <stddef.h>

#define ERROR_TEXT 300

typedef struct puma_error {
    puma_status status;             /* PUMA_OK: none yet                              */
    unsigned    code;               /* class * 100 + number                           */
    char        text[ERROR_TEXT];   /* "WHERE: reason (got X, limit Y)", one line     */
} puma_error;

/* Records a failure unless one is recorded already, and returns its status.  Text is cut at the size of
 * the buffer; control bytes and invalid UTF-8 in it are escaped (\x1b), so that input cannot forge log
 * lines. */
puma_status error_set(puma_error *e, unsigned code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The code for a call that failed with errno `number` on a file or folder: E1002 where the process's or the machine's limits,
 * or its disk, are at fault, else `code`, which blames the file. */
unsigned error_by(int number, unsigned code);

/* Puts "PREFIX: " before the text of a recorded failure. */
puma_status error_prefix(puma_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the final line to stderr. */
void error_print(const puma_error *e);

/* What a code means, from errors.def; NULL for an unknown one. */
const char *error_meaning(unsigned code);

#endif
