#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# board-dpf.sh - seeded bugs in the embedding by distributed point functions: each must turn its check of test_leak_dpf red, and for its own reason.
digit=4
reason='affine relation|differ between secrets'
runner() { timeout 120 "${PUMA_BUILDDIR:?}/tests/leak/test_leak_dpf" "$1" "$2"; }
# shellcheck source=tests/leak/seeded.sh
. "${PUMA_SRCDIR:?}/tests/leak/seeded.sh"
wrong='results: .* expected'

for check in results table keys; do clean "$check"; done

# what must stay hidden
bug "one function for two pairs"            dpf.c      's/dpf_block *\*both\[2\] = { roots\[who\[0\]\] + used\[who\[0\]\], roots\[who\[1\]\] + used\[who\[1\]\] };/dpf_block *both[2] = { roots[0], roots[1] };/' keys
bug "one root for all ids of a pair"        dpf.c      's/    const dpf_block \*const both\[2\] = .*/    for (size_t i = 1; i < e->n; i++) for (int h = 0; h < 2; h++) roots[h][i] = roots[h][0];\n&/; s/in->roots++, key, room/in->roots, key, room/; s/    if (room != NULL) OPENSSL_cleanse(room, 6 /    in->roots += e->n;\n&/' keys
bug "one root for both parts of a pair"     dpf.c      's/used\[who\[[01]\]\] += e->n;/if (p + 1 == e->count) &/; s/status = multiply(r, y, e, &e->parts\[p\], &pairs\[q\], h, &in);/{ & if (p + 1 < e->count) in.roots -= e->n; }/' keys
bug "one seed for all parties"              dpf.c      's/        host->prg_words(own, line\[p\] + 2, 2, 64);/        if (p == 0) host->prg_words(own, line[p] + 2, 2, 64); else { line[p][2] = line[0][2]; line[p][3] = line[0][3]; }/' keys
bug "the seed of zeros"                     dpf.c      's/        host->prg_words(own, line\[p\] + 2, 2, 64);/        line[p][2] = line[p][3] = 0;/' keys
bug "one key of the tree for all calls"     dpf.c      's/    host->prg_words(own, line\[0\], 2, 64);/    line[0][0] = line[0][1] = 1;/' keys
bug "the last correction without its mask"  dpf_keys.c 's/(sign \* (wanted - output(&s\[0\], f, j) + output(&s\[1\], f, j))) & mask/(sign * wanted) \& mask/' keys
bug "seeds corrected by nothing"            dpf_keys.c 's/            key\[2 \* level\] = lost\[0\] | left;/            lost[0] = lost[1] = 0;\n&/' keys
bug "control bits without a mask"           dpf_keys.c 's/left = (c0\[0\].half\[0\] ^ c1\[0\].half\[0\] ^ right_turn ^ 1) & 1;/left = right_turn ^ 1;/' keys
bug "P0 deals its addend without a pad"     dpf.c      's/                host->ring->sub(y, y, dealt, z->n);/                host->ring->scale(dealt, dealt, 0, z->n);/' table
bug "the addend padded one bit short"       dpf.c      's/            host->prg_words(r->stream1, dealt, z->n, z->bits);/&\n            host->ring->reduce(dealt, dealt, z->bits - 1, z->n);/' table
bug "the sum sent to the peer"              dpf.c      's/        if (status == PUMA_OK) status = masked_remask(r, z, y);/        if (s->role == P1) host->send(s, P2, y, z->n, z->bits, PUMA_ONLINE); else if (s->role == P2) host->recv(s, P1, dealt, z->n, z->bits);\n&/' table

# results
bug "no correction of the last level"       dpf_keys.c 's/(output(&node\[i\], f, j) + (add & (0 - (node\[i\].half\[0\] & 1)))) & mask/(output(\&node[i], f, j) + (add \& 0)) \& mask/' results "$wrong"
bug "the domain one row short"              dpf_keys.c 's/v < f->domain; i++/v + 1 < f->domain; i++/' results "$wrong"
bug "the last leaf forgotten"               dpf_keys.c 's/f.blocks = f.width == 0 ? 0 : (domain + f.width - 1) \/ f.width;/f.blocks = domain \/ f.width + (domain < f.width);/' results '\[  FAILED  \] every_id'
bug "ids off by one"                        dpf.c      's/dpf_make(keys, &f, tree, part->ids, n, both, room)/dpf_make(keys, \&f, tree, part->ids + (n > 1), n, both, room)/' results "$wrong"
bug "holders exchanged"                     dpf.c      's/sign = holder == 0 ? q->sign : -q->sign;/sign = holder == 0 ? -q->sign : q->sign;/' results "$wrong"
bug "masks added to the table"              dpf.c      's/{ { P0, P2 }, { 1, 1 }, -1 },/{ { P0, P2 }, { 1, 1 }, 1 },/' results "$wrong"
bug "the other mask's plane"                dpf.c      's/{ { P0, P2 }, { 1, 1 }, -1 },/{ { P0, P2 }, { 0, 1 }, -1 },/' results "$wrong"
bug "the path turned the wrong way"         dpf_keys.c 's/>> (f->depth - 1 - level) & 1;/>> level \& 1;/' results "$wrong"
bug "the second part begins at row 0"       dpf.c      's/ + part->first \* table->dim\[1\];/;/' results "$wrong"

finish
