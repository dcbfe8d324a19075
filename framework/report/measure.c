/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* measure.c - see report.h: how far apart two answers are, and how probable a label is. */
#include "report/report.h"

#include <math.h>
#include <stdio.h>

double report_max_abs_error(const double *x, const double *y, size_t n)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(x[i] - y[i]);

        if (isnan(d)) return d;
        worst = fmax(worst, d);
    }
    return worst;
}

double report_cosine(const double *x, const double *y, size_t n)
{
    double xx = 0, yy = 0, xy = 0;

    for (size_t i = 0; i < n; i++) {
        xx += x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
    }
    if (xx == 0 || yy == 0) return xx == yy ? 1 : 0;
    return xy / (sqrt(xx) * sqrt(yy));
}

size_t report_top1(const double *x, size_t n, double ulp)
{
    size_t best = 0, first = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    while (first < best && !(x[first] >= x[best] - ulp)) first++;
    return first;
}

/* --- labels ----------------------------------------------------------------------------------- */

double report_probability(report_meaning meaning, const double *logits, size_t n, size_t i)
{
    double sum = 0;

    if (meaning == REPORT_MANY_LABELS) return 1 / (1 + exp(-logits[i]));
    for (size_t k = 0; k < n; k++) sum += exp(logits[k] - logits[i]); /* if infinite, the result is 0 */
    return 1 / sum;
}

const char *report_label_name(const report_output *o, size_t i, char *room, size_t size)
{
    if (o->label_names != NULL) return o->label_names[i];
    snprintf(room, size, "LABEL_%zu", i);
    return room;
}
