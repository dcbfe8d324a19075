#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# leak-dpf.sh - rep3's embedding: every id finds its row, and what a party sees depends on neither table nor id
exec "${PUMA_BUILDDIR:-.}/tests/leak/test_leak_dpf" "${PUMA_BUILDDIR:-.}/.libs/rep3.so"
