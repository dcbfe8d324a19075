/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma.c - the plugin `puma`: the functions of PUMA (Dong et al., arXiv 2307.12533), and what models need
 * beside them.  They call nothing but <puma/ops.h>, so they run on any backend that can compare; nothing is
 * revealed. */
#include "parts.h"

#include <stdlib.h>

double approx_option(puma_session *s, const puma_option *option)
{
    const char *text = s->host->option(s, "puma", option->key);
    char       *end;
    double      v;

    if (text == NULL) return option->fallback;
    v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v >= option->min && v <= option->max)) {
        s->host->fail(s, PUMA_ECONFIG, "[plugin.puma] %s: \"%s\" is not a number from %g to %g", option->key,
                      text, option->min, option->max);
        return option->fallback;
    }
    return v;
}

static const puma_approx *const functions[] = {
    &approx_gelu,    &approx_gelu_tanh,  &approx_silu,  &approx_relu,      &approx_tanh,    &approx_exp,
    &approx_softmax, &approx_reciprocal, &approx_rsqrt, &approx_layernorm, &approx_rmsnorm, NULL,
};

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "puma",
    .version = "0.1.0",
    .summary = "functions of PUMA (arXiv 2307.12533): polynomials, comparison, Newton's method",
    .approx = functions,
};
