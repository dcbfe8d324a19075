/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_runfile.c - a run file becomes a checked structure, or an error that names file, line and key. */
#include "plan/runfile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RUN "[run]\nmodel = m\ntask = embed\nprotocol = rep3\n" /* lines 1 to 4 */
#define TEXT "[input]\ntext = hello\n"                          /* two more     */

static char folder[] = "/tmp/test_runfile.XXXXXX";
static char path[64];
static runfile_input *own; /* what the file that is open says to the client */

static puma_status open_text(runfile **r, const char *text, const char *const *sets, bool client, puma_error *e)
{
    FILE  *out = fopen(path, "w");
    size_t count = 0;

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    while (sets && sets[count]) count++;
    *e = (puma_error){ 0 };
    own = NULL;
    return runfile_open(r, client ? &own : NULL, path, sets, count, e);
}

static void closed(runfile *r)
{
    runfile_close(r);
    runfile_input_close(own);
    own = NULL;
}

static runfile *opened(const char *text)
{
    runfile   *r;
    puma_error e;

    if (open_text(&r, text, NULL, true, &e) != PUMA_OK) fail_msg("%s", e.text);
    return r;
}

static runfile *opened_with(const char *text, const char *set)
{
    const char *sets[] = { set, NULL };
    runfile    *r;
    puma_error  e;

    if (open_text(&r, text, sets, true, &e) != PUMA_OK) fail_msg("%s", e.text);
    return r;
}

static void refused_with(const char *text, const char *set, unsigned code, const char *in_text)
{
    const char *sets[] = { set, NULL };
    runfile    *r;
    puma_error  e;
    char        wanted[160];

    snprintf(wanted, sizeof wanted, "%s%s", in_text[0] == ':' ? path : "", in_text);
    if (open_text(&r, text, sets, true, &e) == PUMA_OK) fail_msg("accepted: %s %s", text, set ? set : "");
    assert_null(r);
    if (e.code != code || !strstr(e.text, wanted))
        fail_msg("E%04u %s; wanted E%04u %s", e.code, e.text, code, wanted);
}

static void refused(const char *text, unsigned code, const char *in_text)
{
    refused_with(text, NULL, code, in_text);
}

static void the_shortest_run_file(void **state)
{
    runfile *r = opened(RUN TEXT);
    char     model[80];

    (void)state;
    snprintf(model, sizeof model, "%s/m", folder);
    assert_string_equal(r->model, model);
    assert_string_equal(r->protocol, "rep3");
    assert_int_equal(r->task, RUN_EMBED);
    assert_int_equal(own->kind, RUN_TEXT);
    assert_string_equal(own->text, "hello");
    assert_string_equal(ini_find(&r->file, "input", "text")->value, ""); /* every node has these entries */
    closed(r);
}

static void defaults_are_those_of_the_manual(void **state)
{
    runfile *r = opened(RUN TEXT);

    (void)state;
    assert_string_equal(r->architecture, "auto");
    assert_int_equal(r->embedding, RUN_EMBEDDING_AUTO);
    assert_true(r->pooling == RUN_POOLING_AUTO && r->normalize == RUN_AUTO);
    assert_false(r->reveal_label || r->has_seed || own->truncate || own->parse_special || r->fixed ||
                 r->allow_insecure || r->reference_plain);
    assert_int_equal(r->threads, 0);
    assert_int_equal(own->limit, 0);
    assert_null(own->labels);
    assert_int_equal(r->max_new_tokens, 16);
    assert_int_equal(r->decoding, RUN_GREEDY);
    assert_true(r->temperature == 1 && r->top_p == 1);
    assert_int_equal(r->top_k, 0);
    assert_false(r->has_sample_seed || r->stop_at_eos);
    assert_string_equal(r->approximation_default, "precise");
    assert_null(r->function[PUMA_SLOT_GELU]);
    assert_int_equal(r->ring_bits, 64);
    assert_int_equal(r->frac, 18);
    assert_int_equal(r->transport, RUN_TLS);
    assert_null(r->address[0]);
    assert_null(r->certificates);
    assert_int_equal(r->connect_timeout_ms, 60000);
    assert_int_equal(r->io_timeout_ms, 30000);
    assert_int_equal(r->source, RUN_CHECKPOINT);
    closed(r);
}

