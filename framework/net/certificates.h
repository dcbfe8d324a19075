/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* certificates.h - a development CA and one certificate a role (`puma keygen`). */
#ifndef NET_CERTIFICATES_H
#define NET_CERTIFICATES_H

#include "base/error.h"

#include <stdbool.h>

/* Writes ca.pem, ca.key and NAME.pem, NAME.key for party0 to party(parties - 1), dealer and client into
 * `directory`, which is made if absent (mode 0700).  Keys are 0600, P-256; identity is the SAN URI
 * puma:NAME.  Existing files are not overwritten: PUMA_ECONFIG. */
puma_status certificates_make(const char *directory, unsigned parties, unsigned days, puma_error *e);
/* One role's certificate and key anew, from the CA that is in `directory`: the old ones, if there are any,
 * are replaced file by file.  *days is lowered to what is left of the CA.  PUMA_ECONFIG without the CA's
 * key. */
puma_status certificates_renew(const char *directory, const char *role, unsigned *days, puma_error *e);
bool        certificates_is_role(const char *name);

#endif
