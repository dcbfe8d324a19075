/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plan.c - `puma plan`: all the checks of a run and what it will cost, without a socket; with --measure the
 * ranges that a model's numbers stay in.
 *
 * The prediction is a rehearsal (local_rehearse), whose report is printed like a run's. */
#include "cli/deliver.h"
#include "cli/made.h"
#include "cli/measure.h"
#include "cli/open.h"

#include "base/json_text.h"
#include "plan/show.h"
#include "report/output.h"
#include "ring/ring.h"
#include "run/answer.h"
#include "run/local.h"
#include "run/material.h"
#include "run/predict.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const cli_option OPTIONS[] = {
    { "--set", "SECTION.KEY=VALUE", "set or replace one key of the run file", true },
    MADE_OPTIONS,
    { "--link", "RATE,ROUND-TRIP",
      "predict seconds on such a link: 400mbit,40ms, lan (5gbit,1ms) or wan (400mbit,40ms)", false },
    { "--measure", "FILE",
      "run the input in floating point and write the ranges it meets, for [numeric] ranges", false },
    { "--json", NULL, "print the plan and the costs as JSON, under the report's keys", false },
    { NULL, NULL, NULL, false },
};

static const cli_command COMMAND = {
    .name = "plan",
    .synopsis = "RUN.ini [--set SECTION.KEY=VALUE]... [--link RATE,ROUND-TRIP | --measure FILE] [--json] | "
                "--model PATH [--seq N] [--new-tokens N] [--layers N] [--protocol NAME] [--set ...] [--link ...] "
                "[--json]",
    .about =
        "Checks everything that `puma run` would check before it opens a socket, with the same errors "
        "and exit codes,\n"
        "prints what was chosen (model, protocol, functions, rings, input lengths), and what the run "
        "will cost: every party\n"
        "plays its part inside this process with the executor, the functions and the backend of the run, "
        "on tensors without\n"
        "words.  Bytes, messages and rounds are exact; a party's memory is within 10 %.  Weights are not "
        "needed: with --model\n"
        "the shape of a model is enough, as for `puma bench --model`, whose run is planned.\n"
        "With --link (or [network] link, or an emulated link) it also predicts seconds, of set-up and of the run, "
        "from rounds,\n"
        "bytes and the speed of this machine's kernels, which it measures.\n"
        "With --measure FILE: runs the input in floating point with exact functions, so that no range is in "
        "the way, and writes\n"
        "the integer bits that each kind of tensor needs, with one bit of margin; [numeric] ranges = FILE uses "
        "them in place\n"
        "of the family's.  Measure on many texts: what none of them met is not in it.\n",
    .options = OPTIONS,
    .least = 0,
    .most = 1,
};

/* --- seconds ------------------------------------------------------------------------------------ */

static json_t *prediction_json(const prediction *x)
{
    return json_pack("{s:f, s:{s:f, s:f, s:f, s:f, s:f, s:f, s:s}, s:f}", "seconds", x->seconds, "prediction",
                     "bandwidth_mbps", 1e-6 * x->link.bits_per_s, "round_trip_ms", 1e3 * x->link.round_trip_s,
                     "rounds_s", x->rounds_s, "bytes_s", x->bytes_s, "compute_s", x->compute_s, "dealer_s",
                     x->dealer_s, "parties", x->shared ? "here" : "apart", "setup_seconds", x->setup_s);
}

static void print_prediction(FILE *out, const prediction *x)
{
    fprintf(out, "\n  predicted at %.4g Mbit/s and a round trip of %.4g ms, ", 1e-6 * x->link.bits_per_s,
            1e3 * x->link.round_trip_s);
    if (x->shared)
        fprintf(out, "all parties on this machine (%zu core%s):\n", x->cores, x->cores == 1 ? "" : "s");
    else
        fprintf(out, "each party on a machine like this one:\n");
    fprintf(out, "  seconds %.3f (rounds %.3f, bytes %.3f, compute %.3f)", x->seconds, x->rounds_s, x->bytes_s, x->compute_s);
    if (x->dealer_s >= x->seconds)
        fprintf(out, ": as long as the dealer's part takes\n");
    else
        fprintf(out, "; beside them the dealer's %.3f\n", x->dealer_s);
    fprintf(out, "  set-up  %.3f (the longer of bytes %.3f and compute %.3f)\n", x->setup_s, x->setup_bytes_s,
            x->setup_compute_s);
}

/* The plan, and the costs under a report's keys. */
static puma_status print_json(FILE *out, const client_plan *c, const show_inputs *in, const node_result *result,
                              const prediction *seconds, puma_error *e)
{
    char   *choices = show_json(c->plan, in), *priced = NULL;
    json_t *root = NULL, *costs = NULL;
    bool    no_memory;

    if (choices != NULL && answer_json(c, result, NULL, &priced, e) == PUMA_OK) {
        root = json_text(choices, strlen(choices), 0, NULL, &no_memory);
        costs = json_text(priced, strlen(priced), 0, NULL, &no_memory);
        if (root != NULL && costs != NULL && json_object_update_missing(root, costs) == 0 &&
            (seconds == NULL || json_object_update_new(root, prediction_json(seconds)) == 0) &&
            json_dumpf(root, out, JSON_INDENT(1)) == 0)
            fputc('\n', out);
        else
            error_set(e, 1001, "out of memory for the plan");
    } else {
        error_set(e, 1001, "out of memory for the plan");
    }
    json_decref(root);
    json_decref(costs);
    free(choices);
    free(priced);
    return e->status;
}

