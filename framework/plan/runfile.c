/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* runfile.c - see runfile.h: opens the file, chooses the kind of input, and checks rules between keys. */
#include "plan/reading.h"

#include <puma/host.h>

#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool check_required(struct reading *in)
{
    static const char *const required[] = { "model", "task", "protocol" };

    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (ini_find(&in->r->file, "run", required[i])) continue;
        error_set(in->e, 310, "%s: [run] %s is missing", in->r->file.path, required[i]);
        return false;
    }
    return true;
}

/* The keys of [input] that choose the kind of input. */
static const struct {
    const char *key;
    run_input   kind;
} kinds[] = {
    { "text", RUN_TEXT },         { "prompt_file", RUN_PROMPT_FILE },
    { "messages", RUN_MESSAGES }, { "ids", RUN_IDS },
    { "file", RUN_FILE },         { "image", RUN_IMAGE },
    { "pixels", RUN_PIXELS },
};
#define KINDS (sizeof kinds / sizeof *kinds)

const char *runfile_input_key(run_input kind)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].kind == kind) return kinds[i].key;
    return NULL;
}

/* Finds the one kind of input that the file (with `set`, the command line) gives; *found is NULL if it gives
 * none. */
static bool find_kind(struct reading *in, bool set, const ini_entry **found, run_input *kind)
{
    *found = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        const ini_entry *entry = ini_find(&in->r->file, "input", kinds[i].key);

        if (!entry || (entry->line == 0) != set) continue;
        if (*found)
            return reading_fault(in, 317, entry, "[input] %s is given too; a run has exactly one input", (*found)->key);
        *found = entry;
        *kind = kinds[i].kind;
    }
    return true;
}

/* An input on the command line replaces the file's: removes an entry of the file's. */
static void forget(struct reading *in, const char *key_name)
{
    ini       *file = &in->r->file;
    ini_entry *entry = (ini_entry *)ini_find(file, "input", key_name);

    if (!entry || entry->line == 0) return;
    OPENSSL_cleanse(entry->value, strlen(entry->value));
    free(entry->section);
    free(entry->key);
    free(entry->value);
    memmove(entry, entry + 1, (file->count - (size_t)(entry - file->entries) - 1) * sizeof *entry);
    file->count--;
}

/* Chooses the kind of input, before values are read. */
static bool choose_input(struct reading *in)
{
    const ini_entry *given, *set;
    run_input        kind = RUN_NO_INPUT, other;

    if (!in->own) return true;
    if (!find_kind(in, false, &given, &kind) || !find_kind(in, true, &set, &other)) return false;
    if (set && given) {
        forget(in, given->key);
        forget(in, "text_pair");
    }
    in->own->kind = set ? other : kind;
    return true;
}

static bool check_input(struct reading *in)
{
    const ini_entry *pair = ini_find(&in->r->file, "input", "text_pair");

    if (!in->own) return true;
    if (in->own->kind == RUN_NO_INPUT) {
        error_set(in->e, 310, "%s: [input] is missing: one of text, prompt_file, messages, ids, file, image, pixels",
                  in->r->file.path);
        return false;
    }
    if (pair && in->own->kind != RUN_TEXT) return reading_fault(in, 317, pair, "goes with [input] text");
    return true;
}

/* A conversation is made of texts.  Without [chat] template a text is taken as it is. */
static bool check_chat(struct reading *in)
{
    const ini_entry *named = ini_find(&in->r->file, "chat", "template"), *system = ini_find(&in->r->file, "chat", "system"),
                    *either = named ? named : system, *pair = ini_find(&in->r->file, "input", "text_pair");
    run_input kind;

    if (!in->own || !either) return true;
    kind = in->own->kind;
    if (kind == RUN_IDS || kind == RUN_IMAGE || kind == RUN_PIXELS)
        return reading_fault(in, 317, either, "goes with a text, not with [input] %s", runfile_input_key(kind));
    if (pair) return reading_fault(in, 317, pair, "a conversation has no second text: it excludes [chat] %s", either->key);
    if (!named && kind != RUN_MESSAGES)
        return reading_fault(in, 317, system, "goes with [chat] template, or with [input] messages");
    return true;
}

static bool check_numbers(struct reading *in)
{
    const runfile   *r = in->r;
    const ini_entry *entry = ini_find(&r->file, "numeric", "fxp_fraction_bits");

    if (2 * r->frac < r->ring_bits - 2) return true;
    if (!entry) entry = ini_find(&r->file, "numeric", "ring_bits");
    return reading_fault(in, 315, entry, "2 * fxp_fraction_bits < ring_bits - 2 does not hold (2 * %u, %u - 2)",
                 r->frac, r->ring_bits);
}

