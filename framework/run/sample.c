/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sample.c - see sample.h */
#include "run/sample.h"

#include "ring/prg.h"

#include <math.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

typedef struct candidate {
    double   logit, weight; /* weight: exp((logit - largest) / temperature) */
    uint32_t id;
} candidate;

struct sampler {
    sample_config config;
    puma_prg     *prg;
    candidate    *list;
    size_t        room;
};

puma_status sampler_open(sampler **out, const sample_config *config, puma_error *e)
{
    sampler *s = calloc(1, sizeof *s);
    uint8_t  root[32] = { 0 };

    *out = s;
    if (s == NULL) return error_set(e, 1001, "out of memory for the sampler");
    s->config = *config;
    for (size_t i = 0; i < 8; i++) {
        root[i] = (uint8_t)(config->seed >> 8 * i);
        root[8 + i] = (uint8_t)(config->input >> 8 * i);
    }
    if (!config->has_seed && RAND_priv_bytes(root, sizeof root) != 1)
        error_set(e, 1020, "no randomness for the sampler");
    else
        prg_new(&s->prg, root, "puma sample", e);
    OPENSSL_cleanse(root, sizeof root);
    return e->status;
}

void sampler_close(sampler *s)
{
    if (s == NULL) return;
    if (s->prg != NULL) prg_free(s->prg);
    if (s->list != NULL) OPENSSL_cleanse(s->list, s->room * sizeof *s->list);
    free(s->list);
    OPENSSL_cleanse(&s->config, sizeof s->config);
    free(s);
}

/* Sorts the most probable first. */
static int by_logit(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    if (x->logit != y->logit) return x->logit > y->logit ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* A number in [0, 1) with 53 random bits. */
static double uniform(sampler *s)
{
    uint64_t word;

    prg_words(s->prg, &word, 1, 64);
    return ldexp((double)(word >> 11), -53);
}

puma_status sampler_next(sampler *s, const double *logits, size_t n, uint32_t *token, puma_error *e)
{
    size_t kept = s->config.top_k > 0 && s->config.top_k < n ? s->config.top_k : n, used = 0;
    double total = 0, held = 0, largest = -INFINITY, mark;

    if (n > s->room) {
        candidate *more = realloc(s->list, n * sizeof *more);

        if (more == NULL) return error_set(e, 1001, "out of memory for %zu logits", n);
        s->list = more;
        s->room = n;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(logits[i])) return error_set(e, 1103, "logit %zu is no finite number", i);
        largest = fmax(largest, logits[i]);
    }
    /* Equal logits arrive up to one ulp apart.  Those that may equal the largest are set to it, so that their
     * order does not depend on errors. */
    for (size_t i = 0; i < n; i++)
        s->list[i] = (candidate){ .logit = logits[i] >= largest - s->config.ulp ? largest : logits[i],
                                  .id = (uint32_t)i };
    qsort(s->list, n, sizeof *s->list, by_logit);
    for (size_t i = 0; i < kept; i++) {
        s->list[i].weight = exp((s->list[i].logit - s->list[0].logit) / s->config.temperature);
        total += s->list[i].weight;
    }
    while (used < kept && (used == 0 || held < s->config.top_p * total)) held += s->list[used++].weight;
    mark = uniform(s) * held;
    if (prg_failed()) return error_set(e, 1020, "OpenSSL has failed in the stream that chooses tokens");
    kept = used; /* the tokens to draw from; rounding cannot lead beyond them */
    held = s->list[0].weight;
    for (used = 0; used + 1 < kept && held <= mark;) held += s->list[++used].weight;
    *token = s->list[used].id;
    return PUMA_OK;
}
