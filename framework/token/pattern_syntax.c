/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pattern_syntax.c - a regular expression of Oniguruma's syntax in PCRE2's; see pattern.h.
 *
 * A descent over the expression that writes as it reads.  Groups lose their names and numbers (nothing may
 * refer to them); a set of characters becomes an expression that takes one character. */
#include "token/pattern.h"
#include "token/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 64
#define OUTPUT_LIMIT ((size_t)256 << 10)

/* Characters that the reference counts to a property and PCRE2 10.42 does not (Unicode 14 against 16), found
 * by asking both about every code point: `tokenizers` 0.23. */
typedef struct newer {
    uint32_t    first, last;
    const char *property;
} newer;

static const newer NEWER_CATEGORY[] = {
    { 0x897, 0x897, "Mn" },     { 0xcf3, 0xcf3, "Mc" },     { 0xece, 0xece, "Mn" },
    { 0x1b4e, 0x1b4f, "Po" },   { 0x1b7f, 0x1b7f, "Po" },   { 0x1c89, 0x1c89, "Lu" },
    { 0x1c8a, 0x1c8a, "Ll" },   { 0x2427, 0x2429, "So" },   { 0x2ffc, 0x2fff, "So" },
    { 0x31e4, 0x31e5, "So" },   { 0x31ef, 0x31ef, "So" },   { 0xa7cb, 0xa7cc, "Lu" },
    { 0xa7cd, 0xa7cd, "Ll" },   { 0xa7da, 0xa7da, "Lu" },   { 0xa7db, 0xa7db, "Ll" },
    { 0xa7dc, 0xa7dc, "Lu" },   { 0x105c0, 0x105f3, "Lo" }, { 0x10d40, 0x10d49, "Nd" },
    { 0x10d4a, 0x10d4d, "Lo" }, { 0x10d4e, 0x10d4e, "Lm" }, { 0x10d4f, 0x10d4f, "Lo" },
    { 0x10d50, 0x10d65, "Lu" }, { 0x10d69, 0x10d6d, "Mn" }, { 0x10d6e, 0x10d6e, "Pd" },
    { 0x10d6f, 0x10d6f, "Lm" }, { 0x10d70, 0x10d85, "Ll" }, { 0x10d8e, 0x10d8f, "Sm" },
    { 0x10ec2, 0x10ec4, "Lo" }, { 0x10efc, 0x10eff, "Mn" }, { 0x1123f, 0x11240, "Lo" },
    { 0x11241, 0x11241, "Mn" }, { 0x11380, 0x11389, "Lo" }, { 0x1138b, 0x1138b, "Lo" },
    { 0x1138e, 0x1138e, "Lo" }, { 0x11390, 0x113b5, "Lo" }, { 0x113b7, 0x113b7, "Lo" },
    { 0x113b8, 0x113ba, "Mc" }, { 0x113bb, 0x113c0, "Mn" }, { 0x113c2, 0x113c2, "Mc" },
    { 0x113c5, 0x113c5, "Mc" }, { 0x113c7, 0x113ca, "Mc" }, { 0x113cc, 0x113cd, "Mc" },
    { 0x113ce, 0x113ce, "Mn" }, { 0x113cf, 0x113cf, "Mc" }, { 0x113d0, 0x113d0, "Mn" },
    { 0x113d1, 0x113d1, "Lo" }, { 0x113d2, 0x113d2, "Mn" }, { 0x113d3, 0x113d3, "Lo" },
    { 0x113d4, 0x113d5, "Po" }, { 0x113d7, 0x113d8, "Po" }, { 0x113e1, 0x113e2, "Mn" },
    { 0x116d0, 0x116e3, "Nd" }, { 0x1171e, 0x1171e, "Mc" }, { 0x11b00, 0x11b09, "Po" },
    { 0x11bc0, 0x11be0, "Lo" }, { 0x11be1, 0x11be1, "Po" }, { 0x11bf0, 0x11bf9, "Nd" },
    { 0x11f00, 0x11f01, "Mn" }, { 0x11f02, 0x11f02, "Lo" }, { 0x11f03, 0x11f03, "Mc" },
    { 0x11f04, 0x11f10, "Lo" }, { 0x11f12, 0x11f33, "Lo" }, { 0x11f34, 0x11f35, "Mc" },
    { 0x11f36, 0x11f3a, "Mn" }, { 0x11f3e, 0x11f3f, "Mc" }, { 0x11f40, 0x11f40, "Mn" },
    { 0x11f41, 0x11f41, "Mc" }, { 0x11f42, 0x11f42, "Mn" }, { 0x11f43, 0x11f4f, "Po" },
    { 0x11f50, 0x11f59, "Nd" }, { 0x11f5a, 0x11f5a, "Mn" }, { 0x1342f, 0x1342f, "Lo" },
    { 0x13439, 0x1343f, "Cf" }, { 0x13440, 0x13440, "Mn" }, { 0x13441, 0x13446, "Lo" },
    { 0x13447, 0x13455, "Mn" }, { 0x13460, 0x143fa, "Lo" }, { 0x16100, 0x1611d, "Lo" },
    { 0x1611e, 0x16129, "Mn" }, { 0x1612a, 0x1612c, "Mc" }, { 0x1612d, 0x1612f, "Mn" },
    { 0x16130, 0x16139, "Nd" }, { 0x16d40, 0x16d42, "Lm" }, { 0x16d43, 0x16d6a, "Lo" },
    { 0x16d6b, 0x16d6c, "Lm" }, { 0x16d6d, 0x16d6f, "Po" }, { 0x16d70, 0x16d79, "Nd" },
    { 0x18cff, 0x18cff, "Lo" }, { 0x1b132, 0x1b132, "Lo" }, { 0x1b155, 0x1b155, "Lo" },
    { 0x1cc00, 0x1ccef, "So" }, { 0x1ccf0, 0x1ccf9, "Nd" }, { 0x1cd00, 0x1ceb3, "So" },
    { 0x1d2c0, 0x1d2d3, "No" }, { 0x1df25, 0x1df2a, "Ll" }, { 0x1e030, 0x1e06d, "Lm" },
    { 0x1e08f, 0x1e08f, "Mn" }, { 0x1e4d0, 0x1e4ea, "Lo" }, { 0x1e4eb, 0x1e4eb, "Lm" },
    { 0x1e4ec, 0x1e4ef, "Mn" }, { 0x1e4f0, 0x1e4f9, "Nd" }, { 0x1e5d0, 0x1e5ed, "Lo" },
    { 0x1e5ee, 0x1e5ef, "Mn" }, { 0x1e5f0, 0x1e5f0, "Lo" }, { 0x1e5f1, 0x1e5fa, "Nd" },
    { 0x1e5ff, 0x1e5ff, "Po" }, { 0x1f6dc, 0x1f6dc, "So" }, { 0x1f774, 0x1f776, "So" },
    { 0x1f77b, 0x1f77f, "So" }, { 0x1f7d9, 0x1f7d9, "So" }, { 0x1f8b2, 0x1f8bb, "So" },
    { 0x1f8c0, 0x1f8c1, "So" }, { 0x1fa75, 0x1fa77, "So" }, { 0x1fa87, 0x1fa89, "So" },
    { 0x1fa8f, 0x1fa8f, "So" }, { 0x1faad, 0x1faaf, "So" }, { 0x1fabb, 0x1fabf, "So" },
    { 0x1fac6, 0x1fac6, "So" }, { 0x1face, 0x1facf, "So" }, { 0x1fada, 0x1fadc, "So" },
    { 0x1fadf, 0x1fadf, "So" }, { 0x1fae8, 0x1fae9, "So" }, { 0x1faf7, 0x1faf8, "So" },
    { 0x1fbcb, 0x1fbef, "So" }, { 0x2b739, 0x2b739, "Lo" }, { 0x2ebf0, 0x2ee5d, "Lo" },
    { 0x31350, 0x323af, "Lo" },
};

