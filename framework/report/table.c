/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* table.c - see report.h: the costs of a run as a table for people. */
#include "report/report.h"

#include "report/lists.h"

#include <string.h>

const char *report_amount(char text[24], uint64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double                   value = (double)bytes;
    size_t                   unit = 0;

    for (; value >= 999.95 && unit + 1 < sizeof units / sizeof *units; unit++) value /= 1000;
    snprintf(text, 24, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

/* Names may come from a peer: only printable ASCII reaches the terminal. */
static const char *printable(char *text, size_t room, const char *name)
{
    size_t n = 0;

    for (; name[n] && n + 1 < room; n++) text[n] = (char)(name[n] < ' ' || name[n] > '~' ? '?' : name[n]);
    text[n] = '\0';
    return text;
}

/* Ends a row whose last columns are times; a rehearsal has none. */
static void print_times(FILE *out, const report *r, int width, int digits, double seconds)
{
    if (!r->rehearsal) fprintf(out, "%*.*f", width, digits, seconds);
    fputc('\n', out);
}

static void print_row(FILE *out, const report *r, const char *name, uint64_t bytes, uint64_t rounds,
                      double seconds)
{
    char size[24];

    fprintf(out, "  %-28s%12s%7.1f %%%9ju", name, report_amount(size, bytes),
            r->total_bytes ? 100.0 * (double)bytes / (double)r->total_bytes : 0.0, (uintmax_t)rounds);
    print_times(out, r, 11, 3, seconds);
}

/* One line for each op, in the order of first use. */
static void print_ops(FILE *out, const report *r)
{
    char name[29];

    if (r->layer_count == 0) return;
    fprintf(out, "\n  %-28s%12s%9s%9s%11s\n", "operation", "bytes", "share", "rounds",
            r->rehearsal ? "" : "seconds");
    for (size_t i = 0; i < r->layer_count; i++) {
        uint64_t bytes = 0, rounds = 0;
        double   seconds = 0;
        bool     first = true;

        for (size_t j = 0; j < i && first; j++) first = strcmp(r->layers[i].op, r->layers[j].op) != 0;
        if (!first) continue;
        for (size_t j = i; j < r->layer_count; j++) {
            if (strcmp(r->layers[i].op, r->layers[j].op)) continue;
            bytes += r->layers[j].bytes;
            rounds += r->layers[j].rounds;
            seconds += r->layers[j].seconds;
        }
        print_row(out, r, printable(name, sizeof name, r->layers[i].op), bytes, rounds, seconds);
    }
}

/* Prompt and new tokens apart, to show what a token costs once the prompt is in the cache.  The prompt's step
 * yields the first token. */
static void print_phases(FILE *out, const report *r)
{
    report_phase sum[2] = { { .step = REPORT_PREFILL }, { .step = REPORT_DECODE } };
    char         size[24];

    if (r->phase_count == 0) return;
    for (size_t i = 0; i < r->phase_count; i++) {
        const report_phase *p = &r->phases[i];

        sum[p->step].tokens += p->tokens;
        sum[p->step].bytes += p->bytes;
        sum[p->step].rounds += p->rounds;
        sum[p->step].seconds += p->seconds;
    }
    fprintf(out, "  %-10s%8s%12s%14s%9s%11s%11s\n", "phase", "tokens", "bytes", "bytes/token", "rounds",
            r->rehearsal ? "" : "seconds", r->rehearsal ? "" : "tokens/s");
    for (int i = 0; i < 2; i++) {
        const report_phase *p = &sum[i];

        if (p->tokens == 0) continue;
        fprintf(out, "  %-10s%8ju%12s%14s%9ju", step_name((report_step)i), (uintmax_t)p->tokens, report_amount(size, p->bytes),
                report_amount((char[24]){ 0 }, p->bytes / p->tokens), (uintmax_t)p->rounds);
        if (!r->rehearsal) fprintf(out, "%11.3f", p->seconds);
        print_times(out, r, 11, 2, p->seconds > 0 ? (double)p->tokens / p->seconds : 0.0);
    }
    fprintf(out, "\n");
}

void report_table(FILE *out, const report *r)
{
    char a[24], b[24], c[24], d[24];

    if (r->total_bytes > 0 || r->party_count > 1) {
        fprintf(out, "  %-10s%12s%12s%12s%10s%11s%9s\n", "party", "sent", "offline", "received", "messages",
                r->rehearsal ? "memory" : "peak RSS", r->rehearsal ? "" : "cpu s");
        for (size_t i = 0; i < r->party_count; i++) {
            const report_party *p = &r->parties[i];
            char                name[16];

            if (p->node == PUMA_CLIENT) continue;
            snprintf(name, sizeof name, p->dealer ? "dealer" : "party%u", p->node);
            fprintf(out, "  %-10s%12s%12s%12s%10ju%11s", name, report_amount(a, p->sent_bytes),
                    report_amount(b, p->sent_bytes_offline), report_amount(c, p->received_bytes), (uintmax_t)p->messages,
                    report_amount(d, p->peak_rss_bytes));
            print_times(out, r, 9, 2, p->cpu_s);
        }
        print_ops(out, r);
        fprintf(out, "\n");
    }
    print_phases(out, r);
    fprintf(out, "  bytes   %s (offline %s, online %s), client %s, set-up %s\n", report_amount(a, r->total_bytes),
            report_amount(b, r->offline_bytes), report_amount(c, r->online_bytes), report_amount(d, r->client_bytes),
            report_amount((char[24]){ 0 }, r->setup_bytes));
    fprintf(out, "  rounds  %ju (online %ju)\n", (uintmax_t)r->rounds, (uintmax_t)r->online_rounds);
    if (r->rehearsal) return;
    fprintf(out, "  seconds %.3f (online %.3f), set-up %.3f\n", r->wall_s, r->online_s, r->setup_s);
    if (r->transcript_sha256[0]) fprintf(out, "  transcript %s\n", r->transcript_sha256);
}
