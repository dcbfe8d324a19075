/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* conformance.c - runs the cases on any backend: conformance --backend NAME|FILE.so [--transport
 * memory|tcp|tls] [--only GROUP] [--seed N]
 *
 * Every node of the run is a thread with a session of its own; the threads fill in results and the main
 * thread judges them.  A backend that computes in the clear is run a second time in floating point.  One line
 * a check, then "N passed, N failed"; exit status 0 when nothing failed. */
#include "conformance.h"

#include "host/session.h"
#include "../support/certificates.h"
#include "net/net.h"
#include "plugin/plugin.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void fatal(const char *what)
{
    fprintf(stderr, "conformance: %s\n", what);
    exit(1);
}

/* --- results ---------------------------------------------------------------------------------- */

static size_t passed, failed;

static void check(bool ok, const char *name, const char *why)
{
    printf("%s %s%s%s\n", ok ? "ok    " : "FAILED", name, ok ? "" : ": ", ok ? "" : why);
    if (ok)
        passed++;
    else
        failed++;
}

/* --- nodes ------------------------------------------------------------------------------------ */

typedef struct suite {
    const plugin *backend;
    bool          is_float;
    bool          rehearsal; /* of which only the counts are judged */
    uint32_t      ring_bits;
    task         *tasks;
    size_t        count;
} suite;

typedef struct node {
    const suite *run;
    uint32_t     role;
    net_config   wire; /* not used by a local backend */
    net_count    counts;
    net_count   *behind;  /* a task: the counts when it had been done */
    size_t       reached; /* tasks finished */
    const char *heard; /* of a dealer: a case in which it received from a party that revealed nothing to it */
    puma_error  error;
    pthread_t   thread;
} node;

static puma_tensor *tensor_of(puma_session *s, const array *a)
{
    return s->host->tensor(s, a->kind, a->rank, a->dim, a->bits, a->frac);
}

/* A rehearsal's words mean nothing. */
static bool rehearses(const puma_session *s) { return (s->caps & PUMA_CAP_REHEARSAL) != 0; }

/* What this node holds of a result is reduced to its ring, or 0 behind the last bit.  A local backend may mark words
 * in its own way. */
static void check_planes(puma_session *s, const puma_tensor *z, size_t number)
{
    uint64_t beyond = 0;

    if (z == NULL || (s->caps & PUMA_CAP_LOCAL)) return;
    for (uint32_t p = 0; p < z->planes; p++) {
        if (z->kind == PUMA_BIT && z->n % 64 != 0) beyond |= z->plane[p][z->words - 1] >> z->n % 64;
        for (size_t i = 0; z->kind == PUMA_ARITH && z->bits < 64 && i < z->words; i++)
            beyond |= z->plane[p][i] >> z->bits;
    }
    if (beyond != 0) s->host->fail(s, PUMA_EINTERNAL, "result %zu has bits behind its last, or above its ring", number);
}

static uint64_t messages_of(const net *wire)
{
    net_count count = { .messages = 0 };

    if (wire) net_counts(wire, &count);
    return count.messages;
}

/* The case's program at one node, which sends nothing where the group says so. */
static void run_program(puma_session *s, const task *t, const net *wire, puma_tensor **in, puma_tensor **out)
{
    uint64_t before = messages_of(wire), sent;

    t->g->program(s, t, in, out);
    sent = messages_of(wire) - before;
    if (t->g->silent && s->status == PUMA_OK && sent > 0)
        s->host->fail(s, PUMA_EINTERNAL, "%llu messages were sent where none is needed", (unsigned long long)sent);
}

