/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* place.c - see place.h; and how a failure gets into a session.
 *
 * Owns host_session.at and host_session.error.  Every failure of this folder and of the backend ends here:
 * the first is kept with the place where it happened, and the session does nothing more. */
#include "host/internal.h"

#include <stdarg.h>
#include <stdio.h>

/* --- where ------------------------------------------------------------------------------------ */

void place_text(const place *p, char text[PLACE_TEXT])
{
    if (p->layer >= 0)
        snprintf(text, PLACE_TEXT, "%s %d %s", p->part, p->layer, p->op);
    else
        snprintf(text, PLACE_TEXT, "%s%s%s", p->part, p->part[0] != '\0' ? " " : "", p->op);
}

void place_title(const place *p, char title[PLACE_TEXT])
{
    if (p->layer >= 0)
        snprintf(title, PLACE_TEXT, "%s %d", p->part, p->layer);
    else
        snprintf(title, PLACE_TEXT, "%s", p->part[0] != '\0' ? p->part : p->op);
}

void host_at(puma_session *s, const char *part, int layer, const char *op)
{
    host_session         *h = host_of(s);
    const session_config *c = &h->config;

    if (s->status != PUMA_OK) return;
    h->at = (place){ .layer = layer };
    snprintf(h->at.part, sizeof h->at.part, "%s", part);
    snprintf(h->at.op, sizeof h->at.op, "%s", op);
    if (c->labelled) c->labelled(c->label_context, &h->at);
}

const char *host_where(const puma_session *s)
{
    host_session *h = host_of(s);

    place_text(&h->at, h->where);
    return h->where;
}

/* --- failures --------------------------------------------------------------------------------- */

/* The error number to print for a plugin's failure; the plugin gives only its class. */
static unsigned code_of(puma_status status)
{
    switch (status) {
    case PUMA_ECONFIG: return 313;
    case PUMA_ERESOURCE: return 1001;
    case PUMA_ENUMERIC: return 1101;
    case PUMA_EPLUGIN: return 690;
    case PUMA_ECHEAT: return 1201;
    default: return 7001;
    }
}

puma_status host_stick(puma_session *s)
{
    host_session *h = host_of(s);

    if (!place_is_none(&h->at)) error_prefix(&h->error, "%s", host_where(s));
    s->status = h->error.status;
    return s->status;
}

puma_status host_fail(puma_session *s, puma_status status, const char *format, ...)
{
    host_session *h = host_of(s);
    char          text[2 * ERROR_TEXT];
    va_list       list;

    if (s->status != PUMA_OK) return s->status;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    error_set(&h->error, code_of(status), "%s", text);
    return host_stick(s);
}

void *host_no_memory(puma_session *s, size_t bytes)
{
    host_fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", bytes);
    return NULL;
}

const puma_error *session_error(const puma_session *s) { return &host_of(s)->error; }
