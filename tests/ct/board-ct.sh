#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# board-ct.sh - seeded bugs that show in time alone: each must turn its run of constant-time.sh red, and for its own reason.
digit=4 own=-gdwarf-4
for tool in valgrind objdump addr2line; do command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }; done
if grep -q fsanitize "${PUMA_BUILDDIR:?}/config.log"; then echo "a sanitizer is built in: no valgrind"; exit 77; fi
"$PUMA_BUILDDIR/tests/ct/ct" >/dev/null 2>&1; [ $? -ne 77 ] || { echo "valgrind's headers were not there when ct was built"; exit 77; }
runner() { timeout 120 bash "${PUMA_SRCDIR:?}/tests/ct/constant-time.sh" "$1" "$2"; }
# shellcheck source=tests/leak/seeded.sh
. "$PUMA_SRCDIR/tests/leak/seeded.sh"
outside() { echo "outside of the list: ([^ ]+ )*$1( |\$)"; }

for run in secrets masks opened div; do clean "$run"; done

# A counter that the compiler must keep.
seen='static volatile uint64_t seen[64];'

# at P1 and P2: shares of what is dealt, own masks, results
bug "a branch on the share of a bit"          bits.c     "s/        uint64_t mb = bit_at(ch->bit->plane\[0\], i), sign/        $seen\n        if (t[i] \& 1) seen[0]++;\n&/" secrets "$(outside bits.c:add_choice)"
bug "an index by the share of a truncation"   trunc.c    "s/                h\[i\] += ((c\[i\] >> (k - 1)) ^ 1)/                { $seen seen[high1[i] \& 63]++; }\n            for (size_t i = 0; i < n; i++)\n&/; s/^        if (wrap > 0)\$/        if (wrap > 0) for (size_t i = 0; i < n; i++)/" secrets "$(outside trunc.c:masked_trunc_shares)"
bug "a division by the share of a truncation" trunc.c    's/        ring->neg(h, high1, n);/&\n        for (size_t i = 0; i < n; i++) { static volatile uint64_t rest; rest = h[i] % (high1[i] | 1); }/' div "$(outside trunc.c:masked_trunc_shares)"
bug "a branch on the own mask of a product"   product.c  "s/^    ring->reduce(c, c, k, z->n);/    { $seen if (mask1[0] \& 1) seen[0]++; }\n&/" secrets "$(outside product.c:sum_up)"
bug "entries that are 0 left out of a sum"    table.c    "s/^            LOAD(c0, f->c\[0\] + from + e);/            { $seen if ((hot[e \/ 64] >> e % 64 \& 1) == 0) seen[0]++; }\n&/" secrets "$(outside table.c:sum_entries)"
bug "no carry where there is none"            wire.c     's/            if (at % 64 != 0 \&\& at \/ 64 + 1 < all)/            if (at % 64 != 0 \&\& from[v * words + w] >> (64 - at % 64))/' secrets "$(outside wire.c:join)"
bug "rows of 0 left out of the embedding"     dpf.c      "s/^        g.m = some;/        for (size_t t = 0; t < some * part->rows; t++) { $seen if (rows[t] == 0) seen[0]++; }\n&/" secrets "$(outside dpf.c:multiply)"

# at the client
bug "a branch on the client's words"          io.c       "s/^    memcpy(m, words, z->words \* sizeof \*m);/    for (size_t i = 0; i < z->words; i++) { $seen if (words[i] == 0) seen[0]++; }\n&/" secrets "$(outside io.c:share_own)"
bug "a branch on the path to the id"          dpf_keys.c "s/^            for (int k = 0; k < 2; k++)\$/            { $seen if (right_turn) seen[0]++; }\n&/" secrets "$(outside dpf_keys.c:dpf_make)"
bug "an index by the id"                      dpf_keys.c "s/^        (void)leaf_of(f, points\[i\], \&place);/&\n        { $seen seen[place \& 63]++; }/" secrets "$(outside dpf_keys.c:dpf_make)"
bug "a division of the id"                    dpf_keys.c 's/^    uint64_t leaf = point \* f->inverse >> 32, rest/    uint64_t leaf = point \/ f->width, rest/' div "$(outside dpf_keys.c:'(leaf_of|dpf_make)')"

# masks and opened values where the list does not have them
bug "a branch on P0's masks"                  bits.c     "s/^        ring->mul(tl, t, l, n);/        { $seen if (l[0] \& 1) seen[0]++; }\n&/" masks "$(outside bits.c:multiply_masks)"
bug "a branch on an opened value"             table.c    "s/^        status = masked_deal(r, share1, share2, sh, n, o\[j\].bits);/        { $seen if (!is_dealer(r) \&\& (o[j].c[0] \& 1)) seen[0]++; }\n&/" opened "$(outside table.c:multiply_terms)"
bug "an entry that is not needed"             onehot.c   's/(x->plane\[0\]\[i\] - v) & (entries - 1)/(i - v) \& (entries - 1)/' opened 'an entry is not needed: onehot.c:masked_one_hot'

finish
