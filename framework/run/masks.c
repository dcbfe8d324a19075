/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* masks.c - see masks.h.  The parties reveal the logits of every token, because the place of the mask is part
 * of the prompt. */
#include "run/masks.h"

#include <math.h>
#include <stdlib.h>

/* The most probable of `columns` words, sorted by insertion. */
static void choose(report_mask *m, const double *logits, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        size_t k = m->count;

        if (k == REPORT_CANDIDATES && !(logits[i] > m->candidates[k - 1].logit)) continue;
        if (k < REPORT_CANDIDATES)
            m->count++;
        else
            k--;
        for (; k > 0 && m->candidates[k - 1].logit < logits[i]; k--) m->candidates[k] = m->candidates[k - 1];
        m->candidates[k] = (report_candidate){ .token = (uint32_t)i, .logit = logits[i] };
    }
    for (size_t k = 0; k < m->count; k++)
        m->candidates[k].probability =
            report_probability(REPORT_ONE_LABEL, logits, columns, m->candidates[k].token);
}

/* The words' texts; an id that the tokenizer does not know has none. */
static puma_status read_texts(report_mask *m, const tokenizer *t, puma_error *e)
{
    for (size_t k = 0; k < m->count && e->status == PUMA_OK; k++) {
        report_candidate *c = &m->candidates[k];
        size_t            size;

        if (t == NULL || c->token >= token_vocabulary(t) || token_text(t, c->token) == NULL) continue;
        token_decode(t, &c->token, 1, false, &c->text, &size, e);
    }
    return e->status;
}

puma_status masks_open(report_mask **masks, size_t *count, const client_input *in, size_t input, const double *values,
                       size_t columns, puma_error *e)
{
    const token_list *list = &in->sequences[input];

    *count = 0;
    *masks = calloc(list->count, sizeof **masks);
    if (*masks == NULL) return error_set(e, 1001, "out of memory for the report");
    for (size_t i = 0; i < list->count && e->status == PUMA_OK; i++) {
        report_mask *m = &(*masks)[*count];

        if (list->ids[i] != in->mask) continue;
        m->position = i;
        choose(m, values + i * columns, columns);
        ++*count;
        read_texts(m, in->tokenizer, e);
    }
    return e->status;
}

void masks_close(report_mask *masks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < masks[i].count; k++) free(masks[i].candidates[k].text);
    free(masks);
}

void masks_print_text(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        bool high = *c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;

        if (high) c++;
        if (high || *c < ' ' || *c == 0x7f)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
}

void masks_print(FILE *out, const report_mask *masks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "token %-4zu", masks[i].position);
        for (size_t k = 0; k < masks[i].count; k++) {
            const report_candidate *c = &masks[i].candidates[k];

            fputs(k > 0 ? ", " : " ", out);
            if (c->text != NULL)
                masks_print_text(out, c->text);
            else
                fprintf(out, "%u", c->token);
            fprintf(out, " %.4f", c->probability);
        }
        fputc('\n', out);
    }
}
