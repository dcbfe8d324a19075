/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what the fuzz targets share: an input's bytes as choices, files that lie in memory, and what must
 * hold of every failure.
 *
 * A target is one program, fuzz_NAME.c, with one function.  Built with --enable-fuzzing it is linked with
 * libFuzzer, else with replay.c, which gives it the inputs of corpus/NAME. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Once, before the first input.  A target need not have it. */
int LLVMFuzzerInitialize(int *count, char ***arguments);

#define FUZZ_CHECK(holds)                                                                                    \
    do {                                                                                                     \
        if (!(holds)) {                                                                                      \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);                       \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* Of a call's status and error: they agree, the code is a known one and no error of the program itself, and
 * the text is one line that can be shown. */
static inline void fuzz_check_error(puma_status status, const puma_error *e)
{
    FUZZ_CHECK(status == e->status);
    if (status == PUMA_OK) return;
    FUZZ_CHECK(e->code / 100 == (unsigned)status);
    FUZZ_CHECK(status != PUMA_EINTERNAL);
    FUZZ_CHECK(error_meaning(e->code) != NULL);
    FUZZ_CHECK(e->text[0] != '\0');
    for (const char *p = e->text; *p != '\0'; p++) FUZZ_CHECK((unsigned char)*p >= ' ' && *p != 0x7f);
}

/* --- an input as choices ------------------------------------------------------------------------ */

typedef struct fuzz_feed {
    const uint8_t *at, *end;
} fuzz_feed;

static inline size_t fuzz_left(const fuzz_feed *f) { return (size_t)(f->end - f->at); }

/* 0 when there is nothing left. */
static inline unsigned fuzz_byte(fuzz_feed *f) { return f->at < f->end ? *f->at++ : 0; }

static inline unsigned fuzz_below(fuzz_feed *f, unsigned n) { return fuzz_byte(f) % n; }

static inline uint32_t fuzz_word(fuzz_feed *f)
{
    uint32_t word = 0;

    for (int i = 0; i < 4; i++) word |= (uint32_t)fuzz_byte(f) << 8 * i;
    return word;
}

/* The bytes up to the next NUL, which is passed over, or all that are left. */
static inline const char *fuzz_part(fuzz_feed *f, size_t *size)
{
    const uint8_t *begin = f->at, *end = begin == f->end ? NULL : memchr(begin, 0, fuzz_left(f));

    *size = end == NULL ? fuzz_left(f) : (size_t)(end - begin);
    f->at = end == NULL ? f->end : end + 1;
    return (const char *)begin;
}

/* All that is left as a string; the caller frees it. */
static inline char *fuzz_string(fuzz_feed *f)
{
    char *text = malloc(fuzz_left(f) + 1);

    FUZZ_CHECK(text != NULL);
    if (fuzz_left(f) > 0) memcpy(text, f->at, fuzz_left(f));
    text[fuzz_left(f)] = '\0';
    f->at = f->end;
    return text;
}

/* --- files -------------------------------------------------------------------------------------- */

/* A file in memory that becomes these bytes; one for all inputs. */
static inline int fuzz_file(const void *bytes, size_t size)
{
    static int fd = -1;

    if (fd < 0) fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
    return fd;
}

/* A file of the source tree, whole, for a target that has it from the start; never freed. */
static inline char *fuzz_load(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *bytes;
    long  length;

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (length = ftell(f)) < 0 ||
        (bytes = calloc(1, (size_t)length + 1)) == NULL || fseek(f, 0, SEEK_SET) != 0 ||
        fread(bytes, 1, (size_t)length, f) != (size_t)length) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(99);
    }
    fclose(f);
    *size = (size_t)length;
    return bytes;
}

#endif
