/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plugin.h (host) - finding, checking and opening plugins. */
#ifndef PLUGIN_LOADER_H
#define PLUGIN_LOADER_H

#include "base/error.h"

#include <puma/approx.h>

/* The extensions of a protocol, copied like its table; a slot that it lacks is NULL. */
typedef struct plugin_extensions {
    puma_lookup_ext lookup;
    puma_blocks_ext blocks;
    puma_random_ext random;
    puma_clear_ext  clear;
    puma_verify_ext verify;
} plugin_extensions;

typedef struct plugin {
    const puma_plugin   *entry;
    const puma_protocol *protocol;   /* entry->protocol copied into a table of this host's size, tail zeroed */
    plugin_extensions    extensions; /* of the protocol                                                      */
    char                *path;       /* realpath                                                             */
    char                 sha256[65];
} plugin;

/* Directories, in order: `extra` (may be NULL), the one that belongs to the running program (see
 * plugin_data_directory) and, for a program in its build tree, the configured one.  NAME has no `/`. `pin`: wanted SHA-256 in hex or NULL; checked before dlopen.  A plugin is
 * opened once and never closed; the same pointer comes back. */
puma_status        plugin_open(const plugin **p, const char *name, const char *extra, const char *pin,
                               puma_error *e);
/* A file named on the command line, by its realpath. */
puma_status        plugin_open_file(const plugin **p, const char *path, puma_error *e);
/* The approximation `variant` (NULL: the first) of `slot`; NULL when it brings none. */
const puma_approx *plugin_approx(const plugin *p, puma_slot slot, const char *variant);
/* Names (NAME.so files) found in the search path; *names is malloc'd, closed by NULL, free each and all. */
puma_status        plugin_list(char ***names, const char *extra, puma_error *e);
/* Where things lie, "plugins" or "models": the build tree's folder when the program runs in place (build/puma),
 * else the one beside it as installed (PREFIX/bin/puma: PREFIX/lib/puma, PREFIX/share/puma/models), or the
 * configured one where there is none.  Static storage. */
const char        *plugin_data_directory(const char *what);

#endif
