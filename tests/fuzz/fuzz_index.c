/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_index.c - the index of a checkpoint in several files, two of which are there. */
#include "fuzz_weights.h"

#include "../support/scratch.h"

static void put_shard(const char *name, const char *header)
{
    unsigned char file[8 + 200 + 8] = { 0 };
    size_t        length = strlen(header);

    file[0] = (unsigned char)length;
    memcpy(file + 8, header, length);
    put_bytes(name, file, 8 + length + 8);
}

static void leave(void) { remove_scratch(NULL); }

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    make_scratch(NULL);
    atexit(leave);
    put_shard("a.safetensors", "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}");
    put_shard("b.safetensors", "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                               "\"y\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[4,8]}}");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    puma_error e = { 0 };
    weights   *w = NULL;
    char       hint[300];

    fuzz_check_error(
        weights_parse_index(&w, scratch, "model.safetensors.index.json", (const char *)data, size, &e), &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (w != NULL));
    if (w == NULL) return 0;
    fuzz_check_weights(w);
    weights_hint(w, "x", hint, sizeof hint);
    weights_hint(w, "z", hint, sizeof hint);
    weights_close(w);
    return 0;
}
