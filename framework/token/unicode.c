/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* unicode.c - see unicode.h */
#include "token/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

typedef struct range {
    uint32_t first, last;
} range;

/* P* in utf8proc, not so in the tables of the reference (Unicode 8). */
static const range NEW_PUNCTUATION[] = {
    { 0x61d, 0x61d },     { 0x9fd, 0x9fd },     { 0xa76, 0xa76 },     { 0xc77, 0xc77 },
    { 0xc84, 0xc84 },     { 0x1b7d, 0x1b7e },   { 0x2e43, 0x2e4f },   { 0x2e52, 0x2e5d },
    { 0x10ead, 0x10ead }, { 0x10f55, 0x10f59 }, { 0x10f86, 0x10f89 }, { 0x1144b, 0x1144f },
    { 0x1145a, 0x1145b }, { 0x1145d, 0x1145d }, { 0x11660, 0x1166c }, { 0x116b9, 0x116b9 },
    { 0x1183b, 0x1183b }, { 0x11944, 0x11946 }, { 0x119e2, 0x119e2 }, { 0x11a3f, 0x11a46 },
    { 0x11a9a, 0x11a9c }, { 0x11a9e, 0x11aa2 }, { 0x11b00, 0x11b09 }, { 0x11c41, 0x11c45 },
    { 0x11c70, 0x11c71 }, { 0x11ef7, 0x11ef8 }, { 0x11f43, 0x11f4f }, { 0x11fff, 0x11fff },
    { 0x12ff1, 0x12ff2 }, { 0x16e97, 0x16e9a }, { 0x16fe2, 0x16fe2 }, { 0x1e95e, 0x1e95f },
};
/* Punctuation there, of another category since. */
static const range OLD_PUNCTUATION[] = { { 0x166d, 0x166d }, { 0x111c9, 0x111c9 } };

/* Cf in utf8proc, not there. */
static const range NEW_CONTROL[] = {
    { 0x890, 0x891 },
    { 0x8e2, 0x8e2 },
    { 0x110cd, 0x110cd },
    { 0x13430, 0x1343f },
};

/* Mn in utf8proc, not there. */
static const range NEW_MARK[] = {
    { 0x7fd, 0x7fd },     { 0x898, 0x89f },     { 0x8ca, 0x8e1 },     { 0x9fe, 0x9fe },
    { 0xafa, 0xaff },     { 0xb55, 0xb55 },     { 0xc04, 0xc04 },     { 0xc3c, 0xc3c },
    { 0xd00, 0xd00 },     { 0xd3b, 0xd3c },     { 0xd81, 0xd81 },     { 0xeba, 0xeba },
    { 0xece, 0xece },     { 0x180f, 0x180f },   { 0x1885, 0x1886 },   { 0x1abf, 0x1ace },
    { 0x1df6, 0x1dfb },   { 0xa82c, 0xa82c },   { 0xa8c5, 0xa8c5 },   { 0xa8ff, 0xa8ff },
    { 0xa9bd, 0xa9bd },   { 0x10d24, 0x10d27 }, { 0x10eab, 0x10eac }, { 0x10efd, 0x10eff },
    { 0x10f46, 0x10f50 }, { 0x10f82, 0x10f85 }, { 0x11070, 0x11070 }, { 0x11073, 0x11074 },
    { 0x110c2, 0x110c2 }, { 0x111c9, 0x111c9 }, { 0x111cf, 0x111cf }, { 0x1123e, 0x1123e },
    { 0x11241, 0x11241 }, { 0x1133b, 0x1133b }, { 0x11438, 0x1143f }, { 0x11442, 0x11444 },
    { 0x11446, 0x11446 }, { 0x1145e, 0x1145e }, { 0x1182f, 0x11837 }, { 0x11839, 0x1183a },
    { 0x1193b, 0x1193c }, { 0x1193e, 0x1193e }, { 0x11943, 0x11943 }, { 0x119d4, 0x119d7 },
    { 0x119da, 0x119db }, { 0x119e0, 0x119e0 }, { 0x11a01, 0x11a0a }, { 0x11a33, 0x11a38 },
    { 0x11a3b, 0x11a3e }, { 0x11a47, 0x11a47 }, { 0x11a51, 0x11a56 }, { 0x11a59, 0x11a5b },
    { 0x11a8a, 0x11a96 }, { 0x11a98, 0x11a99 }, { 0x11c30, 0x11c36 }, { 0x11c38, 0x11c3d },
    { 0x11c3f, 0x11c3f }, { 0x11c92, 0x11ca7 }, { 0x11caa, 0x11cb0 }, { 0x11cb2, 0x11cb3 },
    { 0x11cb5, 0x11cb6 }, { 0x11d31, 0x11d36 }, { 0x11d3a, 0x11d3a }, { 0x11d3c, 0x11d3d },
    { 0x11d3f, 0x11d45 }, { 0x11d47, 0x11d47 }, { 0x11d90, 0x11d91 }, { 0x11d95, 0x11d95 },
    { 0x11d97, 0x11d97 }, { 0x11ef3, 0x11ef4 }, { 0x11f00, 0x11f01 }, { 0x11f36, 0x11f3a },
    { 0x11f40, 0x11f40 }, { 0x11f42, 0x11f42 }, { 0x13440, 0x13440 }, { 0x13447, 0x13455 },
    { 0x16f4f, 0x16f4f }, { 0x16fe4, 0x16fe4 }, { 0x1cf00, 0x1cf2d }, { 0x1cf30, 0x1cf46 },
    { 0x1e000, 0x1e006 }, { 0x1e008, 0x1e018 }, { 0x1e01b, 0x1e021 }, { 0x1e023, 0x1e024 },
    { 0x1e026, 0x1e02a }, { 0x1e08f, 0x1e08f }, { 0x1e130, 0x1e136 }, { 0x1e2ae, 0x1e2ae },
    { 0x1e2ec, 0x1e2ef }, { 0x1e4ec, 0x1e4ef }, { 0x1e944, 0x1e94a },
};
/* Mn there, Mc since Unicode 14. */
static const range OLD_MARK[] = { { 0x1734, 0x1734 } };

