/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_approx.c - every approximation over its domain, held to the error that its table promises.
 *
 *     test_approx [BACKEND [DIRECTORY [TEST]]]      BACKEND: plain (float and fixed), or any other (fixed,
 * parties as threads over the memory transport); both plain and rep3 when it is not given.  TEST: a pattern.
 *
 * An operand is shared by the client, one function runs, its result is revealed to the client and compared
 * with libm. In fixed point the operand is rounded first and the function of the rounded one is expected. */
#include "host/session.h"

#include <puma/ops.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char *backend, *directory;

/* --- running one function --------------------------------------------------------------------- */

typedef struct job {
    const plugin   *protocol, *functions, *others; /* what `functions` lacks comes from there */
    const char     *variant;                       /* NULL: the first that the plugin has for the slot */
    puma_slot       slot;
    bool            is_float;
    uint32_t        ring_bits, ring_frac; /* of the session */
    uint32_t        bits, frac;           /* of the operand */
    int32_t         range;                /* its promise; 0: none */
    puma_arguments  a;
    size_t          rows, n;
    const uint64_t *in;
    uint64_t       *out;
    const char *(*option)(void *context, const char *plugin, const char *key);
} job;

typedef struct node {
    const job *j;
    uint32_t   role;
    net_hub   *hub;
    puma_error error;
} node;

static bool local(const job *j) { return (j->protocol->protocol->caps & PUMA_CAP_LOCAL) != 0; }

static bool takes_part(const job *j, uint32_t i)
{
    return i < j->protocol->protocol->parties || (i == PUMA_CLIENT && !local(j));
}

static puma_status program(puma_session *s, const job *j)
{
    uint32_t     client = local(j) ? 0 : PUMA_CLIENT;
    puma_tensor *x =
        s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ j->rows, j->n }, puma_ring_for(s, j->bits), j->frac);
    puma_share z;

    if (x == NULL) return s->status;
    if (j->range != 0) x->range = j->range;
    if (s->protocol->share(s, x, s->role == client ? j->in : NULL, client) != PUMA_OK) return s->status;
    if (s->role == PUMA_CLIENT)
        z = s->host->tensor(s, PUMA_ARITH, 2, (size_t[]){ j->rows, j->n }, puma_ring_for(s, j->a.bits),
                            j->a.frac);
    else
        z = plugin_approx(j->functions, j->slot, j->variant)->eval(s, x, &j->a);
    if (!puma_ready(s, z)) return s->status;
    /* the parentheses keep cmocka's macro of that name away */
    if (z->n != x->n || z->frac != j->a.frac || z->bits != puma_ring_for(s, j->a.bits))
        return (s->host->fail)(s, PUMA_EINTERNAL,
                               "result of %zu elements in a ring of %u bits with %u fraction bits", z->n,
                               z->bits, z->frac);
    return session_reveal(s, j->out, z, client);
}

static void *run_node(void *argument)
{
    node          *self = argument;
    const job     *j = self->j;
    puma_session  *s = NULL;
    net           *wire = NULL;
    net_config     net_options = { .transport = NET_MEMORY,
                                   .self = self->role,
                                   .listen_fd = -1,
                                   .hub = self->hub,
                                   .dealer = j->protocol->protocol->dealer,
                                   .connect_timeout_ms = 20000,
                                   .io_timeout_ms = 20000,
                                   .hello = "" };
    session_config options = { .protocol = j->protocol,
                               .role = self->role,
                               .ring_bits = j->ring_bits,
                               .frac = j->ring_frac,
                               .is_float = j->is_float,
                               .option = j->option };

    for (int slot = 0; slot < PUMA_SLOT_COUNT; slot++) {
        options.function[slot] = plugin_approx(j->functions, (puma_slot)slot, NULL);
        if (options.function[slot] == NULL)
            options.function[slot] = plugin_approx(j->others, (puma_slot)slot, NULL);
    }
    if (!local(j)) {
        for (uint32_t i = 0; i < PUMA_NODES; i++) net_options.present[i] = takes_part(j, i);
        if (net_open(&wire, &net_options, &self->error) != PUMA_OK) return NULL;
        options.wire = wire;
    }
    if (session_open(&s, &options, &self->error) == PUMA_OK && program(s, j) != PUMA_OK)
        self->error = *session_error(s);
    if (wire != NULL) {
        if (self->error.status == PUMA_OK)
            net_finish(wire, &self->error);
        else
            net_abort(wire, &self->error);
    }
    session_close(s);
    if (wire != NULL) net_close(wire);
    return NULL;
}

/* Assertions are the main thread's. */
static puma_error run_job(const job *j)
{
    node       nodes[PUMA_NODES];
    pthread_t  threads[PUMA_NODES];
    puma_error worst = { .status = PUMA_OK };
    net_hub   *hub = local(j) ? NULL : net_hub_new();

    memset(nodes, 0, sizeof nodes);
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        nodes[i].j = j;
        nodes[i].role = i;
        nodes[i].hub = hub;
        if (!takes_part(j, i)) continue;
        if (pthread_create(&threads[i], NULL, run_node, &nodes[i]) != 0) abort();
    }
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        if (!takes_part(j, i)) continue;
        pthread_join(threads[i], NULL);
        if (worst.status == PUMA_OK) worst = nodes[i].error;
    }
    if (hub != NULL) net_hub_free(hub);
    return worst;
}

/* --- settings --------------------------------------------------------------------------------- */

typedef struct setting {
    bool     is_float;
    uint32_t bits, frac;
} setting;

static const setting FLOAT = { true, 64, 18 }, WIDE = { false, 64, 18 }, MIDDLE = { false, 56, 18 },
                     NARROW = { false, 52, 16 }, WIDE_16 = { false, 64, 16 };

static bool on_plain(void) { return strcmp(backend, "plain") == 0; }

static const plugin *loaded(const char *name)
{
    const plugin *p = NULL;
    puma_error    e = { .status = PUMA_OK };

    if (plugin_open(&p, name, directory, NULL, &e) != PUMA_OK) fail_msg("%s: %s", name, e.text);
    return p;
}

/* The backend as it would be with the core alone, in one ring of 64 bits. */
static bool bare;

static const plugin *backend_loaded(void)
{
    static puma_protocol smaller;
    static plugin        copy;

    if (!bare) return loaded(backend);
    copy = *loaded(backend);
    smaller = *copy.protocol;
    smaller.caps &= ~(uint64_t)PUMA_CAP_RINGS;
    copy.extensions = (plugin_extensions){ .clear = copy.extensions.clear };
    copy.protocol = &smaller;
    return &copy;
}

/* An operand's ring and fraction beside those of the setting. */
typedef struct operand {
    uint32_t      bits, frac;
    int32_t       range;
    uint32_t      out_frac, out_bits; /* 0: the setting's */
    double        epsilon;
    const char   *variant;
    const size_t *lengths; /* NULL: all of every row */
} operand;

static const char *(*options)(void *context, const char *plugin, const char *key);

