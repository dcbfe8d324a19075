#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# leak-beaver2.sh - what each party of beaver2 sees depends on no secret; its dealer receives nothing
set -eu
"${PUMA_BUILDDIR:-.}/tests/leak/test_leak" --backend "${PUMA_BUILDDIR:-.}/.libs/beaver2.so"
"${PUMA_BUILDDIR:-.}/tests/leak/test_leak_masked" --backend "${PUMA_BUILDDIR:-.}/.libs/beaver2.so"
