/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* keys.c - see reading.h: every key of a run file, the field its value goes into and the values it may have.
 * A new key needs a line here and a field in runfile.h. */
#include "plan/reading.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *const RUNFILE_SLOTS[PUMA_SLOT_COUNT] = {
#define X(slot, name) [slot] = name,
    PUMA_SLOTS(X)
#undef X
};

static const char *const tasks[] = { "embed",      "classify",        "logits",    "hidden", "generate",
                                     "perplexity", "classify_tokens", "fill_mask", NULL };
static const char *const embeddings[] = { "auto", "onehot", "equality", "dpf", NULL };
static const char *const poolings[] = { "auto",          "cls",          "max",       "mean",
                                        "mean_sqrt_len", "weightedmean", "lasttoken", NULL };
static const char *const choices[] = { "auto", "no", "yes", NULL };
static const char *const reveals[] = { "logits", "label", NULL };
static const char *const guards[] = { "no", "rows", NULL };
static const char *const arithmetics[] = { "float", "fixed", NULL };
static const char *const transports[] = { "memory", "tcp", "tls", NULL };
static const char *const decodings[] = { "greedy", "client", NULL };
static const char *const references[] = { "none", "plain", NULL };

#define FIELD(name) offsetof(runfile, name), sizeof(((runfile *)NULL)->name)
#define OWN(name) offsetof(runfile_input, name), sizeof(((runfile_input *)NULL)->name)
#define NOT_BUILT NULL, 0, 0

