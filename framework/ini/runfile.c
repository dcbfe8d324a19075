/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* runfile.c - see runfile.h.  One table says of every key where its value goes and what it may be. */
#include "ini/runfile.h"

#include <puma/host.h>

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct reading {
    runfile    *r;
    puma_error *e;
    bool        need_input;
};

typedef struct key key;
struct key {
    const char *section, *name;
    /* False after a failure, which is recorded.  NULL: what the key is for is not built yet. */
    bool (*read)(struct reading *in, const key *k, const ini_entry *entry);
    size_t             offset, size; /* of its field                                                      */
    uint64_t           least, most;  /* of an integer                                                     */
    const char *const *words;        /* of a choice, by value; one that begins with `!` is not built yet  */
};

/* Records a failure with the place in front: "run.ini:7: [run] task: …", "--set run.task: …". */
__attribute__((format(printf, 4, 5))) static bool fault(struct reading *in, unsigned code,
                                                        const ini_entry *entry, const char *format, ...)
{
    char    text[2 * ERROR_TEXT];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (entry->line == 0)
        error_set(in->e, code, "--set %s.%s: %s", entry->section, entry->key, text);
    else
        error_set(in->e, code, "%s:%d: [%s] %s: %s", in->r->file.path, entry->line, entry->section,
                  entry->key, text);
    return false;
}

/* --- values ----------------------------------------------------------------------------------- */

static void *field(struct reading *in, const key *k) { return (char *)in->r + k->offset; }

/* Enumerations and small integers have fields of several sizes; a value read has been checked to fit. */
static void store(struct reading *in, const key *k, uint64_t value)
{
    bool     flag = value != 0;
    uint32_t word = (uint32_t)value;

    memcpy(field(in, k),
           k->size == sizeof flag   ? (void *)&flag
           : k->size == sizeof word ? (void *)&word
                                    : (void *)&value,
           k->size);
}

static bool store_text(struct reading *in, const key *k, char *text)
{
    char **to = field(in, k);

    if (!text) {
        error_set(in->e, 1001, "%s: out of memory", in->r->file.path);
        return false;
    }
    free(*to);
    *to = text;
    return true;
}

static bool read_integer(struct reading *in, const key *k, const ini_entry *entry)
{
    uint64_t value;

    if (!ini_unsigned(entry->value, k->least, k->most, &value))
        return fault(in, 311, entry, "needs an integer, %ju <= %s <= %ju (got '%.60s')", (uintmax_t)k->least,
                     k->name, (uintmax_t)k->most, entry->value);
    store(in, k, value);
    return true;
}

static bool read_yes_no(struct reading *in, const key *k, const ini_entry *entry)
{
    bool value;

    if (!ini_yes_no(entry->value, &value))
        return fault(in, 312, entry, "needs yes or no (got '%.60s')", entry->value);
    store(in, k, value);
    return true;
}

/* yes, no, or auto: what the model's files say. */
static bool read_choice(struct reading *in, const key *k, const ini_entry *entry)
{
    bool value;

    if (strcmp(entry->value, "auto") == 0) {
        store(in, k, RUN_AUTO);
    } else if (ini_yes_no(entry->value, &value)) {
        store(in, k, value ? RUN_YES : RUN_NO);
    } else {
        return fault(in, 312, entry, "needs yes or no, or auto (got '%.60s')", entry->value);
    }
    return true;
}