/* The choices and the costs, for people. */
static puma_status print_text(FILE *out, const client_plan *c, const show_inputs *in, const node_result *result, puma_error *e)
{
    char *choices = show_text(c->plan, in);

    if (choices == NULL) return error_set(e, 1001, "out of memory for the plan");
    fprintf(out, "%s\n", choices);
    free(choices);
    return answer_cost(out, c, result, e);
}

static puma_status print_plan(FILE *out, const client_plan *c, const node_result *result, const prediction *seconds, bool json,
                              puma_error *e)
{
    size_t     *tokens;
    show_inputs in = { .chat = c->input.chat, .unused = model_unused(c->source) };

    if (client_lengths(c, &tokens, &in.count, e) != PUMA_OK) return e->status;
    in.tokens = tokens;
    if (json)
        print_json(out, c, &in, result, seconds, e);
    else if (print_text(out, c, &in, result, e) == PUMA_OK && seconds != NULL)
        print_prediction(out, seconds);
    free(tokens);
    return e->status;
}

/* `given`: the link of --link; NULL: the run file's. */
static puma_status show(const char *path, const char *const *sets, size_t set_count, const link_speed *given,
                        bool json, puma_error *e)
{
    client_plan *c = NULL;
    node_result  result = { 0 };
    prediction   seconds;
    bool         timed = false, local = false;
    delivery     d = { 0 };

    if (cli_open(&c, path, sets, set_count, CLIENT_ALL, e) == PUMA_OK && material_check(c->plan, c, e) == PUMA_OK &&
        local_rehearse(c, &result, e) == PUMA_OK) {
        link_speed link = given != NULL && given->bits_per_s > 0 ? *given : predict_link(c->plan->run);

        local = (c->plan->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0;
        timed = link.bits_per_s > 0 && !local;
        if (timed) predict(&seconds, c, &result, link, e);
    }
    if (e->status == PUMA_OK && delivery_open(&d, e) == PUMA_OK)
        print_plan(d.out, c, &result, timed ? &seconds : NULL, json, e);
    if (e->status == PUMA_OK && !json && given != NULL && local)
        fprintf(d.out, "\n  no seconds: %s is one process, and has no link\n", c->plan->protocol->entry->name);
    deliver(&d, NULL, NULL, e);
    delivery_close(&d);
    node_result_free(&result);
    client_close(c);
    return e->status;
}

int cli_plan(int argc, char **argv)
{
    cli_line     line;
    int          code = 0;
    const char **sets, *out, *path, *link_text;
    size_t       set_count;
    link_speed   link;
    made_options o;
    made         m = { 0 };
    puma_error   e = { 0 };

    if (!cli_read(&line, &COMMAND, argc, argv, &code)) return code;
    sets = cli_values(&line, "--set", &set_count);
    out = cli_value(&line, "--measure");
    link_text = cli_value(&line, "--link");
    path = line.argument_count > 0 ? line.arguments[0] : NULL;
    if (!made_read(&o, &line, &COMMAND, &code)) {
        /* already reported */
    } else if ((path != NULL) == (o.shape != NULL)) {
        code = cli_misused(&COMMAND, 205, "a run file or --model: one of the two");
    } else if (link_text != NULL && !link_read(link_text, &link)) {
        code = cli_misused(&COMMAND, 206, "--link: not a link (got %.40s; lan, wan, auto or like 400mbit,40ms)",
                           link_text);
    } else if (link_text != NULL && out != NULL) {
        code = cli_misused(&COMMAND, 203, "--link and --measure exclude each other");
    } else if (out != NULL && path == NULL) {
        code = cli_misused(&COMMAND, 206, "--measure needs a run file, and its weights");
    } else if (sets == NULL) {
        error_set(&e, 1001, "out of memory for the command line");
    } else if (ring_check(&e) == PUMA_OK) {
        if (out != NULL && output_check(out, (const char *const[]){ path, NULL }, &e) == PUMA_OK)
            cli_measure(path, sets, set_count, out, &e);
        if (out == NULL && (path != NULL || made_new(&m, &o, "tls", &e) == PUMA_OK))
            show(path != NULL ? path : m.run, sets, set_count, link_text != NULL ? &link : NULL,
                 cli_has(&line, "--json"), &e);
        made_remove(&m);
    }
    free(sets);
    cli_free(&line);
    return code != 0 ? code : e.status == PUMA_OK ? 0 : cli_fail(&e);
}
