/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* frame.c - frames, their queue, their header and its checksums, and whether one is what was expected.
 *
 * Owns the layout of a segment's header.  Called from all of this folder; knows no connection and no lock. */
#include "net/wire.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAGIC 0x414d5550u /* "PUMA" on the wire */

frame *frame_new(frame_type type, void *data, size_t size)
{
    frame *f = calloc(1, sizeof *f);

    if (!f) {
        free(data);
        return NULL;
    }
    f->type = (uint8_t)type;
    f->data = data;
    f->size = f->room = size;
    return f;
}

frame *frame_copy(frame_type type, const void *data, size_t size)
{
    void *copy = malloc(size ? size : 1);

    if (!copy) return NULL;
    if (size) memcpy(copy, data, size);
    return frame_new(type, copy, size);
}

void frame_free(frame *f)
{
    if (!f) return;
    /* Handshake frames carry the contributions that seeds are made of. */
    if (f->type != FRAME_DATA && f->data) OPENSSL_cleanse(f->data, f->room);
    free(f->data);
    free(f);
}

size_t frame_cost(const frame *f) { return sizeof *f + f->size; }

puma_status frame_fits(const net *n, uint32_t from, const frame *f, uint8_t type, size_t longest,
                       puma_error *e)
{
    static const char *const names[] = {
        [FRAME_DATA] = "payload", [FRAME_CONTROL] = "a control message", [FRAME_DONE] = "the end"
    };
    unsigned long long seq = (unsigned long long)f->seq;

    if (f->type != type)
        return error_set(e, 704, "frame %llu from %s: %s, expected %s", seq, net_name(n, from), names[f->type],
                         names[type]);
    if (f->size > longest)
        return error_set(e, 704, "frame %llu from %s: %zu bytes, %s %zu", seq, net_name(n, from), f->size,
                         type == FRAME_DATA ? "expected" : "limit", longest);
    return PUMA_OK;
}

void queue_push(queue *q, frame *f)
{
    f->next = NULL;
    if (q->last)
        q->last->next = f;
    else
        q->first = f;
    q->last = f;
}

frame *queue_pop(queue *q)
{
    frame *f = q->first;

    if (!f) return NULL;
    q->first = f->next;
    if (!q->first) q->last = NULL;
    f->next = NULL;
    return f;
}

void queue_clear(queue *q)
{
    for (frame *f; (f = queue_pop(q)) != NULL;) frame_free(f);
}

#define HEAD_CHECKED 44u /* bytes of a header that stand before its own checksum */

/*  0 magic   4 type   5 phase   6 reserved (2)   8 seq   16 length of the frame   24 offset of this segment
 * 32 depth  36 online depth  40 checksum of the segment  44 checksum of the 44 bytes before; little-endian.
 * The header has a checksum of its own, because it is believed before the segment has come: what it says is
 * how long that is.  A sealed transport needs no checksum of segments: it is 0. */
void frame_head_put(uint8_t out[FRAME_HEAD], const frame_head *h)
{
    memset(out, 0, FRAME_HEAD);
    put32(out, FRAME_MAGIC);
    out[4] = h->type;
    out[5] = h->phase;
    put64(out + 8, h->seq);
    put64(out + 16, h->length);
    put64(out + 24, h->offset);
    put32(out + 32, h->depth);
    put32(out + 36, h->depth_online);
    put32(out + 40, h->crc);
    put32(out + HEAD_CHECKED, frame_crc(0, out, HEAD_CHECKED));
}

bool frame_head_get(frame_head *h, const uint8_t in[FRAME_HEAD])
{
    if (get32(in) != FRAME_MAGIC || in[6] || in[7]) return false;
    if (get32(in + HEAD_CHECKED) != frame_crc(0, in, HEAD_CHECKED)) return false;
    if (in[4] < FRAME_HELLO || in[4] > FRAME_DONE || in[5] > PUMA_ONLINE) return false;
    h->type = in[4];
    h->phase = in[5];
    h->seq = get64(in + 8);
    h->length = get64(in + 16);
    h->offset = get64(in + 24);
    h->depth = get32(in + 32);
    h->depth_online = get32(in + 36);
    h->crc = get32(in + 40);
    return true;
}

/* --- CRC-32C (Castagnoli, reflected 0x82f63b78): eight bytes a step from tables, or by instruction --- */

static uint32_t       crc_table[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;
static uint32_t (*crc_update)(uint32_t crc, const uint8_t *p, size_t n);

static uint32_t crc_tables(uint32_t crc, const uint8_t *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t a = crc ^ get32(p), b = get32(p + 4);

        crc = crc_table[7][a & 255] ^ crc_table[6][a >> 8 & 255] ^ crc_table[5][a >> 16 & 255] ^
              crc_table[4][a >> 24] ^ crc_table[3][b & 255] ^ crc_table[2][b >> 8 & 255] ^
              crc_table[1][b >> 16 & 255] ^ crc_table[0][b >> 24];
    }
    for (; n; p++, n--) crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 255];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const uint8_t *p, size_t n)
{
    uint64_t c = crc;

    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;

        memcpy(&word, p, 8);
        c = __builtin_ia32_crc32di(c, word);
    }
    crc = (uint32_t)c;
    for (; n; p++, n--) crc = __builtin_ia32_crc32qi(crc, *p);
    return crc;
}
#endif

static void crc_prepare(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0x82f63b78u : 0);
        crc_table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            crc_table[t][i] = crc_table[t - 1][i] >> 8 ^ crc_table[0][crc_table[t - 1][i] & 255];
    crc_update = crc_tables;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) crc_update = crc_sse42;
#endif
}

uint32_t frame_crc(uint32_t crc, const void *data, size_t n)
{
    pthread_once(&crc_once, crc_prepare);
    return ~crc_update(~crc, data, n);
}
