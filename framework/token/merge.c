/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* merge.c - see merge.h */
#include "token/merge.h"

#include <stdlib.h>

void merger_clear(merger *m) { m->count = m->heap_count = 0; }

void merger_free(merger *m)
{
    free(m->symbols);
    free(m->heap);
    *m = (merger){ 0 };
}

/* Room for one more of `each` bytes; false: out of memory. */
static bool grow(void **at, size_t count, size_t *room, size_t each)
{
    size_t more = *room ? *room * 2 : 64;
    void  *grown;

    if (count < *room) return true;
    grown = more > SIZE_MAX / each ? NULL : realloc(*at, more * each);
    if (!grown) return false;
    *at = grown;
    *room = more;
    return true;
}

bool merger_add(merger *m, uint32_t id, size_t begin, size_t size)
{
    void    *at = m->symbols;
    uint32_t here = (uint32_t)m->count;

    if (!grow(&at, m->count, &m->room, sizeof *m->symbols)) return false;
    m->symbols = at;
    m->symbols[m->count++] = (symbol){ .id = id,
                                       .begin = (uint32_t)begin,
                                       .size = (uint32_t)size,
                                       .previous = here > 0 ? here - 1 : MERGE_NONE,
                                       .next = MERGE_NONE };
    if (here > 0) m->symbols[here - 1].next = here;
    return true;
}

static bool comes_first(const candidate *a, const candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

/* Offers the pair that begins at symbol `at`, if it may be joined. */
static bool offer(merger *m, uint32_t at, merge_fn pair, void *context)
{
    const symbol *left, *right;
    candidate     c = { .at = at };
    void         *heap = m->heap;
    size_t        i;

    if (at == MERGE_NONE || m->symbols[at].next == MERGE_NONE) return true;
    left = &m->symbols[at];
    right = &m->symbols[left->next];
    if (!pair(context, left, right, &c.rank, &c.result)) return true;
    c.size = left->size + right->size;
    if (!grow(&heap, m->heap_count, &m->heap_room, sizeof *m->heap)) return false;
    m->heap = heap;
    for (i = m->heap_count++; i > 0 && comes_first(&c, &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = c;
    return true;
}

static candidate take_first(merger *m)
{
    candidate first = m->heap[0], last = m->heap[--m->heap_count];
    size_t    i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= m->heap_count) break;
        if (child + 1 < m->heap_count && comes_first(&m->heap[child + 1], &m->heap[child])) child++;
        if (!comes_first(&m->heap[child], &last)) break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    if (m->heap_count > 0) m->heap[i] = last;
    return first;
}

bool merger_run(merger *m, merge_fn pair, void *context)
{
    m->heap_count = 0;
    for (uint32_t i = 0; i + 1 < m->count; i++)
        if (!offer(m, i, pair, context)) return false;
    while (m->heap_count > 0) {
        candidate c = take_first(m);
        symbol   *left = &m->symbols[c.at], *right;

        if (left->size == 0 || left->next == MERGE_NONE) continue;
        right = &m->symbols[left->next];
        if (left->size + right->size != c.size) continue;
        left->id = c.result;
        left->size += right->size;
        left->next = right->next;
        right->size = 0;
        if (right->next != MERGE_NONE) m->symbols[right->next].previous = c.at;
        if (!offer(m, left->previous, pair, context) || !offer(m, c.at, pair, context)) return false;
    }
    return true;
}
