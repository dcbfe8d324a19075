/* plots.c - see plots.h */
#include "cli/plots.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDE 920
#define LEFT 70  /* of a plot, for the labels of its axis */
#define HIGH 340 /* of a plot                             */
#define BAR 20   /* a bar and the gap below it            */

const char *plot_colour(size_t i)
{
    static const char *const COLOURS[] = { "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
                                           "#999999", "#ee7733", "#009988", "#bb5566", "#6699cc", "#997700" };

    return COLOURS[i % (sizeof COLOURS / sizeof *COLOURS)];
}

void plot_key(text_buffer *to, const char *const *names, size_t count)
{
    html_add(to, "<p class=\"key\">");
    for (size_t i = 0; i < count; i++) {
        html_add(to, "<span><i style=\"background:%s\"></i>", plot_colour(i));
        html_escaped(to, names[i]);
        html_add(to, "</span> ");
    }
    html_add(to, "</p>\n");
}

/* --- axes --------------------------------------------------------------------------------------- */

typedef struct range {
    double low, high; /* decimal exponents, whole */
} range;

static const range NO_RANGE = { NAN, NAN };

static void widen(range *r, double v)
{
    if (!(v > 0) || isinf(v)) return;
    if (!(r->low <= floor(log10(v)))) r->low = floor(log10(v));
    if (!(r->high >= ceil(log10(v)))) r->high = ceil(log10(v));
    if (r->high == r->low) r->high += 1;
}

static double place(range r, double v) { return (log10(v) - r.low) / (r.high - r.low); }

/* A line and its number for each power of ten, or each other one where they are many. */
static void add_upward(text_buffer *to, range r, double across, double down)
{
    double step = r.high - r.low > 8 ? 2 : 1;

    for (double e = r.low; e <= r.high; e += step) {
        double y = 10 + down * (1 - (e - r.low) / (r.high - r.low));

        html_add(to, "<line class=\"grid\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, LEFT + across,
                 y, y);
        html_add(to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0e</text>\n", LEFT - 6, y + 4, pow(10, e));
    }
}

static void add_tick(text_buffer *to, double x, double down, const char *text)
{
    html_add(to, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"10\" y2=\"%.1f\"/>", x, x, 10 + down);
    html_add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x, down + 28);
    html_escaped(to, text);
    html_add(to, "</text>\n");
}

static void begin(text_buffer *to, int height)
{
    html_add(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDE, height);
}

static void add_axis(text_buffer *to, double across, double down, const char *text)
{
    html_add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", LEFT + across / 2, down + 48);
    html_escaped(to, text);
    html_add(to, "</text>\n");
}

/* --- points ------------------------------------------------------------------------------------- */

static bool is_point(const plot_point *p) { return p->x > 0 && p->y > 0; }

bool plot_points(text_buffer *to, const plot_point *points, size_t count, const char *axes)
{
    range  xs = NO_RANGE, ys = NO_RANGE;
    double across = WIDE - LEFT - 150, down = HIGH - 60;
    char   tick[32];

    for (size_t i = 0; i < count; i++) {
        if (!is_point(&points[i])) continue;
        widen(&xs, points[i].x);
        widen(&ys, points[i].y);
    }
    if (isnan(xs.low) || isnan(ys.low)) return false;
    begin(to, HIGH);
    for (double e = xs.low; e <= xs.high; e++) {
        snprintf(tick, sizeof tick, "%.0e B", pow(10, e));
        add_tick(to, LEFT + across * (e - xs.low) / (xs.high - xs.low), down, tick);
    }
    add_upward(to, ys, across, down);
    add_axis(to, across, down, axes);
    for (size_t i = 0; i < count; i++) {
        double x = LEFT + across * place(xs, points[i].x), y = 10 + down * (1 - place(ys, points[i].y));

        if (!is_point(&points[i])) continue;
        html_add(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"><title>", x, y, plot_colour(i));
        html_escaped(to, points[i].name);
        html_add(to, ": %.4g B, error %.3g</title></circle>", points[i].x, points[i].y);
        /* Neighbours do not write over each other. */
        html_add(to, "<text x=\"%.1f\" y=\"%.1f\">", x + 9, y + (i % 2 == 0 ? -4 : 13));
        html_escaped(to, points[i].name);
        html_add(to, "</text>\n");
    }
    html_add(to, "</svg>\n");
    return true;
}

/* --- lines -------------------------------------------------------------------------------------- */