/* z = f(x) for rows x n values; x is replaced by what it was rounded to. */
static puma_error evaluate(const char *functions, puma_slot slot, setting g, operand o, double *x, double *z,
                           size_t rows, size_t n)
{
    size_t       count = rows * n;
    uint64_t    *in = calloc(count, sizeof *in), *out = calloc(count, sizeof *out);
    uint32_t     bits = puma_ring_for(&(puma_session){ .caps = PUMA_CAP_RINGS, .ring_bits = g.bits }, o.bits);
    puma_error   e;
    job          j = { .protocol = backend_loaded(),
                       .functions = loaded(functions),
                       .others = loaded("puma"),
                       .variant = o.variant,
                       .slot = slot,
                       .is_float = g.is_float,
                       .ring_bits = g.bits,
                       .ring_frac = g.frac,
                       .bits = bits,
                       .frac = o.frac,
                       .range = o.range,
                       .a = { .struct_size = sizeof(puma_arguments),
                              .bits = o.out_bits != 0 ? o.out_bits : g.bits,
                              .frac = o.out_frac != 0 ? o.out_frac : g.frac,
                              .epsilon = o.epsilon,
                              .lengths = o.lengths },
                       .rows = rows,
                       .n = n,
                       .in = in,
                       .out = out,
                       .option = options };
    puma_session decoder = { .caps = PUMA_CAP_RINGS | (g.is_float ? PUMA_CAP_FLOAT : 0),
                             .ring_bits = g.bits };

    assert_non_null(in);
    assert_non_null(out);
    if (!(j.protocol->protocol->caps & PUMA_CAP_RINGS)) bits = j.bits = 64;
    for (size_t i = 0; i < count; i++) {
        in[i] = puma_encode(&decoder, x[i], o.frac, bits);
        x[i] = puma_decode(&decoder, in[i], o.frac, bits);
    }
    e = run_job(&j);
    for (size_t i = 0; i < count; i++)
        z[i] = puma_decode(&decoder, out[i], j.a.frac,
                           j.protocol->protocol->caps & PUMA_CAP_RINGS ? j.a.bits : 64);
    free(in);
    free(out);
    return e;
}

static void must(puma_error e, const char *what)
{
    if (e.status != PUMA_OK) fail_msg("%s on %s: E%04u %s", what, backend, e.code, e.text);
}

/* --- functions of one variable ---------------------------------------------------------------- */

static double true_gelu(double x) { return 0.5 * x * erfc(-x / sqrt(2)); }
static double true_gelu_tanh(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}
static double true_silu(double x) { return x / (1 + exp(-x)); }
static double true_relu(double x) { return fmax(x, 0); }
static double true_reciprocal(double x) { return 1 / x; }
static double true_rsqrt(double x) { return 1 / sqrt(x); }

typedef struct single {
    const char *what;
    puma_slot   slot;
    double (*f)(double);
    int32_t     range;       /* |x| < 2^range is promised       */
    bool        logarithmic; /* the grid, and a relative error  */
    double      relative;    /* bound of it, in exact arithmetic */
    double      slack; /* fixed point on top of max_error, at 64 bits and f = 18; of the relative error if
                          logarithmic */
    double      joints[20]; /* up to a 0                         */
    const char *variant;    /* NULL: the slot's first            */
} single;

static const single SINGLES[] = {
    { "gelu", PUMA_SLOT_GELU, true_gelu, 11, false, 0, 0x1p-16, { -4, -1.95, 3, -64, 64, -2047.9, 2047.9, -1, 1 }, NULL },
    { "gelu_tanh",
      PUMA_SLOT_GELU_TANH,
      true_gelu_tanh,
      11,
      false,
      0,
      0x1p-16,
      { -4, -1.95, 3, -64, 64, -2047.9, 2047.9 },
      NULL },
    { "silu", PUMA_SLOT_SILU, true_silu, 11, false, 0, 0x1p-16, { -8, -4, 4, -64, 64, -2047.9, 2047.9 }, NULL },
    { "relu", PUMA_SLOT_RELU, true_relu, 13, false, 0, 0, { -0x1p-18, 0x1p-18, -64, 64 }, NULL },
    { "tanh", PUMA_SLOT_TANH, tanh, 11, false, 0, 0x1p-16, { -5.5, -2.5, -1, 1, 2.5, 5.5, -64, 64, -2047.9, 2047.9 }, NULL },
    { "exp", PUMA_SLOT_EXP, exp, 9, false, 0, 0x1p-16, { -14, -32, -1, -64, -127 }, NULL },
    { "reciprocal",
      PUMA_SLOT_RECIPROCAL,
      true_reciprocal,
      14,
      true,
      3e-6,
      3e-6,
      { 1, 0x1p-6, 0x1p-5, 0.5, 2, 3, 4, 1024, 8192, 0x1.ffffp13 },
      NULL },
    { "rsqrt",
      PUMA_SLOT_RSQRT,
      true_rsqrt,
      16,
      true,
      3e-6,
      3e-6,
      { 1, 0x1p-14, 0x1p-12, 0x1p-11, 0x1p-10, 0.25, 0.5, 2, 4, 16, 0x1p15, 0x1.ffffp15 },
      NULL },
};

/* Tables: joints are bucket edges and the ends of the table.  PUMA's bounds stand in its table; here
 * max_error has the fixed point in it. */
static const single TABLES[] = {
    { "gelu",
      PUMA_SLOT_GELU,
      true_gelu,
      9,
      false,
      0,
      0,
      { -0x1p-18, 0x1p-18, -4, 4, -3.875, 3.875, -0.125, 0.125, -0.75, 1, -1, 3.5, -63.9, 63.9, -511.8, 511.8, 0x1p-3 },
      "gelu" },
    { "gelu_fast",
      PUMA_SLOT_GELU,
      true_gelu,
      9,
      false,
      0,
      0,
      { -0x1p-18, 0x1p-18, -4, 4, -3.75, 3.75, -0.25, 0.25, 1, -1, -63.9, 63.9, -511.8, 511.8 },
      "gelu_fast" },
    { "gelu_tanh",
      PUMA_SLOT_GELU_TANH,
      true_gelu_tanh,
      9,
      false,
      0,
      0,
      { -0x1p-18, 0x1p-18, -4, 4, -3.875, 3.875, -0.125, 0.125, -63.9, 63.9, -511.8, 511.8 },
      NULL },
    { "silu",
      PUMA_SLOT_SILU,
      true_silu,
      11,
      false,
      0,
      0,
      { -0x1p-18, 0x1p-18, -16, 16, -15.75, 15.75, -0.25, 0.25, -63.9, 63.9, -2047.7, 2047.7 },
      NULL },
};

