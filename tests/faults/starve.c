/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sweep.c - runs a command once for every k, with the k-th call of one kind failing (shim.c), and says which runs ended
 * otherwise than they may.
 *
 *   sweep [--kind KIND] [--ever] [--step N | --random N --seed S] [--replay K] [--codes 0,10] [--timeout MS] [--fresh DIR] [--answer] [--printed] -- COMMAND...
 *
 * A run may end with 0 and the output of an undisturbed run, or with another of the codes, one line of error that says
 * "puma: error E10.." for 10, and nothing on standard output.  --fresh: DIR is emptied before each run.
 * --answer: only the output up to its first empty line must be the same; what a run measures stands behind it.
 * --printed: an error may come after the output. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST (1 << 20) /* bytes of output that are looked at */

static const char *kind = "alloc", *codes = "0,10", *fresh;
static char      **command;
static bool        ever, answer, printed;
static int         limit_ms = 20000;

typedef struct outcome {
    int  code; /* 128 + the number of a signal; 124: it took too long */
    char out[MOST], err[4096];
} outcome;

static outcome reference, found;

static void die(const char *what)
{
    fprintf(stderr, "sweep: %s: %s\n", what, strerror(errno));
    exit(99);
}

static void slurp(int fd, char *to, size_t room)
{
    ssize_t got = pread(fd, to, room - 1, 0);

    to[got < 0 ? 0 : got] = '\0';
    close(fd);
}

/* The command with call `k` failing (0: none); its calls are counted in `counter`. */
static void run(uint64_t k, const char *counter, outcome *o)
{
    int           out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status = 0, handle;
    struct pollfd end;
    char          text[32], emptied[4200];
    pid_t         pid;

    if (out < 0 || err < 0) die("memfd_create");
    if (fresh) {
        snprintf(emptied, sizeof emptied, "rm -rf '%s' && mkdir '%s'", fresh, fresh);
        if (system(emptied) != 0) die(fresh);
    }
    pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)k);
        setenv("FAULT_KIND", kind, 1);
        if (k > 0) setenv("FAULT_AT", text, 1);
        if (k > 0 && ever) setenv("FAULT_EVER", "1", 1);
        if (counter) setenv("FAULT_FILE", counter, 1);
        setenv("LD_PRELOAD", getenv("SHIM"), 1);
        setpgid(0, 0);
        if (dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(99);
        execv(command[0], command);
        _exit(99);
    }
    handle = (int)syscall(SYS_pidfd_open, pid, 0);
    end = (struct pollfd){ .fd = handle, .events = POLLIN };
    if (handle < 0) die("pidfd_open");
    o->code = 0;
    if (poll(&end, 1, limit_ms) == 0) o->code = 124;
    if (o->code == 124) kill(-pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(handle);
    if (o->code == 0) o->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    slurp(out, o->out, sizeof o->out);
    slurp(err, o->err, sizeof o->err);
}

static bool allowed(int code)
{
    for (const char *c = codes; c; c = strchr(c, ',') ? strchr(c, ',') + 1 : NULL)
        if (atoi(c) == code) return true;
    return false;
}

/* Lines that begin with "puma: error ". */
static int errors_in(const char *text)
{
    int n = 0;

    for (const char *p = text; (p = strstr(p, "puma: error ")); p++) n += p == text || p[-1] == '\n';
    return n;
}

static bool same_output(const char *a, const char *b)
{
    const char *end_a = answer ? strstr(a, "\n\n") : NULL, *end_b = answer ? strstr(b, "\n\n") : NULL;

    if (!end_a || !end_b) return strcmp(a, b) == 0;
    return end_a - a == end_b - b && memcmp(a, b, (size_t)(end_a - a)) == 0;
}

static const char *fault(const outcome *o)
{
    char class[32];

    snprintf(class, sizeof class, "puma: error E%02d", o->code);
    if (o->code == 124) return "did not end";
    if (!allowed(o->code)) return "wrong class";
    if (o->code == 0) return same_output(o->out, reference.out) ? NULL : "another output";
    if (errors_in(o->err) != 1 || !strstr(o->err, class)) return "not one line of error";
    return o->out[0] && !printed ? "output in spite of the error" : NULL;
}

/* What the workers of a sweep add up. */
typedef struct tally {
    int runs, ok, bad;
} tally;

