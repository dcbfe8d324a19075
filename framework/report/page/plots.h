/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plots.h - the diagrams of a page, as inline SVG.  The page's sections call it. */
#ifndef REPORT_PAGE_PLOTS_H
#define REPORT_PAGE_PLOTS_H

#include "report/page/html.h"

/* The number of series with a colour of their own; eight of them for each marker and dash. */
enum { PLOT_COLOURS = 24 };
/* The colours, for the page's style sheet. */
void plot_style(text_buffer *to);

typedef enum plot_unit { PLOT_BYTES, PLOT_COUNT, PLOT_SECONDS } plot_unit;
/* "35.3 MB", "347", "0.223 s" */
void plot_number(char *text, size_t size, plot_unit unit, double v);

/* --- points, both axes logarithmic; x in bytes --- */
typedef struct plot_point {
    const char *name;
    double      x, y; /* left out unless both are above 0 */
} plot_point;

/* Point i is series i.  Without any point it adds nothing and returns false. */
bool plot_points(text_buffer *to, const plot_point *points, size_t count, const char *axes);

/* --- lines over a linear axis, upwards logarithmic --- */
typedef struct plot_line {
    const char   *name;
    const double *y; /* `count` of them; NaN: a gap */
    size_t        series;
} plot_line;

/* `x`: the points' places.  `ticks`: a text for each (NULL: numbers at the ends and between).  Values below
 * `floor` are drawn on it. */
bool plot_lines(text_buffer *to, const plot_line *lines, size_t line_count, const double *x, size_t count,
                const char *const *ticks, double floor, const char *axis);

/* --- stacked bars --- */
enum { PLOT_PIECES = 64 };

typedef struct plot_bar {
    const char *name;
    double      piece[PLOT_PIECES];
} plot_bar;

/* `unit`: of the sum written after a bar. */
bool plot_bars(text_buffer *to, const char *title, const plot_bar *bars, size_t count,
               const char *const *pieces, size_t piece_count, plot_unit unit);
/* The key that says which colour is which, for plots that share it. */
void plot_key(text_buffer *to, const char *const *names, size_t count);

/* --- numbers in a row, as a small line without axes --- */
void plot_spark(text_buffer *to, const double *y, size_t count);

#endif
