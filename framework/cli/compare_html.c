/* compare_html.c - the comparison as one HTML file that needs nothing else: no script, no network, SVG
 * inline.
 *
 * Every text that comes from a run file or a report is escaped. */
#include "cli/compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDE 920
#define LEFT 70  /* of a plot, for the labels of its axis */
#define HIGH 340 /* of the scatter                        */
#define BAR 20   /* a bar and the gap below it            */
#define MOST_OPS 64

static const char STYLE[] =
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em "
    "auto;padding:0 1em}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}"
    "td,th{padding:.25em .6em;text-align:right;border-bottom:1px solid "
    "#8885}td:first-child,th:first-child{text-align:left;white-space:nowrap}"
    "svg{width:100%;height:auto}svg "
    "text{fill:currentColor;font-size:12px}.axis{stroke:currentColor;opacity:.35}"
    ".grid{stroke:currentColor;opacity:.12}.error{color:#b3261e;text-align:left}.key "
    "span{display:inline-block;margin-right:1em;"
    "white-space:nowrap}.key "
    "i{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}";

/* Told apart by people who do not tell red from green, on light and dark ground. */
static const char *const COLOURS[] = { "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
                                       "#999999", "#ee7733", "#009988", "#bb5566", "#6699cc", "#997700" };
#define COLOUR(i) COLOURS[(i) % (sizeof COLOURS / sizeof *COLOURS)]

__attribute__((format(printf, 2, 3))) static void add(text_buffer *to, const char *format, ...)
{
    va_list list;
    int     size;

    va_start(list, format);
    size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (size < 0 || to->failed) return;
    if (to->size + (size_t)size + 1 > to->room) {
        size_t room = 2 * to->room + (size_t)size + 4096;
        char  *more = realloc(to->text, room);

        if (more == NULL) {
            to->failed = true;
            return;
        }
        to->text = more;
        to->room = room;
    }
    va_start(list, format);
    vsnprintf(to->text + to->size, to->room - to->size, format, list);
    va_end(list);
    to->size += (size_t)size;
}

static void add_escaped(text_buffer *to, const char *text)
{
    for (; *text != '\0'; text++) switch (*text) {
        case '&': add(to, "&amp;"); break;
        case '<': add(to, "&lt;"); break;
        case '>': add(to, "&gt;"); break;
        case '"': add(to, "&quot;"); break;
        case '\'': add(to, "&#39;"); break;
        default: add(to, "%c", *text);
        }
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void add_table(text_buffer *to, const json_t *rows, char *const *names)
{
    char text[64];

    add(to, "<table><thead><tr><th>variant</th>");
    for (size_t k = 0; compare_title(k) != NULL; k++)
        if (compare_used(rows, k)) add(to, "<th>%s</th>", compare_title(k));
    add(to, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *error = json_object_get(row, "error");

        add(to, "<tr><td>");
        add_escaped(to, names[i]);
        add(to, "</td>");
        if (error != NULL) {
            add(to, "<td class=\"error\" colspan=\"99\">");
            add_escaped(to, json_string_value(error));
            add(to, "</td>");
        }
        for (size_t k = 0; error == NULL && compare_title(k) != NULL; k++) {
            if (!compare_used(rows, k)) continue;
            compare_cell(text, sizeof text, row, k);
            add(to, "<td>%s</td>", text);
        }
        add(to, "</tr>\n");
    }
    add(to, "</tbody></table>\n");
}

/* --- bytes against error ---------------------------------------------------------------------- */

typedef struct range {
    double low, high; /* decimal exponents, whole */
} range;

static void widen(range *r, double v)
{
    if (!(v > 0)) return;
    if (!(r->low <= floor(log10(v)))) r->low = floor(log10(v));
    if (!(r->high >= ceil(log10(v)))) r->high = ceil(log10(v));
    if (r->high == r->low) r->high += 1;
}

static double place(range r, double v) { return (log10(v) - r.low) / (r.high - r.low); }

static void add_scatter(text_buffer *to, const json_t *rows, char *const *names)
{
    range  bytes = { NAN, NAN }, error = { NAN, NAN };
    double across = WIDE - LEFT - 150, down = HIGH - 60;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *report = json_object_get(json_array_get(rows, i), "report");

        if (!(number(report, "total_bytes") > 0) ||
            !(number(json_object_get(report, "fidelity"), "max_abs_error") > 0))
            continue;
        widen(&bytes, number(report, "total_bytes"));
        widen(&error, number(json_object_get(report, "fidelity"), "max_abs_error"));
    }
    if (isnan(bytes.low) || isnan(error.low)) return;
    add(to, "<h2>Bytes against error</h2><svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDE, HIGH);
    for (double e = bytes.low; e <= bytes.high; e++) {
        double x = LEFT + across * (e - bytes.low) / (bytes.high - bytes.low);

        add(to, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"10\" y2=\"%.1f\"/>", x, x, 10 + down);
        add(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0e B</text>\n", x, down + 28,
            pow(10, e));
    }
    for (double e = error.low; e <= error.high; e++) {
        double y = 10 + down * (1 - (e - error.low) / (error.high - error.low));

        add(to, "<line class=\"grid\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, LEFT + across,
            y, y);
        add(to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0e</text>\n", LEFT - 6, y + 4, pow(10, e));
    }
    add(to,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">bytes of all parties, offline included; up: "
        "largest error</text>\n",
        LEFT + across / 2, down + 48);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *report = json_object_get(json_array_get(rows, i), "report");
        double        b = number(report, "total_bytes"),
               d = number(json_object_get(report, "fidelity"), "max_abs_error");
        double x, y;

        if (!(b > 0) || !(d > 0)) continue;
        x = LEFT + across * place(bytes, b);
        y = 10 + down * (1 - place(error, d));
        add(to,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"><title>%.0f B, error %.3g</title></circle>",
            x, y, COLOUR(i), b, d);
        add(to, "<text x=\"%.1f\" y=\"%.1f\">", x + 9,
            y + (i % 2 == 0 ? -4 : 13)); /* neighbours do not write over each other */
        add_escaped(to, names[i]);
        add(to, "</text>\n");
    }
    add(to, "</svg>\n");
}

/* --- where bytes, rounds and time go ---------------------------------------------------------- */

typedef struct operations {
    const char *name[MOST_OPS];
    size_t      count;
} operations;

static size_t operation(operations *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(o->name[i], name) == 0) return i;
    if (o->count == MOST_OPS) return MOST_OPS - 1;
    o->name[o->count] = name;
    return o->count++;
}

