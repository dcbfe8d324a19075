/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_address.c - "host:port" as a run file takes it and as the wire does: what the first takes the second
 * can cut, and plain TCP never gets an address off the loopback.  No name server is asked. */
#include "fuzz.h"

#include "net/wire.h"
#include "plan/reading.h"

#include <arpa/inet.h>

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                       struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                       struct addrinfo **found);

/* Linked in the place of getaddrinfo. */
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *want,
                       struct addrinfo **found)
{
    struct addrinfo numeric = *want;

    numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
    return __real_getaddrinfo(host, port, &numeric, found);
}

/* The run file's reader of an address. */
static bool taken_by_run_file(char *address, bool *loopback)
{
    puma_error     e = { 0 };
    runfile        r = { 0 };
    struct reading in = { .r = &r, .e = &e };
    ini_entry      entry = { .section = (char *)(uintptr_t) "network",
                             .key = (char *)(uintptr_t) "party0",
                             .value = address };
    bool           taken;

    r.file.path = (char *)(uintptr_t) "run.ini";
    taken = keys_read(&in, &entry);
    FUZZ_CHECK(taken == (e.status == PUMA_OK));
    fuzz_check_error(e.status, &e);
    *loopback = value_is_loopback(address);
    free(r.address[0]);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed        f = { data, data + size };
    bool             passive = fuzz_byte(&f) & 1, loopback, taken;
    char            *text = fuzz_string(&f);
    net              n = { .config = { .transport = NET_TCP } };
    struct addrinfo *found = NULL;
    puma_error       e = { 0 };
    puma_status      status;

    taken = taken_by_run_file(text, &loopback);
    n.address[1] = text;
    status = address_resolve(&n, 1, passive, &found, &e);
    fuzz_check_error(status, &e);
    if (taken) FUZZ_CHECK(e.code != 318);
    if (taken && loopback) FUZZ_CHECK(e.code != 320);
    FUZZ_CHECK((status == PUMA_OK) == (found != NULL));
    if (found) freeaddrinfo(found);
    free(text);
    return 0;
}
