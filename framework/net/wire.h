/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* wire.h - inside of framework/net: frames, connections and the state that the I/O thread shares with the
 * session.
 *
 * A frame goes over a link as one or more segments of at most SEGMENT payload bytes, each behind a header
 * of FRAME_HEAD bytes that repeats the frame's own description.  Between two segments a sender that fails
 * may give the frame up and send ABORT instead: nobody learns the reason of a death after a gigabyte of
 * dead data.
 *
 * Order on a link: HELLO, CONFIG, ROSTER, READY both ways, each sent when the node has the one before it
 * from all of its links; so READY says "all of mine agree", and no share leaves before every pair has
 * agreed.
 *
 * Threads: `lock` guards what is marked (L).  Everything else in `net` belongs to the thread that holds the
 * baton, or to the session's thread where marked (S).  The baton is the I/O thread's while the session
 * computes; a session that waits for a frame takes it over and serves the wire itself, for as long as it
 * comes back to it within PATROL_MS, so that no round costs a change of threads.  The baton may be held
 * when the lock is taken; with the lock held one may only try for the baton. */
#ifndef NET_WIRE_H
#define NET_WIRE_H

#include "net/net.h"

#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>

#define AUTHORITY PUMA_NODES /* beside the nodes, those who have a certificate */
#define WIRE_VERSION 2u
#define FRAME_HEAD 48u
#define SEGMENT ((size_t)1 << 20)
#define FRAME_LIMIT ((size_t)8 << 30) /* no layer sends more in one message                     */
#define CONTROL_LIMIT ((size_t)256 << 20)
#define HELLO_LIMIT ((size_t)4 << 20)  /* all of the handshake, and ABORT                        */
#define UNREAD_BYTES ((size_t)256 << 20) /* unread on any other link before we stop reading      */
#define HEARD_BYTES 16384u /* of a segment: so much must come within a timeout, or all of it     */
#define PENDING_LIMIT 16u              /* accepted connections that have not said who they are   */
#define PENDING_MS 10000
#define GRACE_MS 300 /* a closed link waits so long for the reason from others */
#define FLUSH_MS 200
#define LINGER_MS 300
#define FAREWELL_MS 1000 /* a node that fails at set-up tells even late comers why  */
#define STUCK_MS 1000
#define PATROL_MS 2
#define AT_ONCE ((size_t)64 << 10) /* bytes that the session's thread sends itself             */

typedef enum frame_type {
    FRAME_HELLO = 1,
    FRAME_CONFIG,
    FRAME_ROSTER,
    FRAME_READY,
    FRAME_DATA,
    FRAME_CONTROL,
    FRAME_HEARTBEAT,
    FRAME_ABORT,
    FRAME_DONE
} frame_type;

typedef struct frame {
    struct frame *next;
    uint8_t       type, phase;
    uint32_t      depth, depth_online;
    uint64_t      seq;
    int64_t       due_us;     /* on an emulated link: not before; 0: at once           */
    size_t        size, room; /* payload; bytes of `data` that are there                */
    uint8_t      *data;
} frame;

typedef struct queue {
    frame *first, *last;
} queue;

/* The header of a segment, decoded. */
typedef struct frame_head {
    uint8_t  type, phase;
    uint32_t depth, depth_online, crc;
    uint64_t seq, length, offset;
} frame_head;

frame   *frame_new(frame_type type, void *data,
                   size_t size); /* takes over data; NULL (data freed) when out of memory */
frame   *frame_copy(frame_type type, const void *data, size_t size);
void     frame_free(frame *f); /* wipes what is not DATA                                */
size_t   frame_cost(const frame *f); /* bytes of memory that a queued one takes            */
void     queue_push(queue *q, frame *f);
frame   *queue_pop(queue *q);
void     queue_clear(queue *q);
void     frame_head_put(uint8_t out[FRAME_HEAD], const frame_head *h);
bool     frame_head_get(frame_head *h, const uint8_t in[FRAME_HEAD]); /* false: not one of ours */
uint32_t frame_crc(uint32_t crc, const void *data, size_t n);         /* CRC-32C, chained from 0 */

static inline void put32(uint8_t *p, uint32_t x)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(x >> 8 * i);
}
static inline void put64(uint8_t *p, uint64_t x)
{
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)(x >> 8 * i);
}
static inline uint32_t get32(const uint8_t *p)
{
    uint32_t x = 0;

    for (int i = 0; i < 4; i++) x |= (uint32_t)p[i] << 8 * i;
    return x;
}
static inline uint64_t get64(const uint8_t *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }

typedef enum conn_state { CONN_CONNECTING, CONN_SECURING, CONN_OPEN } conn_state;

#define RX_BYTES 65536u
#define STAGE_BYTES 16384u /* one TLS record                                         */

/* One socket.  It belongs to no link until its HELLO has been believed. */
typedef struct conn {
    struct conn *next;
    int          fd; /* -1: to be swept                                        */
    SSL         *ssl;
    conn_state   state;
    bool         outgoing, bound, cut_off; /* cut_off: the peer says that our stream has ended      */
    uint32_t     peer; /* PUMA_NODES: not known yet                              */
    int64_t      born, last_heard, last_sent;
    char         address[80];  /* of the other end, for messages                         */
    char         reason[200];  /* why its certificate was refused                        */
    char         identity[64]; /* its SAN URI                                            */
    /* receiving */
    uint8_t     *rx;
    size_t       rx_from, rx_to;
    frame       *in; /* being received                                         */
    frame_head   head;
    size_t       in_done, segment_left, unheard; /* unheard: since last_heard                   */
    uint32_t     crc;
    bool         in_segment, more, paused, drain, discard;
    uint64_t     rx_seq;
    /* sending */
    queue       *out, own; /* the link's queue, or `own` before there is a node_link      */
    frame       *tx;
    uint8_t     *stage; /* TLS: header and the first payload bytes as one record  */
    uint8_t      tx_head[FRAME_HEAD];
    size_t       tx_offset, tx_segment, tx_sent, stage_bytes;
    uint64_t     tx_seq, tx_keyed;
    bool         blocked, tx_dead, abandon, shut;
    short        want; /* poll events of a TLS handshake                         */
} conn;

typedef struct node_link {
    /* (L) */
    queue            in, out;
    size_t           in_bytes, out_bytes, out_frames; /* in_bytes: with what a queued frame costs */
    uint8_t          asked;   /* frame_type that the session waits for now; 0: it does not wait  */
    size_t           longest; /* and the most bytes that it may have                             */
    bool             paused, done_out, done_in;
    /* set-up; of the thread that holds the baton */
    conn            *c;
    struct addrinfo *found, *at;
    int64_t          next_try;
    int              wait_ms;
    unsigned         tries;
    char             trouble[160]; /* of the last try                                        */
    bool             hello_in, config_out, config_in, agreed, roster_out, roster_in, ready_out, ready_in;
    char            *text;                 /* its canonical lines                                    */
    uint8_t          ours[32], theirs[32]; /* contributions to the root                              */
    /* fixed once open */
    uint8_t          root[32];
    /* (S) */
    EVP_MD_CTX      *digest;
} node_link;

typedef struct transport transport; /* transport.h */

/* Is f what the session waits for, a frame of this type and no longer than that?  An error: what is wrong. */
puma_status frame_fits(const net *n, uint32_t from, const frame *f, uint8_t type, size_t longest, puma_error *e);

struct net {
    net_config       config;
    const transport *transport;
    char      *address[PUMA_NODES], *certificates, *hello;
    uint8_t    seed[32];
    SSL_CTX   *tls;
    bool       expiring[AUTHORITY + 1]; /* whose certificates end soon, and when the first of them does     */
    ASN1_TIME *first_end;
    pthread_t  thread;
    bool       running;

    pthread_mutex_t lock, baton;
    pthread_cond_t  changed;
    int             wake_fd;
    node_link       links[PUMA_NODES];
    /* (L) */
    bool            woken, opened, closing, finished, abort_wanted;
    bool            discreet; /* the client gave up of itself: no words of its own go into ABORT    */
    unsigned        waiters, awaits; /* threads in wait_change; those of them that wait for a frame */
    unsigned        turns;           /* that the session's thread has served                    */
    bool            serving;         /* it does so now                                          */
    int64_t         card_free_us;    /* emulated: when all that was sent before has left          */
    puma_error      error;           /* valid when failed                                      */
    _Atomic bool    failed, seen;    /* set with the lock held, read without                   */

    /* of the thread that holds the baton */
    conn      *conns;
    int        listen_fd;
    int64_t    watched_at; /* when the clocks were last looked at                        */
    int64_t    connect_by, grace_until, farewell_until, flush_by, linger_by, stuck_at;
    bool       ending, ended, told;
    puma_error grace, refused; /* a closed link's own story; a refused TLS peer's        */
    uint32_t   grace_culprit, culprit;
    unsigned   refusals; /* that have been told                                    */
    uint8_t    nonce[PUMA_NODES][32];
    char      *full; /* canonical lines, the client's "input." ones included   */
    /* fixed once open */
    char      *input; /* a copy of `full` cut into strings                      */
    size_t     input_bytes;
    uint8_t    session[16], own_root[32];

