/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page_data.h - the data of a page that report/page cannot know: from the plan the functions it chose, from
 * the client its inputs.  run.c and compare.c call it. */
#ifndef CLI_PAGE_DATA_H
#define CLI_PAGE_DATA_H

#include "input/client.h"

#include <jansson.h>

/* page_curves appends {"function", "variant", "x", "error"} for each function that the plan's model uses and
 * that `curves` does not have yet: its distance from the exact function, computed in floating point on plain,
 * so that only the approximation shows.
 *
 * page_inputs: {"text"} or {"image"}, a data: URL, for each of the first PAGE_INPUTS inputs. */
enum { PAGE_INPUTS = 40 };
puma_status page_curves(json_t *curves, const plan *p, puma_error *e);
json_t     *page_inputs(const client_plan *c, puma_error *e);

#endif
