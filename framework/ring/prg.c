/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* prg.c - see prg.h.
 *
 * Owns the cipher that is fetched once for the process, and whether a draw has ever failed.  Called by the
 * host for backends' streams and by the client's sampler.  Knows no session: its callers ask prg_failed
 * before they let anything out. */
#include "ring/prg.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define KEY_BYTES 16
#define BLOCK_BYTES 16
#define PIECE 8192  /* bytes per call of the cipher: source and destination stay in the L1 cache */
#define NARROW 4096 /* bytes of key stream that are widened to words at a time */

struct puma_prg {
    EVP_CIPHER_CTX *cipher;
    uint64_t        position;
};

/* Fetched once and kept to the end of the process: fetching takes locks and searches. */
static EVP_CIPHER *aes;
static EVP_KDF    *hkdf;

static void fetch(void)
{
    aes = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
    hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
}

/* A draw has no result by which it could report a failure.  Once a key is set OpenSSL gives no reason for
 * one, but words that are not random must never serve as masks: they would send the secret in clear.  So a
 * failure is remembered, for the whole process, as it would be OpenSSL's and not the stream's. */
static atomic_bool failed;

bool prg_failed(void) { return atomic_load(&failed); }

static bool derive(uint8_t key[KEY_BYTES], const uint8_t seed[32], const char *purpose)
{
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
    /* OpenSSL only reads them, but its table of parameters has no const. */
    OSSL_PARAM   params[] = {
          OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
          OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)seed, 32),
          OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)purpose, strlen(purpose)),
          OSSL_PARAM_construct_end(),
    };
    bool done = context && EVP_KDF_derive(context, key, KEY_BYTES, params) == 1;

    EVP_KDF_CTX_free(context);
    return done;
}

puma_status prg_new(puma_prg **prg, const uint8_t seed[32], const char *purpose, puma_error *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const uint8_t         zero[BLOCK_BYTES] = { 0 };
    uint8_t               key[KEY_BYTES];
    puma_prg *new;
    puma_status status = PUMA_OK;

    *prg = NULL;
    pthread_once(&once, fetch);
    if (!aes || !hkdf) return error_set(e, 1020, "OpenSSL has no AES-128-CTR or no HKDF");
    new = calloc(1, sizeof *new);
    if (new) new->cipher = EVP_CIPHER_CTX_new();
    if (!new || !new->cipher)
        status = error_set(e, 1001, "random stream \"%s\": out of memory", purpose);
    else if (!derive(key, seed, purpose) || EVP_EncryptInit_ex2(new->cipher, aes, key, zero, NULL) != 1)
        status = error_set(e, 1020, "random stream \"%s\": OpenSSL derived no key", purpose);
    OPENSSL_cleanse(key, sizeof key);
    if (status == PUMA_OK)
        *prg = new;
    else
        prg_free(new);
    return status;
}

void prg_free(puma_prg *prg)
{
    if (!prg) return;
    EVP_CIPHER_CTX_free(prg->cipher); /* OpenSSL cleanses the key schedule */
    OPENSSL_cleanse(prg, sizeof *prg);
    free(prg);
}

void prg_bytes(puma_prg *prg, uint8_t *bytes, size_t n)
{
    static const uint8_t zeros[PIECE];

    prg->position += n;
    while (n > 0) {
        int take = n < PIECE ? (int)n : PIECE, out = 0;

        if (EVP_EncryptUpdate(prg->cipher, bytes, &out, zeros, take) != 1 || out != take) {
            atomic_store(&failed, true);
            memset(bytes, 0, n); /* the same wherever it fails, and nothing of the caller's memory */
            return;
        }
        bytes += take;
        n -= (size_t)take;
    }
}

uint64_t prg_position(const puma_prg *prg) { return prg->position; }

