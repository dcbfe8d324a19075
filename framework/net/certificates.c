/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* certificates.c - see certificates.h.
 *
 * Owns the files of a folder of certificates: the names, how keys are written and read, what an extension
 * says.  Called by `puma keygen` and by tls.c for a node's own key; opens no connection. */
#include "net/certificates.h"

#include "base/opened.h"
#include "base/staged.h"
#include "base/temporary.h"
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const roles[] = { "party0", "party1", "party2", "party3", "party4",
                                     "party5", "party6", "party7", "dealer", "client" };
#define ROLES (sizeof roles / sizeof *roles)

#define WARN_DAYS 7 /* before a certificate ends */

enum { PEM_LIMIT = 1 << 20 }; /* bytes of a file of keys or certificates */

/* Has a set for so many parties this role? */
static bool is_made(size_t role, unsigned parties) { return role < parties || role >= PUMA_MAX_PARTIES; }

static bool path_of(char *out, size_t room, const char *directory, const char *name, const char *suffix)
{
    return (size_t)snprintf(out, room, "%s/%s%s", directory, name, suffix) < room;
}

static bool extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX      context;
    X509_EXTENSION *extension;
    bool            ok;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ok = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool random_serial(X509 *certificate)
{
    unsigned char bytes[16];
    BIGNUM       *number;
    bool          ok;

    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] &= 0x7f;
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

