/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* parts.h - the sections of a page, a file each: every one adds itself, heading included, if the page has something
 * for it.  Texts of run files, inputs and reports go through html_escaped. */
#ifndef REPORT_PAGE_PARTS_H
#define REPORT_PAGE_PARTS_H

#include "report/page/html.h"
#include "report/page/page.h"

void part_costs(text_buffer *to, const page *p);
void part_errors(text_buffer *to, const page *p);
void part_answers(text_buffer *to, const page *p);

/* --- parts.c: what they share --- */
double      part_number(const json_t *object, const char *key); /* not a number where there is none */
const char *part_text(const json_t *object, const char *key);   /* "" where there is none           */
void        part_numbers(double *to, const json_t *list, size_t count);
/* Names the rows that a diagram has not, each reason with its rows; `why` of one is NULL where it is there. */
void        part_omissions(text_buffer *to, const page *p, const char *const *why);

#endif
