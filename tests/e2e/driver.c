/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* driver.c - see driver.h */
#include "driver.h"
#include "../support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

char               driver_work[200];
static const char *title;
static size_t      passed, failed;
static pid_t       owner;

static void give_up(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", title, what, strerror(errno));
    exit(99);
}

/* Also when a test ends early. */
static void remove_work(void)
{
    if (getpid() == owner) remove_scratch(NULL);
}

void driver_start(const char *name)
{
    title = name;
    owner = getpid();
    make_scratch(NULL);
    snprintf(driver_work, sizeof driver_work, "%s", scratch);
    atexit(remove_work);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

const char *driver_source(void)
{
    const char *top = getenv("PUMA_SRCDIR");

    return top != NULL ? top : PUMA_SRCDIR;
}

const char *tiny_model(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%.400s/tests/golden/models/%.60s-tiny", driver_source(), name);
    return path;
}

int driver_end(void)
{
    printf("%s: %zu passed, %zu failed\n", title, passed, failed);
    return failed > 0 || passed == 0;
}

bool check(bool good, const char *format, ...)
{
    va_list list;

    if (good) {
        passed++;
        return true;
    }
    failed++;
    fputs("FAILED ", stdout);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    return false;
}

const char *driver_path(const char *name) { return in_scratch(name); }
const char *driver_file(const char *name, const char *text) { return put_text(name, text); }

char *driver_read(const char *name)
{
    int         fd = open(driver_path(name), O_RDONLY | O_CLOEXEC);
    struct stat about;
    char       *text;
    ssize_t     size;

    if (fd < 0 || fstat(fd, &about) != 0) give_up(name);
    text = malloc((size_t)about.st_size + 1);
    if (text == NULL) give_up(name);
    size = read(fd, text, (size_t)about.st_size);
    if (size < 0) give_up(name);
    text[size] = '\0';
    close(fd);
    return text;
}

double driver_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

pid_t driver_spawn(const char *name, const char *const *args)
{
    const char                *build = getenv("PUMA_BUILDDIR");
    char                      *argv[40], program[512], file[40];
    size_t                     n = 0;
    pid_t                      pid;
    int                        rc;
    posix_spawn_file_actions_t files;

    snprintf(program, sizeof program, "%.500s/puma", build != NULL ? build : ".");
    argv[n++] = program;
    for (; *args != NULL && n < 39; args++) argv[n++] = (char *)(uintptr_t)*args;
    argv[n] = NULL;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    snprintf(file, sizeof file, "%.30s.out", name);
    posix_spawn_file_actions_addopen(&files, 1, driver_path(file), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    snprintf(file, sizeof file, "%.30s.err", name);
    posix_spawn_file_actions_addopen(&files, 2, driver_path(file), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    rc = posix_spawn(&pid, program, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (rc != 0) {
        errno = rc;
        give_up(program);
    }
    return pid;
}

outcome driver_run(bool report, const char *const *args)
{
    const char *all[40];
    size_t      n = 0;
    outcome     o = { 0 };
    double      start = driver_now();
    int         status;
    pid_t       pid;

    for (; *args != NULL && n < 36; args++) all[n++] = *args;
    if (report) {
        all[n++] = "--report";
        all[n++] = driver_path("report.json");
        unlink(all[n - 1]);
    }
    all[n] = NULL;
    pid = driver_spawn("run", all);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) give_up("waitpid");
    o.seconds = driver_now() - start;
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    o.out = driver_read("run.out");
    o.err = driver_read("run.err");
    if (report) o.report = json_load_file(driver_path("report.json"), JSON_REJECT_DUPLICATES, NULL);
    return o;
}

void outcome_free(outcome *o)
{
    free(o->out);
    free(o->err);
    json_decref(o->report);
    *o = (outcome){ 0 };
}

size_t numbers(const json_t *array, double *to, size_t room)
{
    size_t i, n = json_array_size(array);

    for (i = 0; i < n && i < room; i++) {
        const json_t *item = json_array_get(array, i);

        to[i] = json_is_number(item) ? json_number_value(item) : NAN;
    }
    return n;
}

const json_t *report_result(const json_t *report, size_t i)
{
    const json_t *list = json_object_get(report, "outputs");

    return list != NULL ? json_array_get(list, i) : i == 0 ? json_object_get(report, "output") : NULL;
}

double max_difference(const double *x, const double *y, size_t n)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(x[i] - y[i]);

        if (isnan(d)) return d;
        if (d > worst) worst = d;
    }
    return worst;
}

void logits_are(const outcome *o, const char *name, const json_t *wanted, size_t count, double bound)
{
    double *expected = calloc(2 * count, sizeof *expected), *got = expected + count;

    if (expected == NULL) give_up(name);
    if (check(numbers(wanted, expected, count) == count &&
                  numbers(json_object_get(report_result(o->report, 0), "logits"), got, count) == count,
              "%s: exit %d: %s", name, o->code, o->err))
        check(max_difference(got, expected, count) <= bound, "%s: logits differ by %.3g", name,
              max_difference(got, expected, count));
    free(expected);
}