static void every_key_reaches_its_field(void **state)
{
    runfile *r = opened(
        "[run]\nmodel = /a/b\ntask = classify\nprotocol = plain\narchitecture = bert\nembedding = equality\n"
        "pooling = cls\nnormalize = no\nreveal = label\nthreads = 3\nseed = insecure:18446744073709551615\n"
        "[input]\nids = 101  2023\t4294967295\ntruncate = yes\nparse_special = yes\nlimit = 9\nlabels = "
        "l.txt\n"
        "[approximation]\ndefault = exact\ngelu = puma.gelu\nrmsnorm = precise\n"
        "[plugin.puma]\nfxp_exp_iters = 5\n[plugins]\ndirectory = ../p\n"
        "[numeric]\nring_bits = 52\nfxp_fraction_bits = 16\narithmetic = fixed\nranges = r.ini\n"
        "[generate]\nmax_new_tokens = 65536\ndecoding = client\ntemperature = 0.7\ntop_k = 40\ntop_p = 1e-3\n"
        "sample_seed = 18446744073709551615\nstop_at_eos = yes\n"
        "[network]\ntransport = tcp\nparty0 = 127.0.0.1:1\nparty1 = [::1]:2\nparty2 = localhost:65535\n"
        "certificates = certs/\nallow_insecure = yes\nconnect_timeout_ms = 3000\nio_timeout_ms = 2000\n"
        "[weights]\nsource = synthetic:42\n[compare]\nreference = plain\n");
    char expected[80];

    (void)state;
    assert_string_equal(r->model, "/a/b");
    assert_int_equal(r->task, RUN_CLASSIFY);
    assert_string_equal(r->architecture, "bert");
    assert_int_equal(r->embedding, RUN_EQUALITY);
    assert_true(r->pooling == RUN_CLS && r->normalize == RUN_NO);
    assert_true(r->reveal_label && r->has_seed && own->truncate && own->parse_special && r->fixed &&
                r->allow_insecure && r->reference_plain);
    assert_true(r->seed == UINT64_MAX);
    assert_int_equal(r->threads, 3);
    assert_int_equal(own->kind, RUN_IDS);
    assert_int_equal(own->id_count, 3);
    assert_int_equal(own->ids[0], 101);
    assert_int_equal(own->ids[1], 2023);
    assert_int_equal(own->ids[2], UINT32_MAX);
    assert_int_equal(own->limit, 9);
    snprintf(expected, sizeof expected, "%s/l.txt", folder);
    assert_string_equal(own->labels, expected);
    assert_int_equal(r->max_new_tokens, 65536);
    assert_int_equal(r->decoding, RUN_CLIENT);
    assert_true(r->temperature == 0.7 && r->top_p == 1e-3);
    assert_int_equal(r->top_k, 40);
    assert_true(r->has_sample_seed && r->sample_seed == UINT64_MAX && r->stop_at_eos);
    assert_string_equal(r->approximation_default, "exact");
    assert_string_equal(r->function[PUMA_SLOT_GELU], "puma.gelu");
    assert_string_equal(r->function[PUMA_SLOT_RMSNORM], "precise");
    snprintf(expected, sizeof expected, "%s/../p", folder);
    assert_string_equal(r->plugin_directory, expected);
    assert_string_equal(ini_find(&r->file, "plugin.puma", "fxp_exp_iters")->value, "5");
    assert_int_equal(r->ring_bits, 52);
    assert_int_equal(r->frac, 16);
    snprintf(expected, sizeof expected, "%s/r.ini", folder);
    assert_string_equal(r->ranges, expected);
    assert_int_equal(r->transport, RUN_TCP);
    assert_string_equal(r->address[0], "127.0.0.1:1");
    assert_string_equal(r->address[1], "[::1]:2");
    assert_string_equal(r->address[2], "localhost:65535");
    assert_null(r->address[3]);
    assert_int_equal(r->connect_timeout_ms, 3000);
    assert_int_equal(r->io_timeout_ms, 2000);
    assert_int_equal(r->source, RUN_SYNTHETIC);
    assert_int_equal(r->synthetic_seed, 42);
    closed(r);
}

static void required_keys_are_named_in_order(void **state)
{
    (void)state;
    refused("", 310, ": [run] model is missing");
    refused("# nothing\n", 310, ": [run] model is missing");
    refused("[run]\nmodel = m\n", 310, ": [run] task is missing");
    refused("[run]\nmodel = m\ntask = embed\n", 310, ": [run] protocol is missing");
    refused(RUN, 310, ": [input] is missing");
    refused(RUN "[input]\ntruncate = yes\n", 310, ": [input] is missing");
}

