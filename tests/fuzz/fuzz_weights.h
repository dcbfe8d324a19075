/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_weights.h - what must hold of every checkpoint that has been opened: each tensor is found by its name
 * and can be read to the end, or the error says why not. */
#ifndef FUZZ_WEIGHTS_H
#define FUZZ_WEIGHTS_H

#include "fuzz.h"

#include "weights/weights.h"

/* Reading is checked for the tensors up to this size; a GGUF file of some KB may say that it has many of
 * nothing. */
#define FUZZ_NUMBERS 65536u

static inline void fuzz_check_weights(const weights *w)
{
    for (size_t i = 0; i < weights_count(w) && i < 64; i++) {
        const weights_info *t = weights_at(w, i);
        puma_error          e = { 0 }, e_read = { 0 };
        double             *values, largest;
        size_t              n = 1, at;
        puma_status         status;

        FUZZ_CHECK(weights_find(w, t->name) == t);
        for (size_t k = 0; k < t->rank; k++) n *= t->dim[k];
        FUZZ_CHECK(n == t->n);
        if (t->n > FUZZ_NUMBERS) continue;
        values = malloc((t->n + 1) * sizeof *values);
        FUZZ_CHECK(values != NULL);
        status = weights_read(w, t, values, &e_read);
        fuzz_check_error(status, &e_read);
        fuzz_check_error(weights_check(w, t, &largest, &at, &e), &e);
        FUZZ_CHECK(status == e.status);
        if (status == PUMA_OK)
            for (size_t k = 0; k < t->n; k++) FUZZ_CHECK(values[k] <= largest && -values[k] <= largest);
        free(values);
    }
}

#endif
