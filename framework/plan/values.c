/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* values.c - see reading.h: turns the text of a value into what its field holds, or a failure that names
 * file, line and key.  Only this file writes into fields by the offsets of the table. */
#include "plan/reading.h"

#include <puma/host.h>

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool reading_fault(struct reading *in, unsigned code, const ini_entry *entry, const char *format, ...)
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

bool value_is_private(const char *section) { return !strcmp(section, "input") || !strcmp(section, "chat"); }

static void *field(struct reading *in, const key *k)
{
    return (value_is_private(k->section) ? (char *)in->own : (char *)in->r) + k->offset;
}

/* Enumerations and small integers have fields of several sizes; the value was checked to fit. */
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

bool read_integer(struct reading *in, const key *k, const ini_entry *entry)
{
    uint64_t value;

    if (!ini_unsigned(entry->value, k->least, k->most, &value))
        return reading_fault(in, 311, entry, "needs an integer, %ju <= %s <= %ju (got '%.60s')", (uintmax_t)k->least,
                     k->name, (uintmax_t)k->most, entry->value);
    store(in, k, value);
    return true;
}

bool read_yes_no(struct reading *in, const key *k, const ini_entry *entry)
{
    bool value;

    if (!ini_yes_no(entry->value, &value))
        return reading_fault(in, 312, entry, "needs yes or no (got '%.60s')", entry->value);
    store(in, k, value);
    return true;
}

/* yes, no, or auto, which leaves it to the model's files. */
bool read_choice(struct reading *in, const key *k, const ini_entry *entry)
{
    bool value;

    if (strcmp(entry->value, "auto") == 0) {
        store(in, k, RUN_AUTO);
    } else if (ini_yes_no(entry->value, &value)) {
        store(in, k, value ? RUN_YES : RUN_NO);
    } else {
        return reading_fault(in, 312, entry, "needs yes or no, or auto (got '%.60s')", entry->value);
    }
    return true;
}

