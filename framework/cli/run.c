/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* run.c - `puma run`: the main job. */
#include "cli/cli.h"
#include "cli/log.h"
#include "cli/page.h"

#include "plan/network.h"
#include "plan/plan.h"
#include "report/output.h"
#include "report/progress.h"
#include "ring/ring.h"
#include "run/answer.h"
#include "run/local.h"
#include "run/material.h"
#include "run/node.h"
#include "run/signals.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cli_option OPTIONS[] = {
    { "--set", "SECTION.KEY=VALUE",
      "set or replace one key of the run file (paths are relative to the current directory)", true },
    { "--party", "0|1|...|client|dealer", "play this role only; the others run elsewhere", false },
    { "--report", "FILE.json", "write the report there", false },
    { "--html", "FILE.html", "write a page about the run there, with its inputs: one file that needs no other",
      false },
    { "--json", NULL, "print the report instead of the answer and the table", false },
    { "--quiet", NULL, "with --party: no log, only warnings and a failure", false },
    { "--log-json", NULL, "with --party: the log as one JSON object a line", false },
    { "--listen-fd", "N", "with --party: an inherited listening socket (used by local runs)", false },
    { NULL, NULL, NULL, false },
};

static const cli_command COMMAND = {
    .name = "run",
    .synopsis =
        "RUN.ini [--set SECTION.KEY=VALUE]... [--party 0|1|...|client|dealer] [--report FILE.json] [--html "
        "FILE.html] [--json] [--quiet | --log-json]",
    .about = "Runs the model that RUN.ini names on its input, under its protocol.\n"
             "\n"
             "Without --party: plays the client, starts every compute party as a process of its own on this "
             "host, and prints the\n"
             "answer, what it cost and, with [compare] reference = plain, how far it is from plaintext.\n"
             "With --party: plays that role only, at the addresses of [network]; the answer is printed at "
             "the client.  On standard\n"
             "error it then logs, with the time in UTC: listening, each peer that joined, each connection that was "
             "refused and why,\n"
             "done.  A signal (SIGTERM, SIGINT, SIGHUP) ends a party to which no client has come yet with 0.\n",
    .options = OPTIONS,
    .least = 1,
    .most = 1,
};

#define DEALER ((int)PUMA_NODES) /* whose number the protocol knows */

/* "0" … "7", "client", "dealer" to a node number or DEALER; -1 when it is none. */
static int role_of(const char *name)
{
    if (strcmp(name, "client") == 0) return PUMA_CLIENT;
    if (strcmp(name, "dealer") == 0) return DEALER;
    return strlen(name) == 1 && name[0] >= '0' && name[0] < '0' + (int)PUMA_MAX_PARTIES ? name[0] - '0' : -1;
}

/* What its log calls a role. */
static const char *title_of(int role)
{
    static const char *const titles[] = { "party0", "party1", "party2", "party3", "party4",
                                          "party5", "party6", "party7", "client", "dealer" };

    return titles[role];
}

/* Of a process that plays one role; for the thread that takes signals. */
static party_log own_log = { .form = LOG_QUIET };

static void party_stuck(void *context, const puma_error *why)
{
    (void)context;
    log_failed(&own_log, why);
    error_print(why);
    _exit((int)why->status);
}

/* A compute party that waits for its peers has lost nothing: being told to stop is no failure. */
static void party_stop(const puma_error *why)
{
    if (!__atomic_load_n(&own_log.client_came, __ATOMIC_ACQUIRE)) {
        log_stopped(&own_log);
        _exit(0);
    }
    log_failed(&own_log, why);
    local_stop(why);
}

/* What only a role of its own needs: addresses, a wire, a protocol that has that role. */
static puma_status check_role(const plan *p, int role, const char *name, puma_error *e)
{
    const runfile       *r = p->run;
    const puma_protocol *protocol = p->protocol->protocol;

    if ((protocol->caps & PUMA_CAP_LOCAL) != 0)
        return error_set(e, 317,
                         "%s: protocol %s is one party inside the client's process: it has no --party %s",
                         runfile_where(r, "run", "protocol"), p->protocol->entry->name, name);
    if (strcmp(name, "dealer") == 0 && (protocol->caps & PUMA_CAP_DEALER) == 0)
        return error_set(e, 317, "%s: protocol %s has no dealer", runfile_where(r, "run", "protocol"),
                         p->protocol->entry->name);
    if (role != (int)PUMA_CLIENT && (uint32_t)role >= protocol->parties)
        return error_set(e, 206, "--party %s: protocol %s has %u parties", name, p->protocol->entry->name,
                         protocol->parties);
    if (r->transport == RUN_MEMORY)
        return error_set(
            e, 317,
            "%s: [network] transport = memory joins the parties of one process: --party needs tcp or tls",
            runfile_where(r, "network", "transport"));
    for (uint32_t node = 0; node < protocol->parties; node++)
        if (network_address(r, protocol, node) == NULL)
            return error_set(e, 310, "%s: [network] %s is needed with --party", r->file.path,
                             network_key(protocol, node));
    if (r->transport == RUN_TLS && r->certificates == NULL)
        return error_set(e, 310, "%s: [network] certificates is needed with --party and transport = tls",
                         r->file.path);
    return PUMA_OK;
}

