/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* costs.c - doc/costs.md is right: every row of its tables is measured.
 *
 * The page has four tables.  Operations: a call of the backend with the row's parameters; its formulas, bits
 * an element, must give what the links counted, and so must the numbers beside them.  Functions and layers:
 * sums of operations, against `puma bench --op` and `puma plan` (whose counts are those of a run:
 * tests/e2e/plan).  A formula may call a row's: product(k=64, t=18, K=46).  Models: what `puma plan` prints.
 *
 * costs [--write] [PAGE.md]; the program that is built is $PUMA_BUILDDIR/puma.  --write puts what was counted
 * into the page's last column; formulas stay, and those that are wrong are still told. */
#include "host/session.h"
#include "net/net.h"
#include "plugin/plugin.h"

#include <ctype.h>
#include <jansson.h>
#include <pthread.h>
#include <puma/ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 80
#define PARAMETERS 12
#define TEXT 400

static size_t passed, failed;

static void check(bool good, const char *what, const char *formula, long long said, long long met)
{
    if (good) {
        passed++;
        return;
    }
    failed++;
    printf("FAILED %s: %s: the page says %lld, counted %lld\n", what, formula, said, met);
}

static _Noreturn void fatal(const char *what, const char *text)
{
    fprintf(stderr, "costs: %s: %s\n", what, text);
    exit(1);
}

/* --- the page --------------------------------------------------------------------------------- */

typedef struct parameter {
    char      name[8];
    long long value;
} parameter;

typedef struct bindings {
    parameter all[PARAMETERS];
    size_t    count;
} bindings;

enum { OFFLINE, ONLINE, ROUNDS, KINDS };

typedef struct row {
    int       table; /* 0: operations, 1: functions, 2: layers, 3: models */
    size_t    line;  /* of the page */
    char      name[32];
    bindings  p;
    char      formula[KINDS][TEXT];    /* of functions and layers: bits by OFFLINE and ONLINE alike */
    long long said[KINDS], met[KINDS]; /* what stands in the last column, and what should */
} row;

static row    rows[ROWS];
static size_t row_count;

static long long value_of(const bindings *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->all[i].name, name) == 0) return p->all[i].value;
    fatal("a parameter is missing", name);
}

/* --- formulas: + - * / % ^ ( ) min max, parameters, rows of the first table -------------------- */

typedef struct parser {
    const char     *at;
    const bindings *p;
    int             kind;
} parser;

static long long sum(parser *s);

static void blanks(parser *s) { s->at += strspn(s->at, " "); }

static bool take(parser *s, char c)
{
    blanks(s);
    if (*s->at != c) return false;
    s->at++;
    return true;
}

static void need(parser *s, char c)
{
    if (!take(s, c)) fatal("a formula breaks off before", s->at);
}

static void name_at(parser *s, char *out, size_t room)
{
    size_t n = 0;

    blanks(s);
    while ((isalnum((unsigned char)*s->at) || *s->at == '_') && n + 1 < room) out[n++] = *s->at++;
    out[n] = '\0';
}

static long long evaluate(const char *formula, const bindings *p, int kind)
{
    parser    s = { formula, p, kind };
    long long v = sum(&s);

    blanks(&s);
    if (*s.at != '\0') fatal("a formula does not end at", s.at);
    return v;
}

/* name(k=v, …): the formula of that row for these parameters. */
static long long call(parser *s, const char *name)
{
    bindings  inner = { 0 };
    long long a, b;

    if (strcmp(name, "max") == 0 || strcmp(name, "min") == 0) {
        a = sum(s);
        need(s, ',');
        b = sum(s);
        need(s, ')');
        return (a > b) == (name[1] == 'a') ? a : b;
    }
    do {
        parameter *one = &inner.all[inner.count++];

        if (inner.count > PARAMETERS) fatal("too many parameters for", name);
        name_at(s, one->name, sizeof one->name);
        need(s, '=');
        one->value = sum(s);
    } while (take(s, ','));
    need(s, ')');
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].table == 0 && strcmp(rows[i].name, name) == 0)
            return evaluate(rows[i].formula[s->kind], &inner, s->kind);
    fatal("no such operation", name);
}

