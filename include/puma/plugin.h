/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/plugin.h - the one symbol that a plugin exports, and how versions are checked.
 *
 * The entry is data, not a function: the host reads the version before it calls any code of the plugin.  All
 * of it is const; state is in the session that `open` makes. */
#ifndef PUMA_PLUGIN_H
#define PUMA_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define PUMA_ABI_MAJOR 2u              /* the layout broke         */
#define PUMA_ABI_MINOR 0u              /* fields were appended     */
#define PUMA_ABI_VERSION (PUMA_ABI_MAJOR << 16 | PUMA_ABI_MINOR)

#ifdef __cplusplus
extern "C" {
#endif

typedef struct puma_protocol puma_protocol;
typedef struct puma_approx   puma_approx;

typedef struct puma_plugin {
    uint32_t                  abi_version;   /* PUMA_ABI_VERSION this plugin was compiled with   */
    uint32_t                  struct_size;   /* sizeof(puma_plugin) as this plugin saw it        */
    const char               *name;          /* what the INI file writes: "rep3"                 */
    const char               *version;
    const char               *summary;       /* one line for `puma plugins`                      */
    const puma_protocol      *protocol;      /* NULL for a plugin of approximations               */
    const puma_approx *const *approx;        /* closed by NULL; NULL for a protocol alone         */
} puma_plugin;

#if defined(__GNUC__)
#define PUMA_EXPORT __attribute__((visibility("default")))
#else
#define PUMA_EXPORT
#endif

PUMA_EXPORT extern const puma_plugin puma_plugin_entry;

#ifdef __cplusplus
}
#endif

/* Did the maker of `table` know `field`, and is it filled in? */
#define PUMA_HAS(table, field)                                                                 \
    ((table)->struct_size >= offsetof(__typeof__(*(table)), field) + sizeof((table)->field)    \
     && (table)->field != NULL)

#endif