/* No address may be missing: of parties 0 and 1, which every run with addresses has, and of all below the
 * last one given. */
static bool check_none_missing(struct reading *in)
{
    const runfile *r = in->r;
    size_t         needed = r->dealer ? 2 : 0;

    for (size_t i = 0; i < PUMA_MAX_PARTIES; i++)
        if (r->address[i]) needed = i < 2 ? 2 : i;
    for (size_t i = 0; i < needed; i++)
        if (!r->address[i]) {
            error_set(in->e, 317, "%s: [network] party%zu is missing: addresses are given for all parties or none",
                      r->file.path, i);
            return false;
        }
    return true;
}

static bool check_network(struct reading *in)
{
    const runfile *r = in->r;

    if (!check_none_missing(in)) return false;
    if (r->allow_insecure || (r->transport != RUN_TCP && !r->has_seed)) return true;
    for (size_t i = 0; i <= PUMA_MAX_PARTIES; i++) {
        const char *address = i < PUMA_MAX_PARTIES ? r->address[i] : r->dealer;
        char        name[16];

        if (!address || value_is_loopback(address)) continue;
        snprintf(name, sizeof name, i < PUMA_MAX_PARTIES ? "party%zu" : "dealer", i);
        return reading_fault(in, 320, ini_find(&r->file, "network", name), "%s off loopback needs allow_insecure = yes",
                             r->transport == RUN_TCP ? "transport = tcp" : "a fixed seed");
    }
    return true;
}

static bool check_reveal(struct reading *in)
{
    const ini_entry *labels = ini_find(&in->r->file, "input", "labels");

    if (in->r->reveal_label && in->r->task != RUN_CLASSIFY)
        return reading_fault(in, 317, ini_find(&in->r->file, "run", "reveal"), "label goes with task = classify");
    if (in->own && in->r->task == RUN_FILL_MASK) in->own->parse_special = true; /* the mask is special */
    if (labels && in->r->task != RUN_CLASSIFY) return reading_fault(in, 317, labels, "goes with task = classify");
    if (in->r->compare_layers && (in->r->task == RUN_GENERATE || in->r->reveal_label))
        return reading_fault(in, 317, ini_find(&in->r->file, "compare", "layers"),
                     in->r->reveal_label ? "reveals hidden states: it excludes [run] reveal = label"
                                         : "goes with one pass through the layers: not with task = generate");
    if (in->r->head && in->r->task != RUN_CLASSIFY)
        return reading_fault(in, 317, ini_find(&in->r->file, "run", "head"), "goes with task = classify");
    return true;
}

/* A temperature set for a greedy run would have no effect. */
static bool check_generate(struct reading *in)
{
    static const char *const sampling[] = { "temperature", "top_k", "top_p", "sample_seed" };
    const ini_entry         *pair = ini_find(&in->r->file, "input", "text_pair");

    for (size_t i = 0; in->r->decoding == RUN_GREEDY && i < sizeof sampling / sizeof *sampling; i++) {
        const ini_entry *entry = ini_find(&in->r->file, "generate", sampling[i]);

        if (entry) return reading_fault(in, 317, entry, "goes with decoding = client");
    }
    if (pair && (in->r->task == RUN_GENERATE || in->r->task == RUN_PERPLEXITY))
        return reading_fault(in, 317, pair, "task = %s takes one text", keys_word(in->r, "run", "task"));
    return true;
}

/* The material already holds what the dealer sends: neither a seed nor the client can change it. */
static bool check_material(struct reading *in)
{
    const ini_entry *entry = ini_find(&in->r->file, "run", "material");

    if (entry && in->r->has_seed) return reading_fault(in, 317, entry, "material is random: it excludes [run] seed");
    if (entry && in->r->task == RUN_GENERATE && in->r->stop_at_eos)
        return reading_fault(in, 317, entry,
                     "material is made for so many steps: it excludes [generate] stop_at_eos = yes");
    return true;
}

static bool set_defaults(runfile *r)
{
    r->architecture = strdup("auto");
    r->approximation_default = strdup("precise");
    r->ring_bits = 64;
    r->frac = 18;
    r->guard = true;
    r->max_new_tokens = 16;
    r->batch_tokens = 1024;
    r->temperature = r->top_p = 1;
    r->transport = RUN_TLS;
    r->connect_timeout_ms = 60000;
    r->io_timeout_ms = 30000;
    return r->architecture && r->approximation_default;
}

