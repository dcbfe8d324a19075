/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plain.c - the reference backend: one party, values in the clear, in floating or fixed point.
 *
 * In fixed point it follows the rings and fractions of the protocols, rounds to nearest, and finds every
 * value that would leave its ring (plain.h).  It sends nothing: no operation has a cost. */
#include "plain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- poison ----------------------------------------------------------------------------------- */

uint32_t plain_bits_of(wide v)
{
    unsigned __int128 size = v < 0 ? (unsigned __int128)~v : (unsigned __int128)v;
    uint32_t          bits = 1;

    for (; size != 0; size >>= 1) bits++;
    return bits;
}

void plain_begin(puma_session *s, const char *operation)
{
    plain *p = plain_of(s);

    p->operation = operation;
    p->current = 0;
}

int64_t plain_lose(puma_session *s, uint32_t needed, uint32_t allowed)
{
    plain  *p = plain_of(s);
    origin *o;

    /* One origin for all that an operation loses; once the ids are used up, the last stands for the rest. */
    if (p->current == 0 && p->count < POISON_IDS) {
        if (p->count == p->room) {
            size_t  room = p->room ? 2 * p->room : 16;
            origin *more = realloc(p->origins, room * sizeof *more);

            if (!more) {
                s->host->fail(s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", room * sizeof *more);
                return POISON_LOW;
            }
            p->origins = more;
            p->room = room;
        }
        o = &p->origins[p->count];
        memset(o, 0, sizeof *o);
        snprintf(o->where, sizeof o->where, "%s", s->host->where(s));
        snprintf(o->what, sizeof o->what, "%s", p->operation);
        p->current = POISON_LOW + (int64_t)p->count++;
    } else if (p->current == 0) {
        p->current = POISON_LOW + POISON_IDS - 1;
    }
    o = &p->origins[p->current - POISON_LOW];
    if (needed > o->needed) {
        o->needed = needed;
        o->allowed = allowed;
    }
    return p->current;
}

puma_status plain_report(puma_session *s, int64_t v, const char *doing)
{
    const origin *o = &plain_of(s)->origins[v - POISON_LOW];

    if (strcmp(o->where, s->host->where(s)) == 0)
        return s->host->fail(s, PUMA_ENUMERIC, "%s: a value left its ring in a %s (got %u bits, limit %u)",
                             doing, o->what, o->needed, o->allowed);
    return s->host->fail(s, PUMA_ENUMERIC, "%s: a value left its ring at %s in a %s (got %u bits, limit %u)",
                         doing, o->where[0] ? o->where : "the start", o->what, o->needed, o->allowed);
}

int64_t plain_settle(puma_session *s, const puma_tensor *z, wide v)
{
    return fits(v, z->bits) ? (int64_t)v : plain_lose(s, plain_bits_of(v), z->bits);
}

double plain_largest(const double *v, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        if (!(fabs(v[i]) <= most)) most = fabs(v[i]);
    return most;
}

void plain_observe(puma_session *s, const puma_tensor *z)
{
    int64_t low = 0, high = 0;

    if (plain_is_float(s)) {
        s->host->observe(s, "result", plain_largest(reals(z), z->n), 0);
        return;
    }
    for (size_t i = 0; i < z->n; i++) {
        int64_t v = numbers(z)[i];

        if (is_poison(v)) continue;
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    s->host->observe(s, "result", ldexp(fmax(-(double)low, (double)high), -(int)z->frac), 0);
}

/* --- in and out ------------------------------------------------------------------------------- */

static puma_status plain_share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from)
{
    (void)from;
    if (s->status != PUMA_OK) return s->status;
    if (!words) return s->host->fail(s, PUMA_EINTERNAL, "share: no words at the only party");
    if (z->kind == PUMA_BIT || plain_is_float(s)) {
        if (z->words) memcpy(z->plane[0], words, z->words * sizeof *words);
        return PUMA_OK;
    }
    for (size_t i = 0; i < z->n; i++) numbers(z)[i] = from_ring(words[i], z->bits);
    return PUMA_OK;
}

static puma_status plain_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    (void)to;
    if (s->status != PUMA_OK) return s->status;
    if (x->kind == PUMA_BIT || plain_is_float(s)) {
        if (x->words) memcpy(out, x->plane[0], x->words * sizeof *out);
        return PUMA_OK;
    }
    for (size_t i = 0; i < x->n; i++) {
        if (is_poison(numbers(x)[i])) return plain_report(s, numbers(x)[i], "reveal");
        out[i] = to_ring(numbers(x)[i], x->bits);
    }
    return PUMA_OK;
}

/* --- linear ----------------------------------------------------------------------------------- */

