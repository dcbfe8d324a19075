/* plots.h - the diagrams of a page, as inline SVG. */
#ifndef CLI_PLOTS_H
#define CLI_PLOTS_H

#include "cli/html.h"

/* Told apart by people who do not tell red from green, on light and dark ground. */
const char *plot_colour(size_t i);

/* --- points, both axes logarithmic --- */
typedef struct plot_point {
    const char *name;
    double      x, y; /* left out where one is not above 0 */
} plot_point;

/* False, and nothing is added, without any point. */
bool plot_points(text_buffer *to, const plot_point *points, size_t count, const char *axes);

/* --- lines over a linear axis, upwards logarithmic --- */
typedef struct plot_line {
    const char   *name;
    const double *y; /* `count` of them; not a number: a gap */
} plot_line;

/* `x`: where the points stand.  `ticks`: a text for each (NULL: numbers at the ends and between).  Values
 * below `floor` lie on it. */
bool plot_lines(text_buffer *to, const plot_line *lines, size_t line_count, const double *x, size_t count,
                const char *const *ticks, double floor, const char *axis);

/* --- stacked bars --- */
enum { PLOT_PIECES = 64 };

typedef struct plot_bar {
    const char *name;
    double      piece[PLOT_PIECES];
} plot_bar;

/* `decimals`: of the sum behind a bar; negative: three digits of any size. */
bool plot_bars(text_buffer *to, const char *title, const plot_bar *bars, size_t count,
               const char *const *pieces, size_t piece_count, int decimals);
/* Which colour is which, for plots that share it. */
void plot_key(text_buffer *to, const char *const *names, size_t count);

#endif
