/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program: makes the process safe to hold shares in, then calls the subcommand. */
#include "cli/cli.h"
#include "base/sanitizer.h"
#include "cli/memory.h"
#include "ini/ini.h"
#include "plugin/fence.h"
#include "run/signals.h"
#include "run/spawn.h"
#include "run/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    { "run", cli_run, "run a model on an input under a protocol, as RUN.ini says" },
    { "plan", cli_plan, "check a run without a socket, predict what it costs; measure the ranges a model meets" },
    { "compare", cli_compare, "run variants side by side: distance from plaintext, bytes, rounds, seconds" },
    { "bench", cli_bench, "time operations and whole models on synthetic weights" },
    { "tokenize", cli_tokenize, "text to token ids and back, as the model's tokenizer does it" },
    { "plugins", cli_plugins, "list the installed plugins, or vet one file" },
    { "deal", cli_deal, "make a dealer's messages ahead of time" },
    { "keygen", cli_keygen, "make a development CA and a certificate for each role" },
};
#define COMMANDS (sizeof commands / sizeof *commands)

/* If descriptor 0, 1 or 2 is closed, the next socket or model file would get its number, and our output would
 * go there.  A closed standard output is replaced by one that cannot be written, so that a lost result is an
 * error. */
static void guard_standard_files(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
}

/* No share, key or seed may get into a core file or be read by another process of the same user. */
static void guard_memory(void)
{
    const struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_CORE, &none);
#ifndef UNDER_SANITIZER /* they inspect their own process with ptrace, which an undumpable one refuses */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* What a thread needs, those of OpenMP and of libraries included.  Without this they would have RLIMIT_STACK, which
 * may be too little, or 8 MiB each of an address space that may be limited. */
#define STACK_BYTES ((size_t)1 << 20)

static void size_stacks(void)
{
    pthread_attr_t usual;

    if (pthread_attr_init(&usual) != 0) return;
    if (pthread_attr_setstacksize(&usual, STACK_BYTES) == 0) pthread_setattr_default_np(&usual);
    pthread_attr_destroy(&usual);
}

static void print_help(void)
{
    printf("usage: puma COMMAND ...\n\n"
           "Private inference of Transformer models: parties compute on shares of the weights and the input "
           "that none of\n"
           "them can read.\n\ncommands:\n");
    for (size_t i = 0; i < COMMANDS; i++) printf("  %-12s%s\n", commands[i].name, commands[i].help);
    printf("\n  puma COMMAND --help   says more\n"
           "  puma --version        prints the version\n\n"
           "Exit codes: 0 ok, 2 usage, 3 configuration, 4 model file, 5 tokenizer or input, 6 plugin, 7 peer "
           "or network,\n"
           "8 TLS or identity, 9 parties disagree, 10 resource, 11 numeric range, 12 a party cheated,\n"
           "70 internal.\n");
}

static int unknown_command(const char *wrong)
{
    const char *names[COMMANDS + 3] = { NULL }, *near;
    puma_error  e = { 0 };

    for (size_t i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    names[COMMANDS] = "--help";
    names[COMMANDS + 1] = "--version";
    near = ini_nearest(wrong, names);
    if (near)
        error_set(&e, wrong[0] == '-' ? 202 : 201,
                  "puma: no such command '%.60s' (nearest: %s); usage: puma COMMAND ...", wrong, near);
    else
        error_set(&e, wrong[0] == '-' ? 202 : 201,
                  "puma: no such command '%.60s'; usage: puma COMMAND ..., see puma --help", wrong);
    return cli_fail(&e);
}

static int dispatch(int argc, char **argv)
{
    puma_error e = { 0 };

    if (argc < 2) {
        error_set(&e, 201, "puma: no command; usage: puma COMMAND ..., see puma --help");
        return cli_fail(&e);
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i].name)) return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "--version") != 0) return unknown_command(argv[1]);
    if (argc > 2) {
        error_set(&e, 205, "puma: %s takes no argument (got %.60s); usage: puma COMMAND ...", argv[1],
                  argv[2]);
        return cli_fail(&e);
    }
    if (!strcmp(argv[1], "--help"))
        print_help();
    else
        printf("puma %s\n", PACKAGE_VERSION);
    return 0;
}

/* Fails the run if what was printed has not arrived. */
static int finish(int code)
{
    puma_error e = { 0 };
    bool       failed = ferror(stdout) != 0;

    stop_hold();
    if (fflush(stdout) != 0 || failed) {
        error_set(&e, 1004, "standard output: %s", failed && errno == 0 ? "write error" : strerror(errno));
        if (code == 0) code = cli_fail(&e);
    }
    stop_over();
    memory_over(code);
    return code;
}

typedef struct program {
    int      argc, code;
    char   **argv;
    sigset_t signals;
} program;

static void *run_program(void *context)
{
    program *p = context;

    pthread_sigmask(SIG_SETMASK, &p->signals, NULL);
    p->code = finish(dispatch(p->argc, p->argv));
    return NULL;
}

/* Arguments and environment lie on the first thread's stack too, which grows as far as RLIMIT_STACK lets it: where that
 * is little, the program runs on a stack of its own, and its first thread only waits and takes no signal. */
static int run_apart(program *p)
{
    pthread_t  thread;
    sigset_t   every;
    puma_error e = { 0 };
    int        failed;

    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &p->signals);
    failed = pthread_create(&thread, NULL, run_program, p);
    if (failed != 0) {
        error_set(&e, 1002, "a stack of %zu bytes: pthread_create: %s", STACK_BYTES, strerror(failed));
        return cli_fail(&e);
    }
    pthread_join(thread, NULL);
    return p->code;
}

int main(int argc, char **argv)
{
    struct rlimit stack;
    puma_error    e = { 0 };

    guard_standard_files();
    guard_memory();
    memory_guard();
    size_stacks();
    fence_tell(spawn_tell);
    /* A lost peer, a lost reader and a full quota must become errors, not end the process. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (signals_watch(&e) != PUMA_OK) return finish(cli_fail(&e));
    if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur < STACK_BYTES)
        return run_apart(&(program){ .argc = argc, .argv = argv });
    return finish(dispatch(argc, argv));
}
