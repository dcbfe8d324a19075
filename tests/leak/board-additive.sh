#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# board-additive.sh - seeded bugs in the template: each must turn its check of test_leak red, and for its own reason.
digit=2 backend=additive
reason='the views of party [012] differ between secrets|affine relation|no mask of its own'
runner() { timeout 120 "${PUMA_BUILDDIR:?}/tests/leak/test_leak" --backend "$1" "$2"; }
# shellcheck source=tests/leak/seeded.sh
. "${PUMA_SRCDIR:?}/tests/leak/seeded.sh"

for check in "share" "and" "product plain" "product exact" "answer"; do clean "$check"; done

bug "one mask for both factors"       additive.c 's/\*b = draw(r, kind, ny)/*b = a/' "product plain"
bug "the same of bits"                additive.c 's/\*b = draw(r, kind, ny)/*b = a/' "and"
bug "a product dealt as it is"        additive.c 's/    combine(r, kind, half, v, half, n, -1);/    memcpy(half, v, n * sizeof *half);/' "product plain"
bug "the input itself sent"           additive.c 's/    if (s->role == from) combine(r, z->kind, half, words, half, z->words, -1);/    if (s->role == from) memcpy(half, words, z->words * sizeof *half);/' "share"
bug "a factor opened without a mask"  additive.c 's/    combine(r, kind, e, x, a, nx, -1);/    memcpy(e, x, nx * sizeof *e);/' "product plain"
bug "truncation under a short mask"   additive.c 's/c\[i\] = y\[i\] + mask\[i\]/c[i] = y[i] + (mask[i] >> 1)/' "product exact"

finish
