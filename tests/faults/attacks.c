/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attacks.c - see attacks.h */
#include "attacks.h"

#include "transport.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Until the other end gives up or goes. */
static void listens(scene *s) { frame_free(peer_hear(&s->p, FRAME_DONE)); }

/* ABORT with the code a->number of the node a->length, its text repeated over a->size bytes. */
static void give_up(scene *s)
{
    size_t   text = strlen(s->a->text), size = 8 + (s->a->size > text ? s->a->size : text);
    uint8_t *data = malloc(size);

    if (data == NULL) abort();
    put32(data, s->a->number);
    put32(data + 4, (uint32_t)s->a->length);
    for (size_t i = 8; i < size; i++) data[i] = (uint8_t)s->a->text[(i - 8) % text];
    peer_tell(&s->p, FRAME_ABORT, data, size);
    free(data);
}

static void one_frame(scene *s)
{
    const attack *a = s->a;
    uint8_t      *data = calloc(1, a->size + 1);
    frame_head    h = { .type = a->type ? a->type : FRAME_DATA,
                        .phase = a->phase,
                        .seq = s->p.seq + (uint64_t)(int64_t)a->ahead,
                        .length = a->length ? a->length : a->size,
                        .offset = a->offset };
    uint8_t       raw[FRAME_HEAD];

    if (data == NULL) abort();
    fault_seal(raw, &h, data, a->size, s->tls);
    if (a->patch_at) {
        raw[a->patch_at] = a->patch;
        put32(raw + 44, frame_crc(0, raw, 44));
    }
    peer_write(&s->p, raw, FRAME_HEAD);
    peer_write(&s->p, data, a->size);
    free(data);
}

static void nothing(scene *s) { (void)s; }
static void goes(scene *s)
{
    close(s->p.fd);
    s->p.fd = -1;
}

/* Heartbeats, as a peer that computes sends them. */
static void only_beats(scene *s)
{
    for (int i = 0; i < (s->a->busy ? 20 : 100) && !s->p.lost; i++) {
        peer_tell(&s->p, FRAME_HEARTBEAT, NULL, 0);
        usleep(20000);
        if (recv(s->p.fd, &(char){ 0 }, 1, MSG_DONTWAIT | MSG_PEEK) == 0) break;
    }
}

/* A header, and its payload a byte at a time. */
static void trickle(scene *s)
{
    frame_head h = peer_head(&s->p, FRAME_DATA, ASKED);
    uint8_t    raw[FRAME_HEAD];

    fault_seal(raw, &h, raw, 0, s->tls);
    peer_write(&s->p, raw, FRAME_HEAD);
    for (int i = 0; i < ASKED - 1 && !s->p.lost; i++) {
        peer_write(&s->p, "x", 1);
        usleep(50000);
    }
}

/* A header, and then heartbeats in place of its payload. */
static void beats_for_payload(scene *s)
{
    frame_head h = peer_head(&s->p, FRAME_DATA, s->a->size);
    uint8_t    raw[FRAME_HEAD];

    fault_seal(raw, &h, raw, 0, s->tls);
    peer_write(&s->p, raw, FRAME_HEAD);
    only_beats(s);
}

static void tell(scene *s) { peer_tell(&s->p, s->a->type, s->a->text, s->a->number); }
static void tell_twice(scene *s)
{
    tell(s);
    tell(s);
    listens(s);
}

/* The same frame with the same number. */
static void replay_one(scene *s)
{
    uint8_t    data[ASKED] = { 0 };
    frame_head h = peer_head(&s->p, FRAME_DATA, ASKED);

    peer_send(&s->p, &h, data, ASKED);
    peer_send(&s->p, &h, data, ASKED);
}

static void in_wrong_order(scene *s)
{
    uint8_t    data[ASKED] = { 0 };
    frame_head h = peer_head(&s->p, FRAME_DATA, ASKED), next = peer_head(&s->p, FRAME_CONTROL, 2);

    peer_send(&s->p, &next, "ok", 2);
    peer_send(&s->p, &h, data, ASKED);
}

