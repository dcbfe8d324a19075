/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* message.c - packs the backend's words into payload for the wire, and unpacks them.
 *
 * The backend calls it through its table.  It owns no state: the wire belongs to session_open's caller. */
#include "host/internal.h"

#include "base/checked.h"
#include "plugin/fence.h"
#include "ring/prg.h"
#include "ring/ring.h"

#include <stdlib.h>
#include <string.h>

puma_status host_check_link(puma_session *s, uint32_t peer, uint32_t bits)
{
    host_session *h = host_of(s);

    if (s->status != PUMA_OK) return s->status;
    if (!h->config.wire) return host_fail(s, PUMA_EINTERNAL, "this backend has no wire");
    if (prg_failed()) { /* the masks of this message may not be random */
        error_set(&h->error, 1020, "OpenSSL has failed in a random stream: nothing more is sent");
        return host_stick(s);
    }
    if (peer >= PUMA_NODES || peer == s->role || bits < 1 || bits > 64)
        return host_fail(s, PUMA_EINTERNAL, "no message of %u-bit words between nodes %u and %u", bits,
                         s->role, peer);
    return PUMA_OK;
}

/* Room for n packed words; NULL after a failure.  ring_packed_size needs an n * bits that fits, which is
 * checked here. */
static uint8_t *payload_new(puma_session *s, size_t n, uint32_t bits, size_t *size)
{
    size_t   total;
    uint8_t *payload = NULL;

    *size = SIZE_MAX;
    if (checked_mul(&total, n, bits)) {
        *size = ring_packed_size(n, bits);
        payload = malloc(*size);
    }
    if (!payload) host_no_memory(s, *size);
    return payload;
}

/* net_send and net_recv, which may wait for another node. */
static puma_status put(puma_session *s, uint32_t to, uint8_t *payload, size_t size, puma_phase phase)
{
    host_session *h = host_of(s);
    puma_status   status;

    fence_rest(true);
    status = net_send(h->config.wire, to, payload, size, phase, &h->error);
    fence_rest(false);
    return status == PUMA_OK ? PUMA_OK : host_stick(s);
}

static puma_status take(puma_session *s, uint32_t from, uint8_t **payload, size_t size)
{
    host_session *h = host_of(s);
    puma_status   status;

    fence_rest(true);
    status = net_recv(h->config.wire, from, payload, size, &h->error);
    fence_rest(false);
    return status == PUMA_OK ? PUMA_OK : host_stick(s);
}

/* An empty message is not sent: both ends know n. */
puma_status host_send(puma_session *s, uint32_t to, const uint64_t *words, size_t n, uint32_t bits,
                      puma_phase phase)
{
    size_t   size;
    uint8_t *payload;

    if (host_check_link(s, to, bits) != PUMA_OK || n == 0) return s->status;
    payload = payload_new(s, n, bits, &size);
    if (!payload) return s->status;
    ring_pack(payload, words, n, bits);
    return put(s, to, payload, size, phase);
}

puma_status host_recv(puma_session *s, uint32_t from, uint64_t *words, size_t n, uint32_t bits)
{
    size_t   total;
    uint8_t *payload;

    if (host_check_link(s, from, bits) != PUMA_OK || n == 0) return s->status;
    if (!checked_mul(&total, n, bits)) return host_fail(s, PUMA_ERESOURCE, "a message of %zu words", n);
    if (take(s, from, &payload, ring_packed_size(n, bits)) != PUMA_OK) return s->status;
    ring_unpack(words, payload, n, bits);
    free(payload);
    return s->status;
}

/* Packed bits are words written little-endian, cut after the byte that holds the last bit. */
puma_status host_send_bits(puma_session *s, uint32_t to, const uint64_t *words, size_t n, puma_phase phase)
{
    size_t   size, count = n / 64 + (n % 64 != 0);
    uint8_t *payload;

    if (host_check_link(s, to, 1) != PUMA_OK || n == 0) return s->status;
    payload = payload_new(s, count, 64, &size);
    if (!payload) return s->status;
    ring_pack(payload, words, count, 64);
    size = n / 8 + (n % 8 != 0);
    if (n % 8) payload[size - 1] &= (uint8_t)((1u << n % 8) - 1);
    return put(s, to, payload, size, phase);
}

puma_status host_recv_bits(puma_session *s, uint32_t from, uint64_t *words, size_t n)
{
    size_t   got = n / 8 + (n % 8 != 0), whole = n / 64;
    uint8_t *payload, last[8] = { 0 };

    if (host_check_link(s, from, 1) != PUMA_OK || n == 0) return s->status;
    if (take(s, from, &payload, got) != PUMA_OK) return s->status;
    ring_unpack(words, payload, whole, 64);
    if (n % 64 != 0) {
        memcpy(last, payload + 8 * whole, got - 8 * whole);
        ring_unpack(words + whole, last, 1, 64);
        words[whole] &= (UINT64_C(1) << n % 64) - 1;
    }
    free(payload);
    return s->status;
}
