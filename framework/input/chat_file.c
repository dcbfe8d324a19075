/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* chat_file.c - reads chat templates from models/chat, and finds the one that matches a checkpoint's own:
 * opens and closes what chat.c renders with.  A checkpoint's own template is compared, never run. */
#include "input/chat_file.h"
#include "base/text_stream.h"
#include "input/internal.h"

#include "plugin/plugin.h"
#include "weights/gguf.h"
#include "weights/json.h"

#include <dirent.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMPLATE_LIMIT ((size_t)1 << 20)

/* --- values of a file ------------------------------------------------------------------------- */

struct reading {
    chat_template *c;
    const ini     *file;
    puma_error    *e;
};

static bool fault(struct reading *in, const ini_entry *entry, const char *why)
{
    error_set(in->e, 327, "%s:%d: [%s] %s: %s", in->file->path, entry->line, entry->section, entry->key, why);
    return false;
}

/* The next string in quotes, which may contain \n, \\ and \"; moves *at past it. */
static char *next_string(const char **at)
{
    const char *p = *at + strspn(*at, " \t");
    char       *text = strdup(p), *to = text;

    if (text == NULL || *p != '"') return free(text), NULL;
    for (p++; *p != '"' && *p != '\0'; p++) {
        if (*p == '\\') {
            p++;
            if (*p != 'n' && *p != '\\' && *p != '"') return free(text), NULL;
            *to++ = *p == 'n' ? '\n' : *p;
        } else {
            *to++ = *p;
        }
    }
    if (*p != '"') return free(text), NULL;
    *to = '\0';
    *at = p + 1;
    return text;
}

static bool read_string(struct reading *in, const ini_entry *entry, char **to)
{
    const char *at = entry->value;

    *to = next_string(&at);
    if (*to == NULL || *at != '\0') return fault(in, entry, "needs one text in double quotes");
    return true;
}

/* A text of the template's own, in which only {bos}, {eos} and {date} may have braces. */
static bool read_own(struct reading *in, const ini_entry *entry, char **to)
{
    if (!read_string(in, entry, to)) return false;
    for (const char *b = strchr(*to, '{'); b != NULL; b = strchr(b + 1, '{'))
        if (strncmp(b, "{bos}", 5) != 0 && strncmp(b, "{eos}", 5) != 0 && strncmp(b, "{date}", 6) != 0)
            return fault(in, entry, "a brace that is none of {bos}, {eos}, {date}");
    return true;
}

static bool read_strings(struct reading *in, const ini_entry *entry, chat_strings *to)
{
    const char *at = entry->value;

    while (*at != '\0') {
        if (to->count == CHAT_STRINGS) return fault(in, entry, "too many texts");
        to->text[to->count] = next_string(&at);
        if (to->text[to->count++] == NULL) return fault(in, entry, "needs texts in double quotes");
        at += strspn(at, " \t");
    }
    return true;
}

/* Reads hashes, separated by blanks. */
static bool read_hashes(struct reading *in, const ini_entry *entry, chat_strings *to)
{
    for (const char *at = entry->value; *at != '\0'; at += strspn(at, " ")) {
        size_t size = strspn(at, "0123456789abcdef");

        if (size != 64 || to->count == CHAT_STRINGS) return fault(in, entry, "needs SHA-256 in lower case");
        to->text[to->count] = strndup(at, size);
        if (to->text[to->count++] == NULL) return no_memory(in->e), false;
        at += size;
    }
    return true;
}

static bool read_choice(struct reading *in, const ini_entry *entry, const char *const *words, unsigned *value)
{
    for (*value = 0; words[*value] != NULL; ++*value)
        if (strcmp(words[*value], entry->value) == 0) return true;
    return fault(in, entry, "no such value");
}

/* --- a file ----------------------------------------------------------------------------------- */

static bool read_part(struct reading *in, const ini_entry *entry, chat_role role)
{
    static const char *const places[] = { "anywhere", "front", "first-user", "last-user", "nowhere", NULL };
    static const char *const trims[] = { "no", "content", "turn", NULL };
    chat_template           *c = in->c;
    chat_part               *part = &c->part[role];
    unsigned                 value = 0;

    if (strcmp(entry->key, "before") == 0) return read_own(in, entry, &part->before);
    if (strcmp(entry->key, "after") == 0) return read_own(in, entry, &part->after);
    if (strcmp(entry->key, "trim") == 0) {
        if (!read_choice(in, entry, trims, &value)) return false;
        part->trim = value;
        return true;
    }
    if (role == CHAT_ASSISTANT && strcmp(entry->key, "behind") == 0) return read_string(in, entry, &c->behind);
    if (role == CHAT_SYSTEM && strcmp(entry->key, "default") == 0) return read_string(in, entry, &c->system_default);
    if (role == CHAT_SYSTEM && strcmp(entry->key, "place") == 0) {
        if (!read_choice(in, entry, places, &value)) return false;
        c->place = value;
        return true;
    }
    return fault(in, entry, "no such key");
}