/* The first segment of a frame of two; of the second the field that a->number names is another frame's. */
static void two_segments(scene *s)
{
    size_t     size = SEGMENT + 8;
    uint8_t   *data = calloc(1, size);
    frame_head h = peer_head(&s->p, FRAME_DATA, size);
    uint8_t    raw[FRAME_HEAD];

    if (data == NULL) abort();
    fault_seal(raw, &h, data, SEGMENT, s->tls);
    peer_write(&s->p, raw, FRAME_HEAD);
    peer_write(&s->p, data, SEGMENT);
    h.offset = SEGMENT;
    if (s->a->number == 1) h.seq++;
    if (s->a->number == 2) h.type = FRAME_CONTROL;
    if (s->a->number == 3) h.length++;
    if (s->a->number == 4) h.offset++;
    if (s->a->number == 5)
        give_up(s);
    else
        peer_send(&s->p, &h, data, 8);
    free(data);
    listens(s);
}

static void damaged_payload(scene *s)
{
    uint8_t    data[ASKED] = { 0 }, raw[FRAME_HEAD];
    frame_head h = peer_head(&s->p, s->a->type, ASKED);

    fault_seal(raw, &h, data, ASKED, s->tls);
    data[17] ^= 1;
    peer_write(&s->p, raw, FRAME_HEAD);
    peer_write(&s->p, data, ASKED);
}

static void flipped_header(scene *s)
{
    uint8_t    data[ASKED] = { 0 }, raw[FRAME_HEAD];
    frame_head h = peer_head(&s->p, FRAME_DATA, ASKED);

    fault_seal(raw, &h, data, ASKED, s->tls);
    raw[s->a->number / 8] ^= (uint8_t)(1u << s->a->number % 8);
    peer_write(&s->p, raw, FRAME_HEAD);
    peer_write(&s->p, data, ASKED);
}

/* A record that TLS cannot open. */
static void raw_record(scene *s)
{
    send(s->p.fd,
         "\x17\x03\x03\x00\x20"
         "0123456789abcdef0123456789abcdef",
         37, MSG_NOSIGNAL);
}

/* The end of the stream without TLS's farewell; a->number: this side's alone. */
static void half_close(scene *s) { shutdown(s->p.fd, SHUT_WR); }

/* --- HELLO */

/* Who, to whom, wire version, nodes: a->type says which word of HELLO is another, a->number what it is. */
static void false_hello(scene *s)
{
    frame *f = hello_frame(&s->p.wire, s->p.other);

    if (f == NULL) abort();
    if (s->a->text != NULL) { /* the program's version */
        f->data = realloc(f->data, 48 + strlen(s->a->text) + 1);
        memcpy(f->data + 48, s->a->text, strlen(s->a->text));
        f->size = f->room = 48 + strlen(s->a->text);
    } else {
        put32(f->data + s->a->patch_at, s->a->number);
    }
    peer_tell_frame(&s->p, f);
    frame_free(peer_hear(&s->p, FRAME_DONE)); /* whatever the answer is */
}

/* The honest node calls this one, which calls it. */
static void calls_instead(scene *s)
{
    peer again;

    peer_begin(&again, s->p.wire.config.self, s->p.other, s->p.wire.config.present, LINES);
    if (s->tls) peer_secure(&again, world_folder(), "party0", false);
    if (peer_call(&again, s->port)) peer_tell_frame(&again, hello_frame(&again.wire, again.other));
    peer_hang_up(&again);
    peer_end(&again);
}

static void says_hello(scene *s)
{
    peer_tell_frame(&s->p, hello_frame(&s->p.wire, s->p.other));
    listens(s);
}

/* A second connection in the name of the first. */
static void twice(scene *s)
{
    peer again;

    peer_begin(&again, s->p.wire.config.self, s->p.other, s->p.wire.config.present, LINES);
    if (s->tls) peer_secure(&again, world_folder(), "party1", false);
    if (peer_call(&again, s->port)) peer_tell_frame(&again, hello_frame(&again.wire, again.other));
    peer_hang_up(&again);
    peer_end(&again);
}

/* --- CONFIG and ROSTER */

void attack_config(scene *s)
{
    frame *f;

    free(s->p.wire.full);
    s->p.wire.full = strdup(s->a->text);
    if (s->p.wire.full == NULL || (f = hello_config(&s->p.wire)) == NULL) abort();
    if (s->a->number == 1) f->data[3] ^= 1; /* the digest                        */
    if (s->a->number == 2) f->size = 31;    /* not even a digest                 */
    if (s->a->number == 3) {                /* a NUL, under a right digest       */
        f->data[f->size - 1] = 0;
        EVP_Digest(f->data + 32, f->size - 32, f->data, NULL, EVP_sha256(), NULL);
    }
    peer_tell_frame(&s->p, f);
    frame_free(peer_hear(&s->p, FRAME_DONE));
}

