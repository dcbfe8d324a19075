/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* guard.c - [numeric] guard as a user meets it: a model whose scores leave their window ends with E1104 at the client, who
 * is shown nothing of the answer, and the parties see a run like any other. */
#include "driver.h"
#include "scaled.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Queries so many times as long: scores lie further apart than softmax takes. */
#define FAR 40.0

/* A tiny model, a tensor of its queries, a task and what the task needs to be said. */
typedef struct subject {
    const char *model, *queries, *task, *more;
} subject;

static const subject SUBJECTS[] = {
    { "bert", "query.weight", "logits", "" },
    { "bert", "query.weight", "classify", "" },
    { "bert", "query.weight", "hidden", "" },
    { "llama", "q_proj.weight", "logits", "" },
    { "llama", "q_proj.weight", "generate", "[generate]\nmax_new_tokens = 3\n" },
    { "llama", "q_proj.weight", "generate", "[generate]\nmax_new_tokens = 3\ndecoding = client\n" },
};

/* E1104 and no other error, in one last line of standard error; and what the error calls the place. */
static bool distrusts(const char *err)
{
    const char *line = strstr(err, "puma: error E");

    return line != NULL && strncmp(line, "puma: error E1104: layer 0 softmax left its range", 49) == 0 &&
           strchr(line, '\n') != NULL && strchr(line, '\n')[1] == '\0';
}

/* --- one process ---------------------------------------------------------------------------------- */

static const char *run_file(const subject *c, double factor, const char *network)
{
    char text[2048];

    snprintf(text, sizeof text,
             "[run]\nmodel = %.300s\ntask = %s\nprotocol = rep3\nthreads = 1\n[input]\nids = 5 9 17 40 3\n[network]\n%.900s%s",
             scaled_model(c->model, c->queries, factor), c->task, network, c->more);
    return driver_file("run.ini", text);
}

/* With and without a report: the answer, or E1104 and nothing else. */
static void ends(const subject *c, double factor, const char *set, bool trusted)
{
    const char *path = run_file(c, factor, "transport = memory\n");

    for (int report = 0; report < 2; report++) {
        outcome o = RUN(report, "run", path, "--set", set);
        char    what[200];

        snprintf(what, sizeof what, "%s %s, queries times %g, %s", c->model, c->task, factor, set);
        if (trusted) {
            check(o.code == 0, "%s: ends with %d: %s", what, o.code, o.err);
            check(o.out[0] != '\0' && (o.report != NULL) == report, "%s: no answer, or no report", what);
        } else {
            check(o.code == 11 && distrusts(o.err), "%s: ends with %d: %s", what, o.code, o.err);
            check(o.out[0] == '\0', "%s: says \"%s\"", what, o.out);
            check(!report || access(driver_path("report.json"), F_OK) != 0, "%s: writes a report", what);
        }
        outcome_free(&o);
    }
}

static void all_in_one_process(void)
{
    for (size_t i = 0; i < sizeof SUBJECTS / sizeof *SUBJECTS; i++) {
        const subject *c = &SUBJECTS[i];

        ends(c, 1, "numeric.guard=rows", true);
        ends(c, FAR, "run.threads=1", false); /* rows is what it is unless it is said */
        ends(c, FAR, "numeric.guard=no", true);
        ends(c, 1, "run.protocol=beaver2", true);
        ends(c, FAR, "run.protocol=beaver2", false);
        ends(c, 1, "run.protocol=additive", true);
    }
    /* Numbers with fewer bits behind the point than the guard likes to see. */
    ends(&SUBJECTS[3], 1, "numeric.fxp_fraction_bits=4", true);
    ends(&SUBJECTS[3], FAR, "numeric.fxp_fraction_bits=4", false);
}

/* --- a process for each role ---------------------------------------------------------------------- */

enum { CLIENT = 3, ROLES };

static const char *const ROLE[ROLES] = { "0", "1", "2", "client" };

typedef struct ended {
    int     code;
    char   *out, *err;
    json_t *report;
} ended;