/* Wipes the values of [input] and [chat], which have been read or are not for this node.  The entries stay,
 * for their line numbers. */
static void forget_private(runfile *r)
{
    for (size_t i = 0; i < r->file.count; i++) {
        ini_entry *entry = &r->file.entries[i];

        if (!value_is_private(entry->section)) continue;
        OPENSSL_cleanse(entry->value, strlen(entry->value));
        entry->value[0] = '\0';
    }
}

static bool check_all(struct reading *in)
{
    return check_required(in) && check_input(in) && check_chat(in) && check_numbers(in) && check_network(in) &&
           check_reveal(in) && check_generate(in) && check_material(in);
}

/* Takes over the text, which ini_read or ini_parse_text has made. */
static puma_status read_text_of(ini *text, runfile **out, runfile_input **own, const char *const *sets,
                                size_t set_count, puma_error *e)
{
    struct reading in = { .r = calloc(1, sizeof *in.r), .own = own ? calloc(1, sizeof *in.own) : NULL, .e = e };
    bool           good;

    *out = NULL;
    if (own) *own = NULL;
    if (!in.r || (own && !in.own) || !set_defaults(in.r))
        error_set(e, 1001, "%.160s: out of memory", text->path);
    if (in.r)
        in.r->file = *text;
    else
        ini_free(text);
    for (size_t i = 0; e->status == PUMA_OK && i < set_count; i++) ini_set(&in.r->file, sets[i], e);
    good = e->status == PUMA_OK && keys_check_sections(&in) && choose_input(&in);
    for (size_t i = 0; good && i < in.r->file.count; i++) good = keys_read(&in, &in.r->file.entries[i]);
    if (good && check_all(&in)) {
        forget_private(in.r);
        *out = in.r;
        if (own) *own = in.own;
        return PUMA_OK;
    }
    runfile_close(in.r);
    runfile_input_close(in.own);
    return e->status;
}

puma_status runfile_open(runfile **out, runfile_input **own, const char *path, const char *const *sets,
                         size_t set_count, puma_error *e)
{
    ini text;

    ini_read(&text, path, e);
    return read_text_of(&text, out, own, sets, set_count, e);
}

puma_status runfile_parse(runfile **out, runfile_input **own, const char *name, const char *bytes,
                          size_t size, const char *const *sets, size_t set_count, puma_error *e)
{
    ini text;

    ini_parse_text(&text, name, bytes, size, e);
    return read_text_of(&text, out, own, sets, set_count, e);
}

static void wipe(char *text)
{
    if (text) OPENSSL_cleanse(text, strlen(text));
    free(text);
}

void runfile_input_close(runfile_input *own)
{
    if (!own) return;
    wipe(own->text);
    wipe(own->text_pair);
    wipe(own->messages);
    wipe(own->chat_system);
    free(own->chat_template);
    if (own->ids) OPENSSL_cleanse(own->ids, own->id_count * sizeof *own->ids);
    free(own->ids);
    free(own->file);
    free(own->labels);
    free(own);
}

void runfile_close(runfile *r)
{
    if (!r) return;
    forget_private(r);
    OPENSSL_cleanse(&r->seed, sizeof r->seed);
    OPENSSL_cleanse(&r->sample_seed, sizeof r->sample_seed);
    free(r->model);
    free(r->protocol);
    free(r->architecture);
    free(r->head);
    free(r->approximation_default);
    for (size_t i = 0; i < PUMA_SLOT_COUNT; i++) free(r->function[i]);
    free(r->plugin_directory);
    free(r->ranges);
    free(r->material);
    for (size_t i = 0; i < PUMA_MAX_PARTIES; i++) free(r->address[i]);
    free(r->dealer);
    free(r->certificates);
    ini_free(&r->file);
    free(r);
}

const char *runfile_where(const runfile *r, const char *section, const char *key_name)
{
    static _Thread_local char where[PATH_MAX + 64];
    const ini_entry          *entry = ini_find(&r->file, section, key_name);

    if (!entry)
        snprintf(where, sizeof where, "%s", r->file.path);
    else if (entry->line == 0)
        snprintf(where, sizeof where, "--set %s.%s", section, key_name);
    else
        snprintf(where, sizeof where, "%s:%d", r->file.path, entry->line);
    return where;
}