static puma_status linear(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y,
                          int sign, const char *name)
{
    if (s->status != PUMA_OK) return s->status;
    if (plain_is_float(s)) {
        for (size_t i = 0; i < z->n; i++) reals(z)[i] = reals(x)[i] + sign * reals(y)[i];
        return PUMA_OK;
    }
    plain_begin(s, name);
    for (size_t i = 0; i < z->n; i++) {
        int64_t a = numbers(x)[i], b = numbers(y)[i];

        numbers(z)[i] = is_poison(a) ? a : is_poison(b) ? b : plain_settle(s, z, (wide)a + sign * (wide)b);
    }
    return s->status;
}

static puma_status plain_add(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    return linear(s, z, x, y, 1, "sum");
}

static puma_status plain_sub(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    return linear(s, z, x, y, -1, "difference");
}

static puma_status plain_add_public(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c,
                                    size_t nc)
{
    if (s->status != PUMA_OK) return s->status;
    plain_begin(s, "sum");
    for (size_t i = 0; i < z->n; i++) {
        if (plain_is_float(s)) {
            reals(z)[i] = reals(x)[i] + real_of(c[i % nc]);
        } else {
            int64_t v = numbers(x)[i];

            numbers(z)[i] = is_poison(v) ? v : plain_settle(s, z, (wide)v + from_ring(c[i % nc], x->bits));
        }
    }
    return s->status;
}

static puma_status plain_scale(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c,
                               size_t nc)
{
    if (s->status != PUMA_OK) return s->status;
    plain_begin(s, "multiple");
    for (size_t i = 0; i < z->n; i++) {
        if (plain_is_float(s)) {
            reals(z)[i] = reals(x)[i] * real_of(c[i % nc]);
        } else {
            int64_t v = numbers(x)[i];

            numbers(z)[i] = is_poison(v) ? v : plain_settle(s, z, (wide)v * from_ring(c[i % nc], z->bits));
        }
    }
    return s->status;
}

static puma_status plain_sum(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    size_t row = z->n ? x->n / z->n : 0;

    if (s->status != PUMA_OK) return s->status;
    plain_begin(s, "sum");
    for (size_t i = 0; i < z->n; i++) {
        if (plain_is_float(s)) {
            double sum = 0;

            for (size_t k = 0; k < row; k++) sum += reals(x)[i * row + k];
            reals(z)[i] = sum;
        } else {
            const int64_t *v = numbers(x) + i * row;
            wide           sum = 0;
            size_t         k = 0;

            for (; k < row && !is_poison(v[k]); k++) sum += v[k];
            numbers(z)[i] = k < row ? v[k] : plain_settle(s, z, sum);
        }
    }
    return s->status;
}

/* --- bits ------------------------------------------------------------------------------------- */

static bool bit_at(const puma_tensor *x, size_t i) { return x->plane[0][i / 64] >> (i % 64) & 1; }

static void set_bit(puma_tensor *z, size_t i, bool bit) { z->plane[0][i / 64] |= (uint64_t)bit << (i % 64); }

static puma_status plain_xor(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    if (s->status != PUMA_OK) return s->status;
    for (size_t i = 0; i < z->words; i++) z->plane[0][i] = x->plane[0][i] ^ y->plane[0][i];
    return PUMA_OK;
}

static puma_status plain_not(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    if (s->status != PUMA_OK) return s->status;
    for (size_t i = 0; i < z->words; i++) z->plane[0][i] = ~x->plane[0][i];
    if (z->n % 64) z->plane[0][z->words - 1] &= (UINT64_C(1) << (z->n % 64)) - 1;
    return PUMA_OK;
}

static puma_status plain_and(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    if (s->status != PUMA_OK) return s->status;
    for (size_t i = 0; i < z->words; i++) z->plane[0][i] = x->plane[0][i] & y->plane[0][i];
    return PUMA_OK;
}

/* Exact, and strict about the window that a protocol would look at. */
static puma_status plain_less(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c,
                              size_t count, uint32_t low, uint32_t width)
{
    wide window;

    if (s->status != PUMA_OK) return s->status;
    if (low > 64 || width < 1 || width > 64)
        return s->host->fail(s, PUMA_EINTERNAL, "comparison: a window of %u bits above %u", width, low);
    window = (wide)1 << (low + width - 1);
    for (size_t j = 0; j < count; j++) {
        memset(z[j]->plane[0], 0, z[j]->words * sizeof(uint64_t));
        for (size_t i = 0; i < x->n; i++) {
            int64_t v, threshold;
            wide    difference;

            if (plain_is_float(s)) {
                if (isnan(reals(x)[i]))
                    return s->host->fail(s, PUMA_ENUMERIC, "comparison: a value is no number");
                set_bit(z[j], i, reals(x)[i] < real_of(c[j]));
                continue;
            }
            v = numbers(x)[i];
            if (is_poison(v)) return plain_report(s, v, "comparison");
            threshold = from_ring(c[j], x->bits);
            difference = (wide)v - threshold;
            if (difference >= window || difference <= -window)
                return s->host->fail(
                    s, PUMA_ENUMERIC,
                    "comparison: %g is too far from %g for its window (got %u bits, limit %u)",
                    ldexp((double)v, -(int)x->frac), ldexp((double)threshold, -(int)x->frac),
                    plain_bits_of(difference), low + width);
            set_bit(z[j], i, difference < 0);
        }
    }
    return PUMA_OK;
}

