/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* log.h - the log of a party that plays its role alone: one line on standard error for listening, for each
 * peer that joins, for each connection that is refused, and for the end.  run.c calls it. */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include "net/net.h"
#include "report/report.h"

typedef enum log_form { LOG_TEXT, LOG_JSON, LOG_QUIET /* warnings alone */, LOG_NONE } log_form;

/* One for each process; `role` is "party1", "dealer" or "client" and remains the caller's.  Any thread may
 * write. */
typedef struct party_log {
    log_form    form;
    const char *role;
    bool        client_came; /* written and read with the __atomic built-ins: see log_event */
} party_log;

/* A net_config.event whose context is the party_log.  It remembers that the client has joined. */
void log_event(void *context, const net_event *event);
/* The same for a client without a log, context unused: what a user must know is a warning on standard error. */
void log_warning(void *context, const net_event *event);
void log_done(const party_log *log, const report_party *own);
/* The party was stopped by a signal before there was anything to do. */
void log_stopped(const party_log *log);
/* Only for LOG_JSON: in text the error line says it. */
void log_failed(const party_log *log, const puma_error *why);

#endif
