/* stream.c - see stream.h */
#include "run/stream.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void stream_open(stream *s, const tokenizer *t, const uint32_t *eos, size_t eos_count)
{
    *s = (stream){ .t = t, .eos = eos, .eos_count = eos_count };
}

static void forget_text(stream *s)
{
    if (s->text != NULL) OPENSSL_cleanse(s->text, s->size);
    free(s->text);
    s->text = NULL;
    s->size = 0;
}

void stream_close(stream *s)
{
    forget_text(s);
    if (s->ids != NULL) OPENSSL_cleanse(s->ids, s->room * sizeof *s->ids);
    free(s->ids);
    *s = (stream){ 0 };
}

static bool is_eos(const stream *s, uint32_t id)
{
    for (size_t i = 0; i < s->eos_count; i++)
        if (s->eos[i] == id) return true;
    return false;
}

/* How much of the text no later token can change: all but the replacement characters at its end, of which the
 * bytes of an unfinished character make three at most. */
static size_t settled(const stream *s)
{
    size_t size = s->size;

    for (int i = 0; i < 3 && size >= 3 && memcmp(s->text + size - 3, "\xef\xbf\xbd", 3) == 0; i++) size -= 3;
    return size;
}

/* From what has been given out to `end`.  A tokenizer may read a longer run of bytes in another way than a
 * shorter one; what has been given out stands, and the rest begins with a whole character. */
static void give(stream *s, size_t end, const char **piece, size_t *size)
{
    size_t from = s->given;

    while (from < end && ((unsigned char)s->text[from] & 0xc0u) == 0x80) from++;
    *piece = s->text + from;
    *size = end > from ? end - from : 0;
    if (end > s->given) s->given = end;
}

puma_status stream_add(stream *s, uint32_t id, const char **piece, size_t *size, puma_error *e)
{
    *piece = "";
    *size = 0;
    if (s->ended || is_eos(s, id)) {
        s->ended = true;
        return PUMA_OK;
    }
    /* The model's vocabulary may be padded: such an id has no text. */
    if (id >= token_vocabulary(s->t) || token_text(s->t, id) == NULL) return PUMA_OK;
    if (s->count == s->room) {
        size_t    room = s->room > 0 ? 2 * s->room : 64;
        uint32_t *more = realloc(s->ids, room * sizeof *more);

        if (more == NULL) return error_set(e, 1001, "out of memory for %zu new tokens", room);
        s->ids = more;
        s->room = room;
    }
    s->ids[s->count++] = id;
    forget_text(s);
    if (token_decode(s->t, s->ids, s->count, true, &s->text, &s->size, e) != PUMA_OK) return e->status;
    give(s, settled(s), piece, size);
    return PUMA_OK;
}

void stream_end(stream *s, const char **piece, size_t *size)
{
    *piece = "";
    *size = 0;
    if (s->text != NULL) give(s, s->size, piece, size);
}
