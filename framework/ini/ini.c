/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ini.c - see ini.h */
#include "ini/ini.h"

#include "base/opened.h"
#include "base/text.h"

#include <ini.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the reader and the handler share: the reader hands inih one line, the handler is called before the
 * next. */
struct parse {
    ini        *file;
    puma_error *e;
    const char *next, *end;
    int         line;
    const char *value; /* of the line just handed over */
    size_t      value_size;
    size_t      entry_room, section_room;
};

static bool blank(char c) { return c == ' ' || c == '\t'; }

/* Length of the UTF-8 sequence at p, 0 if it is none: overlong forms, surrogates and what lies above U+10FFFF
 * too. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t   length = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    uint32_t point;

    if (length < 2 || length > left) return length > left ? 0 : length;
    point = p[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        point = point << 6 | (p[i] & 0x3fu);
    }
    return point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : length;
}

static bool check_bytes(const char *name, const char *bytes, size_t size, puma_error *e)
{
    int line = 1;

    for (size_t i = 0, length; i < size; i += length) {
        length = utf8_sequence((const unsigned char *)bytes + i, size - i);
        if (length == 0 || bytes[i] == '\0') {
            error_set(e, 303, "%s:%d: %s at byte offset %zu", name, line,
                      length ? "a NUL byte" : "invalid UTF-8", i);
            return false;
        }
        line += bytes[i] == '\n';
    }
    return true;
}

static bool name_is_good(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (name[i] <= ' ' || name[i] >= 0x7f || strchr(":;#=[]\"'", name[i])) return false;
    return size > 0;
}

/* A name as inih will deliver it, or an error.  `what`: section or key. */
static bool check_name(struct parse *p, const char *what, const char *name, size_t size)
{
    if (size > INI_MAX_NAME_BYTES) {
        error_set(p->e, 304, "%s:%d: the %s's name is too long (got %zu bytes, limit %u)", p->file->path,
                  p->line, what, size, INI_MAX_NAME_BYTES);
        return false;
    }
    if (!name_is_good(name, size)) {
        error_set(p->e, 305, "%s:%d: not a %s's name: '%.*s'", p->file->path, p->line, what, (int)size, name);
        return false;
    }
    return true;
}

static bool add_section(struct parse *p, const char *name, size_t size)
{
    ini  *file = p->file;
    char *copy;

    if (file->section_count == p->section_room) {
        size_t room = p->section_room ? 2 * p->section_room : 16;
        void  *more = realloc(file->sections, room * sizeof *file->sections);

        if (!more) goto no_memory;
        file->sections = more;
        p->section_room = room;
    }
    copy = strndup(name, size);
    if (!copy) goto no_memory;
    file->sections[file->section_count++] = (ini_section){ .name = copy, .line = p->line };
    return true;
no_memory:
    error_set(p->e, 1001, "%s: out of memory at %zu sections", file->path, file->section_count);
    return false;
}

/* One line, without its end and outer blanks, to what inih shall see: nothing, a heading, or key = @LINE. */
static bool translate(struct parse *p, const char *line, size_t size, char *out, size_t room)
{
    const char *equals;
    size_t      key;

    p->value = NULL;
    if (size == 0 || *line == '#' || *line == ';') {
        snprintf(out, room, "\n");
        return true;
    }
    if (*line == '[') {
        if (line[size - 1] != ']') {
            error_set(p->e, 305, "%s:%d: a section's line ends with ']'", p->file->path, p->line);
            return false;
        }
        if (!check_name(p, "section", line + 1, size - 2) || !add_section(p, line + 1, size - 2))
            return false;
        snprintf(out, room, "[%.*s]\n", (int)(size - 2), line + 1);
        return true;
    }
    equals = memchr(line, '=', size);
    if (!equals) {
        error_set(p->e, 305, "%s:%d: neither [section], key = value nor a comment", p->file->path, p->line);
        return false;
    }
    for (key = (size_t)(equals - line); key > 0 && blank(line[key - 1]);) key--;
    if (!check_name(p, "key", line, key)) return false;
    p->value = equals + 1;
    while (p->value < line + size && blank(*p->value)) p->value++;
    p->value_size = (size_t)(line + size - p->value);
    snprintf(out, room, "%.*s = @%d\n", (int)key, line, p->line);
    return true;
}

