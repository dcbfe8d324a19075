/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* architecture.h - models/NAME.ini in memory: names and words checked, no numbers of any one model yet.
 *
 * Roles are the contract with the executor: which there are, their shapes and their order stand in ROLES
 * below and nowhere else.  The file only says under which names a checkpoint keeps them.
 *
 * model.c and config.c read one, source.c takes the tensors' names from it; it does not change once it is open.  No
 * checkpoint is looked at. */
#ifndef MODEL_ARCHITECTURE_H
#define MODEL_ARCHITECTURE_H

#include "ini/ini.h"
#include "model/model.h"

/* When an architecture file must name a role. */
typedef enum role_need {
    NEED_NEVER,
    NEED_ALWAYS,
    NEED_TOKENS,    /* input = tokens                                                             */
    NEED_PIXELS,    /* input = pixels                                                             */
    NEED_POST,      /* norm_place = post                                                          */
    NEED_PRE,       /* norm_place = pre                                                           */
    NEED_LEARNED,   /* positions = learned                                                        */
    NEED_LAYERNORM, /* norm = layernorm                                                           */
    NEED_DECODER,   /* kind = decoder                                                             */
    NEED_APART      /* query, key and value are not one matrix, layer.qkv.weight                  */
} role_need;

/* X(role, text, need, outer, inner): a tensor (outer, inner), or (outer) when inner is ONE. */
#define MODEL_ROLES(X)                                                                                       \
    X(EMBEDDING_TOKEN, "embedding.token", TOKENS, VOCABULARY, EMBEDDING)                                     \
    X(PATCH_WEIGHT, "embedding.patch.weight", PIXELS, HIDDEN, PATCH)                                         \
    X(PATCH_BIAS, "embedding.patch.bias", PIXELS, HIDDEN, ONE)                                               \
    X(EMBEDDING_CLS, "embedding.cls", PIXELS, HIDDEN, ONE)                                                   \
    X(EMBEDDING_POSITION, "embedding.position", LEARNED, POSITIONS, EMBEDDING)                               \
    X(EMBEDDING_TYPE, "embedding.type", NEVER, TYPES, EMBEDDING)                                             \
    X(EMBEDDING_GAIN, "embedding.norm.gain", POST, EMBEDDING, ONE)                                           \
    X(EMBEDDING_BIAS, "embedding.norm.bias", POST, EMBEDDING, ONE)                                           \
    X(EMBEDDING_MAP_WEIGHT, "embedding.map.weight", NEVER, HIDDEN, EMBEDDING)                                \
    X(EMBEDDING_MAP_BIAS, "embedding.map.bias", NEVER, HIDDEN, ONE)                                          \
    X(RELATIVE_BIAS, "relative.bias", NEVER, BUCKETS, HEADS)                                                 \
    X(QKV_WEIGHT, "layer.qkv.weight", NEVER, QKV, HIDDEN)                                                    \
    X(QKV_BIAS, "layer.qkv.bias", NEVER, QKV, ONE)                                                           \
    X(QUERY_WEIGHT, "layer.query.weight", APART, QUERY, HIDDEN)                                              \
    X(QUERY_BIAS, "layer.query.bias", POST, QUERY, ONE)                                                      \
    X(KEY_WEIGHT, "layer.key.weight", APART, KEY, HIDDEN)                                                    \
    X(KEY_BIAS, "layer.key.bias", POST, KEY, ONE)                                                            \
    X(VALUE_WEIGHT, "layer.value.weight", APART, KEY, HIDDEN)                                                \
    X(VALUE_BIAS, "layer.value.bias", POST, KEY, ONE)                                                        \
    X(OUTPUT_WEIGHT, "layer.output.weight", ALWAYS, HIDDEN, QUERY)                                           \
    X(OUTPUT_BIAS, "layer.output.bias", POST, HIDDEN, ONE)                                                   \
    X(ATTENTION_GAIN, "layer.attention_norm.gain", ALWAYS, HIDDEN, ONE)                                      \
    X(ATTENTION_BIAS, "layer.attention_norm.bias", LAYERNORM, HIDDEN, ONE)                                   \
    X(GATE_WEIGHT, "layer.gate.weight", NEVER, INTERMEDIATE, HIDDEN)                                         \
    X(GATE_BIAS, "layer.gate.bias", NEVER, INTERMEDIATE, ONE)                                                \
    X(UP_WEIGHT, "layer.up.weight", ALWAYS, INTERMEDIATE, HIDDEN)                                            \
    X(UP_BIAS, "layer.up.bias", POST, INTERMEDIATE, ONE)                                                     \
    X(DOWN_WEIGHT, "layer.down.weight", ALWAYS, HIDDEN, INTERMEDIATE)                                        \
    X(DOWN_BIAS, "layer.down.bias", POST, HIDDEN, ONE)                                                       \
    X(MLP_GAIN, "layer.mlp_norm.gain", ALWAYS, HIDDEN, ONE)                                                  \
    X(MLP_BIAS, "layer.mlp_norm.bias", LAYERNORM, HIDDEN, ONE)                                               \
    X(FINAL_GAIN, "final.norm.gain", PRE, HIDDEN, ONE)                                                       \
    X(FINAL_BIAS, "final.norm.bias", NEVER, HIDDEN, ONE)                                                     \
    X(HEAD_DENSE_WEIGHT, "head.dense.weight", NEVER, HIDDEN, HIDDEN)                                         \
    X(HEAD_DENSE_BIAS, "head.dense.bias", NEVER, HIDDEN, ONE)                                                \
    X(HEAD_OUT_WEIGHT, "head.out.weight", DECODER, LABELS, HIDDEN)                                           \
    X(HEAD_OUT_BIAS, "head.out.bias", NEVER, LABELS, ONE)                                                    \
    X(TOKENS_OUT_WEIGHT, "tokens.out.weight", NEVER, LABELS, HIDDEN)                                         \
    X(TOKENS_OUT_BIAS, "tokens.out.bias", NEVER, LABELS, ONE)                                                \
    X(MASK_DENSE_WEIGHT, "mask.dense.weight", NEVER, EMBEDDING, HIDDEN)                                      \
    X(MASK_DENSE_BIAS, "mask.dense.bias", NEVER, EMBEDDING, ONE)                                             \
    X(MASK_GAIN, "mask.norm.gain", NEVER, EMBEDDING, ONE)                                                    \
    X(MASK_BIAS, "mask.norm.bias", NEVER, EMBEDDING, ONE)                                                    \
    X(MASK_OUT_WEIGHT, "mask.out.weight", NEVER, VOCABULARY, EMBEDDING)                                      \
    X(MASK_OUT_BIAS, "mask.out.bias", NEVER, VOCABULARY, ONE)

