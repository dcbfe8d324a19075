/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* canonical.c - see runfile.h: the part of a run file that all nodes must agree on. */
#include "plan/reading.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lines {
    char **line;
    size_t count, room;
    bool   failed;
};

__attribute__((format(printf, 2, 3))) static void add_line(struct lines *to, const char *format, ...)
{
    va_list list;
    char   *line = NULL;

    if (to->count == to->room) {
        size_t room = to->room ? 2 * to->room : 32;
        char **more = realloc(to->line, room * sizeof *more);

        if (!more) {
            to->failed = true;
            return;
        }
        to->line = more;
        to->room = room;
    }
    va_start(list, format);
    if (vasprintf(&line, format, list) < 0)
        to->failed = true;
    else
        to->line[to->count++] = line;
    va_end(list);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Parties with different seeds must notice it, but the error must not show a seed. */
static void add_seed(struct lines *to, const runfile *r)
{
    char          text[40];
    unsigned char hash[SHA256_DIGEST_LENGTH];
    int           size = snprintf(text, sizeof text, "puma test seed %ju", (uintmax_t)r->seed);

    if (!r->has_seed) {
        add_line(to, "run.seed=none\n");
        return;
    }
    SHA256((const unsigned char *)text, (size_t)size, hash);
    add_line(to, "run.seed=insecure:sha256:%02x%02x%02x%02x%02x%02x%02x%02x\n", hash[0], hash[1], hash[2],
             hash[3], hash[4], hash[5], hash[6], hash[7]);
    OPENSSL_cleanse(text, sizeof text);
}

static const char *yes_no(bool value) { return value ? "yes" : "no"; }

static void add_functions(struct lines *to, const runfile *r)
{
    add_line(to, "approximation.default=%s\n", r->approximation_default);
    for (size_t i = 0; i < PUMA_SLOT_COUNT; i++)
        if (r->function[i]) add_line(to, "approximation.%s=%s\n", RUNFILE_SLOTS[i], r->function[i]);
    for (size_t i = 0; i < r->file.count; i++) {
        const ini_entry *entry = &r->file.entries[i];

        /* A pin says which file a party accepts, not what is computed. */
        if (keys_is_plugin(entry->section) && strcmp(entry->key, "sha256"))
            add_line(to, "%s.%s=%s\n", entry->section, entry->key, entry->value);
    }
}

static void add_run(struct lines *to, const runfile *r)
{
    static const char *const names[] = { "task", "embedding", "pooling", "normalize", "reveal" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add_line(to, "run.%s=%s\n", names[i], keys_word(r, "run", names[i]));
    add_line(to, "run.protocol=%s\n", r->protocol);
    add_line(to, "run.architecture=%s\n", r->architecture);
    add_line(to, "run.head=%s\n", r->head ? "linear" : "none");
    add_line(to, "run.batch_tokens=%zu\n", r->batch_tokens);
    add_seed(to, r);
}

/* How many steps there are and what each reveals.  How the client samples concerns only the client. */
static void add_generation(struct lines *to, const runfile *r)
{
    if (r->task != RUN_GENERATE) return;
    add_line(to, "generate.max_new_tokens=%zu\n", r->max_new_tokens);
    add_line(to, "generate.decoding=%s\n", keys_word(r, "generate", "decoding"));
    add_line(to, "generate.stop_at_eos=%s\n", yes_no(r->stop_at_eos));
}

/* The lines, sorted, as one text; frees them. */
static char *join(struct lines *from)
{
    char  *text = NULL;
    size_t size = 0, used = 0;

    for (size_t i = 0; i < from->count; i++) size += strlen(from->line[i]);
    if (!from->failed) text = malloc(size + 1);
    if (text) {
        qsort(from->line, from->count, sizeof *from->line, by_text);
        for (size_t i = 0; i < from->count; i++) used += (size_t)sprintf(text + used, "%s", from->line[i]);
    }
    for (size_t i = 0; i < from->count; i++) free(from->line[i]);
    free(from->line);
    return text;
}

char *runfile_canonical(const runfile *r)
{
    struct lines to = { 0 };

    add_run(&to, r);
    add_functions(&to, r);
    add_line(&to, "numeric.guard=%s\n", r->guard ? "rows" : "no");
    add_line(&to, "numeric.ring_bits=%u\n", r->ring_bits);
    add_line(&to, "numeric.fxp_fraction_bits=%u\n", r->frac);
    add_line(&to, "numeric.arithmetic=%s\n", keys_word(r, "numeric", "arithmetic"));
    add_generation(&to, r);
    if (r->compare_layers) add_line(&to, "compare.layers=yes\n");
    add_line(&to, "network.allow_insecure=%s\n", yes_no(r->allow_insecure));
    if (r->source == RUN_SYNTHETIC)
        add_line(&to, "weights.source=synthetic:%ju\n", (uintmax_t)r->synthetic_seed);
    else
        add_line(&to, "weights.source=checkpoint\n");
    return join(&to);
}
