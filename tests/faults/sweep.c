/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sweep.c - every message of a whole run, on every link, meets every fault.  Each time the answer is right,
 * or all nodes end in time, by the right class of error, and name an end of the link.
 *
 *     sweep [--protocol NAME] [--transport NAME] [--stride N] [--seed N] [--jobs N]
 *     sweep --replay FROM-TO FAULT K [--protocol NAME] [--transport NAME] [--seed N]
 *
 * NAME of a transport: memory, tcp, tls, or records, which is tls with the faults in its records.  A stride
 * of N takes one case of N, which the seed chooses; without arguments, as a test, one of 400. */
#include "transport.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAULTS ((size_t)FAULT_FORGE) /* those of the sweep: all before */
#define LATE_S 2.0
#define WATCHDOG_S 20
#define GROWTH ((long)64 << 10) /* KiB that a run may add to the process */

typedef struct sweep {
    const char *protocol, *transport;
    bool        records, compound;
    uint64_t    seed;
    unsigned    stride, jobs;
    world       world;
    uint64_t    messages[PUMA_NODES][PUMA_NODES]; /* of a run without faults */
} sweep;

/* One case. */
typedef struct single {
    uint32_t   from, to;
    fault_kind kind;
    uint64_t   k;
} single;

typedef enum verdict {
    NOT_RUN,
    RUNNING,
    RIGHT,
    REFUSED_7,
    REFUSED_8,
    REFUSED_9,
    OTHER,
    HANG,
    CRASH,
    WRONG,
    VERDICTS
} verdict;

typedef struct result {
    verdict verdict;
    bool    bad;
    char    why[160];
} result;

/* --- one case ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static fault fault_of(const sweep *s, const single *c)
{
    return (fault){ .kind = c->kind,
                    .from = c->from,
                    .to = c->to,
                    .k = c->k,
                    .records = s->records,
                    .seed = mix(s->seed + mix(c->k * 64 + (uint64_t)c->kind * 4096 + c->from * 8 + c->to)) };
}

/* Payload that is wrong before TLS seals it, or lacks bytes that what follows makes up for, is what a party
 * does that deviates: nobody can see it, and SECURITY.md says so. */
static bool visible(const sweep *s, fault_kind kind)
{
    return (kind != FAULT_FLIP && kind != FAULT_TRUNCATE) || s->records || strcmp(s->transport, "tls") != 0;
}

/* The word that the receiver of the first fault sends to a third node, which fails as well. */
static fault second_of(const sweep *s, const single *c)
{
    static const fault_kind kinds[] = { FAULT_DROP,  FAULT_TRUNCATE, FAULT_FLIP,
                                        FAULT_CLOSE, FAULT_STOP,     FAULT_DUPLICATE };
    fault                   f = fault_of(s, c);

    f.on_abort = true;
    f.kind = kinds[(f.seed >> 8) % 6];
    if (!visible(s, f.kind)) f.kind = FAULT_DROP;
    f.from = c->to;
    for (uint32_t i = 0; i <= s->world.parties; i++) {
        f.to = world_node(&s->world, i);
        if (f.to != c->from && f.to != c->to) break;
    }
    return f;
}

