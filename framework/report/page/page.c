/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page.c - see page.h: the frame of a page and its table. */
#include "report/page/page.h"

#include "report/page/columns.h"
#include "report/page/parts.h"
#include "report/page/plots.h"

#include <stdlib.h>
#include <string.h>

static const char STYLE[] =
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:1120px;margin:2em "
    "auto;padding:0 1em;overflow-wrap:anywhere}h1{margin-bottom:.2em}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}"
    "td,th{padding:.25em .6em;text-align:right;vertical-align:top;border-bottom:1px solid #8885}"
    "th{vertical-align:bottom}td,th{white-space:nowrap}td:first-child,th:first-child{text-align:left;"
    "white-space:normal}"
    "td:first-child{min-width:9em}"
    "th.title{white-space:normal;overflow-wrap:normal}@media(max-width:1000px){td,th{padding:.25em .3em;font-size:12px}td:first-child{min-width:6em}}"
    "th.name{min-width:5em;max-width:9em;white-space:normal}"
    "svg.plot{display:block;width:100%;max-width:960px;height:auto}svg text{fill:currentColor;font-size:12px}"
    ".grid{stroke:currentColor;opacity:.14}.mark{fill:currentColor}svg polyline,svg.sample "
    "line{fill:none;stroke:currentColor;stroke-width:1.7}"
    "td.error,p.error{color:#b3261e;text-align:left;white-space:normal}.note{font-size:13px;opacity:.8}"
    ".key{font-size:13px;line-height:1.7}.key span{display:inline-block;margin-right:1.2em}"
    ".key i{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px;background:currentColor}"
    ".key .sample{margin-right:.35em;vertical-align:middle}.scroll{overflow-x:auto}"
    "img{image-rendering:pixelated;max-width:84px;min-width:56px;vertical-align:middle}.other{color:#b3261e;"
    "font-weight:600}td.text{text-align:left;white-space:pre-wrap;min-width:16em;max-width:44em}"
    "blockquote{margin:.3em 0;padding-left:.8em;border-left:3px solid #8886;white-space:pre-wrap}"
    "summary{cursor:pointer}@media(prefers-color-scheme:dark){td.error,p.error,.other{color:#ff8a80}}";

/* --- the table ---------------------------------------------------------------------------------- */

/* A column's title, with places to break it: at its underscores, or in the middle of a long word. */
static void add_title(text_buffer *to, const char *title)
{
    size_t middle = strchr(title, '_') == NULL && strlen(title) > 10 ? strlen(title) / 2 + 1 : 0;

    html_add(to, "<th class=\"title\">");
    for (size_t i = 0; title[i] != '\0'; i++)
        html_add(to, "%s%c", middle > 0 && i == middle ? "&shy;" : "", title[i] == '_' ? ' ' : title[i]);
    html_add(to, "</th>");
}

static void add_table(text_buffer *to, const json_t *rows, char *const *names)
{
    char text[64];

    html_add(to, "<div class=\"scroll\"><table><thead><tr><th>variant</th>");
    for (size_t k = 0; column_title(k) != NULL; k++)
        if (column_used(rows, k)) add_title(to, column_title(k));
    html_add(to, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *error = json_object_get(row, "error");

        html_add(to, "<tr><td>");
        html_escaped(to, names[i]);
        html_add(to, "</td>");
        if (error != NULL) {
            html_add(to, "<td class=\"error\" colspan=\"20\">");
            html_escaped(to, json_string_value(error));
            html_add(to, "</td>");
        }
        for (size_t k = 0; error == NULL && column_title(k) != NULL; k++) {
            if (!column_used(rows, k)) continue;
            column_cell(text, sizeof text, row, k, true);
            html_add(to, "<td>%s</td>", text[0] != '\0' ? text : "-");
        }
        html_add(to, "</tr>\n");
    }
    html_add(to, "</tbody></table></div>\n");
}

/* --- the whole ---------------------------------------------------------------------------------- */

/* The cautions of the functions that were used, each once. */
static void add_warnings(text_buffer *to, const json_t *rows)
{
    json_t     *all = column_warnings(rows);
    const char *function;
    json_t     *text;

    json_object_foreach(all, function, text)
    {
        html_add(to, "<p class=\"error\">");
        html_escaped(to, function);
        html_add(to, ": ");
        html_escaped(to, json_string_value(text));
        html_add(to, "</p>\n");
    }
    json_decref(all);
}

char *page_html(const page *p)
{
    text_buffer to = { 0 };

    html_add(&to,
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
             "content=\"width=device-width\"><title>%s</title><style>%s",
             p->title, STYLE);
    plot_style(&to);
    html_add(&to, "</style></head><body>\n<h1>%s</h1>\n", p->title);
    add_table(&to, p->rows, p->names);
    if (json_array_size(p->rows) > 1) html_add(&to, "<p>%s</p>\n", column_legend);
    add_warnings(&to, p->rows);
    part_costs(&to, p);
    part_errors(&to, p);
    part_answers(&to, p);
    html_add(&to, "</body></html>\n");
    if (!to.failed) return to.text;
    free(to.text);
    return NULL;
}
