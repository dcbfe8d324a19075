/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* clash.c - a plugin whose version is a symbol that another plugin exports too: compiled with another TEXT
 * for each */
#include <puma/approx.h>

PUMA_EXPORT extern const char clash_version[];
const char                    clash_version[] = TEXT;

static const puma_tensor *same(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    (void)s;
    (void)a;
    return x;
}

static const puma_approx approximation = {
    .struct_size = sizeof(puma_approx), .slot = PUMA_SLOT_GELU, .name = "same", .source = "none", .eval = same
};
static const puma_approx *const list[] = { &approximation, NULL };

const puma_plugin puma_plugin_entry = {
    PUMA_ABI_VERSION, sizeof(puma_plugin), NAME, clash_version, "a test", NULL, list
};
