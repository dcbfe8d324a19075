#!/usr/bin/env bash
# board.sh - every seeded security bug must turn the leak test red (a test that no bug has ever turned red counts as absent).
#
# Each line: name, source files, sed expression that plants the bug, check of test_leak that must see it, and what it must say where that is not one of
# the usual two.  The clean plugin must pass the same checks.
digit=2
reason='the views of party [12] differ between secrets|affine relation'
runner() { timeout 120 "${PUMA_BUILDDIR:?}/tests/leak/test_leak" "$1" "$2"; }
# shellcheck source=tests/leak/seeded.sh
. "${PUMA_SRCDIR:?}/tests/leak/seeded.sh"

for check in "one_hot" "share" "product plain" "product narrow" "product exact" "one operand in two products" "trunc narrow" "trunc exact" \
             "less, one digit" "less, two digits" "less, two thresholds" "mux" "and" "answer"; do
    clean "$check"
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
bug "mask of the product used for its result" trunc.c 's/if (status == PUMA_OK) status = rep3_remask(r, z, y);/if (is_dealer(r)) { status = rep3_remask(r, z, y); } else { uint64_t *t = r->base.host->scratch(\&r->base, z->n); status = r->base.host->send(\&r->base, other(r), y, z->n, z->bits, PUMA_ONLINE); if (status == PUMA_OK) status = r->base.host->recv(\&r->base, other(r), t, z->n, z->bits); }/' "product exact"
bug "borrow sent to the peer"               less.c    's/    if (nodes % 2 != 0)$/    if (r->base.role == P1) host->send_bits(\&r->base, P2, less, n, PUMA_ONLINE); if (r->base.role == P2) host->recv_bits(\&r->base, P1, out, n);\n    if (nodes % 2 != 0)/' "less, two digits"
bug "result opened to the parties"          bits.c    's/    status = rep3_remask(r, z, y);/    status = rep3_remask(r, z, y); if (r->base.role == P1) s->host->send(s, P2, z->plane[1], n, z->bits, PUMA_ONLINE); else s->host->recv(s, P1, l, n, z->bits);/' "mux"
bug "the receiver is given c"               "trunc.c io.c" 's/host->ring->shift_right(z->plane\[0\], high, shift, z->n);/host->ring->shift_right(z->plane[0], high, shift, z->n); if (r->base.role == P1) host->send(\&r->base, PUMA_CLIENT, high, z->n, z->bits + shift, PUMA_ONLINE);/; s/                status = recv(r, x, P1, a);/                s->host->recv(s, P1, b, x->n, x->bits == 2 ? 3 : 64); status = recv(r, x, P1, a);/' "answer" 'what the client receives differs'

