/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* guard.c - see guard.h.
 *
 * Owns the facts: copies of tensors' metadata, each with a reference to its words, so that they outlive the
 * scope they were made in.  What leaves here is one share a group, the sum over its rows of [the fact fails]
 * r with a random r of the row's own: a sum of at least one uniform word is uniform, so that whoever sees it
 * learns whether there is a failure, and not how many there are or where. */
#include "host/guard.h"

#include "host/internal.h"

#include <stdlib.h>

/* Rows whose squares are to be summed; sums and their limits; or bits that say so themselves. */
typedef enum fact_kind { FACT_ROWS, FACT_SUMS, FACT_BITS } fact_kind;

/* The lowest bits of a sum, which the comparison with its limits may ignore. */
enum { IGNORED = 10 };
_Static_assert(GUARD_SLACK == 1 << IGNORED, "what the comparison ignores is the slack");

typedef struct fact {
    fact_kind   kind;
    puma_tensor x; /* its memory is referred to once more */
    uint64_t    least, most;
    place       at;
} fact;

typedef struct guard {
    uint32_t bits;
    fact    *facts;
    size_t   count, room;
    size_t   waiting; /* words of FACT_ROWS */
} guard;

static guard *guard_of(puma_session *s) { return host_of(s)->guard; }

/* --- facts ------------------------------------------------------------------------------------- */

static void let_go(fact *f) { host_release((buffer *)f->x.memory); }

static void forget(guard *g)
{
    for (size_t i = 0; i < g->count; i++) let_go(&g->facts[i]);
    g->count = g->waiting = 0;
}

void guard_end(puma_session *s)
{
    host_session *h = host_of(s);

    if (!h->guard) return;
    forget(h->guard);
    free(h->guard->facts);
    free(h->guard);
    h->guard = NULL;
    h->table.flag = NULL;
}

static void keep(puma_session *s, const fact *new)
{
    guard *g = guard_of(s);

    if (g->count == g->room) {
        size_t room = g->room ? 2 * g->room : 64;
        fact  *more = realloc(g->facts, room * sizeof *more);

        if (!more) {
            host_no_memory(s, room * sizeof *more);
            return;
        }
        g->facts = more;
        g->room = room;
    }
    g->facts[g->count] = *new;
    ((buffer *)g->facts[g->count++].x.memory)->references++;
    if (new->kind == FACT_ROWS) g->waiting += new->x.n;
    rehearsal_fact(s, &new->x, new->kind, new->least);
}

void guard_flag(puma_session *s, const puma_tensor *bits)
{
    if (!guard_of(s) || !host_ready(s, bits)) return;
    if (bits->kind != PUMA_BIT)
        host_fail(s, PUMA_EINTERNAL, "flags that are no bits");
    else
        keep(s, &(fact){ .kind = FACT_BITS, .x = *bits, .at = host_of(s)->at });
}

size_t guard_flags(puma_session *s)
{
    const guard *g = guard_of(s);
    size_t       count = 0;

    for (size_t i = 0; g && i < g->count; i++) count += g->facts[i].kind == FACT_BITS;
    return count;
}

void guard_squares(puma_session *s, puma_share rows, uint64_t least, uint64_t most)
{
    if (!guard_of(s) || !host_ready(s, rows)) return;
    keep(s, &(fact){ .kind = FACT_ROWS, .x = *rows, .least = least, .most = most, .at = host_of(s)->at });
}

/* A rehearsal plays a layer back. */
static void keep_again(puma_session *s, const puma_tensor *shape, int kind, uint64_t least)
{
    puma_share z = session_like(s, shape);

    if (z && guard_of(s))
        keep(s, &(fact){ .kind = (fact_kind)kind, .x = *z, .least = least, .at = host_of(s)->at });
}

void guard_begin(puma_session *s, uint32_t bits)
{
    host_session *h = host_of(s);

    if (s->status != PUMA_OK) return;
    h->guard = calloc(1, sizeof *h->guard);
    if (!h->guard) {
        host_no_memory(s, sizeof *h->guard);
        return;
    }
    h->guard->bits = bits;
    h->table.flag = guard_flag;
    h->fact_again = keep_again;
}