static void launch(const char *path, ended of[ROLES])
{
    pid_t pid[ROLES];
    char  name[20], report[ROLES][300];

    for (int r = 0; r < ROLES; r++) {
        snprintf(name, sizeof name, "%s.json", ROLE[r]);
        snprintf(report[r], sizeof report[r], "%s", driver_path(name));
        unlink(report[r]);
        pid[r] = driver_spawn(ROLE[r], (const char *const[]){ "run", path, "--party", ROLE[r], "--report", report[r], NULL });
    }
    for (int r = 0; r < ROLES; r++) {
        int status;

        while (waitpid(pid[r], &status, 0) < 0)
            if (errno != EINTR) exit(99);
        of[r].code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        snprintf(name, sizeof name, "%s.out", ROLE[r]);
        of[r].out = driver_read(name);
        snprintf(name, sizeof name, "%s.err", ROLE[r]);
        of[r].err = driver_read(name);
        of[r].report = json_load_file(report[r], JSON_REJECT_DUPLICATES, NULL);
    }
}

static void free_ended(ended of[ROLES])
{
    for (int r = 0; r < ROLES; r++) {
        free(of[r].out);
        free(of[r].err);
        json_decref(of[r].report);
    }
}

/* The number KEY of a party's own report, in "parties" or beside it; -1: none. */
static long long said(const ended *e, const char *key)
{
    const json_t *own = json_array_get(json_object_get(e->report, "parties"), 0), *number = json_object_get(own, key);

    if (number == NULL) number = json_object_get(e->report, key);
    return json_is_integer(number) ? json_integer_value(number) : -1;
}

/* A party's log: nothing in it says that the run ended in any other way than well. */
static bool tells_nothing(const char *err)
{
    static const char *const words[] = { "E1104", "error", "softmax", "trust", "range" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(err, words[i]) != NULL) return false;
    return strstr(err, ": done in ") != NULL;
}

/* What the parties send, and when they end, does not tell the two runs apart. */
static void parties_see_no_difference(const subject *c, int round)
{
    static const char *const counts[] = { "sent_bytes",   "received_bytes", "sent_bytes_offline", "messages",
                                          "total_bytes",  "offline_bytes",  "online_bytes",       "rounds",
                                          "online_rounds" };
    char        network[700];
    unsigned    block = 20 + (unsigned)getpid() % 200;
    const char *keys = driver_path("keys");
    ended       of[2][ROLES];

    for (int k = 0; k < 2; k++) {
        snprintf(network, sizeof network,
                 "transport = tls\ncertificates = %.300s\nconnect_timeout_ms = 20000\nparty0 = 127.%u.%d.10:7412\n"
                 "party1 = 127.%u.%d.11:7412\nparty2 = 127.%u.%d.12:7412\n",
                 keys, block, 2 * round + k, block, 2 * round + k, block, 2 * round + k);
        launch(run_file(c, k == 0 ? 1 : FAR, network), of[k]);
    }
    check(of[0][CLIENT].code == 0 && of[0][CLIENT].out[0] != '\0', "%s %s, trusted: client: exit %d: %s", c->model, c->task,
          of[0][CLIENT].code, of[0][CLIENT].err);
    check(of[1][CLIENT].code == 11 && distrusts(of[1][CLIENT].err), "%s %s: client: exit %d: %s", c->model, c->task,
          of[1][CLIENT].code, of[1][CLIENT].err);
    check(of[1][CLIENT].out[0] == '\0' && of[1][CLIENT].report == NULL, "%s %s: client: says \"%s\"", c->model, c->task,
          of[1][CLIENT].out);
    for (int r = 0; r < CLIENT; r++) {
        for (int k = 0; k < 2; k++) {
            check(of[k][r].code == 0 && of[k][r].out[0] == '\0' && of[k][r].report != NULL, "%s %s: party %d: exit %d",
                  c->model, c->task, r, of[k][r].code);
            check(tells_nothing(of[k][r].err), "%s %s: log of party %d: %s", c->model, c->task, r, of[k][r].err);
        }
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            check(said(&of[0][r], counts[i]) >= 0 && said(&of[0][r], counts[i]) == said(&of[1][r], counts[i]),
                  "%s %s: party %d: %s: %lld and %lld", c->model, c->task, r, counts[i], said(&of[0][r], counts[i]),
                  said(&of[1][r], counts[i]));
    }
    free_ended(of[0]);
    free_ended(of[1]);
}

static void all_apart(void)
{
    outcome o = RUN(false, "keygen", "--out", driver_path("keys"));

    check(o.code == 0, "keygen: %d: %s", o.code, o.err);
    outcome_free(&o);
    for (size_t i = 0; i < sizeof SUBJECTS / sizeof *SUBJECTS; i++) parties_see_no_difference(&SUBJECTS[i], (int)i);
}

int main(void)
{
    driver_start("guard");
    all_in_one_process();
    all_apart();
    return driver_end();
}