/* exp by table, tanh, and mantissas with an exponent. */
static const single MANTISSAS[] = {
    { "exp", PUMA_SLOT_EXP, exp, 8, false, 0, 0, { -14, -32, -1, -64, -127, -0.6931471805599453 }, NULL },
    { "tanh",
      PUMA_SLOT_TANH,
      tanh,
      11,
      false,
      0,
      0,
      { -8, 8, 7.9375, -7.9375, -0.0625, 0.0625, -64, 63.9, -2047.9, 2047.9 },
      NULL },
    { "reciprocal",
      PUMA_SLOT_RECIPROCAL,
      true_reciprocal,
      14,
      true,
      3e-5,
      0,
      { 1, 0x1p-6, 0x1p-5, 0.5, 2, 3, 4, 1024, 8192, 0x1.ffffp13 },
      NULL },
    { "rsqrt",
      PUMA_SLOT_RSQRT,
      true_rsqrt,
      16,
      true,
      3e-5,
      0,
      { 1, 0x1p-14, 0x1p-12, 0x1p-11, 0x1p-10, 0.25, 0.5, 2, 4, 16, 0x1p15, 0x1.ffffp15 },
      NULL },
};

#define CHUNK 16384

static void check_single(const char *functions, const single *t, setting g)
{
    const puma_approx *f = plugin_approx(loaded(functions), t->slot, t->variant);
    operand            o = { .bits = g.bits, .frac = g.frac, .range = t->range, .variant = t->variant };
    double            *x = malloc(CHUNK * sizeof *x), *z = malloc(CHUNK * sizeof *z);
    double             worst = 0, at = 0, bound = t->logarithmic ? t->relative : f->max_error;
    size_t chunks = on_plain() ? (g.is_float ? 64 : 8) : 1, size = on_plain() ? CHUNK : 2048, extra = 0;
    double low = f->domain[0], high = f->domain[1];
    bool   gates = t->slot <= PUMA_SLOT_SILU || t->slot == PUMA_SLOT_TANH; /* flat far out */
    bool   tables = strcmp(functions, "precise") == 0 && t->slot <= PUMA_SLOT_SILU;

    assert_non_null(x);
    assert_non_null(z);
    if (gates) { /* the grid where they bend, the rest by joints */
        low = tables ? -18 : -66;
        high = -low;
        if (tables && !on_plain()) size = 8192;
    }
    if (t->slot == PUMA_SLOT_EXP && f->input_bits != 0) o.bits = g.frac + f->input_bits;
    if (t->slot == PUMA_SLOT_RECIPROCAL) {
        o.frac = g.frac + 5;
        o.out_frac = 40; /* small results, precise relative to their size */
    }
    if (t->slot == PUMA_SLOT_RSQRT) {
        o.frac = 36;
        o.out_frac = 36;
    }
    if (!g.is_float) bound += t->slack * ldexp(1.0, 18 - (int)g.frac);
    for (size_t c = 0; c < chunks; c++) {
        for (size_t i = 0; i < size; i++) {
            double part = ((double)(c * size + i) + 0.5) / (double)(chunks * size);

            x[i] = t->logarithmic ? low * pow(high / low, part) : low + (high - low) * part;
        }
        if (c == 0) /* both sides of each joint, by one unit in the last place */
            for (size_t k = 0; t->joints[k] != 0; k++)
                for (int side = -1; side <= 1; side++, extra++) {
                    double v = t->joints[k] + side * ldexp(1.0, -(int)o.frac);

                    x[extra] = v < f->domain[0]    ? f->domain[0]
                               : v >= f->domain[1] ? f->domain[1] - ldexp(1.0, -(int)o.frac)
                                                   : v;
                }
        must(evaluate(functions, t->slot, g, o, x, z, 1, size), t->what);
        for (size_t i = 0; i < size; i++) {
            double y = t->f(x[i]), error = fabs(z[i] - y);

            if (t->logarithmic) {
                assert_true(error <= f->max_error);
                error /= y;
            }
            if (!(error <= worst)) worst = error, at = x[i];
        }
    }
    print_message("%-10s %s %u/%u: %s error %.3g at %.6g (bound %.3g)\n", t->what,
                  g.is_float ? "float" : "fixed", g.bits, g.frac, t->logarithmic ? "relative" : "absolute",
                  worst, at, bound);
    if (!(worst <= bound)) fail_msg("%s: error %g at %g exceeds %g", t->what, worst, at, bound);
    free(x);
    free(z);
}

static void singles_in_float(void **state)
{
    (void)state;
    if (!on_plain()) skip();
    for (size_t i = 0; i < COUNT(SINGLES); i++) check_single("puma", &SINGLES[i], FLOAT);
}

static void singles_in_fixed_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(SINGLES); i++) check_single("puma", &SINGLES[i], WIDE);
}

/* All of an operand's ring is 64 bits wide here, its promise decides how much of it a gate looks at. */
static void tables_of_one_variable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(TABLES); i++) {
        if (on_plain()) check_single("precise", &TABLES[i], FLOAT);
        check_single("precise", &TABLES[i], WIDE);
        check_single("precise", &TABLES[i], WIDE_16);
        check_single("precise", &TABLES[i], NARROW);
    }
}

static void mantissas_and_exponents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(MANTISSAS); i++) {
        if (on_plain()) check_single("precise", &MANTISSAS[i], FLOAT);
        check_single("precise", &MANTISSAS[i], WIDE);
        check_single("precise", &MANTISSAS[i], WIDE_16);
    }
}

/* Without a promise of the plan on x, and in narrower rings: the bits are fewer, the results the same. */
static void pieces_without_a_promise_and_in_narrow_rings(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        single t = SINGLES[i];

        t.range = 0;
        check_single("puma", &t, WIDE);
        check_single("puma", &SINGLES[i], MIDDLE);
        check_single("puma", &SINGLES[i], NARROW);
    }
}

/* --- rows ------------------------------------------------------------------------------------- */

static uint64_t state_of_draw = 1;

/* Uniform in (-1, 1), the same in every run. */
static double draw(void)
{
    state_of_draw = state_of_draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ldexp((double)(int64_t)(state_of_draw & ~UINT64_C(2047)), -63);
}

static double normal(void)
{
    double sum = 0;

    for (int i = 0; i < 12; i++) sum += draw() / 2;
    return sum;
}

static void true_softmax(double *z, const double *x, size_t n, double epsilon)
{
    double most = x[0], sum = 0;

    (void)epsilon;
    for (size_t i = 1; i < n; i++) most = fmax(most, x[i]);
    for (size_t i = 0; i < n; i++) sum += z[i] = exp(x[i] - most);
    for (size_t i = 0; i < n; i++) z[i] /= sum;
}

static void true_rmsnorm(double *z, const double *x, size_t n, double epsilon)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    for (size_t i = 0; i < n; i++) z[i] = x[i] / sqrt(sum / (double)n + epsilon);
}

static void true_layernorm(double *z, const double *x, size_t n, double epsilon)
{
    double mean = 0, *y = malloc(n * sizeof *y);

    assert_non_null(y);
    for (size_t i = 0; i < n; i++) mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) y[i] = x[i] - mean;
    true_rmsnorm(z, y, n, epsilon);
    free(y);
}

