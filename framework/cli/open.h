/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* open.h - opens a client's plan for a subcommand: client_open, and its notes printed on standard error. */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include "input/client.h"

puma_status cli_open(client_plan **c, const char *path, const char *const *sets, size_t set_count, client_scope scope,
                     puma_error *e);

#endif
