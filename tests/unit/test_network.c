/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_network.c - the addresses of a run file go with the parties that its protocol has, or are refused by
 * key. */
#include "plan/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RUN                                                                                                  \
    "[run]\nmodel = m\ntask = embed\nprotocol = many\n[input]\ntext = a\n[network]\n" /* lines 1 to 7 */
#define SIX "party0 = h:1\nparty1 = h:2\nparty2 = h:3\nparty3 = h:4\nparty4 = h:5\nparty5 = h:6\n"

static puma_protocol protocol_of(uint32_t parties, uint32_t dealer)
{
    return (puma_protocol){ .parties = parties,
                            .dealer = dealer,
                            .caps = dealer < parties ? PUMA_CAP_DEALER : 0 };
}

static runfile *opened(const char *text)
{
    char       path[] = "/tmp/test_network.XXXXXX";
    int        fd = mkstemp(path);
    runfile   *r;
    puma_error e = { 0 };

    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    if (runfile_open(&r, NULL, path, NULL, 0, &e) != PUMA_OK) fail_msg("%s", e.text);
    unlink(path);
    return r;
}

static void refused(const runfile *r, const puma_protocol *protocol, const char *words)
{
    puma_error e = { 0 };

    assert_int_equal(network_check(r, protocol, "many", &e), PUMA_ECONFIG);
    assert_int_equal(e.code, 317);
    if (!strstr(e.text, words)) fail_msg("%s; wanted %s", e.text, words);
}

static void a_protocol_takes_as_many_addresses_as_it_has_parties(void **state)
{
    runfile      *r = opened(RUN SIX);
    puma_protocol six = protocol_of(6, PUMA_NODES), eight = protocol_of(8, PUMA_NODES),
                  five = protocol_of(5, PUMA_NODES), three = protocol_of(3, PUMA_NODES);
    puma_error e = { 0 };

    (void)state;
    assert_int_equal(network_check(r, &six, "many", &e), PUMA_OK);
    assert_string_equal(network_address(r, &six, 5), "h:6");
    assert_int_equal(network_check(r, &eight, "many", &e), PUMA_OK);
    assert_null(network_address(r, &eight, 6));
    assert_string_equal(network_key(&eight, 6), "party6");
    refused(r, &five, ":13: [network] party5: protocol many has 5 parties");
    refused(r, &three, ":11: [network] party3: protocol many has 3 parties");
    five.caps = PUMA_CAP_LOCAL; /* it uses no addresses */
    assert_int_equal(network_check(r, &five, "many", &e), PUMA_OK);
    runfile_close(r);
}

static void a_dealer_is_the_node_that_its_protocol_says(void **state)
{
    runfile      *r = opened(RUN "party0 = h:1\nparty1 = h:2\ndealer = h:9\n");
    puma_protocol two = protocol_of(3, 2), other = protocol_of(5, 4);
    puma_error    e = { 0 };

    (void)state;
    assert_int_equal(network_check(r, &two, "many", &e), PUMA_OK);
    assert_string_equal(network_address(r, &two, 2), "h:9");
    assert_string_equal(network_key(&two, 2), "dealer");
    assert_string_equal(network_address(r, &other, 4), "h:9");
    assert_null(network_address(r, &other, 2));
    runfile_close(r);
    r = opened(RUN "party0 = h:1\nparty1 = h:2\nparty2 = h:3\ndealer = h:9\n");
    refused(r, &two, ":11: [network] dealer: party2 and dealer are one node");
    assert_int_equal(network_check(r, &other, "many", &e), PUMA_OK);
    runfile_close(r);
    r = opened(RUN "party0 = h:1\nparty1 = h:2\nparty2 = h:3\n");
    assert_int_equal(network_check(r, &two, "many", &e), PUMA_OK);
    assert_string_equal(network_address(r, &two, 2), "h:3");
    runfile_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_protocol_takes_as_many_addresses_as_it_has_parties),
        cmocka_unit_test(a_dealer_is_the_node_that_its_protocol_says),
    };

    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