static void false_roster(scene *s)
{
    frame *f = hello_roster(&s->p.wire, s->p.other);

    if (f == NULL) abort();
    if (s->a->number == 1) f->size -= 1;
    if (s->a->number == 2) f->data[5] ^= 1; /* a nonce: another session          */
    peer_tell_frame(&s->p, f);
}

/* --- what happens around a run that ends well */

void attack_behave(scene *s, uint8_t upto)
{
    uint8_t data[ASKED] = { 0 };

    if (upto < FRAME_HELLO) return;
    if (!peer_shake(&s->p, upto < FRAME_READY ? upto : FRAME_READY)) return;
    if (upto >= FRAME_DATA) peer_tell(&s->p, FRAME_DATA, data, ASKED);
    if (upto >= FRAME_CONTROL) peer_tell(&s->p, FRAME_CONTROL, "ok", 2);
    if (upto >= FRAME_DONE) peer_tell(&s->p, FRAME_DONE, NULL, 0);
    if (upto >= FRAME_DONE) frame_free(peer_hear(&s->p, FRAME_DONE));
}

static uint8_t *older[2]; /* what the peer said in a run that ended well: over tcp, over tls */
static size_t   older_bytes[2];

static void all_well(scene *s)
{
    attack_behave(s, FRAME_DONE);
    older[s->tls] = s->p.said;
    older_bytes[s->tls] = s->p.said_bytes;
    s->p.said = NULL;
}

static void replay_all(scene *s)
{
    peer_write(&s->p, older[s->tls], older_bytes[s->tls]);
    listens(s);
}

static void longest_control(scene *s)
{
    char text[CONTROL];

    memset(text, 'x', sizeof text);
    peer_tell(&s->p, FRAME_CONTROL, text, sizeof text);
    peer_tell(&s->p, FRAME_DONE, NULL, 0);
    listens(s);
}

/* Something that is no HELLO, a->number bytes or a frame; then the real peer comes. */
static void stray_first(scene *s)
{
    if (s->a->text != NULL)
        peer_write(&s->p, s->a->text, s->a->number);
    else
        one_frame(s);
    goes(s);
    if (peer_call(&s->p, s->port)) attack_behave(s, FRAME_DONE);
}

/* A stranger's word before the peer comes. */
static void abort_first(scene *s)
{
    give_up(s);
    goes(s);
    if (peer_call(&s->p, s->port)) attack_behave(s, FRAME_DONE);
}

