/* pack.c - ring words of any width to bytes and back.  Branches depend on sizes only. */
#include "ring/ring.h"

#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE(x) __builtin_bswap64(x)
#define AS_IN_MEMORY(bits) false
#else
#define LITTLE(x) (x)
#define AS_IN_MEMORY(bits) ((bits) == 64)
#endif

static uint64_t load8(const uint8_t *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof x);
    return LITTLE(x);
}

static void store8(uint8_t *p, uint64_t x)
{
    x = LITTLE(x);
    memcpy(p, &x, sizeof x);
}

static uint64_t low_bits(uint32_t bits)
{
    return bits < 64 ? ((uint64_t)1 << bits) - 1 : ~(uint64_t)0;
}

size_t ring_packed_size(size_t n, uint32_t bits)
{
    /* Eight words fill whole bytes; n * bits itself might not fit. */
    return n / 8 * bits + (n % 8 * bits + 7) / 8;
}

/* Words of whole bytes: each is stored with all eight bytes, and the next one overwrites what was too
 * many, up to the last ones, which would reach behind the end. */
static void pack_bytes(uint8_t *bytes, const uint64_t *words, size_t n, size_t width)
{
    size_t i = 0, spill = 8 / width + (8 % width != 0);

    for (; i + spill <= n; i++)
        store8(bytes + i * width, words[i]);
    for (; i < n; i++)
        for (size_t b = 0; b < width; b++)
            bytes[i * width + b] = (uint8_t)(words[i] >> (8 * b));
}

void ring_pack(uint8_t *bytes, const uint64_t *words, size_t n, uint32_t bits)
{
    uint64_t mask = low_bits(bits), open = 0;       /* bits not yet stored: the low `filled` of `open` */
    uint32_t filled = 0;

    if (n == 0) return;
    if (AS_IN_MEMORY(bits)) {
        memcpy(bytes, words, n * sizeof *words);
        return;
    }
    if (bits % 8 == 0) {
        pack_bytes(bytes, words, n, bits / 8);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t w = words[i] & mask;

        open |= w << filled;
        filled += bits;
        if (filled < 64) continue;
        store8(bytes, open);
        bytes += 8;
        filled -= 64;
        open = w >> (bits - filled);    /* bits < 64 here, and filled < bits */
    }
    for (; filled > 0; filled -= filled < 8 ? filled : 8, open >>= 8)
        *bytes++ = (uint8_t)open;
}

void ring_unpack(uint64_t *words, const uint8_t *bytes, size_t n, uint32_t bits)
{
    uint64_t mask = low_bits(bits);
    size_t   size = ring_packed_size(n, bits), byte = 0, i = 0;
    uint32_t bit = 0;                               /* word i begins at bit `bit` (below 8) of byte `byte` */

    if (n == 0) return;
    if (AS_IN_MEMORY(bits)) {
        memcpy(words, bytes, size);
        return;
    }
    /* A word that spans nine bytes has its last bits, 1 to 7 of them, in the ninth. */
    for (; i < n && size - byte > 8; i++) {
        uint64_t w = load8(bytes + byte) >> bit;

        w |= (uint64_t)bytes[byte + 8] << 1 << (63 - bit);
        words[i] = w & mask;
        bit += bits;
        byte += bit / 8;
        bit %= 8;
    }
    for (; i < n; i++) {
        uint8_t rest[16] = { 0 };

        memcpy(rest, bytes + byte, size - byte);
        words[i] = (load8(rest) >> bit | (uint64_t)rest[8] << 1 << (63 - bit)) & mask;
        bit += bits;
        byte += bit / 8;
        bit %= 8;
    }
}
