#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# board-tables.sh - seeded bugs in lookups: security bugs must turn test_leak_tables red, wrong results the conformance suite.
#
# As in board.sh: the sources are copied, the bug planted with sed, the plugin compiled, the check run; the clean plugin must pass the same checks, and
# a security bug must be seen as a leak and not as a run that fails.
set -u
src=${PUMA_SRCDIR:?}/plugins/protocol
test=${PUMA_LEAK_TABLES:-${PUMA_BUILDDIR:?}/tests/leak/test_leak_tables}
conformance=${PUMA_CONFORMANCE:-${PUMA_BUILDDIR:?}/tests/conformance/conformance}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
passed=0 failed=0

compile() { ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -fPIC -shared -I"$PUMA_SRCDIR/include" "$1"/*/*.c -o "$1/rep3.so" -lcrypto -lm; }
good() { echo "ok   $1"; passed=$((passed + 1)); }
bad() { echo "FAIL $1"; failed=$((failed + 1)); }

plant() { # name file expression
    dir="$work/bug"
    rm -rf "$dir"; mkdir "$dir"; cp -r "$src/masked" "$src/rep3" "$dir"
    file=$(cd "$dir" && printf '%s' */"$2")
    sed -i "$3" "$dir/$file"
    if cmp -s "$src/$file" "$dir/$file"; then bad "$1: the bug could not be planted"; return 1; fi
    if ! compile "$dir" 2>"$dir/log"; then bad "$1: does not compile"; cat "$dir/log"; return 1; fi
}

leak() { # name file expression check
    plant "$1" "$2" "$3" || return
    if timeout 200 "$test" "$dir/rep3.so" "$4" >"$dir/log" 2>&1; then bad "$1: not seen by \"$4\""
    elif ! grep -qE 'differ between secrets|affine relation|no mask of its own' "$dir/log"; then
        bad "$1: ended for another reason than a leak"; tail -8 "$dir/log"
    else good "$1: seen by \"$4\""; fi
}

wrong() { # name file expression case [group]
    plant "$1" "$2" "$3" || return
    if "$conformance" --backend "$dir/rep3.so" --only "${5:-table}" >"$dir/log" 2>&1; then bad "$1: the results pass"
    elif ! grep -qE "^FAILED ${5:-table}: .*$4.*expected" "$dir/log"; then bad "$1: ended for another reason than a wrong result"; tail -8 "$dir/log"
    else good "$1: wrong results"; fi
}

mkdir "$work/clean"; cp -r "$src/masked" "$src/rep3" "$work/clean"
compile "$work/clean" || exit 99
for check in "table, 2 entries" "two tables" "gate, frac 16" "exp2, 8 entries" "maximum" "maximum, ring 3"; do
    if timeout 200 "$test" "$work/clean/rep3.so" "$check" >"$work/clean/log" 2>&1; then good "clean: \"$check\""
    else bad "clean: \"$check\""; tail -5 "$work/clean/log"; fi
done
for group in table maximum; do
    if "$conformance" --backend "$work/clean/rep3.so" --only "$group" >"$work/clean/log" 2>&1; then good "clean: results of $group"
    else bad "clean: results of $group"; tail -5 "$work/clean/log"; fi
done

# security: the plants send what must stay hidden, or weaken a mask
one_hot='    status = masked_deal_bits(r, hot, h, h, n, last);'
leak "sign forced to +1" onehot.c \
    "s/^$one_hot\$/$one_hot if (is_dealer(r)) { for (size_t i = 0; i < n; i++) hot[i * words + (value[i] >> shift \& last) \/ 64] |= 1ull << (value[i] >> shift \& last) % 64; r->base.host->send(\&r->base, P1, hot, n * words, 64, PUMA_OFFLINE); } else if (r->base.role == P1) r->base.host->recv(\&r->base, P0, hot, n * words, 64);/" "two tables"
leak "one-hot without pad" onehot.c \
    "s/^$one_hot\$/$one_hot if (is_dealer(r)) { for (size_t i = 0; i < n * words; i++) h[i] ^= hot[i]; r->base.host->send(\&r->base, P2, h, n * words, 64, PUMA_OFFLINE); } else if (r->base.role == P2) r->base.host->recv(\&r->base, P0, h, n * words, 64);/" "two tables"
