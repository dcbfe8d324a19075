/* certificates.h - a development CA and one certificate a role (`puma keygen`). */
#ifndef NET_CERTIFICATES_H
#define NET_CERTIFICATES_H

#include "base/error.h"

/* Writes ca.pem, ca.key and NAME.pem, NAME.key for party0, party1, party2, dealer and client into `directory`,
 * which is made if absent (mode 0700).  Keys are 0600, P-256; identity is the SAN URI puma:NAME.  Existing
 * files are not overwritten: PUMA_ECONFIG. */
puma_status certificates_make(const char *directory, unsigned days, puma_error *e);

#endif
