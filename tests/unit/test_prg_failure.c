/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_prg_failure.c - when OpenSSL refuses a draw, nothing that was to be masked leaves the process.  A
 * failure is remembered to the end of the process: the tests are in order, and the first of them sees none.
 */
#include "host/session.h"
#include "ring/prg.h"
#include "run/sample.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool refuses;

/* In OpenSSL's place for this program: refuses when it is told to. */
int EVP_EncryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_size, const unsigned char *in,
                      int size)
{
    int (*real)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int);
    void *found = dlsym(RTLD_NEXT, "EVP_EncryptUpdate");

    memcpy(&real, &found, sizeof real);
    return refuses ? 0 : real(ctx, out, out_size, in, size);
}

/* --- a session whose messages are recorded ---------------------------------------------------- */

static puma_status fake_open(puma_session **s, const puma_session *base)
{
    *s = malloc(sizeof **s);
    if (!*s) return PUMA_ERESOURCE;
    **s = *base;
    return PUMA_OK;
}

static void fake_close(puma_session *s) { free(s); }

static const puma_protocol table = { .struct_size = sizeof(puma_protocol),
                                     .parties = 2,
                                     .planes = 1,
                                     .dealer = PUMA_NO_NODE,
                                     .open = fake_open,
                                     .close = fake_close };
static const puma_plugin   entry = {
      PUMA_ABI_VERSION, sizeof(puma_plugin), "fake", "1", "a test", &table, NULL
};
static const plugin pair = { .entry = &entry, .protocol = &table };

static void count_message(void *context, uint32_t to, puma_phase phase, const void *payload, size_t size)
{
    (void)to;
    (void)phase;
    (void)payload;
    (void)size;
    ++*(unsigned *)context;
}

static void nothing_is_sent_behind_a_failed_draw(void **state)
{
    unsigned       messages = 0;
    puma_error     e = { 0 };
    net_config     wire = { .transport = NET_TAPE,
                            .present = { true, true },
                            .listen_fd = -1,
                            .dealer = PUMA_NO_NODE,
                            .tape = count_message,
                            .tape_context = &messages,
                            .connect_timeout_ms = 1000,
                            .io_timeout_ms = 1000 };
    session_config c = { .protocol = &pair, .ring_bits = 64 };
    puma_session  *s = NULL;
    puma_prg      *prg;
    uint64_t       mask[3] = { 0 };

    (void)state;
    assert_int_equal(net_open(&c.wire, &wire, &e), PUMA_OK);
    assert_int_equal(session_open(&s, &c, &e), PUMA_OK);
    prg = s->host->prg_own(s, "mask");
    assert_non_null(prg);
    s->host->prg_words(prg, mask, 3, 64);
    assert_true(mask[0] != 0 && mask[1] != 0 && mask[2] != 0 && !prg_failed());
    assert_int_equal(s->host->send(s, 1, mask, 3, 64, PUMA_ONLINE), PUMA_OK);
    assert_int_equal(messages, 1);
    refuses = true;
    s->host->prg_words(prg, mask, 3, 64);
    refuses = false;
    assert_true(prg_failed());
    assert_true(mask[0] == 0 && mask[1] == 0 && mask[2] == 0);
    assert_int_equal(s->host->send(s, 1, mask, 3, 64, PUMA_ONLINE), PUMA_ERESOURCE);
    assert_int_equal(s->host->send_bits(s, 1, mask, 3, PUMA_ONLINE), PUMA_ERESOURCE);
    assert_int_equal(session_error(s)->code, 1020);
    assert_int_equal(messages, 1);
    session_close(s);
    net_close(c.wire);
}

static void no_token_is_chosen_by_a_failed_draw(void **state)
{
    sampler      *chooser;
    const double  logits[2] = { 1, 2 };
    uint32_t      token;
    puma_error    e = { 0 };
    sample_config config = { .temperature = 1, .top_p = 1, .has_seed = true };

    (void)state;
    assert_int_equal(sampler_open(&chooser, &config, &e), PUMA_OK);
    assert_int_equal(sampler_next(chooser, logits, 2, &token, &e), PUMA_ERESOURCE);
    assert_int_equal(e.code, 1020);
    sampler_close(chooser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_behind_a_failed_draw),
        cmocka_unit_test(no_token_is_chosen_by_a_failed_draw),
    };

    return cmocka_run_group_tests_name("prg_failure", tests, NULL, NULL);
}