static const newer NEWER_PROPERTY[] = {
    { 0xa7cb, 0xa7cd, "Latin" },        { 0xa7da, 0xa7dc, "Latin" },      { 0x1df25, 0x1df2a, "Latin" },
    { 0x1c89, 0x1c8a, "Cyrillic" },     { 0x1e030, 0x1e06d, "Cyrillic" }, { 0x1e08f, 0x1e08f, "Cyrillic" },
    { 0x897, 0x897, "Arabic" },         { 0x10ec2, 0x10ec4, "Arabic" },   { 0x10efc, 0x10eff, "Arabic" },
    { 0x11b00, 0x11b09, "Devanagari" }, { 0xcf3, 0xcf3, "Kannada" },      { 0xece, 0xece, "Lao" },
    { 0x116d0, 0x116e3, "Myanmar" },    { 0x1b132, 0x1b132, "Hiragana" }, { 0x1b155, 0x1b155, "Katakana" },
    { 0x2b739, 0x2b739, "Han" },        { 0x2ebf0, 0x2ee5d, "Han" },      { 0x31350, 0x323af, "Han" },
    { 0x2427, 0x2429, "Common" },       { 0x2ffc, 0x2fff, "Common" },     { 0x31e4, 0x31e5, "Common" },
    { 0x31ef, 0x31ef, "Common" },       { 0x1cc00, 0x1ccf9, "Common" },   { 0x1cd00, 0x1ceb3, "Common" },
    { 0x1d2c0, 0x1d2d3, "Common" },     { 0x1f6dc, 0x1f6dc, "Common" },   { 0x1f774, 0x1f776, "Common" },
    { 0x1f77b, 0x1f77f, "Common" },     { 0x1f7d9, 0x1f7d9, "Common" },   { 0x1f8b2, 0x1f8bb, "Common" },
    { 0x1f8c0, 0x1f8c1, "Common" },     { 0x1fa75, 0x1fa77, "Common" },   { 0x1fa87, 0x1fa89, "Common" },
    { 0x1fa8f, 0x1fa8f, "Common" },     { 0x1faad, 0x1faaf, "Common" },   { 0x1fabb, 0x1fabf, "Common" },
    { 0x1fac6, 0x1fac6, "Common" },     { 0x1face, 0x1facf, "Common" },   { 0x1fada, 0x1fadc, "Common" },
    { 0x1fadf, 0x1fadf, "Common" },     { 0x1fae8, 0x1fae9, "Common" },   { 0x1faf7, 0x1faf8, "Common" },
    { 0x1fbcb, 0x1fbef, "Common" },     { 0x363, 0x36f, "Alpha" },        { 0x897, 0x897, "Alpha" },
    { 0xc04, 0xc04, "Alpha" },          { 0xcf3, 0xcf3, "Alpha" },        { 0xf82, 0xf83, "Alpha" },
    { 0x1c89, 0x1c8a, "Alpha" },        { 0x1dd3, 0x1de6, "Alpha" },      { 0xa7cb, 0xa7cd, "Alpha" },
    { 0xa7da, 0xa7dc, "Alpha" },        { 0x105c0, 0x105f3, "Alpha" },    { 0x10d4a, 0x10d65, "Alpha" },
    { 0x10d69, 0x10d69, "Alpha" },      { 0x10d6f, 0x10d85, "Alpha" },    { 0x10ec2, 0x10ec4, "Alpha" },
    { 0x10efc, 0x10efc, "Alpha" },      { 0x11080, 0x11081, "Alpha" },    { 0x1123f, 0x11241, "Alpha" },
    { 0x11380, 0x11389, "Alpha" },      { 0x1138b, 0x1138b, "Alpha" },    { 0x1138e, 0x1138e, "Alpha" },
    { 0x11390, 0x113b5, "Alpha" },      { 0x113b7, 0x113c0, "Alpha" },    { 0x113c2, 0x113c2, "Alpha" },
    { 0x113c5, 0x113c5, "Alpha" },      { 0x113c7, 0x113ca, "Alpha" },    { 0x113cc, 0x113cd, "Alpha" },
    { 0x113d1, 0x113d1, "Alpha" },      { 0x113d3, 0x113d3, "Alpha" },    { 0x11bc0, 0x11be0, "Alpha" },
    { 0x11f00, 0x11f10, "Alpha" },      { 0x11f12, 0x11f3a, "Alpha" },    { 0x11f3e, 0x11f40, "Alpha" },
    { 0x1342f, 0x1342f, "Alpha" },      { 0x13441, 0x13446, "Alpha" },    { 0x13460, 0x143fa, "Alpha" },
    { 0x16100, 0x1612e, "Alpha" },      { 0x16d40, 0x16d6c, "Alpha" },    { 0x18cff, 0x18cff, "Alpha" },
    { 0x1b132, 0x1b132, "Alpha" },      { 0x1b155, 0x1b155, "Alpha" },    { 0x1df25, 0x1df2a, "Alpha" },
    { 0x1e030, 0x1e06d, "Alpha" },      { 0x1e08f, 0x1e08f, "Alpha" },    { 0x1e4d0, 0x1e4eb, "Alpha" },
    { 0x1e5d0, 0x1e5ed, "Alpha" },      { 0x1e5f0, 0x1e5f0, "Alpha" },    { 0x2b739, 0x2b739, "Alpha" },
    { 0x2ebf0, 0x2ee5d, "Alpha" },      { 0x31350, 0x323af, "Alpha" },    { 0x1c89, 0x1c89, "Upper" },
    { 0xa7cb, 0xa7cc, "Upper" },        { 0xa7da, 0xa7da, "Upper" },      { 0xa7dc, 0xa7dc, "Upper" },
    { 0x10d50, 0x10d65, "Upper" },      { 0x10fc, 0x10fc, "Lower" },      { 0x1c8a, 0x1c8a, "Lower" },
    { 0xa7cd, 0xa7cd, "Lower" },        { 0xa7db, 0xa7db, "Lower" },      { 0xa7f2, 0xa7f4, "Lower" },
    { 0xab69, 0xab69, "Lower" },        { 0x10d70, 0x10d85, "Lower" },    { 0x1df25, 0x1df2a, "Lower" },
    { 0x1e030, 0x1e06d, "Lower" },
};

