#!/usr/bin/env bash
# board.sh - every seeded security bug must turn the leak test red (a test that no bug has ever turned red counts as absent).
#
# Each line: name, source file, sed expression that plants the bug, check of test_leak that must see it.  The sources are copied, the bug
# planted, the plugin compiled, the check run.  The clean plugin must pass the same checks.
set -u
src=${PUMA_SRCDIR:?}/plugins/protocol/rep3
test=${PUMA_BUILDDIR:?}/tests/leak/test_leak
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

compile() { ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -fPIC -shared -DREP3_DIGIT=2 -I"$PUMA_SRCDIR/include" "$1"/*.c -o "$1/rep3.so"; }

bug() { # name files expression check
    local dir="$work/bug"
    rm -rf "$dir"; mkdir "$dir"; cp "$src"/*.[ch] "$dir"
    local file same=
    for file in $2; do
        sed -i "$3" "$dir/$file"
        if cmp -s "$src/$file" "$dir/$file"; then same=$file; fi
    done
    if [ -n "$same" ]; then echo "FAIL $1: the bug could not be planted"; failed=$((failed + 1)); return; fi
    if ! compile "$dir" 2>"$dir/log"; then echo "FAIL $1: does not compile"; cat "$dir/log"; failed=$((failed + 1)); return; fi
    if timeout 120 "$test" "$dir/rep3.so" "$4" >"$dir/log" 2>&1; then
        echo "FAIL $1: not seen by \"$4\""; failed=$((failed + 1))
    elif ! grep -qE 'differs? between secrets|affine relation' "$dir/log"; then
        echo "FAIL $1: ended for another reason than a leak"; tail -8 "$dir/log"; failed=$((failed + 1))
    else
        echo "ok   $1: seen by \"$4\""; passed=$((passed + 1))
    fi
}

mkdir "$work/clean"; cp "$src"/*.[ch] "$work/clean"
compile "$work/clean" || exit 99
for check in "share" "product plain" "product narrow" "product exact" "less, two digits" "mux" "and" "answer" "one_hot"; do
    if timeout 200 "$test" "$work/clean/rep3.so" "$check" >"$work/clean/log" 2>&1; then
        echo "ok   clean: \"$check\""; passed=$((passed + 1))
    else
        echo "FAIL clean: \"$check\""; tail -5 "$work/clean/log"; failed=$((failed + 1))
    fi
done

# Open and Deal
bug "words opened without a mask"           wire.c    's/ring->add(sent, y, mask1, n);/ring->scale(sent, y, 1, n);/' "product narrow"
bug "opening mask one bit short"            wire.c    's/host->prg_words(own_stream(r), mask1, n, bits);/host->prg_words(own_stream(r), mask1, n, bits); host->ring->reduce(mask1, mask1, bits - 1, n);/' "product narrow"
bug "opening mask below half of the ring"   wire.c    's/host->prg_words(own_stream(r), mask1, n, bits);/host->prg_words(own_stream(r), mask1, n, bits); for (size_t i = 0; i < n; i++) mask1[i] \&= (1ull << (bits - 1)) - 1;/' "product exact"
bug "bits opened without a mask"            wire.c    's/sent\[w\] = y\[w\] ^ mask1\[w\];/sent[w] = y[w];/' "less, two digits"
bug "dealt words without pad"               wire.c    's/host->ring->sub(share2, h, share1, n);/host->ring->scale(share2, h, 1, n);/' "mux"
bug "dealt bits without pad"                wire.c    's/share2\[w\] = h\[w\] ^ share1\[w\];/share2[w] = h[w];/' "and"
bug "one-hot without pad"                   less.c    's/u\[i\] ^= (1ull/u[i] = (1ull/' "less, two digits"
bug "one-hot row without pad"               onehot.c  's/status = rep3_deal_bits(r, u, h, h, n, entries);/status = rep3_deal_bits(r, u, h, h, n, entries); if (status == PUMA_OK) status = r->base.host->send_bits(\&r->base, P2, u, n * entries, PUMA_OFFLINE);/; s/status = rep3_deal_bits(r, u, NULL, NULL, n, entries);/status = rep3_deal_bits(r, u, NULL, NULL, n, entries); if (r->base.role == P2) { uint64_t more[64]; status = r->base.host->recv_bits(\&r->base, P0, more, n * entries); }/' "one_hot"
# streams
bug "masks of zero"                         wire.c    's/host->prg_words(own_stream(r), mask1, n, bits);/host->prg_words(own_stream(r), mask1, n, bits); host->ring->scale(mask1, mask1, 0, n);/' "product plain"
bug "one mask for two openings"             wire.c    's/host->prg_words(own_stream(r), mask1, n, bits);/{ static uint64_t kept[2]; static int turn[2]; uint64_t *k = \&kept[r->base.role - 1]; host->prg_words(own_stream(r), mask1, n, bits); if (n == 1) { if (turn[r->base.role - 1]++ % 2 == 0) *k = mask1[0]; else mask1[0] = *k; } }/' "one operand in two products"
bug "input mask left out for P2"            io.c      '0,/draw(r, z, first, mask);/s//draw(r, z, first, mask); memset(mask, 0, z->words * sizeof *mask);/' "share"
bug "one input mask for both parties"       rep3.c    's/r->input2 = host->prg_seed(&r->base, seed2, "rep3 input 2");/r->input2 = host->prg_seed(\&r->base, seed2, "rep3 input 1");/' "share"
# what must stay hidden
bug "gamma given to P2"                     product.c 's/ring->sub(c, mask1, c, z->n);                       \/\* r = r1 + r2 - g \*\//s->host->send(s, P2, c, z->n, k, PUMA_OFFLINE); ring->sub(c, mask1, c, z->n);/; s/        status = rep3_open(r, c, mask1, NULL, c, z->n, k);/        if (r->base.role == P2) s->host->recv(s, P0, mask2, z->n, k);\n        status = rep3_open(r, c, mask1, NULL, c, z->n, k);/' "product narrow"
bug "wrap bit published"                    trunc.c   's/if (is_dealer(r)) ring->shift_right(h, mask, k - 1, n);/if (is_dealer(r)) { ring->shift_right(h, mask, k - 1, n); host->send(\&r->base, P2, h, n, 1, PUMA_OFFLINE); } else if (r->base.role == P2) host->recv(\&r->base, P0, h, n, 1);/' "product exact"
bug "mask of the product used for its result" trunc.c 's/status = rep3_remask(r, z, h);/if (is_dealer(r)) { status = rep3_remask(r, z, h); } else { uint64_t *t = host->scratch(\&r->base, n); status = host->send(\&r->base, other(r), h, n, z->bits, PUMA_ONLINE); if (status == PUMA_OK) status = host->recv(\&r->base, other(r), t, n, z->bits); }/' "product exact"
bug "borrow sent to the peer"               less.c    's/    if (nodes % 2 != 0)$/    if (r->base.role == P1) host->send_bits(\&r->base, P2, less, n, PUMA_ONLINE); if (r->base.role == P2) host->recv_bits(\&r->base, P1, out, n);\n    if (nodes % 2 != 0)/' "less, two digits"
bug "result opened to the parties"          bits.c    's/    status = rep3_remask(r, z, y);/    status = rep3_remask(r, z, y); if (r->base.role == P1) s->host->send(s, P2, z->plane[1], n, z->bits, PUMA_ONLINE); else s->host->recv(s, P1, l, n, z->bits);/' "mux"
bug "the receiver is given c"               "trunc.c io.c" 's/host->ring->shift_right(z->plane\[0\], high, shift, z->n);/host->ring->shift_right(z->plane[0], high, shift, z->n); if (r->base.role == P1) host->send(\&r->base, PUMA_CLIENT, high, z->n, z->bits + shift, PUMA_ONLINE);/; s/                status = recv(r, x, P1, a);/                s->host->recv(s, P1, b, x->n, x->bits == 2 ? 3 : 64); status = recv(r, x, P1, a);/' "answer"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
