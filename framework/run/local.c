/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* local.c - see local.h */
#include "run/local.h"

#include "net/certificates.h"
#include "ring/ring.h"
#include "run/signals.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARTIES PUMA_MAX_PARTIES

typedef struct child {
    pid_t pid;      /* 0: none                                       */
    int   handle;   /* pidfd                                         */
    int   listener; /* its listening socket, until it has started    */
    int   words;    /* what it writes to stderr                      */
    char  address[32];
} child;

typedef struct household {
    child           children[PARTIES];
    size_t          count;
    char            certificates[64]; /* temporary directory; "" when there is none */
    int             done;             /* closed pipe: the client has ended           */
    pthread_mutex_t lock;
    bool            ended; /* somebody prints the final line              */
    uint32_t        dealer; /* its index, or PUMA_NODES                     */
} household;

static const char *title(const household *h, size_t index)
{
    static const char *const titles[PARTIES] = { "party 0", "party 1", "party 2", "party 3",
                                                 "party 4", "party 5", "party 6", "party 7" };

    return index == h->dealer ? "dealer" : titles[index];
}

static puma_status system_failed(puma_error *e, const char *what)
{
    return error_set(e, 1002, "%s: %s", what, strerror(errno));
}

/* --- the temporary directory ------------------------------------------------------------------ */

static void remove_certificates(household *h)
{
    DIR           *d = h->certificates[0] != '\0' ? opendir(h->certificates) : NULL;
    struct dirent *entry;

    if (d == NULL) return;
    while ((entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.') unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(h->certificates);
    h->certificates[0] = '\0';
}

static puma_status make_certificates(household *h, puma_error *e)
{
    const char *base = getenv("TMPDIR");
    char        path[64], directory[64];

    if (base == NULL || strlen(base) > 30) base = "/tmp";
    snprintf(path, sizeof path, "%s/puma-run-XXXXXX", base);
    if (mkdtemp(path) == NULL) return system_failed(e, path);
    snprintf(h->certificates, sizeof h->certificates, "%s", path);
    snprintf(directory, sizeof directory, "%s", path);
    return certificates_make(directory, (unsigned)h->count, 1, e);
}

/* --- children --------------------------------------------------------------------------------- */

/* A listening socket on a loopback port of its own: no port can be taken between here and the child. */
static puma_status make_listener(child *c, puma_error *e)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          size = sizeof a;

    c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(c->listener, 16) != 0 || getsockname(c->listener, (struct sockaddr *)&a, &size) != 0)
        return system_failed(e, "a listening socket on loopback");
    snprintf(c->address, sizeof c->address, "127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    return PUMA_OK;
}

/* In the child: becomes `puma run PATH --set … --party N`. */
static _Noreturn void become(const household *h, size_t index, char *const *argv, int keep)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signals_release();
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(h->children[index].words, 2) < 0 ||
        fcntl(keep, F_SETFD, 0) != 0)
        _exit(70);
    execv("/proc/self/exe", argv);
    _exit(70);
}

static puma_status start_child(household *h, const plan *p, size_t index, const char *path,
                               const char *const *sets, size_t set_count, puma_error *e)
{
    child *c = &h->children[index];
    size_t room = 2 * set_count + 2 * (PARTIES + 2) + 16, used = 0, text_used = 0;
    char **argv = calloc(room, sizeof *argv);
    char   texts[PARTIES + 4][160];
    int    threads = p->run->threads;

    if (argv == NULL) return error_set(e, 1001, "out of memory for a command line");
    argv[used++] = (char *)(uintptr_t) "puma";
    argv[used++] = (char *)(uintptr_t) "run";
    argv[used++] = (char *)(uintptr_t)path;
    for (size_t i = 0; i < set_count; i++) {
        /* Every user of the host can read a command line, and a party has no business with the prompt. */
        if (strncmp(sets[i], "input.", 6) == 0 || strncmp(sets[i], "chat.", 5) == 0) continue;
        argv[used++] = (char *)(uintptr_t) "--set";
        argv[used++] = (char *)(uintptr_t)sets[i];
    }
    for (size_t i = 0; i < h->count; i++) {
        argv[used++] = (char *)(uintptr_t) "--set";
        if (i == h->dealer && p->run->dealer != NULL) /* the key that the run file uses: one node has one */
            snprintf(texts[text_used], sizeof *texts, "network.dealer=%s", h->children[i].address);
        else
            snprintf(texts[text_used], sizeof *texts, "network.party%zu=%s", i, h->children[i].address);
        argv[used++] = texts[text_used++];
    }
    if (h->certificates[0] != '\0') {
        argv[used++] = (char *)(uintptr_t) "--set";
        snprintf(texts[text_used], sizeof *texts, "network.certificates=%s", h->certificates);
        argv[used++] = texts[text_used++];
    }
    if (threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        threads = cores > (long)h->count ? (int)(cores / (long)h->count) : 1;
        argv[used++] = (char *)(uintptr_t) "--set";
        snprintf(texts[text_used], sizeof *texts, "run.threads=%d", threads);
        argv[used++] = texts[text_used++];
    }
    argv[used++] = (char *)(uintptr_t) "--party";
    snprintf(texts[text_used], sizeof *texts, "%zu", index);
    argv[used++] = texts[text_used++];
    argv[used++] = (char *)(uintptr_t) "--quiet"; /* what it says is kept for its obituary alone */
    argv[used++] = (char *)(uintptr_t) "--listen-fd";
    snprintf(texts[text_used], sizeof *texts, "%d", c->listener);
    argv[used++] = texts[text_used++];
    c->words = memfd_create("puma party", MFD_CLOEXEC);
    if (c->words < 0) {
        free(argv);
        return system_failed(e, "a file for a party's messages");
    }
    fflush(NULL);
    c->pid = fork();
    if (c->pid == 0) become(h, index, argv, c->listener);
    free(argv);
    if (c->pid < 0) {
        c->pid = 0;
        return system_failed(e, "starting a party");
    }
    c->handle = (int)syscall(SYS_pidfd_open, c->pid, 0);
    close(c->listener);
    c->listener = -1;
    return c->handle < 0 ? system_failed(e, "watching a party") : PUMA_OK;
}