static bool read_entry(struct reading *in, const ini_entry *entry)
{
    static const char *const orders[] = { "any", "alternate", NULL };
    chat_template           *c = in->c;
    unsigned                 value = 0;

    for (chat_role role = 0; role < CHAT_ROLES; role++)
        if (strcmp(entry->section, chat_role_name(role)) == 0) return read_part(in, entry, role);
    if (strcmp(entry->section, "chat") == 0) {
        if (strcmp(entry->key, "start") == 0) return read_own(in, entry, &c->start);
        if (strcmp(entry->key, "generation") == 0) return read_own(in, entry, &c->generation);
        if (strcmp(entry->key, "order") == 0) {
            if (!read_choice(in, entry, orders, &value)) return false;
            c->alternate = value == 1;
            return true;
        }
    }
    if (strcmp(entry->section, "signature") == 0) {
        if (strcmp(entry->key, "sha256") == 0) return read_hashes(in, entry, &c->hashes);
        if (strcmp(entry->key, "has") == 0) return read_strings(in, entry, &c->has);
        if (strcmp(entry->key, "has_not") == 0) return read_strings(in, entry, &c->has_not);
    }
    return fault(in, entry, "no such key");
}

static void chat_path(char *path, size_t room, const char *name)
{
    snprintf(path, room, "%.4000s/chat%s%s%s", plugin_data_directory("models"), *name == '\0' ? "" : "/", name,
             *name == '\0' ? "" : ".ini");
}

/* Takes over the file, which ini_read or ini_parse_text has made. */
static puma_status read_file(chat_template *c, ini *file, puma_error *e)
{
    struct reading in = { .c = c, .file = file, .e = e };

    for (size_t i = 0; e->status == PUMA_OK && i < file->count; i++)
        if (!read_entry(&in, &file->entries[i])) break;
    ini_free(file);
    return e->status;
}

static int is_ini(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return size > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + size - 4, ".ini") == 0;
}

/* The names in models/chat without their ending; -1: the folder does not exist. */
static int list_files(struct dirent ***files)
{
    char path[4200];
    int  count;

    chat_path(path, sizeof path, "");
    count = scandir(path, files, is_ini, alphasort);
    for (int i = 0; i < count; i++) (*files)[i]->d_name[strlen((*files)[i]->d_name) - 4] = '\0';
    return count;
}

/* The names of all files in models/chat, sorted and separated by commas; malloc'd, NULL: out of memory. */
static char *template_names(void)
{
    struct dirent **files = NULL;
    int             count = list_files(&files);
    char           *text = NULL;
    size_t          size;
    FILE           *out = text_stream(&text, &size);

    for (int i = 0; i < count; i++) {
        if (out != NULL) fprintf(out, "%s%s", i > 0 ? "," : "", files[i]->d_name);
        free(files[i]);
    }
    free(files);
    if (out == NULL || (ferror(out) | fclose(out)) != 0) return free(text), NULL;
    return text;
}

/* Reads models/chat/NAME.ini. */
static puma_status read_template(chat_template **out, const char *name, puma_error *e)
{
    chat_template *c = calloc(1, sizeof *c);
    char           path[4200], *names = NULL;
    ini            file;

    *out = c;
    if (c == NULL) return no_memory(e);
    chat_path(path, sizeof path, name);
    if (strlen(name) >= sizeof c->name || access(path, F_OK) != 0) {
        names = template_names();
        error_set(e, 326, "[chat] template: there is no \"%.50s\" (there are %s)", name, names == NULL ? "none" : names);
        free(names);
        return e->status;
    }
    snprintf(c->name, sizeof c->name, "%s", name);
    ini_read(&file, path, e);
    return read_file(c, &file, e);
}

puma_status chat_parse(chat_template **out, const char *name, const char *bytes, size_t size, puma_error *e)
{
    chat_template *c = calloc(1, sizeof *c);
    ini            file;

    *out = NULL;
    if (c == NULL) return no_memory(e);
    snprintf(c->name, sizeof c->name, "%s", name);
    ini_parse_text(&file, name, bytes, size, e);
    if (read_file(c, &file, e) == PUMA_OK)
        *out = c;
    else
        chat_close(c);
    return e->status;
}

/* --- the checkpoint's own template ------------------------------------------------------------ */

/* The template called default, in a list of named ones. */
static const json_t *named_default(const json_t *list)
{
    const json_t *item, *found = NULL;
    size_t        i;

    json_array_foreach((json_t *)(uintptr_t)list, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));

        if (name != NULL && strcmp(name, "default") == 0) found = json_object_get(item, "template");
    }
    return found;
}