static void exactly_one_input(void **state)
{
    runfile *r;

    (void)state;
    refused(RUN TEXT "ids = 1\n", 317, ":7: [input] ids: [input] text is given too");
    refused(RUN TEXT "file = f\n", 317, ":7: [input] file:");
    refused(RUN "[input]\nids = 1\ntext_pair = x\n", 317, ":7: [input] text_pair:");
    r = opened(RUN "[input]\ntext = a ; b\ntext_pair = c\n");
    assert_string_equal(own->text, "a ; b");
    assert_string_equal(own->text_pair, "c");
    closed(r);
    r = opened(RUN "[input]\ntext =\n");
    assert_string_equal(own->text, "");
    closed(r);
    r = opened(RUN "[input]\nfile = f\nlimit = 1\n");
    assert_int_equal(own->kind, RUN_FILE);
    closed(r);
}

/* One kind given with --set takes the place of another that the file gives; two from one place are refused. */
static void an_input_of_set_replaces_that_of_the_file(void **state)
{
    static const char *const two[] = { "input.ids=1 2", "input.file=f", NULL };
    runfile   *r;
    puma_error e;

    (void)state;
    r = opened_with(RUN TEXT "text_pair = y\n", "input.ids=1 2");
    assert_int_equal(own->kind, RUN_IDS);
    assert_null(own->text);
    assert_null(own->text_pair);
    closed(r);
    r = opened_with(RUN "[input]\nimage = i\n", "input.file=f");
    assert_int_equal(own->kind, RUN_FILE);
    assert_string_equal(own->file, "f");
    closed(r);
    r = opened_with(RUN "[input]\nids = 1\n", "input.prompt_file=-");
    assert_int_equal(own->kind, RUN_PROMPT_FILE);
    assert_string_equal(own->file, "-");
    closed(r);
    r = opened_with(RUN TEXT "text_pair = y\n", "input.text=z");
    assert_string_equal(own->text, "z");
    assert_string_equal(own->text_pair, "y");
    closed(r);
    assert_int_equal(open_text(&r, RUN TEXT, two, true, &e), PUMA_ECONFIG);
    assert_int_equal(e.code, 317);
    refused_with(RUN TEXT "ids = 1\n", "input.file=f", 317, ":7: [input] ids: [input] text is given too");
}

/* Only --set can bring a line end; texts may have them, other values not. */
static void texts_of_several_lines(void **state)
{
    runfile *r = opened_with(RUN TEXT, "input.text=a\nb");

    (void)state;
    assert_string_equal(own->text, "a\nb");
    closed(r);
    r = opened_with(RUN TEXT "[chat]\ntemplate = qwen2.5\n", "chat.system=a\nb");
    assert_string_equal(own->chat_system, "a\nb");
    assert_string_equal(own->chat_template, "qwen2.5");
    closed(r);
    r = opened_with(RUN, "input.messages=[\n]");
    assert_int_equal(own->kind, RUN_MESSAGES);
    assert_string_equal(own->messages, "[\n]");
    closed(r);
    refused_with(RUN TEXT, "run.architecture=a\nb", 304, "--set run.architecture: the value is not one line");
    refused_with(RUN TEXT, "input.limit=1\n", 304, "--set input.limit: ");
    refused_with(RUN TEXT, "plugin.puma.x=1\n", 304, "--set plugin.puma.x: ");
}

static void chat_goes_with_texts(void **state)
{
    (void)state;
    closed(opened(RUN "[input]\nprompt_file = p\n[chat]\ntemplate = auto\nsystem = s\n"));
    closed(opened(RUN "[input]\nmessages = m.json\n[chat]\nsystem = s\n"));
    refused(RUN TEXT "[chat]\nsystem = s\n", 317, ":8: [chat] system: goes with [chat] template");
    refused(RUN "[input]\nids = 1\n[chat]\ntemplate = auto\n", 317, ":8: [chat] template: goes with a text");
    refused(RUN TEXT "text_pair = y\n[chat]\ntemplate = auto\n", 317, ":7: [input] text_pair:");
    refused(RUN TEXT "[chat]\ntemplate = a/b\n", 314, ":8: [chat] template: not the name");
    refused(RUN TEXT "[chat]\ntemplate = .x\n", 314, ":8: [chat] template: not the name");
    refused(RUN TEXT "[chat]\ntemplates = x\n", 309, "nearest: template");
}