/* Evaluates, and returns the largest error. */
static double row_error(const char *functions, puma_slot slot, setting g, operand o, double *x, double *z,
                        size_t rows, size_t n, void (*f)(double *, const double *, size_t, double))
{
    double *y = malloc(n * sizeof *y), worst = 0;

    assert_non_null(y);
    must(evaluate(functions, slot, g, o, x, z, rows, n), "a row");
    for (size_t r = 0; r < rows; r++) {
        f(y, x + r * n, n, o.epsilon);
        for (size_t i = 0; i < n; i++)
            if (!(fabs(z[r * n + i] - y[i]) <= worst)) worst = fabs(z[r * n + i] - y[i]);
    }
    free(y);
    return worst;
}

enum { EQUAL, ONE_HIGH, SPREAD, RANDOM, ALL_BUT_ONE_FAR, CROWD, KINDS };

static void fill_scores(double *x, size_t n, int kind)
{
    for (size_t i = 0; i < n; i++) {
        switch (kind) {
        case EQUAL: x[i] = 3.25; break;
        case ONE_HIGH: x[i] = i == n / 2 ? 30 : draw(); break;
        case SPREAD: x[i] = n > 1 ? 50 - 100 * (double)i / (double)(n - 1) : 50; break;
        case RANDOM: x[i] = 4 * normal(); break;
        case ALL_BUT_ONE_FAR: x[i] = i == 0 ? 100 : -100; break;
        default: x[i] = i == 0 ? 0 : -6.477; /* where PUMA's exp errs most in a row of 512 */
        }
    }
}

static void check_softmax(const char *functions, setting g)
{
    static const size_t LENGTHS[] = { 1, 2, 3, 127, 512 };
    const puma_approx  *f = plugin_approx(loaded(functions), PUMA_SLOT_SOFTMAX, NULL);
    operand             o = { .bits = g.frac + 10, .frac = g.frac, .range = 8 };
    double              x[KINDS * 512], z[KINDS * 512], worst = 0, off = 0, error;
    double              ulp = g.is_float ? 1e-15 : ldexp(1.0, -(int)g.frac);

    for (size_t l = 0; l < COUNT(LENGTHS); l++) {
        size_t n = LENGTHS[l];

        for (int kind = 0; kind < KINDS; kind++) fill_scores(x + (size_t)kind * n, n, kind);
        error = row_error(functions, PUMA_SLOT_SOFTMAX, g, o, x, z, KINDS, n, true_softmax);
        if (!(error <= worst)) worst = error;
        for (size_t r = 0; r < KINDS; r++) {
            double sum = 0;

            for (size_t i = 0; i < n; i++) {
                sum += z[r * n + i];
                assert_true(z[r * n + i] >= -2 * ulp);
                /* equal entries get equal shares, and those far below the maximum nothing */
                if (r == EQUAL) assert_true(fabs(z[r * n + i] - 1 / (double)n) <= 3e-6 + 3 * ulp);
                if (r == ALL_BUT_ONE_FAR && i > 0) assert_true(fabs(z[r * n + i]) <= 2 * ulp);
            }
            off = fmax(off, (fabs(sum - 1) - 1.5 * (double)n * ulp));
        }
    }
    print_message("softmax of %s, %s %u/%u: error %.3g, a sum off 1 by %.3g beside rounding\n", functions,
                  g.is_float ? "float" : "fixed", g.bits, g.frac, worst, fmax(off, 0));
    assert_true(worst <= f->max_error + 4 * ulp);
    assert_true(off <= 3e-5);
}

static void softmax_rows(void **state)
{
    (void)state;
    if (on_plain()) check_softmax("puma", FLOAT);
    check_softmax("puma", WIDE);
    check_softmax("puma", MIDDLE);
    check_softmax("puma", NARROW);
}

/* By tables: the operand comes multiplied by log2 e, and its ring is what the plan gives it. */
static void check_softmax_by_tables(setting g, uint32_t integer_bits)
{
    static const size_t LENGTHS[] = { 1, 2, 3, 127, 512, 2048 };
    const puma_approx  *f = plugin_approx(loaded("precise"), PUMA_SLOT_SOFTMAX, NULL);
    operand             o = { .bits = g.frac + integer_bits,
                              .frac = g.frac,
                              .range = (int32_t)integer_bits - 1,
                              .out_bits = 28 + g.frac };
    static double       x[KINDS * 2048], y[2048], z[KINDS * 2048];
    double              worst = 0, off = 0,
                                                      ulp = g.is_float ? 1e-15 : ldexp(1.0, -(int)g.frac),
                                                      edge = ldexp(15, (int)integer_bits - 6) - 1;

    for (size_t l = 0; l < COUNT(LENGTHS); l++) {
        size_t n = LENGTHS[l];

        for (int kind = 0; kind < KINDS; kind++) fill_scores(x + (size_t)kind * n, n, kind);
        /* max - min of a row stays below 15/16 of 2^(integer_bits - 1), less what whole numbers lose */
        for (size_t i = 0; i < KINDS * n; i++) {
            double wider = i / n == SPREAD || i / n == ALL_BUT_ONE_FAR ? ldexp(1, (int)integer_bits - 9) : 1;

            x[i] = fmax(-edge, fmin(edge, wider * x[i] * f->operand_scale));
        }
        must(evaluate("precise", PUMA_SLOT_SOFTMAX, g, o, x, z, KINDS, n), "softmax by tables");
        for (size_t r = 0; r < KINDS; r++) {
            double row[2048], sum = 0;

            for (size_t i = 0; i < n; i++) row[i] = x[r * n + i] / f->operand_scale;
            true_softmax(y, row, n, 0);
            for (size_t i = 0; i < n; i++) {
                worst = fmax(worst, fabs(z[r * n + i] - y[i]));
                sum += z[r * n + i];
                assert_true(z[r * n + i] >= -2 * ulp);
                if (r == ALL_BUT_ONE_FAR && i > 0) assert_true(fabs(z[r * n + i]) <= 2 * ulp);
            }
            off = fmax(off, fabs(sum - 1) - 1.5 * (double)n * ulp);
        }
    }
    print_message(
        "softmax of precise, %s %u/%u: error %.3g (bound %.3g), a sum off 1 by %.3g beside rounding\n",
        g.is_float ? "float" : "fixed", g.bits, g.frac, worst, f->max_error, fmax(off, 0));
    /* The sum of 2048 rounded numbers: plain rounds equal scores alike, so that their errors add up;
     * elsewhere rounding is at random, with a deviation of half a unit each, and three of them are allowed.
     */
    assert_true(worst <= f->max_error + (on_plain() ? 2048 * ulp / 4 : 3 * sqrt(2048) * ulp / 2));
    assert_true(off <= 2e-4);
}

static void softmax_rows_by_tables(void **state)
{
    (void)state;
    for (uint32_t bits = 9; bits <= 12; bits++) { /* that the plan gives it, by the distance of scores */
        if (on_plain()) check_softmax_by_tables(FLOAT, bits);
        check_softmax_by_tables(WIDE, bits);
    }
    check_softmax_by_tables(WIDE_16, 9);
    check_softmax_by_tables(WIDE_16, 11);
    check_softmax_by_tables(NARROW, 9);
}

/* Rows of a causal mask: what lies behind a row's end is as large as the ring holds, becomes 0 and changes
 * nothing; the rest is the softmax of the row's begin. */
