/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* plots.c - see plots.h
 *
 * Names are never put inside a diagram, where they would overlap and be cut at its edge.  A series has a
 * colour, a marker and a dash, and the key below the diagram gives its name. */
#include "report/page/plots.h"

#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDE 920
#define LEFT 66  /* left of a plot, for its axis labels */
#define RIGHT 24
#define HIGH 330 /* height of a plot                      */
#define BAR 22   /* a bar and the gap below it            */
#define LETTER 7.3 /* the width of one, estimated high  */

/* Eight hues that people who cannot tell red from green can still tell apart, in three lightnesses.  On a
 * dark background the dark ones become the lightest. */
static const struct colour {
    const char *on_light, *on_dark;
} COLOURS[PLOT_COLOURS] = {
    { "#0072b2", "#4ba6de" }, { "#d98a00", "#f0a928" }, { "#009e73", "#22b88d" }, { "#c2528b", "#d977ab" },
    { "#3aa5e0", "#3aa5e0" }, { "#d55e00", "#ee7a26" }, { "#7a4fb5", "#a07fd0" }, { "#808080", "#9a9a9a" },
    { "#003d66", "#b9dcf5" }, { "#8a5a00", "#ffe0a0" }, { "#00553d", "#b4ecd9" }, { "#7a2352", "#f5c9de" },
    { "#14618c", "#cfeafa" }, { "#8a3200", "#ffcba6" }, { "#452478", "#dccff0" }, { "#3a3a3a", "#e0e0e0" },
    { "#74b4dc", "#1f6c9c" }, { "#f2bd55", "#a86f0a" }, { "#62c9a8", "#0e7a5a" }, { "#e39cc0", "#99386b" },
    { "#93cdf0", "#2b7aa6" }, { "#f5a066", "#a84c08" }, { "#b79bdc", "#6a46a0" }, { "#b3b3b3", "#6c6c6c" },
};
static const char *const DASHES[] = { "", " stroke-dasharray=\"7 3\"", " stroke-dasharray=\"2 3\"" };
enum { TIERS = 3, HUES = PLOT_COLOURS / TIERS };

void plot_style(text_buffer *to)
{
    for (size_t i = 0; i < PLOT_COLOURS; i++) html_add(to, ".c%zu{color:%s}", i, COLOURS[i].on_light);
    html_add(to, "@media(prefers-color-scheme:dark){");
    for (size_t i = 0; i < PLOT_COLOURS; i++) html_add(to, ".c%zu{color:%s}", i, COLOURS[i].on_dark);
    html_add(to, "}");
}

