/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* extensions.c - what the backend of a session brings beyond the core, and how a test takes that away.
 * fallback.c asks here whether an operation has the backend's own form, before it builds the operation from
 * the core. */
#include "host/internal.h"

const plugin_extensions *session_extensions(const puma_session *s) { return host_of(s)->extensions; }

void session_without_extensions(puma_session *s, bool without)
{
    static const plugin_extensions none = { 0 };

    host_of(s)->extensions = without ? &none : &host_of(s)->config.protocol->extensions;
}