leak "sign sent" table.c \
    's/^\( *k->sign\[i\] = 2 \* bit_at(k->hot .*\)$/\1 if (is_dealer(r)) host->send(\&r->base, P2, k->sign, k->n, 2, PUMA_OFFLINE); else if (r->base.role == P2) host->recv(\&r->base, P0, k->sign, k->n, 2);/' "exp2, 8 entries"
leak "V under a mask one bit short" wire.c \
    's/^\( *host->prg_words(is_dealer(r) ? r->stream1.*\)$/\1 host->ring->reduce(o[j].mask1, o[j].mask1, o[j].bits - 1, o[j].n);/' "exp2, 8 entries"
leak "one mask for two tables" wire.c \
    's/^\( *host->prg_words(is_dealer(r) ? r->stream1.*\)$/\1 if (j > 0) host->ring->reduce(o[j].mask1, o[0].mask1, o[j].bits, o[j].n);/' "two tables"
deal='masked_deal(r, share1, share2, sh, n, o\[j\].bits);'
leak "factor times sign dealt without pad" table.c \
    "s/^\\( *status = $deal\\)\$/\\1 if (is_dealer(r)) host->send(\\&r->base, P2, sh, n, o[j].bits, PUMA_OFFLINE); else if (r->base.role == P2) host->recv(\\&r->base, P0, share2, n, o[j].bits);/" "two tables"
leak "the factor sent plainly" table.c \
    "s/^\\( *status = $deal\\)\$/\\1 if (is_dealer(r)) host->send(\\&r->base, P2, terms[j].h, n, o[j].bits, PUMA_OFFLINE); else if (r->base.role == P2) host->recv(\\&r->base, P0, share2, n, o[j].bits);/" "two tables"
leak "gated one-hot under the one-hot's pad" table.c \
    's/^    status = masked_deal_bits(r, w, h, h, n, k->entries);$/    memcpy(w, k->hot, n * k->words * sizeof *w); if (is_dealer(r)) { for (size_t i = 0; i < n * k->words; i++) h[i] ^= w[i]; status = host->send(\&r->base, P2, h, n * k->words, 64, PUMA_OFFLINE); } else if (r->base.role == P2) status = host->recv(\&r->base, P0, w, n * k->words, 64);/' "gate, frac 16"
leak "gate bits opened without a mask" table.c \
    's/^\( *\)if (status == PUMA_OK) status = masked_open_bits(r, m, mask1, NULL, out, 2, n);$/\1if (r->base.role == P1) host->send_bits(\&r->base, P2, out, n, PUMA_ONLINE); else host->recv_bits(\&r->base, P1, y, n);\n&/' "gate, frac 16"
leak "maximum: bits opened under one mask" maximum.c \
    's/^\( *\)status = masked_open_bits(r, bits, mask1, NULL, bits, BITS, n);$/\1for (size_t j = 1; j < BITS; j++) for (size_t w = 0; w < words; w++) bits[j * words + w] ^= bits[w]; if (r->base.role == P1) host->send_bits(\&r->base, P2, bits + words, n, PUMA_ONLINE); else host->recv_bits(\&r->base, P1, mask2, n);\n&/' "maximum"
leak "maximum: a factor sent plainly" maximum.c \
    's/^    return masked_deal(r, share1, share2, h, 2 \* FACTORS \* n, k);$/    host->send(\&r->base, P2, h, n, k, PUMA_OFFLINE);\n&/; s/^\( *\)if (status == PUMA_OK) status = masked_deal(r, factors, NULL, NULL,/\1if (r->base.role == P2) host->recv(\&r->base, P0, out, n, k);\n&/' "maximum"
leak "maximum: one mask for all long vectors of bits" wire.c \
    's/draw(r, \(r->stream[12]\|own_stream(r)\), \(mask[12]\), count, n);/draw(r, \1, \2, n > 64 ? 1 : count, n);\n        for (size_t v = 1; v < count \&\& n > 64; v++) memcpy(\2 + v * bit_words(n), \2, bit_words(n) * sizeof *\2);/' "maximum, ring 3"