static puma_status plain_mux_sum(puma_session *s, puma_tensor *z, const puma_choice *choices, size_t count)
{
    if (s->status != PUMA_OK) return s->status;
    plain_begin(s, "choice");
    for (size_t i = 0; i < z->n; i++) {
        wide    sum = 0;
        double  real = 0;
        int64_t poison = 0;

        for (size_t j = 0; j < count; j++) {
            const puma_choice *choice = &choices[j];

            if (!bit_at(choice->bit, i)) continue; /* whatever the value is, poison or NaN too */
            if (plain_is_float(s)) {
                real += real_of(choice->coefficient) * (choice->value ? reals(choice->value)[i] : 1);
            } else {
                int64_t v = choice->value ? numbers(choice->value)[i] : 1;

                if (is_poison(v))
                    poison = v;
                else if (__builtin_add_overflow(sum, (wide)from_ring(choice->coefficient, z->bits) * v, &sum))
                    poison = plain_lose(s, 128, z->bits);
            }
        }
        if (plain_is_float(s))
            reals(z)[i] = real;
        else
            numbers(z)[i] = poison != 0 ? poison : plain_settle(s, z, sum);
    }
    return s->status;
}

static puma_status plain_one_hot(puma_session *s, puma_tensor *z, const puma_tensor *x)
{
    size_t count = x->n ? z->n / x->n : 0;

    if (s->status != PUMA_OK) return s->status;
    memset(z->plane[0], 0, z->words * sizeof(uint64_t));
    for (size_t i = 0; i < x->n; i++) {
        int64_t v = numbers(x)[i];

        if (plain_is_float(s)) {
            double real = reals(x)[i];

            v = real >= 0 && real < (double)count ? (int64_t)real : -1;
        } else if (is_poison(v)) {
            return plain_report(s, v, "table");
        }
        if (v < 0 || (uint64_t)v >= count)
            return s->host->fail(s, PUMA_ENUMERIC, "an index is outside of its table of %zu entries", count);
        set_bit(z, i * count + (size_t)v, true);
    }
    return PUMA_OK;
}

static puma_status plain_embed(puma_session *s, puma_tensor *z, const puma_tensor *t, const puma_index *parts,
                               size_t count, uint32_t from)
{
    size_t columns = z->dim[1];

    (void)from;
    if (s->status != PUMA_OK) return s->status;
    plain_begin(s, "embedding");
    for (size_t i = 0; i < z->n; i++) {
        wide    sum = 0;
        double  real = 0;
        int64_t poison = 0;

        for (size_t p = 0; p < count; p++) {
            size_t at = (parts[p].first + parts[p].ids[i / columns]) * columns + i % columns;

            if (plain_is_float(s)) {
                real += reals(t)[at];
            } else if (is_poison(numbers(t)[at])) {
                poison = numbers(t)[at];
            } else {
                sum += numbers(t)[at];
            }
        }
        if (plain_is_float(s))
            reals(z)[i] = real;
        else
            numbers(z)[i] = poison != 0 ? poison : plain_settle(s, z, sum);
    }
    plain_observe(s, z);
    return s->status;
}

/* --- functions in the clear ------------------------------------------------------------------- */

/* What the rows come to that a function of rows meets: the largest of the first three, the least of the others. */
typedef struct row_facts {
    double spread; /* distance of an entry from its row's largest */
    double square, variance, least_square, least_variance; /* means of a row: of squares, of those of the
                                                            * distance from the row's mean              */
} row_facts;

