/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of this folder share.  No other folder includes it. */
#ifndef INPUT_INTERNAL_H
#define INPUT_INTERNAL_H

#include "input/client.h"

#include <jansson.h>

static inline puma_status no_memory(puma_error *e) { return error_set(e, 1001, "out of memory for the input"); }

/* sequences.c.  input_tell refuses more inputs than the parties can be told of, `bytes` of text.  input_add takes the
 * list over, unless it fails.  input_take first checks length and ids
 * against the model and cuts where that is allowed; it takes the list over in any case.  `where` is for
 * messages. */
puma_status input_add(client_input *in, const token_list *list, puma_error *e);
puma_status input_tell(client_input *in, size_t inputs, size_t bytes, puma_error *e);
puma_status input_take(client_input *in, token_list *list, const char *where, puma_error *e);
puma_status input_note_cut(client_input *in, const char *where, size_t from, size_t to, puma_error *e);
/* text.c: text, prompt_file, messages or file. */
puma_status input_read_text(client_input *in, const tokenizer *t, puma_error *e);
/* checkpoint.c: tokenizer_config.json in the model's directory; *config is NULL when there is none. */
puma_status input_tokenizer_config(const char *directory, json_t **config, puma_error *e);
/* pictures.c */
puma_status input_read_pictures(client_input *in, puma_error *e);
/* encoder.c.  A text of *size bytes as the encoder wants it, after its prompt; malloc'd, *size becomes its
 * length.  NULL: out of memory. */
char       *input_encoder_text(const client_input *in, const char *text, size_t *size);
/* An encoder that lowers the case of texts needs a tokenizer that does so: PUMA_EMODEL for any other. */
puma_status input_check_case(const client_input *in, const tokenizer *t, puma_error *e);
/* bounds.c: PUMA_ENUMERIC where a number would leave its ring or range: a weight; the residual, for a
 * picture; a sentence encoder's vector after the pooling, which the weights bound whatever the text is.  The
 * checkpoint must be open. */
puma_status input_check_weights(const client_plan *c, puma_error *e);
puma_status input_check_pictures(const client_plan *c, puma_error *e);
puma_status input_check_encoder(const client_plan *c, puma_error *e);
/* proof.c: integer bits that no input can take the model's numbers beyond, from the weights. */
puma_status input_prove(const client_plan *c, int bits[PLAN_PROVED], puma_error *e);

#endif