static void add_line(text_buffer *to, const plot_line *line, const char *colour, const double *x, size_t count,
                     range ys, double floor, bool marked)
{
    double across = WIDE - LEFT - 150, down = HIGH - 60, width = count > 1 ? x[count - 1] - x[0] : 1;
    bool   open = false;

    for (size_t i = 0; i < count; i++) {
        if (isnan(line->y[i])) {
            if (open) html_add(to, "\"/>");
            open = false;
            continue;
        }
        if (!open)
            html_add(to, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" points=\"", colour);
        open = true;
        html_add(to, "%.1f,%.1f ", LEFT + across * (x[i] - x[0]) / width,
                 10 + down * (1 - place(ys, fmax(fmin(line->y[i], 1e300), floor))));
    }
    if (open) html_add(to, "\"/>\n");
    for (size_t i = 0; i < count && marked; i++) {
        if (isnan(line->y[i])) continue;
        html_add(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>",
                 LEFT + across * (x[i] - x[0]) / width, 10 + down * (1 - place(ys, fmax(line->y[i], floor))), colour);
        html_escaped(to, line->name);
        html_add(to, ": %.3g</title></circle>", line->y[i]);
    }
}

bool plot_lines(text_buffer *to, const plot_line *lines, size_t line_count, const double *x, size_t count,
                const char *const *ticks, double floor, const char *axis)
{
    range       ys = NO_RANGE;
    double      across = WIDE - LEFT - 150, down = HIGH - 60;
    const char *names[PLOT_PIECES];
    char        tick[32];

    for (size_t k = 0; k < line_count; k++)
        for (size_t i = 0; i < count; i++)
            if (!isnan(lines[k].y[i])) widen(&ys, fmax(lines[k].y[i], floor));
    if (isnan(ys.low) || count < 2) return false;
    begin(to, HIGH);
    for (size_t i = 0; ticks != NULL && i < count; i++)
        add_tick(to, LEFT + across * (x[i] - x[0]) / (x[count - 1] - x[0]), down, ticks[i]);
    for (int i = 0; ticks == NULL && i <= 8; i++) {
        snprintf(tick, sizeof tick, "%.3g", x[0] + (x[count - 1] - x[0]) * i / 8);
        add_tick(to, LEFT + across * i / 8, down, tick);
    }
    add_upward(to, ys, across, down);
    add_axis(to, across, down, axis);
    for (size_t k = 0; k < line_count; k++)
        add_line(to, &lines[k], plot_colour(k), x, count, ys, floor, ticks != NULL);
    html_add(to, "</svg>\n");
    for (size_t k = 0; k < line_count && k < PLOT_PIECES; k++) names[k] = lines[k].name;
    plot_key(to, names, line_count < PLOT_PIECES ? line_count : PLOT_PIECES);
    return true;
}

/* --- bars --------------------------------------------------------------------------------------- */

bool plot_bars(text_buffer *to, const char *title, const plot_bar *bars, size_t count,
               const char *const *pieces, size_t piece_count, int decimals)
{
    double longest = 0;
    int    label = 220;

    for (size_t i = 0; i < count; i++) {
        double sum = 0;

        for (size_t k = 0; k < piece_count; k++) sum += bars[i].piece[k];
        longest = fmax(longest, sum);
    }
    if (!(longest > 0)) return false;
    html_add(to, "<h3>%s</h3>", title);
    begin(to, (int)count * BAR + 4);
    for (size_t i = 0; i < count; i++) {
        double sum = 0, x = label;
        int    y = (int)i * BAR;

        html_add(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", label - 8, y + 14);
        html_escaped(to, bars[i].name);
        html_add(to, "</text>");
        for (size_t k = 0; k < piece_count; k++) {
            double width = (WIDE - label - 90) * bars[i].piece[k] / longest;

            sum += bars[i].piece[k];
            if (!(width > 0)) continue;
            html_add(to, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>", x, y + 2,
                     width, BAR - 4, plot_colour(k));
            html_escaped(to, pieces[k]);
            html_add(to, ": %.4g</title></rect>", bars[i].piece[k]);
            x += width;
        }
        html_add(to, "<text x=\"%.1f\" y=\"%d\">", x + 6, y + 14);
        if (decimals < 0)
            html_add(to, "%.3g", sum);
        else
            html_add(to, "%.*f", decimals, sum);
        html_add(to, "</text>\n");
    }
    html_add(to, "</svg>\n");
    return true;
}
