/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* certificates.h - folders of certificates for tests: made and placed in one step */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

#include "net/certificates.h"

static inline puma_status certificates_make(const char *directory, unsigned parties, unsigned days, puma_error *e)
{
    certificates *set;

    if (certificates_stage(&set, directory, parties, days, e) == PUMA_OK) certificates_place(set, e);
    certificates_close(set);
    return e->status;
}

#endif