    /* (S) */
    net_count count;
    bool      reveal_allowed;
};

/* --- net.c */
int64_t     net_now_ms(void);
int64_t     net_now_us(void);
const char *net_name(const net *n, uint32_t node);  /* "P1", "client", "dealer"            */
const char *net_title(const net *n, uint32_t node); /* "party 1", "client", "dealer"       */
const char *net_role(const net *n, uint32_t node);  /* "party1": certificate and file name */
void        net_wake(net *n);                       /* lock held                           */

/* What stands for a node in frames and in what seeds are derived from; PUMA_NODES: none.  See net.c. */
uint32_t wire_number(uint32_t node);
uint32_t wire_node(uint32_t number);

/* --- io.c */
void *io_main(void *arg);
bool  io_turn(net *n);
bool  io_send(net *n, node_link *l); /* sends what waits on the link; false: there is something left */

/* --- hello.c */
bool        hello_start(net *n, puma_error *e); /* nonce and own root                  */
frame      *hello_frame(const net *n, uint32_t to);
/* PUMA_OK: *from is set.  An error: what is wrong with it.  *malformed: not a HELLO at all. */
puma_status hello_read(const net *n, const frame *f, const char *address, uint32_t *from, uint8_t nonce[32],
                       bool *malformed, puma_error *e);
frame      *hello_config(const net *n);
puma_status hello_config_read(net *n, uint32_t peer, const frame *f, puma_error *e);
/* Takes over the client's "input." lines: `full` becomes the client's text once the rest of it equals ours.
 */
puma_status hello_adopt(net *n, puma_error *e);
puma_status hello_compare(const net *n, uint32_t peer, puma_error *e);
frame      *hello_roster(net *n, uint32_t peer);
puma_status hello_roster_read(net *n, uint32_t peer, const frame *f, puma_error *e);
bool        hello_finish(net *n, puma_error *e); /* session id, roots, inputs           */
bool        hello_derive(uint8_t out[32], const uint8_t key[32], const void *salt, size_t salt_bytes,
                         const char *purpose);

/* --- address.c */
puma_status address_resolve(net *n, uint32_t node, bool passive, struct addrinfo **found, puma_error *e);
puma_status address_listen(net *n, puma_error *e);
void        address_text(char *out, size_t room, const struct sockaddr *a, socklen_t bytes);
void        address_tune(const net *n, int fd, uint32_t peer);

/* --- certificates.c: NULL and an error without what may be used; `path` is for the message */
/* A file of PEM texts: a regular one, which others cannot read (a key) or change, unless `open_to_others`. */
BIO        *pem_read(const char *path, bool is_key, bool open_to_others, puma_error *e);
EVP_PKEY   *key_take(BIO *text, const char *path, puma_error *e);
X509       *certificate_take(BIO *text, const char *path, puma_error *e);
void        certificate_date(char *out, size_t room, const ASN1_TIME *t);
puma_status certificate_in_time(X509 *certificate, const char *path, puma_error *e);
bool        certificate_ends_soon(const X509 *certificate); /* within 7 days */

/* --- tls.c */
puma_status tls_open(net *n, puma_error *e);
bool        tls_begin(net *n, conn *c);
/* Is the certificate that a connection has shown, or our own, or the last of the authorities' (AUTHORITY), one that ends
 * soon?  Kept for tls_tell_expiring. */
void        tls_note_expiring(net *n, uint32_t node, const X509 *certificate);
void        tls_tell_expiring(net *n);
/* 1: done, 0: wait for c->want, -1: failed, with a `reason` unless the other end has just gone */
int         tls_step(conn *c, char *reason, size_t room);
#define STREAM_AGAIN (-1)
#define STREAM_CLOSED (-2)
#define STREAM_BROKEN (-3) /* TLS: bad record or alert; `reason` says which          */
ssize_t  tls_read(conn *c, void *data, size_t n, char *reason, size_t room);
ssize_t  tls_write(conn *c);
void     tls_rekey(conn *c, size_t bytes); /* so many are about to go out: new keys when it is time */
bool     tls_pending(const conn *c);       /* TLS has read ahead */
void     tls_shutdown(conn *c);
/* The node that a certificate's identity stands for, PUMA_NODES if none. */
uint32_t tls_node(const net *n, const char *identity);

#endif
