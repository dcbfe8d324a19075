/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* transport.c - see transport.h
 *
 * A frame is taken whole before its first byte has left, and what replaces it is sent at once: tests use
 * small frames, which fit into a socket.  The state of a link belongs to whoever holds the sender's baton. */
#include "transport.h"

#include "net/transport.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MOST 4u      /* faults that are armed at once                   */
#define RECORD 5u    /* bytes of a TLS record's header                  */
#define CUT 8u       /* bytes that a truncated message lacks, or an extended one has too many */
#define PATIENCE 200 /* ms that a full socket is waited for             */

const char *const FAULT_NAMES[FAULT_KINDS] = { "drop",  "duplicate",  "swap",   "truncate", "extend",
                                               "flip",  "header",     "length", "sequence", "type",
                                               "close", "half-close", "stop",   "forge" };

typedef struct bytes {
    uint8_t *data;
    size_t   size;
} bytes;

typedef struct link_state {
    atomic_ullong messages;
    bool          stopped;
    bytes         held;  /* of FAULT_SWAP: waits for the next message  */
    bytes         older; /* of FAULT_SEQUENCE on records: the one before */
} link_state;

static link_state     links[PUMA_NODES][PUMA_NODES];
static _Atomic(net *) owners[PUMA_NODES];
static const fault   *armed;
static size_t         armed_count;
static atomic_bool    struck[MOST];
static _Atomic double struck_at[MOST];

static void bytes_free(bytes *b)
{
    free(b->data);
    *b = (bytes){ 0 };
}

static bytes bytes_copy(const void *data, size_t size, size_t room)
{
    bytes b = { .data = calloc(1, room + 1), .size = size };

    if (b.data == NULL) abort();
    if (size > 0) memcpy(b.data, data, size);
    return b;
}

void fault_arm(const fault *list, size_t count)
{
    if (count > MOST) abort();
    armed = list;
    armed_count = count;
    for (size_t i = 0; i < MOST; i++) atomic_store(&struck[i], false);
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        atomic_store(&owners[i], NULL);
        for (uint32_t k = 0; k < PUMA_NODES; k++) {
            bytes_free(&links[i][k].held);
            bytes_free(&links[i][k].older);
            atomic_store(&links[i][k].messages, 0);
            links[i][k].stopped = false;
        }
    }
}

bool fault_struck(size_t i, double *at_s)
{
    if (!atomic_load(&struck[i])) return false;
    if (at_s != NULL) *at_s = atomic_load(&struck_at[i]);
    return true;
}

uint64_t fault_messages(uint32_t from, uint32_t to) { return atomic_load(&links[from][to].messages); }

/* --- what goes out ------------------------------------------------------------------------------ */

void fault_seal(uint8_t out[FRAME_HEAD], const frame_head *head, const void *payload, size_t size,
                bool sealed)
{
    frame_head whole = *head;

    whole.crc = sealed || size == 0 ? 0 : frame_crc(0, payload, size);
    frame_head_put(out, &whole);
}

static bool wait_room(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };

    return poll(&p, 1, PATIENCE) == 1;
}

static bool send_raw(const conn *c, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t k = send(c->fd, data, size, MSG_NOSIGNAL);

        if (k < 0 && (errno == EINTR || (errno == EAGAIN && wait_room(c->fd)))) continue;
        if (k < 0) return false;
        data += k;
        size -= (size_t)k;
    }
    return true;
}

/* The bytes of a frame, or with `records` those that TLS has made of it. */
static bool emit(const conn *c, bool records, const bytes *b)
{
    size_t done = 0, put;

    if (c->ssl == NULL || records) return send_raw(c, b->data, b->size);
    while (done < b->size) {
        ERR_clear_error();
        if (SSL_write_ex(c->ssl, b->data + done, b->size - done, &put) == 1)
            done += put;
        else if (SSL_get_error(c->ssl, 0) != SSL_ERROR_WANT_WRITE || !wait_room(c->fd))
            return false;
    }
    return true;
}

static bytes take_frame(const conn *c)
{
    bytes b = bytes_copy(c->tx_head, FRAME_HEAD, FRAME_HEAD + c->tx_segment + CUT);

    if (c->tx_segment > 0) memcpy(b.data + FRAME_HEAD, c->tx->data + c->tx_offset, c->tx_segment);
    b.size = FRAME_HEAD + c->tx_segment;
    return b;
}