/* One case at one node; `wire` is NULL at a local backend. */
static void play(puma_session *s, const task *t, bool computes, const net *wire)
{
    bool         all_in_one = wire == NULL;
    puma_tensor *in[MAX_OPERANDS] = { 0 }, *out[MAX_OPERANDS] = { 0 };
    size_t       mark = s->host->enter(s);
    uint64_t    *revealed;

    host_at(s, "", -1, t->name);
    for (size_t i = 0; i < t->ins; i++) {
        bool owner = all_in_one || t->owner == s->role;

        in[i] = tensor_of(s, &t->in[i]);
        if (!in[i] || session_share(s, in[i], owner ? t->in[i].w : NULL, t->owner) != PUMA_OK) return;
    }
    for (size_t i = 0; i < t->outs; i++) {
        out[i] = tensor_of(s, &t->out[i]);
        if (!out[i]) return;
    }
    if (t->s->flags & Z_IS_X) out[0] = in[0];
    if (t->s->flags & Z_IS_Y) out[0] = in[1];
    if (computes || t->everywhere) run_program(s, t, wire, in, out);
    for (size_t i = 0; i < t->outs && s->status == PUMA_OK && !rehearses(s); i++) check_planes(s, out[i], i);
    for (size_t i = 0; i < t->outs && s->status == PUMA_OK; i++) {
        bool receiver = all_in_one || t->to == s->role;

        if (!out[i] || out[i]->n != t->out[i].n || out[i]->bits != t->out[i].bits) {
            s->host->fail(s, PUMA_EINTERNAL, "result %zu has another shape or ring than was asked for", i);
            return;
        }
        /* Into scratch first: a node that receives nothing must be able to pass NULL. */
        revealed = receiver ? s->host->scratch(s, out[i]->words + 1) : NULL;
        if (receiver && !revealed) return;
        session_reveal(s, revealed, out[i], t->to);
        if (receiver && s->status == PUMA_OK) memcpy(t->out[i].w, revealed, out[i]->words * sizeof *revealed);
    }
    puma_leave(s, mark, NULL);
}

/* Payload bytes that this node has received from compute parties. */
static uint64_t from_parties(const net *wire, uint32_t parties)
{
    net_count count;
    uint64_t  bytes = 0;

    if (!wire) return 0;
    net_counts(wire, &count);
    for (uint32_t k = 0; k < parties; k++) bytes += count.received[k];
    return bytes;
}

static void *live(void *argument)
{
    node                *n = argument;
    const suite         *run = n->run;
    const puma_protocol *p = run->backend->protocol;
    puma_session        *s = NULL;
    net                 *wire = NULL;
    bool                 local = (p->caps & PUMA_CAP_LOCAL) != 0;
    session_config       config = { .protocol = run->backend,
                                    .role = n->role,
                                    .ring_bits = run->ring_bits,
                                    .frac = 18,
                                    .is_float = run->is_float,
                                    .rehearsal = run->rehearsal };

    if (!local && net_open(&wire, &n->wire, &n->error) != PUMA_OK) return NULL;
    config.wire = wire;
    if (session_open(&s, &config, &n->error) != PUMA_OK) goto done;
    for (size_t i = 0; i < run->count && s->status == PUMA_OK; i++) {
        const task *t = &run->tasks[i];
        uint64_t    before = from_parties(wire, p->parties);

        play(s, t, n->role < p->parties, wire);
        if (n->role == p->dealer && t->to != n->role && from_parties(wire, p->parties) != before)
            n->heard = t->name;
        if (s->status == PUMA_OK) n->reached = i + 1;
        if (wire) net_counts(wire, &n->behind[i]);
    }
    if (s->status != PUMA_OK)
        n->error = *session_error(s);
    else if (wire)
        net_finish(wire, &n->error);
done:
    if (wire && n->error.status != PUMA_OK) net_abort(wire, &n->error);
    if (wire) net_counts(wire, &n->counts);
    session_close(s);
    if (wire) net_close(wire);
    return NULL;
}

/* --- wires ------------------------------------------------------------------------------------ */

typedef struct wires {
    net_transport transport;
    net_hub      *hub;
    char          address[PUMA_NODES][32];
    int           listening[PUMA_NODES];
    char          certificates[64];
    uint8_t       seed[32];
    bool          has_seed;
} wires;

static int listen_anywhere(char address[32])
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          size = sizeof a;
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        fatal(strerror(errno));
    snprintf(address, 32, "127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    return fd;
}

static void wires_make(wires *w, uint32_t parties)
{
    puma_error e = { 0 };

    w->hub = w->transport == NET_MEMORY ? net_hub_new() : NULL;
    if (w->transport == NET_MEMORY && !w->hub) fatal("out of memory");
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        w->listening[i] = w->transport != NET_MEMORY && i < parties ? listen_anywhere(w->address[i]) : -1;
    if (w->transport != NET_TLS) return;
    snprintf(w->certificates, sizeof w->certificates, "/tmp/puma-conformance-XXXXXX");
    if (!mkdtemp(w->certificates)) fatal(strerror(errno));
    if (certificates_make(w->certificates, parties, 2, &e) != PUMA_OK) fatal(e.text);
}

static void wires_remove(wires *w)
{
    DIR *d;

    if (w->hub) net_hub_free(w->hub);
    if (w->transport != NET_TLS) return;
    d = opendir(w->certificates);
    if (!d) return;
    for (struct dirent *f; (f = readdir(d));)
        if (f->d_name[0] != '.') unlinkat(dirfd(d), f->d_name, 0);
    closedir(d);
    rmdir(w->certificates);
}