static puma_status from_config(const char *checkpoint, char **text, puma_error *e)
{
    json_t       *config = NULL;
    const json_t *given;

    if (input_tokenizer_config(checkpoint, &config, e) != PUMA_OK) return e->status;
    given = json_object_get(config, "chat_template");
    if (json_is_array(given)) given = named_default(given);
    if (json_is_string(given) && (*text = strdup(json_string_value(given))) == NULL) no_memory(e);
    json_decref(config);
    return e->status;
}

static puma_status from_file(const char *checkpoint, char **text, puma_error *e)
{
    char   path[4200];
    size_t size;

    snprintf(path, sizeof path, "%.4100s/chat_template.jinja", checkpoint);
    if (access(path, F_OK) != 0) return e->status;
    return file_read(path, TEMPLATE_LIMIT, text, &size, 502, e);
}

/* *g is NULL when the checkpoint has no .gguf file. */
static puma_status open_gguf(const char *checkpoint, gguf **g, puma_error *e)
{
    char *file = NULL;

    *g = NULL;
    if (file_find_gguf(&file, checkpoint, e) == PUMA_OK && file != NULL) gguf_open(g, file, e);
    free(file);
    return e->status;
}

static puma_status from_gguf(const char *checkpoint, char **text, puma_error *e)
{
    static const char key[] = "tokenizer.chat_template";
    gguf             *g;
    gguf_text         given;

    if (open_gguf(checkpoint, &g, e) == PUMA_OK && g != NULL && gguf_has(g, key) &&
        gguf_string(g, key, &given, e) == PUMA_OK) {
        if (given.size > TEMPLATE_LIMIT)
            error_set(e, 403, "%s: %s is too long (got %zu bytes, limit %zu)", gguf_name(g), key, given.size,
                      TEMPLATE_LIMIT);
        else if ((*text = strndup(given.bytes, given.size)) == NULL)
            no_memory(e);
    }
    gguf_close(g);
    return e->status;
}

/* Templates are written in JSON, in Jinja and in C, so before their parts are compared line ends and quotes
 * are made the same. */
static void unify(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        bool newline = from[0] == '\\' && from[1] == 'n';

        *to++ = newline ? '\n' : *from == '"' ? '\'' : *from;
        from += newline;
    }
    *to = '\0';
}

static bool is_hash_of(const chat_strings *hashes, const char *text)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char          hex[2 * sizeof hash + 1];

    SHA256((const unsigned char *)text, strlen(text), hash);
    for (size_t i = 0; i < sizeof hash; i++) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    for (size_t i = 0; i < hashes->count; i++)
        if (strcmp(hashes->text[i], hex) == 0) return true;
    return false;
}

static bool is_made_of(const chat_template *c, const char *unified)
{
    for (size_t i = 0; i < c->has.count; i++)
        if (strstr(unified, c->has.text[i]) == NULL) return false;
    for (size_t i = 0; i < c->has_not.count; i++)
        if (strstr(unified, c->has_not.text[i]) != NULL) return false;
    return c->has.count > 0;
}

/* Lists the files that match the template by its parts.  *c is the one that does, NULL if several do; one
 * with its hash wins. */
static puma_status compare_all(chat_template **c, const char *text, const char *unified, FILE *names, puma_error *e)
{
    struct dirent **files = NULL;
    int             count = list_files(&files);
    size_t          found = 0;
    bool            exact = false;

    for (int i = 0; i < count; i++) {
        chat_template *one = NULL;

        if (!exact && e->status == PUMA_OK && read_template(&one, files[i]->d_name, e) == PUMA_OK) {
            exact = is_hash_of(&one->hashes, text);
            if (exact || is_made_of(one, unified)) {
                fprintf(names, "%s%s", found++ > 0 ? "," : "", one->name);
                chat_close(*c);
                *c = one;
                one = NULL;
            }
        }
        chat_close(one);
        free(files[i]);
    }
    free(files);
    if (e->status == PUMA_OK && found > 1 && !exact) {
        chat_close(*c);
        *c = NULL;
    }
    return e->status;
}

/* Kept short, so that all names fit into one line. */
static puma_status unknown(const char *why, const char *which, puma_error *e)
{
    char *names = which == NULL ? template_names() : NULL;

    error_set(e, 569, "%s: %s", why, which != NULL ? which : names != NULL ? names : "none");
    free(names);
    return e->status;
}

puma_status chat_match(chat_template **c, const char *text, puma_error *e)
{
    char  *unified = NULL, *names = NULL;
    size_t size;
    FILE  *out;

    *c = NULL;
    unified = strdup(text);
    out = text_stream(&names, &size);
    if (unified == NULL || out == NULL) no_memory(e);
    if (unified != NULL) unify(unified);
    if (e->status == PUMA_OK) compare_all(c, text, unified, out, e);
    if (out != NULL && (ferror(out) | fclose(out)) != 0 && e->status == PUMA_OK) no_memory(e);
    if (e->status == PUMA_OK && *c == NULL)
        unknown(*names != '\0' ? "the chat template could be any of" : "the chat template is unknown; known",
                *names != '\0' ? names : NULL, e);
    free(names);
    free(unified);
    return e->status;
}

