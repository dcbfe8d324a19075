/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* open.c - see open.h */
#include "cli/open.h"

#include <stdio.h>

puma_status cli_open(client_plan **c, const char *path, const char *const *sets, size_t set_count, client_scope scope,
                     puma_error *e)
{
    client_open(c, path, sets, set_count, scope, e);
    for (size_t i = 0; *c != NULL && i < (*c)->notes.count; i++) {
        const note *n = &(*c)->notes.list[i];

        fprintf(stderr, "puma: %s: %s\n", n->kind == WARNING ? "warning" : "note", n->text);
    }
    return e->status;
}
