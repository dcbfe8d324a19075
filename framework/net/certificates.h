/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* certificates.h - a development CA and one certificate a role (`puma keygen`). */
#ifndef NET_CERTIFICATES_H
#define NET_CERTIFICATES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Keys and certificates that are made and have no names yet (base/staged.h): whatever ends the process, none of them is
 * left. */
typedef struct certificates certificates;

/* ca.pem, ca.key and NAME.pem, NAME.key for party0 to party(parties - 1), dealer and client, for `directory`, which is
 * made if absent (mode 0700).  Keys are 0600, P-256; identity is the SAN URI puma:NAME.  Existing files are not
 * overwritten: PUMA_ECONFIG. */
puma_status certificates_stage(certificates **set, const char *directory, unsigned parties, unsigned days, puma_error *e);
/* One role's certificate and key anew, from the CA that is in `directory`, in place of the old ones, if there are any.
 * *days is lowered to what is left of the CA.  PUMA_ECONFIG without the CA's key. */
puma_status certificates_renew(certificates **set, const char *directory, const char *role, unsigned *days, puma_error *e);
/* Gives them their names: all of a set, or none. */
puma_status certificates_place(certificates *set, puma_error *e);
/* Also NULL; what was not placed is gone. */
void        certificates_close(certificates *set);
bool        certificates_is_role(const char *name);

/* Keys and certificates of one run, for a day, which are never in a file: identity[i] becomes what net_config.identity
 * needs of role roles[i].  The CA's key is gone when this returns.  Each is for identity_forget. */
puma_status certificates_for_run(const char *const *roles, size_t count, char **identity, puma_error *e);
void        identity_forget(char *identity); /* overwrites and frees; also NULL */

#endif
