/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rotary.h - the angles of rotary positions (Su et al. 2021), and the ways in which they are changed for
 * contexts longer than the ones a model was first trained on: rope_scaling of config.json, rope_parameters in
 * newer ones.
 *
 * Kinds: default; linear (Chen et al. 2023); dynamic, which changes nothing up to the model's own length;
 * llama3; yarn (Peng et al. 2023, YaRN: Efficient Context Window Extension); longrope, "su" in older files
 * (Ding et al. 2024), of which the factors of the original context are used, so that this is as far as a
 * sequence goes.
 *
 * model.c is the caller and owns the angles, which it allocates before the call; rope_scaling is read, never
 * completed or corrected. */
#ifndef MODEL_ROTARY_H
#define MODEL_ROTARY_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

typedef struct rotary {
    const char   *path;             /* of config.json, for messages                                      */
    const char   *where;            /* the key under which `scaling` stands, likewise                    */
    const json_t *scaling;          /* the object; {}: default                                           */
    const json_t *original_context; /* config.json's own original_max_position_embeddings, or NULL       */
    double        theta;
    size_t        head_dim, positions;

    /* Out.  angle[i], of head_dim / 2, is how far pair i turns from one position to the next.  Queries and
     * keys are to be multiplied by `attention` each.  Longer sequences than `most` tokens would need other
     * angles. */
    double *angle;
    double  attention;
    size_t  most;
} rotary;

/* PUMA_EMODEL naming the key for what is missing, out of range, or of a kind that is not built. */
puma_status rotary_angles(rotary *r, puma_error *e);

#endif
