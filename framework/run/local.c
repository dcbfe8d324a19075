/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* local.c - see local.h
 *
 * There are three ways.  A backend of one party runs in this process.  With transport memory every party is a
 * thread.  Otherwise every party is a process (spawn.h), which a watch supervises while this process plays
 * the client. */
#include "run/local.h"

#include "base/temporary.h"
#include "net/certificates.h"
#include "plan/network.h"
#include "ring/ring.h"
#include "run/spawn.h"
#include "run/stop.h"

#include <arpa/inet.h>
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

/* --- processes -------------------------------------------------------------------------------- */

/* The parties of a run: child i is node i. */
typedef struct parties {
    const local_config *config;
    spawn_child         children[SPAWN_MOST];
    int                 listeners[SPAWN_MOST]; /* their listening sockets until they start, or -1 */
    char                addresses[SPAWN_MOST][32];
    size_t              count;
    char               *identities[SPAWN_MOST + 1]; /* keys and certificates of the parties, then the client's; or NULL */
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

/* The settings that a party needs too, each closed by a NUL: the prompt is none of its business. */
static void give_sets(const local_config *c, spawn_command *words)
{
    const char **sets = calloc(c->set_count + 1, sizeof *sets);
    size_t       n = 0;

    for (size_t k = 0; sets != NULL && k < c->set_count; k++)
        if (strncmp(c->sets[k], "input.", 6) != 0 && strncmp(c->sets[k], "chat.", 5) != 0) sets[n++] = c->sets[k];
    spawn_give_texts(words, "--sets-fd", sets, n);
    free(sets);
}

/* `run PATH --party I`, with what only the client of this run knows: addresses, certificates, a share of the cores. */
static puma_status start_party(parties *all, size_t i, puma_error *e)
{
    const local_config *c = all->config;
    spawn_command       words = { 0 };

    spawn_word(&words, "puma");
    spawn_word(&words, "run");
    spawn_word(&words, "%s", c->path);
    give_sets(c, &words);
    for (size_t k = 0; k < all->count; k++) {
        spawn_word(&words, "--set");
        /* Under the key that the run file uses: a node has only one address. */
        if (k == protocol_of(all)->dealer && c->client->plan->run->dealer != NULL)
            spawn_word(&words, "network.dealer=%s", all->addresses[k]);
        else
            spawn_word(&words, "network.party%zu=%s", k, all->addresses[k]);
    }
    if (all->identities[i] != NULL)
        spawn_give(&words, "--identity-fd", all->identities[i], strlen(all->identities[i]));
    if (c->client->plan->run->threads == 0) {
        spawn_word(&words, "--set");
        spawn_word(&words, "run.threads=%d", threads_each(all->count));
    }
    spawn_word(&words, "--party");
    spawn_word(&words, "%zu", i);
    spawn_word(&words, "--quiet");
    spawn_pass(&words, "--listen-fd", all->listeners[i]);
    spawn_start(&all->children[i], &words, -1, e);
    spawn_command_free(&words);
    close(all->listeners[i]);
    all->listeners[i] = -1;
    return e->status;
}

/* Puts a party's name before its reason.  A reason that another party gave it begins with that party's name. */
static void name_party(const puma_protocol *p, uint32_t i, puma_error *why)
{
    if (strncmp(why->text, "party", 5) == 0 || strncmp(why->text, "dealer: ", 8) == 0) return;
    if ((p->caps & PUMA_CAP_DEALER) != 0 && i == p->dealer)
        error_prefix(why, "dealer");
    else
        error_prefix(why, "party %u", i);
}

/* Why party `i` failed: its own reason, or how it died. */
static void blame(const parties *all, size_t i, const spawn_end *end, puma_error *why)
{
    char name[32];

    snprintf(name, sizeof name, "party %zu", i);
    if ((protocol_of(all)->caps & PUMA_CAP_DEALER) != 0 && i == protocol_of(all)->dealer)
        snprintf(name, sizeof name, "dealer");
    spawn_explain(end, name, why);
    if (end->signal == 0 && end->said.status != PUMA_OK) name_party(protocol_of(all), (uint32_t)i, why);
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

/* A process that stops at once takes its parties with it. */
static void clean_up(void *context)
{
    const parties *all = context;

    for (size_t i = 0; i < all->count; i++) spawn_kill(&all->children[i]);
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

/* Keys and certificates for this run alone. */
static puma_status make_identities(parties *all, puma_error *e)
{
    const char *roles[SPAWN_MOST + 1];

    for (size_t i = 0; i < all->count; i++) roles[i] = network_key(protocol_of(all), (uint32_t)i);
    roles[all->count] = "client";
    return certificates_for_run(roles, all->count + 1, all->identities, e);
}

static void forget_identities(parties *all, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        identity_forget(all->identities[i]);
        all->identities[i] = NULL;
    }
}

static puma_status start_parties(parties *all, puma_error *e)
{
    const runfile *r = all->config->client->plan->run;

    /* Nothing of ours goes there; what libraries and plugins of a party write would go elsewhere without a word. */
    if (access(temporary_base(), W_OK | X_OK) != 0)
        return error_set(e, 1003, "TMPDIR: %s: %s", temporary_base(), strerror(errno));
    if (r->transport == RUN_TLS && r->certificates == NULL) make_identities(all, e);
    for (size_t i = 0; i < all->count && e->status == PUMA_OK; i++) make_listener(all, i, e);
    for (size_t i = 0; i < all->count && e->status == PUMA_OK; i++) start_party(all, i, e);
    forget_identities(all, 0, all->count);
    return e->status;
}

static puma_status run_processes(const local_config *c, node_config nc, node_result *result, puma_error *e)
{
    parties     all = { .config = c,
                        .count = c->client->plan->protocol->protocol->parties };
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
        nc.certificates = c->client->plan->run->certificates;
        nc.identity = all.identities[all.count];
        node_run(&nc, result, e);
        spawn_watch_end(&watch);
    } else {
        for (size_t i = 0; i < all.count; i++) spawn_kill(&all.children[i]);
    }
    collect(&all, e);
    stop_clean(NULL, NULL);
    forget_identities(&all, all.count, all.count + 1);
    return e->status;
}

/* --- threads ---------------------------------------------------------------------------------- */

typedef struct worker {
    node_config config;
    node_result result;
    pthread_t   thread;
    bool        started;
} worker;

static void *play(void *context)
{
    worker    *w = context;
    puma_error e = { 0 };

    if (node_run(&w->config, &w->result, &e) != PUMA_OK) net_hub_leave(w->config.hub, w->config.self, &e);
    return NULL;
}

/* Of a party's end the client may know no more than that it came; why it came is what the party said. */
static void take_reason(net_hub *hub, const puma_protocol *p, puma_error *e)
{
    uint32_t   who;
    puma_error first = net_hub_left(hub, &who);

    if (first.status == PUMA_OK || (e->status != PUMA_OK && (e->status != PUMA_ENET || first.status == PUMA_ENET))) return;
    *e = first;
    if (who != PUMA_CLIENT) name_party(p, who, e);
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
    const puma_protocol *p = nc.plan->protocol->protocol;
    worker               workers[SPAWN_MOST] = { 0 };
    net_hub             *hub = net_hub_new();

    if (hub == NULL) return error_set(e, 1001, "out of memory for the transport");
    nc.self = PUMA_CLIENT;
    nc.listen_fd = -1;
    nc.hub = hub;
    for (size_t i = 0; i < p->parties && e->status == PUMA_OK; i++) {
        workers[i].config = nc;
        workers[i].config.self = (uint32_t)i;
        workers[i].config.client = NULL;
        workers[i].config.reached = NULL;
        workers[i].started = pthread_create(&workers[i].thread, NULL, play, &workers[i]) == 0;
        if (!workers[i].started) error_set(e, 1002, "no thread for party %zu", i);
    }
    if (e->status != PUMA_OK || node_run(&nc, result, e) != PUMA_OK) net_hub_leave(hub, PUMA_CLIENT, e);
    for (size_t i = 0; i < p->parties; i++) {
        if (workers[i].started) pthread_join(workers[i].thread, NULL);
        take_work(result, &workers[i].result);
        node_result_free(&workers[i].result);
    }
    take_reason(hub, p, e);
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