static long long primary(parser *s)
{
    char      name[32];
    long long v;

    if (take(s, '(')) {
        v = sum(s);
        need(s, ')');
        return v;
    }
    if (isdigit((unsigned char)*s->at)) {
        char *end;

        v = strtoll(s->at, &end, 10);
        s->at = end;
        return v;
    }
    name_at(s, name, sizeof name);
    if (name[0] == '\0') fatal("a formula goes wrong at", s->at);
    return take(s, '(') ? call(s, name) : value_of(s->p, name);
}

static long long power(parser *s)
{
    long long v = primary(s), e, z = 1;

    if (!take(s, '^')) return v;
    for (e = power(s); e > 0; e--) z *= v;
    return z;
}

static long long product(parser *s)
{
    long long v = power(s), d;

    for (;;) {
        if (take(s, '*')) {
            v *= power(s);
        } else if (take(s, '/') || take(s, '%')) {
            bool rest = s->at[-1] == '%';

            d = power(s);
            if (d == 0) fatal("division by 0 before", s->at);
            v = rest ? v % d : v / d;
        } else {
            return v;
        }
    }
}

static long long sum(parser *s)
{
    long long v = product(s);

    for (;;) {
        if (take(s, '+'))
            v += product(s);
        else if (take(s, '-'))
            v -= product(s);
        else
            return v;
    }
}

/* --- reading the tables ----------------------------------------------------------------------- */

/* The next cell of a table's line, without blanks and code marks. */
static bool cell(char **at, char *out, size_t room)
{
    char  *end;
    size_t n = 0;

    if (**at != '|') return false;
    end = strchr(*at + 1, '|');
    if (end == NULL) return false;
    for (const char *c = *at + 1; c < end; c++)
        if (*c != '`' && n + 1 < room && !(n == 0 && *c == ' ')) out[n++] = *c;
    while (n > 0 && out[n - 1] == ' ') n--;
    out[n] = '\0';
    *at = end;
    return true;
}

static void read_parameters(bindings *p, char *text)
{
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        parameter *one = &p->all[p->count];
        char      *equal = strchr(word, '=');

        if (equal == NULL || p->count == PARAMETERS || equal - word >= (long)sizeof one->name)
            fatal("not a parameter", word);
        memcpy(one->name, word, (size_t)(equal - word));
        one->value = strtoll(equal + 1, NULL, 10);
        p->count++;
    }
}

/* Rows begin with a name in code marks:
 *   operations  | name | parameters | offline | online | rounds | offline, online, rounds |
 *   functions   | name | parameters | formula | rounds | offline bytes, online bytes, rounds |
 *   layers      | name | formula | rounds | bytes, rounds |
 *   models      | name | parameters | offline bytes, online bytes, rounds |
 * where the rounds of layers are judged all together: two parties' chains cross the border of a layer apart.
 */
static void read_page(const char *path)
{
    FILE *f = fopen(path, "r");
    char  line[2000], text[TEXT];
    int   table = -1;

    if (f == NULL) fatal("no page", path);
    for (size_t number = 1; fgets(line, sizeof line, f) != NULL; number++) {
        char *at = line;
        row  *r = &rows[row_count];

        if (strncmp(line, "| operation |", 13) == 0) table = 0;
        if (strncmp(line, "| function |", 12) == 0) table = 1;
        if (strncmp(line, "| layer |", 9) == 0) table = 2;
        if (strncmp(line, "| model |", 9) == 0) table = 3;
        if (line[0] != '|') table = -1;
        if (table < 0 || strncmp(line, "| `", 3) != 0) continue;
        if (++row_count == ROWS) fatal("too many rows at", line);
        r->table = table;
        r->line = number;
        cell(&at, r->name, sizeof r->name);
        if (table != 2 && cell(&at, text, sizeof text)) read_parameters(&r->p, text);
        if (table < 3) cell(&at, r->formula[OFFLINE], TEXT);
        if (table == 0)
            cell(&at, r->formula[ONLINE], TEXT);
        else
            memcpy(r->formula[ONLINE], r->formula[OFFLINE], TEXT);
        if (table < 3) cell(&at, r->formula[ROUNDS], TEXT);
        if (!cell(&at, text, sizeof text) ||
            sscanf(text, "%lld, %lld, %lld", &r->said[0], &r->said[1], &r->said[2]) != (table == 2 ? 2 : 3))
            fatal("a row without its counts", r->name);
    }
    fclose(f);
}