static void complain(result *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(result *r, const char *format, ...)
{
    va_list list;

    if (r->bad) return;
    r->bad = true;
    va_start(list, format);
    vsnprintf(r->why, sizeof r->why, format, list);
    va_end(list);
}

/* Is this class one that the fault may end with?  TLS finds its own records damaged; a stream that ends or
 * falls silent is the network's, over TLS too. */
static bool fits(const sweep *s, const single *c, puma_status status)
{
    if (status == PUMA_ENET) return true;
    if (status == PUMA_ETLS) return s->records && c->kind < FAULT_CLOSE;
    return status == PUMA_EDISAGREE && c->k <= 3; /* HELLO, CONFIG, ROSTER, READY */
}

static void judge_failure(const sweep *s, const single *c, const world_end *end, uint32_t i, double since,
                          result *r)
{
    const puma_error *e = &end->error[i];
    double            limit = (c->k <= 3 ? WORLD_CONNECT_MS : WORLD_IO_MS) / 1000.0 + LATE_S;

    if (!fits(s, c, e->status))
        complain(r, "%s ends with class %d: %s", world_title(world_node(&s->world, i)), (int)e->status,
                 e->text);
    if (!world_names(&s->world, e->text, c->from) && !world_names(&s->world, e->text, c->to))
        complain(r, "%s names no end of the link: %s", world_title(world_node(&s->world, i)), e->text);
    if (end->ended_s[i] - since > limit)
        complain(r, "%s ends after %.2f s, limit %.2f s: %s", world_title(world_node(&s->world, i)),
                 end->ended_s[i] - since, limit, e->text);
}

static verdict classify(const world_end *end, uint32_t nodes)
{
    bool seen[3] = { false };

    for (uint32_t i = 0; i < nodes; i++) {
        puma_status status = end->error[i].status;

        if (status >= PUMA_ENET && status <= PUMA_EDISAGREE)
            seen[status - PUMA_ENET] = true;
        else if (status != PUMA_OK)
            return OTHER;
    }
    return seen[2] ? REFUSED_9 : seen[1] ? REFUSED_8 : REFUSED_7;
}

static void judge(const sweep *s, const single *c, const world_end *end, double since, long grown, result *r)
{
    uint32_t nodes = s->world.parties + 1, failed = 0;

    for (uint32_t i = 0; i < nodes; i++) {
        if (end->error[i].status == PUMA_OK) continue;
        failed++;
        judge_failure(s, c, end, i, since, r);
    }
    if (end->error[nodes - 1].status == PUMA_OK && !end->right) {
        r->verdict = WRONG;
        complain(r, "a wrong answer with 0");
    } else {
        r->verdict = failed == 0 ? RIGHT : classify(end, nodes);
    }
    /* Whoever has all that it needs when the last words are damaged cannot know of it; the one before the
     * last can show as late as the last. */
    if (failed > 0 && failed < nodes && c->k + 2 < s->messages[c->from][c->to])
        complain(r, "%u of %u nodes end with 0", nodes - failed, nodes);
    if (grown > GROWTH) complain(r, "memory grows by %ld KiB", grown);
}

static long peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void run_case(sweep *s, const single *c, result *r, bool tell)
{
    fault     faults[2] = { fault_of(s, c), second_of(s, c) };
    world_end end;
    double    since;
    long      before = peak_kib();

    r->verdict = RUNNING;
    fault_arm(faults, s->compound ? 2 : 1);
    alarm(WATCHDOG_S);
    world_run(&s->world, &end);
    alarm(0);
    if (!fault_struck(0, &since))
        complain(r, "the message never came: %s", end.error[s->world.parties].text);
    else
        judge(s, c, &end, since, peak_kib() - before, r);
    for (uint32_t i = 0; tell && i <= s->world.parties; i++)
        printf("%s: %d after %.3f s: %s\n", world_title(world_node(&s->world, i)), (int)end.error[i].status,
               end.ended_s[i] - since, end.error[i].text);
    fault_arm(NULL, 0);
}

/* --- all cases ---------------------------------------------------------------------------------- */

static single *list_cases(const sweep *s, size_t *count)
{
    single  *list = NULL;
    size_t   used = 0;
    uint64_t number = 0;

    for (uint32_t i = 0; i < PUMA_NODES; i++)
        for (uint32_t k = 0; k < PUMA_NODES; k++)
            for (uint64_t m = 0; m < s->messages[i][k]; m++)
                for (size_t kind = 0; kind < FAULTS; kind++) {
                    if (!visible(s, (fault_kind)kind) || mix(s->seed + number++) % s->stride != 0) continue;
                    if (used % 1024 == 0) list = realloc(list, (used + 1024) * sizeof *list);
                    if (list == NULL) exit(99);
                    list[used++] = (single){ i, k, (fault_kind)kind, m };
                }
    *count = used;
    return list;
}

static void worker(sweep *s, const single *cases, result *results, size_t count, unsigned number)
{
    for (size_t i = number; i < count; i += s->jobs)
        if (results[i].verdict == NOT_RUN) run_case(s, &cases[i], &results[i], false);
    _exit(0);
}

static pid_t start_worker(sweep *s, const single *cases, result *results, size_t count, unsigned number)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0) exit(99);
    if (pid == 0) worker(s, cases, results, count, number);
    return pid;
}

