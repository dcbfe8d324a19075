#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# board-additive.sh - seeded bugs in the template: each must turn its check of test_leak red, and for its own reason.
digit=0 backend=additive parts=additive
reason='affine relation|no mask of its own'
runner() { timeout 120 "${PUMA_BUILDDIR:?}/tests/leak/test_leak" --backend "$1" "$2"; }
# shellcheck source=tests/leak/seeded.sh
. "${PUMA_SRCDIR:?}/tests/leak/seeded.sh"

for check in "share" "product plain" "trunc exact" "and" "b2a"; do clean "$check"; done

bug "the input itself sent to party 1" additive.c 's/combine(r, z->kind, half, words, half, z->words, -1);/memcpy(half, words, z->words * sizeof *half);/' "share"
bug "dealt without a pad"              additive.c 's/combine(r, kind, half, v, half, n, -1);/memcpy(half, v, n * sizeof *half);/' "product plain"
bug "one mask for both operands"       additive.c 's/\*b = draw(r, kind, ny)/*b = nx == ny ? a : draw(r, kind, ny)/' "product plain"
bug "an operand opened as it is"       additive.c 's/combine(r, kind, e, x, a, nx, -1);/memcpy(e, x, nx * sizeof *e);/' "product plain"
bug "one half of a mask left out"      additive.c 's/combine(r, kind, f, y, b, ny, -1);/if (r->base.role == 0) memcpy(f, y, ny * sizeof *f); else combine(r, kind, f, y, b, ny, -1);/' "product plain"
bug "opening mask one bit short"       additive.c 's/c\[i\] = y\[i\] + mask\[i\] + /c[i] = y[i] + (mask[i] >> 1) + /' "trunc exact"
bug "the mask's highest bit told"      additive.c 's/^    low = deal(r, PUMA_ARITH, low, n);/    if (deals(r)) r->base.host->send(\&r->base, 1, wrap, n, 64, PUMA_OFFLINE); else if (r->base.role == 1) r->base.host->recv(\&r->base, DEALER, c, n, 64);\n&/' "trunc exact"
bug "bits opened as they are"          additive.c 's/combine(r, PUMA_BIT, m, bit->plane\[0\], t, bit->words, 1);/memcpy(m, bit->plane[0], bit->words * sizeof *m);/' "b2a"
bug "one mask for two ands"            additive.c 's/\*b = draw(r, kind, ny)/*b = kind == PUMA_BIT ? a : draw(r, kind, ny)/' "and"
bug "the last borrow opened"           additive.c 's/^    combine(r, PUMA_BIT, z, borrow, bits, words, 1);/    if (!deals(r)) open_words(r, PUMA_BIT, borrow, words);\n&/' "less, two digits"

finish
