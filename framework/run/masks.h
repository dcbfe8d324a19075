/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* masks.h - at the receiver: the words that could replace an input's masks.  answer.c calls it. */
#ifndef RUN_MASKS_H
#define RUN_MASKS_H

#include "input/input.h"
#include "report/report.h"

/* The masks of one input whose logits are `values` (tokens x columns); malloc'd. */
puma_status masks_open(report_mask **masks, size_t *count, const client_input *in, size_t input, const double *values,
                       size_t columns, puma_error *e);
void        masks_close(report_mask *masks, size_t count);
/* Prints them for people, a line each. */
void        masks_print(FILE *out, const report_mask *masks, size_t count);
/* Prints a text of the model's files without anything that could control a terminal: no control characters,
 * and none of U+0080 to U+009F. */
void        masks_print_text(FILE *out, const char *text);

#endif