static bool read_word(struct reading *in, const key *k, const ini_entry *entry)
{
    char   known[ERROR_TEXT] = "";
    size_t used = 0;

    for (size_t i = 0; k->words[i]; i++) {
        bool built = k->words[i][0] != '!';

        if (strcmp(entry->value, k->words[i] + !built) == 0) {
            if (!built) return fault(in, 316, entry, "%s is not built yet", entry->value);
            store(in, k, i);
            return true;
        }
        if (built)
            used +=
                (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", k->words[i]);
    }
    return fault(in, 314, entry, "no such value '%.60s' (one of %s)", entry->value, known);
}

/* A value that becomes part of a file's name: letters, digits, `_`, `-`.  `from` to `end`. */
static bool is_name(const char *from, const char *end)
{
    if (from == end) return false;
    for (; from < end; from++)
        if (!(*from >= 'a' && *from <= 'z') && !(*from >= 'A' && *from <= 'Z') &&
            !(*from >= '0' && *from <= '9') && *from != '_' && *from != '-')
            return false;
    return true;
}

static bool read_name(struct reading *in, const key *k, const ini_entry *entry)
{
    if (!is_name(entry->value, entry->value + strlen(entry->value)))
        return fault(in, 314, entry, "not a name of letters, digits, '_' and '-' (got '%.60s')",
                     entry->value);
    return store_text(in, k, strdup(entry->value));
}

/* A file of models/chat: a name in which dots may stand, as in qwen2.5. */
static bool read_template(struct reading *in, const key *k, const ini_entry *entry)
{
    for (const char *c = entry->value; *c || c == entry->value; c++)
        if (!is_name(c, c + 1) && (*c != '.' || c == entry->value))
            return fault(in, 314, entry, "not the name of a chat template (got '%.60s')", entry->value);
    return store_text(in, k, strdup(entry->value));
}

static bool read_plugin(struct reading *in, const key *k, const ini_entry *entry)
{
    if (!is_name(entry->value, entry->value + strlen(entry->value)))
        return fault(in, 602, entry, "not a plugin's name, which has no path and no ending (got '%.60s')",
                     entry->value);
    return store_text(in, k, strdup(entry->value));
}

/* PLUGIN or PLUGIN.VARIANT */
static bool read_function(struct reading *in, const key *k, const ini_entry *entry)
{
    const char *end = entry->value + strlen(entry->value), *dot = strchr(entry->value, '.');

    if (!is_name(entry->value, dot ? dot : end) || (dot && !is_name(dot + 1, end)))
        return fault(in, 602, entry, "needs PLUGIN or PLUGIN.VARIANT (got '%.60s')", entry->value);
    return store_text(in, k, strdup(entry->value));
}

static bool read_text(struct reading *in, const key *k, const ini_entry *entry)
{
    return store_text(in, k, strdup(entry->value));
}

/* Relative to the file's directory, or for --set to the current one.  Whether the file is there is for its
 * reader to say; what no path can mean is said here. */
static bool read_path(struct reading *in, const key *k, const ini_entry *entry)
{
    const char *base = in->r->file.path, *slash = strrchr(base, '/');
    size_t prefix = entry->value[0] == '/' || entry->line == 0 || !slash ? 0 : (size_t)(slash - base) + 1;
    size_t size = prefix + strlen(entry->value);
    struct stat about;
    char       *path;

    if (!*entry->value) return fault(in, 319, entry, "the path is empty");
    if (size >= PATH_MAX)
        return fault(in, 319, entry, "%s (got %zu bytes, limit %d)", strerror(ENAMETOOLONG), size,
                     PATH_MAX - 1);
    if (asprintf(&path, "%.*s%s", (int)prefix, base, entry->value) < 0) path = NULL;
    if (path && stat(path, &about) != 0 && (errno == ELOOP || errno == ENAMETOOLONG)) {
        free(path);
        return fault(in, 319, entry, "%.100s: %s", entry->value,
                     strerror(errno == ELOOP ? ELOOP : ENAMETOOLONG));
    }
    return store_text(in, k, path);
}

/* A path, or `-` for standard input. */
static bool read_path_or_stdin(struct reading *in, const key *k, const ini_entry *entry)
{
    return strcmp(entry->value, "-") == 0 ? read_text(in, k, entry) : read_path(in, k, entry);
}

/* JSON in place, or a file of it. */
static bool read_messages(struct reading *in, const key *k, const ini_entry *entry)
{
    return entry->value[0] == '[' ? read_text(in, k, entry) : read_path_or_stdin(in, k, entry);
}

/* 0 < value <= the key's `most`: a fraction, or a scale. */
static bool read_positive(struct reading *in, const key *k, const ini_entry *entry)
{
    double value;

    if (!ini_real(entry->value, &value) || !(value > 0) || value > (double)k->most)
        return fault(in, 313, entry, "needs a number, 0 < %s <= %ju (got '%.60s')", k->name,
                     (uintmax_t)k->most, entry->value);
    memcpy(field(in, k), &value, sizeof value);
    return true;
}

static bool read_sample_seed(struct reading *in, const key *k, const ini_entry *entry)
{
    in->r->has_sample_seed = true;
    return read_integer(in, k, entry);
}

static bool read_seed(struct reading *in, const key *k, const ini_entry *entry)
{
    static const char prefix[] = "insecure:";
    uint64_t          value;

    if (strncmp(entry->value, prefix, strlen(prefix)) != 0)
        return fault(in, 314, entry, "a fixed seed is for tests alone and is written insecure:N");
    if (!ini_unsigned(entry->value + strlen(prefix), 0, UINT64_MAX, &value))
        return fault(in, 311, entry, "needs insecure:N, 0 <= N <= %ju", (uintmax_t)UINT64_MAX);
    store(in, k, value);
    in->r->has_seed = true;
    return true;
}

/* checkpoint | synthetic:SEED | shares:DIR */
static bool read_source(struct reading *in, const key *k, const ini_entry *entry)
{
    static const char synthetic[] = "synthetic:", shares[] = "shares:";

    if (strcmp(entry->value, "checkpoint") == 0) {
        store(in, k, RUN_CHECKPOINT);
        return true;
    }
    if (strncmp(entry->value, shares, strlen(shares)) == 0)
        return fault(in, 316, entry, "shares:DIR is not built yet");
    if (strncmp(entry->value, synthetic, strlen(synthetic)) != 0)
        return fault(in, 314, entry, "no such value '%.60s' (one of checkpoint, synthetic:SEED)",
                     entry->value);
    if (!ini_unsigned(entry->value + strlen(synthetic), 0, UINT64_MAX, &in->r->synthetic_seed))
        return fault(in, 311, entry, "needs synthetic:SEED, 0 <= SEED <= %ju", (uintmax_t)UINT64_MAX);
    store(in, k, RUN_SYNTHETIC);
    return true;
}

/* The prompt itself: a fault is told by its position, never by what stands there.  A number that is no token
 * id is the input's fault (5); the largest id that the model knows is checked when the model is. */
static bool read_ids(struct reading *in, const key *k, const ini_entry *entry)
{
    const char *p = entry->value;
    uint32_t   *ids;
    size_t      count = 0;

    (void)k;
    ids = malloc((strlen(p) / 2 + 1) * sizeof *ids);
    if (!ids) {
        error_set(in->e, 1001, "%s: out of memory", in->r->file.path);
        return false;
    }
    in->r->ids = ids;
    for (;;) {
        size_t   size, signs;
        char     digits[24];
        uint64_t id = UINT64_MAX;

        p += strspn(p, " \t");
        if (!*p) break;
        size = strcspn(p, " \t");
        signs = *p == '-';
        if (size == signs || strspn(p + signs, "0123456789") < size - signs)
            return fault(in, 311, entry, "entry %zu is not an integer, 0 <= id <= %u", count + 1, UINT32_MAX);
        if (size < sizeof digits) {
            snprintf(digits, sizeof digits, "%.*s", (int)size, p);
            ini_unsigned(digits, 0, UINT32_MAX, &id);
            OPENSSL_cleanse(digits, sizeof digits);
        }
        if (id > UINT32_MAX)
            return fault(in, 550, entry, "entry %zu is out of range, 0 <= id <= %u", count + 1, UINT32_MAX);
        ids[count++] = (uint32_t)id;
        p += size;
    }
    in->r->id_count = count;
    return count > 0 ? true : fault(in, 550, entry, "no token ids");
}

/* Cuts "host:port" or "[v6]:port"; host has room for HOST bytes. */
#define HOST 256
static bool cut_address(const char *address, char *host, uint64_t *port)
{
    const char *end = strrchr(address, ':'), *from = address;
    size_t      size;

    if (!end || !ini_unsigned(end + 1, 1, 65535, port)) return false;
    size = (size_t)(end - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        from++;
        size -= 2;
    } else if (memchr(address, ':', size)) {
        return false; /* v6 without brackets: where would the port begin? */
    }
    if (size == 0 || size >= HOST) return false;
    for (size_t i = 0; i < size; i++)
        if (from[i] <= ' ' || from[i] >= 0x7f || strchr("[]/@", from[i])) return false;
    snprintf(host, HOST, "%.*s", (int)size, from);
    return true;
}

static bool is_loopback(const char *address)
{
    char            host[HOST];
    uint64_t        port;
    struct in_addr  v4;
    struct in6_addr v6;

    if (!cut_address(address, host, &port)) return false;
    if (inet_pton(AF_INET, host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

static bool same_address(const char *x, const char *y)
{
    char     host_x[HOST], host_y[HOST];
    uint64_t port_x, port_y;

    return cut_address(x, host_x, &port_x) && cut_address(y, host_y, &port_y) && port_x == port_y &&
           strcasecmp(host_x, host_y) == 0;
}

static bool read_address(struct reading *in, const key *k, const ini_entry *entry)
{
    const runfile *r = in->r;
    char           host[HOST];
    uint64_t       port;

    if (!cut_address(entry->value, host, &port))
        return fault(in, 318, entry, "needs HOST:PORT or [IPv6]:PORT, 1 <= PORT <= 65535 (got '%.100s')",
                     entry->value);
    for (size_t i = 0; i <= PUMA_MAX_PARTIES; i++) {
        const char *other = i < PUMA_MAX_PARTIES ? r->address[i] : r->dealer;

        if (other && same_address(other, entry->value))
            return fault(in, 318, entry, "another party has the same address (%.100s)", entry->value);
    }
    return store_text(in, k, strdup(entry->value));
}

static bool read_link(struct reading *in, const key *k, const ini_entry *entry)
{
    if (link_read(entry->value, field(in, k))) return true;
    return fault(in, 314, entry, "not a link (got '%.60s'; lan, wan, auto, or a rate and a round trip: 400mbit 40ms)",
                 entry->value);
}

/* --- the keys --------------------------------------------------------------------------------- */

static const char *const tasks[] = { "embed",      "classify",        "logits",    "hidden", "generate",
                                     "perplexity", "classify_tokens", "fill_mask", NULL };
static const char *const embeddings[] = { "auto", "onehot", "equality", "dpf", NULL };
static const char *const poolings[] = { "auto",          "cls",          "max",       "mean",
                                        "mean_sqrt_len", "weightedmean", "lasttoken", NULL };
static const char *const choices[] = { "auto", "no", "yes" };
static const char *const reveals[] = { "logits", "label", NULL };
static const char *const arithmetics[] = { "float", "fixed", NULL };
static const char *const transports[] = { "memory", "tcp", "tls", NULL };
static const char *const decodings[] = { "greedy", "client", NULL };
static const char *const references[] = { "none", "plain", NULL };

static const char *word(const char *const *words, size_t i) { return words[i] + (words[i][0] == '!'); }

#define FIELD(name) offsetof(runfile, name), sizeof(((runfile *)NULL)->name)
#define NOT_BUILT NULL, 0, 0

static const key keys[] = {
    { "run", "model", read_path, FIELD(model), 0, 0, NULL },
    { "run", "task", read_word, FIELD(task), 0, 0, tasks },
    { "run", "protocol", read_plugin, FIELD(protocol), 0, 0, NULL },
    { "run", "architecture", read_name, FIELD(architecture), 0, 0, NULL },
    { "run", "embedding", read_word, FIELD(embedding), 0, 0, embeddings },
    { "run", "pooling", read_word, FIELD(pooling), 0, 0, poolings },
    { "run", "normalize", read_choice, FIELD(normalize), 0, 0, NULL },
    { "run", "reveal", read_word, FIELD(reveal_label), 0, 0, reveals },
    { "run", "head", read_path, FIELD(head), 0, 0, NULL },
    { "run", "batch_tokens", read_integer, FIELD(batch_tokens), 1, INT32_MAX, NULL },
    { "run", "threads", read_integer, FIELD(threads), 1, 4096, NULL },
    { "run", "material", read_path, FIELD(material), 0, 0, NULL },
    { "run", "seed", read_seed, FIELD(seed), 0, 0, NULL },
    { "input", "text", read_text, FIELD(text), 0, 0, NULL },
    { "input", "text_pair", read_text, FIELD(text_pair), 0, 0, NULL },
    { "input", "prompt_file", read_path_or_stdin, FIELD(input_file), 0, 0, NULL },
    { "input", "messages", read_messages, FIELD(messages), 0, 0, NULL },
    { "input", "ids", read_ids, FIELD(ids), 0, 0, NULL },
    { "input", "file", read_path, FIELD(input_file), 0, 0, NULL },
    { "input", "image", read_path, FIELD(input_file), 0, 0, NULL },
    { "input", "pixels", read_path, FIELD(input_file), 0, 0, NULL },
    { "input", "labels", read_path, FIELD(labels), 0, 0, NULL },
    { "input", "limit", read_integer, FIELD(limit), 1, INT32_MAX, NULL },
    { "input", "truncate", read_yes_no, FIELD(truncate), 0, 0, NULL },
    { "input", "parse_special", read_yes_no, FIELD(parse_special), 0, 0, NULL },
    { "chat", "template", read_template, FIELD(chat_template), 0, 0, NULL },
    { "chat", "system", read_text, FIELD(chat_system), 0, 0, NULL },
    { "approximation", "default", read_plugin, FIELD(approximation_default), 0, 0, NULL },
#define X(slot, name) { "approximation", name, read_function, FIELD(function[slot]), 0, 0, NULL },
    PUMA_SLOTS(X)
#undef X
        { "plugins", "directory", read_path, FIELD(plugin_directory), 0, 0, NULL },
    { "numeric", "ring_bits", read_integer, FIELD(ring_bits), 32, 64, NULL },
    { "numeric", "fxp_fraction_bits", read_integer, FIELD(frac), 1, 30, NULL },
    { "numeric", "arithmetic", read_word, FIELD(fixed), 0, 0, arithmetics },
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

static bool is_plugin_section(const char *section)
{
    size_t prefix = sizeof plugin_prefix - 1;

    return strncmp(section, plugin_prefix, prefix) == 0 &&
           is_name(section + prefix, section + strlen(section));
}

/* The distinct sections of the table, which stand together in it; closed by NULL. */
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
    if (near) return fault(in, 309, entry, "no such key (nearest: %s)", near);
    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].name, entry->key))
            return fault(in, 309, entry, "no such key here; it belongs to [%s]", keys[i].section);
    for (size_t i = 0; i < n && used < 150; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", names[i]);
    return fault(in, 309, entry, "no such key (there are %s)", known);
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
    return is_plugin_section(section);
}

/* Empty sections have no key that could be refused. */
static bool check_sections(struct reading *in)
{
    const ini *file = &in->r->file;

    for (size_t i = 0; i < file->section_count; i++) {
        const ini_section *s = &file->sections[i];
        char               where[PATH_MAX + 32];

        snprintf(where, sizeof where, "%s:%d", file->path, s->line);
        if (!is_known(s->name)) return unknown_section(in, where, s->name);
        if (!is_plugin_section(s->name) && !is_built(s->name)) {
            error_set(in->e, 316, "%s: [%s] is not built yet", where, s->name);
            return false;
        }
    }
    return true;
}

/* A key whose value is a text of any number of lines. */
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
        return fault(in, 314, entry, "needs 64 hexadecimal digits");
    return true;
}

static bool read_entry(struct reading *in, const ini_entry *entry)
{
    /* Only --set can bring a line end, and only a text has use for it. */
    if (strchr(entry->value, '\n') && !is_text(entry)) return fault(in, 304, entry, "the value is not one line");
    if (is_plugin_section(entry->section)) return read_plugin_entry(in, entry);
    if (!is_known(entry->section)) {
        char where[2 * INI_MAX_NAME_BYTES + 16];

        snprintf(where, sizeof where, "--set %s.%s", entry->section, entry->key);
        return unknown_section(in, where, entry->section);
    }
    for (size_t i = 0; i < KEYS; i++) {
        const key *k = &keys[i];

        if (strcmp(k->section, entry->section) || strcmp(k->name, entry->key)) continue;
        if (!k->read) return fault(in, 316, entry, "not built yet");
        /* A compute party has no business with the prompt, not even in its memory. */
        if (!in->need_input && (!strcmp(k->section, "input") || !strcmp(k->section, "chat"))) return true;
        return k->read(in, k, entry);
    }
    return unknown_key(in, entry);
}

/* --- the whole -------------------------------------------------------------------------------- */

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

/* The keys of [input] that say which input it is. */
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

/* The one kind of input that the file (or, with `set`, the command line) gives; NULL in *found: none. */
static bool find_kind(struct reading *in, bool set, const ini_entry **found, run_input *kind)
{
    *found = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        const ini_entry *entry = ini_find(&in->r->file, "input", kinds[i].key);

        if (!entry || (entry->line == 0) != set) continue;
        if (*found)
            return fault(in, 317, entry, "[input] %s is given too; a run has exactly one input", (*found)->key);
        *found = entry;
        *kind = kinds[i].kind;
    }
    return true;
}