/* Which case was it that ended a worker?  The watchdog's signal means a hang. */
static void bury(result *results, size_t count, unsigned jobs, unsigned number, int status)
{
    for (size_t i = number; i < count; i += jobs) {
        if (results[i].verdict != RUNNING) continue;
        results[i].verdict = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? HANG : CRASH;
        complain(&results[i], "%s: status %#x", results[i].verdict == HANG ? "hang" : "crash",
                 (unsigned)status);
    }
}

static void run_all(sweep *s, const single *cases, result *results, size_t count)
{
    pid_t    pids[64];
    unsigned left = s->jobs;

    for (unsigned i = 0; i < s->jobs; i++) pids[i] = start_worker(s, cases, results, count, i);
    while (left > 0) {
        int   status;
        pid_t pid = waitpid(-1, &status, 0);

        for (unsigned i = 0; i < s->jobs; i++) {
            if (pids[i] != pid) continue;
            pids[i] = -1;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                left--;
            } else {
                bury(results, count, s->jobs, i, status);
                pids[i] = start_worker(s, cases, results, count, i);
            }
        }
    }
}

static size_t print_table(const sweep *s, const single *cases, const result *results, size_t count)
{
    static const char *const heads[] = { "right", "refused 7", "refused 8", "9",
                                         "other", "hang",      "crash",     "wrong" };
    size_t                   table[FAULT_KINDS][VERDICTS] = { 0 }, bad = 0;

    for (size_t i = 0; i < count; i++) {
        table[cases[i].kind][results[i].verdict]++;
        table[FAULT_KINDS - 1][results[i].verdict]++; /* the sums, in place of forge */
        if (!results[i].bad) continue;
        if (bad++ < 40)
            printf("FAILED --replay %s-%s %s %llu --protocol %s --transport %s --seed %llu%s: %s\n",
                   world_title(cases[i].from), world_title(cases[i].to), FAULT_NAMES[cases[i].kind],
                   (unsigned long long)cases[i].k, s->protocol, s->records ? "records" : s->transport,
                   (unsigned long long)s->seed, s->compound ? " --compound" : "", results[i].why);
    }
    printf("%-12s", "");
    for (size_t v = RIGHT; v < VERDICTS; v++) printf(" %9s", heads[v - RIGHT]);
    printf("\n");
    for (size_t kind = 0; kind <= FAULTS; kind++) {
        printf("%-12s", kind < FAULTS ? FAULT_NAMES[kind] : "all");
        for (size_t v = RIGHT; v < VERDICTS; v++)
            printf(" %9zu", table[kind < FAULTS ? kind : FAULT_KINDS - 1][v]);
        printf("\n");
    }
    return bad;
}

static void open_world(sweep *s)
{
    world_end end;

    world_open(&s->world, s->protocol, s->transport);
    fault_arm(NULL, 0);
    world_run(&s->world, &end);
    for (uint32_t i = 0; i <= s->world.parties; i++)
        if (end.error[i].status != PUMA_OK) {
            fprintf(stderr, "without a fault: %s\n", end.error[i].text);
            exit(99);
        }
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        for (uint32_t k = 0; k < PUMA_NODES; k++) s->messages[i][k] = fault_messages(i, k);
}

