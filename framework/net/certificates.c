/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* certificates.c - see certificates.h.
 *
 * Owns the files of a folder of certificates: the names, how keys are written and read, what an extension
 * says.  Called by `puma keygen` and by tls.c for a node's own key; opens no connection. */
#include "net/certificates.h"
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const roles[] = { "party0", "party1", "party2", "party3", "party4",
                                     "party5", "party6", "party7", "dealer", "client" };
#define ROLES (sizeof roles / sizeof *roles)

#define WARN_DAYS 7 /* before a certificate ends */

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

/* Writes one of the two; refuses to touch what exists. */
static puma_status write_pem(const char *path, X509 *certificate, EVP_PKEY *key, puma_error *e)
{
    int   fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, key ? 0600 : 0644);
    FILE *file;
    bool  ok;

    if (fd < 0 && errno == EEXIST) return error_set(e, 382, "%s exists already and is left alone", path);
    file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        error_set(e, 1003, "%s: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return e->status;
    }
    ok = key ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1
             : PEM_write_X509(file, certificate) == 1;
    ok = fflush(file) == 0 && fsync(fd) == 0 && ok;
    if (fclose(file) != 0 || !ok) return error_set(e, 1003, "%s: %s", path, strerror(errno));
    return PUMA_OK;
}

static puma_status write_pair(const char *directory, const char *name, X509 *certificate, EVP_PKEY *key,
                              puma_error *e)
{
    char path[4096];

    if (!path_of(path, sizeof path, directory, name, ".key"))
        return error_set(e, 319, "%s: path too long", directory);
    if (write_pem(path, NULL, key, e) != PUMA_OK) return e->status;
    path_of(path, sizeof path, directory, name, ".pem");
    return write_pem(path, certificate, NULL, e);
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

/* A new key and certificate of a role, to `write`: beside what is there, or in its place. */
static puma_status issue(const char *directory, const char *role, X509 *ca, EVP_PKEY *ca_key, unsigned days,
                         puma_status (*write)(const char *, const char *, X509 *, EVP_PKEY *, puma_error *), puma_error *e)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509     *certificate = key ? certify(role, key, ca, ca_key, days) : NULL;

    if (certificate)
        write(directory, role, certificate, key, e);
    else
        error_set(e, 1001, "cannot make a certificate: %s", complaint());
    X509_free(certificate);
    EVP_PKEY_free(key);
    return e->status;
}

puma_status certificates_make(const char *directory, unsigned parties, unsigned days, puma_error *e)
{
    EVP_PKEY *ca_key = NULL;
    X509     *ca = NULL;

    if (days < 1 || days > 36500)
        return error_set(e, 311, "certificates for %u days: 1 to 36500 are possible", days);
    if (parties < 1 || parties > PUMA_MAX_PARTIES)
        return error_set(e, 311, "certificates for %u parties: 1 to %u are possible", parties,
                         PUMA_MAX_PARTIES);
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return error_set(e, 1003, "%s: %s", directory, strerror(errno));
    if (none_exist(directory, parties, e) != PUMA_OK) return e->status;
    ca_key = EVP_EC_gen("P-256");
    ca = ca_key ? certify("Puma development CA", ca_key, NULL, ca_key, days) : NULL;
    if (!ca) error_set(e, 1001, "cannot make a CA: %s", complaint());
    if (ca) write_pair(directory, "ca", ca, ca_key, e);
    for (size_t i = 0; e->status == PUMA_OK && i < ROLES; i++)
        if (is_made(i, parties)) issue(directory, roles[i], ca, ca_key, days, write_pair, e);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    ERR_clear_error();
    return e->status;
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

EVP_PKEY *key_read(const char *path, bool open_to_others, puma_error *e)
{
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    FILE       *file;
    EVP_PKEY   *key;

    if (fd < 0 || fstat(fd, &st) != 0) {
        error_set(e, 801, "%s: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        error_set(e, 801, "%s: not a regular file", path);
        return NULL;
    }
    if (st.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH) && !open_to_others) {
        close(fd);
        error_set(e, 380, "%s: private key is open to others (mode %04o, needs 0600)", path,
                  (unsigned)st.st_mode & 07777u);
        return NULL;
    }
    file = fdopen(fd, "r");
    if (!file) {
        close(fd);
        error_set(e, 1002, "%s: %s", path, strerror(errno));
        return NULL;
    }
    ERR_clear_error();
    key = PEM_read_PrivateKey(file, NULL, no_password, NULL);
    fclose(file);
    if (!key) error_set(e, 801, "%s: no usable private key (encrypted or damaged): %s", path, complaint());
    return key;
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
    char  path[4096];
    FILE *file;

    if (!path_of(path, sizeof path, directory, "ca", ".key"))
        return error_set(e, 319, "%s: path too long", directory);
    if (access(path, F_OK) != 0)
        return error_set(e, 385, "%s: %s: without the CA's key no certificate can be made", path, strerror(errno));
    *ca_key = key_read(path, false, e);
    if (!*ca_key) return e->status;
    path_of(path, sizeof path, directory, "ca", ".pem");
    file = fopen(path, "re");
    if (!file) return error_set(e, 801, "%s: %s", path, strerror(errno));
    ERR_clear_error();
    *ca = PEM_read_X509(file, NULL, no_password, NULL);
    fclose(file);
    if (!*ca) return error_set(e, 801, "%s: no certificate: %s", path, complaint());
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

/* The pair under its final names: each file is the old one or the new one, never half of it. */
static puma_status replace_pair(const char *directory, const char *name, X509 *certificate, EVP_PKEY *key,
                                puma_error *e)
{
    static const char *const suffixes[] = { ".key", ".pem" };
    char                     fresh[64], from[4096], to[4096];

    snprintf(fresh, sizeof fresh, ".%s-%ld", name, (long)getpid());
    if (!path_of(from, sizeof from, directory, fresh, ".pem"))
        return error_set(e, 319, "%s: path too long", directory);
    write_pair(directory, fresh, certificate, key, e);
    for (size_t i = 0; i < 2; i++) {
        path_of(from, sizeof from, directory, fresh, suffixes[i]);
        path_of(to, sizeof to, directory, name, suffixes[i]);
        if (e->status == PUMA_OK && rename(from, to) != 0)
            error_set(e, 1003, "%s: %s", to, strerror(errno));
        if (e->status != PUMA_OK) unlink(from);
    }
    return e->status;
}

puma_status certificates_renew(const char *directory, const char *role, unsigned *days, puma_error *e)
{
    EVP_PKEY *ca_key = NULL;
    X509     *ca = NULL;

    if (read_authority(directory, &ca, &ca_key, e) == PUMA_OK && days_left(ca) < *days) *days = days_left(ca);
    if (e->status == PUMA_OK && *days == 0)
        error_set(e, 386, "%s/ca.pem: the CA has less than a day left", directory);
    if (e->status == PUMA_OK) issue(directory, role, ca, ca_key, *days, replace_pair, e);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    ERR_clear_error();
    return e->status;
}
