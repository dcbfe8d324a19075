/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* hello.c - what two nodes say to each other before the first share: who, which version, which
 * configuration, fresh nonces, and the contributions from which a pair's seeds are made.
 *
 * Owns the content of HELLO, CONFIG and ROSTER and the derivation of roots and seeds.  Called by
 * handshake.c, which knows when each of them is due; sends and receives nothing itself. */
#include "net/wire.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PACKAGE_VERSION
#define PROGRAM_VERSION PACKAGE_VERSION
#else
#define PROGRAM_VERSION "unversioned"
#endif

#define HELLO_FIXED 48u /* wire version, from, to, nodes; nonce */
#define INPUT_PREFIX "input."

bool hello_derive(uint8_t out[32], const uint8_t key[32], const void *salt, size_t salt_bytes,
                  const char *purpose)
{
    EVP_KDF     *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char         digest[] = "SHA256";
    uint8_t      key_copy[32], salt_copy[32];
    char         info[128];
    OSSL_PARAM   p[5];
    bool         ok = false;

    memcpy(key_copy, key, 32);
    if (salt_bytes > sizeof salt_copy) salt_bytes = sizeof salt_copy;
    memcpy(salt_copy, salt, salt_bytes);
    snprintf(info, sizeof info, "puma %s", purpose);
    p[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    p[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy, 32);
    p[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy, salt_bytes);
    p[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info));
    p[4] = OSSL_PARAM_construct_end();
    if (ctx && EVP_KDF_derive(ctx, out, 32, p) == 1) ok = true;
    OPENSSL_cleanse(key_copy, sizeof key_copy);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

bool hello_start(net *n, puma_error *e)
{
    uint32_t self = n->config.self;
    uint8_t  node = (uint8_t)wire_number(self);
    bool     ok;

    if (n->config.seed)
        ok = hello_derive(n->nonce[self], n->seed, &node, 1, "nonce") &&
             hello_derive(n->own_root, n->seed, &node, 1, "own");
    else
        ok = RAND_bytes(n->nonce[self], 32) == 1 && RAND_priv_bytes(n->own_root, 32) == 1;
    for (uint32_t i = 0; ok && !n->config.seed && i < PUMA_NODES; i++)
        ok = RAND_priv_bytes(n->links[i].ours, 32) == 1;
    if (!ok) error_set(e, 1002, "no randomness from the system");
    return ok;
}

static uint32_t present_mask(const net *n)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (n->config.present[i]) mask |= 1u << wire_number(i);
    return mask;
}

frame *hello_frame(const net *n, uint32_t to)
{
    uint8_t data[HELLO_FIXED + sizeof PROGRAM_VERSION - 1];

    put32(data, WIRE_VERSION);
    put32(data + 4, wire_number(n->config.self));
    put32(data + 8, wire_number(to));
    put32(data + 12, present_mask(n));
    memcpy(data + 16, n->nonce[n->config.self], 32);
    memcpy(data + HELLO_FIXED, PROGRAM_VERSION, sizeof PROGRAM_VERSION - 1);
    return frame_copy(FRAME_HELLO, data, sizeof data);
}

puma_status hello_read(const net *n, const frame *f, const char *address, uint32_t *from, uint8_t nonce[32],
                       bool *malformed, puma_error *e)
{
    uint32_t self = n->config.self, wire, to;

    *malformed = f->size < HELLO_FIXED || f->size > HELLO_FIXED + 64;
    if (*malformed) return error_set(e, 704, "malformed HELLO from %s", address);
    wire = get32(f->data);
    *from = wire_node(get32(f->data + 4));
    to = wire_node(get32(f->data + 8));
    *malformed = *from >= PUMA_NODES;
    if (*malformed) return error_set(e, 704, "malformed HELLO from %s", address);
    if (wire != WIRE_VERSION)
        return error_set(e, 901, "%s speaks wire version %u, %s speaks %u", net_name(n, *from), wire,
                         net_name(n, self), WIRE_VERSION);
    if (f->size - HELLO_FIXED != strlen(PROGRAM_VERSION) ||
        memcmp(f->data + HELLO_FIXED, PROGRAM_VERSION, strlen(PROGRAM_VERSION)) != 0)
        return error_set(e, 901, "%s is puma %.*s, %s is puma %s", net_name(n, *from),
                         (int)(f->size - HELLO_FIXED), (const char *)f->data + HELLO_FIXED, net_name(n, self),
                         PROGRAM_VERSION);
    if (*from == self)
        return error_set(e, 903, "%s says that it is %s, and so are we", address, net_name(n, self));
    if (to != self)
        return error_set(e, 903, "%s at %s takes us for %s, but we are %s: are addresses swapped?",
                         net_name(n, *from), address, to < PUMA_NODES ? net_name(n, to) : "nobody",
                         net_name(n, self));
    if (!n->config.present[*from])
        return error_set(e, 903, "%s at %s has no part in this run", net_name(n, *from), address);
    if (get32(f->data + 12) != present_mask(n))
        return error_set(e, 903, "%s and %s disagree on which nodes take part", net_name(n, *from),
                         net_name(n, self));
    memcpy(nonce, f->data + 16, 32);
    return PUMA_OK;
}