static void check_softmax_of_lengths(const char *functions, setting g)
{
    enum { ROWS = 40, MOST = 37 };
    const puma_approx *f = plugin_approx(loaded(functions), PUMA_SLOT_SOFTMAX, NULL);
    double             factor = f->operand_scale == 0 ? 1 : f->operand_scale;
    uint32_t           bits = g.frac + (f->input_bits == 0 ? 10 : f->input_bits);
    operand            o = {
                   .bits = bits, .frac = g.frac, .range = (int32_t)(bits - g.frac) - 1, .out_bits = 28 + g.frac
    };
    double x[ROWS * MOST], z[ROWS * MOST], y[MOST], row[MOST], worst = 0;
    double edge = ldexp(1, (int)(bits - g.frac) - 1) - 1;
    size_t lengths[ROWS];

    for (int kind = 0; kind < 3; kind++) {
        /* 1, 2, 3 … as in one head after the other; all sorts; all of every row */
        for (size_t r = 0; r < ROWS; r++)
            lengths[r] = kind == 0 ? r % MOST + 1 : kind == 1 ? (r * 7 + 3) % MOST + 1 : MOST;
        for (size_t r = 0; r < ROWS; r++)
            for (size_t i = 0; i < MOST; i++)
                x[r * MOST + i] = i < lengths[r] ? factor * 5 * normal() : i % 2 == 0 ? edge : -edge;
        o.lengths = lengths;
        must(evaluate(functions, PUMA_SLOT_SOFTMAX, g, o, x, z, ROWS, MOST), "softmax of lengths");
        for (size_t r = 0; r < ROWS; r++) {
            for (size_t i = 0; i < lengths[r]; i++) row[i] = x[r * MOST + i] / factor;
            true_softmax(y, row, lengths[r], 0);
            for (size_t i = 0; i < lengths[r]; i++) worst = fmax(worst, fabs(z[r * MOST + i] - y[i]));
            for (size_t i = lengths[r]; i < MOST; i++) assert_true(z[r * MOST + i] == 0);
        }
    }
    print_message("softmax of %s by lengths, %s %u/%u: error %.3g (bound %.3g)\n", functions,
                  g.is_float ? "float" : "fixed", g.bits, g.frac, worst, f->max_error);
    assert_true(worst <= f->max_error + (g.is_float ? 0 : ldexp(4, -(int)g.frac)));
    /* no row is empty or longer than it is */
    lengths[3] = 0;
    assert_int_not_equal(evaluate(functions, PUMA_SLOT_SOFTMAX, g, o, x, z, ROWS, MOST).status, PUMA_OK);
    lengths[3] = MOST + 1;
    assert_int_not_equal(evaluate(functions, PUMA_SLOT_SOFTMAX, g, o, x, z, ROWS, MOST).status, PUMA_OK);
}

static void softmax_of_lengths(void **state)
{
    static const char *const PLUGINS[] = { "precise", "puma", "exact" };

    (void)state;
    for (size_t i = 0; i < (on_plain() ? 3 : 2); i++) {
        if (on_plain()) check_softmax_of_lengths(PLUGINS[i], FLOAT);
        check_softmax_of_lengths(PLUGINS[i], WIDE);
        check_softmax_of_lengths(PLUGINS[i], NARROW);
    }
}

/* Rows as residuals are: small and large variance, one coordinate far out, an offset, length d. */
static void fill_residuals(double *x, size_t n, int kind)
{
    for (size_t i = 0; i < n; i++) {
        switch (kind) {
        case 0: x[i] = normal(); break;
        case 1: x[i] = i == n / 3 ? 223 : normal(); break;
        case 2: x[i] = 0x1p-6 * normal(); break; /* variance about 2^-12 */
        case 3: x[i] = 5 + 0.25 * normal(); break;
        default: x[i] = 10 * normal();
        }
    }
}

static void check_norm(const char *functions, puma_slot slot, setting g, double bound)
{
    static const size_t LENGTHS[] = { 32, 384, 768, 1024 };
    operand             o = { .bits = g.bits, .frac = g.frac, .range = 8, .epsilon = 1e-12 };
    static double       x[5 * 1024], z[5 * 1024];
    double              worst = 0, error;

    for (size_t l = 0; l < COUNT(LENGTHS); l++) {
        for (int kind = 0; kind < 5; kind++) fill_residuals(x + (size_t)kind * LENGTHS[l], LENGTHS[l], kind);
        error = row_error(functions, slot, g, o, x, z, 5, LENGTHS[l],
                          slot == PUMA_SLOT_LAYERNORM ? true_layernorm : true_rmsnorm);
        if (!(error <= worst)) worst = error;
    }
    print_message("%s of %s, %s %u/%u: error %.3g (bound %.3g)\n",
                  slot == PUMA_SLOT_LAYERNORM ? "layernorm" : "rmsnorm", functions,
                  g.is_float ? "float" : "fixed", g.bits, g.frac, worst, bound);
    assert_true(worst <= bound);
}

static void norm_rows(void **state)
{
    static const puma_slot SLOTS[] = { PUMA_SLOT_LAYERNORM, PUMA_SLOT_RMSNORM };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        double bound = plugin_approx(loaded("puma"), SLOTS[i], NULL)->max_error;

        if (on_plain()) check_norm("puma", SLOTS[i], FLOAT, bound);
        check_norm("puma", SLOTS[i], WIDE, bound + 0x1p-15);
        check_norm("puma", SLOTS[i], MIDDLE, bound + 0x1p-9);
        check_norm("puma", SLOTS[i], NARROW, bound + 0x1p-7);
    }
}

/* Variances at the ends of what the tables tell apart (2^-12 … 2^16), at powers of two and beside them; a row
 * of equal entries; one coordinate far out. */
static double check_norm_by_tables(puma_slot slot, setting g)
{
    static const size_t LENGTHS[] = { 64, 65, 384, 768 };
    static const double DEVIATIONS[] = { 0x1p-6, 0x1.1p-6, 0x1p-5, 0.5, 0.7072, 1, 1.9999, 2, 3, 0 };
    enum { ROWS = 13 };
    operand o = { .bits = g.bits, .frac = g.frac, .range = 8, .epsilon = 1e-12 };
    static double x[ROWS * 768], z[ROWS * 768], y[768];
    double        worst = 0;

    for (size_t l = 0; l < COUNT(LENGTHS); l++) {
        size_t n = LENGTHS[l], levels = 0;
        double most_sum;

        /* The sum of squares stays in a ring of 64 bits less the row's length, 54 for rmsnorm: with 18
         * fraction bits that is below n var = 2^16 for n > 512. */
        while ((size_t)1 << levels < n) levels++;
        most_sum = ldexp(0.98, (slot == PUMA_SLOT_LAYERNORM ? 62 - (int)levels : 52) - 2 * (int)g.frac);
        for (size_t r = 0; r < ROWS; r++)
            for (size_t i = 0; i < n; i++)
                x[r * n + i] = r + 1 < COUNT(DEVIATIONS) ? (i % 2 ? 1 : -1) * DEVIATIONS[r]
                               : r < COUNT(DEVIATIONS)
                                   ? (i % 2 ? 1 : -1) * fmin(250, sqrt(most_sum / (double)n))
                               : r == 10 ? 0.37
                               : r == 11 ? (i == n / 3 ? 223 : normal())
                                         : 8 * normal();
        must(evaluate("precise", slot, g, o, x, z, ROWS, n), "a norm by tables");
        for (size_t r = 0; r < ROWS; r++) {
            double most = 0;

            (slot == PUMA_SLOT_LAYERNORM ? true_layernorm : true_rmsnorm)(y, x + r * n, n, o.epsilon);
            for (size_t i = 0; i < n; i++)
                most = fmax(most, fabs(z[r * n + i] - (r == 10 && slot == PUMA_SLOT_LAYERNORM ? 0 : y[i])));
            worst = fmax(worst, most);
        }
    }
    return worst;
}

