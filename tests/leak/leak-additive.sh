#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# leak-additive.sh - what each node of the template sees depends on no secret; its dealer receives nothing
set -eu
exec "${PUMA_BUILDDIR:-.}/tests/leak/test_leak" --backend "${PUMA_BUILDDIR:-.}/.libs/additive.so"