/* --- the configuration ------------------------------------------------------------------------ */

frame *hello_config(const net *n)
{
    size_t   bytes = strlen(n->full);
    uint8_t *data = malloc(32 + bytes);

    if (!data) return NULL;
    if (EVP_Digest(n->full, bytes, data, NULL, EVP_sha256(), NULL) != 1) {
        free(data);
        return NULL;
    }
    memcpy(data + 32, n->full, bytes);
    return frame_new(FRAME_CONFIG, data, 32 + bytes);
}

puma_status hello_config_read(net *n, uint32_t peer, const frame *f, puma_error *e)
{
    node_link *l = &n->links[peer];
    uint8_t    digest[32];

    if (f->size < 32 || memchr(f->data + 32, 0, f->size - 32) ||
        EVP_Digest(f->data + 32, f->size - 32, digest, NULL, EVP_sha256(), NULL) != 1 ||
        memcmp(digest, f->data, 32) != 0)
        return error_set(e, 704, "malformed configuration from %s", net_name(n, peer));
    l->text = malloc(f->size - 32 + 1);
    if (!l->text) return error_set(e, 1001, "out of memory for the configuration of %s", net_name(n, peer));
    memcpy(l->text, f->data + 32, f->size - 32);
    l->text[f->size - 32] = '\0';
    return PUMA_OK;
}

/* The line at p: its length without the newline. */
static size_t      line_bytes(const char *p) { return strcspn(p, "\n"); }
static const char *line_next(const char *p)
{
    p += line_bytes(p);
    return *p ? p + 1 : p;
}
static size_t key_bytes(const char *p)
{
    size_t      line = line_bytes(p);
    const char *equals = memchr(p, '=', line);

    return equals ? (size_t)(equals - p) : line;
}
static bool same_key(const char *a, const char *b)
{
    size_t k = key_bytes(a);

    return k == key_bytes(b) && memcmp(a, b, k) == 0;
}
static bool has_key(const char *text, const char *line)
{
    for (; *text; text = line_next(text))
        if (same_key(text, line)) return true;
    return false;
}
static const char *skip_inputs(const char *p, bool skip)
{
    while (skip && strncmp(p, INPUT_PREFIX, strlen(INPUT_PREFIX)) == 0) p = line_next(p);
    return p;
}

static void say_value(char *out, size_t room, const char *line)
{
    if (!line) {
        snprintf(out, room, "has none");
        return;
    }
    size_t      key = key_bytes(line), bytes = line_bytes(line);
    const char *value = line + key + (key < bytes);
    size_t      show = bytes - (size_t)(value - line);

    snprintf(out, room, "%.*s%s", (int)(show > 64 ? 64 : show), value, show > 64 ? "..." : "");
}

/* Both texts are sorted, so the first pair of lines that differ tells which key does. */
static puma_status compare(const net *n, uint32_t peer, const char *mine, const char *theirs, bool skip,
                           puma_error *e)
{
    const char *a = skip_inputs(mine, skip), *b = skip_inputs(theirs, skip), *key;
    char        text[2][80];
    uint32_t low = n->config.self < peer ? n->config.self : peer, high = low == peer ? n->config.self : peer;

    while (*a && *b && line_bytes(a) == line_bytes(b) && memcmp(a, b, line_bytes(a)) == 0) {
        a = skip_inputs(line_next(a), skip);
        b = skip_inputs(line_next(b), skip);
    }
    if (!*a && !*b) return PUMA_OK;
    if (*a && *b && same_key(a, b)) {
        key = a;
    } else if (*a && (!*b || !has_key(b, a))) {
        key = a;
        b = NULL;
    } else {
        key = b;
        a = NULL;
    }
    say_value(text[0], sizeof text[0], low == peer ? b : a);
    say_value(text[1], sizeof text[1], low == peer ? a : b);
    return error_set(e, 902, "key %.*s: %s %s, %s %s", (int)(key_bytes(key) > 80 ? 80 : key_bytes(key)), key,
                     net_name(n, low), text[0], net_name(n, high), text[1]);
}

