/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* progress.h - one line on a terminal that says where a run is; silent when stderr is none.  run/ calls it by
 * node_config.reached. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

typedef struct progress progress;

/* NULL when stderr is no terminal (or memory is short); every function takes NULL and does nothing then. */
progress *progress_start(void);
/* Redraws at most ten times a second. `progress`: one of progress_start; `where`: the layer; `bytes`: payload so
 * far. */
void      progress_show(void *progress, const char *where, uint64_t bytes);
/* Wipes the line for good: something else is written to the terminal from now on. */
void      progress_mute(progress *p);
/* Wipes the line, so that what is printed next stands alone. */
void      progress_end(progress *p);

#endif
