/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tape.c - the transport of a dealer without peers: what it sends is recorded, and what would need a peer is
 * refused.
 *
 * Called through tape_transport on the session's thread; there is no I/O thread and no link. */
#include "net/transport.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static puma_status tape_open(net *n, puma_error *e)
{
    return n->config.tape ? PUMA_OK : error_set(e, 7001, "net_open: nothing to record messages with");
}

static puma_status tape_send(net *n, uint32_t to, void *payload, size_t size, puma_phase phase, puma_error *e)
{
    pthread_mutex_lock(&n->lock);
    message_failure(n, e);
    pthread_mutex_unlock(&n->lock);
    if (e->status == PUMA_OK) n->config.tape(n->config.tape_context, to, phase, payload, size);
    OPENSSL_cleanse(payload, size);
    free(payload);
    return e->status;
}

static frame *tape_next(net *n, uint32_t from, frame_type type, size_t longest, puma_error *e)
{
    (void)type;
    (void)longest;
    error_set(e, 613, "%s waits for %s: its messages cannot be made ahead", net_title(n, n->config.self),
              net_name(n, from));
    return NULL;
}

/* There is nobody to share it with: a known seed, and a run that is stopped before anything more is recorded.
 */
static void tape_pair_seed(net *n, uint32_t peer, const char *purpose, uint8_t seed[32])
{
    puma_error e = { 0 };

    (void)purpose;
    memset(seed, 0, 32);
    error_set(&e, 613, "%s shares a seed with %s: its messages cannot be made ahead",
              net_title(n, n->config.self), net_name(n, peer));
    net_abort(n, &e);
}

const transport tape_transport = {
    .open = tape_open,
    .send = tape_send,
    .next = tape_next,
    .pair_seed = tape_pair_seed,
};
