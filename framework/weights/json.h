/* json.h - jansson with our limits: duplicates and trailing bytes refused, nesting bounded, size bounded, errors with
 * file, line and column. */
#ifndef WEIGHTS_JSON_H
#define WEIGHTS_JSON_H

#include "base/error.h"

#include <jansson.h>

/* Reads a regular file of at most `limit` bytes whole (malloc'd, NUL behind it). code: the error to give for a bad file. */
puma_status file_read(const char *path, size_t limit, char **bytes, size_t *size, unsigned code, puma_error *e);
puma_status json_read(const char *path, size_t limit, json_t **root, unsigned code, puma_error *e);
puma_status json_parse(const char *name, const char *bytes, size_t size, json_t **root, unsigned code, puma_error *e);

#endif