/* Every `jobs`-th run, from number `which` on: a run that ends in time mostly waits. */
static void work(tally *all, uint64_t last, uint64_t step, uint64_t number, unsigned seed, unsigned which, unsigned jobs)
{
    srandom(seed);
    for (uint64_t i = 0; number > 0 ? i < number : 1 + i * step <= last; i++) {
        uint64_t    call = number > 0 ? 1 + (uint64_t)random() % last : 1 + i * step;
        const char *why;

        if (i % jobs != which) continue;
        run(call, NULL, &found);
        __atomic_add_fetch(&all->runs, 1, __ATOMIC_RELAXED);
        if (found.code == 0) __atomic_add_fetch(&all->ok, 1, __ATOMIC_RELAXED);
        why = fault(&found);
        if (!why || __atomic_add_fetch(&all->bad, 1, __ATOMIC_RELAXED) > 40) continue;
        dprintf(1, "FAIL %s %llu of %llu%s: exit %d: %s: %.300s\n", kind, (unsigned long long)call, (unsigned long long)last,
                ever ? " and all after" : "", found.code, why, found.err);
    }
}

static int sweep(uint64_t last, uint64_t step, uint64_t number, unsigned seed)
{
    tally   *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned jobs = fresh ? 1 : 6;

    if (all == MAP_FAILED) die("mmap");
    for (unsigned w = 0; w < jobs; w++) {
        pid_t pid = fork();

        if (pid < 0) die("fork");
        if (pid > 0) continue;
        work(all, last, step, number, seed, w, jobs);
        _exit(0);
    }
    while (wait(NULL) > 0 || errno == EINTR) continue;
    printf("%s%s: %d runs of %llu calls, %d answers, %d refusals, %d faults:", kind, ever ? ", for ever" : "", all->runs,
           (unsigned long long)last, all->ok, all->runs - all->ok - all->bad, all->bad);
    for (char **word = command + 1; *word; word++) printf(" %s", *word);
    printf("\n");
    return all->bad > 0;
}

int main(int argc, char **argv)
{
    uint64_t step = 1, number = 0, replay = 0, *calls;
    unsigned seed = 1;
    char     counter[] = "/tmp/sweep-XXXXXX";
    int      fd, i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--ever")) {
            ever = true;
        } else if (!strcmp(argv[i], "--answer")) {
            answer = true;
        } else if (!strcmp(argv[i], "--printed")) {
            printed = true;
        } else if (i + 1 < argc) {
            const char *value = argv[++i];

            if (!strcmp(argv[i - 1], "--kind")) kind = value;
            if (!strcmp(argv[i - 1], "--step")) step = strtoull(value, NULL, 10);
            if (!strcmp(argv[i - 1], "--random")) number = strtoull(value, NULL, 10);
            if (!strcmp(argv[i - 1], "--seed")) seed = (unsigned)strtoul(value, NULL, 10);
            if (!strcmp(argv[i - 1], "--replay")) replay = strtoull(value, NULL, 10);
            if (!strcmp(argv[i - 1], "--codes")) codes = value;
            if (!strcmp(argv[i - 1], "--timeout")) limit_ms = atoi(value);
            if (!strcmp(argv[i - 1], "--fresh")) fresh = value;
        }
    }
    command = argv + i + 1;
    if (i + 1 >= argc || !getenv("SHIM") || step == 0) {
        fprintf(stderr, "usage: SHIM=.../shim.so sweep [options] -- COMMAND...\n");
        return 99;
    }
    fd = mkstemp(counter);
    if (fd < 0 || ftruncate(fd, 8) != 0) die(counter);
    calls = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
    if (calls == MAP_FAILED) die(counter);
    run(0, counter, &reference);
    unlink(counter);
    if (reference.code != 0) {
        printf("sweep: undisturbed: exit %d: %s\n", reference.code, reference.err);
        return 99;
    }
    /* A storm has no k: the undisturbed run is one without it. */
    if (!strcmp(kind, "eintr") || !strcmp(kind, "short") || !strcmp(kind, "eagain")) {
        const char *storm = kind;

        kind = "none";
        run(0, NULL, &reference);
        kind = storm;
        return sweep(1, 1, 0, 0);
    }
    if (replay > 0) {
        run(replay, NULL, &found);
        printf("exit %d\n%s%s", found.code, found.out, found.err);
        return fault(&found) != NULL;
    }
    return sweep(*calls, step, number, seed);
}
