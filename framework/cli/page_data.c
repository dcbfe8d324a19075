/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page_data.c - see page_data.h */
#include "cli/page_data.h"

#include "host/session.h"
#include "ring/ring.h"

#include <math.h>
#include <openssl/evp.h>
#include <puma/ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- curves ----------------------------------------------------------------------------------- */

enum { POINTS = 257, RANGE_BITS = 7 };

/* The interval in which a function is drawn: what a Transformer puts into it.  Norms are not drawn, because
 * they are built on rsqrt. */
static const struct interval {
    const char *name;
    double      low, high; /* both 0: not drawn */
} DRAWN[PUMA_SLOT_COUNT] = {
    [PUMA_SLOT_GELU] = { "gelu", -8, 8 },
    [PUMA_SLOT_GELU_TANH] = { "gelu_tanh", -8, 8 },
    [PUMA_SLOT_SILU] = { "silu", -16, 16 },
    [PUMA_SLOT_RELU] = { "relu", -8, 8 },
    [PUMA_SLOT_TANH] = { "tanh", -8, 8 },
    [PUMA_SLOT_EXP] = { "exp", -16, 0 },
    [PUMA_SLOT_SOFTMAX] = { "softmax", -16, 16 },
    [PUMA_SLOT_RECIPROCAL] = { "reciprocal", 0.5, 64 },
    [PUMA_SLOT_RSQRT] = { "rsqrt", 0.25, 64 },
};

static double point(puma_slot slot, size_t i)
{
    return DRAWN[slot].low + (DRAWN[slot].high - DRAWN[slot].low) * (double)i / (POINTS - 1);
}

/* The session's function at all points.  Softmax gets rows (x, 0), and the first entry of the result
 * counts. */
static void evaluate(puma_session *s, const plan *p, puma_slot slot, double *values)
{
    const rings       *r = &p->exec.rings;
    const puma_approx *f = s->host->function(s, slot);
    bool               rows = slot == PUMA_SLOT_SOFTMAX;
    double             scale = rows && f->operand_scale != 0 ? f->operand_scale : 1;
    size_t             columns = rows ? 2 : 1;
    const size_t       dim[2] = { POINTS, columns };
    puma_arguments     a = { .struct_size = sizeof a, .bits = r->wide, .frac = r->frac, .epsilon = 1e-5 };
    uint32_t           bits = rows                                     ? r->scores
                              : slot == rings_slot(p->model->activation) ? r->activation
                                                                         : r->wide;
    puma_tensor       *x = s->host->tensor(s, PUMA_ARITH, 2, dim, puma_ring_for(s, bits), r->frac);
    uint64_t          *words = s->host->scratch(s, POINTS * columns);
    const puma_tensor *z;

    if (x == NULL || words == NULL) return;
    for (size_t i = 0; i < POINTS; i++) {
        words[i * columns] = puma_encode(s, scale * point(slot, i), x->frac, x->bits);
        if (rows) words[i * columns + 1] = puma_encode(s, 0, x->frac, x->bits);
    }
    if (session_share(s, x, words, s->role) != PUMA_OK) return;
    x->range = RANGE_BITS;
    z = puma_call(s, slot, x, &a);
    if (z == NULL || session_reveal(s, words, z, s->role) != PUMA_OK) return;
    for (size_t i = 0; i < POINTS; i++) values[i] = puma_decode(s, words[i * columns], z->frac, z->bits);
}

/* One session for each function, because a session does nothing more after a failure. */
static puma_status values_of(const plan *p, const session_config *with, puma_slot slot, double *values,
                             puma_error *e)
{
    puma_session *s;

    if (session_open(&s, with, e) != PUMA_OK) return e->status;
    evaluate(s, p, slot, values);
    if (session_error(s)->status != PUMA_OK) *e = *session_error(s);
    session_close(s);
    return e->status;
}

static bool has_curve(const json_t *curves, const char *function, const char *variant)
{
    for (size_t i = 0; i < json_array_size(curves); i++) {
        const json_t *one = json_array_get(curves, i);

        if (strcmp(json_string_value(json_object_get(one, "function")), function) == 0 &&
            strcmp(json_string_value(json_object_get(one, "variant")), variant) == 0)
            return true;
    }
    return false;
}

