/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h: the client adds up what the nodes counted. */
#include "report/report.h"

#include "report/lists.h"

#include <math.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* --- adding up -------------------------------------------------------------------------------- */

static uint64_t larger(uint64_t x, uint64_t y) { return x > y ? x : y; }

/* Parties run the same operations in the same order, so the search begins after the last match. */
static report_layer *find_layer(report *r, const report_layer *like, size_t *next)
{
    for (size_t tried = 0; tried < r->layer_count; tried++) {
        size_t i = (*next + tried) % r->layer_count;

        if (strcmp(r->layers[i].name, like->name) || strcmp(r->layers[i].op, like->op)) continue;
        *next = i + 1;
        return &r->layers[i];
    }
    return NULL;
}

/* A dealer that runs ahead waits where the others have been long ago, for example for the ids of a next
 * token.  Its waiting time, and the jump of its depth afterwards, say nothing about the operation. */
static bool merge_layers(report *r, const report_party *p)
{
    size_t next = 0;

    for (size_t i = 0; i < p->layer_count; i++) {
        const report_layer *one = &p->layers[i];
        report_layer       *sum = find_layer(r, one, &next);

        if (!sum) {
            if (!layers_append(&r->layers, &r->layer_count, one->name, one->op, 0, 0, 0)) return false;
            sum = &r->layers[r->layer_count - 1];
        }
        sum->bytes += one->bytes;
        if (p->ahead) continue;
        sum->rounds = larger(sum->rounds, one->rounds);
        sum->seconds = fmax(sum->seconds, one->seconds);
    }
    return true;
}

/* Checks that every node took the same steps and adds them up.  `reached`: the longest chain so far, over all
 * nodes. */
static puma_status merge_phases(report *r, puma_error *e)
{
    const report_party *first = &r->parties[0];
    uint64_t            depth[PUMA_NODES] = { 0 }, reached = 0;

    for (size_t k = 0; k < r->party_count; k++)
        if (r->parties[k].phase_count != first->phase_count)
            return error_set(e, 750, "a party's report: phases: nodes %u and %u took %zu and %zu steps",
                             first->node, r->parties[k].node, first->phase_count, r->parties[k].phase_count);
    for (size_t i = 0; i < first->phase_count; i++) {
        report_phase sum = { .step = first->phases[i].step, .tokens = first->phases[i].tokens };
        uint64_t     deepest = 0;
        double       client_s = -1;

        for (size_t k = 0; k < r->party_count; k++) {
            const report_phase *one = &r->parties[k].phases[i];
            uint32_t            node = r->parties[k].node;

            if (one->step != sum.step || one->tokens != sum.tokens)
                return error_set(e, 750, "a party's report: phases: nodes %u and %u differ in step %zu",
                                 first->node, node, i);
            depth[node] += one->rounds;
            deepest = larger(deepest, depth[node]);
            sum.seconds = fmax(sum.seconds, one->seconds);
            if (node == PUMA_CLIENT)
                client_s = one->seconds;
            else
                sum.bytes += one->bytes;
        }
        if (client_s >= 0) sum.seconds = client_s;
        sum.rounds = deepest - reached;
        reached = deepest;
        if (!phases_append(&r->phases, &r->phase_count, &sum))
            return error_set(e, 1001, "report: out of memory at %zu phases", i);
    }
    return PUMA_OK;
}

/* SHA-256 over the links' digests, ordered by sender, then receiver, the client last. */
static void merge_digests(report *r)
{
    const report_party *by_node[PUMA_NODES] = { NULL };
    uint8_t             all[PUMA_NODES * PUMA_NODES * 32], hash[SHA256_DIGEST_LENGTH];
    size_t              used = 0;

    for (size_t i = 0; i < r->party_count; i++) {
        if (!r->parties[i].has_digests) return;
        by_node[r->parties[i].node] = &r->parties[i];
    }
    for (size_t from = 0; from < PUMA_NODES; from++)
        for (size_t to = 0; to < PUMA_NODES; to++) {
            if (from == to || !by_node[from] || !by_node[to]) continue;
            memcpy(all + used, by_node[from]->digest[to], 32);
            used += 32;
        }
    if (used == 0) return; /* a party's own report: it knows one end of each link */
    SHA256(all, used, hash);
    hex_of(r->transcript_sha256, hash, sizeof hash);
}

puma_status report_merge(report *r, const report_party *parties, size_t count, puma_error *e)
{
    double client_s = -1, waited = 0;

    r->parties = parties;
    r->party_count = count;
    for (size_t i = 0; i < count; i++) {
        const report_party *p = &parties[i];

        if (p->node >= PUMA_NODES) return error_set(e, 7001, "report: node %u", p->node);
        if (p->node == PUMA_CLIENT) {
            r->client_bytes += p->sent_bytes;
            client_s = p->wall_s;
        } else {
            r->total_bytes += p->sent_bytes;
            r->offline_bytes += p->sent_bytes_offline;
            waited = fmax(waited, p->waited_s);
        }
        r->setup_bytes += p->setup_bytes;
        r->setup_s = fmax(r->setup_s, p->setup_s);
        r->wall_s = fmax(r->wall_s, p->wall_s);
        r->rounds = larger(r->rounds, p->rounds);
        r->online_rounds = larger(r->online_rounds, p->online_rounds);
        if (!merge_layers(r, p))
            return error_set(e, 1001, "report: out of memory at %zu layers", r->layer_count);
    }
    if (client_s >= 0) r->wall_s = client_s;
    r->online_bytes = r->total_bytes - r->offline_bytes;
    r->online_s = fmax(0, r->wall_s - waited);
    if (count > 0) merge_digests(r);
    return count > 0 ? merge_phases(r, e) : PUMA_OK;
}

void report_free(report *r)
{
    free(r->fidelity.layers);
    r->fidelity.layers = NULL;
    layers_free(r->layers, r->layer_count);
    free(r->phases);
    r->layers = NULL;
    r->phases = NULL;
    r->layer_count = r->phase_count = 0;
}
