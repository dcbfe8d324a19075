/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bench.c - `puma bench`: what operations and whole models cost, on synthetic weights and operands.
 *
 * It makes a run file (made.h) and runs it like any other.  An operation is run in place of the model, so
 * that it is counted and timed by the same code as a run. */
#include "cli/cli.h"

#include "cli/bench.h"
#include "cli/deliver.h"
#include "cli/made.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "host/session.h"
#include "ring/ring.h"
#include "run/answer.h"
#include "run/local.h"

#include <puma/rows.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const cli_option OPTIONS[] = {
    { "--op", "NAME", "one operation (see below); without it and without --model all of them", false },
    { "--n", "N", "elements of an operation (65536)", false },
    MADE_OPTIONS,
    { "--set", "SECTION.KEY=VALUE", "set one key of the run", true },
    { "--json", NULL, "print JSON: an array of operations, or the report of the model's run", false },
    { NULL, NULL, NULL, false },
};

static const cli_command COMMAND = {
    .name = "bench",
    .synopsis = "[--op NAME] [--n N] | --model PATH [--seq N] [--new-tokens N] [--layers N] [--protocol "
                "NAME] [--set ...] [--json]",
    .about = "Operations: product, product-exact, trunc, less, mux, max, and the functions of the run (gelu, "
             "softmax, layernorm ...), on N\n"
             "elements with the parties as threads: bytes of all parties together and rounds are exact, "
             "seconds are this machine's.\n"
             "matmul: the ring's matrix products in BERT-base on one thread, for every kernel of this CPU, "
             "beside the peak that its instructions allow;\n"
             "prg, pack: N words from random streams, beside OpenSSL's own rate, and to bytes and back.\n"
             "A model runs with synthetic weights and ids, each party its own process, and prints the cost "
             "table.\n",
    .options = OPTIONS,
    .least = 0,
    .most = 0,
};

/* --- whole models ----------------------------------------------------------------------------- */

static puma_status bench_model(const made *m, const char *const *sets, size_t set_count, bool json,
                               puma_error *e)
{
    client_plan *c = NULL;
    progress    *bar = NULL;
    node_result  result = { 0 };
    char        *text = NULL;
    delivery     d = { 0 };

    if (cli_open(&c, m->run, sets, set_count, CLIENT_ALL, e) == PUMA_OK) {
        bar = progress_start();
        local_run(
            &(local_config){ .client = c,
                             .path = m->run,
                             .sets = sets,
                             .set_count = set_count,
                             .reached = progress_show,
                             .reached_context = bar },
            &result, e);
        progress_end(bar);
    }
    if (e->status == PUMA_OK) delivery_open(&d, e);
    if (e->status == PUMA_OK && json && answer_json(c, &result, NULL, &text, e) == PUMA_OK) fputs(text, d.out);
    if (e->status == PUMA_OK && !json) answer_cost(d.out, c, &result, e);
    deliver(&d, NULL, NULL, e);
    delivery_close(&d);
    free(text);
    node_result_free(&result);
    client_close(c);
    return e->status;
}

/* --- operations ------------------------------------------------------------------------------- */

typedef struct operation {
    const char *name;
    void (*run)(puma_session *s, puma_share x, const plan *p);
} operation;

static void run_product(puma_session *s, puma_share x, const plan *p)
{
    const rings *r = &p->exec.rings;

    puma_mul_to(s, x, x, 0, r->frac, r->wide - r->frac);
}
static void run_product_exact(puma_session *s, puma_share x, const plan *p)
{
    puma_mul_to(s, x, x, 0, p->exec.rings.frac, p->exec.rings.wide);
}
static void run_trunc(puma_session *s, puma_share x, const plan *p)
{
    puma_trunc_to(s, x, p->exec.rings.frac / 2, x->bits);
}
static void run_less(puma_session *s, puma_share x, const plan *p)
{
    (void)p;
    puma_less_real(s, x, 0);
}
static void run_mux(puma_session *s, puma_share x, const plan *p)
{
    (void)p;
    puma_select(s, puma_less_real(s, x, 0), x);
}
static void run_max(puma_session *s, puma_share x, const plan *p)
{
    (void)p;
    puma_max(s, x);
}

