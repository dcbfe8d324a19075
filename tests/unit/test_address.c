/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_address.c - which addresses a node takes for its own and its peers', and that plain TCP stays on the
 * loopback */
#include "net/net.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Party `self` of two, with the addresses of both; nobody else is there. */
static puma_error attempt(uint32_t self, const char *first, const char *second, int listen_fd, bool insecure)
{
    net_config c = { .transport = NET_TCP,
                     .self = self,
                     .present = { true, true },
                     .address = { first, second },
                     .listen_fd = listen_fd,
                     .allow_insecure = insecure,
                     .dealer = PUMA_NO_NODE,
                     .connect_timeout_ms = 200,
                     .io_timeout_ms = 200,
                     .hello = "" };
    puma_error e = { 0 };
    net       *wire = NULL;

    if (net_open(&wire, &c, &e) == PUMA_OK) fail_msg("a link to nobody");
    return e;
}

static void check(const puma_error *e, unsigned code, const char *text)
{
    if (e->code != code || strstr(e->text, text) == NULL)
        fail_msg("E%u %s; not E%u %s", e->code, e->text, code, text);
}

/* A socket that listens on `host`, and its port. */
static int listening(int family, const char *host, unsigned *port)
{
    struct sockaddr_in  v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct sockaddr    *a = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t           size = family == AF_INET ? sizeof v4 : sizeof v6;
    int                 fd = socket(family, SOCK_STREAM, 0), no = 0;

    assert_int_equal(
        inet_pton(family, host, family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr), 1);
    if (fd < 0) return -1;
    if (family == AF_INET6) (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, a, size) != 0 || listen(fd, 8) != 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, a, &size), 0);
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ":",
        "127.0.0.1",
        "127.0.0.1:",
        ":9000",
        "::1:9000",
        "1:2:3",
        "[::1]",
        "[]:9000",
        "[::1:9000",
        "[::1]x:9000",
        "127.0.0.1:x",
        "127.0.0.1:90x",
        "127.0.0.1:-1",
        "127.0.0.1: 90",
        "127.0.0.1:65536",
        "127.0.0.1:99999999999",
    };
    char       host[600];
    puma_error e;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        e = attempt(0, texts[i], "127.0.0.1:1", -1, false);
        check(&e, 318, "is not host:port");
        e = attempt(1, texts[i], "127.0.0.1:0", -1, false); /* the peer's */
        check(&e, 318, "is not host:port");
        assert_non_null(strstr(e.text, "party 0"));
    }
    memset(host, 'h', sizeof host);
    strcpy(host + 500, ":90");
    e = attempt(0, host, "127.0.0.1:1", -1, false);
    check(&e, 318, "party 0: address \"hhh");
    e = attempt(0, NULL, "127.0.0.1:1", -1, false);
    check(&e, 318, "party 0 has no address");
    e = attempt(1, NULL, "127.0.0.1:0", -1, false);
    check(&e, 318, "party 0 has no address");
}

static void names_must_resolve(void **state)
{
    puma_error e = attempt(0, "no.such.host.invalid:9000", "127.0.0.1:1", -1, false);

    (void)state;
    check(&e, 705, "cannot resolve no.such.host.invalid:9000");
}

/* Plain TCP: 127/8, ::1 and 127/8 in IPv6's clothes are the loopback, and nothing else is. */
static void plain_tcp_stays_on_the_loopback(void **state)
{
    static const char *const off[] = { "0.0.0.0:0",        "192.0.2.1:0",          "[::]:0",
                                       "[2001:db8::1]:0",  "[::ffff:192.0.2.1]:0", "128.0.0.1:0",
                                       "126.255.255.255:0" };
    static const char *const on[] = { "127.0.0.1:0", "127.5.6.7:0", "[::ffff:127.0.0.1]:0" };
    puma_error               e;

    (void)state;
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        e = attempt(0, off[i], "127.0.0.1:1", -1, false);
        check(&e, 320, "plain TCP off the loopback");
        e = attempt(1, off[i], "127.0.0.1:0", -1, false);
        check(&e, 320, "party 0");
    }
    for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
        e = attempt(0, on[i], "127.0.0.1:1", -1, false);
        if (e.code == 318 || e.code == 320) fail_msg("%s: E%u %s", on[i], e.code, e.text);
    }
    e = attempt(0, "0.0.0.0:0", "127.0.0.1:1", -1, true); /* allow_insecure */
    if (e.code == 318 || e.code == 320 || e.code == 705) fail_msg("E%u %s", e.code, e.text);
}

static void what_cannot_be_listened_on_is_said(void **state)
{
    unsigned   port;
    int        fd = listening(AF_INET, "127.0.0.1", &port);
    char       taken[40];
    puma_error e;

    (void)state;
    assert_true(fd >= 0);
    snprintf(taken, sizeof taken, "127.0.0.1:%u", port);
    e = attempt(0, taken, "127.0.0.1:1", -1, false);
    check(&e, 705, "Address already in use");
    check(&e, 705, taken);
    close(fd);
    e = attempt(0, "192.0.2.1:9", "127.0.0.1:1", -1, true); /* no address of this host */
    check(&e, 705, "party 0 cannot listen on 192.0.2.1:9");
}

/* A socket that another program opened for us is held to the same rule; net_open closes it either way. */
static void inherited_sockets_are_checked(void **state)
{
    unsigned   port;
    int        fd = listening(AF_INET, "0.0.0.0", &port), pair[2];
    puma_error e;
    char       text[40];

    (void)state;
    assert_true(fd >= 0);
    snprintf(text, sizeof text, "0.0.0.0:%u", port);
    e = attempt(0, "127.0.0.1:1", "127.0.0.1:1", fd, false);
    check(&e, 320, text);
    assert_int_equal(close(fd), -1);
    fd = listening(AF_INET6, "::", &port);
    if (fd >= 0) {
        snprintf(text, sizeof text, "[::]:%u", port);
        e = attempt(0, "127.0.0.1:1", "127.0.0.1:1", fd, false);
        check(&e, 320, text);
    }
    assert_int_equal(pipe(pair), 0);
    e = attempt(0, "127.0.0.1:1", "127.0.0.1:1", pair[0], false);
    check(&e, 705, "inherited socket");
    close(pair[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    e = attempt(0, "127.0.0.1:1", "127.0.0.1:1", pair[0], false);
    check(&e, 320, "unknown address"); /* no loopback, so not trusted */
    close(pair[1]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(names_must_resolve),
        cmocka_unit_test(plain_tcp_stays_on_the_loopback),
        cmocka_unit_test(what_cannot_be_listened_on_is_said),
        cmocka_unit_test(inherited_sockets_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
