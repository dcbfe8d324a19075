#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# beaver2-memory.sh - the conformance suite on beaver2 over memory
exec "${PUMA_BUILDDIR:-.}/tests/conformance/conformance" --backend beaver2 --transport memory
