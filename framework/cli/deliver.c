/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* deliver.c - see deliver.h */
#include "cli/deliver.h"

#include "base/text_stream.h"
#include "run/stop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

puma_status delivery_open(delivery *d, puma_error *e)
{
    *d = (delivery){ 0 };
    d->out = text_stream(&d->text, &d->size);
    return d->out != NULL ? PUMA_OK : error_set(e, 1001, "out of memory for the output");
}

puma_status delivery_file(delivery *d, const char *path, const char *text, puma_error *e)
{
    staged *file = &d->files[d->count];

    if (e->status != PUMA_OK) return e->status;
    d->count++;
    if (staged_open(file, path, 0666, e) == PUMA_OK && staged_write(file, text, strlen(text), e) == PUMA_OK)
        staged_sync(file, e);
    return e->status;
}

static puma_status print(delivery *d, puma_error *e)
{
    bool whole = ferror(d->out) == 0 && fflush(d->out) == 0;

    if (!whole) return error_set(e, 1001, "out of memory for the output");
    errno = 0;
    /* An earlier piece may have been lost: generated text is printed as it comes. */
    if (fwrite(d->text, 1, d->size, stdout) != d->size || fflush(stdout) != 0 || ferror(stdout))
        return error_set(e, 1004, "standard output: %s", errno == 0 ? "write error" : strerror(errno));
    return PUMA_OK;
}

puma_status deliver(delivery *d, puma_status (*place)(void *context, puma_error *e), void *context, puma_error *e)
{
    if (e->status != PUMA_OK) return e->status;
    stop_hold();
    if (print(d, e) == PUMA_OK && place != NULL) place(context, e);
    for (size_t i = 0; i < d->count && e->status == PUMA_OK; i++) staged_place(&d->files[i], true, e);
    if (e->status == PUMA_OK)
        stop_over();
    else
        stop_release();
    return e->status;
}

void delivery_close(delivery *d)
{
    for (size_t i = 0; i < d->count; i++) staged_drop(&d->files[i]);
    if (d->out != NULL) fclose(d->out);
    free(d->text);
    *d = (delivery){ 0 };
}