/* Of an input that --set gives another kind takes the place, with what belongs to it. */
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

/* Before the values are read: which input it is. */
static bool choose_input(struct reading *in)
{
    const ini_entry *given, *set;
    run_input        kind = RUN_NO_INPUT, other;

    if (!in->need_input) return true;
    if (!find_kind(in, false, &given, &kind) || !find_kind(in, true, &set, &other)) return false;
    if (set && given) {
        forget(in, given->key);
        forget(in, "text_pair");
    }
    in->r->input = set ? other : kind;
    return true;
}

static bool check_input(struct reading *in)
{
    const ini_entry *pair = ini_find(&in->r->file, "input", "text_pair");

    if (!in->need_input) return true;
    if (in->r->input == RUN_NO_INPUT) {
        error_set(in->e, 310, "%s: [input] is missing: one of text, prompt_file, messages, ids, file, image, pixels",
                  in->r->file.path);
        return false;
    }
    if (pair && in->r->input != RUN_TEXT) return fault(in, 317, pair, "goes with [input] text");
    return true;
}

/* A conversation is made of texts; where nothing asks for one, a text is taken as it stands. */
static bool check_chat(struct reading *in)
{
    const ini_entry *named = ini_find(&in->r->file, "chat", "template"), *system = ini_find(&in->r->file, "chat", "system"),
                    *either = named ? named : system, *pair = ini_find(&in->r->file, "input", "text_pair");
    run_input kind = in->r->input;

    if (!in->need_input || !either) return true;
    if (kind == RUN_IDS || kind == RUN_IMAGE || kind == RUN_PIXELS)
        return fault(in, 317, either, "goes with a text, not with [input] %s", runfile_input_key(kind));
    if (pair) return fault(in, 317, pair, "a conversation has no second text: it excludes [chat] %s", either->key);
    if (!named && kind != RUN_MESSAGES)
        return fault(in, 317, system, "goes with [chat] template, or with [input] messages");
    return true;
}

