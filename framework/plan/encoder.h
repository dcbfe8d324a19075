/* encoder.h - what a sentence encoder's own files ask of a run: functions, texts, room in the rings. */
#ifndef PLAN_ENCODER_H
#define PLAN_ENCODER_H

#include "plan/plan.h"

/* Do the steps behind the pooling call this slot? */
bool        encoder_uses(const model *m, puma_slot slot);
/* The choices, for people: a line, of embed alone. */
void        encoder_print(FILE *out, const plan *p);
/* A text of *size bytes as the encoder takes it, its prompt in front; malloc'd, *size its new length.  NULL:
 * out of memory. */
char       *encoder_text(const plan *p, const char *text, size_t *size);
/* An encoder that brings texts to lower case needs a tokenizer that does: PUMA_EMODEL for any other. */
puma_status encoder_check_case(const plan *p, const tokenizer *t, puma_error *e);
/* Of fill_mask, at the client: which token is the mask, and is it in every input?  Otherwise PUMA_ECONFIG. */
puma_status encoder_find_masks(plan *p, puma_error *e);
/* No vector may leave its ring behind the pooling: the weights bound it, whatever the text is.  At the
 * client, once it has the weights; PUMA_ENUMERIC. */
puma_status encoder_check(const plan *p, puma_error *e);

#endif
