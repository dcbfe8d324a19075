/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_input.c - texts, ids, files and pictures become sequences that the model takes; labels, head and end of a
 * sequence; what the user is told, as data; and that no secret outlives its memory.  Linked with --wrap=free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "input/client.h"

#include "../support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOLDEN PUMA_SRCDIR "/tests/golden/"
#define BERT "models/bert-tiny" /* 128 tokens, 2 labels, 64 wide */

/* --- secrets ------------------------------------------------------------------------------------ */

/* Memory that must hold zeros when it is given back. */
static struct {
    const void *at;
    size_t      size;
    bool        freed, zero;
} watched[8];
static size_t watching;

static void watch(const void *at, size_t size)
{
    assert_non_null(at);
    assert_true(watching < sizeof watched / sizeof *watched);
    watched[watching].at = at;
    watched[watching].size = size;
    watched[watching].freed = watched[watching].zero = false;
    watching++;
}

void __real_free(void *p); /* the linker's names */
void __wrap_free(void *p);

void __wrap_free(void *p)
{
    for (size_t i = 0; p != NULL && i < watching; i++) {
        const unsigned char *bytes = p;

        if (watched[i].at != p || watched[i].freed) continue;
        watched[i].freed = watched[i].zero = true;
        for (size_t k = 0; k < watched[i].size; k++) watched[i].zero &= bytes[k] == 0;
    }
    __real_free(p);
}

static void all_were_wiped(void)
{
    for (size_t i = 0; i < watching; i++)
        if (!watched[i].freed || !watched[i].zero)
            fail_msg("secret %zu was %s", i, watched[i].freed ? "not wiped" : "not freed");
    watching = 0;
}

/* --- run files ---------------------------------------------------------------------------------- */

/* `more` begins at line 5. */
static client_plan *attempt(const char *golden, const char *task, const char *more, client_scope scope, puma_error *e)
{
    char         text[3000];
    client_plan *c;

    snprintf(text, sizeof text, "[run]\nmodel = %s%s\ntask = %s\nprotocol = plain\n%s", golden[0] == '/' ? "" : GOLDEN,
             golden, task, more);
    put_text("run.ini", text);
    *e = (puma_error){ 0 };
    client_open(&c, in_scratch("run.ini"), NULL, 0, scope, e);
    return c;
}

static client_plan *opened(const char *golden, const char *task, const char *more)
{
    puma_error   e;
    client_plan *c = attempt(golden, task, more, CLIENT_ALL, &e);

    if (e.status != PUMA_OK) fail_msg("%s", e.text);
    return c;
}

static void refused(const char *golden, const char *task, const char *more, unsigned code, const char *in_text)
{
    puma_error   e;
    client_plan *c = attempt(golden, task, more, CLIENT_ALL, &e);

    if (e.code != code || strstr(e.text, in_text) == NULL)
        fail_msg("E%04u %s; wanted E%04u %s", e.code, e.text, code, in_text);
    client_close(c);
}

static void has_ids(const client_plan *c, size_t input, size_t count, const uint32_t *ids)
{
    const token_list *s = &c->input.sequences[input];

    assert_true(input < c->input.count);
    assert_int_equal(s->count, count);
    for (size_t i = 0; i < count; i++) assert_int_equal(s->ids[i], ids[i]);
}

/* --- inputs ------------------------------------------------------------------------------------- */

static void the_shortest_input(void **state)
{
    client_plan *c = opened(BERT, "hidden", "[input]\ntext = the word\n");

    (void)state;
    assert_int_equal(c->input.count, 1);
    assert_true(c->input.sequences[0].count >= 4);
    assert_int_equal(c->input.sequences[0].ids[0], 2); /* [CLS] */
    assert_non_null(c->source);
    assert_int_equal(c->notes.count, 0);
    client_close(c);
}

static void ids_are_taken_as_they_stand(void **state)
{
    client_plan *c = opened(BERT, "hidden", "[input]\nids = 5 999 7\n");

    (void)state;
    has_ids(c, 0, 3, (const uint32_t[]){ 5, 999, 7 });
    client_close(c);
    refused(BERT, "hidden", "[input]\nids = 5 1000 7\n", 553, ":6: entry 2 is not in the model's vocabulary (limit 999)");
    refused(BERT, "hidden", "[input]\nimage = x.png\n", 564, ":6: [input] image: the model takes tokens");
}

