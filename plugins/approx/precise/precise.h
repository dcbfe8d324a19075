/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* precise.h - the functions of `precise`, one file a family: gate.c, softmax.c, norm.c, single.c. */
#ifndef PRECISE_H
#define PRECISE_H

#include <puma/ops.h>

const puma_tensor *precise_gelu(puma_session *s, const puma_tensor *x, const puma_arguments *a);
const puma_tensor *precise_gelu_fast(puma_session *s, const puma_tensor *x, const puma_arguments *a);
const puma_tensor *precise_gelu_tanh(puma_session *s, const puma_tensor *x, const puma_arguments *a);
const puma_tensor *precise_silu(puma_session *s, const puma_tensor *x, const puma_arguments *a);

const puma_tensor *precise_softmax(puma_session *s, const puma_tensor *x, const puma_arguments *a);

const puma_tensor *precise_layernorm(puma_session *s, const puma_tensor *x, const puma_arguments *a);
const puma_tensor *precise_rmsnorm(puma_session *s, const puma_tensor *x, const puma_arguments *a);

const puma_tensor *precise_exp(puma_session *s, const puma_tensor *x, const puma_arguments *a);
const puma_tensor *precise_tanh(puma_session *s, const puma_tensor *x, const puma_arguments *a);
const puma_tensor *precise_reciprocal(puma_session *s, const puma_tensor *x, const puma_arguments *a);
const puma_tensor *precise_rsqrt(puma_session *s, const puma_tensor *x, const puma_arguments *a);

#endif