static size_t sweep_all(sweep *s, size_t *count)
{
    double  start = world_now();
    single *cases;
    result *results;
    size_t  bad;

    open_world(s);
    cases = list_cases(s, count);
    results =
        mmap(NULL, (*count + 1) * sizeof *results, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED) exit(99);
    run_all(s, cases, results, *count);
    printf("%s over %s%s: %zu cases, seed %llu, stride %u, %.0f s\n", s->protocol,
           s->records ? "records of tls" : s->transport, s->compound ? ", and ABORT fails too" : "", *count,
           (unsigned long long)s->seed, s->stride, world_now() - start);
    bad = print_table(s, cases, results, *count);
    munmap(results, (*count + 1) * sizeof *results);
    free(cases);
    world_close(&s->world);
    return bad;
}

/* --- the command line --------------------------------------------------------------------------- */

static uint32_t node_of(const char *name, size_t bytes)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (strlen(world_title(i)) == bytes && strncmp(world_title(i), name, bytes) == 0) return i;
    fprintf(stderr, "%s: no link\n", name);
    exit(2);
}

static int replay(sweep *s, char *const *words)
{
    const char *dash = strchr(words[0], '-');
    single      c = { .k = strtoull(words[2], NULL, 10) };
    result      r = { 0 };

    if (dash == NULL) return 2;
    c.from = node_of(words[0], (size_t)(dash - words[0]));
    c.to = node_of(dash + 1, strlen(dash + 1));
    while (c.kind < FAULTS && strcmp(FAULT_NAMES[c.kind], words[1]) != 0) c.kind++;
    if (c.kind == FAULTS) return 2;
    open_world(s);
    run_case(s, &c, &r, true);
    world_close(&s->world);
    printf("%s %s\n", r.bad ? "FAILED" : "good", r.why);
    return r.bad;
}

static void set_transport(sweep *s, const char *name)
{
    s->records = strcmp(name, "records") == 0;
    s->transport = s->records ? "tls" : name;
}

static const char *const all_protocols[] = { "rep3", "beaver2" }, *const all_transports[] = { "memory", "tcp",
                                                                                              "tls",
                                                                                              "records" };

/* Without a protocol or a transport: all of them. */
static int sweep_every(sweep *s, const char *protocol, const char *wire)
{
    size_t bad = 0, total = 0, count;

    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 4; k++) {
            if (protocol != NULL && strcmp(protocol, all_protocols[i]) != 0) continue;
            if (wire != NULL && strcmp(wire, all_transports[k]) != 0) continue;
            s->protocol = all_protocols[i];
            set_transport(s, all_transports[k]);
            bad += sweep_all(s, &count);
            total += count;
        }
    printf("sweep: %zu passed, %zu failed\n", total - bad, bad);
    return bad > 0 || total == 0;
}

int main(int argc, char **argv)
{
    sweep       s = { .seed = (uint64_t)getpid(), .stride = 1, .jobs = 8 };
    const char *protocol = NULL, *wire = NULL;
    char      **again = NULL;

    if (argc == 1) s.stride = 400;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--compound") == 0)
            s.compound = true;
        else if (strcmp(argv[i], "--replay") == 0 && i + 3 < argc)
            again = &argv[i + 1], i += 3;
        else if (strcmp(argv[i], "--protocol") == 0 && more)
            protocol = argv[++i];
        else if (strcmp(argv[i], "--transport") == 0 && more)
            wire = argv[++i];
        else if (strcmp(argv[i], "--stride") == 0 && more)
            s.stride = (unsigned)atoi(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0 && more)
            s.seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--jobs") == 0 && more)
            s.jobs = (unsigned)atoi(argv[++i]);
        else
            return 2;
    }
    if (s.stride == 0 || s.jobs == 0 || s.jobs > 64) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (again == NULL) return sweep_every(&s, protocol, wire);
    s.protocol = protocol != NULL ? protocol : "rep3";
    set_transport(&s, wire != NULL ? wire : "memory");
    return replay(&s, again);
}