/* What TLS makes of the frame that is to go out: it writes into memory for once. */
static bool take_records(const transport *real, conn *c, bytes *b)
{
    BIO   *memory = BIO_new(BIO_s_mem()), *socket = SSL_get_wbio(c->ssl);
    size_t sent = c->tx_sent, total = FRAME_HEAD + c->tx_segment;
    char  *data;
    long   size;
    bool   whole;

    if (memory == NULL || BIO_up_ref(socket) != 1) abort();
    SSL_set0_wbio(c->ssl, memory);
    while (c->tx_sent < total) {
        ssize_t k = real->write(c);

        if (k <= 0) break; /* memory is never full, but this end of TLS may have failed */
        c->tx_sent += (size_t)k;
    }
    whole = c->tx_sent == total;
    c->tx_sent = sent;
    size = BIO_get_mem_data(memory, &data);
    *b = bytes_copy(data, (size_t)size, (size_t)size + CUT);
    SSL_set0_wbio(c->ssl, socket);
    if (!whole) bytes_free(b);
    return whole;
}

/* --- the faults --------------------------------------------------------------------------------- */

/* A length that somebody could believe, and lengths that nobody should. */
static const uint64_t lengths[] = { (uint64_t)1 << 20,       (uint64_t)200 << 20, (uint64_t)4 << 30,
                                    ((uint64_t)8 << 30) - 1, (uint64_t)8 << 30,   ((uint64_t)1 << 32) - 1,
                                    (uint64_t)1 << 63,       ~(uint64_t)0 };

static void forge_frame(const fault *f, const conn *c, bytes *b)
{
    bool       sealed = c->ssl != NULL;
    frame_head h;
    size_t     size = b->size - FRAME_HEAD;
    uint8_t   *payload = bytes_copy(b->data + FRAME_HEAD, size, size).data;

    if (!frame_head_get(&h, b->data)) abort();
    switch (f->kind) {
    case FAULT_LENGTH: h.length = lengths[f->seed % (sizeof lengths / sizeof *lengths)]; break;
    case FAULT_SEQUENCE: h.seq += 1 + f->seed % 3; break;
    case FAULT_TYPE: h.type = (uint8_t)(FRAME_HELLO + (h.type - 1u + 1 + f->seed % 8) % 9); break;
    default: f->forge(f->context, &h, &payload, &size); break;
    }
    bytes_free(b);
    *b = bytes_copy(NULL, 0, FRAME_HEAD + size);
    fault_seal(b->data, &h, payload, size, sealed);
    if (size > 0) memcpy(b->data + FRAME_HEAD, payload, size);
    b->size = FRAME_HEAD + size;
    free(payload);
}

static void forge_record(const fault *f, bytes *b)
{
    if (f->kind == FAULT_TYPE) b->data[0] = (uint8_t)(20 + f->seed % 3); /* alert and its like, for 23 */
    if (f->kind == FAULT_LENGTH) b->data[3] = b->data[4] = 0xff;
}

static void damage(const fault *f, const conn *c, bytes *b)
{
    size_t head = f->records ? RECORD : FRAME_HEAD, from = 0, bits = 8 * head;

    switch (f->kind) {
    case FAULT_TRUNCATE: b->size -= CUT; break;
    case FAULT_EXTEND:
        memset(b->data + b->size, 0x5a, CUT);
        b->size += CUT;
        break;
    case FAULT_FLIP:
        if (b->size > head) {
            from = 8 * head;
            bits = 8 * (b->size - head);
        }
        /* fall through */
    case FAULT_HEADER:
        from += f->seed % bits;
        b->data[from / 8] ^= (uint8_t)(1u << from % 8);
        break;
    default:
        if (f->records)
            forge_record(f, b);
        else
            forge_frame(f, c, b);
    }
}

/* Sends in place of the frame, whose bytes are b, what the fault makes of it. */
static bool strike(const fault *f, conn *c, link_state *l, bytes *b)
{
    switch (f->kind) {
    case FAULT_DROP: return true;
    case FAULT_DUPLICATE: return emit(c, f->records, b) && emit(c, f->records, b);
    case FAULT_SWAP:
        l->held = *b;
        *b = (bytes){ 0 };
        return true;
    case FAULT_CLOSE: return shutdown(c->fd, SHUT_RDWR) == 0;
    case FAULT_HALF_CLOSE: return shutdown(c->fd, SHUT_WR) == 0;
    case FAULT_STOP: l->stopped = true; return true;
    case FAULT_SEQUENCE:
        if (f->records) return l->older.size == 0 || emit(c, true, &l->older);
        /* fall through */
    default: damage(f, c, b); return emit(c, f->records, b);
    }
}

