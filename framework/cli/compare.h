/* compare.h - what the forms of a comparison share: rows {"run", "variant", "report" or "error"} (compare.c)
 * as a table's cells, and as HTML (compare_html.c). */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct text_buffer {
    char  *text; /* ends with a 0 */
    size_t size, room;
    bool   failed; /* out of memory: what follows is left out */
} text_buffer;

extern const char compare_legend[];

/* Column k; NULL behind the last. */
const char *compare_title(size_t k);
/* Does any row have a number there? */
bool        compare_used(const json_t *rows, size_t k);
/* The cell's text; empty where the report has no such number. */
void        compare_cell(char *text, size_t size, const json_t *row, size_t k);

/* One file; names[i] is what row i is called.  malloc'd; NULL: out of memory. */
char *compare_html(const json_t *rows, char *const *names);

#endif
