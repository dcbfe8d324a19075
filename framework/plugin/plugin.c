/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plugin.c - see plugin.h.  Rows D1 to D9 and D12 of the fault contract: a file's place, owner, mode, digest
 * and ELF frame are looked at before dlopen, because constructors run inside it; then the entry, which is
 * data, before any code of the plugin is called. */
#include "plugin/plugin.h"

#include "plugin/fence.h"
#include "plugin/vet.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TEXT 64
#define TABLE_LIMIT 65536
#define APPROX_LIMIT 4096

/* What this host keeps: plugins are never unloaded, so the list only grows. */
typedef struct loaded {
    struct loaded *next;
    plugin         p;
    puma_protocol  protocol;
    dev_t          device;
    ino_t          inode;
} loaded;

static loaded         *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* --- where things lie ------------------------------------------------------------------------- */

static bool inside(const char *path, const char *directory)
{
    size_t n = strlen(directory);

    return strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Found once, from where the program itself lies: a tree that was moved, or that was installed under another
 * prefix than it was configured for, uses its own folders, and no build tree's path is in an installed file.
 * `in_tree`: the program was not installed but runs where it was built. */
static struct {
    bool in_tree;
    char plugins[PATH_MAX], models[PATH_MAX];
} places = { false, PUMA_PKGLIBDIR, PUMA_PKGDATADIR "/models" };

static pthread_once_t places_once = PTHREAD_ONCE_INIT;

/* The way from directory `from` to `to`, both absolute: from "/usr/bin" to "/usr/lib/puma" "../lib/puma". */
static void relative_path(char *way, size_t room, const char *from, const char *to)
{
    size_t common = 0, used = 0;

    for (size_t i = 0;; i++) {
        bool ends = from[i] == '\0' || to[i] == '\0';

        if ((from[i] == '/' || from[i] == '\0') && (to[i] == '/' || to[i] == '\0')) common = i;
        if (ends || from[i] != to[i]) break;
    }
    way[0] = '\0';
    for (const char *c = from + common; *c && used < room; c++)
        if (c[0] == '/' && c[1] != '/' && c[1] != '\0')
            used += (size_t)snprintf(way + used, room - used, "../");
    if (used < room) snprintf(way + used, room - used, "%s", to + common + strspn(to + common, "/"));
}

/* Takes `plugins` and `models` below `directory` for ours when both are there. */
static bool found_below(const char *directory, const char *plugins, const char *models)
{
    char path[2 * PATH_MAX + 1], p[PATH_MAX], m[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", directory, plugins);
    if (!realpath(path, p)) return false;
    snprintf(path, sizeof path, "%s/%s", directory, models);
    if (!realpath(path, m)) return false;
    memcpy(places.plugins, p, sizeof p);
    memcpy(places.models, m, sizeof m);
    return true;
}

static void find_places(void)
{
    char  directory[PATH_MAX], plugins[PATH_MAX], models[PATH_MAX], *tests = NULL;
    char *end = realpath("/proc/self/exe", directory) ? strrchr(directory, '/') : NULL;

    if (!end) return;
    *end = '\0';
    relative_path(plugins, sizeof plugins, PUMA_BINDIR, PUMA_PKGLIBDIR);
    relative_path(models, sizeof models, PUMA_BINDIR, PUMA_PKGDATADIR "/models");
    /* libtool's folder and configure's link to the models mark a build tree; its tests lie two levels down. */
    places.in_tree = found_below(directory, ".libs", "models");
    if (places.in_tree || found_below(directory, plugins, models)) return;
    for (char *c = directory; (c = strstr(c, "/tests/")); c++) tests = c;
    if (!tests) return;
    *tests = '\0';
    places.in_tree = found_below(directory, ".libs", "models");
}

const char *plugin_data_directory(const char *what)
{
    pthread_once(&places_once, find_places);
    return strcmp(what, "plugins") == 0 ? places.plugins : places.models;
}

/* Directories in the order in which they are searched; closed by NULL. */
static void search_path(const char *path[4], const char *extra)
{
    size_t n = 0;

    if (extra) path[n++] = extra;
    path[n++] = plugin_data_directory("plugins");
    if (places.in_tree) path[n++] = PUMA_PKGLIBDIR;
    path[n] = NULL;
}

static bool name_ok(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return n > 0 && n < NAME_TEXT && name[n] == '\0' && name[0] != '-';
}

/* --- tables ----------------------------------------------------------------------------------- */

/* A plugin may know a smaller or larger table of our major; one below major.0 or absurdly large is malformed.
 */
static bool size_ok(uint32_t size, size_t least) { return size >= least && size <= TABLE_LIMIT; }

/* Every table of ABI 2.0 in full: what a later minor appends is not part of it. */
#define SIZE_2_0(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

static bool planes_ok(uint32_t planes) { return planes >= 1 && planes <= PUMA_MAX_PLANES; }

/* Copies the extension `id`, a table of `size` bytes in this host of which the first `least` are version 2.0's, into
 * `copy`; 0 where the backend has none. */
static puma_status copy_extension(void *copy, size_t size, size_t least, const puma_protocol *protocol,
                                  const char *id, const char *path, puma_error *e)
{
    const void *theirs = protocol->extension != NULL ? protocol->extension(id) : NULL;
    uint32_t    told, own = (uint32_t)size;

    memset(copy, 0, size);
    if (theirs == NULL) return PUMA_OK;
    memcpy(&told, theirs, sizeof told); /* every table begins with its size */
    if (!size_ok(told, least))
        return error_set(e, 608, "%s: extension %s of %u bytes (limit %zu to %u)", path, id, told, least,
                         TABLE_LIMIT);
    memcpy(copy, theirs, told < size ? told : size);
    memcpy(copy, &own, sizeof own);
    return PUMA_OK;
}

static puma_status vet_extensions(plugin_extensions *x, const puma_protocol *p, const char *path, puma_error *e)
{
#define COPY(field, type, last, id)                                                                          \
    copy_extension(&x->field, sizeof x->field, SIZE_2_0(type, last), p, id, path, e)
    if (COPY(lookup, puma_lookup_ext, embed, PUMA_EXT_LOOKUP) != PUMA_OK ||
        COPY(blocks, puma_blocks_ext, product_blocks, PUMA_EXT_BLOCKS) != PUMA_OK ||
        COPY(random, puma_random_ext, random, PUMA_EXT_RANDOM) != PUMA_OK ||
        COPY(clear, puma_clear_ext, apply, PUMA_EXT_CLEAR) != PUMA_OK ||
        COPY(verify, puma_verify_ext, verify, PUMA_EXT_VERIFY) != PUMA_OK)
        return e->status;
#undef COPY
    if (((p->caps & PUMA_CAP_CLEAR) != 0) != (x->clear.apply != NULL))
        return error_set(e, 609, "%s: PUMA_CAP_CLEAR and the function \"apply\" of %s go together", path,
                         PUMA_EXT_CLEAR);
    if (x->verify.struct_size != 0 && x->verify.verify == NULL)
        return error_set(e, 609, "%s: required function \"verify\" of %s is missing", path, PUMA_EXT_VERIFY);
    return PUMA_OK;
}

static puma_status vet_protocol(puma_protocol *copy, const puma_protocol *theirs, const char *path,
                                puma_error *e)
{
    size_t      size = theirs->struct_size;
    const char *missing = NULL;

    if (!size_ok(theirs->struct_size, SIZE_2_0(puma_protocol, extension)))
        return error_set(e, 608, "%s: protocol table of %u bytes (limit %zu to %u)", path,
                         theirs->struct_size, SIZE_2_0(puma_protocol, extension), TABLE_LIMIT);
    memset(copy, 0, sizeof *copy);
    memcpy(copy, theirs, size < sizeof *copy ? size : sizeof *copy);
    copy->struct_size = sizeof *copy;
#define REQUIRE(slot)                                                                                        \
    if (!copy->slot && !missing) missing = #slot
    REQUIRE(open);
    REQUIRE(close);
    REQUIRE(share);
    REQUIRE(reveal);
    REQUIRE(add);
    REQUIRE(sub);
    REQUIRE(add_public);
    REQUIRE(scale);
    REQUIRE(sum);
    REQUIRE(product);
    REQUIRE(trunc);
    REQUIRE(xor_);
    REQUIRE(not_);
    REQUIRE(and_);
    REQUIRE(less);
    REQUIRE(mux_sum);
#undef REQUIRE
    if (missing) return error_set(e, 609, "%s: required function \"%s\" is missing", path, missing);
    if (copy->parties < 1 || copy->parties > PUMA_MAX_PARTIES || !planes_ok(copy->planes) ||
        !planes_ok(copy->bit_planes))
        return error_set(e, 608, "%s: %u parties with %u planes of words and %u of bits (limit %u, %u)", path,
                         copy->parties, copy->planes, copy->bit_planes, PUMA_MAX_PARTIES, PUMA_MAX_PLANES);
    if (copy->dealer >= copy->parties && copy->dealer != PUMA_NO_NODE)
        return error_set(e, 608, "%s: dealer %u of %u parties", path, copy->dealer, copy->parties);
    if ((copy->caps & PUMA_CAP_LOCAL) && copy->parties != 1)
        return error_set(e, 608, "%s: local, yet of %u parties", path, copy->parties);
    return PUMA_OK;
}

static puma_status vet_approx(const puma_approx *const *list, const char *path, puma_error *e)
{
    for (size_t i = 0; list[i]; i++) {
        const puma_approx *a = list[i];

        if (i == APPROX_LIMIT)
            return error_set(e, 608, "%s: more than %d approximations", path, APPROX_LIMIT);
        if (!size_ok(a->struct_size, SIZE_2_0(puma_approx, options)))
            return error_set(e, 608, "%s: approximation table %zu of %u bytes (limit %zu to %u)", path, i,
                             a->struct_size, SIZE_2_0(puma_approx, options), TABLE_LIMIT);
        if (!a->name || !name_ok(a->name))
            return error_set(e, 608, "%s: approximation %zu has no usable name", path, i);
        if (!a->eval)
            return error_set(e, 609, "%s: required function \"eval\" of %s is missing", path, a->name);
    }
    return PUMA_OK;
}

/* A plugin of another major version.  The entry of version 1 began like this one, so that its name can be told. */
static puma_status refuse_version(const puma_plugin *found, size_t size, const char *path, puma_error *e)
{
    unsigned    major = size < 4 ? 0 : found->abi_version >> 16;
    unsigned    minor = size < 4 ? 0 : found->abi_version & 0xffff;
    const char *name = major == 1 && size >= sizeof *found ? found->name : NULL;

    if (name == NULL || !name_ok(name))
        return error_set(e, 607, "%s: made for another version of the plugin interface (host %u.%u, plugin %u.%u)",
                         path, PUMA_ABI_MAJOR, PUMA_ABI_MINOR, major, minor);
    return error_set(e, 607,
                     "%s: plugin \"%s\" is made for version %u.%u of the plugin interface, this host has %u.%u: "
                     "it has to be ported (puma-plugin(7))",
                     path, name, major, minor, PUMA_ABI_MAJOR, PUMA_ABI_MINOR);
}

/* The entry as the ELF symbol table and the plugin itself describe it. */
static puma_status vet_entry(const puma_plugin **entry, void *handle, const char *path, puma_error *e)
{
    const puma_plugin *found = dlsym(handle, "puma_plugin_entry");
    struct link_map   *map = NULL;
    ElfW(Sym) *symbol = NULL;
    Dl_info info;

    /* dlsym looks into the libraries that a plugin needs as well: it must be the plugin's own. */
    if (!found || dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0 || !symbol ||
        dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || (uintptr_t)info.dli_fbase != (uintptr_t)map->l_addr ||
        info.dli_saddr != (const void *)found)
        return error_set(e, 606, "%s: exports no symbol \"puma_plugin_entry\"", path);
    if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
        return error_set(e, 606, "%s: symbol \"puma_plugin_entry\" is not data", path);
    if (symbol->st_size < 2 * sizeof(uint32_t) || found->abi_version >> 16 != PUMA_ABI_MAJOR)
        return refuse_version(found, symbol->st_size, path, e);
    if (!size_ok(found->struct_size, SIZE_2_0(puma_plugin, approx)) || found->struct_size > symbol->st_size)
        return error_set(e, 608, "%s: entry of %u bytes (limit %zu to %zu)", path, found->struct_size,
                         SIZE_2_0(puma_plugin, approx), (size_t)symbol->st_size);
    if (!found->name || !name_ok(found->name) || !found->version || !found->summary)
        return error_set(e, 608, "%s: entry without a usable name, version or summary", path);
    if (!found->protocol && !found->approx)
        return error_set(e, 608, "%s: brings neither a protocol nor approximations", path);
    *entry = found;
    return PUMA_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* A path to descriptor `fd` that no earlier plugin had: the loader takes a path that it has met for the library that it
 * found there.  The bits of a count are components "." and empty ones. */
static void descriptor_path(char *path, size_t room, int fd)
{
    static unsigned count;
    size_t          used = (size_t)snprintf(path, room, "/proc/self/fd/");

    count++;
    for (int bit = 0; bit < 32; bit++) used += (size_t)snprintf(path + used, room - used, count >> bit & 1 ? "./" : "/");
    snprintf(path + used, room - used, "%d", fd);
}

/* Did the loader fail for want of memory or descriptors?  It has no word of its own for that. */
static bool starved(int number, const char *why)
{
    static const char *const words[] = { "annot allocate memory", "cannot create", "out of memory" };

    if (error_by(number, 605) != 605) return true;
    for (size_t i = 0; why && i < sizeof words / sizeof *words; i++)
        if (strstr(why, words[i])) return true;
    return why == NULL;
}

/* dlopen of the file that was vetted, whatever its path leads to by now. */
static void *load(const char *path, int fd, const struct stat *file, puma_error *e)
{
    char        descriptor[128];
    struct stat there;
    void       *handle;
    const char *why, *reason;
    int         number;
    fence       f;

    descriptor_path(descriptor, sizeof descriptor, fd);
    if (stat(descriptor, &there) != 0 || there.st_dev != file->st_dev || there.st_ino != file->st_ino) {
        error_set(e, 605, "%s: plugins are opened through /proc/self/fd, and /proc is not there", path);
        return NULL;
    }
    if (fence_begin(&f, path, "loading it", true, e) != PUMA_OK) return NULL;
    errno = 0;
    handle = dlopen(descriptor, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    number = errno;
    why = handle ? NULL : dlerror();
    if (fence_end(&f, path, e) != PUMA_OK) {
        if (handle) dlclose(handle);
        return NULL;
    }
    if (handle) return handle;
    /* The loader names the file by the path that it was given. */
    reason = why && strncmp(why, descriptor, strlen(descriptor)) == 0 ? why + strlen(descriptor) : why;
    if (reason && reason != why && strncmp(reason, ": ", 2) == 0) reason += 2;
    error_set(e, starved(number, why) ? 1001 : 605, "%s: %s", path, reason ? reason : "out of memory");
    return NULL;
}

static loaded *find_loaded(const struct stat *file)
{
    loaded *l = all;

    while (l && (l->device != file->st_dev || l->inode != file->st_ino)) l = l->next;
    return l;
}

/* The vetted file behind `fd`.  `name`: what its entry must say, or NULL. */
static puma_status open_vetted(const plugin **p, const char *path, int fd, const struct stat *file, const char *name,
                               const char *pin, puma_error *e)
{
    char    digest[65];
    void   *handle;
    loaded *l, *same;

    if (vet_digest(fd, path, digest, e) != PUMA_OK) return e->status;
    if (pin && strcasecmp(pin, digest) != 0)
        return error_set(e, 604, "%s: SHA-256 differs from its pin (got %.16s..., pinned %.16s...)", path,
                         digest, pin);
    l = find_loaded(file);
    if (l) {
        if (strcmp(l->p.sha256, digest) != 0)
            return error_set(e, 603, "%s: changed while the program runs", path);
        if (name && strcmp(l->p.entry->name, name) != 0)
            return error_set(e, 608, "%s: the plugin in it is called \"%s\"", path, l->p.entry->name);
        *p = &l->p;
        return PUMA_OK;
    }
    l = calloc(1, sizeof *l);
    if (!l) return error_set(e, 1001, "out of memory (%zu bytes asked)", sizeof *l);
    handle = load(path, fd, file, e);
    if (!handle || vet_entry(&l->p.entry, handle, path, e) != PUMA_OK) goto refused;
    if (name && strcmp(l->p.entry->name, name) != 0) {
        error_set(e, 608, "%s: the plugin in it is called \"%s\"", path, l->p.entry->name);
        goto refused;
    }
    if (l->p.entry->protocol && (vet_protocol(&l->protocol, l->p.entry->protocol, path, e) != PUMA_OK ||
                                 vet_extensions(&l->p.extensions, &l->protocol, path, e) != PUMA_OK))
        goto refused;
    if (l->p.entry->approx && vet_approx(l->p.entry->approx, path, e) != PUMA_OK) goto refused;
    for (same = all; same; same = same->next)
        if (strcmp(same->p.entry->name, l->p.entry->name) == 0) {
            error_set(e, 610, "%s: a plugin \"%s\" is open already, from %s", path, l->p.entry->name,
                      same->p.path);
            goto refused;
        }
    l->p.protocol = l->p.entry->protocol ? &l->protocol : NULL;
    l->p.path = strdup(path);
    if (!l->p.path) {
        error_set(e, 1001, "out of memory (%zu bytes asked)", strlen(path) + 1);
        goto refused;
    }
    memcpy(l->p.sha256, digest, sizeof digest);
    l->device = file->st_dev;
    l->inode = file->st_ino;
    l->next = all;
    all = l;
    *p = &l->p;
    return PUMA_OK;

refused: /* RTLD_NODELETE: what was mapped stays mapped; the handle goes */
    if (handle) dlclose(handle);
    free(l);
    return e->status;
}

/* Vets and opens the file at `path`, a realpath. */
static puma_status open_path(const plugin **p, const char *path, const char *name, const char *pin, puma_error *e)
{
    struct stat file;
    int         fd;

    if (vet_open(path, &fd, &file, e) != PUMA_OK) return e->status;
    open_vetted(p, path, fd, &file, name, pin, e);
    close(fd);
    return e->status;
}

/* The search path as one line for an error text. */
static const char *path_text(char *text, size_t room, const char *const *path)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; path[i]; i++) {
        int n = snprintf(text + used, room - used, "%s%s", i ? ", " : "", path[i]);

        if (n < 0 || (size_t)n >= room - used) break;
        used += (size_t)n;
    }
    return text;
}

static puma_status open_name(const plugin **p, const char *name, const char *extra, const char *pin,
                             puma_error *e)
{
    char        path[PATH_MAX + NAME_TEXT + 8], real[PATH_MAX], directory[PATH_MAX], text[200];
    const char *dirs[4];

    search_path(dirs, extra);
    for (size_t i = 0; dirs[i]; i++) {
        struct stat link;

        if (!realpath(dirs[i], directory)) {
            if (i == 0 && extra)
                return error_set(e, error_by(errno, 603), "%s: plugin directory: %s", dirs[i], strerror(errno));
            continue;
        }
        snprintf(path, sizeof path, "%s/%s.so", directory, name);
        if (lstat(path, &link) != 0 && errno == ENOENT) continue;
        if (!realpath(path, real)) return error_set(e, error_by(errno, 603), "%s: %s", path, strerror(errno));
        if (!inside(real, directory))
            return error_set(e, 603, "%s: leads out of its directory, to %s", path, real);
        return open_path(p, real, name, pin, e);
    }
    return error_set(e, 601, "plugin \"%s\": no file %s.so in %s", name, name,
                     path_text(text, sizeof text, dirs));
}

puma_status plugin_open(const plugin **p, const char *name, const char *extra, const char *pin, puma_error *e)
{
    puma_status status;

    *p = NULL;
    if (e->status != PUMA_OK) return e->status;
    if (!name_ok(name))
        return error_set(e, 602, "plugin \"%.80s\": a name has letters, digits, _ and - alone (limit %d)",
                         name, NAME_TEXT - 1);
    pthread_mutex_lock(&lock);
    status = open_name(p, name, extra, pin, e);
    pthread_mutex_unlock(&lock);
    return status;
}

puma_status plugin_open_file(const plugin **p, const char *path, puma_error *e)
{
    char        real[PATH_MAX];
    puma_status status;

    *p = NULL;
    if (e->status != PUMA_OK) return e->status;
    if (!realpath(path, real)) return error_set(e, error_by(errno, 601), "%s: %s", path, strerror(errno));
    pthread_mutex_lock(&lock);
    status = open_path(p, real, NULL, NULL, e);
    pthread_mutex_unlock(&lock);
    return status;
}

const puma_approx *plugin_approx(const plugin *p, puma_slot slot, const char *variant)
{
    const puma_approx *const *a = p->entry->approx;

    for (; a && *a; a++)
        if ((*a)->slot == (uint32_t)slot && (!variant || strcmp((*a)->name, variant) == 0)) return *a;
    return NULL;
}

/* --- listing ---------------------------------------------------------------------------------- */

static int by_name(const void *x, const void *y) { return strcmp(*(char *const *)x, *(char *const *)y); }

/* Appends `name` of `length` bytes unless it is there. */
static puma_status add_name(char ***names, size_t *count, const char *name, size_t length, puma_error *e)
{
    char **more, *copy;

    for (size_t i = 0; i < *count; i++)
        if (strlen((*names)[i]) == length && memcmp((*names)[i], name, length) == 0) return PUMA_OK;
    more = realloc(*names, (*count + 2) * sizeof *more);
    if (!more) return error_set(e, 1001, "out of memory (%zu bytes asked)", (*count + 2) * sizeof *more);
    *names = more;
    copy = strndup(name, length);
    if (!copy) return error_set(e, 1001, "out of memory (%zu bytes asked)", length + 1);
    more[(*count)++] = copy;
    more[*count] = NULL;
    return PUMA_OK;
}

puma_status plugin_list(char ***names, const char *extra, puma_error *e)
{
    const char *dirs[4];
    size_t      count = 0;

    *names = calloc(1, sizeof **names);
    if (!*names) return error_set(e, 1001, "out of memory (%zu bytes asked)", sizeof **names);
    search_path(dirs, extra);
    for (size_t i = 0; dirs[i] && e->status == PUMA_OK; i++) {
        DIR           *d = opendir(dirs[i]);
        struct dirent *entry;

        if (!d) {
            if ((i == 0 && extra) || error_by(errno, 603) != 603)
                error_set(e, error_by(errno, 603), "%s: plugin directory: %s", dirs[i], strerror(errno));
            continue;
        }
        while (e->status == PUMA_OK && (entry = readdir(d))) {
            size_t n = strlen(entry->d_name);
            char   name[NAME_TEXT];

            if (n < 4 || n - 3 >= sizeof name || strcmp(entry->d_name + n - 3, ".so") != 0) continue;
            snprintf(name, sizeof name, "%.*s", (int)(n - 3), entry->d_name);
            if (name_ok(name)) add_name(names, &count, name, n - 3, e);
        }
        closedir(d);
    }
    if (e->status != PUMA_OK) {
        for (size_t i = 0; i < count; i++) free((*names)[i]);
        free(*names);
        *names = NULL;
        return e->status;
    }
    qsort(*names, count, sizeof **names, by_name);
    return PUMA_OK;
}
