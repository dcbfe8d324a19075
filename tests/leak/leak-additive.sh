#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# leak-additive.sh - what each party of the template sees depends on no secret; its one ring is of 64 bits, so by masks and affine rank
exec "${PUMA_BUILDDIR:-.}/tests/leak/test_leak" --backend "${PUMA_BUILDDIR:-.}/.libs/additive.so"