static void norm_rows_by_tables(void **state)
{
    static const puma_slot SLOTS[] = { PUMA_SLOT_LAYERNORM, PUMA_SLOT_RMSNORM };
    const setting         *settings[] = { &FLOAT, &WIDE, &WIDE_16 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const puma_approx *f = plugin_approx(loaded("precise"), SLOTS[i], NULL);

        for (size_t k = on_plain() ? 0 : 1; k < COUNT(settings); k++) {
            double worst = check_norm_by_tables(SLOTS[i], *settings[k]);

            print_message("%s of precise, %s %u/%u: error %.3g (bound %.3g)\n", f->name,
                          settings[k]->is_float ? "float" : "fixed", settings[k]->bits, settings[k]->frac,
                          worst, f->max_error);
            assert_true(worst <= f->max_error);
        }
    }
}

/* Residual streams of decoders: rows of deviation 2^-6 beside rows with a massive activation, in one tensor
 * promised below 2^15 (2^13 for LayerNorm, as in GPT-2).  Errors are relative to the row's largest result or
 * 1: a row with one entry of 24926 has 24 there and nearly nothing elsewhere.
 *
 * Truncations round by chance, and that is allowed for in full.  LayerNorm rounds each entry, by a unit at
 * most.  RMSNorm rounds the copy that is squared, which has fewer fraction bits: errors of a deviation below
 * half a unit, n of them in the sum, so that eight of its deviations are 4 units / (row's deviation sqrt(n)).
 */
static double check_wide_norm(puma_slot slot, setting g, double bound)
{
    enum { ROWS = 11, MOST = 768 };
    static const size_t LENGTHS[] = { 64, 576, 768 };
    static const double DEVIATIONS[ROWS] = { 0x1p-7, 0x1p-6, 0x1p-3, 1, 20, 300, 700, 1, 40, 1, 1 };
    bool                layer = slot == PUMA_SLOT_LAYERNORM;
    operand             o = { .bits = g.bits, .frac = g.frac, .range = layer ? 13 : 15, .epsilon = 1e-5 };
    static double       x[ROWS * MOST], z[ROWS * MOST], y[MOST];
    double              worst = 0;
    int                 lost = 2 * (int)g.frac + 2 * o.range + 2 - (int)g.bits; /* of RMSNorm's copy */
    double              unit = g.is_float ? 0 : ldexp(1, (layer || lost < 0 ? 0 : lost) - (int)g.frac);

    for (size_t l = 0; l < COUNT(LENGTHS); l++) {
        size_t n = LENGTHS[l];

        for (size_t r = 0; r < ROWS; r++)
            for (size_t i = 0; i < n; i++) {
                x[r * n + i] = DEVIATIONS[r] * normal() * (layer && r >= 5 ? 0.2 : 1);
                if (r == 7 && i == n / 3) x[r * n + i] = layer ? -6200 : 24926;
                if (r == 8 && i == n / 2) x[r * n + i] = layer ? 7000 : -32000;
                if (r == 9 && i % 100 == 0) x[r * n + i] = layer ? 2500 : 10000;
                /* all entries as large as the sum of squares lets them be: to 4000 for n = 64 */
                if (r == 10) x[r * n + i] = (i % 2 ? 0.98 : -0.98) * ldexp(1, o.range) / sqrt((double)n);
            }
        must(evaluate("precise", slot, g, o, x, z, ROWS, n), "a wide norm");
        for (size_t r = 0; r < ROWS; r++) {
            double most = 1, error = 0, chance = (layer ? 1 : 4 / sqrt((double)n)) * unit / DEVIATIONS[r];

            (layer ? true_layernorm : true_rmsnorm)(y, x + r * n, n, o.epsilon);
            for (size_t i = 0; i < n; i++) {
                most = fmax(most, fabs(y[i]));
                error = fmax(error, fabs(z[r * n + i] - y[i]));
            }
            worst = fmax(worst, error / most - chance);
        }
    }
    print_message("%s of massive activations, %s %u/%u: error %.3g (bound %.3g)\n",
                  layer ? "layernorm" : "rmsnorm", g.is_float ? "float" : "fixed", g.bits, g.frac, worst,
                  bound);
    return worst;
}

static void norm_rows_of_massive_activations(void **state)
{
    (void)state;
    for (int layer = 0; layer < 2; layer++) {
        puma_slot slot = layer ? PUMA_SLOT_LAYERNORM : PUMA_SLOT_RMSNORM;

        if (on_plain()) assert_true(check_wide_norm(slot, FLOAT, 1e-5) <= 1e-5);
        assert_true(check_wide_norm(slot, WIDE, 1e-4) <= 1e-4);
        assert_true(check_wide_norm(slot, WIDE_16, 1e-4) <= 1e-4);
    }
}

/* Nothing optional is needed: the same functions to the same bounds on a backend that can only compare. */
static void tables_need_no_more_than_comparison(void **state)
{
    static const puma_slot NORMS[] = { PUMA_SLOT_LAYERNORM, PUMA_SLOT_RMSNORM };

    (void)state;
    bare = true;
    for (size_t i = 0; i < COUNT(TABLES); i++) {
        if (on_plain()) check_single("precise", &TABLES[i], FLOAT);
        check_single("precise", &TABLES[i], WIDE);
    }
    check_softmax_by_tables(WIDE, 9);
    check_softmax_of_lengths("precise", WIDE_16);
    for (size_t i = 0; i < COUNT(NORMS); i++)
        assert_true(check_norm_by_tables(NORMS[i], WIDE_16) <=
                    plugin_approx(loaded("precise"), NORMS[i], NULL)->max_error);
    bare = false;
}

