/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* run.c - `puma run`: the main command.
 *
 * Reads the command line, has run/ play the role that it names (by default the client, with the parties as
 * processes of this host), and prints: the answer, warnings, a party's log.  All computing is done in run/
 * and below. */
#include "cli/cli.h"
#include "cli/deliver.h"
#include "cli/log.h"
#include "cli/open.h"
#include "cli/page_data.h"
#include "cli/progress.h"

#include "base/json_text.h"
#include "base/opened.h"
#include "net/certificates.h"
#include "plan/network.h"
#include "plan/ranges.h"
#include "report/output.h"
#include "report/page/page.h"
#include "ring/ring.h"
#include "run/answer.h"
#include "run/local.h"
#include "run/material.h"
#include "run/node.h"
#include "run/signals.h"
#include "run/spawn.h"
#include "run/stop.h"

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
    { "--identity-fd", "N", "with --party: an inherited file with a key and certificates (used by local runs)", false },
    { "--sets-fd", "N", "an inherited file with more --set values, each closed by a NUL (used by local runs, compare)", false },
    { "--result-fd", "N", "an inherited file: a failure is written there too, as data (used by local runs, compare)", false },
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

#define DEALER ((int)PUMA_NODES) /* its number depends on the protocol */

/* Converts a party's number, "client" or "dealer" to a node number or DEALER; -1 for anything else. */
static int role_of(const char *name)
{
    if (strcmp(name, "client") == 0) return PUMA_CLIENT;
    if (strcmp(name, "dealer") == 0) return DEALER;
    return name[0] >= '0' && name[0] < (char)('0' + PUMA_MAX_PARTIES) && name[1] == '\0' ? name[0] - '0' : -1;
}

/* The log of a process that plays one role.  Global for the thread that takes signals. */
static party_log own_log = { .form = LOG_QUIET };

static void party_stuck(void *context, const puma_error *why)
{
    (void)context;
    log_failed(&own_log, why);
    stop_now(why);
}

/* A compute party that still waits for its peers has lost nothing: being stopped is no failure. */
static void party_stop(const puma_error *why)
{
    if (!__atomic_load_n(&own_log.client_came, __ATOMIC_ACQUIRE)) {
        log_stopped(&own_log);
        stop_silently();
    }
    log_failed(&own_log, why);
    stop_now(why);
}

/* Checks what only a separate role needs: addresses, a wire, a protocol that has the role.  `certified`: it was given its
 * certificates. */
static puma_status check_role(const plan *p, int role, const char *name, bool certified, puma_error *e)
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
    if (r->transport == RUN_TLS && r->certificates == NULL && !certified)
        return error_set(e, 310, "%s: [network] certificates is needed with --party and transport = tls",
                         r->file.path);
    return PUMA_OK;
}

/* What nobody has proved and the guard does not see: promised by the family's file, or measured on some inputs. */
static void warn_of_ranges(const plan *p)
{
    char text[RANGES_TEXT];

    if (p->run->source == RUN_SYNTHETIC || plan_ulp(p) == 0) return;
    ranges_uncertain(p, text);
    if (text[0] != '\0')
        fprintf(stderr, "puma: %s: neither proved nor guarded, only %s: %s bits\n", p->run->ranges == NULL ? "warning" : "note",
                p->run->ranges == NULL ? "promised by the family's ranges" : "measured", text);
}

/* Warns before the run: tensors that are not used, switches that are only for tests, values revealed besides
 * the answer, and the cautions of the chosen functions. */
static void warn(const client_plan *c)
{
    const plan    *p = c->plan;
    const runfile *r = p->run;

    if (model_unused(c->source) != NULL)
        fprintf(stderr, "puma: note: tensors not used: %s\n", model_unused(c->source));
    if (r->has_seed || r->allow_insecure || r->transport == RUN_TCP ||
        (p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0)
        fprintf(stderr, "puma: warning: not private:%s%s%s%s\n", r->has_seed ? " fixed seed;" : "",
                r->allow_insecure ? " allow_insecure;" : "",
                r->transport == RUN_TCP ? " links without TLS;" : "",
                (p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0 ? " plaintext backend;" : "");
    warn_of_ranges(p);
    if (r->compare_layers)
        fprintf(stderr, "puma: warning: [compare] layers = yes: the client learns the hidden states too\n");
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++)
        if (plan_caution(p, slot) != NULL)
            fprintf(stderr, "puma: warning: %s: %s\n", p->function_name[slot], plan_caution(p, slot));
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT; slot++) {
        char text[PLAN_BEYOND];

        if (plan_beyond(p, slot, text)) fprintf(stderr, "puma: warning: %s: %s\n", p->function_name[slot], text);
    }
}

