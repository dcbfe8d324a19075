/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* material.h - a dealer's messages made ahead of time (`puma deal`); each record of them is used once. cli/
 * makes them, node.c plays them.
 *
 * A dealer that receives nothing sends only what follows from shapes and its own randomness: the record of a
 * run is the sequence of its messages, and to play it is to take the dealer's part.  Two runs with the same
 * record would open different values under the same masks and so reveal their difference.  A record is
 * therefore marked as used in the file itself, on the disk, before its first byte is sent, and overwritten
 * when its run is over, because it would open what that run sent.  The file contains seeds: mode 0600.
 *
 * Layout, little-endian: header (160 bytes) · one byte a record, 1 if used · records of equal size, each
 * closed by SHA-256 over the file's identity, the record's number and its events. */
#ifndef RUN_MATERIAL_H
#define RUN_MATERIAL_H

#include "base/error.h"
#include "host/place.h"
#include "input/client.h"
#include "report/report.h"

#include <stdint.h>

enum { MATERIAL_MOST = 65536 }; /* records a file */

/* --- making ----------------------------------------------------------------------------------- */

typedef struct material_writer material_writer;

/* A new file for `count` runs of this plan with the client's inputs.  It has no name before material_publish
 * (base/staged.h): what it holds are seeds. */
puma_status material_create(material_writer **w, const char *path, const client_plan *c, uint32_t count,
                            puma_error *e);
/* The events of a record, in order.  A failure is kept until material_end, which returns it. */
void material_send(material_writer *w, uint32_t to, puma_phase phase, const void *payload, size_t size);
void material_place(material_writer *w, const place *at);
void material_step(material_writer *w, report_step step, size_t tokens);
void material_go(material_writer *w); /* set-up ends here */
puma_status material_end(material_writer *w, puma_error *e);
/* The file is whole and on disk; then it gets its name, in place of what has it. */
puma_status material_finish(material_writer *w, uint64_t *record_bytes, puma_error *e);
puma_status material_publish(material_writer *w, puma_error *e);
void        material_discard(material_writer *w); /* also after material_publish */

/* --- using ------------------------------------------------------------------------------------ */

typedef struct material material;

typedef enum material_kind {
    MATERIAL_END,
    MATERIAL_SEND,
    MATERIAL_PLACE,
    MATERIAL_STEP,
    MATERIAL_GO
} material_kind;

typedef struct material_event {
    material_kind kind;
    uint32_t      to; /* the receiver of a message */
    puma_phase    phase;
    uint8_t      *payload; /* malloc'd; the caller frees it */
    size_t        size;
    place         at;
    report_step   step;
    size_t        tokens;
} material_event;

/* Opens [run] material, and checks that it was made for such a run and has an unused record. */
puma_status material_open(material **m, const plan *p, puma_error *e);
/* The same check without opening; with `c` (the client's, for the same plan; NULL at the dealer) it also
 * checks the inputs' lengths.  Without [run] material it does nothing. */
puma_status material_check(const plan *p, const client_plan *c, puma_error *e);
/* Takes the next record for inputs of these lengths: checks it, marks it used, and waits until the mark is on
 * the disk. */
puma_status material_take(material *m, const size_t *tokens, size_t count, puma_error *e);
puma_status material_next(material *m, material_event *event, puma_error *e);
/* Overwrites the record that was taken, if one was; also after a failure. */
puma_status material_wipe(material *m, puma_error *e);
void        material_close(material *m);

#endif
