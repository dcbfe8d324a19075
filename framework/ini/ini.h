/* ini.h - an INI file read strictly: every fault has a file and a line, nothing is ignored or cut.
 *
 * inih does the parsing; the reader in front of it counts lines, strips indents, checks lengths and hands it `key = @LINE`, which cures the
 * five faults that style.md section 3 lists.  Values keep `;` and `#` inside; comments stand on their own lines. */
#ifndef INI_FILE_H
#define INI_FILE_H

#include "base/error.h"

#include <stddef.h>

typedef struct ini_entry { char *section, *key, *value; int line; } ini_entry;   /* line 0: from --set */
typedef struct ini { char *path; ini_entry *entries; size_t count; } ini;

/* At most 1 MiB; BOM and CRLF accepted; NUL, bad UTF-8, over-long lines, duplicate keys (both lines named), key outside a section refused. */
puma_status ini_read(ini *file, const char *path, puma_error *e);
puma_status ini_parse_text(ini *file, const char *name, const char *bytes, size_t size, puma_error *e);
void        ini_free(ini *file);
const ini_entry *ini_find(const ini *file, const char *section, const char *key);
/* Sets or replaces one value: `section.key=value` of --set. */
puma_status ini_set(ini *file, const char *assignment, puma_error *e);
/* The name among `names` (closed by NULL) that `wrong` most likely meant; NULL if none is near. */
const char *ini_nearest(const char *wrong, const char *const *names);

#endif