/* A circle, a square or a triangle. */
static void add_marker(text_buffer *to, size_t series, double x, double y, double r)
{
    switch (series / HUES % TIERS) {
    case 0: html_add(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", x, y, r); break;
    case 1:
        html_add(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", x - r, y - r, 2 * r, 2 * r);
        break;
    default:
        html_add(to, "<path d=\"M%.1f %.1fl%.1f %.1fh%.1fz\"", x, y - 1.2 * r, 1.2 * r, 2.1 * r, -2.4 * r);
    }
    html_add(to, " class=\"mark c%zu\">", series % PLOT_COLOURS);
}

static void end_marker(text_buffer *to, size_t series)
{
    static const char *const tags[TIERS] = { "circle", "rect", "path" };

    html_add(to, "</%s>", tags[series / HUES % TIERS]);
}

static void begin_key(text_buffer *to) { html_add(to, "<p class=\"key\">"); }

/* Adds a sample of a series to the key; `line`: with its dash. */
static void add_series(text_buffer *to, size_t series, const char *name, bool line)
{
    html_add(to, "<span><svg class=\"sample\" viewBox=\"0 0 28 12\" width=\"28\" height=\"12\">");
    if (line)
        html_add(to, "<line class=\"c%zu\" x1=\"0\" x2=\"28\" y1=\"6\" y2=\"6\"%s/>", series % PLOT_COLOURS,
                 DASHES[series / HUES % TIERS]);
    add_marker(to, series, 14, 6, 4);
    end_marker(to, series);
    html_add(to, "</svg>");
    html_escaped(to, name);
    html_add(to, "</span> ");
}

void plot_key(text_buffer *to, const char *const *names, size_t count)
{
    begin_key(to);
    for (size_t i = 0; i < count; i++) {
        html_add(to, "<span><i class=\"c%zu\"></i>", i % PLOT_COLOURS);
        html_escaped(to, names[i]);
        html_add(to, "</span> ");
    }
    html_add(to, "</p>\n");
}

/* --- numbers ------------------------------------------------------------------------------------ */

void plot_number(char *text, size_t size, plot_unit unit, double v)
{
    char amount[24];

    if (unit == PLOT_BYTES)
        snprintf(text, size, "%s", report_amount(amount, (uint64_t)fmax(v, 0)));
    else if (unit == PLOT_SECONDS)
        snprintf(text, size, "%.*f s", v < 1 ? 3 : v < 10 ? 2 : v < 100 ? 1 : 0, v);
    else
        snprintf(text, size, "%.0f", v);
}

/* With few digits: "20 MB". */
static void byte_text(char *text, size_t size, double v)
{
    char *zero;

    plot_number(text, size, PLOT_BYTES, v);
    zero = strstr(text, ".0 ");
    if (zero != NULL) memmove(zero, zero + 2, strlen(zero + 2) + 1);
}

/* A power of ten as a tick: as a plain number where it is short, else with its exponent. */
static void power_text(char *text, size_t size, double exponent)
{
    if (exponent >= -3 && exponent <= 4)
        snprintf(text, size, "%.*f", exponent < 0 ? (int)-exponent : 0, pow(10, exponent));
    else
        snprintf(text, size, "1e%.0f", exponent);
}

/* --- axes --------------------------------------------------------------------------------------- */

typedef struct range {
    double low, high; /* decimal exponents */
} range;

static const range  NO_RANGE = { NAN, NAN };
static const double ACROSS = WIDE - LEFT - RIGHT, DOWN = HIGH - 60;

/* Widens the range to whole powers that include v. */
static void widen(range *r, double v)
{
    if (!(v > 0) || isinf(v)) return;
    if (!(r->low <= floor(log10(v)))) r->low = floor(log10(v));
    if (!(r->high >= ceil(log10(v)))) r->high = ceil(log10(v));
    if (r->high == r->low) r->high += 1;
}

static double place(range r, double v) { return (log10(v) - r.low) / (r.high - r.low); }

/* A line and its number for each power of ten, or for every other one where there are many. */
static void add_upward(text_buffer *to, range r)
{
    double step = r.high - r.low > 8 ? 2 : 1;
    char   text[32];

    for (double e = r.low; e <= r.high; e += step) {
        double y = 10 + DOWN * (1 - (e - r.low) / (r.high - r.low));

        html_add(to, "<line class=\"grid\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, LEFT + ACROSS,
                 y, y);
        power_text(text, sizeof text, e);
        html_add(to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 6, y + 4, text);
    }
}

/* `at`: from 0 to 1.  A long text at the right edge is kept inside. */
static void add_tick(text_buffer *to, double at, const char *text)
{
    double x = LEFT + ACROSS * at;
    bool   end = x + LETTER / 2 * (double)strlen(text) > WIDE;

    html_add(to, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"10\" y2=\"%.1f\"/>", x, x, 10 + DOWN);
    html_add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", end ? WIDE - 2 : x, DOWN + 28,
             end ? "end" : "middle");
    html_escaped(to, text);
    html_add(to, "</text>\n");
}

static void begin(text_buffer *to, int height)
{
    html_add(to, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDE, height);
}

static void add_axis(text_buffer *to, const char *text)
{
    html_add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", LEFT + ACROSS / 2, DOWN + 48);
    html_escaped(to, text);
    html_add(to, "</text>\n");
}

/* --- points ------------------------------------------------------------------------------------- */

static bool is_point(const plot_point *p) { return p->x > 0 && p->y > 0; }

bool plot_points(text_buffer *to, const plot_point *points, size_t count, const char *axes)
{
    range xs = NO_RANGE, ys = NO_RANGE;
    char  tick[32];

    for (size_t i = 0; i < count; i++) {
        if (!is_point(&points[i])) continue;
        xs.low = fmin(xs.low, log10(points[i].x) - 0.06);
        xs.high = fmax(xs.high, log10(points[i].x) + 0.06);
        widen(&ys, points[i].y);
    }
    if (isnan(xs.low) || isnan(ys.low)) return false;
    begin(to, HIGH);
    for (double e = floor(xs.low); e <= xs.high; e++)
        for (int i = 0; i < 3; i++) {
            double v = (double[]){ 1, 2, 5 }[i] * pow(10, e);

            if (!(place(xs, v) >= 0) || place(xs, v) > 1) continue;
            byte_text(tick, sizeof tick, v);
            add_tick(to, place(xs, v), tick);
        }
    add_upward(to, ys);
    add_axis(to, axes);
    for (size_t i = 0; i < count; i++) {
        if (!is_point(&points[i])) continue;
        add_marker(to, i, LEFT + ACROSS * place(xs, points[i].x), 10 + DOWN * (1 - place(ys, points[i].y)), 5.5);
        plot_number(tick, sizeof tick, PLOT_BYTES, points[i].x);
        html_add(to, "<title>");
        html_escaped(to, points[i].name);
        html_add(to, ": %s, error %.3g</title>", tick, points[i].y);
        end_marker(to, i);
    }
    html_add(to, "</svg>\n");
    begin_key(to);
    for (size_t i = 0; i < count; i++)
        if (is_point(&points[i])) add_series(to, i, points[i].name, false);
    html_add(to, "</p>\n");
    return true;
}

/* --- lines -------------------------------------------------------------------------------------- */

static void add_line(text_buffer *to, const plot_line *line, size_t series, const double *x, size_t count, range ys,
                     double floor, bool marked)
{
    double width = count > 1 ? x[count - 1] - x[0] : 1;
    bool   open = false;

    for (size_t i = 0; i < count; i++) {
        if (isnan(line->y[i])) {
            if (open) html_add(to, "\"/>");
            open = false;
            continue;
        }
        if (!open)
            html_add(to, "<polyline class=\"c%zu\"%s points=\"", series % PLOT_COLOURS, DASHES[series / HUES % TIERS]);
        open = true;
        html_add(to, "%.1f,%.1f ", LEFT + ACROSS * (x[i] - x[0]) / width,
                 10 + DOWN * (1 - place(ys, fmax(fmin(line->y[i], 1e300), floor))));
    }
    if (open) html_add(to, "\"/>\n");
    for (size_t i = 0; i < count && marked; i++) {
        if (isnan(line->y[i])) continue;
        add_marker(to, series, LEFT + ACROSS * (x[i] - x[0]) / width,
                   10 + DOWN * (1 - place(ys, fmax(fmin(line->y[i], 1e300), floor))), 3.5);
        html_add(to, "<title>");
        html_escaped(to, line->name);
        html_add(to, ": %.3g</title>", line->y[i]);
        end_marker(to, series);
    }
}

bool plot_lines(text_buffer *to, const plot_line *lines, size_t line_count, const double *x, size_t count,
                const char *const *ticks, double floor, const char *axis)
{
    range ys = NO_RANGE;
    char  tick[32];

    for (size_t k = 0; k < line_count; k++)
        for (size_t i = 0; i < count; i++)
            if (!isnan(lines[k].y[i])) widen(&ys, fmax(lines[k].y[i], floor));
    if (isnan(ys.low) || count < 2) return false;
    begin(to, HIGH);
    for (size_t i = 0; ticks != NULL && i < count; i++)
        add_tick(to, (x[i] - x[0]) / (x[count - 1] - x[0]), ticks[i]);
    for (int i = 0; ticks == NULL && i <= 8; i++) {
        snprintf(tick, sizeof tick, "%.3g", x[0] + (x[count - 1] - x[0]) * i / 8);
        add_tick(to, i / 8.0, tick);
    }
    add_upward(to, ys);
    add_axis(to, axis);
    for (size_t k = 0; k < line_count; k++)
        add_line(to, &lines[k], lines[k].series, x, count, ys, floor, ticks != NULL);
    html_add(to, "</svg>\n");
    begin_key(to);
    for (size_t k = 0; k < line_count; k++) add_series(to, lines[k].series, lines[k].name, true);
    html_add(to, "</p>\n");
    return true;
}

/* --- bars --------------------------------------------------------------------------------------- */

/* A name, cut in its middle to `most` letters if it is longer, because both ends tell names apart. */
static void add_short(text_buffer *to, const char *name, size_t most)
{
    size_t size = strlen(name), head = most / 2, tail = most - head - 1;
    char   part[256];

    if (size <= most || most >= sizeof part) {
        html_escaped(to, name);
        return;
    }
    while (head > 0 && ((unsigned char)name[head] & 0xc0) == 0x80) head--;
    while (tail > 0 && ((unsigned char)name[size - tail] & 0xc0) == 0x80) tail--;
    snprintf(part, sizeof part, "%.*s…%s", (int)head, name, name + size - tail);
    html_escaped(to, part);
}

bool plot_bars(text_buffer *to, const char *title, const plot_bar *bars, size_t count,
               const char *const *pieces, size_t piece_count, plot_unit unit)
{
    double longest = 0, label = 60;
    size_t most = 56;
    char   text[32];

    for (size_t i = 0; i < count; i++) {
        double sum = 0;

        for (size_t k = 0; k < piece_count; k++) sum += bars[i].piece[k];
        longest = fmax(longest, sum);
        label = fmax(label, 20 + LETTER * (double)(strlen(bars[i].name) < most ? strlen(bars[i].name) : most));
    }
    if (!(longest > 0)) return false;
    html_add(to, "<h3>%s</h3>", title);
    begin(to, (int)count * BAR + 4);
    for (size_t i = 0; i < count; i++) {
        double sum = 0, x = label;
        int    y = (int)i * BAR;

        html_add(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"end\"><title>", label - 8, y + 15);
        html_escaped(to, bars[i].name);
        html_add(to, "</title>");
        add_short(to, bars[i].name, most);
        html_add(to, "</text>");
        for (size_t k = 0; k < piece_count; k++) {
            double width = (WIDE - label - 90) * bars[i].piece[k] / longest;

            sum += bars[i].piece[k];
            if (!(width > 0)) continue;
            html_add(to, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" class=\"mark c%zu\"><title>", x,
                     y + 2, width, BAR - 4, k % PLOT_COLOURS);
            html_escaped(to, pieces[k]);
            plot_number(text, sizeof text, unit, bars[i].piece[k]);
            html_add(to, ": %s</title></rect>", text);
            x += width;
        }
        plot_number(text, sizeof text, unit, sum);
        html_add(to, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", x + 6, y + 15, text);
    }
    html_add(to, "</svg>\n");
    return true;
}

/* --- numbers in a row ----------------------------------------------------------------------------- */

void plot_spark(text_buffer *to, const double *y, size_t count)
{
    double low = INFINITY, high = -INFINITY;
    size_t step = count / 240 + 1;

    for (size_t i = 0; i < count; i++) {
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
    }
    if (!(high > low)) return;
    html_add(to, "<svg class=\"spark\" viewBox=\"0 0 240 36\" width=\"240\" height=\"36\" role=\"img\">"
                 "<polyline points=\"");
    for (size_t i = 0; i < count; i += step)
        html_add(to, "%.1f,%.1f ", 1 + 238 * (double)i / (double)(count > 1 ? count - 1 : 1),
                 2 + 32 * (high - y[i]) / (high - low));
    html_add(to, "\"/></svg>");
}
