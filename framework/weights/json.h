/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* json.h - jansson with our limits: duplicates and trailing bytes refused, nesting bounded, size bounded,
 * errors with file, line, column and byte offset.
 *
 * What checkpoints and input files hold in JSON is read through here, by model/, token/, image/, input/ and cli/; the
 * values belong to the caller.  No meaning is looked for in them. */
#ifndef WEIGHTS_JSON_H
#define WEIGHTS_JSON_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

#define JSON_MAX_DEPTH 32

/* What a text may hold.  Checked by a scan of its bytes before jansson sees it, so that a hostile file costs
 * neither stack nor much more memory than its own size. */
typedef struct json_limits {
    size_t offset;     /* where in the file the text begins: added to the byte offsets in messages    */
    size_t objects;    /* most objects; 0: as many as there are                                     */
    size_t arrays;     /* likewise                                                                  */
    size_t separators; /* most commas, which bound members and strings                              */
    bool   secret;     /* messages do not quote the text                                           */
    bool   reals;      /* integers are read as real numbers: one may be beyond 64 bits              */
} json_limits;

/* The end of a path, so that what is wrong with a file still fits in the message that names it. */
const char *path_tail(const char *path);
/* Reads a regular file of at most `limit` bytes whole (malloc'd, NUL behind it). code: the error to give for
 * a bad file. */
puma_status file_read(const char *path, size_t limit, char **bytes, size_t *size, unsigned code,
                      puma_error *e);
/* Bytes of error->text before jansson quotes the text that it refuses, which may be private. */
size_t      json_reason(const json_error_t *error);
puma_status json_read(const char *path, size_t limit, json_t **root, unsigned code, puma_error *e);
puma_status json_parse(const char *name, const char *bytes, size_t size, json_t **root, unsigned code,
                       puma_error *e);
puma_status json_read_limited(const char *path, size_t limit, const json_limits *limits, json_t **root,
                              unsigned code, puma_error *e);
puma_status json_parse_limited(const char *name, const char *bytes, size_t size, const json_limits *limits,
                               json_t **root, unsigned code, puma_error *e);

/* A value as it stands, for messages; cut. */
void json_show(char *to, size_t room, const json_t *value);

#endif