/* A bar a variant, of pieces an operation: sums over the layers of their `key`. */
static void add_bars(text_buffer *to, const json_t *rows, char *const *names, operations *o,
                     const char *title, const char *key, const char *format)
{
    double longest = 0;
    int    label = 220, line = 0;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *layers = json_object_get(json_object_get(json_array_get(rows, i), "report"), "layers");
        double        sum = 0;

        for (size_t l = 0; l < json_array_size(layers); l++) sum += number(json_array_get(layers, l), key);
        longest = fmax(longest, sum);
        line += json_array_size(layers) > 0;
    }
    if (!(longest > 0)) return;
    add(to, "<h3>%s</h3><svg viewBox=\"0 0 %d %d\" role=\"img\">\n", title, WIDE, line * BAR + 4);
    line = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *layers = json_object_get(json_object_get(json_array_get(rows, i), "report"), "layers");
        double        sums[MOST_OPS] = { 0 }, all = 0, x = label;

        if (json_array_size(layers) == 0) continue;
        for (size_t l = 0; l < json_array_size(layers); l++) {
            const json_t *layer = json_array_get(layers, l);
            double        v = number(layer, key);

            sums[operation(o, json_string_value(json_object_get(layer, "op")))] += v;
            all += v;
        }
        add(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", label - 8, line * BAR + 14);
        add_escaped(to, names[i]);
        add(to, "</text>");
        for (size_t k = 0; k < o->count; k++) {
            double width = (WIDE - label - 90) * sums[k] / longest;

            if (!(width > 0)) continue;
            add(to, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>", x,
                line * BAR + 2, width, BAR - 4, COLOUR(k));
            add_escaped(to, o->name[k]);
            add(to, ": %.4g</title></rect>", sums[k]);
            x += width;
        }
        add(to, "<text x=\"%.1f\" y=\"%d\">", x + 6, line++ * BAR + 14);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the three formats stand below */
        add(to, format, all);
#pragma GCC diagnostic pop
        add(to, "</text>\n");
    }
    add(to, "</svg>\n");
}

static void add_operations(text_buffer *to, const json_t *rows, char *const *names)
{
    operations o = { .count = 0 };

    /* The same colour in all three, whichever begins. */
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *layers = json_object_get(json_object_get(json_array_get(rows, i), "report"), "layers");

        for (size_t l = 0; l < json_array_size(layers); l++)
            operation(&o, json_string_value(json_object_get(json_array_get(layers, l), "op")));
    }
    if (o.count == 0) return;
    add(to, "<h2>Where it goes</h2><p class=\"key\">");
    for (size_t k = 0; k < o.count; k++) {
        add(to, "<span><i style=\"background:%s\"></i>", COLOUR(k));
        add_escaped(to, o.name[k]);
        add(to, "</span> ");
    }
    add(to, "</p>\n");
    add_bars(to, rows, names, &o, "Bytes", "bytes", "%.3g");
    add_bars(to, rows, names, &o, "Rounds", "rounds", "%.0f");
    add_bars(to, rows, names, &o, "Seconds", "seconds", "%.2f");
}

char *compare_html(const json_t *rows, char *const *names)
{
    text_buffer to = { 0 };

    add(&to,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\"><title>puma compare</title><style>%s</style></head><body>\n<h1>puma "
        "compare</h1>\n",
        STYLE);
    add_table(&to, rows, names);
    add(&to, "<p>%s</p>\n", compare_legend);
    add_scatter(&to, rows, names);
    add_operations(&to, rows, names);
    add(&to, "</body></html>\n");
    if (!to.failed) return to.text;
    free(to.text);
    return NULL;
}