static void a_compute_party_reads_no_input(void **state)
{
    runfile   *r;
    puma_error e;

    (void)state;
    assert_int_equal(open_text(&r, RUN, NULL, false, &e), PUMA_OK);
    closed(r);
    assert_int_equal(open_text(&r, RUN TEXT "ids = 1\n", NULL, false, &e), PUMA_OK);
    assert_null(own);
    assert_string_equal(ini_find(&r->file, "input", "text")->value, "");
    assert_string_equal(ini_find(&r->file, "input", "ids")->value, "");
    closed(r);
    assert_int_equal(open_text(&r, RUN "[input]\ntxet = a\n", NULL, false, &e), PUMA_ECONFIG);
    assert_int_equal(e.code, 309);
}

static void unknown_names_get_the_nearest(void **state)
{
    (void)state;
    refused(RUN TEXT "[numeric]\nfracton_bits = 18\n", 309,
            ":8: [numeric] fracton_bits: no such key (nearest: fxp_fraction_bits)");
    refused(RUN TEXT "[numric]\nring_bits = 64\n", 308, ":7: no such section [numric] (nearest: [numeric])");
    refused(RUN TEXT "[numric]\n", 308, ":7:");
    refused(RUN TEXT "[zzzzzzz]\n", 308, ":7: no such section [zzzzzzz] (there are run");
    refused("[Run]\nmodel = m\n", 308, ":1:");
    refused(RUN "Model = m\n" TEXT, 309, ":5: [run] Model: no such key (nearest: model)");
    refused(RUN "ring_bits = 64\n" TEXT, 309, "belongs to [numeric]");
    refused(RUN "qqqqqqqqqq = 64\n" TEXT, 309, "there are model, task");
    refused(RUN TEXT "[network]\nparty8 = 127.0.0.1:9\n", 309,
            ":8: [network] party8: no such key (nearest: party0)");
    refused(RUN TEXT "[plugin.]\n", 308, ":7:");
    refused_with(RUN TEXT, "numerc.ring_bits=64", 308,
                 "--set numerc.ring_bits: no such section [numerc] (nearest: [numeric])");
    refused_with(RUN TEXT, "numeric.ringbits=64", 309,
                 "--set numeric.ringbits: no such key (nearest: ring_bits)");
    refused_with(RUN TEXT, "ring_bits=64", 207, "--set ring_bits=64");
    refused(RUN "task = embed\n" TEXT, 306, ":5: [run] task is given twice, first in line 3");
    refused(RUN TEXT "[run]\nmodel = n\n", 306, ":8: [run] model is given twice, first in line 2");
}

static void what_is_not_built_says_so(void **state)
{
    static const char *const keys[] = {
        "serve.party=1",
        "network.prefer=time",
        "weights.source=shares:s",
    };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        refused_with(RUN TEXT, keys[i], 316, "not built yet");
    refused(RUN TEXT "[serve]\n", 316, ":7: [serve] is not built yet");
    refused(RUN TEXT "[weights]\nsource = shares:s\n", 316, ":8: [weights] source:");
}

static void integers_are_strict(void **state)
{
    static const char *const bad[] = { "",
                                       "1x",
                                       "0x10",
                                       " 1",
                                       "+1",
                                       "-1",
                                       "1e3",
                                       "2147483648",
                                       "9223372036854775808",
                                       "18446744073709551616",
                                       "0" };
    static const char *const keys[] = { "run.threads",           "input.limit",
                                        "network.io_timeout_ms", "network.connect_timeout_ms",
                                        "numeric.ring_bits",     "numeric.fxp_fraction_bits" };
    char                     set[80];

    (void)state;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            snprintf(set, sizeof set, "%s=%s", keys[k], bad[i]);
            refused_with(RUN TEXT, set, 311, "<=");
        }
    memset(set, '9', sizeof set);
    memcpy(set, "input.limit=", 12);
    set[79] = '\0';
    refused_with(RUN TEXT, set, 311, "1 <= limit <= 2147483647");
    refused(RUN TEXT "[numeric]\nring_bits = 65\n", 311,
            ":8: [numeric] ring_bits: needs an integer, 32 <= ring_bits <= 64 (got '65')");
}

