/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* local.c - see local.h
 *
 * There are three ways.  A backend of one party runs in this process.  With transport memory every party is a
 * thread.  Otherwise every party is a process (spawn.h), which a watch supervises while this process plays
 * the client. */
#include "run/local.h"

#include "net/certificates.h"
#include "ring/ring.h"
#include "run/spawn.h"
#include "run/stop.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static puma_status system_failed(puma_error *e, const char *what)
{
    return error_set(e, 1002, "%s: %s", what, strerror(errno));
}

static int cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (int)n : 1;
}

/* Threads for each of `parties` parties, where the run file leaves it open. */
static int threads_each(size_t parties) { return cores() > (int)parties ? cores() / (int)parties : 1; }

/* --- the temporary directory ------------------------------------------------------------------ */

/* The certificates of one run.  The lock is needed because the thread that stops the process may remove them
 * while the main thread makes them. */
typedef struct keys {
    pthread_mutex_t lock;
    char            path[256]; /* "": there are none */
} keys;

static void remove_files(const char *path)
{
    DIR           *d = opendir(path);
    struct dirent *entry;

    if (d == NULL) return;
    while ((entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.') unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
}

static void remove_keys(keys *k)
{
    pthread_mutex_lock(&k->lock);
    if (k->path[0] != '\0') {
        /* A file may have been made since the folder was read; there are a dozen at most. */
        for (int i = 0; i < 100; i++) {
            remove_files(k->path);
            if (rmdir(k->path) == 0 || errno != ENOTEMPTY) break;
        }
        k->path[0] = '\0';
    }
    pthread_mutex_unlock(&k->lock);
}

static puma_status make_keys(keys *k, size_t parties, puma_error *e)
{
    const char *base = getenv("TMPDIR");
    char        path[sizeof k->path];
    bool        made;

    if (base == NULL || strlen(base) + sizeof "/puma-run-XXXXXX" > sizeof path) base = "/tmp";
    snprintf(path, sizeof path, "%s/puma-run-XXXXXX", base);
    pthread_mutex_lock(&k->lock);
    made = mkdtemp(path) != NULL;
    if (made) memcpy(k->path, path, sizeof path);
    pthread_mutex_unlock(&k->lock);
    return made ? certificates_make(path, (unsigned)parties, 1, e) : system_failed(e, path);
}

/* --- processes -------------------------------------------------------------------------------- */

/* The parties of a run: child i is node i. */
typedef struct parties {
    const local_config *config;
    spawn_child         children[SPAWN_MOST];
    int                 listeners[SPAWN_MOST]; /* their listening sockets until they start, or -1 */
    char                addresses[SPAWN_MOST][32];
    size_t              count;
    keys                keys;
} parties;

static const puma_protocol *protocol_of(const parties *all) { return all->config->client->plan->protocol->protocol; }

/* A listening socket on a loopback port of its own.  The child inherits it, so that nobody can take the port
 * in between. */
static puma_status make_listener(parties *all, size_t i, puma_error *e)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          size = sizeof a;
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    all->listeners[i] = fd;
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        return system_failed(e, "a listening socket on loopback");
    snprintf(all->addresses[i], sizeof all->addresses[i], "127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    return PUMA_OK;
}

/* `run PATH --set … --party I`, with what only the client of this run knows: addresses, certificates, a share
 * of the cores. */
static puma_status start_party(parties *all, size_t i, puma_error *e)
{
    const local_config *c = all->config;
    spawn_command       words = { 0 };

    spawn_word(&words, "puma");
    spawn_word(&words, "run");
    spawn_word(&words, "%s", c->path);
    for (size_t k = 0; k < c->set_count; k++) {
        /* Every user of the host can read a command line, and the prompt is none of a party's business. */
        if (strncmp(c->sets[k], "input.", 6) == 0 || strncmp(c->sets[k], "chat.", 5) == 0) continue;
        spawn_word(&words, "--set");
        spawn_word(&words, "%s", c->sets[k]);
    }
    for (size_t k = 0; k < all->count; k++) {
        spawn_word(&words, "--set");
        /* Under the key that the run file uses: a node has only one address. */
        if (k == protocol_of(all)->dealer && c->client->plan->run->dealer != NULL)
            spawn_word(&words, "network.dealer=%s", all->addresses[k]);
        else
            spawn_word(&words, "network.party%zu=%s", k, all->addresses[k]);
    }
    if (all->keys.path[0] != '\0') {
        spawn_word(&words, "--set");
        spawn_word(&words, "network.certificates=%s", all->keys.path);
    }
    if (c->client->plan->run->threads == 0) {
        spawn_word(&words, "--set");
        spawn_word(&words, "run.threads=%d", threads_each(all->count));
    }
    spawn_word(&words, "--party");
    spawn_word(&words, "%zu", i);
    spawn_word(&words, "--quiet");
    spawn_word(&words, "--listen-fd");
    spawn_word(&words, "%d", all->listeners[i]);
    spawn_start(&all->children[i], &words, -1, all->listeners[i], e);
    spawn_command_free(&words);
    close(all->listeners[i]);
    all->listeners[i] = -1;
    return e->status;
}

/* Why party `i` failed: its own reason, or how it died. */
static void blame(const parties *all, size_t i, const spawn_end *end, puma_error *why)
{
    char name[32];

    snprintf(name, sizeof name, "party %zu", i);
    if ((protocol_of(all)->caps & PUMA_CAP_DEALER) != 0 && i == protocol_of(all)->dealer)
        snprintf(name, sizeof name, "dealer");
    if (end->signal != 0) {
        error_set(why, 710, "%s was killed by signal %d", name, end->signal);
    } else if (end->said.status == PUMA_OK) {
        error_set(why, 7001, "%s ended with status %d and said nothing", name, end->status);
    } else {
        *why = end->said;
        /* A reason that another party gave it begins with that party's name. */
        if (strncmp(why->text, "party", 5) != 0 && strncmp(why->text, "dealer: ", 8) != 0)
            error_prefix(why, "%s", name);
    }
}

/* A party failed, and the client cannot see it: it computes, or waits for a party that never listened. */
static void party_failed(void *context, size_t i, const spawn_end *end)
{
    puma_error why = { 0 };

    blame(context, i, end, &why);
    stop_now(&why);
}

static void on_stuck(void *context, const puma_error *why)
{
    (void)context;
    stop_now(why);
}

/* Removes what a process that stops at once must not leave behind. */
static void clean_up(void *context)
{
    parties *all = context;

    for (size_t i = 0; i < all->count; i++) spawn_kill(&all->children[i]);
    remove_keys(&all->keys);
}

static long passed_ms(const struct timespec *since)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (t.tv_sec - since->tv_sec) * 1000 + (t.tv_nsec - since->tv_nsec) / 1000000;
}

/* Does how a party ended say more than that it "closed the connection", as a process looks from outside that died of a
 * signal not ours, or that ended in the middle for a reason of its own? */
static bool explains(const spawn_end *end)
{
    if (end->signal != 0) return !end->overdue && end->signal != SIGTERM;
    return end->said.status != PUMA_OK && end->said.status != PUMA_ENET;
}

/* Waits for the parties: two seconds for all together, or one when the run has failed, since a silent party
 * may never end.  Then it kills the rest.  The first party that failed gives the reason, unless a killed one
 * explains more. */
static void collect(parties *all, puma_error *e)
{
    struct timespec start;
    long            patience = e->status == PUMA_OK ? 2000 : 1000;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < all->count; i++) {
        long      left = patience - passed_ms(&start);
        spawn_end end;

        spawn_wait(&all->children[i], left > 0 ? left : 0, &end);
        if (all->listeners[i] >= 0) close(all->listeners[i]);
        if (end.failed && (e->status == PUMA_OK || (explains(&end) && e->status == PUMA_ENET &&
                                                    strstr(e->text, "closed") != NULL))) {
            *e = (puma_error){ 0 };
            blame(all, i, &end, e);
        }
    }
}