/* M in utf8proc, not so there; and the other way round. */
static const range NEW_COMBINING_MARK[] = {
    { 0x7fd, 0x7fd },     { 0x898, 0x89f },     { 0x8ca, 0x8d3 },     { 0x9fe, 0x9fe },
    { 0xafa, 0xaff },     { 0xb55, 0xb55 },     { 0xc04, 0xc04 },     { 0xc3c, 0xc3c },
    { 0xcf3, 0xcf3 },     { 0xd00, 0xd00 },     { 0xd3b, 0xd3c },     { 0xd81, 0xd81 },
    { 0xeba, 0xeba },     { 0xece, 0xece },     { 0x1715, 0x1715 },   { 0x180f, 0x180f },
    { 0x1abf, 0x1ace },   { 0x1cf7, 0x1cf7 },   { 0x1df6, 0x1dfa },   { 0xa82c, 0xa82c },
    { 0xa8ff, 0xa8ff },   { 0x10d24, 0x10d27 }, { 0x10eab, 0x10eac }, { 0x10efd, 0x10eff },
    { 0x10f46, 0x10f50 }, { 0x10f82, 0x10f85 }, { 0x11070, 0x11070 }, { 0x11073, 0x11074 },
    { 0x110c2, 0x110c2 }, { 0x11145, 0x11146 }, { 0x111c9, 0x111c9 }, { 0x111ce, 0x111cf },
    { 0x11241, 0x11241 }, { 0x1133b, 0x1133b }, { 0x1145e, 0x1145e }, { 0x1182c, 0x1183a },
    { 0x11930, 0x11935 }, { 0x11937, 0x11938 }, { 0x1193b, 0x1193e }, { 0x11940, 0x11940 },
    { 0x11942, 0x11943 }, { 0x119d1, 0x119d7 }, { 0x119da, 0x119e0 }, { 0x119e4, 0x119e4 },
    { 0x11a01, 0x11a0a }, { 0x11a33, 0x11a39 }, { 0x11a3b, 0x11a3e }, { 0x11a47, 0x11a47 },
    { 0x11a51, 0x11a5b }, { 0x11a8a, 0x11a99 }, { 0x11d31, 0x11d36 }, { 0x11d3a, 0x11d3a },
    { 0x11d3c, 0x11d3d }, { 0x11d3f, 0x11d45 }, { 0x11d47, 0x11d47 }, { 0x11d8a, 0x11d8e },
    { 0x11d90, 0x11d91 }, { 0x11d93, 0x11d97 }, { 0x11ef3, 0x11ef6 }, { 0x11f00, 0x11f01 },
    { 0x11f03, 0x11f03 }, { 0x11f34, 0x11f3a }, { 0x11f3e, 0x11f42 }, { 0x13440, 0x13440 },
    { 0x13447, 0x13455 }, { 0x16f4f, 0x16f4f }, { 0x16f7f, 0x16f87 }, { 0x16fe4, 0x16fe4 },
    { 0x16ff0, 0x16ff1 }, { 0x1cf00, 0x1cf2d }, { 0x1cf30, 0x1cf46 }, { 0x1e08f, 0x1e08f },
    { 0x1e130, 0x1e136 }, { 0x1e2ae, 0x1e2ae }, { 0x1e2ec, 0x1e2ef }, { 0x1e4ec, 0x1e4ef },
};
static const range OLD_COMBINING_MARK[] = { { 0x1cf2, 0x1cf3 } };

