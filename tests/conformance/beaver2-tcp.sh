#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# beaver2-tcp.sh - the conformance suite on beaver2 over TCP on loopback
exec "${PUMA_BUILDDIR:-.}/tests/conformance/conformance" --backend beaver2 --transport tcp
