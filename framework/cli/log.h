/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* log.h - what a party that plays its role alone says while it runs: one line on standard error for listening,
 * each peer that joins, each connection that is refused, the end. */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include "net/net.h"
#include "report/report.h"

typedef enum log_form { LOG_TEXT, LOG_JSON, LOG_QUIET } log_form;

/* One a process; `role` is "party1", "dealer" or "client" and stays the caller's.  Any thread may write. */
typedef struct party_log {
    log_form    form;
    const char *role;
    bool        client_came; /* written and read with the __atomic built-ins: see log_event */
} party_log;

/* A net_config.event whose context is the party_log; notes when the client has joined. */
void log_event(void *context, const net_event *event);
void log_done(const party_log *log, const report_party *own);
/* Ended by a signal before there was anything to do. */
void log_stopped(const party_log *log);
/* Of LOG_JSON alone: in text the error line says it. */
void log_failed(const party_log *log, const puma_error *why);

#endif