puma_status page_curves(json_t *curves, const plan *p, puma_error *e)
{
    session_config exact = { .ring_bits = p->run->ring_bits,
                             .frac = p->run->frac,
                             .is_float = true,
                             .option = plan_option,
                             .option_context = (void *)(uintptr_t)p };
    session_config own;
    rings          planned;
    double         x[POINTS] = { 0 }, y[POINTS] = { 0 };

    if (plan_reference(p, &exact.protocol, exact.function, &planned, e) != PUMA_OK) return e->status;
    own = exact;
    memcpy(own.function, p->function, sizeof own.function);
    for (puma_slot slot = 0; slot < PUMA_SLOT_COUNT && e->status == PUMA_OK; slot++) {
        json_t *xs = json_array(), *errors = json_array();

        if (DRAWN[slot].name != NULL && plan_uses(p, slot) &&
            !has_curve(curves, DRAWN[slot].name, p->function_name[slot]) &&
            values_of(p, &exact, slot, y, e) == PUMA_OK && values_of(p, &own, slot, x, e) == PUMA_OK) {
            for (size_t i = 0; i < POINTS; i++) {
                double error = fabs(x[i] - y[i]);

                json_array_append_new(xs, json_real(point(slot, i)));
                json_array_append_new(errors, isfinite(error) ? json_real(error) : json_null());
            }
            json_array_append_new(curves, json_pack("{s:s, s:s, s:O, s:O}", "function", DRAWN[slot].name, "variant",
                                                    p->function_name[slot], "x", xs, "error", errors));
        }
        json_decref(xs);
        json_decref(errors);
    }
    return e->status;
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* The picture as a data: URL, malloc'd. */
static char *picture(const client_plan *c, size_t i, puma_error *e)
{
    static const char before[] = "data:image/png;base64,";
    uint8_t          *png = NULL;
    size_t            size = 0;
    char             *url = NULL;

    if (image_to_png(&png, &size, &c->input.images, i, e) != PUMA_OK) return NULL;
    url = malloc(sizeof before + 4 * (size / 3 + 1));
    if (url == NULL) {
        error_set(e, 1001, "out of memory for a picture");
    } else {
        memcpy(url, before, sizeof before - 1);
        EVP_EncodeBlock((unsigned char *)url + sizeof before - 1, png, (int)size);
    }
    free(png);
    return url;
}

/* The first `count` lines of [input] file, each of them an input; or the whole of prompt_file. */
static void read_texts(json_t *list, const client_plan *c, size_t count, puma_error *e)
{
    char  *bytes, *rest;
    size_t size;

    if (input_text(c->input.own->file, &bytes, &size, e) != PUMA_OK) return;
    rest = bytes;
    while (json_array_size(list) < count && rest != NULL) {
        char *line = c->input.own->kind == RUN_PROMPT_FILE ? rest : strsep(&rest, "\n");

        if (line == rest) rest = NULL;
        if (c->input.own->kind == RUN_FILE) line[strcspn(line, "\r")] = '\0';
        json_array_append_new(list, json_pack("{s:s}", "text", line));
    }
    input_text_free(&bytes, size);
}

/* The text of [input], followed by its second part; or the first of the ids. */
static json_t *own_text(const client_plan *c, const token_list *input)
{
    char    ids[400] = "token ids";
    size_t  used = strlen(ids);
    json_t *both;

    if (c->input.own->kind == RUN_MESSAGES) return json_pack("{s:s}", "text", "a conversation");
    if (c->input.own->text != NULL && c->input.own->text_pair == NULL) return json_pack("{s:s}", "text", c->input.own->text);
    if (c->input.own->text != NULL) {
        both = json_sprintf("%s\n%s", c->input.own->text, c->input.own->text_pair);
        return json_pack("{s:o}", "text", both);
    }
    for (size_t i = 0; i < input->count && used < sizeof ids - 24; i++)
        used += (size_t)snprintf(ids + used, sizeof ids - used, " %u%s", input->ids[i],
                                 used + 36 > sizeof ids && i + 1 < input->count ? " ..." : "");
    return json_pack("{s:s}", "text", ids);
}

json_t *page_inputs(const client_plan *c, puma_error *e)
{
    json_t *list = json_array();
    size_t  count = c->input.count < PAGE_INPUTS ? c->input.count : PAGE_INPUTS;

    if (c->input.own->kind == RUN_FILE || c->input.own->kind == RUN_PROMPT_FILE) {
        read_texts(list, c, count, e);
        return list;
    }
    for (size_t i = 0; i < count && e->status == PUMA_OK; i++) {
        char *url = i < c->input.images.count ? picture(c, i, e) : NULL;

        if (url != NULL)
            json_array_append_new(list, json_pack("{s:s}", "image", url));
        else
            json_array_append_new(list, own_text(c, &c->input.sequences[i]));
        free(url);
    }
    return list;
}
