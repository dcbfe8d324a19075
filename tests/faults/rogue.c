/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rogue.c - a peer that says whatever it likes, over tcp and tls: each refusal of the handshake and of the
 * running protocol is reached once at least, by its code and its words, and the honest node does not wait,
 * grow or fall.
 *
 *     rogue [NAME]: the cases whose names begin with NAME; none: all, and every code of classes 7, 8 and 9 is
 *     reached by one of them or has a reason below. */
#include "attacks.h"
#include "transport.h"
#include "world.h"

#include "base/error.h"
#include "../support/certificates.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECT_MS 1000
#define IO_MS 600
#define WATCHDOG_S 20
#define WORKERS 8
#ifdef __SANITIZE_ADDRESS__ /* it keeps what is freed, and fences all */
#define GROWTH ((long)512 << 10)
#else
#define GROWTH ((long)64 << 10) /* KiB, of any case but the flood */
#endif

/* --- the honest node ---------------------------------------------------------------------------- */

static void *play(void *context)
{
    honest  *h = context;
    net     *n;
    uint32_t other = 1 - h->config.self;
    uint8_t *payload = NULL;
    char    *text = NULL;

    if (net_open(&n, &h->config, &h->error) == PUMA_OK) {
        while (h->busy && !atomic_load(&h->go)) usleep(1000);
        if (net_recv(n, other, &payload, ASKED, &h->error) == PUMA_OK &&
            net_recv_control(n, other, &text, CONTROL, &h->error) == PUMA_OK)
            net_finish(n, &h->error);
        if (h->error.status != PUMA_OK) net_abort(n, &h->error);
        net_close(n);
    }
    free(payload);
    free(text);
    h->ended_s = world_now();
    return NULL;
}

/* --- one case ----------------------------------------------------------------------------------- */

/* Shared by the processes that play the cases. */
typedef struct tally {
    atomic_size_t passed, failed, next;
    atomic_bool   reached[10000];
} tally;
static tally *all;

static void tally_up(bool good) { atomic_fetch_add(good ? &all->passed : &all->failed, 1); }
static void reach(unsigned code)
{
    if (code < 10000) atomic_store(&all->reached[code], true);
}

/* The directory and the role of a certificate: "party1", "other/party1". */
static void show_certificate(scene *s, const char *role)
{
    char        directory[300];
    const char *slash = strchr(role, '/');

    snprintf(directory, sizeof directory, "%s%s%.*s", world_folder(), slash != NULL ? "/" : "",
             slash != NULL ? (int)(slash - role) : 0, role);
    peer_secure(&s->p, directory, slash != NULL ? slash + 1 : role, s->a->answers);
}

static void prepare(scene *s, char address[2][32])
{
    const attack *a = s->a;
    net_config   *c = &s->h.config;
    uint32_t      self = a->answers ? 1 : 0;
    int           fds[2] = { world_listen(address[0], 32), world_listen(address[1], 32) };

    *c = (net_config){ .transport = s->tls ? NET_TLS : NET_TCP,
                       .self = self,
                       .present = { true, true, a->third },
                       .address = { address[0], address[1] },
                       .listen_fd = fds[self],
                       .certificates = world_folder(),
                       .dealer = PUMA_NO_NODE,
                       .connect_timeout_ms = CONNECT_MS,
                       .io_timeout_ms = IO_MS,
                       .hello = s->lines };
    s->h.busy = a->busy;
    s->port = atoi(strchr(address[self], ':') + 1);
    s->listen_fd = fds[1 - self];
    peer_begin(&s->p, 1 - self, self, c->present, s->lines);
    if (s->tls) show_certificate(s, a->role != NULL ? a->role : a->answers ? "party0" : "party1");
}

