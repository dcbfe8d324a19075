/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* streams.c - the random streams that a backend asks for, by peer and purpose.
 *
 * The backend calls it through its table.  It owns the streams and wipes their seeds; net derives what two
 * nodes share, from keys that never come here. */
#include "host/internal.h"

#include "ring/prg.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_OWN PUMA_NODES
#define STREAM_SEED (PUMA_NODES + 1)

/* A stream that was handed out.  Asking for the same one again continues it, so that no part is drawn
 * twice. */
typedef struct stream {
    struct stream *next;
    puma_prg      *prg;
    uint32_t       peer; /* or STREAM_OWN, STREAM_SEED */
    char           purpose[64];
} stream;

static stream *stream_new(puma_session *s, const uint8_t seed[32], uint32_t peer, const char *purpose)
{
    host_session *h = host_of(s);
    stream       *st = calloc(1, sizeof *st);

    if (!st) return host_no_memory(s, sizeof *st);
    if (prg_new(&st->prg, seed, purpose, &h->error) != PUMA_OK) {
        free(st);
        host_stick(s);
        return NULL;
    }
    st->peer = peer;
    snprintf(st->purpose, sizeof st->purpose, "%s", purpose);
    st->next = h->streams;
    h->streams = st;
    return st;
}

/* The stream of (peer, purpose), if it exists already. */
static stream *stream_find(const host_session *h, uint32_t peer, const char *purpose)
{
    stream *st = h->streams;

    while (st && (st->peer != peer || strcmp(st->purpose, purpose) != 0)) st = st->next;
    return st;
}

static bool purpose_ok(puma_session *s, const char *purpose)
{
    if (s->status != PUMA_OK) return false;
    if (!purpose || strlen(purpose) >= sizeof((stream *)0)->purpose) {
        host_fail(s, PUMA_EINTERNAL, "a random stream's purpose is missing or too long");
        return false;
    }
    return true;
}

puma_prg *host_prg_pair(puma_session *s, uint32_t peer, const char *purpose)
{
    host_session *h = host_of(s);
    stream       *st;
    uint8_t       seed[32];

    if (!purpose_ok(s, purpose) || host_check_link(s, peer, 1) != PUMA_OK) return NULL;
    st = stream_find(h, peer, purpose);
    if (!st) {
        net_pair_seed(h->config.wire, peer, purpose, seed);
        st = stream_new(s, seed, peer, purpose);
        OPENSSL_cleanse(seed, sizeof seed);
    }
    return st ? st->prg : NULL;
}

puma_prg *host_prg_own(puma_session *s, const char *purpose)
{
    host_session *h = host_of(s);
    stream       *st;
    uint8_t       seed[32];

    if (!purpose_ok(s, purpose)) return NULL;
    st = stream_find(h, STREAM_OWN, purpose);
    if (st) return st->prg;
    if (h->config.wire) {
        net_own_seed(h->config.wire, purpose, seed);
    } else if (RAND_bytes(seed, sizeof seed) != 1) {
        host_fail(s, PUMA_ERESOURCE, "no random bytes from the system");
        return NULL;
    }
    st = stream_new(s, seed, STREAM_OWN, purpose);
    OPENSSL_cleanse(seed, sizeof seed);
    return st ? st->prg : NULL;
}

puma_prg *host_prg_seed(puma_session *s, const uint64_t seed[4], const char *purpose)
{
    uint8_t bytes[32];
    stream *st;

    if (!purpose_ok(s, purpose)) return NULL;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(seed[i / 8] >> 8 * (i % 8));
    st = stream_new(s, bytes, STREAM_SEED, purpose);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return st ? st->prg : NULL;
}

void host_streams_free(host_session *h)
{
    while (h->streams) {
        stream *next = h->streams->next;

        prg_free(h->streams->prg);
        free(h->streams);
        h->streams = next;
    }
}
