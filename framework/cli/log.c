/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* log.c - see log.h */
#include "cli/log.h"

#include "base/json_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The time now, UTC. */
static void stamp(char text[32])
{
    time_t    now = time(NULL);
    struct tm utc;

    if (gmtime_r(&now, &utc) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) text[0] = '\0';
}

/* Writes by one call, so that lines of several threads or processes do not mix.  There is nobody to tell if
 * the log is full. */
static void put(const char *line)
{
    size_t left = strlen(line);

    while (left > 0) {
        ssize_t wrote = write(STDERR_FILENO, line, left);

        if (wrote <= 0) return;
        line += wrote;
        left -= (size_t)wrote;
    }
}

/* Writes an event, with `more` (freed here) as keys of JSON or `words` as the rest of a line. */
static void say(const party_log *log, const char *event, json_t *more, const char *words)
{
    char    when[32], *line = NULL;
    json_t *all;

    stamp(when);
    if (log->form == LOG_TEXT) {
        if (words != NULL && asprintf(&line, "%s puma: %s: %s\n", when, log->role, words) < 0) line = NULL;
    } else if (log->form == LOG_JSON) {
        char *text;

        all = json_pack("{s:s, s:s, s:s}", "time", when, "role", log->role, "event", event);
        if (more != NULL) json_object_update(all, more);
        text = json_to_text(all, JSON_COMPACT | JSON_ENSURE_ASCII);
        if (text != NULL && asprintf(&line, "%s\n", text) < 0) line = NULL;
        free(text);
        json_decref(all);
    }
    if (line != NULL) put(line);
    free(line);
    json_decref(more);
}

static void expiring_text(char *text, size_t room, const net_event *event)
{
    bool several = strchr(event->role, ',') != NULL;

    snprintf(text, room, "the certificate%s of %s expire%s %s", several ? "s" : "", event->role,
             several ? ", the first on" : "s on", event->reason);
}

void log_event(void *context, const net_event *event)
{
    party_log *log = context;
    char       words[ERROR_TEXT + 160];

    switch (event->kind) {
    case NET_LISTENING:
        snprintf(words, sizeof words, "listening on %s", event->address);
        say(log, "listening", json_pack("{s:s}", "address", event->address), words);
        break;
    case NET_JOINED:
        if (event->peer == PUMA_CLIENT) __atomic_store_n(&log->client_came, true, __ATOMIC_RELEASE);
        snprintf(words, sizeof words, "%s joined from %s", event->role, event->address);
        say(log, "joined", json_pack("{s:s, s:s}", "peer", event->role, "address", event->address), words);
        break;
    case NET_REFUSED:
        snprintf(words, sizeof words, "refused %s: %s", event->address, event->reason);
        say(log, "refused", json_pack("{s:s, s:s}", "address", event->address, "reason", event->reason), words);
        break;
    case NET_EXPIRING:
        strcpy(words, "warning: ");
        expiring_text(words + strlen(words), sizeof words - strlen(words), event);
        say(log, "expiring", json_pack("{s:s, s:s}", "roles", event->role, "on", event->reason), words);
        if (log->form == LOG_QUIET) log_warning(NULL, event);
        break;
    }
}

void log_warning(void *context, const net_event *event)
{
    char text[ERROR_TEXT];

    (void)context;
    if (event->kind != NET_EXPIRING) return;
    expiring_text(text, sizeof text, event);
    fprintf(stderr, "puma: warning: %s\n", text);
}

void log_done(const party_log *log, const report_party *own)
{
    char words[160];

    snprintf(words, sizeof words, "done in %.3f s: sent %.1f MB, received %.1f MB", own->wall_s,
             1e-6 * (double)own->sent_bytes, 1e-6 * (double)own->received_bytes);
    say(log, "done",
        json_pack("{s:f, s:I, s:I}", "seconds", own->wall_s, "sent_bytes", (json_int_t)own->sent_bytes,
                  "received_bytes", (json_int_t)own->received_bytes),
        words);
}

void log_stopped(const party_log *log) { say(log, "stopped", NULL, "stopped by a signal; no client had come"); }

void log_failed(const party_log *log, const puma_error *why)
{
    char code[8];

    snprintf(code, sizeof code, "E%04u", why->code);
    say(log, "failed", json_pack("{s:s, s:s}", "code", code, "reason", why->text), NULL);
}