static void run_attack(const attack *a, bool tls, const char *lines)
{
    scene         s = { .a = a, .tls = tls, .lines = lines };
    char          address[2][32];
    struct rusage before, after;
    double        start = world_now(), limit = 2 + CONNECT_MS / 1000.0;
    const char   *wrong = NULL;

    getrusage(RUSAGE_SELF, &before);
    alarm(WATCHDOG_S);
    prepare(&s, address);
    if (pthread_create(&s.h.thread, NULL, play, &s.h) != 0) exit(99);
    if (a->answers ? peer_answer(&s.p, s.listen_fd) : peer_call(&s.p, s.port)) {
        attack_behave(&s, a->upto);
        a->act(&s);
    }
    atomic_store(&s.h.go, true);
    peer_hang_up(&s.p);
    pthread_join(s.h.thread, NULL);
    alarm(0);
    close(s.listen_fd);
    peer_end(&s.p);
    getrusage(RUSAGE_SELF, &after);
    if (s.h.error.code != a->code || (a->code != 0 && strstr(s.h.error.text, a->says) == NULL))
        wrong = "another end";
    else if (s.h.ended_s - start > limit && !attack_floods(a))
        wrong = "too late";
    else if (after.ru_maxrss - before.ru_maxrss > (attack_floods(a) ? 6 * GROWTH : GROWTH))
        wrong = "too much memory";
    reach(s.h.error.code);
    tally_up(wrong == NULL);
    if (wrong != NULL)
        printf("FAILED %s over %s: %s: E%04u %s (expected E%04u %s); %.2f s, %ld KiB\n", a->name,
               tls ? "tls" : "tcp", wrong, s.h.error.code, s.h.error.text, a->code, a->says,
               s.h.ended_s - start, after.ru_maxrss - before.ru_maxrss);
}

/* --- every key of a plan ------------------------------------------------------------------------ */

/* The lines with one of them changed: its value, or all of it left out. */
static char *change_line(const char *lines, const char *at, bool leave_out)
{
    size_t before = (size_t)(at - lines), line = strcspn(at, "\n"), key = strcspn(at, "=");
    char  *text = malloc(strlen(lines) + 8);

    if (text == NULL) abort();
    sprintf(text, "%.*s", (int)before, lines);
    if (!leave_out) sprintf(text + strlen(text), "%.*s=other\n", (int)key, at);
    strcat(text, at + line + 1);
    return text;
}

static size_t count_keys(const char *lines)
{
    size_t keys = 0;

    for (const char *at = lines; *at != '\0'; at += strcspn(at, "\n") + 1) keys++;
    return keys;
}

/* Key `number` of a plan differs: its value, or it is not there. */
static void differ_in(const char *lines, size_t number)
{
    const char *at = lines;
    char        says[120], *text;

    for (size_t i = 0; i < number; i++) at += strcspn(at, "\n") + 1;
    text = change_line(lines, at, number % 3 == 2);
    snprintf(says, sizeof says, "key %.*s: ", (int)strcspn(at, "="), at);
    run_attack(&(attack){ .name = says,
                          .code = 902,
                          .says = says,
                          .act = attack_config,
                          .upto = FRAME_HELLO,
                          .text = text },
               number % 8 == 7, lines);
    free(text);
}

/* --- what only a whole run can say -------------------------------------------------------------- */

static void forge_bill(void *context, frame_head *head, uint8_t **payload, size_t *size)
{
    (void)context;
    head->length = *size = 2;
    memcpy(*payload, "{}", 2);
}

static void whole_run(world *w, const fault *faults, size_t count, unsigned code, const char *says)
{
    world_end end;

    fault_arm(faults, count);
    alarm(WATCHDOG_S);
    world_run(w, &end);
    alarm(0);
    fault_arm(NULL, 0);
    for (uint32_t i = 0; i <= w->parties; i++) {
        bool good = end.error[i].code == code && strstr(end.error[i].text, says) != NULL;

        tally_up(good);
        if (!good)
            printf("FAILED %s: E%04u %s (expected E%04u %s)\n", world_title(world_node(w, i)),
                   end.error[i].code, end.error[i].text, code, says);
        reach(end.error[i].code);
    }
}