bool read_word(struct reading *in, const key *k, const ini_entry *entry)
{
    char   known[ERROR_TEXT] = "";
    size_t used = 0;

    for (size_t i = 0; k->words[i]; i++) {
        bool built = k->words[i][0] != '!';

        if (strcmp(entry->value, k->words[i] + !built) == 0) {
            if (!built) return reading_fault(in, 316, entry, "%s is not built yet", entry->value);
            store(in, k, i);
            return true;
        }
        if (built)
            used +=
                (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", k->words[i]);
    }
    return reading_fault(in, 314, entry, "no such value '%.60s' (one of %s)", entry->value, known);
}

/* May `from` to `end` be part of a file's name?  Only letters, digits, `_`, `-`. */
bool value_is_name(const char *from, const char *end)
{
    if (from == end) return false;
    for (; from < end; from++)
        if (!(*from >= 'a' && *from <= 'z') && !(*from >= 'A' && *from <= 'Z') &&
            !(*from >= '0' && *from <= '9') && *from != '_' && *from != '-')
            return false;
    return true;
}

bool read_name(struct reading *in, const key *k, const ini_entry *entry)
{
    if (!value_is_name(entry->value, entry->value + strlen(entry->value)))
        return reading_fault(in, 314, entry, "not a name of letters, digits, '_' and '-' (got '%.60s')",
                     entry->value);
    return store_text(in, k, strdup(entry->value));
}

/* A file of models/chat.  Its name may have dots in it, as in qwen2.5. */
bool read_template(struct reading *in, const key *k, const ini_entry *entry)
{
    for (const char *c = entry->value; *c || c == entry->value; c++)
        if (!value_is_name(c, c + 1) && (*c != '.' || c == entry->value))
            return reading_fault(in, 314, entry, "not the name of a chat template (got '%.60s')", entry->value);
    return store_text(in, k, strdup(entry->value));
}

bool read_plugin(struct reading *in, const key *k, const ini_entry *entry)
{
    if (!value_is_name(entry->value, entry->value + strlen(entry->value)))
        return reading_fault(in, 602, entry, "not a plugin's name, which has no path and no ending (got '%.60s')",
                     entry->value);
    return store_text(in, k, strdup(entry->value));
}

/* PLUGIN or PLUGIN.VARIANT */
bool read_function(struct reading *in, const key *k, const ini_entry *entry)
{
    const char *end = entry->value + strlen(entry->value), *dot = strchr(entry->value, '.');

    if (!value_is_name(entry->value, dot ? dot : end) || (dot && !value_is_name(dot + 1, end)))
        return reading_fault(in, 602, entry, "needs PLUGIN or PLUGIN.VARIANT (got '%.60s')", entry->value);
    return store_text(in, k, strdup(entry->value));
}

bool read_text(struct reading *in, const key *k, const ini_entry *entry)
{
    return store_text(in, k, strdup(entry->value));
}

/* A relative path is resolved against the run file's directory, or for --set against the current one.  What
 * cannot be a path is refused here; a missing file is noticed by its reader. */
bool read_path(struct reading *in, const key *k, const ini_entry *entry)
{
    const char *base = in->r->file.path, *slash = strrchr(base, '/');
    size_t prefix = entry->value[0] == '/' || entry->line == 0 || !slash ? 0 : (size_t)(slash - base) + 1;
    size_t size = prefix + strlen(entry->value);
    struct stat about;
    char       *path;

    if (!*entry->value) return reading_fault(in, 319, entry, "the path is empty");
    if (size >= PATH_MAX)
        return reading_fault(in, 319, entry, "%s (got %zu bytes, limit %d)", strerror(ENAMETOOLONG), size,
                     PATH_MAX - 1);
    if (asprintf(&path, "%.*s%s", (int)prefix, base, entry->value) < 0) path = NULL;
    if (path && stat(path, &about) != 0 && (errno == ELOOP || errno == ENAMETOOLONG)) {
        free(path);
        return reading_fault(in, 319, entry, "%.100s: %s", entry->value,
                     strerror(errno == ELOOP ? ELOOP : ENAMETOOLONG));
    }
    return store_text(in, k, path);
}

/* A path, or `-` for standard input. */
bool read_path_or_stdin(struct reading *in, const key *k, const ini_entry *entry)
{
    return strcmp(entry->value, "-") == 0 ? read_text(in, k, entry) : read_path(in, k, entry);
}

/* JSON itself, or the path of a file of it. */
bool read_messages(struct reading *in, const key *k, const ini_entry *entry)
{
    return entry->value[0] == '[' ? read_text(in, k, entry) : read_path_or_stdin(in, k, entry);
}

/* 0 < value <= the key's `most`, for a fraction or a scale. */
bool read_positive(struct reading *in, const key *k, const ini_entry *entry)
{
    double value;

    if (!ini_real(entry->value, &value) || !(value > 0) || value > (double)k->most)
        return reading_fault(in, 313, entry, "needs a number, 0 < %s <= %ju (got '%.60s')", k->name,
                     (uintmax_t)k->most, entry->value);
    memcpy(field(in, k), &value, sizeof value);
    return true;
}

bool read_sample_seed(struct reading *in, const key *k, const ini_entry *entry)
{
    in->r->has_sample_seed = true;
    return read_integer(in, k, entry);
}

bool read_seed(struct reading *in, const key *k, const ini_entry *entry)
{
    static const char prefix[] = "insecure:";
    uint64_t          value;

    if (strncmp(entry->value, prefix, strlen(prefix)) != 0)
        return reading_fault(in, 314, entry, "a fixed seed is for tests alone and is written insecure:N");
    if (!ini_unsigned(entry->value + strlen(prefix), 0, UINT64_MAX, &value))
        return reading_fault(in, 311, entry, "needs insecure:N, 0 <= N <= %ju", (uintmax_t)UINT64_MAX);
    store(in, k, value);
    in->r->has_seed = true;
    return true;
}

/* checkpoint | synthetic:SEED | shares:DIR */
bool read_source(struct reading *in, const key *k, const ini_entry *entry)
{
    static const char synthetic[] = "synthetic:", shares[] = "shares:";

    if (strcmp(entry->value, "checkpoint") == 0) {
        store(in, k, RUN_CHECKPOINT);
        return true;
    }
    if (strncmp(entry->value, shares, strlen(shares)) == 0)
        return reading_fault(in, 316, entry, "shares:DIR is not built yet");
    if (strncmp(entry->value, synthetic, strlen(synthetic)) != 0)
        return reading_fault(in, 314, entry, "no such value '%.60s' (one of checkpoint, synthetic:SEED)",
                     entry->value);
    if (!ini_unsigned(entry->value + strlen(synthetic), 0, UINT64_MAX, &in->r->synthetic_seed))
        return reading_fault(in, 311, entry, "needs synthetic:SEED, 0 <= SEED <= %ju", (uintmax_t)UINT64_MAX);
    store(in, k, RUN_SYNTHETIC);
    return true;
}

/* The ids are the prompt: a fault gives its position, never the text.  A number that cannot be a token id is
 * the input's fault (5); whether the model has the id is checked with the model. */
bool read_ids(struct reading *in, const key *k, const ini_entry *entry)
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
    in->own->ids = ids;
    for (;;) {
        size_t   size, signs;
        char     digits[24];
        uint64_t id = UINT64_MAX;

        p += strspn(p, " \t");
        if (!*p) break;
        size = strcspn(p, " \t");
        signs = *p == '-';
        if (size == signs || strspn(p + signs, "0123456789") < size - signs)
            return reading_fault(in, 311, entry, "entry %zu is not an integer, 0 <= id <= %u", count + 1, UINT32_MAX);
        if (size < sizeof digits) {
            snprintf(digits, sizeof digits, "%.*s", (int)size, p);
            ini_unsigned(digits, 0, UINT32_MAX, &id);
            OPENSSL_cleanse(digits, sizeof digits);
        }
        if (id > UINT32_MAX)
            return reading_fault(in, 550, entry, "entry %zu is out of range, 0 <= id <= %u", count + 1, UINT32_MAX);
        ids[count++] = (uint32_t)id;
        p += size;
    }
    in->own->id_count = count;
    return count > 0 ? true : reading_fault(in, 550, entry, "no token ids");
}