static void booleans_and_words_are_exact(void **state)
{
    static const char *const bad[] = { "1", "TRUE", "on", "maybe", "Yes", "yes ", "" };
    char                     set[80];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(set, sizeof set, "run.normalize=%s", bad[i]);
        refused_with(RUN TEXT, set, 312, "needs yes or no");
    }
    refused_with(RUN TEXT, "run.task=embedd", 314, "one of embed, classify, logits, hidden, generate, perplexity, "
                 "classify_tokens, fill_mask)");
    refused_with(RUN TEXT, "run.task=Embed", 314, "one of");
    refused_with(RUN TEXT, "network.transport=udp", 314, "one of memory, tcp, tls)");
    refused_with(RUN TEXT, "weights.source=synthetic:", 311, "0 <= SEED");
    refused_with(RUN TEXT, "weights.source=synthetic:-1", 311, "0 <= SEED");
    refused_with(RUN TEXT, "weights.source=elsewhere", 314, "one of checkpoint");
    refused_with(RUN TEXT, "run.seed=7", 314, "insecure:N");
    refused_with(RUN TEXT, "run.seed=insecure:", 311, "insecure:N");
    refused_with(RUN TEXT, "run.seed=insecure:18446744073709551616", 311, "insecure:N");
}

static void ring_and_fraction_keep_their_inequality(void **state)
{
    runfile *r;

    (void)state;
    refused(RUN TEXT "[numeric]\nring_bits = 31\n", 311, "32 <= ring_bits <= 64");
    refused(RUN TEXT "[numeric]\nfxp_fraction_bits = 31\n", 311, "1 <= fxp_fraction_bits <= 30");
    refused(RUN TEXT "[numeric]\nring_bits = 48\nfxp_fraction_bits = 23\n", 315,
            ":9: [numeric] fxp_fraction_bits: 2 * fxp_fraction_bits < ring_bits - 2 does not hold (2 * 23, "
            "48 - 2)");
    refused(RUN TEXT "[numeric]\nring_bits = 36\n", 315, ":8: [numeric] ring_bits:");
    r = opened(RUN TEXT "[numeric]\nring_bits = 48\nfxp_fraction_bits = 22\n");
    closed(r);
    r = opened(RUN TEXT "[numeric]\nfxp_fraction_bits = 30\n");
    closed(r);
}

static void paths_are_relative_to_the_file_and_of_set_to_here(void **state)
{
    char     model[80], *many = malloc(5100);
    runfile *r = opened_with(RUN TEXT, "run.model=x/y");

    (void)state;
    assert_string_equal(r->model, "x/y");
    assert_string_equal(runfile_where(r, "run", "model"), "--set run.model");
    closed(r);
    r = opened("[run]\nmodel = ~/../m\ntask = embed\nprotocol = rep3\n" TEXT);
    snprintf(model, sizeof model, "%s/~/../m", folder);
    assert_string_equal(r->model, model);
    closed(r);
    assert_non_null(many);
    memset(many, 'p', 5099);
    many[5099] = '\0';
    memcpy(many, "run.model=", 10);
    refused_with(RUN TEXT, many, 319, "File name too long");
    many[1000] = '\0';
    refused_with(RUN TEXT, many, 319, "File name too long");
    snprintf(model, sizeof model, "%s/loop", folder);
    assert_int_equal(symlink(model, model), 0);
    refused("[run]\nmodel = loop\ntask = embed\nprotocol = rep3\n" TEXT, 319,
            ":2: [run] model: loop: Too many levels");
    refused("[run]\nmodel =\ntask = embed\nprotocol = rep3\n" TEXT, 319,
            ":2: [run] model: the path is empty");
    unlink(model);
    free(many);
}

static void token_ids_tell_positions_and_no_values(void **state)
{
    runfile   *r;
    puma_error e;

    (void)state;
    refused(RUN "[input]\nids = 1 2x\n", 311, ":6: [input] ids: entry 2");
    refused(RUN "[input]\nids = 1 0x10\n", 311, "entry 2");
    refused(RUN "[input]\nids = 1, 2\n", 311, "entry 1");
    refused(RUN "[input]\nids = 1 +2\n", 311, "entry 2");
    refused(RUN "[input]\nids = 1 -\n", 311, "entry 2");
    refused(RUN "[input]\nids = 1 -1\n", 550, "entry 2");
    refused(RUN "[input]\nids = 4294967296\n", 550, "entry 1");
    refused(RUN "[input]\nids = 7 99999999999999999999999999999999999999\n", 550, "entry 2");
    refused(RUN "[input]\nids =\n", 550, "no token ids");
    assert_int_equal(open_text(&r, RUN "[input]\nids = 777 8888x\n", NULL, true, &e), PUMA_ECONFIG);
    assert_null(strstr(e.text, "777"));
    assert_null(strstr(e.text, "8888"));
}