/* What a party that ended badly said: its own error line, or how it died.  False when it ended well. */
static bool obituary(const household *h, size_t index, int status, puma_error *e)
{
    const child *c = &h->children[index];
    char         text[2048];
    ssize_t      size;
    char        *line;
    unsigned     code;
    int          at = 0;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
    if (WIFSIGNALED(status)) {
        error_set(e, 710, "%s was killed by signal %d", title(h, index), WTERMSIG(status));
        return true;
    }
    size = pread(c->words, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    line = strstr(text, "puma: error E");
    if (line != NULL && sscanf(line, "puma: error E%4u: %n", &code, &at) == 1 && at > 0) {
        line += at;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "party", 5) == 0 || strncmp(line, "dealer: ", 8) == 0)
            error_set(e, code, "%s", line);
        else
            error_set(e, code, "%s: %s", title(h, index), line);
        return true;
    }
    error_set(e, 7001, "%s ended with status %d and said nothing", title(h, index),
              WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return true;
}

/* Claims the right to print the final line. */
static bool claim(household *h)
{
    bool first;

    pthread_mutex_lock(&h->lock);
    first = !h->ended;
    h->ended = true;
    pthread_mutex_unlock(&h->lock);
    return first;
}

static void kill_children(household *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->children[i].pid > 0) kill(h->children[i].pid, SIGKILL);
}

/* The client cannot come to see the failure itself (it computes, or waits for a party that never opened its
 * door). */
static void end_now(household *h, const puma_error *why)
{
    if (!claim(h)) return;
    kill_children(h);
    remove_certificates(h);
    error_print(why);
    _exit((int)why->status);
}

/* The run whose parties are processes, for local_stop. */
static household *active;

void local_stop(const puma_error *why)
{
    household *h = __atomic_load_n(&active, __ATOMIC_ACQUIRE);

    if (h != NULL) {
        end_now(h, why);
        for (;;) pause(); /* another thread is ending the process */
    }
    error_print(why);
    _exit((int)why->status);
}

static void on_stuck(void *context, const puma_error *why) { end_now(context, why); }

/* Watches for a party that ends badly while the client may still be trying to reach it; gives the client a
 * second to learn it over the wire, then ends the run. */
static void *watch(void *context)
{
    household    *h = context;
    struct pollfd fds[PARTIES + 1];
    size_t        left = h->count;

    for (size_t i = 0; i < h->count; i++)
        fds[i] = (struct pollfd){ .fd = h->children[i].handle, .events = POLLIN };
    fds[h->count] = (struct pollfd){ .fd = h->done, .events = POLLIN };
    while (left > 0 && poll(fds, (nfds_t)h->count + 1, -1) >= 0) {
        if (fds[h->count].revents != 0) return NULL;
        for (size_t i = 0; i < h->count; i++) {
            siginfo_t  info = { 0 };
            puma_error e = { 0 };
            int        status;

            if (fds[i].fd < 0 || fds[i].revents == 0) continue;
            waitid(P_PID, (id_t)h->children[i].pid, &info, WEXITED | WNOWAIT);
            status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
            fds[i].fd = -1;
            left--;
            if (!obituary(h, i, status, &e)) continue;
            if (poll(&fds[h->count], 1, 1000) == 0) end_now(h, &e);
            return NULL;
        }
    }
    return NULL;
}

/* Waits for the children, all together two seconds or, when the run has failed, one (a silent party may never
 * end); then kills those that are left. The obituary of the first that ended badly in *e, unless a better
 * reason is there. */
