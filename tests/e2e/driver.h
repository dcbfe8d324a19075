/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* driver.h - runs the built program as a user does, for tests of the whole */
#ifndef E2E_DRIVER_H
#define E2E_DRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A directory of this test alone, made by driver_start, removed by driver_end. */
extern char driver_work[200];

void driver_start(const char *name);
/* Prints "NAME: N passed, N failed" and returns the exit code. */
int driver_end(void);

/* The top of the sources, and in it a tiny model of the goldens; the latter until the next call. */
const char *driver_source(void);
const char *tiny_model(const char *name);

/* Counts a check, and prints it when it failed. */
__attribute__((format(printf, 2, 3))) bool check(bool good, const char *format, ...);

/* driver_work/NAME, written with this text; the path stays good until the end. */
const char *driver_file(const char *name, const char *text);
const char *driver_path(const char *name);

typedef struct outcome {
    int     code;              /* exit status; 128 + signal                    */
    char   *out, *err;         /* what it wrote                                */
    json_t *report;            /* of --report, which driver_run adds, or NULL  */
    double  seconds;
} outcome;

/* `puma ARGS`, ended by NULL, to its end; with `report` also --report. */
outcome driver_run(bool report, const char *const *args);
#define RUN(report, ...) driver_run(report, (const char *const[]){ __VA_ARGS__, NULL })
void outcome_free(outcome *o);

/* Starts `puma ARGS` with its output in files driver_work/NAME.out and NAME.err. */
pid_t driver_spawn(const char *name, const char *const *args);
char *driver_read(const char *name);
double driver_now(void);

/* Numbers of a JSON array; how many. */
size_t numbers(const json_t *array, double *to, size_t room);
/* Output i of a report: of "outputs" when the input was a file. */
const json_t *report_result(const json_t *report, size_t i);
/* The logits of a run on one input are these, so many, to within `bound`: two checks. */
void logits_are(const outcome *o, const char *name, const json_t *wanted, size_t count, double bound);
double max_difference(const double *x, const double *y, size_t n);

#endif