/* Scripts by their own property: PCRE2's plain \p{Han} would take its extensions in. */
static const char *const SCRIPTS[] = {
    "Latin",    "Greek",      "Cyrillic",  "Armenian", "Hebrew",   "Arabic",   "Syriac",
    "Thaana",   "Devanagari", "Bengali",   "Gurmukhi", "Gujarati", "Oriya",    "Tamil",
    "Telugu",   "Kannada",    "Malayalam", "Sinhala",  "Thai",     "Lao",      "Tibetan",
    "Myanmar",  "Georgian",   "Hangul",    "Ethiopic", "Khmer",    "Cherokee", "Mongolian",
    "Hiragana", "Katakana",   "Han",       "Bopomofo", "Yi",       "Common",   "Inherited",
};

/* Other names: what is in the brackets, with a property of NEWER_PROPERTY where there is one. */
static const struct {
    const char *name, *body, *newer;
} NAMED[] = {
    { "Any", "\\x{0}-\\x{10ffff}", NULL },
    { "ASCII", "\\x{0}-\\x{7f}", NULL },
    { "XDigit", "0-9a-fA-F", NULL },
    { "Blank", "\\t\\p{Zs}", NULL },
    { "Cntrl", "\\p{Cc}", NULL },
    { "Space", "\\t-\\r\\x{85}\\p{Z}", NULL },
    { "White_Space", "\\t-\\r\\x{85}\\p{Z}", NULL },
    { "Alpha", "\\p{Alphabetic}", "Alpha" },
    { "Alphabetic", "\\p{Alphabetic}", "Alpha" },
    { "Upper", "\\p{Uppercase}", "Upper" },
    { "Uppercase", "\\p{Uppercase}", "Upper" },
    { "Lower", "\\p{Lowercase}", "Lower" },
    { "Lowercase", "\\p{Lowercase}", "Lower" },
};

/* Long names of general categories. */
static const struct {
    const char *name, *category;
} CATEGORIES[] = {
    { "Letter", "L" },
    { "Mark", "M" },
    { "Number", "N" },
    { "Punctuation", "P" },
    { "Symbol", "S" },
    { "Separator", "Z" },
    { "Punct", "P" },
    { "Digit", "Nd" },
    { "Uppercase_Letter", "Lu" },
    { "Lowercase_Letter", "Ll" },
    { "Titlecase_Letter", "Lt" },
    { "Modifier_Letter", "Lm" },
    { "Other_Letter", "Lo" },
    { "Nonspacing_Mark", "Mn" },
    { "Spacing_Mark", "Mc" },
    { "Enclosing_Mark", "Me" },
    { "Decimal_Number", "Nd" },
    { "Letter_Number", "Nl" },
    { "Other_Number", "No" },
    { "Math_Symbol", "Sm" },
    { "Currency_Symbol", "Sc" },
    { "Space_Separator", "Zs" },
    { "Control", "Cc" },
    { "Format", "Cf" },
};

