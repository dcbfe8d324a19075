/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ring.c - see ring.h: the choice of kernels. */
#include "ring/ring.h"

#include "ring/kernels.h"

#include <stdlib.h>
#include <string.h>

/* The kernels, best first. */
static const struct choice {
    const char      *name;
    const puma_ring *ring;
} choices[] = {
#if defined(__x86_64__)
    { "avx512ifma", &ring_ifma },
    { "avx512", &ring_avx512 },
    { "avx2", &ring_avx2 },
#endif
    { "portable", &ring_portable },
};

#define CHOICES (sizeof choices / sizeof *choices)

static bool supported(const struct choice *c)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (c->ring == &ring_ifma && !__builtin_cpu_supports("avx512ifma")) return false;
    if (c->ring == &ring_avx512 || c->ring == &ring_ifma)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    if (c->ring == &ring_avx2) return __builtin_cpu_supports("avx2");
#endif
    return c->ring == &ring_portable;
}

static const struct choice *find(const char *name)
{
    for (size_t i = 0; i < CHOICES; i++)
        if (strcmp(choices[i].name, name) == 0 && supported(&choices[i])) return &choices[i];
    return NULL;
}

/* Asked anew each time, so that there is no state to guard: once per session, not per operation. */
static const struct choice *chosen(void)
{
    const char          *name = getenv("PUMA_KERNEL");
    const struct choice *c = name ? find(name) : NULL;

    for (size_t i = 0; !c; i++)
        if (supported(&choices[i])) c = &choices[i];
    return c;
}

const puma_ring *ring_kernels(void) { return chosen()->ring; }

const char *ring_kernel_name(void) { return chosen()->name; }

const puma_ring *ring_kernels_named(const char *name)
{
    const struct choice *c = find(name);

    return c ? c->ring : NULL;
}

size_t ring_mix(const char *name, uint32_t bits, size_t loops)
{
#if defined(__x86_64__)
    const struct choice *c = find(name);

    if (c && c->ring == &ring_avx2) return ring_avx2_mix(bits, loops);
#endif
    (void)name, (void)bits, (void)loops;
    return 0;
}

puma_status ring_check(puma_error *e)
{
    const char *name = getenv("PUMA_KERNEL");

    if (!name || find(name)) return PUMA_OK;
    for (size_t i = 0; i < CHOICES; i++)
        if (strcmp(choices[i].name, name) == 0)
            return error_set(e, 391, "PUMA_KERNEL: this CPU has no %s", name);
    return error_set(
        e, 391, "PUMA_KERNEL: no such kernels (got %s, known: portable, avx2, avx512, avx512ifma)", name);
}
