/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* progress.h - one line on a terminal that shows where a run is; silent when stderr is not a terminal. run/
 * calls it through node_config.reached. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

typedef struct progress progress;

/* NULL when stderr is not a terminal or memory is short; every function accepts NULL and then does
 * nothing. */
progress *progress_start(void);
/* Redraws at most ten times a second.  `progress`: from progress_start; `where`: the layer; `bytes`: payload
 * sent so far. */
void      progress_show(void *progress, const char *where, uint64_t bytes);
/* Wipes the line for good, because from now on something else is written to the terminal. */
void      progress_mute(progress *p);
/* Wipes the line, so that nothing is left of it before the next output. */
void      progress_end(progress *p);

#endif
