/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tls.c - TLS 1.3, both sides with certificates, whose SAN URI says which node they stand for.
 *
 * Owns every call of OpenSSL's SSL_.  Called by sockets.c for a connection's handshake and through
 * tls_transport for its bytes; what the bytes mean it does not know. */
#include "net/wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_BYTES ((uint64_t)64 << 30) /* new keys long before AES-GCM's bound of 2^24.5 records */

/* The last thing OpenSSL complained about. */
static const char *complaint(void)
{
    unsigned long code = ERR_peek_last_error();
    const char   *text = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return text ? text : "failed";
}

/* The first SAN of the form URI:puma:NAME. */
static void identity_of(X509 *certificate, char *out, size_t room)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    *out = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const char         *text;
        size_t              bytes;

        if (name->type != GEN_URI) continue;
        text = (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        bytes = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
        /* A NUL inside would hide what follows it. */
        if (bytes < 5 || bytes >= room || memcmp(text, "puma:", 5) != 0 || memchr(text, 0, bytes)) continue;
        memcpy(out, text, bytes);
        out[bytes] = '\0';
        break;
    }
    GENERAL_NAMES_free(names);
    if (!*out) snprintf(out, room, "a certificate without a puma: name");
}

uint32_t tls_node(const net *n, const char *identity)
{
    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (n->config.present[i] && strncmp(identity, "puma:", 5) == 0 &&
            strcmp(identity + 5, net_role(n, i)) == 0)
            return i;
    return PUMA_NODES;
}

/* Keeps the reason of a refusal for the message: after the handshake has failed nobody can be asked. */
static int verify(int ok, X509_STORE_CTX *store)
{
    SSL  *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    conn *c = ssl ? SSL_get_app_data(ssl) : NULL;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store), *leaf = X509_STORE_CTX_get0_cert(store);
    int   why = X509_STORE_CTX_get_error(store);
    char  who[64] = "", when[40] = "";

    if (ok || !c || c->reason[0]) return ok;
    if (leaf) identity_of(leaf, who, sizeof who);
    if (certificate && why == X509_V_ERR_CERT_HAS_EXPIRED)
        certificate_date(when, sizeof when, X509_get0_notAfter(certificate));
    if (certificate && why == X509_V_ERR_CERT_NOT_YET_VALID)
        certificate_date(when, sizeof when, X509_get0_notBefore(certificate));
    snprintf(c->reason, sizeof c->reason, "certificate of %s refused: %s%s%s", who,
             X509_verify_cert_error_string(why), when[0] ? ": " : "", when);
    return 0;
}

/* Our own certificate, before anybody sees it: the peers would refuse it, each with a riddle of its own. */
static puma_status check_own(const net *n, const char *path, puma_error *e)
{
    X509       *own = SSL_CTX_get0_certificate(n->tls);
    const char *role = net_role(n, n->config.self);
    char        identity[64];

    identity_of(own, identity, sizeof identity);
    if (strncmp(identity, "puma:", 5) != 0 || strcmp(identity + 5, role) != 0)
        return error_set(e, 801, "%s: %s is needed, and this is %s%s", path, role,
                         strncmp(identity, "puma:", 5) == 0 ? "the certificate of " : "",
                         strncmp(identity, "puma:", 5) == 0 ? identity + 5 : identity);
    return certificate_in_time(own, path, e);
}

void tls_note_expiring(net *n, uint32_t node, const X509 *certificate)
{
    const ASN1_TIME *end;

    if (node > AUTHORITY || !certificate || !certificate_ends_soon(certificate)) return;
    end = X509_get0_notAfter(certificate);
    n->expiring[node] = true;
    if (n->first_end && ASN1_TIME_compare(n->first_end, end) <= 0) return;
    ASN1_TIME_free(n->first_end);
    n->first_end = ASN1_STRING_dup(end);
}

void tls_tell_expiring(net *n)
{
    char   roles[(AUTHORITY + 1) * 10] = "", when[40];
    size_t at = 0;

    if (!n->first_end || !n->config.event) return;
    certificate_date(when, sizeof when, n->first_end);
    for (uint32_t i = 0; i <= AUTHORITY; i++)
        if (n->expiring[i])
            at += (size_t)snprintf(roles + at, sizeof roles - at, "%s%s", at ? ", " : "",
                                   i < AUTHORITY ? net_role(n, i) : "ca");
    n->config.event(n->config.event_context, &(net_event){ .kind = NET_EXPIRING, .role = roles, .reason = when });
    ASN1_TIME_free(n->first_end);
    n->first_end = NULL;
}

