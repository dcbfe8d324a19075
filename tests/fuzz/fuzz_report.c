/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_report.c - the report that a party sends to the client: what is taken is written again as it was read.
 */
#include "fuzz.h"

#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed    f = { data, data + size };
    char        *text = fuzz_string(&f), *again, *third;
    puma_error   e = { 0 }, e_again = { 0 };
    report_party p, q;

    fuzz_check_error(report_party_parse(&p, text, &e), &e);
    if (e.status == PUMA_OK) {
        FUZZ_CHECK(p.node < PUMA_NODES);
        again = report_party_json(&p);
        FUZZ_CHECK(again != NULL);
        FUZZ_CHECK(report_party_parse(&q, again, &e_again) == PUMA_OK);
        third = report_party_json(&q);
        FUZZ_CHECK(third != NULL && strcmp(again, third) == 0);
        free(third);
        free(again);
        report_party_free(&q);
        report_party_free(&p);
    }
    FUZZ_CHECK(e.status == PUMA_OK || p.layers == NULL);
    free(text);
    return 0;
}