# more of the same kinds
bug "dealt words padded one bit short"      wire.c    's/host->prg_words(r->stream1, share1, n, bits);/host->prg_words(r->stream1, share1, n, bits); for (size_t i = 0; i < n; i++) share1[i] \&= (1ull << (bits - 1)) - 1;/' "trunc narrow"
bug "one pad for two deals"                 wire.c    's/host->prg_words(r->stream1, share1, n, bits);/host->prg_words(r->stream1, share1, n, bits); if (n == 1) { static uint64_t kept[2]; static int turn[2]; int who = r->base.role == P1; if (turn[who]++ % 2 == 0) kept[who] = share1[0]; else share1[0] = kept[who] \& ((1ull << bits) - 1); }/' "trunc exact"
bug "one pad for two digits"                less.c    's/    host->prg_words(r->stream1, u, n, sent);/    host->prg_words(r->stream1, u, n, sent); { static uint64_t kept[2]; int who = r->base.role == P1; if (at == 0) kept[who] = u[0]; else u[0] = kept[who] \& ((1ull << sent) - 1); }/' "less, two digits"
bug "one pad for all bits of a product"     wire.c    's/^        draw(r, r->stream1, share1, count, n);/        draw(r, r->stream1, share1, count, n); for (size_t v = 1; v < count; v++) memcpy(share1 + v * bit_words(n), share1, bit_words(n) * sizeof *share1);/' "less, two thresholds"
bug "input mask one bit short"              io.c      's/prg_words(stream, to, t->n, t->bits);/prg_words(stream, to, t->n, t->bits - 1);/' "share"
bug "the product of bit mask and value's mask sent plainly" bits.c 's/status = rep3_deal(r, share1, share2, h, parts \* n, z->bits);/status = rep3_deal(r, share1, share2, h, parts * n, z->bits); s->host->send(s, P2, h + (parts - 1) * n, n, z->bits, PUMA_OFFLINE);/; s/    status = rep3_deal(r, share1, NULL, NULL, parts \* n, z->bits);/    status = rep3_deal(r, share1, NULL, NULL, parts * n, z->bits); if (r->base.role == P2) s->host->recv(s, P0, l, n, z->bits);/' "mux"
bug "equality of a digit sent to the peer"  less.c    's/    while (nodes > 1 \&\& status == PUMA_OK) nodes =/    if (r->base.role == P1) host->send_bits(s, P2, equal, n, PUMA_ONLINE); if (r->base.role == P2) host->recv_bits(s, P1, masks, n);\n    while (nodes > 1 \&\& status == PUMA_OK) nodes =/' "less, two digits"
bug "the sign's mask sent to the peer"      less.c    's/    for (size_t t = 0; t < count; t++) {$/    if (r->base.role == P1) host->send_bits(s, P2, masks + count * words, n, PUMA_ONLINE); if (r->base.role == P2) host->recv_bits(s, P1, less, n);\n    for (size_t t = 0; t < count; t++) {/' "less, one digit"
bug "r given to P2"                         trunc.c   's/host->ring->shift_right(high, high, shift, z->n);/host->send(\&r->base, P2, high, z->n, z->bits + shift, PUMA_OFFLINE); host->ring->shift_right(high, high, shift, z->n);/; s/host->ring->shift_right(z->plane\[0\], high, shift, z->n);/host->ring->shift_right(z->plane[0], high, shift, z->n); if (r->base.role == P2) host->recv(\&r->base, P0, high, z->n, z->bits + shift);/' "product narrow"
bug "r >> t given to P1"                    trunc.c   's/status = rep3_deal(r, z->plane\[0\], z->plane\[1\], high, z->n, z->bits);/host->send(\&r->base, P1, high, z->n, z->bits, PUMA_OFFLINE); &/; s/status = rep3_deal(r, z->plane\[1\], NULL, NULL, z->n, z->bits);/if (r->base.role == P1) host->recv(\&r->base, P0, high, z->n, z->bits); &/' "product narrow"
bug "l taken as the mask of an and"         bits.c    's/if (status == PUMA_OK) status = rep3_open_bits(r, NULL, z->plane\[0\], z->plane\[1\], NULL, 1, z->n);/memcpy(z->plane[0], x->plane[0], words * 8); memcpy(z->plane[1], x->plane[1], words * 8);/; s/if (status == PUMA_OK) status = rep3_open_bits(r, z->plane\[0\], z->plane\[1\], NULL, out, 1, z->n);/memcpy(z->plane[1], x->plane[1], words * 8); for (size_t w = 0; w < words; w++) out[w] ^= x->plane[1][w]; s->host->send_bits(s, other(r), out, z->n, PUMA_ONLINE); s->host->recv_bits(s, other(r), z->plane[0], z->n); for (size_t w = 0; w < words; w++) z->plane[0][w] ^= out[w];/' "and"
bug "product of two masks sent to P1"       bits.c    's/        status = rep3_deal_bits(r, share, h, h, count, n);/        r->base.host->send_bits(\&r->base, P1, h, n, PUMA_OFFLINE); &/; s/    status = rep3_deal_bits(r, share, NULL, NULL, count, n);/    if (r->base.role == P1) r->base.host->recv_bits(\&r->base, P0, out, n); &/' "and"
bug "a digit of l sent to P2"               onehot.c  's/    if (is_dealer(r)) host->ring->add(value, x->plane\[0\], x->plane\[1\], n);/    if (is_dealer(r)) { host->ring->add(value, x->plane[0], x->plane[1], n); host->send(s, P2, value, n, 1, PUMA_OFFLINE); } else if (r->base.role == P2) host->recv(s, P0, value, n, 1);/' "one_hot"
bug "the client's second mask sent to P1"   io.c      's/    status = send(r, z, P1, m);/    status = send(r, z, P1, m); if (s_is_client(r)) send(r, z, P1, mask);/; s/^static puma_status share_own(/static bool s_is_client(const struct rep3 *r) { return r->base.role == PUMA_CLIENT; }\n&/; s/        status = recv(r, z, owner, z->plane\[0\]);/        status = recv(r, z, owner, z->plane[0]); if (s->role == P1 \&\& client) { uint64_t *more = s->host->scratch(s, z->words); status = recv(r, z, owner, more); }/' "share"

finish