/* Their case folding is several characters, which only Oniguruma takes for one another. */
static const uint32_t    FOLD_LONG[][2] = { { 0xdf, 0xdf },    { 0x130, 0x130 },   { 0x149, 0x149 },
                                            { 0x1f0, 0x1f0 },  { 0x390, 0x390 },   { 0x3b0, 0x3b0 },
                                            { 0x587, 0x587 },  { 0x1e96, 0x1e9e }, { 0x1f50, 0x1fff },
                                            { 0xfb00, 0xfb17 } };
static const char *const FOLDED[] = { "ss", "ff", "fi", "fl", "st" };

typedef struct translation {
    const char *where, *at, *end;
    bytes      *out;
    unsigned    depth;
    bool        caseless, dotall;
    uint32_t    previous; /* the letter before, where it stands right before; 0: none */
    puma_error *e;
} translation;

static puma_status refuse(translation *t, const char *what)
{
    return error_set(t->e, TOKEN_EUNSUPPORTED, "%s: a regular expression with %s is not supported", t->where,
                     what);
}

static puma_status put_bytes(translation *t, bytes *to, const char *text, size_t size)
{
    if (to->count + size > OUTPUT_LIMIT) return refuse(t, "so much in it");
    if (!bytes_add(to, text, size)) return error_set(t->e, TOKEN_EMEMORY, "%s: out of memory", t->where);
    return PUMA_OK;
}

static puma_status put(translation *t, bytes *to, const char *text)
{
    return put_bytes(t, to, text, strlen(text));
}

static puma_status put_point(translation *t, bytes *to, uint32_t c)
{
    char text[16];

    snprintf(text, sizeof text, "\\x{%x}", c);
    return put(t, to, text);
}

static bool ends(const translation *t) { return t->at == t->end; }

static bool next_is(const translation *t, const char *text)
{
    size_t size = strlen(text);

    return (size_t)(t->end - t->at) >= size && memcmp(t->at, text, size) == 0;
}

static bool accept(translation *t, const char *text)
{
    if (!next_is(t, text)) return false;
    t->at += strlen(text);
    return true;
}

static uint32_t take(translation *t)
{
    uint32_t c;
    size_t   length;

    utf8_take(t->at, (size_t)(t->end - t->at), &c, &length);
    t->at += length;
    return c;
}

/* Names are compared without case, blanks, '-' and '_'. */
static bool same_name(const char *name, size_t size, const char *other)
{
    size_t i = 0;

    for (;;) {
        while (i < size && (name[i] == '_' || name[i] == '-' || name[i] == ' ')) i++;
        while (*other == '_') other++;
        if (i == size || !*other) return i == size && !*other;
        if ((name[i] | 0x20) != (*other | 0x20)) return false;
        i++;
        other++;
    }
}

/* --- sets of characters ----------------------------------------------------------------------- */

/* A set while it is read: `body` goes between brackets, `others` are alternatives beside that. */
typedef struct set {
    bytes body, others;
} set;

static void set_free(set *s)
{
    free(s->body.at);
    free(s->others.at);
}

static puma_status put_other(translation *t, set *s, const char *text, size_t size)
{
    if (s->others.count > 0 && put(t, &s->others, "|") != PUMA_OK) return t->e->status;
    return put_bytes(t, &s->others, text, size);
}

/* The set as an expression that takes one character. */
static puma_status put_set(translation *t, bytes *to, const set *s, bool negated)
{
    bool both = s->others.count > 0, body = s->body.count > 0;

    if (!both) {
        put(t, to, negated ? "[^" : "[");
        put_bytes(t, to, s->body.at, s->body.count);
        return put(t, to, "]");
    }
    put(t, to, negated ? "(?:(?!" : "(?:");
    if (body) {
        put(t, to, "[");
        put_bytes(t, to, s->body.at, s->body.count);
        put(t, to, "]|");
    }
    put_bytes(t, to, s->others.at, s->others.count);
    return put(t, to, negated ? ")(?s:.))" : ")");
}

/* The rows of a property, of all that begin with `property`; neighbours as one range. */
static puma_status put_newer(translation *t, bytes *to, const newer *rows, size_t count, const char *property)
{
    size_t size = strlen(property);

    for (size_t i = 0; i < count; i++) {
        uint32_t first = rows[i].first, last = rows[i].last;

        if (strncmp(rows[i].property, property, size) != 0) continue;
        while (i + 1 < count && rows[i + 1].first == last + 1 &&
               strncmp(rows[i + 1].property, property, size) == 0)
            last = rows[++i].last;
        if (put_point(t, to, first) != PUMA_OK) return t->e->status;
        if (last > first && (put(t, to, "-") != PUMA_OK || put_point(t, to, last) != PUMA_OK))
            return t->e->status;
    }
    return PUMA_OK;
}
#define PUT_NEWER(t, to, rows, property) put_newer(t, to, rows, sizeof(rows) / sizeof *(rows), property)

/* \p{category}: one letter or two.  What has left a category, and what has left the unassigned, is cut out
 * by a look ahead. */