static void files_give_a_line_or_the_whole(void **state)
{
    client_plan *one = opened(BERT, "hidden", "[input]\ntext = and the word\n"), *c;
    size_t       tokens = one->input.sequences[0].count;

    (void)state;
    put_text("lines.txt", "\xef\xbb\xbf" "and the word\r\nno\nand the word");
    c = opened(BERT, "hidden", "[input]\nfile = lines.txt\n");
    assert_int_equal(c->input.count, 3);
    has_ids(c, 0, tokens, one->input.sequences[0].ids); /* neither a mark nor a line's end is text */
    has_ids(c, 2, tokens, one->input.sequences[0].ids);
    client_close(c);
    c = opened(BERT, "hidden", "[input]\nfile = lines.txt\nlimit = 2\n");
    assert_int_equal(c->input.count, 2);
    client_close(c);
    c = opened(BERT, "hidden", "[input]\nprompt_file = lines.txt\n");
    assert_int_equal(c->input.count, 1);
    client_close(c);
    client_close(one);
    put_text("lines.txt", "");
    refused(BERT, "hidden", "[input]\nfile = lines.txt\n", 551, "no line in it");
    unlink(in_scratch("lines.txt"));
    refused(BERT, "hidden", "[input]\nfile = lines.txt\n", 554, "lines.txt");
}

static void a_picture_is_a_sequence_of_the_model_s_length(void **state)
{
    char         pixels[4000] = "[";
    client_plan *c;

    (void)state;
    for (size_t i = 0; i < 784; i++) strcat(pixels, i == 0 ? "0.5" : i % 2 == 0 ? ",0.5" : ",1");
    strcat(pixels, "]");
    put_text("pixels.json", pixels);
    c = opened("models/vit-tiny", "classify", "[input]\npixels = pixels.json\n");
    assert_int_equal(c->input.count, 1);
    assert_int_equal(c->input.sequences[0].count, 17); /* 4 x 4 patches of 28 x 28 and one in front */
    assert_true(c->input.images.images[0].pixels[783] == 1);
    client_close(c);
    put_text("pixels.json", "[1]");
    refused("models/vit-tiny", "classify", "[input]\npixels = pixels.json\n", 563, ":6: [input] pixels");
    pixels[0] = '\0';
    for (size_t i = 0; i < 784; i++) strcat(pixels, i == 0 ? "[1e9" : ",1");
    strcat(pixels, "]");
    put_text("pixels.json", pixels);
    refused("models/vit-tiny", "classify", "[input]\npixels = pixels.json\n", 1101, "too large for the model's ranges");
    unlink(in_scratch("pixels.json"));
}

/* --- notes -------------------------------------------------------------------------------------- */

static void what_is_cut_is_noted(void **state)
{
    char         more[1200] = "[input]\nids =";
    client_plan *c;

    (void)state;
    for (size_t i = 0; i < 130; i++) strcat(more, " 5");
    refused(BERT, "hidden", more, 552, ":6: tokens 130 > 128 (truncate = yes cuts them)");
    strcat(more, " 6\ntruncate = yes\n");
    c = opened(BERT, "hidden", more);
    assert_int_equal(c->input.sequences[0].count, 128);
    assert_int_equal(c->input.sequences[0].ids[127], 6); /* the one that closes a sequence stays */
    assert_int_equal(c->notes.count, 1);
    assert_int_equal(c->notes.list[0].kind, NOTE);
    assert_non_null(strstr(c->notes.list[0].text, "run.ini:6: cut from 131 to 128 tokens"));
    client_close(c);
    strcpy(more, "[input]\ntext =");
    for (size_t i = 0; i < 130; i++) strcat(more, " word");
    strcat(more, "\ntruncate = yes\n");
    c = opened(BERT, "hidden", more);
    assert_int_equal(c->input.sequences[0].count, 128);
    assert_int_equal(c->input.sequences[0].ids[127], 3); /* [SEP] */
    assert_int_equal(c->notes.count, 1);
    assert_non_null(strstr(c->notes.list[0].text, " to 128 tokens"));
    client_close(c);
}

/* Ids need no tokenizer; without one new tokens are shown as numbers, and the user is told why. */
static void a_missing_tokenizer_is_noted(void **state)
{
    static const char *const names[] = { "config.json", "model.safetensors" };
    char                     from[400];
    client_plan             *c;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(from, sizeof from, GOLDEN "models/gpt2-tiny/%s", names[i]);
        assert_int_equal(symlink(from, in_scratch(names[i])), 0);
    }
    c = opened(scratch, "generate", "[input]\nids = 5 6\n");
    assert_null(c->input.tokenizer);
    assert_int_equal(c->notes.count, 1);
    assert_int_equal(strncmp(c->notes.list[0].text, "tokens are shown as numbers: ", 29), 0);
    client_close(c);
    for (size_t i = 0; i < 2; i++) unlink(in_scratch(names[i]));
}

/* --- what belongs to the input ------------------------------------------------------------------ */

static void labels_are_one_an_input(void **state)
{
    static const char more[] = "[input]\nfile = lines.txt\nlabels = labels.txt\n";
    client_plan      *c;

    (void)state;
    put_text("lines.txt", "one\ntwo\nthree\n");
    put_text("labels.txt", "1\n0\n1\n");
    c = opened(BERT, "classify", more);
    assert_true(c->input.labels[0] == 1 && c->input.labels[1] == 0 && c->input.labels[2] == 1);
    client_close(c);
    put_text("labels.txt", "1\n2\n1\n");
    refused(BERT, "classify", more, 557, "labels.txt:2: not a label of the model (limit 0 to 1)");
    put_text("labels.txt", "1\n0\n");
    refused(BERT, "classify", more, 558, "fewer labels than inputs (got 2, expected 3)");
    put_text("labels.txt", "1\n0\n1\n1\n");
    refused(BERT, "classify", more, 558, "labels.txt:4: more labels than inputs (expected 3)");
    unlink(in_scratch("labels.txt"));
    unlink(in_scratch("lines.txt"));
}