/* The link that a connection sends on; false: it belongs to none yet. */
static bool locate(const conn *c, uint32_t *from)
{
    if (c->out == &c->own || c->peer >= PUMA_NODES) return false;
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        net *n = atomic_load(&owners[i]);

        if (n != NULL && c->out == &n->links[c->peer].out) {
            *from = i;
            return true;
        }
    }
    return false;
}

/* The fault that this frame meets; MOST: none.  *watched: one of the link may still come, or is at work. */
static size_t meets(uint32_t from, const conn *c, bool *watched)
{
    size_t found = MOST;

    *watched = false;
    for (size_t i = 0; i < armed_count; i++) {
        const fault *f = &armed[i];

        if (f->from != from || f->to != c->peer) continue;
        *watched = *watched || (f->records && f->kind == FAULT_SEQUENCE);
        if (atomic_load(&struck[i]) || c->tx->type == FRAME_HEARTBEAT || c->tx_offset > 0) continue;
        if (f->on_abort ? c->tx->type == FRAME_ABORT : c->tx->seq == f->k) found = i;
    }
    return found;
}

/* Whoever falls silent or goes has not sealed anything more: its farewell would have a wrong number. */
static bool of_records(const fault *f) { return f->records && f->kind < FAULT_CLOSE; }

static ssize_t faulty_write(const transport *real, conn *c)
{
    size_t      total = FRAME_HEAD + c->tx_segment, hit;
    uint32_t    from;
    link_state *l;
    bool        watched, good, records;
    bytes       b;

    if (!locate(c, &from)) return real->write(c);
    l = &links[from][c->peer];
    if (c->tx->type != FRAME_HEARTBEAT && c->tx->seq >= atomic_load(&l->messages))
        atomic_store(&l->messages, c->tx->seq + 1);
    if (l->stopped) return (ssize_t)(total - c->tx_sent);
    if (c->tx_sent > 0) return real->write(c);
    hit = meets(from, c, &watched);
    if (hit == MOST && !watched && (l->held.size == 0 || c->tx->type == FRAME_HEARTBEAT))
        return real->write(c);
    records = c->ssl != NULL &&
              ((hit < MOST && of_records(&armed[hit])) || watched || (l->held.size > 0 && armed[0].records));
    if (records && !take_records(real, c, &b)) return STREAM_CLOSED;
    if (!records) b = take_frame(c);
    if (hit < MOST) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        atomic_store(&struck_at[hit], (double)t.tv_sec + 1e-9 * (double)t.tv_nsec);
        atomic_store(&struck[hit], true);
        good = strike(&armed[hit], c, l, &b);
    } else {
        good = emit(c, records, &b);
        if (good && l->held.size > 0 && c->tx->type != FRAME_HEARTBEAT) {
            good = emit(c, records, &l->held);
            bytes_free(&l->held);
        }
    }
    if (watched) {
        bytes_free(&l->older);
        l->older = b;
    } else {
        bytes_free(&b);
    }
    return good ? (ssize_t)total : STREAM_CLOSED;
}

/* --- the wrapped transports --------------------------------------------------------------------- */

#define WRAP(name)                                                                                           \
    extern const transport __real_##name;                                                                    \
    extern transport       __wrap_##name;                                                                    \
    transport              __wrap_##name;                                                                    \
    static puma_status     name##_open(net *n, puma_error *e)                                                \
    {                                                                                                        \
        atomic_store(&owners[n->config.self], n);                                                            \
        return __real_##name.open(n, e);                                                                     \
    }                                                                                                        \
    static ssize_t                           name##_write(conn *c) { return faulty_write(&__real_##name, c); } \
    __attribute__((constructor)) static void name##_wrap(void)                                               \
    {                                                                                                        \
        __wrap_##name = __real_##name;                                                                       \
        __wrap_##name.open = name##_open;                                                                    \
        __wrap_##name.write = name##_write;                                                                  \
    }

WRAP(memory_transport)
WRAP(tcp_transport)
WRAP(tls_transport)
