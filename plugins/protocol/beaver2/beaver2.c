/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* beaver2.c - two computing parties, and a dealer in P0's place of the masked sharing (doc/beaver2.md).
 *
 * Parties 0 and 1 are P1 and P2 of masked.h, the dealer is P0.  It draws both streams of masks, gives P1 one
 * seed and P2 the other, and from then on sends P2 corrections alone; it receives nothing from anybody, and
 * what it sends depends on shapes and its own seeds only.  All operations are those of masked/.  This file is
 * what differs from three parties: where the streams come from, how the client brings a value in, and that
 * nothing is shared by the dealer or revealed to it. */
#include "../masked/masked.h"

#include <stdlib.h>
#include <string.h>

/* One of the two streams of masks: the dealer draws its seed and gives it to the party that shares it. */
static puma_status lambda_stream(struct masked *r, puma_prg **stream, uint32_t party)
{
    const puma_host *host = r->base.host;
    uint64_t         seed[4] = { 0 };
    puma_prg        *own;
    puma_status      status = PUMA_OK;

    if (is_dealer(r)) {
        own = host->prg_own(&r->base, "beaver2 seeds");
        if (own == NULL) return r->base.status;
        host->prg_words(own, seed, 4, 64);
        status = host->send(&r->base, party, seed, 4, 64, PUMA_OFFLINE); /* uniform, for `party` alone */
    } else if (r->base.role == party) {
        status = host->recv(&r->base, P0, seed, 4, 64);
    } else {
        return PUMA_OK;
    }
    if (status == PUMA_OK) {
        *stream = host->prg_seed(&r->base, seed, party == P1 ? "beaver2 lambda 1" : "beaver2 lambda 2");
        if (*stream == NULL) status = r->base.status;
    }
    for (int i = 0; i < 4; i++) *(volatile uint64_t *)&seed[i] = 0;
    return status;
}

static puma_status beaver2_open(puma_session **s, const puma_session *base)
{
    struct masked *r = calloc(1, sizeof *r);
    puma_status    status;

    if (r == NULL) return PUMA_ERESOURCE;
    r->base = *base;
    status = lambda_stream(r, &r->stream1, P1);
    if (status == PUMA_OK) status = lambda_stream(r, &r->stream2, P2);
    if (status == PUMA_OK && (r->base.role == P1 || r->base.role == PUMA_CLIENT)) {
        r->input1 = base->host->prg_pair(&r->base, r->base.role == P1 ? PUMA_CLIENT : P1, "beaver2 input");
        if (r->input1 == NULL) status = r->base.status;
    }
    if (status == PUMA_OK)
        *s = &r->base;
    else
        free(r);
    return status;
}

static void beaver2_close(puma_session *s) { free(s); }

/* --- in and out ------------------------------------------------------------------------------- */

/* x = x1 + x2: P1's half is drawn from the stream of client and P1, P2 is sent the other: one-time padded.
 * The two are then opened under the dealer's masks, which become the masks of z.  k + 2k bits, one round
 * behind the client's message. */
static puma_status share_words(struct masked *r, puma_tensor *z, const uint64_t *words, uint64_t *half)
{
    const puma_host *host = r->base.host;
    puma_status      status = PUMA_OK;

    if (r->input1 != NULL) host->prg_words(r->input1, half, z->n, z->bits);
    if (r->base.role == PUMA_CLIENT) {
        host->ring->sub(half, words, half, z->n);
        host->ring->reduce(half, half, z->bits, z->n);
        return host->send(&r->base, P2, half, z->n, z->bits, PUMA_ONLINE);
    }
    if (r->base.role == P2) status = host->recv(&r->base, PUMA_CLIENT, half, z->n, z->bits);
    return status == PUMA_OK ? masked_remask(r, z, half) : status;
}

static puma_status share_bits(struct masked *r, puma_tensor *z, const uint64_t *words, uint64_t *half)
{
    const puma_host *host = r->base.host;
    puma_status      status = PUMA_OK;

    if (r->input1 != NULL) host->prg_bits(r->input1, half, z->n);
    if (r->base.role == PUMA_CLIENT) {
        for (size_t w = 0; w < z->words; w++) half[w] ^= words[w];
        return host->send_bits(&r->base, P2, half, z->n, PUMA_ONLINE);
    }
    if (is_dealer(r)) return masked_open_bits(r, NULL, z->plane[0], z->plane[1], NULL, 1, z->n);
    if (r->base.role == P2) status = host->recv_bits(&r->base, PUMA_CLIENT, half, z->n);
    return status == PUMA_OK ? masked_open_bits(r, z->plane[0], z->plane[1], NULL, half, 1, z->n) : status;
}

static puma_status beaver2_share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from)
{
    size_t      mark = s->host->enter(s);
    uint64_t   *half;
    puma_status status;

    if (from == P0) {
        status = s->host->fail(s, PUMA_EINTERNAL, "the dealer of beaver2 brings in no values");
    } else if (from != PUMA_CLIENT) {
        status = masked_share(s, z, words, from);
    } else {
        half = s->host->scratch(s, z->words);
        status = s->status;
        if (half != NULL && z->kind == PUMA_BIT)
            status = share_bits(masked_of(s), z, words, half);
        else if (half != NULL)
            status = share_words(masked_of(s), z, words, half);
    }
    puma_leave(s, mark, NULL);
    return status;
}

static puma_status beaver2_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    if (to == P0) return s->host->fail(s, PUMA_EINTERNAL, "the dealer of beaver2 is told no values");
    return masked_reveal(s, out, x, to);
}

static const puma_lookup_ext lookup = {
    .struct_size = sizeof lookup,
    .one_hot = masked_one_hot,
    .table = masked_table,
    .gate = masked_gate,
    .exp2 = masked_exp2,
    .maximum = masked_maximum,
};

static const void *beaver2_extension(const char *id)
{
    if (strcmp(id, PUMA_EXT_LOOKUP) == 0) return &lookup;
    if (strcmp(id, PUMA_EXT_RANDOM) == 0) return &masked_random;
    return strcmp(id, PUMA_EXT_BLOCKS) == 0 ? &masked_blocks : NULL;
}

static const puma_protocol beaver2 = {
    .struct_size = sizeof(puma_protocol),
    .parties = 3,
    .planes = 2,
    .bit_planes = 2,
    .dealer = P0,
    .caps = PUMA_CAP_DEALER | PUMA_CAP_RINGS | PUMA_CAP_PUBLIC,
    .open = beaver2_open,
    .close = beaver2_close,
    .share = beaver2_share,
    .reveal = beaver2_reveal,
    .add = masked_add,
    .sub = masked_sub,
    .add_public = masked_add_public,
    .scale = masked_scale,
    .sum = masked_sum,
    .product = masked_product,
    .trunc = masked_trunc,
    .xor_ = masked_xor,
    .not_ = masked_not,
    .and_ = masked_and,
    .less = masked_less,
    .mux_sum = masked_mux_sum,
    .extension = beaver2_extension,
};

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "beaver2",
    .version = "0.1.0",
    .summary = "2PC with a dealer, masked sharing, semi-honest, no party colluding with the dealer",
    .protocol = &beaver2,
};