static puma_status start_parties(parties *all, puma_error *e)
{
    const runfile *r = all->config->client->plan->run;

    if (r->transport == RUN_TLS && r->certificates == NULL) make_keys(&all->keys, all->count, e);
    for (size_t i = 0; i < all->count && e->status == PUMA_OK; i++) make_listener(all, i, e);
    for (size_t i = 0; i < all->count && e->status == PUMA_OK; i++) start_party(all, i, e);
    return e->status;
}

static puma_status run_processes(const local_config *c, node_config nc, node_result *result, puma_error *e)
{
    parties     all = { .config = c,
                        .count = c->client->plan->protocol->protocol->parties,
                        .keys.lock = PTHREAD_MUTEX_INITIALIZER };
    spawn_watch watch = { .children = all.children, .count = all.count, .failed = party_failed, .context = &all };

    for (size_t i = 0; i < all.count; i++) {
        all.children[i] = SPAWN_NONE;
        all.listeners[i] = -1;
        nc.address[i] = all.addresses[i];
    }
    nc.self = PUMA_CLIENT;
    nc.on_stuck = on_stuck;
    if (c->client->plan->run->certificates != NULL) nc.event = c->event; /* else made for this run alone */
    stop_clean(clean_up, &all);
    if (start_parties(&all, e) == PUMA_OK && spawn_watch_begin(&watch, e) == PUMA_OK) {
        nc.certificates = all.keys.path[0] != '\0' ? all.keys.path : c->client->plan->run->certificates;
        node_run(&nc, result, e);
        spawn_watch_end(&watch);
    } else {
        for (size_t i = 0; i < all.count; i++) spawn_kill(&all.children[i]);
    }
    collect(&all, e);
    remove_keys(&all.keys);
    stop_clean(NULL, NULL);
    return e->status;
}

