/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_image.c - pictures to PNG and back, broken files, and what preprocessor_config.json says of their bytes. */
#include "image/image.h"
#include "../support/scratch.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const image_shape GRAY = { 1, 5, 7 }, RGB = { 3, 4, 6 };

static puma_error e;

/* One picture of `shape` whose bytes are all different from their neighbours. */
static image_list made(const image_shape *shape, uint8_t *bytes, double *pixels, image *one)
{
    for (size_t i = 0; i < image_numbers(shape); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
        pixels[i] = bytes[i] / 255.0;
    }
    *one = (image){ .pixels = pixels, .bytes = bytes };
    return (image_list){ .shape = *shape, .count = 1, .images = one };
}

static image_scale plain_scale(void)
{
    image_scale scale;

    e = (puma_error){ 0 };
    assert_int_equal(image_scale_open(&scale, scratch, &RGB, &e), PUMA_OK);
    return scale;
}

static void a_picture_survives_png(void **state)
{
    const image_shape *shapes[] = { &GRAY, &RGB };
    image_scale        scale = plain_scale();

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        uint8_t    bytes[128], *png;
        double     pixels[128];
        image      one;
        image_list list = made(shapes[k], bytes, pixels, &one), back;
        size_t     size;

        assert_int_equal(image_to_png(&png, &size, &list, 0, &e), PUMA_OK);
        assert_int_equal(image_open(&back, put_bytes("picture", png, size), shapes[k], &scale, 0, &e), PUMA_OK);
        assert_memory_equal(back.images[0].bytes, bytes, image_numbers(shapes[k]));
        for (size_t i = 0; i < image_numbers(shapes[k]); i++)
            assert_true(fabs(back.images[0].pixels[i] - (bytes[i] / 255.0 - 0.5) / 0.5) < 1e-12);
        image_list_free(&back);
        free(png);
    }
    image_scale_free(&scale);
}

static void numbers_are_shown_from_least_to_largest(void **state)
{
    uint8_t     bytes[128], *png;
    double      pixels[128];
    image       one;
    image_list  list = made(&GRAY, bytes, pixels, &one), back;
    image_scale scale = plain_scale();
    size_t      size;

    (void)state;
    one.bytes = NULL;
    for (size_t i = 0; i < image_numbers(&GRAY); i++) pixels[i] = -3 + 0.5 * (double)i;
    assert_int_equal(image_to_png(&png, &size, &list, 0, &e), PUMA_OK);
    assert_int_equal(image_open(&back, put_bytes("picture", png, size), &GRAY, &scale, 0, &e), PUMA_OK);
    assert_int_equal(back.images[0].bytes[0], 0);
    assert_int_equal(back.images[0].bytes[image_numbers(&GRAY) - 1], 255);
    image_list_free(&back);
    free(png);
    list.shape.channels = 2; /* of which there is no PNG */
    assert_int_equal(image_to_png(&png, &size, &list, 0, &e), PUMA_EINPUT);
    assert_null(png);
    image_scale_free(&scale);
}

/* Every byte changed, every length cut: an error or a picture, never a crash or memory that is not ours. */
static void a_broken_file_is_an_error(void **state)
{
    uint8_t     bytes[128], *png;
    double      pixels[128];
    image       one;
    image_list  list = made(&RGB, bytes, pixels, &one), back;
    image_scale scale = plain_scale();
    size_t      size, refused = 0;

    (void)state;
    assert_int_equal(image_to_png(&png, &size, &list, 0, &e), PUMA_OK);
    for (size_t i = 0; i < 2 * size; i++) {
        uint8_t kept = i < size ? png[i] : 0;

        if (i < size) png[i] ^= 0x55;
        e = (puma_error){ 0 };
        image_open(&back, put_bytes("picture", png, i < size ? size : i - size), &RGB, &scale, 0, &e);
        assert_true(e.status == PUMA_OK || e.status == PUMA_EINPUT);
        assert_true(e.status == PUMA_OK || strstr(e.text, "picture") != NULL);
        refused += e.status != PUMA_OK;
        image_list_free(&back);
        if (i < size) png[i] = kept;
    }
    assert_true(refused > size); /* all that are cut, and of those changed all but some ancillary data */
    free(png);
    image_scale_free(&scale);
}

