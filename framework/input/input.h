/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* input.h - what only the client holds: texts, ids and pictures as sequences that the model takes, labels, the
 * linear head, and the tokens that end a sequence.  A compute party opens none of it; a dealer who works ahead
 * reads the sequences for their lengths alone.  client.h puts it on top of a plan; the rest of the folder fills it. */
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
    size_t         most; /* tokens of the longest sequence; of generate the new ones fit in behind it */
    runfile_input *own;  /* what [input] and [chat] say; freed with the rest */
    notes         *said; /* what the user should know */
    token_list    *sequences;
    size_t         count;
    char           chat[50];  /* name of the chat template that was used; "": none               */
    image_list     images;    /* of a model that takes pictures: one a sequence                  */
    tokenizer     *tokenizer; /* where tokens are answered; NULL: ids without its files              */
    uint32_t      *eos;       /* of generate: what ends a sequence                               */
    size_t         eos_count;
    uint32_t       mask;      /* of fill_mask: the token that the model fills in                 */
    double        *head;   /* of [run] head: w and behind it b; NULL                          */
    uint32_t      *labels; /* of [input] labels: one a sequence; NULL                         */
} client_input;

/* Fills sequences (and images).  `speak`: the new tokens of generate will be shown as text, so that ids too open
 * the tokenizer, where there is one. */
puma_status input_read(client_input *in, bool speak, puma_error *e);
/* [run] head: {"w": [...], "b": x}, one number of w for each of the embedding. */
puma_status input_read_head(client_input *in, const rings *r, puma_error *e);
/* [input] labels, for the sequences that were read. */
puma_status input_read_labels(client_input *in, puma_error *e);
/* Of generate: the ids of generation_config.json, else of config.json, else of a .gguf file's metadata. */
puma_status input_read_eos(client_input *in, puma_error *e);
/* Of fill_mask: which token is the mask, and is it in every sequence?  Otherwise PUMA_ECONFIG. */
puma_status input_find_masks(client_input *in, puma_error *e);
/* A file of text (path `-`: standard input) without a byte order mark in front; malloc'd, a NUL behind. */
#define INPUT_FILE_LIMIT ((size_t)64 << 20)
puma_status input_text(const char *path, char **bytes, size_t *size, puma_error *e);
void        input_text_free(char **bytes, size_t size); /* wiped: it is the client's secret */
/* Frees what was read and wipes what is secret in it. */
void        input_free(client_input *in);

#endif
