#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# leak-tables.sh - what each party sees of a lookup depends on no secret; its costs equal the formulas
exec "${PUMA_BUILDDIR:-.}/tests/leak/test_leak_tables" "${PUMA_BUILDDIR:-.}/.libs/rep3.so"
