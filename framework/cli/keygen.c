/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* keygen.c - `puma keygen`: keys and certificates for all roles, or one role's anew; net/certificates.c makes them. */
#include "cli/cli.h"

#include "ini/ini.h"
#include "net/certificates.h"

#include <stdint.h>
#include <stdio.h>

static const cli_option options[] = {
    { "--out", "DIR", "where to; made if absent (required)", false },
    { "--role", "NAME", "renew this role's certificate and key alone, with the CA that is in DIR", false },
    { "--days", "N", "days until the certificates expire, 1 to 3650 (default 365)", false },
    { NULL, NULL, NULL, false },
};

static const cli_command command = {
    .name = "keygen",
    .synopsis = "--out DIR [--role NAME] [--days N]",
    .about = "Makes a development CA (ca.pem, ca.key) and a certificate and key (NAME.pem, NAME.key) for "
             "each of party0,\n"
             "party1, party2, dealer and client.  A certificate binds its role: the SAN URI puma:NAME.  Keys "
             "are readable\n"
             "by their owner alone; files that exist are never overwritten.\n"
             "With --role: makes NAME.pem and NAME.key anew, signed by DIR's ca.key, and replaces what is there; "
             "the CA and the\n"
             "other roles stay, and so do their certificates' owners: nobody else needs a new file.\n\n"
             "In a deployment give every host its own NAME.pem and NAME.key and ca.pem, and nobody else's "
             "key; keep ca.key\n"
             "off all of them.",
    .options = options,
};

static int renew(const char *out, const char *role, unsigned asked)
{
    puma_error e = { 0 };
    unsigned   days = asked;

    if (certificates_renew(out, role, &days, &e) != PUMA_OK) return cli_fail(&e);
    printf("%s: certificate and key of %s, valid for %u days%s\n", out, role, days,
           days < asked ? ", which is what the CA has left" : "");
    return 0;
}

int cli_keygen(int argc, char **argv)
{
    puma_error  e = { 0 };
    cli_line    line;
    const char *out, *role, *days_text;
    uint64_t    days = 365;
    int         code;

    if (!cli_read(&line, &command, argc, argv, &code)) return code;
    out = cli_value(&line, "--out");
    role = cli_value(&line, "--role");
    days_text = cli_value(&line, "--days");
    if (!out)
        code = cli_misused(&command, 204, "--out is missing");
    else if (days_text && !ini_unsigned(days_text, 1, 3650, &days))
        code = cli_misused(&command, 206, "--days needs 1 <= N <= 3650 (got '%.40s')", days_text);
    else if (role && !certificates_is_role(role))
        code = cli_misused(&command, 206, "--role: no such role (got '%.40s'; party0, party1, party2, dealer or client)",
                           role);
    else if (role)
        code = renew(out, role, (unsigned)days);
    else if (certificates_make(out, (unsigned)days, &e) != PUMA_OK)
        code = cli_fail(&e);
    else
        printf("%s: CA and certificates of party0, party1, party2, dealer and client, valid for %u days\n",
               out, (unsigned)days);
    cli_free(&line);
    return code;
}