/* After the last certificate of a text there is nothing: what cannot be read is not passed over. */
static puma_status at_end(const char *path, puma_error *e)
{
    unsigned long why = ERR_peek_last_error();

    if (ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE) {
        ERR_clear_error();
        return PUMA_OK;
    }
    return error_set(e, 801, "%s: %s", path, complaint());
}

/* The certificates whom this node trusts: all that are in the text. */
static puma_status take_authorities(net *n, BIO *text, const char *path, puma_error *e)
{
    X509_STORE *store = SSL_CTX_get_cert_store(n->tls);
    X509       *ca = certificate_take(text, path, e), *lasting = NULL;

    for (; ca; ca = PEM_read_bio_X509(text, NULL, NULL, NULL)) {
        bool added = X509_STORE_add_cert(store, ca) == 1;

        if (!lasting || ASN1_TIME_compare(X509_get0_notAfter(lasting), X509_get0_notAfter(ca)) < 0) {
            X509_free(lasting);
            lasting = ca;
        } else {
            X509_free(ca);
        }
        if (!added) error_set(e, 801, "%s: %s", path, complaint());
    }
    if (lasting) tls_note_expiring(n, AUTHORITY, lasting);
    X509_free(lasting);
    return e->status == PUMA_OK ? at_end(path, e) : e->status;
}

/* This node's certificate, and those between it and the CA's, if the text has more. */
static puma_status take_own(net *n, BIO *text, const char *path, puma_error *e)
{
    X509 *own = certificate_take(text, path, e), *more;

    if (!own) return e->status;
    if (SSL_CTX_use_certificate(n->tls, own) != 1) error_set(e, 801, "%s: %s", path, complaint());
    X509_free(own);
    while (e->status == PUMA_OK && (more = PEM_read_bio_X509(text, NULL, NULL, NULL))) {
        if (SSL_CTX_add1_chain_cert(n->tls, more) != 1) error_set(e, 801, "%s: %s", path, complaint());
        X509_free(more);
    }
    if (e->status != PUMA_OK || at_end(path, e) != PUMA_OK) return e->status;
    return check_own(n, path, e);
}

static puma_status take_key(net *n, BIO *text, const char *path, puma_error *e)
{
    EVP_PKEY *key = key_take(text, path, e);

    if (key && (SSL_CTX_use_PrivateKey(n->tls, key) != 1 || SSL_CTX_check_private_key(n->tls) != 1))
        error_set(e, 801, "%s: does not belong to the certificate beside it: %s", path, complaint());
    EVP_PKEY_free(key);
    return e->status;
}

/* From the three files of a folder. */
static puma_status read_certificates(net *n, puma_error *e)
{
    static puma_status (*const take[])(net *, BIO *, const char *, puma_error *) = { take_authorities, take_own,
                                                                                          take_key };
    const char *role = net_role(n, n->config.self), *const names[] = { "ca", role, role };
    char        path[4096];

    for (int i = 0; i < 3 && e->status == PUMA_OK; i++) {
        bool is_key = take[i] == take_key;
        BIO *text;

        if ((size_t)snprintf(path, sizeof path, "%s/%s.%s", n->certificates, names[i], is_key ? "key" : "pem") >= sizeof path)
            return error_set(e, 319, "%s: path too long", n->certificates);
        text = pem_read(path, is_key, n->config.allow_insecure, e);
        if (text) take[i](n, text, path, e);
        BIO_free(text);
    }
    return e->status;
}

/* From the text of net_config.identity, in whose order they stand. */
static puma_status take_identity(net *n, puma_error *e)
{
    static const char WHERE[] = "this run's certificates";
    BIO              *text = BIO_new_mem_buf(n->config.identity, -1);
    EVP_PKEY         *key = text ? key_take(text, WHERE, e) : NULL;
    X509             *own = key ? certificate_take(text, WHERE, e) : NULL;

    n->config.identity = NULL; /* the caller's, and soon forgotten */
    if (!text) error_set(e, 1001, "out of memory for %s", WHERE);
    if (own && (SSL_CTX_use_certificate(n->tls, own) != 1 || SSL_CTX_use_PrivateKey(n->tls, key) != 1))
        error_set(e, 801, "%s: %s", WHERE, complaint());
    if (e->status == PUMA_OK && check_own(n, WHERE, e) == PUMA_OK) take_authorities(n, text, WHERE, e);
    X509_free(own);
    EVP_PKEY_free(key);
    BIO_free(text);
    return e->status;
}

