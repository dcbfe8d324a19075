/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* arena.c - see internal.h.
 *
 * Owns all memory that a session hands out: buffers, and the items that refer to them in the order they were
 * made, so that a scope is marked by a count.  It keeps tensors without looking into them; shape.c fills in
 * their metadata. */
#include "host/internal.h"

#include "base/checked.h"

#include <stdlib.h>
#include <string.h>

/* --- buffers ---------------------------------------------------------------------------------- */

void *host_room(size_t bytes) { return calloc(1, bytes); }

void host_room_release(buffer *b) { free(b); }

void host_release(buffer *b)
{
    if (b && --b->references == 0) b->session->memory->release(b);
}

/* A buffer of `words` zeroed words, aligned for the kernels. */
static buffer *buffer_new(puma_session *s, size_t words, size_t stride)
{
    host_session *h = host_of(s);
    size_t        bytes;
    buffer       *b;
    uintptr_t     at;

    if (!checked_mul(&bytes, words, sizeof(uint64_t)) || !checked_add(&bytes, bytes, sizeof *b + ALIGNMENT))
        return host_no_memory(s, SIZE_MAX);
    b = h->memory->room(bytes);
    if (!b) return host_no_memory(s, bytes);
    b->session = h;
    b->bytes = bytes;
    b->stride = stride;
    at = ((uintptr_t)(b + 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    b->references = 1;
    b->words = (uint64_t *)at;
    return b;
}

/* --- items ------------------------------------------------------------------------------------ */

/* A new item over `memory`.  Takes over the caller's reference, also on failure. */
static item *item_new(puma_session *s, buffer *memory)
{
    host_session *h = host_of(s);
    item         *it;

    if (!memory) return NULL;
    if (h->count == h->room) {
        size_t room = h->room ? 2 * h->room : 64;
        item **items = realloc(h->items, room * sizeof *items);

        if (!items) {
            host_release(memory);
            return host_no_memory(s, room * sizeof *items);
        }
        h->items = items;
        h->room = room;
    }
    it = calloc(1, sizeof *it);
    if (!it) {
        host_release(memory);
        return host_no_memory(s, sizeof *it);
    }
    it->memory = memory;
    h->items[h->count++] = it;
    return it;
}

static void item_free(item *it)
{
    host_release(it->memory);
    free(it);
}

item *host_item(puma_session *s, size_t words, size_t stride)
{
    return item_new(s, buffer_new(s, words, stride));
}

item *host_item_over(puma_session *s, buffer *b)
{
    b->references++;
    return item_new(s, b);
}

void host_arena_free(host_session *h)
{
    while (h->count > 0) item_free(h->items[--h->count]);
    free(h->items);
}

/* --- scopes ----------------------------------------------------------------------------------- */

size_t host_enter(puma_session *s) { return host_of(s)->count; }

static bool is_kept(const item *it, const puma_tensor *const *keep, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (&it->tensor == keep[i]) return true;
    return false;
}

void host_leave(puma_session *s, size_t mark, const puma_tensor *const *keep, size_t count)
{
    host_session *h = host_of(s);
    size_t        left = mark;

    for (size_t i = mark; i < h->count; i++) {
        if (is_kept(h->items[i], keep, count))
            h->items[left++] = h->items[i];
        else
            item_free(h->items[i]);
    }
    if (left < h->count) h->count = left;
}

void host_drop(puma_session *s, const puma_tensor *x)
{
    host_session *h = host_of(s);

    for (size_t i = h->count; x && i-- > 0;)
        if (&h->items[i]->tensor == x) {
            item_free(h->items[i]);
            memmove(h->items + i, h->items + i + 1, (--h->count - i) * sizeof *h->items);
            return;
        }
}

uint64_t *host_scratch(puma_session *s, size_t words)
{
    item *it;

    if (s->status != PUMA_OK) return NULL;
    it = host_item(s, words, 0);
    return it ? it->memory->words : NULL;
}