/* A comparison's page with one row, as a file to be delivered. */
static puma_status add_page(delivery *d, const client_plan *c, const char *file, const char *name, const char *text,
                            puma_error *e)
{
    bool    no_memory;
    json_t *root = json_text(text, strlen(text), 0, NULL, &no_memory);
    json_t *layers = json_object_get(json_object_get(root, "fidelity"), "layers");
    json_t *rows = json_pack("[{s:s, s:O}]", "run", "run", "report", root);
    json_t *growth = json_array(), *curves = json_array(), *inputs = json_object(), *keys = json_pack("[s]", "run");
    char   *html = NULL, *names[] = { (char *)(uintptr_t)name };

    json_array_append(growth, layers != NULL ? layers : json_null());
    if (page_curves(curves, c->plan, e) == PUMA_OK) json_object_set_new(inputs, "run", page_inputs(c, e));
    if (e->status == PUMA_OK) {
        html = page_html(&(page){ .title = "puma run", .rows = rows, .names = names, .growth = growth,
                                  .curves = curves, .keys = keys, .inputs = inputs });
        if (html == NULL)
            error_set(e, 1001, "out of memory for a page");
        else
            delivery_file(d, file, html, e);
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

/* What the command line asks for, and what is opened for it. */
typedef struct job {
    cli_line     line;
    const char  *path, *party, *report, *html; /* from the line; NULL: not given */
    const char **sets;
    size_t       set_count;
    char        *given;        /* the text of those that were not on the line, or NULL */
    char        *identity;     /* see net_config, or NULL                              */
    bool         json, client; /* client: plays the client, alone or with the parties */
    int          role;         /* of --party, or -1                               */
    int          listen_fd, identity_fd, sets_fd; /* or -1                                    */
    client_plan *own;  /* NULL at a compute party          */
    plan        *plan; /* own's, where there is one      */
    node_result  result, reference;
} job;

static puma_status show(const job *j, puma_error *e)
{
    const node_result *reference = j->plan->run->reference_plain ? &j->reference : NULL;
    bool               print = j->client && !j->json;
    char              *text = NULL;
    delivery           d;

    if (delivery_open(&d, e) != PUMA_OK) return e->status;
    if (!j->client && j->report != NULL)
        answer_party_json(j->plan, &j->result, &text, e);
    else if (j->report != NULL || j->html != NULL || (j->client && j->json))
        answer_json(j->own, &j->result, reference, &text, e);
    if (e->status == PUMA_OK && j->report != NULL) delivery_file(&d, j->report, text, e);
    if (e->status == PUMA_OK && j->html != NULL) add_page(&d, j->own, j->html, j->path, text, e);
    if (e->status == PUMA_OK && j->client && j->json) fputs(text, d.out);
    if (e->status == PUMA_OK && print) answer_print(d.out, j->own, &j->result, reference, e);
    deliver(&d, NULL, NULL, e);
    delivery_close(&d);
    free(text);
    return e->status;
}

/* Prints new tokens on standard output as they come. */
typedef struct speaker {
    const client_input *client; /* NULL: prints nothing                    */
    progress           *bar;
    size_t              input; /* the last input with a heading, plus one */
    bool                open;  /* a line has begun                       */
} speaker;

static void say(void *context, size_t input, const char *text, size_t size)
{
    speaker *to = context;

    /* Text and the progress line would overwrite each other. */
    if (isatty(STDOUT_FILENO)) progress_mute(to->bar);
    if (to->input != input + 1 && to->client->count > 1)
        printf("input %zu (%zu tokens)\n", input, to->client->sequences[input].count);
    to->input = input + 1;
    if (text == NULL)
        putchar('\n');
    else
        fwrite(text, 1, size, stdout);
    to->open = text != NULL;
    fflush(stdout);
}

static puma_status run_alone(const job *j, speaker *to, node_result *result, puma_error *e)
{
    const plan *p = j->plan;
    node_config c = { .plan = p,
                      .client = j->own,
                      .self = (uint32_t)j->role,
                      .listen_fd = j->listen_fd,
                      .certificates = p->run->certificates,
                      .identity = j->identity,
                      .reached = progress_show,
                      .reached_context = to->bar,
                      .say = to->client == NULL ? NULL : say,
                      .say_context = to,
                      .on_stuck = party_stuck,
                      .event = log_event,
                      .event_context = &own_log };
    long        cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (check_role(p, j->role, j->party, j->identity != NULL, e) != PUMA_OK) return e->status;
    if (j->role != (int)PUMA_CLIENT) own_log.role = network_key(p->protocol->protocol, c.self);
    ring_set_threads(p->run->threads > 0 ? p->run->threads : (int)(cores > 0 ? cores : 1));
    for (uint32_t node = 0; node < p->protocol->protocol->parties; node++)
        c.address[node] = network_address(p->run, p->protocol->protocol, node);
    if (node_run(&c, result, e) == PUMA_OK) log_done(&own_log, &result->parties[result->party_count - 1]);
    return e->status;
}

/* --- the command line -------------------------------------------------------------------------- */

/* The process that started this one must also learn of a wrong command line, so its descriptor is looked for
 * first. */
static bool find_parent(int argc, char **argv)
{
    uint64_t fd;

    for (int i = 1; i + 1 < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--result-fd") == 0)
            return ini_unsigned(argv[i + 1], 3, 65535, &fd) && spawn_child_of((int)fd);
    return true;
}

/* Checks which options go together; 0 when all is well. */
static int check_line(job *j)
{
    bool quiet = cli_has(&j->line, "--quiet"), log_json = cli_has(&j->line, "--log-json");

    if (j->party != NULL && j->role < 0)
        return cli_misused(&COMMAND, 206, "--party: not a role (got %.40s, limit 0 to 7, client or dealer)",
                           j->party);
    if (j->html != NULL && !j->client)
        return cli_misused(&COMMAND, 203, "--html is the client's, who has the answer");
    if ((quiet || log_json) && j->party == NULL)
        return cli_misused(&COMMAND, 203, "--quiet and --log-json go with --party: a local run has no log");
    if (quiet && log_json) return cli_misused(&COMMAND, 203, "--quiet and --log-json exclude each other");
    return 0;
}

/* An option's inherited descriptor, or -1; *code is set when it is none. */
static int descriptor(const job *j, const char *option, int *code)
{
    const char *text = cli_value(&j->line, option);
    uint64_t    fd = 0;

    if (text == NULL || *code != 0) return -1;
    if (ini_unsigned(text, 3, 65535, &fd)) return (int)fd;
    *code = cli_misused(&COMMAND, 206, "%s: not a descriptor (got %.40s, limit 3 to 65535)", option, text);
    return -1;
}

/* The settings: those of the line, and those that the parent gave. */
static puma_status read_sets(job *j, int given, puma_error *e)
{
    size_t       size = 0, more = 0;
    const char **all;

    j->sets = cli_values(&j->line, "--set", &j->set_count);
    if (j->sets == NULL) return error_set(e, 1001, "out of memory for the command line");
    if (given < 0 || spawn_contents(given, &j->given, &size, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < size; i++) more += j->given[i] == '\0';
    all = realloc(j->sets, (j->set_count + more + 1) * sizeof *all);
    if (all == NULL) return error_set(e, 1001, "out of memory for the command line");
    j->sets = all;
    for (const char *at = j->given; more > 0; more--, at += strlen(at) + 1) all[j->set_count++] = at;
    return PUMA_OK;
}

static bool read_job(job *j, int argc, char **argv, int *code)
{
    static char own_role[16]; /* the log keeps the pointer */

    *j = (job){ .role = -1, .listen_fd = -1, .identity_fd = -1, .sets_fd = -1 };
    if (!find_parent(argc, argv)) {
        *code = cli_misused(&COMMAND, 206, "--result-fd: not an inherited descriptor");
        return false;
    }
    if (!cli_read(&j->line, &COMMAND, argc, argv, code)) return false;
    j->path = j->line.arguments[0];
    j->party = cli_value(&j->line, "--party");
    j->report = cli_value(&j->line, "--report");
    j->html = cli_value(&j->line, "--html");
    j->json = cli_has(&j->line, "--json");
    if (j->party != NULL) j->role = role_of(j->party);
    j->client = j->party == NULL || j->role == (int)PUMA_CLIENT;
    *code = check_line(j);
    j->listen_fd = descriptor(j, "--listen-fd", code);
    j->identity_fd = descriptor(j, "--identity-fd", code);
    j->sets_fd = descriptor(j, "--sets-fd", code);
    if (*code != 0) {
        cli_free(&j->line);
        return false;
    }
    if (j->party != NULL) {
        snprintf(own_role, sizeof own_role, "%s%s", j->party[1] == '\0' ? "party" : "", j->party);
        own_log.role = own_role;
        /* The client that has started this party tells of every certificate itself. */
        own_log.form = cli_value(&j->line, "--result-fd") ? LOG_NONE
                       : cli_has(&j->line, "--quiet")    ? LOG_QUIET
                       : cli_has(&j->line, "--log-json") ? LOG_JSON
                                                         : LOG_TEXT;
    }
    return true;
}

static void free_job(job *j)
{
    node_result_free(&j->result);
    node_result_free(&j->reference);
    if (j->own != NULL)
        client_close(j->own);
    else
        plan_close(j->plan);
    free(j->sets);
    free(j->given);
    identity_forget(j->identity);
    cli_free(&j->line);
}

/* Opens a party's plan, or the client's plan with everything that only the client has. */
static puma_status open_role(job *j, puma_error *e)
{
    if (!j->client) return plan_open(&j->plan, NULL, j->path, j->sets, j->set_count, e);
    cli_open(&j->own, j->path, j->sets, j->set_count, CLIENT_ALL, e);
    if (j->own != NULL) j->plan = j->own->plan;
    return e->status;
}

/* Can both results be written, each to a file of its own? */
static puma_status check_outputs(const job *j, puma_error *e)
{
    const char *const inputs[] = { j->path, NULL };

    if (j->report != NULL) output_check(j->report, inputs, e);
    if (j->html != NULL) output_check(j->html, inputs, e);
    return output_check_two(j->report, j->html, e);
}

/* Refuses everything that can be refused before the first socket is opened. */
static puma_status prepare(job *j, puma_error *e)
{
    size_t size;

    if (!j->client) signals_call(party_stop);
    if (read_sets(j, j->sets_fd, e) != PUMA_OK ||
        (j->identity_fd >= 0 && spawn_contents(j->identity_fd, &j->identity, &size, e) != PUMA_OK) || ring_check(e) != PUMA_OK ||
        check_outputs(j, e) != PUMA_OK || open_role(j, e) != PUMA_OK)
        return e->status;
    if (j->report != NULL) opened_refuse(j->report, e);
    if (j->html != NULL) opened_refuse(j->html, e);
    if (e->status != PUMA_OK) return e->status;
    if (j->role == DEALER && (j->plan->protocol->protocol->caps & PUMA_CAP_DEALER) != 0)
        j->role = (int)j->plan->protocol->protocol->dealer;
    /* Checked by the dealer, and by the client of a local run before it starts one. */
    if (j->party == NULL || j->role == (int)j->plan->protocol->protocol->dealer) material_check(j->plan, j->own, e);
    return e->status;
}

static puma_status run(job *j, puma_error *e)
{
    speaker to = { 0 };

    if (j->client) {
        warn(j->own);
        to.bar = progress_start();
        if (!j->json) to.client = &j->own->input;
    }
    if (j->party == NULL)
        local_run(&(local_config){ .client = j->own,
                                   .path = j->path,
                                   .sets = j->sets,
                                   .set_count = j->set_count,
                                   .reached = progress_show,
                                   .reached_context = to.bar,
                                   .say = to.client == NULL ? NULL : say,
                                   .say_context = &to,
                                   .event = log_warning },
                  &j->result, e);
    else
        run_alone(j, &to, &j->result, e);
    if (e->status == PUMA_OK && j->client && j->plan->run->reference_plain)
        node_reference(j->own, &j->result, &j->reference, e);
    progress_end(to.bar);
    if (to.open) putchar('\n'); /* the run failed after some tokens */
    return e->status;
}

int cli_run(int argc, char **argv)
{
    int        code = 0;
    job        j;
    puma_error e = { 0 };

    if (!read_job(&j, argc, argv, &code)) return code;
    if (prepare(&j, &e) == PUMA_OK && run(&j, &e) == PUMA_OK) show(&j, &e);
    free_job(&j);
    if (e.status == PUMA_OK) return 0;
    log_failed(&own_log, &e);
    return cli_fail(&e);
}