static net_config wire_of(const wires *w, const puma_protocol *p, uint32_t self, bool rehearsal)
{
    net_config c = { .transport = rehearsal ? NET_COUNTING : w->transport,
                     .self = self,
                     .listen_fd = w->listening[self],
                     .hub = w->hub,
                     .certificates = w->transport == NET_TLS ? w->certificates : NULL,
                     .dealer = p->dealer,
                     .called_dealer = (p->caps & PUMA_CAP_DEALER) != 0,
                     .connect_timeout_ms = 20000,
                     .io_timeout_ms = 60000,
                     .hello = "conformance=1\n",
                     .seed = w->has_seed && !rehearsal ? w->seed : NULL };

    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        c.present[i] = i < p->parties || i == PUMA_CLIENT;
        c.address[i] = i < p->parties && w->transport != NET_MEMORY ? w->address[i] : NULL;
    }
    return c;
}

/* --- one run ---------------------------------------------------------------------------------- */

/* Counts of a whole run: the dealer receives from nobody who computes, and what was sent has arrived. */
static void check_counts(const node *nodes, const puma_protocol *p, const char *arithmetic)
{
    uint64_t sent = 0, received = 0, offline = 0, rounds = 0, online = 0;

    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        if (i >= p->parties && i != PUMA_CLIENT) continue;
        for (uint32_t k = 0; k < PUMA_NODES; k++) {
            sent += nodes[i].counts.sent[k][PUMA_OFFLINE] + nodes[i].counts.sent[k][PUMA_ONLINE];
            offline += nodes[i].counts.sent[k][PUMA_OFFLINE];
            received += nodes[i].counts.received[k];
        }
        if (nodes[i].counts.depth > rounds) rounds = nodes[i].counts.depth;
        if (nodes[i].counts.depth_online > online) online = nodes[i].counts.depth_online;
    }
    check(sent == received, "all that was sent has been received", "bytes differ");
    if (p->dealer != PUMA_NODES)
        check(!nodes[p->dealer].heard, "the dealer waits for no party",
              nodes[p->dealer].heard ? nodes[p->dealer].heard : "");
    printf("       %s: %llu bytes, %llu of them offline, %llu rounds, %llu online\n", arithmetic,
           (unsigned long long)sent, (unsigned long long)offline, (unsigned long long)rounds,
           (unsigned long long)online);
}

/* Plays all tasks; false when a node failed, which is said. */
static bool play_all(const suite *run, wires *w, node *nodes, size_t *reached, const puma_error **error)
{
    const puma_protocol *p = run->backend->protocol;
    bool                 local = (p->caps & PUMA_CAP_LOCAL) != 0;

    *reached = run->count;
    *error = NULL;
    if (!local) wires_make(w, p->parties);
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        nodes[i] = (node){ .run = run, .role = i };
        if (i >= p->parties && (i != PUMA_CLIENT || local)) continue;
        nodes[i].behind = calloc(run->count + 1, sizeof *nodes[i].behind);
        if (!nodes[i].behind) fatal("out of memory");
        if (!local) nodes[i].wire = wire_of(w, p, i, run->rehearsal);
        if (pthread_create(&nodes[i].thread, NULL, live, &nodes[i]) != 0) fatal("cannot start a thread");
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        if (i >= p->parties && (i != PUMA_CLIENT || local)) continue;
        pthread_join(nodes[i].thread, NULL);
        if (nodes[i].error.status != PUMA_OK)
            printf("       node %u: E%04u: %s\n", i, nodes[i].error.code, nodes[i].error.text);
        if (nodes[i].reached < *reached || (!*error && nodes[i].error.status != PUMA_OK)) {
            if (nodes[i].reached < *reached) *reached = nodes[i].reached;
            if (nodes[i].error.status != PUMA_OK) *error = &nodes[i].error;
        }
    }
    if (!local) wires_remove(w);
    return *error == NULL;
}

/* Do two runs of this task differ at any node: bytes to each other node by phase, bytes from it, messages,
 * depth? */
