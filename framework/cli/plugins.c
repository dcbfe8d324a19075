/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plugins.c - `puma plugins`: which plugins there are, what they can do, and whether one file would be
 * accepted.
 *
 * It prints what plugin/ says about each file; it reads no run file and opens no session. */
#include "cli/cli.h"

#include "base/json_text.h"
#include "plugin/plugin.h"

#include <jansson.h>
#include <puma/protocol.h>
#include <stdio.h>
#include <stdlib.h>

static const cli_option options[] = {
    { "--json", NULL, "an array of objects, one a plugin", false },
    { NULL, NULL, NULL, false },
};

static const cli_command command = {
    .name = "plugins",
    .synopsis = "[FILE.so] [--json]",
    .about = "Lists the plugins that a run file can name: kind, name, version, ABI, capabilities, and of "
             "approximations the\n"
             "variants with the largest error each promises.  One that would be refused is listed with the "
             "reason.\n\n"
             "With FILE.so: checks that file as a run would, and fails as a run would.  A plugin has all "
             "rights of the\n"
             "process that loads it, and loading it runs its code: vet files you trust.",
    .options = options,
    .most = 1,
};

static const struct {
    uint64_t    bit;
    const char *name;
} capabilities[] = {
    { PUMA_CAP_DEALER, "dealer" }, { PUMA_CAP_RINGS, "rings" },   { PUMA_CAP_LOCAL, "local" },
    { PUMA_CAP_CLEAR, "clear" },   { PUMA_CAP_PUBLIC, "public" },
};
#define CAPABILITIES (sizeof capabilities / sizeof *capabilities)

static const char *const slots[] = {
#define X(slot, name) name,
    PUMA_SLOTS(X)
#undef X
};

static const char *slot_name(uint32_t slot) { return slot < PUMA_SLOT_COUNT ? slots[slot] : "unknown"; }

static const char *kind(const plugin *p)
{
    return p->protocol ? (p->entry->approx ? "protocol, approximation" : "protocol") : "approximation";
}

static void print_capabilities(uint64_t caps)
{
    bool any = false;

    for (size_t i = 0; i < CAPABILITIES; i++)
        if (caps & capabilities[i].bit) {
            printf("%s%s", any ? " " : "", capabilities[i].name);
            any = true;
        }
    if (!any) printf("none");
}

/* The ids of the extensions that a protocol has, closed by NULL. */
static void extensions_of(const plugin *p, const char *names[6])
{
    const plugin_extensions *x = &p->extensions;
    size_t                   n = 0;

    if (x->lookup.struct_size > 0) names[n++] = PUMA_EXT_LOOKUP;
    if (x->blocks.struct_size > 0) names[n++] = PUMA_EXT_BLOCKS;
    if (x->random.struct_size > 0) names[n++] = PUMA_EXT_RANDOM;
    if (x->clear.struct_size > 0) names[n++] = PUMA_EXT_CLEAR;
    if (x->verify.struct_size > 0) names[n++] = PUMA_EXT_VERIFY;
    names[n] = NULL;
}

static void print_protocol(const plugin *p)
{
    const puma_protocol *table = p->protocol;
    const char          *names[6];

    printf("  parties %u", table->parties);
    if (table->dealer != PUMA_NO_NODE) printf(", party %u works ahead", table->dealer);
    printf(", of an element %u words, of a bit %u; capabilities: ", table->planes, table->bit_planes);
    print_capabilities(table->caps);
    printf("; extensions:");
    extensions_of(p, names);
    for (size_t i = 0; names[i]; i++) printf(" %s", names[i]);
    printf("%s\n", names[0] ? "" : " none");
}

static void print_plugin(const plugin *p)
{
    const puma_plugin *entry = p->entry;

    printf("%s %s  %s, ABI %u.%u\n  %s\n  %s\n  sha256 %s\n", entry->name, entry->version, kind(p),
           entry->abi_version >> 16, entry->abi_version & 0xffff, entry->summary ? entry->summary : "",
           p->path, p->sha256);
    if (p->protocol) print_protocol(p);
    for (const puma_approx *const *a = entry->approx; a && *a; a++) {
        printf("  %-12s%-24smax error %-9.2g on [%g, %g]", slot_name((*a)->slot), (*a)->name, (*a)->max_error,
               (*a)->domain[0], (*a)->domain[1]);
        if ((*a)->needs) {
            printf("  needs ");
            print_capabilities((*a)->needs);
        }
        printf("\n");
        if (PUMA_HAS(*a, caution)) printf("    %s\n", (*a)->caution);
        if (!PUMA_HAS(*a, options)) continue;
        for (const puma_option *o = (*a)->options; o->key; o++)
            printf("    %s = %g (%g to %g): %s\n", o->key, o->fallback, o->min, o->max, o->help);
    }
}

static json_t *capabilities_json(uint64_t caps)
{
    json_t *list = json_array();

    for (size_t i = 0; i < CAPABILITIES; i++)
        if (caps & capabilities[i].bit) json_array_append_new(list, json_string(capabilities[i].name));
    return list;
}