/* N, and of \w, there: newer than utf8proc. */
static const range NEWER_NUMBER[] = {
    { 0x10d40, 0x10d49 }, { 0x116d0, 0x116e3 }, { 0x11bf0, 0x11bf9 },
    { 0x11de0, 0x11de9 }, { 0x16130, 0x16139 }, { 0x16d70, 0x16d79 },
    { 0x16ff4, 0x16ff6 }, { 0x1ccf0, 0x1ccf9 }, { 0x1e5f1, 0x1e5fa },
};
static const range NEWER_WORD[] = {
    { 0x897, 0x897 },     { 0x1c89, 0x1c8a },   { 0xa7cb, 0xa7cd },   { 0xa7da, 0xa7dc },
    { 0x105c0, 0x105f3 }, { 0x10d40, 0x10d65 }, { 0x10d69, 0x10d6d }, { 0x10d6f, 0x10d85 },
    { 0x10ec2, 0x10ec4 }, { 0x10efc, 0x10efc }, { 0x11380, 0x11389 }, { 0x1138b, 0x1138b },
    { 0x1138e, 0x1138e }, { 0x11390, 0x113b5 }, { 0x113b7, 0x113c0 }, { 0x113c2, 0x113c2 },
    { 0x113c5, 0x113c5 }, { 0x113c7, 0x113ca }, { 0x113cc, 0x113d3 }, { 0x113e1, 0x113e2 },
    { 0x116d0, 0x116e3 }, { 0x11bc0, 0x11be0 }, { 0x11bf0, 0x11bf9 }, { 0x11f5a, 0x11f5a },
    { 0x13460, 0x143fa }, { 0x16100, 0x16139 }, { 0x16d40, 0x16d6c }, { 0x16d70, 0x16d79 },
    { 0x18cff, 0x18cff }, { 0x1ccf0, 0x1ccf9 }, { 0x1e5d0, 0x1e5fa }, { 0x2ebf0, 0x2ee5d },
};

/* A compatibility decomposition in utf8proc, whole there. */
static const range NEW_COMPATIBLE[] = {
    { 0x32ff, 0x32ff },   { 0xa7f2, 0xa7f4 },   { 0xab69, 0xab69 },
    { 0x10781, 0x10785 }, { 0x10787, 0x107b0 }, { 0x107b2, 0x107ba },
    { 0x1e030, 0x1e06d }, { 0x1f16c, 0x1f16c }, { 0x1fbf0, 0x1fbf9 },
};

/* A canonical combining class in utf8proc, none (so no reordering) there. */
static const range NEW_COMBINING[] = {
    { 0x7fd, 0x7fd },     { 0x898, 0x89f },     { 0x8ca, 0x8d3 },     { 0x9fe, 0x9fe },
    { 0xc3c, 0xc3c },     { 0xd3b, 0xd3c },     { 0xeba, 0xeba },     { 0x1715, 0x1715 },
    { 0x1abf, 0x1ace },   { 0x1df6, 0x1dfa },   { 0xa82c, 0xa82c },   { 0x10d24, 0x10d27 },
    { 0x10eab, 0x10eac }, { 0x10efd, 0x10eff }, { 0x10f46, 0x10f50 }, { 0x10f82, 0x10f85 },
    { 0x11070, 0x11070 }, { 0x1133b, 0x1133b }, { 0x1145e, 0x1145e }, { 0x11839, 0x1183a },
    { 0x1193d, 0x1193e }, { 0x11943, 0x11943 }, { 0x119e0, 0x119e0 }, { 0x11a34, 0x11a34 },
    { 0x11a47, 0x11a47 }, { 0x11a99, 0x11a99 }, { 0x11d42, 0x11d42 }, { 0x11d44, 0x11d45 },
    { 0x11d97, 0x11d97 }, { 0x11f41, 0x11f42 }, { 0x16ff0, 0x16ff1 }, { 0x1e08f, 0x1e08f },
    { 0x1e130, 0x1e136 }, { 0x1e2ae, 0x1e2ae }, { 0x1e2ec, 0x1e2ef }, { 0x1e4ec, 0x1e4ef },
};

