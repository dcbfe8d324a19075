/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* text_stream.h - a stream into memory that remembers when there was none.
 *
 * As open_memstream, whose growth may fail without a trace in glibc: what was printed is then missing, and neither
 * ferror nor fclose tells.  Here both do. */
#ifndef BASE_TEXT_STREAM_H
#define BASE_TEXT_STREAM_H

#include <stddef.h>
#include <stdio.h>

/* *text (malloc'd, the caller's, closed by a NUL that does not count) and *size are valid after fflush or fclose, and
 * *text also when that fails.  NULL: out of memory, and *text is NULL. */
FILE *text_stream(char **text, size_t *size);

#endif