/* The last column against what was counted. */
static void judge_column(void)
{
    for (size_t i = 0; i < row_count; i++)
        for (int k = 0; k < (rows[i].table == 2 ? 2 : 3); k++)
            check(rows[i].said[k] == rows[i].met[k], rows[i].name, "the last column", rows[i].said[k],
                  rows[i].met[k]);
}

/* The page with what was counted in the last column. */
static void write_page(const char *path)
{
    FILE  *f = fopen(path, "r"), *out;
    char   line[2000], *text = NULL;
    size_t size = 0, at = 0;

    out = open_memstream(&text, &size);
    if (f == NULL || out == NULL) fatal("cannot be read again", path);
    for (size_t number = 1; fgets(line, sizeof line, f) != NULL; number++) {
        const row *r = at < row_count && rows[at].line == number ? &rows[at++] : NULL;
        char      *end = r == NULL ? NULL : strrchr(line, '|');

        if (r == NULL) {
            fputs(line, out);
            continue;
        }
        while (end > line && *--end != '|') continue;
        fprintf(out, "%.*s| %lld, %lld", (int)(end - line), line, r->met[0], r->met[1]);
        if (r->table != 2) fprintf(out, ", %lld", r->met[2]);
        fputs(" |\n", out);
    }
    fclose(f);
    fclose(out);
    f = fopen(path, "w");
    if (f == NULL || fwrite(text, 1, size, f) != size || fclose(f) != 0) fatal("cannot be written", path);
    free(text);
}

/* --- operations ------------------------------------------------------------------------------- */

static size_t elements(const row *r)
{
    for (size_t i = 0; i < r->p.count; i++)
        if (strcmp(r->p.all[i].name, "n") == 0) return (size_t)r->p.all[i].value;
    return 1024;
}

static uint32_t get(const row *r, const char *name) { return (uint32_t)value_of(&r->p, name); }

static puma_tensor *fresh(puma_session *s, const row *r, uint32_t bits, uint32_t frac)
{
    return s->host->tensor(s, bits == 0 ? PUMA_BIT : PUMA_ARITH, 1, (const size_t[]){ elements(r) },
                           bits == 0 ? 1 : bits, frac);
}