static puma_status put_category(translation *t, set *s, const char *category, bool negated)
{
    static const char *const assigned[] = { "L", "M", "N", "P", "S" };
    bytes                    part = { 0 };
    bool                     unassigned = strcmp(category, "C") == 0 || strcmp(category, "Cn") == 0;
    const char              *cut = strcmp(category, "Mn") == 0 ? "\\x{1171e}" : NULL;

    if (t->caseless && strlen(category) == 2 && *category == 'L' && strchr("ult", category[1]))
        return refuse(t, "a case of letters in (?i)");
    put(t, &part, "\\p{");
    put(t, &part, category);
    put(t, &part, "}");
    if (!unassigned) PUT_NEWER(t, &part, NEWER_CATEGORY, category);
    if (!negated && !unassigned && !cut) {
        put_bytes(t, &s->body, part.at, part.count);
    } else {
        bytes other = { 0 };
        bool  careful = unassigned || cut;

        if (careful) put(t, &other, negated ? "(?:[" : "(?![");
        if (careful && cut) put(t, &other, cut);
        for (size_t i = 0; unassigned && i < sizeof assigned / sizeof *assigned; i++)
            PUT_NEWER(t, &other, NEWER_CATEGORY, assigned[i]);
        if (unassigned && category[1]) PUT_NEWER(t, &other, NEWER_CATEGORY, "Cf");
        if (careful) put(t, &other, negated ? "]|" : "])");
        put(t, &other, negated ? "[^" : "[");
        put_bytes(t, &other, part.at, part.count);
        put(t, &other, negated && careful ? "])" : "]");
        put_other(t, s, other.at, other.count);
        free(other.at);
    }
    free(part.at);
    return t->e->status;
}

/* The body of a set, or where negated all but that. */
static puma_status put_body(translation *t, set *s, const bytes *body, bool negated)
{
    bytes other = { 0 };

    if (!negated) return put_bytes(t, &s->body, body->at, body->count);
    put(t, &other, "[^");
    put_bytes(t, &other, body->at, body->count);
    put(t, &other, "]");
    put_other(t, s, other.at, other.count);
    free(other.at);
    return t->e->status;
}

/* \s, \d, \h, \w */
static puma_status put_letter_set(translation *t, set *s, char letter, bool negated)
{
    static const char *const parts[] = { "L", "M", "Nd", "Nl", "Pc" };
    bytes                    body = { 0 };

    switch (letter) {
    case 's': put(t, &body, "\\t-\\r\\x{85}\\p{Z}"); break; /* PCRE2's own takes U+180E too */
    case 'h': put(t, &body, "0-9a-fA-F"); break;
    case 'd': return put_category(t, s, "Nd", negated);
    default:
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            put(t, &body, "\\p{");
            put(t, &body, parts[i]);
            put(t, &body, "}");
            PUT_NEWER(t, &body, NEWER_CATEGORY, parts[i]);
        }
        put(t, &body,
            "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}\\x{1f150}-"
            "\\x{1f169}\\x{1f170}-\\x{1f189}");
    }
    put_body(t, s, &body, negated);
    free(body.at);
    return t->e->status;
}

static puma_status put_named(translation *t, set *s, const char *name, size_t size, bool negated)
{
    static const char *const categories = " L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po "
                                          "S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cn Co ";
    char                     key[4] = { ' ' };
    bytes                    body = { 0 };
    bool                     found = false;

    if (size == 1 || size == 2) {
        key[1] = (char)(name[0] & ~0x20);
        if (size == 2) key[2] = (char)(name[1] | 0x20);
        key[1 + size] = ' ';
        if (memchr(key, '\0', size + 2) == NULL) {
            char wanted[5] = { 0 }, category[3] = { key[1], size == 2 ? key[2] : '\0', '\0' };

            memcpy(wanted, key, size + 2);
            if (strstr(categories, wanted)) return put_category(t, s, category, negated);
        }
    }
    for (size_t i = 0; i < sizeof CATEGORIES / sizeof *CATEGORIES; i++)
        if (same_name(name, size, CATEGORIES[i].name))
            return put_category(t, s, CATEGORIES[i].category, negated);
    if (same_name(name, size, "Alnum") && !negated)
        return put_named(t, s, "Alpha", 5, false) == PUMA_OK ? put_category(t, s, "Nd", false) : t->e->status;
    if (same_name(name, size, "Word")) return refuse(t, "\\p{Word}");
    for (size_t i = 0; !found && i < sizeof NAMED / sizeof *NAMED; i++) {
        if (!same_name(name, size, NAMED[i].name)) continue;
        found = true;
        if (t->caseless && NAMED[i].newer && strcmp(NAMED[i].newer, "Alpha") != 0)
            return refuse(t, "a case of letters in (?i)");
        put(t, &body, NAMED[i].body);
        if (NAMED[i].newer) PUT_NEWER(t, &body, NEWER_PROPERTY, NAMED[i].newer);
    }
    for (size_t i = 0; !found && i < sizeof SCRIPTS / sizeof *SCRIPTS; i++) {
        if (!same_name(name, size, SCRIPTS[i])) continue;
        found = true;
        put(t, &body, "\\p{sc:");
        put(t, &body, SCRIPTS[i]);
        put(t, &body, "}");
        PUT_NEWER(t, &body, NEWER_PROPERTY, SCRIPTS[i]);
    }
    if (found) put_body(t, s, &body, negated);
    free(body.at);
    return found ? t->e->status : refuse(t, "such a \\p{property}");
}

/* What follows \p or \P. */
static puma_status put_property(translation *t, set *s, bool negated)
{
    const char *close;

    if (!accept(t, "{")) return refuse(t, "\\p and no name");
    if (accept(t, "^")) negated = !negated;
    close = memchr(t->at, '}', (size_t)(t->end - t->at));
    if (!close) return refuse(t, "\\p{ and no }");
    if (put_named(t, s, t->at, (size_t)(close - t->at), negated) != PUMA_OK) return t->e->status;
    t->at = close + 1;
    return PUMA_OK;
}

static bool names_set(char c) { return c && strchr("sSdDwWhHpP", c); }

