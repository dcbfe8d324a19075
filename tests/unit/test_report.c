/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - what nodes counted is added up as the report's keys say, and files are replaced whole or
 * not at all. */
#include "cli/progress.h"
#include "report/output.h"
#include "base/staged.h"
#include "report/report.h"
#include "../support/scratch.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static puma_error e;

/* Of a node among those of a 3PC run. */
static uint32_t place(uint32_t node) { return node == PUMA_CLIENT ? 3 : node; }

static report_party party(uint32_t node, uint64_t sent, uint64_t offline, uint64_t rounds)
{
    report_party p = { .node = node,
                       .sent_bytes = sent,
                       .received_bytes = 10 * sent,
                       .sent_bytes_offline = offline,
                       .messages = 3,
                       .cpu_s = 0.5,
                       .peak_rss_bytes = 1 << 20,
                       .rounds = rounds,
                       .online_rounds = rounds - 1,
                       .wall_s = 2.0 + place(node),
                       .waited_s = 0.25 * place(node),
                       .setup_s = 1.0 + place(node),
                       .setup_bytes = 1000 };

    for (size_t i = 0; i < PUMA_NODES; i++) memset(p.digest[i], (int)(16 * place(node) + place((uint32_t)i)), 32);
    p.has_digests = true;
    return p;
}

static void add(report_party *p, const char *name, const char *op, uint64_t bytes, uint64_t rounds,
                double seconds)
{
    assert_int_equal(report_add_layer(p, name, op, bytes, rounds, seconds, &e), PUMA_OK);
}

/* Four nodes of a 3PC run; the client last. */
static void make_parties(report_party p[4])
{
    e = (puma_error){ 0 };
    p[0] = party(0, 100, 100, 3);
    p[1] = party(1, 300, 0, 7);
    p[2] = party(2, 200, 0, 6);
    p[3] = party(PUMA_CLIENT, 50, 0, 9);
    add(&p[0], "bert.layer.0 gelu", "gelu", 100, 1, 0.1);
    add(&p[1], "bert.layer.0 gelu", "gelu", 30, 4, 0.3);
    add(&p[1], "bert.layer.1 gelu", "gelu", 31, 5, 0.2);
    add(&p[2], "bert.layer.0 gelu", "gelu", 20, 3, 0.2);
    add(&p[2], "bert.layer.1 gelu", "gelu", 21, 6, 0.1);
}

static void free_parties(report_party p[4])
{
    for (size_t i = 0; i < 4; i++) report_party_free(&p[i]);
}

static void bytes_are_sums_and_rounds_are_maxima(void **state)
{
    report_party p[4];
    report       r = { 0 };

    (void)state;
    make_parties(p);
    assert_int_equal(report_merge(&r, p, 4, &e), PUMA_OK);
    assert_int_equal(r.total_bytes, 600); /* the client's are not among them */
    assert_int_equal(r.offline_bytes, 100);
    assert_int_equal(r.online_bytes, 500);
    assert_int_equal(r.client_bytes, 50);
    assert_int_equal(r.setup_bytes, 4000);
    assert_int_equal(r.rounds, 9);
    assert_int_equal(r.online_rounds, 8);
    assert_true(r.wall_s == 5.0);   /* the client's */
    assert_true(r.online_s == 4.5); /* less party 2's wait */
    assert_true(r.setup_s == 4.0);
    assert_int_equal(r.layer_count, 2);
    assert_string_equal(r.layers[0].name, "bert.layer.0 gelu");
    assert_int_equal(r.layers[0].bytes, 150);
    assert_int_equal(r.layers[0].rounds, 4);
    assert_true(r.layers[0].seconds == 0.3);
    assert_int_equal(r.layers[1].bytes, 52);
    assert_int_equal(r.layers[1].rounds, 6);
    report_free(&r);
    free_parties(p);
}

