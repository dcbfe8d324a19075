/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* link.h - how fast a link is, as people write it: "400mbit 40ms".  values.c reads it from a run file, cli/
 * from an option; run/ predicts with it. */
#ifndef PLAN_LINK_H
#define PLAN_LINK_H

#include <stdbool.h>

typedef struct link_speed {
    double bits_per_s, round_trip_s; /* bits_per_s 0: unknown, no prediction */
} link_speed;

/* Reads lan (5 Gbit/s, 1 ms), wan (400 Mbit/s, 40 ms), auto (unknown), or a rate in mbit or gbit and a round
 * trip in ms or us, with a blank or a comma in between.  Quotes around the value are ignored. */
bool link_read(const char *text, link_speed *link);

#endif