puma_status tls_open(net *n, puma_error *e)
{
    SSL_CTX *tls;

    ERR_clear_error();
    tls = n->tls = SSL_CTX_new(TLS_method());
    if (!tls || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(tls, TLS1_3_VERSION) != 1 || SSL_CTX_set_num_tickets(tls, 0) != 1 ||
        SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                      "TLS_CHACHA20_POLY1305_SHA256") != 1)
        return error_set(e, 1001, "TLS: %s", complaint());
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    /* Whatever the machine's own settings allow: no RSA below 2048 bits, no SHA-1 or MD5 in a signature. */
    SSL_CTX_set_security_level(tls, 2);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(tls, 0);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* A record's header and body, and more records, by one system call. */
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_default_read_buffer_len(tls, RX_BYTES);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
    if (n->config.identity) return take_identity(n, e); /* made just now */
    if (read_certificates(n, e) != PUMA_OK) return e->status;
    tls_note_expiring(n, n->config.self, SSL_CTX_get0_certificate(tls));
    if (n->config.self != PUMA_CLIENT) tls_tell_expiring(n);
    return PUMA_OK;
}

bool tls_begin(net *n, conn *c)
{
    ERR_clear_error();
    c->ssl = SSL_new(n->tls);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1) return false;
    SSL_set_app_data(c->ssl, c);
    if (c->outgoing)
        SSL_set_connect_state(c->ssl);
    else
        SSL_set_accept_state(c->ssl);
    return true;
}

int tls_step(conn *c, char *reason, size_t room)
{
    X509 *certificate;
    int   rc, why;

    *reason = '\0';
    ERR_clear_error();
    rc = SSL_do_handshake(c->ssl);
    if (rc == 1) {
        certificate = SSL_get0_peer_certificate(c->ssl);
        if (!certificate || SSL_get_verify_result(c->ssl) != X509_V_OK) {
            snprintf(reason, room, "no certificate");
            return -1;
        }
        identity_of(certificate, c->identity, sizeof c->identity);
        return 1;
    }
    why = SSL_get_error(c->ssl, rc);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        c->want = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        return 0;
    }
    if (c->reason[0]) {
        snprintf(reason, room, "%s", c->reason);
    } else if (why == SSL_ERROR_SSL &&
               ERR_GET_REASON(ERR_peek_last_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        snprintf(reason, room, "TLS handshake: %s", complaint());
    }
    ERR_clear_error();
    return -1;
}

ssize_t tls_read(conn *c, void *data, size_t n, char *reason, size_t room)
{
    size_t took = 0;
    int    why, what;

    ERR_clear_error();
    if (SSL_read_ex(c->ssl, data, n, &took) == 1) return (ssize_t)took;
    why = SSL_get_error(c->ssl, 0);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return STREAM_AGAIN;
    what = ERR_GET_REASON(ERR_peek_last_error());
    /* This alert is how OpenSSL says that our stream has ended where the peer is, which is no fault of TLS. */
    c->cut_off = why == SSL_ERROR_SSL && what == SSL_R_TLSV1_ALERT_DECODE_ERROR;
    if (why != SSL_ERROR_SSL || what == SSL_R_UNEXPECTED_EOF_WHILE_READING || c->cut_off) return STREAM_CLOSED;
    snprintf(reason, room, "%s", complaint());
    return STREAM_BROKEN;
}

/* The header and the first bytes behind it lie in c->stage, so that they become one record; the rest
 * follows from where it is. */
ssize_t tls_write(conn *c)
{
    bool        staged = c->tx_sent < c->stage_bytes;
    const void *data =
        staged ? c->stage + c->tx_sent : c->tx->data + c->tx_offset + (c->tx_sent - FRAME_HEAD);
    size_t      n = staged ? c->stage_bytes - c->tx_sent : c->tx_segment - (c->tx_sent - FRAME_HEAD), put = 0;
    int         why;

    ERR_clear_error();
    if (SSL_write_ex(c->ssl, data, n, &put) == 1) return (ssize_t)put;
    why = SSL_get_error(c->ssl, 0);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? STREAM_AGAIN : STREAM_CLOSED;
}

/* Between two frames, as OpenSSL takes a new key only when no record is half written. */
void tls_rekey(conn *c, size_t bytes)
{
    c->tx_keyed += bytes;
    if (c->tx_keyed <= KEY_BYTES) return;
    SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
    c->tx_keyed = 0;
}

bool tls_pending(const conn *c) { return c->ssl && SSL_has_pending(c->ssl); }

void tls_shutdown(conn *c)
{
    ERR_clear_error();
    SSL_shutdown(c->ssl);
    ERR_clear_error();
}