static void a_dealer_ahead_adds_bytes_to_layers_alone(void **state)
{
    report_party p[4];
    report       r = { 0 };

    (void)state;
    make_parties(p);
    p[0].ahead = true;
    add(&p[0], "embedding", "lookup", 10, 500, 9.0); /* it waited for a client */
    add(&p[1], "embedding", "lookup", 20, 2, 0.1);
    add(&p[2], "embedding", "lookup", 20, 2, 0.2);
    assert_int_equal(report_merge(&r, p, 4, &e), PUMA_OK);
    assert_int_equal(r.layer_count, 3);
    assert_string_equal(r.layers[1].name, "embedding");
    assert_int_equal(r.layers[1].bytes, 50);
    assert_int_equal(r.layers[1].rounds, 2);
    assert_true(r.layers[1].seconds == 0.2);
    report_free(&r);
    free_parties(p);
}

static void a_transcript_is_a_hash_over_links_in_order(void **state)
{
    /* SHA-256 of 12 blocks of 32 bytes 01 02 03 10 12 13 20 21 23 30 31 32 (hex, one byte 32 times each),
     * computed apart. */
    static const char expected[] = "386d65dd96957bfb52a0aea858dd5ef8161125e77325ced983fb0849e8c3e7a4";
    report_party      p[4], swapped[4];
    report            r = { 0 }, s = { 0 }, other = { 0 };

    (void)state;
    make_parties(p);
    for (size_t i = 0; i < 4; i++) swapped[i] = p[3 - i];
    assert_int_equal(report_merge(&r, p, 4, &e), PUMA_OK);
    assert_int_equal(report_merge(&s, swapped, 4, &e), PUMA_OK);
    assert_string_equal(r.transcript_sha256, expected);
    assert_string_equal(s.transcript_sha256, expected);
    p[1].digest[2][31] ^= 1;
    assert_int_equal(report_merge(&other, p, 4, &e), PUMA_OK);
    assert_string_not_equal(other.transcript_sha256, expected);
    report_free(&r);
    report_free(&s);
    report_free(&other);
    r = (report){ 0 };
    p[2].has_digests = false;
    assert_int_equal(report_merge(&r, p, 4, &e), PUMA_OK);
    assert_string_equal(r.transcript_sha256, "");
    report_free(&r);
    r = (report){ 0 };
    assert_int_equal(report_merge(&r, p, 1, &e), PUMA_OK);
    assert_string_equal(r.transcript_sha256, "");
    report_free(&r);
    free_parties(p);
}

static void a_partys_part_survives_the_wire(void **state)
{
    report_party p[4], back;
    char        *text, *again;

    (void)state;
    make_parties(p);
    p[1].cpu_s = 1.0 / 3;
    p[1].sent_bytes = INT64_MAX;
    p[1].dealer = true;
    text = report_party_json(&p[1]);
    assert_non_null(text);
    assert_int_equal(report_party_parse(&back, text, &e), PUMA_OK);
    assert_true(back.cpu_s == p[1].cpu_s);
    assert_true(back.sent_bytes == INT64_MAX && back.dealer && back.has_digests);
    assert_memory_equal(back.digest, p[1].digest, sizeof back.digest);
    again = report_party_json(&back);
    assert_string_equal(text, again);
    free(text);
    free(again);
    report_party_free(&back);
    free_parties(p);
}

static void refused(const char *text)
{
    report_party p;
    puma_error   why = { 0 };

    if (report_party_parse(&p, text, &why) != PUMA_ENET || why.code != 750) fail_msg("accepted: %s", text);
    assert_null(p.layers);
}