/* What whoever starts the run has to know: switches that are for tests only, more than the answer revealed, and
 * what the functions chosen warn of. */
static void warn_switches(const plan *p)
{
    const runfile *r = p->run;

    if (r->has_seed || r->allow_insecure || r->transport == RUN_TCP ||
        (p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0)
        fprintf(stderr, "puma: warning: not private:%s%s%s%s\n", r->has_seed ? " fixed seed;" : "",
                r->allow_insecure ? " allow_insecure;" : "",
                r->transport == RUN_TCP ? " links without TLS;" : "",
                (p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0 ? " plaintext backend;" : "");
    if (r->compare_layers)
        fprintf(stderr, "puma: warning: [compare] layers = yes: the client learns the hidden states too\n");
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (plan_caution(p, slot) != NULL)
            fprintf(stderr, "puma: warning: %s: %s\n", p->function_name[slot], plan_caution(p, slot));
}

/* The page of a comparison, with one row. */
static puma_status write_page(const plan *p, const char *file, const char *name, const char *text, puma_error *e)
{
    json_t *root = json_loads(text, 0, NULL);
    json_t *layers = json_object_get(json_object_get(root, "fidelity"), "layers");
    json_t *rows = json_pack("[{s:s, s:O}]", "run", "run", "report", root);
    json_t *growth = json_array(), *curves = json_array(), *inputs = json_object(), *keys = json_pack("[s]", "run");
    char   *html = NULL, *names[] = { (char *)(uintptr_t)name };

    json_array_append(growth, layers != NULL ? layers : json_null());
    if (page_curves(curves, p, e) == PUMA_OK) json_object_set_new(inputs, "run", page_inputs(p, e));
    if (e->status == PUMA_OK) {
        html = page_html(&(page){ .title = "puma run", .rows = rows, .names = names, .growth = growth,
                                  .curves = curves, .keys = keys, .inputs = inputs });
        if (html == NULL)
            error_set(e, 1001, "out of memory for a page");
        else
            file_write_atomic(file, html, strlen(html), e);
    }
    free(html);
    json_decref(root);
    json_decref(rows);
    json_decref(growth);
    json_decref(curves);
    json_decref(keys);
    json_decref(inputs);
    return e->status;
}

/* What the client asked for: the answer, and files. */
typedef struct wanted {
    const char *run, *report, *html;
    bool        json;
} wanted;

static puma_status show(const plan *p, const node_result *result, const node_result *reference,
                        const wanted *w, puma_error *e)
{
    char *text = NULL;

    if ((w->report != NULL || w->html != NULL || w->json) && answer_json(p, result, reference, &text, e) != PUMA_OK) return e->status;
    if (w->report != NULL) file_write_atomic(w->report, text, strlen(text), e);
    if (e->status == PUMA_OK && w->json) fputs(text, stdout);
    if (e->status == PUMA_OK && !w->json) answer_print(stdout, p, result, reference, e);
    if (e->status == PUMA_OK && w->html != NULL) write_page(p, w->html, w->run, text, e);
    free(text);
    return e->status;
}

/* A party's own report lists itself alone. */
static puma_status party_report(const plan *p, const node_result *result, const char *path, puma_error *e)
{
    char *text = NULL;

    if (path == NULL) return PUMA_OK;
    if (answer_json(p, result, NULL, &text, e) == PUMA_OK) file_write_atomic(path, text, strlen(text), e);
    free(text);
    return e->status;
}

/* New tokens on standard output as they come. */
typedef struct speaker {
    const plan *plan;
    progress   *bar;
    size_t      input; /* the one whose heading is out, plus one */
    bool        open;  /* a line has begun                       */
} speaker;

static void say(void *context, size_t input, const char *text, size_t size)
{
    speaker *to = context;

    /* Text and the line that shows progress would write over each other. */
    if (isatty(STDOUT_FILENO)) progress_mute(to->bar);
    if (to->input != input + 1 && to->plan->input.count > 1)
        printf("input %zu (%zu tokens)\n", input, to->plan->input.sequences[input].count);
    to->input = input + 1;
    if (text == NULL)
        putchar('\n');
    else
        fwrite(text, 1, size, stdout);
    to->open = text != NULL;
    fflush(stdout);
}

static puma_status run_alone(const plan *p, int role, const char *name, int listen_fd, speaker *to,
                             node_result *result, puma_error *e)
{
    node_config c = { .plan = p,
                      .self = (uint32_t)role,
                      .listen_fd = listen_fd,
                      .certificates = p->run->certificates,
                      .progress = to->bar,
                      .say = to->plan == NULL ? NULL : say,
                      .say_context = to,
                      .on_stuck = party_stuck,
                      .event = log_event,
                      .event_context = &own_log };
    long        cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (check_role(p, role, name, e) != PUMA_OK) return e->status;
    if (role != (int)PUMA_CLIENT) own_log.role = network_key(p->protocol->protocol, (uint32_t)role);
    ring_set_threads(p->run->threads > 0 ? p->run->threads : (int)(cores > 0 ? cores : 1));
    for (uint32_t node = 0; node < p->protocol->protocol->parties; node++)
        c.address[node] = network_address(p->run, p->protocol->protocol, node);
    if (node_run(&c, result, e) == PUMA_OK) log_done(&own_log, &result->parties[result->party_count - 1]);
    return e->status;
}

int cli_run(int argc, char **argv)
{
    cli_line    line;
    int         code = 0, role = -1;
    uint64_t    fd = 0;
    const char *path, *party, *out, *html, *inherited, **sets;
    size_t      set_count;
    plan       *p = NULL;
    speaker     to = { 0 };
    node_result result = { 0 }, reference = { 0 };
    puma_error  e = { 0 };
    bool        client;

    if (!cli_read(&line, &COMMAND, argc, argv, &code)) return code;
    path = line.arguments[0];
    party = cli_value(&line, "--party");
    out = cli_value(&line, "--report");
    html = cli_value(&line, "--html");
    inherited = cli_value(&line, "--listen-fd");
    sets = cli_values(&line, "--set", &set_count);
    if (party != NULL) role = role_of(party);
    if (party != NULL && role < 0)
        code = cli_misused(&COMMAND, 206, "--party: not a role (got %.40s, limit 0 to 7, client or dealer)",
                           party);
    else if (inherited != NULL && !ini_unsigned(inherited, 3, 65535, &fd))
        code = cli_misused(&COMMAND, 206, "--listen-fd: not a descriptor (got %.40s, limit 3 to 65535)",
                           inherited);
    else if (html != NULL && party != NULL && role != (int)PUMA_CLIENT)
        code = cli_misused(&COMMAND, 203, "--html is the client's, who has the answer");
    else if ((cli_has(&line, "--quiet") || cli_has(&line, "--log-json")) && party == NULL)
        code = cli_misused(&COMMAND, 203, "--quiet and --log-json go with --party: a local run has no log");
    else if (cli_has(&line, "--quiet") && cli_has(&line, "--log-json"))
        code = cli_misused(&COMMAND, 203, "--quiet and --log-json exclude each other");
    if (code != 0) {
        cli_free(&line);
        free(sets);
        return code;
    }
    client = party == NULL || role == (int)PUMA_CLIENT;
    if (party != NULL) {
        own_log.role = title_of(role);
        own_log.form = cli_has(&line, "--quiet") ? LOG_QUIET : cli_has(&line, "--log-json") ? LOG_JSON : LOG_TEXT;
    }
    if (sets == NULL)
        error_set(&e, 1001, "out of memory for the command line");
    else if (signals_watch(client ? local_stop : party_stop, &e) == PUMA_OK && ring_check(&e) == PUMA_OK &&
             (out == NULL || output_check(out, (const char *const[]){ path, NULL }, &e) == PUMA_OK) &&
             (html == NULL || output_check(html, (const char *const[]){ path, out, NULL }, &e) == PUMA_OK))
        plan_open(&p, path, sets, set_count, client ? PLAN_CLIENT : PLAN_PARTY, &e);
    if (e.status == PUMA_OK && role == DEALER && (p->protocol->protocol->caps & PUMA_CAP_DEALER) != 0)
        role = (int)p->protocol->protocol->dealer;
    /* Here at the client of a local run, which starts the dealer, and at the dealer. */
    if (e.status == PUMA_OK && (party == NULL || role == (int)p->protocol->protocol->dealer))
        material_check(p, &e);
    if (e.status == PUMA_OK && client) {
        if (model_unused(p->source) != NULL)
            fprintf(stderr, "puma: note: tensors not used: %s\n", model_unused(p->source));
        warn_switches(p);
        to.bar = progress_start();
        if (!cli_has(&line, "--json")) to.plan = p;
    }
    if (e.status == PUMA_OK) {
        if (party == NULL)
            local_run(&(local_config){ .plan = p,
                                       .path = path,
                                       .sets = sets,
                                       .set_count = set_count,
                                       .progress = to.bar,
                                       .say = to.plan == NULL ? NULL : say,
                                       .say_context = &to },
                      &result, &e);
        else
            run_alone(p, role, party, inherited == NULL ? -1 : (int)fd, &to, &result, &e);
    }
    if (e.status == PUMA_OK && client && p->run->reference_plain) node_reference(p, &result, &reference, &e);
    progress_end(to.bar);
    if (to.open) putchar('\n'); /* the run failed behind some tokens */
    if (e.status == PUMA_OK) {
        if (client)
            show(p, &result, p->run->reference_plain ? &reference : NULL,
                 &(wanted){ .run = path, .report = out, .html = html, .json = cli_has(&line, "--json") }, &e);
        else
            party_report(p, &result, out, &e);
    }
    node_result_free(&result);
    node_result_free(&reference);
    plan_close(p);
    free(sets);
    cli_free(&line);
    if (e.status == PUMA_OK) return 0;
    log_failed(&own_log, &e);
    return cli_fail(&e);
}
