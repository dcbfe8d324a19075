/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* link.c - see link.h */
#include "plan/link.h"

#include "ini/ini.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Is `text` as a whole a number with one of two units?  Scales it, and checks its bounds. */
static bool quantity(const char *text, const char *const units[2], const double scale[2], double least, double most,
                     double *value)
{
    for (int i = 0; i < 2; i++) {
        size_t size = strlen(text), unit = strlen(units[i]);
        char   number[32];

        if (size <= unit || size - unit >= sizeof number || strcmp(text + size - unit, units[i]) != 0) continue;
        snprintf(number, sizeof number, "%.*s", (int)(size - unit), text);
        if (!ini_real(number, value)) continue;
        *value *= scale[i];
        return *value >= least && *value <= most;
    }
    return false;
}

bool link_read(const char *text, link_speed *link)
{
    static const struct {
        const char *name;
        link_speed  link;
    } names[] = { { "auto", { 0, 0 } }, { "lan", { 5e9, 1e-3 } }, { "wan", { 400e6, 40e-3 } } };
    char   copy[80], *rate = copy, *delay;
    size_t size = strlen(text);

    if (size >= 2 && text[0] == '"' && text[size - 1] == '"') {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof copy) return false;
    snprintf(copy, sizeof copy, "%.*s", (int)size, text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(copy, names[i].name) == 0) {
            *link = names[i].link;
            return true;
        }
    delay = strpbrk(copy, " ,");
    if (delay == NULL) return false;
    *delay++ = '\0';
    delay += strspn(delay, " ");
    return quantity(rate, (const char *const[]){ "mbit", "gbit" }, (const double[]){ 1e6, 1e9 }, 1e3, 1e13,
                    &link->bits_per_s) &&
           quantity(delay, (const char *const[]){ "ms", "us" }, (const double[]){ 1e-3, 1e-6 }, 0, 100,
                    &link->round_trip_s);
}