/* Capitals that are newer than utf8proc, and where their lower case lies. */
static const struct {
    uint32_t first, last, lower;
} NEW_CAPITALS[] = {
    { 0x1c89, 0x1c89, 0x1c8a },    { 0xa7cb, 0xa7cb, 0x264 },  { 0xa7cc, 0xa7cc, 0xa7cd },
    { 0xa7ce, 0xa7ce, 0xa7cf },    { 0xa7d2, 0xa7d2, 0xa7d3 }, { 0xa7d4, 0xa7d4, 0xa7d5 },
    { 0xa7da, 0xa7da, 0xa7db },    { 0xa7dc, 0xa7dc, 0x19b },  { 0x10d50, 0x10d65, 0x10d70 },
    { 0x16ea0, 0x16eb8, 0x16ebb },
};

/* Marks newer than utf8proc, which the reference keeps with the letter before them. */
static const range NEW_EXTENDING[] = {
    { 0x897, 0x897 },     { 0x1acf, 0x1add },   { 0x1ae0, 0x1aeb },   { 0x10d69, 0x10d6d },
    { 0x10efa, 0x10efc }, { 0x113b8, 0x113c0 }, { 0x113c2, 0x113c2 }, { 0x113c5, 0x113c5 },
    { 0x113c7, 0x113ca }, { 0x113cc, 0x113d0 }, { 0x113d2, 0x113d2 }, { 0x113e1, 0x113e2 },
    { 0x11b60, 0x11b67 }, { 0x11f5a, 0x11f5a }, { 0x1611e, 0x1612f }, { 0x1e5ee, 0x1e5ef },
    { 0x1e6e3, 0x1e6e3 }, { 0x1e6e6, 0x1e6e6 }, { 0x1e6ee, 0x1e6ef }, { 0x1e6f5, 0x1e6f5 },
};

static const range SPACES[] = {
    { 0x9, 0xd },       { 0x20, 0x20 },     { 0x85, 0x85 },     { 0xa0, 0xa0 },     { 0x1680, 0x1680 },
    { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
};
/* The fifth block begins at 2B920 in the reference, where BERT's first tokenizer had 2B820. */
static const range IDEOGRAPHS[] = {
    { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xf900, 0xfaff },   { 0x20000, 0x2a6df },
    { 0x2a700, 0x2b73f }, { 0x2b740, 0x2b81f }, { 0x2b920, 0x2ceaf }, { 0x2f800, 0x2fa1f },
};

static bool among(const range *ranges, size_t count, uint32_t c)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c < ranges[middle].first)
            high = middle;
        else if (c > ranges[middle].last)
            low = middle + 1;
        else
            return true;
    }
    return false;
}
#define AMONG(ranges, c) among(ranges, sizeof(ranges) / sizeof *(ranges), c)

bool points_add(points *p, uint32_t c)
{
    if (p->count == p->room) {
        size_t    room = p->room ? p->room * 2 : 64;
        uint32_t *at = room > SIZE_MAX / sizeof *at ? NULL : realloc(p->at, room * sizeof *at);

        if (!at) return false;
        p->at = at;
        p->room = room;
    }
    p->at[p->count++] = c;
    return true;
}

bool bytes_add(bytes *b, const char *from, size_t size)
{
    if (size > b->room - b->count) {
        size_t room = b->room ? b->room : 64;
        char  *at;

        while (room - b->count < size) {
            if (room > SIZE_MAX / 2) return false;
            room *= 2;
        }
        at = realloc(b->at, room);
        if (!at) return false;
        b->at = at;
        b->room = room;
    }
    if (size > 0) memcpy(b->at + b->count, from, size);
    b->count += size;
    return true;
}

bool bytes_add_point(bytes *b, uint32_t c)
{
    utf8proc_uint8_t form[4];
    utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)c, form);

    return bytes_add(b, (const char *)form, (size_t)size);
}

