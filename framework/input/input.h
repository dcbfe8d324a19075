/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* input.h - what only the client holds: texts, ids and pictures as sequences that the model takes, labels,
 * the linear head, and the tokens that end a sequence.  client.c calls it, and run/ takes texts from it.  A
 * compute party opens none of this; a dealer that works ahead reads the sequences only for their lengths. */
#ifndef INPUT_INPUT_H
#define INPUT_INPUT_H

#include "base/error.h"
#include "base/notes.h"
#include "exec/rings.h"
#include "image/image.h"
#include "model/model.h"
#include "plan/runfile.h"
#include "token/token.h"

typedef struct client_input {
    const runfile *run; /* this, model and most are the plan's; set before the first call */
    const model   *model;
    size_t         most; /* tokens of the longest sequence; for generate the new tokens still fit after it */
    runfile_input *own;  /* what [input] and [chat] say; freed with the rest */
    notes         *said; /* for the user to know */
    token_list    *sequences;
    size_t         count, told; /* told: bytes of the lengths' text, with which the parties are told */
    char           chat[50];  /* name of the chat template that was used; "": none               */
    image_list     images;    /* for a model that takes pictures: one a sequence                 */
    tokenizer     *tokenizer; /* where the answer has tokens; NULL: ids, and no tokenizer files  */
    uint32_t      *eos;       /* for generate: the tokens that end a sequence                    */
    size_t         eos_count;
    uint32_t       mask;      /* for fill_mask: the token that the model fills in                */
    double        *head;   /* for [run] head: w, then b; or NULL                              */
    uint32_t      *labels; /* for [input] labels: one a sequence; or NULL                     */
} client_input;

/* Fills sequences (and images).  `speak`: new tokens will be shown as text, so the tokenizer is opened for
 * ids too, if there is one. */
puma_status input_read(client_input *in, bool speak, puma_error *e);
/* [run] head: {"w": [...], "b": x}, with one number in w for each number of the embedding. */
puma_status input_read_head(client_input *in, const rings *r, puma_error *e);
/* [input] labels, for the sequences read before. */
puma_status input_read_labels(client_input *in, puma_error *e);
/* For generate: the ids from generation_config.json, else config.json, else a .gguf file's metadata. */
puma_status input_read_eos(client_input *in, puma_error *e);
/* For fill_mask: finds the mask's token.  PUMA_ECONFIG unless every sequence has it. */
puma_status input_find_masks(client_input *in, puma_error *e);
/* Reads a file of text (path `-`: standard input), without the byte order mark at its beginning; malloc'd,
 * closed by a NUL. */
#define INPUT_FILE_LIMIT ((size_t)64 << 20)
puma_status input_text(const char *path, char **bytes, size_t *size, puma_error *e);
void        input_text_free(char **bytes, size_t size); /* wipes it: it is the client's secret */
/* Frees what was read, and wipes what is secret. */
void        input_free(client_input *in);

#endif
