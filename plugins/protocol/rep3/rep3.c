/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rep3.c - the backend's session and its tables; see masked.h for the sharing and doc/rep3.md for the
 * protocols. */
#include "rep3.h"

#include <stdlib.h>
#include <string.h>

/* The client's masks: it draws two seeds and gives one to P0 and P1, one to P0 and P2. */
static puma_status client_streams(struct masked *r)
{
    const puma_host *host = r->base.host;
    puma_prg        *own;
    uint64_t         seed1[4] = { 0 }, seed2[4] = { 0 };
    puma_status      status = PUMA_OK;

    switch (r->base.role) {
    case PUMA_CLIENT:
        own = host->prg_own(&r->base, "rep3 input seeds");
        if (own == NULL) return r->base.status;
        host->prg_words(own, seed1, 4, 64);
        host->prg_words(own, seed2, 4, 64);
        status = host->send(&r->base, P0, seed1, 4, 64, PUMA_ONLINE);
        if (status == PUMA_OK) status = host->send(&r->base, P0, seed2, 4, 64, PUMA_ONLINE);
        if (status == PUMA_OK) status = host->send(&r->base, P1, seed1, 4, 64, PUMA_ONLINE);
        if (status == PUMA_OK) status = host->send(&r->base, P2, seed2, 4, 64, PUMA_ONLINE);
        break;
    case P0:
        status = host->recv(&r->base, PUMA_CLIENT, seed1, 4, 64);
        if (status == PUMA_OK) status = host->recv(&r->base, PUMA_CLIENT, seed2, 4, 64);
        break;
    default: status = host->recv(&r->base, PUMA_CLIENT, r->base.role == P1 ? seed1 : seed2, 4, 64);
    }
    if (status == PUMA_OK && r->base.role != P2) {
        r->input1 = host->prg_seed(&r->base, seed1, "rep3 input 1");
        if (r->input1 == NULL) status = r->base.status;
    }
    if (status == PUMA_OK && r->base.role != P1) {
        r->input2 = host->prg_seed(&r->base, seed2, "rep3 input 2");
        if (r->input2 == NULL) status = r->base.status;
    }
    for (int i = 0; i < 4; i++) {
        *(volatile uint64_t *)&seed1[i] = 0;
        *(volatile uint64_t *)&seed2[i] = 0;
    }
    return status;
}

static puma_status rep3_open(puma_session **s, const puma_session *base)
{
    struct masked *r = calloc(1, sizeof *r);
    puma_status    status = PUMA_OK;

    if (r == NULL) return PUMA_ERESOURCE;
    r->base = *base;
    if (r->base.role == P0 || r->base.role == P1) {
        r->stream1 = base->host->prg_pair(&r->base, r->base.role == P0 ? P1 : P0, "rep3 lambda");
        if (r->stream1 == NULL) status = r->base.status;
    }
    if (status == PUMA_OK && (r->base.role == P0 || r->base.role == P2)) {
        r->stream2 = base->host->prg_pair(&r->base, r->base.role == P0 ? P2 : P0, "rep3 lambda");
        if (r->stream2 == NULL) status = r->base.status;
    }
    if (status == PUMA_OK) status = client_streams(r);
    if (status == PUMA_OK)
        *s = &r->base;
    else
        free(r);
    return status;
}

static void rep3_close(puma_session *s) { free(s); }

static const puma_lookup_ext lookup = {
    .struct_size = sizeof lookup,
    .one_hot = masked_one_hot,
    .table = masked_table,
    .gate = masked_gate,
    .exp2 = masked_exp2,
    .maximum = masked_maximum,
    .embed = rep3_embed,
};

static const void *rep3_extension(const char *id)
{
    if (strcmp(id, PUMA_EXT_LOOKUP) == 0) return &lookup;
    if (strcmp(id, PUMA_EXT_RANDOM) == 0) return &masked_random;
    return strcmp(id, PUMA_EXT_BLOCKS) == 0 ? &masked_blocks : NULL;
}

static const puma_protocol rep3 = {
    .struct_size = sizeof(puma_protocol),
    .parties = 3,
    .planes = 2,
    .bit_planes = 2,
    .dealer = P0,
    .caps = PUMA_CAP_RINGS | PUMA_CAP_PUBLIC,
    .open = rep3_open,
    .close = rep3_close,
    .share = masked_share,
    .reveal = masked_reveal,
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
    .extension = rep3_extension,
};

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "rep3",
    .version = "0.1.0",
    .summary = "3PC replicated sharing with an input-independent third share, semi-honest",
    .protocol = &rep3,
};