/* inih's reader.  NULL ends the parsing, at the end of the text or at the first fault. */
static char *next_line(char *out, int room, void *context)
{
    struct parse *p = context;
    const char   *line = p->next, *end;

    if (p->e->status != PUMA_OK || line == p->end) return NULL;
    end = memchr(line, '\n', (size_t)(p->end - line));
    p->next = end ? end + 1 : p->end;
    if (!end) end = p->end;
    p->line++;
    if (end > line && end[-1] == '\r') end--;
    if (end - line > (ptrdiff_t)INI_MAX_LINE_BYTES) {
        error_set(p->e, 304, "%s:%d: the line is too long (got %td bytes, limit %u)", p->file->path, p->line,
                  end - line, INI_MAX_LINE_BYTES);
        return NULL;
    }
    while (line < end && blank(*line)) line++;
    while (end > line && blank(end[-1])) end--;
    return translate(p, line, (size_t)(end - line), out, (size_t)room) ? out : NULL;
}

/* Takes over what it is given, and frees it when there is no room. */
static bool append(ini *file, size_t *entry_room, char *section, char *key, char *value, int line,
                   puma_error *e)
{
    if (section && key && value && file->count == *entry_room) {
        size_t room = *entry_room ? 2 * *entry_room : 32;
        void  *more = realloc(file->entries, room * sizeof *file->entries);

        if (more) {
            file->entries = more;
            *entry_room = room;
        }
    }
    if (!section || !key || !value || file->count == *entry_room) {
        free(section);
        free(key);
        free(value);
        error_set(e, 1001, "%s: out of memory at %zu keys", file->path, file->count);
        return false;
    }
    file->entries[file->count++] = (ini_entry){ section, key, value, line };
    return true;
}

static int take(void *context, const char *section, const char *key, const char *value)
{
    struct parse *p = context;

    if (p->e->status != PUMA_OK) return 0;
    if (!p->value || value[0] != '@') {
        error_set(p->e, 7001, "%s:%d: the parser lost count of lines", p->file->path, p->line);
        return 0;
    }
    if (!*section) {
        error_set(p->e, 307, "%s:%d: %s stands outside a section", p->file->path, p->line, key);
        return 0;
    }
    return append(p->file, &p->entry_room, strdup(section), strdup(key), strndup(p->value, p->value_size),
                  p->line, p->e);
}