static void whole_runs(world *w)
{
    world_end end;
    fault     bill;
    char     *tokens;

    fault_arm(NULL, 0);
    world_run(w, &end);
    bill = (fault){ .kind = FAULT_FORGE,
                    .from = 1,
                    .to = PUMA_CLIENT,
                    .k = fault_messages(1, PUMA_CLIENT) - 2,
                    .forge = forge_bill };
    whole_run(w, &bill, 1, 750, "party 1");
    /* The client's own lines: an input of a length that is none. */
    tokens = strstr(w->client->hello, "input.tokens=");
    if (tokens == NULL) exit(99);
    tokens[strlen("input.tokens=")] = 'x';
    whole_run(w, NULL, 0, 910, "client: input.tokens: not a list of lengths");
}

/* --- every code --------------------------------------------------------------------------------- */

static const struct {
    unsigned    code;
    const char *why;
} elsewhere[] = {
    { 705, "an address of this host's: tests/unit/test_net_faults.c" },
    { 710, "a party's process dies, no frame does it: tests/e2e/killed.c" },
    { 801, "a file of this host's: tests/unit/test_net_faults.c" },
    { 911, "a file of the dealer's: tests/e2e/material.sh" },
    { 912, "a file of the dealer's: tests/e2e/material.sh" },
};

static void check_codes(void)
{
    static const unsigned codes[] = {
#define ERROR(number, meaning) number,
#include "base/errors.def"
#undef ERROR
    };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const char *why = NULL;
        bool        good;

        if (codes[i] < 700 || codes[i] >= 1000) continue;
        for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++)
            if (elsewhere[k].code == codes[i]) why = elsewhere[k].why;
        good = atomic_load(&all->reached[codes[i]]) == (why == NULL);
        printf("  E%04u %s\n", codes[i], why != NULL ? why : good ? "reached" : "NOT reached, and no reason");
        tally_up(good);
    }
}

/* Certificates of this run, of another authority, and a node that trusts only the other. */
static void make_certificates(void)
{
    char       path[300], command[1200];
    puma_error e = { 0 };

    snprintf(path, sizeof path, "%s/other", world_folder());
    if (certificates_make(world_folder(), 3, 2, &e) != PUMA_OK ||
        certificates_make(path, 3, 2, &e) != PUMA_OK) {
        fprintf(stderr, "%s\n", e.text);
        exit(99);
    }
    snprintf(command, sizeof command, "cd %s && mkdir strict && cp party0.* strict && cp other/ca.pem strict",
             world_folder());
    if (system(command) != 0) exit(99);
}

/* Case i of all: each attack over tcp and over tls, then each key.  False: there is none. */
static bool play_case(size_t i, const char *only, const char *lines)
{
    const attack *a = &ATTACKS[i / 2];

    if (i >= 2 * ATTACK_COUNT) {
        i -= 2 * ATTACK_COUNT;
        if (*only != '\0' || i >= count_keys(lines)) return false;
        differ_in(lines, i);
    } else if (strncmp(a->name, only, strlen(only)) == 0 &&
               (a->over == 0 || a->over == (i % 2 == 0 ? TCP : TLS))) {
        run_attack(a, i % 2 == 1, LINES);
    }
    return true;
}

/* The first cases are played here, as later ones repeat what they said. */
static void play_all(const char *only, const char *lines)
{
    for (size_t i = 0; i < 2; i++) play_case(i, "", lines);
    fflush(stdout);
    atomic_store(&all->next, 2);
    for (int i = 0; i < WORKERS; i++)
        if (fork() == 0) {
            while (play_case(atomic_fetch_add(&all->next, 1), only, lines)) continue;
            fflush(stdout);
            _exit(0);
        }
    for (int status; wait(&status) > 0;)
        if (status != 0) {
            printf("FAILED a case: status %#x%s\n", (unsigned)status,
                   WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ": hang" : "");
            tally_up(false);
        }
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
    world       w;

    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return 99;
    world_open(&w, "rep3", "memory"); /* its folder is ours, too */
    make_certificates();
    play_all(only, w.client->plan->hello);
    if (*only == '\0') {
        whole_runs(&w);
        check_codes();
    }
    world_close(&w);
    printf("rogue: %zu passed, %zu failed\n", atomic_load(&all->passed), atomic_load(&all->failed));
    return atomic_load(&all->failed) > 0;
}