static void op_share(puma_session *s, const row *r)
{
    puma_tensor *z = fresh(s, r, get(r, "k"), 0);

    s->protocol->share(s, z, s->role == PUMA_CLIENT ? s->host->scratch(s, z->n) : NULL, PUMA_CLIENT);
}
static void op_reveal(puma_session *s, const row *r)
{
    puma_tensor *x = fresh(s, r, get(r, "k"), 0);

    session_reveal(s, s->role == PUMA_CLIENT ? s->host->scratch(s, x->n) : NULL, x, PUMA_CLIENT);
}
static void op_product(puma_session *s, const row *r)
{
    uint32_t     t = get(r, "t"), k = get(r, "k");
    puma_tensor *x = fresh(s, r, k, 0), *y = fresh(s, r, k, t), *z = fresh(s, r, get(r, "K"), 0);
    puma_term    term = { .op = PUMA_TERM_MUL, .x = x, .y = y };

    s->protocol->product(s, z, &term, 1, t);
}
/* (n, 1) (1, 1) */
static void op_public(puma_session *s, const row *r)
{
    static const int8_t one[1] = { 3 };
    uint32_t            t = get(r, "t");
    puma_public         w = { .struct_size = sizeof w, .bits = 8, .frac = t, .rank = 2, .dim = { 1, 1 }, .values = one };
    puma_tensor        *x = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ elements(r), 1 }, get(r, "k"), 0);
    puma_tensor        *z = s->host->tensor(s, PUMA_ARITH, 2, x->dim, get(r, "K"), 0);

    s->protocol->product(s, z, &(puma_term){ .op = PUMA_TERM_PUBLIC, .x = x, .w = &w }, 1, t);
}
/* (1, 2) (2, m) and (m, 2) (2, 1): half of the result each. */
static void op_blocks(puma_session *s, const row *r)
{
    uint32_t     t = get(r, "t"), k = get(r, "k");
    size_t       m = elements(r) / 2;
    puma_tensor *x = fresh(s, r, k, 0), *y = fresh(s, r, k, t), *z = fresh(s, r, get(r, "K"), 0);
    puma_block   b[] = { { .m = 1, .n = m, .k = 2 }, { .z = m, .m = m, .n = 1, .k = 2 } };

    session_extensions(s)->blocks.product_blocks(s, z, x, y, &(puma_blocks){ .block = b, .count = 2 }, t);
}
static void op_trunc(puma_session *s, const row *r)
{
    uint32_t t = get(r, "t");

    s->protocol->trunc(s, fresh(s, r, get(r, "K"), 0), fresh(s, r, get(r, "k"), t), t);
}
static void op_and(puma_session *s, const row *r)
{
    s->protocol->and_(s, fresh(s, r, 0, 0), fresh(s, r, 0, 0), fresh(s, r, 0, 0));
}
static void op_mux(puma_session *s, const row *r)
{
    uint32_t     b = get(r, "b"), v = get(r, "v"), bits = get(r, "K");
    puma_choice  choices[32];
    puma_tensor *value = fresh(s, r, bits, 0);

    for (uint32_t j = 0; j < b; j++)
        choices[j] =
            (puma_choice){ .bit = fresh(s, r, 0, 0), .value = j < v ? value : NULL, .coefficient = 1 };
    s->protocol->mux_sum(s, fresh(s, r, bits, 0), choices, b);
}
static void op_less(puma_session *s, const row *r)
{
    uint32_t     count = get(r, "T"), w = get(r, "w");
    puma_tensor *z[32], *x = fresh(s, r, w, 0);
    uint64_t     c[32] = { 0 };

    for (uint32_t j = 0; j < count; j++) z[j] = fresh(s, r, 0, 0);
    s->protocol->less(s, z, x, c, count, 0, w);
}
static void op_one_hot(puma_session *s, const row *r)
{
    size_t dim[2] = { elements(r), get(r, "V") };

    session_extensions(s)->lookup.one_hot(s, s->host->tensor(s, PUMA_BIT, 2, dim, 1, 0), fresh(s, r, get(r, "d"), 0));
}
static void op_maximum(puma_session *s, const row *r)
{
    uint32_t k = get(r, "k");

    session_extensions(s)->lookup.maximum(s, fresh(s, r, k, 0), fresh(s, r, k, 0), fresh(s, r, k, 0));
}

/* A table of N entries with the row's rings, of an operand with x_frac fraction bits.  The terms of slope and
 * curvature are g and h bits narrower than the table's ring: its error and its slopes are such that the backend
 * keeps 9 bits of a curvature, h - g more of a slope, and the rest of the fraction in its factors. */
