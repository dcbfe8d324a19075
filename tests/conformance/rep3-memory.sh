#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# rep3-memory.sh - the conformance suite on rep3 over memory
exec "${PUMA_BUILDDIR:-.}/tests/conformance/conformance" --backend rep3 --transport memory
