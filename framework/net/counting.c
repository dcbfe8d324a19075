/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* counting.c - the transport of a rehearsal: of a message its length alone passes.
 *
 * Called through counting_transport.  The links are memory's, so that depths, phases and the order of
 * messages are those of a real run; payload is NULL on both sides.  The only file of this folder that knows
 * of messages without bytes. */
#include "net/transport.h"

#include <stdlib.h>

static puma_status send_length(net *n, uint32_t to, void *payload, size_t size, puma_phase phase,
                               puma_error *e)
{
    uint8_t length[8];
    frame  *f;

    free(payload);
    put64(length, size);
    f = frame_copy(FRAME_DATA, length, sizeof length);
    if (!f) return error_set(e, 1001, "out of memory for a message");
    return message_post(n, to, f, phase, e);
}

static frame *next_length(net *n, uint32_t from, frame_type type, size_t longest, puma_error *e)
{
    return message_next(n, from, type, type == FRAME_DATA ? 8 : longest, e);
}

/* A frame of another size would be a message that another transport has sent: it matches no length. */
static size_t unpack_length(frame *f, uint8_t **payload)
{
    *payload = NULL;
    return f->size == 8 ? (size_t)get64(f->data) : SIZE_MAX;
}

const transport counting_transport = {
    .open = memory_open,
    .send = send_length,
    .next = next_length,
    .unpack = unpack_length,
    .pair_seed = links_pair_seed,
    .start = memory_start,
    .lost = memory_lost,
    .read = plain_read,
    .write = plain_write,
};
