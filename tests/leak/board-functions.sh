#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# board-functions.sh - seeded bugs in what follows on what: each must turn its check of test_leak_functions red, and for its own reason.
#
# A mask that one operation uses again after another kind of operation is seen by no test of single operations: "apart" runs these first, and they
# must pass.
digit=4
reason='affine relation|no mask of its own'
tests=${PUMA_BUILDDIR:?}/tests/leak
functions() { timeout 200 "$tests/test_leak_functions" "$1" "$PUMA_BUILDDIR/.libs/precise.so" "$2"; }
apart() { # plugin
    local check
    for check in "product narrow" "product exact" "product of a product" "one operand in two products" "choices" "random choice"; do
        timeout 200 "$tests/test_leak" --backend "$1" "$check" >/dev/null 2>&1 || return
    done
    for check in "two tables" "exp2, 8 entries"; do timeout 200 "$tests/test_leak_tables" "$1" "$check" >/dev/null 2>&1 || return; done
}
runner() { # plugin check, or apart: check
    case $2 in
    apart:*) apart "$1" || { echo "seen by a single operation as well"; return 1; } ;;
    esac
    functions "$1" "${2#apart: }"
}
# shellcheck source=tests/leak/seeded.sh
. "${PUMA_SRCDIR:?}/tests/leak/seeded.sh"

for check in "softmax, 5" "layernorm, 6" "gelu, 3" "verdict"; do clean "$check"; done

# The masks that the first opening drew are kept, and the second takes them in place of its own.
take='s/^puma_status masked_open_many(/uint64_t planted[3][64]; int planting, was_planted[3];\n\n&/; s/^        if (is_dealer(r)) host->prg_words(r->stream2.*$/&\n        if (planting \&\& was_planted[r->base.role]) for (size_t i = 0; i < o[j].n \&\& i < 64; i++) o[j].mask1[i] = planted[r->base.role][i] \& (~0ull >> (64 - o[j].bits));/; s/^    if (is_dealer(r)) return r->base.status;$/    planting = 0;\n&/'
keep='{ extern uint64_t planted[3][64]; extern int was_planted[3]; if (!is_dealer(r)) { was_planted[r->base.role] = 1; for (size_t i = 0; i < COUNT \&\& i < 64; i++) planted[r->base.role][i] = mask1[i]; } }'
after_table="s/^        status = masked_open(r, y, mask1, mask2, y, n, k);/&\\n        ${keep/COUNT/n}/"
into_product='s/^        status = masked_open(r, c, mask1, NULL, c, z->n, k);/        { extern int planting; planting = 1; }\n&/'
after_product="s/^        status = masked_open(r, c, mask1, NULL, c, z->n, k);/&\\n        ${keep/COUNT/z->n}/"
into_choice='s/^    status = masked_remask(r, z, y);/    { extern int planting; planting = 1; }\n&/'

bug "a table's masks used again by a product, softmax"  "wire.c table.c product.c" "$take; $after_table; $into_product" "apart: softmax, 5"
bug "a table's masks used again by a product, norm"     "wire.c table.c product.c" "$take; $after_table; $into_product" "apart: layernorm, 6"
bug "a sum of squares' masks used again by the verdict" "wire.c product.c bits.c"  "$take; $after_product; $into_choice" "apart: verdict"
bug "random words of the verdict chosen without pad"    wire.c  's/host->ring->sub(share2, h, share1, n);/host->ring->scale(share2, h, 1, n);/' "verdict"
bug "gate bits opened without a mask"                   table.c 's/^\( *\)if (status == PUMA_OK) status = masked_open_bits(r, m, mask1, NULL, out, 2, n);$/\1if (r->base.role == P1) host->send_bits(\&r->base, P2, out, n, PUMA_ONLINE); else host->recv_bits(\&r->base, P1, y, n);\n&/' "gelu, 3"

finish
