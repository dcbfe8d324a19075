/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cpp.cc - a plugin in C++: the public headers compile as C++ without a warning, and the entry is found. */
#include <puma/rows.h>

static const puma_tensor *relu(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    puma_share positive = puma_not(s, puma_less_real(s, x, 0));

    return puma_trunc_to(s, puma_select(s, positive, x), a->frac, a->bits);
}

static puma_approx made()
{
    puma_approx f = puma_approx();

    f.struct_size = sizeof f;
    f.slot = PUMA_SLOT_RELU;
    f.name = "relu";
    f.source = "exact";
    f.max_error = 1e-4;
    f.domain[0] = -100;
    f.domain[1] = 100;
    f.eval = relu;
    return f;
}

static const puma_approx        table = made();
static const puma_approx *const list[] = { &table, NULL };

extern "C" const puma_plugin puma_plugin_entry = { PUMA_ABI_VERSION, sizeof(puma_plugin), "cpp", "1.0",
                                                   "ReLU in C++",    NULL,                list };
