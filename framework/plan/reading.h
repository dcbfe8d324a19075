/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* reading.h - what the files that read a run file share: runfile.c (the whole, and what its keys say of each other),
 * keys.c (the table of keys) and values.c (what a value may be).  Nobody else includes it. */
#ifndef PLAN_READING_H
#define PLAN_READING_H

#include "plan/runfile.h"

/* A file under way.  own: of the client; NULL at a compute party. */
struct reading {
    runfile       *r;
    runfile_input *own;
    puma_error    *e;
};

typedef struct key key;
/* Reads the value into its field.  False after a failure, which is recorded. */
typedef bool key_reader(struct reading *in, const key *k, const ini_entry *entry);

/* Records a failure with the place in front: "run.ini:7: [run] task: …", "--set run.task: …". */
bool reading_fault(struct reading *in, unsigned code, const ini_entry *entry, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- keys.c ----------------------------------------------------------------------------------- */

struct key {
    const char        *section, *name;
    key_reader        *read;         /* NULL: what the key is for is not built yet                        */
    size_t             offset, size; /* of its field, in runfile or, of a private section, runfile_input  */
    uint64_t           least, most;  /* of an integer                                                     */
    const char *const *words;        /* of a choice, by value; one that begins with `!` is not built yet  */
};

/* [plugin.NAME] */
bool        keys_is_plugin(const char *section);
/* The headings of the file; empty sections have no key that could be refused. */
bool        keys_check_sections(struct reading *in);
bool        keys_read(struct reading *in, const ini_entry *entry);
/* The word that the value of a key with words stands for; the key is in the table. */
const char *keys_word(const runfile *r, const char *section, const char *name);

/* --- values.c --------------------------------------------------------------------------------- */

key_reader read_integer, read_yes_no, read_choice, read_word, read_name, read_template, read_plugin, read_function,
    read_text, read_path, read_path_or_stdin, read_messages, read_positive, read_sample_seed, read_seed, read_source,
    read_ids, read_address, read_link;
/* Of [input] and [chat]: their fields are runfile_input's, and nothing of them is for a compute party to have. */
bool       value_is_private(const char *section);
/* A value that becomes part of a file's name, from `from` to `end`: letters, digits, `_`, `-`. */
bool       value_is_name(const char *from, const char *end);
/* Of an address that was read. */
bool       value_is_loopback(const char *address);

#endif
