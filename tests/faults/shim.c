/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* shim.c - a library to preload: lets the k-th call of one kind fail, once or for ever, or all calls of a kind be slow to
 * succeed.  For sweep.c and by hand:
 *
 *   FAULT_KIND=alloc FAULT_AT=17 [FAULT_EVER=1] LD_PRELOAD=.../shim.so puma ...
 *
 * Kinds: alloc, and the calls in the table below.  Storms (no FAULT_AT): eintr, every third call that can be interrupted is;
 * short, reads and writes of one byte; eagain, every other call on a descriptor that does not block would have to wait.
 * FAULT_FILE names a file whose first eight bytes count the calls of the kind.  Children inherit it all, each counts alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum kind { NONE, ALLOC, READ, WRITE, PREAD, MMAP, OPEN, SOCKET, CONNECT, ACCEPT, POLL, GETRANDOM, RENAME, FSYNC, THREAD, EINTR_STORM, SHORT, EAGAIN_STORM, KINDS };

/* The name of a kind, and what a failed call says. */
static const struct {
    const char *name;
    int         error;
} kinds[KINDS] = {
    [ALLOC] = { "alloc", ENOMEM },     [READ] = { "read", EIO },         [WRITE] = { "write", ENOSPC },
    [PREAD] = { "pread", EIO },        [MMAP] = { "mmap", ENOMEM },      [OPEN] = { "open", EMFILE },
    [SOCKET] = { "socket", EMFILE },   [CONNECT] = { "connect", EAGAIN }, [ACCEPT] = { "accept", EMFILE },
    [POLL] = { "poll", ENOMEM },       [GETRANDOM] = { "getrandom", ENOSYS }, [RENAME] = { "rename", ENOSPC },
    [FSYNC] = { "fsync", ENOSPC },     [THREAD] = { "pthread_create", EAGAIN }, [EINTR_STORM] = { "eintr", EINTR },
    [SHORT] = { "short", 0 },          [EAGAIN_STORM] = { "eagain", EAGAIN },
};

static enum kind kind;
static uint64_t  at, here, *count = &here;
static bool      ever;

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FAULT_KIND"), *k = getenv("FAULT_AT"), *file = getenv("FAULT_FILE");
    int         fd = file ? open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd >= 0 && ftruncate(fd, 8) == 0) {
        void *shared = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (shared != MAP_FAILED) count = shared;
    }
    if (fd >= 0) close(fd);
    at = k ? strtoull(k, NULL, 10) : 0;
    ever = getenv("FAULT_EVER") != NULL;
    for (enum kind i = ALLOC; name && i < KINDS; i++)
        if (strcmp(name, kinds[i].name) == 0) kind = i;
}

/* Counts a call; is it to fail? */
static bool fails(enum kind which)
{
    uint64_t n;

    if (kind != which) return false;
    n = __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
    if (at == 0 || (ever ? n < at : n != at)) return false;
    errno = kinds[which].error;
    return true;
}

static bool interrupted(void)
{
    if (kind != EINTR_STORM || __atomic_add_fetch(count, 1, __ATOMIC_RELAXED) % 3 != 0) return false;
    errno = EINTR;
    return true;
}

static bool would_wait(int fd)
{
    struct stat st;
    int         flags;

    if (kind != EAGAIN_STORM || fstat(fd, &st) != 0 || S_ISREG(st.st_mode)) return false;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || !(flags & O_NONBLOCK) || __atomic_add_fetch(count, 1, __ATOMIC_RELAXED) % 2 != 0) return false;
    errno = EAGAIN;
    return true;
}

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))
#define CUT(n) (kind == SHORT && (n) > 1 ? 1 : (n))

/* --- memory --- */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

EXPORT void *malloc(size_t size) { return fails(ALLOC) ? NULL : __libc_malloc(size); }
EXPORT void *calloc(size_t n, size_t size) { return fails(ALLOC) ? NULL : __libc_calloc(n, size); }
EXPORT void *realloc(void *p, size_t size) { return fails(ALLOC) ? NULL : __libc_realloc(p, size); }
EXPORT void *aligned_alloc(size_t to, size_t size) { return fails(ALLOC) ? NULL : __libc_memalign(to, size); }
EXPORT void *memalign(size_t to, size_t size) { return fails(ALLOC) ? NULL : __libc_memalign(to, size); }
EXPORT int   posix_memalign(void **p, size_t to, size_t size)
{
    if (fails(ALLOC)) return ENOMEM;
    *p = __libc_memalign(to, size);
    return *p ? 0 : ENOMEM;
}