static void plugin_names_are_no_paths(void **state)
{
    static const char *const bad[] = { "run.protocol=../evil",     "run.protocol=/tmp/evil.so",
                                       "run.protocol=rep3.so",     "run.protocol=",
                                       "approximation.gelu=./x",   "approximation.gelu=puma.",
                                       "approximation.gelu=.gelu", "approximation.gelu=puma.gelu.x",
                                       "approximation.gelu=a/b.c", "approximation.default=puma.gelu" };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refused_with(RUN TEXT, bad[i], 602, "--set");
    refused_with(RUN TEXT, "run.architecture=../bert", 314, "not a name");
    refused(RUN TEXT "[plugin.puma]\nsha256 = 12\n", 314, ":8: [plugin.puma] sha256: needs 64");
}

#define NETWORK RUN TEXT "[network]\n"

static void addresses_are_checked(void **state)
{
    static const char *const bad[] = { "",        "host",    "host:",  ":1",    "host:0", "host:65536",
                                       "host:1x", "host: 1", "::1:80", "[::1]", "[]:1",   "a b:1" };
    char                     text[200];
    runfile                 *r;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, NETWORK "party0 = %s\n", bad[i]);
        refused(text, 318, ":8: [network] party0: needs HOST:PORT");
    }
    refused(NETWORK "party0 = h:1\nparty1 = H:01\n", 318,
            ":9: [network] party1: another party has the same address");
    refused(NETWORK "party0 = h:1\nparty1 = h:2\ndealer = h:1\n", 318,
            ":10: [network] dealer: another party has the same address");
    refused(NETWORK "party0 = h:1\nparty1 = h:2\nparty2 = h:3\nparty4 = h:4\n", 317, "party3 is missing");
    refused(NETWORK "party0 = h:1\ndealer = h:3\n", 317, "party1 is missing");
    refused(NETWORK "party0 = h:1\nparty2 = h:3\n", 317, "party1 is missing");
    refused(NETWORK "party2 = h:3\n", 317, "party0 is missing");
    r = opened(NETWORK "party0 = h:1\nparty1 = h:2\ndealer = h:4\n");
    assert_string_equal(r->dealer, "h:4");
    assert_null(r->address[2]);
    closed(r);
}

static void insecure_things_off_loopback_need_a_word(void **state)
{
    static const char *const safe[] = { "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1" };
    static const char *const far[] = {
        "10.0.0.1:1", "0.0.0.0:1", "[::]:1", "[2001:db8::1]:1", "127.0.0.1.example.org:1", "host:1"
    };
    char text[300];

    (void)state;
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++) {
        snprintf(text, sizeof text, NETWORK "transport = tcp\nparty0 = %s\nparty1 = 127.0.0.1:2\n", safe[i]);
        closed(opened_with(text, "run.seed=insecure:1"));
    }
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        snprintf(text, sizeof text, NETWORK "transport = tcp\nparty1 = %s\nparty0 = 127.0.0.1:2\n", far[i]);
        refused(text, 320, ":9: [network] party1: transport = tcp off loopback needs allow_insecure = yes");
        closed(opened_with(text, "network.allow_insecure=yes"));
        refused_with(text, "network.transport=yes", 314, "one of");
        snprintf(text, sizeof text, NETWORK "transport = tls\nparty1 = %s\nparty0 = 127.0.0.1:2\n", far[i]);
        closed(opened(text));
        refused_with(text, "run.seed=insecure:1", 320, "a fixed seed off loopback");
    }
}

static void label_goes_with_classify(void **state)
{
    (void)state;
    refused(RUN "reveal = label\n" TEXT, 317, ":5: [run] reveal:");
    closed(opened(RUN "reveal = logits\n" TEXT));
    refused(RUN TEXT "labels = l\n", 317, ":7: [input] labels: goes with task = classify");
}