/* issuer NULL: the CA itself, signed by its own key. */
static X509 *certify(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, unsigned days)
{
    X509      *x = X509_new();
    X509_NAME *subject = x ? X509_get_subject_name(x) : NULL;
    X509      *signer = issuer ? issuer : x;
    char       text[64];
    bool       ok = subject && X509_set_version(x, X509_VERSION_3) == 1 &&
              random_serial(x)
              /* A clock that is some minutes behind must not refuse what was made just now. */
              && X509_gmtime_adj(X509_getm_notBefore(x), -600) &&
              X509_time_adj_ex(X509_getm_notAfter(x), (int)days, 0, NULL) &&
              X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
                                         0) == 1 &&
              X509_set_issuer_name(x, X509_get_subject_name(signer)) == 1 && X509_set_pubkey(x, key) == 1;

    if (ok && !issuer)
        ok = extend(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
             extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
             extend(x, x, NID_subject_key_identifier, "hash");
    if (ok && issuer) {
        snprintf(text, sizeof text, "URI:puma:%s", name);
        ok = extend(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
             extend(x, issuer, NID_key_usage, "critical,digitalSignature") &&
             extend(x, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
             extend(x, issuer, NID_subject_key_identifier, "hash") &&
             extend(x, issuer, NID_authority_key_identifier, "keyid:always") &&
             extend(x, issuer, NID_subject_alt_name, text);
    }
    if (ok && X509_sign(x, issuer_key, EVP_sha256()) > 0) return x;
    X509_free(x);
    return NULL;
}

/* The last thing OpenSSL complained about. */
static const char *complaint(void)
{
    unsigned long code = ERR_peek_last_error();
    const char   *text = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return text ? text : "failed";
}

/* --- a set ------------------------------------------------------------------------------------- */

struct certificates {
    staged files[2 * (ROLES + 1)];
    size_t count;
    char  *made;    /* the folder, if it was not there */
    bool   replace; /* what is there already          */
};

/* Adds a file with the text of a BIO. */
static puma_status add_text(certificates *set, const char *path, mode_t mode, BIO *text, puma_error *e)
{
    staged *file = &set->files[set->count];
    char   *bytes;
    long    size = BIO_get_mem_data(text, &bytes);

    set->count++;
    if (staged_open(file, path, mode, e) == PUMA_OK && staged_write(file, bytes, (size_t)size, e) == PUMA_OK)
        staged_sync(file, e);
    return e->status;
}

/* Adds NAME.key and NAME.pem.  What a BIO in memory held is overwritten when it is freed. */
static puma_status add_pair(certificates *set, const char *directory, const char *name, X509 *certificate, EVP_PKEY *key,
                            puma_error *e)
{
    BIO *keys = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
    char path[4096];

    if (!path_of(path, sizeof path, directory, name, ".key"))
        error_set(e, 319, "%s: path too long", directory);
    else if (!keys || !public || PEM_write_bio_PrivateKey(keys, key, NULL, NULL, 0, NULL, NULL) != 1 ||
             PEM_write_bio_X509(public, certificate) != 1)
        error_set(e, 1001, "cannot write a certificate: %s", complaint());
    else if (add_text(set, path, 0600, keys, e) == PUMA_OK && path_of(path, sizeof path, directory, name, ".pem"))
        add_text(set, path, 0644, public, e);
    BIO_free(keys);
    BIO_free(public);
    return e->status;
}

puma_status certificates_place(certificates *set, puma_error *e)
{
    for (size_t i = 0; i < set->count; i++)
        if (staged_place(&set->files[i], set->replace, e) != PUMA_OK) {
            while (!set->replace && i-- > 0) unlink(set->files[i].path);
            return e->status;
        }
    if (set->made) temporary_settle(set->made);
    return PUMA_OK;
}

void certificates_close(certificates *set)
{
    if (!set) return;
    for (size_t i = 0; i < set->count; i++) staged_drop(&set->files[i]);
    if (set->made) temporary_remove(set->made);
    free(set->made);
    free(set);
}

/* Before anything is written: a half-made set helps nobody. */
static puma_status none_exist(const char *directory, unsigned parties, puma_error *e)
{
    static const char *const suffixes[] = { ".pem", ".key" };
    struct stat              st;
    char                     path[4096];

    for (size_t i = 0; i <= ROLES; i++)
        for (size_t k = 0; k < 2 && (i == ROLES || is_made(i, parties)); k++) {
            if (!path_of(path, sizeof path, directory, i < ROLES ? roles[i] : "ca", suffixes[k]))
                return error_set(e, 319, "%s: path too long", directory);
            if (lstat(path, &st) == 0) return error_set(e, 382, "%s exists already and is left alone", path);
        }
    return PUMA_OK;
}

/* A new key and certificate of a role; false with an error. */
static bool issue(const char *role, X509 *ca, EVP_PKEY *ca_key, unsigned days, X509 **certificate, EVP_PKEY **key,
                  puma_error *e)
{
    *key = EVP_EC_gen("P-256");
    *certificate = *key ? certify(role, *key, ca, ca_key, days) : NULL;
    if (!*certificate) error_set(e, 1001, "cannot make a certificate: %s", complaint());
    return *certificate != NULL;
}

/* Adds a role's. */
static puma_status add_role(certificates *set, const char *directory, const char *role, X509 *ca, EVP_PKEY *ca_key,
                            unsigned days, puma_error *e)
{
    EVP_PKEY *key;
    X509     *certificate;

    if (issue(role, ca, ca_key, days, &certificate, &key, e)) add_pair(set, directory, role, certificate, key, e);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return e->status;
}

static puma_status make_authority(X509 **ca, EVP_PKEY **ca_key, unsigned days, puma_error *e)
{
    *ca_key = EVP_EC_gen("P-256");
    *ca = *ca_key ? certify("Puma development CA", *ca_key, NULL, *ca_key, days) : NULL;
    return *ca ? PUMA_OK : error_set(e, 1001, "cannot make a CA: %s", complaint());
}

puma_status certificates_stage(certificates **out, const char *directory, unsigned parties, unsigned days, puma_error *e)
{
    certificates *set = *out = calloc(1, sizeof *set);
    EVP_PKEY     *ca_key = NULL;
    X509         *ca = NULL;

    if (!set) return error_set(e, 1001, "out of memory for certificates");
    if (days < 1 || days > 36500)
        return error_set(e, 311, "certificates for %u days: 1 to 36500 are possible", days);
    if (parties < 1 || parties > PUMA_MAX_PARTIES)
        return error_set(e, 311, "certificates for %u parties: 1 to %u are possible", parties,
                         PUMA_MAX_PARTIES);
    if (temporary_mkdir(directory, 0700) == 0) {
        set->made = strdup(directory);
        if (!set->made) temporary_remove(directory);
    } else if (errno != EEXIST) {
        return error_set(e, 1003, "%s: %s", directory, strerror(errno));
    }
    if (none_exist(directory, parties, e) != PUMA_OK) return e->status;
    if (make_authority(&ca, &ca_key, days, e) == PUMA_OK) add_pair(set, directory, "ca", ca, ca_key, e);
    for (size_t i = 0; e->status == PUMA_OK && i < ROLES; i++)
        if (is_made(i, parties)) add_role(set, directory, roles[i], ca, ca_key, days, e);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    ERR_clear_error();
    return e->status;
}

/* --- for one run ------------------------------------------------------------------------------- */

/* The texts of a role's key, its certificate and the CA's, one after the other; malloc'd. */
static char *identity_text(X509 *ca, X509 *certificate, EVP_PKEY *key)
{
    BIO  *text = BIO_new(BIO_s_mem());
    char *bytes, *copy = NULL;
    long  size;

    if (text && PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(text, certificate) == 1 && PEM_write_bio_X509(text, ca) == 1) {
        size = BIO_get_mem_data(text, &bytes);
        copy = strndup(bytes, (size_t)size);
    }
    BIO_free(text); /* and overwrites it */
    return copy;
}

puma_status certificates_for_run(const char *const *names, size_t count, char **identity, puma_error *e)
{
    EVP_PKEY *ca_key = NULL, *key;
    X509     *ca = NULL, *certificate;

    for (size_t i = 0; i < count; i++) identity[i] = NULL;
    make_authority(&ca, &ca_key, 1, e);
    for (size_t i = 0; e->status == PUMA_OK && i < count; i++) {
        if (issue(names[i], ca, ca_key, 1, &certificate, &key, e) &&
            !(identity[i] = identity_text(ca, certificate, key)))
            error_set(e, 1001, "out of memory for a certificate");
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    X509_free(ca);
    EVP_PKEY_free(ca_key); /* and overwrites it */
    ERR_clear_error();
    return e->status;
}

void identity_forget(char *identity)
{
    if (identity) OPENSSL_cleanse(identity, strlen(identity));
    free(identity);
}

/* --- reading ----------------------------------------------------------------------------------- */

/* An encrypted key cannot be asked about: there may be no terminal. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)writing;
    (void)context;
    if (size > 0) *buffer = '\0';
    return -1;
}

/* What of a file's mode others must not have: they would read a key, or choose whom this node trusts. */
static puma_status check_open(const char *path, mode_t mode, bool is_key, puma_error *e)
{
    mode_t theirs = is_key ? S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH : S_IWGRP | S_IWOTH;

    if ((mode & theirs) == 0) return PUMA_OK;
    if (is_key)
        return error_set(e, 380, "%s: private key is open to others (mode %04o, needs 0600)", path, (unsigned)mode & 07777u);
    return error_set(e, 381, "%s: certificate can be changed by others (mode %04o, needs 0644 or less)", path,
                     (unsigned)mode & 07777u);
}

BIO *pem_read(const char *path, bool is_key, bool open_to_others, puma_error *e)
{
    int         fd = opened_file(path, 0);
    struct stat st;
    BIO        *text = NULL;
    char        bytes[4096];
    ssize_t     got = 0;

    if (fd < 0 || fstat(fd, &st) != 0)
        error_set(e, error_by(errno, 801), "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        error_set(e, 801, "%s: not a regular file", path);
    else if (st.st_size > PEM_LIMIT)
        error_set(e, 801, "%s: too large (got %jd bytes, limit %d)", path, (intmax_t)st.st_size, PEM_LIMIT);
    else if (!open_to_others)
        check_open(path, st.st_mode, is_key, e);
    if (e->status == PUMA_OK && !(text = BIO_new(BIO_s_mem())))
        error_set(e, 1001, "%s: out of memory", path);
    for (off_t n = 0; e->status == PUMA_OK && n < st.st_size; n += got) {
        do got = read(fd, bytes, sizeof bytes);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            error_set(e, error_by(errno, 801), "%s: %s", path, strerror(errno));
        else if (got > 0 && BIO_write(text, bytes, (int)got) != (int)got)
            error_set(e, 1001, "%s: out of memory", path);
        if (got <= 0) break; /* shorter than it was: what is missing will be missed */
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (fd >= 0) close(fd);
    if (e->status == PUMA_OK) return text;
    BIO_free(text);
    return NULL;
}

EVP_PKEY *key_take(BIO *text, const char *path, puma_error *e)
{
    EVP_PKEY *key;

    ERR_clear_error();
    key = PEM_read_bio_PrivateKey(text, NULL, no_password, NULL);
    if (!key) error_set(e, 801, "%s: no usable private key (encrypted or damaged): %s", path, complaint());
    return key;
}

X509 *certificate_take(BIO *text, const char *path, puma_error *e)
{
    X509 *certificate;

    ERR_clear_error();
    certificate = PEM_read_bio_X509(text, NULL, no_password, NULL);
    if (!certificate) error_set(e, 801, "%s: no certificate: %s", path, complaint());
    return certificate;
}

void certificate_date(char *out, size_t room, const ASN1_TIME *t)
{
    BIO  *b = BIO_new(BIO_s_mem());
    char *text;
    long  bytes = 0;

    *out = '\0';
    if (b && ASN1_TIME_print(b, t) == 1) bytes = BIO_get_mem_data(b, &text);
    if (bytes > 0) snprintf(out, room, "%.*s", (int)bytes, text);
    BIO_free(b);
}

puma_status certificate_in_time(X509 *certificate, const char *path, puma_error *e)
{
    const ASN1_TIME *from = X509_get0_notBefore(certificate), *until = X509_get0_notAfter(certificate);
    char             when[40];

    if (X509_cmp_current_time(from) >= 0) {
        certificate_date(when, sizeof when, from);
        return error_set(e, 801, "%s: not valid before %s", path, when);
    }
    if (X509_cmp_current_time(until) <= 0) {
        certificate_date(when, sizeof when, until);
        return error_set(e, 801, "%s: expired on %s", path, when);
    }
    return PUMA_OK;
}

bool certificate_ends_soon(const X509 *certificate)
{
    int days = 0, seconds = 0;

    return ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1 && days < WARN_DAYS;
}

/* --- renewing ---------------------------------------------------------------------------------- */

bool certificates_is_role(const char *name)
{
    for (size_t i = 0; i < ROLES; i++)
        if (strcmp(roles[i], name) == 0) return true;
    return false;
}

/* The authority of a folder, which must be whole. */
static puma_status read_authority(const char *directory, X509 **ca, EVP_PKEY **ca_key, puma_error *e)
{
    char path[4096];
    BIO *text;

    if (!path_of(path, sizeof path, directory, "ca", ".key"))
        return error_set(e, 319, "%s: path too long", directory);
    if (access(path, F_OK) != 0)
        return error_set(e, error_by(errno, 385), "%s: %s: without the CA's key no certificate can be made", path, strerror(errno));
    if ((text = pem_read(path, true, false, e))) *ca_key = key_take(text, path, e);
    BIO_free(text);
    path_of(path, sizeof path, directory, "ca", ".pem");
    text = e->status == PUMA_OK ? pem_read(path, false, false, e) : NULL;
    if (text) *ca = certificate_take(text, path, e);
    BIO_free(text);
    if (e->status != PUMA_OK) return e->status;
    if (X509_check_private_key(*ca, *ca_key) != 1)
        return error_set(e, 801, "%s: ca.key does not belong to it", path);
    return certificate_in_time(*ca, path, e);
}

/* Whole days that are left of the authority, which no certificate shall outlive. */
static unsigned days_left(const X509 *ca)
{
    int days = 0, seconds = 0;

    return ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(ca)) == 1 && days > 0 ? (unsigned)days : 0;
}

puma_status certificates_renew(certificates **out, const char *directory, const char *role, unsigned *days, puma_error *e)
{
    certificates *set = *out = calloc(1, sizeof *set);
    EVP_PKEY     *ca_key = NULL;
    X509         *ca = NULL;

    if (!set) return error_set(e, 1001, "out of memory for certificates");
    set->replace = true;
    if (read_authority(directory, &ca, &ca_key, e) == PUMA_OK && days_left(ca) < *days) *days = days_left(ca);
    if (e->status == PUMA_OK && *days == 0)
        error_set(e, 386, "%s/ca.pem: the CA has less than a day left", directory);
    if (e->status == PUMA_OK) add_role(set, directory, role, ca, ca_key, *days, e);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    ERR_clear_error();
    return e->status;
}
