/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* vet.c - see vet.h */
#include "plugin/vet.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#endif

/* Is `group` that of one user alone, root or us, as Debian sets up groups?  Then what it may write is written by no
 * other. */
static bool private_group(gid_t group, uid_t us)
{
    char          users_text[1024], groups_text[4096];
    struct passwd user, *found_user = NULL;
    struct group  entry, *found = NULL;

    if (group != 0 && group != getegid()) return false;
    if (getgrgid_r(group, &entry, groups_text, sizeof groups_text, &found) != 0 || !found ||
        getpwuid_r(group == 0 ? 0 : us, &user, users_text, sizeof users_text, &found_user) != 0 || !found_user ||
        strcmp(entry.gr_name, user.pw_name) != 0)
        return false;
    for (char **member = entry.gr_mem; *member; member++)
        if (strcmp(*member, user.pw_name) != 0) return false;
    return true;
}

/* Owner and mode.  `above`: of a folder on the way, where the sticky bit keeps others from renaming what is not
 * theirs. */
static puma_status vet_owner(const char *path, const struct stat *st, bool above, puma_error *e)
{
    unsigned mode = (unsigned)(st->st_mode & 07777);

    if (st->st_uid != 0 && st->st_uid != geteuid())
        return error_set(e, 603, "%s: belongs to user %u, neither root nor us", path, (unsigned)st->st_uid);
    if (above && (st->st_mode & S_ISVTX)) return PUMA_OK;
    if (st->st_mode & S_IWOTH) return error_set(e, 603, "%s: can be written by others (mode %04o)", path, mode);
    if ((st->st_mode & S_IWGRP) && !private_group(st->st_gid, geteuid()))
        return error_set(e, 603, "%s: can be written by others, those of group %u (mode %04o; chmod g-w)", path,
                         (unsigned)st->st_gid, mode);
    return PUMA_OK;
}

static puma_status cannot_open(const char *path, puma_error *e)
{
    return error_set(e, error_by(errno, 603), "%s: %s", path, strerror(errno));
}

/* From the root down to the folder of `path`, each opened in the one before, so that none can be exchanged once it has been
 * looked at. */
static puma_status vet_way(const char *path, int *folder, puma_error *e)
{
    char  way[PATH_MAX] = "/", *name = way + 1;
    int   fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *last = strrchr(path, '/');

    while (fd >= 0) {
        struct stat st;
        const char *next = path + (name - way);
        size_t      length = strcspn(next, "/");
        int         inner;

        if (fstat(fd, &st) != 0) {
            cannot_open(way, e);
            break;
        }
        if (vet_owner(way, &st, next <= last, e) != PUMA_OK) break;
        if (next > last) { /* the file itself */
            *folder = fd;
            return PUMA_OK;
        }
        snprintf(name, sizeof way - (size_t)(name - way), "%.*s", (int)length, next);
        inner = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0) {
            cannot_open(way, e);
            break;
        }
        close(fd);
        fd = inner;
        name += length;
        *name++ = '/';
        *name = '\0';
    }
    if (fd < 0) return cannot_open("/", e);
    close(fd);
    return e->status;
}

/* All of `size` bytes at `offset`. */
static bool read_at(int fd, void *to, size_t size, off_t offset)
{
    char *p = to;

    while (size > 0) {
        ssize_t got = pread(fd, p, size, offset);

        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        p += got;
        offset += got;
        size -= (size_t)got;
    }
    return true;
}

static bool within(uint64_t offset, uint64_t size, off_t file)
{
    return offset <= (uint64_t)file && size <= (uint64_t)file - offset;
}

const char *vet_elf(int fd, off_t size)
{
    Elf64_Ehdr header;

    if (size < (off_t)sizeof header || !read_at(fd, &header, sizeof header, 0))
        return "too short for an ELF file";
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "not an ELF file";
    if (header.e_ident[EI_CLASS] != ELFCLASS64) return "not a 64-bit ELF file";
    if (header.e_ident[EI_DATA] != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB))
        return "an ELF file of the other byte order";
#ifdef OUR_MACHINE
    if (header.e_machine != OUR_MACHINE) return "an ELF file for another CPU";
#endif
    if (header.e_type != ET_DYN) return "not a shared library";
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > 1024 ||
        !within(header.e_phoff, (uint64_t)header.e_phnum * sizeof(Elf64_Phdr), size))
        return "program headers outside of the file";
    if (header.e_shnum > 0 && !within(header.e_shoff, (uint64_t)header.e_shnum * header.e_shentsize, size))
        return "cut short";
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr part;

        if (!read_at(fd, &part, sizeof part, (off_t)(header.e_phoff + i * sizeof part))) return "cut short";
        if (part.p_type != PT_GNU_STACK && part.p_type != PT_NULL &&
            !within(part.p_offset, part.p_filesz, size))
            return "cut short";
    }
    return NULL;
}

puma_status vet_open(const char *path, int *fd, struct stat *file, puma_error *e)
{
    const char *fault;
    int         folder, opened;

    *fd = -1;
    if (vet_way(path, &folder, e) != PUMA_OK) return e->status;
    /* A FIFO would wait for its writer. */
    opened = openat(folder, strrchr(path, '/') + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
    if (opened < 0) cannot_open(path, e);
    close(folder);
    if (opened < 0) return e->status;
    if (fstat(opened, file) != 0) {
        error_set(e, error_by(errno, 603), "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(file->st_mode)) {
        error_set(e, 605, "%s: not a regular file", path);
    } else if (vet_owner(path, file, false, e) == PUMA_OK) {
        errno = 0;
        fault = vet_elf(opened, file->st_size);
        if (fault && error_by(errno, 605) != 605) fault = strerror(errno);
        if (fault) error_set(e, error_by(errno, 605), "%s: %s", path, fault);
    }
    if (e->status == PUMA_OK)
        *fd = opened;
    else
        close(opened);
    return e->status;
}

puma_status vet_digest(int fd, const char *path, char digest[65], puma_error *e)
{
    unsigned char bytes[EVP_MAX_MD_SIZE], *buffer = malloc(65536);
    EVP_MD_CTX   *context = EVP_MD_CTX_new();
    ssize_t       got = 0;
    off_t         at = 0;

    if (!buffer || !context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        error_set(e, 1001, "out of memory (65536 bytes asked)");
    } else {
        while ((got = pread(fd, buffer, 65536, at)) > 0 || (got < 0 && errno == EINTR)) {
            if (got > 0 && EVP_DigestUpdate(context, buffer, (size_t)got) != 1) break;
            if (got > 0) at += got;
        }
        if (got != 0 || EVP_DigestFinal_ex(context, bytes, NULL) != 1)
            error_set(e, 1002, "%s: cannot be read through for its SHA-256", path);
        else
            for (size_t i = 0; i < 32; i++) snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
    }
    EVP_MD_CTX_free(context);
    free(buffer);
    return e->status;
}
