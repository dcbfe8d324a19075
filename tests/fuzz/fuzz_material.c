/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_material.c - a dealer's material as the dealer takes it: a file as it stands, or one whose hashes are
 * right around a header and a record that are the input's. */
#include "fuzz.h"

#include "plan/plan.h"
#include "run/material.h"

#include <openssl/evp.h>
#include <sys/stat.h>

#define HELLO "run.protocol=beaver2\n"
enum { HEADER = 160, HASH = 32, MOST = 65536 };

static void put(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* A file with these events in each of its records; the input may still change the header's numbers. */
static size_t make_file(uint8_t *file, fuzz_feed *f)
{
    static const uint8_t lengths[8] = { 5 };
    unsigned             count = 1 + fuzz_below(f, 3), used = fuzz_byte(f), change = fuzz_byte(f);
    uint8_t              id[20] = { 7 };
    size_t               size = fuzz_left(f) + HASH, at = HEADER + count;

    if (at + count * size > MOST) return 0;
    memset(file, 0, HEADER + count);
    memcpy(file, "PUMADEAL", 8);
    put(file + 8, 2, 4);
    put(file + 12, count, 4);
    memcpy(file + 16, id, 16);
    FUZZ_CHECK(EVP_Digest(HELLO, strlen(HELLO), file + 32, NULL, EVP_sha256(), NULL) == 1);
    FUZZ_CHECK(EVP_Digest(lengths, sizeof lengths, file + 64, NULL, EVP_sha256(), NULL) == 1);
    put(file + 112, size, 8);
    if (change < 120) file[change] ^= (uint8_t)used;
    FUZZ_CHECK(EVP_Digest(file, 128, file + 128, NULL, EVP_sha256(), NULL) == 1);
    for (unsigned i = 0; i < count; i++) {
        uint8_t       *record = file + at + i * size;
        static uint8_t hashed[MOST + 20];

        file[HEADER + i] = used >> i & 1;
        put(id + 16, i, 4);
        memcpy(hashed, id, 20);
        if (size > HASH) memcpy(record, f->at, size - HASH);
        memcpy(hashed + 20, record, size - HASH);
        FUZZ_CHECK(EVP_Digest(hashed, 20 + size - HASH, record + size - HASH, NULL, EVP_sha256(), NULL) == 1);
    }
    return at + count * size;
}

static void play(material *m)
{
    const size_t   tokens = 5;
    material_event event = { 0 };
    puma_error     e = { 0 }, e_wipe = { 0 };

    fuzz_check_error(material_take(m, &tokens, 1, &e), &e);
    while (e.status == PUMA_OK) {
        fuzz_check_error(material_next(m, &event, &e), &e);
        if (event.kind == MATERIAL_SEND && e.status == PUMA_OK)
            FUZZ_CHECK(event.to < PUMA_NODES && event.payload != NULL);
        free(event.payload);
        if (event.kind == MATERIAL_END) break;
    }
    fuzz_check_error(material_wipe(m, &e_wipe), &e_wipe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[MOST];
    char           path[40];
    runfile        run = { .material = path };
    plan           p = { .run = &run, .hello = (char *)(uintptr_t)HELLO };
    fuzz_feed      f = { data, data + size };
    bool           whole = fuzz_byte(&f) & 1;
    size_t         length;
    puma_error     e = { 0 };
    material      *m = NULL;
    int            fd;

    if (whole && fuzz_left(&f) > MOST) return 0;
    if (whole && fuzz_left(&f) > 0) memcpy(file, f.at, fuzz_left(&f));
    length = whole ? fuzz_left(&f) : make_file(file, &f);
    fd = fuzz_file(file, length);
    FUZZ_CHECK(fchmod(fd, 0600) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    fuzz_check_error(material_open(&m, &p, &e), &e);
    if (e.status == PUMA_OK) play(m);
    material_close(m);
    return 0;
}