EXPORT void *mmap(void *p, size_t size, int protection, int flags, int fd, off_t offset)
{
    return fails(MMAP) ? MAP_FAILED : REAL(mmap)(p, size, protection, flags, fd, offset);
}
EXPORT void *mmap64(void *p, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return fails(MMAP) ? MAP_FAILED : REAL(mmap64)(p, size, protection, flags, fd, offset);
}

/* --- files and sockets --- */

EXPORT ssize_t read(int fd, void *to, size_t n)
{
    return fails(READ) || interrupted() || would_wait(fd) ? -1 : REAL(read)(fd, to, CUT(n));
}
EXPORT ssize_t write(int fd, const void *from, size_t n)
{
    return fails(WRITE) || interrupted() || would_wait(fd) ? -1 : REAL(write)(fd, from, CUT(n));
}
EXPORT ssize_t pread(int fd, void *to, size_t n, off_t offset)
{
    return fails(PREAD) || interrupted() ? -1 : REAL(pread)(fd, to, CUT(n), offset);
}
EXPORT ssize_t pread64(int fd, void *to, size_t n, off64_t offset)
{
    return fails(PREAD) || interrupted() ? -1 : REAL(pread64)(fd, to, CUT(n), offset);
}
EXPORT ssize_t recv(int fd, void *to, size_t n, int flags)
{
    return fails(READ) || interrupted() || would_wait(fd) ? -1 : REAL(recv)(fd, to, flags & MSG_PEEK ? n : CUT(n), flags);
}
EXPORT ssize_t send(int fd, const void *from, size_t n, int flags)
{
    return fails(WRITE) || interrupted() || would_wait(fd) ? -1 : REAL(send)(fd, from, CUT(n), flags);
}

#define MODE(flags)                                                                                                 \
    ({                                                                                                              \
        mode_t mode_ = 0;                                                                                           \
        if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                      \
            va_list list_;                                                                                          \
            va_start(list_, flags);                                                                                 \
            mode_ = va_arg(list_, mode_t);                                                                          \
            va_end(list_);                                                                                          \
        }                                                                                                           \
        mode_;                                                                                                      \
    })

EXPORT int open(const char *path, int flags, ...) { return fails(OPEN) ? -1 : REAL(open)(path, flags, MODE(flags)); }
EXPORT int open64(const char *path, int flags, ...) { return fails(OPEN) ? -1 : REAL(open64)(path, flags, MODE(flags)); }
EXPORT int openat(int at_fd, const char *path, int flags, ...)
{
    return fails(OPEN) ? -1 : REAL(openat)(at_fd, path, flags, MODE(flags));
}
EXPORT int openat64(int at_fd, const char *path, int flags, ...)
{
    return fails(OPEN) ? -1 : REAL(openat64)(at_fd, path, flags, MODE(flags));
}
EXPORT FILE *fopen(const char *path, const char *mode) { return fails(OPEN) ? NULL : REAL(fopen)(path, mode); }
EXPORT FILE *fopen64(const char *path, const char *mode) { return fails(OPEN) ? NULL : REAL(fopen64)(path, mode); }
EXPORT int   socket(int family, int type, int protocol) { return fails(SOCKET) ? -1 : REAL(socket)(family, type, protocol); }
EXPORT int   connect(int fd, const struct sockaddr *to, socklen_t n) { return fails(CONNECT) ? -1 : REAL(connect)(fd, to, n); }
EXPORT int   accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
    return fails(ACCEPT) || interrupted() || would_wait(fd) ? -1 : REAL(accept4)(fd, from, n, flags);
}
EXPORT int poll(struct pollfd *fds, nfds_t n, int ms) { return fails(POLL) || interrupted() ? -1 : REAL(poll)(fds, n, ms); }
EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *limit, const sigset_t *mask)
{
    return fails(POLL) || interrupted() ? -1 : REAL(ppoll)(fds, n, limit, mask);
}
EXPORT ssize_t getrandom(void *to, size_t n, unsigned flags)
{
    return fails(GETRANDOM) || interrupted() ? -1 : REAL(getrandom)(to, CUT(n), flags);
}
/* OpenSSL's way to the system's random numbers. */
EXPORT int getentropy(void *to, size_t n) { return fails(GETRANDOM) ? -1 : REAL(getentropy)(to, n); }
EXPORT int rename(const char *from, const char *to) { return fails(RENAME) ? -1 : REAL(rename)(from, to); }
EXPORT int fsync(int fd) { return fails(FSYNC) ? -1 : REAL(fsync)(fd); }
EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context)
{
    return fails(THREAD) ? EAGAIN : REAL(pthread_create)(thread, attributes, start, context);
}
