/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* killed.c - a party that dies or falls silent ends the whole run, in time and by name, and leaves nothing
 * behind; when the client dies the parties do not stay. */
#include "driver.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTIES 3
#define LINES 2000 /* far more than fit into the moments looked at */
#define LIMIT_S 2.0
#define OLD "an old report\n"

static unsigned random_state = 20231;

/* Uniform in [0, 1); moments may repeat from run to run, their meaning does not. */
static double draw(void)
{
    random_state = random_state * 1103515245u + 12345u;
    return (double)(random_state >> 8) / (double)(1u << 24);
}

static void wait_s(double seconds) { poll(NULL, 0, (int)(seconds * 1000)); }

/* --- processes -------------------------------------------------------------------------------- */

static pid_t parent_of(pid_t pid)
{
    char  path[64], text[512];
    FILE *f;
    int   parent = -1;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (f == NULL) return -1;
    if (fgets(text, sizeof text, f) != NULL && strrchr(text, ')') != NULL)
        sscanf(strrchr(text, ')') + 1, " %*c %d", &parent);
    fclose(f);
    return parent;
}

/* Is this process `puma run … --party N`? */
static bool plays(pid_t pid, int party)
{
    char   path[64], line[4096], wanted[8];
    FILE  *f;
    size_t size;

    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    f = fopen(path, "r");
    if (f == NULL) return false;
    size = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[size] = '\0';
    snprintf(wanted, sizeof wanted, "%d", party);
    for (const char *p = line; p < line + size; p += strlen(p) + 1)
        if (strcmp(p, "--party") == 0 && strcmp(p + 8, wanted) == 0) return true;
    return false;
}

/* Child of `client` that plays `party`; waits for it to appear, -1 when the client ends first or ten seconds
 * pass. */
static pid_t find_party(pid_t client, int party)
{
    double start = driver_now();

    while (driver_now() - start < 10 && waitpid(client, NULL, WNOHANG) == 0) {
        DIR           *d = opendir("/proc");
        struct dirent *entry;
        pid_t          found = -1;

        while (d != NULL && found < 0 && (entry = readdir(d)) != NULL) {
            pid_t pid = (pid_t)atoi(entry->d_name);

            if (pid > 0 && parent_of(pid) == client && plays(pid, party)) found = pid;
        }
        if (d != NULL) closedir(d);
        if (found > 0) return found;
        wait_s(0.002);
    }
    return -1;
}

