/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_sample.c - tokens are drawn as often as temperature, top_k and top_p say. */
#include "run/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DRAWS 20000

static puma_error e;

static sampler *opened(sample_config config)
{
    sampler *s;

    e = (puma_error){ 0 };
    config.has_seed = true;
    if (sampler_open(&s, &config, &e) != PUMA_OK) fail_msg("%s", e.text);
    return s;
}

static uint32_t draw(sampler *s, const double *logits, size_t n)
{
    uint32_t token = UINT32_MAX;

    if (sampler_next(s, logits, n, &token, &e) != PUMA_OK) fail_msg("%s", e.text);
    assert_true(token < n);
    return token;
}

/* Draws and compares with `expected`, which sums to 1: chi-square below its value for one in a million at up
 * to 5 degrees of freedom (35.9), and nothing where nothing is expected. */
static void distributed(sample_config config, const double *logits, const double *expected, size_t n)
{
    sampler *s = opened(config);
    size_t   count[8] = { 0 };
    double   chi = 0;

    for (size_t i = 0; i < DRAWS; i++) count[draw(s, logits, n)]++;
    for (size_t i = 0; i < n; i++) {
        double d = (double)count[i] - DRAWS * expected[i];

        if (expected[i] == 0)
            assert_int_equal(count[i], 0);
        else
            chi += d * d / (DRAWS * expected[i]);
    }
    if (!(chi < 35.9)) fail_msg("chi-square %g", chi);
    sampler_close(s);
}

static const double LOGITS[] = { 0, 1.0986122886681098, 0.6931471805599453, 0 }; /* ln of 1, 3, 2, 1 */

/* Equal logits come out of a protocol up to one ulp apart. */
static void largest_that_rounding_set_apart_are_equal(void **state)
{
    const double logits[] = { 1.9375, 2, 2.0625, 2, 0 };
    sampler     *s;

    (void)state;
    s = opened((sample_config){ .temperature = 1, .top_k = 1, .top_p = 1, .ulp = 0.0625 });
    assert_int_equal(draw(s, logits, 5), 1);
    sampler_close(s);
    s = opened((sample_config){ .temperature = 1, .top_k = 1, .top_p = 1 });
    assert_int_equal(draw(s, logits, 5), 2);
    sampler_close(s);
}

static void probabilities_are_those_of_softmax(void **state)
{
    (void)state;
    distributed((sample_config){ .temperature = 1, .top_p = 1, .seed = 1 }, LOGITS,
                (const double[]){ 1 / 7.0, 3 / 7.0, 2 / 7.0, 1 / 7.0 }, 4);
    /* Half the temperature squares the odds, twice the temperature takes their root. */
    distributed((sample_config){ .temperature = 0.5, .top_p = 1, .seed = 2 }, LOGITS,
                (const double[]){ 1 / 15.0, 9 / 15.0, 4 / 15.0, 1 / 15.0 }, 4);
    distributed((sample_config){ .temperature = 2, .top_p = 1, .seed = 3 },
                (const double[]){ 0, 2 * LOGITS[1], 2 * LOGITS[2], 0 },
                (const double[]){ 1 / 7.0, 3 / 7.0, 2 / 7.0, 1 / 7.0 }, 4);
}

static void top_k_keeps_the_largest(void **state)
{
    (void)state;
    distributed((sample_config){ .temperature = 1, .top_p = 1, .top_k = 2, .seed = 4 }, LOGITS,
                (const double[]){ 0, 3 / 5.0, 2 / 5.0, 0 }, 4);
    distributed((sample_config){ .temperature = 1, .top_p = 1, .top_k = 1, .seed = 5 }, LOGITS,
                (const double[]){ 0, 1, 0, 0 }, 4);
    /* Of two equal ones the first stays. */
    distributed((sample_config){ .temperature = 1, .top_p = 1, .top_k = 3, .seed = 6 }, LOGITS,
                (const double[]){ 1 / 6.0, 3 / 6.0, 2 / 6.0, 0 }, 4);
    distributed((sample_config){ .temperature = 1, .top_p = 1, .top_k = 9, .seed = 7 }, LOGITS,
                (const double[]){ 1 / 7.0, 3 / 7.0, 2 / 7.0, 1 / 7.0 }, 4);
}

static void top_p_keeps_the_fewest_that_are_enough(void **state)
{
    (void)state;
    /* 3/7 and 5/7 are the sums of the largest. */
    distributed((sample_config){ .temperature = 1, .top_p = 0.42, .seed = 8 }, LOGITS,
                (const double[]){ 0, 1, 0, 0 }, 4);
    distributed((sample_config){ .temperature = 1, .top_p = 0.44, .seed = 9 }, LOGITS,
                (const double[]){ 0, 3 / 5.0, 2 / 5.0, 0 }, 4);
    distributed((sample_config){ .temperature = 1, .top_p = 0.72, .seed = 10 }, LOGITS,
                (const double[]){ 1 / 6.0, 3 / 6.0, 2 / 6.0, 0 }, 4);
    distributed((sample_config){ .temperature = 1, .top_p = 1e-300, .seed = 11 }, LOGITS,
                (const double[]){ 0, 1, 0, 0 }, 4);
    /* top_p is a part of what top_k left: 3/5 of it is the first token alone. */
    distributed((sample_config){ .temperature = 1, .top_p = 0.59, .top_k = 2, .seed = 12 }, LOGITS,
                (const double[]){ 0, 1, 0, 0 }, 4);
}

static void extreme_logits_do_no_harm(void **state)
{
    const double wide[] = { -1e300, 1e300, -1e300 }, one[] = { -5 };
    uint32_t     token;
    sampler     *s = opened((sample_config){ .temperature = 1e-300, .top_p = 1 });

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(draw(s, wide, 3), 1);
        assert_int_equal(draw(s, one, 1), 0);
    }
    assert_int_equal(sampler_next(s, (const double[]){ 0, NAN }, 2, &token, &e), PUMA_ENUMERIC);
    assert_non_null(strstr(e.text, "logit 1 "));
    e = (puma_error){ 0 };
    assert_int_equal(sampler_next(s, (const double[]){ -INFINITY, 0 }, 2, &token, &e), PUMA_ENUMERIC);
    sampler_close(s);
}

static void a_seed_repeats_and_none_does_not(void **state)
{
    const sample_config fresh = { .temperature = 1, .top_p = 1 };
    double              flat[64] = { 0 };
    sampler            *s[4];
    size_t              same[2] = { 0 };

    (void)state;
    s[0] = opened((sample_config){ .temperature = 1, .top_p = 1, .seed = 77 });
    s[1] = opened((sample_config){ .temperature = 1, .top_p = 1, .seed = 77 });
    for (int k = 2; k < 4; k++) assert_int_equal(sampler_open(&s[k], &fresh, &e), PUMA_OK);
    for (int i = 0; i < 64; i++) {
        same[0] += draw(s[0], flat, 64) == draw(s[1], flat, 64);
        same[1] += draw(s[2], flat, 64) == draw(s[3], flat, 64);
    }
    assert_int_equal(same[0], 64);
    assert_true(same[1] < 20); /* 1 is expected; 20 would be one in 10^19 */
    for (int k = 0; k < 4; k++) sampler_close(s[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(largest_that_rounding_set_apart_are_equal),
        cmocka_unit_test(probabilities_are_those_of_softmax),
        cmocka_unit_test(top_k_keeps_the_largest),
        cmocka_unit_test(top_p_keeps_the_fewest_that_are_enough),
        cmocka_unit_test(extreme_logits_do_no_harm),
        cmocka_unit_test(a_seed_repeats_and_none_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
