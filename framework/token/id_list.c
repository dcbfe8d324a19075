/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* id_list.c - see id_list.h */
#include "token/id_list.h"

#include <stdlib.h>

bool id_list_add(id_list *list, uint32_t id)
{
    if (list->count == list->room) {
        size_t    room = list->room ? list->room * 2 : 64;
        uint32_t *at = room > SIZE_MAX / sizeof *at ? NULL : realloc(list->at, room * sizeof *at);

        if (!at) return false;
        list->at = at;
        list->room = room;
    }
    list->at[list->count++] = id;
    return true;
}