leak "maximum: one-hots under one pad" maximum.c \
    's/^\( *\)if (status == PUMA_OK) status = masked_deal_one_hots(r, high, d, b, k - b, n);$/\1if (is_dealer(r)) { for (size_t i = 0; i < n; i++) high[i] = low[i] ^ 1ull << (d[i] >> b); host->send(\&r->base, P2, high, n, 32, PUMA_OFFLINE); } else if (r->base.role == P2) host->recv(\&r->base, P0, high, n, 32);\n&/' "maximum"

# results
wrong "borrow of the wrong digit" table.c 's/moved\[i\] >> k->unit & last, here/moved[i] >> (k->unit + 1) \& last, here/' "buckets"
wrong "no borrow" table.c 's/borrow\[j\] = xor_behind/borrow[j] = 0 \& xor_behind/' "buckets"
wrong "the side taken from x, not from its bucket" table.c 's/\*here = known_part(r, x, 0, window);/*here = known_part(r, x, k->unit > 0 ? 1ull << (k->unit - 1) : 0, window);/' "64 buckets"
wrong "index window shorter than the operand's" table.c 's/status = lookup_new(r, &k, x, 0, unit, x->bits - unit);/status = lookup_new(r, \&k, x, 0, unit, x->bits - unit - 1);/' "fraction bits"
wrong "tables rounded differently by P1 and P2" table.c 's/(uint64_t)shifted(t->c\[1\]\[d\], slope_keep)/(uint64_t)(k->flip + shifted(t->c[1][d], slope_keep))/; s/^    uint64_t \*sign;.*/&\n    int64_t flip;/; s/^    k->words = bit_words(k->entries);/&\n    k->flip = r->base.role == P2;/' "64 buckets"
wrong "sign taken as +1" table.c 's/k->sign\[i\] = 2 \* bit_at(k->hot + i \* k->words, k->index\[i\]) - 1;/k->sign[i] = 1;/' "mantissa"
wrong "sign of a gated one-hot from the ungated half" table.c 's/(dealt ^ ((b ^ 1) & bit_at(k->hot + i \* k->words, k->index\[i\])))/(bit_at(k->hot + i * k->words, k->index[i]) ^ (0 \& b \& dealt))/' "64 buckets"
wrong "maximum: borrow the wrong way round" maximum.c 's/low\[i\] & ~1ull << m_low/low[i] \& ((1ull << m_low) - 1)/' "softmax's ring" maximum
wrong "maximum: no borrow" maximum.c 's/(top + borrow \* equal) \*/top */' "softmax's ring" maximum
wrong "maximum: product of masks left out" maximum.c 's/h\[3 \* n + i\] = t\[1\] & t\[2\];/h[3 * n + i] = 0;/' "softmax's ring" maximum

# polynomials good on [0, w) alone: the table of the plugin, and what test_approx says of it
approx=${PUMA_TEST_APPROX:-$PUMA_BUILDDIR/tests/approx/test_approx}
plugins=${PUMA_PLUGINS:-$PUMA_BUILDDIR/.libs}
half="$work/half"
mkdir "$half"; cp "$PUMA_SRCDIR"/plugins/approx/precise/*.[ch] "$PUMA_SRCDIR"/plugins/approx/precise/tables.py "$half"
mkdir "$half/plugins"
for p in plain rep3 puma exact; do cp "$plugins/$p.so" "$half/plugins/"; done
if ! sed -i 's/nodes = \[w \* math.cos(math.pi \* (2 \* k + 1) \/ 6)/nodes = [w \/ 2 + w \/ 2 * math.cos(math.pi * (2 * k + 1) \/ 6)/' "$half/tables.py" \
    || cmp -s "$half/tables.py" "$PUMA_SRCDIR/plugins/approx/precise/tables.py"; then bad "polynomials on [0, w): the bug could not be planted"
elif ! python3 "$half/tables.py" >"$half/tables.c" 2>"$half/log" \
    || ! ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -fPIC -shared -I"$PUMA_SRCDIR/include" "$half"/*.c -o "$half/plugins/precise.so" -lm 2>>"$half/log"; then
    bad "polynomials on [0, w): does not compile"; cat "$half/log"
elif "$approx" rep3 "$half/plugins" >"$half/log" 2>&1; then bad "polynomials on [0, w): the errors pass"
elif ! grep -qE 'gelu: error .* exceeds' "$half/log"; then bad "polynomials on [0, w): ended for another reason"; tail -8 "$half/log"
else good "polynomials good on [0, w) alone: error exceeded"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
