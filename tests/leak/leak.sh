#!/bin/sh
# leak.sh - what each party sees of rep3 depends on no secret
exec "${PUMA_BUILDDIR:-.}/tests/leak/test_leak" "${PUMA_BUILDDIR:-.}/.libs/rep3.so"