static void generation_is_checked(void **state)
{
    static const struct {
        unsigned    code;
        const char *key, *text;
    } wrong[] = {
        { 311, "max_new_tokens=0", "1 <= max_new_tokens <= 65536" },
        { 311, "max_new_tokens=65537", "1 <= max_new_tokens <= 65536" },
        { 311, "max_new_tokens=1.5", "1 <= max_new_tokens <= 65536" },
        { 313, "temperature=0", "0 < temperature <= 1000" },
        { 313, "temperature=-1", "0 < temperature <= 1000" },
        { 313, "temperature=nan", "0 < temperature <= 1000" },
        { 313, "temperature=inf", "0 < temperature <= 1000" },
        { 313, "temperature=1,5", "0 < temperature <= 1000" },
        { 313, "top_p=0", "0 < top_p <= 1" },
        { 313, "top_p=1.0000001", "0 < top_p <= 1" },
        { 313, "top_p=-0.5", "0 < top_p <= 1" },
        { 311, "top_k=0", "1 <= top_k" },
        { 311, "sample_seed=-1", "0 <= sample_seed" },
        { 311, "sample_seed=insecure:1", "0 <= sample_seed" },
        { 312, "stop_at_eos=true", "yes or no" },
        { 314, "decoding=beam", "one of greedy, client" },
    };
    static const char *const tasks[] = { "run.task=generate", "run.task=perplexity" };
    static const char *const sampling[] = { "temperature = 2", "top_k = 2", "top_p = 0.5",
                                            "sample_seed = 1" };
    char                     text[300];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "generate.%s", wrong[i].key);
        refused_with(RUN TEXT, text, wrong[i].code, wrong[i].text);
    }
    for (size_t i = 0; i < sizeof sampling / sizeof *sampling; i++) {
        snprintf(text, sizeof text, RUN TEXT "[generate]\ndecoding = greedy\n%s\n", sampling[i]);
        refused(text, 317, ":9: [generate] ");
        snprintf(text, sizeof text, RUN TEXT "[generate]\n%s\n", sampling[i]);
        refused(text, 317, "goes with decoding = client");
        snprintf(text, sizeof text, RUN TEXT "[generate]\ndecoding = client\n%s\n", sampling[i]);
        closed(opened(text));
    }
    for (size_t i = 0; i < 2; i++) {
        closed(opened_with(RUN TEXT, tasks[i]));
        refused_with(RUN TEXT "text_pair = b\n", tasks[i], 317, ":7: [input] text_pair: task = ");
    }
    closed(opened("[run]\nmodel = m\ntask = generate\nprotocol = rep3\n" TEXT));
}

static void canonical_text_is_sorted_and_holds_what_changes_the_result(void **state)
{
    static const char *const changes[] = {
        "run.task=hidden",
        "run.protocol=other",
        "run.architecture=bert",
        "run.embedding=onehot",
        "run.pooling=cls",
        "run.normalize=no",
        "run.seed=insecure:7",
        "run.seed=insecure:8",
        "approximation.default=exact",
        "approximation.gelu=a.b",
        "plugin.puma.clip=4",
        "numeric.ring_bits=60",
        "numeric.fxp_fraction_bits=16",
        "numeric.arithmetic=fixed",
        "network.allow_insecure=yes",
        "weights.source=synthetic:1",
        "weights.source=synthetic:2",
    };
    static const char *const same[] = {
        "run.model=elsewhere",
        "run.threads=2",
        "input.text=secret prompt",
        "plugins.directory=d",
        "network.transport=tcp",
        "network.certificates=c",
        "network.io_timeout_ms=9",
        "compare.reference=plain",
        "input.truncate=yes",
        "plugin.puma.sha256=0000000000000000000000000000000000000000000000000000000000000000",
    };
    enum { CHANGES = sizeof changes / sizeof *changes };
    char    *texts[CHANGES + 1];
    runfile *r = opened(RUN TEXT);

    (void)state;
    texts[CHANGES] = runfile_canonical(r);
    closed(r);
    assert_null(strstr(texts[CHANGES], "input."));
    assert_null(strstr(texts[CHANGES], "hello"));
    for (size_t i = 0; i < CHANGES; i++) {
        r = opened_with(RUN TEXT, changes[i]);
        texts[i] = runfile_canonical(r);
        closed(r);
    }
    for (size_t i = 0; i <= CHANGES; i++) {
        const char *line = texts[i], *next;

        for (size_t j = 0; j < i; j++) assert_string_not_equal(texts[i], texts[j]);
        assert_null(strstr(texts[i], "insecure:7"));
        for (; (next = strchr(line, '\n') + 1)[0]; line = next) {
            assert_non_null(memchr(line, '=', (size_t)(next - line)));
            assert_true(strcmp(line, next) < 0);
        }
    }
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char *text;

        r = opened_with(RUN TEXT, same[i]);
        text = runfile_canonical(r);
        assert_string_equal(text, texts[CHANGES]);
        free(text);
        closed(r);
    }
    for (size_t i = 0; i <= CHANGES; i++) free(texts[i]);
}