bool bytes_add_replaced(bytes *b, const char *from, size_t size, const char *what, size_t what_size,
                        const char *by, size_t by_size)
{
    size_t done = 0;

    for (size_t i = 0; what_size > 0 && i + what_size <= size;) {
        if (memcmp(from + i, what, what_size) != 0) {
            i++;
            continue;
        }
        if (!bytes_add(b, from + done, i - done) || !bytes_add(b, by, by_size)) return false;
        done = i += what_size;
    }
    return bytes_add(b, from + done, size - done);
}

bool utf8_take(const char *text, size_t size, uint32_t *c, size_t *length)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char        low = 0x80, high = 0xbf;
    size_t               need;

    *length = 1;
    *c = p[0];
    if (p[0] < 0x80) return true;
    if (p[0] < 0xc2 || p[0] > 0xf4) return false;
    need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    /* Only the second byte can make a sequence overlong, a surrogate or too large. */
    if (p[0] == 0xe0) low = 0xa0;
    if (p[0] == 0xed) high = 0x9f;
    if (p[0] == 0xf0) low = 0x90;
    if (p[0] == 0xf4) high = 0x8f;
    *c = p[0] & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        if (i >= size || p[i] < low || p[i] > high) return false;
        *c = *c << 6 | (p[i] & 0x3fu);
        *length = i + 1;
        low = 0x80;
        high = 0xbf;
    }
    return true;
}

size_t utf8_valid(const char *text, size_t size)
{
    uint32_t c;
    size_t   length;

    for (size_t i = 0; i < size; i += length)
        if (!utf8_take(text + i, size - i, &c, &length)) return i;
    return size;
}

size_t utf8_before(const char *text, size_t at, uint32_t *c)
{
    size_t start = at - 1, length;

    while (start > 0 && ((unsigned char)text[start] & 0xc0) == 0x80) start--;
    utf8_take(text + start, at - start, c, &length);
    return start;
}

bool utf8_points(points *p, const char *text, size_t size)
{
    uint32_t c;
    size_t   length;

    for (size_t i = 0; i < size; i += length) {
        utf8_take(text + i, size - i, &c, &length);
        if (!points_add(p, c)) return false;
    }
    return true;
}

static utf8proc_category_t category(uint32_t c) { return utf8proc_category((utf8proc_int32_t)c); }

bool unicode_space(uint32_t c) { return AMONG(SPACES, c); }

bool unicode_punctuation(uint32_t c)
{
    utf8proc_category_t kind;

    if (c < 0x80)
        return (c > 0x20 && c < 0x30) || (c > 0x39 && c < 0x41) || (c > 0x5a && c < 0x61) ||
               (c > 0x7a && c < 0x7f);
    kind = category(c);
    if (kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO) return !AMONG(NEW_PUNCTUATION, c);
    return AMONG(OLD_PUNCTUATION, c);
}

bool unicode_control(uint32_t c)
{
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CO: return true;
    case UTF8PROC_CATEGORY_CF: return !AMONG(NEW_CONTROL, c);
    default: return false;
    }
}

bool unicode_mark(uint32_t c)
{
    return category(c) == UTF8PROC_CATEGORY_MN ? !AMONG(NEW_MARK, c) : AMONG(OLD_MARK, c);
}

bool unicode_combining_mark(uint32_t c)
{
    utf8proc_category_t kind = category(c);

    if (kind >= UTF8PROC_CATEGORY_MN && kind <= UTF8PROC_CATEGORY_ME) return !AMONG(NEW_COMBINING_MARK, c);
    return AMONG(OLD_COMBINING_MARK, c);
}

bool unicode_number(uint32_t c)
{
    utf8proc_category_t kind = category(c);

    return (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) || AMONG(NEWER_NUMBER, c);
}

bool unicode_ideograph(uint32_t c) { return AMONG(IDEOGRAPHS, c); }

bool unicode_word(uint32_t c)
{
    utf8proc_category_t kind = category(c);

    if (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_NL)
        return true;                                                             /* letters, marks, Nd, Nl */
    if (kind == UTF8PROC_CATEGORY_PC || c == 0x200c || c == 0x200d) return true; /* joiners                */
    return (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149) || (c >= 0x1f150 && c <= 0x1f169) ||
           (c >= 0x1f170 && c <= 0x1f189) || /* letters in frames      */
           AMONG(NEWER_WORD, c);
}