/* --- sums of squares --------------------------------------------------------------------------- */

/* Rows of a fact, and how long they are. */
static size_t rows_of(const fact *f)
{
    return f->x.dim[f->x.rank - 1] == 0 ? 0 : f->x.n / f->x.dim[f->x.rank - 1];
}

/* One product for all rows that wait: (rows of all). */
static puma_share sums_of(puma_session *s, const guard *g, size_t rows)
{
    puma_block *block = (puma_block *)(void *)host_scratch(s, rows * (sizeof *block / sizeof(uint64_t)));
    puma_share *part = (puma_share *)(void *)host_scratch(s, g->count), all;
    puma_blocks blocks = { .block = block, .y_transposed = 1 };
    size_t      parts = 0, at = 0;

    if (!block || !part) return NULL;
    for (size_t i = 0; i < g->count; i++) {
        const fact *f = &g->facts[i];
        size_t      wide = f->x.dim[f->x.rank - 1];

        if (f->kind != FACT_ROWS) continue;
        part[parts++] = puma_reshape1(s, host_view(s, &f->x), f->x.n);
        for (size_t k = 0; k < rows_of(f); k++, at += wide, blocks.count++)
            block[blocks.count] =
                (puma_block){ .x = at, .y = at, .z = blocks.count, .m = 1, .n = 1, .k = wide };
    }
    all = puma_concat(s, part, parts, 0);
    return puma_ready(s, all) ? puma_matmul_blocks(s, all, all, &blocks, rows, 0, g->bits) : NULL;
}

/* Puts sums in the place of all rows that wait. */
static void sum_up(puma_session *s)
{
    guard     *g = guard_of(s);
    size_t     mark = host_enter(s), rows = 0, at = 0;
    puma_share all;

    for (size_t i = 0; i < g->count; i++)
        if (g->facts[i].kind == FACT_ROWS) rows += rows_of(&g->facts[i]);
    all = rows > 0 ? sums_of(s, g, rows) : NULL;
    for (size_t i = 0; all && i < g->count; i++) {
        fact      *f = &g->facts[i];
        size_t     end = at + (f->kind == FACT_ROWS ? rows_of(f) : 0);
        puma_share sums;

        if (f->kind != FACT_ROWS) continue;
        sums = puma_slice(s, all, 0, at, end);
        if (!sums) break;
        let_go(f);
        f->kind = FACT_SUMS;
        f->x = *sums;
        ((buffer *)f->x.memory)->references++;
        at = end;
    }
    g->waiting = 0;
    puma_leave(s, mark, NULL);
}

void guard_settle(puma_session *s, size_t words)
{
    if (guard_of(s) && s->status == PUMA_OK && guard_of(s)->waiting >= words) sum_up(s);
}

/* --- the verdict ------------------------------------------------------------------------------- */

puma_share guard_random(puma_session *s, size_t n, uint32_t bits)
{
    const puma_random_ext *own = &session_extensions(s)->random;
    uint32_t               ring = puma_ring_for(s, bits),
             dealer = s->caps & PUMA_CAP_DEALER ? s->protocol->dealer : PUMA_NO_NODE;
    puma_share   z = NULL;
    puma_tensor *one;

    for (uint32_t p = 0; p < s->protocol->parties && s->status == PUMA_OK; p++) {
        uint64_t *words = NULL;

        if (!own->random && p == dealer) continue;
        one = host_tensor(s, PUMA_ARITH, 1, &n, ring, 0);
        if (!one) return NULL;
        if (own->random) return puma_done(one, own->random(s, one));
        if (s->role == p) {
            puma_prg *prg = host_prg_own(s, "guard");

            words = host_scratch(s, n);
            if (prg && words) s->host->prg_words(prg, words, n, ring);
        }
        if (s->status == PUMA_OK) session_share(s, one, words, p);
        z = z ? puma_add(s, z, one) : one;
    }
    return s->status == PUMA_OK ? z : NULL;
}

