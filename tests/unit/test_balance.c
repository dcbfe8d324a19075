/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_balance.c - factors of heads that are made here: queries are divided by what keys are multiplied by */
#include "exec/balance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { E = 2, D = 3, BLOCK = E * D };

static const double HEAD[BLOCK] = { 0.5, -1, 2, 0.25, 3, -0.75 };

static void scaled(double *head, double by)
{
    for (int i = 0; i < BLOCK; i++) head[i] = by * HEAD[i];
}

static double factor_of(const double *q, const double *k, const double *gain, double offset)
{
    const balance_heads b = { .q = q, .k = k, .gain = gain, .offset = offset, .heads = 1, .kv_heads = 1, .e = E, .d = D };
    double              factor = NAN;

    assert_int_equal(balance(&factor, &b), 1);
    return factor;
}

static void near_(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6 * wanted)) fail_msg("%.9g instead of %.9g", got, wanted);
}

/* What is left of both has one length: by / factor^2. */
static void long_keys_are_shortened(void **state)
{
    static const double sizes[] = { 1, 4, 0.25, 100, 1e-6 };
    double              k[BLOCK];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        scaled(k, sizes[i]);
        near_(factor_of(HEAD, k, NULL, 0), 1 / sqrt(sizes[i]));
    }
    scaled(k, 4);
    near_(factor_of(HEAD, k, NULL, 0), 0.5);
    near_(factor_of(k, HEAD, NULL, 0), 2);
}

static void weights_of_zero_are_left_alone(void **state)
{
    static const double zero[BLOCK];

    (void)state;
    assert_true(factor_of(zero, HEAD, NULL, 0) == 1);
    assert_true(factor_of(HEAD, zero, NULL, 0) == 1);
    assert_true(factor_of(zero, zero, NULL, 0) == 1);
}

/* Frobenius and spectral norm differ: keys of rank 1 have 2 for both, queries sqrt(2) and 1. */
static void both_norms_count(void **state)
{
    static const double q[BLOCK] = { 1, 0, 0, 0, 1, 0 }, k[BLOCK] = { 2, 0, 0, 0, 0, 0 };

    (void)state;
    near_(factor_of(q, k, NULL, 0), sqrt(sqrt(sqrt(2) / 4)));
}

/* A column that the norm's gain takes away counts for nothing, and an offset is part of the gain. */
static void the_gain_counts(void **state)
{
    static const double q[BLOCK] = { 1, 0, 50, 0, 1, 50 }, k[BLOCK] = { 4, 0, 7, 0, 4, -7 };
    static const double gain[D] = { 3, 3, 0 }, less_one[D] = { 2, 2, -1 };

    (void)state;
    near_(factor_of(q, k, gain, 0), 0.5);
    near_(factor_of(q, k, less_one, 1), 0.5);
    assert_true(fabs(factor_of(q, k, NULL, 0) - 0.5) > 0.1);
    assert_true(fabs(factor_of(q, k, less_one, 0) - 0.5) > 0.1);
}

/* Keys that several heads' queries share go by the longest of them, each group for itself. */
static void a_group_goes_by_its_longest_queries(void **state)
{
    double        q[4 * BLOCK], k[2 * BLOCK], factor[2] = { NAN, NAN };
    balance_heads b = { .q = q, .k = k, .heads = 4, .kv_heads = 2, .e = E, .d = D };

    (void)state;
    scaled(q, 0.1);
    scaled(q + BLOCK, 9);
    scaled(q + 2 * BLOCK, 1);
    scaled(q + 3 * BLOCK, 0.5);
    scaled(k, 1);
    scaled(k + BLOCK, 16);
    assert_int_equal(balance(factor, &b), 1);
    near_(factor[0], 3);
    near_(factor[1], 0.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_keys_are_shortened),      cmocka_unit_test(weights_of_zero_are_left_alone),
        cmocka_unit_test(both_norms_count),             cmocka_unit_test(the_gain_counts),
        cmocka_unit_test(a_group_goes_by_its_longest_queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
