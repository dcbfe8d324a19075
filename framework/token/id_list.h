/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* id_list.h - a list of token ids that grows; all zero is an empty one.  Every model of this folder appends the ids of
 * a word to one, and the function that began the list frees `at`. */
#ifndef TOKEN_ID_LIST_H
#define TOKEN_ID_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct id_list {
    uint32_t *at;
    size_t    count, room;
} id_list;

/* False: out of memory. */
bool id_list_add(id_list *list, uint32_t id);

#endif
