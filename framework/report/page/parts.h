/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* parts.h - the sections of a page, one file each.  page.c calls each section, which adds itself, heading
 * included, if there is something to show.  Texts from run files, inputs and reports must go through
 * html_escaped. */
#ifndef REPORT_PAGE_PARTS_H
#define REPORT_PAGE_PARTS_H

#include "report/page/html.h"
#include "report/page/page.h"

void part_costs(text_buffer *to, const page *p);
void part_errors(text_buffer *to, const page *p);
void part_answers(text_buffer *to, const page *p);

/* --- parts.c: what they share --- */
double      part_number(const json_t *object, const char *key); /* NaN where there is none         */
const char *part_text(const json_t *object, const char *key);   /* "" where there is none           */
void        part_numbers(double *to, const json_t *list, size_t count);
/* Names the rows that a diagram leaves out, each reason with its rows.  why[i] is NULL for a row that is in
 * it. */
void        part_omissions(text_buffer *to, const page *p, const char *const *why);

#endif