static json_t *extensions_json(const plugin *p)
{
    const char *names[6];
    json_t     *list = json_array();

    extensions_of(p, names);
    for (size_t i = 0; names[i]; i++) json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *approximation_json(const puma_approx *a)
{
    json_t *options_json = json_object();

    for (const puma_option *o = PUMA_HAS(a, options) ? a->options : NULL; o && o->key; o++)
        json_object_set_new(options_json, o->key,
                            json_pack("{s:f,s:f,s:f,s:s}", "default", o->fallback, "min", o->min, "max",
                                      o->max, "help", o->help ? o->help : ""));
    return json_pack("{s:s,s:s,s:f,s:[f,f],s:o,s:s,s:s*,s:o}", "function", slot_name(a->slot), "variant", a->name,
                     "max_error", a->max_error, "domain", a->domain[0], a->domain[1], "needs",
                     capabilities_json(a->needs), "source", a->source ? a->source : "", "caution",
                     PUMA_HAS(a, caution) ? a->caution : NULL, "options", options_json);
}

static json_t *plugin_json(const plugin *p)
{
    const puma_plugin *entry = p->entry;
    char               abi[24];
    json_t            *all = json_array(), *plugin_object;

    snprintf(abi, sizeof abi, "%u.%u", entry->abi_version >> 16, entry->abi_version & 0xffff);
    for (const puma_approx *const *a = entry->approx; a && *a; a++)
        json_array_append_new(all, approximation_json(*a));
    /* A plugin with both counts as a protocol whose list of approximations is not empty. */
    plugin_object = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "name", entry->name, "version",
                              entry->version, "kind", p->protocol ? "protocol" : "approximation", "abi", abi,
                              "summary", entry->summary ? entry->summary : "", "path", p->path, "sha256",
                              p->sha256, "approximations", all);
    if (p->protocol && plugin_object)
        json_object_update_new(plugin_object,
                               json_pack("{s:i,s:i,s:i,s:o,s:o}", "parties", (int)p->protocol->parties, "planes",
                                         (int)p->protocol->planes, "bit_planes", (int)p->protocol->bit_planes,
                                         "capabilities", capabilities_json(p->protocol->caps), "extensions",
                                         extensions_json(p)));
    return plugin_object;
}

static int print_json(json_t *list, size_t expected)
{
    puma_error e = { 0 };
    char      *text = json_array_size(list) == expected ? json_to_text(list, JSON_INDENT(2)) : NULL;

    if (!text) {
        error_set(&e, 1001, "puma plugins: out of memory, or a plugin's text is not UTF-8");
        return cli_fail(&e);
    }
    printf("%s\n", text);
    free(text);
    return 0;
}

typedef struct listed {
    const plugin *p; /* NULL: it cannot be used */
    puma_error    why;
} listed;

static void list_one(const char *name, const listed *one, json_t *list)
{
    if (list && one->p)
        json_array_append_new(list, plugin_json(one->p));
    else if (list)
        json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "error", one->why.text));
    else if (one->p)
        print_plugin(one->p);
    else
        printf("%s  cannot be used: %s\n", name, one->why.text);
}

/* Opens them all before anything is printed: what the machine lacks is no plugin's fault, and no list. */
static puma_status open_all(listed *each, char **names, puma_error *e)
{
    for (size_t i = 0; names[i] && e->status == PUMA_OK; i++)
        if (plugin_open(&each[i].p, names[i], NULL, NULL, &each[i].why) == PUMA_ERESOURCE) *e = each[i].why;
    return e->status;
}

/* Lists all plugins; a broken one must not hide the others. */
static int list_plugins(bool json)
{
    puma_error e = { 0 };
    json_t    *list = json ? json_array() : NULL;
    char     **names;
    listed    *each;
    size_t     count = 0;
    int        code = 0;

    if (plugin_list(&names, NULL, &e) != PUMA_OK) {
        json_decref(list);
        return cli_fail(&e);
    }
    while (names[count]) count++;
    each = calloc(count + 1, sizeof *each);
    if (!each || (json && !list)) error_set(&e, 1001, "puma plugins: out of memory");
    if (e.status == PUMA_OK && open_all(each, names, &e) == PUMA_OK)
        for (size_t i = 0; i < count; i++) list_one(names[i], &each[i], list);
    if (e.status != PUMA_OK)
        code = cli_fail(&e);
    else if (json)
        code = print_json(list, count);
    else if (count == 0)
        printf("no plugins found\n");
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
    free(each);
    json_decref(list);
    return code;
}

static int vet_plugin(const char *path, bool json)
{
    puma_error    e = { 0 };
    const plugin *p;
    json_t       *list;
    int           code;

    if (plugin_open_file(&p, path, &e) != PUMA_OK) return cli_fail(&e);
    if (!json) {
        print_plugin(p);
        return 0;
    }
    list = json_array();
    json_array_append_new(list, plugin_json(p));
    code = print_json(list, 1);
    json_decref(list);
    return code;
}

int cli_plugins(int argc, char **argv)
{
    cli_line line;
    int      code;

    if (!cli_read(&line, &command, argc, argv, &code)) return code;
    if (line.argument_count)
        code = vet_plugin(line.arguments[0], cli_has(&line, "--json"));
    else
        code = list_plugins(cli_has(&line, "--json"));
    cli_free(&line);
    return code;
}
