/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* shards.h - inside of weights/: the files of a checkpoint and where its tensors lie in them.
 *
 * weights.c opens and closes it, values.c reads the data; nobody else looks inside. */
#ifndef WEIGHTS_SHARDS_H
#define WEIGHTS_SHARDS_H

#include "weights/file.h"
#include "weights/weights.h"

#include <jansson.h>

#define NAME "%.120s" /* a tensor's name in a message: names may be as long as the header   */

typedef struct tensor {
    weights_info info;              /* first: an info is its tensor                                       */
    char        *name;              /* what info.name points to                                           */
    size_t       shard, begin, end; /* bytes of the shard's data                                          */
    size_t       head;              /* rows of a head when they are permuted (gguf.h), else 0             */
} tensor;

typedef struct shard {
    data_file file;
    size_t    data;         /* where its data begin                                                */
    size_t    first, count; /* its tensors, while the array is in the order of reading             */
} shard;

struct weights {
    shard  *shards;
    size_t  shard_count;
    json_t *map;     /* of an index, tensor to file: NULL where there is none                */
    tensor *tensors; /* sorted by name once open is through                                */
    size_t  count, room;
};

#endif