static int by_name(const void *a, const void *b)
{
    const ini_entry *x = *(const ini_entry *const *)a, *y = *(const ini_entry *const *)b;
    int              order = strcmp(x->section, y->section);

    if (order == 0) order = strcmp(x->key, y->key);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Of all keys given twice the one whose second line comes first. */
static bool check_duplicates(const ini *file, puma_error *e)
{
    const ini_entry **sorted, *first = NULL, *again = NULL;

    if (file->count < 2) return true;
    sorted = malloc(file->count * sizeof *sorted);
    if (!sorted) {
        error_set(e, 1001, "%s: out of memory at %zu keys", file->path, file->count);
        return false;
    }
    for (size_t i = 0; i < file->count; i++) sorted[i] = &file->entries[i];
    qsort(sorted, file->count, sizeof *sorted, by_name);
    for (size_t i = 1; i < file->count; i++) {
        if (strcmp(sorted[i - 1]->section, sorted[i]->section) || strcmp(sorted[i - 1]->key, sorted[i]->key))
            continue;
        if (again && again->line < sorted[i]->line) continue;
        first = sorted[i - 1];
        again = sorted[i];
    }
    free(sorted);
    if (!again) return true;
    error_set(e, 306, "%s:%d: [%s] %s is given twice, first in line %d", file->path, again->line,
              again->section, again->key, first->line);
    return false;
}

puma_status ini_parse_text(ini *file, const char *name, const char *bytes, size_t size, puma_error *e)
{
    struct parse p = { .file = file, .e = e, .next = bytes, .end = bytes + size };
    int          fault;

    memset(file, 0, sizeof *file);
    if (e->status != PUMA_OK) return e->status;
    if (size > INI_MAX_FILE)
        return error_set(e, 302, "%s: the file is too large (got %zu bytes, limit %zu)", name, size,
                         INI_MAX_FILE);
    file->path = strdup(name);
    if (!file->path) return error_set(e, 1001, "%s: out of memory", name);
    p.next += text_mark(bytes, size);
    if (text_check(name, bytes, size, 303, e) == PUMA_OK && check_bytes(name, bytes, size, e)) {
        fault = ini_parse_stream(next_line, &p, take, &p);
        if (fault != 0) error_set(e, 305, "%s:%d: the line cannot be read", name, fault > 0 ? fault : p.line);
        if (e->status == PUMA_OK) check_duplicates(file, e);
    }
    if (e->status != PUMA_OK) ini_free(file);
    return e->status;
}

puma_status ini_read(ini *file, const char *path, puma_error *e)
{
    struct stat about;
    char       *bytes = NULL;
    size_t      size = 0, room = 0;
    int         fd;

    memset(file, 0, sizeof *file);
    if (e->status != PUMA_OK) return e->status;
    fd = opened_file(path, 0);
    if (fd < 0) return error_set(e, error_by(errno, 301), "%.160s: %s", path, strerror(errno));
    if (fstat(fd, &about) != 0) {
        error_set(e, error_by(errno, 301), "%.160s: %s", path, strerror(errno));
    } else if (!S_ISREG(about.st_mode)) {
        error_set(e, 301, "%.160s: %s", path,
                  S_ISDIR(about.st_mode) ? strerror(EISDIR) : "not a regular file");
    } else if (about.st_size > (off_t)INI_MAX_FILE) {
        error_set(e, 302, "%s: the file is too large (got %jd bytes, limit %zu)", path,
                  (intmax_t)about.st_size, INI_MAX_FILE);
    } else if (!(bytes = malloc(room = (size_t)about.st_size + 1))) {
        error_set(e, 1001, "%s: out of memory (asked %zu bytes)", path, room);
    }
    /* A byte more than the file had: one that grows meanwhile is none that somebody has finished. */
    while (e->status == PUMA_OK) {
        ssize_t got = read(fd, bytes + size, room - size);

        if (got == 0) break;
        if (got > 0)
            size += (size_t)got;
        else if (errno != EINTR)
            error_set(e, error_by(errno, 301), "%.160s: %s", path, strerror(errno));
        if (size == room) error_set(e, 301, "%.160s: changed while it was read", path);
    }
    close(fd);
    if (e->status == PUMA_OK) ini_parse_text(file, path, bytes, size, e);
    if (bytes) explicit_bzero(bytes, size); /* a prompt may be among them */
    free(bytes);
    return e->status;
}

void ini_free(ini *file)
{
    for (size_t i = 0; i < file->count; i++) {
        free(file->entries[i].section);
        free(file->entries[i].key);
        free(file->entries[i].value);
    }
    for (size_t i = 0; i < file->section_count; i++) free(file->sections[i].name);
    free(file->entries);
    free(file->sections);
    free(file->path);
    memset(file, 0, sizeof *file);
}

const ini_entry *ini_find(const ini *file, const char *section, const char *key)
{
    for (size_t i = 0; i < file->count; i++)
        if (!strcmp(file->entries[i].key, key) && !strcmp(file->entries[i].section, section))
            return &file->entries[i];
    return NULL;
}

puma_status ini_set(ini *file, const char *assignment, puma_error *e)
{
    const char *equals = strchr(assignment, '='), *dot = NULL, *value = equals ? equals + 1 : NULL;
    char        section[INI_MAX_NAME_BYTES + 1], key[INI_MAX_NAME_BYTES + 1];
    size_t      section_size, key_size, room;

    if (e->status != PUMA_OK) return e->status;
    for (const char *c = assignment; equals && c < equals; c++)
        if (*c == '.') dot = c;
    if (!dot) return error_set(e, 207, "--set %.100s: expected section.key=value", assignment);
    section_size = (size_t)(dot - assignment);
    key_size = (size_t)(equals - dot) - 1;
    if (section_size > INI_MAX_NAME_BYTES || key_size > INI_MAX_NAME_BYTES ||
        !name_is_good(assignment, section_size) || !name_is_good(dot + 1, key_size))
        return error_set(e, 207, "--set %.100s: not the names of a section and a key", assignment);
    if (!check_bytes("--set", value, strlen(value), e)) return e->status;
    if (strlen(value) > INI_MAX_LINE_BYTES)
        return error_set(e, 304, "--set %.*s: the value is too long (got %zu bytes, limit %u)",
                         (int)(equals - assignment), assignment, strlen(value), INI_MAX_LINE_BYTES);
    snprintf(section, sizeof section, "%.*s", (int)section_size, assignment);
    snprintf(key, sizeof key, "%.*s", (int)key_size, dot + 1);
    for (size_t i = 0; i < file->count; i++) {
        ini_entry *entry = &file->entries[i];
        char      *copy;

        if (strcmp(entry->section, section) || strcmp(entry->key, key)) continue;
        copy = strdup(value);
        if (!copy) return error_set(e, 1001, "--set: out of memory");
        free(entry->value);
        entry->value = copy;
        entry->line = 0;
        return PUMA_OK;
    }
    /* Nobody but the parser keeps count of the room, so that here every append makes its own. */
    {
        ini_entry *more = realloc(file->entries, (file->count + 1) * sizeof *more);

        if (!more) return error_set(e, 1001, "--set: out of memory");
        file->entries = more;
        room = file->count + 1;
    }
    append(file, &room, strdup(section), strdup(key), strdup(value), 0, e);
    return e->status;
}

/* Edit distance (insert, delete, replace, swap neighbours).  `inside`: what stands before and after the best
 * place in `name` costs nothing, so that `fracton_bits` is near `fxp_fraction_bits`. */
static size_t distance(const char *wrong, const char *name, bool inside)
{
    size_t rows[3][INI_MAX_NAME_BYTES + 2], *before = rows[0], *last = rows[1], *row = rows[2];
    size_t n = strlen(wrong), m = strlen(name), best;

    if (n > INI_MAX_NAME_BYTES || m > INI_MAX_NAME_BYTES) return INI_MAX_NAME_BYTES;
    for (size_t j = 0; j <= m; j++) before[j] = row[j] = last[j] = inside ? 0 : j;
    for (size_t i = 1; i <= n; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t least = last[j - 1] + (wrong[i - 1] != name[j - 1]);

            if (last[j] + 1 < least) least = last[j] + 1;
            if (row[j - 1] + 1 < least) least = row[j - 1] + 1;
            if (i > 1 && j > 1 && wrong[i - 1] == name[j - 2] && wrong[i - 2] == name[j - 1] &&
                before[j - 2] + 1 < least)
                least = before[j - 2] + 1;
            row[j] = least;
        }
        before = last;
        last = row;
        row = spare;
    }
    best = last[m];
    for (size_t j = 0; inside && j <= m; j++)
        if (last[j] < best) best = last[j];
    return best;
}