static bool check_numbers(struct reading *in)
{
    const runfile   *r = in->r;
    const ini_entry *entry = ini_find(&r->file, "numeric", "fxp_fraction_bits");

    if (2 * r->frac < r->ring_bits - 2) return true;
    if (!entry) entry = ini_find(&r->file, "numeric", "ring_bits");
    return fault(in, 315, entry, "2 * fxp_fraction_bits < ring_bits - 2 does not hold (2 * %u, %u - 2)",
                 r->frac, r->ring_bits);
}

/* Of parties 0 and 1, which every run with addresses has, and of all below the last that is given. */
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
        const char      *address = i < PUMA_MAX_PARTIES ? r->address[i] : r->dealer;
        char             name[16];
        const ini_entry *entry;

        if (!address || is_loopback(address)) continue;
        snprintf(name, sizeof name, i < PUMA_MAX_PARTIES ? "party%zu" : "dealer", i);
        entry = ini_find(&r->file, "network", name);
        return fault(in, 320, entry, "%s off loopback needs allow_insecure = yes",
                     r->transport == RUN_TCP ? "transport = tcp" : "a fixed seed");
    }
    return true;
}

static bool check_reveal(struct reading *in)
{
    const ini_entry *labels = ini_find(&in->r->file, "input", "labels");

    if (in->r->reveal_label && in->r->task != RUN_CLASSIFY)
        return fault(in, 317, ini_find(&in->r->file, "run", "reveal"), "label goes with task = classify");
    if (in->r->task == RUN_FILL_MASK) in->r->parse_special = true; /* the mask is one */
    if (labels && in->r->task != RUN_CLASSIFY) return fault(in, 317, labels, "goes with task = classify");
    if (in->r->compare_layers && (in->r->task == RUN_GENERATE || in->r->reveal_label))
        return fault(in, 317, ini_find(&in->r->file, "compare", "layers"),
                     in->r->reveal_label ? "reveals hidden states: it excludes [run] reveal = label"
                                         : "goes with one pass through the layers: not with task = generate");
    if (in->r->head && in->r->task != RUN_CLASSIFY)
        return fault(in, 317, ini_find(&in->r->file, "run", "head"), "goes with task = classify");
    return true;
}

