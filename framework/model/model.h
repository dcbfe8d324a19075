/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* model.h - what a Transformer is made of: config.json read through an architecture file of models/.
 *
 * The architecture (data, not code) says which config keys carry which sizes, where norms stand, which
 * tensors there are and under which names; the model is that with numbers in.  Compute parties read
 * config.json and nothing else of the directory; the client has the weights too.
 *
 * plan/ opens it (cli/ where it makes one up); exec/, run/, input/ and cli/ read it.  Values come through
 * model_source. */
#ifndef MODEL_H
#define MODEL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum model_norm { MODEL_LAYERNORM, MODEL_RMSNORM } model_norm;
typedef enum model_place { MODEL_POST_NORM, MODEL_PRE_NORM } model_place;
typedef enum model_positions { MODEL_LEARNED, MODEL_ROTARY } model_positions;
typedef enum model_activation {
    MODEL_GELU,
    MODEL_GELU_TANH,
    MODEL_SILU,
    MODEL_RELU,
    MODEL_TANH
} model_activation;
typedef enum model_task {
    MODEL_EMBED,
    MODEL_CLASSIFY,
    MODEL_LOGITS, /* of a decoder: of the last position                                               */
    MODEL_HIDDEN,
    MODEL_GENERATE,   /* of a decoder: token after token, exec_feed                                    */
    MODEL_PERPLEXITY, /* of a decoder: logits of every position                                       */
    MODEL_TOKENS,     /* of an encoder: labels' logits of every token                                     */
    MODEL_MASK        /* of an encoder: the vocabulary's logits of every token                            */
} model_task;

/* What a classifier's logits say: one label, the largest; of each label whether it is there, by its sign; or
 * a value. */
typedef enum model_problem { MODEL_ONE_LABEL, MODEL_MANY_LABELS, MODEL_REGRESSION } model_problem;

/* How a sentence encoder makes one vector of its tokens' (task embed). */
typedef enum model_pooling {
    MODEL_POOL_CLS, /* the first token's                                      */
    MODEL_POOL_MAX, /* of each number the largest                             */
    MODEL_POOL_MEAN,
    MODEL_POOL_MEAN_SQRT_LEN, /* the sum over the square root of their count             */
    MODEL_POOL_WEIGHTED_MEAN, /* the t-th token counts t times                           */
    MODEL_POOL_LAST,
    MODEL_POOLINGS
} model_pooling;

/* What follows the pooling, in this order; the vector goes through one after the other. */
typedef enum model_step_kind { MODEL_STEP_DENSE, MODEL_STEP_NORM, MODEL_STEP_NORMALIZE } model_step_kind;
typedef struct model_step {
    model_step_kind  kind;
    size_t           in, out; /* numbers of the vector                                              */
    bool             bias, active;
    model_activation activation; /* of a dense step that is active                                    */
    char             folder[64]; /* of its weights, in the checkpoint's directory                     */
} model_step;

/* Every modules' norm has it: torch.nn.LayerNorm's default. */
#define MODEL_STEP_EPSILON 1e-5
/* A vector whose length no norm bounds is brought down by 2^4 before it is squared for its length: 1/sqrt
 * takes squares from 2^-14 to 2^16, so lengths from 1/8 to 4096 and not from 1/128 to 256. */
#define MODEL_STEP_DOWN 4

/* Does an activation take numbers below 2^ranges.activation alone: is it looked up in a table? */
static inline bool model_is_narrow(model_activation a) { return a != MODEL_TANH && a != MODEL_RELU; }

/* One parameter tensor the run needs, in the order in which shares are made. */
typedef struct model_tensor {
    const char *role;  /* "embedding.token", "layer.query.weight", "head.dense.bias" …; "step.weight" */
    int         layer; /* -1 outside the layers; of a step its number                         */
    size_t      rank, dim[2]; /* as the executor wants it: weights are (out, in)                     */
    bool        transposed;   /* stored (in, out)                                                    */
    size_t      stored_rank, stored[4]; /* the shape in the file where it is another one; rank 0: it is not */
    char        name[256];    /* the first of its names, for error texts before a file is open       */
} model_tensor;

