/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* variant.c - a small plugin, compiled once for each way in which one can be wrong: VARIANT says which. */
#include <puma/approx.h>
#include <puma/protocol.h>

#include <fenv.h>
#include <stdlib.h>
#include <string.h>

#define GOOD 0
#define OTHER_MAJOR 1
#define NEWER_MINOR 2
#define SMALL_ENTRY 3
#define HUGE_ENTRY 4
#define SMALL_TABLE 5
#define HUGE_TABLE 6
#define MISSING_SLOT 7
#define FUNCTION_ENTRY 8
#define NO_ENTRY 9
#define UNDEFINED_SYMBOL 10
#define CHANGES_ROUNDING 11
#define OTHER_NAME 12
#define NO_OPTIONAL 13
#define EMPTY 14
#define BAD_DEALER 15
#define NO_EVAL 16
#define VERSION_1 17
#define NO_BIT_PLANES 18
#define SMALL_EXTENSION 19
#define NO_VERIFY 20
#define CLEAR_WITHOUT_APPLY 21
#define MISBEHAVES 22

#if VARIANT == MISBEHAVES
#include "misdeeds.h"
__attribute__((constructor)) static void loaded(void) { misdeed(getenv("PUMA_TEST_CONSTRUCTOR")); }
#else
static void misdeed(const char *which) { (void)which; }
#endif

static puma_status open_session(puma_session **s, const puma_session *base)
{
    misdeed(getenv("PUMA_TEST_OPEN"));
    *s = malloc(sizeof **s);
    if (!*s) return PUMA_ERESOURCE;
    **s = *base;
    return PUMA_OK;
}

static void close_session(puma_session *s) { free(s); }

static puma_status share(puma_session *s, puma_tensor *z, const uint64_t *words, uint32_t owner)
{
    (void)z;
    (void)words;
    (void)owner;
    return s->status;
}

static puma_status reveal(puma_session *s, uint64_t *out, const puma_tensor *x, uint32_t to)
{
    (void)out;
    (void)x;
    (void)to;
    return s->status;
}

static puma_status two(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y)
{
    (void)z;
    (void)x;
    (void)y;
    return s->status;
}

static puma_status constants(puma_session *s, puma_tensor *z, const puma_tensor *x, const uint64_t *c,
                             size_t nc)
{
    (void)z;
    (void)x;
    (void)c;
    (void)nc;
    return s->status;
}

static puma_status one(puma_session *s, puma_tensor *z, const puma_tensor *x) { return two(s, z, x, x); }

static puma_status product(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count,
                           uint32_t shift)
{
    (void)z;
    (void)terms;
    (void)count;
    (void)shift;
    return s->status;
}

#if VARIANT == UNDEFINED_SYMBOL
extern puma_status nobody_defines_this(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift);
#define trunc_here nobody_defines_this
#else
static puma_status trunc_here(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift)
{
    (void)shift;
    return two(s, z, x, x);
}
#endif

static puma_status less(puma_session *s, puma_tensor *const *z, const puma_tensor *x, const uint64_t *c,
                        size_t count, uint32_t low, uint32_t width)
{
    (void)z;
    (void)x;
    (void)c;
    (void)count;
    (void)low;
    (void)width;
    return s->status;
}

static puma_status mux_sum(puma_session *s, puma_tensor *z, const puma_choice *choices, size_t count)
{
    (void)z;
    (void)choices;
    (void)count;
    return s->status;
}

/* One extension whole, one whose table is too small, one without what is required of it. */
static const puma_lookup_ext lookup = { .struct_size = sizeof lookup, .one_hot = one };
static const puma_blocks_ext blocks = { .struct_size = 4 };
static const puma_verify_ext verify = { .struct_size = sizeof verify };

__attribute__((unused)) static const void *extension(const char *id)
{
    if (strcmp(id, PUMA_EXT_LOOKUP) == 0) return &lookup;
    if (VARIANT == SMALL_EXTENSION && strcmp(id, PUMA_EXT_BLOCKS) == 0) return &blocks;
    return VARIANT == NO_VERIFY && strcmp(id, PUMA_EXT_VERIFY) == 0 ? &verify : NULL;
}

#if VARIANT == CHANGES_ROUNDING
__attribute__((constructor)) static void change(void) { fesetround(FE_UPWARD); }
#endif

/* Two of the variants name no tables. */
__attribute__((unused)) static const puma_protocol table = {
    .struct_size = VARIANT == SMALL_TABLE  ? 64
                   : VARIANT == HUGE_TABLE ? 1u << 20
                                           : sizeof(puma_protocol),
    .parties = VARIANT == MISBEHAVES ? 3 : 1,
    .planes = 1,
    .bit_planes = VARIANT == NO_BIT_PLANES ? 0 : 1,
    .dealer = VARIANT == BAD_DEALER ? 2 : PUMA_NO_NODE,
    .caps = (VARIANT == MISBEHAVES ? 0 : PUMA_CAP_LOCAL) | (VARIANT == CLEAR_WITHOUT_APPLY ? PUMA_CAP_CLEAR : 0),
    .open = open_session,
    .close = close_session,
    .share = share,
    .reveal = reveal,
    .add = two,
    .sub = two,
    .add_public = constants,
    .scale = constants,
    .sum = one,
    .product = VARIANT == MISSING_SLOT ? NULL : product,
    .trunc = trunc_here,
    .xor_ = two,
    .not_ = one,
    .and_ = two,
    .less = less,
    .mux_sum = mux_sum,
#if VARIANT != NO_OPTIONAL
    .extension = extension,
#endif
};

static const puma_tensor *same(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    (void)s;
    (void)a;
    return x;
}

static const puma_approx first = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU,
    .name = "plain",
    .source = "none",
    .eval = VARIANT == NO_EVAL ? NULL : same,
};
static const puma_approx second = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU,
    .name = "fancy",
    .source = "none",
    .eval = same,
};
__attribute__((unused)) static const puma_approx *const list[] = { &first, &second, NULL };

#if VARIANT == FUNCTION_ENTRY
PUMA_EXPORT void entry_function(void) __asm__("puma_plugin_entry");
void             entry_function(void) {}
#elif VARIANT == NO_ENTRY
PUMA_EXPORT extern const puma_plugin some_other_entry;
const puma_plugin some_other_entry = { .name = "nobody", .protocol = &table, .approx = list };
#elif VARIANT == NEWER_MINOR
/* A newer host's entry is longer, and so is its table: what follows must be ignored. */
typedef struct longer {
    puma_plugin known;
    const void *more[4];
} longer;
PUMA_EXPORT extern const longer newer_entry __asm__("puma_plugin_entry");
const longer                    newer_entry = {
                       .known = { PUMA_ABI_MAJOR << 16 | 7, sizeof(longer), NAME, "2.0", "made later", &table, list },
                       .more = { &table, &table, &table, &table },
};
#else
const puma_plugin puma_plugin_entry = {
    .abi_version = VARIANT == OTHER_MAJOR ? (PUMA_ABI_MAJOR + 1) << 16
                   : VARIANT == VERSION_1 ? 1u << 16 | 2
                                          : PUMA_ABI_VERSION,
    .struct_size = VARIANT == SMALL_ENTRY  ? 8
                   : VARIANT == HUGE_ENTRY ? 60000
                                           : sizeof(puma_plugin),
    .name = VARIANT == OTHER_NAME ? "somebody" : NAME,
    .version = "1.0",
    .summary = "a test",
    .protocol = VARIANT == EMPTY ? NULL : &table,
    .approx = VARIANT == EMPTY ? NULL : list,
};
#endif
