/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* session.c - see session.h.
 *
 * Owns the session and the table through which its backend sees this folder.  A backend is not trusted to
 * leave alone what open may not change: this is checked. */
#include "host/internal.h"

#include "host/fallback.h"
#include "plugin/fence.h"
#include "ring/prg.h"
#include "ring/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what the run chose ----------------------------------------------------------------------- */

static const char *host_option(const puma_session *s, const char *name, const char *key)
{
    const session_config *c = &host_of(s)->config;

    return c->option ? c->option(c->option_context, name, key) : NULL;
}

static const puma_approx *host_function(const puma_session *s, uint32_t slot)
{
    return slot < PUMA_SLOT_COUNT ? host_of(s)->config.function[slot] : NULL;
}

static void host_observe(puma_session *s, const char *what, double max_abs, uint32_t product_bits)
{
    const session_config *c = &host_of(s)->config;

    if (c->observe) c->observe(c->observe_context, &host_of(s)->at, what, max_abs, product_bits);
}

/* --- what a backend sees ---------------------------------------------------------------------- */

/* Everything but `ring`, which is chosen when the program runs. */
static const puma_host HOST = {
    .struct_size = sizeof(puma_host),
    .tensor = host_tensor,
    .view = host_view,
    .reshape = host_reshape,
    .permute = host_permute,
    .slice = host_slice,
    .concat = host_concat,
    .expand = host_expand,
    .tile = host_tile,
    .gather = host_gather,
    .enter = host_enter,
    .leave = host_leave,
    .drop = host_drop,
    .scratch = host_scratch,
    .send = host_send,
    .recv = host_recv,
    .send_bits = host_send_bits,
    .recv_bits = host_recv_bits,
    .prg_pair = host_prg_pair,
    .prg_own = host_prg_own,
    .prg_seed = host_prg_seed,
    .prg_words = prg_words,
    .prg_bits = prg_bits,
    .fail = host_fail,
    .where = host_where,
    .option = host_option,
    .function = host_function,
    .observe = host_observe,
    .product = fallback_product,
    .matmul_blocks = fallback_matmul_blocks,
    .one_hot = fallback_one_hot,
    .lookup = fallback_lookup,
    .gate = fallback_gate,
    .exp2 = fallback_exp2,
    .larger = fallback_larger,
    .embed = fallback_embed,
    .apply = fallback_apply,
};

static const memory_ops MEMORY = {
    .room = host_room, .release = host_room_release, .copy = host_copy, .copy_strided = host_copy_strided
};

/* --- open and close --------------------------------------------------------------------------- */

static void host_free(host_session *h)
{
    if (!h) return;
    host_streams_free(h);
    host_arena_free(h);
    rehearsal_end(h);
    free(h);
}

/* Can this protocol do what the configuration asks for? */
static puma_status check_config(const session_config *config, puma_error *e)
{
    const puma_protocol *protocol = config->protocol->protocol;
    const char          *name = config->protocol->entry->name;

    if (!protocol) return error_set(e, 613, "%s: brings no protocol", name);
    if (config->is_float && !(protocol->caps & PUMA_CAP_CLEAR))
        return error_set(e, 613, "%s: cannot compute in floating point", name);
    if (!config->wire && !(protocol->caps & PUMA_CAP_LOCAL))
        return error_set(e, 7001, "%s: no wire given", name);
    return PUMA_OK;
}

/* A session that is complete but for the backend's own state. */
static host_session *host_new(const session_config *config, puma_error *e)
{
    const puma_protocol *protocol = config->protocol->protocol;
    host_session        *h = calloc(1, sizeof *h);

    if (!h) {
        error_set(e, 1001, "out of memory (%zu bytes asked)", sizeof *h);
        return NULL;
    }
    h->config = *config;
    h->extensions = &config->protocol->extensions;
    h->memory = &MEMORY;
    h->table = HOST;
    h->table.ring = ring_kernels();
    h->at.layer = -1;
    h->base = (puma_session){ .protocol = protocol,
                              .host = &h->table,
                              .impl = h,
                              .role = config->role,
                              .ring_bits = config->ring_bits,
                              .frac = config->frac,
                              .caps = protocol->caps | (config->is_float ? PUMA_CAP_FLOAT : 0) };
    if (config->rehearsal && rehearsal_begin(h, e) != PUMA_OK) {
        host_free(h);
        return NULL;
    }
    return h;
}

/* Why open made no session: what the backend said, or that it said nothing. */
static puma_status open_failed(const host_session *h, puma_status status, puma_error *e)
{
    const char *name = h->config.protocol->entry->name;

    if (h->error.status != PUMA_OK && e->status == PUMA_OK) *e = h->error;
    if (status == PUMA_OK) return error_set(e, 612, "%s: open made no session", name);
    return error_set(e, status == PUMA_ERESOURCE ? 1001 : 612, "%s: open failed (status %d)", name,
                     (int)status);
}

puma_status session_open(puma_session **s, const session_config *config, puma_error *e)
{
    const char   *name = config->protocol->entry->name;
    puma_session *made = NULL;
    host_session *h = NULL;
    puma_status   status;
    fence         f;

    *s = NULL;
    if (check_config(config, e) == PUMA_OK) h = host_new(config, e);
    if (!h) return e->status;
    if (fence_begin(&f, name, "opening a session", false, e) != PUMA_OK) {
        host_free(h);
        return e->status;
    }
    status = h->base.protocol->open(&made, &h->base);
    fence_end(&f, name, e);
    if (status != PUMA_OK || !made) {
        open_failed(h, status, e);
        host_free(h);
        return e->status;
    }
    if (made->impl != h || made->host != &h->table || made->protocol != h->base.protocol)
        error_set(e, 612, "%s: open did not copy the session it was given", name);
    if (e->status != PUMA_OK) {
        h->base.protocol->close(made);
        host_free(h);
        return e->status;
    }
    *s = made;
    return PUMA_OK;
}

void session_close(puma_session *s)
{
    host_session *h;

    if (!s) return;
    h = host_of(s);
    s->protocol->close(s);
    host_free(h);
}

/* --- the way out ------------------------------------------------------------------------------ */

/* A backend that withstands cheating parties verifies its values before anything is revealed. */
static puma_status verify(puma_session *s)
{
    const puma_verify_ext *own = &host_of(s)->config.protocol->extensions.verify;
    puma_status            status;

    if (!own->verify || s->role == PUMA_CLIENT) return PUMA_OK;
    status = own->verify(s);
    if (status != PUMA_OK) host_fail(s, status, "the protocol does not stand by its values");
    return s->status;
}

puma_status session_share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t from)
{
    if (s->status != PUMA_OK) return s->status;
    if (from < PUMA_MAX_PARTIES) z->known = 1u << from;
    return s->protocol->share(s, z, words, from);
}

puma_status session_reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    net        *wire = host_of(s)->config.wire;
    puma_status status;

    if (s->status != PUMA_OK || verify(s) != PUMA_OK) return s->status;
    if (wire) net_allow_reveal(wire, true);
    status = s->protocol->reveal(s, out, x, to);
    if (wire) net_allow_reveal(wire, false);
    return status;
}
