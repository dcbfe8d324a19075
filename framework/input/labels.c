/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* labels.c - see input.h: the labels that the inputs are known to have. */
#include "input/internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* [input] labels: one a line, in the inputs' order, or the bytes of an IDX file; a newline at the end of the
 * file begins no further line.  With a limit the file may have more labels than there are inputs. */
puma_status input_read_labels(client_input *in, puma_error *e)
{
    const runfile_input *own = in->own;
    uint8_t       *bytes;
    const uint8_t *packed;
    size_t         size, count = 0, at = 0, line = 0, most = in->run->head != NULL ? 1 : in->model->labels - 1;

    if (own->labels == NULL) return PUMA_OK;
    if (image_file(own->labels, &bytes, &size, e) != PUMA_OK) return e->status;
    image_labels(own->labels, bytes, size, &packed, &count, e);
    in->labels = malloc((in->count + 1) * sizeof *in->labels);
    if (in->labels == NULL) no_memory(e);
    for (; packed != NULL && line < count && line < in->count && e->status == PUMA_OK; line++) {
        in->labels[line] = packed[line];
        if (packed[line] > most)
            error_set(e, 557, "%.200s: label %zu is not one of the model (limit 0 to %zu)", own->labels, line, most);
    }
    if (packed != NULL)
        at = size - (count - line);
    else
        at = text_check(own->labels, (const char *)bytes, size, 570, e) == PUMA_OK ? text_mark((const char *)bytes, size) : 0;
    for (; packed == NULL && at < size && line < in->count && e->status == PUMA_OK; line++) {
        const uint8_t *end = memchr(bytes + at, '\n', size - at);
        size_t      length = end == NULL ? size - at : (size_t)(end - (bytes + at));
        char           text[24] = "";
        uint64_t    label;

        if (length < sizeof text) memcpy(text, bytes + at, length);
        if (length > 0 && length < sizeof text && text[length - 1] == '\r') text[length - 1] = '\0';
        if (!ini_unsigned(text, 0, most, &label))
            error_set(e, 557, "%.200s:%zu: not a label of the model (limit 0 to %zu)", own->labels, line + 1,
                      most);
        else
            in->labels[line] = (uint32_t)label;
        at += length + 1;
    }
    free(bytes);
    if (e->status != PUMA_OK) return e->status;
    if (line < in->count)
        return error_set(e, 558, "%.200s: fewer labels than inputs (got %zu, expected %zu)", own->labels, line,
                         in->count);
    if (at < size && own->limit == 0)
        return error_set(e, 558, "%.200s:%zu: more labels than inputs (expected %zu)", own->labels, line + 1,
                         in->count);
    return PUMA_OK;
}
