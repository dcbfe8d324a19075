/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_token_goldens.c - every public golden string on the real vocabularies: MiniLM's WordPiece, GPT-2's
 * BPE and the SentencePiece BPE of LLaMA's kind.
 *
 * PUMA_MINILM, PUMA_GPT2BPE and PUMA_LLAMASP name the directories; MiniLM is looked for in checkpoints/minilm
 * of the build too.  What is not there is skipped; the exit code is 77 when nothing was there, 1 when
 * anything differs. */
#include "token/token.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t compared, failed;

static bool same(const json_t *wanted, const uint32_t *got, size_t count)
{
    if (json_array_size(wanted) != count) return false;
    for (size_t i = 0; i < count; i++)
        if (json_integer_value(json_array_get(wanted, i)) != (json_int_t)got[i]) return false;
    return true;
}

/* One golden case: `text` alone, or `pair` with it; ids decode to the text again where `back` is set. */
static void check(const tokenizer *t, const json_t *c, const char *text, const char *pair, bool back)
{
    puma_error    e = { 0 };
    token_list    list;
    const json_t *types = json_object_get(c, "type_ids");
    token_source  from = { .text = json_string_value(json_object_get(c, text)),
                           .size = json_string_length(json_object_get(c, text)),
                           .special = true };
    const json_t *second = pair ? json_object_get(c, pair) : NULL;
    char         *decoded = NULL;
    size_t        size;
    bool          good;

    from.pair = json_string_value(second);
    from.pair_size = json_string_length(second);
    good = token_encode(t, &from, &list, &e) == PUMA_OK &&
           same(json_object_get(c, "ids"), list.ids, list.count) &&
           (!types || same(types, list.types, list.count));
    if (good && back) {
        /* Where a golden says nothing else, the text comes back. */
        const json_t *wanted = json_object_get(c, "decoded");

        if (!wanted) wanted = json_object_get(c, text);
        good = token_decode(t, list.ids, list.count, false, &decoded, &size, &e) == PUMA_OK &&
               size == json_string_length(wanted) && memcmp(decoded, json_string_value(wanted), size) == 0;
    }
    compared++;
    if (!good) {
        failed++;
        fprintf(stderr, "differs: \"%s\" %s\n", from.text, e.text);
    }
    free(decoded);
    token_list_free(&list);
}

static void check_file(const char *golden, const char *directory, bool back)
{
    puma_error   e = { 0 };
    tokenizer   *t = NULL;
    json_error_t error;
    json_t      *root, *c;
    size_t       i;

    root = json_load_file(golden, JSON_ALLOW_NUL, &error);
    if (!root || token_open(&t, directory, &e) != PUMA_OK) {
        fprintf(stderr, "%s, %s: %s\n", golden, directory, root ? e.text : error.text);
        failed++;
        json_decref(root);
        return;
    }
    json_array_foreach(json_object_get(root, "strings"), i, c) check(t, c, "text", NULL, back);
    json_array_foreach(json_object_get(root, "pairs"), i, c) check(t, c, "a", "b", false);
    token_close(t);
    json_decref(root);
}

int main(void)
{
    const char *minilm = getenv("PUMA_MINILM"), *gpt2 = getenv("PUMA_GPT2BPE"),
               *llama = getenv("PUMA_LLAMASP");

    if (!minilm || !*minilm) minilm = "checkpoints/minilm";
    if (access(minilm, F_OK) == 0)
        check_file(PUMA_SRCDIR "/tests/golden/wordpiece_public.json", minilm, false);
    if (gpt2 && access(gpt2, F_OK) == 0)
        check_file(PUMA_SRCDIR "/tests/golden/gpt2bpe_public.json", gpt2, true);
    if (llama && access(llama, F_OK) == 0)
        check_file(PUMA_SRCDIR "/tests/golden/llamasp_public.json", llama, true);
    if (compared == 0 && failed == 0) {
        puts("no vocabularies: set PUMA_MINILM, PUMA_GPT2BPE and PUMA_LLAMASP");
        return 77;
    }
    printf("%zu compared, %zu differ\n", compared, failed);
    return failed ? 1 : 0;
}
