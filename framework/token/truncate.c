/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* truncate.c - sequences that are too long, cut as transformers' truncation=True cuts them.
 *
 * token.c asks before it puts a sequence together.  Only the two lists are shortened: which special tokens stand
 * around them is the template's, and stays. */
#include "token/tokenizer.h"

#include <string.h>

/* Keeps `most` ids, the first or the last ones. */
static void keep(id_list *list, size_t most, bool end)
{
    if (list->count <= most) return;
    if (end) memmove(list->at, list->at + (list->count - most), most * sizeof *list->at);
    list->count = most;
}

/* Longest first: tokens go one by one from whichever is longer by then.  Of an odd room the one that was longer to
 * begin with gets the odd token; of two equally long ones the second. */
static void share_room(size_t a, size_t b, size_t room, size_t *keep_a, size_t *keep_b)
{
    size_t less = a < b ? a : b, half = room / 2;

    if (less > half) less = half;
    *keep_a = a > b ? room - less : less;
    *keep_b = room - *keep_a;
}

bool template_cut(const template *plan, id_list *a, id_list *b, bool special, token_cut *cut)
{
    size_t around = 0, room, first = a->count, second = b->count;

    for (size_t i = 0; special && i < plan->count; i++) around += plan->pieces[i].what == PIECE_SPECIAL;
    cut->whole = around + first + second;
    if (cut->whole <= cut->most) return true;
    if (around >= cut->most) return false;
    room = cut->most - around;
    share_room(first, second, room, &first, &second);
    keep(a, first, cut->keep_end);
    keep(b, second, cut->keep_end);
    return true;
}
