/* wordpiece.c - BERT's words and their pieces: the longest piece of the vocabulary first, then on from its
 * end. */
#include "token/tokenizer.h"

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "text: out of memory"); }

/* A word of which any rest has no piece is one unknown token, and so is one that is too long. */
static puma_status encode_word(const tokenizer *t, const char *word, size_t size, size_t letters,
                               id_list *out, puma_error *e)
{
    size_t before = out->count;

    if (letters > t->word_limit) return id_list_add(out, t->unknown) ? PUMA_OK : full(e);
    for (size_t at = 0; at < size;) {
        uint32_t id = 0;
        size_t   taken = vocabulary_longest(at == 0 ? &t->words : &t->continuing, word + at, size - at, &id);

        if (taken == 0) {
            out->count = before;
            return id_list_add(out, t->unknown) ? PUMA_OK : full(e);
        }
        if (!id_list_add(out, id)) return full(e);
        at += taken;
    }
    return PUMA_OK;
}

puma_status wordpiece_encode(const tokenizer *t, const char *text, size_t size, id_list *out, puma_error *e)
{
    size_t begin = 0, letters = 0, length;

    /* The end of the text closes a word like a space, hence the round more. */
    for (size_t at = 0; at <= size; at += length) {
        uint32_t c = ' ';
        bool     space, mark;

        length = 1;
        if (at < size) utf8_take(text + at, size - at, &c, &length);
        space = unicode_space(c);
        mark = !space && unicode_punctuation(c);
        if (!space && !mark) {
            letters++;
            continue;
        }
        if (at > begin && encode_word(t, text + begin, at - begin, letters, out, e) != PUMA_OK)
            return e->status;
        if (mark && encode_word(t, text + at, length, 1, out, e) != PUMA_OK) return e->status;
        begin = at + length;
        letters = 0;
    }
    return PUMA_OK;
}