static void a_peers_part_is_checked_whole(void **state)
{
    static const struct {
        const char *key, *value;
    } wrong[] = {
        { "node", "9" },
        { "node", "-1" },
        { "node", "\"1\"" },
        { "dealer", "1" },
        { "sent_bytes", "-1" },
        { "sent_bytes", "1.5" },
        { "messages", "99999999999999999999" },
        { "cpu_s", "-0.1" },
        { "cpu_s", "null" },
        { "wall_s", "1e999" },
        { "layers", "{}" },
        { "layers", "[1]" },
        { "layers", "[{\"name\":\"a\",\"op\":\"b\",\"bytes\":1,\"rounds\":1}]" },
        { "layers", "[{\"name\":\"a\",\"op\":\"b\",\"bytes\":1,\"rounds\":1,\"seconds\":0,\"x\":1}]" },
        { "layers", "[{\"name\":\"a\",\"op\":7,\"bytes\":1,\"rounds\":1,\"seconds\":0}]" },
        { "digests", "[]" },
        { "digests", "[\"00\",\"00\",\"00\",\"00\"]" },
        { "extra", "1" },
    };
    report_party p[4];
    char        *text;
    json_t      *good;

    (void)state;
    make_parties(p);
    text = report_party_json(&p[1]);
    good = json_loads(text, 0, NULL);
    assert_non_null(good);
    for (size_t cut = 0; cut < strlen(text); cut++) {
        char *part = strndup(text, cut);

        refused(part);
        free(part);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *copy = json_copy(good);
        json_t *value = json_loads(wrong[i].value, JSON_DECODE_ANY, NULL);
        char   *changed, marked[24];

        /* What jansson cannot hold goes in as text. */
        snprintf(marked, sizeof marked, "\"@%zu\"", i);
        json_object_set_new(copy, wrong[i].key, value ? value : json_loads(marked, JSON_DECODE_ANY, NULL));
        changed = json_dumps(copy, JSON_COMPACT);
        if (!value) {
            char *at = strstr(changed, marked), *whole = NULL;

            assert_non_null(at);
            assert_true(asprintf(&whole, "%.*s%s%s", (int)(at - changed), changed, wrong[i].value,
                                 at + strlen(marked)) > 0);
            free(changed);
            changed = whole;
        }
        refused(changed);
        free(changed);
        json_decref(copy);
    }
    for (void *at = json_object_iter(good); at; at = json_object_iter_next(good, at)) {
        json_t *copy;
        char   *without;

        if (!strcmp(json_object_iter_key(at), "digests")) continue;
        copy = json_copy(good);
        json_object_del(copy, json_object_iter_key(at));
        without = json_dumps(copy, 0);
        refused(without);
        free(without);
        json_decref(copy);
    }
    refused("{\"node\":1,\"node\":1}");
    refused("[]");
    json_decref(good);
    free(text);
    free_parties(p);
}

static const char *const top_keys[] = {
    "puma_version", "protocol", "approximation",     "model",         "task",         "sequence_length",
    "output",       "parties",  "total_bytes",       "offline_bytes", "online_bytes", "client_bytes",
    "setup_bytes",  "rounds",   "online_rounds",     "wall_s",        "online_s",     "setup_s",
    "layers",       "fidelity", "transcript_sha256",
};

#define NO_LABEL .label = -1, .reference_label = -1, .given_label = -1

static report sample(const report_party *p, const report_output *outputs, size_t count)
{
    report r = { .puma_version = "0.1.0",
                 .protocol = "rep3",
                 .model = "m",
                 .task = "embed",
                 .sequence_length = 5,
                 .outputs = outputs,
                 .output_count = count,
                 .fidelity = { .present = true,
                               .has_distance = true, .has_cosine = true,
                               .max_abs_error = 0.01,
                               .cosine = 0.999,
                               .top1_agreement = -1,
                               .accuracy = -1 } };

    r.function[PUMA_SLOT_GELU] = "puma.gelu";
    assert_int_equal(report_merge(&r, p, 4, &e), PUMA_OK);
    return r;
}