static void reap(household *h, puma_error *e)
{
    struct timespec start, t;
    long            patience = e->status == PUMA_OK ? 2000 : 1000;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < h->count; i++) {
        child        *c = &h->children[i];
        struct pollfd fd = { .fd = c->handle, .events = POLLIN };
        puma_error    why = { 0 };
        int           status = 0;
        long          left;

        clock_gettime(CLOCK_MONOTONIC, &t);
        left = patience - (t.tv_sec - start.tv_sec) * 1000 - (t.tv_nsec - start.tv_nsec) / 1000000;
        if (c->pid > 0) {
            bool ours =
                c->handle >= 0 && poll(&fd, 1, left > 0 ? (int)left : 0) == 0 && kill(c->pid, SIGKILL) == 0;

            if (waitpid(c->pid, &status, 0) == c->pid && obituary(h, i, status, &why)) {
                /* "closed the connection" is what a signal, other than our own, looks like from outside. */
                if (e->status == PUMA_OK ||
                    (WIFSIGNALED(status) && !ours && e->status == PUMA_ENET && WTERMSIG(status) != SIGTERM)) {
                    if (e->status == PUMA_OK || strstr(e->text, "closed") != NULL) *e = why;
                }
            }
        }
        if (c->handle >= 0) close(c->handle);
        if (c->listener >= 0) close(c->listener);
        if (c->words >= 0) close(c->words);
    }
}

static puma_status run_processes(const local_config *c, node_config nc, node_result *result, puma_error *e)
{
    const plan *p = c->plan;
    household   h = { .count = p->protocol->protocol->parties,
                      .done = -1,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .dealer = (p->protocol->protocol->caps & PUMA_CAP_DEALER) != 0
                                    ? p->protocol->protocol->dealer
                                    : PUMA_NODES };
    pthread_t   watcher;
    bool        watching = false;
    int         pipes[2] = { -1, -1 };

    for (size_t i = 0; i < PARTIES; i++) h.children[i] = (child){ .handle = -1, .listener = -1, .words = -1 };
    if (pipe2(pipes, O_CLOEXEC) != 0) return system_failed(e, "a pipe");
    h.done = pipes[0];
    nc.self = PUMA_CLIENT;
    nc.on_stuck = on_stuck;
    nc.stuck_context = &h;
    __atomic_store_n(&active, &h, __ATOMIC_RELEASE);
    nc.certificates = p->run->certificates;
    if (p->run->transport == RUN_TLS && nc.certificates == NULL) {
        make_certificates(&h, e);
        nc.certificates = h.certificates;
    }
    for (size_t i = 0; i < h.count && e->status == PUMA_OK; i++) make_listener(&h.children[i], e);
    for (size_t i = 0; i < h.count && e->status == PUMA_OK; i++)
        start_child(&h, p, i, c->path, c->sets, c->set_count, e);
    for (size_t i = 0; i < h.count; i++) nc.address[i] = h.children[i].address;
    if (e->status == PUMA_OK) {
        watching = pthread_create(&watcher, NULL, watch, &h) == 0;
        if (!watching) error_set(e, 1002, "no thread to watch the parties");
    }
    if (e->status == PUMA_OK) node_run(&nc, result, e);
    if (e->status != PUMA_OK && !watching) kill_children(&h);
    close(pipes[1]); /* the watcher sees the end */
    if (watching) pthread_join(watcher, NULL);
    reap(&h, e);
    close(pipes[0]);
    __atomic_store_n(&active, NULL, __ATOMIC_RELEASE);
    remove_certificates(&h);
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

/* A rehearsal's work does not travel: parties of this process are asked for it. */
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
    worker   workers[PARTIES] = { 0 };
    net_hub *hub = net_hub_new();

    if (hub == NULL) return error_set(e, 1001, "out of memory for the transport");
    nc.self = PUMA_CLIENT;
    nc.listen_fd = -1;
    nc.hub = hub;
    for (size_t i = 0; i < count && e->status == PUMA_OK; i++) {
        workers[i].config = nc;
        workers[i].config.self = (uint32_t)i;
        workers[i].config.progress = NULL;
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
    const plan *p = config->plan;
    node_config alone = { .plan = p,
                          .listen_fd = -1,
                          .progress = config->progress,
                          .say = config->say,
                          .say_context = config->say_context };
    long        cores = sysconf(_SC_NPROCESSORS_ONLN), parties = (long)p->protocol->protocol->parties;

    *result = (node_result){ 0 };
    if ((p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0) {
        ring_set_threads(p->run->threads > 0 ? p->run->threads : (int)(cores > 0 ? cores : 1));
        return node_run(&alone, result, e);
    }
    if (p->run->transport == RUN_MEMORY) {
        ring_set_threads(p->run->threads > 0 ? p->run->threads
                         : cores > parties   ? (int)(cores / parties)
                                             : 1);
        return run_threads(alone, result, e);
    }
    return run_processes(config, alone, result, e);
}

puma_status local_work(const plan *p, void (*work)(puma_session *s, void *context), void *context,
                       node_result *result, puma_error *e)
{
    *result = (node_result){ 0 };
    return run_threads((node_config){ .plan = p, .work = work, .work_context = context }, result, e);
}

puma_status local_rehearse(const plan *p, node_result *result, puma_error *e)
{
    *result = (node_result){ .hollow = true };
    if ((p->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0) return PUMA_OK;
    return run_threads((node_config){ .plan = p, .hollow = true }, result, e);
}
