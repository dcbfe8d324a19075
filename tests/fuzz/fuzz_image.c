/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_image.c - pictures: PNG, PGM, PPM, IDX, each also in gzip, and numbers in JSON. */
#include "fuzz.h"

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const image_shape shapes[] = { { 1, 4, 4 }, { 3, 4, 4 }, { 1, 2, 3 }, { 3, 8, 8 } };
    fuzz_feed                f = { data, data + size };
    unsigned                 choice = fuzz_byte(&f);
    const image_shape       *shape = &shapes[choice % 4];
    double                   mean[3] = { 0.5, 0.5, 0.5 };
    image_scale              scale = { 1.0 / 255, mean, mean };
    image_list               list = { 0 };
    puma_error               e = { 0 }, e_png = { 0 };
    const uint8_t           *labels;
    uint8_t                 *png;
    size_t                   count;

    if (choice & 64)
        fuzz_check_error(image_parse_pixels(&list, "x.json", (const char *)f.at, fuzz_left(&f), shape, &e),
                         &e);
    else
        fuzz_check_error(image_parse(&list, "x.png", f.at, fuzz_left(&f), shape, &scale, choice >> 4 & 3, &e),
                         &e);
    if (e.status == PUMA_OK) {
        FUZZ_CHECK(list.count > 0);
        for (size_t i = 0; i < list.count && i < 4; i++)
            for (size_t k = 0; k < image_numbers(shape); k++)
                FUZZ_CHECK(list.images[i].pixels[k] - list.images[i].pixels[k] <= 0);
        if (image_to_png(&png, &count, &list, 0, &e_png) == PUMA_OK) free(png);
    }
    image_list_free(&list);
    if (choice & 128) {
        puma_error e_labels = { 0 };

        fuzz_check_error(image_labels("labels", f.at, fuzz_left(&f), &labels, &count, &e_labels), &e_labels);
        if (labels != NULL) FUZZ_CHECK(labels >= f.at && count <= fuzz_left(&f));
    }
    return 0;
}