/* The file that matches the checkpoint's own template.  chat_template.jinja takes precedence over
 * tokenizer_config.json, as in transformers. */
static puma_status find_template(chat_template **c, const char *checkpoint, puma_error *e)
{
    char *text = NULL;

    *c = NULL;
    if (from_file(checkpoint, &text, e) == PUMA_OK && text == NULL) from_config(checkpoint, &text, e);
    if (e->status == PUMA_OK && text == NULL) from_gguf(checkpoint, &text, e);
    if (e->status == PUMA_OK && text == NULL) unknown("the checkpoint has no chat template; known", NULL, e);
    if (e->status == PUMA_OK) chat_match(c, text, e);
    free(text);
    return e->status;
}

/* --- the tokens that begin and end a sequence ------------------------------------------------- */

/* In a configuration a token is its text, or an object that contains it. */
static puma_status take_token(char **to, const json_t *config, const char *key, puma_error *e)
{
    const json_t *value = json_object_get(config, key);
    const char   *text = json_string_value(json_is_object(value) ? json_object_get(value, "content") : value);

    if (*to == NULL && text != NULL && (*to = strdup(text)) == NULL) no_memory(e);
    return e->status;
}

static puma_status gguf_token(char **to, const gguf *g, const char *key, puma_error *e)
{
    const gguf_array *tokens = NULL;
    uint64_t          id;
    gguf_text         text;

    if (*to != NULL || !gguf_has(g, key) || !gguf_has(g, "tokenizer.ggml.tokens")) return e->status;
    if (gguf_unsigned(g, key, &id, e) != PUMA_OK ||
        gguf_list(g, "tokenizer.ggml.tokens", GGUF_STRINGS, &tokens, e) != PUMA_OK)
        return e->status;
    if (id >= gguf_length(tokens)) return error_set(e, 403, "%s: %s: no such token", gguf_name(g), key);
    text = gguf_text_at(tokens, (size_t)id);
    if ((*to = strndup(text.bytes, text.size)) == NULL) no_memory(e);
    return e->status;
}

/* Fills bos and eos. */
static puma_status take_tokens(chat_template *c, const char *checkpoint, puma_error *e)
{
    json_t *config = NULL, *map = NULL;
    gguf   *g = NULL;
    char    path[4200];
    bool    none;

    snprintf(path, sizeof path, "%.4100s/special_tokens_map.json", checkpoint);
    if (input_tokenizer_config(checkpoint, &config, e) == PUMA_OK && access(path, F_OK) == 0)
        json_read(path, TEMPLATE_LIMIT, &map, 502, e);
    none = config == NULL && map == NULL;
    if (e->status == PUMA_OK && take_token(&c->bos, config, "bos_token", e) == PUMA_OK &&
        take_token(&c->eos, config, "eos_token", e) == PUMA_OK && take_token(&c->bos, map, "bos_token", e) == PUMA_OK &&
        take_token(&c->eos, map, "eos_token", e) == PUMA_OK && none && open_gguf(checkpoint, &g, e) == PUMA_OK && g != NULL &&
        gguf_token(&c->bos, g, "tokenizer.ggml.bos_token_id", e) == PUMA_OK)
        gguf_token(&c->eos, g, "tokenizer.ggml.eos_token_id", e);
    gguf_close(g);
    json_decref(config);
    json_decref(map);
    return e->status;
}

/* --- opening ---------------------------------------------------------------------------------- */

puma_status chat_open(chat_template **c, const char *name, const char *checkpoint, puma_error *e)
{
    *c = NULL;
    if (strcmp(name, "auto") == 0)
        find_template(c, checkpoint, e);
    else
        read_template(c, name, e);
    if (e->status == PUMA_OK) take_tokens(*c, checkpoint, e);
    if (e->status != PUMA_OK) {
        chat_close(*c);
        *c = NULL;
    }
    return e->status;
}

static void free_strings(chat_strings *s)
{
    for (size_t i = 0; i < s->count; i++) free(s->text[i]);
}

void chat_close(chat_template *c)
{
    if (c == NULL) return;
    for (chat_role r = 0; r < CHAT_ROLES; r++) {
        free(c->part[r].before);
        free(c->part[r].after);
    }
    free(c->start);
    free(c->generation);
    free(c->system_default);
    free(c->behind);
    free(c->bos);
    free(c->eos);
    free_strings(&c->hashes);
    free_strings(&c->has);
    free_strings(&c->has_not);
    free(c);
}

const char *chat_name(const chat_template *c) { return c->name; }