static bool counts_differ(const node *x, const node *y, size_t i)
{
    static const net_count none;

    for (uint32_t k = 0; k < PUMA_NODES; k++) {
        const net_count *a[2], *b[2];

        if (!x[k].behind) continue;
        a[1] = &x[k].behind[i];
        b[1] = &y[k].behind[i];
        a[0] = i > 0 ? a[1] - 1 : &none;
        b[0] = i > 0 ? b[1] - 1 : &none;
        for (uint32_t to = 0; to < PUMA_NODES; to++) {
            if (a[1]->received[to] - a[0]->received[to] != b[1]->received[to] - b[0]->received[to])
                return true;
            for (int phase = 0; phase < 2; phase++)
                if (a[1]->sent[to][phase] - a[0]->sent[to][phase] !=
                    b[1]->sent[to][phase] - b[0]->sent[to][phase])
                    return true;
        }
        if (a[1]->messages - a[0]->messages != b[1]->messages - b[0]->messages ||
            a[1]->depth - a[0]->depth != b[1]->depth - b[0]->depth ||
            a[1]->depth_online - a[0]->depth_online != b[1]->depth_online - b[0]->depth_online)
            return true;
    }
    return false;
}

/* The tasks once more without their numbers, as `puma plan` does it: the same counts, task by task. */
static void rehearse(suite *run, const node *played)
{
    wires             w = { .transport = NET_MEMORY };
    node              nodes[PUMA_NODES];
    const puma_error *error;
    size_t            reached;
    bool              ended;

    run->rehearsal = true;
    ended = play_all(run, &w, nodes, &reached, &error);
    check(ended, "the rehearsal ends well", error ? error->text : "");
    for (size_t i = 0; ended && i < run->count; i++) {
        char name[sizeof run->tasks[i].name + 16];

        snprintf(name, sizeof name, "rehearsed %s", run->tasks[i].name);
        check(!counts_differ(played, nodes, i), name,
              "bytes, messages or rounds differ from the counted ones");
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) free(nodes[i].behind);
    run->rehearsal = false;
}

static void run_suite(suite *run, wires *w)
{
    const puma_protocol *p = run->backend->protocol;
    node                 nodes[PUMA_NODES];
    const puma_error    *error;
    size_t               reached;
    bool                 ended = play_all(run, w, nodes, &reached, &error);

    for (size_t i = 0; i < run->count; i++) {
        const task *t = &run->tasks[i];
        const char *why = i < reached ? t->g->verify(t) : i == reached && error ? error->text : "not reached";

        check(!why, t->name, why);
    }
    check(ended, run->is_float ? "the run in floating point ends well" : "the run ends well",
          error ? error->text : "");
    if ((p->caps & PUMA_CAP_LOCAL) == 0 && ended) {
        check_counts(nodes, p, run->is_float ? "float" : "fixed");
        rehearse(run, nodes);
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) free(nodes[i].behind);
}

/* --- cases of a backend ----------------------------------------------------------------------- */

static bool ring_fits(const spec *s, const puma_protocol *p)
{
    return (p->caps & PUMA_CAP_RINGS) ||
           ((s->bits == 64 || s->bits <= 1) && (s->zbits == 64 || s->zbits == 0));
}

/* A node that this backend has and that can own or receive values. */
static bool node_fits(uint32_t role, const puma_protocol *p)
{
    if (role == PUMA_CLIENT) return true;
    if ((p->caps & PUMA_CAP_LOCAL) || role >= p->parties) return false;
    return !((p->caps & PUMA_CAP_DEALER) && role == p->dealer);
}

static bool applies(const group *g, const spec *s, const suite *run)
{
    const puma_protocol *p = run->backend->protocol;

    return (p->caps & g->needs) == g->needs && (!g->has || g->has(&run->backend->extensions)) && ring_fits(s, p) &&
           ((s->flags & IS_FLOAT) != 0) == run->is_float &&
           !((s->flags & WRAPS) && (p->caps & PUMA_CAP_CLEAR));
}

static void drop(task *t)
{
    for (size_t k = 0; k < MAX_OPERANDS; k++) {
        free(t->in[k].w);
        free(t->out[k].w);
    }
    for (size_t k = 0; k < MAX_CONSTANTS; k++) free(t->constants[k].w);
}

