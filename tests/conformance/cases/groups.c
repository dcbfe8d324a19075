/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* groups.c - the groups of cases, in the order in which they run.  A new one is one more line here and its
 * file in local.mk. */
#include "conformance/conformance.h"

#define GROUPS(X)                                                                                            \
    X(share)                                                                                                 \
    X(add)                                                                                                   \
    X(linear)                                                                                                \
    X(product)                                                                                               \
    X(trunc)                                                                                                 \
    X(bits)                                                                                                  \
    X(less)                                                                                                  \
    X(mux_sum)                                                                                               \
    X(one_hot)                                                                                               \
    X(structure)                                                                                             \
    X(chain)                                                                                                 \
    X(apply)                                                                                                 \
    X(float)                                                                                                 \
    X(table)                                                                                                 \
    X(one_hot_built)                                                                                         \
    X(table_built)                                                                                           \
    X(maximum)                                                                                               \
    X(maximum_built)                                                                                         \
    X(embed)                                                                                                 \
    X(product_blocks)                                                                                        \
    X(product_blocks_built)                                                                                  \
    X(public)                                                                                                \
    X(random)                                                                                                \
    X(random_built)                                                                                          \
    X(random_product)                                                                                        \
    X(guard)                                                                                                 \
    X(guard_words)                                                                                           \
    /* these three a second time, with other operands */                                                     \
    X(maximum)                                                                                               \
    X(maximum_built)                                                                                         \
    X(embed)                                                                                                 \
    X(argmax)

#define DECLARE(name) extern const group name##_group;
GROUPS(DECLARE)

#define ADDRESS(name) &name##_group,
const group *const groups[] = { GROUPS(ADDRESS) };
const size_t       group_count = sizeof groups / sizeof *groups;
