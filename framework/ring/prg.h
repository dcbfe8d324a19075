/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* prg.h - AES-128-CTR key streams through OpenSSL's EVP.
 *
 * host/streams.c owns the streams of a session, run/sample.c the one it draws from.  A key never leaves the prg, and
 * a stream that fails says so by prg_failed: it must not end the process. */
#ifndef RING_PRG_H
#define RING_PRG_H

#include "base/error.h"

#include <puma/host.h>
#include <stdbool.h>

/* Key = HKDF-SHA256(seed, info = purpose); the stream starts at block 0. */
puma_status prg_new(puma_prg **prg, const uint8_t seed[32], const char *purpose, puma_error *e);
void        prg_free(puma_prg *prg);                /* wipes the key */
/* Values narrower than a word take the next 1, 2, 4 or 8 bytes each, whichever is the least that holds
 * `bits`, and keep the low bits: every CPU draws the same. */
void        prg_words(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits);
/* n bits take 8 * ceil(n / 64) bytes of the stream. */
void        prg_bits(puma_prg *prg, uint64_t *words, size_t n);
void        prg_bytes(puma_prg *prg, uint8_t *bytes, size_t n);
/* Has a draw or a seek of any stream in this process failed? Words drawn since may be 0: nothing that they
 * were to mask may be sent, and no choice may rest on them. */
bool        prg_failed(void);
/* Bytes drawn so far; seek for streams that are regenerated panel by panel. */
uint64_t    prg_position(const puma_prg *prg);
void        prg_seek(puma_prg *prg, uint64_t position);

#endif