static const key keys[] = {
    { "run", "model", read_path, FIELD(model), 0, 0, NULL },
    { "run", "task", read_word, FIELD(task), 0, 0, tasks },
    { "run", "protocol", read_plugin, FIELD(protocol), 0, 0, NULL },
    { "run", "architecture", read_name, FIELD(architecture), 0, 0, NULL },
    { "run", "embedding", read_word, FIELD(embedding), 0, 0, embeddings },
    { "run", "pooling", read_word, FIELD(pooling), 0, 0, poolings },
    { "run", "normalize", read_choice, FIELD(normalize), 0, 0, choices },
    { "run", "reveal", read_word, FIELD(reveal_label), 0, 0, reveals },
    { "run", "head", read_path, FIELD(head), 0, 0, NULL },
    { "run", "batch_tokens", read_integer, FIELD(batch_tokens), 1, INT32_MAX, NULL },
    { "run", "threads", read_integer, FIELD(threads), 1, 4096, NULL },
    { "run", "material", read_path, FIELD(material), 0, 0, NULL },
    { "run", "seed", read_seed, FIELD(seed), 0, 0, NULL },
    { "input", "text", read_text, OWN(text), 0, 0, NULL },
    { "input", "text_pair", read_text, OWN(text_pair), 0, 0, NULL },
    { "input", "prompt_file", read_path_or_stdin, OWN(file), 0, 0, NULL },
    { "input", "messages", read_messages, OWN(messages), 0, 0, NULL },
    { "input", "ids", read_ids, OWN(ids), 0, 0, NULL },
    { "input", "file", read_path, OWN(file), 0, 0, NULL },
    { "input", "image", read_path, OWN(file), 0, 0, NULL },
    { "input", "pixels", read_path, OWN(file), 0, 0, NULL },
    { "input", "labels", read_path, OWN(labels), 0, 0, NULL },
    { "input", "limit", read_integer, OWN(limit), 1, INT32_MAX, NULL },
    { "input", "truncate", read_yes_no, OWN(truncate), 0, 0, NULL },
    { "input", "parse_special", read_yes_no, OWN(parse_special), 0, 0, NULL },
    { "chat", "template", read_template, OWN(chat_template), 0, 0, NULL },
    { "chat", "system", read_text, OWN(chat_system), 0, 0, NULL },
    { "approximation", "default", read_plugin, FIELD(approximation_default), 0, 0, NULL },
#define X(slot, name) { "approximation", name, read_function, FIELD(function[slot]), 0, 0, NULL },
    PUMA_SLOTS(X)
#undef X
        { "plugins", "directory", read_path, FIELD(plugin_directory), 0, 0, NULL },
    { "numeric", "ring_bits", read_integer, FIELD(ring_bits), 32, 64, NULL },
    { "numeric", "fxp_fraction_bits", read_integer, FIELD(frac), 1, 30, NULL },
    { "numeric", "arithmetic", read_word, FIELD(fixed), 0, 0, arithmetics },
    { "numeric", "guard", read_word, FIELD(guard), 0, 0, guards },
    { "numeric", "ranges", read_path, FIELD(ranges), 0, 0, NULL },
    { "generate", "max_new_tokens", read_integer, FIELD(max_new_tokens), 1, 65536, NULL },
    { "generate", "decoding", read_word, FIELD(decoding), 0, 0, decodings },
    { "generate", "temperature", read_positive, FIELD(temperature), 0, 1000, NULL },
    { "generate", "top_k", read_integer, FIELD(top_k), 1, INT32_MAX, NULL },
    { "generate", "top_p", read_positive, FIELD(top_p), 0, 1, NULL },
    { "generate", "sample_seed", read_sample_seed, FIELD(sample_seed), 0, UINT64_MAX, NULL },
    { "generate", "stop_at_eos", read_yes_no, FIELD(stop_at_eos), 0, 0, NULL },
    { "network", "transport", read_word, FIELD(transport), 0, 0, transports },
    { "network", "party0", read_address, FIELD(address[0]), 0, 0, NULL },
    { "network", "party1", read_address, FIELD(address[1]), 0, 0, NULL },
    { "network", "party2", read_address, FIELD(address[2]), 0, 0, NULL },
    { "network", "party3", read_address, FIELD(address[3]), 0, 0, NULL },
    { "network", "party4", read_address, FIELD(address[4]), 0, 0, NULL },
    { "network", "party5", read_address, FIELD(address[5]), 0, 0, NULL },
    { "network", "party6", read_address, FIELD(address[6]), 0, 0, NULL },
    { "network", "party7", read_address, FIELD(address[7]), 0, 0, NULL },
    { "network", "dealer", read_address, FIELD(dealer), 0, 0, NULL },
    { "network", "certificates", read_path, FIELD(certificates), 0, 0, NULL },
    { "network", "allow_insecure", read_yes_no, FIELD(allow_insecure), 0, 0, NULL },
    { "network", "connect_timeout_ms", read_integer, FIELD(connect_timeout_ms), 1, 86400000, NULL },
    { "network", "io_timeout_ms", read_integer, FIELD(io_timeout_ms), 1, 86400000, NULL },
    { "network", "bandwidth_mbps", read_integer, FIELD(bandwidth_mbps), 1, 1000000, NULL },
    { "network", "round_trip_ms", read_integer, FIELD(round_trip_ms), 1, 10000, NULL },
    { "network", "link", read_link, FIELD(link), 0, 0, NULL },
    { "network", "prefer", NOT_BUILT, 0, 0, NULL },
    { "weights", "source", read_source, FIELD(source), 0, 0, NULL },
    { "compare", "reference", read_word, FIELD(reference_plain), 0, 0, references },
    { "compare", "layers", read_yes_no, FIELD(compare_layers), 0, 0, NULL },
    { "serve", "party", NOT_BUILT, 0, 0, NULL },
};
#define KEYS (sizeof keys / sizeof *keys)

static const char plugin_prefix[] = "plugin.";

bool keys_is_plugin(const char *section)
{
    size_t prefix = sizeof plugin_prefix - 1;

    return strncmp(section, plugin_prefix, prefix) == 0 &&
           value_is_name(section + prefix, section + strlen(section));
}

/* The distinct sections of the table, closed by NULL.  Keys of one section are neighbours in the table. */
static void list_sections(const char *names[KEYS + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < KEYS; i++)
        if (n == 0 || strcmp(names[n - 1], keys[i].section)) names[n++] = keys[i].section;
    names[n] = NULL;
}