/* A row of equal entries has no variance: the result is near 0, and no trap. */
static void constant_rows_are_no_trap(void **state)
{
    const setting *settings[] = { &FLOAT, &WIDE, &MIDDLE, &NARROW };
    double         x[3 * 384], z[3 * 384];

    (void)state;
    for (size_t k = on_plain() ? 0 : 1; k < COUNT(settings); k++) {
        operand o = { .bits = settings[k]->bits, .frac = settings[k]->frac, .range = 8, .epsilon = 1e-12 };
        double  most = 0;

        for (size_t i = 0; i < COUNT(x); i++) x[i] = i < 384 ? 0 : i < 768 ? 5 : -0.37;
        must(evaluate("puma", PUMA_SLOT_LAYERNORM, *settings[k], o, x, z, 3, 384),
             "layernorm of a constant row");
        for (size_t i = 0; i < COUNT(z); i++) most = fmax(most, fabs(z[i]));
        print_message("layernorm of a constant row, %s %u/%u: %.3g\n",
                      settings[k]->is_float ? "float" : "fixed", settings[k]->bits, settings[k]->frac, most);
        assert_true(most <= 0x1p-7);
    }
}

/* --- functions that are what was published, however far that is from the true ones -------------- */

static double quad(double x) { return 0.125 * x * x + 0.25 * x + 0.5; }

static double limit_exp(double x) { return pow(1 + x / 256, 256); }

static double newton(double x, double y, int times)
{
    for (int i = 0; i < times; i++) y *= 2 - x * y;
    return y;
}

static double crypten_reciprocal(double x) { return newton(x, 3 * limit_exp(0.5 - x) + 0.003, 10); }

static double crypten_sigmoid(double x)
{
    double y = newton(1 + limit_exp(-fabs(x)), 0.75, 3);

    return x < 0 ? 1 - y : y;
}

