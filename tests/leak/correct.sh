#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# correct.sh - every seeded arithmetic bug must turn test_vectors red.
#
# Each line: name, source file, sed expression that plants the bug, pattern of the tests of test_vectors that must see it.
digit=4
reason='\[  FAILED  \]'
runner() { timeout 60 "${PUMA_BUILDDIR:?}/tests/leak/test_vectors" "$1" $digit "$2"; }
# shellcheck source=tests/leak/seeded.sh
. "${PUMA_SRCDIR:?}/tests/leak/seeded.sh"

clean '*'

bug "offset missing in a product"           product.c 's/    if (!narrow && r->base.role == P1) ring->offset(c, c, 1ull << (k - 2), z->n);/    (void)ring;/' '*exact_at_the_edges*'
bug "offset missing in a truncation"        trunc.c   's/ring->offset(c, x->plane\[0\], 1ull << (x->bits - 2), x->n);/ring->offset(c, x->plane[0], 0, x->n);/' '*exact_at_the_edges*'
bug "offset not taken back"                 trunc.c   's/0 - (1ull << (k - 2) >> shift)/0/' '*exact_at_the_edges*'
bug "rho term missing"                      trunc.c   's/\* top1\[i\] << keep/* 0 * top1[i] << keep/' '*exact_at_the_edges*'
bug "msb of c not negated"                  trunc.c   's/((c\[i\] >> (k - 1)) ^ 1)/(c[i] >> (k - 1))/' '*exact_at_the_edges*'
bug "rho not scaled"                        trunc.c   's/top1\[i\] << keep/top1[i]/' '*exact_at_the_edges*'
bug "rho dealt one bit short"               trunc.c   's/bits - keep : 0/bits - keep - 1 : 0/' '*exact_at_the_edges*'
bug "rho dealt too wide"                    trunc.c   's/masked_deal(r, top1, top2, h, n, wrap)/masked_deal(r, top1, top2, h, n, bits)/' '*truncations_cost*'
bug "arithmetic shift of c, exact"          trunc.c   's/ring->shift_right(high1, c, shift, n);/for (size_t i = 0; i < n; i++) high1[i] = (uint64_t)((int64_t)(c[i] << (64 - k)) >> (64 - k) >> shift);/' '*exact_at_the_edges*'
bug "arithmetic shift of r, exact"          trunc.c   's/ring->shift_right(h, mask, shift, n);/for (size_t i = 0; i < n; i++) h[i] = (uint64_t)((int64_t)(mask[i] << (64 - k)) >> (64 - k) >> shift);/' '*exact_at_the_edges*'
bug "narrow: r cut before the shift"        trunc.c   's/host->ring->reduce(high, mask, z->bits + shift, z->n);/host->ring->reduce(high, mask, z->bits, z->n);/' '*small_rings*'
bug "narrow: c shifted by one less"         trunc.c   's/host->ring->shift_right(z->plane\[0\], high, shift, z->n);/host->ring->shift_right(z->plane[0], high, shift - (shift > 1), z->n);/' '*small_rings*'
bug "ring reduced before an exact end"      product.c '/^static puma_status sum_up/,$s/: masked_trunc_exact(r, z, c, c, k, shift)/: (ring->reduce(c, c, k - 1, z->n), masked_trunc_exact(r, z, c, c, k - 1, shift))/' '*exact_at_the_edges*'
bug "gamma added"                           product.c 's/ring->sub(c, mask1, c, z->n);/ring->add(c, mask1, c, z->n);/' '*exact_at_the_edges*'
bug "result rounded down one more"          trunc.c   's/        ring->reduce(out, h, bits, n);/        if (r->base.role == P1) ring->offset(h, h, 0 - 1ull, n);\n        ring->reduce(out, h, bits, n);/' '*a_million*'
bug "borrow from the wrong digit"           less.c    's/lo_equal + j \* words, size/lo_equal + (j - 1) * words, size/' '*signs_at*'
bug "equal counted as borrow"               less.c    's/: xor_behind(row, words, digit))/: xor_behind(row, words, digit) ^ bit_at(row, digit))/' '*every_sign*'
bug "borrow of the wrong sign"              less.c    's/bit_at(row, digit) ^ bit_at(row, across)/bit_at(row, (digit + 1) \& (entries - 1)) ^ bit_at(row, (across + 1) \& (entries - 1))/' '*every_sign*'
bug "last entry of a one-hot"               onehot.c  's/rest = r->base.role == P2,/rest = 0,/' '*every_sign*'
bug "threshold added"                       less.c    's/0 - c\[t\], n);/c[t], n);/' '*every_sign*'
bug "m and l cut at different bits"         less.c    's/host->ring->shift_right(window, window, low, n);/host->ring->shift_right(window, window, low + (low > 0 \&\& !is_dealer(r)), n);/' '*every_sign*'
bug "row of a one-hot shifted"              onehot.c  's/(x->plane\[0\]\[i\] - v) \& (entries - 1)/(x->plane[0][i] - v - 1) \& (entries - 1)/' '*one_hot*'
bug "product of the wrong masks"            bits.c    's/and_of(part, mg, all \& ~set, words);/and_of(part, mg, all \& ~(set | (set << 1)), words);/' '*every_sign*'
bug "joint of three without its middle"      less.c    's/((2u << j) - 1) | 1u << (lines + j)/(1u << j) | 1u << (lines + j)/' '*signs_at*'
bug "choice with the wrong sign"            bits.c    's/sign = 1 - 2 \* mb/sign = 1/' '*choices*'
bug "a bit without value counted twice"     bits.c    's/own = first ? mb : 0;/own = mb;/' '*choices*'
bug "streams not advanced between two calls" wire.c   's/host->prg_words(r->stream1, share1, n, bits);/host->prg_words(r->stream1, share1, n, bits); { static uint64_t kept[2][8]; static int turn[2]; int who = r->base.role == P1; if (n == 8) { if (turn[who]++ == 0) memcpy(kept[who], share1, sizeof kept[who]); else memcpy(share1, kept[who], sizeof kept[who]); } }/' '*two_calls*'
bug "a constant added by both"              linear.c  's/ring->offset(z->plane\[0\], x->plane\[0\], c\[0\], z->n);/ring->offset(z->plane[0], x->plane[0], c[0] << (masked_of(s)->base.role == P1), z->n);/' '*shares_open*'
bug "mask of a receiver left out"           io.c      's/if (mine != NULL) draw(r, z, mine, z->plane\[1\]);/(void)mine;/' '*shares_open*'

finish
