/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* text.h - the marks that editors put in front of a text file.
 *
 * UTF-8 needs none, but many write EF BB BF: that one is passed over.  A mark of UTF-16 or UTF-32 says that the
 * file is none of ours; without it such a file is not told from bytes at random and fails as bad UTF-8.
 *
 * Inline, for ini/, weights/, input/ and cli/, which read such files.  Nothing is converted. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Bytes of a UTF-8 byte order mark in front: 3 or 0. */
static inline size_t text_mark(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* "UTF-16" or "UTF-32" when the bytes begin with the mark of it, else NULL. */
static inline const char *text_wide(const char *bytes, size_t size)
{
    bool low = size >= 2 && memcmp(bytes, "\xff\xfe", 2) == 0, high = size >= 2 && memcmp(bytes, "\xfe\xff", 2) == 0;

    if (size >= 4 && ((low && bytes[2] == 0 && bytes[3] == 0) || memcmp(bytes, "\0\0\xfe\xff", 4) == 0))
        return "UTF-32";
    return low || high ? "UTF-16" : NULL;
}

/* Fails with `code` on a text that begins with a mark of UTF-16 or UTF-32. */
static inline puma_status text_check(const char *name, const char *bytes, size_t size, unsigned code, puma_error *e)
{
    const char *wide = text_wide(bytes, size);

    return wide == NULL ? e->status : error_set(e, code, "%s: it is %s; UTF-8 is needed", name, wide);
}

#endif
