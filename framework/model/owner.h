/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* owner.h - what stands behind model.owner.
 *
 * For the files of this folder alone: model_open makes it and model_close frees it. */
#ifndef MODEL_OWNER_H
#define MODEL_OWNER_H

#include "model/architecture.h"

struct owner {
    const architecture *architecture;
    architecture       *opened; /* the same if it goes with the model; NULL: it is another's */
    size_t        parameters;
    char          note[200];
};

#endif