/* Whoever sets the temperature of a greedy run expects something that will not happen. */
static bool check_generate(struct reading *in)
{
    static const char *const sampling[] = { "temperature", "top_k", "top_p", "sample_seed" };
    const ini_entry         *pair = ini_find(&in->r->file, "input", "text_pair");

    for (size_t i = 0; in->r->decoding == RUN_GREEDY && i < sizeof sampling / sizeof *sampling; i++) {
        const ini_entry *entry = ini_find(&in->r->file, "generate", sampling[i]);

        if (entry) return fault(in, 317, entry, "goes with decoding = client");
    }
    if (pair && (in->r->task == RUN_GENERATE || in->r->task == RUN_PERPLEXITY))
        return fault(in, 317, pair, "task = %s takes one text", word(tasks, in->r->task));
    return true;
}

/* What the dealer sends is in the file already: neither a seed nor the client can change it any more. */
static bool check_material(struct reading *in)
{
    const ini_entry *entry = ini_find(&in->r->file, "run", "material");

    if (entry && in->r->has_seed) return fault(in, 317, entry, "material is random: it excludes [run] seed");
    if (entry && in->r->task == RUN_GENERATE && in->r->stop_at_eos)
        return fault(in, 317, entry,
                     "material is made for so many steps: it excludes [generate] stop_at_eos = yes");
    return true;
}