/* After a backslash: a set of characters, if it is one. */
static bool take_set_escape(translation *t, set *s)
{
    char c = *t->at;

    if (!names_set(c)) return false;
    t->at++;
    if (c == 'p' || c == 'P')
        put_property(t, s, c == 'P');
    else
        put_letter_set(t, s, (char)(c | 0x20), c < 'a');
    return true;
}

static puma_status take_hex(translation *t, unsigned least, unsigned most, uint32_t *c)
{
    unsigned digits = 0;

    for (*c = 0; !ends(t) && digits < most; digits++, t->at++) {
        int digit = hex_digit(*t->at);

        if (digit < 0) break;
        *c = *c << 4 | (uint32_t)digit;
    }
    if (digits < least || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
        return refuse(t, "a number that is no character");
    return PUMA_OK;
}

/* After a backslash: the character it stands for. */
static puma_status take_character_escape(translation *t, uint32_t *c)
{
    static const char from[] = "nrtfaev", to[] = "\n\r\t\f\a\033\v";
    const char       *simple;

    if (ends(t)) return refuse(t, "a \\ at its end");
    *c = take(t);
    simple = *c < 0x80 && *c ? strchr(from, (int)*c) : NULL;
    if (simple) {
        *c = (uint32_t)(unsigned char)to[simple - from];
    } else if (*c == 'u') {
        return take_hex(t, 4, 4, c);
    } else if (*c == 'x' && accept(t, "{")) {
        if (take_hex(t, 1, 8, c) != PUMA_OK) return t->e->status;
        if (!accept(t, "}")) return refuse(t, "\\x{ and no }");
    } else if (*c == 'x') {
        if (take_hex(t, 1, 2, c) != PUMA_OK) return t->e->status;
        if (*c >= 0x80) return refuse(t, "\\x of a byte that is no character");
    } else if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')) {
        char what[] = "\\?";

        what[1] = (char)*c;
        return refuse(t, what);
    }
    return PUMA_OK;
}

/* Refuses characters that only Oniguruma would take for several others. */
static puma_status check_fold(translation *t, uint32_t first, uint32_t last)
{
    for (size_t i = 0; t->caseless && i < sizeof FOLD_LONG / sizeof *FOLD_LONG; i++)
        if (first <= FOLD_LONG[i][1] && last >= FOLD_LONG[i][0])
            return refuse(t, "a letter of a longer case folding in (?i)");
    return PUMA_OK;
}

static puma_status take_set(translation *t, bytes *out);

/* [:name:], behind its "[:". */
static puma_status take_posix(translation *t, set *s, const char *close)
{
    bool        negated = accept(t, "^");
    const char *name = t->at;
    size_t      size = (size_t)(close - name);

    t->at = close + 2;
    if (same_name(name, size, "punct")) { /* symbols too, unlike \p{Punct} */
        put_category(t, s, "P", negated);
        return negated ? refuse(t, "[:^punct:]") : put_category(t, s, "S", false);
    }
    return put_named(t, s, name, size, negated);
}