/* Integer bits (sign apart) that values of a kind keep below: [ranges] of the architecture file. */
typedef struct model_ranges {
    int embedding;  /* entries of the embedding tables                                              */
    int hidden;     /* residual stream                                                              */
    int sums;       /* the same before a norm takes it: a norm needs `hidden`, sums must not leave their ring */
    int norm;       /* a norm's output after gain and bias                                          */
    int attention;  /* q, k, v and the attention's output                                           */
    int scores;     /* q k^T / sqrt(d)                                                              */
    int spread;     /* the distance of a score from its row's maximum                               */
    int reach;      /* 2 |q| |k| of a query and a key of one head, which bounds the spread          */
    int activation; /* input of GeLU and its kind                                                   */
    int logits;
    int product; /* largest product before truncation, without its 2f fraction bits           */
    int gated;   /* of a gated MLP: the half that is not activated, and the product of both     */
    /* Known of a model whose weights or inputs were looked at, else RANGE_UNKNOWN. */
    int queries;  /* queries and keys, as softmax's factor leaves them; unknown: `attention`        */
    int relative; /* what relative positions add to a score                                         */
    int squares;  /* the sum of squares of a row that goes into a norm                             */
    int variance; /* its variance (RMSNorm: mean square) with the epsilon is at least 2^-variance  */
} model_ranges;
#define RANGE_UNKNOWN (-1)

/* All of them, by the names that [ranges] has for them. */
#define MODEL_RANGES(X)                                                                                      \
    X(embedding) X(hidden) X(sums) X(norm) X(attention) X(scores) X(activation) X(logits) X(product)         \
    X(gated) X(spread) X(reach) X(queries) X(relative) X(squares) X(variance)
/* The range of that name; NULL if there is none. */
int *model_range(model_ranges *g, const char *name);

typedef struct model {
    char             architecture[64]; /* "bert"                                                       */
    size_t           layers, hidden, heads, intermediate, vocabulary, positions, types;
    size_t embedding_width; /* numbers of a row of the embedding tables: hidden, or what a map takes to it */
    bool   mapped;          /* a matrix stands behind the embedding's norm                    */
    size_t groups;          /* sets of layer weights; each serves layers that follow each other */
    size_t buckets, bucket_rows, bucket_distance; /* of relative positions; 0: none              */
    size_t labels;                       /* rows of the head: of a decoder and at a mask the vocabulary's */
    size_t           kv_heads, head_dim; /* heads share keys and values in groups of heads / kv_heads     */
    size_t           position_offset;    /* RoBERTa: padding index + 1                                   */
    size_t           max_tokens;         /* longest sequence: positions - position_offset, or less        */
    bool   pixels;                            /* the input is a picture, cut into patches, and not tokens      */
    size_t channels, image[2], patch[2];      /* of pixels: heights and widths; positions: patches + 1          */
    bool             causal;             /* a decoder: a token attends to itself and those before it     */
    bool             tied;               /* the head's matrix is embedding.token                         */
    bool             gated;              /* down (activation(gate n) * up n)                             */
    model_positions  position_kind;
    bool             interleaved;     /* rotary pairs are (0, 1), (2, 3) …; else (i, i + head_dim / 2)    */
    double          *rotary;          /* head_dim / 2 angles a position; NULL: not rotary                 */
    double           attention_factor; /* of queries and keys each, as scaled rotary positions want it    */
    size_t          *window;          /* a layer: how many tokens one attends to, itself included; 0: all */
    double           embedding_scale; /* of the rows of embedding.token                               */
    double           gain_offset;     /* added to the norms' gains                                    */
    double           epsilon, initializer_range;
    model_norm       norm;
    model_place      place;
    model_activation activation;
    /* Head of classify / logits: on token 0, [dense -> head_activation ->] out.  head_dense false: none. */
    bool             head_dense;
    model_activation head_activation;
    model_activation
        mask_activation;      /* of MODEL_MASK, whose head is on every token: dense -> this -> norm -> out */
    model_problem    problem; /* of classify                                                    */
    char           **label_names; /* of classify: labels of them, UTF-8; NULL: config.json names none */
    model_ranges     ranges;
    /* Of embed, by model_modules: what follows the last layer.  Several poolings stand side by side. */
    model_pooling    pooling[MODEL_POOLINGS];
    size_t           pooling_count;
    char            *modules; /* the directory of modules.json and the steps' folders; NULL                */
    model_step      *steps;
    size_t           step_count, embedding; /* numbers of the answer                                      */
    size_t           encoder_tokens;        /* the encoder's own limit, where texts are cut; 0: none       */
    char            *prompt;                /* stands in front of every text; NULL                         */
    bool             lower;                 /* texts are brought to lower case                             */
    model_tensor    *tensors; /* what `task` needs, see model_open                            */
    size_t           tensor_count;
    size_t layers_at, layer_tensors; /* where the layers' begin, one behind the other; so many each     */
    void            *owner; /* the module's own                                             */
} model;