static json_t *json_of(const report *r)
{
    char   *text = report_json(r);
    json_t *root;

    assert_non_null(text);
    assert_int_equal(text[strlen(text) - 1], '\n');
    root = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

static void the_report_has_its_keys(void **state)
{
    static const char *const party_keys[] = {
        "id", "sent_bytes", "received_bytes", "sent_bytes_offline", "messages", "cpu_s", "peak_rss_bytes"
    };
    static const double values[] = { 0.1, -0.2, 1.0 / 3 };
    report_output o = { .kind = REPORT_EMBEDDING, .values = values, .rows = 1, .columns = 3, NO_LABEL };
    report_party  p[4];
    report        r;
    json_t       *root, *parties;

    (void)state;
    make_parties(p);
    p[2].dealer = true;
    r = sample(p, &o, 1);
    root = json_of(&r);
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys; i++)
        if (!json_object_get(root, top_keys[i])) fail_msg("no %s", top_keys[i]);
    assert_int_equal(json_object_size(root), sizeof top_keys / sizeof *top_keys);
    parties = json_object_get(root, "parties");
    assert_int_equal(json_array_size(parties), 3);
    for (size_t i = 0; i < sizeof party_keys / sizeof *party_keys; i++)
        assert_non_null(json_object_get(json_array_get(parties, 1), party_keys[i]));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(parties, 1), "id")), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(parties, 2), "id")), "dealer");
    assert_int_equal(json_integer_value(json_object_get(root, "total_bytes")), 600);
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "approximation"), "gelu")),
                        "puma.gelu");
    assert_true(json_real_value(json_array_get(json_object_get(json_object_get(root, "output"), "embedding"),
                                               2)) == 1.0 / 3);
    assert_true(json_is_null(json_object_get(json_object_get(root, "fidelity"), "accuracy")));
    assert_true(json_real_value(json_object_get(json_object_get(root, "fidelity"), "cosine")) == 0.999);
    json_decref(root);
    r.fidelity.present = false;
    r.transcript_sha256[0] = '\0';
    root = json_of(&r);
    assert_null(json_object_get(root, "fidelity"));
    assert_null(json_object_get(root, "transcript_sha256"));
    json_decref(root);
    report_free(&r);
    free_parties(p);
}

/* The next step of a node that sends `bytes` in it and whose chain of messages grows by `rounds`. */
static void step(report_party *p, report_step kind, uint64_t tokens, uint64_t bytes, uint64_t rounds,
                 double seconds)
{
    const report_phase phase = { kind, tokens, bytes, rounds, seconds };

    assert_int_equal(report_add_phase(p, &phase, &e), PUMA_OK);
}

static void phases_add_up_to_the_whole(void **state)
{
    static const char text[] = "a\0b";
    const uint32_t    tokens[] = { 7, UINT32_MAX };
    report_output     o = {
            .kind = REPORT_TOKENS, NO_LABEL, .tokens = tokens, .token_count = 2, .text = text, .text_size = 3
    };
    report_party p[4], back;
    report       r;
    json_t      *root, *phase, *output;
    char        *wire;

    (void)state;
    make_parties(p);
    for (size_t i = 0; i < 4; i++) {
        /* Party 0 runs ahead: its chain is short at first and long later. */
        step(&p[i], REPORT_PREFILL, 5, 100 * i, i == 0 ? 2 : 10 + i, 1.0 + (double)i);
        step(&p[i], REPORT_DECODE, 1, 10 * i, i == 0 ? 20 : 4, 0.5);
        step(&p[i], REPORT_DECODE, 1, 10 * i, 4, 0.25);
    }
    r = sample(p, &o, 1);
    assert_int_equal(r.phase_count, 3);
    assert_int_equal(r.phases[0].step, REPORT_PREFILL);
    assert_int_equal(r.phases[0].tokens, 5);
    assert_int_equal(r.phases[0].bytes, 300); /* the client's 300 are not among them */
    assert_int_equal(r.phases[0].rounds, 13); /* the client's chain                  */
    assert_true(r.phases[0].seconds == 4.0);  /* the client's                        */
    assert_int_equal(r.phases[1].rounds, 9);  /* 22 of party 0, less 13              */
    assert_int_equal(r.phases[2].rounds, 4);  /* 26 of party 0, less 22              */
    assert_int_equal(r.phases[2].bytes, 30);
    root = json_of(&r);
    phase = json_array_get(json_object_get(root, "phases"), 1);
    assert_int_equal(json_object_size(phase), 5);
    assert_string_equal(json_string_value(json_object_get(phase, "name")), "decode");
    assert_int_equal(json_integer_value(json_object_get(phase, "tokens")), 1);
    assert_int_equal(json_integer_value(json_object_get(phase, "rounds")), 9);
    output = json_object_get(root, "output");
    assert_true(json_integer_value(json_array_get(json_object_get(output, "tokens"), 1)) == UINT32_MAX);
    assert_int_equal(json_string_length(json_object_get(output, "text")), 3);
    assert_int_equal(json_object_size(output), 2);
    json_decref(root);
    report_free(&r);
    wire = report_party_json(&p[2]);
    assert_int_equal(report_party_parse(&back, wire, &e), PUMA_OK);
    assert_int_equal(back.phase_count, 3);
    assert_int_equal(back.phases[1].step, REPORT_DECODE);
    assert_int_equal(back.phases[0].bytes, 200);
    assert_int_equal(back.phases[0].rounds, 12);
    assert_true(back.phases[0].seconds == 3.0);
    report_party_free(&back);
    free(wire);
    p[1].phases[2].tokens = 2;
    r = (report){ 0 };
    assert_int_equal(report_merge(&r, p, 4, &e), PUMA_ENET);
    assert_non_null(strstr(e.text, "nodes 0 and 1 differ in step 2"));
    report_free(&r);
    p[1].phase_count = 2;
    e = (puma_error){ 0 };
    r = (report){ 0 };
    assert_int_equal(report_merge(&r, p, 4, &e), PUMA_ENET);
    report_free(&r);
    e = (puma_error){ 0 };
    free_parties(p);
}