static const operation OPERATIONS[] = { { "product", run_product }, { "product-exact", run_product_exact },
                                        { "trunc", run_trunc },     { "less", run_less },
                                        { "mux", run_mux },         { "max", run_max } };
#define OPERATION_COUNT (sizeof OPERATIONS / sizeof *OPERATIONS)

static const char *const FUNCTIONS[PUMA_SLOT_COUNT] = {
#define X(slot, name) [slot] = name,
    PUMA_SLOTS(X)
#undef X
};

typedef struct job {
    const client_plan *c;
    const operation *operation; /* NULL: the function of `slot` */
    puma_slot        slot;
    size_t           n;
} job;

/* An operand of rows of 128.  Functions of positive numbers get positive ones; softmax and the activation get
 * the rings they use in the model. */
static void work(puma_session *s, void *context)
{
    const job   *j = context;
    const rings *r = &j->c->plan->exec.rings;
    bool   positive = j->operation == NULL && (j->slot == PUMA_SLOT_RECIPROCAL || j->slot == PUMA_SLOT_RSQRT);
    bool   negative = j->operation == NULL && j->slot == PUMA_SLOT_EXP;
    size_t dim[2] = { j->n / 128, 128 };
    puma_arguments a = { .struct_size = sizeof a, .bits = r->wide, .frac = r->frac, .epsilon = 1e-5 };
    uint32_t       bits = r->wide;
    puma_tensor   *x;
    uint64_t      *words = NULL;

    if (j->operation == NULL && j->slot == PUMA_SLOT_SOFTMAX) bits = r->scores;
    if (j->operation == NULL && j->slot == rings_slot(j->c->plan->model->activation)) bits = r->activation;
    x = s->host->tensor(s, PUMA_ARITH, 2, dim, bits, r->frac);
    if (x == NULL) return;
    host_at(s, "operand", -1, "share");
    if (s->role == PUMA_CLIENT) words = s->host->scratch(s, x->n);
    for (size_t i = 0; words != NULL && i < x->n; i++) {
        double v = (double)(i * 2654435761u % 1601) / 100.0 - 8.0;

        words[i] = puma_encode(s, positive ? fabs(v) + 1 : negative ? -fabs(v) : v, r->frac, bits);
    }
    if (session_share(s, x, words, PUMA_CLIENT) != PUMA_OK || s->role == PUMA_CLIENT) return;
    x->range = 5;
    host_at(s, "operation", -1, "run");
    if (j->operation != NULL)
        j->operation->run(s, x, j->c->plan);
    else
        puma_call(s, j->slot, x, &a);
    host_at(s, "operation", -1, "end");
}

/* The operation's bytes, the parties' rounds and the slowest party's seconds. */
static puma_status bench_operation(const job *j, const char *name, json_t *list, puma_error *e)
{
    node_result result;
    uint64_t    offline = 0, bytes = 0, rounds = 0;
    double      seconds = 0;

    if (local_work(j->c, work, (void *)(uintptr_t)j, &result, e) != PUMA_OK) {
        node_result_free(&result);
        return error_prefix(e, "%s", name);
    }
    for (size_t i = 0; i < result.party_count; i++) {
        const report_party *party = &result.parties[i];

        offline += party->sent_bytes_offline;
        for (size_t k = 0; k < party->layer_count; k++) {
            if (strcmp(party->layers[k].op, "run") != 0) continue;
            bytes += party->layers[k].bytes;
            if (party->layers[k].rounds > rounds) rounds = party->layers[k].rounds;
            if (party->layers[k].seconds > seconds) seconds = party->layers[k].seconds;
        }
    }
    node_result_free(&result);
    if (list != NULL)
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:f}", "op", name, "n",
                                              (json_int_t)j->n, "offline_bytes", (json_int_t)offline,
                                              "online_bytes", (json_int_t)(bytes - offline), "rounds",
                                              (json_int_t)rounds, "seconds", seconds));
    else
        printf("%-16s %9zu %12.2f %12.2f %7llu %12.1f\n", name, j->n, (double)offline / (double)j->n,
               (double)(bytes - offline) / (double)j->n, (unsigned long long)rounds,
               1e9 * seconds / (double)j->n);
    return PUMA_OK;
}

