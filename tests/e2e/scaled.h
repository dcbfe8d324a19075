/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* scaled.h - the tiny models of tests/golden with one of their tensors scaled, written as F64 */
#ifndef E2E_SCALED_H
#define E2E_SCALED_H

/* A folder with a copy of the tiny model NAME in which the tensors whose names end on `tensor` are times `factor`; there
 * is one at a time, and the path stays good until the next call. */
const char *scaled_model(const char *name, const char *tensor, double factor);

#endif