static bool set_defaults(runfile *r)
{
    r->architecture = strdup("auto");
    r->approximation_default = strdup("precise");
    r->ring_bits = 64;
    r->frac = 18;
    r->max_new_tokens = 16;
    r->batch_tokens = 1024;
    r->temperature = r->top_p = 1;
    r->transport = RUN_TLS;
    r->connect_timeout_ms = 60000;
    r->io_timeout_ms = 30000;
    return r->architecture && r->approximation_default;
}

puma_status runfile_open(runfile **out, const char *path, const char *const *sets, size_t set_count,
                         bool need_input, puma_error *e)
{
    runfile       *r = calloc(1, sizeof *r);
    struct reading in = { .r = r, .e = e, .need_input = need_input };
    bool           good = true;

    *out = NULL;
    if (e->status != PUMA_OK || !r) {
        free(r);
        return error_set(e, 1001, "%.160s: out of memory", path);
    }
    if (!set_defaults(r)) error_set(e, 1001, "%.160s: out of memory", path);
    if (e->status == PUMA_OK) ini_read(&r->file, path, e);
    for (size_t i = 0; e->status == PUMA_OK && i < set_count; i++) ini_set(&r->file, sets[i], e);
    good = e->status == PUMA_OK && check_sections(&in) && choose_input(&in);
    for (size_t i = 0; good && i < r->file.count; i++) good = read_entry(&in, &r->file.entries[i]);
    if (good && check_required(&in) && check_input(&in) && check_chat(&in) && check_numbers(&in) && check_network(&in) &&
        check_reveal(&in) && check_generate(&in) && check_material(&in)) {
        *out = r;
        return PUMA_OK;
    }
    runfile_close(r);
    return e->status;
}

