/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* world.h (tests/faults) - a whole run of a tiny model, every node a thread of this process */
#ifndef FAULTS_WORLD_H
#define FAULTS_WORLD_H

#include "input/client.h"
#include "run/node.h"

#define WORLD_IO_MS 500
#define WORLD_CONNECT_MS 1500

/* One at a time: model, run file and certificates are files of a scratch folder. */
typedef struct world {
    client_plan *client;
    uint32_t     parties;
} world;

/* How the nodes of one run ended.  Entry `parties` of the arrays is the client's. */
typedef struct world_end {
    puma_error error[PUMA_NODES];
    double     ended_s[PUMA_NODES]; /* CLOCK_MONOTONIC                       */
    bool       answered;            /* the client has values, and the right ones: */
    bool       right;
} world_end;

double      world_now(void);
/* The plan of a run of this protocol over this transport ("memory", "tcp", "tls").
 * Prints why and ends the program when it cannot. */
void        world_open(world *w, const char *protocol, const char *transport);
void        world_close(world *w);
/* Where its files are. */
const char *world_folder(void);
/* A listening socket on a free port of the loopback, and its address. */
int         world_listen(char *address, size_t room);
/* One run.  The first of a world's becomes what later answers are compared with; it must end well. */
void        world_run(world *w, world_end *end);
/* Node i of the arrays: its number in frames and links. */
uint32_t    world_node(const world *w, uint32_t i);
/* Is this node named in the text: "party 1", "P1", "client", "dealer"? */
bool        world_names(const world *w, const char *text, uint32_t node);
/* "P0", "client". */
const char *world_title(uint32_t node);

#endif