bool unicode_lower(points *p, uint32_t c)
{
    if (c == 0x130) return points_add(p, 'i') && points_add(p, 0x307);
    for (size_t i = 0; i < sizeof NEW_CAPITALS / sizeof *NEW_CAPITALS; i++)
        if (c >= NEW_CAPITALS[i].first && c <= NEW_CAPITALS[i].last)
            return points_add(p, NEW_CAPITALS[i].lower + (c - NEW_CAPITALS[i].first));
    return points_add(p, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
}

static uint64_t combining(uint32_t c)
{
    uint64_t class = (uint64_t)utf8proc_get_property((utf8proc_int32_t)c)->combining_class;

    return class != 0 && AMONG(NEW_COMBINING, c) ? 0 : class;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Puts the marks at[0 … count) in order of their class, equal classes as they stood.  A sort, not exchanges:
 * a run of marks may be as long as the text. */
static bool order_run(uint32_t *at, size_t count)
{
    uint64_t  few[32];
    uint64_t *keys = count <= 32 ? few : malloc(count * sizeof *keys);

    if (!keys) return false;
    for (size_t i = 0; i < count; i++) keys[i] = combining(at[i]) << 56 | (uint64_t)i << 21 | at[i];
    qsort(keys, count, sizeof *keys, by_key);
    for (size_t i = 0; i < count; i++) at[i] = (uint32_t)(keys[i] & 0x1fffff);
    if (keys != few) free(keys);
    return true;
}

bool unicode_decompose(points *to, const points *from, bool compatible)
{
    utf8proc_option_t how = UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
    size_t            begin = to->count, run = 0;
    bool              sorted = true;
    uint64_t          last = 0;

    for (size_t i = 0; i < from->count; i++) {
        utf8proc_int32_t form[32];
        int              state = 0;
        utf8proc_ssize_t count = 1;

        form[0] = (utf8proc_int32_t)from->at[i];
        if (form[0] >= (compatible ? 0xa0 : 0xc0) && form[0] != 0x11938 && /* whole in the reference */
            !(compatible && AMONG(NEW_COMPATIBLE, (uint32_t)form[0])))
            count = utf8proc_decompose_char(form[0], form, 32, how, &state);
        for (utf8proc_ssize_t k = 0; k < count; k++)
            if (!points_add(to, (uint32_t)form[k])) return false;
    }
    for (size_t i = begin; i <= to->count; i++) {
        uint64_t class = i < to->count ? combining(to->at[i]) : 0;

        if (class == 0) {
            if (!sorted && !order_run(to->at + i - run, run)) return false;
            run = 0;
            sorted = true;
            last = 0;
            continue;
        }
        if (class < last) sorted = false;
        last = class;
        run++;
    }
    return true;
}

/* May nothing compose across the gap before at[i]?  What has no combining class in the reference is a starter
 * there, which blocks; and U+11935 U+11930 stays apart.  No character of either kind is part of another
 * composition. */
static bool parted(const points *p, size_t i)
{
    uint32_t left = p->at[i - 1], right = p->at[i];

    return AMONG(NEW_COMBINING, right) || AMONG(NEW_COMBINING, left) || (left == 0x11935 && right == 0x11930);
}

bool unicode_compose(points *p)
{
    size_t kept = 0, begin = 0;

    for (size_t i = 1; i <= p->count; i++) {
        utf8proc_ssize_t count;

        if (i < p->count && !parted(p, i)) continue;
        count = utf8proc_normalize_utf32((utf8proc_int32_t *)p->at + begin, (utf8proc_ssize_t)(i - begin),
                                         UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        if (count < 0) return false;
        memmove(p->at + kept, p->at + begin, (size_t)count * sizeof *p->at);
        kept += (size_t)count;
        begin = i;
    }
    p->count = kept;
    return true;
}

/* After these a cluster ends, whatever follows. */
static bool ends_cluster(uint32_t c)
{
    utf8proc_category_t kind = category(c);

    return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP ||
           (kind == UTF8PROC_CATEGORY_CF && utf8proc_get_property((utf8proc_int32_t)c)->boundclass ==
                                                UTF8PROC_BOUNDCLASS_CONTROL);
}

size_t unicode_cluster(const char *text, size_t size)
{
    utf8proc_int32_t state = 0;
    uint32_t         before, c;
    size_t           at, length;

    if (size == 0) return 0;
    utf8_take(text, size, &before, &at);
    for (; at < size; at += length) {
        utf8_take(text + at, size - at, &c, &length);
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)c, &state) &&
            (!AMONG(NEW_EXTENDING, c) || ends_cluster(before)))
            break;
        before = c;
    }
    return at;
}
