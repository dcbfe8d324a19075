/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_runfile.c - a run file, as the client and as a party read it: what the client takes a party takes, and
 * both agree on the lines that all nodes compare. */
#include "fuzz.h"

#include "plan/runfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    puma_error     e = { 0 }, e_party = { 0 };
    runfile       *client = NULL, *party = NULL;
    runfile_input *own = NULL;
    char          *lines[2];

    fuzz_check_error(runfile_parse(&client, &own, "folder/run.ini", (const char *)data, size, NULL, 0, &e),
                     &e);
    fuzz_check_error(
        runfile_parse(&party, NULL, "folder/run.ini", (const char *)data, size, NULL, 0, &e_party), &e_party);
    FUZZ_CHECK((e.status == PUMA_OK) == (client != NULL && own != NULL));
    FUZZ_CHECK((e_party.status == PUMA_OK) == (party != NULL));
    if (client != NULL) {
        FUZZ_CHECK(party != NULL);
        lines[0] = runfile_canonical(client);
        lines[1] = runfile_canonical(party);
        FUZZ_CHECK(lines[0] != NULL && lines[1] != NULL && strcmp(lines[0], lines[1]) == 0);
        free(lines[0]);
        free(lines[1]);
        runfile_where(client, "run", "model");
        runfile_embeds(client);
        runfile_input_key(own->kind);
    }
    runfile_input_close(own);
    runfile_close(client);
    runfile_close(party);
    return 0;
}
