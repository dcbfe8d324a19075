#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# board-beaver2.sh - seeded bugs in what beaver2 has of its own: each must turn its check of test_leak red, and for its own reason.
digit=2 backend=beaver2 own=-DMASKED_DEALER
reason='the views of party [012] differ between secrets|affine relation|no mask of its own'
runner() { timeout 120 "${PUMA_BUILDDIR:?}/tests/leak/test_leak" --backend "$1" "$2"; }
# shellcheck source=tests/leak/seeded.sh
. "${PUMA_SRCDIR:?}/tests/leak/seeded.sh"

for check in "share" "and" "product plain" "answer" "opening" "random"; do clean "$check"; done

bug "one seed for both parties"        beaver2.c 's/host->prg_words(own, seed, 4, 64);/for (uint64_t i = 0; i < 4; i++) seed[i] = i;/; s/party == P1 ? "beaver2 lambda 1" : "beaver2 lambda 2"/"beaver2 lambda 1"/' "share"
bug "P1's seed sent to P2 as well"     beaver2.c 's/        status = host->send(&r->base, party, seed, 4, 64, PUMA_OFFLINE);/&\n        if (party == P1) host->send(\&r->base, P2, seed, 4, 64, PUMA_OFFLINE);/; s/^    } else if (r->base.role == party) {/    } else if (r->base.role == P2 \&\& party == P1) {\n        return host->recv(\&r->base, P0, seed, 4, 64);\n&/' "share"
bug "the input itself sent to P2"      beaver2.c 's/        host->ring->sub(half, words, half, z->n);/        host->ring->scale(half, words, 1, z->n);/' "share"
bug "its half padded one bit short"    beaver2.c 's/host->prg_words(r->input1, half, z->n, z->bits);/host->prg_words(r->input1, half, z->n, z->bits - 1);/' "share"
bug "bits sent to P2 as they are"      beaver2.c 's/half\[w\] ^= words\[w\];/half[w] = words[w];/' "and"
bug "P2's half told to P1"             beaver2.c 's/^    return status == PUMA_OK ? masked_remask(r, z, half) : status;/    if (r->base.role == P2) host->send(\&r->base, P1, half, z->n, z->bits, PUMA_ONLINE); else if (r->base.role == P1) { uint64_t *t = host->scratch(\&r->base, z->n); host->recv(\&r->base, P2, t, z->n, z->bits); }\n&/' "share"
bug "P1's half told to P2, bits"       beaver2.c 's/^    return status == PUMA_OK ? masked_open_bits(r, z->plane/    if (r->base.role == P1) host->send_bits(\&r->base, P2, half, z->n, PUMA_ONLINE); else if (r->base.role == P2) { uint64_t *t = host->scratch(\&r->base, z->words); host->recv_bits(\&r->base, P1, t, z->n); }\n&/' "and"
bug "one half for two inputs"          beaver2.c 's/    if (r->input1 != NULL) host->prg_words(r->input1, half, z->n, z->bits);/    static uint64_t kept[4]; static int turn[4]; uint32_t who = r->base.role;\n&\n    if (r->input1 != NULL \&\& z->n == 1) { if (turn[who]++ % 2 == 0) kept[who] = half[0]; else half[0] = kept[who]; }/' "product plain"

both='s/status = host->send(&r->base, party, seed, 4, 64, PUMA_OFFLINE);/&\n        if (party == P2) host->send(\&r->base, P1, seed, 4, 64, PUMA_OFFLINE);/; s/^    } else if (r->base.role == party) {/    } else if (r->base.role == P1 \&\& party == P2) {\n        return host->recv(\&r->base, P0, seed, 4, 64);\n&/'
bug "the dealer sends party 0 both seeds" beaver2.c "$both" "opening" 'words that are no seed of a stream it opens'
bug "party 0 holds both seeds"         beaver2.c "$both" "share" 'the views of party 0 differ between secrets'
bug "the dealer holds a random word's m" io.c      's/puma_prg      \*m = computes ? s->host->prg_pair(s, other(r), "masked random") : NULL;/puma_prg *m = computes || s->role == P0 ? s->host->prg_seed(s, (const uint64_t[4]){ 1 }, "masked random") : NULL;/' "random" 'what node 2 sees goes with the word'

finish