static puma_table table_of(puma_session *s, const row *r, uint32_t frac, uint32_t x_frac)
{
    uint32_t   n = get(r, "N"), f = frac + get(r, "t"), slope = 9 + get(r, "h") - get(r, "g");
    uint32_t   factor = f - get(r, "g") - slope;
    puma_table t = { .struct_size = sizeof t, .unit = 10, .ring = get(r, "r"), .frac = f };
    int64_t   *zero = (int64_t *)s->host->scratch(s, n), *slopes = (int64_t *)s->host->scratch(s, n);

    while (1u << t.index_bits < n) t.index_bits++;
    t.slope_frac = t.curve_frac = f;
    t.error = 4 * ldexp(1, (int)t.unit - (int)x_frac - (int)slope);
    for (uint32_t i = 0; i < n; i++) slopes[i] = (int64_t)ldexp(0.09 * t.error, (int)(factor + 1 + f));
    t.c[0] = t.c[2] = zero;
    t.c[1] = slopes;
    return t;
}
static void op_table(puma_session *s, const row *r)
{
    puma_table t = table_of(s, r, 18, 12);

    session_extensions(s)->lookup.table(s, fresh(s, r, get(r, "K"), 18), fresh(s, r, 10 + t.index_bits, 12), &t);
}
static void op_gate(puma_session *s, const row *r)
{
    puma_table t = table_of(s, r, 18, 18);
    uint32_t   bits = get(r, "K"), window = t.unit + t.index_bits + get(r, "m");

    session_extensions(s)->lookup.gate(s, fresh(s, r, bits, 18), fresh(s, r, bits > window ? bits : window, 18), &t, window);
}
static void op_exp2(puma_session *s, const row *r)
{
    uint32_t f = get(r, "f"), index = 0;

    while (1u << index < get(r, "N")) index++;
    session_extensions(s)->lookup.exp2(s, fresh(s, r, get(r, "K"), f), fresh(s, r, f + 2 + index, f), 1, 1e-3);
}
static void op_embed(puma_session *s, const row *r)
{
    static const uint32_t ids[64];
    puma_index            part = { .rows = get(r, "V"), .ids = s->role == PUMA_CLIENT ? ids : NULL };
    size_t                tokens = 8, d = elements(r) / tokens, dim[2] = { part.rows, d };
    puma_tensor          *table = NULL, *z;

    if (s->role != PUMA_CLIENT) table = s->host->tensor(s, PUMA_ARITH, 2, dim, get(r, "k"), 0);
    dim[0] = tokens;
    dim[1] = s->role == PUMA_CLIENT ? 0 : d;
    z = s->host->tensor(s, PUMA_ARITH, 2, dim, get(r, "k"), 0);
    session_extensions(s)->lookup.embed(s, z, table, &part, 1, PUMA_CLIENT);
}

static const struct {
    const char *name; /* what rows of operations begin with */
    void (*run)(puma_session *s, const row *r);
    bool client;   /* takes part */
    bool backends; /* the same in every backend that shares rep3's operations */
} OPERATIONS[] = {
    { "share", op_share, true, false },     { "reveal", op_reveal, true, true },
    { "product_blocks", op_blocks, false, true }, /* before "product": see operation_of */
    { "public", op_public, false, true },
    { "product", op_product, false, true }, { "trunc", op_trunc, false, true },
    { "and", op_and, false, true },         { "mux", op_mux, false, true },
    { "less", op_less, false, true },       { "one_hot", op_one_hot, false, true },
    { "maximum", op_maximum, false, true }, { "table", op_table, false, true },
    { "gate", op_gate, false, true },       { "exp2", op_exp2, false, true },
    { "embed", op_embed, true, false },
};

static size_t operation_of(const row *r)
{
    size_t count = sizeof OPERATIONS / sizeof *OPERATIONS;

    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(OPERATIONS[i].name);

        /* "trunc_exact" is "trunc" with other parameters. */
        if (strncmp(r->name, OPERATIONS[i].name, n) == 0 && (r->name[n] == '\0' || r->name[n] == '_'))
            return i;
    }
    fatal("no such operation", r->name);
}

typedef struct party {
    uint32_t      role;
    net_hub      *hub;
    const plugin *backend;
    net_count     behind[ROWS + 1];
    puma_error    error;
    pthread_t     thread;
} party;

/* Is this row about the backend? */
static bool measured(const row *r, const plugin *backend)
{
    return r->table == 0 &&
           (strcmp(backend->entry->name, "rep3") == 0 || OPERATIONS[operation_of(r)].backends);
}

static bool takes_part(const plugin *backend, uint32_t node)
{
    return node < backend->protocol->parties || node == PUMA_CLIENT;
}