static void what_was_not_compared_is_null(void **state)
{
    report_output o = { .kind = REPORT_PERPLEXITY, NO_LABEL, .perplexity = 12.5 };
    report_party  p[4];
    report        r;
    json_t       *root, *fidelity;

    (void)state;
    make_parties(p);
    r = sample(p, &o, 1);
    r.fidelity = (report_fidelity){ .present = true, .top1_agreement = 0.75, .accuracy = -1 };
    root = json_of(&r);
    fidelity = json_object_get(root, "fidelity");
    assert_true(json_is_null(json_object_get(fidelity, "max_abs_error")));
    assert_true(json_is_null(json_object_get(fidelity, "cosine")));
    assert_true(json_real_value(json_object_get(fidelity, "top1_agreement")) == 0.75);
    assert_null(json_object_get(fidelity, "reference_perplexity"));
    assert_true(json_real_value(json_object_get(json_object_get(root, "output"), "perplexity")) == 12.5);
    assert_null(json_object_get(root, "phases"));
    json_decref(root);
    r.fidelity.reference_perplexity = 12.25;
    root = json_of(&r);
    fidelity = json_object_get(root, "fidelity");
    assert_true(json_real_value(json_object_get(fidelity, "reference_perplexity")) == 12.25);
    assert_null(json_object_get(fidelity, "layers"));
    json_decref(root);
    r.fidelity.layers = calloc(2, sizeof *r.fidelity.layers);
    r.fidelity.layer_count = 2;
    r.fidelity.layers[1] = (report_distance){ .max_abs_error = 0.5, .cosine = 0.25 };
    r.caution[PUMA_SLOT_GELU] = "not for everybody";
    root = json_of(&r);
    fidelity = json_object_get(json_object_get(root, "fidelity"), "layers");
    assert_int_equal(json_array_size(fidelity), 2);
    assert_true(json_real_value(json_object_get(json_array_get(fidelity, 1), "max_abs_error")) == 0.5);
    assert_true(json_real_value(json_object_get(json_array_get(fidelity, 1), "cosine")) == 0.25);
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "cautions"), "puma.gelu")),
                        "not for everybody");
    json_decref(root);
    report_free(&r);
    free_parties(p);
}

