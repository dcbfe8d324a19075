/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rep3.h - what rep3 has beside the operations of masked.h. */
#ifndef REP3_H
#define REP3_H

#include "../masked/masked.h"

/* Rows of a shared table by ids that the client alone knows: dpf.c. */
puma_status rep3_embed(puma_session *s, puma_tensor *z, const puma_tensor *table, const puma_index *parts,
                       size_t count, uint32_t from);

#endif