puma_status hello_adopt(net *n, puma_error *e)
{
    if (compare(n, PUMA_CLIENT, n->hello, n->links[PUMA_CLIENT].text, true, e) != PUMA_OK) return e->status;
    n->full = strdup(n->links[PUMA_CLIENT].text);
    return n->full ? PUMA_OK : error_set(e, 1001, "out of memory for the configuration");
}

puma_status hello_compare(const net *n, uint32_t peer, puma_error *e)
{
    return compare(n, peer, n->full, n->links[peer].text, false, e);
}

/* --- nonces and seeds ------------------------------------------------------------------------- */

#define ROSTER_LEAST 4u /* numbers: three parties and the client */

/* The nonces in the order of wire numbers up to the highest of this run, 0 for a node that is absent;
 * returns how many bytes that makes.  What is hashed into the session's id stays what it was for runs of up
 * to three parties. */
static size_t put_nonces(uint8_t out[PUMA_NODES * 32], const net *n)
{
    uint32_t count = ROSTER_LEAST;

    for (uint32_t i = 0; i < PUMA_NODES; i++)
        if (n->config.present[i] && wire_number(i) >= count) count = wire_number(i) + 1;
    for (uint32_t number = 0; number < count; number++)
        memcpy(out + (size_t)32 * number, n->nonce[wire_node(number)], 32);
    return (size_t)32 * count;
}

frame *hello_roster(net *n, uint32_t peer)
{
    uint8_t data[PUMA_NODES * 32 + 32];
    size_t  bytes = put_nonces(data, n);
    frame  *f;

    memcpy(data + bytes, n->links[peer].ours, 32);
    f = frame_copy(FRAME_ROSTER, data, bytes + 32);
    OPENSSL_cleanse(data, sizeof data);
    return f;
}

puma_status hello_roster_read(net *n, uint32_t peer, const frame *f, puma_error *e)
{
    uint8_t nonces[PUMA_NODES * 32];
    size_t  bytes = put_nonces(nonces, n);

    if (f->size != bytes + 32)
        return error_set(e, 704, "malformed list of nonces from %s", net_name(n, peer));
    if (memcmp(f->data, nonces, bytes) != 0)
        return error_set(e, 904, "%s and %s met different nodes: is another run using the same addresses?",
                         net_name(n, peer), net_name(n, n->config.self));
    memcpy(n->links[peer].theirs, f->data + bytes, 32);
    return PUMA_OK;
}

/* root = SHA-256(label, lower, higher, its contribution, the other's); with a test seed it comes from the
 * seed. */
static bool pair_root(net *n, uint32_t peer)
{
    node_link *l = &n->links[peer];
    uint32_t   self = n->config.self, low = self < peer ? self : peer, high = self < peer ? peer : self;
    uint8_t    pair[2] = { (uint8_t)wire_number(low), (uint8_t)wire_number(high) };
    uint8_t    data[9 + 2 + 64];
    bool       ok;

    if (n->config.seed) return hello_derive(l->root, n->seed, pair, sizeof pair, "pair");
    memcpy(data, "puma pair", 9);
    memcpy(data + 9, pair, 2);
    memcpy(data + 11, self < peer ? l->ours : l->theirs, 32);
    memcpy(data + 43, self < peer ? l->theirs : l->ours, 32);
    ok = EVP_Digest(data, sizeof data, l->root, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_cleanse(data, sizeof data);
    return ok;
}

bool hello_finish(net *n, puma_error *e)
{
    uint8_t data[12 + PUMA_NODES * 32 + 32], hash[32];
    size_t  bytes = strlen(n->full), nonces;
    bool    ok;

    /* With a test seed the lines are left out: they hold the digests of plugins, and what a run sends should
     * not change with the compiler. */
    memcpy(data, "puma session", 12);
    nonces = put_nonces(data + 12, n);
    ok = EVP_Digest(n->full, n->config.seed ? 0 : bytes, data + 12 + nonces, NULL, EVP_sha256(), NULL) == 1 &&
         EVP_Digest(data, 12 + nonces + 32, hash, NULL, EVP_sha256(), NULL) == 1;
    memcpy(n->session, hash, sizeof n->session);
    for (uint32_t i = 0; ok && i < PUMA_NODES; i++)
        if (i != n->config.self && n->config.present[i]) ok = pair_root(n, i);
    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        OPENSSL_cleanse(n->links[i].ours, 32);
        OPENSSL_cleanse(n->links[i].theirs, 32);
    }
    n->input = strdup(n->full);
    n->input_bytes = bytes;
    for (size_t i = 0; n->input && i < bytes; i++)
        if (n->input[i] == '\n') n->input[i] = '\0';
    if (!ok || !n->input) {
        error_set(e, 1001, "out of memory for the session's seeds");
        return false;
    }
    return true;
}
