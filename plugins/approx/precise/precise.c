/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* precise.c - functions by secret tables: closer to the exact ones than PUMA's polynomials, and cheaper.
 * What is not here comes from `puma`. */
#include "precise.h"

static const puma_approx gelu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU,
    .name = "gelu",
    .source = "table of 64 quadratics on [-4, 4)",
    .max_error = 2.5e-4,
    .domain = { -512, 512 },
    .input_bits = 8,
    .eval = precise_gelu,
};
static const puma_approx gelu_fast = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU,
    .name = "gelu_fast",
    .source = "table of 32 quadratics on [-4, 4)",
    .max_error = 7e-4,
    .domain = { -512, 512 },
    .input_bits = 8,
    .eval = precise_gelu_fast,
};
static const puma_approx gelu_tanh = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU_TANH,
    .name = "gelu_tanh",
    .source = "table of 64 quadratics on [-4, 4)",
    .max_error = 2e-4,
    .domain = { -512, 512 },
    .input_bits = 8,
    .eval = precise_gelu_tanh,
};
static const puma_approx silu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_SILU,
    .name = "silu",
    .source = "table of 128 quadratics on [-16, 16)",
    .max_error = 3.5e-4,
    .domain = { -2048, 2048 },
    .input_bits = 8,
    .eval = precise_silu,
};
/* max_error is of the function; a row of n scores adds about sqrt(n) / 2 units of the last place, the
 * rounding of its sum.  The domain: rows up to 2^16 wide.  Up to 1024
 * the maximum's twelve integer bits hold them, times log2 e; wider ones are compared as any numbers are. */
static const puma_approx softmax = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_SOFTMAX,
    .name = "softmax",
    .source = "2^x by table of 128 entries, maximum on integers",
    .max_error = 3e-4,
    .domain = { -32768, 32768 },
    .input_bits = 9,
    .eval = precise_softmax,
    .operand_scale = 1.4426950408889634,
};

/* A norm's domain is that of a row's root mean square; single entries may be larger (norm.c). */
static const puma_approx layernorm = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_LAYERNORM,
    .name = "layernorm",
    .source = "table of 1/sqrt on a mantissa, 2^-12 to 2^16",
    .max_error = 3e-4,
    .domain = { -4096, 4096 },
    .eval = precise_layernorm,
};
static const puma_approx rmsnorm = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_RMSNORM,
    .name = "rmsnorm",
    .source = "table of 1/sqrt on a mantissa, 2^-12 to 2^16",
    .max_error = 3e-4,
    .domain = { -4096, 4096 },
    .eval = precise_rmsnorm,
};

static const puma_approx exponential = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_EXP,
    .name = "exp",
    .source = "2^x by table of 128 entries",
    .max_error = 1e-4,
    .domain = { -128, 0 },
    .eval = precise_exp,
};
static const puma_approx tangent = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_TANH,
    .name = "tanh",
    .source = "table of 256 quadratics on [-8, 8)",
    .max_error = 1e-4,
    .domain = { -2048, 2048 },
    .eval = precise_tanh,
};
/* These two err relative to their result, by 3e-5. */
static const puma_approx reciprocal = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_RECIPROCAL,
    .name = "reciprocal",
    .source = "table of 1/x on a mantissa",
    .max_error = 1.5e-3,
    .domain = { 0x1p-6, 0x1p14 },
    .eval = precise_reciprocal,
};
static const puma_approx rsqrt = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_RSQRT,
    .name = "rsqrt",
    .source = "table of 1/sqrt on a mantissa",
    .max_error = 3e-3,
    .domain = { 0x1p-14, 0x1p16 },
    .eval = precise_rsqrt,
};

static const puma_approx *const FUNCTIONS[] = { &gelu,    &gelu_fast,  &gelu_tanh, &silu,
                                                &softmax, &layernorm,  &rmsnorm,   &exponential,
                                                &tangent, &reciprocal, &rsqrt,     NULL };

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "precise",
    .version = "0.1.0",
    .summary = "functions by secret tables: GeLU, SiLU, softmax, norms, exp, tanh, 1/x, 1/sqrt",
    .approx = FUNCTIONS,
};
