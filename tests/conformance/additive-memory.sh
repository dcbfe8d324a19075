#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# additive-memory.sh - the conformance suite on additive over memory
exec "${PUMA_BUILDDIR:-.}/tests/conformance/conformance" --backend additive --transport memory