typedef enum role {
#define X(name, text, need, outer, inner) ROLE_##name,
    MODEL_ROLES(X)
#undef X
        ROLE_COUNT
} role;

/* Sizes that [config] carries. */
typedef enum size_key {
    SIZE_ONE,
    SIZE_LAYERS,
    SIZE_HIDDEN,
    SIZE_EMBEDDING,
    SIZE_BUCKETS, /* rows of the table of relative positions                                    */
    SIZE_HEADS,
    SIZE_INTERMEDIATE,
    SIZE_VOCABULARY,
    SIZE_POSITIONS,
    SIZE_OFFSET,
    SIZE_TYPES,
    SIZE_LABELS,
    SIZE_QUERY, /* heads * head_dim                                                           */
    SIZE_KEY,   /* kv_heads * head_dim                                                        */
    SIZE_QKV,   /* both, and the values                                                       */
    SIZE_PATCH, /* numbers of a patch                                                         */
    SIZE_COUNT
} size_key;

typedef struct role_info {
    const char *text;
    role_need   need;
    size_key    outer, inner;
} role_info;

extern const role_info ROLES[ROLE_COUNT];
static inline bool     role_in_layer(role r) { return r >= ROLE_QKV_WEIGHT && r <= ROLE_MLP_BIAS; }
static inline bool     role_in_head(role r) { return r >= ROLE_HEAD_DENSE_WEIGHT; }

/* Which head a task needs: on the first token (of a decoder on each), on each token, or the words at a mask.
 */
typedef enum head_kind { HEAD_NONE, HEAD_SEQUENCE, HEAD_TOKENS, HEAD_MASK } head_kind;
static inline head_kind role_head(role r)
{
    return !role_in_head(r)             ? HEAD_NONE
           : r < ROLE_TOKENS_OUT_WEIGHT ? HEAD_SEQUENCE
           : r < ROLE_MASK_DENSE_WEIGHT ? HEAD_TOKENS
                                        : HEAD_MASK;
}

#define ARCHITECTURE_MAX_ALTERNATIVES 16
#define ARCHITECTURE_MAX_NAME 200

/* A value cut at " | ". */
typedef struct alternatives {
    size_t count;
    char  *text[ARCHITECTURE_MAX_ALTERNATIVES];
    char  *storage;
} alternatives;

typedef struct architecture {
    char             name[64]; /* the file's, without .ini                                   */
    char            *path;
    ini              file;
    alternatives     model_types, prefixes;
    alternatives     tensor[ROLE_COUNT];     /* count 0: the family has no such part                       */
    bool             transposed[ROLE_COUNT]; /* names end in ^T                                            */
    bool             causal;                 /* kind = decoder                                              */
    bool             pixels;                 /* input = pixels                                              */
    model_norm       norm;
    model_place      place;
    model_positions  positions;
    bool             interleaved, scaled; /* rotary = interleaved; embedding_scale = sqrt_hidden        */
    double           gain_offset;
    bool map_always; /* embedding_map = always; else only where the embedding is narrower than the rest */
    bool             has_head_activation;
    model_activation head_activation;
    bool             has_mask_activation; /* else the model's own */
    model_activation mask_activation;
    model_ranges     ranges;
} architecture;

/* Opens DIRECTORY/NAME.ini; with "auto" the one that lists model_type. */
puma_status architecture_open(architecture **a, const char *directory, const char *name,
                              const char *model_type, puma_error *e);
/* The same from the bytes of NAME.ini; `path` is for messages. */
puma_status architecture_parse(architecture **a, const char *name, const char *path, const char *bytes,
                               size_t size, puma_error *e);
void        architecture_close(architecture *a);

puma_status alternatives_cut(alternatives *list, const ini *file, const ini_entry *entry, puma_error *e);
void        alternatives_free(alternatives *list);
/* The activation of a name in config.json or in an architecture file; false if there is none. */
bool        activation_find(const char *name, model_activation *activation);
extern const char ACTIVATION_NAMES[]; /* for messages */

/* One name of a role with {p} and {i} filled in; false when it does not fit. */
bool architecture_tensor_name(char *to, size_t room, const char *pattern, const char *prefix, int layer);

#endif
