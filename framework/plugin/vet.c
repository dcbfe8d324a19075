/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* vet.c - see vet.h */
#include "plugin/vet.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
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

/* Owner and mode.  A group may write where it is our own: a user's private group, as Debian sets it up. */
static puma_status vet_owner(const char *path, const struct stat *st, puma_error *e)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return error_set(e, 603, "%s: belongs to user %u, neither root nor us", path, (unsigned)st->st_uid);
    if ((st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && st->st_gid != 0 && st->st_gid != getegid()))
        return error_set(e, 603, "%s: can be written by others (mode %04o)", path,
                         (unsigned)(st->st_mode & 07777));
    return PUMA_OK;
}

puma_status vet_directory(const char *path, puma_error *e)
{
    struct stat st;

    if (stat(path, &st) != 0) return error_set(e, 603, "%s: %s", path, strerror(errno));
    return vet_owner(path, &st, e);
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

puma_status vet_file(const char *path, struct stat *file, puma_error *e)
{
    const char *fault;
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for its writer */

    if (fd < 0) return error_set(e, 603, "%s: %s", path, strerror(errno));
    if (fstat(fd, file) != 0) {
        error_set(e, 603, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(file->st_mode)) {
        error_set(e, 605, "%s: not a regular file", path);
    } else if (vet_owner(path, file, e) == PUMA_OK) {
        fault = vet_elf(fd, file->st_size);
        if (fault) error_set(e, 605, "%s: %s", path, fault);
    }
    close(fd);
    return e->status;
}

puma_status vet_digest(const char *path, char digest[65], puma_error *e)
{
    unsigned char bytes[EVP_MAX_MD_SIZE], *buffer = malloc(65536);
    EVP_MD_CTX   *context = EVP_MD_CTX_new();
    int           fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t       got = 0;

    if (fd < 0) {
        error_set(e, 603, "%s: %s", path, strerror(errno));
    } else if (!buffer || !context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        error_set(e, 1001, "out of memory (65536 bytes asked)");
    } else {
        while ((got = read(fd, buffer, 65536)) > 0 || (got < 0 && errno == EINTR))
            if (got > 0 && EVP_DigestUpdate(context, buffer, (size_t)got) != 1) break;
        if (got != 0 || EVP_DigestFinal_ex(context, bytes, NULL) != 1)
            error_set(e, 1002, "%s: cannot be read through for its SHA-256", path);
        else
            for (size_t i = 0; i < 32; i++) snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
    }
    if (fd >= 0) close(fd);
    EVP_MD_CTX_free(context);
    free(buffer);
    return e->status;
}