/* Cuts "host:port" or "[v6]:port"; host has room for HOST bytes. */
enum { HOST = 256 };
static bool cut_address(const char *address, char *host, uint64_t *port)
{
    const char *end = strrchr(address, ':'), *from = address;
    size_t      size;

    /* Five digits: no reader behind this one has room for zeros in front. */
    if (!end || strlen(end + 1) > 5 || !ini_unsigned(end + 1, 1, 65535, port)) return false;
    size = (size_t)(end - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        from++;
        size -= 2;
    } else if (memchr(address, ':', size)) {
        return false; /* v6 without brackets: the port is ambiguous */
    }
    if (size == 0 || size >= HOST) return false;
    for (size_t i = 0; i < size; i++)
        if (from[i] <= ' ' || from[i] >= 0x7f || strchr("[]/@", from[i])) return false;
    snprintf(host, HOST, "%.*s", (int)size, from);
    return true;
}

bool value_is_loopback(const char *address)
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

bool read_address(struct reading *in, const key *k, const ini_entry *entry)
{
    const runfile *r = in->r;
    char           host[HOST];
    uint64_t       port;

    if (!cut_address(entry->value, host, &port))
        return reading_fault(in, 318, entry, "needs HOST:PORT or [IPv6]:PORT, 1 <= PORT <= 65535 (got '%.100s')",
                     entry->value);
    for (size_t i = 0; i <= PUMA_MAX_PARTIES; i++) {
        const char *other = i < PUMA_MAX_PARTIES ? r->address[i] : r->dealer;

        if (other && same_address(other, entry->value))
            return reading_fault(in, 318, entry, "another party has the same address (%.100s)", entry->value);
    }
    return store_text(in, k, strdup(entry->value));
}

bool read_link(struct reading *in, const key *k, const ini_entry *entry)
{
    if (link_read(entry->value, field(in, k))) return true;
    return reading_fault(in, 314, entry, "not a link (got '%.60s'; lan, wan, auto, or a rate and a round trip: 400mbit 40ms)",
                 entry->value);
}
