#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# beaver2-tls.sh - the conformance suite on beaver2 over TLS on loopback
exec "${PUMA_BUILDDIR:-.}/tests/conformance/conformance" --backend beaver2 --transport tls