static void collect(suite *run, const char *only)
{
    const puma_protocol *p = run->backend->protocol;
    size_t               most = 0, skipped = 0;

    for (size_t g = 0; g < group_count; g++) most += groups[g]->count;
    run->tasks = calloc(most, sizeof *run->tasks);
    if (!run->tasks) fatal("out of memory");
    for (size_t g = 0; g < group_count; g++)
        for (size_t i = 0; i < groups[g]->count; i++) {
            const spec *s = &groups[g]->specs[i];
            task       *t = &run->tasks[run->count];

            if (only && strcmp(only, groups[g]->name) != 0) continue;
            if (!applies(groups[g], s, run)) {
                if (((s->flags & IS_FLOAT) != 0) == run->is_float) skipped++;
                continue;
            }
            *t = (task){ .g = groups[g], .s = s, .owner = PUMA_CLIENT, .to = PUMA_CLIENT };
            snprintf(t->name, sizeof t->name, "%s: %s (%zu, %zu, %zu, %zu; ring %u to %u, shift %u)",
                     groups[g]->name, s->what, s->size[0], s->size[1], s->size[2], s->size[3], s->bits,
                     s->zbits ? s->zbits : s->bits, s->shift);
            t->g->prepare(t);
            if (node_fits(t->owner, p) && node_fits(t->to, p)) {
                run->count++;
            } else {
                drop(t);
                skipped++;
            }
        }
    printf("       %zu cases, %zu do not apply to %s\n", run->count, skipped, run->backend->entry->name);
}

static void check_table(const plugin *b)
{
    const puma_protocol *p = b->protocol;
    bool                 local = (p->caps & PUMA_CAP_LOCAL) != 0;

    check(b->entry->abi_version >> 16 == PUMA_ABI_MAJOR, "ABI: major version is the host's", "it is not");
    check(b->entry->summary[0] && b->entry->version[0], "ABI: says its version and what it is", "empty text");
    check(local ? p->parties == 1 : p->parties > 1, "ABI: parties go with LOCAL", "they do not");
    check(!(p->caps & PUMA_CAP_DEALER) || p->dealer < p->parties, "ABI: DEALER names its dealer",
          "none named");
    check(!(p->caps & PUMA_CAP_FLOAT), "ABI: FLOAT is a session's, not a backend's", "set in the table");
    check(!(p->caps & PUMA_CAP_CLEAR) || local, "ABI: values in the clear stay in one process",
          "CLEAR without LOCAL");
}

static bool is_group(const char *name)
{
    for (size_t g = 0; g < group_count; g++)
        if (strcmp(groups[g]->name, name) == 0) return true;
    return false;
}

static int no_group(const char *name)
{
    fprintf(stderr, "conformance: no group of cases is called \"%s\"; there are:", name);
    for (size_t g = 0; g < group_count; g++) fprintf(stderr, "%s %s", g > 0 ? "," : "", groups[g]->name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    const char *backend = NULL, *only = NULL;
    wires       w = { .transport = NET_MEMORY };
    puma_error  e = { 0 };
    suite       run = { 0 };

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--backend") == 0) {
            backend = value;
        } else if (strcmp(argv[i], "--only") == 0) {
            only = value;
        } else if (strcmp(argv[i], "--seed") == 0) {
            w.has_seed = true;
            snprintf((char *)w.seed, sizeof w.seed, "%s", value);
        } else if (strcmp(argv[i], "--transport") == 0 && strcmp(value, "memory") == 0) {
            w.transport = NET_MEMORY;
        } else if (strcmp(argv[i], "--transport") == 0 && strcmp(value, "tcp") == 0) {
            w.transport = NET_TCP;
        } else if (strcmp(argv[i], "--transport") == 0 && strcmp(value, "tls") == 0) {
            w.transport = NET_TLS;
        } else {
            backend = NULL;
            break;
        }
    }
    if (!backend || !*backend) {
        fprintf(stderr, "usage: conformance --backend NAME|FILE.so [--transport memory|tcp|tls] [--only "
                        "GROUP] [--seed N]\n");
        return 2;
    }
    if (only && !is_group(only)) return no_group(only);
    if (strchr(backend, '/'))
        plugin_open_file(&run.backend, backend, &e);
    else
        plugin_open(&run.backend, backend, NULL, NULL, &e);
    if (e.status == PUMA_OK && !run.backend->protocol) error_set(&e, 613, "%s: brings no protocol", backend);
    if (e.status != PUMA_OK) {
        error_print(&e);
        return (int)e.status;
    }
    run.ring_bits = 64;
    check_table(run.backend);
    for (int arithmetic = 0; arithmetic < (run.backend->protocol->caps & PUMA_CAP_CLEAR ? 2 : 1);
         arithmetic++) {
        run.is_float = arithmetic == 1;
        run.tasks = NULL;
        run.count = 0;
        collect(&run, only);
        run_suite(&run, &w);
        for (size_t i = 0; i < run.count; i++) drop(&run.tasks[i]);
        free(run.tasks);
    }
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
