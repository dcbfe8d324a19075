/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ini.h - an INI file read strictly: every fault has a file and a line, nothing is ignored or cut.
 *
 * inih does the parsing; the reader in front of it counts lines, strips indents, checks lengths and hands it
 * `key = @LINE`, which cures the five faults that inih as Debian builds it has for this use: no line numbers,
 * cut lines, continuation lines, cut section names, and `;` inside a value taken for a comment.  Values keep
 * `;` and `#`; comments stand on their own lines.  Names are case-sensitive.  A section may come back as long
 * as no key does.
 *
 * Run files (plan/), architectures (model/), chat templates (input/) and --set come through here.  It owns all texts
 * of an ini; which keys there may be is its readers' business. */
#ifndef INI_FILE_H
#define INI_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INI_MAX_FILE ((size_t)1 << 20) /* bytes of a file                                       */
#define INI_MAX_LINE_BYTES 65536u      /* bytes of a line without its end; prompts are lines    */
#define INI_MAX_NAME_BYTES 49u         /* bytes of a section's or a key's name: inih's own room */

typedef struct ini_entry {
    char *section, *key, *value;
    int   line;
} ini_entry; /* line 0: from --set */
typedef struct ini_section {
    char *name;
    int   line;
} ini_section; /* a heading, as often as it occurs */
typedef struct ini {
    char        *path;
    ini_entry   *entries;
    size_t       count;
    ini_section *sections; /* for the empty ones, which have no entry */
    size_t       section_count;
} ini;

/* At most 1 MiB; BOM and CRLF accepted; NUL, bad UTF-8, over-long lines, duplicate keys (both lines named),
 * key outside a section refused.  PUMA_ECONFIG.  *file need not be initialised and is empty after a failure.
 */
puma_status      ini_read(ini *file, const char *path, puma_error *e);
puma_status      ini_parse_text(ini *file, const char *name, const char *bytes, size_t size, puma_error *e);
void             ini_free(ini *file);
const ini_entry *ini_find(const ini *file, const char *section, const char *key);
/* Sets or replaces one value: `section.key=value` of --set.  The key is what follows the last dot before `=`,
 * so that `plugin.puma.fxp_exp_iters=5` sets a key of [plugin.puma].  PUMA_EUSAGE when it is not of that
 * form.  The value may hold line ends; whether the key's may, its reader says. */
puma_status      ini_set(ini *file, const char *assignment, puma_error *e);
/* The name among `names` (closed by NULL) that `wrong` most likely meant; NULL if none is near. */
const char      *ini_nearest(const char *wrong, const char *const *names);

/* Values, all of the text or nothing, in any locale.  ini_unsigned: decimal digits alone, min <= value <=
 * max. */
bool ini_unsigned(const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* A finite decimal number: -1, 0.5, .5, 1e-12.  Underflow gives the nearest number there is. */
bool ini_real(const char *text, double *value);
bool ini_yes_no(const char *text, bool *value);

#endif
