/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* reading.h - shared by the files that read a run file: runfile.c (the whole, and rules between keys), keys.c
 * (the table of keys), values.c (what a value may be) and canonical.c.  No other file includes it. */
#ifndef PLAN_READING_H
#define PLAN_READING_H

#include "plan/runfile.h"

/* A run file while it is read. own: the client's part; NULL at a compute party. */
struct reading {
    runfile       *r;
    runfile_input *own;
    puma_error    *e;
};

typedef struct key key;
/* Reads a value into its field.  Returns false after a failure, which it has recorded. */
typedef bool key_reader(struct reading *in, const key *k, const ini_entry *entry);

/* Records a failure after its place: "run.ini:7: [run] task: …", "--set run.task: …". */
bool reading_fault(struct reading *in, unsigned code, const ini_entry *entry, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- keys.c ----------------------------------------------------------------------------------- */

struct key {
    const char        *section, *name;
    key_reader        *read;         /* NULL: the key is known but not supported yet                      */
    size_t             offset, size; /* of its field: in runfile, or for a private section runfile_input  */
    uint64_t           least, most;  /* for an integer                                                    */
    const char *const *words;        /* for a choice, by value; one that begins with `!` is unsupported   */
};

/* Is it [plugin.NAME]? */
bool        keys_is_plugin(const char *section);
/* Checks the headings of the file, also those of empty sections. */
bool        keys_check_sections(struct reading *in);
bool        keys_read(struct reading *in, const ini_entry *entry);
/* The word for the value of a key that has words; the key must be in the table. */
const char *keys_word(const runfile *r, const char *section, const char *name);

/* --- values.c --------------------------------------------------------------------------------- */

key_reader read_integer, read_yes_no, read_choice, read_word, read_name, read_template, read_plugin, read_function,
    read_text, read_path, read_path_or_stdin, read_messages, read_positive, read_sample_seed, read_seed, read_source,
    read_ids, read_address, read_link;
/* Is it [input] or [chat]?  Their fields are runfile_input's, and a compute party gets nothing of them. */
bool       value_is_private(const char *section);
/* May `from` to `end` be part of a file's name?  Only letters, digits, `_`, `-`. */
bool       value_is_name(const char *from, const char *end);
/* `address` must be one that read_address has accepted. */
bool       value_is_loopback(const char *address);

#endif
