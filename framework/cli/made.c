/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* made.c - see made.h */
#include "cli/made.h"

#include "base/temporary.h"
#include "ini/ini.h"
#include "model/model.h"
#include "plugin/plugin.h"
#include "weights/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool made_read(made_options *o, const cli_line *line, const cli_command *command, int *code)
{
    const struct {
        const char *name, *what;
        uint64_t    most, *value;
    } numbers[] = { { "--seq", "tokens", 8192, &o->tokens },
                    { "--new-tokens", "tokens", 8192, &o->fresh },
                    { "--layers", "layers", 1000, &o->layers } };

    *o = (made_options){ .shape = cli_value(line, "--model"),
                         .tokens = 128,
                         .protocol = cli_value(line, "--protocol") };
    if (o->protocol == NULL) o->protocol = "rep3";
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *text = cli_value(line, numbers[i].name);

        if (text == NULL || ini_unsigned(text, 1, numbers[i].most, numbers[i].value)) continue;
        *code = cli_misused(command, 206, "%s: not a number of %s (got %.40s, limit 1 to %ju)",
                            numbers[i].name, numbers[i].what, text, (uintmax_t)numbers[i].most);
        return false;
    }
    return true;
}

/* Copies config.json with another number of layers, under whichever name it has there. */
static puma_status write_config(const made *m, const made_options *o, puma_error *e)
{
    static const char *const names[] = { "num_hidden_layers", "n_layers", "n_layer" };
    char                     inside[4200];
    json_t                  *root = NULL;

    snprintf(inside, sizeof inside, "%.4096s/config.json", o->shape);
    if (json_read(access(inside, F_OK) == 0 ? inside : o->shape, (size_t)1 << 20, &root, 402, e) != PUMA_OK)
        return e->status;
    for (size_t i = 0; i < 3 && o->layers > 0; i++)
        if (json_object_get(root, names[i]) != NULL)
            json_object_set_new(root, names[i], json_integer((json_int_t)o->layers));
    if (json_dump_file(root, m->config, JSON_INDENT(1)) != 0)
        error_set(e, 1003, "%s: cannot be written", m->config);
    json_decref(root);
    return e->status;
}

/* How many numbers the model's picture has; 0 if it takes tokens, or if something is wrong, which the plan
 * will report. */
static size_t picture_numbers(const made *m)
{
    puma_error why = { 0 };
    model     *shape = NULL;
    size_t     n = 0;

    if (model_open(&shape, m->config, "auto", plugin_data_directory("models"), MODEL_HIDDEN, &why) == PUMA_OK &&
        shape->pixels)
        n = shape->channels * shape->image[0] * shape->image[1];
    model_close(shape);
    return n;
}

/* Writes a picture of n numbers from -1 to 1. */
static puma_status write_picture(const char *path, size_t n, puma_error *e)
{
    FILE *f = fopen(path, "w");

    if (f == NULL) return error_set(e, 1003, "%s: cannot be written", path);
    for (size_t i = 0; i < n; i++) fprintf(f, "%s%.1f", i == 0 ? "[" : ",", (double)(i * 7 % 21) / 10 - 1);
    fprintf(f, "]\n");
    return (ferror(f) | fclose(f)) == 0 ? PUMA_OK : error_set(e, 1003, "%s: cannot be written", path);
}

/* The folder, and the names in it.  Whoever ends this process at once removes it. */
static puma_status make_folder(made *m, puma_error *e)
{
    *m = (made){ .folder = temporary_folder("puma-made") };
    if (m->folder == NULL) return error_set(e, 1003, "a temporary folder cannot be made: %s", strerror(errno));
    if (asprintf(&m->run, "%s/run.ini", m->folder) < 0) m->run = NULL;
    if (asprintf(&m->config, "%s/config.json", m->folder) < 0) m->config = NULL;
    if (asprintf(&m->pixels, "%s/pixels.json", m->folder) < 0) m->pixels = NULL;
    if (m->run == NULL || m->config == NULL || m->pixels == NULL) error_set(e, 1001, "out of memory for a temporary folder");
    return e->status;
}

puma_status made_new(made *m, const made_options *o, const char *transport, puma_error *e)
{
    size_t pixels;
    FILE  *f;

    if (make_folder(m, e) != PUMA_OK || write_config(m, o, e) != PUMA_OK) return e->status;
    pixels = picture_numbers(m);
    if (pixels > 0 && write_picture(m->pixels, pixels, e) != PUMA_OK) return e->status;
    f = fopen(m->run, "w");
    if (f == NULL) return error_set(e, 1003, "%s: cannot be written", m->run);
    fprintf(f,
            "[run]\nmodel = config.json\ntask = %s\nprotocol = %s\n[weights]\nsource = "
            "synthetic:1\n[network]\ntransport = %s\n"
            "[input]\n",
            o->fresh > 0 ? "generate" : "hidden", o->protocol, transport);
    fprintf(f, pixels > 0 ? "pixels = pixels.json" : "ids =");
    for (uint64_t i = 0; i < o->tokens && pixels == 0; i++) fprintf(f, " %u", (unsigned)(i * 7 % 250));
    fprintf(f, "\n");
    if (o->fresh > 0) fprintf(f, "[generate]\nmax_new_tokens = %ju\n", (uintmax_t)o->fresh);
    if ((ferror(f) | fclose(f)) != 0) return error_set(e, 1003, "%s: cannot be written", m->run);
    return PUMA_OK;
}

void made_remove(made *m)
{
    if (m->folder != NULL) temporary_remove(m->folder);
    free(m->folder);
    free(m->run);
    free(m->config);
    free(m->pixels);
    *m = (made){ 0 };
}