/* What each step reveals and how many there are is agreed on; how the client draws is its own affair. */
static void steps_are_agreed_on(void **state)
{
    static const char text[] = RUN TEXT "[generate]\ndecoding = client\n";
    static const char *const       sets[] = { "generate.max_new_tokens=17", "generate.decoding=greedy",
                                              "generate.stop_at_eos=yes",   "generate.temperature=2",
                                              "generate.top_k=3",           "generate.top_p=0.5",
                                              "generate.sample_seed=9" };
    char                          *first, *other;

    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        const char *both[] = { "run.task=generate", sets[i], NULL };
        runfile    *r = opened_with(text, both[0]);
        puma_error  e;

        first = runfile_canonical(r);
        closed(r);
        assert_int_equal(open_text(&r, text, both, true, &e), PUMA_OK);
        other = runfile_canonical(r);
        closed(r);
        if ((strcmp(first, other) != 0) != (i < 3)) fail_msg("%s: %s", sets[i], other);
        assert_null(strstr(other, "sample"));
        free(first);
        free(other);
    }
}

static void places_are_told(void **state)
{
    runfile *r = opened(RUN TEXT);
    char     expected[80];

    (void)state;
    snprintf(expected, sizeof expected, "%s:4", path);
    assert_string_equal(runfile_where(r, "run", "protocol"), expected);
    assert_string_equal(runfile_where(r, "run", "threads"), path);
    closed(r);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/run.ini", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* [network] link and --link: names, or a rate and a round trip. */
static void links_are_read(void **state)
{
    static const struct {
        const char *text;
        double      bits_per_s, round_trip_s;
    } good[] = { { "lan", 5e9, 1e-3 },           { "wan", 400e6, 40e-3 },        { "auto", 0, 0 },
                 { "400mbit,40ms", 400e6, 0.04 }, { "400mbit 40ms", 400e6, 0.04 }, { "2.5gbit, 100us", 2.5e9, 1e-4 },
                 { "\"1gbit 1ms\"", 1e9, 1e-3 },  { "1gbit 0ms", 1e9, 0 } };
    static const char *const bad[] = { "", "fast", "400mbit", "400 40", "400mbit40ms", "40ms,400mbit", "-1mbit,1ms",
                                       "0mbit,1ms", "1mbit,-1ms", "nanmbit,1ms", "1e400mbit,1ms", "400mbit,40ms,1",
                                       "400mbit;40ms", "400Mbit,40ms", "1mbit,infms", "\"", "\"\"" };
    link_speed               link;
    runfile                 *r = opened(RUN TEXT "[network]\nlink = 100mbit 20ms\n");

    (void)state;
    assert_true(r->link.bits_per_s == 100e6 && r->link.round_trip_s == 0.02);
    closed(r);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!link_read(good[i].text, &link)) fail_msg("refused: %s", good[i].text);
        assert_true(fabs(link.bits_per_s - good[i].bits_per_s) <= 1e-9 * good[i].bits_per_s &&
                    fabs(link.round_trip_s - good[i].round_trip_s) < 1e-12);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (link_read(bad[i], &link)) fail_msg("accepted: %s", bad[i]);
    refused(RUN TEXT "[network]\nlink = quick\n", 314, ":8: [network] link: not a link");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_run_file),
        cmocka_unit_test(defaults_are_those_of_the_manual),
        cmocka_unit_test(every_key_reaches_its_field),
        cmocka_unit_test(required_keys_are_named_in_order),
        cmocka_unit_test(exactly_one_input),
        cmocka_unit_test(an_input_of_set_replaces_that_of_the_file),
        cmocka_unit_test(texts_of_several_lines),
        cmocka_unit_test(chat_goes_with_texts),
        cmocka_unit_test(a_compute_party_reads_no_input),
        cmocka_unit_test(unknown_names_get_the_nearest),
        cmocka_unit_test(what_is_not_built_says_so),
        cmocka_unit_test(integers_are_strict),
        cmocka_unit_test(booleans_and_words_are_exact),
        cmocka_unit_test(ring_and_fraction_keep_their_inequality),
        cmocka_unit_test(paths_are_relative_to_the_file_and_of_set_to_here),
        cmocka_unit_test(token_ids_tell_positions_and_no_values),
        cmocka_unit_test(plugin_names_are_no_paths),
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(insecure_things_off_loopback_need_a_word),
        cmocka_unit_test(label_goes_with_classify),
        cmocka_unit_test(generation_is_checked),
        cmocka_unit_test(canonical_text_is_sorted_and_holds_what_changes_the_result),
        cmocka_unit_test(steps_are_agreed_on),
        cmocka_unit_test(places_are_told),
        cmocka_unit_test(links_are_read),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
