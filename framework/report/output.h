/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* output.h - result files are refused before the work begins if they cannot be written. cli/ calls it. */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "base/error.h"

/* Can `path` be made or replaced?  Its directory must exist and be writable, and `path` must be absent or a
 * regular file and none of `inputs` (closed by NULL; may be NULL).  PUMA_ECONFIG. */
puma_status output_check(const char *path, const char *const *inputs, puma_error *e);
/* Are they two files?  Each may be NULL. */
puma_status output_check_two(const char *one, const char *other, puma_error *e);

#endif
