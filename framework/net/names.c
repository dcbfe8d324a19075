/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* names.c - the clock of the wire, and what nodes are called: in errors, in certificates and in seeds.
 *
 * Used by every file of this folder; it uses none of them. */
#include "net/transport.h"

#include <time.h>

int64_t net_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t net_now_ms(void) { return net_now_us() / 1000; }

/* The client is number 3 and parties from 3 on follow behind it.  Seeds are derived from these numbers, and
 * when the client got its own a run had three parties at most: a fixed seed shall go on giving the streams
 * that it gave. */
#define CLIENT_NUMBER 3u

uint32_t wire_number(uint32_t node)
{
    if (node == PUMA_CLIENT) return CLIENT_NUMBER;
    return node < CLIENT_NUMBER || node > PUMA_CLIENT ? node : node + 1;
}

uint32_t wire_node(uint32_t number)
{
    if (number == CLIENT_NUMBER) return PUMA_CLIENT;
    if (number >= PUMA_NODES) return PUMA_NODES;
    return number < CLIENT_NUMBER ? number : number - 1;
}

static bool is_dealer(const net *n, uint32_t node)
{
    return n->config.called_dealer && node == n->config.dealer;
}

const char *net_name(const net *n, uint32_t node)
{
    static const char *const names[PUMA_NODES] = { "P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "client" };

    return is_dealer(n, node) ? "dealer" : node < PUMA_NODES ? names[node] : "a stranger";
}

const char *net_title(const net *n, uint32_t node)
{
    static const char *const titles[PUMA_NODES] = { "party 0", "party 1", "party 2", "party 3", "party 4",
                                                    "party 5", "party 6", "party 7", "client" };

    return is_dealer(n, node) ? "dealer" : node < PUMA_NODES ? titles[node] : "a stranger";
}

const char *net_role(const net *n, uint32_t node)
{
    static const char *const roles[PUMA_NODES] = { "party0", "party1", "party2", "party3", "party4",
                                                   "party5", "party6", "party7", "client" };

    return is_dealer(n, node) ? "dealer" : roles[node];
}