static puma_status bench_operations(const made *m, const char *const *sets, size_t set_count,
                                    const char *only, size_t n, bool json, puma_error *e)
{
    client_plan *c = NULL;
    json_t *list = json ? json_array() : NULL;
    bool    found = false;

    if (cli_open(&c, m->run, sets, set_count, CLIENT_ALL, e) == PUMA_OK) {
        if (!json)
            printf("%-16s %9s %12s %12s %7s %12s\n", "operation", "n", "offline B/n", "online B/n", "rounds",
                   "ns/n");
        for (size_t i = 0; i < OPERATION_COUNT && e->status == PUMA_OK; i++) {
            job j = { .c = c, .operation = &OPERATIONS[i], .n = n };

            if (only != NULL && strcmp(only, OPERATIONS[i].name) != 0) continue;
            found = true;
            bench_operation(&j, OPERATIONS[i].name, list, e);
        }
        for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT && e->status == PUMA_OK; slot++) {
            job j = { .c = c, .slot = slot, .n = n };

            if (c->plan->function[slot] == NULL || (only != NULL && strcmp(only, FUNCTIONS[slot]) != 0)) continue;
            found = true;
            bench_operation(&j, c->plan->function_name[slot], list, e);
        }
        if (e->status == PUMA_OK && bench_kernels_named(only)) {
            found = true;
            bench_kernels(only, n, list, e);
        }
        if (e->status == PUMA_OK && !found)
            error_set(e, 206, "puma bench: --op: no such operation (got %.40s); puma bench --help lists them",
                      only);
    }
    if (e->status == PUMA_OK && json) {
        json_dumpf(list, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(list);
    client_close(c);
    return e->status;
}

int cli_bench(int argc, char **argv)
{
    cli_line     line;
    int          code = 0;
    const char **sets;
    char         bert[4096];
    size_t       set_count;
    uint64_t     n = 65536;
    made_options o;
    made         m = { 0 };
    puma_error   e = { 0 };
    bool         whole;

    if (!cli_read(&line, &COMMAND, argc, argv, &code)) return code;
    sets = cli_values(&line, "--set", &set_count);
    whole = cli_has(&line, "--model");
    if (cli_value(&line, "--n") != NULL &&
        (!ini_unsigned(cli_value(&line, "--n"), 128, 1u << 26, &n) || n % 128 != 0)) {
        code = cli_misused(&COMMAND, 206, "--n: not a multiple of 128 (got %.40s, limit 128 to 67108864)",
                           cli_value(&line, "--n"));
    } else if (!made_read(&o, &line, &COMMAND, &code)) {
        /* already reported */
    } else if (whole && cli_has(&line, "--op")) {
        code = cli_misused(&COMMAND, 206, "--op and --model exclude each other");
    } else if (sets == NULL) {
        error_set(&e, 1001, "out of memory for the command line");
    } else if (ring_check(&e) == PUMA_OK) {
        snprintf(bert, sizeof bert, "%s/shapes/bert-base.json", plugin_data_directory("models"));
        if (!whole) {
            o.shape = bert;
            o.tokens = 2;
            o.fresh = o.layers = 0;
        }
        if (made_new(&m, &o, whole ? "tls" : "memory", &e) == PUMA_OK) {
            if (whole)
                bench_model(&m, sets, set_count, cli_has(&line, "--json"), &e);
            else
                bench_operations(&m, sets, set_count, cli_value(&line, "--op"), n, cli_has(&line, "--json"),
                                 &e);
        }
        made_remove(&m);
    }
    free(sets);
    cli_free(&line);
    return code != 0 ? code : e.status == PUMA_OK ? 0 : cli_fail(&e);
}