static void meet_row(row_facts *f, const double *v, size_t n)
{
    double low = v[0], high = v[0], sum = 0, square = 0, variance = 0;

    for (size_t i = 0; i < n; i++) {
        low = fmin(low, v[i]);
        high = fmax(high, v[i]);
        sum += v[i];
        square += v[i] * v[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) variance += pow(v[i] - sum / (double)n, 2) / (double)n;
    f->spread = fmax(f->spread, high - low);
    f->square = fmax(f->square, square);
    f->variance = fmax(f->variance, variance);
    f->least_square = fmin(f->least_square, square);
    f->least_variance = fmin(f->least_variance, variance);
}

static void observe_rows(puma_session *s, const row_facts *f)
{
    s->host->observe(s, "spread", f->spread, 0);
    s->host->observe(s, "mean square", f->square, 0);
    s->host->observe(s, "variance", f->variance, 0);
    s->host->observe(s, "least mean square", f->least_square, 0);
    s->host->observe(s, "least variance", f->least_variance, 0);
}

static puma_status plain_apply(puma_session *s, puma_tensor *z, const puma_tensor *x, size_t row,
                               void (*f)(double *row, size_t n, const void *context), const void *context)
{
    size_t    mark;
    double   *v;
    row_facts met = { .least_square = INFINITY, .least_variance = INFINITY };

    if (s->status != PUMA_OK) return s->status;
    if (row == 0) row = 1;
    if (x->n % row != 0)
        return s->host->fail(s, PUMA_EINTERNAL, "apply: %zu elements in rows of %zu", x->n, row);
    mark = s->host->enter(s);
    v = (double *)s->host->scratch(s, row);
    if (!v) return s->status;
    plain_begin(s, "function");
    for (size_t at = 0; at < x->n; at += row) {
        int64_t poison = 0;

        if (plain_is_float(s)) {
            memcpy(v, reals(x) + at, row * sizeof *v);
            if (row > 1) meet_row(&met, v, row);
            f(v, row, context);
            memcpy(reals(z) + at, v, row * sizeof *v);
            continue;
        }
        for (size_t i = 0; i < row; i++) {
            int64_t word = numbers(x)[at + i];

            if (is_poison(word)) poison = word;
            v[i] = ldexp((double)word, -(int)x->frac);
        }
        if (poison == 0 && row > 1) meet_row(&met, v, row);
        if (poison == 0) f(v, row, context);
        for (size_t i = 0; i < row; i++) {
            double word = nearbyint(ldexp(v[i], (int)z->frac));

            if (poison != 0)
                numbers(z)[at + i] = poison;
            else if (fabs(word) < 0x1p126)
                numbers(z)[at + i] = plain_settle(s, z, (wide)word);
            else /* NaN and infinity too */
                numbers(z)[at + i] = plain_lose(s, 128, z->bits);
        }
    }
    if (row > 1 && isfinite(met.least_square)) observe_rows(s, &met);
    plain_observe(s, z);
    puma_leave(s, mark, NULL);
    return s->status;
}

/* --- tables ----------------------------------------------------------------------------------- */

static puma_status plain_open(puma_session **s, const puma_session *base)
{
    plain *p = calloc(1, sizeof *p);

    if (!p) return PUMA_ERESOURCE;
    p->base = *base;
    *s = &p->base;
    return PUMA_OK;
}

static void plain_close(puma_session *s)
{
    free(plain_of(s)->origins);
    free(s);
}

static const puma_lookup_ext lookup = {
    .struct_size = sizeof lookup,
    .one_hot = plain_one_hot,
    .table = plain_table,
    .gate = plain_gate,
    .exp2 = plain_exp2,
    .maximum = plain_maximum,
    .embed = plain_embed,
};

static const puma_blocks_ext blocks = {
    .struct_size = sizeof blocks,
    .product_blocks = plain_product_blocks,
};
static const puma_clear_ext clear = { .struct_size = sizeof clear, .apply = plain_apply };

static const void *extension(const char *id)
{
    if (strcmp(id, PUMA_EXT_LOOKUP) == 0) return &lookup;
    if (strcmp(id, PUMA_EXT_BLOCKS) == 0) return &blocks;
    return strcmp(id, PUMA_EXT_CLEAR) == 0 ? &clear : NULL;
}

static const puma_protocol table = {
    .struct_size = sizeof(puma_protocol),
    .parties = 1,
    .planes = 1,
    .bit_planes = 1,
    .dealer = PUMA_NO_NODE,
    .caps = PUMA_CAP_LOCAL | PUMA_CAP_CLEAR | PUMA_CAP_RINGS,
    .open = plain_open,
    .close = plain_close,
    .share = plain_share,
    .reveal = plain_reveal,
    .add = plain_add,
    .sub = plain_sub,
    .add_public = plain_add_public,
    .scale = plain_scale,
    .sum = plain_sum,
    .product = plain_product,
    .trunc = plain_trunc,
    .xor_ = plain_xor,
    .not_ = plain_not,
    .and_ = plain_and,
    .less = plain_less,
    .mux_sum = plain_mux_sum,
    .extension = extension,
};

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "plain",
    .version = "0.1.0",
    .summary = "reference in the clear, floating or fixed point; no privacy",
    .protocol = &table,
};