/* --- threads ---------------------------------------------------------------------------------- */

typedef struct worker {
    node_config config;
    node_result result;
    puma_error  error;
    pthread_t   thread;
    bool        started;
} worker;

static void *play(void *context)
{
    worker *w = context;

    node_run(&w->config, &w->result, &w->error);
    return NULL;
}

/* A rehearsal's work is not sent in a bill: the parties are threads here, and it is copied. */
static void take_work(node_result *to, const node_result *own)
{
    for (size_t i = 0; own->party_count > 0 && i < to->party_count; i++) {
        if (to->parties[i].node != own->parties[0].node) continue;
        to->parties[i].setup_work = own->parties[0].setup_work;
        to->parties[i].work = own->parties[0].work;
    }
}

static puma_status run_threads(node_config nc, node_result *result, puma_error *e)
{
    size_t   count = nc.plan->protocol->protocol->parties;
    worker   workers[SPAWN_MOST] = { 0 };
    net_hub *hub = net_hub_new();

    if (hub == NULL) return error_set(e, 1001, "out of memory for the transport");
    nc.self = PUMA_CLIENT;
    nc.listen_fd = -1;
    nc.hub = hub;
    for (size_t i = 0; i < count && e->status == PUMA_OK; i++) {
        workers[i].config = nc;
        workers[i].config.self = (uint32_t)i;
        workers[i].config.client = NULL;
        workers[i].config.reached = NULL;
        workers[i].started = pthread_create(&workers[i].thread, NULL, play, &workers[i]) == 0;
        if (!workers[i].started) error_set(e, 1002, "no thread for party %zu", i);
    }
    node_run(&nc, result, e);
    for (size_t i = 0; i < count; i++) {
        if (workers[i].started) pthread_join(workers[i].thread, NULL);
        take_work(result, &workers[i].result);
        node_result_free(&workers[i].result);
    }
    net_hub_free(hub);
    return e->status;
}

puma_status local_run(const local_config *config, node_result *result, puma_error *e)
{
    const plan *p = config->client->plan;
    node_config alone = { .plan = p,
                          .client = config->client,
                          .listen_fd = -1,
                          .reached = config->reached,
                          .reached_context = config->reached_context,
                          .say = config->say,
                          .say_context = config->say_context };

    *result = (node_result){ 0 };
    if ((p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0) {
        ring_set_threads(p->run->threads > 0 ? p->run->threads : cores());
        return node_run(&alone, result, e);
    }
    if (p->run->transport == RUN_MEMORY) {
        ring_set_threads(p->run->threads > 0 ? p->run->threads : threads_each(p->protocol->protocol->parties));
        return run_threads(alone, result, e);
    }
    return run_processes(config, alone, result, e);
}

puma_status local_work(const client_plan *c, void (*work)(puma_session *s, void *context), void *context,
                       node_result *result, puma_error *e)
{
    *result = (node_result){ 0 };
    return run_threads((node_config){ .plan = c->plan, .client = c, .work = work, .work_context = context }, result, e);
}

puma_status local_rehearse(const client_plan *c, node_result *result, puma_error *e)
{
    *result = (node_result){ .rehearsal = true };
    if ((c->plan->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0) return PUMA_OK;
    return run_threads((node_config){ .plan = c->plan, .client = c, .rehearsal = true }, result, e);
}