static bool unknown_section(struct reading *in, const char *where, const char *section)
{
    const char *names[KEYS + 1], *near;

    list_sections(names);
    near = ini_nearest(section, names);
    if (near)
        error_set(in->e, 308, "%s: no such section [%s] (nearest: [%s])", where, section, near);
    else
        error_set(
            in->e, 308,
            "%s: no such section [%s] (there are run, input, chat, approximation, plugin.NAME, plugins, numeric, "
            "generate, network, weights, compare)",
            where, section);
    return false;
}

static bool unknown_key(struct reading *in, const ini_entry *entry)
{
    const char *names[KEYS + 1], *near;
    char        known[ERROR_TEXT] = "";
    size_t      n = 0, used = 0;

    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].section, entry->section)) names[n++] = keys[i].name;
    names[n] = NULL;
    near = ini_nearest(entry->key, names);
    if (near) return reading_fault(in, 309, entry, "no such key (nearest: %s)", near);
    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].name, entry->key))
            return reading_fault(in, 309, entry, "no such key here; it belongs to [%s]", keys[i].section);
    for (size_t i = 0; i < n && used < 150; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", names[i]);
    return reading_fault(in, 309, entry, "no such key (there are %s)", known);
}

static bool is_built(const char *section)
{
    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].section, section) && keys[i].read) return true;
    return false;
}

static bool is_known(const char *section)
{
    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].section, section)) return true;
    return keys_is_plugin(section);
}

/* An empty section has no key that could be refused, so headings are checked too. */
bool keys_check_sections(struct reading *in)
{
    const ini *file = &in->r->file;

    for (size_t i = 0; i < file->section_count; i++) {
        const ini_section *s = &file->sections[i];
        char               where[PATH_MAX + 32];

        snprintf(where, sizeof where, "%s:%d", file->path, s->line);
        if (!is_known(s->name)) return unknown_section(in, where, s->name);
        if (!keys_is_plugin(s->name) && !is_built(s->name)) {
            error_set(in->e, 316, "%s: [%s] is not built yet", where, s->name);
            return false;
        }
    }
    return true;
}

/* Is this a key whose value may be a text of several lines? */
static bool is_text(const ini_entry *entry)
{
    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].section, entry->section) && !strcmp(keys[i].name, entry->key))
            return keys[i].read == read_text || keys[i].read == read_messages;
    return false;
}

static bool read_plugin_entry(struct reading *in, const ini_entry *entry)
{
    if (strcmp(entry->key, "sha256") != 0) return true;
    if (strlen(entry->value) != 64 || strspn(entry->value, "0123456789abcdefABCDEF") != 64)
        return reading_fault(in, 314, entry, "needs 64 hexadecimal digits");
    return true;
}

bool keys_read(struct reading *in, const ini_entry *entry)
{
    /* Only --set can bring in a line end, and only texts may have one. */
    if (strchr(entry->value, '\n') && !is_text(entry)) return reading_fault(in, 304, entry, "the value is not one line");
    if (keys_is_plugin(entry->section)) return read_plugin_entry(in, entry);
    if (!is_known(entry->section)) {
        char where[2 * INI_MAX_NAME_BYTES + 16];

        snprintf(where, sizeof where, "--set %s.%s", entry->section, entry->key);
        return unknown_section(in, where, entry->section);
    }
    for (size_t i = 0; i < KEYS; i++) {
        const key *k = &keys[i];

        if (strcmp(k->section, entry->section) || strcmp(k->name, entry->key)) continue;
        if (!k->read) return reading_fault(in, 316, entry, "not built yet");
        /* A compute party must not have the prompt, not even in memory. */
        if (in->own == NULL && value_is_private(k->section)) return true;
        return k->read(in, k, entry);
    }
    return unknown_key(in, entry);
}

const char *keys_word(const runfile *r, const char *section, const char *name)
{
    for (size_t i = 0; i < KEYS; i++) {
        const key *k = &keys[i];
        uint32_t   value = 0;
        bool       flag;

        if (strcmp(k->section, section) || strcmp(k->name, name)) continue;
        if (k->size == sizeof flag) {
            memcpy(&flag, (const char *)r + k->offset, sizeof flag);
            value = flag;
        } else {
            memcpy(&value, (const char *)r + k->offset, sizeof value);
        }
        return k->words[value];
    }
    return NULL;
}
