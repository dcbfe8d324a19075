/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* address.c - "host:port" to sockets, and the rule that plain TCP stays on the loopback.
 *
 * Called by sockets.c when links are made.  Reads and writes nothing. */
#include "net/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void address_text(char *out, size_t room, const struct sockaddr *a, socklen_t bytes)
{
    char host[64], port[16];

    /* Of other families (a Unix socket's end may have no name) the library would show what lies behind. */
    if ((a->sa_family != AF_INET && a->sa_family != AF_INET6) ||
        getnameinfo(a, bytes, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        snprintf(out, room, "unknown address");
        return;
    }
    snprintf(out, room, a->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
    if (a->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;

        return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    }
    return false;
}

static puma_status refuse_plain(const net *n, uint32_t node, const char *text, puma_error *e)
{
    return error_set(e, 320, "%s at %s: plain TCP off the loopback needs allow_insecure = yes",
                     net_title(n, node), text);
}

/* Cuts "host:port" or "[v6]:port". */
static bool split(const char *text, char *host, size_t host_room, char *port, size_t port_room)
{
    const char *from = text, *colon = strrchr(text, ':'), *to = colon;

    if (!colon) return false;
    if (*text == '[') {
        from = text + 1;
        to = colon - 1;
        if (to < from || *to != ']') return false;
    } else if (memchr(text, ':', (size_t)(colon - text))) {
        return false;
    }
    if (to == from || (size_t)(to - from) >= host_room || !colon[1] || strlen(colon + 1) >= port_room)
        return false;
    if (strspn(colon + 1, "0123456789") != strlen(colon + 1)) return false;
    memcpy(host, from, (size_t)(to - from));
    host[to - from] = '\0';
    strcpy(port, colon + 1);
    return true;
}

puma_status address_resolve(net *n, uint32_t node, bool passive, struct addrinfo **found, puma_error *e)
{
    const char     *text = n->address[node];
    char            host[256], port[8];
    struct addrinfo want = { .ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = passive ? AI_PASSIVE : 0 };
    int             rc;

    if (!text) return error_set(e, 318, "%s has no address", net_title(n, node));
    if (!split(text, host, sizeof host, port, sizeof port) || strtol(port, NULL, 10) > 65535)
        return error_set(e, 318, "%s: address \"%s\" is not host:port", net_title(n, node), text);
    /* A name server that does not answer yet may do so while peers are still starting. */
    while ((rc = getaddrinfo(host, port, &want, found)) == EAI_AGAIN && net_now_ms() < n->connect_by)
        (void)poll(NULL, 0, 100);
    if (rc != 0)
        return error_set(e, 705, "%s: cannot resolve %s: %s", net_title(n, node), text,
                         rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    if (n->config.transport == NET_TCP && !n->config.allow_insecure)
        for (const struct addrinfo *a = *found; a; a = a->ai_next)
            if (!is_loopback(a->ai_addr)) {
                freeaddrinfo(*found);
                *found = NULL;
                return refuse_plain(n, node, text, e);
            }
    return PUMA_OK;
}

/* An inherited socket must listen on the loopback too when nothing protects it. */
static puma_status check_inherited(net *n, puma_error *e)
{
    struct sockaddr_storage a;
    socklen_t               bytes = sizeof a;
    char                    text[80];
    int                     flags;

    if (getsockname(n->listen_fd, (struct sockaddr *)&a, &bytes) != 0)
        return error_set(e, 705, "inherited socket %d: %s", n->listen_fd, strerror(errno));
    address_text(text, sizeof text, (struct sockaddr *)&a, bytes);
    if (n->config.transport == NET_TCP && !n->config.allow_insecure && !is_loopback((struct sockaddr *)&a))
        return refuse_plain(n, n->config.self, text, e);
    flags = fcntl(n->listen_fd, F_GETFL);
    if (flags < 0 || fcntl(n->listen_fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(n->listen_fd, F_SETFD, FD_CLOEXEC) != 0)
        return error_set(e, 705, "inherited socket %d: %s", n->listen_fd, strerror(errno));
    return PUMA_OK;
}

puma_status address_listen(net *n, puma_error *e)
{
    struct addrinfo *found = NULL;
    int              yes = 1, why = 0;

    if (n->listen_fd >= 0) return check_inherited(n, e);
    if (address_resolve(n, n->config.self, true, &found, e) != PUMA_OK) return e->status;
    for (const struct addrinfo *a = found; a && n->listen_fd < 0; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);

        if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
            bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 64) == 0) {
            n->listen_fd = fd;
        } else {
            why = errno;
            if (fd >= 0) close(fd);
        }
    }
    freeaddrinfo(found);
    if (n->listen_fd < 0)
        return error_set(e, 705, "%s cannot listen on %s: %s", net_title(n, n->config.self),
                         n->address[n->config.self], strerror(why));
    return PUMA_OK;
}

/* Failures are harmless: heartbeats find out a dead peer as well.  The dealer's peers may leave their windows
 * shut for as long as they compute, which TCP_USER_TIMEOUT would take for death, so that it is not set there.
 */
void address_tune(const net *n, int fd, uint32_t peer)
{
    int yes = 1, idle = 10, interval = 5, count = 3, timeout = n->config.io_timeout_ms;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    if (n->config.self != n->config.dealer && peer < PUMA_NODES)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}