static void *live(void *argument)
{
    party         *p = argument;
    net_config     wire = { .transport = NET_MEMORY,
                            .self = p->role,
                            .listen_fd = -1,
                            .hub = p->hub,
                            .dealer = p->backend->protocol->dealer,
                            .connect_timeout_ms = 20000,
                            .io_timeout_ms = 60000,
                            .hello = "costs=1\n" };
    session_config config = { .protocol = p->backend, .role = p->role, .ring_bits = 64, .frac = 18 };
    const row      first = { .p = { { { "k", 64 }, { "K", 46 }, { "t", 18 } }, 3 } };
    puma_session  *s = NULL;

    for (uint32_t i = 0; i < PUMA_NODES; i++) wire.present[i] = takes_part(p->backend, i);
    if (net_open(&config.wire, &wire, &p->error) != PUMA_OK) return NULL;
    if (session_open(&s, &config, &p->error) == PUMA_OK) {
        /* Behind one exchange: what the dealer sends ahead makes no chain longer. */
        if (p->role != PUMA_CLIENT) op_product(s, &first);
        net_counts(config.wire, &p->behind[0]);
        for (size_t i = 0; i < row_count && s->status == PUMA_OK; i++) {
            size_t mark = s->host->enter(s), op = rows[i].table == 0 ? operation_of(&rows[i]) : 0;

            host_at(s, "", -1, rows[i].name);
            if (measured(&rows[i], p->backend) && (p->role != PUMA_CLIENT || OPERATIONS[op].client))
                OPERATIONS[op].run(s, &rows[i]);
            puma_leave(s, mark, NULL);
            net_counts(config.wire, &p->behind[i + 1]);
        }
        if (s->status != PUMA_OK) p->error = *session_error(s);
    }
    if (p->error.status == PUMA_OK) net_finish(config.wire, &p->error);
    if (p->error.status != PUMA_OK) net_abort(config.wire, &p->error);
    session_close(s);
    net_close(config.wire);
    return NULL;
}

/* What row i cost, bytes and rounds. */
static void add_up(long long met[KINDS], const party *parties, size_t i)
{
    bool      sharing = strcmp(rows[i].name, "share") == 0, revealing = strcmp(rows[i].name, "reveal") == 0;
    long long before = 0, after = 0;

    memset(met, 0, KINDS * sizeof *met);
    for (uint32_t k = 0; k < PUMA_NODES; k++) {
        const net_count *x = &parties[k].behind[i], *y = x + 1;

        for (uint32_t to = 0; to < PUMA_NODES && (k != PUMA_CLIENT || sharing); to++) {
            met[OFFLINE] += (long long)(y->sent[to][PUMA_OFFLINE] - x->sent[to][PUMA_OFFLINE]);
            met[ONLINE] += (long long)(y->sent[to][PUMA_ONLINE] - x->sent[to][PUMA_ONLINE]);
        }
        if (k == PUMA_CLIENT && !revealing) continue;
        if (k != PUMA_CLIENT && (long long)x->depth > before) before = (long long)x->depth;
        if ((long long)y->depth > after) after = (long long)y->depth;
    }
    met[ROUNDS] = after - before;
}

static void measure_operations(const char *backend)
{
    static party parties[PUMA_NODES];
    net_hub     *hub = net_hub_new();
    puma_error   e = { 0 };

    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        parties[i] = (party){ .role = i, .hub = hub };
        if (plugin_open(&parties[i].backend, backend, NULL, NULL, &e) != PUMA_OK) fatal(backend, e.text);
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (takes_part(parties[i].backend, i) && pthread_create(&parties[i].thread, NULL, live, &parties[i]) != 0)
            fatal("no thread", "");
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (takes_part(parties[i].backend, i)) pthread_join(parties[i].thread, NULL);
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (parties[i].error.status != PUMA_OK) fatal("an operation failed", parties[i].error.text);
    net_hub_free(hub);
    for (size_t i = 0; i < row_count; i++) {
        row      *r = &rows[i];
        long long met[KINDS], n = (long long)elements(r);

        if (!measured(r, parties[0].backend)) continue;
        add_up(met, parties, i);
        for (int kind = 0; kind < KINDS; kind++) {
            long long said = evaluate(r->formula[kind], &r->p, kind), bits = 8 * met[kind];

            if (kind == ROUNDS)
                check(said == met[kind], r->name, r->formula[kind], said, met[kind]);
            else
                check(said * n == bits, r->name, r->formula[kind], said, bits / n);
            r->met[kind] = kind == ROUNDS ? met[kind] : bits / n;
        }
    }
}

/* --- functions and layers --------------------------------------------------------------------- */

