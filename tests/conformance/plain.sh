#!/bin/sh
# plain.sh - the conformance suite on plain
exec "${PUMA_BUILDDIR:-.}/tests/conformance/conformance" --backend plain