/* The client's status when it has ended `by`; -1 and killed otherwise. */
static int wait_client(pid_t client, double by)
{
    int status;

    while (waitpid(client, &status, WNOHANG) == 0) {
        if (driver_now() > by) {
            kill(client, SIGKILL);
            waitpid(client, &status, 0);
            return -1;
        }
        wait_s(0.005);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* We inherit what the client left (subreaper): all of it has ended `by`.  What has not is killed. */
static bool all_ended(double by)
{
    bool good = true;

    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        if (pid < 0) return good && errno == ECHILD;
        if (pid == 0 && driver_now() > by) {
            DIR           *d = opendir("/proc");
            struct dirent *entry;

            good = false;
            while (d != NULL && (entry = readdir(d)) != NULL)
                if (atoi(entry->d_name) > 0 && parent_of((pid_t)atoi(entry->d_name)) == getpid())
                    kill((pid_t)atoi(entry->d_name), SIGKILL);
            if (d != NULL) closedir(d);
        }
        if (pid == 0) wait_s(0.005);
    }
}

/* Runs keep nothing in the folder for temporary files, which TMPDIR names: keys least of all. */
static bool is_temporary_empty(void)
{
    DIR           *d = opendir(getenv("TMPDIR"));
    struct dirent *entry;
    size_t         count = 0;

    while (d != NULL && (entry = readdir(d)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (d == NULL) return false;
    closedir(d);
    return count == 0;
}

/* --- the checks ------------------------------------------------------------------------------- */

static const char *run_file, *report, *protocol = "rep3";

static pid_t start(const char *transport, const char *limit)
{
    char network[64], lines[64], backend[64];

    driver_file("report.json", OLD);
    snprintf(network, sizeof network, "network.transport=%s", transport);
    snprintf(lines, sizeof lines, "input.limit=%s", limit);
    snprintf(backend, sizeof backend, "run.protocol=%s", protocol);
    return driver_spawn("client",
                        (const char *const[]){ "run", run_file, "--set", network, "--set", lines, "--set",
                                               backend, "--set", "network.io_timeout_ms=1500", "--report", report, NULL });
}

/* After a failure: exit 7 `by`, the party named, `word` said, one error line, nothing else anywhere. */
static void check_end(pid_t client, double since, double limit, int party, const char *word, const char *what)
{
    int         code = wait_client(client, since + limit + 1);
    double      took = driver_now() - since;
    char       *out, *err, *old, name[16];
    const char *line, *other;

    out = driver_read("client.out");
    err = driver_read("client.err");
    old = driver_read("report.json");
    line = strstr(err, "puma: error E07");
    other = line == NULL ? NULL : strstr(line + 1, "puma: error");
    snprintf(name, sizeof name, "party %d", party);
    if (party == 2 && strcmp(protocol, "beaver2") == 0) snprintf(name, sizeof name, "dealer");
    check(code == 7 && took <= limit, "%s: exit %d after %.2f s (limit %.1f): %s", what, code, took, limit,
          err);
    check(line != NULL && other == NULL && strchr(line, '\n') != NULL && strchr(line, '\n')[1] == '\0',
          "%s: not one last line: %s", what, err);
    check(line != NULL && strstr(line, name) != NULL && strstr(line, word) != NULL,
          "%s: not '%s' and '%s': %s", what, name, word, err);
    check(*out == '\0', "%s: standard output holds: %.60s", what, out);
    check(strcmp(old, OLD) == 0, "%s: the old report is changed: %.60s", what, old);
    check(all_ended(since + limit), "%s: a process is left", what);
    check(is_temporary_empty(), "%s: something temporary is left", what);
    free(out);
    free(err);
    free(old);
}

/* Waits for the party, then for a random moment of the first 1.2 s of its life. */
static pid_t at_random(pid_t client, int party, double *moment)
{
    pid_t pid = find_party(client, party);

    *moment = 1.2 * draw() * draw();
    if (pid > 0) wait_s(*moment);
    check(is_temporary_empty(), "a run keeps something in the folder for temporary files");
    return pid;
}

static void kill_party(const char *transport, int party)
{
    char   what[120];
    double moment, since;
    pid_t  client = start(transport, "100000"), victim = at_random(client, party, &moment);

    snprintf(what, sizeof what, "party %d killed after %.3f s, %s", party, moment, transport);
    if (!check(victim > 0, "%s: it never appeared", what)) {
        check_end(client, driver_now(), LIMIT_S, party, "", what);
        return;
    }
    kill(victim, SIGKILL);
    since = driver_now();
    check_end(client, since, LIMIT_S, party, "", what);
}

static void stop_party(int party)
{
    char   what[120];
    double moment, since;
    pid_t  client = start("tls", "100000"), victim = find_party(client, party);

    /* Links are up once the run has sent its first inputs; before that another limit, of the handshake, would
     * be met. */
    moment = 0.6;
    wait_s(moment);
    snprintf(what, sizeof what, "party %d stopped after %.3f s", party, moment);
    if (!check(victim > 0, "%s: it never appeared", what)) victim = client;
    kill(victim, SIGSTOP);
    since = driver_now();
    check_end(client, since, 1.5 + LIMIT_S, party, "silent", what);
}

/* Half the limit is no silence: the run goes on and ends well. */
static void pause_party(int party)
{
    pid_t client = start("tls", "60"), victim = find_party(client, party);
    char *out, *err, *now;
    int   code;

    wait_s(0.3);
    if (check(victim > 0, "party %d paused: it never appeared", party)) {
        kill(victim, SIGSTOP);
        wait_s(0.75);
        kill(victim, SIGCONT);
    }
    code = wait_client(client, driver_now() + 60);
    out = driver_read("client.out");
    err = driver_read("client.err");
    now = driver_read("report.json");
    check(code == 0 && *out != '\0' && strcmp(now, OLD) != 0, "party %d paused for 0.75 s: exit %d: %s",
          party, code, err);
    check(all_ended(driver_now() + LIMIT_S), "party %d paused: a process is left", party);
    check(is_temporary_empty(), "party %d paused: something temporary is left", party);
    free(out);
    free(err);
    free(now);
}

static void kill_client(const char *transport)
{
    double moment, since;
    pid_t  client = start(transport, "100000"), party = at_random(client, 2, &moment);
    char  *now;

    check(party > 0, "client killed: party 2 never appeared");
    kill(client, SIGKILL);
    since = driver_now();
    check(all_ended(since + LIMIT_S), "client killed after %.3f s, %s: a party stays for %.1f s", moment,
          transport, LIMIT_S);
    now = driver_read("report.json");
    check(strcmp(now, OLD) == 0, "client killed: the old report is changed");
    free(now);
    check(is_temporary_empty(), "client killed: something temporary is left"); /* nobody was there to remove it */
}

int main(void)
{
    int         times = getenv("PUMA_LONG") != NULL ? 50 : 5;
    char       *lines, text[1024];

    driver_start("killed");
    setenv("TMPDIR", driver_path("tmp"), 1);
    if (mkdir(getenv("TMPDIR"), 0700) != 0) {
        perror("killed: mkdir");
        return 99;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        perror("killed: prctl");
        return 99;
    }
    lines = calloc(LINES, 40);
    if (lines == NULL) return 99;
    for (size_t i = 0; i < LINES; i++) strcat(lines + 30 * i, "In the beginning was the word\n");
    driver_file("lines.txt", lines);
    free(lines);
    snprintf(text, sizeof text,
             "[run]\nmodel = %.500s/tests/golden/models/bert-tiny\ntask = classify\nprotocol = "
             "rep3\n[input]\nfile = lines.txt\n",
             driver_source());
    run_file = driver_file("run.ini", text);
    report = driver_path("report.json");
    for (int i = 0; i < times; i++)
        for (int party = 0; party < PARTIES; party++) kill_party(i % 5 == 4 ? "tcp" : "tls", party);
    for (int party = 0; party < PARTIES; party++) stop_party(party);
    for (int party = 0; party < PARTIES; party++) pause_party(party);
    for (int i = 0; i < times; i++) kill_client(i % 2 ? "tcp" : "tls");
    protocol = "beaver2"; /* node 2 is the dealer, who works ahead of the others */
    for (int party = 0; party < PARTIES; party++) kill_party("tls", party);
    for (int party = 0; party < PARTIES; party++) stop_party(party);
    kill_client("tls");
    return driver_end();
}