static double crypten_tanh(double x) { return 2 * crypten_sigmoid(2 * x) - 1; }
static double crypten_silu(double x) { return x * crypten_sigmoid(x); }
static double crypten_gelu(double x)
{
    if (fabs(x) >= 5) return fmax(x, 0);
    return 0.5 * x * (1 + crypten_tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

static double crypten_gelu_erf(double x)
{
    double u = x / sqrt(2), sum = 0, term = u;

    for (int n = 0; n <= 8; term *= -u * u / ++n) sum += term / (2 * n + 1);
    return 0.5 * x * (1 + 2 / sqrt(acos(-1)) * sum);
}

static double bolt_gelu(double x)
{
    double u = fabs(x);

    if (u >= 2.7) return fmax(x, 0);
    return 0.5 * x + 0.001620808531841547 +
           u * (-0.03798164612714154 + u * (0.5410550166368381 + u * (-0.18352506127082727 + u * 0.020848611754127593)));
}

typedef struct formula {
    const char *functions, *variant;
    puma_slot   slot;
    double (*f)(double), (*true_one)(double);
    double low, high, slack; /* at 64 bits and f = 18 */
} formula;

static const formula FORMULAS[] = {
    { "mpcformer", "quad", PUMA_SLOT_GELU, quad, true_gelu, -4, 4, 0x1p-16 },
    { "mpcformer", "quad", PUMA_SLOT_GELU_TANH, quad, true_gelu_tanh, -4, 4, 0x1p-16 },
    { "bolt", "gelu", PUMA_SLOT_GELU, bolt_gelu, true_gelu, -2048, 2048, 0x1p-14 },
    { "bolt", "gelu", PUMA_SLOT_GELU_TANH, bolt_gelu, true_gelu_tanh, -2048, 2048, 0x1p-14 },
    { "crypten", "exp", PUMA_SLOT_EXP, limit_exp, exp, -400, 0, 0x1p-16 },
    { "crypten", "reciprocal", PUMA_SLOT_RECIPROCAL, crypten_reciprocal, true_reciprocal, 0x1p-6, 480,
      0x1p-14 },
    { "crypten", "tanh", PUMA_SLOT_TANH, crypten_tanh, tanh, -64, 64, 0x1p-14 },
    { "crypten", "silu", PUMA_SLOT_SILU, crypten_silu, true_silu, -128, 128, 0x1p-14 },
    { "crypten", "gelu", PUMA_SLOT_GELU, crypten_gelu, true_gelu, -512, 512, 0x1p-13 },
    { "crypten", "gelu_tanh", PUMA_SLOT_GELU_TANH, crypten_gelu, true_gelu_tanh, -512, 512, 0x1p-13 },
    { "crypten", "gelu_erf", PUMA_SLOT_GELU, crypten_gelu_erf, true_gelu, -2, 2, 0x1p-13 },
};

static void check_formula(const formula *t, setting g)
{
    enum { POINTS = 1200 };
    const puma_approx *f = plugin_approx(loaded(t->functions), t->slot, t->variant);
    operand            o = {
                   .variant = t->variant, .bits = g.bits, .frac = g.frac, .range = puma_exponent(t->high) + 1
    };
    double x[POINTS], z[POINTS], error = 0, distance = 0;

    assert_non_null(f);
    assert_true(f->domain[0] == t->low && f->domain[1] == t->high);
    for (size_t i = 0; i < POINTS; i++) {
        x[i] = t->low + (t->high - t->low) * (double)i / (POINTS - 1);
        /* half of the points where functions bend */
        if (i % 2 != 0) x[i] = fmax(t->low, fmin(t->high, x[i] / 16));
    }
    must(evaluate(t->functions, t->slot, g, o, x, z, 2, POINTS / 2), t->variant);
    for (size_t i = 0; i < POINTS; i++) {
        error = fmax(error, fabs(z[i] - t->f(x[i])));
        distance = fmax(distance, fabs(z[i] - t->true_one(x[i])));
    }
    print_message("%s.%s, %s %u/%u: %.3g from the formula (bound %.3g), %.3g from the true function\n",
                  t->functions, t->variant, g.is_float ? "float" : "fixed", g.bits, g.frac, error,
                  g.is_float ? 1e-11 : t->slack, distance);
    assert_true(error <= (g.is_float ? 1e-11 : t->slack));
    assert_true(distance <= f->max_error + (g.is_float ? 0 : t->slack));
}

static void published_formulas(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(FORMULAS); i++) {
        if (on_plain()) check_formula(&FORMULAS[i], FLOAT);
        check_formula(&FORMULAS[i], WIDE);
    }
}

/* Rows of the replacements of softmax, by lengths and not. */
static void check_shares(const char *functions, const char *variant, setting g, bool by_lengths, double bound)
{
    enum { ROWS = 12, N = 37 };
    double  x[ROWS * N], z[ROWS * N], worst = 0;
    size_t  lengths[ROWS];
    operand o = {
        .variant = variant, .bits = g.bits, .frac = g.frac, .range = 9, .lengths = by_lengths ? lengths : NULL
    };

    for (size_t r = 0; r < ROWS; r++) lengths[r] = by_lengths ? (r * 7 + 3) % N + 1 : N;
    for (size_t i = 0; i < ROWS * N; i++) x[i] = i < N ? -1 - normal() * normal() : 3 * normal();
    must(evaluate(functions, PUMA_SLOT_SOFTMAX, g, o, x, z, ROWS, N), variant);
    for (size_t r = 0; r < ROWS; r++) {
        double y[N], sum = 0, largest = -1e9;

        for (size_t i = 0; i < lengths[r]; i++) largest = fmax(largest, x[r * N + i]);
        for (size_t i = 0; i < lengths[r]; i++) {
            double v = x[r * N + i];

            y[i] = strcmp(variant, "2quad") == 0   ? (v + 5) * (v + 5)
                   : strcmp(variant, "2relu") == 0 ? fmax(v, 0) + 0x1p-6
                                                   : limit_exp(v - largest);
            sum += y[i];
        }
        for (size_t i = 0; i < lengths[r]; i++) worst = fmax(worst, fabs(z[r * N + i] - y[i] / sum));
        for (size_t i = lengths[r]; i < N; i++) assert_true(z[r * N + i] == 0);
    }
    print_message("%s.%s%s, %s %u/%u: %.3g from the formula (bound %.3g)\n", functions, variant,
                  by_lengths ? " by lengths" : "", g.is_float ? "float" : "fixed", g.bits, g.frac, worst,
                  bound);
    assert_true(worst <= bound);
}

static void published_softmax(void **state)
{
    static const char *const WHICH[][2] = { { "mpcformer", "2quad" },
                                            { "mpcformer", "2relu" },
                                            { "crypten", "softmax" } };

    (void)state;
    for (size_t i = 0; i < COUNT(WHICH); i++)
        for (int by_lengths = 0; by_lengths < 2; by_lengths++) {
            /* puma's reciprocal has a relative error of 3e-6 */
            if (on_plain()) check_shares(WHICH[i][0], WHICH[i][1], FLOAT, by_lengths, 1e-5);
            check_shares(WHICH[i][0], WHICH[i][1], WIDE, by_lengths, 0x1p-12);
        }
}

/* --- options ---------------------------------------------------------------------------------- */

static const char *ten_iterations(void *context, const char *name, const char *key)
{
    (void)context;
    if (strcmp(name, "puma") == 0 && strcmp(key, "fxp_exp_iters") == 0) return "10";
    return NULL;
}

static const char *two_iterations(void *context, const char *name, const char *key)
{
    (void)context;
    return strcmp(name, "puma") == 0 && strcmp(key, "fxp_exp_iters") == 0 ? "2" : NULL;
}

static const char *half_an_iteration(void *context, const char *name, const char *key)
{
    (void)context;
    return strcmp(name, "puma") == 0 && strcmp(key, "fxp_exp_iters") == 0 ? "2.5" : NULL;
}

static const char *knots_that_descend(void *context, const char *name, const char *key)
{
    (void)context;
    return strcmp(name, "puma") == 0 && strcmp(key, "gelu_knot1") == 0 ? "5" : NULL;
}

static void options_are_read_and_checked(void **state)
{
    double     x[1024], z[1024], worst = 0;
    operand    o = { .bits = 28, .frac = 18, .range = 9 };
    puma_error e;

    (void)state;
    for (size_t i = 0; i < COUNT(x); i++) x[i] = -(double)i / 64;
    options = ten_iterations;
    e = evaluate("puma", PUMA_SLOT_EXP, WIDE, o, x, z, 1, COUNT(x));
    options = NULL;
    must(e, "exp of ten iterations");
    for (size_t i = 0; i < COUNT(x); i++) worst = fmax(worst, fabs(z[i] - exp(x[i])));
    print_message("exp of ten iterations: error %.3g\n", worst);
    assert_true(worst <= 4e-4);

    /* (1 + x/4)^4, and 0 from -4 on, where it would rise again */
    options = two_iterations;
    e = evaluate("puma", PUMA_SLOT_EXP, WIDE, o, x, z, 1, COUNT(x));
    options = NULL;
    must(e, "exp of two iterations");
    for (size_t i = 0; i < COUNT(x); i++)
        assert_true(fabs(z[i] - (x[i] < -4 ? 0 : pow(1 + x[i] / 4, 4))) <= 0x1p-15);

    options = half_an_iteration;
    e = evaluate("puma", PUMA_SLOT_EXP, WIDE, o, x, z, 1, 16);
    assert_int_not_equal(e.status, PUMA_OK);
    assert_non_null(strstr(e.text, "fxp_exp_iters"));
    options = knots_that_descend;
    o.bits = 64;
    e = evaluate("puma", PUMA_SLOT_GELU, WIDE, o, x, z, 1, 16);
    options = NULL;
    assert_int_not_equal(e.status, PUMA_OK);
    assert_non_null(strstr(e.text, "gelu"));
}

/* --- the plugin exact ------------------------------------------------------------------------- */

static void exact_functions_are_exact(void **state)
{
    double x[2048], z[2048];

    (void)state;
    if (!on_plain()) skip();
    for (int fixed = 0; fixed < 2; fixed++) {
        setting g = fixed ? WIDE : FLOAT;
        double  bound = fixed ? 0x1p-19 + 1e-12 : 1e-12;

        for (size_t t = 0; t < COUNT(SINGLES); t++) {
            operand o = { .bits = 64, .frac = 18 };

            for (size_t i = 0; i < COUNT(x); i++) {
                x[i] = 40 * draw();
                if (SINGLES[t].logarithmic) x[i] = 0.5 + fabs(x[i]);
                if (SINGLES[t].slot == PUMA_SLOT_EXP) x[i] = -fabs(x[i]);
            }
            must(evaluate("exact", SINGLES[t].slot, g, o, x, z, 1, COUNT(x)), SINGLES[t].what);
            for (size_t i = 0; i < COUNT(x); i++)
                if (!(fabs(z[i] - SINGLES[t].f(x[i])) <= bound))
                    fail_msg("exact %s(%g) is off by %g", SINGLES[t].what, x[i], z[i] - SINGLES[t].f(x[i]));
        }
        check_softmax("exact", g);
        check_norm("exact", PUMA_SLOT_LAYERNORM, g, bound);
        check_norm("exact", PUMA_SLOT_RMSNORM, g, bound);
    }
}

int main(int count, char **argument)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(singles_in_float),
        cmocka_unit_test(singles_in_fixed_point),
        cmocka_unit_test(pieces_without_a_promise_and_in_narrow_rings),
        cmocka_unit_test(tables_of_one_variable),
        cmocka_unit_test(mantissas_and_exponents),
        cmocka_unit_test(softmax_rows),
        cmocka_unit_test(softmax_rows_by_tables),
        cmocka_unit_test(softmax_of_lengths),
        cmocka_unit_test(norm_rows),
        cmocka_unit_test(norm_rows_by_tables),
        cmocka_unit_test(norm_rows_of_massive_activations),
        cmocka_unit_test(tables_need_no_more_than_comparison),
        cmocka_unit_test(constant_rows_are_no_trap),
        cmocka_unit_test(published_formulas),
        cmocka_unit_test(published_softmax),
        cmocka_unit_test(options_are_read_and_checked),
        cmocka_unit_test(exact_functions_are_exact),
    };
    static const char *const BOTH[] = { "plain", "rep3" };
    int                      failed = 0;

    directory = count > 2 && *argument[2] ? argument[2] : NULL;
    if (count > 3) cmocka_set_test_filter(argument[3]);
    for (size_t i = 0; i < (count > 1 ? 1 : COUNT(BOTH)); i++) {
        backend = count > 1 ? argument[1] : BOTH[i];
        print_message("backend %s\n", backend);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed != 0;
}