static const char *posix_end(const translation *t)
{
    const char *p = t->at + 2;

    if (!next_is(t, "[:")) return NULL;
    while (p < t->end && ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')) p++;
    if (p == t->at + 2 && p < t->end && *p == '^')
        for (p++; p < t->end && ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z');) p++;
    return t->end - p >= 2 && p[0] == ':' && p[1] == ']' ? p : NULL;
}

/* One character or range of a set. */
static puma_status take_range(translation *t, set *s)
{
    uint32_t first, last;

    if (accept(t, "\\")) {
        if (take_character_escape(t, &first) != PUMA_OK) return t->e->status;
    } else {
        first = take(t);
    }
    last = first;
    if (next_is(t, "-") && t->end - t->at >= 2 && t->at[1] != ']') {
        t->at++;
        if (next_is(t, "[")) return refuse(t, "a range that ends with a set");
        if (accept(t, "\\")) {
            if (!ends(t) && names_set(*t->at)) return refuse(t, "a range that ends with a set");
            if (take_character_escape(t, &last) != PUMA_OK) return t->e->status;
        } else {
            last = take(t);
        }
        if (last < first) return refuse(t, "a range that ends before it begins");
        /* What follows a range is never its middle: "a-c-e". */
    }
    if (check_fold(t, first, last) != PUMA_OK || put_point(t, &s->body, first) != PUMA_OK)
        return t->e->status;
    if (last > first && (put(t, &s->body, "-") != PUMA_OK || put_point(t, &s->body, last) != PUMA_OK))
        return t->e->status;
    return accept(t, "-") ? put_point(t, &s->body, '-') : PUMA_OK;
}

static puma_status take_member(translation *t, set *s)
{
    const char *close = posix_end(t);

    if (close) {
        t->at += 2;
        if (take_posix(t, s, close) != PUMA_OK) return t->e->status;
    } else if (accept(t, "[")) {
        bytes inner = { 0 };

        if (take_set(t, &inner) == PUMA_OK) put_other(t, s, inner.at, inner.count);
        free(inner.at);
        return t->e->status;
    } else if (t->end - t->at >= 2 && *t->at == '\\' && names_set(t->at[1])) {
        t->at++;
        take_set_escape(t, s);
    } else {
        return take_range(t, s);
    }
    if (t->e->status == PUMA_OK && next_is(t, "-") && t->end - t->at >= 2 && t->at[1] != ']')
        return refuse(t, "a range that begins with a set");
    return t->e->status;
}

/* A set, behind its "["; && parts it into sets that must all hold. */
static puma_status take_set(translation *t, bytes *out)
{
    set   now = { 0 };
    bytes conditions = { 0 };
    bool  negated = accept(t, "^"), empty = true;

    if (++t->depth > DEPTH_LIMIT) return refuse(t, "sets so deep in one another");
    while (t->e->status == PUMA_OK && !ends(t) && (*t->at != ']' || (empty && conditions.count == 0))) {
        if (accept(t, "&&")) {
            if (empty) refuse(t, "&& of an empty set");
            put(t, &conditions, "(?=");
            put_set(t, &conditions, &now, false);
            put(t, &conditions, ")");
            set_free(&now);
            now = (set){ 0 };
            empty = true;
        } else {
            take_member(t, &now);
            empty = false;
        }
    }
    if (t->e->status == PUMA_OK && !accept(t, "]")) refuse(t, "[ and no ]");
    if (t->e->status == PUMA_OK && empty) refuse(t, "&& of an empty set");
    if (conditions.count == 0) {
        put_set(t, out, &now, negated);
    } else {
        put(t, out, negated ? "(?:(?!" : "(?:");
        put_bytes(t, out, conditions.at, conditions.count);
        put_set(t, out, &now, false);
        put(t, out, negated ? ")(?s:.))" : ")");
    }
    set_free(&now);
    free(conditions.at);
    t->depth--;
    return t->e->status;
}

/* --- the expression --------------------------------------------------------------------------- */

static puma_status take_alternatives(translation *t, bool group);

static puma_status put_letter(translation *t, uint32_t c)
{
    for (size_t i = 0; t->caseless && i < sizeof FOLDED / sizeof *FOLDED; i++)
        if ((t->previous | 0x20) == (uint32_t)FOLDED[i][0] && (c | 0x20) == (uint32_t)FOLDED[i][1])
            return refuse(t, "letters that Unicode folds to one in (?i)");
    t->previous = c;
    if (check_fold(t, c, c) != PUMA_OK) return t->e->status;
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        char letter = (char)c;

        return put_bytes(t, t->out, &letter, 1);
    }
    return put_point(t, t->out, c);
}

static puma_status put_whole_set(translation *t, set *s)
{
    if (t->e->status == PUMA_OK) put_set(t, t->out, s, false);
    set_free(s);
    return t->e->status;
}

/* \b and \B, by the reference's own notion of a letter of a word. */
static puma_status put_boundary(translation *t, bool negated)
{
    bytes word = { 0 };
    set   s = { 0 };

    if (put_letter_set(t, &s, 'w', false) == PUMA_OK) put_set(t, &word, &s, false);
    for (int side = 0; side < 2; side++) {
        put(t, t->out, side ? "|(?<!" : "(?:(?<=");
        put_bytes(t, t->out, word.at, word.count);
        put(t, t->out, (side != 0) != negated ? ")(?=" : ")(?!");
        put_bytes(t, t->out, word.at, word.count);
        put(t, t->out, side ? "))" : ")");
    }
    set_free(&s);
    free(word.at);
    return t->e->status;
}

/* After a backslash, outside sets.  *plain: it takes text, so it may be repeated. */
static puma_status take_escape(translation *t, bool *plain)
{
    set      s = { 0 };
    uint32_t c;

    if (!ends(t) && take_set_escape(t, &s)) return put_whole_set(t, &s);
    if (accept(t, "b") || next_is(t, "B")) {
        bool negated = accept(t, "B");

        *plain = false;
        return put_boundary(t, negated);
    }
    if (next_is(t, "A") || next_is(t, "z") || next_is(t, "Z")) {
        *plain = false;
        put(t, t->out, "\\");
        return put_bytes(t, t->out, t->at++, 1);
    }
    if (accept(t, "R")) return put(t, t->out, "(?>\\r\\n|[\\n-\\r\\x{85}\\x{2028}\\x{2029}])");
    if (take_character_escape(t, &c) != PUMA_OK) return t->e->status;
    return put_letter(t, c);
}

/* The letters of "(?im-x:" or "(?im)" up to ':' or ')'. */
static puma_status take_options(translation *t, bool *whole)
{
    bool on = true;

    for (; !ends(t) && *t->at != ':' && *t->at != ')'; t->at++) {
        switch (*t->at) {
        case '-': on = false; break;
        case 'i': t->caseless = on; break;
        case 'm': t->dotall = on; break; /* Ruby's letter for what Perl calls s */
        default: return refuse(t, "such an option or group");
        }
    }
    if (ends(t)) return refuse(t, "( and no )");
    *whole = *t->at++ == ')';
    return PUMA_OK;
}

/* A group, behind its "(".  starts: nothing stands before it in its own group, so that options that hold to
 * the end hold for all of that. */
static puma_status take_group(translation *t, bool starts, bool *plain)
{
    static const char *const kinds[] = { "?:", "?=", "?!", "?>", "?<=", "?<!" };
    bool                     caseless = t->caseless, dotall = t->dotall, whole = false;
    const char              *open = "?:";

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (next_is(t, kinds[i])) open = kinds[i];
    if (accept(t, open)) {
        *plain = strcmp(open, "?:") == 0 || strcmp(open, "?>") == 0;
    } else if (next_is(t, "?<") || next_is(t, "?'")) {
        const char *close = memchr(t->at, t->at[1] == '<' ? '>' : '\'', (size_t)(t->end - t->at));

        if (t->at[1] == '\'')
            close = t->end - t->at > 2 ? memchr(t->at + 2, '\'', (size_t)(t->end - t->at - 2)) : NULL;
        if (!close) return refuse(t, "a name of a group without end");
        t->at = close + 1;
    } else if (accept(t, "?#")) {
        const char *close = memchr(t->at, ')', (size_t)(t->end - t->at));

        if (!close || memchr(t->at, '\\', (size_t)(close - t->at))) return refuse(t, "such a comment");
        t->at = close + 1;
        *plain = false;
        return PUMA_OK;
    } else if (accept(t, "?")) {
        if (take_options(t, &whole) != PUMA_OK) return t->e->status;
        *plain = !whole;
        if (whole && !starts) return refuse(t, "options that begin within it");
        if (whole) return put(t, t->out, t->caseless ? "(?i)" : "(?-i)");
    } else if (next_is(t, "*")) {
        return refuse(t, "(*");
    }
    put(t, t->out, "(");
    put(t, t->out, t->caseless == caseless ? open : t->caseless ? "?i:" : "?-i:");
    if (t->e->status == PUMA_OK) take_alternatives(t, true);
    t->caseless = caseless;
    t->dotall = dotall;
    if (t->e->status == PUMA_OK && !accept(t, ")")) return refuse(t, "( and no )");
    return put(t, t->out, ")");
}

static puma_status take_atom(translation *t, bool starts, bool *plain)
{
    *plain = true;
    if (accept(t, "\\")) {
        if (ends(t) || !strchr("nrtfaevux", *t->at)) t->previous = 0;
        return take_escape(t, plain);
    }
    if (strchr("([.^$", *t->at)) t->previous = 0;
    if (accept(t, "(")) return take_group(t, starts, plain);
    if (accept(t, "[")) return take_set(t, t->out);
    if (accept(t, ".")) return put(t, t->out, t->dotall ? "(?s:.)" : "[^\\n]");
    if (next_is(t, "^") || next_is(t, "$")) {
        *plain = false;
        return put_bytes(t, t->out, t->at++, 1);
    }
    return put_letter(t, take(t));
}

/* {n}, {n,}, {n,m} or {,m}; false: the brace is a letter. */
static bool take_interval(translation *t, uint32_t *low, uint32_t *high, bool *fixed)
{
    const char *start = t->at;
    uint32_t    numbers[2] = { 0, 0 };
    size_t      digits[2] = { 0, 0 }, at = 0;

    if (!accept(t, "{")) return false;
    for (; !ends(t) && (*t->at == ',' || (*t->at >= '0' && *t->at <= '9')); t->at++) {
        if (*t->at == ',') {
            if (++at > 1) break;
        } else if (digits[at]++ < 6) {
            numbers[at] = numbers[at] * 10 + (uint32_t)(*t->at - '0');
        }
    }
    if (at > 1 || digits[0] + digits[1] == 0 || !accept(t, "}")) {
        t->at = start;
        return false;
    }
    *fixed = at == 0;
    *low = numbers[0];
    *high = at == 0 ? numbers[0] : digits[1] > 0 ? numbers[1] : UINT32_MAX;
    return true;
}

/* What repeats the atom that begins at `begin` of the output; it may be repeated again. */
static puma_status take_repeats(translation *t, size_t begin, bool plain)
{
    for (unsigned count = 0; !ends(t); count++) {
        uint32_t low = 0, high = UINT32_MAX;
        bool     interval = false, fixed = false;
        char     sign = *t->at, text[40];
        bytes   *out = t->out;

        if (sign == '*' || sign == '+' || sign == '?')
            t->at++;
        else if (!(interval = take_interval(t, &low, &high, &fixed)))
            break;
        if (!plain) return refuse(t, "a repeated condition");
        if (count >= 8) return refuse(t, "so many repeats of repeats");
        if (interval && (low > high || low > 1000 || (high != UINT32_MAX && high > 1000)))
            return refuse(t, "such an interval");
        t->previous = 0;
        if (count > 0) {
            bytes inner = { 0 };

            put(t, &inner, "(?:");
            put_bytes(t, &inner, out->at + begin, out->count - begin);
            put(t, &inner, ")");
            out->count = begin;
            put_bytes(t, out, inner.at, inner.count);
            free(inner.at);
        }
        if (!interval)
            snprintf(text, sizeof text, "%c", sign);
        else if (high == UINT32_MAX)
            snprintf(text, sizeof text, "{%u,}", low);
        else
            snprintf(text, sizeof text, "{%u,%u}", low, high);
        put(t, out, text);
        /* Lazy, possessive.  Behind an interval + repeats it, and so does ? behind {n}. */
        if (accept(t, "?")) {
            if (fixed)
                t->at--;
            else
                put(t, out, "?");
        } else if (!interval && accept(t, "+")) {
            put(t, out, "+");
        }
        if (t->e->status != PUMA_OK) break;
    }
    return t->e->status;
}

static puma_status take_alternatives(translation *t, bool group)
{
    bool starts = true;

    if (++t->depth > DEPTH_LIMIT) return refuse(t, "groups so deep in one another");
    t->previous = 0;
    while (t->e->status == PUMA_OK && !ends(t) && *t->at != ')') {
        size_t begin = t->out->count;
        bool   plain;

        if (accept(t, "|")) {
            put(t, t->out, "|");
            t->previous = 0;
        } else if (*t->at == '*' || *t->at == '+' || *t->at == '?') {
            refuse(t, "a repeat of nothing");
        } else if (take_atom(t, starts, &plain) == PUMA_OK) {
            take_repeats(t, begin, plain);
        }
        starts = false;
    }
    if (t->e->status == PUMA_OK && !group && !ends(t)) refuse(t, ") and no (");
    t->depth--;
    return t->e->status;
}

puma_status pattern_translate(const char *where, const char *text, size_t size, bytes *out, puma_error *e)
{
    translation t = { .where = where, .at = text, .end = text + size, .out = out, .e = e };

    return take_alternatives(&t, false);
}
