/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* canonical.c - see model.h: everything public about a model as text, for HELLO.  The order of the lines is fixed: what
 * nodes of one run send each other must be equal byte for byte.
 *
 * It reads the model and allocates the text, nothing else; a weight or a path of this machine must not get in. */
#include "model/model.h"

#include "base/text_stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Integers: exact, and without the radix character that printf takes from the locale. */
static void put_number(FILE *out, const char *key, double number)
{
    int exponent = 0;

    number = frexp(number, &exponent);
    fprintf(out, "model.%s=%lld*2^%d\n", key, (long long)ldexp(number, 53), exponent - 53);
}

static const char *const ACTIVATIONS[] = { "gelu", "gelu_tanh", "silu", "relu", "tanh" };

/* Of embed: "model.pooling=cls mean", and a line for each step. */
static void put_steps(FILE *out, const model *m)
{
    static const char *const kinds[] = {
        [MODEL_STEP_DENSE] = "dense", [MODEL_STEP_NORM] = "layernorm", [MODEL_STEP_NORMALIZE] = "normalize"
    };

    if (m->pooling_count == 0) return;
    fprintf(out, "model.pooling=");
    for (size_t i = 0; i < m->pooling_count; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", MODEL_POOLING_NAMES[m->pooling[i]]);
    fprintf(out, "\n");
    for (size_t i = 0; i < m->step_count; i++)
        fprintf(out, "model.step.%zu=%s %zux%zu %s\n", i, kinds[m->steps[i].kind], m->steps[i].out,
                m->steps[i].in, m->steps[i].active ? ACTIVATIONS[m->steps[i].activation] : "identity");
}

static void put_sizes(FILE *out, const model *m)
{
    fprintf(
        out,
        "model.architecture=%s\nmodel.layers=%zu\nmodel.hidden=%zu\nmodel.heads=%zu\nmodel.intermediate=%zu\n"
        "model.vocabulary=%zu\nmodel.positions=%zu\nmodel.position_offset=%zu\nmodel.types=%zu\nmodel.labels="
        "%zu\n",
        m->architecture, m->layers, m->hidden, m->heads, m->intermediate, m->vocabulary, m->positions,
        m->position_offset, m->types, m->labels);
    fprintf(out, "model.kv_heads=%zu\nmodel.head_dim=%zu\nmodel.attends=%s\nmodel.rotary=%s\nmodel.tied=%d\n",
            m->kv_heads, m->head_dim, m->causal ? "before" : "all",
            m->position_kind != MODEL_ROTARY ? "none"
            : m->interleaved                 ? "interleaved"
                                             : "half",
            m->tied);
    if (m->pixels)
        fprintf(out, "model.picture=%zux%zux%zu %zux%zu\n", m->channels, m->image[0], m->image[1], m->patch[0],
                m->patch[1]);
    if (m->mapped || m->groups != m->layers)
        fprintf(out, "model.embedding=%zu\nmodel.mapped=%d\nmodel.groups=%zu\n", m->embedding_width,
                m->mapped, m->groups);
    if (m->buckets > 0) fprintf(out, "model.buckets=%zu %zu\n", m->buckets, m->bucket_distance);
}

static void put_numbers(FILE *out, const model *m)
{
    put_number(out, "initializer_range", m->initializer_range);
    put_number(out, "epsilon", m->epsilon);
    put_number(out, "embedding_scale", m->embedding_scale);
    put_number(out, "gain_offset", m->gain_offset);
    put_number(out, "attention_factor", m->attention_factor);
}

/* How far tokens see, and how they know where they are. */
static void put_positions(FILE *out, const model *m)
{
    fprintf(out, "model.max_tokens=%zu\n", m->max_tokens);
    for (size_t i = 0; m->rotary && i < m->head_dim / 2; i++) {
        char key[40];

        snprintf(key, sizeof key, "angle.%zu", i);
        put_number(out, key, m->rotary[i]);
    }
    for (size_t i = 0; m->window && i < m->layers; i++)
        if (m->window[i] > 0) fprintf(out, "model.window.%zu=%zu\n", i, m->window[i]);
}

static void put_functions(FILE *out, const model *m)
{
    if (m->pooling_count == 0 && !m->causal) fprintf(out, "model.mask=%s\n", ACTIVATIONS[m->mask_activation]);
    fprintf(out, "model.norm=%s\nmodel.norm_place=%s\nmodel.activation=%s\nmodel.head=%s\n",
            m->norm == MODEL_LAYERNORM ? "layernorm" : "rmsnorm",
            m->place == MODEL_POST_NORM ? "post" : "pre", ACTIVATIONS[m->activation],
            m->labels == 0  ? "none"
            : m->head_dense ? ACTIVATIONS[m->head_activation]
                            : "linear");
}

int *model_range(model_ranges *g, const char *name)
{
#define X(range) \
    if (strcmp(name, #range) == 0) return &g->range;
    MODEL_RANGES(X)
#undef X
    return NULL;
}

static void put_ranges(FILE *out, const model_ranges *r)
{
    fputs("model.ranges", out);
#define X(range) fprintf(out, "%c%d", &r->range == &r->embedding ? '=' : ' ', r->range);
    MODEL_RANGES(X)
#undef X
    fputc('\n', out);
}

static void put_tensors(FILE *out, const model *m)
{
    for (size_t i = 0; i < m->tensor_count; i++) {
        const model_tensor *t = &m->tensors[i];

        fprintf(out, "model.tensor.%zu=%s %d %zux%zu %s\n", i, t->role, t->layer, t->dim[0], t->dim[1],
                t->name);
    }
}

char *model_canonical(const model *m)
{
    char  *text = NULL;
    size_t size = 0;
    FILE  *out = text_stream(&text, &size);

    if (!out) return NULL;
    put_sizes(out, m);
    put_numbers(out, m);
    put_positions(out, m);
    put_functions(out, m);
    put_ranges(out, &m->ranges);
    put_steps(out, m);
    put_tensors(out, m);
    if (ferror(out) | fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}
