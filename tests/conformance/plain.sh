#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plain.sh - the conformance suite on plain
exec "${PUMA_BUILDDIR:-.}/tests/conformance/conformance" --backend plain