static json_t *puma(const char *arguments)
{
    const char *build = getenv("PUMA_BUILDDIR");
    char        command[600];
    FILE       *f;
    json_t     *root;

    snprintf(command, sizeof command, "%s/puma %s --json", build != NULL ? build : ".", arguments);
    f = popen(command, "r");
    root = f == NULL ? NULL : json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL);
    if (f == NULL || pclose(f) != 0 || root == NULL) fatal("failed", command);
    return root;
}

static long long number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void measure_functions(void)
{
    static const char *const keys[] = { "offline_bytes", "online_bytes", "rounds" };

    for (size_t i = 0; i < row_count; i++) {
        row    *r = &rows[i];
        char    arguments[200];
        json_t *list;

        if (r->table != 1) continue;
        snprintf(arguments, sizeof arguments, "bench --op %s --n %lld", r->name, value_of(&r->p, "n"));
        list = puma(arguments);
        for (int kind = 0; kind < KINDS; kind++) {
            long long said = evaluate(r->formula[kind], &r->p, kind) / (kind == ROUNDS ? 1 : 8);

            r->met[kind] = number(json_array_get(list, 0), keys[kind]);
            check(said == r->met[kind], r->name, r->formula[kind], said, r->met[kind]);
        }
        json_decref(list);
    }
}

/* `puma plan` of a shape with these options. */
static json_t *plan_of(const char *shape, const char *options)
{
    const char *source = getenv("PUMA_SRCDIR");
    char        arguments[500];

    snprintf(arguments, sizeof arguments, "plan --model %s/models/shapes/%s.json %s",
             source != NULL ? source : "..", shape, options);
    return puma(arguments);
}

static void measure_layers(void)
{
    const bindings none = { 0 };
    json_t   *plan = plan_of("bert-base", "--seq 128"), *layers = json_object_get(plan, "layers"), *layer;
    size_t    at;
    long long bytes = 0, rounds = 0;

    for (size_t i = 0; i < row_count; i++) {
        row      *r = &rows[i];
        long long said;

        if (r->table != 2) continue;
        json_array_foreach(layers, at, layer)
        {
            if (strcmp(json_string_value(json_object_get(layer, "op")), r->name) == 0)
                r->met[0] += number(layer, "bytes");
        }
        said =
            (evaluate(r->formula[OFFLINE], &none, OFFLINE) + evaluate(r->formula[ONLINE], &none, ONLINE)) / 8;
        check(said == r->met[0], r->name, r->formula[OFFLINE], said, r->met[0]);
        r->met[1] = evaluate(r->formula[ROUNDS], &none, ROUNDS);
        bytes += said;
        rounds += r->met[1];
    }
    check(bytes == number(plan, "total_bytes"), "all layers", "bytes", bytes, number(plan, "total_bytes"));
    check(rounds == number(plan, "rounds"), "all layers", "rounds", rounds, number(plan, "rounds"));
    json_decref(plan);
}

static void measure_models(void)
{
    for (size_t i = 0; i < row_count; i++) {
        row    *r = &rows[i];
        char    options[120];
        json_t *plan;

        if (r->table != 3) continue;
        snprintf(options, sizeof options, "--seq %lld --new-tokens %lld", value_of(&r->p, "seq"),
                 value_of(&r->p, "new"));
        plan = plan_of(r->name, options);
        r->met[0] = number(plan, "offline_bytes");
        r->met[1] = number(plan, "online_bytes");
        r->met[2] = number(plan, "rounds");
        json_decref(plan);
    }
}

int main(int argc, char **argv)
{
    const char *source = getenv("PUMA_SRCDIR");
    bool        write = argc > 1 && strcmp(argv[1], "--write") == 0;
    char        page[600];

    if (argc > (write ? 2 : 1))
        snprintf(page, sizeof page, "%s", argv[write ? 2 : 1]);
    else
        snprintf(page, sizeof page, "%s/doc/costs.md", source != NULL ? source : "..");
    read_page(page);
    if (row_count == 0) fatal("no rows in", page);
    measure_operations("beaver2");
    measure_operations("rep3");
    measure_functions();
    measure_layers();
    measure_models();
    if (write)
        write_page(page);
    else
        judge_column();
    printf("costs: %zu rows: %zu passed, %zu failed\n", row_count, passed, failed);
    return failed == 0 ? 0 : 1;
}