/* x - c, or c - x. */
static puma_share from_limit(puma_session *s, puma_share x, double c, bool below)
{
    return below ? puma_add_real(s, x, -c) : puma_add_real(s, puma_neg(s, x), c);
}

/* How often sums and bits are compared: a sum with each limit. */
static size_t tests_of(const fact *f) { return f->kind == FACT_BITS ? 1 : f->least > 0 ? 2 : 1; }

/* All facts as bits, one after the other, 1 where one fails; each fact's bits follow each other. */
static puma_share failures(puma_session *s, const guard *g)
{
    puma_share *part = (puma_share *)(void *)host_scratch(s, 2 * g->count), bit = NULL, all;
    size_t      parts = 0, compared = 0;

    if (!part) return NULL;
    for (size_t i = 0; i < g->count; i++) {
        const fact *f = &g->facts[i];
        puma_share  x;

        if (f->kind != FACT_SUMS) continue;
        x = host_view(s, &f->x);
        if (x) part[parts++] = from_limit(s, x, (double)f->most, false);
        if (x && f->least > 0)
            part[parts++] =
                from_limit(s, x, f->least == GUARD_POSITIVE ? -2.0 * GUARD_SLACK : (double)f->least, true);
    }
    if (parts > 0) {
        all = puma_concat(s, part, parts, 0);
        if (puma_less_reals(s, all, &(double){ 0 }, 1, IGNORED, &bit) != PUMA_OK) return NULL;
    }
    parts = 0;
    for (size_t i = 0; i < g->count; i++) {
        const fact *f = &g->facts[i];
        size_t      n = f->x.n * tests_of(f);

        if (n == 0) continue; /* without rows it was not summed up either */
        if (f->kind == FACT_BITS) {
            part[parts++] = puma_reshape1(s, host_view(s, &f->x), n);
        } else {
            part[parts++] = puma_slice(s, bit, 0, compared, compared + n);
            compared += n;
        }
    }
    return parts > 0 ? puma_concat(s, part, parts, 0) : NULL;
}

/* (groups): of each the sum of its facts' words. */
static puma_share sum_groups(puma_session *s, const guard *g, puma_share z, size_t groups,
                             size_t (*group)(void *context, const place *at), void *context)
{
    puma_share *sum = (puma_share *)(void *)host_scratch(s, groups);
    size_t     *index = (size_t *)host_scratch(s, z->n);

    if (!sum || !index) return NULL;
    for (size_t k = 0; k < groups; k++) {
        size_t used = 0, at = 0;

        for (size_t i = 0; i < g->count; i++) {
            size_t n = g->facts[i].x.n * tests_of(&g->facts[i]);

            if (group(context, &g->facts[i].at) == k)
                for (size_t j = 0; j < n; j++) index[used++] = at + j;
            at += n;
        }
        sum[k] = puma_reshape1(s, puma_sum(s, puma_reshape2(s, puma_pick(s, z, index, used), 1, used)), 1);
    }
    return puma_concat(s, sum, groups, 0);
}

puma_share guard_verdict(puma_session *s, size_t groups, size_t (*group)(void *context, const place *at),
                         void *context)
{
    guard      *g = guard_of(s);
    uint32_t    bits = puma_ring_for(s, GUARD_VERDICT_BITS);
    size_t      mark;
    puma_share  failed, z = NULL;
    puma_choice choice = { .coefficient = 1 };

    if (!g || s->status != PUMA_OK) return NULL;
    mark = host_enter(s);
    sum_up(s);
    failed = s->status == PUMA_OK ? failures(s, g) : NULL;
    if (failed) {
        choice.bit = failed;
        if ((s->caps & PUMA_CAP_LOCAL) == 0)
            choice.value = guard_random(s, failed->n, bits); /* else: a count */
        z = puma_mux_sum(s, &choice, 1, 0, bits);
        if (z) z = sum_groups(s, g, z, groups, group, context);
    } else if (s->status == PUMA_OK) {
        z = host_tensor(s, PUMA_ARITH, 1, &groups, bits, 0); /* nothing was stated */
    }
    forget(g);
    puma_leave(s, mark, z);
    return s->status == PUMA_OK ? z : NULL;
}