static void wipe(char *text)
{
    if (text) OPENSSL_cleanse(text, strlen(text));
    free(text);
}

void runfile_close(runfile *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->file.count; i++)
        if (!strcmp(r->file.entries[i].section, "input") || !strcmp(r->file.entries[i].section, "chat"))
            OPENSSL_cleanse(r->file.entries[i].value, strlen(r->file.entries[i].value));
    wipe(r->text);
    wipe(r->text_pair);
    wipe(r->messages);
    wipe(r->chat_system);
    free(r->chat_template);
    OPENSSL_cleanse(&r->seed, sizeof r->seed);
    if (r->ids) OPENSSL_cleanse(r->ids, r->id_count * sizeof *r->ids);
    free(r->ids);
    free(r->model);
    free(r->protocol);
    free(r->architecture);
    free(r->head);
    free(r->input_file);
    free(r->labels);
    OPENSSL_cleanse(&r->sample_seed, sizeof r->sample_seed);
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

/* --- what parties must agree on --------------------------------------------------------------- */

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

/* Parties with different seeds must find out, without the seed showing in the error. */
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

char *runfile_canonical(const runfile *r, bool client)
{
    static const char *const slots[] = {
#define X(slot, name) name,
        PUMA_SLOTS(X)
#undef X
    };
    struct lines to = { 0 };
    char        *text = NULL;
    size_t       size = 0, used = 0;

    add_line(&to, "run.task=%s\n", word(tasks, r->task));
    add_line(&to, "run.protocol=%s\n", r->protocol);
    add_line(&to, "run.architecture=%s\n", r->architecture);
    add_line(&to, "run.embedding=%s\n", word(embeddings, r->embedding));
    add_line(&to, "run.pooling=%s\n", poolings[r->pooling]);
    add_line(&to, "run.normalize=%s\n", choices[r->normalize]);
    add_line(&to, "run.reveal=%s\n", reveals[r->reveal_label]);
    add_line(&to, "run.head=%s\n", r->head ? "linear" : "none");
    add_line(&to, "run.batch_tokens=%zu\n", r->batch_tokens);
    add_seed(&to, r);
    add_line(&to, "approximation.default=%s\n", r->approximation_default);
    for (size_t i = 0; i < PUMA_SLOT_COUNT; i++)
        if (r->function[i]) add_line(&to, "approximation.%s=%s\n", slots[i], r->function[i]);
    for (size_t i = 0; i < r->file.count; i++) {
        const ini_entry *entry = &r->file.entries[i];

        /* A pin says which file a party accepts, not what is computed. */
        if (is_plugin_section(entry->section) && strcmp(entry->key, "sha256"))
            add_line(&to, "%s.%s=%s\n", entry->section, entry->key, entry->value);
    }
    add_line(&to, "numeric.ring_bits=%u\n", r->ring_bits);
    add_line(&to, "numeric.fxp_fraction_bits=%u\n", r->frac);
    add_line(&to, "numeric.arithmetic=%s\n", arithmetics[r->fixed]);
    if (r->task == RUN_GENERATE) {
        /* How many steps there are and what each reveals; how the client samples is its own affair. */
        add_line(&to, "generate.max_new_tokens=%zu\n", r->max_new_tokens);
        add_line(&to, "generate.decoding=%s\n", decodings[r->decoding]);
        add_line(&to, "generate.stop_at_eos=%s\n", yes_no(r->stop_at_eos));
    }
    if (r->compare_layers) add_line(&to, "compare.layers=yes\n");
    add_line(&to, "network.allow_insecure=%s\n", yes_no(r->allow_insecure));
    if (r->source == RUN_SYNTHETIC)
        add_line(&to, "weights.source=synthetic:%ju\n", (uintmax_t)r->synthetic_seed);
    else
        add_line(&to, "weights.source=checkpoint\n");
    if (client) {
        add_line(&to, "input.truncate=%s\n", yes_no(r->truncate));
        add_line(&to, "input.parse_special=%s\n", yes_no(r->parse_special));
    }
    for (size_t i = 0; i < to.count; i++) size += strlen(to.line[i]);
    if (!to.failed) text = malloc(size + 1);
    if (text) {
        qsort(to.line, to.count, sizeof *to.line, by_text);
        for (size_t i = 0; i < to.count; i++) used += (size_t)sprintf(text + used, "%s", to.line[i]);
    }
    for (size_t i = 0; i < to.count; i++) free(to.line[i]);
    free(to.line);
    return text;
}