static void put_head(size_t width, const char *first)
{
    char text[800];

    snprintf(text, sizeof text, "{\"w\": [%s", first);
    for (size_t i = 1; i < width; i++) strcat(text, ", 0.25");
    strcat(text, "], \"b\": -1.5}");
    put_text("head.json", text);
}

static void a_head_is_a_number_for_each_of_the_embedding(void **state)
{
    static const char more[] = "head = head.json\n[input]\nids = 5 6\n";
    client_plan      *c;

    (void)state;
    put_head(64, "0.5");
    c = opened(BERT, "classify", more);
    assert_true(c->input.head[0] == 0.5 && c->input.head[63] == 0.25 && c->input.head[64] == -1.5);
    assert_true(c->plan->exec.linear_head);
    client_close(c);
    put_head(63, "0.5");
    refused(BERT, "classify", more, 423, "head.json: w: one number for each of the embedding is needed (got 63, expected 64)");
    put_head(64, "1e9");
    refused(BERT, "classify", more, 1102, "head.json: w: entry 0 leaves the fixed-point range");
    unlink(in_scratch("head.json"));
}

static void the_end_of_a_sequence_and_the_mask(void **state)
{
    client_plan *c = opened("models/gpt2-tiny", "generate", "[input]\nids = 5 6\n");

    (void)state;
    assert_int_equal(c->input.eos_count, 1);
    assert_int_equal(c->input.eos[0], 0);
    client_close(c);
    c = opened("families/bert-fill_mask", "fill_mask", "[input]\nids = 5 4 7\n");
    assert_int_equal(c->input.mask, 4);
    client_close(c);
    refused("families/bert-fill_mask", "fill_mask", "[input]\nids = 5 6 7\n", 333, "input 0 has no [MASK] to fill in");
}

/* --- scopes and secrets ------------------------------------------------------------------------- */

static void a_dealer_has_the_lengths_alone(void **state)
{
    puma_error   e;
    client_plan *c;
    size_t      *tokens, count;

    (void)state;
    put_head(64, "0.5");
    c = attempt(BERT, "classify", "head = head.json\n[input]\nids = 5 6 7\n", CLIENT_LENGTHS, &e);
    assert_int_equal(e.status, PUMA_OK);
    assert_true(c->source == NULL && c->input.head == NULL && c->hello == NULL);
    assert_int_equal(client_lengths(c, &tokens, &count, &e), PUMA_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tokens[0], 3);
    free(tokens);
    client_close(c);
    unlink(in_scratch("head.json"));
}

static void secrets_are_wiped(void **state)
{
    client_plan *c;

    (void)state;
    put_head(64, "0.5");
    c = opened(BERT, "classify", "head = head.json\n[input]\ntext = the word\ntext_pair = and the word\n");
    watch(c->input.own->text, 8);
    watch(c->input.own->text_pair, 12);
    watch(c->input.sequences[0].ids, c->input.sequences[0].count * sizeof(uint32_t));
    watch(c->input.head, 65 * sizeof(double));
    client_close(c);
    all_were_wiped();
    c = opened("models/qwen2-tiny", "generate",
               "[input]\nmessages = [{\"role\": \"user\", \"content\": \"word\"}]\n[chat]\ntemplate = qwen2.5\nsystem = be brief\n");
    assert_string_equal(c->input.chat, "qwen2.5");
    watch(c->input.own->messages, 38);
    watch(c->input.own->chat_system, 8);
    client_close(c);
    all_were_wiped();
    c = opened(BERT, "classify", "[input]\nids = 5 6 7\n");
    watch(c->input.own->ids, 3 * sizeof(uint32_t));
    watch(c->input.sequences[0].ids, 3 * sizeof(uint32_t));
    client_close(c);
    all_were_wiped();
    unlink(in_scratch("head.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_input),
        cmocka_unit_test(ids_are_taken_as_they_stand),
        cmocka_unit_test(files_give_a_line_or_the_whole),
        cmocka_unit_test(a_picture_is_a_sequence_of_the_model_s_length),
        cmocka_unit_test(what_is_cut_is_noted),
        cmocka_unit_test(a_missing_tokenizer_is_noted),
        cmocka_unit_test(labels_are_one_an_input),
        cmocka_unit_test(a_head_is_a_number_for_each_of_the_embedding),
        cmocka_unit_test(the_end_of_a_sequence_and_the_mask),
        cmocka_unit_test(a_dealer_has_the_lengths_alone),
        cmocka_unit_test(secrets_are_wiped),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
