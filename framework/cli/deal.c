/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* deal.c - `puma deal`: a dealer's messages for future runs, each used once.
 *
 * It plays the dealer's part of the run once for each record, without any peer; run/material.c writes the
 * file. */
#include "cli/cli.h"
#include "base/opened.h"
#include "cli/deliver.h"
#include "cli/open.h"
#include "cli/progress.h"

#include "ini/ini.h"
#include "report/output.h"
#include "ring/ring.h"
#include "run/material.h"
#include "run/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const cli_option OPTIONS[] = {
    { "--count", "K", "for how many runs, 1 to 65536 (required)", false },
    { "--out", "FILE", "where to (required); readable by its owner alone, for it holds seeds", false },
    { "--set", "SECTION.KEY=VALUE", "set or replace one key of the run file", true },
    { NULL, NULL, NULL, false },
};

static const cli_command COMMAND = {
    .name = "deal",
    .synopsis = "RUN.ini --count K --out FILE [--set SECTION.KEY=VALUE]...",
    .about = "Makes what the dealer sends in K runs of this run file, ahead of time and without anybody "
             "else.  The "
             "dealer's own\n"
             "run file then names FILE as [run] material.  Of the model config.json is read; of [input] the "
             "length "
             "counts, which\n"
             "the runs' inputs must have.  A record is marked as used, in FILE, before its first byte is "
             "sent: never "
             "use a copy.",
    .options = OPTIONS,
    .least = 1,
    .most = 1,
};

/* Refuses a run whose dealer would have to repeat its messages, or does not know enough to send them
 * ahead. */
static puma_status check_run(const plan *p, puma_error *e)
{
    const runfile *r = p->run;

    if ((p->protocol->protocol->caps & PUMA_CAP_DEALER) == 0)
        return error_set(e, 317, "%s: [run] protocol: %s has no dealer who could work ahead",
                         runfile_where(r, "run", "protocol"), r->protocol);
    if (r->has_seed)
        return error_set(e, 317, "%s: [run] seed: every record needs fresh randomness",
                         runfile_where(r, "run", "seed"));
    if (r->task == RUN_GENERATE && r->stop_at_eos)
        return error_set(e, 317,
                         "%s: [generate] stop_at_eos = yes: nobody knows ahead how many steps there will be",
                         runfile_where(r, "generate", "stop_at_eos"));
    return PUMA_OK;
}

static puma_status publish(void *context, puma_error *e) { return material_publish(context, e); }

static puma_status deal(const client_plan *own, const char *out, uint32_t count, puma_error *e)
{
    material_writer *w = NULL;
    progress        *bar = progress_start();
    uint64_t         bytes = 0;
    delivery         d = { 0 };

    material_create(&w, out, own, count, e);
    for (uint32_t i = 0; i < count && e->status == PUMA_OK; i++) {
        node_config c = { .plan = own->plan,
                          .client = own,
                          .self = own->plan->protocol->protocol->dealer,
                          .listen_fd = -1,
                          .deal = w,
                          .reached = progress_show,
                          .reached_context = bar };
        node_result result = { 0 };

        node_run(&c, &result, e);
        node_result_free(&result);
    }
    if (e->status == PUMA_OK) material_finish(w, &bytes, e);
    progress_end(bar);
    if (e->status == PUMA_OK && delivery_open(&d, e) == PUMA_OK) {
        fprintf(d.out, "%s: %" PRIu32 " records of %" PRIu64 " bytes, each for one run\n", out, count, bytes);
        deliver(&d, publish, w, e);
    }
    delivery_close(&d);
    material_discard(w);
    return e->status;
}

int cli_deal(int argc, char **argv)
{
    cli_line     line;
    int          code = 0;
    const char **sets, *out, *count_text;
    size_t       set_count;
    uint64_t     count = 0;
    client_plan *c = NULL;
    puma_error   e = { 0 };

    if (!cli_read(&line, &COMMAND, argc, argv, &code)) return code;
    sets = cli_values(&line, "--set", &set_count);
    out = cli_value(&line, "--out");
    count_text = cli_value(&line, "--count");
    if (out == NULL || count_text == NULL) {
        code = cli_misused(&COMMAND, 204, "%s is missing", out == NULL ? "--out" : "--count");
    } else if (!ini_unsigned(count_text, 1, MATERIAL_MOST, &count)) {
        code = cli_misused(&COMMAND, 206, "--count: not a number of runs (got %.40s, limit 1 to %d)",
                           count_text, MATERIAL_MOST);
    } else if (sets == NULL) {
        error_set(&e, 1001, "out of memory for the command line");
    } else if (ring_check(&e) == PUMA_OK &&
               output_check(out, (const char *const[]){ line.arguments[0], NULL }, &e) == PUMA_OK &&
               cli_open(&c, line.arguments[0], sets, set_count, CLIENT_LENGTHS, &e) == PUMA_OK &&
               opened_refuse(out, &e) == PUMA_OK && check_run(c->plan, &e) == PUMA_OK) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        int  threads = c->plan->run->threads;

        ring_set_threads(threads > 0 ? threads : (int)(cores > 0 ? cores : 1));
        deal(c, out, (uint32_t)count, &e);
    }
    client_close(c);
    free(sets);
    cli_free(&line);
    return code != 0 ? code : e.status == PUMA_OK ? 0 : cli_fail(&e);
}