const char *ini_nearest(const char *wrong, const char *const *names)
{
    size_t      length = strlen(wrong), limit = length < 4 ? 1 : length < 9 ? 2 : 3, best = limit + 1;
    const char *nearest = NULL;

    for (; *names; names++) {
        size_t d = distance(wrong, *names, false);

        if (length >= 4) {
            size_t within = distance(wrong, *names, true) + 1;

            if (within < d) d = within;
        }
        if (d < best) {
            best = d;
            nearest = *names;
        }
    }
    return nearest;
}

bool ini_unsigned(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;

    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*text - '0'), &sum))
            return false;
    }
    if (sum < min || sum > max) return false;
    *value = sum;
    return true;
}

static size_t digits(const char **text)
{
    const char *from = *text;

    while (**text >= '0' && **text <= '9') ++*text;
    return (size_t)(*text - from);
}

bool ini_real(const char *text, double *value)
{
    const char *p = text;
    locale_t    c;
    size_t      mantissa;
    double      got;

    /* The grammar is checked here because strtod also takes blanks, hexadecimal, inf and nan. */
    if (*p == '-') p++;
    mantissa = digits(&p);
    if (*p == '.') {
        p++;
        mantissa += digits(&p);
    }
    if (mantissa == 0) return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '-' || *p == '+') p++;
        if (digits(&p) == 0) return false;
    }
    if (*p) return false;
    c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c) return false;
    got = strtod_l(text, NULL, c);
    freelocale(c);
    if (got - got != 0) return false;
    *value = got;
    return true;
}

bool ini_yes_no(const char *text, bool *value)
{
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0) return false;
    *value = text[0] == 'y';
    return true;
}