static void outputs_have_the_shape_of_their_task(void **state)
{
    static const double values[] = { 1, 2, 3, 4, 5, 6 };
    report_output       o[2] = {
              { .kind = REPORT_HIDDEN,
                .values = values,
                .rows = 2,
                .columns = 3,
                NO_LABEL,
                .sequence_length = 2 },
              { .kind = REPORT_LOGITS, .values = values, .rows = 1, .columns = 2, .label = 1, .reference_label = 0,
                .given_label = 1, .sequence_length = 4 }
    };
    double       bad = NAN;
    report_party p[4];
    report       r;
    json_t      *root, *outputs;

    (void)state;
    make_parties(p);
    r = sample(p, o, 2);
    r.many = true;
    root = json_of(&r);
    assert_null(json_object_get(root, "output"));
    outputs = json_object_get(root, "outputs");
    assert_int_equal(json_array_size(outputs), 2);
    assert_true(json_real_value(json_array_get(
                    json_array_get(json_object_get(json_array_get(outputs, 0), "hidden"), 1), 2)) == 6);
    assert_null(json_object_get(json_array_get(outputs, 0), "label"));
    assert_int_equal(json_array_size(json_object_get(json_array_get(outputs, 1), "logits")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(outputs, 1), "label")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(outputs, 1), "reference_label")), 0);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(outputs, 1), "given_label")), 1);
    assert_null(json_object_get(json_array_get(outputs, 0), "given_label"));
    json_decref(root);
    o[1].values = NULL; /* reveal = label: nothing but labels */
    r.many = false;
    r.outputs = &o[1];
    r.output_count = 1;
    root = json_of(&r);
    /* Its own, plaintext's, and the one given. */
    assert_int_equal(json_object_size(json_object_get(root, "output")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "output"), "label")), 1);
    json_decref(root);
    o[1].values = &bad;
    o[1].columns = 1;
    assert_null(report_json(&r));
    report_free(&r);
    free_parties(p);
}

static void the_table_shows_parties_and_costs(void **state)
{
    report_party p[4];
    report       r;
    char        *text = NULL;
    size_t       size = 0;
    FILE        *out = open_memstream(&text, &size);

    (void)state;
    make_parties(p);
    add(&p[1], "x", "evil\x1b[31m", 5, 1, 0);
    r = sample(p, NULL, 0);
    report_table(out, &r);
    fclose(out);
    assert_non_null(strstr(text, "party1"));
    assert_non_null(strstr(text, "600 B (offline 100 B, online 500 B), client 50 B, set-up 4.0 kB"));
    assert_non_null(strstr(text, "rounds  9 (online 8)"));
    assert_non_null(strstr(text, "gelu                               202 B"));
    assert_null(strchr(text, '\x1b'));
    free(text);
    report_free(&r);
    free_parties(p);
}

static void distances(void **state)
{
    const double x[] = { 3, 4, 0 }, y[] = { 3, 4.5, -0.25 }, zero[] = { 0, 0, 0 }, bad[] = { 1, NAN, 2 },
                 ties[] = { 1, 5, 5 };

    (void)state;
    assert_true(report_max_abs_error(x, y, 3) == 0.5);
    assert_true(isnan(report_max_abs_error(x, bad, 3)));
    assert_true(fabs(report_cosine(x, x, 3) - 1) < 1e-15);
    assert_true(fabs(report_cosine((double[]){ 1, 0 }, (double[]){ 1, 1 }, 2) - sqrt(0.5)) < 1e-15);
    assert_true(report_cosine(x, zero, 3) == 0 && report_cosine(zero, zero, 3) == 1);
    assert_int_equal(report_top1(ties, 3, 0), 1);
    assert_int_equal(report_top1(x, 3, 0), 1);
    /* Those within an error of rounding are ties too; what lies below is not. */
    assert_int_equal(report_top1((const double[]){ 0.5, 1, 1.25, 1 }, 4, 0.25), 1);
    assert_int_equal(report_top1((const double[]){ 0.5, 1, 1.25, 1 }, 4, 0.125), 2);
}

/* --- files ------------------------------------------------------------------------------------ */

static void content_is(const char *name, const char *content)
{
    char  text[64] = "";
    FILE *in = fopen(in_scratch(name), "r");

    assert_non_null(in);
    assert_true(fread(text, 1, sizeof text - 1, in) == strlen(content));
    fclose(in);
    assert_string_equal(text, content);
}

static size_t files_in_scratch(void)
{
    DIR   *d = opendir(scratch);
    size_t n = 0;

    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;)
        n += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(d);
    return n;
}

