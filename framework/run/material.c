/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* material.c - see material.h */
#include "run/material.h"

#include "base/checked.h"
#include "base/opened.h"
#include "base/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "PUMADEAL"
enum { FORMAT = 2, HEADER = 160, HASH = 32, CHUNK = 1 << 16 };

/* Offsets in the header, which begins with the magic: version and number of records; the file's identity;
 * hashes of what the nodes agree on and of the inputs' lengths; the numbers of inputs and tokens, for
 * messages; bytes of a record; hash of all of these. */
enum {
    AT_VERSION = 8,
    AT_COUNT = 12,
    AT_ID = 16,
    AT_LINES = 32,
    AT_LENGTHS = 64,
    AT_INPUTS = 96,
    AT_TOKENS = 104,
    AT_SIZE = 112,
    AT_HASH = 128
};

static void put(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *from, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)from[i] << 8 * i;
    return value;
}

static puma_status hash_failed(puma_error *e) { return error_set(e, 1020, "SHA-256 failed"); }

static bool hash_lengths(uint8_t hash[HASH], const size_t *tokens, size_t count)
{
    EVP_MD_CTX *h = EVP_MD_CTX_new();
    bool        ok = h != NULL && EVP_DigestInit_ex(h, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; ok && i < count; i++) {
        uint8_t length[8];

        put(length, tokens[i], sizeof length);
        ok = EVP_DigestUpdate(h, length, sizeof length) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(h, hash, NULL) == 1;
    EVP_MD_CTX_free(h);
    return ok;
}

static bool hash_bytes(uint8_t hash[HASH], const void *bytes, size_t size)
{
    return EVP_Digest(bytes, size, hash, NULL, EVP_sha256(), NULL) == 1;
}

/* A record's hash begins with the file's identity and the record's number, so that no record can be taken for
 * another. */
static EVP_MD_CTX *record_hash(const uint8_t *id, uint32_t index)
{
    EVP_MD_CTX *h = EVP_MD_CTX_new();
    uint8_t     number[4];

    put(number, index, sizeof number);
    if (h != NULL && EVP_DigestInit_ex(h, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(h, id, 16) == 1 &&
        EVP_DigestUpdate(h, number, sizeof number) == 1)
        return h;
    EVP_MD_CTX_free(h);
    return NULL;
}

/* --- making ----------------------------------------------------------------------------------- */

struct material_writer {
    char       *path;
    staged      whole; /* the file, which has no name until it is complete: it holds seeds */
    FILE       *file;  /* writes to it                                                     */
    uint8_t     header[HEADER];
    uint32_t    count, done;
    uint64_t    size; /* of the record being written */
    EVP_MD_CTX *hash; /* of the record being written; NULL between two */
    puma_error  error;
};

static puma_status write_failed(material_writer *w)
{
    return error_set(&w->error, 1003, "%.200s: %s", w->path, strerror(errno));
}

static void add(material_writer *w, const void *bytes, size_t size)
{
    if (w->error.status != PUMA_OK) return;
    if (w->hash == NULL && (w->hash = record_hash(w->header + AT_ID, w->done)) == NULL)
        hash_failed(&w->error);
    if (w->error.status != PUMA_OK || size == 0) return;
    if (EVP_DigestUpdate(w->hash, bytes, size) != 1)
        hash_failed(&w->error);
    else if (fwrite(bytes, 1, size, w->file) != size)
        write_failed(w);
    w->size += size;
}

static void add_number(material_writer *w, uint64_t value, size_t bytes)
{
    uint8_t text[8];

    put(text, value, bytes);
    add(w, text, bytes);
}

void material_send(material_writer *w, uint32_t to, puma_phase phase, const void *payload, size_t size)
{
    add_number(w, MATERIAL_SEND, 1);
    add_number(w, to, 1);
    add_number(w, (uint64_t)phase, 1);
    add_number(w, size, 8);
    add(w, payload, size);
}

static void add_text(material_writer *w, const char *text)
{
    size_t size = strlen(text);

    add_number(w, size, 1);
    add(w, text, size);
}

void material_place(material_writer *w, const place *at)
{
    add_number(w, MATERIAL_PLACE, 1);
    add_text(w, at->part);
    add_number(w, (uint64_t)(at->layer + 1), 4);
    add_text(w, at->op);
}

void material_step(material_writer *w, report_step step, size_t tokens)
{
    add_number(w, MATERIAL_STEP, 1);
    add_number(w, (uint64_t)step, 1);
    add_number(w, tokens, 8);
}

void material_go(material_writer *w) { add_number(w, MATERIAL_GO, 1); }

puma_status material_end(material_writer *w, puma_error *e)
{
    uint8_t hash[HASH];

    add_number(w, MATERIAL_END, 1);
    if (w->error.status == PUMA_OK && EVP_DigestFinal_ex(w->hash, hash, NULL) != 1) hash_failed(&w->error);
    if (w->error.status == PUMA_OK && fwrite(hash, 1, HASH, w->file) != HASH) write_failed(w);
    EVP_MD_CTX_free(w->hash);
    w->hash = NULL;
    if (w->done > 0 && w->size + HASH != get(w->header + AT_SIZE, 8))
        error_set(&w->error, 7001, "%.200s: records of two sizes", w->path);
    put(w->header + AT_SIZE, w->size + HASH, 8);
    w->size = 0;
    w->done++;
    if (w->error.status != PUMA_OK) *e = w->error;
    return e->status;
}

puma_status material_create(material_writer **out, const char *path, const client_plan *c, uint32_t count,
                            puma_error *e)
{
    material_writer *w = calloc(1, sizeof *w);
    size_t           tokens = 0, inputs, *lengths;
    int              fd;

    *out = w;
    if (w == NULL) return error_set(e, 1001, "out of memory for %.200s", path);
    w->whole = STAGED_NONE;
    if ((w->path = strdup(path)) == NULL) return error_set(e, 1001, "out of memory for %.200s", path);
    if (client_lengths(c, &lengths, &inputs, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < inputs; i++) tokens += lengths[i];
    w->count = count;
    memcpy(w->header, MAGIC, 8);
    put(w->header + AT_VERSION, FORMAT, 4);
    put(w->header + AT_COUNT, count, 4);
    put(w->header + AT_INPUTS, inputs, 8);
    put(w->header + AT_TOKENS, tokens, 8);
    if (RAND_bytes(w->header + AT_ID, 16) != 1)
        error_set(e, 1002, "no randomness from the system");
    else if (!hash_bytes(w->header + AT_LINES, c->plan->hello, strlen(c->plan->hello)) ||
             !hash_lengths(w->header + AT_LENGTHS, lengths, inputs))
        hash_failed(e);
    free(lengths);
    if (e->status != PUMA_OK) return e->status;
    if (staged_open(&w->whole, path, 0600, e) != PUMA_OK) return e->status;
    fd = fcntl(w->whole.fd, F_DUPFD_CLOEXEC, 0);
    w->file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (w->file == NULL) {
        error_set(e, 1003, "%.200s: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return e->status;
    }
    /* The header, filled in at the end, and the marks, all "not used". */
    for (size_t i = 0; i < HEADER + (size_t)count && w->error.status == PUMA_OK; i++)
        if (putc(0, w->file) == EOF) write_failed(w);
    if (w->error.status != PUMA_OK) *e = w->error;
    return e->status;
}

puma_status material_finish(material_writer *w, uint64_t *record_bytes, puma_error *e)
{
    *record_bytes = get(w->header + AT_SIZE, 8);
    if (w->done != w->count)
        return error_set(e, 7001, "%.200s: %u of %u records", w->path, w->done, w->count);
    if (!hash_bytes(w->header + AT_HASH, w->header, AT_HASH)) return hash_failed(e);
    if (fseeko(w->file, 0, SEEK_SET) != 0 || fwrite(w->header, 1, HEADER, w->file) != HEADER ||
        fflush(w->file) != 0) {
        write_failed(w);
        *e = w->error;
        return e->status;
    }
    return staged_sync(&w->whole, e);
}

puma_status material_publish(material_writer *w, puma_error *e) { return staged_place(&w->whole, true, e); }

void material_discard(material_writer *w)
{
    if (w == NULL) return;
    if (w->file != NULL) fclose(w->file);
    staged_drop(&w->whole);
    EVP_MD_CTX_free(w->hash);
    free(w->path);
    free(w);
}

/* --- using ------------------------------------------------------------------------------------ */

struct material {
    const char *path; /* as the run file gives it */
    FILE       *file;
    uint8_t     header[HEADER];
    uint32_t    count, index;
    uint64_t    size, left; /* of a record; bytes left in the one in use */
    bool        taken;      /* record `index` is marked as used, by us */
};

static puma_status damaged(const material *m, puma_error *e, const char *what)
{
    return error_set(e, 430, "%.200s: dealer's material: %s", m->path, what);
}

static off_t record_at(const material *m, uint32_t index)
{
    return (off_t)(HEADER + m->count + (uint64_t)index * m->size);
}

static puma_status check_header(material *m, const plan *p, off_t bytes, puma_error *e)
{
    const uint8_t *h = m->header;
    uint8_t        hash[HASH];
    size_t         whole;

    if (fread(m->header, 1, HEADER, m->file) != HEADER || memcmp(h, MAGIC, 8) != 0)
        return damaged(m, e, "not a file of puma deal, or the beginning of one");
    if (get(h + AT_VERSION, 4) != FORMAT)
        return error_set(e, 430,
                         "%.200s: dealer's material: format %u, and this puma reads format %u: run puma deal again",
                         m->path, (unsigned)get(h + AT_VERSION, 4), (unsigned)FORMAT);
    if (!hash_bytes(hash, h, AT_HASH)) return hash_failed(e);
    if (memcmp(hash, h + AT_HASH, HASH) != 0) return damaged(m, e, "its header is damaged");
    m->count = (uint32_t)get(h + AT_COUNT, 4);
    m->size = get(h + AT_SIZE, 8);
    if (m->count == 0 || m->count > MATERIAL_MOST || m->size <= HASH ||
        !checked_mul(&whole, m->count, (size_t)m->size) ||
        !checked_add(&whole, whole, HEADER + (size_t)m->count) || whole > INT64_MAX)
        return damaged(m, e, "its header is damaged");
    if ((size_t)bytes != whole)
        return error_set(e, 430, "%.200s: dealer's material: cut or grown (got %jd bytes, limit %zu)",
                         m->path, (intmax_t)bytes, whole);
    if (!hash_bytes(hash, p->hello, strlen(p->hello))) return hash_failed(e);
    if (memcmp(hash, h + AT_LINES, HASH) != 0)
        return error_set(e, 911,
                         "%.200s: dealer's material was made for another run: another model, protocol, "
                         "functions or numbers",
                         m->path);
    return PUMA_OK;
}

/* The first unused record, or `count`. */
static puma_status first_unused(const material *m, uint32_t *index, puma_error *e)
{
    uint8_t *used = malloc(m->count);

    *index = 0;
    if (used == NULL) return error_set(e, 1001, "out of memory for %u marks", m->count);
    if (pread(fileno(m->file), used, m->count, HEADER) != (ssize_t)m->count)
        damaged(m, e, "its marks cannot be read");
    for (size_t i = 0; i < m->count && e->status == PUMA_OK; i++)
        if (used[i] > 1) damaged(m, e, "its marks of use are damaged");
    while (e->status == PUMA_OK && *index < m->count && used[*index] == 1) ++*index;
    if (e->status == PUMA_OK && *index == m->count)
        error_set(e, 912, "%.200s: dealer's material is used up (limit %u runs): each record serves once",
                  m->path, m->count);
    free(used);
    return e->status;
}

puma_status material_open(material **out, const plan *p, puma_error *e)
{
    material   *m = calloc(1, sizeof *m);
    struct stat about;
    uint32_t    index;
    int         fd;

    *out = m;
    if (m == NULL) return error_set(e, 1001, "out of memory for a dealer's material");
    m->path = p->run->material;
    fd = opened_file(m->path, O_RDWR);
    if (fd < 0 || fstat(fd, &about) != 0) {
        error_set(e, error_by(errno, 430), "%.200s: dealer's material: %s", m->path, strerror(errno));
        if (fd >= 0) close(fd);
        return e->status;
    }
    m->file = fdopen(fd, "r+b");
    if (m->file == NULL) {
        close(fd);
        return error_set(e, 1001, "out of memory for a dealer's material");
    }
    if (!S_ISREG(about.st_mode)) return damaged(m, e, "not a regular file");
    if ((about.st_mode & 077) != 0)
        return error_set(e, 383, "%.200s: open to other users (mode %03o), and it holds seeds: chmod 600",
                         m->path, (unsigned)(about.st_mode & 0777));
    if (check_header(m, p, about.st_size, e) == PUMA_OK) first_unused(m, &index, e);
    return e->status;
}

static puma_status check_lengths(const material *m, const size_t *tokens, size_t count, puma_error *e)
{
    uint8_t hash[HASH];
    size_t  sum = 0;

    for (size_t i = 0; i < count; i++) sum += tokens[i];
    if (!hash_lengths(hash, tokens, count)) return hash_failed(e);
    if (memcmp(hash, m->header + AT_LENGTHS, HASH) == 0) return PUMA_OK;
    return error_set(e, 911,
                     "%.200s: dealer's material was made for inputs of other lengths (got %zu inputs, %zu "
                     "tokens, limit %ju, %ju)",
                     m->path, count, sum, (uintmax_t)get(m->header + AT_INPUTS, 8),
                     (uintmax_t)get(m->header + AT_TOKENS, 8));
}

puma_status material_check(const plan *p, const client_plan *c, puma_error *e)
{
    material *m = NULL;
    size_t   *tokens = NULL, count;

    if (p->run->material != NULL && material_open(&m, p, e) == PUMA_OK && c != NULL &&
        client_lengths(c, &tokens, &count, e) == PUMA_OK)
        check_lengths(m, tokens, count, e);
    material_close(m);
    free(tokens);
    return e->status;
}

/* Checks the whole record before any of it is used. */
static puma_status check_record(material *m, puma_error *e)
{
    EVP_MD_CTX *h = record_hash(m->header + AT_ID, m->index);
    uint8_t    *chunk = malloc(CHUNK), hash[HASH], wanted[HASH];
    uint64_t    left = m->size - HASH;

    if (h == NULL || chunk == NULL || fseeko(m->file, record_at(m, m->index), SEEK_SET) != 0) hash_failed(e);
    while (left > 0 && e->status == PUMA_OK) {
        size_t some = left < CHUNK ? (size_t)left : CHUNK;

        if (fread(chunk, 1, some, m->file) != some)
            damaged(m, e, "a record is cut");
        else if (EVP_DigestUpdate(h, chunk, some) != 1)
            hash_failed(e);
        left -= some;
    }
    if (e->status == PUMA_OK && fread(wanted, 1, HASH, m->file) != HASH) damaged(m, e, "a record is cut");
    if (e->status == PUMA_OK && EVP_DigestFinal_ex(h, hash, NULL) != 1) hash_failed(e);
    if (e->status == PUMA_OK && memcmp(hash, wanted, HASH) != 0)
        error_set(e, 430, "%.200s: dealer's material: record %u is damaged", m->path, m->index);
    if (e->status == PUMA_OK && fseeko(m->file, record_at(m, m->index), SEEK_SET) != 0)
        damaged(m, e, strerror(errno));
    if (chunk != NULL) OPENSSL_cleanse(chunk, CHUNK);
    free(chunk);
    EVP_MD_CTX_free(h);
    return e->status;
}

puma_status material_take(material *m, const size_t *tokens, size_t count, puma_error *e)
{
    uint8_t used = 1;
    int     fd = fileno(m->file);

    if (check_lengths(m, tokens, count, e) != PUMA_OK) return e->status;
    /* Two dealers may have the same file open: the lock lets the second see the first one's mark. */
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) return damaged(m, e, strerror(errno));
    if (first_unused(m, &m->index, e) == PUMA_OK && check_record(m, e) == PUMA_OK &&
        (pwrite(fd, &used, 1, HEADER + (off_t)m->index) != 1 || fsync(fd) != 0))
        error_set(e, 1003, "%.200s: record %u cannot be marked as used: %s", m->path, m->index,
                  strerror(errno));
    flock(fd, LOCK_UN);
    m->left = m->size - HASH;
    m->taken = e->status == PUMA_OK;
    return e->status;
}

puma_status material_wipe(material *m, puma_error *e)
{
    static const uint8_t zeros[CHUNK];
    int                  fd;
    off_t                at;

    if (m == NULL || !m->taken) return e->status;
    fd = fileno(m->file);
    at = record_at(m, m->index);
    for (uint64_t left = m->size; left > 0;) {
        ssize_t done = pwrite(fd, zeros, left < CHUNK ? (size_t)left : CHUNK, at);

        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        at += done;
        left -= (uint64_t)done;
    }
    if (at != record_at(m, m->index + 1) || fsync(fd) != 0)
        return error_set(e, 1003, "%.200s: record %u, used, cannot be overwritten: %s", m->path, m->index,
                         strerror(errno));
    m->taken = false;
    return e->status;
}

static bool take(material *m, void *to, size_t size)
{
    if (size > m->left || fread(to, 1, size, m->file) != size) return false;
    m->left -= size;
    return true;
}

static bool take_number(material *m, uint64_t *value, size_t bytes)
{
    uint8_t text[8];

    if (!take(m, text, bytes)) return false;
    *value = get(text, bytes);
    return true;
}

static bool take_text(material *m, char *to, size_t room)
{
    uint64_t size;

    return take_number(m, &size, 1) && size < room && take(m, to, (size_t)size);
}

/* `at` must be zeroed. */
static bool take_place(material *m, place *at)
{
    uint64_t layer;

    if (!take_text(m, at->part, sizeof at->part)) return false;
    if (!take_number(m, &layer, 4) || layer > INT32_MAX) return false;
    at->layer = (int)layer - 1;
    return take_text(m, at->op, sizeof at->op);
}

puma_status material_next(material *m, material_event *event, puma_error *e)
{
    uint64_t kind, a, b, size;
    bool     ok = take_number(m, &kind, 1) && kind <= MATERIAL_GO;

    *event = (material_event){ 0 };
    if (!ok) return damaged(m, e, "a record ends too early");
    event->kind = (material_kind)kind;
    switch (event->kind) {
    case MATERIAL_SEND:
        ok = take_number(m, &a, 1) && take_number(m, &b, 1) && take_number(m, &size, 8) && a < PUMA_NODES &&
             b <= PUMA_ONLINE && size <= m->left;
        if (!ok) break;
        event->to = (uint32_t)a;
        event->phase = (puma_phase)b;
        event->size = (size_t)size;
        event->payload = malloc(event->size + 1);
        if (event->payload == NULL)
            return error_set(e, 1001, "out of memory for a message of %zu bytes", event->size);
        ok = take(m, event->payload, event->size);
        break;
    case MATERIAL_PLACE: ok = take_place(m, &event->at); break;
    case MATERIAL_STEP:
        ok = take_number(m, &a, 1) && take_number(m, &b, 8) && a <= REPORT_DECODE;
        if (ok) event->step = (report_step)a;
        if (ok) event->tokens = (size_t)b;
        break;
    default: break;
    }
    if (!ok) {
        free(event->payload);
        event->payload = NULL;
        return damaged(m, e, "a record's events are damaged");
    }
    return PUMA_OK;
}

void material_close(material *m)
{
    if (m == NULL) return;
    if (m->file != NULL) fclose(m->file);
    free(m);
}
