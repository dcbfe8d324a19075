#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# leak.sh - what each party sees of rep3 depends on no secret; comparisons also with digits of one bit, three of which are joined at once
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PUMA_BUILDDIR:-.}/tests/leak/test_leak" --backend "${PUMA_BUILDDIR:-.}/.libs/rep3.so"
"${PUMA_BUILDDIR:-.}/tests/leak/test_leak_masked" --backend "${PUMA_BUILDDIR:-.}/.libs/rep3.so"
${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -fPIC -shared -DMASKED_DIGIT=1 -DMASKED_GROUP=3 -I"$PUMA_SRCDIR/include" "$PUMA_SRCDIR"/plugins/protocol/{masked,rep3}/*.c -o "$work/rep3.so" -lm -lcrypto
for check in "less, one digit" "less, two digits"; do
    "${PUMA_BUILDDIR:-.}/tests/leak/test_leak" --backend "$work/rep3.so" "$check"
done