/* Reads `architectures`/NAME.ini (architecture "auto": the one that lists config.json's model_type) and
 * `directory`/config.json (or a config.json given directly; or the metadata of a .gguf file, given directly
 * or alone in the directory).  `task` decides which head tensors are needed.
 */
puma_status model_open(model **m, const char *directory, const char *architecture, const char *architectures,
                       model_task task, puma_error *e);
struct architecture;
/* The same from the bytes of a config.json, `name` in messages, read through an architecture (architecture.h)
 * that stays the caller's, open until model_close. */
puma_status model_parse(model **m, const char *name, const char *bytes, size_t size,
                        const struct architecture *architecture, model_task task, puma_error *e);
void        model_close(model *m);

/* The tensor for `role` in `layer`, and its number in *index; NULL if the model has none.  Layers are not
 * searched one after the other: a model may have thousands. */
static inline const model_tensor *model_find(const model *m, const char *role, int layer, size_t *index)
{
    size_t behind = m->layers_at + m->groups * m->layer_tensors, i = 0;

    if (layer >= 0) i = (size_t)layer < m->groups ? m->layers_at + (size_t)layer * m->layer_tensors : behind;
    while (i < m->tensor_count) {
        const model_tensor *t = &m->tensors[i];

        if (t->layer == layer && strcmp(t->role, role) == 0) {
            *index = i;
            return t;
        }
        i = i < behind && t->layer > layer ? behind : i + 1;
    }
    return NULL;
}
/* The set of weights of layer i. */
static inline size_t model_group(const model *m, size_t i)
{
    return m->groups == m->layers ? i : (size_t)((double)i / ((double)m->layers / (double)m->groups));
}
/* The row of the table of relative positions for what stands `ahead` tokens further on. */
size_t model_bucket(const model *m, ptrdiff_t ahead);

/* modules.c: the files of a sentence encoder, modules.json of the directory and what it lists.  The folder of
 * the Transformer itself where that is another one (malloc'd), else NULL. */
puma_status model_folder(char **folder, const char *directory, puma_error *e);
/* What the run file says of them, each NULL where it leaves that to the model's files. */
typedef struct model_embedding {
    const model_pooling *pooling;
    const bool          *normalize;
} model_embedding;
/* Reads them into m, opened for MODEL_EMBED, and adds their tensors.  No modules.json: the mean, of length 1.
 */
puma_status model_modules(model *m, const char *directory, const model_embedding *said, puma_error *e);
extern const char *const MODEL_POOLING_NAMES[MODEL_POOLINGS + 1]; /* as in a run file; closed by NULL */

/* Numbers among its parameters, all tensors together. */
size_t      model_parameters(const model *m);
/* What the user should know and that is no error, a sentence or more ("auto_map is ignored …"); NULL if
 * nothing. */
const char *model_note(const model *m);
/* The canonical text of everything public about it ("model.hidden=384\n…", tensor roles and shapes included),
 * for HELLO; malloc'd. */
char       *model_canonical(const model *m);

/* --- the client's side: values ---------------------------------------------------------------- */
typedef struct model_source model_source;
/* checkpoint: finds every tensor under its names and prefixes, checks shapes (PUMA_EMODEL naming tensor,
 * expected and found), collects what is in the file and unused.  synthetic: N(0, initializer_range), norms'
 * gains 1, biases 0, from the seed. */
puma_status model_source_checkpoint(model_source **s, const model *m, const char *directory, puma_error *e);
puma_status model_source_synthetic(model_source **s, const model *m, uint64_t seed, puma_error *e);
/* Values of tensor i, row-major in the shape of model_tensor (already transposed); caller frees. */
puma_status model_values(const model_source *s, size_t i, double **values, puma_error *e);
/* The largest magnitude in tensor i and where it stands first, so that a weight beyond the fixed-point range
 * is found before anything is shared.  checkpoint: all tensors were read through when the source was opened.
 * synthetic: an upper bound, at element 0. */
double      model_max_abs(const model_source *s, size_t i, size_t *element);
/* The name that tensor i has in the checkpoint; its role when synthetic. */
const char *model_stored_name(const model_source *s, size_t i);
/* Names in the file that the run does not use, joined by ", " and cut; NULL if none. */
const char *model_unused(const model_source *s);
void        model_source_close(model_source *s);

#endif