void prg_seek(puma_prg *prg, uint64_t position)
{
    uint8_t  counter[BLOCK_BYTES] = { 0 }, skipped[BLOCK_BYTES];
    uint64_t block = position / BLOCK_BYTES;

    for (int i = BLOCK_BYTES - 1; i >= BLOCK_BYTES - 8; i--, block >>= 8) counter[i] = (uint8_t)block;
    if (EVP_EncryptInit_ex2(prg->cipher, NULL, NULL, counter, NULL) != 1) atomic_store(&failed, true);
    prg_bytes(prg, skipped, position % BLOCK_BYTES);
    OPENSSL_cleanse(skipped, sizeof skipped);
    prg->position = position;
}

static uint64_t load2(const uint8_t *p) { return (uint64_t)p[0] | (uint64_t)p[1] << 8; }

static uint64_t load4(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

#if defined(__x86_64__)
#define load_16(p) _mm_loadu_si128((const __m128i *)(p))

/* Four values at a time; how many are done. */
__attribute__((target("avx2"))) static size_t widen_avx2(uint64_t *words, const uint8_t *raw, size_t n,
                                                         size_t size, uint64_t mask)
{
    const __m256i m = _mm256_set1_epi64x((long long)mask);
    size_t        i = 0;

#define WIDEN(LOAD, CONVERT)                                                                                 \
    for (; i + 4 <= n; i += 4)                                                                               \
    _mm256_storeu_si256((__m256i *)(words + i), _mm256_and_si256(CONVERT(LOAD(raw + i * size)), m))
    switch (size) {
    case 1: WIDEN(_mm_loadu_si32, _mm256_cvtepu8_epi64); break;
    case 2: WIDEN(_mm_loadu_si64, _mm256_cvtepu16_epi64); break;
    default: WIDEN(load_16, _mm256_cvtepu32_epi64); break;
    }
#undef WIDEN
    return i;
}
#endif

/* n values of `size` bytes to words.  The size is a constant in each loop, so that a value is one load. */
static void widen(uint64_t *words, const uint8_t *raw, size_t n, size_t size, uint64_t mask)
{
    size_t i = 0;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) i = widen_avx2(words, raw, n, size, mask);
#endif
    switch (size) {
    case 1:
        for (; i < n; i++) words[i] = raw[i] & mask;
        break;
    case 2:
        for (; i < n; i++) words[i] = load2(raw + 2 * i) & mask;
        break;
    default:
        for (; i < n; i++) words[i] = load4(raw + 4 * i) & mask;
        break;
    }
}

/* Values of `size` bytes: the stream is drawn in pieces and widened. */
static void narrow_words(puma_prg *prg, uint64_t *words, size_t n, size_t size, uint64_t mask)
{
    uint8_t raw[NARROW];

    for (size_t at = 0; at < n;) {
        size_t take = n - at < NARROW / size ? n - at : NARROW / size;

        prg_bytes(prg, raw, take * size);
        widen(words + at, raw, take, size, mask);
        at += take;
    }
    OPENSSL_cleanse(raw, sizeof raw);
}

/* n words of 64 bits in place, the same numbers on a CPU of either byte order. */
static void whole_words(puma_prg *prg, uint64_t *words, size_t n)
{
    prg_bytes(prg, (uint8_t *)words, n * sizeof *words);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t i = 0; i < n; i++) words[i] = __builtin_bswap64(words[i]);
#endif
}

void prg_words(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits)
{
    uint64_t mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : 0;

    if (bits >= 64) {
        whole_words(prg, words, n);
        return;
    }
    if (bits <= 32) {
        narrow_words(prg, words, n, bits <= 8 ? 1 : bits <= 16 ? 2 : 4, mask);
        return;
    }
    for (size_t at = 0; at < n;) { /* in pieces, so that they are masked while still in the cache */
        size_t take = n - at < PIECE / 8 ? n - at : PIECE / 8;

        whole_words(prg, words + at, take);
        for (size_t i = 0; i < take; i++) words[at + i] &= mask;
        at += take;
    }
}

void prg_bits(puma_prg *prg, uint64_t *words, size_t n)
{
    size_t count = n / 64 + (n % 64 != 0);

    whole_words(prg, words, count);
    if (n % 64 != 0) words[count - 1] &= ((uint64_t)1 << (n % 64)) - 1;
}
