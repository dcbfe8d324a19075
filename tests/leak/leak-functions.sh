#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# leak-functions.sh - what each party sees of a whole softmax row, norm, GeLU and of the guard's verdict depends on no secret; of beaver2 the verdict
set -eu
libs=${PUMA_BUILDDIR:-.}/.libs
"${PUMA_BUILDDIR:-.}/tests/leak/test_leak_functions" "$libs/rep3.so" "$libs/precise.so"
"${PUMA_BUILDDIR:-.}/tests/leak/test_leak_functions" "$libs/beaver2.so"
