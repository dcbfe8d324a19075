/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* agree.c - see agree.h */
#include "plan/agree.h"

#include "base/text_stream.h"

#include <stdio.h>
#include <stdlib.h>

static void write_choices(FILE *out, const plan *p)
{
    const rings *r = &p->exec.rings;

    fprintf(out, "plan.protocol=%s %s %s\n", p->protocol->entry->name, p->protocol->entry->version, p->protocol->sha256);
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (p->function[slot] != NULL)
            fprintf(out, "plan.%s=%s %s %s\n", RUNFILE_SLOTS[slot], p->function_name[slot],
                    p->function_plugin[slot]->entry->version, p->function_plugin[slot]->sha256);
    fprintf(out, "plan.rings=%u %u %u %u %u %u\n", r->frac, r->wide, r->table, r->attention, r->scores, r->activation);
}

char *agree_lines(const plan *p)
{
    char  *run = runfile_canonical(p->run), *sizes = model_canonical(p->model), *text = NULL;
    size_t size;
    FILE  *out = text_stream(&text, &size);
    bool   whole = run != NULL && sizes != NULL && out != NULL;

    if (whole) {
        fprintf(out, "%s%s", run, sizes);
        write_choices(out, p);
    }
    if (out != NULL && (ferror(out) | fclose(out)) != 0) whole = false;
    free(run);
    free(sizes);
    if (whole) return text;
    free(text);
    return NULL;
}