static puma_status write_file(const char *path, const char *text, puma_error *why)
{
    staged s;

    if (staged_open(&s, path, 0666, why) == PUMA_OK && staged_write(&s, text, strlen(text), why) == PUMA_OK &&
        staged_sync(&s, why) == PUMA_OK)
        staged_place(&s, true, why);
    staged_drop(&s);
    return why->status;
}

static void files_are_replaced_whole_or_not_at_all(void **state)
{
    struct rlimit old, small = { 8, 8 };

    (void)state;
    e = (puma_error){ 0 };
    assert_int_equal(write_file(in_scratch("r.json"), "first", &e), PUMA_OK);
    content_is("r.json", "first");
    assert_int_equal(write_file(in_scratch("r.json"), "second", &e), PUMA_OK);
    content_is("r.json", "second");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(write_file(in_scratch("r.json"), "far too long", &e), PUMA_ERESOURCE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(e.code, 1003);
    content_is("r.json", "second");
    assert_int_equal(files_in_scratch(), 1);
    e = (puma_error){ 0 };
    assert_int_equal(write_file(in_scratch("absent/r.json"), "x", &e), PUMA_ERESOURCE);
    unlink(in_scratch("r.json"));
}

static void check_refused(const char *path, const char *const *inputs, const char *in_text)
{
    puma_error why = { 0 };

    assert_int_equal(output_check(path, inputs, &why), PUMA_ECONFIG);
    assert_int_equal(why.code, 321);
    if (!strstr(why.text, in_text)) fail_msg("%s", why.text);
}

static void output_paths_are_checked_before_the_work(void **state)
{
    const char *input = in_scratch("run.ini"), *linked = in_scratch("link");
    const char *inputs[] = { "/nonexistent", input, NULL };

    (void)state;
    e = (puma_error){ 0 };
    assert_int_equal(write_file(input, "x", &e), PUMA_OK);
    assert_int_equal(link(input, linked), 0);
    assert_int_equal(output_check(in_scratch("new.json"), inputs, &e), PUMA_OK);
    assert_int_equal(output_check(in_scratch("run.ini"), NULL, &e), PUMA_OK);
    check_refused(in_scratch("run.ini"), inputs, "is an input");
    check_refused(linked, inputs, "is an input");
    check_refused(in_scratch("absent/new.json"), inputs, "No such file");
    check_refused(scratch, inputs, "directory");
    check_refused(in_scratch("new/"), inputs, "not the name");
    check_refused("", inputs, "not the name");
    check_refused("/dev/null", inputs, "not a regular file");
    check_refused(in_scratch("run.ini/new"), inputs, "Not a directory");
    if (geteuid() != 0) { /* root may write everywhere */
        assert_int_equal(chmod(scratch, 0500), 0);
        check_refused(in_scratch("new.json"), inputs, "Permission denied");
        assert_int_equal(chmod(scratch, 0700), 0);
    }
    unlink(linked);
    unlink(input);
}

static void progress_is_silent_without_a_terminal(void **state)
{
    int       saved = dup(STDERR_FILENO);
    FILE     *file = tmpfile();
    progress *p;

    (void)state;
    assert_non_null(file);
    assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    p = progress_start();
    progress_show(p, "layer 1", 1000);
    progress_end(p);
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_null(p);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_sums_and_rounds_are_maxima),
        cmocka_unit_test(a_dealer_ahead_adds_bytes_to_layers_alone),
        cmocka_unit_test(a_transcript_is_a_hash_over_links_in_order),
        cmocka_unit_test(a_partys_part_survives_the_wire),
        cmocka_unit_test(a_peers_part_is_checked_whole),
        cmocka_unit_test(the_report_has_its_keys),
        cmocka_unit_test(outputs_have_the_shape_of_their_task),
        cmocka_unit_test(phases_add_up_to_the_whole),
        cmocka_unit_test(what_was_not_compared_is_null),
        cmocka_unit_test(the_table_shows_parties_and_costs),
        cmocka_unit_test(distances),
        cmocka_unit_test(files_are_replaced_whole_or_not_at_all),
        cmocka_unit_test(output_paths_are_checked_before_the_work),
        cmocka_unit_test(progress_is_silent_without_a_terminal),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