/* IEND ends a PNG; a PNM has no such mark, and only blanks may stand behind it. */
static void bytes_behind_the_end(void **state)
{
    static const char *const tails[] = {
        "", "\n", "\r\n", "\0\0\0\0", "P5 1 1 255\nx", "\x89PNG\r\n\x1a\n", "IEND"
    };
    static const size_t lengths[] = { 0, 1, 2, 4, 12, 8, 4 };
    image_scale         scale = plain_scale();
    static uint8_t      file[70000];
    uint8_t             bytes[128], *png;
    double              pixels[128];
    image               one;
    image_list          list = made(&GRAY, bytes, pixels, &one), back;
    size_t              size, n = image_numbers(&GRAY);

    (void)state;
    assert_int_equal(image_to_png(&png, &size, &list, 0, &e), PUMA_OK);
    for (size_t i = 0; i <= 7; i++) {
        size_t length = i < 7 ? lengths[i] : sizeof file - size; /* and much of anything */

        for (size_t k = 0; k < sizeof file; k++) file[k] = (uint8_t)(k * 7);
        memcpy(file, png, size);
        if (i < 7) memcpy(file + size, tails[i], length);
        assert_int_equal(image_open(&back, put_bytes("picture", file, size + length), &GRAY, &scale, 0, &e),
                         PUMA_OK);
        assert_memory_equal(back.images[0].bytes, bytes, n);
        image_list_free(&back);
    }
    for (size_t i = 0; i < 7; i++) {
        size_t head = (size_t)snprintf((char *)file, 64, "P5 %zu %zu 255\n", GRAY.width, GRAY.height);

        memcpy(file + head, bytes, n);
        memcpy(file + head + n, tails[i], lengths[i]);
        image_open(&back, put_bytes("picture", file, head + n + lengths[i]), &GRAY, &scale, 0, &e);
        assert_int_equal(e.code, i <= 2 ? 0 : 561);
        if (i <= 2) assert_memory_equal(back.images[0].bytes, bytes, n);
        e = (puma_error){ 0 };
        image_list_free(&back);
    }
    free(png);
    image_scale_free(&scale);
}

static void the_configuration_scales(void **state)
{
    static const struct {
        const char *json;
        double      factor, mean[3], deviation[3];
        bool        refused;
    } cases[] = {
        { "{}", 1.0 / 255, { 0.5, 0.5, 0.5 }, { 0.5, 0.5, 0.5 }, false },
        { "{\"do_normalize\": false}", 1.0 / 255, { 0 }, { 1, 1, 1 }, false },
        { "{\"do_rescale\": false, \"image_mean\": [1, 2, 3], \"image_std\": 4}", 1, { 1, 2, 3 }, { 4, 4, 4 }, false },
        { "{\"rescale_factor\": 0.5, \"image_mean\": null}", 0.5, { 0.5, 0.5, 0.5 }, { 0.5, 0.5, 0.5 }, false },
        { "{\"size\": {\"height\": 4, \"width\": 6}}", 1.0 / 255, { 0.5, 0.5, 0.5 }, { 0.5, 0.5, 0.5 }, false },
        { "{\"size\": {\"height\": 5, \"width\": 6}}", 0, { 0 }, { 0 }, true },
        { "{\"do_resize\": false, \"size\": 99}", 1.0 / 255, { 0.5, 0.5, 0.5 }, { 0.5, 0.5, 0.5 }, false },
        { "{\"image_mean\": [0.5]}", 0, { 0 }, { 0 }, true },
        { "{\"image_std\": 0}", 0, { 0 }, { 0 }, true },
        { "{\"image_mean\": \"a\"}", 0, { 0 }, { 0 }, true },
        { "{\"rescale_factor\": 0}", 0, { 0 }, { 0 }, true },
        { "{\"do_pad\": true}", 0, { 0 }, { 0 }, true },
        { "[]", 0, { 0 }, { 0 }, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        image_scale scale;

        e = (puma_error){ 0 };
        put_text("preprocessor_config.json", cases[i].json);
        image_scale_open(&scale, scratch, &RGB, &e);
        if ((e.status != PUMA_OK) != cases[i].refused) fail_msg("%s: %s", cases[i].json, e.text);
        if (cases[i].refused) assert_non_null(strstr(e.text, "preprocessor_config.json"));
        for (size_t c = 0; c < 3 && !cases[i].refused; c++) {
            assert_true(fabs(scale.factor - cases[i].factor) < 1e-12);
            assert_true(fabs(scale.mean[c] - cases[i].mean[c]) < 1e-12);
            assert_true(fabs(scale.deviation[c] - cases[i].deviation[c]) < 1e-12);
        }
        image_scale_free(&scale);
    }
    unlink(in_scratch("preprocessor_config.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_survives_png),
        cmocka_unit_test(numbers_are_shown_from_least_to_largest),
        cmocka_unit_test(a_broken_file_is_an_error),
        cmocka_unit_test(bytes_behind_the_end),
        cmocka_unit_test(the_configuration_scales),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