/* More than anybody can hold, while the honest node computes: it stops reading. */
static void flood(scene *s)
{
    struct timeval patience = { .tv_usec = 500000 };
    uint64_t       sent = 0;
    size_t         size = s->a->size;
    uint8_t       *data = calloc(1, size + 1);

    if (data == NULL) abort();
    setsockopt(s->p.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    while (!s->p.lost && sent < (uint64_t)10 << 30) {
        peer_tell(&s->p, FRAME_DATA, data, size);
        sent += FRAME_HEAD + size;
    }
    printf("  %s: %llu MiB taken of 10 GiB\n", s->a->name, (unsigned long long)(sent >> 20));
    atomic_store(&s->h.go, true);
    free(data);
}

bool attack_floods(const attack *a) { return a->act == flood; }

#define READY .upto = FRAME_READY
#define TWO_32 (((uint64_t)1 << 32) - 1)
#define TWO_63 ((uint64_t)1 << 63)

const attack ATTACKS[] = {
    { "a run that ends well", 0, "", all_well, .upto = 0 },
    { "all of an older session", 904, "P1 and P0 met different nodes", replay_all, .upto = 0 },

    { "nobody speaks", 701, "party 1 absent", nothing, .upto = 0 },
    { "only HELLO", 701, "party 1 did not finish the handshake", only_beats, .upto = FRAME_HELLO },
    { "HELLO is not answered", 701, "party 0 absent", listens, .answers = true },
    { "goes after HELLO", 702, "party 1 closed the connection during the handshake", goes,
      .upto = FRAME_HELLO },
    { "goes in the run", 702, "party 1 closed the connection", goes, READY },
    { "goes before the end", 702, "party 1 closed the connection", goes, .upto = FRAME_CONTROL },
    { "half of the connection", 702, "party 1 closed the connection", half_close, READY },
    { "falls silent in the handshake", 703, "party 1 silent", nothing, .upto = FRAME_CONFIG },
    { "falls silent", 703, "party 1 silent", nothing, READY },
    { "payload a byte at a time", 703, "party 1 silent", trickle, READY },
    { "heartbeats for payload", 704, "from P1", beats_for_payload, READY, .size = ASKED },

    /* before anybody knows who it is: a stray, and the peer can still come */
    { "stray: text", 0, "", stray_first, .text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .number = 27 },
    { "stray: a frame of zeros", 0, "", stray_first,
      .text =
          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
      .number = 48 },
    { "stray: CONFIG first", 0, "", stray_first, .type = FRAME_CONFIG, .size = 40 },
    { "stray: DATA first", 0, "", stray_first, .type = FRAME_DATA, .size = ASKED },
    { "stray: READY first", 0, "", stray_first, .type = FRAME_READY },
    { "stray: HEARTBEAT first", 0, "", stray_first, .type = FRAME_HEARTBEAT },
    { "stray: DONE first", 0, "", stray_first, .type = FRAME_DONE },
    { "stray: HELLO with number 1", 0, "", stray_first, .type = FRAME_HELLO, .size = 50, .ahead = 1 },
    { "stray: HELLO from its middle", 0, "", stray_first, .type = FRAME_HELLO, .size = 50, .offset = 10 },
    { "stray: HELLO of 2^63", 0, "", stray_first, .type = FRAME_HELLO, .length = TWO_63 },
    { "stray: HELLO too short", 0, "", stray_first, .type = FRAME_HELLO, .size = 47 },
    { "stray: HELLO too long", 0, "", stray_first, .type = FRAME_HELLO, .size = 1000 },
    { "stray: ABORT", 0, "", abort_first, .text = "die", .number = 1101, .length = 1, .over = TCP },

    /* headers */
    { "header: magic", 704, "frame 4 from P1: malformed header", one_frame, READY, .size = ASKED,
      .patch_at = 1, .patch = 'u' },
    { "header: type 0", 704, "malformed header", one_frame, READY, .size = ASKED, .patch_at = 4, .patch = 0 },
    { "header: type 10", 704, "malformed header", one_frame, READY, .size = ASKED, .patch_at = 4,
      .patch = 10 },
    { "header: phase 2", 704, "malformed header", one_frame, READY, .size = ASKED, .patch_at = 5,
      .patch = 2 },
    { "header: reserved bit", 704, "malformed header", one_frame, READY, .size = ASKED, .patch_at = 6,
      .patch = 1 },
    { "header: reserved bit 2", 704, "malformed header", one_frame, READY, .size = ASKED, .patch_at = 7,
      .patch = 128 },
    { "header: flip in the number", 704, "malformed header", flipped_header, READY, .number = 64 },
    { "header: flip in the length", 704, "malformed header", flipped_header, READY, .number = 16 * 8 + 30 },
    { "header: flip in its checksum", 704, "malformed header", flipped_header, READY, .number = 47 * 8 },

    /* numbers and segments */
    { "number: skipped", 704, "frame 5 from P1: expected number 4", one_frame, READY, .size = ASKED,
      .ahead = 1 },
    { "number: an older one", 704, "frame 3 from P1: expected number 4", one_frame, READY, .size = ASKED,
      .ahead = -1 },
    { "number: a frame twice", 704, "frame 4 from P1: expected number 5", replay_one, READY },
    { "number: wrong order", 704, "frame 5 from P1: expected number 4", in_wrong_order, READY },
    { "number: of a heartbeat", 704, "expected number 4", one_frame, READY, .type = FRAME_HEARTBEAT,
      .ahead = 2 },
    { "segment: not the first", 704, "expected number 4", one_frame, READY, .size = ASKED, .offset = 8,
      .length = 72 },
    { "segment: another number", 704, "a segment of another frame", two_segments, READY, .number = 1,
      .busy = true },
    { "segment: another type", 704, "a segment of another frame", two_segments, READY, .number = 2,
      .busy = true },
    { "segment: another length", 704, "a segment of another frame", two_segments, READY, .number = 3,
      .busy = true },
    { "segment: another place", 704, "a segment of another frame", two_segments, READY, .number = 4,
      .busy = true },
    { "damage: payload", 704, "frame 4 from P1: damaged on the way", damaged_payload, READY,
      .type = FRAME_DATA, .over = TCP },
    { "damage: control", 704, "frame 5 from P1: damaged on the way", damaged_payload, .upto = FRAME_DATA,
      .type = FRAME_CONTROL, .over = TCP },

    /* lengths: what is waited for decides */
    { "length: 0", 704, "0 bytes, expected 64", one_frame, READY },
    { "length: 1", 704, "1 bytes, expected 64", one_frame, READY, .size = 1 },
    { "length: one less", 704, "63 bytes, expected 64", one_frame, READY, .size = 63 },
    { "length: one more", 704, "65 bytes, expected 64", one_frame, READY, .size = 65 },
    { "length: one more is promised", 704, "65 bytes, expected 64", one_frame, READY, .length = 65 },
    { "length: 8 GiB", 704, "8589934592 bytes, expected 64", one_frame, READY, .length = FRAME_LIMIT },
    { "length: 8 GiB and 1", 704, "8589934593 bytes, limit 8589934592", one_frame, READY,
      .length = FRAME_LIMIT + 1 },
    { "length: 2^32 - 1", 704, "4294967295 bytes, expected 64", one_frame, READY, .length = TWO_32 },
    { "length: 2^63", 704, "9223372036854775808 bytes, limit", one_frame, READY, .length = TWO_63 },
    { "length: 2^64 - 1", 704, "18446744073709551615 bytes, limit", one_frame, READY, .length = UINT64_MAX },
    { "length: 4 GiB, unasked", 704, "4294967296 bytes, expected 64", beats_for_payload, READY,
      .size = (size_t)4 << 30, .busy = true },
    { "length: control at its limit", 0, "", longest_control, .upto = FRAME_DATA },
    { "length: control too long", 704, "101 bytes, limit 100", one_frame, .upto = FRAME_DATA,
      .type = FRAME_CONTROL, .size = 101 },
    { "length: control of 256 MiB and 1", 704, "268435457 bytes, limit 268435456", one_frame,
      .upto = FRAME_DATA, .type = FRAME_CONTROL, .length = CONTROL_LIMIT + 1 },
    { "length: control with a NUL", 704, "a control message with a NUL", one_frame, .upto = FRAME_DATA,
      .type = FRAME_CONTROL, .size = 5 },
    { "length: READY with payload", 704, "1 bytes, limit 0", one_frame, .upto = FRAME_ROSTER,
      .type = FRAME_READY, .size = 1 },
    { "length: DONE with payload", 704, "1 bytes, limit 0", one_frame, .upto = FRAME_CONTROL,
      .type = FRAME_DONE, .size = 1 },
    { "length: HEARTBEAT with payload", 704, "1 bytes, limit 0", one_frame, READY, .type = FRAME_HEARTBEAT,
      .size = 1 },
    { "length: CONFIG of 4 MiB and 1", 704, "4194305 bytes, limit 4194304", one_frame, .upto = FRAME_HELLO,
      .type = FRAME_CONFIG, .length = HELLO_LIMIT + 1 },
    { "length: ABORT of 4 MiB and 1", 704, "4194305 bytes, limit 4194304", one_frame, READY,
      .type = FRAME_ABORT, .length = HELLO_LIMIT + 1 },

    /* types, each where it may not come */
    { "type: control for payload", 704, "a control message, expected payload", one_frame, READY,
      .type = FRAME_CONTROL, .size = ASKED },
    { "type: the end for payload", 704, "the end, expected payload", one_frame, READY, .type = FRAME_DONE },
    { "type: payload for control", 704, "payload, expected a control message", one_frame, .upto = FRAME_DATA,
      .size = ASKED },
    { "type: the end for control", 704, "the end, expected a control message", one_frame, .upto = FRAME_DATA,
      .type = FRAME_DONE },
    { "type: payload for the end", 704, "payload, expected the end", one_frame, .upto = FRAME_CONTROL,
      .size = 1 },
    { "type: a second HELLO", 704, "a second HELLO", one_frame, READY, .type = FRAME_HELLO, .size = 50 },
    { "type: HELLO after HELLO", 704, "a second HELLO", one_frame, .upto = FRAME_HELLO, .type = FRAME_HELLO,
      .size = 50 },
    { "type: a second CONFIG", 704, "type 2 out of turn", one_frame, READY, .type = FRAME_CONFIG,
      .size = 40 },
    { "type: a second ROSTER", 704, "type 3 out of turn", one_frame, READY, .type = FRAME_ROSTER,
      .size = 160 },
    { "type: a second READY", 704, "type 4 out of turn", one_frame, READY, .type = FRAME_READY },
    { "type: ROSTER before CONFIG", 704, "type 3 out of turn", one_frame, .upto = FRAME_HELLO,
      .type = FRAME_ROSTER, .size = 160 },
    { "type: READY before CONFIG", 704, "type 4 out of turn", one_frame, .upto = FRAME_HELLO,
      .type = FRAME_READY },
    { "type: READY before ROSTER", 704, "type 4 out of turn", one_frame, .upto = FRAME_CONFIG,
      .type = FRAME_READY },
    { "type: payload before READY", 704, "type 5 out of turn", one_frame, .upto = FRAME_ROSTER,
      .size = ASKED },
    { "type: payload after HELLO", 704, "type 5 out of turn", one_frame, .upto = FRAME_HELLO, .size = ASKED },
    { "type: control before READY", 704, "type 6 out of turn", one_frame, .upto = FRAME_CONFIG,
      .type = FRAME_CONTROL, .size = 2 },
    { "type: the end before READY", 704, "type 9 out of turn", one_frame, .upto = FRAME_CONFIG,
      .type = FRAME_DONE },
    { "type: the end twice", 704, "type 9 out of turn", tell_twice, READY, .type = FRAME_DONE, .busy = true },

    /* ABORT */
    { "ABORT: before HELLO is answered", 1101, "party 0: die", give_up, .text = "die", .number = 1101,
      .length = 0, .answers = true },
    { "ABORT: before HELLO, by certificate", 1101, "party 1: die", give_up, .text = "die", .number = 1101,
      .length = 1, .over = TLS },
    { "ABORT: in the handshake", 902, "party 1: die", give_up, .upto = FRAME_CONFIG, .text = "die",
      .number = 902, .length = 1 },
    { "ABORT: in the run", 1101, "party 1: die", give_up, READY, .text = "die", .number = 1101, .length = 1 },
    { "ABORT: of a third's", 703, "party 2 silent for 3 s", give_up, READY, .text = "party 2 silent for 3 s",
      .number = 703, .length = 2 },
    { "ABORT: a culprit that is none", 1101, "party 1: die", give_up, READY, .text = "die", .number = 1101,
      .length = 0xffffffff },
    { "ABORT: a code that is none", 706, "party 1: die", give_up, READY, .text = "die", .number = 99999,
      .length = 1 },
    { "ABORT: code 0", 706, "party 1: die", give_up, READY, .text = "die", .number = 0, .length = 1 },
    { "ABORT: too short", 706, "party 1: ", one_frame, READY, .type = FRAME_ABORT, .size = 7 },
    { "ABORT: empty", 706, "party 1: ", one_frame, READY, .type = FRAME_ABORT },
    { "ABORT: 1 MB of text", 1101, "party 1: \\x1b[2J\\x0apuma: error", give_up, READY,
      .text = "\33[2J\npuma: error E0000 %s%n \xff ", .size = 1000000, .number = 1101, .length = 1 },
    { "ABORT: in the middle of a frame", 706, "party 1: die", two_segments, READY, .text = "die", .number = 5,
      .length = 1, .busy = true },

    /* HELLO */
    { "HELLO: wire version", 901, "P1 speaks wire version 99, P0 speaks", false_hello, .patch_at = 0,
      .number = 99 },
    { "HELLO: zeros", 901, "wire version 0", one_frame, .type = FRAME_HELLO, .size = 50 },
    { "HELLO: program version", 901, "P1 is puma 0.0.0-old, P0 is puma", false_hello, .text = "0.0.0-old" },
    { "HELLO: in our own name", 903, "says that it is P0, and so are we", false_hello, .patch_at = 4,
      .number = 0 },
    { "HELLO: for another", 903, "takes us for P2, but we are P0: are addresses swapped?", false_hello,
      .patch_at = 8, .number = 2 },
    { "HELLO: for nobody", 903, "takes us for nobody", false_hello, .patch_at = 8, .number = 77 },
    { "HELLO: of no node of this run", 903, "P2 at 127.0.0.1", false_hello, .patch_at = 4, .number = 2 },
    { "HELLO: other nodes", 903, "P1 and P0 disagree on which nodes take part", false_hello, .patch_at = 12,
      .number = 15 },
    { "HELLO: twice", 903, "two nodes say that they are P1", twice, .upto = FRAME_HELLO },
    { "HELLO: calls, and should be called", 903, "must wait to be called by P1", calls_instead, .third = true,
      .answers = true },
    { "HELLO: another answers", 903, "P0 at 127.0.0.1", false_hello, .answers = true, .patch_at = 4,
      .number = 2, .third = true, .over = TCP },

    /* CONFIG and ROSTER; every key in turn: below */
    { "CONFIG: digest", 704, "malformed configuration from P1", attack_config, .upto = FRAME_HELLO,
      .text = LINES, .number = 1 },
    { "CONFIG: too short", 704, "malformed configuration from P1", attack_config, .upto = FRAME_HELLO,
      .text = LINES, .number = 2 },
    { "CONFIG: a NUL", 704, "malformed configuration from P1", attack_config, .upto = FRAME_HELLO,
      .text = LINES, .number = 3 },
    { "CONFIG: a value differs", 902, "key ring_bits: P0 64, P1 63", attack_config, .upto = FRAME_HELLO,
      .text = "model=tiny\nring_bits=63\n" },
    { "CONFIG: a key less", 902, "key ring_bits: P0 64, P1 has none", attack_config, .upto = FRAME_HELLO,
      .text = "model=tiny\n" },
    { "CONFIG: a key more", 902, "key zebra: P0 has none, P1 1", attack_config, .upto = FRAME_HELLO,
      .text = LINES "zebra=1\n" },
    { "CONFIG: no lines", 902, "key model: P0 tiny, P1 has none", attack_config, .upto = FRAME_HELLO,
      .text = "" },
    { "CONFIG: no sense", 902, "key model: P0 tiny, P1 has none", attack_config, .upto = FRAME_HELLO,
      .text = "\n\n=\n==\n" },
    { "CONFIG: control bytes", 902, "key \\x1b[2J: P0 has none", attack_config, .upto = FRAME_HELLO,
      .text = "\33[2J=1\n" LINES },
    { "ROSTER: too short", 704, "malformed list of nonces from P1", false_roster, .upto = FRAME_CONFIG,
      .number = 1 },
    { "ROSTER: another session", 904, "P1 and P0 met different nodes", false_roster, .upto = FRAME_CONFIG,
      .number = 2 },

    /* TLS */
    { "TLS: a record that is none", 802, "party 1: TLS: ", raw_record, READY, .over = TLS },
    { "TLS: another authority", 802, "connection from 127.0.0.1", nothing, .role = "other/party1",
      .over = TLS },
    { "TLS: another authority answers", 802, "party 0 at 127.0.0.1", nothing, .answers = true,
      .role = "other/party0", .over = TLS },
    { "TLS: it refuses us", 802, "refused us", nothing, .answers = true, .role = "strict/party0",
      .over = TLS },
    { "TLS: another role's certificate", 803, "expected P1, got P2", says_hello, .role = "party2",
      .third = true, .over = TLS },
    { "TLS: another role answers", 803, "expected P0, got P2", nothing, .answers = true, .role = "party2",
      .third = true, .over = TLS },
    { "TLS: no role of this run", 803, "of no role of this run", nothing, .role = "party2", .over = TLS },

    { "flood: frames of 1 MiB", 704, "1048576 bytes, expected 64", flood, READY, .size = 1 << 20,
      .busy = true },
    { "flood: frames of nothing", 704, "0 bytes, expected 64", flood, READY, .size = 0, .busy = true,
      .over = TCP },
};

const size_t ATTACK_COUNT = sizeof ATTACKS / sizeof *ATTACKS;
