/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* peer.c - see peer.h */
#include "peer.h"

#include "transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 3

void peer_begin(peer *p, uint32_t self, uint32_t other, const bool present[PUMA_NODES], const char *lines)
{
    *p = (peer){ .other = other, .fd = -1 };
    p->wire.config.self = self;
    p->wire.config.dealer = PUMA_NO_NODE;
    memcpy(p->wire.config.present, present, sizeof p->wire.config.present);
    p->wire.full = strdup(lines);
    if (p->wire.full == NULL || RAND_bytes(p->wire.nonce[self], 32) != 1 ||
        RAND_bytes(p->wire.links[other].ours, 32) != 1)
        abort();
}

void peer_end(peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->tls);
    if (p->fd >= 0) close(p->fd);
    free(p->wire.full);
    free(p->said);
}

void peer_secure(peer *p, const char *directory, const char *role, bool answers)
{
    char path[3][300];

    p->tls = SSL_CTX_new(answers ? TLS_server_method() : TLS_client_method());
    snprintf(path[0], sizeof path[0], "%s/ca.pem", directory);
    snprintf(path[1], sizeof path[1], "%s/%s.pem", directory, role);
    snprintf(path[2], sizeof path[2], "%s/%s.key", directory, role);
    if (p->tls == NULL || SSL_CTX_load_verify_file(p->tls, path[0]) != 1 ||
        SSL_CTX_use_certificate_chain_file(p->tls, path[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(p->tls, path[2], SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "%s: no certificate for %s\n", directory, role);
        exit(99);
    }
    if (answers) SSL_CTX_set_verify(p->tls, SSL_VERIFY_PEER, NULL);
}

static bool set_up(peer *p)
{
    struct timeval patience = { .tv_sec = PATIENCE_S };

    setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    p->seq = 0;
    p->lost = false;
    if (p->tls == NULL) return true;
    ERR_clear_error();
    SSL_free(p->ssl);
    p->ssl = SSL_new(p->tls);
    if (p->ssl == NULL || SSL_set_fd(p->ssl, p->fd) != 1) abort();
    p->lost = (SSL_is_server(p->ssl) ? SSL_accept(p->ssl) : SSL_connect(p->ssl)) != 1;
    return !p->lost;
}

bool peer_call(peer *p, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    if (p->fd >= 0) close(p->fd);
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    p->lost = p->fd < 0 || connect(p->fd, (struct sockaddr *)&a, sizeof a) != 0;
    return !p->lost && set_up(p);
}

bool peer_answer(peer *p, int listen_fd)
{
    if (p->fd >= 0) close(p->fd);
    p->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    p->lost = p->fd < 0;
    return !p->lost && set_up(p);
}

void peer_write(peer *p, const void *data, size_t size)
{
    const uint8_t *from = data;
    size_t         put;

    while (size > 0 && !p->lost) {
        if (p->ssl != NULL) {
            ERR_clear_error();
            p->lost = SSL_write_ex(p->ssl, from, size, &put) != 1;
        } else {
            ssize_t k = send(p->fd, from, size, MSG_NOSIGNAL);

            p->lost = k < 0;
            put = k < 0 ? 0 : (size_t)k;
        }
        if (p->lost) return;
        from += put;
        size -= put;
    }
}

static bool read_all(peer *p, void *data, size_t size)
{
    uint8_t *to = data;
    size_t   got;

    while (size > 0 && !p->lost) {
        if (p->ssl != NULL) {
            ERR_clear_error();
            p->lost = SSL_read_ex(p->ssl, to, size, &got) != 1;
        } else {
            ssize_t k = recv(p->fd, to, size, 0);

            p->lost = k <= 0;
            got = k <= 0 ? 0 : (size_t)k;
        }
        if (p->lost) break;
        to += got;
        size -= got;
    }
    return !p->lost;
}

void peer_hang_up(peer *p)
{
    uint8_t waste[4096];

    /* A TLS connection that has failed still has a socket that can be read to its end. */
    while (p->fd >= 0 && recv(p->fd, waste, sizeof waste, 0) > 0) continue;
    if (p->fd >= 0) close(p->fd);
    p->fd = -1;
}

static void keep(peer *p, const void *data, size_t size)
{
    if (size == 0 || p->said_bytes + size > SEGMENT) return;
    p->said = realloc(p->said, p->said_bytes + size);
    if (p->said == NULL) abort();
    memcpy(p->said + p->said_bytes, data, size);
    p->said_bytes += size;
}

frame_head peer_head(peer *p, uint8_t type, size_t size)
{
    frame_head h = { .type = type, .seq = p->seq, .length = size };

    if (type != FRAME_HEARTBEAT) p->seq++;
    return h;
}

void peer_send(peer *p, const frame_head *head, const void *data, size_t size)
{
    uint8_t raw[FRAME_HEAD];

    fault_seal(raw, head, data, size, p->tls != NULL);
    keep(p, raw, FRAME_HEAD);
    keep(p, data, size);
    peer_write(p, raw, FRAME_HEAD);
    peer_write(p, data, size);
}

void peer_tell(peer *p, uint8_t type, const void *data, size_t size)
{
    frame_head h = peer_head(p, type, size);

    peer_send(p, &h, data, size);
}

void peer_tell_frame(peer *p, frame *f)
{
    if (f == NULL) abort();
    peer_tell(p, f->type, f->data, f->size);
    frame_free(f);
}

frame *peer_hear(peer *p, uint8_t type)
{
    for (;;) {
        uint8_t    raw[FRAME_HEAD];
        frame_head h;
        frame     *f;

        if (!read_all(p, raw, FRAME_HEAD) || !frame_head_get(&h, raw) || h.length > SEGMENT) return NULL;
        f = frame_new(h.type, calloc(1, (size_t)h.length + 1), (size_t)h.length);
        if (f == NULL || f->data == NULL) abort();
        if (read_all(p, f->data, f->size) && f->type == type) return f;
        frame_free(f);
        if (p->lost || h.type == FRAME_ABORT) return NULL;
    }
}

static bool expect(peer *p, uint8_t type)
{
    puma_error e = { 0 };
    frame     *f = peer_hear(p, type);
    uint32_t   from;
    bool       malformed;

    if (f != NULL && type == FRAME_HELLO) {
        uint8_t nonce[32];

        if (hello_read(&p->wire, f, "the node", &from, nonce, &malformed, &e) == PUMA_OK)
            memcpy(p->wire.nonce[from], nonce, 32);
    }
    frame_free(f);
    return f != NULL && e.status == PUMA_OK;
}

bool peer_shake(peer *p, uint8_t upto)
{
    peer_tell_frame(p, hello_frame(&p->wire, p->other));
    if (!expect(p, FRAME_HELLO)) return false;
    if (upto >= FRAME_CONFIG) peer_tell_frame(p, hello_config(&p->wire));
    if (upto >= FRAME_CONFIG && !expect(p, FRAME_CONFIG)) return false;
    if (upto >= FRAME_ROSTER) peer_tell_frame(p, hello_roster(&p->wire, p->other));
    if (upto >= FRAME_ROSTER && !expect(p, FRAME_ROSTER)) return false;
    if (upto >= FRAME_READY) peer_tell(p, FRAME_READY, NULL, 0);
    return upto < FRAME_READY || expect(p, FRAME_READY);
}
