/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* keygen.c - `puma keygen`: keys and certificates for all roles, or new ones for one role; net/certificates.c
 * makes them. */
#include "cli/cli.h"
#include "cli/deliver.h"

#include "ini/ini.h"
#include "net/certificates.h"

#include <puma/host.h>
#include <stdint.h>
#include <stdio.h>

static const cli_option options[] = {
    { "--out", "DIR", "where to; made if absent (required)", false },
    { "--parties", "N", "compute parties to make certificates for, 1 to 8 (default 3)", false },
    { "--role", "NAME", "renew this role's certificate and key alone, with the CA that is in DIR", false },
    { "--days", "N", "days until the certificates expire, 1 to 3650 (default 365)", false },
    { NULL, NULL, NULL, false },
};

static const cli_command command = {
    .name = "keygen",
    .synopsis = "--out DIR [--parties N | --role NAME] [--days N]",
    .about = "Makes a development CA (ca.pem, ca.key) and a certificate and key (NAME.pem, NAME.key) for "
             "each of party0 to\n"
             "partyN-1, dealer and client.  A certificate binds its role: the SAN URI puma:NAME.  Keys are readable "
             "by their owner\n"
             "alone; files that exist are never overwritten.\n"
             "With --role: makes NAME.pem and NAME.key anew, signed by DIR's ca.key, and replaces what is there; "
             "the CA and the\n"
             "other roles stay, and so do their certificates' owners: nobody else needs a new file.\n\n"
             "In a deployment give every host its own NAME.pem and NAME.key and ca.pem, and nobody else's "
             "key; keep ca.key\n"
             "off all of them.",
    .options = options,
};

static puma_status place(void *context, puma_error *e) { return certificates_place(context, e); }

/* What was made gets its names once what is said of it is out. */
static int hand_over(delivery *d, certificates *set, puma_error *e)
{
    deliver(d, place, set, e);
    delivery_close(d);
    certificates_close(set);
    return e->status == PUMA_OK ? 0 : cli_fail(e);
}

static int renew(const char *out, const char *role, unsigned asked)
{
    puma_error    e = { 0 };
    unsigned      days = asked;
    certificates *set = NULL;
    delivery      d = { 0 };

    if (certificates_renew(&set, out, role, &days, &e) == PUMA_OK && delivery_open(&d, &e) == PUMA_OK)
        fprintf(d.out, "%s: certificate and key of %s, valid for %u days%s\n", out, role, days,
                days < asked ? ", which is what the CA has left" : "");
    return hand_over(&d, set, &e);
}

static int make(const char *out, unsigned parties, unsigned days)
{
    puma_error    e = { 0 };
    certificates *set = NULL;
    delivery      d = { 0 };

    if (certificates_stage(&set, out, parties, days, &e) == PUMA_OK && delivery_open(&d, &e) == PUMA_OK) {
        fprintf(d.out, "%s: CA and certificates of ", out);
        for (unsigned i = 0; i < parties; i++) fprintf(d.out, "party%u, ", i);
        fprintf(d.out, "dealer and client, valid for %u days\n", days);
    }
    return hand_over(&d, set, &e);
}

int cli_keygen(int argc, char **argv)
{
    cli_line    line;
    const char *out, *role, *days_text, *parties_text;
    uint64_t    days = 365, parties = 3;
    int         code;

    if (!cli_read(&line, &command, argc, argv, &code)) return code;
    out = cli_value(&line, "--out");
    role = cli_value(&line, "--role");
    days_text = cli_value(&line, "--days");
    parties_text = cli_value(&line, "--parties");
    if (!out)
        code = cli_misused(&command, 204, "--out is missing");
    else if (days_text && !ini_unsigned(days_text, 1, 3650, &days))
        code = cli_misused(&command, 206, "--days needs 1 <= N <= 3650 (got '%.40s')", days_text);
    else if (parties_text && !ini_unsigned(parties_text, 1, PUMA_MAX_PARTIES, &parties))
        code = cli_misused(&command, 206, "--parties needs 1 <= N <= %u (got '%.40s')", PUMA_MAX_PARTIES,
                           parties_text);
    else if (role && parties_text)
        code = cli_misused(&command, 203, "--parties and --role exclude each other");
    else if (role && !certificates_is_role(role))
        code = cli_misused(&command, 206, "--role: no such role (got '%.40s'; party0 to party%u, dealer or client)",
                           role, PUMA_MAX_PARTIES - 1);
    else if (role)
        code = renew(out, role, (unsigned)days);
    else
        code = make(out, (unsigned)parties, (unsigned)days);
    cli_free(&line);
    return code;
}
